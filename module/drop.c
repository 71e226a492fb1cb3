// SPDX-License-Identifier: GPL-2.0-only
/* See drop.h. */
#include <linux/skbuff.h>

#include "audit.h"
#include "drop.h"
#include "net.h"
#include "trace.h"

/**
 * nfipsec_drop_sa() - drop a packet and say why
 * @nn: the namespace
 * @skb: packet, consumed
 * @sa: the SA that it was sent or received through, or NULL
 * @reason: why; a reason that drops nothing frees it as consumed
 *
 * Context: any but hard interrupt.
 */
void nfipsec_drop_sa(const struct nfipsec_net *nn, struct sk_buff *skb,
		     const struct nfipsec_sa *sa, enum nfipsec_reason reason)
{
	nfipsec_count(nn, reason);
	if (!nfipsec_reasons[reason].drop) {
		consume_skb(skb);
		return;
	}
	trace_nfipsec_drop(nn->net, skb, reason);
	if (READ_ONCE(nn->audit))
		nfipsec_audit_drop(nn, skb, sa, reason);
	kfree_skb_reason(skb, nfipsec_reasons[reason].core);
}
