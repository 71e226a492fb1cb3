// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading packets. A packet comes from anywhere: no length or offset in it is
 * believed before it was compared with what is there.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "flow.h"
#include "proto.h"

static bool parse_ipv4(const struct sk_buff *skb, int nhoff,
		       struct nfipsec_l3 *l3)
{
	const struct iphdr *iph;
	struct iphdr buf;

	iph = skb_header_pointer(skb, nhoff, sizeof(buf), &buf);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return false;

	l3->len = ntohs(iph->tot_len);
	l3->l4_off = iph->ihl * 4;
	if (l3->l4_off > skb->len - nhoff ||
	    (l3->len && l3->len < l3->l4_off))
		return false;

	l3->proto = iph->protocol;
	l3->frag = ip_is_fragment(iph);
	l3->later = iph->frag_off & htons(IP_OFFSET);
	l3->nexthdr_off = offsetof(struct iphdr, protocol);
	l3->esp_off = l3->l4_off;
	l3->esp_nexthdr_off = l3->nexthdr_off;
	return true;
}

/*
 * One extension header at @off. Returns its length, 0 if @proto is none that
 * is walked over, or a negative number if it is cut off.
 */
static int exthdr_len(const struct sk_buff *skb, unsigned int off, u8 proto,
		      u8 *next, struct nfipsec_l3 *l3)
{
	struct ipv6_opt_hdr buf;
	const struct ipv6_opt_hdr *hdr;
	struct frag_hdr fbuf;
	const struct frag_hdr *fh;

	switch (proto) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_DEST:
		hdr = skb_header_pointer(skb, off, sizeof(buf), &buf);
		if (!hdr)
			return -1;
		*next = hdr->nexthdr;
		return ipv6_optlen(hdr);
	case NEXTHDR_FRAGMENT:
		fh = skb_header_pointer(skb, off, sizeof(fbuf), &fbuf);
		if (!fh)
			return -1;
		*next = fh->nexthdr;
		if (fh->frag_off & htons(IP6_OFFSET | IP6_MF))
			l3->frag = true;
		if (fh->frag_off & htons(IP6_OFFSET))
			l3->later = true;
		return sizeof(*fh);
	default:
		return 0;
	}
}

/*
 * ESP of transport mode stands behind hop-by-hop options, routing headers and
 * the destination options before a routing header: all that is read on the
 * way. The last destination options travel encrypted.
 */
static bool parse_ipv6(const struct sk_buff *skb, int nhoff,
		       struct nfipsec_l3 *l3)
{
	unsigned int off = sizeof(struct ipv6hdr);
	unsigned int nexthdr_off = offsetof(struct ipv6hdr, nexthdr);
	const struct ipv6hdr *ip6;
	struct ipv6hdr buf;
	u8 proto, next = 0;
	unsigned int end;
	int i, len;

	ip6 = skb_header_pointer(skb, nhoff, sizeof(buf), &buf);
	if (!ip6 || ip6->version != 6)
		return false;

	/* A jumbo payload's length stands in the hop-by-hop options, and that of a
	 * super-packet, since kernels spare it these, nowhere.
	 */
	l3->len = ntohs(ip6->payload_len);
	if (l3->len || (ip6->nexthdr != NEXTHDR_HOP &&
			!(skb_is_gso(skb) && skb_is_gso_tcp(skb))))
		l3->len += sizeof(*ip6);
	end = skb->len - nhoff;
	if (l3->len)
		end = min(end, l3->len);
	l3->esp_off = off;
	l3->esp_nexthdr_off = nexthdr_off;
	proto = ip6->nexthdr;

	for (i = 0; i < NFIPSEC_EXTHDR_MAX; i++) {
		len = exthdr_len(skb, nhoff + off, proto, &next, l3);
		if (len < 0 || off + len > end)
			return false;
		if (!len) {
			l3->proto = proto;
			l3->nexthdr_off = nexthdr_off;
			l3->l4_off = off;
			return true;
		}
		nexthdr_off = off;
		off += len;
		if (proto == NEXTHDR_HOP || proto == NEXTHDR_ROUTING) {
			l3->esp_off = off;
			l3->esp_nexthdr_off = nexthdr_off;
		}
		proto = next;
		/* Behind the first byte of a datagram there is only payload. */
		if (l3->frag) {
			l3->proto = proto;
			l3->nexthdr_off = nexthdr_off;
			l3->l4_off = off;
			return true;
		}
	}
	return false;
}

/**
 * nfipsec_l3_hides_fragment() - is it a fragment behind AH?
 * @skb: packet that nfipsec_l3_parse() accepted, its network header set
 * @l3: its layout
 *
 * AH is around whole datagrams alone (RFC 4302 section 3.3.4). But conntrack walks
 * over it to a fragment header, and puts such a fragment together with others.
 * Context: any.
 * Return: true if it is one, or has too many headers to tell.
 */
bool nfipsec_l3_hides_fragment(const struct sk_buff *skb,
			       const struct nfipsec_l3 *l3)
{
	unsigned int off = skb_network_offset(skb) + l3->l4_off;
	const struct ipv6_opt_hdr *ah;
	struct nfipsec_l3 behind = {};
	struct ipv6_opt_hdr buf;
	u8 proto = l3->proto;
	int i, len;

	if (l3->family != AF_INET6 || proto != NEXTHDR_AUTH)
		return false;
	for (i = 0; i < NFIPSEC_EXTHDR_MAX; i++) {
		u8 next = 0;

		if (proto == NEXTHDR_AUTH) {
			ah = skb_header_pointer(skb, off, sizeof(buf), &buf);
			if (!ah)
				return false;
			next = ah->nexthdr;
			len = ipv6_authlen(ah);
		} else {
			len = exthdr_len(skb, off, proto, &next, &behind);
		}
		if (len <= 0)
			return false;
		if (behind.frag)
			return true;
		off += len;
		proto = next;
	}
	return true;
}

/**
 * nfipsec_l3_parse() - find the layout of an IP packet
 * @skb: packet, its network header set, may be non-linear
 * @family: AF_INET or AF_INET6, what the header must be
 * @l3: filled in on success
 *
 * Context: any.
 * Return: false if the headers are malformed, cut off or too many.
 */
bool nfipsec_l3_parse(const struct sk_buff *skb, u8 family,
		      struct nfipsec_l3 *l3)
{
	return nfipsec_l3_parse_at(skb, skb_network_offset(skb), family, l3);
}

/**
 * nfipsec_l3_parse_at() - find the layout of an IP packet inside another
 * @skb: packet, may be non-linear
 * @nhoff: where the IP header starts, from its data; not beyond its end
 * @family: AF_INET or AF_INET6, what the header must be
 * @l3: filled in on success, its offsets from @nhoff
 *
 * Context: any.
 * Return: false if the headers are malformed, cut off or too many.
 */
bool nfipsec_l3_parse_at(const struct sk_buff *skb, int nhoff, u8 family,
			 struct nfipsec_l3 *l3)
{
	memset(l3, 0, sizeof(*l3));
	l3->family = family;
	return family == AF_INET ? parse_ipv4(skb, nhoff, l3) :
				   parse_ipv6(skb, nhoff, l3);
}

/*
 * RFC 4301 section 7.2 wants a least offset. Ports and types end before what is
 * possible; this one spares the flags of TCP too (RFC 1858 section 4.2).
 */
#define EARLY	16

static bool starts_early(const struct iphdr *iph)
{
	unsigned int off = (ntohs(iph->frag_off) & IP_OFFSET) * 8;

	return off && off < EARLY;
}

/* Of the next layer at @off: false if it is cut off before what matters. */
static bool parse_field(const struct sk_buff *skb, int off,
			enum nfipsec_field field, struct nfipsec_flow *flow)
{
	const __be16 *head;
	const u8 *mh;
	__be16 buf[2];
	u8 mbuf[3];

	switch (field) {
	case NFIPSEC_FIELD_PORTS:
		head = skb_header_pointer(skb, off, sizeof(buf), buf);
		if (!head)
			return false;
		flow->sport = ntohs(head[0]);
		flow->dport = ntohs(head[1]);
		return true;
	case NFIPSEC_FIELD_ICMP:
		/* The type, and then the code. */
		head = skb_header_pointer(skb, off, sizeof(buf[0]), buf);
		if (!head)
			return false;
		flow->sport = ntohs(head[0]);
		return true;
	case NFIPSEC_FIELD_MH:
		/* RFC 6275 section 6.1.1: next header, length, type. */
		mh = skb_header_pointer(skb, off, sizeof(mbuf), mbuf);
		if (!mh)
			return false;
		flow->sport = mh[2] << 8;
		return true;
	case NFIPSEC_FIELD_NONE:
		break;
	}
	return true;
}

/**
 * nfipsec_flow_parse() - what a packet shows to the SPD
 * @skb: packet that nfipsec_l3_parse() accepted
 * @l3: its layout
 * @flow: filled in on success
 *
 * Context: any.
 * Return: false if ports or a type should be there and are cut off.
 */
bool nfipsec_flow_parse(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			struct nfipsec_flow *flow)
{
	return nfipsec_flow_parse_at(skb, skb_network_offset(skb), l3, flow);
}

/**
 * nfipsec_flow_parse_at() - what a packet inside another shows to the SPD
 * @skb: packet
 * @nhoff: where the inner packet's header starts, from its data
 * @l3: what nfipsec_l3_parse_at() made of that
 * @flow: filled in on success
 *
 * Context: any.
 * Return: false if ports or a type should be there and are cut off.
 */
bool nfipsec_flow_parse_at(const struct sk_buff *skb, int nhoff,
			   const struct nfipsec_l3 *l3,
			   struct nfipsec_flow *flow)
{
	memset(flow, 0, sizeof(*flow));
	flow->family = l3->family;
	flow->proto = l3->proto;
	flow->opaque = l3->frag;

	if (l3->family == AF_INET) {
		const struct iphdr *iph;
		struct iphdr ibuf;

		iph = skb_header_pointer(skb, nhoff, sizeof(ibuf), &ibuf);
		if (!iph)
			return false;
		flow->early = starts_early(iph);
		flow->saddr.ip = iph->saddr;
		flow->daddr.ip = iph->daddr;
		flow->dscp = ipv4_get_dsfield(iph) >> 2;
	} else {
		const struct ipv6hdr *ip6;
		struct ipv6hdr ibuf;

		ip6 = skb_header_pointer(skb, nhoff, sizeof(ibuf), &ibuf);
		if (!ip6)
			return false;
		flow->saddr.in6 = ip6->saddr;
		flow->daddr.in6 = ip6->daddr;
		flow->dscp = ipv6_get_dsfield(ip6) >> 2;
	}

	if (l3->later)
		return true;
	if (!parse_field(skb, nhoff + l3->l4_off,
			 nfipsec_field(l3->family, l3->proto), flow))
		return l3->frag;
	if (!nfipsec_proto_hides(l3->family, l3->proto))
		flow->opaque = false;
	return true;
}

/* An IPv4 header without options, and ports or an SPI. */
#define PLAIN_HEAD	(sizeof(struct iphdr) + 2 * sizeof(__be16))
#define PLAIN_FIRST	0x45

static void set_ipv4(union nfipsec_addr *addr, __be32 ip)
{
	addr->ip = ip;
	addr->all[1] = 0;
	addr->all[2] = 0;
	addr->all[3] = 0;
}

/**
 * nfipsec_flow_plain() - read a packet as most are
 * @skb: packet, its network header set, may be non-linear
 * @family: AF_INET or AF_INET6, what the header must be
 * @l3: its layout, filled in on success
 * @flow: what it shows to the SPD, filled in on success but for
 *	nfipsec_flow.meta
 *
 * What nfipsec_l3_parse() and nfipsec_flow_parse() do, in one go and only of
 * IPv4 without options, in one piece, with UDP, TCP or ESP behind it.
 * Context: any.
 * Return: false if these must be asked, who may have something against it.
 */
bool nfipsec_flow_plain(const struct sk_buff *skb, u8 family,
			struct nfipsec_l3 *l3, struct nfipsec_flow *flow)
{
	int nhoff = skb_network_offset(skb);
	const struct iphdr *iph = (const struct iphdr *)(skb->data + nhoff);
	const __be16 *port = (const __be16 *)(iph + 1);
	unsigned int len;

	if (family != AF_INET ||
	    (int)skb_headlen(skb) - nhoff < (int)PLAIN_HEAD)
		return false;
	len = ntohs(iph->tot_len);
	if (*(const u8 *)iph != PLAIN_FIRST || ip_is_fragment(iph) ||
	    len < PLAIN_HEAD)
		return false;
	switch (iph->protocol) {
	case IPPROTO_UDP:
	case IPPROTO_TCP:
		flow->sport = ntohs(port[0]);
		flow->dport = ntohs(port[1]);
		break;
	case IPPROTO_ESP:
		flow->sport = 0;
		flow->dport = 0;
		break;
	default:
		return false;
	}

	*l3 = (struct nfipsec_l3){
		.family = AF_INET,
		.proto = iph->protocol,
		.nexthdr_off = offsetof(struct iphdr, protocol),
		.l4_off = sizeof(*iph),
		.esp_off = sizeof(*iph),
		.esp_nexthdr_off = offsetof(struct iphdr, protocol),
		.len = len,
	};
	set_ipv4(&flow->saddr, iph->saddr);
	set_ipv4(&flow->daddr, iph->daddr);
	flow->family = AF_INET;
	flow->proto = iph->protocol;
	flow->opaque = false;
	flow->early = false;
	flow->dscp = ipv4_get_dsfield(iph) >> 2;
	memset(flow->zero, 0, sizeof(flow->zero));
	return true;
}

/**
 * nfipsec_natt_parse() - is a UDP datagram ESP? (RFC 3948 section 2)
 * @skb: packet that nfipsec_l3_parse() accepted, UDP and not a fragment
 * @l3: its layout; for ESP, @l3->len becomes the end of the datagram
 *
 * The UDP checksum is not looked at: the ICV tells more, and the RFC has it
 * zero (section 2.1).
 * Context: any.
 * Return: what it is.
 */
enum nfipsec_natt nfipsec_natt_parse(const struct sk_buff *skb,
				     struct nfipsec_l3 *l3)
{
	unsigned int off = skb_network_offset(skb) + l3->l4_off;
	unsigned int head = 4 * sizeof(__be16);
	const __be16 *udp;
	const u8 *data;
	__be16 ubuf[4];
	unsigned int len;
	u8 buf[4];

	udp = skb_header_pointer(skb, off, sizeof(ubuf), ubuf);
	if (!udp)
		return NFIPSEC_NATT_OTHER;
	/* A wrong length is the stack's to complain of. */
	len = ntohs(udp[2]);
	if (len <= head || l3->l4_off + len > l3->len)
		return NFIPSEC_NATT_OTHER;

	off += head;
	len -= head;
	data = skb_header_pointer(skb, off, len < 4 ? 1 : 4, buf);
	if (!data)
		return NFIPSEC_NATT_OTHER;
	if (len == 1 && data[0] == NFIPSEC_NATT_KEEPALIVE_BYTE)
		return NFIPSEC_NATT_KEEPALIVE;
	/* Section 2.2: with four zeros it is not ESP, no SPI is 0. */
	if (len < 4 || !(data[0] | data[1] | data[2] | data[3]))
		return NFIPSEC_NATT_OTHER;
	l3->len = l3->l4_off + head + len;
	return NFIPSEC_NATT_ESP;
}
