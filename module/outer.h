/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SA of tunnel mode puts into the outer IP header, and what it takes
 * from it on receipt (RFC 4301 section 5.1.2, RFC 6040). Pure logic; compiles
 * in user space too.
 */
#ifndef NFIPSEC_OUTER_H
#define NFIPSEC_OUTER_H

#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

#include "reason.h"

/**
 * struct nfipsec_outer - how the outer header is made and read
 * @ecn: enum nfipsec_ecn
 * @df: enum nfipsec_df
 * @label: enum nfipsec_label
 * @frag: enum nfipsec_frag
 * @dscp_fixed: the outer DSCP is @dscp, not the inner one
 * @decap_dscp: the outer DSCP overwrites the inner one on receipt
 * @dscp: 0 to 63
 * @hop_limit: TTL or hop limit, 0 is the route's
 * @label_value: flow label, host byte order, 20 bits
 *
 * All zero is what RFC 4301 has as default.
 */
struct nfipsec_outer {
	u8 ecn;
	u8 df;
	u8 label;
	u8 frag;
	bool dscp_fixed;
	bool decap_dscp;
	u8 dscp;
	u8 hop_limit;
	u32 label_value;
};

u8 nfipsec_outer_tos(const struct nfipsec_outer *o, u8 inner);
enum nfipsec_reason nfipsec_outer_inner_tos(const struct nfipsec_outer *o,
					    u8 outer, u8 *inner);
bool nfipsec_outer_df(const struct nfipsec_outer *o, bool inner_df);
u32 nfipsec_outer_label(const struct nfipsec_outer *o, u32 inner, u32 hash);

#endif
