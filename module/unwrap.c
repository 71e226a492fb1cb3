// SPDX-License-Identifier: GPL-2.0-only
/* See unwrap.h. */
#include <linux/bits.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "admit.h"
#include "comp.h"
#include "encap.h"
#include "flow.h"
#include "front.h"
#include "local.h"
#include "natt.h"
#include "net.h"
#include "open.h"
#include "proto.h"
#include "tfc.h"
#include "udp.h"
#include "unwrap.h"

/* The SPI, or the CPI as one; false if it is cut off. */
static bool read_spi(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
		     __be32 *spi)
{
	unsigned int off = skb_network_offset(skb) + nfipsec_open_start(l3);
	const __be32 *there;
	const __be16 *cpi;
	__be32 buf;

	if (l3->proto == IPPROTO_COMP) {
		off += offsetof(struct nfipsec_comp_hdr, cpi);
		cpi = skb_header_pointer(skb, off, sizeof(*cpi), &buf);
		if (cpi)
			*spi = htonl(ntohs(*cpi));
		return cpi;
	}
	off += l3->proto == IPPROTO_AH ? offsetof(struct nfipsec_ah_hdr, spi) :
					 offsetof(struct nfipsec_esp_hdr, spi);
	there = skb_header_pointer(skb, off, sizeof(*there), &buf);
	if (there)
		*spi = *there;
	return there;
}

/**
 * nfipsec_unwrap_find() - which SA is a packet for?
 * @nn: namespace
 * @skb: packet, starting with its IP header; only read, stays the caller's
 * @l3: its layout, of ESP, AH or IPComp, or of UDP with ESP in it
 * @flow: its flow
 *
 * Context: under rcu_read_lock().
 * Return: the SA, there as long as that lasts, which may be one that does not
 * say in which direction it is used; NULL if there is none.
 */
struct nfipsec_sa *nfipsec_unwrap_find(const struct nfipsec_net *nn,
				       const struct sk_buff *skb,
				       const struct nfipsec_l3 *l3,
				       const struct nfipsec_flow *flow)
{
	struct nfipsec_sa_key key = {
		.daddr = flow->daddr,
		.family = flow->family,
		.proto = l3->proto == IPPROTO_UDP ? IPPROTO_ESP : l3->proto,
	};
	struct nfipsec_sa *sa;

	if (!read_spi(skb, l3, &key.spi))
		return NULL;
	sa = nfipsec_sad_find_sent(nn, &key, &flow->saddr);
	return sa && sa->dir != NFIPSEC_DIR_OUT ? sa : NULL;
}

/* Dummy packets are ESP's; behind AH it is a header with nothing behind it. */
static bool is_dummy(const struct nfipsec_sa *sa, u8 nexthdr)
{
	return sa->key.proto == IPPROTO_ESP && nexthdr == NFIPSEC_NEXTHDR_DUMMY;
}

/*
 * As leave_sa(), when open_comp() is through or had nothing to do. Its life is charged
 * by input_sa(): whose packet it is shows when policy has been asked.
 */
static enum nfipsec_reason leave_comp(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      struct nfipsec_l3 *l3,
				      struct nfipsec_flow *flow)
{
	if (sa->mode != NFIPSEC_MODE_TUNNEL)
		return NFIPSEC_OK;
	/* Of a packet that was not compressed nobody has pulled them yet. */
	if (!pskb_may_pull(skb, l3->l4_off))
		return NFIPSEC_IN_NOMEM;
	skb_set_transport_header(skb, l3->l4_off);
	return nfipsec_encap_pop(sa, skb, l3, l3->proto) ?:
	       nfipsec_open_inner(skb, l3, flow);
}

/*
 * Out of one SA. On success the packet is what was inside, so are its facts; the
 * SA's selector has not been asked yet.
 */
static enum nfipsec_reason leave_sa(struct nfipsec_net *nn,
				    struct nfipsec_sa *sa, struct sk_buff *skb,
				    struct nfipsec_l3 *l3,
				    struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;
	u8 nexthdr;

	if (sa->key.proto == IPPROTO_COMP)
		return leave_comp(sa, skb, l3, flow);
	reason = nfipsec_open(nn, sa, skb, l3, &nexthdr);
	if (!reason && sa->encap.type)
		nfipsec_natt_seen(nn, sa, flow);
	if (!reason && is_dummy(sa, nexthdr))
		reason = NFIPSEC_IN_DUMMY;
	if (!reason)
		reason = nfipsec_encap_pop(sa, skb, l3, nexthdr);
	if (!reason)
		reason = nfipsec_open_inner(skb, l3, flow);
	/* A tunnel's packet has just been cut to what it says of itself. */
	if (!reason && sa->key.proto == IPPROTO_ESP &&
	    sa->mode != NFIPSEC_MODE_TUNNEL)
		reason = nfipsec_tfc_cut(skb, l3);
	if (!reason && sa->mode == NFIPSEC_MODE_TRANSPORT &&
	    !nfipsec_sa_joins(sa, flow))
		reason = NFIPSEC_IN_SELECTOR;
	return reason;
}

/* Is what came out of @before for this one? */
static bool is_next(const struct nfipsec_net *nn,
		    const struct nfipsec_sa *before,
		    const struct nfipsec_sa *sa,
		    const struct nfipsec_flow *flow)
{
	/*
	 * As in ipsec() of input.c: who is a member of a group is known later, unless
	 * that was opened because we are,
	 */
	if (nfipsec_to_group(flow))
		return before->key.family == flow->family &&
		       nfipsec_addr_equal(&before->key.daddr, &flow->daddr);
	/* and it may be one to send to somebody behind us. */
	return sa->dir == NFIPSEC_DIR_IN || nfipsec_to_local(nn->net, flow);
}

/*
 * Decompress what came out of an SA. The packet is then as it would have come if
 * it had not been compressed, but for the header of a tunnel, which does not
 * say so: it is about to go.
 */
static enum nfipsec_reason open_comp(const struct nfipsec_net *nn,
				     const struct nfipsec_sa *comp,
				     struct sk_buff *skb,
				     struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow)
{
	bool tunnel = comp->mode == NFIPSEC_MODE_TUNNEL;
	enum nfipsec_reason reason;
	u8 nexthdr;

	reason = nfipsec_comp_unpack(skb, l3, tunnel, &nexthdr);
	if (reason)
		return reason;
	nfipsec_count(nn, NFIPSEC_IN_COMP);
	if (tunnel) {
		l3->proto = nexthdr;
		flow->proto = nexthdr;
		return NFIPSEC_OK;
	}
	skb_set_transport_header(skb, l3->l4_off);
	return nfipsec_encap_pop(comp, skb, l3, nexthdr) ?:
	       nfipsec_open_inner(skb, l3, flow);
}

/*
 * IPComp came out of @sa. Only there is it looked for: in the clear it is a
 * packet of its protocol, which policy lets in or not.
 */
static enum nfipsec_reason next_comp(const struct nfipsec_net *nn,
				     const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow,
				     struct nfipsec_sa **next)
{
	struct nfipsec_sa *comp = nfipsec_unwrap_find(nn, skb, l3, flow);

	if (comp && (!is_next(nn, sa, comp, flow) ||
		     !nfipsec_sa_joins(comp, flow) ||
		     comp->state != NFIPSEC_SA_STATE_MATURE))
		comp = NULL;
	if (!comp && !nfipsec_to_local(nn->net, flow))
		return NFIPSEC_OK;
	if (sa->key.proto == IPPROTO_COMP)
		return NFIPSEC_IN_COMP_NESTED;
	if (skb->len < l3->l4_off + sizeof(struct nfipsec_comp_hdr))
		return NFIPSEC_IN_COMP_DATA;
	if (!comp)
		return NFIPSEC_IN_COMP_CPI;
	*next = comp;
	return open_comp(nn, comp, skb, l3, flow);
}

/*
 * The SA that what came out of @sa is for, NULL if it is for none. If it is one of
 * IPComp the packet is decompressed then, or was not compressed.
 */
static enum nfipsec_reason next_sa(const struct nfipsec_net *nn,
				   const struct nfipsec_sa *sa,
				   struct sk_buff *skb, struct nfipsec_l3 *l3,
				   struct nfipsec_flow *flow,
				   struct nfipsec_sa **next)
{
	struct nfipsec_sa *found = NULL;

	*next = NULL;
	if (l3->frag)
		return NFIPSEC_OK;
	if (l3->proto == IPPROTO_COMP)
		return next_comp(nn, sa, skb, l3, flow, next);
	if (nfipsec_is_ipsec(l3->proto))
		found = nfipsec_unwrap_find(nn, skb, l3, flow);
	else if (sa->key.proto != IPPROTO_COMP &&
		 (l3->proto == IPPROTO_IPIP || l3->proto == IPPROTO_IPV6))
		found = nfipsec_sad_find_plain(nn, flow, READ_ONCE(sa->reqid));
	if (found && is_next(nn, sa, found, flow))
		*next = found;
	return NFIPSEC_OK;
}

/*
 * The SA in UDP whose NAT changed addresses that are summed up in what comes
 * out of @sa. With SAs of transport mode in between it still has; what comes out
 * of a tunnel or BEET mode has addresses that no NAT saw.
 */
static const struct nfipsec_sa *behind_nat(const struct nfipsec_sa *before,
					   const struct nfipsec_sa *sa)
{
	if (sa->mode != NFIPSEC_MODE_TRANSPORT)
		return NULL;
	return sa->encap.type ? sa : before;
}

/*
 * What is known of the headers in front of the SA that is next: AH has vouched for
 * them, what is behind them came out of ESP. Both end with new headers.
 */
struct front {
	bool vouched;
	bool sealed;
};

/* Before ESP is opened: what is refused uses no sequence number up. */
static enum nfipsec_reason check_front(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct nfipsec_l3 *l3,
				       const struct front *front)
{
	if (sa->mode != NFIPSEC_MODE_TRANSPORT ||
	    sa->key.proto != IPPROTO_ESP || l3->family != AF_INET6 ||
	    l3->l4_off == sizeof(struct ipv6hdr))
		return NFIPSEC_OK;
	if (!pskb_may_pull(skb, l3->l4_off))
		return NFIPSEC_IN_NOMEM;
	return nfipsec_front_ipv6_ok(skb->data, l3->l4_off, front->vouched) ?
	       NFIPSEC_OK : NFIPSEC_IN_HEADER;
}

static void leave_front(const struct nfipsec_sa *sa, struct front *front)
{
	if (sa->mode != NFIPSEC_MODE_TRANSPORT)
		*front = (struct front){};
	else if (sa->key.proto == IPPROTO_AH)
		front->vouched = true;
	else if (sa->key.proto == IPPROTO_ESP)
		front->sealed = true;
}

/* At the end: AH inside ESP has authenticated the options as they came. */
static void blank_front(struct sk_buff *skb, const struct nfipsec_l3 *l3,
			const struct front *front)
{
	if (!front->sealed || l3->family != AF_INET ||
	    l3->l4_off == sizeof(struct iphdr))
		return;
	nfipsec_front_ipv4_blank(skb->data, l3->l4_off, front->vouched);
	ip_send_check(ip_hdr(skb));
}

/* One SA further in. */
static void opened_add(struct nfipsec_opened *in, struct nfipsec_sa *sa,
		       unsigned int bytes)
{
	struct nfipsec_chain *chain = &in->chain;
	unsigned int i;

	for (i = chain->len; i > 0; i--) {
		chain->sa[i] = chain->sa[i - 1];
		in->bytes[i] = in->bytes[i - 1];
	}
	chain->sa[0] = sa;
	in->bytes[0] = bytes;
	chain->len++;
}

/**
 * nfipsec_unwrap() - take a packet out of all SAs that it is in
 * @nn: namespace
 * @sa: the outermost, as of nfipsec_unwrap_find(); set to the last that was
 *	opened, or could not be
 * @skb: packet, starting with its IP header; stays the caller's. On success it
 *	is what was inside.
 * @l3: its layout, not of a fragment; on success that of what was inside
 * @flow: its flow, likewise
 * @in: set to how it came in, on success
 *
 * Between two SAs the selector of the outer one is asked, and what came out of it is
 * kept: policy has not been asked of anything yet.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_unwrap(struct nfipsec_net *nn,
				   struct nfipsec_sa **sa, struct sk_buff *skb,
				   struct nfipsec_l3 *l3,
				   struct nfipsec_flow *flow,
				   struct nfipsec_opened *in)
{
	const struct nfipsec_sa *nat = NULL;
	enum nfipsec_reason reason;
	struct front front = {};
	struct nfipsec_sa *next;

	in->chain.len = 0;
	in->whole = 0;
	for (;;) {
		reason = check_front(*sa, skb, l3, &front);
		if (!reason)
			reason = leave_sa(nn, *sa, skb, l3, flow);
		if (reason)
			return reason;
		leave_front(*sa, &front);
		nat = behind_nat(nat, *sa);
		opened_add(in, *sa, skb->len);
		reason = next_sa(nn, *sa, skb, l3, flow, &next);
		if (!reason && !next && nat)
			reason = nfipsec_udp_mend(nat, skb, l3);
		if (!reason && !next)
			blank_front(skb, l3, &front);
		if (reason || !next)
			return reason;
		if (in->chain.len == NFIPSEC_TMPL_MAX)
			return NFIPSEC_IN_NESTED;
		reason = nfipsec_admit_selector(*sa, flow);
		if (reason)
			return reason;
		/* What IPComp is around is no packet of its own. */
		if (next->key.proto != IPPROTO_COMP) {
			in->whole |= BIT(in->chain.len);
			in->between[in->chain.len - 1] = *flow;
		}
		*sa = next;
	}
}
