/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mark on a packet that came out of an SA, between decapsulation and the
 * PRE_ROUTING hook that sees it again. It is a metadata dst: route look-up
 * drops it, crossing to another namespace drops it, and GRO does not merge
 * packets that differ in it.
 */
#ifndef NFIPSEC_TAG_H
#define NFIPSEC_TAG_H

#include <linux/types.h>
#include <net/dst_metadata.h>

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

#endif
