/* SPDX-License-Identifier: GPL-2.0-only */
/* Out of the SAs that a packet is in, one after the other, to what is inside. */
#ifndef NFIPSEC_UNWRAP_H
#define NFIPSEC_UNWRAP_H

#include "reason.h"

struct nfipsec_flow;
struct nfipsec_l3;
struct nfipsec_net;
struct nfipsec_opened;
struct nfipsec_sa;
struct sk_buff;

struct nfipsec_sa *nfipsec_unwrap_find(const struct nfipsec_net *nn,
				       const struct sk_buff *skb,
				       const struct nfipsec_l3 *l3,
				       const struct nfipsec_flow *flow);
enum nfipsec_reason __must_check
nfipsec_unwrap(struct nfipsec_net *nn, struct nfipsec_sa **sa,
	       struct sk_buff *skb, struct nfipsec_l3 *l3,
	       struct nfipsec_flow *flow, struct nfipsec_opened *in);

#endif
