// SPDX-License-Identifier: GPL-2.0-only
/* What the hooks do with packets that come: which are looked at, and where. */
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>

#include "flow.h"
#include "hook.h"
#include "hook_in.h"
#include "input.h"
#include "net.h"
#include "noinit.h"
#include "tag.h"

/* Came by a port of a bridge, and br_netfilter shows it to IP's hooks. */
static bool from_bridge(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/*
 * Came back from where a packet of this host leaves, for listeners here. No
 * driver delivers what is marked so.
 */
static bool looped(const struct sk_buff *skb)
{
	return skb->pkt_type == PACKET_LOOPBACK;
}

/*
 * What XFRM has opened in transport mode it shows by an l3 master device too, and that
 * is a first pass: connection tracking knows none of it, whatever a rule has prepared
 * for it. Where it knows nobody, what XFRM opened before is judged twice.
 */
static bool shown_by_xfrm(const struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;

	if (!secpath_exists(skb))
		return false;
	ct = nf_ct_get(skb, &ctinfo);
	return !ct || nf_ct_is_template(ct);
}

/*
 * Through an l3 master device, of what came by a member of it. Neighbour discovery
 * keeps the member as its device there.
 */
static bool second_pass(const struct sk_buff *skb, u8 family,
			const struct net_device *dev)
{
	const struct net_device *member;

	if (!netif_is_l3_master(dev) || shown_by_xfrm(skb))
		return false;
	if (skb->dev != dev)
		return l3mdev_master_ifindex_rcu(skb->dev) == dev->ifindex;
	member = dev_get_by_index_rcu(dev_net(dev), family == NFPROTO_IPV4 ?
				      inet_sdif(skb) : inet6_sdif(skb));
	return member && l3mdev_master_ifindex_rcu(member) == dev->ifindex;
}

/*
 * At PRE_ROUTING, the second pass repeats the first; segment routing puts packets
 * into a VRF that had none.
 */
static bool skip_early(const struct sk_buff *skb, u8 family,
		       const struct net_device *dev)
{
	return nfipsec_hook_loopback(dev) || looped(skb) ||
	       second_pass(skb, family, dev);
}

/* Most packets are none, and that is soon seen: nothing is parsed for it. */
static bool may_be_fragment(const struct sk_buff *skb, u8 family)
{
	if (family == NFPROTO_IPV4)
		return ip_is_fragment(ip_hdr(skb));
	switch (ipv6_hdr(skb)->nexthdr) {
	case NEXTHDR_TCP:
	case NEXTHDR_UDP:
	case NEXTHDR_ICMP:
	case NEXTHDR_ESP:
		return false;
	default:
		return true;
	}
}

/*
 * What a bridge hands up br_netfilter keeps from PRE_ROUTING, which has seen it as the
 * port's. A fragment of IPv4 would meet no hook then before the stack puts it together
 * with what came out of an SA, nor one of IPv6 that could gather it. Behind what puts
 * fragments together for conntrack: so what is one still shall be seen again, if there is
 * anything that it could have to do with.
 */
static void show_again(const struct nfipsec_net *nn, struct sk_buff *skb,
		       u8 family)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	struct nfipsec_l3 l3 nfipsec_noinit;

	if (!READ_ONCE(nn->spd.active[NFIPSEC_SPD_IN]) && !nfipsec_sad_any(nn))
		return;
	if (nf_bridge_in_prerouting(skb) && may_be_fragment(skb, family) &&
	    nfipsec_l3_parse(skb, family, &l3) && l3.frag)
		nf_bridge_info_get(skb)->sabotage_in_done = 1;
#endif
}

/**
 * nfipsec_hook_fragments() - fragments, before anybody puts them together
 * @priv: unused
 * @skb: packet, starting with its IP header; consumed with NF_STOLEN
 * @state: of the hook
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NF_ACCEPT or NF_STOLEN.
 */
unsigned int nfipsec_hook_fragments(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	struct nfipsec_net *nn;

	/* Most packets that come in have no dst at all. */
	if (skb_dst(skb) &&
	    nfipsec_tag_present(nfipsec_net_rcu(state->net), skb)) {
		nfipsec_tag_note(skb, state->pf);
		return NF_ACCEPT;
	}
	nfipsec_tag_clean(skb, state->pf);
	/* A bridge may have no use for what a port brought. */
	if (!may_be_fragment(skb, state->pf) ||
	    nf_bridge_in_prerouting(skb) ||
	    skip_early(skb, state->pf, state->in))
		return NF_ACCEPT;
	nn = nfipsec_net_rcu(state->net);
	return nfipsec_input(nn, skb, state->pf, NFIPSEC_AT_FRAGMENTS) ?
	       NF_STOLEN : NF_ACCEPT;
}

/**
 * nfipsec_hook_pre_routing() - packets that came, before they are routed
 * @priv: unused
 * @skb: packet, starting with its IP header; consumed with NF_STOLEN
 * @state: of the hook
 *
 * Of a packet from a bridge port it is not known here whether it will be routed; if so,
 * and it is whole, it does not come here again, and LOCAL_IN and FORWARD see to it.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NF_ACCEPT or NF_STOLEN.
 */
unsigned int nfipsec_hook_pre_routing(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct nfipsec_net *nn;

	if (nfipsec_tag_take(skb, state->pf))
		return NF_ACCEPT;
	nn = nfipsec_net_rcu(state->net);
	/* While hooks come or go it may not have been at the one before. */
	if (unlikely(nfipsec_tag_present(nn, skb))) {
		skb_dst_drop(skb);
		return NF_ACCEPT;
	}
	if (from_bridge(skb)) {
		show_again(nn, skb, state->pf);
		return NF_ACCEPT;
	}
	if (unlikely(looped(skb)))
		*nfipsec_tag_flags(skb, state->pf) |= NFIPSEC_LOOPED_FLAG;
	if (skip_early(skb, state->pf, state->in))
		return NF_ACCEPT;
	return nfipsec_input(nn, skb, state->pf, NFIPSEC_AT_PRE_ROUTING) ?
	       NF_STOLEN : NF_ACCEPT;
}

/*
 * A device of another namespace, ipvlan's in L3S mode, takes it there from here. What
 * has routed it says so.
 */
static bool for_other_net(const struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);

	return netif_has_l3_rx_handler(state->in) && dst &&
	       !net_eq(dev_net(READ_ONCE(dst->dev)), state->net);
}

/**
 * nfipsec_hook_local_in() - packets for this host
 * @priv: unused
 * @skb: packet, starting with its IP header; consumed with NF_STOLEN
 * @state: of the hook
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NF_ACCEPT or NF_STOLEN.
 */
unsigned int nfipsec_hook_local_in(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	enum nfipsec_where where = from_bridge(skb) ? NFIPSEC_AT_BRIDGE_IN :
						      NFIPSEC_AT_LOCAL_IN;

	if (nfipsec_hook_loopback(state->in) || looped(skb) ||
	    *nfipsec_tag_flags(skb, state->pf) & NFIPSEC_LOOPED_FLAG) {
		nfipsec_input_own(nfipsec_net_rcu(state->net), skb, state->pf);
		return NF_ACCEPT;
	}
	if (unlikely(for_other_net(skb, state))) {
		if (where == NFIPSEC_AT_LOCAL_IN)
			return NF_ACCEPT;
		where = NFIPSEC_AT_BRIDGE_FORWARD;
	}
	return nfipsec_input(nfipsec_net_rcu(state->net), skb, state->pf,
			     where) ?
	       NF_STOLEN : NF_ACCEPT;
}

/**
 * nfipsec_hook_forward() - packets that go on
 * @priv: unused
 * @skb: packet, starting with its IP header; consumed with NF_STOLEN
 * @state: of the hook
 *
 * Only for what PRE_ROUTING could not judge.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NF_ACCEPT or NF_STOLEN.
 */
unsigned int nfipsec_hook_forward(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct nfipsec_net *nn;
	bool consumed;

	if (!from_bridge(skb))
		return NF_ACCEPT;
	nn = nfipsec_net_rcu(state->net);
	consumed = nfipsec_hook_bridged(skb) ?
		   nfipsec_input_bridged(nn, skb, state->pf, state->in) :
		   nfipsec_input(nn, skb, state->pf, NFIPSEC_AT_BRIDGE_FORWARD);
	return consumed ? NF_STOLEN : NF_ACCEPT;
}
