# SPDX-License-Identifier: GPL-2.0
"""Who keeps a copy of the tables: changes that are told, what a list holds.

The topology is that of lib.py.
"""
import fcntl
import json
import select
import signal
import struct
import subprocess
import sys
import termios

import lib
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, addr, attr, attrs, equal,
                 selector, u8, u16, u32, u64, wait_for)

lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
report = lib.Report()
KINDS = ("NEW", "UPDATED", "DELETED", "MOVED", "FLUSHED")


class Group:
    """What one multicast group is told."""

    def __init__(self, name, host=None):
        nl = lib.Genl(host or lab.n)
        family = dict(nl.talk(16, 3, attr(2, "nfipsec"))[0])
        groups = {g[1].rstrip(b"\0").decode(): struct.unpack("=i", g[2])[0]
                  for g in (dict(attrs(x)) for _, x in attrs(family[7]))}
        self.sock = nl.sock
        self.number = groups[name]
        self.sock.setsockopt(270, 1, self.number)
        self.raw = b""

    def next(self, seconds=5):
        """Command and attributes of the next event, or None."""
        if not select.select([self.sock], [], [], seconds * lib.SLOW)[0]:
            return None
        self.raw = self.sock.recv(1 << 17)
        return self.raw[16], dict(attrs(self.raw[20:]))

    def want(self, what, table, **vals):
        """The next one is this change of that table; gives its attributes."""
        cmd, got = self.next() or (None, {})
        equal(cmd, C["CMD_%s_CHANGE_NTF" % table], "event")
        equal(got[C["A_%s_CHANGE" % table]],
              u8(C["CHANGE_KIND_" + what]), "change")
        for name, val in vals.items():
            equal(got.get(C["A_%s_%s" % (table, name.upper())]), val, name)
        return got

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        self.sock.close()


def key(dst, spi):
    return [attr(C["A_SA_DST"], addr(dst)), attr(C["A_SA_PROTO"], u8(50)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi))]


def owned(name):
    return attr(C["A_SA_OWNER"], name)


def spi_be(spi):
    return struct.pack("!I", spi)


def alloc(owner=None, spi=300, dst=OUT4):
    msg = [attr(C["A_SA_SRC"], addr(PEER4)), attr(C["A_SA_DST"], addr(dst)),
           attr(C["A_SA_PROTO"], u8(50)), attr(C["A_SA_SPI_MIN"], u32(spi)),
           attr(C["A_SA_SPI_MAX"], u32(spi))]
    lab.nl.do("SA_ALLOCSPI", *msg + ([owned(owner)] if owner else []))
    return spi


def changes_sa():
    lab.reset()
    with Group("changes") as told, Group("events") as events:
        spi = lab.sa(gcm, "out", extra=[owned("me")])
        got = told.want("NEW", "SA", spi=spi_be(spi), dst=addr(PEER4),
                        owner=b"me\0", reqid=u32(1))
        equal({C["A_SA_AEAD_KEY"], C["A_SA_MOVE"]} & set(got), set(), "more")
        equal(gcm.key in told.raw or gcm.salt in told.raw, False, "a key")
        listed = dict(lab.nl.do("SA_GET", *key(PEER4, spi))[0])
        del got[C["A_SA_CHANGE"]]
        equal(got, listed, "as it is listed")
        lab.nl.do("SA_UPDATE", *key(PEER4, spi), attr(C["A_SA_REQID"], u32(4)))
        told.want("UPDATED", "SA", spi=spi_be(spi), reqid=u32(4))
        lab.nl.do("SA_MOVE", *key(PEER4, spi), attr(C["A_SA_MOVE"], [
            attr(C["A_MOVE_DST"], addr("10.0.0.12")),
            attr(C["A_MOVE_REQID"], u32(5))]))
        got = told.want("MOVED", "SA", dst=addr("10.0.0.12"), reqid=u32(5))
        equal(dict(attrs(got[C["A_SA_MOVE"]])),
              {C["A_MOVE_SRC"]: addr(OUT4), C["A_MOVE_DST"]: addr(PEER4),
               C["A_MOVE_REQID"]: u32(4)}, "where it was")
        lab.nl.do("SA_DEL", *key("10.0.0.12", spi))
        told.want("DELETED", "SA", spi=spi_be(spi), dst=addr("10.0.0.12"))
        # an SPI that is reserved, and then used
        spi = alloc("me")
        told.want("NEW", "SA", spi=spi_be(spi),
                  state=u8(C["SA_STATE_LARVAL"]))
        lab.nl.do("SA_UPDATE", attr(C["A_SA_SRC"], addr(PEER4)),
                  *key(OUT4, spi), attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                  *null.attrs())
        told.want("UPDATED", "SA", spi=spi_be(spi), owner=b"me\0",
                  state=u8(C["SA_STATE_MATURE"]))
        lab.nl.do("SA_FLUSH", owned("me"))
        got = told.want("FLUSHED", "SA", owner=b"me\0")
        equal(set(got), {C["A_SA_CHANGE"], C["A_SA_OWNER"]}, "what is said")
        lab.nl.do("SA_FLUSH")
        equal(set(told.want("FLUSHED", "SA")), {C["A_SA_CHANGE"]},
              "what is said")
        # what is refused has changed nothing
        for msg in (key(PEER4, 77), key(PEER4, 78)):
            try:
                lab.nl.do("SA_DEL", *msg)
            except lib.Refused:
                pass
        equal((told.next(0), events.next(0)), (None, None), "other events")


def changes_policy():
    lab.reset()
    with Group("changes") as told, Group("events") as events:
        lab.policy("out", IN4, FAR4, priority=3)
        got = told.want("NEW", "POLICY", priority=u32(3),
                        dir=u8(C["DIR_OUT"]))
        listed = dict(lab.nl.dump("POLICY_GET")[0])
        del got[C["A_POLICY_CHANGE"]]
        equal(got, listed, "as it is listed")
        lab.policy("out", IN4, FAR4, priority=4, cmd="POLICY_UPDATE")
        told.want("UPDATED", "POLICY", priority=u32(4))
        lab.unpolicy("out", IN4, FAR4)
        told.want("DELETED", "POLICY", priority=u32(4))
        lab.policy("in", FAR4, IN4, cmd="POLICY_UPDATE")
        told.want("NEW", "POLICY", dir=u8(C["DIR_IN"]))
        lab.nl.do("POLICY_FLUSH", attr(C["A_POLICY_DIR"], u8(C["DIR_IN"])),
                  attr(C["A_POLICY_OWNER"], "me"))
        told.want("FLUSHED", "POLICY", dir=u8(C["DIR_IN"]), owner=b"me\0")
        lab.nl.do("POLICY_FLUSH")
        equal(set(told.want("FLUSHED", "POLICY")), {C["A_POLICY_CHANGE"]},
              "what is said")
        equal((told.next(0), events.next(0)), (None, None), "other events")


def expired():
    """What ends by itself has its own event, and only that."""
    lab.reset()
    with Group("changes") as told, Group("events") as events:
        lab.sa(null, "in", extra=[attr(C["A_SA_LIFETIME"], [
            attr(C["A_LIFETIME_TIME_HARD"], u64(1))])])
        told.want("NEW", "SA")
        equal(events.next()[0], C["CMD_EXPIRE_NTF"], "event")
        wait_for(lambda: not lab.nl.dump("SA_GET"), "its end")
        equal(told.next(0), None, "other events")


def other_namespace():
    """Each namespace has its own."""
    lab.reset()
    with Group("changes", lab.w) as told:
        lab.sa(null, "in")
        lab.nl.do("SA_FLUSH")
        equal(told.next(0), None, "events")


class Monitor:
    """nfipsec monitor, running."""

    def __init__(self, *words):
        self.p = subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    def line(self, seconds=5):
        if not select.select([self.p.stdout], [], [], seconds * lib.SLOW)[0]:
            return None
        return self.p.stdout.readline().decode()

    def close(self):
        self.p.terminate()
        self.p.communicate()


def members():
    return sum(int(line.split()[3], 16) != 0 for line in lab.n.exec(
        "cat", "/proc/net/netlink").splitlines()[1:]
        if line.split()[1] == "16")


def monitor():
    lab.reset()
    before = members()
    mon, text = Monitor("-j", "monitor", "changes"), Monitor("monitor", "all")
    quiet = Monitor("monitor")
    try:
        wait_for(lambda: members() == before + 3, "the monitors")
        spi = lab.sa(null, "out", extra=[owned("me")])
        lab.cli("sa", "move", "dst", PEER4, "proto", "esp", "spi", str(spi),
                "to", "dst", "10.0.0.12")
        lab.policy("out", IN4, FAR4, action="bypass")
        lab.nl.do("POLICY_FLUSH")
        got = [json.loads(mon.line()) for _ in range(4)]
        equal([(e["event"], e["change"]) for e in got],
              [("sa", "new"), ("sa", "moved"), ("policy", "new"),
               ("policy", "flushed")], "events")
        equal((got[0]["sa"]["dst"], got[1]["sa"]["dst"], got[1]["from"]),
              (PEER4, "10.0.0.12", {"src": OUT4, "dst": PEER4, "reqid": 1}),
              "ends")
        name = "src %s dst %%s proto esp spi 0x%08x mode tunnel reqid 1 " \
            "dir out state mature owner me" % (OUT4, spi)
        equal(text.line(), "sa new " + name % PEER4 + "\n", "text")
        equal(text.line(), "sa moved %s from src %s dst %s reqid 1\n" % (
            name % "10.0.0.12", OUT4, PEER4), "text")
        equal(text.line().startswith("policy new dir out src %s/32 dst %s/32"
                                     % (IN4, FAR4)), True, "text")
        equal(text.line(), "policy flushed\n", "text")
        equal(quiet.line(0), None, "of who listens to events")
    finally:
        for m in (mon, text, quiet):
            m.close()


def ends(mon):
    """It says why."""
    equal(mon.p.wait(10 * lib.SLOW), 1, "status")
    said = mon.p.stderr.read()
    equal(b"was unloaded" in said, True, said)


def unloaded():
    """Who listens does not wait for ever after the module went."""
    lab.reset()
    before = members()
    mons = [Monitor("monitor", what) for what in ("all", "changes")]
    try:
        wait_for(lambda: members() == before + 2, "the monitors")
        lab.sa(null, "out")
        for mon in mons:
            # it reads, so it has asked to be told of the end
            equal((mon.line() or "")[:7], "sa new ", "event")
        lab.sa(null, "in")
        lib.reload(lab)
        for mon in mons:
            ends(mon)
            # what was before that was told
            equal((mon.line() or "")[:7], "sa new ", "last event")
    finally:
        for mon in mons:
            mon.close()


def lost():
    """How many messages to sockets of generic netlink had no room."""
    return sum(int(line.split()[8]) for line in lab.n.exec(
        "cat", "/proc/net/netlink").splitlines()[1:]
        if line.split()[1] == "16")


def fill(before):
    """More changes than a socket has room for."""
    for port in range(1, 50000):
        lab.policy("out", IN4, FAR4, 17, dport=(port, port), action="bypass")
        if port % 20 == 0 and lost() > before:
            return
    raise AssertionError("nothing was lost")


def unread(pipe):
    """Bytes that wait in a pipe."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def unheard():
    """Nor if what says that it went has no room in the socket."""
    lab.reset()
    before = members(), lost()
    mon = Monitor("monitor", "changes")
    try:
        wait_for(lambda: members() == before[0] + 1, "the monitor")
        lab.policy("out", IN4, FAR4, action="bypass")
        equal((mon.line() or "")[:10], "policy new", "event")
        mon.p.send_signal(signal.SIGSTOP)
        fill(before[1])
        lib.reload(lab)
        mon.p.send_signal(signal.SIGCONT)
        ends(mon)
    finally:
        mon.p.send_signal(signal.SIGCONT)
        mon.close()


def drained():
    """Nor if it went while what was before the loss is still being read."""
    lab.reset()
    before = members(), lost()
    mon = Monitor("monitor", "changes")
    pipe = 4096
    try:
        fcntl.fcntl(mon.p.stdout, fcntl.F_SETPIPE_SZ, pipe)
        wait_for(lambda: members() == before[0] + 1, "the monitor")
        mon.p.send_signal(signal.SIGSTOP)
        fill(before[1])
        mon.p.send_signal(signal.SIGCONT)
        wait_for(lambda: unread(mon.p.stdout) > pipe - 256, "a full pipe")
        lib.reload(lab)
        err = mon.p.communicate(timeout=20 * lib.SLOW)[1]
        equal((mon.p.returncode, b"events were lost" in err,
               b"was unloaded" in err), (1, True, True), err)
    finally:
        mon.p.send_signal(signal.SIGCONT)
        mon.close()


def larval():
    """SPIs that a daemon reserved and left are listed and go by its name."""
    lab.reset()
    alloc("dead", 300)
    alloc("live", 301)
    lab.sa(null, "in", extra=[owned("dead")])
    listed = json.loads(lab.cli("-j", "sa", "list", "state", "larval",
                                "owner", "dead"))
    equal([(s["spi"], s["state"], s["owner"]) for s in listed],
          [("0x0000012c", "larval", "dead")], "larval SAs")
    age = int(lab.n.exec("date", "+%s")) - listed[0]["add_time"]
    equal(0 <= age < 60 * lib.SLOW, True, "age %d" % age)
    lab.cli("sa", "flush", "owner", "dead")
    equal([s["spi"] for s in json.loads(lab.cli("-j", "sa", "list"))],
          ["0x0000012d"], "what is left")
    lab.cli("sa", "del", "dst", OUT4, "proto", "esp", "spi", "301")
    equal(lab.nl.dump("SA_GET"), [], "SAs")


def many(first, n, step):
    return [(first + i * step, first + i * step) for i in range(n)]


def largest_selector():
    a6 = "fd00:%x::1111:2222:3333:4441-fd00:%x::1111:2222:3333:4444"
    src = ",".join(a6 % (i, i) for i in range(1, 17))
    dst = ",".join(a6 % (i, i) for i in range(33, 49))
    ports = [(p, p + 1) for p in range(1000, 1000 + 16 * 8, 8)]
    return selector(src, dst, 17, sport=ports, dport=ports)


def largest():
    """A policy and an SA at all their limits are listed, and told."""
    lab.reset()
    # the longest name, as often as may be
    names = ["rfc7539esp(chacha20,poly1305)"] * 8
    tmpl = [attr(C["A_TMPL_SRC"], addr("fd00::1")),
            attr(C["A_TMPL_DST"], addr("fd00::2")),
            attr(C["A_TMPL_PROTO"], u8(50)),
            attr(C["A_TMPL_MODE"], u8(C["MODE_TUNNEL"])),
            attr(C["A_TMPL_REQID"], u32(1))] + [
                attr(C["A_TMPL_ALGO"], n) for n in names]
    msg = [attr(C["A_POLICY_DIR"], u8(C["DIR_OUT"])),
           attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
           attr(C["A_POLICY_SELECTOR"], largest_selector()),
           attr(C["A_POLICY_NAME"], "n" * 255),
           attr(C["A_POLICY_OWNER"], "o" * 15)] + [
               attr(C["A_POLICY_TMPL"], tmpl) for _ in range(4)]
    with Group("changes") as told:
        lab.nl.do("POLICY_NEW", *msg)
        got = told.want("NEW", "POLICY", name=b"n" * 255 + b"\0")
        # that is what messages have room for by default
        equal(len(told.raw) > 3776, True, "%d bytes" % len(told.raw))
        lab.sa(null, "out", six=True, sel=largest_selector(), extra=[
            owned("o" * 15),
            attr(C["A_SA_DSCP_SET"], u64(1)),
            attr(C["A_SA_OUTER"], [attr(C["A_OUTER_HOP_LIMIT"], u8(9))]),
            attr(C["A_SA_TFC"], [attr(C["A_TFC_PAD"], u32(9)), attr(
                C["A_TFC_DUMMY_INTERVAL"], u32(9999))]),
            attr(C["A_SA_LIFETIME"], [
                attr(C["A_LIFETIME_" + k + "_" + end], u64(1 << 40))
                for k in ("BYTE", "PACKET", "TIME", "TIME_USE")
                for end in ("SOFT", "HARD")]),
            attr(C["A_SA_ENCAP"], [
                attr(C["A_ENCAP_TYPE"], u8(2)),
                attr(C["A_ENCAP_SPORT"], u16(1)),
                attr(C["A_ENCAP_DPORT"], u16(2)),
                attr(C["A_ENCAP_OA"], addr("fd00::9")),
                attr(C["A_ENCAP_KEEPALIVE"], u32(99))])])
        told.want("NEW", "SA", owner=b"o" * 15 + b"\0")
    index = got[C["A_POLICY_INDEX"]]
    one = dict(lab.nl.do("POLICY_GET", attr(C["A_POLICY_INDEX"], index))[0])
    listed = lab.nl.dump("POLICY_GET")
    equal((len(listed), dict(listed[0])), (1, one), "policies")
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
    equal(lab.cli("policy", "list").count("tmpl src"), 4, "templates")


def features():
    """What there is, without loading anything, and then all that can be."""
    def algos(*words):
        got = json.loads(lab.cli("-j", "algo", "list", *words))
        return {a["name"]: a for a in got}

    def modules():
        with open("/proc/modules", encoding="ascii") as f:
            return {line.split()[0] for line in f}

    lab.reset()
    said = json.loads(lab.cli("-j", "features"))
    equal({"esn", "move", "changes", "iiv", "beet"} - set(said["features"]),
          set(), "features")
    equal(bool(said["version"]), True, "version")
    before = modules()
    known = algos()
    equal(modules(), before, "modules")
    equal({a["state"] for a in known.values()} - {"ready", "unknown"}, set(),
          "states")
    equal(known["ecb(cipher_null)"]["state"], "ready", "NULL")
    lab.sa(gcm, "in")
    name = "rfc4106(gcm(aes))"
    equal(algos()[name]["state"], "ready", "with an SA")
    aes = algos("load")[name]
    equal((aes["state"], aes["use"], aes["alias"], aes["key_len"],
           aes["salt_len"], aes["icv_bits"], aes["flags"]),
          ("ready", "aead", "aes-gcm-16", [16, 24, 32], 4, [64, 96, 128],
           ["iiv"]), "AES-GCM")
    # what is told to be there can be used, and nothing else
    for alg in algos("load").values():
        equal(alg["state"] != "unknown", True, alg["name"])
        equal("lacks" in alg, alg["state"] == "missing", alg["name"])
    for alg in ("aes128gcm16", "chacha20poly1305", "aes256-sha512_256"):
        lab.sa(Algo(alg, 3), "in")
        equal(algos()[Algo(alg, 3).kernel]["state"], "ready", alg)
    text = lab.cli("algo").splitlines()
    equal(any(t.startswith("aead rfc4106(gcm(aes)) alias aes-gcm-16 key "
                           "16,24,32 salt 4 icv 64,96,128 iiv ready")
              for t in text), True, "text")
    equal(lab.cli("features").startswith("version "), True, "text")


report.add("changes of SAs", changes_sa)
report.add("changes of policies", changes_policy)
report.add("expiry is no change by request", expired)
report.add("changes of one namespace", other_namespace)
report.add("changes by command", monitor)
report.add("the module goes", unloaded)
report.add("the module goes unheard", unheard)
report.add("the module goes while a loss is read", drained)
report.add("larval SAs that were left", larval)
report.add("the largest policy and SA", largest)
report.add("features and algorithms", features)
sys.exit(report.run())
