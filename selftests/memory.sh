#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See memory.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
[[ -d /sys/kernel/debug/failslab ]] ||
	skip_all "the kernel does not make allocations fail"
python_tests memory.py
