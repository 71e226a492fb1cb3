/* SPDX-License-Identifier: GPL-2.0-only */
/* The netfilter hooks. */
#ifndef NFIPSEC_HOOK_H
#define NFIPSEC_HOOK_H

#include <linux/netdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/types.h>

struct net;
struct netlink_ext_ack;
struct nfipsec_net;
struct sk_buff;

/**
 * nfipsec_hook_bridged() - does a bridge hand a packet from port to port?
 * @skb: packet at a hook
 *
 * Without being routed: not ours, but for NAT.
 * Context: any.
 * Return: true if it does.
 */
static inline bool nfipsec_hook_bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_get_physoutdev(skb);
#else
	return false;
#endif
}

/**
 * nfipsec_hook_loopback() - does a packet stay in this host?
 * @dev: device that it came or leaves by, or NULL
 *
 * Loopback, as for XFRM, is no path an attacker has.
 * Context: any.
 * Return: true if it does.
 */
static inline bool nfipsec_hook_loopback(const struct net_device *dev)
{
	return !dev || (dev->flags & IFF_LOOPBACK);
}

int __must_check nfipsec_hook_want(struct nfipsec_net *nn,
				   struct netlink_ext_ack *extack);
bool nfipsec_hook_alone(const struct net *net, u8 family);
void nfipsec_hook_unregister_out(struct net *net);
void nfipsec_hook_unregister_in(struct net *net);
void nfipsec_hook_unregister_last(struct net *net);

#endif
