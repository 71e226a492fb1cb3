#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Padded and dummy packets, with stock XFRM as the one that receives them, or,
# where that does not take the padding off, nfipsec.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need ip nsenter nft ping probe
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

# tracked MODE LOCALNET REMOTENET LOCAL REMOTE: conntrack takes all that comes
# behind UDP's header for the datagram, and has it INVALID for its checksum
tracked() {
	local mode=$1 lnet=$2 rnet=$3 l=$4 r=$5 there=() back=()
	[[ $mode != beet ]] || there=(sel src "$2" dst "$3") back=(sel src "$3" dst "$2")
	clear_all a nfipsec && clear_all b nfipsec || return 1
	SPI=$((SPI + 2))
	{
		sa_line nfipsec out "$l" "$r" "$SPI" "$mode" aes128gcm16 \
			tfc-pad mtu "${there[@]}"
		sa_line nfipsec in "$r" "$l" $((SPI + 1)) "$mode" aes128gcm16 \
			"${back[@]}"
		policy_line nfipsec out "$lnet" "$rnet" "$mode" "$l" "$r"
		policy_line nfipsec in "$rnet" "$lnet" "$mode" "$r" "$l"
	} | apply a nfipsec &&
		protect b nfipsec "$rnet" "$lnet" "$r" "$l" "$mode" aes128gcm16 \
			$((SPI + 1)) "$SPI" || return 1
	on b nft -f - <<-'RULES' || return 1
		table inet f {
			chain input {
				type filter hook input priority filter
				ct state invalid counter drop
				ct state new,established counter
			}
		}
	RULES
	check "padded" between "$lnet" "$rnet" udp=0,1,2,1200
	on b nft list ruleset >"$TMP/rules"
	on b nft flush ruleset
	check "conntrack looks" grep -q 'established.* counter packets [1-9]' "$TMP/rules"
	check "and has nothing against it" grep -q 'invalid counter packets 0 ' "$TMP/rules"
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

plan 12
for alg in aes128gcm16 aes128-sha256_128; do
	run "tunnel, $alg" tunnel "$alg"
	run "transport, IPv4, $alg" transport "$alg" 10.0.0.1 10.0.0.2
	run "transport, IPv6, $alg" transport "$alg" fd00::1 fd00::2
	run "dummy packets, $alg" dummies "$alg"
done
run "conntrack, transport, IPv4" tracked transport 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2
run "conntrack, transport, IPv6" tracked transport fd00::1 fd00::2 fd00::1 fd00::2
run "conntrack, BEET, IPv4" tracked beet 192.168.1.1 192.168.2.1 10.0.0.1 10.0.0.2
run "conntrack, BEET, IPv6 in IPv4" tracked beet fd00::1 fd00::2 10.0.0.1 10.0.0.2
finish
