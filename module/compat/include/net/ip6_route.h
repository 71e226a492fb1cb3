/* SPDX-License-Identifier: GPL-2.0-only */
/* ip6_fragment() is reached through a table of functions before 7.0. */
#ifndef NFIPSEC_COMPAT_NET_IP6_ROUTE_H
#define NFIPSEC_COMPAT_NET_IP6_ROUTE_H

#include_next <net/ip6_route.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#include <net/ipv6_stubs.h>

static inline int nfipsec_ip6_fragment(struct net *net, struct sock *sk,
				       struct sk_buff *skb,
				       int (*output)(struct net *,
						     struct sock *,
						     struct sk_buff *))
{
	return ipv6_stub->ipv6_fragment(net, sk, skb, output);
}

#define ip6_fragment nfipsec_ip6_fragment
#endif

#endif
