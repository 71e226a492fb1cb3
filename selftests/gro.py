# SPDX-License-Identifier: GPL-2.0
"""ESP that is opened by GRO, before the stack receives it; and is not where that
would make a difference to somebody.

The topology is that of lib.py; n's end of the wire receives by NAPI, with GRO. Early
is what the stack has received once, opened; late what it has received before too.
"""
import os
import re
import socket
import struct
import subprocess
import sys

import lib
from lib import (C, FAR4, IN4, OUT4, OUT6, PEER4, PEER6, Algo, attr, equal, ipv4,
                 ipv6, nothing, u8, u32, udp_packet, wait_for)

PORT = 4000
PARAM = "/sys/module/nfipsec/parameters/gro"
RAW = "type filter hook prerouting priority -300"
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
sock = lab.listen(PORT)
report = lib.Report()


def parameter_is(value):
    with open(PARAM, "w", encoding="ascii") as f:
        f.write(value)


def napi(host, dev, peer, peer_dev):
    host.exec("ethtool", "-K", dev, "gro", "on")
    peer.exec("ethtool", "-K", peer_dev, "tso", "off")


def received():
    """IPv4 and IPv6 packets that the stack has."""
    lines = lab.n.exec("cat", "/proc/net/snmp", "/proc/net/snmp6").splitlines()
    names, values = [x.split() for x in lines if x.startswith("Ip:")]
    six = next(x.split()[1] for x in lines if x.startswith("Ip6InReceives"))
    return int(dict(zip(names, values))["InReceives"]) + int(six)


def ends(six):
    """Those of the tunnel; in it is IPv4."""
    return {"peer": PEER6, "near": OUT6} if six else {}


class Sender:
    """An SA for what n receives, and its other end."""

    def __init__(self, algo=null, peer=PEER4, near=OUT4, way="DIR_IN", **more):
        lab.reset()
        self.algo, self.peer, self.near, self.seq = algo, peer, near, 0
        lab.spi += 1
        self.spi = lab.spi
        extra = [attr(C["A_SA_DIR"], u8(C[way]))] if way else []
        lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], lib.addr(peer)),
                  attr(C["A_SA_DST"], lib.addr(near)),
                  attr(C["A_SA_PROTO"], u8(50)),
                  attr(C["A_SA_SPI"], struct.pack("!I", self.spi)),
                  attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *extra,
                  attr(C["A_SA_REPLAY_WINDOW"], u32(64)), *algo.attrs())
        lab.cli("policy", "add", "dir", "in", "src", FAR4, "dst", IN4, "proto",
                "udp", "action", "protect", "tmpl", "src", peer, "dst", near,
                "proto", "esp", "mode", "tunnel")
        lab.mark()

    def packet(self, data, to=IN4):
        self.seq += 1
        inner = udp_packet(FAR4, to, 7, PORT, data)
        return lib.ip(self.peer, self.near, 50,
                      self.algo.seal(self.spi, self.seq, 4, inner))

    def send(self, data, wire=lab.wire):
        wire.send(self.packet(data))

    def when(self, wire=lab.wire, to=sock):
        """When is a packet opened?"""
        before = received()
        self.send(b"data", wire)
        equal(to.recv(100), b"data", "datagram")
        lab.counted({"in_ok": 1})
        return {1: "early", 2: "late"}.get(received() - before, "disturbed")


def early(six):
    for algo in null, gcm:
        equal(Sender(algo, **ends(six)).when(), "early")


def padded(six):
    """What stands behind it in its frame."""
    s = Sender(**ends(six))
    before = received()
    lab.wire.send(s.packet(b"") + b"\xff" * 7)
    equal(sock.recv(100), b"", "datagram")
    equal(received() - before, 1, "received")
    lab.counted({"in_ok": 1})


def refused(six):
    """For its reason, once."""
    s = Sender(**ends(six))
    before = received()
    p = bytearray(s.packet(b"data"))
    p[-1] ^= 1
    lab.wire.send(bytes(p))
    lab.counted({"in_auth": 1})
    equal(received(), before, "received")
    p[-1] ^= 1
    lab.wire.send(bytes(p))
    equal(sock.recv(100), b"data", "datagram")
    lab.counted({"in_ok": 1})
    lab.wire.send(bytes(p))
    lab.counted({"in_replay": 1})
    lab.wire.send(bytes(p[:-9]))        # shorter than it says
    lab.wire.send(lib.ip(s.peer, s.near, 50,
                         struct.pack("!II", 0x99999999, 1) + bytes(40)))
    lab.counted({"in_no_sa": 1})
    nothing(sock)


def many(six):
    """All of them, in their order, which is that of one CPU: a veth's NAPI goes where
    the sender is, and what either CPU has opened waits for that one.
    """
    s = Sender(gcm, **ends(six))
    got, before = [], received()
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cpus)})
    try:
        for i in range(3000):
            s.send(b"%d" % i)
            if i % 20 == 19:
                got += [int(sock.recv(100)) for _ in range(20)]
    finally:
        os.sched_setaffinity(0, cpus)
    equal([x for x in enumerate(got) if x[0] != x[1]], [], "other than sent")
    equal(len(got), 3000, "datagrams")
    lab.counted({"in_ok": 3000})
    equal(received() - before, 3000, "received")


def fragments():
    s = Sender()
    p = s.packet(bytes(600))
    body = p[20:]
    for off, end in ((0, 320), (320, len(body))):
        more = 0x2000 if end < len(body) else 0
        lab.wire.send(ipv4(PEER4, OUT4, 50, body[off:end], frag=more | off // 8))
    equal(len(sock.recv(1000)), 600, "datagram")
    lab.counted({"in_ok": 1})


def options():
    """Behind an extension header."""
    s = Sender(**ends(True))
    before = received()
    p = s.packet(b"data")
    lab.wire.send(ipv6(PEER6, OUT6, 60, bytes((50, 0, 1, 4)) + bytes(4) + p[40:]))
    equal(sock.recv(100), b"data", "datagram")
    lab.counted({"in_ok": 1})
    equal(received() - before, 2, "received")


def source(src):
    """The stack does not take it from there."""
    s = Sender(**ends(True))
    p = s.packet(b"data")
    before = received()
    lab.wire.send(p[:8] + lib.addr(src) + p[24:])
    wait_for(lambda: received() > before, "it")
    nothing(sock)
    lab.counted({})
    lab.wire.send(p)
    equal(sock.recv(100), b"data", "datagram")


def disabled():
    """IPv6 is, on the device."""
    s = Sender(**ends(True))
    path = "/proc/sys/net/ipv6/conf/vn/disable_ipv6"
    p = s.packet(b"data")
    before = received()
    lab.n.exec("sh", "-c", "echo 1 >" + path)
    try:
        lab.wire.send(p)
        wait_for(lambda: received() > before, "it")
        nothing(sock)
        lab.counted({})
    finally:
        lab.n.exec("sh", "-c", "echo 0 >" + path)
        lab.n.ip("addr replace %s/64 dev vn nodad" % OUT6)
    lab.wire.send(p)
    equal(sock.recv(100), b"data", "datagram")
    lab.counted({"in_ok": 1})
    equal(s.when(), "early", "afterwards")


def no_direction(six):
    equal(Sender(way=None, **ends(six)).when(), "late")


def to_send_with(six):
    """An SA for sending opens nothing, whoever's address its end is."""
    s = Sender(way="DIR_OUT", **ends(six))
    try:
        for on in "Y", "N":
            parameter_is(on)
            s.send(b"data")
            lab.counted({"in_no_sa": 1}, "parameter " + on)
    finally:
        parameter_is("Y")
    nothing(sock)


def policy(six):
    """What was opened is judged as ever."""
    s = Sender(**ends(six))
    lab.nl.do("POLICY_FLUSH")
    lab.policy("in", FAR4, IN4, 6)
    lab.mark()
    before = received()
    s.send(b"data")
    lab.counted({"in_policy": 1})
    equal(received(), before, "received")
    nothing(sock)


def not_ours():
    """To somebody behind us: it goes on as it came."""
    s = Sender(near=FAR4, peer="192.168.2.7")
    lab.nl.do("SA_FLUSH")
    lab.sa(null, "in")                  # so that somebody looks at all
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects")
    try:
        p = s.packet(b"data")
        lab.wire.send(p)
        got = wait_for(lab.wire.recv, "it")
        equal((got[8], got[20:]), (p[8] - 1, p[20:]), "packet")
    finally:
        lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


# Who would miss it

class Nft:
    """A chain that counts."""
    sees = 2                # the opened packet is received on the device too

    def __init__(self, *chain):
        self.text = "table %s t {\n chain c {\n %s\n counter\n }\n}\n" % chain

    def __enter__(self):
        lab.n.exec("nft", "-f", "-", stdin=self.text)
        return self

    def seen(self):
        out = lab.n.exec("nft", "list", "ruleset")
        return int(out.split("counter packets ")[1].split()[0])

    def __exit__(self, *_exc):
        lab.n.exec("nft", "flush", "ruleset")


class Tap:
    """A packet socket on n's end of the wire, for ESP."""
    sees = 1

    def __init__(self, kind, dev="vn"):
        self.kind, self.dev = kind, dev

    def __enter__(self):
        self.sock = lab.n.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 0 if self.dev else socket.htons(self.kind))
        if self.dev:
            self.sock.bind((self.dev, self.kind))
        self.sock.setblocking(False)
        return self

    def seen(self):
        count = 0
        while True:
            try:
                frame, addr = self.sock.recvfrom(2000)
            except BlockingIOError:
                return count
            six = frame[12:14] == b"\x86\xdd"
            if addr[2] == 0 and frame[20 if six else 23] == 50:
                count += 1

    def __exit__(self, *_exc):
        self.sock.close()


class Tc:
    """A filter at the device's ingress."""
    sees = 2

    def __enter__(self):
        lab.n.exec("tc", "qdisc", "add", "dev", "vn", "clsact")
        lab.n.exec("tc", "filter", "add", "dev", "vn", "ingress", "matchall",
                   "action", "pass")
        return self

    def seen(self):
        out = lab.n.exec("tc", "-s", "filter", "show", "dev", "vn", "ingress")
        return int(out.split(" pkt")[0].split()[-1])

    def __exit__(self, *_exc):
        lab.n.exec("tc", "qdisc", "del", "dev", "vn", "clsact")


def watched(watcher, six=False, sees=None):
    s = Sender(**ends(six))
    with watcher:
        equal(s.when(), "late")
        equal(watcher.seen(), sees or watcher.sees, "seen")
    equal(s.when(), "early", "afterwards")


def release():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def unbound(kind, six):
    """Before Linux 6.15 nobody can see such a socket; it sees what was in the ESP."""
    if release() < (6, 15):
        raise lib.Skip("a kernel that hides them")
    watched(Tap(kind, None), six)


def other_family(watcher, six):
    """Who looks at the other's packets does not miss it."""
    s = Sender(**ends(six))
    with watcher:
        equal(s.when(), "early")


def parameter(six):
    s = Sender(**ends(six))
    parameter_is("N")
    try:
        equal(s.when(), "late")
    finally:
        parameter_is("Y")
    equal(s.when(), "early", "afterwards")


def steered():
    """Packets go to other CPUs."""
    s = Sender()
    rps = ["sh", "-c", "mount -t sysfs none /sys && "
           "echo %d >/sys/class/net/vn/queues/rx-0/rps_cpus"]
    enter = ["nsenter", "--net=" + lab.n.path, "--", "unshare", "--mount"]
    lib.sh(*enter, *rps[:2], rps[2] % 1)
    try:
        equal(s.when(), "late")
    finally:
        lib.sh(*enter, *rps[:2], rps[2] % 0)
    wait_for(lambda: s.when() == "early", "the end")


class Tenant:
    """Has a user namespace and a network of his own, and runs something there: it
    says a line when it is done, and ends with its input.
    """

    def __init__(self, *cmd):
        self.cmd = [*lib.NOBODY, "unshare", "--user", "--map-root-user", "--net",
                    *cmd]

    def __enter__(self):
        self.proc = subprocess.Popen(self.cmd, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True)
        equal(self.proc.stdout.readline(), "done\n", "tenant")

    def __exit__(self, *_exc):
        self.proc.communicate()


def tenant_steers():
    """He can have all his devices steered; what the kernel counts of that stays."""
    if not os.path.exists("/proc/sys/net/core/rps_default_mask"):
        raise lib.Skip("a kernel without rps_default_mask")
    s = Sender()
    with Tenant("sh", "-ec", """
            echo 1 >/proc/sys/net/core/rps_default_mask
            ip link add type veth
            echo done; read x || :"""):
        equal(s.when(), "early")


def tenant_watches():
    """All that he can see. Before Linux 6.9 nobody can tell whose such a socket is."""
    if release() < (6, 9):
        raise lib.Skip("a kernel that hides whose they are")
    s = Sender()
    with Tenant(sys.executable, "-c", """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print("done", flush=True)
sys.stdin.read()"""):
        equal(s.when(), "early")
        # behind his in their list
        with Tap(3, None) as tap:
            equal(s.when(), "late", "also watched here")
            equal(tap.seen(), 1, "seen")
        equal(s.when(), "early", "afterwards")


def second_link(name, near, *lines, when="late"):
    """Another wire, d0 to d1, of which d0 is part of another device."""
    lib.sh("ip", "link", "add", "d0", "netns", lab.n.ns, "address",
           "02:00:00:00:00:01", "type", "veth", "peer", "name", "d1",
           "netns", lab.w.ns, "address", "02:00:00:00:00:02")
    try:
        lab.w.ip("link set d1 up")
        lab.n.ip("\n".join(lines))
        napi(lab.n, "d0", lab.w, "d1")
        wait_for(lambda: "learning" not in lab.n.exec("bridge", "link") and
                 "listening" not in lab.n.exec("bridge", "link") and
                 "NO-CARRIER" not in lab.n.exec("ip", "link"), "links", 30)
        s = Sender(peer="10.9.0.9", near=near)
        equal(s.when(lib.Wire(lab.w, "d1")), when)
    finally:
        lab.n.ip("link del d0")
        lab.n.ip("link del " + name)


def bridge():
    second_link("br0", "10.9.0.1", "link add br0 address 02:00:00:00:00:01 type bridge",

                "link set br0 up", "link set d0 master br0", "link set d0 up",
                "addr add 10.9.0.1/24 dev br0")


def vrf():
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/udp_l3mdev_accept")
    second_link("blue", "10.9.0.1", "link add blue type vrf table 100",
                "link set blue up", "link set d0 master blue", "link set d0 up",
                "addr add 10.9.0.1/24 dev d0",
                "addr add %s/32 dev blue" % IN4)


def nothing_else():
    """It is because of these that it is late there."""
    second_link("d9", "10.9.0.1", "link add d9 type dummy", "link set d0 up",
                "addr add 10.9.0.1/24 dev d0", when="early")


def rival(six):
    """XFRM's module has the place while it is there."""
    s = Sender(**ends(six))
    module = "esp6_offload" if six else "esp4_offload"
    lib.sh("modprobe", module)
    try:
        equal(s.when(), "late")
    finally:
        lib.sh("rmmod", module)
    equal(s.when(), "early", "afterwards")


def offload():
    """The kernel has what the parameter, and all else here, depends on."""
    try:
        with open("/proc/kallsyms", encoding="ascii") as f:
            return any(" validate_xmit_xfrm" in line for line in f)
    except OSError:
        return os.path.exists(PARAM)


if not lib.LIST and not offload():
    print("1..0 # SKIP the kernel has no XFRM_OFFLOAD")
    sys.exit(4)
napi(lab.n, "vn", lab.w, "vw")
report.add("the module has a part in GRO", equal, os.path.exists(PARAM), True,
           "parameter")
for fam in False, True:
    tag = ", IPv6" if fam else ", IPv4"
    report.add("early" + tag, early, fam)
    report.add("padding" + tag, padded, fam)
    report.add("refused" + tag, refused, fam)
    report.add("many" + tag, many, fam)
    report.add("SA without a direction" + tag, no_direction, fam)
    report.add("SA to send with" + tag, to_send_with, fam)
    report.add("policy" + tag, policy, fam)
report.add("fragments", fragments)
report.add("to another host", not_ours)
report.add("extension header", options)
report.add("from a group", source, "ff02::1")
report.add("from loopback", source, "::1")
report.add("IPv6 is disabled", disabled)
for what, thing in (
        ("rules at PRE_ROUTING", Nft("ip", RAW)),
        ("rules at ingress",
         Nft("netdev", "type filter hook ingress device vn priority 0")),
        ("a packet socket", Tap(3)),
        ("a packet socket for IPv4", Tap(0x0800)),
        ("tc", Tc())):
    report.add("late because of " + what, watched, thing)
# the opened one is IPv4
report.add("late because of rules at PRE_ROUTING, IPv6", watched, Nft("ip6", RAW), True, 1)
report.add("late because of a packet socket for IPv6", watched, Tap(0x86dd), True)
report.add("late because of a packet socket on no device, IPv4", unbound, 0x0800, False)
report.add("late because of a packet socket on no device, IPv6", unbound, 0x86dd, True)
report.add("early, IPv4, where IPv6 has rules", other_family, Nft("ip6", RAW), False)
report.add("early, IPv6, where IPv4 has rules", other_family, Nft("ip", RAW), True)
report.add("early, IPv6, where IPv4 is watched", other_family, Tap(0x0800), True)
for fam in False, True:
    tag = ", IPv6" if fam else ", IPv4"
    report.add("late because of the parameter" + tag, parameter, fam)
    report.add("late because of XFRM's offload" + tag, rival, fam)
report.add("late because of RPS", steered)
report.add("early where a tenant has RPS", tenant_steers)
report.add("early where a tenant has a packet socket", tenant_watches)
report.add("late because of a VRF", vrf)
report.add("early by such a wire", nothing_else)
# the last: br_netfilter, where it is loaded, has a hook in n since
report.add("late because of a bridge", bridge)
sys.exit(report.run())
