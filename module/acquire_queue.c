// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets that wait for an SA, each in the queue of the entry that stands for what
 * it wants. They go through nfipsec_output_waited(), all of it.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/sock.h>

#include "acquire_entry.h"
#include "acquire_queue.h"
#include "drop.h"
#include "event.h"
#include "net.h"
#include "output.h"

/* Of an entry, and bytes of memory of a namespace. */
#define PACKETS_MAX	100
#define BYTES_MAX	(4 << 20)
/* At what waits, from the beginning, since tables change while it is looked at. */
#define LOOKS_AGAIN	4

/**
 * nfipsec_acquire_drop() - drop what waited
 * @nn: the namespace
 * @list: packets, none afterwards
 * @reason: for all of them
 *
 * Context: process, no spinlock held.
 */
void nfipsec_acquire_drop(const struct nfipsec_net *nn,
			  struct sk_buff_head *list,
			  enum nfipsec_reason reason)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		nfipsec_drop(nn, skb, reason);
}

/*
 * Nobody holds a device for a packet. What is here is taken out when its device
 * is unregistered or goes to another namespace; nothing is let in afterwards.
 * Who looks and then puts it in does both in one read-side section: a device is
 * set down first, and there is a grace period between that and the news.
 */
static bool device_gone(const struct nfipsec_net *nn,
			const struct sk_buff *skb)
{
	return !(READ_ONCE(skb->dev->flags) & IFF_UP) ||
	       !net_eq(dev_net(skb->dev), nn->net);
}

/**
 * nfipsec_acquire_purge() - drop what would leave by a device
 * @a: of the namespace
 * @dev: the device, which goes; see device_gone()
 *
 * Context: process, a->lock not held.
 */
void nfipsec_acquire_purge(struct nfipsec_acquires *a,
			   const struct net_device *dev)
{
	struct nfipsec_acquire_entry *e;
	struct sk_buff_head list;
	struct sk_buff *skb, *tmp;

	__skb_queue_head_init(&list);
	spin_lock_bh(&a->lock);
	list_for_each_entry(e, &a->list, node) {
		skb_queue_walk_safe(&e->queue, skb, tmp) {
			if (skb->dev != dev)
				continue;
			__skb_unlink(skb, &e->queue);
			a->bytes -= skb->truesize;
			__skb_queue_tail(&list, skb);
		}
	}
	spin_unlock_bh(&a->lock);
	nfipsec_acquire_drop(a->nn, &list, NFIPSEC_OUT_ACQUIRE_GONE);
}

/* Under the lock: may one that takes so much memory wait as well? @e may be NULL. */
static bool has_room(const struct nfipsec_acquires *a,
		     const struct nfipsec_acquire_entry *e,
		     unsigned int truesize)
{
	return (!e || nfipsec_acquire_packets(e) < PACKETS_MAX) &&
	       a->bytes + truesize <= BYTES_MAX;
}

/* Under the lock. */
static enum nfipsec_reason enqueue(struct nfipsec_acquires *a,
				   struct nfipsec_acquire_entry *e,
				   struct sk_buff *skb, s64 gen)
{
	if (!has_room(a, e, skb->truesize))
		return NFIPSEC_OUT_ACQUIRE_FULL;
	a->bytes += skb->truesize;
	__skb_queue_tail(&e->queue, skb);
	e->gen = min(e->gen, gen);
	return NFIPSEC_OUT_ACQUIRE;
}

/*
 * Not the kernel's own sockets, which are one for all that a CPU says; nor that of an
 * answer to a SYN, which would keep who listens, though he has closed; nor a tap's, of
 * which who sends the packet later reads what only those of IP have.
 */
static bool may_wait(const struct sock *sk)
{
	return sk_fullsock(sk) && sk->sk_net_refcnt && sk_is_inet(sk);
}

/* What a packet needs to outlive the section that it came in. */
static enum nfipsec_reason prepare(const struct nfipsec_net *nn,
				   struct sk_buff *skb)
{
	if (device_gone(nn, skb) || !skb_dst_force(skb))
		return NFIPSEC_OUT_ACQUIRE_GONE;
	if (skb->sk && !may_wait(skb->sk))
		skb_orphan(skb);
	/* Whose pages they are waits for them to come back. */
	if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		return NFIPSEC_OUT_NOMEM;
	/* It was routed: of the port it came by nothing is needed any more. */
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	return NFIPSEC_OK;
}

/**
 * nfipsec_acquire_hold() - keep a packet until there is an SA for it
 * @nn: the namespace
 * @pol: the protect policy that wants one
 * @flow: the packet
 * @skb: the same, with its route and device set; not the caller's any more if
 *	it is kept
 * @gen: generation of the tables before they were looked at for an SA
 *
 * Context: under rcu_read_lock(), bottom halves off or on, no spinlock held.
 * Return: NFIPSEC_OUT_ACQUIRE if it is kept, or why it must be dropped.
 */
enum nfipsec_reason nfipsec_acquire_hold(struct nfipsec_net *nn,
					 const struct nfipsec_policy *pol,
					 const struct nfipsec_flow *flow,
					 struct sk_buff *skb, s64 gen)
{
	u32 timeout = READ_ONCE(nn->acquire_timeout);
	struct nfipsec_acquires *a = nn->acquires;
	struct nfipsec_acquire_class class;
	struct nfipsec_acquire_entry *e;
	struct nfipsec_acquire info;
	enum nfipsec_reason reason;
	bool fresh, stale, tell;

	if (!READ_ONCE(nn->acquiring) && !nfipsec_event_heard(nn))
		return NFIPSEC_OUT_NO_SA;
	reason = prepare(nn, skb);
	if (reason)
		return reason;

	nfipsec_acquire_classify(&class, pol, flow, NFIPSEC_CPU_ANY);
	spin_lock_bh(&a->lock);
	e = nfipsec_acquire_find(a, pol, &class);
	fresh = !e;
	if (!e)
		e = nfipsec_acquire_add(a, pol, flow, &class,
					(timeout ?: 1) * HZ, &reason);
	if (!e) {
		spin_unlock_bh(&a->lock);
		return reason;
	}
	reason = timeout ? enqueue(a, e, skb, gen) : NFIPSEC_OUT_NO_SA;
	/* Who changes a table after this sees that something waits; see
	 * nfipsec_net_changed(). A change before it may be the SA: then the work
	 * looks first, and tells only if it was not.
	 */
	smp_mb();
	stale = atomic64_read(&nn->gen) != gen;
	tell = !e->told && (!stale || reason != NFIPSEC_OUT_ACQUIRE);
	if (tell) {
		e->told = true;
		info = e->info;
	}
	spin_unlock_bh(&a->lock);

	if (reason == NFIPSEC_OUT_ACQUIRE)
		nfipsec_count(nn, NFIPSEC_OUT_ACQUIRE);
	if (fresh || stale)
		nfipsec_acquire_kick(nn);
	if (tell)
		nfipsec_event_acquire(nn, &info);
	return reason;
}

/**
 * nfipsec_acquire_would() - what would nfipsec_acquire_hold() say?
 * @nn: the namespace
 * @pol: the protect policy that wants an SA
 * @flow: the packet
 * @truesize: memory that it takes
 * @asked: set to whether somebody would be asked for the SA, or has been
 *
 * Context: under rcu_read_lock(), no spinlock held.
 * Return: NFIPSEC_OUT_ACQUIRE if it would wait, or why it would be dropped.
 */
enum nfipsec_reason nfipsec_acquire_would(const struct nfipsec_net *nn,
					  const struct nfipsec_policy *pol,
					  const struct nfipsec_flow *flow,
					  unsigned int truesize, bool *asked)
{
	u32 timeout = READ_ONCE(nn->acquire_timeout);
	struct nfipsec_acquires *a = nn->acquires;
	const struct nfipsec_acquire_entry *e;
	struct nfipsec_acquire_class class;
	enum nfipsec_reason reason;

	nfipsec_acquire_classify(&class, pol, flow, NFIPSEC_CPU_ANY);
	spin_lock_bh(&a->lock);
	e = nfipsec_acquire_find(a, pol, &class);
	reason = e ? NFIPSEC_OK : nfipsec_acquire_room(a);
	*asked = !reason;
	if (!reason && !timeout)
		reason = NFIPSEC_OUT_NO_SA;
	else if (!reason && !has_room(a, e, truesize))
		reason = NFIPSEC_OUT_ACQUIRE_FULL;
	spin_unlock_bh(&a->lock);
	return reason ?: NFIPSEC_OUT_ACQUIRE;
}

/**
 * nfipsec_acquire_take() - take all packets out of an entry
 * @a: of the namespace
 * @e: the entry
 * @list: they are added here, and do not count any more for what may wait
 *
 * Context: under a->lock.
 */
void nfipsec_acquire_take(struct nfipsec_acquires *a,
			  struct nfipsec_acquire_entry *e,
			  struct sk_buff_head *list)
{
	struct sk_buff *skb;

	skb_queue_walk(&e->queue, skb)
		a->bytes -= skb->truesize;
	skb_queue_splice_tail_init(&e->queue, list);
}

/* Of a packet that is away: there is room for another. */
static void let_go(struct nfipsec_acquires *a, struct nfipsec_acquire_entry *e,
		   unsigned int truesize)
{
	spin_lock_bh(&a->lock);
	a->bytes -= truesize;
	e->away--;
	spin_unlock_bh(&a->lock);
}

/* Its socket is held, as by whoever sends, who has it for longer than the packet. */
static void send_on(struct net *net, struct sk_buff *skb)
{
	struct sock *sk = skb->sk;

	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	nfipsec_output_waited(net, sk, skb);
	if (sk)
		sock_put(sk);
}

/* Under rcu_read_lock(), bottom halves off. */
static bool waits_still(const struct nfipsec_acquires *a,
			const struct nfipsec_acquire_entry *e,
			struct sk_buff *skb)
{
	const struct nfipsec_policy *pol = nfipsec_output_lacks(a->nn, skb);

	return pol && nfipsec_acquire_is_of(e, pol) && !device_gone(a->nn, skb);
}

/**
 * nfipsec_acquire_retry() - try again what waits
 * @a: of the namespace
 * @e: the entry, which nobody else removes meanwhile
 * @gen: generation of the tables, read before
 *
 * Send what can be sent now, in the order in which it came, or drop it if policy says
 * so; tables that never stand still may have some overtake others. What still waits
 * comes back before what came meanwhile, and has kept its place: it counts all the
 * time for what may wait.
 *
 * Context: process, under a->lock, which is let go meanwhile.
 */
void nfipsec_acquire_retry(struct nfipsec_acquires *a,
			   struct nfipsec_acquire_entry *e, s64 gen)
	__must_hold(&a->lock)
{
	unsigned int truesize, more = 0, again = LOOKS_AGAIN;
	struct sk_buff_head list, kept;
	struct sk_buff *skb;

	lockdep_assert_held(&a->lock);
	__skb_queue_head_init(&list);
	__skb_queue_head_init(&kept);
	e->away = skb_queue_len(&e->queue);
	skb_queue_splice_init(&e->queue, &list);
	e->gen = gen;
	/* Before nfipsec_acquire_purge() can miss them, see device_gone(). */
	rcu_read_lock();
	spin_unlock_bh(&a->lock);
	while ((skb = __skb_dequeue(&list))) {
		truesize = skb->truesize;
		/* Both on one CPU, which may have an SA of its own. */
		local_bh_disable();
		if (waits_still(a, e, skb)) {
			/* Who looks at it may have it grow. */
			more += skb->truesize - truesize;
			__skb_queue_tail(&kept, skb);
		} else if (!skb_queue_empty(&kept) && again &&
			   nfipsec_net_gen_changed(a->nn, gen)) {
			/*
			 * What came meanwhile may be for those before it, too. What grew
			 * of those is in @more, and what lets them go reckons with it.
			 */
			again--;
			gen = nfipsec_net_gen(a->nn);
			more += skb->truesize - truesize;
			__skb_queue_head(&list, skb);
			skb_queue_splice_init(&kept, &list);
		} else {
			/* It may come back, and is counted anew. */
			let_go(a, e, truesize);
			send_on(a->nn->net, skb);
		}
		local_bh_enable();
	}
	spin_lock_bh(&a->lock);
	a->bytes += more;
	e->away = 0;
	skb_queue_splice(&kept, &e->queue);
	rcu_read_unlock();
}

/**
 * nfipsec_acquire_forsake() - let go sockets whose owners have closed them
 * @e: entry whose packets may have some
 *
 * Such a socket has nobody to be told of errors, and nobody to be slowed down. It
 * should not keep its namespace for that long.
 *
 * Context: under a->lock.
 */
void nfipsec_acquire_forsake(struct nfipsec_acquire_entry *e)
{
	struct sk_buff *skb;

	/* Whole ones, see may_wait(). */
	skb_queue_walk(&e->queue, skb)
		if (skb->sk && sock_flag(skb->sk, SOCK_DEAD))
			skb_orphan(skb);
}
