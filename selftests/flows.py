# SPDX-License-Identifier: GPL-2.0
"""The flow cache: what policy said of a flow holds until policy changes.

The same packet again and again. It must fare as policy is now, and from the second
time on without a look-up: that the cache is asked at all is what makes these tests
of it. All on one CPU, whose cache that is.
"""
import os
import socket
import sys

import lib
from judge import CLEAR, ESP, FAMILIES, arrive, far, lab, null, send
from lib import (C, FAR4, IN4, OUT4, PEER4, attr, equal, selector, u32,
                 wait_for)

ALL = "0.0.0.0/0"
ELSEWHERE = "203.0.113.1"
PARAM = "/sys/module/nfipsec/parameters/flow_cache"
POLICY_TX = attr(C["A_POLICY_TRANSACTION"], b"")
SO_MARK = 36
report = lib.Report()


def knows(do, want, what):
    """It fares so, and the cache alone is asked."""
    for _ in range(5):
        before = lab.nl.flow_cache()
        equal(do(), want, what + ", again")
        hits, misses = (b - a for a, b in zip(before, lab.nl.flow_cache()))
        # n tells routers of its groups by itself, a second or two from its start
        if not misses:
            break
    equal((hits > 0, misses), (True, 0), what + ": hits, misses")


def fares(do, want, what):
    before = lab.nl.flow_cache()
    equal(do(), want, what)
    equal(lab.nl.flow_cache()[1] > before[1], True, what + ": asked policy anew")
    knows(do, want, what)


def out():
    return send(FAR4, src=IN4)


def many(want, what):
    """Flows that all fare so; gives whether more than a few were not known."""
    ports = range(5000, 5008)
    before = lab.nl.flow_cache()
    for port in ports:
        equal(send(FAR4, dport=port, src=IN4), want, what)
    return lab.nl.flow_cache()[1] - before[1] >= len(ports)


def out_changes():
    """Each kind of change, one after the other; and none by a transaction."""
    lab.reset()
    lab.policy("out", IN4, ELSEWHERE, action="discard")
    fares(out, CLEAR, "no policy")
    lab.policy("out", ALL, ALL, action="discard", priority=5)
    fares(out, "out_discard", "added")
    lab.policy("out", IN4, FAR4, action="bypass", priority=1)
    fares(out, CLEAR, "added in front")
    lab.policy("out", IN4, FAR4, action="protect", priority=1,
               cmd="POLICY_UPDATE")
    fares(out, "out_no_sa", "another action")
    lab.policy("out", IN4, FAR4, action="bypass", priority=9,
               cmd="POLICY_UPDATE")
    fares(out, "out_discard", "another priority")
    lab.unpolicy("out", ALL, ALL)
    fares(out, CLEAR, "deleted")
    lab.default("out", "discard")
    fares(out, CLEAR, "default changed behind a policy")
    lab.unpolicy("out", IN4, FAR4)
    fares(out, "out_discard", "the default")
    lab.policy("out", IN4, FAR4, action="bypass")
    fares(out, CLEAR, "before the flush")
    lab.nl.do("POLICY_FLUSH")
    fares(out, "out_discard", "flushed")


def policy_tx(sel, **kw):
    lab.nl.do("POLICY_NEW", *lab.policy_attrs("out", sel, **kw), POLICY_TX)


def transactions():
    lab.reset()
    lab.policy("out", IN4, FAR4, action="bypass", priority=3)
    fares(out, CLEAR, "before")
    lab.nl.do("TRANSACTION_BEGIN")
    policy_tx(selector(ALL, ALL), action="discard")
    knows(out, CLEAR, "a transaction is open")
    lab.nl.do("TRANSACTION_COMMIT")
    fares(out, "out_discard", "committed")
    lab.nl.do("TRANSACTION_BEGIN")
    policy_tx(selector(IN4, ALL), action="bypass")
    policy_tx(selector(IN4, FAR4), action="bypass")     # is there
    try:
        lab.nl.do("TRANSACTION_COMMIT")
    except lib.Refused:
        knows(out, "out_discard", "undone")
    else:
        raise AssertionError("was committed")
    # it leaves nothing behind for who changes something else
    many("out_discard", "undone")
    lab.sa(null, "out")
    equal(many("out_discard", "an SA"), False, "asked policy anew")


def sas():
    """They are not of policy: to come and go changes nothing that it said."""
    lab.reset()
    lab.policy("out", IN4, FAR4)
    equal(many("out_no_sa", "no SA"), True, "asked policy")
    lab.sa(null, "out")
    equal(many(ESP, "an SA"), False, "asked policy anew, with an SA")
    lab.nl.do("SA_FLUSH")
    equal(many("out_no_sa", "no SA any more"), False,
          "asked policy anew, without it")


def in_changes():
    for six, near, there in FAMILIES:
        def come(six=six):
            return arrive(far(six), six)
        lab.reset()
        lab.policy("in", there, near, action="discard", priority=5, six=six)
        fares(come, "in_discard", "discard")
        lab.policy("in", there, near, proto=17, action="protect", priority=1,
                   six=six)
        fares(come, "in_clear", "added in front")
        lab.policy("in", there, near, proto=17, action="bypass", priority=1,
                   cmd="POLICY_UPDATE")
        fares(come, CLEAR, "another action")
        lab.unpolicy("in", there, near, 17)
        fares(come, "in_discard", "deleted")


def hits_counted():
    """A policy counts who met it, whoever said so."""
    lab.reset()
    lab.policy("out", IN4, FAR4, action="bypass")
    sent = []

    def one():
        sent.append(out())
        return sent[-1]

    fares(one, CLEAR, "bypass")
    pol = dict(lab.nl.dump("POLICY_GET")[0])
    # a packet that passes meets it once
    equal(pol[C["A_POLICY_PACKETS"]], lib.u64(len(sent)), "packets")


def nested_met_once():
    """One packet, however many SAs it comes out of."""
    lab.reset()
    inner = lab.sa(null, "in", "transport", reqid=1)
    outer = lab.sa(null, "in", "transport", reqid=2)
    lab.nl.do("POLICY_NEW", *lab.policy_attrs(
        "in", selector(PEER4, OUT4), mode="transport", reqid=1),
        attr(C["A_POLICY_TMPL"], [
            attr(C["A_TMPL_PROTO"], lib.u8(50)),
            attr(C["A_TMPL_MODE"], lib.u8(C["MODE_TRANSPORT"])),
            attr(C["A_TMPL_REQID"], u32(2))]))
    lab.mark()
    with lab.listen(4000) as sock:
        for seq in (1, 2, 3):
            lab.wire.send(lib.ip(PEER4, OUT4, 50, null.seal(
                outer, seq, 50, null.seal(inner, seq, 17, lib.udp(
                    PEER4, OUT4, 5000, 4000, b"x")))))
            equal(sock.recv(100), b"x", "delivered")
    lab.counted({"in_ok": 3})
    equal(list(lab.met().values()), [3], "packets")


def marked(mark, dport=5000):
    with lab.listen(4000, host=IN4) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_MARK, mark)
        base = lab.nl.stats()
        try:
            sock.sendto(b"marked", (FAR4, dport))
        except PermissionError:
            return "out_discard"
        wait_for(lambda: lab.wire.recv(0), "a packet")
        equal(lib.grown(base, lab.nl.stats()), {}, "counters")
        return CLEAR


def others():
    """Of two flows that differ in little each fares by itself."""
    lab.reset()
    lab.policy("out", IN4, FAR4, 17, None, (5001, 5001), action="discard",
               priority=2)
    lab.nl.do("POLICY_NEW", *lab.policy_attrs(
        "out", selector(IN4, FAR4) +
        [attr(C["A_SELECTOR_MARK"], u32(7)),
         attr(C["A_SELECTOR_MARK_MASK"], u32(0xffffffff))],
        action="discard", priority=1))
    cases = ((0, 5000, CLEAR), (7, 5000, "out_discard"), (6, 5000, CLEAR),
             (0, 5001, "out_discard"), (0, 5002, CLEAR))
    for do in (fares, knows, knows):
        for mark, dport, want in cases:
            do(lambda m=mark, d=dport: marked(m, d), want,
               "mark %d port %d" % (mark, dport))


def device():
    """The same packet by another interface."""
    lab.reset()
    lab.n.ip("link add gate type dummy\nlink set gate up")
    number = int(lab.n.ip("link show gate").split(":")[0])
    lab.nl.do("POLICY_NEW", *lab.policy_attrs(
        "out", selector(IN4, FAR4) + [attr(C["A_SELECTOR_OIF"], u32(number))],
        action="discard"))
    fares(out, CLEAR, "by vn")
    lab.n.ip("route replace 192.168.2.0/24 dev gate src 192.168.1.1")
    fares(out, "out_discard", "by gate")
    lab.n.ip("route replace 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1")
    knows(out, CLEAR, "by vn once more")
    lab.n.ip("link del gate")


def twin():
    """A namespace in which the same flow leaves, and its netlink."""
    host = lib.Host("twin")
    host.ip("\n".join([
        "link add gate type dummy", "link set gate up",
        "addr add %s/32 dev gate" % IN4,
        "route add 192.168.2.0/24 dev gate src %s" % IN4,
        "neigh add %s lladdr 02:00:00:00:00:02 dev gate nud permanent" % FAR4]))
    return host, lib.Genl(host)


def leaves(host):
    with host.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((IN4, 4000))
        try:
            sock.sendto(b"out", (FAR4, 5000))
        except PermissionError:
            return False
    return True


def namespaces():
    """The same flow elsewhere; and where another namespace was."""
    lab.reset()
    lab.policy("out", IN4, FAR4, action="bypass")
    fares(out, CLEAR, "here")
    for turn in range(2):
        host, nl = twin()
        action = "bypass" if turn else "discard"
        nl.do("POLICY_NEW", *lab.policy_attrs(
            "out", selector(IN4, FAR4), action=action))
        for _ in range(2):
            equal(leaves(host), bool(turn), "there, turn %d" % turn)
            knows(out, CLEAR, "here, turn %d" % turn)
        equal(nl.flow_cache()[0] > 0, True, "hits there")
        nl.sock.close()
        lib.Host.made.remove(host)
        host.close()


def switch(on):
    with open(PARAM, "w", encoding="ascii") as f:
        f.write("YN"[not on])


def turned_off():
    lab.reset()
    lab.policy("out", IN4, FAR4, action="discard")
    fares(out, "out_discard", "on")
    try:
        switch(False)
        before = lab.nl.flow_cache()
        equal(out(), "out_discard", "off")
        lab.policy("out", IN4, FAR4, action="bypass", cmd="POLICY_UPDATE")
        equal(out(), CLEAR, "off")
        equal(lab.nl.flow_cache(), before, "hits, misses while it is off")
    finally:
        switch(True)
    fares(out, CLEAR, "on again")


os.sched_setaffinity(0, {0})
report.add("policies out change", out_changes)
report.add("policies in change", in_changes)
report.add("transactions", transactions)
report.add("SAs come and go", sas)
report.add("packets of a policy", hits_counted)
report.add("packets of a policy, nested SAs", nested_met_once)
report.add("flows that differ in little", others)
report.add("another interface", device)
report.add("other namespaces", namespaces)
report.add("turned off", turned_off)
sys.exit(report.run())
