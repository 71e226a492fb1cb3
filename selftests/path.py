# SPDX-License-Identifier: GPL-2.0
"""ICMP errors: about our ESP packets, and about what is inside them.

The topology is that of lib.py, and host n forwards. The path MTU of an SA is
looked at from both sides: what the SA says, and what fits.
"""
import ipaddress
import os
import shutil
import socket
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 attr, equal, ip, nothing, u32, udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
DF = 0x4000
ROUTER4, ROUTER6 = "10.0.0.77", "fd00::77"
FROM4, TO4 = "192.168.2.5", "10.8.8.8"
FROM6, TO6 = "fd00:2::5", "fd00:8::8"
ICMP, ICMP_CHECK = C["SA_FLAG_ICMP"], C["SA_FLAG_ICMP_CHECK"]
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()
# from time to time the kernel forgets what it has learned of routes by others
lab.n.ip("neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev vn nud permanent "
         "router")


def forget_routes():
    lab.n.ip("route flush cache")
    lab.n.exec("ip", "-6", "route", "flush", "cache")


def icmp(six, kind, code, word, quoted):
    """An ICMP message: kind is (IPv4's, IPv6's) type."""
    return struct.pack("!BBHI", kind[six], code, 0, word) + quoted


def icmp_packet(src, dst, message, **kw):
    six = ":" in src
    pseudo = b""
    if six:
        pseudo = lib.addr(src) + lib.addr(dst) + struct.pack(
            "!II", len(message), 58)
    total = lib.csum(pseudo + message)
    message = message[:2] + struct.pack("!H", total) + message[4:]
    return ip(src, dst, 58 if six else 1, message, **kw)


def too_big(packet, mtu, **change):
    """A router's answer to a packet of n."""
    six = packet[0] >> 4 == 6
    head = 40 if six else 20
    quoted = bytearray(packet[:head + 8])
    for name, val in change.items():
        off = {"spi": head, "seq": head + 4}[name]
        quoted[off:off + 4] = struct.pack("!I", val)
    code = 0 if six else 4
    return icmp_packet(ROUTER6 if six else ROUTER4, OUT6 if six else OUT4,
                       icmp(six, (3, 2), code, mtu, bytes(quoted)))


def setup(six, mode="tunnel", **more):
    """An SA for what n sends and forwards."""
    lab.reset()
    forget_routes()
    lab.sa(null, "out", mode, six, **more)
    if mode == "transport":
        src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
        lab.policy("out", src, dst, 17, mode=mode, six=six)
    else:
        lab.policy("out", FROM4, TO4, 17, six=six)
    lab.mark()


def age(seconds):
    return [attr(C["A_SA_PMTU_AGE"], u32(seconds))]


def pmtu():
    """What the SA says."""
    sa = dict(lab.nl.dump("SA_GET")[0])
    val = sa.get(C["A_SA_PMTU"])
    return struct.unpack("=I", val)[0] if val else None


def probe(size=100, df=0):
    """Forward a packet of this size through n: what leaves."""
    lab.wire.send(udp_packet(FROM4, TO4, 1, 2, bytes(size - 28), frag=df))
    return wait_for(lab.wire.recv, "a packet")


def said():
    """What fits, as the sender is told; the SA's overhead is 38 or more."""
    p = probe(1480, DF)
    equal((p[9], p[20], p[21]), (1, 3, 4), "fragmentation needed")
    return struct.unpack_from("!H", p, 26)[0]


def fits(six, path):
    """Largest inner packet: ESP header 8, ICV 16, tail to a multiple of 4."""
    return (path - (40 if six else 20) - 24) // 4 * 4 - 2


def answer(packet, **kw):
    """To the last packet, and wait until it was processed."""
    lab.wire.send(packet)
    # what comes behind it on the wire is processed behind it
    data = kw.get("data", b"sync")
    lab.wire.send(udp_packet(PEER4, OUT4, FAR_PORT, PORT, data))
    equal(sock4.recv(100), data)


# Path MTU

def learned(six):
    """RFC 4301 section 8.2: learned, told, never up, within bounds."""
    floor = 1280 if six else 576
    setup(six)
    esp = probe()
    equal(pmtu(), None)
    equal(said(), fits(six, 1500))
    # what no IPv6 link has is not minded (RFC 8201 section 4)
    below = 1300 if six else floor
    for mtu, want in ((1400, 1400), (1450, 1400), (1400, 1400), (1300, 1300),
                      (1500, 1300), (0xffff, 1300), (floor - 1, below),
                      (0, below), (floor, floor), (floor + 1, floor)):
        answer(too_big(esp, mtu))
        equal(pmtu(), want, "after %d" % mtu)
        # the kernel's own bound for a route is another one
        if want > floor:
            equal(said(), fits(six, want))
    text = lab.cli("sa", "list")
    equal("pmtu-age 600 pmtu %d" % floor in text, True, text)
    got = lib.json_of(lab.cli("-j", "sa", "list"))[0]
    equal((got["pmtu_age"], got["pmtu"]), (600, floor), "JSON")


def of_the_sa(six):
    """It is the SA's, whatever the route forgets."""
    setup(six)
    answer(too_big(probe(), 1400))
    forget_routes()
    equal(pmtu(), 1400)
    equal(said(), fits(six, 1400))
    lab.reset()
    lab.sa(null, "out", six=six)
    lab.policy("out", FROM4, TO4, 17, six=six)
    equal(pmtu(), None, "of a new SA")
    equal(said(), fits(six, 1500))


def aged(six):
    """RFC 4301 section 8.2.2: forgotten, and then the route's again."""
    setup(six, extra=age(1))
    answer(too_big(probe(), 1400))
    wait_for(lambda: pmtu() is None, "the end of its time")
    forget_routes()
    equal(said(), fits(six, 1500))
    setup(six, extra=age(0))
    answer(too_big(probe(), 1400))
    equal(pmtu(), None, "age 0")
    equal(said(), fits(six, 1500))


def least_ipv6():
    """What every IPv6 path takes goes on, over a path that takes less."""
    setup(False)
    lab.policy("out", FROM6, TO6, 17)
    answer(too_big(probe(), 1300))
    lab.wire.send(udp_packet(FROM6, TO6, 1, 2, bytes(1280 - 48)))
    parts = [wait_for(lab.wire.recv, "a part") for _ in range(2)]
    parts.sort(key=lambda p: struct.unpack_from("!H", p, 6)[0] & 0x1fff)
    equal([struct.unpack_from("!H", p, 6)[0] & 0xe000 for p in parts],
          [0x2000, 0], "DF and MF")
    got = null.open(b"".join(p[20:] for p in parts))
    equal(len(got[3]), 1280, "inner packet")
    # a byte more and the sender has to cut it
    lab.wire.send(udp_packet(FROM6, TO6, 1, 2, bytes(1281 - 48)))
    p = wait_for(lab.wire.recv, "an error")
    equal((p[6], p[40], struct.unpack_from("!I", p, 44)[0]), (58, 2, 1280),
          "packet too big")


def not_ours(six):
    """Only what an SA of ours sent, and not long ago."""
    setup(six)
    esp = probe()
    head = 40 if six else 20
    spi = struct.unpack_from("!I", esp, head)[0]
    ah = bytearray(esp)
    ah[6 if six else 9] = 51
    src = bytearray(esp)
    src[head - 1 - (16 if six else 4)] ^= 1
    cut = too_big(esp, 1400)[:-4]
    bad = too_big(esp, 1400)
    bad = bad[:-1] + bytes([bad[-1] ^ 1])
    for what, packet in (
            ("SPI", too_big(esp, 1400, spi=spi + 1)),
            ("number to come", too_big(esp, 1400, seq=2)),
            ("number 0", too_big(esp, 1400, seq=0)),
            ("number far off", too_big(esp, 1400, seq=1 << 31)),
            ("AH", too_big(bytes(ah), 1400)),
            ("source", too_big(bytes(src), 1400)),
            ("cut", cut), ("checksum", bad)):
        answer(packet)
        equal(pmtu(), None, what)
    other = icmp_packet(ROUTER6 if six else ROUTER4, OUT6 if six else OUT4,
                        icmp(six, (3, 1), 1, 1400, esp[:head + 8]))
    answer(other)
    equal(pmtu(), None, "another error")
    answer(too_big(esp, 1400))
    equal(pmtu(), 1400, "the right one")


def transport(six):
    """Of an SA of transport mode too."""
    setup(six, "transport")
    dst = PEER6 if six else PEER4
    sock = sock6 if six else sock4
    sock.sendto(bytes(10), (dst, FAR_PORT))
    esp = wait_for(lab.wire.recv, "a packet")
    answer(too_big(esp, 1350))
    equal(pmtu(), 1350)
    option = (41, 23) if six else (0, 10)       # MTU_DISCOVER
    sock.setsockopt(*option, 2)
    head = 40 if six else 20
    most = fits(six, 1350) - 8
    try:
        try:
            sock.sendto(bytes(1340), (dst, FAR_PORT))
        except OSError as e:
            equal(e.errno, 90, "EMSGSIZE")
        lab.mark()
        sock.sendto(bytes(most), (dst, FAR_PORT))
        p = wait_for(lab.wire.recv, "the largest packet")
        equal(len(p) <= 1350 and len(p) > 1350 - 4, True,
              "%d, head %d" % (len(p), head))
    finally:
        sock.setsockopt(*option, 1)


def pieces(sock, dst, data):
    """Of what was sealed whole and then cut, as it leaves, in order."""
    sock.sendto(data, (dst, FAR_PORT))
    got = [wait_for(lab.wire.recv, "a piece")]

    def last():
        p = got[-1]
        head = 40 if p[0] >> 4 == 6 else 20
        # more to come: of IPv6 in the header behind that, of IPv4 in it
        return not (p[head + 3] & 1 if head == 40 else p[6] & 0x20)
    while not last():
        got.append(wait_for(lab.wire.recv, "a piece"))
    return got


def quoting(quoted, mtu):
    """A router's answer that quotes just that."""
    six = quoted[0] >> 4 == 6
    return icmp_packet(ROUTER6 if six else ROUTER4, OUT6 if six else OUT4,
                       icmp(six, (3, 2), 0 if six else 4, mtu, quoted))


def in_pieces(six, mark=0):
    """An ESP packet that this host cuts, as long as it does not know better:
    what is quoted is one of the pieces, and the first shows whose it is. With a mark it
    goes by a route of its own, of which the kernel learns nothing from the quote."""
    setup(six, "transport")
    sock, dst = (sock6, PEER6) if six else (sock4, PEER4)
    option = (41, 23) if six else (0, 10)       # MTU_DISCOVER
    sock.setsockopt(*option, 0)
    sock.setsockopt(1, 36, mark)
    # behind the IP header, and what IPv6 has for a fragment behind that
    head = 48 if six else 20
    data = bytes(4000)
    try:
        got = pieces(sock, dst, data)
        equal((len(got), max(map(len, got)) > 1400), (3, True), "pieces")
        for piece in got[1:]:
            answer(quoting(piece[:head + 8], 1400))
            # its text is not what it is taken for: where the SPI would be, say
            piece = piece[:head] + got[0][head:head + 8]
            answer(quoting(piece, 1400))
            equal(pmtu(), None, "a later piece")
        answer(quoting(got[0][:head + 4], 1400))
        equal(pmtu(), None, "cut before the number")
        answer(quoting(got[0][:head + 8], 1400))
        equal(pmtu(), 1400, "the first piece")
        got = pieces(sock, dst, data)
        # those of IPv4 have no DF, and routers may cut them once more
        equal(max(map(len, got)) <= (1400 if six else 1500), True, "fit")
        equal(len(null.open(b"".join(p[head:] for p in got))[3]), 4008)
        # those that fit go as they are, also where the stack has them as one
        sock.setsockopt(17, 103, 1000)      # UDP_SEGMENT
        sock.sendto(data, (dst, FAR_PORT))
        for _ in range(4):
            p = wait_for(lab.wire.recv, "a datagram")
            equal((p[6 if six else 9], len(null.open(p[40 if six else 20:])[3])),
                  (50, 1008), "what fits")
    finally:
        sock.setsockopt(17, 103, 0)
        sock.setsockopt(*option, 1)
        sock.setsockopt(1, 36, 0)


def marked():
    """The SA knows it all the same."""
    lab.n.ip("route add fd00::/64 dev vn table 200")
    lab.n.exec("ip", "-6", "rule", "add", "fwmark", "1", "lookup", "200")
    try:
        in_pieces(True, 1)
    finally:
        lab.n.exec("ip", "-6", "rule", "del", "fwmark", "1")
        lab.n.ip("route del fd00::/64 dev vn table 200")


def as_it_likes():
    """Who does discovery, and lets go with DF what he thinks fits: routers may cut
    what has grown beyond that."""
    setup(False, "transport")
    sock4.sendto(bytes(10), (PEER4, FAR_PORT))
    answer(too_big(wait_for(lab.wire.recv, "a packet"), 1400))
    for size, df in ((largest(False, 1400), 0x40), (1400, 0)):
        lab.mark()
        sock4.sendto(bytes(size - 28), (PEER4, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet of %d" % size)
        equal((len(p) > 1400, p[6] & 0x40), (not df, df), "DF of %d" % size)
        lab.counted({"out_ok": 1})


def no_fragments():
    """IPV6_DONTFRAG (RFC 3542 section 11.2): told, and not cut."""
    setup(True, "transport")
    sock = lab.listen(PORT + 1, True)
    try:
        for want in 0, 1:
            lab.wire.drain()
            lab.mark()
            sock.setsockopt(41, 62, want)
            try:
                sock.sendto(bytes(1440), (PEER6, FAR_PORT))
                equal(want, 0, "was sent with DONTFRAG %d" % want)
                lab.counted({"out_ok": 1})
            except OSError as e:
                equal((e.errno, want), (90, 1), "EMSGSIZE, with DONTFRAG %d" % want)
                lab.counted({"out_too_big": 1})
        equal(route_mtu(True, PEER6, PORT + 3), largest(True), "told")
    finally:
        sock.close()
        forget_routes()


def own_stack():
    """Rules send ESP by a smaller link: what the host's own stack says of it counts."""
    if not shutil.which("nft"):
        raise lib.Skip("no nft")
    setup(False)
    lab.n.ip("\n".join(["link add small type dummy", "link set small mtu 1400 up",
                        "route add default dev small table 200"]))
    lab.n.ip("rule add fwmark 1 lookup 200")
    lab.n.exec("nft", "add table ip t; add chain ip t c { type route hook output "
               "priority mangle; }; add rule ip t c ip protocol esp meta mark set 1")
    try:
        lab.wire.send(udp_packet(FROM4, TO4, 1, 2, bytes(1450 - 28), frag=DF))
        wait_for(lambda: pmtu() == 1400, "what it said")
        equal(said(), fits(False, 1400))
    finally:
        lab.n.exec("nft", "delete table ip t")
        lab.n.ip("rule del fwmark 1")
        lab.n.ip("link del small")


def told_in_vrf(six):
    """The sender is behind a VRF, and the way to the peer is not."""
    status, _, err = lab.n.exec("ip", "link", "add", "red", "type", "vrf", "table",
                                "77", ok=None)
    if status:
        equal("Unknown device type" in err, True, err)
        raise lib.Skip("a kernel without VRF")
    inside = None
    try:
        lab.n.ip("link set red up")
        inside = Inside("red")
        far = inside.far[six]
        dst = TO6 if six else TO4
        lab.n.ip("route add %s dev vn table 77 via %s" %
                 (("fd00:8::/64", PEER6) if six else ("10.8.0.0/16", PEER4)))
        lab.reset()
        lab.sa(null, "out", six=six)
        lab.policy("out", far, dst, 17, six=six)
        lab.mark()
        inside.wire.send(udp_packet(far, dst, 1, 2, bytes(1300), **(
            {} if six else {"frag": DF})))
        esp = wait_for(lab.wire.recv, "ESP")
        equal(esp[6 if six else 9], 50)
        inside.wire.drain()
        inside.wire.send(udp_packet(far, dst, 1, 2, bytes(1450), **(
            {} if six else {"frag": DF})))
        p = wait_for(inside.wire.recv, "too big")
        head = 40 if six else 20
        equal((p[6 if six else 9], p[head]), (58, 2) if six else (1, 3), "too big")
        lab.wire.silent()
        lab.counted({"out_ok": 1, "out_too_big": 1})
    finally:
        if inside:
            inside.close()
        lab.n.ip("link del red")
        lab.reset()


def redirects(six):
    """What came protected and goes on by the same link: no redirect quotes it."""
    src, dst = (FROM6, TO6) if six else (FROM4, TO4)
    lab.reset()
    near = ("fd00:2::/64", "fd00:8::/64") if six else ("192.168.2.5/32", "10.8.0.0/16")
    lab.n.ip("\n".join(
        ["route %s %s dev vn" % ("replace" if "fd00" in net else "add", net)
         for net in near] +
        ["neigh replace %s lladdr 02:00:00:00:00:02 dev vn nud permanent" % a
         for a in (src, dst)]))
    lab.n.exec("sh", "-c", "for d in all vn; do echo 1 "
               ">/proc/sys/net/ipv4/conf/$d/send_redirects; done")
    try:
        # in the clear it is
        lab.wire.send(udp_packet(src, dst, 1, 2, b"open"))
        head = 40 if six else 20
        got = [wait_for(lab.wire.recv, "what is sent") for _ in range(2)]
        kinds = [(p[6 if six else 9], p[head]) for p in got]
        equal(((58, 137) if six else (1, 5)) in kinds, True, "a redirect, %r" % kinds)
        spi = lab.sa(null, "in", six=six)
        lab.sa(null, "out", six=six)
        for way in "in", "out":
            lab.policy(way, src, dst, six=six)
        lab.mark()
        lab.wire.drain()
        outer = (PEER6, OUT6) if six else (PEER4, OUT4)
        seq = 0

        def redirected():
            # they become rare
            nonlocal seq
            seq += 1
            lab.wire.send(ip(*outer, 50, null.seal(
                spi, seq, 41 if six else 4, udp_packet(src, dst, 1, 2, b"secret"))))
            p = wait_for(lab.wire.recv, "ESP")
            equal(p[6 if six else 9], 50, "protocol")
            return lab.nl.stats()["out_redirect"] > lab.base["out_redirect"]

        wait_for(redirected, "a redirect")
        lab.wire.silent()
        lab.counted({"in_ok": seq, "out_ok": seq, "out_redirect": 1})
    finally:
        lab.reset()
        lab.n.exec("sh", "-c", "for d in all vn; do echo 0 "
                   ">/proc/sys/net/ipv4/conf/$d/send_redirects; done")
        lab.n.ip("\n".join(
            ["route replace fd00:2::/64 via fd00::2 src fd00:1::1 dev vn",
             "route replace fd00:8::/64 via fd00::2 dev vn"] if six else
            ["route del %s dev vn" % net for net in near]))
        forget_routes()


def behind_options():
    """What stands between the IP header and ESP is not in the way."""
    def six(esp, *heads):
        kinds = [kind for kind, _ in heads] + [esp[6]]
        body = b"".join(bytes([kinds[i + 1]]) + rest
                        for i, (_, rest) in enumerate(heads))
        return esp[:6] + bytes([kinds[0]]) + esp[7:40] + body + esp[40:48]
    pad = bytes([0, 1, 4, 0, 0, 0, 0])
    route = bytes([2, 2, 0, 0, 0, 0, 0]) + bytes(16)
    for heads in (((0, pad),), ((60, pad),), ((0, pad), (43, route)),
                  ((44, bytes(7)),)):
        setup(True)
        esp = probe()
        whole = six(esp, *heads)
        answer(quoting(whole[:-1], 1400))
        equal(pmtu(), None, "cut, %r" % (heads,))
        answer(quoting(whole, 1400))
        equal(pmtu(), 1400, "behind %r" % (heads,))
    setup(False)
    esp = probe()
    whole = b"\x46" + esp[1:20] + b"\1\1\1\0" + esp[20:28]
    answer(quoting(whole[:-1], 1400))
    equal(pmtu(), None, "options of IPv4, cut")
    answer(quoting(whole, 1400))
    equal(pmtu(), 1400, "behind options of IPv4")


# What a local sender of a shared route is told

def obedient(six, port, how=2):
    """A socket that sends no fragments: by IP_MTU_DISCOVER do, or 3, probe."""
    s = lab.listen(port, six)
    s.setsockopt(*((41, 23) if six else (0, 10)), how)
    return s


def route_mtu(six, dst, port):
    """IP_MTU of who connects now."""
    s = lab.listen(port, six)
    try:
        s.connect((dst, FAR_PORT))
        return s.getsockopt(*((41, 24) if six else (0, 14)))
    finally:
        s.close()


def send(sock, six, dst, size):
    """An IP packet of this size."""
    try:
        sock.sendto(bytes(size - (48 if six else 28)), (dst, FAR_PORT))
    except OSError as e:
        equal(e.errno, 90, "EMSGSIZE")


def largest(six, path=1500, block=4, iv=0):
    """Largest packet in transport mode: ESP header 8, IV, ICV 16."""
    head = 40 if six else 20
    return head + (path - head - 24 - iv) // block * block - 2


def told_by_two(six):
    """Of two SAs to a peer each leaves another size, and the route has one."""
    src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
    lab.reset()
    forget_routes()
    lab.sa(null, "out", "transport", six)
    lab.policy("out", src, dst, 17, (PORT + 1, PORT + 1), mode="transport")
    cbc = Algo("aes128-sha256_128", 8)
    spi = lab.sa(cbc, "out", "transport", six, reqid=2)
    lab.policy("out", src, dst, 17, (PORT + 2, PORT + 2), mode="transport",
               reqid=2)
    probing = obedient(six, PORT + 1, 3)
    sock = obedient(six, PORT + 2)
    want = largest(six, block=16, iv=16)
    try:
        for n in range(8):
            send(sock, six, dst, route_mtu(six, dst, PORT + 3))
            equal(route_mtu(six, dst, PORT + 3), want, "told %d times" % n)
            send(probing, six, dst, 1500)
            equal(route_mtu(six, dst, PORT + 3), want, "and %d others" % n)
            if n == 4:      # another one knows of the route what that did
                lab.nl.do("SA_FLUSH")
                lab.sa(null, "out", "transport", six)
                spi = lab.sa(cbc, "out", "transport", six, reqid=2)
        if six:
            return      # there the stack cuts ESP packets to what was told
        # a packet that fits, and a path that takes less indeed
        lab.wire.drain()
        send(sock, six, dst, want)
        esp = wait_for(lab.wire.recv, "a packet")
        equal((esp[20:24], len(esp)), (struct.pack("!I", spi), 1500), "ESP")
        answer(too_big(esp, 1400))
        send(sock, six, dst, route_mtu(six, dst, PORT + 3))
        equal(route_mtu(six, dst, PORT + 3), largest(six, 1400, 16, 16),
              "of a shorter path")
    finally:
        probing.close()
        sock.close()


def opening(six):
    """A SYN with data is not cut: one without is sent instead."""
    src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
    lab.reset()
    forget_routes()
    lab.sa(null, "out", "transport", six)
    lab.policy("out", src, dst, 6, mode="transport")
    # send them without having been told a cookie
    lab.n.exec("sh", "-c", "echo 5 >/proc/sys/net/ipv4/tcp_fastopen")
    sock = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                        socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        for size in 1420, 100:
            try:
                sock.sendto(bytes(size), 0x20000000, (dst, FAR_PORT))
            except BlockingIOError:
                pass
            esp = wait_for(lab.wire.recv, "a SYN")
            tcp, _, proto = null.open(esp[40 if six else 20:])[3:]
            equal((proto, tcp[13] & 0x17), (6, 2), "SYN")
            data = len(tcp) - (tcp[12] >> 4) * 4
            equal(data, 0 if size > 1400 else size, "data in it")
            sock.close()
            forget_routes()
            sock = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                                socket.SOCK_STREAM)
            sock.setblocking(False)
            lab.wire.drain()
    finally:
        sock.close()


def told_of_many(six):
    """What senders to a peer are told is another peer's no business."""
    first = ipaddress.ip_address("fd00:8::1" if six else "10.8.0.1")
    peers = [str(first + n) for n in range(300)]
    lab.reset()
    forget_routes()
    for peer in peers:
        lab.sa(null, "out", "transport", six, peer=peer)
    lab.policy("out", OUT6 if six else OUT4, "fd00:8::/64" if six else
               "10.8.0.0/16", 17, mode="transport")
    want = largest(six)
    sock = obedient(six, PORT + 1)
    try:
        for n in range(2):
            for peer in peers:
                send(sock, six, peer, route_mtu(six, peer, PORT + 3))
            equal({route_mtu(six, peer, PORT + 3) for peer in peers}, {want},
                  "told %d times" % n)
    finally:
        sock.close()
        lab.reset()


def charged(sock):
    """Bytes of memory that its packets take, as the kernel counts (SO_MEMINFO)."""
    return struct.unpack_from("=3I", sock.getsockopt(1, 55, 36))[2]


def spliced():
    """
    A datagram out of a file, sealed whole and cut again: whatever becomes of the
    fragments, its sender gets back what it was charged.
    """
    setup(False, "transport")
    sock = obedient(False, PORT + 1)
    name = os.path.join(lib.TMP, "pages")
    with open(name, "wb") as f:
        f.write(bytes(30000))
    try:
        send(sock, False, PEER4, 1500)
        equal(route_mtu(False, PEER4, PORT + 3), largest(False), "told")
        sock.setsockopt(0, 10, 1)       # fragments are sent
        sock.connect((PEER4, FAR_PORT))
        # the first fragment waits for most of a minute, there is no room for others
        lab.n.exec("tc", "qdisc", "add", "dev", "vn", "root", "tbf", "rate",
                   "1kbit", "burst", "1540", "limit", "1540")
        sock.send(bytes(1400))
        there, here = os.pipe()
        with open(name, "rb") as f:
            equal(os.splice(f.fileno(), here, 30000), 30000, "into a pipe")
        equal(os.splice(there, sock.fileno(), 30000), 30000, "out of it")
        os.close(there)
        os.close(here)
        equal(0 < charged(sock) < 100000, True, "%d while it waits" % charged(sock))
        lab.n.exec("tc", "qdisc", "del", "dev", "vn", "root")
        wait_for(lambda: charged(sock) == 0, "nothing to be charged for")
    finally:
        lab.n.exec("tc", "qdisc", "del", "dev", "vn", "root", ok=None)
        sock.close()
        lab.reset()
        forget_routes()
        lab.wire.drain()


def told_with_label():
    """What the route itself adds does not fit, whoever was told of it."""
    peer = "fd00:8::1"
    if lib.sh("modprobe", "mpls_iptunnel", ok=None)[0]:
        raise lib.Skip("a kernel without MPLS")
    lab.reset()
    forget_routes()
    lab.n.ip("route add %s encap mpls 100 via inet6 %s dev vn mtu 1500" %
             (peer, PEER6))
    lab.sa(null, "out", "transport", True, peer=peer)
    lab.policy("out", OUT6, peer, 17, mode="transport")
    sock = obedient(True, PORT + 1)

    def path():
        return lib.json_of(lab.cli("-j", "policy", "explain", "out", "src", OUT6,
                                   "dst", peer, "proto", "udp"))["path_mtu"]

    try:
        equal(path(), 1496, "before")
        send(sock, True, peer, 1496)
        # the stack takes the label off what it was told, too
        equal(route_mtu(True, peer, PORT + 3), largest(True, 1496) - 4, "told")
        equal(path(), 1496, "afterwards")
    finally:
        sock.close()
        lab.reset()
        lab.n.ip("route del %s" % peer)


def told_and_tunnel():
    """The stack does not cut by it, nor refuse, what leaves by a tunnel."""
    lab.reset()
    forget_routes()
    lab.sa(null, "out", "transport")
    lab.policy("out", OUT4, PEER4, 17, mode="transport")
    lab.sa(null, "out", reqid=2)
    lab.policy("out", FROM4, TO4, 17, reqid=2)
    sock = obedient(False, PORT + 1)
    send(sock, False, PEER4, 1500)
    sock.close()
    equal(route_mtu(False, PEER4, PORT + 3), largest(False), "told")
    lab.wire.drain()
    lab.mark()
    p = probe(fits(False, 1500), DF)
    equal((p[9], len(p), p[6] & 0x60), (50, 1500, 0x40), "ESP")
    lab.counted({"out_ok": 1})
    equal([C["A_SA_PMTU"] in dict(sa) for sa in lab.nl.dump("SA_GET")],
          [False, False], "something learned")


# ICMP errors through an SA

def setup_in(six, flags, wide):
    """UDP between FAR and IN is what the SA is for; wide: all of ICMP too."""
    lab.reset()
    spi = lab.sa(null, "in", flags=flags)
    far, near = (FAR6, IN6) if six else (FAR4, IN4)
    lab.policy("in", far, near, 17, (FAR_PORT, FAR_PORT), (PORT, PORT))
    if wide:
        lab.policy("in", far[:far.rindex("." if not six else ":") + 1] +
                   ("0/24" if not six else "/64"), near, 58 if six else 1)
    lab.mark()
    return spi


def error_in(six, spi, seq, near=None, far=None, dport=FAR_PORT, src=None,
             dst=None, mangle=None, cut=False):
    """An error from behind the peer about a datagram of this host."""
    near = near or (IN6 if six else IN4)
    far = far or (FAR6 if six else FAR4)
    src = src or ("fd00:2::99" if six else "192.168.2.99")
    quoted = udp_packet(near, far, PORT, dport, b"12345678")
    quoted = quoted[:(40 if six else 20) + 8]
    if mangle:
        quoted = mangle(quoted)
    inner = icmp_packet(src, dst or (IN6 if six else IN4),
                        icmp(six, (3, 1), 1, 0, quoted))
    if cut:
        # the first of two fragments
        head = 40 if six else 20
        part = inner[head:head + 24]
        inner = lib.ipv6(src, IN6, 44, struct.pack("!BBHI", 58, 0, 1, 7) + part) \
            if six else lib.ipv4(src, IN4, 1, part, ident=7, frag=0x2000)
    esp = null.seal(spi, seq, 41 if six else 4, inner)
    lab.wire.send(ip(PEER4, OUT4, 50, esp))


def errors_in(six):
    """RFC 4301 section 6.2."""
    wrong = (dict(near="fd00:1::2" if six else "192.168.1.2"),
             dict(far="fd00:3::1" if six else "192.168.3.1"),
             dict(dport=FAR_PORT + 1))
    for flags, wide, right, other in (
            (0, False, "in_policy", "in_policy"),
            (ICMP, False, "in_ok", "in_icmp_quote"),
            (ICMP_CHECK, False, "in_policy", "in_policy"),
            (0, True, "in_ok", "in_ok"),
            (ICMP, True, "in_ok", "in_ok"),
            (ICMP_CHECK, True, "in_ok", "in_icmp_quote"),
            (ICMP | ICMP_CHECK, True, "in_ok", "in_icmp_quote")):
        spi = setup_in(six, flags, wide)
        what = "flags %d, %s" % (flags, "wide" if wide else "narrow")
        error_in(six, spi, 1)
        lab.counted({right: 1}, what)
        # its own policy, or that of what it quotes
        equal(sum(lab.met().values()), int(wide or right == "in_ok"),
              "policies that it met, " + what)
        for seq, case in enumerate(wrong, 2):
            error_in(six, spi, seq, **case)
            lab.counted({other: 1}, "%s, %r" % (what, case))
    # what cannot be read is not what it should be
    spi = setup_in(six, ICMP_CHECK, True)
    for seq, case in enumerate((
            dict(mangle=lambda q: bytes([q[0] & 15]) + q[1:]),
            # a length below that of a header; a header that is too long
            dict(mangle=lambda q: q[:6] + b"\0" + q[7:] if six else
                 q[:2] + b"\0\1" + q[4:]),
            dict(cut=True)), 1):
        error_in(six, spi, seq, **case)
        lab.counted({"in_icmp_quote": 1}, "unreadable, %d" % seq)
    # an error goes to who sent what it quotes, and to nobody else
    spi = setup_in(six, ICMP, False)
    error_in(six, spi, 1, dst="fd00:1::7" if six else "192.168.1.7")
    lab.counted({"in_icmp_quote": 1}, "another receiver")
    # where policy knows the error and refuses it, the quote does not help
    spi = setup_in(six, ICMP, False)
    lab.policy("in", "::/0" if six else "0.0.0.0/0", IN6 if six else IN4,
               58 if six else 1, action="discard")
    error_in(six, spi, 1)
    lab.counted({"in_policy": 1}, "a policy against ICMP")
    # nothing but errors is let in by what it says
    spi = setup_in(six, ICMP, False)
    far, near = (FAR6, IN6) if six else (FAR4, IN4)
    for seq, kind in enumerate(((8, 128), (0, 129)), 1):
        inner = icmp_packet(far, near, icmp(six, kind, 0, 0, udp_packet(
            near, far, PORT, FAR_PORT, b"12345678")))
        lab.wire.send(ip(PEER4, OUT4, 50, null.seal(
            spi, seq, 41 if six else 4, inner)))
        lab.counted({"in_policy": 1}, "ICMP type %r" % (kind,))


def halves(six, proto, body):
    """A datagram to n from behind the peer, in two fragments."""
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    cut = len(body) // 16 * 8
    for off, part in ((0, body[:cut]), (cut, body[cut:])):
        if six:
            yield lib.ipv6(src, dst, 44, struct.pack(
                "!BBHI", proto, 0, off | (not off), 7) + part)
        else:
            yield lib.ipv4(src, dst, proto, part, ident=7,
                           frag=(not off) << 13 | off >> 3)


def fragments_in(six):
    """RFC 4301 section 6.2 is about errors: other fragments are let in."""
    far, near = (FAR6, IN6) if six else (FAR4, IN4)
    proto = 58 if six else 1
    seq = 0

    def come(parts, want, what):
        nonlocal seq
        lab.mark()
        for p in parts:
            seq += 1
            lab.wire.send(ip(PEER4, OUT4, 50, null.seal(
                spi, seq, 41 if six else 4, p)))
        lab.counted(want, what)

    lab.reset()
    spi = lab.sa(null, "in", flags=ICMP_CHECK)
    lab.policy("in", far, near)
    data = bytes(100)
    come(halves(six, 17, udp(far, near, FAR_PORT, PORT, data)), {"in_ok": 2},
         "UDP")
    equal((sock6 if six else sock4).recv(1000), data)
    head = 40 if six else 20
    echo = icmp_packet(far, near, icmp(six, (8, 128), 0, 1, data))[head:]
    come(halves(six, proto, echo), {"in_ok": 2}, "echo")
    # of an error the first one is what it is
    error = icmp_packet(far, near, icmp(six, (3, 1), 1, 0, udp_packet(
        near, far, PORT, FAR_PORT, data)))[head:]
    first, last = halves(six, proto, error)
    come([first], {"in_icmp_quote": 1}, "the first of an error")
    come([last], {"in_ok": 1}, "the last of an error")
    if six:
        # behind what stands there may be an error
        first, _ = halves(six, 60, bytes([58, 0, 1, 4, 0, 0, 0, 0]) + error)
        come([first], {"in_icmp_quote": 1}, "hidden")


def error_selector(six):
    """The same for the selector of the SA itself."""
    far, near = (FAR6, IN6) if six else (FAR4, IN4)
    for flags, right, other in ((0, "in_selector", "in_selector"),
                                (ICMP, "in_ok", "in_icmp_quote")):
        lab.reset()
        spi = lab.sa(null, "in", flags=flags, sel=lib.selector(far, near, 17))
        lab.policy("in", "::/0" if six else "0.0.0.0/0",
                   "::/0" if six else "0.0.0.0/0")
        lab.mark()
        error_in(six, spi, 1)
        lab.counted({right: 1})
        error_in(six, spi, 2, far="fd00:3::1" if six else "192.168.3.1")
        lab.counted({other: 1})


def delivered():
    """The error gets where it belongs."""
    spi = setup_in(False, ICMP, False)
    s = lab.listen(PORT + 1, host=IN4)
    s.connect((FAR4, FAR_PORT))
    lab.policy("in", FAR4, IN4, 17, None, (PORT + 1, PORT + 1))
    quoted = udp_packet(IN4, FAR4, PORT + 1, FAR_PORT, b"12345678")[:28]
    inner = icmp_packet("192.168.2.99", IN4, icmp(False, (3, 1), 3, 0, quoted))
    lab.wire.send(ip(PEER4, OUT4, 50, null.seal(spi, 1, 4, inner)))
    wait_for(lambda: s.getsockopt(1, 4) == 111, "connection refused")
    s.close()


class Inside:
    """A wire on the protected side of n: hosts that the tunnels are for."""
    near, far = ("10.5.0.1", "fd00:5::1"), ("10.5.0.9", "fd00:5::9")

    def __init__(self, vrf=None):
        lib.sh("ip", "link", "add", "pn", "netns", lab.n.ns, "address",
               lib.MAC_N.hex(":"), "type", "veth", "peer", "name", "pw",
               "netns", lab.w.ns)
        lab.w.ip("link set pw up")
        if vrf:
            lab.n.ip("link set pn master " + vrf)
        lab.n.ip("\n".join([
            "link set pn up", "addr add 10.5.0.1/24 dev pn",
            "addr add fd00:5::1/64 dev pn nodad"] + [
                "neigh add %s lladdr 02:00:00:00:00:02 dev pn nud permanent"
                % far for far in self.far]))
        self.wire = lib.Wire(lab.w, "pw")

    def close(self):
        lab.n.ip("link del pn")


def errors_inside():
    """RFC 4301 section 6.1.2: errors of the protected side, to this host, are
    as policy wants them by type and code."""
    inside = Inside()
    try:
        for six in (False, True):
            errors_of(inside, six)
    finally:
        inside.close()
        lab.reset()


def errors_of(inside, six):
    near, far = inside.near[six], inside.far[six]
    # port unreachable, told by who has the port
    number = 0x0104 if six else 0x0303
    s = lab.listen(PORT + 2, six, near)
    s.connect((far, FAR_PORT))
    error = icmp_packet(far, near, icmp(
        six, (3, 1), number & 255, 0,
        udp_packet(near, far, PORT + 2, FAR_PORT, b"12345678")))
    net = "fd00:5::/64" if six else "10.5.0.0/24"
    for low, high, taken in ((0, 0xffff, False), (number, number, False),
                             (number & 0xff00, number | 0xff, False),
                             (number + 1, number + 1, True),
                             (0, number - 1, True)):
        lab.reset()
        lab.policy("in", net, near, 58 if six else 1, types=(low, high),
                   action="discard")
        lab.mark()
        inside.wire.send(error)
        if taken:
            wait_for(lambda: s.getsockopt(1, 4) == 111, "connection refused")
            lab.counted({})
        else:
            lab.counted({"in_discard": 1}, "types %#x to %#x" % (low, high))
            equal(s.getsockopt(1, 4), 0, "error of the socket")
    # and those that policy allows by name, where all else is dropped
    lab.reset()
    lab.default("in", "discard")
    inside.wire.send(error)
    lab.counted({"in_discard": 1}, "default")
    lab.policy("in", net, near, 58 if six else 1, types=(number, number),
               action="bypass")
    inside.wire.send(error)
    wait_for(lambda: s.getsockopt(1, 4) == 111, "connection refused")
    s.close()


def errors_out(six):
    """An error of the gateway itself about what came through the tunnel."""
    src, dst = (FROM6, TO6) if six else (FROM4, TO4)
    for flags, default, want in ((ICMP, "bypass", 50), (ICMP, "discard", 50),
                                 (0, "bypass", 58 if six else 1),
                                 (0, "discard", "out_discard")):
        lab.reset()
        spi = lab.sa(null, "out", flags=flags)
        lab.policy("out", dst, src)
        lab.policy("out", OUT6 if six else OUT4, "ff00::/8" if six else
                   "224.0.0.0/4", action="bypass")
        lab.default("out", default)
        lab.mark()
        # one hop is left, and that was us
        lab.wire.send(udp_packet(src, dst, 1, 2, b"data",
                                 **{"hlim" if six else "ttl": 1}))
        if isinstance(want, str):
            lab.counted({want: 1})
            lab.wire.silent()
            continue
        p = wait_for(lab.wire.recv, "the error")
        outer6 = p[0] >> 4 == 6
        equal(p[6] if outer6 else p[9], want, "flags %d" % flags)
        if want != 50:
            continue
        got = null.open(p[20:])
        equal(got[0], spi, "SPI")
        inner = got[3]
        head = 40 if six else 20
        equal((inner[6 if six else 9], inner[head]),
              (58, 3) if six else (1, 11), "time exceeded")
        lab.counted({"out_ok": 1})
    lab.reset()


def error_class():
    """It is of its own class of traffic, not of that of what it quotes."""
    lab.reset()

    def sa(dscp):
        return lab.sa(null, "out", flags=ICMP,
                      extra=[attr(C["A_SA_DSCP_SET"], lib.u64(1 << dscp))])
    internetwork_control = sa(48)
    sa(0)
    lab.policy("out", TO4, FROM4)
    lab.mark()
    lab.wire.send(udp_packet(FROM4, TO4, 1, 2, b"data", ttl=1))
    got = null.open(wait_for(lab.wire.recv, "the error")[20:])
    equal(got[3][1] >> 2, 48, "DSCP of the error")
    equal(got[0], internetwork_control, "SPI")
    lab.counted({"out_ok": 1})
    lab.reset()


lab.forward()
for v in (False, True):
    tag = "IPv%s" % "64"[not v]
    report.add("path MTU learned, " + tag, learned, v)
    report.add("path MTU of the SA, " + tag, of_the_sa, v)
    report.add("path MTU aged, " + tag, aged, v)
    report.add("path MTU, not our packets, " + tag, not_ours, v)
    report.add("path MTU, transport mode, " + tag, transport, v)
    report.add("path MTU, packets in pieces, " + tag, in_pieces, v)
    report.add("path MTU told by two SAs, " + tag, told_by_two, v)
    report.add("SYN with data, " + tag, opening, v)
    report.add("path MTU told of many peers, " + tag, told_of_many, v)
    report.add("errors received, " + tag, errors_in, v)
    report.add("fragments received, " + tag, fragments_in, v)
    report.add("errors and the selector, " + tag, error_selector, v)
    report.add("errors sent, " + tag, errors_out, v)
report.add("errors of the protected side", errors_inside)
for v in (False, True):
    tag = "IPv%s" % "64"[not v]
    report.add("path MTU told into a VRF, " + tag, told_in_vrf, v)
    report.add("no redirects, " + tag, redirects, v)
report.add("path MTU, a route of its own", marked)
report.add("path MTU, DF as the sender likes", as_it_likes)
report.add("path MTU, and fragments not wanted", no_fragments)
report.add("path MTU, said by the host's own stack", own_stack)
report.add("path MTU told, and a tunnel", told_and_tunnel)
report.add("path MTU told, and a label", told_with_label)
report.add("a datagram out of a file", spliced)
report.add("class of an error sent", error_class)
report.add("path MTU below that of IPv6", least_ipv6)
report.add("path MTU, behind options", behind_options)
report.add("error delivered", delivered)
sys.exit(report.run())
