# SPDX-License-Identifier: GPL-2.0
"""What an entry of the SPD has beside one selector and one name.

RFC 4301 section 4.4.1.2: several selector sets, a list of names, and how the
SAs of a protect policy work.
"""
import struct
import sys

import lib
from judge import (BLIND, CLEAR, ESP, FAMILIES, FAR_PORT, PORT, arrive, far,
                   lab, null, pieces, send, sock4, sock6)
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, PEER4, Refused, attr, attrs,
                 equal, ipv4, nothing, selector, u8, u32, wait_for)

report = lib.Report()


def more(*sels):
    return [attr(C["A_POLICY_SELECTOR_MORE"], s) for s in sels]


def entry(direction, *sels, cmd="POLICY_NEW", extra=(), **kw):
    """A policy of several selector sets; gives its index."""
    msg = lab.policy_attrs(direction, sels[0], **kw) + more(*sels[1:])
    reply, = lab.nl.do(cmd, *msg, *extra)
    return struct.unpack("=I", dict(reply)[C["A_POLICY_INDEX"]])[0]


def unentry(direction, *sels):
    lab.nl.do("POLICY_DEL", attr(C["A_POLICY_DIR"],
                                 u8(C["DIR_" + direction.upper()])),
              attr(C["A_POLICY_SELECTOR"], sels[0]), *more(*sels[1:]))


def refused(code, func, *args, **kw):
    before = lab.nl.tables()
    try:
        func(*args, **kw)
    except Refused as e:
        equal(e.code, code, e.text)
    else:
        raise AssertionError("accepted")
    equal(lab.nl.tables(), before, "tables")


def shown():
    return lib.json_of(lab.cli("-j", "policy", "list"))


def sets():
    """Each set by itself, of both families, both ways; no mixture of two."""
    lab.reset()
    entry("out", selector(IN4, FAR4, 17, None, (FAR_PORT, FAR_PORT)),
          selector(IN4, "192.168.2.9", 17, None, [(7, 7), (9, 9)]),
          selector(IN6, FAR6), action="discard")
    entry("in", selector(FAR6, IN6, 17, (7, 7)),
          selector("192.168.2.9", IN4, 17, [(7, 7), (9, 9)]),
          selector(FAR4, IN4, 17, (FAR_PORT, FAR_PORT)), action="discard")
    met = 0
    for near, there, port, out, inn in (
            (IN4, FAR4, FAR_PORT, True, True), (IN4, FAR4, 7, False, False),
            (IN4, "192.168.2.9", 9, True, True),
            (IN4, "192.168.2.9", FAR_PORT, False, False),
            (IN4, "192.168.2.8", 9, False, False),
            (IN6, FAR6, 7, True, True), (IN6, FAR6, 8, True, False),
            (IN6, "fd00:2::9", 7, False, False)):
        six = ":" in there
        what = "%s port %d" % (there, port)
        met += out
        equal(send(there, dport=port, src=near),
              "out_discard" if out else CLEAR, what)
        equal(arrive(far(six, sport=port, src=there), six),
              "in_discard" if inn else CLEAR, what)
    pol_in, pol_out = shown()
    equal(pol_out["packets"], met, "hits")
    equal(len(pol_in["more_sels"]), 2)
    # one action and one SA for all of them
    lab.reset()
    lab.sa(null, "out")
    entry("out", selector(IN4, FAR4, 17, None, (FAR_PORT, FAR_PORT)),
          selector(IN6, FAR6), priority=1)
    lab.default("out", "discard")
    equal(send(FAR4, src=IN4), ESP)
    equal(send(FAR6, src=IN6), ESP)
    equal(send(FAR4, dport=7, src=IN4), "out_discard")
    lab.reset()


def sets_received():
    """RFC 4301 5.2: what comes out of an SA must be of one of the sets."""
    lab.reset()
    spi = lab.sa(null, "in")
    entry("in", selector(FAR4, IN4, 17, None, (1, 1)),
          selector(FAR6, IN6, 17, None, (PORT, PORT)),
          selector(FAR4, IN4, 17, (7, 7), (PORT, PORT)))
    for seq, (packet, proto, expect) in enumerate((
            (far(sport=7), 4, "in_ok"), (far(True), 41, "in_ok"),
            (far(), 4, "in_policy"),
            (far(True, dport=PORT + 1), 41, "in_policy")), 1):
        lab.mark()
        lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, seq, proto, packet)))
        lab.counted({expect: 1})
    equal(sock4.recv(100), b"in")
    equal(sock6.recv(100), b"in")
    # the same in the clear
    equal(arrive(far(sport=7)), "in_clear")
    equal(arrive(far(True), True), "in_clear")
    equal(arrive(far()), CLEAR)
    lab.reset()


def sets_defrag():
    """Ports of any set: fragments in the clear are judged as a whole."""
    for six, near, there in FAMILIES:
        lab.reset()
        entry("in", selector(there, near, 1),
              selector(there, near, 17, None, (PORT, PORT)), action="discard")
        lab.mark()
        for p in reversed(pieces(six, bytes(2000))):
            lab.wire.send(p)
        lab.counted({"in_discard": 1})
        nothing(sock6 if six else sock4)
        # without it the set that is left needs no ports
        entry("in", selector(there, near, 17), action="discard", priority=0)
        unentry("in", selector(there, near, 17, None, (PORT, PORT)),
                selector(there, near, 1))
        for p in pieces(six, bytes(1000)):
            lab.wire.send(p)
            if not six:
                lab.counted({"in_discard": 1})
        if six:
            lab.counted({"in_discard": 1})
    lab.reset()


def sets_fragments():
    """What a fragment does not show of one set, another need not ask for."""
    data = bytes(i & 255 for i in range(2000))
    for six, near, there in FAMILIES:
        port = selector(there, near, 17, None, (PORT, PORT))
        blind = selector(there, near, 17, BLIND, BLIND)
        whole = selector(there, near, 17)
        other = selector(there, near, 17, None, (1, 1))
        tcp = selector(there, near, 6, None, (PORT, PORT))
        # sets, and those of a policy in front of it: what becomes of the first
        # fragment and of the others
        for sels, front, first, later in (
                ((port, tcp), None, "in_ok", "in_frag_opaque"),
                ((tcp, port, blind), None, "in_ok", "in_ok"),
                ((blind, tcp), None, "in_policy", "in_ok"),
                ((other, whole), None, "in_ok", "in_ok"),
                ((tcp, whole), other, "in_ok", "in_frag_opaque"),
                ((whole, blind), other, "in_ok", "in_ok")):
            lab.reset()
            spi = lab.sa(null, "in")
            entry("in", *sels, priority=5)
            if front:
                entry("in", front, action="discard", priority=1)
            for seq, p in enumerate(pieces(six, data), 1):
                lab.mark()
                lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(
                    spi, seq, 41 if six else 4, p)))
                lab.counted({first if seq == 1 else later: 1})
            if first == later == "in_ok":
                equal((sock6 if six else sock4).recv(65536), data)
            nothing(sock6 if six else sock4)
    lab.reset()


def sets_same():
    """Which policies have the same selector, and what is refused of sets."""
    one, two, three = (selector(IN4, "192.168.2.%d" % n) for n in (1, 2, 3))
    lab.reset()
    index = entry("out", one, two, three, action="discard")
    refused(17, entry, "out", three, one, two, action="bypass")
    part = entry("out", one, two, action="bypass", priority=3)
    refused(17, entry, "out", two, one, action="discard")
    refused(2, unentry, "out", one)
    refused(2, unentry, "out", one, three)
    equal(send("192.168.2.1", src=IN4), "out_discard")
    # replaced where it is, and keeps its index
    equal(entry("out", two, three, one, cmd="POLICY_UPDATE", action="bypass",
                priority=9), index)
    equal([p["index"] for p in shown()], [part, index])
    equal([p["action"] for p in shown()], ["bypass", "bypass"])
    got, = lab.nl.do("POLICY_GET", attr(C["A_POLICY_DIR"], u8(2)),
                     attr(C["A_POLICY_SELECTOR"], three), *more(one, two))
    equal(struct.unpack("=I", dict(got)[C["A_POLICY_INDEX"]])[0], index)
    unentry("out", three, two, one)
    equal([p["index"] for p in shown()], [part])
    # as many as there may be, and one too many, of a new one and of an old one
    many = [selector(IN4, "192.168.2.%d" % n) for n in range(100, 117)]
    entry("out", *many[:16], action="discard")
    equal(send("192.168.2.115", src=IN4), "out_discard")
    equal(send("192.168.2.116", src=IN4), CLEAR)
    refused(7, entry, "out", *many, action="discard")
    refused(7, entry, "out", *many, action="discard", cmd="POLICY_UPDATE")
    refused(7, unentry, "out", *many)
    refused(22, entry, "out", one, three, two, three, action="discard")
    lab.reset()


def sets_populated():
    """PFP is for all sets: an SA for each value of a packet."""
    lab.reset()
    pfp = attr(C["A_POLICY_PFP"], u32(C["PFP_FLAG_DST"]))
    entry("out", selector(IN4, FAR4), selector(IN4, "192.168.2.8/29"),
          extra=[pfp])
    spis = {}
    for there in ("192.168.2.9", FAR4):
        spis[there] = lab.sa(null, "out", sel=selector(IN4, there))
    lab.sa(null, "out", sel=selector(IN4, "192.168.2.0/24"))
    sock = lab.listen(PORT + 1, host=IN4)
    for there, spi in spis.items():
        sock.sendto(b"x", (there, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!I", p, 20)[0], spi, "SPI to " + there)
    sock.close()
    equal(send("192.168.2.10", src=IN4), "out_no_sa")
    lab.reset()


TMPL = ["tmpl", "src", OUT4, "dst", PEER4, "proto", "esp", "mode", "tunnel"]


def fed_back():
    """What is shown is what is said: words, and once more from the text."""
    lab.reset()
    lab.cli("policy", "add", "dir", "out", "src", IN4, "dst",
            FAR4 + ",192.168.2.9", "sel", "src", IN6, "dst", "any", "proto",
            "tcp", "dport", "80,443", "sel", "src", "any", "dst",
            "192.168.2.0/24", "proto", "icmp", "type", "8", "name", "first",
            "name", "second", "priority", "7", "owner", "me", "action",
            "protect", *TMPL, "esn", "yes", "df", "set", "dscp", "46", *TMPL,
            "esn", "no", "df", "copy", "dscp", "copy", "algo", "rfc4106(gcm(aes))")
    text = lab.cli("policy", "list")
    pol, = shown()
    equal(len(pol["more_sels"]), 2)
    equal(pol["more_sels"][0]["dport"], "80,443")
    equal((pol["name"], pol["more_names"]), ("first", ["second"]))
    equal([pol["tmpl"][k] for k in ("esn", "df", "dscp")], [True, "set", 46])
    equal([pol["outer_tmpls"][0][k] for k in ("esn", "df", "dscp")],
          [False, "copy", "copy"])
    words = text[:text.index("\tstats:")].split()
    at = words.index("index")
    del words[at:at + 2]
    lab.cli("policy", "flush")
    lab.cli("policy", "add", *words)
    again, = shown()
    del pol["index"], again["index"]
    equal(again, pol)
    key = ["dir", "out", "src", "any", "dst", "192.168.2.0/24", "proto", "icmp",
           "type", "8", "sel", "src", IN4, "dst", "192.168.2.9," + FAR4]
    equal(lab.cli("policy", "get", *key, ok=False), "")
    key += ["sel", "src", IN6, "dst", "any", "proto", "tcp", "dport", "80,443"]
    equal(lab.cli("policy", "get", *key), lab.cli("policy", "list"))
    lab.cli("policy", "del", *key)
    equal(lab.cli("policy", "list"), "")
    lab.reset()


def largest(n):
    """Selector sets of as many ranges as there can be, and no prefix."""
    def addrs(six):
        return ",".join(
            "fd00:%x::%x:1-fd00:%x::%x:9" % (n + 1, 2 * i, n + 1, 2 * i)
            if six else "10.%d.%d.1-10.%d.%d.9" % (n, i, n, i)
            for i in range(16))
    six = n > 0
    ports = ",".join("%d-%d" % (100 * i + 1, 100 * i + 2) for i in range(16))
    return ["src", addrs(six), "dst", addrs(six), "proto", "tcp", "sport",
            ports, "dport", ports]


def all_limits():
    """A policy that has all it can have is there and is told whole."""
    lab.reset()
    words = largest(0)
    for n in range(1, 16):
        words += ["sel", *largest(n)]
    for n in range(8):
        words += ["name", str(n) * 255]
    tmpl = TMPL + ["esn", "yes", "df", "set", "dscp", "46"] + \
        8 * ["algo", "rfc7539esp(chacha20,poly1305)"]
    lab.policy("out", IN4, FAR4, action="bypass", priority=1)
    lab.cli("policy", "add", "dir", "out", *words, "action", "protect",
            "priority", "5", *4 * tmpl)
    lab.policy("out", IN6, FAR6, action="bypass", priority=9)
    before, pol, behind = shown()
    equal([p["priority"] for p in (before, behind)], [1, 9])
    equal(len(pol["more_sels"]), 15)
    equal(pol["more_sels"][14]["dport"].count(","), 15)
    equal(len(pol["more_names"]), 7)
    equal(len(pol["outer_tmpls"]), 3)
    equal(len(pol["outer_tmpls"][2]["algos"]), 8)
    got, = lib.json_of("[%s]" % lab.cli("-j", "policy", "get", "index",
                                        str(pol["index"])))
    equal(got, pol)
    # the last of it counts too
    lab.cli("policy", "add", "dir", "in", *words, "action", "discard")
    lab.mark()
    for port in (1503, 1502):
        tcp = struct.pack("!HHIIBBHHH", port, port, 0, 0, 0x50, 2, 0, 0, 0)
        lab.wire.send(lib.ipv6("fd00:10::1e:9", "fd00:10::1e:1", 6, tcp))
    lab.counted({"in_discard": 1})
    lab.reset()


def outer(**kw):
    return [attr(C["A_SA_OUTER"], [attr(C["A_OUTER_" + k], u8(v))
                                   for k, v in kw.items()])]


ESN = C["SA_FLAG_ESN"]
# what can be asked of an SA, and an SA like that and one that is not
DEMANDS = (("ESN", 1, {"flags": ESN}, {}), ("ESN", 0, {}, {"flags": ESN}),
           ("DF", C["DF_SET"], {"extra": outer(DF=C["DF_SET"])}, {}),
           ("DF", C["DF_COPY"], {}, {"extra": outer(DF=C["DF_CLEAR"])}),
           ("DSCP", 10, {"extra": outer(DSCP=10)}, {"extra": outer(DSCP=11)}),
           ("DSCP", 0, {"extra": outer(DSCP=0)}, {}),
           ("DSCP_COPY", None, {}, {"extra": outer(DSCP=0)}))


def demand(direction, name, value):
    *attrs, tmpl = lab.policy_attrs(direction, selector(
        *((IN4, FAR4) if direction == "out" else (FAR4, IN4))))
    tmpl = attr(C["A_POLICY_TMPL"], [tmpl[4:], attr(
        C["A_TMPL_" + name], b"" if value is None else u8(value))])
    lab.nl.do("POLICY_UPDATE", *attrs, tmpl)


def demands_out():
    """RFC 4301 4.4.1.2: an SA that is not as policy asks is not its SA."""
    for name, value, good, bad in DEMANDS:
        what = "%s %s" % (name, value)
        lab.reset()
        demand("out", name, value)
        wanted = lab.sa(null, "out", **good)
        lab.sa(null, "out", **bad)      # newer
        sock = lab.listen(PORT + 1, host=IN4)
        sock.sendto(b"x", (FAR4, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!I", p, 20)[0], wanted, what)
        sock.close()
        lab.nl.do("SA_DEL", attr(C["A_SA_DST"], lib.addr(PEER4)),
                  attr(C["A_SA_PROTO"], u8(50)),
                  attr(C["A_SA_SPI"], struct.pack("!I", wanted)))
        equal(send(FAR4, src=IN4), "out_no_sa", what)
        lab.policy("out", IN4, FAR4, cmd="POLICY_UPDATE")
        equal(send(FAR4, src=IN4), ESP, "nothing asked")
    lab.reset()


def demands_in():
    for name, value, good, bad in DEMANDS:
        lab.reset()
        demand("in", name, value)
        # an SA that receives makes no outer headers
        refuse = "in_policy" if name == "ESN" else "in_ok"
        for how, expect in ((bad, refuse), (good, "in_ok")):
            spi = lab.sa(null, "in", replay_window=64, **how)
            lab.mark()
            lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(
                spi, 1, 4, far(), esn=bool(how.get("flags")))))
            lab.counted({expect: 1}, "%s %s" % (name, value))
            if expect == "in_ok":
                equal(sock4.recv(100), b"in")
        nothing(sock4)
    lab.reset()


def listener():
    """A member of the group "events", so that somebody is asked for SAs."""
    return lib.Genl(lab.n).join()


def demands_told():
    """Who is asked for an SA is told what it must be like."""
    lab.reset()
    lab.cli("policy", "add", "dir", "out", "src", IN4, "dst", "192.168.2.8",
            "sel", "src", IN4, "dst", "192.168.2.7", "action", "protect",
            *TMPL, "esn", "yes", "df", "clear", "dscp", "copy")
    pol, = shown()
    with listener():
        lab.sa(null, "out")
        lab.listen(PORT + 1, host=IN4).sendto(b"x", ("192.168.2.7", FAR_PORT))
        got, = lib.json_of(lab.cli("-j", "acquire", "list"))
        equal(got["policy"], pol["index"])
        equal(got["packet"]["dst"], "192.168.2.7/32")
        equal([got["tmpl"][k] for k in ("esn", "df", "dscp")],
              [True, "clear", "copy"])
        lab.sa(null, "out", flags=ESN, extra=outer(DF=C["DF_CLEAR"]))
        wait_for(lab.wire.recv, "the packet that waited")
    lab.reset()


def sets_wanted():
    """An SA for one set leaves the others to be asked for."""
    lab.reset()
    entry("out", selector(IN4, "192.168.2.7"), selector(IN4, FAR4),
          selector(IN6, FAR6))
    six = lab.listen(PORT + 1, True, IN6)
    four = lab.listen(PORT + 1, host=IN4)

    def wanted():
        got = lib.json_of(lab.cli("-j", "acquire", "list"))
        return [(e["packet"]["dst"], e["packets"]) for e in got]
    with listener():
        for there in ("192.168.2.7", FAR4, "192.168.2.7"):
            four.sendto(b"x", (there, FAR_PORT))
        six.sendto(b"x", (FAR6, FAR_PORT))
        equal(wanted(), [("192.168.2.7/32", 2), (FAR4 + "/32", 1),
                         (FAR6 + "/128", 1)])
        lab.sa(null, "out", sel=selector(IN4, "192.168.2.7"))
        for _ in range(2):
            wait_for(lab.wire.recv, "packets that waited")
        equal(wanted(), [(FAR4 + "/32", 1), (FAR6 + "/128", 1)])
        lab.sa(null, "out")
        for _ in range(2):
            wait_for(lab.wire.recv, "packets that waited")
    six.close()
    four.close()
    lab.reset()


for test, func in (
        ("selector sets", sets),
        ("selector sets, on receipt", sets_received),
        ("selector sets, fragments in the clear", sets_defrag),
        ("selector sets, fragments inside", sets_fragments),
        ("selector sets, same and refused", sets_same),
        ("selector sets, SAs of one value", sets_populated),
        ("selector sets, SAs wanted", sets_wanted),
        ("shown and fed back", fed_back),
        ("all limits", all_limits),
        ("ESN, DF, DSCP asked of SAs", demands_out),
        ("ESN, DF, DSCP asked on receipt", demands_in),
        ("ESN, DF, DSCP asked of key management", demands_told)):
    report.add(test, func)
sys.exit(report.run())
