// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flow cache for each CPU, of all namespaces and both directions: so what it
 * takes does not grow with them. See flow_cache.h for the table.
 * RFC 4301 section 5 has caches of policies, which must not overlap for that; here
 * it is answers, each to one flow, so they may.
 *
 * Who uses it. A CPU its own, and with bottom halves off: a packet that is
 * looked at in process context is not interrupted by one that would store
 * something, and stays on its CPU. Nobody looks at packets in hard interrupts.
 *
 * What makes an answer true. Policies and defaults change with a generation of
 * the namespace: nfipsec_net_changed() notes its number in nfipsec_spd.since,
 * before it counts the generation up. An answer has the generation that the
 * look-up it came from began and ended in. With that not below @since, nothing
 * of the policies has changed from then until @since was read: the look-up would
 * say the same. Who reads the generation and then looks here reads a @since that
 * is of that generation or a later one, so all looks of a packet are still of one
 * state, or it sees that they are not. SAs that come and go do not touch @since:
 * a gateway with many of them always does that.
 *
 * What makes its policy safe to use, though there is no reference. We are in a
 * read-side section and have read a @since not above the answer's generation. The
 * policy was met in that; so what took it out, or will, notes a later one, and
 * does that after our read. It does so before it begins the grace period that
 * frees the policy, and that period waits for us.
 *
 * A namespace has a number that no other had before: what is left of one that is
 * gone is never found again, and nothing of it is read. The entries are reused in
 * time, as are those that are not true any more.
 *
 * What a stranger can do. He does not know the secret of the hash, so cannot choose
 * flows that share a set with somebody's, unless he finds out by their times which
 * do. He can make so many flows that they push out all others; these then cost what
 * they would without a cache, and storing them, in both cases.
 */
#include <linux/bottom_half.h>
#include <linux/build_bug.h>
#include <linux/cpuhotplug.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/socket.h>
#include <linux/topology.h>

#include "flow_cache.h"
#include "net.h"
#include "spd_cache.h"
#include "wordhash.h"

static bool flow_cache = true;
module_param(flow_cache, bool, 0644);
MODULE_PARM_DESC(flow_cache, "Remember what policy said of flows (default: on)");

static DEFINE_PER_CPU(struct nfipsec_flow_cache *, caches);
/* One more than a flow has words. */
static u64 secret[sizeof(struct nfipsec_flow) / sizeof(u32) + 1];
static enum cpuhp_state prepare_state;

/* Once for each CPU that was ever there. Without memory it has none. */
static int prepare(unsigned int cpu)
{
	if (!per_cpu(caches, cpu))
		per_cpu(caches, cpu) =
			kvzalloc_node(sizeof(struct nfipsec_flow_cache),
				      GFP_KERNEL, cpu_to_node(cpu));
	return 0;
}

/**
 * nfipsec_spd_cache_init() - make the caches
 *
 * Context: process context, before there are namespaces; sleeps.
 * Return: 0, or an error of watching CPUs come.
 */
int nfipsec_spd_cache_init(void)
{
	int state;

	get_random_bytes(secret, sizeof(secret));
	state = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "net/nfipsec:prepare",
				  prepare, NULL);
	if (state < 0)
		return state;
	prepare_state = state;
	return 0;
}

/**
 * nfipsec_spd_cache_exit() - free the caches
 *
 * Context: process context, sleeps; no packet is looked at any more.
 */
void nfipsec_spd_cache_exit(void)
{
	unsigned int cpu;

	cpuhp_remove_state(prepare_state);
	for_each_possible_cpu(cpu)
		kvfree(per_cpu(caches, cpu));
}

static u64 place_of(const struct nfipsec_net *nn, unsigned int dir)
{
	BUILD_BUG_ON(NFIPSEC_SPD_MAX > 2);
	return nn->id << 1 | dir;
}

#define ADDR_WORDS	(2 * sizeof(union nfipsec_addr) / sizeof(u32))

/*
 * One flow in several namespaces, or ways, is in several sets. Of IPv4, six words
 * of the addresses are zero, which adds nothing to the sum.
 */
static u32 hash_of(u64 place, const struct nfipsec_flow *flow)
{
	const u32 *word = (const u32 *)flow;
	u64 sum;

	BUILD_BUG_ON(sizeof(*flow) % sizeof(u32));
	BUILD_BUG_ON(offsetof(struct nfipsec_flow, daddr) != sizeof(flow->saddr));
	BUILD_BUG_ON(offsetof(struct nfipsec_flow, family) !=
		     ADDR_WORDS * sizeof(u32));
	sum = secret[ARRAY_SIZE(secret) - 1] +
	      nfipsec_wordsum(secret + ADDR_WORDS, word + ADDR_WORDS,
			      ARRAY_SIZE(secret) - 1 - ADDR_WORDS);
	if (flow->family == AF_INET)
		sum += secret[0] * word[0] +
		       secret[ADDR_WORDS / 2] * word[ADDR_WORDS / 2];
	else
		sum += nfipsec_wordsum(secret, word, ADDR_WORDS);
	return nfipsec_wordmix(sum, place);
}

static void count(const struct nfipsec_net *nn, bool hit)
{
	if (hit)
		this_cpu_inc(nn->counters->flow_cache_hits);
	else
		this_cpu_inc(nn->counters->flow_cache_misses);
}

/**
 * nfipsec_spd_cache_get() - was policy asked about a flow before?
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @flow: the packet
 * @hash: written, for nfipsec_spd_cache_put()
 * @verdict: written if so
 *
 * Context: under rcu_read_lock(), during which the policy is valid; process or
 * softirq.
 * Return: whether it was, and would say the same now.
 */
bool nfipsec_spd_cache_get(const struct nfipsec_net *nn, unsigned int dir,
			   const struct nfipsec_flow *flow, u32 *hash,
			   struct nfipsec_verdict *verdict)
{
	u64 place = place_of(nn, dir);
	const struct nfipsec_verdict *found = NULL;
	struct nfipsec_flow_cache *cache;
	/* They are of most packets, and to turn them on again takes a call. */
	bool off = softirq_count();

	*hash = 0;
	if (!READ_ONCE(flow_cache))
		return false;
	*hash = hash_of(place, flow);
	if (unlikely(!off))
		local_bh_disable();
	cache = this_cpu_read(caches);
	if (cache)
		found = nfipsec_flow_cache_find(cache, *hash, place,
						atomic64_read(&nn->spd.since),
						flow);
	if (found)
		*verdict = *found;
	if (unlikely(!off))
		local_bh_enable();
	count(nn, found);
	return found;
}

/**
 * nfipsec_spd_cache_put() - remember what policy says of a flow
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @state: generation that the look-up began and ended in
 * @flow: the packet
 * @hash: from nfipsec_spd_cache_get()
 * @verdict: what it says
 *
 * Context: as of nfipsec_spd_cache_get(), perhaps on another CPU by now.
 */
void nfipsec_spd_cache_put(const struct nfipsec_net *nn, unsigned int dir,
			   u64 state, const struct nfipsec_flow *flow, u32 hash,
			   const struct nfipsec_verdict *verdict)
{
	struct nfipsec_flow_cache *cache;

	if (!READ_ONCE(flow_cache))
		return;
	local_bh_disable();
	cache = this_cpu_read(caches);
	if (cache)
		nfipsec_flow_cache_store(cache, hash, place_of(nn, dir), state,
					 flow, verdict);
	local_bh_enable();
}
