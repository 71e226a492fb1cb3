// SPDX-License-Identifier: GPL-2.0-only
/* See event.h. */
#include <linux/rcupdate.h>

#include "event.h"

/* Set and cleared by the control layer, which the paths of packets do not know. */
static const struct nfipsec_event_ops __rcu *teller;

/**
 * nfipsec_event_set() - begin or cease to tell user space
 * @ops: constant; NULL to cease, and then none of them runs any more when
 *	this returns
 *
 * Context: process context, sleeps; at module load and unload.
 */
void nfipsec_event_set(const struct nfipsec_event_ops *ops)
{
	rcu_assign_pointer(teller, ops);
	if (!ops)
		synchronize_rcu();
}

/**
 * nfipsec_event_mapping() - tell that a peer was seen at another address
 * @nn: the namespace
 * @sa: SA with encapsulation
 * @seen: where an authenticated packet came from
 *
 * Context: under rcu_read_lock(), process or softirq, no spinlock held.
 */
void nfipsec_event_mapping(const struct nfipsec_net *nn,
			   const struct nfipsec_sa *sa,
			   const struct nfipsec_mapping *seen)
{
	const struct nfipsec_event_ops *ops = rcu_dereference(teller);

	if (ops)
		ops->mapping(nn, sa, seen);
}

/**
 * nfipsec_event_heard() - does somebody listen?
 * @nn: the namespace
 *
 * Context: under rcu_read_lock(), any.
 * Return: true if so.
 */
bool nfipsec_event_heard(const struct nfipsec_net *nn)
{
	const struct nfipsec_event_ops *ops = rcu_dereference(teller);

	return ops && ops->heard(nn);
}

/**
 * nfipsec_event_acquire() - tell that an SA is wanted
 * @nn: the namespace
 * @info: which
 *
 * Context: under rcu_read_lock(), process or softirq, no spinlock held.
 */
void nfipsec_event_acquire(const struct nfipsec_net *nn,
			   const struct nfipsec_acquire *info)
{
	const struct nfipsec_event_ops *ops = rcu_dereference(teller);

	if (ops)
		ops->acquire(nn, info);
}

/**
 * nfipsec_event_expire() - tell that an SA has reached a limit
 * @nn: the namespace
 * @sa: the SA
 * @limit: which
 * @hard: the hard one, the soft one else
 *
 * Context: under nn->lock and rcu_read_lock(), no spinlock held.
 */
void nfipsec_event_expire(const struct nfipsec_net *nn,
			  const struct nfipsec_sa *sa,
			  enum nfipsec_limit limit, bool hard)
{
	const struct nfipsec_event_ops *ops = rcu_dereference(teller);

	if (ops)
		ops->expire(nn, sa, limit, hard);
}
