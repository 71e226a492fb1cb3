# SPDX-License-Identifier: GPL-2.0
"""BEET mode, packets made by hand: what is on the wire, and what is refused.

Topology and helpers are those of lib.py; the mode against XFRM is in matrix.sh.
"""
import socket
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 attr, equal, ip, nothing, udp, wait_for)

PORT, FAR_PORT = 4000, 5000
BOTH = (False, True)
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def ends(six):
    return (IN6, FAR6) if six else (IN4, FAR4)


def setup(direction, six, inner_six, sel=None, **more):
    lab.reset()
    src, dst = ends(inner_six)
    if direction == "in":
        src, dst = dst, src
    spi = lab.sa(null, direction, "beet", six,
                 sel=sel or lib.selector(src, dst), **more)
    lab.policy(direction, src, dst, mode="beet", six=six)
    lab.mark()
    return spi


def esp_to_us(six, spi, seq, proto, payload, **kw):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return ip(src, dst, 50, null.seal(spi, seq, proto, payload), **kw)


def datagram(inner_six, data=b"beet"):
    local, far = ends(inner_six)
    return udp(far, local, FAR_PORT, PORT, data)


def feed(packet, want, deliver=None, six=False):
    lab.wire.send(packet)
    lab.counted(want)
    if deliver is None:
        nothing(sock4)
        nothing(sock6)
        return
    equal((sock6 if six else sock4).recv(65536), deliver, "delivered")


def sent(six, inner_six):
    """The payload alone, and the fields of the inner header in the outer."""
    spi = setup("out", six, inner_six)
    sock = sock6 if inner_six else sock4
    local, far = ends(inner_six)
    level, ttl, tos = (41, 16, 67) if inner_six else (0, 2, 1)
    sock.setsockopt(level, ttl, 33)
    for seq, val in enumerate((0, 0x2e, 0xb8, 0x03), 1):
        sock.setsockopt(level, tos, val)
        sock.sendto(b"beet", (far, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        head = 40 if six else 20
        equal(p[8:40] if six else p[12:20],
              lib.addr(OUT6 if six else OUT4) +
              lib.addr(PEER6 if six else PEER4), "outer addresses")
        equal(p[7 if six else 8], 33, "TTL")
        got = (p[0] << 4 & 0xf0 | p[1] >> 4) if six else p[1]
        # UDP does not let its user set CE
        equal(got in {val, val & ~3}, True, "TOS 0x%x for 0x%x" % (got, val))
        if not six:
            equal(lib.csum(p[:20]), 0, "outer checksum")
        got = null.open(p[head:])
        equal(got[:2], (spi, seq), "SPI and number")
        equal(got[5], 17, "next header")
        equal(got[3], udp(local, far, PORT, FAR_PORT, b"beet"), "payload")
        lab.counted({"out_ok": 1})
    sock.setsockopt(level, ttl, 64)
    sock.setsockopt(level, tos, 0)


def sent_df(inner_six):
    """DF and identification go along; IPv6 means DF."""
    setup("out", False, inner_six)
    sock = sock6 if inner_six else sock4
    level, discover = (41, 23) if inner_six else (0, 10)
    for mode, df in ((2, True), (0, False)):
        sock.setsockopt(level, discover, mode)
        idents = []
        # an identification at random may be 0, of two packets one is not
        for _ in range(2):
            sock.sendto(b"df", (ends(inner_six)[1], FAR_PORT))
            p = wait_for(lab.wire.recv, "a packet")
            ident, frag = struct.unpack_from("!HH", p, 4)
            equal(frag, 0x4000 if df or inner_six else 0, "DF")
            idents.append(ident)
        if not inner_six:
            equal(any(idents), not df, "identification")
    sock.setsockopt(level, discover, 1 if inner_six else 0)


def received_frames(tap):
    out = []
    while True:
        try:
            frame, addr = tap.recvfrom(2000)
        except BlockingIOError:
            return out
        if addr[2] != 4:    # PACKET_OUTGOING
            out.append(frame)


def received(six, inner_six):
    """The inner header is made of the outer one and the SA's selector."""
    spi = setup("in", six, inner_six)
    sock = sock6 if inner_six else sock4
    level, ask = (41, (51, 66)) if inner_six else (0, (12, 13))
    for opt in ask:
        sock.setsockopt(level, opt, 1)
    tap = lab.n.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    tap.bind(("vn", 3))
    tap.setblocking(False)
    kw = {"hlim": 77} if six else {"ttl": 77, "ident": 0x1234, "frag": 0x4000}
    for seq, tos in enumerate((0, 2, 3, 0xba), 1):
        lab.wire.send(esp_to_us(six, spi, seq, 17, datagram(inner_six),
                                **({"tos": tos} | kw)))
        lab.counted({"in_ok": 1})
        data, anc, _, peer = sock.recvmsg(100, 100)
        equal(data, b"beet", "delivered")
        equal(peer[:2], (ends(inner_six)[1], FAR_PORT), "from")
        equal([int.from_bytes(x[2], sys.byteorder) for x in anc], [77, tos],
              "TTL and TOS")
    # received twice: as ESP, and again as what was inside
    frames = [f for f in received_frames(tap)
              if f[14 + (6 if f[12] == 0x86 else 9)] == 17]
    kind = b"\x86\xdd" if inner_six else b"\x08\0"
    equal([f[:14] for f in frames], seq * [lib.MAC_N + lib.MAC_W + kind],
          "link headers")
    tap.close()
    for opt in ask:
        sock.setsockopt(level, opt, 0)


def options_sent(six):
    """IPv4 options behind a pseudo header that makes it a multiple of 8."""
    setup("out", six, False)
    for n, pad in ((4, 0), (8, 4), (12, 0), (40, 4)):
        options = bytes([0x9e, n - 1, *range(2, n - 1), 0])
        sock4.setsockopt(0, 4, options)
        sock4.sendto(b"o", (FAR4, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        if not six:
            equal(p[0], 0x45, "outer header has none")
        got = null.open(p[40 if six else 20:])
        equal(got[5], 94, "next header")
        equal(got[3], bytes([17, n // 8, pad, 0]) + b"\1" * pad + options +
              udp(IN4, FAR4, PORT, FAR_PORT, b"o"), "payload")
    sock4.setsockopt(0, 4, b"")


def options_received(six):
    """Good ones are delivered with the packet, nonsense is not."""
    spi = setup("in", six, False)
    sock4.setsockopt(0, 6, 1)   # RECVOPTS
    seq = 0
    for n in (4, 8, 12, 40):
        pad = 4 - (n & 4)
        options = bytes([0x9e, n - 1, *range(2, n - 1), 0])
        seq += 1
        lab.wire.send(esp_to_us(six, spi, seq, 94,
                                bytes([17, n // 8, pad, 0]) + b"\1" * pad +
                                options + datagram(False)))
        lab.counted({"in_ok": 1})
        data, anc, _, _ = sock4.recvmsg(100, 100)
        equal(data, b"beet", "delivered")
        equal([x[2] for x in anc if x[1] == 6], [options], "options")
    sock4.setsockopt(0, 6, 0)
    for bad in (b"", b"\x11", b"\x11\1\4", bytes([17, 6, 4, 0]) + b"\1" * 60,
                # more than the header's length can say, and what it would
                bytes([17, 8, 4, 0]) + b"\1" * 80,
                bytes([17, 255, 0, 0]) + b"\1" * 60,
                bytes([17, 5, 0, 0]) + b"\1" * 60,
                bytes([17, 1, 8, 0]) + b"\1" * 60,
                bytes([17, 1, 3, 0]) + b"\1" * 60,
                bytes([17, 0, 255, 0]) + b"\1" * 300,
                bytes([17, 1, 4, 0]) + b"\1" * 11,
                bytes([17, 5, 4, 0]) + b"\1" * 39):
        seq += 1
        feed(esp_to_us(six, spi, seq, 94, bad), {"in_inner_hdr": 1})
    # No options at all, although there could be
    seq += 1
    feed(esp_to_us(six, spi, seq, 94, bytes([17, 0, 4, 0]) + b"\1" * 4 +
                   datagram(False)), {"in_ok": 1}, b"beet")


def pseudo_for_ipv6(six):
    """IPv6 has no such options: to it, 94 is a protocol like any other."""
    spi = setup("in", six, True)
    feed(esp_to_us(six, spi, 1, 94, bytes([17, 1, 4, 0]) + b"\1" * 12 +
                   datagram(True)), {"in_ok": 1})


def extension_headers(six):
    """IPv6 extension headers are payload."""
    spi = setup("in", six, True)
    opts = bytes([17, 0, 1, 4, 0, 0, 0, 0])
    feed(esp_to_us(six, spi, 1, 60, opts + datagram(True)), {"in_ok": 1},
         b"beet", True)
    feed(esp_to_us(six, spi, 2, 0, opts + datagram(True)), {"in_ok": 1},
         b"beet", True)


def checked(six):
    """What comes out must be what SA and policy allow."""
    spi = setup("in", six, False, sel=lib.selector(FAR4, IN4, 17, None,
                                                   (PORT, PORT)))
    feed(esp_to_us(six, spi, 1, 17, datagram(False)), {"in_ok": 1}, b"beet")
    feed(esp_to_us(six, spi, 2, 17, udp(FAR4, IN4, FAR_PORT, PORT + 1, b"x")),
         {"in_selector": 1})
    feed(esp_to_us(six, spi, 3, 17, b"cut"), {"in_inner_hdr": 1})
    feed(esp_to_us(six, spi, 4, 59, b"dummy"), {"in_dummy": 1})
    for mode in ("tunnel", "transport"):
        if six and mode == "transport":
            continue
        lab.policy("in", FAR4, IN4, mode=mode, six=six, cmd="POLICY_UPDATE")
        lab.mark()
        spi += 1
        lab.sa(null, "in", "beet", six, spi=spi, sel=lib.selector(FAR4, IN4))
        feed(esp_to_us(six, spi, 1, 17, datagram(False)), {"in_policy": 1})


def selector_update():
    """It may change, and stays a pair of hosts."""
    spi = setup("in", False, False)
    key = [attr(C["A_SA_DST"], lib.addr(OUT4)),
           attr(C["A_SA_SPI"], struct.pack("!I", spi))]
    before = lab.nl.tables()
    for sel in (lib.selector("192.168.2.0/24", IN4),
                lib.selector(FAR4, "192.168.1.1-192.168.1.2")):
        try:
            lab.nl.do("SA_UPDATE", *key, attr(C["A_SA_SELECTOR"], sel))
        except lib.Refused as e:
            equal("BEET" in str(e), True, str(e))
        else:
            raise AssertionError("taken")
    equal(lab.nl.tables(), before, "tables")
    lab.nl.do("SA_UPDATE", *key, attr(C["A_SA_SELECTOR"],
                                      lib.selector(FAR6, IN6)))
    lab.policy("in", FAR6, IN6, mode="beet")
    lab.mark()
    feed(esp_to_us(False, spi, 1, 17, datagram(True)), {"in_ok": 1}, b"beet",
         True)


def fragments(six):
    """A fragment cannot be carried, a datagram that needs them can."""
    setup("out", six, False)
    raw = lab.n.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    try:
        raw.sendto(lib.ipv4(IN4, FAR4, 17, b"x" * 64, frag=0x2000), (FAR4, 0))
    except PermissionError:
        pass
    lab.counted({"out_frag": 1})
    lab.wire.silent()
    sock4.sendto(b"x" * 4000, (FAR4, FAR_PORT))
    lab.counted({"out_ok": 1})
    p = wait_for(lab.wire.recv, "the first fragment")
    equal(p[6] == 44 if six else bool(p[6] & 0x20), True, "fragmented outside")


for inside in BOTH:
    report.add("DF and identification of an IPv%d packet" % (6 if inside else 4),
               sent_df, inside)
    for out in BOTH:
        what = "IPv%d in IPv%d" % (6 if inside else 4, 6 if out else 4)
        report.add("sent, " + what, sent, out, inside)
        report.add("received, " + what, received, out, inside)
for out in BOTH:
    name = "IPv6" if out else "IPv4"
    report.add("IPv4 options sent over " + name, options_sent, out)
    report.add("IPv4 options received over " + name, options_received, out)
    report.add("next header 94 for IPv6 over " + name, pseudo_for_ipv6, out)
    report.add("extension headers over " + name, extension_headers, out)
    report.add("selector and policy, over " + name, checked, out)
    report.add("fragments over " + name, fragments, out)
report.add("selector of an SA in use", selector_update)
sys.exit(report.run())
