// SPDX-License-Identifier: GPL-2.0
/*
 * Another way to make an ESP packet: flat buffers, the kernel's ciphers as
 * anybody gets them, nothing of nfipsec.
 */
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "reference.h"

#define HEADER_LEN	8

static int encrypt_aead(struct crypto_aead *tfm, u8 *buf, unsigned int aad_len,
			unsigned int text_len, u8 *iv)
{
	struct aead_request *req;
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	int err;

	req = aead_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_one(&sg, buf, aad_len + text_len + REFERENCE_ICV_LEN);
	aead_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP |
				  CRYPTO_TFM_REQ_MAY_BACKLOG,
				  crypto_req_done, &wait);
	aead_request_set_crypt(req, &sg, &sg, text_len, iv);
	aead_request_set_ad(req, aad_len);
	err = crypto_wait_req(crypto_aead_encrypt(req), &wait);
	aead_request_free(req);
	return err;
}

/* SPI, sequence number of 4 or 8 bytes, IV; returns the length. */
static unsigned int put_aad(const struct reference *r, const u8 *packet,
			    u8 *aad)
{
	u8 *p = aad;

	memcpy(p, packet, 4);
	p += 4;
	if (r->esn) {
		put_unaligned_be32(r->seq_hi, p);
		p += 4;
	}
	memcpy(p, packet + 4, 4 + r->iv_len);
	p += 4 + r->iv_len;
	return p - aad;
}

static int seal_aead(const struct reference *r, struct bytes *packet)
{
	unsigned int off = HEADER_LEN + r->iv_len;
	unsigned int len = packet->len - off;
	struct crypto_aead *tfm;
	unsigned int aad_len;
	u8 *buf;
	int err;

	if (packet->len + REFERENCE_ICV_LEN > BYTES_MAX)
		return -EMSGSIZE;
	tfm = crypto_alloc_aead(r->aead, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = -ENOMEM;
	/* the IV, and a packet with four bytes more of AAD */
	buf = kzalloc(r->iv_len + BYTES_MAX + 4, GFP_KERNEL);
	if (!buf)
		goto out;
	memcpy(buf, packet->data + HEADER_LEN, r->iv_len);
	aad_len = put_aad(r, packet->data, buf + r->iv_len);
	memcpy(buf + r->iv_len + aad_len, packet->data + off, len);

	err = crypto_aead_setkey(tfm, r->key.data, r->key.len);
	if (!err)
		err = crypto_aead_setauthsize(tfm, REFERENCE_ICV_LEN);
	if (!err)
		err = encrypt_aead(tfm, buf + r->iv_len, aad_len, len, buf);
	if (!err) {
		memcpy(packet->data + off, buf + r->iv_len + aad_len,
		       len + REFERENCE_ICV_LEN);
		packet->len += REFERENCE_ICV_LEN;
	}
	kfree(buf);
out:
	crypto_free_aead(tfm);
	return err;
}

static int encrypt_cipher(struct crypto_skcipher *tfm, u8 *buf,
			  unsigned int len, u8 *iv)
{
	struct skcipher_request *req;
	DECLARE_CRYPTO_WAIT(wait);
	struct scatterlist sg;
	int err;

	req = skcipher_request_alloc(tfm, GFP_KERNEL);
	if (!req)
		return -ENOMEM;
	sg_init_one(&sg, buf, len);
	skcipher_request_set_callback(req, CRYPTO_TFM_REQ_MAY_SLEEP |
				      CRYPTO_TFM_REQ_MAY_BACKLOG,
				      crypto_req_done, &wait);
	skcipher_request_set_crypt(req, &sg, &sg, len, iv);
	err = crypto_wait_req(crypto_skcipher_encrypt(req), &wait);
	skcipher_request_free(req);
	return err;
}

static int seal_cipher(const struct reference *r, struct bytes *packet)
{
	unsigned int off = HEADER_LEN + r->iv_len;
	unsigned int len = packet->len - off;
	struct crypto_skcipher *tfm;
	u8 *buf;
	int err;

	tfm = crypto_alloc_skcipher(r->enc, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = -ENOMEM;
	buf = kmemdup(packet->data + HEADER_LEN, r->iv_len + len, GFP_KERNEL);
	if (!buf)
		goto out;
	err = crypto_skcipher_setkey(tfm, r->key.data, r->key.len);
	if (!err)
		err = encrypt_cipher(tfm, buf + r->iv_len, len, buf);
	if (!err)
		memcpy(packet->data + off, buf + r->iv_len, len);
	kfree(buf);
out:
	crypto_free_skcipher(tfm);
	return err;
}

static int hash(struct crypto_shash *tfm, const struct reference *r,
		const struct bytes *packet, u8 *digest)
{
	SHASH_DESC_ON_STACK(desc, tfm);
	__be32 seq_hi = cpu_to_be32(r->seq_hi);
	int err;

	desc->tfm = tfm;
	err = crypto_shash_init(desc);
	if (!err)
		err = crypto_shash_update(desc, packet->data, packet->len);
	if (!err && r->esn)
		err = crypto_shash_update(desc, (u8 *)&seq_hi, sizeof(seq_hi));
	if (!err)
		err = crypto_shash_final(desc, digest);
	shash_desc_zero(desc);
	return err;
}

/**
 * reference_icv() - append HMAC-SHA2-256-128
 * @r: key and sequence number
 * @packet: from the SPI to the end of the ciphertext
 *
 * Context: process.
 * Return: 0 or an error.
 */
int reference_icv(const struct reference *r, struct bytes *packet)
{
	struct crypto_shash *tfm;
	u8 digest[32];
	int err;

	if (packet->len + REFERENCE_ICV_LEN > BYTES_MAX)
		return -EMSGSIZE;
	tfm = crypto_alloc_shash("hmac(sha256)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, r->auth_key.data, r->auth_key.len);
	if (!err)
		err = hash(tfm, r, packet, digest);
	if (!err) {
		memcpy(packet->data + packet->len, digest, REFERENCE_ICV_LEN);
		packet->len += REFERENCE_ICV_LEN;
	}
	crypto_free_shash(tfm);
	return err;
}

/**
 * reference_seal() - encrypt and authenticate
 * @r: algorithm and key
 * @packet: SPI, sequence number, IV and padded plaintext; becomes a packet,
 *	longer by the ICV
 *
 * Context: process.
 * Return: 0 or an error.
 */
int reference_seal(const struct reference *r, struct bytes *packet)
{
	int err = 0;

	if (r->aead)
		return seal_aead(r, packet);
	if (r->enc)
		err = seal_cipher(r, packet);
	return err ?: reference_icv(r, packet);
}
