// SPDX-License-Identifier: GPL-2.0-only
/*
 * The copies for listeners on this host. IPv4 makes them in front of
 * POST_ROUTING, as packets of their own that pass it too; IPv6 behind it, where
 * a packet that was sealed never comes.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>

#include "mcast.h"

/* What IPv4 gives the copy to behind the hook. It is not exported. */
#define IPV4_COPY_FN	"ip_mc_finish_output"

typedef int (*okfn_t)(struct net *net, struct sock *sk, struct sk_buff *skb);

/*
 * A symbol of the kernel itself by that name, and not of a module, whose name
 * would follow it. Without CONFIG_KALLSYMS no function has a name.
 */
static bool has_name(okfn_t fn, const char *name)
{
	char buf[64];
	char *end;

	if (snprintf(buf, sizeof(buf), "%ps", fn) >= sizeof(buf))
		return false;
	/* what some compilers append */
	end = strchr(buf, '.');
	if (end && !strchr(buf, ' '))
		*end = '\0';
	return !strcmp(buf, name);
}

/* Names are looked up once: two functions come here and no others. */
static bool is_ipv4_copy_fn(okfn_t fn)
{
	static okfn_t copy_fn, other_fn;

	if (fn == READ_ONCE(copy_fn))
		return true;
	if (fn == READ_ONCE(other_fn))
		return false;
	if (has_name(fn, IPV4_COPY_FN)) {
		WRITE_ONCE(copy_fn, fn);
		return true;
	}
	WRITE_ONCE(other_fn, fn);
	return false;
}

/**
 * nfipsec_mcast_is_copy() - is a packet one for listeners here, and only that?
 * @skb: packet at POST_ROUTING
 * @state: of the hook
 *
 * Nothing in the packet tells it from the one that leaves; where it will go
 * does. If that is not known for certain, the packet counts as one that leaves.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: whether it stays on this host.
 */
bool nfipsec_mcast_is_copy(const struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV6)
		return state->okfn == dev_loopback_xmit;
	return nfipsec_mcast_is_routed(skb) && is_ipv4_copy_fn(state->okfn);
}

/**
 * nfipsec_mcast_ends_here() - may a packet not leave this host?
 * @skb: packet that is going to be sealed
 * @family: of its IP header
 *
 * IPv6 looks at it behind the hook, where a packet that was sealed never comes:
 * a group of this node alone (RFC 4291 section 2.7), or no hop to go.
 * Context: any.
 * Return: whether copies for listeners here are all that there is to be of it.
 */
bool nfipsec_mcast_ends_here(const struct sk_buff *skb, u8 family)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);

	return family == AF_INET6 && ipv6_addr_is_multicast(&ip6->daddr) &&
	       (!ip6->hop_limit || IPV6_ADDR_MC_SCOPE(&ip6->daddr) <=
				   IPV6_ADDR_SCOPE_NODELOCAL);
}

/**
 * nfipsec_mcast_make_copy() - send a copy to listeners here
 * @skb: packet at POST_ROUTING that is going to be sealed; stays the caller's
 * @state: of the hook
 *
 * Only IPv6 needs it. As ip6_finish_output2() does, but for the look at
 * memberships, which modules may not take: a copy that nobody waits for is
 * dropped where it comes in. So there is none of what is forwarded: it would be
 * a multicast router's again.
 * Context: under rcu_read_lock(), process or softirq.
 */
void nfipsec_mcast_make_copy(const struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct sk_buff *copy;

	if (state->pf != NFPROTO_IPV6 ||
	    !ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr) ||
	    IP6CB(skb)->flags & IP6SKB_FORWARDED || !sk_mc_loop(state->sk))
		return;
	copy = skb_clone((struct sk_buff *)skb, GFP_ATOMIC);
	if (copy)
		NF_HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, state->net,
			state->sk, copy, NULL, copy->dev, dev_loopback_xmit);
}
