// SPDX-License-Identifier: GPL-2.0-only
/* A packet and the SAs that it goes through, one after the other. */
#include <linux/skbuff.h>
#include <net/ip.h>

#include "ah.h"
#include "comp.h"
#include "decide.h"
#include "drop.h"
#include "encap.h"
#include "esp.h"
#include "expire.h"
#include "flow.h"
#include "hibernate.h"
#include "net.h"
#include "proto.h"
#include "seal.h"
#include "tfc.h"
#include "udp.h"

/**
 * nfipsec_seal_checksum() - complete the checksum of a packet
 * @skb: packet to be sealed, of the size it will have; stays the caller's
 *
 * ESP and AH cover it: the device will not see where it would go.
 * Context: any.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_seal_checksum(struct sk_buff *skb)
{
	int err = 0;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return NFIPSEC_OK;
	if (skb_csum_is_sctp(skb))
		err = skb_crc32c_csum_help(skb);
	else
		err = skb_checksum_help(skb);
	if (err)
		return err == -ENOMEM ? NFIPSEC_OUT_NOMEM : NFIPSEC_OUT_CSUM;
	return NFIPSEC_OK;
}

/* Who is expired takes no number any more. */
static bool expired(const struct nfipsec_sa *sa)
{
	return unlikely(READ_ONCE(sa->core->life.over));
}

/**
 * nfipsec_seal_ask() - have SAs anything against the next packet?
 * @chain: mature SAs
 * @first: index of the first that is asked; the others are around it
 * @at: set to the one that has
 *
 * Takes nothing of them.
 * Context: under rcu_read_lock().
 * Return: NFIPSEC_OK, or the reason for which it would be dropped now.
 */
enum nfipsec_reason nfipsec_seal_ask(const struct nfipsec_chain *chain,
				     unsigned int first,
				     const struct nfipsec_sa **at)
{
	enum nfipsec_reason reason = NFIPSEC_OK;
	const struct nfipsec_sa *sa;
	unsigned int i;

	for (i = first; !reason && i < chain->len; i++) {
		sa = chain->sa[i];
		*at = sa;
		if (expired(sa))
			reason = NFIPSEC_OUT_EXPIRED;
		else if (sa->key.proto != IPPROTO_COMP)
			reason = nfipsec_sa_seq_left(sa);
	}
	return reason;
}

/*
 * What the algorithm will work on (RFC 4301 section 4.4.2.1), and how long the packet
 * will be.
 */
static unsigned int worked_on(const struct nfipsec_sa *sa,
			      const struct sk_buff *skb, unsigned int *len)
{
	unsigned int head, text;

	*len = skb->len;
	if (sa->key.proto == IPPROTO_AH)
		return *len;
	head = skb_transport_offset(skb) + nfipsec_esp_hlen(sa->crypto);
	text = nfipsec_esp_text_len(sa->crypto, *len - head);
	*len = head + text + sa->crypto->icv_len;
	return text;
}

/* What is not sent takes nothing of the SA's life, and no number if it never can be. */
static enum nfipsec_reason seal(struct nfipsec_net *nn, struct nfipsec_sa *sa,
				struct sk_buff *skb, u8 nexthdr)
{
	bool esn = sa->flags & NFIPSEC_SA_FLAG_ESN;
	enum nfipsec_reason reason;
	unsigned int bytes, len;
	u8 iv[NFIPSEC_IV_MAX];
	u64 seq;

	bytes = worked_on(sa, skb, &len);
	if (unlikely(len > IP_MAX_MTU))
		return NFIPSEC_OUT_LENGTH;
	if (expired(sa))
		return NFIPSEC_OUT_EXPIRED;
	if (nfipsec_hibernates())
		return NFIPSEC_OUT_HIBERNATION;
	reason = nfipsec_sa_seq_next(sa, &seq);
	if (!reason && !nfipsec_expire_charge(nn, sa, bytes))
		reason = NFIPSEC_OUT_EXPIRED;
	nfipsec_expire_hint(nn, sa, nfipsec_sa_seq_reached(sa, seq));
	if (reason)
		return reason;
	if (sa->key.proto == IPPROTO_AH)
		return nfipsec_ah_seal(sa->crypto, skb, sa->key.spi, esn, seq,
				       nfipsec_encap_gap(sa), nexthdr);
	nfipsec_esp_make_iv(sa->crypto, seq, iv);
	return nfipsec_esp_seal(sa->crypto, skb, sa->key.spi, esn, seq, iv,
				nexthdr);
}

/* An SA of IPComp, which makes no packet longer than a tunnel's header does. */
static enum nfipsec_reason add_comp(const struct nfipsec_outbound *p,
				    struct nfipsec_sa *sa, struct sk_buff *skb,
				    const struct nfipsec_l3 *l3, bool df)
{
	unsigned int nexthdr_off = nfipsec_encap_nexthdr_off(sa, l3);
	unsigned int len = skb->len;
	enum nfipsec_reason reason;
	u8 nexthdr;

	if (expired(sa))
		return NFIPSEC_OUT_EXPIRED;
	reason = nfipsec_encap_push(sa, skb, p->dst, l3, df, &nexthdr);
	if (reason)
		return reason;
	reason = nfipsec_comp_pack(skb, nexthdr_off, sa->key.spi);
	if (reason != NFIPSEC_OUT_COMP && reason != NFIPSEC_OUT_COMP_NOT)
		return reason;
	nfipsec_encap_finish(sa, p->net, skb);
	if (skb->len > IP_MAX_MTU)
		return NFIPSEC_OUT_LENGTH;
	if (!nfipsec_expire_charge(p->nn, sa, len))
		return NFIPSEC_OUT_EXPIRED;
	nfipsec_count(p->nn, reason);
	nfipsec_sa_count(sa, len);
	return NFIPSEC_OK;
}

/*
 * One SA of several. On success the packet is what the next one carries. @spare
 * bytes may be added to its payload.
 */
static enum nfipsec_reason add_sa(const struct nfipsec_outbound *p,
				  struct nfipsec_sa *sa, struct sk_buff *skb,
				  const struct nfipsec_l3 *l3, bool df,
				  unsigned int spare)
{
	unsigned int len = skb->len;
	enum nfipsec_reason reason;
	u8 nexthdr;

	if (sa->key.proto == IPPROTO_COMP)
		return add_comp(p, sa, skb, l3, df);
	reason = nfipsec_encap_push(sa, skb, p->dst, l3, df, &nexthdr);
	if (reason)
		return reason;
	if (p->dummy)
		nexthdr = NFIPSEC_NEXTHDR_DUMMY;
	reason = nfipsec_tfc_pad(sa, skb, nexthdr, spare);
	if (reason)
		return reason;
	nfipsec_encap_finish(sa, p->net, skb);
	reason = seal(p->nn, sa, skb, nexthdr);
	if (reason)
		return reason;
	if (sa->encap.type)
		nfipsec_udp_finish(sa, skb);
	if (!p->dummy)
		nfipsec_sa_count(sa, len);
	nfipsec_sa_sent(sa);
	return NFIPSEC_OK;
}

/**
 * nfipsec_seal() - put a packet into all its SAs, the innermost first
 * @p: the SAs and the path
 * @skb: packet, starting with its IP header, its checksum complete, with the route it
 *	will take; its pointers change. Stays the caller's, who must drop it on failure.
 *	On success its lengths and IPv4 checksum are what is missing.
 * @l3: its layout, overwritten
 * @df: the outer IPv4 header gets DF
 * @at: set to the last SA, or the one that could not be
 *
 * Context: under the rcu_read_lock() of @p, bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_seal(const struct nfipsec_outbound *p,
				 struct sk_buff *skb, struct nfipsec_l3 *l3,
				 bool df, const struct nfipsec_sa **at)
{
	unsigned int spare = p->fit > skb->len ? p->fit - skb->len : 0;
	/* What goes on though it is too big may be cut where it has to be. */
	bool inside = nfipsec_sa_rehouses(p->sa) && skb->len <= p->fit;
	enum nfipsec_reason reason;
	unsigned int i;

	/* Else the first one would count, and be used up, for what the last refuses. */
	if (unlikely(p->chain.len > 1)) {
		reason = nfipsec_seal_ask(&p->chain, 1, at);
		if (reason)
			return reason;
	}
	for (i = 0; i < p->chain.len; i++) {
		*at = p->chain.sa[i];
		inside = inside && *at != p->sa;
		if (i) {
			/* Only the first of them hides the packet's length. */
			spare = 0;
			nfipsec_encap_complete(skb);
			/* Of UDP, if the one before is in that. */
			reason = nfipsec_seal_checksum(skb);
			if (reason)
				return reason;
			if (!nfipsec_l3_parse(skb, p->chain.sa[i - 1]->key.family,
					      l3))
				return NFIPSEC_OUT_HEADER;
		}
		/* In transport mode DF of the packet that a tunnel hides is its own. */
		reason = add_sa(p, p->chain.sa[i], skb, l3,
				df || (inside && (*at)->mode ==
						 NFIPSEC_MODE_TRANSPORT), spare);
		if (reason)
			return reason;
	}
	return NFIPSEC_OK;
}
