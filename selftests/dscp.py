# SPDX-License-Identifier: GPL-2.0
"""Classes of traffic on SAs of their own (RFC 4301 sections 4.1, 4.4.2.1).

The topology is that of lib.py. Which SA was taken is read from the wire.
"""
import struct
import sys
import threading

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 addr, attr, equal, ip, u8, u32, u64, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
ESP, AH = 50, 51
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def dscps(*values):
    """For sa(): a set of them."""
    return [attr(C["A_SA_DSCP_SET"], u64(sum(1 << v for v in set(values))))]


def ends(mode, six):
    if mode == "transport":
        return (OUT6, PEER6) if six else (OUT4, PEER4)
    return (IN6, FAR6) if six else (IN4, FAR4)


def send(dst, tos):
    sock = sock6 if ":" in dst else sock4
    sock.setsockopt(*((41, 67) if ":" in dst else (0, 1)), tos)
    try:
        sock.sendto(b"class", (dst, FAR_PORT))
    except PermissionError:
        pass


def spi_of(p):
    """Of the outermost ESP or AH."""
    head, proto = (40, p[6]) if p[0] >> 4 == 6 else (20, p[9])
    return struct.unpack_from("!I", p, head + (4 if proto == AH else 0))[0]


def taken(dst, dscp, ecn=0):
    """SPI of the SA that a packet took, or the counter that grew."""
    base = lab.nl.stats()
    send(dst, dscp << 2 | ecn)

    def fate():
        p = lab.wire.recv(0)
        if p is not None:
            return spi_of(p)
        drops = [k for k in lib.grown(base, lab.nl.stats()) if k != "out_ok"]
        return drops[0] if drops else None
    return wait_for(fate, "a packet or a counter")


def classes(mode, six, orders=((0, 1, 2), (2, 1, 0))):
    """With its class, else without, never with others; whichever is newer."""
    _, dst = src_dst = ends(mode, six)
    sets = (dscps(46, 10), dscps(*range(8)), [])
    for order in orders:
        lab.reset()
        lab.policy("out", *src_dst, mode=mode, six=six)
        spi = {}
        for i in order:
            spi[i] = lab.sa(null, "out", mode, six, extra=sets[i])
        for dscp, want in ((46, 0), (0, 1), (10, 0), (7, 1), (8, 2), (63, 2),
                           (11, 2), (47, 2), (46, 0)):
            equal(taken(dst, dscp), spi[want], "DSCP %d" % dscp)
        # the two bits beside it are not of it
        for ecn in (1, 2, 3):
            equal(taken(dst, 46, ecn), spi[0], "with ECN")
            equal(taken(dst, 8, ecn), spi[2], "with ECN")


def delete(spi, six=False):
    lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(PEER6 if six else PEER4)),
              attr(C["A_SA_PROTO"], u8(ESP)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)))


def come_and_go():
    """What a template resolved to is not believed beyond a change."""
    lab.reset()
    lab.policy("out", IN4, FAR4)
    equal(taken(FAR4, 46), "out_no_sa")
    plain = lab.sa(null, "out")
    equal(taken(FAR4, 46), plain, "the only one")
    first = lab.sa(null, "out", extra=dscps(46))
    equal(taken(FAR4, 46), first, "that of the class")
    equal(taken(FAR4, 0), plain, "without class")
    second = lab.sa(null, "out", extra=dscps(46, 0))
    equal(taken(FAR4, 46), second, "the newest of the class")
    equal(taken(FAR4, 0), second, "that of the class")
    newer = lab.sa(null, "out")
    equal(taken(FAR4, 46), second, "a class before a newer one without")
    equal(taken(FAR4, 1), newer, "the newest without class")
    delete(second)
    equal(taken(FAR4, 46), first, "the one before")
    equal(taken(FAR4, 0), newer, "without class")
    delete(newer)
    delete(plain)
    equal(taken(FAR4, 0), "out_no_sa", "no class")
    equal(taken(FAR4, 46), first)
    delete(first)
    plain = lab.sa(null, "out")
    for dscp in (0, 46, 63):
        equal(taken(FAR4, dscp), plain)


def others():
    """A selector, a reqid and a peer are looked at first."""
    lab.reset()
    lab.policy("out", IN4, FAR4)
    plain = lab.sa(null, "out")
    lab.sa(null, "out", extra=dscps(46), sel=lib.selector(IN4, "192.168.2.7"))
    lab.sa(null, "out", extra=dscps(46), reqid=2)
    lab.sa(null, "in", reqid=1)
    equal(taken(FAR4, 46), plain)
    mine = lab.sa(null, "out", extra=dscps(46), sel=lib.selector(IN4, FAR4))
    equal(taken(FAR4, 46), mine)
    equal(taken(FAR4, 0), plain)


def nested():
    """What an SA around another one sees is that one's outer header."""
    for fixed, want in ((None, 46), (8, 8)):
        lab.reset()
        extra = [] if fixed is None else [
            attr(C["A_SA_OUTER"], [attr(C["A_OUTER_DSCP"], u8(fixed))])]
        inside = {46: lab.sa(null, "out", extra=extra + dscps(46)),
                  0: lab.sa(null, "out", extra=extra + dscps(0, 8))}
        around = {d: lab.sa(null, "out", "transport", reqid=2, extra=dscps(d))
                  for d in (0, 8, 46)}
        lab.nl.do("POLICY_NEW", *lab.policy_attrs(
            "out", lib.selector(IN4, FAR4)),
            attr(C["A_POLICY_TMPL"], [
                attr(C["A_TMPL_PROTO"], u8(ESP)),
                attr(C["A_TMPL_MODE"], u8(C["MODE_TRANSPORT"])),
                attr(C["A_TMPL_REQID"], u32(2))]))
        for dscp, outer in ((46, want), (0, fixed or 0)):
            send(FAR4, dscp << 2)
            p = wait_for(lab.wire.recv, "a packet")
            equal(spi_of(p), around[outer], "the SA around")
            got = null.open(p[20:])
            equal(struct.unpack_from("!I", got[3])[0], inside[dscp],
                  "the SA inside")


def received():
    """On receipt it is not looked at."""
    lab.reset()
    spi = 0x7000
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(PEER4)),
              attr(C["A_SA_DST"], addr(OUT4)), attr(C["A_SA_PROTO"], u8(ESP)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_REQID"], u32(1)), *null.attrs(), *dscps(46))
    lab.policy("in", FAR4, IN4)
    lab.mark()
    for seq, dscp in enumerate((46, 0, 63), 1):
        packet = udp_packet(FAR4, IN4, FAR_PORT, PORT, b"in", tos=dscp << 2)
        lab.wire.send(ip(PEER4, OUT4, ESP, null.seal(spi, seq, 4, packet)))
        lab.counted({"in_ok": 1})
        equal(sock4.recv(100), b"in")


class Sender(threading.Thread):
    """Two classes, until told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.count = False, 0

    def run(self):
        while not self.stop:
            for dscp in (46, 0):
                try:
                    send(FAR4, dscp << 2)
                except OSError:
                    pass
            self.count += 1


def changes_under_traffic():
    """Not a single packet takes the SA of another class."""
    lab.reset()
    lab.policy("out", IN4, FAR4)
    lab.sa(null, "out")
    sender = Sender()
    sender.start()
    allowed = {}
    try:
        for n in range(max(12, int(30 * lib.SCALE / 100))):
            seen = sender.count
            dscp = (46, 0)[n % 2]
            spi = lab.sa(null, "out", extra=dscps(dscp))
            allowed[spi] = dscp
            wait_for(lambda s=seen: sender.count > s + 1, "traffic")
            if n % 3:
                delete(spi)
    finally:
        sender.stop = True
        sender.join()
    wrong, classed = [], 0
    while True:
        p = lab.wire.recv(0)
        if p is None:
            break
        if spi_of(p) in allowed:
            classed += 1
            # the outer header has the inner one's
            if p[1] >> 2 != allowed[spi_of(p)]:
                wrong.append(p[:24].hex())
    equal(wrong, [], "in the wrong class")
    equal(classed > len(allowed) // 2, True, "%d packets" % classed)
    got = lib.grown(lab.base, lab.nl.stats())
    equal(set(got), {"out_ok"}, "counters")
    lab.reset()


def refusals():
    lab.reset()

    def refused(text, func, *args, **kw):
        before = lab.nl.tables()
        try:
            func(*args, **kw)
        except lib.Refused as e:
            equal(text in e.text, True, "'%s' in '%s'" % (text, e.text))
        else:
            raise AssertionError("accepted, for " + text)
        equal(lab.nl.tables(), before, "tables")

    refused("no DSCP value", lab.sa, null, "out",
            extra=[attr(C["A_SA_DSCP_SET"], u64(0))])
    refused("receiving only", lab.sa, null, "in", extra=dscps(46))
    spi = lab.sa(null, "out", extra=dscps(46))
    refused("in use", lab.nl.do, "SA_UPDATE",
            attr(C["A_SA_SRC"], addr(OUT4)), attr(C["A_SA_DST"], addr(PEER4)),
            attr(C["A_SA_PROTO"], u8(ESP)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi)), *dscps(10))


def command():
    lab.reset()
    key = lib.key_file(null.auth)
    lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "esp", "spi",
            "0x500", "mode", "tunnel", "dir", "out", "reqid", "1", "enc",
            "null", "auth-trunc", "sha256", key, "128", "dscp-set",
            "ef,0-7,af11")
    text = lab.cli("sa", "list")
    equal("\tdscp-set 0-7,10,46\n" in text, True, text)
    equal(lib.json_of(lab.cli("-j", "sa", "list"))[0]["dscp_set"],
          [*range(8), 10, 46], "JSON")
    lab.policy("out", IN4, FAR4)
    equal(taken(FAR4, 46), 0x500)
    equal(taken(FAR4, 47), "out_no_sa")


for m in ("tunnel", "transport"):
    for v in (False, True):
        report.add("classes: %s, IPv%d" % (m, 6 if v else 4), classes, m, v)
report.add("SAs come and go", come_and_go)
report.add("after selector and reqid", others)
report.add("nested SAs", nested)
report.add("not looked at on receipt", received)
report.add("changes under traffic", changes_under_traffic)
report.add("refusals", refusals)
report.add("command", command)
sys.exit(report.run())
