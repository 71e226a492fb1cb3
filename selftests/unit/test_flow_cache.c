// SPDX-License-Identifier: GPL-2.0
/* What policy said of flows: never another answer than that which was stored. */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/socket.h>

#include "flow_cache.h"
#include "ktap.h"

#define FLOWS	12
#define PLACES	2
#define STEPS	200000

static struct nfipsec_flow_cache *cache_new(void)
{
	struct nfipsec_flow_cache *cache;

	cache = aligned_alloc(64, sizeof(*cache));
	if (!cache)
		abort();
	memset(cache, 0, sizeof(*cache));
	return cache;
}

static struct nfipsec_flow flow_of(unsigned int i)
{
	struct nfipsec_flow flow = {
		.family = AF_INET, .proto = 17, .sport = 1000 + i,
		.meta.mark = i / 2,
	};

	return flow;
}

/* Nobody looks behind the pointer. */
static struct nfipsec_verdict verdict_of(unsigned long i)
{
	struct nfipsec_verdict verdict = {
		.action = i % 3, .hidden = i & 1,
		.policy = (struct nfipsec_policy *)(i + 1),
	};

	return verdict;
}

static bool says(const struct nfipsec_verdict *got, unsigned long i)
{
	struct nfipsec_verdict want = verdict_of(i);

	return got && got->policy == want.policy &&
	       got->action == want.action && got->hidden == want.hidden &&
	       !got->opaque;
}

static void store(struct nfipsec_flow_cache *cache, u32 hash, u64 place,
		  u64 state, unsigned int flow, unsigned long verdict)
{
	struct nfipsec_flow f = flow_of(flow);
	struct nfipsec_verdict v = verdict_of(verdict);

	nfipsec_flow_cache_store(cache, hash, place, state, &f, &v);
}

static const struct nfipsec_verdict *find(struct nfipsec_flow_cache *cache,
					  u32 hash, u64 place, u64 since,
					  unsigned int flow)
{
	struct nfipsec_flow f = flow_of(flow);

	return nfipsec_flow_cache_find(cache, hash, place, since, &f);
}

static void states(void)
{
	struct nfipsec_flow_cache *cache = cache_new();

	EXPECT(!find(cache, 7, 1, 0, 1), "found in nothing");
	store(cache, 7, 1, 5, 1, 10);
	EXPECT(says(find(cache, 7, 1, 5, 1), 10), "of this state");
	EXPECT(says(find(cache, 7, 1, 1, 1), 10), "unchanged since long");
	EXPECT(!find(cache, 7, 1, 6, 1), "changed since");
	EXPECT(!find(cache, 7, 2, 5, 1), "of another place");
	EXPECT(!find(cache, 8, 1, 5, 1), "in another set");
	EXPECT(says(find(cache, 7 + NFIPSEC_FLOW_CACHE_SETS, 1, 5, 1), 10),
	       "what is above the set counts");
	store(cache, 7, 1, 6, 1, 11);
	EXPECT(says(find(cache, 7, 1, 6, 1), 11), "the new answer");
	EXPECT(says(find(cache, 7, 1, 5, 1), 11), "the new answer, late");
	free(cache);
}

/* Each byte of a flow counts, whatever it means. */
static void whole(void)
{
	struct nfipsec_flow_cache *cache = cache_new();
	struct nfipsec_verdict verdict = verdict_of(3);
	struct nfipsec_flow flow = flow_of(3);
	u8 *byte = (u8 *)&flow;
	unsigned int i;

	nfipsec_flow_cache_store(cache, 0, 1, 1, &flow, &verdict);
	EXPECT(says(nfipsec_flow_cache_find(cache, 0, 1, 1, &flow), 3), "same");
	for (i = 0; i < sizeof(flow); i++) {
		byte[i] ^= 1;
		EXPECT(!nfipsec_flow_cache_find(cache, 0, 1, 1, &flow),
		       "byte %u does not count", i);
		byte[i] ^= 1;
	}
	free(cache);
}

static void ways(void)
{
	struct nfipsec_flow_cache *cache = cache_new();
	unsigned int i, n = NFIPSEC_FLOW_CACHE_WAYS;

	for (i = 0; i < n; i++)
		store(cache, 3, 1, 1, i, i);
	for (i = 0; i < n; i++)
		EXPECT(says(find(cache, 3, 1, 1, i), i), "%u of a full set", i);
	/* What is there is replaced, and nothing else goes. */
	store(cache, 3, 1, 2, n - 1, 20 + n - 1);
	for (i = 0; i < n - 1; i++)
		EXPECT(says(find(cache, 3, 1, 1, i), i), "%u went", i);
	for (i = 0; i < n - 1; i++)
		store(cache, 3, 1, 2, n - 2 - i, 20 + n - 2 - i);
	for (i = 0; i < n; i++)
		EXPECT(says(find(cache, 3, 1, 2, i), 20 + i), "%u anew", i);
	store(cache, 3, 1, 2, n, 50);
	EXPECT(says(find(cache, 3, 1, 2, n), 50), "the newest");
	EXPECT(!find(cache, 3, 1, 2, n - 1), "the oldest stays");
	for (i = 0; i < n - 1; i++)
		EXPECT(says(find(cache, 3, 1, 2, i), 20 + i), "%u went", i);
	free(cache);
}

/* Beside the last answer to each question: it is that or none. */
static void random_steps(void)
{
	static u64 answer[PLACES][FLOWS], state[PLACES][FLOWS];
	struct nfipsec_flow_cache *cache = cache_new();
	const struct nfipsec_verdict *got;
	u64 since[PLACES] = { 1, 1 }, now = 1;
	unsigned int i, place, flow, hits = 0;

	memset(state, 0, sizeof(state));
	for (i = 0; i < STEPS; i++) {
		place = ktap_random_below(PLACES);
		flow = ktap_random_below(FLOWS);
		now += !ktap_random_below(8);
		if (!ktap_random_below(16))
			since[place] = ++now;
		/* As many sets as make some crowded. */
		got = find(cache, flow % 5, place + 1, since[place], flow);
		hits += !!got;
		if (got) {
			EXPECT(state[place][flow] >= since[place],
			       "step %u: an old answer", i);
			EXPECT(says(got, answer[place][flow]),
			       "step %u: another answer", i);
			continue;
		}
		state[place][flow] = now;
		answer[place][flow] = i;
		store(cache, flow % 5, place + 1, now, flow, i);
		EXPECT(says(find(cache, flow % 5, place + 1, since[place],
				 flow), i), "step %u: not stored", i);
	}
	EXPECT(hits > STEPS / 10 && hits < STEPS * 9 / 10, "%u hits", hits);
	free(cache);
}

const struct ktap_case flow_cache_cases[] = {
	{ "flowcache: an answer is true since its state", states },
	{ "flowcache: the whole question is compared", whole },
	{ "flowcache: sets", ways },
	{ "flowcache: as the last answers", random_steps },
	{ NULL, NULL },
};
