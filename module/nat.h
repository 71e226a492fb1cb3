/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a packet was sent, before NAT had it go elsewhere. */
#ifndef NFIPSEC_NAT_H
#define NFIPSEC_NAT_H

#include <linux/types.h>

struct net;
struct nfipsec_flow;
struct sk_buff;

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
bool nfipsec_nat_undo(const struct net *net, const struct sk_buff *skb,
		      struct nfipsec_flow *flow);
bool nfipsec_nat_changed(const struct sk_buff *skb);
#else
static inline bool nfipsec_nat_undo(const struct net *net,
				    const struct sk_buff *skb,
				    struct nfipsec_flow *flow)
{
	return false;
}

static inline bool nfipsec_nat_changed(const struct sk_buff *skb)
{
	return false;
}
#endif

#endif
