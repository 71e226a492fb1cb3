# SPDX-License-Identifier: GPL-2.0
"""Every row of the algorithm table against another implementation, implicit
IVs (RFC 8750), and algorithms that are refused.

The topology is that of lib.py. XFRM as the peer is in matrix.sh.
"""
import socket
import struct
import sys

import lib
from lib import (C, FAR4, IN4, OUT4, PEER4, Algo, Refused, attr, equal,
                 ipv4, iv_mask, key_file, nothing, u8, u32, udp_packet, wait_for)

PORT, FAR_PORT = 4000, 5000
M32 = 1 << 32
IIV, ESN = C["SA_FLAG_IIV"], C["SA_FLAG_ESN"]
NAMES = """
    aes128gcm8 aes192gcm12 aes192gcm16 aes256gcm8 aes128ccm8 aes192ccm12
    aes256ccm16 aes128gmac aes192gmac aes256gmac aes192-sha384_192
    aes256-sha512_256 aes128-sha1_96 aes128-aesxcbc_96 aes256-aescmac_96
    aes128ctr-sha256_128 aes192ctr-sha1_96 aes256ctr-sha512_256
    camellia128-sha1_96 camellia192-sha256_128 camellia256-sha384_192
    3des-sha1_96 null-aesxcbc_96 null-aescmac_96 null-sha512_256""".split()
IMPLICIT = """aes128gcm16iiv aes256gcm16iiv aes128gcm8iiv aes128ccm8iiv
    aes256ccm16iiv chacha20poly1305iiv""".split()
lab = lib.Lab()
sock = lab.listen(PORT)
report = lib.Report()


def made(algo):
    """Who asks the crypto API for it by AF_ALG, which need not be there, gets it."""
    parts = [("aead", algo.kernel)] if algo.aead else \
        [("hash", Algo.AUTHS[algo.mac][0])]
    if algo.key and not algo.aead:
        parts.append(("skcipher", algo.kernel))
    try:
        for name in parts:
            with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as s:
                s.bind(name)
    except OSError:
        return False
    return True


def sa(algo, direction, flags=0, **more):
    """Add an SA; one of an algorithm that the kernel lacks is no failure."""
    try:
        return lab.sa(algo, direction, flags=flags | algo.flags(), **more)
    except Refused as e:
        if "this kernel has no" in e.text and not made(algo):
            raise lib.Skip(e.text) from None
        raise


def weak(on):
    lab.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_WEAK"], u8(on)))


def inner(data):
    return udp_packet(FAR4, IN4, FAR_PORT, PORT, data)


def feed(esp, want, deliver=None):
    lab.wire.send(ipv4(PEER4, OUT4, 50, esp))
    lab.counted(want)
    if deliver is None:
        nothing(sock)
    else:
        equal(sock.recv(65536), deliver, "delivered")


def begin(name, direction, flags=0, **more):
    """One SA and its policy; gives the algorithm and the SPI."""
    algo = Algo(name, len(name) + flags)
    lab.reset()
    weak(1)
    spi = sa(algo, direction, flags, **more)
    ends = (FAR4, IN4) if direction == "in" else (IN4, FAR4)
    lab.policy(direction, *ends)
    lab.mark()
    return algo, spi


# Each algorithm, both ways

def opened(name, flags):
    algo, spi = begin(name, "in", flags)
    esn = bool(flags & ESN)
    for seq, size in enumerate((0, 1, 2, 3, 7, 8, 9, 16, 100, 1300), 1):
        data = bytes(i & 255 for i in range(size))
        feed(algo.seal(spi, seq, 4, inner(data), esn=esn), {"in_ok": 1}, data)
    good = algo.seal(spi, 50, 4, inner(b"good"), esn=esn)
    for at in sorted({4, 8, 8 + algo.iv_len, len(good) // 2,
                      len(good) - algo.icv_len, len(good) - 1}):
        bad = bytearray(good)
        bad[at] ^= 1
        feed(bytes(bad), {"in_auth": 1})
    # by one bit of the half of the number that is not on the wire
    if esn:
        feed(algo.seal(spi, 50 + M32, 4, inner(b"high"), esn=True),
             {"in_auth": 1})
    for short in (8 + algo.iv_len + 1 + algo.icv_len, 8 + algo.iv_len, 8):
        feed(good[:short], {"in_truncated": 1})
    feed(good, {"in_ok": 1}, b"good")


def sealed(name, flags):
    algo, spi = begin(name, "out", flags)
    ivs, masks = set(), set()
    for seq, size in enumerate((0, 1, 2, 3, 7, 8, 9, 16, 100, 1300), 1):
        data = bytes((i * 5) & 255 for i in range(size))
        sock.sendto(data, (FAR4, FAR_PORT))
        esp = wait_for(lab.wire.recv, "a packet")[20:]
        got = algo.open(esp, 0 if flags & ESN else None)
        equal(got[:2], (spi, seq), "SPI and sequence number")
        equal(got[3][28:], data, "datagram")
        equal(len(got[4]) < algo.block, True, "no more padding than needed")
        equal((len(esp) - 8 - algo.iv_len - algo.icv_len) % algo.block, 0,
              "alignment")
        if algo.iv_len:
            equal(got[2] in ivs, False, "IV used before")
            ivs.add(got[2])
        if algo.salt and algo.iv_len:
            masks.add(iv_mask(got[2], seq))
        lab.counted({"out_ok": 1})
    equal(len(masks), int(bool(algo.salt and algo.iv_len)), "IVs count")


def first_iv(name, **more):
    """Of another SA with the same key, without its number."""
    lab.reset()
    algo = Algo(name, 77)
    sa(algo, "out", **more)
    lab.policy("out", IN4, FAR4)
    sock.sendto(b"x", (FAR4, FAR_PORT))
    esp = wait_for(lab.wire.recv, "a packet")[20:]
    return iv_mask(algo.open(esp)[2], 1)


def one_key(name):
    """SAs with one key by mistake, or after a boot, have other IVs; not those whose
    numbers somebody keeps.
    """
    equal(len({first_iv(name) for _ in range(4)}), 4, "IVs of four SAs")
    equal(first_iv(name, seq_max=100), 0, "IV of an SA that is kept")
    equal(first_iv(name, seq_max=2**32 - 1), 0, "by somebody else")


# Implicit IV

def iiv_saves_eight_bytes():
    sizes = []
    for name in ("aes128gcm16", "aes128gcm16iiv"):
        begin(name, "out")
        sock.sendto(b"12345678", (FAR4, FAR_PORT))
        sizes.append(len(wait_for(lab.wire.recv, "a packet")))
        lab.counted({"out_ok": 1})
    equal(sizes[0] - sizes[1], 8, "bytes saved")


def iiv_is_not_explicit():
    """A packet with an IV means nothing to an SA without, and vice versa."""
    for ours, theirs in (("aes128gcm16iiv", "aes128gcm16"),
                         ("aes128gcm16", "aes128gcm16iiv")):
        algo, spi = begin(ours, "in")
        other = Algo(theirs, 0)
        other.key, other.salt = algo.key, algo.salt
        feed(other.seal(spi, 1, 4, inner(b"x" * 9)), {"in_auth": 1})
        feed(algo.seal(spi, 1, 4, inner(b"y")), {"in_ok": 1}, b"y")


def iiv_wrap_in(name):
    """From one subspace of 2^32 numbers to the next."""
    algo, spi = begin(name, "in", ESN, replay_window=64, seq_in=M32 - 3)
    for seq, want in ((M32 - 2, "in_ok"), (M32 - 1, "in_ok"), (M32, "in_ok"),
                      (M32 + 1, "in_ok"), (M32 - 1, "in_replay"),
                      (M32 + 100, "in_ok"), (2 * M32 - 5, "in_ok"),
                      (2 * M32 + 5, "in_ok"), (2 * M32, "in_ok")):
        data = b"%d" % seq
        feed(algo.seal(spi, seq, 4, inner(data), esn=True), {want: 1},
             data if want == "in_ok" else None)


def iiv_wrap_out(name):
    algo, spi = begin(name, "out", ESN, seq_out=M32 - 3)
    for seq in range(M32 - 2, M32 + 3):
        sock.sendto(b"w", (FAR4, FAR_PORT))
        esp = wait_for(lab.wire.recv, "packet %d" % seq)[20:]
        got = algo.open(esp, seq >> 32)
        equal(got[:2], (spi, seq & 0xffffffff), "SPI and sequence number")
        equal(got[3][28:], b"w", "datagram")
        lab.counted({"out_ok": 1})


def iiv_ends(name):
    """RFC 8750 section 7: no number twice, so no nonce twice."""
    algo, _ = begin(name, "out", seq_out=M32 - 2)
    sock.sendto(b"e", (FAR4, FAR_PORT))
    got = algo.open(wait_for(lab.wire.recv, "the last packet")[20:])
    equal(got[1], M32 - 1, "sequence number")
    lab.counted({"out_ok": 1})
    try:
        sock.sendto(b"e", (FAR4, FAR_PORT))
    except PermissionError:
        pass
    lab.counted({"out_seq": 1})
    lab.wire.silent()


def iiv_by_word():
    """The command's names ask for it, and it is shown."""
    lab.reset()
    for spi, word in ((0x901, ["aes128gcm16iiv"]), (0x902, ["aes128gcm16"])):
        lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto", "esp", "spi",
                str(spi), "mode", "tunnel", "aead", *word,
                key_file(b"k" * 20), "128")
        shown = lab.cli("sa", "get", "dst", PEER4, "proto", "esp", "spi",
                        str(spi))
        equal("flag iiv" in shown, spi == 0x901, "flag of " + word[0])


# What is refused

def refused(want, func, *args, **kw):
    before = lab.nl.tables()
    try:
        func(*args, **kw)
    except Refused as e:
        for text in want:
            if text not in e.text:
                raise AssertionError("%r lacks %r" % (e.text, text)) from None
    else:
        raise AssertionError("not refused, for " + " ".join(want))
    equal(lab.nl.tables(), before, "tables")


def iiv_refused(name):
    lab.reset()
    weak(1)
    algo = Algo(name, 1)
    refused((algo.kernel, "RFC 8750", "flag iiv"), lab.sa, algo, "out",
            flags=IIV)


def weak_off():
    """3DES waits for the namespace's administrator."""
    lab.reset()
    equal(dict(lab.nl.do("DEFAULT_GET")[0])[C["A_DEFAULT_WEAK"]], u8(0),
          "weak at first")
    algo = Algo("3des-sha1_96", 1)
    says = ("cbc(des3_ede)", "RFC 8221", '"nfipsec default weak on"')
    refused(says, lab.sa, algo, "out")
    # so that people read it too
    status, _, err = lab.cli("sa", "add", "src", OUT4, "dst", PEER4, "proto",
                             "esp", "spi", "0x4321", "mode", "tunnel", "enc",
                             "3des", "-", "auth-trunc", "sha1", "-", "96",
                             stdin="0x%s\n0x%s\n" % ("12" * 24, "34" * 20),
                             ok=None)
    equal((status != 0, says[2] in err), (True, True), "command: " + err)
    lab.cli("default", "weak", "on")
    equal("weak on" in lab.cli("default"), True, "default shows it")
    spi = sa(algo, "out")
    # elsewhere it is still off
    other = lib.Genl(lab.w)
    equal(dict(other.do("DEFAULT_GET")[0])[C["A_DEFAULT_WEAK"]], u8(0),
          "weak in another namespace")
    # what is there stays
    lab.cli("default", "weak", "off")
    lab.cli("sa", "get", "dst", PEER4, "proto", "esp", "spi", str(spi))
    refused(says, lab.sa, algo, "out")
    # and setting an action does not touch it
    lab.cli("default", "weak", "on", "in", "bypass")
    lab.default("out", "bypass")
    equal("weak on" in lab.cli("default"), True, "default shows it")
    weak(0)


class Plain:
    """Attributes as they are given."""

    def __init__(self, enc, auth, bits, key=b"k" * 16, auth_key=b"k" * 32):
        self.list = [attr(C["A_SA_ENC_NAME"], enc),
                     attr(C["A_SA_ENC_KEY"], key),
                     attr(C["A_SA_AUTH_NAME"], auth),
                     attr(C["A_SA_AUTH_KEY"], auth_key),
                     attr(C["A_SA_AUTH_ICV_BITS"], u32(bits))]

    def attrs(self):
        return self.list


def forbidden():
    """RFC 8221 is the reason, and the words are not just unknown."""
    lab.reset()
    for enc, auth, bits, says in (
            ("cbc(des)", "hmac(sha256)", 128, "DES is broken"),
            ("cbc(blowfish)", "hmac(sha256)", 128, "Blowfish must not"),
            ("cbc(aes)", "hmac(md5)", 96, "MD5 is broken"),
            ("cbc(aes)", "digest_null", 0, "without authentication"),
            ("cbc(aes)", "hmac(sha256)", 96, "128 bits; 96 is an old")):
        refused((says, "RFC 8221"), lab.sa, Plain(enc, auth, bits), "out")
    refused(("unknown algorithm",), lab.sa,
            Plain("cbc(twofish)", "hmac(sha256)", 128), "out")
    no_auth = Plain("cbc(aes)", "", 0)
    no_auth.list = no_auth.list[:2]
    refused(("RFC 8221", "auth"), lab.sa, no_auth, "out")


def lacking():
    """What brings an algorithm is said where the kernel does not have it."""
    lab.reset()
    lib.sh("rmmod", "xcbc", ok=None)
    with open("/proc/crypto", encoding="ascii") as f:
        if "xcbc(aes)" in f.read():
            raise lib.Skip("xcbc is built in or in use")
    path = "/proc/sys/kernel/modprobe"
    with open(path, encoding="ascii") as f:
        modprobe = f.read().strip()
    algo = Algo("null-aesxcbc_96", 1)
    try:
        with open(path, "w", encoding="ascii") as f:
            f.write("/bin/false")
        refused(("this kernel has no AES-XCBC", "module xcbc",
                 "CONFIG_CRYPTO_XCBC"), lab.sa, algo, "out")
    finally:
        with open(path, "w", encoding="ascii") as f:
            f.write(modprobe)
    sa(algo, "out")


# What any user has the crypto API make

# To bind is to have it made, and it stays.
BIND = """import socket, sys
s = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
s.bind((sys.argv[1], sys.argv[2]))
"""


def registered():
    """What /proc/crypto has, a dictionary each."""
    with open("/proc/crypto", encoding="ascii") as f:
        text = f.read()
    return [dict((x.strip() for x in line.split(":", 1))
                 for line in part.splitlines() if ":" in line)
            for part in text.split("\n\n") if part.strip()]


def uses(driver):
    return [int(a["refcnt"]) for a in registered() if a["driver"] == driver][0]


def fastest(name):
    """What an SA should use: the internal one if there is any."""
    def best(algs):
        return max(algs, key=lambda a: int(a["priority"]), default=None)
    algs = registered()
    found = best(a for a in algs if a["name"] == "__" + name and
                 a["internal"] == "yes" and a["async"] == "no") or best(
        a for a in algs if a["name"] == name and a["async"] == "no")
    return found["driver"]


def wrapped(word, name):
    """One who has no rights cannot have later SAs use something slower."""
    begin(word, "out")
    want = fastest(name)
    held = uses(want)
    lab.reset()
    wait_for(lambda: uses(want) < held, "the SA to let go of " + want)
    first = max((a for a in registered() if a["name"] == name),
                key=lambda a: int(a["priority"]))
    evil = "pcrypt(%s)" % first["driver"]
    try:
        status, _, err = lib.sh(*lib.NOBODY, "python3", "-c", BIND, "aead", evil,
                                ok=None)
        # Linux 7.2 makes it, and then says that there is one
        if status and evil not in [a["driver"] for a in registered()]:
            raise lib.Skip("cannot bind %s: %s" % (evil,
                                                   err.strip().split("\n")[-1]))
        equal([a["async"] for a in registered() if a["driver"] == evil and
               int(a["priority"]) > int(first["priority"])], ["yes"],
              "it is there, and first")
        before = uses(want)
        begin(word, "out")
        equal(uses(want) > before, True, want + " is used")
        lab.reset()
    finally:
        # what other tests use is not to have it
        lib.sh("rmmod", "pcrypt", ok=None)


report.add("an algorithm that the kernel lacks", lacking)
report.add("weak algorithms are off until they are allowed", weak_off)
for i, alg in enumerate(NAMES + IMPLICIT):
    e = ESN if i % 2 else 0
    report.add("opened: %s%s" % (alg, " esn" if e else ""), opened, alg, e)
    report.add("sealed: %s%s" % (alg, "" if e else " esn"), sealed, alg,
               e ^ ESN)
for alg in ("aes128gcm16", "aes256ccm16", "aes128ctr-sha256_128", "aes256gmac",
            "chacha20poly1305"):
    report.add("one key in several SAs: " + alg, one_key, alg)
report.add("implicit IV: eight bytes less", iiv_saves_eight_bytes)
report.add("implicit IV: not mixed up with an explicit one",
           iiv_is_not_explicit)
for alg in ("aes128gcm16iiv", "aes128ccm8iiv", "chacha20poly1305iiv"):
    report.add("implicit IV: ESN wrap in, " + alg, iiv_wrap_in, alg)
    report.add("implicit IV: ESN wrap out, " + alg, iiv_wrap_out, alg)
    report.add("implicit IV: numbers end, " + alg, iiv_ends, alg)
report.add("implicit IV: by the command's names", iiv_by_word)
for alg in ("aes128gmac", "aes128-sha256_128", "aes128ctr-sha256_128",
            "null-sha256_128", "3des-sha1_96"):
    report.add("implicit IV: refused of " + alg, iiv_refused, alg)
report.add("what RFC 8221 forbids", forbidden)
for alg, crypto in (("aes128gcm16", "rfc4106(gcm(aes))"),
                    ("aes128gmac", "gcm(aes)"),
                    ("aes128ccm8", "rfc4309(ccm(aes))"),
                    ("chacha20poly1305", "rfc7539esp(chacha20,poly1305)")):
    report.add("any user puts pcrypt around it: " + alg, wrapped, alg, crypto)
sys.exit(report.run())
