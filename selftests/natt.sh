#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ESP in UDP (RFC 3948): against XFRM and against itself, without a NAT, and
# through one in either direction; several peers behind one; path MTU.
#
#     a, a2 (192.168.1.2, .3) ---- nat ====== b      without NAT: a ====== b
#       fd00:1::2, ::3        10.0.0.1      10.0.0.2         nat routes only
#                             fd00::1       fd00::2
#
# usage: natt.sh
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

PING_SIZES=0,1,56,1300,1371-1420/7,1472,3000
UDP_SIZES=0-4,255,1380-1473/9,3000
declare -A A=([4]=192.168.1.2 [6]=fd00:1::2) A2=([4]=192.168.1.3 [6]=fd00:1::3)
declare -A B=([4]=10.0.0.2 [6]=fd00::2) NAT=([4]=10.0.0.1 [6]=fd00::1)
declare -A ANY=([4]=0.0.0.0 [6]=::)

topology() {
	hosts a a2 nat b
	wire a eth0 nat lan
	wire a2 eth0 nat lan2
	wire nat wan b eth0
	on nat bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	ip_batch a <<-LINES
		addr add 192.168.1.2/32 dev eth0
		addr add fd00:1::2/128 dev eth0 nodad
		addr add 192.168.11.1/32 dev lo
		route add 192.168.1.1 dev eth0
		route add default via 192.168.1.1
		route add 192.168.22.0/24 via 192.168.1.1 src 192.168.11.1
		route add fd00:1::1 dev eth0
		route add default via fd00:1::1
	LINES
	ip_batch a2 <<-LINES
		addr add 192.168.1.3/32 dev eth0
		addr add fd00:1::3/128 dev eth0 nodad
		addr add 192.168.12.1/32 dev lo
		route add 192.168.1.1 dev eth0
		route add default via 192.168.1.1
		route add 192.168.22.0/24 via 192.168.1.1 src 192.168.12.1
		route add fd00:1::1 dev eth0
		route add default via fd00:1::1
	LINES
	ip_batch nat <<-LINES
		addr add 192.168.1.1/32 dev lan
		addr add 192.168.1.1/32 dev lan2
		addr add fd00:1::1/128 dev lan nodad
		addr add fd00:1::1/128 dev lan2 nodad
		route add 192.168.1.2 dev lan
		route add 192.168.1.3 dev lan2
		route add fd00:1::2 dev lan
		route add fd00:1::3 dev lan2
		addr add 10.0.0.1/24 dev wan
		addr add fd00::1/64 dev wan nodad
	LINES
	ip_batch b <<-LINES
		addr add 10.0.0.2/24 dev eth0
		addr add fd00::2/64 dev eth0 nodad
		addr add 192.168.22.1/32 dev lo
		route add default via 10.0.0.1
		route add default via fd00::1
		route add 192.168.11.0/24 via 10.0.0.1 src 192.168.22.1
		route add 192.168.12.0/24 via 10.0.0.1 src 192.168.22.1
	LINES
}

# masquerade: nat hides a and a2, each behind ports of its own
masquerade() {
	on nat nft -f - <<-'RULES'
		flush ruleset
		table inet n {
			chain post {
				type nat hook postrouting priority srcnat
				oifname wan ip saddr 192.168.1.2 udp sport 4500 snat ip to 10.0.0.1:61001
				oifname wan ip saddr 192.168.1.3 udp sport 4500 snat ip to 10.0.0.1:61002
				oifname wan ip6 saddr fd00:1::2 udp sport 4500 snat ip6 to [fd00::1]:61001
				oifname wan ip6 saddr fd00:1::3 udp sport 4500 snat ip6 to [fd00::1]:61002
				oifname wan masquerade
			}
		}
	RULES
}

# end HOST DRIVER LOCALNET REMOTENET LOCAL REMOTE MODE ALG SPI_OUT SPI_IN
#     LPORT RPORT OA: as protect(), in UDP between these ports; OA is the peer's
# own address. All with reqid $REQID.
REQID=1
end() {
	local h=$1 d=$2 lnet=$3 rnet=$4 l=$5 r=$6 mode=$7 alg=$8 out=$9
	local in=${10} lport=${11} rport=${12} oa=${13}
	shift 13
	{
		sa_line "$d" out "$l" "$r" "$out" "$mode" "$alg" \
			reqid "$REQID" encap espinudp "$lport" "$rport" "$oa" "$@"
		sa_line "$d" in "$r" "$l" "$in" "$mode" "$alg" \
			reqid "$REQID" encap espinudp "$rport" "$lport" "$oa" "$@"
		policy_line "$d" out "$lnet" "$rnet" "$mode" "$l" "$r"
		policy_line "$d" in "$rnet" "$lnet" "$mode" "$r" "$l"
		policy_line "$d" fwd "$rnet" "$lnet" "$mode" "$r" "$l"
	} | sed "s/ reqid 1\$/ reqid $REQID/" | apply "$h" "$d"
}

clear_hosts() {
	clear_all a "$1" && clear_all b "$2" || return 1
	clear_all a2 nfipsec
	on nat nft flush ruleset
	on nat conntrack -F 2>/dev/null
	SPI=$((SPI + 4))
}

# traffic A B ACTION...: in UDP on the wire of a
traffic() {
	local from=$1 to=$2
	shift 2
	"$TOOLS/probe" A="${NS[a]},$from" B="${NS[b]},$to" \
		wire="${NS[a]},eth0,natt" "$@"
}

no_drops() {
	local h bad=''
	for h; do
		bad+=$(drops "$h" out_too_big)
	done
	[[ ! $bad ]] || { echo "$bad"; return 1; }
}

# moved HOST: packets went through SAs of nfipsec both ways
moved() {
	local -A s
	stats "$1" s
	((s[in_ok] > ${IN[$1]:-0} && s[out_ok] > ${OUT[$1]:-0})) ||
		{ echo "$1: in_ok ${s[in_ok]} out_ok ${s[out_ok]}"; return 1; }
	IN[$1]=${s[in_ok]} OUT[$1]=${s[out_ok]}
}
declare -A IN=() OUT=()

# direct MODE FAMILY ALG DRIVER_A DRIVER_B PORT_A PORT_B: no NAT
direct() {
	local mode=$1 f=$2 alg=$3 da=$4 db=$5 pa=$6 pb=$7
	local la=${A[$2]} lb=${B[$2]} bytes
	bytes=$(scaled 400000 50000)
	clear_hosts "$da" "$db" || return 1
	[[ $mode == tunnel ]] && la=192.168.11.1 lb=192.168.22.1
	end a "$da" "$la" "$lb" "${A[$f]}" "${B[$f]}" "$mode" "$alg" \
		$((SPI)) $((SPI + 1)) "$pa" "$pb" "${ANY[$f]}" &&
		end b "$db" "$lb" "$la" "${B[$f]}" "${A[$f]}" "$mode" "$alg" \
			$((SPI + 1)) $((SPI)) "$pb" "$pa" "${ANY[$f]}" || return 1
	check traffic traffic "$la" "$lb" ping="$PING_SIZES" udp="$UDP_SIZES" \
		tcp="$bytes" swap ping=0,1400,3000
	[[ $da != nfipsec ]] || check "a counts" moved a
	[[ $db != nfipsec ]] || check "b counts" moved b
}

# behind_nat CLIENT MODE FAMILY ALG DRIVER_A DRIVER_B PORT OA_OF_B: the client
# is behind the NAT, which gives it PORT
behind_nat() {
	local h=$1 mode=$2 f=$3 alg=$4 da=$5 db=$6 port=$7 oa=$8
	local own=${A[$3]} la=192.168.11.1 lb=192.168.22.1 seen
	[[ $h == a2 ]] && own=${A2[$f]} la=192.168.12.1
	seen=$la
	[[ $mode == transport ]] && la=$own lb=${B[$f]} seen=${NAT[$f]}
	SPI=$((SPI + 2))
	end "$h" "$da" "$la" "$lb" "$own" "${B[$f]}" "$mode" "$alg" \
		$((SPI)) $((SPI + 1)) 4500 4500 "${ANY[$f]}" &&
		end b "$db" "$lb" "$seen" "${B[$f]}" "${NAT[$f]}" "$mode" \
			"$alg" $((SPI + 1)) $((SPI)) 4500 "$port" "$oa"
}

tunnel_nat() {
	local f=$1 alg=$2 da=$3 db=$4
	clear_hosts "$da" "$db" && masquerade || return 1
	behind_nat a tunnel "$f" "$alg" "$da" "$db" 61001 "${ANY[$f]}" || return 1
	check traffic traffic 192.168.11.1 192.168.22.1 ping="$PING_SIZES" \
		udp="$UDP_SIZES" tcp="$(scaled 400000 50000)" swap ping=0,1400,3000
	[[ $da != nfipsec ]] || check "a counts" moved a
	[[ $db != nfipsec ]] || check "b counts" moved b
}

# echo_server HOST FAMILY: gives back what it gets by TCP and UDP, port 7
echo_server() {
	nsenter --net="/run/netns/${NS[$1]}" -- python3 -c '
import select, socket, sys
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
u = socket.socket(family, socket.SOCK_DGRAM)
t = socket.socket(family, socket.SOCK_STREAM)
t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
for s in u, t:
    if family == socket.AF_INET6:
        s.setsockopt(41, 26, 1)
    s.bind(("", 7))
t.listen()
print("ready", flush=True)
socks = [u, t]
while True:
    for s in select.select(socks, [], [])[0]:
        if s is u:
            s.sendto(*s.recvfrom(65536))
        elif s is t:
            socks.append(s.accept()[0])
        else:
            data = s.recv(65536)
            if data:
                s.sendall(data)
            else:
                socks.remove(s)
                s.close()' "$2" >"$TMP/echo.$2" 2>&1 &
	PIDS+=($!)
	busywait 20 grep -q ready "$TMP/echo.$2" || { cat "$TMP/echo.$2"; return 1; }
}

# echo_client HOST FAMILY ADDR BYTES
echo_client() {
	on "$1" timeout $((80 * NFIPSEC_TEST_SLOW)) python3 -c '
import os, socket, sys, threading
family = socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET
u = socket.socket(family, socket.SOCK_DGRAM)
u.connect((sys.argv[2], 7))
u.settimeout(30)
for size in 0, 1, 2, 100, 1000:
    data = os.urandom(size)
    u.send(data)
    assert u.recv(65536) == data, "UDP"
t = socket.create_connection((sys.argv[2], 7))
data = os.urandom(int(sys.argv[3]))
sender = threading.Thread(target=t.sendall, args=(data,))
sender.start()
got = b""
while len(got) < len(data):
    part = t.recv(65536)
    assert part, "TCP ended"
    got += part
assert got == data, "TCP"
sender.join()' "$2" "$3" "$4"
}

# Addresses change on the way, and checksums were made with the old ones
transport_nat() {
	local f=$1 alg=$2 da=$3 db=$4 oa=$5
	clear_hosts "$da" "$db" && masquerade || return 1
	behind_nat a transport "$f" "$alg" "$da" "$db" 61001 "$oa" || return 1
	check ping on a ping -q -n -c 3 -i 0.2 -W 5 "${B[$f]}"
	check "UDP and TCP" echo_client a "$f" "${B[$f]}" "$(scaled 200000 20000)"
	[[ $da != nfipsec ]] || check "a counts" moved a
	[[ $db != nfipsec ]] || check "b counts" moved b
}

# One address, two peers: each has its port and its SPIs
two_clients() {
	local f=$1 h
	clear_hosts nfipsec nfipsec && masquerade || return 1
	behind_nat a tunnel "$f" aes128gcm16 nfipsec nfipsec 61001 "${ANY[$f]}" &&
		REQID=2 behind_nat a2 tunnel "$f" aes256gcm16 nfipsec nfipsec \
			61002 "${ANY[$f]}" || return 1
	for h in 1 2 1; do
		check "client $h" "$TOOLS/probe" \
			A="${NS[$([[ $h == 1 ]] && echo a || echo a2)]},192.168.1$h.1" \
			B="${NS[b]},192.168.22.1" wire="${NS[a]},eth0,any" \
			ping=56,1400 udp=1,1000 swap ping=56
	done
	check "b counts" moved b
	no_drops a a2 b
}

# monitored HOST: somebody in it listens to a group of generic netlink
monitored() {
	# shellcheck disable=SC2016 # awk's own
	on "$1" awk '$2 == 16 && $4 != "00000000" { yes = 1 } END { exit !yes }' \
		/proc/net/netlink
}

# The NAT forgets: b hears of it, does not follow, and goes on receiving
remapped() {
	clear_hosts nfipsec nfipsec && masquerade || return 1
	behind_nat a tunnel 4 aes128gcm16 nfipsec nfipsec 61001 0.0.0.0 || return 1
	check before traffic 192.168.11.1 192.168.22.1 ping=56
	nsenter --net="/run/netns/${NS[b]}" -- nfipsec monitor >"$TMP/events" &
	PIDS+=($!)
	check "a monitor" busywait 20 monitored b || return 1
	on nat nft -f - <<-'RULES'
		flush ruleset
		table ip n {
			chain post {
				type nat hook postrouting priority srcnat
				oifname wan ip saddr 192.168.1.2 udp sport 4500 snat to 10.0.0.1:61009
			}
		}
	RULES
	on nat conntrack -F 2>/dev/null
	# what b sends goes where nobody is any more
	on a ping -q -n -c 2 -i 0.2 -W 1 -I 192.168.11.1 192.168.22.1 >/dev/null
	check "an event" busywait 20 test -s "$TMP/events"
	check "what it says" grep -q "^mapping dst 10.0.0.2 proto esp spi $(printf 0x%08x "$SPI") reqid 1 src 10.0.0.1 sport 61001 new-src 10.0.0.1 new-sport 61009\$" "$TMP/events"
	equal "events" "$(wc -l <"$TMP/events")" 1
	check "b's SA" on b sh -c "nfipsec sa list | grep -q 'dport 61001'"
}

# own_too FAMILY: the NAT has SAs as well, with the same port. What answers the hosts
# behind it comes to its own address, as what is for itself does.
own_too() {
	local f=$1 h
	local -A had had_a
	clear_hosts nfipsec nfipsec && clear_all nat nfipsec || return 1
	on nat nft -f - <<-'RULES'
		table inet n {
			chain post {
				type nat hook postrouting priority srcnat
				oifname wan masquerade
			}
		}
	RULES
	end nat nfipsec 192.168.99.0/24 192.168.98.0/24 "${NAT[$f]}" "${B[$f]}" \
		tunnel aes128gcm16 0x1001 0x1002 4500 4500 "${ANY[$f]}" || return 1
	stats nat had && stats a had_a || return 1
	behind_nat a tunnel "$f" aes128gcm16 nfipsec nfipsec 4500 "${ANY[$f]}" ||
		return 1
	check "in UDP" traffic 192.168.11.1 192.168.22.1 ping=56,1400 udp=1,1000
	on b nfipsec sa move dst "${NAT[$f]}" proto esp spi $((SPI + 1)) to \
		encap espinudp 4500 4500 "${ANY[$f]}" nat-keepalive-interval 1 || return 1
	check "keepalives" busywait 10 more a in_keepalive "${had_a[in_keepalive]}"

	for h in a b; do
		clear_all "$h" nfipsec
	done
	SPI=$((SPI + 2))
	protect a nfipsec 192.168.11.1 192.168.22.1 "${A[$f]}" "${B[$f]}" tunnel \
		aes128gcm16 $((SPI)) $((SPI + 1)) &&
		protect b nfipsec 192.168.22.1 192.168.11.1 "${B[$f]}" "${NAT[$f]}" \
			tunnel aes128gcm16 $((SPI + 1)) $((SPI)) || return 1
	check "not in UDP" "$TOOLS/probe" A="${NS[a]},192.168.11.1" \
		B="${NS[b]},192.168.22.1" wire="${NS[a]},eth0,esp" ping=56,1400 udp=1,1000
	equal "keepalives of the NAT" "$(counter nat in_keepalive)" "${had[in_keepalive]}"
	equal "lost by the NAT" "$(counter nat in_no_sa)" "${had[in_no_sa]}"

	# policy has its say, and what is for nobody behind it is dropped as before
	on nat nfipsec policy add dir in src "${B[$f]}" dst "${NAT[$f]}" proto esp \
		action discard
	on b ping -q -n -c 1 -W 1 -I 192.168.22.1 192.168.11.1 >/dev/null
	on nat nfipsec policy del dir in src "${B[$f]}" dst "${NAT[$f]}" proto esp
	equal "discarded" "$(counter nat in_no_sa)" $((had[in_no_sa] + 1))
	on nat nft flush ruleset
	on nat conntrack -F 2>/dev/null
	on b ping -q -n -c 1 -W 1 -I 192.168.22.1 192.168.11.1 >/dev/null
	equal "for itself" "$(counter nat in_no_sa)" $((had[in_no_sa] + 2))
	equal "by policy" "$(counter nat in_discard)" "${had[in_discard]}"
	clear_all nat nfipsec
}

# more HOST COUNTER N: it counts more than that
more() {
	(($(counter "$1" "$2") > $3))
}

need ip probe nsenter nft conntrack python3 ping
load_module nfipsec xfrm
SPI=0x2000
topology
plan 20
for h in a b; do
	encap_holder $h 4500 || bail "no socket for XFRM"
done
for f in 4 6; do
	echo_server b "$f" || bail "no echo server"
done
run "tunnel, IPv4, XFRM - nfipsec" direct tunnel 4 aes128gcm16 xfrm nfipsec 4500 4500
run "tunnel, IPv4, nfipsec - XFRM" direct tunnel 4 aes128-sha256_128 nfipsec xfrm 4500 4500
run "tunnel, IPv6, XFRM - nfipsec" direct tunnel 6 aes256gcm16 xfrm nfipsec 4500 4500
run "tunnel, IPv6, nfipsec - XFRM" direct tunnel 6 null-sha256_128 nfipsec xfrm 4500 4500
run "transport, IPv4, XFRM - nfipsec" direct transport 4 aes128gcm16 xfrm nfipsec 4500 4500
run "transport, IPv4, nfipsec - XFRM" direct transport 4 aes256-sha256_128 nfipsec xfrm 4500 4500
run "transport, IPv6, XFRM - nfipsec" direct transport 6 aes128gcm16 xfrm nfipsec 4500 4500
run "transport, IPv6, nfipsec - XFRM" direct transport 6 aes256gcm16 nfipsec xfrm 4500 4500
run "NAT, tunnel, IPv4, nfipsec behind it, XFRM" tunnel_nat 4 aes128gcm16 nfipsec xfrm
run "NAT, tunnel, IPv4, XFRM behind it, nfipsec" tunnel_nat 4 aes256gcm16 xfrm nfipsec
run "NAT, tunnel, IPv6, nfipsec behind it, nfipsec" tunnel_nat 6 chacha20poly1305 nfipsec nfipsec
run "NAT, transport, IPv4, nfipsec behind it, XFRM" transport_nat 4 aes128gcm16 nfipsec xfrm 0.0.0.0
run "NAT, transport, IPv4, XFRM behind it, nfipsec" transport_nat 4 aes128gcm16 xfrm nfipsec 192.168.1.2
run "NAT, transport, IPv4, address not known" transport_nat 4 aes128gcm16 nfipsec nfipsec 0.0.0.0
run "NAT, transport, IPv6, address known" transport_nat 6 aes128gcm16 nfipsec nfipsec fd00:1::2
run "two clients behind one address, IPv4" two_clients 4
run "two clients behind one address, IPv6" two_clients 6
run "a NAT that has SAs of its own, IPv4" own_too 4
run "a NAT that has SAs of its own, IPv6" own_too 6
run "a NAT gives another port" remapped
finish
