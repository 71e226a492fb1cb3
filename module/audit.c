// SPDX-License-Identifier: GPL-2.0-only
/* See audit.h. */
#include <linux/audit.h>
#include <linux/ipv6.h>
#include <linux/ratelimit.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "audit.h"
#include "flow.h"
#include "net.h"
#include "proto.h"
#include "sa.h"

/*
 * Records a second, fewer than audit's backlog takes. Whoever can send us a
 * packet can make one, and the log is that of the whole host. What is left out
 * is counted, not told in the kernel log.
 */
#define RECORDS_MAX	50

static struct ratelimit_state limit =
	RATELIMIT_STATE_INIT_FLAGS(limit, HZ, RECORDS_MAX,
				   RATELIMIT_MSG_ON_RELEASE);

static void put_addrs(struct audit_buffer *ab, const char *prefix, u8 family,
		      const union nfipsec_addr *src,
		      const union nfipsec_addr *dst)
{
	if (family == AF_INET)
		audit_log_format(ab, " %ssrc=%pI4 %sdst=%pI4", prefix, &src->ip,
				 prefix, &dst->ip);
	else
		audit_log_format(ab, " %ssrc=%pI6c %sdst=%pI6c", prefix,
				 &src->in6, prefix, &dst->in6);
}

static void put_spi(struct audit_buffer *ab, __be32 spi)
{
	audit_log_format(ab, " spi=%u(0x%x)", ntohl(spi), ntohl(spi));
}

/* Is the packet dropped as it came, ESP or AH behind its IP header? */
static bool is_sealed(const struct nfipsec_sa *sa, enum nfipsec_reason reason)
{
	switch (reason) {
	case NFIPSEC_IN_NO_SA:
		/* The SA that is there no more had opened it. */
		return !sa;
	case NFIPSEC_IN_SA_STATE:
	case NFIPSEC_IN_REPLAY:
	case NFIPSEC_IN_REPLAY_OLD:
	case NFIPSEC_IN_SEQ_ZERO:
	case NFIPSEC_IN_AUTH:
		return true;
	default:
		return false;
	}
}

/* What the packet itself says of SPI and sequence number. */
static void put_ipsec(struct audit_buffer *ab, const struct sk_buff *skb,
		      const struct nfipsec_l3 *l3)
{
	unsigned int off = skb_network_offset(skb) + l3->l4_off;
	struct nfipsec_esp_hdr buf;
	const struct nfipsec_esp_hdr *hdr;

	/* AH has the same two words, behind one of its own. */
	BUILD_BUG_ON(offsetof(struct nfipsec_ah_hdr, seq) -
		     offsetof(struct nfipsec_ah_hdr, spi) !=
		     offsetof(struct nfipsec_esp_hdr, seq));
	if (l3->proto == IPPROTO_AH)
		off += offsetof(struct nfipsec_ah_hdr, spi);
	else if (l3->proto == IPPROTO_UDP)
		off += sizeof(struct udphdr);
	hdr = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!hdr)
		return;
	put_spi(ab, hdr->spi);
	audit_log_format(ab, " seqno=%u", ntohl(hdr->seq));
}

static void put_packet(struct audit_buffer *ab, const struct sk_buff *skb,
		       const struct nfipsec_l3 *l3)
{
	struct nfipsec_flow flow;
	struct ipv6hdr buf;
	const struct ipv6hdr *ip6;

	if (!nfipsec_flow_parse(skb, l3, &flow))
		return;
	put_addrs(ab, "", flow.family, &flow.saddr, &flow.daddr);
	if (flow.family == AF_INET6) {
		ip6 = skb_header_pointer(skb, skb_network_offset(skb),
					 sizeof(buf), &buf);
		if (ip6)
			audit_log_format(ab, " flowlbl=0x%x",
					 ntohl(ip6_flowlabel(ip6)));
	}
	audit_log_format(ab, " proto=%u", flow.proto);
	if (flow.sport || flow.dport)
		audit_log_format(ab, " sport=%u dport=%u", flow.sport,
				 flow.dport);
}

/**
 * nfipsec_audit_drop() - write a record of a dropped packet
 * @nn: the namespace, whose administrator of the host wants it
 * @skb: packet, in any state of the path in which its network header is where
 *	it says; only read
 * @sa: the SA that it was sent or received through, or NULL
 * @reason: why it is dropped
 *
 * The record is of the type and has the words of XFRM's. The packet's addresses
 * and selectors are those of the header it has now: of the inner packet once
 * that is out of its SA.
 * Context: any but hard interrupt.
 */
void nfipsec_audit_drop(const struct nfipsec_net *nn,
			const struct sk_buff *skb, const struct nfipsec_sa *sa,
			enum nfipsec_reason reason)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	bool sealed = is_sealed(sa, reason);
	struct audit_buffer *ab = NULL;
	struct nfipsec_l3 l3;

	if (audit_enabled == AUDIT_OFF)
		return;
	if (__ratelimit(&limit))
		ab = audit_log_start(NULL, GFP_ATOMIC, AUDIT_MAC_IPSEC_EVENT);
	if (!ab) {
		nfipsec_count(nn, NFIPSEC_AUDIT_LOST);
		return;
	}
	audit_log_format(ab, "op=nfipsec-drop reason=%s netns=%u",
			 nfipsec_reasons[reason].name, nn->net->ns.inum);
	if (nfipsec_l3_parse(skb, family, &l3)) {
		put_packet(ab, skb, &l3);
		if (sealed)
			put_ipsec(ab, skb, &l3);
	}
	if (sa) {
		put_addrs(ab, "sa-", sa->key.family, &sa->saddr,
			  &sa->key.daddr);
		if (!sealed)
			put_spi(ab, sa->key.spi);
		audit_log_format(ab, " sa-reqid=%u", READ_ONCE(sa->reqid));
	}
	audit_log_end(ab);
}
