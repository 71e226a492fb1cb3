// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 4301 section 5.1, step 3b: policy wants a packet protected and there is
 * no SA. If somebody listens who may know how to get one, he is asked, and the
 * packet waits.
 *
 * An entry stands for all packets that one SA, or one chain of them, is wanted
 * for: those of a selector set of a policy, and if its SA takes something from the
 * packet, see acquire_class.c, those that have that in common. It is told to user
 * space once. Its packets go through nfipsec_output() again, all of it, whenever a table has
 * changed; an entry whose packets have all gone goes too. What is there when its
 * time is over is dropped with it, and the next packet makes another one.
 *
 * Where policy wants SAs of each CPU (RFC 9611), a packet may have one and lack that
 * of its CPU. It does not wait: such an entry is without packets, and goes when the
 * SA is there, or its time is over.
 *
 * Only the work item removes entries.
 */
#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <net/dst.h>
#include <net/sock.h>

#include "acquire.h"
#include "acquire_class.h"
#include "drop.h"
#include "event.h"
#include "net.h"
#include "output.h"
#include "spd.h"

/* Of a namespace, of an entry, and bytes of memory of a namespace. */
#define ENTRIES_MAX	256
#define PACKETS_MAX	100
#define BYTES_MAX	(4 << 20)

/* Entries up to which one without packets may come: not in the way of others. */
#define WISHES_MAX	(ENTRIES_MAX / 2)

/* Seconds that such an entry stays at least: a peer may not give the SA at all. */
#define WISH_LIFE	30

#define BUCKETS		64

/**
 * struct entry - an SA that is wanted
 * @hash_node: in nfipsec_acquires.hash
 * @node: in nfipsec_acquires.list
 * @born: nfipsec_rule.born of the policy, which @info.policy was then the index of
 * @info: what is told, constant but for its packets, which are not used
 * @class: which packets of the policy's, constant
 * @told: somebody was
 * @until: jiffies at which it goes
 * @gen: when the tables were at that, they had no SA for any of @queue; or not the one
 *	of @class.cpu
 * @queue: packets that wait, its own lock unused
 */
struct entry {
	struct hlist_node hash_node;
	struct list_head node;
	u64 born;
	struct nfipsec_acquire info;
	struct nfipsec_acquire_class class;
	bool told;
	unsigned long until;
	s64 gen;
	struct sk_buff_head queue;
};

/**
 * struct nfipsec_acquires - what a namespace waits for
 * @nn: the namespace
 * @lock: protects all below, and what is in the entries; bottom halves off
 * @list: entries, the oldest first
 * @hash: the same
 * @bytes: memory that their packets take
 * @last_id: the last one given out
 * @notifier: tells of devices that go; constant
 */
struct nfipsec_acquires {
	struct nfipsec_net *nn;
	spinlock_t lock;	/* see above */
	struct list_head list;
	struct hlist_head hash[BUCKETS];
	unsigned int bytes;
	u32 last_id;
	struct notifier_block notifier;
};

static void drop_all(const struct nfipsec_net *nn, struct sk_buff_head *list,
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

/* Take out what would leave by a device. */
static void purge(struct nfipsec_acquires *a, const struct net_device *dev)
{
	struct sk_buff_head list;
	struct sk_buff *skb, *tmp;
	struct entry *e;

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
	drop_all(a->nn, &list, NFIPSEC_OUT_ACQUIRE_GONE);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	struct nfipsec_acquires *a = container_of(nb, struct nfipsec_acquires,
						  notifier);

	if (event == NETDEV_DOWN || event == NETDEV_UNREGISTER)
		purge(a, netdev_notifier_info_to_dev(ptr));
	return NOTIFY_DONE;
}

static struct hlist_head *bucket(struct nfipsec_acquires *a,
				 const struct nfipsec_policy *pol,
				 const struct nfipsec_acquire_class *class)
{
	return &a->hash[jhash(class, sizeof(*class), pol->index) % BUCKETS];
}

/*
 * A policy that is replaced keeps its index and asks for something else; the new
 * one may have the memory of one that was before it.
 */
static bool is_of(const struct entry *e, const struct nfipsec_policy *pol)
{
	return e->born == pol->rule[0].born && e->info.policy == pol->index;
}

static struct entry *find(struct nfipsec_acquires *a,
			  const struct nfipsec_policy *pol,
			  const struct nfipsec_acquire_class *class)
{
	struct entry *e;

	hlist_for_each_entry(e, bucket(a, pol, class), hash_node)
		if (is_of(e, pol) && !memcmp(&e->class, class, sizeof(*class)))
			return e;
	return NULL;
}

/* Under the lock. Gives an entry, or NULL and why there is none. */
static struct entry *add(struct nfipsec_acquires *a,
			 const struct nfipsec_policy *pol,
			 const struct nfipsec_flow *flow,
			 const struct nfipsec_acquire_class *class,
			 unsigned long life, enum nfipsec_reason *reason)
{
	struct nfipsec_net *nn = a->nn;
	struct entry *e;

	*reason = NFIPSEC_OUT_NO_SA;
	if (!nfipsec_event_heard(nn))
		return NULL;
	*reason = NFIPSEC_OUT_ACQUIRE_FULL;
	if (nn->acquiring >= ENTRIES_MAX)
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

/* Under the lock. The caller frees it. */
static void unlink_entry(struct nfipsec_net *nn, struct entry *e)
{
	hlist_del(&e->hash_node);
	list_del(&e->node);
	WRITE_ONCE(nn->acquiring, nn->acquiring - 1);
}

/* Under the lock. */
static enum nfipsec_reason enqueue(struct nfipsec_acquires *a, struct entry *e,
				   struct sk_buff *skb, s64 gen)
{
	if (skb_queue_len(&e->queue) >= PACKETS_MAX ||
	    a->bytes + skb->truesize > BYTES_MAX)
		return NFIPSEC_OUT_ACQUIRE_FULL;
	a->bytes += skb->truesize;
	__skb_queue_tail(&e->queue, skb);
	e->gen = min(e->gen, gen);
	return NFIPSEC_OUT_ACQUIRE;
}

/* What a packet needs to outlive the section that it came in. */
static enum nfipsec_reason prepare(const struct nfipsec_net *nn,
				   struct sk_buff *skb)
{
	if (device_gone(nn, skb) || !skb_dst_force(skb))
		return NFIPSEC_OUT_ACQUIRE_GONE;
	/* The kernel's own sockets are one for all that a CPU says. */
	if (skb->sk && sk_fullsock(skb->sk) && !skb->sk->sk_net_refcnt)
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

static void kick(struct nfipsec_net *nn)
{
	mod_delayed_work(system_power_efficient_wq, &nn->acquire, 0);
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
	struct nfipsec_acquire info;
	enum nfipsec_reason reason;
	bool fresh, stale, tell;
	struct nfipsec_acquire_class class;
	struct entry *e;

	if (!READ_ONCE(nn->acquiring) && !nfipsec_event_heard(nn))
		return NFIPSEC_OUT_NO_SA;
	reason = prepare(nn, skb);
	if (reason)
		return reason;

	nfipsec_acquire_classify(&class, pol, flow, NFIPSEC_CPU_ANY);
	spin_lock_bh(&a->lock);
	e = find(a, pol, &class);
	fresh = !e;
	if (!e)
		e = add(a, pol, flow, &class, (timeout ?: 1) * HZ, &reason);
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
		kick(nn);
	if (tell)
		nfipsec_event_acquire(nn, &info);
	return reason;
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
	struct nfipsec_acquire_class class;
	struct nfipsec_acquire info;
	enum nfipsec_reason reason;
	struct entry *e = NULL;

	if (!nfipsec_event_heard(nn) || atomic64_read(&nn->gen) != gen)
		return;
	nfipsec_acquire_classify(&class, pol, flow, smp_processor_id());
	if (nfipsec_acquire_seen_to(pol, &class))
		return;

	spin_lock_bh(&a->lock);
	if (nn->acquiring < WISHES_MAX && !find(a, pol, &class))
		e = add(a, pol, flow, &class, (unsigned long)life * HZ, &reason);
	if (e) {
		e->told = true;
		info = e->info;
	}
	spin_unlock_bh(&a->lock);
	if (e) {
		kick(nn);
		nfipsec_event_acquire(nn, &info);
	}
}

/*
 * Send what can be sent now, or drop it if policy says so. What still waits
 * comes back before what came meanwhile.
 */
static void retry(struct nfipsec_acquires *a, struct entry *e, s64 gen)
	__must_hold(&a->lock)
{
	struct sk_buff_head list, kept;
	const struct nfipsec_policy *pol;
	unsigned int bytes = 0;
	struct sk_buff *skb;

	__skb_queue_head_init(&list);
	__skb_queue_head_init(&kept);
	/* What comes back in by nfipsec_output() is counted anew. */
	skb_queue_walk(&e->queue, skb)
		bytes += skb->truesize;
	a->bytes -= bytes;
	bytes = 0;
	skb_queue_splice_init(&e->queue, &list);
	e->gen = gen;
	/* Before purge() can miss them, see device_gone(). */
	rcu_read_lock();
	spin_unlock_bh(&a->lock);
	while ((skb = __skb_dequeue(&list))) {
		/* Both on one CPU, which may have an SA of its own. */
		local_bh_disable();
		pol = nfipsec_output_lacks(a->nn, skb);
		if (pol && is_of(e, pol) && !device_gone(a->nn, skb)) {
			bytes += skb->truesize;
			__skb_queue_tail(&kept, skb);
		} else {
			nfipsec_output(a->nn->net, NULL, skb);
		}
		local_bh_enable();
	}
	spin_lock_bh(&a->lock);
	a->bytes += bytes;
	skb_queue_splice(&kept, &e->queue);
	rcu_read_unlock();
}

/*
 * A socket that its owner has closed has nobody to be told of errors, and
 * nobody to be slowed down. It should not keep its namespace for that long.
 */
static void forsake(struct entry *e)
{
	struct sk_buff *skb;

	skb_queue_walk(&e->queue, skb) {
		if (skb->sk && sk_fullsock(skb->sk) &&
		    sock_flag(skb->sk, SOCK_DEAD))
			skb_orphan(skb);
	}
}

/* Of an entry for a CPU: as its first packet would find it now. */
static bool still_wishes(const struct nfipsec_net *nn, const struct entry *e)
{
	struct nfipsec_verdict verdict;
	struct nfipsec_chain chain;

	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, &e->info.flow, &verdict);
	return verdict.policy && is_of(e, verdict.policy) &&
	       nfipsec_policy_chain(nn, verdict.policy, &e->info.flow,
				    e->class.cpu, &chain) &&
	       nfipsec_acquire_wishes(verdict.policy, &chain, e->class.cpu);
}

/* What is looked at of the entry is constant. */
static bool is_granted(struct nfipsec_acquires *a, struct entry *e, s64 gen)
	__must_hold(&a->lock)
{
	bool over;

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

/* Tell of an entry what could not be told when it was made. */
static void tell_late(struct nfipsec_acquires *a, struct entry *e)
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

static void remove(struct nfipsec_acquires *a, struct entry *e)
	__must_hold(&a->lock)
{
	struct sk_buff *skb;

	unlink_entry(a->nn, e);
	skb_queue_walk(&e->queue, skb)
		a->bytes -= skb->truesize;
	spin_unlock_bh(&a->lock);
	drop_all(a->nn, &e->queue, NFIPSEC_OUT_ACQUIRE_TIMEOUT);
	kfree(e);
	spin_lock_bh(&a->lock);
}

/* Returns when the entry wants to be looked at again, in jiffies from now. */
static unsigned long serve(struct nfipsec_acquires *a, struct entry *e)
	__must_hold(&a->lock)
{
	bool waited = !skb_queue_empty(&e->queue);
	/* Before the look-ups and ordered with them, see cache_get(). */
	s64 gen = atomic64_read_acquire(&a->nn->gen);
	unsigned long now = jiffies;

	if (waited && e->gen != gen && time_before(now, e->until))
		retry(a, e, gen);
	if (time_after_eq(now, e->until) || is_granted(a, e, gen) ||
	    (waited && skb_queue_empty(&e->queue))) {
		remove(a, e);
		return MAX_JIFFY_OFFSET;
	}
	if (!skb_queue_empty(&e->queue)) {
		forsake(e);
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
	unsigned long wait = MAX_JIFFY_OFFSET;
	struct entry *e, *tmp;

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
		queue_delayed_work(system_power_efficient_wq, &nn->acquire,
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
	bool found = false;
	struct entry *e;

	spin_lock_bh(&a->lock);
	list_for_each_entry(e, &a->list, node) {
		if (e->info.id <= after)
			continue;
		*info = e->info;
		info->packets = skb_queue_len(&e->queue);
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
	struct entry *e, *tmp;

	cancel_delayed_work_sync(&nn->acquire);
	unregister_netdevice_notifier_net(nn->net, &a->notifier);
	list_for_each_entry_safe(e, tmp, &a->list, node) {
		unlink_entry(nn, e);
		drop_all(nn, &e->queue, NFIPSEC_OUT_ACQUIRE_GONE);
		kfree(e);
	}
	kfree(a);
}
