// SPDX-License-Identifier: GPL-2.0-only
/* The outer IP header of tunnel mode (RFC 4301 section 5.1.2). */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "flow.h"
#include "net.h"
#include "tunnel.h"

static u8 l3_tos(const struct sk_buff *skb, const struct nfipsec_l3 *l3)
{
	return l3->family == AF_INET ? ipv4_get_dsfield(ip_hdr(skb)) :
				       ipv6_get_dsfield(ipv6_hdr(skb));
}

/* The hash is of the inner flow, so it is taken before headers are pushed. */
static u32 l3_label(const struct nfipsec_outer *o, struct sk_buff *skb,
		    const struct nfipsec_l3 *l3)
{
	u32 inner = 0, hash = 0;

	if (l3->family == AF_INET6)
		inner = ntohl(ip6_flowlabel(ipv6_hdr(skb)));
	if (o->label == NFIPSEC_LABEL_HASH)
		hash = skb_get_hash(skb);
	return nfipsec_outer_label(o, inner, hash);
}

static void push_outer_ipv4(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    const struct dst_entry *dst, u8 nexthdr, u8 tos, bool df)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = tos;
	/* Not known yet; who reads the packet before it is must not guess. */
	iph->tot_len = 0;
	iph->check = 0;
	iph->frag_off = df ? htons(IP_DF) : 0;
	iph->ttl = sa->outer.hop_limit ?: ip4_dst_hoplimit(dst);
	iph->protocol = nexthdr;
	iph->saddr = sa->saddr.ip;
	iph->daddr = sa->key.daddr.ip;
	skb->protocol = htons(ETH_P_IP);
}

static void push_outer_ipv6(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    const struct dst_entry *dst, u8 nexthdr, u8 tos,
			    u32 label)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);

	ip6_flow_hdr(ip6, tos, htonl(label));
	ip6->payload_len = 0;
	ip6->nexthdr = nexthdr;
	ip6->hop_limit = sa->outer.hop_limit ?:
			 ip6_dst_hoplimit((struct dst_entry *)dst);
	ip6->saddr = sa->saddr.in6;
	ip6->daddr = sa->key.daddr.in6;
	skb->protocol = htons(ETH_P_IPV6);
}

/**
 * nfipsec_tunnel_push() - put a new IP header in front of a packet
 * @sa: SA
 * @skb: packet, starting with its IP header; there is headroom for @gap and
 *	the new header. Its pointers change. Stays the caller's.
 * @dst: route it will take
 * @l3: its layout
 * @gap: bytes of room to leave between the new header and the old one
 * @proto: what the new header says comes behind it
 * @df: set DF in an outer IPv4 header
 *
 * On return the transport header is where @gap begins. Lengths and the IPv4
 * checksum are set when the packet is sent.
 * Context: any.
 */
void nfipsec_tunnel_push(const struct nfipsec_sa *sa, struct sk_buff *skb,
			 const struct dst_entry *dst,
			 const struct nfipsec_l3 *l3, unsigned int gap,
			 u8 proto, bool df)
{
	u8 tos = nfipsec_outer_tos(&sa->outer, l3_tos(skb, l3));
	unsigned int hlen = nfipsec_tunnel_hlen(sa);
	u32 label = 0;

	if (sa->key.family == AF_INET6)
		label = l3_label(&sa->outer, skb, l3);
	skb_push(skb, hlen + gap);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, hlen);
	if (sa->key.family == AF_INET)
		push_outer_ipv4(sa, skb, dst, proto, tos, df);
	else
		push_outer_ipv6(sa, skb, dst, proto, tos, label);
}

/* DSCP and ECN of a packet that goes on; what RFC 6040 minds is counted. */
static enum nfipsec_reason pop_tos(const struct nfipsec_sa *sa,
				   struct sk_buff *skb, u8 outer)
{
	bool ipv4 = skb->protocol == htons(ETH_P_IP);
	u8 old = ipv4 ? ipv4_get_dsfield(ip_hdr(skb)) :
			ipv6_get_dsfield(ipv6_hdr(skb));
	enum nfipsec_reason reason;
	u8 tos = old;

	reason = nfipsec_outer_inner_tos(&sa->outer, outer, &tos);
	if (reason == NFIPSEC_IN_ECN)
		return reason;
	if (reason)
		nfipsec_count(nfipsec_net(dev_net(skb->dev)), reason);
	if (tos == old)
		return NFIPSEC_OK;
	if (ipv4)
		ipv4_change_dsfield(ip_hdr(skb), 0, tos);
	else
		ipv6_change_dsfield(ipv6_hdr(skb), 0, tos);
	return NFIPSEC_OK;
}

/**
 * nfipsec_tunnel_pop() - take the outer IP header off an opened packet
 * @sa: SA
 * @skb: packet, starting with its outer headers. On success it starts with
 *	its inner IP header. Its pointers change. Stays the caller's, also on
 *	failure.
 * @l3: layout of the outer headers
 * @cut: bytes before the inner header
 * @nexthdr: what the payload is
 *
 * The inner header is not checked beyond what is read here.
 * Context: any.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_tunnel_pop(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct nfipsec_l3 *l3,
				       unsigned int cut, u8 nexthdr)
{
	unsigned int min = nexthdr == IPPROTO_IPIP ? sizeof(struct iphdr) :
						     sizeof(struct ipv6hdr);
	u8 tos = l3_tos(skb, l3);

	if (nexthdr != IPPROTO_IPIP && nexthdr != IPPROTO_IPV6)
		return NFIPSEC_IN_NEXTHDR;

	skb_pull(skb, cut);
	skb_reset_network_header(skb);
	if (!pskb_may_pull(skb, min))
		return NFIPSEC_IN_INNER_HDR;
	skb->protocol = nexthdr == IPPROTO_IPIP ? htons(ETH_P_IP) :
						  htons(ETH_P_IPV6);
	return pop_tos(sa, skb, tos);
}
