# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Results in KTAP for the scripts of this directory. Sourced, never run.

CHECKS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TREE=${CHECKS%/selftests/checks}
export LC_ALL=C

KTAP_N=0
KTAP_BAD=0
TMP=$(mktemp -d) || exit 1
trap 'rm -rf "$TMP"' EXIT
# stand-ins are programs, which not everybody's /tmp runs
if ! { cp "$(type -P true)" "$TMP/runs" && "$TMP/runs"; } 2>/dev/null; then
	rm -rf "$TMP"
	mkdir -p "$TREE/build" && TMP=$(mktemp -d "$TREE/build/checks.XXXXXX") || exit 1
fi

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

# What a judge says of a file is kept, by its contents and those of all that he goes
# by, so that only what has changed is judged again.
VERDICTS=${NFIPSEC_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nfipsec}/verdicts
# which judge, with his version, and the files that he goes by
JUDGE=
GOES_BY=()

# verdict FILE: where the one of a file is, or is to be
verdict() {
	local sum
	sum=$({ echo "$JUDGE $1"; cat "${GOES_BY[@]}" "$1"; } | sha256sum) || return
	echo "$VERDICTS/${sum%% *}"
}

# verdict_on FILE COMMAND...: what COMMAND says of a file, which is asked if that is
# not known; fails if it could not look at it
verdict_on() {
	local file=$1 at said
	shift
	at=$(verdict "$file") || return
	if [[ ! -e $at ]]; then
		if ! said=$("$@" "$file"); then
			printf '%s\n' "$said"
			return 2
		fi
		# what is there now need not be what was judged
		if [[ ! -s $file || $(verdict "$file") != "$at" ]]; then
			echo "$file: empty, or changed while it was looked at"
			return 2
		fi
		mkdir -p "$VERDICTS" && printf '%s' "$said" >"$at.$$" &&
			mv "$at.$$" "$at" || return 2
	fi
	touch -c "$at"
	cat "$at"
}

# those that nobody has asked for in a month
forget_verdicts() {
	[[ ! -d $VERDICTS ]] || find "$VERDICTS" -type f -mtime +30 -delete
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
