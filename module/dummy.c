// SPDX-License-Identifier: GPL-2.0-only
/*
 * See dummy.h. One work item of a namespace serves its SAs, which it finds in
 * a list of those that want it, and sleeps until the next of them is due.
 *
 * A round of many SAs is long: not on a queue that is bound to a CPU, on which
 * all other work would wait for it, nor with the config lock all the time.
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
#include "work.h"

/* SAs that are served before others get the config lock. */
#define AT_A_TIME	64

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

/* Some of those that are not served yet, which join those that are. */
static void serve_some(struct nfipsec_net *nn, struct list_head *left,
		       unsigned long *wait)
{
	unsigned int n = AT_A_TIME;
	struct nfipsec_sa *sa;

	while (n-- && !list_empty(left)) {
		sa = list_first_entry(left, struct nfipsec_sa, dummy_node);
		list_move_tail(&sa->dummy_node, &nn->sad.dummies);
		/* One at a time: with many SAs a round takes long. */
		rcu_read_lock();
		*wait = min(*wait, serve(nn, sa));
		rcu_read_unlock();
		cond_resched();
	}
}

static void work(struct work_struct *w)
{
	struct nfipsec_net *nn = container_of(to_delayed_work(w),
					      struct nfipsec_net, dummy);
	unsigned long wait = MAX_JIFFY_OFFSET;
	bool more = true;
	LIST_HEAD(left);

	mutex_lock(&nn->lock);
	list_splice_init(&nn->sad.dummies, &left);
	mutex_unlock(&nn->lock);
	while (more) {
		/* SAs go meanwhile, from whichever list they are in. */
		mutex_lock(&nn->lock);
		serve_some(nn, &left, &wait);
		more = !list_empty(&left);
		mutex_unlock(&nn->lock);
	}
	/* A kick in the meantime has queued it, and this does nothing. */
	if (wait != MAX_JIFFY_OFFSET)
		queue_delayed_work(nfipsec_work_queue, &nn->dummy, wait);
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
		mod_delayed_work(nfipsec_work_queue, &nn->dummy, 0);
}
