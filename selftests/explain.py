# SPDX-License-Identifier: GPL-2.0
"""What `nfipsec policy explain` says, beside what becomes of the packet.

The topology is that of lib.py. Packets of n itself are sent with DF, and seen on
the wire: the policy that counts them is the one that was told, their length the
one that was told, and the largest that leaves the MTU that was told.
"""
import os
import socket
import subprocess
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, addr,
                 attr, equal, u8, u16, u32, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
lab = lib.Lab()
report = lib.Report()
GCM = ["aead", "aes128gcm16", lib.key_file(bytes(range(20))), "128"]
CBC = ["enc", "aes128", lib.key_file(bytes(range(16))),
       "auth-trunc", "sha256", lib.key_file(bytes(range(32))), "128"]
MAC = CBC[3:]
ENDS = {False: ["src", OUT4, "dst", PEER4], True: ["src", OUT6, "dst", PEER6]}
UDP_WORDS = ["proto", "udp", "sport", str(PORT), "dport", str(FAR_PORT)]


def told(way, src, dst, *words):
    """By the command, which costs some time."""
    return lib.json_of(lab.cli("-j", "policy", "explain", way, "src", src,
                               "dst", dst, *map(str, words)))


PROTOS = {"udp": 17, "tcp": 6, "icmp": 1, "mh": 135}
WORDS = {"proto": ("PROTO", u8), "sport": ("SPORT", u16),
         "dport": ("DPORT", u16), "type": ("TYPE", u8), "code": ("CODE", u8),
         "len": ("LEN", u32), "mark": ("MARK", u32), "df": ("DONT_FRAGMENT",),
         "fragment": ("FRAGMENT",)}
FATES = {C["FATE_" + f.upper().replace("-", "_")]: f
         for f in ("fits", "before", "after", "too-big")}


def ask(way, src, dst, words):
    """The same words, by netlink: attributes of the answer."""
    msg = [attr(C["A_EXPLAIN_DIR"], u8(C["DIR_" + way.upper()])),
           attr(C["A_EXPLAIN_SRC"], addr(src)),
           attr(C["A_EXPLAIN_DST"], addr(dst))]
    words = iter(words)
    for word in words:
        name, *size = WORDS[word]
        val = b""
        if size:
            val = next(words)
            val = size[0](PROTOS[val] if val in PROTOS else int(val))
        msg.append(attr(C["A_EXPLAIN_" + name], val))
    return lab.nl.do("POLICY_EXPLAIN", *msg)[0]


def number(val):
    return int.from_bytes(val, sys.byteorder)


def explain(way, src, dst, *words):
    """What of the answer is looked at often, as the command has it."""
    got = ask(way, src, dst, words)
    one = dict(got)
    out = {"at_most": C["A_EXPLAIN_AT_MOST"] in one,
           "acquire": C["A_EXPLAIN_ACQUIRE"] in one}
    for name in ("index", "set", "wire_len", "path_mtu", "mtu", "piece_len"):
        val = one.get(C["A_EXPLAIN_" + name.upper()])
        if val is not None:
            out[name] = number(val)
    if C["A_EXPLAIN_FATE"] in one:
        out["fate"] = FATES[number(one[C["A_EXPLAIN_FATE"]])]
    if C["A_EXPLAIN_ACTION"] in one:
        out["action"] = next(
            a for a in ("bypass", "discard", "protect")
            if C["ACTION_" + a.upper()] == number(one[C["A_EXPLAIN_ACTION"]]))
    if C["A_EXPLAIN_REASON"] in one:
        out["reason"] = one[C["A_EXPLAIN_REASON"]].rstrip(b"\0").decode()

    def nests(name):
        return [dict(lib.attrs(val)) for kind, val in got
                if kind == C["A_EXPLAIN_" + name]]
    out["parts"] = [(number(p[C["A_EXPLAIN_PART_KIND"]]),
                     number(p[C["A_EXPLAIN_PART_LEN"]])) for p in nests("PART")]
    out["spis"] = [p[C["A_EXPLAIN_STEP_SPI"]].hex() for p in nests("STEP")
                   if C["A_EXPLAIN_STEP_SPI"] in p]
    return out


def state():
    """All that an answer may not change."""
    return (lab.met(), lab.nl.stats(), lab.nl.dump("SA_GET"),
            lab.nl.dump("ACQUIRE_GET"))


def add(way, *words):
    return lib.json_of(lab.cli("-j", "policy", "add", "dir", way,
                               *map(str, words)))["index"]


def sender(src, dst, dport=FAR_PORT, df=True):
    """A socket of n, and how to send so many bytes of IP packet."""
    six = ":" in src
    sock = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                        socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: probe, whatever the route says
    sock.setsockopt(*((41, 23) if six else (0, 10)), 3 if df else 0)
    sock.bind((src, PORT))

    def send(size):
        try:
            sock.sendto(os.urandom(size - (48 if six else 28)), (dst, dport))
        except OSError:
            return False
        return True
    return sock, send


def forget():
    lab.n.ip("route flush cache")
    lab.n.exec("ip", "-6", "route", "flush", "cache")


def winners():
    """The policy that is told is the one that counts the packet."""
    lab.reset()
    every = ["src", "any", "dst", "0.0.0.0/0"]
    web = ["src", IN4, "dst", "192.168.2.0/24", "proto", "udp"]
    add("out", *every, "priority", 200, "action", "bypass")
    add("out", *web, "dport", "80-90", "priority", 100, "action", "bypass")
    add("out", *web, "dport", 85, "priority", 100, "action", "discard")
    add("out", *web, "dport", "86,300", "sel", *web, "dport", "400-410",
        "priority", 50, "action", "bypass")
    for port, set_ in ((80, 0), (85, 0), (86, 0), (91, 0), (300, 0), (405, 1),
                       (90, 0), (9999, 0)):
        before = state()
        said = told("out", IN4, FAR4, "proto", "udp", "sport", PORT,
                       "dport", port)
        equal(state(), before, "state after an answer")
        sock, send = sender(IN4, FAR4, port)
        base = lab.met()
        send(100)
        sock.close()

        def counted(base=base):
            return [i for i, n in lab.met().items() if n > base[i]]
        equal(wait_for(counted, "a hit"), [said["index"]], "port %d" % port)
        equal(said["set"], set_, "set of port %d" % port)
        equal(said["candidates"][0]["index"], said["index"])
    lab.wire.drain()


def reasons():
    """Why it is this one, for people."""
    lab.reset()
    pair = ["src", IN4, "dst", FAR4]
    first = add("out", *pair, "priority", 5, "action", "bypass")
    equal(told("out", IN4, FAR4)["why"], "no other policy matches")
    equal(told("out", IN4, OUT4)["why"], "no policy matches")
    last = add("out", "src", IN4, "dst", "any", "priority", 9, "action",
               "discard")
    equal(told("out", IN4, FAR4)["why"],
          "priority 5 before 9 of policy %d" % last)
    second = add("out", "src", "any", "dst", FAR4, "priority", 5, "action",
                 "discard")
    said = told("out", IN4, FAR4)
    equal(said["why"], "older than policy %d of the same priority" % second)
    equal([c["index"] for c in said["candidates"]], [first, second, last])
    text = lab.cli("policy", "explain", "out", "src", IN4, "dst", FAR4)
    for line in ("bypass by policy %d: older than policy %d" % (first, second),
                 "decides policy %d priority 5 action bypass" % first,
                 "shadowed policy %d priority 9 action discard" % last):
        equal(line in text, True, text)
    for n in range(20):
        for sel, priority in (((IN4, FAR4, 100 + n), 20),
                              ((IN4, "192.168.2.0-192.168.2.%d" % (n + 20)),
                               30)):
            lab.policy("out", *sel, action="bypass", priority=priority)
    said = told("out", IN4, FAR4)
    equal((len(said["candidates"]), said["more"]), (16, True))


def verdicts():
    """What is not sealed, and the counter that says so."""
    for near, there in ((IN4, FAR4), (IN6, FAR6)):
        for action, reason in (("bypass", None), ("discard", "out_discard")):
            lab.reset()
            add("out", "src", near, "dst", there, "action", action)
            said = explain("out", near, there, *UDP_WORDS)
            equal((said["action"], said.get("reason")), (action, reason))
            lab.mark()
            sock, send = sender(near, there)
            equal(send(100), action == "bypass")
            sock.close()
            lab.counted({reason: 1} if reason else {})
        for action in ("bypass", "discard"):
            lab.reset()
            lab.default("in", action)
            lab.default("out", action)
            for way, src, dst in (("out", near, there), ("in", there, near)):
                said = explain(way, src, dst)
                equal((said["action"], said.get("index"), said.get("reason")),
                      (action, None,
                       way + "_discard" if action == "discard" else None))
        lab.reset()
    lab.wire.drain()


def inbound():
    """What a packet in the clear meets, and what it must have come by."""
    lab.reset()
    index = add("in", "src", FAR4, "dst", IN4, "action", "protect", "tmpl",
                "src", PEER4, "dst", OUT4, "proto", "esp", "mode", "tunnel",
                "reqid", 7)
    said = told("in", FAR4, IN4, "proto", "udp", "dport", PORT)
    equal((said["action"], said["index"], said["reason"]),
          ("protect", index, "in_clear"))
    tmpl, = said["sas"]
    equal((tmpl["tmpl"]["src"], tmpl["tmpl"]["reqid"], "spi" in tmpl),
          (PEER4, 7, False))
    equal("must come by" in lab.cli("policy", "explain", "in", "src", FAR4,
                                    "dst", IN4), True)
    base = lab.met()
    lab.mark()
    lab.wire.send(udp_packet(FAR4, IN4, FAR_PORT, PORT, b"in"))
    lab.counted({"in_clear": 1})
    equal(lab.met(), {index: base[index] + 1})


def fragments():
    """One that shows no ports: what may match, and for whom it is."""
    lab.reset()
    pair = ["src", IN4, "dst", FAR4, "proto", "udp"]
    may = add("out", *pair, "dport", 80, "priority", 1, "action", "discard")
    rest = add("out", "src", IN4, "dst", FAR4, "priority", 9, "action",
               "bypass")
    said = told("out", IN4, FAR4, "proto", "udp", "fragment")
    equal((said["index"], said["reason"], "action" in said),
          (may, "out_frag_opaque", False))
    equal([(c["index"], c["may"]) for c in said["candidates"]],
          [(may, True), (rest, False)])
    equal(told("out", IN4, FAR4, "proto", "tcp", "fragment")["index"], rest)
    blind = add("out", *pair, "dport", "opaque", "priority", 5, "action",
                "discard")
    said = told("out", IN4, FAR4, "proto", "udp", "fragment")
    equal((said["index"], said["reason"]), (blind, "out_discard"))
    equal(said["why"], "policy %d may match, but this one is for what cannot "
          "be seen" % may)
    equal(told("out", IN4, FAR4, "proto", "udp", "dport", 81)["index"], rest)
    add("in", "src", FAR4, "dst", IN4, "proto", "udp", "dport", 80, "action",
        "discard")
    equal(said["gathered"], True, "outbound")
    said = told("in", FAR4, IN4, "proto", "udp", "fragment")
    equal((said["gathered"], "reason" in said, "action" in said),
          (True, False, False))


def types():
    """ICMP and the mobility header have types."""
    lab.reset()
    one = add("out", "src", IN4, "dst", FAR4, "proto", "icmp", "type", 8,
              "code", 0, "action", "discard")
    two = add("out", "src", IN6, "dst", FAR6, "proto", "mh", "type", 5,
              "action", "discard")
    for src, dst, words, want in (
            (IN4, FAR4, ("icmp", "type", 8), one),
            (IN4, FAR4, ("icmp", "type", 8, "code", 1), None),
            (IN4, FAR4, ("icmp", "type", 0), None),
            (IN6, FAR6, ("mh", "type", 5), two),
            (IN6, FAR6, ("mh", "type", 6), None)):
        equal(explain("out", src, dst, "proto", *words).get("index"), want)


def waiting(seconds):
    """How long packets wait that come from now on."""
    lab.nl.do("DEFAULT_SET",
              attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(seconds)))


def lacking():
    """An SA that is not there: somebody would be asked, and is not."""
    lab.reset()
    add("out", "src", IN4, "dst", FAR4, "action", "protect", "tmpl", "proto",
        "comp", "mode", "transport", "tmpl", *ENDS[False], "proto", "esp",
        "mode", "tunnel", "reqid", 3)
    said = told("out", IN4, FAR4, *UDP_WORDS)
    equal((said["reason"], said["acquire"]), ("out_no_sa", False))
    equal([("spi" in s, s["tmpl"]["mode"]) for s in said["sas"]],
          [(False, "transport"), (False, "tunnel")])
    lab.cli("sa", "add", "src", IN4, "dst", FAR4, "proto", "comp", "spi",
            "0x777", "mode", "transport", "comp", "deflate")
    with subprocess.Popen(
            ["nsenter", "--net=" + lab.n.path, "nfipsec", "monitor"],
            stdout=subprocess.PIPE, text=True) as p:
        wait_for(lambda: explain("out", IN4, FAR4)["acquire"], "a listener")
        before = state()
        said = told("out", IN4, FAR4, *UDP_WORDS)
        equal(said["reason"], "out_acquire")
        equal([s.get("spi") for s in said["sas"]], ["0x00000777", None])
        equal(state(), before, "state")
        sock, send = sender(IN4, FAR4)
        waiting(300)
        lab.mark()
        send(100)
        lab.counted({"out_acquire": 1})
        # until it is told
        equal("acquire" in p.stdout.readline(), True, "event")
        p.terminate()
        equal("acquire" in p.stdout.read(), False, "a second event")
    # he that was asked has gone, and packets wait for what he was asked for
    waiting(10)
    words = ["proto", "udp", "sport", PORT, "dport", FAR_PORT]
    for n in range(100):
        said = told("out", IN4, FAR4, *words)
        full = n == 99
        equal((said["reason"], said["acquire"]),
              ("out_acquire_full" if full else "out_acquire", True), "packet %d" % n)
        send(100)
        lab.counted({said["reason"]: 1})
    sock.close()


def wires():
    """(name, inner addresses, SAs as words, templates as words)"""
    out4, out6 = (ENDS[s] + ["mode", "tunnel"] for s in (False, True))
    tr4, tr6 = (ENDS[s] + ["mode", "transport"] for s in (False, True))
    esp, ah = ["proto", "esp"], ["proto", "ah"]
    plain = ["mode", "transport"]
    in4, in6, own4, own6 = (IN4, FAR4), (IN6, FAR6), (OUT4, PEER4), (OUT6, PEER6)
    beet = ["mode", "beet"]
    return [
        ("tunnel 4 in 4", in4, [out4 + esp + GCM], [out4 + esp]),
        ("tunnel 4 in 6", in4, [out6 + esp + CBC], [out6 + esp]),
        ("tunnel 6 in 4", in6, [out4 + esp + CBC], [out4 + esp]),
        ("tunnel 6 in 6", in6, [out6 + esp + GCM], [out6 + esp]),
        ("transport 4", own4, [tr4 + esp + CBC], [plain + esp]),
        ("transport 6", own6, [tr6 + esp + GCM], [plain + esp]),
        ("in UDP", in4, [out4 + esp + GCM + [
            "encap", "espinudp", "4500", "4500", "0.0.0.0"]], [out4 + esp]),
        ("AH 4", own4, [tr4 + ah + MAC], [plain + ah]),
        ("AH 6, tunnel", in6, [out6 + ah + MAC], [out6 + ah]),
        ("ESP in AH", own4, [tr4 + esp + GCM, tr4 + ah + MAC],
         [plain + esp, plain + ah]),
        ("tunnel in AH", in4, [out4 + esp + CBC, tr4 + ah + MAC],
         [out4 + esp, plain + ah]),
        ("TFC padding", in4, [out4 + esp + GCM + ["tfc-pad", "700"]],
         [out4 + esp]),
        ("BEET 4 in 6", in4, [ENDS[True] + beet + esp + GCM + [
            "sel", "src", IN4, "dst", FAR4]], [ENDS[True] + beet + esp]),
    ]


def prepare(pair, sas, tmpls):
    lab.reset()
    forget()
    for n, words in enumerate(sas):
        lab.cli("sa", "add", "spi", "0x%x" % (0x1001 + n), *words)
    words = [w for t in tmpls for w in ["tmpl"] + t]
    return add("out", "src", pair[0], "dst", pair[1], "proto", "udp", "action",
               "protect", *words)


def on_wire(pair, sas, tmpls):
    """Each length is that on the wire, and the largest is the largest."""
    index = prepare(pair, sas, tmpls)
    near, there = pair
    df = [] if ":" in near else ["df"]
    before = state()
    said = explain("out", near, there, *UDP_WORDS, *df)
    equal((said["action"], said["index"], said.get("reason")),
          ("protect", index, None))
    equal(said["spis"], ["%08x" % (0x1001 + n) for n in range(len(sas))])
    mtu = said["mtu"]
    equal((said["path_mtu"], said["fate"]), (1500, "fits"))
    equal(explain("out", near, there, *UDP_WORDS, *df, "len", mtu)["fate"],
          "fits")
    over = explain("out", near, there, *UDP_WORDS, *df, "len", mtu + 1)
    equal((over["fate"], over["reason"]), ("too-big", "out_too_big"))
    equal(state(), before, "state")

    sock, send = sender(near, there)
    lab.mark()
    sizes = (69, 100, 101, 102, 755, mtu - 1, mtu)
    for size in sizes:
        said = explain("out", near, there, *UDP_WORDS, *df, "len", size)
        equal(send(size), True, "length %d" % size)
        p = wait_for(lab.wire.recv, "a packet")
        equal(said["wire_len"], len(p), "length %d on the wire" % size)
        equal(sum(x[1] for x in said["parts"]), len(p))
        equal(said["parts"][0][0], C["PART_KIND_IPV%d" % (p[0] >> 4)])
        equal(said["at_most"], False)
    equal(send(mtu + 1), False, "larger than what fits")
    sock.close()
    lab.counted({"out_ok": len(sizes), "out_too_big": 1})
    lab.wire.drain()
    equal(explain("out", near, there, *UDP_WORDS, *df)["mtu"], mtu,
          "after the sender was told")
    forget()


def parts():
    """Which, and in which order."""
    out4 = ENDS[False] + ["mode", "tunnel", "proto", "esp"]
    prepare((IN4, FAR4), [out4 + GCM + [
        "encap", "espinudp", "4500", "4500", "0.0.0.0"]], [out4])
    text = lab.cli("policy", "explain", "out", "src", IN4, "dst", FAR4,
                   *UDP_WORDS, "len", "101")
    equal("\twire 164: ipv4 20, udp 8, esp 8, iv 8, ipv4 20, payload 81, "
          "pad 1, trailer 2, icv 16\n" in text, True, text)
    equal("mtu 1438 of path mtu 1500: fits" in text, True, text)
    said = told("out", IN4, FAR4, *UDP_WORDS, "len", 101)
    bare = explain("out", IN4, FAR4, *UDP_WORDS, "len", 101)
    for name in ("action", "index", "set", "wire_len", "path_mtu", "mtu",
                 "fate", "at_most", "acquire"):
        equal(said[name], bare[name], name)
    equal([x["len"] for x in said["parts"]], [x[1] for x in bare["parts"]])
    equal(said["sas"][0]["spi"], "0x" + bare["spis"][0])


def fragmented():
    """Without DF: before or after, and the first of the fragments."""
    out4 = ENDS[False] + ["mode", "tunnel", "proto", "esp"]
    for when in ("after", "before"):
        prepare((IN4, FAR4), [out4 + GCM + ["frag", when]], [out4])
        said = explain("out", IN4, FAR4, *UDP_WORDS, "len", 2000)
        equal((said["fate"], said.get("reason")), (when, None))
        # the stack does not cut it for the device, which takes more
        sock, send = sender(IN4, FAR4, df=False)
        lab.n.ip("link set vn mtu 3000")
        lab.w.ip("link set vw mtu 3000")
        lab.n.ip("route replace 10.0.0.2/32 dev vn mtu 1500")
        forget()
        try:
            said = explain("out", IN4, FAR4, *UDP_WORDS, "len", 2000)
            equal(said["path_mtu"], 1500)
            equal(send(2000), True)
            p = wait_for(lab.wire.recv, "a packet")
            if when == "before":
                equal(said["wire_len"], len(p), "the first fragment")
            else:
                equal(len(p) <= 1500 < said["wire_len"], True)
        finally:
            sock.close()
            lab.n.ip("route del 10.0.0.2/32 dev vn")
            lab.n.ip("link set vn mtu 1500")
            lab.w.ip("link set vw mtu 1500")
            forget()
        lab.wire.drain()


def compressed():
    """IPComp is reckoned to make nothing smaller."""
    tr = ENDS[False] + ["mode", "transport"]
    try:
        prepare((OUT4, PEER4), [tr + ["proto", "comp", "comp", "deflate"],
                                tr + ["proto", "esp"] + GCM],
                [["mode", "transport", "proto", "comp"],
                 ["mode", "transport", "proto", "esp"]])
    except AssertionError as e:
        if "this kernel has no" not in str(e) and "not supported" not in str(e):
            raise
        raise lib.Skip("no IPComp") from e
    said = explain("out", OUT4, PEER4, *UDP_WORDS, "len", 200)
    equal(said["at_most"], True)
    sock, send = sender(OUT4, PEER4)
    send(200)
    sock.close()
    equal(len(wait_for(lab.wire.recv, "a packet")), said["wire_len"])


def used_up():
    """An SA that has no number for the packet."""
    out4 = ENDS[False] + ["mode", "tunnel", "proto", "esp"]
    prepare((IN4, FAR4), [out4 + GCM + ["seq-max", "1"]], [out4])
    sock, send = sender(IN4, FAR4)
    for reason in (None, "out_seq_max"):
        equal(explain("out", IN4, FAR4, *UDP_WORDS).get("reason"), reason)
        lab.mark()
        send(100)
        lab.counted({reason or "out_ok": 1})
    sock.close()
    lab.wire.drain()


def routes():
    """A mark selects the packet's way, not a tunnel's; without a way it never gets
    here."""
    out4 = ENDS[False] + ["mode", "tunnel", "proto", "esp"]
    prepare((IN4, FAR4), [out4 + GCM], [out4])
    lab.n.ip("route add 10.0.0.2/32 dev vn table 7 mtu 900\n"
             "rule add fwmark 9 table 7\n"
             "route add unreachable 192.168.77.0/24")
    try:
        for mark in 0, 9:
            equal(told("out", IN4, FAR4, *UDP_WORDS, "mark", mark)["path_mtu"],
                  1500, "of a tunnel, mark %d" % mark)
        host4 = ENDS[False] + ["mode", "transport", "proto", "esp"]
        prepare((OUT4, PEER4), [host4 + GCM], [host4])
        for mark, mtu in (0, 1500), (9, 900):
            equal(told("out", OUT4, PEER4, *UDP_WORDS, "mark", mark)["path_mtu"],
                  mtu, "of transport mode, mark %d" % mark)
        lab.n.ip("route add 192.168.78.0/24 via 10.0.0.2 mtu 1000")
        prepare((IN4, "192.168.78.1"), [out4 + GCM], [out4])
        for size, fate in (1000, "fits"), (1001, "too-big"):
            said = told("out", IN4, "192.168.78.1", *UDP_WORDS, "len", size, "df")
            equal((said["fate"], "reason" in said), (fate, False),
                  "by its own route, %d bytes" % size)
        equal(said["mtu"], 1000)
        lab.n.ip("route del 192.168.78.0/24 via 10.0.0.2 mtu 1000")
        said = told("out", IN4, "192.168.77.1")
        equal((said["no_route"], said["loopback"]), (True, False))
        lab.policy("out", "0.0.0.0/0", OUT4)
        said = told("out", IN4, OUT4)
        equal((said["no_route"], said["loopback"]), (False, True))
        equal(("reason" in said, said["acquire"], said["action"]),
              (False, False, "protect"), "where nobody is asked")
    finally:
        lab.n.ip("rule del fwmark 9 table 7\n"
                 "route del 10.0.0.2/32 dev vn table 7\n"
                 "route del unreachable 192.168.77.0/24")


def of_this_node():
    """IPv6: what is for a group of this node alone is sealed by nobody."""
    lab.reset()
    lab.policy("out", "::/0", "::/0", 17, six=True)
    lab.n.ip("route add table local multicast ff05::/16 dev vn metric 1")
    try:
        for group, here in ("ff01::1234", True), ("ff05::1234", False):
            said = told("out", OUT6, group, *UDP_WORDS, "oif", "vn")
            equal((said["loopback"], "reason" in said), (here, not here), group)
    finally:
        lab.n.ip("route del table local multicast ff05::/16 dev vn metric 1")


def of_a_vrf():
    """What is local to a VRF leaves by the VRF's device, which nobody looks at."""
    lab.reset()
    lab.policy("out", "0.0.0.0/0", OUT4)
    lab.n.ip("link add vr type vrf table 9\nlink set vr up\n"
             "link add vz master vr type veth peer name vy\n"
             "link set vz up\nlink set vy up\naddr add 10.9.9.1/24 dev vz")
    try:
        said = told("out", "10.9.9.1", "10.9.9.1", "oif", "vr")
        equal((said["no_route"], said["loopback"], "reason" in said),
              (False, True, False), "a VRF's own")
        said = told("out", "10.9.9.1", "10.9.9.2", "oif", "vr")
        equal((said["no_route"], said["loopback"]), (False, False),
              "another's in a VRF")
    finally:
        lab.n.ip("link del vz\nlink del vr")


def interfaces():
    """Policies by interface and mark; the route tells the one it leaves by."""
    lab.reset()
    lab.n.ip("link add vz type veth peer name vy\nlink set vz up\n"
             "link set vy up\nlink add vr type vrf table 9\n"
             "link add vb type bridge\nlink add vp master vb type veth peer name vq")
    out, other = "vn", "vz"
    sel = ["src", "any", "dst", "0.0.0.0/0"]
    six = ["src", "::/0", "dst", "::/0"]
    elsewhere = [add("out", *s, "oif", other, "priority", 1, "action", "discard")
                 for s in (sel, six)]
    marked = add("out", *sel, "mark", "5/7", "priority", 2, "action", "discard")
    came = add("out", *sel, "iif", other, "priority", 3, "action", "discard")
    left = add("out", *sel, "oif", out, "priority", 4, "action", "bypass")
    add("out", *six, "oif", out, "priority", 4, "action", "bypass")
    inward = add("in", *sel, "iif", out, "mark", 3, "action", "discard")
    for words, index in ((("out",), left), (("out", "mark", 13), marked),
                         (("out", "iif", other), came),
                         (("in", "iif", out, "mark", 3), inward),
                         (("in", "iif", out), None),
                         (("in", "iif", other, "mark", 3), None)):
        said = told(words[0], IN4, FAR4, *words[1:])
        equal(said.get("index"), index, " ".join(map(str, words)))
    for src, dst in (IN4, FAR4), (IN6, FAR6):
        said = told("out", src, dst, "oif", other)
        equal(said["no_route"] or said.get("index") in elsewhere, True, str(said))
    equal(told("in", IN4, IN4, "iif", "lo")["loopback"], True)
    for words, text in ((("in", "oif", out), "no interface yet"),
                        (("in", "iif", "77777"), "no such interface"),
                        (("in", "iif", "vp"), "port's master"),
                        (("out", "iif", "vp"), "port's master"),
                        (("in", "iif", "vr"), "VRF's member")):
        status, _, err = lab.cli("policy", "explain", words[0], "src", IN4,
                                 "dst", FAR4, *words[1:], ok=None)
        equal((status, text in err), (1, True), err)
    lab.n.ip("link del vz\nlink del vp\nlink del vb\nlink del vr")


def refused():
    """Each refusal names what is wrong, and changes nothing."""
    def a(name, val=b""):
        return attr(C["A_EXPLAIN_" + name], val)
    out, src, dst = a("DIR", u8(C["DIR_OUT"])), a("SRC", addr(IN4)), \
        a("DST", addr(FAR4))
    six = [out, a("SRC", addr(IN6)), a("DST", addr(FAR6))]
    before = state()
    for msg, text in (
            ([src, dst], "in or goes out"),
            ([a("DIR", u8(C["DIR_ANY"])), src, dst], "in or goes out"),
            ([out, src], "a source and a destination"),
            ([out, src, a("DST", addr(FAR6))], "of one family"),
            ([out, src, dst, a("DPORT", u16(1))], "has no ports"),
            ([out, src, dst, a("PROTO", u8(17)), a("TYPE", u8(1))], "no types"),
            ([out, src, dst, a("PROTO", u8(17)), a("SPORT", u16(1)),
              a("FRAGMENT")], "shows no ports"),
            (six + [a("PROTO", u8(135)), a("CODE", u8(1))], "no code"),
            (six + [a("PROTO", u8(0))], "extension header"),
            (six + [a("DONT_FRAGMENT")], "IPv6 has no DF"),
            ([out, src, dst, a("LEN", u32(27))], "28 bytes at least"),
            (six + [a("LEN", u32(55)), a("FRAGMENT")], "56 bytes at least"),
            ([out, src, dst, a("LEN", u32(65536))], "more than 65535"),
            ([out, src, dst, a("DSCP", u8(64))], "")):
        try:
            lab.nl.do("POLICY_EXPLAIN", *msg)
        except lib.Refused as e:
            equal(text in e.text, True, "%s: %s" % (text, e.text))
        else:
            raise AssertionError("taken: " + text)
    equal(state(), before, "state")
    status, _, text = lab.cli("policy", "explain", "src", IN4, ok=None)
    equal((status, "give in or out" in text), (2, True), text)
    cli = lib.public_cli()
    status, _, text = lab.n.exec(*lib.NOBODY, cli, "policy", "explain", "out",
                                 "src", IN4, "dst", FAR4, ok=None)
    equal(status, 1, "without a right: " + text)


report.add("the policy that decides counts the packet", winners)
report.add("why it is that one", reasons)
report.add("bypass, discard and defaults", verdicts)
report.add("inbound, what it must have come by", inbound)
report.add("fragments that show no ports", fragments)
report.add("types", types)
report.add("no SA: who would be asked", lacking)
for case in wires():
    report.add("on the wire: " + case[0], on_wire, *case[1:])
report.add("the parts of a packet", parts)
report.add("fragmented before and after", fragmented)
report.add("IPComp", compressed)
report.add("an SA at its end", used_up)
report.add("routes and marks", routes)
report.add("interfaces and marks", interfaces)
report.add("what is local to a VRF", of_a_vrf)
report.add("a group of this node, IPv6", of_this_node)
report.add("what is refused", refused)

if __name__ == "__main__":
    sys.exit(report.run())
