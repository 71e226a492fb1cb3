#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What comes seldom: traps whose peer or own address is not known yet; a peer that
# chooses SPIs that others have; policies that somebody else takes; traps that are
# refused; an SA that moves while the other one of its CHILD_SA cannot.
#
#     192.168.1.1-4                     192.168.2.1-4
#         a ================================ b
#    eth1 | eth0 10.0.0.1         10.0.0.2 eth0
#         |                  10.9.0.2 on lo
#         c eth0 10.0.1.3
#     192.168.3.1-2
#
# usage: ike-odd.sh
#
# What it needs: see lib-ike.sh.
# shellcheck disable=SC2030,SC2031 # other addresses for one connection alone
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

ADDR[c]=10.0.1.3 NET[c]=192.168.3
NAME=gateway.invalid FAR=10.9.0.2

swanctl_conf() {
	local h=$1 p=b
	[[ $h == a ]] || p=a
	echo 'connections {'
	if [[ $h != b ]]; then
		[[ $h == a ]] && p=c
		{
			child one 1 "$h" "$p"
			child two 2 "$h" "$p"
		} | {
			ADDR[a]=10.0.1.1
			connection third "$h" "$p"
		}
		p=b
		[[ $h == a ]] || p=a
	fi
	{
		child net 1 "$h" "$p"
		child comp 3 "$h" "$p" 'ipcomp = yes'
		child net-if 1 "$h" "$p" 'interface = eth0'
		# to b both that a has are this one
		[[ $h != b ]] || child named-beet 2 "$h" "$p" 'mode = beet'
	} | connection peer "$h" "$p"
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
	hosts c
	wire a eth1 c eth0
	ip -n "${NS[a]}" addr add 10.0.1.1/24 dev eth1
	ip -n "${NS[c]}" addr add 10.0.1.3/24 dev eth0
	ip_batch c < <(printf "addr add ${NET[c]}.%d/32 dev lo\n" {1..2})
	watch_clear c eth0
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
	for dir in out in; do
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
	# the first one waits for all of that
	on a nfipsec default acquire-timeout 60
	check "again" pings a "192.168.2.$2" 3 -I "192.168.1.$2" -W 30 || show_logs
	on a nfipsec default acquire-timeout 2
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
	check route ip -n "${NS[a]}" route add "$FAR" via 10.0.0.2
	arrives far 4
	ip -n "${NS[a]}" route del "$FAR" via 10.0.0.2
}

# spi_of HOST DIR DST: of its SA in that direction, to there
spi_of() {
	on "$1" nfipsec sa list | awk -v dir=" dir $2 " -v dst="$3" '
		/^src / { mine = $4 == dst }
		/^\tproto / { spi = $2 == "esp" ? $4 : "" }
		mine && spi && index($0, dir) { print spi }'
}

STAYS='there is one with this SPI, which stays'

# same_spi: c has the SPI for both its CHILD_SAs that a has chosen for that with b.
# The second one fails and takes nothing with it, neither what c has nor what b
# or somebody else has.
same_spi() {
	local spi
	ENDS=(a b c)
	prepare nfipsec xfrm nfipsec
	start a && start b && initiate a net || return 1
	spi=$(spi_of a in 10.0.0.1)
	echo "SPI $spi"
	MORE_CONF[c]="spi_min = $spi
		spi_max = $spi"
	configure c
	start c || return 1
	initiate c one || return 1
	equal "the same SPI" "$(spi_of a out 10.0.1.3)" "$spi"
	check "from c" pings c 192.168.1.1 3 -I 192.168.3.1
	# or c would not have it twice
	check "c forgets it" on c nfipsec sa del dst 10.0.1.3 proto esp spi "$spi"
	refute "another one" swan c --initiate --child two --timeout 10 >/dev/null
	check "a says so" logged a "$STAYS" || show_logs
	equal "the first one stays" "$(spi_of a out 10.0.1.3)" "$spi"
	check "and goes" terminate_one || show_logs
	check "from b" pings b 192.168.1.1 5 -I 192.168.2.1 || show_logs
	check "from a" pings a 192.168.2.1 5 -I 192.168.1.1
	: >"$TMP/a/log"
	alg_words nfipsec aes128gcm16 1
	check "somebody else's" apply a nfipsec <<-LINE
		sa add src 10.0.1.1 dst 10.0.1.3 proto esp spi $spi mode tunnel dir out $ALG_WORDS
	LINE
	refute "another one" swan c --initiate --child two --timeout 10 >/dev/null
	check "a says so again" logged a "$STAYS" || show_logs
	check "it stays" on a nfipsec sa del dst 10.0.1.3 proto esp spi "$spi"
	check "still from b" pings b 192.168.1.1 5 -I 192.168.2.1
	check "clear text" nothing_clear
	stop c
	ENDS=(a b)
}

# terminate_one: by a, and all that it has with c is gone
terminate_one() {
	swan a --terminate --child one &&
		busywait 10 none_with_c
}
none_with_c() { ! on a nfipsec sa list | grep -q ' 10.0.1.3'; }

OURS='dir out src 192.168.1.1 dst 192.168.2.1'

# taken: somebody else has made a policy of a's his when b rekeys the CHILD_SA, so
# that a cannot have it name the new SA. It does not go with the old CHILD_SA, and
# with the new one neither, and what a sends waits until a can.
taken() {
	local before
	daemons nfipsec xfrm || return 1
	on a nfipsec default acquire-timeout 2
	initiate a net || return 1
	before=$(child_id a net)
	check "from a" pings a 192.168.2.1 3
	# shellcheck disable=SC2086 # words
	check "taken" on a nfipsec policy update $OURS owner admin action protect \
		tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel reqid 77
	check rekey swan b --rekey --child net
	check "a says so" busywait 10 logged a "of owner 'admin' is in the way" ||
		show_logs
	check "the old SAs go" busywait 20 gone a "$before" || show_logs
	refute "nothing to send by" pings a 192.168.2.1 2 -W 1 >/dev/null
	check "clear text" nothing_clear
	# shellcheck disable=SC2086 # words
	check "given back" on a nfipsec policy update $OURS owner charon-systemd \
		action protect \
		tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel reqid 77
	check "a packet has it tried again" busywait 20 pings a 192.168.2.1 1 -W 3 \
		>/dev/null || show_logs
	check "from b" pings b 192.168.1.1 3
	# shellcheck disable=SC2086 # words
	check "taken again" on a nfipsec policy update $OURS owner admin action discard
	check terminate swan a --terminate --child net
	# shellcheck disable=SC2086 # words
	check "it stays" on a nfipsec policy del $OURS
	check "clear text" nothing_clear
}

# gone HOST NUMBER: that CHILD_SA is, with its SAs
gone() {
	! swanctl_on "$1" --list-sas | grep -q " net: #$2," && sas_are "$1" 2
}

# refused: a trap for something that nfipsec cannot do takes nothing with it of one
# that is equal but for that
refused() {
	local dir
	daemons nfipsec xfrm || return 1
	check trap swan a --install --child net
	refute "another trap" swan a --install --child net-if >/dev/null
	check "a says so" logged a 'an interface is not supported' || show_logs
	for dir in out in; do
		check "policy $dir" protects a "$dir" 1
	done
	check "from a" pings a 192.168.2.1 3 -I 192.168.1.1
	check "clear text" nothing_clear
}

# half_moved: a has another address and can move the SA that receives, but not the
# other one, since it is gone. The CHILD_SA is rekeyed, and of the old one goes all
# that has moved.
half_moved() {
	local before
	daemons nfipsec xfrm || return 1
	initiate a comp || return 1
	before=$(child_id a comp)
	ip -n "${NS[a]}" addr del fd00::1/64 dev eth0
	ip -n "${NS[a]}" addr del 10.0.1.1/24 dev eth1
	check "from a" pings a 192.168.2.3 3 -I 192.168.1.3 -s 1200
	check "SAs" sas_are a 4
	check "one goes" on a nfipsec sa del dst 10.0.0.2 proto esp \
		spi "$(spi_of a out 10.0.0.2)"
	ip_batch a <<-LINES
		addr add 10.0.0.11/16 dev eth0
		addr del 10.0.0.1/24 dev eth0
	LINES
	check "it cannot move" busywait 20 logged a 'unable to move SA' || show_logs
	check "another one" busywait 20 child_is_not a comp "$before" || show_logs
	check "what has moved goes" busywait 20 sas_are a 4 ||
		{ on a nfipsec sa list; show_logs; }
	ip_batch a <<-LINES
		addr add 10.0.0.1/24 dev eth0
		addr del 10.0.0.11/16 dev eth0
		addr add fd00::1/64 dev eth0 nodad
		addr add 10.0.1.1/24 dev eth1
	LINES
}

ike_setup
topology
plan 8
run "a peer that chooses another one's SPI" same_spi
run "a policy that somebody else takes" taken
run "a trap that is refused" refused
run "an SA that moves without the other one" half_moved
for driver in xfrm nfipsec; do
	run "a trap for a name that nobody knows, nfipsec - $driver" unnamed $driver
	run "a trap without a route to the peer, nfipsec - $driver" wayless $driver
done
finish
