/* SPDX-License-Identifier: GPL-2.0-only */
/* Routes of IPv6, where there is IPv6. */
#ifndef NFIPSEC_ROUTE_H
#define NFIPSEC_ROUTE_H

#include <linux/ipv6.h>
#include <net/dst.h>
#include <net/ip6_route.h>

/**
 * nfipsec_route6_flags() - the route of what this host sends by IPv6
 * @net: namespace
 * @fl6: what is sent; may be changed
 * @flags: RT6_LOOKUP_F_IFACE if it has to leave by the interface that @fl6 names, which
 *	is a wish otherwise
 *
 * On a host that was booted with ipv6.disable=1 no namespace has a table that
 * could be asked.
 *
 * Context: any but hard interrupts.
 * Return: a route, its reference the caller's, or NULL if nothing leads there.
 */
static inline struct dst_entry *nfipsec_route6_flags(struct net *net,
						     struct flowi6 *fl6,
						     int flags)
{
	struct dst_entry *dst;

	if (unlikely(!ipv6_mod_enabled()))
		return NULL;
	dst = ip6_route_output_flags(net, NULL, fl6, flags);
	if (likely(!dst->error))
		return dst;
	dst_release(dst);
	return NULL;
}

/**
 * nfipsec_route6() - the same, by an interface as a wish
 * @net: namespace
 * @fl6: what is sent; may be changed
 *
 * Context: any but hard interrupts.
 * Return: as nfipsec_route6_flags().
 */
static inline struct dst_entry *nfipsec_route6(struct net *net,
					       struct flowi6 *fl6)
{
	return nfipsec_route6_flags(net, fl6, 0);
}

#endif
