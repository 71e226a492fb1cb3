# SPDX-License-Identifier: GPL-2.0
"""Packets that want memory when there is none: each is dropped under its reason, and
what comes after it is as ever.

Of the topology of lib.py both ends are hosts with nfipsec here. Every allocation
that may not sleep fails once, of all that a packet takes from one host's socket to
the other's, whoever asks for it. And every one of a request, which is done or not.
"""
import collections
import errno
import os
import select
import socket
import struct
import sys
import time

import lib
from failing import each_fails
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, addr,
                 attr, attrs, equal, grown, selector, u8, u16, u32, u64, wait_for)

FAIL = "/sys/kernel/debug/failslab/"
PORT, FAR_PORT = 4000, 5000
MARK = b"this text is nobody's business. "
STEP = 64       # bytes, of which few allocations are less
OUT = {"out_ok", "out_nomem", "out_comp"}
IN = {"in_ok", "in_nomem", "in_comp"}
lab = lib.Lab()
# w is no more than the wire's end in lib.py; and of what comes in part only there is
# much here
lab.w.exec("sh", "-c", "cd /proc/sys/net; [ ! -e ipv6 ] || "
           "for d in all default vw lo; do "
           "echo 0 >ipv6/conf/$d/disable_ipv6; done; "
           "for f in ipv4/ipfrag_ ipv6/ip6frag_ netfilter/nf_conntrack_frag6_; do "
           "for g in time timeout; do [ ! -e $f$g ] || echo 3600 >$f$g; done; "
           "[ ! -e ${f}high_thresh ] || echo 1000000000 >${f}high_thresh; done")
lab.w.ip("\n".join((
    "addr add 10.0.0.2/24 dev vw", "addr add fd00::2/64 dev vw nodad",
    "addr add 192.168.2.1/32 dev lo", "addr add fd00:2::1/128 dev lo nodad",
    "neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev vw nud permanent",
    "neigh add fd00::1 lladdr 02:00:00:00:00:01 dev vw nud permanent",
    "route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1",
    "route add fd00:1::/64 via fd00::1 src fd00:2::1")))
far = lib.Genl(lab.w)
witness = lib.Wire(lab.n, "vn")
gcm = Algo("aes128gcm16", 8)
cbc = Algo("aes128-sha256_128", 9)
report = lib.Report()


class Failslab:
    """What is allocated once so many bytes have been fails, once."""

    def __init__(self, after):
        self.after = after
        self.failed = False

    @staticmethod
    def set(**what):
        if lib.LIST:
            return
        for name, val in what.items():
            with open(FAIL + name.replace("_", "-"), "w", encoding="ascii") as f:
                f.write(str(val))

    def __enter__(self):
        self.set(space=self.after, times=1, probability=100)
        return self

    def __exit__(self, *_exc):
        self.set(probability=0)
        with open(FAIL + "times", encoding="ascii") as f:
            self.failed = int(f.read()) == 0


class Ah:
    """In the place of an Algo."""

    @staticmethod
    def attrs():
        return [attr(C["A_SA_AUTH_NAME"], "hmac(sha256)"),
                attr(C["A_SA_AUTH_KEY"], bytes(range(32))),
                attr(C["A_SA_AUTH_ICV_BITS"], u32(128))]


class Deflate:
    """In the place of an Algo."""

    @staticmethod
    def attrs():
        return [attr(C["A_SA_COMP_NAME"], "deflate")]


encap = attr(C["A_SA_ENCAP"], [
    attr(C["A_ENCAP_TYPE"], u8(C["ENCAP_TYPE_ESPINUDP"])),
    attr(C["A_ENCAP_SPORT"], u16(4500)), attr(C["A_ENCAP_DPORT"], u16(4500))])
# inner ones first: protocol, mode, algorithm, attributes
CHAINS = {
    "tunnel": [(50, "tunnel", gcm)],
    "transport": [(50, "transport", gcm)],
    "CBC": [(50, "tunnel", cbc)],
    "BEET": [(50, "beet", gcm)],
    "UDP": [(50, "tunnel", gcm, encap)],
    "IPComp": [(108, "tunnel", Deflate()), (50, "transport", gcm)],
    "AH around ESP": [(50, "tunnel", gcm), (51, "transport", Ah())],
    "two tunnels": [(50, "tunnel", gcm), (50, "tunnel", cbc)],
}


def messages(chain, six, sel, back=False):
    """For each end what makes it: (whose, command, attributes)."""
    outer = (OUT6, PEER6) if six else (OUT4, PEER4)
    hosts = (lab.nl, far)
    if back:
        outer, hosts = outer[::-1], hosts[::-1]
    for nl, direction in zip(hosts, ("OUT", "IN")):
        way = attr(C["A_SA_DIR"], u8(C["DIR_" + direction]))
        tmpls = []
        for n, (proto, mode, algo, *extra) in enumerate(chain, 1):
            if mode == "beet":
                extra.append(attr(C["A_SA_SELECTOR"], sel))
            ends = [] if mode == "transport" else [
                attr(C["A_TMPL_SRC"], addr(outer[0])),
                attr(C["A_TMPL_DST"], addr(outer[1]))]
            mode = u8(C["MODE_" + mode.upper()])
            tmpls.append(attr(C["A_POLICY_TMPL"], [
                attr(C["A_TMPL_PROTO"], u8(proto)), attr(C["A_TMPL_MODE"], mode),
                attr(C["A_TMPL_REQID"], u32(n)), *ends]))
            yield (nl, "SA_NEW", attr(C["A_SA_SRC"], addr(outer[0])),
                   attr(C["A_SA_DST"], addr(outer[1])),
                   attr(C["A_SA_PROTO"], u8(proto)),
                   attr(C["A_SA_SPI"], struct.pack("!I", 0x1000 + n)),
                   attr(C["A_SA_MODE"], mode), way,
                   attr(C["A_SA_REQID"], u32(n)), *algo.attrs(), *extra)
        yield (nl, "POLICY_NEW", attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction])),
               attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
               attr(C["A_POLICY_SELECTOR"], sel), *tmpls)


def setup(chain, six, proto=17, back=False):
    """The same SAs at both ends. Gives the addresses that they are for."""
    lab.reset()
    far.do("POLICY_FLUSH")
    far.do("SA_FLUSH")
    inner = (IN6, FAR6) if six else (IN4, FAR4)
    if chain[0][1] == "transport":
        inner = (OUT6, PEER6) if six else (OUT4, PEER4)
    for reverse in (False, True) if back else (False,):
        sel = selector(*(inner[::-1] if reverse else inner), proto)
        for nl, cmd, *what in messages(chain, six, sel, reverse):
            nl.do(cmd, *what)
    return inner


class Pair:
    """A socket at each end."""

    def __init__(self, six, inner, segment=0):
        fam = socket.AF_INET6 if six else socket.AF_INET
        self.to = (inner[1], FAR_PORT)
        self.near = lab.n.socket(fam, socket.SOCK_DGRAM)
        self.near.bind((inner[0], PORT))
        # fragments rather than errors
        self.near.setsockopt(*((41, 23) if six else (0, 10)), 0)
        self.near.setsockopt(17, 103, segment)  # UDP_SEGMENT
        self.far = lab.w.socket(fam, socket.SOCK_DGRAM)
        self.far.bind(self.to)
        self.sockets = [self.near, self.far]

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for s in self.sockets:
            s.close()

    def send(self, text):
        """Was it taken?"""
        try:
            self.near.sendto(text, self.to)
            return True
        except OSError as e:
            # the last two are of routes for which there was no memory
            if e.errno not in (errno.ENOMEM, errno.ENOBUFS, errno.ENETUNREACH,
                               errno.EHOSTUNREACH):
                raise
            return False

    def received(self):
        got = []
        while readable(self.far):
            got.append(self.far.recv(65536))
        return got

    def whole(self, text, want, what):
        """What is sent comes."""
        equal(self.send(text), True, what)
        wait_for(lambda: readable(self.far), what)
        equal(self.received(), want, what)


def readable(sock):
    return select.select([sock], [], [], 0)[0]


def in_the_clear():
    """Nothing of what was sent, in any frame that left."""
    while readable(witness.sock):
        frame = witness.sock.recv(1 << 17)
        if MARK in frame:
            raise AssertionError("in the clear: " + frame[:100].hex())


def stats():
    return lab.nl.stats(), far.stats()


def arrived(there):
    return there.get("in_ok", 0) + there.get("in_nomem", 0)


def judge(sent, near, there, got, count, whole):
    """Has each packet come, or been counted as dropped? whole: and was none of
    fragments, of which the stack may lose some.
    """
    for grew, names in (near, OUT), (there, IN):
        equal(set(grew) - names, set(), "counters of other kinds")
    if not whole:
        equal(got <= count, True, "received twice")
        return
    out, lost = near.get("out_ok", 0), near.get("out_nomem", 0)
    if not sent and not out:
        return
    # what is dropped as one is one
    equal((out, lost) in ((count, 0), (0, 1)), True, "sent, dropped")
    equal(arrived(there), out, "arrived")
    equal(got, there.get("in_ok", 0), "received")


def sweep(limit, once, again, step=1):
    """once() in which, under the Failslab given, what is allocated fails at first, a
    bit later, and so on, until all is done by then; again() each time afterwards.
    """
    seen = collections.Counter()
    after, failed, failures = 0, True, 0
    while failed:
        slab = Failslab(after)
        seen[str(again(once(slab)))] += 1
        failed = slab.failed
        failures += failed
        in_the_clear()
        after += STEP * step
        if after > limit:
            raise AssertionError("there is no end to it")
    for what, n in sorted(seen.items()):
        print("#   %d times %s" % (n, what))
    equal(failures > 5, True, "%d failures" % failures)


def datagrams(chain, six, size, count=1):
    """COUNT datagrams of SIZE bytes, sent as one."""
    text = (MARK * (size // len(MARK) + 1))[:size] * count
    want = [text[:size]] * count
    print("# %d of %d bytes" % (count, size))
    inner = setup(chain, six)
    short = size < 1400
    with Pair(six, inner, size if count > 1 else 0) as pair:
        def once(slab):
            before = stats()
            with slab:
                sent = pair.send(text)
            got, until = 0, time.monotonic() + lib.SLOW
            while True:
                near, there = (grown(*x) for x in zip(before, stats()))
                got += len(pair.received())
                # what came is received by another task, if there is much to do
                if not short or time.monotonic() > until or (
                        got == there.get("in_ok", 0) and
                        arrived(there) == near.get("out_ok", 0)):
                    return sent, near, there, got

        def again(result):
            judge(*result, count, short)
            pair.whole(text, want, "after one that failed")
            return result

        pair.whole(text, want, "at first")
        # of what is large, few allocations are small
        sweep(200000, once, again, 1 + 3 * (len(text) > 1500))


def all_sizes(chain, six):
    for size, count in (64, 1), (1200, 1), (4000, 1), (1000, 8):
        datagrams(chain, six, size, count)


def heard(listener):
    """Has it been told anything, or that it was not?"""
    if not readable(listener.sock):
        return False
    try:
        while readable(listener.sock):
            listener.sock.recv(65536)
    except OSError as e:
        equal(e.errno, errno.ENOBUFS, "error of a listener")
    return True


def waits():
    """A packet waits for its SA, of which somebody is told; or it is dropped."""
    chain, text = CHAINS["tunnel"], MARK * 10
    inner = setup(chain, False)
    near = next(messages(chain, False, None))
    listener = lib.Genl(lab.n)
    listener.join()

    def wanted():
        setup(chain, False)
        lab.nl.do("SA_FLUSH")
        lab.mark()
        heard(listener)

    with Pair(False, inner) as pair:
        def once(slab):
            before = lab.nl.stats()
            with slab:
                pair.send(text)
            return grown(before, lab.nl.stats())

        def again(grew):
            equal(grew in ({"out_acquire": 1}, {"out_nomem": 1}, {}), True, str(grew))
            if "out_acquire" in grew:
                wait_for(lambda: heard(listener), "word of it")
                near[0].do(*near[1:])
                wait_for(lambda: readable(pair.far), "what has waited")
                equal(pair.received(), [text], "what has waited")
            wanted()
            return grew

        wanted()
        sweep(100000, once, again)
    listener.sock.close()


def stream(six):
    """TCP gets all of it through, out of pages that are a file's."""
    size = 40000
    text = (MARK * (size // len(MARK) + 1))[:size]
    fd = os.memfd_create("text")
    os.write(fd, text)
    inner = setup(CHAINS["tunnel"], six, 6, True)
    fam = socket.AF_INET6 if six else socket.AF_INET
    with lab.w.socket(fam, socket.SOCK_STREAM) as server, \
            lab.n.socket(fam, socket.SOCK_STREAM) as near:
        server.bind((inner[1], FAR_PORT))
        server.listen()
        near.bind((inner[0], 0))
        near.settimeout(20 * lib.SLOW)
        near.connect((inner[1], FAR_PORT))
        there, _ = server.accept()
        there.settimeout(20 * lib.SLOW)

        def receive():
            got = b""
            while len(got) < size:
                got += there.recv(size - len(got))
            return got

        def once(slab):
            before = stats()
            left = size
            with slab:
                while left:
                    wait_for(lambda: select.select([], [near], [], 0)[1],
                             "room for more", 20)
                    left -= os.sendfile(near.fileno(), fd, size - left, left)
            return [grown(*x) for x in zip(before, stats())]

        def again(grew):
            equal(receive(), text, "received")
            equal(os.pread(fd, size, 0), text, "the file")
            for got, names in zip(grew, (OUT | IN | {"out_too_big"}, OUT | IN)):
                equal(set(got) - names, set(), "counters of other kinds")
            return sorted(got.get(key, 0) for got, key in zip(
                grew, ("out_nomem", "in_nomem")))

        sweep(1000000, once, again, 8)
        there.close()
    os.close(fd)


# Requests

SPI = 0x7000
AT = [attr(C["A_SA_DST"], addr(PEER4)), attr(C["A_SA_PROTO"], u8(50)),
      attr(C["A_SA_SPI"], struct.pack("!I", SPI))]
SEVERAL = selector("10.1.0.0/16,10.3.0.0/16", "10.2.0.0/16", 17,
                   dport=[(1, 2), (7, 9)])


def steady():
    """Tables without what is of now, and their order."""
    now = {C["A_SA_ADD_TIME"], C["A_POLICY_INDEX"]}
    sas, pols, defaults = lab.nl.tables()
    return [sorted([x for x in dict(one).items() if x[0] not in now]
                   for one in listed) for listed in (sas, pols)] + [defaults]


def sa_of(algo, *extra, **more):
    return lambda: lab.sa(algo, "out", spi=SPI, extra=extra, **more)


def some():
    """What the requests are about, and others beside it."""
    sa_of(gcm, encap, mode="tunnel", sel=SEVERAL)()
    lab.sa(cbc, "in", spi=SPI)
    lab.policy("out", IN4, FAR4, 17, None, [(2, 3), (5, 6)])
    lab.policy("in", FAR4, IN4, 17)


def larval():
    lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(OUT4)),
              attr(C["A_SA_DST"], addr(PEER4)), attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_SPI_MIN"], u32(SPI)), attr(C["A_SA_SPI_MAX"], u32(SPI)))


def keys():
    real, lab.nl.do = lab.nl.do, lambda cmd, *msg: real("SA_UPDATE", *msg)
    try:
        sa_of(cbc)()
    finally:
        lab.nl.do = real


def move():
    lab.nl.do("SA_MOVE", *AT, attr(C["A_SA_MOVE"], [
        attr(C["A_MOVE_DST"], addr("10.0.0.7")), attr(C["A_MOVE_NO_ENCAP"], b"")]))


LIFETIME = attr(C["A_SA_LIFETIME"], [
    attr(C["A_LIFETIME_TIME_SOFT"], u64(3000)),
    attr(C["A_LIFETIME_TIME_HARD"], u64(4000))])
TFC = attr(C["A_SA_TFC"], [attr(C["A_TFC_PAD"], u32(9))])
# what there is before, what is asked for, how many allocations that has at least
REQUESTS = {
    "SA, AES-GCM": (None, sa_of(gcm, encap, LIFETIME, TFC, sel=SEVERAL), 4),
    "SA, AES-CBC and HMAC": (some, lambda: lab.sa(cbc, "out", spi=SPI + 1), 4),
    "SA, IPComp": (None, sa_of(Deflate(), proto=108), 4),
    "SA, AH": (None, sa_of(Ah(), proto=51), 4),
    "SPI": (None, larval, 2),
    "keys": (larval, keys, 4),
    "move": (some, move, 2),
    "lifetime": (some, lambda: lab.nl.do("SA_UPDATE", *AT, LIFETIME), 1),
    "SA deleted": (some, lambda: lab.nl.do("SA_DEL", *AT), 1),
    "SAs flushed": (some, lambda: lab.nl.do("SA_FLUSH"), 1),
    "policy": (some, lambda: lab.policy("out", "10.1.0.0/16,10.3.0.1", "10.2.0.0/16",
                                        17, None, [(2, 3), (5, 6)]), 4),
    "policy deleted": (some, lambda: lab.unpolicy("in", FAR4, IN4, 17), 1),
    "policies flushed": (some, lambda: lab.nl.do("POLICY_FLUSH"), 1),
    "defaults": (some, lambda: lab.default("in", "discard"), 1),
    "list": (some, lambda: lab.nl.tables(), 3),
    "explanation": (some, lambda: lab.nl.do(
        "POLICY_EXPLAIN", attr(C["A_EXPLAIN_DIR"], u8(C["DIR_OUT"])),
        attr(C["A_EXPLAIN_SRC"], addr(IN4)), attr(C["A_EXPLAIN_DST"], addr(FAR4))), 1),
    "features": (some, lambda: lab.nl.do("FEATURES_GET"), 1),
}


def request(prepare, ask, least):
    """It is done or it is not, and can be done afterwards."""
    def begin():
        if prepare:
            prepare()
        return steady()

    lab.reset()
    begin()
    ask()
    done = steady()

    def check(before):
        now = steady()
        equal(now in (before, done), True, "as it was, or done")
        if now == before != done:
            ask()
            equal(steady(), done, "done now")

    equal(each_fails(lab, begin, ask, check) >= least, True, "failures")


Failslab.set(ignore_gfp_wait="Y", task_filter="N", interval=1, verbose=0)
for name, links in CHAINS.items():
    for v6 in (False, True):
        report.add("%s, IPv%d" % (name, 6 if v6 else 4), all_sizes, links, v6)
report.add("it waits for an SA", waits)
for v6 in (False, True):
    report.add("TCP, IPv%d" % (6 if v6 else 4), stream, v6)
for name, what in REQUESTS.items():
    report.add("request: " + name, request, *what)
sys.exit(report.run())
