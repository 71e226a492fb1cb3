/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ESP transform (RFC 4303): one SA, one packet, both directions. Knows no
 * table, no policy, no replay window.
 */
#ifndef NFIPSEC_ESP_H
#define NFIPSEC_ESP_H

#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/types.h>

#include "crypto.h"
#include "proto.h"
#include "reason.h"

/**
 * nfipsec_esp_hlen() - bytes between the IP header and the ciphertext
 * @c: algorithms
 */
static inline unsigned int nfipsec_esp_hlen(const struct nfipsec_crypto *c)
{
	return sizeof(struct nfipsec_esp_hdr) + c->iv_len;
}

/**
 * nfipsec_esp_copy_iv() - copy an IV
 * @to: where to
 * @from: where it is
 * @len: its length, that of a counter for most algorithms: for that, this is no
 *	loop
 */
static inline void nfipsec_esp_copy_iv(u8 *to, const u8 *from,
				       unsigned int len)
{
	if (likely(len == sizeof(u64)))
		memcpy(to, from, sizeof(u64));
	else
		memcpy(to, from, len);
}

/**
 * nfipsec_esp_sg_init() - prepare a scatterlist in the scratch
 * @sg: its entries
 * @n: how many, at least 1; the last one is marked as the end
 *
 * As sg_init_table(), but that what only devices use is left as it is: nothing. All
 * entries are to be set, up to the one that is marked as the end in the end.
 */
static inline void nfipsec_esp_sg_init(struct scatterlist *sg, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		sg[i].page_link = 0;
	sg_mark_end(&sg[n - 1]);
}

/**
 * nfipsec_esp_payload_max() - what fits once it is encapsulated
 * @c: algorithms
 * @room: bytes from the ESP header to the end of the packet
 *
 * Return: most bytes of payload; 0 if nothing fits.
 */
static inline unsigned int nfipsec_esp_payload_max(const struct nfipsec_crypto *c,
						   unsigned int room)
{
	unsigned int over = nfipsec_esp_hlen(c) + c->icv_len;

	if (room < over + c->block)
		return 0;
	return round_down(room - over, c->block) - NFIPSEC_ESP_TAIL;
}

/**
 * nfipsec_esp_tail_max() - what sealing puts behind a payload
 * @c: algorithms
 *
 * Return: bytes at most.
 */
static inline unsigned int nfipsec_esp_tail_max(const struct nfipsec_crypto *c)
{
	return c->block + NFIPSEC_ESP_TAIL + c->icv_len;
}

/**
 * nfipsec_esp_text_len() - what will be encrypted of a packet
 * @c: algorithms
 * @len: bytes from the end of the ESP header and IV to that of the payload
 *
 * Return: bytes, with padding, its length and the next header.
 */
static inline unsigned int nfipsec_esp_text_len(const struct nfipsec_crypto *c,
						unsigned int len)
{
	return round_up(len + NFIPSEC_ESP_TAIL, c->block);
}

/**
 * nfipsec_esp_authentic() - was the ICV right?
 * @reason: what nfipsec_esp_open() returned
 *
 * Such a packet uses up its sequence number even if the rest is bad.
 */
static inline bool nfipsec_esp_authentic(enum nfipsec_reason reason)
{
	return reason == NFIPSEC_OK || reason == NFIPSEC_IN_PAD ||
	       reason == NFIPSEC_IN_PAD_BYTES;
}

void nfipsec_esp_make_iv(const struct nfipsec_crypto *c, u64 seq, u8 *iv);
enum nfipsec_reason nfipsec_esp_seal(const struct nfipsec_crypto *c,
				     struct sk_buff *skb, __be32 spi, bool esn,
				     u64 seq, const u8 *iv, u8 nexthdr);
enum nfipsec_reason nfipsec_esp_open(const struct nfipsec_crypto *c,
				     struct sk_buff *skb, bool esn, u64 seq,
				     u8 *nexthdr);
int nfipsec_esp_copied(struct sk_buff *skb, unsigned int tail,
		       struct sk_buff **trailer);
unsigned int nfipsec_esp_aad(const struct nfipsec_crypto *c,
			     struct nfipsec_scratch *s, __be32 spi, bool esn,
			     u64 seq, const u8 *iv);
int nfipsec_esp_hash(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		     struct sk_buff *skb, int parts, unsigned int off,
		     unsigned int len, bool esn, u64 seq);

/**
 * nfipsec_esp_writable() - make a packet's bytes ours alone
 * @skb: packet; its pointers change
 * @tail: bytes of room wanted at the end
 * @trailer: set to the buffer that pskb_put() puts them in
 *
 * A linear packet that nobody else holds stays as it is. Everything else is
 * copied: page fragments may be a file's pages, another packet's, or another
 * process's, whatever the packet says of them.
 * Context: any.
 * Return: number of scatterlist entries the packet needs, or -ENOMEM.
 */
static inline int nfipsec_esp_writable(struct sk_buff *skb, unsigned int tail,
				       struct sk_buff **trailer)
{
	if (skb_cloned(skb) || skb_is_nonlinear(skb) ||
	    skb_tailroom(skb) < tail)
		return nfipsec_esp_copied(skb, tail, trailer);
	*trailer = skb;
	return 1;
}

/**
 * nfipsec_esp_sgvec() - lay out a part of a packet
 * @sg: where, with room for @parts; the last one used is marked as the end
 * @skb: packet
 * @parts: of memory that it is in, from nfipsec_esp_writable()
 * @off: where the part starts, from @skb->data
 * @len: bytes
 *
 * Context: any.
 * Return: entries used, or an error.
 */
static inline int nfipsec_esp_sgvec(struct scatterlist *sg, struct sk_buff *skb,
				    int parts, unsigned int off,
				    unsigned int len)
{
	if (parts > 1)
		return skb_to_sgvec(skb, sg, off, len);
	sg_set_buf(sg, skb->data + off, len);
	sg_mark_end(sg);
	return 1;
}

#endif
