/* SPDX-License-Identifier: GPL-2.0-only */
/* What came in the clear: may it, and what of it must be seen for that? */
#ifndef NFIPSEC_CLEAR_H
#define NFIPSEC_CLEAR_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_flow;
struct nfipsec_l3;
struct nfipsec_net;
struct nfipsec_verdict;
struct sk_buff;

enum nfipsec_reason nfipsec_clear_judge(const struct nfipsec_net *nn,
					const struct nfipsec_l3 *l3,
					struct nfipsec_flow *flow,
					struct nfipsec_verdict *verdict);
bool __must_check nfipsec_clear_drop(const struct nfipsec_net *nn,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow,
				     enum nfipsec_reason why);
bool nfipsec_clear_never(const struct nfipsec_net *nn);
bool nfipsec_clear_gathers(const struct nfipsec_net *nn,
			   const struct nfipsec_l3 *l3,
			   const struct nfipsec_flow *flow, bool judge);
u32 nfipsec_clear_link(const struct nfipsec_net *nn,
		       const struct nfipsec_l3 *l3, u32 link);
bool nfipsec_clear_apart(const struct nfipsec_net *nn);

#endif
