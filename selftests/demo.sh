#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo: hosts in network namespaces, a tunnel between two of them, and what
# it does. Every claim it prints is checked; it fails where one does not hold.
#
#          left                                right
#   +----------------+   10.0.0.0/24   +-----------------+
#   | 10.1.0.1    eth0 =============== eth0     10.2.0.1 |    other
#   +----------------+       ESP       |                 |   +-----------------+
#                                      |            eth1 --- eth0   10.1.0.66  |
#                                      +-----------------+   +-----------------+
# shellcheck source=./lib-demo.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-demo.sh"

HOSTS=(left right other)
CAPTURE=''

cleanup() {
	local host
	[[ $CAPTURE ]] && kill "$CAPTURE" 2>/dev/null
	for host in "${!NS[@]}"; do
		ip netns del "${NS[$host]}" 2>/dev/null
	done
	[[ $LOADED ]] && rmmod nfipsec
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

answers() { on "$1" ping -q -n -c 1 -W 2 "$2" >"$TMP/ping" 2>&1; }

make_hosts() {
	local host
	for host in "${HOSTS[@]}"; do
		ip netns add "nfipsec$$-$host"
		NS[$host]=nfipsec$$-$host
		ip -n "${NS[$host]}" link set lo up
	done
	ip link add eth0 netns "${NS[left]}" type veth peer eth0 netns "${NS[right]}"
	ip link add eth1 netns "${NS[right]}" type veth peer eth0 netns "${NS[other]}"
	ip -n "${NS[left]}" -batch - <<-LINES
		addr add 10.0.0.1/24 dev eth0
		addr add 10.1.0.1/32 dev lo
		link set eth0 up
		route add 10.2.0.0/16 via 10.0.0.2 src 10.1.0.1
	LINES
	ip -n "${NS[right]}" -batch - <<-LINES
		addr add 10.0.0.2/24 dev eth0
		addr add 10.0.1.2/24 dev eth1
		addr add 10.2.0.1/32 dev lo
		link set eth0 up
		link set eth1 up
		route add 10.1.0.0/16 via 10.0.0.1 src 10.2.0.1
	LINES
	ip -n "${NS[other]}" -batch - <<-LINES
		addr add 10.0.1.66/24 dev eth0
		addr add 10.1.0.66/32 dev lo
		link set eth0 up
		route add 10.2.0.0/16 via 10.0.1.2
	LINES
}

# Keys: 16 bytes and 4 of salt, in files, never in an argument.
make_keys() {
	local name
	umask 077
	for name in there back; do
		printf '0x%s\n' "$(od -An -vtx1 -N20 /dev/urandom | tr -d ' \n')" \
			>"$TMP/$name.key"
	done
}

tunnel() {
	local host=$1 there=$2 back=$3
	on "$host" nfipsec sa add src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1001 \
		mode tunnel dir "$there" aead aes128gcm16 "@$TMP/there.key" 128
	on "$host" nfipsec sa add src 10.0.0.2 dst 10.0.0.1 proto esp spi 0x1002 \
		mode tunnel dir "$back" aead aes128gcm16 "@$TMP/back.key" 128
	on "$host" nfipsec policy add dir "$there" src 10.1.0.0/16 dst 10.2.0.0/16 \
		action protect tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel
	on "$host" nfipsec policy add dir "$back" src 10.2.0.0/16 dst 10.1.0.0/16 \
		action protect tmpl src 10.0.0.2 dst 10.0.0.1 proto esp mode tunnel
}

start_capture() {
	# not by "on": the process to end later is tcpdump itself
	ip netns exec "${NS[left]}" tcpdump -n -U --immediate-mode -Z root -i eth0 \
		-w "$TMP/wire.pcap" ip 2>"$TMP/tcpdump" >/dev/null &
	CAPTURE=$!
	until_true 10 grep -q 'listening on' "$TMP/tcpdump" ||
		bad "tcpdump does not start: $(cat "$TMP/tcpdump")"
}

# What left sent or received on the wire, outermost headers alone. What it
# received a second time, opened, is seen on the device too, with no ESP.
wire() { tcpdump -n -t -r "$TMP/wire.pcap" "$@" 2>/dev/null; }
wire_has() { (($(wire "${@:2}" | wc -l) >= $1)); }

stop_capture() {
	until_true 10 wire_has 6 esp || true
	kill "$CAPTURE"
	wait "$CAPTURE" 2>/dev/null || true
	CAPTURE=
}

need ip tcpdump ping nfipsec

title "Linux $(uname -r), three hosts, a tunnel between two"
sed -n '7,13s/^#   //p' "$0"
load_module
make_hosts
make_keys
tunnel left out in
tunnel right in out
note "left and right have one SA for each direction, and policies that protect"
note "all that goes between 10.1.0.0/16 and 10.2.0.0/16. AES-GCM, fresh keys."

title "The configuration of left"
show left nfipsec sa list
show left nfipsec policy list
claim "two SAs, two policies" \
	test "$(on left nfipsec sa count | grep -oE '[0-9]+' | head -n 1)" = 2

title "A ping through the tunnel"
start_capture
show left ping -n -c 3 -i 0.2 10.2.0.1 | tee "$TMP/ping"
claim "all of it was answered" grep -q ' 3 received' "$TMP/ping"

title "The same, as tcpdump sees it on the wire"
stop_capture
wire esp | head -n 6
claim "three ESP packets there" wire_has 3 esp and src 10.0.0.1
claim "three ESP packets back" wire_has 3 esp and src 10.0.0.2
claim "no ping left in the clear" test -z "$(wire icmp and src 10.1.0.1)"

title "The counters of right"
show_counters right
claim "three packets received, three sent, through SAs" \
	test "$(counter right in_ok) $(counter right out_ok)" = "3 3"

title "Clear traffic, refused"
note "other is not left, but sends with an address of left's network:"
show other ping -n -c 3 -i 0.2 -W 1 -I 10.1.0.66 10.2.0.1 | tee "$TMP/ping" || true
claim "nothing was answered" grep -q ' 0 received' "$TMP/ping"
show_counters right
claim "right dropped three packets that came in the clear" \
	test "$(counter right in_clear)" = 3
claim "other is heard where no policy asks for protection" \
	answers other 10.0.1.2
claim "and the tunnel still works" answers left 10.2.0.1

title "Done"
