// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers around ESP and AH, and IPComp, which has none of its own here. While
 * a packet is worked on, its transport header is the one of ESP or AH, or the
 * payload of IPComp, and its data starts with the outer IP header.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "ah.h"
#include "beet.h"
#include "encap.h"
#include "esp.h"
#include "flow.h"
#include "tunnel.h"
#include "udp.h"

/**
 * nfipsec_encap_gap() - what comes between the IP header and the payload
 * @sa: SA
 *
 * Context: any.
 * Return: bytes of the header that ESP or AH puts in front of the payload of a
 * packet that is sent.
 */
unsigned int nfipsec_encap_gap(const struct nfipsec_sa *sa)
{
	/* The MTU is that of packets which do not get smaller. */
	if (sa->key.proto == IPPROTO_COMP)
		return 0;
	if (sa->key.proto == IPPROTO_AH)
		return nfipsec_ah_hlen(sa->crypto, sa->key.family,
				       sa->flags & NFIPSEC_SA_FLAG_ALIGN8);
	return nfipsec_udp_hlen(sa) + nfipsec_esp_hlen(sa->crypto);
}

/**
 * nfipsec_encap_overhead() - headers in front of ESP or AH
 * @sa: SA
 * @l3: layout of the packet to be sent
 *
 * Context: any.
 * Return: bytes of IP headers before that header.
 */
unsigned int nfipsec_encap_overhead(const struct nfipsec_sa *sa,
				    const struct nfipsec_l3 *l3)
{
	return nfipsec_sa_rehouses(sa) ? nfipsec_tunnel_hlen(sa) : l3->esp_off;
}

/**
 * nfipsec_encap_payload_max() - what fits once it is encapsulated
 * @sa: SA
 * @room: bytes from the end of the IP headers to the end of the packet
 *
 * Context: any.
 * Return: most bytes of payload; 0 if nothing fits.
 */
unsigned int nfipsec_encap_payload_max(const struct nfipsec_sa *sa,
				       unsigned int room)
{
	unsigned int gap = nfipsec_encap_gap(sa);

	if (room <= gap)
		return 0;
	if (sa->key.proto == IPPROTO_ESP)
		return nfipsec_esp_payload_max(sa->crypto,
					       room - nfipsec_udp_hlen(sa));
	return room - gap;
}

/**
 * nfipsec_encap_nexthdr_off() - where a packet says what the payload is
 * @sa: SA
 * @l3: layout of the packet to be sent, before nfipsec_encap_push()
 *
 * Context: any.
 * Return: offset of that byte once the outer headers are there.
 */
unsigned int nfipsec_encap_nexthdr_off(const struct nfipsec_sa *sa,
				       const struct nfipsec_l3 *l3)
{
	if (!nfipsec_sa_rehouses(sa))
		return l3->esp_nexthdr_off;
	return sa->key.family == AF_INET ? offsetof(struct iphdr, protocol) :
					   offsetof(struct ipv6hdr, nexthdr);
}

/*
 * Room for a header between the IP headers and what follows them. A sender who does
 * discovery lets go with DF what he thinks fits, to be fragmented if it does not: with
 * the header in it that may be too much for the path, and not for the device.
 */
static void push_transport(struct sk_buff *skb, const struct nfipsec_l3 *l3,
			   unsigned int gap, u8 proto, bool df)
{
	u8 *hdr;

	hdr = skb_push(skb, gap);
	memmove(hdr, hdr + gap, l3->esp_off);
	hdr[l3->esp_nexthdr_off] = proto;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, l3->esp_off);
	if (!df && l3->family == AF_INET)
		ip_hdr(skb)->frag_off &= ~htons(IP_DF);
}

/*
 * Headroom for so many bytes, and the headers ours to write. A packet that nobody
 * else has is moved back in its buffer where that has room, also for what sealing
 * will put behind it: a new buffer costs more.
 */
static int make_room(const struct nfipsec_sa *sa, struct sk_buff *skb,
		     unsigned int room)
{
	unsigned int tail = 0, by;

	if (skb_headroom(skb) >= room || skb_cloned(skb))
		return skb_cow_head(skb, room);
	if (sa->key.proto == IPPROTO_ESP)
		tail = nfipsec_esp_tail_max(sa->crypto);
	by = ALIGN(room - skb_headroom(skb), sizeof(long));
	/* None of a packet that is not linear. */
	if (skb_tailroom(skb) < by + tail)
		return skb_cow_head(skb, room);

	memmove(skb->data + by, skb->data, skb->len);
	skb->data += by;
	skb->tail += by;
	skb_headers_offset_update(skb, by);
	return 0;
}

/**
 * nfipsec_encap_push() - put the outer headers in front of a packet
 * @sa: SA
 * @skb: packet, starting with its IP header; its pointers change. Stays the
 *	caller's, also on failure.
 * @dst: route it will take
 * @l3: its layout
 * @df: the outer IPv4 header has DF; in transport mode it has it already, and loses
 *	it if not
 * @nexthdr: what the payload is
 *
 * On return the packet is as nfipsec_esp_seal(), nfipsec_ah_seal() or
 * nfipsec_comp_pack() wants it, but for what nfipsec_encap_finish() does.
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_encap_push(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct dst_entry *dst,
				       const struct nfipsec_l3 *l3, bool df,
				       u8 *nexthdr)
{
	u8 proto = sa->encap.type ? IPPROTO_UDP : sa->key.proto;
	bool comp = sa->key.proto == IPPROTO_COMP;
	enum nfipsec_reason reason = NFIPSEC_OK;
	unsigned int gap = nfipsec_encap_gap(sa);
	unsigned int room = gap + LL_RESERVED_SPACE(dst->dev);

	if (nfipsec_sa_rehouses(sa))
		room += nfipsec_tunnel_hlen(sa);
	else if (!pskb_may_pull(skb, l3->esp_off))
		return NFIPSEC_OUT_NOMEM;

	/* Up to here the headers may be a clone's: from here they are ours. */
	if (make_room(sa, skb, room))
		return NFIPSEC_OUT_NOMEM;

	switch (sa->mode) {
	case NFIPSEC_MODE_TUNNEL:
		*nexthdr = l3->family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
		nfipsec_tunnel_push(sa, skb, dst, l3, gap,
				    comp ? *nexthdr : proto, df);
		break;
	case NFIPSEC_MODE_BEET:
		reason = nfipsec_beet_push(sa, skb, l3, gap, proto, df,
					   nexthdr);
		break;
	default:
		*nexthdr = skb->data[l3->esp_nexthdr_off];
		push_transport(skb, l3, gap, comp ? *nexthdr : proto, df);
	}
	if (!reason && sa->encap.type)
		nfipsec_udp_push(sa, skb);
	return reason;
}

/* Nor is the one that may come around it one of SCTP's. */
static void no_checksum(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
#if IS_ENABLED(CONFIG_IP_SCTP)
	skb->csum_not_inet = 0;
#endif
}

/*
 * With DF nobody takes it apart. Whether the packet inside may be, which
 * ip_select_ident() asks skb->ignore_df for, is of no account here; and the numbers of
 * a peer are one word, which all CPUs that send to it would write.
 */
static void number(struct net *net, struct iphdr *iph)
{
	if (iph->frag_off & htons(IP_DF))
		iph->id = 0;
	else
		__ip_select_ident(net, iph, 1);
}

/**
 * nfipsec_encap_finish() - what the outer header says of the packet
 * @sa: SA
 * @net: namespace
 * @skb: packet with its route; lengths and the IPv4 checksum are set when it is
 *	sent
 *
 * AH covers what is written here: before it is sealed.
 * Context: process or softirq.
 */
void nfipsec_encap_finish(const struct nfipsec_sa *sa, struct net *net,
			  struct sk_buff *skb)
{
	/* In BEET mode an IPv4 packet brings its own. */
	if (nfipsec_sa_rehouses(sa) && sa->key.family == AF_INET &&
	    !(sa->mode == NFIPSEC_MODE_BEET && ip_hdr(skb)->id))
		number(net, ip_hdr(skb));
	no_checksum(skb);
	skb->encapsulation = 0;
}

/**
 * nfipsec_encap_complete() - make a packet one that another SA can carry
 * @skb: sealed packet, starting with its outer IP header, not longer than
 *	IP_MAX_MTU
 *
 * Sets what is else set when the packet is sent.
 * Context: any.
 */
void nfipsec_encap_complete(struct sk_buff *skb)
{
	if (ip_hdr(skb)->version == 4) {
		ip_hdr(skb)->tot_len = htons(skb->len);
		ip_send_check(ip_hdr(skb));
	} else {
		ipv6_hdr(skb)->payload_len =
			htons(skb->len - sizeof(struct ipv6hdr));
	}
}

/* Close the gap where ESP or AH was; lengths say what is left. */
static enum nfipsec_reason pop_transport(struct sk_buff *skb,
					 const struct nfipsec_l3 *l3,
					 unsigned int cut, u8 nexthdr)
{
	unsigned int gap = cut - l3->l4_off;

	memmove(skb->data + gap, skb->data, l3->l4_off);
	skb_pull(skb, gap);
	skb_reset_network_header(skb);
	skb->data[l3->nexthdr_off] = nexthdr;
	nfipsec_encap_complete(skb);
	return NFIPSEC_OK;
}

/**
 * nfipsec_encap_pop() - take the outer headers off an opened packet
 * @sa: SA
 * @skb: packet as nfipsec_esp_open() or nfipsec_ah_open() leaves it, or of
 *	IPComp with the transport header at its payload; on success it starts with the
 *	IP header it had before it was protected. Its pointers change. Stays
 *	the caller's, also on failure.
 * @l3: layout of the outer headers
 * @nexthdr: what the payload is
 *
 * The inner headers are not checked beyond what is read here.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_encap_pop(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3, u8 nexthdr)
{
	unsigned int cut = skb_transport_offset(skb);

	if (sa->key.proto == IPPROTO_AH)
		cut += nfipsec_ah_received_hlen((struct nfipsec_ah_hdr *)
						skb_transport_header(skb));
	else if (sa->key.proto == IPPROTO_ESP)
		cut += nfipsec_esp_hlen(sa->crypto);

	switch (sa->mode) {
	case NFIPSEC_MODE_TUNNEL:
		return nfipsec_tunnel_pop(sa, skb, l3, cut, nexthdr);
	case NFIPSEC_MODE_BEET:
		return nfipsec_beet_pop(sa, skb, l3, cut, nexthdr);
	default:
		return pop_transport(skb, l3, cut, nexthdr);
	}
}
