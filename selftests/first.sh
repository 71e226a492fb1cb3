#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A namespace has no hooks before its first SA, policy or default, and packets
# meet the first one at once, whichever it is. Where others leave no place for
# the hooks, it is refused.
#
#     a ================ b
#  10.9.0.1           10.9.0.2
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# fresh: two hosts that never had any
fresh() {
	local h
	for h in a b; do
		[[ ! ${NS[$h]:-} ]] || forget "$h"
	done
	hosts a b
	wire a eth0 b eth0 || return 1
	ip_batch a <<<"addr add 10.9.0.1/24 dev eth0" &&
		ip_batch b <<<"addr add 10.9.0.2/24 dev eth0" &&
		check "reachable before" busywait 5 reaches
}

reaches() {
	on a ping -q -c 1 -W 1 10.9.0.2
}

# hooked HOST: does nfipsec look at packets there?
hooked() {
	on "$1" nft list hooks ip | grep -q '\[nfipsec\]'
}

no_hooks() {
	fresh || return 1
	# without that, some versions of nft say that there are none
	if ! modprobe -q nfnetlink_hook 2>/dev/null ||
		! on a nft list hooks ip >/dev/null 2>&1; then
		echo "neither nft nor the kernel can list hooks"
		return "$KSFT_SKIP"
	fi
	refute "before" hooked a
	on a nfipsec stats >/dev/null
	on a nfipsec sa list >/dev/null
	refute "after looks" hooked a
	on a nfipsec policy add dir out src 10.9.0.1 dst 10.9.0.3 action discard
	check "with a policy" hooked a
	on a nfipsec policy flush
	check "when that is gone" hooked a
	refute "of another namespace" hooked b
	return 0
}

# discards COUNTER COMMAND...: the first that a hears of, and what it drops then
discards() {
	local counter=$1
	shift
	fresh || return 1
	check "made" "$@"
	refute "reachable behind it" reaches
	check "$counter" test "$(counter a "$counter")" -gt 0
}

policy() {
	on a nfipsec policy add dir "$1" src "$2" dst "$3" action discard
}

defaults() {
	on a nfipsec default "$1" discard
}

applied() {
	echo "$*" >"$TMP/apply"
	on a nfipsec apply "$TMP/apply"
}

# ESP with an SPI that nobody knows
send_esp() {
	on a python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 50)
s.sendto(bytes([0, 0, 0x77, 0x77]) * 8, ("10.9.0.2", 0))'
}

dropped_no_sa() {
	(($(counter b in_no_sa) > 0))
}

# minds COMMAND...: ESP without an SA is b's business from then on
minds() {
	fresh || return 1
	send_esp
	refute "before" dropped_no_sa
	check "made" "$@"
	send_esp
	check "ESP dropped" busywait 5 dropped_no_sa
}

larval() {
	on "$1" nfipsec sa allocspi src 10.9.0.1 dst 10.9.0.2 proto esp mode tunnel \
		min 0x8000 max 0x8010
}

# chains FAMILY HOOK FROM N: N more of a's table "full"
chains() {
	local i
	for ((i = $3; i < $3 + $4; i++)); do
		echo "add chain $1 full c$i { type filter hook $2 priority 0; }"
	done | on a nft -f -
}

# fill FAMILY HOOK: all places that netfilter has there, which may be taken in
# part, in ever smaller lots
fill() {
	local n made=0
	on a nft add table "$1" full || return 1
	for n in 512 256 128 64 32 16 8 4 2 1 1; do
		chains "$1" "$2" "$made" "$n" 2>/dev/null && ((made += n))
	done
	check "places were there" test "$made" -gt 512
	refute "room for another" chains "$1" "$2" "$made" 1 2>/dev/null
}

# no_room WHAT COMMAND...: refused, and that is why
no_room() {
	local what=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "$what: should have been refused"
		T_RC=1
	elif [[ $said != *"other netfilter hooks"*"as many as netfilter allows"* ]]; then
		echo "$what: refused, but with: $said"
		T_RC=1
	fi
}

# The number that goes with it
e2big() {
	on a env PYTHONPATH="$SELF_DIR" python3 -Bc '
import errno, socket, lib
from lib import C, attr, u8
try:
    lib.Genl(socket).do("DEFAULT_SET",
                        attr(C["A_DEFAULT_OUT"], u8(C["ACTION_DISCARD"])))
except lib.Refused as e:
    lib.equal(e.code, errno.E2BIG, e.text)
else:
    raise AssertionError("accepted")'
}

# hooks HOST: how many nfipsec has there; none where they cannot be listed
hooks() {
	local f
	modprobe -q nfnetlink_hook 2>/dev/null
	for f in ip ip6; do
		on "$1" nft list hooks "$f" 2>/dev/null
	done | grep -c '\[nfipsec\]'
}

# tables HOST: what is in them, and the defaults
tables() {
	on "$1" nfipsec sa list
	on "$1" nfipsec policy list
	on "$1" nfipsec default
}

# none_added BEFORE: no trace of what was refused
none_added() {
	equal "tables" "$(tables a)" "$1"
	equal "hooks" "$(hooks a)" 0
	check "reachable all the same" busywait 5 reaches
}

# full FAMILY HOOK: without any place there, and when there are places again
full() {
	local before
	fresh || return 1
	before=$(tables a)
	fill "$@" || return 1
	no_room "policy" policy out 10.9.0.1 10.9.0.2
	none_added "$before"
	on a nft delete table "$1" full
	check "policy, then" policy out 10.9.0.1 10.9.0.2
	refute "reachable behind it" reaches
	check "out_discard" test "$(counter a out_discard)" -gt 0
	on b nfipsec default in discard
	equal "hooks, none twice" "$(hooks a)" "$(hooks b)"
}

# Who has the hooks has their places too.
full_later() {
	fresh || return 1
	policy out 10.9.0.1 10.9.0.3
	fill ip postrouting || return 1
	check "another policy" policy out 10.9.0.1 10.9.0.2
	refute "reachable behind it" reaches
	check "out_discard" test "$(counter a out_discard)" -gt 0
}

full_for_all() {
	local before
	fresh || return 1
	before=$(tables a)
	fill ip6 postrouting || return 1
	no_room "policy" policy in 10.9.0.2 10.9.0.1
	no_room "SA" sa a nfipsec out 10.9.0.1 10.9.0.2 0x1001 tunnel aes128gcm16
	no_room "larval SA" larval a
	no_room "default" defaults out
	no_room "policy in a transaction" \
		applied "policy add dir out src 10.9.0.1 dst 10.9.0.2 action discard"
	no_room "SA in a transaction" applied \
		"$(sa_line nfipsec out 10.9.0.1 10.9.0.2 0x1001 tunnel aes128gcm16)"
	no_room "default in a transaction" applied "default out discard"
	check "E2BIG" e2big
	none_added "$before"
	check "a default without looks at packets" on a nfipsec default out bypass
	on a nft delete table ip6 full
	check "larval SA, then" larval a
	check "default, then" defaults out
	refute "reachable behind it" reaches
	check "out_discard" test "$(counter a out_discard)" -gt 0
}

need ip nsenter nft ping python3
load_module nfipsec
plan 14
run "no hooks before" no_hooks
run "policy, out" discards out_discard policy out 10.9.0.1 10.9.0.2
run "policy, in" discards in_discard policy in 10.9.0.2 10.9.0.1
run "default, out" discards out_discard defaults out
run "default, in" discards in_discard defaults in
run "policy in a transaction" discards out_discard \
	applied "policy add dir out src 10.9.0.1 dst 10.9.0.2 action discard"
run "default in a transaction" discards out_discard applied "default out discard"
run "SA" minds sa b nfipsec in 10.9.0.1 10.9.0.2 0x1001 tunnel aes128gcm16
run "larval SA" minds larval b
run "no room for them, the first out" full ip postrouting
run "no room for them, the last out" full ip6 postrouting
run "no room for them, the last in" full ip6 forward
run "no room when they are there" full_later
run "no room, whatever wants them" full_for_all
finish
