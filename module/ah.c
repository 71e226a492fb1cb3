// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sealing and opening AH packets (RFC 4302 sections 3.3 and 3.4).
 *
 * What is authenticated differs from what is sent in the headers, and only
 * there: they are copied, and the packet itself is not changed for it.
 */
#include <crypto/algapi.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>

#include "ah.h"
#include "esp.h"
#include "mutable.h"

/*
 * Headers up to the payload into @s->hdr, as they are authenticated. Returns
 * the bytes, or an error of nfipsec_mutable_fix(), or -E2BIG.
 */
static int copy_headers(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, const struct sk_buff *skb,
			unsigned int ah_len, bool arrived)
{
	unsigned int off = skb_transport_offset(skb);
	struct ipv6hdr *ip6 = (struct ipv6hdr *)s->hdr;
	struct iphdr *iph = (struct iphdr *)s->hdr;
	u8 family;
	int n;

	if (off + ah_len > sizeof(s->hdr))
		return -E2BIG;
	memcpy(s->hdr, skb->data, off);
	/* They are written when the packet is sent, and checked on receipt. */
	if (iph->version == 4) {
		family = AF_INET;
		iph->tot_len = htons(skb->len);
	} else {
		family = AF_INET6;
		ip6->payload_len = htons(skb->len - sizeof(*ip6));
	}
	n = nfipsec_mutable_fix(s->hdr, off, family, arrived);
	if (n < 0)
		return n;
	memcpy(s->hdr + n, skb->data + off, ah_len);
	/* The whole field, with the IV of AES-GMAC, which is in the nonce. */
	memset(s->hdr + n + sizeof(struct nfipsec_ah_hdr), 0,
	       nfipsec_ah_data_len(c));
	return n + ah_len;
}

/*
 * The tag of AES-GMAC over @len bytes of @s->sg, of which @last is the last one
 * in use, into @s->icv. All of it is AAD (RFC 4543 section 4); the crypto API
 * wants to be told of as much as stands in front of the text in ESP, and
 * authenticates the text likewise. An IV that came in a packet is as good: what
 * is computed is compared and goes nowhere.
 */
static int gmac(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		const struct sk_buff *skb, unsigned int len, int last)
{
	const unsigned int aad_len = sizeof(struct nfipsec_esp_hdr) + c->iv_len;
	const u8 *hdr = skb_transport_header(skb);

	sg_unmark_end(&s->sg[last++]);
	sg_set_buf(&s->sg[last], s->icv, c->icv_len);
	sg_mark_end(&s->sg[last]);
	memcpy(s->iv, hdr + sizeof(struct nfipsec_ah_hdr), c->iv_len);
	return nfipsec_crypto_aead(c, s, aad_len, len - aad_len, true);
}

/* Compute the ICV of a packet with @ah_len bytes of AH into @s->icv. */
static int hash(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		struct sk_buff *skb, unsigned int ah_len, bool esn, u64 seq,
		bool arrived)
{
	unsigned int off = skb_transport_offset(skb) + ah_len;
	unsigned int len = skb->len - off;
	int n, last = 0;

	n = copy_headers(c, s, skb, ah_len, arrived);
	if (n < 0)
		return n;
	sg_init_table(s->sg, ARRAY_SIZE(s->sg));
	sg_set_buf(&s->sg[0], s->hdr, n);
	if (len) {
		last = skb_to_sgvec(skb, s->sg + 1, off, len);
		if (last < 0)
			return last;
	}
	len += n;
	if (esn) {
		sg_unmark_end(&s->sg[last++]);
		s->seq_hi = cpu_to_be32(upper_32_bits(seq));
		sg_set_buf(&s->sg[last], &s->seq_hi, sizeof(s->seq_hi));
		len += sizeof(s->seq_hi);
	}
	sg_mark_end(&s->sg[last]);
	if (c->aead)
		return gmac(c, s, skb, len, last);
	return nfipsec_crypto_hash(c, s, s->sg, len);
}

/**
 * nfipsec_ah_seal() - authenticate a packet
 * @c: algorithms of the SA
 * @skb: packet, starting with its outer headers, which are final but for
 *	length and checksum; the transport header is where AH goes, @hlen bytes
 *	of room follow, and behind them stands the payload. Checksums in it are
 *	complete. Its pointers change. Stays the caller's, who must drop it on
 *	failure.
 * @spi: network byte order
 * @esn: sequence numbers are 64 bit
 * @seq: sequence number, not used before with this key; the IV of AES-GMAC is
 *	made of it
 * @hlen: from nfipsec_ah_hlen()
 * @nexthdr: what the payload is
 *
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_ah_seal(const struct nfipsec_crypto *c,
				    struct sk_buff *skb, __be32 spi, bool esn,
				    u64 seq, unsigned int hlen, u8 nexthdr)
{
	unsigned int off = skb_transport_offset(skb);
	struct nfipsec_ah_hdr *ah;
	struct nfipsec_scratch *s;
	struct sk_buff *trailer;
	u8 *data;
	int err;

	if (nfipsec_esp_writable(skb, 0, &trailer) < 0 ||
	    !pskb_may_pull(skb, off + hlen))
		return NFIPSEC_OUT_NOMEM;

	ah = (struct nfipsec_ah_hdr *)skb_transport_header(skb);
	memset(ah, 0, hlen);
	ah->nexthdr = nexthdr;
	ah->hdrlen = hlen / 4 - 2;
	ah->spi = spi;
	ah->seq = cpu_to_be32(lower_32_bits(seq));
	data = (u8 *)(ah + 1);
	nfipsec_esp_make_iv(c, seq, data);

	s = nfipsec_scratch_get();
	err = hash(c, s, skb, hlen, esn, seq, false);
	if (!err)
		memcpy(data + c->iv_len, s->icv, c->icv_len);
	nfipsec_scratch_put();

	switch (err) {
	case 0:
		return NFIPSEC_OK;
	case -EINVAL:
		return NFIPSEC_OUT_AH_OPTION;
	case -EOPNOTSUPP:
		return NFIPSEC_OUT_AH_ROUTE;
	case -E2BIG:
		return NFIPSEC_OUT_AH_LONG;
	case -ENOMEM:
		return NFIPSEC_OUT_NOMEM;
	default:
		return NFIPSEC_OUT_CRYPTO;
	}
}

/* Padding is authenticated: how much of it there is may be the sender's. */
static bool hlen_ok(const struct nfipsec_crypto *c, u8 family,
		    unsigned int hlen)
{
	return hlen == nfipsec_ah_hlen(c, family, false) ||
	       hlen == nfipsec_ah_hlen(c, family, true);
}

/**
 * nfipsec_ah_open() - authenticate a packet that came in
 * @c: algorithms of the SA
 * @skb: packet, starting with its outer headers, cut to the length they say;
 *	the transport header is AH. On success the payload stands
 *	nfipsec_ah_received_hlen() bytes behind it. Its pointers change. Stays
 *	the caller's, who must drop it on failure.
 * @esn: sequence numbers are 64 bit
 * @seq: sequence number; with @esn the high half is the caller's guess
 * @nexthdr: what the payload is
 *
 * Context: process or softirq.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_ah_open(const struct nfipsec_crypto *c,
				    struct sk_buff *skb, bool esn, u64 seq,
				    u8 *nexthdr)
{
	unsigned int off = skb_transport_offset(skb);
	const struct nfipsec_ah_hdr *ah;
	struct nfipsec_scratch *s;
	struct sk_buff *trailer;
	unsigned int hlen;
	int err;

	ah = (struct nfipsec_ah_hdr *)skb_transport_header(skb);
	hlen = nfipsec_ah_received_hlen(ah);
	if (!hlen_ok(c, ip_hdr(skb)->version == 4 ? AF_INET : AF_INET6, hlen))
		return NFIPSEC_IN_AH_LEN;
	if (skb->len < off + hlen)
		return NFIPSEC_IN_TRUNCATED;
	/* Nobody may change what follows once it is found good. */
	if (nfipsec_esp_writable(skb, 0, &trailer) < 0 ||
	    !pskb_may_pull(skb, off + hlen))
		return NFIPSEC_IN_NOMEM;

	ah = (struct nfipsec_ah_hdr *)skb_transport_header(skb);
	s = nfipsec_scratch_get();
	err = hash(c, s, skb, hlen, esn, seq, true);
	if (!err && crypto_memneq(s->icv, (u8 *)(ah + 1) + c->iv_len, c->icv_len))
		err = -EBADMSG;
	nfipsec_scratch_put();

	*nexthdr = ah->nexthdr;
	switch (err) {
	case 0:
		return NFIPSEC_OK;
	case -EBADMSG:
		return NFIPSEC_IN_AUTH;
	case -EINVAL:
		return NFIPSEC_IN_AH_OPTION;
	case -EOPNOTSUPP:
		return NFIPSEC_IN_AH_ROUTE;
	case -E2BIG:
		return NFIPSEC_IN_AH_LONG;
	case -ENOMEM:
		return NFIPSEC_IN_NOMEM;
	default:
		return NFIPSEC_IN_CRYPTO;
	}
}
