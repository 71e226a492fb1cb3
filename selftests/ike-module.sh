#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the plugin kernel-nfipsec makes of a kernel module that goes and comes
# back, of SAs that somebody else deletes, of events that it did not hear, and of a
# move that fails halfway; how all that goes while the daemon has no idle thread; and
# of very much that an earlier run left.
#
#     192.168.1.1                       192.168.2.1
#         a ================================ b
#       eth0 10.0.0.1             10.0.0.2 eth0
#
# usage: ike-module.sh
#
# What it needs: see lib-ike.sh.
# shellcheck source=./lib-ike.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-ike.sh"

ADDR[nobody]=10.0.0.99

topology() {
	local h
	two_hosts
	for h in a b; do
		ip -n "${NS[$h]}" addr add "${NET[$h]}.2/32" dev lo
	done
}

swanctl_conf() {
	local h=$1 p=b
	[[ $h == a ]] || p=a
	echo 'connections {'
	{
		child net 1 "$h" "$p"
		child trap 2 "$h" "$p"
		child timed 2 "$h" "$p" "$([[ $h == b ]] || echo "rekey_time = ${TIMED}s")" \
			'life_time = 1h' 'rand_time = 0'
		cat <<-CONF
			host {
				mode = transport
				esp_proposals = aes128gcm16
				ipcomp = yes
			}
		CONF
	} | connection peer "$h" "$p"
	connection nobody "$h" nobody <<-CONF
		silent {
			mode = transport
			esp_proposals = aes128gcm16
		}
	CONF
	echo '}'
	secrets
}

# protects HOST N: so many of its policies do
protects() { (($(on "$1" nfipsec policy list | grep -c protect) == $2)); }

# unload: nobody sends meanwhile, since nothing would be protected
unload() {
	check unload rmmod nfipsec || return 1
	check "it says so" busywait 10 logged a 'kernel module was unloaded' ||
		{ show_logs; return 1; }
}

# reload: with a's policies in place again, N of them
reload() {
	check load module_insert || return 1
	check "policies" busywait 10 protects a "$1" ||
		{ on a nfipsec policy list; show_logs; return 1; }
}

# replaced NUMBER: a has another CHILD_SA of "net" than that, and both ends no other
# SAs any more: until then b may send by one that a does not have
replaced() {
	check "another CHILD_SA" busywait 20 child_is_not a net "$1" || show_logs
	check "SAs of a" busywait 20 sas_are a 2 || show_logs
	check "SAs of b" busywait 20 sas_are b 2 || show_logs
}

# reloaded DRIVER_B: the module goes and comes back below daemons that have a
# CHILD_SA and a trap
reloaded() {
	local before
	daemons nfipsec "$1" || return 1
	initiate a net || return 1
	before=$(child_id a net)
	check trap swan a --install --child trap || return 1
	check "before" pings a 192.168.2.1 3
	unload || return 1
	reload 4 || return 1
	replaced "$before"
	check "afterwards" pings a 192.168.2.1 20 -I 192.168.1.1 || show_logs
	check "from b" pings b 192.168.1.1 5 -I 192.168.2.1
	check "by the trap" pings a 192.168.2.2 5 -I 192.168.1.2 || show_logs
	check "IKE passes" nfipsec_below a
	check "clear text" nothing_clear
}

# asked: the kernel cannot load the module while it goes, and the daemon asks for it
# again, without having anything to do
MODPROBE=/proc/sys/kernel/modprobe
asked() {
	local was
	was=$(<"$MODPROBE")
	daemons nfipsec xfrm || return 1
	check trap swan a --install --child trap || return 1
	late_modprobe "$was"
	echo "$TMP/modprobe" >"$MODPROBE"
	if unload; then
		check "it comes back" busywait 10 module_there || show_logs
	fi
	echo "$was" >"$MODPROBE"
	check "at the second time" test -e "$TMP/asked"
	module_there || module_insert
	check "policies" busywait 10 protects a 2 || show_logs
	check "by the trap" pings a 192.168.2.2 5 -I 192.168.1.2 || show_logs
	check "clear text" nothing_clear
}

# late_modprobe PROGRAM: what loads the module for the kernel, but not the first time;
# PROGRAM loads others
late_modprobe() {
	local load="$1 nfipsec"
	[[ ! ${NFIPSEC_KO:-} ]] || load="insmod $(realpath "$NFIPSEC_KO")"
	rm -f "$TMP/asked"
	cat >"$TMP/modprobe" <<-SCRIPT
		#!/bin/sh
		case "\$*" in
		*nfipsec*) ;;
		*) exec $1 "\$@" ;;
		esac
		[ -e "$TMP/asked" ] && exec $load
		: >"$TMP/asked"
		exit 1
	SCRIPT
	chmod +x "$TMP/modprobe"
}

# ended: what ended without the module is not set up again
ended() {
	daemons nfipsec xfrm || return 1
	initiate a net || return 1
	check trap swan a --install --child trap || return 1
	unload || return 1
	check terminate swan a --terminate --ike peer
	refute "no SA" swan a --initiate --child net --timeout 3 >/dev/null
	reload 2 || return 1
	initiate a net || return 1
	check "afterwards" pings a 192.168.2.1 5 -I 192.168.1.1 || show_logs
	check "SAs" busywait 10 sas_are a 2
	check "clear text" nothing_clear
}

# flushed: somebody else deletes the SAs of the daemon. What a has to send waits for
# the next ones.
flushed() {
	local before sent
	daemons nfipsec xfrm || return 1
	initiate a net || return 1
	before=$(child_id a net)
	on a nfipsec default acquire-timeout 60
	sent=$(counter a out_ok)
	check flush on a nfipsec sa flush owner charon-systemd
	pings a 192.168.2.1 10 -W 1 -I 192.168.1.1 >/dev/null
	replaced "$before"
	equal "sent" $(($(counter a out_ok) - sent)) 10
	check "afterwards" pings a 192.168.2.1 10 -I 192.168.1.1 || show_logs
	check "clear text" nothing_clear
}

# end_sas HOST COUNT: of others, each an event, while its daemon is stopped
end_sas() {
	local i
	for ((i = 1; i <= $2; i++)); do
		echo "sa add src 192.0.2.1 dst 192.0.2.2 proto esp spi $((4096 + i))" \
			"mode tunnel limit time-hard 1 $ALG_WORDS"
	done | apply "$1" nfipsec || return 1
	busywait 20 no_sa_of "$1" 192.0.2.2
}
no_sa_of() { ! on "$1" nfipsec sa list | grep -qF "dst $2"; }
# lost: a CHILD_SA whose SAs have ended, while the daemon could not hear of it
lost() {
	local before
	daemons nfipsec xfrm || return 1
	initiate a net || return 1
	before=$(child_id a net)
	kill -STOP "${DAEMON[a]}"
	alg_words nfipsec aes128gcm16 1
	check "more events than its socket holds" end_sas a 700
	check flush on a nfipsec sa flush owner charon-systemd
	kill -CONT "${DAEMON[a]}"
	check "it says so" busywait 10 logged a 'events were lost' || show_logs
	replaced "$before"
	check "from a" pings a 192.168.2.1 5 -I 192.168.1.1 || show_logs
	refute "nothing of others" logged a /192.0.2.2
}

# lost_meanwhile: an SA is wanted as soon as the daemon looks for what it has not
# heard of
lost_meanwhile() {
	local before
	daemons nfipsec xfrm || return 1
	initiate a net || return 1
	before=$(child_id a net)
	on a nfipsec default acquire-timeout 60
	kill -STOP "${DAEMON[a]}"
	alg_words nfipsec aes128gcm16 1
	check "more events than its socket holds" end_sas a 700
	kill -CONT "${DAEMON[a]}"
	check "it says so" busywait 10 logged a 'events were lost' || show_logs
	check flush on a nfipsec sa flush owner charon-systemd
	on a ping -n -q -c 1 -W 1 -I 192.168.1.1 192.168.2.1 >/dev/null
	replaced "$before"
	check "from a" pings a 192.168.2.1 5 -I 192.168.1.1 || show_logs
	check "clear text" nothing_clear
}

# set_back: the time of day is, before an SA is to be rekeyed, which the daemon
# cannot hear of. How old an SA is does not depend on it.
TIMED=15
set_back() {
	local before until
	daemons nfipsec xfrm || return 1
	initiate a timed || return 1
	until=$(($(uptime) + TIMED + 1))
	before=$(child_id a timed)
	kill -STOP "${DAEMON[a]}"
	check "an hour less" date -s '-1 hour' >/dev/null
	alg_words nfipsec aes128gcm16 1
	check "more events than its socket holds" end_sas a 700
	check "time goes by" busywait $((TIMED * 2)) past "$until"
	kill -CONT "${DAEMON[a]}"
	check "it says so" busywait 10 logged a 'events were lost' || show_logs
	check "another CHILD_SA" busywait 20 child_is_not a timed "$before" || show_logs
	check "the time again" date -s '+1 hour' >/dev/null
	check "clear text" nothing_clear
}
uptime() { sed 's/\..*//' /proc/uptime; }
past() { (($(uptime) >= $1)); }

# move_fails: something is where an SA of b would have to be, so that the one of
# IPComp with it, moved first, is moved back, to the reqid that it had
move_fails() {
	local spi pid before
	daemons nfipsec nfipsec || return 1
	initiate a host || return 1
	before=$(child_id a host)
	ip -n "${NS[a]}" addr del fd00::1/64 dev eth0
	check "before" pings a 10.0.0.2 3 -s 1200
	spi=$(on b nfipsec sa list | grep -A1 'dst 10.0.0.1$' |
		sed -n 's/.*proto esp spi \(0x[0-9a-f]*\) .*/\1/p')
	alg_words nfipsec aes128gcm16 1
	check "in the way" apply b nfipsec <<-LINE || return 1
		sa add src 10.0.0.2 dst 10.0.0.11 proto esp spi $spi mode transport dir out $ALG_WORDS
	LINE
	nsenter --net="/run/netns/${NS[b]}" -- nfipsec monitor changes \
		>"$TMP/changes" &
	pid=$!
	PIDS+=("$pid")
	check "changes are heard" busywait 10 heard || return 1
	ip_batch a <<-LINES
		addr add 10.0.0.11/16 dev eth0
		addr del 10.0.0.1/24 dev eth0
	LINES
	check "it fails" busywait 20 logged b "unable to move SA with SPI ${spi#0x}" ||
		show_logs
	check "that of IPComp is back" busywait 10 moved_back ||
		{ cat "$TMP/changes"; show_logs; }
	kill "$pid"
	check "another one" busywait 20 rekeyed_or_refused "$before" || show_logs
	if logged b "$REFUSED"; then
		check terminate swan a --terminate --child host
		initiate a host
	fi
	check "afterwards" pings a 10.0.0.2 3 -s 1200 || show_logs
	check "clear text" nothing_clear
	ip_batch a <<-LINES
		addr add 10.0.0.1/24 dev eth0
		addr del 10.0.0.11/16 dev eth0
		addr add fd00::1/64 dev eth0 nodad
	LINES
}

# rekeyed_or_refused NUMBER: there is another CHILD_SA of "host" than that; or there
# cannot be, since strongSwan 6.1 asks for what the old one was for, an address that
# a does not have any more
REFUSED='received TS_UNACCEPTABLE'
rekeyed_or_refused() { child_is_not a host "$1" || logged b "$REFUSED"; }

# heard: of something that changes nothing
heard() {
	on b nfipsec policy flush owner nobody
	[[ -s $TMP/changes ]]
}

# moved_back: of the SA that sends by IPComp it was told that it was moved, and then
# that it has the place and the reqid that it had
moved_back() {
	awk '/^sa moved .* proto comp .* dir out / {
		now = $6 " " $14; was = $(NF - 2) " " $NF
		if (n++ && now == first)
			back = 1
		first = was
	}
	END { exit !back }' "$TMP/changes"
}

# occupy SECONDS: all threads of a's daemon that are not there for one purpose, each
# waits so long for who does not answer
FEW='threads = 6'
occupy() {
	local i
	for i in {1..3}; do
		swanctl_on a --initiate --child silent --timeout "$1" \
			>/dev/null 2>&1 &
		PIDS+=($!)
	done
	check "no idle thread" busywait 30 mute
}

# mute: a's daemon has nobody to answer
mute() {
	! on a timeout 5 env STRONGSWAN_CONF="$TMP/a/strongswan.conf" \
		swanctl --stats --uri "unix://$TMP/a/vici" >/dev/null 2>&1
}

# busy: no thread is idle when the module goes, and events are there to be read each
# time that something of the module is, its multicast groups go first: all of that is
# read by the watcher's own thread
busy() {
	MORE_CONF[a]=$FEW
	daemons nfipsec xfrm || return 1
	unset 'MORE_CONF[a]'
	check trap swan a --install --child trap || return 1
	occupy 20 || { show_logs; return 1; }
	kill -STOP "${DAEMON[a]}"
	alg_words nfipsec aes128gcm16 1
	check "events" end_sas a 50
	check unload rmmod nfipsec
	kill -CONT "${DAEMON[a]}"
	check "it says so" busywait 60 logged a 'kernel module was unloaded' ||
		{ show_logs; return 1; }
	reload 2 || return 1
	check "it answers" busywait 60 idle || { show_logs; return 1; }
	check "by the trap" pings a 192.168.2.2 5 -I 192.168.1.2 || show_logs
	check "clear text" nothing_clear
}
# idle: a's daemon answers
idle() { ! mute; }

# left: an earlier run had very many policies. Not much of each is noted, and in the
# end all are deleted
LEFT=$(scaled 4000 1000)
left() {
	local i
	prepare nfipsec xfrm
	for ((i = 0; i < LEFT; i++)); do
		echo "policy add dir out owner charon-systemd" \
			"src 198.18.$((i / 250)).$((i % 250)) dst 192.0.2.1" \
			"action protect tmpl src 10.0.0.1 dst 10.0.0.2" \
			"proto esp mode tunnel reqid $((i + 1))"
	done | apply a nfipsec || return 1
	start b && start a || return 1
	check "it sees them" logged a "left 0 SAs and $LEFT policies" || show_logs
	check "memory" small a
	initiate a net || return 1
	check "between" pings a 192.168.2.1 3 -I 192.168.1.1
	check "they go" busywait 60 logged a "deleted 0 SAs and $LEFT policies" ||
		show_logs
	check "no others go" protects a 2
	check "afterwards" pings a 192.168.2.1 3 -I 192.168.1.1
	check "clear text" nothing_clear
}

# small HOST: its daemon has never had much memory
small() {
	local kb
	kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/${DAEMON[$1]}/status")
	((kb < 40000)) || { echo "$kb kB"; return 1; }
}

ike_setup
topology
plan 11
run "module reloaded, nfipsec - xfrm" reloaded xfrm
run "module reloaded, nfipsec - nfipsec" reloaded nfipsec
run "module asked for again" asked
run "CHILD_SA ended without the module" ended
run "SAs deleted by somebody else" flushed
run "events lost" lost
run "an event among those lost that comes later" lost_meanwhile
run "the time of day set back" set_back
run "a move that fails" move_fails
run "unloaded while no thread is idle" busy
run "very many policies left" left
finish
