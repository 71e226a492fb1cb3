# SPDX-License-Identifier: GPL-2.0
"""Changes that become visible as one, request by request.

The topology is that of lib.py.
"""
import contextlib
import errno
import os
import struct
import sys
import threading
import time

import lib
from failing import each_fails
from held import Doing, Held, larval
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, addr, attr, attrs, equal,
                 selector, sh, u8, u32, u64, wait_for)

lab = lib.Lab()
gcm = Algo("aes128gcm16", 8)
other = Algo("aes128gcm16", 9)
report = lib.Report()
PORT = 4000
SA_TX = attr(C["A_SA_TRANSACTION"], b"")
POLICY_TX = attr(C["A_POLICY_TRANSACTION"], b"")
DEFAULT_TX = attr(C["A_DEFAULT_TRANSACTION"], b"")
UNCHANGED = attr(C["A_TRANSACTION_UNCHANGED"], b"")


def begin(nl=None):
    (nl or lab.nl).do("TRANSACTION_BEGIN")


def commit(*what):
    lab.nl.do("TRANSACTION_COMMIT", *what)


def requests(n):
    return attr(C["A_TRANSACTION_REQUESTS"], u32(n))


def sa_new(spi, reqid=1, algo=gcm):
    lab.sa(algo, "out", spi=spi, reqid=reqid, extra=[SA_TX])


def sa_del(spi):
    lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(PEER4)),
              attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)), SA_TX)


def policy(dst=FAR4, dport=None, cmd="POLICY_NEW", **more):
    lab.nl.do(cmd, *lab.policy_attrs(
        "out", selector(IN4, dst, 17 if dport else 0, None, dport), **more),
        POLICY_TX)


def policy_del(index):
    lab.nl.do("POLICY_DEL", attr(C["A_POLICY_INDEX"], u32(index)), POLICY_TX)


def default(out):
    lab.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_OUT"], u8(out)), DEFAULT_TX)


def indices():
    """By destination port or None, in the order of look-up."""
    out = {}
    for pol in lab.nl.dump("POLICY_GET"):
        pol = dict(pol)
        sel = dict(attrs(pol[C["A_POLICY_SELECTOR"]]))
        port = sel.get(C["A_SELECTOR_DPORT_MIN"])
        out[struct.unpack("=H", port)[0] if port else None] = struct.unpack(
            "=I", pol[C["A_POLICY_INDEX"]])[0]
    return out


def fails(code, do, *args, **kw):
    try:
        do(*args, **kw)
    except lib.Refused as e:
        equal(e.code, getattr(errno, code), "error of " + str(e))
        equal(bool(str(e)), True, "a sentence")
        return e
    raise AssertionError("was not refused")


def steady():
    """Tables without what counts."""
    sas, pols, defaults = lab.nl.tables()
    return (sorted(sas), pols, defaults)


def send(n=1):
    with lab.n.socket(2, 2) as sock:
        sock.bind((IN4, 0))
        for _ in range(n):
            sock.sendto(b"x", (FAR4, PORT))


def all_or_nothing():
    lab.reset()
    before = steady()
    begin()
    sa_new(0x1001)
    policy()
    default(1)
    equal(steady(), before, "tables before the commit")
    lab.mark()
    send()
    lab.counted({}, "in the clear before the commit")
    commit(requests(3))
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
    equal(len(lab.nl.dump("POLICY_GET")), 1, "policies")
    lab.mark()
    send()
    lab.counted({"out_ok": 1}, "protected after it")
    # and away again, with the other default
    begin()
    sa_del(0x1001)
    policy_del(indices()[None])
    commit()
    equal(lab.nl.dump("SA_GET") + lab.nl.dump("POLICY_GET"), [], "left")
    lab.mark()
    with lab.n.socket(2, 2) as sock:
        is_discarded(sock)
    lab.counted({"out_discard": 1}, "discarded")


def is_discarded(sock):
    sock.bind((IN4, 0))
    try:
        sock.sendto(b"x", (FAR4, PORT))
    except PermissionError:
        return
    raise AssertionError("was sent")


def everything(last):
    """One of each kind; then what fails."""
    have = indices()
    begin()
    sa_new(0x2001)
    sa_del(0x1001)
    sa_new(0x1001, algo=other)      # another key under the same SPI
    policy(dport=(7, 7))
    policy(dport=(2, 2), cmd="POLICY_UPDATE", action="discard")
    policy(dport=(3, 3), cmd="POLICY_UPDATE", priority=9)
    policy_del(have[4])
    policy(dport=(4, 4), action="bypass")
    default(1)
    last()


def undone():
    """Whatever fails at the end, all is as it was, and works."""
    lab.reset()
    lab.sa(gcm, "out", spi=0x1001)
    lab.sa(gcm, "out", spi=0x1002, reqid=2)
    for port in (2, 3, 4, PORT):
        lab.policy("out", IN4, FAR4, 17, None, (port, port))
    before = steady()
    have = indices()
    for code, last in (
            ("EEXIST", lambda: sa_new(0x1002)),
            ("EEXIST", lambda: sa_new(0x2001)),
            ("ENOENT", lambda: sa_del(0x1001)),
            ("ENOENT", lambda: sa_del(0x2001)),
            ("EEXIST", lambda: policy(dport=(2, 2))),
            ("EEXIST", lambda: policy(dport=(7, 7), cmd="POLICY_UPDATE")),
            ("ENOENT", lambda: policy_del(have[4])),
            ("ENOENT", lambda: policy_del(have[2]))):
        everything(last)
        failed = fails(code, commit)
        equal(failed.cookie, u32(9), "which request")
        equal(steady(), before, "tables")
        fails("ENOENT", commit)     # the transaction is gone
        lab.mark()
        send()
        lab.counted({"out_ok": 1})
        before = steady()
    # and it all works without that
    everything(lambda: None)
    commit(requests(9))
    now = indices()
    equal((now[2], now[3], set(now)), (have[2], have[3], {2, 3, 4, 7, PORT}),
          "policies")
    equal(now[4] == have[4], False, "the index of another policy")
    sas = [dict(s)[C["A_SA_SPI"]] for s in lab.nl.dump("SA_GET")]
    equal(sorted(sas), [struct.pack("!I", x) for x in
                        (0x1001, 0x1002, 0x2001)], "SAs")


def of_a_socket():
    lab.reset()
    fails("ENOENT", commit)
    fails("ENOENT", sa_new, 0x1001)
    fails("ENOENT", policy)
    fails("ENOENT", lab.nl.do, "TRANSACTION_ABORT")
    begin()
    fails("EBUSY", begin)
    nl = lib.Genl(lab.n)
    fails("ENOENT", nl.do, "TRANSACTION_COMMIT")
    sa_new(0x1001)
    policy()
    lab.nl.do("TRANSACTION_ABORT")
    fails("ENOENT", commit)
    equal(lab.nl.dump("SA_GET") + lab.nl.dump("POLICY_GET"), [], "left")
    # so many and no more, until one is closed
    socks = [lib.Genl(lab.n) for _ in range(64)]
    for sock in socks:
        begin(sock)
        sock.do("POLICY_NEW", *lab.policy_attrs("out", selector(IN4, FAR4)),
                POLICY_TX)
    fails("ENOSPC", begin)
    socks.pop().sock.close()
    begin()
    for sock in socks:
        sock.sock.close()
    lab.nl.do("TRANSACTION_ABORT")
    equal(lab.nl.dump("POLICY_GET"), [], "left")


def closed_meanwhile():
    """Who closes a socket never waits for who changes the tables.

    Else everybody would who closes one of netlink, once a module wants to hear
    of that no more.
    """
    lab.reset()
    what = larval(lab.nl)
    nl, foreign = lib.Genl(lab.n), lib.Genl(lab.w)
    begin(nl)
    nl.do("POLICY_NEW", *lab.policy_attrs("out", selector(IN4, FAR4)),
          POLICY_TX)
    # not in every kernel, and in some for good
    hears = not sh("modprobe", "-q", "nfnetlink_log", ok=None)[0]
    try:
        with open("/sys/module/nfnetlink_log/refcnt", encoding="ascii") as f:
            hears = hears and int(f.read()) == 0
    except FileNotFoundError:
        hears = False
    with Held() as held:
        one = Doing("the SA gets its keys", lab.nl.do, "SA_UPDATE", *what,
                    *held.algo.attrs())
        held.wait()
        does = [Doing("a socket with a transaction is closed", nl.sock.close)]
        if hears:
            does.append(Doing("rmmod", sh, "rmmod", "nfnetlink_log"))
        does.append(Doing("a socket of another namespace is closed",
                          foreign.sock.close))
        for doing in reversed(does):
            doing.end()
        equal(one.is_alive(), True, "the tables are still being changed")
        held.release()
        one.end()
    # it is gone with all that waited in it
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
    equal(lab.nl.dump("POLICY_GET"), [], "policies")
    socks = [lib.Genl(lab.n) for _ in range(64)]
    for sock in socks:
        begin(sock)
    for sock in socks:
        sock.sock.close()


def refused():
    lab.reset()
    begin()
    sa_new(0x1001)
    lab.default("out", "discard")
    lab.default("out", "bypass")
    fails("ESTALE", commit, UNCHANGED)
    begin()
    lab.default("out", "bypass")
    commit(UNCHANGED)
    begin()
    sa_new(0x1001)
    fails("ECANCELED", commit, requests(2))
    equal(lab.nl.dump("SA_GET"), [], "SAs")
    begin()
    fails("ENOENT", policy_del, 12345)
    fails("EOPNOTSUPP", lab.nl.do, "SA_UPDATE", attr(C["A_SA_DST"], addr(PEER4)),
          attr(C["A_SA_PROTO"], u8(50)),
          attr(C["A_SA_SPI"], struct.pack("!I", 0x1001)), SA_TX)
    fails("EPROTONOSUPPORT", policy, tmpl_proto=1)
    commit(UNCHANGED, requests(0))


def acquire_timeout(seconds):
    lab.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"],
                                  u32(seconds)))


@contextlib.contextmanager
def sender():
    """Packets are sent meanwhile; gives how many, and counts from here.

    None waits for an SA: one that does not find it is dropped.
    """
    stop = threading.Event()
    sent = [0]

    def work():
        with lab.n.socket(2, 2) as sock:
            sock.bind((IN4, 0))
            while not stop.is_set():
                sock.sendto(b"x", (FAR4, PORT))
                sent[0] += 1

    acquire_timeout(0)
    lab.mark()
    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_for(lambda: sent[0], "the first packet")
        yield sent
    finally:
        stop.set()
        thread.join()
        acquire_timeout(10)


def many(n, first):
    """Policies in the way of what is looked for."""
    for i in range(n):
        policy(dst="192.168.3.%d" % (i + 1), priority=5, dport=(first, first))


def swapped():
    """A set with its SA against another, while packets are sent.

    Behind each set's policy there is one that discards; with the SA or the
    policy of the other set a packet would be dropped, or wait. The second set
    stands before the first, so one that is there too early is met.
    """
    lab.reset()

    def whole_set(which):
        sa_new(0x3000 + which, reqid=which)
        low = PORT - which
        policy(dport=(low, PORT), priority=12 - which, reqid=which)
        policy(dport=(low, PORT + 1), priority=22 - which, action="discard")
        many(20 if lib.SLOW == 1 else 5, 10 + which)

    begin()
    whole_set(1)
    commit()
    with sender() as sent:
        rounds, until = 0, time.monotonic() + 2
        while time.monotonic() < until or rounds < 4:
            old = indices_all()
            begin()
            whole_set(2 - rounds % 2)
            for index in old:
                policy_del(index)
            sa_del(0x3001 + rounds % 2)
            commit(UNCHANGED)
            rounds += 1
    print("# %d packets, %d swaps" % (sent[0], rounds))
    lab.counted({"out_ok": sent[0]}, "packets")
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")


def indices_all():
    return [struct.unpack("=I", dict(p)[C["A_POLICY_INDEX"]])[0]
            for p in lab.nl.dump("POLICY_GET")]


def three():
    """An SA and policies; returns the tables."""
    lab.sa(gcm, "out", spi=0x1001)
    for port in (2, 3, 4):
        lab.policy("out", IN4, FAR4, 17, None, (port, port))
    return steady()


def no_memory():
    """Each allocation of a commit fails once: it is done, or nothing is."""
    def prepare():
        before = three()
        everything(lambda: None)
        return before

    def check(before):
        after = steady()
        if after != before:
            equal((len(after[0]), sorted(map(str, indices()))),
                  (2, ["2", "3", "4", "7"]), "tables")

    equal(each_fails(lab, prepare, commit, check) > 7, True, "failures")


def no_memory_policy():
    """The same of a policy that gets all that policies have beside."""
    inner = attr(C["A_POLICY_TMPL"], [
        attr(C["A_TMPL_PROTO"], u8(50)),
        attr(C["A_TMPL_MODE"], u8(C["MODE_TRANSPORT"]))])
    what = lab.policy_attrs(
        "out", selector(IN4, FAR4, 17, None, (3, 3)), priority=9) + [
            inner, inner, inner, attr(C["A_POLICY_NAME"], b"a name\0"),
            attr(C["A_POLICY_FLAGS"], u32(C["POLICY_FLAG_CPU_ACQUIRE"]))]

    def check(before):
        after = steady()
        if after == before:
            return
        pol = lab.nl.dump("POLICY_GET")[-1]
        equal(([t for t, _ in pol].count(C["A_POLICY_TMPL"]),
               dict(pol)[C["A_POLICY_PRIORITY"]],
               dict(pol)[C["A_POLICY_NAME"]]),
              (4, u32(9), b"a name\0"), "policy")
        equal(list(indices()), [2, 4, 3], "policies")

    equal(each_fails(lab, three, lambda: lab.nl.do("POLICY_UPDATE", *what),
                     check) > 4, True, "failures")


def undone_under_traffic():
    """All goes, something comes, and it fails: no packet notices."""
    lab.reset()
    lab.sa(gcm, "out", spi=0x1001)
    lab.policy("out", IN4, FAR4, 17, None, (PORT, PORT))
    have = indices()
    with sender() as sent:
        rounds, until = 0, time.monotonic() + 1
        while time.monotonic() < until or rounds < 10:
            begin()
            policy_del(have[PORT])
            sa_del(0x1001)
            many(20, 7)
            policy(dport=(8, 8))
            policy_del(have[PORT])
            fails("ENOENT", commit)
            rounds += 1
    print("# %d packets, %d rounds" % (sent[0], rounds))
    lab.counted({"out_ok": sent[0]}, "packets")


def nested_meanwhile():
    """SAs of others come and go while a packet is on its way through two.

    Policy lets each of the two packets in for itself: somebody behind a tunnel has an
    SA with this host. With one CPU nothing comes in between.
    """
    lab.reset()
    null, cbc = Algo("null-sha256_128", 3), Algo("aes128-sha256_128", 4)
    tmpl = ["action", "protect", "tmpl", "src", PEER4, "dst", OUT4, "mode",
            "tunnel", "proto", "esp", "reqid"]
    lab.cli("policy", "add", "dir", "in", "src", PEER4, "dst", OUT4, "proto",
            "esp", *tmpl, "1")
    lab.cli("policy", "add", "dir", "in", "src", FAR4, "dst", IN4, *tmpl, "2")
    outer, inner = lab.sa(null, "in", reqid=1), lab.sa(cbc, "in", reqid=2)
    nl = lib.Genl(lab.n)
    rounds = [0]

    def others():
        key = [attr(C["A_SA_DST"], addr(PEER4)), attr(C["A_SA_PROTO"], u8(50)),
               attr(C["A_SA_SPI"], struct.pack("!I", 0x7777))]
        nl.do("SA_NEW", *key, attr(C["A_SA_SRC"], addr(OUT4)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_DIR"], u8(C["DIR_OUT"])), *gcm.attrs())
        nl.do("SA_DEL", *key)
        rounds[0] += 1

    with lab.listen(PORT) as sock, lib.Threads(others):
        wait_for(lambda: rounds[0], "the first change")
        lab.mark()
        for seq in range(1, 31):
            text = bytes(2000 + seq)
            p = lib.udp_packet(FAR4, IN4, 5000, PORT, text)
            for algo, spi in (cbc, inner), (null, outer):
                p = lib.ipv4(PEER4, OUT4, 50, algo.seal(spi, seq, 4, p),
                             ident=seq)
            for part in lib.fragments(p):
                lab.wire.send(part)
            lab.counted({"in_ok": 1}, "packet %d" % seq)
            equal(sock.recv(65536), text, "packet %d" % seq)
    print("# %d changes" % rounds[0])
    lab.reset()


def life():
    """The lifetime of an SA begins with the commit."""
    lab.reset()
    begin()
    lab.sa(gcm, "out", spi=0x1001, extra=[SA_TX, attr(
        C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_TIME_HARD"], u64(2))])])
    then = time.monotonic() + 2.1
    wait_for(lambda: time.monotonic() > then, "its end, had it begun")
    before = time.monotonic()
    commit()
    there = len(lab.nl.dump("SA_GET"))
    if time.monotonic() - before < 2:
        equal(there, 1, "SAs")
    wait_for(lambda: not lab.nl.dump("SA_GET"), "its end")
    equal(time.monotonic() - before >= 2, True, "not before its time")


report.add("all or nothing", all_or_nothing)
report.add("what fails is undone", undone)
report.add("a transaction belongs to a socket", of_a_socket)
report.add("a socket is closed while tables change", closed_meanwhile)
report.add("refusals", refused)
report.add("undone under traffic", undone_under_traffic)
report.add("lifetimes", life)
report.add("others' SAs while a packet is opened", nested_meanwhile)
report.add("allocations fail", no_memory)
report.add("allocations of a policy fail", no_memory_policy)
report.add("sets swapped under traffic", swapped)
sys.exit(report.run())
