// SPDX-License-Identifier: GPL-2.0-only
/* See udp.h. */
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <uapi/linux/dccp.h>

#include "flow.h"
#include "udp.h"

/**
 * nfipsec_udp_push() - write the ports in front of ESP
 * @sa: SA with encapsulation
 * @skb: packet, starting with its IP header; its transport header is where
 *	the room for UDP begins, and is that for ESP on return. Stays the
 *	caller's.
 *
 * Context: any.
 */
void nfipsec_udp_push(const struct nfipsec_sa *sa, struct sk_buff *skb)
{
	unsigned int off = skb_transport_offset(skb);
	struct udphdr *uh = udp_hdr(skb);

	uh->source = sa->encap.sport;
	uh->dest = sa->encap.dport;
	skb_set_transport_header(skb, off + sizeof(*uh));
}

/**
 * nfipsec_udp_finish() - write length and checksum of the UDP header
 * @sa: SA with encapsulation
 * @skb: sealed packet, its transport header is ESP's, and UDP's on return; it
 *	has no checksum to be completed. Stays the caller's.
 *
 * The checksum is zero over IPv4 (RFC 3948 section 2.1), and over IPv6 left
 * to the device or to whoever cuts the packet to fragments.
 * Context: any.
 */
void nfipsec_udp_finish(const struct nfipsec_sa *sa, struct sk_buff *skb)
{
	unsigned int off = skb_transport_offset(skb) - sizeof(struct udphdr);
	unsigned int len = skb->len - off;
	struct udphdr *uh;

	skb_set_transport_header(skb, off);
	uh = udp_hdr(skb);
	uh->len = htons(len);
	uh->check = 0;
	if (sa->key.family == AF_INET6)
		udp6_set_csum(false, skb, &ipv6_hdr(skb)->saddr,
			      &ipv6_hdr(skb)->daddr, len);
}

/*
 * Where the checksum over a pseudo header stands in the transport header, or
 * a negative number if there is none.
 */
static int check_offset(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return offsetof(struct udphdr, check);
	case IPPROTO_DCCP:
		return offsetof(struct dccp_hdr, dccph_checksum);
	case IPPROTO_ICMPV6:
		return offsetof(struct icmp6hdr, icmp6_cksum);
	default:
		return -1;
	}
}

/* RFC 3948 section 3.1.2, 1: the peer summed up its own address. */
static void replace_source(const struct nfipsec_sa *sa, struct sk_buff *skb,
			   __sum16 *check)
{
	if (sa->key.family == AF_INET)
		inet_proto_csum_replace4(check, skb, sa->encap.oa.ip,
					 ip_hdr(skb)->saddr, true);
	else
		inet_proto_csum_replace16(check, skb, sa->encap.oa.all,
					  ipv6_hdr(skb)->saddr.s6_addr32,
					  true);
}

/*
 * RFC 3948 section 3.1.2, 2: what the peer summed up is not known. @cover bytes
 * of @len are summed up.
 */
static void compute(struct sk_buff *skb, const struct nfipsec_l3 *l3,
		    unsigned int len, unsigned int cover, __sum16 *check)
{
	__wsum sum;

	*check = 0;
	sum = skb_checksum(skb, l3->l4_off, cover, 0);
	if (l3->family == AF_INET)
		*check = csum_tcpudp_magic(ip_hdr(skb)->saddr,
					   ip_hdr(skb)->daddr, len, l3->proto,
					   sum);
	else
		*check = csum_ipv6_magic(&ipv6_hdr(skb)->saddr,
					 &ipv6_hdr(skb)->daddr, len, l3->proto,
					 sum);
}

/*
 * How many of @len bytes a checksum covers, as the transport header says; that
 * may be nonsense.
 */
static unsigned int covered(const struct sk_buff *skb,
			    const struct nfipsec_l3 *l3, unsigned int len)
{
	const void *hdr = skb->data + l3->l4_off;
	const struct dccp_hdr *dh = hdr;
	const struct udphdr *uh = hdr;

	switch (l3->proto) {
	case IPPROTO_UDP:
		return ntohs(uh->len);
	case IPPROTO_UDPLITE:
		/* RFC 3828 section 3.1 */
		return ntohs(uh->len) ?: len;
	case IPPROTO_DCCP:
		/* RFC 4340 section 9.2 */
		if (dh->dccph_cscov)
			return (dh->dccph_doff + dh->dccph_cscov - 1) * 4;
		return len;
	default:
		return len;
	}
}

/* Whose checksum is never sent as zero: if it is zero, there is none. */
static bool is_udp(u8 proto)
{
	return proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE;
}

/**
 * nfipsec_udp_mend() - put the checksum of a transport mode packet right
 * @sa: SA of transport mode with encapsulation; others of transport mode may
 *	have been inside
 * @skb: opened packet without outer headers, all of it ours to write. Its
 *	pointers change. Stays the caller's, also on failure.
 * @l3: its layout
 *
 * A NAT changed the addresses of the outer header, which are now those of the
 * packet, and could not see the checksum. The ICV has vouched for the data.
 * Context: any.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_udp_mend(const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3)
{
	unsigned int len = skb->len - l3->l4_off;
	int off = check_offset(l3->proto);
	unsigned int head, cover;
	__sum16 *check;

	if (off < 0 || l3->frag)
		return NFIPSEC_OK;
	head = off + sizeof(*check);
	if (head > len)
		return NFIPSEC_IN_INNER_HDR;
	if (!pskb_may_pull(skb, l3->l4_off + head))
		return NFIPSEC_IN_NOMEM;

	skb->ip_summed = CHECKSUM_NONE;
	check = (__sum16 *)(skb->data + l3->l4_off + off);
	if (is_udp(l3->proto) && !*check)
		return NFIPSEC_OK;
	cover = covered(skb, l3, len);
	if (cover < head || cover > len)
		return NFIPSEC_IN_INNER_HDR;
	if (sa->encap.has_oa)
		replace_source(sa, skb, check);
	else
		compute(skb, l3, l3->proto == IPPROTO_UDP ? cover : len, cover,
			check);
	if (is_udp(l3->proto) && !*check)
		*check = CSUM_MANGLED_0;
	return NFIPSEC_OK;
}
