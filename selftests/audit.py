# SPDX-License-Identifier: GPL-2.0
"""Drops in the audit log: RFC 4302 and RFC 4303 section 4, RFC 4301.

The topology is that of lib.py. The test is the audit daemon: it gets the
records of the kernel, and nobody else does.
"""
import hashlib
import hmac
import os
import re
import select
import socket
import struct
import sys
import threading
import time

import lib
from lib import (C, FAR4, FAR6, IN4, IN6, OUT4, OUT6, PEER4, PEER6, Algo,
                 Refused, attr, equal, ip, ipv4, u8, u32, udp_packet, wait_for)

NETLINK_AUDIT = 9
AUDIT_SET = 1001
AUDIT_MAC_IPSEC_EVENT = 1415
STATUS_ENABLED, STATUS_PID = 1, 4
MOST = 50                       # records a second
ESP, AH = 50, 51

lab = lib.Lab()
null = Algo("null-sha256_128", 7)
gcm = Algo("aes128gcm16", 9)
report = lib.Report()


class Auth:
    """AH with HMAC-SHA-256-128, behind a header without options."""
    key = bytes(range(32))

    def attrs(self):
        """For sa-new."""
        return [attr(C["A_SA_AUTH_NAME"], "hmac(sha256)"),
                attr(C["A_SA_AUTH_KEY"], self.key),
                attr(C["A_SA_AUTH_ICV_BITS"], u32(128))]

    def packet(self, six, spi, seq, inner):
        """RFC 4302 section 3.3.3.1: what routers change counts as zero."""
        pad = bytes(4) if six else b""
        head = struct.pack("!BBHII", 4, 5 + len(pad) // 4, 0, spi, seq)
        p = outer(six, AH, head + bytes(16) + pad + inner)
        at = 40 if six else 20
        same = b"\x60\0\0\0" + p[4:7] + b"\0" + p[8:] if six else \
            p[:1] + b"\0" + p[2:6] + bytes(3) + p[9:10] + bytes(2) + p[12:]
        icv = hmac.new(self.key, same, hashlib.sha256).digest()[:16]
        return p[:at + 12] + icv + p[at + 28:]


auth = Auth()


class Daemon:
    """What auditd is to the kernel."""

    def __init__(self):
        self.sock = None

    def open(self):
        if self.sock:
            return
        try:
            self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                      NETLINK_AUDIT)
        except OSError as e:
            raise lib.Skip("this kernel has no audit log: %s" % e) from None
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 1 << 20)  # RCVBUFFORCE
        self.sock.bind((0, 0))
        code = self.ask(STATUS_ENABLED | STATUS_PID, True)
        if code:
            self.sock = None
            raise lib.Skip("auditing cannot be turned on here: "
                           + os.strerror(code))

    def set(self, on):
        """Turn the kernel's auditing on or off."""
        equal(self.ask(STATUS_ENABLED, on), 0, "auditing %d" % on)

    def ask(self, what, on):
        """Gives an errno."""
        status = struct.pack("=IIII", what, on, 0, os.getpid()) + bytes(24)
        self.sock.send(struct.pack("=IHHII", 16 + len(status), AUDIT_SET, 5,
                                   7, 0) + status)
        answers = []
        wait_for(lambda: answers.extend(self.answers()) or answers,
                 "the answer of audit")
        return -answers[0]

    def answers(self):
        while select.select([self.sock], [], [], 0)[0]:
            data = self.sock.recv(65536)
            if struct.unpack_from("=H", data, 4)[0] == 2:
                yield struct.unpack_from("=i", data, 16)[0]

    def records(self):
        """Those of nfipsec since the last call, a dict each."""
        out = []
        while select.select([self.sock], [], [], 0)[0]:
            data = self.sock.recv(65536)
            kind = struct.unpack_from("=H", data, 4)[0]
            text = data[16:].decode().rstrip("\0")
            if kind == AUDIT_MAC_IPSEC_EVENT and "op=nfipsec-drop" in text:
                if not re.match(r"audit\(\d+\.\d+:\d+\): ", text):
                    raise AssertionError("no time: " + text)
                out.append(dict(w.split("=", 1)
                                for w in text.split(": ", 1)[1].split()))
        return out

    def record(self, want):
        """The next one says this, and nothing follows."""
        got = []
        wait_for(lambda: got.extend(self.records()) or got, "a record")
        equal(len(got), 1, "records: %r" % got)
        equal({k: got[0].get(k) for k in want}, want, "record")
        return got[0]


daemon = Daemon()


def start():
    daemon.open()
    lab.reset()
    lab.cli("default", "audit", "on")
    daemon.records()
    lab.mark()


def spi_text(spi):
    return "%u(0x%x)" % (spi, spi)


def outer(six, proto, data, **kw):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return ip(src, dst, proto, data, **kw)


def ends(six, out=False):
    src, dst = (PEER6, OUT6) if six else (PEER4, OUT4)
    return {"src": dst, "dst": src} if out else {"src": src, "dst": dst}


def labelled(packet):
    """One of IPv6 gets a flow label, which flow() is then in the record."""
    if packet[0] >> 4 == 4:
        return packet
    return packet[:1] + b"\x0a\xbc\xde" + packet[4:]


def flow(six):
    return {"flowlbl": "0xabcde" if six else None}


def off_at_first():
    equal(dict(lab.nl.do("DEFAULT_GET")[0])[C["A_DEFAULT_AUDIT"]], u8(0),
          "audit at first")
    daemon.open()
    lab.reset()
    lab.sa(null, "in")
    lab.wire.send(outer(False, 50, null.seal(0x9999, 5, 4, bytes(20))))
    lab.counted({"in_no_sa": 1})
    lab.cli("default", "audit", "on")
    equal("audit on" in lab.cli("default"), True, "default shows it")
    lab.wire.send(outer(False, 50, null.seal(0x9998, 5, 4, bytes(20))))
    daemon.record({"reason": "in_no_sa", "spi": spi_text(0x9998)})
    # its own switch, and audit's
    lab.cli("default", "audit", "off")
    equal("audit off" in lab.cli("default"), True, "default shows it")
    lab.mark()
    lab.wire.send(outer(False, 50, null.seal(0x9999, 5, 4, bytes(20))))
    lab.counted({"in_no_sa": 1})
    lab.cli("default", "audit", "on")
    daemon.set(False)
    lab.wire.send(outer(False, 50, null.seal(0x9999, 5, 4, bytes(20))))
    lab.counted({"in_no_sa": 1})
    daemon.set(True)
    lab.wire.send(outer(False, 50, null.seal(0x9997, 5, 4, bytes(20))))
    daemon.record({"reason": "in_no_sa", "spi": spi_text(0x9997)})
    lab.counted({"in_no_sa": 1})


def no_sa():
    """RFC 4303 4: SPI, source, destination, sequence number, flow."""
    start()
    lab.sa(null, "in")
    for six in (False, True):
        lab.wire.send(outer(six, 50, null.seal(0x8765, 77, 4, bytes(20))))
        got = daemon.record(dict(ends(six), reason="in_no_sa", proto="50",
                                 spi=spi_text(0x8765), seqno="77"))
        equal("flowlbl" in got, six, "flow label of IPv6")
        ah = struct.pack("!BBHII", 4, 5, 0, 0x8766, 78) + bytes(16)
        lab.wire.send(outer(six, 51, ah + bytes(20)))
        daemon.record(dict(ends(six), reason="in_no_sa", proto="51",
                           spi=spi_text(0x8766), seqno="78"))
        # too short to say
        lab.wire.send(outer(six, 50, b"\0\0\x87\x65"))
        got = daemon.record(dict(ends(six), reason="in_no_sa", proto="50"))
        equal("spi" in got, False, "an SPI that is cut off")
        lab.counted({"in_no_sa": 3})


def flow_label():
    start()
    lab.sa(null, "in")
    lab.wire.send(labelled(outer(True, 50,
                                 null.seal(0x8765, 1, 4, bytes(20)))))
    daemon.record(dict(flow(True), reason="in_no_sa"))
    lab.wire.send(labelled(auth.packet(True, 0x8765, 1, bytes(20))))
    daemon.record(dict(flow(True), reason="in_no_sa"))


def replay(proto):
    """RFC 4302 3.4.3 and 3.4.4, RFC 4303 4: as of a packet without an SA."""
    inner = udp_packet(FAR4, IN4, 5000, 4000, b"x")

    def make(six, spi, seq, wrong=0):
        p = auth.packet(six, spi, seq, inner) if proto == AH else \
            outer(six, ESP, null.seal(spi, seq, 4, inner))
        return labelled(p[:-1] + bytes([p[-1] ^ wrong]))

    for six in (False, True):
        start()
        spi = lab.sa(auth if proto == AH else null, "in", six=six, proto=proto,
                     seq_in=5000, reqid=9)
        lab.policy("in", FAR4, IN4, reqid=9, six=six, tmpl_proto=proto)
        lab.mark()
        want = dict(ends(six), **flow(six), proto=str(proto),
                    spi=spi_text(spi), **{"sa-reqid": "9"})
        for _ in range(2):
            lab.wire.send(make(six, spi, 5005))
        daemon.record(dict(want, reason="in_replay", seqno="5005"))
        lab.wire.send(make(six, spi, 7))
        daemon.record(dict(want, reason="in_replay_old", seqno="7"))
        lab.wire.send(make(six, spi, 5009, 1))
        daemon.record(dict(want, reason="in_auth", seqno="5009"))
        lab.counted({"in_ok": 1, "in_replay": 1, "in_replay_old": 1,
                     "in_auth": 1})


def counter_ends():
    """RFC 4302 3.3.2, RFC 4303 3.3.3: SPI, addresses, flow."""
    for algo, proto in ((null, ESP), (auth, AH)):
        for six in (False, True):
            start()
            lab.policy("out", IN4, FAR4, six=six, tmpl_proto=proto)
            spi = lab.sa(algo, "out", six=six, proto=proto,
                         seq_out=0xffffffff)
            with lab.listen(4001, host=IN4) as sock:
                try:
                    sock.sendto(b"x", (FAR4, 5001))
                except PermissionError:
                    pass
            got = daemon.record(dict(ends(six, True), reason="out_seq",
                                     spi=spi_text(spi)))
            equal("flowlbl" in got, six, "flow label of IPv6")


def dies_meanwhile():
    """An SA is deleted while it opens a packet: nothing of what comes out.

    What is long takes long, so that one is likely to be open then. What looks like
    an SPI in it is none.
    """
    if (os.cpu_count() or 1) < 2:
        raise lib.Skip("needs a second CPU")
    start()
    lab.n.ip("link set vn mtu 65535")
    lab.w.ip("link set vw mtu 65535")
    lab.policy("in", FAR4, IN4)
    inner = udp_packet(FAR4, IN4, 5000, 4000, b"\xaa" * 60000)
    packet = outer(False, 50, null.seal(0x7001, 1, 4, inner))
    go = threading.Event()

    def traffic():
        if go.wait(0.01):
            lab.wire.send(packet)

    def died():
        before = lab.nl.stats()["in_ok"]
        lab.sa(null, "in", spi=0x7001, replay_window=0)
        go.set()
        wait_for(lambda: lab.nl.stats()["in_ok"] > before, "traffic")
        lab.nl.do("SA_DEL", attr(C["A_SA_DST"], lib.addr(OUT4)),
                  attr(C["A_SA_PROTO"], u8(50)),
                  attr(C["A_SA_SPI"], struct.pack("!I", 0x7001)))
        go.clear()
        return [r for r in daemon.records() if "sa-reqid" in r]

    with lab.listen(4000), lib.Threads(traffic):
        got = wait_for(died, "a packet that is open", 60)[0]
    equal([got.get(k) for k in ("reason", "src", "dst", "spi", "seqno")],
          ["in_no_sa", FAR4, IN4, spi_text(0x7001), None])


def selectors():
    """RFC 4301 5.2: the inner packet's, and which SA it came through."""
    start()
    spi = lab.sa(gcm, "in", sel=lib.selector(FAR4, IN4, 17, None, (2, 2)))
    lab.policy("in", FAR4, IN4)
    lab.mark()
    inner = udp_packet(FAR4, IN4, 1, 3, b"x")
    lab.wire.send(outer(False, 50, gcm.seal(spi, 1, 4, inner)))
    daemon.record({"reason": "in_selector", "src": FAR4, "dst": IN4,
                   "proto": "17", "sport": "1", "dport": "3",
                   "spi": spi_text(spi), "sa-src": PEER4, "sa-dst": OUT4})
    lab.wire.send(ipv4(FAR4, IN4, 17, inner[20:]))
    got = daemon.record({"reason": "in_clear", "src": FAR4, "dst": IN4,
                         "proto": "17", "sport": "1", "dport": "3"})
    equal("spi" in got, False, "an SPI of a packet in the clear")


def queue_full():
    """What was opened and finds no room is a drop as any other."""
    start()
    # only where the machine's own devices are
    sysctl = ("nsenter", "--net=/proc/1/ns/net", "sysctl", "-n")
    limit = "net.core.netdev_max_backlog"
    spi = lab.sa(null, "in")
    lab.policy("in", FAR4, IN4)
    lab.mark()
    before = lib.sh(*sysctl, limit).strip()
    try:
        # the kernel's own queues take one packet then
        lib.sh(*sysctl, "-w", limit + "=0")
        lab.wire.send(outer(False, 50, null.seal(
            spi, 1, 4, udp_packet(FAR4, IN4, 1, 3, b"x"))))
        lab.counted({"in_backlog": 1})
    finally:
        lib.sh(*sysctl, "-w", "%s=%s" % (limit, before))
    daemon.record({"reason": "in_backlog", "src": FAR4, "dst": IN4,
                   "proto": "17", "sport": "1", "dport": "3"})


def no_entry():
    """RFC 4301 5.2, 3b: no entry of the SPD matches."""
    start()
    lab.default("in", "discard")
    for six, src, dst in ((False, FAR4, IN4), (True, FAR6, IN6)):
        lab.wire.send(labelled(udp_packet(src, dst, 1, 3, b"x")))
        got = daemon.record(dict(flow(six), reason="in_discard", src=src,
                                 dst=dst, proto="17", sport="1", dport="3"))
        equal("spi" in got, False, "an SPI of a packet in the clear")


def way_out():
    """RFC 4301 5.1.1, and a counter at its end: RFC 4303 4."""
    start()
    sock = lab.listen(4000)
    lab.policy("out", OUT4, "10.7.7.0/24", action="discard")
    lab.policy("out", IN4, FAR4)
    spi = lab.sa(null, "out", seq_out=0xffffffff)
    lab.mark()
    for dst, port in (("10.7.7.7", 5000), (FAR4, 5001)):
        sock2 = lab.listen(4001, host=IN4 if dst == FAR4 else OUT4)
        try:
            sock2.sendto(b"x", (dst, port))
        except PermissionError:
            pass
        sock2.close()
        if dst == FAR4:
            want = {"reason": "out_seq", "spi": spi_text(spi),
                    "sa-src": OUT4, "sa-dst": PEER4, "src": OUT4,
                    "dst": PEER4}
        else:
            want = {"reason": "out_discard", "dst": dst, "proto": "17",
                    "sport": "4001", "dport": "5000"}
        got = daemon.record(want)
        equal("seqno" in got, False, "a number of a packet without one")
    sock.close()


def flood():
    """The log is bounded, and what is not in it is counted."""
    start()
    lab.sa(null, "in")
    lab.mark()
    total, begin = 4 * MOST, time.monotonic()
    packets = [outer(False, 50, null.seal(0x9999, seq, 4, bytes(20)))
               for seq in range(total)]
    for packet in packets:
        lab.wire.send(packet)
    wait_for(lambda: lib.grown(lab.base, lab.nl.stats()).get("in_no_sa") ==
             total, "all of them")
    seconds = int(time.monotonic() - begin)
    written = []

    def lost():
        return lib.grown(lab.base, lab.nl.stats()).get("audit_lost", 0)

    wait_for(lambda: written.extend(daemon.records()) or
             len(written) + lost() >= total, "the records")
    equal(len(written) + lost(), total, "written and lost")
    # slower than that, all of them may be written
    equal(lost() > 0 or seconds > 1, True, "some are lost")
    # the tests before have had some of this second
    equal(MOST // 2 <= len(written) <= MOST * (seconds + 2), True,
          "some are written: %d" % len(written))


def whose_log():
    """An administrator of a namespace is not that of the host's log."""
    status, _, err = lib.sh(*lib.NOBODY, "unshare", "-Urn", "true", ok=None)
    if status:
        raise lib.Skip("no user namespaces: " + err.strip())
    cli = lib.public_cli()
    for words, fine in ((("audit", "on"), False), (("audit", "off"), False),
                        (("in", "discard", "audit", "on"), False),
                        (("in", "discard"), True)):
        status, _, err = lib.sh(*lib.NOBODY, "unshare", "-Urn", cli, "default",
                                *words, ok=None)
        equal((status == 0, "CAP_AUDIT_CONTROL" in err), (fine, not fine),
              "%s: %s" % (" ".join(words), err))


def values():
    lab.reset()
    for bad in (2, 255):
        try:
            lab.nl.do("DEFAULT_SET", attr(C["A_DEFAULT_AUDIT"], u8(bad)))
        except Refused:
            continue
        raise AssertionError("accepted: %d" % bad)
    equal("audit off" in lab.cli("default"), True, "default shows it")


report.add("values that audit does not take", values)
report.add("off at first, on and off", off_at_first)
report.add("no SA", no_sa)
report.add("flow label", flow_label)
report.add("replay and ICV", replay, ESP)
report.add("replay and ICV of AH", replay, AH)
report.add("counter at its end", counter_ends)
report.add("SA that dies meanwhile", dies_meanwhile)
report.add("selectors of the inner packet", selectors)
report.add("receive queue is full", queue_full)
report.add("no entry for what comes in", no_entry)
report.add("way out", way_out)
report.add("more than the log takes", flood)
report.add("takes the right to the host's log", whose_log)
sys.exit(report.run())
