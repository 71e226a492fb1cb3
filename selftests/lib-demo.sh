# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the demos: what they print, and that it is so. Sourced, never
# run.

set -euo pipefail
export LC_ALL=C

DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
PATH=$DIR/../build/tools:$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2034 # for those that source this
TMP=$(mktemp -d) LOADED=''
declare -A NS

BOLD='' DIM='' GREEN='' RED='' PLAIN=''
if [[ -t 1 ]]; then
	BOLD=$'\e[1m' DIM=$'\e[2m' GREEN=$'\e[32m' RED=$'\e[31m' PLAIN=$'\e[0m'
fi

title() { printf '\n%s== %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '%s\n' "$*"; }
good() { printf '%sOK%s  %s\n' "$GREEN" "$PLAIN" "$*"; }
bad() {
	printf '%sBAD%s %s\n' "$RED" "$PLAIN" "$*" >&2
	exit 1
}

# claim TEXT COMMAND...: says TEXT if COMMAND succeeds, else ends the demo
claim() {
	local text=$1
	shift
	"$@" || bad "not so: $text"
	good "$text"
}

# on HOST COMMAND...: run it there; show does so before everybody's eyes
on() {
	local host=$1
	shift
	ip netns exec "${NS[$host]}" "$@"
}
show() {
	printf '%s%s#%s %s\n' "$DIM" "$1" "$PLAIN" "${*:2}"
	on "$@"
}

# The counters that are not zero, which is what there is to say.
show_counters() {
	printf "%s%s#%s nfipsec stats | grep -v ' 0\$'\n" "$DIM" "$1" "$PLAIN"
	on "$1" nfipsec stats | grep -v ' 0$' || true
}

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		read -rt 0.05 <> <(:) || true
	done
}

counter() {
	on "$1" nfipsec -j stats | tr -d ' \n' |
		grep -oE "\"name\":\"$2\",\"value\":[0-9]+|\"$2\":[0-9]+" |
		head -n 1 | grep -oE '[0-9]+$'
}

load_module() {
	local dep
	[[ -d /sys/module/nfipsec ]] && return
	if [[ ${NFIPSEC_KO:-} ]]; then
		for dep in $(modinfo -F depends "$NFIPSEC_KO" | tr , ' '); do
			modprobe "$dep"
		done
		insmod "$NFIPSEC_KO"
	else
		modprobe nfipsec
	fi
	# shellcheck disable=SC2034
	LOADED=1
}

# need TOOL...
need() {
	local tool
	((EUID == 0)) || bad "this needs root"
	for tool; do
		command -v "$tool" >/dev/null || bad "no command '$tool'"
	done
}
