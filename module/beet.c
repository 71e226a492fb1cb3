// SPDX-License-Identifier: GPL-2.0-only
/*
 * BEET mode. One IP header takes the place of another: what it says is carried
 * over, addresses are those of the other pair.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/dsfield.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "beet.h"
#include "flow.h"
#include "proto.h"

/* What an IPv4 header has room for. */
#define IPV4_OPTIONS_MAX	40

/**
 * struct carried - what survives the change of headers
 * @proto: what comes behind the header
 * @tos: DSCP and ECN
 * @ttl: TTL or hop limit
 * @df: do not fragment
 * @id: IPv4 identification, 0 if there is none
 * @label: IPv6 flow label, network byte order, 0 if there is none
 */
struct carried {
	u8 proto;
	u8 tos;
	u8 ttl;
	bool df;
	__be16 id;
	__be32 label;
};

static unsigned int fixed_len(u8 family)
{
	return family == AF_INET ? sizeof(struct iphdr) :
				   sizeof(struct ipv6hdr);
}

static void carry_from(const struct sk_buff *skb, u8 family, struct carried *c)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);

	memset(c, 0, sizeof(*c));
	if (family == AF_INET) {
		c->proto = iph->protocol;
		c->tos = iph->tos;
		c->ttl = iph->ttl;
		c->df = iph->frag_off & htons(IP_DF);
		c->id = iph->id;
	} else {
		c->proto = ip6->nexthdr;
		c->tos = ipv6_get_dsfield(ip6);
		c->ttl = ip6->hop_limit;
		c->df = true;
		c->label = ip6_flowlabel(ip6);
	}
}

/* All but length and checksum. @optlen is only looked at for IPv4. */
static void make_header(struct sk_buff *skb, u8 family, const struct carried *c,
			const union nfipsec_addr *saddr,
			const union nfipsec_addr *daddr, unsigned int optlen)
{
	struct ipv6hdr *ip6 = ipv6_hdr(skb);
	struct iphdr *iph = ip_hdr(skb);

	if (family == AF_INET) {
		iph->version = 4;
		iph->ihl = (sizeof(*iph) + optlen) / 4;
		iph->tos = c->tos;
		iph->tot_len = 0;
		iph->check = 0;
		iph->id = c->id;
		iph->frag_off = c->df ? htons(IP_DF) : 0;
		iph->ttl = c->ttl;
		iph->protocol = c->proto;
		iph->saddr = saddr->ip;
		iph->daddr = daddr->ip;
		skb->protocol = htons(ETH_P_IP);
	} else {
		ip6_flow_hdr(ip6, c->tos, c->label);
		ip6->payload_len = 0;
		ip6->nexthdr = c->proto;
		ip6->hop_limit = c->ttl;
		ip6->saddr = saddr->in6;
		ip6->daddr = daddr->in6;
		skb->protocol = htons(ETH_P_IPV6);
	}
}

static unsigned int options_len(const struct nfipsec_l3 *l3)
{
	return l3->family == AF_INET ? l3->l4_off - sizeof(struct iphdr) : 0;
}

/*
 * Bytes in front of IPv4 options: a pseudo header of 4 bytes and padding, so
 * that with the options they are a multiple of 8.
 */
static unsigned int pseudo_len(unsigned int optlen)
{
	unsigned int pad = 4 - (optlen & 4);

	return optlen ? sizeof(struct nfipsec_beet_hdr) + pad : 0;
}

static void push_pseudo(struct sk_buff *skb, unsigned int optlen, u8 nexthdr)
{
	struct nfipsec_beet_hdr *ph;

	ph = skb_push(skb, pseudo_len(optlen));
	ph->nexthdr = nexthdr;
	ph->hdrlen = optlen / 8;
	ph->padlen = pseudo_len(optlen) - sizeof(*ph);
	ph->reserved = 0;
	memset(ph + 1, IPOPT_NOP, ph->padlen);
}

/**
 * nfipsec_beet_shed() - bytes of a packet that are not sent
 * @l3: its layout
 *
 * Context: any.
 * Return: length of its IP header, less what stands for IPv4 options.
 */
unsigned int nfipsec_beet_shed(const struct nfipsec_l3 *l3)
{
	return fixed_len(l3->family) - pseudo_len(options_len(l3));
}

/**
 * nfipsec_beet_push() - exchange the IP header of a packet to be sealed
 * @sa: SA
 * @skb: packet, no fragment, starting with its IP header; there is headroom
 *	for @gap and the new header. Its pointers change. Stays the caller's,
 *	also on failure.
 * @l3: its layout
 * @gap: bytes of room to leave between the new header and the payload
 * @proto: what the new header says comes behind it
 * @df: set DF in an outer IPv4 header
 * @nexthdr: what the payload is
 *
 * Extension headers of IPv6 are payload; so are IPv4 options, behind a pseudo
 * header that says where they end. TTL, DSCP, ECN and, where both headers have
 * it, identification or flow label are those of the packet, as its receiver
 * makes its header from them. On return the transport header is where @gap
 * begins. Lengths and the IPv4 checksum are set when the packet is sent.
 * Context: any.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_beet_push(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3,
				      unsigned int gap, u8 proto, bool df,
				      u8 *nexthdr)
{
	unsigned int hlen = fixed_len(sa->key.family);
	unsigned int optlen = options_len(l3);
	struct carried c;

	if (!pskb_may_pull(skb, fixed_len(l3->family)))
		return NFIPSEC_OUT_NOMEM;

	carry_from(skb, l3->family, &c);
	*nexthdr = c.proto;
	skb_pull(skb, fixed_len(l3->family));
	if (optlen) {
		push_pseudo(skb, optlen, c.proto);
		*nexthdr = NFIPSEC_NEXTHDR_BEET;
	}

	skb_push(skb, hlen + gap);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, hlen);
	c.proto = proto;
	c.df = df;
	make_header(skb, sa->key.family, &c, &sa->saddr, &sa->key.daddr, 0);
	return NFIPSEC_OK;
}

/*
 * The pseudo header off, the options stay. They must be whole, and what they
 * say is for the stack to judge, as with any packet.
 */
static enum nfipsec_reason pop_pseudo(struct sk_buff *skb, u8 *proto,
				      unsigned int *optlen)
{
	const struct nfipsec_beet_hdr *ph;
	unsigned int len;

	if (!pskb_may_pull(skb, sizeof(*ph)))
		return NFIPSEC_IN_INNER_HDR;
	ph = (struct nfipsec_beet_hdr *)skb->data;
	if (ph->padlen > 4 || ph->padlen & 3)
		return NFIPSEC_IN_INNER_HDR;
	len = sizeof(*ph) + ph->padlen;
	*optlen = ph->hdrlen * 8 + 4 - ph->padlen;
	*proto = ph->nexthdr;
	if (*optlen > IPV4_OPTIONS_MAX || skb->len < len + *optlen ||
	    !pskb_may_pull(skb, len))
		return NFIPSEC_IN_INNER_HDR;
	skb_pull(skb, len);
	return NFIPSEC_OK;
}

/**
 * nfipsec_beet_pop() - exchange the IP header of an opened packet
 * @sa: SA
 * @skb: packet, starting with its outer headers. On success it starts with
 *	its inner IP header. Its pointers change. Stays the caller's, also on
 *	failure.
 * @l3: layout of the outer headers
 * @cut: bytes before the payload
 * @nexthdr: what the payload is
 *
 * The inner addresses are those of the SA's selector.
 * Context: under rcu_read_lock().
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_beet_pop(const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3,
				     unsigned int cut, u8 nexthdr)
{
	const struct nfipsec_selector *sel = &rcu_dereference(sa->selector)->sel;
	unsigned int hlen = fixed_len(sel->family);
	enum nfipsec_reason reason;
	unsigned int optlen = 0;
	struct carried c;

	carry_from(skb, l3->family, &c);
	c.proto = nexthdr;
	skb_pull(skb, cut);
	if (nexthdr == NFIPSEC_NEXTHDR_BEET && sel->family == AF_INET) {
		reason = pop_pseudo(skb, &c.proto, &optlen);
		if (reason)
			return reason;
	}
	if (sel->family == AF_INET && skb->len + hlen > IP_MAX_MTU)
		return NFIPSEC_IN_INNER_HDR;
	if (skb_cow_head(skb, hlen + skb->mac_len))
		return NFIPSEC_IN_NOMEM;

	skb_push(skb, hlen);
	skb_reset_network_header(skb);
	/* The new header may reach to where the link's header was. */
	skb_mac_header_rebuild(skb);
	make_header(skb, sel->family, &c, &sel->src[0], &sel->dst[0], optlen);
	if (sel->family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		/* Options are behind it, and need not be linear yet. */
		if (!pskb_may_pull(skb, hlen + optlen))
			return NFIPSEC_IN_NOMEM;
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len = htons(skb->len - hlen);
	}
	return NFIPSEC_OK;
}
