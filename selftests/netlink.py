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


BAD = {
    "SPI 0": sa(spi="0"),
    "SPI 1": sa(spi="1"),
    "SPI 255": sa(spi="255"),
    "SPI of 33 bits": sa(spi="0x100000000"),
    "SPI that is no number": sa(spi="zwei"),
    "duplicate SA": sa(spi="0x7777"),
    "duplicate SA of another mode": sa(spi="0x7777", mode="transport"),
    "no src": sa(src=None),
    "no dst": sa(dst=None),
    "no SPI": sa(spi=None),
    "no mode": sa(mode=None),
    "unknown mode": sa(mode="ro"),
    "BEET without selector": sa(mode="beet"),
    "BEET with a network": sa(mode="beet", more=[
        "sel", "src", IN4, "dst", "192.168.2.0/24"]),
    "BEET with a range": sa(mode="beet", more=[
        "sel", "src", "fd00::1-fd00::2", "dst", "fd00::3"]),
    "BEET with one end": sa(mode="beet", more=["sel", "src", IN4]),
    "AH of BEET mode": sa(proto="ah", mode="beet", alg=HMAC, more=[
        "sel", "src", IN4, "dst", FAR4]),
    "AH in UDP": sa(proto="ah", alg=HMAC, more=[
        "encap", "espinudp", "4500", "4500", "0.0.0.0"]),
    "AH that pads": sa(proto="ah", alg=HMAC, more=["tfc-pad", "mtu"]),
    "dummies of an inbound SA": sa(more=["dir", "in", "dummy-interval", "99"]),
    "dummies too often": sa(more=["dummy-interval", "9"]),
    "padding to 0": sa(more=["tfc-pad", "0"]),
    "dummies for a group": sa(dst="239.1.1.1", more=["dummy-interval", "99"]),
    "a group in UDP": sa(dst="239.1.1.1", more=[
        "encap", "espinudp", "4500", "4500", "0.0.0.0"]),
    "BEET template without ends": [*POL, "action", "protect", "tmpl", "proto",
                                   "esp", "mode", "beet"],
    "unknown protocol": sa(proto="tcp"),
    "AH": sa(proto="ah"),
    "two families": sa(src="fd00::1"),
    "dst that is no address": sa(dst="10.0.0"),
    "dst any": sa(dst="0.0.0.0"),
    "no algorithm": sa(alg=[]),
    "unknown AEAD": sa(alg=["aead", "rot13", KEY20, "128"]),
    "unknown cipher": sa(alg=["enc", "rot13", KEY20, *HMAC]),
    "unknown hash": sa(alg=[*CBC, "auth-trunc", "crc32", KEY32, "128"]),
    "cipher as AEAD": sa(alg=["aead", "cbc(aes)", KEY20, "128"]),
    "no authentication": sa(alg=CBC),
    "no encryption": sa(alg=HMAC),
    "AEAD and cipher": sa(alg=[*AEAD, *CBC]),
    "AEAD and hash": sa(alg=[*AEAD, *HMAC]),
    "AEAD twice": sa(alg=[*AEAD, *AEAD]),
    "no such key file": sa(alg=["aead", "aes128gcm16", "@/no/such", "128"]),
    "key that is no hex": sa(alg=["aead", "aes128gcm16", "0xxyz", "128"]),
    "odd digits": sa(alg=["aead", "aes128gcm16", "0x123", "128"]),
    "ICV of 64 bits": sa(alg=["aead", "aes128gcm16", KEY20, "64"]),
    "ICV of 0 bits": sa(alg=["aead", "aes128gcm16", KEY20, "0"]),
    "HMAC of 96 bits": sa(alg=[*CBC, "auth-trunc", "hmac(sha256)", KEY32,
                               "96"]),
    "window of 31": sa(more=["replay-window", "31"]),
    "window of 65537": sa(more=["replay-window", "65537"]),
    "window of 1": sa(more=["replay-window", "1"]),
    "window of -1": sa(more=["replay-window", "-1"]),
    "ESN without window": sa(more=["esn", "replay-window", "0"]),
    "seq-out beyond 32 bits": sa(more=["seq-out", "0x100000000"]),
    "seq-in beyond 32 bits": sa(more=["seq-in", "0x100000000"]),
    "seq-out at the end of 64 bits": sa(
        more=["esn", "seq-out", "0xffffffffffffffff"]),
    "unknown flag": sa(more=["flag", "wildrecv"]),
    "unknown direction": sa(more=["dir", "fwd"]),
    "a word too much": sa(more=["bogus"]),
    "a value too little": sa(more=["reqid"]),
    "an owner of 16 characters": sa(more=["owner", "0123456789abcdef"]),
    "another owner of an SA in use": ["sa", "update", *ENDS, "spi", "0x7777",
                                      "reqid", "5", "owner", "thief"],
    "senseless selector of an SA": sa(
        more=["sel", "src", "10.0.0.9-10.0.0.1", "dst", FAR4]),
    "two families in a selector": sa(
        more=["sel", "src", "fd00::/64", "dst", FAR4]),
    "delete an SA that is not there": ["sa", "del", *ENDS, "spi", "0x4444"],
    "get an SA that is not there": ["sa", "get", *ENDS, "spi", "0x4444"],
    "update an SA that is not there": ["sa", "update", *sa(spi="0x4444")[2:]],
    "update with another key": ["sa", "update", *sa(spi="0x7777")[2:]],
    "SPIs from 0": ["sa", "allocspi", *ENDS, "mode", "tunnel", "min", "0", "max",
                    "1000"],
    "SPIs that are reserved": ["sa", "allocspi", *ENDS, "mode", "tunnel", "min",
                               "1", "max", "255"],
    "SPIs from above to below": ["sa", "allocspi", *ENDS, "mode", "tunnel",
                                 "min", "3000", "max", "2000"],
    "no SPI is free": ["sa", "allocspi", *ENDS, "mode", "tunnel", "min",
                       "0x7777", "max", "0x7777"],
    "duplicate policy": ["policy", "add", "dir", "out", "src", "10.7.0.0/16",
                         "dst", "10.8.0.0/16", "action", "bypass"],
    "duplicate policy of other priority": [
        "policy", "add", "dir", "out", "src", "10.7.0.0/16", "dst",
        "10.8.0.0/16", "priority", "9", "action", "discard"],
    "no direction": ["policy", "add", "src", IN4, "dst", FAR4, "action",
                     "bypass"],
    "direction fwd": ["policy", "add", "dir", "fwd", "src", IN4, "dst", FAR4,
                      "action", "bypass"],
    "direction any": ["policy", "add", "dir", "any", "src", IN4, "dst", FAR4,
                      "action", "bypass"],
    "no action": [*POL],
    "unknown action": [*POL, "action", "maybe"],
    "protect without template": [*POL, "action", "protect"],
    "bypass with template": [*POL, "action", "bypass", *TMPL],
    "tunnel without ends": [*POL, "action", "protect", "tmpl", "proto", "esp",
                            "mode", "tunnel"],
    "ends of two families": [*POL, "action", "protect", "tmpl", "src", OUT4,
                             "dst", "fd00::2", "proto", "esp", "mode",
                             "tunnel"],
    "template with SPI 5": [*POL, *PROTECT, "spi", "5"],
    "template of UDP": [*POL, "action", "protect", "tmpl", "src", OUT4, "dst",
                        PEER4, "proto", "udp", "mode", "tunnel"],
    "BEET template among others": [
        *POL, "action", "protect", "tmpl", "src", OUT4, "dst", PEER4, "proto",
        "esp", "mode", "beet", "tmpl", "src", OUT4, "dst", PEER4, "proto", "ah",
        "mode", "transport"],
    "ports without protocol": [*POL, "dport", "80", "action", "bypass"],
    "ports of ICMP": [*POL, "proto", "icmp", "dport", "80", "action", "bypass"],
    "ports from above to below": [*POL, "proto", "tcp", "dport", "90-80",
                                  "action", "bypass"],
    "port 65536": [*POL, "proto", "tcp", "dport", "65536", "action", "bypass"],
    "addresses from above to below": [
        "policy", "add", "dir", "out", "src", "10.0.0.2-10.0.0.1", "dst", FAR4,
        "action", "bypass"],
    "prefix of 33": ["policy", "add", "dir", "out", "src", "10.0.0.0/33", "dst",
                     FAR4, "action", "bypass"],
    "prefix of 129": ["policy", "add", "dir", "out", "src", "fd00::/129", "dst",
                      "fd00::/64", "action", "bypass"],
    "families of two kinds": ["policy", "add", "dir", "out", "src", IN4, "dst",
                              "fd00::/64", "action", "bypass"],
    "protocol 256": [*POL, "proto", "256", "action", "bypass"],
    "priority that is no number": [*POL, "priority", "high", "action",
                                   "bypass"],
    "delete a policy that is not there": ["policy", "del", "dir", "in", "src",
                                          IN4, "dst", FAR4],
    "delete policy number 4711": ["policy", "del", "index", "4711"],
    "get a policy that is not there": ["policy", "get", "dir", "in", "src", IN4,
                                       "dst", FAR4],
    "default protect": ["default", "out", "protect"],
    "default without sense": ["default", "sideways", "bypass"],
    "unknown object": ["tunnel", "add"],
    "unknown verb": ["sa", "destroy"],
}
for size in (0, 1, 15, 16, 19, 21, 27, 29, 35, 37, 64, 128, 129, 200):
    BAD["AES-GCM key of %d bytes" % size] = sa(
        alg=["aead", "rfc4106(gcm(aes))", key_file(b"k" * size), "128"])
for size in (1, 31, 33, 64):
    BAD["HMAC key of %d bytes" % size] = sa(
        alg=[*CBC, "auth-trunc", "hmac(sha256)", key_file(b"k" * size), "128"])
for size in (1, 15, 17, 20, 33):
    BAD["AES-CBC key of %d bytes" % size] = sa(
        alg=["enc", "cbc(aes)", key_file(b"k" * size), *HMAC])
for size in (32, 35, 37):
    BAD["ChaCha20 key of %d bytes" % size] = sa(
        alg=["aead", "rfc7539esp(chacha20,poly1305)", key_file(b"k" * size),
             "128"])


def fill():
    """Tables with something in them that must stay."""
    lab.reset()
    lab.cli(*sa(spi="0x7777"))
    lab.sa(null, "in", six=True)
    lab.policy("in", FAR4, IN4)
    lab.policy("out", "10.7.0.0/16", "10.8.0.0/16", action="bypass")


def refused(words, before):
    status, out, err = lab.n.exec("nfipsec", *words, ok=None)
    equal(status != 0, True, "refused")
    equal(status < 126, True, "status %d" % status)
    equal(out, "", "standard output")
    equal(err.count("\n"), 1, "lines of the error %r" % err)
    equal(len(err.split()) >= 3, True, "a sentence: %r" % err)
    for key in (b"k" * 16).hex(), "kkkkkkkk":
        equal(key in err, False, "key in the error")
    equal(lab.nl.tables(), before, "tables")


def every_refusal(part):
    names = sorted(BAD)
    fill()
    before = lab.nl.tables()
    for name in names[part::PARTS]:
        try:
            refused(BAD[name], before)
        except AssertionError as e:
            raise AssertionError("%s (%s): %s" % (
                name, " ".join(BAD[name]), e)) from None


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


def raw_refusals():
    sel = lib.selector(IN4, FAR4)
    bad = [("SA_NEW", sa_msg(**c)) for c in (
        {"SRC": b"\1\2\3"}, {"SRC": b"\1" * 5}, {"SRC": b"\1" * 17},
        {"DST": b"\1" * 16}, {"DST": b""}, {"DST": bytes(4)},
        {"PROTO": u8(51)}, {"PROTO": u8(0)}, {"PROTO": u32(50)}, {"SPI": b"\0"},
        {"SPI": bytes(4)}, {"SPI": struct.pack("!I", 255)}, {"MODE": u8(2)},
        {"MODE": u8(255)}, {"DIR": u8(3)}, {"FLAGS": u32(1 << 30)},
        {"FLAGS": u32(0xffffffff)}, {"REPLAY_WINDOW": u32(16)},
        {"REPLAY_WINDOW": u32(0xffffffff)}, {"AEAD_NAME": "x" * 200},
        {"AEAD_NAME": ""}, {"AEAD_NAME": b"\xff\xfe"}, {"AEAD_KEY": b""},
        {"AEAD_KEY": None}, {"AEAD_ICV_BITS": None}, {"AEAD_NAME": None},
        {"AEAD_KEY": b"k" * 4000}, {"AEAD_ICV_BITS": u32(0xffffffff)},
        {"AEAD_ICV_BITS": u32(72)}, {"AEAD_NAME": "aes128gcm16iiv"},
        {"SEQ_OUT": u64(1 << 32)}, {"SEQ_IN": u64(1 << 63)},
        {"SEQ_OUT": u32(1)}, {"SELECTOR": []},
        {"SELECTOR": [attr(1, u8(99))]}, {"SELECTOR": sel + [attr(200, b"x")]},
        {"STATE": u8(0)}, {"PACKETS": u64(1)}, {"ADD_TIME": u64(1)},
        {"SPI_MIN": u32(500)})]
    bad += [("POLICY_NEW", pol_msg(**c)) for c in (
        {"DIR": u8(0)}, {"DIR": u8(3)}, {"DIR": None}, {"ACTION": u8(3)},
        {"ACTION": None}, {"ACTION": u8(2)}, {"SELECTOR": None},
        {"SELECTOR": []}, {"TMPL": [attr(C["A_TMPL_PROTO"], u8(50))]},
        {"INDEX": u32(5)}, {"PACKETS": u64(5)}, {"PFP": u32(1)},
        {"PFP": u32(1 << 5)}, {"NAME": "x" * 256}, {"NAME": b""},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_FAMILY"], u8(10))]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_PLEN"], u8(33))]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_END"], b"\1" * 16)]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_END"], bytes(4))]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_SRC_PLEN"], u8(8)),
                            attr(C["A_SELECTOR_SRC_END"], b"\xff" * 4)]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_PROTO"], u8(17)),
                            attr(C["A_SELECTOR_SPORT_MIN"], u16(9)),
                            attr(C["A_SELECTOR_SPORT_MAX"], u16(8))]},
        {"SELECTOR": sel + [attr(C["A_SELECTOR_PROTO"], u8(1)),
                            attr(C["A_SELECTOR_DPORT_MIN"], u16(9)),
                            attr(C["A_SELECTOR_DPORT_MAX"], u16(9))]})]
    esp = lab.policy_attrs("out", sel)[-1][4:]
    bad += [("POLICY_NEW", pol_msg(ACTION=u8(C["ACTION_PROTECT"]),
                                   TMPL=[esp, attr(C["A_TMPL_ALGO"], name)]))
            for name in ("cbc(des)", "x" * 64, "")]
    bad += [("POLICY_NEW", pol_msg(
        ACTION=u8(C["ACTION_PROTECT"]),
        TMPL=[esp, 9 * attr(C["A_TMPL_ALGO"], "cbc(aes)")]))]
    # what there is not: ESN of IPComp, an outer header in transport mode, one
    # DSCP that is copied; and values that there are not
    plain = [attr(C["A_TMPL_PROTO"], u8(50)), attr(C["A_TMPL_MODE"], u8(0))]
    asks = {name: attr(C["A_TMPL_" + name], u8(1))
            for name in ("ESN", "DF", "DSCP")}
    copy = attr(C["A_TMPL_DSCP_COPY"], b"")
    bad += [("POLICY_NEW", pol_msg(ACTION=u8(C["ACTION_PROTECT"]), TMPL=t))
            for t in ([attr(C["A_TMPL_PROTO"], u8(108)), plain[1], asks["ESN"]],
                      plain + [asks["DF"]], plain + [asks["DSCP"]],
                      plain + [copy], [esp, asks["DSCP"], copy],
                      [esp, attr(C["A_TMPL_ESN"], u8(2))],
                      [esp, attr(C["A_TMPL_DF"], u8(3))],
                      [esp, attr(C["A_TMPL_DSCP"], u8(64))])]
    # more sets and names than there may be, equal ones, none that is the first
    more = [lib.selector("10.7.0.%d" % n, FAR4) for n in range(16)]
    sets = [attr(C["A_POLICY_SELECTOR_MORE"], s) for s in more]
    name = attr(C["A_POLICY_NAME"], "x")
    bad += [("POLICY_NEW", pol_msg(**c) + extra) for c, extra in (
        ({}, sets), ({}, sets[:2] + sets[:1]), ({"SELECTOR": None}, sets[:1]),
        ({"SELECTOR": more[0]}, sets[:1]), ({}, [name] * 9),
        ({}, [attr(C["A_POLICY_SELECTOR_MORE"], [])]))]
    bad += [("POLICY_UPDATE", pol_msg() + sets),
            ("POLICY_DEL", pol_msg()[:1] + sets[:1]),
            ("POLICY_DEL", [attr(C["A_POLICY_INDEX"], u32(1))] + sets[:1])]
    # of two families there is no transport mode between two hosts
    both = [attr(C["A_POLICY_SELECTOR_MORE"], lib.selector(IN6, FAR6))]
    bad += [("POLICY_NEW", pol_msg(
        ACTION=u8(C["ACTION_PROTECT"]), TMPL=plain + [
            attr(C["A_TMPL_SRC"], lib.addr(IN4)),
            attr(C["A_TMPL_DST"], lib.addr(FAR4))]) + both)]
    # a value of a packet that does not show it
    blind = lib.selector(IN4, FAR4, 17, (65535, 0), (65535, 0))
    bad += [("POLICY_NEW", pol_msg(ACTION=u8(C["ACTION_PROTECT"]), TMPL=esp,
                                   SELECTOR=blind, PFP=u32(8))),
            ("POLICY_NEW", pol_msg(ACTION=u8(C["ACTION_PROTECT"]), TMPL=esp,
                                   PFP=u32(8)) +
             [attr(C["A_POLICY_SELECTOR_MORE"], blind)])]
    # types: upside down, half, of a protocol without, with codes of none, and
    # ports of a protocol with types
    bad += [("POLICY_NEW", pol_msg(SELECTOR=s)) for s in (
        lib.selector(IN4, FAR4, 1, types=(0x301, 0x300)),
        lib.selector(IN4, FAR4, 1, types=(0x300, 0x3ff))[:-1],
        lib.selector(IN4, FAR4, 17, types=(0x300, 0x3ff)),
        lib.selector(IN4, FAR4, 0, types=(0x300, 0x3ff)),
        lib.selector(IN4, FAR4, 58, types=(0x300, 0x3ff)),
        lib.selector(IN6, FAR6, 1, types=(0x300, 0x3ff)),
        lib.selector(IN4, FAR4, 135, types=(0x300, 0x3ff)),
        lib.selector(IN6, FAR6, 135, types=(0x300, 0x3fe)),
        lib.selector(IN6, FAR6, 135, types=(0x301, 0x3ff)),
        lib.selector(IN4, FAR4, 1, (0x300, 0x3ff)),
        lib.selector(IN4, FAR4, 1, (1, 2), types=(0x300, 0x3ff)))]
    # lists: too long, any or opaque in them, upside down, of two families, no
    # first one, half of a range, of types where there are none
    many = [(2 * n, 2 * n) for n in range(17)]
    more = C["A_SELECTOR_SPORT_MORE"]
    bad += [("POLICY_NEW", pol_msg(SELECTOR=s)) for s in (
        lib.selector(IN4, FAR4, 17, many),
        lib.selector(IN4, FAR4, 17, None, many),
        lib.selector(IN4, FAR4, 1, types=many),
        lib.selector(",".join("10.%d.0.0" % (2 * n) for n in range(17)), FAR4),
        lib.selector(IN4, ",".join("10.%d.0.0" % n for n in range(17))),
        lib.selector(IN4 + ",0.0.0.0/0", FAR4),
        lib.selector(IN4 + ",fd00::1", FAR4),
        lib.selector(IN4 + ",10.0.0.2-10.0.0.1", FAR4),
        lib.selector(IN4, FAR4, 17, [(1, 2), (0, 65535)]),
        lib.selector(IN4, FAR4, 17, [(1, 2), (65535, 0)]),
        lib.selector(IN4, FAR4, 17, [(1, 2), (4, 3)]),
        lib.selector(IN4, FAR4, 0, [(1, 2), (4, 5)]),
        lib.selector(IN6, FAR6, 135, types=[(0x100, 0x1ff), (0x300, 0x301)]),
        sel + [attr(C["A_SELECTOR_SRC_MORE"], [])],
        lib.selector(IN4, FAR4, 17) + [attr(more, [
            attr(C["A_PORT_RANGE_LOW"], u16(1)),
            attr(C["A_PORT_RANGE_HIGH"], u16(1))])],
        lib.selector(IN4, FAR4, 17, (1, 2)) + [attr(more, [
            attr(C["A_PORT_RANGE_LOW"], u16(1))])],
        lib.selector(IN4, FAR4, 17, (1, 2)) + [attr(more, [])],
        lib.selector(IN4, FAR4, 17) + [attr(C["A_SELECTOR_TYPE_MORE"], [])])]
    bad += [("SA_NEW", sa_msg(SELECTOR=lib.selector(IN4, FAR4, 17, many))),
            ("SA_NEW", sa_msg(SELECTOR=lib.selector(IN4 + ",10.0.0.1", FAR4),
                              MODE=u8(C["MODE_BEET"])))]
    bad += [("SA_DEL", []), ("SA_GET", []), ("POLICY_DEL", []),
            ("POLICY_GET", []), ("SA_ALLOCSPI", []), ("SA_UPDATE", []),
            ("POLICY_UPDATE", []), ("POLICY_FLUSH", [attr(3, u8(7))]),
            ("DEFAULT_SET", [attr(1, u8(2))]), ("DEFAULT_SET", [attr(2, u8(9))]),
            ("DEFAULT_SET", [attr(1, u8(1)), attr(2, u8(2))]),
            ("DEFAULT_SET", [attr(C["A_DEFAULT_WEAK"], u8(2))]),
            ("DEFAULT_SET", [attr(C["A_DEFAULT_ACQUIRE_TIMEOUT"], u32(301))]),
            ("ACQUIRE_GET", []), ("DEFAULT_SET", [])]
    fill()
    before = lab.nl.tables()
    for cmd, msg in bad:
        what = "%s %s" % (cmd, b"".join(msg).hex())
        try:
            lab.nl.do(cmd, *msg)
        except Refused as e:
            equal(len(e.text.split()) >= 2, True, "%s: sentence %r" %
                  (what, e.text))
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
