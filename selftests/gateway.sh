#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A gateway whose hosts stand behind a bridge that br_netfilter shows to IP's
# hooks, and whose peer stands behind a router with a narrow link.
#
#      h1 --------- br0 gw ============= r ============= far
#  192.168.1.2  192.168.1.1  10.1.0.1       10.2.0.2   192.168.2.2
#   fd00:1::2    fd00:1::1   fd01::1  1300  fd02::2     fd00:2::2
#      h2 ---------- |
#  192.168.1.3, fd00:1::3
#
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HEARING=()

topology() {
	hosts h1 h2 h3 gw r far
	wire h1 eth0 gw port
	wire h2 eth0 gw port2
	wire gw wan r left
	wire r right far wan 1300
	for h in gw r; do
		on "$h" bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
			echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	done
	ip_batch h1 <<-LINES
		addr add 192.168.1.2/24 dev eth0
		addr add fd00:1::2/64 dev eth0 nodad
		route add default via 192.168.1.1
		route add default via fd00:1::1
	LINES
	ip_batch h2 <<-LINES
		addr add 192.168.1.3/24 dev eth0
		addr add fd00:1::3/64 dev eth0 nodad
		route add default via 192.168.1.1
		route add default via fd00:1::1
	LINES
	ip_batch gw <<-LINES
		link add br0 type bridge
		link set port master br0
		link set port2 master br0
		link set br0 up
		addr add 192.168.1.1/24 dev br0
		addr add fd00:1::1/64 dev br0 nodad
		addr add 10.1.0.1/24 dev wan
		addr add fd01::1/64 dev wan nodad
		route add default via 10.1.0.9
		route add default via fd01::9
	LINES
	ip_batch r <<-LINES
		addr add 10.1.0.9/24 dev left
		addr add fd01::9/64 dev left nodad
		addr add 10.2.0.9/24 dev right
		addr add fd02::9/64 dev right nodad
		route add 192.168.1.0/24 via 10.1.0.1
		route add fd00:1::/64 via fd01::1
		route add 192.168.2.2 via 10.2.0.2
		route add fd00:2::2 via fd02::2
	LINES
	ip_batch far <<-LINES
		addr add 192.168.2.2/32 dev lo
		addr add fd00:2::2/128 dev lo nodad
		addr add 10.2.0.2/24 dev wan
		addr add fd02::2/64 dev wan nodad
		route add default via 10.2.0.9
		route add default via fd02::9
	LINES
}

# tunnel 4|6: between the networks of that family, over that family
tunnel() {
	clear_all gw nfipsec && clear_all far nfipsec || return 1
	if [[ $1 == 4 ]]; then
		set -- 192.168.1.0/24 192.168.2.0/24 10.1.0.1 10.2.0.2
	else
		set -- fd00:1::/64 fd00:2::/64 fd01::1 fd02::2
	fi
	protect gw nfipsec "$1" "$2" "$3" "$4" tunnel aes128gcm16 0x3001 0x3002 &&
		protect far nfipsec "$2" "$1" "$4" "$3" tunnel aes128gcm16 \
			0x3002 0x3001
}

behind_bridge() {
	local to=192.168.2.2
	[[ $1 == 4 ]] || to=fd00:2::2
	tunnel "$1" || return 1
	check "ping from behind the bridge" busywait 5 on h1 ping -q -n -c 1 -W 1 "$to"
	check "it left as ESP" test "$(counter gw out_ok)" -gt 0
	check "its answer came as ESP" test "$(counter gw in_ok)" -gt 0
	# without a key nothing leaves: not in the clear either
	apply gw nfipsec <<<"sa flush"
	refute "ping without an SA" on h1 ping -q -n -c 1 -W 1 "$to"
	check "it was dropped" test "$(counter gw out_no_sa)" -gt 0
}

# What comes by the bridge is judged like everything that comes
clear_from_bridge() {
	local h1=192.168.1.2 gw=192.168.1.1 far=192.168.2.2
	[[ $1 == 4 ]] || { h1=fd00:1::2 gw=fd00:1::1 far=fd00:2::2; }
	local before
	clear_all gw nfipsec && clear_all far nfipsec || return 1
	check "ping while no policy minds" busywait 5 on h1 ping -q -n -c 1 -W 1 "$gw"
	apply gw nfipsec <<-LINES
		policy add dir in src $h1 dst $gw proto $2 action discard
		policy add dir in src $h1 dst $far proto $2 action discard
	LINES
	before=$(counter gw in_discard)
	refute "ping to the gateway" on h1 ping -q -n -c 1 -W 1 "$gw"
	check "counted once" test "$(counter gw in_discard)" -eq $((before + 1))
	refute "ping through the gateway" on h1 ping -q -n -c 1 -W 1 "$far"
	check "counted once" test "$(counter gw in_discard)" -eq $((before + 2))
}

# Python for a host that takes and ends whatever comes to TCP port 7
TAKES='
import socket, sys
with socket.create_server((sys.argv[1], 7), family=int(sys.argv[2])) as s:
    print("ready", flush=True)
    while True:
        s.accept()[0].close()
'

# taker HOST ADDRESS FAMILY
taker() {
	: >"$TMP/taker.$1"
	on "$1" python3 -c "$TAKES" "$2" "$3" >"$TMP/taker.$1" &
	PIDS+=($!)
	check "server on $1" busywait 60 grep -q ready "$TMP/taker.$1"
}

# reaches HOST ADDRESS PORT [SECONDS]
reaches() {
	on "$1" timeout "${4:-1}" bash -c ": </dev/tcp/$2/$3"
}

# counted_more HOST COUNTER BEFORE
counted_more() {
	(($(counter "$1" "$2") > $3))
}

# in_discard, once one more is counted than before
discarded() {
	counted_more gw in_discard "$1"
}

# refused BEFORE HOST ADDRESS PORT: try once more where nothing was counted, which
# is so if that second was over before there was a SYN
refused() {
	discarded "$1" && return
	refute "$2 to $4" reaches "$2" "$3" "$4"
	discarded "$1"
}

# kept_off BEFORE HOST ADDRESS PORT: by policy
kept_off() {
	refute "$2 to $4" reaches "$2" "$3" "$4"
	check "$2 to $4: counted" busywait 10 refused "$@"
}

# Python for a SYN from and to such an address and port, behind more headers than
# nfipsec reads; conntrack reads all of them
HIDDEN='
import socket, struct, sys
src, dst = (socket.inet_pton(socket.AF_INET6, a) for a in sys.argv[1:3])
def syn(check):
    return struct.pack("!HHIIBBHHH", 4242, int(sys.argv[3]), 1, 0, 0x50, 2, 1024, check, 0)
total = sum(struct.unpack("!30H", src + dst + struct.pack("!II", 20, 6) + syn(0)))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
heads = b"".join(bytes([n, 0, 1, 4, 0, 0, 0, 0]) for n in [60] * 16 + [6])
body = heads + syn(total ^ 0xffff)
with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
    s.sendto(struct.pack("!IHBB", 6 << 28, len(body), 60, 64) + src + dst + body,
             (sys.argv[2], 0))
'

# Python for a fragment from and to such an address, of a datagram with such an
# identification to port 7007: the first, the last, or one that looks like the last,
# with the same sum
PIECE='
import socket, struct, sys
src, dst, ident, which = sys.argv[1:5]
six = ":" in src
family = socket.AF_INET6 if six else socket.AF_INET
ends = [socket.inet_pton(family, a) for a in (src, dst)]
data = b"\1\2\3\4" * 20
udp = struct.pack("!HHHH", 7, 7007, 8 + len(data), 0)
pseudo = b"".join(ends) + struct.pack("!II", len(udp + data), 17)
total = sum(struct.unpack("!%dH" % (len(pseudo + udp + data) // 2), pseudo + udp + data))
while total >> 16:
    total = (total & 0xffff) + (total >> 16)
whole = udp[:6] + struct.pack("!H", total ^ 0xffff) + data
part = whole[:48] if which == "first" else whole[48:]
if which == "forged":
    part = part[:-4] + part[-2:] + part[-4:-2]
off, more = (0, 1) if which == "first" else (48, 0)
if six:
    body = struct.pack("!BBHI", 17, 0, off | more, int(ident)) + part
    head = struct.pack("!IHBB", 6 << 28, len(body), 44, 64) + b"".join(ends)
else:
    body = part
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), int(ident),
                       more << 13 | off >> 3, 64, 17, 0) + b"".join(ends)
with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.sendto(head + body, (dst, 0))
'

# Python for a host that tells the lengths and ends of datagrams to such an address,
# port 7007; of a VRF, or to a group by the interface with such an address
ENDS='
import socket, sys
to, vrf, link = sys.argv[1:4]
with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET,
                   socket.SOCK_DGRAM) as s:
    if vrf:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, vrf.encode())
    if link:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     socket.inet_aton(to) + socket.inet_aton(link))
    s.bind((to, 7007))
    print("ready", flush=True)
    while True:
        data = s.recv(9000)
        print(len(data), data[-4:].hex(), flush=True)
'

# hears HOST ADDRESS [VRF [LINK]]: what comes is in $TMP/ends.HOST from now on
hears() {
	: >"$TMP/ends.$1"
	# not by a function, the process of which would be what is killed
	nsenter --net="/run/netns/${NS[$1]}" -- \
		python3 -c "$ENDS" "$2" "${3:-}" "${4:-}" >"$TMP/ends.$1" &
	HEARING+=($!)
	PIDS+=($!)
	check "$1 hears" busywait 60 grep -q ready "$TMP/ends.$1"
}

# heard HOST [LINE]
heard() {
	grep -qx "${2:-[0-9]* [0-9a-f]*}" "$TMP/ends.$1"
}

deaf() {
	kill "${HEARING[@]}"
	wait "${HEARING[@]}" 2>/dev/null
	HEARING=()
}

# piece HOST ADDRESS ADDRESS IDENTIFICATION WHICH
piece() {
	check "$5 fragment" on "$1" python3 -c "$PIECE" "${@:2}"
}

# completed_by_none ADDRESS ADDRESS HOST [VRF]: HOST, which may send nothing of the kind
# by the bridge, or only by itself, sends the end of a datagram that comes out of an SA
completed_by_none() {
	local before
	hears gw "$2" "${4:-}" || return 1
	piece "$3" "$1" "$2" 77 forged
	before=$(counter gw in_ok)
	piece far "$1" "$2" 77 first
	check "the first one came" busywait 10 counted_more gw in_ok "$before"
	piece far "$1" "$2" 77 last
	check "a datagram came" busywait 10 heard gw
	equal "what came" "$(grep -v ready "$TMP/ends.gw")" "80 01020304"
	deaf
}

# What a host behind the bridge may not send in the clear, or what nobody judges as a
# fragment, completes nothing that was protected
fragments_by_bridge() {
	local src=192.168.2.2 h1=192.168.1.2 gw=192.168.1.1 nets='src 192.168.2.0/24 dst 192.168.1.0/24'
	local tmpl='src 10.2.0.2 dst 10.1.0.1'
	[[ $1 == 4 ]] || {
		src=fd00:2::2 h1=fd00:1::2 gw=fd00:1::1 nets='src fd00:2::/64 dst fd00:1::/64'
		tmpl='src fd02::2 dst fd01::1'
	}
	tunnel "$1" || return 1
	[[ $2 != link ]] || apply gw nfipsec <<-LINES || return 1
		policy del dir in $nets
		policy add dir in $nets iif br0 action bypass
		policy add dir in $nets action protect tmpl $tmpl proto esp mode tunnel
	LINES
	# so that nothing waits for a neighbour
	check "h1 reaches the bridge" busywait 5 on h1 ping -q -n -c 1 -W 1 "$gw"
	[[ $2 != broadcast ]] || gw=192.168.1.255
	completed_by_none "$src" "$gw" h1 "${3:-}" || T_RC=1
	clear_all gw nfipsec
}

# vrf_of_bridge: of br0 and the link to the peer
vrf_of_bridge() {
	modprobe -q vrf 2>/dev/null
	if ! ip -n "${NS[gw]}" link add v type vrf table 10 2>"$TMP/err"; then
		cat "$TMP/err"
		lacking "$TMP/err" && return "$KSFT_SKIP"
		return 1
	fi
	ip_batch gw <<-LINES
		link set v up
		link set br0 master v
		link set wan master v
		addr replace fd00:1::1/64 dev br0 nodad
		addr replace fd01::1/64 dev wan nodad
	LINES
}

fragments_by_bridge_in_vrf() {
	if ! ip -n "${NS[gw]}" link show v >/dev/null 2>&1; then
		vrf_of_bridge || return
	fi
	fragments_by_bridge "$1" "$2" v
}

# vlans PORT VID WORD...: a port is in that VLAN alone, as bridge(8) says how, and the bridge
# knows VLANs
vlans() {
	modprobe -q 8021q 2>/dev/null
	if ! ip -n "${NS[gw]}" link set br0 type bridge vlan_filtering 1 mcast_snooping 0 2>"$TMP/err"; then
		cat "$TMP/err"
		lacking "$TMP/err" && return "$KSFT_SKIP"
		return 1
	fi
	bridge -n "${NS[gw]}" vlan del dev "$1" vid 1
	bridge -n "${NS[gw]}" vlan add dev "$1" vid "${@:2}"
}

no_vlans() {
	local port
	ip -n "${NS[gw]}" link set br0 type bridge vlan_filtering 0 mcast_snooping 1
	for port in port port2; do
		bridge -n "${NS[gw]}" vlan del dev "$port" vid 2-99
		bridge -n "${NS[gw]}" vlan add dev "$port" vid 1 pvid untagged
	done
}

# A VLAN of the bridge is the interface that policy means
fragments_by_vlan() {
	local vid before
	vlans port 10 pvid untagged && vlans port2 20 pvid untagged || return
	for vid in 10 20; do
		bridge -n "${NS[gw]}" vlan add dev br0 vid "$vid" self
		ip_batch gw <<-LINES
			link add link br0 name br0.$vid type vlan id $vid
			link set br0.$vid up
			addr add 192.168.$vid.1/24 dev br0.$vid
		LINES
	done
	ip -n "${NS[h1]}" addr add 192.168.10.2/24 dev eth0
	ip_batch h2 <<-LINES
		addr add 192.168.20.2/24 dev eth0
		route add 192.168.10.1/32 via 192.168.20.1
	LINES
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src 192.168.10.2 dst 192.168.10.1 proto udp iif br0.10 action bypass
		policy add dir in src 192.168.10.2 dst 192.168.10.1 proto udp action discard
	LINES
	check "h1 reaches its VLAN" busywait 5 on h1 ping -q -n -c 1 -W 1 192.168.10.1
	check "h2 reaches its VLAN" busywait 5 on h2 ping -q -n -c 1 -W 1 192.168.20.1
	hears gw 192.168.10.1 || return 1
	before=$(counter gw in_discard)
	piece h2 192.168.10.2 192.168.10.1 78 forged
	check "the forged one is dropped" busywait 10 discarded "$before"
	piece h1 192.168.10.2 192.168.10.1 78 first
	piece h1 192.168.10.2 192.168.10.1 78 last
	check "a datagram came" busywait 10 heard gw
	equal "what came" "$(grep -v ready "$TMP/ends.gw")" "80 01020304"
	deaf
	clear_all gw nfipsec
	ip_batch gw <<-LINES
		link del br0.10
		link del br0.20
	LINES
	ip -n "${NS[h1]}" addr del 192.168.10.2/24 dev eth0
	ip -n "${NS[h2]}" addr del 192.168.20.2/24 dev eth0
	no_vlans
}

# comes SIZE HOST ADDRESS: a ping of that size
comes() {
	check "ping of $1 from $2 to $3" busywait 5 on "$2" ping -q -n -c 1 -W 1 -s "$1" "$3"
}

# Fragments that may come do: to this host, in the clear and out of an SA, and to another
# by it, also where policy has to see the whole
fragments_come() {
	local h1=192.168.1.2 gw=192.168.1.1 far=192.168.2.2 r=10.1.0.9 proto=icmp echo=8 other=5 before
	[[ $1 == 4 ]] || {
		h1=fd00:1::2 gw=fd00:1::1 far=fd00:2::2 r=fd01::9
		proto=ipv6-icmp echo=128 other=137
	}
	[[ $2 == alone ]] || on gw nft -f - <<-RULES || return 1
		table inet c {
			chain in {
				type filter hook input priority filter
				ct state invalid drop
			}
		}
	RULES
	tunnel "$1" || return 1
	comes 3000 h1 "$gw"
	before=$(counter gw in_frag_opaque)
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src $h1 dst $gw iif br0 action bypass
		policy add dir in src $h1 dst $gw action discard
	LINES
	comes 3000 h1 "$gw"
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src $h1 dst $gw proto $proto type $echo action bypass
		policy add dir in src $h1 dst $gw proto $proto type $other action discard
		policy add dir in src $h1 dst $r proto $proto type $echo action bypass
		policy add dir in src $h1 dst $r proto $proto type $other action discard
	LINES
	comes 3000 h1 "$gw"
	comes 3000 h1 "$r"
	# without ports or types nobody else puts fragments together
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src $h1 dst $gw proto $proto action bypass
		policy add dir in src $h1 dst $gw proto udp action discard
		policy add dir in src $h1 dst $r proto $proto action bypass
		policy add dir in src $h1 dst $r proto udp action discard
	LINES
	comes 3000 h1 "$gw"
	comes 3000 h1 "$r"
	equal "in_frag_opaque" "$(counter gw in_frag_opaque)" "$before"
	before=$(counter gw in_discard)
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src $h1 dst $gw proto $proto type $echo action discard
	LINES
	refute "ping with policy against it" on h1 ping -q -n -c 1 -W 1 -s 3000 "$gw"
	equal "in_discard" "$(counter gw in_discard)" $((before + 1))
	clear_all gw nfipsec
	[[ $2 == alone ]] || on gw nft flush ruleset
}

# Python for what a host sends to such a group by the interface with such an address
SHOUT='
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[2]))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    s.sendto(b"\1\2\3\4" * 1000, (sys.argv[1], 7007))
'

# What the bridge has for others is no business of policy, nor is anything of it changed:
# from an access port to another, and to a trunk
fragments_pass() {
	local group=239.1.2.3 at=192.168.1.3 action before
	clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
		policy add dir in src 192.168.1.2 dst 192.168.1.3 action discard
		policy add dir in src fd00:1::2 dst fd00:1::3 action discard
	LINES
	comes 3000 h1 192.168.1.3
	comes 3000 h1 fd00:1::3
	if [[ $1 == trunk ]]; then
		vlans port2 1 || return
		at=192.168.3.3
		ip_batch h2 <<-LINES
			link add link eth0 name eth0.1 type vlan id 1
			link set eth0.1 up
			addr add $at/24 dev eth0.1
		LINES
	else
		ip -n "${NS[gw]}" link set br0 type bridge mcast_snooping 0
	fi
	for action in discard bypass; do
		clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
			policy add dir in src 192.168.1.2 dst $group action $action
			policy add dir in src 192.168.1.9 dst $group action discard
		LINES
		hears h2 "$group" "" "$at" || return 1
		hears gw "$group" "" 192.168.1.1 || return 1
		before=$(counter gw in_discard)
		on h1 python3 -c "$SHOUT" "$group" 192.168.1.2
		check "$action: h2 hears" busywait 10 heard h2 "4000 01020304"
		if [[ $action == bypass ]]; then
			check "gw hears" busywait 10 heard gw "4000 01020304"
		else
			check "gw's are dropped" busywait 10 discarded "$before"
			refute "gw hears in spite of policy" heard gw
		fi
		deaf
	done
	clear_all gw nfipsec
	if [[ $1 == trunk ]]; then
		ip -n "${NS[h2]}" link del eth0.1
		no_vlans
	else
		ip -n "${NS[gw]}" link set br0 type bridge mcast_snooping 1
	fi
}

# Policy sees where a packet was sent, and not where NAT has it go: to a host behind
# another interface, to this one, or back by the bridge; and answers likewise
translated_from_bridge() {
	local h1=192.168.1.2 h2=192.168.1.3 gw=192.168.1.1 far=192.168.2.2 call port
	local tables=iptables af=2 error=3 any=0.0.0.0 ip=ip before
	[[ $1 == 4 ]] || {
		h1=fd00:1::2 h2=fd00:1::3 gw=fd00:1::1 far=fd00:2::2
		tables=ip6tables af=10 error=1 any=:: ip=ip6
	}
	clear_all gw nfipsec && clear_all far nfipsec || return 1
	on gw nft -f - <<-RULES || return 1
		table $ip n {
			chain pre {
				type nat hook prerouting priority dstnat
				iifname br0 $ip daddr $gw tcp dport 8080 dnat to ${2/FAR/$far}:7
				iifname br0 $ip daddr $gw tcp dport 8081 redirect to :7
				iifname br0 $ip daddr $gw tcp dport 8082 dnat to ${2/FAR/$h2}:7
			}
			chain post {
				type nat hook postrouting priority srcnat
				iifname wan oifname br0 masquerade
			}
		}
	RULES
	for port in h1 h2 gw far; do
		taker "$port" "$any" "$af"
	done
	for port in 8080 8081 8082; do
		check "h1 to $port while no policy minds" busywait 5 reaches h1 "$gw" "$port" 2
	done
	check "far to h1 while no policy minds" busywait 5 reaches far "$h1" 7 2
	for call in 1 0; do
		on gw bash -c "echo $call >$BRIDGE/bridge-nf-call-$tables"
		clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
			policy add dir in src $h1 dst $gw proto tcp dport 8080-8082 action discard
		LINES
		for port in 8080 8081 8082; do
			kept_off "$(counter gw in_discard)" h1 "$gw" "$port"
		done
		if [[ $1 == 6 ]]; then
			before=$(counter gw in_header)
			on h1 python3 -c "$HIDDEN" "$h1" "$gw" 8082 || return 1
			check "too many headers: counted" busywait 5 \
				counted_more gw in_header "$before"
			on gw conntrack -F 2>/dev/null
		fi
		# of what it was before NAT there is nothing else to say
		clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
			policy add dir in src $h1 dst $gw proto tcp sport 7 action discard
		LINES
		kept_off "$(counter gw in_discard)" far "$h1" 7
		# without that one, or a SYN-ACK of h1, sent again, counts as well
		clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
			policy add dir in src $h1 dst $gw proto $3 type $error action discard
		LINES
		before=$(counter gw in_discard)
		on far bash -c "echo >/dev/udp/$h1/9"
		check "error of h1: counted" busywait 5 discarded "$before"
		# nor of what it is behind it
		clear_all gw nfipsec && apply gw nfipsec <<-LINES || return 1
			policy add dir in src $h1 dst $h2 proto tcp action discard
			policy add dir in src $h1 dst $far proto tcp action discard
			policy add dir in src $h1 dst $gw proto tcp dport 7 action discard
		LINES
		for port in 8080 8081; do
			check "h1 to $port, no policy" reaches h1 "$gw" "$port" 5
		done
	done
	on gw bash -c "echo 1 >$BRIDGE/bridge-nf-call-$tables"
	check "bridged, no policy" reaches h1 "$gw" 8082 5
	check "only bridged" reaches h1 "$h2" 7 5
	on gw nft flush ruleset
}

# ESP for the XFRM of a host that ipvlan takes it to, in L3S mode, is not for this one,
# though it comes to LOCAL_IN here
ipvlan() {
	modprobe -qa ipvlan esp4 esp6 xfrm_user 2>/dev/null
	clear_all gw nfipsec && tunnel 4 || return 1
	if ! ip -n "${NS[gw]}" link add ipv link wan netns "${NS[h3]}" type ipvlan mode l3s 2>"$TMP/err"; then
		cat "$TMP/err"
		lacking "$TMP/err" && return "$KSFT_SKIP"
		return 1
	fi
	ip_batch h3 <<-LINES
		link set ipv up
		addr add 10.1.0.5/24 dev ipv
		addr add fd01::5/64 dev ipv nodad
	LINES
	ip_batch r <<-LINES
		route add 10.1.0.5 via 10.1.0.1
		route add fd01::5 via fd01::1
	LINES
	check "ping in the clear" busywait 5 on r ping -q -n -c 1 -W 1 10.1.0.5
	check "ping in the clear" busywait 5 on r ping -q -n -c 1 -W 1 fd01::5
	protect r xfrm 10.1.0.9 10.1.0.5 10.1.0.9 10.1.0.5 transport \
		aes128gcm16 0x4001 0x4002 &&
		protect h3 xfrm 10.1.0.5 10.1.0.9 10.1.0.5 10.1.0.9 transport \
			aes128gcm16 0x4002 0x4001 &&
		protect r xfrm fd01::9 fd01::5 fd01::9 fd01::5 transport \
			aes128gcm16 0x4003 0x4004 &&
		protect h3 xfrm fd01::5 fd01::9 fd01::5 fd01::9 transport \
			aes128gcm16 0x4004 0x4003 || return 1
	check "ping through XFRM" busywait 5 on r ping -q -n -c 1 -W 1 10.1.0.5
	check "ping through XFRM" busywait 5 on r ping -q -n -c 1 -W 1 fd01::5
	equal "in_no_sa" "$(counter gw in_no_sa)" 0
	ip -n "${NS[h3]}" link del ipv
}

no_bridge() {
	echo "no br_netfilter in this kernel"
	return "$KSFT_SKIP"
}

# told ADDRESS: h1 sends what is too large and then knows a path MTU of 12xx
told() {
	on h1 ping -q -n -c 1 -W 1 -M "do" -s 1330 "$1" && return 1
	ip -n "${NS[h1]}" route get "$1" | grep -q 'mtu 12[0-9][0-9]'
}

# The router says that ESP packets are too big for the link behind it; the
# host that sent what is in them is told what is left of it. (IPv6 never goes
# below 1280: the ESP packets are then fragmented.)
narrow_link() {
	local h1=192.168.1.2 far=192.168.2.2
	[[ $1 == 4 ]] || { h1=fd00:1::2 far=fd00:2::2; }
	tunnel "$1" || return 1
	check "host is told" busywait 10 told "$far"
	check "traffic" "$TOOLS/probe" A="${NS[h1]},$h1" B="${NS[far]},$far" \
		wire="${NS[r]},right,esp" ping=0,1000,1200 tcp=50000
}

need ip nsenter probe ping nft python3 conntrack bridge
load_module nfipsec
topology
modprobe -q br_netfilter 2>/dev/null || :
BRIDGE=/proc/sys/net/bridge
if [[ -e $BRIDGE/bridge-nf-call-iptables ]]; then
	on gw bash -c "echo 1 >$BRIDGE/bridge-nf-call-iptables
		echo 1 >$BRIDGE/bridge-nf-call-ip6tables"
	BEHIND=behind_bridge CLEAR=clear_from_bridge NAT=translated_from_bridge
	PIECES=fragments_by_bridge VLANS=fragments_by_vlan VRF=fragments_by_bridge_in_vrf
	COME=fragments_come PASS=fragments_pass
else
	BEHIND=no_bridge CLEAR=no_bridge NAT=no_bridge
	PIECES=no_bridge VLANS=no_bridge VRF=no_bridge COME=no_bridge PASS=no_bridge
fi
# All on one kernel; of the others each has one family of a kind, and both in all
CASES=("fragments by a bridge, IPv4|$PIECES 4 any"
	"fragments by a bridge, IPv6|$PIECES 6 any"
	"fragments by a bridge that may send them, IPv6|$PIECES 6 link"
	"fragments by a bridge that may send them, IPv4|$PIECES 4 link"
	"fragments by a bridge to all|$PIECES 4 broadcast"
	"fragments by VLANs of a bridge|$VLANS"
	"fragments by a bridge come, IPv6|$COME 6 alone"
	"fragments by a bridge come, IPv4|$COME 4 alone"
	"fragments pass a bridge|$PASS access"
	"fragments pass a bridge to a trunk|$PASS trunk"
	"fragments by a bridge come, conntrack, IPv4|$COME 4 conntrack"
	"fragments by a bridge come, conntrack, IPv6|$COME 6 conntrack")
VRFS=("fragments by a bridge in a VRF, IPv6|$VRF 6 link"
	"fragments by a bridge in a VRF, IPv4|$VRF 4 any")
share CASES
share VRFS
plan $((${#CASES[@]} + ${#VRFS[@]} + 9))
run "host behind a bridge, IPv4" "$BEHIND" 4
run "host behind a bridge, IPv6" "$BEHIND" 6
run "clear traffic by a bridge, IPv4" "$CLEAR" 4 1
run "clear traffic by a bridge, IPv6" "$CLEAR" 6 any
# shellcheck disable=SC2086 # words
for c in "${CASES[@]}"; do
	run "${c%%|*}" ${c#*|}
done
run "clear traffic by a bridge and NAT, IPv4" "$NAT" 4 FAR icmp
run "clear traffic by a bridge and NAT, IPv6" "$NAT" 6 '[FAR]' icmpv6
run "narrow link on the way, IPv4" narrow_link 4
run "narrow link on the way, IPv6" narrow_link 6
run "ipvlan takes it to another host" ipvlan
# the last: they move links into it
# shellcheck disable=SC2086 # words
for c in "${VRFS[@]}"; do
	run "${c%%|*}" ${c#*|}
done
finish
