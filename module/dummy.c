// SPDX-License-Identifier: GPL-2.0-only
/*
 * See dummy.h. One work item of a namespace serves its SAs, which it finds in
 * a list of those that want it, and sleeps until the next of them is due.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "dummy.h"
#include "net.h"
#include "output.h"

/* Returns when the SA is to be served again, in jiffies from now. */
static unsigned long serve(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	unsigned long interval = msecs_to_jiffies(sa->tfc.dummy_interval);
	unsigned long now = jiffies;

	if (time_before(now, sa->dummy_due))
		return sa->dummy_due - now;
	/* What is late is not made up for: that would be a burst. */
	sa->dummy_due = now + interval;
	nfipsec_output_dummy(nn->net, sa);
	return interval;
}

static void work(struct work_struct *w)
{
	struct nfipsec_net *nn = container_of(to_delayed_work(w),
					      struct nfipsec_net, dummy);
	unsigned long wait = MAX_JIFFY_OFFSET;
	struct nfipsec_sa *sa;

	mutex_lock(&nn->lock);
	list_for_each_entry(sa, &nn->sad.dummies, dummy_node) {
		/* One at a time: with many SAs a round takes long. */
		rcu_read_lock();
		wait = min(wait, serve(nn, sa));
		rcu_read_unlock();
		cond_resched();
	}
	mutex_unlock(&nn->lock);
	/* A kick in the meantime has queued it, and this does nothing. */
	if (wait != MAX_JIFFY_OFFSET)
		queue_delayed_work(system_power_efficient_wq, &nn->dummy, wait);
}

/**
 * nfipsec_dummy_init() - prepare for dummy packets
 * @nn: the namespace
 *
 * Context: process.
 */
void nfipsec_dummy_init(struct nfipsec_net *nn)
{
	INIT_DELAYED_WORK(&nn->dummy, work);
}

/**
 * nfipsec_dummy_exit() - send no more dummy packets
 * @nn: the namespace; nobody can add SAs to it any more
 *
 * Context: process, sleeps; not under nn->lock, which the work takes.
 */
void nfipsec_dummy_exit(struct nfipsec_net *nn)
{
	cancel_delayed_work_sync(&nn->dummy);
}

/**
 * nfipsec_dummy_kick() - see whether an SA that is new wants dummy packets
 * @nn: the namespace
 *
 * Context: process, under nn->lock.
 */
void nfipsec_dummy_kick(struct nfipsec_net *nn)
{
	if (!list_empty(&nn->sad.dummies))
		mod_delayed_work(system_power_efficient_wq, &nn->dummy, 0);
}
