#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How fast nfipsec is beside others: each contender in turn protects what two
gateways forward, see contender.py, and each case is run with it; then the next
round, in another order.

usage: bench.py [--cases CASE,...] [--who NAME,...] [--rounds N] [--ms N]
                [--no-gro | --gro-list] [--out DIR] [--list]

Runs inside user-mode Linux; see "bench". Leaves bench.json in DIR.

A case counts only if what was measured was protected: as many packets as were
sent must have gone through the SA, at both gateways.
"""

import argparse
import json
import os
import subprocess
import sys

import contender

HERE = os.path.dirname(os.path.realpath(__file__))
TRAFFIC = os.path.join(HERE, "../../build/bench/traffic")
FORWARD = ("a,192.168.1.2", "b,192.168.2.2")
LOCAL = ("g1,192.168.1.1", "g2,192.168.2.1")

# name: (suite, ends, what "traffic" is told, unit, title)
CASES = {
    "udp64": ("gcm", FORWARD, "udp size=64", "packets/s",
              "UDP, 64 bytes, forwarded, AES-GCM"),
    "udp512": ("gcm", FORWARD, "udp size=512", "packets/s",
               "UDP, 512 bytes, forwarded, AES-GCM"),
    "udp1400": ("gcm", FORWARD, "udp size=1400", "packets/s",
                "UDP, 1400 bytes, forwarded, AES-GCM"),
    "imix": ("gcm", FORWARD, "udp imix=1", "packets/s",
             "UDP, 64, 576 and 1420 bytes by 7:4:1, forwarded, AES-GCM"),
    "local1400": ("gcm", LOCAL, "udp size=1400", "packets/s",
                  "UDP, 1400 bytes, the gateways' own, AES-GCM"),
    "tcp1": ("gcm", FORWARD, "tcp flows=1", "bit/s",
             "TCP, one connection, AES-GCM"),
    "tcp8": ("gcm", FORWARD, "tcp flows=8", "bit/s",
             "TCP, eight connections, AES-GCM"),
    "tcpudp": ("natt", FORWARD, "tcp flows=1", "bit/s",
               "TCP, one connection, AES-GCM in UDP"),
    "udp64six": ("six", FORWARD, "udp size=64", "packets/s",
                 "UDP, 64 bytes, forwarded, AES-GCM over IPv6"),
    "tcp1six": ("six", FORWARD, "tcp flows=1", "bit/s",
                "TCP, one connection, AES-GCM over IPv6"),
    "rr": ("gcm", FORWARD, "rr size=64", "round trips/s",
           "request and response, 64 bytes, AES-GCM"),
    "null1400": ("null", FORWARD, "udp size=1400", "packets/s",
                 "UDP, 1400 bytes, forwarded, NULL with HMAC-SHA-256"),
    "gmac1400": ("gmac", FORWARD, "udp size=1400", "packets/s",
                 "UDP, 1400 bytes, forwarded, NULL with AES-GMAC"),
    "chacha64": ("chacha", FORWARD, "udp size=64", "packets/s",
                 "UDP, 64 bytes, forwarded, ChaCha20-Poly1305"),
    "chacha1400": ("chacha", FORWARD, "udp size=1400", "packets/s",
                   "UDP, 1400 bytes, forwarded, ChaCha20-Poly1305"),
    "tcpchacha": ("chacha", FORWARD, "tcp flows=1", "bit/s",
                  "TCP, one connection, ChaCha20-Poly1305"),
    "cbc1400": ("cbc", FORWARD, "udp size=1400", "packets/s",
                "UDP, 1400 bytes, forwarded, AES-CBC with HMAC-SHA-256"),
    "cpu1": ("gcm", FORWARD, "udp size=1400 flows=8 threads=1", "packets/s",
             "one SA, 8 flows on 1 CPU, UDP 1400 bytes, AES-GCM"),
    "cpu2": ("gcm", FORWARD, "udp size=1400 flows=4 threads=2", "packets/s",
             "one SA, 8 flows on 2 CPUs, UDP 1400 bytes, AES-GCM"),
}
# these want two CPUs, and a machine for themselves
TWO_CPUS = ("cpu1", "cpu2")


class NotProtected(Exception):
    """what was measured is not what was to be measured"""


def check_used(who, case, found, before, after):
    """was all of it in the SA, at both ends?"""
    if not who.protects:
        return
    # TCP's is told in bytes, and its super-packets may count once
    tcp = CASES[case][2].split()[0] == "tcp"
    what, key = ("bytes", 1) if tcp else ("packets", 0)
    least = max(found["sent"] - found["lost"], 1)
    for end, b, a in zip(("sent", "received"), before, after):
        if a[key] - b[key] < least:
            raise NotProtected(f"{who.name}: {case}: {least} {what} came, but the "
                               f"SA has {end} {a[key] - b[key]}")


def run_case(who, case, ms, *more):
    """Return: what "traffic" says of it, told "more" """
    _, ends, words, _, _ = CASES[case]
    before = who.used()
    done = subprocess.run([TRAFFIC, words.split()[0], *ends, *words.split()[1:],
                           f"ms={ms}", *more], check=True, text=True,
                          stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    check_used(who, case, found, before, who.used())
    return found


def turn(who, cases, args, results):
    """one contender's part of a round"""
    who.begin()
    try:
        for suite in who.suites:
            mine = [c for c in cases if CASES[c][0] == suite]
            if not mine:
                continue
            contender.topology(not args.no_gro, args.gro_list)
            who.protect(suite)
            for case in mine:
                found = run_case(who, case, args.ms)
                results.setdefault(case, {}).setdefault(who.name, []).append(found)
    finally:
        subprocess.run(["ip", "-all", "netns", "delete"], check=False)
        who.end()


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--cases", default=",".join(c for c in CASES if c not in TWO_CPUS))
    p.add_argument("--who", default=",".join(c.name for c in contender.ALL))
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--ms", type=int, default=300)
    gro = p.add_mutually_exclusive_group()
    gro.add_argument("--no-gro", action="store_true")
    gro.add_argument("--gro-list", action="store_true",
                     help="the gateways' have rx-gro-list, too")
    p.add_argument("--list", action="store_true")
    p.add_argument("--out", default=os.environ.get("NFIPSEC_OUT", "."))
    args = p.parse_args()
    if args.list:
        for name, case in CASES.items():
            print(f"{name:12} {case[4]}")
        return 0
    cases = args.cases.split(",")
    unknown = [c for c in cases if c not in CASES]
    if unknown:
        p.error(f"no case {unknown[0]}; --list has them")
    field = [c() for c in contender.ALL if c.name in args.who.split(",")]

    results = {}
    for number in range(args.rounds):
        print(f"# round {number + 1} of {args.rounds}", file=sys.stderr, flush=True)
        # each is first, and last, in its time
        for who in field[number % len(field):] + field[:number % len(field)]:
            turn(who, cases, args, results)

    with open(os.path.join(args.out, "bench.json"), "w", encoding="utf-8") as f:
        json.dump({
            "about": {"kernel": os.uname().release,
                      "host": os.environ.get("NFIPSEC_BENCH_HOST", ""),
                      "head": os.environ.get("NFIPSEC_BENCH_HEAD", ""),
                      "load": os.environ.get("NFIPSEC_BENCH_LOAD", ""),
                      "cpus": os.cpu_count(), "rounds": args.rounds,
                      "ms": args.ms, "gro": not args.no_gro,
                      "gro_list": args.gro_list},
            "cases": {c: {"title": CASES[c][4], "unit": CASES[c][3],
                          "suite": CASES[c][0]} for c in cases},
            "contenders": {c.name: c.title for c in field},
            "results": results}, f, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
