/* SPDX-License-Identifier: GPL-2.0-only */
/* An SA that is wanted, in the table of those of its namespace. */
#ifndef NFIPSEC_ACQUIRE_ENTRY_H
#define NFIPSEC_ACQUIRE_ENTRY_H

#include <linux/list.h>
#include <linux/notifier.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "acquire.h"
#include "acquire_class.h"
#include "policy.h"
#include "reason.h"

/* Of a namespace. */
#define NFIPSEC_ACQUIRE_ENTRIES	256
#define NFIPSEC_ACQUIRE_BUCKETS	64

/**
 * struct nfipsec_acquire_entry - an SA that is wanted
 * @hash_node: in nfipsec_acquires.hash
 * @node: in nfipsec_acquires.list
 * @born: nfipsec_rule.born of the policy, which @info.policy was then the index
 *	of
 * @info: what is told, constant but for its packets, which are not used
 * @class: which packets of the policy's, constant
 * @told: somebody was
 * @until: jiffies at which it goes
 * @gen: when the tables were at that, they had no SA for any of @queue; or not
 *	the one of @class.cpu
 * @queue: packets that wait, see acquire_queue.c, its own lock unused; empty if
 *	@class.cpu is one
 * @away: packets taken out of @queue to be tried again, which count as if they
 *	were in it
 */
struct nfipsec_acquire_entry {
	struct hlist_node hash_node;
	struct list_head node;
	u64 born;
	struct nfipsec_acquire info;
	struct nfipsec_acquire_class class;
	bool told;
	unsigned long until;
	s64 gen;
	struct sk_buff_head queue;
	u32 away;
};

/**
 * struct nfipsec_acquires - what a namespace waits for
 * @nn: the namespace
 * @lock: protects all below, and what is in the entries; bottom halves off
 * @list: entries, the oldest first
 * @hash: the same
 * @bytes: memory that their packets take, also those that are away
 * @last_id: the last one given out
 * @notifier: tells of devices that go; constant
 */
struct nfipsec_acquires {
	struct nfipsec_net *nn;
	spinlock_t lock;	/* see above */
	struct list_head list;
	struct hlist_head hash[NFIPSEC_ACQUIRE_BUCKETS];
	unsigned int bytes;
	u32 last_id;
	struct notifier_block notifier;
};

/**
 * nfipsec_acquire_is_of() - is an entry for packets of a policy?
 * @e: the entry
 * @pol: the policy
 *
 * A policy that is replaced keeps its index and asks for something else; the new
 * one may have the memory of one that was before it.
 *
 * Context: under rcu_read_lock(), and under the lock of the entries or where nobody
 * else removes this one. What is looked at of it is constant.
 * Return: true if it is.
 */
static inline bool nfipsec_acquire_is_of(const struct nfipsec_acquire_entry *e,
					 const struct nfipsec_policy *pol)
{
	return e->born == pol->rule[0].born && e->info.policy == pol->index;
}

/**
 * nfipsec_acquire_packets() - how many packets wait?
 * @e: the entry
 *
 * Context: under the lock of the entries.
 * Return: the number.
 */
static inline u32 nfipsec_acquire_packets(const struct nfipsec_acquire_entry *e)
{
	return skb_queue_len(&e->queue) + e->away;
}

struct nfipsec_acquire_entry *
nfipsec_acquire_find(struct nfipsec_acquires *a,
		     const struct nfipsec_policy *pol,
		     const struct nfipsec_acquire_class *class);
enum nfipsec_reason nfipsec_acquire_room(const struct nfipsec_acquires *a);
struct nfipsec_acquire_entry *
nfipsec_acquire_add(struct nfipsec_acquires *a,
		    const struct nfipsec_policy *pol,
		    const struct nfipsec_flow *flow,
		    const struct nfipsec_acquire_class *class,
		    unsigned long life, enum nfipsec_reason *reason);
void nfipsec_acquire_unlink(struct nfipsec_acquires *a,
			    struct nfipsec_acquire_entry *e);
void nfipsec_acquire_kick(struct nfipsec_net *nn);

#endif
