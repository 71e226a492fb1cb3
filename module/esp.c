// SPDX-License-Identifier: GPL-2.0-only
/* What sealing and opening of ESP packets have in common. */
#include <linux/random.h>
#include <linux/skbuff.h>
#include <linux/unaligned.h>
#include <net/sock.h>

#include "esp.h"

/**
 * nfipsec_esp_make_iv() - make the IV that is in a packet
 * @c: algorithms
 * @seq: sequence number, 64 bit; never used twice with one key
 * @iv: @c->iv_len bytes are written
 *
 * Of numbers that never repeat none does combined with what is random and stays the
 * same. Should two SAs have one key all the same, by mistake, they will hardly meet.
 *
 * Context: any.
 */
void nfipsec_esp_make_iv(const struct nfipsec_crypto *c, u64 seq, u8 *iv)
{
	unsigned int i;

	switch (c->iv) {
	case NFIPSEC_IV_NONE:
	case NFIPSEC_IV_IMPLICIT:
		break;
	case NFIPSEC_IV_SEQ:
		put_unaligned_be64(seq ^ c->iv_mask, iv);
		break;
	case NFIPSEC_IV_RANDOM:
		/* Out of the CPU's batch: to ask for bytes is a block of the generator. */
		for (i = 0; i < c->iv_len; i += sizeof(u64))
			put_unaligned(get_random_u64(), (u64 *)(iv + i));
		break;
	}
}

static unsigned int list_truesize(const struct sk_buff *skb)
{
	const struct sk_buff *frag;
	unsigned int sum = 0;

	skb_walk_frags(skb, frag)
		sum += frag->truesize;
	return sum;
}

/*
 * The sender is charged for a packet as a whole. Who sends the buffers of its list by
 * themselves takes each out of that, so that it has to be as much as they are now.
 */
static void charge(struct sk_buff *skb, unsigned int was)
{
	unsigned int now = list_truesize(skb);

	if (now <= was)
		return;
	if (skb->sk) {
		if (skb->destructor != sock_wfree)
			return;
		refcount_add(now - was, &skb->sk->sk_wmem_alloc);
	}
	skb->truesize += now - was;
}

/**
 * nfipsec_esp_copied() - make a packet's bytes ours alone by copying them
 * @skb: packet; its pointers change
 * @tail: bytes of room wanted at the end
 * @trailer: set to the buffer that pskb_put() puts them in
 *
 * Context: any.
 * Return: number of scatterlist entries the packet needs, or -ENOMEM.
 */
int nfipsec_esp_copied(struct sk_buff *skb, unsigned int tail,
		       struct sk_buff **trailer)
{
	unsigned int was = list_truesize(skb);
	int n;

	n = skb_cow_data(skb, tail, trailer);
	charge(skb, was);
	if (n <= NFIPSEC_SG_MAX)
		return n;

	/* A long chain: one copy more, and it is a single buffer. */
	if (skb_linearize(skb) ||
	    (skb_tailroom(skb) < tail &&
	     pskb_expand_head(skb, 0, tail - skb_tailroom(skb), GFP_ATOMIC)))
		return -ENOMEM;
	*trailer = skb;
	return 1;
}

/* The IV of an AEAD into the scratch; returns its length. */
static unsigned int aead_iv(const struct nfipsec_crypto *c,
			    struct nfipsec_scratch *s, u64 seq, const u8 *iv)
{
	if (c->iv != NFIPSEC_IV_IMPLICIT) {
		nfipsec_esp_copy_iv(s->iv, iv, c->iv_len);
		return c->iv_len;
	}
	/* The high half is zero without ESN (RFC 8750 section 4). */
	put_unaligned_be64(seq, s->iv);
	return sizeof(seq);
}

/**
 * nfipsec_esp_aad() - lay out what an AEAD authenticates beside the text
 * @c: algorithms
 * @s: scratch; @s->aad, @s->iv and entry 0 of @s->sg are filled in
 * @spi: network byte order
 * @esn: sequence numbers are 64 bit
 * @seq: sequence number
 * @iv: IV in the packet, @c->iv_len bytes
 *
 * SPI, sequence number (RFC 4106 section 5) and, as the crypto API's IPsec
 * templates want it, the IV, whether it is in the packet or not. The templates
 * do not authenticate it here, but the one of RFC 4543 does.
 * Return: bytes in @s->aad.
 */
unsigned int nfipsec_esp_aad(const struct nfipsec_crypto *c,
			     struct nfipsec_scratch *s, __be32 spi, bool esn,
			     u64 seq, const u8 *iv)
{
	unsigned int iv_len = aead_iv(c, s, seq, iv);
	unsigned int n = 0;

	memcpy(s->aad, &spi, sizeof(spi));
	n += sizeof(spi);
	if (esn) {
		put_unaligned_be32(upper_32_bits(seq), s->aad + n);
		n += sizeof(__be32);
	}
	put_unaligned_be32(lower_32_bits(seq), s->aad + n);
	n += sizeof(__be32);
	nfipsec_esp_copy_iv(s->aad + n, s->iv, iv_len);
	n += iv_len;
	sg_set_buf(&s->sg[0], s->aad, n);
	return n;
}

/**
 * nfipsec_esp_hash() - compute the ICV of a separate authentication algorithm
 * @c: algorithms
 * @s: scratch; the ICV goes to @s->icv
 * @skb: packet
 * @parts: of memory that it is in, from nfipsec_esp_writable()
 * @off: where the ESP header is, from @skb->data
 * @len: bytes from there to the ICV
 * @esn: the high half of @seq is authenticated behind them (RFC 4303 2.2.1)
 * @seq: sequence number
 *
 * Return: 0 or an error.
 */
int nfipsec_esp_hash(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		     struct sk_buff *skb, int parts, unsigned int off,
		     unsigned int len, bool esn, u64 seq)
{
	int n;

	nfipsec_esp_sg_init(s->sg, parts + 1);
	n = nfipsec_esp_sgvec(s->sg, skb, parts, off, len);
	if (n < 0)
		return n;
	if (esn) {
		sg_unmark_end(&s->sg[n - 1]);
		s->seq_hi = cpu_to_be32(upper_32_bits(seq));
		sg_set_buf(&s->sg[n], &s->seq_hi, sizeof(s->seq_hi));
		sg_mark_end(&s->sg[n]);
		len += sizeof(s->seq_hi);
	}
	return nfipsec_crypto_hash(c, s, s->sg, len);
}
