// SPDX-License-Identifier: GPL-2.0-only
/*
 * An opened packet is received again out of a queue of its CPU, by NAPI: so many
 * go up the stack together, and those of a TCP connection, which nobody could tell
 * from others as long as they were encrypted, are merged by GRO here.
 *
 * Only those: of some protocols GRO does more. XFRM opens ESP in there, and ESP in
 * UDP, and what it finds would go on with our tag, as if we had judged it.
 *
 * Packets in a queue have a device, to which they hold no reference. They are freed
 * when it goes, as those in the kernel's own backlog are. GRO holds none: each poll
 * completes, which flushes it, and polls run in what RCU waits for when a device
 * goes.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/hotdata.h>

#include "deliver.h"
#include "drop.h"
#include "net.h"

/**
 * struct cell - queue of a CPU
 * @napi: empties it; polled on another CPU only if its own went away
 * @queue: packets as nfipsec_deliver() is given them; its lock protects it, taken
 *	with bottom halves off
 */
struct cell {
	struct napi_struct napi;
	struct sk_buff_head queue;
};

static struct cell __percpu *cells;
/* Has no packets of its own: NAPI wants one. */
static struct net_device *napi_dev;

static unsigned int take(struct cell *cell, struct sk_buff_head *batch,
			 unsigned int max)
{
	unsigned int n;

	spin_lock(&cell->queue.lock);
	n = skb_queue_len(&cell->queue);
	if (likely(n <= max))
		skb_queue_splice_init(&cell->queue, batch);
	else
		for (n = 0; n < max; n++)
			__skb_queue_tail(batch, __skb_dequeue(&cell->queue));
	spin_unlock(&cell->queue.lock);
	return n;
}

static bool is_tcp(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ip_hdr(skb)->protocol == IPPROTO_TCP;
	return ipv6_hdr(skb)->nexthdr == NEXTHDR_TCP;
}

static int poll(struct napi_struct *napi, int budget)
{
	struct cell *cell = container_of(napi, struct cell, napi);
	struct sk_buff_head batch;
	struct sk_buff *skb;
	LIST_HEAD(others);
	unsigned int n;

	/* Not for netpoll. */
	if (budget < 1)
		return 0;
	__skb_queue_head_init(&batch);
	/* Who uses up the budget may not complete. */
	n = take(cell, &batch, max(budget - 1, 1));
	while ((skb = __skb_dequeue(&batch))) {
		if (is_tcp(skb))
			napi_gro_receive(napi, skb);
		/* Alone, it has nothing from a list but the making of it. */
		else if (n == 1)
			netif_receive_skb(skb);
		else
			list_add_tail(&skb->list, &others);
	}
	if (!list_empty(&others))
		netif_receive_skb_list(&others);
	napi_complete_done(napi, n);
	if (!skb_queue_empty_lockless(&cell->queue))
		napi_schedule(napi);
	return min_t(int, n, budget - 1);
}

/**
 * nfipsec_deliver() - receive a packet once more
 * @nn: namespace
 * @skb: packet, starting with its IP header, which is there as a whole, with
 *	device and protocol; consumed
 *
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: false if it was dropped, and counted: the queue was full, or the device is
 * down.
 */
bool nfipsec_deliver(const struct nfipsec_net *nn, struct sk_buff *skb)
{
	struct cell *cell = this_cpu_ptr(cells);
	bool room;
	u32 len;

	/* GRO moves its bytes into other packets. */
	if (skb_cloned(skb)) {
		if (netif_rx(skb) != NET_RX_DROP)
			return true;
		/* It has freed the packet itself. */
		nfipsec_count(nn, NFIPSEC_IN_BACKLOG);
		return false;
	}

	spin_lock(&cell->queue.lock);
	len = skb_queue_len(&cell->queue);
	room = len < (u32)READ_ONCE(net_hotdata.max_backlog) &&
	       netif_running(skb->dev);
	if (room)
		__skb_queue_tail(&cell->queue, skb);
	spin_unlock(&cell->queue.lock);

	if (!room)
		nfipsec_drop(nn, skb, NFIPSEC_IN_BACKLOG);
	else if (!len)
		napi_schedule(&cell->napi);
	return room;
}

/* Those of a device, by which none comes any more. */
static void purge(const struct nfipsec_net *nn, const struct net_device *dev)
{
	struct sk_buff_head gone;
	struct sk_buff *skb, *tmp;
	int cpu;

	__skb_queue_head_init(&gone);
	for_each_possible_cpu(cpu) {
		struct cell *cell = per_cpu_ptr(cells, cpu);

		spin_lock_bh(&cell->queue.lock);
		skb_queue_walk_safe(&cell->queue, skb, tmp) {
			if (skb->dev != dev)
				continue;
			__skb_unlink(skb, &cell->queue);
			__skb_queue_tail(&gone, skb);
		}
		spin_unlock_bh(&cell->queue.lock);
	}
	while ((skb = __skb_dequeue(&gone)))
		nfipsec_drop(nn, skb, NFIPSEC_IN_BACKLOG);
}

static int device_event(struct notifier_block *nb, unsigned long event,
			void *ptr)
{
	if (event == NETDEV_UNREGISTER)
		purge(container_of(nb, struct nfipsec_net, deliver),
		      netdev_notifier_info_to_dev(ptr));
	return NOTIFY_DONE;
}

/**
 * nfipsec_deliver_init_net() - begin to look after the packets of a namespace
 * @nn: the namespace, being set up
 *
 * Context: process.
 * Return: 0 or an error.
 */
int nfipsec_deliver_init_net(struct nfipsec_net *nn)
{
	nn->deliver.notifier_call = device_event;
	return register_netdevice_notifier_net(nn->net, &nn->deliver);
}

/**
 * nfipsec_deliver_exit_net() - free the packets of a namespace
 * @nn: the namespace, of which no hook runs any more
 *
 * Context: process.
 */
void nfipsec_deliver_exit_net(struct nfipsec_net *nn)
{
	/* It is told that all devices go. */
	unregister_netdevice_notifier_net(nn->net, &nn->deliver);
}

/**
 * nfipsec_deliver_init() - make the queues
 *
 * Context: process, module init.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_deliver_init(void)
{
	int cpu;

	cells = alloc_percpu(struct cell);
	if (!cells)
		return -ENOMEM;
	napi_dev = alloc_netdev_dummy(0);
	if (!napi_dev) {
		free_percpu(cells);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu) {
		struct cell *cell = per_cpu_ptr(cells, cpu);

		skb_queue_head_init(&cell->queue);
		/* Then a poll would not complete. */
		set_bit(NAPI_STATE_NO_BUSY_POLL, &cell->napi.state);
		netif_napi_add(napi_dev, &cell->napi, poll);
		napi_enable(&cell->napi);
	}
	return 0;
}

/**
 * nfipsec_deliver_exit() - free the queues
 *
 * Context: process; all namespaces are left, so that the queues are empty.
 */
void nfipsec_deliver_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct cell *cell = per_cpu_ptr(cells, cpu);

		napi_disable(&cell->napi);
		netif_napi_del(&cell->napi);
		WARN_ON_ONCE(!skb_queue_empty(&cell->queue));
	}
	free_netdev(napi_dev);
	free_percpu(cells);
}
