# SPDX-License-Identifier: GPL-2.0
"""A host that was booted with ipv6.disable=1: none of what IPv6 would be asked for is
there. SAs over it are refused, and a peer that sends it inside of an SA is told apart
from one that may.
"""
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, Refused,
                 addr, attr, equal, ipv4, ipv6, u8, u32, udp_packet)

PORT, FAR_PORT = 4000, 5000
NO_FAMILY = 97
report = lib.Report()
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock = lab.listen(PORT)


def refused(func, *args, **kw):
    try:
        func(*args, **kw)
    except Refused as e:
        equal((e.code, e.text), (NO_FAMILY, "this host was booted without IPv6"))
        equal(e.offset is not None, True, "the attribute")
        return
    raise AssertionError("taken")


def over_ipv6():
    """SAs, templates and another place for an SA."""
    lab.reset()
    interval = attr(C["A_SA_TFC"], [attr(C["A_TFC_DUMMY_INTERVAL"], u32(10))])
    refused(lab.sa, null, "out", six=True, extra=(interval,))
    refused(lab.sa, null, "in", six=True)
    refused(lab.policy, "out", IN6, FAR6, six=True)
    spi = lab.sa(null, "out")
    refused(lab.nl.do, "SA_MOVE", attr(C["A_SA_DST"], addr(PEER4)),
            attr(C["A_SA_PROTO"], u8(50)), attr(C["A_SA_SPI"], struct.pack("!I", spi)),
            attr(C["A_SA_MOVE"], [attr(C["A_MOVE_SRC"], addr(OUT6)),
                                  attr(C["A_MOVE_DST"], addr(PEER6))]))
    equal(len(lab.nl.dump("SA_GET")), 1, "SAs")
    equal(lab.nl.dump("POLICY_GET"), [], "policies")


def selectors():
    """Policies of IPv6 are, and have nothing to do."""
    lab.reset()
    lab.policy("out", IN6, FAR6, action="discard")
    lab.policy("in", FAR6, IN6, action="bypass")
    for way, ends in ("out", (IN6, FAR6)), ("in", (FAR6, IN6)):
        for words in ["proto", "17", "sport", "1", "dport", "2"], []:
            said = lib.json_of(lab.cli("-j", "policy", "explain", way, "src",
                                       ends[0], "dst", ends[1], *words))
            equal("action" in said, True, str(said))


def there_and_back(spi, seq):
    lab.mark()
    sock.sendto(b"there", (FAR4, FAR_PORT))
    lab.counted({"out_ok": 1})
    esp = lib.wait_for(lab.wire.recv, "a packet")
    equal(null.open(esp[20:])[5], 4, "next header")
    lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, seq, 4, udp_packet(
        FAR4, IN4, FAR_PORT, PORT, b"back"))))
    lab.counted({"in_ok": 1})
    equal(sock.recv(99), b"back", "received")


def inside():
    """A tunnel over IPv4 takes IPv6 out of it, as far as policy lets it."""
    lab.reset()
    lab.sa(null, "out")
    spi = lab.sa(null, "in")
    lab.policy("out", IN4, FAR4)
    lab.policy("in", FAR4, IN4)
    there_and_back(spi, 1)
    seq = 2
    for want in "in_policy", "in_ok":
        lab.mark()
        for proto, data in ((108, bytes(40)), (17, bytes(16)), (50, bytes(64)),
                            (51, bytes(64)), (58, bytes(8)), (59, b""),
                            (44, struct.pack("!BBHI", 17, 0, 1, 7) + bytes(16)),
                            (0, b"\x3b\0\x01\x04" + bytes(4)), (4, bytes(40))):
            for dst in IN6, "ff02::1", "fe80::1", "::1":
                lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(
                    spi, seq, 41, ipv6(FAR6, dst, proto, data))))
                seq += 1
                lab.counted({want: 1}, "protocol %d to %s" % (proto, dst))
        if want == "in_policy":
            lab.policy("in", FAR6, "::/0")
    there_and_back(spi, seq)


report.add("no IPv6 here", equal, lib.IPV6, False)
report.add("an SA over IPv6", over_ipv6)
report.add("a policy of IPv6", selectors)
report.add("IPv6 inside of an SA", inside)
sys.exit(report.run())
