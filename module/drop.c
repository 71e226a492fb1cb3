// SPDX-License-Identifier: GPL-2.0-only
/* See drop.h. */
#include <linux/skbuff.h>

#include "drop.h"
#include "net.h"
#include "trace.h"

/**
 * nfipsec_drop() - drop a packet and say why
 * @nn: the namespace
 * @skb: packet, consumed
 * @reason: why; a reason that drops nothing frees it as consumed
 *
 * Context: any but hard interrupt.
 */
void nfipsec_drop(const struct nfipsec_net *nn, struct sk_buff *skb,
		  enum nfipsec_reason reason)
{
	nfipsec_count(nn, reason);
	if (nfipsec_reasons[reason].drop) {
		trace_nfipsec_drop(nn->net, skb, reason);
		kfree_skb_reason(skb, nfipsec_reasons[reason].core);
	} else {
		consume_skb(skb);
	}
}
