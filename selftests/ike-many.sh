#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two hundred tunnels at once, an IKE_SA and a CHILD_SA for each: all come, some
# have traffic and are rekeyed, all go, and nothing is left. Then as many traps, with
# packets for each from the beginning.
#
#     10.1.0.1 - 10.1.0.200             10.2.0.1 - 10.2.0.200
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#
# usage: ike-many.sh
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

TUNNELS=$(scaled 200 20)
# Each child has an IKE_SA of its own, though both ends are the same; so many
# that are half open from one address are no attack.
MORE_CONF=([a]='reuse_ikesa = no' [b]='dos_protection = no')
declare -A START=([a]=start [b]=none)
declare -A INSIDE=([a]=10.1.0 [b]=10.2.0)

swanctl_conf() {
	local h=$1 p=b i
	[[ $h == a ]] || p=a
	echo 'connections {'
	for ((i = 1; i <= TUNNELS; i++)); do
		cat <<-CONF
			c$i {
				local_ts = ${INSIDE[$h]}.$i/32
				remote_ts = ${INSIDE[$p]}.$i/32
				esp_proposals = aes128gcm16
				rekey_time = 0
				start_action = ${START[$h]}
			}
		CONF
	done | connection many "$h" "$p" 'unique = never'
	echo '}'
	secrets
}

topology() {
	local h i
	two_hosts
	for h in a b; do
		for ((i = 1; i <= TUNNELS; i++)); do
			echo "addr add ${INSIDE[$h]}.$i/32 dev lo"
		done | ip_batch "$h"
	done
}

# installed HOST COUNT: so many children
installed() { [[ $(swanctl_on "$1" --list-sas | grep -c ' INSTALLED,') == "$2" ]]; }
# established HOST COUNT: so many IKE_SAs
established() { [[ $(ike_ids "$1" many | wc -l) == "$2" ]]; }

# some: every tenth of them
some() {
	local i
	for ((i = 1; i <= TUNNELS; i += 10)); do
		pair a "10.1.0.$i" b "10.2.0.$i"
	done
}

# all_up DRIVER...
all_up() {
	local h
	prepare "$1" "$2"
	# who is asked first
	start b && start a || return 1
	for h in a b; do
		check "SAs of $h" busywait 120 sas_are "$h" $((2 * TUNNELS)) ||
			{ sas "$h"; show_logs; return 1; }
		check "children of $h" busywait 10 installed "$h" "$TUNNELS"
		check "IKE_SAs of $h" established "$h" "$TUNNELS"
	done
	mapfile -t pairs < <(some)
	check "traffic" streamed "${pairs[@]}" || show_logs
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
}

# children: the numbers of those of a
children() {
	swanctl_on a --list-sas |
		sed -n 's/^ *c[0-9]*: #\([0-9]*\), .* INSTALLED, .*/\1/p' | sort -n
}

# some_rekeyed: by a and b in turns
some_rekeyed() {
	local last i
	last=$(children | tail -n 1)
	mapfile -t pairs < <(some)
	check traffic stream_start all every=20 "${pairs[@]}" || return 1
	for ((i = 1; i <= TUNNELS; i += 10)); do
		check rekey swan "$([[ $((i % 20)) == 1 ]] && echo a || echo b)" \
			--rekey --child "c$i"
	done
	check "all of them" busywait 60 rekeyed_since "$last" || show_logs
	check "nothing lost" stream_stop all || show_logs
	check "old SAs of a go" busywait 60 sas_are a $((2 * TUNNELS))
	check "old SAs of b go" busywait 60 sas_are b $((2 * TUNNELS))
	check "clear text" nothing_clear
	check "drops" no_drops
}

# rekeyed_since NUMBER: as many children as were to be are newer
rekeyed_since() {
	(($(children | awk -v last="$1" '$1 > last' | wc -l) == (TUNNELS + 9) / 10))
}

all_down() {
	local h
	check terminate swan a --terminate --ike many --timeout 60
	for h in a b; do
		check "SAs of $h" busywait 60 sas_are "$h" 0
		check "IKE_SAs of $h" established "$h" 0
		equal "routes of $h" "$(on "$h" ip route show table 220)" ''
		if [[ ${DRIVER[$h]} == nfipsec ]]; then
			equal "policies of $h" "$(on "$h" nfipsec policy list |
				grep -c protect)" 0
		else
			equal "policies of $h" "$(on "$h" ip xfrm policy |
				grep -c 'dir out')" 0
		fi
	done
}

# trapped: traps are set one after the other, while packets for all ask for SAs as soon
# as they are there. For both a's daemon has one thread beside the watcher's, that of
# netlink's answers as well.
trapped() {
	MORE_CONF[a]='threads = 5
		plugins {
			kernel-netlink {
				parallel_route = yes
			}
		}'
	START[a]=none
	prepare nfipsec xfrm
	start a || return 1
	START[a]="trap"
	swanctl_conf a >"$TMP/a/swanctl/swanctl.conf"
	on a bash -c "while :; do for ((i = 1; i <= $TUNNELS; i++)); do
		echo >/dev/udp/${INSIDE[b]}.\$i/9; done; done" 2>/dev/null &
	PIDS+=($!)
	check "traps" in_time 60 --load-conns || show_logs
	kill $!
	equal "policies" "$(on a nfipsec policy list | grep -c protect)" \
		$((2 * TUNNELS))
	check "it answers" in_time 60 --stats
	check "clear text" nothing_clear
}

# in_time SECONDS WORD...: what swanctl of a does
in_time() {
	local t=$1
	shift
	on a timeout $((t * NFIPSEC_TEST_SLOW)) \
		env STRONGSWAN_CONF="$TMP/a/strongswan.conf" \
		SWANCTL_DIR="$TMP/a/swanctl" \
		swanctl "$@" --uri "unix://$TMP/a/vici" >/dev/null
}

ike_setup
need stream
topology
plan 7
for ends in 'nfipsec xfrm' 'nfipsec nfipsec'; do
	name=${ends/ / - }
	# shellcheck disable=SC2086 # two words
	run "$TUNNELS tunnels, $name" all_up $ends
	run "some rekeyed, $name" some_rekeyed
	run "all end, $name" all_down
done
run "$TUNNELS traps, with packets" trapped
finish
