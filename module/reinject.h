/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing packets back to the stack: sealed ones out, opened ones in. */
#ifndef NFIPSEC_REINJECT_H
#define NFIPSEC_REINJECT_H

#include <linux/types.h>

struct dst_entry;
struct net;
struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;

struct dst_entry *nfipsec_reinject_route(struct net *net,
					 struct nfipsec_sa *sa,
					 const struct sk_buff *skb);
int nfipsec_reinject_out(struct net *net, struct sk_buff *skb, u8 family,
			 bool tunnel, bool df, bool shared);
void nfipsec_reinject_back(const struct nfipsec_net *nn, struct sk_buff *skb);
bool nfipsec_reinject_in(const struct nfipsec_net *nn, struct sk_buff *skb,
			 u32 iif);

#endif
