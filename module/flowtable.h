/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections that flowtables must leave alone: see flowtable.c. */
#ifndef NFIPSEC_FLOWTABLE_H
#define NFIPSEC_FLOWTABLE_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct nfipsec_flow;
struct nfipsec_net;
struct sk_buff;

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
int __must_check nfipsec_flowtable_init(void);
void nfipsec_flowtable_exit(void);
bool __must_check nfipsec_flowtable_keep_out(const struct nfipsec_net *nn,
					     const struct sk_buff *skb,
					     const struct nfipsec_flow *flow,
					     bool sealed);
#else
static inline int __must_check nfipsec_flowtable_init(void)
{
	return 0;
}

static inline void nfipsec_flowtable_exit(void)
{
}

static inline bool __must_check
nfipsec_flowtable_keep_out(const struct nfipsec_net *nn,
			   const struct sk_buff *skb,
			   const struct nfipsec_flow *flow, bool sealed)
{
	return true;
}
#endif

#endif
