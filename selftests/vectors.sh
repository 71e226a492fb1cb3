#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Published ESP packets (RFC 3602, RFC 7634, draft-mcgrew-gcm-test-01) made and
# read by the transform; and the known answers that each algorithm is asked for,
# right as they are and with every part of them wrong. The module that does it is
# nfipsec_vectors.ko, built by vm/build from vectors/; its results are in the
# kernel log and, added up, in its parameters. NFIPSEC_VECTORS_KO says where it
# is, if not beside NFIPSEC_KO.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MODULE=nfipsec_vectors
KERNEL_LOG_GOOD="$MODULE: "

# the module's report, from what was written to the log since the mark
results() {
	dmesg | sed "1,/$LOG_MARK/d" | sed -n "s/^.*\] $MODULE: //p" |
		sed -n '/^KTAP version/,$p'
}

table() {
	command -v python3 >/dev/null || { echo "no python3"; return "$KSFT_SKIP"; }
	python3 -B "$SELF_DIR/vectors/check.py"
}

# Loads the module, which tests while it loads.
load_vectors() {
	local dep deps
	deps=$(modinfo -F depends "$KO") || return
	for dep in ${deps//,/ }; do
		modprobe "$dep" || return
	done
	insmod "$KO"
}

parameter() { cat "/sys/module/$MODULE/parameters/$1"; }

# all of them passed, and the log lacks none
transform() {
	local passed failed logged
	passed=$(parameter passed) failed=$(parameter failed) || return
	logged=$(results | grep -cE '^(not )?ok [0-9]')
	equal "failed" "$failed" 0
	equal "results in the kernel log" "$logged" $((passed + failed))
	check "tests passed" test "$passed" -gt 0
}

unload() {
	check rmmod rmmod "$MODULE"
	refute "still there" test -d "/sys/module/$MODULE"
}

need insmod rmmod modinfo modprobe dmesg
KO=${NFIPSEC_VECTORS_KO:-${NFIPSEC_KO:+${NFIPSEC_KO%/*}/$MODULE.ko}}
[[ $KO && -e $KO ]] || skip_all "no $MODULE.ko"
[[ ! -d /sys/module/$MODULE ]] || rmmod "$MODULE" || bail "$MODULE is loaded"

kernel_log_mark
plan 3
run "the tables agree with another implementation" table
load_vectors 2>"$TMP/err" || bail "cannot load $MODULE: $(head -n 1 "$TMP/err")"
results | sed 's/^/  /'
run "the transform makes and reads the packets of the table" transform
run "the module unloads" unload
finish
