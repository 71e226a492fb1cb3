# SPDX-License-Identifier: GPL-2.0
"""Many SAs replaced, one after the other, while all of them carry packets.

Two hosts with nfipsec, left and right, and what is on the wire between them. There
are some flows each way, of one SA each; numbered datagrams tell what became of
them, sequence numbers on the wire what became of the SAs.
"""
import os
import socket
import struct
import sys
import time

import lib
from lib import (C, Algo, Host, Threads, addr, attr, equal, selector, sh, u8,
                 u32, wait_for)

FLOWS = 6               # each way
PORT = 4000             # and the reqid less one
OUTER = {"left": "10.0.0.1", "right": "10.0.0.2"}
INNER = {"left": "192.168.1.1", "right": "192.168.2.1"}
SA_TX = attr(C["A_SA_TRANSACTION"], b"")
null = Algo("null-sha256_128", 7)
report = lib.Report()
CPUS = sorted(os.sched_getaffinity(0))
# who replaces SAs is not to wait long for those who send and receive
sys.setswitchinterval(0.0005)


def other(side):
    return "left" if side == "right" else "right"


def wire():
    """The two hosts, by name."""
    hosts = {side: Host(side) for side in OUTER}
    sh("ip", "link", "add", "wl", "netns", hosts["left"].ns, "type", "veth",
       "peer", "name", "wr", "netns", hosts["right"].ns)
    for side, dev in (("left", "wl"), ("right", "wr")):
        hosts[side].ip("\n".join([
            "link set %s up" % dev,
            "addr add %s/24 dev %s" % (OUTER[side], dev),
            "addr add %s/32 dev lo" % INNER[side],
            "route add %s via %s src %s" % (INNER[other(side)],
                                            OUTER[other(side)], INNER[side])]))
    return hosts


HOSTS = wire()
NL = {side: lib.Genl(host) for side, host in HOSTS.items()}


class Flow:
    """Datagrams from one side, and the SA that they go by."""
    last_spi = 0x1000

    def __init__(self, side, number):
        self.side, self.reqid = side, number + 1
        self.cpu = CPUS[number % len(CPUS)]
        self.sent = self.got = 0
        self.spi = self.old = 0
        self.out = self.udp(side)
        self.out.connect((INNER[other(side)], PORT + number))
        self.into = self.udp(other(side))
        self.into.bind((INNER[other(side)], PORT + number))
        self.into.setblocking(False)

    @staticmethod
    def udp(side):
        sock = HOSTS[side].socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)     # RCVBUFFORCE
        return sock

    def send(self):
        self.out.send(struct.pack("=Q", self.sent + 1))
        self.sent += 1

    def receive(self):
        """All that there is. The one after the last comes, and no other."""
        while True:
            try:
                got = struct.unpack("=Q", self.into.recv(100))[0]
            except BlockingIOError:
                return
            equal(got, self.got + 1, "datagram of flow %d from the %s" %
                  (self.reqid, self.side))
            self.got = got

    def ends(self):
        return OUTER[self.side], OUTER[other(self.side)]

    def sa(self, side, *more):
        """Make it at one of its ends."""
        src, dst = self.ends()
        way = "OUT" if side == self.side else "IN"
        NL[side].do("SA_NEW", attr(C["A_SA_SRC"], addr(src)),
                    attr(C["A_SA_DST"], addr(dst)),
                    attr(C["A_SA_PROTO"], u8(50)),
                    attr(C["A_SA_SPI"], struct.pack("!I", self.spi)),
                    attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                    attr(C["A_SA_DIR"], u8(C["DIR_" + way])),
                    attr(C["A_SA_REQID"], u32(self.reqid)),
                    *null.attrs(), *more)

    def no_sa(self, side, *more):
        """Delete the one before, there."""
        NL[side].do("SA_DEL", attr(C["A_SA_DST"], addr(self.ends()[1])),
                    attr(C["A_SA_PROTO"], u8(50)),
                    attr(C["A_SA_SPI"], struct.pack("!I", self.old)), *more)

    def next_spi(self):
        Flow.last_spi += 1
        self.old, self.spi = self.spi, Flow.last_spi

    def policies(self):
        src, dst = self.ends()
        sel = selector(INNER[self.side], INNER[other(self.side)], 17, None,
                       (PORT + self.reqid - 1,) * 2)
        for side, way in ((self.side, "OUT"), (other(self.side), "IN")):
            NL[side].do("POLICY_NEW", attr(C["A_POLICY_DIR"],
                                           u8(C["DIR_" + way])),
                        attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
                        attr(C["A_POLICY_SELECTOR"], sel),
                        attr(C["A_POLICY_TMPL"], [
                            attr(C["A_TMPL_PROTO"], u8(50)),
                            attr(C["A_TMPL_MODE"], u8(C["MODE_TUNNEL"])),
                            attr(C["A_TMPL_REQID"], u32(self.reqid)),
                            attr(C["A_TMPL_SRC"], addr(src)),
                            attr(C["A_TMPL_DST"], addr(dst))]))


FLOW = [Flow(side, n) for side in OUTER for n in range(FLOWS)]


class Sniffer:
    """The ESP packets that arrive: of each SA, the next number."""

    def __init__(self):
        self.seq = {}
        self.socks = [self.listen(*at) for at in (("left", "wl"), ("right", "wr"))]

    @staticmethod
    def listen(side, dev):
        sock = HOSTS[side].socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        sock.bind((dev, 0x0800))
        sock.setblocking(False)
        return sock

    def look(self):
        for sock in self.socks:
            while True:
                try:
                    p, (_, _, kind, _, _) = sock.recvfrom(100)
                except BlockingIOError:
                    break
                if kind == 0 and p[9] == 50:
                    self.note(*struct.unpack_from("!II", p, 20))

    def note(self, spi, seq):
        equal(seq, self.seq.get(spi, 0) + 1, "number of SA %#x" % spi)
        self.seq[spi] = seq


sniffer = Sniffer()


def setup():
    sniffer.look()
    for nl in NL.values():
        nl.do("POLICY_FLUSH")
        nl.do("SA_FLUSH")
    for flow in FLOW:
        flow.sent = flow.got = 0
        flow.next_spi()
        flow.sa(other(flow.side))
        flow.sa(flow.side)
        flow.policies()


def sender(cpu):
    """What is sent on a CPU: in the order in which it will arrive."""
    mine = [flow for flow in FLOW if flow.cpu == cpu]

    def send():
        os.sched_setaffinity(0, {cpu})
        for flow in mine:
            if flow.sent < flow.got + 20:
                flow.send()
        time.sleep(0)
    return send


def collect():
    for flow in FLOW:
        flow.receive()
    sniffer.look()
    time.sleep(0.001)


def settled():
    """Wait until all is there that was sent up to now, and then some."""
    # That which is being sent right now too, and each SA has carried a few.
    wait_more(FLOW, 20)


def wait_more(flows, count):
    """Until so many more of each have arrived."""
    upto = [flow.sent + count for flow in flows]
    wait_for(lambda: all(flow.got >= n for flow, n in zip(flows, upto)),
             "what was sent", 15)


def one_by_one():
    for flow in FLOW:
        flow.next_spi()
        flow.sa(other(flow.side))
        flow.sa(flow.side)
        flow.no_sa(flow.side)
    settled()
    for flow in FLOW:
        flow.no_sa(other(flow.side))


def in_transactions():
    """Who sends has the one or the other."""
    for flow in FLOW:
        flow.next_spi()
        flow.sa(other(flow.side))
        NL[flow.side].do("TRANSACTION_BEGIN")
        flow.sa(flow.side, SA_TX)
        flow.no_sa(flow.side, SA_TX)
        wait_more([flow], 2)
        NL[flow.side].do("TRANSACTION_COMMIT")
    settled()
    for flow in FLOW:
        flow.no_sa(other(flow.side))


def batch(side, lines):
    HOSTS[side].exec("nfipsec", "--batch", "-", stdin="\n".join(lines) + "\n")


KEY = lib.key_file(null.auth)


def add_line(ends, way, reqid, spi):
    return ("sa add src %s dst %s proto esp spi %d mode tunnel dir %s reqid %d "
            "enc null auth-trunc sha256 %s 128" % (*ends, spi, way, reqid, KEY))


def del_line(ends, spi):
    return "sa del src %s dst %s proto esp spi %d" % (*ends, spi)


def in_batches():
    """As the command does it, all of one side at once."""
    for flow in FLOW:
        flow.next_spi()
    for side in OUTER:
        batch(side, [add_line(f.ends(), "in", f.reqid, f.spi)
                     for f in FLOW if f.side != side])
    for side in OUTER:
        mine = [f for f in FLOW if f.side == side]
        batch(side, [add_line(f.ends(), "out", f.reqid, f.spi) for f in mine] +
              [del_line(f.ends(), f.old) for f in mine])
    settled()
    for side in OUTER:
        batch(side, [del_line(f.ends(), f.old) for f in FLOW if f.side != side])


def among_many():
    """Others come, so that tables grow, and go."""
    ends, spis = FLOW[0].ends(), range(0x100000, 0x100000 + 600)
    batch("left", [add_line(ends, "out", spi, spi) for spi in spis])
    one_by_one()
    batch("left", [del_line(ends, spi) for spi in spis])


def left(side):
    return sorted(struct.unpack("!I", dict(sa)[C["A_SA_SPI"]])[0]
                  for sa in NL[side].dump("SA_GET"))


def storm(replace, rounds):
    setup()
    base = {side: nl.stats() for side, nl in NL.items()}
    with Threads(collect, *map(sender, CPUS)) as threads:
        for _ in range(rounds if lib.SLOW == 1 else 2):
            if threads.over.is_set():
                break
            replace()
    wait_for(arrived, "the last ones")
    sniffer.look()
    for side, nl in NL.items():
        equal(lib.grown(base[side], nl.stats()),
              {"out_ok": sum(f.sent for f in FLOW if f.side == side),
               "in_ok": sum(f.sent for f in FLOW if f.side != side)},
              "counters on the " + side)
        equal(left(side), sorted(f.spi for f in FLOW), "SAs on the " + side)
    equal(all(f.spi in sniffer.seq for f in FLOW), True, "all are in use")


def arrived():
    for flow in FLOW:
        flow.receive()
    return all(flow.got == flow.sent for flow in FLOW)


def unanswered(cmd, *payload):
    """A message that nobody waits for."""
    body = struct.pack("=BBH", C["CMD_" + cmd], 1, 0) + b"".join(payload)
    msg = struct.pack("=IHHII", len(body) + 16, lib.Genl.family,
                      lib.NLM_REQUEST, 0, 0) + body
    return msg + bytes(-len(msg) % 4)


def slow_policies(count):
    """All are looked at for what leaves by the wire, and none is for it."""
    msgs = b""
    for i in range(count):
        src = ["10.%d.%d.%d" % (j, i >> 8, i & 255) for j in range(1, 8)]
        src = ["10.0.0.0", *src, "10.255.255.255"]
        msgs += unanswered("POLICY_NEW",
                           attr(C["A_POLICY_DIR"], u8(C["DIR_OUT"])),
                           attr(C["A_POLICY_ACTION"], u8(C["ACTION_DISCARD"])),
                           attr(C["A_POLICY_SELECTOR"],
                                selector(",".join(src), "0.0.0.0/0")))
    return msgs


def never_still():
    """Who meets no state that lasts as long as a look is given one."""
    if len(CPUS) < 2:
        raise lib.Skip("needs two CPUs")
    for nl in NL.values():
        nl.do("POLICY_FLUSH")
    out = HOSTS["left"].socket(socket.AF_INET, socket.SOCK_DGRAM)
    into = HOSTS["right"].socket(socket.AF_INET, socket.SOCK_DGRAM)
    into.bind((OUTER["right"], PORT - 1))
    into.settimeout(30 * lib.SLOW)
    sock = HOSTS["left"].socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
    sock.setsockopt(socket.SOL_SOCKET, 32, 16 << 20)        # SNDBUFFORCE
    changes = b"".join(
        unanswered("DEFAULT_SET", attr(C["A_DEFAULT_IN"], u8(C["ACTION_" + to])))
        for to in ("DISCARD", "BYPASS")) * 20000
    sent, during = [0], []

    def send():
        os.sched_setaffinity(0, {CPUS[0]})
        out.sendto(b"x", into.getsockname())
        into.recv(100)
        sent[0] += 1

    def change():
        """One system call: there is no pause in it."""
        os.sched_setaffinity(0, {CPUS[-1]})
        before = sent[0]
        sock.send(changes)
        during.append(sent[0] - before)

    def enough():
        """Seven rounds, or three where they are long."""
        return len(during) >= (7 if time.monotonic() - start < 90 else 3)

    sock.send(slow_policies(6000))
    start = time.monotonic()
    # A machine that does something else for a while lets any through, or none.
    with Threads(send, change):
        wait_for(enough, "rounds of changes", 150)
    NL["left"].do("POLICY_FLUSH")
    rounds = during[:7]
    print("# packets in a round: %s" % rounds)
    equal(sorted(rounds)[(len(rounds) - 1) // 2] >= 5, True,
          "packets get through")


report.add("one by one", storm, one_by_one, 5)
report.add("in transactions", storm, in_transactions, 5)
report.add("in batches", storm, in_batches, 5)
report.add("among many", storm, among_many, 1)
report.add("never still", never_still)
sys.exit(report.run())
