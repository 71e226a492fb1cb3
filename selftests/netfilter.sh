#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Rules of the host in the way: they must see what they would see of the same
# packets in the clear, and nothing may leave in the clear because of them.
#
#     h1 ---------------- gwa ================ gwb ---------------- h2
#  192.168.1.2   192.168.1.1 10.0.0.1   10.0.0.2 192.168.2.1   192.168.2.2
#                            192.168.3.1
#
# usage: netfilter.sh [DRIVER_OF_GWA DRIVER_OF_GWB]
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

topology() {
	local h
	hosts h1 gwa gwb h2
	wire h1 eth0 gwa lan
	wire gwa wan gwb wan
	wire gwb lan h2 eth0
	for h in gwa gwb; do
		on "$h" bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	done
	ip_batch h1 <<-LINES
		addr add 192.168.1.2/24 dev eth0
		route add default via 192.168.1.1
	LINES
	ip_batch gwa <<-LINES
		addr add 192.168.1.1/24 dev lan
		addr add 192.168.3.1/32 dev lo
		addr add 10.0.0.1/24 dev wan
		route add 192.168.2.0/24 via 10.0.0.2
	LINES
	ip_batch gwb <<-LINES
		addr add 192.168.2.1/24 dev lan
		addr add 10.0.0.2/24 dev wan
		route add 192.168.1.0/24 via 10.0.0.1
		route add 192.168.3.0/24 via 10.0.0.1
	LINES
	ip_batch h2 <<-LINES
		addr add 192.168.2.2/24 dev eth0
		route add default via 192.168.2.1
	LINES
}

# start LOCALNET: gwa protects that net's traffic; no rules anywhere
start() {
	local h
	for h in gwa gwb; do
		on "$h" nft flush ruleset || return 1
		on "$h" conntrack -F 2>/dev/null
	done
	clear_all gwa "$DA" && clear_all gwb "$DB" || return 1
	SPI=$((SPI + 2))
	protect gwa "$DA" "$1" 192.168.2.0/24 10.0.0.1 10.0.0.2 tunnel \
		aes128gcm16 "$SPI" $((SPI + 1)) &&
		protect gwb "$DB" 192.168.2.0/24 "$1" 10.0.0.2 10.0.0.1 tunnel \
			aes128gcm16 $((SPI + 1)) "$SPI"
}

traffic() {
	local from=$1 to=$2
	shift 2
	"$TOOLS/probe" A="$from" B="$to" wire="${NS[gwa]},wan,esp" \
		wire="${NS[gwb]},wan,esp" "$@"
}

# rules HOST: nft from standard input
rules() {
	on "$1" nft -f -
}

no_drops() {
	local h bad=''
	[[ $DA == nfipsec ]] && bad=$(drops gwa out_too_big)
	[[ $DB == nfipsec ]] && bad+=$(drops gwb out_too_big)
	[[ ! $bad ]] || { echo "$bad"; return 1; }
}

# Only what belongs to a known connection may come in from behind the tunnel
stateful() {
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table inet f {
			chain forward {
				type filter hook forward priority filter; policy drop
				ct state established,related counter accept
				iifname lan ct state new counter accept
			}
			chain input {
				type filter hook input priority filter; policy drop
				meta l4proto esp accept
				ct state established,related accept
				iifname lo accept
			}
		}
	RULES
	check "from inside" traffic "${NS[h1]},192.168.1.2" "${NS[h2]},192.168.2.2" \
		ping=0,56,1400,3000 udp=1,1000,3000 tcp=200000
	on gwa conntrack -L 2>/dev/null >"$TMP/ct"
	check "a TCP connection is known" grep -q '^tcp .*src=192.168.1.2 dst=192.168.2.2' "$TMP/ct"
	check "ICMP is known" grep -q '^icmp .*src=192.168.1.2' "$TMP/ct"
	refute "answers are not seen" grep -E '^(tcp|udp|icmp) .*src=192.168.1.2 .*UNREPLIED' "$TMP/ct"
	check "connections are confirmed" test "$(on gwa conntrack -C)" -gt 0
	# from outside nothing may begin
	refute "from outside" on h2 ping -q -n -c 1 -W 1 192.168.1.2
	check "the gateway itself" on gwa ping -q -n -c 1 -W 5 -I 192.168.1.1 192.168.2.2
	no_drops
}

# Source NAT comes first: policy is about the translated address
masquerade() {
	start 192.168.3.1/32 || return 1
	rules gwa <<-RULES || return 1
		table ip n {
			chain post {
				type nat hook postrouting priority srcnat
				ip saddr 192.168.1.0/24 ip daddr 192.168.2.0/24 snat to 192.168.3.1
			}
		}
	RULES
	# the answers come to 192.168.3.1, the prober compares with whom it asked
	check "behind NAT" traffic "${NS[h1]},192.168.1.2" "${NS[h2]},192.168.2.2" \
		ping=0,56,1400,3000 tcp=200000
	on gwa conntrack -L 2>/dev/null >"$TMP/ct"
	check "translated" grep -q 'src=192.168.1.2 dst=192.168.2.2 .*src=192.168.2.2 dst=192.168.3.1' "$TMP/ct"
	no_drops
}

# What comes out of the tunnel is redirected
dnat() {
	start 192.168.3.1/32 || return 1
	rules gwa <<-RULES || return 1
		table ip n {
			chain pre {
				type nat hook prerouting priority dstnat
				iifname wan ip daddr 192.168.3.1 tcp dport 7 dnat to 192.168.1.2:7
				iifname wan ip daddr 192.168.3.1 icmp type echo-request dnat to 192.168.1.2
			}
			chain post {
				type nat hook postrouting priority srcnat
			}
		}
	RULES
	check "ping through DNAT" on h2 ping -q -n -c 2 -i 0.1 -W 5 192.168.3.1
	on gwa conntrack -L 2>/dev/null >"$TMP/ct"
	check "translated" grep -q 'src=192.168.2.2 dst=192.168.3.1 .*src=192.168.1.2 dst=192.168.2.2' "$TMP/ct"
	no_drops
}

# Python for a host that sends 300000 bytes to whoever asks at TCP port 7, and waits for
# the end; and for one that asks
ANSWERS='
import socket
s = socket.create_server(("0.0.0.0", 7))
print("ready", flush=True)
c = s.accept()[0]
c.sendall(bytes(300000))
c.recv(1)
'
ASKS='
import socket, sys
s, n = socket.create_connection((sys.argv[1], 7), 10), 0
while n < 300000:
    n += len(s.recv(1 << 16))
print("all", flush=True)
sys.stdin.read()
'

# no_flowtables: where making one alone has the kernel complain
no_flowtables() {
	[[ -e /proc/lockdep_stats ]] || return
	echo "nftables does not hold what lockdep wants for a flowtable"
}

# offload PROTO: gwa forwards what it can of that by a flowtable
offload() {
	rules gwa <<-RULES
		table ip f {
			flowtable t {
				hook ingress priority 0
				devices = { lan, wan }
			}
			chain forward {
				type filter hook forward priority 0
				meta l4proto $1 flow add @t
			}
		}
	RULES
}

# ask SERVER CLIENT ADDR: TCP from one to the other, and whether gwa offloads it
ask() {
	local line server
	: >"$TMP/server"		# of the one before
	on "$1" python3 -c "$ANSWERS" >"$TMP/server" &
	server=$!
	check "server" busywait 10 grep -q ready "$TMP/server"
	coproc CLIENT { on "$2" python3 -c "$ASKS" "$3"; }
	read -r -t $((80 * NFIPSEC_TEST_SLOW)) -u "${CLIENT[0]}" line
	equal "came to $2" "$line" all
	on gwa conntrack -L -p tcp --dport 7 2>/dev/null >"$TMP/ct"
	kill "$server" "$CLIENT_PID" 2>/dev/null
	wait "$server" "$CLIENT_PID" 2>/dev/null
	return 0
}

# What is protected in either direction is forwarded by no flowtable, which would send
# it in the clear; what is not, is.
flowtable() {
	no_flowtables && return "$KSFT_SKIP"
	start "$1" || return 1
	rules gwa <<-RULES || return 1
		table ip n {
			chain pre {
				type nat hook prerouting priority dstnat
				iifname wan ip daddr 192.168.3.1 tcp dport 7 dnat to 192.168.1.2:7
			}
			chain post {
				type nat hook postrouting priority srcnat
				ip saddr 192.168.1.0/24 ip daddr 192.168.2.0/24 $2
			}
		}
		table netdev w {
			counter clear { }
			chain c {
				type filter hook egress device wan priority 0
				ip daddr 192.168.2.2 meta l4proto tcp counter name clear
			}
		}
	RULES
	offload tcp || return 1
	ask h2 h1 192.168.2.2
	check "begun inside" grep -q ESTABLISHED "$TMP/ct"
	refute "begun inside, offloaded" grep OFFLOAD "$TMP/ct"
	ask h1 h2 "$3"
	check "begun outside" grep -q ESTABLISHED "$TMP/ct"
	refute "begun outside, offloaded" grep OFFLOAD "$TMP/ct"
	equal "in the clear" "$(on gwa nft list counter netdev w clear |
		sed -n 's/.*packets \([0-9]*\).*/\1/p')" 0
	no_drops
	ask gwb h1 10.0.0.2
	check "unprotected, offloaded" grep -q OFFLOAD "$TMP/ct"
}

# Python for a host that answers to UDP port 7; and for one that asks
ECHOES='
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7))
print("ready", flush=True)
s.settimeout(30)
data, host = s.recvfrom(100)
while data != b"end":
    s.sendto(data, host)
    data, host = s.recvfrom(100)
'
ASKS_UDP='
import socket, sys
s, n = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0
s.settimeout(float(sys.argv[1]))
for _ in range(8):
    s.sendto(b"ask", ("192.168.2.2", 7))
    try:
        n += len(s.recv(100)) // 3
    except TimeoutError:
        pass
s.sendto(b"end", ("192.168.2.2", 7))
print(n)
'

# one_way [POLICY...]: from answers to what h1 asks, gwa's policy is not kept by
# a flowtable; without one they come, by it
one_way() {
	local echo want=8 patience=$((40 * NFIPSEC_TEST_SLOW))
	no_flowtables && return "$KSFT_SKIP"
	(($#)) && want=0 patience=0.3
	on gwa nft flush ruleset
	on gwa conntrack -F 2>/dev/null
	clear_all gwa "$DA" && clear_all gwb "$DB" || return 1
	on gwa nfipsec policy add dir out src 10.9.9.9 dst 10.9.9.8 action bypass
	(($#)) && on gwa nfipsec policy add "$@" action discard
	offload udp || return 1
	: >"$TMP/echo"
	on h2 python3 -c "$ECHOES" >"$TMP/echo" &
	echo=$!
	check "server" busywait 10 grep -q ready "$TMP/echo"
	equal answers "$(on h1 python3 -c "$ASKS_UDP" "$patience")" "$want"
	on gwa conntrack -L -p udp --dport 7 2>/dev/null >"$TMP/ct"
	if (($#)); then
		refute offloaded grep OFFLOAD "$TMP/ct"
	else
		check offloaded grep -q OFFLOAD "$TMP/ct"
	fi
	check "server's end" wait "$echo"
}

clear_at_wan() {
	on gwa nft list counter netdev w clear | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# A connection through a tunnel whose own packets are protected: a flowtable that makes
# their headers itself would send them in the clear
tunnelled() {
	local echo patience=$((40 * NFIPSEC_TEST_SLOW))
	no_flowtables && return "$KSFT_SKIP"
	modprobe -q ipip || { echo "no ipip"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	clear_all gwa "$DA" && clear_all gwb "$DB" || return 1
	protect gwa "$DA" 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 transport \
		aes128gcm16 0x7a01 0x7a02 &&
		protect gwb "$DB" 10.0.0.2 10.0.0.1 10.0.0.2 10.0.0.1 transport \
			aes128gcm16 0x7a02 0x7a01 || return 1
	on gwa ip link add tun type ipip local 10.0.0.1 remote 10.0.0.2 &&
		on gwb ip link add tun type ipip local 10.0.0.2 remote 10.0.0.1 || return 1
	printf 'link set tun up\nroute add 192.168.2.2 dev tun\n' | ip_batch gwa &&
		printf 'link set tun up\nroute add 192.168.1.2 dev tun\n' | ip_batch gwb &&
		rules gwa <<-RULES || return 1
			table netdev w {
				counter clear { }
				chain c {
					type filter hook egress device wan priority 0
					ip protocol 4 counter name clear
				}
			}
		RULES
	offload udp || return 1
	: >"$TMP/echo"
	on h2 python3 -c "$ECHOES" >"$TMP/echo" &
	echo=$!
	check "server" busywait 10 grep -q ready "$TMP/echo"
	equal answers "$(on h1 python3 -c "$ASKS_UDP" "$patience")" 8
	check "server's end" wait "$echo"
	equal "in the clear" "$(clear_at_wan)" 0
	no_drops
	on gwa ip link del tun
	on gwb ip link del tun
}

# Rules behind ours in POST_ROUTING still get the packet, once and in the clear
late_chain() {
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table ip l {
			counter inner { }
			counter outer { }
			chain post {
				type filter hook postrouting priority 500
				ip daddr 192.168.2.2 icmp type echo-request counter name inner
				meta l4proto esp counter name outer
			}
		}
	RULES
	check ping on h1 ping -q -n -c 3 -i 0.1 -W 5 192.168.2.2
	on gwa nft list counters >"$TMP/counters"
	equal "packets seen" "$(grep -c 'packets 3 ' "$TMP/counters")" 2
	rules gwa <<-RULES || return 1
		add rule ip l post ip daddr 192.168.2.2 drop
	RULES
	refute "dropped by a late chain" on h1 ping -q -n -c 1 -W 1 192.168.2.2
	no_drops
}

# gro HOST DEVICE: turn it on, which it is not on these
gro() {
	on "$1" python3 - "$2" <<-CODE
		import array, fcntl, socket, struct, sys
		# ETHTOOL_SGRO, by SIOCETHTOOL
		value = array.array("B", struct.pack("II", 0x2c, 1))
		fcntl.ioctl(socket.socket(), 0x8946, struct.pack(
		    "16sP16x", sys.argv[1].encode(), value.buffer_info()[0]))
	CODE
}

# What was in many packets of the tunnel comes in few large ones, as it would
# from any other link
merged() {
	start 192.168.1.0/24 && gro gwa wan || return 1
	rules gwa <<-RULES || return 1
		table ip m {
			counter large { }
			chain forward {
				type filter hook forward priority filter
				iifname wan meta length > 2000 counter name large
			}
		}
	RULES
	check "TCP" traffic "${NS[h2]},192.168.2.2" "${NS[h1]},192.168.1.2" tcp=400000
	on gwa nft list counters >"$TMP/counters"
	check "large packets" grep -q 'packets [1-9]' "$TMP/counters"
	no_drops
}

# spoken: h2 says something to gwa, out of its tunnel in the tunnel
spoken() {
	on h2 bash -c 'echo x >/dev/udp/192.168.3.1/9'
}

udp_at_gwa() {
	on gwa grep '^Udp: [0-9]' /proc/net/snmp
}

heard_since() {
	[[ $(udp_at_gwa) != "$1" ]]
}

# A tunnel of XFRM inside ours: what comes out of that one did not come out of ours,
# and is judged as what comes in the clear. GRO would open it on the way.
inside() {
	local before discards h
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	modprobe -q esp4_offload || { echo "no esp4_offload"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 && gro gwa wan || return 1
	ip_batch h2 <<-LINES || return 1
		addr add 172.16.0.2/32 dev lo
		route add 192.168.3.1 via 192.168.2.1 src 172.16.0.2
	LINES
	sa h2 xfrm out 192.168.2.2 192.168.1.1 0x7701 tunnel aes128gcm16 &&
		sa gwa xfrm in 192.168.2.2 192.168.1.1 0x7701 tunnel aes128gcm16 &&
		policy_line xfrm out 172.16.0.2 192.168.3.1 tunnel 192.168.2.2 \
			192.168.1.1 | ip_batch h2 &&
		policy_line xfrm in 172.16.0.2 192.168.3.1 tunnel 192.168.2.2 \
			192.168.1.1 | ip_batch gwa || return 1
	before=$(udp_at_gwa)
	spoken
	check "it is heard" busywait 5 heard_since "$before"
	on gwa nfipsec policy add dir in src 172.16.0.2 dst 192.168.3.1 action discard
	before=$(udp_at_gwa)
	discards=$(counter gwa in_discard)
	spoken
	check "it is discarded" busywait 5 discarded_since "$discards"
	equal "UDP at gwa" "$(udp_at_gwa)" "$before"
	for h in h2 gwa; do
		flush "$h" xfrm
	done
	# XFRM does not do with it what it does without, in what runs behind this
	clear_all gwb "$DB"
	check "offload is unloaded" busywait 10 modprobe -q -r esp4_offload
}

# beside_lines LOCAL REMOTE SPI_OUT SPI_IN [LOCAL REMOTE SPI_OUT SPI_IN]: XFRM between
# the gateways' own addresses
beside_lines() {
	while (($#)); do
		protect_lines xfrm "$1" "$2" "$1" "$2" transport aes128gcm16 "$3" "$4"
		shift 4
	done
}

# Python: what a sender of UDP is told
TOLD='
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    try:
        s.sendto(b"x", ("10.0.0.2", 9))
    except OSError as e:
        print(e.strerror)
'

# XFRM in the namespace, for packets that policy bypasses: it asks the hook before a
# packet of this host has a device, and while a forwarded one has the one it came by
beside() {
	local h discards
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	echo "addr add fd10::1/64 dev wan nodad" | ip_batch gwa
	echo "addr add fd10::2/64 dev wan nodad" | ip_batch gwb
	beside_lines 10.0.0.1 10.0.0.2 0x7801 0x7802 fd10::1 fd10::2 0x7803 0x7804 |
		apply gwa xfrm &&
		beside_lines 10.0.0.2 10.0.0.1 0x7802 0x7801 fd10::2 fd10::1 0x7804 0x7803 |
		apply gwb xfrm || return 1
	check "IPv4 of this host" traffic "${NS[gwa]},10.0.0.1" "${NS[gwb]},10.0.0.2" \
		ping=0,1400,3000 udp=1,3000 tcp=20000
	check "IPv6 of this host" traffic "${NS[gwa]},fd10::1" "${NS[gwb]},fd10::2" \
		ping=0,1400,3000 udp=1,3000 tcp=20000
	on gwa ip -s xfrm state >"$TMP/states"
	check "by SAs" grep -q '[1-9][0-9]*(packets)' "$TMP/states"
	refute "and by all of them" grep -q '^[[:space:]]*0(bytes), 0(packets)$' "$TMP/states"

	policy_line xfrm out 192.168.1.2 10.0.0.2 tunnel 10.0.0.1 10.0.0.2 | ip_batch gwa &&
		sa gwa xfrm out 10.0.0.1 10.0.0.2 0x7805 tunnel aes128gcm16 &&
		policy_line xfrm in 192.168.1.2 10.0.0.2 tunnel 10.0.0.1 10.0.0.2 |
		ip_batch gwb &&
		sa gwb xfrm in 10.0.0.1 10.0.0.2 0x7805 tunnel aes128gcm16 || return 1
	check "forwarded" on h1 ping -q -n -c 1 -W 5 10.0.0.2
	on gwa ip -s xfrm state get src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x7805 \
		>"$TMP/states"
	check "by its SA" grep -q '[1-9][0-9]*(packets)' "$TMP/states"
	on gwa nfipsec policy add dir out src 192.168.1.2 dst 10.0.0.2 iif lan oif wan \
		action discard
	discards=$(counter gwa out_discard)
	refute "forwarded against policy" on h1 ping -q -n -c 1 -W 1 10.0.0.2
	equal "discarded by the device it would leave by" \
		"$(($(counter gwa out_discard) - discards))" 1
	for h in gwa gwb; do
		flush "$h" xfrm
	done
	# who sends it himself is told
	on gwa nfipsec policy add dir out src 10.0.0.1 dst 10.0.0.2 proto udp action discard
	equal "an error of its sender" "$(on gwa python3 -c "$TOLD" 2>&1)" \
		"Operation not permitted"
}

# discards_ping HOST COUNTER FROM ADDRESS: one more is counted at HOST, and no answer comes
discards_ping() {
	local before
	before=$(counter "$1" "$2")
	refute "$4, against policy" on "$3" ping -q -n -c 1 -W 1 "$4"
	equal "$2, for $4" "$(($(counter "$1" "$2") - before))" 1
}

# XFRM in a VRF: what it has opened in transport mode it shows by the VRF's device, by
# which other packets are seen for the second time
beside_in_vrf() {
	local h
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	modprobe -q vrf 2>/dev/null
	if ! ip -n "${NS[gwa]}" link add v type vrf table 10 2>"$TMP/err"; then
		cat "$TMP/err"
		lacking "$TMP/err" && return "$KSFT_SKIP"
		return 1
	fi
	in_vrf || T_RC=1
	on gwa nft flush ruleset
	for h in gwa gwb; do
		flush "$h" xfrm
	done
	ip_batch gwa <<-LINES
		link del v
		route add 192.168.2.0/24 via 10.0.0.2
	LINES
}
in_vrf() {
	start 192.168.1.0/24 || return 1
	ip_batch gwa <<-LINES || return 1
		link set v up
		link set wan master v
		addr add fd10::1/64 dev wan nodad
	LINES
	on gwb ip addr replace fd10::2/64 dev wan nodad
	# what answers a solicitation is protected too, and comes by the VRF
	on gwa ip neigh replace fd10::2 dev wan nud permanent \
		lladdr "$(ip -n "${NS[gwb]}" -br link show wan | awk '{ print $3 }')"
	beside_lines 10.0.0.1 10.0.0.2 0x7a01 0x7a02 fd10::1 fd10::2 0x7a03 0x7a04 |
		apply gwa xfrm &&
		beside_lines 10.0.0.2 10.0.0.1 0x7a02 0x7a01 fd10::2 fd10::1 0x7a04 0x7a03 |
		apply gwb xfrm || return 1
	check "IPv4" on gwb ping -q -n -c 1 -W 5 10.0.0.1
	check "IPv6" on gwb ping -q -n -c 1 -W 5 fd10::1
	on gwa ip -s xfrm state >"$TMP/states"
	check "by SAs" grep -q '[1-9][0-9]*(packets)' "$TMP/states"
	refute "and by all of them" grep -q '^[[:space:]]*0(bytes), 0(packets)$' "$TMP/states"
	on gwa nfipsec policy add dir in src 10.0.0.2 dst 10.0.0.1 proto icmp action discard
	on gwa nfipsec policy add dir in src fd10::2 dst fd10::1 proto ipv6-icmp type 128 \
		action discard
	discards_ping gwa in_discard gwb 10.0.0.1
	discards_ping gwa in_discard gwb fd10::1
	rules gwa <<-RULES || return 1
		table inet t {
			chain c {
				type filter hook prerouting priority raw
				iifname v ct zone set 10
			}
		}
	RULES
	discards_ping gwa in_discard gwb 10.0.0.1
}

# What NAT has changed XFRM may not want any more: it goes by another device then
beside_nat() {
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	wire gwa wan2 gwb wan2
	on gwa ip addr add 10.9.0.1/24 dev wan2
	on gwb ip addr add 10.9.0.2/24 dev wan2
	on gwa ip route add 172.18.0.1 via 10.0.0.2
	policy_line xfrm out 192.168.1.2 172.18.0.1 tunnel 10.9.0.1 10.9.0.2 |
		ip_batch gwa &&
		sa gwa xfrm out 10.9.0.1 10.9.0.2 0x7b01 tunnel aes128gcm16 &&
		rules gwa <<-RULES &&
			table ip t {
				chain c {
					type nat hook postrouting priority 100
					oifname wan2 counter masquerade
				}
			}
		RULES
		on gwa nfipsec policy add dir out dst 172.18.0.1 oif wan action discard ||
		return 1
	discards_ping gwa out_discard h1 172.18.0.1
	on gwa nft list ruleset >"$TMP/rules"
	check "it was XFRM's at first" grep -q 'counter packets 1 bytes' "$TMP/rules"
	flush gwa xfrm
	on gwa nft flush ruleset
	on gwa ip route del 172.18.0.1
	on gwa ip link del wan2
}

# ESP of ours in a tunnel of XFRM: what comes out of ours in the end has not come by
# that, and XFRM has no say in it
within() {
	local h ends=(192.168.1.2 10.0.0.2) inner=(192.168.1.9 192.168.2.1)
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	for h in gwa gwb; do
		on "$h" nft flush ruleset
	done
	clear_all gwa "$DA" && clear_all gwb "$DB" || return 1
	ip_batch h1 <<-LINES || return 1
		addr add 192.168.1.9/32 dev lo
		route add 192.168.2.1 via 192.168.1.1 src 192.168.1.9
	LINES
	policy_line nfipsec out "${inner[@]}" tunnel "${ends[@]}" | apply h1 nfipsec &&
		sa h1 nfipsec out "${ends[@]}" 0x7901 tunnel aes128gcm16 &&
		policy_line nfipsec in "${inner[@]}" tunnel "${ends[@]}" |
		apply gwb nfipsec &&
		sa gwb nfipsec in "${ends[@]}" 0x7901 tunnel aes128gcm16 &&
		policy_line xfrm out "${ends[@]}" tunnel 10.0.0.1 10.0.0.2 |
		ip_batch gwa &&
		sa gwa xfrm out 10.0.0.1 10.0.0.2 0x7902 tunnel aes128gcm16 &&
		policy_line xfrm in "${ends[@]}" tunnel 10.0.0.1 10.0.0.2 |
		ip_batch gwb &&
		sa gwb xfrm in 10.0.0.1 10.0.0.2 0x7902 tunnel aes128gcm16 || return 1
	check "through both" on h1 ping -q -n -c 1 -W 5 -I 192.168.1.9 192.168.2.1
	on gwb ip -s xfrm state >"$TMP/states"
	check "XFRM's" grep -q '[1-9][0-9]*(packets)' "$TMP/states"
	equal "ours" "$(counter gwb in_ok)" 1
	for h in h1 gwb; do
		flush "$h" nfipsec
	done
	for h in gwa gwb; do
		flush "$h" xfrm
	done
}

# Routes that are tunnels ask the hooks too where the host wants that, for good
lightweight() {
	local sysctl=/proc/sys/net/netfilter/nf_hooks_lwtunnel discards
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	[[ -e $sysctl ]] || { echo "no nf_hooks_lwtunnel"; return "$KSFT_SKIP"; }
	grep -q ' seg6_build_state' /proc/kallsyms ||
		{ echo "a kernel without segment routing"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	on gwa ip addr replace fd10::1/64 dev wan nodad
	echo "route add fd20::/64 encap seg6 mode encap segs fd10::2 dev wan" |
		ip_batch gwa || return 1
	echo 1 >"$sysctl"
	on gwa nfipsec policy add dir out dst fd20::/64 oif wan action discard
	discards=$(counter gwa out_discard)
	refute "against policy" on gwa ping -q -n -c 1 -W 1 -I fd10::1 fd20::1
	equal "discarded" "$(($(counter gwa out_discard) - discards))" 1
}

discarded_since() {
	(($(counter gwa in_discard) > $1))
}

# echoes_at HOST: echo requests received
echoes_at() {
	# shellcheck disable=SC2016 # awk's own
	on "$1" awk '/^IcmpMsg:/ { for (i = 2; i <= NF; i++)
		if (!n) name[i] = $i; else if (name[i] == "InType8") print $i; n++ }' \
		/proc/net/snmp
}

# queued HOOK PRIORITY HOST DEVICE: hold packets in a queue of that hook, see
# that nothing leaves meanwhile, and that it leaves protected afterwards
queued() {
	local out in pid line bad
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table ip q {
			chain c {
				type filter hook $1 priority $2
				ip daddr 192.168.2.2 icmp type echo-request queue num 5
			}
		}
	RULES
	coproc QUEUE { exec "$TOOLS/nfqueue" "${NS[gwa]}" 5 1000 2>&1; }
	out=${QUEUE[0]} in=${QUEUE[1]} pid=$QUEUE_PID
	PIDS+=("$pid")
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	equal "queue" "$line" ready || return 1
	local before
	before=$(echoes_at h2)
	"$TOOLS/probe" A="${NS[$3]},$4" B="${NS[h2]},192.168.2.2" \
		wire="${NS[gwa]},wan,esp" ping=100,3000 >"$TMP/probe" 2>&1 &
	local prober=$!
	PIDS+=("$prober")
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	equal "first packet" "$line" "held 1"
	equal "echo requests at h2 while held" "$(echoes_at h2)" "$before"
	echo accept >&"$in"
	while kill -0 "$prober" 2>/dev/null; do
		read -r -t 0.2 -u "$out" line || continue
		[[ $line != held* ]] || echo accept >&"$in"
	done
	if ! wait "$prober"; then
		cat "$TMP/probe"
		T_RC=1
	fi
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	bad=$([[ $DA != nfipsec ]] || drops gwa out_too_big)
	equal "drops" "$bad" ''
}

# The policy is deleted while the packet is in the queue: it must not leave in
# the clear
queued_and_deleted() {
	local out in pid line
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table ip q {
			chain c {
				type filter hook postrouting priority 500
				ip daddr 192.168.2.2 udp dport 9 queue num 6
			}
		}
	RULES
	coproc QUEUE { exec "$TOOLS/nfqueue" "${NS[gwa]}" 6 1 2>&1; }
	out=${QUEUE[0]} in=${QUEUE[1]} pid=$QUEUE_PID
	PIDS+=("$pid")
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	equal "queue" "$line" ready || return 1
	on h1 bash -c 'echo secret >/dev/udp/192.168.2.2/9'
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	equal "packet" "$line" "held 1"
	clear_all gwa nfipsec
	local before
	before=$(on h2 bash -c 'grep "^Udp: [0-9]" /proc/net/snmp')
	echo accept >&"$in"
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "$out" line
	equal "queue" "$line" released
	check "dropped" busywait 5 dropped_since_queue
	equal "UDP at h2" "$(on h2 bash -c 'grep "^Udp: [0-9]" /proc/net/snmp')" "$before"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}

dropped_since_queue() {
	[[ $(drops gwa out_too_big) ]]
}

# sealed: how many packets gwa has
sealed() {
	counter gwa out_ok
}

# more_sealed BEFORE N: more than N since
more_sealed() {
	(($(sealed) - $1 > $2))
}

# A packet of a tunnel device has inside the one of a socket that is bound to the
# device, and a rule has ESP routed again: not by that socket, into the device
bound() {
	local before
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	modprobe -q ipip || { echo "no ipip"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	clear_all gwa "$DA" && clear_all gwb "$DB" || return 1
	protect gwa "$DA" 10.0.0.1 10.0.0.2 10.0.0.1 10.0.0.2 transport \
		aes128gcm16 0x7a11 0x7a12 &&
		protect gwb "$DB" 10.0.0.2 10.0.0.1 10.0.0.2 10.0.0.1 transport \
			aes128gcm16 0x7a12 0x7a11 || return 1
	on gwa ip link add tun type ipip local 10.0.0.1 remote 10.0.0.2 &&
		on gwb ip link add tun type ipip local 10.0.0.2 remote 10.0.0.1 || return 1
	printf 'link set tun up\naddr add 172.17.0.1/24 dev tun\n' | ip_batch gwa &&
		printf 'link set tun up\naddr add 172.17.0.2/24 dev tun\n' | ip_batch gwb &&
		rules gwa <<-RULES || return 1
			table ip r {
				chain c {
					type route hook output priority mangle
					ip protocol esp meta mark set 7
				}
			}
		RULES
	before=$(sealed)
	check "ping by the device" on gwa ping -q -n -c 1 -W 5 -I tun 172.17.0.2
	equal "sealed" $(($(sealed) - before)) 1
	on gwa ip link del tun
	on gwb ip link del tun
}

# The peer is behind the tunnel device that the SA protects
endless() {
	local before
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	modprobe -q ipip || { echo "no ipip"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	ip_batch gwa <<-LINES || return 1
		link add tun type ipip local 192.168.1.1 remote 192.168.2.1
		link set tun up
		route add 172.17.0.2 dev tun src 192.168.1.1
		route add 10.0.0.2 dev tun src 10.0.0.1
	LINES
	before=$(sealed)
	refute "ping" on gwa ping -q -n -c 1 -W 1 172.17.0.2
	check "it goes in" more_sealed "$before" 0
	refute "it has no end" more_sealed "$before" 4
	on gwa ip link del tun
}

# A rule that was to exempt the tunnel's traffic asks XFRM: what it lets be masqueraded
# does not leave in the clear
hidden() {
	local before
	[[ $DA == nfipsec ]] || { echo "only nfipsec"; return "$KSFT_SKIP"; }
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table ip n {
			chain c {
				type nat hook postrouting priority srcnat
				rt ipsec exists accept
				oifname wan counter masquerade
			}
		}
	RULES
	discards_ping gwa out_nat h1 192.168.2.2
	on gwa nft list ruleset >"$TMP/rules"
	check "its address was changed" grep -q 'counter packets [1-9]' "$TMP/rules"
	# to discard is about what would be on the wire
	on gwa nfipsec policy add dir out src 192.168.1.0/24 dst 10.0.0.2 action discard
	check "discarded as it was, not as it is" on h1 ping -q -n -c 1 -W 5 10.0.0.2
	on gwa nfipsec policy add dir out src 10.0.0.1 dst 192.168.2.0/24 action bypass
	before=$(sealed)
	check "in the clear, if a policy says so" on h1 ping -q -n -c 1 -W 5 192.168.2.2
	equal "and not sealed" $(($(sealed) - before)) 0
	rules gwa <<-RULES || return 1
		flush ruleset
		table ip n {
			chain c {
				type nat hook postrouting priority srcnat
				ip daddr 192.168.2.0/24 accept
				oifname wan counter masquerade
			}
		}
	RULES
	on gwa conntrack -F 2>/dev/null
	check "exempted by its address" traffic "${NS[h1]},192.168.1.2" "${NS[h2]},192.168.2.2" \
		ping=0,1400 tcp=20000
	on gwa nft flush ruleset
}

# By a chain in front of ours, where what came out of the tunnel has no route yet
reset_in_front() {
	start 192.168.1.0/24 || return 1
	rules gwa <<-RULES || return 1
		table ip r {
			chain c {
				type filter hook prerouting priority raw
				ip saddr 192.168.2.0/24 tcp dport 9 counter reject with tcp reset
			}
		}
	RULES
	refute "to a port of it" on h2 timeout 10 bash -c ': </dev/tcp/192.168.1.2/9' \
		2>"$TMP/said"
	check "was reset" grep -q refused "$TMP/said"
	on gwa nft list ruleset >"$TMP/rules"
	check "by the rule" grep -q 'counter packets 1 bytes' "$TMP/rules"
	check "all else goes on" traffic "${NS[h2]},192.168.2.2" "${NS[h1]},192.168.1.2" \
		ping=0,1400,3000 tcp=20000
	on gwa nft flush ruleset
}

need ip nsenter probe nfqueue nft conntrack ping
DA=${1:-nfipsec} DB=${2:-xfrm}
load_module "$DA" "$DB"
modprobe -qa nf_conntrack nf_nat nft_ct nft_nat nft_queue nfnetlink_queue \
	nf_conntrack_netlink nft_flow_offload nf_flow_table nf_flow_table_ipv4 2>/dev/null
SPI=0x3000
topology
plan 25
run "stateful firewall" stateful
run "masquerade in front of the tunnel" masquerade
run "redirection behind the tunnel" dnat
run "a flowtable" flowtable 192.168.1.0/24 accept 192.168.1.2
run "a flowtable, and addresses translated" flowtable 192.168.3.1/32 \
	"snat to 192.168.3.1" 192.168.3.1
run "a flowtable, and a tunnel" tunnelled
run "a chain behind ours" late_chain
run "TCP out of the tunnel is merged" merged
run "a reset in front of ours" reset_in_front
run "queue in OUTPUT" queued output filter gwa 192.168.1.1
run "queue in POSTROUTING, before us" queued postrouting 0 h1 192.168.1.2
run "queue in POSTROUTING, behind us" queued postrouting 500 h1 192.168.1.2
run "policy deleted while queued" queued_and_deleted
run "a tunnel of XFRM inside ours" inside
# the last: what they discard is counted
run "XFRM beside" beside
run "XFRM beside, in a VRF" beside_in_vrf
run "XFRM beside, and addresses translated" beside_nat
run "masquerade that hides" hidden
run "in a tunnel of XFRM" within
run "a lightweight tunnel" lightweight
run "a socket in a tunnel device" bound
run "a peer behind what is protected" endless
run "a flowtable, nothing discarded" one_way
run "a flowtable, answers discarded" one_way \
	dir out src 192.168.2.0/24 dst 192.168.1.0/24
run "a flowtable, answers discarded on their way in" one_way \
	dir in src 192.168.2.0/24 dst 192.168.1.0/24
finish
