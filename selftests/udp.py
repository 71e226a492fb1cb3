# SPDX-License-Identifier: GPL-2.0
"""ESP in UDP (RFC 3948), packets made by hand: what is ESP and what is not,
who may send it how, fragments and super-packets, checksums behind a NAT,
peers that move, keepalives, path MTU.

The topology is that of lib.py.
"""
import json
import select
import socket
import struct
import subprocess
import sys
import time
import zlib

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, addr, attr, csum, equal, ip, ipv4, ipv6, nothing,
                 u8, u16, u32, udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
NATT = 4500
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
lab = lib.Lab()
# checksums are complete on the wire
lab.n.exec("ethtool", "-K", "vn", "tx", "off")
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
ike4 = lab.listen(NATT)
ike6 = lab.listen(NATT, six=True)
report = lib.Report()


def encap(sport=NATT, dport=NATT, oa=None, keepalive=None):
    nest = [attr(C["A_ENCAP_TYPE"], u8(C["ENCAP_TYPE_ESPINUDP"])),
            attr(C["A_ENCAP_SPORT"], u16(sport)),
            attr(C["A_ENCAP_DPORT"], u16(dport))]
    if oa:
        nest.append(attr(C["A_ENCAP_OA"], addr(oa)))
    if keepalive:
        nest.append(attr(C["A_ENCAP_KEEPALIVE"], u32(keepalive)))
    return attr(C["A_SA_ENCAP"], nest)


def setup_in(algo, mode="tunnel", six=False, how=None, **more):
    """An SA and its policy for what comes in; how: encapsulation or None."""
    lab.reset()
    spi = lab.sa(algo, "in", mode, six, extra=(how,) if how else (), **more)
    if mode == "transport":
        src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    else:
        src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    lab.policy("in", src, dst, mode=mode, six=six)
    lab.mark()
    return spi


def ends(six):
    return (PEER6, OUT6) if six else (PEER4, OUT4)


def sealed(algo, spi, seq, six, data):
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    return algo.seal(spi, seq, 41 if six else 4,
                     udp_packet(src, dst, FAR_PORT, PORT, data))


def in_udp(six, payload, sport=NATT, dport=NATT, check=True, **kw):
    """A datagram from the peer; check: with a UDP checksum."""
    src, dst = ends(six)
    data = udp(src, dst, sport, dport, payload)
    if not check:
        data = data[:6] + b"\0\0" + data[8:]
    return ip(src, dst, 17, data, **kw)


def feed(packet, want, deliver=None, six=False, sock=None):
    lab.wire.send(packet)
    lab.counted(want)
    sock = sock or (sock6 if six else sock4)
    if deliver is not None:
        equal(sock.recv(65536), deliver, "delivered")
    for s in (sock4, sock6, ike4, ike6):
        nothing(s)


def received(name, six, check, ports):
    algo = Algo(name, 50)
    spi = setup_in(algo, six=six, how=encap(*ports))
    for seq, size in enumerate((0, 1, 64, 1200), 1):
        data = bytes(i & 255 for i in range(size))
        feed(in_udp(six, sealed(algo, spi, seq, six, data), *ports,
                    check=check), {"in_ok": 1}, data, six)


def other_way():
    for six in False, True:
        src, dst = ends(six)
        spi = setup_in(null, six=six, how=encap())
        feed(ip(src, dst, 50, sealed(null, spi, 1, six, b"x")), {"in_encap": 1})
        feed(in_udp(six, sealed(null, spi, 2, six, b"y")), {"in_ok": 1}, b"y",
             six)
        plain = lab.sa(null, "in", six=six)
        feed(in_udp(six, sealed(null, plain, 1, six, b"x")), {"in_encap": 1})
        feed(ip(src, dst, 50, sealed(null, plain, 2, six, b"z")), {"in_ok": 1},
             b"z", six)


def to_the_stack(packet, sock, data):
    lab.wire.send(packet)
    equal(sock.recv(65536), data, "delivered")
    lab.counted({})


def not_esp():
    for six, sock in (False, ike4), (True, ike6):
        lab.reset()
        # before there is an SA, a port is a port
        to_the_stack(in_udp(six, b"\xff"), sock, b"\xff")
        lab.sa(null, "in", six=six, extra=(encap(),))
        lab.mark()
        for data in (b"\0\0\0\0" + b"IKE" * 50, b"\xfe", b"\0", b"",
                     b"\xff\xff", b"abc", b"\0\0\0\0"):
            to_the_stack(in_udp(six, data), sock, data)
        feed(in_udp(six, b"\xff"), {"in_keepalive": 1})
        feed(in_udp(six, b"\xff", sport=999, check=False), {"in_keepalive": 1})
        # nobody's SPI
        feed(in_udp(six, struct.pack("!II", 0xabcdef, 1) + bytes(64)),
             {"in_no_sa": 1})
        # another port is not ours
        to_the_stack(in_udp(six, b"\xff", dport=PORT), sock6 if six else sock4,
                     b"\xff")
        # and once the SA is gone, neither is this one
        lab.nl.do("SA_FLUSH")
        lab.mark()
        to_the_stack(in_udp(six, b"\xff"), sock, b"\xff")


def judged():
    """What is not ESP is traffic in the clear like any other."""
    setup_in(null, how=encap())
    lab.default("in", "discard")
    lab.mark()
    feed(in_udp(False, b"\0\0\0\0IKE"), {"in_discard": 1})
    lab.policy("in", PEER4, OUT4, 17, None, (NATT, NATT), action="bypass")
    lab.mark()
    to_the_stack(in_udp(False, b"\0\0\0\0IKE"), ike4, b"\0\0\0\0IKE")


def lengths():
    """The UDP header says where ESP ends."""
    spi = setup_in(null, how=encap())
    src, dst = ends(False)
    esp = sealed(null, spi, 1, False, b"short")
    data = udp(src, dst, NATT, NATT, esp)
    feed(ipv4(src, dst, 17, data + b"trailing bytes"), {"in_ok": 1}, b"short")
    long = data[:4] + struct.pack("!H", len(data) + 1) + b"\0\0" + data[8:]
    lab.wire.send(ipv4(src, dst, 17, long))
    esp = struct.pack("!I", spi) + b"1"
    feed(in_udp(False, esp), {"in_truncated": 1})


def pieces(six, packet, size, ident):
    """IP fragments of a packet."""
    head = 40 if six else 20
    src, dst = ends(six)
    body, out = packet[head:], []
    for off in range(0, len(body), size):
        part = body[off:off + size]
        more = off + size < len(body)
        if six:
            fh = struct.pack("!BBHI", 17, 0, off | more, ident)
            out.append(ipv6(src, dst, 44, fh + part))
        else:
            out.append(ipv4(src, dst, 17, part, ident=ident,
                            frag=(0x2000 if more else 0) | off >> 3))
    return out


def fragments():
    for six in False, True:
        spi = setup_in(gcm, six=six, how=encap())
        data = bytes(i & 255 for i in range(1200))
        for seq, order in enumerate((1, -1), 1):
            parts = pieces(six, in_udp(six, sealed(gcm, spi, seq, six, data)),
                           504, seq)
            for part in parts[::order][:-1]:
                lab.wire.send(part)
            feed(parts[::order][-1], {"in_ok": 1}, data, six)


def fragments_clear():
    """Fragments of other UDP arrive too, and are judged when they are whole."""
    for six, sock in (False, ike4), (True, ike6):
        setup_in(gcm, six=six, how=encap())
        data = b"\0\0\0\0" + bytes(i & 255 for i in range(1200))
        parts = pieces(six, in_udp(six, data), 504, 7)
        for part in parts[:-1]:
            lab.wire.send(part)
        to_the_stack(parts[-1], sock, data)
        src, dst = ends(six)
        lab.policy("in", src, dst, 17, None, (NATT, NATT), six=six)
        lab.mark()
        parts = pieces(six, in_udp(six, data), 504, 8)
        for part in parts[:-1]:
            lab.wire.send(part)
        feed(parts[-1], {"in_clear": 1})


def super_packet():
    """Datagrams of one UDP GSO packet, which a veth hands over whole."""
    spi = setup_in(null, how=encap())
    lab.w.ip("addr add 10.0.0.2/24 dev vw\n"
             "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev vw nud permanent")
    try:
        s = lab.w.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((PEER4, NATT))
        s.connect((OUT4, NATT))
        texts = [b"datagram %d" % i for i in range(5)]
        esp = [sealed(null, spi, i, False, t) for i, t in enumerate(texts, 1)]
        esp[3] = b"\0\0\0\0" + esp[3][4:]
        s.setsockopt(17, 103, len(esp[0]))      # UDP_SEGMENT
        s.send(b"".join(esp))
        wait_for(lambda: lab.nl.stats()["in_ok"] - lab.base["in_ok"] == 4,
                 "four packets")
        got = [sock4.recv(2048) for _ in range(4)]
        equal(got, texts[:3] + texts[4:], "delivered")
        equal(ike4.recv(2048), esp[3], "the IKE message among them")
        lab.counted({"in_ok": 4})
    finally:
        lab.w.ip("addr flush dev vw")


# Transport mode: the peer's own address is REAL, the NAT's is PEER

REAL4, REAL6 = "192.168.99.9", "fd00:99::9"


def natted(six, algo, spi, seq, proto, payload):
    return in_udp(six, algo.seal(spi, seq, proto, payload))


def checksums(six, known):
    real, (_, dst) = (REAL6 if six else REAL4), ends(six)
    spi = setup_in(null, "transport", six, encap(oa=real if known else None))
    for seq, size in enumerate((0, 1, 2, 999), 1):
        data = bytes(size)
        feed(natted(six, null, spi, seq, 17,
                    udp(real, dst, FAR_PORT, PORT, data)), {"in_ok": 1}, data,
             six)
    if not six:
        bare = udp(real, dst, FAR_PORT, PORT, b"none")
        feed(natted(six, null, spi, 10, 17, bare[:6] + b"\0\0" + bare[8:]),
             {"in_ok": 1}, b"none")
    # TCP: an answer, if only a refusal, shows that the SYN was found good
    syn = struct.pack("!HHIIBBHHH", FAR_PORT, 9, 77, 0, 0x50, 2, 1000, 0, 0)
    pseudo = addr(real) + addr(dst) + struct.pack("!II", len(syn), 6)
    syn = syn[:16] + struct.pack("!H", csum(pseudo + syn)) + syn[18:]
    lab.wire.send(natted(six, null, spi, 11, 6, syn))
    lab.counted({"in_ok": 1})
    wait_for(lambda: lab.wire.recv(
        want=lambda p: p[6 if six else 9] == 6 and
        p[(40 if six else 20) + 13] & 4), "a reset")


def pseudo_header(src, dst, proto, size):
    return addr(src) + addr(dst) + struct.pack("!II", size, proto)


def partly_summed(proto, cover, size):
    """UDP-Lite or DCCP whose checksum, still zero, is to cover that much, as
    its header says; how much that is.
    """
    data = bytes(i & 255 for i in range(size))
    if proto == 136:
        packet = struct.pack("!HHHH", FAR_PORT, PORT, cover, 0) + data
        return packet, cover or len(packet)
    # with an option, a packet of type Data
    packet = struct.pack("!HHBBHBBHII", FAR_PORT, PORT, 5, cover, 0, 5, 0, 1,
                         2, 0) + data
    return packet, 20 + 4 * (cover - 1) if cover else len(packet)


def checksums_others(six, known):
    """UDP-Lite (RFC 3828) and DCCP (RFC 4340 section 9), seen by raw sockets:
    not every kernel has them.
    """
    real, (src, dst) = (REAL6 if six else REAL4), ends(six)
    spi = setup_in(null, "transport", six, encap(oa=real if known else None))
    raw = {proto: lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                               socket.SOCK_RAW, proto) for proto in (136, 33)}
    seq = 0
    for proto, covers in ((136, (0, 8, 9, 20, 108)), (33, (0, 1, 2, 15))):
        raw[proto].settimeout(5 * lib.SLOW)
        for cover in covers:
            seq += 1
            packet, part = partly_summed(proto, cover, 100)
            total = csum(pseudo_header(real, dst, proto, len(packet)) +
                         packet[:part])
            lab.wire.send(natted(six, null, spi, seq, proto, packet[:6] +
                                 struct.pack("!H", total) + packet[8:]))
            lab.counted({"in_ok": 1})
            got = raw[proto].recv(2000)[0 if six else 20:]
            equal(got[:6] + got[8:], packet[:6] + packet[8:], "the packet")
            equal(csum(pseudo_header(src, dst, proto, len(got)) + got[:part]),
                  0, "checksum of %d, coverage %d" % (proto, cover))
    # not even the header, or more than there is
    for proto, covers in ((136, (1, 7, 109, 65535)), (33, (1, 15))):
        for cover in covers:
            seq += 1
            packet, _ = partly_summed(proto, cover, 100)
            if proto == 33:
                doff = b"\1" if cover == 1 else b"\377"
                packet = packet[:4] + doff + packet[5:]
            lab.wire.send(natted(six, null, spi, seq, proto, packet[:6] +
                                 b"\x12\x34" + packet[8:]))
            lab.counted({"in_inner_hdr": 1})
        nothing(raw[proto])
    seq += 1
    packet, _ = partly_summed(136, 0, 100)
    lab.wire.send(natted(six, null, spi, seq, 136, packet))
    lab.counted({"in_ok": 1})
    equal(raw[136].recv(2000)[0 if six else 20:], packet, "zero stays zero")
    for s in raw.values():
        s.close()


def checksums_nested(six, known, inside):
    """The NAT's mark is on what other SAs are around as well."""
    real, (src, dst) = (REAL6 if six else REAL4), ends(six)
    lab.reset()
    protos, spis, tmpls = (50,) + inside, [], []
    for reqid, proto in enumerate(protos, 1):
        how = () if spis else (encap(oa=real if known else None),)
        spis.append(lab.sa(Deflate if proto == 108 else null, "in",
                           "transport", six, reqid=reqid, proto=proto,
                           extra=how))
        tmpls.insert(0, attr(C["A_POLICY_TMPL"], [
            attr(C["A_TMPL_PROTO"], u8(proto)),
            attr(C["A_TMPL_MODE"], u8(C["MODE_TRANSPORT"])),
            attr(C["A_TMPL_REQID"], u32(reqid))]))
    lab.nl.do("POLICY_NEW", attr(C["A_POLICY_DIR"], u8(C["DIR_IN"])),
              attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
              attr(C["A_POLICY_SELECTOR"], lib.selector(src, dst)), *tmpls)
    lab.mark()
    want = {"in_ok": 1, "in_comp": 1} if 108 in protos else {"in_ok": 1}
    for seq, size in enumerate((0, 1, 2, 999), 1):
        proto, data = 17, bytes(size)
        payload = udp(real, dst, FAR_PORT, PORT, data)
        for sa, spi in list(zip(protos, spis))[:0:-1]:
            if sa == 108:
                payload = struct.pack("!BBH", proto, 0, spi) + \
                    Deflate.pack(payload)
            else:
                payload = null.seal(spi, seq, proto, payload)
            proto = sa
        feed(natted(six, null, spis[0], seq, proto, payload), want, data, six)


def checksums_in_tunnel(six):
    """What is in a tunnel inside has addresses that the NAT did not see."""
    far, near = (FAR6, IN6) if six else (FAR4, IN4)
    lab.reset()
    how = encap(oa=REAL6 if six else REAL4)
    outer = lab.sa(null, "in", "transport", six, extra=(how,))
    inner = lab.sa(null, "in", "tunnel", six, reqid=2)
    tunnel = lib.Lab.policy_attrs("in", lib.selector(far, near), six=six,
                                  reqid=2)
    lab.nl.do("POLICY_NEW", *tunnel, attr(C["A_POLICY_TMPL"], [
        attr(C["A_TMPL_PROTO"], u8(50)),
        attr(C["A_TMPL_MODE"], u8(C["MODE_TRANSPORT"])),
        attr(C["A_TMPL_REQID"], u32(1))]))
    lab.mark()
    feed(natted(six, null, outer, 1, 50, sealed(null, inner, 1, six, b"good")),
         {"in_ok": 1}, b"good", six)


class Deflate:
    """In the place of an Algo, for an SA of IPComp."""

    @staticmethod
    def attrs():
        return [attr(C["A_SA_COMP_NAME"], "deflate")]

    @staticmethod
    def pack(data):
        c = zlib.compressobj(9, zlib.DEFLATED, -15)
        return c.compress(data) + c.flush()


def checksum_wrong():
    """With an address that is not the peer's the sum stays wrong."""
    spi = setup_in(null, "transport", False, encap(oa="192.168.99.8"))
    lab.wire.send(natted(False, null, spi, 1, 17,
                         udp(REAL4, OUT4, FAR_PORT, PORT, b"bad")))
    lab.counted({"in_ok": 1})
    wait_for(lambda: [x for x in lab.n.exec(
        "nstat", "-asz", "UdpInCsumErrors").splitlines()
        if x.startswith("Udp") and x.split()[1] != "0"], "the stack's no")
    nothing(sock4)


# Out

def sent(six, mode, ports):
    lab.reset()
    spi = lab.sa(gcm, "out", mode, six, extra=(encap(*ports),))
    peer, own = ends(six)
    src, dst = (own, peer) if mode == "transport" else \
        (IN6, FAR6) if six else (IN4, FAR4)
    lab.policy("out", src, dst, mode=mode, six=six)
    lab.mark()
    head = 40 if six else 20
    for seq, size in enumerate((0, 1, 3, 100, 1300), 1):
        (sock6 if six else sock4).sendto(bytes(size), (dst, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(p[6 if six else 9], 17, "protocol")
        sport, dport, length, check = struct.unpack_from("!HHHH", p, head)
        equal((sport, dport, length), ports + (len(p) - head,), "UDP header")
        if six:
            pseudo = p[8:40] + struct.pack("!II", length, 17)
            equal(csum(pseudo + p[head:]), 0, "checksum")
        else:
            equal(check, 0, "checksum")
        got = gcm.open(p[head + 8:])
        equal(got[:2], (spi, seq), "SPI and number")
        equal(len(got[3]), size + 8 + (0 if mode == "transport" else head),
              "payload")
        lab.counted({"out_ok": 1})


ARI, BOB = (61001, 1), (61002, 2)       # port that the NAT gives, reqid


def out_of_nat(six, algo, spi, seq, peer, proto, payload):
    """From one of the peers behind it."""
    return in_udp(six, algo.seal(spi, seq, proto, payload), peer[0])


def leaves(six, send):
    """What leaves n: (outer protocol, UDP port, SPI)."""
    lab.wire.drain()
    send()
    p = wait_for(lab.wire.recv, "a packet")
    head = 40 if six else 20
    if p[6 if six else 9] != 17:
        return p[6 if six else 9], None, None
    return 17, *struct.unpack_from("!H", p, head + 2), \
        *struct.unpack_from("!I", p, head + 8)


def behind_one_nat(six):
    """RFC 3948 section 5.2: Ari has UDP, Bob has TCP, Cliff ICMP in the clear;
    who is given what another has is refused, here or when it is used."""
    there, near = ends(six)
    lab.reset()
    spi = {}
    for peer in ARI, BOB:
        spi[peer] = (
            lab.sa(null, "out", "transport", six, reqid=peer[1],
                   extra=(encap(NATT, peer[0]),)),
            lab.sa(null, "in", "transport", six, reqid=peer[1],
                   extra=(encap(peer[0], NATT),)))
        proto = 17 if peer is ARI else 6
        lab.policy("out", near, there, proto, mode="transport",
                   reqid=peer[1])
        lab.policy("in", there, near, proto, mode="transport", reqid=peer[1])
    icmp = 58 if six else 1
    lab.policy("in", there, near, icmp, action="bypass")
    lab.policy("out", near, there, icmp, action="bypass")
    lab.mark()
    sock = sock6 if six else sock4

    def datagram(port=FAR_PORT):
        return leaves(six, lambda: sock.sendto(b"u", (there, port)))

    def connect():
        s = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                         socket.SOCK_STREAM)
        s.setblocking(False)
        s.connect_ex((there, 80))
        s.close()
    equal(datagram(), (17, ARI[0], spi[ARI][0]), "UDP")
    equal(leaves(six, connect), (17, BOB[0], spi[BOB][0]), "TCP")
    lab.mark()

    def arrives(peer, seq, want, port=FAR_PORT):
        feed(out_of_nat(six, null, spi[peer][1], seq, peer, 17,
                        udp(there, near, port, PORT, b"in")), {want: 1},
             b"in" if want == "in_ok" else None, six)
    arrives(ARI, 1, "in_ok")
    arrives(BOB, 1, "in_policy")
    feed(udp_packet(there, near, FAR_PORT, PORT, b"clear"), {"in_clear": 1})

    # the same for another peer
    for direction, src, dst in (("out", near, there), ("in", there, near)):
        before = lab.nl.tables()
        try:
            lab.policy(direction, src, dst, 17, mode="transport",
                       reqid=BOB[1])
        except Refused as e:
            equal(e.code, 17, e.text)
        else:
            raise AssertionError("a second policy for the same traffic")
        equal(lab.nl.tables(), before, "tables")
    # a part of it: from then on it is Bob's, and Ari's no more, both ways
    lab.policy("in", there, near, 17, (5001, 5001), None, mode="transport",
               reqid=BOB[1], priority=1)
    lab.policy("out", near, there, 17, None, (5001, 5001), mode="transport",
               reqid=BOB[1], priority=1)
    lab.policy("in", there, near, 17, None, None, mode="transport",
               reqid=ARI[1], priority=2, cmd="POLICY_UPDATE")
    lab.policy("out", near, there, 17, None, None, mode="transport",
               reqid=ARI[1], priority=2, cmd="POLICY_UPDATE")
    lab.mark()
    equal(datagram(5001), (17, BOB[0], spi[BOB][0]), "UDP, Bob's port")
    equal(datagram(), (17, ARI[0], spi[ARI][0]), "UDP, other ports")
    lab.mark()
    arrives(BOB, 2, "in_ok", 5001)
    arrives(ARI, 2, "in_policy", 5001)
    arrives(ARI, 3, "in_ok")


def icmp_in():
    out = lab.n.exec("nstat", "-asz", "IcmpInMsgs")
    return int(out.split("IcmpInMsgs")[1].split()[0])


def too_big():
    """What fits is less by the UDP header; a router's word for it counts.

    What the SA says is looked at: the stack minds such a message by itself.
    """
    lab.reset()
    spi = lab.sa(null, "out", extra=(encap(4600, 4601),))
    lab.policy("out", IN4, FAR4)
    lab.mark()

    def mtu():
        val = dict(lab.nl.dump("SA_GET")[0]).get(C["A_SA_PMTU"])
        return struct.unpack("=I", val)[0] if val else 0

    def needed(dport, the_spi, seq, size):
        quote = ipv4(OUT4, PEER4, 17, struct.pack(
            "!HHHHII", 4600, dport, 1000, 0, the_spi, seq) + bytes(16))
        icmp = struct.pack("!BBHHH", 3, 4, 0, 0, size) + quote
        icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
        before = icmp_in()
        lab.wire.send(ipv4(PEER4, OUT4, 1, icmp))
        wait_for(lambda: icmp_in() > before, "the message")
        return mtu()

    s = lab.listen(0, host=IN4)
    s.sendto(b"1", (FAR4, FAR_PORT))
    lab.counted({"out_ok": 1})
    wait_for(lab.wire.recv, "a packet")
    equal(needed(4602, spi, 1, 1200), 0, "MTU with another port")
    equal(needed(4601, spi + 1, 1, 1250), 0, "MTU with another SPI")
    equal(needed(4601, spi, 2, 1270), 0, "MTU with a number not sent yet")
    lab.n.exec("ip", "route", "flush", "cache")
    equal(needed(4601, spi, 1, 1300), 1300, "MTU learnt")
    # 1300 less IP 20, UDP 8, ESP 8, ICV 16 and tail 2, a multiple of 4
    fits = 1300 - 20 - 8 - 8 - 16 - 2
    fits -= (fits + 2) % 4
    s.setsockopt(0, 10, 2)      # IP_MTU_DISCOVER, DO
    s.sendto(bytes(fits - 28), (FAR4, FAR_PORT))
    lab.counted({"out_ok": 1})
    equal(len(wait_for(lab.wire.recv, "a packet")) <= 1300, True, "it fits")
    try:
        s.sendto(bytes(fits - 27), (FAR4, FAR_PORT))
    except OSError:
        pass
    lab.counted({"out_too_big": 1})
    lab.n.exec("ip", "route", "flush", "cache")


# A peer that moves

class Monitor:
    """nfipsec monitor, running."""

    def __init__(self, *opts):
        self.p = subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", *opts,
             "monitor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0)

    def line(self, seconds=5):
        end = seconds * lib.SLOW if seconds else 0
        if not select.select([self.p.stdout], [], [], end)[0]:
            return None
        return self.p.stdout.readline().decode()

    def close(self):
        self.p.terminate()
        self.p.communicate()


def members():
    """Netlink sockets of n that joined a group."""
    return sum(int(line.split()[3], 16) != 0 for line in lab.n.exec(
        "cat", "/proc/net/netlink").splitlines()[1:]
        if line.split()[1] == "16")


def unheard():
    """Who was not there when a peer moved is told as well."""
    before = members()
    spi = setup_in(null, how=encap(NATT, NATT), reqid=7)
    lab.nl.do("POLICY_FLUSH")
    lab.policy("in", FAR4, IN4, reqid=7)
    lab.mark()
    feed(in_udp(False, sealed(null, spi, 1, False, b"1"), sport=2222),
         {"in_ok": 1}, b"1")
    mon = Monitor("-j")
    try:
        wait_for(lambda: members() == before + 1, "the monitor")
        seqs = iter(range(2, 1000))

        def told():
            feed(in_udp(False, sealed(null, spi, next(seqs), False, b"n"),
                        sport=2222), {"in_ok": 1}, b"n")
            return mon.line(0.5)
        said = json.loads(wait_for(told, "an event", 60))
        equal((said["event"], said["new_sport"]), ("mapping", 2222))
    finally:
        mon.close()


def moves(six):
    peer, own = ends(six)
    before = members()
    mon, text = Monitor("-j"), Monitor()
    try:
        wait_for(lambda: members() == before + 2, "the monitors")
        spi = setup_in(null, six=six, how=encap(NATT, NATT), reqid=7)
        lab.sa(null, "out", six=six, extra=(encap(NATT, NATT),), spi=spi)
        src, dst = (IN6, FAR6) if six else (IN4, FAR4)
        lab.nl.do("POLICY_FLUSH")
        lab.policy("in", dst, src, six=six, reqid=7)
        lab.policy("out", src, dst, six=six, reqid=1)
        lab.mark()
        feed(in_udp(six, sealed(null, spi, 1, six, b"1")), {"in_ok": 1}, b"1",
             six)
        # whoever has no key tells nothing
        bad = sealed(null, spi, 2, six, b"2")
        feed(in_udp(six, bad[:-1] + bytes([bad[-1] ^ 1]), sport=1111),
             {"in_auth": 1})
        feed(in_udp(six, sealed(null, spi, 1, six, b"1"), sport=1112),
             {"in_replay": 1})
        for seq in 2, 3:
            feed(in_udp(six, sealed(null, spi, seq, six, b"m"), sport=2222),
                 {"in_ok": 1}, b"m", six)
        want = {"event": "mapping", "dst": own, "proto": "esp",
                "spi": "0x%08x" % spi, "reqid": 7, "src": peer, "sport": NATT,
                "new_src": peer, "new_sport": 2222}
        equal(json.loads(mon.line()), want, "event")
        equal(text.line(), "mapping dst %s proto esp spi 0x%08x reqid 7 src %s "
              "sport 4500 new-src %s new-sport 2222\n" % (own, spi, peer, peer),
              "text")
        # not followed
        (sock6 if six else sock4).sendto(b"out", (dst, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!HH", p, 40 if six else 20), (NATT, NATT),
              "ports")
        lab.counted({"out_ok": 1})
        # another address, which is told when a second has passed
        seqs = iter(range(5, 1000))

        def told_from(src2):
            def told():
                packet = ip(src2, own, 17, udp(
                    src2, own, 2222, NATT,
                    sealed(null, spi, next(seqs), six, b"n")))
                feed(packet, {"in_ok": 1}, b"n", six)
                return mon.line(0.1)
            want["new_src"] = src2
            equal(json.loads(wait_for(told, "an event")), want, "next event")
            equal(src2 in text.line(), True, "next line")

        told_from("fd00::77" if six else "10.0.0.77")
        # back home: nothing is told, so that what comes next is another move
        feed(in_udp(six, sealed(null, spi, next(seqs), six, b"o")),
             {"in_ok": 1}, b"o", six)
        told_from("fd00::78" if six else "10.0.0.78")
    finally:
        mon.close()
        text.close()


def not_for_all():
    """Who has no CAP_NET_ADMIN does not hear of it."""
    answer = lab.nl.talk(16, 3, attr(2, "nfipsec"))[0]
    groups = [dict(lib.attrs(g)) for _, g in lib.attrs(dict(answer)[7])]
    equal([g[1] for g in groups], [b"events\0", b"changes\0"], "groups")
    for group in groups:
        code = ("import os, socket, sys\n"
                "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
                "s = socket.socket(16, 3, 16); s.bind((0, 0))\n"
                "try: s.setsockopt(270, 1, %d)\n"
                "except PermissionError: sys.exit(0)\n"
                "sys.exit(1)\n" % struct.unpack("=I", group[2])[0])
        lab.n.exec("python3", "-c", code)


# Keepalives

def is_keepalive(six):
    head = 40 if six else 20
    return lambda p: p[6 if six else 9] == 17 and p[head + 8:] == b"\xff"


def keepalives(six):
    lab.reset()
    spi = lab.sa(null, "out", six=six, extra=(encap(4600, 4601, keepalive=1),))
    src, dst = (IN6, FAR6) if six else (IN4, FAR4)
    lab.policy("out", src, dst, six=six)
    own, head = ends(six)[1], 40 if six else 20
    p = wait_for(lambda: lab.wire.recv(want=is_keepalive(six)), "a keepalive")
    equal(struct.unpack_from("!HHH", p, head), (4600, 4601, 9), "UDP header")
    equal(p[8:24] if six else p[12:16], addr(own), "source")
    if six:
        equal(csum(p[8:40] + struct.pack("!II", 9, 17) + p[head:]), 0,
              "checksum")
    else:
        equal(p[head + 6:head + 8], b"\0\0", "checksum")
    wait_for(lambda: lab.wire.recv(want=is_keepalive(six)), "another")
    # none while there is traffic, if it comes often enough
    quiet(six, dst)
    # none once the SA is gone, while another's come and come again
    begun, interval = time.monotonic(), 2 if six else 1
    lab.sa(null, "out", six=six,
           extra=(encap(4602, 4603, keepalive=interval),))
    lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(ends(six)[0])),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)))
    lab.wire.drain()

    def others():
        p = wait_for(lambda: lab.wire.recv(want=is_keepalive(six)), "others")
        equal(struct.unpack_from("!HH", p, head), (4602, 4603), "after the SA")

    lib.paced(others, begun, interval)


def keepalives_of_many():
    """More than are looked at at a time; some go meanwhile."""
    lab.reset()
    ports = {n: lab.sa(null, "out", extra=(encap(n, n, keepalive=1),))
             for n in range(5000, 5150)}
    peer = ends(False)[0]
    for _ in range(2):
        seen, end = set(), time.monotonic() + 20 * lib.SLOW
        while seen != set(ports) and time.monotonic() < end:
            p = lab.wire.recv(want=is_keepalive(False))
            if p:
                seen.add(struct.unpack_from("!H", p, 20)[0])
        equal(seen, set(ports), "whose keepalives")
        for port in list(ports)[::3]:
            lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(peer)),
                      attr(C["A_SA_SPI"], struct.pack("!I", ports.pop(port))))
        lab.wire.drain()
    lab.reset()


def quiet(six, dst):
    for _ in range(3):
        before, last, gap = lab.nl.stats()["out_keepalive"], None, 0
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            (sock6 if six else sock4).sendto(b"t", (dst, FAR_PORT))
            now = time.monotonic()
            gap, last = max(gap, now - (last or now)), now
            time.sleep(0.05)
        if gap < 0.9:
            # one may have been due when the first packet went
            equal(lab.nl.stats()["out_keepalive"] - before <= 1, True,
                  "keepalives beside traffic")
            return
    raise lib.Skip("this machine is too slow to send once a second")


def keepalive_policy():
    """It leaves in the clear also where policy wants all protected."""
    lab.reset()
    lab.default("out", "discard")
    lab.sa(null, "out", "transport", extra=(encap(keepalive=1),))
    lab.policy("out", OUT4, PEER4, mode="transport")
    wait_for(lambda: lab.wire.recv(want=is_keepalive(False)), "a keepalive")


def namespace_gone():
    """A namespace goes while a keepalive is due."""
    host = lib.Host("k")
    nl = lib.Genl(host)
    sa = [attr(C["A_SA_SRC"], addr(OUT4)), attr(C["A_SA_DST"], addr(PEER4)),
          attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
          attr(C["A_SA_DIR"], u8(C["DIR_OUT"]))]
    for i in range(50):
        nl.do("SA_NEW", *sa, attr(C["A_SA_SPI"], struct.pack("!I", 5000 + i)),
              encap(keepalive=1), *null.attrs())
    nl.sock.close()
    lib.Host.made.remove(host)
    # so that this process is in another one
    lab.n.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    host.close()


def refusals():
    lab.reset()
    for how, direction, code in (
            (encap(0, 1), "out", 22), (encap(1, 0), "in", 22),
            (encap(oa=PEER6), "in", 22), (encap(keepalive=5), "in", 22),
            (encap(keepalive=3601), "out", 34),
            (attr(C["A_SA_ENCAP"], []), "in", 22),
            (attr(C["A_SA_ENCAP"], [attr(C["A_ENCAP_TYPE"], u8(1))]), "in",
             34)):
        try:
            lab.sa(null, direction, extra=(how,))
        except Refused as e:
            equal(e.code, code, str(e))
            equal(bool(e.text), True, "a sentence")
            continue
        raise AssertionError("taken")
    equal(lab.nl.dump("SA_GET"), [], "SAs")
    spi = lab.sa(null, "in", extra=(encap(),))
    try:
        lab.nl.do("SA_UPDATE", attr(C["A_SA_DST"], addr(OUT4)),
                  attr(C["A_SA_SPI"], struct.pack("!I", spi)), encap(1, 2))
        raise AssertionError("changed")
    except Refused as e:
        equal(e.code, 16, str(e))


def shown():
    lab.reset()
    lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "esp", "spi",
            "0x1001", "mode", "tunnel", "dir", "out", "encap", "espinudp",
            "4500", "61001", "192.168.9.9", "nat-keepalive-interval", "20",
            "enc", "null", "auth-trunc", "sha256", lib.key_file(null.auth),
            "128")
    equal([x.strip() for x in lab.cli("sa", "list").splitlines()
           if "encap" in x or "nat-" in x],
          ["encap type espinudp sport 4500 dport 61001 addr 192.168.9.9",
           "nat-keepalive-interval 20"], "text")
    equal(json.loads(lab.cli("-j", "sa", "list"))[0]["encap"],
          {"type": "espinudp", "sport": 4500, "dport": 61001,
           "oaddr": "192.168.9.9", "nat_keepalive_interval": 20}, "JSON")


for six_ in False, True:
    v = "IPv6" if six_ else "IPv4"
    report.add("received, %s, checksum" % v, received, "aes128gcm16", six_,
               True, (NATT, NATT))
    report.add("received, %s, checksum 0, other ports" % v, received,
               "aes128-sha256_128", six_, False, (61001, 700))
    for mode_ in "tunnel", "transport":
        report.add("sent, %s, %s" % (mode_, v), sent, six_, mode_,
                   (NATT, 61001))
    report.add("transport checksums, %s, address known" % v, checksums, six_,
               True)
    report.add("transport checksums, %s, address not known" % v, checksums,
               six_, False)
    report.add("transport checksums of UDP-Lite and DCCP, %s, address known" %
               v, checksums_others, six_, True)
    report.add("transport checksums of UDP-Lite and DCCP, %s, address not known"
               % v, checksums_others, six_, False)
    for known_ in True, False:
        for in_, inside_ in (("ESP", (50,)), ("IPComp", (108,)),
                             ("IPComp in ESP", (50, 108))):
            report.add("transport checksums, %s, address %sknown, in %s" % (
                v, "" if known_ else "not ", in_), checksums_nested, six_,
                known_, inside_)
    report.add("transport checksums, %s, not in a tunnel inside" % v,
               checksums_in_tunnel, six_)
    report.add("a peer moves, %s" % v, moves, six_)
    report.add("keepalives, %s" % v, keepalives, six_)
    report.add("peers behind one NAT, transport, %s" % v, behind_one_nat,
               six_)
report.add("a peer moves, and nobody hears it", unheard)
report.add("transport checksum, wrong address", checksum_wrong)
report.add("an SA takes it one way only", other_way)
report.add("what is not ESP reaches its socket", not_esp)
report.add("what is not ESP is judged", judged)
report.add("lengths", lengths)
report.add("fragments", fragments)
report.add("fragments of other UDP", fragments_clear)
report.add("a super-packet", super_packet)
report.add("path MTU", too_big)
report.add("events are not for all", not_for_all)
report.add("keepalives of many SAs", keepalives_of_many)
report.add("keepalives and policy", keepalive_policy)
report.add("a namespace goes before its keepalives", namespace_gone)
report.add("refusals", refusals)
report.add("shown", shown)
sys.exit(report.run())
