# SPDX-License-Identifier: GPL-2.0
"""Requests that must be refused, with a sentence and nothing changed.

Through the command line, and as messages that no command would send.
The topology is that of lib.py.
"""
import os
import random
import struct
import sys

import lib
from lib import (C, IN4, IN6, FAR4, FAR6, OUT4, PEER4, Algo, Refused, attr,
                 equal, json_of, key_file, sh, u8, u16, u32, u64)

lab = lib.Lab()
gcm = Algo("aes128gcm16", 1)
null = Algo("null-sha256_128", 2)
report = lib.Report()
KEY20, KEY32 = key_file(b"k" * 20), key_file(b"k" * 32)

ENDS = ["src", OUT4, "dst", PEER4, "proto", "esp"]
AEAD = ["aead", "aes128gcm16", KEY20, "128"]
CBC = ["enc", "cbc(aes)", key_file(b"k" * 16)]
HMAC = ["auth-trunc", "hmac(sha256)", KEY32, "128"]
SA = ["sa", "add", *ENDS, "spi", "0x1234", "mode", "tunnel"]
POL = ["policy", "add", "dir", "out", "src", IN4, "dst", FAR4]
TMPL = ["tmpl", "src", OUT4, "dst", PEER4, "proto", "esp", "mode", "tunnel"]
PROTECT = ["action", "protect", *TMPL]


def sa(**change):
    """Words of "sa add" with some values replaced or (None) left out."""
    words = dict(zip(ENDS[::2], ENDS[1::2]))
    words.update(spi="0x1234", mode="tunnel")
    alg = change.pop("alg", AEAD)
    more = change.pop("more", [])
    words.update(change)
    out = ["sa", "add"]
    for k, v in words.items():
        if v is not None:
            out += [k, v]
    return out + alg + more


# what is wrong: words of the reason that is given for it, and the command; not
# names in it, which Linux 6.1 cannot tell
BAD = {
    "SPI 0": ("SPIs 0 to 255 are reserved", sa(spi="0")),
    "SPI 1": ("SPIs 0 to 255 are reserved", sa(spi="1")),
    "SPI 255": ("SPIs 0 to 255 are reserved", sa(spi="255")),
    "SPI of 33 bits": ("at most 4294967295", sa(spi="0x100000000")),
    "SPI that is no number": ("is no number", sa(spi="zwei")),
    "duplicate SA": ("there is an SA", sa(spi="0x7777")),
    "duplicate SA of another mode": (
        "there is an SA", sa(spi="0x7777", mode="transport")),
    "no src": ('"src" is missing', sa(src=None)),
    "no dst": ('"dst" is missing', sa(dst=None)),
    "no SPI": ('"spi" is missing', sa(spi=None)),
    "no mode": ('"mode" is missing', sa(mode=None)),
    "unknown mode": ("unknown mode", sa(mode="ro")),
    "BEET without selector": (
        "one source and one destination", sa(mode="beet")),
    "BEET with a network": ("one source and one destination", sa(
        mode="beet", more=["sel", "src", IN4, "dst", "192.168.2.0/24"])),
    "BEET with a range": ("one source and one destination", sa(
        mode="beet", more=[
            "sel", "src", "fd00::1-fd00::2", "dst", "fd00::3"])),
    "BEET with one end": ("one source and one destination", sa(
        mode="beet", more=["sel", "src", IN4])),
    "AH of BEET mode": ("BEET mode is one of ESP", sa(
        proto="ah", mode="beet", alg=HMAC, more=[
            "sel", "src", IN4, "dst", FAR4])),
    "AH in UDP": ("AH cannot pass a NAT", sa(
        proto="ah", alg=HMAC, more=[
            "encap", "espinudp", "4500", "4500", "0.0.0.0"])),
    "AH that pads": (
        "are ESP's", sa(proto="ah", alg=HMAC, more=["tfc-pad", "mtu"])),
    "dummies of an inbound SA": (
        "sends nothing", sa(more=["dir", "in", "dummy-interval", "99"])),
    "dummies too often": (
        "milliseconds apart", sa(more=["dummy-interval", "9"])),
    "padding to 0": ("padded to 1 to 65535", sa(more=["tfc-pad", "0"])),
    "dummies for a group": ("Dummy packets are for two hosts", sa(
        dst="239.1.1.1", more=["dummy-interval", "99"])),
    "a group in UDP": ("UDP is for two hosts", sa(
        dst="239.1.1.1", more=[
            "encap", "espinudp", "4500", "4500", "0.0.0.0"])),
    "BEET template without ends": ('missing behind "tmpl"', [
        *POL, "action", "protect", "tmpl", "proto", "esp", "mode", "beet"]),
    "unknown protocol": ("do not exist here", sa(proto="tcp")),
    "AH": ("AH encrypts nothing", sa(proto="ah")),
    "two families": ("an SA have one address family", sa(src="fd00::1")),
    "dst that is no address": ("no IPv4 or IPv6 address", sa(dst="10.0.0")),
    "dst any": ("unspecified address", sa(dst="0.0.0.0")),
    "no algorithm": ("algorithms are missing", sa(alg=[])),
    "unknown AEAD": ("unknown algorithm", sa(
        alg=["aead", "rot13", KEY20, "128"])),
    "unknown cipher": ("unknown algorithm", sa(
        alg=["enc", "rot13", KEY20, *HMAC])),
    "unknown hash": ("unknown algorithm", sa(
        alg=[*CBC, "auth-trunc", "crc32", KEY32, "128"])),
    "cipher as AEAD": ("unknown algorithm", sa(
        alg=["aead", "cbc(aes)", KEY20, "128"])),
    "no authentication": ("algorithms are missing", sa(alg=CBC)),
    "no encryption": ("algorithms are missing", sa(alg=HMAC)),
    "AEAD and cipher": ("aead excludes", sa(alg=[*AEAD, *CBC])),
    "AEAD and hash": ("aead excludes", sa(alg=[*AEAD, *HMAC])),
    "AEAD twice": ("given twice", sa(alg=[*AEAD, *AEAD])),
    "no such key file": (
        "No such file", sa(alg=["aead", "aes128gcm16", "@/no/such", "128"])),
    "key that is no hex": ("else than hexadecimal", sa(
        alg=["aead", "aes128gcm16", "0xxyz", "128"])),
    "odd digits": (
        "odd number of", sa(alg=["aead", "aes128gcm16", "0x123", "128"])),
    "ICV of 64 bits": ("ICV of 128 bits, not of 64", sa(
        alg=["aead", "aes128gcm16", KEY20, "64"])),
    "ICV of 0 bits": ("ICV of 128 bits, not of 0", sa(
        alg=["aead", "aes128gcm16", KEY20, "0"])),
    "HMAC of 96 bits": ("an old mistake", sa(
        alg=[*CBC, "auth-trunc", "hmac(sha256)", KEY32, "96"])),
    "window of 31": (
        "window is 0 (off) or 32", sa(more=["replay-window", "31"])),
    "window of 65537": (
        "window is 0 (off) or 32", sa(more=["replay-window", "65537"])),
    "window of 1": (
        "window is 0 (off) or 32", sa(more=["replay-window", "1"])),
    "window of -1": ('unknown option "-1"', sa(more=["replay-window", "-1"])),
    "ESN without window": (
        "need an anti-replay window", sa(more=["esn", "replay-window", "0"])),
    "seq-out beyond 32 bits": (
        "needs flag esn (seq-out)", sa(more=["seq-out", "0x100000000"])),
    "seq-in beyond 32 bits": (
        "needs flag esn (seq-in)", sa(more=["seq-in", "0x100000000"])),
    "seq-out at the end of 64 bits": ("Outbound sequence number", sa(
        more=["esn", "seq-out", "0xffffffffffffffff"])),
    "unknown flag": ("unknown flag", sa(more=["flag", "wildrecv"])),
    "unknown direction": ("unknown dir", sa(more=["dir", "fwd"])),
    "a word too much": ('unknown word "bogus"', sa(more=["bogus"])),
    "a value too little": ('must follow "reqid"', sa(more=["reqid"])),
    "an owner of 16 characters": (
        "1 to 15 bytes", sa(more=["owner", "0123456789abcdef"])),
    "another owner of an SA in use": ("its owner never changes", [
        "sa", "update", *ENDS, "spi", "0x7777", "reqid", "5", "owner",
        "thief"]),
    "senseless selector of an SA": ("src: the range is upside down", sa(
        more=["sel", "src", "10.0.0.9-10.0.0.1", "dst", FAR4])),
    "two families in a selector": ("a selector have one address", sa(
        more=["sel", "src", "fd00::/64", "dst", FAR4])),
    "delete an SA that is not there": (
        "there is no SA", ["sa", "del", *ENDS, "spi", "0x4444"]),
    "get an SA that is not there": (
        "there is no SA", ["sa", "get", *ENDS, "spi", "0x4444"]),
    "update an SA that is not there": (
        "there is no SA", ["sa", "update", *sa(spi="0x4444")[2:]]),
    "update with another key": (
        "its keys, algorithms", ["sa", "update", *sa(spi="0x7777")[2:]]),
    "SPIs from 0": ("SPIs 0 to 255 are reserved", [
        "sa", "allocspi", *ENDS, "mode", "tunnel", "min", "0", "max", "1000"]),
    "SPIs that are reserved": ("SPIs 0 to 255 are reserved", [
        "sa", "allocspi", *ENDS, "mode", "tunnel", "min", "1", "max", "255"]),
    "SPIs from above to below": ("ends before it starts", [
        "sa", "allocspi", *ENDS, "mode", "tunnel", "min", "3000", "max",
        "2000"]),
    "no SPI is free": ("no free SPI", [
        "sa", "allocspi", *ENDS, "mode", "tunnel", "min", "0x7777", "max",
        "0x7777"]),
    "duplicate policy": ("there is a policy", [
        "policy", "add", "dir", "out", "src", "10.7.0.0/16", "dst",
        "10.8.0.0/16", "action", "bypass"]),
    "duplicate policy of other priority": ("there is a policy", [
        "policy", "add", "dir", "out", "src", "10.7.0.0/16", "dst",
        "10.8.0.0/16", "priority", "9", "action", "discard"]),
    "no direction": ('"dir" is missing', [
        "policy", "add", "src", IN4, "dst", FAR4, "action", "bypass"]),
    "direction fwd": ("unknown dir", [
        "policy", "add", "dir", "fwd", "src", IN4, "dst", FAR4, "action",
        "bypass"]),
    "direction any": ("has one direction", [
        "policy", "add", "dir", "any", "src", IN4, "dst", FAR4, "action",
        "bypass"]),
    "no action": ('"action" is missing', [*POL]),
    "unknown action": ("unknown action", [*POL, "action", "maybe"]),
    "protect without template": (
        "protect needs a template", [*POL, "action", "protect"]),
    "bypass with template": (
        "only action protect", [*POL, "action", "bypass", *TMPL]),
    "tunnel without ends": ('missing behind "tmpl"', [
        *POL, "action", "protect", "tmpl", "proto", "esp", "mode", "tunnel"]),
    "ends of two families": ("template have one address", [
        *POL, "action", "protect", "tmpl", "src", OUT4, "dst", "fd00::2",
        "proto", "esp", "mode", "tunnel"]),
    "template with SPI 5": (
        "SPIs 0 to 255 are reserved", [*POL, *PROTECT, "spi", "5"]),
    "template of UDP": ("do not exist here", [
        *POL, "action", "protect", "tmpl", "src", OUT4, "dst", PEER4, "proto",
        "udp", "mode", "tunnel"]),
    "BEET template among others": ("does not nest", [
        *POL, "action", "protect", "tmpl", "src", OUT4, "dst", PEER4, "proto",
        "esp", "mode", "beet", "tmpl", "src", OUT4, "dst", PEER4, "proto",
        "ah", "mode", "transport"]),
    "ports without protocol": (
        "ports need protocol", [*POL, "dport", "80", "action", "bypass"]),
    "ports of ICMP": ("types and no ports", [
        *POL, "proto", "icmp", "dport", "80", "action", "bypass"]),
    "ports from above to below": ("dport: the range is upside down", [
        *POL, "proto", "tcp", "dport", "90-80", "action", "bypass"]),
    "port 65536": ("at most 65535", [
        *POL, "proto", "tcp", "dport", "65536", "action", "bypass"]),
    "addresses from above to below": ("src: the range is upside down", [
        "policy", "add", "dir", "out", "src", "10.0.0.2-10.0.0.1", "dst", FAR4,
        "action", "bypass"]),
    "prefix of 33": ("prefix length 33 is too large", [
        "policy", "add", "dir", "out", "src", "10.0.0.0/33", "dst", FAR4,
        "action", "bypass"]),
    "prefix of 129": ("prefix length 129 is too large", [
        "policy", "add", "dir", "out", "src", "fd00::/129", "dst", "fd00::/64",
        "action", "bypass"]),
    "families of two kinds": ("a selector have one address", [
        "policy", "add", "dir", "out", "src", IN4, "dst", "fd00::/64",
        "action", "bypass"]),
    "protocol 256": (
        "unknown protocol", [*POL, "proto", "256", "action", "bypass"]),
    "priority that is no number": (
        "is no number", [*POL, "priority", "high", "action", "bypass"]),
    "delete a policy that is not there": ("no policy with this direction", [
        "policy", "del", "dir", "in", "src", IN4, "dst", FAR4]),
    "delete policy number 4711": (
        "no policy with this index", ["policy", "del", "index", "4711"]),
    "get a policy that is not there": ("no policy with this direction", [
        "policy", "get", "dir", "in", "src", IN4, "dst", FAR4]),
    "default protect": (
        "unknown default action", ["default", "out", "protect"]),
    "default without sense": (
        'unknown word "sideways"', ["default", "sideways", "bypass"]),
    "unknown object": ('unknown command "tunnel"', ["tunnel", "add"]),
    "unknown verb": ('unknown word "destroy"', ["sa", "destroy"]),
}
for size in (0, 1, 15, 16, 19, 21, 27, 29, 35, 37, 64, 128, 129, 200):
    BAD["AES-GCM key of %d bytes" % size] = ("a key of 20/28/36 bytes", sa(
        alg=["aead", "rfc4106(gcm(aes))", key_file(b"k" * size), "128"]))
for size in (1, 31, 33, 64):
    BAD["HMAC key of %d bytes" % size] = ("a key of 32 bytes", sa(
        alg=[*CBC, "auth-trunc", "hmac(sha256)", key_file(b"k" * size),
             "128"]))
for size in (1, 15, 17, 20, 33):
    BAD["AES-CBC key of %d bytes" % size] = ("a key of 16/24/32 bytes", sa(
        alg=["enc", "cbc(aes)", key_file(b"k" * size), *HMAC]))
for size in (32, 35, 37):
    BAD["ChaCha20 key of %d bytes" % size] = ("a key of 36 bytes", sa(
        alg=["aead", "rfc7539esp(chacha20,poly1305)", key_file(b"k" * size),
             "128"]))


def fill():
    """Tables with something in them that must stay."""
    lab.reset()
    lab.cli(*sa(spi="0x7777"))
    lab.sa(null, "in", six=True)
    lab.policy("in", FAR4, IN4)
    lab.policy("out", "10.7.0.0/16", "10.8.0.0/16", action="bypass")


def refused(want, words, before):
    status, out, err = lab.n.exec("nfipsec", *words, ok=None)
    equal(status != 0, True, "refused")
    equal(status < 126, True, "status %d" % status)
    equal(out, "", "standard output")
    equal(err.count("\n"), 1, "lines of the error %r" % err)
    equal(want in err, True, "%r for the reason %r" % (err, want))
    for key in (b"k" * 16).hex(), "kkkkkkkk":
        equal(key in err, False, "key in the error")
    equal(lab.nl.tables(), before, "tables")


def every_refusal(part):
    names = sorted(BAD)
    fill()
    before = lab.nl.tables()
    for name in names[part::PARTS]:
        try:
            refused(*BAD[name], before)
        except AssertionError as e:
            raise AssertionError("%s (%s): %s" % (
                name, " ".join(BAD[name][1]), e)) from None


PARTS = 8


def accepted():
    """The same words with good values are taken, or the above is void."""
    lab.reset()
    lab.cli(*sa())
    lab.cli(*sa(spi="0x1235", alg=[*CBC, *HMAC], more=["esn", "dir", "in"]))
    lab.cli(*sa(spi="256", mode="transport", more=["flag", "noecn"]))
    lab.cli(*sa(spi="0xffffffff", more=["replay-window", "0"]))
    lab.cli(*sa(spi="0x1236", alg=["enc", "null", "", *HMAC],
                more=["sel", "src", IN4, "dst", FAR4, "proto", "udp", "dport",
                      "5-9"]))
    lab.cli(*POL, *PROTECT)
    lab.cli("policy", "add", "dir", "in", "src", "10.0.0.1-10.0.0.9", "dst",
            "0.0.0.0/0", "proto", "tcp", "sport", "80", "dport", "1000-2000",
            "priority", "4000000000", "action", "discard")
    lab.cli("sa", "allocspi", *ENDS, "mode", "tunnel", "min", "0x8000", "max",
            "0x8010")
    equal(lab.cli("sa", "count").strip(), "6")
    lab.cli("default", "in", "discard")
    lab.cli("default", "in", "bypass")
    lab.cli("default", "acquire-timeout", "10")
    for words in (("sa", "list"), ("policy", "list"), ("default",), ("stats",),
                  ("sa", "count"), ("policy", "count"),
                  ("sa", "get", *ENDS, "spi", "0x1234")):
        equal(lab.cli(*words) != "", True, "output of " + " ".join(words))
        json_of(lab.cli("-j", *words))
    lab.cli("sa", "del", *ENDS, "spi", "0x1234")
    lab.cli("policy", "flush")
    lab.cli("sa", "flush")
    equal(lab.cli("sa", "list"), "")
    equal(json_of(lab.cli("-j", "sa", "list")), [])


def owners():
    """Owners are shown, stay, and bound what list and flush are about."""
    def counts():
        return (len(json_of(lab.cli("-j", "sa", "list"))),
                len(json_of(lab.cli("-j", "policy", "list"))))

    lab.reset()
    lab.cli(*sa(more=["owner", "ike"]))
    lab.cli(*sa(spi="0x1235", more=["owner", "ik"]))
    lab.cli(*sa(spi="0x1236"))
    larval = json_of(lab.cli(
        "-j", "sa", "allocspi", *ENDS, "mode", "tunnel", "min", "0x8000", "max",
        "0x8000", "owner", "ike"))
    equal("ike" in str(larval), True, "owner of a larval SA")
    # matures, and says nothing of it
    lab.cli("sa", "update", *sa(spi="0x8000")[2:])
    lab.cli(*POL, *PROTECT, "owner", "ike")
    lab.cli("policy", "update", *POL[2:], "action", "bypass", "owner", "ike")
    lab.cli("policy", "add", "dir", "in", "src", FAR4, "dst", IN4, "action",
            "bypass", "owner", "ik")
    equal(len(json_of(lab.cli("-j", "sa", "list", "owner", "ike"))), 2, "SAs")
    equal(len(json_of(lab.cli("-j", "policy", "list", "owner", "ike"))), 1,
          "policies")
    lab.cli("sa", "flush", "owner", "nobody")
    lab.cli("policy", "flush", "owner", "nobody")
    equal(counts(), (4, 2), "what nobody owns")
    lab.cli("policy", "flush", "dir", "in", "owner", "ike")
    equal(counts(), (4, 2), "of the other direction")
    lab.cli("sa", "flush", "owner", "ike")
    lab.cli("policy", "flush", "owner", "ike")
    equal(counts(), (2, 1), "what is left")
    equal(lab.cli("sa", "list", "owner", "ike"), "")


def key_sources():
    """The same SA by file and by standard input."""
    lab.reset()
    lab.cli(*sa(alg=["aead", "aes128gcm16", "-", "128"]),
            stdin="0x" + "6b" * 20 + "\n")
    lab.cli("sa", "flush")


def keys_stay_inside():
    lab.reset()
    secret = bytes(range(0x30, 0x30 + 36))
    path = key_file(secret)
    lab.cli(*sa(alg=["aead", "rfc4106(gcm(aes))", path, "128"]))
    lab.cli(*sa(spi="0x1235", alg=[
        "enc", "cbc(aes)", key_file(secret[:16]), "auth-trunc", "hmac(sha256)",
        key_file(secret[:32]), "128"]))
    texts = [lab.cli(*w) for w in (
        ("sa", "list"), ("-j", "sa", "list"), ("-j", "stats"),
        ("sa", "get", *ENDS, "spi", "0x1234"),
        ("-j", "sa", "get", *ENDS, "spi", "0x1235"))]
    for text in texts:
        for part in (secret[:8], secret[8:16]):
            equal(part.hex() in text.lower().replace(" ", ""), False, text)
            equal(part.decode() in text, False, text)
    dump = lab.nl.dump("SA_GET")
    equal(len(dump), 2)
    for kind, val in dump[0] + dump[1]:
        equal(kind in (C["A_SA_AEAD_KEY"], C["A_SA_ENC_KEY"],
                       C["A_SA_AUTH_KEY"]), False, "key attribute")
        equal(secret[:8] in val or secret[8:16] in val, False, "key")


def stats_agree():
    """The command shows what the kernel says."""
    text = lab.cli("-j", "stats")
    for name, value in lab.nl.stats().items():
        equal('"%s"' % name in text, True, name)
    equal(isinstance(json_of(text), (dict, list)), True, str(value))


def unprivileged():
    cli = lib.public_cli()
    lab.reset()
    lab.cli(*SA, *AEAD)
    before = lab.nl.tables()
    for words in (("sa", "list"), ("stats",), ("policy", "list"),
                  ("sa", "flush"), ("policy", "flush"), ("default",),
                  ("default", "out", "discard"),
                  ("sa", "del", *ENDS, "spi", "0x1234")):
        status, out, err = lab.n.exec(*lib.NOBODY, cli, *words, ok=None)
        equal((status != 0, out, err.count("\n")), (True, "", 1),
              " ".join(words))
        # root of a user namespace owns nothing of the network it is in
        status, out, _ = lab.n.exec(*lib.NOBODY, "unshare", "-Ur", cli, *words,
                                    ok=None)
        equal((status != 0, out), (True, ""), "userns: " + " ".join(words))
    equal(lab.nl.tables(), before, "tables")


def own_namespace():
    """Root of a user namespace rules the network namespace it has made."""
    status, _, err = sh(*lib.NOBODY, "unshare", "-Urn", "true", ok=None)
    if status:
        raise lib.Skip("no user namespaces: " + err.strip())
    script = ("$0 sa add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1234 "
              "mode tunnel aead aes128gcm16 - 128 && $0 sa count && "
              "$0 default out discard && $0 -j stats")
    out = sh(*lib.NOBODY, "unshare", "-Urn", "sh", "-c", script, lib.public_cli(),
             stdin="0x" + "6b" * 20 + "\n")
    equal(out.split("\n")[0], "1", "SAs")


# Messages no command would send

def sa_msg(**change):
    msg = {"SRC": lib.addr(OUT4), "DST": lib.addr(PEER4), "PROTO": u8(50),
           "SPI": struct.pack("!I", 0x2222), "MODE": u8(1),
           "AEAD_NAME": "rfc4106(gcm(aes))", "AEAD_KEY": b"k" * 20,
           "AEAD_ICV_BITS": u32(128)}
    msg.update(change)
    return [attr(C["A_SA_" + k], v) for k, v in msg.items() if v is not None]


def pol_msg(**change):
    msg = {"DIR": u8(2), "ACTION": u8(0), "PRIORITY": u32(1),
           "SELECTOR": lib.selector(IN4, FAR4)}
    msg.update(change)
    return [attr(C["A_POLICY_" + k], v) for k, v in msg.items()
            if v is not None]


# What the kernel says of a value that the family's own description rules out.
LENGTH, RANGE, BITS = ("invalid attribute length", "integer out of range",
                       "reserved bit set")
VALUE, TYPE = "failed policy validation", "Unsupported attribute"


def raw_refusals():
    sel = lib.selector(IN4, FAR4)
    end = C["A_SELECTOR_SRC_END"]
    bad = [(want, "SA_NEW", sa_msg(**c)) for want, *cases in (
        ("4 bytes (IPv4) or 16", {"SRC": b"\1\2\3"}, {"SRC": b"\1" * 5},
         {"SRC": b"\1" * 17}, {"DST": b""}),
        ("not of one address family", {"DST": b"\1" * 16}),
        ("unspecified address", {"DST": bytes(4)}),
        ("AH encrypts nothing", {"PROTO": u8(51)}),
        ("protocol must be ESP", {"PROTO": u8(0)}),
        (LENGTH, {"PROTO": u32(50)}, {"SPI": b"\0"}, {"SEQ_OUT": u32(1)}),
        ("SPIs 0 to 255", {"SPI": bytes(4)}, {"SPI": struct.pack("!I", 255)}),
        ("one source and one destination", {"MODE": u8(2)}),
        (RANGE, {"MODE": u8(255)}, {"DIR": u8(3)}),
        (BITS, {"FLAGS": u32(1 << 30)}, {"FLAGS": u32(0xffffffff)}),
        ("window is 0 (off) or 32", {"REPLAY_WINDOW": u32(16)},
         {"REPLAY_WINDOW": u32(0xffffffff)}),
        (VALUE, {"AEAD_NAME": "x" * 200}, {"AEAD_NAME": b"\xff\xfe"}),
        ("unknown algorithm", {"AEAD_NAME": ""},
         {"AEAD_NAME": "aes128gcm16iiv"}),
        ("a key of 20/28/36 bytes", {"AEAD_KEY": b""}, {"AEAD_KEY": None},
         {"AEAD_KEY": b"k" * 4000}),
        ("an ICV of 64/96/128 bits", {"AEAD_ICV_BITS": None},
         {"AEAD_ICV_BITS": u32(0xffffffff)}, {"AEAD_ICV_BITS": u32(72)}),
        ("needs the name of its algorithm", {"AEAD_NAME": None}),
        ("needs flag esn", {"SEQ_OUT": u64(1 << 32)},
         {"SEQ_IN": u64(1 << 63)}),
        ("needs an address", {"SELECTOR": []}),
        ("neither IPv4 nor IPv6", {"SELECTOR": [attr(1, u8(99))]}),
        ("Unknown attribute", {"SELECTOR": sel + [attr(200, b"x")]}),
        (TYPE, {"STATE": u8(0)}, {"PACKETS": u64(1)}, {"ADD_TIME": u64(1)},
         {"SPI_MIN": u32(500)}))
        for c in cases]
    bad += [(want, "POLICY_NEW", pol_msg(**c)) for want, *cases in (
        ("is for one direction", {"DIR": u8(0)}),
        (RANGE, {"DIR": u8(3)}, {"ACTION": u8(3)}),
        ("needs a direction", {"DIR": None}),
        ("needs an action", {"ACTION": None}),
        ("needs a template", {"ACTION": u8(2)}),
        ("policy needs a selector", {"SELECTOR": None}),
        ("needs an address", {"SELECTOR": []}),
        ("protect has a template",
         {"TMPL": [attr(C["A_TMPL_PROTO"], u8(50))]}),
        (TYPE, {"INDEX": u32(5)}, {"PACKETS": u64(5)}),
        ("selectors come from packets", {"PFP": u32(1)}),
        (BITS, {"PFP": u32(1 << 5)}),
        (VALUE, {"NAME": "x" * 256}, {"NAME": b""}),
        ("not of one family",
         {"SELECTOR": sel + [attr(C["A_SELECTOR_FAMILY"], u8(10))]},
         {"SELECTOR": sel + [attr(end, b"\1" * 16)]}),
        ("longer than the address",
         {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_PLEN"], u8(33))]}),
        ("addresses ends before", {"SELECTOR": sel + [attr(end, bytes(4))]}),
        ("exclude each other",
         {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_PLEN"], u8(8)),
                             attr(end, b"\xff" * 4)]}),
        ("source ports or types ends before",
         {"SELECTOR": sel + [attr(C["A_SELECTOR_PROTO"], u8(17)),
                             attr(C["A_SELECTOR_SPORT_MIN"], u16(9)),
                             attr(C["A_SELECTOR_SPORT_MAX"], u16(8))]}),
        ("types and no ports",
         {"SELECTOR": sel + [attr(C["A_SELECTOR_PROTO"], u8(1)),
                             attr(C["A_SELECTOR_DPORT_MIN"], u16(9)),
                             attr(C["A_SELECTOR_DPORT_MAX"], u16(9))]}))
        for c in cases]
    esp = lab.policy_attrs("out", sel)[-1][4:]
    # what there is not: ESN of IPComp, an outer header in transport mode, one
    # DSCP that is copied; and values that there are not
    plain = [attr(C["A_TMPL_PROTO"], u8(50)), attr(C["A_TMPL_MODE"], u8(0))]
    asks = {name: attr(C["A_TMPL_" + name], u8(1))
            for name in ("ESN", "DF", "DSCP")}
    copy = attr(C["A_TMPL_DSCP_COPY"], b"")
    bad += [(want, "POLICY_NEW", pol_msg(ACTION=u8(C["ACTION_PROTECT"]),
                                         TMPL=t))
            for want, *cases in (
                ("no SA can have this algorithm",
                 [esp, attr(C["A_TMPL_ALGO"], "cbc(des)")],
                 [esp, attr(C["A_TMPL_ALGO"], "")]),
                (VALUE, [esp, attr(C["A_TMPL_ALGO"], "x" * 64)]),
                ("8 algorithms",
                 [esp, 9 * attr(C["A_TMPL_ALGO"], "cbc(aes)")]),
                ("no sequence numbers",
                 [attr(C["A_TMPL_PROTO"], u8(108)), plain[1], asks["ESN"]]),
                ("only tunnel mode", plain + [asks["DF"]],
                 plain + [asks["DSCP"]], plain + [copy]),
                ("copied or has one value", [esp, asks["DSCP"], copy]),
                (RANGE, [esp, attr(C["A_TMPL_ESN"], u8(2))],
                 [esp, attr(C["A_TMPL_DF"], u8(3))],
                 [esp, attr(C["A_TMPL_DSCP"], u8(64))]))
            for t in cases]
    # more sets and names than there may be, equal ones, none that is the first
    more = [lib.selector("10.7.0.%d" % n, FAR4) for n in range(16)]
    sets = [attr(C["A_POLICY_SELECTOR_MORE"], s) for s in more]
    name = attr(C["A_POLICY_NAME"], "x")
    bad += [(want, "POLICY_NEW", pol_msg(**c) + extra) for want, c, extra in (
        ("16 selector sets", {}, sets),
        ("sets of the policy are equal", {}, sets[:2] + sets[:1]),
        ("policy needs a selector", {"SELECTOR": None}, sets[:1]),
        ("sets of the policy are equal", {"SELECTOR": more[0]}, sets[:1]),
        ("8 names", {}, [name] * 9),
        ("needs an address", {}, [attr(C["A_POLICY_SELECTOR_MORE"], [])]))]
    bad += [("16 selector sets", "POLICY_UPDATE", pol_msg() + sets),
            ("policy needs a selector", "POLICY_DEL",
             pol_msg()[:1] + sets[:1]),
            ("not by both", "POLICY_DEL",
             [attr(C["A_POLICY_INDEX"], u32(1))] + sets[:1])]
    # of two families there is no transport mode between two hosts
    both = [attr(C["A_POLICY_SELECTOR_MORE"], lib.selector(IN6, FAR6))]
    bad += [("must have one address family", "POLICY_NEW", pol_msg(
        ACTION=u8(C["ACTION_PROTECT"]), TMPL=plain + [
            attr(C["A_TMPL_SRC"], lib.addr(IN4)),
            attr(C["A_TMPL_DST"], lib.addr(FAR4))]) + both)]
    # a value of a packet that does not show it
    blind = lib.selector(IN4, FAR4, 17, (65535, 0), (65535, 0))
    bad += [("opaque in the selector", "POLICY_NEW", pol_msg(
        ACTION=u8(C["ACTION_PROTECT"]), TMPL=[esp], PFP=u32(8), **c) + extra)
            for c, extra in (
                ({"SELECTOR": blind}, []),
                ({}, [attr(C["A_POLICY_SELECTOR_MORE"], blind)]))]
    # types: upside down, half, of a protocol without, with codes of none, and
    # ports of a protocol with types
    bad += [(want, "POLICY_NEW", pol_msg(SELECTOR=s)) for want, *cases in (
        ("types ends before",
         lib.selector(IN4, FAR4, 1, types=(0x301, 0x300))),
        ("go together",
         lib.selector(IN4, FAR4, 1, types=(0x300, 0x3ff))[:-1]),
        ("types need protocol",
         lib.selector(IN4, FAR4, 17, types=(0x300, 0x3ff)),
         lib.selector(IN4, FAR4, 0, types=(0x300, 0x3ff)),
         lib.selector(IN4, FAR4, 58, types=(0x300, 0x3ff)),
         lib.selector(IN6, FAR6, 1, types=(0x300, 0x3ff)),
         lib.selector(IN4, FAR4, 135, types=(0x300, 0x3ff))),
        ("types of a mobility header",
         lib.selector(IN6, FAR6, 135, types=(0x300, 0x3fe)),
         lib.selector(IN6, FAR6, 135, types=(0x301, 0x3ff))),
        ("types and no ports", lib.selector(IN4, FAR4, 1, (0x300, 0x3ff)),
         lib.selector(IN4, FAR4, 1, (1, 2), types=(0x300, 0x3ff))))
        for s in cases]
    # lists: too long, any or opaque in them, upside down, of two families, no
    # first one, half of a range, of types where there are none
    many = [(2 * n, 2 * n) for n in range(17)]
    more = C["A_SELECTOR_SPORT_MORE"]
    bad += [(want, "POLICY_NEW", pol_msg(SELECTOR=s)) for want, *cases in (
        ("16 ranges", lib.selector(IN4, FAR4, 17, many),
         lib.selector(IN4, FAR4, 17, None, many),
         lib.selector(IN4, FAR4, 1, types=many),
         lib.selector(",".join("10.%d.0.0" % (2 * n) for n in range(17)),
                      FAR4),
         lib.selector(IN4, ",".join("10.%d.0.0" % n for n in range(17)))),
        ("any address is no range", lib.selector(IN4 + ",0.0.0.0/0", FAR4)),
        ("not of one family", lib.selector(IN4 + ",fd00::1", FAR4)),
        ("addresses ends before",
         lib.selector(IN4 + ",10.0.0.2-10.0.0.1", FAR4)),
        ("any and opaque", lib.selector(IN4, FAR4, 17, [(1, 2), (0, 65535)]),
         lib.selector(IN4, FAR4, 17, [(1, 2), (65535, 0)])),
        ("ports or types ends before",
         lib.selector(IN4, FAR4, 17, [(1, 2), (4, 3)])),
        ("ports need protocol",
         lib.selector(IN4, FAR4, 0, [(1, 2), (4, 5)])),
        ("types of a mobility header", lib.selector(
            IN6, FAR6, 135, types=[(0x100, 0x1ff), (0x300, 0x301)])),
        ("range needs an address", sel + [attr(C["A_SELECTOR_SRC_MORE"], [])]),
        ("need a first one", lib.selector(IN4, FAR4, 17) + [attr(more, [
            attr(C["A_PORT_RANGE_LOW"], u16(1)),
            attr(C["A_PORT_RANGE_HIGH"], u16(1))])]),
        ("go together", lib.selector(IN4, FAR4, 17, (1, 2)) + [attr(more, [
            attr(C["A_PORT_RANGE_LOW"], u16(1))])]),
        ("a lowest and a highest value",
         lib.selector(IN4, FAR4, 17, (1, 2)) + [attr(more, [])]),
        ("types need protocol", lib.selector(IN4, FAR4, 17) + [
            attr(C["A_SELECTOR_TYPE_MORE"], [])]))
        for s in cases]
    bad += [("16 ranges", "SA_NEW",
             sa_msg(SELECTOR=lib.selector(IN4, FAR4, 17, many))),
            ("one source and one destination", "SA_NEW",
             sa_msg(SELECTOR=lib.selector(IN4 + ",10.0.0.1", FAR4),
                    MODE=u8(C["MODE_BEET"])))]
    bad += [("needs a destination", cmd, []) for cmd in (
        "SA_DEL", "SA_GET", "SA_ALLOCSPI", "SA_UPDATE")]
    bad += [("needs a direction", cmd, []) for cmd in (
        "POLICY_DEL", "POLICY_GET", "POLICY_UPDATE")]
    bad += [("named by its id", "ACQUIRE_GET", []),
            (RANGE, "POLICY_FLUSH", [attr(3, u8(7))])]
    bad += [(want, "DEFAULT_SET", msg) for want, *cases in (
        ("a default is bypass or discard", [attr(1, u8(2))],
         [attr(1, u8(1)), attr(2, u8(2))]),
        (RANGE, [attr(2, u8(9))], [attr(C["A_DEFAULT_WEAK"], u8(2))],
         [attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(301))]),
        ("default needs an action", []))
        for msg in cases]
    fill()
    before = lab.nl.tables()
    for want, cmd, msg in bad:
        what = "%s %s" % (cmd, b"".join(msg).hex())
        try:
            lab.nl.do(cmd, *msg)
        except Refused as e:
            equal(want in e.text, True, "%s: %r for the reason %r" %
                  (what, e.text, want))
            equal(b"k" * 8 in e.text.encode(), False, "key in the sentence")
        else:
            raise AssertionError("accepted: " + what)
        equal(lab.nl.tables(), before, "tables after " + what)
    # and the messages these are made from are good
    lab.nl.do("SA_NEW", *sa_msg())
    lab.nl.do("POLICY_NEW", *pol_msg())


def random_attr(rnd, depth):
    kind = rnd.choice([rnd.randrange(0, 32), rnd.randrange(0, 0x4000)])
    pick = rnd.randrange(6)
    if pick == 0 and depth:
        data = [random_attr(rnd, depth - 1) for _ in range(rnd.randrange(5))]
        return attr(kind, data)
    size = rnd.choice([0, 1, 2, 4, 4, 8, 16, 20, 36, rnd.randrange(300)])
    out = attr(kind | rnd.choice([0, 0, 0, 0x8000, 0x4000]), rnd.randbytes(size))
    if pick == 1:   # a length that lies
        out = struct.pack("=H", rnd.randrange(0x10000)) + out[2:]
    if pick == 2:
        out = out[:rnd.randrange(1, len(out) + 1)]
    return out


def mutated(rnd):
    """A good message with something wrong in it."""
    cmd, msg = rnd.choice([
        ("SA_NEW", sa_msg(SPI=rnd.randbytes(4))),
        ("SA_NEW", sa_msg(SPI=rnd.randbytes(4),
                          SELECTOR=lib.selector(IN4, FAR4))),
        ("SA_UPDATE", sa_msg()), ("POLICY_NEW", pol_msg()),
        ("POLICY_UPDATE", pol_msg(PRIORITY=u32(rnd.randrange(9)))),
        ("SA_DEL", sa_msg()[1:4]), ("POLICY_DEL", pol_msg()),
        ("SA_ALLOCSPI", sa_msg()[:3] + [attr(C["A_SA_SPI_MIN"], u32(300)),
                                        attr(C["A_SA_SPI_MAX"], u32(900))])])
    pick = rnd.randrange(5)
    if pick == 0 and msg:
        del msg[rnd.randrange(len(msg))]
    elif pick == 1:
        msg.insert(rnd.randrange(len(msg) + 1), random_attr(rnd, 2))
    elif pick == 2:
        rnd.shuffle(msg)
        msg.append(rnd.choice(msg))
    data = bytearray(b"".join(msg))
    for _ in range(rnd.randrange(4) if pick > 2 else 0):
        data[rnd.randrange(len(data))] = rnd.randrange(256)
    if pick == 4:
        data = data[:rnd.randrange(len(data) + 1)]
    return C["CMD_" + cmd], bytes(data)


def fuzz(seed):
    """Whatever is sent: no change with an error, no line in the log."""
    rnd = random.Random(seed)
    rounds = max(150, int(600 * lib.SCALE / 100))
    fill()
    before = lab.nl.tables()
    taken = 0
    for n in range(rounds):
        if n % 3:
            cmd, data = mutated(rnd)
        else:
            cmd = rnd.choice([rnd.randrange(20), 255])
            data = b"".join(random_attr(rnd, 3) for _ in range(rnd.randrange(6)))
        flags = 5 | rnd.choice([0, 0, 0, 0x300, 0x100, 0x400, 0x800])
        lab.nl.seq += 1
        body = struct.pack("=BBH", cmd, rnd.choice([1, 1, 1, 0, 255]), 0) + data
        lab.nl.sock.send(struct.pack("=IHHII", len(body) + 16, lib.Genl.family,
                                     flags, lab.nl.seq, 0) + body)
        try:
            lab.nl.answers()
            taken += 1
            before = None
        except Refused:
            pass
        if n % 10 == 9 or before is None:
            now = lab.nl.tables()
            if before is not None:
                equal(now, before, "tables after message %d of seed %d" %
                      (n, seed))
            before = now
    # else it would only ever have met the outermost check
    equal(taken > 0, True, "some messages were good")


report.add("good words are accepted", accepted)
for k in range(PARTS):
    report.add("bad words are refused, part %d of %d" % (k + 1, PARTS),
               every_refusal, k)
report.add("owners", owners)
report.add("keys from a file and standard input", key_sources)
report.add("keys never come out", keys_stay_inside)
report.add("statistics", stats_agree)
report.add("unprivileged", unprivileged)
report.add("root of a user namespace", own_namespace)
report.add("bad messages are refused", raw_refusals)
for k in range(4):
    report.add("random messages, seed %d" % k, fuzz, k)
os.umask(0o077)
sys.exit(report.run())
