# SPDX-License-Identifier: GPL-2.0
"""What ESP has beyond sealing and opening (RFC 4303): padding against traffic
analysis, dummy packets, the content of padding, lost high halves of sequence
numbers.

The topology is that of lib.py.
"""
import socket
import struct
import sys
import time

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, attr,
                 equal, ip, nothing, u32, udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
M32 = 1 << 32
TRIGGER = TRIES = 16
ESN = C["SA_FLAG_ESN"]
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def tfc(pad=None, interval=None):
    out = []
    if pad:
        out.append(attr(C["A_TFC_PAD"], u32(pad)))
    if interval:
        out.append(attr(C["A_TFC_DUMMY_INTERVAL"], u32(interval)))
    return [attr(C["A_SA_TFC"], out)]


def ends(six, mode):
    if mode == "transport":
        return (OUT6, PEER6) if six else (OUT4, PEER4)
    return (IN6, FAR6) if six else (IN4, FAR4)


def selector(src, dst, mode):
    """Of the SA, which must have one in BEET mode."""
    return lib.selector(src, dst) if mode == "beet" else None


def head_of(p):
    return 40 if p[0] >> 4 == 6 else 20


def inner(data=b"x", six=False):
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    return udp_packet(src, dst, FAR_PORT, PORT, data)


def feed(esp, want, deliver=None):
    lab.wire.send(ip(PEER4, OUT4, 50, esp))
    lab.counted(want)
    if deliver is None:
        nothing(sock4)
    else:
        equal(sock4.recv(65536), deliver, "delivered")


# Padding of payloads

def padded(name, mode, six):
    """RFC 4303 section 2.7: zeros behind the payload, which keeps its length."""
    algo = Algo(name, 100)
    src, dst = ends(six, mode)
    sel = selector(src, dst, mode)
    sock = sock6 if six else sock4
    head = 40 if six else 20
    for pad in (1, 300, 1000, 65535):
        lab.reset()
        lab.sa(algo, "out", mode, six, sel=sel, extra=tfc(pad))
        lab.policy("out", src, dst, mode=mode, six=six)
        lab.mark()
        for size in (0, 1, 272, 273, 900, 1300):
            data = bytes([7]) * size
            sock.sendto(data, (dst, FAR_PORT))
            p = wait_for(lab.wire.recv, "a packet")
            got = algo.open(p[head:])
            whole = (head if mode == "tunnel" else 0) + 8 + size
            equal(len(p) <= 1500, True, "%d bytes on the wire" % len(p))
            if pad == 65535:
                # with a byte more, another block would not have fitted
                equal(len(p) + algo.block > 1500, True, "up to the path")
            else:
                equal(len(got[3]), max(whole, pad), "payload of %d" % size)
            equal(got[3][whole:].strip(b"\0"), b"", "padding")
            length = got[3][:whole]
            off = head if mode == "tunnel" else 0
            equal(struct.unpack_from("!H", length, off + 4)[0], size + 8,
                  "UDP length")
            equal(length[off + 8:], data, "data")
            lab.counted({"out_ok": 1})


def not_padded():
    """A payload that does not say how long it is."""
    lab.reset()
    lab.sa(null, "out", "transport", extra=tfc(1000))
    lab.policy("out", OUT4, PEER4, mode="transport")
    lab.mark()
    lab.n.exec("ping", "-c", "1", "-W", "1", "-s", "10", PEER4, ok=None)
    p = wait_for(lab.wire.recv, "a ping")
    got = null.open(p[20:])
    equal((got[5], len(got[3])), (1, 18), "ICMP")
    s = lab.n.socket(2, 1)
    s.setblocking(False)
    try:
        s.connect((PEER4, 80))
    except BlockingIOError:
        pass
    p = wait_for(lab.wire.recv, "a SYN")
    got = null.open(p[20:])
    equal((got[5], len(got[3])), (6, (got[3][12] >> 4) * 4), "TCP")
    s.close()


def trimmed():
    """Such packets are received; of the padding nothing is seen."""
    lab.reset()
    spi = lab.sa(null, "in")
    lab.policy("in", FAR4, IN4)
    lab.mark()
    for seq, size in enumerate((1, 3, 100, 1200), 1):
        feed(null.seal(spi, seq, 4, inner(b"data") + bytes(size)),
             {"in_ok": 1}, b"data")


def lengths_of(tap):
    """How long UDP packets of a packet socket are, from first to last byte."""
    out = []
    while True:
        try:
            frame, sender = tap.recvfrom(4000)
        except BlockingIOError:
            return out
        p = frame[14:]
        if sender[2] != 4 and p[6 if p[0] >> 4 == 6 else 9] == 17:
            says = struct.unpack_from("!H", p, 4 if p[0] >> 4 == 6 else 2)[0]
            equal(says + (40 if p[0] >> 4 == 6 else 0), len(p), "IP length")
            out.append(len(p))


def cut(mode, six):
    """Where the datagram is the payload, it says what is padding."""
    lab.reset()
    far, near = ends(six, mode)[::-1]
    spi = lab.sa(null, "in", mode, six, sel=selector(far, near, mode))
    lab.policy("in", far, near, mode=mode, six=six)
    lab.mark()
    sock = sock6 if six else sock4
    outer = (PEER6, OUT6) if six else (PEER4, OUT4)
    tap = lab.n.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    tap.bind(("vn", 3))
    tap.setblocking(False)
    head, seq = 40 if six else 20, 0

    def feed_udp(data, want):
        nonlocal seq
        seq += 1
        lab.wire.send(ip(*outer, 50, null.seal(spi, seq, 17, data)))
        lab.counted({"in_ok": 1})
        wait_for(lambda: lengths.extend(lengths_of(tap)) or lengths, "it")
        equal(lengths.pop(), head + want, "length")
        equal(lengths, [], "others")

    lengths = []
    for size in (0, 1, 3, 100, 1200):
        for pad in (b"", b"\0", bytes(5), b"options" * 20):
            data = bytes(size)
            feed_udp(udp(far, near, FAR_PORT, PORT, data) + pad, 8 + size)
            equal(sock.recv(2000), data, "delivered")
    # what it cannot be is for UDP to judge
    whole = udp(far, near, FAR_PORT, PORT, b"nonsense") + bytes(10)
    for says in (0, 1, 7, len(whole) + 1, 65535):
        feed_udp(whole[:4] + struct.pack("!H", says) + whole[6:], len(whole))
        nothing(sock)
    feed_udp(whole[:4] + struct.pack("!H", 8) + whole[6:], 8)
    nothing(sock)
    tap.close()


# Dummy packets

def dummies(mode, six):
    """RFC 4303 section 2.6: at a rate, among others, within the path."""
    src, dst = ends(six, mode)
    sel = selector(src, dst, mode)
    sock = sock6 if six else sock4
    for pad in (None, 700):
        lab.reset()
        lab.sa(null, "out", mode, six, sel=sel, extra=tfc(pad, 20))
        lab.policy("out", src, dst, mode=mode, six=six)
        sizes, seqs = set(), []
        for n in range(12):
            if n == 6:
                sock.sendto(b"real", (dst, FAR_PORT))
            p = wait_for(lab.wire.recv, "dummy %d" % n)
            got = null.open(p[head_of(p):])
            seqs.append(got[1])
            equal(len(p) <= 1500, True, "%d bytes" % len(p))
            if got[5] == 59:
                sizes.add(len(got[3]))
            elif pad:
                equal(len(got[3]), pad, "the other's size")
        # dummies and others may be sealed on two CPUs, and pass one another
        equal((len(set(seqs)), min(seqs), max(seqs) <= 13), (12, 1, True),
              "sequence numbers %r" % seqs)
        if pad:
            equal(sizes, {pad}, "sizes")
        else:
            equal(len(sizes) > 5, True, "sizes %r" % sizes)
        got = lib.grown(lab.base, lab.nl.stats())
        equal(set(got), {"out_dummy", "out_ok"}, "counters")
        equal(got["out_ok"], 1, "others")
        sa = dict(lab.nl.dump("SA_GET")[0])
        equal(struct.unpack("=Q", sa[C["A_SA_PACKETS"]])[0], 1, "of the SA")
    # no SA, no dummies, while three others send
    lab.nl.do("SA_FLUSH")
    lab.wire.drain()
    spis = {lab.sa(null, "out", mode, six, sel=sel, extra=tfc(None, 10))
            for _ in range(3)}
    packets = (wait_for(lab.wire.recv, "others") for _ in range(40))
    seen = {null.open(p[head_of(p):])[0] for p in packets}
    equal(seen, spis, "whose dummies")
    lab.reset()


def dummies_paced():
    """As often as the SA says, also where another one says something else."""
    def of(spi):
        return wait_for(lambda: lab.wire.recv(
            want=lambda p: null.open(p[20:])[0] == spi), "a dummy")

    lab.reset()
    for interval in 400, 150:
        begun = time.monotonic()
        spi = lab.sa(null, "out", extra=tfc(None, interval))
        lib.paced(lambda its=spi: of(its), begun, interval / 1000)
    lab.reset()


def dummies_of_many():
    """More than are served at a time; some go meanwhile."""
    lab.reset()
    spis = [lab.sa(null, "out", extra=tfc(None, 500)) for _ in range(150)]
    for _ in range(2):
        lab.wire.drain()    # what some sent before there were all
        seen = {null.open(wait_for(lab.wire.recv, "others")[20:])[0]
                for _ in range(4 * len(spis))}
        equal(seen, set(spis), "whose dummies")
        for spi in spis[::3]:
            lab.nl.do("SA_DEL", attr(C["A_SA_DST"], lib.addr(PEER4)),
                      attr(C["A_SA_PROTO"], lib.u8(50)),
                      attr(C["A_SA_SPI"], struct.pack("!I", spi)))
        del spis[::3]
        lab.wire.drain()
    lab.reset()


def dummies_and_larval():
    """An SA that was larval before."""
    lab.reset()
    lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], lib.addr(OUT4)),
              attr(C["A_SA_DST"], lib.addr(PEER4)),
              attr(C["A_SA_PROTO"], lib.u8(50)),
              attr(C["A_SA_SPI_MIN"], u32(0x9000)),
              attr(C["A_SA_SPI_MAX"], u32(0x9000)))
    lab.nl.do("SA_UPDATE", attr(C["A_SA_SRC"], lib.addr(OUT4)),
              attr(C["A_SA_DST"], lib.addr(PEER4)),
              attr(C["A_SA_PROTO"], lib.u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", 0x9000)),
              attr(C["A_SA_MODE"], lib.u8(C["MODE_TUNNEL"])),
              attr(C["A_SA_DIR"], lib.u8(C["DIR_OUT"])),
              *null.attrs(), *tfc(None, 20))
    p = wait_for(lab.wire.recv, "a dummy")
    equal(null.open(p[20:])[5], 59, "next header")
    lab.reset()


def dummies_without_route():
    """Where there is no way to the peer there are none, and no harm."""
    lab.reset()
    lab.sa(null, "out", extra=tfc(None, 10))
    wait_for(lab.wire.recv, "a dummy")
    lab.n.ip("link set vn down")
    try:
        lab.mark()
        lab.n.exec("sleep", "0.1")      # time in which some would be sent
        lab.counted({})
    finally:
        lab.n.ip("\n".join([
            "link set vn up",
            "addr replace fd00::1/64 dev vn nodad",
            "neigh replace 10.0.0.2 lladdr 02:00:00:00:00:02 dev vn nud "
            "permanent",
            "neigh replace fd00::2 lladdr 02:00:00:00:00:02 dev vn nud "
            "permanent",
            "route replace default via 10.0.0.2 dev vn",
            "route replace 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1",
            "route replace fd00:2::/64 via fd00::2 src fd00:1::1"]))
    lab.wire.drain()
    wait_for(lab.wire.recv, "a dummy when the way is back")
    lab.nl.do("SA_FLUSH")


def namespace_ends():
    """A namespace goes while its SAs send."""
    other = lib.Host("dummy")
    nl = lib.Genl(other)
    other.ip("link add d0 type dummy\nlink set d0 up\n"
             "addr add 10.0.0.1/24 dev d0")
    mine, lab.nl = lab.nl, nl
    try:
        for _ in range(5):
            lab.sa(null, "out", extra=tfc(None, 10))
        wait_for(lambda: nl.stats()["out_dummy"] > 5, "dummies")
    finally:
        lab.nl = mine
    nl.sock.close()
    lib.Host.made.remove(other)
    other.close()


# The content of padding

def pad_bytes(name):
    """RFC 4303 section 2.4."""
    algo = Algo(name, 300)
    data = inner(b"p" * 6)
    block = algo.block
    room = -(len(data) + 2) % block
    good = bytes(range(1, room + 1 + 2 * block))
    bad = [good[:-1] + b"\0", b"\0" + good[1:], bytes(len(good)),
           bytes(range(0, len(good))), good[::-1]]
    for flags in (0, C["SA_FLAG_CHECK_PAD"]):
        lab.reset()
        spi = lab.sa(algo, "in", flags=flags)
        lab.policy("in", FAR4, IN4)
        lab.mark()
        feed(algo.seal(spi, 1, 4, data, pad=good), {"in_ok": 1}, b"p" * 6)
        feed(algo.seal(spi, 2, 4, data), {"in_ok": 1}, b"p" * 6)
        for seq, pad in enumerate(bad, 3):
            esp = algo.seal(spi, seq, 4, data, pad=pad)
            if flags:
                feed(esp, {"in_pad_bytes": 1})
                feed(esp, {"in_replay": 1})
            else:
                feed(esp, {"in_ok": 1}, b"p" * 6)
        if flags:
            most = bytes(range(1, 254 - (len(data) + 255) % block + 1))
            most = most[:len(most) - (len(data) + len(most) + 2) % block]
            feed(algo.seal(spi, 100, 4, data, pad=most), {"in_ok": 1}, b"p" * 6)


# Extended sequence numbers that got lost

def resync(name):
    """RFC 4303 appendix A3."""
    algo = Algo(name, 400)

    def packet(seq):
        return algo.seal(spi, seq, 4, inner(b"r"), esn=True)

    def begin():
        lab.reset()
        out = lab.sa(algo, "in", flags=ESN, replay_window=64)
        lab.policy("in", FAR4, IN4)
        lab.mark()
        return out

    for lost in (1, 5, TRIES):
        spi = begin()
        feed(packet(1), {"in_ok": 1}, b"r")
        top = lost * M32 + 10
        for n in range(TRIGGER):
            feed(packet(top + n), {"in_auth": 1})
        feed(packet(top + TRIGGER), {"in_ok": 1, "in_esn_resync": 1}, b"r")
        for n in (TRIGGER + 1, TRIGGER - 1, TRIGGER + 2):
            feed(packet(top + n), {"in_ok": 1}, b"r")
        feed(packet(top + TRIGGER), {"in_replay": 1})
        feed(packet(1), {"in_auth": 1})
    # too far: never found, however often it is tried
    spi = begin()
    for n in range(3 * TRIGGER):
        feed(packet((TRIES + 1) * M32 + n + 1), {"in_auth": 1})
    # what is in step resets the count, and is found at once
    feed(packet(50), {"in_ok": 1}, b"r")
    for n in range(TRIGGER - 1):
        feed(packet(M32 + n + 1), {"in_auth": 1})
    feed(packet(100), {"in_ok": 1}, b"r")
    for n in range(TRIGGER - 1):
        feed(packet(M32 + 200 + n), {"in_auth": 1})
    feed(packet(101), {"in_ok": 1}, b"r")
    # a forgery does not move the window
    for n in range(TRIGGER + 1):
        bad = packet(3 * M32 + 500 + n)
        feed(bad[:-1] + bytes([bad[-1] ^ 1]), {"in_auth": 1})
    feed(packet(102), {"in_ok": 1}, b"r")


def not_without_esn():
    lab.reset()
    spi = lab.sa(null, "in")
    lab.policy("in", FAR4, IN4)
    lab.mark()
    for n in range(TRIGGER + 2):
        bad = null.seal(spi, n + 1, 4, inner(), esn=False)
        feed(bad[:-1] + bytes([bad[-1] ^ 1]), {"in_auth": 1})
    feed(null.seal(spi, 1, 4, inner(b"ok")), {"in_ok": 1}, b"ok")


def refusals():
    lab.reset()
    base = lab.nl.tables()
    for extra, direction, code in (
            (tfc(65536), "out", 34), (tfc(None, 9), "out", 34),
            (tfc(None, 86400001), "out", 34), (tfc(100), "in", 22),
            (tfc(None, 100), "in", 22)):
        try:
            lab.sa(null, direction, extra=extra)
        except lib.Refused as e:
            equal(e.code, code, e.text)
        else:
            raise AssertionError("accepted")
        equal(lab.nl.tables(), base, "tables")
    key = lib.key_file(null.auth)
    lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "esp", "spi",
            "0x500", "mode", "tunnel", "dir", "out", "tfc-pad", "mtu",
            "dummy-interval", "86400000", "flag", "check-pad", "enc", "null",
            "auth-trunc", "sha256", key, "128")
    text = lab.cli("sa", "list")
    equal("tfc-pad mtu dummy-interval 86400000" in text, True, text)
    equal(lib.json_of(lab.cli("-j", "sa", "list"))[0]["tfc"],
          {"tfc_pad": "mtu", "dummy_interval": 86400000}, "JSON")
    lab.reset()


FAMILIES = (("tunnel", False), ("tunnel", True), ("transport", False),
            ("transport", True), ("beet", False), ("beet", True))
for i, (m, v) in enumerate(FAMILIES):
    tag = "%s, IPv%s" % (m, "64"[not v])
    name_ = Algo.NAMES[(0, 3, 2, 5, 0, 3)[i]]
    report.add("padded: " + tag, padded, name_, m, v)
    report.add("dummy packets: " + tag, dummies, m, v)
report.add("payloads that are not padded", not_padded)
report.add("padded packets received", trimmed)
for m in ("transport", "beet"):
    for v in (False, True):
        report.add("padding cut off: %s, IPv%s" % (m, "64"[not v]), cut, m, v)
report.add("how often dummy packets come", dummies_paced)
report.add("dummy packets of many SAs", dummies_of_many)
report.add("dummy packets of an SA that was larval", dummies_and_larval)
report.add("dummy packets without a route", dummies_without_route)
report.add("dummy packets and the end of a namespace", namespace_ends)
for alg in ("null-sha256_128", "aes128gcm16", "aes128-sha256_128"):
    report.add("padding bytes: " + alg, pad_bytes, alg)
    report.add("ESN found again: " + alg, resync, alg)
report.add("no search without ESN", not_without_esn)
report.add("refusals, and what is shown", refusals)
sys.exit(report.run())
