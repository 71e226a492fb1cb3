/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom is a packet for, and who else may have SAs for it? */
#ifndef NFIPSEC_LOCAL_H
#define NFIPSEC_LOCAL_H

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <net/addrconf.h>
#include <net/l3mdev.h>
#include <net/route.h>

#include "flow.h"

/**
 * nfipsec_to_group() - is a packet for a group?
 * @flow: the packet
 *
 * Context: any.
 * Return: whether its destination is a multicast address.
 */
static inline bool nfipsec_to_group(const struct nfipsec_flow *flow)
{
	return nfipsec_addr_is_group(&flow->daddr, flow->family);
}

/*
 * Among the addresses of a VRF's members and of the VRF itself, or of all others.
 * Under rcu_read_lock().
 */
static inline bool nfipsec_is_local6(struct net *net,
				     const struct in6_addr *addr, u32 vrf)
{
	struct net_device *dev = NULL;

	/* It is about tables that are not there with ipv6.disable=1. */
	if (unlikely(!ipv6_mod_enabled()))
		return false;
	if (unlikely(vrf)) {
		dev = dev_get_by_index_rcu(net, vrf);
		if (!dev)
			return false;
	}
	/* The device says which VRF, and not that the address is its own. */
	return ipv6_chk_addr_and_flags(net, addr, dev, true, 0,
				       IFA_F_TENTATIVE);
}

/**
 * nfipsec_to_local() - is a packet for this host?
 * @net: where
 * @flow: the packet
 *
 * Context: under rcu_read_lock().
 * Return: whether its destination is a unicast address of the namespace, of the
 * VRF that it came by or of none. For IPv6 these are addresses of interfaces:
 * routes of type local and anycast addresses are not known here.
 */
static inline bool nfipsec_to_local(struct net *net,
				    const struct nfipsec_flow *flow)
{
	u32 vrf = flow->meta.vrf;

	if (flow->family == AF_INET6)
		return nfipsec_is_local6(net, &flow->daddr.in6, vrf);
	if (likely(!vrf))
		return inet_addr_type(net, flow->daddr.ip) == RTN_LOCAL;
	return inet_addr_type_table(net, flow->daddr.ip,
				    l3mdev_fib_table_by_index(net, vrf)) ==
	       RTN_LOCAL;
}

/**
 * nfipsec_xfrm_in_use() - does XFRM have SAs?
 * @net: where
 *
 * An SPI that we do not know may be one of its own then.
 * Context: any.
 * Return: whether it does.
 */
static inline bool nfipsec_xfrm_in_use(const struct net *net)
{
#if IS_ENABLED(CONFIG_XFRM)
	return !list_empty(&net->xfrm.state_all);
#else
	return false;
#endif
}

#endif
