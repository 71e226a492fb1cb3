/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * <net/gso.h> was a part of <linux/netdevice.h> and <linux/skbuff.h> before 6.5.
 *
 * Super-packets of TCP over IPv6 that are longer than a header can say have a jumbo
 * option before 7.0, which goes when they are cut. Until some version before 6.12 the
 * kernel moves what is in front of it by the length of Ethernet's header and IPv6's,
 * whether or not there is a link's: the first bytes of TCP's would be overwritten.
 */
#ifndef NFIPSEC_COMPAT_NET_GSO_H
#define NFIPSEC_COMPAT_NET_GSO_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#else
#include_next <net/gso.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <linux/ipv6.h>
#include <net/ipv6.h>

/* The packet starts with its IPv6 header, which is as it is if memory is short. */
static inline int compat_remove_jumbo(struct sk_buff *skb)
{
	int nexthdr = ipv6_has_hopopt_jumbo(skb);

	if (!nexthdr || skb_network_offset(skb))
		return 0;
	if (skb_cow_head(skb, 0))
		return -ENOMEM;
	memmove(skb->data + sizeof(struct hop_jumbo_hdr), skb->data,
		sizeof(struct ipv6hdr));
	__skb_pull(skb, sizeof(struct hop_jumbo_hdr));
	skb_reset_network_header(skb);
	ipv6_hdr(skb)->nexthdr = nexthdr;
	return 0;
}

static inline struct sk_buff *
compat_gso_segment(struct sk_buff *skb, netdev_features_t features)
{
	return compat_remove_jumbo(skb) ? ERR_PTR(-ENOMEM) :
					  skb_gso_segment(skb, features);
}

#define skb_gso_segment compat_gso_segment
#endif

#endif
