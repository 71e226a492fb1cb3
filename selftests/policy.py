# SPDX-License-Identifier: GPL-2.0
"""What the policies of a host let in and out, in the clear and protected.

The topology is that of lib.py. What must not leave is looked for on the wire,
what must not arrive at the sockets, and the counter says why.
"""
import socket
import struct
import sys
import threading

import lib
from judge import (BLIND, CLEAR, ESP, FAMILIES, FAR_PORT, PORT, arrive,
                   far, lab, null, out_fate, pieces, proto_of, send, sock4,
                   sock6)
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, PEER4, Algo, equal, ipv4,
                 ipv6, nothing, udp, udp_packet, wait_for)

report = lib.Report()


def untouched():
    """A module without policies changes nothing."""
    lab.reset()
    for six, near, there in FAMILIES:
        equal(send(there), CLEAR)
        equal(arrive(far(six), six), CLEAR)
        equal(send(there, src=near), CLEAR)
    lab.counted({})


def actions():
    for six, near, there in FAMILIES:
        for action, out, inn in (("bypass", CLEAR, CLEAR),
                                 ("discard", "out_discard", "in_discard"),
                                 ("protect", "out_no_sa", "in_clear")):
            lab.reset()
            lab.policy("out", near, there, action=action, six=six)
            lab.policy("in", there, near, action=action, six=six)
            equal(send(there, src=near), out, "out " + action)
            equal(arrive(far(six), six), inn, "in " + action)


def protected():
    for six, near, there in FAMILIES:
        lab.reset()
        lab.sa(null, "out", six=six)
        lab.policy("out", near, there, six=six)
        equal(send(there, src=near), ESP)


def directions():
    """A policy out says nothing about what comes in, and the reverse."""
    lab.reset()
    lab.policy("out", IN4, FAR4, action="discard")
    equal(arrive(far()), CLEAR)
    equal(send(FAR4, src=IN4), "out_discard")
    lab.reset()
    lab.policy("in", FAR4, IN4, action="discard")
    equal(send(FAR4, src=IN4), CLEAR)
    equal(arrive(far()), "in_discard")


def priorities():
    """The lowest number first, then the older one."""
    orders = ([(10, "bypass"), (5, "discard")], [(5, "discard"), (10, "bypass")],
              [(0, "discard"), (1, "bypass")],
              [(0xffffffff, "bypass"), (0xfffffffe, "discard")])
    for order in orders:
        lab.reset()
        for n, (prio, action) in enumerate(order):
            # same packets, different selectors
            lab.policy("out", "192.168.1.0/%d" % (24 + n), "192.168.2.0/24",
                       action=action, priority=prio)
            lab.policy("in", "192.168.2.0/%d" % (24 + n), "192.168.1.0/24",
                       action=action, priority=prio)
        equal(send(FAR4, src=IN4), "out_discard", str(order))
        equal(arrive(far()), "in_discard", str(order))
    for first, out in (("discard", "out_discard"), ("bypass", CLEAR)):
        lab.reset()
        second = "bypass" if first == "discard" else "discard"
        lab.policy("out", IN4, FAR4, action=first, priority=7)
        lab.policy("out", "0.0.0.0/0", "0.0.0.0/0", action=second, priority=7)
        equal(send(FAR4, src=IN4), out, "first of equals")


def updated():
    """An update replaces, also the place in the order."""
    lab.reset()
    lab.policy("out", IN4, FAR4, action="bypass", priority=1)
    lab.policy("out", "0.0.0.0/0", "0.0.0.0/0", action="discard", priority=5)
    equal(send(FAR4, src=IN4), CLEAR)
    lab.policy("out", IN4, FAR4, action="bypass", priority=9,
               cmd="POLICY_UPDATE")
    equal(send(FAR4, src=IN4), "out_discard")
    lab.policy("out", IN4, FAR4, action="protect", priority=1,
               cmd="POLICY_UPDATE")
    equal(send(FAR4, src=IN4), "out_no_sa")
    lab.unpolicy("out", IN4, FAR4)
    equal(send(FAR4, src=IN4), "out_discard")
    lab.unpolicy("out", "0.0.0.0/0", "0.0.0.0/0")
    equal(send(FAR4, src=IN4), CLEAR)


def addresses():
    """Ranges and prefixes, at their edges."""
    cases4 = (("192.168.2.10-192.168.2.20", ("192.168.2.10", "192.168.2.20",
                                             "192.168.2.15"),
               ("192.168.2.9", "192.168.2.21")),
              ("192.168.2.64/26", ("192.168.2.64", "192.168.2.127"),
               ("192.168.2.63", "192.168.2.128")),
              ("192.168.2.255-192.168.3.1", ("192.168.2.255", "192.168.3.0",
                                             "192.168.3.1"),
               ("192.168.2.254", "192.168.3.2")),
              ("0.0.0.0/0", ("192.168.2.1", "223.255.255.255"), ()))
    cases6 = (("fd00:2::10-fd00:2::2:0", ("fd00:2::10", "fd00:2::2:0",
                                          "fd00:2::1:ffff"),
               ("fd00:2::f", "fd00:2::2:1")),
              ("fd00:2::ffff:0/113", ("fd00:2::ffff:0", "fd00:2::ffff:7fff"),
               ("fd00:2::fffe:ffff", "fd00:2::ffff:8000")),
              ("::/0", ("fd00:2::1", "fd00:2:0:0:ffff::"), ()))
    for six, near, cases in ((False, IN4, cases4), (True, IN6, cases6)):
        for text, inside, outside in cases:
            lab.reset()
            lab.policy("out", near, text, action="discard")
            lab.policy("in", text, near, action="discard")
            for there in inside:
                equal(send(there, src=near), "out_discard", there)
                equal(arrive(far(six, src=there), six), "in_discard", there)
            for there in outside:
                equal(send(there, src=near), CLEAR, there)
                equal(arrive(far(six, src=there), six), CLEAR, there)


def ports():
    for six, near, there in FAMILIES:
        lab.reset()
        lab.policy("out", near, there, 17, None, (5000, 5010), action="discard")
        lab.policy("in", there, near, 17, (5000, 5010), None, action="discard")
        for port, out in ((4999, CLEAR), (5000, "d"), (5005, "d"), (5010, "d"),
                          (5011, CLEAR), (0xffff, CLEAR), (1, CLEAR)):
            equal(send(there, dport=port, src=near),
                  "out_discard" if out == "d" else out, "port %d" % port)
            equal(arrive(far(six, sport=port), six),
                  "in_discard" if out == "d" else out, "port %d" % port)
        lab.reset()
        lab.policy("out", near, there, 17, (PORT, PORT), (FAR_PORT, FAR_PORT),
                   action="discard")
        equal(send(there, src=near), "out_discard")
        equal(send(there, sport=PORT + 1, src=near), CLEAR)
        equal(send(there, dport=FAR_PORT + 1, src=near), CLEAR)
        lab.reset()
        lab.policy("out", near, there, 6, None, (FAR_PORT, FAR_PORT),
                   action="discard")
        equal(send(there, src=near), CLEAR, "TCP policy, UDP packet")


def lists():
    """Several ranges of a field, of policies and of SAs."""
    for six, near, there in FAMILIES:
        more = "fd00:2::9,fd00:2::20-fd00:2::22" if six else \
            "192.168.2.9,192.168.2.20-192.168.2.22"
        hole = "fd00:2::15" if six else "192.168.2.15"
        inside = "fd00:2::21" if six else "192.168.2.21"
        lab.reset()
        lab.policy("out", near, there + "," + more, 17, None,
                   [(7, 7), (FAR_PORT, FAR_PORT + 9), (9, 9)], action="discard")
        lab.policy("in", there + "," + more, near, 17,
                   [(FAR_PORT, FAR_PORT + 9), (7, 7)], None, action="discard")
        for dst, port, met in ((there, FAR_PORT, True), (inside, 7, True),
                               (there, 9, True), (hole, 7, False),
                               (inside, 8, False), (there, 4000, False)):
            what = "%s port %d" % (dst, port)
            equal(send(dst, dport=port, src=near),
                  "out_discard" if met else CLEAR, what)
            equal(arrive(far(six, src=dst, sport=port), six),
                  "in_discard" if met and port != 9 else CLEAR, what)
        # the same in another order is there already, a part of it is not
        try:
            lab.policy("out", near, more + "," + there, 17, None,
                       [(9, 9), (7, 7), (FAR_PORT + 5, FAR_PORT + 9),
                        (FAR_PORT, FAR_PORT + 4)], action="bypass")
        except lib.Refused as e:
            equal("there is a policy" in e.text, True, e.text)
        else:
            raise AssertionError("added twice")
        lab.policy("out", near, more + "," + there, 17, None,
                   [(9, 9), (FAR_PORT, FAR_PORT + 4)], action="bypass")
        lab.unpolicy("out", near, more + "," + there, 17, None,
                     [(9, 9), (FAR_PORT, FAR_PORT + 4)])
        lab.reset()
        lab.sa(null, "out", six=six, sel=lib.selector(
            near, there + "," + more, 17, None, [(7, 7), (9, 10)]))
        lab.policy("out", near, "::/0" if six else "0.0.0.0/0", six=six)
        for dst, port, fits in ((there, 9, True), (inside, 7, True),
                                (hole, 7, False), (there, 8, False)):
            equal(send(dst, dport=port, src=near),
                  ESP if fits else "out_no_sa", "%s port %d" % (dst, port))
    lab.reset()


def listed():
    """What is shown of lists is what was said, sorted and without seams."""
    lab.reset()
    lab.cli("policy", "add", "dir", "in", "src",
            "10.0.0.9,10.0.0.128/25,10.0.0.0-10.0.0.8,10.0.1.0/24", "dst",
            "10.1.0.0/16", "proto", "tcp", "sport", "80,1-9,81", "dport", "22",
            "action", "bypass")
    text = lab.cli("policy", "list")
    equal(text.splitlines()[0], "src 10.0.0.0-10.0.0.9,10.0.0.128-10.0.1.255 "
          "dst 10.1.0.0/16 proto tcp sport 1-9,80-81 dport 22")
    pol, = lib.json_of(lab.cli("-j", "policy", "list"))
    equal(pol["sel"]["sport"], "1-9,80-81")
    lab.cli("policy", "del", *text.splitlines()[0].split(), "dir", "in")
    equal(lab.cli("policy", "list").strip(), "")
    lab.reset()


def packets_of(number=0):
    """How many packets a policy has met."""
    pol = dict(lab.nl.dump("POLICY_GET")[number])
    return struct.unpack("=Q", pol[C["A_POLICY_PACKETS"]])[0]


def icmp(six, number, src, dst):
    """An ICMP packet; number: 256 times the type, plus the code."""
    body = struct.pack("!HHI", number, 0, 0) + bytes(40)
    if not six:
        return ipv4(src, dst, 1, body[:2] +
                    struct.pack("!H", lib.csum(body)) + body[4:])
    pseudo = lib.addr(src) + lib.addr(dst) + struct.pack("!II", len(body), 58)
    return ipv6(src, dst, 58, body[:2] +
                struct.pack("!H", lib.csum(pseudo + body)) + body[4:])


def judged(packet, inside, what):
    """By the only policy, which lets it in, or by the default."""
    hits = packets_of()
    lab.mark()
    lab.wire.send(packet)
    if inside:
        wait_for(lambda: packets_of() == hits + 1, what)
        lab.counted({}, what)
    else:
        lab.counted({"in_discard": 1}, what)
        equal(packets_of(), hits, what)


def icmp_types():
    """Type and code are compared as one number, both ways, by either hook."""
    lab.reset()
    lab.default("in", "discard")
    for six, near, there in FAMILIES:
        proto = 58 if six else 1
        for low, high in ((0x0304, 0x0501), (0x0c00, 0x0cff), (0, 0)):
            lab.nl.do("POLICY_FLUSH")
            lab.policy("in", there, near, proto, types=(low, high),
                       action="bypass")
            for number in {low - 1, low, low | 0xff, high & 0xff00, high,
                           high + 1}:
                if number >= 0:
                    judged(icmp(six, number, there, near),
                           low <= number <= high, "%#x" % number)
    lab.reset()
    for six, near, there in FAMILIES:
        lab.policy("out", near, there, 58 if six else 1,
                   types=(0x8000, 0x8001) if six else (0x0800, 0x0801),
                   action="discard")
        sock = lab.n.socket(lib.socket.AF_INET6 if six else lib.socket.AF_INET,
                            lib.socket.SOCK_RAW, 58 if six else 1)
        sock.bind((near, 0))
        for code, out in ((1, "out_discard"), (2, CLEAR)):
            base = lab.nl.stats()
            try:
                sock.sendto(bytes([128 if six else 8, code]) + bytes(20),
                            (there, 0))
            except PermissionError:
                pass
            equal(wait_for(lambda b=base: out_fate(b), "a packet"), out)
        sock.close()
    # without its type, nothing can be told of it
    lab.default("in", "discard")
    lab.mark()
    lab.wire.send(ipv4(FAR4, IN4, 1, b"\10"))
    lab.counted({"in_header": 1})
    lab.reset()


def mh_types():
    lab.reset()
    lab.default("in", "discard")
    lab.policy("in", FAR6, IN6, 135, types=(0x0500, 0x06ff), action="bypass")
    for number, inside in ((4, False), (5, True), (6, True), (7, False)):
        judged(ipv6(FAR6, IN6, 135, bytes([59, 0, number, 77]) + bytes(4)),
               inside, "type %d" % number)
    lab.reset()


def defaults():
    """Discard what no policy knows; neighbour discovery by a bypass policy."""
    lab.reset()
    lab.default("out", "discard")
    equal(send(FAR4), "out_discard")
    equal(arrive(far()), CLEAR)
    lab.default("in", "discard")
    equal(arrive(far()), "in_discard")
    equal(arrive(far(True), True), "in_discard")
    lab.policy("out", IN4, FAR4, action="bypass")
    lab.policy("in", FAR4, IN4, action="bypass")
    equal(send(FAR4, src=IN4), CLEAR)
    equal(arrive(far()), CLEAR)
    equal(send("192.168.2.9", src=IN4), "out_discard")
    lab.default("out", "bypass")
    lab.default("in", "bypass")
    equal(send("192.168.2.9", src=IN4), CLEAR)


def neighbours():
    """Is the neighbour asked for, and is its answer heard?"""
    def asked():
        lab.n.ip("neigh flush dev vn")
        sock6.sendto(b"x", ("fd00::77", FAR_PORT))

    def solicitation():
        while lib.select.select([lab.wire.sock], [], [], 0)[0]:
            frame = lab.wire.sock.recv(2000)
            if frame[12:14] == b"\x86\xdd" and frame[20] == 58 and \
                    frame[54] == 135 and frame[62:78] == lib.addr("fd00::77"):
                return True
        return False
    lab.reset()
    # the datagram may go, the question for its neighbour may not
    lab.policy("out", "::/0", "::/0", 17, action="bypass")
    lab.default("out", "discard")
    lab.default("in", "discard")
    asked()
    wait_for(lambda: lib.grown(lab.base, lab.nl.stats()).get("out_discard"),
             "a solicitation that is dropped")
    equal(solicitation(), False)
    lab.reset()
    lab.policy("out", "::/0", "::/0", 17, action="bypass")
    for direction in ("in", "out"):
        lab.policy(direction, "::/0", "::/0", 58, action="bypass")
        lab.default(direction, "discard")
    asked()
    wait_for(solicitation, "the neighbour solicitation")
    target = lib.addr("fd00::77")
    na = struct.pack("!BBHI", 136, 0, 0, 0x60000000) + target + b"\2\1" + \
        lib.MAC_W
    pseudo = target + lib.addr("fd00::1") + struct.pack("!II", len(na), 58)
    na = na[:2] + struct.pack("!H", lib.csum(pseudo + na)) + na[4:]
    lab.wire.send(ipv6("fd00::77", "fd00::1", 58, na, hlim=255))
    wait_for(lambda: lib.MAC_W.hex(":") in lab.n.exec(
        "ip", "-6", "neigh", "show", "fd00::77"), "the neighbour's address")
    lab.reset()


def multicast():
    """Multicast and broadcast are packets like others."""
    lab.reset()
    lab.policy("out", "0.0.0.0/0", "224.0.0.0/4", action="discard")
    equal(send("239.1.2.3"), "out_discard")
    lab.reset()
    equal(send("239.1.2.3"), CLEAR)


def loopback():
    """What stays in the host is nobody's business."""
    lab.reset()
    lab.default("out", "discard")
    lab.default("in", "discard")
    for sock, dst in ((sock4, "127.0.0.1"), (sock4, IN4), (sock6, "::1"),
                      (sock6, IN6)):
        sock.sendto(b"self", (dst, PORT))
        equal(sock.recv(100), b"self")
    lab.reset()


def clear_refused():
    """Plaintext where protection is due, to the host and through it."""
    for six, near, there in FAMILIES:
        lab.reset()
        lab.sa(null, "in", six=six)
        lab.policy("in", there, near, six=six)
        lab.mark()
        for packet in (far(six), far(six, dport=1)):
            lab.wire.send(packet)
            lab.counted({"in_clear": 1})
        nothing(sock6 if six else sock4)
    lab.reset()
    forward4()
    through = udp_packet(FAR4, "10.8.8.8", 1, 2, b"through")
    lab.wire.send(through)
    wait_for(lab.wire.recv, "the forwarded packet")
    lab.policy("in", "192.168.2.0/24", "10.8.8.0/24")
    lab.mark()
    lab.wire.send(through)
    lab.counted({"in_clear": 1})
    lab.wire.silent()
    lab.reset()
    lab.policy("out", "192.168.2.0/24", "10.8.8.0/24")
    lab.mark()
    lab.wire.send(through)
    lab.counted({"out_no_sa": 1})
    lab.wire.silent()
    lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


def opened_through():
    """What came out of an SA and is forwarded meets the policies out."""
    lab.reset()
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects")
    spi = lab.sa(null, "in")
    lab.policy("in", "192.168.2.0/24", "10.8.8.0/24")
    inner = udp_packet(FAR4, "10.8.8.8", 1, 2, b"through")
    lab.mark()
    lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, 1, 4, inner)))
    equal(proto_of(wait_for(lab.wire.recv, "the forwarded packet")), 17)
    lab.counted({"in_ok": 1})
    lab.policy("out", "192.168.2.0/24", "10.8.8.0/24", action="discard")
    lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, 2, 4, inner)))
    lab.counted({"in_ok": 1, "out_discard": 1})
    lab.wire.silent()
    lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


def no_sa():
    """Protection is due and there is no SA that fits: nothing leaves."""
    cases = (dict(), dict(reqid=2), dict(direction="in"), dict(mode="transport"))
    for case in cases:
        lab.reset()
        lab.policy("out", IN4, FAR4)
        if case:
            lab.sa(null, case.pop("direction", "out"), **case)
        lab.mark()
        for size in (0, 1, 1400, 5000):
            try:
                lab.listen(PORT + 1, host=IN4).sendto(b"x" * size,
                                                      (FAR4, FAR_PORT))
            except PermissionError:
                pass
            lab.counted({"out_no_sa": 1})
        lab.wire.silent()


def sa_selector():
    """An SA that does not carry this packet is none."""
    lab.reset()
    lab.sa(null, "out", sel=lib.selector(IN4, "192.168.2.8/29"))
    lab.policy("out", IN4, "192.168.2.0/24")
    equal(send("192.168.2.9", src=IN4), ESP)
    equal(send("192.168.2.7", src=IN4) in ("out_no_sa", "out_selector"), True)
    # an older SA without selector takes the rest
    lab.reset()
    wide = lab.sa(null, "out")
    narrow = lab.sa(null, "out", sel=lib.selector(IN4, "192.168.2.8/29"))
    lab.policy("out", IN4, "192.168.2.0/24")
    for dst, spi in (("192.168.2.9", narrow), ("192.168.2.7", wide)):
        lab.listen(PORT + 1, host=IN4).sendto(b"x", (dst, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!I", p, 20)[0], spi, "SPI for " + dst)


def populated():
    """RFC 4301 4.4.1: SAs that are not shared by what differs in a field."""
    C_PFP = C["A_POLICY_PFP"]
    for six, near, there in FAMILIES:
        nets = ("fd00:1::/64", "fd00:2::/64") if six else \
            ("192.168.1.0/24", "192.168.2.0/24")
        lab.reset()
        lab.nl.do("POLICY_NEW", *lab.policy_attrs(
            "out", lib.selector(*nets), six=six),
            lib.attr(C_PFP, lib.u32(C["PFP_FLAG_DST"] | C["PFP_FLAG_DPORT"])),
            lib.attr(C["A_POLICY_NAME"], "branch"))
        # newer ones that are for more than what the packet shows
        wanted = lab.sa(null, "out", six=six, sel=lib.selector(
            nets[0], there, 17, None, (FAR_PORT, FAR_PORT)))
        lab.sa(null, "out", six=six)
        lab.sa(null, "out", six=six, sel=lib.selector(*nets))
        lab.sa(null, "out", six=six, sel=lib.selector(near, there, 17))
        lab.sa(null, "out", six=six, sel=lib.selector(
            near, nets[1], 17, None, (FAR_PORT, FAR_PORT)))
        sock = lab.listen(PORT + 1, six, near)
        sock.sendto(b"x", (there, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!I", p, 40 if six else 20)[0], wanted, "SPI")
        sock.close()
        equal(send(there, dport=FAR_PORT + 1, src=near), "out_no_sa")
        equal("pfp dst,dport\n\tname branch\n" in lab.cli("policy", "list"),
              True)
        # without, the newest that fits
        lab.policy("out", *nets, six=six, cmd="POLICY_UPDATE")
        equal(send(there, dport=FAR_PORT + 1, src=near), ESP)
        equal("pfp" in lab.cli("policy", "list"), False)
    lab.reset()


def algorithms():
    """RFC 4301 4.4.1.2: algorithms that policy allows, both ways."""
    gcm = Algo("aes128gcm16", 8)
    names = {"null": ("ecb(cipher_null)", "hmac(sha256)"),
             "half": ("ecb(cipher_null)", "rfc4106(gcm(aes))"),
             "gcm": ("rfc7539esp(chacha20,poly1305)", "rfc4106(gcm(aes))")}

    def policy(direction, which):
        *attrs, tmpl = lab.policy_attrs(direction, lib.selector(
            *((IN4, FAR4) if direction == "out" else (FAR4, IN4))))
        tmpl = lib.attr(C["A_POLICY_TMPL"], [tmpl[4:]] + [
            lib.attr(C["A_TMPL_ALGO"], n) for n in names[which]])
        lab.nl.do("POLICY_UPDATE", *attrs, tmpl)
    lab.reset()
    spis = {"gcm": lab.sa(gcm, "out"), "null": lab.sa(null, "out")}
    for which in ("null", "gcm", "half"):
        policy("out", which)
        if which == "half":
            lab.nl.do("SA_DEL", lib.attr(C["A_SA_DST"], lib.addr(PEER4)),
                      lib.attr(C["A_SA_PROTO"], lib.u8(50)),
                      lib.attr(C["A_SA_SPI"], struct.pack("!I", spis["gcm"])))
            equal(send(FAR4, src=IN4), "out_no_sa")
            break
        sock = lab.listen(PORT + 1, host=IN4)
        sock.sendto(b"x", (FAR4, FAR_PORT))
        p = wait_for(lab.wire.recv, "a packet")
        equal(struct.unpack_from("!I", p, 20)[0], spis[which], which)
        sock.close()
    equal("\t\talgo ecb(cipher_null)\n\t\talgo rfc4106(gcm(aes))\n" in
          lab.cli("policy", "list"), True)
    lab.reset()
    spi = lab.sa(null, "in")
    for seq, (which, expect) in enumerate((("gcm", "in_policy"),
                                           ("null", "in_ok")), 1):
        policy("in", which)
        lab.mark()
        lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, seq, 4, far())))
        lab.counted({expect: 1})
    equal(sock4.recv(100), b"in")
    lab.reset()


def newest_sa():
    """Traffic moves to a new SA and back when that is deleted."""
    lab.reset()
    old = lab.sa(null, "out")
    lab.policy("out", IN4, FAR4)
    src = lab.listen(PORT + 1, host=IN4)

    def spi():
        src.sendto(b"x", (FAR4, FAR_PORT))
        return struct.unpack_from("!I", wait_for(lab.wire.recv, "one"), 20)[0]
    equal(spi(), old)
    new = lab.sa(null, "out")
    equal(spi(), new)
    lab.nl.do("SA_DEL", lib.attr(C["A_SA_DST"], lib.addr(PEER4)),
              lib.attr(C["A_SA_PROTO"], lib.u8(50)),
              lib.attr(C["A_SA_SPI"], struct.pack("!I", new)))
    equal(spi(), old)
    src.close()


def fragments_in():
    """Fragments in the clear: whole, where policies name ports."""
    data = bytes(2000)
    for six, near, there in FAMILIES:
        sock = sock6 if six else sock4
        for action in ("bypass", "discard", "protect"):
            lab.reset()
            lab.policy("in", there, near, 17, None, (PORT, PORT), action=action,
                       six=six)
            lab.mark()
            for p in reversed(pieces(six, data)):
                lab.wire.send(p)
            if action == "bypass":
                equal(sock.recv(65536), data)
                lab.counted({})
            else:
                lab.counted({"in_discard" if action == "discard" else
                             "in_clear": 1})
            nothing(sock)
        # by the port that the first one shows, also of another policy
        lab.policy("in", there, near, 17, (1, 1), None, action="bypass",
                   six=six)
        for p in pieces(six, data):
            lab.wire.send(p)
        lab.counted({"in_clear": 1})
        # policy may say what becomes of them without putting them together
        lab.policy("in", there, near, 17, BLIND, BLIND, action="discard",
                   six=six)
        for p in pieces(six, data):
            lab.wire.send(p)
            if not six:
                lab.counted({"in_discard": 1})
        if six:
            lab.counted({"in_clear": 1})
        # TCP's ports do not make UDP's fragments opaque
        lab.reset()
        lab.policy("in", there, near, 6, None, (PORT, PORT), action="discard")
        for p in pieces(six, data):
            lab.wire.send(p)
        equal(sock.recv(65536), data)
        # without ports, a policy sees all it needs
        for action, why in (("bypass", None), ("discard", "in_discard"),
                            ("protect", "in_clear")):
            lab.reset()
            lab.policy("in", there, near, 17, action=action, six=six)
            lab.mark()
            for p in pieces(six, data):
                lab.wire.send(p)
                if why and not six:
                    lab.counted({why: 1})
            if why and six:
                lab.counted({why: 1})
            if not why:
                equal(sock.recv(65536), data)
            nothing(sock)


def completed():
    """A fragment in the clear completes nothing that was protected.

    What it says of its protocol is the sender's choice, and IPv6 puts together
    whatever that is.
    """
    data = bytes(1200)
    for six, near, there in FAMILIES:
        sock = sock6 if six else sock4
        for says in (17, 6, 50):
            lab.reset()
            spi = lab.sa(null, "in")
            lab.policy("in", there, near, 17)
            lab.mark()
            first, last = pieces(six, data)
            protected = [null.seal(spi, seq, 41 if six else 4, p)
                         for seq, p in enumerate((first, last), 1)]
            lab.wire.send(ipv4(PEER4, OUT4, 50, protected[0]))
            lab.counted({"in_ok": 1})
            if six:
                last = last[:40] + bytes([says]) + last[41:]
            else:
                last = ipv4(FAR4, IN4, says, last[20:], frag=100,
                            ident=struct.unpack_from("!H", last, 4)[0])
            # what it would put in is told from what belongs there
            lab.wire.send(last[:-1] + b"\xff")
            nothing(sock)
            # and the protected one does
            lab.wire.send(ipv4(PEER4, OUT4, 50, protected[1]))
            equal(sock.recv(65536), data, "completed by protocol %d" % says)
            nothing(sock)
    # on its way to somebody else, that it claims no such protocol is no excuse
    lab.reset()
    lab.policy("in", FAR6, "fd00:3::/64", 6)
    lab.mark()
    head = struct.pack("!BBHI", 17, 0, 800, 99)
    lab.wire.send(ipv6(FAR6, "fd00:3::1", 44, head + bytes(100)))
    lab.counted({})
    first = struct.pack("!BBHI", 6, 0, 1, 99)
    lab.wire.send(ipv6(FAR6, "fd00:3::1", 44, first + bytes(800)))
    lab.counted({"in_clear": 1})
    # but it is what a policy for hidden protocols is for,
    lab.policy("in", FAR6, "fd00:3::/64", 44, action="discard")
    lab.mark()
    lab.wire.send(ipv6(FAR6, "fd00:3::1", 44, head + bytes(100)))
    lab.counted({"in_discard": 1})
    # unless one that takes whatever is hidden comes before: then it is whole
    lab.unpolicy("in", FAR6, "fd00:3::/64", 44)
    lab.policy("in", "::/0", "fd00:3::/64", action="bypass")
    lab.policy("in", FAR6, "fd00:3::/64", 44, action="discard")
    lab.mark()
    lab.wire.send(ipv6(FAR6, "fd00:3::1", 44, head + bytes(100)))
    lab.counted({})
    lab.wire.send(ipv6(FAR6, "fd00:3::1", 44, first + bytes(800)))
    lab.counted({"in_clear": 1})


def completed_behind_ah():
    """Nor does one whose fragment header stands behind a header of AH.

    Conntrack walks over that, and has fragments put together before hooks that
    come later see them.
    """
    data = bytes(800) + b"\1\2\3\4" * 100
    first, last = pieces(True, data)
    ah = struct.pack("!BBHIIQQ", 44, 5, 0, 0x4321, 1, 0, 0)
    # the same sum, so that UDP does not mind
    forged = last[40:-4] + last[-2:] + last[-4:-2]
    opts = b"\1\4\0\0\0\0"
    lab.n.exec("nft", "-f", "-", stdin="table ip6 t { chain c { type filter "
               "hook input priority 0; ct state new counter; }; }")
    try:
        for kind, head in ((51, ah), (0, bytes([51, 0]) + opts + ah),
                           (51, bytes([51]) + ah[1:] + ah),
                           (51, bytes([60]) + ah[1:] + bytes([44, 0]) + opts)):
            lab.reset()
            spi = lab.sa(null, "in")
            lab.policy("in", FAR6, IN6)
            lab.mark()
            lab.wire.send(ipv6(FAR6, IN6, kind, head + forged))
            for seq, p in enumerate((first, last), 1):
                lab.wire.send(ipv4(PEER4, OUT4, 50,
                                   null.seal(spi, seq, 41, p)))
            equal(sock6.recv(65536)[-4:], data[-4:], "completed")
            lab.counted({"in_ok": 2, "in_header": 1})
    finally:
        lab.n.exec("nft", "flush", "ruleset")


def completed_by_port():
    """Nor where the one is protected and the other not because of its port.

    RFC 4301 7.4: what attacks protected traffic must not use that other traffic
    with another port may be in the clear.
    """
    data = bytes(1200)
    for six, near, there in FAMILIES:
        sock = sock6 if six else sock4
        lab.reset()
        spi = lab.sa(null, "in")
        lab.policy("in", there, near, 17, None, (PORT, PORT))
        lab.policy("in", there, near, 17, None, (PORT + 1, PORT + 1),
                   action="bypass", six=six)
        other = lab.listen(PORT + 1, six)
        first, last = pieces(six, data)
        lab.mark()
        lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(
            spi, 1, 41 if six else 4, first)))
        lab.counted({"in_ok": 1})
        lab.wire.send(last)
        # it is there, and completes what it belongs to
        head = len(first) - 800
        clear = first[:head + 2] + struct.pack("!H", PORT + 1) + \
            first[head + 4:head + 6] + b"\0\0" + first[head + 8:]
        if six:
            whole = udp(there, near, FAR_PORT, PORT + 1, data)
            clear = clear[:head] + whole[:800]
        lab.wire.send(clear)
        equal(other.recv(65536), data)
        nothing(sock)
        lab.counted({})
        other.close()


def fragments_through():
    """The same for what this host forwards: it leaves in fragments again."""
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects")
    lab.reset()
    lab.policy("in", FAR4, "10.8.8.0/24", 17, None, (2, 2), action="bypass")
    lab.default("in", "discard")
    for ident, port, expect in ((21, 2, {}), (22, 3, {"in_discard": 1})):
        data = udp(FAR4, "10.8.8.8", 1, port, bytes(1900))
        lab.mark()
        for off in (1600, 0, 800):
            part = data[off:off + 800]
            lab.wire.send(ipv4(FAR4, "10.8.8.8", 17, part, ident=ident,
                               frag=(off < 1600) << 13 | off >> 3))
        got = b""
        while not expect and len(got) < len(data):
            p = wait_for(lab.wire.recv, "a fragment")
            equal(len(p) <= 820, True, "a fragment of %d bytes" % len(p))
            got += p[20:]
        if not expect:
            equal(got, data)
        lab.counted(expect)
    lab.wire.silent()
    lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


def fragments_inside():
    """Fragments that come out of a tunnel."""
    data = bytes(i & 255 for i in range(2000))
    for six, near, there in FAMILIES:
        proto = 41 if six else 4
        lab.reset()
        spi = lab.sa(null, "in")
        lab.policy("in", there, near)
        for seq, p in enumerate(pieces(six, data), 1):
            lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, seq, proto, p)))
        equal((sock6 if six else sock4).recv(65536), data)
        lab.reset()
        spi = lab.sa(null, "in")
        lab.policy("in", there, near, 17, None, (PORT, PORT))
        lab.mark()
        # the first one shows its ports
        for seq, p in enumerate(pieces(six, data), 1):
            lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(spi, seq, proto, p)))
            lab.counted({"in_frag_opaque" if seq > 1 else "in_ok": 1})
        nothing(sock6 if six else sock4)


def fragment_sas():
    """RFC 4301 7.2: an SA for a port, another for fragments without it."""
    data = bytes(i & 255 for i in range(2000))
    for six, near, there in FAMILIES:
        lab.reset()
        shown = lab.sa(null, "in", reqid=1,
                       sel=lib.selector(there, near, 17, None, (PORT, PORT)))
        rest = lab.sa(null, "in", reqid=2,
                      sel=lib.selector(there, near, 17, BLIND, BLIND))
        lab.policy("in", there, near, 17, None, (PORT, PORT), reqid=1)
        lab.policy("in", there, near, 17, BLIND, BLIND, reqid=2)
        first, *later = pieces(six, data)
        seq = iter(range(1, 100))

        def through(spi, packet, expect):
            lab.mark()
            lab.wire.send(ipv4(PEER4, OUT4, 50, null.seal(
                spi, next(seq), 41 if six else 4, packet)))
            lab.counted({expect: 1})
        through(rest, first, "in_selector")
        through(rest, far(six), "in_selector")
        through(shown, later[0], "in_frag_opaque")
        if not six:
            # so early that it might be meant to replace what was judged
            early = ipv4(there, near, 17, bytes(16), ident=98, frag=0x2001)
            through(rest, early, "in_frag_opaque")
        nothing(sock6 if six else sock4)
        through(shown, first, "in_ok")
        for p in later:
            through(rest, p, "in_ok")
        equal((sock6 if six else sock4).recv(65536), data)


def without_sas():
    """ESP and AH for this host, which has no SA and no XFRM: a packet in the clear."""
    for six in False, True:
        ends = (lib.PEER6, lib.OUT6) if six else (PEER4, OUT4)
        for proto in 50, 51:
            lab.reset()
            # what the stack does with it where nothing takes it away
            raw = lab.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                               socket.SOCK_RAW, proto)
            raw.settimeout(5 * lib.SLOW)
            for action, want in (("bypass", {}), ("discard", {"in_discard": 1})):
                lab.default("in", action)
                # neighbours are asked for, and answer
                lab.policy("in", "fe80::/10", "::/0", action="bypass")
                lab.mark()
                lab.wire.send(lib.ip(*ends, proto, bytes(40)))
                if action == "bypass":
                    equal(raw.recv(100)[-40:], bytes(40), "delivered")
                lab.counted(want, "%s, %d" % (action, proto))
                nothing(raw)
                lab.nl.do("POLICY_FLUSH")
                if six:
                    continue
                parts = lib.fragments(ipv4(*ends, proto, bytes(80), ident=proto),
                                      64)
                for part in parts:
                    lab.wire.send(part)
                if action == "bypass":
                    equal(raw.recv(200)[-80:], bytes(80), "delivered")
                lab.counted(want, "%s, %d, in fragments" % (action, proto))
                nothing(raw)
            raw.close()
    lab.reset()


def forward4():
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects")


def strangers_fragments():
    """ESP of somebody else on its way through, where nobody here has SAs: each for
    itself, also where policies ask for the interface."""
    forward4()
    lab.reset()
    lab.cli("policy", "add", "dir", "in", "src", "203.0.113.1", "dst",
            "203.0.113.2", "iif", "vn", "action", "discard")
    lab.mark()
    lab.wire.send(ipv4("192.168.2.5", "10.8.8.8", 50, bytes(64), ident=9,
                       frag=0x2000))
    p = wait_for(lab.wire.recv, "the fragment")
    equal((p[6] & 0x20, p[9], p[20:]), (0x20, 50, bytes(64)), "fragment")
    lab.counted({})
    lab.reset()


def hidden_protocol():
    """A fragment in whose header stands no protocol, where SAs are for one."""
    lab.forward()
    lab.reset()
    lab.nl.do("POLICY_NEW", *lab.policy_attrs("out", lib.selector(
        "fd00:2::/64", "fd00:8::/64")), lib.attr(
            C["A_POLICY_PFP"], lib.u32(C["PFP_FLAG_PROTO"])))
    lab.mark()
    lab.wire.send(ipv6("fd00:2::5", "fd00:8::8", 44, struct.pack(
        "!BBHI", 60, 0, 8, 7) + bytes(64)))
    lab.counted({"out_frag_opaque": 1})
    lab.reset()


def fragments_forwarded():
    """Fragments on their way through, out by policies with ports."""
    lab.n.exec("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; "
               "echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects; "
               "echo 0 >/proc/sys/net/ipv4/conf/vn/send_redirects")

    def forwarded(expect):
        parts = [ipv4("192.168.2.5", "10.8.8.8", 17, b"\0\1\0\2" + b"x" * 796,
                      ident=5, frag=0x2000),
                 ipv4("192.168.2.5", "10.8.8.8", 17, b"x" * 100, ident=5,
                      frag=100)]
        lab.mark()
        for p in parts:
            lab.wire.send(p)
        if expect == CLEAR:
            size = 0
            while size < 900:
                size += len(wait_for(lab.wire.recv, "a fragment")) - 20
        else:
            lab.counted({expect: len(parts)})
            lab.wire.silent()
    lab.reset()
    forwarded(CLEAR)
    # put together, since the SA is for the ports of the packet
    lab.reset()
    spi = lab.sa(null, "out", sel=lib.selector(
        "192.168.2.5", "10.8.8.8", 17, (1, 1), (2, 2)))
    lab.nl.do("POLICY_NEW", *lab.policy_attrs("out", lib.selector(
        "192.168.2.0/24", "10.8.8.0/24", 17)), lib.attr(
            C["A_POLICY_PFP"], lib.u32(C["PFP_FLAG_SPORT"] |
                                               C["PFP_FLAG_DPORT"])))
    whole = udp("192.168.2.5", "10.8.8.8", 1, 2, b"x" * 892)
    lab.mark()
    for off in (0, 800):
        lab.wire.send(ipv4("192.168.2.5", "10.8.8.8", 17, whole[off:off + 800],
                           ident=8, frag=(not off) << 13 | off >> 3))
    lab.counted({"out_ok": 1}, "sealed as one")
    lab.wire.drain()
    lab.reset()
    lab.policy("out", "192.168.2.0/24", "10.8.8.0/24", 17, None, (2, 2),
               action="bypass")
    # in the order of things either is right: judged as fragments, or as the
    # datagram that they were put together to
    base = lab.nl.stats()
    for p in (ipv4("192.168.2.5", "10.8.8.8", 17, b"\0\1\0\2" + b"x" * 796,
                   ident=6, frag=0x2000),
              ipv4("192.168.2.5", "10.8.8.8", 17, b"x" * 100, ident=6,
                   frag=100)):
        lab.wire.send(p)
    wait_for(lambda: lab.wire.recv(0) or
             lib.grown(base, lab.nl.stats()).get("out_frag_opaque"),
             "the datagram or a drop")
    lab.reset()
    lab.policy("out", "192.168.2.0/24", "10.8.8.0/24", action="discard")
    forwarded("out_discard")
    # of those that nobody puts together, an SA may carry what shows no ports
    lab.reset()
    spi = lab.sa(null, "out", sel=lib.selector(
        "192.168.2.0/24", "10.8.8.0/24", 17, BLIND, BLIND))
    lab.policy("out", "192.168.2.0/24", "10.8.8.0/24", 17, BLIND, BLIND)
    for frag, sealed in ((0x2000, False), (100, True), (0, False)):
        lab.wire.send(ipv4("192.168.2.5", "10.8.8.8", 17, b"\0\1\0\2" +
                           b"x" * 796, ident=7, frag=frag))
        p = wait_for(lab.wire.recv, "a fragment")
        equal(proto_of(p) == 50 and struct.unpack_from("!I", p, 20)[0] == spi,
              sealed, "frag %#x" % frag)
    lab.n.exec("sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward")


def malformed():
    """Headers nobody can read are dropped where there are policies."""
    lab.reset()
    lab.policy("in", "::/0", "::/0", 58, action="bypass")
    lab.default("in", "discard")
    lab.mark()
    for bad in (ipv6(FAR6, IN6, 60, b"\x11\xff\0\0\0\0\0\0"),
                ipv6(FAR6, IN6, 60, b"\x11"),
                ipv6(FAR6, IN6, 60, b"\x3c\0\1\4\0\0\0\0" * 30),
                ipv6(FAR6, IN6, 17, b"\1\2\3"), ipv4(FAR4, IN4, 17, b"\1"),
                ipv4(FAR4, IN4, 6, b"")):
        lab.wire.send(bad)
        lab.counted({"in_header": 1}, bad.hex())
    nothing(sock4)
    nothing(sock6)
    lab.reset()


def hits():
    """A policy counts the packets that met it."""
    lab.reset()
    lab.policy("out", IN4, FAR4, action="discard")
    for _ in range(3):
        send(FAR4, src=IN4)
    equal(packets_of(), 3)


class Sender(threading.Thread):
    """Datagrams from IN4 to FAR4 as fast as it goes."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = lab.listen(PORT + 9, host=IN4)
        self.stop, self.count = False, 0

    def run(self):
        while not self.stop:
            try:
                self.sock.sendto(b"secret", (FAR4, FAR_PORT))
            except OSError:
                pass
            self.count += 1


def changes_under_traffic():
    """No change of policies or SAs lets a single packet out in the clear."""
    rounds = max(20, int(200 * lib.SCALE / 100))
    lab.reset()
    lab.default("out", "discard")
    spi = lab.sa(null, "out")
    lab.policy("out", IN4, FAR4)
    clear = lib.Wire(lab.w, only_clear=True)
    sender = Sender()
    sender.start()
    try:
        for n in range(rounds):
            seen = sender.count
            if n % 4 == 0:
                lab.policy("out", IN4, FAR4, priority=n,
                           cmd="POLICY_UPDATE")
            elif n % 4 == 1:
                lab.unpolicy("out", IN4, FAR4)
                lab.policy("out", IN4, FAR4)
            elif n % 4 == 2:
                lab.nl.do("SA_FLUSH")
                spi = lab.sa(null, "out")
            else:
                lab.policy("out", IN4, FAR4, reqid=9, cmd="POLICY_UPDATE")
                lab.policy("out", IN4, FAR4, cmd="POLICY_UPDATE")
            wait_for(lambda s=seen: sender.count > s, "traffic")
    finally:
        sender.stop = True
        sender.join()
        sender.sock.close()
    clear.silent()
    got = lib.grown(lab.base, lab.nl.stats())
    equal(got.get("out_ok", 0) > 0, True, "traffic through %d" % spi)
    equal(set(got) <= {"out_ok", "out_no_sa", "out_discard", "out_changed"},
          True, str(got))
    lab.reset()


for name, func in (
        ("no policies", untouched), ("actions", actions),
        ("protect", protected), ("directions", directions),
        ("priorities", priorities), ("update and delete", updated),
        ("addresses", addresses), ("ports", ports),
        ("lists of ranges", lists), ("lists of ranges are shown", listed),
        ("types of ICMP", icmp_types),
        ("types of the mobility header", mh_types), ("defaults", defaults),
        ("neighbour discovery", neighbours), ("multicast", multicast),
        ("loopback", loopback), ("plaintext refused", clear_refused),
        ("opened, and forwarded again", opened_through),
        ("no SA", no_sa), ("selector of an SA", sa_selector),
        ("SAs of one value", populated),
        ("algorithms of an SA", algorithms), ("newest SA", newest_sa), ("fragments in", fragments_in),
        ("fragments in the clear of a protected datagram", completed),
        ("fragments in the clear behind AH", completed_behind_ah),
        ("fragments in the clear, by port", completed_by_port),
        ("fragments in the clear, passing through", fragments_through),
        ("fragments inside a tunnel", fragments_inside),
        ("SAs for fragments", fragment_sas),
        ("ESP where no SA is", without_sas),
        ("fragments of ESP of strangers", strangers_fragments),
        ("fragments that hide their protocol", hidden_protocol),
        ("fragments forwarded", fragments_forwarded),
        ("malformed headers", malformed), ("hits", hits),
        ("changes under traffic", changes_under_traffic)):
    report.add(name, func)
sys.exit(report.run())
