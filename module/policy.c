// SPDX-License-Identifier: GPL-2.0-only
/* Policies: birth and death, and how they lie in memory. */
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
