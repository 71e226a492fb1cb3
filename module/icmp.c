// SPDX-License-Identifier: GPL-2.0-only
/* See icmp.h. */
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "icmp.h"

/* Of both families: type, code, checksum, and a word that depends on them. */
#define ICMP_HLEN	8

/* RFC 792: the types that quote a packet. */
static bool is_error(u8 family, u8 type)
{
	if (family == AF_INET6)
		return type < 128;	/* RFC 4443 section 2.1 */
	switch (type) {
	case 3:		/* destination unreachable */
	case 4:		/* source quench */
	case ICMP_REDIRECT:
	case 11:	/* time exceeded */
	case 12:	/* parameter problem */
		return true;
	default:
		return false;
	}
}

/**
 * nfipsec_icmp_quote() - the flow that an ICMP error is an answer to
 * @skb: packet that nfipsec_l3_parse() accepted; only read
 * @l3: its layout
 * @flow: filled in on success: what the quoted packet shows, source and
 *	destination exchanged, ports too but not types; without what is not in
 *	its headers
 *
 * The quote may be cut off behind the ports.
 * Context: any.
 * Return: false if it is no ICMP error, or one that quotes no packet.
 */
bool nfipsec_icmp_quote(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			struct nfipsec_flow *flow)
{
	u8 icmp = l3->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int off = skb_network_offset(skb) + l3->l4_off;
	struct nfipsec_l3 quoted;
	struct nfipsec_flow f;
	const u8 *type;
	u8 buf;

	if (l3->frag || l3->proto != icmp)
		return false;
	type = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!type || !is_error(l3->family, *type))
		return false;
	off += ICMP_HLEN;
	if (!nfipsec_l3_parse_at(skb, off, l3->family, &quoted) ||
	    !nfipsec_flow_parse_at(skb, off, &quoted, &f))
		return false;

	*flow = f;
	flow->saddr = f.daddr;
	flow->daddr = f.saddr;
	if (nfipsec_field(f.family, f.proto) == NFIPSEC_FIELD_PORTS) {
		flow->sport = f.dport;
		flow->dport = f.sport;
	}
	return true;
}

/* RFC 4861 section 4.5: a redirect's fixed part; the option with the packet, its header. */
#define REDIRECT6_HLEN	40
#define REDIRECT6_TYPE	137
#define REDIRECTED_HLEN	8
#define REDIRECTED_TYPE	4

/* Where an IPv6 redirect that begins at @off quotes a packet; 0 if it does not. */
static int redirected_ipv6(const struct sk_buff *skb, int off)
{
	const u8 *opt;
	u8 buf[2];

	for (off += REDIRECT6_HLEN;; off += opt[1] * 8) {
		opt = skb_header_pointer(skb, off, sizeof(buf), buf);
		if (!opt || !opt[1])
			return 0;
		if (opt[0] == REDIRECTED_TYPE)
			return off + REDIRECTED_HLEN;
	}
}

/**
 * nfipsec_icmp_redirected() - the flow of the packet that a redirect is about
 * @skb: packet that nfipsec_l3_parse() accepted; only read
 * @l3: its layout
 * @flow: filled in on success: what the quoted packet shows, as it is; without what is
 *	not in its headers
 *
 * Context: any.
 * Return: false if it is no redirect, or one that quotes no packet.
 */
bool nfipsec_icmp_redirected(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			     struct nfipsec_flow *flow)
{
	bool ipv4 = l3->family == AF_INET;
	int off = skb_network_offset(skb) + l3->l4_off;
	struct nfipsec_l3 quoted;
	const u8 *type;
	u8 buf;

	if (l3->frag || l3->proto != (ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return false;
	type = skb_header_pointer(skb, off, sizeof(buf), &buf);
	if (!type || *type != (ipv4 ? ICMP_REDIRECT : REDIRECT6_TYPE))
		return false;
	off = ipv4 ? off + ICMP_HLEN : redirected_ipv6(skb, off);
	return off && nfipsec_l3_parse_at(skb, off, l3->family, &quoted) &&
	       nfipsec_flow_parse_at(skb, off, &quoted, flow);
}

/**
 * nfipsec_icmp_may_be_error() - can it be that a packet is an ICMP error?
 * @skb: packet that nfipsec_l3_parse() accepted; only read
 * @l3: its layout
 *
 * Of one that nfipsec_icmp_quote() makes nothing of. What the stack would make
 * of it is another matter: of what a quote says of itself it looks at less. Of the
 * fragments of an error the first one is it: without that, nobody has an error.
 * Context: any.
 * Return: true if it is one; of IPv6, also for a first fragment that may not show
 * its protocol.
 */
bool nfipsec_icmp_may_be_error(const struct sk_buff *skb,
			       const struct nfipsec_l3 *l3)
{
	u8 icmp = l3->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const u8 *type;
	u8 buf;

	if (l3->later)
		return false;
	if (l3->frag && nfipsec_proto_hides(l3->family, l3->proto))
		return true;
	if (l3->proto != icmp)
		return false;
	type = skb_header_pointer(skb, skb_network_offset(skb) + l3->l4_off,
				  sizeof(buf), &buf);
	return !type || is_error(l3->family, *type);
}
