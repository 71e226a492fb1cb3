# SPDX-License-Identifier: GPL-2.0
"""What becomes of a packet that policies judge: for policy.py and entries.py."""
import itertools
import struct

import lib
from lib import (FAR4, FAR6, IN4, IN6, Algo, ipv4, ipv6, nothing, select, udp,
                 udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
BLIND = (65535, 0)      # OPAQUE
IDENTS = itertools.count(100)
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
ESP, CLEAR = "ESP", "clear"
FAMILIES = ((False, IN4, FAR4), (True, IN6, FAR6))


def proto_of(packet):
    return packet[6] if packet[0] >> 4 == 6 else packet[9]


def send(dst, sport=PORT, dport=FAR_PORT, data=b"out", src=None):
    """From n; what becomes of it: ESP, CLEAR or the counter that grew."""
    six = ":" in dst
    sock = sock6 if six else sock4
    own = None
    if sport != PORT or src:
        own = sock = lab.listen(sport, six, src or "")
    base = lab.nl.stats()
    try:
        sock.sendto(data, (dst, dport))
    except PermissionError:
        pass
    finally:
        if own:
            own.close()
    fate = wait_for(lambda: out_fate(base), "a packet or a counter")
    if fate not in (ESP, CLEAR):
        lab.wire.silent()
    return fate


def out_fate(base):
    p = lab.wire.recv(0)
    if p is not None:
        return ESP if proto_of(p) == 50 else CLEAR
    got = lib.grown(base, lab.nl.stats())
    drops = [k for k in got if k.startswith("out_") and k != "out_ok"]
    return drops[0] if drops else None


def arrive(packet, six=False):
    """At n; CLEAR if it is delivered or the counter that grew."""
    sock = sock6 if six else sock4
    base = lab.nl.stats()
    lab.wire.send(packet)

    def fate():
        if select.select([sock], [], [], 0)[0]:
            sock.recv(65536)
            return CLEAR
        got = lib.grown(base, lab.nl.stats())
        return next(iter(got), None)
    out = wait_for(fate, "delivery or a counter")
    if out != CLEAR:
        nothing(sock)
    return out


def far(six=False, sport=FAR_PORT, dport=PORT, src=None):
    if six:
        return udp_packet(src or FAR6, IN6, sport, dport, b"in")
    return udp_packet(src or FAR4, IN4, sport, dport, b"in")


def pieces(six, data, proto=17, mtu=800):
    """Fragments of a datagram from FAR to IN."""
    src, dst = (FAR6, IN6) if six else (FAR4, IN4)
    whole = udp(src, dst, FAR_PORT, PORT, data)
    out = []
    # what others left behind is not to be completed
    ident = next(IDENTS)
    for off in range(0, len(whole), mtu):
        more = off + mtu < len(whole)
        part = whole[off:off + mtu]
        if six:
            head = struct.pack("!BBHI", proto, 0, off | more, ident)
            out.append(ipv6(src, dst, 44, head + part))
        else:
            out.append(ipv4(src, dst, proto, part, ident=ident,
                            frag=more << 13 | off >> 3))
    return out
