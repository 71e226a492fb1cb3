// SPDX-License-Identifier: GPL-2.0-only
/* See decide.h. */
#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>

#include "decide.h"
#include "flow.h"
#include "icmp.h"
#include "meta.h"
#include "net.h"
#include "pmtu.h"
#include "reinject.h"
#include "route.h"

/* The interface that a host is behind, by its route; 0 if none, or it is here. */
static u32 behind(struct net *net, const union nfipsec_addr *host, u8 family,
		  u32 vrf)
{
	struct flowi4 fl4 = {
		.daddr = host->ip,
		.flowi4_oif = vrf,
	};
	struct flowi6 fl6 = {
		.daddr = host->in6,
		.flowi6_oif = vrf,
	};
	struct dst_entry *dst;
	struct rtable *rt;
	u32 index = 0;

	if (family == AF_INET) {
		rt = __ip_route_output_key(net, &fl4);
		if (IS_ERR(rt))
			return 0;
		dst = &rt->dst;
	} else {
		dst = nfipsec_route6(net, &fl6);
		if (!dst)
			return 0;
	}
	if (!(dst->dev->flags & IFF_LOOPBACK))
		index = dst->dev->ifindex;
	dst_release(dst);
	return index;
}

static bool may_be_error(const struct nfipsec_l3 *l3)
{
	return l3->proto == IPPROTO_ICMP || l3->proto == IPPROTO_ICMPV6;
}

/*
 * RFC 4301 section 6.2: an ICMP error that no policy knows takes the SA that
 * carries what is sent to whom the error is for, if that SA does such things.
 * Not in who calls it, for most packets: it would clear memory for all.
 */
static noinline void map_error(const struct nfipsec_net *nn,
			       const struct sk_buff *skb,
			       const struct nfipsec_l3 *l3,
			       struct nfipsec_flow *flow,
			       struct nfipsec_verdict *verdict)
{
	struct nfipsec_verdict back;
	struct nfipsec_chain chain;
	struct nfipsec_flow quote;

	if (!nfipsec_icmp_quote(skb, l3, &quote) ||
	    !nfipsec_addr_equal(&quote.daddr, &flow->daddr))
		return;
	/* It is the error that is sent. */
	quote.dscp = flow->dscp;
	quote.meta = flow->meta;
	/* What it is about was forwarded: what would be sent back comes in. */
	if (!quote.meta.iif)
		quote.meta.iif = behind(nn->net, &quote.saddr, quote.family,
					quote.meta.vrf);
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, &quote, &back);
	if (back.opaque || back.action != NFIPSEC_ACTION_PROTECT)
		return;
	if (!nfipsec_policy_chain(nn, back.policy, &quote,
				  raw_smp_processor_id(), &chain))
		return;
	if (chain.sa[0]->mode != NFIPSEC_MODE_TUNNEL ||
	    !(nfipsec_chain_flags(&chain) & NFIPSEC_SA_FLAG_ICMP))
		return;
	*flow = quote;
	*verdict = back;
}

/*
 * The stack tells the sender of a packet that goes on by the link it came by of another
 * router, unless XFRM has opened it: what came protected is not quoted in the clear.
 */
static noinline bool redirects_opened(const struct nfipsec_net *nn,
				      const struct sk_buff *skb,
				      const struct nfipsec_l3 *l3,
				      const struct nfipsec_flow *flow)
{
	struct nfipsec_verdict verdict;
	struct nfipsec_flow quote;

	if (flow->meta.iif || !nfipsec_icmp_redirected(skb, l3, &quote))
		return false;
	quote.meta = (struct nfipsec_meta){
		.iif = flow->meta.oif,
		.vrf = flow->meta.vrf,
		.mark = flow->meta.mark,
	};
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, &quote, &verdict);
	/* It has another mark than the packet had, and nothing is lost with it. */
	return READ_ONCE(nn->spd.marks) || verdict.opaque ||
	       verdict.action != NFIPSEC_ACTION_BYPASS;
}

/* How much behind the headers of IP is what selectors look at; but for ICMP. */
static unsigned int selected_len(const struct nfipsec_l3 *l3)
{
	switch (nfipsec_field(l3->family, l3->proto)) {
	case NFIPSEC_FIELD_PORTS:
		return 4;
	case NFIPSEC_FIELD_MH:
		return 3;
	default:
		return 0;
	}
}

/*
 * A checksum that is still to be written, by us or by the device. A guest or a
 * container says where: not into what policy has looked at. In an ICMP error that is
 * also what it quotes.
 */
static bool csum_spoils(const struct sk_buff *skb, const struct nfipsec_l3 *l3)
{
	int start;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	start = skb_checksum_start_offset(skb) - skb_network_offset(skb);
	if (nfipsec_field(l3->family, l3->proto) == NFIPSEC_FIELD_ICMP)
		return start != l3->l4_off ||
		       skb->csum_offset != offsetof(struct icmphdr, checksum);
	return start < (int)l3->l4_off ||
	       start + skb->csum_offset < l3->l4_off + selected_len(l3);
}

/**
 * nfipsec_decide_policy() - what does policy say of a packet that leaves?
 * @nn: namespace
 * @skb: packet, starting with its IP header, with its device; only read
 * @family: AF_INET or AF_INET6
 * @l3: its layout, written
 * @flow: what policy saw of it, written
 * @verdict: the answer
 *
 * Counts no hit.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NFIPSEC_OK to let it pass or to seal it, as @verdict says, or the reason
 * to drop it.
 */
enum nfipsec_reason nfipsec_decide_policy(const struct nfipsec_net *nn,
					  const struct sk_buff *skb, u8 family,
					  struct nfipsec_l3 *l3,
					  struct nfipsec_flow *flow,
					  struct nfipsec_verdict *verdict)
{
	memset(verdict, 0, sizeof(*verdict));
	if (!nfipsec_flow_plain(skb, family, l3, flow) &&
	    (!nfipsec_l3_parse(skb, family, l3) ||
	     !nfipsec_flow_parse(skb, l3, flow)))
		return NFIPSEC_OUT_HEADER;
	if (unlikely(csum_spoils(skb, l3)))
		return NFIPSEC_OUT_CSUM;
	nfipsec_meta_out(skb, family, &flow->meta);
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, flow, verdict);
	if (!verdict->policy && may_be_error(l3))
		map_error(nn, skb, l3, flow, verdict);
	if (verdict->opaque)
		return NFIPSEC_OUT_FRAG_OPAQUE;
	if (verdict->action == NFIPSEC_ACTION_DISCARD)
		return NFIPSEC_OUT_DISCARD;
	if (verdict->action == NFIPSEC_ACTION_BYPASS && may_be_error(l3) &&
	    redirects_opened(nn, skb, l3, flow))
		return NFIPSEC_OUT_REDIRECT;
	return NFIPSEC_OK;
}

static struct nfipsec_sa *outermost(const struct nfipsec_chain *chain)
{
	unsigned int i;

	for (i = chain->len; i-- > 0;)
		if (nfipsec_sa_rehouses(chain->sa[i]))
			return chain->sa[i];
	return chain->sa[chain->len - 1];
}

/**
 * nfipsec_decide_chain() - find the SAs for a packet
 * @p: @nn set; @chain is written on success
 * @pol: protect policy that the packet met
 * @flow: what policy saw of it
 *
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop it; with NFIPSEC_OUT_NO_SA it may
 * wait.
 */
enum nfipsec_reason nfipsec_decide_chain(struct nfipsec_outbound *p,
					 struct nfipsec_policy *pol,
					 const struct nfipsec_flow *flow)
{
	/* RFC 4301 section 4.4.2.2: there is no value to take. */
	if (flow->opaque && (pol->cfg.pfp & (NFIPSEC_PFP_FLAG_SPORT |
					     NFIPSEC_PFP_FLAG_DPORT) ||
			     (pol->cfg.pfp & NFIPSEC_PFP_FLAG_PROTO &&
			      nfipsec_proto_hides(flow->family, flow->proto))))
		return NFIPSEC_OUT_FRAG_OPAQUE;
	return nfipsec_policy_chain(p->nn, pol, flow, raw_smp_processor_id(),
				    &p->chain) ?
	       NFIPSEC_OK : NFIPSEC_OUT_NO_SA;
}

/**
 * nfipsec_decide_path() - find the route and the room for a packet
 * @p: @net, @nn and @chain set; the rest is written on success. A reference to @dst is
 *	the caller's if @sa rehouses packets, also without success
 * @skb: packet with its own route; only read
 * @l3: its layout
 * @flow: what policy saw of it
 *
 * Whether it fits is for nfipsec_pmtu_fits().
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop it.
 */
enum nfipsec_reason nfipsec_decide_path(struct nfipsec_outbound *p,
					const struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					const struct nfipsec_flow *flow)
{
	/* Which fragment it is stands in a header that only a tunnel keeps. */
	if (p->chain.sa[0]->mode != NFIPSEC_MODE_TUNNEL && l3->frag)
		return NFIPSEC_OUT_FRAG;

	p->sa = outermost(&p->chain);
	if (nfipsec_sa_rehouses(p->sa))
		p->dst = nfipsec_reinject_route(p->net, p->sa);
	else
		p->dst = skb_dst(skb);
	if (!p->dst)
		return NFIPSEC_OUT_NO_ROUTE;

	p->path = nfipsec_pmtu_path(p->nn, &p->chain, p->sa, p->dst);
	p->mtu = nfipsec_pmtu_inner(&p->chain, p->path, l3, &p->fit);
	p->shared = nfipsec_pmtu_shared(p->sa, flow);
	return NFIPSEC_OK;
}

/*
 * A datagram that came in fragments, of IPv4 ones with DF: their sender has made them
 * as large as a path behind us takes, and no router there may make them smaller. 0 if
 * it is none.
 */
static unsigned int came_in(const struct sk_buff *skb, u8 family)
{
	unsigned int size = IP6CB(skb)->frag_max_size;

	if (family == AF_INET)
		return IPCB(skb)->flags & IPSKB_FRAG_PMTU ?
		       IPCB(skb)->frag_max_size : 0;
	return size ? max_t(unsigned int, size, IPV6_MIN_MTU) : 0;
}

/**
 * nfipsec_decide_fragments() - is a packet fragmented before it is sealed?
 * @p: from nfipsec_decide_path()
 * @skb: packet of the size its sender made it; only read
 * @family: AF_INET or AF_INET6
 *
 * IPv6, since no router behind the other end may do it. IPv4 if the SA says so,
 * and the packet does not forbid it: that may be too big still where the SA
 * clears DF, and is then fragmented outside. Both as they came, where that matters,
 * whatever the SA says; smaller only if even these do not fit.
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_decide_fragments(const struct nfipsec_outbound *p,
			      const struct sk_buff *skb, u8 family)
{
	const struct nfipsec_sa *sa = p->chain.sa[0];
	unsigned int came;

	if (sa->mode != NFIPSEC_MODE_TUNNEL)
		return false;
	came = came_in(skb, family);
	if (unlikely(came && skb->len > came))
		return true;
	if (skb->len <= p->mtu)
		return false;
	return family == AF_INET6 ||
	       (sa->outer.frag == NFIPSEC_FRAG_BEFORE &&
		(skb->ignore_df || !(ip_hdr(skb)->frag_off & htons(IP_DF))));
}

/**
 * nfipsec_decide_piece() - how large are the fragments it is sealed in?
 * @p: from nfipsec_decide_path()
 * @skb: packet with its own route, for which nfipsec_decide_fragments() holds
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 * Return: bytes that none of them exceeds.
 */
unsigned int nfipsec_decide_piece(const struct nfipsec_outbound *p,
				  const struct sk_buff *skb, u8 family)
{
	/* The control block of a packet has 16 bits for it. */
	unsigned int size = min3(p->mtu, dst_mtu(skb_dst(skb)), (u32)IP_MAX_MTU);

	return min_not_zero(size, came_in(skb, family));
}
