/* SPDX-License-Identifier: GPL-2.0-only */
/* What routers say of the path MTU of an SA's packets. */
#ifndef NFIPSEC_PMTU_LEARN_H
#define NFIPSEC_PMTU_LEARN_H

struct nfipsec_l3;
struct nfipsec_net;
struct sk_buff;

void nfipsec_pmtu_learn(const struct nfipsec_net *nn, struct sk_buff *skb,
			const struct nfipsec_l3 *l3);

#endif
