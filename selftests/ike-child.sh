#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Several CHILD_SAs of one IKE_SA: selectors by port and protocol, lists of them,
# both families in both; policies that trap; SAs of each CPU; what is refused.
#
#     192.168.1.1-4, fd01:1::1          192.168.2.1-4, fd01:2::1
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#            fd00::1               fd00::2
#
# usage: ike-child.sh
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

CERT=([a]=a [b]=b)
PER_CPU='' ENCAP=no
declare -A REFUSED=()

# child NAME LOCAL REMOTE [LINE...]
child() {
	local name=$1 l=$2 r=$3
	shift 3
	cat <<-CONF
		$name {
			local_ts = $l
			remote_ts = $r
			esp_proposals = aes128gcm16
			$(printf '%s\n' "$@")
		}
	CONF
}

swanctl_conf() {
	local h=$1 p=b l r here there c n=100
	[[ $h == a ]] || p=a
	l=${NET[$h]} r=${NET[$p]}
	here=fd01:${ADDR[$h]##*.} there=fd01:${ADDR[$p]##*.}
	echo 'connections {'
	{
		# numbers, where nobody knows names of protocols
		child port1 "$l.1/32[17/6001]" "$r.1/32[17/6001]"
		child port2 "$l.1/32[17/6002]" "$r.1/32[17/6002]"
		child icmp "$l.1/32[1]" "$r.1/32[1]"
		child tcp "$l.1/32[6]" "$r.1/32[6]"
		child rest "$l.1/32" "$r.1/32"
		child list "$l.2/32,$l.3/32,$here::/64" "$r.2/32,$r.3/32,$there::/64"
		child percpu "$l.4/32" "$r.4/32" "$PER_CPU"
		# more at a than b has in one
		if [[ $h == a ]]; then
			child wide "$l.9/32" "$r.8/29"
		else
			child narrow1 "$l.9/32" "$r.9/32"
			child narrow2 "$l.10/32" "$r.9/32"
		fi
		for c in "${!REFUSED[@]}"; do
			((++n))
			child "$c" "$l.$n/32" "$r.$n/32" "${REFUSED[$c]}"
		done
	} | connection peer "$h" "$p" "encap = $ENCAP"
	{
		child four "$l.4/32" "$r.4/32"
		child six "$here::/64" "$there::/64"
		child host dynamic dynamic 'mode = transport'
	} | {
		ADDR=([a]=fd00::1 [b]=fd00::2)
		connection over6 "$h" "$p"
	}
	echo '}'
}

# Routes that a gateway would be for: the daemon's are for whole addresses only.
topology() {
	local h
	two_hosts
	for h in a b; do
		ip_batch "$h" < <(printf "addr add ${NET[$h]}.%d/32 dev lo\n" {2..4} 9 10)
	done
	ip -n "${NS[a]}" route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
	ip -n "${NS[b]}" route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
}

# packets_of CHILD FILE: those that were sent by it, in what --list-sas says
packets_of() {
	awk -v child="$1:" '
		/^  [^ ]/ { mine = $1 == child }
		mine && $1 == "out" { sub(",", "", $5); print $5 }' "$2"
}

# went CHILD LEAST COMMAND...: it succeeds, by that child and no other
went() {
	local child=$1 least=$2 c was is
	shift 2
	swanctl_on a --list-sas >"$TMP/before"
	check "by $child" "$@" || show_logs
	swanctl_on a --list-sas >"$TMP/after"
	for c in "${CHILDREN[@]}"; do
		was=$(packets_of "$c" "$TMP/before") is=$(packets_of "$c" "$TMP/after")
		if [[ $c == "$child" ]]; then
			((is >= was + least)) ||
				{ echo "$c: $was, then $is packets"; T_RC=1; }
		else
			equal "of $c" "$is" "$was"
		fi
	done
}

no_harm() {
	check "clear text" nothing_clear
	check "drops" no_drops
}

# port NUMBER: a stream between these ports
port() { streamed "$(pair a "192.168.1.1/$1" b "192.168.2.1/$1")"; }

# chosen DRIVER...: each packet takes the most specific child
chosen() {
	local c
	CHILDREN=(rest port1 port2 icmp)
	daemons "$1" "$2" || return 1
	for c in "${CHILDREN[@]}"; do
		initiate a "$c" || return 1
	done
	equal "one IKE_SA" "$(ike_ids a peer | wc -l)" 1
	went port1 100 port 6001
	went port2 100 port 6002
	went rest 100 port 6003
	went icmp 5 pings a 192.168.2.1 5
	equal "SAs" "$(sas a) $(sas b)" "8 8"
	no_harm
}

# one_less: a child goes, and its packets go by the next one
one_less() {
	check terminate swan a --terminate --child port1
	check "at b" busywait 10 sas_are b 6
	CHILDREN=(rest port2 icmp)
	went rest 100 port 6001
	went port2 100 port 6002
	no_harm
}

# one_more: comes, and all are rekeyed, while the others have traffic. Its own has
# only then: what one end sends by a new CHILD_SA before the other has it is lost.
one_more() {
	local c before
	check traffic stream_start others "$(pair a 192.168.1.1/6002 b 192.168.2.1/6002)" \
		"$(pair a 192.168.1.1/6003 b 192.168.2.1/6003)" || return 1
	initiate a port1
	check traffic stream_start port1 \
		"$(pair a 192.168.1.1/6001 b 192.168.2.1/6001)" || return 1
	for c in port1 port2 rest; do
		before=$(child_id a "$c")
		check rekey swan b --rekey --child "$c"
		check "a new one" busywait 10 child_is_not a "$c" "$before"
	done
	check "nothing lost" stream_stop others || show_logs
	check "nothing lost of it" stream_stop port1 || show_logs
	check "old ones of a go" busywait 20 sas_are a 8
	check "old ones of b go" busywait 20 sas_are b 8
	no_harm
}

# lists: every combination, with both families in one child
lists() {
	initiate a list || return 1
	check "all of them" streamed \
		"$(pair a 192.168.1.2 b 192.168.2.2)" \
		"$(pair a 192.168.1.2 b 192.168.2.3)" \
		"$(pair a 192.168.1.3 b 192.168.2.2)" \
		"$(pair a 192.168.1.3 b 192.168.2.3)" \
		"$(pair a fd01:1::1 b fd01:2::1)" || show_logs
	check "one IKE_SA" test "$(ike_ids a peer | wc -l)" == 1
	no_harm
}

# over_ipv6: both families in IPv6, and the hosts' own addresses
over_ipv6() {
	initiate a four || return 1
	check "IPv4" streamed "$(pair a 192.168.1.4 b 192.168.2.4)" || show_logs
	check terminate swan a --terminate --child list
	initiate a six || return 1
	check "IPv6" streamed "$(pair a fd01:1::1 b fd01:2::1)" || show_logs
	initiate a host || return 1
	check "transport" streamed "$(pair a fd00::1 b fd00::2)" || show_logs
	equal "one IKE_SA" "$(ike_ids a over6 | wc -l)" 1
	no_harm
}

# trapped DRIVER...: what each first packet asks for, at once
trapped() {
	local pids=() c
	daemons "$1" "$2" || return 1
	for c in port1 icmp list tcp; do
		check install swan a --install --child "$c" || return 1
	done
	"$TOOLS/probe" A="${NS[a]},192.168.1.1" B="${NS[b]},192.168.2.1" tcp=1000 \
		>"$TMP/tcp" 2>&1 &
	pids+=($!)
	on a ping -n -q -c 3 -i 0.2 -W 5 -I 192.168.1.3 192.168.2.2 >"$TMP/ping3" &
	pids+=($!)
	on a ping -n -q -c 3 -i 0.2 -W 5 -I fd01:1::1 fd01:2::1 >"$TMP/ping6" &
	pids+=($!)
	check "first packets of ICMP" pings a 192.168.2.1 3 -I 192.168.1.1 || show_logs
	check "TCP" wait "${pids[0]}" || { cat "$TMP/tcp"; show_logs; }
	wait "${pids[@]:1}"
	check "of a list" grep -q ' 3 received' "$TMP/ping3" || cat "$TMP/ping3"
	check "of IPv6" grep -q ' 3 received' "$TMP/ping6" || cat "$TMP/ping6"
	for c in icmp list tcp; do
		check "$c" child_is_up a "$c"
	done
	refute "nothing wanted by port" child_is_up a port1
	no_harm
}

# children_of NAME: how many CHILD_SAs a has by that
children_of() { swanctl_on a --list-sas | grep -c "^ *$1: #[0-9]*, .* INSTALLED, "; }

# narrowed DRIVER...: where the peer agrees to a part of what a trap is for, the
# trap goes on to ask for the rest, and the rest does not go by what is for a part
narrowed() {
	daemons "$1" "$2" || return 1
	# it says nothing without a configuration
	swanctl_on a --version | grep -q ' 5\.\| 6\.0\.[01]$' &&
		{ echo "not in this version"; return "$KSFT_SKIP"; }
	# however long that takes
	on a nfipsec default acquire-timeout 60
	check install swan a --install --child wide || return 1
	check "one part" pings a 192.168.2.9 3 -I 192.168.1.9 -W 30 || show_logs
	equal "CHILD_SAs" "$(children_of wide)" 1
	check "the other part" pings a 192.168.2.10 3 -I 192.168.1.9 -W 30 || show_logs
	equal "CHILD_SAs" "$(children_of wide)" 2
	check "both" streamed "$(pair a 192.168.1.9 b 192.168.2.9)" \
		"$(pair a 192.168.1.9 b 192.168.2.10)" || show_logs
	equal "still" "$(children_of wide)" 2
	no_harm
}

# on_cpu N COMMAND...: on that CPU alone
on_cpu() {
	local cpu=$1 all status=0
	shift
	all=$(taskset -pc "$BASHPID")
	taskset -pc "$cpu" "$BASHPID" >/dev/null || return 1
	"$@" || status=$?
	taskset -pc "${all##* }" "$BASHPID" >/dev/null
	return "$status"
}

# cpu_packets HOST CPU|all: sent by SAs of that CPU, or without one; nothing if
# there is none
cpu_packets() {
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		on "$1" nfipsec sa list
	else
		on "$1" ip -s xfrm state
	fi | awk -v cpu="$2" '
		function end() { if (out && of == cpu) { sum += n; some = 1 } }
		/^src/ { end(); out = 0; of = "all"; n = 0 }
		/dir out/ { out = 1 }
		/stats: packets/ { n = $3 }
		$2 == "(bytes)," { n = $3 + 0 }
		$1 == "cpu" { of = $2 }
		$1 == "pcpu-num" { of = $2 }
		END { end(); if (some) print sum }'
}

has_all_cpus() {
	local cpu
	for cpu in all 0 1; do
		[[ $(cpu_packets "$1" "$cpu") ]] || return 1
	done
}

# met: packets of each CPU, until both ends have SAs of both
met() {
	local cpu
	for cpu in 0 1; do
		on_cpu "$cpu" on a ping -n -q -c 1 -W 1 -I 192.168.1.4 192.168.2.4 \
			>/dev/null
	done
	has_all_cpus a && has_all_cpus b
}

# spis_of HOST: of its SAs, with nfipsec
spis_of() { on "$1" nfipsec sa list | grep -o ' spi 0x[0-9a-f]*' | sort; }

# all_new HOST SPI...: none of these is left, and each CPU has an SA
all_new() { ! grep -qF -- "$2" <(spis_of "$1") && has_all_cpus "$1"; }

# own_sa HOST CPU COMMAND...: what it sends goes by the SAs of that CPU alone
own_sa() {
	local h=$1 cpu=$2 c is
	local -A was=()
	shift 2
	for c in all 0 1; do
		was[$c]=$(cpu_packets "$h" "$c")
	done
	check "on CPU $cpu" on_cpu "$cpu" "$@" || show_logs
	for c in all 0 1; do
		is=$(($(cpu_packets "$h" "$c") - was[$c]))
		if [[ $c == "$cpu" ]]; then
			((is >= 100)) || { echo "$h: $is by CPU $c"; T_RC=1; }
		else
			equal "$h, of CPU $cpu by $c" "$is" 0
		fi
	done
}

# made_up_ports: from any of them it is not in the clear
made_up_ports() {
	local h
	for h in a b; do
		on "$h" nft insert rule netdev watch out udp dport 4500 accept
	done
}

# per_cpu DRIVER DRIVER yes|encap: an SA of all CPUs, and when packets come on one,
# SAs of that; with encap, each sends by a UDP port of its own
per_cpu() {
	local cpu h between before
	swanctl_on a --version | grep -q ' 5\.\| 6\.0\.[01]$' &&
		{ echo "not in this version"; return "$KSFT_SKIP"; }
	(($(nproc) > 1)) || { echo "needs two CPUs"; return "$KSFT_SKIP"; }
	PER_CPU="per_cpu_sas = $3"$'\nstart_action = trap'
	[[ $3 == yes ]] || ENCAP=yes
	daemons "$1" "$2" || return 1
	PER_CPU='' ENCAP=no
	[[ $3 == yes ]] || made_up_ports
	between="$(pair a 192.168.1.4 b 192.168.2.4)"
	check "the first packet" pings a 192.168.2.4 1 -I 192.168.1.4 || show_logs
	check "SAs of both CPUs" busywait 30 met || show_logs
	[[ $3 == yes ]] ||
		check "a port for each" test "$(on a nfipsec sa list |
			grep -o 'espinudp sport [1-9][0-9]*' | sort -u | wc -l)" -ge 3
	for cpu in 0 1; do
		for h in a b; do
			[[ ${DRIVER[$h]} == nfipsec ]] || continue
			own_sa "$h" "$cpu" streamed "$between"
		done
	done
	for cpu in 0 1; do
		check traffic on_cpu "$cpu" stream_start "cpu$cpu" "$between" || return 1
	done
	before=$(spis_of a)
	check rekey swan a --rekey --child percpu
	check "all of them" busywait 20 all_new a "$before" || show_logs
	for cpu in 0 1; do
		check "nothing lost" stream_stop "cpu$cpu" || show_logs
	done
	no_harm
}

# refuses: what nfipsec cannot do fails, with a line that says so, and leaves nothing
refuses() {
	local c
	local -A says=([mark]='a mark' [set_mark]='a mark' [if_id]='an interface ID'
		[interface]='an interface' [offload]='hardware offload'
		[iptfs]='IPsec mode IPTFS' [low_prio]='a priority of those for IKE')
	swanctl_on a --version | grep -q ' 5\.\| 6\.0\.' &&
		{ echo "not all of it in this version"; return "$KSFT_SKIP"; }
	REFUSED=([mark]='mark_out = 7' [set_mark]='set_mark_in = 7'
		[if_id]='if_id_out = 7' [interface]='interface = eth0'
		[offload]='hw_offload = crypto' [iptfs]='mode = iptfs'
		[low_prio]='priority = 32')
	daemons nfipsec nfipsec || return 1
	for c in "${!REFUSED[@]}"; do
		refute "$c" swan a --initiate --child "$c" --timeout 10 >/dev/null
		check "$c: a line" grep -qE \
			"nfipsec: .*${says[$c]}.* is not supported" "$TMP/b/log" || show_logs
		: >"$TMP/b/log"
		check "$c: nothing of a" busywait 10 sas_are a 0
		check "$c: nothing of b" busywait 10 sas_are b 0
	done
	REFUSED=()
}

ike_setup
need probe stream
topology
plan 18
for ends in 'nfipsec xfrm' 'nfipsec nfipsec'; do
	name=${ends/ / - }
	# shellcheck disable=SC2086 # two words
	run "the most specific of several children, $name" chosen $ends
	run "one child goes, $name" one_less
	run "one comes, others are rekeyed, $name" one_more
	run "lists of selectors, $name" lists
	run "in IPv6, $name" over_ipv6
	# shellcheck disable=SC2086
	run "traps, $name" trapped $ends
	# shellcheck disable=SC2086
	run "a trap that the peer narrows, $name" narrowed $ends
done
for ends in 'nfipsec xfrm' 'nfipsec nfipsec'; do
	# shellcheck disable=SC2086
	run "SAs of each CPU, ${ends/ / - }" per_cpu $ends yes
done
run "SAs of each CPU, by UDP ports" per_cpu nfipsec xfrm encap
run "what is refused" refuses
finish
