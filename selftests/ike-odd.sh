#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What comes seldom: traps whose peer or own address is not known yet.
#
#     192.168.1.1-4                     192.168.2.1-4
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#                            10.9.0.2 on lo
#
# usage: ike-odd.sh
#
# What it needs: see lib-ike.sh.
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

NAME=gateway.invalid FAR=10.9.0.2

# child NAME LAST HOST PEER [LINE...]: of the addresses that end in that
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

swanctl_conf() {
	local h=$1 p=b
	[[ $h == a ]] || p=a
	echo 'connections {'
	{
		child named 1 "$h" "$p"
		child named-beet 2 "$h" "$p" 'mode = beet'
		child named-comp 3 "$h" "$p" 'ipcomp = yes'
	} | {
		[[ $h != a ]] || ADDR[b]=$NAME
		connection by-name "$h" "$p"
	}
	child far 4 "$h" "$p" | {
		ADDR=([a]=%any [b]=$FAR)
		connection by-address "$h" "$p"
	}
	echo '}'
	secrets
}

# Routes of their own, so that what is not protected is seen in the clear.
topology() {
	local h
	two_hosts
	for h in a b; do
		ip_batch "$h" < <(printf "addr add ${NET[$h]}.%d/32 dev lo\n" {2..4})
	done
	ip -n "${NS[b]}" addr add $FAR/32 dev lo
	ip -n "${NS[a]}" route add 192.168.2.0/24 via 10.0.0.2 src 192.168.1.1
	ip -n "${NS[b]}" route add 192.168.1.0/24 via 10.0.0.1 src 192.168.2.1
}

# protects HOST DIR LAST: a policy of that direction does, of these addresses
protects() {
	local from=192.168.1 to=192.168.2
	[[ $2 == out ]] || { from=192.168.2 to=192.168.1; }
	on "$1" nfipsec policy get dir "$2" src "$from.$3" dst "$to.$3" |
		grep -q 'action protect'
}

# held LAST: a policy of either direction protects; nothing leaves in the clear,
# and what comes so is refused
held() {
	local before dir
	for dir in in out; do
		check "policy $dir" protects a "$dir" "$1" ||
			on a nfipsec policy list
	done
	refute "to b" pings a "192.168.2.$1" 2 -W 1 -I "192.168.1.$1" >/dev/null
	before=$(counter a in_clear)
	refute "from b" pings b "192.168.1.$1" 1 -W 1 -I "192.168.2.$1" >/dev/null
	PASSED[b]=$((${PASSED[b]:-0} + 1))
	equal "refused" $(($(counter a in_clear) - before)) 1
	check "clear text" nothing_clear
}

# arrives CHILD LAST: by packets that wait for it, also again after it has gone
arrives() {
	check "a packet" busywait 20 child_by "$1" "$2" || show_logs
	check "from a" pings a "192.168.2.$2" 5 -I "192.168.1.$2" || show_logs
	check "from b" pings b "192.168.1.$2" 5 -I "192.168.2.$2"
	check terminate swan a --terminate --child "$1"
	check "SAs go" busywait 10 sas_are a 0
	check "again" pings a "192.168.2.$2" 3 -I "192.168.1.$2" || show_logs
	check "clear text" nothing_clear
	check terminate swan a --terminate --child "$1"
	check uninstall swan a --uninstall --child "$1"
}

# child_by CHILD LAST: it is up, by a packet
child_by() {
	on a ping -n -q -c 1 -W 1 -I "192.168.1.$2" "192.168.2.$2" >/dev/null
	child_is_up a "$1"
}

# unnamed: the name of the peer means nothing yet
CHILDREN=([1]=named [2]=named-beet [3]=named-comp)
unnamed() {
	local i
	daemons nfipsec "$1" || return 1
	on a nfipsec default acquire-timeout 2
	for i in "${!CHILDREN[@]}"; do
		check "trap ${CHILDREN[i]}" swan a --install --child "${CHILDREN[i]}" ||
			show_logs
		held "$i"
	done
	echo "${ADDR[b]} $NAME" >>/etc/hosts
	for i in "${!CHILDREN[@]}"; do
		arrives "${CHILDREN[i]}" "$i"
	done
	sed -i "/$NAME/d" /etc/hosts
}

# wayless: there is no route to the peer yet, and no address to come from
wayless() {
	daemons nfipsec "$1" || return 1
	on a nfipsec default acquire-timeout 2
	check trap swan a --install --child far || show_logs
	held 4
	check route ip -n "${NS[a]}" route add $FAR via 10.0.0.2
	arrives far 4
	ip -n "${NS[a]}" route del $FAR via 10.0.0.2
}

ike_setup
topology
plan 4
for driver in xfrm nfipsec; do
	run "a trap for a name that nobody knows, nfipsec - $driver" unnamed $driver
	run "a trap without a route to the peer, nfipsec - $driver" wayless $driver
done
finish
