# SPDX-License-Identifier: GPL-2.0
"""Lifetimes of SAs (RFC 4301 section 4.4.2.1): limits by bytes, packets and
time, what happens at them, and the events that tell of it.

The topology is that of lib.py.
"""
import errno
import fcntl
import hmac
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

import lib
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, Refused, addr, attr, equal,
                 ipv4, nothing, u32, u64, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
LIMITS = ("bytes", "packets", "time", "time-use", "seq")
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
cbc = Algo("aes128-sha256_128", 9)
lab = lib.Lab()
# The tests listen to events: no packet waits for another SA because of that.
lab.cli("default", "acquire-timeout", "0")
sock4 = lab.listen(PORT)
report = lib.Report()


class Ah:
    """HMAC-SHA2-256 with 128 bits, for an SA of AH."""
    key = Algo.material(77, 32)

    def attrs(self):
        return [attr(C["A_SA_AUTH_NAME"], "hmac(sha256)"),
                attr(C["A_SA_AUTH_KEY"], self.key),
                attr(C["A_SA_AUTH_ICV_BITS"], u32(128))]

    def packet(self, spi, seq, inner):
        """From the peer, in tunnel mode."""
        head = struct.pack("!BBHII", 4, 5, 0, spi, seq)
        p = ipv4(PEER4, OUT4, 51, head + bytes(16) + inner)
        zeroed = p[:1] + b"\0" + p[2:6] + bytes(3) + p[9:10] + bytes(2) + p[12:]
        icv = hmac.new(self.key, zeroed, "sha256").digest()[:16]
        return p[:32] + icv + p[48:]


def groups():
    """Number of the multicast group."""
    answer = dict(lab.nl.talk(16, 3, attr(2, "nfipsec"))[0])
    group = dict(lib.attrs(lib.attrs(answer[7])[0][1]))
    return struct.unpack("=I", group[2])[0]


class Events:
    """What the group is told."""

    def __init__(self):
        self.sock = lab.n.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.setsockopt(270, 1, groups())
        self.sock.setblocking(False)

    def next(self, seconds=5):
        """The next one, or None."""
        end = time.monotonic() + seconds * (lib.SLOW if seconds else 0)
        kind = None
        while kind in (None, C["CMD_ACQUIRE_NTF"]):     # that is acquire.py's
            left = max(0, end - time.monotonic())
            if not select.select([self.sock], [], [], left)[0]:
                return None
            data = self.sock.recv(65536)
            kind = data[16]
        equal(kind, C["CMD_EXPIRE_NTF"], "event")
        a = dict(lib.attrs(data[20:]))
        get = {len(v): f for v, f in ((b"1", "=B"), (b"1234", "=I"),
                                      (b"12345678", "=Q"))}
        val = {k: struct.unpack(get[len(v)], v)[0] for k, v in a.items()
               if len(v) in get}
        return {"limit": LIMITS[val[C["A_EXPIRE_LIMIT"]]],
                "hard": val[C["A_EXPIRE_HARD"]],
                "src": a[C["A_EXPIRE_SRC"]], "dst": a[C["A_EXPIRE_DST"]],
                "proto": val[C["A_EXPIRE_PROTO"]],
                "spi": struct.unpack("!I", a[C["A_EXPIRE_SPI"]])[0],
                "reqid": val[C["A_EXPIRE_REQID"]],
                "bytes": val[C["A_EXPIRE_USED_BYTES"]],
                "packets": val[C["A_EXPIRE_USED_PACKETS"]]}

    def want(self, spi, limit, hard, **more):
        """The next one must be this."""
        ev = self.next()
        if ev is None:
            raise AssertionError("no event: %s %d" % (limit, hard))
        got = {k: ev[k] for k in ["spi", "limit", "hard", *more]}
        equal(got, {"spi": spi, "limit": limit, "hard": hard, **more}, "event")
        return ev

    def close(self):
        equal(self.next(0), None, "another event")
        self.sock.close()


def lifetime(**limits):
    return attr(C["A_SA_LIFETIME"], [
        attr(C["A_LIFETIME_" + k.upper()], u64(v)) for k, v in limits.items()])


def begin(direction, algo=null, limits=None, **more):
    """An SA and its policy, and its events; gives (SPI, Events)."""
    lab.reset()
    extra = (lifetime(**limits),) if limits else ()
    spi = lab.sa(algo, direction, extra=extra, **more)
    # so that there is one when that is gone
    lab.sa(null, "in", spi=0xfff, reqid=99)
    ends = (IN4, FAR4) if direction == "out" else (FAR4, IN4)
    lab.policy(direction, *ends, tmpl_proto=more.get("proto", 50))
    lab.mark()
    return spi, Events()


def sa_get(spi, direction="out", proto=50):
    """Attributes of an SA, None if there is none."""
    try:
        return dict(lab.nl.do(
            "SA_GET", attr(C["A_SA_DST"],
                           addr(PEER4 if direction == "out" else OUT4)),
            attr(C["A_SA_PROTO"], lib.u8(proto)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi)))[0])
    except Refused as e:
        equal(e.code, 2, str(e))
        return None


def update(spi, *what):
    lab.nl.do("SA_UPDATE", attr(C["A_SA_DST"], addr(PEER4)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)), *what)


def used(spi, direction="out", proto=50):
    sa = sa_get(spi, direction, proto)
    return tuple(struct.unpack("=Q", sa[C["A_SA_USED_" + k]])[0]
                 for k in ("BYTES", "PACKETS"))


def out(size=100, want="out_ok"):
    try:
        sock4.sendto(bytes(size), (FAR4, FAR_PORT))
    except PermissionError:
        pass
    except OSError as e:
        equal((e.errno, want), (errno.EMSGSIZE, "out_length"), "error")
    lab.counted({want: 1})
    if want == "out_ok":
        return wait_for(lab.wire.recv, "a packet")
    lab.wire.silent()
    return None


def sealed(spi, seq, size=100, algo=null):
    return ipv4(PEER4, OUT4, 50, algo.seal(spi, seq, 4, udp_packet(
        FAR4, IN4, FAR_PORT, PORT, bytes(size))))


def into(packet, want="in_ok", size=100):
    lab.wire.send(packet)
    lab.counted({want: 1})
    if want == "in_ok":
        equal(sock4.recv(65536), bytes(size), "delivered")
    nothing(sock4)


# 20 + 8 + 100, and 2, made a multiple of 4
TEXT = 132


# Counting

def bytes_used(proto, algo):
    """What the algorithm works on, both ways."""
    total = 0
    spi, ev = begin("out", algo, proto=proto)
    equal(used(spi, proto=proto), (0, 0), "before")
    equal(C["A_SA_USE_TIME"] in sa_get(spi, proto=proto), False, "use-time")
    for n, size in enumerate((0, 1, 2, 3, 100, 1000), 1):
        p = out(size)
        total += len(p) if proto == 51 else (
            len(p) - 20 - 8 - algo.iv_len - algo.icv_len)
        equal(used(spi, proto=proto), (total, n), "sent")
    sa = sa_get(spi, proto=proto)
    first, last = (struct.unpack("=Q", sa[C["A_SA_" + k]])[0]
                   for k in ("USE_TIME", "LAST_USED"))
    equal(time.time() - 60 * lib.SLOW < first <= last <= time.time(), True,
          "times %d %d" % (first, last))
    ev.close()

    spi, ev = begin("in", algo, proto=proto)
    total = 0
    for n, size in enumerate((0, 1, 2, 3, 100, 1000), 1):
        if proto == 51:
            p = algo.packet(spi, n, udp_packet(FAR4, IN4, FAR_PORT, PORT,
                                               bytes(size)))
            total += len(p)
        else:
            p = sealed(spi, n, size, algo)
            total += len(p) - 20 - 8 - algo.iv_len - algo.icv_len
        into(p, size=size)
        equal(used(spi, "in", proto), (total, n), "received")
    ev.close()


def authentic_only():
    """Nobody without the key can use an SA up."""
    spi, ev = begin("in", limits={"packet_hard": 3})
    good = sealed(spi, 1)
    bad = good[:-1] + bytes([good[-1] ^ 1])
    into(good)
    for _ in range(4):
        into(bad[:27] + b"\2" + bad[28:], "in_auth")
        into(good, "in_replay")
    equal(used(spi, "in"), (TEXT, 1), "used")
    # but what is authentic counts, good for something or not
    into(ipv4(PEER4, OUT4, 50, null.seal(spi, 2, 59, bytes(10))), "in_dummy")
    equal(used(spi, "in"), (TEXT + 12, 2), "used by a dummy")
    into(ipv4(PEER4, OUT4, 50, null.seal(spi, 3, 4, bytes(10), padlen=99)),
         "in_pad")
    ev.want(spi, "packets", 1, packets=3)
    ev.close()


def dummies():
    tfc = attr(C["A_SA_TFC"], [attr(C["A_TFC_DUMMY_INTERVAL"], u32(10))])
    lab.reset()
    ev = Events()
    spi = lab.sa(gcm, "out", extra=(tfc, lifetime(packet_hard=3)))
    ev.want(spi, "packets", 1, packets=3)
    wait_for(lambda: sa_get(spi) is None, "the end of the SA")
    # its time for another one may come before that
    got = lib.grown(lab.base, lab.nl.stats())
    got.pop("out_expired", 0)
    equal(got, {"out_dummy": 3}, "counters")
    ev.close()


# Bytes and packets

def bytes_out():
    spi, ev = begin("out", reqid=1, limits={"byte_hard": 4 * TEXT - 1})
    for _ in range(3):
        out()
    out(want="out_expired")
    ev.want(spi, "bytes", 1, bytes=3 * TEXT, packets=3, reqid=1, proto=50,
            src=addr(OUT4), dst=addr(PEER4))
    wait_for(lambda: sa_get(spi) is None, "the end of the SA")
    out(want="out_no_sa")
    ev.close()


def bytes_in():
    spi, ev = begin("in", limits={"byte_hard": 4 * TEXT - 1})
    for seq in 1, 2, 3:
        into(sealed(spi, seq))
    into(sealed(spi, 4), "in_expired")
    ev.want(spi, "bytes", 1, bytes=3 * TEXT, packets=3, src=addr(PEER4),
            dst=addr(OUT4))
    wait_for(lambda: sa_get(spi, "in") is None, "the end of the SA")
    into(sealed(spi, 5), "in_no_sa")
    ev.close()


def packets_out():
    spi, ev = begin("out", limits={"packet_soft": 2, "packet_hard": 4})
    out()
    equal(ev.next(0), None, "an event too early")
    out()
    ev.want(spi, "packets", 0, packets=2, bytes=2 * TEXT)
    out()
    out()
    ev.want(spi, "packets", 1, packets=4, bytes=4 * TEXT)
    wait_for(lambda: sa_get(spi) is None, "the end of the SA")
    out(want="out_no_sa")
    ev.close()


def packets_in():
    spi, ev = begin("in", limits={"packet_soft": 2, "packet_hard": 4})
    into(sealed(spi, 1))
    equal(ev.next(0), None, "an event too early")
    into(sealed(spi, 2))
    ev.want(spi, "packets", 0, packets=2)
    into(sealed(spi, 3))
    into(sealed(spi, 4))
    ev.want(spi, "packets", 1, packets=4)
    wait_for(lambda: sa_get(spi, "in") is None, "the end of the SA")
    into(sealed(spi, 5), "in_no_sa")
    ev.close()


def last_on_its_way():
    """The SA goes while the last packet that it has for is still opened.

    By another CPU: with one, who deletes waits. The SA inside takes its time.
    """
    lab.reset()
    ends = ["src", FAR4, "dst", IN4]
    tmpl = ["src", PEER4, "dst", OUT4, "mode", "tunnel", "proto", "esp"]
    lab.cli("policy", "add", "dir", "in", *ends, "action", "protect",
            "tmpl", *tmpl, "reqid", "2", "tmpl", *tmpl, "reqid", "1")
    inner = lab.sa(cbc, "in", reqid=2)
    lab.mark()
    data = bytes(60000)
    ev = Events()
    for seq in range(1, 9):
        spi = lab.sa(null, "in", extra=(lifetime(packet_hard=1),))
        p = udp_packet(FAR4, IN4, FAR_PORT, PORT, data)
        for algo, to, n in (cbc, inner, seq), (null, spi, 1):
            p = ipv4(PEER4, OUT4, 50, algo.seal(to, n, 4, p), ident=seq)
        for part in lib.fragments(p):
            lab.wire.send(part)
        lab.counted({"in_ok": 1})
        equal(sock4.recv(65536), data, "delivered")
        ev.want(spi, "packets", 1, packets=1)
        wait_for(lambda: sa_get(spi, "in") is None, "the end of the SA")
    ev.close()


def bytes_exact():
    """Used to the last byte, and the SA ends without a packet too many."""
    spi, ev = begin("out", limits={"byte_soft": 2 * TEXT,
                                   "byte_hard": 3 * TEXT})
    out()
    out()
    ev.want(spi, "bytes", 0, bytes=2 * TEXT)
    out()
    ev.want(spi, "bytes", 1, bytes=3 * TEXT, packets=3)
    ev.close()


def super_packet():
    """Each of its segments counts, and no one passes that must not."""
    spi, ev = begin("out", limits={"byte_soft": 5 * TEXT,
                                   "byte_hard": 26 * TEXT - 1})
    sock4.setsockopt(17, 103, 100)      # UDP_SEGMENT
    try:
        sock4.sendto(bytes(4000), (FAR4, FAR_PORT))
    except PermissionError:
        pass
    finally:
        sock4.setsockopt(17, 103, 0)
    lab.counted({"out_ok": 25, "out_expired": 15})
    for _ in range(25):
        wait_for(lab.wire.recv, "a packet")
    lab.wire.silent()
    ev.want(spi, "bytes", 0)
    ev.want(spi, "bytes", 1, bytes=25 * TEXT, packets=25)
    ev.close()


FLOOD = """
import os, socket, sys
os.sched_setaffinity(0, {int(sys.argv[1])})
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[3], 0))
print(1, flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    try:
        s.sendto(bytes(100), (sys.argv[4], 5000))
    except PermissionError:
        pass
"""


def many_cpus():
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise lib.Skip("one CPU only")
    most = max(300, int(2000 * lib.SCALE / 100))
    spi, ev = begin("out", limits={"packet_soft": most // 2,
                                   "packet_hard": most})
    flood = [subprocess.Popen(
        ["nsenter", "--net=" + lab.n.path, "--", "python3", "-c", FLOOD,
         str(cpu), str(most), IN4, FAR4], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE) for cpu in cpus[:2]]
    for p in flood:
        p.stdout.readline()
    for p in flood:
        p.stdin.write(b"\n")
        p.stdin.flush()
    for p in flood:
        p.communicate()
        equal(p.returncode, 0, "a sender")
    got = lib.grown(lab.base, lab.nl.stats())
    equal(got.pop("out_ok"), most, "sent")
    equal(sum(got.values()), most, "not sent: %s" % got)
    equal(set(got) <= {"out_expired", "out_no_sa"}, True, str(got))
    ev.want(spi, "packets", 0)
    ev.want(spi, "packets", 1, packets=most)
    ev.close()


# Time

def boottime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def times():
    """Since the SA was added, and since its first packet."""
    unused, ev = begin("out", limits={"time_use_hard": 1})
    soft = lab.sa(null, "in", extra=(lifetime(time_soft=1),))
    start = boottime()
    timed = lab.sa(null, "in", extra=(lifetime(time_soft=1, time_hard=2),))
    far = lab.sa(null, "in", extra=(lifetime(time_hard=2**64 - 1,
                                             time_soft=2**40),))
    ev.want(soft, "time", 0)
    ev.want(timed, "time", 0)
    equal(boottime() - start >= 1, True, "soft too early")
    ev.want(timed, "time", 1)
    equal(boottime() - start >= 2, True, "hard too early")
    wait_for(lambda: sa_get(timed, "in") is None, "the end of the SA")
    equal(sa_get(soft, "in") is None, False, "gone with the soft limit")
    lab.mark()
    # that took longer than the other may be used, which was not
    start = boottime()
    out()
    ev.want(unused, "time-use", 1, packets=1)
    equal(boottime() - start >= 1, True, "use: too early")
    wait_for(lambda: sa_get(unused) is None, "the end of the SA")
    out(want="out_no_sa")
    equal(sa_get(far, "in") is None, False, "the one that lives long")
    ev.close()


def first_of():
    """Of several limits the first that is reached counts."""
    spi, ev = begin("out", limits={"packet_hard": 2, "time_hard": 1000,
                                   "byte_hard": 10 * TEXT})
    out()
    out()
    ev.want(spi, "packets", 1, packets=2)
    timed = lab.sa(null, "in", extra=(lifetime(packet_hard=2, time_hard=1,
                                               byte_hard=1000),))
    ev.want(timed, "time", 1, packets=0)
    ev.close()


def many():
    """Many SAs end at once; an event for each, or it is known that some are
    lost."""
    lab.reset()
    count = max(100, int(300 * lib.SCALE / 100))
    ev = Events()
    ev.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)   # RCVBUFFORCE
    small = Events()
    small.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    life = lifetime(time_hard=1)
    # added, deleted and flushed while their time runs
    lab.sa(null, "in", extra=(lifetime(time_hard=20),))
    lab.nl.do("SA_FLUSH")
    spis = {lab.sa(null, "in", extra=(life,)) for _ in range(count)}
    stay = lab.sa(null, "in")
    for _ in range(count):
        e = ev.next()
        equal((e["limit"], e["hard"]), ("time", 1), "event")
        spis.remove(e["spi"])
    wait_for(lambda: len(lab.nl.dump("SA_GET")) == 1, "the last SA")
    equal(sa_get(stay, "in") is None, False, "the one without limits")
    ev.close()

    def lost():
        try:
            return small.next(0) is None and "all came"
        except OSError as e:
            equal(e.errno, 105, "errno")
            return "lost"
    equal(wait_for(lost, "the end"), "lost", "small buffer")
    small.sock.close()


def namespace_gone():
    """A namespace goes while times run, some of them to their end."""
    host = lib.Host("k")
    nl = lib.Genl(host)
    sa = [attr(C["A_SA_SRC"], addr(OUT4)), attr(C["A_SA_DST"], addr(PEER4)),
          attr(C["A_SA_MODE"], lib.u8(C["MODE_TUNNEL"]))]
    for i in range(50):
        nl.do("SA_NEW", *sa, attr(C["A_SA_SPI"], struct.pack("!I", 5000 + i)),
              lifetime(time_soft=1, time_hard=1 + i % 3), *null.attrs())
    spi = attr(C["A_SA_SPI"], struct.pack("!I", 5000))
    wait_for(lambda: gone(nl, sa[1], spi), "the first end")
    nl.sock.close()
    lib.Host.made.remove(host)
    # so that this process is in another one
    lab.n.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    host.close()


def gone(nl, dst, spi):
    try:
        nl.do("SA_GET", dst, spi)
        return False
    except Refused:
        return True


# Changes

def updates():
    spi, ev = begin("out", limits={"packet_soft": 1, "packet_hard": 100})
    out()
    ev.want(spi, "packets", 0, packets=1)
    # raised, and told again
    update(spi, lifetime(packet_soft=3, packet_hard=100))
    out()
    out()
    ev.want(spi, "packets", 0, packets=3)
    # the same once more is nothing new, and neither is another kind's
    update(spi, lifetime(packet_soft=3, packet_hard=100, byte_soft=4 * TEXT))
    out()
    ev.want(spi, "bytes", 0, bytes=4 * TEXT)
    # none at all
    update(spi, lifetime())
    equal(C["A_SA_LIFETIME"] in sa_get(spi), False, "limits")
    out()
    equal(used(spi), (5 * TEXT, 5), "still counted")
    # one that is reached already
    update(spi, lifetime(byte_hard=5 * TEXT))
    ev.want(spi, "bytes", 1, packets=5)
    wait_for(lambda: sa_get(spi) is None, "the end of the SA")
    ev.close()


def later():
    """Limits for an SA that had none: what it used before counts."""
    spi, ev = begin("out")
    for _ in range(3):
        out()
    update(spi, lifetime(packet_hard=5, byte_hard=5 * TEXT))
    equal(used(spi), (3 * TEXT, 3), "used")
    out()
    out()
    ev.want(spi, "bytes", 1, packets=5, bytes=5 * TEXT)
    # other hard limit, reached by the same packet
    ev.want(spi, "packets", 1, packets=5)
    ev.close()
    # time of use that has begun
    spi, ev = begin("out")
    out()
    update(spi, lifetime(time_use_hard=1))
    ev.want(spi, "time-use", 1)
    ev.close()


def refused(code, what, attribute, func, *args, **kw):
    try:
        func(*args, **kw)
    except Refused as e:
        equal(e.code, code, "%s: %s" % (what, e))
        equal(bool(e.text), True, "a sentence")
        equal(e.offset is not None, attribute, "attribute of " + what)
        return
    raise AssertionError(what + ": taken")


def refusals():
    lab.reset()
    for kind in "byte", "packet", "time", "time_use":
        refused(22, kind, True, lab.sa, null, "out", extra=(
            lifetime(**{kind + "_soft": 11, kind + "_hard": 10}),))
    refused(22, "4 bytes", True, lab.sa, null, "out", extra=(
        attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_BYTE_HARD"], u32(1))]),))
    refused(22, "pad", True, lab.sa, null, "out", extra=(
        attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_PAD"], b"")]),))
    refused(22, "used", True, lab.sa, null, "out", extra=(
        attr(C["A_SA_USED_BYTES"], u64(1)),))
    equal(lab.nl.dump("SA_GET"), [], "SAs")
    spi = lab.sa(null, "out", extra=(lifetime(byte_soft=10, byte_hard=10),))
    before = lab.nl.tables()
    sel = attr(C["A_SA_SELECTOR"], lib.selector(IN4, FAR4))
    refused(22, "update", True, update, spi, sel, attr(C["A_SA_REQID"], u32(5)),
            lifetime(time_soft=2, time_hard=1))
    bad = attr(C["A_SA_SELECTOR"], [])
    refused(22, "selector", False, update, spi, bad, lifetime(time_soft=2))
    equal(lab.nl.tables(), before, "changed by a refusal")


# Sequence numbers

def numbers():
    limit = 2**32 - 1
    soft = limit - limit // 16
    spi, ev = begin("out", seq_out=soft - 2)
    out()
    equal(ev.next(0), None, "an event too early")
    out()
    ev.want(spi, "seq", 0, packets=2)
    out()
    ev.close()
    spi, ev = begin("out", seq_out=limit - 2)
    out()
    ev.want(spi, "seq", 0)
    out()
    ev.want(spi, "seq", 1, packets=2)
    out(want="out_seq")
    out(want="out_seq")
    equal(sa_get(spi) is None, False, "the SA")
    ev.close()
    limit = 2**64 - 2**20 - 1
    spi, ev = begin("out", seq_out=limit - limit // 16 - 1, flags=1)
    out()
    ev.want(spi, "seq", 0)
    out()
    ev.close()
    # who gets none has not used the SA
    spi, ev = begin("out", seq_out=7, seq_max=7, limits={"packet_hard": 2})
    for _ in range(3):
        out(want="out_seq_max")
    equal((used(spi), ev.next(0)), ((0, 0), None), "used without a number")
    ev.close()
    # nor has who comes too late, or is too long
    spi, ev = begin("out", seq_out=2**32 - 1, limits={"packet_hard": 2})
    for _ in range(3):
        out(want="out_seq")
    equal(used(spi), (0, 0), "used behind the last number")
    for hard in (0, 1):
        ev.want(spi, "seq", hard)
    ev.close()
    spi, ev = begin("out", limits={"packet_hard": 2})
    for _ in range(3):
        out(65507, want="out_length")
    equal((used(spi), ev.next(0)), ((0, 0), None), "used by what is too long")
    equal(out()[24:28], struct.pack("!I", 1), "number of the first packet")
    ev.close()
    # one that begins anew has no end
    spi, ev = begin("out", seq_out=2**32 - 2, limits={"packet_soft": 3},
                    flags=C["SA_FLAG_SEQ_ROLLOVER"], replay_window=0)
    for _ in range(3):
        out()
    ev.want(spi, "packets", 0)
    ev.close()


FREEZE, UNFREEZE = 0x3301, 0x3302


def saved():
    """As by hibernation: whoever opens this saves what memory holds, and freezes others
    for that.
    """
    try:
        snapshot = os.open("/dev/snapshot", os.O_RDONLY)
    except OSError as e:
        raise lib.Skip("memory cannot be saved: %s" % e) from e
    os.close(snapshot)
    for flags in 0, C["SA_FLAG_SEQ_ROLLOVER"]:
        spi, ev = begin("out", seq_out=7, limits={"packet_hard": 4},
                        flags=flags, replay_window=0)
        snapshot = os.open("/dev/snapshot", os.O_RDONLY)
        try:
            out()       # until programs are frozen
            fcntl.ioctl(snapshot, FREEZE)
            try:
                for _ in range(3):
                    out(want="out_hibernation")
                equal((used(spi)[1], ev.next(0)), (1, None),
                      "used without a number")
            finally:
                fcntl.ioctl(snapshot, UNFREEZE)
            out()
        finally:
            os.close(snapshot)
        equal(used(spi)[1], 2, "packets")
        ev.close()


# The command

class Monitor:
    """nfipsec monitor, running."""

    def __init__(self, *opts):
        self.p = subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", *opts,
             "monitor"], stdout=subprocess.PIPE)

    def line(self):
        if not select.select([self.p.stdout], [], [], 5 * lib.SLOW)[0]:
            raise AssertionError("no line")
        return self.p.stdout.readline().decode()

    def close(self):
        self.p.terminate()
        self.p.communicate()


def members():
    """Netlink sockets of n that joined a group."""
    return sum(int(line.split()[3], 16) != 0 for line in lab.n.exec(
        "cat", "/proc/net/netlink").splitlines()[1:]
        if line.split()[1] == "16")


def told():
    before = members()
    mon, text = Monitor("-j"), Monitor()
    try:
        wait_for(lambda: members() == before + 2, "the monitors")
        spi, ev = begin("out", reqid=1, limits={"packet_soft": 1,
                                                "packet_hard": 2})
        for n, kind in (1, "soft"), (2, "hard"):
            out()
            equal(json.loads(mon.line()), {
                "event": "expire", "hard": kind == "hard", "limit": "packets",
                "src": OUT4, "dst": PEER4, "proto": "esp",
                "spi": "0x%08x" % spi, "reqid": 1, "used_bytes": n * TEXT,
                "used_packets": n}, "JSON")
            equal(text.line(), "expire %s limit packets src %s dst %s proto "
                  "esp spi 0x%08x reqid 1 used-bytes %d used-packets %d\n" % (
                      kind, OUT4, PEER4, spi, n * TEXT, n), "text")
            ev.want(spi, "packets", n - 1)
        ev.close()
    finally:
        mon.close()
        text.close()


def shown():
    lab.reset()
    key = ["src", OUT4, "dst", PEER4, "proto", "esp", "spi", "0x1001"]
    limits = {"byte_soft": 1000000, "byte_hard": 2000000, "packet_soft": 10,
              "packet_hard": 2**64 - 1, "time_soft": 3600, "time_hard": 7200,
              "time_use_soft": 60, "time_use_hard": 120}
    words = [x for k, v in limits.items() for x in (
        "limit", k.replace("_", "-"), str(v))]
    lab.cli("sa", "add", *key, "mode", "tunnel", "dir", "out", "reqid", "1",
            *words, "enc", "null", "auth-trunc", "sha256",
            lib.key_file(null.auth), "128")
    text = lab.cli("sa", "list")
    line = " ".join(["\tlimit"] + [w for w in words if w != "limit"]) + "\n"
    equal(line in text, True, text)
    equal("\tused: bytes 0 packets 0\n" in text, True, text)
    equal(" use " in text, False, text)
    sa = json.loads(lab.cli("-j", "sa", "list"))[0]
    equal(sa["limit"], limits, "JSON")
    equal((sa["used_bytes"], sa["used_packets"], "use_time" in sa), (0, 0,
                                                                     False),
          "JSON: used")
    lab.policy("out", IN4, FAR4)
    lab.mark()
    out()
    sa = json.loads(lab.cli("-j", "sa", "get", *key[2:]))
    equal((sa["used_bytes"], sa["used_packets"]), (TEXT, 1), "used")
    equal(sa["add_time"] <= sa["use_time"] <= sa["last_used"], True, str(sa))
    text = lab.cli("sa", "list")
    equal(" use 20" in text and " last-used 20" in text, True, text)
    # as it was printed
    lab.cli("sa", "update", *key[2:], "limit", "time-hard", "9000", "byte-soft",
            "8")
    equal(json.loads(lab.cli("-j", "sa", "list"))[0]["limit"],
          {"time_hard": 9000, "byte_soft": 8}, "updated")
    for bad in (["limit", "byte-soft", "2", "limit", "byte-soft", "2"],
                ["limit", "bytes", "2"], ["limit", "byte-soft"],
                ["limit", "byte-soft", "x"], ["limit"]):
        rc, _, err = lab.cli("sa", "update", *key[2:], *bad, ok=None)
        equal((rc, "limit" in err or "byte-soft" in err), (2, True), err)
    rc, _, err = lab.cli("sa", "update", *key[2:], "limit", "byte-soft", "2",
                         "limit", "byte-hard", "1", ok=None)
    equal((rc != 0, "lifetime byte-soft" in err), (True, True), err)


def last_used(spi):
    return struct.unpack("=Q", sa_get(spi)[C["A_SA_LAST_USED"]])[0]


def first_used(spi):
    return struct.unpack("=Q", sa_get(spi)[C["A_SA_USE_TIME"]])[0]


def clock_set():
    """The clock is set after an SA was used: that was as long ago as before."""
    spi, events = begin("out")
    out()
    before = last_used(spi)
    first = first_used(spi) - before
    for step in (-10000, 10000):
        was, since = time.time(), time.monotonic()
        time.clock_settime(time.CLOCK_REALTIME, was + step)
        try:
            moved = last_used(spi) - before
            begun = first_used(spi) - last_used(spi)
        finally:
            time.clock_settime(time.CLOCK_REALTIME,
                               was + time.monotonic() - since)
        # to set it takes a slow machine a while
        equal(abs(moved - step) < 100, True, f"{step} s: {moved}")
        equal(abs(begun - first) < 100, True, f"{step} s, the first: {begun}")
    events.close()


report.add("bytes used, tunnel, ESP null", bytes_used, 50, null)
report.add("bytes used, tunnel, ESP aes128gcm16", bytes_used, 50, gcm)
report.add("bytes used, tunnel, ESP aes128-sha256_128", bytes_used, 50, cbc)
report.add("bytes used, tunnel, AH", bytes_used, 51, Ah())
report.add("only what is authentic counts", authentic_only)
report.add("dummy packets count", dummies)
report.add("bytes out, hard", bytes_out)
report.add("bytes in, hard", bytes_in)
report.add("packets out, soft then hard", packets_out)
report.add("packets in, soft then hard", packets_in)
report.add("the last packet, while its SA goes", last_on_its_way)
report.add("bytes to the last one", bytes_exact)
report.add("a super-packet", super_packet)
report.add("two CPUs at once", many_cpus)
report.add("time since added, time since used", times)
report.add("whichever comes first", first_of)
report.add("many at once", many)
report.add("a namespace goes before its SAs end", namespace_gone)
report.add("limits are changed", updates)
report.add("limits come later", later)
report.add("refusals", refusals)
report.add("sequence numbers end", numbers)
report.add("memory is saved", saved)
report.add("the clock is set", clock_set)
report.add("told by the command", told)
report.add("shown", shown)
sys.exit(report.run())
