// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutable fields of IP headers (RFC 4302 section 3.3.3.1 and appendix A). What
 * may change on the way becomes zero; what changes in a way that the sender
 * can tell becomes what the receiver sees.
 *
 * The headers come from anywhere: no length in them is believed.
 */
#include <linux/errno.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/string.h>

#include <asm/byteorder.h>

#include "mutable.h"

/* RFC 1108 and RFC 1770: without a name in the kernel's headers. */
#define OPT_EXTENDED_SECURITY	0x85
#define OPT_DIRECTED_DELIVERY	0x95
/* First byte of an address in a source route, counted from 1 as there. */
#define ROUTE_POINTER_MIN	4

/* RFC 8200 section 4.2: the option's data may change en route. */
#define TLV_CHANGES		0x20
#define TLV_PAD1		0

/* Routing headers whose end the sender can tell (RFC 2460, RFC 6275). */
#define ROUTING_TYPE_0		0
#define ROUTING_TYPE_2		2
/* Extension headers are of such units (RFC 8200 section 4). */
#define EXTHDR_UNIT		8

/**
 * nfipsec_mutable_ipv4_option_stays() - does AH authenticate an option?
 * @type: of the IPv4 option
 *
 * RFC 4302 appendix A1; what is not known there is zeroed.
 * Context: any.
 * Return: false if it may change on the way.
 */
bool nfipsec_mutable_ipv4_option_stays(u8 type)
{
	switch (type) {
	case IPOPT_SEC:
	case OPT_EXTENDED_SECURITY:
	case IPOPT_CIPSO:
	case IPOPT_RA:
	case OPT_DIRECTED_DELIVERY:
		return true;
	default:
		return false;
	}
}

/*
 * A source route: the packet arrives with its last address as destination.
 * Behind the pointer's end it has arrived there already.
 */
static int fix_source_route(struct iphdr *iph, const u8 *opt, bool arrived)
{
	unsigned int len = opt[1];
	unsigned int pointer;

	if (len < ROUTE_POINTER_MIN - 1)
		return -EINVAL;
	pointer = opt[2];
	if (pointer < ROUTE_POINTER_MIN || pointer % sizeof(__be32) ||
	    (len + 1) % sizeof(__be32))
		return -EINVAL;
	if (pointer > len)
		return 0;
	if (arrived)
		return -EOPNOTSUPP;
	memcpy(&iph->daddr, opt + len - sizeof(iph->daddr), sizeof(iph->daddr));
	return 0;
}

static int fix_ipv4_options(struct iphdr *iph, u8 *opt, const u8 *end,
			    bool arrived)
{
	bool routed = false;
	unsigned int len;
	int err;

	for (; opt < end; opt += len) {
		len = 1;
		if (*opt == IPOPT_END)
			return 0;
		if (*opt == IPOPT_NOOP)
			continue;
		if (end - opt < 2 || opt[1] < 2 || opt[1] > end - opt)
			return -EINVAL;
		len = opt[1];
		if (*opt == IPOPT_LSRR || *opt == IPOPT_SSRR) {
			/* Two of them contradict each other (RFC 791). */
			err = routed ? -EINVAL :
				       fix_source_route(iph, opt, arrived);
			if (err)
				return err;
			routed = true;
		}
		/* As a whole: type and length too. */
		if (!nfipsec_mutable_ipv4_option_stays(*opt))
			memset(opt, 0, len);
	}
	return 0;
}

static int fix_ipv4(u8 *hdr, unsigned int len, bool arrived)
{
	struct iphdr *iph = (struct iphdr *)hdr;
	int err;

	if (len < sizeof(*iph) || iph->ihl * 4 != len)
		return -EINVAL;
	iph->tos = 0;
	iph->frag_off = 0;
	iph->ttl = 0;
	iph->check = 0;
	err = fix_ipv4_options(iph, hdr + sizeof(*iph), hdr + len, arrived);
	return err ?: len;
}

/* Hop-by-hop or destination options: type and length always count. */
static int fix_tlvs(u8 *opt, const u8 *end)
{
	unsigned int len;

	for (; opt < end; opt += len) {
		len = 1;
		if (*opt == TLV_PAD1)
			continue;
		if (end - opt < 2 || opt[1] > end - opt - 2)
			return -EINVAL;
		len = 2 + opt[1];
		if (*opt & TLV_CHANGES)
			memset(opt + 2, 0, opt[1]);
	}
	return 0;
}

/* What each hop does (RFC 2460 section 4.4), up to the last one. */
static int fix_routing(struct ipv6hdr *ip6, u8 *ext, bool arrived)
{
	struct ipv6_rt_hdr *rt = (struct ipv6_rt_hdr *)ext;
	struct in6_addr *addr = (struct in6_addr *)(ext + EXTHDR_UNIT);
	unsigned int count = rt->hdrlen / 2;
	struct in6_addr next;

	if (rt->type != ROUTING_TYPE_0 && rt->type != ROUTING_TYPE_2)
		return -EOPNOTSUPP;
	if (rt->hdrlen % 2 || rt->segments_left > count ||
	    (rt->type == ROUTING_TYPE_2 && count != 1))
		return -EINVAL;
	if (rt->segments_left && arrived)
		return -EOPNOTSUPP;
	for (; rt->segments_left; rt->segments_left--) {
		memcpy(&next, &addr[count - rt->segments_left], sizeof(next));
		memcpy(&addr[count - rt->segments_left], &ip6->daddr,
		       sizeof(next));
		memcpy(&ip6->daddr, &next, sizeof(next));
	}
	return 0;
}

static unsigned int exthdr_len(u8 type, const u8 *ext)
{
	switch (type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
		return (ext[1] + 1) * EXTHDR_UNIT;
	case IPPROTO_FRAGMENT:
		return EXTHDR_UNIT;
	default:
		return 0;
	}
}

/* The sender made the ICV before it fragmented (RFC 4302 appendix A2). */
static void cut_fragment(struct ipv6hdr *ip6, u8 *type, u8 *ext,
			 unsigned int behind)
{
	*type = *ext;
	memmove(ext, ext + EXTHDR_UNIT, behind);
	ip6->payload_len = htons(ntohs(ip6->payload_len) - EXTHDR_UNIT);
}

static int fix_ipv6(u8 *hdr, unsigned int len, bool arrived)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)hdr;
	unsigned int off = sizeof(*ip6);
	unsigned int n;
	u8 *type;
	int err;

	if (len < sizeof(*ip6))
		return -EINVAL;
	/* Of the first word, only the version stays. */
	hdr[0] &= 0xf0;
	memset(hdr + 1, 0, 3);
	ip6->hop_limit = 0;

	type = &ip6->nexthdr;
	while (off < len) {
		u8 *ext = hdr + off;

		if (len - off < EXTHDR_UNIT)
			return -EINVAL;
		n = exthdr_len(*type, ext);
		if (!n || n > len - off)
			return -EINVAL;
		if (*type == IPPROTO_FRAGMENT) {
			len -= n;
			cut_fragment(ip6, type, ext, len - off);
			continue;
		}
		if (*type == IPPROTO_ROUTING)
			err = fix_routing(ip6, ext, arrived);
		else
			err = fix_tlvs(ext + 2, ext + n);
		if (err)
			return err;
		type = ext;
		off += n;
	}
	return len;
}

/**
 * nfipsec_mutable_fix() - make of IP headers what AH authenticates
 * @hdr: copy of all that stands in front of AH: the IP header with its options
 *	or extension headers, 8 byte aligned; changed in place
 * @len: bytes of it
 * @family: AF_INET or AF_INET6
 * @arrived: the packet is said to be where it goes, no source route may be
 *	left to follow
 *
 * An IPv6 fragment header, there can only be that of a whole datagram, is taken
 * out.
 * Context: any.
 * Return: bytes to authenticate, not more than @len; -EINVAL if an option or
 * header is malformed; -EOPNOTSUPP if a routing header is of a type that is
 * not predictable, or has hops left. @hdr is then undefined.
 */
int nfipsec_mutable_fix(u8 *hdr, unsigned int len, u8 family, bool arrived)
{
	return family == AF_INET ? fix_ipv4(hdr, len, arrived) :
				   fix_ipv6(hdr, len, arrived);
}
