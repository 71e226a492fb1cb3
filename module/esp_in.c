// SPDX-License-Identifier: GPL-2.0-only
/* Opening an ESP packet (RFC 4303 section 3.4). */
#include <crypto/algapi.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#include "esp.h"

static int open_aead(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		     struct sk_buff *skb, int parts, unsigned int text_off,
		     unsigned int text_len, bool esn, u64 seq)
{
	const struct nfipsec_esp_hdr *esp;
	unsigned int aad_len;
	int n;

	esp = (struct nfipsec_esp_hdr *)skb_transport_header(skb);
	nfipsec_esp_sg_init(s->sg, 1 + parts);
	aad_len = nfipsec_esp_aad(c, s, esp->spi, esn, seq, (u8 *)(esp + 1));
	n = nfipsec_esp_sgvec(s->sg + 1, skb, parts, text_off,
			      text_len + c->icv_len);
	if (n < 0)
		return n;
	return nfipsec_crypto_aead(c, s, aad_len, text_len + c->icv_len,
				   false);
}

/* Authenticate, then decrypt. The packet is in so many @parts of memory. */
static int open_combined(const struct nfipsec_crypto *c,
			 struct nfipsec_scratch *s, struct sk_buff *skb,
			 int parts, unsigned int text_off,
			 unsigned int text_len, bool esn, u64 seq)
{
	unsigned int esp_off = skb_transport_offset(skb);
	int n;

	n = nfipsec_esp_hash(c, s, skb, parts, esp_off,
			     text_off - esp_off + text_len, esn, seq);
	if (n)
		return n;
	n = skb_copy_bits(skb, text_off + text_len, s->icv_rx, c->icv_len);
	if (n)
		return n;
	if (crypto_memneq(s->icv, s->icv_rx, c->icv_len))
		return -EBADMSG;

	nfipsec_esp_sg_init(s->sg, parts);
	n = nfipsec_esp_sgvec(s->sg, skb, parts, text_off, text_len);
	if (n < 0)
		return n;
	memcpy(s->iv, skb_transport_header(skb) +
		      sizeof(struct nfipsec_esp_hdr), c->iv_len);
	return nfipsec_crypto_cipher(c, s, s->sg, text_len, false);
}

/* RFC 4303 section 2.4: 1, 2, 3 and so on. @off is where it starts. */
static bool pad_counts(const struct sk_buff *skb, unsigned int off, u8 len)
{
	u8 pad[U8_MAX];
	unsigned int i;

	if (skb_copy_bits(skb, off, pad, len))
		return false;
	for (i = 0; i < len; i++)
		if (pad[i] != i + 1)
			return false;
	return true;
}

/* Read what the padding says and cut it off together with the ICV. */
static enum nfipsec_reason cut_tail(const struct nfipsec_crypto *c,
				    struct sk_buff *skb, unsigned int text_len,
				    u8 *nexthdr)
{
	unsigned int cut = c->icv_len + NFIPSEC_ESP_TAIL;
	u8 buf[NFIPSEC_ESP_TAIL];
	const u8 *tail;

	tail = skb_header_pointer(skb, skb->len - cut, sizeof(buf), buf);
	if (!tail)
		return NFIPSEC_IN_TRUNCATED;
	if (tail[0] + NFIPSEC_ESP_TAIL > text_len)
		return NFIPSEC_IN_PAD;
	*nexthdr = tail[1];
	cut += tail[0];
	if (c->check_pad && !pad_counts(skb, skb->len - cut, tail[0]))
		return NFIPSEC_IN_PAD_BYTES;
	if (pskb_trim(skb, skb->len - cut))
		return NFIPSEC_IN_NOMEM;
	return NFIPSEC_OK;
}

/*
 * What Open vSwitch tells its daemon of a packet may be a reference to the page that it
 * is in, which the packet does not show.
 */
static bool held_unseen(const struct sk_buff *skb)
{
	return skb->head_frag && netif_is_ovs_master(skb->dev);
}

/**
 * nfipsec_esp_open() - authenticate and decrypt a packet
 * @c: algorithms of the SA
 * @skb: packet, starting with its outer headers, cut to the length they say;
 *	the transport header is the ESP header. On success the tail is gone
 *	and the payload stands nfipsec_esp_hlen() bytes behind the transport
 *	header. Its pointers change. Stays the caller's, who must drop it on
 *	failure.
 * @esn: sequence numbers are 64 bit
 * @seq: sequence number; with @esn the high half is the caller's guess
 * @nexthdr: what the payload is
 *
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_esp_open(const struct nfipsec_crypto *c,
				     struct sk_buff *skb, bool esn, u64 seq,
				     u8 *nexthdr)
{
	unsigned int text_off = skb_transport_offset(skb) +
				nfipsec_esp_hlen(c);
	struct nfipsec_scratch *s;
	struct sk_buff *trailer;
	unsigned int text_len;
	int err, parts;

	if (skb->len < text_off + NFIPSEC_ESP_TAIL + c->icv_len)
		return NFIPSEC_IN_TRUNCATED;
	text_len = skb->len - text_off - c->icv_len;
	if (text_len & (c->block - 1))
		return NFIPSEC_IN_ALIGN;
	if (unlikely(held_unseen(skb)) &&
	    pskb_expand_head(skb, 0, 0, GFP_ATOMIC))
		return NFIPSEC_IN_NOMEM;
	parts = nfipsec_esp_writable(skb, 0, &trailer);
	if (parts < 0 || !pskb_may_pull(skb, text_off))
		return NFIPSEC_IN_NOMEM;

	s = nfipsec_scratch_get();
	if (c->aead)
		err = open_aead(c, s, skb, parts, text_off, text_len, esn,
				seq);
	else
		err = open_combined(c, s, skb, parts, text_off, text_len, esn,
				    seq);
	nfipsec_scratch_put();

	switch (err) {
	case 0:
		return cut_tail(c, skb, text_len, nexthdr);
	case -EBADMSG:
		return NFIPSEC_IN_AUTH;
	case -ENOMEM:
		return NFIPSEC_IN_NOMEM;
	default:
		return NFIPSEC_IN_CRYPTO;
	}
}
