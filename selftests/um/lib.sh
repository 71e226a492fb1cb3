# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of what is about user-mode Linux. Sourced, never run.

. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"
# shellcheck disable=SC2034 # for those that source this
UM_DIR=$TREE/selftests/um

# is_um_kernel NAME: um is for benchmarks, um-debug for tests
is_um_kernel() { [[ $1 == um || $1 == um-debug ]]; }
