#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See gro.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ethtool nft tc bridge unshare
python_tests gro.py
