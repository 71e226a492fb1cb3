# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the benchmarks. Sourced, never run.

. "$(dirname "${BASH_SOURCE[0]}")/../um/lib.sh"
# shellcheck disable=SC2034 # for those that source this
HERE=$TREE/selftests/bench

# about_run: what a report says about where its figures are from
about_run() {
	NFIPSEC_BENCH_HOST="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1), $(nproc) CPUs"
	NFIPSEC_BENCH_HEAD=$(git -C "$TREE" describe --always --dirty 2>/dev/null || echo unknown)
	# what else runs on it tells how far its figures can be trusted
	NFIPSEC_BENCH_LOAD=$(cut -d' ' -f1 /proc/loadavg)
	export NFIPSEC_BENCH_HOST NFIPSEC_BENCH_HEAD NFIPSEC_BENCH_LOAD
}
