# SPDX-License-Identifier: GPL-2.0
"""Common parts of the tests that make their packets themselves.

A host is a network namespace; sockets are opened in it from one process. The
wire of a host ends in a second namespace without addresses, where every frame
is seen and any frame can be sent.

    host n                                    host w
   +----------------------+                  +----------------+
   | lo 192.168.1.1       |                  | no address:    |
   |    fd00:1::1         |                  | frames made    |
   |                   vn |==================| vw  by hand    |
   |  10.0.0.1  fd00::1   |                  |                |
   +----------------------+                  +----------------+
   "behind" w: 10.0.0.2 fd00::2, 192.168.2.0/24 fd00:2::/64
"""
import atexit
import ctypes
import hashlib
import hmac
import importlib
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
SLOW = float(os.environ.get("NFIPSEC_TEST_SLOW", "1"))
SCALE = float(os.environ.get("NFIPSEC_TEST_SCALE", "100"))
MAC_N = bytes.fromhex("020000000001")
MAC_W = bytes.fromhex("020000000002")
OUT4, PEER4 = "10.0.0.1", "10.0.0.2"
OUT6, PEER6 = "fd00::1", "fd00::2"
IN4, FAR4 = "192.168.1.1", "192.168.2.1"
IN6, FAR6 = "fd00:1::1", "fd00:2::1"
# Not empty: only print the names of the tests, without root and module.
LIST = os.environ.get("NFIPSEC_TEST_LIST")
TMP = os.environ.get("NFIPSEC_TEST_TMP") or (not LIST and tempfile.mkdtemp())


# Report

class Skip(Exception):
    """This test cannot run here."""


class Report:
    """KTAP on stdout; each test is a function that raises to fail."""

    def __init__(self):
        self.tests = []

    def add(self, name, func, *args):
        self.tests.append((name, func, args))

    def run(self):
        if LIST:
            print("\n".join(t[0] for t in self.tests))
            return 0
        only = os.environ.get("NFIPSEC_TEST_ONLY")
        if only:
            self.tests = [t for t in self.tests if re.search(only, t[0])]
        print("KTAP version 1\n1..%d" % len(self.tests), flush=True)
        count = {"pass": 0, "fail": 0, "skip": 0}
        for num, (name, func, args) in enumerate(self.tests, 1):
            try:
                func(*args)
                res, line = "pass", "ok %d %s" % (num, name)
            except Skip as e:
                res, line = "skip", "ok %d %s # SKIP %s" % (num, name, e)
            except Exception:    # pylint: disable=broad-except
                for text in traceback.format_exc().splitlines()[-8:]:
                    print("# " + text)
                res, line = "fail", "not ok %d %s" % (num, name)
            count[res] += 1
            print(line, flush=True)
        print("# Totals: pass:%(pass)d fail:%(fail)d skip:%(skip)d" % count)
        if count["fail"]:
            return 1
        return 0 if count["pass"] else 4


def equal(got, want, what=""):
    if got != want:
        raise AssertionError("%s: got %r, expected %r" % (what, got, want))


def wait_for(cond, what, seconds=5):
    """Until it is true; seconds that it may take where nothing else runs."""
    end = time.monotonic() + seconds * 4 * SLOW
    while True:
        val = cond()
        if val:
            return val
        if time.monotonic() > end:
            raise AssertionError("in vain waited for " + what)
        time.sleep(0.002)


def paced(receive, begun, interval, row=3):
    """What comes once in so many seconds, from a time on when there was none.

    A machine may be late, but not always: it is waited for that many in a row
    in time. It is never early.
    """
    times = []

    def in_time():
        receive()
        times.append(time.monotonic())
        return len(times) > row and \
            times[-1] - times[-1 - row] < 1.5 * row * interval

    wait_for(in_time, "what comes each %g s" % interval, 30)
    took = times[-1] - begun
    # half of one for how exact clocks are
    equal(took > (len(times) - 1.5) * interval, True,
          "%d came in %.3f s, one each %g s" % (len(times), took, interval))


class Threads:
    """Run until the with statement is left; what one raises comes out there."""

    def __init__(self, *functions):
        self.over = threading.Event()
        self.error = None
        self.threads = [threading.Thread(target=self.loop, args=(f,))
                        for f in functions]

    def loop(self, function):
        try:
            while not self.over.is_set():
                function()
        except Exception as e:      # pylint: disable=broad-except
            self.error = e
            self.over.set()

    def run(self, seconds, enough):
        """For so long, and until there is enough."""
        end = time.monotonic() + seconds * (2 if SLOW > 1 else 1)
        while not self.over.wait(0.01):
            if time.monotonic() > end and enough():
                return

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *what):
        self.over.set()
        for t in self.threads:
            t.join()
        if self.error:
            raise self.error


# Namespaces

# Not if the host was booted with ipv6.disable=1.
IPV6 = os.path.exists("/proc/sys/net/ipv6")
LIBC = ctypes.CDLL(None, use_errno=True)


def sh(*cmd, stdin=None, ok=True):
    """Run a command; ok=None gives (status, stdout, stderr)."""
    p = subprocess.run(cmd, input=stdin, text=True, capture_output=True,
                       check=False)
    if ok is None:
        return p.returncode, p.stdout, p.stderr
    if ok != (p.returncode == 0):
        raise AssertionError("%s: status %d: %s%s" % (
            " ".join(cmd), p.returncode, p.stdout, p.stderr))
    return p.stdout


def reload(lab):
    """The module goes, with all it knows, and comes again."""
    sh("rmmod", "nfipsec")
    insert(lab)


def insert(lab):
    """It comes, after it was gone."""
    ko = os.environ.get("NFIPSEC_KO")
    sh(*(("insmod", ko) if ko else ("modprobe", "nfipsec")))
    Genl.family = None
    lab.nl = Genl(lab.n)


# Whoever has no rights here.
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def public_cli():
    """The command at a place that nobody can reach, wherever this tree is."""
    where = tempfile.mkdtemp(dir="/tmp")
    atexit.register(shutil.rmtree, where)
    os.chmod(where, 0o755)
    path = shutil.copy(shutil.which("nfipsec"), where)
    os.chmod(path, 0o755)
    equal("sa" in sh(*NOBODY, path, "help"), True, "nobody can run it")
    return path


class Host:
    """A network namespace."""
    made = []

    def __init__(self, name):
        self.ns = "nft%d-%s" % (os.getpid(), name)
        self.path = "/run/netns/" + self.ns
        sh("ip", "netns", "add", self.ns)
        Host.made.append(self)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        self.exec("sh", "-c", "cd /proc/sys/net; for f in all default; do "
                  "for s in accept_dad router_solicitations accept_ra; do "
                  "[ ! -d ipv6 ] || echo 0 >ipv6/conf/$f/$s; done; "
                  "echo 0 >ipv4/conf/$f/rp_filter; done; ip link set lo up")

    def socket(self, *args):
        if LIBC.setns(self.fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns " + self.ns)
        return socket.socket(*args)

    def exec(self, *cmd, **kw):
        return sh("nsenter", "--net=" + self.path, "--", *cmd, **kw)

    def ip(self, lines):
        return sh("ip", "-n", self.ns, "-batch", "-", stdin=lines)

    def close(self):
        os.close(self.fd)
        sh("ip", "netns", "del", self.ns, ok=None)


@atexit.register
def cleanup():
    for host in Host.made:
        host.close()
    Host.made.clear()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def make_wire():
    """The topology above: (n, w)."""
    n, w = Host("n"), Host("w")
    if IPV6:
        w.exec("sh", "-c",
               "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
    sh("ip", "link", "add", "vn", "netns", n.ns, "address", "02:00:00:00:00:01",
       "type", "veth", "peer", "name", "vw", "netns", w.ns,
       "address", "02:00:00:00:00:02")
    w.ip("link set vw up")
    lines = [
        "link set vn up",
        "addr add 10.0.0.1/24 dev vn", "addr add fd00::1/64 dev vn nodad",
        "addr add 192.168.1.1/32 dev lo", "addr add fd00:1::1/128 dev lo nodad",
        "neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev vn nud permanent",
        "neigh add fd00::2 lladdr 02:00:00:00:00:02 dev vn nud permanent",
        "route add default via 10.0.0.2 dev vn",
        "route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1",
        "route add fd00:2::/64 via fd00::2 src fd00:1::1"]
    n.ip("\n".join(x for x in lines if IPV6 or "fd00" not in x))
    # nor does n say, in the middle of another test, that what has come of a
    # packet has waited for the rest of it for too long
    n.exec("sh", "-c", "cd /proc/sys/net; for f in ipv4/ipfrag_time "
           "ipv6/ip6frag_time netfilter/nf_conntrack_frag6_timeout; do "
           "[ ! -e $f ] || echo 3600 >$f; done")
    return n, w


class Wire:
    """The end of the wire in w."""

    def __init__(self, host, dev="vw", only_clear=False):
        self.sock = host.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        if only_clear:
            self.sock.setsockopt(socket.SOL_SOCKET, 26, self.no_esp())
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # RCVBUFFORCE
        self.sock.bind((dev, 3))
        self.sock.setblocking(False)

    @staticmethod
    def no_esp():
        """Socket filter for IPv4 other than ESP."""
        code = [(0x28, 0, 0, 12), (0x15, 0, 3, 0x0800), (0x30, 0, 0, 23),
                (0x15, 1, 0, 50), (0x06, 0, 0, 0xffff), (0x06, 0, 0, 0)]
        prog = b"".join(struct.pack("=HBBI", *c) for c in code)
        Wire.keep = ctypes.create_string_buffer(prog)
        return struct.pack("HxxxxxxP", len(code), ctypes.addressof(Wire.keep))

    def send(self, packet):
        """Send an IP packet to n."""
        kind = 0x86dd if packet[0] >> 4 == 6 else 0x0800
        self.sock.send(MAC_N + MAC_W + struct.pack("!H", kind) + packet)

    def recv(self, seconds=5, want=None):
        """Next IP packet from n, less ARP, ND but for redirects, and the like; None
        if none."""
        end = time.monotonic() + seconds * (SLOW if seconds else 0)
        while True:
            left = max(0, end - time.monotonic())
            if not select.select([self.sock], [], [], left)[0]:
                return None
            frame, addr = self.sock.recvfrom(65536)
            if addr[2] == 4:    # PACKET_OUTGOING
                continue
            p = frame[14:]
            if frame[12:14] == b"\x08\x00":
                p = p[:struct.unpack_from("!H", p, 2)[0]]
            elif frame[12:14] == b"\x86\xdd":
                if p[40 if p[6] == 0 else 6] == 58 and (p[6] == 0 or (
                        p[40] >= 133 and p[40] != 137)):
                    continue
                p = p[:40 + struct.unpack_from("!H", p, 4)[0]]
            else:
                continue
            if want is None or want(p):
                return p

    def drain(self):
        while self.recv(0) is not None:
            pass

    def silent(self):
        """Nothing was sent; call it once a counter says that it is over."""
        p = self.recv(0)
        if p is not None:
            raise AssertionError("on the wire: " + p.hex())


# Generic netlink

def enums():
    """Constants of the uapi header."""
    with open(os.path.join(HERE, "../uapi/linux/nfipsec.h"),
              encoding="ascii") as f:
        text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
    out = {}
    for body in re.findall(r"enum[^{;]*\{(.*?)\}", text, re.S):
        val = -1
        for entry in body.split(","):
            m = re.match(r"\s*(\w+)\s*(?:=\s*(\d+))?\s*$", entry)
            if m:
                val = int(m[2]) if m[2] else val + 1
                out[m[1].replace("NFIPSEC_", "", 1)] = val
    return out


C = enums()
NLM_REQUEST, NLM_ACK, NLM_DUMP = 1, 4, 0x300
NLA_NESTED = 0x8000


def attr(kind, data):
    if isinstance(data, str):
        data = data.encode() + b"\0"
    if isinstance(data, list):
        kind |= NLA_NESTED
        data = b"".join(data)
    pad = -len(data) % 4
    return struct.pack("=HH", len(data) + 4, kind) + data + b"\0" * pad


def u8(x):
    return struct.pack("=B", x)


def u16(x):
    return struct.pack("=H", x)


def u32(x):
    return struct.pack("=I", x)


def u64(x):
    return struct.pack("=Q", x)


def attrs(data):
    """List of (type, bytes)."""
    out, off = [], 0
    while off + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, off)
        if length < 4:
            break
        out.append((kind & 0x3fff, data[off + 4:off + length]))
        off += (length + 3) & ~3
    return out


class Refused(Exception):
    """A netlink error: code, text, offset of the attribute at fault, cookie."""

    def __init__(self, code, text, offset=None, cookie=None):
        super().__init__("%s: %s" % (os.strerror(code), text))
        self.code, self.text, self.offset = code, text, offset
        self.cookie = cookie


class Genl:
    """The nfipsec family, from within a host."""
    family = None

    def __init__(self, host):
        self.sock = host.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.bind((0, 0))
        self.sock.setsockopt(270, 10, 0)    # NETLINK_CAP_ACK off
        self.sock.setsockopt(270, 11, 1)    # NETLINK_EXT_ACK
        self.sock.settimeout(10 * SLOW)
        self.seq = 0
        if Genl.family is None:
            answer = self.talk(16, 3, attr(2, "nfipsec"))[0]
            Genl.family = struct.unpack("=H", dict(answer)[1])[0]

    def join(self, group="events"):
        """Be told what the members of a group are; gives the socket."""
        family = dict(self.talk(16, 3, attr(2, "nfipsec"))[0])
        groups = [dict(attrs(val)) for _, val in attrs(family[7])]
        number = [g[2] for g in groups if g[1] == group.encode() + b"\0"][0]
        self.sock.setsockopt(270, 1, struct.unpack("=i", number)[0])
        return self.sock

    def raw(self, data):
        """Send bytes as they are; give all that is answered until an ack."""
        self.sock.send(data)

    def talk(self, kind, cmd, payload=b"", flags=NLM_REQUEST | NLM_ACK,
             version=1):
        self.seq += 1
        body = struct.pack("=BBH", cmd, version, 0) + payload
        self.sock.send(struct.pack("=IHHII", len(body) + 16, kind, flags,
                                   self.seq, 0) + body)
        return self.answers()

    def answers(self):
        out = []
        while True:
            data = self.sock.recv(1 << 18)
            while len(data) >= 16:
                length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data)
                msg, data = data[:length], data[(length + 3) & ~3:]
                if seq != self.seq:
                    continue
                if kind == 3:
                    return out
                if kind == 2:
                    self.error(msg, flags)
                    return out
                out.append(attrs(msg[20:]))

    @staticmethod
    def error(msg, flags):
        code = -struct.unpack_from("=i", msg, 16)[0]
        if not code:
            return
        text, offset, cookie = "", None, None
        if flags & 0x200:
            off = 20 + 16
            if not flags & 0x100:
                off = 20 + struct.unpack_from("=I", msg, 20)[0]
            for kind, val in attrs(msg[off:]):
                if kind == 1:
                    text = val.rstrip(b"\0").decode(errors="replace")
                if kind == 2:
                    offset = struct.unpack("=I", val)[0]
                if kind == 3:
                    cookie = val
        raise Refused(code, text, offset, cookie)

    def do(self, cmd, *payload):
        return self.talk(Genl.family, C["CMD_" + cmd], b"".join(payload))

    def dump(self, cmd):
        return self.talk(Genl.family, C["CMD_" + cmd], b"",
                         NLM_REQUEST | NLM_DUMP)

    def stats(self):
        out = {}
        for msg in self.do("STATS_GET"):
            for kind, val in msg:
                if kind == C["A_STATS_COUNTER"]:
                    c = dict(attrs(val))
                    name = c[C["A_COUNTER_NAME"]].rstrip(b"\0").decode()
                    out[name] = struct.unpack(
                        "=Q", c[C["A_COUNTER_VALUE"]])[0]
        return out

    def flow_cache(self):
        """Its hits and misses."""
        got = dict(self.do("STATS_GET")[0])
        return tuple(struct.unpack("=Q", got[C["A_STATS_FLOW_CACHE_" + what]])[0]
                     for what in ("HITS", "MISSES"))

    def tables(self):
        """SAs, policies and defaults as bytes, to compare."""
        return (self.dump("SA_GET"), self.dump("POLICY_GET"),
                self.do("DEFAULT_GET"))


def grown(old, new):
    """Counters that changed, by how much."""
    return {k: v - old.get(k, 0) for k, v in new.items() if v != old.get(k, 0)}


# IP

def addr(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET,
                            text)


def csum(data, init=0):
    if len(data) & 1:
        data += b"\0"
    total = init + sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ipv4(src, dst, proto, payload, tos=0, frag=0, ttl=64, ident=1, options=b"",
         length=None):
    ihl = 5 + len(options) // 4
    if length is None:
        length = ihl * 4 + len(payload)
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | ihl, tos, length, ident, frag,
                       ttl, proto, 0, addr(src), addr(dst)) + options
    return head[:10] + struct.pack("!H", csum(head)) + head[12:] + payload


def fragments(packet, size=1480):
    """Of a packet of IPv4 without options that is none, with so much of it each."""
    src, dst = (socket.inet_ntoa(packet[n:n + 4]) for n in (12, 16))
    body = packet[20:]
    ident, = struct.unpack("!H", packet[4:6])
    for off in range(0, len(body), size):
        more = 0x2000 if off + size < len(body) else 0
        yield ipv4(src, dst, packet[9], body[off:off + size], ident=ident,
                   frag=more | off // 8)


def ipv6(src, dst, proto, payload, tclass=0, hlim=64, length=None):
    if length is None:
        length = len(payload)
    return struct.pack("!IHBB16s16s", 6 << 28 | tclass << 20, length, proto,
                       hlim, addr(src), addr(dst)) + payload


def ip(src, dst, proto, payload, tos=0, **kw):
    if ":" in src:
        return ipv6(src, dst, proto, payload, tclass=tos, **kw)
    return ipv4(src, dst, proto, payload, tos=tos, **kw)


def udp(src, dst, sport, dport, data):
    length = 8 + len(data)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    pseudo = addr(src) + addr(dst) + struct.pack("!II", length, 17)
    total = csum(pseudo + head + data) or 0xffff
    return head[:6] + struct.pack("!H", total) + data


def udp_packet(src, dst, sport, dport, data, **kw):
    return ip(src, dst, 17, udp(src, dst, sport, dport, data), **kw)


# ESP, independently of the kernel

def primitives(name):
    """A module of python3-cryptography."""
    try:
        return importlib.import_module(
            "cryptography.hazmat.primitives." + name)
    except ImportError:
        raise Skip("python3-cryptography is not installed") from None


def old_cipher(name):
    """One of those that newer versions keep elsewhere."""
    try:
        mod = importlib.import_module(
            "cryptography.hazmat.decrepit.ciphers.algorithms")
        return getattr(mod, name)
    except (ImportError, AttributeError):
        return getattr(primitives("ciphers.algorithms"), name)


class Algo:
    """An algorithm with its keys: seal and open one ESP packet.

    NAME is an AEAD, with "iiv" at its end for an implicit IV, or
    CIPHER-AUTH_ICVBITS.
    """
    NAMES = ("aes128gcm16", "aes256gcm16", "chacha20poly1305",
             "aes128-sha256_128", "aes256-sha256_128", "null-sha256_128")
    # what begins with: the kernel's name, salt, IV, block
    CIPHERS = (
        (r"aes\d+gcm", "rfc4106(gcm(aes))", 4, 8, 4),
        (r"aes\d+ccm", "rfc4309(ccm(aes))", 3, 8, 4),
        (r"aes\d+gmac", "rfc4543(gcm(aes))", 4, 8, 4),
        (r"chacha20poly1305", "rfc7539esp(chacha20,poly1305)", 4, 8, 4),
        (r"aes\d+ctr", "rfc3686(ctr(aes))", 4, 8, 4),
        (r"aes\d+", "cbc(aes)", 0, 16, 16),
        (r"camellia\d+", "cbc(camellia)", 0, 16, 16),
        (r"3des", "cbc(des3_ede)", 0, 8, 8),
        (r"null", "ecb(cipher_null)", 0, 0, 4))
    AUTHS = {"sha1": ("hmac(sha1)", 20), "sha256": ("hmac(sha256)", 32),
             "sha384": ("hmac(sha384)", 48), "sha512": ("hmac(sha512)", 64),
             "aesxcbc": ("xcbc(aes)", 16), "aescmac": ("cmac(aes)", 16)}

    def __init__(self, name, seed):
        self.name = name
        cipher, _, auth = name.partition("-")
        self.aead = not auth
        self.iiv = cipher.endswith("iiv")
        for start, self.kernel, salt, self.iv_len, self.block in self.CIPHERS:
            if re.match(start, cipher):
                break
        bits = re.search(r"128|192|256", cipher)
        size = int(bits[0]) // 8 if bits else {"3des": 24, "null": 0}.get(
            cipher, 32)
        self.key = self.material(seed, size)
        self.salt = self.material(seed + 1, salt)
        self.auth, self.icv_len = b"", 16
        if auth:
            self.mac, _, icv = auth.partition("_")
            self.icv_len = int(icv) // 8
            self.auth = self.material(seed + 2, self.AUTHS[self.mac][1])
        elif re.match(r"aes\d+.cm", cipher):
            self.icv_len = int(re.search(r"cm(\d+)", cipher)[1])
        if self.iiv:
            self.iv_len = 0
        if self.aead or size:
            self.lib = primitives("ciphers")

    @staticmethod
    def material(seed, size):
        return hashlib.sha512(b"nfipsec selftest %d" % seed).digest()[:size]

    def attrs(self):
        """For sa-new."""
        if self.aead:
            out = [attr(C["A_SA_AEAD_NAME"], self.kernel),
                   attr(C["A_SA_AEAD_KEY"], self.key + self.salt),
                   attr(C["A_SA_AEAD_ICV_BITS"], u32(8 * self.icv_len))]
            return out
        out = [attr(C["A_SA_AUTH_NAME"], self.AUTHS[self.mac][0]),
               attr(C["A_SA_AUTH_KEY"], self.auth),
               attr(C["A_SA_AUTH_ICV_BITS"], u32(8 * self.icv_len)),
               attr(C["A_SA_ENC_NAME"], self.kernel)]
        if self.key:
            out.append(attr(C["A_SA_ENC_KEY"], self.key + self.salt))
        return out

    def flags(self):
        """What the SA needs among its flags."""
        return C["SA_FLAG_IIV"] if self.iiv else 0

    def _gcm(self, nonce, aad, text, tag=None):
        """AES-GCM; with a tag, opens."""
        modes = primitives("ciphers.modes")
        c = self.lib.Cipher(primitives("ciphers.algorithms").AES(self.key),
                            modes.GCM(nonce, tag, 8))
        c = c.encryptor() if tag is None else c.decryptor()
        c.authenticate_additional_data(aad)
        out = c.update(text) + c.finalize()
        return out + c.tag[:self.icv_len] if tag is None else out

    def combined(self, nonce, aad, iv, text, seal):
        """Text to ciphertext and ICV, or back."""
        tag = None if seal else text[-self.icv_len:]
        if "gcm" in self.name:
            return self._gcm(nonce, aad, text if seal else
                             text[:-self.icv_len], tag)
        if "gmac" in self.name:
            clear = text if seal else text[:-self.icv_len]
            return clear + self._gcm(nonce, aad + iv + clear, b"", tag)
        aead = primitives("ciphers.aead")
        if "ccm" in self.name:
            c = aead.AESCCM(self.key, self.icv_len)
        else:
            c = aead.ChaCha20Poly1305(self.key)
        return (c.encrypt if seal else c.decrypt)(nonce, text, aad)

    def cipher(self, iv, text, seal):
        """The same of a cipher that is no AEAD."""
        if not self.key:
            return text
        modes = primitives("ciphers.modes")
        alg = primitives("ciphers.algorithms").AES
        if self.name.startswith("camellia"):
            alg = old_cipher("Camellia")
        elif self.name.startswith("3des"):
            alg = old_cipher("TripleDES")
        mode = modes.CBC(iv)
        if "ctr" in self.name:
            mode = modes.CTR(self.salt + iv + b"\0\0\0\1")
        c = self.lib.Cipher(alg(self.key), mode)
        c = c.encryptor() if seal else c.decryptor()
        return c.update(text) + c.finalize()

    def _xcbc(self, data):
        """RFC 3566 section 4."""
        modes = primitives("ciphers.modes")
        aes = primitives("ciphers.algorithms").AES
        lib = primitives("ciphers")

        def block(key, text):
            return lib.Cipher(aes(key), modes.ECB()).encryptor().update(text)

        k1, k2, k3 = (block(self.auth, bytes([i]) * 16) for i in (1, 2, 3))
        parts = [data[i:i + 16] for i in range(0, len(data), 16)] or [b""]
        last, other = parts.pop(), k2
        if len(last) < 16:
            last, other = last + b"\x80" + bytes(15 - len(last)), k3
        state = bytes(16)
        for part in parts:
            state = block(k1, bytes(x ^ y for x, y in zip(state, part)))
        return block(k1, bytes(x ^ y ^ z
                               for x, y, z in zip(state, last, other)))

    def icv(self, data, hi=None):
        if hi is not None:
            data += struct.pack("!I", hi)
        if self.mac == "aesxcbc":
            mac = self._xcbc(data)
        elif self.mac == "aescmac":
            c = primitives("cmac").CMAC(
                primitives("ciphers.algorithms").AES(self.auth))
            c.update(data)
            mac = c.finalize()
        else:
            mac = hmac.new(self.auth, data, self.mac).digest()
        return mac[:self.icv_len]

    def _nonce(self, iv, seq, hi):
        """RFC 8750 section 4, where it is not in the packet."""
        if self.iiv:
            iv = struct.pack("!II", hi or 0, seq & 0xffffffff)
        return self.salt + iv

    def seal(self, spi, seq, proto, payload, esn=False, pad=None, padlen=None,
             iv=None):
        """ESP header to ICV. pad: bytes of padding, padlen: what it says."""
        hi = seq >> 32 if esn else None
        if pad is None:
            pad = bytes(range(1, 1 + -(len(payload) + 2) % self.block))
        if padlen is None:
            padlen = len(pad)
        plain = payload + pad + bytes([padlen, proto])
        head = struct.pack("!II", spi, seq & 0xffffffff)
        if iv is None:
            iv = hashlib.sha256(head).digest()[:self.iv_len]
        if self.aead:
            aad = head if hi is None else struct.pack("!II", spi, hi) + head[4:]
            return head + iv + self.combined(self._nonce(iv, seq, hi), aad, iv,
                                          plain, True)
        data = head + iv + self.cipher(iv, plain, True)
        return data + self.icv(data, hi)

    def open(self, esp, esn_hi=None):
        """(spi, seq, iv, payload, pad, next header); raises if it is wrong."""
        spi, seq = struct.unpack_from("!II", esp)
        iv = esp[8:8 + self.iv_len]
        body = esp[8 + self.iv_len:]
        if self.aead:
            aad = esp[:8]
            if esn_hi is not None:
                aad = struct.pack("!III", spi, esn_hi, seq)
            plain = self.combined(self._nonce(iv, seq, esn_hi), aad, iv, body,
                               False)
        else:
            n = self.icv_len
            if self.icv(esp[:-n], esn_hi) != esp[-n:]:
                raise AssertionError("ICV is wrong")
            plain = self.cipher(iv, body[:-n], False)
        pad = plain[-2]
        if pad + 2 > len(plain):
            raise AssertionError("pad length %d of %d" % (pad, len(plain)))
        return (spi, seq, iv, plain[:len(plain) - 2 - pad],
                plain[len(plain) - 2 - pad:-2], plain[-1])


def iv_mask(iv, seq):
    """What a number was combined with to be the IV of a cipher that counts."""
    return int.from_bytes(iv, "big") ^ seq


def key_file(key):
    """The key as a word of the command line."""
    if LIST:
        return "@"
    fd, path = tempfile.mkstemp(dir=TMP, prefix="key.")
    os.write(fd, b"0x" + key.hex().encode() + b"\n")
    os.close(fd)
    return "@" + path


def addr_range(prefix, text):
    """A, A/N or A-A as attributes prefix, prefix_PLEN, prefix_END."""
    lo, dash, hi = text.partition("-")
    lo, slash, plen = lo.partition("/")
    out = [attr(C[prefix[0]], addr(lo))]
    if slash:
        out.append(attr(C[prefix[1]], u8(int(plen))))
    if dash:
        out.append(attr(C[prefix[2]], addr(hi)))
    return out


def side(name, text):
    """Ranges of addresses, with commas between them."""
    first, *more = text.split(",")
    out = addr_range(["A_SELECTOR_" + name + end
                      for end in ("", "_PLEN", "_END")], first)
    return out + [
        attr(C["A_SELECTOR_%s_MORE" % name], addr_range(
            ["A_ADDR_RANGE_" + end for end in ("ADDR", "PLEN", "END")], r))
        for r in more]


def selector(src, dst, proto=0, sport=None, dport=None, types=None):
    out = side("SRC", src) + side("DST", dst)
    if proto:
        out.append(attr(C["A_SELECTOR_PROTO"], u8(proto)))
    for name, ports in (("SPORT", sport), ("DPORT", dport), ("TYPE", types)):
        if ports:
            first, *more = ports if isinstance(ports, list) else [ports]
            out += [attr(C["A_SELECTOR_%s_MIN" % name], u16(first[0])),
                    attr(C["A_SELECTOR_%s_MAX" % name], u16(first[1]))]
            out += [attr(C["A_SELECTOR_%s_MORE" % name],
                         [attr(C["A_PORT_RANGE_LOW"], u16(low)),
                          attr(C["A_PORT_RANGE_HIGH"], u16(high))])
                    for low, high in more]
    return out


class Lab:
    """Host n with nfipsec, and its wire."""

    def __init__(self):
        self.n, self.w = make_wire()
        self.wire = Wire(self.w)
        self.nl = Genl(self.n)
        self.spi = 0x1000
        self.base = {}

    def cli(self, *words, **kw):
        return self.n.exec("nfipsec", *words, **kw)

    def forward(self):
        """Have n forward, without redirects and with no limit to its ICMP errors;
        fd00:8::/64 is behind w then too.
        """
        self.n.exec("sh", "-c", "cd /proc/sys/net; "
                    "echo 1 >ipv4/ip_forward; "
                    "echo 1 >ipv6/conf/all/forwarding; for d in all vn; do "
                    "echo 0 >ipv4/conf/$d/send_redirects; done; "
                    "echo 0 >ipv4/icmp_ratelimit; "
                    "echo 0 >ipv6/icmp/ratelimit; echo >ipv6/icmp/ratemask")
        self.n.ip("route add fd00:8::/64 via fd00::2")

    def reset(self):
        """No SA, no policy, defaults bypass, and count from here."""
        self.nl.do("POLICY_FLUSH")
        self.nl.do("SA_FLUSH")
        self.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_IN"], u8(0)),
                   attr(C["A_DEFAULT_OUT"], u8(0)))
        self.wire.drain()
        self.mark()

    def mark(self):
        self.base = self.nl.stats()

    def counted(self, want, what=""):
        """Exactly these counters grew since mark(), which moves on."""
        now = {}

        def there():
            now.update(self.nl.stats())
            got = grown(self.base, now)
            return all(got.get(k, 0) >= n for k, n in want.items())

        try:
            wait_for(there, what)
        except AssertionError:
            pass            # what there is instead is told below
        got = grown(self.base, now)
        self.base = dict(now)
        equal(got, want, what or "counters")

    def sa(self, algo, direction, mode="tunnel", six=False, spi=None,
           reqid=1, sel=None, proto=50, extra=(), peer=None, **more):
        """Add an SA between OUT and PEER; gives its SPI.

        extra: attributes; peer: instead of PEER; more: flags, replay_window,
        seq_in, seq_out
        """
        if spi is None:
            self.spi += 1
            spi = self.spi
        ends = (OUT6, peer or PEER6) if six else (OUT4, peer or PEER4)
        src, dst = ends if direction == "out" else ends[::-1]
        msg = [attr(C["A_SA_SRC"], addr(src)), attr(C["A_SA_DST"], addr(dst)),
               attr(C["A_SA_PROTO"], u8(proto)),
               attr(C["A_SA_SPI"], struct.pack("!I", spi)),
               attr(C["A_SA_MODE"], u8(C["MODE_" + mode.upper()])),
               attr(C["A_SA_DIR"], u8(C["DIR_" + direction.upper()])),
               attr(C["A_SA_REQID"], u32(reqid))] + algo.attrs() + list(extra)
        for name, val in more.items():
            size = u64 if name.startswith("seq") else u32
            msg.append(attr(C["A_SA_" + name.upper()], size(val)))
        if sel:
            msg.append(attr(C["A_SA_SELECTOR"], sel))
        self.nl.do("SA_NEW", *msg)
        return spi

    @staticmethod
    def policy_attrs(direction, sel, action="protect", priority=0,
                     mode="tunnel", six=False, reqid=1, tmpl_proto=50):
        msg = [attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction.upper()])),
               attr(C["A_POLICY_ACTION"], u8(C["ACTION_" + action.upper()])),
               attr(C["A_POLICY_PRIORITY"], u32(priority)),
               attr(C["A_POLICY_SELECTOR"], sel)]
        if action != "protect":
            return msg
        ends = (OUT6, PEER6) if six else (OUT4, PEER4)
        ends = ends if direction == "out" else ends[::-1]
        tmpl = [attr(C["A_TMPL_PROTO"], u8(tmpl_proto)),
                attr(C["A_TMPL_MODE"], u8(C["MODE_" + mode.upper()])),
                attr(C["A_TMPL_REQID"], u32(reqid))]
        if mode != "transport":
            tmpl += [attr(C["A_TMPL_SRC"], addr(ends[0])),
                     attr(C["A_TMPL_DST"], addr(ends[1]))]
        return msg + [attr(C["A_POLICY_TMPL"], tmpl)]

    def policy(self, direction, src, dst, proto=0, sport=None, dport=None,
               types=None, cmd="POLICY_NEW", **more):
        """Add a policy. more: see policy_attrs()"""
        self.nl.do(cmd, *self.policy_attrs(
            direction, selector(src, dst, proto, sport, dport, types), **more))

    def unpolicy(self, direction, src, dst, *rest):
        self.nl.do("POLICY_DEL",
                   attr(C["A_POLICY_DIR"], u8(C["DIR_" + direction.upper()])),
                   attr(C["A_POLICY_SELECTOR"], selector(src, dst, *rest)))

    def met(self):
        """How many packets met each policy, by its index."""
        got = [dict(p) for p in self.nl.dump("POLICY_GET")]
        return {struct.unpack("=I", p[C["A_POLICY_INDEX"]])[0]:
                struct.unpack("=Q", p[C["A_POLICY_PACKETS"]])[0] for p in got}

    def default(self, direction, action):
        self.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_" + direction.upper()],
                                       u8(C["ACTION_" + action.upper()])))

    def listen(self, port, six=False, host=""):
        s = self.n.socket(socket.AF_INET6 if six else socket.AF_INET,
                          socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if six:
            s.setsockopt(41, 26, 1)
        s.bind((host or ("::" if six else "0.0.0.0"), port))
        s.settimeout(5 * SLOW)
        return s


def nothing(sock):
    """No datagram waits."""
    if select.select([sock], [], [], 0)[0]:
        raise AssertionError("delivered: " + sock.recv(65536).hex())


def json_of(text):
    return json.loads(text)


# Stand-ins for everything, while tests are only listed

class Listed:
    """Is whatever somebody wants of it."""
    made = []

    def __init__(self, *_args, **_kw):
        pass

    def __getattr__(self, name):
        return Listed()

    def __call__(self, *_args, **_kw):
        return Listed()

    def __getitem__(self, _key):
        return Listed()

    def __iter__(self):
        return iter((Listed(), Listed()))

    def __int__(self):
        return 0


if LIST:
    Host = Wire = Genl = Lab = Listed
    make_wire = Listed
    Algo.__init__ = Listed.__init__
    Algo.__getattr__ = Listed.__getattr__
