#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# BEET mode against XFRM and against itself; see matrix.sh.
exec "$(dirname "${BASH_SOURCE[0]}")/matrix.sh" beet
