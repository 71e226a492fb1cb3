# SPDX-License-Identifier: GPL-2.0
"""Packets at random: the host goes on, each packet for an SA is counted, and nothing
but ESP leaves.

The topology is that of lib.py. Most packets are nearly right, so that they come far:
headers in any order, lengths that are too long, bytes that are others, and all of that
within packets whose ICV is right. The packets are the same in each run;
NFIPSEC_FUZZ_SEED has others made, NFIPSEC_FUZZ_COUNT says how many.
"""
import os
import random
import select
import socket
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, SCALE, Algo,
                 addr, attr, csum, equal, ipv4, ipv6, u8, u16, udp, udp_packet,
                 wait_for)

PORT, FAR_PORT, NATT = 4000, 5000, 4500
ESP, AH, COMP = 50, 51, 108
# counted of packets that go on, and are counted once more for what came of them
GOES_ON = ("in_ecn_unused", "in_ecn_danger", "in_comp", "in_esn_resync")
# between these packets go in BEET mode
BEET4, BEET6 = ("192.168.2.3", "192.168.1.3"), ("fd00:2::3", "fd00:1::3")
SEED = int(os.environ.get("NFIPSEC_FUZZ_SEED", "1"))
COUNT = int(os.environ.get("NFIPSEC_FUZZ_COUNT", "0")) or max(200, int(15 * SCALE))
BATCH = 250
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 9)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()
rnd = random.Random()
lab.n.ip("addr add %s/32 dev lo\naddr add %s/128 dev lo nodad" % (BEET4[1], BEET6[1]))


# What packets are made of

def some(most=64):
    return rnd.randbytes(rnd.choice((0, 1, 7, 8, rnd.randrange(most + 1))))


def quoted(src, dst):
    """Of a packet that would have gone the other way, or of ESP."""
    if rnd.random() < 0.5:
        return plain(dst, src)
    data = struct.pack("!II", rnd.choice((0x1001, 0x1002, 0x5555)), 7) + some()
    ends = (OUT6, PEER6) if ":" in src else (OUT4, PEER4)
    return lib.ip(*ends, ESP, data)


def icmp_error(src, dst):
    if ":" in src:
        head = struct.pack("!BBHI", rnd.choice((1, 2, 3, 4)), rnd.randrange(8), 0,
                           rnd.choice((0, 1280, 1400, 68, 0xffffffff)))
        data = head + quoted(src, dst)[:rnd.choice((40, 48, 200, 1200))]
        pseudo = addr(src) + addr(dst) + struct.pack("!II", len(data), 58)
        return 58, data[:2] + struct.pack("!H", csum(pseudo + data)) + data[4:]
    head = struct.pack("!BBHHH", rnd.choice((3, 4, 5, 11, 12)), rnd.randrange(16), 0,
                       0, rnd.choice((0, 68, 552, 1400, 0xffff)))
    data = head + quoted(src, dst)[:rnd.choice((20, 28, 100, 540))]
    return 1, data[:2] + struct.pack("!H", csum(data)) + data[4:]


def upper(src, dst):
    """(protocol, bytes)"""
    kind = rnd.randrange(12)
    if kind < 4:
        return 17, udp(src, dst, FAR_PORT, rnd.choice((PORT, PORT, NATT, 500)),
                       some(900))
    if kind == 4:
        return 6, struct.pack("!HHIIBBHHH", FAR_PORT, PORT, rnd.getrandbits(32), 0,
                              rnd.choice((0x50, 0x60, 0xf0, 0x10)),
                              rnd.choice((2, 4, 16, 18)), 1000, 0, 0) + some()
    if kind == 5:
        return (58 if ":" in src else 1), struct.pack(
            "!BBHHH", rnd.choice((8, 128, 129, 0, 135, 255)), 0, 0, 1, 1) + some()
    if kind < 8:
        return icmp_error(src, dst)
    if kind == 8:
        return ESP, struct.pack("!II", rnd.choice((0x1001, 0x1002, 0, 1)), 1) + some()
    if kind == 9:
        return AH, struct.pack("!BBHII", 17, rnd.choice((4, 5, 0, 255)), 0, 0x1001,
                               1) + some()
    if kind == 10:
        return COMP, struct.pack("!BBH", 17, 0, rnd.choice((2, 3, 0x1001))) + some()
    return rnd.choice((4, 41, 47, 59, 132, 136, 33, 255)), some()


def options():
    out = rnd.choice((b"", b"\x01" * 4, b"\x07\x07\x04" + bytes(4) + b"\x01",
                      b"\x83\x07\x04" + addr(FAR4) + b"\x01",
                      b"\x94\x04\0\0", b"\x44\x08\x05\0" + bytes(4)))
    return out if rnd.random() < 0.9 else rnd.randbytes(4 * rnd.randrange(11))


def extensions(proto, data):
    """(next header, bytes) with headers of IPv6 in front."""
    for _ in range(rnd.choice((0, 0, 1, 1, 2, 3, 17))):
        kind = rnd.choice((0, 43, 44, 60, 60, 135, 139, AH))
        if kind == 44:
            frag = rnd.choice((0, 0, 1, 8, 9, 0xfff8))
            data = struct.pack("!BBHI", proto, 0, frag, rnd.randrange(4)) + data
        elif kind == 43:
            data = struct.pack("!BBBBI", proto, 2, rnd.choice((0, 2, 3, 4)),
                               rnd.choice((0, 1, 9)), 0) + addr(FAR6) + data
        elif kind == AH:
            data = struct.pack("!BBHII", proto, 4, 0, 0x1001, 1) + bytes(12) + data
        else:
            size = rnd.choice((0, 0, 1, 2, 30))
            body = rnd.choice((b"\x01\x04" + bytes(4), b"\xc2\x04" + bytes(4),
                               b"\xc9\x10" + bytes(4), rnd.randbytes(6)))
            data = bytes([proto, size]) + body + bytes(8 * size) + data
        proto = kind
    return proto, data


def plain(src, dst):
    """A packet that is right in most of what it says."""
    proto, data = upper(src, dst)
    if ":" in src:
        proto, data = extensions(proto, data)
        return ipv6(src, dst, proto, data, tclass=rnd.getrandbits(8),
                    hlim=rnd.choice((64, 1, 255)))
    frag = rnd.choice((0, 0, 0, 0x4000, 0x2000, 0x2001, 5, 0x1fff))
    return ipv4(src, dst, proto, data, tos=rnd.getrandbits(8), frag=frag,
                ttl=rnd.choice((64, 1, 255)), ident=rnd.randrange(4),
                options=options())


def spoilt(p):
    """Something of it is another, or not there."""
    p = bytearray(p)
    for _ in range(rnd.choice((0, 1, 1, 2, 4))):
        if not p:
            break
        how = rnd.randrange(6)
        at = rnd.randrange(min(len(p), rnd.choice((4, 24, 64, 1500))))
        if how == 0:
            del p[at:]
        elif how == 1:
            p += some(300)
        elif how == 2:
            p[at] ^= 1 << rnd.randrange(8)
        elif how == 3:
            p[at] = rnd.choice((0, 1, 0x45, 0x60, 0x7f, 0x80, 0xff))
        elif how == 4:
            p[at:at + 2] = rnd.choice((b"\0\0", b"\xff\xff", b"\0\x14", b"\x05\xdc"))
        else:
            del p[at:at + rnd.randrange(1, 9)]
    return bytes(p[:1400])


def ordered(p):
    """With a version and a checksum that are right, or the stack looks no further."""
    if not p or rnd.random() < 0.1:
        return p
    if p[0] >> 4 == 6 or len(p) < 20:
        return p
    p = bytearray(p)
    p[0] = 0x40 | (p[0] & 15)
    size = max(20, 4 * (p[0] & 15))
    p[10:12] = b"\0\0"
    p[10:12] = struct.pack("!H", csum(bytes(p[:size])))
    return bytes(p)


# The SAs

class Way:
    """An SA that n receives by."""

    def __init__(self, mode, six, algo, encap=False, nested=None):
        self.mode, self.six, self.algo, self.encap = mode, six, algo, encap
        self.seq, self.nested = 1, nested
        extra = []
        if encap:
            extra = [attr(C["A_SA_ENCAP"], [
                attr(C["A_ENCAP_TYPE"], u8(C["ENCAP_TYPE_ESPINUDP"])),
                attr(C["A_ENCAP_SPORT"], u16(NATT)),
                attr(C["A_ENCAP_DPORT"], u16(NATT))])]
        sel = None
        if mode == "beet":
            sel = lib.selector(*self.inner())
        self.spi = lab.sa(algo, "in", mode, six, extra=extra, sel=sel)

    def outer(self):
        return (PEER6, OUT6) if self.six else (PEER4, OUT4)

    def inner(self):
        if self.mode == "transport":
            return self.outer()
        if self.mode == "beet":
            return BEET6 if self.six else BEET4
        return (FAR6, IN6) if self.six else (FAR4, IN4)

    def wrap(self, proto, payload, **more):
        esp = self.algo.seal(self.spi, self.seq, proto, payload, **more)
        self.seq += 1
        if self.encap:
            src, dst = self.outer()
            return lib.ip(src, dst, 17, udp(src, dst, NATT, NATT, esp))
        return lib.ip(*self.outer(), ESP, esp)

    def sealed(self, within=None):
        """Something at random, or just this packet, whose ICV is right."""
        src, dst = self.inner()
        if self.mode == "tunnel":
            proto = 41 if self.six else 4
            if rnd.random() < 0.2:      # of the other family
                src, dst = (FAR4, IN4) if self.six else (FAR6, IN6)
                proto = 45 - proto
            payload = within or ordered(spoilt(plain(src, dst)))
            if self.nested and len(payload) < 1200 and rnd.random() < 0.2:
                payload = self.nested.sealed(payload)
                proto = 41 if payload[0] >> 4 == 6 else 4
        else:
            proto, payload = upper(src, dst)
            if self.six:
                proto, payload = extensions(proto, payload)
            payload = spoilt(payload)
        if rnd.random() < 0.1:
            proto = rnd.randrange(256)
        more = {}
        if rnd.random() < 0.1:
            more = {"pad": rnd.randbytes(2 + -len(payload) % 4),
                    "padlen": rnd.randrange(256)}
        if rnd.random() < 0.01:
            self.seq += rnd.randrange(200)
        return self.wrap(proto, payload, **more)

    def right(self, data):
        src, dst = self.inner()
        if self.mode == "tunnel":
            return self.wrap(41 if self.six else 4,
                             udp_packet(src, dst, FAR_PORT, PORT, data))
        return self.wrap(17, udp(src, dst, FAR_PORT, PORT, data))


def ways():
    """All kinds of SA, and policies for what comes by them, and for nothing else."""
    lab.reset()
    out = []
    for six in False, True:
        tunnel = Way("tunnel", six, null)
        out += [tunnel, Way("tunnel", six, null, nested=tunnel),
                Way("transport", six, null), Way("beet", six, null),
                Way("tunnel", six, gcm, nested=tunnel),
                Way("tunnel", six, null, encap=True, nested=tunnel),
                Way("transport", six, null, encap=True)]
    lab.default("in", "discard")
    lab.default("out", "discard")
    for six in False, True:
        lab.policy("in", *((PEER6, OUT6) if six else (PEER4, OUT4)),
                   mode="transport", six=six)
        lab.policy("in", *((FAR6, IN6) if six else (FAR4, IN4)), six=six)
        lab.policy("in", *(BEET6 if six else BEET4), mode="beet", six=six)
        lab.sa(null, "out", "tunnel", six)
        lab.policy("out", "::/0" if six else "0.0.0.0/0",
                   "fd00:2::/64" if six else "192.168.2.0/24", six=six)
    # of fragments whose time was over before that, this host has told by ICMP
    lab.wire.drain()
    return out


# What is checked

def only_esp():
    """What has left n is ESP, whole or in fragments, between the gateways."""
    while (p := lab.wire.recv(0)) is not None:
        if p[0] >> 4 == 6:
            proto = p[40] if p[6] == 44 else p[6]
            ends = p[8:40] == addr(OUT6) + addr(PEER6)
        else:
            proto, ends = p[9], p[12:20] == addr(OUT4) + addr(PEER4)
        equal((proto, ends), (ESP, True), "left: " + p.hex())


def still_goes(way, number):
    """A packet that is right comes in."""
    sock = sock6 if way.six else sock4
    want = b"right %d" % number
    lab.wire.send(way.right(want))

    def came():
        while select.select([sock], [], [], 0)[0]:
            if sock.recv(65536) == want:
                return True
        return False

    wait_for(came, "a packet that is right, %s" % way.mode)


def counted():
    """How many packets for SAs have been counted, for whatever came of them."""
    return sum(n for name, n in lab.nl.stats().items()
               if name.startswith("in_") and name not in GOES_ON)


def batches(send):
    """Call send() COUNT times; look every now and then."""
    for done in range(0, COUNT, BATCH):
        for _ in range(BATCH):
            send()
        only_esp()
        yield done


def setup(name):
    rnd.seed("%d %s" % (SEED, name))
    return ways()


def authentic():
    """The ICV is right: all behind it is looked at, and each packet is counted."""
    all_ways = setup("authentic")
    for done in batches(lambda: lab.wire.send(rnd.choice(all_ways).sealed())):
        for way in all_ways:
            still_goes(way, done)
    before = counted()
    for _ in range(BATCH):
        lab.wire.send(rnd.choice(all_ways).sealed())
    wait_for(lambda: counted() - before >= BATCH, "all of them counted")
    only_esp()


def unauthentic():
    """Something outside of what the ICV covers, or of that, is another."""
    all_ways = setup("unauthentic")
    for done in batches(lambda: lab.wire.send(
            ordered(spoilt(rnd.choice(all_ways).sealed())) or b"\x45")):
        still_goes(all_ways[0], done)


def clear(src4, dst4, src6, dst6):
    """Without ESP, to this host or through it."""
    def send():
        six = rnd.random() < 0.5
        p = ordered(spoilt(plain(src6, dst6) if six else plain(src4, dst4)))
        lab.wire.send(p or b"\x45")

    all_ways = setup("clear " + dst4)
    for done in batches(send):
        still_goes(all_ways[0], done)


def forwarded():
    """What policy protects on its way out."""
    lab.forward()
    setup("forwarded")
    lab.default("in", "bypass")
    before = lab.nl.stats()

    def send():
        six = rnd.random() < 0.5
        p = plain("fd00:8::9", FAR6) if six else plain("192.168.9.9", FAR4)
        lab.wire.send(ordered(spoilt(p)) or b"\x45")

    for _ in batches(send):
        pass
    wait_for(lambda: lib.grown(before, lab.nl.stats()).get("out_ok", 0) > COUNT // 20,
             "some that were sealed")
    only_esp()


def own():
    """What this host sends by raw sockets, with headers of its own."""
    setup("own")
    raw4 = lab.n.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw6 = lab.n.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw6.setsockopt(41, 36, 1)              # IPV6_HDRINCL
    before = lab.nl.stats()

    def send():
        six = rnd.random() < 0.5
        p = spoilt(plain(IN6, FAR6) if six else plain(IN4, FAR4))
        try:
            if six:
                raw6.sendto(p, (FAR6, 0))
            else:
                raw4.sendto(p, (FAR4, 0))
        except OSError:
            pass                            # refused, and told

    for _ in batches(send):
        pass
    wait_for(lambda: lib.grown(before, lab.nl.stats()).get("out_ok", 0) > COUNT // 20,
             "some that were sealed")
    only_esp()


report.add("behind an ICV that is right", authentic)
report.add("behind one that is wrong", unauthentic)
report.add("in the clear to this host", clear, FAR4, IN4, FAR6, IN6)
report.add("in the clear to the gateway", clear, PEER4, OUT4, PEER6, OUT6)
report.add("of this host", own)
report.add("forwarded", forwarded)
sys.exit(report.run())
