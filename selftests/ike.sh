#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two strongSwan daemons, each with nfipsec below it by the plugin kernel-nfipsec
# or with XFRM by its own kernel-netlink.
#
#     192.168.1.1                       192.168.2.1
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#            fd00::1               fd00::2
#
# usage: ike.sh
#
# Needs strongSwan as Debian packages it, and the plugin built for its version:
# NFIPSEC_IKE_PLUGIN is its file. See "check-ike" of the Makefile.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

declare -A ADDR=([a]=10.0.0.1 [b]=10.0.0.2) NET=([a]=192.168.1 [b]=192.168.2)
declare -A DRIVER=() DAEMON=()

topology() {
	local h
	hosts a b
	wire a eth0 b eth0
	for h in a b; do
		ip_batch "$h" <<-LINES
			addr add ${ADDR[$h]}/24 dev eth0
			addr add ${NET[$h]}.1/32 dev lo
		LINES
		# what goes out and is neither sealed nor IKE
		on "$h" nft -f - <<-'RULES'
			table netdev watch {
				chain out {
					type filter hook egress device eth0 priority 0
					meta protocol arp accept
					ip protocol { esp, ah } accept
					udp sport { 500, 4500 } accept
					icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert,
						nd-router-solicit, mld2-listener-report } accept
					counter
				}
			}
		RULES
	done
}

# clear_packets HOST: how many that were
clear_packets() {
	on "$1" nft list chain netdev watch out |
		sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}

peer() { [[ $1 == a ]] && echo b || echo a; }

# configure HOST: connection "peer" and its children
configure() {
	local h=$1 p dir=$TMP/$1
	p=$(peer "$h")
	mkdir -p "$dir/swanctl"
	# no plugin of those that are not needed, and none of ours for XFRM
	cat >"$dir/strongswan.conf" <<-CONF
		charon-systemd {
			load = random nonce openssl pem x509 pubkey pkcs1 kdf vici ${BACKENDS[${DRIVER[$h]}]} socket-default
			retransmit_tries = 3
			delete_rekeyed_delay = 1
			plugins {
				vici {
					socket = unix://$dir/vici
				}
			}
			filelog {
				log {
					path = $dir/log
					append = yes
					default = 1
					knl = 2
					flush_line = yes
					time_format = %H:%M:%S
				}
			}
		}
		swanctl {
			load = openssl pem x509 pubkey pkcs1 random
		}
	CONF
	cat >"$dir/swanctl/swanctl.conf" <<-CONF
		connections {
			peer {
				version = 2
				local_addrs = ${ADDR[$h]}
				remote_addrs = ${ADDR[$p]}
				proposals = aes128gcm16-prfsha256-x25519
				local {
					auth = psk
					id = $h
				}
				remote {
					auth = psk
					id = $p
				}
				children {
					net {
						local_ts = ${NET[$h]}.0/24
						remote_ts = ${NET[$p]}.0/24
						esp_proposals = aes128gcm16-x25519,aes128gcm16
						rekey_time = 0
					}
					host {
						mode = transport
						esp_proposals = aes256-sha256
						rekey_time = 0
					}
				}
			}
		}
		secrets {
			ike-peer {
				secret = "not much of one"
			}
		}
	CONF
}
declare -A BACKENDS=([nfipsec]='kernel-nfipsec kernel-netlink' [xfrm]=kernel-netlink)

# start HOST: its daemon, configured
start() {
	local h=$1
	nsenter --net="/run/netns/${NS[$h]}" -- env \
		STRONGSWAN_CONF="$TMP/$h/strongswan.conf" charon-systemd \
		>>"$TMP/$h/out" 2>&1 &
	DAEMON[$h]=$!
	PIDS+=($!)
	if ! busywait 20 test -S "$TMP/$h/vici"; then
		tail -n 20 "$TMP/$h/log" "$TMP/$h/out"
		return 1
	fi
	check "$h: configuration" swan "$h" --load-all
}

# stop HOST [SIGNAL]
stop() {
	[[ ${DAEMON[$1]:-} ]] || return 0
	kill "-${2:-TERM}" "${DAEMON[$1]}"
	wait "${DAEMON[$1]}" 2>/dev/null
	unset "DAEMON[$1]"
	rm -f "$TMP/$1/vici"
}

# swan HOST WORD...: swanctl, whose output is only of interest if it fails
swan() {
	local h=$1
	shift
	if ! swanctl_on "$h" "$@" >"$TMP/swanctl" 2>&1; then
		tail -n 20 "$TMP/swanctl"
		return 1
	fi
}

swanctl_on() {
	local h=$1
	shift
	on "$h" env STRONGSWAN_CONF="$TMP/$h/strongswan.conf" \
		SWANCTL_DIR="$TMP/$h/swanctl" \
		swanctl "$@" --uri "unix://$TMP/$h/vici"
}

# logged HOST TEXT
logged() { grep -qF -- "$2" "$TMP/$1/log"; }

# daemons DRIVER_A DRIVER_B: both, anew
daemons() {
	local h
	stop a
	stop b
	DRIVER=([a]=$1 [b]=$2)
	for h in a b; do
		clear_all "$h" "${DRIVER[$h]}"
		rm -rf "${TMP:?}/$h"
		configure "$h"
		start "$h" || return 1
	done
	for h in a b; do
		[[ ${DRIVER[$h]} == xfrm ]] ||
			check "$h: backend" nfipsec_below "$h" || return 1
	done
}

# nfipsec_below HOST: its daemon's plugin is at work, and no XFRM
nfipsec_below() {
	on "$1" nfipsec policy list | grep -q bypass &&
		[[ ! $(on "$1" ip xfrm policy) ]]
}

# pings HOST ADDRESS COUNT [OPTION...]: all are answered
pings() {
	local h=$1 to=$2 n=$3
	shift 3
	on "$h" ping -n -q -i 0.02 -c "$n" -W 5 "$@" "$to" >"$TMP/ping.$h" 2>&1
	grep -q " $n received" "$TMP/ping.$h" || { cat "$TMP/ping.$h"; return 1; }
}

# counted: hosts with nfipsec sent and received through SAs, and dropped nothing
counted() {
	local h
	local -A s
	for h in a b; do
		[[ ${DRIVER[$h]} == nfipsec ]] || continue
		stats "$h" s
		((s[in_ok] > ${IN[$h]:-0} && s[out_ok] > ${OUT[$h]:-0})) ||
			{ echo "$h: in_ok ${s[in_ok]} out_ok ${s[out_ok]}"; return 1; }
		IN[$h]=${s[in_ok]} OUT[$h]=${s[out_ok]}
	done
}
declare -A IN=() OUT=()

nothing_clear() {
	local h n bad=0
	for h in a b; do
		n=$(clear_packets "$h")
		((n == 0)) && continue
		echo "$h: $n packets in the clear"
		bad=1
	done
	return "$bad"
}

no_drops() {
	local h bad=''
	for h in a b; do
		[[ ${DRIVER[$h]} == nfipsec ]] && bad+=$(drops "$h")
	done
	[[ ! $bad ]] || { echo "$bad"; return 1; }
}

# sas HOST: SAs in the kernel
sas() {
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		on "$1" nfipsec sa list | grep -c ' spi '
	else
		on "$1" ip xfrm state | grep -c '^src'
	fi
}

show_logs() {
	local h
	for h in a b; do
		echo "--- $h"
		tail -n 25 "$TMP/$h/log"
	done
}

net_to_net() {
	daemons "$1" "$2" || return 1
	check initiate swan a --initiate --child net --timeout 20 ||
		{ show_logs; return 1; }
	# without -I: the daemon's route chooses the source address
	check "from a" pings a 192.168.2.1 10 || show_logs
	check "from b" pings b 192.168.1.1 10
	check "from a, large" pings a 192.168.2.1 2 -s 3000
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
	check "SAs of a" sas_are a 2
}

# child_id HOST CHILD: the number of the newest CHILD_SA of that name
child_id() {
	swanctl_on "$1" --list-sas |
		sed -n "s/^ *$2: #\([0-9]*\), .* INSTALLED, .*/\1/p" | sort -n | tail -n 1
}
child_is_not() { [[ $(child_id "$1" "$2") != "$3" ]]; }
sas_are() { [[ $(sas "$1") == "$2" ]]; }

# rekey HOST: replaces the child while packets are on their way
rekey() {
	local pid before
	before=$(child_id "$1" net)
	pings a 192.168.2.1 100 &
	pid=$!
	check rekey swan "$1" --rekey --child net
	check "a new one" busywait 10 child_is_not "$1" net "$before"
	check "no ping lost" wait "$pid" || { cat "$TMP/ping.a"; show_logs; }
	check "the old ones of a go" busywait 20 sas_are a 2
	check "the old ones of b go" busywait 20 sas_are b 2
	check "clear text" nothing_clear
	check "drops" no_drops
}

terminate() {
	check terminate swan a --terminate --ike peer
	check "no SA of a" busywait 10 sas_are a 0
	check "no SA of b" busywait 10 sas_are b 0
	equal "routes of a" "$(on a ip route show table 220)" ''
	[[ ${DRIVER[a]} != nfipsec ]] || equal "policies of a" \
		"$(on a nfipsec policy list | grep -c protect)" 0
}

host_to_host() {
	check initiate swan a --initiate --child host --timeout 20 ||
		{ show_logs; return 1; }
	check "from a" pings a 10.0.0.2 10 || show_logs
	check "from b" pings b 10.0.0.1 10
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
}

need ip nsenter nft ping charon-systemd swanctl
[[ ${NFIPSEC_IKE_PLUGIN:-} ]] || skip_all "no plugin given, see NFIPSEC_IKE_PLUGIN"
load_module nfipsec xfrm
cp "$NFIPSEC_IKE_PLUGIN" /usr/lib/ipsec/plugins/ || bail "cannot install the plugin"
topology
plan 8
for ends in 'nfipsec nfipsec' 'nfipsec xfrm'; do
	# shellcheck disable=SC2086 # two words
	run "net to net, ${ends/ / - }" net_to_net $ends
	run "CHILD rekeyed by a, ${ends/ / - }" rekey a
	run "terminated, ${ends/ / - }" terminate
	run "host to host, transport, ${ends/ / - }" host_to_host
done
finish
