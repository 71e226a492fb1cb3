// SPDX-License-Identifier: GPL-2.0
/*
 * Puts the transform to published packets when it is loaded, in all shapes a
 * buffer can have, and the known answers of the algorithms to answers that are
 * not right; tells the results in KTAP.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/aead.h>
#include <crypto/skcipher.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "../../module/esp.h"
#include "kat.h"
#include "packet.h"
#include "reference.h"
#include "vectors.h"

/* What RFC 3602 leaves to others: key of the ICV, and a number for ESN. */
#define AUTH_KEY	HEX(000102030405060708090a0b0c0d0e0f \
			    101112131415161718191a1b1c1d1e1f)
#define SEQ_HI		0x89abcdefULL

static unsigned int passed;
module_param(passed, uint, 0444);
MODULE_PARM_DESC(passed, "number of tests that passed");
static unsigned int failed;
module_param(failed, uint, 0444);
MODULE_PARM_DESC(failed, "number of tests that failed");

/**
 * struct subject - a vector, ready for the tests
 * @v: the vector
 * @esn: extended sequence numbers
 * @seq: sequence number
 * @made: what crypto_new() has made
 * @c: what to use: @made, or @any
 * @any: @made without the algorithms that need the FPU
 * @ref: the same for the reference
 * @iv: explicit IV
 * @payload: plaintext
 * @packet: whole packet with ICV
 * @hlen: bytes of it before the text
 * @text_len: bytes of it before the ICV
 * @trial: packet that a test works on
 * @shape: its shape
 * @clone: whether it is a clone
 */
struct subject {
	const struct vector *v;
	bool esn;
	u64 seq;
	struct nfipsec_crypto *made;
	const struct nfipsec_crypto *c;
	struct nfipsec_crypto any;
	struct reference ref;
	struct bytes iv;
	struct bytes payload;
	struct bytes packet;
	unsigned int hlen;
	unsigned int text_len;
	struct packet trial;
	enum packet_shape shape;
	bool clone;
};

static const char *reason_name(enum nfipsec_reason reason)
{
	switch (reason) {
	case NFIPSEC_OK:
		return "ok";
	case NFIPSEC_IN_TRUNCATED:
		return "in_truncated";
	case NFIPSEC_IN_ALIGN:
		return "in_align";
	case NFIPSEC_IN_AUTH:
		return "in_auth";
	case NFIPSEC_IN_PAD:
		return "in_pad";
	case NFIPSEC_IN_CRYPTO:
		return "in_crypto";
	case NFIPSEC_IN_NOMEM:
		return "in_nomem";
	case NFIPSEC_OUT_CRYPTO:
		return "out_crypto";
	case NFIPSEC_OUT_NOMEM:
		return "out_nomem";
	default:
		return "another reason";
	}
}

/* Says what is wrong, and with what; always false. */
#define wrong(s, fmt, ...) ({						\
	const struct subject *__s = (s);				\
									\
	pr_info("# %s%s%s: " fmt "\n", shape_names[__s->shape],		\
		__s->clone ? ", cloned" : "",				\
		__s->c == &__s->any ? ", no FPU" : "", ##__VA_ARGS__);	\
	false;								\
})

static bool reason_is(const struct subject *s, const char *what,
		      enum nfipsec_reason reason, enum nfipsec_reason want)
{
	if (reason == want)
		return true;
	return wrong(s, "%s: %s, should be %s", what, reason_name(reason),
		     reason_name(want));
}

/* Compares a part of the trial, and that it ends there. */
static bool ends_with(const struct subject *s, const char *what,
		      unsigned int off, const u8 *want, unsigned int len)
{
	const struct sk_buff *skb = s->trial.skb;
	u8 got[BYTES_MAX];
	unsigned int i;

	if (skb->len != off + len)
		return wrong(s, "%s: ends at byte %u, should at %u", what,
			     skb->len, off + len);
	if (skb_copy_bits(skb, off, got, len))
		return wrong(s, "%s: unreadable", what);
	for (i = 0; i < len; i++)
		if (got[i] != want[i])
			return wrong(s, "%s: byte %u is %02x, should be %02x",
				     what, i, got[i], want[i]);
	return true;
}

/* What must not have changed: the outer header, and what others may see. */
static bool rest_intact(const struct subject *s)
{
	const struct sk_buff *skb = s->trial.skb;
	u8 outer[OUTER_LEN];

	if (skb_transport_offset(skb) != OUTER_LEN)
		return wrong(s, "the transport header has moved");
	if (skb_copy_bits(skb, 0, outer, OUTER_LEN) ||
	    memcmp(outer, s->trial.before.data, OUTER_LEN))
		return wrong(s, "the outer header has changed");
	if (!packet_others_intact(&s->trial))
		return wrong(s, "memory of others has changed");
	return true;
}

static void trial_bytes(struct subject *s, const u8 *data, unsigned int len)
{
	struct bytes *b = &s->trial.before;

	memset(b->data, 0x45, OUTER_LEN);
	memcpy(b->data + OUTER_LEN, data, len);
	b->len = OUTER_LEN + len;
}

static bool seal(struct subject *s)
{
	u8 clear[BYTES_MAX];
	bool ok;
	int err;

	/* old bytes where the header will be */
	memset(clear, 0xee, s->hlen);
	memcpy(clear + s->hlen, s->payload.data, s->payload.len);
	trial_bytes(s, clear, s->hlen + s->payload.len);

	err = packet_make(&s->trial, s->shape, s->clone, OUTER_LEN + s->hlen);
	if (err)
		ok = wrong(s, "cannot be made: %d", err);
	else
		ok = reason_is(s, "seal",
			       nfipsec_esp_seal(s->c, s->trial.skb,
						cpu_to_be32(s->v->spi), s->esn,
						s->seq, s->iv.data,
						s->v->nexthdr), NFIPSEC_OK) &&
		     ends_with(s, "packet", OUTER_LEN, s->packet.data,
			       s->packet.len) &&
		     rest_intact(s);
	packet_free(&s->trial);
	return ok;
}

/*
 * Opens a packet, which stays in s->trial. The sequence number is the one in
 * the packet, with a high half from @seq.
 */
static bool open_is(struct subject *s, const char *what, const u8 *data,
		    unsigned int len, u64 seq, enum nfipsec_reason want,
		    u8 *nexthdr)
{
	int err;

	if (len >= sizeof(struct nfipsec_esp_hdr))
		seq = (seq & ~0xffffffffULL) | get_unaligned_be32(data + 4);
	trial_bytes(s, data, len);
	err = packet_make(&s->trial, s->shape, s->clone, OUTER_LEN);
	if (err)
		return wrong(s, "cannot be made: %d", err);
	return reason_is(s, what,
			 nfipsec_esp_open(s->c, s->trial.skb, s->esn, seq,
					  nexthdr), want);
}

static bool open(struct subject *s)
{
	u8 nexthdr = ~s->v->nexthdr;
	bool ok;

	ok = open_is(s, "open", s->packet.data, s->packet.len, s->seq,
		     NFIPSEC_OK, &nexthdr) &&
	     ends_with(s, "payload", OUTER_LEN + s->hlen, s->payload.data,
		       s->payload.len) &&
	     rest_intact(s);
	packet_free(&s->trial);
	if (ok && nexthdr != s->v->nexthdr)
		return wrong(s, "next header %u", nexthdr);
	return ok;
}

/* A packet that has to be refused. */
static bool refuse(struct subject *s, const char *what, const u8 *data,
		   unsigned int len, u64 seq, enum nfipsec_reason want)
{
	u8 nexthdr;
	bool ok;

	ok = open_is(s, what, data, len, seq, want, &nexthdr);
	if (ok && !packet_others_intact(&s->trial))
		ok = wrong(s, "%s: memory of others has changed", what);
	packet_free(&s->trial);
	return ok;
}

static bool every_shape(struct subject *s, bool (*one)(struct subject *s))
{
	bool ok = true;

	for (s->shape = 0; s->shape < SHAPES; s->shape++) {
		for (int clone = 0; clone < 2; clone++) {
			s->clone = clone;
			s->c = s->made;
			ok &= one(s);
			s->c = &s->any;
			ok &= one(s);
		}
	}
	return ok;
}

/* One shape after the other, for tests that are made of many trials. */
static void next_shape(struct subject *s, unsigned int i)
{
	s->shape = i % SHAPES;
	s->clone = i / SHAPES & 1;
	s->c = i / SHAPES & 2 ? &s->any : s->made;
}

static bool test_seal(struct subject *s)
{
	return every_shape(s, seal);
}

static bool test_open(struct subject *s)
{
	return every_shape(s, open);
}

static bool test_flipped_bit(struct subject *s)
{
	struct bytes b = s->packet;
	bool ok = true;
	char what[32];

	for (unsigned int i = 0; i < b.len; i++) {
		next_shape(s, i);
		snprintf(what, sizeof(what), "bit %u of byte %u", i % 8, i);
		b.data[i] ^= 1 << i % 8;
		ok &= refuse(s, what, b.data, b.len, s->seq, NFIPSEC_IN_AUTH);
		b.data[i] ^= 1 << i % 8;
	}
	return ok;
}

/* The half that is not in the packet is authenticated just as well. */
static bool test_high_half(struct subject *s)
{
	bool ok = true;

	for (unsigned int i = 32; i < 64; i++) {
		next_shape(s, i);
		ok &= refuse(s, "high half", s->packet.data, s->packet.len,
			     s->seq ^ 1ULL << i,
			     s->esn ? NFIPSEC_IN_AUTH : NFIPSEC_OK);
	}
	return ok;
}

static enum nfipsec_reason reason_for_length(const struct subject *s,
					     unsigned int len)
{
	if (len < s->hlen + NFIPSEC_ESP_TAIL + REFERENCE_ICV_LEN)
		return NFIPSEC_IN_TRUNCATED;
	if ((len - s->hlen - REFERENCE_ICV_LEN) % s->made->block)
		return NFIPSEC_IN_ALIGN;
	return NFIPSEC_IN_AUTH;
}

static bool test_other_length(struct subject *s)
{
	struct bytes b = s->packet;
	bool ok = true;
	char what[32];

	memset(b.data + b.len, 0, sizeof(b.data) - b.len);
	for (unsigned int len = 0; len < b.len + 32; len++) {
		if (len == b.len)
			continue;
		next_shape(s, len);
		snprintf(what, sizeof(what), "%u bytes", len);
		ok &= refuse(s, what, b.data, len, s->seq,
			     reason_for_length(s, len));
	}
	return ok;
}

/* A packet that is authentic, with any pad length. */
static bool pad_length_is(struct subject *s, unsigned int pad,
			  enum nfipsec_reason want)
{
	struct bytes b = s->packet;
	u8 nexthdr = ~s->v->nexthdr;
	char what[32];
	bool ok;
	int err;

	b.len = s->hlen + s->text_len;
	memset(b.data + s->hlen, 0x77, s->text_len);
	b.data[b.len - 2] = pad;
	b.data[b.len - 1] = s->v->nexthdr;
	err = reference_seal(&s->ref, &b);
	if (err)
		return wrong(s, "reference: %d", err);

	snprintf(what, sizeof(what), "pad length %u of %u", pad, s->text_len);
	ok = open_is(s, what, b.data, b.len, s->seq, want, &nexthdr);
	if (ok && want == NFIPSEC_OK) {
		struct bytes rest;

		rest.len = s->text_len - NFIPSEC_ESP_TAIL - pad;
		memset(rest.data, 0x77, rest.len);
		ok = ends_with(s, what, OUTER_LEN + s->hlen, rest.data,
			       rest.len);
		if (nexthdr != s->v->nexthdr)
			ok = wrong(s, "%s: next header %u", what, nexthdr);
	}
	packet_free(&s->trial);
	return ok;
}

/* Around the longest padding that the text has room for, and the extremes. */
static bool test_pad_length(struct subject *s)
{
	int most = s->text_len - NFIPSEC_ESP_TAIL;
	bool ok = true;

	for (int pad = 0; pad <= NFIPSEC_ESP_PAD_MAX; pad++) {
		if (pad > 1 && pad < NFIPSEC_ESP_PAD_MAX - 1 &&
		    abs(pad - most) > 2)
			continue;
		next_shape(s, pad);
		ok &= pad_length_is(s, pad, pad <= most ? NFIPSEC_OK :
							  NFIPSEC_IN_PAD);
	}
	return ok;
}

static bool test_payload_max(struct subject *s)
{
	unsigned int most = s->text_len - NFIPSEC_ESP_TAIL;
	unsigned int got;

	next_shape(s, 0);
	got = nfipsec_esp_payload_max(s->made, s->packet.len);
	if (got != most)
		return wrong(s, "%u bytes fit into the packet, not %u", most,
			     got);
	got = nfipsec_esp_payload_max(s->made, s->packet.len - 1);
	if (got && got >= most)
		return wrong(s, "%u bytes do not fit into one byte less", got);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(struct subject *s);
} tests[] = {
	{ "sealed bit for bit", test_seal },
	{ "opened, with the payload bit for bit", test_open },
	{ "refused with any byte changed", test_flipped_bit },
	{ "refused with another high half, if there is one", test_high_half },
	{ "refused with any other length", test_other_length },
	{ "opened or refused by its pad length", test_pad_length },
	{ "payload that fits", test_payload_max },
};

static void print_drivers(const struct nfipsec_crypto *c)
{
	struct crypto_tfm *fast, *any;

	if (c->aead) {
		fast = crypto_aead_tfm(c->aead);
		any = crypto_aead_tfm(c->aead_any);
	} else if (c->enc) {
		fast = crypto_skcipher_tfm(c->enc);
		any = crypto_skcipher_tfm(c->enc_any);
	} else {
		return;
	}
	pr_info("# %s, without FPU %s\n", crypto_tfm_alg_driver_name(fast),
		crypto_tfm_alg_driver_name(any));
}

static struct nfipsec_crypto *make_crypto(struct subject *s)
{
	struct nfipsec_keys keys = { .icv_bits = REFERENCE_ICV_LEN * 8 };

	if (s->v->aead) {
		keys.aead = nfipsec_algo_find(NFIPSEC_AEAD, s->v->aead);
		keys.aead_key = s->ref.key.data;
		keys.aead_key_len = s->ref.key.len;
	} else {
		keys.enc = nfipsec_algo_find(NFIPSEC_ENC, s->v->enc);
		keys.enc_key = s->ref.key.data;
		keys.enc_key_len = s->ref.key.len;
		keys.auth = nfipsec_algo_find(NFIPSEC_AUTH, "hmac(sha256)");
		keys.auth_key = s->ref.auth_key.data;
		keys.auth_key_len = s->ref.auth_key.len;
	}
	if (!keys.aead && !(keys.enc && keys.auth))
		return ERR_PTR(-ENOENT);
	return crypto_new(&keys);
}

static int prepare(struct subject *s, const struct vector *v, bool esn)
{
	int err;

	s->v = v;
	s->esn = v->esn || esn;
	s->seq = v->seq | (esn ? SEQ_HI << 32 : 0);
	s->ref.aead = v->aead;
	/* the NULL cipher has no key */
	s->ref.enc = v->key ? v->enc : NULL;
	s->ref.esn = s->esn;
	s->ref.seq_hi = upper_32_bits(s->seq);
	err = bytes_set(&s->ref.key, v->key) ?:
	      bytes_set(&s->ref.auth_key, AUTH_KEY) ?:
	      bytes_set(&s->iv, v->iv) ?:
	      bytes_set(&s->payload, v->payload) ?:
	      bytes_set(&s->packet, v->packet);
	if (err)
		return err;
	s->ref.iv_len = s->iv.len;
	if (!v->aead) {
		err = reference_icv(&s->ref, &s->packet);
		if (err)
			return err;
	}
	s->hlen = sizeof(struct nfipsec_esp_hdr) + s->iv.len;
	s->text_len = s->packet.len - s->hlen - REFERENCE_ICV_LEN;

	s->made = make_crypto(s);
	if (IS_ERR(s->made))
		return PTR_ERR(s->made);
	s->any = *s->made;
	s->any.aead = s->made->aead_any;
	s->any.enc = s->made->enc_any;
	return 0;
}

static void run_tests(struct subject *s, const struct vector *v, bool esn)
{
	int err;

	err = prepare(s, v, esn);
	if (err)
		pr_info("# cannot be set up: %d\n", err);
	else
		print_drivers(s->made);
	for (unsigned int i = 0; i < ARRAY_SIZE(tests); i++) {
		bool ok = !err && tests[i].run(s);

		if (ok)
			passed++;
		else
			failed++;
		pr_info("%s %u %s%s: %s\n", ok ? "ok" : "not ok",
			passed + failed, v->name, esn ? ", ESN" : "",
			tests[i].name);
	}
	if (!err)
		crypto_put(s->made);
}

static void run_kat_tests(void)
{
	for (unsigned int i = 0; i < kat_count; i++) {
		const char *skip = "";
		char name[64];
		bool ok;

		ok = kat_test(i, name, sizeof(name), &skip);
		if (ok)
			passed++;
		else
			failed++;
		pr_info("%s %u %s%s\n", ok ? "ok" : "not ok",
			passed + failed, name, skip);
	}
}

static int __init vectors_init(void)
{
	unsigned int i, count = 0;
	struct subject *s;
	int err;

	err = nfipsec_scratch_init();
	if (err)
		return err;
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s) {
		nfipsec_scratch_exit();
		return -ENOMEM;
	}

	/* ESN changes nothing in the packets of a cipher but the ICV. */
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		count += vectors[i].aead ? 1 : 2;
	pr_info("KTAP version 1\n");
	pr_info("1..%u\n", count * (unsigned int)ARRAY_SIZE(tests) +
		kat_count);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		run_tests(s, &vectors[i], false);
		if (!vectors[i].aead)
			run_tests(s, &vectors[i], true);
	}
	run_kat_tests();
	kfree_sensitive(s);
	nfipsec_scratch_exit();
	return 0;
}

static void __exit vectors_exit(void)
{
}

module_init(vectors_init);
module_exit(vectors_exit);
MODULE_DESCRIPTION("Published ESP packets for the transform of nfipsec");
MODULE_LICENSE("GPL");
