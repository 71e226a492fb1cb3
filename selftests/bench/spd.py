#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What policies cost, nfipsec's and XFRM's: runs "spd" for each set and number
of policies, in network namespaces made for it, and reports.

usage: spd.py [--sizes N,...] [--sets SET,...] [--rounds N] [--ms N]
              [--limit S] [--out DIR]

Runs inside user-mode Linux; see "bench-spd". Leaves spd.json and spd.txt in DIR.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
SPD = os.path.join(HERE, "../../build/bench/spd")
SETS = ["pairs", "ports", "nested", "short", "mixed"]
SIZES = [1, 100, 10000, 100000, 1000000]
# XFRM is not asked for more
XFRM_MAX = 100000
# memory of fewer cannot be told from what else changes
MEMORY_MIN = 10000

NETNS = """\
link set lo up
link add dummy0 type dummy
link set dummy0 up
addr add 192.0.2.1/32 dev dummy0
route add local 10.0.0.0/8 dev lo
neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev dummy0 nud permanent
route add 11.0.0.0/8 via 192.0.2.2 dev dummy0 onlink
"""


def ip(*args, stdin=None):
    subprocess.run(["ip", *args], input=stdin, text=True, check=True)


def free_kb():
    with open("/proc/meminfo", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("MemFree"))


def settle():
    """until what was there before is freed: kfree_rcu() begins after 5 s"""
    same, last, until = 0, free_kb(), time.monotonic() + 30
    while same < 120 and time.monotonic() < until:
        time.sleep(0.05)
        now = free_kb()
        same = same + 1 if abs(now - last) < 128 else 0
        last = now


def fresh(names, large):
    """network namespaces without any policy; large: to have their memory measured"""
    subprocess.run(["ip", "-all", "netns", "delete"], check=True)
    if large:
        settle()
    for name in names:
        ip("netns", "add", name)
        with open("/run/bench.batch", "w", encoding="ascii") as f:
            f.write(NETNS)
        ip("-n", name, "-batch", "/run/bench.batch")


def above(ns, none):
    return round(statistics.median(a - b for a, b in zip(ns, none)), 1)


def measure(args, which, size):
    """Return: what "spd" prints, of each contender"""
    who = ["nfipsec"] + (["xfrm"] if size <= XFRM_MAX else [])
    fresh(["none"] + who, size >= MEMORY_MIN)
    done = subprocess.run(
        [SPD, which, str(size), f"rounds={args.rounds}", f"ms={args.ms}",
         f"limit={args.limit}", *who],
        stdout=subprocess.PIPE, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    none = next(r for r in found if r["who"] == "none")
    for r in found:
        if r["ns"]:
            r["packet_ns"] = round(statistics.median(r["ns"]), 1)
            # each round against that of its neighbour without policies
            r["lookup_ns"] = above(r["ns"], none["ns"])
            r["few_lookup_ns"] = above(r["few_ns"], none["few_ns"])
        if r["cached_ns"]:
            r["cached_lookup_ns"] = above(r["cached_ns"], none["few_ns"])
    return found


def number(value, digits=0):
    return f"{value:,.{digits}f}".replace(",", " ")


def cells(r, limit):
    """Return: what the table has of one contender"""
    if not r:
        return ["-"] * 6
    load = f"{r['load_s']:.3f}"
    if r["loaded"] < r["policies"]:
        load = f"{number(r['loaded'])} in {limit} s"
    memory = "-"
    if r["policies"] >= MEMORY_MIN and r["loaded"] == r["policies"]:
        memory = number(r["bytes"] / (r["loaded"] - r["doubles"]))
    if not r["ns"]:
        return [load, "-", "-", "-", "-", memory]
    cached = r.get("cached_lookup_ns")
    return [load, number(r["lookup_ns"]), number(r["few_lookup_ns"]),
            "-" if cached is None else number(cached), number(r["packet_ns"]),
            memory]


def table(results, limit):
    head = ["set", "policies", "who", "load, s", "look-up, ns",
            "of 64 flows", "with cache", "packet, ns", "bytes each"]
    rows = [head]
    for r in results:
        if r["who"] != "none":
            rows.append([r["set"], number(r["policies"]), r["who"],
                         *cells(r, limit)])
    width = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(
        cell.ljust(w) if i in (0, 2) else cell.rjust(w)
        for i, (cell, w) in enumerate(zip(row, width))) for row in rows)


def ratio(results, which, who, size, key):
    for r in results:
        if (r["set"], r["who"], r["policies"]) == (which, who, size):
            return r.get(key)
    return None


def summary(results, sets, sizes):
    """Return: lines on what is to be reached"""
    lines = []
    small, large = min(sizes), max(sizes)
    for which in sets:
        few = ratio(results, which, "nfipsec", small, "packet_ns")
        many = ratio(results, which, "nfipsec", large, "packet_ns")
        if few and many:
            lines.append(f"{which}: a packet at {number(large)} policies takes "
                         f"{many / few:.2f} times that at {number(small)}")
        for size in sizes:
            ours = ratio(results, which, "nfipsec", size, "lookup_ns")
            xfrm = ratio(results, which, "xfrm", size, "lookup_ns")
            # less than that is lost in what else goes on
            if xfrm and ours and min(xfrm, ours) > 50 and size > 1:
                lines.append(f"{which}: at {number(size)}, a look-up of XFRM takes "
                             f"{xfrm / ours:.1f} times nfipsec's")
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--sizes", default=",".join(map(str, SIZES)))
    p.add_argument("--sets", default=",".join(SETS))
    p.add_argument("--rounds", type=int, default=9)
    p.add_argument("--ms", type=int, default=40)
    p.add_argument("--limit", type=int, default=20)
    p.add_argument("--out", default=os.environ.get("NFIPSEC_OUT", "."))
    args = p.parse_args()
    sets = args.sets.split(",")
    sizes = [int(s) for s in args.sizes.split(",")]

    subprocess.run(["insmod", os.environ["NFIPSEC_KO"]], check=True)
    results = []
    for which in sets:
        for size in sizes:
            print(f"# {which} {size}", file=sys.stderr, flush=True)
            results += measure(args, which, size)

    about = {"kernel": os.uname().release,
             "host": os.environ.get("NFIPSEC_BENCH_HOST", ""),
             "head": os.environ.get("NFIPSEC_BENCH_HEAD", ""),
             "load": os.environ.get("NFIPSEC_BENCH_LOAD", ""),
             "rounds": args.rounds, "ms": args.ms, "limit_s": args.limit}
    text = "\n".join([
        f"Policies, {about['head']}, Linux {about['kernel']} on {about['host']}",
        f"load average of the machine when this began: {about['load']}",
        f"medians of {args.rounds} rounds of {args.ms} ms; loading was given up "
        f"after {args.limit} s", "",
        table(results, args.limit), "", summary(results, sets, sizes), ""])
    with open(os.path.join(args.out, "spd.json"), "w", encoding="utf-8") as f:
        json.dump({"about": about, "results": results}, f, indent=1)
    with open(os.path.join(args.out, "spd.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


if __name__ == "__main__":
    main()
