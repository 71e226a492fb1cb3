# SPDX-License-Identifier: GPL-2.0
"""AH packets made by hand, with the options and headers that real ones have.

The topology is that of lib.py. What AH authenticates is worked out here a
second time, from RFC 4302 and not from the module.
"""
import hashlib
import hmac
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, addr,
                 attr, csum, equal, ipv4, nothing, socket, u32, udp,
                 udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
AH, ALIGN8 = 51, C["SA_FLAG_ALIGN8"]
ESN = C["SA_FLAG_ESN"]
HBH, RH, FRAG, DST = 0, 43, 44, 60
lab = lib.Lab()
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


class Auth:
    """HMAC-SHA-256-128 with its key."""
    key = hashlib.sha256(b"nfipsec selftest AH").digest()
    size = 16       # bytes of the ICV field that are not padding

    def attrs(self):
        """For sa-new."""
        return [attr(C["A_SA_AUTH_NAME"], "hmac(sha256)"),
                attr(C["A_SA_AUTH_KEY"], self.key),
                attr(C["A_SA_AUTH_ICV_BITS"], u32(128))]

    def field(self, data, _old):
        """Of what is authenticated, and what stands in the field."""
        return hmac.new(self.key, data, hashlib.sha256).digest()[:16]

    def begin(self):
        """Of another SA from now on."""

    def sent(self, field, seq):
        """Is the rest of the field as it must be?"""


class Gmac(lib.Algo):
    """AES-GMAC (RFC 4543 section 4): the IV, then the ICV."""
    size = 24

    def __init__(self, *args):
        super().__init__(*args)
        self.masks = set()

    def begin(self):
        self.masks = set()

    def field(self, data, old):
        iv = old[:8]
        return iv + self._gcm(self.salt + iv, data, b"")

    def sent(self, field, seq):
        self.masks.add(lib.iv_mask(field[:8], seq))
        equal(len(self.masks), 1, "IVs count")


auth = hmac_sha256 = Auth()


def with_gmac(name, func, *args):
    """The same with AES-GMAC."""
    global auth     # pylint: disable=global-statement
    auth = Gmac(name, 11)
    try:
        func(*args)
    finally:
        auth = hmac_sha256


# RFC 4302 section 3.3.3.1

def options4(opts):
    """What is authenticated of options, and the end of a source route."""
    out, end = b"", None
    while opts:
        kind = opts[0]
        if kind == 0:
            return out + opts, end
        size = 1 if kind == 1 else opts[1]
        one, opts = opts[:size], opts[size:]
        if kind in (0x83, 0x89) and one[2] < size:
            end = one[-4:]
        keep = kind in (1, 0x82, 0x85, 0x86, 0x94, 0x95)
        out += one if keep else bytes(size)
    return out, end


def options6(body):
    out = b""
    while body:
        size = 1 if body[0] == 0 else 2 + body[1]
        one, body = body[:size], body[size:]
        out += one if not one[0] & 0x20 else one[:2] + bytes(size - 2)
    return out


def authentic(p):
    """(what is authenticated, where AH is in it); its ICV not yet zero."""
    if p[0] >> 4 == 4:
        ihl = (p[0] & 15) * 4
        opts, end = options4(p[20:ihl])
        return (p[:1] + b"\0" + p[2:6] + bytes(3) + p[9:10] + bytes(2) +
                p[12:16] + (end or p[16:20]) + opts + p[ihl:], ihl)
    out, dst, left, kind = b"", p[24:40], p[40:], p[6]
    while kind in (HBH, RH, DST):
        size = 8 + left[1] * 8
        one, left = left[:size], left[size:]
        if kind == RH:
            # type 0, all hops ahead or all behind
            hops = [one[i:i + 16] for i in range(8, size, 16)]
            if one[3]:
                hops, dst = [dst] + hops[:-1], hops[-1]
            out += one[:3] + b"\0" + one[4:8] + b"".join(hops)
        else:
            out += one[:2] + options6(one[2:])
        kind = one[0]
    return (b"\x60\0\0\0" + p[4:7] + b"\0" + p[8:24] + dst + out + left,
            40 + len(out))


def icv_of(p, hi=None):
    """All of the ICV field, without padding."""
    data, off = authentic(p)
    off += 12
    old, end = data[off:off + auth.size], off + auth.size
    data = data[:off] + bytes(auth.size) + data[end:]
    return auth.field(data + (b"" if hi is None else struct.pack("!I", hi)),
                      old)


def put_icv(p, hi=None):
    """A packet with its ICV; the headers do not change length but by FRAG."""
    off = ah_offset(p)
    return p[:off + 12] + icv_of(p, hi) + p[off + 12 + auth.size:]


def ah_offset(p):
    if p[0] >> 4 == 4:
        return (p[0] & 15) * 4
    off, kind = 40, p[6]
    while kind != AH:
        kind, off = p[off], off + (8 if kind == FRAG else 8 + p[off + 1] * 8)
    return off


def make(six, spi, seq, proto, payload, options=b"", headers=(), hi=None,
         align=None, src=None, hdrlen=None, iv=None, **kw):
    """An AH packet to n with a good ICV."""
    least = 12 + auth.size
    size = least + -least % (align or (8 if six else 4))
    ah = struct.pack("!BBHII", proto, size // 4 - 2 if hdrlen is None else
                     hdrlen, 0, spi, seq & 0xffffffff)
    if iv is None:
        iv = hashlib.sha256(b"%d" % seq).digest()[:8]
    body = ah + (iv + bytes(24))[:auth.size] + \
        bytes(range(1, size - least + 1)) + payload
    if not six:
        return put_icv(ipv4(src or PEER4, OUT4, AH, body, options=options,
                            **kw), hi)
    kinds = [kind for kind, _ in headers] + [AH]
    chain = b"".join(bytes([nxt]) + part for (_, part), nxt
                     in zip(headers, kinds[1:]))
    return put_icv(lib.ipv6(src or PEER6, OUT6, kinds[0], chain + body, **kw),
                   hi)


def refresh(p):
    """The checksum of an IPv4 header anew."""
    if p[0] >> 4 == 6:
        return p
    ihl = (p[0] & 15) * 4
    head = p[:10] + b"\0\0" + p[12:ihl]
    return p[:10] + struct.pack("!H", csum(head)) + p[12:]


def inner(six, data):
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    return udp_packet(src, dst, FAR_PORT, PORT, data)


def setup_in(mode="tunnel", six=False, inner_six=None, **more):
    lab.reset()
    spi = lab.sa(auth, "in", mode, six, proto=AH, **more)
    if mode == "transport":
        src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    elif six if inner_six is None else inner_six:
        src, dst = FAR6, IN6
    else:
        src, dst = FAR4, IN4
    lab.policy("in", src, dst, mode=mode, six=six, tmpl_proto=AH)
    lab.mark()
    return spi


def feed(packet, want, deliver=None):
    lab.wire.send(packet)
    lab.counted(want)
    if deliver is None:
        nothing(sock4)
        nothing(sock6)
        return
    got = wait_for(lambda: [s for s in (sock4, sock6)
                            if lib.select.select([s], [], [], 0)[0]],
                   "delivery")
    equal(got[0].recv(65536), deliver, "delivered")


def refused(packet, *reasons):
    """Dropped for one of these reasons."""
    base = lab.nl.stats()
    lab.wire.send(packet)
    got = wait_for(lambda: lib.grown(base, lab.nl.stats()), "a counter")
    if len(got) != 1 or next(iter(got)) not in reasons:
        raise AssertionError("%r, expected %r: %s" % (got, reasons,
                                                      packet.hex()))
    nothing(sock4)
    nothing(sock6)
    lab.mark()


# Received

def accepted(mode, six, inner_six, esn):
    spi = setup_in(mode, six, inner_six, flags=ESN if esn else 0)
    for seq, size in enumerate((0, 1, 2, 3, 15, 64, 1300), 1):
        data = bytes(i & 255 for i in range(size))
        if mode == "transport":
            src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
            payload, proto = udp(src, dst, FAR_PORT, PORT, data), 17
        else:
            payload, proto = inner(inner_six, data), 41 if inner_six else 4
        feed(make(six, spi, seq, proto, payload, hi=0 if esn else None),
             {"in_ok": 1}, data)


def esn_carry():
    """The high half is guessed, and authenticated."""
    spi = setup_in(flags=ESN, seq_in=(5 << 32) - 3)
    for seq in ((5 << 32) - 2, (5 << 32) + 1, (5 << 32) - 1):
        feed(make(False, spi, seq, 4, inner(False, b"esn"), hi=seq >> 32),
             {"in_ok": 1}, b"esn")
    refused(make(False, spi, (5 << 32) + 2, 4, inner(False, b"esn"), hi=4),
            "in_auth")
    refused(make(False, spi, (5 << 32) + 2, 4, inner(False, b"esn")),
            "in_auth")


def resync():
    """RFC 4302 appendix B3; the limits are those of ESP, see esp.py."""
    m32, trigger, tries = 1 << 32, 16, 16

    def packet(seq):
        return make(False, spi, seq, 4, inner(False, b"r"), hi=seq >> 32)

    def begin():
        return setup_in(flags=ESN, replay_window=64)

    for lost in (1, tries):
        spi = begin()
        feed(packet(1), {"in_ok": 1}, b"r")
        top = lost * m32 + 10
        for n in range(trigger):
            feed(packet(top + n), {"in_auth": 1})
        feed(packet(top + trigger), {"in_ok": 1, "in_esn_resync": 1}, b"r")
        for n in (trigger + 1, trigger - 1):
            feed(packet(top + n), {"in_ok": 1}, b"r")
        feed(packet(top + trigger), {"in_replay": 1})
        feed(packet(1), {"in_auth": 1})
    # too far
    spi = begin()
    for n in range(2 * trigger + 2):
        feed(packet((tries + 1) * m32 + n + 1), {"in_auth": 1})
    # a forgery does not move the window, what is in step resets the count
    for n in range(trigger + 1):
        bad = packet(3 * m32 + 500 + n)
        feed(bad[:-1] + bytes([bad[-1] ^ 1]), {"in_auth": 1})
    feed(packet(50), {"in_ok": 1}, b"r")
    for n in range(trigger - 1):
        feed(packet(m32 + n + 1), {"in_auth": 1})
    feed(packet(51), {"in_ok": 1}, b"r")
    feed(packet(m32 + 200), {"in_auth": 1})


def no_resync():
    """There is no half to find without ESN."""
    spi = setup_in()
    for n in range(18):
        bad = make(False, spi, n + 1, 4, inner(False, b"r"))
        feed(bad[:-1] + bytes([bad[-1] ^ 1]), {"in_auth": 1})
    feed(make(False, spi, 1, 4, inner(False, b"r")), {"in_ok": 1}, b"r")


def replayed():
    spi = setup_in(replay_window=32)
    packets = [make(False, spi, seq, 4, inner(False, b"x"))
               for seq in (1, 2, 50, 19, 18, 0)]
    for p in packets[:4]:
        feed(p, {"in_ok": 1}, b"x")
    for p in packets[:1] + packets[4:5]:
        refused(p, "in_replay_old")
    refused(packets[2], "in_replay")
    refused(packets[3], "in_replay")
    refused(packets[5], "in_seq_zero")
    # a forged number does not move the window
    p = bytearray(make(False, spi, 51, 4, inner(False, b"x")))
    p[28:32] = struct.pack("!I", 5000)
    refused(bytes(p), "in_auth")
    feed(make(False, spi, 51, 4, inner(False, b"x")), {"in_ok": 1}, b"x")


OPTIONS = {
    "security": b"\x82\x03\x11\x00",
    "router alert": b"\x94\x04\0\0",
    "record route": b"\x01\x07\x07\x04\x0a\0\0\x01",
    "time stamp": b"\x44\x08\x05\0\x12\x34\x56\x78",
    "stream": b"\x88\x04\0\x01",
    "unknown": b"\xde\x04\x12\x34",
    "route taken": b"\x83\x07\x08\x0a\0\0\x09\x00",
    "mixed": b"\x94\x04\0\0\xde\x04\x12\x34\x82\x03\x11\x00",
}


def ipv4_options():
    spi = setup_in()
    for seq, (name, opts) in enumerate(OPTIONS.items(), 1):
        p = make(False, spi, seq, 4, inner(False, name.encode()), options=opts)
        feed(p, {"in_ok": 1}, name.encode())


def ipv4_options_changed():
    """On the way: what is mutable may, what is immutable must not."""
    spi = setup_in()
    seq = 0
    for opts, at, ok in ((OPTIONS["record route"], 27, True),
                         (OPTIONS["time stamp"], 24, True),
                         (OPTIONS["unknown"], 22, True),
                         (OPTIONS["security"], 22, False),
                         (OPTIONS["router alert"], 23, False),
                         (OPTIONS["mixed"], 27, True),
                         (OPTIONS["mixed"], 30, False)):
        seq += 1
        p = bytearray(make(False, spi, seq, 4, inner(False, b"o"),
                           options=opts))
        p[at] ^= 0x55
        p = refresh(bytes(p))
        if ok:
            feed(p, {"in_ok": 1}, b"o")
        else:
            refused(p, "in_auth")


def ipv4_options_bad():
    spi = setup_in()
    for opts in (b"\x82\x01\0\0", b"\x82\x05\0\0", b"\x07\0\0\0",
                 b"\x01\x01\x01\x82", b"\x83\x07\x05\x0a\0\0\x01\0",
                 b"\x83\x07\x08\x0a\0\0\x01\x89\x07\x08\x0a\0\0\x02\0\0"):
        p = ipv4(PEER4, OUT4, AH, struct.pack("!BBHII", 4, 5, 0, spi, 1) +
                 bytes(16) + inner(False, b"bad"), options=opts)
        refused(p, "in_ah_option")
    opts = b"\x83\x0b\x08\x0a\0\0\x01\x0a\0\0\x01\0"
    refused(make(False, spi, 1, 4, inner(False, b"bad"), options=opts),
            "in_ah_route")


def tlv(*options):
    """Body of an options header, padded."""
    body = b"".join(options)
    size = (len(body) + 2 + 7) // 8 * 8
    left = size - 2 - len(body)
    pad = b"" if not left else b"\0" if left == 1 else \
        bytes([1, left - 2]) + bytes(left - 2)
    return bytes([size // 8 - 1]) + body + pad


def rh(kind, left, *hops):
    return bytes([len(hops) * 2, kind, left]) + bytes(4) + \
        b"".join(addr(h) for h in hops)


STAYS = b"\x1e\x03abc"
CHANGES = b"\x3e\x03abc"
HEADERS = {
    "hop-by-hop": ((HBH, tlv(STAYS, CHANGES)),),
    "destination": ((DST, tlv(CHANGES, STAYS)),),
    "route": ((RH, rh(0, 0, "fd00:a::1", "fd00:b::1")),),
    "all": ((HBH, tlv(CHANGES)), (DST, tlv(STAYS)),
            (RH, rh(0, 0, "fd00:a::1")), (DST, tlv(CHANGES, STAYS))),
}


def ipv6_headers():
    spi = setup_in(six=True)
    for seq, (name, headers) in enumerate(HEADERS.items(), 1):
        p = make(True, spi, seq, 41, inner(True, name.encode()),
                 headers=headers)
        feed(p, {"in_ok": 1}, name.encode())


def ipv6_headers_changed():
    spi = setup_in(six=True)
    both = ((HBH, tlv(STAYS, CHANGES)),)
    for seq, (at, want) in enumerate(((44, "in_auth"), (42, "in_auth"),
                                      (49, None), (50, None), (51, None),
                                      (47, "in_auth")), 1):
        p = bytearray(make(True, spi, seq, 41, inner(True, b"h"),
                           headers=both))
        p[at] ^= 0x11 if at != 47 else 0x02
        if want:
            refused(bytes(p), want)
        else:
            feed(bytes(p), {"in_ok": 1}, b"h")


def ipv6_fragment_header():
    """That of a whole datagram is not authenticated (RFC 4302 A2)."""
    spi = setup_in(six=True)
    p = make(True, spi, 1, 41, inner(True, b"atomic"))
    p = p[:4] + struct.pack("!H", len(p) - 40 + 8) + bytes([FRAG]) + p[7:40] + \
        bytes([AH, 0, 0, 0, 1, 2, 3, 4]) + p[40:]
    feed(p, {"in_ok": 1}, b"atomic")


def ipv6_headers_bad():
    spi = setup_in(six=True)
    body = struct.pack("!BBHII", 41, 6, 0, spi, 1) + bytes(20) + \
        inner(True, b"bad")
    for host, dev in ((lab.n, "vn"), (lab.w, "vw")):
        host.ip("link set %s mtu 4000" % dev)
    # the stack itself looks at hop-by-hop options, and sooner
    for kind, part, want in (
            (DST, b"\0\x1e\x05\0\0\0\0", "in_ah_option"),
            (DST, b"\0\x01\x03\0\0\0\x1e", "in_ah_option"),
            (RH, rh(0, 3, "fd00:a::1"), "in_ah_option"),
            (RH, rh(2, 0, "fd00:a::1", "fd00:b::1"), "in_ah_option"),
            (RH, rh(0, 1, "fd00:a::1"), "in_ah_route"),
            (RH, rh(3, 0, "fd00:a::1"), "in_ah_route"),
            (RH, rh(4, 0, "fd00:a::1"), "in_ah_route"),
            (DST, bytes([255]) + b"\x01\xff" + bytes(255) +
             (b"\x01\xff" + bytes(255)) * 6 + b"\x01\xf5" + bytes(245),
             "in_ah_long")):
        refused(lib.ipv6(PEER6, OUT6, kind, bytes([AH]) + part + body), want)
    for host, dev in ((lab.n, "vn"), (lab.w, "vw")):
        host.ip("link set %s mtu 1500" % dev)


def around_esp(six):
    """Both of transport mode: what AH does not vouch for makes no error."""
    null = lib.Algo("null-sha256_128", 7)
    lab.reset()
    esp = lab.sa(null, "in", "transport", six)
    spi = lab.sa(auth, "in", "transport", six, proto=AH)
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    lab.nl.do("POLICY_NEW", *lab.policy_attrs(
        "in", lib.selector(src, dst, 17), mode="transport", six=six),
        attr(C["A_POLICY_TMPL"], [
            attr(C["A_TMPL_PROTO"], lib.u8(AH)),
            attr(C["A_TMPL_MODE"], lib.u8(C["MODE_TRANSPORT"])),
            attr(C["A_TMPL_REQID"], u32(1))]))
    lab.mark()

    def packet(seq, **kw):
        text = udp(src, dst, FAR_PORT, PORT, b"both")
        return make(six, spi, seq, 50, null.seal(esp, seq, 17, text), **kw)

    if six:
        frag = struct.pack("!BBHI", FRAG, 0, 0, 7)
        for seq, headers in enumerate(HEADERS.values(), 1):
            feed(packet(seq, headers=headers), {"in_ok": 1}, b"both")
        for n, want in ((1, None), (2, "in_header")):
            p = packet(seq + n)
            p = p[:4] + struct.pack("!HB", len(p) - 40 + 8 * n, FRAG) + \
                p[7:40] + frag * (n - 1) + bytes([AH]) + frag[1:] + p[40:]
            feed(p, {want or "in_ok": 1}, None if want else b"both")
            lab.wire.silent()
        return
    sock4.setsockopt(0, 6, 1)       # IP_RECVOPTS
    changed = bytearray(packet(1, options=OPTIONS["mixed"]))
    changed[24:28] = b"\x44\x04\x01\0"
    lab.wire.send(refresh(bytes(changed)))
    lab.counted({"in_ok": 1})
    wait_for(lambda: lib.select.select([sock4, lab.wire.sock], [], [], 0)[0],
             "an outcome")
    lab.wire.silent()
    data, anc, _, _ = sock4.recvmsg(100, 100)
    sock4.setsockopt(0, 6, 0)
    equal((data, anc[0][2]),
          (b"both", b"\x94\x04\0\0\x01\x01\x01\x01\x82\x03\x11\0"), "options")


def tampered(six):
    """Of all bytes only those that may change can."""
    spi = setup_in(six=six)
    proto, data = (41 if six else 4), inner(six, b"tamper")
    p = make(six, spi, 1, proto, data)
    off = ah_offset(p)
    free = {1, 2, 3, 7} if six else {1, 8, 10, 11}
    structure = {0, 4, 5, 6} if six else {0, 2, 3, 9}
    target = set(range(24, 40)) if six else set(range(16, 20))
    skip = free | structure | target | set(range(off + 4, off + 8)) | \
        ({off + 1}) | (set() if six else {6, 7})
    for at in range(len(p)):
        if at in skip:
            continue
        bad = bytearray(p)
        bad[at] ^= 1 << at % 8
        refused(refresh(bytes(bad)), "in_auth", "in_replay")
    for seq, at in enumerate(sorted(free - {10, 11}), 1):
        good = bytearray(make(six, spi, seq, proto, data))
        good[at] ^= 0x48    # no bit of ECN among them
        feed(refresh(bytes(good)), {"in_ok": 1}, b"tamper")


def reserved():
    """RFC 4302 section 2.3: authenticated, and else not looked at."""
    for six in (False, True):
        spi = setup_in(six=six)
        for seq, value in enumerate((1, 0x8000, 0xffff, 0), 1):
            p = bytearray(make(six, spi, seq, 41 if six else 4,
                               inner(six, b"res")))
            off = ah_offset(p)
            p[off + 2:off + 4] = struct.pack("!H", value)
            feed(put_icv(bytes(p)), {"in_ok": 1}, b"res")


def dont_fragment():
    spi = setup_in()
    p = bytearray(make(False, spi, 1, 4, inner(False, b"df")))
    p[6] ^= 0x40
    feed(refresh(bytes(p)), {"in_ok": 1}, b"df")


def lengths():
    """The length AH says must be that of the SA's ICV."""
    for six in (False, True):
        spi = setup_in(six=six)
        for n in (0, 1, 2, 4, 7, 8, 9, 63, 255):
            if n in ((6,) if six else (5, 6)):
                continue
            refused(make(six, spi, 1, 41 if six else 4, inner(six, b"len"),
                         hdrlen=n), "in_ah_len")
    spi = setup_in()
    for seq, align in ((1, 4), (2, 8)):
        feed(make(False, spi, seq, 4, inner(False, b"pad"), align=align),
             {"in_ok": 1}, b"pad")
    # padding is authenticated
    p = bytearray(make(False, spi, 3, 4, inner(False, b"pad"), align=8))
    p[20 + 28] ^= 1
    refused(bytes(p), "in_auth")


def truncated():
    for six in (False, True):
        spi = setup_in(six=six)
        p = make(six, spi, 1, 41 if six else 4, inner(six, b"cut"))
        off = ah_offset(p)
        for n in range(off, len(p)):
            cut = p[:n]
            if six:
                cut = cut[:4] + struct.pack("!H", n - 40) + cut[6:]
            else:
                cut = cut[:2] + struct.pack("!H", n) + cut[4:]
            reasons = ["in_auth"]
            if n < off + 12 + auth.size + (4 if six else 0):
                reasons = ["in_truncated", "in_ah_len"]
            if n < off + 8:
                reasons = ["in_no_sa"]
            refused(refresh(cut), *reasons)


def wrong_sa():
    """Refused: another key, no SA with this SPI, an SPI that is ESP's."""
    spi = setup_in()
    p = make(False, spi, 1, 4, inner(False, b"key"))
    Auth.key = bytes(32)
    other = make(False, spi, 1, 4, inner(False, b"key"))
    Auth.key = hashlib.sha256(b"nfipsec selftest AH").digest()
    refused(other, "in_auth")
    refused(make(False, spi + 1, 1, 4, inner(False, b"key")), "in_no_sa")
    refused(ipv4(PEER4, OUT4, 50, struct.pack("!II", spi, 1) + p[48:]),
            "in_no_sa")
    feed(p, {"in_ok": 1}, b"key")


def wrong_policy():
    """An ESP template does not take AH, and the clear is refused."""
    lab.reset()
    spi = lab.sa(auth, "in", proto=AH)
    lab.policy("in", FAR4, IN4)
    lab.mark()
    refused(make(False, spi, 1, 4, inner(False, b"esp")), "in_policy")
    setup_in()
    refused(inner(False, b"clear"), "in_clear")


def payload_59():
    """Next header 59 is no dummy packet here; there is just nothing."""
    spi = setup_in("transport")
    feed(make(False, spi, 1, 59, b""), {"in_ok": 1})


# Sent

def setup_out(mode, six, inner_six=None, **more):
    lab.reset()
    auth.begin()
    lab.sa(auth, "out", mode, six, proto=AH, **more)
    if mode == "transport":
        src, dst = (OUT6, PEER6) if six else (OUT4, PEER4)
    elif six if inner_six is None else inner_six:
        src, dst = IN6, FAR6
    else:
        src, dst = IN4, FAR4
    lab.policy("out", src, dst, mode=mode, six=six, tmpl_proto=AH)
    lab.mark()
    return src, dst


def sent(p, seq, hi=None, align=4):
    """An AH packet as RFC 4302 has it; gives next header and payload."""
    off = ah_offset(p)
    nxt, length, zero, _, number = struct.unpack_from("!BBHII", p, off)
    end = 12 + auth.size
    size = end + -end % align
    equal((length, zero, number), (size // 4 - 2, 0, seq & 0xffffffff), "AH")
    field = p[off + 12:off + end]
    equal(field.hex(), icv_of(p, hi).hex(), "ICV")
    auth.sent(field, seq)
    equal(p[off + end:off + size], bytes(size - end), "padding")
    return nxt, p[off + size:]


def out(mode, six, inner_six, esn, align8=False):
    src, dst = setup_out(mode, six, inner_six,
                         flags=(ESN if esn else 0) | (ALIGN8 if align8 else 0))
    sock = lab.listen(PORT + 1, ":" in src, src)
    for seq, size in enumerate((0, 1, 2, 3, 100, 1300), 1):
        data = bytes(i & 255 for i in range(size))
        sock.sendto(data, (dst, FAR_PORT))
        p = lab.wire.recv()
        nxt, body = sent(p, seq, 0 if esn else None,
                         8 if six or align8 else 4)
        if mode == "transport":
            equal((nxt, body), (17, udp(src, dst, PORT + 1, FAR_PORT, data)))
        else:
            equal(nxt, 41 if inner_six else 4)
            equal(body[-len(data):] if data else b"", data)
    lab.counted({"out_ok": 6})
    sock.close()


def out_options():
    """Of a socket's own options; the last one is a source route."""
    src, dst = setup_out("transport", False)
    cases = [o for n, o in OPTIONS.items()
             if n in ("router alert", "record route", "time stamp")]
    cases.append(b"\x83\x07\x04\xc0\xa8\x02\x09\x00")
    for seq, opts in enumerate(cases, 1):
        sock = lab.listen(PORT + 2, False, src)
        sock.setsockopt(0, 4, opts)    # IP_OPTIONS
        if opts[0] == 0x83:
            # the first hop of the route is where the packet goes
            opts = b"\x83\x0b\x04" + addr(dst) + b"\xc0\xa8\x02\x09\0"
            sock.setsockopt(0, 4, opts)
        sock.sendto(b"opt", ("192.168.2.9" if opts[0] == 0x83 else dst,
                             FAR_PORT))
        p = lab.wire.recv()
        equal(p[16:20], addr(dst), "goes to")
        equal(sent(p, seq)[0], 17)
        sock.close()
    lab.counted({"out_ok": len(cases)})


def out_headers():
    """Behind hop-by-hop options and routing, before destination options."""
    src, dst = setup_out("transport", True)
    hbh, last = tlv(STAYS, CHANGES), tlv(CHANGES)
    sock = lab.listen(PORT + 3, True, src)
    sock.setsockopt(41, 54, b"\0" + hbh)    # IPV6_HOPOPTS
    sock.setsockopt(41, 59, b"\0" + last)   # IPV6_DSTOPTS
    sock.sendto(b"ext", (dst, FAR_PORT))
    p = lab.wire.recv(want=lambda p: p[6] in (0, AH))
    equal((p[6], p[40]), (HBH, AH))
    nxt, body = sent(p, 1, align=8)
    equal((nxt, body[:len(last) + 1]), (DST, b"\x11" + last))
    sock.close()
    lab.counted({"out_ok": 1})


def out_segments():
    """A routing header whose end nobody can tell."""
    src, dst = setup_out("transport", True)
    sock = lab.listen(PORT + 4, True, src)
    srh = bytes([0, 2, 4, 0, 0, 0, 0, 0]) + addr(dst)
    try:
        sock.setsockopt(41, 57, srh)    # IPV6_RTHDR
    except OSError:
        sock.close()
        raise lib.Skip("no segment routing in this kernel") from None
    try:
        sock.sendto(b"srh", (dst, FAR_PORT))
    except OSError:
        pass
    lab.counted({"out_ah_route": 1})
    lab.wire.silent()
    sock.close()


def esn_out():
    """The IV is all of the number, across 2^32."""
    src, dst = setup_out("tunnel", False, flags=ESN, seq_out=(1 << 32) - 3)
    sock = lab.listen(PORT + 6, False, src)
    for seq in range((1 << 32) - 2, (1 << 32) + 2):
        sock.sendto(b"esn", (dst, FAR_PORT))
        sent(lab.wire.recv(), seq, seq >> 32)
    lab.counted({"out_ok": 4})
    sock.close()


def counter_ends():
    """No IV twice: nor a number."""
    src, dst = setup_out("tunnel", False, seq_out=(1 << 32) - 2)
    sock = lab.listen(PORT + 6, False, src)
    sock.sendto(b"last", (dst, FAR_PORT))
    sent(lab.wire.recv(), (1 << 32) - 1)
    lab.counted({"out_ok": 1})
    for _ in range(2):
        try:
            sock.sendto(b"none", (dst, FAR_PORT))
        except PermissionError:
            pass
        lab.counted({"out_seq": 1})
        lab.wire.silent()
    sock.close()


def rollover():
    """Begins anew with 0 if the SA says so, both ways."""
    src, dst = setup_out("tunnel", False, seq_out=(1 << 32) - 3,
                         flags=C["SA_FLAG_SEQ_ROLLOVER"])
    sock = lab.listen(PORT + 6, False, src)
    numbers = ((1 << 32) - 2, (1 << 32) - 1, 0, 1)
    for seq in numbers:
        sock.sendto(b"roll", (dst, FAR_PORT))
        sent(lab.wire.recv(), seq)
    lab.counted({"out_ok": 4})
    sock.close()
    spi = setup_in(flags=C["SA_FLAG_SEQ_ROLLOVER"], replay_window=0)
    for seq in numbers:
        feed(make(False, spi, seq, 4, inner(False, b"r")), {"in_ok": 1}, b"r")


def gmac_iv():
    """The receiver takes any IV, and only with the ICV that is made with it."""
    spi = setup_in()
    for seq, iv in enumerate((bytes(8), b"\xff" * 8, bytes(8)), 1):
        p = make(False, spi, seq, 4, inner(False, b"iv"), iv=iv)
        bad = bytearray(p)
        bad[20 + 12 + 7] ^= 1
        refused(bytes(bad), "in_auth")
        feed(p, {"in_ok": 1}, b"iv")


def gmac_configuration():
    """Of aead AH takes that alone, and none of a group's any sender."""
    lab.reset()
    gcm, gmac = lib.Algo("aes128gcm16", 7), Gmac("aes128gmac", 7)
    null = lib.Algo("null-sha256_128", 7)

    class Raw:
        def __init__(self, *attrs):
            self.list = list(attrs)

        def attrs(self):
            return self.list

    def refuse(text, algo, **more):
        before = lab.nl.tables()
        try:
            lab.sa(algo, "out", proto=AH, **more)
        except lib.Refused as e:
            equal(text in e.text, True, "'%s' in '%s'" % (text, e.text))
        else:
            raise AssertionError("taken, for " + text)
        equal(lab.nl.tables(), before, "tables")

    refuse("AH encrypts nothing", gcm)
    refuse("AH encrypts nothing", null)
    refuse("excludes", Raw(*gmac.attrs(), *hmac_sha256.attrs()))
    refuse("implicit IV", gmac, flags=C["SA_FLAG_IIV"])
    refuse("ICV of 128 bits", Raw(
        *gmac.attrs()[:2], attr(C["A_SA_AEAD_ICV_BITS"], u32(96))))
    refuse("key of 20/28/36 bytes", Raw(
        gmac.attrs()[0], attr(C["A_SA_AEAD_KEY"], bytes(16)),
        gmac.attrs()[2]))
    try:
        lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr("0.0.0.0")),
                  attr(C["A_SA_DST"], addr("239.1.1.1")),
                  attr(C["A_SA_PROTO"], lib.u8(AH)),
                  attr(C["A_SA_SPI"], struct.pack("!I", 0x777)),
                  attr(C["A_SA_MODE"], lib.u8(C["MODE_TRANSPORT"])),
                  *gmac.attrs())
    except lib.Refused as e:
        equal("same counter" in e.text, True, e.text)
    else:
        raise AssertionError("taken: AES-GMAC of any sender")
    key = lib.key_file(bytes(20))
    lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "ah", "spi",
            "0x500", "mode", "tunnel", "aead", "aes128gmac", key, "128")
    shown = lib.json_of(lab.cli("-j", "sa", "list"))
    equal(shown[0]["aead"], {"name": "rfc4543(gcm(aes))", "icv_bits": 128})


def learned():
    """A router's word about AH packets, if they are ours."""
    src, _ = setup_out("transport", False)
    sock = lab.listen(PORT + 5, False, src)
    sock.sendto(b"x", (PEER4, FAR_PORT))
    p = lab.wire.recv()
    sent(p, 1)

    def mtu():
        text = lab.n.exec("ip", "route", "get", PEER4)
        return int(text.split(" mtu ")[1].split()[0]) if " mtu " in text else 0

    def tell(quote, size):
        msg = struct.pack("!BBHHH", 3, 4, 0, 0, size) + quote
        msg = msg[:2] + struct.pack("!H", csum(msg)) + msg[4:]
        lab.wire.send(ipv4(PEER4, OUT4, 1, msg))
    other = p[:24] + bytes(4) + p[28:]
    tell(other[:28], 1000)
    tell(p[:28], 1200)
    wait_for(lambda: mtu() == 1200, "the path MTU")
    lab.n.exec("ip", "route", "flush", "cache")
    sock.close()


def configuration():
    """What does not fit AH is refused."""
    lab.reset()
    esp = lib.Algo("null-sha256_128", 7)
    for algo, code in ((esp, 22), (lib.Algo("aes128gcm16", 7), 22)):
        try:
            lab.sa(algo, "in", proto=AH)
        except lib.Refused as e:
            equal(e.code, code)
        else:
            raise AssertionError("taken: AH with a cipher")
    try:
        lab.sa(auth, "in")
    except lib.Refused as e:
        equal(e.code, 22)
    else:
        raise AssertionError("taken: ESP without a cipher")
    tmpl = attr(C["A_POLICY_TMPL"], [
        attr(C["A_TMPL_MODE"], lib.u8(C["MODE_TRANSPORT"]))])
    msg = lab.policy_attrs("out", lib.selector(OUT4, PEER4), mode="transport")
    for more, code in ((3, None), (4, 7)):
        try:
            lab.nl.do("POLICY_UPDATE", *msg, *[tmpl] * more)
        except lib.Refused as e:
            equal(e.code, code)
        else:
            equal(code, None, "%d templates" % (more + 1))
    # the same SPI may be one of ESP and one of AH
    lab.sa(auth, "in", proto=AH, spi=0x777)
    lab.sa(esp, "in", spi=0x777)
    equal(len(lab.nl.dump("SA_GET")), 2)


for mode in ("tunnel", "transport"):
    for six in (False, True):
        for isix in ((False, True) if mode == "tunnel" else (six,)):
            for esn in (False, True):
                what = "%s %din%d%s" % (mode, 6 if isix else 4,
                                        6 if six else 4, " esn" if esn else "")
                report.add("received: " + what, accepted, mode, six, isix, esn)
                report.add("sent: " + what, out, mode, six, isix, esn)
report.add("sent: padded to 8 bytes", out, "tunnel", False, False, False, True)
for gmac, mode, six, isix, esn in (
        ("aes128gmac", "tunnel", False, False, False),
        ("aes192gmac", "tunnel", True, True, True),
        ("aes256gmac", "transport", False, False, True),
        ("aes128gmac", "transport", True, True, False)):
    what = "%s %s %din%d%s" % (gmac, mode, 6 if isix else 4, 6 if six else 4,
                               " esn" if esn else "")
    report.add("received: " + what, with_gmac, gmac, accepted, mode, six, isix,
               esn)
    report.add("sent: " + what, with_gmac, gmac, out, mode, six, isix, esn)
for what, func, *rest in (
        ("sent: padded to 8 bytes", out, "tunnel", False, False, False, True),
        ("sent: IV and ESN", esn_out), ("sent: counter ends", counter_ends),
        ("sequence numbers carry", esn_carry), ("any IV", gmac_iv),
        ("ESN found again", resync),
        ("each byte of an IPv4 packet", tampered, False),
        ("each byte of an IPv6 packet", tampered, True),
        ("truncated", truncated)):
    report.add("aes128gmac: " + what, with_gmac, "aes128gmac", func, *rest)
report.add("AES-GMAC: configuration", gmac_configuration)
report.add("sequence numbers carry", esn_carry)
report.add("ESN found again", resync)
report.add("no search without ESN", no_resync)
report.add("counter rolls over", rollover)
report.add("replays", replayed)
report.add("IPv4 options", ipv4_options)
report.add("IPv4 options that change", ipv4_options_changed)
report.add("IPv4 options that are malformed", ipv4_options_bad)
report.add("IPv6 headers", ipv6_headers)
report.add("IPv6 options that change", ipv6_headers_changed)
report.add("IPv6 fragment header of a whole datagram", ipv6_fragment_header)
report.add("IPv6 headers that are malformed", ipv6_headers_bad)
report.add("around ESP, IPv4", around_esp, False)
report.add("around ESP, IPv6", around_esp, True)
report.add("each byte of an IPv4 packet", tampered, False)
report.add("each byte of an IPv6 packet", tampered, True)
report.add("reserved field", reserved)
report.add("DF changes on the way", dont_fragment)
report.add("length of AH", lengths)
report.add("truncated", truncated)
report.add("wrong SA", wrong_sa)
report.add("wrong policy", wrong_policy)
report.add("no next header", payload_59)
report.add("sent: IPv4 options", out_options)
report.add("sent: IPv6 headers", out_headers)
report.add("sent: segment routing", out_segments)
report.add("path MTU", learned)
report.add("configuration", configuration)
sys.exit(report.run())
