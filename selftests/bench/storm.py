#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What it takes to replace many SAs under traffic, with nfipsec and with XFRM.

usage: storm.py [--sizes N,...] [--who NAME,...] [--ms N] [--limit S] [--out DIR]

The gateways, SAs and policies of sas.py, and datagrams of 64 bytes to addresses at
random. Meanwhile each SA is replaced, as a daemon would: the receiver gets the new
one, the sender gets it and loses the old one, then the receiver does. Some hundred
of them at a time, one request for each change, as fast as they are taken.

Runs inside user-mode Linux; see "bench-sas". Leaves storm.json and storm.txt in DIR.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time

import bench
import contender
import sas
import spd

SIZES = [1000, 10000]
AT_ONCE = 500
NEW = 1 << 20           # SPIs of those that take the place


class Traffic(threading.Thread):
    """packets until told to end, and what they took"""

    def __init__(self, size, ms):
        super().__init__()
        self.size, self.ms = size, ms
        self.over, self.first = threading.Event(), threading.Event()
        self.found = []

    def run(self):
        while not self.over.is_set() or not self.found:
            self.first.set()
            self.found.append(packets(self.size, self.ms))


def packets(size, ms):
    """Return: what the program for it says"""
    done = subprocess.run(
        [bench.TRAFFIC, "udp", "a,192.168.1.2", f"b,{sas.address(0)}", "size=64",
         f"addrs={size}", f"ms={ms}"],
        check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def sa(who, number, way):
    """as in sas.py, with another SPI"""
    return who.sa(number, way).replace(f"spi {number + 0x101} ",
                                       f"spi {number + NEW} ")


def say(who, host, lines):
    path = f"/run/{host}.storm"
    with open(path, "w", encoding="ascii") as f:
        f.writelines(lines)
    subprocess.run(who.batch(host, path), check=True)


def replace(who, numbers):
    """Return: seconds that it took"""
    way = who.ways
    steps = (("g2", [sa(who, n, way["g2"]) for n in numbers]),
             ("g1", [line for n in numbers
                     for line in (sa(who, n, way["g1"]), who.delete(n))]),
             ("g2", [who.delete(n) for n in numbers]))
    start = time.monotonic()
    for host, lines in steps:
        say(who, host, lines)
    return time.monotonic() - start


def replace_all(who, size, limit):
    """Return: seconds that it took"""
    took = 0
    for first in range(0, size, AT_ONCE):
        took += replace(who, range(first, min(first + AT_ONCE, size)))
        if took > limit:
            raise sas.TooLong
    return took


def measure(who, size, args):
    """Return: what it took, as far as it was done in time"""
    contender.topology(True)
    for host, lines in sas.ROUTES.items():
        contender.batch(host, lines)
    result = {"who": who.name, "sas": size}
    try:
        for make in who.sa, who.policy:
            sas.tell(who, lambda h, make=make: (make(i, who.ways[h])
                                                for i in range(size)), args.limit)
        before = [packets(size, args.ms) for _ in range(5)]
        seen = sas.wire()
        traffic = Traffic(size, args.ms)
        traffic.start()
        try:
            traffic.first.wait()
            result["seconds"] = replace_all(who, size, args.limit)
        finally:
            traffic.over.set()
            traffic.join()
        sas.check_protected(who, seen, sas.wire())
    except sas.TooLong:
        result["given_up"] = args.limit
        return result
    if any(b["lost"] for b in before):
        raise bench.NotProtected("some were lost before")
    result["ns"] = [median(before), median(traffic.found)]
    for what in "sent", "lost":
        result[what] = sum(r[what] for r in traffic.found)
    return result


def median(found):
    return statistics.median(1e9 / r["rate"] for r in found)


def table(results):
    lines = [f"{'SAs':>7}  {'who':<8} {'replaced/s':>10} {'packet, ns':>10} "
             f"{'meanwhile':>9} {'sent':>8} {'lost':>6}"]
    for r in results:
        head = f"{spd.number(r['sas']):>7}  {r['who']:<8} "
        if "given_up" in r:
            lines.append(f"{head}given up after {r['given_up']} s")
            continue
        lines.append(f"{head}{r['sas'] / r['seconds']:>10.0f} {r['ns'][0]:>10.0f} "
                     f"{r['ns'][1]:>9.0f} {r['sent']:>8} {r['lost']:>6}")
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--sizes", default=",".join(map(str, SIZES)))
    p.add_argument("--who", default=",".join(c.name for c in sas.ALL))
    p.add_argument("--ms", type=int, default=200)
    p.add_argument("--limit", type=int, default=60)
    p.add_argument("--out", default=os.environ.get("NFIPSEC_OUT", "."))
    args = p.parse_args()
    results = []
    for who in [c() for c in sas.ALL if c.name in args.who.split(",")]:
        for size in map(int, args.sizes.split(",")):
            print(f"# {who.name} {size}", file=sys.stderr, flush=True)
            who.begin()
            try:
                results.append(measure(who, size, args))
            finally:
                subprocess.run(["ip", "-all", "netns", "delete"], check=False)
                who.end()
    about = {key: os.environ.get(f"NFIPSEC_BENCH_{key.upper()}", "")
             for key in ("host", "head", "load")}
    about.update(kernel=os.uname().release, ms=args.ms, limit_s=args.limit)
    text = "\n".join([
        f"SAs replaced under traffic, {about['head']}, Linux {about['kernel']} on "
        f"{about['host']}",
        f"load average of the machine when this began: {about['load']}", "",
        table(results), ""])
    with open(os.path.join(args.out, "storm.json"), "w", encoding="utf-8") as f:
        json.dump({"about": about, "results": results}, f, indent=1)
    with open(os.path.join(args.out, "storm.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


if __name__ == "__main__":
    main()
