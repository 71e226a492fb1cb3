/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom is a packet for? */
#ifndef NFIPSEC_LOCAL_H
#define NFIPSEC_LOCAL_H

#include <linux/inetdevice.h>
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

/**
 * nfipsec_to_local() - is a packet for this host?
 * @net: where
 * @flow: the packet
 *
 * Context: under rcu_read_lock().
 * Return: whether its destination is a unicast address of the namespace, and for IPv4
 * of the VRF that it came by, or of none.
 */
static inline bool nfipsec_to_local(struct net *net,
				    const struct nfipsec_flow *flow)
{
	u32 vrf = flow->meta.vrf;

	if (flow->family == AF_INET6)
		return ipv6_chk_addr(net, &flow->daddr.in6, NULL, 0);
	if (likely(!vrf))
		return inet_addr_type(net, flow->daddr.ip) == RTN_LOCAL;
	return inet_addr_type_table(net, flow->daddr.ip,
				    l3mdev_fib_table_by_index(net, vrf)) ==
	       RTN_LOCAL;
}

#endif
