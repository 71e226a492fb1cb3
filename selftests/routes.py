# SPDX-License-Identifier: GPL-2.0
"""Packets whose route the kernel puts away while they are on their way: what is
sent by it afterwards, it discards without a word.

The topology is that of lib.py.
"""
import mmap
import os
import socket
import struct
import sys
import time

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, attr,
                 equal, ip, u8, u32, wait_for)

PORT = 5000
# not FAR4, as of at_once() only the peer has an exception
BLUE = ("10.9.0.1", "10.9.0.9")         # in a VRF
OTHER4, OTHER6 = "192.168.2.9", "fd00:2::9"
ROUNDS = int(3000 / lib.SLOW)
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
listener = lib.Genl(lab.n).join()       # who would make SAs: so packets wait
report = lib.Report()


# While it waits

def waiting(seconds):
    lab.nl.do("DEFAULT_SET",
              attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(seconds)))


def too_big(packet, mtu, wire=lab.wire):
    """A router's answer: the route to where it went gets an exception."""
    six = packet[0] >> 4 == 6
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    if wire is not lab.wire:
        src, dst = BLUE[::-1]
    kind = struct.pack("!BBHI", *((2, 0) if six else (3, 4)), 0, mtu)
    icmp = kind + packet[:48 if six else 28]
    pseudo = lib.addr(src) + lib.addr(dst) + struct.pack(
        "!II", len(icmp), 58) if six else b""
    icmp = icmp[:2] + struct.pack("!H", lib.csum(pseudo + icmp)) + icmp[4:]
    wire.send(ip(src, dst, 58 if six else 1, icmp))


def learn(sock, to, mtu):
    """An exception to the route of what goes there, which can be put away."""
    sock.sendto(b"x", (to, PORT))
    too_big(wait_for(lab.wire.recv, "a packet"), mtu)
    wait_for(lambda: "mtu %d" % mtu in lab.n.exec("ip", "route", "get", to),
             "an exception")


def put_away(to, *instead):
    """What holds the exception to a route of its own has a dead one."""
    fam, plen = ("-6", "/128") if ":" in to else ("-4", "/32")
    lab.n.ip("route flush cache")
    lab.n.exec("ip", "route", "get", to)    # of IPv4 this takes its place
    lab.n.exec("ip", fam, "route", "del", to + plen)    # of IPv6 that is all
    if instead:
        lab.n.exec("ip", fam, "route", "add", *instead)


def hold(src, to, texts, mode="transport", pmtudisc=None):
    """Datagrams that wait for an SA, and hold such a route."""
    six = ":" in to
    lab.reset()
    waiting(60)
    fam, plen = ("-6", "/128") if six else ("-4", "/32")
    via = () if to in (PEER4, PEER6) else ("via", PEER6 if six else PEER4)
    lab.n.exec("ip", fam, "route", "add", to + plen, *via, "dev", "vn",
               "src", src)
    sock = lab.listen(0, six, src)
    if pmtudisc is not None:
        sock.setsockopt(0, 10, pmtudisc)    # IP_MTU_DISCOVER
    learn(sock, to, 1400)
    lab.policy("out", src, to, 17, mode=mode, six=six, priority=9)
    lab.mark()
    for text in texts:
        sock.sendto(text, (to, PORT))
    lab.counted({"out_acquire": len(texts)})


def sent(spi, texts, six, wire=lab.wire):
    for seq, text in enumerate(texts, 1):
        p = wait_for(wire.recv, "a packet")
        got = null.open(p[40 if six else 20:])
        equal(got[:2], (spi, seq), "SPI and number")
        equal(got[3].endswith(text), True, "payload %r" % text)
    wire.silent()


def ends(six):
    return (OUT6, PEER6) if six else (OUT4, PEER4)


def another(six):
    """There is another route: they take that."""
    texts = [b"first", b"second", bytes(1300)]
    hold(*ends(six), texts)
    put_away(ends(six)[1])
    spi = lab.sa(null, "out", "transport", six)
    lab.counted({"out_ok": len(texts)})
    sent(spi, texts, six)


def none(six):
    """There is none: dropped, and said so."""
    peer = ends(six)[1]
    hold(*ends(six), [b"first", b"second"])
    way = ("unreachable", peer, "metric", "2000")
    put_away(peer, *way)
    try:
        lab.sa(null, "out", "transport", six)
        lab.counted({"out_no_route": 2})
        lab.wire.silent()
    finally:
        lab.n.exec("ip", "-6" if six else "-4", "route", "del", *way)


class Link:
    """Another link between n and w, d0 and d1."""

    def __enter__(self):
        lib.sh("ip", "link", "add", "d0", "netns", lab.n.ns, "address",
               "02:00:00:00:00:01", "type", "veth", "peer", "name", "d1",
               "netns", lab.w.ns, "address", "02:00:00:00:00:02")
        lab.w.ip("link set d1 up")
        lab.n.ip("link set d0 up\n" + "\n".join(
            "neigh add %s lladdr 02:00:00:00:00:02 dev d0 nud permanent" % to
            for to in (PEER4, PEER6, BLUE[1])))
        return lib.Wire(lab.w, "d1")

    def __exit__(self, *_exc):
        lab.n.ip("link del d0")


def other_link(six):
    """There is one by another link: they take that."""
    peer = ends(six)[1]
    with Link() as link:
        hold(*ends(six), [b"first"])
        put_away(peer, peer, "dev", "d0")
        spi = lab.sa(null, "out", "transport", six)
        lab.counted({"out_ok": 1})
        sent(spi, [b"first"], six, link)
        lab.wire.silent()


def sent_by(wire, sock, to):
    """Does ESP leave there for a datagram?"""
    sock.sendto(b"x", (to, PORT))
    p = wire.recv(0)
    return p and p[6 if ":" in to else 9] == 50


def gateway_dies():
    """IPv4 takes another one then, and no route changes for it: an SA that has a
    route finds that out by itself.
    """
    peer, gate, mac = "10.77.0.1", "10.9.9.2", "lladdr 02:00:00:00:00:02"
    lab.reset()
    sock = lab.listen(0, False, IN4)
    with Link() as link:
        lab.n.ip("addr add 10.9.9.1/24 dev d0\n"
                 "neigh add %s %s dev d0 nud permanent\n"
                 "neigh replace %s %s dev vn nud reachable\n"
                 "route append default via %s dev d0" % (
                     gate, mac, PEER4, mac, gate))
        lab.sa(null, "out", peer=peer)
        lab.cli("policy", "add", "dir", "out", "src", IN4, "dst", FAR4,
                "action", "protect", "tmpl", "src", OUT4, "dst", peer,
                "proto", "esp", "mode", "tunnel", "reqid", "1")
        lab.wire.drain()

        try:
            equal(sent_by(lab.wire, sock, FAR4), True, "by the first gateway")
            lab.n.ip("neigh replace %s dev vn nud failed" % PEER4)
            wait_for(lambda: sent_by(link, sock, FAR4),
                     "a packet by the second one", 20)
        finally:
            lab.n.ip("neigh replace %s %s dev vn nud permanent" % (PEER4, mac))


def gateway_dies6():
    """Likewise, of a host that is no router."""
    peer, gates, mac = "fd00:77::1", {}, "lladdr 02:00:00:00:00:02"
    lab.reset()
    sock = lab.listen(0, True, IN6)
    with Link() as link:
        lab.n.ip("addr add fd00:9::1/64 dev d0 nodad\n"
                 "neigh add fd00:9::2 %s dev d0 nud permanent" % mac)
        for gate, dev in ((PEER6, "vn"), ("fd00:9::2", "d0")):
            gates[dev] = gate
            lab.n.exec("ip", "-6", "route", "append", "fd00:77::/64", "via",
                       gate, "dev", dev)
        lab.sa(null, "out", six=True, peer=peer)
        lab.cli("policy", "add", "dir", "out", "src", IN6, "dst", FAR6,
                "action", "protect", "tmpl", "src", OUT6, "dst", peer,
                "proto", "esp", "mode", "tunnel", "reqid", "1")
        lab.wire.drain()

        dev, other = "vn", link
        if not sent_by(lab.wire, sock, FAR6):
            dev, other = "d0", lab.wire
            equal(sent_by(link, sock, FAR6), True, "by one of the gateways")
        try:
            # what is said once need not stay: it may be looked for again
            def fails():
                lab.n.ip("neigh replace %s dev %s nud failed" % (
                    gates[dev], dev))
                return sent_by(other, sock, FAR6)
            wait_for(fails, "a packet by the other one", 20)
        finally:
            lab.n.ip("neigh replace %s dev vn nud permanent %s" % (PEER6, mac))
            lab.n.exec("ip", "-6", "route", "flush", "fd00:77::/64")


TRACE = "/sys/kernel/tracing"


def trace(file, line):
    """What others have there stays."""
    fd = os.open("%s/%s" % (TRACE, file), os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, line.encode())
    finally:
        os.close(fd)


def asks_once():
    """An SA that asks for its route again does so once, not with each packet of a tick."""
    look = "ip_route_output_key_hash_rcu"
    if not os.path.exists(TRACE + "/kprobe_events"):
        raise lib.Skip("a kernel that cannot count calls of a function")
    lab.reset()
    sock = lab.listen(0, False, IN4)
    lab.sa(null, "out")
    lab.policy("out", IN4, FAR4, 17)
    sock.connect((FAR4, PORT))
    trace("kprobe_events", "p:nfipsec_asks %s\n" % look)
    try:
        trace("events/kprobes/nfipsec_asks/enable", "1")
        lab.mark()
        end, sent_here = time.monotonic() + 11, 0
        while time.monotonic() < end:
            sock.send(b"x")
            sent_here += 1
        lab.wire.drain()
        lab.counted({"out_ok": sent_here})
        with open(TRACE + "/kprobe_profile", encoding="ascii") as f:
            asked = sum(int(line.split()[1]) for line in f
                        if line.split()[0] == "nfipsec_asks")
    finally:
        trace("events/kprobes/nfipsec_asks/enable", "0")
        trace("kprobe_events", "-:nfipsec_asks\n")
    print("# %d look-ups, %d packets" % (asked, sent_here))
    # at the beginning, and after five seconds and ten; who else asks is rare
    equal(asked >= 1 and asked < 20, True,
          "%d look-ups for %d packets" % (asked, sent_here))


def marked(six):
    """Where rules send what has a mark, what it is in does not go."""
    lab.reset()
    src, to = (IN6, FAR6) if six else (IN4, FAR4)
    fam = "-6" if six else "-4"
    spi = lab.sa(null, "out", six=six)
    lab.policy("out", src, to, 17, six=six)
    lab.n.ip("link add elsewhere type dummy")
    sock = lab.listen(0, six, src)
    try:
        lab.n.ip("link set elsewhere up")
        lab.n.exec("ip", fam, "route", "add", "default", "dev", "elsewhere",
                   "table", "77")
        lab.n.exec("ip", fam, "rule", "add", "fwmark", "7", "lookup", "77")
        lab.mark()
        for mark in 0, 7, 0:
            sock.setsockopt(1, 36, mark)
            sock.sendto(b"mark %d" % mark, (to, PORT))
        sent(spi, [b"mark 0", b"mark 7", b"mark 0"], six)
        lab.counted({"out_ok": 3})
    finally:
        sock.close()
        lab.n.exec("ip", fam, "rule", "del", "fwmark", "7", ok=None)
        lab.n.ip("link del elsewhere")


def other_policy(six):
    """What policy says of that link holds."""
    peer = ends(six)[1]
    with Link() as link:
        hold(*ends(six), [b"first"])
        lab.cli("policy", "add", "dir", "out", "dst", peer, "oif", "d0",
                "priority", "1", "action", "discard")
        put_away(peer, peer, "dev", "d0")
        lab.sa(null, "out", "transport", six)
        lab.counted({"out_discard": 1})
        link.silent()


def other_sa(six):
    """And the SA of that link's policy, where the first link's has none."""
    peer = ends(six)[1]
    with Link() as link:
        hold(*ends(six), [b"first"])
        lab.cli("policy", "add", "dir", "out", "dst", peer, "oif", "d0",
                "priority", "1", "action", "protect", "tmpl", "proto", "esp",
                "mode", "transport", "reqid", "2")
        put_away(peer, peer, "dev", "d0")
        spi = lab.sa(null, "out", "transport", six, reqid=2)
        lab.counted({"out_ok": 1})
        sent(spi, [b"first"], six, link)
        lab.wire.silent()


def vrf():
    """Another route of the same VRF."""
    with Link() as link:
        lab.reset()
        waiting(60)
        lab.n.ip("link add blue type vrf table 100\nlink set blue up\n"
                 "link set d0 master blue\naddr add %s/24 dev d0\n"
                 "neigh replace %s lladdr 02:00:00:00:00:02 dev d0 nud permanent"
                 % BLUE)
        sock = lab.n.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"blue")
        get = ("ip", "route", "get", BLUE[1], "vrf", "blue")
        sock.sendto(b"x", (BLUE[1], PORT))
        too_big(wait_for(link.recv, "a packet"), 1400, link)
        wait_for(lambda: "mtu 1400" in lab.n.exec(*get), "an exception")

        lab.policy("out", *BLUE, 17, mode="transport")
        lab.mark()
        sock.sendto(b"first", (BLUE[1], PORT))
        lab.counted({"out_acquire": 1})
        lab.n.ip("route flush cache")
        lab.n.exec(*get)
        lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], lib.addr(BLUE[0])),
                  attr(C["A_SA_DST"], lib.addr(BLUE[1])),
                  attr(C["A_SA_PROTO"], u8(50)), attr(C["A_SA_REQID"], u32(1)),
                  attr(C["A_SA_SPI"], struct.pack("!I", 0x7001)),
                  attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])),
                  attr(C["A_SA_DIR"], u8(C["DIR_OUT"])), *null.attrs())
        lab.counted({"out_ok": 1})
        sent(0x7001, [b"first"], False, link)
        lab.wire.silent()
        lab.n.ip("link del blue")


def tunnel(six):
    """A tunnel needs no route of the packet's own."""
    src, to = (IN6, OTHER6) if six else (IN4, OTHER4)
    hold(src, to, [b"first"], "tunnel")
    way = ("unreachable", to, "metric", "2000")
    put_away(to, *way)
    try:
        spi = lab.sa(null, "out", "tunnel", six)
        lab.counted({"out_ok": 1})
        sent(spi, [b"first"], six)
    finally:
        lab.n.exec("ip", "-6" if six else "-4", "route", "del", *way)


def fragments():
    """Of a tunnel: not as small as a route allows that is no more."""
    # by the interface's MTU
    hold(IN4, OTHER4, [bytes(3000)], "tunnel", 5)
    put_away(OTHER4)
    frag = [attr(C["A_OUTER_FRAG"], u8(C["FRAG_BEFORE"]))]
    lab.sa(null, "out", extra=[attr(C["A_SA_OUTER"], frag)])
    lab.counted({"out_ok": 3})
    sizes = [len(null.open(wait_for(lab.wire.recv, "a packet")[20:])[3])
             for _ in range(3)]
    equal(sum(sizes) - 3 * 20, 3008, "payload")
    lab.wire.silent()


# While it is sealed

def push(sock, mem):
    try:
        sock.sendto(b"x", (FAR4, PORT))
    except OSError as e:
        mem[2] = e.errno


def follow(mem, sock):
    """The other CPU's part: send when it is told to, until it is told 0."""
    last = 1
    while True:
        now = mem[0]
        if not now:
            return
        if now != last:
            push(sock, mem)
            mem[1] = last = now


def lead(mem, sock, flush, round_):
    """Both send, each the first packet of its CPU behind a change of routes."""
    now = 2 + round_ % 100
    os.write(flush, b"1")
    mem[0] = now
    for _ in range(round_ % 16):
        pass
    push(sock, mem)
    wait_for(lambda: mem[1] == now, "the other CPU", 30)
    if mem[2]:
        raise AssertionError("error %d: %s" % (
            mem[2], lib.grown(lab.base, lab.nl.stats())))


def numbers_of(spi):
    out = []
    while True:
        p = lab.wire.recv(0.2)
        if p is None:
            return out
        got = gcm.open(p[20:])
        equal(got[0], spi, "SPI")
        out.append(got[1])


def at_once():
    """Two CPUs make the entry of an exception: each uses the one that stays."""
    if len(os.sched_getaffinity(0)) < 2:
        raise lib.Skip("one CPU")
    lab.reset()
    spi = lab.sa(gcm, "out")
    lab.policy("out", IN4, FAR4)
    lab.mark()
    socks = [lab.listen(0, host=IN4) for _ in range(2)]
    socks[0].sendto(b"first", (FAR4, PORT))
    too_big(wait_for(lab.wire.recv, "a packet"), 1300)
    wait_for(lambda: "mtu 1300" in lab.n.exec("ip", "route", "get", PEER4),
             "an exception")

    mem = mmap.mmap(-1, 4096)
    mem[0] = 1
    cpus = sorted(os.sched_getaffinity(0))
    pid = os.fork()
    if not pid:
        try:
            os.sched_setaffinity(0, {cpus[1]})
            follow(mem, socks[1])
        finally:
            os._exit(0)
    os.sched_setaffinity(0, {cpus[0]})
    # sockets are made in n, so this is n's
    flush = os.open("/proc/sys/net/ipv4/route/flush", os.O_WRONLY)
    got = []
    try:
        for i in range(ROUNDS):
            lead(mem, socks[0], flush, i)
            if i % 200 == 199:
                got += numbers_of(spi)
    finally:
        mem[0] = 0
        os.waitpid(pid, 0)
        os.close(flush)
        os.sched_setaffinity(0, cpus)
    lab.counted({"out_ok": 1 + 2 * ROUNDS})
    got += numbers_of(spi)
    equal(len(got), 2 * ROUNDS, "packets on the wire")
    equal(sorted(got), list(range(2, 2 * ROUNDS + 2)), "numbers")


for fam in False, True:
    tag = "IPv6" if fam else "IPv4"
    report.add("waited, another route, " + tag, another, fam)
    report.add("waited, none, " + tag, none, fam)
    report.add("waited, another link, " + tag, other_link, fam)
    report.add("waited, another link's policy, " + tag, other_policy, fam)
    report.add("waited, another link's SA, " + tag, other_sa, fam)
    report.add("waited, in a tunnel, " + tag, tunnel, fam)
    report.add("a mark, and a tunnel, " + tag, marked, fam)
report.add("waited, in a VRF", vrf)
report.add("a gateway that does not answer any more", gateway_dies)
report.add("a gateway that does not answer any more, IPv6", gateway_dies6)
report.add("a look-up for many packets", asks_once)
report.add("fragments of what waited", fragments)
report.add("while two CPUs seal", at_once)
sys.exit(report.run())
