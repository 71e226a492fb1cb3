// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keyed transforms of one SA, through the kernel's crypto API.
 *
 * AES-GMAC is AES-GCM to which all of a packet is what is authenticated only. The
 * crypto API's template for it would have it slow where AES-GCM is internal.
 *
 * On kernels up to 6.12 the fast x86 algorithms are only offered behind an
 * asynchronous wrapper; asking for synchronous ones with CRYPTO_ALG_ASYNC in
 * the mask then gives a slow composition. What the wrapper wraps is an
 * internal algorithm whose name starts with two underscores: it is used
 * directly, when the FPU may be used, with the slow one in reserve. Newer
 * kernels have no wrapper, no internal algorithm, and one tfm does for both.
 *
 * What is best by the crypto API's priorities is no sign of what there is: any
 * user may have it put an asynchronous template (pcrypt, cryptd) around an
 * algorithm, by AF_ALG, and that has the name of what is in it and a higher
 * priority, for as long as the machine runs.
 */
#include <asm/simd.h>
#include <crypto/aead.h>
#include <crypto/hash.h>
#include <crypto/internal/simd.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "crypto.h"
#include "proto.h"

static DEFINE_PER_CPU(struct nfipsec_scratch *, scratch);

/**
 * nfipsec_scratch_init() - allocate the working memory of every CPU
 *
 * Context: process, module init.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_scratch_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct nfipsec_scratch *s;

		s = kzalloc_node(sizeof(*s), GFP_KERNEL, cpu_to_node(cpu));
		if (!s) {
			nfipsec_scratch_exit();
			return -ENOMEM;
		}
		per_cpu(scratch, cpu) = s;
	}
	return 0;
}

/**
 * nfipsec_scratch_exit() - wipe and free the working memory
 *
 * Context: process, nobody uses it any more.
 */
void nfipsec_scratch_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree_sensitive(per_cpu(scratch, cpu));
		per_cpu(scratch, cpu) = NULL;
	}
}

/**
 * nfipsec_scratch_get() - take this CPU's working memory
 *
 * Does not nest. Turns bottom halves off until nfipsec_scratch_put().
 * Context: process or softirq.
 * Return: the memory, contents undefined.
 */
struct nfipsec_scratch *nfipsec_scratch_get(void)
	__acquires(scratch)
{
	local_bh_disable();
	__acquire(scratch);
	return this_cpu_read(scratch);
}

/**
 * nfipsec_scratch_put() - give the working memory back
 *
 * Context: the one of nfipsec_scratch_get().
 */
void nfipsec_scratch_put(void)
	__releases(scratch)
{
	__release(scratch);
	local_bh_enable();
}

/* Name of the internal algorithm behind an asynchronous wrapper. */
static int internal_name(char buf[CRYPTO_MAX_ALG_NAME], const char *name)
{
	int n = snprintf(buf, CRYPTO_MAX_ALG_NAME, "__%s", name);

	return n < CRYPTO_MAX_ALG_NAME ? 0 : -ENAMETOOLONG;
}

static bool is_async(const struct crypto_tfm *tfm)
{
	return tfm->__crt_alg->cra_flags & CRYPTO_ALG_ASYNC;
}

/* Needs the FPU: a second tfm stands in where it may not be used. */
static bool is_internal(const struct crypto_tfm *tfm)
{
	return tfm->__crt_alg->cra_flags & CRYPTO_ALG_INTERNAL;
}

/*
 * Is what the crypto API has in front of a synchronous internal algorithm, or what a
 * user had put around that. Another composition may be asynchronous because a part of
 * it is: there is nothing inside that could be used directly, and before 6.12 to ask
 * for it takes a thread and modprobe each time.
 */
static bool is_wrapper(const struct crypto_tfm *tfm)
{
	const char *driver = crypto_tfm_alg_driver_name((struct crypto_tfm *)tfm);

	return !(tfm->__crt_alg->cra_flags & CRYPTO_ALG_INSTANCE) ||
	       strstarts(driver, "pcrypt(") || strstarts(driver, "cryptd(");
}

static int no_algo(struct netlink_ext_ack *extack,
		   const struct nfipsec_algo *algo, int err)
{
	/* A constant sentence: there is no room for it in a formatted one. */
	if (err == -ENOENT && algo->lacks && extack)
		extack->_msg = algo->lacks;
	/* The crypto API waits for its own threads, and gives up some time. */
	else if (err == -ETIMEDOUT)
		NL_SET_ERR_MSG_FMT(extack, "%s is not ready yet, try again",
				   algo->name);
	else
		NL_SET_ERR_MSG_FMT(extack,
				   "this kernel cannot do %s (error %d)",
				   algo->name, -err);
	return err;
}

static int set_aead_key(struct crypto_aead *tfm, const struct nfipsec_keys *k)
{
	unsigned int len = k->aead_key_len;
	int err;

	if (k->aead->whole)
		len -= k->aead->salt_len;
	err = crypto_aead_setkey(tfm, k->aead_key, len);
	if (!err)
		err = crypto_aead_setauthsize(tfm, k->icv_bits / 8);
	if (!err && sizeof(struct aead_request) + crypto_aead_reqsize(tfm) >
		    NFIPSEC_REQ_MAX)
		err = -E2BIG;
	return err;
}

/*
 * The best algorithm if it is synchronous; otherwise the internal one of that
 * name, if there can be one, also where the best cannot be had: pcrypt can be put around
 * itself until its name is too long. To ask for the best has loaded its module; so
 * only what is there and tested is looked for.
 */
#define READY_TYPE	(CRYPTO_ALG_INTERNAL | CRYPTO_ALG_TESTED)
#define READY_MASK	(READY_TYPE | CRYPTO_ALG_ASYNC | CRYPTO_NOLOAD)

static struct crypto_aead *best_aead(const char *name)
{
	char internal[CRYPTO_MAX_ALG_NAME];
	struct crypto_aead *tfm;
	bool wrapper;

	tfm = crypto_alloc_aead(name, 0, 0);
	if (!IS_ERR(tfm)) {
		if (!is_async(crypto_aead_tfm(tfm)))
			return tfm;
		wrapper = is_wrapper(crypto_aead_tfm(tfm));
		crypto_free_aead(tfm);
		if (!wrapper)
			return ERR_PTR(-ENOENT);
	}
	if (internal_name(internal, name))
		return ERR_PTR(-ENAMETOOLONG);
	return crypto_alloc_aead(internal, READY_TYPE, READY_MASK);
}

static int init_aead(struct nfipsec_crypto *c, const struct nfipsec_keys *k,
		     struct netlink_ext_ack *extack)
{
	const char *name = k->aead->whole ?: k->aead->name;
	struct crypto_aead *tfm;
	int err;

	if (k->aead->whole)
		memcpy(c->salt,
		       k->aead_key + k->aead_key_len - k->aead->salt_len,
		       k->aead->salt_len);
	tfm = best_aead(name);
	if (!IS_ERR(tfm)) {
		c->aead = tfm;
		c->aead_any = tfm;
		err = set_aead_key(tfm, k);
		if (err || !is_internal(crypto_aead_tfm(tfm)))
			return err ? no_algo(extack, k->aead, err) : 0;
	}

	tfm = crypto_alloc_aead(name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return no_algo(extack, k->aead, PTR_ERR(tfm));
	c->aead_any = tfm;
	if (!c->aead)
		c->aead = tfm;
	err = set_aead_key(tfm, k);
	return err ? no_algo(extack, k->aead, err) : 0;
}

static int set_cipher_key(struct crypto_skcipher *tfm,
			  const struct nfipsec_keys *k)
{
	int err;

	err = crypto_skcipher_setkey(tfm, k->enc_key, k->enc_key_len);
	if (!err && sizeof(struct skcipher_request) +
		    crypto_skcipher_reqsize(tfm) > NFIPSEC_REQ_MAX)
		err = -E2BIG;
	return err;
}

/* As best_aead(). */
static struct crypto_skcipher *best_cipher(const char *name)
{
	char internal[CRYPTO_MAX_ALG_NAME];
	struct crypto_skcipher *tfm;
	bool wrapper;

	tfm = crypto_alloc_skcipher(name, 0, 0);
	if (!IS_ERR(tfm)) {
		if (!is_async(crypto_skcipher_tfm(tfm)))
			return tfm;
		wrapper = is_wrapper(crypto_skcipher_tfm(tfm));
		crypto_free_skcipher(tfm);
		if (!wrapper)
			return ERR_PTR(-ENOENT);
	}
	if (internal_name(internal, name))
		return ERR_PTR(-ENAMETOOLONG);
	return crypto_alloc_skcipher(internal, READY_TYPE, READY_MASK);
}

static int init_cipher(struct nfipsec_crypto *c, const struct nfipsec_keys *k,
		       struct netlink_ext_ack *extack)
{
	const char *name = k->enc->name;
	struct crypto_skcipher *tfm;
	int err;

	tfm = best_cipher(name);
	if (!IS_ERR(tfm)) {
		c->enc = tfm;
		c->enc_any = tfm;
		err = set_cipher_key(tfm, k);
		if (err || !is_internal(crypto_skcipher_tfm(tfm)))
			return err ? no_algo(extack, k->enc, err) : 0;
	}

	tfm = crypto_alloc_skcipher(name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return no_algo(extack, k->enc, PTR_ERR(tfm));
	c->enc_any = tfm;
	if (!c->enc)
		c->enc = tfm;
	err = set_cipher_key(tfm, k);
	return err ? no_algo(extack, k->enc, err) : 0;
}

static int init_auth(struct nfipsec_crypto *c, const struct nfipsec_keys *k,
		     struct netlink_ext_ack *extack)
{
	struct crypto_ahash *tfm;
	int err;

	tfm = crypto_alloc_ahash(k->auth->name, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(tfm))
		return no_algo(extack, k->auth, PTR_ERR(tfm));
	c->auth = tfm;
	err = crypto_ahash_setkey(tfm, k->auth_key, k->auth_key_len);
	if (!err && (sizeof(struct ahash_request) + crypto_ahash_reqsize(tfm) >
		     NFIPSEC_REQ_MAX ||
		     crypto_ahash_digestsize(tfm) >
		     sizeof_field(struct nfipsec_scratch, icv)))
		err = -E2BIG;
	return err ? no_algo(extack, k->auth, err) : 0;
}

/**
 * nfipsec_crypto_init() - allocate and key the algorithms of an SA
 * @c: written whole; on success for nfipsec_crypto_exit()
 * @keys: algorithms and keys, lengths already checked against the table;
 *	the key bytes are only borrowed
 * @extack: told what the kernel cannot do
 *
 * Context: process; may load modules.
 * Return: 0, or an error, and then there is nothing in @c.
 */
int nfipsec_crypto_init(struct nfipsec_crypto *c,
			const struct nfipsec_keys *keys,
			struct netlink_ext_ack *extack)
{
	const struct nfipsec_algo *cipher = keys->aead ?: keys->enc;
	int err;

	memset(c, 0, sizeof(*c));
	c->aead_algo = keys->aead;
	c->enc_algo = keys->enc;
	c->auth_algo = keys->auth;
	if (cipher) {
		c->iv = cipher->iv;
		c->iv_len = cipher->iv_len;
		c->block = max_t(u8, cipher->block, NFIPSEC_ESP_ALIGN);
	}
	c->icv_len = keys->icv_bits / 8;
	if (keys->iiv) {
		c->iv = NFIPSEC_IV_IMPLICIT;
		c->iv_len = 0;
	}

	if (keys->aead) {
		err = init_aead(c, keys, extack);
	} else {
		err = init_auth(c, keys, extack);
		if (!err && keys->enc && !keys->enc->null)
			err = init_cipher(c, keys, extack);
	}
	if (err)
		nfipsec_crypto_exit(c);
	return err;
}

/**
 * nfipsec_crypto_exit() - free algorithms, wiping their keys
 * @c: from nfipsec_crypto_init(); no packet uses it any more. Zero afterwards.
 *
 * Context: process.
 */
void nfipsec_crypto_exit(struct nfipsec_crypto *c)
{
	if (c->aead != c->aead_any)
		crypto_free_aead(c->aead);
	crypto_free_aead(c->aead_any);
	if (c->enc != c->enc_any)
		crypto_free_skcipher(c->enc);
	crypto_free_skcipher(c->enc_any);
	crypto_free_ahash(c->auth);
	memzero_explicit(c, sizeof(*c));
}

/**
 * nfipsec_crypto_driver() - which implementation of an algorithm is used
 * @c: algorithms
 * @kind: which one
 * @any: of the two transforms, the one that is legal in every context
 *
 * Context: any.
 * Return: a name that is unique in the kernel and lives as long as @c; "none"
 * if there is no transform of this kind.
 */
const char *nfipsec_crypto_driver(const struct nfipsec_crypto *c,
				  enum nfipsec_algo_kind kind, bool any)
{
	const struct crypto_tfm *tfm = NULL;

	if (kind == NFIPSEC_AEAD && c->aead)
		tfm = crypto_aead_tfm(any ? c->aead_any : c->aead);
	else if (kind == NFIPSEC_ENC && c->enc)
		tfm = crypto_skcipher_tfm(any ? c->enc_any : c->enc);
	else if (kind == NFIPSEC_AUTH && c->auth)
		tfm = crypto_ahash_tfm(c->auth);
	return tfm ? tfm->__crt_alg->cra_driver_name : "none";
}

/**
 * nfipsec_crypto_aead() - encrypt or decrypt in place, with ICV
 * @c: algorithms
 * @s: scratch: @s->sg holds the AAD and IV (entry 0), the text, and the ICV
 *	or room for it; @s->iv the IV, overwritten
 * @aad_len: bytes of AAD, IV included
 * @len: bytes of text; for decryption with the ICV
 * @encrypt: which of the two
 *
 * Context: between nfipsec_scratch_get() and nfipsec_scratch_put().
 * Return: 0, -EBADMSG for a wrong ICV, or another error.
 */
int nfipsec_crypto_aead(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, unsigned int aad_len,
			unsigned int len, bool encrypt)
{
	struct aead_request *req = (struct aead_request *)s->req;

	if (c->aead_algo->whole) {
		unsigned int text = encrypt ? len : len - c->icv_len;
		unsigned int salt_len = c->aead_algo->salt_len;

		memmove(s->iv + salt_len, s->iv, c->iv_len);
		memcpy(s->iv, c->salt, salt_len);
		aad_len += text;
		len -= text;
	}
	aead_request_set_tfm(req, crypto_simd_usable() ? c->aead :
							 c->aead_any);
	aead_request_set_callback(req, 0, NULL, NULL);
	aead_request_set_crypt(req, s->sg, s->sg, len, s->iv);
	aead_request_set_ad(req, aad_len);
	return encrypt ? crypto_aead_encrypt(req) : crypto_aead_decrypt(req);
}

/**
 * nfipsec_crypto_cipher() - encrypt or decrypt in place, no ICV
 * @c: algorithms; with the NULL cipher this does nothing
 * @s: scratch: @s->iv is the IV, overwritten
 * @sg: the text
 * @len: bytes of text, a multiple of the block
 * @encrypt: which of the two
 *
 * Context: between nfipsec_scratch_get() and nfipsec_scratch_put().
 * Return: 0 or an error.
 */
int nfipsec_crypto_cipher(const struct nfipsec_crypto *c,
			  struct nfipsec_scratch *s, struct scatterlist *sg,
			  unsigned int len, bool encrypt)
{
	struct skcipher_request *req = (struct skcipher_request *)s->req;

	if (!c->enc)
		return 0;
	skcipher_request_set_tfm(req, crypto_simd_usable() ? c->enc :
							     c->enc_any);
	skcipher_request_set_callback(req, 0, NULL, NULL);
	skcipher_request_set_crypt(req, sg, sg, len, s->iv);
	return encrypt ? crypto_skcipher_encrypt(req) :
			 crypto_skcipher_decrypt(req);
}

/**
 * nfipsec_crypto_hash() - compute a full-length ICV into the scratch
 * @c: algorithms
 * @s: scratch: @s->icv gets the result
 * @sg: what to authenticate
 * @len: bytes of it
 *
 * Context: between nfipsec_scratch_get() and nfipsec_scratch_put().
 * Return: 0 or an error.
 */
int nfipsec_crypto_hash(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, struct scatterlist *sg,
			unsigned int len)
{
	struct ahash_request *req = (struct ahash_request *)s->req;

	ahash_request_set_tfm(req, c->auth);
	ahash_request_set_callback(req, 0, NULL, NULL);
	ahash_request_set_crypt(req, sg, s->icv, len);
	return crypto_ahash_digest(req);
}
