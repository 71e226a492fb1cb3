// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known answers. An implementation that is wrong, be it by its author or by
 * the hardware, would give plaintext away or talk to nobody; it is found before
 * the first SA uses it. What is asked are the functions that the data path
 * calls, with each of the two transforms an SA may have of an algorithm.
 *
 * A kernel may have several implementations of an algorithm, and a better one
 * may come with a module at any time: what is known is known of those that were
 * asked.
 */
#include <crypto/algapi.h>
#include <linux/err.h>
#include <linux/hex.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "crypto.h"
#include "kat.h"
#include "kat_vectors.h"

/**
 * struct kat_bytes - what a vector says, as bytes
 * @len: length
 * @data: the bytes
 */
struct kat_bytes {
	unsigned int len;
	u8 data[NFIPSEC_KAT_MAX];
};

/**
 * struct kat_work - a vector at work
 * @key: as in the vector
 * @iv: as in the vector
 * @aad: as in the vector
 * @text: as in the vector
 * @result: as in the vector
 * @zero: key of the algorithm that an SA needs beside the one in question
 * @buf: what is encrypted and decrypted, in memory fit for a scatterlist
 */
struct kat_work {
	struct kat_bytes key;
	struct kat_bytes iv;
	struct kat_bytes aad;
	struct kat_bytes text;
	struct kat_bytes result;
	u8 zero[NFIPSEC_KEY_MAX];
	u8 buf[NFIPSEC_KAT_MAX];
};

/* What is known of the answers to a row's vectors. */
enum kat_state {
	KAT_UNKNOWN,
	KAT_RIGHT,
	KAT_WRONG,
};

/**
 * struct kat_known - what came of asking a vector
 * @state: enum kat_state
 * @fast: implementation that was asked
 * @any: implementation that was asked for where the FPU may not be used
 */
struct kat_known {
	u8 state;
	char fast[CRYPTO_MAX_ALG_NAME];
	char any[CRYPTO_MAX_ALG_NAME];
};

static struct kat_known kat_known[ARRAY_SIZE(kat_vectors)];
static DEFINE_MUTEX(kat_lock);	/* protects kat_known */

/* Digits of a vector, or NULL, to bytes. */
static int from_hex(struct kat_bytes *b, const char *hex)
{
	unsigned int n = 0;
	int hi, lo;

	for (; hex && *hex; hex++) {
		if (*hex == ' ')
			continue;
		hi = hex_to_bin(*hex);
		lo = hex_to_bin(*++hex);
		if (hi < 0 || lo < 0 || n == sizeof(b->data))
			return -EINVAL;
		b->data[n++] = hi << 4 | lo;
	}
	b->len = n;
	return 0;
}

static int unpack(struct kat_work *w, const struct nfipsec_kat_vector *v)
{
	int err;

	err = from_hex(&w->key, v->key) ?:
	      from_hex(&w->iv, v->iv) ?:
	      from_hex(&w->aad, v->aad) ?:
	      from_hex(&w->text, v->text) ?:
	      from_hex(&w->result, v->result);
	if (!err && (w->iv.len > NFIPSEC_IV_MAX || w->aad.len > 12))
		err = -EINVAL;
	return err;
}

static bool buf_is(const struct kat_work *w, const struct kat_bytes *want)
{
	return !memcmp(w->buf, want->data, want->len);
}

/* @len is that of the text, with ICV if it is to be decrypted. */
static int crypt_aead(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		      struct kat_work *w, unsigned int len, bool encrypt)
{
	memcpy(s->aad, w->aad.data, w->aad.len);
	memcpy(s->aad + w->aad.len, w->iv.data, w->iv.len);
	memcpy(s->iv, w->iv.data, w->iv.len);
	sg_init_table(s->sg, 2);
	sg_set_buf(&s->sg[0], s->aad, w->aad.len + w->iv.len);
	sg_set_buf(&s->sg[1], w->buf, w->result.len);
	return nfipsec_crypto_aead(c, s, w->aad.len + w->iv.len, len, encrypt);
}

static int try_aead(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		    struct kat_work *w)
{
	int err;

	memcpy(w->buf, w->text.data, w->text.len);
	err = crypt_aead(c, s, w, w->text.len, true);
	if (err)
		return err;
	if (!buf_is(w, &w->result))
		return -EBADMSG;
	err = crypt_aead(c, s, w, w->result.len, false);
	if (err)
		return err;
	if (!buf_is(w, &w->text))
		return -EBADMSG;

	/* It must be able to say no, too. */
	memcpy(w->buf, w->result.data, w->result.len);
	w->buf[w->result.len - 1] ^= 1;
	err = crypt_aead(c, s, w, w->result.len, false);
	if (err == -EBADMSG)
		return 0;
	return err ?: -EBADMSG;
}

static int crypt_cipher(const struct nfipsec_crypto *c,
			struct nfipsec_scratch *s, struct kat_work *w,
			bool encrypt)
{
	memcpy(s->iv, w->iv.data, w->iv.len);
	sg_init_one(s->sg, w->buf, w->text.len);
	return nfipsec_crypto_cipher(c, s, s->sg, w->text.len, encrypt);
}

static int try_cipher(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		      struct kat_work *w)
{
	int err;

	memcpy(w->buf, w->text.data, w->text.len);
	err = crypt_cipher(c, s, w, true);
	if (err)
		return err;
	if (!buf_is(w, &w->result))
		return -EBADMSG;
	err = crypt_cipher(c, s, w, false);
	if (err)
		return err;
	return buf_is(w, &w->text) ? 0 : -EBADMSG;
}

static int try_hash(const struct nfipsec_crypto *c, struct nfipsec_scratch *s,
		    struct kat_work *w)
{
	int err;

	memcpy(w->buf, w->text.data, w->text.len);
	sg_init_one(s->sg, w->buf, w->text.len);
	memset(s->icv, 0, sizeof(s->icv));
	err = nfipsec_crypto_hash(c, s, s->sg, w->text.len);
	if (err)
		return err;
	return memcmp(s->icv, w->result.data, w->result.len) ? -EBADMSG : 0;
}

static int try_kind(enum nfipsec_algo_kind kind, const struct nfipsec_crypto *c,
		    struct kat_work *w)
{
	struct nfipsec_scratch *s = nfipsec_scratch_get();
	int err = -EINVAL;

	switch (kind) {
	case NFIPSEC_AEAD:
		err = try_aead(c, s, w);
		break;
	case NFIPSEC_ENC:
		err = try_cipher(c, s, w);
		break;
	case NFIPSEC_AUTH:
		err = try_hash(c, s, w);
		break;
	}
	nfipsec_scratch_put();
	return err;
}

/*
 * The keys of an SA with what @v asks about. The other one of a pair is that
 * of the SA to be, or the NULL cipher.
 */
static void keys_for(struct nfipsec_keys *k, const struct nfipsec_kat_vector *v,
		     const struct nfipsec_algo *algo,
		     const struct nfipsec_algo *beside,
		     const struct kat_work *w)
{
	memset(k, 0, sizeof(*k));
	switch (v->kind) {
	case NFIPSEC_AEAD:
		k->aead = algo;
		k->aead_key = w->key.data;
		k->aead_key_len = w->key.len;
		k->icv_bits = (w->result.len - w->text.len) * 8;
		break;
	case NFIPSEC_ENC:
		k->enc = algo;
		k->enc_key = w->key.data;
		k->enc_key_len = w->key.len;
		k->auth = beside;
		k->auth_key = w->zero;
		k->auth_key_len = beside->key_len[0];
		k->icv_bits = beside->icv_bits[0];
		break;
	case NFIPSEC_AUTH:
		k->enc = nfipsec_algo_find(NFIPSEC_ENC, "ecb(cipher_null)");
		k->auth = algo;
		k->auth_key = w->key.data;
		k->auth_key_len = w->key.len;
		k->icv_bits = w->result.len * 8;
		break;
	}
}

/* Were the implementations asked that @c has? */
static bool is_known_of(const struct kat_known *known,
			enum nfipsec_algo_kind kind,
			const struct nfipsec_crypto *c)
{
	return known->state != KAT_UNKNOWN &&
	       !strcmp(known->fast, nfipsec_crypto_driver(c, kind, false)) &&
	       !strcmp(known->any, nfipsec_crypto_driver(c, kind, true));
}

/*
 * 0, -EBADMSG for a wrong answer, or why there is none; @known gets who
 * answered.
 */
static int ask(const struct nfipsec_kat_vector *v,
	       const struct nfipsec_algo *algo,
	       const struct nfipsec_algo *beside, struct kat_work *w,
	       struct kat_known *known, struct netlink_ext_ack *extack)
{
	struct nfipsec_crypto c, any;
	struct nfipsec_keys keys;
	int err;

	err = unpack(w, v);
	if (err)
		return err;
	keys_for(&keys, v, algo, beside, w);
	err = nfipsec_crypto_init(&c, &keys, extack);
	if (err)
		return err;

	strscpy(known->fast, nfipsec_crypto_driver(&c, v->kind, false),
		sizeof(known->fast));
	strscpy(known->any, nfipsec_crypto_driver(&c, v->kind, true),
		sizeof(known->any));

	/* Which of the two is used depends on where a packet comes by. */
	any = c;
	any.aead = c.aead_any;
	any.enc = c.enc_any;
	err = try_kind(v->kind, &c, w) ?: try_kind(v->kind, &any, w);
	nfipsec_crypto_exit(&c);
	return err;
}

static int refuse(const struct nfipsec_algo *algo,
		  struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_FMT(extack,
			   "this kernel's %s computes a wrong answer",
			   algo->name);
	return -EIO;
}

/*
 * One vector of a row, unless the answer of @c's implementations is known.
 * -EAGAIN if others have answered because they have just come.
 */
static int check_vector(const struct nfipsec_kat_vector *v,
			struct kat_known *known,
			const struct nfipsec_crypto *c,
			const struct nfipsec_algo *algo,
			struct netlink_ext_ack *extack)
{
	struct kat_work *w;
	int err;

	if (is_known_of(known, v->kind, c))
		return known->state == KAT_RIGHT ? 0 : refuse(algo, extack);

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	known->state = KAT_UNKNOWN;
	err = ask(v, algo, c->auth_algo, w, known, extack);
	kfree(w);
	/* Any other error may be another one tomorrow. */
	if (!err)
		known->state = KAT_RIGHT;
	else if (err == -EBADMSG)
		known->state = KAT_WRONG;
	else
		return err;
	if (known->state == KAT_WRONG)
		return refuse(algo, extack);
	return is_known_of(known, v->kind, c) ? 0 : -EAGAIN;
}

/* @algo may be NULL. */
static int check_algo(enum nfipsec_algo_kind kind,
		      const struct nfipsec_crypto *c,
		      const struct nfipsec_algo *algo,
		      struct netlink_ext_ack *extack)
{
	bool asked = false;
	unsigned int i;
	int err;

	if (!algo || algo->null)
		return 0;
	for (i = 0; i < ARRAY_SIZE(kat_vectors); i++) {
		if (kat_vectors[i].kind != kind ||
		    strcmp(kat_vectors[i].name, algo->name))
			continue;
		err = check_vector(&kat_vectors[i], &kat_known[i], c, algo,
				   extack);
		if (err)
			return err;
		asked = true;
	}
	if (asked)
		return 0;
	NL_SET_ERR_MSG_FMT(extack, "no answer is known to check %s with",
			   algo->name);
	return -EIO;
}

/**
 * nfipsec_kat_check() - see that the algorithms of an SA compute what they must
 * @c: the algorithms, in use by nobody yet
 * @extack: told which one does not, may be NULL
 *
 * An implementation is asked once, and what came of it is remembered until the
 * module goes. Not @c itself is asked, whose keys stay, but others like it.
 *
 * Context: process; may load modules.
 * Return: 0; -EIO if an answer is wrong, and the SA must not be; -EAGAIN if @c
 * is not the best there is any more and should be made anew; or what
 * nfipsec_crypto_init() says.
 */
int nfipsec_kat_check(const struct nfipsec_crypto *c,
		      struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&kat_lock);
	err = check_algo(NFIPSEC_AEAD, c, c->aead_algo, extack) ?:
	      check_algo(NFIPSEC_AUTH, c, c->auth_algo, extack) ?:
	      check_algo(NFIPSEC_ENC, c, c->enc_algo, extack);
	mutex_unlock(&kat_lock);
	return err;
}
