#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Decodes the packets of vectors.h with another implementation, and computes
the known answers of ../../module/kat_vectors.h with it.

Prints nothing if they are right. Exit status 4: there is no python3-cryptography.
"""
import os
import re
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.dont_write_bytecode = True

from lib import Algo    # pylint: disable=wrong-import-position

try:
    from cryptography.exceptions import InvalidTag
except ImportError:
    print("no cryptography module for Python")
    sys.exit(4)

HEADER = 8
BYTES = ("key", "iv", "payload", "packet", "aad", "text", "result")


def vectors(path):
    with open(path, encoding="ascii") as f:
        table = f.read().split("vectors[] = {", 1)[1]
    for entry in re.findall(r"^\t\{\n(.*?)^\t\},\n", table, re.M | re.S):
        v = dict.fromkeys(BYTES, b"")
        for name, value in re.findall(r"\.(\w+) = (.*?),\n", entry, re.S):
            if value.startswith("HEX("):
                v[name] = bytes.fromhex(re.sub(r"\s", "", value[4:-1]))
            elif value.startswith('"'):
                v[name] = value[1:-1]
            elif value.startswith("NFIPSEC_"):
                v[name] = value
            else:
                v[name] = value == "true" or int(value, 0)
        yield v


def cipher_of(kernel, key, icv_len):
    """What encrypts, by the kernel's name, with its keys."""
    start, _, salt, *_ = [c for c in Algo.CIPHERS if c[1] == kernel][0]
    size = len(key) - salt
    name = start.replace(r"\d+", str(8 * size))
    if name.endswith("cm"):
        name += str(icv_len)
    if not re.search("cm|gmac|poly", name):
        name += "-sha256_128"
    algo = Algo(name, 0)
    algo.key, algo.salt = key[:size], key[size:]
    return algo


def decrypt(v, algo):
    """What is in the packet, with padding."""
    text = v["packet"][HEADER + len(v["iv"]):]
    if not algo.aead:
        return algo.cipher(v["iv"], text, False)
    seq = struct.pack("!Q" if v.get("esn") else "!I", v["seq"])
    return algo.combined(algo.salt + v["iv"], struct.pack("!I", v["spi"]) + seq,
                         v["iv"], text, False)


def faults(v):
    algo = cipher_of(v.get("aead") or v["enc"], v["key"], 16)
    head = struct.pack("!II", v["spi"], v["seq"] & 0xffffffff) + v["iv"]
    if not v["packet"].startswith(head):
        yield "SPI, sequence number or IV are not those of the packet"
    try:
        text = decrypt(v, algo)
    except InvalidTag:
        yield "wrong ICV"
        return
    pad = -(len(v["payload"]) + 2) % algo.block
    want = v["payload"] + bytes(range(1, pad + 1)) + bytes([pad, v["nexthdr"]])
    if text != want:
        yield f"text is {text.hex()}, should be {want.hex()}"


def algo_of(v):
    """The row of a known answer, with its keys."""
    icv = 8 * len(v["result"])
    if v["kind"] == "NFIPSEC_AUTH":
        mac = [k for k, m in Algo.AUTHS.items() if m[0] == v["name"]][0]
        algo = Algo(f"null-{mac}_{icv}", 0)
        algo.auth = v["key"]
        return algo
    return cipher_of(v["name"], v["key"], len(v["result"]) - len(v["text"]))


def answer(v):
    """What a vector of kat_vectors.h should have as its result."""
    algo = algo_of(v)
    if v["kind"] == "NFIPSEC_AUTH":
        return algo.icv(v["text"])
    if v["kind"] == "NFIPSEC_ENC":
        return algo.cipher(v["iv"], v["text"], True)
    return algo.combined(algo.salt + v["iv"], v["aad"], v["iv"], v["text"],
                         True)


def kat_faults(v):
    got = answer(v)
    if got != v["result"]:
        yield f"result is {v['result'].hex()}, should be {got.hex()}"


def main():
    bad = 0
    for path, check in (("vectors.h", faults),
                        ("../../module/kat_vectors.h", kat_faults)):
        count = 0
        for v in vectors(os.path.join(HERE, path)):
            count += 1
            for fault in check(v):
                print(f"{v['name']}: {fault}")
                bad = 1
        if not count:
            print(f"no vectors found in {path}")
            bad = 1
    sys.exit(bad)


main()
