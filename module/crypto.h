/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The keyed transforms of one SA over scatterlists: synchronous, on a scratch area
 * of the CPU, without allocation here. Knows neither skb nor table.
 */
#ifndef NFIPSEC_CRYPTO_H
#define NFIPSEC_CRYPTO_H

#include <linux/crypto.h>
#include <linux/scatterlist.h>
#include <linux/skbuff.h>
#include <linux/types.h>

#include "algo.h"

struct crypto_aead;
struct crypto_ahash;
struct crypto_skcipher;
struct netlink_ext_ack;

/*
 * Scatterlist entries of a packet: head, page fragments, a few of a list. Compared with
 * what may be an error, so it has a sign, which it would not have everywhere.
 */
#define NFIPSEC_SG_MAX		((int)MAX_SKB_FRAGS + 8)
/* Room for the largest request of any implementation, checked per SA. */
#define NFIPSEC_REQ_MAX		4096

/* IP headers and AH together, as much as is copied to be authenticated. */
#define NFIPSEC_HDR_MAX		2048

/**
 * struct nfipsec_scratch - working memory of one CPU
 * @req: crypto request with its context
 * @sg: scatterlist; entry 0 is for @aad, or for the whole if unused. AH puts
 *	@hdr there, and @seq_hi and @icv behind the packet
 * @aad: SPI, sequence number (8 or 12 bytes) and IV of an AEAD
 * @iv: IV handed to the cipher, which may overwrite it
 * @seq_hi: high half of the sequence number, network order (RFC 4303 2.2.1)
 * @icv: computed ICV
 * @icv_rx: received ICV
 * @hdr: headers as AH authenticates them
 *
 * Valid between nfipsec_scratch_get() and nfipsec_scratch_put(), with bottom
 * halves off. Never used in hard interrupt context. Memory is from kmalloc(),
 * so that every part of it may stand in a scatterlist.
 */
struct nfipsec_scratch {
	u8 req[NFIPSEC_REQ_MAX] __aligned(CRYPTO_MINALIGN);
	struct scatterlist sg[NFIPSEC_SG_MAX + 3];
	u8 aad[12 + NFIPSEC_IV_MAX];
	u8 iv[NFIPSEC_IV_MAX] __aligned(8);
	__be32 seq_hi;
	u8 icv[64];
	u8 icv_rx[NFIPSEC_ICV_MAX];
	u8 hdr[NFIPSEC_HDR_MAX] __aligned(8);
};

/**
 * struct nfipsec_keys - algorithms and keys of an SA as configured
 * @aead: combined algorithm, or NULL; for AH one that is fit for it
 * @enc: cipher, or NULL; excludes @aead
 * @auth: authentication, or NULL; with @enc, or alone for AH
 * @aead_key: key and salt
 * @enc_key: cipher key
 * @auth_key: authentication key
 * @aead_key_len: bytes, salt included
 * @enc_key_len: bytes
 * @auth_key_len: bytes
 * @icv_bits: length of the ICV in bits
 * @iiv: the IV is implicit; only if @aead permits it
 *
 * The key bytes belong to whoever filled this in and are wiped by them.
 */
struct nfipsec_keys {
	const struct nfipsec_algo *aead;
	const struct nfipsec_algo *enc;
	const struct nfipsec_algo *auth;
	const u8 *aead_key;
	const u8 *enc_key;
	const u8 *auth_key;
	unsigned int aead_key_len;
	unsigned int enc_key_len;
	unsigned int auth_key_len;
	unsigned int icv_bits;
	bool iiv;
};

/**
 * struct nfipsec_crypto - keyed algorithms of one SA, immutable
 * @aead: fastest synchronous AEAD; may need the FPU
 * @aead_any: AEAD that is legal in every context; may equal @aead
 * @aead_algo: row of the combined algorithm, or NULL
 * @enc: fastest synchronous cipher; may need the FPU
 * @enc_any: cipher that is legal in every context; may equal @enc
 * @salt: of an @aead_algo with nfipsec_algo.whole, in front of the IV; secret
 * @iv: how IVs are made, enum nfipsec_iv_kind
 * @check_pad: padding received must be 1, 2, 3 and so on
 * @iv_len: IV in the packet, bytes; 0 if it is implicit
 * @block: alignment of the ciphertext, bytes, at least 4
 * @icv_len: ICV, bytes
 * @iv_mask: what numbers are combined with, by exclusive or, to be IVs: see
 *	nfipsec_esp_make_iv()
 * @auth: keyed hash, legal in every context
 * @enc_algo: row of the cipher, or NULL
 * @auth_algo: row of the authentication, or NULL
 */
struct nfipsec_crypto {
	struct crypto_aead *aead;
	struct crypto_aead *aead_any;
	const struct nfipsec_algo *aead_algo;
	struct crypto_skcipher *enc;
	struct crypto_skcipher *enc_any;
	u8 salt[NFIPSEC_SALT_MAX];
	u8 iv : 7;
	u8 check_pad : 1;
	u8 iv_len;
	u8 block;
	u8 icv_len;
	u64 iv_mask;
	struct crypto_ahash *auth;
	const struct nfipsec_algo *enc_algo;
	const struct nfipsec_algo *auth_algo;
};

int nfipsec_scratch_init(void);
void nfipsec_scratch_exit(void);
struct nfipsec_scratch *nfipsec_scratch_get(void);
void nfipsec_scratch_put(void);

int nfipsec_crypto_init(struct nfipsec_crypto *c,
			const struct nfipsec_keys *keys,
			struct netlink_ext_ack *extack);
void nfipsec_crypto_exit(struct nfipsec_crypto *c);
const char *nfipsec_crypto_driver(const struct nfipsec_crypto *c,
				  enum nfipsec_algo_kind kind, bool any);

int nfipsec_crypto_aead(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, unsigned int aad_len,
			unsigned int len, bool encrypt);
int nfipsec_crypto_cipher(const struct nfipsec_crypto *c,
			  struct nfipsec_scratch *s, struct scatterlist *sg,
			  unsigned int len, bool encrypt);
int nfipsec_crypto_hash(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, struct scatterlist *sg,
			unsigned int len);

#endif
