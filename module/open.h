/* SPDX-License-Identifier: GPL-2.0-only */
/* One SA opens one packet: anti-replay, ICV, cleartext, what it cost. */
#ifndef NFIPSEC_OPEN_H
#define NFIPSEC_OPEN_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_flow;
struct nfipsec_l3;
struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;

unsigned int nfipsec_open_start(const struct nfipsec_l3 *l3);
enum nfipsec_reason __must_check
nfipsec_open(struct nfipsec_net *nn, struct nfipsec_sa *sa, struct sk_buff *skb,
	     const struct nfipsec_l3 *l3, u8 *nexthdr);
enum nfipsec_reason __must_check
nfipsec_open_inner(struct sk_buff *skb, struct nfipsec_l3 *l3,
		   struct nfipsec_flow *flow);

#endif
