# SPDX-License-Identifier: GPL-2.0
"""Allocations of a request that fail, one after the other."""
import os

import lib


def fail_nth(fd, nth):
    """The nth allocation of this thread fails; 0 if that was, and ends it."""
    left = int(os.pread(fd, 16, 0))
    os.pwrite(fd, b"%d" % nth, 0)
    return left


def each_fails(lab, prepare, ask, check):
    """Each allocation of a request fails once. Returns how many were seen to.

    check() is given the tables as they were before.
    """
    if not os.path.exists("/proc/thread-self/fail-nth"):
        raise lib.Skip("the kernel does not make allocations fail")
    lib.sh("sh", "-c", "mountpoint -q /sys/kernel/debug || "
           "mount -t debugfs none /sys/kernel/debug; "
           "cd /sys/kernel/debug/failslab && echo N >ignore-gfp-wait && "
           "echo 0 >verbose")
    # open beforehand: that takes memory too
    fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
    nth, failed, left = 0, 0, 0
    while not left:
        nth += 1
        lab.reset()
        before = prepare()
        fail_nth(fd, nth)
        try:
            ask()
        except (lib.Refused, OSError, MemoryError):
            failed += 1     # the answer may be what has failed
        left = fail_nth(fd, 0)
        sock = lib.Genl(lab.n)
        lab.nl.sock.close()
        lab.nl = sock
        check(before)
    os.close(fd)
    print("# %d allocations, %d failures" % (nth, failed))
    lab.reset()
    return failed
