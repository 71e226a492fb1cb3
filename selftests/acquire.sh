#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See acquire.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ping rmmod
python_tests acquire.py
