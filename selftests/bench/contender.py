# SPDX-License-Identifier: GPL-2.0
"""The contenders of bench.py: how each protects what two gateways forward, and
how much it says it has.

    a ------------- g1 ============= g2 ------------- b
  192.168.1.2  192.168.1.1        192.168.2.1    192.168.2.2
                  10.0.0.1     10.0.0.2
                  fd00::1      fd00::2
"""

import json
import os
import subprocess
import sys
import time

LEFT, RIGHT = "192.168.1.0/24", "192.168.2.0/24"
HOSTS = ("a", "g1", "g2", "b")

TOPOLOGY = {
    "a": """\
addr add 192.168.1.2/24 dev eth0
route add default via 192.168.1.1
""",
    "g1": """\
addr add 192.168.1.1/24 dev lan
addr add 10.0.0.1/24 dev wan
route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
""",
    "g2": """\
addr add 192.168.2.1/24 dev lan
addr add 10.0.0.2/24 dev wan
route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
""",
    "b": """\
addr add 192.168.2.2/24 dev eth0
route add default via 192.168.2.1
"""}

# name: (kind, cipher, bytes of its key, bits of the ICV); "natt" is in UDP, "six" over IPv6
SUITES = {
    "gcm": ("aead", "rfc4106(gcm(aes))", 20, 128),
    "six": ("aead", "rfc4106(gcm(aes))", 20, 128),
    "natt": ("aead", "rfc4106(gcm(aes))", 20, 128),
    "chacha": ("aead", "rfc7539esp(chacha20,poly1305)", 36, 128),
    "cbc": ("pair", "cbc(aes)", 16, 128),
    "gmac": ("aead", "rfc4543(gcm(aes))", 20, 128),
    "null": ("pair", "ecb(cipher_null)", 0, 128)}


def run(*args, **kwargs):
    return subprocess.run(args, check=True, text=True, **kwargs)


def output(*args):
    return run(*args, stdout=subprocess.PIPE).stdout


def unload(module):
    """unload it, as soon as nothing needs it any more"""
    until = time.monotonic() + 20
    while subprocess.run(["rmmod", module], check=False,
                         stderr=subprocess.DEVNULL).returncode:
        if time.monotonic() > until:
            raise RuntimeError(f"{module} is still in use")
        time.sleep(0.05)


def batch(host, lines):
    run("ip", "-n", host, "-batch", "-", input=lines)


def wire(one, dev_one, two, dev_two, gro):
    run("ip", "link", "add", dev_one, "netns", one, "type", "veth",
        "peer", "name", dev_two, "netns", two)
    for host, dev in ((one, dev_one), (two, dev_two)):
        batch(host, f"link set {dev} up\n")
        if gro:
            run("ip", "netns", "exec", host, "ethtool", "-K", dev, "gro", "on",
                stdout=subprocess.DEVNULL)


def topology(gro, gro_list=False):
    """the four hosts, with nothing protected; gro_list: UDP is for GRO too, on its way
    from one gateway to the other"""
    subprocess.run(["ip", "-all", "netns", "delete"], check=True)
    for host in HOSTS:
        run("ip", "netns", "add", host)
        batch(host, "link set lo up\n")
        for name, value in (("ipv4/ip_forward", 1),
                            ("ipv6/conf/all/disable_ipv6", 1),
                            ("ipv6/conf/default/disable_ipv6", 1)):
            run("ip", "netns", "exec", host, "sh", "-c",
                f"echo {value} >/proc/sys/net/{name}")
    wire("a", "eth0", "g1", "lan", gro)
    wire("g1", "wan", "g2", "wan", gro)
    wire("g2", "lan", "b", "eth0", gro)
    # A veth whose peer has TSO hands on what it gets without NAPI, and no GRO is
    # tried. With a network card it is, as with the networks behind the gateways.
    if gro:
        for host in ("g1", "g2"):
            run("ip", "netns", "exec", host, "ethtool", "-K", "wan", "tso", "off",
                stdout=subprocess.DEVNULL)
            if gro_list:
                run("ip", "netns", "exec", host, "ethtool", "-K", "wan",
                    "rx-gro-list", "on", stdout=subprocess.DEVNULL)
    for host, lines in TOPOLOGY.items():
        batch(host, lines)


def gateways(suite):
    """Return: the ends of the tunnel, g1's and g2's, which have these then"""
    if suite != "six":
        return "10.0.0.1", "10.0.0.2"
    for host, end in (("g1", "fd00::1"), ("g2", "fd00::2")):
        run("ip", "netns", "exec", host, "sh", "-c",
            "echo 0 >/proc/sys/net/ipv6/conf/wan/disable_ipv6")
        batch(host, f"addr add {end}/64 dev wan nodad\n")
    return "fd00::1", "fd00::2"


def key(size, seed):
    return "0x" + bytes((seed * 7 + i * 13 + 1) & 255 for i in range(size)).hex()


def algorithm(suite, seed):
    """the words for it, the same in both programs"""
    kind, name, size, bits = SUITES[suite]
    if suite == "natt":
        return f"aead {name} {key(size, seed)} {bits} encap espinudp 4500 4500 0.0.0.0"
    if kind == "aead":
        return f"aead {name} {key(size, seed)} {bits}"
    return (f"enc {name} {key(size, seed) if size else chr(34) * 2} "
            f"auth-trunc hmac(sha256) {key(32, seed + 1)} {bits}")


# XFRM takes ESP in UDP from a socket that says so, as a daemon's does
ENCAP_SOCKET = """\
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 4500))
s.setsockopt(socket.IPPROTO_UDP, 100, 2)
print("ready", flush=True)
sys.stdin.read()
"""


class Plain:
    """forwarding alone"""
    name, title, suites = "plain", "no protection", tuple(SUITES)
    protects = False

    def begin(self):
        pass

    def end(self):
        pass

    def protect(self, suite):
        pass

    def used(self):
        """Return: packets and bytes that g1's SA has sent, g2's has received"""
        return (0, 0), (0, 0)


class Xfrm(Plain):
    """XFRM as it loads"""
    name, title = "xfrm", "XFRM"
    protects = True

    def __init__(self):
        self.sockets = []
        self.ends = None

    def end(self):
        while self.sockets:
            self.sockets.pop().communicate()

    def encap_socket(self, host):
        holder = subprocess.Popen(  # pylint: disable=consider-using-with
            ["ip", "netns", "exec", host, sys.executable, "-c", ENCAP_SOCKET],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdout.readline()
        self.sockets.append(holder)

    def protect(self, suite):
        if suite == "natt":
            self.encap_socket("g1")
            self.encap_socket("g2")
        one, two = self.ends = gateways(suite)
        mixed = "af-unspec" if suite == "six" else ""
        for host, mine, other, near, far in (("g1", LEFT, RIGHT, one, two),
                                             ("g2", RIGHT, LEFT, two, one)):
            lines = ""
            for src, dst in ((near, far), (far, near)):
                spi = 0x101 if src == one else 0x102
                lines += (f"xfrm state add src {src} dst {dst} proto esp spi {spi} "
                          f"reqid 1 mode tunnel replay-window 128 flag esn {mixed} "
                          f"{algorithm(suite, spi)}\n")
            for way, src, dst, s, d in (("out", mine, other, near, far),
                                        ("in", other, mine, far, near),
                                        ("fwd", other, mine, far, near)):
                lines += (f"xfrm policy add src {src} dst {dst} dir {way} tmpl "
                          f"src {s} dst {d} proto esp reqid 1 mode tunnel\n")
            batch(host, lines)

    def used(self):
        return tuple(self._counted(host) for host in ("g1", "g2"))

    def _counted(self, host):
        text = output("ip", "-n", host, "-s", "xfrm", "state", "get", "src",
                      self.ends[0], "dst", self.ends[1], "proto", "esp",
                      "spi", "0x101")
        octets, packets = text.split("lifetime current:")[1].split(",")[:2]
        return int(packets.split("(")[0]), int(octets.split("(")[0])


class XfrmOffload(Xfrm):
    """XFRM with the offload modules, GSO and GRO in software"""
    name, title = "xfrm-offload", "XFRM with esp4_offload"

    def begin(self):
        run("modprobe", "-a", "esp4_offload", "esp6_offload")

    def end(self):
        super().end()
        # SAs of namespaces that are gone are freed later
        for name in ("esp4_offload", "esp6_offload"):
            unload(name)


class WireGuard(Plain):
    """WireGuard between the same ends"""
    name, title, suites = "wireguard", "WireGuard", ("chacha",)
    protects = True

    def protect(self, suite):
        keys = {}
        for host in ("g1", "g2"):
            private = output("wg", "genkey").strip()
            keys[host] = (private, run("wg", "pubkey", input=private,
                                       stdout=subprocess.PIPE).stdout.strip())
        for host, peer, net, far in (("g1", "g2", RIGHT, "10.0.0.2"),
                                     ("g2", "g1", LEFT, "10.0.0.1")):
            batch(host, "link add wg0 type wireguard\n")
            config = (f"[Interface]\nPrivateKey = {keys[host][0]}\n"
                      f"ListenPort = 51820\n[Peer]\nPublicKey = {keys[peer][1]}\n"
                      f"AllowedIPs = {net}\nEndpoint = {far}:51820\n")
            run("ip", "netns", "exec", host, "wg", "setconf", "wg0", "/dev/stdin",
                input=config)
            mine = "192.168.1.1" if host == "g1" else "192.168.2.1"
            batch(host, "link set wg0 mtu 1420 up\n"
                  f"route replace {net} dev wg0 src {mine}\n")
        run("ip", "netns", "exec", "a", "ping", "-q", "-c", "1", "-W", "10",
            "192.168.2.2", stdout=subprocess.DEVNULL)

    def used(self):
        return tuple(self._counted(host, way)
                     for host, way in (("g1", "tx"), ("g2", "rx")))

    @staticmethod
    def _counted(host, way):
        links = json.loads(output("ip", "-n", host, "-s", "-j", "link", "show", "wg0"))
        return tuple(links[0]["stats64"][way][key] for key in ("packets", "bytes"))


class Nfipsec(Plain):
    """nfipsec, loaded for its turn alone"""
    name, title = "nfipsec", "nfipsec"
    protects = True

    def begin(self):
        module = os.environ["NFIPSEC_KO"]
        needs = output("modinfo", "-F", "depends", module).strip()
        if needs:
            run("modprobe", "-a", *needs.split(","))
        run("insmod", module)

    def end(self):
        unload("nfipsec")

    def protect(self, suite):
        one, two = gateways(suite)
        for host, mine, other, near, far in (("g1", LEFT, RIGHT, one, two),
                                             ("g2", RIGHT, LEFT, two, one)):
            lines = ""
            for way, src, dst in (("out", near, far), ("in", far, near)):
                spi = 0x101 if src == one else 0x102
                lines += (f"sa add src {src} dst {dst} proto esp spi {spi} mode "
                          f"tunnel dir {way} reqid 1 esn replay-window 128 "
                          f"{algorithm(suite, spi)}\n")
            for way, src, dst, s, d in (("out", mine, other, near, far),
                                        ("in", other, mine, far, near)):
                lines += (f"policy add dir {way} src {src} dst {dst} action protect "
                          f"tmpl src {s} dst {d} proto esp mode tunnel reqid 1\n")
            run("ip", "netns", "exec", host, "nfipsec", "--batch", "-", input=lines)

    def used(self):
        return tuple(self._counted(host) for host in ("g1", "g2"))

    @staticmethod
    def _counted(host):
        found = json.loads(output("ip", "netns", "exec", host, "nfipsec", "-j",
                                  "sa", "list"))
        return next((sa["packets"], sa["bytes"]) for sa in found
                    if int(sa["spi"], 0) == 0x101)


ALL = (Plain, Xfrm, XfrmOffload, WireGuard, Nfipsec)
