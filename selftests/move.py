# SPDX-License-Identifier: GPL-2.0
"""SAs that move (RFC 4555): what is sent and accepted before, after, meanwhile.

The topology is that of lib.py, and both ends have one more address.
"""
import itertools
import json
import select
import struct
import sys
import time

import lib
from lib import (C, FAR4, IN4, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, Threads, addr, attr, attrs, csum, equal, ip, ipv4,
                 nothing, selector, u8, u16, u32, u64, udp, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
NEW4, NEW6 = "10.0.0.11", "fd00::11"
PEERB4, PEERB6 = "10.0.0.12", "fd00::12"
lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 8)
sock = lab.listen(PORT)
# for what comes while nobody takes it
sock.setsockopt(lib.socket.SOL_SOCKET, 33, 8 << 20)     # SO_RCVBUFFORCE
report = lib.Report()

lab.n.exec("ethtool", "-K", "vn", "tx", "off")
lab.n.ip("\n".join(
    ["addr add %s/24 dev vn" % NEW4, "addr add %s/64 dev vn nodad" % NEW6] +
    ["neigh add %s lladdr 02:00:00:00:00:02 dev vn nud permanent" % a
     for a in (PEERB4, PEERB6)]))


# Places: own address, the peer's, own port and the peer's or None

HOME = (OUT4, PEER4, None)
PLACES = ((NEW4, PEER4, None),          # the host gets another address,
          (NEW4, PEER4, (4500, 4500)),  # is behind a NAT,
          (NEW4, PEER4, (4500, 61001)),  # that of the peer changes,
          (NEW4, PEERB4, None),         # and is gone
          (OUT6, PEER6, None),          # other family
          (NEW6, PEERB6, (4500, 61001)),
          (OUT4, PEERB4, (4501, 4500)),
          HOME)


def ends(place, direction):
    own, peer, ports = place
    if direction == "in":
        return peer, own, ports and ports[::-1]
    return own, peer, ports


def encap(ports, oa=None, keepalive=None):
    nest = [attr(C["A_ENCAP_TYPE"], u8(C["ENCAP_TYPE_ESPINUDP"])),
            attr(C["A_ENCAP_SPORT"], u16(ports[0])),
            attr(C["A_ENCAP_DPORT"], u16(ports[1]))]
    if oa:
        nest.append(attr(C["A_ENCAP_OA"], addr(oa)))
    if keepalive:
        nest.append(attr(C["A_ENCAP_KEEPALIVE"], u32(keepalive)))
    return nest


def to(src=None, dst=None, ports=None, none=False, reqid=None, **kw):
    """The nest that says where."""
    nest = []
    if src:
        nest.append(attr(C["A_MOVE_SRC"], addr(src)))
    if dst:
        nest.append(attr(C["A_MOVE_DST"], addr(dst)))
    if ports:
        nest.append(attr(C["A_MOVE_ENCAP"], encap(ports, **kw)))
    if none:
        nest.append(attr(C["A_MOVE_NO_ENCAP"], b""))
    if reqid is not None:
        nest.append(attr(C["A_MOVE_REQID"], u32(reqid)))
    return attr(C["A_SA_MOVE"], nest)


def key(dst, spi, proto=50):
    return [attr(C["A_SA_DST"], addr(dst)), attr(C["A_SA_PROTO"], u8(proto)),
            attr(C["A_SA_SPI"], struct.pack("!I", spi))]


def move(spi, old, new, direction, nl=None):
    """An SA from one place to another, all that differs."""
    src, dst, ports = ends(new, direction)
    (nl or lab.nl).do("SA_MOVE", *key(ends(old, direction)[1], spi),
                      to(src, dst, ports, none=not ports))


def policy(direction, place, cmd="POLICY_NEW", reqid=1, nl=None):
    src, dst, _ = ends(place, direction)
    inner = (IN4, FAR4) if direction == "out" else (FAR4, IN4)
    tmpl = [attr(C["A_TMPL_SRC"], addr(src)), attr(C["A_TMPL_DST"], addr(dst)),
            attr(C["A_TMPL_PROTO"], u8(50)),
            attr(C["A_TMPL_MODE"], u8(C["MODE_TUNNEL"])),
            attr(C["A_TMPL_REQID"], u32(reqid))]
    (nl or lab.nl).do(
        cmd, attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction.upper()])),
        attr(C["A_POLICY_ACTION"], u8(C["ACTION_PROTECT"])),
        attr(C["A_POLICY_SELECTOR"], selector(*inner)),
        attr(C["A_POLICY_TMPL"], tmpl))


def setup(algo, direction, place=HOME, **more):
    lab.reset()
    _, _, ports = ends(place, direction)
    extra = [attr(C["A_SA_ENCAP"], encap(ports))] if ports else []
    spi = lab.sa(algo, direction, extra=extra + more.pop("extra", []), **more)
    policy(direction, place)
    lab.mark()
    return spi


def wire_of(p):
    """Source, destination, ports or None, and ESP of a packet."""
    six = p[0] >> 4 == 6
    head, proto = (40, p[6]) if six else (20, p[9])
    a = p[8:40] if six else p[12:20]
    half = len(a) // 2
    names = [lib.socket.inet_ntop(lib.socket.AF_INET6 if six else
                                  lib.socket.AF_INET, x)
             for x in (a[:half], a[half:])]
    if proto == 50:
        return names[0], names[1], None, p[head:]
    equal(proto, 17, "protocol")
    return names[0], names[1], struct.unpack_from("!HH", p, head), p[head + 8:]


def to_wire(place, esp):
    """A packet of the peer."""
    src, dst, ports = ends(place, "in")
    if ports:
        return ip(src, dst, 17, udp(src, dst, *ports, esp))
    return ip(src, dst, 50, esp)


def sealed(algo, spi, seq, data):
    return algo.seal(spi, seq, 4, udp_packet(FAR4, IN4, FAR_PORT, PORT, data))


def feed(packet, want, deliver=None):
    lab.wire.send(packet)
    lab.counted(want)
    if deliver is not None:
        equal(sock.recv(65536), deliver, "delivered")
    nothing(sock)


def sa_get(spi, dst):
    return dict(lab.nl.do("SA_GET", *key(dst, spi))[0])


def note(text):
    print("# " + text, flush=True)


class Events:
    """What is told to who listens."""

    def __init__(self):
        self.sock = lib.Genl(lab.n).join()

    def next(self):
        data = self.sock.recv(65536)
        return data[16], dict(attrs(data[20:]))


# One packet after another

def sent(algo):
    spi = setup(algo, "out")
    numbers, old, masks = itertools.count(1), HOME, set()
    for new in (HOME,) + PLACES:
        if new != old:
            move(spi, old, new, "out")
            policy("out", new, "POLICY_UPDATE")
        for _ in range(2):
            sock.sendto(b"data", (FAR4, FAR_PORT))
            src, dst, ports, esp = wire_of(wait_for(lab.wire.recv, "a packet"))
            equal((src, dst, ports), new, "where")
            got, seq = algo.open(esp), next(numbers)
            equal(got[:2], (spi, seq), "SPI and number")
            masks.add(lib.iv_mask(got[2], seq) if algo.iv_len else 0)
            equal(len(masks), 1, "IVs go on")
            lab.counted({"out_ok": 1})
        old = new


def received(algo):
    """At the new place as before, at the old one not; the window stays."""
    spi = setup(algo, "in")
    seq, old, seen = 0, HOME, []
    for new in (HOME,) + PLACES:
        if new != old:
            move(spi, old, new, "in")
            policy("in", new, "POLICY_UPDATE")
        esp = sealed(algo, spi, seq + 100, b"late")
        if not old[2] and new[0] != old[0]:
            feed(to_wire(old, esp), {"in_no_sa": 1})
        elif not old[2] and new[2]:
            feed(to_wire(old, esp), {"in_encap": 1})
        for packet in seen:
            feed(to_wire(new, packet), {"in_replay": 1})
        for _ in range(2):
            seq += 1
            seen.append(sealed(algo, spi, seq, b"%d" % seq))
            feed(to_wire(new, seen[-1]), {"in_ok": 1}, b"%d" % seq)
        old = new


def kept():
    """All that user space can see of an SA, but for where it is."""
    life = attr(C["A_SA_LIFETIME"],
                [attr(C["A_LIFETIME_PACKET_HARD"], u64(1000)),
                 attr(C["A_LIFETIME_TIME_HARD"], u64(3600))])
    spi = setup(gcm, "out", extra=[
        life, attr(C["A_SA_OWNER"], "mover"), attr(C["A_SA_PMTU_AGE"], u32(77)),
        attr(C["A_SA_TFC"], [attr(C["A_TFC_PAD"], u32(64))])],
        flags=C["SA_FLAG_ESN"], sel=selector("192.168.1.0/24", FAR4))
    for _ in range(5):
        sock.sendto(b"data", (FAR4, FAR_PORT))
        wait_for(lab.wire.recv, "a packet")
    before = sa_get(spi, PEER4)
    equal(struct.unpack("=Q", before[C["A_SA_USED_PACKETS"]]), (5,), "used")
    lab.nl.do("SA_MOVE", *key(PEER4, spi),
              to(NEW6, PEERB6, (1, 2), reqid=9, keepalive=30))
    after = sa_get(spi, PEERB6)
    changed = {C["A_SA_" + x] for x in ("SRC", "DST", "REQID", "ENCAP")}
    equal({k for k in set(before) | set(after)
           if before.get(k) != after.get(k)}, changed, "what changed")
    equal(after[C["A_SA_REQID"]], u32(9), "reqid")
    equal(dict(attrs(after[C["A_SA_ENCAP"]]))[C["A_ENCAP_KEEPALIVE"]], u32(30),
          "keepalive")
    lab.nl.do("SA_MOVE", *key(PEERB6, spi), to(OUT4, PEER4, none=True, reqid=1))
    equal(sa_get(spi, PEER4), before, "back again")
    # its limit counts on
    sock.sendto(b"data", (FAR4, FAR_PORT))
    got = gcm.open(wire_of(wait_for(lab.wire.recv, "a packet"))[3], 0)
    equal(got[:2], (spi, 6), "number")
    used = sa_get(spi, PEER4)[C["A_SA_USED_PACKETS"]]
    equal(struct.unpack("=Q", used), (6,), "used")


def limits():
    """What an SA has left, it has left elsewhere."""
    spi = setup(null, "out", extra=[attr(C["A_SA_LIFETIME"], [
        attr(C["A_LIFETIME_PACKET_HARD"], u64(3))])])
    places = itertools.cycle(PLACES)
    old = HOME
    for _ in range(3):
        sock.sendto(b"data", (FAR4, FAR_PORT))
        wait_for(lab.wire.recv, "a packet")
        new = next(places)
        try:
            move(spi, old, new, "out")
        except Refused as e:            # the third was its last
            equal(e.code, 2, str(e))
        policy("out", new, "POLICY_UPDATE")
        old = new
    wait_for(lambda: not lab.nl.dump("SA_GET"), "its end")
    lab.wire.drain()
    try:
        sock.sendto(b"data", (FAR4, FAR_PORT))
    except OSError:
        pass
    lab.counted({"out_ok": 3, "out_no_sa": 1})
    lab.wire.silent()


def timed():
    """Its time goes on and ends it where it is then."""
    # on a slow machine it may have ended before it has moved everywhere
    for life in 2, 8, 32:
        if moved_in(life):
            return
    raise AssertionError("it never got everywhere in its time")


def moved_in(life):
    """Did it last for all the moves? If not, it was its time that ended it."""
    start = time.monotonic()
    spi = setup(null, "in", extra=[attr(C["A_SA_LIFETIME"], [
        attr(C["A_LIFETIME_TIME_HARD"], u64(life))])])
    old = HOME
    try:
        for new in PLACES:
            move(spi, old, new, "in")
            old = new
        there = len(lab.nl.dump("SA_GET"))
    except Refused as e:
        equal(e.code, 2, str(e))        # there is none
        there = 0
    if not there and time.monotonic() - start >= life:
        return False
    equal(there, 1, "SAs")
    wait_for(lambda: not lab.nl.dump("SA_GET"), "its end", life + 5)
    equal(time.monotonic() - start >= life, True, "not before its time")
    return True


def age():
    """Of two the newer one sends, whichever moved last."""
    spis = [setup(null, "out")]
    spis.append(lab.sa(null, "out"))
    for new, old in ((PLACES[0], HOME), (PLACES[6], PLACES[0])):
        for spi in spis[::-1]:
            move(spi, old, new, "out")
        policy("out", new, "POLICY_UPDATE")
        sock.sendto(b"data", (FAR4, FAR_PORT))
        _, _, _, esp = wire_of(wait_for(lab.wire.recv, "a packet"))
        equal(null.open(esp)[0], spis[1], "SPI")


def path_mtu():
    """What was learned of the path is not known of another."""
    spi = setup(null, "out")
    sock.sendto(b"1", (FAR4, FAR_PORT))
    p = wait_for(lab.wire.recv, "a packet")
    icmp = struct.pack("!BBHHH", 3, 4, 0, 0, 1300) + p[:48]
    icmp = icmp[:2] + struct.pack("!H", csum(icmp)) + icmp[4:]
    lab.wire.send(ipv4(PEER4, OUT4, 1, icmp))
    wait_for(lambda: C["A_SA_PMTU"] in sa_get(spi, PEER4), "the MTU")
    move(spi, HOME, PLACES[3], "out")
    equal(C["A_SA_PMTU"] in sa_get(spi, PEERB4), False, "MTU known")
    lab.n.exec("ip", "route", "flush", "cache")


def mapped():
    """A peer that was seen elsewhere and followed is where it should be."""
    home = (OUT4, PEER4, (4500, 4500))
    there = (OUT4, PEER4, (4500, 61001))
    spi = setup(null, "in", home)
    events = Events()
    start = time.monotonic()
    feed(to_wire(there, sealed(null, spi, 1, b"a")), {"in_ok": 1}, b"a")
    equal(events.next()[1][C["A_MAPPING_NEW_SPORT"]], u16(61001), "port")
    move(spi, home, there, "in")
    feed(to_wire(there, sealed(null, spi, 2, b"b")), {"in_ok": 1}, b"b")
    # told again when a second has passed, however often it moves
    numbers = itertools.count(3)

    def seen():
        feed(to_wire(home, sealed(null, spi, next(numbers), b"c")),
             {"in_ok": 1}, b"c")
        return select.select([events.sock], [], [], 0.05)[0]

    wait_for(seen, "an event")
    equal(time.monotonic() - start > 0.9, True, "told too soon")
    told = events.next()[1]
    equal((told[C["A_MAPPING_OLD_SPORT"]], told[C["A_MAPPING_NEW_SPORT"]]),
          (u16(61001), u16(4500)), "ports")


def refused():
    lab.reset()
    sa_in = lab.sa(null, "in")
    sa_out = lab.sa(null, "out")
    natt = lab.sa(null, "in", "transport", extra=(
        attr(C["A_SA_ENCAP"], encap((4500, 4500), oa="192.168.9.9")),))
    pair = lab.sa(null, "out", "transport", sel=selector(OUT4, PEER4))
    ah = Algo("null-sha256_128", 9)
    ah.attrs = lambda: [x for x in Algo.attrs(ah)
                        if x[2] in (C["A_SA_AUTH_NAME"], C["A_SA_AUTH_KEY"],
                                    C["A_SA_AUTH_ICV_BITS"])]
    sa_ah = lab.sa(ah, "out", proto=51)
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(PEER4)),
              attr(C["A_SA_DST"], addr(NEW4)), attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", sa_in)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *null.attrs())
    larval = struct.unpack("!I", dict(lab.nl.do(
        "SA_ALLOCSPI", attr(C["A_SA_SRC"], addr(PEER4)),
        attr(C["A_SA_DST"], addr(OUT4)), attr(C["A_SA_PROTO"], u8(50)),
        attr(C["A_SA_SPI_MIN"], u32(300)), attr(C["A_SA_SPI_MAX"], u32(300)))
        [0])[C["A_SA_SPI"]])[0]
    lab.nl.do("SA_NEW", attr(C["A_SA_SRC"], addr(OUT4)),
              attr(C["A_SA_DST"], addr("224.0.0.9")),
              attr(C["A_SA_PROTO"], u8(50)),
              attr(C["A_SA_SPI"], struct.pack("!I", 0x9000)),
              attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])), *null.attrs())
    group = [attr(C["A_SA_SRC"], addr(OUT4))] + key("224.0.0.9", 0x9000)
    before = lab.nl.tables()
    nest = C["A_SA_MOVE"]
    for msg, code, words in (
            (key(OUT4, 0x7777) + [to(NEW4)], 2, "no SA"),
            (key(OUT4, sa_in), 22, "where"),
            (key(OUT4, sa_in) + [attr(nest, [])], 22, "something to change"),
            (key(OUT4, sa_in) + [to(dst=NEW4)], 17, "already"),
            (key(OUT4, larval) + [to(NEW4)], 22, "larval"),
            (group + [to(NEW4)], 22, "group"),
            (key(PEER4, sa_out) + [to(dst="224.0.0.1")], 22, "group"),
            (key(PEER4, sa_out) + [to(src="224.0.0.1")], 22, ""),
            (key(PEER4, sa_out) + [to(src="0.0.0.0")], 22, ""),
            (key(PEER4, sa_out) + [to(dst="0.0.0.0")], 22, ""),
            (key(PEER4, sa_out) + [to(dst=PEER6)], 22, "give both"),
            (key(PEER4, sa_out) + [to(src=OUT6)], 22, "give both"),
            (key(PEER4, sa_out) + [to(OUT6, PEER4)], 22, "one address family"),
            (key(PEER4, sa_out) + [to(ports=(1, 2), none=True)], 22, "not both"),
            (key(PEER4, sa_out) + [to(ports=(0, 2))], 22, "port 0"),
            (key(PEER4, sa_out) + [to(ports=(1, 2), oa=PEER6)], 22, "original"),
            (key(OUT4, sa_in) + [to(ports=(1, 2), keepalive=9)], 22,
             "for receiving"),
            (key(PEER4, sa_ah, 51) + [to(ports=(1, 2))], 22, "AH"),
            (key(OUT4, natt) + [to(PEER6, OUT6)], 22, "original"),
            (key(PEER4, pair) + [to(OUT6, PEER6)], 22, "transport"),
            (key(PEER4, sa_out) + [attr(nest, [attr(99, u8(1))])], 22, "")):
        try:
            lab.nl.do("SA_MOVE", *msg)
        except Refused as e:
            equal(e.code, code, str(e))
            equal(words in e.text, True, "%s in %r" % (words, e.text))
            equal(lab.nl.tables(), before, "tables")
            continue
        raise AssertionError("moved: " + words)


def command():
    """nfipsec sa move."""
    lab.reset()
    spi = lab.sa(null, "out")

    def where(dst):
        sa = json.loads(lab.cli("-j", "sa", "get", "dst", dst, "proto", "esp",
                                "spi", str(spi)))
        return sa["src"], sa["dst"], sa["reqid"], sa.get("encap")

    def cli(dst, *words, **kw):
        return lab.cli("sa", "move", "dst", dst, "proto", "esp", "spi",
                       str(spi), *words, **kw)

    cli(PEER4, "to", "src", NEW4)
    equal(where(PEER4), (NEW4, PEER4, 1, None), "place")
    cli(PEER4, "to", "src", NEW6, "dst", PEERB6, "reqid", "5", "encap",
        "espinudp", "4500", "4501", "::", "nat-keepalive-interval", "20")
    equal(where(PEERB6), (NEW6, PEERB6, 5, {
        "type": "espinudp", "sport": 4500, "dport": 4501,
        "nat_keepalive_interval": 20}), "place")
    cli(PEERB6, "to", "encap", "none")
    equal(where(PEERB6), (NEW6, PEERB6, 5, None), "place")
    status, _, err = cli(PEERB6, "to", "dst", PEER4, ok=None)
    equal((status, "give both" in err), (1, True), err)


# While things happen

def mover(spi, direction, places, policies=True):
    """Moves on with each call, and remembers where it has got to."""
    nl = lib.Genl(lab.n)
    state = {"at": places[0], "moves": 0}

    def step():
        new = places[(state["moves"] + 1) % len(places)]
        move(spi, state["at"], new, direction, nl)
        state["at"], state["moves"] = new, state["moves"] + 1
        if policies:
            policy(direction, new, "POLICY_UPDATE", nl=nl)
    return step, state


def sent_meanwhile(places, policies):
    """Each datagram leaves once, from one of the places, numbered in a row."""
    spi = setup(gcm, "out", places[0])
    events = policies and Events()      # so that packets wait
    step, state = mover(spi, "out", places, policies)
    socks = [lab.listen(0, host=IN4) for _ in range(2)]
    got, count, seen = [], [0, 0], set()

    def sender(i):
        def send():
            if sum(count) - len(got) < 40:
                socks[i].sendto(b"%d-%d" % (i, count[i]), (FAR4, FAR_PORT))
                count[i] += 1
            else:
                time.sleep(0.0005)
        return send

    def take(wait=0.02):
        p = lab.wire.recv(wait)
        if p is not None:
            got.append(p)
            seen.add(wire_of(p)[:3])
        return p

    with Threads(step, sender(0), sender(1), take) as threads:
        threads.run(2, lambda: state["moves"] > 30 and seen >= set(places))
    while take(5 if len(got) < sum(count) else 0) is not None:
        pass
    del events
    # with the reason, if one was dropped
    stats = lib.grown(lab.base, lab.nl.stats())
    if policies:
        stats.pop("out_acquire", 0)
    equal(stats, {"out_ok": sum(count)}, "counters")
    what = [wire_of(p) for p in got]
    equal(seen, set(places), "places")
    opened = [gcm.open(w[3]) for w in what]
    equal(sorted(o[1] for o in opened), list(range(1, sum(count) + 1)),
          "numbers")
    equal(len({o[3][28:] for o in opened}), sum(count), "datagrams")
    equal({o[0] for o in opened}, {spi}, "SPI")
    note("%d moves, %d packets" % (state["moves"], sum(count)))


def received_meanwhile(places, policies):
    """None twice; none lost but for a place or policy that is not there."""
    spi = setup(null, "in", places[0])
    step, state = mover(spi, "in", places, policies)
    got, numbers = [], itertools.count(1)
    last = [0]

    def send():
        seq = next(numbers)
        esp = sealed(null, spi, seq, b"%d" % seq)
        for place in places:            # all but one are too many
            lab.wire.send(to_wire(place, esp))
        last[0] = seq

    def take():
        sock.settimeout(0.02)
        try:
            got.append(int(sock.recv(100)))
        except OSError:
            pass

    with Threads(step, send, take) as threads:
        threads.run(2, lambda: state["moves"] > 30)
    # the last word, and what it says arrived
    esp = sealed(null, spi, last[0] + 1, b"0")
    lab.wire.send(to_wire(state["at"], esp))
    wait_for(lambda: take() or (got and got[-1] == 0), "the last packet")
    sock.settimeout(5 * lib.SLOW)
    got.pop()
    stats = lib.grown(lab.base, lab.nl.stats())
    equal(len(set(got)), len(got), "datagrams that came twice")
    equal(stats.pop("in_ok"), len(got) + 1, "accepted")
    good = {"in_replay", "in_replay_old", "in_no_sa", "in_encap", "in_policy"}
    equal(set(stats) - good, set(), "drops")
    if not policies:
        # wherever it was it was here, and the peer's port is not looked at
        equal(len(got), last[0], "datagrams")
    # what was accepted anywhere is not again
    lab.mark()
    for seq in got[-20:]:
        feed(to_wire(state["at"], sealed(null, spi, seq, b"x")),
             {"in_replay": 1})
    note("%d moves, %d of %d packets" % (state["moves"], len(got), last[0]))


def hammer():
    """Moves, deletions, new SAs, limits and traffic at once."""
    lab.reset()
    places = (HOME,) + PLACES
    socks = [lab.n.socket(lib.socket.AF_INET, lib.socket.SOCK_DGRAM)
             for _ in range(2)]
    spis = range(0x5000, 0x5004)
    nls = [lib.Genl(lab.n) for _ in range(4)]
    turn = [itertools.count(i * 3) for i in range(4)]
    done = {"moved": 0, "added": 0, "deleted": 0}

    def attempt(nl, what, cmd, *msg):
        try:
            nl.do(cmd, *msg)
            done[what] += 1
        except Refused as e:
            equal(e.code in (2, 17), True, str(e))

    def shift(i):
        def step():
            n = next(turn[i])
            src, dst, ports = ends(places[n % len(places)], "out")
            old = ends(places[n * 7 % len(places)], "out")[1]
            attempt(nls[i], "moved", "SA_MOVE", *key(old, spis[n % 4]),
                    to(src, dst, ports, none=not ports))
        return step

    def come():
        n = next(turn[2])
        life = [attr(C["A_LIFETIME_PACKET_HARD"], u64(1 + n % 5))]
        attempt(nls[2], "added", "SA_NEW", attr(C["A_SA_SRC"], addr(OUT4)),
                *key(PEER4, spis[n % 4]),
                attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"])),
                attr(C["A_SA_LIFETIME"], life), attr(C["A_SA_REQID"], u32(1)),
                attr(C["A_SA_TFC"],
                     [attr(C["A_TFC_DUMMY_INTERVAL"], u32(10))]),
                *null.attrs())

    def go():
        n = next(turn[3])
        if n % 50 == 49:
            policy("out", places[n % len(places)], "POLICY_UPDATE", nl=nls[3])
        attempt(nls[3], "deleted", "SA_DEL",
                *key(ends(places[n * 5 % len(places)], "out")[1],
                     spis[n % 4]))

    def send(i):
        def step():
            try:
                socks[i].sendto(b"x", (FAR4, FAR_PORT))
            except OSError:
                pass
        return step

    policy("out", HOME)
    with Threads(shift(0), shift(1), come, go, send(0), send(1),
                 lambda: lab.wire.recv(0.1)) as threads:
        threads.run(2, lambda: done["moved"] > 50)
    note(str(done))
    lab.nl.do("SA_FLUSH")
    equal(lab.nl.dump("SA_GET"), [], "SAs")


report.add("sent, null", sent, null)
report.add("sent, GCM", sent, gcm)
report.add("received, null", received, null)
report.add("received, GCM", received, gcm)
report.add("all else stays", kept)
report.add("limits of packets go on", limits)
report.add("limits of time go on", timed)
report.add("the newest stays the newest", age)
report.add("path MTU is forgotten", path_mtu)
report.add("a peer that moved is followed", mapped)
report.add("refused, and nothing changes", refused)
report.add("by command", command)
PORTS = ((OUT4, PEER4, (4500, 4501)), (OUT4, PEER4, None),
         (OUT4, PEER4, (4600, 4601)))
report.add("sent meanwhile, ports", sent_meanwhile, PORTS, False)
report.add("sent meanwhile, addresses", sent_meanwhile, (HOME,) + PLACES[:-1],
           True)
report.add("received meanwhile, ports of the peer", received_meanwhile,
           [(OUT4, PEER4, (4500, n)) for n in (4501, 61001, 61002)], False)
report.add("received meanwhile, addresses", received_meanwhile,
           (HOME,) + PLACES[:-1], True)
report.add("moves, ends and traffic at once", hammer)
sys.exit(report.run())
