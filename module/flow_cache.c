// SPDX-License-Identifier: GPL-2.0-only
/* See flow_cache.h. */
#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/unaligned.h>

#include "flow_cache.h"

/*
 * All that a look-up is given is compared, also what it does not look at, so
 * that nobody who adds something to it has to think of this. There are no bytes
 * between fields: these would differ at random, and what is there not be found.
 */
static_assert(offsetof(struct nfipsec_flow, meta) ==
	      offsetofend(struct nfipsec_flow, zero));
static_assert(sizeof(struct nfipsec_flow) ==
	      offsetofend(struct nfipsec_flow, meta));

/* The mark is what is left behind words of 64 bits. */
static_assert(sizeof(struct nfipsec_flow) % sizeof(u64) == sizeof(u32));
static_assert(offsetof(struct nfipsec_flow, meta.mark) ==
	      sizeof(struct nfipsec_flow) - sizeof(u32));

/* As memcmp() does, without a call and a loop: it is asked of each packet. */
static bool same(const struct nfipsec_flow *a, const struct nfipsec_flow *b)
{
	u64 diff = a->meta.mark ^ b->meta.mark;
	const u64 *x = (const u64 *)a;
	const u64 *y = (const u64 *)b;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < sizeof(*a) / sizeof(u64); i++)
		diff |= get_unaligned(&x[i]) ^ get_unaligned(&y[i]);
	return !diff;
}

static bool is_of(const struct nfipsec_flow_entry *e, u64 place,
		  const struct nfipsec_flow *flow)
{
	return e->place == place && same(&e->flow, flow);
}

/**
 * nfipsec_flow_cache_find() - find an answer
 * @cache: where
 * @hash: of @place and @flow, the same as when it was stored
 * @place: which policies are asked, not 0
 * @since: state since which they are as they are
 * @flow: the question
 *
 * Context: nobody stores something until the answer was read.
 * Return: the answer, given since then or not given to nfipsec_flow_cache_store()
 * at all: NULL.
 */
const struct nfipsec_verdict *
nfipsec_flow_cache_find(const struct nfipsec_flow_cache *cache, u32 hash,
			u64 place, u64 since, const struct nfipsec_flow *flow)
{
	const struct nfipsec_flow_entry *e;
	unsigned int i;

	e = cache->set[hash & (NFIPSEC_FLOW_CACHE_SETS - 1)];
	for (i = 0; i < NFIPSEC_FLOW_CACHE_WAYS; i++) {
		if (e[i].state >= since && is_of(&e[i], place, flow))
			return &e[i].verdict;
	}
	return NULL;
}

/**
 * nfipsec_flow_cache_store() - remember an answer
 * @cache: where; what it knew of @flow goes, or else the oldest of a set
 * @hash: of @place and @flow
 * @place: which policies were asked, not 0
 * @state: of them when they were asked
 * @flow: the question
 * @verdict: the answer
 *
 * Context: nobody reads or stores something meanwhile.
 */
void nfipsec_flow_cache_store(struct nfipsec_flow_cache *cache, u32 hash,
			      u64 place, u64 state,
			      const struct nfipsec_flow *flow,
			      const struct nfipsec_verdict *verdict)
{
	struct nfipsec_flow_entry *e;
	unsigned int i;

	e = cache->set[hash & (NFIPSEC_FLOW_CACHE_SETS - 1)];
	for (i = 0; i < NFIPSEC_FLOW_CACHE_WAYS - 1; i++) {
		if (is_of(&e[i], place, flow))
			break;
	}
	while (i-- > 0)
		e[i + 1] = e[i];
	e->place = place;
	e->state = state;
	e->verdict = *verdict;
	e->flow = *flow;
}
