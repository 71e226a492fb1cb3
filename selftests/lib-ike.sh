# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the scripts in which strongSwan negotiates. Sourced, never run.
#
# Each of ENDS is a host with a daemon, DRIVER[HOST] what is below that:
# "nfipsec", by the plugin kernel-nfipsec, or "xfrm", by its own kernel-netlink.
# A script makes the hosts, has watch_clear() look at their wires, and defines
#   swanctl_conf HOST   print the swanctl.conf of a host, for its DRIVER as well
# MORE_CONF[HOST] is more for the daemon's section of strongswan.conf.
#
# Needs strongSwan as Debian packages it, and the plugin built for its version:
# NFIPSEC_IKE_PLUGIN is its file. See "check-ike" of the Makefile.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ENDS=(a b)
declare -A DRIVER=() DAEMON=() MORE_CONF=()
declare -A BACKENDS=([nfipsec]='kernel-nfipsec kernel-netlink' [xfrm]=kernel-netlink)

# ike_setup: what all of them need
ike_setup() {
	need ip nsenter nft ping charon-systemd swanctl
	[[ ${NFIPSEC_IKE_PLUGIN:-} ]] ||
		skip_all "no plugin given, see NFIPSEC_IKE_PLUGIN"
	load_module nfipsec xfrm
	cp "$NFIPSEC_IKE_PLUGIN" /usr/lib/ipsec/plugins/ ||
		bail "cannot install the plugin"
}

### what is on the wire

# watch_clear HOST DEV: count what goes out there and is neither sealed nor IKE
watch_clear() {
	on "$1" nft -f - <<-RULES
		table netdev watch {
			chain out {
				type filter hook egress device $2 priority 0
				meta protocol arp accept
				ip protocol { esp, ah } accept
				ip6 nexthdr { esp, ah } accept
				udp sport { 500, 4500 } accept
				icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert,
					nd-router-solicit, mld2-listener-report } accept
				counter
			}
		}
	RULES
}

# clear_packets HOST: how many that were
clear_packets() {
	on "$1" nft list chain netdev watch out |
		sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}

# nothing_clear: but for PASSED[HOST] packets, those that a policy let pass
declare -A PASSED=()
nothing_clear() {
	local h n bad=0
	for h in "${ENDS[@]}"; do
		n=$(clear_packets "$h")
		((n == ${PASSED[$h]:-0})) && continue
		echo "$h: $n packets in the clear"
		bad=1
	done
	return "$bad"
}

### daemons

# configure HOST: for its DRIVER, into $TMP/HOST
configure() {
	local h=$1 dir=$TMP/$1
	rm -rf "${dir:?}"
	mkdir -p "$dir/swanctl"
	# no plugin of those that are not needed, and none of ours for XFRM
	cat >"$dir/strongswan.conf" <<-CONF
		charon-systemd {
			load = random nonce openssl pem x509 pubkey pkcs1 kdf vici ${BACKENDS[${DRIVER[$h]}]} socket-default
			retransmit_tries = 3
			delete_rekeyed_delay = 1
			${MORE_CONF[$h]:-}
			plugins {
				kernel-nfipsec {
					leftovers_timeout = 8
				}
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
	swanctl_conf "$h" >"$dir/swanctl/swanctl.conf"
}

# start HOST: its daemon, configured
start() {
	local h=$1
	nsenter --net="/run/netns/${NS[$h]}" -- env \
		STRONGSWAN_CONF="$TMP/$h/strongswan.conf" "${CHARON:-charon-systemd}" \
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

# prepare DRIVER...: all ENDS, with no daemon, no SA and no policy, configured
prepare() {
	local h
	for h in "${ENDS[@]}"; do
		stop "$h"
	done
	for h in "${ENDS[@]}"; do
		DRIVER[$h]=$1
		clear_all "$h" "$1"
		configure "$h"
		shift
	done
}

# daemons DRIVER...: of all ENDS, anew
daemons() {
	local h
	prepare "$@"
	for h in "${ENDS[@]}"; do
		start "$h" || return 1
	done
	for h in "${ENDS[@]}"; do
		[[ ${DRIVER[$h]} == xfrm ]] ||
			check "$h: backend" nfipsec_below "$h" || return 1
	done
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

# initiate HOST CHILD
initiate() {
	check initiate swan "$1" --initiate --child "$2" --timeout 20 ||
		{ show_logs; return 1; }
}

# logged HOST TEXT
logged() { grep -qF -- "$2" "$TMP/$1/log"; }

show_logs() {
	local h
	for h in "${ENDS[@]}"; do
		echo "--- $h"
		tail -n 25 "$TMP/$h/log"
	done
}

### what they have set up

# nfipsec_below HOST: its daemon's plugin is at work, and no XFRM
nfipsec_below() {
	on "$1" nfipsec policy list | grep -q bypass &&
		[[ ! $(on "$1" ip xfrm policy) ]]
}

# sas HOST: SAs in the kernel
sas() {
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		on "$1" nfipsec sa list | grep -c ' spi '
	else
		on "$1" ip xfrm state | grep -c '^src'
	fi
}
sas_are() { [[ $(sas "$1") == "$2" ]]; }

# child_id HOST CHILD: the number of the newest CHILD_SA of that name
child_id() {
	swanctl_on "$1" --list-sas |
		sed -n "s/^ *$2: #\([0-9]*\), .* INSTALLED, .*/\1/p" | sort -n | tail -n 1
}
child_is_not() { [[ $(child_id "$1" "$2") != "$3" ]]; }

### traffic

# pings HOST ADDRESS COUNT [OPTION...]: all are answered
pings() {
	local h=$1 to=$2 n=$3
	shift 3
	on "$h" ping -n -q -i 0.02 -c "$n" -W 5 "$@" "$to" >"$TMP/ping.$h" 2>&1
	grep -q " $n received" "$TMP/ping.$h" || { cat "$TMP/ping.$h"; return 1; }
}

# counted: hosts with nfipsec sent and received through SAs since the last time
declare -A IN=() OUT=()
counted() {
	local h
	local -A s
	for h in "${ENDS[@]}"; do
		[[ ${DRIVER[$h]} == nfipsec ]] || continue
		stats "$h" s
		((s[in_ok] > ${IN[$h]:-0} && s[out_ok] > ${OUT[$h]:-0})) ||
			{ echo "$h: in_ok ${s[in_ok]} out_ok ${s[out_ok]}"; return 1; }
		IN[$h]=${s[in_ok]} OUT[$h]=${s[out_ok]}
	done
}

no_drops() {
	local h bad=''
	for h in "${ENDS[@]}"; do
		[[ ${DRIVER[$h]} == nfipsec ]] && bad+=$(drops "$h")
	done
	[[ ! $bad ]] || { echo "$bad"; return 1; }
}
