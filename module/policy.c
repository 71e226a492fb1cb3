// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: birth, death, and from the templates of a policy to SAs.
 */
#include <linux/align.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "net.h"
#include "policy.h"

/* Lines of the processor's caches that the layout of a policy is made for. */
#define LINE	64

/* What struct nfipsec_policy says of its lines. Of a rule, pieces are last. */
#ifdef CONFIG_64BIT
static_assert(offsetof(struct nfipsec_policy, cfg.sels) == 2 * LINE);
static_assert(offsetof(struct nfipsec_policy, rule) +
	      offsetof(struct nfipsec_rule, pieces) <= 3 * LINE);
#if !defined(CONFIG_DEBUG_SPINLOCK) && !defined(CONFIG_DEBUG_LOCK_ALLOC)
static_assert(offsetof(struct nfipsec_policy, rule) +
	      sizeof(struct nfipsec_rule) +
	      sizeof(struct nfipsec_policy_cache) +
	      offsetofend(struct nfipsec_tmpl, demand) <= 4 * LINE);
#endif
#endif

/* What stands behind one another is aligned as what it stands behind. */
static_assert(__alignof__(struct nfipsec_policy_cache) <=
	      __alignof__(struct nfipsec_rule));
static_assert(__alignof__(struct nfipsec_tmpl) <=
	      __alignof__(struct nfipsec_policy_cache));
static_assert(__alignof__(struct nfipsec_selector) <=
	      __alignof__(struct nfipsec_tmpl));
static_assert(__alignof__(struct nfipsec_selector_lists) <=
	      __alignof__(struct nfipsec_selector));

/* For one selector set and as many templates as the number of the pool. */
#define POOLS	3

static struct kmem_cache *pools[POOLS];

/* What a policy of one selector set takes, without lists and names. */
static size_t plain_size(unsigned int tmpls)
{
	return offsetof(struct nfipsec_policy, rule[1]) +
	       tmpls * (sizeof(struct nfipsec_policy_cache) +
			sizeof(struct nfipsec_tmpl)) +
	       sizeof(struct nfipsec_selector);
}

/* What there is in a pool for one. */
static size_t pool_size(unsigned int pool)
{
	return ALIGN(plain_size(pool), LINE);
}

/**
 * nfipsec_policy_init() - make what policies are taken from
 *
 * Context: process context, at module load before the first namespace.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_policy_init(void)
{
	static const char *const names[POOLS] = {
		"nfipsec_policy", "nfipsec_policy_tmpl", "nfipsec_policy_tmpl2",
	};
	unsigned int i;

	/* Of kmalloc(), a third of what there is for one would be unused. */
	for (i = 0; i < POOLS; i++) {
		pools[i] = kmem_cache_create(names[i], pool_size(i), LINE, 0,
					     NULL);
		if (!pools[i]) {
			nfipsec_policy_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * nfipsec_policy_exit() - undo nfipsec_policy_init()
 *
 * Context: process context, sleeps, at module unload after the last namespace; or
 * where a part of it was done only.
 */
void nfipsec_policy_exit(void)
{
	unsigned int i;

	/* For free_rcu(). */
	rcu_barrier();
	for (i = 0; i < POOLS; i++)
		kmem_cache_destroy(pools[i]);
}

/* Of a policy with what is behind it; @cfg is the policy's or that to be copied. */
static size_t policy_size(const struct nfipsec_policy_config *cfg)
{
	size_t size = plain_size(cfg->tmpls) + cfg->names_size;
	unsigned int i;

	size += (cfg->sels - 1) *
		(sizeof(struct nfipsec_rule) + sizeof(*cfg->sel));
	for (i = 0; i < cfg->sels; i++) {
		if (cfg->sel[i].lists)
			size += sizeof(*cfg->sel[i].lists);
	}
	return size;
}

/* The tightest one, or NULL for what is larger. */
static struct kmem_cache *pool_of(size_t size)
{
	unsigned int i;

	for (i = 0; i < POOLS; i++) {
		if (size <= pool_size(i))
			return pools[i];
	}
	return NULL;
}

static struct nfipsec_policy *memory_get(size_t size)
{
	struct kmem_cache *pool = pool_of(size);

	/* 24 kB with as many sets, lists and names as there can be. */
	return pool ? kmem_cache_zalloc(pool, GFP_KERNEL_ACCOUNT) :
		      kvzalloc(size, GFP_KERNEL_ACCOUNT);
}

static void memory_put(struct nfipsec_policy *pol)
{
	struct kmem_cache *pool = pool_of(policy_size(&pol->cfg));

	if (pool)
		kmem_cache_free(pool, pol);
	else
		kvfree(pol);
}

/* What is behind its rules; the order is that of struct nfipsec_policy. */
static void copy_tail(struct nfipsec_policy *pol,
		      const struct nfipsec_policy_config *cfg)
{
	struct nfipsec_tmpl *tmpl = (void *)nfipsec_policy_tmpls(pol);
	struct nfipsec_selector *sel = (void *)(tmpl + cfg->tmpls);
	void *tail = sel + cfg->sels;
	unsigned int i;

	for (i = 0; i < cfg->sels; i++) {
		pol->rule[i].sel = &sel[i];
		pol->rule[i].policy = pol;
		pol->rule[i].priority = cfg->priority;
		nfipsec_selector_copy(&sel[i], &cfg->sel[i], tail);
		if (sel[i].lists)
			tail += sizeof(*sel[i].lists);
	}
	pol->cfg.sel = sel;
	if (cfg->tmpls)
		pol->cfg.tmpl = memcpy(tmpl, cfg->tmpl,
				       cfg->tmpls * sizeof(*tmpl));
	if (cfg->names)
		pol->cfg.names = memcpy(tail, cfg->names, cfg->names_size);
}

static void init_caches(struct nfipsec_policy_cache *cache, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		spin_lock_init(&cache[i].lock);
}

/* What there is one of for each CPU; free_cpus() takes away what there is. */
static int make_cpus(struct nfipsec_policy *pol)
{
	int cpu;

	pol->hits = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (!pol->hits)
		return -ENOMEM;
	if (!(pol->cfg.flags & NFIPSEC_POLICY_FLAG_CPU_ACQUIRE))
		return 0;
	pol->cpus = alloc_percpu_gfp(struct nfipsec_policy_cpu,
				     GFP_KERNEL_ACCOUNT);
	if (!pol->cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		init_caches(per_cpu_ptr(pol->cpus, cpu)->cache,
			    NFIPSEC_TMPL_MAX);
	return 0;
}

static void free_cpus(struct nfipsec_policy *pol)
{
	free_percpu(pol->cpus);
	free_percpu(pol->hits);
}

/**
 * nfipsec_policy_create() - make a policy that is in no list yet
 * @cfg: what it says, copied with all that it points to
 * @index: its number
 *
 * The caller owns it until a list takes it, and gives it up with
 * nfipsec_policy_free().
 *
 * Context: process context, sleeps.
 * Return: the policy, or ERR_PTR(-ENOMEM).
 */
struct nfipsec_policy *
nfipsec_policy_create(const struct nfipsec_policy_config *cfg, u32 index)
{
	struct nfipsec_policy *pol;

	pol = memory_get(policy_size(cfg));
	if (!pol)
		return ERR_PTR(-ENOMEM);
	pol->index = index;
	pol->cfg = *cfg;
	copy_tail(pol, cfg);
	init_caches(nfipsec_policy_caches(pol), cfg->tmpls);
	if (make_cpus(pol)) {
		free_cpus(pol);
		memory_put(pol);
		return ERR_PTR(-ENOMEM);
	}
	return pol;
}

static void free_rcu(struct rcu_head *rcu)
{
	struct nfipsec_policy *pol = container_of(rcu, struct nfipsec_policy,
						  rcu);

	free_cpus(pol);
	memory_put(pol);
}

/**
 * nfipsec_policy_free() - give up a policy that is in no list
 * @pol: not used by the caller afterwards; readers may still be at it
 *
 * Freed after a grace period; nfipsec_sa_barrier() waits for that too.
 *
 * Context: any.
 */
void nfipsec_policy_free(struct nfipsec_policy *pol)
{
	call_rcu(&pol->rcu, free_rcu);
}

/**
 * nfipsec_policy_hits() - packets that met a policy, over all CPUs
 * @pol: the policy
 *
 * Context: any, the policy kept alive by rcu_read_lock() or nn->lock.
 * Return: the number.
 */
u64 nfipsec_policy_hits(const struct nfipsec_policy *pol)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(pol->hits, cpu));
	return sum;
}

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
