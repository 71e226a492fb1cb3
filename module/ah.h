/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The AH transform (RFC 4302): one SA, one packet, both directions. Knows no
 * table, no policy, no replay window.
 */
#ifndef NFIPSEC_AH_H
#define NFIPSEC_AH_H

#include <linux/align.h>
#include <linux/socket.h>
#include <linux/types.h>

#include "crypto.h"
#include "proto.h"
#include "reason.h"

struct sk_buff;

/**
 * nfipsec_ah_data_len() - bytes behind the fixed part that are not padding
 * @c: algorithms
 *
 * RFC 4302 section 2.6: the ICV. With AES-GMAC its IV stands in front of that
 * in the same field (RFC 4543 section 4).
 */
static inline unsigned int nfipsec_ah_data_len(const struct nfipsec_crypto *c)
{
	return c->iv_len + c->icv_len;
}

/**
 * nfipsec_ah_hlen() - bytes of the header that is sent
 * @c: algorithms
 * @family: of the IP header in front
 * @align8: pad to 8 bytes also in IPv4, where 4 are asked for (RFC 4302
 *	section 2.6) and some implementations want 8
 */
static inline unsigned int nfipsec_ah_hlen(const struct nfipsec_crypto *c,
					   u8 family, bool align8)
{
	unsigned int len = sizeof(struct nfipsec_ah_hdr) +
			   nfipsec_ah_data_len(c);

	return family == AF_INET && !align8 ? ALIGN(len, 4) : ALIGN(len, 8);
}

/**
 * nfipsec_ah_received_hlen() - bytes of a header that was received
 * @ah: the header, found good by nfipsec_ah_open()
 */
static inline unsigned int
nfipsec_ah_received_hlen(const struct nfipsec_ah_hdr *ah)
{
	return (ah->hdrlen + 2) * 4;
}

enum nfipsec_reason nfipsec_ah_seal(const struct nfipsec_crypto *c,
				    struct sk_buff *skb, __be32 spi, bool esn,
				    u64 seq, unsigned int hlen, u8 nexthdr);
enum nfipsec_reason nfipsec_ah_open(const struct nfipsec_crypto *c,
				    struct sk_buff *skb, bool esn, u64 seq,
				    u8 *nexthdr);

#endif
