#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Beginnings and ends: namespaces, SAs and the module itself go away under
# traffic; and a million packets, none lost.
#
#   host a                        host b
#   10.0.0.1  va ============ vb  10.0.0.2
#   192.168.1.1                   192.168.2.1
#
# usage: life.sh [DRIVER_OF_A DRIVER_OF_B]
#
# NFIPSEC_TEST_CYCLES  loads of the module and deletions of a namespace, each;
#                      200 on a kernel of normal speed, fewer on slow ones
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SPI=0x4000

# pair A B: two hosts and a tunnel between them
pair() {
	hosts "$1" "$2"
	wire "$1" va "$2" vb
	ip_batch "$1" <<-LINES
		addr add 10.0.0.1/24 dev va
		addr add 192.168.1.1/32 dev lo
		route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
	LINES
	ip_batch "$2" <<-LINES
		addr add 10.0.0.2/24 dev vb
		addr add 192.168.2.1/32 dev lo
		route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
	LINES
	# so that ESP comes to GRO
	on "$1" ethtool -K va gro on && on "$2" ethtool -K vb tso off
}

# tunnel A B ALG
tunnel() {
	SPI=$((SPI + 2))
	protect "$1" "$DA" 192.168.1.1 192.168.2.1 10.0.0.1 10.0.0.2 tunnel "$3" \
		"$SPI" $((SPI + 1)) &&
		protect "$2" "$DB" 192.168.2.1 192.168.1.1 10.0.0.2 10.0.0.1 tunnel \
			"$3" $((SPI + 1)) "$SPI"
}

million() {
	local count alg=$1
	count=$(scaled "$2" 2000)
	clear_all a "$DA" && clear_all b "$DB" || return 1
	tunnel a b "$alg" || return 1
	local before=0
	[[ $DA == nfipsec ]] && before=$(counter a out_ok)
	check traffic "$TOOLS/probe" A="${NS[a]},192.168.1.1" \
		B="${NS[b]},192.168.2.1" wire="${NS[a]},va,esp" flood="$count"
	[[ $DA != nfipsec ]] || equal "packets counted" \
		$(($(counter a out_ok) - before)) "$count"
	# the other way they are decrypted by a
	[[ $DA == nfipsec ]] && before=$(counter a in_ok)
	check traffic "$TOOLS/probe" A="${NS[b]},192.168.2.1" \
		B="${NS[a]},192.168.1.1" flood=$((count / 4))
	[[ $DA != nfipsec ]] || equal "packets counted" \
		$(($(counter a in_ok) - before)) $((count / 4))
	[[ $DA != nfipsec ]] || equal "drops" "$(drops a)" ''
}

# sender A B: traffic both ways until it is killed
sender() {
	"$TOOLS/probe" A="${NS[$1]},192.168.1.1" B="${NS[$2]},192.168.2.1" \
		forever >/dev/null 2>"$TMP/sender" &
	SENDER=$!
	PIDS+=("$SENDER")
}

stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# moving HOST COUNTER: it grows; if not, what there is to see
moving() {
	local before
	before=$(counter "$1" "$2")
	busywait 5 grown_since "$1" "$2" "$before" && return
	cat "$TMP/sender"
	ps -o pid,stat,wchan,time,args -p "$SENDER"
	on "$1" nfipsec stats | grep -v ' 0$'
	on "$1" nfipsec sa list
	on "$1" ip -s neigh
	on "$1" ss -uanm
	return 1
}
grown_since() {
	(($(counter "$1" "$2") > $3))
}

# Under traffic, SAs are deleted one by one, flushed, and come back
sa_changes() {
	local n rounds
	rounds=$(scaled 30 10)
	clear_all a nfipsec && clear_all b "$DB" || return 1
	tunnel a b aes128gcm16 || return 1
	sender a b
	for ((n = 0; n < rounds; n++)); do
		if ((n % 2)); then
			on a nfipsec sa flush
		else
			on a nfipsec sa del dst 10.0.0.2 proto esp spi "$SPI"
			on a nfipsec sa del dst 10.0.0.1 proto esp spi $((SPI + 1))
		fi || T_RC=1
		equal "SAs" "$(on a nfipsec sa count)" 0
		sa a nfipsec out 10.0.0.1 10.0.0.2 "$SPI" tunnel aes128gcm16 &&
			sa a nfipsec in 10.0.0.2 10.0.0.1 $((SPI + 1)) tunnel \
				aes128gcm16 replay-window 0 || T_RC=1
	done
	check "no traffic at the end" moving a out_ok
	stop "$SENDER"
	return 0
}

# one namespace with a tunnel to b's address comes, sends and goes
short_life() {
	local i=$1 n ns=nft$$-x$1
	# shellcheck disable=SC2016
	for ((n = 0; n < $2; n++)); do
		ip netns add "$ns" &&
			ip -n "$ns" -batch - <<-LINES &&
				link set lo up
				link add v0 type veth peer name v1
				addr add 10.0.0.1/24 dev v0
				addr add 192.168.1.1/32 dev lo
				link set v0 up
				link set v1 up
				neigh add 10.0.0.2 lladdr 02:00:00:00:00:99 dev v0 nud permanent
				route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
			LINES
			nsenter --net="/run/netns/$ns" -- bash -c '
				nfipsec --batch - <"$1" || exit 1
				exec 3>/dev/udp/192.168.2.1/9 || exit 1
				for ((k = 0; k < 20; k++)); do echo x >&3; done' _ \
				"$TMP/short" || return 1
		# traffic goes on while the namespace goes
		nsenter --net="/run/netns/$ns" -- bash -c '
			exec 3>/dev/udp/192.168.2.1/9
			for ((k = 0; k < 50; k++)); do echo x >&3; done' 2>/dev/null &
		ip netns del "$ns" || return 1
		wait "$!"
	done
	return 0
}

# an SA that is about to send something of itself
keepalive_sa() {
	key 20 2
	echo "sa add src 10.0.0.1 dst 10.0.0.9 proto esp spi 0x4500 mode tunnel" \
		"dir out encap espinudp 4500 4500 0.0.0.0" \
		"nat-keepalive-interval 1 aead aes128gcm16 $KEY 128"
}

namespaces() {
	local total each i pids=()
	total=${NFIPSEC_TEST_CYCLES:-$(scaled 200 40)}
	each=$((total / 4))
	key 20 1
	cat >"$TMP/short" <<-LINES
		sa add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1234 mode tunnel reqid 1 aead aes128gcm16 $KEY 128
		sa add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x1235 mode tunnel reqid 1 aead aes128gcm16 $KEY 128
		policy add dir out src 192.168.1.1 dst 192.168.2.1 action protect tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel reqid 1
		policy add dir in src 192.168.2.1 dst 192.168.1.1 proto udp dport 5 action protect tmpl src 10.0.0.2 dst 10.0.0.1 proto esp mode tunnel reqid 1
		default in discard
		$(keepalive_sa)
	LINES
	for i in 1 2 3 4; do
		short_life "$i" "$each" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || { echo "a worker failed"; T_RC=1; }
	done
}

# Both hosts of a busy tunnel go at once
busy_pairs() {
	local n rounds
	rounds=$(scaled 10 3)
	for ((n = 0; n < rounds; n++)); do
		pair c d || return 1
		tunnel c d aes128gcm16 || return 1
		sender c d
		check "traffic" moving c out_ok
		forget c
		forget d
		stop "$SENDER"
	done
}

module_out() {
	rmmod nfipsec
}

# without debugging information, which only takes time to read
small_module() {
	[[ ${NFIPSEC_KO:-} ]] || return 0
	if strip --strip-debug -o "$TMP/nfipsec.ko" "$NFIPSEC_KO" 2>/dev/null; then
		NFIPSEC_KO=$TMP/nfipsec.ko
	fi
}

# The module goes and comes, with tables and without, idle and under traffic
cycles() {
	local n rounds
	rounds=${NFIPSEC_TEST_CYCLES:-$(scaled 200 50)}
	for ((n = 0; n < rounds; n++)); do
		module_out && module_insert || return 1
		((n % 10)) && continue
		clear_all b "$DB" && tunnel a b aes128gcm16 || return 1
		keepalive_sa | apply a nfipsec || return 1
	done
}

cycles_under_traffic() {
	local n rounds
	rounds=$(scaled 15 5)
	clear_all b "$DB" || return 1
	clear_all a nfipsec || return 1
	tunnel a b aes128gcm16 || return 1
	sender a b
	for ((n = 0; n < rounds; n++)); do
		check "traffic" moving a out_ok
		module_out || return 1
		# without the module there is no protection and XFRM refuses all
		module_insert || return 1
		clear_all b "$DB"
		tunnel a b aes128gcm16 || return 1
	done
	stop "$SENDER"
}

# While the module is not loaded, requests fail and nothing else
not_loaded() {
	module_out || return 1
	refute "answered" on a nfipsec sa list
	module_insert
}

need ip nsenter probe rmmod ethtool
DA=${1:-nfipsec} DB=${2:-xfrm}
load_module "$DA" "$DB"
small_module
pair a b
if [[ $DA == nfipsec ]]; then
	plan 8
else
	plan 2
fi
run "packets of mixed sizes, aes128gcm16" million aes128gcm16 600000
run "packets of mixed sizes, aes128-sha256_128" million aes128-sha256_128 200000
if [[ $DA == nfipsec ]]; then
	run "SAs deleted under traffic" sa_changes
	run "namespaces deleted under traffic" namespaces
	run "hosts of a busy tunnel deleted" busy_pairs
	if lsmod | grep -q '^nfipsec '; then
		run "module unloaded" not_loaded
		run "load and unload" cycles
		run "load and unload under traffic" cycles_under_traffic
	fi
fi
finish
