// SPDX-License-Identifier: GPL-2.0-only
/*
 * See meta.h. Interfaces are those that have links: of a VRF, its member, never
 * the VRF's own device, through which the stack takes packets a second time.
 */
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/l3mdev.h>

#include "meta.h"
#include "selector.h"

/*
 * Behind a VRF, skb_iif is the VRF's and the member stands in the control block.
 * A packet that was made here has no skb_iif, nor has what a tunnel device put
 * another packet into; see post_routing() for one that forgets to.
 */
static u32 came_by(const struct sk_buff *skb, u8 family)
{
	int member;

	if (!skb->skb_iif)
		return 0;
	member = family == AF_INET ? inet_sdif(skb) : inet6_sdif(skb);
	return member ?: skb->skb_iif;
}

static u32 vrf_of(const struct net_device *dev)
{
	return netif_is_l3_slave(dev) || netif_is_l3_master(dev) ?
	       l3mdev_master_ifindex_rcu(dev) : 0;
}

/**
 * nfipsec_meta_in() - what is known of a packet that came in
 * @skb: packet at a hook of the way in, its control block that of @family
 * @family: AF_INET or AF_INET6
 * @meta: written whole
 *
 * What comes out of an SA is still that packet, as it is for the hooks that see
 * it then: it has the interface, the VRF and the mark that it had.
 *
 * Context: under rcu_read_lock().
 */
void nfipsec_meta_in(const struct sk_buff *skb, u8 family,
		     struct nfipsec_meta *meta)
{
	meta->iif = came_by(skb, family);
	meta->oif = 0;
	meta->vrf = vrf_of(skb->dev);
	meta->mark = skb->mark;
}

/**
 * nfipsec_meta_out() - what is known of a packet that leaves
 * @skb: packet that has come to POST_ROUTING, its control block that of @family
 * @family: AF_INET or AF_INET6
 * @meta: written whole
 *
 * Context: under rcu_read_lock().
 */
void nfipsec_meta_out(const struct sk_buff *skb, u8 family,
		      struct nfipsec_meta *meta)
{
	meta->iif = came_by(skb, family);
	meta->oif = skb->dev->ifindex;
	meta->vrf = vrf_of(skb->dev);
	meta->mark = skb->mark;
}
