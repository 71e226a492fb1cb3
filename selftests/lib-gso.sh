# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Super-packets through the two gateways of lib-gateways.sh, and what is counted of
# them. Sourced, behind that.
# shellcheck disable=SC2034 # for those that source this

BYTES=$(scaled 800000 200000)
# the devices by which ESP leaves gwa, and by which it comes to gwb
WAN=wan
FROM=wan
# counters of what may be refused
ALLOWED=out_too_big

# Those of TCP as long as they may be, however slow this machine is; and never more on
# the way than the queue of a CPU takes.
gso_topology() {
	local h
	topology
	for h in h1 h2; do
		on "$h" bash -c 'cd /proc/sys/net/ipv4
			echo 44 >tcp_min_tso_segs
			echo 4096 131072 262144 >tcp_rmem'
	done
}

# rules HOST <TABLES: instead of those there are
rules() {
	{
		echo "flush ruleset"
		cat
	} | on "$1" nft -f -
}

# watch [RULES [MATCH]]: count what leaves gwa's stack, which has these RULES too, and
# what of that is more than 16 packets; what comes to gwb, what of that is larger than a
# packet may be, and what matches; what is larger of all that the link brings. No sets:
# kernels with lockdep complain of nftables' own.
watch() {
	local esp='
		meta l4proto tcp return
		meta l4proto icmp return
		meta l4proto icmpv6 return'
	rules gwa <<-RULES && rules gwb <<-RULES2
		table inet seen {
			counter sent { }
			counter long { }
			chain c {
				type filter hook output priority 300
				oifname != $WAN return
				$esp
				counter name sent
				meta length > 24000 counter name long
			}
		}
		$1
	RULES
		table inet seen {
			counter came { }
			counter large { }
			counter other { }
			counter wide { }
			chain w {
				type filter hook prerouting priority -501
				iifname wan meta length > 1500 counter name wide
			}
			chain c {
				type filter hook prerouting priority -500
				iifname != $FROM return
				$esp
				counter name came
				meta length > 1500 counter name large
				${2:-meta length 0} counter name other
			}
		}
	RULES2
}

# seen HOST COUNTER
seen() {
	on "$1" nft list counter inet seen "$2" | sed -n 's/.*packets \([0-9]*\).*/\1/p'
}

# in_udp DRIVER_A DRIVER_B [ALG]: as tunnel(), over IPv4 and in UDP
in_udp() {
	local net wan alg=${3:-aes128gcm16}
	clear_all gwa "$1" && clear_all gwb "$2" || return 1
	read -r -a net <<<"${NETS[4]}"
	read -r -a wan <<<"${WANS[4]}"
	SPI=$((SPI + 2))
	protect gwa "$1" "${net[0]}" "${net[1]}" "${wan[0]}" "${wan[1]}" tunnel \
		"$alg" "$SPI" $((SPI + 1)) encap espinudp 4500 4500 0.0.0.0 &&
		protect gwb "$2" "${net[1]}" "${net[0]}" "${wan[1]}" "${wan[0]}" tunnel \
			"$alg" $((SPI + 1)) "$SPI" encap espinudp 4500 4500 0.0.0.0
}

# pass_on Y|N: super-packets of ESP in UDP as one also to devices that may pass them on
pass_on() {
	echo "$1" >/sys/module/nfipsec/parameters/gso_udp
}

# sa_packets HOST in|out SPI: how many that SA counted
sa_packets() {
	if [[ ${HAD_DRIVER[$1]} == xfrm ]]; then
		ip -n "${NS[$1]}" -s xfrm state list spi "$3" |
			sed -n '/lifetime current/{n;s/.*, \([0-9]*\)(packets).*/\1/p}'
	else
		on "$1" nfipsec sa show dir "$2" spi "$3" |
			sed -n 's/.*stats: packets \([0-9]*\).*/\1/p'
	fi
}

as_many() {
	SENT="$(sa_packets gwa out "$SPI") $(sa_packets gwb out $((SPI + 1)))"
	CAME="$(sa_packets gwb in "$SPI") $(sa_packets gwa in $((SPI + 1)))"
	[[ $SENT == "$CAME" && $SENT == [1-9]*\ [1-9]* ]]
}

# refused: nothing was but what may be
refused() {
	local bad
	# shellcheck disable=SC2086 # words
	bad=$(drops gwa $ALLOWED; drops gwb $ALLOWED)
	equal "drops" "$bad" ''
}

# counted: each packet that either gateway sealed since the SAs are there was opened by
# the other
counted() {
	check "all came" busywait 5 as_many || echo "$SENT sealed, $CAME came"
	refused
}

# transfer INNER: TCP both ways at once between the hosts, on one CPU: two give packets
# another order
transfer() {
	local e
	read -r -a e <<<"${ENDS[$1]}"
	check traffic taskset -c 0 "$TOOLS/probe" A="${NS[h1]},${e[0]}" B="${NS[h2]},${e[1]}" \
		tcp="$BYTES" || return 1
	counted
}

# more TENTHS WHAT N WHAT N: the second is so many tenths of the first at least
more() {
	((10 * $5 >= $1 * $3 && $3 > 0)) && return
	echo "$3 $2, $5 $4: not $1 tenths of that"
	T_RC=1
}

# queue_of HOST HOW...: a queue to user space there, nfqueue's; on one CPU, from which
# packets leave in the order it says
queue_of() {
	local line
	coproc QUEUE { exec taskset -c 0 "$TOOLS/nfqueue" "${NS[$1]}" 5 "${@:2}" 2>&1; }
	PIDS+=("$QUEUE_PID")
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "${QUEUE[0]}" line
	equal "queue" "$line" ready
}

# queue_ends N: so many packets were in it
queue_ends() {
	local line in=${QUEUE[1]}
	rules gwa </dev/null
	# the end of its input ends it
	exec {in}>&-
	read -r -t $((40 * NFIPSEC_TEST_SLOW)) -u "${QUEUE[0]}" line
	equal "packets in the queue" "$line" "total $1"
	wait "$QUEUE_PID" 2>/dev/null
	return 0
}
