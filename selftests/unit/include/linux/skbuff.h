/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The drop reasons that module/reason.h names, their values differ; and a
 * packet of two pieces, of which only the first can be pointed at.
 */
#ifndef UNIT_LINUX_SKBUFF_H
#define UNIT_LINUX_SKBUFF_H

#include <asm/byteorder.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>

enum skb_drop_reason {
	SKB_NOT_DROPPED_YET,
	SKB_DROP_REASON_NOT_SPECIFIED,
	SKB_DROP_REASON_PKT_TOO_SMALL,
	SKB_DROP_REASON_XFRM_POLICY,
	SKB_DROP_REASON_IP_NOPROTO,
	SKB_DROP_REASON_IP_INHDR,
	SKB_DROP_REASON_IP_OUTNOROUTES,
	SKB_DROP_REASON_CPU_BACKLOG,
	SKB_DROP_REASON_SKB_CSUM,
	SKB_DROP_REASON_SKB_GSO_SEG,
	SKB_DROP_REASON_NOMEM,
	SKB_DROP_REASON_PKT_TOO_BIG,
};

struct sk_buff {
	unsigned int len;
	unsigned int linear;
	int network_offset;
	bool gso;
	bool gso_tcp;
	u8 *data;
	u8 *rest;
};

static inline int skb_network_offset(const struct sk_buff *skb)
{
	return skb->network_offset;
}

static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb->gso;
}

static inline bool skb_is_gso_tcp(const struct sk_buff *skb)
{
	return skb->gso_tcp;
}

static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->linear < skb->len ? skb->linear : skb->len;
}

static inline void *skb_header_pointer(const struct sk_buff *skb, int offset,
				       int len, void *buffer)
{
	unsigned int i, pos = offset;

	if (offset < 0 || len < 0 || pos + len > skb->len)
		return NULL;
	if (pos + len <= skb->linear)
		return skb->data + pos;
	for (i = 0; i < (unsigned int)len; i++, pos++)
		((u8 *)buffer)[i] = pos < skb->linear ? skb->data[pos] :
				    skb->rest[pos - skb->linear];
	return buffer;
}

#endif
