// SPDX-License-Identifier: GPL-2.0-only
/* See open.h. */
#include <linux/bits.h>
#include <linux/skbuff.h>
#include <linux/udp.h>

#include "ah.h"
#include "esp.h"
#include "expire.h"
#include "flow.h"
#include "open.h"
#include "proto.h"
#include "resync.h"
#include "sa.h"

/* The packet ends where its IP header says; what is behind is link padding. */
static enum nfipsec_reason trim(struct sk_buff *skb,
				const struct nfipsec_l3 *l3)
{
	if (!l3->len || l3->len > skb->len)
		return NFIPSEC_IN_TRUNCATED;
	if (l3->len < skb->len && pskb_trim_rcsum(skb, l3->len))
		return NFIPSEC_IN_NOMEM;
	return NFIPSEC_OK;
}

/* The same of what was opened. */
static enum nfipsec_reason trim_inner(struct sk_buff *skb,
				      const struct nfipsec_l3 *l3)
{
	enum nfipsec_reason reason = trim(skb, l3);

	return reason == NFIPSEC_IN_TRUNCATED ? NFIPSEC_IN_INNER_HDR : reason;
}

/**
 * nfipsec_open_start() - where does ESP or AH start?
 * @l3: layout of a packet that has it, in UDP or not
 *
 * Context: any.
 * Return: offset from the network header, bytes.
 */
unsigned int nfipsec_open_start(const struct nfipsec_l3 *l3)
{
	return l3->l4_off +
	       (l3->proto == IPPROTO_UDP ? sizeof(struct udphdr) : 0);
}

/* The low half of the sequence number, at the transport header. */
static u32 seq_low(const struct nfipsec_sa *sa, const struct sk_buff *skb)
{
	const void *hdr = skb_transport_header(skb);

	if (sa->key.proto == IPPROTO_AH)
		return ntohl(((const struct nfipsec_ah_hdr *)hdr)->seq);
	return ntohl(((const struct nfipsec_esp_hdr *)hdr)->seq);
}

/* What the algorithm works on (RFC 4301 section 4.4.2.1), where it fits. */
static unsigned int worked_on(const struct nfipsec_sa *sa,
			      const struct sk_buff *skb)
{
	if (sa->key.proto == IPPROTO_AH)
		return skb->len;
	return skb->len - skb_transport_offset(skb) -
	       nfipsec_esp_hlen(sa->crypto) - sa->crypto->icv_len;
}

/**
 * nfipsec_open() - from a packet to its payload
 * @nn: namespace
 * @sa: ESP or AH SA
 * @skb: packet, starting with its IP header; stays the caller's. What is left
 *	on success is the payload behind the outer headers.
 * @l3: its layout, not of a fragment
 * @nexthdr: next header of the payload
 *
 * RFC 4303 section 3.4, RFC 4302 section 3.4.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_open(struct nfipsec_net *nn, struct nfipsec_sa *sa,
				 struct sk_buff *skb,
				 const struct nfipsec_l3 *l3, u8 *nexthdr)
{
	bool ah = sa->key.proto == IPPROTO_AH;
	bool esn = sa->flags & NFIPSEC_SA_FLAG_ESN;
	bool in_udp = l3->proto == IPPROTO_UDP;
	enum nfipsec_reason reason;
	unsigned int head, bytes;
	u64 seq;

	if (sa->state != NFIPSEC_SA_STATE_MATURE)
		return NFIPSEC_IN_SA_STATE;
	/* The other way it did not come from who has the SA's configuration. */
	if (in_udp != !!sa->encap.type)
		return NFIPSEC_IN_ENCAP;
	reason = trim(skb, l3);
	if (reason)
		return reason;
	head = ah ? sizeof(struct nfipsec_ah_hdr) :
		    nfipsec_esp_hlen(sa->crypto);
	head += nfipsec_open_start(l3);
	if (!pskb_may_pull(skb, head))
		return skb->len < head ? NFIPSEC_IN_TRUNCATED : NFIPSEC_IN_NOMEM;
	skb_set_transport_header(skb, nfipsec_open_start(l3));

	bytes = worked_on(sa, skb);
	seq = nfipsec_replay_guess(&sa->core->replay, seq_low(sa, skb));
	reason = nfipsec_replay_check(&sa->core->replay, seq);
	if (reason)
		return reason;

	if (esn)
		seq = nfipsec_resync(sa, skb, seq);
	if (ah)
		reason = nfipsec_ah_open(sa->crypto, skb, esn, seq, nexthdr);
	else
		reason = nfipsec_esp_open(sa->crypto, skb, esn, seq, nexthdr);
	if (reason == NFIPSEC_IN_AUTH)
		nfipsec_replay_failed(&sa->core->replay);
	if (nfipsec_esp_authentic(reason)) {
		enum nfipsec_reason replay;

		spin_lock(&sa->core->replay_lock);
		replay = nfipsec_replay_commit(&sa->core->replay, seq);
		spin_unlock(&sa->core->replay_lock);
		if (replay)
			return replay;
		if (!nfipsec_expire_charge(nn, sa, bytes))
			return NFIPSEC_IN_EXPIRED;
		/* What was known of a checksum was of the outer packet. */
		skb->ip_summed = CHECKSUM_NONE;
	}
	return reason;
}

/**
 * nfipsec_open_inner() - read what was inside
 * @skb: packet, starting with its IP header; cut to what that says, stays the
 *	caller's
 * @l3: set to its layout
 * @flow: set to its flow; what is not in headers stays: of that, it is still the
 *	packet that it came in
 *
 * It must be sane and end where it says (RFC 4303 section 3.4.4.1).
 * Context: any.
 * Return: NFIPSEC_OK, NFIPSEC_IN_INNER_HDR or NFIPSEC_IN_NOMEM.
 */
enum nfipsec_reason nfipsec_open_inner(struct sk_buff *skb,
				       struct nfipsec_l3 *l3,
				       struct nfipsec_flow *flow)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	enum nfipsec_reason reason;
	struct nfipsec_meta meta;

	/* What it shows is inside what trim() leaves. */
	if (nfipsec_flow_plain(skb, family, l3, flow))
		return trim_inner(skb, l3);
	meta = flow->meta;
	if (!nfipsec_l3_parse(skb, family, l3))
		return NFIPSEC_IN_INNER_HDR;
	reason = trim_inner(skb, l3);
	if (!reason && !nfipsec_flow_parse(skb, l3, flow))
		reason = NFIPSEC_IN_INNER_HDR;
	flow->meta = meta;
	return reason;
}
