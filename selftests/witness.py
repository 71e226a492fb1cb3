# SPDX-License-Identifier: GPL-2.0
"""Two that know nothing of nfipsec or of XFRM read its packets: tshark decrypts
what was taken on the wire, scapy opens it and makes packets for the way back.

The topology is that of lib.py. A form of packet is a row of FORMS; keys are
read by tshark from a file in a directory of its own, never from its arguments.
"""
import collections
import os
import re
import shutil
import struct
import sys

import lib
from lib import (FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo, equal,
                 nothing, udp_packet, wait_for)

# none of a protocol that tshark would look for
PORT, FAR_PORT = 47001, 47002
lab = lib.Lab()
sock4 = lab.listen(PORT)
sock6 = lab.listen(PORT, six=True)
report = lib.Report()

Form = collections.namedtuple("Form", "name mode six inner_six")
FORMS = (Form("tunnel 4in4", "tunnel", False, False),
         Form("tunnel 6in4", "tunnel", False, True),
         Form("tunnel 4in6", "tunnel", True, False),
         Form("tunnel 6in6", "tunnel", True, True),
         Form("transport 4", "transport", False, False),
         Form("transport 6", "transport", True, True))
ALGOS = ("aes128gcm16", "aes128-sha256_128", "null-sha256_128")
# Names of tshark's, encryption and authentication
TSHARK = {"aes128gcm16": ("AES-GCM with 16 octet ICV [RFC4106]", "NULL"),
          "aes128-sha256_128": ("AES-CBC [RFC3602]",
                                "HMAC-SHA-256-128 [RFC4868]"),
          "null-sha256_128": ("NULL", "HMAC-SHA-256-128 [RFC4868]")}
# and of scapy's
SCAPY = {"aes128gcm16": ("AES-GCM", None),
         "aes128-sha256_128": ("AES-CBC", "SHA2-256-128"),
         "null-sha256_128": ("NULL", "SHA2-256-128")}
SIZES = (0, 1, 3, 13, 14, 16, 200, 1200)


def outer_ends(form):
    return (OUT6, PEER6) if form.six else (OUT4, PEER4)


def inner_ends(form):
    if form.mode == "transport":
        return outer_ends(form)
    return (IN6, FAR6) if form.inner_six else (IN4, FAR4)


def content(size):
    return bytes((i * 7 + size) & 255 for i in range(size))


def take(form, algo, **more):
    """Have nfipsec send datagrams: its SPI, and the packets on the wire."""
    lab.reset()
    src, dst = inner_ends(form)
    spi = lab.sa(algo, "out", form.mode, form.six, **more)
    lab.policy("out", src, dst, mode=form.mode, six=form.six)
    lab.mark()
    sock = sock6 if form.inner_six else sock4
    packets = []
    for size in SIZES:
        sock.sendto(content(size), (dst, FAR_PORT))
        packets.append(wait_for(lab.wire.recv, "a packet"))
    lab.counted({"out_ok": len(SIZES)})
    return spi, packets


# tshark

class Shark:
    """Everything it is to read is given to it at once: it starts slowly."""

    def __init__(self):
        self.dir = os.path.join(lib.TMP, "wireshark")
        self.sas, self.packets, self.answers = [], [], None

    def add(self, form, algo, spi, packets):
        """Gives the numbers of the packets."""
        src, dst = outer_ends(form)
        enc, auth = TSHARK[algo.name]
        key = algo.key + (algo.salt if algo.aead else b"")
        # the last two, for sequence numbers, are only known to newer ones
        self.sas.append(",".join('"%s"' % x for x in (
            "IPv6" if form.six else "IPv4", src, dst, "0x%08x" % spi, enc,
            "0x" + key.hex() if key else "", auth,
            "" if algo.aead else "0x" + algo.auth.hex(), "32-bit", "0")))
        first = len(self.packets)
        self.packets += packets
        return range(first, len(self.packets))

    def run(self, *words):
        return lab.n.exec("env", "HOME=" + self.dir, "WIRESHARK_CONFIG_DIR=" +
                          self.dir, "tshark", "-n", "-r", self.dir + "/pcap",
                          "-o", "esp.enable_encryption_decode:TRUE", "-o",
                          "esp.enable_authentication_check:TRUE", *words)

    def read(self):
        """(ICV good, bytes that were encrypted) of each packet."""
        if self.answers is not None:
            return self.answers
        os.makedirs(self.dir, 0o700, exist_ok=True)
        with open(self.dir + "/esp_sa", "w", encoding="ascii",
                  opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("\n".join(self.sas) + "\n")
        with open(self.dir + "/pcap", "wb") as f:
            f.write(struct.pack("=IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
            for p in self.packets:
                f.write(struct.pack("=IIII", 0, 0, len(p), len(p)) + p)
        good = [line == "1" or line.lower() == "true" for line in self.run(
            "-T", "fields", "-e", "esp.icv_good").split("\n")[:-1]]
        texts = [self.decrypted(t) for t in re.split(
            r"\n\n(?!Decrypted)", self.run("-x").strip())]
        equal(len(good), len(self.packets), "packets with an answer")
        equal(len(texts), len(self.packets), "packets with a dump")
        self.answers = list(zip(good, texts))
        return self.answers

    @staticmethod
    def decrypted(dump):
        part = dump.partition("Decrypted Data (")[2]
        return bytes.fromhex("".join(
            m[1] for m in re.finditer(r"^[0-9a-f]{4,8}  ((?:[0-9a-f]{2} ?)+)",
                                      part, re.M)))


shark = Shark()
taken = {}


def capture():
    """Once, all forms and algorithms; the tests look at their parts."""
    if taken:
        return
    if not shutil.which("tshark"):
        raise lib.Skip("tshark is not installed")
    for form in FORMS:
        for name in ALGOS:
            algo = Algo(name, 40)
            spi, packets = take(form, algo)
            taken[form, name] = shark.add(form, algo, spi, packets)
    algo = Algo(ALGOS[0], 41)
    spi, packets = take(FORMS[0], algo)
    packets = [p[:-1] + bytes([p[-1] ^ 1]) for p in packets]
    taken["changed"] = shark.add(FORMS[0], algo, spi, packets)


def check_plain(form, plain, size):
    """Inner packet, padding, its length, next header."""
    src, dst = inner_ends(form)
    body = plain[:-2 - plain[-2]]
    equal(plain[-2 - plain[-2]:-2], bytes(range(1, plain[-2] + 1)), "padding")
    text = lib.udp(src, dst, PORT, FAR_PORT, content(size))
    if form.mode == "transport":
        equal((plain[-1], body), (17, text), "datagram")
        return
    equal(plain[-1], 41 if form.inner_six else 4, "next header")
    ends = lib.addr(src) + lib.addr(dst)
    if form.inner_six:
        equal((body[0] >> 4, body[6], body[8:40]), (6, 17, ends), "inner IPv6")
        equal(body[40:], text, "datagram")
    else:
        equal((body[0], body[9], body[12:20]), (0x45, 17, ends), "inner IPv4")
        equal(lib.csum(body[:20]), 0, "inner checksum")
        equal(body[20:], text, "datagram")


def by_tshark(form, name):
    capture()
    answers = shark.read()
    for num, size in zip(taken[form, name], SIZES):
        good, plain = answers[num]
        equal(good, True, "ICV of packet %d" % num)
        check_plain(form, plain, size)


def by_tshark_changed():
    """Or else the above says nothing."""
    capture()
    for num in taken["changed"]:
        equal(shark.read()[num][0], False, "ICV of a changed packet")


# scapy

def scapy_sa(form, algo, spi, ends, esn):
    try:
        from scapy.layers import ipsec
        from scapy.layers.inet import IP
        from scapy.layers.inet6 import IPv6
    except ImportError:
        raise lib.Skip("python3-scapy is not installed") from None
    enc, auth = SCAPY[algo.name]
    head = None
    if form.mode == "tunnel":
        head = (IPv6 if form.six else IP)(src=ends[0], dst=ends[1])
    key = algo.key + (algo.salt if algo.aead else b"")
    return ipsec.SecurityAssociation(
        ipsec.ESP, spi=spi, crypt_algo=enc, crypt_key=key or None,
        auth_algo=auth, auth_key=algo.auth if auth else None,
        tunnel_header=head, esn_en=esn), IP, IPv6


def by_scapy(form, name, esn):
    algo = Algo(name, 42)
    scapy_sa(form, algo, 1, outer_ends(form), esn)      # or it is skipped
    spi, packets = take(form, algo, flags=int(esn))
    sa, ip4, ip6 = scapy_sa(form, algo, spi, outer_ends(form), esn)
    src, dst = inner_ends(form)
    for packet, size in zip(packets, SIZES):
        got = sa.decrypt((ip6 if form.six else ip4)(packet))
        equal((got.src, got.dst, got.sport, got.dport),
              (src, dst, PORT, FAR_PORT), "opened by scapy")
        equal(bytes(got.payload), lib.udp(src, dst, PORT, FAR_PORT,
                                          content(size)), "datagram")

    lab.reset()
    spi = lab.sa(algo, "in", form.mode, form.six, flags=int(esn))
    lab.policy("in", dst, src, mode=form.mode, six=form.six)
    lab.mark()
    sa, _, _ = scapy_sa(form, algo, spi, outer_ends(form)[::-1], esn)
    sock = sock6 if form.inner_six else sock4
    for seq, size in enumerate(SIZES, 1):
        plain = (ip6 if form.inner_six else ip4)(udp_packet(
            dst, src, FAR_PORT, PORT, content(size)))
        lab.wire.send(bytes(sa.encrypt(plain, seq_num=seq)))
        lab.counted({"in_ok": 1}, "made by scapy, %d bytes" % size)
        equal(sock.recv(65536), content(size), "delivered")
    bad = bytearray(bytes(sa.encrypt(plain, seq_num=len(SIZES) + 1)))
    bad[-1] ^= 1
    lab.wire.send(bytes(bad))
    lab.counted({"in_auth": 1})
    nothing(sock)


for f in FORMS:
    for a in ALGOS:
        report.add("%s %s, tshark" % (f.name, a), by_tshark, f, a)
report.add("changed packets, tshark", by_tshark_changed)
for n, f in enumerate(FORMS):
    for a in ALGOS:
        # scapy leaves the high half out of the ICV of an HMAC
        e = n % 2 == 1 and a == ALGOS[0]
        report.add("%s %s%s, scapy" % (f.name, a, " esn" if e else ""),
                   by_scapy, f, a, e)
sys.exit(report.run())
