/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark on a packet that came out of an SA, between decapsulation and the
 * PRE_ROUTING hook that sees it again. It is a metadata dst: route look-up
 * drops it, crossing to another namespace drops it, and GRO does not merge
 * packets that differ in it.
 *
 * It has no device, and what takes it for a route reads one: a TCP reset by a rule.
 * So the first hook of ours makes it a bit of the control block, for those between
 * it and the one that asks.
 */
#ifndef NFIPSEC_TAG_H
#define NFIPSEC_TAG_H

#include <linux/bits.h>
#include <linux/ipv6.h>
#include <linux/types.h>
#include <net/dst_metadata.h>
#include <net/ip.h>

struct nfipsec_net;

int nfipsec_tag_init(struct nfipsec_net *nn);
void nfipsec_tag_exit(struct nfipsec_net *nn);
void nfipsec_tag_set(const struct nfipsec_net *nn, struct sk_buff *skb);
bool nfipsec_tag_is(const struct nfipsec_net *nn,
		    const struct metadata_dst *md);

/**
 * nfipsec_tag_present() - did the packet come out of an SA of this namespace?
 * @nn: the namespace
 * @skb: packet
 *
 * Context: any.
 * Return: true if nfipsec_tag_set() marked it.
 */
static inline bool nfipsec_tag_present(const struct nfipsec_net *nn,
				       const struct sk_buff *skb)
{
	/* Most packets that come in have no dst at all. */
	return skb_dst(skb) && nfipsec_tag_is(nn, skb_metadata_dst(skb));
}

/*
 * None of the kernel's own, in the flags of IPv4 and of IPv6. Reception clears them, but
 * for what segment routing hands to a VRF; and what is put together of fragments has those
 * of the first.
 *
 * NFIPSEC_LOOPED_FLAG: at PRE_ROUTING it was a copy for listeners on this host of what it
 * sends. A VRF makes it a packet like others, of IPv6 or a broadcast.
 */
#define NFIPSEC_TAG_FLAG	BIT(15)
#define NFIPSEC_LOOPED_FLAG	BIT(14)

static inline u16 *nfipsec_tag_flags(struct sk_buff *skb, u8 family)
{
	static_assert(sizeof_field(struct inet_skb_parm, flags) == sizeof(u16) &&
		      sizeof_field(struct inet6_skb_parm, flags) == sizeof(u16));

	return family == AF_INET ? &IPCB(skb)->flags : &IP6CB(skb)->flags;
}

/**
 * nfipsec_tag_clean() - no packet may say of itself what we do
 * @skb: packet at PRE_ROUTING, before all that could need what is cleared
 * @family: of its IP header
 *
 * Segment routing shows a packet of IPv4 that it has taken out of one of IPv6 with the
 * control block of that, where lengths of fragments stand in the place of the flags.
 * Nobody has transformed a packet that comes in.
 * Context: any.
 */
static inline void nfipsec_tag_clean(struct sk_buff *skb, u8 family)
{
	const u16 stale = NFIPSEC_TAG_FLAG |
			  (family == AF_INET ? IPSKB_XFRM_TRANSFORMED : 0);
	u16 *flags = nfipsec_tag_flags(skb, family);

	if (unlikely(*flags & stale))
		*flags &= ~stale;
}

/**
 * nfipsec_tag_note() - turn the tag into a bit that no route is
 * @skb: packet at PRE_ROUTING that has one
 * @family: of its IP header
 *
 * Context: any.
 */
static inline void nfipsec_tag_note(struct sk_buff *skb, u8 family)
{
	skb_dst_drop(skb);
	*nfipsec_tag_flags(skb, family) |= NFIPSEC_TAG_FLAG;
}

/**
 * nfipsec_tag_take() - did the packet come out of an SA? It is told so once
 * @skb: packet at PRE_ROUTING
 * @family: of its IP header
 *
 * Context: any.
 * Return: true if nfipsec_tag_note() was made of it.
 */
static inline bool nfipsec_tag_take(struct sk_buff *skb, u8 family)
{
	u16 *flags = nfipsec_tag_flags(skb, family);

	if (!(*flags & NFIPSEC_TAG_FLAG))
		return false;
	*flags &= ~NFIPSEC_TAG_FLAG;
	return true;
}

#endif
