#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Padded and dummy packets, with stock XFRM as the one that receives them.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ip nsenter ping probe
load_module nfipsec xfrm

hosts a b
wire a va b vb || bail "no wire"
ip_batch a <<-LINES
	addr add 10.0.0.1/24 dev va
	addr add fd00::1/64 dev va nodad
	addr add 192.168.1.1/32 dev lo
	route add 192.168.2.1 via 10.0.0.2 src 192.168.1.1
LINES
ip_batch b <<-LINES
	addr add 10.0.0.2/24 dev vb
	addr add fd00::2/64 dev vb nodad
	addr add 192.168.2.1/32 dev lo
	route add 192.168.1.1 via 10.0.0.1 src 192.168.2.1
LINES
SPI=0x1000

# connect MODE ALG LOCALNET REMOTENET LOCAL REMOTE [WORD...]: a sends with these
connect() {
	local mode=$1 alg=$2 lnet=$3 rnet=$4 l=$5 r=$6
	shift 6
	clear_all a nfipsec && clear_all b xfrm || return 1
	SPI=$((SPI + 2))
	{
		sa_line nfipsec out "$l" "$r" "$SPI" "$mode" "$alg" "$@"
		sa_line nfipsec in "$r" "$l" $((SPI + 1)) "$mode" "$alg"
		policy_line nfipsec out "$lnet" "$rnet" "$mode" "$l" "$r"
		policy_line nfipsec in "$rnet" "$lnet" "$mode" "$r" "$l"
	} | apply a nfipsec &&
		protect b xfrm "$rnet" "$lnet" "$r" "$l" "$mode" "$alg" \
			$((SPI + 1)) "$SPI"
}

between() {
	"$TOOLS/probe" A="${NS[a]},$1" B="${NS[b]},$2" wire="${NS[a]},va,esp" \
		wire="${NS[b]},vb,esp" "${@:3}"
}

tunnel() {
	local pad
	for pad in 100 1000 mtu; do
		connect tunnel "$1" 192.168.1.1 192.168.2.1 10.0.0.1 10.0.0.2 \
			tfc-pad "$pad" || return 1
		check "padded to $pad" between 192.168.1.1 192.168.2.1 \
			ping=0,56,1000,1400 udp=0,1,1200 tcp="$(scaled 300000 50000)"
		equal "drops" "$(drops a out_too_big)" ""
	done
}

# TCP and ICMP cannot be padded here, and must not be
transport() {
	connect transport "$1" "$2" "$3" "$2" "$3" tfc-pad mtu || return 1
	check "padded" between "$2" "$3" ping=0,56,1000 udp=0,1,1200 \
		tcp="$(scaled 300000 50000)"
	equal "drops" "$(drops a out_too_big)" ""
}

dummies() {
	connect tunnel "$1" 192.168.1.1 192.168.2.1 10.0.0.1 10.0.0.2 \
		dummy-interval 20 || return 1
	local start
	start=$(counter a out_dummy)
	check "traffic among dummies" between 192.168.1.1 192.168.2.1 ping=0,56 \
		udp=1,1200
	check "dummies are sent" busywait 10 grown_by a out_dummy "$start" 10
	flush a nfipsec
	start=$(counter a out_dummy)
	check "a ping in the clear" on a ping -q -n -c 3 -i 0.2 -W 5 10.0.0.2
	equal "dummies of a deleted SA" "$(counter a out_dummy)" "$start"
}

# grown_by HOST COUNTER START N
grown_by() {
	(($(counter "$1" "$2") >= $3 + $4))
}

plan 8
for alg in aes128gcm16 aes128-sha256_128; do
	run "tunnel, $alg" tunnel "$alg"
	run "transport, IPv4, $alg" transport "$alg" 10.0.0.1 10.0.0.2
	run "transport, IPv6, $alg" transport "$alg" fd00::1 fd00::2
	run "dummy packets, $alg" dummies "$alg"
done
finish
