# SPDX-License-Identifier: GPL-2.0
"""IPComp (RFC 3173) with DEFLATE (RFC 2394), packet by packet.

The topology is that of lib.py. An SA of IPComp has the mode, the one of ESP
around it is of transport mode.
"""
import random
import struct
import sys
import zlib

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, addr, attr, equal, ip, nothing, selector, u8, u32,
                 udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
COMP, ESP, IPIP, UDP = 108, 50, 4, 17
TEXT = b"a text that says little says it once more. " * 30
NOISE = random.Random(1).randbytes(1200)
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


class Deflate:
    """In the place of an Algo."""

    @staticmethod
    def attrs():
        return [attr(C["A_SA_COMP_NAME"], "deflate")]


deflate = Deflate()


def pack(data, level=9, bits=15, strategy=0):
    c = zlib.compressobj(level, zlib.DEFLATED, -bits, 9, strategy)
    return c.compress(data) + c.flush()


def unpack(data):
    """With the smallest window that a peer may have; nothing is left over."""
    d, got = zlib.decompressobj(-11), b""
    while not d.eof:
        piece = d.decompress(data, 64)
        if not piece and not d.eof:
            raise AssertionError("the stream does not end")
        got += piece
        data = d.unconsumed_tail
    equal(d.unused_data, b"", "behind the end of the stream")
    return got


def header(nexthdr, cpi, flags=0):
    return struct.pack("!BBH", nexthdr, flags, cpi)


class Flow:
    """Addresses of a mode and a family, in one direction."""

    def __init__(self, mode, six, direction):
        self.mode, self.six = mode, six
        self.outer = (OUT6, PEER6) if six else (OUT4, PEER4)
        self.inner = (IN6, FAR6) if six else (IN4, FAR4)
        self.sock = sock6 if six else sock4
        if mode == "transport":
            self.inner = self.outer
        if direction == "in":
            self.outer = self.outer[::-1]
            self.inner = self.inner[::-1]
        self.ipproto = 41 if six else IPIP

    def datagram(self, data):
        """As a packet of tunnel mode or as a payload, and what that is."""
        if self.mode == "tunnel":
            return udp_packet(*self.inner, FAR_PORT, PORT, data), self.ipproto
        return udp(*self.inner, FAR_PORT, PORT, data), UDP


def tmpl(flow, proto, mode, reqid=1):
    out = [attr(C["A_TMPL_PROTO"], u8(proto)),
           attr(C["A_TMPL_MODE"], u8(C["MODE_" + mode.upper()])),
           attr(C["A_TMPL_REQID"], u32(reqid))]
    if mode == "tunnel":
        out += [attr(C["A_TMPL_SRC"], addr(flow.outer[0])),
                attr(C["A_TMPL_DST"], addr(flow.outer[1]))]
    return attr(C["A_POLICY_TMPL"], out)


def policy(direction, flow, *tmpls, cmd="POLICY_NEW"):
    if not tmpls:
        tmpls = (tmpl(flow, COMP, flow.mode), tmpl(flow, ESP, "transport"))
    lab.nl.do(cmd, attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction.upper()])),
              attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
              attr(C["A_POLICY_SELECTOR"], selector(*flow.inner)), *tmpls)


class Peer:
    """What the host receives from; its packets are numbered."""

    def __init__(self, mode, six=False, cpi=0x1234, comp=None, esp=None):
        lab.reset()
        self.flow = Flow(mode, six, "in")
        self.seq = 0
        self.cpi = lab.sa(deflate, "in", mode, six, spi=cpi, proto=COMP,
                          **comp or {})
        self.spi = lab.sa(null, "in", "transport", six, **esp or {})
        policy("in", self.flow)
        lab.mark()

    def send(self, proto, payload):
        """In ESP."""
        self.seq += 1
        lab.wire.send(ip(*self.flow.outer, ESP,
                         null.seal(self.spi, self.seq, proto, payload)))

    def feed(self, proto, payload, want, deliver=None):
        self.send(proto, payload)
        lab.counted(want)
        if deliver is None:
            nothing(sock4)
            nothing(sock6)
        else:
            equal(self.flow.sock.recv(65536), deliver, "delivered")

    def comp(self, packed, want, deliver=None, flags=0, proto=None, cpi=None):
        """In IPComp in ESP."""
        if proto is None:
            proto = self.flow.datagram(b"")[1]
        self.feed(COMP, header(proto, cpi or self.cpi, flags) + packed, want,
                  deliver)


def refused(word, func, *args, **kw):
    before = lab.nl.tables()
    try:
        func(*args, **kw)
    except Refused as e:
        if word not in e.text:
            raise AssertionError("no '%s' in '%s'" % (word, e.text)) from None
        equal(lab.nl.tables(), before, "tables")
        return
    raise AssertionError("accepted: %r %r" % (args, kw))


# On the way out

def setup_out(mode, six):
    lab.reset()
    flow = Flow(mode, six, "out")
    cpi = lab.sa(deflate, "out", mode, six, spi=0xabcd, proto=COMP)
    spi = lab.sa(null, "out", "transport", six)
    policy("out", flow)
    lab.mark()
    return flow, cpi, spi


def sent(flow, data, want):
    """What ESP carries: (next header, payload)."""
    flow.sock.sendto(data, (flow.inner[1], FAR_PORT))
    p = wait_for(lab.wire.recv, "a packet")
    lab.counted(dict(want, out_ok=1))
    head = 40 if flow.six else 20
    equal(p[6 if flow.six else 9], ESP, "protocol")
    equal((p[8:24], p[24:40]) if flow.six else (p[12:16], p[16:20]),
          (addr(flow.outer[0]), addr(flow.outer[1])), "outer addresses")
    _, _, _, payload, _, nexthdr = null.open(p[head:])
    return nexthdr, payload


def carried(flow, payload):
    """The datagram's data, out of what was carried."""
    if flow.mode == "tunnel":
        head = 40 if flow.six else 20
        equal((payload[8:24], payload[24:40]) if flow.six else
              (payload[12:16], payload[16:20]),
              (addr(flow.inner[0]), addr(flow.inner[1])), "inner addresses")
        payload = payload[head:]
    equal(payload, udp(*flow.inner, PORT, FAR_PORT, payload[8:]), "datagram")
    return payload[8:]


def out(mode, six):
    """What gets smaller, and what does not."""
    flow, cpi, _ = setup_out(mode, six)
    inside = flow.datagram(b"")[1]
    nexthdr, payload = sent(flow, TEXT, {"out_comp": 1})
    equal((nexthdr, payload[:4]), (COMP, header(inside, cpi)), "IPComp")
    equal(carried(flow, unpack(payload[4:])), TEXT)
    for data in (b"", b"tiny", NOISE):
        nexthdr, payload = sent(flow, data, {"out_comp_not": 1})
        equal(nexthdr, inside, "next header")
        equal(carried(flow, payload), data)
    # of a payload of 90 bytes it is tried
    over = len(flow.datagram(b"")[0])
    for size in (89, 90):
        nexthdr, payload = sent(flow, b"x" * (size - over), {
            "out_comp" if size == 90 else "out_comp_not": 1})
        equal(nexthdr, COMP if size == 90 else inside, "size %d" % size)


def not_one_byte():
    """RFC 3173 2.2: with the header it must be smaller."""
    flow, _, _ = setup_out("transport", False)
    edge = set()
    for n in range(0, 90):
        data = NOISE[:200] + b"x" * n
        whole = 8 + len(data)
        flow.sock.sendto(data, (flow.inner[1], FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        _, _, _, payload, _, nexthdr = null.open(p[20:])
        if nexthdr == COMP:
            if len(payload) >= whole:
                raise AssertionError("%d of %d bytes" % (len(payload), whole))
        else:
            equal(len(payload), whole, "as it was")
        edge.add(nexthdr)
    equal(edge, {COMP, UDP}, "both")


def small_window():
    """XFRM looks 2048 bytes back."""
    flow, _, _ = setup_out("tunnel", False)
    data = NOISE[:300] + bytes(2500) + NOISE[:300]
    nexthdr, payload = sent(flow, data, {"out_comp": 1})
    equal(nexthdr, COMP, "next header")
    equal(carried(flow, unpack(payload[4:])), data)


def behind_options():
    """IPv6, transport mode: what routers read stands in front, no more."""
    _, cpi, _ = setup_out("transport", True)
    hop = b"\0\0\1\4\0\0\0\0"
    sock = lab.listen(PORT + 1, True)
    sock.setsockopt(41, 54, hop)    # IPV6_HOPOPTS
    sock.setsockopt(41, 59, hop)    # IPV6_DSTOPTS
    sock.sendto(TEXT, (PEER6, FAR_PORT))
    p = wait_for(lab.wire.recv, "a packet")
    lab.counted({"out_ok": 1, "out_comp": 1})
    equal((p[6], p[40:48]), (0, bytes([ESP]) + hop[1:]), "hop-by-hop options")
    _, _, _, payload, _, nexthdr = null.open(p[48:])
    equal((nexthdr, payload[:4]), (COMP, header(60, cpi)), "IPComp")
    equal(unpack(payload[4:]), bytes([UDP]) + hop[1:] +
          udp(OUT6, PEER6, PORT + 1, FAR_PORT, TEXT), "destination options")
    sock.close()


def pmtu():
    """It is what fits uncompressed."""
    for six in (False, True):
        flow, _, _ = setup_out("tunnel", six)
        sock = lab.listen(PORT + 1, six)
        # IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: do not fragment
        sock.setsockopt(*((41, 23) if six else (0, 10)), 2)
        try:
            sock.sendto(b"x" * 1450, (flow.inner[1], FAR_PORT))
            raise AssertionError("was sent")
        except OSError as e:
            equal(e.errno, 90, "EMSGSIZE")
        lab.counted({"out_too_big": 1})
        sock.sendto(b"x" * 1300, (flow.inner[1], FAR_PORT))
        wait_for(lab.wire.recv, "a packet")
        lab.counted({"out_ok": 1, "out_comp": 1})
        lab.n.exec("ip", "route", "flush", "cache")
        lab.n.exec("ip", "-6", "route", "flush", "cache")
        sock.close()


# On the way in

def accepted(mode, six):
    """However it is compressed, or not."""
    peer = Peer(mode, six)
    ok = {"in_ok": 1, "in_comp": 1}
    for data in (b"", b"tiny", TEXT, NOISE):
        payload, proto = peer.flow.datagram(data)
        peer.feed(proto, payload, {"in_ok": 1}, data)
        for how in ((9,), (1,), (0,), (9, 9), (6, 11), (9, 15, 2), (9, 15, 4)):
            peer.comp(pack(payload, *how), ok, data)
    # RFC 3173 3.3: flags are ignored
    peer.comp(pack(payload), ok, data, flags=0xff)


def far_back():
    """Matches over the whole window of DEFLATE."""
    peer = Peer("transport")
    for gap in (3000, 20000, 31800):
        data = NOISE[:600] + bytes(gap) + NOISE[:600]
        payload, _ = peer.flow.datagram(data)
        packed = pack(payload)
        if len(packed) > 1000:
            raise AssertionError("no match")
        peer.comp(packed, {"in_ok": 1, "in_comp": 1}, data)


def well_known():
    """RFC 3173 3.3: CPI 2 is DEFLATE."""
    peer = Peer("tunnel", cpi=2)
    payload, _ = peer.flow.datagram(TEXT)
    peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, TEXT)
    peer = Peer("transport", cpi=0xffff)
    payload, _ = peer.flow.datagram(TEXT)
    peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, TEXT)


def malformed(mode):
    peer = Peer(mode)
    payload, proto = peer.flow.datagram(TEXT[:200])
    packed = pack(payload)
    bad = {"in_comp_data": 1}
    for n in range(len(packed)):
        peer.comp(packed[:n], bad)
    for n in range(4):
        peer.feed(COMP, header(proto, peer.cpi)[:n], bad)
    for tail in (b"\0", b"garbage", packed):
        peer.comp(packed + tail, bad)
    # a stored block whose length is not its complement, a block of no type, a
    # match before the beginning, zlib's own format
    for data in (b"\1\5\0\0\0hello", b"\7", b"\x63\0\4\0" + bytes(9),
                 zlib.compress(payload), b"\xff" * 100):
        peer.comp(data, bad)
    peer.comp(packed, {"in_ok": 1, "in_comp": 1}, TEXT[:200])


def long():
    """What is decompressed must be a packet."""
    for mode, most in (("tunnel", 65535), ("transport", 65515)):
        peer = Peer(mode)
        over = len(peer.flow.datagram(b"")[0])
        data = bytes(most - over)
        payload, _ = peer.flow.datagram(data)
        equal(len(payload), most)
        peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, data)
        for size in (most + 1, 100000, 1 << 20):
            peer.comp(pack(bytes(size)), {"in_comp_long": 1})
    peer = Peer("tunnel", six=True)
    data = bytes(65535 - 48)
    payload, _ = peer.flow.datagram(data)
    peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, data)


def cpi():
    """It is looked up by destination, and has an SA with the packet's ends."""
    peer = Peer("transport")
    payload, _ = peer.flow.datagram(TEXT)
    packed = pack(payload)
    for num in (peer.cpi + 1, 2, 0xffff):
        peer.comp(packed, {"in_comp_cpi": 1}, cpi=num)
    # one to send with, one of another family, one of another sender
    lab.sa(deflate, "out", "transport", spi=0x3000, proto=COMP)
    lab.sa(deflate, "in", "transport", True, spi=0x3001, proto=COMP)
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr("10.0.0.9")),
              attr(C["A_SA_DST"], addr(OUT4)),
              attr(C["A_SA_PROTO"], u8(COMP)),
              attr(C["A_SA_SPI"], struct.pack("!I", 0x3002)),
              attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])),
              attr(C["A_SA_DIR"], u8(C["DIR_IN"])), *deflate.attrs())
    for num in (0x3000, 0x3001, 0x3002):
        peer.comp(packed, {"in_comp_cpi": 1}, cpi=num)
    lab.nl.do("SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(PEER4)),
              attr(C["A_SA_DST"], addr(OUT4)),
              attr(C["A_SA_PROTO"], u8(COMP)),
              attr(C["A_SA_SPI_MIN"], u32(0x4000)),
              attr(C["A_SA_SPI_MAX"], u32(0x4000)))
    peer.comp(packed, {"in_comp_cpi": 1}, cpi=0x4000)
    peer.comp(packed, {"in_ok": 1, "in_comp": 1}, TEXT)


def nested():
    """IPComp in IPComp."""
    peer = Peer("transport")
    payload, _ = peer.flow.datagram(TEXT)
    once = header(UDP, peer.cpi) + pack(payload)
    peer.comp(pack(once), {"in_comp": 1, "in_comp_nested": 1}, proto=COMP)
    peer = Peer("tunnel")
    payload, _ = peer.flow.datagram(TEXT)
    once = ip(*peer.flow.outer, COMP, header(IPIP, peer.cpi) + pack(payload))
    peer.comp(pack(once), {"in_comp": 1, "in_comp_nested": 1})


def clear():
    """Outside IPsec it is not decompressed, and policy judges what it is."""
    for mode in ("transport", "tunnel"):
        peer = Peer(mode)
        payload, proto = peer.flow.datagram(TEXT)
        packet = ip(*peer.flow.outer, COMP, header(proto, peer.cpi) +
                    pack(payload))
        # between these addresses policy is about transport mode only
        lab.default("in", "discard")
        lab.wire.send(packet)
        lab.counted({"in_clear" if mode == "transport" else "in_discard": 1})
        nothing(sock4)


def plain_tunnel():
    """A packet in a packet, without an SA of IPComp that it may be from."""
    peer = Peer("tunnel")
    payload, _ = peer.flow.datagram(TEXT)
    peer.feed(IPIP, payload, {"in_ok": 1}, TEXT)
    lab.nl.do("SA_DEL", attr(C["A_SA_DST"], addr(OUT4)),
              attr(C["A_SA_PROTO"], u8(COMP)),
              attr(C["A_SA_SPI"], struct.pack("!I", peer.cpi)))
    peer.feed(IPIP, payload, {"in_policy": 1})
    peer.comp(pack(payload), {"in_comp_cpi": 1})
    # two of them: the one that the SA of ESP goes with
    other = lab.sa(deflate, "in", "tunnel", spi=0x3000, proto=COMP, reqid=2)
    peer.feed(IPIP, payload, {"in_policy": 1})
    lab.sa(deflate, "in", "tunnel", spi=0x3001, proto=COMP, reqid=1)
    lab.sa(deflate, "in", "tunnel", spi=0x3002, proto=COMP, reqid=3)
    peer.feed(IPIP, payload, {"in_ok": 1}, TEXT)
    # and it says what is compressed by itself
    peer.comp(pack(payload), {"in_comp": 1, "in_policy": 1}, cpi=other)
    # it gets another reqid, or has none, as that of ESP may have none
    peer = Peer("tunnel")
    payload, _ = peer.flow.datagram(TEXT)
    # policy names 1: without one it is found, and not accepted
    for reqid, want in ((0, {"in_policy": 1}), (1, {"in_ok": 1}), (3, {"in_policy": 1}),
                        (0, {"in_policy": 1}), (1, {"in_ok": 1})):
        set_reqid(peer.cpi, COMP, reqid)
        peer.feed(IPIP, payload, want, TEXT if "in_ok" in want else None)
    for reqid in 0, 2:
        lab.reset()
        peer = Peer("tunnel", comp={"reqid": reqid}, esp={"reqid": 0})
        lab.nl.do("POLICY_FLUSH")
        policy("in", peer.flow, tmpl(peer.flow, COMP, "tunnel", reqid),
               tmpl(peer.flow, ESP, "transport", 0))
        lab.mark()
        peer.feed(IPIP, payload, {"in_ok": 1}, TEXT)
    lab.reset()
    peer = Peer("tunnel", comp={"reqid": 0})
    lab.nl.do("POLICY_FLUSH")
    policy("in", peer.flow, tmpl(peer.flow, COMP, "tunnel", 0),
           tmpl(peer.flow, ESP, "transport"))
    lab.mark()
    peer.feed(IPIP, payload, {"in_ok": 1}, TEXT)


def set_reqid(spi, proto, reqid):
    lab.nl.do("SA_UPDATE", attr(C["A_SA_DST"], addr(OUT4)),
              attr(C["A_SA_PROTO"], u8(proto)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)),
              attr(C["A_SA_REQID"], u32(reqid)))


def of_others():
    """Who has another SA cannot use up the life of one of IPComp, nor be asked about
    errors as if he had none."""
    life = attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_PACKET_HARD"],
                                          lib.u64(2))])
    peer = Peer("transport", comp={"extra": (life,)})
    data, _ = peer.flow.datagram(TEXT)
    wire = lib.ipv4(PEER4, OUT4, COMP, header(UDP, peer.cpi) + pack(data))
    spi = lab.sa(null, "in", "tunnel", reqid=9)
    lab.mark()
    for seq in 1, 2, 3, 4:
        lab.wire.send(ip(PEER4, OUT4, ESP, null.seal(spi, seq, IPIP, wire)))
        lab.counted({"in_comp": 1, "in_policy": 1}, "of another")
    equal(used(), 0, "bytes of its life")
    peer.comp(pack(data), {"in_ok": 1, "in_comp": 1}, TEXT)


def asked():
    """What the SA around IPComp says of ICMP errors holds, compressed or not."""
    for mode in "tunnel", "transport":
        for flag in "ICMP_CHECK", "ICMP":
            lab.reset()
            peer = Peer(mode, esp={"flags": C["SA_FLAG_" + flag]})
            far, near = peer.flow.inner
            if flag == "ICMP_CHECK":
                want = "in_icmp_quote"
                quoted = udp_packet(near, "192.168.77.1", PORT, FAR_PORT, b"12345678")
            else:
                lab.nl.do("POLICY_FLUSH")
                lab.nl.do(
                    "POLICY_NEW", attr(C["A_POLICY_DIR"], u8(C["DIR_IN"])),
                    attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
                    attr(C["A_POLICY_SELECTOR"], selector(far, near, UDP)),
                    tmpl(peer.flow, COMP, mode), tmpl(peer.flow, ESP, "transport"))
                want = "in_ok"
                quoted = udp_packet(near, far, PORT, FAR_PORT, b"12345678")
            message = struct.pack("!BBHI", 3, 1, 0, 0) + quoted[:28]
            message = message[:2] + struct.pack("!H", lib.csum(message)) + message[4:]
            payload = lib.ipv4(far, near, 1, message) if mode == "tunnel" else message
            proto = IPIP if mode == "tunnel" else 1
            lab.mark()
            peer.feed(proto, payload, {want: 1})
            peer.comp(pack(payload), {want: 1, "in_comp": 1}, proto=proto)


def options_in_fragments():
    """What comes before it is in the buffer only as far as the first has it."""
    peer = Peer("tunnel", six=True)
    data, proto = peer.flow.datagram(b"small")
    peer.seq += 1
    esp = null.seal(peer.spi, peer.seq, 60,
                    bytes([proto, 0, 1, 4, 0, 0, 0, 0]) + data)
    for off, part in ((1, esp[:8]), (8, esp[8:])):
        lab.wire.send(lib.ipv6(*peer.flow.outer, 44, struct.pack(
            "!BBHI", ESP, 0, off, 77) + part))
    lab.counted({"in_ok": 1})
    equal(sock6.recv(100), b"small", "delivered")


def few():
    """IPComp's SA has a life too, whether it compresses or not."""
    life = attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_PACKET_HARD"],
                                          lib.u64(2))])
    for mode in ("tunnel", "transport"):
        peer = Peer(mode, comp={"extra": (life,)})
        data, proto = peer.flow.datagram(TEXT)
        peer.comp(pack(data), {"in_ok": 1, "in_comp": 1}, TEXT)
        equal(len(lab.nl.dump("SA_GET")), 2, "SAs")
        if mode == "tunnel":
            peer.feed(proto, data, {"in_ok": 1}, TEXT)
        else:
            peer.comp(pack(data), {"in_ok": 1, "in_comp": 1}, TEXT)
        wait_for(lambda: len(lab.nl.dump("SA_GET")) == 1, "its end")
    lab.reset()
    flow = Flow("tunnel", False, "out")
    lab.sa(deflate, "out", "tunnel", spi=0x1234, proto=COMP, extra=(life,))
    lab.sa(null, "out", "transport")
    policy("out", flow)
    s = lab.n.socket(lib.socket.AF_INET, lib.socket.SOCK_DGRAM)
    s.bind((IN4, 0))
    lab.mark()
    for data, how in ((TEXT, "out_comp"), (b"small", "out_comp_not")):
        s.sendto(data, (FAR4, FAR_PORT))
        lab.counted({"out_ok": 1, how: 1})
    wait_for(lambda: len(lab.nl.dump("SA_GET")) == 1, "its end")
    # what the SA around it refuses takes none of it
    lab.reset()
    lab.sa(deflate, "out", "tunnel", spi=0x1234, proto=COMP, extra=(life,))
    lab.sa(null, "out", "transport", seq_out=7, seq_max=7)
    policy("out", flow)
    lab.mark()
    for data in (TEXT, b"small", TEXT):
        try:
            s.sendto(data, (FAR4, FAR_PORT))
        except PermissionError:
            pass
        lab.counted({"out_seq_max": 1})
    equal((len(lab.nl.dump("SA_GET")), used()), (2, 0), "SAs, bytes used")
    s.close()


def used():
    """Bytes of the life of IPComp's SA."""
    sas = [dict(sa) for sa in lab.nl.dump("SA_GET")]
    sa = [sa for sa in sas if sa[C["A_SA_PROTO"]] == u8(COMP)][0]
    return struct.unpack("=Q", sa[C["A_SA_USED_BYTES"]])[0]


def charged(mode, six):
    """Both ends count the same bytes of a packet: the limit of one is not
    reached before that of the other.
    """
    whole = (40 if six else 20) + 8
    flow, _, _ = setup_out(mode, six)
    sent(flow, TEXT, {"out_comp": 1})
    equal(used(), whole + len(TEXT), "sent")
    sent(flow, NOISE, {"out_comp_not": 1})
    equal(used(), 2 * whole + len(TEXT) + len(NOISE), "sent as it is")
    peer = Peer(mode, six)
    payload, _ = peer.flow.datagram(TEXT)
    peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, TEXT)
    equal(used(), whole + len(TEXT), "received")
    if mode == "tunnel":
        payload, proto = peer.flow.datagram(NOISE)
        peer.feed(proto, payload, {"in_ok": 1}, NOISE)
        equal(used(), 2 * whole + len(TEXT) + len(NOISE), "as it is")
    # to the byte
    size = whole + len(TEXT)
    limit = attr(C["A_SA_LIFETIME"], [attr(C["A_LIFETIME_BYTE_HARD"],
                                           lib.u64(2 * size))])
    peer = Peer(mode, six, comp={"extra": (limit,)})
    payload, _ = peer.flow.datagram(TEXT)
    for _ in range(2):
        peer.comp(pack(payload), {"in_ok": 1, "in_comp": 1}, TEXT)


def other_policy():
    """Policy asks for IPComp, or against it."""
    for mode in ("transport", "tunnel"):
        peer = Peer(mode)
        payload, proto = peer.flow.datagram(TEXT)
        ok = {"in_ok": 1, "in_comp": 1}
        peer.comp(pack(payload), ok, TEXT)
        policy("in", peer.flow, tmpl(peer.flow, ESP, "transport"),
               cmd="POLICY_UPDATE")
        peer.comp(pack(payload), {"in_comp": 1, "in_policy": 1})
        policy("in", peer.flow, tmpl(peer.flow, COMP, mode, 9),
               tmpl(peer.flow, ESP, "transport"), cmd="POLICY_UPDATE")
        peer.comp(pack(payload), {"in_comp": 1, "in_policy": 1})
        policy("in", peer.flow, tmpl(peer.flow, COMP, mode),
               tmpl(peer.flow, ESP, "transport", 9), cmd="POLICY_UPDATE")
        peer.comp(pack(payload), {"in_comp": 1, "in_policy": 1})
        peer.feed(proto, payload, {"in_policy": 1})
        policy("in", peer.flow, tmpl(peer.flow, COMP, mode),
               tmpl(peer.flow, ESP, "transport"),
               tmpl(peer.flow, 51, "transport"), cmd="POLICY_UPDATE")
        peer.comp(pack(payload), {"in_comp": 1, "in_policy": 1})
        peer.feed(proto, payload, {"in_policy": 1})


def selectors():
    """Those of both SAs see what was sent, not that it was compressed."""
    flow = Flow("transport", False, "in")
    for port, want in ((PORT, {"in_ok": 1}), (PORT + 1, {"in_selector": 1})):
        sel = selector(*flow.inner, UDP, None, (port, port))
        peer = Peer("transport", esp={"sel": sel})
        payload, _ = peer.flow.datagram(TEXT)
        good = TEXT if port == PORT else None
        peer.feed(UDP, payload, want, good)
        peer.comp(pack(payload), dict(want, in_comp=1), good)
        peer = Peer("transport", comp={"sel": sel})
        peer.comp(pack(payload), dict(want, in_comp=1), good)
    flow = Flow("tunnel", False, "in")
    for proto, want in ((IPIP, {"in_ok": 1}), (UDP, {"in_selector": 1})):
        sel = selector(*flow.outer, proto)
        peer = Peer("tunnel", esp={"sel": sel})
        payload, _ = peer.flow.datagram(TEXT)
        good = TEXT if proto == IPIP else None
        peer.feed(IPIP, payload, want, good)
        peer.comp(pack(payload), dict(want, in_comp=1), good)
    flow, _, spi = setup_out("tunnel", False)
    lab.nl.do("SA_UPDATE", attr(C["A_SA_DST"], addr(PEER4)),
              attr(C["A_SA_SPI"], struct.pack("!I", spi)),
              attr(C["A_SA_SELECTOR"], selector(*flow.outer, IPIP)))
    lab.mark()
    equal(sent(flow, TEXT, {"out_comp": 1})[0], COMP, "next header")
    equal(sent(flow, NOISE, {"out_comp_not": 1})[0], IPIP, "next header")


# Requests

def requests():
    lab.reset()

    class Raw:
        def __init__(self, *attrs):
            self.list = list(attrs)

        def attrs(self):
            return self.list

    name = deflate.attrs()
    for num in (0, 1, 3, 63, 64, 255, 65536, 0x12340002):
        refused("CPI", lab.sa, deflate, "in", spi=num, proto=COMP)
    refused("comp deflate", lab.sa, Raw(), "in", proto=COMP)
    refused("the only algorithm", lab.sa,
            Raw(attr(C["A_SA_COMP_NAME"], "lzs")), "in", proto=COMP)
    refused("no keys", lab.sa, Raw(*name, *null.attrs()), "in", proto=COMP)
    refused("for an SA of IPComp", lab.sa, Raw(*name, *null.attrs()), "in")
    refused("BEET", lab.sa, deflate, "in", "beet", proto=COMP)
    refused("no keys", lab.sa, Raw(*name, attr(C["A_SA_AUTH_ICV_BITS"],
                                               u32(128))), "in", proto=COMP)
    flow = Flow("tunnel", False, "out")
    refused("pfp does not go", policy, "out", flow,
            tmpl(flow, COMP, "tunnel"), tmpl(flow, ESP, "transport"),
            attr(C["A_POLICY_PFP"], u32(1)))
    for flag in ("ESN", "IIV", "ALIGN8", "CHECK_PAD", "SEQ_ROLLOVER"):
        refused("not IPComp's", lab.sa, deflate, "in", proto=COMP,
                flags=C["SA_FLAG_" + flag])
    for more in ({"replay_window": 64}, {"seq_in": 1}, {"seq_out": 1}):
        refused("no sequence numbers", lab.sa, deflate, "in", proto=COMP,
                **more)
    refused("ESP's", lab.sa, deflate, "out", proto=COMP, extra=[
        attr(C["A_SA_TFC"], [attr(C["A_TFC_PAD"], u32(100))])])
    refused("for ESP", lab.sa, deflate, "out", proto=COMP, extra=[
        attr(C["A_SA_ENCAP"], [attr(C["A_ENCAP_TYPE"], u8(2)),
                               attr(C["A_ENCAP_SPORT"], lib.u16(4500)),
                               attr(C["A_ENCAP_DPORT"], lib.u16(4500))])])
    refused("group", lab.nl.do, "SA_NEW", attr(C["A_SA_SRC"], addr(OUT4)),
            attr(C["A_SA_DST"], addr("239.1.2.3")),
            attr(C["A_SA_PROTO"], u8(COMP)),
            attr(C["A_SA_SPI"], struct.pack("!I", 300)),
            attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])), *name)
    flow = Flow("tunnel", False, "out")
    first, then = tmpl(flow, COMP, "tunnel"), tmpl(flow, ESP, "transport")
    refused("must follow", policy, "out", flow, first)
    refused("must be the first", policy, "out", flow, then, first)
    refused("must be the first", policy, "out", flow, first, first, then)
    refused("must be the first", policy, "out", flow, first, then, first)
    ends = [attr(C["A_SA_SRC"], addr(PEER4)), attr(C["A_SA_DST"], addr(OUT4)),
            attr(C["A_SA_PROTO"], u8(COMP))]
    refused("16 bits", lab.nl.do, "SA_ALLOCSPI", *ends,
            attr(C["A_SA_SPI_MAX"], u32(65536)))
    for _ in range(20):
        sa = lab.nl.do("SA_ALLOCSPI", *ends)[0]
        spi = struct.unpack("!I", dict(sa)[C["A_SA_SPI"]])[0]
        if not 256 <= spi <= 61439:
            raise AssertionError("CPI %d" % spi)
    lab.nl.do("SA_UPDATE", *ends, attr(C["A_SA_SPI"], struct.pack("!I", spi)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *name)


def words():
    """The command line, and what it shows."""
    lab.reset()
    sa = ("src", OUT4, "dst", PEER4, "proto", "comp", "spi", "0x100")
    lab.cli("sa", "add", *sa, "mode", "tunnel", "comp", "deflate")
    text = lab.cli("sa", "get", *sa)
    if "proto comp spi 0x00000100" not in text or "comp deflate" not in text:
        raise AssertionError(text)
    got = lib.json_of(lab.cli("-j", "sa", "get", *sa))
    equal((got["proto"], got["comp"]), ("comp", {"name": "deflate"}), "JSON")
    lab.cli("policy", "add", "dir", "out", "src", IN4, "dst", FAR4, "action",
            "protect", "tmpl", "src", OUT4, "dst", PEER4, "proto", "comp",
            "mode", "tunnel", "level", "use", "tmpl", "proto", "esp", "mode",
            "transport", "level", "required")
    text = lab.cli("policy", "list")
    if "proto comp reqid 0 mode tunnel" not in text:
        raise AssertionError(text)
    for bad in (("sa", "add", *sa[:-1], "0x101", "mode", "tunnel"),
                ("sa", "add", *sa[:-1], "0x101", "mode", "tunnel", "comp",
                 "lzs"),
                ("policy", "add", "dir", "in", "src", IN4, "dst", FAR4,
                 "action", "protect", "tmpl", "proto", "esp", "mode",
                 "transport", "level", "use")):
        lab.cli(*bad, ok=False)
    equal(lab.cli("sa", "count"), "1\n", "SAs")


for m in ("tunnel", "transport"):
    for s, v in ((False, "IPv4"), (True, "IPv6")):
        report.add("out, %s, %s" % (m, v), out, m, s)
        report.add("in, %s, %s" % (m, v), accepted, m, s)
        report.add("bytes of a life, %s, %s" % (m, v), charged, m, s)
    report.add("malformed data, " + m, malformed, m)
report.add("compressed only if it is smaller with the header", not_one_byte)
report.add("matches not too far back", small_window)
report.add("behind hop-by-hop options", behind_options)
report.add("path MTU is that of what is not compressed", pmtu)
report.add("matches far back", far_back)
report.add("well-known and private CPIs", well_known)
report.add("no more than a packet comes out", long)
report.add("CPI without an SA for the packet", cpi)
report.add("IPComp in IPComp", nested)
report.add("IPComp in the clear", clear)
report.add("a packet in a packet is one that was not compressed", plain_tunnel)
report.add("a packet in a packet, behind options and in fragments",
           options_in_fragments)
report.add("other SAs than policy asks for", other_policy)
report.add("an SA for few packets", few)
report.add("an SA of another peer's", of_others)
report.add("errors, as the SA around it says", asked)
report.add("selectors see what was sent", selectors)
report.add("requests", requests)
report.add("the command line", words)
sys.exit(report.run())
