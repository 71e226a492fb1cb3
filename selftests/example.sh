#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tools/examples/nfipsec-pair, the program that shows how one uses libnfipsec, at
# both ends: does it do what it says, and leave what it should?
#
#     a eth0 10.0.0.1 ======== 10.0.0.2 eth0 b
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PATH=$SELF_DIR/../build/tools/examples:$PATH
declare -A ADDR=([a]=10.0.0.1 [b]=10.0.0.2) PEER=([a]=b [b]=a) PAIR=()

topology() {
	local h
	hosts a b
	wire a eth0 b eth0
	for h in a b; do
		ip_batch "$h" <<-LINES
			addr add ${ADDR[$h]}/24 dev eth0
		LINES
		# what leaves in the clear
		on "$h" nft -f - <<-RULES
			table netdev watch {
				chain out {
					type filter hook egress device eth0 priority 0
					ip protocol esp accept
					meta protocol ip counter
				}
			}
		RULES
	done
}

clear_packets() {
	on "$1" nft list chain netdev watch out |
		sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}
in_clear() { echo "$(clear_packets a) $(clear_packets b)"; }

# start HOST: the program there, fed with $TMP/keys
start() {
	local h=$1
	: >"$TMP/$h.out"
	nsenter --net="/run/netns/${NS[$h]}" -- nfipsec-pair "${ADDR[$h]}" \
		"${ADDR[${PEER[$h]}]}" <"$TMP/keys" >"$TMP/$h.out" 2>"$TMP/$h.err" &
	PAIR[$h]=$!
	PIDS+=($!)
	busywait 10 grep -q protected "$TMP/$h.out" || { cat "$TMP/$h.err"; return 1; }
}

# stop HOST SIGNAL: and its exit status
stop() {
	kill "-$2" "${PAIR[$1]}"
	wait "${PAIR[$1]}" 2>/dev/null
}

keys() { head -c 72 /dev/urandom >"$TMP/keys"; }

pings() {
	on a ping -n -q -i 0.02 -c "$1" -W 2 10.0.0.2 >"$TMP/ping" 2>&1
	grep -q " $1 received" "$TMP/ping" || { cat "$TMP/ping"; return 1; }
}

# left HOST: SAs and policies that are the program's
left() {
	echo "$(on "$1" nfipsec sa list owner pair | grep -c ' spi ')" \
		"$(on "$1" nfipsec policy list owner pair | grep -c '^src')"
}

keyed() {
	keys
	check "a" start a || return 1
	check "b" start b || return 1
	equal "of a" "$(left a)" "2 2"
	check "ping" pings 5
	equal "in the clear" "$(in_clear)" "0 0"
	equal "in_ok of a" "$(counter a in_ok)" 5
	equal "in_ok of b" "$(counter b in_ok)" 5
	equal "drops" "$(drops a)$(drops b)" ""
}

# A soft limit that is reached: it says so, and goes on
soft() {
	check "limit" on a nfipsec sa update src 10.0.0.1 dst 10.0.0.2 proto esp \
		spi 0x1000 limit packet-soft 8 || return 1
	check "ping" pings 5
	check "it says so" busywait 10 grep -q 'over soon' "$TMP/a.err"
	check "it goes on" pings 5
	equal "in the clear" "$(in_clear)" "0 0"
}

# A hard one: it ends, and the policies are there still
hard() {
	check "limit" on a nfipsec sa update src 10.0.0.1 dst 10.0.0.2 proto esp \
		spi 0x1000 limit packet-hard 20 || return 1
	refute "ping" pings 10 >/dev/null
	check "it says so" busywait 10 grep -q 'is over$' "$TMP/a.err"
	wait "${PAIR[a]}"
	equal "exit status" $? 1
	equal "left at a" "$(left a)" "1 2"
	equal "in the clear" "$(in_clear)" "0 0"
}

# Again with other keys, while b has the old ones
again() {
	keys
	check "a" start a || return 1
	refute "ping" pings 2 >/dev/null
	stop b KILL
	check "b" start b || return 1
	check "ping" pings 5
	equal "of b" "$(left b)" "2 2"
	equal "in the clear" "$(in_clear)" "0 0"
}

ended() {
	local h
	for h in a b; do
		stop "$h" TERM
		equal "exit status" $? 0
		equal "left at $h" "$(left "$h")" "0 0"
	done
	check "ping, in the clear" pings 1
	equal "in the clear" "$(in_clear)" "1 1"
}

# The module goes: nobody would tell of anything any more
unloaded() {
	local h gone='module (was unloaded|is not loaded)'
	keys
	check "a" start a || return 1
	check "b" start b || return 1
	check unload rmmod nfipsec || return 1
	for h in a b; do
		check "$h says so" busywait 10 grep -qE "$gone" "$TMP/$h.err" || {
			cat "$TMP/$h.err"
			kill "${PAIR[$h]}" 2>/dev/null
		}
		wait "${PAIR[$h]}"
		equal "exit status" $? 1
	done
	check load module_insert
}

# Keys that are too short, a policy of somebody else, and hosts that are one or have
# no family in common
refused() {
	local there
	head -c 71 "$TMP/keys" | on a timeout 20 nfipsec-pair 10.0.0.1 10.0.0.2 2>"$TMP/err"
	equal "exit status" $? 1
	check "why" grep -q 'no 72 bytes' "$TMP/err"
	equal "left" "$(left a)" "0 0"
	check "policy" on a nfipsec policy add dir in src 10.0.0.2 dst 10.0.0.1 \
		owner admin action discard || return 1
	on a timeout 20 nfipsec-pair 10.0.0.1 10.0.0.2 <"$TMP/keys" 2>"$TMP/err"
	equal "exit status" $? 1
	check "why" grep -q "nfipsec-pair: policy .* of owner 'admin' is in the way" \
		"$TMP/err" || cat "$TMP/err"
	equal "left" "$(left a)" "0 0"
	check "it is still there" on a nfipsec policy del dir in src 10.0.0.2 \
		dst 10.0.0.1
	for there in 10.0.0.1 fd00::2 b; do
		on a timeout 20 nfipsec-pair 10.0.0.1 "$there" <"$TMP/keys" 2>"$TMP/err"
		equal "exit status with $there" $? 1
		equal "left with $there" "$(left a)" "0 0"
	done
}

need ip nsenter nft ping rmmod nfipsec-pair
load_module nfipsec
topology
plan 7
run "two hosts keyed" keyed
run "a soft limit" soft
run "a hard limit" hard
run "started again" again
run "ended" ended
run "the module unloaded" unloaded
run "what it does not do" refused
finish
