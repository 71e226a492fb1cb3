#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The two ends of "bench-profile".

usage: functions.py run CASE WHO MS
       functions.py report DIR TOP <SAMPLES

run: inside user-mode Linux, a case of bench.py, for MS, with one contender. All
is set up when it makes the file "ready" in $NFIPSEC_OUT; it begins when it finds
"go" there, and makes "done" at the end.
report: counts samples, as "perf script -F ip,sym,dso" prints them, by the function
of DIR/kallsyms they are in.
"""

import bisect
import collections
import json
import os
import subprocess
import sys
import time

import bench
import contender

HOST = "the machine's own kernel"
HOST_ALL = ("", HOST)


def run(case, name, ms):
    out = os.environ["NFIPSEC_OUT"]
    who = next((c() for c in contender.ALL if c.name == name), None)
    if not who:
        sys.exit(f"no contender {name}: " + ", ".join(c.name for c in contender.ALL))
    who.begin()
    try:
        contender.topology(True)
        who.protect(bench.CASES[case][0])
        with open("/proc/kallsyms", encoding="ascii") as f, \
             open(os.path.join(out, "kallsyms"), "w", encoding="ascii") as to:
            to.write(f.read())
        touch(out, "ready")
        until = time.monotonic() + 30
        while not os.path.exists(os.path.join(out, "go")):
            if time.monotonic() > until:
                raise RuntimeError("nobody says go")
            time.sleep(0.02)
        found = bench.run_case(who, case, ms)
        touch(out, "done")
    finally:
        subprocess.run(["ip", "-all", "netns", "delete"], check=False)
        who.end()
    with open(os.path.join(out, "profile.json"), "w", encoding="utf-8") as f:
        json.dump({"title": bench.CASES[case][4], "unit": bench.CASES[case][3],
                   "who": who.title, "ms": ms, "found": found,
                   "kernel": os.uname().release,
                   "head": os.environ.get("NFIPSEC_BENCH_HEAD", ""),
                   "load": os.environ.get("NFIPSEC_BENCH_LOAD", "")}, f)


def touch(where, name):
    with open(os.path.join(where, name), "w", encoding="ascii"):
        pass


class Symbols:
    """what /proc/kallsyms of the guest tells of an address"""

    def __init__(self, path):
        found = {}
        with open(path, encoding="ascii") as f:
            for line in f:
                address, kind, name, *module = line.split()
                if kind in "tTwW":
                    where = module[0].strip("[]") if module else "vmlinux"
                    found.setdefault(int(address, 16), (name, where))
        self.addresses = sorted(found)
        self.found = found

    def find(self, address):
        """Return: (name, module), None if it is not the kernel's"""
        i = bisect.bisect_right(self.addresses, address) - 1
        if i < 0:
            return None
        start = self.addresses[i]
        # what is behind a module's last function, or vmlinux's, is something else
        end = (self.addresses[i + 1] if i + 1 < len(self.addresses)
               else start + 4096)
        if address >= end or end - start > 1 << 20:
            return None
        return self.found[start]


def count(lines, symbols):
    """Return: samples by (function, where it is)"""
    found = collections.Counter()
    for line in lines:
        ip, _, rest = line.strip().partition(" ")
        if not ip:
            continue
        address = int(ip, 16)
        known = symbols.find(address)
        if not known and address >> 63:
            known = HOST_ALL
        if not known:
            name, _, dso = rest.strip().partition(" (")
            known = (name or "?", os.path.basename(dso.split()[0].rstrip(")")))
        found[known] += 1
    return found


def report(where, top):
    with open(os.path.join(where, "profile.json"), encoding="utf-8") as f:
        about = json.load(f)
    found = count(sys.stdin, Symbols(os.path.join(where, "kallsyms")))
    total = sum(found.values())
    if not total:
        sys.exit("no samples")
    host = sum(n for (_, module), n in found.items() if module == HOST)
    here = total - host
    each = nanoseconds(about) * here / total
    print(f"{about['title']}, {about['who']}, {about['head']}, "
          f"Linux {about['kernel']}")
    print(f"{about['found']['rate']:.0f} {about['unit']} while sampled; load average "
          f"before: {about['load']}")
    print(f"{total} samples, {100 * host / total:.0f} % of them not here but in "
          f"{HOST} below it: switching between programs, signals")
    print()
    modules = collections.Counter()
    for (_, module), n in found.items():
        if module != HOST:
            modules[module] += n
    for module, n in modules.most_common():
        print(f"{100 * n / here:6.2f} %{cell(each * n / here)}  [{module}]")
    print()
    del found[HOST_ALL]
    for (name, module), n in found.most_common(top):
        print(f"{100 * n / here:6.2f} %{cell(each * n / here)}  {name} [{module}]")


def nanoseconds(about):
    """Return: what a packet or round trip took, 0 if they were not counted"""
    return 0 if about["unit"] == "bit/s" else 1e9 / about["found"]["rate"]


def cell(value):
    return f" {value:7.0f} ns" if value else ""


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "run":
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    elif len(sys.argv) == 4 and sys.argv[1] == "report":
        report(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
