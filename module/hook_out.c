// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the hook does with packets that leave: which are looked at, and how those behind
 * it see what is then sealed.
 */
#include <linux/err.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>

#include "decide.h"
#include "drop.h"
#include "flowtable.h"
#include "hook.h"
#include "hook_out.h"
#include "mcast.h"
#include "nat.h"
#include "net.h"
#include "noinit.h"
#include "output.h"
#include "reinject.h"
#include "train.h"

/* What was transformed, by us or by XFRM, has been through policy. */
static bool transformed(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ?
	       IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED :
	       IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED;
}

/* Without one of these nothing of mcast.c has to do with a packet. */
static bool may_be_to_many(const struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	return state->pf != NFPROTO_IPV4 || nfipsec_mcast_is_routed(skb);
}

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
		if (e->hooks[i].hook == nfipsec_hook_post_routing)
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
	if (out == NFIPSEC_OUT_PASS && !decision.verdict.policy &&
	    nfipsec_nat_hides(nn, skb, &decision.flow)) {
		reason = NFIPSEC_OUT_NAT;
		out = NFIPSEC_OUT_DROP;
	}
	switch (out) {
	case NFIPSEC_OUT_PASS:
		return NF_ACCEPT;
	case NFIPSEC_OUT_SEAL:
		if (!may_be_to_many(skb, state))
			return seal_after_rest(skb, state, &decision);
		nfipsec_mcast_make_copy(skb, state);
		if (nfipsec_mcast_ends_here(skb, state->pf)) {
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

/**
 * nfipsec_hook_post_routing() - packets that leave
 * @priv: unused
 * @skb: packet, starting with its IP header; consumed with NF_STOLEN
 * @state: of the hook
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NF_ACCEPT or NF_STOLEN, this with an error for the sender in its upper half.
 */
unsigned int nfipsec_hook_post_routing(void *priv, struct sk_buff *skb,
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
	    nfipsec_hook_loopback(state->out) ||
	    netif_is_l3_master(state->out) || nfipsec_hook_bridged(skb))
		return NF_ACCEPT;
	/* For listeners here: what leaves is another packet. */
	if (may_be_to_many(skb, state) && nfipsec_mcast_is_copy(skb, state))
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
