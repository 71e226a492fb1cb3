# SPDX-License-Identifier: GPL-2.0
"""Packets that wait for an SA which somebody is asked for (RFC 4301 section
5.1, step 3b): who is told what, what becomes of the packets, how many there may
be and for how long, and that they never leave in the clear.

The topology is that of lib.py; for whole connections there are three hosts, a
with a daemon that makes SAs when it is asked to:

    c 192.168.1.2 ---- a 192.168.1.1, 10.0.0.1 ==== b 10.0.0.2, 192.168.2.1
      fd00:1::2          fd00:1::1, fd00::1           fd00::2, fd00:2::1
"""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, addr, attr, attrs, equal, u8, u32, wait_for)

PORT = 4000
null = Algo("null-sha256_128", 7)
lab = lib.Lab()
report = lib.Report()


# Listening

def text_of(data):
    return socket.inet_ntop(
        socket.AF_INET if len(data) == 4 else socket.AF_INET6, data)


def number(data, kind="=I"):
    return struct.unpack(kind, data)[0]


def decode(msg):
    """Attributes of an acquire as a dict."""
    out = {"tmpl": []}
    for kind, val in msg:
        if kind == C["A_ACQUIRE_PACKET"]:
            sel = dict(attrs(val))
            out["src"] = text_of(sel[C["A_SELECTOR_SRC"]])
            out["dst"] = text_of(sel[C["A_SELECTOR_DST"]])
            out["proto"] = sel[C["A_SELECTOR_PROTO"]][0]
            for name in "dport", "type":
                val = sel.get(C["A_SELECTOR_%s_MIN" % name.upper()])
                if val:
                    out[name] = number(val, "=H")
        elif kind == C["A_ACQUIRE_TMPL"]:
            tmpl = dict(attrs(val))
            out["tmpl"].append((text_of(tmpl[C["A_TMPL_SRC"]]),
                                text_of(tmpl[C["A_TMPL_DST"]]),
                                tmpl[C["A_TMPL_MODE"]][0],
                                number(tmpl[C["A_TMPL_REQID"]])))
        else:
            for name in "ID", "POLICY", "PRIORITY", "PACKETS":
                if kind == C["A_ACQUIRE_" + name]:
                    out[name.lower()] = number(val)
    return out


class Listener:
    """A member of the group "events"."""

    def __init__(self, host=None):
        self.sock = lib.Genl(host or lab.n).join()
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # RCVBUFFORCE

    def event(self, seconds=5):
        """The next acquire; None if there is none."""
        if not select.select([self.sock], [], [], seconds * lib.SLOW)[0]:
            return None
        data = self.sock.recv(65536)
        equal(data[16], C["CMD_ACQUIRE_NTF"], "kind of event")
        return decode(attrs(data[20:]))

    def count(self):
        n = 0
        while self.event(0):
            n += 1
        return n

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.sock.close()


def waiting():
    return [decode(m) for m in lab.nl.dump("ACQUIRE_GET")]


def timeout(seconds):
    lab.nl.do("DEFAULT_SET",
              attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(seconds)))


def ends(six, mode):
    if mode == "transport":
        return (OUT6, PEER6) if six else (OUT4, PEER4)
    return (IN6, FAR6) if six else (IN4, FAR4)


def sender(src, host=None):
    s = (host or lab.n).socket(
        socket.AF_INET6 if ":" in src else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, 32, 64 << 20)   # SNDBUFFORCE
    s.bind((src, 0))
    return s


def push(s, data, dst):
    """Send what may be refused; not every kernel tells the sender."""
    try:
        s.sendto(data, (dst, PORT))
    except PermissionError:
        pass


def anew(seconds=60):
    """Nothing waits any more, and what comes does for so long."""
    lab.reset()
    # what waited for a policy that has gone is counted when the work runs
    wait_for(lambda: not waiting(), "what waited before to go", 30)
    timeout(seconds)


def setup(six=False, mode="tunnel", seconds=60, **more):
    anew(seconds)
    src, dst = ends(six, mode)
    lab.policy("out", src, dst, mode=mode, six=six, **more)
    lab.mark()
    return sender(src), dst


def sent(spi, first, texts, six=False):
    """ESP packets of these payloads, in this order, and nothing else."""
    for seq, text in enumerate(texts, first):
        p = wait_for(lab.wire.recv, "a packet")
        head = 40 if six else 20
        equal(p[6 if six else 9], 50, "protocol")
        got = null.open(p[head:])
        equal(got[:2], (spi, seq), "SPI and number")
        equal(got[3].endswith(text), True, "payload %r" % text)
    lab.wire.silent()


def arrives(six, mode):
    """All packets wait, are told of once, and are sent in their order."""
    s, dst = setup(six, mode, priority=7)
    texts = [b"packet %d" % i for i in range(5)]
    tmpl = [(OUT6, PEER6) if six else (OUT4, PEER4)]
    with Listener() as ear:
        for text in texts:
            s.sendto(text, (dst, PORT))
        lab.counted({"out_acquire": 5})
        ev = ear.event()
        want = {"src": s.getsockname()[0], "dst": dst, "proto": 17,
                "dport": PORT, "priority": 7, "id": ev["id"],
                "policy": ev["policy"],
                "tmpl": [(*tmpl[0], C["MODE_" + mode.upper()], 1)]}
        equal(ev, want, "event")
        pol = dict(lab.nl.do("POLICY_GET", attr(C["A_POLICY_INDEX"],
                                                u32(ev["policy"])))[0])
        equal(number(pol[C["A_POLICY_PRIORITY"]]), 7, "the policy of the event")
        want["packets"] = 5
        equal(waiting(), [want], "dump")
        equal(decode(lab.nl.do("ACQUIRE_GET", attr(
            C["A_ACQUIRE_ID"], u32(ev["id"])))[0]), want, "one entry")
        lab.wire.silent()
        # not for this policy
        lab.sa(null, "out", mode, six, reqid=2)
        lab.counted({})
        equal(waiting(), [want], "after another SA")
        spi = lab.sa(null, "out", mode, six)
        lab.counted({"out_ok": 5})
        sent(spi, 1, texts, six)
        wait_for(lambda: not waiting(), "the entry's end")
        equal(ear.event(0), None, "event")
        s.sendto(b"directly", (dst, PORT))
        lab.counted({"out_ok": 1})
        sent(spi, 6, [b"directly"], six)


def at_once():
    """Not when the work happens to look the next time, a second later."""
    s, dst = setup()
    took = []
    with Listener():
        for _ in range(5):
            s.sendto(b"x", (dst, PORT))
            lab.counted({"out_acquire": 1})
            start = time.monotonic()
            spi = lab.sa(null, "out")
            sent(spi, 1, [b"x"])
            took.append(time.monotonic() - start)
            lab.nl.do("SA_FLUSH")
            lab.counted({"out_ok": 1})
            wait_for(lambda: not waiting(), "the entry's end")
    equal(min(took) < 0.6, True, "seconds until it was sent: %r" % took)


def super_packet():
    """What waits may be cut to pieces afterwards."""
    s, dst = setup()
    s.connect((dst, PORT))
    s.setsockopt(17, 103, 100)      # UDP_SEGMENT
    with Listener():
        s.send(b"".join(bytes([i]) * 100 for i in range(5)))
        lab.counted({"out_acquire": 1})
        spi = lab.sa(null, "out")
        lab.counted({"out_ok": 5})
        sent(spi, 1, [bytes([i]) * 100 for i in range(5)])


def larval():
    """An SA that gets its keys is an SA that comes."""
    s, dst = setup()
    with Listener() as ear:
        lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(OUT4)),
                  attr(C["A_SA_DST"], addr(PEER4)),
                  attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                  attr(C["A_SA_REQID"], u32(1)),
                  attr(C["A_SA_SPI_MIN"], u32(0x7777)),
                  attr(C["A_SA_SPI_MAX"], u32(0x7777)))
        s.sendto(b"x", (dst, PORT))
        lab.counted({"out_acquire": 1})
        equal(ear.event()["dst"], dst, "event")
        real, lab.nl.do = lab.nl.do, lambda cmd, *msg: real("SA_UPDATE", *msg)
        try:
            lab.sa(null, "out", spi=0x7777)
        finally:
            lab.nl.do = real
        lab.counted({"out_ok": 1})
        sent(0x7777, 1, [b"x"])


def each_pair():
    """Transport mode between any two: who talks to whom is asked for."""
    anew()
    lab.policy("out", OUT4, "10.0.0.0/24", mode="transport")
    lab.n.ip("neigh replace 10.0.0.3 lladdr 02:00:00:00:00:02 dev vn nud "
             "permanent")
    s = sender(OUT4)
    lab.mark()
    with Listener() as ear:
        for text, dst in (b"1", PEER4), (b"2", "10.0.0.3"), (b"3", PEER4):
            s.sendto(text, (dst, PORT))
        lab.counted({"out_acquire": 3})
        for dst in PEER4, "10.0.0.3":
            equal(ear.event()["tmpl"], [(OUT4, dst, 0, 1)], "template")
        equal(ear.event(0), None, "a third event")
        spi = lab.sa(null, "out", "transport")
        lab.counted({"out_ok": 2})
        sent(spi, 1, [b"1", b"3"])
        wait_for(lambda: [(w["dst"], w["packets"]) for w in waiting()] ==
                 [("10.0.0.3", 1)], "the one that waits")


def each_value():
    """A policy whose SAs have fields of the packet: an SA for each value."""
    anew()
    pfp = C["PFP_FLAG_DST"] | C["PFP_FLAG_DPORT"] | C["PFP_FLAG_PROTO"]
    lab.nl.do("POLICY_NEW", *lab.policy_attrs(
        "out", lib.selector(IN4, "192.168.2.0/24")),
              attr(C["A_POLICY_PFP"], u32(pfp)))
    s = sender(IN4)
    lab.mark()
    with Listener() as ear:
        for dst, port in ((FAR4, 5000), (FAR4, 5001), ("192.168.2.9", 5000),
                          (FAR4, 5000)):
            s.sendto(b"%d" % port, (dst, port))
        lab.counted({"out_acquire": 4})
        got = [ear.event() for _ in range(3)]
        equal([(e["dst"], e["dport"]) for e in got],
              [(FAR4, 5000), (FAR4, 5001), ("192.168.2.9", 5000)], "events")
        equal(ear.event(0), None, "a fourth event")
        spi = lab.sa(null, "out", sel=lib.selector(IN4, FAR4, 17, None,
                                                   (5001, 5001)))
        lab.counted({"out_ok": 1})
        sent(spi, 1, [b"5001"])
        wait_for(lambda: sorted(w["packets"] for w in waiting()) == [1, 2],
                 "those that wait")
    # and of a protocol without ports
    anew()
    lab.policy("out", IN4, FAR4)
    lab.mark()
    with Listener() as ear:
        raw = lab.n.socket(socket.AF_INET, socket.SOCK_RAW, 1)
        raw.bind((IN4, 0))
        raw.sendto(bytes([0, 0, 0xff, 0xff, 0, 0, 0, 0]), (FAR4, 0))
        event = ear.event()
        equal((event["proto"], event.get("type")), (1, 0), "an echo reply")
        raw.close()


def nobody():
    """Without anybody to ask there is nothing to wait for."""
    s, dst = setup()
    push(s, b"1", dst)
    lab.counted({"out_no_sa": 1})
    with Listener():
        s.sendto(b"2", (dst, PORT))
        lab.counted({"out_acquire": 1})
    # what waits goes on waiting, for who comes next
    equal(waiting()[0]["packets"], 1, "waits")
    with Listener():
        spi = lab.sa(null, "out")
        lab.counted({"out_ok": 1})
        sent(spi, 1, [b"2"])
    # as long as that is there, more may wait with it
    wait_for(lambda: not waiting(), "the end of what was asked")
    lab.nl.do("SA_FLUSH")
    push(s, b"3", dst)
    lab.counted({"out_no_sa": 1})
    lab.wire.silent()


def full():
    s, dst = setup()
    with Listener() as ear:
        for _ in range(150):
            push(s, b"x", dst)
        lab.counted({"out_acquire": 100, "out_acquire_full": 50}, "of one SA")
        equal(ear.count(), 1, "events")
        spi = lab.sa(null, "out")
        lab.counted({"out_ok": 100})
        sent(spi, 1, [b"x"] * 100)
        # room again, but not for so much memory
        lab.nl.do("SA_FLUSH")
        for _ in range(100):
            push(s, bytes(60000), dst)
        got = lib.grown(lab.base, lab.nl.stats())
        held, refused = got["out_acquire"], got["out_acquire_full"]
        equal((held + refused, 10 < held < 90), (100, True), str(got))
        lab.mark()
        lab.unpolicy("out", IN4, FAR4)
        lab.counted({"out_changed": held})
        wait_for(lambda: not waiting(), "the entry's end")
        lab.policy("out", OUT4, "192.168.0.0/16", mode="transport")
        other = sender(OUT4)
        ear.count()
        for i in range(300):
            push(other, b"x", "192.168.%d.%d" % (8 + i // 100, i % 100))
        lab.counted({"out_acquire": 256, "out_acquire_full": 44}, "SAs")
        equal((ear.count(), len(waiting())), (256, 256), "events")
        lab.wire.silent()
        lab.nl.do("POLICY_FLUSH")
        lab.counted({"out_changed": 256})
        lab.wire.silent()


def storm(s, dst, data, look):
    """Packets come without a pause, and tables change, which has those that wait
    tried again: how many came."""
    pushed, stop = [0], threading.Event()

    def pusher():
        while not stop.is_set():
            push(s, struct.pack("!I", pushed[0]) + data, dst)
            pushed[0] += 1

    thread = threading.Thread(target=pusher, daemon=True)
    thread.start()
    rounds = 0
    try:
        while thread.is_alive() and (rounds < 100 or pushed[0] < 300):
            # not for them
            spi = lab.sa(null, "out", reqid=2)
            lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(PEER4)),
                      attr(C["A_SA_SPI"], struct.pack("!I", spi)))
            look()
            rounds += 1
        equal(thread.is_alive(), True, "packets are sent all the time")
    finally:
        stop.set()
        thread.join()
    return pushed[0]


def full_while_tried():
    """What is just tried again counts for what may wait."""
    s, dst = setup(seconds=300)
    with Listener():
        seen = set()
        count = storm(s, dst, b"", lambda: seen.update(
            w["packets"] for w in waiting()))
        equal(max(seen), 100, "packets at most")
        equal(waiting()[0]["packets"], 100, "packets")
        lab.counted({"out_acquire": 100, "out_acquire_full": count - 100})
        spi = lab.sa(null, "out")
        lab.counted({"out_ok": 100})
        sent(spi, 1, [struct.pack("!I", i) for i in range(100)])
        # and their memory, neither too much nor too little of it
        lab.nl.do("SA_FLUSH")
        held = []
        for fill in (lambda: storm(s, dst, bytes(60000), lambda: None),
                     lambda: [push(s, bytes(60004), dst) for _ in range(100)]):
            wait_for(lambda: not waiting(), "the entry's end")
            lab.mark()
            fill()
            got = lib.grown(lab.base, lab.nl.stats())
            held.append(got["out_acquire"])
            equal("out_acquire_full" in got, True, str(got))
            lab.mark()
            lab.unpolicy("out", IN4, FAR4)
            lab.counted({"out_changed": held[-1]})
            lab.policy("out", IN4, FAR4)
        equal(held, held[1:] * 2, "packets that wait")
        lab.wire.silent()


def deadline():
    s, dst = setup(seconds=4)
    with Listener() as ear:
        start = time.monotonic()
        s.sendto(b"1", (dst, PORT))
        s.sendto(b"2", (dst, PORT))
        wait_for(lambda: not waiting(), "the entry's end", 30)
        took = time.monotonic() - start
        equal(took > 3.9, True, "%.1f seconds" % took)
        lab.counted({"out_acquire": 2, "out_acquire_timeout": 2})
        first = ear.event()["id"]
        equal(ear.event(0), None, "event")
        # and who is still interested asks again
        timeout(60)
        s.sendto(b"3", (dst, PORT))
        lab.counted({"out_acquire": 1})
        equal(ear.event()["id"] > first, True, "another id")
        lab.sa(null, "out")
        lab.counted({"out_ok": 1})
        # told, but not kept
        lab.nl.do("SA_FLUSH")
        timeout(0)
        wait_for(lambda: not waiting(), "the entry's end")
        # for a second, in which all this is done unless the machine stalls
        for _ in range(5):
            start = time.monotonic()
            push(s, b"4", dst)
            push(s, b"5", dst)
            lab.counted({"out_no_sa": 2})
            events, told = ear.count(), [w["packets"] for w in waiting()]
            if time.monotonic() - start < 0.9:
                break
            wait_for(lambda: not waiting(), "the entry's end")
        equal((events, told), (1, [0]), "events, packets")
        lab.wire.recv(0)
        lab.wire.silent()
        wait_for(lambda: not waiting(), "the entry's end")


def policy_goes():
    """What waits is judged by the policy that there is then."""
    for default, counter in (0, "out_changed"), (1, "out_discard"):
        s, dst = setup()
        lab.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_OUT"], u8(default)))
        lab.policy("out", OUT4, PEER4, action="bypass")
        with Listener():
            s.sendto(b"x", (dst, PORT))
            lab.counted({"out_acquire": 1})
            lab.unpolicy("out", IN4, FAR4)
            lab.counted({counter: 1})
            wait_for(lambda: not waiting(), "the entry's end")
    lab.wire.silent()


def policy_changes():
    """Another SA is wanted: that is told."""
    s, dst = setup()
    with Listener() as ear:
        s.sendto(b"x", (dst, PORT))
        lab.counted({"out_acquire": 1})
        ear.event()
        lab.policy("out", IN4, FAR4, reqid=9, cmd="POLICY_UPDATE")
        lab.counted({"out_acquire": 1})
        ev = ear.event()
        equal(ev["tmpl"][0][3], 9, "reqid")
        lab.sa(null, "out")
        lab.counted({})
        wait_for(lambda: [w["id"] for w in waiting()] == [ev["id"]],
                 "the one that waits")
        spi = lab.sa(null, "out", reqid=9)
        lab.counted({"out_ok": 1})
        sent(spi, 1, [b"x"])
        # a policy in front of the other
        lab.nl.do("SA_FLUSH")
        s.sendto(b"y", (dst, PORT))
        lab.counted({"out_acquire": 1})
        lab.policy("out", "192.168.1.0/24", FAR4, action="discard")
        lab.counted({})
        lab.unpolicy("out", IN4, FAR4)
        lab.counted({"out_discard": 1})


def monitored():
    """The same for people, and for who comes late."""
    s, dst = setup()
    mons = [subprocess.Popen(
        ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", *opts, "monitor"],
        stdout=subprocess.PIPE) for opts in (("-j",), ())]
    try:
        wait_for(lambda: sum(
            int(line.split()[3], 16) != 0 for line in lab.n.exec(
                "cat", "/proc/net/netlink").splitlines()[1:]
            if line.split()[1] == "16") == 2, "the monitors")
        s.sendto(b"x", (dst, PORT))
        for mon in mons:
            equal(bool(select.select([mon.stdout], [], [],
                                     5 * lib.SLOW)[0]), True, "an event")
        ev = json.loads(mons[0].stdout.readline())
        port = s.getsockname()[1]
        tmpl = {"src": OUT4, "dst": PEER4, "proto": "esp", "reqid": 1,
                "mode": "tunnel"}
        want = {"event": "acquire", "id": ev["id"], "policy": ev["policy"],
                "priority": 0, "packet": {
                    "family": "inet", "src": IN4 + "/32", "dst": FAR4 + "/32",
                    "proto": "udp", "sport_min": port, "sport_max": port,
                    "dport_min": PORT, "dport_max": PORT, "oif": "vn"},
                "tmpl": tmpl}
        equal(ev, want, "event")
        line = "acquire id %d policy %d priority 0 src %s/32 dst %s/32 proto " \
            "udp sport %d dport %d oif vn tmpl src %s dst %s proto esp reqid 1 " \
            "mode tunnel" % (ev["id"], ev["policy"], IN4, FAR4, port, PORT, OUT4,
                             PEER4)
        equal(mons[1].stdout.readline().decode(), line + "\n", "text")
    finally:
        for mon in mons:
            mon.terminate()
            mon.communicate()
    equal(lab.cli("acquire"), line + " packets 1\n", "list")
    del want["event"]
    want["packets"] = 1
    equal(lib.json_of(lab.cli("-j", "acquire", "list")), [want], "JSON list")
    lab.cli("default", "acquire-timeout", "3")
    equal("acquire-timeout 3\n" in lab.cli("default"), True, "setting")
    equal(lib.json_of(lab.cli("-j", "default"))["acquire_timeout"], 3,
          "setting as JSON")
    try:
        lab.nl.do("ACQUIRE_GET", attr(C["A_ACQUIRE_ID"], u32(ev["id"] + 1)))
    except Refused as e:
        equal(bool(e.text), True, "a sentence")
    else:
        raise AssertionError("an entry that is not there")


# Ends

def soon(what, *cmd):
    """A command that must not wait for what waits, which it does for 300 s."""
    start = time.monotonic()
    lib.sh(*cmd)
    took = time.monotonic() - start
    equal(took < 100, True, "%s took %.1f s" % (what, took))


def link_goes():
    anew(300)
    lib.sh("ip", "link", "add", "vx", "netns", lab.n.ns, "type", "veth",
           "peer", "name", "vy", "netns", lab.w.ns)
    lab.w.ip("link set vy up")
    lab.n.ip("link set vx up\naddr add 10.1.0.1/24 dev vx\n"
             "addr add fd00:9::1/64 dev vx nodad\n"
             "neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev vx\n"
             "neigh add fd00:9::9 lladdr 02:00:00:00:00:09 dev vx")
    lab.policy("out", "10.1.0.1", "10.1.0.9", mode="transport")
    lab.policy("out", "fd00:9::1", "fd00:9::9", mode="transport", six=True)
    lab.policy("out", IN4, FAR4)
    a, b, c = (sender(x) for x in ("10.1.0.1", "fd00:9::1", IN4))
    lab.mark()
    with Listener():
        a.sendto(b"x", ("10.1.0.9", PORT))
        b.sendto(b"x", ("fd00:9::9", PORT))
        c.sendto(b"other link", (FAR4, PORT))
        lab.counted({"out_acquire": 3})
        soon("link down", "ip", "-n", lab.n.ns, "link", "set", "vx", "down")
        lab.counted({"out_acquire_gone": 2})
        lab.n.ip("link set vx up\naddr add fd00:9::1/64 dev vx nodad\n"
                 "neigh replace 10.1.0.9 lladdr 02:00:00:00:00:09 dev vx\n"
                 "neigh replace fd00:9::9 lladdr 02:00:00:00:00:09 dev vx")
        b = sender("fd00:9::1")
        a.sendto(b"x", ("10.1.0.9", PORT))
        b.sendto(b"x", ("fd00:9::9", PORT))
        lab.counted({"out_acquire": 2})
        soon("link del", "ip", "-n", lab.n.ns, "link", "del", "vx")
        lab.counted({"out_acquire_gone": 2})
        spi = lab.sa(null, "out")
        lab.counted({"out_ok": 1})
        sent(spi, 1, [b"other link"])


def closed(x, nl):
    """A packet of a socket whose owner has closed it."""
    s = sender("10.2.0.1", x)
    s.sendto(b"x", ("10.2.0.9", PORT))
    wait_for(lambda: nl.stats()["out_acquire"] == 1, "the packet")
    s.close()


def answer(x, nl):
    """An answer to a SYN, to a port where nobody listens any more."""
    server = x.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("10.2.0.1", PORT))
    server.listen()
    lab.w.ip("addr add 10.2.0.9/24 dev xw")
    client = lab.w.socket(socket.AF_INET, socket.SOCK_STREAM)
    client.bind(("10.2.0.9", 0))
    client.setblocking(False)
    client.connect_ex(("10.2.0.1", PORT))
    wait_for(lambda: nl.stats()["out_acquire"] >= 1, "the answer")
    client.close()
    server.close()


def namespace_goes(what):
    """With something that waits, and keeps nothing for as long."""
    x = lib.Host("x")
    lib.sh("ip", "link", "add", "v0", "netns", x.ns, "type", "veth", "peer",
           "name", "xw", "netns", lab.w.ns)
    x.ip("link set v0 up\naddr add 10.2.0.1/24 dev v0\n"
         "neigh add 10.2.0.9 lladdr 02:00:00:00:00:09 dev v0")
    lab.w.ip("link set xw up")
    nl = lib.Genl(x)
    nl.do("DEFAULT_SET", attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(300)))
    nl.do("POLICY_NEW", *lab.policy_attrs(
        "out", lib.selector("10.2.0.1", "10.2.0.9"), mode="transport"))
    with Listener(x):
        what(x, nl)
    nl.sock.close()
    lib.Host.made.remove(x)
    x.close()
    lab.n.socket(socket.AF_INET, socket.SOCK_DGRAM).close()   # leave it
    # 100 s anywhere: by the 300 that the packet may wait it goes anyhow
    wait_for(lambda: "xw" not in lab.w.exec("ip", "-br", "link"),
             "the namespace's end", 25 / lib.SLOW)


def module_goes():
    if not any(line.startswith("nfipsec ") for line in open("/proc/modules",
                                                            encoding="ascii")):
        raise lib.Skip("it is no module")
    # not setup(): what was asked for by a link that went is there still
    lab.reset()
    timeout(300)
    lab.policy("out", IN4, FAR4)
    s = sender(IN4)
    lab.mark()
    with Listener():
        s.sendto(b"x", (FAR4, PORT))
        lab.counted({"out_acquire": 1})
        soon("rmmod", "rmmod", "nfipsec")
    lab.wire.silent()


# Whole connections

class End(lib.Lab):
    """One end of the tunnel, as far as its tables go."""

    def __init__(self, name):
        self.n = lib.Host(name)
        self.nl = lib.Genl(self.n)
        self.spi = 0x1000
        self.base = {}


class Daemon(threading.Thread):
    """Makes the SAs of both ends when a wants one."""

    def __init__(self, a, b):
        super().__init__(daemon=True)
        self.a, self.b = a, b
        self.ear = Listener(a.n)
        self.asked, self.error, self.stop = 0, None, False
        self.start()

    def run(self):
        try:
            while not self.stop:
                ev = self.ear.event(0.02 / lib.SLOW)
                if ev:
                    self.asked += 1
                    self.serve(":" in ev["tmpl"][0][0], 0x2000 + 2 * ev["id"])
        except Exception as e:      # pylint: disable=broad-except
            self.error = e

    def serve(self, six, spi):
        # b is the peer: what it calls out is in from here
        for end, way, num, turned in ((self.b, "in", spi, False),
                                      (self.b, "out", spi + 1, True),
                                      (self.a, "in", spi + 1, True),
                                      (self.a, "out", spi, False)):
            src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
            if turned:
                src, dst = dst, src
            end.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(src)),
                      attr(C["A_SA_DST"], addr(dst)),
                      attr(C["A_SA_SPI"], struct.pack("!I", num)),
                      attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                      attr(C["A_SA_DIR"], u8(C["DIR_" + way.upper()])),
                      attr(C["A_SA_REQID"], u32(1)), *null.attrs())

    def end(self):
        self.stop = True
        self.join()
        self.ear.sock.close()
        if self.error:
            raise self.error


def three_hosts():
    a, b, c = End("a"), End("b"), lib.Host("c")
    for n1, d1, n2, d2 in ((a.n, "va", b.n, "vb"), (a.n, "vac", c, "vc")):
        lib.sh("ip", "link", "add", d1, "netns", n1.ns, "type", "veth", "peer",
               "name", d2, "netns", n2.ns)
    a.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
             "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")
    a.n.ip("link set va up\nlink set vac up\naddr add 10.0.0.1/24 dev va\n"
           "addr add fd00::1/64 dev va nodad\naddr add 192.168.1.1/24 dev vac\n"
           "addr add fd00:1::1/64 dev vac nodad\n"
           "route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1\n"
           "route add fd00:2::/64 via fd00::2 src fd00:1::1")
    b.n.ip("link set vb up\naddr add 10.0.0.2/24 dev vb\n"
           "addr add fd00::2/64 dev vb nodad\naddr add 192.168.2.1/32 dev lo\n"
           "addr add fd00:2::1/128 dev lo nodad\n"
           "route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1\n"
           "route add fd00:1::/64 via fd00::1 src fd00:2::1")
    c.ip("link set vc up\naddr add 192.168.1.2/24 dev vc\n"
         "addr add fd00:1::2/64 dev vc nodad\n"
         "route add default via 192.168.1.1\nroute add default via fd00:1::1")
    for six, near, far in ((False, "192.168.1.0/24", "192.168.2.0/24"),
                           (True, "fd00:1::/64", "fd00:2::/64")):
        here, there = (OUT6, PEER6) if six else (OUT4, PEER4)
        for end, way, src, dst, tsrc, tdst in (
                (a, "out", near, far, here, there),
                (a, "in", far, near, there, here),
                (b, "out", far, near, there, here),
                (b, "in", near, far, here, there)):
            end.nl.do("POLICY_NEW",
                      attr(C["A_POLICY_DIR"], u8(C["DIR_" + way.upper()])),
                      attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
                      attr(C["A_POLICY_SELECTOR"], lib.selector(src, dst)),
                      attr(C["A_POLICY_TMPL"], [
                          attr(C["A_TMPL_SRC"], addr(tsrc)),
                          attr(C["A_TMPL_DST"], addr(tdst)),
                          attr(C["A_TMPL_MODE"], u8(C["MODE_TUNNEL"])),
                          attr(C["A_TMPL_REQID"], u32(1))]))
    tap = a.n.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    tap.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)
    tap.bind(("va", 3))
    tap.setblocking(False)
    return a, b, c, tap


def sealed_only(tap):
    """Of what left a there was nothing in the clear; how many there were."""
    count = 0
    while select.select([tap], [], [], 0)[0]:
        frame, where = tap.recvfrom(65536)
        if where[2] != 4 or frame[12:14] not in (b"\x08\x00", b"\x86\xdd"):
            continue
        six = frame[12] == 0x86
        proto = frame[20] if six else frame[23]
        if six and proto in (0, 58):    # neighbours, MLD
            continue
        equal(proto, 50, "in the clear: " + frame.hex())
        count += 1
    return count


def retransmitted(host):
    names, values = [line.split() for line in host.exec(
        "cat", "/proc/net/snmp").splitlines() if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


def connection(host, dst, data):
    """Something there and back by TCP, with b."""
    kind = socket.AF_INET6 if ":" in dst else socket.AF_INET
    server = net[1].n.socket(kind, socket.SOCK_STREAM)
    # of the connection before, both ends may have said that it is over
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((dst, PORT))
    server.listen()
    client = host.socket(kind, socket.SOCK_STREAM)
    client.settimeout(10 * lib.SLOW)
    client.connect((dst, PORT))
    peer, _ = server.accept()
    client.sendall(data)
    got = b""
    while len(got) < len(data):
        got += peer.recv(65536)
    equal(got, data, "received")
    for s in client, peer, server:
        s.close()


class Stall:
    """The longest time, in seconds, for which the machine had none for us."""

    def __init__(self):
        self.longest, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        last = time.monotonic()
        while not self.over.wait(0.01):
            now = time.monotonic()
            self.longest, last = max(self.longest, now - last), now

    def end(self):
        self.over.set()
        self.thread.join()
        return self.longest


def one_of_each(host, six, what):
    """The first packet of all arrives. Return segments sent again, and how long
    the machine stalled."""
    a, b, c, tap = net
    who = a.n if host == "a" else c
    dst = FAR6 if six else FAR4
    a.nl.do("SA_FLUSH")
    b.nl.do("SA_FLUSH")
    a.base, before = a.nl.stats(), retransmitted(who)
    daemon = Daemon(a, b)
    stall = Stall()
    try:
        if what == "ping":
            out = who.exec("ping", "-c", "3", "-i", "0.2", "-W", "10", dst)
            equal(" 3 received" in out, True, out)
        else:
            connection(who, dst, os.urandom(500))
    finally:
        daemon.end()
        stalled = stall.end()
    equal(daemon.asked, 1, "how often an SA was asked for")
    got = lib.grown(a.base, a.nl.stats())
    equal((got.pop("out_acquire") > 0, got.pop("in_ok") > 0,
           got.pop("out_ok") > 0, got), (True, True, True, {}), "counters")
    equal(sealed_only(tap) > 0, True, "ESP")
    return retransmitted(who) - before, stalled


def whole(host, six):
    """And none is sent twice for it, but by who had to wait for the machine."""
    one_of_each(host, six, "ping")
    for _ in range(5):
        again, stalled = one_of_each(host, six, "tcp")
        # the least time after which TCP sends again
        if not again or stalled < 0.1:
            break
    equal(again, 0, "segments sent again")


for fam in False, True:
    for mod in "tunnel", "transport":
        report.add("an SA that comes in time, %s, %s" %
                   (mod, "IPv6" if fam else "IPv4"), arrives, fam, mod)
report.add("as soon as the SA comes", at_once)
report.add("a large packet", super_packet)
report.add("an SA that was larval", larval)
report.add("any pair of hosts", each_pair)
report.add("a packet's own fields", each_value)
report.add("nobody listens", nobody)
report.add("too much", full)
report.add("too much, while it is tried again", full_while_tried)
report.add("too late", deadline)
report.add("the policy goes", policy_goes)
report.add("the policy changes", policy_changes)
report.add("monitor, list and settings", monitored)
report.add("the link goes", link_goes)
report.add("the namespace goes", namespace_goes, closed)
report.add("the namespace goes, of who answers a SYN", namespace_goes, answer)
net = None if lib.LIST else three_hosts()
for fam in False, True:
    report.add("first packets of a host, %s" % ("IPv6" if fam else "IPv4"),
               whole, "a", fam)
    report.add("first packets of a gateway, %s" % ("IPv6" if fam else "IPv4"),
               whole, "c", fam)
report.add("the module goes", module_goes)
sys.exit(report.run())
