/* SPDX-License-Identifier: GPL-2.0-only */
/* The one place where a packet is dropped: counted, traced, audited, freed. */
#ifndef NFIPSEC_DROP_H
#define NFIPSEC_DROP_H

#include "reason.h"

struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;

void nfipsec_drop_sa(const struct nfipsec_net *nn, struct sk_buff *skb,
		     const struct nfipsec_sa *sa, enum nfipsec_reason reason);

/**
 * nfipsec_drop() - drop a packet of no SA and say why
 * @nn: the namespace
 * @skb: packet, consumed
 * @reason: why
 *
 * Context: any but hard interrupt.
 */
static inline void nfipsec_drop(const struct nfipsec_net *nn,
				struct sk_buff *skb,
				enum nfipsec_reason reason)
{
	nfipsec_drop_sa(nn, skb, NULL, reason);
}

#endif
