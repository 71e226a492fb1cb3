// SPDX-License-Identifier: GPL-2.0-only
/* See reinject.h. */
#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/addrconf.h>
#include <net/dst_cache.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "deliver.h"
#include "drop.h"
#include "net.h"
#include "reinject.h"
#include "route.h"
#include "tag.h"

/* For so long a route is taken that nothing has changed. */
#define ROUTE_AGE	(5 * HZ)

/*
 * Not ip_route_output_flow(), which would ask XFRM's policies. One CPU at a time for
 * some hosts: of two that make the entry of a route's exception at once the kernel puts
 * one's away when the other is done, and it may have a packet by then. How long it
 * takes is up to the rules of the namespace, and so others do not wait.
 */
static struct rtable *ask_ipv4(struct net *net, struct flowi4 *fl4)
{
	u32 hash = hash_32((__force u32)fl4->daddr, NFIPSEC_ROUTE_LOCK_BITS);
	spinlock_t *lock = &nfipsec_net_rcu(net)->route_locks[hash];
	struct rtable *rt;

	spin_lock_bh(lock);
	rt = __ip_route_output_key(net, fl4);
	spin_unlock_bh(lock);
	return rt;
}

static struct dst_entry *route_ipv4(struct net *net, struct nfipsec_sa *sa)
{
	struct flowi4 fl4 = {
		.daddr = sa->key.daddr.ip,
		.saddr = sa->saddr.ip,
		.flowi4_proto = sa->encap.type ? IPPROTO_UDP : sa->key.proto,
		.fl4_sport = sa->encap.sport,
		.fl4_dport = sa->encap.dport,
	};
	struct rtable *rt;

	rt = ask_ipv4(net, &fl4);
	if (IS_ERR(rt))
		return NULL;
	dst_cache_set_ip4(&sa->dst_cache, &rt->dst, fl4.saddr);
	return &rt->dst;
}

/*
 * An address of a link, or of a group, is one on each link: that one is meant
 * which has the SA's own address. 0 if none has it that leads to others, or the
 * peer's is enough.
 */
static int peers_link(struct net *net, const struct nfipsec_sa *sa)
{
	const struct net_device *dev;

	if (!rt6_need_strict(&sa->key.daddr.in6))
		return 0;
	dev = ipv6_dev_find(net, &sa->saddr.in6, NULL);
	if (!dev || dev->flags & IFF_LOOPBACK)
		return 0;
	/* A dummy knows no groups. Nor do tunnels, which are of another type. */
	if (dev->type == ARPHRD_ETHER && !(dev->flags & IFF_MULTICAST))
		return 0;
	return dev->ifindex;
}

static struct dst_entry *route_ipv6(struct net *net, struct nfipsec_sa *sa)
{
	int link = peers_link(net, sa);
	struct flowi6 fl6 = {
		.flowi6_oif = link,
		.daddr = sa->key.daddr.in6,
		.saddr = sa->saddr.in6,
		.flowi6_proto = sa->encap.type ? IPPROTO_UDP : sa->key.proto,
		.fl6_sport = sa->encap.sport,
		.fl6_dport = sa->encap.dport,
	};
	struct dst_entry *dst;

	dst = nfipsec_route6(net, &fl6);
	if (!dst)
		return NULL;
	/* When an address comes to a link, routes to groups do not change. */
	if (link || !rt6_need_strict(&sa->key.daddr.in6))
		dst_cache_set_ip6(&sa->dst_cache, dst, &fl6.saddr);
	return dst;
}

/*
 * Of gateways of one metric the stack takes one that answers, and no route changes when
 * it does not any more: whoever asks by a socket is told, an SA has to ask by itself.
 *
 * What is put into the cache in the tick of dst_cache_reset() is not taken out of it
 * again: until the next one each packet would ask.
 */
static void ask_again(struct nfipsec_sa *sa)
{
	unsigned long now = jiffies;

	if (time_after(now, READ_ONCE(sa->dst_cache.reset_ts) + ROUTE_AGE))
		WRITE_ONCE(sa->dst_cache.reset_ts, now - 1);
}

/**
 * nfipsec_reinject_route() - the route to a tunnel's peer
 * @net: namespace
 * @sa: SA of tunnel mode
 *
 * Marks of packets are for where these go, and do not choose the way to the peer, from
 * an address that may be good for one of several; so it is with XFRM.
 *
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: a route, its reference the caller's, or NULL.
 */
struct dst_entry *nfipsec_reinject_route(struct net *net,
					 struct nfipsec_sa *sa)
{
	struct dst_entry *dst;

	ask_again(sa);
	dst = dst_cache_get(&sa->dst_cache);
	if (dst)
		return dst;
	return sa->key.family == AF_INET ? route_ipv4(net, sa) :
					   route_ipv6(net, sa);
}

static struct dst_entry *again_ipv4(struct net *net, const struct sk_buff *skb,
				    int vrf)
{
	const struct iphdr *iph = ip_hdr(skb);
	bool to_many = ipv4_is_multicast(iph->daddr) ||
		       ipv4_is_lbcast(iph->daddr);
	struct flowi4 fl4 = {
		.daddr = iph->daddr,
		.saddr = iph->saddr,
		.flowi4_proto = iph->protocol,
		.flowi4_mark = skb->mark,
		.flowi4_l3mdev = vrf,
		.flowi4_oif = to_many ? skb->dev->ifindex : 0,
		/* It may be one that was forwarded. */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *rt = ask_ipv4(net, &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *again_ipv6(struct net *net, const struct sk_buff *skb,
				    int vrf)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct flowi6 fl6 = {
		.daddr = ip6h->daddr,
		.saddr = ip6h->saddr,
		.flowi6_proto = ip6h->nexthdr,
		.flowi6_mark = skb->mark,
		.flowi6_l3mdev = vrf,
		.flowi6_oif = rt6_need_strict(&ip6h->daddr) ?
			      skb->dev->ifindex : 0,
		.flowlabel = ip6_flowinfo(ip6h),
	};

	return nfipsec_route6(net, &fl6);
}

/**
 * nfipsec_reinject_again() - another route for a packet whose own is dead
 * @net: namespace
 * @skb: packet at POST_ROUTING, with its route and the device of that, starting with its
 *	IP header; stays the caller's
 * @family: of the header
 *
 * The dead one does not tell of its link or VRF any more, and the packet's socket may be
 * that of another packet which is inside: its device and its header are asked.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: false if there is none that leaves the host; nothing is changed.
 */
bool nfipsec_reinject_again(struct net *net, struct sk_buff *skb, u8 family)
{
	int vrf = l3mdev_master_ifindex_rcu(skb->dev);
	struct net_device *dev;
	struct dst_entry *dst;

	dst = family == AF_INET ? again_ipv4(net, skb, vrf) :
				  again_ipv6(net, skb, vrf);
	if (!dst)
		return false;
	/* A dead one's is of loopback too; what is local to a VRF has that's. */
	dev = READ_ONCE(dst->dev);
	if (dev->flags & IFF_LOOPBACK || netif_is_l3_master(dev)) {
		dst_release(dst);
		return false;
	}
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	skb->dev = dev;
	return true;
}

/*
 * Whom the stack asks whether what goes to a group comes back. That of an answer to a
 * SYN is not a whole socket and cannot be asked; none is sent to a group, but an SA's
 * other end may be one.
 */
static struct sock *sender(struct sock *sk, const struct sk_buff *skb,
			   u8 family)
{
	if (!sk || likely(sk_fullsock(sk)))
		return sk;
	if (family == AF_INET ? ipv4_is_multicast(ip_hdr(skb)->daddr) :
				ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr))
		return NULL;
	return sk;
}

/**
 * nfipsec_reinject_out() - send a sealed packet
 * @net: namespace
 * @sk: who sent what is in it, as the stack said, or NULL. Rules that have the packet
 *	routed again do so for this one, and programs of a cgroup are asked if it is
 *	also the packet's own, which that in a tunnel device's packet is not.
 * @skb: packet with its route, starting with its outer IP header; consumed
 * @sealed: what it is
 *
 * It goes through LOCAL_OUT and POST_ROUTING as a packet of this host, marked
 * as transformed, which keeps it from being looked at twice.
 * Context: process or softirq.
 * Return: what the stack says, 0 or an error.
 */
int nfipsec_reinject_out(struct net *net, struct sock *sk, struct sk_buff *skb,
			 const struct nfipsec_sealed *sealed)
{
	u8 family = sealed->family;
	int ret;

	nf_reset_ct(skb);
	/*
	 * It came by no port of a bridge, and XFRM has not opened it: that was what is in
	 * it. No link's header is.
	 */
	skb_ext_reset(skb);
	skb_reset_mac_header(skb);
	skb->mac_len = 0;
	/* What XDP has said stood in front of a header that has moved. */
	skb_metadata_clear(skb);
	/* Without DF, the outer packet may be fragmented. */
	skb->ignore_df = !sealed->df;

	if (family == AF_INET) {
		if (sealed->tunnel)
			memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
		IPCB(skb)->frag_max_size = 0;
		/* The packet in it was there, once for each way it takes. */
		IPCB(skb)->flags &= ~IPSKB_MCROUTE;
		IPCB(skb)->flags |= IPSKB_XFRM_TRANSFORMED;
		/* What is forwarded goes by the MTU of the device. */
		if (sealed->shared)
			IPCB(skb)->flags |= IPSKB_FORWARDED;
		ret = ip_local_out(net, sender(sk, skb, family), skb);
	} else {
		if (sealed->tunnel)
			memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		/*
		 * It may take another route than the one that has learned it, too. What
		 * is in a train fits, and its length is not that of a packet.
		 */
		IP6CB(skb)->frag_max_size =
			!skb_is_gso(skb) && sealed->path < dst_mtu(skb_dst(skb)) ?
			sealed->path : 0;
		/* Cut out of one that was that; what is may be of any length. */
		IP6CB(skb)->flags &= ~(IP6SKB_FAKEJUMBO | IP6SKB_MCROUTE);
		IP6CB(skb)->flags |= IP6SKB_XFRM_TRANSFORMED;
		ret = ip6_local_out(net, sender(sk, skb, family), skb);
	}
	/* Not with a call for its argument: it is a macro that repeats it. */
	return net_xmit_eval(ret);
}

/*
 * Behind a VRF the device is the VRF's, and the stack would take the packet for
 * one that came by no member of it. False if the member is gone. Segment routing
 * puts packets into a VRF that did come by none: that is no way back.
 */
static bool back_to_member(const struct nfipsec_net *nn, struct sk_buff *skb,
			   u32 iif)
{
	struct net_device *dev;

	if (!netif_is_l3_master(skb->dev) || iif == skb->dev->ifindex)
		return true;
	dev = dev_get_by_index_rcu(nn->net, iif);
	if (dev && l3mdev_master_ifindex_rcu(dev) == skb->dev->ifindex)
		skb->dev = dev;
	return dev;
}

/* The link's header again, if there is one: a VRF may have none to show. */
static void rebuild_mac_header(struct sk_buff *skb)
{
	if (!skb_mac_header_was_set(skb)) {
		skb_reset_mac_header(skb);
		skb->mac_len = 0;
		return;
	}
	skb_mac_header_rebuild(skb);
	if (skb->mac_len != ETH_HLEN)
		return;
	eth_hdr(skb)->h_proto = skb->protocol;
	/* Of what is for all on the link, macvlans of other namespaces get a copy. */
	if (is_multicast_ether_addr(eth_hdr(skb)->h_dest) &&
	    skb->dev->addr_len == ETH_ALEN)
		ether_addr_copy(eth_hdr(skb)->h_dest, skb->dev->dev_addr);
}

/**
 * nfipsec_reinject_in() - receive an opened and accepted packet
 * @nn: namespace
 * @skb: packet, starting with its IP header, its protocol set; consumed
 * @iif: index of the interface that it came in by, nfipsec_meta.iif
 *
 * It is received again on the device it came from, tagged as protected, and
 * meets all hooks as a packet of its own.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: false if the receive queue was full, or the interface is down or gone.
 */
bool nfipsec_reinject_in(const struct nfipsec_net *nn, struct sk_buff *skb,
			 u32 iif)
{
	if (!back_to_member(nn, skb, iif)) {
		nfipsec_drop(nn, skb, NFIPSEC_IN_BACKLOG);
		return false;
	}
	skb_reset_transport_header(skb);
	rebuild_mac_header(skb);

	nf_reset_ct(skb);
	/*
	 * What came by a bridge port is now received by the bridge itself, and what XFRM
	 * knows is of the packet around this one.
	 */
	skb_ext_reset(skb);
	/* What XDP has said stood in front of a header that has moved. */
	skb_metadata_clear(skb);
	nfipsec_tag_set(nn, skb);
	skb_orphan(skb);
	skb_clear_hash(skb);
	/* It was of the packet around it, which may have come in fragments. */
	skb->ignore_df = 0;
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum_level = 0;
	skb->encapsulation = 0;
	skb->pkt_type = PACKET_HOST;

	if (!nfipsec_deliver(nn, skb))
		return false;
	nfipsec_count(nn, NFIPSEC_IN_OK);
	return true;
}

/**
 * nfipsec_reinject_back() - give a packet back to the stack
 * @nn: namespace
 * @skb: packet that came in, starting with its IP header, cut out of a larger
 *	one; consumed
 * @iif: index of the interface that it came in by, nfipsec_meta.iif
 *
 * It is received again as if it had come by itself.
 * Context: under rcu_read_lock(), process or softirq.
 */
void nfipsec_reinject_back(const struct nfipsec_net *nn, struct sk_buff *skb,
			   u32 iif)
{
	if (!back_to_member(nn, skb, iif)) {
		nfipsec_drop(nn, skb, NFIPSEC_IN_BACKLOG);
		return;
	}
	skb_dst_drop(skb);
	nf_reset_ct(skb);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	skb_ext_del(skb, SKB_EXT_BRIDGE_NF);
#endif
	if (netif_rx(skb) == NET_RX_DROP)
		nfipsec_count(nn, NFIPSEC_IN_BACKLOG);
}
