#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See parallel.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
python_tests parallel.py
