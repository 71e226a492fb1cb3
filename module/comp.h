/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IPComp transform (RFC 3173, with DEFLATE as of RFC 2394): one packet,
 * both directions. Knows no table, no policy.
 */
#ifndef NFIPSEC_COMP_H
#define NFIPSEC_COMP_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_l3;
struct sk_buff;

enum nfipsec_reason nfipsec_comp_pack(struct sk_buff *skb,
				      unsigned int nexthdr_off, __be32 cpi);
enum nfipsec_reason nfipsec_comp_unpack(struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					bool tunnel, u8 *nexthdr);

#endif
