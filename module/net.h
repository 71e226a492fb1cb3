/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What nfipsec keeps per network namespace.
 */
#ifndef NFIPSEC_NET_H
#define NFIPSEC_NET_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "reason.h"
#include "sad.h"
#include "spd.h"
#include "transaction.h"
#include "udpsa.h"
#include "work.h"

struct metadata_dst;
struct nfipsec_acquires;

#define NFIPSEC_ROUTE_LOCK_BITS	5

/**
 * struct nfipsec_counters - counters of one CPU
 * @n: by enum nfipsec_reason
 * @flow_cache_hits: look-ups that spd_cache.c has spared
 * @flow_cache_misses: those that it has not, although it is on
 */
struct nfipsec_counters {
	u64 n[NFIPSEC_REASON_MAX];
	u64 flow_cache_hits;
	u64 flow_cache_misses;
};

/* Peers whose local senders were told; two that collide share a bit. */
#define NFIPSEC_TOLD_BITS	4096

/**
 * struct nfipsec_net - nfipsec in one network namespace
 * @net: the namespace
 * @id: its number, never 0, that no other has or had
 * @lock: the config lock: serialises every change of @sad, @spd
 * @gen: grows with every change of @sad or @spd after it became visible and
 *	before anything is freed, under @gen_lock; caches compare it
 * @sad: security associations
 * @spd: policies
 * @hooked: packets are looked at, see hook.c; config lock, never false again
 * @weak: SAs may have weak algorithms; written under @lock, READ_ONCE() readers
 * @audit: drops go to the host's audit log; written under @lock, READ_ONCE()
 *	readers
 * @udpsa: SAs with UDP encapsulation
 * @transactions: changes that become visible as one, with a lock of their own
 * @counters: per CPU
 * @told_any: something is in @told; never false again
 * @told: to which peers the route may say what local senders were told, see
 *	pmtu.c; by hash, and never cleared
 * @dummy: sends dummy packets, see dummy.c
 * @dummy_rest: jiffies until which that rests, all 64 bits, its own
 * @acquires: SAs that are wanted, and the packets that wait for them, see
 *	acquire_entry.h
 * @acquiring: how many of them, written under the lock of @acquires
 * @acquire: serves them, when its time has come or a table has changed
 * @acquire_timeout: seconds that they wait; written under @lock, READ_ONCE()
 *	readers
 * @gen_lock: while it is held @gen stands, see nfipsec_net_gen_hold()
 * @route_locks: by the hash of a host's address: each protects nothing but the order of
 *	look-ups of IPv4's routes to these hosts, see reinject.c
 * @deliver: tells of devices that go, see deliver.c; constant
 * @tag: per CPU, the dst that marks a packet as come out of an SA; see tag.h
 */
struct nfipsec_net {
	struct net *net;
	u64 id;
	struct mutex lock;
	atomic64_t gen;
	struct nfipsec_sad sad;
	struct nfipsec_spd spd;
	bool hooked;
	bool weak;
	bool audit;
	struct nfipsec_udpsa udpsa;
	struct nfipsec_transactions transactions;
	struct nfipsec_counters __percpu *counters;
	bool told_any;
	DECLARE_BITMAP(told, NFIPSEC_TOLD_BITS);
	struct delayed_work dummy;
	u64 dummy_rest;
	struct nfipsec_acquires *acquires;
	unsigned int acquiring;
	struct delayed_work acquire;
	u32 acquire_timeout;
	spinlock_t gen_lock;
	spinlock_t route_locks[1 << NFIPSEC_ROUTE_LOCK_BITS];
	struct notifier_block deliver;
	struct metadata_dst * __percpu *tag;
};

extern unsigned int nfipsec_net_id;

/**
 * nfipsec_net() - nfipsec's part of a namespace
 * @net: the namespace, alive
 *
 * Context: any.
 * Return: never NULL.
 */
static inline struct nfipsec_net *nfipsec_net(const struct net *net)
{
	return net_generic(net, nfipsec_net_id);
}

/**
 * nfipsec_net_rcu() - nfipsec's part of a namespace, for who looks at packets
 * @net: the namespace, alive
 *
 * As nfipsec_net(), which enters and leaves a read-side section of its own.
 * Context: under rcu_read_lock().
 * Return: never NULL.
 */
static inline struct nfipsec_net *nfipsec_net_rcu(const struct net *net)
{
	return rcu_dereference(net->gen)->ptr[nfipsec_net_id];
}

/**
 * nfipsec_net_gen() - number of the state of the tables that a look meets
 * @nn: the namespace
 *
 * Before the look: all that belongs to the state is there then.
 *
 * Context: any.
 * Return: the generation.
 */
static inline u64 nfipsec_net_gen(const struct nfipsec_net *nn)
{
	return atomic64_read_acquire(&nn->gen);
}

/**
 * nfipsec_net_gen_changed() - did a look meet more than one state?
 * @nn: the namespace
 * @gen: what nfipsec_net_gen() returned before it
 *
 * What one look finds is of one state, but two looks may have met two. Who must
 * not have met two looks once more, under nfipsec_net_gen_hold(): tables may
 * change faster than a look takes, for as long as somebody wants it.
 *
 * Context: any, within the same read-side section as the look.
 * Return: true if it may have.
 */
static inline bool nfipsec_net_gen_changed(const struct nfipsec_net *nn,
					   u64 gen)
{
	/* Pairs with nfipsec_net_changed(), behind which what is out goes. */
	smp_rmb();
	return (u64)atomic64_read(&nn->gen) != gen;
}

/**
 * nfipsec_net_gen_hold() - let no other state come for the time of a look
 * @nn: the namespace
 *
 * For who has met two states, and only until nfipsec_net_gen_release(): each
 * change of a table waits. What is looked at then is of the state that
 * nfipsec_net_gen() says now, and that is no other afterwards. So looks within
 * the look, which would do the same, never do.
 *
 * Context: under rcu_read_lock(), process or softirq; under neither a lock of
 * packets nor this one.
 */
static inline void nfipsec_net_gen_hold(const struct nfipsec_net *nn)
{
	/* Who looks writes to nothing else of it. */
	spin_lock_bh((spinlock_t *)&nn->gen_lock);
}

/**
 * nfipsec_net_gen_release() - let other states come again
 * @nn: the namespace, of nfipsec_net_gen_hold()
 *
 * Context: as nfipsec_net_gen_hold(), after it.
 */
static inline void nfipsec_net_gen_release(const struct nfipsec_net *nn)
{
	lockdep_assert_held(&nn->gen_lock);
	spin_unlock_bh((spinlock_t *)&nn->gen_lock);
}

/**
 * nfipsec_sad_any() - do packets meet an SA at all?
 * @nn: the namespace
 *
 * Context: any.
 * Return: whether there is one.
 */
static inline bool nfipsec_sad_any(const struct nfipsec_net *nn)
{
	u64 gen = nfipsec_net_gen(nn);
	u64 word = atomic64_read(&nn->sad.any);

	return gen >= word >> 2 ? word & 1 : word >> 1 & 1;
}

/**
 * nfipsec_net_changed() - tell caches, and packets that wait, that a table
 * changed
 * @nn: the namespace
 *
 * The one way to another generation. Call it after the change is visible to
 * readers and before call_rcu().
 * Context: under nn->lock.
 */
static inline void nfipsec_net_changed(struct nfipsec_net *nn)
{
	lockdep_assert_held(&nn->lock);
	/* Before the generation that it is of, see spd_cache.c. */
	if (nn->spd.staged)
		atomic64_set(&nn->spd.since, atomic64_read(&nn->gen) + 1);
	nn->spd.staged = false;
	/* Not while somebody looks who has seen it move before. */
	spin_lock_bh(&nn->gen_lock);
	/* The change is visible before the generation that tells of it. */
	smp_mb__before_atomic();
	atomic64_inc(&nn->gen);
	/* And that before the grace period begins, see cache_get(), and before
	 * the look whether packets wait for it, see nfipsec_acquire_hold().
	 */
	smp_mb__after_atomic();
	spin_unlock_bh(&nn->gen_lock);
	/* Nobody would see that packets go in the clear. */
	WARN_ON_ONCE(!nn->hooked && (nn->sad.count ||
				     nn->spd.active[NFIPSEC_SPD_IN] ||
				     nn->spd.active[NFIPSEC_SPD_OUT]));
	if (READ_ONCE(nn->acquiring))
		mod_delayed_work(nfipsec_packet_work_queue, &nn->acquire, 0);
}

/**
 * nfipsec_count() - count an outcome
 * @nn: the namespace
 * @reason: what happened
 *
 * Context: any but hard interrupt.
 */
static inline void nfipsec_count(const struct nfipsec_net *nn,
				 enum nfipsec_reason reason)
{
	this_cpu_inc(nn->counters->n[reason]);
}

#endif
