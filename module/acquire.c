// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 4301 section 5.1, step 3b: policy wants a packet protected and there is
 * no SA. If somebody listens who may know how to get one, he is asked, and the
 * packet waits.
 *
 * An entry stands for all packets that one SA, or one chain of them, is wanted
 * for: those of a selector set of a policy, and if its SA takes something from
 * the packet, see acquire_class.c, those that have that in common. It is told to
 * user space once. Its packets, see acquire_queue.c, are tried again whenever a
 * table has changed; an entry whose packets have all gone goes too. What is there
 * when its time is over is dropped with it, and the next packet makes another one.
 *
 * For some SAs no packet waits, see acquire_wish.c. The table of entries is in
 * acquire_entry.c; here is the work item that serves them. Only it removes
 * entries.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "acquire.h"
#include "acquire_entry.h"
#include "acquire_queue.h"
#include "acquire_wish.h"
#include "event.h"
#include "net.h"

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct nfipsec_acquires *a = container_of(nb, struct nfipsec_acquires,
						  notifier);

	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		nfipsec_acquire_purge(a, netdev_notifier_info_to_dev(ptr));
	return NOTIFY_DONE;
}

/* Tell of an entry what could not be told when it was made. */
static void tell_late(struct nfipsec_acquires *a,
		      struct nfipsec_acquire_entry *e)
	__must_hold(&a->lock)
{
	struct nfipsec_acquire info = e->info;

	e->told = true;
	spin_unlock_bh(&a->lock);
	rcu_read_lock();
	nfipsec_event_acquire(a->nn, &info);
	rcu_read_unlock();
	spin_lock_bh(&a->lock);
}

static void remove(struct nfipsec_acquires *a, struct nfipsec_acquire_entry *e)
	__must_hold(&a->lock)
{
	struct sk_buff_head list;

	__skb_queue_head_init(&list);
	nfipsec_acquire_take(a, e, &list);
	nfipsec_acquire_unlink(a, e);
	spin_unlock_bh(&a->lock);
	nfipsec_acquire_drop(a->nn, &list, NFIPSEC_OUT_ACQUIRE_TIMEOUT);
	kfree(e);
	spin_lock_bh(&a->lock);
}

/* Returns when the entry wants to be looked at again, in jiffies from now. */
static unsigned long serve(struct nfipsec_acquires *a,
			   struct nfipsec_acquire_entry *e)
	__must_hold(&a->lock)
{
	bool waited = !skb_queue_empty(&e->queue);
	/* Before the look-ups and ordered with them, see cache_get(). */
	s64 gen = atomic64_read_acquire(&a->nn->gen);
	unsigned long now = jiffies;

	/* The SA may have come in time, and we be late. */
	if (waited && e->gen != gen)
		nfipsec_acquire_retry(a, e, gen);
	if (time_after_eq(now, e->until) ||
	    nfipsec_acquire_granted(a, e, gen) ||
	    (waited && skb_queue_empty(&e->queue))) {
		remove(a, e);
		return MAX_JIFFY_OFFSET;
	}
	if (!skb_queue_empty(&e->queue)) {
		nfipsec_acquire_forsake(e);
		if (!e->told)
			tell_late(a, e);
	}
	return min_t(unsigned long, e->until - now, HZ);
}

static void work(struct work_struct *w)
{
	struct nfipsec_net *nn = container_of(to_delayed_work(w),
					      struct nfipsec_net, acquire);
	struct nfipsec_acquires *a = nn->acquires;
	struct nfipsec_acquire_entry *e, *tmp;
	unsigned long wait = MAX_JIFFY_OFFSET;

	spin_lock_bh(&a->lock);
	/* While the lock is let go, entries come at the end and none goes. */
	list_for_each_entry_safe(e, tmp, &a->list, node) {
		wait = min(wait, serve(a, e));
		spin_unlock_bh(&a->lock);
		cond_resched();
		spin_lock_bh(&a->lock);
	}
	spin_unlock_bh(&a->lock);
	/* Whoever kicked in the meantime has queued it: this does nothing. */
	if (wait != MAX_JIFFY_OFFSET)
		queue_delayed_work(nfipsec_packet_work_queue, &nn->acquire,
				   wait);
}

/**
 * nfipsec_acquire_next() - walk over what is wanted
 * @nn: the namespace
 * @after: id of the entry before, 0 at first
 * @info: written on success
 *
 * Context: process or softirq.
 * Return: false if there is no further one.
 */
bool nfipsec_acquire_next(const struct nfipsec_net *nn, u32 after,
			  struct nfipsec_acquire *info)
{
	struct nfipsec_acquires *a = nn->acquires;
	struct nfipsec_acquire_entry *e;
	bool found = false;

	spin_lock_bh(&a->lock);
	list_for_each_entry(e, &a->list, node) {
		if (e->info.id <= after)
			continue;
		*info = e->info;
		info->packets = nfipsec_acquire_packets(e);
		found = true;
		break;
	}
	spin_unlock_bh(&a->lock);
	return found;
}

/**
 * nfipsec_acquire_init() - prepare a namespace
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_acquire_init(struct nfipsec_net *nn)
{
	struct nfipsec_acquires *a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	int err;

	if (!a)
		return -ENOMEM;
	a->nn = nn;
	spin_lock_init(&a->lock);
	INIT_LIST_HEAD(&a->list);
	nn->acquires = a;
	nn->acquire_timeout = NFIPSEC_ACQUIRE_TIMEOUT;
	INIT_DELAYED_WORK(&nn->acquire, work);

	a->notifier.notifier_call = device_event;
	err = register_netdevice_notifier_net(nn->net, &a->notifier);
	if (err)
		kfree(a);
	return err;
}

/**
 * nfipsec_acquire_exit() - drop what waits
 * @nn: the namespace; no packet and no request can reach it any more
 *
 * Context: process, sleeps.
 */
void nfipsec_acquire_exit(struct nfipsec_net *nn)
{
	struct nfipsec_acquires *a = nn->acquires;
	struct nfipsec_acquire_entry *e, *tmp;

	cancel_delayed_work_sync(&nn->acquire);
	unregister_netdevice_notifier_net(nn->net, &a->notifier);
	list_for_each_entry_safe(e, tmp, &a->list, node) {
		nfipsec_acquire_unlink(a, e);
		nfipsec_acquire_drop(nn, &e->queue, NFIPSEC_OUT_ACQUIRE_GONE);
		kfree(e);
	}
	kfree(a);
}
