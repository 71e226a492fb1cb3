// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet whose SAs and path are known (RFC 4301 section 5.1.2): made one datagram
 * after the other, sealed, and sent.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_route.h>

#include "decide.h"
#include "drop.h"
#include "flow.h"
#include "net.h"
#include "pmtu.h"
#include "reinject.h"
#include "sa.h"
#include "seal.h"
#include "send.h"
#include "train.h"

/**
 * nfipsec_send_errno() - what a local sender is told of a packet
 * @reason: what became of it
 *
 * Context: any.
 * Return: negative errno; 0 where a loss on the way would look the same.
 */
int nfipsec_send_errno(enum nfipsec_reason reason)
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

/**
 * nfipsec_send_one() - seal one datagram, as it is, and send it
 * @p: its SAs and path
 * @skb: datagram, starting with its IP header; consumed
 * @layout: of @skb
 *
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: 0 or an error for the sender.
 */
int nfipsec_send_one(const struct nfipsec_outbound *p, struct sk_buff *skb,
		     const struct nfipsec_l3 *layout)
{
	enum nfipsec_reason reason;
	bool df;

	reason = seal_one(p, skb, layout, &df);
	return reason ? nfipsec_send_errno(reason) : leave(p, skb, df);
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
		return nfipsec_send_errno(NFIPSEC_OUT_HEADER);
	}
	return nfipsec_send_one(p, skb, &l3);
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
		return nfipsec_send_errno(reason);
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
	return nfipsec_send_one(p, skb, l3);
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
		return nfipsec_send_errno(NFIPSEC_OUT_HEADER);
	}
	/* Of UDP's old kind, which tun still takes: fragments of one datagram. */
	if (unlikely(l3.frag &&
		     p->chain.sa[0]->mode != NFIPSEC_MODE_TUNNEL)) {
		nfipsec_drop_sa(p->nn, skb, p->sa, NFIPSEC_OUT_FRAG);
		return nfipsec_send_errno(NFIPSEC_OUT_FRAG);
	}
	/* Of a train over IPv6 nobody asks what the SA has learned of its path. */
	if (unlikely(skb->len > p->fit) && p->sa->key.family == AF_INET6) {
		err = leave_train(p, train);
		return nfipsec_send_one(p, skb, &l3) ?: err;
	}
	reason = seal_one(p, skb, &l3, &df);
	if (reason)
		return nfipsec_send_errno(reason);
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

	nfipsec_train_start(&train, &p->chain, p->dst);
	/* Once here, or else once for each segment, which has as much. */
	if (skb_cow_head(skb, nfipsec_train_room(&train, p->dst))) {
		nfipsec_drop(p->nn, skb, NFIPSEC_OUT_NOMEM);
		return nfipsec_send_errno(NFIPSEC_OUT_NOMEM);
	}
	/* What the CPU cannot read would be copied as zeros. */
	segs = skb_frags_readable(skb) ? skb_gso_segment(skb, 0) : NULL;
	if (IS_ERR_OR_NULL(segs)) {
		reason = segs == ERR_PTR(-ENOMEM) ? NFIPSEC_OUT_NOMEM :
						    NFIPSEC_OUT_GSO;
		nfipsec_drop(p->nn, skb, reason);
		return nfipsec_send_errno(reason);
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

/**
 * nfipsec_send() - protect a packet whose SAs and path are known
 * @p: these; @given is written
 * @skb: packet or super-packet, starting with its IP header, that may go on by
 *	nfipsec_pmtu_fits(); consumed
 * @family: AF_INET or AF_INET6
 * @l3: its layout
 *
 * What is lost on the way is counted.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: 0 or an error for the sender.
 */
int nfipsec_send(struct nfipsec_outbound *p, struct sk_buff *skb, u8 family,
		 const struct nfipsec_l3 *l3)
{
	return skb_is_gso(skb) ? send_segments(p, skb, family) :
				 send_datagram(p, skb, family, l3);
}
