# SPDX-License-Identifier: GPL-2.0
"""Packets made by hand: what is sent and accepted, and why the rest is not.

The topology is that of lib.py. Each case says exactly which counters must grow
and whether the payload must be delivered.
"""
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 attr, equal, ip, ipv4, ipv6, nothing, udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
M32 = 1 << 32
ROLLOVER = C["SA_FLAG_SEQ_ROLLOVER"]
# An SA stops a little before its counter could wrap
ESN_LIMIT = (1 << 64) - 1 - (1 << 20)
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def listener(six):
    return sock6 if six else sock4


def inner(six, data, tos=0, **kw):
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    return udp_packet(src, dst, FAR_PORT, PORT, data, tos=tos, **kw)


def outer(six, esp, tos=0, **kw):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return ip(src, dst, 50, esp, tos=tos, **kw)


def setup_in(algo, mode="tunnel", six=False, inner_six=None, **more):
    """An SA and its policy for what comes in."""
    lab.reset()
    spi = lab.sa(algo, "in", mode, six, **more)
    if inner_six is None:
        inner_six = six
    if mode == "transport":
        src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    else:
        src, dst = (FAR6, IN6) if inner_six else (FAR4, IN4)
    lab.policy("in", src, dst, mode=mode, six=six)
    lab.mark()
    return spi


def feed(packet, want, deliver=None, six=False):
    """Send a packet to n: these counters grow, that is delivered."""
    lab.wire.send(packet)
    lab.counted(want)
    if deliver is None:
        nothing(sock4)
        nothing(sock6)
    else:
        equal(listener(six).recv(65536), deliver, "delivered")


# Received and accepted

def accepted(name, mode, six, inner_six, esn):
    algo = Algo(name, 100)
    spi = setup_in(algo, mode, six, inner_six, flags=int(esn))
    for seq, size in enumerate((0, 1, 2, 3, 13, 14, 15, 16, 64, 1300), 1):
        data = bytes(i & 255 for i in range(size))
        if mode == "transport":
            src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
            payload, proto = udp(src, dst, FAR_PORT, PORT, data), 17
        else:
            payload, proto = inner(inner_six, data), 41 if inner_six else 4
        esp = algo.seal(spi, seq, proto, payload, esn=esn)
        feed(outer(six, esp), {"in_ok": 1}, data, inner_six)


# Sent, and opened again by other means

def sent(name, mode, six, inner_six, esn):
    algo = Algo(name, 200)
    lab.reset()
    spi = lab.sa(algo, "out", mode, six, flags=int(esn))
    if mode == "transport":
        src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
    else:
        src, dst = (IN6, FAR6) if inner_six else (IN4, FAR4)
    lab.policy("out", src, dst, mode=mode, six=six)
    lab.mark()
    ivs = {}
    for seq, size in enumerate((0, 1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 16, 64,
                                1300), 1):
        data = bytes((i * 3) & 255 for i in range(size))
        listener(inner_six).sendto(data, (dst, FAR_PORT))
        packet = wait_for(lab.wire.recv, "a packet")
        check_outer(packet, six, size, mode)
        head = 40 if six else 20
        got = algo.open(packet[head:], 0 if esn else None)
        check_esp(algo, got, spi, seq, ivs, len(packet) - head)
        check_inner(got, mode, src, dst, data, inner_six)
        lab.counted({"out_ok": 1})


def check_outer(p, six, size, mode):
    if six:
        equal(p[0] >> 4, 6, "outer version")
        equal(p[6], 50, "outer next header")
        equal(p[8:40], lib.addr(OUT6) + lib.addr(PEER6), "outer addresses")
        equal(p[7], 64, "hop limit")
        return
    equal(p[0], 0x45, "outer version and length")
    equal(p[9], 50, "outer protocol")
    equal(p[12:20], lib.addr(OUT4) + lib.addr(PEER4), "outer addresses")
    equal(lib.csum(p[:20]), 0, "outer checksum")
    equal(p[8], 64, "TTL")


def check_esp(algo, got, spi, seq, ivs, length):
    equal(got[0], spi, "SPI")
    equal(got[1], seq, "sequence number")
    equal(got[4], bytes(range(1, len(got[4]) + 1)), "padding")
    equal(len(got[4]) < algo.block, True, "no more padding than needed")
    text = length - 8 - algo.iv_len - 16
    equal(text % algo.block, 0, "alignment of the tail")
    if algo.iv_len:
        equal(got[2] in ivs, False, "IV used before")
        ivs[got[2]] = seq
    if algo.iv_len == 8:
        equal(len({lib.iv_mask(*i) for i in ivs.items()}), 1,
              "IVs of a counter cipher")


def check_inner(got, mode, src, dst, data, six):
    payload = got[3]
    if mode == "tunnel":
        equal(got[5], 41 if six else 4, "next header")
        equal(payload[0] >> 4, 6 if six else 4, "inner version")
        if not six:
            equal(lib.csum(payload[:20]), 0, "inner checksum")
        payload = payload[40 if six else 20:]
    else:
        equal(got[5], 17, "next header")
    equal(payload, udp(src, dst, PORT, FAR_PORT, data), "datagram")


# Altered

def tampered(name, esn):
    algo = Algo(name, 300)
    spi = setup_in(algo, flags=int(esn))
    good = algo.seal(spi, 1, 4, inner(False, b"good"), esn=esn)
    places = [4, 7, 8, 8 + algo.iv_len, len(good) // 2, len(good) - 17,
              len(good) - 16, len(good) - 1]
    for at in places:
        bad = bytearray(good)
        bad[at] ^= 0x80 if at != 4 else 1
        feed(outer(False, bytes(bad)), {"in_auth": 1})
    for esp, why in ((good[:-1], None), (good[:-16], None),
                     (good + b"\0", None), (good + b"\0" * 16, "in_auth"),
                     (good[:8 + algo.iv_len], "in_truncated"),
                     (good[:8 + algo.iv_len + 17], "in_truncated"),
                     (good[:9], "in_truncated"), (good[:8], "in_truncated")):
        if why is None:
            text = len(esp) - 8 - algo.iv_len - 16
            why = "in_align" if text % algo.block else "in_auth"
        feed(outer(False, esp), {why: 1})
    # None of them has used up the number
    feed(outer(False, good), {"in_ok": 1}, b"good")
    feed(outer(False, good), {"in_replay": 1})


def wrong_key():
    spi = setup_in(null)
    other = Algo("null-sha256_128", 8)
    feed(outer(False, other.seal(spi, 1, 4, inner(False, b"x"))),
         {"in_auth": 1})


def wrong_spi():
    spi = setup_in(null)
    for other in (spi + 1, spi ^ 0x80000000, 0, 255):
        feed(outer(False, null.seal(other, 1, 4, inner(False, b"x"))),
             {"in_no_sa": 1})
    feed(outer(False, struct.pack("!I", spi)), {"in_truncated": 1})


def wrong_family():
    spi = setup_in(null)
    esp = null.seal(spi, 1, 4, inner(False, b"x"))
    feed(outer(True, esp), {"in_no_sa": 1})
    # inner IPv6 that no policy knows, and headers that lie about the family
    feed(outer(False, null.seal(spi, 2, 41, inner(True, b"x"))),
         {"in_policy": 1})
    feed(outer(False, null.seal(spi, 3, 41, inner(False, b"x" * 40))),
         {"in_inner_hdr": 1})
    feed(outer(False, null.seal(spi, 4, 4, inner(True, b"x"))),
         {"in_inner_hdr": 1})
    feed(outer(False, esp), {"in_ok": 1}, b"x")


def not_this_host():
    """ESP that is forwarded is none of our business."""
    spi = setup_in(null)
    esp = null.seal(spi, 1, 4, inner(False, b"x"))
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
    try:
        lab.wire.send(ipv4(PEER4, "10.9.9.9", 50, esp))
        got = wait_for(lambda: lab.wire.recv(want=lambda p: p[9] == 50),
                       "the forwarded packet")
        equal(got[20:], esp, "forwarded")
        lab.counted({})
    finally:
        lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


# What is inside

def padding():
    spi = setup_in(null)
    data = inner(False, b"0123456")
    for seq, (pad, padlen, want) in enumerate((
            (b"\1\2\3", len(data) + 4, "in_pad"), (b"\1\2\3", 254, "in_pad"),
            (b"\1\2\3", 255, "in_pad"), (b"\1\2\3", 128, "in_pad")), 1):
        feed(outer(False, null.seal(spi, seq, 4, data, pad=pad, padlen=padlen)),
             {want: 1})
    # as much padding as can be said, and all of it padding
    feed(outer(False, null.seal(spi, 10, 4, data, pad=bytes(range(1, 256)))),
         {"in_ok": 1}, b"0123456")
    feed(outer(False, null.seal(spi, 11, 4, b"", pad=bytes(range(1, 3)))),
         {"in_inner_hdr": 1})
    # a number is used up by an authentic packet, whatever is inside
    feed(outer(False, null.seal(spi, 1, 4, data)), {"in_replay": 1})


def next_header():
    spi = setup_in(null)
    for seq, proto in enumerate((0, 6, 17, 50, 58, 255), 1):
        feed(outer(False, null.seal(spi, seq, proto, inner(False, b"x"))),
             {"in_nexthdr": 1})
    feed(outer(False, null.seal(spi, 100, 59, b"")), {"in_dummy": 1})
    feed(outer(False, null.seal(spi, 101, 59, b"any bytes at all")),
         {"in_dummy": 1})
    feed(outer(False, null.seal(spi, 101, 59, b"")), {"in_replay": 1})


def inner_header(six):
    spi = setup_in(null, six=False, inner_six=six)
    whole = inner(six, b"x" * 20)
    proto = 41 if six else 4
    bad = [whole[:19], whole[:-1], b"", whole[:1], b"\0" * 40]
    if six:
        bad.append(whole[:39])
        # a hop-by-hop header longer than the packet
        bad.append(ipv6(FAR6, IN6, 0, b"\x11\xff" + b"\0" * 6))
    else:
        bad.append(b"\x44" + whole[1:])
        bad.append(b"\x4f" + whole[1:20])
        bad.append(whole[:2] + b"\0\x13" + whole[4:])
    for seq, text in enumerate(bad, 1):
        feed(outer(False, null.seal(spi, seq, proto, text)),
             {"in_inner_hdr": 1})
    # more than the inner header says is cut off (traffic flow confidentiality)
    feed(outer(False, null.seal(spi, 100, proto, whole + b"\xee" * 50)),
         {"in_ok": 1}, b"x" * 20, six)


def ecn(six):
    """RFC 6040, figure 4: outer over inner, what comes out."""
    spi = setup_in(null, six=six, inner_six=six)
    sock = listener(six)
    level, recv, cmsg = (41, 66, 67) if six else (0, 13, 1)
    sock.setsockopt(level, recv, 1)
    seq = 0
    not_ect, ect1, ect0, ce = 0, 1, 2, 3
    table = {(not_ect, not_ect): 0, (not_ect, ect0): 0, (not_ect, ect1): 0,
             (not_ect, ce): None, (ect0, not_ect): 2, (ect0, ect0): 2,
             (ect0, ect1): 1, (ect0, ce): 3, (ect1, not_ect): 1,
             (ect1, ect0): 1, (ect1, ect1): 1, (ect1, ce): 3,
             (ce, not_ect): 3, (ce, ect0): 3, (ce, ect1): 3, (ce, ce): 3}
    minded = {(not_ect, ect0): "in_ecn_danger", (not_ect, ect1): "in_ecn_danger",
              (ect1, ect0): "in_ecn_unused", (ce, ect1): "in_ecn_danger"}
    for (inside, outside), out in table.items():
        seq += 1
        proto = 41 if six else 4
        lab.wire.send(outer(six, null.seal(
            spi, seq, proto, inner(six, b"e", tos=0x28 | inside)),
            tos=0xb8 | outside))
        if out is None:
            lab.counted({"in_ecn": 1})
            nothing(sock)
            continue
        want = {"in_ok": 1}
        if (inside, outside) in minded:
            want[minded[inside, outside]] = 1
        lab.counted(want)
        anc = sock.recvmsg(100, 100)[1]
        tos = [a[2][0] for a in anc if a[0] == level and a[1] in (cmsg, recv)]
        equal(tos, [0x28 | out], "inner %d, outer %d" % (inside, outside))
    sock.setsockopt(level, recv, 0)


def ecn_out(six):
    """The outer header has the inner one's DSCP and ECN, CE too."""
    for flags in (0, C["SA_FLAG_NOECN"]):
        lab.reset()
        lab.sa(null, "out", six=six, flags=flags)
        src, dst = (IN6, FAR6) if six else (IN4, FAR4)
        lab.policy("out", src, dst, six=six)
        sock = listener(six)
        for tos in (0, 0x28, 0x29, 0x2a, 0x2b, 0xb8):
            sock.setsockopt(*((41, 67) if six else (0, 1)), tos)
            sock.sendto(b"e", (dst, FAR_PORT))
            p = wait_for(lab.wire.recv, "a packet")
            got = (p[0] << 4 & 0xf0 | p[1] >> 4) if six else p[1]
            # RFC 6040 section 4.1: copied, CE too
            equal(got, tos & ~3 if flags else tos, "outer TOS for 0x%x" % tos)
        sock.setsockopt(*((41, 67) if six else (0, 1)), 0)


def sa_state():
    lab.reset()
    lab.policy("in", FAR4, IN4)
    esp = null.seal(lab.sa(null, "out"), 1, 4, inner(False, b"x"))
    lab.mark()
    # The SPI of an SA to send with means nothing to those who send to us
    feed(outer(False, esp), {"in_no_sa": 1})
    lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], lib.addr(PEER4)),
              attr(C["A_SA_DST"], lib.addr(OUT4)),
              attr(C["A_SA_PROTO"], lib.u8(50)),
              attr(C["A_SA_MODE"], lib.u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_SPI_MIN"], lib.u32(0x9000)),
              attr(C["A_SA_SPI_MAX"], lib.u32(0x9000)))
    lab.mark()
    lab.wire.send(outer(False, null.seal(0x9000, 1, 4, inner(False, b"x"))))
    lab.counted({"in_sa_state": 1})
    nothing(sock4)


def selector_and_policy():
    """Inner packets that the SA or the policy does not allow."""
    spi = setup_in(null, sel=lib.selector(FAR4, IN4))
    elsewhere = udp_packet("192.168.2.77", IN4, FAR_PORT, PORT, b"x")
    feed(outer(False, null.seal(spi, 1, 4, elsewhere)), {"in_selector": 1})
    feed(outer(False, null.seal(spi, 2, 4, inner(False, b"ok"))),
         {"in_ok": 1}, b"ok")
    # no policy for the inner packet, or one that wants another SA
    spi = setup_in(null)
    feed(outer(False, null.seal(spi, 1, 4, elsewhere)), {"in_policy": 1})
    lab.policy("in", "192.168.2.77", IN4, reqid=2)
    lab.policy("in", "192.168.2.78", IN4, action="bypass")
    lab.policy("in", "192.168.2.79", IN4, action="discard")
    lab.mark()
    feed(outer(False, null.seal(spi, 2, 4, elsewhere)), {"in_policy": 1})
    for seq, host in ((3, "192.168.2.78"), (4, "192.168.2.79")):
        p = udp_packet(host, IN4, FAR_PORT, PORT, b"x")
        feed(outer(False, null.seal(spi, seq, 4, p)), {"in_policy": 1})


def outer_fragments(six):
    """ESP that the path has cut in pieces is put together first."""
    spi = setup_in(null, six=six, inner_six=six)
    data = bytes(i & 255 for i in range(900))
    esp = null.seal(spi, 1, 41 if six else 4, inner(six, data))
    for off, more in ((0, 1), (480, 0)):
        piece = esp[off:off + 480] if more else esp[off:]
        if six:
            head = struct.pack("!BBHI", 50, 0, off | more, 77)
            lab.wire.send(ipv6(PEER6, OUT6, 44, head + piece))
        else:
            lab.wire.send(ipv4(PEER4, OUT4, 50, piece, ident=77,
                               frag=more << 13 | off >> 3))
    lab.counted({"in_ok": 1})
    equal(listener(six).recv(65536), data, "delivered")


def extension_headers():
    """IPv6 transport mode: ESP behind hop-by-hop options, others inside it."""
    spi = setup_in(null, "transport", six=True)
    dg = udp(PEER6, OUT6, FAR_PORT, PORT, b"ext")
    hop = bytes([50, 0, 1, 4, 0, 0, 0, 0])
    feed(ipv6(PEER6, OUT6, 0, hop + null.seal(spi, 1, 17, dg)),
         {"in_ok": 1}, b"ext", True)
    opts = bytes([17, 0, 1, 4, 0, 0, 0, 0])
    feed(ipv6(PEER6, OUT6, 50, null.seal(spi, 2, 60, opts + dg)),
         {"in_ok": 1}, b"ext", True)
    feed(ipv6(PEER6, OUT6, 0, hop + null.seal(spi, 3, 60, opts + dg)),
         {"in_ok": 1}, b"ext", True)


def ip_options():
    """IPv4 transport mode with options, in and out."""
    spi = setup_in(null, "transport")
    dg = udp(PEER4, OUT4, FAR_PORT, PORT, b"opt")
    nop = b"\1\1\1\0"
    feed(ipv4(PEER4, OUT4, 50, null.seal(spi, 1, 17, dg), options=nop),
         {"in_ok": 1}, b"opt")
    lab.reset()
    spi = lab.sa(null, "out", "transport")
    lab.policy("out", OUT4, PEER4, mode="transport")
    sock4.setsockopt(0, 4, nop)     # IP_OPTIONS
    sock4.sendto(b"opt", (PEER4, FAR_PORT))
    sock4.setsockopt(0, 4, b"")
    p = wait_for(lab.wire.recv, "a packet")
    equal(p[0], 0x46, "header length")
    equal(p[9], 50, "protocol")
    equal(lib.csum(p[:24]), 0, "header checksum")
    equal(null.open(p[24:])[3], udp(OUT4, PEER4, PORT, FAR_PORT, b"opt"),
          "datagram")


# Replay

OK, SEEN, OLD, ZERO = "in_ok", "in_replay", "in_replay_old", "in_seq_zero"


def window(size):
    """Truth table of a window: numbers in the order they come."""
    w = size
    table = [(0, ZERO), (1, OK), (1, SEEN), (0, ZERO), (w, OK), (1, SEEN),
             (2, OK), (2, SEEN), (w + 1, OK), (1, OLD), (2, SEEN), (3, OK),
             (w, SEEN), (w + 2, OK), (2, OLD), (3, SEEN), (w + 2, SEEN),
             (2 * w + 1, OK), (w + 1, OLD), (w + 2, SEEN), (w + 3, OK),
             (2 * w, OK), (2 * w, SEEN), (2 * w - 1, OK), (7 * w + 5, OK),
             (6 * w + 5, OLD), (6 * w + 6, OK), (6 * w + 6, SEEN),
             (7 * w + 4, OK), (7 * w + 5, SEEN),
             (M32 // 2, OK), (M32 // 2 - w, OLD), (M32 // 2 - w + 1, OK),
             (M32 - 2, OK), (M32 - 1, OK), (M32 - 1, SEEN), (M32 - w - 1, OLD),
             (M32 - w, OK), (1, OLD), (0, ZERO)]
    spi = setup_in(null, replay_window=w)
    for seq, want in table:
        data = b"%d" % seq
        feed(outer(False, null.seal(spi, seq, 4, inner(False, data))),
             {want: 1}, data if want == OK else None)


def window_default():
    """1024 packets."""
    spi = setup_in(null)
    for seq, want in ((1, OK), (1024, OK), (1, SEEN), (1025, OK), (1, OLD)):
        feed(outer(False, null.seal(spi, seq, 4, inner(False, b"w"))),
             {want: 1}, b"w" if want == OK else None)


def window_off():
    spi = setup_in(null, replay_window=0)
    for seq in (5, 5, 1, 0, M32 - 1, M32 - 1, 5):
        feed(outer(False, null.seal(spi, seq, 4, inner(False, b"w"))),
             {"in_ok": 1}, b"w")


def window_resumed():
    """What is inside the window of an SA that goes on counts as seen."""
    spi = setup_in(null, seq_in=5000, replay_window=64)
    for seq, want in ((5000, SEEN), (4999, SEEN), (4936, OLD), (4937, SEEN),
                      (5001, OK), (5002, OK), (5001, SEEN)):
        feed(outer(False, null.seal(spi, seq, 4, inner(False, b"w"))),
             {want: 1}, b"w" if want == OK else None)


def late_forgery():
    """A forged number far ahead must not move the window."""
    spi = setup_in(null, replay_window=64)
    good = [null.seal(spi, n, 4, inner(False, b"w")) for n in range(1, 4)]
    feed(outer(False, good[0]), {"in_ok": 1}, b"w")
    forged = bytearray(null.seal(spi, 1000000, 4, inner(False, b"w")))
    forged[-1] ^= 1
    feed(outer(False, bytes(forged)), {"in_auth": 1})
    feed(outer(False, good[1]), {"in_ok": 1}, b"w")
    feed(outer(False, good[2]), {"in_ok": 1}, b"w")


def esn_in(name, size):
    """Crossing from one subspace of 2^32 numbers to the next, and far on."""
    algo = Algo(name, 400)
    spi = setup_in(algo, flags=1, replay_window=size,
                   seq_in=M32 - size // 2)
    w, top = size, M32 + size // 2
    table = [(M32 - 1, OK), (M32, OK), (M32 + 1, OK), (M32 - 1, SEEN),
             (M32 + 1, SEEN), (M32 - 2, OK), (top, OK), (top - w + 1, None),
             (top - 1, OK), (top + w, OK), (top + 1, OK), (top, "in_auth"),
             (2 * M32 - 10, OK), (2 * M32 + 3, OK), (2 * M32 - 10, SEEN),
             (2 * M32 - 9, OK), (2 * M32, OK), (2 * M32, SEEN)]
    for seq, want in table:
        if want is None:
            continue
        data = b"%d" % seq
        # the guess for a number left of the window is one subspace up
        feed(outer(False, algo.seal(spi, seq, 4, inner(False, data), esn=True)),
             {want: 1}, data if want == OK else None)


def esn_wrong_half(name):
    """The high half is not on the wire but under the ICV."""
    algo = Algo(name, 500)
    spi = setup_in(algo, flags=1)
    p = inner(False, b"h")
    feed(outer(False, algo.seal(spi, M32 + 5, 4, p, esn=True)), {"in_auth": 1})
    feed(outer(False, algo.seal(spi, 5, 4, p)), {"in_auth": 1})
    feed(outer(False, algo.seal(spi, 5, 4, p, esn=True)), {"in_ok": 1}, b"h")


def count_out(name, esn, start, left):
    """A counter is used to its end and not once more."""
    algo = Algo(name, 600)
    lab.reset()
    lab.sa(algo, "out", flags=int(esn), seq_out=start)
    lab.policy("out", IN4, FAR4)
    lab.mark()
    masks = set()
    for seq in range(start + 1, start + 1 + left):
        sock4.sendto(b"c", (FAR4, FAR_PORT))
        p = wait_for(lab.wire.recv, "packet %d" % seq)
        got = algo.open(p[20:], seq >> 32 if esn else None)
        equal(got[1], seq & 0xffffffff, "sequence number")
        if algo.iv_len == 8:
            masks.add(lib.iv_mask(got[2], seq))
            equal(len(masks), 1, "IVs of a counter cipher")
        lab.counted({"out_ok": 1})
    for _ in range(3 if left < 4 else 0):
        try:
            sock4.sendto(b"c", (FAR4, FAR_PORT))
        except PermissionError:
            pass
        lab.counted({"out_seq": 1})
        lab.wire.silent()


def rollover_out(name, mode):
    """RFC 4303 section 3.3.3: without anti-replay it begins anew, with 0."""
    algo = Algo(name, 700)
    lab.reset()
    spi = lab.sa(algo, "out", mode, flags=ROLLOVER, seq_out=M32 - 3)
    src, dst = (OUT4, PEER4) if mode == "transport" else (IN4, FAR4)
    lab.policy("out", src, dst, mode=mode)
    lab.mark()
    ivs = set()
    for seq in (M32 - 2, M32 - 1, 0, 1, 2):
        sock4.sendto(b"r", (dst, FAR_PORT))
        got = algo.open(wait_for(lab.wire.recv, "a packet")[20:])
        equal(got[:2], (spi, seq), "SPI and sequence number")
        equal(got[2] in ivs, False, "IV used before")
        if algo.iv_len:
            ivs.add(got[2])
        lab.counted({"out_ok": 1})
    # shown is what another SA can go on with
    sa = dict(lab.nl.dump("SA_GET")[0])
    equal(struct.unpack("=Q", sa[C["A_SA_SEQ_OUT"]])[0], 2, "seq-out")


def rollover_in(name):
    algo = Algo(name, 710)
    spi = setup_in(algo, flags=ROLLOVER, replay_window=0, seq_in=M32 - 3)
    for seq in (M32 - 2, M32 - 1, 0, 1, 0, M32 - 1):
        feed(outer(False, algo.seal(spi, seq, 4, inner(False, b"r"))),
             {"in_ok": 1}, b"r")


def rollover_refused():
    """Where a number that comes again does harm."""
    lab.reset()
    cases = [(Algo(n, 720), {}, "an IV twice") for n in (
        "aes128gcm16", "aes128gcm16iiv", "aes128ccm16", "chacha20poly1305",
        "aes128gmac", "aes128ctr-sha256_128")]
    cases += [(Algo("aes128gmac", 720), {"proto": 51}, "an IV twice"),
              (null, {"flags": 1}, "do not roll over"),
              (null, {"direction": "in", "replay_window": 32}, "anti-replay"),
              (null, {"direction": "in"}, "anti-replay"),
              (null, {"direction": "any"}, "anti-replay"),
              (Algo("aes128gcm16", 720), {"direction": "in",
                                          "replay_window": 0}, "an IV twice")]
    for algo, more, text in cases:
        flags = ROLLOVER | more.pop("flags", 0) | algo.flags()
        before = lab.nl.tables()
        try:
            lab.sa(algo, more.pop("direction", "out"), flags=flags, **more)
        except lib.Refused as e:
            equal((e.code, text in e.text), (22, True), e.text)
        else:
            raise AssertionError("taken: %s %r" % (algo.name, more))
        equal(lab.nl.tables(), before, "tables")
    for direction in ("in", "out", "any"):
        lab.sa(null, direction, flags=ROLLOVER, replay_window=0)
    lab.sa(null, "out", flags=ROLLOVER, replay_window=64)
    equal("flag seq-rollover" in lab.cli("sa", "list"), True, "shown")


def outlives():
    """RFC 4303 section 3.3.3, by hand: keep.py has what nfipsec(8) says."""
    key, margin = lib.key_file(null.auth), 1000
    there, back = 0x6001, 0x6002

    def add(out=(), inn=()):
        words = ["mode", "tunnel", "reqid", "1", "enc", "null", "auth-trunc",
                 "sha256", key, "128"]
        for spi, src, dst, direction, more in (
                (there, OUT4, PEER4, "out", out),
                (back, PEER4, OUT4, "in", inn)):
            lab.cli("sa", "add", "src", src, "dst", dst, "proto", "esp", "spi",
                    str(spi), "dir", direction, *words, *more)
        lab.policy("out", IN4, FAR4)
        lab.policy("in", FAR4, IN4)
        lab.mark()

    def number():
        sock4.sendto(b"o", (FAR4, FAR_PORT))
        got = null.open(wait_for(lab.wire.recv, "a packet")[20:])
        lab.counted({"out_ok": 1})
        equal(got[0], there, "SPI")
        return got[1]

    lab.reset()
    add()
    equal([number() for _ in range(3)], [1, 2, 3], "numbers")
    packets = [outer(False, null.seal(back, n, 4, inner(False, b"i")))
               for n in (1, 40, 39, 41, 42)]
    for packet in packets[:2]:
        feed(packet, {"in_ok": 1}, b"i")
    saved = {sa["spi"]: sa for sa in lib.json_of(lab.cli("-j", "sa", "list"))}
    # more is sent than was written down
    equal(number(), 4, "number")

    lib.reload(lab)
    equal(lab.nl.dump("SA_GET"), [], "SAs")
    add(["seq-out", str(saved["0x%08x" % there]["seq_out"] + margin)],
        ["seq-in", str(saved["0x%08x" % back]["seq_in"])])
    equal(number(), 3 + margin + 1, "number")
    # also what has not come is refused: it cannot be told from what has
    for packet in packets[:3]:
        feed(packet, {"in_replay": 1})
    for packet in packets[3:]:
        feed(packet, {"in_ok": 1}, b"i")


def sa_counters():
    """What one SA says of itself."""
    spi = setup_in(null)
    good = outer(False, null.seal(spi, 1, 4, inner(False, b"1234")))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    bad = bad[:27] + b"\2" + bad[28:]
    for p in (good, good, good, bad):
        lab.wire.send(p)
    lab.counted({"in_ok": 1, "in_replay": 2, "in_auth": 1})
    sock4.recv(100)
    sa = dict(lab.nl.dump("SA_GET")[0])
    val = {k: struct.unpack("=Q", sa[C["A_SA_" + k]])[0] for k in
           ("PACKETS", "BYTES", "REPLAY_DROPS", "AUTH_DROPS", "SEQ_IN")}
    equal(val, {"PACKETS": 1, "BYTES": 32, "REPLAY_DROPS": 2, "AUTH_DROPS": 1,
                "SEQ_IN": 1})


def families(mode):
    if mode == "transport":
        return ((False, False), (True, True))
    return ((False, False), (True, True), (True, False), (False, True))


for i, alg in enumerate(Algo.NAMES):
    for m in ("tunnel", "transport"):
        for o, n in families(m):
            e = (i + o + n) % 2 == 0
            tag = "%s %sin%s %s%s" % (m, "64"[not n], "64"[not o], alg,
                                      " esn" if e else "")
            report.add("accepted: " + tag, accepted, alg, m, o, n, e)
            report.add("sent: " + tag, sent, alg, m, o, n, e)
for i, alg in enumerate(Algo.NAMES):
    report.add("altered: " + alg, tampered, alg, i % 2 == 1)
for alg in Algo.NAMES:
    report.add("ESN, wrong high half: " + alg, esn_wrong_half, alg)
report.add("wrong key", wrong_key)
report.add("wrong SPI", wrong_spi)
report.add("wrong family", wrong_family)
report.add("ESP for another host", not_this_host)
report.add("padding", padding)
report.add("next header", next_header)
report.add("inner IPv4 header", inner_header, False)
report.add("inner IPv6 header", inner_header, True)
report.add("ECN in, IPv4", ecn, False)
report.add("ECN in, IPv6", ecn, True)
report.add("ECN out, IPv4", ecn_out, False)
report.add("ECN out, IPv6", ecn_out, True)
report.add("state and direction of the SA", sa_state)
report.add("selector of the SA and policy", selector_and_policy)
report.add("fragments of ESP, IPv4", outer_fragments, False)
report.add("fragments of ESP, IPv6", outer_fragments, True)
report.add("IPv6 extension headers", extension_headers)
report.add("IPv4 options", ip_options)
for win in (32, 33, 64, 100, 1000, 1024, 65535, 65536):
    report.add("window of %d" % win, window, win)
report.add("window by default", window_default)
report.add("no window", window_off)
report.add("window of an SA that goes on", window_resumed)
report.add("forged number", late_forgery)
for win in (32, 64, 1024, 65536):
    report.add("ESN wrap, window of %d" % win, esn_in, "null-sha256_128", win)
report.add("ESN wrap, aes128gcm16", esn_in, "aes128gcm16", 64)
report.add("ESN wrap, aes128-sha256_128", esn_in, "aes128-sha256_128", 64)
for alg in ("aes128gcm16", "null-sha256_128"):
    report.add("counter ends, " + alg, count_out, alg, False, M32 - 4, 3)
    report.add("ESN counter goes on, " + alg, count_out, alg, True, M32 - 4, 6)
    report.add("ESN counter ends, " + alg, count_out, alg, True,
               ESN_LIMIT - 3, 3)
for alg, m in (("null-sha256_128", "tunnel"),
               ("aes128-sha256_128", "transport")):
    report.add("counter rolls over, " + alg, rollover_out, alg, m)
    report.add("counter of a peer rolls over, " + alg, rollover_in, alg)
report.add("rollover refused", rollover_refused)
report.add("counters of an SA", sa_counters)
report.add("counters outlive the module", outlives)
sys.exit(report.run())
