/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SPD entry says of how its SAs work, beside who they are between and
 * with which algorithms: the rest of the "processing info" of RFC 4301 section
 * 4.4.1.2. Pure logic; compiles in user space too.
 */
#ifndef NFIPSEC_DEMAND_H
#define NFIPSEC_DEMAND_H

#include <linux/types.h>

#include "outer.h"

/* Bits of nfipsec_demand.asked. */
#define NFIPSEC_DEMAND_ESN	1
#define NFIPSEC_DEMAND_DF	2
#define NFIPSEC_DEMAND_DSCP	4

/**
 * struct nfipsec_demand - what an SA must be like
 * @asked: NFIPSEC_DEMAND_*, those of the others that count; 0 is anything
 * @esn: it has extended sequence numbers, or has not
 * @df: enum nfipsec_df
 * @dscp_fixed: it gives outer headers @dscp, or else copies the inner one
 * @dscp: 0 to 63
 *
 * Of tunnel mode all but @esn.
 */
struct nfipsec_demand {
	u8 asked;
	bool esn;
	u8 df;
	bool dscp_fixed;
	u8 dscp;
};

bool nfipsec_demand_met(const struct nfipsec_demand *d, u32 flags,
			const struct nfipsec_outer *o);

#endif
