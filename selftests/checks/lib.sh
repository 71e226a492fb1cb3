# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Results in KTAP for the scripts of this directory. Sourced, never run.

CHECKS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TREE=${CHECKS%/selftests/checks}
export LC_ALL=C

KTAP_N=0
KTAP_BAD=0
TMP=$(mktemp -d)
trap 'rm -rf "$TMP"' EXIT

ktap_start() { echo "KTAP version 1"; }

# ok NAME / not_ok NAME [FILE]: one result, with FILE as its diagnosis
ok() { echo "ok $((++KTAP_N)) $1"; }
not_ok() {
	[[ ${2:-} ]] && sed 's/^/# /' "$2"
	echo "not ok $((++KTAP_N)) $1"
	((++KTAP_BAD))
}

# expect_silence NAME COMMAND...: ok if it succeeds and prints nothing
expect_silence() {
	local name=$1 status=0
	shift
	"$@" >"$TMP/out" 2>&1 || status=$?
	if [[ -s $TMP/out ]]; then
		not_ok "$name" "$TMP/out"
	elif ((status)); then
		echo "exit status $status" >"$TMP/out"
		not_ok "$name" "$TMP/out"
	else
		ok "$name"
	fi
}

# expect_line NAME PATTERN COMMAND...: ok if it fails and prints a line of that
# kind
expect_line() {
	local name=$1 pattern=$2 status=0
	shift 2
	"$@" >"$TMP/out" 2>&1 || status=$?
	if ((status)) && grep -qE -- "$pattern" "$TMP/out"; then
		ok "$name"
	else
		echo "wanted '$pattern' and a failure, got status $status" >>"$TMP/out"
		not_ok "$name" "$TMP/out"
	fi
}

# The plan comes last, which KTAP allows.
ktap_end() {
	echo "1..$KTAP_N"
	exit $((KTAP_BAD != 0))
}

# tree_files [ROOT]: the project's files, relative, without what was built
tree_files() {
	local root=${1:-$TREE}
	if [[ -e $root/.git ]] && command -v git >/dev/null; then
		git -C "$root" -c safe.directory='*' ls-files -z -co \
			--exclude-standard
	else
		(cd "$root" && find . -path ./build -prune -o -path ./.git -prune -o \
			-path ./selftests/unit/out -prune -o \
			-type f ! -name '*.o' ! -name '*.ko' ! -name '*.mod*' \
			! -name '*.cmd' ! -name 'Module.symvers' ! -name '*.a' \
			! -name modules.order -printf '%P\0')
	fi | while IFS= read -r -d '' f; do
		[[ -f $root/$f ]] && printf '%s\n' "$f"
	done | sort -u
}
