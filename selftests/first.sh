#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A namespace has no hooks before its first SA, policy or default, and packets
# meet the first one at once, whichever it is.
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
		check "reachable before" reaches
}

reaches() {
	on a ping -q -c 1 -W 2 10.9.0.2
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
	on b nfipsec sa allocspi src 10.9.0.1 dst 10.9.0.2 proto esp mode tunnel \
		min 0x8000 max 0x8010
}

need ip nsenter nft ping python3
load_module nfipsec
plan 9
run "no hooks before" no_hooks
run "policy, out" discards out_discard policy out 10.9.0.1 10.9.0.2
run "policy, in" discards in_discard policy in 10.9.0.2 10.9.0.1
run "default, out" discards out_discard defaults out
run "default, in" discards in_discard defaults in
run "policy in a transaction" discards out_discard \
	applied "policy add dir out src 10.9.0.1 dst 10.9.0.2 action discard"
run "default in a transaction" discards out_discard applied "default out discard"
run "SA" minds sa b nfipsec in 10.9.0.1 10.9.0.2 0x1001 tunnel aes128gcm16
run "larval SA" minds larval
finish
