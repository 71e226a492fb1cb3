// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request says of an SA's algorithms and keys, and whether they fit.
 * Key material stays in the request and is wiped there.
 */
#include <linux/ctype.h>
#include <linux/in.h>
#include <linux/string.h>

#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/**
 * struct algo_types - attributes that say one algorithm
 * @kind: what it is for
 * @name: its name
 * @key: its key
 */
struct algo_types {
	enum nfipsec_algo_kind kind;
	int name;
	int key;
};

static const struct algo_types aead_types = {
	NFIPSEC_AEAD, NFIPSEC_A_SA_AEAD_NAME, NFIPSEC_A_SA_AEAD_KEY,
};

static const struct algo_types enc_types = {
	NFIPSEC_ENC, NFIPSEC_A_SA_ENC_NAME, NFIPSEC_A_SA_ENC_KEY,
};

static const struct algo_types auth_types = {
	NFIPSEC_AUTH, NFIPSEC_A_SA_AUTH_NAME, NFIPSEC_A_SA_AUTH_KEY,
};

static int missing(struct genl_info *info, int type, const char *sentence)
{
	return nfipsec_nl_missing(info->extack, NULL, type, sentence);
}

static const char *key_sentence(const struct nfipsec_algo *algo)
{
	const char *salt = algo->salt_len ? ", salt included" : "";
	unsigned int i, n;
	char list[32];

	if (!algo->key_len[0])
		return nfipsec_nl_sentence("%s takes no key", algo->name);
	for (i = 0, n = 0; i < ARRAY_SIZE(algo->key_len) && algo->key_len[i];
	     i++)
		n += scnprintf(list + n, sizeof(list) - n, "%s%u",
			       i ? "/" : "",
			       algo->key_len[i] + algo->salt_len);
	return nfipsec_nl_sentence("%s takes a key of %s bytes%s", algo->name,
				   list, salt);
}

static const char *icv_sentence(const struct nfipsec_algo *algo)
{
	unsigned int i, n;
	char list[32];

	for (i = 0, n = 0;
	     i < ARRAY_SIZE(algo->icv_bits) && algo->icv_bits[i]; i++)
		n += scnprintf(list + n, sizeof(list) - n, "%s%u",
			       i ? "/" : "", algo->icv_bits[i]);
	return nfipsec_nl_sentence("%s takes an ICV of %s bits", algo->name,
				   list);
}

/* Only what a terminal can show is quoted back. */
static bool printable(const char *name)
{
	while (*name)
		if (!isascii(*name) || !isprint(*name++))
			return false;
	return true;
}

/* There is no such row: is that on purpose? */
static int no_row(struct genl_info *info, const struct algo_types *types,
		  const struct nlattr *name)
{
	const char *why = nfipsec_algo_forbidden(types->kind, nla_data(name));

	if (why)
		return nfipsec_nl_refuse(info->extack, name, -EOPNOTSUPP, why);
	if (!printable(nla_data(name)))
		return nfipsec_nl_refuse(info->extack, name, -EOPNOTSUPP,
					 "unknown algorithm");
	NL_SET_ERR_MSG_ATTR_FMT(info->extack, name,
				"unknown algorithm: %.40s",
				(char *)nla_data(name));
	return -EOPNOTSUPP;
}

/*
 * Whether the namespace permits it is asked when an SA is made, only then; and once
 * more when it comes into the SAD, if the config lock is not held meanwhile.
 */
static int weak_check(struct genl_info *info, const struct nlattr *name,
		      const struct nfipsec_algo *algo)
{
	const struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));

	/* In a transaction, the commit looks at that: it may permit them. */
	if (!algo->weak || READ_ONCE(nn->weak) ||
	    info->attrs[NFIPSEC_A_SA_TRANSACTION])
		return 0;
	return nfipsec_nl_refuse(info->extack, name, -EPERM,
				 nfipsec_nl_sentence("%s is weak and should not be used (RFC 8221); \"nfipsec default weak on\" allows it",
						     algo->name));
}

/* The row of an algorithm, and its key where it lies in the request. */
static int algo_get(struct genl_info *info, const struct algo_types *types,
		    const struct nfipsec_algo **algo, const u8 **key,
		    unsigned int *key_len)
{
	const struct nlattr *name = info->attrs[types->name];
	const struct nlattr *data = info->attrs[types->key];
	int err;

	if (!name)
		return missing(info, types->name,
			       "a key or an ICV length needs the name of its algorithm");
	*algo = nfipsec_algo_find(types->kind, nla_data(name));
	if (!*algo)
		return no_row(info, types, name);
	err = weak_check(info, name, *algo);
	if (err)
		return err;
	*key = data ? nla_data(data) : NULL;
	*key_len = data ? nla_len(data) : 0;
	if (nfipsec_algo_key_ok(*algo, *key_len))
		return 0;
	return data ? nfipsec_nl_refuse(info->extack, data, -EINVAL,
					key_sentence(*algo)) :
		      missing(info, types->key, key_sentence(*algo));
}

static int icv_get(struct genl_info *info, int type,
		   const struct nfipsec_algo *algo, unsigned int *icv_bits)
{
	const struct nlattr *attr = info->attrs[type];

	if (!attr)
		return missing(info, type, icv_sentence(algo));
	*icv_bits = nla_get_u32(attr);
	if (nfipsec_algo_icv_ok(algo, *icv_bits))
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
				 *icv_bits == 96 && algo->icv96 ?
				 algo->icv96 : icv_sentence(algo));
}

/* @algo is what encrypts. */
static int iiv_get(struct genl_info *info, const struct nfipsec_algo *algo,
		   bool *iiv)
{
	const struct nlattr *flags = info->attrs[NFIPSEC_A_SA_FLAGS];

	*iiv = flags && (nla_get_u32(flags) & NFIPSEC_SA_FLAG_IIV);
	if (!*iiv || algo->iiv)
		return 0;
	return nfipsec_nl_refuse(info->extack, flags, -EINVAL,
				 nfipsec_nl_sentence("%s has no implicit IV (RFC 8750): leave out flag iiv",
						     algo->name));
}

static int aead_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	err = algo_get(info, &aead_types, &keys->aead, &keys->aead_key,
		       &keys->aead_key_len);
	if (err)
		return err;
	err = icv_get(info, NFIPSEC_A_SA_AEAD_ICV_BITS, keys->aead,
		      &keys->icv_bits);
	if (err)
		return err;
	return iiv_get(info, keys->aead, &keys->iiv);
}

static int enc_auth_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	err = algo_get(info, &enc_types, &keys->enc, &keys->enc_key,
		       &keys->enc_key_len);
	if (err)
		return err;
	err = iiv_get(info, keys->enc, &keys->iiv);
	if (err)
		return err;
	err = algo_get(info, &auth_types, &keys->auth, &keys->auth_key,
		       &keys->auth_key_len);
	if (err)
		return err;
	return icv_get(info, NFIPSEC_A_SA_AUTH_ICV_BITS, keys->auth,
		       &keys->icv_bits);
}

/* For AH, a combined algorithm that encrypts nothing (RFC 4543 section 4). */
static int ah_aead_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	err = aead_get(info, keys);
	if (err || keys->aead->ah)
		return err;
	return nfipsec_nl_refuse(info->extack,
				 info->attrs[NFIPSEC_A_SA_AEAD_NAME], -EINVAL,
				 "AH encrypts nothing: give auth, or aead with 'rfc4543(gcm(aes))'");
}

static int ah_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	if (!info->attrs[NFIPSEC_A_SA_AUTH_NAME])
		return missing(info, NFIPSEC_A_SA_AUTH_NAME,
			       "an SA of AH needs auth, or aead with 'rfc4543(gcm(aes))'");
	err = algo_get(info, &auth_types, &keys->auth, &keys->auth_key,
		       &keys->auth_key_len);
	if (err)
		return err;
	return icv_get(info, NFIPSEC_A_SA_AUTH_ICV_BITS, keys->auth,
		       &keys->icv_bits);
}

/* DEFLATE, or something is wrong. @other is what IPComp has not. */
static int comp_get(struct genl_info *info, const struct nlattr *other)
{
	const struct nlattr *name = info->attrs[NFIPSEC_A_SA_COMP_NAME];

	if (other)
		return nfipsec_nl_refuse(info->extack, other, -EINVAL,
					 "IPComp has no keys: give comp alone");
	if (!name)
		return missing(info, NFIPSEC_A_SA_COMP_NAME,
			       "an SA of IPComp needs the name of an algorithm: comp deflate");
	if (strcmp(nla_data(name), NFIPSEC_COMP_NAME))
		return nfipsec_nl_refuse(info->extack, name, -EOPNOTSUPP,
					 "the only algorithm of IPComp is deflate (RFC 2394)");
	return 0;
}

/**
 * nfipsec_nl_sa_keys_get() - read the algorithms and keys of an SA
 * @info: request; holds the keys that @keys points to
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @keys: written
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_keys_get(struct genl_info *info, u8 proto,
			   struct nfipsec_keys *keys)
{
	struct nlattr **a = info->attrs;
	bool aead = a[NFIPSEC_A_SA_AEAD_NAME] || a[NFIPSEC_A_SA_AEAD_KEY] ||
		    a[NFIPSEC_A_SA_AEAD_ICV_BITS];
	bool enc = a[NFIPSEC_A_SA_ENC_NAME] || a[NFIPSEC_A_SA_ENC_KEY];
	bool auth = a[NFIPSEC_A_SA_AUTH_NAME] || a[NFIPSEC_A_SA_AUTH_KEY] ||
		    a[NFIPSEC_A_SA_AUTH_ICV_BITS];

	if (proto == IPPROTO_COMP)
		return comp_get(info, a[NFIPSEC_A_SA_AEAD_NAME] ?:
				      a[NFIPSEC_A_SA_AEAD_KEY] ?:
				      a[NFIPSEC_A_SA_ENC_NAME] ?:
				      a[NFIPSEC_A_SA_ENC_KEY] ?:
				      a[NFIPSEC_A_SA_AUTH_NAME] ?:
				      a[NFIPSEC_A_SA_AUTH_KEY] ?:
				      a[NFIPSEC_A_SA_AEAD_ICV_BITS] ?:
				      a[NFIPSEC_A_SA_AUTH_ICV_BITS]);
	if (a[NFIPSEC_A_SA_COMP_NAME])
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_COMP_NAME], -EINVAL,
					 "comp is for an SA of IPComp, which goes in front of this one");
	if (aead && (enc || auth))
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_AEAD_NAME], -EINVAL,
					 "aead excludes enc and auth");
	if (proto == IPPROTO_AH && enc)
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_ENC_NAME] ?:
					 a[NFIPSEC_A_SA_ENC_KEY], -EINVAL,
					 "AH encrypts nothing: give auth alone");
	if (proto == IPPROTO_AH)
		return aead ? ah_aead_get(info, keys) : ah_get(info, keys);
	if (aead)
		return aead_get(info, keys);
	if (enc && auth)
		return enc_auth_get(info, keys);
	if (enc)
		return missing(info, NFIPSEC_A_SA_AUTH_NAME,
			       "encryption without authentication is refused (RFC 8221 section 4), give auth too");
	if (auth)
		return missing(info, NFIPSEC_A_SA_ENC_NAME,
			       "auth needs enc, which may be 'ecb(cipher_null)'");
	return missing(info, NFIPSEC_A_SA_AEAD_NAME,
		       "SA needs algorithms: aead, or enc and auth");
}

/**
 * nfipsec_nl_sa_keys_wipe() - wipe key material out of a request
 * @info: request that has been served; the keys in it are then zero
 *
 * Looks at the message itself, because an attribute that is given twice is
 * only once in info->attrs.
 *
 * Context: any.
 */
void nfipsec_nl_sa_keys_wipe(struct genl_info *info)
{
	struct nlattr *attr;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		switch (nla_type(attr)) {
		case NFIPSEC_A_SA_AEAD_KEY:
		case NFIPSEC_A_SA_ENC_KEY:
		case NFIPSEC_A_SA_AUTH_KEY:
			memzero_explicit(nla_data(attr), nla_len(attr));
		}
	}
}
