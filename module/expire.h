/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The end of SAs: what they use up is counted against their limits, and what
 * reaches a limit is told and deleted (RFC 4301 section 4.4.2.1).
 */
#ifndef NFIPSEC_EXPIRE_H
#define NFIPSEC_EXPIRE_H

#include <linux/compiler.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/rbtree_types.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "sa.h"

struct nfipsec_net;

/**
 * struct nfipsec_expiry - SAs that are to be looked at
 * @due: SAs with a limit of time that is ahead, the next one first; config lock
 * @timer: queues @work when the first of @due is to be looked at
 * @work: looks at SAs, deletes those at their end
 * @todo: SAs that a packet or a change wants looked at; @lock
 * @lock: innermost, bottom halves off
 */
struct nfipsec_expiry {
	struct rb_root_cached due;
	struct hrtimer timer;
	struct work_struct work;
	struct list_head todo;
	spinlock_t lock;
};

void nfipsec_expire_init(struct nfipsec_net *nn);
void nfipsec_expire_exit(struct nfipsec_net *nn);

/* For the tables: under nn->lock. */
void nfipsec_expire_add(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_expire_del(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_expire_set(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			struct nfipsec_sa_limits *limits);
void nfipsec_expire_set_seq_max(struct nfipsec_net *nn, struct nfipsec_sa *sa,
				u64 max);

/* For packets: bottom halves off, under rcu_read_lock(). */
bool nfipsec_expire_charge(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			   unsigned int bytes);
void nfipsec_expire_look(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			 u32 reached);

/**
 * nfipsec_expire_hint() - have an SA looked at that has reached a limit
 * @nn: the namespace
 * @sa: the SA
 * @reached: limits that it has reached
 *
 * Once for each limit, and not at all for none.
 * Context: under rcu_read_lock().
 */
static inline void nfipsec_expire_hint(struct nfipsec_net *nn,
				       struct nfipsec_sa *sa, u32 reached)
{
	if (unlikely(reached & ~READ_ONCE(sa->core->life.hinted)))
		nfipsec_expire_look(nn, sa, reached);
}

#endif
