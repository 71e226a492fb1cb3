// SPDX-License-Identifier: GPL-2.0-only
/* The operation features-get. */
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/crypto.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include "algo.h"
#include "deflate.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/* An answer with all algorithms has room in it. */
#define ANSWER_SIZE	SZ_16K

static const u32 features =
	NFIPSEC_FEATURE_AH | NFIPSEC_FEATURE_ESN | NFIPSEC_FEATURE_IIV |
	NFIPSEC_FEATURE_BEET | NFIPSEC_FEATURE_UDP_ENCAP |
	NFIPSEC_FEATURE_TFC | NFIPSEC_FEATURE_MULTICAST |
	NFIPSEC_FEATURE_LIFETIME | NFIPSEC_FEATURE_ACQUIRE |
	NFIPSEC_FEATURE_OWNER | NFIPSEC_FEATURE_MOVE |
	NFIPSEC_FEATURE_CHANGES | NFIPSEC_FEATURE_PER_CPU;

/*
 * Without @load, is it registered, or has a template made it for somebody? Only
 * algorithms that have been tested are then looked for: where there is none, the
 * crypto API neither loads nor makes one. Else it is asked as for an SA, with the
 * same masks, so that it does not make one for each of two who ask at once.
 */
static bool crypto_has(const struct nfipsec_algo *algo, bool load)
{
	const char *name = algo->whole ?: algo->name;
	u32 type = load ? 0 : CRYPTO_ALG_TESTED;
	u32 mask = load ? 0 : CRYPTO_ALG_TESTED | CRYPTO_NOLOAD;

	switch (algo->kind) {
	case NFIPSEC_AEAD:
		/* As crypto_has_aead(), which 6.1 does not have. */
		return crypto_has_alg(name, CRYPTO_ALG_TYPE_AEAD | type,
				      CRYPTO_ALG_TYPE_MASK | mask);
	case NFIPSEC_ENC:
		return crypto_has_skcipher(name, type, mask);
	default:
		return crypto_has_ahash(name, type, mask | CRYPTO_ALG_ASYNC);
	}
}

static u8 state_of(bool ready, bool looked)
{
	if (ready)
		return NFIPSEC_ALGO_STATE_READY;
	return looked ? NFIPSEC_ALGO_STATE_MISSING : NFIPSEC_ALGO_STATE_UNKNOWN;
}

static u32 flags_of(const struct nfipsec_algo *algo)
{
	return (algo->iiv ? NFIPSEC_ALGO_FLAG_IIV : 0) |
	       (algo->ah || algo->kind == NFIPSEC_AUTH ?
		NFIPSEC_ALGO_FLAG_AH : 0) |
	       (algo->weak ? NFIPSEC_ALGO_FLAG_WEAK : 0);
}

static u8 use_of(const struct nfipsec_algo *algo)
{
	switch (algo->kind) {
	case NFIPSEC_AEAD:
		return NFIPSEC_ALGO_USE_AEAD;
	case NFIPSEC_ENC:
		return NFIPSEC_ALGO_USE_ENC;
	default:
		return NFIPSEC_ALGO_USE_AUTH;
	}
}

static int put_lens(struct sk_buff *skb, const struct nfipsec_algo *algo)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(algo->key_len) && algo->key_len[i]; i++)
		err = nla_put_u32(skb, NFIPSEC_A_ALGO_KEY_LEN, algo->key_len[i]);
	for (i = 0; !err && i < ARRAY_SIZE(algo->icv_bits) && algo->icv_bits[i]; i++)
		err = nla_put_u32(skb, NFIPSEC_A_ALGO_ICV_BITS,
				  algo->icv_bits[i]);
	if (!err && algo->salt_len)
		err = nla_put_u32(skb, NFIPSEC_A_ALGO_SALT_LEN, algo->salt_len);
	return err;
}

static int put_state(struct sk_buff *skb, u8 state, const char *lacks)
{
	if (nla_put_u8(skb, NFIPSEC_A_ALGO_STATE, state))
		return -EMSGSIZE;
	if (state == NFIPSEC_ALGO_STATE_READY || !lacks)
		return 0;
	return nla_put_string(skb, NFIPSEC_A_ALGO_LACKS, lacks);
}

static int put_algo(struct sk_buff *skb, const struct nfipsec_algo *algo,
		    bool load)
{
	struct nlattr *nest = nla_nest_start(skb, NFIPSEC_A_FEATURES_ALGO);
	bool ready = algo->null || crypto_has(algo, load);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, NFIPSEC_A_ALGO_NAME, algo->name) ?:
	      nla_put_string(skb, NFIPSEC_A_ALGO_ALIAS, algo->alias[0]) ?:
	      nla_put_u8(skb, NFIPSEC_A_ALGO_USE, use_of(algo)) ?:
	      put_lens(skb, algo) ?:
	      nla_put_u32(skb, NFIPSEC_A_ALGO_FLAGS, flags_of(algo)) ?:
	      put_state(skb, state_of(ready, load), algo->lacks) ?:
	      nla_put_string(skb, NFIPSEC_A_ALGO_RFC, algo->rfc);
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

/* The one of IPComp is no row of the table. */
static int put_comp(struct sk_buff *skb)
{
	struct nlattr *nest = nla_nest_start(skb, NFIPSEC_A_FEATURES_ALGO);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, NFIPSEC_A_ALGO_NAME, NFIPSEC_COMP_NAME) ?:
	      nla_put_u8(skb, NFIPSEC_A_ALGO_USE, NFIPSEC_ALGO_USE_COMP) ?:
	      put_state(skb, state_of(nfipsec_deflate_built(), true),
			NFIPSEC_DEFLATE_LACKS) ?:
	      nla_put_string(skb, NFIPSEC_A_ALGO_RFC, "RFC 2394");
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

static int put_all(struct sk_buff *skb, bool load)
{
	u32 flags = features;
	const struct nfipsec_algo *algo;
	unsigned int i;
	int err;

	if (nfipsec_deflate_built())
		flags |= NFIPSEC_FEATURE_IPCOMP;
	err = nla_put_string(skb, NFIPSEC_A_FEATURES_VERSION,
			     THIS_MODULE->version ?: "") ?:
	      nla_put_u32(skb, NFIPSEC_A_FEATURES_FLAGS, flags);
	for (i = 0; !err && (algo = nfipsec_algo_row(i)); i++)
		err = put_algo(skb, algo, load);
	return err ?: put_comp(skb);
}

/**
 * nfipsec_nl_features_get_doit() - answer with what the module can do
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_features_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = nfipsec_nl_reply_new(info, ANSWER_SIZE, &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	err = put_all(reply, info->attrs[NFIPSEC_A_FEATURES_LOAD]);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}
