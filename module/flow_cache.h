/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What policy said of the flows of late: the table of one CPU. Pure logic; who
 * may use it when, and what makes an answer still true, see spd_cache.c.
 */
#ifndef NFIPSEC_FLOW_CACHE_H
#define NFIPSEC_FLOW_CACHE_H

#include <linux/cache.h>
#include <linux/types.h>

#include "selector.h"
#include "verdict.h"

/* Both powers of two. */
#define NFIPSEC_FLOW_CACHE_SETS	1024
#define NFIPSEC_FLOW_CACHE_WAYS	2

/**
 * struct nfipsec_flow_entry - an answer
 * @place: which policies were asked: of which namespace and direction; 0 if
 *	there is no answer here
 * @state: of them when they were asked
 * @verdict: the answer
 * @flow: the question, compared whole
 *
 * Two cache lines, the second for interfaces and marks.
 */
struct nfipsec_flow_entry {
	u64 place;
	u64 state;
	struct nfipsec_verdict verdict;
	struct nfipsec_flow flow;
} ____cacheline_aligned;

/**
 * struct nfipsec_flow_cache - answers
 * @set: by hash; of a set, the newest is first
 */
struct nfipsec_flow_cache {
	struct nfipsec_flow_entry
		set[NFIPSEC_FLOW_CACHE_SETS][NFIPSEC_FLOW_CACHE_WAYS];
};

const struct nfipsec_verdict *
nfipsec_flow_cache_find(const struct nfipsec_flow_cache *cache, u32 hash,
			u64 place, u64 since, const struct nfipsec_flow *flow);
void nfipsec_flow_cache_store(struct nfipsec_flow_cache *cache, u32 hash,
			      u64 place, u64 state,
			      const struct nfipsec_flow *flow,
			      const struct nfipsec_verdict *verdict);

#endif
