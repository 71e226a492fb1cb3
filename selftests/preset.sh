#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A host that discards what no policy is for, and what it must have in the clear
# nevertheless: "nfipsec policy preset".
#
#     a ============ b
#  10.0.0.1       10.0.0.2
#  fd00::1        fd00::2
#
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology() {
	hosts a b
	wire a eth0 b eth0
	ip_batch a <<<"addr add 10.0.0.1/24 dev eth0"
	ip_batch b <<<"addr add 10.0.0.2/24 dev eth0"
	ip_batch a <<<"addr add fd00::1/64 dev eth0 nodad"
	ip_batch b <<<"addr add fd00::2/64 dev eth0 nodad"
	on b nft -f - <<-RULES
		table netdev seen {
			chain in {
				type filter hook ingress device eth0 priority 0
				udp sport 500 counter
				udp sport 501 counter
				ip protocol 2 counter
			}
		}
	RULES
}

# deny PRESET...: nothing but these
deny() {
	flush a nfipsec && on a nfipsec default in discard out discard &&
		on a ip neigh flush dev eth0 &&
		on a nfipsec policy preset "$@"
}

# seen EXPRESSION: packets that came to b
seen() {
	on b nft list chain netdev seen in |
		sed -n "s/.*$1 counter packets \([0-9]*\) .*/\1/p"
}

# unanswered: a has looked for b in vain
unanswered() {
	ip -n "${NS[a]}" -6 neigh show fd00::2 dev eth0 | grep -q FAILED
}

neighbours() {
	check "denied" deny ike || return 1
	apply a nfipsec <<-LINES
		policy add dir out src fd00::1 dst fd00::2 proto ipv6-icmp type 128 action bypass
		policy add dir in src fd00::2 dst fd00::1 proto ipv6-icmp type 129 action bypass
	LINES
	refute "ping without neighbour discovery" on a ping -q -n -c 1 -W 1 fd00::2
	check "nobody answers" busywait 10 unanswered
	check "preset" on a nfipsec policy preset nd
	check "ping" busywait 10 on a ping -q -n -c 1 -W 1 fd00::2
}

# send PORT: a datagram from that port to b
send() {
	on a python3 -c "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.0.0.1', $1))
s.sendto(b'x', ('10.0.0.2', 9))"
}

came() {
	(($(seen "udp sport 500") == 1))
}

ike() {
	check "denied" deny ike || return 1
	check "sent from port 500" send 500
	check "it comes" busywait 5 came
	refute "sent from port 501" send 501
	check "IKE over IPv6 has policies too" test \
		"$(on a nfipsec policy list | grep -c "preset ike")" -eq 4
	check "the other does not come" test "$(seen "udp sport 501")" -eq 0
}

loopback() {
	check "denied" deny ike || return 1
	check "to itself" on a ping -q -n -c 1 -W 1 127.0.0.1
	check "to its own address" on a ping -q -n -c 1 -W 1 10.0.0.1
}

# Half of them is none
all_or_none() {
	local before indexes
	flush a nfipsec || return 1
	apply a nfipsec <<-LINES
		policy add dir in src ::/0 dst any proto udp dport 500,4500 action discard
	LINES
	before=$(on a nfipsec policy list)
	refute "a policy is in the way" on a nfipsec policy preset nd ike
	equal "nothing else is there" "$(on a nfipsec policy list)" "$before"
	flush a nfipsec
	check "once" on a nfipsec policy preset nd dhcp priority 7 owner me
	check "twice" on a nfipsec policy preset dhcp nd igmp
	equal "each is there once" "$(on a nfipsec policy count)" "in 4 out 4"
	check "priority and owner" test \
		"$(on a nfipsec policy list owner me | grep -c "priority 7 ")" -eq 6
	indexes=$(on a nfipsec -j policy preset igmp mld)
	check "indexes of those that are new" test "$indexes" = \
		"$(on a nfipsec -j policy list | python3 -c 'import json, sys
print(json.dumps([{"index": n} for n in sorted(
    p["index"] for p in json.load(sys.stdin)
    if p["name"] == "preset mld")], separators=(",", ":")))')"
	check "none" test "$(on a nfipsec -j policy preset igmp)" = "[]"
}

need ip nsenter ping nft python3
load_module nfipsec
topology
plan 4
run "neighbours are found" neighbours
run "IKE" ike
run "loopback" loopback
run "all or none" all_or_none
finish
