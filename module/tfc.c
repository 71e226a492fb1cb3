// SPDX-License-Identifier: GPL-2.0-only
/* See tfc.h. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "encap.h"
#include "esp.h"
#include "flow.h"
#include "sa.h"
#include "tfc.h"

/* Room for headers in front of a dummy packet; more is made if it is wanted. */
#define DUMMY_HEADROOM	(LL_MAX_HEADER + 128)

/*
 * Padding can be told from what it pads only where that says how long it is
 * (RFC 4303 section 2.7). TCP, for one, does not.
 */
static bool says_length(u8 nexthdr)
{
	return nexthdr == IPPROTO_IPIP || nexthdr == IPPROTO_IPV6 ||
	       nexthdr == IPPROTO_UDP;
}

/**
 * nfipsec_tfc_extra() - by how much is a payload made longer?
 * @sa: SA
 * @len: bytes of it
 * @nexthdr: what the payload is; if that does not say its length, it is left
 *	as it is
 * @spare: bytes that may be added so that the packet fits the path
 *
 * Context: any.
 * Return: bytes.
 */
unsigned int nfipsec_tfc_extra(const struct nfipsec_sa *sa, unsigned int len,
			       u8 nexthdr, unsigned int spare)
{
	if (!sa->tfc.pad || !spare || !says_length(nexthdr) ||
	    len >= sa->tfc.pad)
		return 0;
	return min(sa->tfc.pad - len, spare);
}

/**
 * nfipsec_tfc_pad() - make a payload as long as the SA wants it
 * @sa: SA
 * @skb: packet as nfipsec_encap_push() leaves it; its pointers change. Stays
 *	the caller's, also on failure.
 * @nexthdr: what the payload is
 * @spare: bytes that may be added so that the packet fits the path
 *
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_tfc_pad(const struct nfipsec_sa *sa,
				    struct sk_buff *skb, u8 nexthdr,
				    unsigned int spare)
{
	struct sk_buff *trailer;
	unsigned int len, n;

	/* Only of ESP, which alone can have it. */
	if (likely(!sa->tfc.pad))
		return NFIPSEC_OK;
	len = skb->len - skb_transport_offset(skb) -
	      nfipsec_esp_hlen(sa->crypto);
	n = nfipsec_tfc_extra(sa, len, nexthdr, spare);
	if (!n)
		return NFIPSEC_OK;
	if (nfipsec_esp_writable(skb, n + nfipsec_esp_tail_max(sa->crypto), &trailer) < 0)
		return NFIPSEC_OUT_NOMEM;
	memset(pskb_put(skb, trailer, n), 0, n);
	return NFIPSEC_OK;
}

/**
 * nfipsec_tfc_cut() - take off a datagram what it was padded with
 * @skb: packet as nfipsec_open_inner() leaves it, all of it ours to write. Its
 *	pointers change. Stays the caller's, also on failure.
 * @l3: its layout, of which the length changes
 *
 * UDP itself would not mind. But whoever else looks at the checksum on the way,
 * conntrack for one, takes all that is behind the header for the datagram. What
 * that says of its length and cannot be is for UDP to judge.
 * Context: any.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_tfc_cut(struct sk_buff *skb, struct nfipsec_l3 *l3)
{
	const struct udphdr *uh;
	unsigned int says;
	struct udphdr buf;

	if (l3->proto != IPPROTO_UDP || l3->frag)
		return NFIPSEC_OK;
	uh = skb_header_pointer(skb, l3->l4_off, sizeof(buf), &buf);
	if (!uh)
		return NFIPSEC_OK;
	says = ntohs(uh->len);
	if (says < sizeof(*uh) || says >= skb->len - l3->l4_off)
		return NFIPSEC_OK;
	if (pskb_trim(skb, l3->l4_off + says))
		return NFIPSEC_IN_NOMEM;
	nfipsec_encap_complete(skb);
	l3->len = skb->len;
	return NFIPSEC_OK;
}

static unsigned int header_len(const struct nfipsec_sa *sa)
{
	return sa->key.family == AF_INET ? sizeof(struct iphdr) :
					   sizeof(struct ipv6hdr);
}

/**
 * nfipsec_tfc_dummy() - a packet that means nothing
 * @sa: SA that will carry it
 *
 * Between the ends of the SA, with "no next header" and no payload yet: in
 * transport mode its IP header is the one on the wire.
 * Context: process or softirq.
 * Return: the packet, the caller's; NULL if memory is short.
 */
struct sk_buff *nfipsec_tfc_dummy(const struct nfipsec_sa *sa)
{
	unsigned int hlen = header_len(sa);
	struct sk_buff *skb;

	skb = alloc_skb(DUMMY_HEADROOM + hlen, GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, DUMMY_HEADROOM);
	skb_put_zero(skb, hlen);
	skb_reset_network_header(skb);
	if (sa->key.family == AF_INET) {
		struct iphdr *iph = ip_hdr(skb);

		iph->version = 4;
		iph->ihl = sizeof(*iph) / 4;
		iph->frag_off = htons(IP_DF);
		iph->ttl = IPDEFTTL;
		iph->protocol = IPPROTO_NONE;
		iph->saddr = sa->saddr.ip;
		iph->daddr = sa->key.daddr.ip;
		skb->protocol = htons(ETH_P_IP);
	} else {
		struct ipv6hdr *ip6 = ipv6_hdr(skb);

		ip6->version = 6;
		ip6->nexthdr = IPPROTO_NONE;
		ip6->hop_limit = IPV6_DEFAULT_HOPLIMIT;
		ip6->saddr = sa->saddr.in6;
		ip6->daddr = sa->key.daddr.in6;
		skb->protocol = htons(ETH_P_IPV6);
	}
	return skb;
}

/* As long as padded packets are, else of any length. */
static unsigned int dummy_len(const struct nfipsec_sa *sa, unsigned int mtu)
{
	unsigned int hlen = header_len(sa);
	unsigned int len = sa->tfc.pad;

	mtu = max(mtu, hlen);
	if (!len)
		return hlen + get_random_u32_below(mtu - hlen + 1);
	/* Only a tunnel pads the header as well. */
	if (sa->mode != NFIPSEC_MODE_TUNNEL)
		len += hlen;
	return clamp(len, hlen, mtu);
}

/**
 * nfipsec_tfc_dummy_grow() - give a dummy packet its length
 * @sa: SA
 * @skb: from nfipsec_tfc_dummy(); its pointers change. Stays the caller's.
 * @mtu: largest packet that fits
 *
 * Context: process or softirq.
 * Return: false if memory is short.
 */
bool nfipsec_tfc_dummy_grow(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    unsigned int mtu)
{
	unsigned int n = dummy_len(sa, mtu) - skb->len;

	if (pskb_expand_head(skb, 0, n + nfipsec_esp_tail_max(sa->crypto), GFP_ATOMIC))
		return false;
	skb_put_zero(skb, n);
	if (sa->key.family == AF_INET) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len = htons(n);
	}
	return true;
}
