# SPDX-License-Identifier: GPL-2.0
"""Selectors by what is in no header: interfaces, mark and VRF.

Beside vn, host n has two more wires: vx, over which it forwards, and vb, which
is a member of the VRF blue.
"""
import socket
import struct
import sys

import lib
from lib import (C, OUT4, PEER4, Algo, Refused, Wire, attr, equal, ipv4,
                 select, u8, u32, udp_packet, wait_for)

report = lib.Report()
PORT = 4000
ESP, CLEAR = "ESP", "clear"
FAMILIES = (False, True)
NETS = {"vn": ("10.0.0.%d", "fd00::%d"), "vx": ("10.0.9.%d", "fd00:9::%d"),
        "vb": ("10.0.7.%d", "fd00:7::%d"), "l2": ("10.0.6.%d",)}
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
wires = {"vn": lab.wire}
indices = {}


def host(dev, number, six):
    return NETS[dev][six] % number


def neighbours(dev):
    return ["neigh replace %s lladdr 02:00:00:00:00:02 dev %s nud permanent"
            % (host(dev, number, six), dev)
            for number in (2, 9) for six in FAMILIES]


def make_device(dev, extra=""):
    end = "w" + dev[1:]
    lab.n.exec("ip", "link", "add", dev, "address", "02:00:00:00:00:01",
               "type", "veth", "peer", "name", end, "netns", lab.w.ns,
               "address", "02:00:00:00:00:02")
    lab.w.ip("link set %s up" % end)
    lines = ["link set %s up %s" % (dev, extra)]
    for six, plen in ((False, 24), (True, 64)):
        lines.append("addr add %s/%d dev %s %s" % (
            host(dev, 1, six), plen, dev, "nodad" if six else ""))
    lab.n.ip("\n".join(lines + neighbours(dev)))
    wires[dev] = Wire(lab.w, end)


def setup():
    lab.n.ip("link add blue type vrf table 100\nlink set blue up")
    lab.n.ip("\n".join(neighbours("vn")))
    make_device("vx")
    make_device("vb", "master blue")
    lab.n.exec("sh", "-c", "cd /proc/sys/net; echo 1 >ipv4/ip_forward; "
               "echo 1 >ipv6/conf/all/forwarding; "
               "for f in ipv4/conf/*/send_redirects; do echo 0 >$f; done; "
               "for f in ipv4/conf/*/rp_filter; do echo 0 >$f; done")


def index(dev):
    if dev not in indices:
        text = lab.n.exec("cat", "/proc/net/dev_snmp6/" + dev)
        indices[dev] = int(text.split()[1])
    return indices[dev]


def asks(six, proto=17, **meta):
    """A selector for UDP of any addresses; devices by name."""
    out = [attr(C["A_SELECTOR_FAMILY"], u8(10 if six else 2)),
           attr(C["A_SELECTOR_PROTO"], u8(proto))]
    for name, val in meta.items():
        val = index(val) if isinstance(val, str) else val
        out.append(attr(C["A_SELECTOR_" + name.upper()], u32(val)))
    return out


def policy(direction, sel, cmd="POLICY_NEW", **kw):
    lab.nl.do(cmd, *lab.policy_attrs(direction, sel, **kw))


def rule(direction, six, action="discard", **meta):
    """The only policies, of both families: the other is not to be met."""
    lab.reset()
    policy(direction, asks(six, **meta), action=action)


def proto_of(packet):
    return packet[6 if packet[0] >> 4 == 6 else 9]


def fate(start, wait):
    """What becomes of a packet: CLEAR, ESP and its SPI, or a counter."""
    for w in wires.values():
        w.drain()
    base = lab.nl.stats()
    start()

    def there():
        for w in wires.values():
            # L2TP over IPv6 makes it a fragment that is the whole
            p = w.recv(0, want=lambda p: proto_of(p) in (17, 44, 50))
            if p is None:
                continue
            if proto_of(p) != 50:
                return CLEAR
            return ESP, struct.unpack_from("!I", p, 20)[0]
        if wait and select.select([wait], [], [], 0)[0]:
            wait.recv(100)
            return CLEAR
        got = lib.grown(base, lab.nl.stats())
        drops = [k for k in got if k not in ("in_ok", "out_ok")]
        return drops[0] if drops else None
    return wait_for(there, "a packet or a counter")


def sock_of(six, mark=0, dev=None, port=0):
    s = lab.listen(port, six)
    if mark:
        s.setsockopt(socket.SOL_SOCKET, 36, u32(mark))
    if dev:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, dev.encode())
    return s


def put(s, where):
    try:
        s.sendto(b"out", where)
    except PermissionError:
        pass


def sent(dev, six, mark=0, bound=None, dport=PORT):
    """A packet of n itself that leaves by dev."""
    with sock_of(six, mark, bound) as s:
        return fate(lambda: put(s, (host(dev, 2, six), dport)), None)


def forwarded(came, leaves, six):
    p = udp_packet(host(came, 2, six), host(leaves, 9, six), 7, PORT, b"fwd")
    return fate(lambda: wires[came].send(p), None)


def received(dev, six, bound=None):
    p = udp_packet(host(dev, 2, six), host(dev, 1, six), 7, PORT, b"in")
    with sock_of(six, dev=bound, port=PORT) as s:
        return fate(lambda: wires[dev].send(p), s)


def nft(rules):
    lab.n.exec("nft", "-f", "-", stdin="flush ruleset\n" + rules)


def marker(hook, prio, match, mark):
    nft("table inet t { chain c { type filter hook %s priority %d; "
        "%s meta mark set %d; }; }" % (hook, prio, match, mark))


def out_interface():
    """By which interface a packet of the host itself leaves."""
    for six in FAMILIES:
        rule("out", six, oif="vx")
        equal(sent("vx", six), "out_discard")
        equal(sent("vn", six), CLEAR, "another interface")
        equal(sent("vx", not six), CLEAR, "the other family")
        # what is made here came in by none
        rule("out", six, iif="vn")
        equal(sent("vn", six), CLEAR, "made here")
        equal(sent("vx", six), CLEAR, "made here")
    lab.reset()


def out_forwarded():
    """Both interfaces of what is forwarded."""
    for six in FAMILIES:
        rule("out", six, iif="vn")
        equal(forwarded("vn", "vx", six), "out_discard")
        equal(forwarded("vx", "vn", six), CLEAR, "the other way")
        equal(sent("vx", six), CLEAR, "made here")
        rule("out", six, oif="vx")
        equal(forwarded("vn", "vx", six), "out_discard")
        equal(forwarded("vx", "vn", six), CLEAR, "the other way")
        rule("out", six, iif="vn", oif="vn")
        equal(forwarded("vn", "vx", six), CLEAR, "only one of two")
        equal(forwarded("vn", "vn", six), "out_discard")
        rule("out", six, mark=6)
        equal(forwarded("vn", "vx", six), CLEAR, "no mark")
        marker("forward", 0, "", 6)
        equal(forwarded("vn", "vx", six), "out_discard", "marked on the way")
        nft("")
    lab.reset()


def out_l2tp():
    """What L2TP puts around what is forwarded was made here."""
    if lib.sh("sh", "-c", "modprobe -aq l2tp_eth l2tp_netlink && echo ok",
              ok=None)[1] != "ok\n":
        raise lib.Skip("a kernel without L2TP")
    for six in FAMILIES:
        lab.reset()
        for line in ("tunnel tunnel_id 1 peer_tunnel_id 1 encap udp local %s "
                     "remote %s udp_sport 1701 udp_dport 1701" % (
                         host("vn", 1, six), host("vn", 2, six)),
                     "session name l2 tunnel_id 1 session_id 1 "
                     "peer_session_id 1"):
            lab.n.exec("ip", "l2tp", "add", *line.split())
        # IPv6 says things of itself
        lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/l2/disable_ipv6")
        lab.n.ip("link set l2 up\naddr add %s/24 dev l2\n" % host("l2", 1, 0) +
                 "neigh add %s lladdr 02:00:00:00:00:02 dev l2 nud permanent"
                 % host("l2", 9, 0))
        rule("out", six, iif="vx", oif="vn")
        equal(forwarded("vx", "l2", False), CLEAR, "no interface")
        rule("out", six, oif="vn")
        equal(forwarded("vx", "l2", False), "out_discard")
        # and when it is looked up for the second time
        rule("out", six, iif="vx", oif="vn", action="bypass")
        policy("out", asks(six, oif="vn"), priority=1)
        spi = lab.sa(null, "out")
        equal(forwarded("vx", "l2", False), (ESP, spi))
        rule("out", False, iif="vx", oif="l2")
        equal(forwarded("vx", "l2", False), "out_discard", "inside")
        lab.n.exec("ip", "l2tp", "del", "session", "tunnel_id", "1",
                   "session_id", "1")
        lab.n.exec("ip", "l2tp", "del", "tunnel", "tunnel_id", "1")
        indices.pop("l2")
    lab.reset()


def out_mark():
    """The mark of a socket, of rules, and with a mask."""
    for six in FAMILIES:
        rule("out", six, mark=0x15)
        equal(sent("vn", six, mark=0x15), "out_discard")
        equal(sent("vn", six, mark=0x115), CLEAR, "more bits")
        equal(sent("vn", six), CLEAR, "no mark")
        rule("out", six, mark=0x10, mark_mask=0x800000f0)
        equal(sent("vn", six, mark=0x41f), "out_discard")
        equal(sent("vn", six, mark=0x8000001f), CLEAR, "a bit of the mask")
        equal(sent("vn", six, mark=0x2f), CLEAR, "another value")
        rule("out", six, mark=0, mark_mask=1)
        equal(sent("vn", six), "out_discard")
        equal(sent("vn", six, mark=1), CLEAR, "odd")
        rule("out", six, mark=7)
        marker("output", -150, "udp dport %d" % PORT, 7)
        equal(sent("vn", six), "out_discard", "of a rule")
        equal(sent("vn", six, dport=PORT + 1), CLEAR, "no rule")
        nft("")
    lab.reset()


def in_clear():
    """Interface and mark of what came in the clear."""
    for six in FAMILIES:
        rule("in", six, iif="vx")
        equal(received("vx", six), "in_discard")
        equal(received("vn", six), CLEAR, "another interface")
        equal(forwarded("vx", "vn", six), "in_discard", "to be forwarded")
        equal(forwarded("vn", "vx", six), CLEAR, "to be forwarded")
        rule("in", six, mark=5)
        equal(received("vx", six), CLEAR, "no mark")
        marker("prerouting", -300, "iifname vx", 5)
        equal(received("vx", six), "in_discard", "of a rule in raw")
        equal(received("vn", six), CLEAR, "no rule")
        # behind nfipsec's place it is too late
        marker("prerouting", -150, "iifname vx", 5)
        equal(received("vx", six), CLEAR, "of a rule in mangle")
        nft("")
    lab.reset()


def in_fragments():
    """Fragments in the clear are judged before rules: by their interface."""
    def arrive(dev):
        p = ipv4(host(dev, 2, False), host(dev, 1, False), 17, bytes(64),
                 frag=4 | 0x2000, ident=9)
        base = lab.nl.stats()
        wires[dev].send(p)
        return base
    rule("in", False, iif="vx")
    base = arrive("vn")
    equal(received("vn", False), CLEAR)
    equal(lib.grown(base, lab.nl.stats()), {}, "another interface")
    # what it may not bring completes nothing that another brought
    base = arrive("vx")
    wait_for(lambda: lib.grown(base, lab.nl.stats()), "a counter")
    with sock_of(False, port=PORT) as s:
        for dev, part in zip(("vn", "vx"), pieces(
                host("vn", 2, False), host("vn", 1, False), 17,
                lib.udp(host("vn", 2, False), host("vn", 1, False), 7, PORT,
                        bytes(64)), ident=78)):
            wires[dev].send(part)
        wait_for(lambda: lib.grown(base, lab.nl.stats()) ==
                 {"in_discard": 2}, "the second")
        lib.nothing(s)
    base = arrive("vx")
    wait_for(lambda: lib.grown(base, lab.nl.stats()), "a counter")
    equal(lib.grown(base, lab.nl.stats()), {"in_discard": 1})
    lab.reset()


def limited_by_link():
    """What is not judged until it is whole completes nothing of another interface.

    By one interface only a port may come, or nothing, by another all: a fragment
    of the one is not let in as the other's.
    """
    encap = attr(C["A_SA_ENCAP"], [
        attr(C["A_ENCAP_TYPE"], u8(C["ENCAP_TYPE_ESPINUDP"])),
        attr(C["A_ENCAP_SPORT"], lib.u16(4500)),
        attr(C["A_ENCAP_DPORT"], lib.u16(4500))])
    port = [attr(C["A_SELECTOR_DPORT_MIN"], lib.u16(53)),
            attr(C["A_SELECTOR_DPORT_MAX"], lib.u16(53))]
    ident = 90
    for six in FAMILIES:
        src, dst = host("vn", 2, six), host("vn", 1, six)
        data = lib.udp(src, dst, 7, PORT, b"\1\2\3\4" * 16)
        for ports, extra in (([], ()), (port, ()), ([], (encap,)),
                             (port, (encap,))):
            lab.reset()
            lab.sa(null, "in", extra=extra)
            policy("in", asks(six, iif="vx") + ports, action="bypass" if ports
                   else "discard")
            policy("in", asks(six, 0, iif="vn"), action="bypass")
            lab.default("in", "discard")
            ident += 1
            first, last = pieces(src, dst, 17, data, ident=ident)
            # the same sum, so that UDP does not mind
            forged = last[:-4] + last[-2:] + last[-4:-2]
            with sock_of(six, port=PORT) as s:
                wires["vx"].send(forged)
                wires["vn"].send(first)
                wires["vn"].send(last)
                equal(s.recv(100), data[8:], "IPv%d, port: %s, encap: %s" % (
                    6 if six else 4, bool(ports), bool(extra)))
                lib.nothing(s)
    lab.reset()


def completed_by_link():
    """What may come in the clear by one interface completes nothing protected.

    RFC 4301 section 7.4. IPv6's that pass through are put together for
    connection tracking.
    """
    nft("table inet t { chain c { type filter hook prerouting priority 0; "
        "ct state new counter; }; }")
    for six in FAMILIES:
        src = host("vn", 2, six)
        dst = host("vx", 9, six) if six else host("vn", 1, six)
        data = lib.udp(src, dst, 7, PORT, bytes(64))
        for early in (True, False):
            # what was left behind is not to be met again
            first, last = pieces(src, dst, 17, data, ident=80 + early)
            forged = last[:-1] + b"\xff"
            what = "IPv%d, the forged one %s" % (
                6 if six else 4, "first" if early else "second")
            lab.reset()
            policy("in", asks(six, 0, iif="vx"), action="bypass")
            policy("in", asks(six, 0, iif="vn"))
            spi = lab.sa(null, "in")
            protected = [ipv4(PEER4, OUT4, 50, null.seal(
                spi, seq, 41 if six else 4, p))
                for seq, p in enumerate((first, last), 1)]
            with sock_of(six, port=PORT) as s:
                sent = [("vn", protected[0]), ("vx", forged)]
                if early:
                    sent.reverse()
                lab.mark()
                wires["vx"].drain()
                for dev, p in sent:
                    wires[dev].send(p)
                lab.counted({"in_ok": 1}, what)
                # the one that belongs there does
                wires["vn"].send(protected[1])
                if six:
                    got = b""
                    while len(got) < 72:
                        p = wait_for(wires["vx"].recv, "a fragment")
                        got += p[48 if proto_of(p) == 44 else 40:]
                    equal(got[8:], bytes(64), what)
                else:
                    equal(s.recv(100), bytes(64), what)
                    lib.nothing(s)
                lab.counted({"in_ok": 1}, what)
    nft("")
    lab.reset()


def in_fragments_mark():
    """Rules come behind them: put together if there is a mark to ask for."""
    def arrive(dev):
        src, dst = host(dev, 2, False), host(dev, 1, False)
        whole = lib.udp(src, dst, 7, PORT, bytes(600))
        with sock_of(False, port=PORT) as s:
            return fate(lambda: [wires[dev].send(ipv4(
                src, dst, 17, whole[off:off + 304], ident=99,
                frag=(off < 304) << 13 | off >> 3))
                for off in (304, 0)], s)
    rule("in", False, mark=5)
    marker("prerouting", -300, "iifname vx", 5)
    equal(arrive("vx"), "in_discard")
    equal(arrive("vn"), CLEAR, "no rule")
    nft("")
    lab.reset()


def pieces(src, dst, proto, data, ident=77):
    """A packet in two fragments."""
    cut = 8 * (len(data) // 16)
    for off, part, more in ((0, data[:cut], 1), (cut, data[cut:], 0)):
        if ":" in src:
            yield lib.ipv6(src, dst, 44, struct.pack(
                "!BBHI", proto, 0, off | more, ident) + part)
        else:
            yield ipv4(src, dst, proto, part, ident=ident,
                       frag=more << 13 | off >> 3)


def sa_of_member(six, *more):
    """One to vb, of no direction unless more says it."""
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], lib.addr(host("vb", 2, six))),
              attr(C["A_SA_DST"], lib.addr(host("vb", 1, six))),
              attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", 0x7777)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *null.attrs(), *more)


def opened_pieces():
    """ESP to an address of the VRF in fragments, of which policy says nothing."""
    for six in FAMILIES:
        near, peer = host("vb", 1, six), host("vb", 2, six)
        lab.reset()
        sa_of_member(six, attr(C["A_SA_DIR"], u8(C["DIR_IN"])))
        p = udp_packet(peer, near, 7, PORT, b"in")
        esp = null.seal(0x7777, 1, 41 if six else 4, p)
        equal(fate(lambda: [wires["vb"].send(x) for x in pieces(
            peer, near, 50, esp)], None), "in_policy", "IPv%d" % (
                6 if six else 4))
    lab.reset()


def opened_late():
    """An SA of no direction is served behind the VRF, and yet by the member."""
    for six in FAMILIES:
        near, peer = host("vb", 1, six), host("vb", 2, six)
        lab.reset()
        lab.cli("policy", "add", "dir", "in", "src",
                "::/0" if six else "0.0.0.0/0", "dst", "any",
                "proto", "udp", "iif", "vb", "action", "protect", "tmpl", "src",
                peer, "dst", near, "proto", "esp", "mode", "tunnel")
        policy("out", asks(six, iif="vb"), action="discard")
        sa_of_member(six)
        p = udp_packet(peer, host("vb", 9, six), 7, PORT, b"fwd")
        seq = 0
        for default in ("bypass", "discard"):
            # ESP for an address of the VRF needs no policy
            lab.default("in", default)
            for whole in (True, False):
                seq += 1
                esp = null.seal(0x7777, seq, 41 if six else 4, p)
                sent = [lib.ip(peer, near, 50, esp)] if whole else \
                    pieces(peer, near, 50, esp)
                equal(fate(lambda: [wires["vb"].send(x) for x in sent], None),
                      "out_discard", "IPv%d, default %s, %s" % (
                          6 if six else 4, default,
                          "whole" if whole else "in fragments"))
    lab.reset()


def opened(dev, spi, seq, six, bound=None):
    """What was protected, and came by dev."""
    p = udp_packet(host(dev, 2, six), host(dev, 1, six), 7, PORT, b"in")
    esp = ipv4(PEER4, OUT4, 50, null.seal(spi, seq, 41 if six else 4, p))
    with sock_of(six, dev=bound, port=PORT) as s:
        return fate(lambda: wires[dev].send(esp), s)


def in_opened():
    """What comes out of an SA has what the packet around it had."""
    for six in FAMILIES:
        lab.reset()
        policy("in", asks(six, iif="vx"))
        spi = lab.sa(null, "in")
        equal(opened("vx", spi, 1, six), CLEAR, "interface")
        equal(opened("vn", spi, 2, six), "in_policy", "another interface")
        lab.reset()
        policy("in", asks(six, mark=5))
        spi = lab.sa(null, "in")
        equal(opened("vx", spi, 1, six), "in_policy", "no mark")
        marker("prerouting", -300, "ip protocol esp", 5)
        equal(opened("vx", spi, 2, six), CLEAR, "mark")
        nft("")
        lab.reset()
        policy("in", asks(six, vrf="blue"))
        spi = lab.sa(null, "in")
        equal(opened("vb", spi, 1, six, "blue"), CLEAR, "VRF")
        equal(opened("vn", spi, 2, six), "in_policy", "no VRF")
        lab.reset()
        policy("in", asks(six, iif="vb"))
        spi = lab.sa(null, "in")
        equal(opened("vb", spi, 1, six, "blue"), CLEAR, "member")
    lab.reset()


def errors():
    """What an ICMP error quotes is judged by the interface of the error."""
    for six in FAMILIES:
        lab.reset()
        policy("in", asks(six, iif="vx"))
        spi = lab.sa(null, "in", flags=C["SA_FLAG_ICMP"])
        near = host("vx", 1, six)
        quoted = udp_packet(near, host("vx", 2, six), PORT, 7, b"12345678")
        message = struct.pack("!BBHI", 1 if six else 3, 1, 0, 0) + quoted
        inner = lib.ip(host("vx", 9, six), near, 58 if six else 1, message)
        for seq, (dev, want) in enumerate((("vx", "in_ok"),
                                           ("vn", "in_icmp_quote")), 1):
            lab.mark()
            wires[dev].send(ipv4(PEER4, OUT4, 50, null.seal(
                spi, seq, 41 if six else 4, inner)))
            lab.counted({want: 1}, dev)
    lab.reset()


def own_errors():
    """An error that n makes goes as what it is about would be answered."""
    for six in FAMILIES:
        for meta, sealed in (({"iif": "vx"}, True), ({"iif": "vn"}, False)):
            lab.reset()
            policy("out", asks(six, **meta))
            lab.sa(null, "out", flags=C["SA_FLAG_ICMP"])
            p = bytearray(udp_packet(host("vn", 2, six), host("vx", 9, six),
                                     7, PORT, b"ends here"))
            p[7 if six else 8] = 1
            if not six:
                p[10:12] = b"\0\0"
                p[10:12] = struct.pack("!H", lib.csum(bytes(p[:20])))
            lab.wire.drain()
            lab.wire.send(bytes(p))
            got = lab.wire.recv(5, want=lambda p: proto_of(p) in (1, 58, 50) and
                                p[40:41] not in (b"\x87", b"\x88"))
            equal(proto_of(got) == 50, sealed, "IPv%d %s" % (
                6 if six else 4, meta))
    lab.reset()


def vrf():
    """The VRF, and interfaces that are members of it."""
    for six in FAMILIES:
        for meta in ({"vrf": "blue"}, {"oif": "vb"}):
            rule("out", six, **meta)
            equal(sent("vb", six, bound="blue"), "out_discard")
            equal(sent("vn", six), CLEAR, "no VRF")
        for meta in ({"vrf": "blue"}, {"iif": "vb"}):
            rule("in", six, **meta)
            equal(received("vb", six, "blue"), "in_discard")
            equal(received("vn", six), CLEAR, "no VRF")
            rule("out", six, **meta)
            equal(forwarded("vb", "vb", six), "out_discard")
            equal(forwarded("vn", "vx", six), CLEAR, "no VRF")
    lab.reset()


def by_segment():
    """What segment routing puts into a VRF has come by no member of it."""
    sid, near, peer = "fd00:f::1", host("vb", 1, False), host("vb", 2, False)
    with open("/proc/kallsyms", encoding="ascii") as f:
        if not any(" seg6_local_build_state" in line for line in f):
            raise lib.Skip("a kernel without segment routing")
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/vrf/strict_mode")
    lab.n.ip("route add %s encap seg6local action End.DT4 vrftable 100 dev vn"
             % sid)
    clear = udp_packet(peer, near, 7, PORT, b"in")
    esp = ipv4(peer, near, 50, null.seal(0x7777, 1, 4, clear))
    with sock_of(False, dev="blue", port=PORT) as s:
        def put_in(packet):
            return fate(lambda: wires["vn"].send(
                lib.ipv6(lib.PEER6, sid, 4, packet)), s)

        rule("in", False)
        equal(put_in(clear), "in_discard", "judged")
        lab.reset()
        equal(put_in(clear), CLEAR, "nothing against it")
        lab.cli("policy", "add", "dir", "in", "src", peer, "dst", near,
                "action", "protect", "tmpl", "src", peer, "dst", near,
                "proto", "esp", "mode", "tunnel")
        policy("in", asks(False, proto=50), action="bypass")
        sa_of_member(False, attr(C["A_SA_DIR"], u8(C["DIR_IN"])))
        lab.mark()
        equal(put_in(esp), CLEAR, "opened")
    lab.counted({"in_ok": 1})
    lab.reset()


def neighbour_of_vrf():
    """What a VRF shows the hooks once more, as of its member, has been through."""
    near, peer = host("vb", 1, True), host("vb", 2, True)
    lab.reset()
    lab.cli("policy", "add", "dir", "in", "src", peer, "dst", near,
            "action", "protect", "tmpl", "src", peer, "dst", near,
            "proto", "esp", "mode", "tunnel")
    sa_of_member(True, attr(C["A_SA_DIR"], u8(C["DIR_IN"])))
    lab.mark()
    head = b"\x87\0\0\0" + bytes(4) + lib.addr(near)
    pseudo = lib.addr(peer) + lib.addr(near) + struct.pack("!II", len(head), 58)
    asked = head[:2] + struct.pack("!H", lib.csum(pseudo + head)) + head[4:]
    packet = lib.ipv6(peer, near, 58, asked, hlim=255)

    def heard():
        text = lab.n.exec("cat", "/proc/net/snmp6")
        return int(text.split("Icmp6InNeighborSolicits")[1].split()[0])

    before = heard()
    wires["vb"].send(lib.ipv6(peer, near, 50, null.seal(0x7777, 1, 41, packet)))
    wait_for(lambda: heard() > before, "it is heard")
    lab.counted({"in_ok": 1})
    lab.reset()


def only_that():
    """Two policies that differ in nothing but these, and an SA for each."""
    lab.reset()
    for reqid, meta in enumerate(({"mark": 1}, {"mark": 2}, {"oif": "vx"},
                                  {"mark": 1, "mark_mask": 3}), 1):
        policy("out", asks(False, **meta), reqid=reqid, priority=reqid)
        lab.sa(null, "out", reqid=reqid)
    first = lab.spi - 3
    for mark, dev, want in ((1, "vn", 0), (2, "vn", 1), (5, "vx", 2),
                            (5, "vn", 3)):
        equal(sent(dev, False, mark=mark), (ESP, first + want))
    equal(sent("vn", False, mark=4), CLEAR)
    try:
        policy("out", asks(False, mark=2), action="bypass")
        raise AssertionError("accepted twice")
    except Refused as e:
        equal(e.code, 17, e.text)
    lab.nl.do("POLICY_DEL", attr(C["A_POLICY_DIR"], u8(C["DIR_OUT"])),
              attr(C["A_POLICY_SELECTOR"], asks(False, mark=2)))
    equal(sent("vn", False, mark=2), CLEAR, "deleted")
    equal(sent("vn", False, mark=1), (ESP, first), "not deleted")
    lab.reset()


def wanted():
    """Who is asked for an SA is told; what waits is judged by the same."""
    lab.reset()
    lab.cli("default", "acquire-timeout", "60")
    policy("out", asks(False, mark=3, oif="vn"))
    policy("out", asks(False), priority=1, reqid=2)
    mon = lib.Genl(lab.n).join()
    with mon, sock_of(False, 3) as s:
        s.sendto(b"x", (host("vn", 2, False), PORT))
        got, = lib.json_of(lab.cli("-j", "acquire", "list"))
        equal([got["packet"].get(k) for k in ("oif", "iif", "vrf", "mark")],
              ["vn", None, None, 3])
        # an SA of the policy behind it does not help
        lab.sa(null, "out", reqid=2)
        equal(sent("vx", False, mark=3), (ESP, lab.spi), "another interface")
        wires["vn"].silent()
        equal(lib.json_of(lab.cli("-j", "acquire", "list"))[0]["packets"], 1)
        wires["vn"].drain()
        lab.sa(null, "out")
        p = wait_for(wires["vn"].recv, "the packet that waited")
        equal(struct.unpack_from("!I", p, 20)[0], lab.spi)
    lab.reset()


def gone():
    """An interface that goes leaves a policy that nothing matches."""
    rule("in", False, iif="vx")
    equal(received("vx", False), "in_discard")
    was = index("vx")
    shown = lab.cli("policy", "list")
    equal(" iif vx\n" in shown or " iif vx " in shown, True, shown)
    lab.n.ip("link del vx")
    make_device("vx")
    del indices["vx"]
    equal(index("vx") != was, True, "another index")
    equal(received("vx", False), CLEAR)
    equal(lib.json_of(lab.cli("-j", "policy", "list"))[0]["sel"]["iif"],
          str(was), "shown by number")
    lab.cli("policy", "del", "dir", "in", "src", "0.0.0.0/0", "dst", "any",
            "proto", "udp", "iif", str(was))
    rule("in", False, iif="vx")
    equal(received("vx", False), "in_discard")
    lab.reset()


def rogue():
    """An interface whose name no line can hold has its number instead."""
    # control characters, and bytes that are no UTF-8
    for name in ("a\033[2J", "a\udcff\udc9b"):
        lab.reset()
        lab.n.exec("ip", "link", "add", name, "type", "dummy")
        number = str(index(name))
        lab.cli("policy", "add", "dir", "in", "src", "0.0.0.0/0", "dst",
                "any", "iif", name, "action", "discard")
        equal(" iif %s" % number in lab.cli("policy", "list"), True,
              "by number")
        status, out, err = lab.cli("save", ok=None)
        equal((status, out, "interface %s," % number in err), (1, "", True),
              err)
        equal(lib.json_of(lab.cli("-j", "policy", "list"))[0]["sel"]["iif"],
              number, "as JSON")
        lab.n.exec("ip", "link", "del", name)
    lab.reset()


def words():
    """The command: what is said is shown, and identifies the policy."""
    lab.reset()
    for said in ("dir out src ::/0 dst ::/0 proto udp iif vn oif vx vrf blue "
                 "mark 0x10/0xf0", "dir in src 10.0.0.0/8 dst 0.0.0.0/0 iif vn "
                 "mark 0x1"):
        said = said.split()
        lab.cli("policy", "add", *said, "action", "discard")
        got = lab.cli("policy", "get", *said)
        equal(" ".join(said[2:]) in got, True, got)
        lab.cli("policy", "del", *said)
    lab.cli("policy", "add", "dir", "out", "oif", "vn", "-4", "action",
            "discard", "sel", "src", "::/0", "dst", "::/0", "mark", "7")
    pol, = lib.json_of(lab.cli("-j", "policy", "list"))
    equal(pol["sel"]["oif"], "vn")
    equal(pol["more_sels"][0]["mark"], 7)
    for bad in (["oif", "nosuch"], ["mark", "x"], ["mark", "1/y"],
                ["mark", "4294967296"], ["iif", "0"]):
        lab.cli("policy", "add", "dir", "out", "src", "::/0", "dst", "::/0",
                *bad, "action", "discard", ok=False)
    lab.reset()


def refused():
    """Each with a sentence, and nothing has changed."""
    lab.reset()
    lab.n.ip("link add name br0 type bridge\nlink add name p0 type dummy\n"
             "link set p0 master br0")
    policy("out", asks(False, mark=1), action="discard")
    before = lab.nl.tables()

    def no(func, *args, **kw):
        try:
            func(*args, **kw)
        except Refused as e:
            equal(e.code, 22, e.text)
            equal(e.text.startswith("selector: "), True, e.text)
            equal(e.offset is not None, True, "attribute of: " + e.text)
        else:
            raise AssertionError("accepted: %s" % (args,))
        equal(lab.nl.tables(), before, "tables")
    for direction, meta in (
            ("out", {"iif": 0}), ("out", {"oif": 0}), ("out", {"vrf": 0}),
            ("out", {"iif": 1 << 31}), ("in", {"vrf": 0xffffffff}),
            ("in", {"oif": "vn"}), ("in", {"oif": "vn", "iif": "vn"}),
            ("out", {"mark_mask": 1}), ("out", {"mark": 0, "mark_mask": 0}),
            ("out", {"mark": 2, "mark_mask": 1}), ("out", {"vrf": "vn"}),
            ("in", {"iif": "blue"}), ("out", {"oif": "blue"}),
            ("in", {"iif": "p0"}), ("out", {"oif": "p0"})):
        no(policy, direction, asks(False, **meta), action="discard")
        more = attr(C["A_POLICY_SELECTOR_MORE"], asks(True, **meta))
        no(lab.nl.do, "POLICY_NEW", *lab.policy_attrs(
            direction, asks(False), action="discard"), more)
    no(lab.sa, null, "out", sel=asks(False, mark=1))
    no(lab.sa, null, "out", sel=asks(False, iif="vn"))
    # of an interface that is not there it is not known what it will be
    policy("in", asks(False, iif=100000, vrf=100001), action="discard")
    lab.reset()


setup()
for test, func in (
        ("leaves by an interface", out_interface),
        ("forwarded, in and out", out_forwarded),
        ("forwarded, in L2TP", out_l2tp),
        ("mark", out_mark),
        ("received by an interface", in_clear),
        ("received, fragments", in_fragments),
        ("received, fragments of one interface and of another",
         completed_by_link),
        ("received, fragments of which one may bring all", limited_by_link),
        ("received, fragments and marks", in_fragments_mark),
        ("received through an SA", in_opened),
        ("received through an SA behind a VRF", opened_late),
        ("received through an SA of a VRF, fragments", opened_pieces),
        ("errors received through an SA", errors),
        ("errors of its own", own_errors),
        ("VRF", vrf),
        ("VRF, neighbour discovery", neighbour_of_vrf),
        ("VRF, by segment routing", by_segment),
        ("differ in nothing else", only_that),
        ("SA wanted", wanted),
        ("interface deleted and made again", gone),
        ("interface with a name that no line can hold", rogue),
        ("words of the command", words),
        ("refused", refused)):
    report.add(test, func)
sys.exit(report.run())
