# SPDX-License-Identifier: GPL-2.0
"""An IKE daemon that dies between two messages, says things twice or in the wrong
order, or nonsense: nothing is half configured, what it left is listed by its name
and goes.

The topology is that of lib.py.
"""
import json
import os
import signal
import struct
import sys

import lib
from lib import (C, IN4, OUT4, PEER4, Algo, addr, attr, equal, selector, u8, u32,
                 u64, wait_for)

lab = lib.Lab()
null = Algo("null-sha256_128", 9)
report = lib.Report()
DUMP_INTR = 0x10


def far(n):
    """Behind the peer, of a CHILD_SA of its own."""
    return "192.168.2.%d" % (100 + n)


def spi_in(n):
    return 0x3000 + n


def spi_out(n):
    return 0x4000 + n


def key(direction, n):
    spi = spi_out(n) if direction == "out" else spi_in(n)
    src, dst = (OUT4, PEER4) if direction == "out" else (PEER4, OUT4)
    return [attr(C["A_SA_SRC"], addr(src)), attr(C["A_SA_DST"], addr(dst)),
            attr(C["A_SA_PROTO"], u8(50)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi))]


def limits(life):
    return attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_TIME_HARD"], u64(life))])


def sa_msg(direction, n, owner):
    return key(direction, n) + [
        attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
        attr(C["A_SA_DIR"], u8(C["DIR_" + direction.upper()])),
        attr(C["A_SA_REQID"], u32(100 + n)),
        attr(C["A_SA_OWNER"], owner)] + null.attrs() + [
            limits(3600)]


def pol_msg(direction, n, owner):
    src, dst = (IN4, far(n)) if direction == "out" else (far(n), IN4)
    return lab.policy_attrs(direction, selector(src, dst), reqid=100 + n) + [
        attr(C["A_POLICY_OWNER"], owner)]


def alloc_msg(n, owner):
    return key("in", n)[:3] + [attr(C["A_SA_SPI_MIN"], u32(spi_in(n))),
                               attr(C["A_SA_SPI_MAX"], u32(spi_in(n))),
                               attr(C["A_SA_OWNER"], owner)]


def steps(n, owner):
    """What a daemon does for a CHILD_SA, in the order in which it does it."""
    return [("SA_ALLOCSPI", alloc_msg(n, owner)),
            ("SA_UPDATE", sa_msg("in", n, owner)),
            ("SA_NEW", sa_msg("out", n, owner)),
            ("POLICY_NEW", pol_msg("in", n, owner)),
            ("POLICY_NEW", pol_msg("out", n, owner))]


def post(nl, cmd, msg):
    """Send a request, and read no answer."""
    body = struct.pack("=BBH", C["CMD_" + cmd], 1, 0) + b"".join(msg)
    nl.raw(struct.pack("=IHHII", len(body) + 16, lib.Genl.family,
                       lib.NLM_REQUEST | lib.NLM_ACK, 1 << 20, 0) + body)


def die_after(requests):
    """A process that makes them and is killed, the last one without an answer."""
    pid = os.fork()
    if not pid:
        try:
            nl = lib.Genl(lab.n)
            for request in requests[:-1]:
                nl.do(request[0], *request[1])
            post(nl, *requests[-1])
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    equal(os.WTERMSIG(os.waitpid(pid, 0)[1]), signal.SIGKILL, "its end")


def hearing():
    """A socket that is told of events: somebody who may bring an SA."""
    return lib.Genl(lab.n).join()


def listed(table, owner):
    return json.loads(lab.cli("-j", table, "list", "owner", owner))


def left(owner):
    """State and direction of its SAs, directions of its policies."""
    return (sorted((s["state"], s.get("dir")) for s in listed("sa", owner)),
            sorted(p["dir"] for p in listed("policy", owner)))


def flush(owner):
    lab.nl.do("SA_FLUSH", attr(C["A_SA_OWNER"], owner))
    lab.nl.do("POLICY_FLUSH", attr(C["A_POLICY_OWNER"], owner))


def send_out(n):
    with lab.n.socket(lib.socket.AF_INET, lib.socket.SOCK_DGRAM) as s:
        s.bind((IN4, 5000))
        try:
            s.sendto(b"out", (far(n), 6000))
        except PermissionError:
            pass            # dropped, as a counter says


def send_in(n, seq):
    inner = lib.udp_packet(far(n), IN4, 6000, 5000, b"in")
    lab.wire.send(lib.ip(PEER4, OUT4, 50, null.seal(spi_in(n), seq, 4, inner)))


def sealed(n):
    """It goes out by its SA, and what comes in by the other one arrives."""
    lab.mark()
    send_out(n)
    packet = wait_for(lab.wire.recv, "a packet")
    equal(struct.unpack_from("!I", packet, 20)[0], spi_out(n), "SPI")
    sock = lab.listen(5000, host=IN4)
    send_in(n, 1)
    equal(sock.recv(100), b"in", "what came in")
    sock.close()
    lab.counted({"out_ok": 1, "in_ok": 1})


MATURE_IN, MATURE_OUT = ("mature", "in"), ("mature", "out")


def dies():
    """After each of its messages. What it left is whole, or is not there."""
    lab.reset()
    for n in range(1, 6):
        die_after(steps(n, "d%d" % n)[:n])
    equal([s for s, _ in left("d1")[0]], ["larval"], "after the SPI")
    equal(left("d2"), ([MATURE_IN], []), "after the inbound SA")
    equal(left("d3"), ([MATURE_IN, MATURE_OUT], []), "after both")
    equal(left("d4"), ([MATURE_IN, MATURE_OUT], ["in"]), "after a policy")
    equal(left("d5"), ([MATURE_IN, MATURE_OUT], ["in", "out"]), "after all")
    # an SPI is no SA yet
    lab.mark()
    send_in(1, 1)
    lab.counted({"in_sa_state": 1}, "by the SPI")
    sealed(5)
    # their time, which is over now, and not before all this, however long it takes
    for n in range(2, 6):
        for direction in ("in", "out")[:n - 1]:
            lab.nl.do("SA_UPDATE", *key(direction, n), limits(1))
    wait_for(lambda: len(lab.nl.dump("SA_GET")) == 1, "the end of the SAs", 60)
    equal([s for s, _ in left("d1")[0]], ["larval"], "what is reserved still")
    # without an SA nothing is in the clear
    lab.mark()
    send_out(5)
    lab.counted({"out_no_sa": 1}, "without an SA")
    lab.wire.silent()
    equal(left("d5"), ([], ["in", "out"]), "policies")
    for n in range(1, 6):
        flush("d%d" % n)
    equal(lab.nl.dump("SA_GET") + lab.nl.dump("POLICY_GET"), [], "afterwards")


def next_one():
    """The next daemon, with the same SPIs, is not in the way of itself."""
    lab.reset()
    for n in range(1, 6):
        die_after(steps(6, "ike")[:n])
        flush("ike")
    for cmd, msg in steps(6, "ike"):
        lab.nl.do(cmd, *msg)
    sealed(6)


def ask_list(nl, cmd):
    """Ask for a list, and read no answer."""
    body = struct.pack("=BBH", C["CMD_" + cmd], 1, 0)
    nl.raw(struct.pack("=IHHII", len(body) + 16, lib.Genl.family,
                       lib.NLM_REQUEST | lib.NLM_DUMP, 1, 0) + body)


def dies_listing():
    """While it reads a list, and before it has heard of an event."""
    lab.reset()
    for _ in range(100):
        lab.sa(null, "out", extra=[attr(C["A_SA_OWNER"], "ike")])
    pid = os.fork()
    if not pid:
        try:
            nl = lib.Genl(lab.n)
            ask_list(nl, "SA_GET")
            nl.sock.recv(1 << 18)
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            os._exit(1)
    equal(os.WTERMSIG(os.waitpid(pid, 0)[1]), signal.SIGKILL, "its end")
    equal(len(listed("sa", "ike")), 100, "SAs")
    flush("ike")
    equal(lab.nl.dump("SA_GET"), [], "afterwards")


def listing(cmd, ident, between=lambda: None):
    """Read a list in small parts: what numbers it has, and if it says that it is
    not whole. between() is called behind the first part."""
    nl = lib.Genl(lab.n)
    ask_list(nl, cmd)
    numbers, torn, parts, kind = [], False, 0, 0
    while kind != 3:
        data = nl.sock.recv(8192)
        while data:
            length, kind, flags = struct.unpack_from("=IHH", data)
            torn |= bool(flags & DUMP_INTR)
            if kind != 3:
                numbers.append(dict(lib.attrs(data[20:length]))[C[ident]])
            data = data[(length + 3) & ~3:]
        parts += 1
        if parts == 1:
            between()
    equal(parts > 3, True, "%s in %d parts" % (cmd, parts))
    return numbers, torn


def list_changes():
    """It says so, and has all that stay."""
    lab.reset()
    for n in range(1, 101):
        lab.nl.do("SA_NEW", *sa_msg("out", n, "ike"))
        lab.nl.do("POLICY_NEW", *pol_msg("out", n, "ike"))
    for table, ident, more in (
            ("SA", "A_SA_SPI", sa_msg("out", 101, "ike")),
            ("POLICY", "A_POLICY_INDEX", pol_msg("out", 101, "ike"))):
        before, torn = listing(table + "_GET", ident)
        equal((len(before), torn), (100, False), table + " that stay")
        after, torn = listing(table + "_GET", ident,
                              lambda: lab.nl.do(table + "_NEW", *more))
        equal(torn, True, table + " told to have changed")
        equal(set(before) - set(after), set(), table + " left out")
    lab.reset()


def refused(cmd, msg, code, what):
    """With that error and a sentence, and nothing changes by it."""
    before = lab.nl.tables()
    try:
        lab.nl.do(cmd, *msg)
    except lib.Refused as e:
        equal(e.code, code, what)
        equal(bool(e.text), True, what + ": a sentence")
    else:
        raise AssertionError(what + " was accepted")
    equal(lab.nl.tables(), before, what + ": tables")


ENOENT, EBUSY, EEXIST, ENOSPC = 2, 16, 17, 28


def twice():
    """Each message a second time: refused, and the first one counts."""
    lab.reset()
    for cmd, msg in steps(7, "ike"):
        lab.nl.do(cmd, *msg)
        if cmd == "SA_UPDATE":
            # keys of an SA that has some are not changed
            refused(cmd, msg, EBUSY, "keys, twice")
            refused("SA_NEW", msg, EEXIST, "as a new one")
            refused("SA_ALLOCSPI", alloc_msg(7, "ike"), ENOSPC, "an SPI in use")
        elif cmd == "SA_ALLOCSPI":
            refused(cmd, msg, ENOSPC, "an SPI, twice")
        else:
            refused(cmd, msg, EEXIST, cmd + ", twice")
    sealed(7)
    out = pol_msg("out", 7, "ike")
    for cmd, msg in (("POLICY_DEL", [out[0], out[3]]),
                     ("SA_DEL", key("out", 7)[1:]),
                     ("SA_DEL", key("in", 7)[1:])):
        lab.nl.do(cmd, *msg)
        refused(cmd, msg, ENOENT, cmd + ", twice")


def wrong_order():
    """Backwards, which is never in the clear; and what needs another one first."""
    lab.reset()
    for cmd, msg in (("SA_UPDATE", sa_msg("in", 8, "ike")),
                     ("SA_DEL", key("in", 8)[1:]),
                     ("SA_MOVE", key("out", 8)[1:] + [attr(C["A_SA_MOVE"], [
                         attr(C["A_MOVE_REQID"], u32(1))])])):
        refused(cmd, msg, ENOENT, cmd + " of none")
    in_order = steps(8, "ike")
    for cmd, msg in in_order[:2:-1]:
        lab.nl.do(cmd, *msg)
    lab.mark()
    with hearing():
        send_out(8)
        lab.counted({"out_acquire": 1}, "what waits")
        lab.wire.silent()
        lab.nl.do("SA_NEW", *in_order[2][1])
    packet = wait_for(lab.wire.recv, "what waited")
    equal(struct.unpack_from("!I", packet, 20)[0], spi_out(8), "SPI")
    for cmd, msg in in_order[:2]:
        lab.nl.do(cmd, *msg)
    sealed(8)
    # SAs first, then policies: nothing in the clear in between; beside one of
    # others, or ESP would be left to the kernel
    lab.sa(null, "out")
    lab.nl.do("SA_DEL", *key("out", 8)[1:])
    lab.nl.do("SA_DEL", *key("in", 8)[1:])
    lab.mark()
    send_out(8)
    send_in(8, 2)
    lab.counted({"out_no_sa": 1, "in_no_sa": 1}, "without SAs")
    lab.wire.silent()


def nonsense():
    """In place of keys: the SPI stays reserved, and gets good ones afterwards."""
    lab.reset()
    first, second = steps(9, "ike")[:2]
    lab.nl.do(first[0], *first[1])
    good = second[1]
    short = Algo("null-sha256_128", 9).attrs()
    for what, msg in (
            ("no algorithm", [m for m in good if m not in short]),
            ("no mode", [m for i, m in enumerate(good) if i != 4]),
            ("an unknown algorithm",
             good + [attr(C["A_SA_AUTH_NAME"], "hmac(rot13)")]),
            ("a key of no length", good + [attr(C["A_SA_AUTH_KEY"], b"")]),
            ("a limit before the soft one", good[:-1] + [attr(
                C["A_SA_LIFETIME"],
                [attr(C["A_LIFETIME_TIME_SOFT"], u64(9)),
                 attr(C["A_LIFETIME_TIME_HARD"], u64(8))])])):
        before = lab.nl.tables()
        try:
            lab.nl.do("SA_UPDATE", *msg)
        except lib.Refused:
            pass
        else:
            raise AssertionError(what + " was accepted")
        equal(lab.nl.tables(), before, what)
    equal([s for s, _ in left("ike")[0]], ["larval"], "the SPI")
    lab.nl.do("SA_UPDATE", *good)
    for cmd, msg in steps(9, "ike")[2:]:
        lab.nl.do(cmd, *msg)
    sealed(9)
    lab.reset()


report.add("a daemon dies between two messages", dies)
report.add("the next one begins anew", next_one)
report.add("a daemon dies while it reads a list", dies_listing)
report.add("a list that changes while it is read", list_changes)
report.add("each message twice", twice)
report.add("messages in the wrong order", wrong_order)
report.add("nonsense in place of keys", nonsense)
sys.exit(report.run())
