#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See udp.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ethtool
python_tests udp.py
