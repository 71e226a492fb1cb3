# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the scripts in which strongSwan negotiates. Sourced, never run.
#
# Each of ENDS is a host with a daemon, DRIVER[HOST] what is below that:
# "nfipsec", by the plugin kernel-nfipsec, or "xfrm", by its own kernel-netlink.
# A script makes the hosts, has watch_clear() look at their wires, and defines
#   swanctl_conf HOST   print the swanctl.conf of a host, for its DRIVER as well
# MORE_CONF[HOST] is more for the daemon's section of strongswan.conf. ADDR[HOST]
# is where the daemon is, NET[HOST] the first three bytes of what is behind it.
# Hosts that are in CERT have a certificate, that of the name it gives, others a
# secret.
#
# Needs strongSwan as Debian packages it, and the plugin built for its version:
# NFIPSEC_IKE_PLUGIN is its file. See "check-ike" of the Makefile.
# shellcheck source=./lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ENDS=(a b)
declare -A DRIVER=() DAEMON=() MORE_CONF=() CERT=()
declare -A ADDR=([a]=10.0.0.1 [b]=10.0.0.2) NET=([a]=192.168.1 [b]=192.168.2)
CERTS=${NFIPSEC_IKE_CERTS:-$SELF_DIR/../build/ike-certs}
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

# two_hosts: a and b on one wire, looked at, with an address inside each net
two_hosts() {
	local h
	hosts a b
	wire a eth0 b eth0
	for h in a b; do
		ip_batch "$h" <<-LINES
			addr add ${ADDR[$h]}/24 dev eth0
			addr add fd00::${ADDR[$h]##*.}/64 dev eth0 nodad
			addr add ${NET[$h]}.1/32 dev lo
			addr add fd01:${ADDR[$h]##*.}::1/128 dev lo nodad
		LINES
		watch_clear "$h" eth0
	done
}

### what is on the wire

# watch_clear HOST DEV: count what goes out there and is neither sealed nor IKE,
# nor says that nobody is there for IKE, in an ICMP error about ports 500 or 4500
watch_clear() {
	on "$1" nft -f - <<-RULES
		table netdev watch {
			chain out {
				type filter hook egress device $2 priority 0
				meta protocol arp accept
				ip protocol { esp, ah } accept
				ip6 nexthdr { esp, ah } accept
				udp sport { 500, 4500 } accept
				icmp code port-unreachable @th,240,16 { 500, 4500 } accept
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

# nothing_clear: but for PASSED[HOST] packets since counts_anew(), those that a
# policy let pass
declare -A PASSED=() CLEAR_BEFORE=() DROPS_BEFORE=()
nothing_clear() {
	local h n bad=0
	for h in "${ENDS[@]}"; do
		n=$(($(clear_packets "$h") - ${CLEAR_BEFORE[$h]:-0}))
		((n == ${PASSED[$h]:-0})) && continue
		echo "$h: $n packets in the clear"
		bad=1
	done
	return "$bad"
}

# no_drops: of hosts with nfipsec, since counts_anew()
no_drops() {
	local h now bad=0
	for h in "${ENDS[@]}"; do
		[[ ${DRIVER[$h]} == nfipsec ]] || continue
		now=$(drops "$h" | sort)
		[[ ! $now || $now == "${DROPS_BEFORE[$h]:-}" ]] && continue
		echo "$now"
		echo "before: ${DROPS_BEFORE[$h]:-none}"
		bad=1
	done
	return "$bad"
}

# counts_anew: what was dropped or went in the clear until now is no matter
counts_anew() {
	local h
	PASSED=()
	for h in "${ENDS[@]}"; do
		CLEAR_BEFORE[$h]=$(clear_packets "$h")
		DROPS_BEFORE[$h]=''
		[[ ${DRIVER[$h]} != nfipsec ]] ||
			DROPS_BEFORE[$h]=$(drops "$h" | sort)
	done
}

### configuration

# identity HOST local|remote: that section of a connection
identity() {
	local auth=psk
	[[ ! ${CERT[$1]:-} ]] || auth=pubkey
	cat <<-CONF
		$2 {
			auth = $auth
			id = ${CERT[$1]:-$1}
			$([[ $auth == psk || $2 == remote ]] || echo "certs = cert.pem")
		}
	CONF
}

# child NAME LAST HOST PEER [LINE...]: a child of a connection's, of the addresses that
# end in that
child() {
	local name=$1 last=$2 h=$3 p=$4
	shift 4
	cat <<-CONF
		$name {
			local_ts = ${NET[$h]}.$last/32
			remote_ts = ${NET[$p]}.$last/32
			esp_proposals = aes128gcm16
			$(printf '%s\n' "$@")
		}
	CONF
}

# connection NAME HOST PEER [LINE...] <CHILDREN: one of HOST's swanctl.conf
connection() {
	local name=$1 h=$2 p=$3
	shift 3
	cat <<-CONF
		$name {
			version = 2
			local_addrs = ${ADDR[$h]}
			remote_addrs = ${ADDR[$p]}
			proposals = aes128gcm16-prfsha256-x25519
			$(printf '%s\n' "$@")
			$(identity "$h" local)
			$(identity "$p" remote)
			children {
				$(cat)
			}
		}
	CONF
}

# secrets: the section for hosts without a certificate
secrets() {
	cat <<-CONF
		secrets {
			ike-all {
				secret = "not much of one"
			}
		}
	CONF
}

# certify HOST: give its daemon what it needs to know, if it has a certificate
certify() {
	local dir=$TMP/$1/swanctl
	[[ ${CERT[$1]:-} ]] || return 0
	mkdir "$dir/x509" "$dir/x509ca" "$dir/ecdsa"
	cp "$CERTS/ca.pem" "$dir/x509ca/"
	cp "$CERTS/${CERT[$1]}.pem" "$dir/x509/cert.pem"
	cp "$CERTS/${CERT[$1]}.key" "$dir/ecdsa/key.pem"
}

### daemons

# configure HOST: for its DRIVER, into $TMP/HOST. LEFTOVERS: seconds that nfipsec's
# plugin leaves what an earlier run left
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
					leftovers_timeout = ${LEFTOVERS:-8}
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
	certify "$h"
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
	counts_anew
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
	check initiate swan "$1" --initiate --child "$2" \
		--timeout $((60 * NFIPSEC_TEST_SLOW)) ||
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
child_is_up() { [[ $(child_id "$1" "$2") ]]; }

# ike_ids HOST CONNECTION: the numbers of its IKE_SAs that are established
ike_ids() {
	swanctl_on "$1" --list-sas | sed -n "s/^$2: #\([0-9]*\), ESTABLISHED, .*/\1/p"
}
# ike_is_one_but HOST CONNECTION NUMBER: there is one, and another one than that
ike_is_one_but() { [[ $(ike_ids "$1" "$2") =~ ^[0-9]+$ && ${BASH_REMATCH[0]} != "$3" ]]; }

### traffic

# pings HOST ADDRESS COUNT [OPTION...]: all are answered
pings() {
	local h=$1 to=$2 n=$3
	shift 3
	on "$h" ping -n -q -i 0.02 -c "$n" -W 5 "$@" "$to" >"$TMP/ping.$h" 2>&1
	grep -q " $n received" "$TMP/ping.$h" || { cat "$TMP/ping.$h"; return 1; }
}

# pair HOST ADDR[/PORT] HOST ADDR[/PORT]: print how tools/stream.c wants it
pair() { echo "${NS[$1]},$2,${NS[$3]},$4"; }

# refusals: XFRM can refuse a packet while its policy is replaced, with EINVAL, or
# with EPERM by the policy to drop that the daemon has there meanwhile. It is sent
# again, and not lost. Of nfipsec that is an error.
refusals() {
	local h
	for h in "${ENDS[@]}"; do
		[[ ${DRIVER[$h]} != xfrm ]] || echo "refuse=${NS[$h]}"
	done
}

# stream_start NAME PAIR|OPTION...: numbered datagrams both ways from now on
declare -A STREAM=()
stream_start() {
	local name=$1
	shift
	: >"$TMP/stream.$name"		# of the one before
	# shellcheck disable=SC2046 # words
	"$TOOLS/stream" $(refusals) "$@" >"$TMP/stream.$name" 2>&1 &
	STREAM[$name]=$!
	PIDS+=($!)
	busywait 10 grep -q ready "$TMP/stream.$name" ||
		{ cat "$TMP/stream.$name"; return 1; }
}

# streamed PAIR|OPTION...: 100 datagrams each way, none is lost
streamed() {
	# shellcheck disable=SC2046 # words
	"$TOOLS/stream" $(refusals) count=100 "$@" >"$TMP/streamed" 2>&1 ||
		{ tail -n 20 "$TMP/streamed"; return 1; }
}

# stream_stop NAME [LEAST]: each way had at least that many, 100 if not given,
# none was lost and none came twice
stream_stop() {
	local least=${2:-100} status=0 sent
	kill "${STREAM[$1]}"
	wait "${STREAM[$1]}" || status=$?
	unset "STREAM[$1]"
	while read -r sent; do
		((sent >= least)) || { echo "only $sent sent"; status=1; }
	done < <(sed -n 's/.* sent \([0-9]*\) lost .*/\1/p' "$TMP/stream.$1")
	grep -q ' sent ' "$TMP/stream.$1" || status=1
	((status == 0)) || { tail -n 20 "$TMP/stream.$1"; return 1; }
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
