#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two gateways that protect what two hosts behind them say to each other.
#
# usage: forward.sh [DRIVER_OF_GWA DRIVER_OF_GWB]
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=./lib-gateways.sh
. "$SELF_DIR/lib-gateways.sh"

# Nothing lost but what was too big, and that was said to its sender.
counters_sane() {
	local h=$1 bad
	local -A s
	stats "$h" s
	((${s[in_ok]:-0} && ${s[out_ok]:-0})) || { echo "$h: nothing counted"; return 1; }
	bad=$(drops "$h" out_too_big)
	[[ ! $bad ]] || { echo "$bad"; return 1; }
}

# everything DRIVER_A DRIVER_B OUTER INNER ALG
everything() {
	local bytes
	bytes=$(scaled 1000000 100000)
	tunnel "$@" || return 1
	# the path MTU first, while nobody knows it
	check traffic between_hosts "$4" pmtu=1380-1480 ping=0,56,1000,1400-1472/8,1500,4000 \
		udp=0,1,1200,1380-1472/8,3000 nodf=1200,1472,1473,3000,9000 \
		tcp="$bytes" swap pmtu=1380-1480 ping=0,1472,4000 \
		nodf=1472,3000 tcp="$bytes,sendfile"
	[[ $1 != nfipsec ]] || check "counters" counters_sane gwa
	[[ $2 != nfipsec ]] || check "counters" counters_sane gwb
}

# TCP before anyone has learnt anything: the first large segments are refused
tcp_first() {
	tunnel "$@" || return 1
	check traffic between_hosts "$4" tcp="$(scaled 1000000 100000)"
}

# The gateways' own traffic to the other side's network
gateway_itself() {
	tunnel "$1" "$2" 4 4 aes128gcm16 || return 1
	check "ping from the gateway" on gwa ping -q -n -c 2 -i 0.1 -W 5 \
		-I 192.168.1.1 192.168.2.2
	check "ping to the gateway" on h1 ping -q -n -c 2 -i 0.1 -W 5 192.168.2.1
	check "large ping from the gateway" busywait 5 on gwa ping -q -n -c 1 -W 1 \
		-s 2000 -I 192.168.1.1 192.168.2.2
	# IPv6 routers do not fragment: it must be done before the tunnel
	tunnel "$1" "$2" 6 6 aes128gcm16 || return 1
	check "large IPv6 ping from the gateway" busywait 5 on gwa \
		ping -q -n -c 1 -W 1 -s 3000 -I fd00:1::1 fd00:2::2
	tunnel "$1" "$2" 4 6 aes128gcm16 || return 1
	check "large IPv6 ping from the gateway, over IPv4" busywait 5 on gwa \
		ping -q -n -c 1 -W 1 -s 3000 -I fd00:1::1 fd00:2::2
}

# A hop in the tunnel's path is narrower: outer packets are refused there
narrow_path() {
	local rc
	tunnel "$1" "$2" 4 4 aes128gcm16 || return 1
	ip -n "${NS[gwa]}" route add 10.0.0.2 dev wan mtu 1400
	check traffic between_hosts 4 pmtu=1280-1380 tcp=100000 ping=56,1400
	rc=$?
	ip -n "${NS[gwa]}" route del 10.0.0.2 dev wan
	return "$rc"
}

# The hop limit goes down by one at each gateway and the tunnel is one hop
hops() {
	tunnel "$1" "$2" "$3" "$3" aes128gcm16 || return 1
	local e
	read -r -a e <<<"${ENDS[$3]}"
	check "3 hops are enough" on h1 ping -q -n -c 1 -W 5 -t 3 "${e[1]}"
	refute "2 hops are enough" on h1 ping -q -n -c 1 -W 1 -t 2 "${e[1]}"
	return 0
}

need ip nsenter probe ping
if (($# >= 2)); then
	load_module "$1" "$2"
	PAIRS=("$1 $2")
else
	load_module nfipsec xfrm
	PAIRS=("nfipsec xfrm" "nfipsec nfipsec")
fi
SPI=0x2000
topology
plan $((${#PAIRS[@]} * 10))
for pair in "${PAIRS[@]}"; do
	read -r da db <<<"$pair"
	for c in "4 4 aes128gcm16" "6 6 aes256-sha256_128" "4 6 chacha20poly1305" \
		"6 4 aes128gcm16"; do
		read -r o i alg <<<"$c"
		run "hosts, ${i}in$o $alg, $da - $db" everything "$da" "$db" "$o" "$i" "$alg"
	done
	run "TCP into an unknown path MTU, IPv4, $da - $db" tcp_first "$da" "$db" 4 4 aes128gcm16
	run "TCP into an unknown path MTU, IPv6, $da - $db" tcp_first "$da" "$db" 6 6 aes128gcm16
	run "the gateways themselves, $da - $db" gateway_itself "$da" "$db"
	run "narrower path, $da - $db" narrow_path "$da" "$db"
	run "hop limit, IPv4, $da - $db" hops "$da" "$db" 4
	run "hop limit, IPv6, $da - $db" hops "$da" "$db" 6
done
finish
