# SPDX-License-Identifier: GPL-2.0
"""Whom an SA sends for, before, while and after its reqid is changed.

The topology is that of lib.py. There are three policies: one asks for an SA with
the reqid RED, one with BLUE, one for any.
"""
import os
import resource
import struct
import sys
import time

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, Threads, addr, attr, attrs, equal, selector, u8, u32,
                 u64, wait_for)

ANY, RED, BLUE = 0, 1, 2
PORT = 4000             # and the reqid
PEERB4 = "10.0.0.12"
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
report = lib.Report()
lab.n.ip("neigh add %s lladdr 02:00:00:00:00:02 dev vn nud permanent" % PEERB4)


# Policies and packets

def ends(mode, six):
    if mode == "transport":
        return (OUT6, PEER6) if six else (OUT4, PEER4)
    return (IN6, FAR6) if six else (IN4, FAR4)


def setup(mode="tunnel", six=False):
    lab.reset()
    for want in (RED, BLUE, ANY):
        lab.policy("out", *ends(mode, six), 17, None,
                   (PORT + want, PORT + want), mode=mode, six=six, reqid=want)
    lab.mark()


SOCKS = {(mode, six): lab.listen(0, six, ends(mode, six)[0])
         for mode in ("tunnel", "transport") for six in (False, True)}


def push(want, mode="tunnel", six=False):
    """Not every kernel tells the sender of a drop."""
    try:
        SOCKS[mode, six].sendto(b"data", (ends(mode, six)[1], PORT + want))
    except PermissionError:
        pass


def on_wire():
    """Reqid that a packet's policy asks for, and the SPI it went by."""
    p = wait_for(lab.wire.recv, "a packet")
    spi, _, _, inner, _, proto = null.open(p[40 if p[0] >> 4 == 6 else 20:])
    head = {4: 20, 41: 40, 17: 0}[proto]
    return struct.unpack_from("!H", inner, head + 2)[0] - PORT, spi


def senders(mode="tunnel", six=False, dscp=0):
    """SPI for each of the policies, or what is counted instead."""
    out = {RED: None, BLUE: None, ANY: None}
    SOCKS[mode, six].setsockopt(*((41, 67) if six else (0, 1)), dscp << 2)
    for want in out:
        push(want, mode, six)

    def fates():
        now = lab.nl.stats()
        got = lib.grown(lab.base, now)
        if sum(got.values()) < len(out):
            return None
        lab.base = now
        return got

    got = wait_for(fates, "all to be counted")
    for _ in range(got.pop("out_ok", 0)):
        out.update([on_wire()])
    equal(got, {"out_no_sa": list(out.values()).count(None)} if None in
          out.values() else {}, "other counters")
    lab.wire.silent()
    return out


def only(reqid, spi):
    """For senders(): there is one SA."""
    return {want: spi if want in (reqid, ANY) else None
            for want in (RED, BLUE, ANY)}


NOBODY = only(None, None)


# Requests

def key(spi, dst=PEER4):
    return [attr(C["A_SA_DST"], addr(dst)), attr(C["A_SA_PROTO"], u8(50)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi))]


def update(spi, reqid, *more, dst=PEER4, nl=None):
    (nl or lab.nl).do("SA_UPDATE", *key(spi, dst),
                      attr(C["A_SA_REQID"], u32(reqid)), *more)


def move(spi, reqid, src=OUT4, dst=PEER4, to=PEER4, nl=None):
    nest = [attr(C["A_MOVE_SRC"], addr(src)), attr(C["A_MOVE_DST"], addr(to)),
            attr(C["A_MOVE_REQID"], u32(reqid))]
    (nl or lab.nl).do("SA_MOVE", *key(spi, dst), attr(C["A_SA_MOVE"], nest))


def there_and_back(spi, reqid):
    """To another peer and back again, with the reqid changed on the way."""
    move(spi, reqid, to=PEERB4)
    move(spi, reqid, dst=PEERB4)


def delete(spi, *more, nl=None):
    (nl or lab.nl).do("SA_DEL", *key(spi), *more)


def lifetime(**limits):
    return attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_" + k.upper()], u64(v))
                                     for k, v in limits.items()])


def owned(name):
    return attr(C["A_SA_OWNER"], name)


# One packet after another

def in_place(mode, six):
    """Each change is for the next packet, whoever found nothing before."""
    setup(mode, six)
    equal(senders(mode, six), NOBODY)
    spi = lab.sa(null, "out", mode, six, reqid=ANY)
    for reqid in (ANY, RED, BLUE, RED, BLUE, BLUE, ANY, RED, ANY, BLUE, RED):
        update(spi, reqid, dst=PEER6 if six else PEER4)
        equal(senders(mode, six), only(reqid, spi), "with reqid %d" % reqid)


def age(change):
    """Whoever changes last, the newest sends, and then the next."""
    setup()
    spis = [lab.sa(null, "out", reqid=RED) for _ in range(3)]
    first = lab.sa(null, "out", reqid=BLUE)
    for reqid in (BLUE, RED, BLUE):
        for i in (2, 0, 1):
            change(spis[i], reqid)
            got = senders()
            equal(got[ANY], first, "for any")
        equal(got[reqid], spis[2] if reqid == RED else first, "the newest")
    for newest in [first] + spis[::-1]:
        equal(senders(), only(BLUE, newest), "when newer ones are gone")
        delete(newest)
    equal(senders(), NOBODY)


def many(count):
    """SAs that nobody asks for but who takes any."""
    key_path = lib.key_file(null.auth)
    lab.cli("--batch", "-", stdin="".join(
        "sa add src %s dst %s proto esp spi %d mode tunnel dir out reqid %d "
        "enc null auth-trunc sha256 %s 128\n" % (OUT4, PEER4, spi, spi, key_path)
        for spi in range(0x100000, 0x100000 + count)))


def grows():
    """Among so many that they are arranged anew, all is as it was."""
    setup()
    spis = [lab.sa(null, "out", reqid=RED) for _ in range(3)]
    blue = lab.sa(null, "out", reqid=BLUE)
    update(spis[1], BLUE)
    update(spis[1], RED)
    many(600)
    got = senders()
    equal((got[RED], got[BLUE]), (spis[2], blue))
    move(spis[0], BLUE)
    equal(senders()[BLUE], blue, "the newest is what it was")
    move(spis[0], RED)
    update(blue, RED)
    for newest in [blue] + spis[::-1]:
        equal(senders()[RED], newest, "when newer ones are gone")
        delete(newest)
    got = senders()
    equal((got[RED], got[BLUE]), (None, None), "when all are")


def classes():
    """The class goes before the age."""
    setup()
    voice = lab.sa(null, "out", reqid=RED,
                   extra=[attr(C["A_SA_DSCP_SET"], u64(1 << 46))])
    plain = lab.sa(null, "out", reqid=RED)
    for change in (update, move, there_and_back):
        for spi in (voice, plain):
            change(spi, BLUE)
        for reqid in (BLUE, RED):
            equal(senders(dscp=46), only(reqid, voice), "of the class")
            equal(senders(), only(reqid, plain), "without class")
            for spi in (plain, voice):
                change(spi, RED)
    delete(plain)
    equal(senders(dscp=46), only(RED, voice), "of the class")
    equal(senders(), NOBODY, "without class")


def at_once():
    """An SA whose reqid has just changed goes, and leaves nothing behind."""
    setup()
    ways = {"deleted": (delete, None),
            "flushed": (lambda _: lab.nl.do("SA_FLUSH"), None),
            "its owner's": (lambda _: lab.nl.do("SA_FLUSH", owned("me")), None),
            "moved": (lambda spi: move(spi, BLUE, src="10.0.0.11"), None),
            "moved away": (lambda spi: move(spi, BLUE, to=PEERB4), None),
            "moved to any": (lambda spi: move(spi, ANY), ANY),
            "moved back": (lambda spi: move(spi, RED), RED),
            "there and back": (lambda spi: there_and_back(spi, RED), RED),
            "again": (lambda spi: update(spi, RED), RED)}
    for what, (way, reqid) in ways.items():
        spi = lab.sa(null, "out", reqid=RED, extra=[owned("me")])
        equal(senders(), only(RED, spi), what)
        update(spi, BLUE)
        way(spi)
        equal(senders(), NOBODY if reqid is None else only(reqid, spi), what)
        lab.nl.do("SA_FLUSH")
        equal(senders(), NOBODY, what + ", and flushed")


def limit():
    setup()
    spi = lab.sa(null, "out", reqid=RED, extra=[lifetime(packet_hard=1)])
    update(spi, BLUE)
    push(BLUE)
    equal(on_wire(), (BLUE, spi), "its only packet")
    wait_for(lambda: not lab.nl.dump("SA_GET"), "its end")
    lab.counted({"out_ok": 1})
    equal(senders(), NOBODY)


def larval():
    """The reqid that comes with the keys counts."""
    setup()
    number = attr(C["A_SA_SPI_MIN"], u32(0x7777))
    lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(OUT4)),
              attr(C["A_SA_DST"], addr(PEER4)), attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_REQID"], u32(RED)), number,
              attr(C["A_SA_SPI_MAX"], u32(0x7777)))
    equal(senders(), NOBODY, "without keys")
    update(0x7777, BLUE, attr(C["A_SA_SRC"], addr(OUT4)),
           attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *null.attrs())
    equal(senders(), only(BLUE, 0x7777), "with keys")
    update(0x7777, RED)
    equal(senders(), only(RED, 0x7777), "changed")


def transaction():
    """Another SA with the same key and another reqid, or not."""
    setup()
    tx = attr(C["A_SA_TRANSACTION"], b"")
    spi = lab.sa(null, "out", reqid=RED)
    update(spi, BLUE)
    for reqid, bad in ((RED, True), (RED, False), (BLUE, True), (ANY, False)):
        before = senders()
        lab.nl.do("TRANSACTION_BEGIN")
        delete(spi, tx)
        lab.sa(null, "out", spi=spi, reqid=reqid, extra=[tx])
        if bad:
            delete(0x9999, tx)
        equal(senders(), before, "before the commit")
        try:
            lab.nl.do("TRANSACTION_COMMIT")
        except Refused as e:
            equal((e.code, bad), (2, True), str(e))
        else:
            equal(bad, False, "committed")
        equal(senders(), before if bad else only(reqid, spi), "after it")
        for other in (BLUE, reqid):
            update(spi, other)
            equal(senders(), only(other, spi), "changed after it")


def listener():
    """A member of the group "events", so that packets wait."""
    return lib.Genl(lab.n).join()


def waits():
    """What waits for the reqid is sent at once, and not a second later."""
    setup()
    seq_max = 1 << 20
    spi = lab.sa(null, "out", reqid=RED)
    took = []
    with listener():
        for more in ([], [], [attr(C["A_SA_SELECTOR"], selector(IN4, FAR4)),
                              lifetime(byte_hard=1 << 20),
                              attr(C["A_SA_SEQ_MAX"], u64(seq_max))], []):
            lab.mark()
            push(BLUE)
            lab.counted({"out_acquire": 1})
            start = time.monotonic()
            update(spi, BLUE, *more)
            equal(on_wire(), (BLUE, spi), "what waited")
            took.append(time.monotonic() - start)
            update(spi, RED)
            wait_for(lambda: not lab.nl.dump("ACQUIRE_GET"), "its end")
    equal(min(took) < 0.6, True, "seconds until it was sent: %r" % took)


def refused():
    """Then nothing of it is done."""
    setup()
    spi = lab.sa(null, "out", reqid=RED)
    for bad in (attr(C["A_SA_SELECTOR"], []),
                lifetime(time_soft=2, time_hard=1),
                attr(C["A_SA_SRC"], addr("10.0.0.99"))):
        tables = lab.nl.tables()
        try:
            update(spi, BLUE, bad)
        except Refused:
            equal(lab.nl.tables(), tables, "tables")
            equal(senders(), only(RED, spi), "after a refusal")
            continue
        raise AssertionError("was not refused")


def pauses(changes):
    """How often the CPU is given away meanwhile."""
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
    for spi, reqid in changes:
        update(spi, reqid)
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - before


def unhindered():
    """One change of each of many SAs waits for nobody, many of one SA do."""
    setup()
    spis = [lab.sa(null, "out", reqid=RED) for _ in range(100)]
    waited = pauses((spi, BLUE) for spi in spis)
    equal(waited < 50, True, "each of 100 once, it waited %d times" % waited)
    equal(senders(), only(BLUE, spis[-1]))
    waited = pauses((spis[0], reqid) for reqid in (RED, BLUE) * 10)
    # what a single CPU waits for is over at once, on some kernels
    equal(waited > 5 or os.cpu_count() == 1, True,
          "one 20 times, it waited %d times" % waited)
    equal(senders(), only(BLUE, spis[-1]))


# While things happen

def meanwhile():
    """Two SAs stay, and everything around them changes: no packet is lost.

    They are the oldest, so whoever looks for them goes by all the others. These
    are for other packets, but for one, which is changed in place and moved; of
    the others, half of them is changed in place and half of them moved.
    """
    setup()
    for reqid in (RED, BLUE):
        lab.sa(null, "out", reqid=reqid)
    elsewhere = selector("192.168.1.0/24", "192.168.3.0/24")
    spis = [lab.sa(null, "out", reqid=RED, sel=elsewhere) for _ in range(12)]
    spis.insert(6, lab.sa(null, "out", reqid=BLUE))
    nls = [lib.Genl(lab.n) for _ in range(3)]
    done = [0, 0, 0]
    socks = [lab.listen(0, host=IN4) for _ in range(2)]
    sent = [0, 0]

    def flip():
        n = done[0]
        # of three, the last one needs again what the first one needed
        for reqid in (n % 3,) if n % 4 else (RED, ANY, BLUE):
            update(spis[n % 7], reqid, nl=nls[0])
        done[0] += 1

    def shift():
        n = done[1]
        move(spis[6 + n % 7], n % 3, src=(OUT4, "10.0.0.11")[n & 1],
             nl=nls[1])
        done[1] += 1

    def come_and_go():
        spi = 0x9000 + done[2] % 4
        nls[2].do("SA_NEW", attr(C["A_SA_SRC"], addr(OUT4)), *key(spi),
                  attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                  attr(C["A_SA_SELECTOR"], elsewhere),
                  attr(C["A_SA_REQID"], u32(spi % 3)), *null.attrs())
        update(spi, RED, nl=nls[2])
        delete(spi, nl=nls[2])
        done[2] += 1

    def send(i):
        def step():
            for want in (RED, BLUE, ANY):
                socks[i].sendto(b"x", (FAR4, PORT + want))
            sent[i] += 3
        return step

    with Threads(flip, shift, come_and_go, send(0), send(1)) as threads:
        threads.run(2, lambda: min(done) > 30)
    print("# %d packets, changes: %s" % (sum(sent), done), flush=True)
    lab.counted({"out_ok": sum(sent)}, "packets")


# The end

def namespace_goes():
    """With an SA that has just changed, and the first one of all."""
    for _ in range(2):
        x = lib.Host("x")
        nl = lib.Genl(x)
        nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(OUT4)), *key(0x1000),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *null.attrs())
        for reqid in (RED, BLUE, RED):
            update(0x1000, reqid, nl=nl)
        nl.sock.close()
        lib.Host.made.remove(x)
        x.close()


def module_goes():
    with open("/proc/modules", encoding="ascii") as f:
        if not any(line.startswith("nfipsec ") for line in f):
            raise lib.Skip("it is no module")
    setup()
    spi = lab.sa(null, "out", reqid=RED)
    update(spi, BLUE)
    lib.sh("rmmod", "nfipsec")


for fam in (False, True):
    for kind in ("tunnel", "transport"):
        report.add("changed in place, %s, %s" %
                   (kind, "IPv6" if fam else "IPv4"), in_place, kind, fam)
report.add("the newest stays the newest, changed", age, update)
report.add("the newest stays the newest, moved", age, move)
report.add("the newest stays the newest, elsewhere", age, there_and_back)
report.add("among many", grows)
report.add("classes of traffic", classes)
report.add("changed, and gone at once", at_once)
report.add("changed, and its limit reached", limit)
report.add("larval", larval)
report.add("in a transaction", transaction)
report.add("what waits for it", waits)
report.add("refused with the rest", refused)
report.add("many in a row", unhindered)
report.add("under traffic", meanwhile)
report.add("the namespace goes", namespace_goes)
report.add("the module goes", module_goes)
sys.exit(report.run())
