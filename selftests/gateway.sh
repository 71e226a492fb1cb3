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

need ip nsenter probe ping nft python3 conntrack
load_module nfipsec
topology
plan 9
modprobe -q br_netfilter 2>/dev/null || :
BRIDGE=/proc/sys/net/bridge
if [[ -e $BRIDGE/bridge-nf-call-iptables ]]; then
	on gw bash -c "echo 1 >$BRIDGE/bridge-nf-call-iptables
		echo 1 >$BRIDGE/bridge-nf-call-ip6tables"
	BEHIND=behind_bridge CLEAR=clear_from_bridge NAT=translated_from_bridge
else
	BEHIND=no_bridge CLEAR=no_bridge NAT=no_bridge
fi
run "host behind a bridge, IPv4" "$BEHIND" 4
run "host behind a bridge, IPv6" "$BEHIND" 6
run "clear traffic by a bridge, IPv4" "$CLEAR" 4 1
run "clear traffic by a bridge, IPv6" "$CLEAR" 6 any
run "clear traffic by a bridge and NAT, IPv4" "$NAT" 4 FAR icmp
run "clear traffic by a bridge and NAT, IPv6" "$NAT" 6 '[FAR]' icmpv6
run "narrow link on the way, IPv4" narrow_link 4
run "narrow link on the way, IPv6" narrow_link 6
run "ipvlan takes it to another host" ipvlan
finish
