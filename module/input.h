/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet's way in: ESP to be opened, and everything else to be judged. */
#ifndef NFIPSEC_INPUT_H
#define NFIPSEC_INPUT_H

#include <linux/types.h>

struct net_device;
struct nfipsec_net;
struct sk_buff;

/**
 * enum nfipsec_where - which hook asks
 * @NFIPSEC_AT_FRAGMENTS: PRE_ROUTING, before fragments are put together
 * @NFIPSEC_AT_PRE_ROUTING: PRE_ROUTING, after that
 * @NFIPSEC_AT_LOCAL_IN: LOCAL_IN: the packet is for this host, and whole
 * @NFIPSEC_AT_BRIDGE_IN: LOCAL_IN, and PRE_ROUTING left it out
 * @NFIPSEC_AT_BRIDGE_FORWARD: FORWARD, and PRE_ROUTING left it out
 */
enum nfipsec_where {
	NFIPSEC_AT_FRAGMENTS,
	NFIPSEC_AT_PRE_ROUTING,
	NFIPSEC_AT_LOCAL_IN,
	NFIPSEC_AT_BRIDGE_IN,
	NFIPSEC_AT_BRIDGE_FORWARD,
};

bool nfipsec_input(struct nfipsec_net *nn, struct sk_buff *skb, u8 family,
		   enum nfipsec_where where);
bool nfipsec_input_bridged(struct nfipsec_net *nn, struct sk_buff *skb,
			   u8 family, const struct net_device *in);
void nfipsec_input_own(const struct nfipsec_net *nn, struct sk_buff *skb,
		       u8 family);
bool nfipsec_input_early(struct nfipsec_net *nn, struct sk_buff *skb,
			 u8 family);

#endif
