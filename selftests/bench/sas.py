#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What many SAs cost, nfipsec's and XFRM's.

usage: sas.py [--sizes N,...] [--who NAME,...] [--rounds N] [--ms N]
              [--limit S] [--out DIR]

The two gateways of contender.py get N SAs with a policy each, for N addresses
behind the second one. They are added one by one, as a daemon would, and deleted
likewise; in between, datagrams of 64 bytes go to addresses chosen at random.

Runs inside user-mode Linux; see "bench-sas". Leaves sas.json and sas.txt in DIR.
"""

import argparse
import ipaddress
import itertools
import json
import os
import statistics
import subprocess
import sys
import time

import bench
import contender
import spd

SIZES = [1, 1000, 100000]
# below these, what else changes is too much of it
TIME_MIN, MEMORY_MIN = 1000, 10000
# ip keeps some memory of each line, and a process of user-mode Linux can have
# no more than so many pages
CHUNK = 10000
FIRST = int(ipaddress.ip_address("11.0.0.0"))
NEAR, FAR = "10.0.0.1", "10.0.0.2"

ROUTES = {"g1": "route add 11.0.0.0/8 via 10.0.0.2\n",
          "g2": "route add 11.0.0.0/8 via 192.168.2.2\n",
          "b": "route add local 11.0.0.0/8 dev lo\n"}


class Xfrm(contender.XfrmOffload):
    """XFRM's words for it"""
    ways = {"g1": "out", "g2": "fwd"}

    @staticmethod
    def batch(host, path):
        return ["ip", "-n", host, "-batch", path]

    @staticmethod
    def sa(number, _):
        return (f"xfrm state add src {NEAR} dst {FAR} proto esp spi {number + 0x101} "
                f"reqid {number + 1} mode tunnel replay-window 128 flag esn "
                f"{contender.algorithm('gcm', number)}\n")

    @staticmethod
    def delete(number):
        return f"xfrm state delete src {NEAR} dst {FAR} proto esp spi {number + 0x101}\n"

    @staticmethod
    def policy(number, way):
        return (f"xfrm policy add src {contender.LEFT} dst {address(number)}/32 "
                f"dir {way} tmpl src {NEAR} dst {FAR} proto esp reqid {number + 1} mode tunnel\n")


class Nfipsec(contender.Nfipsec):
    """nfipsec's"""
    ways = {"g1": "out", "g2": "in"}

    @staticmethod
    def batch(host, path):
        return ["ip", "netns", "exec", host, "nfipsec", "--batch", path]

    @staticmethod
    def sa(number, way):
        return (f"sa add src {NEAR} dst {FAR} proto esp spi {number + 0x101} mode tunnel "
                f"dir {way} reqid {number + 1} esn replay-window 128 "
                f"{contender.algorithm('gcm', number)}\n")

    @staticmethod
    def delete(number):
        return f"sa del src {NEAR} dst {FAR} proto esp spi {number + 0x101}\n"

    @staticmethod
    def policy(number, way):
        return (f"policy add dir {way} src {contender.LEFT} dst {address(number)}/32 "
                f"action protect tmpl src {NEAR} dst {FAR} proto esp mode tunnel "
                f"reqid {number + 1}\n")


ALL = (Xfrm, Nfipsec)


class TooLong(Exception):
    """it was given up"""


def address(number):
    return ipaddress.ip_address(FIRST + number)


def tell(who, lines, limit):
    """have both gateways do what lines(host) says. Return: seconds it took"""
    took = 0
    for host in who.ways:
        path = f"/run/{host}.batch"
        every = iter(lines(host))
        while True:
            with open(path, "w", encoding="ascii") as f:
                f.writelines(itertools.islice(every, CHUNK))
            if not os.path.getsize(path):
                break
            start = time.monotonic()
            try:
                subprocess.run(who.batch(host, path), check=True,
                               timeout=max(limit - took, 1))
            except subprocess.TimeoutExpired as e:
                raise TooLong from e
            took += time.monotonic() - start
    return took


def used(memory):
    """Return: bytes that are free less than then"""
    spd.settle()
    return 1024 * (memory - spd.free_kb())


def traffic(size, args):
    """Return: what a packet takes, in ns, of each round"""
    found = []
    for _ in range(args.rounds):
        done = subprocess.run(
            [bench.TRAFFIC, "udp", "a,192.168.1.2", f"b,{address(0)}", "size=64",
             f"addrs={size}", f"ms={args.ms}"],
            check=True, text=True, stdout=subprocess.PIPE)
        result = json.loads(done.stdout)
        if result["lost"]:
            raise bench.NotProtected(f"{result['lost']} of {result['sent']} lost")
        found.append(1e9 / result["rate"])
    return found


def wire():
    """Return: packets and bytes between the gateways"""
    links = json.loads(contender.output("ip", "-n", "g2", "-s", "-j", "link",
                                        "show", "wan"))
    return [links[0]["stats64"]["rx"][key] for key in ("packets", "bytes")]


def check_protected(who, before, after):
    packets, octets = (a - b for a, b in zip(after, before))
    # 64, UDP, IPv4, and then what ESP adds: IPv4 again, itself with an IV, the end
    # of it to a multiple of 4, and an ICV. A veth does not count the link's header
    # of what is received by NAPI. A few packets may be ARP's.
    if not packets or octets < (packets - 16) * (64 + 8 + 20 + 20 + 16 + 4 + 16):
        raise bench.NotProtected(f"{who.name}: {octets // packets} bytes a packet")


def measure(who, size, args):
    """Return: what it costs, as far as it was done in time"""
    contender.topology(True)
    for host, lines in ROUTES.items():
        contender.batch(host, lines)
    result = {"who": who.name, "sas": size}
    large = size >= MEMORY_MIN
    if large:
        spd.settle()
    memory = spd.free_kb()
    try:
        result["add_s"] = tell(who, lambda h: (who.sa(i, who.ways[h])
                                               for i in range(size)), args.limit)
        if large:
            result["bytes"] = used(memory) / size / 2
        tell(who, lambda h: (who.policy(i, who.ways[h]) for i in range(size)),
             args.limit)
        before = wire()
        result["ns"] = traffic(size, args)
        check_protected(who, before, wire())
        result["delete_s"] = tell(who, lambda h: map(who.delete, range(size)),
                                  args.limit)
    except TooLong:
        result["given_up"] = args.limit
    return result


def cell(result, key, scale, least=0):
    if key not in result or result["sas"] < least:
        return "-"
    value = result[key]
    if isinstance(value, list):
        value = statistics.median(value)
    return spd.number(value * scale)


def table(results):
    rows = [["SAs", "who", "packet, ns", "add, us", "delete, us", "bytes each"]]
    for r in results:
        each = 1e6 / r["sas"] / 2
        rows.append([spd.number(r["sas"]), r["who"], cell(r, "ns", 1),
                     cell(r, "add_s", each, TIME_MIN),
                     cell(r, "delete_s", each, TIME_MIN), cell(r, "bytes", 1)])
        if "given_up" in r:
            rows[-1].append(f"given up after {r['given_up']} s")
    width = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(
        [cell.ljust(w) if i == 1 else cell.rjust(w)
         for i, (cell, w) in enumerate(zip(row, width))] + row[len(width):])
        for row in rows)


def summary(results, sizes):
    lines = []
    for name in dict.fromkeys(r["who"] for r in results):
        ns = {r["sas"]: statistics.median(r["ns"]) for r in results
              if r["who"] == name and "ns" in r}
        few, many = ns.get(min(sizes)), ns.get(max(sizes))
        if few and many:
            lines.append(f"{name}: a packet with {spd.number(max(sizes))} SAs takes "
                         f"{many / few:.2f} times that with {spd.number(min(sizes))}")
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--sizes", default=",".join(map(str, SIZES)))
    p.add_argument("--who", default=",".join(c.name for c in ALL))
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--ms", type=int, default=200)
    p.add_argument("--limit", type=int, default=200)
    p.add_argument("--out", default=os.environ.get("NFIPSEC_OUT", "."))
    args = p.parse_args()
    sizes = [int(s) for s in args.sizes.split(",")]
    results = []
    for who in [c() for c in ALL if c.name in args.who.split(",")]:
        for size in sizes:
            print(f"# {who.name} {size}", file=sys.stderr, flush=True)
            who.begin()
            try:
                results.append(measure(who, size, args))
            finally:
                subprocess.run(["ip", "-all", "netns", "delete"], check=False)
                who.end()
    about = {"kernel": os.uname().release,
             "host": os.environ.get("NFIPSEC_BENCH_HOST", ""),
             "head": os.environ.get("NFIPSEC_BENCH_HEAD", ""),
             "load": os.environ.get("NFIPSEC_BENCH_LOAD", ""),
             "rounds": args.rounds, "ms": args.ms, "limit_s": args.limit}
    text = "\n".join([
        f"SAs, {about['head']}, Linux {about['kernel']} on {about['host']}",
        f"load average of the machine when this began: {about['load']}",
        f"UDP, 64 bytes, forwarded, AES-GCM, each packet by an SA at random: medians "
        f"of {args.rounds} rounds of {args.ms} ms", "",
        table(results), "", summary(results, sizes), ""])
    with open(os.path.join(args.out, "sas.json"), "w", encoding="utf-8") as f:
        json.dump({"about": about, "results": results}, f, indent=1)
    with open(os.path.join(args.out, "sas.txt"), "w", encoding="utf-8") as f:
        f.write(text)
    print(text)


if __name__ == "__main__":
    main()
