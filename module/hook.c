// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netfilter hooks: which packets are looked at, in which order with other
 * hooks, and what netfilter is told. Nothing else.
 */
#include <linux/err.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "decide.h"
#include "drop.h"
#include "flow.h"
#include "flowtable.h"
#include "hook.h"
#include "input.h"
#include "mcast.h"
#include "net.h"
#include "noinit.h"
#include "output.h"
#include "reinject.h"
#include "tag.h"
#include "train.h"

/* Fragments are judged before conntrack's defragmentation at -400. */
#define PRI_FRAGMENTS	(NF_IP_PRI_CONNTRACK_DEFRAG - 10)
/* Behind the raw table, before conntrack: it shall see the inner packet. */
#define PRI_IN		(NF_IP_PRI_RAW + 10)
#define PRI_EARLY	(NF_IP_PRI_FIRST + 10)
/* Behind source NAT, so that policy sees what would be on the wire. */
#define PRI_OUT		(NF_IP_PRI_NAT_SRC + 100)

/* Came by a port of a bridge, and br_netfilter shows it to IP's hooks. */
static bool from_bridge(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/* And leaves by another port, without being routed: not ours, but for NAT. */
static bool bridged(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_get_physoutdev(skb);
#else
	return false;
#endif
}

/* Loopback, as for XFRM, is no path an attacker has. */
static bool is_loopback(const struct net_device *dev)
{
	return !dev || (dev->flags & IFF_LOOPBACK);
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
	return is_loopback(dev) || looped(skb) || second_pass(skb, family, dev);
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

static unsigned int fragments(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct nfipsec_net *nn;

	/* A bridge may have no use for what a port brought. */
	if (!may_be_fragment(skb, state->pf) || nf_bridge_in_prerouting(skb))
		return NF_ACCEPT;
	nn = nfipsec_net_rcu(state->net);
	/* A tagged fragment keeps its tag for the datagram it completes. */
	if (skip_early(skb, state->pf, state->in) || nfipsec_tag_present(nn, skb))
		return NF_ACCEPT;
	return nfipsec_input(nn, skb, state->pf, NFIPSEC_AT_FRAGMENTS) ?
	       NF_STOLEN : NF_ACCEPT;
}

/*
 * Of a packet from a bridge port it is not known here whether it will be routed; if so,
 * and it is whole, it does not come here again, and LOCAL_IN and FORWARD see to it.
 */
static unsigned int pre_routing(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct nfipsec_net *nn = nfipsec_net_rcu(state->net);

	if (nfipsec_tag_present(nn, skb)) {
		skb_dst_drop(skb);
		return NF_ACCEPT;
	}
	if (from_bridge(skb)) {
		show_again(nn, skb, state->pf);
		return NF_ACCEPT;
	}
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

static unsigned int local_in(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	enum nfipsec_where where = from_bridge(skb) ? NFIPSEC_AT_BRIDGE_IN :
						      NFIPSEC_AT_LOCAL_IN;

	if (is_loopback(state->in) || looped(skb)) {
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

/* Only for what PRE_ROUTING could not judge. */
static unsigned int forward(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	struct nfipsec_net *nn;
	bool consumed;

	if (!from_bridge(skb))
		return NF_ACCEPT;
	nn = nfipsec_net_rcu(state->net);
	consumed = bridged(skb) ?
		   nfipsec_input_bridged(nn, skb, state->pf, state->in) :
		   nfipsec_input(nn, skb, state->pf, NFIPSEC_AT_BRIDGE_FORWARD);
	return consumed ? NF_STOLEN : NF_ACCEPT;
}

/* What was transformed, by us or by XFRM, has been through policy. */
static bool transformed(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ?
	       IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED :
	       IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
}

/*
 * Multicast that may not leave the host: a copy for its own listeners. Only what
 * is known to be the copy: where nobody here listens, the stack sends a TTL of 0.
 */
static bool stays(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 && !ip_hdr(skb)->ttl &&
	       ipv4_is_multicast(ip_hdr(skb)->daddr) &&
	       nfipsec_mcast_is_copy(skb, state);
}

/* Without one of these nothing of mcast.c has to do with a packet. */
static bool may_be_to_many(const struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return state->pf != NFPROTO_IPV4 || nfipsec_mcast_is_routed(skb);
}

static unsigned int post_routing(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);

/* The hooks at POST_ROUTING if there are some behind ours, the first at @first. */
static const struct nf_hook_entries *rest_of(const struct nf_hook_state *state,
					     unsigned int *first)
{
	const struct nf_hook_entries *e;
	unsigned int i;

	e = state->pf == NFPROTO_IPV4 ?
	    rcu_dereference(state->net->nf.hooks_ipv4[NF_INET_POST_ROUTING]) :
	    rcu_dereference(state->net->nf.hooks_ipv6[NF_INET_POST_ROUTING]);
	for (i = 0; e && i < e->num_hook_entries; i++)
		if (e->hooks[i].hook == post_routing)
			break;
	*first = i + 1;
	return e && *first < e->num_hook_entries ? e : NULL;
}

/*
 * Let the hooks behind ours see the packet as usual: conntrack confirms its
 * entry there, and rules of the host have their say. The chain then ends in
 * nfipsec_output() and not in the device; so does a packet that a queue to
 * user space holds and gives back. Where there are none, what was decided holds
 * still.
 */
static unsigned int seal_after_rest(struct sk_buff *skb,
				    const struct nf_hook_state *state,
				    struct nfipsec_decision *decision)
{
	const struct nf_hook_entries *e;
	unsigned int first;
	int ret;

	e = rest_of(state, &first);
	if (e) {
		struct nf_hook_state rest = *state;

		rest.okfn = nfipsec_output;
		ret = nf_hook_slow(skb, &rest, e, first);
		if (ret == 1)
			ret = nfipsec_output(state->net, state->sk, skb);
	} else {
		ret = nfipsec_output_decided(state->net, state->sk, skb,
					     decision);
	}
	/* Netfilter hands the error in the upper half to the sender. */
	return ret < 0 ? (-ret << NF_VERDICT_QBITS) | NF_STOLEN : NF_STOLEN;
}

/* A train that may not go as one where it goes: each packet goes on from here. */
static unsigned int leave_singly(struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct nf_hook_state rest = *state;
	const struct nf_hook_entries *e;
	struct sk_buff *seg, *next;
	unsigned int first;

	seg = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(seg)) {
		nfipsec_drop(nfipsec_net_rcu(state->net), skb,
			     seg == ERR_PTR(-ENOMEM) ? NFIPSEC_OUT_NOMEM :
						       NFIPSEC_OUT_GSO);
		return NF_STOLEN;
	}
	consume_skb(skb);
	e = rest_of(state, &first);
	skb_list_walk_safe(seg, seg, next) {
		skb_mark_not_on_list(seg);
		if (!e || nf_hook_slow(seg, &rest, e, first) == 1)
			state->okfn(state->net, state->sk, seg);
	}
	return NF_STOLEN;
}

/*
 * A packet that policy is asked about. Not in post_routing(), which has nothing to
 * do with many packets, and would clear memory for a decision all the same.
 */
static noinline unsigned int leaving(struct nfipsec_net *nn,
				     struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	struct nfipsec_decision decision nfipsec_noinit;
	enum nfipsec_reason reason;
	enum nfipsec_out out;

	out = nfipsec_output_decide(nn, skb, state->pf, &decision, &reason);
	/* What is forwarded has no socket. */
	if (out != NFIPSEC_OUT_DROP && !skb->sk &&
	    !nfipsec_flowtable_keep_out(nn, skb, &decision.flow,
					out == NFIPSEC_OUT_SEAL)) {
		reason = NFIPSEC_OUT_NOMEM;
		out = NFIPSEC_OUT_DROP;
	}
	switch (out) {
	case NFIPSEC_OUT_PASS:
		return NF_ACCEPT;
	case NFIPSEC_OUT_SEAL:
		if (!may_be_to_many(skb, state))
			return seal_after_rest(skb, state, &decision);
		if (nfipsec_mcast_is_copy(skb, state))
			return NF_ACCEPT;
		nfipsec_mcast_make_copy(skb, state);
		if (nfipsec_mcast_ends_here(skb, state)) {
			consume_skb(skb);
			return NF_STOLEN;
		}
		return seal_after_rest(skb, state, &decision);
	default:
		nfipsec_drop(nn, skb, reason);
		return (EPERM << NF_VERDICT_QBITS) | NF_STOLEN;
	}
}

/*
 * Of what NAT has changed XFRM may have thought otherwise, and then it goes another way,
 * by no hook. A route that died in a queue has lost its device.
 */
static struct net_device *leaves_by(const struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);
	struct net_device *dev = dst ? READ_ONCE(dst->dev) : NULL;

	return dev && !nfipsec_reinject_is_dead(dst) ? dev : state->out;
}

static unsigned int post_routing(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct net_device *dev;
	struct nfipsec_net *nn;
	unsigned int verdict;
	int iif;

	if (transformed(skb, state->pf)) {
		if (!skb_is_gso(skb))
			return NF_ACCEPT;
		nfipsec_train_same_headers(skb);
		return nfipsec_train_strayed(skb) ? leave_singly(skb, state) :
						    NF_ACCEPT;
	}
	nn = nfipsec_net_rcu(state->net);
	if (!READ_ONCE(nn->spd.active[NFIPSEC_SPD_OUT]) ||
	    is_loopback(state->out) || netif_is_l3_master(state->out) ||
	    bridged(skb) || stays(skb, state))
		return NF_ACCEPT;
	/*
	 * XFRM and routes that are tunnels ask before it is set: it is the one that
	 * the packet came by, or none. What is not ours gets that back.
	 */
	dev = skb->dev;
	skb->dev = leaves_by(skb, state);
	/*
	 * No socket sends what is forwarded. L2TP's does send what it has put around a
	 * packet that came by an interface, and leaves that in place.
	 */
	iif = skb->skb_iif;
	if (state->sk)
		skb->skb_iif = 0;
	verdict = leaving(nn, skb, state);
	if (verdict == NF_ACCEPT) {
		skb->dev = dev;
		skb->skb_iif = iif;
	}
	return verdict;
}

#define HOOK(fn, family, num, pri) {	\
	.hook = fn,			\
	.pf = family,			\
	.hooknum = num,			\
	.priority = pri,		\
}

static const struct nf_hook_ops hooks_in[] = {
	HOOK(fragments, NFPROTO_IPV4, NF_INET_PRE_ROUTING, PRI_FRAGMENTS),
	HOOK(fragments, NFPROTO_IPV6, NF_INET_PRE_ROUTING, PRI_FRAGMENTS),
	HOOK(pre_routing, NFPROTO_IPV4, NF_INET_PRE_ROUTING, PRI_IN),
	HOOK(pre_routing, NFPROTO_IPV6, NF_INET_PRE_ROUTING, PRI_IN),
	HOOK(local_in, NFPROTO_IPV4, NF_INET_LOCAL_IN, PRI_EARLY),
	HOOK(local_in, NFPROTO_IPV6, NF_INET_LOCAL_IN, PRI_EARLY),
};

/* Also of packets that come in. Any would do: see nfipsec_hook_unregister_last(). */
static const struct nf_hook_ops hooks_last[] = {
	HOOK(forward, NFPROTO_IPV4, NF_INET_FORWARD, PRI_EARLY),
	HOOK(forward, NFPROTO_IPV6, NF_INET_FORWARD, PRI_EARLY),
};

static const struct nf_hook_ops hooks_out[] = {
	HOOK(post_routing, NFPROTO_IPV4, NF_INET_POST_ROUTING, PRI_OUT),
	HOOK(post_routing, NFPROTO_IPV6, NF_INET_POST_ROUTING, PRI_OUT),
};

static int hook_up(struct net *net, const struct nf_hook_ops *hooks,
		   unsigned int n, struct netlink_ext_ack *extack)
{
	int err = nf_register_net_hooks(net, hooks, n);

	if (err == -E2BIG)
		NL_SET_ERR_MSG(extack,
			       "other netfilter hooks, as chains of nftables, are as many as netfilter allows in a place where nfipsec looks at packets");
	return err;
}

/**
 * nfipsec_hook_want() - look at a namespace's packets from now on
 * @nn: the namespace, to which an SA, a policy or a default is about to be added
 * @extack: told if there is no place for the hooks, may be NULL
 *
 * Before that nothing would come of the looks, and packets of namespaces that never
 * have any shall not pay for them. They are not taken back before the namespace
 * ends: what waits in a queue to user space may come back to them. Packets that
 * have begun to go through hooks, and would not meet these any more, are through
 * when it returns.
 * Context: process context under nn->lock, sleeps.
 * Return: 0; or an error, and then nothing may be added: -ENOMEM, or -E2BIG if
 * others have as many hooks in a place as netfilter allows.
 */
int nfipsec_hook_want(struct nfipsec_net *nn, struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&nn->lock);
	if (nn->hooked)
		return 0;
	err = hook_up(nn->net, hooks_in, ARRAY_SIZE(hooks_in), extack);
	if (err)
		return err;
	err = hook_up(nn->net, hooks_last, ARRAY_SIZE(hooks_last), extack);
	if (err)
		goto take_in;
	err = hook_up(nn->net, hooks_out, ARRAY_SIZE(hooks_out), extack);
	if (err)
		goto take_last;
	synchronize_net();
	nn->hooked = true;
	return 0;

take_last:
	nf_unregister_net_hooks(nn->net, hooks_last, ARRAY_SIZE(hooks_last));
take_in:
	nf_unregister_net_hooks(nn->net, hooks_in, ARRAY_SIZE(hooks_in));
	return err;
}

/**
 * nfipsec_hook_alone() - does nobody else look at packets that come in?
 * @net: the namespace
 * @family: of the packets, AF_INET or AF_INET6
 *
 * Context: under rcu_read_lock().
 * Return: true if the only hooks at PRE_ROUTING are ours.
 */
bool nfipsec_hook_alone(const struct net *net, u8 family)
{
	const struct nf_hook_entries *e;

	if (family == AF_INET)
		e = rcu_dereference(net->nf.hooks_ipv4[NF_INET_PRE_ROUTING]);
	else
		e = rcu_dereference(net->nf.hooks_ipv6[NF_INET_PRE_ROUTING]);
	return e && e->num_hook_entries == 2 &&
	       e->hooks[0].hook == fragments && e->hooks[1].hook == pre_routing;
}

/**
 * nfipsec_hook_unregister_out() - look at no further packet that leaves
 * @net: namespace
 *
 * Hooks may still run until a grace period is over, and hand packets to a
 * queue to user space that would give them back to nfipsec_output().
 * Context: process; no request can reach the namespace any more.
 */
void nfipsec_hook_unregister_out(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_out, ARRAY_SIZE(hooks_out));
}

/**
 * nfipsec_hook_unregister_in() - look at few further packets that come in
 * @net: namespace, a grace period after nfipsec_hook_unregister_out()
 *
 * With each hook that goes, netfilter drops the packets that queues to user
 * space hold: here those that hooks have handed to one after they had gone.
 * Hooks may still run until a grace period is over.
 * Context: process.
 */
void nfipsec_hook_unregister_in(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_in, ARRAY_SIZE(hooks_in));
}

/**
 * nfipsec_hook_unregister_last() - look at no further packet at all
 * @net: namespace, a grace period after nfipsec_hook_unregister_in()
 *
 * Packets for which there was a verdict just then were in no queue. Each has gone
 * on within that grace period, but maybe to another queue, by a rule behind our
 * hooks or by the verdict itself: those are dropped here. What a verdict takes
 * from queue to queue for the whole of both grace periods is not found.
 * Hooks may still run until a grace period is over.
 * Context: process.
 */
void nfipsec_hook_unregister_last(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_last,
					ARRAY_SIZE(hooks_last));
}
