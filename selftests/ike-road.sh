#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Road warriors with virtual addresses of both families and certificates: through
# no NAT, through one, through two; a NAT that changes its mind about a port; a
# client that moves to another address and back (MOBIKE).
#
#     a 192.168.10.2 ---.                              192.168.2.1, fd01:2::1
#       fd10::2         na 10.0.0.1 ===== 10.0.0.2 nb ------- g
#     c 192.168.10.3 ---'  fd00::1         fd00::2    192.168.20.2
#       fd10::3                                       fd20::2
#
# usage: ike-road.sh
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

ENDS=(a c g)
CERT=([a]=a [c]=c [g]=b)
declare -A REMOTE=([direct]=192.168.20.2 [natted]=10.0.0.2 [six]=fd20::2)

# vpn LOCAL REMOTE: the child that all of them have
vpn() {
	cat <<-CONF
		vpn {
			local_ts = $1
			remote_ts = $2
			esp_proposals = aes128gcm16
			rekey_time = 0
		}
	CONF
}

swanctl_conf() {
	local name inside=192.168.2.0/24,fd01:2::/64
	local -A ADDR=([a]=%any [c]=%any [g]="192.168.20.2,fd20::2")
	echo 'connections {'
	if [[ $1 == g ]]; then
		vpn "$inside" dynamic | anybody
	else
		for name in "${!REMOTE[@]}"; do
			ADDR[g]=${REMOTE[$name]}
			vpn dynamic "$inside" |
				connection "$name" "$1" g 'vips = 0.0.0.0,::'
		done
	fi
	echo '}'
	[[ $1 != g ]] || cat <<-CONF
		pools {
			four {
				addrs = 10.3.0.0/24
			}
			six {
				addrs = fd03::/120
			}
		}
	CONF
}

# anybody <CHILDREN: who has a certificate
anybody() {
	cat <<-CONF
		road {
			version = 2
			local_addrs = ${ADDR[g]}
			proposals = aes128gcm16-prfsha256-x25519
			pools = four,six
			$(identity g local)
			remote {
				auth = pubkey
			}
			children {
				$(cat)
			}
		}
	CONF
}

topology() {
	local h
	hosts a c g na nb
	wire a eth0 na lan2
	wire c eth0 na lan3
	wire na wan nb wan
	wire nb lan g eth0
	for h in na nb; do
		on "$h" bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
			echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	done
	client a 2
	client c 3
	ip_batch na <<-LINES
		addr add 10.0.0.1/24 dev wan
		addr add fd00::1/64 dev wan nodad
		route add 192.168.10.22 dev lan2
		route add 192.168.20.0/24 via 10.0.0.2
		route add fd20::/64 via fd00::2
	LINES
	ip_batch nb <<-LINES
		addr add 10.0.0.2/24 dev wan
		addr add fd00::2/64 dev wan nodad
		addr add 192.168.20.1/24 dev lan
		addr add fd20::1/64 dev lan nodad
		route add 192.168.10.0/24 via 10.0.0.1
		route add fd10::/64 via fd00::1
	LINES
	ip_batch g <<-LINES
		addr add 192.168.20.2/24 dev eth0
		addr add fd20::2/64 dev eth0 nodad
		addr add 192.168.2.1/32 dev lo
		addr add fd01:2::1/128 dev lo nodad
		route add default via 192.168.20.1
		route add default via fd20::1
	LINES
	for h in "${ENDS[@]}"; do
		watch_clear "$h" eth0
	done
}

# client HOST NUMBER: its addresses, and na's on its wire
client() {
	ip_batch "$1" <<-LINES
		addr add 192.168.10.$2/32 dev eth0
		addr add fd10::$2/128 dev eth0 nodad
		route add 192.168.10.1 dev eth0
		route add default via 192.168.10.1
		route add fd10::1 dev eth0
		route add default via fd10::1
	LINES
	ip_batch na <<-LINES
		addr add 192.168.10.1/32 dev lan$2
		addr add fd10::1/128 dev lan$2 nodad
		route add 192.168.10.$2 dev lan$2
		route add fd10::$2 dev lan$2
	LINES
}

# nat PORT_OF_A: na hides both clients, a's 4500 behind that port
nat() {
	on na nft -f - <<-RULES
		table ip n
		delete table ip n
		table ip n {
			chain post {
				type nat hook postrouting priority srcnat
				oifname wan ip saddr 192.168.10.2 udp sport 4500 snat to 10.0.0.1:$1
				oifname wan masquerade
			}
		}
	RULES
}

# nat_too: nb hides g
nat_too() {
	on nb nft -f - <<-'RULES'
		table ip n {
			chain pre {
				type nat hook prerouting priority dstnat
				iifname wan udp dport { 500, 4500 } dnat to 192.168.20.2
			}
			chain post {
				type nat hook postrouting priority srcnat
				oifname wan masquerade
			}
		}
	RULES
}

no_nat() {
	on na nft flush ruleset
	on nb nft flush ruleset
	forget_mappings
}

# forget_mappings: all connections na knows (IPCTNL_MSG_CT_DELETE of everything)
forget_mappings() {
	on na python3 -c '
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
raise SystemExit(-struct.unpack_from("=i", s.recv(4096), 16)[0])'
}

# forget_mapping ADDRESS: that of its ESP in UDP and IKE to g (the same with a
# CTA_TUPLE_ORIG). All others stay: where g sends to one that is forgotten before
# the client does, its port is taken, and the client gets another one.
forget_mapping() {
	on na python3 -c '
import socket, struct, sys
def attr(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data.ljust(-len(data) // 4 * -4, b"\0")
def nest(kind, *attrs):
    return attr(1 << 15 | kind, b"".join(attrs))
port = struct.pack(">H", 4500)
of = nest(1, nest(1, *(attr(i + 1, socket.inet_aton(a)) for i, a in enumerate(sys.argv[1:]))),
          nest(2, attr(1, b"\x11"), attr(2, port), attr(3, port)))
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("=IHHIIBBH", 20 + len(of), 1 << 8 | 2, 5, 1, 0, 2, 0, 0) + of)
raise SystemExit(-struct.unpack_from("=i", s.recv(4096), 16)[0])' "$1" 192.168.20.2
}

# vip HOST [FAMILY]: the virtual address that it was given
vip() {
	local net=10.3.0.0/24
	[[ ${2:-4} == 4 ]] || net=fd03::/64
	ip -n "${NS[$1]}" -o addr show to "$net" | awk '{ sub("/.*", "", $4); print $4; exit }'
}

# both HOST: a pair for each family
both() {
	pair "$1" "$(vip "$1")" g 192.168.2.1
	pair "$1" "$(vip "$1" 6)" g fd01:2::1
}

stream_of() {
	local pairs
	mapfile -t pairs < <(both "$1")
	stream_start "$1" "${pairs[@]}" "${@:2}"
}

traffic_of() {
	local pairs
	mapfile -t pairs < <(both "$1")
	streamed "${pairs[@]}"
}

# connect HOST CONNECTION
connect() {
	check initiate swan "$1" --initiate --ike "$2" --child vpn --timeout 20 ||
		{ show_logs; return 1; }
	[[ $(vip "$1") && $(vip "$1" 6) ]] ||
		{ ip -n "${NS[$1]}" addr; T_RC=1; return 1; }
}

# leave HOST CONNECTION: with all that was set up for it
leave() {
	check terminate swan "$1" --terminate --ike "$2"
	check "its SAs go" busywait 10 sas_are "$1" 0
	equal "virtual addresses" "$(vip "$1")$(vip "$1" 6)" ''
	equal "routes" "$(on "$1" ip route show table 220)" ''
}

no_harm() {
	check "clear text" nothing_clear
	check "drops" no_drops
}

# spis HOST: the SPIs of its SAs
spis() {
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		on "$1" nfipsec sa list
	else
		on "$1" ip xfrm state
	fi | grep -o 'spi 0x[0-9a-f]*' | sort
}

# in_udp HOST [WHAT]: all its SAs are, with that in their line
in_udp() {
	local n
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		n=$(on "$1" nfipsec sa list | grep -c "encap.*${2:-}")
	else
		n=$(on "$1" ip xfrm state | grep -c "encap.*${2:-}")
	fi
	((n == $(sas "$1")))
}

# straight DRIVER...: the virtual addresses are what a sends from
straight() {
	daemons "$1" "$1" "$2" || return 1
	connect a direct || return 1
	check "the route's source" pings a 192.168.2.1 3 || show_logs
	check "of IPv6" pings a fd01:2::1 3
	equal "source" "$(on a ip route get 192.168.2.1 | sed -n 's/.* src \([^ ]*\).*/\1/p')" \
		"$(vip a)"
	check "both ways" traffic_of a || show_logs
	refute "not in UDP" in_udp g
	no_harm
}

# moved: to another address, and back. What is sent while no address is left is
# lost, and nothing afterwards; SAs stay what they are.
moved() {
	local was at way
	# or that would be another one to go to
	ip -n "${NS[a]}" addr del fd10::2/128 dev eth0
	was=$(spis g)
	for way in '192.168.10.22 192.168.10.2' '192.168.10.2 192.168.10.22'; do
		at=${way% *}
		check traffic stream_of a grace=500 || return 1
		ip_batch a <<-LINES
			addr add $at/32 dev eth0
			addr del ${way#* }/32 dev eth0
		LINES
		check "g sees it" busywait 20 g_sends_to "$at" || show_logs
		stream_stop a >/dev/null
		equal "nothing twice" "$(grep -c ' twice 0 late .* wrong 0' "$TMP/stream.a")" 4 ||
			cat "$TMP/stream.a"
		check "nothing lost from now on" traffic_of a || show_logs
	done
	equal "the same SAs" "$(spis g)" "$was" || show_logs
	check "clear text" nothing_clear
	counts_anew
	ip -n "${NS[a]}" addr add fd10::2/128 dev eth0 nodad
}

# g_sends_to ADDRESS: of a client
g_sends_to() {
	if [[ ${DRIVER[g]} == nfipsec ]]; then
		on g nfipsec sa list
	else
		on g ip xfrm state
	fi | grep -q "dst $1\$"
}

over_ipv6() {
	leave a direct
	connect a six || return 1
	check "both ways" traffic_of a || show_logs
	no_harm
	leave a six
}

# natted: both clients behind one address
natted() {
	local h
	nat 61001
	forget_mappings
	connect a direct && connect c direct || return 1
	for h in a c g; do
		check "$h: in UDP" in_udp "$h" || show_logs
	done
	equal "SAs" "$(sas g)" 4
	check "traffic of a" stream_of a || return 1
	check "traffic of c" stream_of c || return 1
	rekey g
	check "nothing lost of a" stream_stop a || show_logs
	check "nothing lost of c" stream_stop c
	no_harm
}

# rekey HOST: all of its children
rekey() {
	local before
	before=$(child_id a vpn)
	check rekey swan "$1" --rekey --child vpn
	check "a new one" busywait 10 child_is_not a vpn "$before" || show_logs
	check "the old SAs go" busywait 20 sas_are g 4
}

# mapped: a has another port of the NAT from now on. What g sends there before it
# sees that is lost, and nothing from a is, but a few by XFRM, whose SAs are deleted
# and added anew for that; SAs stay what they are, and of c nothing is lost.
mapped() {
	local was lost=0
	[[ ${DRIVER[g]} == nfipsec ]] || lost='[0-9]{1,2}'
	was=$(spis g)
	check "traffic of a" stream_of a || return 1
	check "traffic of c" stream_of c || return 1
	check "another port" nat 61011
	check "from now on" forget_mapping 192.168.10.2
	check "g sees it" busywait 20 g_sends_to_port 61011 || show_logs
	stream_stop a >/dev/null
	equal "nothing lost of a" "$(grep -cE "^($(vip a)|$(vip a 6)) .* sent [0-9]+ lost $lost " \
		"$TMP/stream.a")" 2 || cat "$TMP/stream.a"
	[[ ${DRIVER[g]} != nfipsec ]] || check "of g, at once" at_once ||
		cat "$TMP/stream.a"
	equal "nothing twice" "$(grep -c ' twice 0 late .* wrong 0' "$TMP/stream.a")" 4 ||
		cat "$TMP/stream.a"
	check "nothing lost from now on" traffic_of a || show_logs
	check "nothing lost of c" stream_stop c
	equal "the same SAs" "$(spis g)" "$was" || show_logs
	check "clear text" nothing_clear
	counts_anew
}

# g_sends_to_port PORT: of a client. The SA that receives from there is moved first.
g_sends_to_port() {
	if [[ ${DRIVER[g]} == nfipsec ]]; then
		on g nfipsec sa list
	else
		on g ip xfrm state
	fi | grep -q "encap.* dport $1\b"
}

# at_once: what g sent and did not arrive was sent within a second, without anything
# between that did: from when the old mapping went until the first packet by the new
# one was authenticated, and the daemon had heard of it
at_once() {
	awk -v most=$((1000 * NFIPSEC_TEST_SLOW)) '
		/^# (192\.168\.2\.1|fd01:2::1) .* lost / {
			split($10, ms, "-")
			bad += lost[$2]++ || ms[2] - ms[1] > most
		}
		END { exit bad > 0 }' "$TMP/stream.a"
}

# natted_twice: g is behind one, too
natted_twice() {
	leave a direct
	leave c direct
	nat_too
	connect a natted && connect c natted || return 1
	check "a: in UDP" in_udp a
	check "g: in UDP" in_udp g
	check "traffic of a" stream_of a || return 1
	check "traffic of c" traffic_of c || show_logs
	rekey a
	check "nothing lost of a" stream_stop a || show_logs
	no_harm
	leave a natted
	leave c natted
	check "nothing left" busywait 10 sas_are g 0
	no_nat
}

ike_setup
need stream python3
topology
plan 18
for ends in 'nfipsec xfrm' 'xfrm nfipsec' 'nfipsec nfipsec'; do
	name=${ends/ / - }
	# shellcheck disable=SC2086 # two words
	run "virtual addresses, $name" straight $ends
	run "to another address and back, $name" moved
	run "over IPv6, $name" over_ipv6
	run "two clients behind a NAT, $name" natted
	run "its mapping changes, $name" mapped
	run "NAT at both ends, $name" natted_twice
done
finish
