/* SPDX-License-Identifier: GPL-2.0-only */
/* Does a packet fit once it is encapsulated, and telling its sender if not. */
#ifndef NFIPSEC_PMTU_H
#define NFIPSEC_PMTU_H

#include <linux/types.h>

#include "reason.h"

struct dst_entry;
struct nfipsec_chain;
struct nfipsec_net;
struct nfipsec_flow;
struct nfipsec_l3;
struct nfipsec_sa;
struct sk_buff;

bool nfipsec_pmtu_shared(const struct nfipsec_sa *sa,
			 const struct nfipsec_flow *flow);
bool nfipsec_pmtu_told(const struct nfipsec_net *nn,
		       const struct nfipsec_sa *sa);
unsigned int nfipsec_pmtu_path(const struct nfipsec_net *nn,
			       const struct nfipsec_chain *chain,
			       const struct nfipsec_sa *sa,
			       const struct dst_entry *dst);
unsigned int nfipsec_pmtu_inner(const struct nfipsec_chain *chain,
				unsigned int mtu, const struct nfipsec_l3 *l3,
				unsigned int *fit);
bool nfipsec_pmtu_fits(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		       const struct nfipsec_l3 *l3, unsigned int mtu);
bool nfipsec_pmtu_df(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		     const struct nfipsec_l3 *l3, unsigned int fit);
enum nfipsec_reason nfipsec_pmtu_shrink(struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					unsigned int mtu);
void nfipsec_pmtu_tell(struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		       struct sk_buff *skb, const struct nfipsec_l3 *l3,
		       unsigned int mtu, bool shared);

#endif
