/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ESP in UDP (RFC 3948): super-packets, peers that moved, keepalives.
 */
#ifndef NFIPSEC_NATT_H
#define NFIPSEC_NATT_H

#include <linux/types.h>

struct nfipsec_flow;
struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;

void nfipsec_natt_init(struct nfipsec_net *nn);
void nfipsec_natt_exit(struct nfipsec_net *nn);

struct sk_buff *nfipsec_natt_split(const struct nfipsec_net *nn,
				   struct sk_buff *skb);
void nfipsec_natt_seen(const struct nfipsec_net *nn, struct nfipsec_sa *sa,
		       const struct nfipsec_flow *outer);

#endif
