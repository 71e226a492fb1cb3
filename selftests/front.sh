#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# See front.py.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
python_tests front.py
