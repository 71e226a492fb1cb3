// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way out (RFC 4301 section 5.1), top to bottom:
 *
 *	hook -> nfipsec_output_decide()		which policy, what does it say
 *	     -> the other POST_ROUTING hooks	NAT is confirmed, queues run
 *	     -> nfipsec_output()		which policy, which SAs
 *		-> route, path MTU
 *		-> segments, fragments, checksums
 *		-> seal: encap, esp, ah, comp	for each SA: outer headers,
 *						ciphertext, ICV
 *		-> train			those of a super-packet together
 *		-> reinject			the ESP or AH packet leaves
 *
 * What is held between the two look-ups, in a queue to user space say, or for
 * want of an SA in acquire_queue.c, waits in the clear but can only leave through
 * the second.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>

#include "acquire_queue.h"
#include "acquire_wish.h"
#include "decide.h"
#include "drop.h"
#include "flow.h"
#include "net.h"
#include "output.h"
#include "pmtu.h"
#include "reinject.h"
#include "seal.h"
#include "tfc.h"
#include "train.h"

/* Each a look-up, behind which a route may be dead again. */
#define ROUTE_TRIES	4
/*
 * One in the other, as the packet is sent. With a peer that is reached by the tunnel
 * device which the SA protects they would have no end. The kernel, where it has a
 * limit, counts a tunnel twice; it is asked first.
 */
#define DEVICES_MAX	(IP_TUNNEL_RECURSION_LIMIT + 1)

static __always_inline enum nfipsec_reason
ask_policy_once(const struct nfipsec_net *nn, const struct sk_buff *skb,
		u8 family, struct nfipsec_decision *d)
{
	d->gen = nfipsec_net_gen(nn);
	return nfipsec_decide_policy(nn, skb, family, &d->l3, &d->flow,
				     &d->verdict);
}

static noinline __cold enum nfipsec_reason
ask_policy_held(const struct nfipsec_net *nn, const struct sk_buff *skb,
		u8 family, struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	nfipsec_net_gen_hold(nn);
	reason = ask_policy_once(nn, skb, family, d);
	nfipsec_net_gen_release(nn);
	return reason;
}

/* Of an ICMP error several looks: all of them at one state. */
static enum nfipsec_reason ask_policy(const struct nfipsec_net *nn,
				      const struct sk_buff *skb, u8 family,
				      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	reason = ask_policy_once(nn, skb, family, d);
	if (unlikely(nfipsec_net_gen_changed(nn, d->gen)))
		reason = ask_policy_held(nn, skb, family, d);
	return reason;
}

/**
 * nfipsec_output_decide() - what policy does with a packet that leaves
 * @nn: namespace
 * @skb: packet, starting with its IP header; only read
 * @family: AF_INET or AF_INET6
 * @decision: written, for nfipsec_output_decided()
 * @reason: why, for NFIPSEC_OUT_DROP
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: what to do.
 */
enum nfipsec_out nfipsec_output_decide(const struct nfipsec_net *nn,
				       const struct sk_buff *skb, u8 family,
				       struct nfipsec_decision *decision,
				       enum nfipsec_reason *reason)
{
	const struct nfipsec_verdict *verdict = &decision->verdict;

	*reason = ask_policy(nn, skb, family, decision);
	if (verdict->policy) {
		nfipsec_policy_prefetch_sa(verdict->policy);
		this_cpu_inc(*verdict->policy->hits);
	}
	if (*reason)
		return NFIPSEC_OUT_DROP;
	return verdict->action == NFIPSEC_ACTION_PROTECT ? NFIPSEC_OUT_SEAL :
							   NFIPSEC_OUT_PASS;
}

/* What the sender is told; 0 where a loss on the way would look the same. */
static int reason_errno(enum nfipsec_reason reason)
{
	switch (reason) {
	case NFIPSEC_OK:
		return 0;
	case NFIPSEC_OUT_TOO_BIG:
	case NFIPSEC_OUT_LENGTH:
		return -EMSGSIZE;
	case NFIPSEC_OUT_NO_ROUTE:
		return -EHOSTUNREACH;
	case NFIPSEC_OUT_NOMEM:
		return -ENOBUFS;
	case NFIPSEC_OUT_GSO:
		return -EINVAL;
	default:
		return -EPERM;
	}
}

/* Sealed by all SAs of @p, with the outer header's @df: consumed. */
static int leave(const struct nfipsec_outbound *p, struct sk_buff *skb, bool df)
{
	struct nfipsec_sealed sealed = {
		.family = p->sa->key.family,
		.tunnel = nfipsec_sa_rehouses(p->sa),
		.shared = p->shared,
		.path = p->path,
	};

	sealed.df = df && sealed.family == AF_INET;
	/* By what was told the stack would refuse it, or cut it without DF. */
	if (sealed.df && !sealed.shared)
		sealed.shared = nfipsec_pmtu_told(p->nn, p->sa);
	return nfipsec_reinject_out(p->net, p->own ? skb->sk : p->sk, skb,
				    &sealed);
}

/* Instead of its own, by which it came here. The reference is the packet's. */
static void set_route(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_drop(skb);
	skb_dst_set(skb, dst);
	skb->dev = dst->dev;
}

/*
 * One datagram with its layout. On success it is as it will be on the wire, with
 * its route; on failure it is freed, and counted.
 */
static enum nfipsec_reason seal_one(const struct nfipsec_outbound *p,
				    struct sk_buff *skb,
				    const struct nfipsec_l3 *layout, bool *df)
{
	const struct nfipsec_sa *at = p->sa;
	struct nfipsec_l3 l3 = *layout;
	enum nfipsec_reason reason;

	reason = nfipsec_seal_checksum(skb);
	if (reason)
		goto drop;

	*df = nfipsec_pmtu_df(p->sa, skb, &l3, p->fit);
	if (nfipsec_sa_rehouses(p->sa) && !p->given)
		set_route(skb, dst_clone(p->dst));
	reason = nfipsec_seal(p, skb, &l3, *df, &at);
	if (reason)
		goto drop;

	nfipsec_count(p->nn, p->dummy ? NFIPSEC_OUT_DUMMY : NFIPSEC_OUT_OK);
	return NFIPSEC_OK;

drop:
	nfipsec_drop_sa(p->nn, skb, at, reason);
	return reason;
}

/* One datagram with its layout: consumed, whatever happens. */
static int send_one(const struct nfipsec_outbound *p, struct sk_buff *skb,
		    const struct nfipsec_l3 *layout)
{
	enum nfipsec_reason reason;
	bool df;

	reason = seal_one(p, skb, layout, &df);
	return reason ? reason_errno(reason) : leave(p, skb, df);
}

/* Where collect() puts what ip6_fragment() makes, bottom halves off. */
static DEFINE_PER_CPU(struct sk_buff_head *, pieces);

static int collect(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	__skb_queue_tail(this_cpu_read(pieces), skb);
	return 0;
}

/* What was cut out of another packet: its layout need not be that one's. */
static int send_piece(const struct nfipsec_outbound *p, struct sk_buff *skb,
		      u8 family)
{
	struct nfipsec_l3 l3;

	if (!nfipsec_l3_parse(skb, family, &l3)) {
		nfipsec_drop_sa(p->nn, skb, p->sa, NFIPSEC_OUT_HEADER);
		return reason_errno(NFIPSEC_OUT_HEADER);
	}
	return send_one(p, skb, &l3);
}

/* A datagram that is fragmented before it is sealed. */
static int send_fragments(const struct nfipsec_outbound *p, struct sk_buff *skb,
			  u8 family)
{
	unsigned int mtu = nfipsec_decide_piece(p, skb, family);
	enum nfipsec_reason reason;
	struct sk_buff_head list;
	struct sk_buff *piece;
	int err, ret;

	/* The stack would make an Internet checksum, also of SCTP. */
	reason = nfipsec_seal_checksum(skb);
	/* The stack asks its own route too what fits. */
	if (!reason && nfipsec_reinject_is_dead(skb_dst(skb)))
		reason = NFIPSEC_OUT_NO_ROUTE;
	if (reason) {
		nfipsec_drop(p->nn, skb, reason);
		return reason_errno(reason);
	}

	__skb_queue_head_init(&list);
	this_cpu_write(pieces, &list);
	if (family == AF_INET) {
		IPCB(skb)->frag_max_size = mtu;
		err = ip_do_fragment(p->net, skb->sk, skb, collect);
	} else {
		IP6CB(skb)->frag_max_size = mtu;
		err = ip6_fragment(p->net, skb->sk, skb, collect);
	}
	this_cpu_write(pieces, NULL);
	/* It has freed the datagram, and what is missing was not made. */
	if (err)
		nfipsec_count(p->nn, err == -EMSGSIZE ? NFIPSEC_OUT_TOO_BIG :
							NFIPSEC_OUT_NOMEM);

	while ((piece = __skb_dequeue(&list))) {
		ret = send_piece(p, piece, family);
		if (ret)
			err = ret;
	}
	return err;
}

/* A packet of the size its sender made it. */
static int send_datagram(struct nfipsec_outbound *p, struct sk_buff *skb,
			 u8 family, const struct nfipsec_l3 *l3)
{
	if (nfipsec_decide_fragments(p, skb, family))
		return send_fragments(p, skb, family);
	/* Nobody else takes this route: the reference need not be another. */
	if (nfipsec_sa_rehouses(p->sa)) {
		set_route(skb, p->dst);
		p->given = true;
	}
	return send_one(p, skb, l3);
}

/* What of a super-packet goes down the stack together. */
static int leave_train(const struct nfipsec_outbound *p,
		       struct nfipsec_train *train)
{
	struct net *net = nfipsec_sa_rehouses(p->sa) ? p->net : NULL;
	bool df = train->df;
	struct sk_buff *skb;

	skb = nfipsec_train_leave(train, net);
	return skb ? leave(p, skb, df) : 0;
}

/* One segment of a super-packet: consumed. Those before it have left, or wait. */
static int send_segment(const struct nfipsec_outbound *p, struct sk_buff *skb,
			u8 family, struct nfipsec_train *train)
{
	enum nfipsec_reason reason;
	struct nfipsec_l3 l3;
	int err;
	bool df;

	if (nfipsec_decide_fragments(p, skb, family)) {
		err = leave_train(p, train);
		return send_fragments(p, skb, family) ?: err;
	}
	if (!nfipsec_l3_parse(skb, family, &l3)) {
		nfipsec_drop_sa(p->nn, skb, p->sa, NFIPSEC_OUT_HEADER);
		return reason_errno(NFIPSEC_OUT_HEADER);
	}
	/* Of UDP's old kind, which tun still takes: fragments of one datagram. */
	if (unlikely(l3.frag &&
		     p->chain.sa[0]->mode != NFIPSEC_MODE_TUNNEL)) {
		nfipsec_drop_sa(p->nn, skb, p->sa, NFIPSEC_OUT_FRAG);
		return reason_errno(NFIPSEC_OUT_FRAG);
	}
	/* Of a train over IPv6 nobody asks what the SA has learned of its path. */
	if (unlikely(skb->len > p->fit) && p->sa->key.family == AF_INET6) {
		err = leave_train(p, train);
		return send_one(p, skb, &l3) ?: err;
	}
	reason = seal_one(p, skb, &l3, &df);
	if (reason)
		return reason_errno(reason);
	if (nfipsec_train_join(train, skb, df))
		return 0;
	err = leave_train(p, train);
	if (nfipsec_train_join(train, skb, df))
		return err;
	return leave(p, skb, df) ?: err;
}

/* A super-packet: cut to what the sender's protocol calls a packet. */
static int send_segments(const struct nfipsec_outbound *p, struct sk_buff *skb,
			 u8 family)
{
	struct sk_buff *segs, *seg, *next;
	enum nfipsec_reason reason;
	struct nfipsec_train train;
	int err = 0, ret;

	nfipsec_train_start(&train, p->chain.sa[p->chain.len - 1], p->dst);
	/* Once here, or else once for each segment, which has as much. */
	if (skb_cow_head(skb, nfipsec_train_room(&train, p->dst))) {
		nfipsec_drop(p->nn, skb, NFIPSEC_OUT_NOMEM);
		return reason_errno(NFIPSEC_OUT_NOMEM);
	}
	/* What the CPU cannot read would be copied as zeros. */
	segs = skb_frags_readable(skb) ? skb_gso_segment(skb, 0) : NULL;
	if (IS_ERR_OR_NULL(segs)) {
		reason = segs == ERR_PTR(-ENOMEM) ? NFIPSEC_OUT_NOMEM :
						    NFIPSEC_OUT_GSO;
		nfipsec_drop(p->nn, skb, reason);
		return reason_errno(reason);
	}
	consume_skb(skb);

	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		ret = send_segment(p, seg, family, &train);
		if (ret)
			err = ret;
	}
	return leave_train(p, &train) ?: err;
}

static __always_inline enum nfipsec_reason
find_sas_once(struct nfipsec_outbound *p, const struct sk_buff *skb, u8 family,
	      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason = NFIPSEC_OK;

	if (nfipsec_net_gen_changed(p->nn, d->gen))
		reason = ask_policy(p->nn, skb, family, d);
	if (!reason && d->verdict.action != NFIPSEC_ACTION_PROTECT)
		reason = NFIPSEC_OUT_CHANGED;
	if (!reason)
		reason = nfipsec_decide_chain(p, d->verdict.policy, &d->flow);
	return reason;
}

static noinline __cold enum nfipsec_reason
find_sas_held(struct nfipsec_outbound *p, const struct sk_buff *skb, u8 family,
	      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	nfipsec_net_gen_hold(p->nn);
	reason = find_sas_once(p, skb, family, d);
	nfipsec_net_gen_release(p->nn);
	return reason;
}

/* The policy and its SAs, as they are in one state of the tables. */
static enum nfipsec_reason find_sas(struct nfipsec_outbound *p,
				    const struct sk_buff *skb, u8 family,
				    struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	reason = find_sas_once(p, skb, family, d);
	if (unlikely(nfipsec_net_gen_changed(p->nn, d->gen)))
		reason = find_sas_held(p, skb, family, d);
	return reason;
}

/* A route, and what is known of it, that was not dead when that was read. */
static enum nfipsec_reason find_route(struct nfipsec_outbound *p,
				      const struct sk_buff *skb,
				      const struct nfipsec_l3 *l3,
				      const struct nfipsec_flow *flow)
{
	unsigned int tries = ROUTE_TRIES;
	enum nfipsec_reason reason;

	do {
		reason = nfipsec_decide_path(p, skb, l3, flow);
		if (reason || !nfipsec_reinject_is_dead(p->dst))
			return reason;
		/* What policy said holds for the device of its own. */
		if (!nfipsec_sa_rehouses(p->sa))
			break;
		dst_release(p->dst);
		p->dst = NULL;
	} while (--tries);
	return NFIPSEC_OUT_NO_ROUTE;
}

static enum nfipsec_reason find_path(struct nfipsec_outbound *p,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3,
				     const struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;

	if (dev_recursion_level() > DEVICES_MAX)
		return NFIPSEC_OUT_NO_ROUTE;
	reason = find_route(p, skb, l3, flow);
	if (reason)
		return reason;
	if (nfipsec_pmtu_fits(p->sa, skb, l3, p->mtu))
		return NFIPSEC_OK;
	reason = p->shared ? nfipsec_pmtu_shrink(skb, l3, p->mtu) :
			     NFIPSEC_OUT_TOO_BIG;
	if (reason == NFIPSEC_OUT_TOO_BIG)
		nfipsec_pmtu_tell(p->nn, p->sa, skb, l3, p->mtu, p->shared);
	return reason;
}

/**
 * nfipsec_output_decided() - protect a packet and send it
 * @net: namespace
 * @sk: who sends it, as netfilter has it, or NULL; stays the caller's
 * @skb: packet that passed all POST_ROUTING hooks; consumed
 * @d: what nfipsec_output_decide() said of it; looked for again if a table has
 *	changed since
 *
 * Without an SA the packet may wait for one, and then comes to nfipsec_output().
 * Context: process or softirq, under the rcu_read_lock() of @d.
 * Return: 0 or an error for the sender.
 */
int nfipsec_output_decided(struct net *net, struct sock *sk,
			   struct sk_buff *skb, struct nfipsec_decision *d)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	struct nfipsec_outbound p = {
		.net = net, .nn = nfipsec_net_rcu(net), .sk = sk,
		.own = skb->sk == sk,
	};
	bool off = softirq_count();
	enum nfipsec_reason reason;
	int ret;

	if (!off)
		local_bh_disable();
	reason = find_sas(&p, skb, family, d);
	if (!reason)
		reason = find_path(&p, skb, &d->l3, &d->flow);
	if (!reason && nfipsec_acquire_wishes(d->verdict.policy, &p.chain,
					      smp_processor_id()))
		nfipsec_acquire_wish(p.nn, d->verdict.policy, &d->flow, d->gen);
	/* What waits has no other socket than its own. */
	if (reason == NFIPSEC_OUT_NO_SA && skb->sk != sk)
		skb_orphan(skb);
	if (reason == NFIPSEC_OUT_NO_SA)
		reason = nfipsec_acquire_hold(p.nn, d->verdict.policy, &d->flow,
					      skb, d->gen);

	if (reason == NFIPSEC_OUT_ACQUIRE) {
		ret = 0;
	} else if (reason) {
		nfipsec_drop(p.nn, skb, reason);
		ret = reason_errno(reason);
	} else if (skb_is_gso(skb)) {
		ret = send_segments(&p, skb, family);
	} else {
		ret = send_datagram(&p, skb, family, &d->l3);
	}
	if (p.sa && nfipsec_sa_rehouses(p.sa) && !p.given)
		dst_release(p.dst);
	if (!off)
		local_bh_enable();
	return ret;
}

/* Of what was held its route may have died, and policy depends on the device. */
static void route_again(struct net *net, struct sk_buff *skb)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;

	/* In a tunnel it may do without if it need not be cut, else it is dropped. */
	if (nfipsec_reinject_is_dead(skb_dst(skb)))
		nfipsec_reinject_again(net, skb, family);
}

/**
 * nfipsec_output() - protect a packet and send it
 * @net: namespace
 * @sk: who sends it, as netfilter has it, or NULL; stays the caller's
 * @skb: packet that passed all POST_ROUTING hooks; consumed
 *
 * Looks policy up again: the hooks may have changed the packet or held it
 * while policy changed. And for another route, if its own died meanwhile.
 * Context: process or softirq.
 * Return: 0 or an error for the sender.
 */
int nfipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	/* No state of the tables has this number. */
	struct nfipsec_decision d = { .gen = 0 };
	int ret;

	rcu_read_lock();
	route_again(net, skb);
	ret = nfipsec_output_decided(net, sk, skb, &d);
	rcu_read_unlock();
	return ret;
}

/**
 * nfipsec_output_lacks() - would a packet have to wait for an SA?
 * @nn: namespace
 * @skb: packet that passed all POST_ROUTING hooks; stays the caller's, with another
 *	route if its own is dead
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: the policy that wants the SA, or NULL if nfipsec_output() would send
 * or drop the packet.
 */
const struct nfipsec_policy *nfipsec_output_lacks(const struct nfipsec_net *nn,
						  struct sk_buff *skb)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	struct nfipsec_verdict verdict;
	struct nfipsec_chain chain;
	struct nfipsec_flow flow;
	struct nfipsec_l3 l3;

	route_again(nn->net, skb);
	if (nfipsec_decide_policy(nn, skb, family, &l3, &flow, &verdict) ||
	    verdict.action != NFIPSEC_ACTION_PROTECT ||
	    nfipsec_policy_chain(nn, verdict.policy, &flow,
				 raw_smp_processor_id(), &chain))
		return NULL;
	return verdict.policy;
}

/**
 * nfipsec_output_dummy() - send a dummy packet through an SA
 * @net: namespace
 * @sa: mature, not for receiving only
 *
 * RFC 4303 section 2.6. If there is no route now, none is sent.
 * Context: under rcu_read_lock(), process.
 */
void nfipsec_output_dummy(struct net *net, struct nfipsec_sa *sa)
{
	struct nfipsec_outbound p = {
		.net = net, .nn = nfipsec_net_rcu(net), .sa = sa, .shared = true,
		.chain = { .sa = { sa }, .len = 1 }, .dummy = true,
	};
	struct nfipsec_l3 l3;
	struct sk_buff *skb;

	local_bh_disable();
	skb = nfipsec_tfc_dummy(sa);
	if (skb)
		p.dst = nfipsec_reinject_route(net, sa, skb);
	if (!p.dst || !nfipsec_l3_parse(skb, sa->key.family, &l3))
		goto out;

	skb_dst_set(skb, dst_clone(p.dst));
	skb->dev = p.dst->dev;
	p.path = nfipsec_pmtu_path(p.nn, &p.chain, sa, p.dst);
	p.mtu = nfipsec_pmtu_inner(&p.chain, p.path, &l3, &p.fit);
	if (nfipsec_tfc_dummy_grow(sa, skb, p.fit)) {
		send_one(&p, skb, &l3);
		skb = NULL;
	}
out:
	kfree_skb(skb);
	dst_release(p.dst);
	local_bh_enable();
}
