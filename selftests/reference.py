# SPDX-License-Identifier: GPL-2.0
"""Which of 10000 policies is it? The module, beside a sorted list.

Policies of random prefixes, ranges of addresses and ports, protocols and
priorities, of both families and directions, put there as one by nfipsec apply.
Random packets, most of them out of one of the policies: the one that policy
explain tells, by the look-up that packets have, is the first of the list that
matches; also when half of them are asked of once more, which the flow cache
answers. Again after half of them have gone and others have come, which changes
the order among those that share a priority. NFIPSEC_TEST_SEED repeats a run.
"""
import ipaddress
import os
import random
import sys

import lib
from lib import C, addr, attr, equal, u8, u16

POLICIES, PACKETS, PRIORITIES = 10000, 400, 50
PROTOS = {"udp": 17, "tcp": 6, None: 0}
BASES = {4: (32, 20 << 24), 6: (128, 0xfd20 << 112)}

lab = lib.Lab()
report = lib.Report()
SEED = int(os.environ.get("NFIPSEC_TEST_SEED") or random.randrange(1 << 32))
rng = random.Random(SEED)
FILE = os.path.join(lib.TMP or "", "reference.conf")


def text(value, family):
    cls = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
    return str(cls(value))


def addresses(family):
    """(lowest, highest, words): few bits differ, so that policies overlap."""
    width, base = BASES[family]
    low = base | rng.getrandbits(12) << width - 20
    kind = rng.random()
    if kind < 0.1:
        high = low + rng.randrange(1, 1 << width - 18)
        return low, high, "%s-%s" % (text(low, family), text(high, family))
    plen = rng.choice((8, 12, 16, 18, 19, 20)) if kind < 0.7 else width
    if plen == width:
        low |= rng.getrandbits(2)
    low = low >> width - plen << width - plen
    return (low, low | (1 << width - plen) - 1,
            "%s/%d" % (text(low, family), plen))


def ports():
    kind = rng.random()
    if kind < 0.5:
        return 0, 65535, None
    low = rng.randrange(1, 200)
    high = low if kind < 0.8 else low + rng.randrange(400)
    return low, high, "%d-%d" % (low, high)


class Policy:
    def __init__(self):
        self.way = rng.choice(("in", "out"))
        self.family = rng.choice((4, 6))
        self.src, self.dst = addresses(self.family), addresses(self.family)
        self.proto = rng.choice(list(PROTOS))
        any_port = (0, 65535, None)
        self.sport = ports() if self.proto else any_port
        self.dport = ports() if self.proto else any_port
        self.priority = rng.randrange(PRIORITIES)
        self.selector = "dir %s src %s dst %s" % (self.way, self.src[2],
                                                  self.dst[2])
        for word in ("proto", "sport", "dport"):
            val = getattr(self, word)
            val = val if word == "proto" else val[2]
            if val:
                self.selector += " %s %s" % (word, val)

    def line(self):
        return "policy add %s priority %d action %s" % (
            self.selector, self.priority,
            "bypass" if self.priority & 1 else "discard")

    def packet(self):
        return (self.way, self.family, rng.randint(*self.src[:2]),
                rng.randint(*self.dst[:2]),
                PROTOS[self.proto] or rng.choice((6, 17)),
                rng.randint(*self.sport[:2]), rng.randint(*self.dport[:2]))

    def matches(self, packet):
        way, family, src, dst, proto, sport, dport = packet
        return (way == self.way and family == self.family and
                self.src[0] <= src <= self.src[1] and
                self.dst[0] <= dst <= self.dst[1] and
                (not self.proto or proto == PROTOS[self.proto]) and
                self.sport[0] <= sport <= self.sport[1] and
                self.dport[0] <= dport <= self.dport[1])


def more(policies, count):
    """Others, none with the selector of another."""
    have = {p.selector for p in policies}
    while len(policies) < count:
        new = Policy()
        if new.selector not in have:
            have.add(new.selector)
            policies.append(new)


def put(policies):
    with open(FILE, "w", encoding="ascii") as f:
        f.write("".join(p.line() + "\n" for p in policies))
    lab.cli("apply", FILE)


def number(val):
    return int.from_bytes(val, sys.byteorder)


def told(packet):
    """Index of the policy that decides, or None."""
    way, family, src, dst, proto, sport, dport = packet
    got = dict(lab.nl.do(
        "POLICY_EXPLAIN",
        attr(C["A_EXPLAIN_DIR"], u8(C["DIR_" + way.upper()])),
        attr(C["A_EXPLAIN_SRC"], addr(text(src, family))),
        attr(C["A_EXPLAIN_DST"], addr(text(dst, family))),
        attr(C["A_EXPLAIN_PROTO"], u8(proto)),
        attr(C["A_EXPLAIN_SPORT"], u16(sport)),
        attr(C["A_EXPLAIN_DPORT"], u16(dport)))[0])
    index = got.get(C["A_EXPLAIN_INDEX"])
    return None if index is None else number(index)


def compare(policies):
    """@policies as they were added, the oldest first."""
    order = {"in": [], "out": []}
    for p in sorted(policies, key=lambda p: p.priority):
        order[p.way].append(p)
    index = {}
    for way, mine in order.items():
        theirs = [dict(p) for p in lab.nl.dump("POLICY_GET")]
        theirs = [p for p in theirs if number(p[C["A_POLICY_DIR"]]) ==
                  C["DIR_" + way.upper()]]
        equal(len(theirs), len(mine), "policies " + way)
        for one, other in zip(mine, theirs):
            index[one] = number(other[C["A_POLICY_INDEX"]])
    met, hits = 0, lab.nl.flow_cache()[0]
    for i in range(PACKETS):
        packet = (rng.choice(policies) if i % 4 else Policy()).packet()
        first = next((p for p in order[packet[0]] if p.matches(packet)), None)
        for how in ("looked up", "remembered")[:1 + i % 2]:
            equal(told(packet), index.get(first),
                  "seed %d, packet %s, %s: policy %s" % (
                      SEED, packet, how, first and first.line()))
        met += first is not None
    hits = lab.nl.flow_cache()[0] - hits
    equal(hits >= PACKETS // 2, True, "%d hits of the flow cache" % hits)
    equal(met >= PACKETS * 3 // 4, True, "%d packets met a policy" % met)


def test():
    lab.reset()
    policies = []
    more(policies, POLICIES)
    put(policies)
    compare(policies)
    policies = [p for p in policies if rng.random() < 0.5]
    more(policies, POLICIES)
    put(policies)
    compare(policies)
    lab.reset()


report.add("10000 policies: as a sorted list", test)

if __name__ == "__main__":
    # of one CPU
    os.sched_setaffinity(0, {0})
    sys.exit(report.run())
