#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See noipv6.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
python_tests noipv6.py
