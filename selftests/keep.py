# SPDX-License-Identifier: GPL-2.0
"""Sequence numbers over a crash (RFC 4303 section 3.3.3): seq-max of an SA, and
"nfipsec keep", which raises it once a file says so.

The topology is that of lib.py. What is on the wire is opened by other means, and
no number may be there twice, whatever happened in between.
"""
import atexit
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import time

import lib
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, Refused, addr, attr, equal,
                 ipv4, nothing, u64, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
M32 = (1 << 32) - 1
ESN_LIMIT = (1 << 64) - 1 - (1 << 20)
THERE, BACK = 0x6001, 0x6002
FILE = os.path.join(lib.TMP or "", "seq")
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
lab = lib.Lab()
sock4 = lab.listen(PORT)
report = lib.Report()


def sa_get(spi, direction="out"):
    end = PEER4 if direction == "out" else OUT4
    return lib.json_of(lab.cli("-j", "sa", "get", "dst", end, "proto", "esp",
                               "spi", str(spi)))


def update(spi, *words, **kw):
    """sa update of the SA that sends."""
    return lab.cli("sa", "update", "dst", PEER4, "proto", "esp", "spi",
                   str(spi), *map(str, words), **kw)


def send(data=b"k"):
    try:
        sock4.sendto(data, (FAR4, FAR_PORT))
    except PermissionError:
        pass


def number(algo, spi, hi=None):
    """Send a packet, that of the wire is opened, and what is its number?"""
    send()
    got = algo.open(wait_for(lab.wire.recv, "a packet")[20:], hi)
    equal(got[0], spi, "SPI")
    return (hi or 0) << 32 | got[1]


def held(want="out_seq_max"):
    send()
    lab.counted({want: 1})
    lab.wire.silent()


# The largest number that an SA may send with

class Monitor:
    """Lines of nfipsec monitor."""

    def __init__(self):
        self.proc = subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", "monitor"],
            stdout=subprocess.PIPE)
        self.text = b""
        # it tells of nothing that was before it listened
        wait_for(self.listens, "the monitor")

    def listens(self):
        """By an SA that has reached its end as soon as it is there."""
        lab.sa(null, "out", spi=0xaaaa, seq_max=0)
        line = self.line(0.1)
        lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(PEER4)),
                  attr(C["A_SA_SPI"], struct.pack("!I", 0xaaaa)))
        return line

    def line(self, seconds=5):
        """The next one of another SA than the first, or None."""
        end = time.monotonic() + seconds * lib.SLOW
        while b"\n" not in self.text:
            left = max(0, end - time.monotonic())
            if not select.select([self.proc.stdout], [], [], left)[0]:
                return None
            self.text += os.read(self.proc.stdout.fileno(), 65536)
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def want(self, spi, hard, limit="seq-max"):
        while True:
            line = self.line()
            if line is None:
                raise AssertionError("no event")
            if "spi 0x0000aaaa" not in line:
                break
        want = "expire %s limit %s .* spi 0x%08x " % (
            "hard" if hard else "soft", limit, spi)
        equal(bool(re.match(want, line)), True, line)

    def close(self):
        self.proc.terminate()
        self.proc.wait()
        self.proc.stdout.close()


def ceiling(name, esn):
    """It holds, is told once, and where it is raised the numbers go on."""
    algo = Algo(name, 100)
    start = (5 << 32) + M32 - 2 if esn else 0
    lab.reset()
    mon = Monitor()
    spi = lab.sa(algo, "out", flags=int(esn), seq_out=start,
                 seq_max=start + 4)
    lab.policy("out", IN4, FAR4)
    lab.mark()
    hi = iter((5, 5, 6, 6, 6, 6, 6, 6, 6, 6) if esn else [None] * 10)
    get = lambda: number(algo, spi, next(hi)) - start
    equal([get(), get()], [1, 2], "numbers")
    mon.want(spi, False)
    equal([get(), get()], [3, 4], "numbers")
    mon.want(spi, True)
    lab.mark()
    for _ in range(3):
        held()
    equal((sa_get(spi)["seq_out"], sa_get(spi)["seq_max"]),
          (start + 4, start + 4), "held")
    update(spi, "seq-max", start + 8)
    equal([get(), get()], [5, 6], "numbers")
    mon.want(spi, False)
    # below what was sent: none is sent, and none is lost
    update(spi, "seq-max", 0)
    mon.want(spi, False)
    mon.want(spi, True)
    lab.mark()
    held()
    update(spi, "seq-max", ESN_LIMIT if esn else M32)
    equal("seq_max" in sa_get(spi), False, "shown without")
    equal([get(), get()], [7, 8], "numbers")
    equal(mon.line(0), None, "another event")
    mon.close()


def the_end():
    """With the largest there is, an SA ends as without."""
    lab.reset()
    spi = lab.sa(null, "out", seq_out=M32 - 3, seq_max=M32 - 2)
    lab.policy("out", IN4, FAR4)
    lab.mark()
    equal(number(null, spi), M32 - 2, "number")
    lab.mark()
    held()
    update(spi, "seq-max", M32)
    equal([number(null, spi) for _ in range(2)], [M32 - 1, M32], "numbers")
    lab.mark()
    held("out_seq")
    held("out_seq")


def told_at_the_end():
    """Also in the last sixteenth of the numbers the middle is told."""
    lab.reset()
    mon = Monitor()
    spi = lab.sa(null, "out", seq_out=M32 - 100, seq_max=M32 - 80)
    lab.policy("out", IN4, FAR4)
    number(null, spi)
    mon.want(spi, False, "seq")
    for _ in range(8):
        number(null, spi)
    equal(mon.line(0), None, "an event too early")
    number(null, spi)
    mon.want(spi, False)
    mon.close()


def counters_set():
    """Those of an SA that is in use, which go up only."""
    lab.reset()
    spi = lab.sa(null, "out")
    lab.policy("out", IN4, FAR4)
    equal([number(null, spi) for _ in range(2)], [1, 2], "numbers")
    update(spi, "seq-out", 2)
    update(spi, "seq-out", 50)
    equal(number(null, spi), 51, "number")
    lab.sa(null, "in", spi=BACK)
    lab.policy("in", FAR4, IN4)
    update_in = ["sa", "update", "dst", OUT4, "proto", "esp", "spi", str(BACK)]
    lab.mark()
    into(1)
    lab.cli(*update_in, "seq-in", "40")
    into(2, "in_replay")
    into(40, "in_replay")
    into(41)
    status, _, text = lab.cli(*update_in, "seq-in", "40", ok=None)
    equal((status, "never goes back" in text), (1, True), text)
    into(42)


def refused():
    """Nothing of it changes anything."""
    lab.reset()
    esn = lab.sa(null, "out", flags=1, seq_out=9)
    out = lab.sa(null, "out", seq_out=9, seq_max=20)
    inn = lab.sa(null, "in")
    roll = lab.sa(null, "out", flags=C["SA_FLAG_SEQ_ROLLOVER"])

    def no(code, text, spi, words, end=PEER4):
        before = lab.nl.tables()
        msg = [attr(C["A_SA_DST"], addr(end)),
               attr(C["A_SA_SPI"], struct.pack("!I", spi)),
               attr(C["A_SA_REQID"], lib.u32(77))]
        msg += [attr(C["A_SA_" + k], u64(v)) for k, v in words.items()]
        try:
            lab.nl.do("SA_UPDATE", *msg)
        except Refused as e:
            equal((e.code, text in e.text, e.offset is not None),
                  (code, True, True), e.text)
        else:
            raise AssertionError("taken: %r" % words)
        equal(lab.nl.tables(), before, "tables")

    no(16, "never goes back", out, {"SEQ_OUT": 8, "SEQ_MAX": 30})
    no(34, "needs flag esn", out, {"SEQ_MAX": M32 + 1})
    no(34, "needs flag esn", out, {"SEQ_OUT": M32 + 1})
    no(34, "that large", esn, {"SEQ_MAX": ESN_LIMIT + 1})
    no(34, "that large", esn, {"SEQ_OUT": ESN_LIMIT + 1})
    no(16, "another seq-max", out, {"SEQ_MAX_OLD": 19, "SEQ_MAX": 30})
    no(22, "receiving only", inn, {"SEQ_MAX": 5}, OUT4)
    no(22, "receiving only", inn, {"SEQ_OUT": 5}, OUT4)
    no(22, "sending only", out, {"SEQ_IN": 5})
    no(22, "rollover", roll, {"SEQ_MAX": 5})
    no(16, "rollover", roll, {"SEQ_OUT": 5})
    for more, code in (({"direction": "in"}, 22),
                       ({"flags": C["SA_FLAG_SEQ_ROLLOVER"]}, 22),
                       ({"seq_max": M32 + 1}, 34)):
        before = lab.nl.tables()
        args = {"direction": "out", "seq_max": 5, **more}
        try:
            lab.sa(null, args.pop("direction"), **args)
        except Refused as e:
            equal(e.code, code, e.text)
        else:
            raise AssertionError("taken: %r" % more)
        equal(lab.nl.tables(), before, "tables")


# The service

class Keeper:
    """nfipsec keep, from when it is ready."""

    def __init__(self, *words):
        path = os.path.join(lib.TMP, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(10 * lib.SLOW)
            self.proc = subprocess.Popen(
                ["nsenter", "--net=" + lab.n.path, "--", "nfipsec", "keep",
                 FILE, *([] if os.path.exists(FILE) else ["new"]),
                 *map(str, words)],
                env={**os.environ, "NOTIFY_SOCKET": path},
                stderr=subprocess.PIPE)
            # who reads what we print waits for it too
            atexit.register(self.proc.kill)
            try:
                equal(s.recv(100), b"READY=1", "told systemd")
            except OSError:
                self.kill()
                raise
            finally:
                os.unlink(path)

    def kill(self):
        """The power goes."""
        self.proc.kill()
        self.proc.wait()
        self.proc.stderr.close()

    def end(self):
        """As systemctl stop; gives the status."""
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(10 * lib.SLOW)
        self.proc.stderr.close()
        return status


def on_file():
    """{SPI: {word: number}}; each line is whole."""
    out = {}
    with open(FILE, encoding="ascii") as f:
        text = f.read()
    equal(text[-7:], "\n# end\n", "end of the file")
    for line in text.splitlines()[1:-1]:
        m = re.fullmatch(r"sa update src \S+ dst \S+ proto esp spi (0x\w{8})"
                         r"( seq-out \d+)?( seq-in \d+)?", line)
        equal(bool(m), True, line)
        out[int(m[1], 16)] = {w.split()[0]: int(w.split()[1])
                              for w in m.groups()[1:] if w}
    return out


def max_of(spi):
    """The largest number that the file has of an SPI."""
    with open(FILE, encoding="ascii") as f:
        return max([0, *map(int, re.findall(r"spi 0x%08x seq-out (\d+)" % spi,
                                            f.read()))])


def forget():
    for path in (FILE, FILE + ".new"):
        if os.path.exists(path):
            os.unlink(path)


def boot(algo=null, there=True, reset=True):
    """What the file of keys says."""
    if reset:
        lab.reset()
    if there:
        lab.sa(algo, "out", spi=THERE, seq_max=0)
        lab.policy("out", IN4, FAR4)
    else:
        lab.sa(null, "in", spi=BACK)
        lab.policy("in", FAR4, IN4)
    lab.mark()


def into(seq, want="in_ok"):
    packet = ipv4(PEER4, OUT4, 50, null.seal(BACK, seq, 4, udp_packet(
        FAR4, IN4, FAR_PORT, PORT, b"i")))
    lab.wire.send(packet)
    lab.counted({want: 1})
    if want == "in_ok":
        equal(sock4.recv(100), b"i", "delivered")
    nothing(sock4)


def under_traffic():
    """No packet is lost, and each number was on file before it was used."""
    forget()
    boot()
    keep = Keeper("ahead", 300, "interval", 600)
    for want in range(1, 801):
        equal(number(null, THERE), want, "number")
        if want % 20 == 0:
            equal(on_file()[THERE]["seq-out"] >= want, True, "on file")
    lab.counted({"out_ok": 800})
    equal(keep.end(), 0, "status")


def at_once():
    """An SA that comes with no number to send with gets some."""
    forget()
    lab.reset()
    keep = Keeper("ahead", 100, "interval", 600)
    equal(on_file(), {}, "nothing to write")
    boot()
    wait_for(lambda: sa_get(THERE)["seq_max"] == 100, "numbers")
    equal(on_file(), {THERE: {"seq-out": 100}}, "file")
    equal(number(null, THERE), 1, "number")
    # one that comes again, and so from the beginning: the key is the same
    lab.nl.do("SA_FLUSH")
    lab.sa(null, "out", spi=THERE, seq_max=0)
    wait_for(lambda: sa_get(THERE)["seq_max"] == 200, "numbers")
    equal(number(null, THERE), 101, "number")
    equal(keep.end(), 0, "status")


def crash():
    """keep is killed, packets go on to the end of what is on file, and the host
    goes down: no number is there twice afterwards."""
    forget()
    boot(gcm)
    seen = []
    for _ in range(3):
        keep = Keeper("ahead", 60, "interval", 600)
        for _ in range(70):
            # without a CPU keep is late
            wait_for(lambda: not seen or sa_get(THERE)["seq_max"] > seen[-1],
                     "more numbers")
            seen.append(number(gcm, THERE))
        keep.kill()
        while seen[-1] < sa_get(THERE)["seq_max"]:
            seen.append(number(gcm, THERE))
        lab.mark()
        held()
        last = on_file()[THERE]["seq-out"]
        equal(last >= seen[-1], True, "on file")
        lib.reload(lab)
        boot(gcm)
        held()
        equal(seen, sorted(set(seen)), "each number once, the larger later")
    keep = Keeper()
    equal(number(gcm, THERE), last + 1, "number")
    equal(sa_get(THERE)["seq_max"], last + (1 << 20), "reserved")
    equal(keep.end(), 0, "status")


def killed():
    """The file is whole, at whatever moment that was."""
    forget()
    boot()
    last = 0
    for n in range(12):
        keep = Keeper("ahead", 2, "interval", 600)
        end = time.monotonic() + 0.005 * n
        while time.monotonic() < end:
            send()
        keep.kill()
        now = on_file()[THERE]["seq-out"]
        equal(now >= sa_get(THERE)["seq_max"] and now >= last, True,
              "numbers on file")
        last = now
    lab.wire.drain()


def received():
    """What was received until keep was told to stop is not received again."""
    forget()
    boot(there=False)
    keep = Keeper("seq-in", "interval", 600)
    for seq in (1, 7, 5):
        into(seq)
    equal(keep.end(), 0, "status")
    equal(on_file(), {BACK: {"seq-in": 7}}, "file")
    lib.reload(lab)
    boot(there=False)
    keep = Keeper("seq-in", "interval", 600)
    for seq in (1, 5, 7, 6):
        into(seq, "in_replay")
    into(8)
    equal(keep.end(), 0, "status")
    equal(on_file(), {BACK: {"seq-in": 8}}, "file")
    # the file is one of commands, too
    lib.reload(lab)
    boot(there=False)
    lab.cli("-b", FILE)
    into(8, "in_replay")
    into(9)


def unloaded():
    """It ends when the module goes, and the next one knows what was sent."""
    forget()
    boot()
    keep = Keeper("ahead", 100, "interval", 600)
    equal(number(null, THERE), 1, "number")
    lib.reload(lab)
    equal(keep.proc.wait(10 * lib.SLOW), 1, "status")
    said = keep.proc.stderr.read()
    equal(b"was unloaded" in said, True, said)
    keep.proc.stderr.close()
    boot()
    held()
    keep = Keeper("ahead", 100, "interval", 600)
    equal(number(null, THERE), 101, "number")
    equal(keep.end(), 0, "status")


def moved():
    """Wherever an SA comes again, it begins behind what it sent elsewhere."""
    forget()
    boot(gcm)
    there = ["dst", PEER4, "proto", "esp", "spi", str(THERE), "to"]
    keep = Keeper("ahead", 60, "interval", 1)
    seen = [number(gcm, THERE) for _ in range(20)]
    lab.cli("sa", "move", *there, "dst", "10.0.0.12")
    wait_for(lambda: open(FILE, encoding="ascii").read().count("seq-out") == 2,
             "the other addresses")
    there[1] = "10.0.0.12"
    for _ in range(3):
        last = max_of(THERE)
        lab.cli("sa", "update", *there[:-1], "seq-out", str(last - 1))
        wait_for(lambda was=last: max_of(THERE) > was, "more numbers")
    last = max_of(THERE)
    keep.kill()
    lib.reload(lab)
    boot(gcm)
    keep = Keeper("ahead", 60, "interval", 600)
    seen.append(number(gcm, THERE))
    equal(seen[-1], last + 1, "number")
    # nor does another keep change an SA that went on
    equal(keep.end(), 0, "status")
    keep = Keeper("ahead", 60, "interval", 600)
    equal(number(gcm, THERE), last + 2, "number")
    equal(keep.end(), 0, "status")


def whose():
    """Those of an owner, or of nobody; one of IKE is left alone."""
    forget()
    lab.reset()
    owner = attr(C["A_SA_OWNER"], "ike")
    lab.sa(null, "out", spi=THERE, seq_max=0, extra=(owner,))
    lab.sa(null, "in", spi=BACK, seq_in=5, extra=(owner,))
    lab.sa(null, "out", spi=THERE + 8)
    keep = Keeper("interval", 600)
    equal(on_file(), {}, "file")
    equal(sa_get(THERE)["seq_max"], 0, "seq-max")
    equal(keep.end(), 0, "status")
    keep = Keeper("owner", "ike", "seq-in", "ahead", 50, "interval", 600)
    equal(on_file(), {THERE: {"seq-out": 50}, BACK: {"seq-in": 5}}, "file")
    equal(keep.end(), 0, "status")
    equal("seq_max" in sa_get(THERE + 8), False, "seq-max")


def listens():
    """The module takes it for who makes SAs: packets wait, unless none is to."""
    forget()
    lab.reset()
    lab.policy("out", IN4, FAR4)
    held("out_no_sa")
    keep = Keeper("interval", 600)
    try:
        for seconds, want in (("1", {"out_acquire": 1, "out_acquire_timeout": 1}),
                              ("0", {"out_no_sa": 1})):
            lab.cli("default", "acquire-timeout", seconds)
            send()
            lab.counted(want)
        lab.wire.silent()
    finally:
        lab.cli("default", "acquire-timeout", "10")
    equal(keep.end(), 0, "status")


def one_only():
    forget()
    boot()
    keep = Keeper("interval", 600)
    status, _, text = lab.cli("keep", FILE, ok=None)
    equal((status, "another process keeps it" in text), (1, True), text)
    equal(keep.end(), 0, "status")
    # what is lost, cut or not ours does not begin anew
    before = lab.nl.tables()
    good = open(FILE, encoding="ascii").read()
    for bad, text in ((good[:-1], "the end is missing"),
                      ("", "the end is missing"),
                      (good.replace("dst 10.0.0.2", "dst 10.0"), "line 2"),
                      (None, "is not there")):
        forget()
        if bad is not None:
            with open(FILE, "w", encoding="ascii") as f:
                f.write(bad)
            equal("File exists" in lab.cli("keep", FILE, "new", ok=None)[2],
                  True, "begun anew")
        status, _, err = lab.cli("keep", FILE, ok=None)
        equal((status > 0, text in err), (True, True), err)
    # that somebody has said
    status, _, err = lab.cli("keep", FILE + ".d/seq", "new", ok=None)
    equal((status > 0, "No such file or directory" in err, "say" in err),
          (True, True, False), err)
    equal(lab.nl.tables(), before, "tables")


def keep_fails(*words):
    """Status and what it says, when it does not go on."""
    try:
        done = subprocess.run(["nsenter", "--net=" + lab.n.path, "--",
                               "nfipsec", "keep", FILE, *words], text=True,
                              capture_output=True, timeout=10 * lib.SLOW)
    except subprocess.TimeoutExpired as e:
        raise AssertionError("it goes on") from e
    return done.returncode, done.stderr


def linked():
    """A link is not replaced: the file that it names would keep old numbers."""
    forget()
    boot()
    keep = Keeper("interval", 600)
    equal(keep.end(), 0, "status")
    real = FILE + ".real"
    os.rename(FILE, real)
    with open(real, encoding="ascii") as f:
        text = f.read()
    before = lab.nl.tables()
    os.symlink(real, FILE)
    try:
        for more in ((), ("new",), ("seq-in",)):
            status, err = keep_fails(*more)
            equal(status, 1, err)
            equal("symbolic link" in err or "new" in more, True, err)
        equal(os.readlink(FILE), real, "the link")
        with open(real, encoding="ascii") as f:
            equal(f.read(), text, "the file")
        equal(lab.nl.tables(), before, "tables")
        # one that hangs in the air is not followed either
        os.unlink(real)
        status, err = keep_fails()
        equal((status, "symbolic link" in err), (1, True), err)
        equal(os.path.exists(real), False, "a file")
    finally:
        os.unlink(FILE)
    # that of the directory is
    os.mkdir(FILE + ".d")
    os.symlink(FILE + ".d", FILE + ".l")
    with open(FILE + ".d/seq", "w", encoding="ascii") as f:
        f.write(text)
    proc = subprocess.Popen(["nsenter", "--net=" + lab.n.path, "--", "nfipsec",
                             "keep", FILE + ".l/seq"])
    was = os.stat(FILE + ".d/seq").st_ino
    boot()
    wait_for(lambda: os.stat(FILE + ".d/seq").st_ino != was, "another file")
    proc.terminate()
    equal(proc.wait(10 * lib.SLOW), 0, "status")


for alg, e in (("null-sha256_128", False), ("aes128gcm16", True)):
    report.add("largest number, %s%s" % (alg, " esn" if e else ""), ceiling,
               alg, e)
report.add("largest number there is", the_end)
report.add("largest number near the end", told_at_the_end)
report.add("counters of an SA in use", counters_set)
report.add("refused", refused)
report.add("kept under traffic", under_traffic)
report.add("kept from the beginning", at_once)
report.add("crash of the host", crash)
report.add("crash of keep", killed)
report.add("what was received", received)
report.add("the module goes", unloaded)
report.add("moved", moved)
report.add("whose SAs", whose)
report.add("packets without an SA", listens)
report.add("one at a time", one_only)
report.add("by a link", linked)
sys.exit(report.run())
