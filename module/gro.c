// SPDX-License-Identifier: GPL-2.0-only
/*
 * ESP is opened where GRO meets it, before the stack receives it, as XFRM's is with
 * esp4_offload. But only where nobody is between there and our hook at PRE_ROUTING who
 * would miss the packet, have changed it, or have taken it elsewhere. Whom this cannot
 * see, before Linux 6.15, is a packet socket for IPv4 or IPv6 that is bound to no
 * device.
 *
 * Not in UDP, nor behind extension headers; and if the driver leaves the SPI with the
 * headers.
 * Without CONFIG_XFRM_OFFLOAD GRO looks at a packet again that a callback consumed, and
 * this file is not built.
 */
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/addrconf.h>
#include <net/gro.h>
#include <net/hotdata.h>
#include <net/netdev_rx_queue.h>
#include <net/rps.h>

#include "gro.h"
#include "hook.h"
#include "input.h"
#include "net.h"
#include "proto.h"

static bool gro = true;
module_param(gro, bool, 0644);
MODULE_PARM_DESC(gro, "ESP is opened by GRO where nobody else looks at it (default: on)");

/*
 * It may be for another CPU to receive. That some device has RPS, which is what the
 * key says, has to do with that of the packet only if it is the same: any namespace
 * can have it for its own, and the key stays when they are gone.
 */
#ifdef CONFIG_RPS
static bool steered(const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	const struct netdev_rx_queue *queue = dev->_rx;

	if (!static_branch_unlikely(&rps_needed))
		return false;
	if (skb_rx_queue_recorded(skb)) {
		u16 index = skb_get_rx_queue(skb);

		/* It is the stack that has words about such a one. */
		if (index >= READ_ONCE(dev->real_num_rx_queues))
			return true;
		queue += index;
	}
	return rcu_access_pointer(queue->rps_map) ||
	       READ_ONCE(queue->rps_flow_table);
}
#else
static bool steered(const struct sk_buff *skb)
{
	return false;
}
#endif

static bool has_ingress_rules(const struct net_device *dev)
{
#if IS_ENABLED(CONFIG_NET_XGRESS) || IS_ENABLED(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->tcx_ingress))
		return true;
#endif
#ifdef CONFIG_NETFILTER_INGRESS
	if (rcu_access_pointer(dev->nf_hooks_ingress))
		return true;
#endif
	return false;
}

/* Bridges, bonds, VRFs and the like receive it as another device's. */
static bool is_part_of_another(const struct net_device *dev)
{
	return rcu_access_pointer(dev->rx_handler) || netif_is_l3_slave(dev) ||
	       netif_is_l3_master(dev);
}

static bool is_among(const struct list_head *handlers, __be16 protocol)
{
	const struct packet_type *pt;

	list_for_each_entry_rcu(pt, handlers, list)
		if (pt->type == protocol)
			return true;
	return false;
}

static bool has_packet_socket(const struct net *net,
			      const struct net_device *dev, __be16 protocol)
{
	return dev_nit_active_rcu(dev) ||
	       is_among(&dev->ptype_specific, protocol) ||
	       is_among(net_ptype_specific(net, dev), protocol);
}

/* What the stack would not hand on to a hook. */
static bool is_refused(const struct sk_buff *skb, u8 family)
{
	const struct in6_addr *saddr = &ipv6_hdr(skb)->saddr;
	const struct inet6_dev *idev;

	if (family == AF_INET)
		return false;
	idev = __in6_dev_get(skb->dev);
	return !idev || READ_ONCE(idev->cnf.disable_ipv6) ||
	       ipv6_addr_is_multicast(saddr) || ipv6_addr_loopback(saddr) ||
	       ipv6_addr_loopback(&ipv6_hdr(skb)->daddr);
}

/*
 * Behind the link's header, not of a VLAN and in no tunnel. For whom it is by that
 * header is not known yet of what a driver gave as pages: it has no linear part.
 */
static bool is_for_host(const struct sk_buff *skb, u8 family)
{
	unsigned int hlen = family == AF_INET ? sizeof(struct iphdr) :
						sizeof(struct ipv6hdr);

	return skb->pkt_type == PACKET_HOST &&
	       skb_headlen(skb) >= hlen + sizeof(struct nfipsec_esp_hdr) &&
	       skb_gro_offset(skb) == hlen &&
	       !skb_vlan_tag_present(skb) && !skb_dst(skb);
}

/* Nobody but us would have to do with it until it has come to our hook. */
static bool ours_alone(struct net *net, const struct sk_buff *skb, u8 family)
{
	struct net_device *dev = skb->dev;

	return is_for_host(skb, family) && !(dev->flags & IFF_LOOPBACK) &&
	       !steered(skb) && !is_part_of_another(dev) &&
	       !has_ingress_rules(dev) &&
	       !has_packet_socket(net, dev, skb->protocol) &&
	       nfipsec_hook_alone(net, family) && !is_refused(skb, family);
}

/* Of what stands by its protocol where GRO looks; else neither. */
static u8 family_of(const struct sk_buff *skb)
{
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		return AF_INET;
	case htons(ETH_P_IPV6):
		return AF_INET6;
	default:
		return AF_UNSPEC;
	}
}

/**
 * nfipsec_gro_receive() - open ESP that a device's NAPI received
 * @head: packets that GRO holds; none of them is ESP
 * @skb: packet, its data starting with its IP header, GRO's offset behind that
 *
 * As callback of GRO's for a protocol, of IPv4 and of IPv6.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: an error that tells GRO that the packet is consumed, or NULL: it goes on as
 * it came.
 */
struct sk_buff *nfipsec_gro_receive(struct list_head *head, struct sk_buff *skb)
{
	struct net *net = dev_net(skb->dev);
	u8 family = family_of(skb);

	/* What is nfipsec's of a namespace is there as long as its hooks are. */
	if (READ_ONCE(gro) && family && ours_alone(net, skb, family) &&
	    nfipsec_input_early(nfipsec_net_rcu(net), skb, family))
		return ERR_PTR(-EINPROGRESS);
	NAPI_GRO_CB(skb)->same_flow = 0;
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}
