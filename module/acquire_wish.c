// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAs that are only asked for. Where policy wants SAs of each CPU (RFC 9611), a
 * packet may have one and lack that of its CPU. It does not wait: such an entry is
 * without packets, and goes when the SA is there, or its time is over.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>

#include "acquire_class.h"
#include "acquire_entry.h"
#include "acquire_wish.h"
#include "event.h"
#include "net.h"
#include "spd.h"

/* Entries up to which one without packets may come: not in the way of others. */
#define WISHES_MAX	(NFIPSEC_ACQUIRE_ENTRIES / 2)

/* Seconds that such an entry stays at least: a peer may not give the SA at all. */
#define WISH_LIFE	30

/**
 * nfipsec_acquire_are_of_cpu() - are SAs those of a CPU?
 * @chain: the SAs
 * @cpu: the CPU
 *
 * Context: under rcu_read_lock().
 * Return: true if all are.
 */
bool nfipsec_acquire_are_of_cpu(const struct nfipsec_chain *chain, u32 cpu)
{
	unsigned int i;

	for (i = 0; i < chain->len; i++)
		if (chain->sa[i]->cpu != cpu)
			return false;
	return true;
}

/**
 * nfipsec_acquire_wish() - ask for the SAs that nfipsec_acquire_wishes() tells of
 * @nn: the namespace
 * @pol: the policy, for which that is true
 * @flow: the packet, which does not wait
 * @gen: generation of the tables in which that is true
 *
 * Once a second it is looked whether somebody was asked: a CPU that never gets an
 * SA of its own need not take a lock for each packet.
 *
 * Context: under rcu_read_lock(), bottom halves off, no spinlock held.
 */
void nfipsec_acquire_wish(struct nfipsec_net *nn,
			  const struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow, s64 gen)
{
	u32 life = max_t(u32, READ_ONCE(nn->acquire_timeout), WISH_LIFE);
	struct nfipsec_acquires *a = nn->acquires;
	struct nfipsec_acquire_entry *e = NULL;
	struct nfipsec_acquire_class class;
	struct nfipsec_acquire info;
	enum nfipsec_reason reason;

	if (!nfipsec_event_heard(nn) || atomic64_read(&nn->gen) != gen)
		return;
	nfipsec_acquire_classify(&class, pol, flow, smp_processor_id());
	if (nfipsec_acquire_seen_to(pol, &class))
		return;

	spin_lock_bh(&a->lock);
	if (nn->acquiring < WISHES_MAX &&
	    !nfipsec_acquire_find(a, pol, &class))
		e = nfipsec_acquire_add(a, pol, flow, &class,
					(unsigned long)life * HZ, &reason);
	if (e) {
		e->told = true;
		info = e->info;
	}
	spin_unlock_bh(&a->lock);
	if (e) {
		nfipsec_acquire_kick(nn);
		nfipsec_event_acquire(nn, &info);
	}
}

/* Of an entry for a CPU: as its first packet would find it now. */
static bool still_wishes(const struct nfipsec_net *nn,
			 const struct nfipsec_acquire_entry *e)
{
	struct nfipsec_verdict verdict;
	struct nfipsec_chain chain;

	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, &e->info.flow, &verdict);
	return verdict.policy && nfipsec_acquire_is_of(e, verdict.policy) &&
	       nfipsec_policy_chain(nn, verdict.policy, &e->info.flow,
				    e->class.cpu, &chain) &&
	       nfipsec_acquire_wishes(verdict.policy, &chain, e->class.cpu);
}

/**
 * nfipsec_acquire_granted() - is the SA there that was only asked for?
 * @a: of the namespace
 * @e: the entry, which nobody else removes meanwhile
 * @gen: generation of the tables, read before
 *
 * Context: process, under a->lock, which may be let go meanwhile: what is looked at
 * of the entry is constant.
 * Return: true if it is, or is not wanted any more; false also for an entry whose
 * packets wait.
 */
bool nfipsec_acquire_granted(struct nfipsec_acquires *a,
			     struct nfipsec_acquire_entry *e, s64 gen)
	__must_hold(&a->lock)
{
	bool over;

	lockdep_assert_held(&a->lock);
	if (e->class.cpu == NFIPSEC_CPU_ANY || e->gen == gen)
		return false;
	e->gen = gen;
	spin_unlock_bh(&a->lock);
	rcu_read_lock();
	over = !still_wishes(a->nn, e);
	rcu_read_unlock();
	spin_lock_bh(&a->lock);
	return over;
}
