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
# What it needs: see lib-ike.sh.
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

topology() {
	local h
	two_hosts
	for h in a b; do
		ip_batch "$h" < <(printf "addr add ${NET[$h]}.%d/32 dev lo\n" {100..126})
	done
}

peer() { [[ $1 == a ]] && echo b || echo a; }

# What an ESP or AH child may have, one child p0, p1 and so on for each.
PROPOSALS=(esp:aes128gcm16-noesn esp:aes256gcm8-esn esp:aes192ccm12-noesn
	esp:chacha20poly1305-esn esp:aes128gmac-noesn esp:aes128ctr-sha1-noesn
	esp:aes256-sha512-esn esp:camellia128-sha384-noesn esp:null-sha256-esn
	esp:aes128-aesxcbc-noesn esp:aes128-aescmac-noesn
	ah:sha256-esn ah:aesxcbc-noesn)
IDLE=10		# seconds until a closes a child of that name

# more_children HOST PEER: those that differ in one thing
more_children() {
	local h=$1 p=$2 i
	for i in "${!PROPOSALS[@]}"; do
		cat <<-CONF
			p$i {
				local_ts = ${NET[$h]}.$((100 + i))/32
				remote_ts = ${NET[$p]}.$((100 + i))/32
				${PROPOSALS[i]%%:*}_proposals = ${PROPOSALS[i]#*:}
			}
		CONF
	done
	cat <<-CONF
		six {
			local_ts = fd01:${ADDR[$h]##*.}::/64
			remote_ts = fd01:${ADDR[$p]##*.}::/64
			esp_proposals = aes128gcm16
		}
		ports {
			local_ts = ${NET[$h]}.115-${NET[$h]}.117[17]
			remote_ts = ${NET[$p]}.115-${NET[$p]}.117[17/1000-1234]
			esp_proposals = aes128gcm16
		}
		beet {
			mode = beet
			local_ts = ${NET[$h]}.118/32
			remote_ts = ${NET[$p]}.118/32
			esp_proposals = aes128gcm16
			replay_window = 0
		}
		tfc {
			local_ts = ${NET[$h]}.119/32
			remote_ts = ${NET[$p]}.119/32
			esp_proposals = aes128gcm16
			tfc_padding = mtu
			replay_window = 4096
		}
		comp {
			local_ts = ${NET[$h]}.125/32
			remote_ts = ${NET[$p]}.125/32
			esp_proposals = aes128gcm16
			ipcomp = yes
		}
		trap {
			local_ts = ${NET[$h]}.121/32
			remote_ts = ${NET[$p]}.121/32
			esp_proposals = aes128gcm16
		}
		idle {
			local_ts = ${NET[$h]}.126/32
			remote_ts = ${NET[$p]}.126/32
			esp_proposals = aes128gcm16
			inactivity = $([[ $h == a ]] && echo "$IDLE" || echo 0)
		}
$(limited "$h" "$p" 122 time 3s)
$(limited "$h" "$p" 123 bytes 20000)
$(limited "$h" "$p" 124 packets 60)
	CONF
}

# limited HOST PEER NUMBER WHAT LIMIT: a child that a rekeys when a limit is
# reached; b's own limits are out of reach
limited() {
	local limit=$5
	[[ $1 == a ]] || limit=0
	cat <<-CONF
		by-$4 {
			local_ts = ${NET[$1]}.$3/32
			remote_ts = ${NET[$2]}.$3/32
			esp_proposals = aes128gcm16
			rekey_time = 0
			rekey_$4 = $limit
			rand_$4 = 0
			life_$4 = $([[ $1 == a ]] && echo 9999999 || echo 0)
		}
	CONF
}

# swanctl_conf HOST: connection "peer" and its children, and others
swanctl_conf() {
	local h=$1 p
	p=$(peer "$h")
	cat <<-CONF
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
$(more_children "$h" "$p")
				}
			}
			encap {
				version = 2
				local_addrs = ${ADDR[$h]}
				remote_addrs = ${ADDR[$p]}
				proposals = aes128gcm16-prfsha256-x25519
				encap = yes
				local {
					auth = psk
					id = $h
				}
				remote {
					auth = psk
					id = $p
				}
				children {
					udp {
						local_ts = ${NET[$h]}.120/32
						remote_ts = ${NET[$p]}.120/32
						esp_proposals = aes128gcm16
					}
				}
			}
			shunts {
				children {
					drop {
						mode = drop
						local_ts = 0.0.0.0/0
						remote_ts = 192.168.4.0/24
						start_action = trap
					}
					pass {
						mode = pass
						local_ts = 0.0.0.0/0
						remote_ts = 192.168.3.0/24
						start_action = trap
					}
				}
			}
		}
	CONF
	secrets
}

# confined: with Debian's AppArmor profile for the daemon. That only complains and
# here it is enforced; what the tests have in places of their own it gets besides.
confined() {
	local name=usr.sbin.charon-systemd dir=/etc/apparmor.d h
	local missing=''
	[[ -e /sys/kernel/security/apparmor ]] || missing='AppArmor in this kernel'
	command -v apparmor_parser >/dev/null || missing='apparmor_parser'
	[[ -e $dir/$name ]] || missing=$dir/$name
	if [[ $missing ]]; then
		echo "no $missing"
		return "$KSFT_SKIP"
	fi
	sed 's/complain,//' "$dir/$name" >"$TMP/profile"
	echo "$TMP/** rwk," >"$dir/local/$name"
	check "profile" apparmor_parser --replace --skip-cache --base "$dir" \
		"$TMP/profile" || return 1
	# the module was loaded again, and counts from zero
	IN=() OUT=()
	if daemons nfipsec xfrm && initiate a net; then
		check "from a" pings a 192.168.2.1 5 || show_logs
		check "packets of SAs" counted
		for h in a b; do
			check "$h is confined" \
				grep -q enforce "/proc/${DAEMON[$h]}/attr/current"
		done
	fi
	equal "denied" "$(dmesg | grep 'apparmor="DENIED".*charon-systemd')" ''
	stop a
	stop b
	check "no profile" apparmor_parser --remove --base "$dir" "$TMP/profile"
}

net_to_net() {
	daemons "$1" "$2" || return 1
	initiate a net || return 1
	# without -I: the daemon's route chooses the source address
	check "from a" pings a 192.168.2.1 10 || show_logs
	check "from b" pings b 192.168.1.1 10
	check "from a, large" pings a 192.168.2.1 2 -s 3000
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
	check "SAs of a" sas_are a 2
}

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
	# but for that of the shunt
	equal "routes of a" "$(on a ip route show table 220 | grep -v ^throw)" ''
	[[ ${DRIVER[a]} != nfipsec ]] || equal "policies of a" \
		"$(on a nfipsec policy list | grep -c protect)" 0
}

host_to_host() {
	initiate a host || return 1
	check "from a" pings a 10.0.0.2 10 || show_logs
	check "from b" pings b 10.0.0.1 10
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
}

# proposal NUMBER: a child of that kind
proposal() {
	initiate a "p$1" || return 1
	check "from a" pings a "192.168.2.$((100 + $1))" 3 \
		-I "192.168.1.$((100 + $1))" || show_logs
	check "packets of SAs" counted
	check terminate swan a --terminate --child "p$1"
}

proposals() {
	local i
	for i in "${!PROPOSALS[@]}"; do
		check "${PROPOSALS[i]}" proposal "$i"
	done
	check "clear text" nothing_clear
	check "drops" no_drops
}

# child NAME FROM TO [OPTION...]: initiated, and pings go through it
child() {
	local name=$1 from=$2 to=$3
	shift 3
	initiate a "$name" || return 1
	check "from a" pings a "$to" 3 -I "$from" "$@" || show_logs
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check "drops" no_drops
}

# compressed: what is large enough is, of both directions, and an SA of IPComp goes
# with that behind it
compressed() {
	local h
	local -A before after
	child comp 192.168.1.125 192.168.2.125 -s 1200 || return 1
	for h in a b; do
		[[ ${DRIVER[$h]} == nfipsec ]] || continue
		stats "$h" before
		check "$h" pings a 192.168.2.125 3 -I 192.168.1.125 -s 1200
		stats "$h" after
		check "$h compresses" test \
			$((after[out_comp] - before[out_comp])) -eq 3
		check "$h expands" test $((after[in_comp] - before[in_comp])) -eq 3
		check "SAs of $h" comp_sas_are "$h" 2
	done
	check "small ones" pings a 192.168.2.125 3 -I 192.168.1.125 -s 8
	check rekey swan a --rekey --child comp
	check "rekeyed" pings a 192.168.2.125 3 -I 192.168.1.125 -s 1200
	check terminate swan a --terminate --child comp
	check "those of IPComp go" busywait 10 comp_sas_are a 0
	check "clear text" nothing_clear
	check "drops" no_drops
}
comp_sas_are() {
	[[ $(on "$1" nfipsec sa list | grep -c 'proto comp') == "$2" ]]
}

# moved: a has another address from now on, and the SAs are the same (MOBIKE)
moved() {
	local was
	[[ $(child_id a net) ]] || initiate a net || return 1
	was=$(spis a)
	# or that would be another one to go to
	ip -n "${NS[a]}" addr del fd00::1/64 dev eth0
	check "before" pings a 192.168.2.1 3
	check "there" readdress a 10.0.0.11/16 10.0.0.1/24 || show_logs
	check "from a" pings a 192.168.2.1 10 || show_logs
	check "from b" pings b 192.168.1.1 10
	check "back" readdress a 10.0.0.1/24 10.0.0.11/16 || show_logs
	check "from a, back" pings a 192.168.2.1 10 || show_logs
	ip -n "${NS[a]}" addr add fd00::1/64 dev eth0 nodad
	equal "the same SAs" "$(spis a)" "$was"
	check "packets of SAs" counted
	check "clear text" nothing_clear
	check terminate swan a --terminate --child net
}

# readdress HOST NEW OLD: and its peer sends there, and it from there
readdress() {
	ip_batch "$1" <<-LINES
		addr add $2 dev eth0
		addr del $3 dev eth0
	LINES
	busywait 20 sends_to "$(peer "$1")" "${2%/*}" &&
		busywait 20 net_at "$1" "${2%/*}"
}

# net_at HOST ADDRESS: the policies of its child "net" name that; they come last
net_at() {
	local here=${NET[$1]}.0/24 there
	there=${NET[$(peer "$1")]}.0/24
	on "$1" nfipsec policy get dir out src "$here" dst "$there" |
		grep -q "tmpl src $2 " &&
		on "$1" nfipsec policy get dir in src "$there" dst "$here" |
		grep -qE "tmpl src [^ ]* dst $2( |\$)"
}

# sends_to HOST ADDRESS
sends_to() {
	if [[ ${DRIVER[$1]} == nfipsec ]]; then
		on "$1" nfipsec sa list
	else
		on "$1" ip xfrm state
	fi | grep -q "dst $2\$"
}

# spis HOST: of its SAs
spis() { on "$1" nfipsec sa list | grep -o 'spi 0x[0-9a-f]*' | sort; }

# ports: ranges stay what they are
ports() {
	initiate a ports || return 1
	check "policy" sh -c "on() { nsenter --net=/run/netns/${NS[a]} -- \"\$@\"; }
		on nfipsec policy list | grep -q 'src 192.168.1.115-192.168.1.117 dst 192.168.2.115-192.168.2.117 proto udp .*dport 1000-1234'" ||
		on a nfipsec policy list
}

# tfc: small packets are as large as the path takes
tfc() {
	child tfc 192.168.1.119 192.168.2.119 -s 10 || return 1
	check "padding" sh -c "nsenter --net=/run/netns/${NS[a]} -- nfipsec sa list |
		grep -q 'tfc-pad mtu'" || on a nfipsec sa list
}

# windows_of HOST: those of SAs that receive, all that there are
windows_of() {
	on "$1" nfipsec sa list | sed -n 's/.*replay-window \([0-9]*\) dir in .*/\1/p' |
		sort -nu | xargs
}

# windows: a child that asks for none has none, others have what they ask for but no
# less than the plugin's option
windows() {
	local conf=$TMP/a/strongswan.conf
	equal "none, the least, and more" "$(windows_of a)" "0 1024 4096"
	sed -i 's/kernel-nfipsec {/&\nreplay_window_min = 0/' "$conf"
	check "settings" swan a --reload-settings
	initiate a p0 && equal "strongSwan's own" "$(windows_of a)" "0 32 1024 4096"
	check terminate swan a --terminate --child p0
	sed -i '/replay_window_min = 0/d' "$conf"
	check "settings" swan a --reload-settings
}

# trap: the first packet has an SA negotiated, waits for it and arrives
trap_first() {
	check install swan a --install --child trap || return 1
	# however long that takes
	on a nfipsec default acquire-timeout 60
	check "from a" pings a 192.168.2.121 3 -I 192.168.1.121 -W 30 || show_logs
	check "packets of SAs" counted
	check uninstall swan a --uninstall --child trap
	check "clear text" nothing_clear
	check "drops" no_drops
}

# others_policy: one that was added by hand stays, and a trap fails for it; with
# the selector of a child that is no more
others_policy() {
	local which='dir out src 192.168.1.100 dst 192.168.2.100'
	# shellcheck disable=SC2086 # words
	check add on a nfipsec policy add $which owner admin action discard ||
		return 1
	refute "trap" swan a --install --child p0 >/dev/null
	check "it says so" logged a "of owner 'admin' is in the way" || show_logs
	# shellcheck disable=SC2086 # words
	check "it is still there" on a nfipsec policy del $which
	check "trap" swan a --install --child p0
	check uninstall swan a --uninstall --child p0
}

# ike_passes ADDRESS: of a, in the clear
ike_passes() {
	on a nfipsec policy get dir out src "$1" proto udp sport 500 \
		>/dev/null 2>&1 &&
		on a nfipsec policy get dir in dst "$1" proto udp dport 500 \
			>/dev/null 2>&1
}
ike_does_not_pass() { ! ike_passes "$1"; }

# addresses: IKE passes with those that the host has, and with no others
addresses() {
	check "an address" ike_passes 10.0.0.1
	check "IPv6" ike_passes fd00::1
	refute "any address" ike_passes 0.0.0.0/0
	refute "not there" ike_passes 10.0.0.77
	check add ip -n "${NS[a]}" addr add 10.0.0.77/24 dev eth0
	check "a new one" busywait 10 ike_passes 10.0.0.77
	check delete ip -n "${NS[a]}" addr del 10.0.0.77/24 dev eth0
	check "one that went" busywait 10 ike_does_not_pass 10.0.0.77
	check "one that stays" ike_passes 10.0.0.1
	unused_addresses
}

# unused_addresses: those as well that the daemon does not choose by itself, but that
# the peer may send to, and that local_addrs may name
unused_addresses() {
	local n=${NS[a]} at
	ip_batch a <<-LINES
		addr add fd00::77/64 dev eth0 nodad preferred_lft 0
		addr add 10.0.0.78/24 dev eth0 preferred_lft 0
		addr add 169.254.0.77/16 dev eth0 scope link
		addr add fe80::77/64 dev eth0 nodad scope link
	LINES
	for at in fd00::77 10.0.0.78 169.254.0.77 fe80::77; do
		check "$at" busywait 10 ike_passes "$at"
		check "$at goes" ip -n "$n" addr del "$at/$(prefix "$at")" dev eth0
		check "it does not pass" busywait 10 ike_does_not_pass "$at"
	done
	check "deprecated" ip -n "$n" addr change fd00::1/64 dev eth0 preferred_lft 0
	# addresses have been looked at since then
	check add ip -n "$n" addr add 10.0.0.77/24 dev eth0
	check "a new one" busywait 10 ike_passes 10.0.0.77
	check "still" ike_passes fd00::1
	check delete ip -n "$n" addr del 10.0.0.77/24 dev eth0
	check "as it was" ip -n "$n" addr change fd00::1/64 dev eth0 preferred_lft forever
}
prefix() {
	case $1 in
	*:*) echo 64 ;;
	169.*) echo 16 ;;
	*) echo 24 ;;
	esac
}

# limit WHAT NUMBER COUNT OPTION...: the child is rekeyed while packets are on
# their way
limit() {
	local what=$1 number=$2 n=$3 before
	shift 3
	initiate a "by-$what" || return 1
	before=$(child_id a "by-$what")
	check "no ping lost" pings a "192.168.2.$number" "$n" \
		-I "192.168.1.$number" "$@" || show_logs
	check "rekeyed" busywait 10 child_is_not a "by-$what" "$before" || show_logs
	check "clear text" nothing_clear
	check "drops" no_drops
	check terminate swan a --terminate --child "by-$what"
}

# idle: a child goes as long after its last packet as it says, and not after the
# daemon has found out that there was one. Whoever lists SAs has it find out.
idle() {
	local since
	initiate a idle || return 1
	check "from a" pings a 192.168.2.126 1 -I 192.168.1.126 || show_logs
	since=$SECONDS
	check "closed" busywait $((3 * IDLE)) logged a \
		"deleting CHILD_SA after $IDLE seconds of inactivity" || show_logs
	check "in time" test $((SECONDS - since)) -le $((IDLE + 4 * NFIPSEC_TEST_SLOW))
	check "it was not before" test $((SECONDS - since)) -ge $((IDLE - 2))
}

udp_encap() {
	initiate a udp || return 1
	check "from a" pings a 192.168.2.120 3 -I 192.168.1.120 || show_logs
	check "packets of SAs" counted
	check "in UDP" sh -c "nsenter --net=/run/netns/${NS[a]} -- nfipsec sa list |
		grep -q 'encap'" || on a nfipsec sa list
	check "drops" no_drops
	check terminate swan a --terminate --ike encap
}

# shunts: traffic of b that no SA is for
shunts() {
	ip_batch b <<-LINES
		addr add 192.168.3.1/32 dev lo
		addr add 192.168.4.1/32 dev lo
	LINES
	check route ip -n "${NS[a]}" route add 192.168.3.0/24 via 10.0.0.2
	check route ip -n "${NS[a]}" route add 192.168.4.0/24 via 10.0.0.2
	refute "to what is dropped" pings a 192.168.4.1 1 -W 1 >/dev/null
	check "to what passes" pings a 192.168.3.1 1
	PASSED=([a]=1 [b]=1)
	check "in the clear" nothing_clear
}

# killed: SAs outlive the daemon that made them, and are its successor's to clear
killed() {
	local which='dir out src 192.0.2.1 dst 192.0.2.2'
	# all is over by then that is to pass through them
	local LEFTOVERS=40
	daemons "$1" "$2" || return 1
	# shellcheck disable=SC2086 # words
	check "of another daemon" on a nfipsec policy add $which owner charon-nm \
		action discard
	initiate a net || return 1
	check "before" pings a 192.168.2.1 3
	stop a KILL
	check "without the daemon" pings a 192.168.2.1 20
	start a || return 1
	check "it sees them" logged a 'an earlier run left 2 SAs and '
	check "with the next one" pings a 192.168.2.1 20
	# reqids begin anew: those SAs are not for a child that gets theirs
	check "trap" swan a --install --child p0
	check "with the same reqid" logged a 'that an earlier run left get reqid'
	check "still with the next one" pings a 192.168.2.1 20
	on a nfipsec default acquire-timeout 60
	check "by the trap" pings a 192.168.2.100 3 -I 192.168.1.100 -W 30 || show_logs
	check uninstall swan a --uninstall --child p0
	check terminate swan a --terminate --child p0
	initiate a net || return 1
	check "afterwards" pings a 192.168.2.1 10 || show_logs
	check "the old SAs of a go" busywait 60 sas_are a 2
	check "the old SAs of b go" busywait 10 sas_are b 2
	check "still" pings a 192.168.2.1 10 || show_logs
	# shellcheck disable=SC2086 # words
	check "that of another daemon" on a nfipsec policy del $which
	check "clear text" nothing_clear
}

# no_module: the daemon is there before the module is
no_module() {
	prepare nfipsec xfrm
	check unload rmmod nfipsec || return 1
	start b && start a || return 1
	check "it says so" logged a 'the kernel module is not loaded'
	refute "no SA" swan a --initiate --child net --timeout 3 >/dev/null
	equal "no XFRM" "$(on a ip xfrm policy)$(on a ip xfrm state)" ''
	check load module_insert || return 1
	initiate a net || return 1
	check "from a" pings a 192.168.2.1 3
	check "IKE passes" nfipsec_below a
}

# fallback: as that, with the option that allows XFRM
fallback() {
	stop a
	clear_all a nfipsec
	check unload rmmod nfipsec || return 1
	sed -i 's/kernel-nfipsec {/&\nfallback = yes/' "$TMP/a/strongswan.conf"
	start a || return 1
	initiate a net || return 1
	check "from a" pings a 192.168.2.1 3
	check "XFRM" test "$(on a ip xfrm state)"
	stop a
	flush a xfrm
	check load module_insert
	sed -i '/fallback = yes/d' "$TMP/a/strongswan.conf"
}

# wrong_version: a plugin that was built for another version than the daemon's
wrong_version() {
	local plugin=/usr/lib/ipsec/plugins/${NFIPSEC_IKE_PLUGIN##*/}
	stop a
	sed -z 's/^\([0-9]*\.[0-9]*\.\)[0-9]$/\19/' "$NFIPSEC_IKE_PLUGIN" \
		>"$plugin.other"
	mv -f "$plugin.other" "$plugin"
	: >"$TMP/a/log"
	start a || return 1
	# not into the file that the daemon has mapped
	rm -f "$plugin"
	cp "$NFIPSEC_IKE_PLUGIN" "$plugin"
	check "it says so" logged a 'this plugin was built for strongSwan' || show_logs
	refute "no SA" swan a --initiate --child net --timeout 3 >/dev/null
	equal "no XFRM" "$(on a ip xfrm policy)$(on a ip xfrm state)" ''
	equal "no policy" "$(on a nfipsec policy list)" ''
}

ike_setup
topology
plan 40
for ends in 'nfipsec xfrm' 'nfipsec nfipsec'; do
	# shellcheck disable=SC2086 # two words
	run "net to net, ${ends/ / - }" net_to_net $ends
	run "CHILD rekeyed by a, ${ends/ / - }" rekey a
	run "terminated, ${ends/ / - }" terminate
	run "host to host, transport, ${ends/ / - }" host_to_host
	run "proposals, ${ends/ / - }" proposals
	run "IPv6 in IPv4, ${ends/ / - }" child six fd01:1::1 fd01:2::1
	run "BEET, ${ends/ / - }" child beet 192.168.1.118 192.168.2.118
	run "IPComp, ${ends/ / - }" compressed
	run "to another address, ${ends/ / - }" moved
	run "trap, ${ends/ / - }" trap_first
	run "rekeyed by time, ${ends/ / - }" limit time 122 80 -i 0.05
	run "rekeyed by bytes, ${ends/ / - }" limit bytes 123 60 -s 1000
	run "rekeyed by packets, ${ends/ / - }" limit packets 124 100
	run "ESP in UDP, ${ends/ / - }" udp_encap
done
run "address and port ranges" ports
run "TFC padding" tfc
run "a child that is idle" idle
run "anti-replay windows" windows
run "shunts" shunts
run "a policy of somebody else" others_policy
run "addresses for IKE" addresses
run "daemon killed" killed nfipsec nfipsec
run "the module comes late" no_module
run "the module does not come, fallback" fallback
run "a plugin of another version" wrong_version
run "confined by AppArmor" confined
finish
