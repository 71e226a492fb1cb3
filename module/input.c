// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way in (RFC 4301 section 5.2), top to bottom:
 *
 *	hook -> nfipsec_input(), or of ESP that GRO meets nfipsec_input_early()
 *	     ESP or AH for an SA of ours, in UDP if the SA says so:
 *		-> unwrap		out of all SAs that it is in:
 *		     -> replay check	a hint, without lock
 *		     -> esp or ah	ICV, cleartext
 *		     -> replay commit	the decision
 *		     -> encap		outer headers off
 *		     -> inner packet sane
 *		     -> ESP or AH for an SA of ours, and inside the selector of
 *			the one it came out of: once more, a few times
 *		     -> IPComp for an SA of ours: decompressed
 *		-> admit		inside the last SA's selector, and wanted
 *					by the policy it meets, through these SAs
 *		-> reinject		received again, tagged
 *	     everything else, and not tagged:
 *		-> policy: may it come in the clear?
 */
#include <linux/bits.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/l3mdev.h>

#include "admit.h"
#include "clear.h"
#include "defrag.h"
#include "drop.h"
#include "expire.h"
#include "flow.h"
#include "input.h"
#include "local.h"
#include "meta.h"
#include "nat.h"
#include "natt.h"
#include "net.h"
#include "noinit.h"
#include "pmtu_learn.h"
#include "proto.h"
#include "reinject.h"
#include "unwrap.h"

/* Routing said that the packet is for this host. */
static bool known_local(enum nfipsec_where where)
{
	return where == NFIPSEC_AT_LOCAL_IN || where == NFIPSEC_AT_BRIDGE_IN;
}

/*
 * Those whose life is over are so by their own packets or by time, and what they have
 * opened was within it: that they have been removed since says nothing against it.
 */
static bool all_there(const struct nfipsec_chain *chain, u64 gen)
{
	unsigned int i;

	for (i = 0; i < chain->len; i++)
		if (!nfipsec_sa_is_there(chain->sa[i], gen) &&
		    !READ_ONCE(chain->sa[i]->core->life.over))
			return false;
	return true;
}

/* By the policies of one state, in which its SAs are there too. */
static __always_inline enum nfipsec_reason
admit_once(const struct nfipsec_net *nn, u64 gen, struct nfipsec_opened *in,
	   const struct sk_buff *skb, const struct nfipsec_l3 *l3,
	   const struct nfipsec_flow *flow)
{
	in->met = NULL;
	return all_there(&in->chain, gen) ?
	       nfipsec_admit(nn, in, skb, l3, flow) : NFIPSEC_IN_NO_SA;
}

static noinline __cold enum nfipsec_reason
admit_held(const struct nfipsec_net *nn, struct nfipsec_opened *in,
	   const struct sk_buff *skb, const struct nfipsec_l3 *l3,
	   const struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;

	nfipsec_net_gen_hold(nn);
	reason = admit_once(nn, nfipsec_net_gen(nn), in, skb, l3, flow);
	nfipsec_net_gen_release(nn);
	return reason;
}

static enum nfipsec_reason admit(const struct nfipsec_net *nn,
				 struct nfipsec_opened *in,
				 const struct sk_buff *skb,
				 const struct nfipsec_l3 *l3,
				 const struct nfipsec_flow *flow)
{
	u64 gen = nfipsec_net_gen(nn);
	enum nfipsec_reason reason;

	reason = admit_once(nn, gen, in, skb, l3, flow);
	if (unlikely(nfipsec_net_gen_changed(nn, gen)))
		reason = admit_held(nn, in, skb, l3, flow);
	if (in->met)
		this_cpu_inc(*in->met->hits);
	return reason;
}

/*
 * IPComp vouches for nobody: who has another SA can put its packets into that, and must
 * not use its life up. Both ends count what the sender put in.
 */
static noinline bool charge_comp(struct nfipsec_net *nn,
				 const struct nfipsec_opened *in)
{
	unsigned int i;

	for (i = 0; i < in->chain.len; i++)
		if (in->chain.sa[i]->key.proto == IPPROTO_COMP &&
		    !nfipsec_expire_charge(nn, in->chain.sa[i], in->bytes[i]))
			return false;
	return true;
}

/* A packet for one of our SAs: consumed. */
static void input_sa(struct nfipsec_net *nn, struct nfipsec_sa *sa,
		     struct sk_buff *skb, const struct nfipsec_l3 *outer,
		     const struct nfipsec_flow *outer_flow)
{
	struct nfipsec_flow flow = *outer_flow;
	struct nfipsec_l3 l3 = *outer;
	enum nfipsec_reason reason;
	struct nfipsec_opened in nfipsec_noinit;
	bool off = softirq_count();
	unsigned int i;

	/* The tag's reference counts and the replay lock want it. */
	if (unlikely(!off))
		local_bh_disable();
	reason = nfipsec_unwrap(nn, &sa, skb, &l3, &flow, &in);
	if (!reason)
		reason = admit(nn, &in, skb, &l3, &flow);
	if (!reason && unlikely(in.chain.len > 1) && !charge_comp(nn, &in))
		reason = NFIPSEC_IN_EXPIRED;

	if (reason) {
		nfipsec_sa_count_drop(sa, reason);
		nfipsec_drop_sa(nn, skb, sa, reason);
	} else if (nfipsec_reinject_in(nn, skb, outer_flow->meta.iif)) {
		for (i = 0; i < in.chain.len; i++)
			nfipsec_sa_count(in.chain.sa[i], in.bytes[i]);
	}
	if (unlikely(!off))
		local_bh_enable();
}

/*
 * For this host, and here it ends. But at PRE_ROUTING NAT is not undone yet, and a
 * host behind this one may be meant: then policy judges it as anything in the clear,
 * @reason being what for it is dropped, and LOCAL_IN has it again if it is for this
 * host still. True if it is consumed.
 */
static bool end_here(const struct nfipsec_net *nn, struct sk_buff *skb,
		     enum nfipsec_where where, enum nfipsec_reason why,
		     enum nfipsec_reason *reason)
{
	if (where == NFIPSEC_AT_PRE_ROUTING) {
		*reason = why;
		return false;
	}
	nfipsec_drop(nn, skb, why);
	return true;
}

/*
 * ESP or AH, also in UDP. Returns true if the packet is consumed. Sets @settled
 * if it may go on without being judged as clear traffic, or @reason as end_here()
 * does.
 *
 * An SA that says it is for receiving is served at PRE_ROUTING; one that does
 * not say may also be one for sending to somebody else, whose packets pass
 * through here: it is served where the packet is known to be for this host.
 * So is one to a group: who is a member of it, the stack tells by then.
 */
static bool ipsec(struct nfipsec_net *nn, struct sk_buff *skb,
		  const struct nfipsec_l3 *l3, const struct nfipsec_flow *flow,
		  enum nfipsec_where where, bool *settled,
		  enum nfipsec_reason *reason)
{
	struct nfipsec_sa *sa;

	sa = nfipsec_unwrap_find(nn, skb, l3, flow);
	if (sa)
		nfipsec_sa_prefetch(sa, false);
	if (sa && (known_local(where) ||
		   (sa->dir == NFIPSEC_DIR_IN && !nfipsec_to_group(flow)))) {
		input_sa(nn, sa, skb, l3, flow);
		return true;
	}
	if (sa && nfipsec_to_group(flow)) {
		*settled = true;
		return false;
	}
	if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
		return false;

	if (!sa && !nfipsec_xfrm_in_use(nn->net) && nfipsec_sad_any(nn))
		return end_here(nn, skb, where, NFIPSEC_IN_NO_SA, reason);
	/* Not for XFRM but for a socket: policy may have something against it. */
	*settled = sa || (l3->proto != IPPROTO_UDP && nfipsec_xfrm_in_use(nn->net));
	return false;
}

/* Each datagram goes the way it would have gone by itself. Consumes @skb. */
static void split(struct nfipsec_net *nn, struct sk_buff *skb,
		  const struct nfipsec_flow *flow, enum nfipsec_where where)
{
	struct sk_buff *seg, *next;

	skb = nfipsec_natt_split(nn, skb);
	skb_list_walk_safe(skb, seg, next) {
		skb_mark_not_on_list(seg);
		if (!nfipsec_input(nn, seg, flow->family, where))
			nfipsec_reinject_back(nn, seg, flow->meta.iif);
	}
}

/* A super-packet for this host: true if it was that, and is consumed. */
static bool taken_apart(struct nfipsec_net *nn, struct sk_buff *skb,
			const struct nfipsec_flow *flow,
			enum nfipsec_where where)
{
	if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
		return false;
	split(nn, skb, flow, where);
	return true;
}

/*
 * UDP to a port on which an SA receives. Returns true if the packet is
 * consumed. Sets @settled and @reason as ipsec() does.
 */
static bool udp(struct nfipsec_net *nn, struct sk_buff *skb,
		struct nfipsec_l3 *l3, const struct nfipsec_flow *flow,
		enum nfipsec_where where, bool *settled,
		enum nfipsec_reason *reason)
{
	if (skb_is_gso(skb))
		return taken_apart(nn, skb, flow, where);
	switch (nfipsec_natt_parse(skb, l3)) {
	case NFIPSEC_NATT_ESP:
		return ipsec(nn, skb, l3, flow, where, settled, reason);
	case NFIPSEC_NATT_KEEPALIVE:
		if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
			return false;
		return end_here(nn, skb, where, NFIPSEC_IN_KEEPALIVE, reason);
	case NFIPSEC_NATT_OTHER:
		break;
	}
	return false;
}

/*
 * May a packet for this host be one that is looked at there once more? ESP, AH,
 * ICMP errors; IPComp is inside others. Soon seen of most: nothing is parsed.
 */
static bool may_concern(const struct nfipsec_net *nn, const struct sk_buff *skb,
			u8 family)
{
	u8 proto = family == AF_INET ? ip_hdr(skb)->protocol :
				       ipv6_hdr(skb)->nexthdr;

	if (proto == IPPROTO_UDP)
		return READ_ONCE(nn->udpsa.count);
	return proto != IPPROTO_TCP;
}

/*
 * A packet that has to be looked at; @judge: by policy too. Not in nfipsec_input(),
 * which is through with most packets and needs none of this for it.
 */
static noinline bool look(struct nfipsec_net *nn, struct sk_buff *skb,
			  u8 family, enum nfipsec_where where, bool judge)
{
	struct nfipsec_flow flow nfipsec_noinit;
	struct nfipsec_l3 l3 nfipsec_noinit;
	enum nfipsec_reason reason = NFIPSEC_OK;
	bool settled = false;
	bool learn = false;

	if (!nfipsec_flow_plain(skb, family, &l3, &flow) &&
	    (!nfipsec_l3_parse(skb, family, &l3) ||
	     !nfipsec_flow_parse(skb, &l3, &flow))) {
		if (judge)
			nfipsec_drop(nn, skb, NFIPSEC_IN_HEADER);
		return judge;
	}
	nfipsec_meta_in(skb, family, &flow.meta);

	if (l3.frag && where < NFIPSEC_AT_BRIDGE_IN) {
		if (where != NFIPSEC_AT_FRAGMENTS)
			return false;
		if (nfipsec_clear_gathers(nn, &l3, &flow, judge))
			return nfipsec_defrag(nn, skb, &l3, false,
					      nfipsec_clear_link(nn, &l3,
								 flow.meta.iif));
	} else if (where == NFIPSEC_AT_FRAGMENTS) {
		if (!judge || !nfipsec_l3_hides_fragment(skb, &l3))
			return false;
		nfipsec_drop(nn, skb, NFIPSEC_IN_HEADER);
		return true;
	} else if (!l3.frag && nfipsec_is_ipsec(l3.proto)) {
		/* No device has one, but tc can send here what was to leave. */
		if (skb_is_gso(skb) ?
		    taken_apart(nn, skb, &flow, where) :
		    ipsec(nn, skb, &l3, &flow, where, &settled, &reason))
			return true;
	} else if (!l3.frag && l3.proto == IPPROTO_UDP &&
		   nfipsec_udpsa_port(nn, family, htons(flow.dport))) {
		if (udp(nn, skb, &l3, &flow, where, &settled, &reason))
			return true;
	} else if (where == NFIPSEC_AT_LOCAL_IN ||
		   where == NFIPSEC_AT_BRIDGE_IN) {
		learn = true;
	}
	if (judge && !settled) {
		/* PRE_ROUTING would have judged it before NAT. */
		if (where >= NFIPSEC_AT_BRIDGE_IN)
			nfipsec_nat_undo(nn->net, skb, &flow);
		if (nfipsec_clear_drop(nn, skb, &l3, &flow, reason))
			return true;
		if (l3.frag && where == NFIPSEC_AT_FRAGMENTS &&
		    nfipsec_clear_apart(nn))
			return nfipsec_defrag(nn, skb, &l3, true, 0);
	}
	if (learn)
		nfipsec_pmtu_learn(nn, skb, &l3);
	return false;
}

/**
 * nfipsec_input() - open or judge a packet that came in
 * @nn: namespace
 * @skb: packet, starting with its IP header, not tagged
 * @family: AF_INET or AF_INET6
 * @where: which hook asks
 *
 * Fragments are judged before they are put together, by what all fragments of
 * a datagram show alike, or are put together among themselves; so one that came
 * in the clear cannot complete one that was protected (RFC 4301 section 7).
 * Context: under rcu_read_lock(), process or softirq.
 * Return: true if the packet is consumed.
 */
bool nfipsec_input(struct nfipsec_net *nn, struct sk_buff *skb, u8 family,
		   enum nfipsec_where where)
{
	bool judge = READ_ONCE(nn->spd.active[NFIPSEC_SPD_IN]);

	if (!judge && !nfipsec_sad_any(nn))
		return false;
	if (where == NFIPSEC_AT_LOCAL_IN) {
		if (!may_concern(nn, skb, family))
			return false;
		judge = false;
	}
	return look(nn, skb, family, where, judge);
}

/**
 * nfipsec_input_bridged() - judge a packet that a bridge sends on by itself
 * @nn: namespace
 * @skb: packet at FORWARD, starting with its IP header
 * @family: AF_INET or AF_INET6
 * @in: the bridge, or its VLAN, that it came by
 *
 * What NAT of this host has sent there was not only bridged: it may have been for
 * the host itself. Everything else is no business of ours.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: true if the packet is consumed.
 */
bool nfipsec_input_bridged(struct nfipsec_net *nn, struct sk_buff *skb,
			   u8 family, const struct net_device *in)
{
	struct nfipsec_flow flow nfipsec_noinit;
	struct nfipsec_l3 l3 nfipsec_noinit;

	if (!READ_ONCE(nn->spd.active[NFIPSEC_SPD_IN]) || !skb_nfct(skb))
		return false;
	if (!nfipsec_flow_plain(skb, family, &l3, &flow) &&
	    (!nfipsec_l3_parse(skb, family, &l3) ||
	     !nfipsec_flow_parse(skb, &l3, &flow))) {
		/* Conntrack reads more headers than that. */
		if (!nfipsec_nat_changed(skb))
			return false;
		nfipsec_drop(nn, skb, NFIPSEC_IN_HEADER);
		return true;
	}
	if (!nfipsec_nat_undo(nn->net, skb, &flow))
		return false;
	/* The port may have left its bridge while the packet waited in a queue. */
	flow.meta = (struct nfipsec_meta){
		.iif = in ? in->ifindex : 0,
		.vrf = in ? l3mdev_master_ifindex_rcu(in) : 0,
		.mark = skb->mark,
	};
	return nfipsec_clear_drop(nn, skb, &l3, &flow, NFIPSEC_OK);
}

/**
 * nfipsec_input_own() - look at what the host sends itself
 * @nn: namespace
 * @skb: packet at LOCAL_IN, starting with its IP header; only read, but for its
 *	pointers
 * @family: AF_INET or AF_INET6
 *
 * No policy is asked. But its own stack may say that an ESP packet does not fit: rules
 * can have sent that by a smaller link than the one it was made for.
 * Context: under rcu_read_lock(), process or softirq.
 */
void nfipsec_input_own(const struct nfipsec_net *nn, struct sk_buff *skb,
		       u8 family)
{
	struct nfipsec_l3 l3;

	if ((family == AF_INET ? ip_hdr(skb)->protocol != IPPROTO_ICMP :
				 ipv6_hdr(skb)->nexthdr != IPPROTO_ICMPV6) ||
	    !nfipsec_sad_any(nn) || !nfipsec_l3_parse(skb, family, &l3))
		return;
	nfipsec_pmtu_learn(nn, skb, &l3);
}

/* As the stack hands it over. */
static void receive_early(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET) {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	} else {
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		IP6CB(skb)->iif = skb->dev->ifindex;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	skb->skb_iif = skb->dev->ifindex;
	skb_orphan(skb);
}

/**
 * nfipsec_input_early() - open ESP that the stack has not received yet
 * @nn: namespace
 * @skb: packet, starting with its IP header, the offsets of its headers set; its
 *	control block is another's
 * @family: AF_INET or AF_INET6
 *
 * What nfipsec_input() would do with it at PRE_ROUTING, of most packets of ESP.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: true if the packet is consumed; else it is as it was.
 */
bool nfipsec_input_early(struct nfipsec_net *nn, struct sk_buff *skb,
			 u8 family)
{
	struct nfipsec_flow flow nfipsec_noinit;
	struct nfipsec_l3 l3 nfipsec_noinit;
	struct nfipsec_sa *sa;

	if (!nfipsec_sad_any(nn) || skb_is_gso(skb))
		return false;
	if (!nfipsec_flow_plain(skb, family, &l3, &flow) &&
	    (family == AF_INET || !nfipsec_l3_parse(skb, family, &l3) ||
	     !nfipsec_flow_parse(skb, &l3, &flow)))
		return false;
	if (l3.proto != IPPROTO_ESP || l3.frag || skb->len < l3.len)
		return false;
	flow.meta = (struct nfipsec_meta){
		.iif = skb->dev->ifindex,
		.mark = skb->mark,
	};
	sa = nfipsec_unwrap_find(nn, skb, &l3, &flow);
	if (!sa || sa->dir != NFIPSEC_DIR_IN || nfipsec_to_group(&flow))
		return false;
	nfipsec_sa_prefetch(sa, false);
	receive_early(skb, family);
	input_sa(nn, sa, skb, &l3, &flow);
	return true;
}
