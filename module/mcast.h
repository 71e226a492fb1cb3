/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets to a group and to all: the copies for listeners on this host, which
 * policy about what leaves does not concern.
 */
#ifndef NFIPSEC_MCAST_H
#define NFIPSEC_MCAST_H

#include <linux/skbuff.h>
#include <linux/types.h>
#include <net/route.h>

struct nf_hook_state;

/**
 * nfipsec_mcast_is_routed() - does an IPv4 packet go to a group or to all?
 * @skb: packet at POST_ROUTING
 *
 * Nothing of what follows has to do with others.
 *
 * Context: under rcu_read_lock().
 * Return: what its route says.
 */
static inline bool nfipsec_mcast_is_routed(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	return rt && rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST);
}

bool nfipsec_mcast_is_copy(const struct sk_buff *skb,
			   const struct nf_hook_state *state);
bool nfipsec_mcast_ends_here(const struct sk_buff *skb, u8 family);
void nfipsec_mcast_make_copy(const struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif
