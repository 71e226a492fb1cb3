// SPDX-License-Identifier: GPL-2.0-only
/* Sealing an ESP packet (RFC 4303 section 3.3). */
#include <linux/skbuff.h>

#include "esp.h"

/* Pad bytes 1, 2, 3 and so on, pad length, next header (RFC 4303 2.4). */
static void put_tail(u8 *tail, unsigned int pad, u8 nexthdr)
{
	unsigned int i;

	for (i = 0; i < pad; i++)
		tail[i] = i + 1;
	tail[pad] = pad;
	tail[pad + 1] = nexthdr;
}

static int seal_aead(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		     struct sk_buff *skb, int parts, unsigned int text_off,
		     unsigned int text_len, __be32 spi, bool esn, u64 seq,
		     const u8 *iv)
{
	unsigned int aad_len;
	int n;

	nfipsec_esp_sg_init(s->sg, 1 + parts);
	aad_len = nfipsec_esp_aad(c, s, spi, esn, seq, iv);
	n = nfipsec_esp_sgvec(s->sg + 1, skb, parts, text_off,
			      text_len + c->icv_len);
	if (n < 0)
		return n;
	return nfipsec_crypto_aead(c, s, aad_len, text_len, true);
}

/* Encrypt, then authenticate. The packet is in so many @parts of memory. */
static int seal_combined(const struct nfipsec_crypto *c,
			 struct nfipsec_scratch *s, struct sk_buff *skb,
			 int parts, unsigned int text_off,
			 unsigned int text_len, bool esn, u64 seq,
			 const u8 *iv)
{
	unsigned int esp_off = skb_transport_offset(skb);
	int n;

	nfipsec_esp_sg_init(s->sg, parts);
	n = nfipsec_esp_sgvec(s->sg, skb, parts, text_off, text_len);
	if (n < 0)
		return n;
	memcpy(s->iv, iv, c->iv_len);
	n = nfipsec_crypto_cipher(c, s, s->sg, text_len, true);
	if (n)
		return n;

	n = nfipsec_esp_hash(c, s, skb, parts, esp_off,
			     text_off - esp_off + text_len, esn, seq);
	if (n)
		return n;
	return skb_store_bits(skb, text_off + text_len, s->icv, c->icv_len);
}

/**
 * nfipsec_esp_seal() - encrypt and authenticate a packet
 * @c: algorithms of the SA
 * @skb: packet, starting with its outer headers; the transport header is
 *	where the ESP header goes, nfipsec_esp_hlen() bytes of room follow, and
 *	behind them stands the payload. Checksums are complete. Its pointers
 *	change. Stays the caller's, who must drop it on failure: it may be half
 *	encrypted.
 * @spi: network byte order
 * @esn: sequence numbers are 64 bit
 * @seq: sequence number, not used before with this key
 * @iv: @c->iv_len bytes of IV
 * @nexthdr: what the payload is
 *
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_esp_seal(const struct nfipsec_crypto *c,
				     struct sk_buff *skb, __be32 spi, bool esn,
				     u64 seq, const u8 *iv, u8 nexthdr)
{
	unsigned int esp_off = skb_transport_offset(skb);
	unsigned int text_off = esp_off + nfipsec_esp_hlen(c);
	unsigned int text_len, pad, tail;
	struct nfipsec_esp_hdr *esp;
	struct nfipsec_scratch *s;
	struct sk_buff *trailer;
	int err, parts;

	text_len = nfipsec_esp_text_len(c, skb->len - text_off);
	pad = text_len - NFIPSEC_ESP_TAIL - (skb->len - text_off);
	tail = pad + NFIPSEC_ESP_TAIL + c->icv_len;

	parts = nfipsec_esp_writable(skb, tail, &trailer);
	if (parts < 0)
		return NFIPSEC_OUT_NOMEM;
	put_tail(pskb_put(skb, trailer, tail), pad, nexthdr);

	esp = (struct nfipsec_esp_hdr *)skb_transport_header(skb);
	esp->spi = spi;
	esp->seq = cpu_to_be32(lower_32_bits(seq));
	nfipsec_esp_copy_iv((u8 *)(esp + 1), iv, c->iv_len);

	s = nfipsec_scratch_get();
	if (c->aead)
		err = seal_aead(c, s, skb, parts, text_off, text_len, spi, esn,
				seq, iv);
	else
		err = seal_combined(c, s, skb, parts, text_off, text_len, esn,
				    seq, iv);
	nfipsec_scratch_put();
	if (err)
		return err == -ENOMEM ? NFIPSEC_OUT_NOMEM : NFIPSEC_OUT_CRYPTO;
	return NFIPSEC_OK;
}
