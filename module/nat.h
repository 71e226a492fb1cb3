/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a packet was sent, before NAT had it go elsewhere. */
#ifndef NFIPSEC_NAT_H
#define NFIPSEC_NAT_H

#include <linux/types.h>

struct net;
struct nfipsec_flow;
struct nfipsec_net;
struct sk_buff;

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
bool nfipsec_nat_undo(const struct net *net, const struct sk_buff *skb,
		      struct nfipsec_flow *flow);
bool nfipsec_nat_changed(const struct sk_buff *skb);
bool nfipsec_nat_hides(const struct nfipsec_net *nn, const struct sk_buff *skb,
		       const struct nfipsec_flow *flow);
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

static inline bool nfipsec_nat_hides(const struct nfipsec_net *nn,
				     const struct sk_buff *skb,
				     const struct nfipsec_flow *flow)
{
	return false;
}
#endif

#endif
