# SPDX-License-Identifier: GPL-2.0
"""A request that takes as long as a test wants, and what is done meanwhile.

It is one for an SA of an algorithm that the kernel asks modprobe for: modprobe is
one of the tests', and waits.
"""
import os
import shutil
import tempfile
import threading

import lib
from lib import C, OUT4, PEER4, Algo, addr, attr, sh, u8, wait_for

MODPROBE = "/proc/sys/kernel/modprobe"
# By a name of lib.Algo: what the kernel asks for then, and the module. Where the
# module cannot go, for the algorithm is built in, it asks only once.
ASKED = (("aes128ccm8", "rfc4309(ccm(aes))", "ccm"),
         ("chacha20poly1305", "rfc7539esp(chacha20,poly1305)",
          "chacha20poly1305"),
         ("aes128ctr-sha256_128", "rfc3686(ctr(aes))", "ctr"),
         ("null-aesxcbc_96", "xcbc(aes)", "xcbc"),
         ("null-aescmac_96", "cmac(aes)", "cmac"),
         ("null-sha384_192", "hmac(sha384)", "hmac"),
         ("null-sha512_256", "hmac(sha512)", "hmac"))


def file(path, text=None):
    with open(path, "r" if text is None else "w", encoding="ascii") as f:
        return f.read() if text is None else f.write(text)


class Doing(threading.Thread):
    """Something that is done meanwhile; what it raises comes out of end()."""

    def __init__(self, what, func, *args):
        super().__init__(daemon=True)
        self.what, self.func, self.args = what, func, args
        self.error = None
        self.start()

    def run(self):
        try:
            self.func(*self.args)
        except Exception as e:      # pylint: disable=broad-except
            self.error = e

    def end(self, seconds=5):
        self.join(seconds * 4 * lib.SLOW)
        if self.is_alive():
            raise AssertionError("it waits: " + self.what)
        if self.error:
            raise self.error


def has(name):
    """Has the kernel an algorithm of that name already?"""
    lines = file("/proc/crypto").splitlines()
    return any(line.split() == ["name", ":", name] for line in lines)


def larval(nl):
    """Reserve an SPI; gives what sa-update is told for it to get keys.

    While it is asked to, the tables cannot be changed.
    """
    ends = [attr(C["A_SA_SRC"], addr(OUT4)), attr(C["A_SA_DST"], addr(PEER4)),
            attr(C["A_SA_PROTO"], u8(50))]
    spi = dict(nl.do("SA_ALLOCSPI", *ends)[0])[C["A_SA_SPI"]]
    return ends + [attr(C["A_SA_SPI"], spi),
                   attr(C["A_SA_MODE"], u8(C["MODE_TUNNEL"]))]


class Held:
    """In the with statement, a request for an SA of self.algo does not end.

    With enc, what encrypts is that.
    """

    def __init__(self, enc="null"):
        for name, self.asked, module in ASKED:
            if enc != "null" and not name.startswith("null-"):
                continue
            sh("rmmod", module, ok=None)
            if not has(self.asked):
                self.algo = Algo(name.replace("null", enc), 1)
                break
        else:
            raise lib.Skip("the kernel has all algorithms already")
        self.old = file(MODPROBE)
        self.dir = tempfile.mkdtemp(dir="/tmp")
        self.fifo = None

    def __enter__(self):
        script = self.dir + "/modprobe"
        os.mkfifo(self.dir + "/wait")
        # both ways, so that nobody waits for the other end
        self.fifo = os.open(self.dir + "/wait", os.O_RDWR)
        file(script, '#!/bin/sh\n'
             'case "$*" in *"crypto-%s")\n'
             '	if mkdir %s/asked; then read -r x <%s/wait; fi;;\n'
             'esac\n'
             'exec %s "$@"\n' % (self.asked, self.dir, self.dir,
                                 self.old.strip()))
        os.chmod(script, 0o755)
        file(MODPROBE, script)
        return self

    def wait(self):
        """Until the kernel waits."""
        wait_for(lambda: os.path.exists(self.dir + "/asked"),
                 "the kernel to ask for " + self.asked)

    def release(self):
        file(MODPROBE, self.old)
        os.write(self.fifo, b"\n")

    def __exit__(self, *what):
        self.release()
        os.close(self.fifo)
        shutil.rmtree(self.dir)
