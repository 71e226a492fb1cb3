# SPDX-License-Identifier: GPL-2.0
"""A whole SAD and SPD from a file, and to one: nfipsec apply, nfipsec save.

The topology is that of lib.py.
"""
import os
import random
import re
import subprocess
import sys
import time

import lib
from lib import C, FAR4, FAR6, IN4, IN6, equal

lab = lib.Lab()
report = lib.Report()
FILE = os.path.join(lib.TMP or "", "apply.conf")
KEYS = os.path.join(lib.TMP or "", "apply.keys")
ENDS = "src 10.0.0.1 dst 10.0.0.2"
SA = "sa add " + ENDS + " proto esp spi 0x%x mode tunnel reqid %d dir out "
GCM = "aead rfc4106(gcm(aes)) @gcm 128"
TMPL = " action protect tmpl " + ENDS + " proto esp mode tunnel reqid 1"
RICH = """
# defaults, and SAs of all kinds
default in discard out discard acquire-timeout 7
""" + SA % (0x1001, 1) + "replay-window 128 flag esn decap-dscp " + GCM + """
sa add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x1002 mode tunnel reqid 1 dir in owner me enc cbc(aes) @cbc auth-trunc hmac(sha256) @sha 128 limit byte-soft 100000 limit time-hard 3600
sa add src fd00::1 dst fd00::2 proto ah spi 0x1003 mode transport auth-trunc hmac(sha256) @sha 128 sel src fd00::1 dst fd00::2 proto tcp dport 80
sa add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1004 mode tunnel reqid 4 ecn off df set hop-limit 9 tfc-pad mtu dscp-set ef cpu 0 encap espinudp 4500 4500 0.0.0.0 """ + GCM + """
sa add src 10.0.0.1 dst 10.0.0.2 proto comp spi 0x105 mode tunnel reqid 5 comp deflate
# policies
policy add dir out src 192.168.1.0/24 dst 192.168.2.0/24,192.168.4.1-192.168.4.9 proto tcp dport 443,80,90-99 priority 7 name "two  words" name x name "" name "it's" name '"said"' name "it's "'"' owner me""" + TMPL + """
policy add dir out src 192.168.1.1 dst any sel src fd00::/16 dst any proto udp sport 53 priority 8 pfp dst,src flag cpu-acquire""" + TMPL + """ algo aes-gcm-16
policy add dir in src 0.0.0.0/0 dst 0.0.0.0/0 proto icmp type 3-8 owner "of #2" action bypass
policy add dir in src fd00:2::/64 dst fd00:1::/64 proto tcp sport opaque dport opaque action discard
"""


def write(text, path=FILE):
    with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(
            p, f, 0o600)) as f:
        f.write(text)


def run(*words):
    """Status, stdout and stderr."""
    return lab.cli(*words, ok=None)


def apply(text, *more, status=0):
    write(text)
    got, out, err = run("apply", FILE, "keys", KEYS, *more)
    equal((got in status if isinstance(status, tuple) else got == status,
           bool(err)), (True, status not in (0, 3)), out + err)
    return out + err


def start():
    lab.reset()
    write("gcm 0x%s\ncbc 0x%s\nsha 0x%s\ndes 0x%s\n" % (
        "6b" * 20, "6c" * 16, "6d" * 32, "0123456789abcdef" "23456789abcdef01"
        "456789abcdef0123"),
          KEYS)


def save(*words):
    return lab.cli("save", *words)


def signs(out):
    return "".join(line[0] for line in out.splitlines())


def by_save(saved):
    """The names of keys that save gives, with the keys that RICH has."""
    out = []
    for word in saved.split():
        if word.startswith("@"):
            kind = word.rpartition("-")[2]
            byte = {"aead": "6b" * 20, "enc": "6c" * 16, "auth": "6d" * 32}
            out.append("%s 0x%s\n" % (word[1:], byte[kind]))
    return "".join(out)


def round_trip():
    start()
    apply(RICH)
    saved = save()
    before = lab.nl.tables()
    # neither what was applied nor what is saved changes anything, without keys
    os.unlink(KEYS)
    write("", KEYS)
    for text in (RICH, saved):
        equal(apply(text, "--check"), "", "what would change")
        apply(text)
    equal(lab.nl.tables(), before, "tables")
    # and from nothing, with keys
    lab.nl.do("SA_FLUSH")
    lab.nl.do("POLICY_FLUSH")
    write(by_save(saved), KEYS)
    apply(saved)
    equal(save(), saved, "saved again")
    equal([line.partition(" add")[0] for line in
           save("owner", "me").splitlines()[1:]], ["sa", "policy", "# end"],
          "of one owner")
    # what is cut off, be it by a byte more than the last newline
    before = lab.nl.tables()
    for text in (saved[:saved.rindex("\n", 0, -1)], saved[:-2],
                 saved[:len(saved) // 2]):
        said = apply(text, status=(2,))
        equal("cut off" in said, True, said)
        equal(lab.nl.tables(), before, "tables")


def types():
    """Codes of ICMP, whatever ranges of them another program has set."""
    ends = (0, 1, 0x0304, 0x03ff, 0x0b00, 0x0b01, 0x0bff, 0xff00, 0xfffe)
    sets = [[(a, b)] for a in ends for b in ends if a <= b]
    sets += [[(0x0300, 0x03ff), (0x0b00, 0x0b00)],
             [(0x0304, 0x0304), (0x0b00, 0x0bff)], [(1, 0xffff)],
             [(1, 1), (3, 0x0301), (0x0400, 0x0501), (0xff00, 0xffff)]]
    start()
    for number, ranges in enumerate(sets):
        lab.policy("in", FAR4, IN4, 1, types=ranges, action="bypass",
                   priority=number)
    lab.policy("in", FAR6, IN6, 58, types=sets[-1], action="bypass")

    def selectors():
        return [dict(p)[C["A_POLICY_SELECTOR"]] for p in lab.nl.tables()[1]]
    before = selectors()
    saved = save()
    equal(" type 3,11/0 " in saved, True, saved)
    equal(apply(saved, "--check"), "", "what would change")
    lab.nl.do("POLICY_FLUSH")
    apply(saved)
    equal(selectors(), before, "selectors")
    equal(save(), saved, "saved again")


OTHERWISE = """
sa add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1001 mode tunnel reqid 1 dir out limit byte-soft 0 limit time-hard 0 """ + GCM + """
sa add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x1002 mode tunnel reqid 1 dir in """ + GCM + """ sel src 192.168.2.9/24 dst 192.168.1.1-192.168.1.2,192.168.1.3 proto udp dport 4000,4001
sa add src fd00::1 dst fd00::2 proto esp spi 0x1003 mode tunnel reqid 3 dir out flow-label 0 """ + GCM + """
policy add dir out src 192.168.1.7/24 dst 192.168.2.7/25,192.168.2.128/25 priority 1""" + TMPL + """
policy add dir out src 10.1.2.3/24 dst 0.0.0.0/1,128.0.0.0/1 proto tcp dport 81,80 priority 2 action discard
policy add dir out src fd00:7::1/64 dst fd00:8::-fd00:8:0:0:ffff:ffff:ffff:fffe,fd00:8::ffff:ffff:ffff:ffff,fd00:8:0:1::7/64 proto udp dport 85-99,80-90 priority 3 action discard
policy add dir out src 10.1.2.3/24 dst any proto tcp dport 0-8,9-65535 priority 4 action discard
policy add dir out src 10.1.2.3/24 dst any mark 0x1/0xffffffff priority 5 action discard
policy add dir in src 10.1.2.3/24 dst any proto icmp type 3,4,11/0-3,11/4 priority 6 action discard sel src 192.168.1.9/24 dst any proto tcp dport 7,7
"""


def otherwise():
    """What the kernel keeps in another form stays where it is."""
    start()
    apply(OTHERWISE)
    with lab.n.socket(2, 2) as sock:
        sock.bind((IN4, 0))
        sock.sendto(b"x", (FAR4, 4000))
    lab.counted({"out_ok": 1})
    before = lab.nl.tables()
    equal(apply(OTHERWISE, "--check"), "", "what would change")
    apply(OTHERWISE)
    equal(lab.nl.tables(), before, "tables")
    # but not what is almost the same
    for old, new in (("dport 81,80", "dport 82,80"),
                     ("0x1/0xffffffff", "0x1/0xfffffff"),
                     ("11/0-3,11/4", "11/0-3,11/5"),
                     ("192.168.1.7/24", "192.168.1.7/25"),
                     ("fffe,fd00:8::", "fffd,fd00:8::")):
        said = apply(OTHERWISE.replace(old, new), "--check", status=3)
        equal(signs(said), "-+", said)
    equal(lab.nl.tables(), before, "tables")


def some_ranges(rnd, low, high, text):
    """A list of ranges that may touch and overlap, within few values."""
    out = []
    for _ in range(rnd.choice((1, 2, 3, 6))):
        a, b = sorted(rnd.choices(range(low, high + 1), k=2))
        out.append(text(a, b) if rnd.random() < 0.5 else text(a, a))
    return ",".join(out)


def some_addrs(rnd, form, first, plens):
    """As some_ranges(), and prefixes with host bits."""
    addr = lambda n: form % (first + n)
    ranges = some_ranges(rnd, 0, 15, lambda a, b: addr(a) if a == b else
                         addr(a) + "-" + addr(b))
    return ",".join([ranges] + [
        "%s/%d" % (addr(rnd.randrange(16)), rnd.choice(plens))
        for _ in range(rnd.choice((0, 1, 2)))])


def some_fields(rnd, six):
    """Ports, types with codes, or nothing."""
    ports = lambda low: some_ranges(
        rnd, low, low + 9, lambda a, b: "%d" % a if a == b else
        "%d-%d" % (a, b))
    types = lambda: some_ranges(rnd, 0, 9, lambda a, b: "%d/%d-%d/%d" % (
        a // 3, a % 3 * 127, b // 3, b % 3 * 127 + 1))
    return rnd.choice((
        lambda: "proto tcp sport %s dport %s" % (ports(0), ports(65526)),
        lambda: "proto %d type %s" % (58 if six else 1, types()),
        lambda: ""))()


def at_random():
    """Whatever there is to merge, apply does as the kernel does."""
    start()
    rnd = random.Random(7)
    lines = []
    for n in range(1, 301):
        block = rnd.choice((
            ("10.0.0.%d", 0, (1, 27, 29, 31, 32)), ("10.0.%d.255", 0, (22, 24)),
            ("255.255.255.%d", 240, (28, 30)), ("0.0.0.%d", 0, (1, 8, 30)),
            ("fd00::%x", 0, (1, 124, 126, 127)),
            ("fd00::%x:ffff", 0, (112, 120)),
            ("fd00:0:0:%x::", 0, (63, 64, 128)),
            ("ffff:" * 7 + "%x", 65520, (2, 125))))
        lines.append(
            "policy add dir in src %s dst %s %s mark %d action bypass\n" % (
                some_addrs(rnd, *block), some_addrs(rnd, *block),
                some_fields(rnd, ":" in block[0]), n))
    text = "".join(lines)
    apply(text)
    before = lab.nl.tables()
    equal(len(before[1]), len(lines), "policies")
    equal(apply(text, "--check"), "", "what would change")
    apply(text)
    equal(lab.nl.tables(), before, "tables")
    equal(apply(save(), "--check"), "", "what is saved")


def outer(word, *cases):
    """That an SA has another one in its outer header is seen, if the line has any."""
    start()
    line = "sa add src fd00::1 dst fd00::2 proto esp spi 0x1003 mode tunnel "
    for has, *others in cases:
        lab.nl.do("SA_FLUSH")
        words = line + word + " %s " + GCM
        apply(words % has)
        before = lab.nl.tables()
        for text in (words % has, line + GCM):
            equal(apply(text, "--check"), "", "what would change")
        for other in others:
            said = apply(words % other, status=1)
            equal("with other words" in said, True, said)
        equal(lab.nl.tables(), before, "tables")


def ceilings():
    """What is saved of an SA that keep looks after sends nothing at first."""
    start()
    lines = (SA % (0x1001, 1) + "seq-max 1000 " + GCM + "\n" +
             SA % (0x1002, 1) + "seq-max 0 " + GCM + " sel src %s dst %s proto "
             "udp dport 7\n" % (IN4, FAR4) + SA % (0x1003, 1) + GCM + "\n")
    apply(lines)
    before = lab.nl.tables()
    saved = save()
    equal({line.split(" spi ")[1][:6]: line.endswith(" seq-max 0")
           for line in saved.splitlines() if line.startswith("sa ")},
          {"0x1001": True, "0x1002": True, "0x1003": False}, saved)
    for text in (lines, saved, saved.replace(" seq-max 0", "")):
        equal(apply(text, "--check"), "", "what would change")
        apply(text)
    equal(lab.nl.tables(), before, "tables")
    lab.nl.do("SA_FLUSH")
    write(by_save(saved), KEYS)
    apply(saved)
    equal(save(), saved, "saved again")
    equal([lib.json_of(lab.cli("-j", "sa", "get", "dst", "10.0.0.2", "proto",
                               "esp", "spi", spi)).get("seq_max")
           for spi in ("0x1001", "0x1002", "0x1003")], [0, 0, None], "seq-max")


def interfaces():
    """Whatever an interface is called: it may be any of it but blanks."""
    start()
    names = ("#x", "a#b", "it's", '"', '"it\'s"', "7x")
    text = ""
    for name in names:
        lab.n.exec("ip", "link", "add", "name", name, "type", "dummy")
        quote = '"' if "'" in name else "'"
        word = "'\"it'\"'\"'s\"'" if quote in name else quote + name + quote
        text += ("policy add dir in src any dst 10.0.0.0/8 iif %s priority 1 "
                 "action bypass\n" % word)
    try:
        apply(text)
        saved = save()
        equal(saved.count("policy"), len(names), saved)
        for again in (text, saved):
            equal(apply(again, "--check"), "", "what would change")
    finally:
        lab.nl.do("POLICY_FLUSH")
        for name in names:
            lab.n.exec("ip", "link", "del", "dev", name)


def nameless():
    """An interface that has gone is in no file: its number is another one's later."""
    start()
    lab.n.exec("ip", "link", "add", "name", "gone", "type", "dummy")
    lab.n.exec("ip", "link", "add", "name", "stays", "type", "dummy")
    lab.n.exec("ip", "link", "add", "name", "blue", "type", "vrf", "table", "77")
    line = "policy add dir out src any dst 10.%d.0.0/16 %s priority %d %s"
    text = [line % (n, words, n, "owner %s action bypass\n" % owner)
            for n, (words, owner) in enumerate((
                ("oif stays", "me"), ("iif gone", "in"), ("oif gone", "out"),
                ("vrf blue", "vrf"),
                ("sel src any dst 10.9.0.0/16 oif stays "
                 "sel src any dst 10.8.0.0/16 oif gone", "sets")))]
    apply("".join(text))
    saved = save()
    equal((saved.count(" gone "), saved.count(" blue ")), (3, 1), saved)
    for name in ("gone", "blue"):
        lab.n.exec("ip", "link", "del", "dev", name)
    try:
        for words, owner in (("iif", "in"), ("oif", "out"), ("vrf", "vrf"),
                             ("oif", "sets"), ("iif", None)):
            more = ("owner", owner) if owner else ()
            index = lib.json_of(lab.cli(
                "-j", "policy", "list", "dir", "out",
                *(more or ("owner", "in"))))[0]["index"]
            status, out, err = run("save", *more)
            equal((status, out), (1, ""), err)
            for word in ("index %d: " % index, " %s is " % words):
                equal(word in err, True, err)
        # the others, and what does not write a file
        equal(" oif stays " in save("owner", "me"), True, "of another owner")
        shown = lab.cli("policy", "list")
        equal(" gone" in shown or " blue" in shown, False, shown)
        equal(signs(apply("".join(text[:1]), "--check", status=3)), "----",
              "what would change")
        apply("".join(text[:1]))
        equal(save().count("policy"), 1, "without them")
    finally:
        lab.nl.do("POLICY_FLUSH")
        lab.n.exec("ip", "link", "del", "dev", "stays")


def differences():
    start()
    base = SA % (0x1001, 1) + GCM + "\npolicy add dir out src %s dst %s priority 9%s\n" % (
        IN4, FAR4, TMPL)
    apply(base)
    with lab.n.socket(2, 2) as sock:
        sock.bind((IN4, 0))
        sock.sendto(b"x", (FAR4, 4000))
    lab.counted({"out_ok": 1})
    before = lab.nl.tables()
    more = base + SA % (0x1002, 2) + GCM + "\n"
    for text, want in (
            (more, "+"), (base.replace("priority 9", "priority 8"), "~"),
            ("default out discard\n" + base, "~"),
            (base + "policy add dir in src 0.0.0.0/0 dst 0.0.0.0/0 action bypass", "+"),
            (base.replace(FAR4, "192.168.9.9"), "-+")):
        equal(signs(apply(text, "--check", status=3)), want, text)
        equal(lab.nl.tables(), before, "tables after --check")
    equal(signs(apply("", "empty", "--check", status=3)), "--", "empty")
    equal(lab.nl.tables(), before, "tables after --check")
    # what is equal is the same as before, its sequence number too
    apply(more + "default out discard")
    equal(set(map(str, before[0])) <= set(map(str, lab.nl.tables()[0])), True,
          "the SA")
    equal(lab.nl.tables()[1], before[1], "the policy")
    apply("", "empty")
    equal(lab.nl.tables()[:2], ([], []), "nothing left")


def nothing():
    """What some failure left of a file does not delete all there is."""
    start()
    apply(SA % (0x1001, 1) + GCM + "\npolicy add dir in src 0.0.0.0/0 dst any "
          "action bypass\n" + SA % (0x1002, 1) + "owner me " + GCM)
    before = lab.nl.tables()
    for text in ("", "\n# nothing\n", "default in discard", "# Written by"):
        for more in ((), ("--check",)):
            said = apply(text, *more, status=2)
            equal("2 SAs and 1 policies" in said, True, said)
            equal(lab.nl.tables(), before, "tables")
    equal(run("apply", "/dev/null")[0], 2, "status")
    equal("1 SAs and 0 policies" in apply("", "owner", "me", status=2), True,
          "of one owner")
    equal(lab.nl.tables(), before, "tables")
    apply("", "owner", "other", status=2)
    apply("", "owner", "other", "empty")
    equal(lab.nl.tables(), before, "tables")
    apply("", "owner", "me", "empty")
    equal(len(lab.nl.tables()[0]), 1, "SAs")
    apply("default in discard", "empty")
    equal(lab.nl.tables()[:2], ([], []), "nothing left")
    # as at boot, where there is nothing to delete, and the clear it would be
    whole = "# Written by nfipsec save, whole if its last line is: # end\n"
    for text in ("", "\n\n", "# nothing\n", whole[:1], whole[:12],
                 whole[:20], whole + "# end\n"):
        for more in ((), ("--check",), ("owner", "me")):
            said = apply(text, *more, status=2)
            equal('say "empty"' in said, True, said)
    equal(run("apply", "/dev/null")[0], 2, "status")
    apply("", "empty")
    before = lab.nl.tables()
    # what says something is meant
    for text in ("default in discard", whole + "default in discard\n# end\n"):
        apply(text)
    equal(lab.nl.tables()[:2], before[:2], "tables")


def of_one_moment():
    """What is saved is no mixture, however often all is exchanged meanwhile."""
    start()
    # reading them takes a while
    common = "".join(SA % (n, 9) + GCM + "\n" for n in range(0x4000, 0x4080))
    files = [os.path.join(lib.TMP, "apply.%d" % n) for n in (1, 2)]
    for n, path in enumerate(files):
        write(common + SA % (0x1001 + n, 1) + GCM + "\npolicy add dir out src "
              "%s dst %s priority 1%s spi 0x%x\n" % (IN4, FAR4, TMPL, 0x1001 + n),
              path)
    lab.cli("apply", files[0], "keys", KEYS)
    words = " ".join("nfipsec apply %s keys %s;" % (path, KEYS)
                     for path in files)
    good = 0
    with subprocess.Popen(["nsenter", "--net=" + lab.n.path, "--", "sh", "-c",
                           "while [ ! -e %s ]; do %s done" % (
                               FILE + ".stop", words)]) as other:
        try:
            # each may take a while, and then be in vain
            end = time.monotonic() + 10
            while time.monotonic() < end:
                status, out, err = run("save")
                if status:
                    equal((out, "changed each time" in err), ("", True), err)
                    continue
                good += 1
                tmpl, sas = [
                    [int(spi, 16) for spi in re.findall(
                        r"^%s add .* spi (0x\w+)" % noun, out, re.M)]
                    for noun in ("policy", "sa")]
                equal((len(tmpl), len(sas)), (1, 0x81), "what there is")
                equal(tmpl[0] in sas, True, "the SA of 0x%x" % tmpl[0])
        finally:
            open(FILE + ".stop", "wb").close()
            other.wait()
    os.unlink(FILE + ".stop")
    print("# %d were saved meanwhile" % good)
    equal(save().count("sa add"), 0x81, "SAs")


def order():
    """Of one priority, the first in the file is looked at first."""
    start()
    lines = ["policy add dir out src any dst 192.168.%d.0/24 priority 5 "
             "action bypass\n" % n for n in range(1, 6)]
    lists = (lines[1:3], lines[:3], lines, lines[::-1], [lines[4], lines[0]],
             [lines[0], lines[3], lines[1]])
    for some in lists:
        text = "".join(some)
        apply(text)
        equal(save().count("policy"), len(some), "policies")
        got = [line.split("dst ")[1].split()[0]
               for line in save().splitlines() if "policy" in line]
        equal(got, [x.split("dst ")[1].split()[0] for x in some], "order")
        equal(apply(text, "--check"), "", "once more")


def errors():
    """Nothing is changed, and the line is named."""
    start()
    good = SA % (0x1001, 1) + GCM + "\n"
    apply(good)
    before = lab.nl.tables()
    policy = "policy add dir out src %s dst %s priority 1" % (IN4, FAR4) + TMPL
    for bad in ("policy add dir out src any", "sa del dst 10.0.0.2", "nothing",
                SA % (0x1002, 1) + "aead rfc4106(gcm(aes)) @none 128",
                SA % (0x1002, 1) + "aead unheard-of @gcm 128",
                SA % (0x1002, 1) + "replay-window 99999999 " + GCM,
                SA % (0x1001, 1) + GCM, SA % (1, 1) + GCM,
                policy.replace("proto esp", "proto comp").replace(FAR4, IN4),
                policy):
        text = good + "\n# third\n" + policy + "\n" + bad + "\n" + good.replace(
            "0x1001", "0x2001")
        said = apply(text, status=(1, 2))
        equal(" 5" in said, True, said)
        equal(lab.nl.tables(), before, "tables")
        equal(run("apply", FILE, "keys", KEYS, "--check")[0] in (1, 2), True,
              "--check sees it")
    # the numbers of an SA never begin anew under its key
    said = apply(good.replace("reqid 1", "reqid 3"), status=(1,))
    equal("line 1" in said and "another SPI" in said, True, said)
    weak = SA % (0x1002, 1) + "enc cbc(des3_ede) @des auth-trunc hmac(sha256) @sha 128\n"
    equal("line 2" in apply(good + weak, status=(1,)), True, "weak")
    equal(lab.nl.tables(), before, "tables")
    equal(apply("default weak on\n" + good + weak, "--check", status=3)[0],
          "+", "weak, where it is permitted")
    os.chmod(KEYS, 0o644)
    equal("others may" in apply(good, status=(1,)), True, "keys for all to read")
    os.chmod(KEYS, 0o600)
    equal(run("--check", "sa")[0], 2, "--check without apply")


def numbers_anew():
    """No SA comes as another one, with its key perhaps and numbers from 1 on."""
    start()
    good = SA % (0x1001, 1) + GCM + "\n"
    moved = good.replace("dst 10.0.0.2", "dst 10.0.0.3")
    apply(good)
    before = lab.nl.tables()
    for text in (moved, good.replace("proto esp", "proto ah").replace(
            "rfc4106", "rfc4543")):
        for more in ((), ("--check",)):
            said = apply("\n" + text, *more, status=(1,))
            equal("line 2" in said and "see sa move" in said, True, said)
            equal(lab.nl.tables(), before, "tables")
    # both ways out
    lab.cli("sa", "move", "dst", "10.0.0.2", "proto", "esp", "spi", "0x1001",
            "to", "dst", "10.0.0.3")
    equal(apply(moved, "--check"), "", "what would change")
    apply(good.replace("0x1001", "0x1002"))
    # IPComp has neither keys nor numbers, and one SPI for all
    comp = "sa add src 10.0.0.1 dst 10.0.0.%d proto comp spi 2 mode tunnel " \
        "reqid 5 comp deflate\n"
    apply(comp % 2)
    apply(comp % 3)
    equal(" dst 10.0.0.3 " in save(), True, "the other one")


def many_refused():
    """More than the socket has room for: the first is the one that is told."""
    start()
    lines = "".join(SA % (0x1000 + n, 1) + "replay-window 5 " + GCM + "\n"
                    for n in range(500))
    good = SA % (0x900, 1) + GCM + "\n"
    for text, line in ((lines, 1), (good + lines, 2)):
        said = apply(text, status=(1,))
        equal("line %d: " % line in said and "replay" in said, True, said)
    equal(lab.nl.tables()[0], [], "SAs")
    # and nothing of it is in the way of what follows
    apply(good)
    equal(save().count("sa add"), 1, "SAs")


def owners():
    start()
    other = SA % (0x1001, 1) + "owner ike " + GCM + (
        "\npolicy add dir in src 0.0.0.0/0 dst 0.0.0.0/0 owner ike action bypass\n")
    apply(other)
    theirs = lab.nl.tables()[:2]
    mine = SA % (0x1002, 2) + GCM + "\n"
    apply(mine, "owner", "me")
    equal(save("owner", "me").count("owner me"), 1, "mine")
    apply(mine, "--check", "owner", "me")
    apply("", "owner", "me", "empty")
    equal(lab.nl.tables()[:2], theirs, "theirs")
    apply(other, "owner", "me", status=(2,))
    apply("default in bypass", "owner", "me", status=(2,))


def many():
    """As many as there may be in a large place, at once."""
    start()
    count = max(200, int(20 * lib.SCALE))
    text = "".join(
        "policy add dir out src 10.%d.%d.0/24 dst 10.%d.0.0/16 priority %d%s\n"
        % (n >> 8, n & 255, n % 200, n % 50, TMPL) for n in range(count))
    took = []
    for what, more in ((text, ()), (text, ()), ("", ("empty",))):
        begin = time.monotonic()
        apply(what, *more)
        took.append(time.monotonic() - begin)
    print("# %d policies: %.2f s, again %.2f s, away %.2f s"
          % (count, *took))


def closed():
    """Output that was closed takes no descriptor that has another purpose."""
    lab.reset()
    lab.cli("policy", "add", "dir", "in", "src", IN4, "dst", FAR4, "action",
            "bypass")
    for words in ("save", "policy list", "-j stats"):
        status, _, err = lab.n.exec("sh", "-c", "nfipsec %s >&-" % words, ok=None)
        equal((status, "writing the output" in err), (1, True), words)
    text = lab.n.exec("sh", "-c", "nfipsec save 2>&- <&-")
    equal("action bypass" in text, True, "errors and input closed")


def no_core():
    """Its memory has keys in it: the kernel gives it to nobody."""
    def others():
        try:
            with open("/proc/%d/comm" % p.pid, encoding="ascii") as f:
                if f.read() != "nfipsec\n":
                    return False
            return os.stat("/proc/%d/environ" % p.pid).st_uid == 0
        except FileNotFoundError:
            return False

    with subprocess.Popen([*lib.NOBODY, lib.public_cli(), "--batch", "-"],
                          stdin=subprocess.PIPE) as p:
        try:
            lib.wait_for(others, "a process whose memory is its own")
        finally:
            p.stdin.close()


def told_no_more():
    """A monitor that nobody reads says so, where no signal ends it."""
    lab.reset()
    out, into = os.pipe()
    ignore = "import os, signal, sys; signal.signal(13, signal.SIG_IGN); " \
        "os.execvp(sys.argv[1], sys.argv[1:])"
    with subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "--", "python3", "-c", ignore,
             "nfipsec", "monitor", "all"], stdout=into, stderr=subprocess.PIPE,
            restore_signals=False) as p:
        os.close(into)
        os.close(out)

        def ended():
            run("policy", "add", "dir", "in", "src", IN4, "dst", FAR4,
                "action", "bypass")
            run("policy", "flush")
            return p.poll() is not None

        lib.wait_for(ended, "its end", 60)
        said = p.stderr.read().decode()
        equal((p.returncode, "monitor: writing the output: Broken pipe" in said),
              (1, True), said)


report.add("round trip", round_trip)
report.add("types and codes", types)
report.add("written otherwise", otherwise)
report.add("written at random", at_random)
report.add("flow labels", outer, "flow-label", ("copy", "7", "0", "hash"),
           ("7", "copy", "0", "8"), ("0", "copy", "7"))
report.add("outer hop limits", outer, "hop-limit", ("9", "default", "8"),
           ("default", "9"))
report.add("outer DSCP", outer, "dscp", ("9", "copy", "0"), ("0", "copy", "9"),
           ("copy", "0"))
report.add("largest numbers", ceilings)
report.add("names of interfaces", interfaces)
report.add("interfaces without a name", nameless)
report.add("differences", differences)
report.add("nothing", nothing)
report.add("of one moment", of_one_moment)
report.add("order", order)
report.add("errors", errors)
report.add("numbers that would begin anew", numbers_anew)
report.add("many refused", many_refused)
report.add("owners", owners)
report.add("closed descriptors", closed)
report.add("no core dump", no_core)
report.add("monitor of nobody", told_no_more)
report.add("many", many)
sys.exit(report.run())
