/* SPDX-License-Identifier: GPL-2.0-only */
/* SAs that are wanted, to attributes. */
#ifndef NFIPSEC_NL_ACQUIRE_H
#define NFIPSEC_NL_ACQUIRE_H

struct nfipsec_acquire;
struct sk_buff;

int nfipsec_nl_acquire_put(struct sk_buff *skb,
			   const struct nfipsec_acquire *info);

#endif
