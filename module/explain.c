// SPDX-License-Identifier: GPL-2.0-only
/*
 * See explain.h. A packet is made as it is asked about, and the data path itself
 * decides: decide.c and clear.c. It is sent nowhere, and nothing is counted.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "acquire_queue.h"
#include "acquire_wish.h"
#include "clear.h"
#include "decide.h"
#include "event.h"
#include "explain.h"
#include "flow.h"
#include "mcast.h"
#include "meta.h"
#include "net.h"
#include "pmtu.h"
#include "route.h"
#include "seal.h"

/* Of a fragment that is asked about: behind a first one of usual size. */
#define FRAGMENT_OFFSET	1280
/* What is behind the IP header at least: no protocol's ports end later. */
#define PAYLOAD_MIN	8

static unsigned int header_len(const struct nfipsec_query *q)
{
	if (q->flow.family == AF_INET)
		return sizeof(struct iphdr);
	return sizeof(struct ipv6hdr) +
	       (q->fragment ? sizeof(struct frag_hdr) : 0);
}

/**
 * nfipsec_query_len_min() - how short may a packet be that is asked about?
 * @q: with its family and @q->fragment
 *
 * Context: any.
 * Return: bytes, IP header included.
 */
u32 nfipsec_query_len_min(const struct nfipsec_query *q)
{
	return header_len(q) + PAYLOAD_MIN;
}

static void make_ipv4(struct sk_buff *skb, const struct nfipsec_query *q)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = q->flow.dscp << 2;
	iph->tot_len = htons(q->len);
	if (q->fragment)
		iph->frag_off = htons(FRAGMENT_OFFSET / 8);
	if (q->df)
		iph->frag_off |= htons(IP_DF);
	iph->ttl = IPDEFTTL;
	iph->protocol = q->flow.proto;
	iph->saddr = q->flow.saddr.ip;
	iph->daddr = q->flow.daddr.ip;
	ip_send_check(iph);
	skb->protocol = htons(ETH_P_IP);
}

static void make_ipv6(struct sk_buff *skb, const struct nfipsec_query *q)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);
	struct frag_hdr *fh = (struct frag_hdr *)(ip6 + 1);

	ip6_flow_hdr(ip6, q->flow.dscp << 2, 0);
	ip6->payload_len = htons(q->len - sizeof(*ip6));
	ip6->nexthdr = q->fragment ? NEXTHDR_FRAGMENT : q->flow.proto;
	if (q->fragment) {
		fh->nexthdr = q->flow.proto;
		fh->frag_off = htons(FRAGMENT_OFFSET);
	}
	ip6->hop_limit = IPV6_DEFAULT_HOPLIMIT;
	ip6->saddr = q->flow.saddr.in6;
	ip6->daddr = q->flow.daddr.in6;
	skb->protocol = htons(ETH_P_IPV6);
}

/* What nfipsec_flow_parse() will read. */
static void make_field(struct sk_buff *skb, const struct nfipsec_query *q)
{
	u8 *l4 = skb->data + header_len(q);

	if (q->fragment)
		return;
	switch (nfipsec_field(q->flow.family, q->flow.proto)) {
	case NFIPSEC_FIELD_PORTS:
		((__be16 *)l4)[0] = htons(q->flow.sport);
		((__be16 *)l4)[1] = htons(q->flow.dport);
		break;
	case NFIPSEC_FIELD_ICMP:
		*(__be16 *)l4 = htons(q->flow.sport);
		break;
	case NFIPSEC_FIELD_MH:
		l4[2] = q->flow.sport >> 8;
		break;
	case NFIPSEC_FIELD_NONE:
		break;
	}
}

/**
 * nfipsec_query_packet() - make the packet that is asked about
 * @q: with a length that is large enough
 *
 * Context: process context, sleeps.
 * Return: the packet, the caller's, or NULL.
 */
struct sk_buff *nfipsec_query_packet(const struct nfipsec_query *q)
{
	struct sk_buff *skb = alloc_skb(q->len, GFP_KERNEL);

	if (!skb)
		return NULL;
	skb_put_zero(skb, q->len);
	skb_reset_network_header(skb);
	skb->mark = q->mark;
	skb->skb_iif = q->iif;
	if (q->flow.family == AF_INET)
		make_ipv4(skb, q);
	else
		make_ipv6(skb, q);
	make_field(skb, q);
	return skb;
}

/* What rules for routes can look at; of IPv4 not the DSCP. */
static void show_field(struct flowi4 *fl4, struct flowi6 *fl6,
		       const struct nfipsec_query *q)
{
	if (q->fragment)
		return;
	switch (nfipsec_field(q->flow.family, q->flow.proto)) {
	case NFIPSEC_FIELD_PORTS:
		fl4->fl4_sport = htons(q->flow.sport);
		fl4->fl4_dport = htons(q->flow.dport);
		fl6->fl6_sport = htons(q->flow.sport);
		fl6->fl6_dport = htons(q->flow.dport);
		break;
	case NFIPSEC_FIELD_ICMP:
		fl4->fl4_icmp_type = q->flow.sport >> 8;
		fl4->fl4_icmp_code = q->flow.sport & 0xff;
		fl6->fl6_icmp_type = q->flow.sport >> 8;
		fl6->fl6_icmp_code = q->flow.sport & 0xff;
		break;
	default:
		break;
	}
}

/* The packet's own. It may be of another host, and forwarded. */
static struct dst_entry *find_route(struct net *net,
				    const struct nfipsec_query *q)
{
	struct flowi4 fl4 = {
		.saddr = q->flow.saddr.ip,
		.daddr = q->flow.daddr.ip,
		.flowi4_proto = q->flow.proto,
		.flowi4_mark = q->mark,
		.flowi4_oif = q->oif,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct flowi6 fl6 = {
		.saddr = q->flow.saddr.in6,
		.daddr = q->flow.daddr.in6,
		.flowi6_proto = q->flow.proto,
		.flowi6_mark = q->mark,
		.flowi6_oif = q->oif,
		.flowlabel = ip6_make_flowinfo(q->flow.dscp << 2, 0),
	};
	struct rtable *rt;

	show_field(&fl4, &fl6, q);
	if (q->flow.family == AF_INET) {
		rt = __ip_route_output_key(net, &fl4);
		return IS_ERR(rt) ? NULL : &rt->dst;
	}
	return nfipsec_route6_flags(net, &fl6, q->oif ? RT6_LOOKUP_F_IFACE : 0);
}

/* As the kernel cuts: what is behind the header comes in eights. */
static u32 first_piece(const struct nfipsec_query *q, u32 max)
{
	u32 hlen = header_len(q);

	if (q->flow.family == AF_INET6)
		hlen += sizeof(struct frag_hdr);
	return hlen + round_down(max - hlen, 8);
}

/* What the stack lets through, which forwards by no path MTU that it has learned. */
static u32 stack_mtu(const struct dst_entry *dst, u8 family, bool forwarded)
{
	return family == AF_INET ? ip_dst_mtu_maybe_forward(dst, forwarded) :
				   ip6_dst_mtu_maybe_forward(dst, forwarded);
}

static enum nfipsec_reason judge_size(struct nfipsec_explanation *ex,
				      const struct nfipsec_outbound *p,
				      const struct nfipsec_query *q,
				      const struct sk_buff *skb,
				      const struct nfipsec_l3 *l3)
{
	u32 own = stack_mtu(skb_dst(skb), l3->family, q->iif);

	ex->path = p->path;
	ex->mtu = p->fit;
	/* By a route that takes less than the tunnel, the stack says so before. */
	if (own < p->fit && skb->len > own && (q->df || l3->family == AF_INET6)) {
		ex->mtu = min(ex->mtu, own);
		ex->fate = NFIPSEC_FATE_TOO_BIG;
		return NFIPSEC_OK;
	}
	if (!nfipsec_pmtu_fits(p->sa, skb, l3, p->mtu)) {
		ex->fate = NFIPSEC_FATE_TOO_BIG;
		return NFIPSEC_OUT_TOO_BIG;
	}
	if (nfipsec_decide_fragments(p, skb, l3->family)) {
		ex->piece = first_piece(q, nfipsec_decide_piece(p, skb,
								l3->family));
		ex->fate = NFIPSEC_FATE_BEFORE;
	} else {
		ex->fate = skb->len > p->fit ? NFIPSEC_FATE_AFTER :
					       NFIPSEC_FATE_FITS;
	}
	return NFIPSEC_OK;
}

/*
 * All of it, and the first reason that the data path would stop for. As nfipsec_seal()
 * does, that asks first what all SAs but the innermost have against the next packet, and
 * that one when it is known how long it will be.
 */
static enum nfipsec_reason lay_out(struct nfipsec_explanation *ex,
				   const struct nfipsec_outbound *p,
				   u32 len, const struct nfipsec_l3 *l3)
{
	u32 spare = p->fit > len ? p->fit - len : 0;
	enum nfipsec_reason reason = NFIPSEC_OK;
	const struct nfipsec_sa *at;
	unsigned int i;

	if (p->chain.len > 1)
		reason = nfipsec_seal_ask(&p->chain, 1, &at);
	nfipsec_layout_begin(&ex->layout, l3, len);
	for (i = 0; i < p->chain.len; i++) {
		nfipsec_layout_add(&ex->layout, p->chain.sa[i], l3,
				   i ? 0 : spare);
		if (!reason && ex->layout.len > IP_MAX_MTU)
			reason = NFIPSEC_OUT_LENGTH;
	}
	nfipsec_layout_end(&ex->layout);
	ex->sized = true;
	return reason ?: nfipsec_seal_ask(&p->chain, 0, &at);
}

static enum nfipsec_reason go_out(struct nfipsec_explanation *ex,
				  struct nfipsec_outbound *p,
				  const struct nfipsec_query *q,
				  const struct sk_buff *skb,
				  struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason, sealing;
	struct nfipsec_l3 l3;

	/* By defragmentation, which is on. Should one get here all the same: */
	ex->gathered = q->fragment && p->nn->spd.ports;
	reason = nfipsec_decide_policy(p->nn, skb, q->flow.family, &l3, flow,
				       &ex->verdict);
	/* No hook sees it. */
	if (ex->no_route || ex->loopback)
		return NFIPSEC_OK;
	if (reason || ex->verdict.action != NFIPSEC_ACTION_PROTECT)
		return reason;
	ex->loopback = nfipsec_mcast_ends_here(skb, q->flow.family);
	if (ex->loopback)
		return NFIPSEC_OK;
	reason = nfipsec_decide_chain(p, ex->verdict.policy, flow);
	if (!reason)
		reason = nfipsec_decide_path(p, skb, &l3, flow);
	ex->chain = p->chain;
	if (reason == NFIPSEC_OUT_NO_SA)
		return nfipsec_acquire_would(p->nn, ex->verdict.policy, flow,
					     skb->truesize, &ex->acquire);
	if (!reason && nfipsec_acquire_wishes(ex->verdict.policy, &p->chain,
					      raw_smp_processor_id()))
		ex->acquire = nfipsec_event_heard(p->nn);
	if (reason)
		return reason;
	reason = judge_size(ex, p, q, skb, &l3);
	sealing = lay_out(ex, p, ex->piece ?: skb->len, &l3);
	return reason ?: sealing;
}

/* As if it came in the clear: then policy says what it should have come by. */
static enum nfipsec_reason come_in(struct nfipsec_explanation *ex,
				   const struct nfipsec_net *nn,
				   const struct nfipsec_query *q,
				   struct sk_buff *skb,
				   struct nfipsec_flow *flow)
{
	struct net_device *dev = dev_get_by_index_rcu(nn->net, q->iif);
	bool judge = READ_ONCE(nn->spd.active[NFIPSEC_SPD_IN]);
	struct nfipsec_l3 l3;

	/* If nothing is said of it, it is in no VRF. */
	skb->dev = dev ?: nn->net->loopback_dev;
	ex->loopback = dev && dev->flags & IFF_LOOPBACK;
	if (ex->loopback)
		return NFIPSEC_OK;
	if (!nfipsec_l3_parse(skb, q->flow.family, &l3) ||
	    !nfipsec_flow_parse(skb, &l3, flow))
		return judge ? NFIPSEC_IN_HEADER : NFIPSEC_OK;
	nfipsec_meta_in(skb, q->flow.family, &flow->meta);
	ex->gathered = l3.frag && (judge || READ_ONCE(nn->sad.count)) &&
		       nfipsec_clear_gathers(nn, &l3, flow, judge);
	/* Nobody judges a fragment then: there is no answer for it alone. */
	ex->verdict.opaque = ex->gathered;
	if (ex->gathered)
		return NFIPSEC_OK;
	return nfipsec_clear_judge(nn, &l3, flow, &ex->verdict);
}

static void add_candidate(struct nfipsec_explanation *ex,
			  const struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow)
{
	enum nfipsec_match match;
	bool hidden;

	match = nfipsec_sets_match(pol->cfg.sel, pol->cfg.sels, flow, &hidden);
	if (match == NFIPSEC_MATCH_NO)
		return;
	if (ex->candidates == NFIPSEC_EXPLAIN_CANDIDATES) {
		ex->more = true;
		return;
	}
	ex->candidate[ex->candidates++] = (struct nfipsec_candidate){
		.policy = pol,
		.set = nfipsec_sets_which(pol->cfg.sel, pol->cfg.sels, flow),
		.may = match == NFIPSEC_MATCH_OPAQUE,
	};
}

/*
 * From the first that matches, which is the one that packets meet unless they are
 * fragments. What stands behind is only for people: not all of a large SPD is
 * looked at for that.
 */
static void find_candidates(struct nfipsec_explanation *ex,
			    const struct nfipsec_net *nn, unsigned int dir,
			    const struct nfipsec_flow *flow)
{
	const struct nfipsec_policy *pol = ex->verdict.policy;
	unsigned int n;

	if (!pol && !flow->opaque)
		return;
	if (flow->opaque)
		pol = nfipsec_spd_next(nn, dir, 0, 0);
	for (n = 0; pol && !ex->more; n++) {
		if (n == NFIPSEC_EXPLAIN_SCAN) {
			ex->more = true;
			return;
		}
		add_candidate(ex, pol, flow);
		pol = nfipsec_spd_next(nn, dir, pol->cfg.priority, pol->age);
		cond_resched();
	}
}

/**
 * nfipsec_explain() - what would become of a packet?
 * @net: namespace
 * @q: the packet
 * @skb: from nfipsec_query_packet(); consumed
 * @ex: the answer, written whole; what it points to is valid under nn->lock
 *
 * Nothing is sent or told, and no reason counted; that policy, an SA or a route was
 * looked for may be remembered, as of every packet.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_explain(struct net *net, const struct nfipsec_query *q,
		     struct sk_buff *skb, struct nfipsec_explanation *ex)
{
	struct nfipsec_outbound p = { .net = net, .nn = nfipsec_net(net) };
	struct nfipsec_flow flow = {};
	struct dst_entry *dst = NULL;

	lockdep_assert_held(&p.nn->lock);
	memset(ex, 0, sizeof(*ex));
	rcu_read_lock();
	local_bh_disable();
	if (q->dir == NFIPSEC_DIR_OUT) {
		dst = find_route(net, q);
		ex->no_route = !dst;
		/* What a VRF has for its own leaves by the VRF's device. */
		ex->loopback = dst && (dst->dev->flags & IFF_LOOPBACK ||
				       netif_is_l3_master(dst->dev));
		skb_dst_set(skb, dst);
		skb->dev = dst ? dst->dev : net->loopback_dev;
		ex->reason = go_out(ex, &p, q, skb, &flow);
		if (p.sa && nfipsec_sa_rehouses(p.sa))
			dst_release(p.dst);
	} else {
		ex->reason = come_in(ex, p.nn, q, skb, &flow);
	}
	local_bh_enable();
	rcu_read_unlock();

	consume_skb(skb);
	find_candidates(ex, p.nn, nfipsec_spd_dir(q->dir), &flow);
}
