# SPDX-License-Identifier: GPL-2.0
"""What packets that a gateway forwards bring along from where they came: a checksum
that a guest has left to be written, and the size of the fragments they were.

The topology is that of lib.py, and host n forwards.
"""
import socket
import struct
import sys

import lib
from lib import (C, FAR4, IN4, OUT4, OUT6, PEER4, PEER6, Algo, equal, ip, nothing,
                 udp, udp_packet, wait_for)

FROM4, TO4 = "192.168.2.5", "10.8.8.8"
FROM6, TO6 = "fd00:2::5", "fd00:8::8"
PORT = 4000
DF, MF = 0x4000, 0x2000
LINK = 14                               # bytes of the link's header
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock = lab.listen(PORT)
report = lib.Report()


def prepare():
    lab.forward()
    lab.n.ip("route add 10.8.0.0/16 via 10.0.0.2 mtu lock 1400\n"
             "route add fd00:9::/64 via fd00::2 mtu lock 1400")


def hosts(six):
    return (FROM6, TO6) if six else (FROM4, TO4)


def head(six):
    return 40 if six else 20


def opened(p):
    return null.open(p[20:])[3]


# Checksums

class Guest:
    """Who sends as a virtual machine does, by a packet socket."""

    def __init__(self):
        self.sock = lab.w.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.bind(("vw", 0))
        self.sock.setsockopt(263, 15, 1)    # PACKET_VNET_HDR

    def send(self, packet, start, offset):
        """The checksum from @start to the end is missing, @offset behind that."""
        kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
        self.sock.send(struct.pack("=BBHHHH", 1, 0, 0, 0, LINK + start, offset) +
                       lib.MAC_N + lib.MAC_W + struct.pack("!H", kind) + packet)


def fold(data):
    """Without its complement."""
    return lib.csum(data) ^ 0xffff


def unfinished(six, proto):
    """Packet whose checksum is that of the pseudo-header, and the finished one."""
    src, dst = hosts(six)
    if proto == 17:
        whole = udp_packet(src, dst, 1, 2, b"data")
        at = 6
        pseudo = lib.addr(src) + lib.addr(dst) + struct.pack("!II", 12, 17)
    else:
        body = struct.pack("!BBHHH", 128 if six else 8, 0, 0, 1, 1) + b"data"
        pseudo = b"" if not six else (lib.addr(src) + lib.addr(dst) +
                                      struct.pack("!II", len(body), 58))
        total = struct.pack("!H", lib.csum(pseudo + body))
        whole = ip(src, dst, 58 if six else 1, body[:2] + total + body[4:])
        at = 2
    at += head(six)
    return whole[:at] + struct.pack("!H", fold(pseudo)) + whole[at + 2:], whole


def protect(six):
    lab.reset()
    spi = lab.sa(null, "out")
    lab.policy("out", *hosts(six), six=False)
    lab.mark()
    return spi


def hop(packet):
    """Without what a router changes."""
    if packet[0] >> 4 == 6:
        return packet[:7] + packet[8:]
    return packet[:8] + packet[9:10] + packet[12:]


def finished(six, proto):
    protect(six)
    part, whole = unfinished(six, proto)
    guest.send(part, head(six), 6 if proto == 17 else 2)
    got = opened(wait_for(lab.wire.recv, "a packet"))
    equal(hop(got), hop(whole), "packet")
    lab.counted({"out_ok": 1})


def spoiling(six, proto):
    """Where it would be something that policy has looked at."""
    to = 24 if six else 16              # the destination's address
    cases = [(head(six), 0), (head(six) - 2, 2), (8, to - 8 + 2), (8, to - 8)]
    if proto == 17:
        cases += [(head(six), 2), (head(six) - 2, 4), (head(six) - 2, 8)]
    else:                               # what an error would quote
        cases += [(head(six), 8), (head(six) + 8, 2)]
    part = unfinished(six, proto)[0]
    protect(six)
    for start, offset in cases:
        guest.send(part, start, offset)
        lab.counted({"out_csum": 1}, "%d, %d" % (start, offset))
    lab.reset()
    lab.policy("out", *hosts(six), action="bypass")
    lab.mark()
    for start, offset in cases:
        guest.send(part, start, offset)
        lab.counted({"out_csum": 1}, "bypass, %d, %d" % (start, offset))
    lab.wire.silent()
    guest.send(part, head(six), 6 if proto == 17 else 2)
    wait_for(lab.wire.recv, "what is left to be done right")


# Fragments

def fragments(packet, size, df=0):
    """Of a packet without any: payloads of @size."""
    six = packet[0] >> 4 == 6
    body = packet[head(six):]
    out = []
    for off in range(0, len(body), size):
        piece = body[off:off + size]
        more = off + size < len(body)
        if six:
            out.append(ip(*hosts(True), 44, struct.pack(
                "!BBHI", 17, 0, off | more, 77) + piece))
        else:
            out.append(ip(*hosts(False), 17, piece, ident=77,
                          frag=df | (MF if more else 0) | off >> 3))
    return out


def joined(parts):
    """Payload of the datagram that these are."""
    body = {}
    for p in parts:
        if p[0] >> 4 == 6:
            equal(p[6], 44, "fragment header")
            body[struct.unpack_from("!H", p, 42)[0] & ~7] = p[48:]
        else:
            body[(struct.unpack_from("!H", p, 6)[0] & 0x1fff) * 8] = p[20:]
    out = b""
    for off in sorted(body):
        equal(off, len(out), "offset")
        out += body[off]
    return out


def as_they_came(six, df, length, size):
    """Not larger than the path behind the other end takes."""
    src, dst = hosts(six)
    lab.reset()
    lab.sa(null, "out")
    # by port: they are put together before
    lab.policy("out", src, dst, 17, dport=(2, 2))
    lab.mark()
    whole = udp_packet(src, dst, 1, 2, bytes(i % 251 for i in range(length)))
    parts = fragments(whole, size, df)
    for p in parts:
        lab.wire.send(p)
    got = [opened(wait_for(lab.wire.recv, "packet %d of %d" % (i, len(parts))))
           for i in range(len(parts))]
    # every link of IPv6 takes 1280
    equal(max(map(len, got)) <= max(1280 * six, *map(len, parts)), True,
          "sizes %r" % list(map(len, got)))
    equal(joined(got), whole[head(six):], "datagram")
    lab.wire.silent()
    lab.counted({"out_ok": len(parts)})


def cut_anew(six):
    """They lack room for the headers of the way that they would have gone."""
    lab.n.ip("link add link vn name vn.5 type vlan id 5\nlink set vn.5 up\n"
             "route add %s dev vn.5" % hosts(six)[1])
    try:
        as_they_came(six, DF, 5000, 1200)
    finally:
        lab.n.ip("link del vn.5")


def as_one():
    """Where a router may still cut it: nobody has asked for fragments."""
    lab.reset()
    lab.sa(null, "out")
    lab.policy("out", FROM4, TO4, 17, dport=(2, 2))
    lab.mark()
    whole = udp_packet(FROM4, TO4, 1, 2, bytes(1300))
    for p in fragments(whole, 800):
        lab.wire.send(p)
    equal(opened(wait_for(lab.wire.recv, "a packet"))[20:], whole[20:])
    lab.counted({"out_ok": 1})


def too_big(six, outer6):
    """What was in fragments is not what is inside: that is not cut on its way."""
    src, dst = ("fd00:2::5", "fd00:9::9") if six else (FROM4, TO4)
    lab.reset()
    spi = lab.sa(null, "in", six=outer6)
    lab.policy("in", src, dst, six=outer6)
    if outer6:
        ends = (PEER6, OUT6)
    else:
        ends = (PEER4, OUT4)
        lab.policy("in", FAR4, IN4, 17, dport=(9, 9))   # who has fragments gathered
    lab.mark()
    inner = udp_packet(src, dst, 1, 2, bytes(1440 - 8 - head(six)),
                       **({} if six else {"frag": DF}))
    esp = null.seal(spi, 1, 41 if six else 4, inner)
    if outer6:
        for off, more in ((0, 1), (800, 0)):
            piece = esp[off:800] if more else esp[off:]
            lab.wire.send(ip(*ends, 44, struct.pack("!BBHI", 50, 0, off | more, 7) +
                             piece))
    else:
        for off, more in ((0, MF), (800, 0)):
            piece = esp[off:800] if more else esp[off:]
            lab.wire.send(ip(*ends, 50, piece, ident=7, frag=more | off >> 3))
    got = wait_for(lab.wire.recv, "an error")
    if six:
        equal((got[6], got[40], struct.unpack_from("!I", got, 44)[0]), (58, 2, 1400),
              "packet too big")
    else:
        equal((got[9], got[20], got[21], struct.unpack_from("!H", got, 26)[0]),
              (1, 3, 4, 1400), "fragmentation needed")
    lab.wire.silent()
    lab.counted({"in_ok": 1})


prepare()
guest = Guest()
for v6 in False, True:
    tag = "IPv6" if v6 else "IPv4"
    for number, name in ((17, "UDP"), (58 if v6 else 1, "ICMP")):
        report.add("checksum of a guest's %s, %s" % (name, tag), finished, v6, number)
        report.add("checksum of a guest's %s where it must not be, %s" % (name, tag),
                   spoiling, v6, number)
    report.add("fragments as they came, " + tag, as_they_came, v6, DF, 1330, 1200)
    report.add("many fragments as they came, " + tag, as_they_came, v6, DF, 5000, 1200)
    report.add("many fragments cut anew, " + tag, cut_anew, v6)
    report.add("too big behind a tunnel over IPv6, " + tag, too_big, v6, True)
    report.add("too big behind a tunnel over IPv4, " + tag, too_big, v6, False)
report.add("fragments without DF, IPv4", as_one)
sys.exit(report.run())
