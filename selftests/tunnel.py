# SPDX-License-Identifier: GPL-2.0
"""The outer headers of tunnels, field by field.

The topology is that of lib.py. Host n forwards packets that are made by hand,
so that every field of the inner header is known, and what leaves is opened by
hand; or it is sent ESP that is made by hand.
"""
import errno
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 attr, equal, ip, ipv4, nothing, u8, u32, udp, udp_packet,
                 wait_for)

PORT, FAR_PORT = 4000, 5000
NOT, ECT1, ECT0, CE = 0, 1, 2, 3
DF, MF = 0x4000, 0x2000
# Through n, from the one to the other
FROM4, TO4 = "192.168.2.1", "10.8.8.8"
FROM6, TO6 = "fd00:2::1", "fd00:8::8"
FAMILIES = ((False, False), (True, True), (True, False), (False, True))
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def outer(ecn=None, dscp=None, df=None, hop_limit=None, label=None,
          label_value=None, frag=None):
    """The attribute; names as in the uapi header."""
    out = []
    for name, val, kind in (("ECN", ecn, "ECN_"), ("DSCP", dscp, None),
                            ("DF", df, "DF_"), ("HOP_LIMIT", hop_limit, None),
                            ("LABEL", label, "LABEL_"),
                            ("LABEL_VALUE", label_value, None),
                            ("FRAG", frag, "FRAG_")):
        if val is None:
            continue
        if kind and isinstance(val, str):
            val = C[kind + val.upper()]
        size = u32 if name == "LABEL_VALUE" else u8
        out.append(attr(C["A_OUTER_" + name], size(val)))
    return [attr(C["A_SA_OUTER"], out)]


def setup_out(six, flags=0, extra=(), **more):
    """An SA for what goes through n, outer family six."""
    lab.reset()
    lab.sa(null, "out", six=six, flags=flags, extra=extra, **more)
    for src, dst in ((FROM4, TO4), (FROM6, TO6)):
        lab.policy("out", src, dst, six=six)
    lab.mark()


def through(six, data=b"through", tos=0, label=0, **kw):
    """A packet for n to forward."""
    src, dst = (FROM6, TO6) if six else (FROM4, TO4)
    p = udp_packet(src, dst, kw.pop("sport", 1), 2, data, tos=tos, **kw)
    if six:
        word = struct.unpack_from("!I", p)[0] | label
        p = struct.pack("!I", word) + p[4:]
    return p


def tos_of(p):
    return (p[0] << 4 & 0xf0 | p[1] >> 4) if p[0] >> 4 == 6 else p[1]


def head_of(p):
    return 40 if p[0] >> 4 == 6 else 20


def frag_of(p):
    return struct.unpack_from("!H", p, 6)[0]


def label_of(p):
    return struct.unpack_from("!I", p)[0] & 0xfffff


def sealed(packet):
    """What becomes of a packet: the ESP packet."""
    lab.wire.send(packet)
    return wait_for(lab.wire.recv, "an ESP packet")


def opened(p):
    return null.open(p[head_of(p):])[3]


# ECN and DSCP

def ecn_out(outer6, inner6):
    """RFC 6040 figure 3, under any DSCP."""
    for mode in ("normal", "compat", "off", None):
        setup_out(outer6, extra=outer(ecn=mode))
        for tos in [0xb8 | e for e in range(4)] + [0, 3, 0xff]:
            p = sealed(through(inner6, tos=tos))
            want = tos if mode in ("normal", None) else tos & ~3
            equal(tos_of(p), want, "%s, 0x%x" % (mode, tos))
            equal(tos_of(opened(p)), tos, "inner")
            lab.counted({"out_ok": 1})
    setup_out(outer6, C["SA_FLAG_NOECN"])
    equal(tos_of(sealed(through(inner6, tos=0x2b))), 0x28, "flag noecn")


# RFC 6040 figure 4: by inner, then outer field; what goes on, what is counted
FIGURE_4 = {
    NOT: {NOT: (NOT, None), ECT0: (NOT, "in_ecn_danger"),
          ECT1: (NOT, "in_ecn_danger"), CE: (None, "in_ecn")},
    ECT0: {NOT: (ECT0, None), ECT0: (ECT0, None), ECT1: (ECT1, None),
           CE: (CE, None)},
    ECT1: {NOT: (ECT1, None), ECT0: (ECT1, "in_ecn_unused"),
           ECT1: (ECT1, None), CE: (CE, None)},
    CE: {NOT: (CE, None), ECT0: (CE, None), ECT1: (CE, "in_ecn_danger"),
         CE: (CE, None)},
}


def receive(spi, seq, outer6, inner6, inner, out):
    """One packet with these TOS into the tunnel."""
    src, dst = (FAR6, IN6) if inner6 else (FAR4, IN4)
    esp = null.seal(spi, seq, 41 if inner6 else 4, udp_packet(
        src, dst, FAR_PORT, PORT, b"e", tos=inner))
    src, dst = (PEER6, OUT6) if outer6 else (PEER4, OUT4)
    lab.wire.send(ip(src, dst, 50, esp, tos=out))


def tos_received(six):
    level, option, cmsg = (41, 66, 67) if six else (0, 13, 1)
    sock = sock6 if six else sock4
    anc = sock.recvmsg(100, 100)[1]
    return [a[2][0] for a in anc if a[0] == level and a[1] in (cmsg, option)]


def setup_in(outer6, inner6, **more):
    lab.reset()
    spi = lab.sa(null, "in", six=outer6, **more)
    src, dst = (FAR6, IN6) if inner6 else (FAR4, IN4)
    lab.policy("in", src, dst, six=outer6)
    lab.mark()
    return spi


def tos_in(outer6, inner6, mode, flags):
    """RFC 6040 figure 4, DSCP kept or copied."""
    spi = setup_in(outer6, inner6, flags=flags, extra=outer(ecn=mode))
    sock = sock6 if inner6 else sock4
    option = (41, 66) if inner6 else (0, 13)
    sock.setsockopt(*option, 1)
    dscp = 0xb8 if flags & C["SA_FLAG_DECAP_DSCP"] else 0x28
    seq = 0
    for inner, row in FIGURE_4.items():
        for out, (result, counter) in row.items():
            if mode == "off":
                result, counter = inner, None
            seq += 1
            receive(spi, seq, outer6, inner6, 0x28 | inner, 0xb8 | out)
            if result is None:
                lab.counted({counter: 1})
                nothing(sock)
                continue
            lab.counted({"in_ok": 1, counter: 1} if counter else {"in_ok": 1})
            equal(tos_received(inner6), [dscp | result],
                  "inner %d, outer %d" % (inner, out))
    sock.setsockopt(*option, 0)


def dscp_out(outer6, inner6):
    """Copied, or of one value for the SA; ECN is on its own."""
    for dscp in (None, 0, 46, 63):
        setup_out(outer6, extra=outer(dscp=dscp))
        for tos in (0, 0x28, 0xba, 0xff):
            want = tos if dscp is None else dscp << 2 | tos & 3
            equal(tos_of(sealed(through(inner6, tos=tos))), want,
                  "%r for 0x%x" % (dscp, tos))


# The other fields

def two_layers(df):
    """To FAR4 in transport mode, in a tunnel to who is in front of it."""
    from_to = [attr(C["A_SA_SRC"], lib.addr(IN4)), attr(C["A_SA_DST"], lib.addr(FAR4))]

    def tmpl(mode, reqid, *more):
        return attr(C["A_POLICY_TMPL"], [
            attr(C["A_TMPL_PROTO"], u8(50)),
            attr(C["A_TMPL_MODE"], u8(C["MODE_" + mode])),
            attr(C["A_TMPL_REQID"], lib.u32(reqid))] + list(more))

    lab.reset()
    lab.sa(null, "out", extra=outer(df=df))
    lab.nl.do("SA_NEW", *from_to, attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", 0x7777)),
              attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])),
              attr(C["A_SA_DIR"], u8(C["DIR_OUT"])),
              attr(C["A_SA_REQID"], lib.u32(7)), *null.attrs())
    lab.nl.do("POLICY_NEW", attr(C["A_POLICY_DIR"], u8(C["DIR_OUT"])),
              attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
              attr(C["A_POLICY_SELECTOR"], lib.selector(IN4, FAR4, 17)),
              tmpl("TRANSPORT", 7),
              tmpl("TUNNEL", 1, attr(C["A_TMPL_SRC"], lib.addr(OUT4)),
                   attr(C["A_TMPL_DST"], lib.addr(PEER4))))
    lab.mark()


def df_inside():
    """Of a packet in transport mode that a tunnel hides: its sender's, whatever the
    tunnel says of its own; but of one that goes on though it is too big."""
    for df, want in ("clear", 0), ("copy", DF):
        two_layers(df)
        with lab.listen(4321, host=IN4) as sock:
            # it discovers, and so sets DF
            sock.sendto(b"data", (FAR4, 9))
            p = wait_for(lab.wire.recv, "ESP")
            sock.sendto(bytes(1460), (FAR4, 9))
            parts = [wait_for(lab.wire.recv, "a fragment") for _ in range(2)]
        equal(frag_of(p), want, "outer, df " + df)
        inner = null.open(p[20:])[3]
        equal((inner[9], frag_of(inner)), (50, DF), "inner, df " + df)
        inner = null.open(join(parts, offset))[3]
        equal((inner[9], frag_of(inner)), (50, 0), "too big, df " + df)
    lab.reset()


def learned_inside():
    """Behind the end of the tunnel routers quote what was in it, and the SA of that
    has it from them."""
    two_layers("copy")
    with lab.listen(4321, host=IN4) as sock:
        sock.setsockopt(0, 10, 2)       # IP_MTU_DISCOVER: IP_PMTUDISC_DO
        sock.sendto(b"data", (FAR4, 9))
        p = wait_for(lab.wire.recv, "ESP")
        lab.counted({"out_ok": 1})
        quoted = null.open(p[20:])[3][:28]
        told = struct.pack("!BBHI", 3, 4, 0, 1300) + quoted
        told = told[:2] + struct.pack("!H", lib.csum(told)) + told[4:]
        lab.wire.send(ipv4(PEER4, IN4, 1, told))
        wait_for(lambda: "pmtu 1300" in lab.cli("sa", "list"), "what was learned")
        # of 1290 bytes the ESP packet would not fit the link there
        try:
            sock.sendto(bytes(1262), (FAR4, 9))
            raise AssertionError("sent though it does not fit")
        except OSError as e:
            equal(e.errno, errno.EMSGSIZE, "error")
        lab.counted({"out_too_big": 1})
        sock.sendto(bytes(1200), (FAR4, 9))
        lab.counted({"out_ok": 1})
    # the route has heard it too
    lab.n.ip("route flush cache")
    lab.reset()


def df_out():
    """RFC 4301 section 8.1: copied, set, cleared."""
    for df, inner_df, want in (("copy", 0, 0), ("copy", DF, DF), (None, DF, DF),
                               ("set", 0, DF), ("set", DF, DF),
                               ("clear", 0, 0), ("clear", DF, 0)):
        setup_out(False, extra=outer(df=df))
        p = sealed(through(False, frag=inner_df))
        equal(frag_of(p), want, "%s of %#x" % (df, inner_df))
        equal(frag_of(opened(p)), inner_df, "inner")
        want = 0 if df == "clear" else DF
        equal(frag_of(sealed(through(True))), want, "%s of IPv6" % df)
    setup_out(False, C["SA_FLAG_NOPMTUDISC"])
    equal(frag_of(sealed(through(False, frag=DF))), 0, "flag nopmtudisc")


def identification():
    """A number for what may be taken apart, and for nothing else; of the host's own,
    which its stack may cut though it has DF."""
    for df, want in ("copy", True), ("set", True), ("clear", False):
        lab.reset()
        lab.sa(null, "out", extra=outer(df=df))
        lab.policy("out", OUT4, TO4)
        lab.n.exec("ip", "route", "replace", TO4, "via", PEER4)
        # a number at random may be 0, of two packets one is not
        got = []
        for _ in range(2):
            sock4.sendto(b"x", (TO4, 5000))
            p = wait_for(lab.wire.recv, "ESP")
            got.append((p[9], bool(p[6] & 0x40), p[4:6] != bytes(2)))
        equal([g[:2] for g in got], [(50, want)] * 2, "DF %s" % df)
        equal(any(g[2] for g in got), not want, "numbers, DF %s" % df)
    lab.n.exec("ip", "route", "del", TO4)


def hop_limit_out(outer6):
    for hops in (None, 1, 2, 9, 255):
        setup_out(outer6, extra=outer(hop_limit=hops))
        for inner6 in (False, True):
            p = sealed(through(inner6, **{"hlim" if inner6 else "ttl": 33}))
            equal(p[7 if outer6 else 8], hops or 64, "outer")
            equal(opened(p)[7 if inner6 else 8], 32, "inner")


def flow_label():
    setup_out(True)
    equal(label_of(sealed(through(True, label=0xabcde))), 0, "default")
    setup_out(True, extra=outer(label_value=0x12345))
    for six in (False, True):
        equal(label_of(sealed(through(six))), 0x12345, "a value")
    setup_out(True, extra=outer(label="copy"))
    equal(label_of(sealed(through(True, label=0xabcde))), 0xabcde, "copied")
    equal(label_of(sealed(through(False))), 0, "nothing to copy")
    setup_out(True, extra=outer(label="hash"))
    for six in (False, True):
        seen = {}
        for sport in list(range(1, 17)) * 2:
            got = label_of(sealed(through(six, sport=sport)))
            equal(seen.setdefault(sport, got), got, "label of a flow")
        equal(len(set(seen.values())) > 8, True, "labels: %r" % seen)


# Fragments

def join(parts, off_of):
    """Fragments to the payload, which must be whole."""
    out, last = b"", None
    for p in sorted(parts, key=off_of):
        equal(off_of(p) * 8, len(out), "offset")
        out += p[(p[0] & 15) * 4:]
        last = p
    equal(frag_of(last) & MF, 0, "end of the datagram")
    return out


def offset(p):
    return frag_of(p) & 0x1fff


def all_sealed(packet, count):
    lab.wire.send(packet)
    return [wait_for(lab.wire.recv, "packet %d" % i) for i in range(count)]


def fragments(outer6):
    """A packet that does not fit and may be fragmented."""
    data = bytes(i % 251 for i in range(1460))
    whole = udp(FROM4, TO4, 1, 2, data)
    packet = ipv4(FROM4, TO4, 17, whole, ident=77, frag=0)
    for frag in ("before", None, "after"):
        setup_out(outer6, extra=outer(frag=frag))
        parts = all_sealed(packet, 2)
        equal(max(len(p) for p in parts) <= 1500, True, "larger than the path")
        if frag == "before":
            lab.counted({"out_ok": 2})
            parts = [opened(p) for p in parts]
            equal(join(parts, offset), whole, "inner datagram")
            continue
        lab.counted({"out_ok": 1})
        if outer6:
            equal([p[6] for p in parts], [44, 44], "fragment headers")
            parts.sort(key=lambda p: struct.unpack_from("!H", p, 42)[0])
            esp = b"".join(p[48:] for p in parts)
        else:
            esp = join(parts, offset)
        equal(null.open(esp)[3][20:], whole, "inner datagram")
    lab.wire.silent()


def fragments_df_set():
    """Outer DF is set: only the inner packet can be fragmented."""
    setup_out(False, extra=outer(df="set"))
    data = bytes(3000)
    whole = udp(FROM4, TO4, 1, 2, data)
    for n in range(0, len(whole), 1480):
        more = MF if n + 1480 < len(whole) else 0
        lab.wire.send(ipv4(FROM4, TO4, 17, whole[n:n + 1480], ident=5,
                           frag=more | n >> 3))
    parts = [wait_for(lab.wire.recv, "one") for _ in range(5)]
    equal({frag_of(p) for p in parts}, {DF}, "outer")
    equal(join([opened(p) for p in parts], offset), whole, "inner datagram")
    lab.wire.silent()


def fragments_forbidden():
    """DF and too big: the sender is told, whatever the SA says of fragments."""
    for frag in ("before", "after"):
        setup_out(False, extra=outer(frag=frag))
        lab.policy("out", OUT4, FROM4, action="bypass")
        lab.mark()
        lab.wire.send(through(False, bytes(1460), frag=DF))
        p = wait_for(lab.wire.recv, "an ICMP error")
        equal((p[9], p[20], p[21]), (1, 3, 4), "fragmentation needed")
        mtu = struct.unpack_from("!H", p, 26)[0]
        lab.counted({"out_too_big": 1})
        # and that is exactly what fits
        for size, fits in ((mtu, True), (mtu + 1, False)):
            lab.wire.send(through(False, bytes(size - 28), frag=DF))
            p = wait_for(lab.wire.recv, "a packet")
            equal(p[9], 50 if fits else 1, "%d bytes" % size)
    # DF of the inner packet is not copied: fragmented outside
    setup_out(False, extra=outer(df="clear", frag="before"))
    parts = all_sealed(through(False, bytes(1460), frag=DF), 2)
    inner = null.open(join(parts, offset))[3]
    equal(frag_of(inner), DF, "inner DF")


def fragments_of_segments():
    """A local super-packet whose segments do not fit."""
    setup_out(False, extra=outer(frag="before"))
    lab.policy("out", IN4, FAR4)
    s = lab.listen(PORT + 1, host=IN4)
    s.setsockopt(0, 10, 0)          # IP_PMTUDISC_DONT
    s.setsockopt(17, 103, 1400)     # UDP_SEGMENT
    lab.n.exec("ip", "link", "set", "vn", "mtu", "1450")
    try:
        lab.mark()
        s.sendto(bytes(2800), (FAR4, FAR_PORT))
        parts = [opened(wait_for(lab.wire.recv, "one")) for _ in range(4)]
        equal(sorted(frag_of(p) & MF for p in parts), [0, 0, MF, MF], "parts")
        lab.counted({"out_ok": 4})
        lab.wire.silent()
    finally:
        lab.n.exec("ip", "link", "set", "vn", "mtu", "1500")
        s.close()


# What is asked for and what is shown

def refused(code, **more):
    base = lab.nl.tables()
    try:
        lab.sa(null, "out", **more)
    except lib.Refused as e:
        equal(e.code, code, e.text)
        equal(lab.nl.tables(), base, "tables")
        return e.text
    raise AssertionError("accepted: %r" % more)


def refusals():
    lab.reset()
    einval, erange = 22, 34
    for extra in (outer(ecn=3), outer(dscp=64), outer(df=3), outer(label=3),
                  outer(hop_limit=0), outer(label_value=0x100000),
                  outer(frag=2)):
        refused(erange, extra=extra)
    for text, flags, extra in (
            ("noecn", "NOECN", outer(ecn="compat")),
            ("noecn", "NOECN", outer(ecn="normal")),
            ("nopmtudisc", "NOPMTUDISC", outer(df="set")),
            ("before", None, outer(df="set", frag="after")),
            ("no value", None, outer(label="hash", label_value=1))):
        flags = C["SA_FLAG_" + flags] if flags else 0
        equal(text in refused(einval, flags=flags, extra=extra), True, text)
    equal("transport" in refused(einval, mode="transport",
                                 extra=outer(dscp=1)), True)


def shown():
    """What was given comes back, by message and by command."""
    lab.reset()
    given = outer(ecn="compat", dscp=46, df="set", hop_limit=7,
                  label="hash", frag="before")
    lab.sa(null, "out", extra=given)
    sa = dict(lab.nl.dump("SA_GET")[0])
    equal(attr(C["A_SA_OUTER"], [sa[C["A_SA_OUTER"]]]), given[0], "attributes")
    lab.reset()
    lab.sa(null, "out", flags=C["SA_FLAG_NOECN"] | C["SA_FLAG_NOPMTUDISC"])
    text = lab.cli("sa", "list")
    line = "ecn off dscp copy df clear hop-limit default flow-label 0 frag after"
    equal(line in text, True, text)
    lab.reset()
    key = lib.key_file(null.auth)
    words = ("ecn compat dscp 9 df clear hop-limit 200 flow-label 0x00123 "
             "frag before")
    lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "esp", "spi",
            "0x500", "mode", "tunnel", *words.split(), "enc", "null",
            "auth-trunc", "sha256", key, "128")
    equal(words in lab.cli("sa", "list"), True, "the same words")
    got = lib.json_of(lab.cli("-j", "sa", "list"))[0]
    equal(got["outer"], {"ecn": "compat", "dscp": "9", "df": "clear",
                         "hop_limit": "200", "flow_label": "0x00123",
                         "frag": "before"}, "JSON")
    equal("nopmtudisc" in got["flags"], True, "the flag that says the same")


lab.forward()
for o, n in FAMILIES:
    tag = "IPv%s in IPv%s" % ("64"[not n], "64"[not o])
    report.add("ECN out, " + tag, ecn_out, o, n)
    report.add("DSCP out, " + tag, dscp_out, o, n)
    for m in ("normal", "compat", "off"):
        for f in (0, C["SA_FLAG_DECAP_DSCP"]):
            report.add("ECN %s%s in, %s" % (m, " and DSCP" if f else "", tag),
                       tos_in, o, n, m, f)
report.add("DF", df_out)
report.add("DF of a packet in transport mode, in a tunnel", df_inside)
report.add("path MTU learned inside of a tunnel", learned_inside)
report.add("identification", identification)
report.add("TTL", hop_limit_out, False)
report.add("hop limit", hop_limit_out, True)
report.add("flow label", flow_label)
report.add("fragments, outer IPv4", fragments, False)
report.add("fragments, outer IPv6", fragments, True)
report.add("fragments, DF set", fragments_df_set)
report.add("fragments forbidden", fragments_forbidden)
report.add("fragments of segments", fragments_of_segments)
report.add("refusals", refusals)
report.add("what is shown", shown)
sys.exit(report.run())
