# SPDX-License-Identifier: GPL-2.0
"""SAs to groups: which one a packet belongs to, and listeners on the sender.

Topology and helpers are those of lib.py.
"""
import socket
import struct
import sys

import lib
from lib import (C, FAR6, OUT4, OUT6, PEER4, PEER6, Algo, attr, equal, ip,
                 nothing, u8, u32, udp, wait_for)

PORT, FAR_PORT = 4000, 5000
ANY = {False: "0.0.0.0", True: "::"}
GROUP = {False: "239.1.2.3", True: "ff05::1:2:3"}
ELSE = {False: "239.9.9.9", True: "ff05::9:9:9"}
PEERS = {False: (PEER4, "10.0.0.3"), True: (PEER6, "fd00::3")}
US = {False: OUT4, True: OUT6}
lab = lib.Lab()
lab.n.exec("sh", "-c", "ip route add 239.0.0.0/8 dev vn src 10.0.0.1; "
           "ip -6 route add table local multicast ff05::/16 dev vn metric 1")
null = Algo("null-sha256_128", 7)
other = Algo("null-sha256_128", 70)
gcm = Algo("aes128gcm16", 9)
report = lib.Report()
IFINDEX = int(lab.n.exec("ip", "-o", "link", "show", "vn").split(":")[0])


def member(six, group=None, port=PORT):
    """A socket of n that listens to a group."""
    s = lab.listen(port, six)
    join(s, six, group)
    return s


def join(s, six, group=None):
    group = lib.addr(group or GROUP[six])
    if six:
        s.setsockopt(41, 20, group + struct.pack("I", IFINDEX))
    else:
        s.setsockopt(0, 35, group + lib.addr(OUT4))


def sender(six, loop=True):
    s = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                     socket.SOCK_DGRAM)
    s.bind((US[six], PORT + 1))
    if six:
        s.setsockopt(41, 17, IFINDEX)
        s.setsockopt(41, 18, 7)
        s.setsockopt(41, 19, int(loop))
    else:
        s.setsockopt(0, 32, lib.addr(OUT4))
        s.setsockopt(0, 33, 7)
        s.setsockopt(0, 34, int(loop))
    return s


def sa(algo, direction, six, src, spi, mode="transport", **more):
    msg = [attr(C["A_SA_SRC"], lib.addr(src)),
           attr(C["A_SA_DST"], lib.addr(more.pop("dst", GROUP[six]))),
           attr(C["A_SA_PROTO"], u8(50)),
           attr(C["A_SA_SPI"], struct.pack("!I", spi)),
           attr(C["A_SA_MODE"], u8(C["MODE_" + mode.upper()])),
           attr(C["A_SA_DIR"], u8(C["DIR_" + direction.upper()])),
           attr(C["A_SA_REQID"], u32(1))] + algo.attrs()
    for name, val in more.items():
        msg.append(attr(C["A_SA_" + name.upper()], u32(val)))
    lab.nl.do("SA_NEW", *msg)


def policy(direction, six, src, dst, ends=None):
    """To protect in transport mode, or through a tunnel between ends."""
    tmpl = [attr(C["A_TMPL_PROTO"], u8(50)),
            attr(C["A_TMPL_MODE"], u8(C["MODE_TUNNEL" if ends else
                                        "MODE_TRANSPORT"])),
            attr(C["A_TMPL_REQID"], u32(1))]
    if ends:
        tmpl += [attr(C["A_TMPL_SRC"], lib.addr(ends[0])),
                 attr(C["A_TMPL_DST"], lib.addr(ends[1]))]
    lab.nl.do("POLICY_NEW",
              attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction.upper()])),
              attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
              attr(C["A_POLICY_SELECTOR"], lib.selector(src, dst)),
              attr(C["A_POLICY_TMPL"], tmpl))


def everything(six):
    return "::/0" if six else "0.0.0.0/0"


def esp(six, src, algo, spi, seq, data, group=None, **kw):
    """As a member of the group sends it, in transport mode."""
    group = group or GROUP[six]
    dg = udp(src, group, FAR_PORT, PORT, data)
    return ip(src, group, 50, algo.seal(spi, seq, 17, dg), **kw)


def to_wire(packet):
    """To the group's hardware address."""
    six = packet[0] >> 4 == 6
    dst = packet[24:40] if six else packet[16:20]
    mac = b"\x33\x33" + dst[12:] if six else \
        b"\x01\0\x5e" + bytes([dst[1] & 0x7f]) + dst[2:]
    lab.wire.sock.send(mac + lib.MAC_W +
                       struct.pack("!H", 0x86dd if six else 0x0800) + packet)


def feed(sock, packet, want, deliver=None):
    to_wire(packet)
    lab.counted(want)
    if deliver is None:
        nothing(sock)
    else:
        equal(sock.recv(65536), deliver, "delivered")


def any_source(six):
    """One SA for all senders, who each count by themselves."""
    lab.reset()
    sock = member(six)
    sa(null, "in", six, ANY[six], 0x5000)
    policy("in", six, everything(six), GROUP[six])
    lab.mark()
    for src in PEERS[six]:
        for seq in (1, 2, 2):
            feed(sock, esp(six, src, null, 0x5000, seq, b"asm"), {"in_ok": 1},
                 b"asm")
    feed(sock, esp(six, PEERS[six][0], other, 0x5000, 1, b"x"), {"in_auth": 1})
    feed(sock, ip(PEERS[six][0], GROUP[six], 17,
                  udp(PEERS[six][0], GROUP[six], 1, PORT, b"x")),
         {"in_clear": 1})


def one_source(six):
    """Each sender has an SA, by the same SPI; its numbers are looked at."""
    first, second = PEERS[six]
    lab.reset()
    sock = member(six)
    sa(null, "in", six, first, 0x5000)
    # an SPI of a group may be one of this host as well
    lab.sa(other, "in", "transport", six, 0x5000)
    policy("in", six, everything(six), GROUP[six])
    lab.mark()
    feed(sock, esp(six, first, null, 0x5000, 1, b"ssm"), {"in_ok": 1}, b"ssm")
    feed(sock, esp(six, first, null, 0x5000, 1, b"x"), {"in_replay": 1})
    # another sender has no SA, and policy does not take ESP for clear text
    feed(sock, esp(six, second, null, 0x5000, 2, b"x"), {"in_clear": 1})
    lab.nl.do("POLICY_FLUSH")
    lab.mark()
    feed(sock, esp(six, second, null, 0x5000, 2, b"x"), {"in_no_sa": 1})
    policy("in", six, everything(six), GROUP[six])
    sa(other, "in", six, second, 0x5000)
    feed(sock, esp(six, second, other, 0x5000, 1, b"2nd"), {"in_ok": 1}, b"2nd")
    feed(sock, esp(six, second, null, 0x5000, 2, b"x"), {"in_auth": 1})
    feed(sock, esp(six, first, null, 0x5000, 2, b"1st"), {"in_ok": 1}, b"1st")


def two_layers(six):
    """What came out of an SA to the group is for another one to it."""
    lab.reset()
    sock = member(six)
    sa(null, "in", six, PEERS[six][0], 0x5000)
    sa(other, "in", six, PEERS[six][0], 0x5001)
    tmpl = attr(C["A_POLICY_TMPL"], [
        attr(C["A_TMPL_PROTO"], u8(50)),
        attr(C["A_TMPL_MODE"], u8(C["MODE_TRANSPORT"])),
        attr(C["A_TMPL_REQID"], u32(1))])
    lab.nl.do("POLICY_NEW", attr(C["A_POLICY_DIR"], u8(C["DIR_IN"])),
              attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
              attr(C["A_POLICY_SELECTOR"],
                   lib.selector(everything(six), GROUP[six])), tmpl, tmpl)
    lab.mark()
    src = PEERS[six][0]
    dg = udp(src, GROUP[six], FAR_PORT, PORT, b"both")
    inner = null.seal(0x5000, 1, 17, dg)
    feed(sock, ip(src, GROUP[six], 50, other.seal(0x5001, 1, 50, inner)),
         {"in_ok": 1}, b"both")
    # one of them is not enough
    feed(sock, ip(src, GROUP[six], 50, null.seal(0x5000, 2, 17, dg)),
         {"in_policy": 1})


def same_spi(six):
    """An SA to the group and one to this host: the destination tells them apart."""
    first = PEERS[six][0]
    lab.reset()
    sock = member(six)
    sa(null, "in", six, first, 0x5000)
    lab.sa(other, "in", "transport", six, 0x5000)
    policy("in", six, everything(six), GROUP[six])
    policy("in", six, first, US[six])
    lab.mark()

    def to_us(algo, seq, data):
        lab.wire.send(ip(first, US[six], 50, algo.seal(
            0x5000, seq, 17, udp(first, US[six], FAR_PORT, PORT, data))))

    for seq in (1, 2):
        feed(sock, esp(six, first, null, 0x5000, seq, b"all"), {"in_ok": 1},
             b"all")
        to_us(other, seq, b"one")
        lab.counted({"in_ok": 1})
        equal(sock.recv(65536), b"one", "delivered")
    feed(sock, esp(six, first, other, 0x5000, 3, b"x"), {"in_auth": 1})
    to_us(null, 3, b"x")
    lab.counted({"in_auth": 1})
    nothing(sock)


def longest_match(six):
    """An SA of the sender goes before one of any sender."""
    first, second = PEERS[six]
    lab.reset()
    sock = member(six)
    sa(null, "in", six, ANY[six], 0x5000)
    sa(other, "in", six, first, 0x5000)
    policy("in", six, everything(six), GROUP[six])
    lab.mark()
    feed(sock, esp(six, first, other, 0x5000, 1, b"own"), {"in_ok": 1}, b"own")
    feed(sock, esp(six, first, null, 0x5000, 2, b"x"), {"in_auth": 1})
    feed(sock, esp(six, second, null, 0x5000, 1, b"all"), {"in_ok": 1}, b"all")
    lab.nl.do("SA_DEL", *key(six, first))
    feed(sock, esp(six, first, null, 0x5000, 3, b"now"), {"in_ok": 1}, b"now")


def key(six, src=None, spi=0x5000):
    out = [attr(C["A_SA_DST"], lib.addr(GROUP[six])),
           attr(C["A_SA_SPI"], struct.pack("!I", spi))]
    return out + ([attr(C["A_SA_SRC"], lib.addr(src))] if src else [])


def not_a_member(six):
    """What this host did not join it does not open."""
    lab.reset()
    sa(null, "in", six, ANY[six], 0x5000)
    for sock in (lab.listen(PORT, six), member(six, ELSE[six])):
        lab.mark()
        to_wire(esp(six, PEERS[six][0], null, 0x5000, 1, b"x"))
        # one behind it that counts
        lab.wire.send(ip(PEERS[six][0], US[six], 50, b"\0\0\x99\x99" * 16))
        lab.counted({"in_no_sa": 1})
        nothing(sock)
        sock.close()


def tunnel_in(six):
    """A group inside a tunnel to a group."""
    lab.reset()
    sock = member(six)
    src = PEERS[six][0]
    sa(null, "in", six, ANY[six], 0x5000, "tunnel")
    policy("in", six, everything(six), GROUP[six], (ANY[six], GROUP[six]))
    lab.mark()
    inside = ip(src, GROUP[six], 17, udp(src, GROUP[six], 1, PORT, b"tunnel"))
    for seq, outer in enumerate(PEERS[six], 1):
        feed(sock, ip(outer, GROUP[six], 50,
                      null.seal(0x5000, seq, 41 if six else 4, inside)),
             {"in_ok": 1}, b"tunnel")
    # the template wants an SA of any source, and this is one of a source
    sa(null, "in", six, src, 0x5000, "tunnel")
    feed(sock, ip(src, GROUP[six], 50,
                  null.seal(0x5000, 1, 41 if six else 4, inside)),
         {"in_policy": 1})


def pieces(six, src, proto, data):
    """To the group, as the path has cut it."""
    for off, more in ((0, 1), (480, 0)):
        piece = data[off:off + 480] if more else data[off:]
        if six:
            head = struct.pack("!BBHI", proto, 0, off | more, 77)
            yield lib.ipv6(src, GROUP[six], 44, head + piece)
        else:
            yield lib.ipv4(src, GROUP[six], proto, piece, ident=77,
                           frag=more << 13 | off >> 3)


def fragments_in(six):
    """ESP to a group that the path has cut is put together."""
    lab.reset()
    sock = member(six)
    sa(null, "in", six, ANY[six], 0x5000)
    policy("in", six, everything(six), GROUP[six])
    lab.mark()
    src = PEERS[six][0]
    data = bytes(i & 255 for i in range(900))
    packet = esp(six, src, null, 0x5000, 1, data)
    for piece in pieces(six, src, 50, packet[40 if six else 20:]):
        to_wire(piece)
    lab.counted({"in_ok": 1})
    equal(sock.recv(65536), data, "delivered")


def fragments_judged(six):
    """Without an SA it is a packet like others, also in fragments."""
    src = PEERS[six][0]
    for proto in (50,) if six else (50, 51):
        lab.reset()
        lab.default("in", "discard")
        sock = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                            socket.SOCK_RAW, proto)
        join(sock, six)
        data = struct.pack("!II", 0x04040000, 0x6000) * 120
        for allowed in (False, True):
            if allowed:
                lab.policy("in", everything(six), GROUP[six], proto,
                           action="bypass")
            lab.mark()
            for piece in pieces(six, src, proto, data):
                to_wire(piece)
            if allowed:
                got = wait_for(lambda: lib.select.select(
                    [sock], [], [], 0)[0] and sock.recv(65536), "the packet")
                equal(got[-len(data):], data, "delivered")
                lab.counted({})
            else:
                lab.counted({"in_discard": 1}, "protocol %d" % proto)
                nothing(sock)
        sock.close()
    lab.reset()


def no_report(p):
    """Whatever the host says of its groups, by IGMP or MLD, comes when it likes."""
    return p[9] != 2 if p[0] >> 4 == 4 else p[6] != 0


def sent_once(six, algo, spi, mode, group, data):
    """One ESP packet on the wire, nothing else."""
    p = wait_for(lambda: lab.wire.recv(want=no_report), "a packet")
    head = 40 if six else 20
    equal(p[6 if six else 9], 50, "protocol")
    equal(p[24:40] if six else p[16:20], lib.addr(group), "destination")
    got = algo.open(p[head:])
    equal(got[0], spi, "SPI")
    dg = udp(US[six], GROUP[six], PORT + 1, PORT, data)
    if mode == "tunnel":
        equal(got[3][40 if six else 20:], dg, "datagram inside")
    else:
        equal(got[3], dg, "datagram")
    lab.counted({"out_ok": 1})
    p = lab.wire.recv(0, want=no_report)
    equal(p, None, "a second packet")


def sent(six, shared, mode):
    """One packet leaves, sealed; listeners here get the clear one, once."""
    lab.reset()
    sock = member(six)
    policy("in", six, everything(six), GROUP[six])
    algo = null if shared else gcm
    sa(algo, "any" if shared else "out", six, ANY[six] if shared else US[six],
       0x5000, mode)
    policy("out", six, everything(six), GROUP[six],
           (US[six], GROUP[six]) if mode == "tunnel" else None)
    lab.wire.drain()
    lab.mark()
    for loop in (True, False, True):
        tx = sender(six, loop)
        tx.sendto(b"local", (GROUP[six], PORT))
        sent_once(six, algo, 0x5000, mode, GROUP[six], b"local")
        if loop:
            equal(sock.recv(100), b"local", "listener on this host")
        nothing(sock)
        tx.close()
    # and nobody listens
    sock.close()
    tx = sender(six)
    tx.sendto(b"local", (GROUP[six], PORT))
    sent_once(six, algo, 0x5000, mode, GROUP[six], b"local")
    tx.close()


def not_sent_clear(six):
    """Not even where the datagram says that it stays on this host."""
    lab.reset()
    sa(gcm, "out", six, US[six], 0x5000)
    policy("out", six, everything(six), GROUP[six])
    lab.wire.drain()
    lab.mark()
    for loop in (True, False):
        tx = sender(six, loop)
        tx.setsockopt(*((41, 18) if six else (0, 33)), 0)
        tx.sendto(b"local", (GROUP[six], PORT))
        tx.close()
    tx = sender(six)
    tx.sendto(b"last", (GROUP[six], PORT))
    tx.close()
    while True:
        p = wait_for(lambda: lab.wire.recv(want=no_report), "a packet")
        equal(p[6 if six else 9], 50, "protocol")
        if gcm.open(p[40 if six else 20:])[3].endswith(b"last"):
            break


def stays_here():
    """IPv6: no hop to go, or a group of this node alone: listeners get it."""
    node = "ff01::1234"
    lab.reset()
    policy("in", True, everything(True), everything(True))
    sa(gcm, "out", True, US[True], 0x5000, "tunnel")
    for group in (node, GROUP[True]):
        policy("out", True, everything(True), group, (US[True], GROUP[True]))
    for group, hops in ((node, 7), (GROUP[True], 0)):
        sock = member(True, group)
        lab.wire.drain()
        lab.mark()
        tx = sender(True)
        tx.setsockopt(41, 18, hops)
        tx.sendto(b"local", (group, PORT))
        equal(sock.recv(100), b"local", "listener on this host")
        # only this one leaves
        tx.setsockopt(41, 18, 7)
        tx.sendto(b"last", (GROUP[True], PORT))
        sent_once(True, gcm, 0x5000, "tunnel", GROUP[True], b"last")
        tx.close()
        sock.close()


def not_to_others(six):
    """What has been opened is for this host, not for all that hear of the link: a
    macvlan, in another namespace, would get it in the clear.
    """
    first = PEERS[six][0]
    lab.reset()
    other_ns = lib.Host("m6" if six else "m4")
    try:
        lib.sh("modprobe", "-q", "macvlan", ok=None)
        try:
            lab.n.ip("link add link vn name mv netns %s type macvlan mode bridge" %
                     other_ns.ns)
        except AssertionError:
            raise lib.Skip("no macvlan") from None
        other_ns.ip("link set mv up\naddr add 10.0.0.9/24 dev mv\n"
                    "addr add fd00::9/64 dev mv nodad")
        index = int(other_ns.exec("ip", "-o", "link", "show", "mv").split(":")[0])
        ear = other_ns.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
        ear.bind(("mv", 3))
        ear.setsockopt(263, 1, struct.pack("iHH8s", index, 2, 0, b""))  # all groups
        wait_for(lambda: "LOWER_UP" in other_ns.exec("ip", "link", "show", "mv"),
                 "the macvlan")
        sock = member(six)
        sa(null, "in", six, first, 0x5000)
        policy("in", six, everything(six), GROUP[six])
        lab.mark()
        feed(sock, esp(six, first, null, 0x5000, 1, b"to us"), {"in_ok": 1},
             b"to us")
        # copies are given in a work, one after the other
        to_wire(ip(first, GROUP[six], 17, b"the last"))
        got = []
        ear.settimeout(5 * lib.SLOW)
        while not got or b"the last" not in got[-1]:
            got.append(ear.recv(65536))
        kinds = [p[20 if six else 23] for p in got]
        equal(50 in kinds, True, "ESP came, %r" % kinds)
        # the datagram, which null encryption does not hide in ESP
        equal([p for p in got if p[20 if six else 23] == 17][:-1], [], "in the clear")
        sock.close()
        ear.close()
    finally:
        other_ns.exec("ip", "link", "del", "mv", ok=None)


def sent_to_peer(six):
    """A group through a tunnel to one host."""
    lab.reset()
    sock = member(six)
    peer = PEERS[six][0]
    sa(gcm, "out", six, US[six], 0x5000, "tunnel", dst=peer)
    policy("out", six, everything(six), GROUP[six], (US[six], peer))
    lab.wire.drain()
    lab.mark()
    tx = sender(six)
    tx.sendto(b"local", (GROUP[six], PORT))
    sent_once(six, gcm, 0x5000, "tunnel", peer, b"local")
    equal(sock.recv(100), b"local", "listener on this host")
    nothing(sock)
    tx.close()


def esp_on(wire):
    return wait_for(lambda: wire.recv(want=lambda p: p[6] == 50), "ESP")


def in_a_vrf(six):
    """The copy for listeners here is that also where a VRF has it: one, in the clear,
    and nobody opens the other. Of IPv4 a VRF has broadcasts.
    """
    lab.reset()
    group = "ff15::77" if six else "10.9.9.255"
    lib.sh("ip", "link", "add", "vz", "netns", lab.n.ns, "type", "veth", "peer",
           "name", "wz", "netns", lab.w.ns)
    lab.w.ip("link set wz up")
    lab.n.ip("link add vr type vrf table 9\nlink set vr up\n"
             "link set vz master vr\nlink set vz up\n"
             "addr add 10.9.9.1/24 brd + dev vz\naddr add fd00:9::1/64 dev vz nodad")
    wire = lib.Wire(lab.w, "wz")
    try:
        index = int(lab.n.exec("ip", "-o", "link", "show", "vz").split(":")[0])
        near = "fd00:9::1" if six else "10.9.9.1"
        sock, tx = [lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                                 socket.SOCK_DGRAM) for _ in range(2)]
        for s, where in (sock, ("", PORT)), (tx, (near, PORT + 1)):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"vz")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            s.settimeout(5 * lib.SLOW)
            s.bind(where)
        if six:
            sock.setsockopt(41, 20, lib.addr(group) + struct.pack("I", index))
            tx.setsockopt(41, 17, index)
        for kind in "any", "out":
            lab.reset()
            src = ANY[six] if six and kind == "any" else near
            sa(null, kind, six, src, 0x5000, dst=group)
            for way in "in", "out":
                policy(way, six, everything(six), group)
            wire.drain()
            lab.mark()
            tx.sendto(b"local", (group, PORT))
            wait_for(lambda: wire.recv(want=lambda p: p[6 if six else 9] == 50),
                     "ESP")
            equal(sock.recv(100), b"local", "listener on this host")
            lab.counted({"out_ok": 1}, "SA of direction " + kind)
            nothing(sock)
    finally:
        lab.n.ip("link del vz\nlink del vr")


def by_its_link():
    """IPv6: what is an address on each link is meant on that of the SA's own."""
    lib.sh("ip", "link", "add", "vs", "netns", lab.n.ns, "address",
           lib.MAC_N.hex(":"), "type", "veth", "peer", "name", "ws",
           "netns", lab.w.ns)
    lab.w.ip("link set ws up")
    lab.n.ip("link set vs up")
    wait_for(lambda: "fe80::/64" in lab.n.exec("ip", "-6", "route", "show",
                                               "dev", "vs"), "the link")
    far = "fe80::77:2"
    for dev in ("vs", "vn"):
        lab.n.ip("neigh add %s lladdr 02:00:00:00:00:02 dev %s nud permanent"
                 % (far, dev))
    wire = lib.Wire(lab.w, "ws")
    try:
        for near, dst in (("fe80::77:1", far), ("fd00:77::1", "ff15::1")):
            of_its_link(wire, near, dst)
    finally:
        lab.reset()
        lab.n.ip("link del vs")
        lab.n.ip("neigh del %s dev vn" % far)


def by_its_tunnel():
    """The same of a tunnel device, which knows no groups either."""
    lib.sh("modprobe", "-q", "ip_gre", ok=None)
    try:
        lab.n.ip("link add gt type gre local 10.0.0.1 remote 10.0.0.2")
    except AssertionError:
        raise lib.Skip("no GRE") from None
    far = "fe80::77:2"
    lab.n.ip("link set gt up\naddr add fe80::77:1/64 dev gt nodad\n"
             "neigh add %s lladdr 02:00:00:00:00:02 dev vn nud permanent" % far)
    tx = lab.n.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        lab.reset()
        sa(gcm, "out", True, "fe80::77:1", 0x5000, "tunnel", dst=far)
        policy("out", True, OUT6, FAR6, ("fe80::77:1", far))
        lab.mark()
        tx.bind((OUT6, 0))
        tx.sendto(b"data", (FAR6, PORT))
        lab.counted({"out_ok": 1})
        p = wait_for(lambda: lab.wire.recv(
            want=lambda p: p[0] >> 4 == 4 and p[9] == 47 or p[6] == 50), "it")
        equal((p[0] >> 4, p[20 + 4 + 6]), (4, 50), "ESP in GRE")
    finally:
        tx.close()
        lab.n.ip("link del gt\nneigh del %s dev vn" % far)


def of_its_link(wire, near, dst):
    def move(how, dev):
        lab.n.ip("addr %s %s/128 dev %s%s"
                 % (how, near, dev, " nodad" if how == "add" else ""))

    def send():
        tx.sendto(b"data", (FAR6, PORT))
        lab.counted({"out_ok": 1}, "%s to %s" % (near, dst))

    lab.reset()
    sa(gcm, "out", True, near, 0x5000, "tunnel", dst=dst)
    policy("out", True, OUT6, FAR6, (near, dst))
    lab.mark()
    tx = lab.n.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    tx.bind((OUT6, 0))
    # no link has it, and so any may be meant
    send()
    for dev, leaves in (("vs", wire), ("vn", lab.wire), ("vs", wire)):
        move("add", dev)
        wire.drain()
        lab.wire.drain()
        for _ in range(2):
            send()
            p = esp_on(leaves)
            equal((p[8:24], p[24:40]), (lib.addr(near), lib.addr(dst)), dev)
        move("del", dev)
    if dst.startswith("ff"):
        # a router's own may be on no link: then routes say
        move("add", "lo")
        lab.n.ip("route add %s/128 dev vs table local" % dst)
        wire.drain()
        send()
        esp_on(wire)
        move("del", "lo")
    tx.close()


def broadcast():
    """The same for a packet to all."""
    lab.reset()
    sock = lab.listen(PORT)
    sa(gcm, "out", False, OUT4, 0x5000, "tunnel", dst=PEER4)
    policy("out", False, everything(False), "10.0.0.255", (OUT4, PEER4))
    policy("in", False, everything(False), "10.0.0.255", (PEER4, OUT4))
    lab.wire.drain()
    lab.mark()
    tx = sender(False)
    tx.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    tx.sendto(b"local", ("10.0.0.255", PORT))
    p = wait_for(lambda: lab.wire.recv(want=lambda p: p[9] != 2), "a packet")
    equal(p[9], 50, "protocol")
    equal(sock.recv(100), b"local", "listener on this host")
    nothing(sock)
    lab.counted({"out_ok": 1})
    equal(lab.wire.recv(0, want=lambda p: p[9] != 2), None, "a second packet")


def copies_unjudged(six, group, member_of=None):
    """What leaves is one packet to policy, and its copy for listeners here is none."""
    for action, counted, listener in (
            ("discard", {"out_discard": 1}, not six), ("bypass", {}, True)):
        lab.reset()
        sock = member(six, member_of) if member_of else lab.listen(PORT)
        lab.policy("out", everything(six), group, action=action)
        tx = sender(six)
        if not member_of:
            tx.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        lab.wire.drain()
        lab.mark()
        try:
            tx.sendto(b"local", (group, PORT))
        except PermissionError:
            equal(action, "discard", "refused")
        # IPv6 makes the copy of what policy let by
        if listener:
            equal(sock.recv(100), b"local", "listener on this host")
        nothing(sock)
        lab.counted(counted, action)
        equal(list(lab.met().values()), [1], "packets that met the policy")
        tx.close()
        sock.close()


def forged_clear(six):
    """What comes from outside is no copy, whatever address it has."""
    lab.reset()
    sock = member(six)
    policy("in", six, everything(six), GROUP[six])
    lab.mark()
    feed(sock, ip(US[six], GROUP[six], 17,
                  udp(US[six], GROUP[six], PORT + 1, PORT, b"x")),
         {"in_clear": 1})


def refused(want, *args, **kw):
    """For the reason that these words are of."""
    before = lab.nl.tables()
    try:
        sa(*args, **kw)
    except lib.Refused as e:
        equal(want in e.text, True, "%r for the reason %r" % (e.text, want))
    else:
        raise AssertionError("taken: " + want)
    equal(lab.nl.tables(), before, "tables after " + want)


def refusals(six):
    lab.reset()
    mc = GROUP[six]
    shared = "neither anti-replay nor extended"
    refused(shared, null, "in", six, ANY[six], 0x5000, replay_window=32)
    # to receive with, it would lack a window first
    refused(shared, null, "out", six, ANY[six], 0x5000, flags=1)
    for way in ("any", "out"):
        refused("random IVs or none", gcm, way, six, ANY[six], 0x5000)
    for way in ("in", "any", "out"):
        refused("cannot have implicit IVs", gcm, way, six, ANY[six], 0x5000,
                flags=C["SA_FLAG_IIV"])
    refused("for receiving only", null, "any", six, ANY[six], 0x5000, "tunnel")
    refused("BEET mode is for two hosts", null, "in", six, PEERS[six][0],
            0x5000, "beet")
    refused("only be the destination", null, "in", six, mc, 0x5000)
    refused("not of one address family", null, "in", six, ANY[not six], 0x5000)
    refused("unspecified address", null, "in", six, ANY[six], 0x5000,
            dst=US[six])
    sa(gcm, "in", six, ANY[six], 0x5000)
    # its one sender, or one of those who listen: which of them shows nowhere else
    for flags in (0, C["SA_FLAG_IIV"]):
        refused("dir out at its one sender", gcm, "any", six, US[six], 0x5000,
                flags=flags)
    sa(null, "any", six, PEERS[six][0], 0x5001)
    sa(gcm, "out", six, US[six], 0x5000, replay_window=64)
    for way, src in (("in", ANY), ("out", US)):
        refused("there is an SA", null, way, six, src[six], 0x5000)


def command(six):
    """The source is a part of the name, and the default window is none."""
    lab.reset()
    first = PEERS[six][0]
    name = ["dst", GROUP[six], "proto", "esp", "spi", "0x5000"]
    alg = ["mode", "transport", "dir", "in", "aead", "aes128gcm16",
           lib.key_file(b"k" * 20), "128"]
    for src in (ANY[six], first):
        lab.cli("sa", "add", "src", src, *name, *alg)
    for src, window in ((ANY[six], 0), (first, 1024)):
        got = lib.json_of(lab.cli("-j", "sa", "get", "src", src, *name))
        got = got[0] if isinstance(got, list) else got
        equal((got["src"], got["replay_window"]), (src, window), "SA")
    lab.cli("sa", "update", "src", first, *name, "reqid", "5")
    lab.cli("sa", "get", *name)
    lab.cli("sa", "del", "src", first, *name)
    lab.cli("sa", "del", "src", first, *name, ok=False)
    equal(lab.cli("sa", "count").strip(), "1")
    lab.cli("sa", "del", *name)
    equal(lab.cli("sa", "count").strip(), "0")


def make_xfrm_host(name):
    """A host with XFRM, on another wire of n."""
    x = lib.Host(name)
    lib.sh("ip", "link", "add", "vnx", "netns", lab.n.ns, "type", "veth",
           "peer", "name", "vx", "netns", x.ns)
    for host, dev, last in ((lab.n, "vnx", 1), (x, "vx", 2)):
        host.ip("link set %s up\naddr add 10.9.0.%d/24 dev %s\n"
                "addr add fd09::%d/64 dev %s nodad\n" % (
                    dev, last, dev, last, dev))
    return x


def on_wire_x(host, six, last, dev, join):
    """A socket of host, to send to the group or to listen to it."""
    s = host.socket(socket.AF_INET6 if six else socket.AF_INET,
                    socket.SOCK_DGRAM)
    here = "%s%d" % ("fd09::" if six else "10.9.0.", last)
    num = int(host.exec("ip", "-o", "link", "show", dev).split(":")[0])
    s.bind(((ANY[six] if join else here), PORT))
    s.settimeout(5 * lib.SLOW)
    if join and six:
        s.setsockopt(41, 20, lib.addr(GROUP[six]) + struct.pack("I", num))
    elif join:
        s.setsockopt(0, 35, lib.addr(GROUP[six]) + lib.addr(here))
    elif six:
        s.setsockopt(41, 17, num)
    else:
        s.setsockopt(0, 32, lib.addr(here))
    return s


def against_xfrm(six):
    """XFRM opens what we seal for a group, and the other way round."""
    try:
        x = make_xfrm_host("x6" if six else "x4")
        lib.sh("modprobe", "-qa", "esp4", "esp6", "xfrm_user", ok=None)
        ends = ["%s%d" % ("fd09::" if six else "10.9.0.", i) for i in (1, 2)]
        lines = ""
        for src, direction, spi, alg in (
                (ends[0], "in", 0x6001, "aead rfc4106(gcm(aes)) 0x%s 128" %
                 (gcm.key + gcm.salt).hex()),
                (ends[1], "out", 0x6000, 'enc ecb(cipher_null) "" auth-trunc '
                 "hmac(sha256) 0x%s 128" % null.auth.hex())):
            lines += ("xfrm state add src %s dst %s proto esp spi %d reqid 1 "
                      "mode transport replay-window 32 %s\n"
                      "xfrm policy add src %s dst %s dir %s tmpl proto esp mode "
                      "transport reqid 1\n" % (
                          src, GROUP[six], spi, alg, src, GROUP[six], direction))
        if x.exec("ip", "xfrm", "state", "count", ok=None)[0]:
            raise lib.Skip("this kernel has no XFRM")
        x.exec("ip", "-batch", "-", stdin=lines)
        lab.reset()
        sa(gcm, "out", six, ends[0], 0x6001)
        sa(null, "in", six, ends[1], 0x6000)
        policy("out", six, ends[0], GROUP[six])
        policy("in", six, ends[1], GROUP[six])
        lab.mark()
        for to, back in (((lab.n, 1, "vnx"), (x, 2, "vx")),
                         ((x, 2, "vx"), (lab.n, 1, "vnx"))):
            rx = on_wire_x(back[0], six, *back[1:], True)
            tx = on_wire_x(to[0], six, *to[1:], False)
            for size in (0, 1, 100, 1300, 5000):
                tx.sendto(b"m" * size, (GROUP[six], PORT))
                equal(rx.recv(65536), b"m" * size, "delivered")
            lab.counted({"out_ok" if to[0] is lab.n else "in_ok": 5})
            tx.close()
            rx.close()
    finally:
        lab.n.exec("ip", "link", "del", "vnx", ok=None)


def answer(six):
    """Through a tunnel to a group; what it is the packet of is no whole socket."""
    client = PEERS[six][1]
    lab.reset()
    # once, however long it takes until somebody looks
    lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/tcp_synack_retries")
    listener = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                            socket.SOCK_STREAM)
    listener.bind((US[six], PORT))
    listener.listen()
    near = member(six)
    sa(null, "out", six, US[six], 0x7100, "tunnel")
    policy("out", six, US[six], client, (US[six], GROUP[six]))
    lab.mark()
    syn = struct.pack("!HHIIBBHHH", FAR_PORT, PORT, 1, 0, 0x50, 2, 8192, 0, 0)
    pseudo = lib.addr(client) + lib.addr(US[six]) + struct.pack("!II", len(syn), 6)
    total = lib.csum(pseudo + syn)
    lab.wire.send(ip(client, US[six], 6,
                     syn[:16] + struct.pack("!H", total) + syn[18:]))
    got = wait_for(lambda: lab.wire.recv(want=lambda p: p[6 if six else 9] == 50),
                   "the answer")
    listener.close()
    inner = null.open(got[40 if six else 20:])[3]
    equal(inner[(40 if six else 20) + 13], 0x12, "flags")
    lab.counted({"out_ok": 1})
    near.close()


for fam in (False, True):
    at = "IPv6" if fam else "IPv4"
    for label, func in (("SA of any source", any_source),
                        ("SAs of one source", one_source),
                        ("one SPI for a group and a host", same_spi),
                        ("one SA in another", two_layers),
                        ("longest match", longest_match),
                        ("not a member", not_a_member),
                        ("tunnel", tunnel_in), ("fragments", fragments_in),
                        ("fragments without SA", fragments_judged),
                        ("forged copy", forged_clear),
                        ("not in the clear to others", not_to_others),
                        ("refusals", refusals), ("command", command),
                        ("sent, tunnel to one host", sent_to_peer),
                        ("not sent in the clear", not_sent_clear),
                        ("against XFRM", against_xfrm)):
        report.add("%s: %s" % (at, label), func, fam)
    report.add(at + ": sent, transport, any source", sent, fam, True,
               "transport")
    report.add(at + ": sent, transport", sent, fam, False, "transport")
    report.add(at + ": sent, tunnel", sent, fam, False, "tunnel")
    report.add(at + ": answer to a SYN", answer, fam)
report.add("IPv6: not beyond this host", stays_here)
report.add("IPv6: by the link of the SA's own address", by_its_link)
report.add("IPv6: by its tunnel device", by_its_tunnel)
report.add("broadcast", broadcast)
for fam in (False, True):
    report.add("in a VRF, IPv%d" % (6 if fam else 4), in_a_vrf, fam)
for fam in (False, True):
    report.add("a copy for listeners here is not judged, IPv%d" % (6 if fam else 4),
               copies_unjudged, fam, GROUP[fam], GROUP[fam])
report.add("nor that of a broadcast", copies_unjudged, False, "10.0.0.255")
sys.exit(report.run())
