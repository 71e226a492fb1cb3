#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What replaces SAs while packets are on their way: rekeying of CHILD_SA and
# IKE_SA by either end and by both at once, reauthentication, close actions, dead
# peers, daemons that are killed. With certificates.
#
#     192.168.1.1                       192.168.2.1
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#
# usage: ike-rekey.sh
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

CERT=([a]=a [b]=b)
QUICK_DEAD='retransmit_timeout = 0.5
	retransmit_base = 1'
MORE_CONF=([a]="make_before_break = yes
	$QUICK_DEAD" [b]=$QUICK_DEAD)
# of a's child "net", for the next daemons
CLOSE=none START=none DPD=0s

swanctl_conf() {
	local h=$1 p=b
	[[ $h == a ]] || p=a
	echo 'connections {'
	connection peer "$h" "$p" 'keyingtries = 0' \
		"dpd_delay = $([[ $h == a ]] && echo "$DPD" || echo 0s)" <<-CONF
		net {
			local_ts = ${NET[$h]}.0/24
			remote_ts = ${NET[$p]}.0/24
			esp_proposals = aes128gcm16-x25519,aes128gcm16
			rekey_time = 0
			start_action = $START
			close_action = $([[ $h == a ]] && echo "$CLOSE" || echo none)
			dpd_action = $([[ $h == a && $DPD != 0s ]] && echo restart || echo clear)
		}
	CONF
	echo '}'
}

stream_net() { stream_start net "$(pair a 192.168.1.1 b 192.168.2.1)" "$@"; }

# two_sas: at each end, and a child
two_sas() { sas_are a 2 && sas_are b 2; }

# settled: nothing of the old ones is left
settled() {
	check "the old SAs go" busywait 20 two_sas ||
		{ sas a; sas b; show_logs; }
}

no_harm() {
	check "clear text" nothing_clear
	check "drops" no_drops
}

up() {
	CLOSE=none START=none DPD=0s
	daemons "$1" "$2" && initiate a net
}

# rekey HOST...: the child, by all of these at once
rekey() {
	local h before pids=()
	before=$(child_id a net)
	for h; do
		swanctl_on "$h" --rekey --child net >"$TMP/rekey.$h" 2>&1 &
		pids+=($!)
	done
	check "asked" wait "${pids[@]}"
	check "a new one" busywait 10 child_is_not a net "$before" || show_logs
	settled
	equal "one child" "$(swanctl_on a --list-sas | grep -c ' INSTALLED,')" 1
}

# rekeyed HOST...: nothing is lost
rekeyed() {
	check traffic stream_net || return 1
	for _ in 1 2; do
		rekey "$@"
	done
	check "nothing lost" stream_stop net || show_logs
	no_harm
}

# ike_replaced HOST OPTION...: there is a new IKE_SA
ike_replaced() {
	local before h=$1
	shift
	before=$(ike_ids a peer)
	check rekey swan "$h" --rekey --ike peer "$@"
	check "a new one" busywait 15 ike_is_one_but a peer "$before" || show_logs
}

ike_rekeyed() {
	check traffic stream_net || return 1
	ike_replaced a
	ike_replaced b
	check "nothing lost" stream_stop net || show_logs
	equal "the same child" "$(sas a) $(sas b)" "2 2"
	no_harm
}

# reauthenticated: the new SAs are there before the old ones go. What b sends by
# the new one before a has that is lost, by the protocol's order; a few
# packets, and none from a.
reauthenticated() {
	check traffic stream_net || return 1
	ike_replaced a --reauth
	settled
	stream_stop net >/dev/null
	check "nothing lost of a" grep -q "^192.168.1.1 .* lost 0 twice 0 .* wrong 0" \
		"$TMP/stream.net" || cat "$TMP/stream.net"
	check "little of b" grep -qE "^192.168.2.1 .* lost [0-9]{1,2} twice 0 .* wrong 0" \
		"$TMP/stream.net" || cat "$TMP/stream.net"
	check "clear text" nothing_clear
	counts_anew
}

traffic() { streamed "$(pair a 192.168.1.1 b 192.168.2.1)"; }

# broken: ends a stream of which something may be lost, nothing twice
broken() {
	stream_stop net >/dev/null
	equal "nothing twice" "$(grep -c ' twice 0 late .* wrong 0' "$TMP/stream.net")" 2 ||
		cat "$TMP/stream.net"
}

# closed ACTION DRIVER...: b closes the child, which comes back, on demand or at
# once; what is sent in between is not sent in the clear, since policies trap it
closed() {
	local before
	CLOSE=$1 START=trap DPD=0s
	daemons "$2" "$3" && initiate a net || return 1
	before=$(child_id a net)
	check traffic stream_net grace=300 || return 1
	check terminate swan b --terminate --child net
	check "a new one" busywait 15 child_is_not a net "$before" || show_logs
	check "for both" busywait 15 child_is_up b net
	broken
	check "nothing lost from now on" traffic || show_logs
	check "clear text" nothing_clear
}

# dead DRIVER...: b's daemon is gone. As long as there is traffic nothing is lost
# and nobody cares; then a notices, and begins anew until there is another one.
dead() {
	CLOSE=none START=trap DPD=3s
	daemons "$1" "$2" && initiate a net || return 1
	check traffic stream_net || return 1
	stop b KILL
	check "without it" traffic
	check "nothing lost" stream_stop net || show_logs
	check "noticed" busywait 30 logged a 'giving up after' || show_logs
	check traffic stream_net grace=300 || return 1
	start b || return 1
	check "a new child" busywait 20 child_is_up b net || show_logs
	check "for both" busywait 10 child_is_up a net
	broken
	check "nothing lost from now on" traffic || show_logs
	check "clear text" nothing_clear
}

# killed HOST START DRIVER...: nothing is lost without that daemon; the next one sets
# the child up again. It says that this is its first contact, so the other end's
# daemon ends what it had before it has the next one, and in between there is no
# policy: what is sent there then is in the clear, unless START is a trap.
killed() {
	local h=$1 other=b
	[[ $h == a ]] || other=a
	CLOSE=none START=$2 DPD=0s
	daemons "$3" "$4" && initiate a net || return 1
	check traffic stream_net || return 1
	stop "$h" KILL
	check "without it" traffic
	start "$h" || return 1
	check "nothing lost without it" stream_stop net || show_logs
	check "clear text, without it" nothing_clear
	check traffic stream_net grace=300 || return 1
	initiate "$h" net || return 1
	check "one child" busywait 10 child_is_up "$other" net
	broken
	if [[ $START == trap ]]; then
		equal "times without a policy" "$(bare "$other")" 0
	else
		equal "times without a policy" "$(bare "$other")" 1
		PASSED[$other]=$(($(clear_packets "$other") - CLEAR_BEFORE[$other]))
	fi
	check "nothing lost from now on" traffic || show_logs
	check "clear text" nothing_clear
}

# bare HOST: how often its daemon took away the only policy for what it sends
bare() { grep -c 'nfipsec: deleting policy .* out .* uses 0' "$TMP/$1/log"; }

# Routes of their own: those of the daemon go with its policies, and with them what
# would be seen in the clear.
topology() {
	two_hosts
	ip -n "${NS[a]}" route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
	ip -n "${NS[b]}" route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
}

ike_setup
topology
plan 22
for ends in 'nfipsec xfrm' 'nfipsec nfipsec'; do
	name=${ends/ / - }
	# shellcheck disable=SC2086 # two words
	run "net to net by certificates, $name" up $ends
	run "CHILD rekeyed by a, $name" rekeyed a
	run "CHILD rekeyed by b, $name" rekeyed b
	run "CHILD rekeyed by both at once, $name" rekeyed a b
	run "IKE rekeyed by either, $name" ike_rekeyed
	run "reauthentication, $name" reauthenticated
	# shellcheck disable=SC2086 # two words
	{
		run "close action start, $name" closed start $ends
		run "close action trap, $name" closed trap $ends
		run "dead peer, restart, $name" dead $ends
		run "the peer's daemon killed, $name" killed b none $ends
		run "the peer's daemon killed, with traps, $name" killed b trap $ends
	}
done
finish
