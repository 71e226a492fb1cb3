#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See hotplug.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ -w /sys/devices/system/cpu/cpu1/online ]] ||
	skip_all "needs a second CPU, and one that can be taken away"
python_tests hotplug.py
