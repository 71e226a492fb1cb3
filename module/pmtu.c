// SPDX-License-Identifier: GPL-2.0-only
/* Path MTU on the way out (RFC 4301 sections 8.1 and 8.2). */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "encap.h"
#include "esp.h"
#include "flow.h"
#include "pmtu.h"

/* RFC 791: every path takes this much. */
#define IPV4_PATH_MIN	68

/**
 * nfipsec_pmtu_shared() - does a packet share its route with the ESP packet?
 * @sa: SA
 * @flow: the packet's addresses
 *
 * Of such a route two things are asked: what the path takes, and what a local
 * sender may send on it. The kernel keeps one number. Were the second taken
 * for the first, it would shrink with each packet. So it is remembered what
 * was told and of which path, the ESP packets do not ask the route again, and
 * local TCP is not told but has its segments cut.
 * Context: any.
 * Return: true if it does.
 */
bool nfipsec_pmtu_shared(const struct nfipsec_sa *sa,
			 const struct nfipsec_flow *flow)
{
	return flow->family == sa->key.family &&
	       nfipsec_addr_equal(&flow->daddr, &sa->key.daddr);
}

static unsigned int path_mtu(const struct nfipsec_sa *sa,
			     const struct nfipsec_flow *flow,
			     const struct dst_entry *dst)
{
	u64 told = READ_ONCE(sa->pmtu_told);
	unsigned int path = dst_mtu(dst);

	if (nfipsec_pmtu_shared(sa, flow) && path == lower_32_bits(told))
		return upper_32_bits(told);
	return path;
}

/**
 * nfipsec_pmtu_inner() - largest packet that fits the path encapsulated
 * @sa: SA
 * @l3: layout of the packet to be sent
 * @flow: its addresses
 * @dst: route it will take
 *
 * Context: any.
 * Return: bytes, IP header included; never less than the family's minimum,
 * below which the outer packet is fragmented instead.
 */
unsigned int nfipsec_pmtu_inner(const struct nfipsec_sa *sa,
				const struct nfipsec_l3 *l3,
				const struct nfipsec_flow *flow,
				const struct dst_entry *dst)
{
	unsigned int min = l3->family == AF_INET ? IPV4_PATH_MIN :
						   IPV6_MIN_MTU;
	unsigned int head = nfipsec_encap_overhead(sa, l3);
	unsigned int path = path_mtu(sa, flow, dst);
	unsigned int mtu = 0;

	if (path > head)
		mtu = nfipsec_esp_payload_max(sa->crypto, path - head);
	if (sa->mode == NFIPSEC_MODE_TRANSPORT)
		mtu += head;
	return max(mtu, min);
}

static bool too_big(const struct sk_buff *skb, unsigned int mtu)
{
	return skb_is_gso(skb) ? !skb_gso_validate_network_len(skb, mtu) :
				 skb->len > mtu;
}

/**
 * nfipsec_pmtu_fits() - may this packet go on?
 * @sa: SA
 * @skb: packet to be sent, starting with its IP header
 * @l3: its layout
 * @mtu: from nfipsec_pmtu_inner()
 *
 * Context: any.
 * Return: false if it is too big and its sender forbids fragments.
 */
bool nfipsec_pmtu_fits(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		       const struct nfipsec_l3 *l3, unsigned int mtu)
{
	if (skb->ignore_df || !too_big(skb, mtu))
		return true;
	if (l3->family == AF_INET6)
		return false;
	if (sa->mode == NFIPSEC_MODE_TUNNEL &&
	    (sa->flags & NFIPSEC_SA_FLAG_NOPMTUDISC))
		return true;
	return !(ip_hdr(skb)->frag_off & htons(IP_DF));
}

/**
 * nfipsec_pmtu_df() - does the outer IPv4 header get DF?
 * @sa: SA
 * @skb: packet to be sent, before it is encapsulated
 * @l3: its layout
 * @mtu: from nfipsec_pmtu_inner()
 *
 * As the inner header says; IPv6 forbids fragments always. A packet that goes
 * on although it is too big must be fragmented outside.
 * Context: any.
 * Return: true for DF.
 */
bool nfipsec_pmtu_df(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		     const struct nfipsec_l3 *l3, unsigned int mtu)
{
	if ((sa->flags & NFIPSEC_SA_FLAG_NOPMTUDISC) || too_big(skb, mtu))
		return false;
	return l3->family == AF_INET6 ||
	       (ip_hdr(skb)->frag_off & htons(IP_DF));
}

/**
 * nfipsec_pmtu_shrink() - have a local TCP packet cut to what fits
 * @skb: packet that does not fit; stays the caller's, a super-packet on
 *	success
 * @l3: its layout
 * @mtu: what would fit
 *
 * TCP numbers bytes, so it does not mind where they are parted.
 * Context: process or softirq.
 * Return: false if it is not such a packet, or memory is short.
 */
bool nfipsec_pmtu_shrink(struct sk_buff *skb, const struct nfipsec_l3 *l3,
			 unsigned int mtu)
{
	int nhoff = skb_network_offset(skb);
	const struct tcphdr *th;
	unsigned int hlen;
	struct tcphdr buf;

	/* skb_iif is only set on what came in from somewhere. */
	if (skb->skb_iif || l3->proto != IPPROTO_TCP || l3->frag ||
	    skb->ip_summed != CHECKSUM_PARTIAL)
		return false;
	th = skb_header_pointer(skb, nhoff + l3->l4_off, sizeof(buf), &buf);
	if (!th)
		return false;
	hlen = l3->l4_off + th->doff * 4;
	/* The clone that waits for its ACK shares the fields set here. */
	if (hlen >= mtu || skb->len <= hlen || skb_unclone(skb, GFP_ATOMIC))
		return false;

	if (!skb_is_gso(skb))
		skb_shinfo(skb)->gso_type = l3->family == AF_INET ?
					    SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	skb_shinfo(skb)->gso_size = mtu - hlen;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len - hlen, mtu - hlen);
	return true;
}

/**
 * nfipsec_pmtu_tell() - tell the sender what would fit
 * @sa: SA
 * @skb: packet that does not fit, with its own route; stays the caller's
 * @l3: its layout
 * @flow: its addresses
 * @dst: route it would take encapsulated
 * @mtu: what would fit
 *
 * A socket of this host learns it from its route and from the error, a host
 * behind us from the error. Conntrack's view of a translated source address
 * is undone on the way.
 * Context: process or softirq, outside locks.
 */
void nfipsec_pmtu_tell(struct nfipsec_sa *sa, struct sk_buff *skb,
		       const struct nfipsec_l3 *l3,
		       const struct nfipsec_flow *flow,
		       const struct dst_entry *dst, unsigned int mtu)
{
	WRITE_ONCE(sa->pmtu_told, (u64)path_mtu(sa, flow, dst) << 32 | mtu);
	if (!skb->skb_iif)
		skb_dst_update_pmtu_no_confirm(skb, mtu);
	if (l3->family == AF_INET)
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
}
