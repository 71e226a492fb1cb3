// SPDX-License-Identifier: GPL-2.0-only
/* See natt.h. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "drop.h"
#include "event.h"
#include "flow.h"
#include "natt.h"
#include "net.h"
#include "proto.h"
#include "reinject.h"
#include "udp.h"

/**
 * nfipsec_natt_split() - cut a UDP super-packet to the datagrams in it
 * @nn: the namespace
 * @skb: GSO packet that came in, starting with its IP header; consumed
 *
 * Context: process or softirq.
 * Return: a list of packets as @skb was, the caller's; NULL if it was dropped.
 */
struct sk_buff *nfipsec_natt_split(const struct nfipsec_net *nn,
				   struct sk_buff *skb)
{
	struct sk_buff *segs, *seg;

	/* Each datagram gets a link layer header of its own. */
	if (!skb_mac_header_was_set(skb))
		skb_reset_mac_header(skb);
	skb_push(skb, -skb_mac_offset(skb));
	segs = __skb_gso_segment(skb, 0, false);
	if (IS_ERR_OR_NULL(segs)) {
		nfipsec_drop(nn, skb, segs == ERR_PTR(-ENOMEM) ?
				      NFIPSEC_IN_NOMEM : NFIPSEC_IN_GSO);
		return NULL;
	}
	consume_skb(skb);
	for (seg = segs; seg; seg = seg->next)
		__skb_pull(seg, skb_network_offset(seg));
	return segs;
}

/* A peer that stays where user space has been told that it is. */
#define TELL_AGAIN	(15 * HZ)

/* Is the peer still where it was, as far as the SA minds? */
static bool is_at(const struct nfipsec_sa *sa, const struct nfipsec_mapping *was,
		  const struct nfipsec_mapping *now)
{
	return (!sa->encap.sport || was->port == now->port) &&
	       nfipsec_addr_equal(&was->addr, &now->addr);
}

/* Not too soon; and not that again, but after a while: it may not have been heard. */
static bool to_be_told(const struct nfipsec_sa *sa,
		       const struct nfipsec_mapping *now)
{
	bool told = sa->moved.port && is_at(sa, &sa->moved, now);

	return time_after_eq64(get_jiffies_64(),
			       sa->moved_next + (told ? TELL_AGAIN : 0));
}

/**
 * nfipsec_natt_seen() - mind where an authenticated packet came from
 * @nn: the namespace
 * @sa: SA it came through
 * @outer: its outer addresses and ports
 *
 * What the SA says is not changed: whoever can hold packets up and send them
 * on from elsewhere could have traffic sent there. The IKE daemon is told, and
 * finds out (RFC 7296 section 2.23). If the SA expects any port, as one of
 * several whose ports the peer makes up (RFC 9611), only an address is told.
 * Context: bottom halves off, under rcu_read_lock().
 */
void nfipsec_natt_seen(const struct nfipsec_net *nn, struct nfipsec_sa *sa,
		       const struct nfipsec_flow *outer)
{
	struct nfipsec_mapping now = {
		.addr = outer->saddr,
		.port = htons(outer->sport),
	};
	struct nfipsec_mapping said = {
		.addr = sa->saddr,
		.port = sa->encap.sport,
	};
	bool same = is_at(sa, &said, &now);
	bool tell = false;

	if (!sa->encap.type || (same && !READ_ONCE(sa->moved.port)))
		return;

	spin_lock(&sa->core->replay_lock);
	if (same) {
		WRITE_ONCE(sa->moved.port, 0);
	} else if (to_be_told(sa, &now)) {
		sa->moved.addr = now.addr;
		WRITE_ONCE(sa->moved.port, now.port);
		sa->moved_next = get_jiffies_64() + HZ;
		tell = true;
	}
	spin_unlock(&sa->core->replay_lock);
	if (tell)
		nfipsec_event_mapping(nn, sa, &now);
}

/* The IP header of a keepalive; length and IPv4 checksum are set on sending. */
static void push_ip(const struct nfipsec_sa *sa, struct sk_buff *skb,
		    struct dst_entry *dst)
{
	struct ipv6hdr *ip6;
	struct iphdr *iph;

	if (sa->key.family == AF_INET) {
		iph = skb_push(skb, sizeof(*iph));
		memset(iph, 0, sizeof(*iph));
		iph->version = 4;
		iph->ihl = sizeof(*iph) / 4;
		iph->ttl = ip4_dst_hoplimit(dst);
		iph->protocol = IPPROTO_UDP;
		iph->saddr = sa->saddr.ip;
		iph->daddr = sa->key.daddr.ip;
		skb->protocol = htons(ETH_P_IP);
	} else {
		ip6 = skb_push(skb, sizeof(*ip6));
		ip6_flow_hdr(ip6, 0, 0);
		ip6->nexthdr = IPPROTO_UDP;
		ip6->hop_limit = ip6_dst_hoplimit(dst);
		ip6->saddr = sa->saddr.in6;
		ip6->daddr = sa->key.daddr.in6;
		skb->protocol = htons(ETH_P_IPV6);
	}
	skb_reset_network_header(skb);
}

static void send_keepalive(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	unsigned int hlen = sizeof(struct ipv6hdr) + sizeof(struct udphdr);
	struct nfipsec_sealed sealed = {
		.family = sa->key.family,
		.tunnel = true,
	};
	struct dst_entry *dst;
	struct udphdr *uh;
	struct sk_buff *skb;

	skb = alloc_skb(LL_MAX_HEADER + hlen + 1, GFP_ATOMIC);
	if (!skb)
		return;
	dst = nfipsec_reinject_route(nn->net, sa);
	if (!dst) {
		kfree_skb(skb);
		return;
	}
	skb_dst_set(skb, dst);
	skb->dev = dst->dev;
	skb_reserve(skb, LL_MAX_HEADER + hlen);
	*(u8 *)skb_put(skb, 1) = NFIPSEC_NATT_KEEPALIVE_BYTE;

	uh = skb_push(skb, sizeof(*uh));
	skb_reset_transport_header(skb);
	nfipsec_udp_push(sa, skb);
	push_ip(sa, skb, dst);
	if (sa->key.family == AF_INET)
		ip_select_ident(nn->net, skb, NULL);
	nfipsec_udp_finish(sa, skb);

	nfipsec_count(nn, NFIPSEC_OUT_KEEPALIVE);
	nfipsec_reinject_out(nn->net, NULL, skb, &sealed);
}

/* SAs that are looked at before others get the config lock. */
#define AT_A_TIME	64

/* Between two looks at all of them: each SA has a second of its own. */
#define PAUSE		(HZ / 4)

/* Some of those not looked at yet, which join the others; when one is due next. */
static unsigned long look_at_some(struct nfipsec_net *nn,
				  struct list_head *left, unsigned long next)
{
	unsigned int n = AT_A_TIME;
	struct nfipsec_sa *sa;
	unsigned long due;

	while (n-- && !list_empty(left)) {
		sa = list_first_entry(left, struct nfipsec_sa, keepalive_node);
		list_move_tail(&sa->keepalive_node, &nn->udpsa.keepalive);
		due = READ_ONCE(sa->last_sent) + sa->encap.keepalive * HZ;
		if (time_after_eq(jiffies, due)) {
			/* As a packet of this SA, which would have done too. */
			nfipsec_sa_sent(sa);
			rcu_read_lock();
			local_bh_disable();
			send_keepalive(nn, sa);
			local_bh_enable();
			rcu_read_unlock();
			due = jiffies + sa->encap.keepalive * HZ;
		}
		if (time_before(due, next))
			next = due;
		cond_resched();
	}
	return next;
}

/* One look at all SAs that want keepalives; come back when the next is due. */
static void keepalive_work(struct work_struct *work)
{
	struct nfipsec_udpsa *u = container_of(to_delayed_work(work),
					       struct nfipsec_udpsa, work);
	struct nfipsec_net *nn = container_of(u, struct nfipsec_net, udpsa);
	unsigned long next = jiffies + MAX_JIFFY_OFFSET;
	bool more = true;
	LIST_HEAD(left);

	mutex_lock(&nn->lock);
	list_splice_init(&u->keepalive, &left);
	mutex_unlock(&nn->lock);
	while (more) {
		/* SAs go meanwhile, from whichever list they are in. */
		mutex_lock(&nn->lock);
		next = look_at_some(nn, &left, next);
		more = !list_empty(&left);
		if (!more && !list_empty(&u->keepalive))
			nfipsec_udpsa_arm(nn, time_after(next, jiffies + PAUSE) ?
					      next : jiffies + PAUSE);
		mutex_unlock(&nn->lock);
	}
}

/**
 * nfipsec_natt_init() - prepare a namespace
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process context.
 */
void nfipsec_natt_init(struct nfipsec_net *nn)
{
	nfipsec_udpsa_init(nn, keepalive_work);
}

/**
 * nfipsec_natt_exit() - send no further keepalive
 * @nn: the namespace, no request can reach it any more
 *
 * Context: process context, sleeps; not under nn->lock, which the work takes.
 */
void nfipsec_natt_exit(struct nfipsec_net *nn)
{
	cancel_delayed_work_sync(&nn->udpsa.work);
}
