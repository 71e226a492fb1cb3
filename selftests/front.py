# SPDX-License-Identifier: GPL-2.0
"""What somebody on the way puts in front of ESP in transport mode: nothing of it
makes an ICMP error that quotes the text, or sends the text on in the clear.

The topology is that of lib.py. Policy protects UDP alone, and errors may go.
"""
import struct
import sys

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, addr,
                 attr, equal, ip, ipv6, select, u8, u32, udp, wait_for)

PORT, FAR_PORT = 4000, 5000
HBH, ESP, RH, FRAG, DST = 0, 50, 43, 44, 60
TEXT = b"secret" * 9
lab = lib.Lab()
lab.forward()
gcm = Algo("aes128gcm16", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()


def setup(six, way="DIR_IN"):
    lab.reset()
    lab.spi += 1
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    extra = [attr(C["A_SA_DIR"], u8(C[way]))] if way else []
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(src)),
              attr(C["A_SA_DST"], addr(dst)), attr(C["A_SA_PROTO"], u8(ESP)),
              attr(C["A_SA_SPI"], struct.pack("!I", lab.spi)),
              attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])),
              attr(C["A_SA_REQID"], u32(1)), *extra, *gcm.attrs())
    lab.policy("in", src, dst, 17, mode="transport", six=six)
    if not way:
        # it is opened when the stack has had a look at the rest
        lab.policy("in", src, dst, ESP, action="bypass")
    lab.mark()
    return lab.spi


def sealed(six, spi, seq):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return gcm.seal(spi, seq, 17, udp(src, dst, FAR_PORT, PORT, TEXT))


def behind(headers, esp):
    """An IPv6 packet; headers: (kind, all of it behind its first byte)."""
    kinds = [kind for kind, _ in headers] + [ESP]
    return ipv6(PEER6, OUT6, kinds[0], b"".join(
        bytes([nxt]) + part for (_, part), nxt in zip(headers, kinds[1:])) + esp)


def outcome(sock):
    """What is delivered, or on the wire."""
    def there():
        p = lab.wire.recv(0)
        if p is not None:
            raise AssertionError("on the wire: " + p.hex())
        return select.select([sock], [], [], 0)[0]
    wait_for(there, "the datagram")
    equal(sock.recv(2000), TEXT, "delivered")
    lab.wire.silent()


# IPv4: of options only their length is left

OPTIONS4 = {
    "none": b"",
    "no operation": b"\x01\x01\x01\x01",
    "router alert": b"\x94\x04\0\0",
    "record route": b"\x01\x07\x07\x04\0\0\0\0",
    "time stamp": b"\x44\x08\x05\0\0\0\0\0",
    "time stamps, one too many already": b"\x44\x04\x05\xe0",
    "stream": b"\x88\x04\0\x01",
    "unknown": b"\xde\x04\x12\x34",
    "the most": b"\xde\x28" + bytes(38),
}
# These the stack refuses, where it looks at them before
BAD4 = {
    "route taken": b"\x83\x07\x08\x0a\0\0\x09\x00",
    "length 0": b"\x44\0\0\0",
    "length 1": b"\x94\x01\0\0",
    "beyond the end": b"\x07\x05\x04\0",
    "no length": b"\x01\x01\x01\x07",
    "time stamp with a bad pointer": b"\x44\x04\x01\0",
    "time stamps, far too many": b"\x44\x04\x05\xf0",
    "record route with a bad pointer": b"\x07\x04\x03\0",
    "two routes": b"\x83\x07\x08\x0a\0\0\x09\x83\x07\x08\x0a\0\0\x09\0\0",
    "CIPSO that is none": b"\x86\x04\0\0",
}


def options(way, table):
    spi = setup(False, way)
    kept = set()
    sock4.setsockopt(0, 6, 1)       # IP_RECVOPTS
    for seq, (name, opts) in enumerate(table.items(), 1):
        lab.wire.send(lib.ipv4(PEER4, OUT4, ESP, sealed(False, spi, seq),
                               options=opts))
        lab.counted({"in_ok": 1}, name)
        wait_for(lambda: select.select([sock4], [], [], 0)[0] or
                 lab.wire.sock in select.select([lab.wire.sock], [], [], 0)[0],
                 name)
        lab.wire.silent()
        data, anc, _, _ = sock4.recvmsg(2000, 100)
        equal(data, TEXT, name)
        kept |= set(b"".join(x[2] for x in anc))
    sock4.setsockopt(0, 6, 0)
    equal(kept, {1}, "options")


def source_route4():
    """Where routes of senders are followed."""
    where = "/proc/sys/net/ipv4/conf/%s/accept_source_route"
    for dev in "all", "vn":
        lab.n.exec("sh", "-c", "echo 1 >" + where % dev)
    spi = setup(False)
    for seq, kind in enumerate((0x83, 0x89), 1):
        route = bytes([kind, 7, 4]) + addr("192.168.2.9") + b"\0"
        lab.wire.send(lib.ipv4(PEER4, OUT4, ESP, sealed(False, spi, seq),
                               options=route))
        lab.counted({"in_ok": 1})
        outcome(sock4)
    lab.n.exec("sh", "-c", "echo 0 >" + where % "all")


# IPv6

def tlv(*opts):
    """Body of an options header, padded."""
    body = b"".join(opts)
    left = -(len(body) + 2) % 8
    pad = b"" if not left else b"\0" if left == 1 else \
        bytes([1, left - 2]) + bytes(left - 2)
    return bytes([(len(body) + 2 + left) // 8 - 1]) + body + pad


def rh(kind, left, *hops):
    return bytes([len(hops) * 2, kind, left]) + bytes(4) + \
        b"".join(addr(h) for h in hops)


WHOLE = (FRAG, b"\0\0\0\1\2\3\4")
PAD = (DST, tlv())
GOOD6 = {
    "none": (),
    "padding": (PAD,),
    "single bytes of it": ((DST, b"\0" + bytes(6)),),
    "an option to pass over": ((DST, tlv(b"\x1e\x03abc")),),
    "one that may change": ((DST, tlv(b"\x3e\x03abc")),),
    "hop by hop, router alert": ((HBH, tlv(b"\x05\x02\0\0")),),
    "a route at its end": ((RH, rh(0, 0, "fd00:8::1")),),
    "one of unknown type": ((RH, rh(253, 0)),),
    "an atomic fragment": (WHOLE,),
    "all": ((HBH, tlv()), PAD, (RH, rh(0, 0, "fd00:8::1")), WHOLE,
            (DST, tlv(b"\x1e\x03abc"))),
}
BAD6 = {
    "option 10": ((DST, tlv(b"\x9e\x04\0\0\0\0")),),
    "option 11": ((DST, tlv(b"\xde\x04\0\0\0\0")),),
    "behind another": ((DST, tlv(b"\x1e\x03abc", b"\x9e\0")),),
    "in the second header": (PAD, (DST, tlv(b"\x9e\0")),),
    "home address": ((DST, tlv(b"\1\2\0\0", b"\xc9\x10" + addr(FAR6))),),
    "an option cut off": ((DST, b"\0\x1e\x05\0\0\0\0"),),
    "an option without length": ((DST, b"\0\x01\x03\0\0\0\x1e"),),
    "unknown route": ((RH, rh(253, 1)),),
    "route of type 0": ((RH, rh(0, 1, "fd00:8::1")),),
    "route of type 2": ((RH, rh(2, 1, "fd00:8::1")),),
    "route of type 4": ((RH, rh(4, 1, "fd00:8::1")),),
    "too many segments": ((RH, rh(0, 200, "fd00:8::1")),),
    "hop by hop, second": (PAD, (HBH, tlv()),),
    "hop by hop, twice": ((HBH, tlv()), (HBH, tlv()),),
    "two atomic fragments": (WHOLE, WHOLE),
    "two, not together": (WHOLE, PAD, WHOLE),
}


def headers(way):
    spi = setup(True, way)
    for seq, (name, chain) in enumerate(GOOD6.items(), 1):
        lab.wire.send(behind(chain, sealed(True, spi, seq)))
        lab.counted({"in_ok": 1}, name)
        outcome(sock6)


def headers_bad(way):
    """Such a packet uses no number up: the sender's own is welcome after it."""
    spi = setup(True, way)
    for seq, (name, chain) in enumerate(BAD6.items(), 1):
        lab.wire.send(behind(chain, sealed(True, spi, seq)))
        lab.counted({"in_header": 1}, name)
        lab.wire.silent()
        lib.nothing(sock6)
        lab.wire.send(behind((), sealed(True, spi, seq)))
        lab.counted({"in_ok": 1}, name)
        outcome(sock6)


def segments():
    """Where this host is one of a segment route."""
    where = "/proc/sys/net/ipv6/conf/%s/seg6_enabled"
    for dev in "all", "vn":
        lab.n.exec("sh", "-c", "echo 1 >" + where % dev)
    spi = setup(True)
    # segments in reverse order (RFC 8754): the last entry is where it is now
    srh = bytes([4, 4, 1, 1, 0, 0, 0]) + addr("fd00:8::1") + addr(OUT6)
    lab.wire.send(behind(((RH, srh),), sealed(True, spi, 1)))
    lab.counted({"in_header": 1})
    lab.wire.silent()
    lab.n.exec("sh", "-c", "echo 0 >" + where % "all")


def in_tunnel(six):
    """ESP that a gateway of the peer has put into a tunnel, as it came to it."""
    lab.reset()
    outer = lab.sa(gcm, "in")
    lab.spi += 1
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(src)),
              attr(C["A_SA_DST"], addr(dst)), attr(C["A_SA_PROTO"], u8(ESP)),
              attr(C["A_SA_SPI"], struct.pack("!I", lab.spi)),
              attr(C["A_SA_MODE"], u8(C["MODE_TRANSPORT"])),
              attr(C["A_SA_REQID"], u32(2)),
              attr(C["A_SA_DIR"], u8(C["DIR_IN"])), *gcm.attrs())
    lab.policy("in", src, dst, 17, mode="transport", six=six, reqid=2)
    lab.policy("in", src, dst, ESP)
    lab.mark()
    esp = gcm.seal(lab.spi, 1, 17, udp(src, dst, FAR_PORT, PORT, TEXT))
    if six:
        p = ipv6(src, dst, DST, bytes([ESP]) + tlv(b"\x9e\0") + esp)
    else:
        p = lib.ipv4(src, dst, ESP, esp, options=b"\x44\0\0\0")
    lab.wire.send(ip(PEER4, OUT4, ESP, gcm.seal(outer, 1, 41 if six else 4, p)))
    lab.counted({"in_header" if six else "in_ok": 1})
    if not six:
        outcome(sock4)
    lab.wire.silent()


for w in "DIR_IN", None:
    when = "at PRE_ROUTING" if w else "at LOCAL_IN"
    report.add("IPv4 options, " + when, options, w, OPTIONS4)
    report.add("IPv6 headers that may be there, " + when, headers, w)
    report.add("IPv6 headers that may not, " + when, headers_bad, w)
report.add("IPv4 options that are malformed", options, "DIR_IN", BAD4)
report.add("IPv4 source routes", source_route4)
report.add("IPv6 segment routes", segments)
for v in False, True:
    report.add("ESP in a tunnel, IPv%s" % "64"[not v], in_tunnel, v)
sys.exit(report.run())
