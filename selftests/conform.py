# SPDX-License-Identifier: GPL-2.0
"""What RFCs ask for and no other test shows. See conformance.rst.

The topology is that of lib.py.
"""
import re
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, attr, equal, ip, ipv4, ipv6, nothing, select, udp,
                 udp_packet, wait_for)

PORT, FAR_PORT, IKE = 4000, 5000, 500
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
cbc = Algo("aes128-sha256_128", 8)
gcm = Algo("aes128gcm16", 9)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


class Raw:
    """Algorithms that are given as attributes."""

    def __init__(self, *attrs):
        self.list = list(attrs)

    def attrs(self):
        return self.list


def listener(six):
    return sock6 if six else sock4


def inner(six, data, tos=0):
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    return udp_packet(src, dst, FAR_PORT, PORT, data, tos=tos)


def outer(six, esp, **kw):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return ip(src, dst, 50, esp, **kw)


def policy_in(mode="tunnel", six=False):
    if mode == "transport":
        src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    else:
        src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    lab.policy("in", src, dst, mode=mode, six=six)
    lab.mark()


def setup_in(algo, mode="tunnel", six=False, **more):
    lab.reset()
    spi = lab.sa(algo, "in", mode, six, **more)
    policy_in(mode, six)
    return spi


def setup_out(algo, mode="tunnel", six=False, **more):
    lab.reset()
    spi = lab.sa(algo, "out", mode, six, **more)
    if mode == "transport":
        src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
    else:
        src, dst = (IN6, FAR6) if six else (IN4, FAR4)
    lab.policy("out", src, dst, mode=mode, six=six)
    lab.mark()
    return spi


def feed(packet, want, deliver=None, six=False):
    lab.wire.send(packet)
    lab.counted(want)
    if deliver is None:
        nothing(sock4)
        nothing(sock6)
    else:
        equal(listener(six).recv(65536), deliver, "delivered")


def refused(word, func, *args, **kw):
    """It is, with WORD (a pattern) in the sentence, and changes nothing."""
    before = lab.nl.tables()
    try:
        func(*args, **kw)
    except Refused as e:
        if not re.search(word, e.text):
            raise AssertionError("no '%s' in '%s'" % (word, e.text)) from None
        equal(lab.nl.tables(), before, "tables")
        return
    raise AssertionError("accepted: %r %r" % (args, kw))


def ip_forward(on):
    lab.n.exec("sh", "-c", "echo %d >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects" % on)


# What cannot be configured

def no_authentication():
    """RFC 4301 4.2, RFC 4303 3.2, RFC 8221 4."""
    lab.reset()
    for name, size in (("cbc(aes)", 16), ("ecb(cipher_null)", 0)):
        enc = [attr(C["A_SA_ENC_NAME"], name)]
        if size:
            enc.append(attr(C["A_SA_ENC_KEY"], b"k" * size))
        for direction in ("in", "out"):
            refused("without authentication", lab.sa, Raw(*enc), direction)
            refused("", lab.sa, Raw(
                *enc, attr(C["A_SA_AUTH_NAME"], "digest_null"),
                attr(C["A_SA_AUTH_ICV_BITS"], lib.u32(0))), direction)
            refused("", lab.sa, Raw(
                *enc, *null.attrs()[:2],
                attr(C["A_SA_AUTH_ICV_BITS"], lib.u32(0))), direction)
    refused("algorithms", lab.sa, Raw(), "in")
    aead = gcm.attrs()[:2]
    refused("ICV", lab.sa, Raw(*aead, attr(C["A_SA_AEAD_ICV_BITS"],
                                           lib.u32(0))), "in")
    for algo in (null, cbc, gcm):
        lab.sa(algo, "in")


def reserved_spis():
    """RFC 4303 2.1."""
    lab.reset()
    for spi in (0, 1, 100, 255):
        for direction in ("in", "out"):
            refused("reserved", lab.sa, null, direction, spi=spi)
    lab.sa(null, "in", spi=256)


def esn_window():
    """RFC 4303 3.3.3."""
    lab.reset()
    refused("anti-replay window", lab.sa, null, "in", flags=1, replay_window=0)
    lab.sa(null, "in", flags=1, replay_window=32)
    lab.sa(null, "out", flags=1, replay_window=0)


def weak():
    """RFC 8221 5 to 7: what must not be implemented."""
    lab.reset()
    for name, size in (("cbc(des)", 8), ("ecb(des)", 8), ("des", 8),
                       ("cbc(blowfish)", 16), ("blowfish", 16),
                       ("cbc(idea)", 16), ("ecb(arc4)", 16)):
        refused("unknown algorithm|RFC 8221", lab.sa, Raw(
            *null.attrs()[:3], attr(C["A_SA_ENC_NAME"], name),
            attr(C["A_SA_ENC_KEY"], b"k" * size)), "in")
    for name in ("hmac(md5)", "md5", "cmac(des)", "cbcmac(des)", "crc32c"):
        refused("unknown algorithm|RFC 8221", lab.sa, Raw(
            attr(C["A_SA_AUTH_NAME"], name),
            attr(C["A_SA_AUTH_KEY"], b"k" * 16),
            attr(C["A_SA_AUTH_ICV_BITS"], lib.u32(96)),
            *null.attrs()[3:]), "in")
    for name in ("oui", "IPCOMP_OUI", "", "Deflate"):
        refused("the only algorithm", lab.sa,
                Raw(attr(C["A_SA_COMP_NAME"], name)), "in", proto=108)


def triple_des():
    lab.reset()
    refused("unknown algorithm|RFC 8221", lab.sa, Raw(
        *null.attrs()[:3], attr(C["A_SA_ENC_NAME"], "cbc(des3_ede)"),
        attr(C["A_SA_ENC_KEY"], bytes(range(24)))), "in")


# Which SA, which packet

def parallel():
    """RFC 4301 4.1: same ends, same selectors, each counts for itself."""
    lab.reset()
    spis = [lab.sa(null, "in", sel=lib.selector(FAR4, IN4)) for _ in range(3)]
    policy_in()
    for seq in range(1, 4):
        for spi in spis:
            feed(outer(False, null.seal(spi, seq, 4, inner(False, b"p"))),
                 {"in_ok": 1}, b"p")
    for spi in spis:
        feed(outer(False, null.seal(spi, 2, 4, inner(False, b"p"))),
             {"in_replay": 1})
    equal(len(lab.nl.dump("SA_GET")), 3, "SAs")


def any_dscp():
    """RFC 4301 4.1: it may have changed on the way."""
    for six in (False, True):
        src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
        spi = setup_in(null, "transport", six)
        text = udp(src, dst, FAR_PORT, PORT, b"d")
        for dscp in range(0, 64, 9):
            feed(outer(six, null.seal(spi, dscp + 1, 17, text), tos=dscp << 2),
                 {"in_ok": 1}, b"d", six)


def own_addresses():
    """RFC 4301 4.1: what is between other addresses needs a tunnel."""
    spi = setup_out(null, "transport")
    sock4.sendto(b"own", (PEER4, FAR_PORT))
    p = wait_for(lab.wire.recv, "a packet")
    equal(null.open(p[20:])[3], udp(OUT4, PEER4, PORT, FAR_PORT, b"own"))
    lab.policy("out", IN4, FAR4, mode="transport")
    lab.mark()
    try:
        sock4.sendto(b"other", (FAR4, FAR_PORT))
    except PermissionError:
        pass
    lab.counted({"out_no_sa": 1})
    lab.wire.silent()
    spi = setup_in(null, "transport")
    text = udp("10.0.0.3", OUT4, FAR_PORT, PORT, b"other")
    feed(ipv4("10.0.0.3", OUT4, 50, null.seal(spi, 1, 17, text)),
         {"in_selector": 1})
    text = udp(PEER4, OUT4, FAR_PORT, PORT, b"own")
    feed(outer(False, null.seal(spi, 2, 17, text)), {"in_ok": 1}, b"own")


def ike():
    """RFC 4301 5.2, step 2."""
    sock = lab.listen(IKE)
    packet = udp_packet(PEER4, OUT4, IKE, IKE, b"ike")
    lab.reset()
    # not by default: that drops, and counts, what hosts send by themselves too
    lab.policy("in", PEER4, OUT4, action="discard", priority=5)
    lab.policy("out", OUT4, PEER4, action="discard", priority=5)
    lab.mark()
    lab.wire.send(packet)
    lab.counted({"in_discard": 1})
    nothing(sock)
    try:
        sock.sendto(b"ike", (PEER4, IKE))
    except PermissionError:
        pass
    lab.counted({"out_discard": 1})
    lab.wire.silent()
    lab.policy("in", PEER4, OUT4, 17, (IKE, IKE), (IKE, IKE), action="bypass")
    lab.policy("out", OUT4, PEER4, 17, (IKE, IKE), (IKE, IKE), action="bypass")
    lab.mark()
    lab.wire.send(packet)
    equal(sock.recv(100), b"ike", "received")
    sock.sendto(b"ike", (PEER4, IKE))
    equal(wait_for(lab.wire.recv, "IKE")[-3:], b"ike", "sent")
    lab.counted({})
    lab.reset()
    sock.close()


def sa_for_ports():
    """RFC 4301 7.3: an SA for ports carries no fragments without them."""
    src, dst = "192.168.2.5", "10.8.8.8"
    ip_forward(1)
    try:
        lab.reset()
        spi = lab.sa(null, "out", sel=lib.selector(
            "192.168.2.0/24", "10.8.8.0/24", 17, None, (2, 2)))
        lab.policy("out", "192.168.2.0/24", "10.8.8.0/24")
        lab.mark()
        data = udp(src, dst, 1, 2, bytes(100))
        lab.wire.send(ipv4(src, dst, 17, data[56:], ident=11, frag=7))
        lab.counted({"out_no_sa": 1})
        lab.wire.silent()
        # but the first one, which shows its ports, like a whole datagram
        for seq, frag in ((1, 0x2000), (2, 0)):
            lab.wire.send(ipv4(src, dst, 17, data, ident=12, frag=frag))
            p = wait_for(lab.wire.recv, "a packet")
            equal(null.open(p[20:])[:2], (spi, seq), "SPI and number")
    finally:
        ip_forward(0)


# The shape of packets

def extension_headers_out():
    """RFC 4303 3.1.1: behind hop-by-hop options, before destination options."""
    spi = setup_out(null, "transport", six=True)
    padn = bytes([0, 0, 1, 4, 0, 0, 0, 0])
    sock6.setsockopt(41, 54, padn)      # IPV6_HOPOPTS
    sock6.setsockopt(41, 59, padn)      # IPV6_DSTOPTS
    sock6.sendto(b"ext", (PEER6, FAR_PORT))
    sock6.setsockopt(41, 54, b"")
    sock6.setsockopt(41, 59, b"")

    # the wire's recv() leaves out what has hop-by-hop options
    def esp():
        while select.select([lab.wire.sock], [], [], 0)[0]:
            p = lab.wire.sock.recv(2000)[14:]
            if p[0] >> 4 == 6 and p[6] == 0 and p[40] == 50:
                return p
        return None
    p = wait_for(esp, "ESP behind hop-by-hop options")
    got = null.open(p[48:])
    equal(got[0], spi, "SPI")
    equal(got[5], 60, "next header")
    equal(got[3], b"\x11" + padn[1:] + udp(OUT6, PEER6, PORT, FAR_PORT, b"ext"),
          "payload")
    lab.counted({"out_ok": 1})


def lone_fragment():
    """RFC 4303 3.4.1: what is a fragment is not opened."""
    for six in (False, True):
        spi = setup_in(null, six=six)
        proto = 41 if six else 4
        esp = [null.seal(spi, n, proto, inner(six, b"%d!" % n))
               for n in range(3)]
        if six:
            esp[1] += b"\0" * (-len(esp[1]) % 8)
            lab.wire.send(ipv6(PEER6, OUT6, 44, struct.pack(
                "!BBHI", 50, 0, 1, 501) + esp[1]))
            lab.wire.send(ipv6(PEER6, OUT6, 44, struct.pack(
                "!BBHI", 50, 0, 8, 502) + esp[1]))
        else:
            lab.wire.send(ipv4(PEER4, OUT4, 50, esp[1], ident=501,
                               frag=0x2000))
            lab.wire.send(ipv4(PEER4, OUT4, 50, esp[1], ident=502, frag=1))
        # the number is not used up by them
        for n in (2, 1):
            feed(outer(six, null.seal(spi, n, proto, inner(six, b"%d!" % n))),
                 {"in_ok": 1}, b"%d!" % n, six)


def wrong_padding():
    """RFC 4303 2.4: 1, 2, 3 and so on, and nothing else."""
    for algo in (null, cbc, gcm):
        spi = setup_in(algo, flags=C["SA_FLAG_CHECK_PAD"])
        data = inner(False, b"0123456")
        need = -(len(data) + 2) % algo.block
        for length in (need or algo.block, need + algo.block):
            good = bytes(range(1, length + 1))
            bad = [good[:-1] + bytes([good[-1] ^ 1]),
                   bytes([good[0] ^ 0x80]) + good[1:], b"\0" * length]
            for pad in bad:
                lab.spi += 1
                feed(outer(False, algo.seal(spi, lab.spi, 4, data, pad=pad)),
                     {"in_pad_bytes": 1})
            lab.spi += 1
            feed(outer(False, algo.seal(spi, lab.spi, 4, data, pad=good)),
                 {"in_ok": 1}, b"0123456")


def replay_first():
    """RFC 4303 3.4.3: a number seen before is refused whatever the ICV."""
    for algo in (null, gcm):
        spi = setup_in(algo)
        esp = algo.seal(spi, 1, 4, inner(False, b"r"))
        feed(outer(False, esp), {"in_ok": 1}, b"r")
        feed(outer(False, esp[:-1] + bytes([esp[-1] ^ 1])), {"in_replay": 1})
        esp = algo.seal(spi, 2, 4, inner(False, b"r"))
        feed(outer(False, esp[:-1] + bytes([esp[-1] ^ 1])), {"in_auth": 1})


# Header fields

def received_tos(six, packet):
    """TOS of the datagram that comes out, None if none does."""
    sock = listener(six)
    level, opt, cmsg = (41, 66, 67) if six else (0, 13, 1)
    sock.setsockopt(level, opt, 1)
    lab.wire.send(packet)
    got = wait_for(lambda: {"in_ok", "in_ecn"} &
                   set(lib.grown(lab.base, lab.nl.stats())), "a counter")
    lab.mark()
    if got == {"in_ecn"}:
        nothing(sock)
        return None
    anc = sock.recvmsg(100, 100)[1]
    sock.setsockopt(level, opt, 0)
    return [a[2][0] for a in anc if a[0] == level and a[1] == cmsg][0]


def figure4(six):
    """RFC 6040 4.2, to the letter."""
    spi = setup_in(null, six=six)
    proto = 41 if six else 4
    table = ((0, 0, 0, None), (1, 1, 1, 3), (2, 1, 2, 3), (3, 3, 3, 3))
    for inside, line in enumerate(table):
        for outside, out in enumerate(line):
            lab.spi += 1
            esp = null.seal(spi, lab.spi, proto,
                            inner(six, b"e", tos=0x28 | inside))
            got = received_tos(six, outer(six, esp, tos=0xb8 | outside))
            equal(got, None if out is None else 0x28 | out,
                  "inner %d, outer %d" % (inside, outside))


def dscp_in():
    """RFC 4301 5.1.2."""
    for six in (False, True):
        for flag in (0, C["SA_FLAG_DECAP_DSCP"]):
            spi = setup_in(null, six=six, flags=flag)
            esp = null.seal(spi, 1, 41 if six else 4,
                            inner(six, b"d", tos=0x29))
            equal(received_tos(six, outer(six, esp, tos=0xb9)),
                  0xb9 if flag else 0x29, "flags %d" % flag)


def outer_df():
    """RFC 4301 8.1: a copy of the inner one, or clear."""
    for flag in (0, C["SA_FLAG_NOPMTUDISC"]):
        setup_out(null, flags=flag)
        lab.policy("out", IN6, FAR6)
        for how in (0, 2):      # IP_PMTUDISC_DONT, IP_PMTUDISC_DO
            sock4.setsockopt(0, 10, how)
            sock4.sendto(b"df", (FAR4, FAR_PORT))
            p = wait_for(lab.wire.recv, "a packet")
            equal(p[6] >> 6 & 1, int(how == 2 and not flag), "outer DF")
            equal(null.open(p[20:])[3][6] >> 6 & 1, int(how == 2), "inner DF")
        sock4.setsockopt(0, 10, 1)
        sock6.sendto(b"df", (FAR6, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(p[6] >> 6 & 1, int(not flag), "outer DF over IPv6")


def inner_checksum():
    """RFC 3948 3.1.2: TCP's is verified behind a tunnel."""
    spi = setup_in(null)

    def syn(spoil):
        seg = struct.pack("!HHIIBBHHH", 7, 4444, 1, 0, 0x50, 2, 1000, 0, 0)
        pseudo = lib.addr(FAR4) + lib.addr(IN4) + struct.pack("!II", 20, 6)
        total = lib.csum(pseudo + seg) ^ spoil
        return ipv4(FAR4, IN4, 6, seg[:16] + struct.pack("!H", total) + seg[18:])

    def errors():
        lines = [x.split() for x in lab.n.exec("cat", "/proc/net/snmp")
                 .splitlines() if x.startswith("Tcp:")]
        return int(dict(zip(*lines))["InCsumErrors"])
    before = errors()
    lab.wire.send(outer(False, null.seal(spi, 1, 4, syn(1))))
    lab.counted({"in_ok": 1})
    wait_for(lambda: errors() == before + 1, "a checksum error")
    lab.wire.silent()
    lab.wire.send(outer(False, null.seal(spi, 2, 4, syn(0))))
    p = wait_for(lab.wire.recv, "a reset")
    equal((p[9], p[33] & 4), (6, 4), "reset")
    equal(errors(), before + 1, "checksum errors")


def too_big():
    """RFC 4301 8.2.1: with DF the sender is told, else there are fragments."""
    src, dst = "192.168.2.5", "10.8.8.8"
    ip_forward(1)
    try:
        lab.reset()
        lab.sa(null, "out")
        lab.policy("out", "192.168.2.0/24", "10.8.8.0/24")
        lab.mark()
        data = udp(src, dst, 1, 2, bytes(1472))
        lab.wire.send(ipv4(src, dst, 17, data, ident=9))
        parts = [wait_for(lab.wire.recv, "a fragment") for _ in range(2)]
        equal([p[9] for p in parts], [50, 50], "protocols")
        equal([p[6] >> 5 & 1 for p in parts], [1, 0], "more fragments")
        lab.counted({"out_ok": 1})
        lab.wire.silent()
        lab.wire.send(ipv4(src, dst, 17, data, ident=10, frag=0x4000))
        p = wait_for(lab.wire.recv, "an error")
        equal((p[9], p[16:20], p[20], p[21]), (1, lib.addr(src), 3, 4), "ICMP")
        equal(1400 < struct.unpack_from("!H", p, 26)[0] < 1500, True, "MTU")
        lab.counted({"out_too_big": 1})
    finally:
        ip_forward(0)


def path_mtu():
    """MTU of the route to the peer and seconds until it is forgotten."""
    m = re.search(r"expires (\d+)sec mtu (?:lock )?(\d+)",
                  lab.n.exec("ip", "route", "get", PEER4))
    return m and (int(m[2]), int(m[1]))


def sent_one():
    """An error must quote what was sent: number 1."""
    sock4.sendto(b"one", (FAR4, FAR_PORT))
    wait_for(lab.wire.recv, "a packet")


def error(spi, mtu, src=OUT4, dst=PEER4, proto=50, spoil=0):
    """A router's "fragmentation needed" about a packet of an SA."""
    quote = ipv4(src, dst, proto, struct.pack("!II", spi, 1))
    body = struct.pack("!BBHHH", 3, 4, 0, 0, mtu) + quote
    total = lib.csum(body) ^ spoil
    body = body[:2] + struct.pack("!H", total) + body[4:]
    lab.wire.send(ipv4("10.0.0.9", OUT4, 1, body))


def forged_errors():
    """RFC 4301 6.1.1 and 8.2.1: an error must quote an SA that sends."""
    spi = setup_out(null)
    sent_one()
    other = lab.sa(null, "in")
    for case in ({"src": "10.0.0.4"}, {"dst": "10.0.0.5"}, {"spoil": 1},
                 {"proto": 51}):
        error(spi, 1000, **case)
    error(spi + 100, 1000)
    error(other, 1000)
    # a true one behind them: their smaller number is not what remains
    error(spi, 1300)
    equal(wait_for(path_mtu, "a path MTU")[0], 1300, "path MTU")
    lab.n.ip("route flush cache")


def mtu_bounds():
    """RFC 4301 6.1.1 and 8.2.2: it ages, and has a least value."""
    where = "/proc/sys/net/ipv4/route/"
    lab.n.exec("sh", "-c", "echo 100 >%smtu_expires; echo 600 >%smin_pmtu" %
               (where, where))
    spi = setup_out(null)
    sent_one()
    error(spi, 1300)
    mtu, left = wait_for(path_mtu, "a path MTU")
    equal((mtu, 50 < left <= 100), (1300, True), "path MTU, %d s" % left)
    error(spi, 300)
    wait_for(lambda: path_mtu()[0] != 1300, "a smaller one")
    equal(path_mtu()[0], 600, "least path MTU")
    lab.n.ip("route flush cache")


report.add("an SA without authentication is refused", no_authentication)
report.add("reserved SPIs are refused", reserved_spis)
report.add("ESN wants a window", esn_window)
report.add("algorithms that must not be there are not", weak)
report.add("3DES is refused", triple_des)
report.add("several SAs with the same selectors", parallel)
report.add("any DSCP is accepted", any_dscp)
report.add("transport mode carries its own addresses only", own_addresses)
report.add("IKE passes by a policy and not otherwise", ike)
report.add("fragments do not go by an SA for ports", sa_for_ports)
report.add("IPv6 extension headers, sent", extension_headers_out)
report.add("a fragment is no ESP packet", lone_fragment)
report.add("wrong padding is refused", wrong_padding)
report.add("a replay is refused before its ICV is looked at", replay_first)
report.add("RFC 6040 figure 4, IPv4", figure4, False)
report.add("RFC 6040 figure 4, IPv6", figure4, True)
report.add("DSCP of the outer header comes in by flag only", dscp_in)
report.add("DF of the outer header", outer_df)
report.add("a wrong checksum inside a tunnel is noticed", inner_checksum)
report.add("too big without DF, nobody is told", too_big)
report.add("path MTU is learnt from errors about our SAs only", forged_errors)
report.add("path MTU ages and has a least value", mtu_bounds)
sys.exit(report.run())
