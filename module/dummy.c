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
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/workqueue.h>
#include <net/dst.h>

#include "decide.h"
#include "dummy.h"
#include "flow.h"
#include "net.h"
#include "pmtu.h"
#include "reinject.h"
#include "send.h"
#include "tfc.h"
#include "work.h"

/* SAs that are served before others get the config lock. */
#define AT_A_TIME	64
/* Between two rounds, as many times as long as the work of one takes. */
#define PAUSE		4
/* Longer than any take: what is beyond that was another's time. */
#define BUSY_MAX	(HZ / 10)

/*
 * One through @sa, which is mature and not for receiving only. If there is no route
 * now, none is sent.
 */
static void send(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_outbound p = {
		.net = nn->net, .nn = nn, .sa = sa, .shared = true,
		.chain = { .sa = { sa }, .len = 1 }, .dummy = true,
	};
	struct nfipsec_l3 l3;
	struct sk_buff *skb;

	local_bh_disable();
	skb = nfipsec_tfc_dummy(sa);
	if (skb)
		p.dst = nfipsec_reinject_route(nn->net, sa);
	if (!p.dst || !nfipsec_l3_parse(skb, sa->key.family, &l3))
		goto out;

	skb_dst_set(skb, dst_clone(p.dst));
	skb->dev = p.dst->dev;
	p.path = nfipsec_pmtu_path(nn, &p.chain, sa, p.dst);
	p.mtu = nfipsec_pmtu_inner(&p.chain, p.path, &l3, &p.fit);
	if (nfipsec_tfc_dummy_grow(sa, skb, p.fit)) {
		nfipsec_send_one(&p, skb, &l3);
		skb = NULL;
	}
out:
	kfree_skb(skb);
	dst_release(p.dst);
	local_bh_enable();
}

/* Returns when the SA is to be served again, in jiffies from now. */
static unsigned long serve(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	unsigned long interval = msecs_to_jiffies(sa->tfc.dummy_interval);
	unsigned long now = jiffies;

	if (time_before(now, sa->dummy_due))
		return sa->dummy_due - now;
	/* What is late is not made up for: that would be a burst. */
	sa->dummy_due = now + interval;
	send(nn, sa);
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
	unsigned long wait = MAX_JIFFY_OFFSET, begun, busy = 0;
	u64 now = get_jiffies_64();
	bool more = true;
	LIST_HEAD(left);

	if (now < nn->dummy_rest) {
		queue_delayed_work(nfipsec_work_queue, &nn->dummy,
				   nn->dummy_rest - now);
		return;
	}

	mutex_lock(&nn->lock);
	list_splice_init(&nn->sad.dummies, &left);
	mutex_unlock(&nn->lock);
	while (more) {
		/* SAs go meanwhile, from whichever list they are in. */
		mutex_lock(&nn->lock);
		begun = jiffies;
		serve_some(nn, &left, &wait);
		busy += min_t(unsigned long, jiffies - begun, BUSY_MAX);
		more = !list_empty(&left);
		mutex_unlock(&nn->lock);
	}
	/* Of many SAs one is always due, and each that is new wants a round. */
	nn->dummy_rest = get_jiffies_64() + PAUSE * busy;
	wait = max(wait, PAUSE * busy);
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
	nn->dummy_rest = 0;
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
 * nfipsec_dummy_kick() - see whether what is new wants dummy packets
 * @nn: the namespace
 * @sa: SA that is new, or NULL if there may be several
 *
 * Context: process, under nn->lock.
 */
void nfipsec_dummy_kick(struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	if (sa ? nfipsec_sa_sends_dummies(sa) : !list_empty(&nn->sad.dummies))
		mod_delayed_work(nfipsec_work_queue, &nn->dummy, 0);
}
