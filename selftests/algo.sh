#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Algorithms, implicit IVs, and what is refused of both. See algo.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
python_tests algo.py
