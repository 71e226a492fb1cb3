// SPDX-License-Identifier: GPL-2.0-only
/* See acquire_entry.h. */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "acquire_entry.h"
#include "event.h"
#include "net.h"

static struct hlist_head *bucket(struct nfipsec_acquires *a,
				 const struct nfipsec_policy *pol,
				 const struct nfipsec_acquire_class *class)
{
	return &a->hash[jhash(class, sizeof(*class), pol->index) %
			NFIPSEC_ACQUIRE_BUCKETS];
}

/**
 * nfipsec_acquire_find() - find what packets of a policy want
 * @a: of the namespace
 * @pol: the policy
 * @class: which of its packets
 *
 * Context: under a->lock.
 * Return: the entry, or NULL. It may go as soon as the lock is let go.
 */
struct nfipsec_acquire_entry *
nfipsec_acquire_find(struct nfipsec_acquires *a,
		     const struct nfipsec_policy *pol,
		     const struct nfipsec_acquire_class *class)
{
	struct nfipsec_acquire_entry *e;

	lockdep_assert_held(&a->lock);
	hlist_for_each_entry(e, bucket(a, pol, class), hash_node)
		if (nfipsec_acquire_is_of(e, pol) &&
		    !memcmp(&e->class, class, sizeof(*class)))
			return e;
	return NULL;
}

/**
 * nfipsec_acquire_room() - may there be another entry?
 * @a: of the namespace
 *
 * Context: under a->lock.
 * Return: NFIPSEC_OK, or why a packet that wants one must be dropped.
 */
enum nfipsec_reason nfipsec_acquire_room(const struct nfipsec_acquires *a)
{
	lockdep_assert_held(&a->lock);
	if (!nfipsec_event_heard(a->nn))
		return NFIPSEC_OUT_NO_SA;
	return a->nn->acquiring < NFIPSEC_ACQUIRE_ENTRIES ?
	       NFIPSEC_OK : NFIPSEC_OUT_ACQUIRE_FULL;
}

/**
 * nfipsec_acquire_add() - have an entry for what packets of a policy want
 * @a: of the namespace
 * @pol: the policy
 * @flow: the first of the packets
 * @class: which of its packets; nfipsec_acquire_find() found none
 * @life: how long it stays at most, in jiffies
 * @reason: written: if there is none, why a packet that wants it must be dropped
 *
 * Who adds one calls nfipsec_acquire_kick() when he has let the lock go: the work
 * knows nothing of it before.
 *
 * Context: under a->lock.
 * Return: the entry, which is the table's and may go as soon as the lock is let
 * go; or NULL.
 */
struct nfipsec_acquire_entry *
nfipsec_acquire_add(struct nfipsec_acquires *a,
		    const struct nfipsec_policy *pol,
		    const struct nfipsec_flow *flow,
		    const struct nfipsec_acquire_class *class,
		    unsigned long life, enum nfipsec_reason *reason)
{
	struct nfipsec_acquire_entry *e;
	struct nfipsec_net *nn = a->nn;

	*reason = nfipsec_acquire_room(a);
	if (*reason)
		return NULL;
	*reason = NFIPSEC_OUT_NOMEM;
	e = kzalloc(sizeof(*e), GFP_ATOMIC);
	if (!e)
		return NULL;

	e->born = pol->rule[0].born;
	e->class = *class;
	e->until = jiffies + life;
	e->gen = S64_MAX;
	__skb_queue_head_init(&e->queue);
	nfipsec_acquire_describe(&e->info, pol, flow, class->cpu);
	if (!++a->last_id)
		a->last_id++;
	e->info.id = a->last_id;

	hlist_add_head(&e->hash_node, bucket(a, pol, class));
	list_add_tail(&e->node, &a->list);
	WRITE_ONCE(nn->acquiring, nn->acquiring + 1);
	return e;
}

/**
 * nfipsec_acquire_unlink() - take an entry out of the table
 * @a: of the namespace
 * @e: the entry; the caller's from now on, who frees it and its packets
 *
 * Context: under a->lock, from the work that serves the entries; or when that has
 * ended and nothing else can reach them.
 */
void nfipsec_acquire_unlink(struct nfipsec_acquires *a,
			    struct nfipsec_acquire_entry *e)
{
	hlist_del(&e->hash_node);
	list_del(&e->node);
	WRITE_ONCE(a->nn->acquiring, a->nn->acquiring - 1);
}

/**
 * nfipsec_acquire_kick() - have the entries looked at soon
 * @nn: the namespace
 *
 * Context: any but hard interrupt.
 */
void nfipsec_acquire_kick(struct nfipsec_net *nn)
{
	mod_delayed_work(nfipsec_packet_work_queue, &nn->acquire, 0);
}
