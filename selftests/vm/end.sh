# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How a machine for tests ends: without what is left of them, and looking at what that
# leaves. Sourced by its first process, never run.

fail() { echo "<3>vm: FAIL: $*" >/dev/kmsg; }

# kill_others PID...: whatever is left of the command, but for these
kill_others() {
	local p left
	for _ in 1 2 3; do
		left=
		for p in /proc/[0-9]*; do
			p=${p#/proc/}
			[[ " 1 $* " != *" $p "* ]] || continue
			# kernel threads have no executable
			[[ -e /proc/$p/exe ]] || continue
			kill -KILL "$p" 2>/dev/null && left=1
		done
		[[ $left ]] || break
		sleep 0.1
	done
}

# unload: the namespaces go, then the module
unload() {
	ip -all netns delete 2>/dev/null
	[[ -d /sys/module/nfipsec/holders ]] || return 0
	grep -F '[nfipsec]' /proc/kallsyms >/run/nfipsec.sym
	for _ in {1..50}; do
		rmmod nfipsec 2>/run/rmmod.err && return
		sleep 0.1
	done
	fail "nfipsec does not unload: $(</run/rmmod.err)"
}

# look_for_leaks: what kmemleak has found
look_for_leaks() {
	local leaks=/sys/kernel/debug/kmemleak line
	[[ -w $leaks ]] || return 0
	# an object has to be a few seconds old to count, and work that frees
	# it deferred has to run
	sleep 6
	if ! echo scan >$leaks; then
		grep -qw kmemleak=off /proc/cmdline || fail "kmemleak is disabled"
	fi 2>/dev/null
	echo scan >$leaks 2>/dev/null
	[[ $(head -c 1 $leaks) ]] || return 0
	grep -c '^unreferenced' <$leaks >/run/leaks.n
	fail "kmemleak: $(</run/leaks.n) objects leaked"
	head -n 200 $leaks | while IFS= read -r line; do
		echo "<3>vm: $line" >/dev/kmsg
	done
	# of the module that is gone now
	sed 's/^/<3>vm: /' /run/nfipsec.sym >/run/nfipsec.log 2>/dev/null
	while IFS= read -r line; do
		[[ $line == *" "[tT]" "* ]] && echo "$line" >/dev/kmsg
	done </run/nfipsec.log
	return 0
}
