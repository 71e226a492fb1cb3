/* SPDX-License-Identifier: GPL-2.0-only */
/* What policy said of the flows of late, in front of the look-up. */
#ifndef NFIPSEC_SPD_CACHE_H
#define NFIPSEC_SPD_CACHE_H

#include <linux/types.h>

struct nfipsec_flow;
struct nfipsec_net;
struct nfipsec_verdict;

int __must_check nfipsec_spd_cache_init(void);
void nfipsec_spd_cache_exit(void);

/* Both under rcu_read_lock(). */
bool nfipsec_spd_cache_get(const struct nfipsec_net *nn, unsigned int dir,
			   const struct nfipsec_flow *flow, u32 *hash,
			   struct nfipsec_verdict *verdict);
void nfipsec_spd_cache_put(const struct nfipsec_net *nn, unsigned int dir,
			   u64 state, const struct nfipsec_flow *flow, u32 hash,
			   const struct nfipsec_verdict *verdict);

#endif
