// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the templates of a policy to SAs (RFC 4301 section 4.4.1.2), and back: those
 * that a packet goes through, and whether those that it came through are good.
 */
#include <linux/err.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>

#include "net.h"
#include "policy.h"

/* Fill in what the template leaves to the packet, if it leaves something. */
static void fill_want(struct nfipsec_sa_want *want,
		      const struct nfipsec_tmpl *tmpl,
		      const struct nfipsec_flow *flow)
{
	bool from_packet = !tmpl->family;

	want->saddr = from_packet ? flow->saddr : tmpl->saddr;
	want->daddr = from_packet ? flow->daddr : tmpl->daddr;
	want->packet = from_packet && tmpl->mode == NFIPSEC_MODE_TRANSPORT;
	want->family = from_packet ? flow->family : tmpl->family;
	want->proto = tmpl->proto;
	want->mode = tmpl->mode;
	want->reqid = tmpl->reqid;
	want->spi = tmpl->spi;
	want->cpu = NFIPSEC_CPU_ANY;
	want->pfp = 0;
	want->algos = tmpl->algos;
	want->algo = tmpl->algo;
	want->demand = tmpl->demand;
}

/*
 * The SA that the template last resolved to, NULL if there was none, or
 * ERR_PTR(-EAGAIN) if there is none for all packets; false if something changed
 * since. That is one word: what is read is of one refill.
 *
 * The cache holds no reference. What makes its SA safe to use:
 *
 * A remover unlinks the SA, or says with which generation it died, then moves
 * the generation on, then starts the grace period; nfipsec_net_changed() is a
 * full barrier on both sides. A refill reads the generation before it looks for
 * an SA. So an SA that is stored with generation g was still there when g was
 * current, and its removal, if any, moves the generation beyond g.
 *
 * We are in a read-side section and read generation G of the namespace. With
 * cache->gen == G, the acquire gives us the SA that was stored with G, or with
 * a later generation by a refill that overtakes us. In both cases the removal
 * moves the generation beyond G, so it does that after our read; the grace
 * period it then starts waits for us.
 *
 * The namespace's generation starts at 1, cache->gen at 0: an empty cache is
 * never current.
 */
static bool cache_get(const struct nfipsec_net *nn,
		      const struct nfipsec_policy_cache *cache,
		      struct nfipsec_sa **sa)
{
	s64 gen = atomic64_read(&nn->gen);

	if (atomic64_read_acquire(&cache->gen) != gen)
		return false;
	*sa = READ_ONCE(cache->sa);
	return true;
}

/*
 * Look the SA up and remember it. Look-ups run in parallel; only one newer
 * than what the cache has may be stored, else an SA would stand beside a
 * generation that it did not live to see.
 */
static struct nfipsec_sa *cache_fill(const struct nfipsec_net *nn,
				     struct nfipsec_policy_cache *cache,
				     const struct nfipsec_sa_want *want)
{
	/* Before the look-up and ordered with it, see cache_get(). */
	s64 gen = atomic64_read_acquire(&nn->gen);
	struct nfipsec_sa *sa;

	sa = nfipsec_sad_find_out(nn, want, NULL);
	spin_lock_bh(&cache->lock);
	if (gen > atomic64_read(&cache->gen)) {
		WRITE_ONCE(cache->sa, sa);
		atomic64_set_release(&cache->gen, gen);
	}
	spin_unlock_bh(&cache->lock);
	return sa;
}

/* Is what the cache knows the answer for this packet too? */
static bool settles(const struct nfipsec_sa *sa, const struct nfipsec_flow *flow)
{
	return !sa || (!IS_ERR(sa) && nfipsec_sa_admits(sa, flow));
}

static void fill_want_out(struct nfipsec_sa_want *want,
			  const struct nfipsec_policy *pol, unsigned int i,
			  const struct nfipsec_flow *flow, u32 cpu)
{
	fill_want(want, &nfipsec_policy_tmpls(pol)[i], flow);
	want->cpu = cpu;
	/* What is around the first SA carries that one's packets. */
	if (!i)
		want->pfp = pol->cfg.pfp;
}

/* What a template that names addresses resolves to, whatever the packet. */
static struct nfipsec_sa *find_cached(const struct nfipsec_net *nn,
				      const struct nfipsec_policy *pol,
				      unsigned int i,
				      struct nfipsec_policy_cache *cache,
				      u32 cpu)
{
	struct nfipsec_sa_want want;
	struct nfipsec_sa *sa;

	if (cache_get(nn, cache, &sa))
		return sa;
	fill_want_out(&want, pol, i, NULL, cpu);
	return cache_fill(nn, cache, &want);
}

/*
 * If the template names addresses, the newest SA that fits it is the same for
 * all packets and is cached in the policy until a table of the namespace
 * changes. An SA beside it is only looked for if that one has a selector which
 * does not admit the packet, or if some of those that fit name DSCP values or a
 * CPU. Policies that are meant to have SAs of each CPU have a cache for each too.
 */
static struct nfipsec_sa *find_sa(const struct nfipsec_net *nn,
				  struct nfipsec_policy *pol, unsigned int i,
				  const struct nfipsec_flow *flow, u32 cpu)
{
	struct nfipsec_sa_want want;
	struct nfipsec_sa *sa;

	if (nfipsec_policy_tmpls(pol)[i].family) {
		sa = find_cached(nn, pol, i, &nfipsec_policy_caches(pol)[i],
				 NFIPSEC_CPU_ANY);
		if (settles(sa, flow))
			return sa;
		if (IS_ERR(sa) &&
		    pol->cfg.flags & NFIPSEC_POLICY_FLAG_CPU_ACQUIRE) {
			sa = find_cached(nn, pol, i,
					 &per_cpu_ptr(pol->cpus, cpu)->cache[i],
					 cpu);
			if (settles(sa, flow))
				return sa;
		}
	}
	fill_want_out(&want, pol, i, flow, cpu);
	return nfipsec_sad_find_out(nn, &want, flow);
}

static u8 sealed_proto(const struct nfipsec_flow *flow,
		       const struct nfipsec_sa *sa)
{
	if (sa->key.proto != IPPROTO_COMP)
		return sa->key.proto;
	return flow->family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/*
 * What a packet of @flow is once @sa has sealed it; may be the same memory. Not
 * every packet gets smaller: one that is compressed shows what it would else.
 */
static void seal_flow(struct nfipsec_flow *sealed,
		      const struct nfipsec_flow *flow,
		      const struct nfipsec_sa *sa)
{
	bool anew = nfipsec_sa_rehouses(sa);
	struct nfipsec_flow f = {
		.saddr = anew ? sa->saddr : flow->saddr,
		.daddr = anew ? sa->key.daddr : flow->daddr,
		.family = sa->key.family,
		.proto = sealed_proto(flow, sa),
		.dscp = nfipsec_outer_tos(&sa->outer, flow->dscp << 2) >> 2,
	};

	*sealed = sa->key.proto == IPPROTO_COMP && !anew ? *flow : f;
}

/**
 * nfipsec_policy_chain() - find the SAs that a policy sends a packet through
 * @nn: the namespace
 * @pol: a protect policy, outbound
 * @flow: the packet
 * @cpu: it is on
 * @chain: written: mature SAs, each of which admits what the
 *	ones before it make of the packet, and joins its ends if it is of
 *	transport mode
 *
 * Context: under rcu_read_lock(), bottom halves off or on.
 * Return: false if there is none for one of the templates; @chain has those that
 * are before it then.
 */
bool nfipsec_policy_chain(const struct nfipsec_net *nn,
			  struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow, u32 cpu,
			  struct nfipsec_chain *chain)
{
	struct nfipsec_flow sealed;
	struct nfipsec_sa *sa;
	unsigned int i;

	chain->len = 0;
	for (i = 0; i < pol->cfg.tmpls; i++) {
		sa = find_sa(nn, pol, i, flow, cpu);
		if (sa)
			nfipsec_sa_prefetch(sa, true);
		if (!sa || (sa->mode == NFIPSEC_MODE_TRANSPORT &&
			    !nfipsec_sa_joins(sa, flow)))
			return false;
		/* It would not be opened in one go with those around it. */
		if (sa->encap.type && i + 1 < pol->cfg.tmpls)
			return false;
		chain->sa[chain->len++] = sa;
		if (i + 1 == pol->cfg.tmpls)
			break;
		seal_flow(&sealed, flow, sa);
		flow = &sealed;
	}
	return true;
}

/*
 * A packet that did not get smaller came without IPComp (RFC 3173 section 2.2).
 * In tunnel mode it came out of the SA all the same, see next_sa() in unwrap.c.
 */
static bool is_optional(const struct nfipsec_tmpl *tmpl)
{
	return tmpl->proto == IPPROTO_COMP &&
	       tmpl->mode == NFIPSEC_MODE_TRANSPORT;
}

/**
 * nfipsec_policy_accepts() - did a packet come the way a policy asks for?
 * @pol: the inbound policy that @flow matched
 * @chain: the SAs that the packet came out of
 * @flow: the packet, decapsulated
 * @outer: written on success: how many SAs there are around those that the
 *	policy asks for. It says nothing of them, the caller must know better.
 *
 * Context: under rcu_read_lock(), bottom halves off or on.
 * Return: true if the policy protects and its templates fit the innermost SAs, with
 * one of IPComp or without.
 */
bool nfipsec_policy_accepts(const struct nfipsec_policy *pol,
			    const struct nfipsec_chain *chain,
			    const struct nfipsec_flow *flow,
			    unsigned int *outer)
{
	const struct nfipsec_tmpl *tmpl = nfipsec_policy_tmpls(pol);
	struct nfipsec_sa_want want;
	struct nfipsec_flow sealed;
	unsigned int i, n = 0;

	if (pol->cfg.action != NFIPSEC_ACTION_PROTECT)
		return false;
	for (i = 0; i < pol->cfg.tmpls; i++) {
		fill_want(&want, &tmpl[i], flow);
		/* The rest is of outer headers that it makes, not takes off. */
		want.demand.asked &= NFIPSEC_DEMAND_ESN;
		if (n < chain->len && nfipsec_sa_fits(chain->sa[n], &want)) {
			n++;
			if (i + 1 == pol->cfg.tmpls)
				break;
			seal_flow(&sealed, flow, chain->sa[n - 1]);
			flow = &sealed;
		} else if (!is_optional(&tmpl[i])) {
			return false;
		}
	}
	*outer = chain->len - n;
	return true;
}
