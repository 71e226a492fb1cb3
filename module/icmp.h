/* SPDX-License-Identifier: GPL-2.0-only */
/* ICMP errors and the packets they quote (RFC 4301 section 6.2). */
#ifndef NFIPSEC_ICMP_H
#define NFIPSEC_ICMP_H

#include <linux/types.h>

struct nfipsec_flow;
struct nfipsec_l3;
struct sk_buff;

bool nfipsec_icmp_quote(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			struct nfipsec_flow *flow);
bool nfipsec_icmp_redirected(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			     struct nfipsec_flow *flow);
bool nfipsec_icmp_may_be_error(const struct sk_buff *skb,
			       const struct nfipsec_l3 *l3);

#endif
