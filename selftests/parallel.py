# SPDX-License-Identifier: GPL-2.0
"""Requests at the same time: none waits for one of somebody else.

The topology is that of lib.py. What takes its time is held.py's.
"""
import errno
import os
import random
import select
import struct
import sys
import time
import traceback

import held as held_py
import lib
from held import Doing, Held, file, larval
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, Genl, Refused, addr, attr,
                 attrs, equal, selector, sh, u8, u32, u64, wait_for)

CTRL, GETFAMILY = 16, 3
SA_TX = attr(C["A_SA_TRANSACTION"], b"")
POLICY_TX = attr(C["A_POLICY_TRANSACTION"], b"")
gcm = Algo("aes128gcm16", 1)
null = Algo("null-sha256_128", 2)
lab = lib.Lab()
report = lib.Report()


def sa_attrs(algo, spi, *more):
    return [attr(C["A_SA_SRC"], addr(OUT4)), attr(C["A_SA_DST"], addr(PEER4)),
            attr(C["A_SA_PROTO"], u8(50)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi)),
            attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *algo.attrs(), *more]


def key_attrs(spi, *more):
    return [attr(C["A_SA_DST"], addr(PEER4)), attr(C["A_SA_PROTO"], u8(50)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi)), *more]


def policy_attrs(port, *more):
    return lab.policy_attrs("out", selector(IN4, FAR4, 17, None, (port, port)),
                            "discard") + list(more)


def everything(nl, spi):
    """Requests of each kind, that change something and that do not."""
    nl.do("SA_NEW", *sa_attrs(gcm, spi))
    nl.do("SA_UPDATE", *key_attrs(spi, attr(C["A_SA_LIFETIME"], [
        attr(C["A_LIFETIME_BYTE_HARD"], u64(1 << 30))])))
    nl.do("SA_GET", *key_attrs(spi))
    nl.do("POLICY_NEW", *policy_attrs(spi))
    nl.do("TRANSACTION_BEGIN")
    nl.do("SA_NEW", *sa_attrs(null, spi + 1, SA_TX))
    nl.do("POLICY_NEW", *policy_attrs(spi + 1, POLICY_TX))
    nl.do("TRANSACTION_COMMIT")
    equal((len(nl.dump("SA_GET")), len(nl.dump("POLICY_GET"))), (2, 2),
          "SAs and policies")
    nl.do("STATS_GET")
    nl.do("FEATURES_GET")
    nl.dump("ACQUIRE_GET")
    nl.do("POLICY_FLUSH")
    nl.do("SA_FLUSH")


def new_sa(nl, algo, spi, *more):
    nl.do("SA_NEW", *sa_attrs(algo, spi, *more))


def meanwhile():
    """While one takes its time all others are served."""
    lab.reset()
    other = [Genl(lab.w) for _ in range(2)]
    same = Genl(lab.n)
    # what they use is there
    everything(other[0], 0x2000)
    with Held() as held:
        one = Doing("the SA", new_sa, lab.nl, held.algo, 0x1001)
        held.wait()
        Doing("another family", other[0].talk, CTRL, GETFAMILY,
              attr(2, "nlctrl")).end()
        Doing("another namespace", everything, other[1], 0x2000).end()
        Doing("another socket", everything, same, 0x2000).end()
        equal(one.is_alive(), True, "it still waits")
        held.release()
        one.end()
    equal(len(same.dump("SA_GET")), 1, "its SA is there")


def staged(held):
    """Return: a socket with a transaction, and who puts an SA into that just now"""
    lab.reset()
    nl = Genl(lab.n)
    nl.do("TRANSACTION_BEGIN")
    one = Doing("the SA", nl.sock.send, request(
        "SA_NEW", *sa_attrs(held.algo, 0x1001, SA_TX)))
    held.wait()
    return nl, one


def one_socket():
    """Two of one socket, and the transaction that they both have."""
    with Held() as held:
        nl, one = staged(held)
        for cmd, *payload in (
                ("SA_NEW", *sa_attrs(gcm, 0x1002, SA_TX)),
                ("TRANSACTION_COMMIT",)):
            Doing(cmd, nl.sock.send, request(cmd, *payload)).end()
        equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
        # there is none any more that it could be in
        held.release()
        one.end()
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
    nl.do("TRANSACTION_BEGIN")
    nl.do("TRANSACTION_ABORT")


def socket_closed():
    """Its transaction goes when the request has ended."""
    with Held() as held:
        nl, one = staged(held)
        os.close(nl.sock.detach())
        # as many as there can be at a time, and it is one
        socks = [Genl(lab.n) for _ in range(64)]
        equal(sum(map(begun, socks)), 63, "transactions")
        held.release()
        one.end()
    wait_for(lambda: sum(map(begun, socks)), "its transaction to go")
    equal(lab.nl.dump("SA_GET"), [], "SAs")


def commit_waits():
    """A transaction that is being committed is nobody's any more, and counts."""
    lab.reset()
    nl = Genl(lab.n)
    what = larval(lab.nl)
    nl.do("TRANSACTION_BEGIN")
    nl.do("POLICY_NEW", *policy_attrs(1, POLICY_TX))
    socks = [Genl(lab.n) for _ in range(64)]
    with Held() as held:
        one = Doing("the SA gets its keys", lab.nl.do, "SA_UPDATE", *what,
                    *held.algo.attrs())
        held.wait()
        commit = Doing("the commit", nl.sock.send,
                       request("TRANSACTION_COMMIT"))
        # until then it has one
        wait_for(lambda: begun(nl), "the transaction to be taken")
        nl.do("POLICY_NEW", *policy_attrs(2, POLICY_TX))
        left = [s for s in socks if not begun(s)]
        equal(len(left), 2, "those that cannot begin")
        os.close(nl.sock.detach())
        equal((one.is_alive(), commit.is_alive()), (True, True), "both wait")
        held.release()
        one.end()
        commit.end()
    # the other one was not committed
    for sock in left:
        wait_for(lambda sock=sock: begun(sock), "both to go")
    equal(len(lab.nl.dump("POLICY_GET")), 1, "policies")


def begun(nl):
    try:
        nl.do("TRANSACTION_BEGIN")
        return True
    except Refused:
        return False


def request(cmd, *payload, flags=lib.NLM_REQUEST):
    """A message; without more flags nobody waits for an answer."""
    body = struct.pack("=BBH", C["CMD_" + cmd], 1, 0) + b"".join(payload)
    msg = struct.pack("=IHHII", len(body) + 16, Genl.family, flags, 0,
                      0) + body
    return msg + bytes(-len(msg) % 4)


def weak(nl, on):
    nl.do("DEFAULT_SET", attr(C["A_DEFAULT_WEAK"], u8(on)))


def weak_off():
    """Once weak algorithms are off, no SA comes that has one."""
    lab.reset()
    weak(lab.nl, 1)
    with Held("3des") as held:
        one = Doing("the SA", new_sa, lab.nl, held.algo, 0x1001)
        held.wait()
        Doing("weak off", weak, Genl(lab.n), 0).end()
        held.release()
        try:
            one.end()
        except Refused as e:
            equal(e.code, errno.EPERM, "error of " + str(e))
            equal("weak" in e.text, True, "a sentence of weak algorithms")
        else:
            raise AssertionError("was not refused")
    equal(lab.nl.dump("SA_GET"), [], "SAs")


def changing(over):
    """A policy comes and goes until that is readable; a process of its own."""
    nl = Genl(lab.n)
    while not select.select([over], [], [], 0)[0]:
        for do in (lambda: nl.do("POLICY_NEW", *policy_attrs(1)),
                   lambda: nl.do("POLICY_DEL", *policy_key(1))):
            try:
                do()
            except Refused:
                pass        # somebody else was there before


def policy_key(port):
    return [attr(C["A_POLICY_DIR"], u8(C["DIR_OUT"])),
            attr(C["A_POLICY_SELECTOR"],
                 selector(IN4, FAR4, 17, None, (port, port)))]


class Member:
    """A socket that asks, and is in the group changes too."""

    def __init__(self):
        self.nl = Genl(lab.n)
        self.nl.sock.setsockopt(1, 33, 4 << 20)     # RCVBUFFORCE
        self.nl.join("changes")
        self.gone = set()
        self.replies = 0

    def ask(self, cmd, *payload):
        """What it is answered is there: it was not told before that it went."""
        msg = request(cmd, *payload, flags=lib.NLM_REQUEST | lib.NLM_ACK)
        self.nl.sock.send(msg)
        while True:
            data = self.nl.sock.recv(1 << 17)
            kind = struct.unpack_from("=H", data, 4)[0]
            if kind == 2:
                return
            self.heard(data[16], dict(attrs(data[20:])))

    def heard(self, cmd, got):
        index = got[C["A_POLICY_INDEX"]]
        if cmd != C["CMD_POLICY_CHANGE_NTF"]:
            equal(index in self.gone, False, "an answer, of one that is gone")
            self.replies += 1
        elif got[C["A_POLICY_CHANGE"]] == u8(C["CHANGE_KIND_DELETED"]):
            self.gone.add(index)


def in_order():
    """Answers and what the group is told come in the order of the changes."""
    lab.reset()
    member = Member()
    over, tell = os.pipe()
    pid = process(changing, over)
    end = time.monotonic() + 3
    try:
        while (time.monotonic() < end or member.replies < 10 or
               len(member.gone) < 10):
            equal(time.monotonic() < end + 60 * lib.SLOW, True, "enough")
            member.ask("POLICY_GET", *policy_key(1))
            member.ask("POLICY_NEW", *policy_attrs(1))
            member.ask("POLICY_UPDATE", *policy_attrs(1))
    finally:
        os.write(tell, b"x")
        status = os.waitpid(pid, 0)[1]
        os.close(over)
        os.close(tell)
    equal(status, 0, "status of who changes them")
    print("# %d answers, %d that went" % (member.replies, len(member.gone)))


def looked_at():
    """Who looks at what there is does not keep an algorithm from coming."""
    lab.reset()
    other = Genl(lab.w)
    made = 0
    with lib.Threads(lambda: other.do("FEATURES_GET")) as threads:
        for _ in range(5):
            for name, asked, module in held_py.ASKED:
                sh("rmmod", module, ok=None)
                if held_py.has(asked):
                    continue
                new_sa(lab.nl, Algo(name, 1), 0x1001)
                made += 1
                lab.nl.do("SA_FLUSH")
        equal(threads.error, None, "features")
    if not made:
        raise lib.Skip("the kernel has all algorithms already")
    print("# %d algorithms have come" % made)


def module_goes():
    """It stays for as long as a request runs."""
    lab.reset()
    with Held() as held:
        one = Doing("the SA", new_sa, lab.nl, held.algo, 0x1001)
        held.wait()
        gone = Doing("rmmod", sh, "rmmod", "nfipsec")
        wait_for(lambda: file("/sys/module/nfipsec/initstate") == "going\n",
                 "the module to begin to go")
        equal((one.is_alive(), gone.is_alive()), (True, True), "both wait")
        held.release()
        one.end()
        gone.end()
    lib.insert(lab)
    equal(lab.nl.dump("SA_GET"), [], "SAs of the new one")


# All at once

class Storm:
    """What one process does: anything, with few names, so that they clash."""

    def __init__(self, host, seed):
        self.rng = random.Random(seed)
        self.host = host
        self.nl = Genl(host)
        self.done = self.refused = 0

    def sa_new(self, *more):
        algo = self.rng.choice((gcm, null))
        new_sa(self.nl, algo, self.spi(), *more)

    def spi(self):
        return 0x1000 + self.rng.randrange(6)

    def port(self):
        return 1 + self.rng.randrange(6)

    def sa_update(self):
        self.nl.do("SA_UPDATE", *key_attrs(self.spi(), attr(
            C["A_SA_LIFETIME"],
            [attr(C["A_LIFETIME_PACKET_HARD"], u64(1000))])))

    def sa_del(self, *more):
        self.nl.do("SA_DEL", *key_attrs(self.spi(), *more))

    def sa_get(self):
        self.nl.do("SA_GET", *key_attrs(self.spi()))

    def allocspi(self):
        self.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(OUT4)),
                   attr(C["A_SA_DST"], addr(PEER4)),
                   attr(C["A_SA_PROTO"], u8(50)),
                   attr(C["A_SA_SPI_MIN"], u32(0x1000)),
                   attr(C["A_SA_SPI_MAX"], u32(0x1010)))

    def mature(self):
        self.nl.do("SA_UPDATE", *sa_attrs(gcm, 0x1000 +
                                          self.rng.randrange(0x10)))

    def policy_new(self, *more):
        self.nl.do("POLICY_" + self.rng.choice(("NEW", "UPDATE")),
                   *policy_attrs(self.port(), *more))

    def policy_del(self, *more):
        self.nl.do("POLICY_DEL", *policy_key(self.port()), *more)

    def flush(self):
        self.nl.do(self.rng.choice(("SA_FLUSH", "POLICY_FLUSH")))

    def default(self):
        self.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_IN"], u8(
            C["ACTION_" + self.rng.choice(("BYPASS", "DISCARD"))])),
                   attr(C["A_DEFAULT_WEAK"], u8(self.rng.randrange(2))))

    def look(self):
        for what in ("SA_GET", "POLICY_GET", "ACQUIRE_GET"):
            self.nl.dump(what)
        for what in ("STATS_GET", "FEATURES_GET", "DEFAULT_GET"):
            self.nl.do(what)

    def begin(self):
        self.nl.do("TRANSACTION_BEGIN")

    def stage(self):
        tx = attr(C["A_DEFAULT_TRANSACTION"], b"")
        self.rng.choice((lambda: self.sa_new(SA_TX),
                         lambda: self.sa_del(SA_TX),
                         lambda: self.policy_new(POLICY_TX),
                         lambda: self.policy_del(POLICY_TX),
                         lambda: self.nl.do("DEFAULT_SET", attr(
                             C["A_DEFAULT_OUT"], u8(0)), tx)))()

    def commit(self):
        self.nl.do("TRANSACTION_COMMIT")

    def abort(self):
        self.nl.do("TRANSACTION_ABORT")

    def new_socket(self):
        self.nl.sock.close()
        self.nl = Genl(self.host)

    def step(self):
        what = self.rng.choice((
            self.sa_new, self.sa_new, self.sa_update, self.sa_del, self.sa_get,
            self.allocspi, self.mature, self.policy_new, self.policy_new,
            self.policy_del, self.flush, self.default, self.look, self.begin,
            self.begin, self.stage, self.stage, self.stage, self.commit,
            self.abort, self.new_socket))
        try:
            what()
            self.done += 1
        except Refused as e:
            self.refused += 1
            if e.code in (errno.EPERM, errno.ENOMEM):
                raise
            equal(e.text != "", True, "a refusal says why")
            # it has them all
            equal("this kernel" in e.text, False, e.text)

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()
        equal(self.done > 10, True, "requests done")


def process(func, *args):
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        func(*args)
        status = 0
    except Exception:           # pylint: disable=broad-except
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(status)            # not this process's other things


def at_once():
    """Of two namespaces, some processes each."""
    lab.reset()
    storms = [Storm(host, seed) for seed, host in
              enumerate((lab.n, lab.w, lab.n, lab.w, lab.n, lab.w))]
    pids = [process(s.run, 10) for s in storms]
    failed = [pid for pid in pids if os.waitpid(pid, 0)[1]]
    equal(len(failed), 0, "processes that failed")
    for nl in (lab.nl, Genl(lab.w)):
        nl.do("POLICY_FLUSH")
        nl.do("SA_FLUSH")
        nl.do("DEFAULT_SET", attr(C["A_DEFAULT_IN"], u8(0)),
              attr(C["A_DEFAULT_OUT"], u8(0)), attr(C["A_DEFAULT_WEAK"], u8(0)))
        equal((nl.dump("SA_GET"), nl.dump("POLICY_GET")), ([], []), "tables")


report.add("one takes its time, others are served", meanwhile)
report.add("two requests of one socket", one_socket)
report.add("a socket is closed while requests of it run", socket_closed)
report.add("a commit waits, and its socket goes on", commit_waits)
report.add("an SA with a weak algorithm, and then they are off", weak_off)
report.add("answers and changes in their order", in_order)
report.add("all at once", at_once)
report.add("the module goes while a request runs", module_goes)
# that uses all algorithms
report.add("features are looked at, and an algorithm comes", looked_at)
sys.exit(report.run())
