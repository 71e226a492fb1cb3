// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers around ESP. While a packet is worked on, its transport header is
 * the ESP header and its data starts with the outer IP header.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "encap.h"
#include "esp.h"
#include "flow.h"

static unsigned int outer_hlen(const struct nfipsec_sa *sa)
{
	return sa->key.family == AF_INET ? sizeof(struct iphdr) :
					   sizeof(struct ipv6hdr);
}

/**
 * nfipsec_encap_overhead() - headers in front of the payload of ESP
 * @sa: SA
 * @l3: layout of the packet to be sent
 *
 * Context: any.
 * Return: bytes of IP headers before the ESP header.
 */
unsigned int nfipsec_encap_overhead(const struct nfipsec_sa *sa,
				    const struct nfipsec_l3 *l3)
{
	return sa->mode == NFIPSEC_MODE_TUNNEL ? outer_hlen(sa) : l3->esp_off;
}

static u8 l3_tos(const struct sk_buff *skb, const struct nfipsec_l3 *l3)
{
	return l3->family == AF_INET ? ipv4_get_dsfield(ip_hdr(skb)) :
				       ipv6_get_dsfield(ipv6_hdr(skb));
}

static void push_outer_ipv4(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    const struct dst_entry *dst, u8 tos, bool df)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = tos;
	iph->frag_off = df ? htons(IP_DF) : 0;
	iph->ttl = ip4_dst_hoplimit(dst);
	iph->protocol = IPPROTO_ESP;
	iph->saddr = sa->saddr.ip;
	iph->daddr = sa->key.daddr.ip;
	skb->protocol = htons(ETH_P_IP);
}

static void push_outer_ipv6(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    const struct dst_entry *dst, u8 tos)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);

	ip6_flow_hdr(ip6, tos, 0);
	ip6->nexthdr = IPPROTO_ESP;
	ip6->hop_limit = ip6_dst_hoplimit((struct dst_entry *)dst);
	ip6->saddr = sa->saddr.in6;
	ip6->daddr = sa->key.daddr.in6;
	skb->protocol = htons(ETH_P_IPV6);
}

/* A new IP header in front of the whole packet. */
static void push_tunnel(const struct nfipsec_sa *sa, struct sk_buff *skb,
			const struct dst_entry *dst,
			const struct nfipsec_l3 *l3, bool df, u8 *nexthdr)
{
	unsigned int hlen = outer_hlen(sa);
	u8 inner = l3_tos(skb, l3);
	u8 tos = inner & ~INET_ECN_MASK;

	if (!(sa->flags & NFIPSEC_SA_FLAG_NOECN))
		tos = INET_ECN_encapsulate(tos, inner);

	*nexthdr = l3->family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
	skb_push(skb, hlen + nfipsec_esp_hlen(sa->crypto));
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, hlen);
	if (sa->key.family == AF_INET)
		push_outer_ipv4(sa, skb, dst, tos, df);
	else
		push_outer_ipv6(sa, skb, dst, tos);
}

/* Room for ESP between the IP headers and what follows them. */
static void push_transport(const struct nfipsec_sa *sa, struct sk_buff *skb,
			   const struct nfipsec_l3 *l3, u8 *nexthdr)
{
	unsigned int gap = nfipsec_esp_hlen(sa->crypto);
	u8 *hdr;

	*nexthdr = skb->data[l3->esp_nexthdr_off];
	hdr = skb_push(skb, gap);
	memmove(hdr, hdr + gap, l3->esp_off);
	hdr[l3->esp_nexthdr_off] = IPPROTO_ESP;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, l3->esp_off);
}

/**
 * nfipsec_encap_push() - put the outer headers in front of a packet
 * @sa: SA
 * @skb: packet, starting with its IP header; its pointers change. Stays the
 *	caller's, also on failure.
 * @dst: route it will take
 * @l3: its layout
 * @df: set DF in an outer IPv4 header
 * @nexthdr: what the payload of ESP is
 *
 * On return the packet is as nfipsec_esp_seal() wants it.
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_encap_push(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct dst_entry *dst,
				       const struct nfipsec_l3 *l3, bool df,
				       u8 *nexthdr)
{
	unsigned int room = nfipsec_esp_hlen(sa->crypto) +
			    LL_RESERVED_SPACE(dst->dev);
	bool tunnel = sa->mode == NFIPSEC_MODE_TUNNEL;

	if (tunnel)
		room += outer_hlen(sa);
	else if (!pskb_may_pull(skb, l3->esp_off))
		return NFIPSEC_OUT_HEADER;

	/* Up to here the headers may be a clone's: from here they are ours. */
	if (skb_cow_head(skb, room))
		return NFIPSEC_OUT_NOMEM;

	if (tunnel)
		push_tunnel(sa, skb, dst, l3, df, nexthdr);
	else
		push_transport(sa, skb, l3, nexthdr);
	return NFIPSEC_OK;
}

/**
 * nfipsec_encap_finish() - what the outer header says of the sealed packet
 * @sa: SA
 * @net: namespace
 * @skb: sealed packet with its route; lengths and the IPv4 checksum are set
 *	when it is sent
 *
 * Context: process or softirq.
 */
void nfipsec_encap_finish(const struct nfipsec_sa *sa, struct net *net,
			  struct sk_buff *skb)
{
	if (sa->mode == NFIPSEC_MODE_TUNNEL && sa->key.family == AF_INET)
		ip_select_ident(net, skb, NULL);
	skb->ip_summed = CHECKSUM_NONE;
	skb->encapsulation = 0;
}

/* RFC 6040 section 4.2 for the ECN bits, RFC 2983 for the others. */
static enum nfipsec_reason pop_tos(const struct nfipsec_sa *sa,
				   struct sk_buff *skb, u8 outer)
{
	bool ipv4 = skb->protocol == htons(ETH_P_IP);
	u8 inner = ipv4 ? ipv4_get_dsfield(ip_hdr(skb)) :
			  ipv6_get_dsfield(ipv6_hdr(skb));

	if (!(sa->flags & NFIPSEC_SA_FLAG_NOECN) &&
	    INET_ECN_decapsulate(skb, outer, inner) > 1)
		return NFIPSEC_IN_ECN;
	if (sa->flags & NFIPSEC_SA_FLAG_DECAP_DSCP) {
		if (ipv4)
			ipv4_change_dsfield(ip_hdr(skb), INET_ECN_MASK,
					    outer & ~INET_ECN_MASK);
		else
			ipv6_change_dsfield(ipv6_hdr(skb), INET_ECN_MASK,
					    outer & ~INET_ECN_MASK);
	}
	return NFIPSEC_OK;
}

static enum nfipsec_reason pop_tunnel(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3, u8 nexthdr)
{
	unsigned int min = nexthdr == IPPROTO_IPIP ? sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr);
	u8 tos = l3_tos(skb, l3);

	if (nexthdr != IPPROTO_IPIP && nexthdr != IPPROTO_IPV6)
		return NFIPSEC_IN_NEXTHDR;

	skb_pull(skb, skb_transport_offset(skb) +
		      nfipsec_esp_hlen(sa->crypto));
	skb_reset_network_header(skb);
	if (!pskb_may_pull(skb, min))
		return NFIPSEC_IN_INNER_HDR;
	skb->protocol = nexthdr == IPPROTO_IPIP ? htons(ETH_P_IP) :
						  htons(ETH_P_IPV6);
	return pop_tos(sa, skb, tos);
}

/* Close the gap where ESP was; lengths say what is left. */
static enum nfipsec_reason pop_transport(const struct nfipsec_sa *sa,
					 struct sk_buff *skb,
					 const struct nfipsec_l3 *l3,
					 u8 nexthdr)
{
	unsigned int gap = nfipsec_esp_hlen(sa->crypto);
	unsigned int hlen = skb_transport_offset(skb);

	memmove(skb->data + gap, skb->data, hlen);
	skb_pull(skb, gap);
	skb_reset_network_header(skb);
	skb->data[l3->nexthdr_off] = nexthdr;
	if (l3->family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len =
			htons(skb->len - sizeof(struct ipv6hdr));
	}
	return NFIPSEC_OK;
}

/**
 * nfipsec_encap_pop() - take the outer headers off an opened packet
 * @sa: SA
 * @skb: packet as nfipsec_esp_open() leaves it; on success it starts with the
 *	IP header it had before it was protected. Its pointers change. Stays
 *	the caller's, also on failure.
 * @l3: layout of the outer headers
 * @nexthdr: what the payload of ESP is
 *
 * The inner headers are not checked beyond what is read here.
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_encap_pop(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3, u8 nexthdr)
{
	if (sa->mode == NFIPSEC_MODE_TUNNEL)
		return pop_tunnel(sa, skb, l3, nexthdr);
	return pop_transport(sa, skb, l3, nexthdr);
}
