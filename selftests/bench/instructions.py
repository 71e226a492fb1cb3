#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How many instructions a packet takes: cases of bench.py on a processor whose
time stamp counter counts them, see "instructions".

usage: instructions.py [--cases CASE,...] [--who NAME,...] [--ms N] [--runs N]
                       [--check FILE] [--out DIR]

They are those of everything there is to a packet: sender, both gateways and
receiver. A case's figure is that of its median burst, which no timer is in. Leaves
instructions.json, instructions.txt and "baseline" (nfipsec's figures) in DIR. With
--check, of nfipsec alone and compared with the baseline in FILE: KTAP.
"""

import argparse
import json
import os
import subprocess
import sys

import bench
import contender

# a packet that is small, one that is not forwarded, and no cipher
CASES = ("udp64", "local1400", "gmac1400")
WHO = ("plain", "xfrm-offload", "nfipsec")
SLACK = 0.03
# what another kernel or qemu may make of it, until there is a baseline of that
SLACK_ELSEWHERE = 0.1


def turn(who, cases, ms, results):
    who.begin()
    try:
        for suite in who.suites:
            mine = [c for c in cases if bench.CASES[c][0] == suite]
            if not mine:
                continue
            contender.topology(True)
            who.protect(suite)
            for case in mine:
                found = bench.run_case(who, case, ms, "tsc=1")
                if found["lost"]:
                    raise bench.NotProtected(f"{case}: {found['lost']} lost")
                results.setdefault(case, {}).setdefault(who.name, []).append(
                    round(1e9 / found["rate"], 1))
    finally:
        subprocess.run(["ip", "-all", "netns", "delete"], check=False)
        who.end()


def machine():
    """Return: what else the figures depend on"""
    with open("/sys/class/dmi/id/product_version", encoding="ascii") as f:
        return f"Linux {os.uname().version.split()[-2]}, {f.read().strip()}"


def text(results):
    """Return: the report"""
    head = os.environ.get("NFIPSEC_BENCH_HEAD", "")
    lines = [f"instructions a packet, nfipsec {head}, {machine()}", ""]
    for case, runs in results.items():
        lines.append(f"{case}: {bench.CASES[case][4]}")
        least = {who: min(found) for who, found in runs.items()}
        plain, xfrm = least.get("plain"), least.get("xfrm-offload")
        for who, found in runs.items():
            line = f"  {who:13} {least[who]:9.0f}"
            if len(found) > 1:
                line += f"  (runs differ by {100 * (max(found) / least[who] - 1):.2f} %)"
            if plain and who != "plain":
                line += f"  {least[who] - plain:9.0f} above plain"
                if xfrm and who != "xfrm-offload":
                    line += f", {(least[who] - plain) / (xfrm - plain):.2f} of XFRM's"
            lines.append(line)
        lines.append("")
    return "\n".join(lines)


def baseline(results):
    """Return: what to compare others with, as a file"""
    lines = ["# SPDX-License-Identifier: GPL-2.0",
             "# Instructions a packet with nfipsec, see instructions.py; written by",
             f"# \"make bench-baseline\" on {machine()}."]
    return "\n".join(lines + [f"{case} {min(runs['nfipsec']):.0f}"
                              for case, runs in results.items()] + [""])


def check(results, path):
    """Print the results of a comparison. Return: exit status"""
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    known = dict(line.split() for line in lines if not line.startswith("#"))
    print("KTAP version 1")
    print(f"1..{len(results)}")
    print(f"# {machine()}")
    same = any(machine() in line for line in lines)
    status = 0
    for number, (case, runs) in enumerate(results.items(), 1):
        now, then = min(runs["nfipsec"]), int(known.get(case, 0))
        change = now / then - 1 if then else 1
        word = "ok"
        why = ""
        if change > (SLACK if same else SLACK_ELSEWHERE):
            word, status = "not ok", 1
        elif change > SLACK:
            why = " # SKIP the baseline is of another kernel or qemu, see there"
        print(f"{word} {number} {case}: {now:.0f} instructions a packet, "
              f"baseline {then} ({100 * change:+.1f} %){why}")
        if abs(change) > SLACK:
            print("# if that is to be: make bench-baseline")
    return status


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--cases", default=",".join(CASES))
    p.add_argument("--who", default=",".join(WHO))
    p.add_argument("--ms", type=int, default=60)
    p.add_argument("--runs", type=int, default=1)
    p.add_argument("--check")
    p.add_argument("--out", default=os.environ.get("NFIPSEC_OUT", "."))
    args = p.parse_args()
    results = {}
    field = [c() for c in contender.ALL if c.name in args.who.split(",")]
    for _ in range(args.runs):
        for who in field:
            turn(who, args.cases.split(","), args.ms, results)
    files = {"instructions.json": json.dumps(results, indent=1)}
    if all("nfipsec" in runs for runs in results.values()):
        files["baseline"] = baseline(results)
    files["instructions.txt"] = text(results)
    for name, content in files.items():
        with open(os.path.join(args.out, name), "w", encoding="utf-8") as f:
            f.write(content)
    if args.check:
        return check(results, args.check)
    print(files["instructions.txt"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
