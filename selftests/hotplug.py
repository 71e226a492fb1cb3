# SPDX-License-Identifier: GPL-2.0
"""A CPU goes and comes back under traffic: of what it had, nothing is lost.

    h1 ---------------- gwa ================ gwb ---------------- h2
  192.168.1.2  192.168.1.1 10.0.0.1   10.0.0.2 192.168.2.1   192.168.2.2

What is sent is forwarded, sealed, opened and delivered on the CPU that it is
sent on, before more is sent. Who sends leaves a CPU before that stops, so its
queues are empty by then, unless packets come to it from elsewhere, as they do
from hardware. Here RPS brings them, from CPU 0.
"""
import atexit
import functools
import os
import socket
import struct
import sys
import time

import lib
from lib import C, Algo, addr, attrs, equal, sh, wait_for

ONLINE = "/sys/devices/system/cpu/cpu1/online"
RPS = "/sys/class/net/%s/queues/rx-0/rps_cpus"
BUDGET = "/proc/sys/net/core/netdev_budget"
UDP_SEGMENT = 17, 103
RCVBUFFORCE = 33
HOSTS = {"h1": "192.168.1.2", "h2": "192.168.2.2"}
# own address or network, and that of the other one
ENDS = {"gwa": ("10.0.0.1", "10.0.0.2"), "gwb": ("10.0.0.2", "10.0.0.1")}
NETS = {"gwa": ("192.168.1.0/24", "192.168.2.0/24"),
        "gwb": ("192.168.2.0/24", "192.168.1.0/24")}
CYCLES = max(2, int(4 * lib.SCALE / 100))
gcm = Algo("aes128gcm16", 7)
report = lib.Report()
hosts = {name: lib.Host(name) for name in ("h1", "gwa", "gwb", "h2")}
nl = {}
ports = iter(range(4000, 9000))


def write(path, what):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(what))


def second(there):
    """Let CPU 1 come, or go."""
    write(ONLINE, int(there))


def pin(cpu):
    """Stay there, if it is; the kernel lets us go when it goes."""
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError:
        return False
    return True


def make_hosts():
    for a, dev_a, b, dev_b in (("h1", "eth0", "gwa", "lan"),
                               ("gwa", "wan", "gwb", "wan"),
                               ("gwb", "lan", "h2", "eth0")):
        sh("ip", "link", "add", dev_a, "netns", hosts[a].ns, "type", "veth",
           "peer", "name", dev_b, "netns", hosts[b].ns)
    for n, name in enumerate(HOSTS, 1):
        # with room for ESP: no path MTU is to be learnt here
        hosts[name].ip("link set eth0 up mtu 1400\n"
                       "addr add 192.168.%d.2/24 dev eth0\n"
                       "route add default via 192.168.%d.1\n" % (n, n))
    for n, (name, (here, there)) in enumerate(ENDS.items(), 1):
        hosts[name].ip("link set lan up mtu 1400\nlink set wan up\n"
                       "addr add 192.168.%d.1/24 dev lan\n"
                       "addr add %s/24 dev wan\n"
                       "route add %s via %s\n"
                       % (n, here, NETS[name][1], there))
        hosts[name].exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")


def sa_line(src, dst, spi, *words):
    key = (gcm.key + gcm.salt).hex()
    return " ".join(("sa add src", src, "dst", dst, "proto esp spi %#x" % spi,
                     "mode tunnel reqid 1 replay-window 4096", *words,
                     "aead aes128gcm16 0x%s 128\n" % key))


def protect(*cpus):
    """The tunnel: both ways an SA of all CPUs, and one of each of those."""
    lib.Genl.family = None      # the module may have been another one
    for name, out, into in ("gwa", 0x1000, 0x2000), ("gwb", 0x2000, 0x1000):
        (here, there), (net, far) = ENDS[name], NETS[name]
        lines = "policy flush\nsa flush\n"
        for k, own in enumerate([(), *(("cpu", str(cpu)) for cpu in cpus)]):
            lines += sa_line(here, there, out + k, "dir out", *own)
            lines += sa_line(there, here, into + k, "dir in")
        for ends in (("out", net, far, here, there),
                     ("in", far, net, there, here)):
            lines += ("policy add dir %s src %s dst %s action protect tmpl "
                      "src %s dst %s proto esp mode tunnel reqid 1\n" % ends)
        hosts[name].exec("nfipsec", "--batch", "-", stdin=lines)
        nl[name] = lib.Genl(hosts[name])


def used(name, dst):
    """Packets of the SAs of a gateway to that one, by SPI."""
    out = {}
    for sa in map(dict, nl[name].dump("SA_GET")):
        if sa[C["A_SA_DST"]] == addr(dst):
            spi = struct.unpack("!I", sa[C["A_SA_SPI"]])[0]
            out[spi] = struct.unpack("=Q", sa[C["A_SA_PACKETS"]])[0]
    return out


def hits(name):
    """Packets of the policies of a gateway, by direction."""
    return {dict(p)[C["A_POLICY_DIR"]][0]:
            struct.unpack("=Q", dict(p)[C["A_POLICY_PACKETS"]])[0]
            for p in nl[name].dump("POLICY_GET")}


class Way:
    """Numbered datagrams from one host to another, sent on one CPU."""
    BURST, WINDOW, SIZE = 32, 256, 64
    FORMAT = struct.Struct("=" + "I%dx" % (SIZE - 4) * BURST)

    def __init__(self, src, dst, cpu):
        self.name = "%s to %s on CPU %d" % (src, dst, cpu)
        self.src, self.cpu = src, cpu
        where = HOSTS[dst], next(ports)
        self.into = hosts[dst].socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.into.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 8 << 20)
        self.into.bind(where)
        self.into.settimeout(5 * lib.SLOW)
        self.out = hosts[src].socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.connect(where)
        self.sent = self.arrived = self.late = self.bursts = self.there = 0
        self.highest, self.seen = -1, {}

    def open(self):
        """One datagram first, by which the hosts learn to know each other."""
        self.out.send(struct.pack("=I", 0))
        self.sent = self.bursts = 1
        self.took(self.into.recv(100))
        self.out.setsockopt(*UDP_SEGMENT, self.SIZE)
        self.into.setblocking(False)

    def send(self):
        """A burst, unless too many are on their way; gives whether."""
        if self.sent + self.BURST - self.arrived > self.WINDOW:
            return False
        self.there += pin(self.cpu)
        self.out.send(self.FORMAT.pack(*range(self.sent,
                                              self.sent + self.BURST)))
        self.sent += self.BURST
        self.bursts += 1
        return True

    def took(self, data):
        n = struct.unpack_from("=I", data)[0]
        self.seen[n] = self.seen.get(n, 0) + 1
        self.late += n < self.highest
        self.highest = max(n, self.highest)
        self.arrived += 1

    def receive(self):
        try:
            while True:
                self.took(self.into.recv(100))
        except BlockingIOError:
            pass

    def over(self):
        """All arrived, and once."""
        def there():
            self.receive()
            return len(self.seen) >= self.sent
        try:
            wait_for(there, self.name)
        except AssertionError:
            pass                # the numbers are told below
        lost = [n for n in range(self.sent) if n not in self.seen]
        twice = [n for n, times in self.seen.items() if times > 1]
        equal((lost[:5], len(lost), twice[:5], len(twice)), ([], 0, [], 0),
              "%s, of %d: lost, twice" % (self.name, self.sent))


class Connection:
    """TCP, its sender on one CPU; what arrives is looked at."""
    BURST, WINDOW, SIZE = 1, 6, 8192

    def __init__(self, src, dst, cpu):
        self.cpu = cpu
        with hosts[dst].socket(socket.AF_INET, socket.SOCK_STREAM) as ear:
            ear.bind((HOSTS[dst], next(ports)))
            ear.listen()
            self.out = hosts[src].socket(socket.AF_INET, socket.SOCK_STREAM)
            self.out.settimeout(10 * lib.SLOW)
            self.out.connect(ear.getsockname())
            self.into, _ = ear.accept()
        self.into.setblocking(False)
        self.sent = self.arrived = self.there = 0
        self.data = b""

    def block(self, n):
        return struct.pack("=I", n) * (self.SIZE // 4)

    def send(self):
        """As of a Way."""
        if self.sent - self.arrived >= self.WINDOW:
            return False
        self.there += pin(self.cpu)
        self.out.sendall(self.block(self.sent))
        self.sent += 1
        return True

    def receive(self):
        """Gives whether the other end closed it."""
        try:
            got = self.into.recv(65536)
        except BlockingIOError:
            return False
        self.data += got
        while len(self.data) >= self.SIZE:
            equal(self.data[:self.SIZE] == self.block(self.arrived), True,
                  "contents of block %d" % self.arrived)
            self.data = self.data[self.SIZE:]
            self.arrived += 1
        return not got

    def over(self):
        self.out.shutdown(socket.SHUT_WR)
        wait_for(self.receive, "the end", 10)
        self.out.close()
        self.into.close()
        equal((self.arrived, self.data), (self.sent, b""), "blocks")


def moves(ways, where=None):
    """Some more of each arrives; @where: and is sent on its CPU."""
    before = [(w.arrived, w.there) for w in ways]

    def moved():
        return all(w.arrived >= a + w.BURST and (w.there > t or not where)
                   for w, (a, t) in zip(ways, before))
    wait_for(moved, "traffic")


def go_and_come(ways, cycles):
    """Under traffic, and at the end it is away."""
    def traffic(way):
        while way.send():
            pass
        way.receive()
        time.sleep(0.001)

    with lib.Threads(*[functools.partial(traffic, w) for w in ways]):
        for _ in range(cycles):
            moves(ways, "its CPU")
            second(False)
            moves(ways)
            second(True)
        second(False)


def marks():
    return {g: nl[g].stats() for g in ENDS}


def account(ways, before, what):
    """What was counted on all CPUs is what was sent on all of them."""
    for g, src, dst in ("gwa", "h1", "h2"), ("gwb", "h2", "h1"):
        out, into = ([w for w in ways if w.src == h] for h in (src, dst))
        sent, got = (sum(w.sent for w in ways) for ways in (out, into))
        equal(lib.grown(before[g], nl[g].stats()),
              {"out_ok": sent, "in_ok": got}, g + ", " + what)
        here, there = (sum(used(g, end).values()) for end in ENDS[g])
        equal((there, here), (sent, got), "SAs of %s, %s" % (g, what))
        # a burst is looked up as one
        equal(hits(g), {C["DIR_OUT"]: sum(w.bursts for w in out),
                        C["DIR_IN"]: got}, "policies of %s, %s" % (g, what))


def datagrams(rps):
    """From both CPUs, and both ways; each CPU has SAs of its own."""
    if rps and not os.path.exists(RPS % "lo"):
        raise lib.Skip("this kernel has no RPS")
    second(True)
    protect(0, 1)
    before = marks()
    ways = [Way(*ends, cpu) for ends in (("h1", "h2"), ("h2", "h1"))
            for cpu in (0, 1)]
    for w in ways:
        w.open()
    steer(2 if rps else 0)
    try:
        go_and_come(ways, CYCLES)
    finally:
        steer(0)
    for w in ways:
        w.over()
    account(ways, before, "one CPU")
    second(True)
    account(ways, before, "both CPUs")
    # What never leaves its CPU keeps its order.
    if not rps:
        equal([w.late for w in ways if w.cpu == 0], [0, 0], "out of order")


def steer(cpus):
    """Let these CPUs receive what comes to gwb, each queue for itself."""
    if not os.path.exists(RPS % "lo"):
        return
    os.pwrite(budget, b"1" if cpus else usual, 0)
    sh("ip", "netns", "exec", hosts["gwb"].ns, "sh", "-c",
       "echo %x >%s" % (cpus, RPS % "wan"))


def tcp():
    """Put together by GRO in the queue of a CPU that goes."""
    second(True)
    protect()
    before = marks()
    ways = [Connection("h1", "h2", 0), Connection("h2", "h1", 1)]
    steer(2)
    try:
        go_and_come(ways, CYCLES // 2)
    finally:
        steer(0)
    for w in ways:
        w.over()

    def between(g):
        return lib.grown(before[g], nl[g].stats())
    wait_for(lambda: between("gwa")["out_ok"] == between("gwb")["in_ok"] and
             between("gwb")["out_ok"] == between("gwa")["in_ok"],
             "the last ones")
    equal([set(between(g)) for g in ENDS], [{"out_ok", "in_ok"}] * 2)


def load(there):
    """Load the module while CPU 1 is there, or is not."""
    second(there)
    ko = os.environ.get("NFIPSEC_KO")
    sh(*(("insmod", ko) if ko else ("modprobe", "nfipsec")))
    protect()


def cached(way):
    """A packet of a flow that its CPU knows is not looked up in the SPD."""
    wait_for(lambda: pin(1), "CPU 1")

    def known():
        looks = []
        for _ in range(2):
            way.send()
            way.receive()
            looks.append(nl["gwa"].flow_cache())
        (hits_0, misses_0), (hits_1, misses_1) = looks
        return hits_1 > hits_0 and misses_1 == misses_0
    wait_for(known, "CPU 1 to know the flow")


def load_and_unload():
    """CPU 1 is not there when the module comes, or when it goes."""
    for there in False, True:
        sh("rmmod", "nfipsec")
        load(there)
        before = marks()
        ways = [Way("h1", "h2", 1), Way("h2", "h1", 1)]
        for w in ways:
            w.open()
        second(True)
        go_and_come(ways, 1)
        for w in ways:
            w.over()
        account(ways, before, "one CPU")
        second(True)
        cached(ways[0])
        ways[0].over()
        second(False)
    second(True)


def taken(way):
    """SPI of the SA that a packet takes, of CPU 1 if that is there."""
    pin(1)
    before = used("gwa", ENDS["gwa"][1])
    way.out.send(struct.pack("=I", way.sent))
    way.sent += 1
    wait_for(lambda: way.receive() or way.arrived == way.sent, "a packet")
    now = used("gwa", ENDS["gwa"][1])
    return [spi for spi in now if now[spi] != before[spi]]


def comes(way, want):
    """CPU 1 comes; who sends may go there a bit later."""
    second(True)
    wait_for(lambda: pin(1), "CPU 1")
    equal(taken(way), [want], "CPU 1")


def goes(way, want):
    second(False)
    equal(taken(way), [want], "without CPU 1")


def fallback():
    """What an SA of CPU 1 was there for takes that of all."""
    second(True)
    protect(1)
    way = Way("h1", "h2", 1)
    way.open()
    comes(way, 0x1001)
    goes(way, 0x1000)
    for g, way_out in ("gwa", "out"), ("gwb", "in"):
        hosts[g].exec("nfipsec", "--batch", "-", stdin=sa_line(
            *ENDS["gwa"], 0x1002, "dir", way_out, "cpu", "1"))
    equal(taken(way), [0x1000], "there is another one")
    comes(way, 0x1002)
    goes(way, 0x1000)
    hosts["gwa"].exec("nfipsec", "sa", "del", "dst", ENDS["gwa"][1], "proto",
                      "esp", "spi", "0x1002")
    comes(way, 0x1001)


def expires():
    """A timer that was started on CPU 1."""
    # on a slow machine it may have ended before the CPU has gone
    for life in 3, 12, 48:
        if goes_before_end(life):
            return
    raise AssertionError("CPU 1 never went in time")


def goes_before_end(life):
    """Did CPU 1? If not, it was its time that ended the SA."""
    second(True)
    protect()
    wait_for(lambda: pin(1), "CPU 1")
    start = time.monotonic()
    hosts["gwa"].exec("nfipsec", "--batch", "-", stdin=sa_line(
        *ENDS["gwa"], 0x1003, "dir out limit time-hard %d" % life))
    second(False)
    there = 0x1003 in used("gwa", ENDS["gwa"][1])
    if not there and time.monotonic() - start >= life:
        return False
    equal(there, True, "it is there")
    wait_for(lambda: 0x1003 not in used("gwa", ENDS["gwa"][1]), "its end",
             life + 5)
    equal(time.monotonic() - start >= life, True, "not before its time")
    return True


report.add("datagrams from both CPUs", datagrams, False)
report.add("datagrams in the queue of the CPU", datagrams, True)
report.add("TCP in the queue of the CPU", tcp)
report.add("the module comes and goes without it", load_and_unload)
report.add("an SA of that CPU", fallback)
report.add("a timer of that CPU", expires)
if not lib.LIST:
    # here, as we go into namespaces that do not have it
    budget = os.open(BUDGET, os.O_RDWR)
    usual = os.read(budget, 32)
    atexit.register(second, True)
    make_hosts()
sys.exit(report.run())
