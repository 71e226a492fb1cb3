/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints, under events/nfipsec in tracefs. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nfipsec

#if !defined(NFIPSEC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NFIPSEC_TRACE_H

#include <linux/skbuff.h>
#include <linux/tracepoint.h>
#include <net/net_namespace.h>

#include "reason.h"

/* Teach user space the reasons' names. */
#ifndef NFIPSEC_TRACE_ONCE
#define NFIPSEC_TRACE_ONCE
#define NFIPSEC_TRACE_D(id, name, core, doc) { NFIPSEC_##id, name },
#define NFIPSEC_TRACE_C(id, name, doc) { NFIPSEC_##id, name },
#endif

TRACE_EVENT(nfipsec_drop,
	TP_PROTO(const struct net *net, const struct sk_buff *skb,
		 enum nfipsec_reason reason),
	TP_ARGS(net, skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u32, netns)
		__field(u32, len)
		__field(u16, protocol)
		__field(int, reason)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->netns = net->ns.inum;
		__entry->len = skb->len;
		__entry->protocol = ntohs(skb->protocol);
		__entry->reason = reason;
	),
	TP_printk("netns=%u skbaddr=%p protocol=0x%04x len=%u reason=%s",
		  __entry->netns, __entry->skbaddr, __entry->protocol,
		  __entry->len,
		  __print_symbolic(__entry->reason,
				   NFIPSEC_REASONS(NFIPSEC_TRACE_D,
						   NFIPSEC_TRACE_C)
				   { -1, "" }))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
