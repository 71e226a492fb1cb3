// SPDX-License-Identifier: GPL-2.0-only
/*
 * Security associations: birth and death. What is counted of them: sa_count.c.
 */
#include <linux/bits.h>
#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "deflate.h"
#include "kat.h"
#include "sa.h"
#include "sa_check.h"

static struct workqueue_struct *free_wq;
static struct kmem_cache *sa_cache;

/**
 * nfipsec_sa_init() - prepare for SAs
 *
 * Context: process context, at module load before the first namespace.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_sa_init(void)
{
	/* Flushed by the exit of a namespace, which runs on a queue with
	 * WQ_MEM_RECLAIM and must not wait for one without.
	 */
	free_wq = alloc_workqueue("nfipsec", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!free_wq)
		return -ENOMEM;
	/* Of kmalloc(), nearly half of what there is for an SA would be unused. */
	sa_cache = KMEM_CACHE(nfipsec_sa, 0);
	if (sa_cache)
		return 0;
	destroy_workqueue(free_wq);
	return -ENOMEM;
}

/**
 * nfipsec_sa_exit() - undo nfipsec_sa_init()
 *
 * Context: process context, at module unload after the last namespace.
 */
void nfipsec_sa_exit(void)
{
	nfipsec_sa_barrier();
	destroy_workqueue(free_wq);
	kmem_cache_destroy(sa_cache);
}

/**
 * nfipsec_sa_barrier() - wait until freed SAs are gone
 *
 * Every SA given to nfipsec_sa_free() before the call has left memory when it
 * returns, and with it the routes that it held. Callbacks of call_rcu() that
 * were queued before the call, those of policies for instance, have run too.
 *
 * Context: process context, sleeps; no lock that a callback takes.
 */
void nfipsec_sa_barrier(void)
{
	/* The RCU callback of an SA queues the work, so in this order. */
	rcu_barrier();
	flush_workqueue(free_wq);
}

static struct nfipsec_sa_rcu_selector *
new_selector(const struct nfipsec_selector *sel)
{
	struct nfipsec_sa_rcu_selector *s;

	/* Its lists, if it has some, are behind it. */
	s = kmalloc(sizeof(*s) + (sel->lists ? sizeof(*sel->lists) : 0),
		    GFP_KERNEL_ACCOUNT);
	if (s)
		nfipsec_selector_copy(&s->sel, sel, (void *)(s + 1));
	return s;
}

static struct nfipsec_sa_stats __percpu *new_stats(void)
{
	struct nfipsec_sa_stats __percpu *stats;
	int cpu;

	stats = alloc_percpu_gfp(struct nfipsec_sa_stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return NULL;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(stats, cpu)->syncp);
	return stats;
}

/**
 * nfipsec_sa_init_routes() - make the cache of routes of an SA
 * @sa: in no table, with its direction
 *
 * One that does not send has none, and never asks for one.
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_sa_init_routes(struct nfipsec_sa *sa)
{
	if (sa->dir == NFIPSEC_DIR_IN)
		return 0;
	return dst_cache_init(&sa->dst_cache, GFP_KERNEL_ACCOUNT);
}

/**
 * nfipsec_sa_alloc() - memory for an SA, and for nothing behind it
 *
 * Context: process context, sleeps.
 * Return: zeroed, for nfipsec_sa_dispose(); NULL for want of memory.
 */
struct nfipsec_sa *nfipsec_sa_alloc(void)
{
	return kmem_cache_zalloc(sa_cache, GFP_KERNEL_ACCOUNT);
}

/**
 * nfipsec_sa_dispose() - give back the memory of an SA, and of nothing behind it
 * @sa: nobody uses it
 *
 * Context: any.
 */
void nfipsec_sa_dispose(struct nfipsec_sa *sa)
{
	memzero_explicit(&sa->algorithms, sizeof(sa->algorithms));
	kmem_cache_free(sa_cache, sa);
}

/* What an SA takes along when it moves. */
static void destroy_core(struct nfipsec_sa *sa)
{
	if (sa->crypto)
		nfipsec_crypto_exit(sa->crypto);
	if (sa->comp)
		nfipsec_deflate_release();
	free_percpu(sa->stats);
	kfree(rcu_dereference_protected(sa->selector, true));
	kfree(rcu_dereference_protected(sa->core->life.limits, true));
	kvfree(sa->core);
}

/*
 * No reader is left, or there never was one. Nor is there one of an SA that
 * this one was before it moved: the grace period for that one began earlier.
 */
static void destroy(struct nfipsec_sa *sa)
{
	dst_cache_destroy(&sa->dst_cache);
	if (!sa->borrowed)
		destroy_core(sa);
	nfipsec_sa_dispose(sa);
}

static size_t core_size(const struct nfipsec_sa_config *cfg)
{
	size_t size = offsetof(struct nfipsec_sa_core, replay);

	if (cfg->state == NFIPSEC_SA_STATE_MATURE)
		size += nfipsec_replay_size(cfg->replay_window);
	return max(size, sizeof(struct nfipsec_sa_core));
}

static struct nfipsec_sa_core *new_core(struct nfipsec_sa *sa,
					const struct nfipsec_sa_config *cfg)
{
	struct nfipsec_sa_core *core;

	core = kvzalloc(core_size(cfg), GFP_KERNEL_ACCOUNT);
	if (!core)
		return NULL;
	core->sa = sa;
	spin_lock_init(&core->replay_lock);
	core->life.added = ktime_get_boottime_ns();
	core->life.exact = nfipsec_limits_any_counted(&cfg->limits);
	RB_CLEAR_NODE(&core->life.due_node);
	INIT_LIST_HEAD(&core->life.todo);
	return core;
}

/* Without the core, there is nothing but the SA itself. */
static struct nfipsec_sa *new_sa(const struct nfipsec_sa_config *cfg)
{
	struct nfipsec_sa *sa = nfipsec_sa_alloc();

	if (!sa)
		return NULL;
	atomic64_set(&sa->died, S64_MAX);
	sa->core = new_core(sa, cfg);
	if (sa->core)
		return sa;
	nfipsec_sa_dispose(sa);
	return NULL;
}

/**
 * nfipsec_sa_limits_new() - limits to give to an SA
 * @limits: copied
 *
 * Context: process context, sleeps.
 * Return: the caller's, to be given to an SA or to kfree(); NULL for want of
 * memory.
 */
struct nfipsec_sa_limits *
nfipsec_sa_limits_new(const struct nfipsec_limits *limits)
{
	struct nfipsec_sa_limits *l = kmalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);

	if (l)
		l->max = *limits;
	return l;
}

/* How often a better implementation may come while an SA is being made. */
#define CRYPTO_TRIES	4

/* Algorithms that have been seen to compute what they must. */
static int new_crypto(struct nfipsec_crypto *crypto,
		      const struct nfipsec_keys *keys,
		      struct netlink_ext_ack *extack)
{
	int tries = 0;
	int err;

	do {
		err = nfipsec_crypto_init(crypto, keys, extack);
		if (err)
			return err;
		err = nfipsec_kat_check(crypto, extack);
		if (!err)
			return 0;
		nfipsec_crypto_exit(crypto);
	} while (err == -EAGAIN && ++tries < CRYPTO_TRIES);
	if (err == -EAGAIN)
		NL_SET_ERR_MSG(extack,
			       "the kernel's algorithms are changing, try again");
	return err;
}

/* What is done to packets. */
static int make_transform(struct nfipsec_sa *sa,
			  const struct nfipsec_sa_config *cfg,
			  struct netlink_ext_ack *extack)
{
	struct nfipsec_crypto *crypto = &sa->algorithms;
	int err;

	if (cfg->key.proto == IPPROTO_COMP) {
		err = nfipsec_deflate_hold(extack);
		sa->comp = !err;
		return err;
	}
	err = new_crypto(crypto, &cfg->keys, extack);
	if (err)
		return err;
	sa->crypto = crypto;
	crypto->check_pad = !!(cfg->flags & NFIPSEC_SA_FLAG_CHECK_PAD);
	/* Else somebody keeps numbers, and none is used twice: better than hardly. */
	if (!cfg->has_seq_max)
		crypto->iv_mask = get_random_u64();
	return nfipsec_sa_check_crypto(cfg, crypto, extack);
}

/* What carries packets; destroy() takes it away, also what is half there. */
static int make_mature(struct nfipsec_sa *sa,
		       const struct nfipsec_sa_config *cfg,
		       struct netlink_ext_ack *extack)
{
	struct nfipsec_sa_rcu_selector *sel;
	int err;

	err = make_transform(sa, cfg, extack);
	if (err)
		return err;

	nfipsec_replay_init(&sa->core->replay, cfg->replay_window,
			    cfg->flags & NFIPSEC_SA_FLAG_ESN, cfg->seq_in);

	if (cfg->has_selector) {
		sel = new_selector(&cfg->selector);
		if (!sel)
			return -ENOMEM;
		RCU_INIT_POINTER(sa->selector, sel);
	}

	err = nfipsec_sa_init_routes(sa);
	if (err)
		return err;
	sa->outer = cfg->outer;
	sa->pmtu_age = cfg->pmtu_age;
	sa->encap = cfg->encap;
	sa->tfc = cfg->tfc;
	sa->dscp_set = cfg->dscp_set;
	sa->cpu = cfg->cpu;
	sa->dummy_due = jiffies;
	return 0;
}

/**
 * nfipsec_sa_create() - make an SA that is in no table yet
 * @cfg: what it is to be; borrowed for the call, keys included
 * @extack: told what is wrong, may be NULL
 *
 * The caller owns the SA until a table takes it, and gives it up with
 * nfipsec_sa_free().
 *
 * Context: process context, sleeps.
 * Return: the SA, or ERR_PTR(): -ENOMEM, or what is wrong with @cfg.
 */
struct nfipsec_sa *nfipsec_sa_create(const struct nfipsec_sa_config *cfg,
				     struct netlink_ext_ack *extack)
{
	struct nfipsec_sa_limits *limits;
	struct nfipsec_sa *sa;
	int err;

	err = nfipsec_sa_check(cfg, extack);
	if (err)
		return ERR_PTR(err);
	sa = new_sa(cfg);
	if (!sa)
		return ERR_PTR(-ENOMEM);

	sa->key = cfg->key;
	sa->saddr = cfg->saddr;
	sa->mode = cfg->mode;
	sa->dir = cfg->dir;
	sa->state = cfg->state;
	sa->reqid = cfg->reqid;
	sa->flags = cfg->flags;
	sa->cpu = NFIPSEC_CPU_ANY;
	nfipsec_sa_seq_init(sa, cfg);
	memcpy(sa->owner, cfg->owner, sizeof(sa->owner));
	sa->add_time = ktime_get_real_seconds();
	sa->moved_next = get_jiffies_64();

	err = -ENOMEM;
	sa->stats = new_stats();
	if (!sa->stats)
		goto fail;
	if (nfipsec_limits_any(&cfg->limits)) {
		limits = nfipsec_sa_limits_new(&cfg->limits);
		if (!limits)
			goto fail;
		RCU_INIT_POINTER(sa->core->life.limits, limits);
	}
	if (sa->state == NFIPSEC_SA_STATE_MATURE) {
		err = make_mature(sa, cfg, extack);
		if (err)
			goto fail;
	}
	return sa;

fail:
	destroy(sa);
	return ERR_PTR(err);
}

static void free_work(struct work_struct *work)
{
	destroy(container_of(to_rcu_work(work), struct nfipsec_sa, rwork));
}

/**
 * nfipsec_sa_free() - give up an SA that is in no table
 * @sa: not used by the caller afterwards; readers may still be at it
 *
 * Keys are wiped and memory is freed after a grace period, in a work item:
 * giving back transforms and routes may sleep. nfipsec_sa_barrier() waits.
 *
 * Context: any.
 */
void nfipsec_sa_free(struct nfipsec_sa *sa)
{
	INIT_RCU_WORK(&sa->rwork, free_work);
	queue_rcu_work(free_wq, &sa->rwork);
}

/**
 * nfipsec_sa_set_selector() - change what traffic an SA may carry
 * @sa: the SA
 * @sel: copied; NULL for any traffic
 * @extack: told what is wrong
 *
 * A packet sees the old selector or the new one. The caller calls
 * nfipsec_net_changed() afterwards, so that policies choose their SA anew.
 *
 * Context: under nn->lock, sleeps.
 * Return: 0; -EINVAL if it does not fit the mode; -ENOMEM. The old selector
 * stays on error.
 */
int nfipsec_sa_set_selector(struct nfipsec_sa *sa,
			    const struct nfipsec_selector *sel,
			    struct netlink_ext_ack *extack)
{
	struct nfipsec_sa_rcu_selector *old, *new = NULL;
	int err;

	err = nfipsec_sa_check_selector(sel, sa->mode, sa->key.family, extack);
	if (err)
		return err;
	if (sel) {
		new = new_selector(sel);
		if (!new)
			return -ENOMEM;
	}
	/* The lock is the namespace's, which an SA does not know. */
	old = rcu_replace_pointer(sa->selector, new, true);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}
