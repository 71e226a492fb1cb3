# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What kernel logs say. Sourced, never run.

# What in a kernel log (time stamps cut off) means that the run has failed.
BAD='^------------\[ cut here |^(WARNING|BUG|INFO|Oops|KFENCE|KASAN|UBSAN|KCSAN|ODEBUG|DEBUG_LOCKS_WARN_ON)\b.*(:|at )'
BAD+='|^Oops:|BUG:|BUG [a-z0-9_-]+ |Kernel panic|general protection fault|Call Trace:|Internal error'
BAD+='|KASAN:|KFENCE:|UBSAN:|kmemleak: [0-9]+ new suspected|vm: FAIL:'
BAD+='|refcount_t:|suspicious RCU usage|possible (recursive|circular|irq lock)|inconsistent lock state|bad unlock balance|held lock freed|lock held when returning'
BAD+='|sleeping function called|scheduling while atomic|blocked for more than|rcu.*(detected stall|self-detected|stalls on)|soft lockup|hard LOCKUP|workqueue lockup'
BAD+='|Redzone|Poison (overwritten|check)|Padding overwritten|Object already free|Freechain corrupt|list_(add|del) corruption|Bad page|bad page state'
BAD+='|unregister_netdevice: waiting|ref_tracker:|leaked reference|page allocation failure|stack-protector|double fault|int3:|unable to handle|Unable to handle|divide error|invalid opcode|detected buffer overflow|detected field-spanning|Trying to vfree|Attempt to (kill|release)'
# harmless lines that would match
GOOD='^(INFO: lockdep is turned off|INFO: NMI handler .* took too long)'

# complaints FILE [IGNORE...]: numbers of the lines that are complaints
complaints() {
	local ignore=$GOOD file=$1 re
	shift
	for re; do ignore+="|$re"; done
	sed -E 's/^(<[0-9]+>)?\[ *[0-9.]+\] *(\[ *[TC][0-9]+\] *)?//' "$file" |
		grep -anE "$BAD" | grep -avE "^[0-9]+:.*($ignore)" | cut -d: -f1
}

# show_complaints FILE [IGNORE...]: the log from the first of them, to standard error;
# fails if there is one
show_complaints() {
	local first
	first=$(complaints "$@" | head -n1) || true
	[[ $first ]] || return 0
	sed -n "$((first > 5 ? first - 5 : 1)),$((first + 120))p" "$1" >&2
	return 1
}
