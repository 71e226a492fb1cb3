// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request says of an SA: every value is looked at by itself, then how
 * algorithms and keys fit. Key material stays in the request and is wiped
 * there.
 */
#include <linux/ctype.h>
#include <linux/string.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"
#include "proto.h"

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

static int dst_get(struct genl_info *info, struct nfipsec_sa_key *key)
{
	const struct nlattr *dst = info->attrs[NFIPSEC_A_SA_DST];
	int err;

	memset(key, 0, sizeof(*key));
	if (!dst)
		return missing(info, NFIPSEC_A_SA_DST,
			       "SA needs a destination address");
	err = nfipsec_nl_host_get(dst, &key->daddr, &key->family,
				  info->extack);
	if (err)
		return err;
	return nfipsec_nl_proto_get(info->attrs[NFIPSEC_A_SA_PROTO],
				    &key->proto, info->extack);
}

/* @key is known already. */
static int src_get(struct genl_info *info, struct nfipsec_sa_config *cfg)
{
	const struct nlattr *src = info->attrs[NFIPSEC_A_SA_SRC];
	u8 family;
	int err;

	if (!src)
		return missing(info, NFIPSEC_A_SA_SRC,
			       "SA needs a source address");
	err = nfipsec_nl_host_get(src, &cfg->saddr, &family, info->extack);
	if (!err && family != cfg->key.family)
		err = nfipsec_nl_refuse(info->extack, src, -EINVAL,
					"SA needs source and destination of one address family");
	return err;
}

/**
 * nfipsec_nl_sa_key_get() - read which SA is meant
 * @info: request
 * @key: written whole
 *
 * Context: process context.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_key_get(struct genl_info *info, struct nfipsec_sa_key *key)
{
	const struct nlattr *spi = info->attrs[NFIPSEC_A_SA_SPI];
	int err;

	err = dst_get(info, key);
	if (err)
		return err;
	if (!spi)
		return missing(info, NFIPSEC_A_SA_SPI, "SA needs an SPI");
	key->spi = nla_get_be32(spi);
	if (ntohl(key->spi) < NFIPSEC_SPI_MIN)
		return nfipsec_nl_refuse(info->extack, spi, -EINVAL,
					 "SPIs 0 to 255 are reserved (RFC 4303 section 2.1)");
	return 0;
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

/* The row of an algorithm, and its key where it lies in the request. */
static int algo_get(struct genl_info *info, const struct algo_types *types,
		    const struct nfipsec_algo **algo, const u8 **key,
		    unsigned int *key_len)
{
	const struct nlattr *name = info->attrs[types->name];
	const struct nlattr *data = info->attrs[types->key];

	if (!name)
		return missing(info, types->name,
			       "a key or an ICV length needs the name of its algorithm");
	*algo = nfipsec_algo_find(types->kind, nla_data(name));
	if (!*algo) {
		if (!printable(nla_data(name)))
			return nfipsec_nl_refuse(info->extack, name,
						 -EOPNOTSUPP,
						 "unknown algorithm");
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, name,
					"unknown algorithm: %.40s",
					(char *)nla_data(name));
		return -EOPNOTSUPP;
	}
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
	if (!nfipsec_algo_icv_ok(algo, *icv_bits))
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 icv_sentence(algo));
	return 0;
}

static int aead_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	err = algo_get(info, &aead_types, &keys->aead, &keys->aead_key,
		       &keys->aead_key_len);
	if (err)
		return err;
	return icv_get(info, NFIPSEC_A_SA_AEAD_ICV_BITS, keys->aead,
		       &keys->icv_bits);
}

static int enc_auth_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	int err;

	err = algo_get(info, &enc_types, &keys->enc, &keys->enc_key,
		       &keys->enc_key_len);
	if (err)
		return err;
	err = algo_get(info, &auth_types, &keys->auth, &keys->auth_key,
		       &keys->auth_key_len);
	if (err)
		return err;
	return icv_get(info, NFIPSEC_A_SA_AUTH_ICV_BITS, keys->auth,
		       &keys->icv_bits);
}

static int keys_get(struct genl_info *info, struct nfipsec_keys *keys)
{
	struct nlattr **a = info->attrs;
	bool aead = a[NFIPSEC_A_SA_AEAD_NAME] || a[NFIPSEC_A_SA_AEAD_KEY] ||
		    a[NFIPSEC_A_SA_AEAD_ICV_BITS];
	bool enc = a[NFIPSEC_A_SA_ENC_NAME] || a[NFIPSEC_A_SA_ENC_KEY];
	bool auth = a[NFIPSEC_A_SA_AUTH_NAME] || a[NFIPSEC_A_SA_AUTH_KEY] ||
		    a[NFIPSEC_A_SA_AUTH_ICV_BITS];

	if (aead && (enc || auth))
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_AEAD_NAME], -EINVAL,
					 "aead excludes enc and auth");
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

static int replay_window_get(struct genl_info *info, u32 *window)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_REPLAY_WINDOW];

	*window = NFIPSEC_REPLAY_DEFAULT;
	if (!attr)
		return 0;
	*window = nla_get_u32(attr);
	if (!*window || (*window >= NFIPSEC_REPLAY_MIN &&
			 *window <= NFIPSEC_REPLAY_MAX))
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
				 "the anti-replay window is 0 (off) or 32 to 65536 packets");
}

static int seq_get(struct genl_info *info, int type, u32 flags, u64 *seq)
{
	const struct nlattr *attr = info->attrs[type];

	if (!attr)
		return 0;
	*seq = nla_get_u64(attr);
	if (*seq > U32_MAX && !(flags & NFIPSEC_SA_FLAG_ESN))
		return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
					 "a sequence number above 4294967295 needs flag esn");
	return 0;
}

/* Values that are optional, and those that come from them. */
static int options_get(struct genl_info *info, struct nfipsec_sa_config *cfg)
{
	struct nlattr **a = info->attrs;
	int err;

	if (a[NFIPSEC_A_SA_REQID])
		cfg->reqid = nla_get_u32(a[NFIPSEC_A_SA_REQID]);
	if (a[NFIPSEC_A_SA_DIR])
		cfg->dir = nla_get_u8(a[NFIPSEC_A_SA_DIR]);
	if (a[NFIPSEC_A_SA_FLAGS])
		cfg->flags = nla_get_u32(a[NFIPSEC_A_SA_FLAGS]);
	err = replay_window_get(info, &cfg->replay_window);
	if (!err)
		err = seq_get(info, NFIPSEC_A_SA_SEQ_OUT, cfg->flags,
			      &cfg->seq_out);
	if (!err)
		err = seq_get(info, NFIPSEC_A_SA_SEQ_IN, cfg->flags,
			      &cfg->seq_in);
	if (err || !a[NFIPSEC_A_SA_SELECTOR])
		return err;
	cfg->has_selector = true;
	return nfipsec_nl_selector_get(a[NFIPSEC_A_SA_SELECTOR],
				       &cfg->selector, info->extack);
}

/**
 * nfipsec_nl_sa_config_get() - read an SA that is to be mature
 * @info: request; holds the keys that @cfg points to
 * @cfg: written whole
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_config_get(struct genl_info *info,
			     struct nfipsec_sa_config *cfg)
{
	const struct nlattr *mode = info->attrs[NFIPSEC_A_SA_MODE];
	int err;

	memset(cfg, 0, sizeof(*cfg));
	cfg->state = NFIPSEC_SA_STATE_MATURE;
	err = nfipsec_nl_sa_key_get(info, &cfg->key);
	if (err)
		return err;
	err = src_get(info, cfg);
	if (err)
		return err;
	if (!mode)
		return missing(info, NFIPSEC_A_SA_MODE,
			       "SA needs a mode, transport or tunnel");
	cfg->mode = nla_get_u8(mode);
	err = options_get(info, cfg);
	if (err)
		return err;
	return keys_get(info, &cfg->keys);
}

/**
 * nfipsec_nl_sa_larval_get() - read an SA that is to get an SPI
 * @info: request
 * @cfg: written whole, without SPI
 * @min: lowest SPI wanted
 * @max: highest SPI wanted
 *
 * Context: process context.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_larval_get(struct genl_info *info,
			     struct nfipsec_sa_config *cfg, u32 *min, u32 *max)
{
	struct nlattr **a = info->attrs;
	int err;

	memset(cfg, 0, sizeof(*cfg));
	cfg->state = NFIPSEC_SA_STATE_LARVAL;
	err = dst_get(info, &cfg->key);
	if (err)
		return err;
	err = src_get(info, cfg);
	if (err)
		return err;
	if (a[NFIPSEC_A_SA_MODE])
		cfg->mode = nla_get_u8(a[NFIPSEC_A_SA_MODE]);
	if (a[NFIPSEC_A_SA_REQID])
		cfg->reqid = nla_get_u32(a[NFIPSEC_A_SA_REQID]);

	*min = NFIPSEC_SPI_MIN;
	*max = U32_MAX;
	if (a[NFIPSEC_A_SA_SPI_MIN])
		*min = nla_get_u32(a[NFIPSEC_A_SA_SPI_MIN]);
	if (a[NFIPSEC_A_SA_SPI_MAX])
		*max = nla_get_u32(a[NFIPSEC_A_SA_SPI_MAX]);
	if (*min < NFIPSEC_SPI_MIN)
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_SPI_MIN], -EINVAL,
					 "SPIs 0 to 255 are reserved (RFC 4303 section 2.1)");
	if (*max < *min)
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_SPI_MAX], -EINVAL,
					 "the range of SPIs ends before it starts");
	return 0;
}

static bool u8_differs(const struct nlattr *attr, u8 value)
{
	return attr && nla_get_u8(attr) != value;
}

/**
 * nfipsec_nl_sa_same() - see that a request leaves a mature SA what it is
 * @info: request, its key is that of @sa
 * @sa: mature
 *
 * Context: under the config lock.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_same(struct genl_info *info, const struct nfipsec_sa *sa)
{
	/* Given again, they would have to be compared with what is secret. */
	static const int never[] = {
		NFIPSEC_A_SA_FLAGS, NFIPSEC_A_SA_REPLAY_WINDOW,
		NFIPSEC_A_SA_SEQ_OUT, NFIPSEC_A_SA_SEQ_IN,
		NFIPSEC_A_SA_AEAD_NAME, NFIPSEC_A_SA_AEAD_KEY,
		NFIPSEC_A_SA_AEAD_ICV_BITS, NFIPSEC_A_SA_ENC_NAME,
		NFIPSEC_A_SA_ENC_KEY, NFIPSEC_A_SA_AUTH_NAME,
		NFIPSEC_A_SA_AUTH_KEY, NFIPSEC_A_SA_AUTH_ICV_BITS,
	};
	struct nlattr **a = info->attrs;
	const struct nlattr *src = a[NFIPSEC_A_SA_SRC];
	union nfipsec_addr saddr;
	unsigned int i;
	u8 family;
	int err;

	for (i = 0; i < ARRAY_SIZE(never); i++)
		if (a[never[i]])
			return nfipsec_nl_refuse(info->extack, a[never[i]],
						 -EBUSY,
						 "the SA is in use: its keys, algorithms, flags and sequence numbers never change");
	if (u8_differs(a[NFIPSEC_A_SA_MODE], sa->mode))
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_MODE],
					 -EBUSY,
					 "the SA is in use: its mode never changes");
	if (u8_differs(a[NFIPSEC_A_SA_DIR], sa->dir))
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_DIR],
					 -EBUSY,
					 "the SA is in use: its direction never changes");
	if (!src)
		return 0;
	err = nfipsec_nl_host_get(src, &saddr, &family, info->extack);
	if (err)
		return err;
	if (family != sa->key.family || !nfipsec_addr_equal(&saddr, &sa->saddr))
		return nfipsec_nl_refuse(info->extack, src, -EBUSY,
					 "the SA is in use: its source address never changes");
	return 0;
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
