// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request says of an SA: every value is looked at by itself. Algorithms
 * and keys are in nl_sa_keys.c.
 */
#include <linux/cpumask.h>
#include <linux/string.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_meta.h"
#include "nl_sa.h"
#include "path.h"
#include "proto.h"

static int missing(struct genl_info *info, int type, const char *sentence)
{
	return nfipsec_nl_missing(info->extack, NULL, type, sentence);
}

static int dst_get(struct genl_info *info, struct nfipsec_sa_key *key)
{
	const struct nlattr *dst = info->attrs[NFIPSEC_A_SA_DST];
	const struct nlattr *src = info->attrs[NFIPSEC_A_SA_SRC];
	int err;

	memset(key, 0, sizeof(*key));
	if (!dst)
		return missing(info, NFIPSEC_A_SA_DST,
			       "SA needs a destination address");
	err = nfipsec_nl_dst_get(dst, &key->daddr, &key->family,
				 info->extack);
	/* Only to a group does the sender make another SA. */
	if (!err && src && nfipsec_addr_is_group(&key->daddr, key->family))
		err = nfipsec_nl_ends_get(src, dst, &key->saddr, &key->daddr,
					  &key->family, info->extack);
	if (err)
		return err;
	return nfipsec_nl_proto_get(info->attrs[NFIPSEC_A_SA_PROTO],
				    &key->proto, info->extack);
}

/* @key is known already. */
static int src_get(struct genl_info *info, struct nfipsec_sa_config *cfg)
{
	const struct nlattr *src = info->attrs[NFIPSEC_A_SA_SRC];

	if (!src)
		return missing(info, NFIPSEC_A_SA_SRC,
			       "SA needs a source address");
	return nfipsec_nl_ends_get(src, info->attrs[NFIPSEC_A_SA_DST],
				   &cfg->saddr, &cfg->key.daddr,
				   &cfg->key.family, info->extack);
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
	return nfipsec_nl_spi_get(spi, key->proto, &key->spi, info->extack);
}

/*
 * Where there are many senders there is no window (RFC 4303 section 3.4.3), nor
 * where there are no numbers.
 */
static int replay_window_get(struct genl_info *info,
			     const struct nfipsec_sa_config *cfg, u32 *window)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_REPLAY_WINDOW];

	*window = nfipsec_addr_is_any(&cfg->saddr) ||
		  cfg->key.proto == IPPROTO_COMP ? 0 : NFIPSEC_REPLAY_DEFAULT;
	if (!attr)
		return 0;
	*window = nla_get_u32(attr);
	if (!*window || (*window >= NFIPSEC_REPLAY_MIN &&
			 *window <= NFIPSEC_REPLAY_MAX))
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
				 "the anti-replay window is 0 (off) or 32 to 65536 packets");
}

static int dscp_set_get(struct genl_info *info, u64 *set)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_DSCP_SET];

	if (!attr)
		return 0;
	*set = nla_get_u64(attr);
	if (*set)
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
				 "no DSCP value is in the set: leave it out for all of them");
}

static int cpu_get(struct genl_info *info, u32 *cpu)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_CPU];

	*cpu = NFIPSEC_CPU_ANY;
	if (!attr)
		return 0;
	*cpu = nla_get_u32(attr);
	if (*cpu < nr_cpu_ids)
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
				 "this host has no CPU with that number");
}

/* Values that are optional, and those that come from them. */
static int options_get(struct genl_info *info, struct nfipsec_sa_config *cfg)
{
	struct nlattr **a = info->attrs;
	int err;

	if (a[NFIPSEC_A_SA_REQID])
		cfg->reqid = nla_get_u32(a[NFIPSEC_A_SA_REQID]);
	nfipsec_nl_owner_get(a[NFIPSEC_A_SA_OWNER], cfg->owner);
	if (a[NFIPSEC_A_SA_DIR])
		cfg->dir = nla_get_u8(a[NFIPSEC_A_SA_DIR]);
	if (a[NFIPSEC_A_SA_FLAGS])
		cfg->flags = nla_get_u32(a[NFIPSEC_A_SA_FLAGS]);
	cfg->pmtu_age = NFIPSEC_PATH_AGE;
	if (a[NFIPSEC_A_SA_PMTU_AGE])
		cfg->pmtu_age = nla_get_u32(a[NFIPSEC_A_SA_PMTU_AGE]);
	err = replay_window_get(info, cfg, &cfg->replay_window);
	if (!err)
		err = nfipsec_nl_sa_seq_get(info, cfg);
	if (!err)
		err = nfipsec_nl_outer_get(a[NFIPSEC_A_SA_OUTER], cfg,
					   info->extack);
	if (!err && a[NFIPSEC_A_SA_ENCAP])
		err = nfipsec_nl_encap_get(a[NFIPSEC_A_SA_ENCAP],
					   cfg->key.family, &cfg->encap,
					   info->extack);
	if (!err)
		err = nfipsec_nl_tfc_get(a[NFIPSEC_A_SA_TFC], cfg, info->extack);
	if (!err)
		err = dscp_set_get(info, &cfg->dscp_set);
	if (!err)
		err = cpu_get(info, &cfg->cpu);
	if (!err)
		err = nfipsec_nl_lifetime_get(a[NFIPSEC_A_SA_LIFETIME],
					      &cfg->limits, info->extack);
	if (err || !a[NFIPSEC_A_SA_SELECTOR])
		return err;
	cfg->has_selector = true;
	return nfipsec_nl_selector_get(a[NFIPSEC_A_SA_SELECTOR],
				       &cfg->selector, info->extack) ?:
	       nfipsec_nl_meta_of_sa(a[NFIPSEC_A_SA_SELECTOR], &cfg->selector,
				     info->extack);
}

/**
 * nfipsec_nl_sa_config_get() - read an SA that is to be mature
 * @info: request; holds the keys that @cfg points to
 * @cfg: written whole; its selector is to be given to
 *	nfipsec_nl_selector_free(), also on error
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
			       "SA needs a mode: transport, tunnel or beet");
	cfg->mode = nla_get_u8(mode);
	err = options_get(info, cfg);
	if (err)
		return err;
	return nfipsec_nl_sa_keys_get(info, cfg->key.proto, &cfg->keys);
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
	bool comp;
	int err;

	memset(cfg, 0, sizeof(*cfg));
	cfg->state = NFIPSEC_SA_STATE_LARVAL;
	err = dst_get(info, &cfg->key);
	if (err)
		return err;
	comp = cfg->key.proto == IPPROTO_COMP;
	err = src_get(info, cfg);
	if (err)
		return err;
	if (a[NFIPSEC_A_SA_MODE])
		cfg->mode = nla_get_u8(a[NFIPSEC_A_SA_MODE]);
	if (a[NFIPSEC_A_SA_REQID])
		cfg->reqid = nla_get_u32(a[NFIPSEC_A_SA_REQID]);
	nfipsec_nl_owner_get(a[NFIPSEC_A_SA_OWNER], cfg->owner);

	*min = comp ? NFIPSEC_CPI_MIN : NFIPSEC_SPI_MIN;
	*max = comp ? NFIPSEC_CPI_NEGOTIATED : U32_MAX;
	if (a[NFIPSEC_A_SA_SPI_MIN])
		*min = nla_get_u32(a[NFIPSEC_A_SA_SPI_MIN]);
	if (a[NFIPSEC_A_SA_SPI_MAX])
		*max = nla_get_u32(a[NFIPSEC_A_SA_SPI_MAX]);
	if (*min < NFIPSEC_SPI_MIN)
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_SPI_MIN], -EINVAL,
					 "SPIs 0 to 255 are reserved (RFC 4303 section 2.1)");
	if (comp && *max > U16_MAX)
		return nfipsec_nl_refuse(info->extack,
					 a[NFIPSEC_A_SA_SPI_MAX], -EINVAL,
					 "the CPI of IPComp has 16 bits: 65535 is the highest");
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
		NFIPSEC_A_SA_AEAD_NAME, NFIPSEC_A_SA_AEAD_KEY,
		NFIPSEC_A_SA_AEAD_ICV_BITS, NFIPSEC_A_SA_ENC_NAME,
		NFIPSEC_A_SA_ENC_KEY, NFIPSEC_A_SA_AUTH_NAME,
		NFIPSEC_A_SA_AUTH_KEY, NFIPSEC_A_SA_AUTH_ICV_BITS,
		NFIPSEC_A_SA_OUTER, NFIPSEC_A_SA_PMTU_AGE,
		NFIPSEC_A_SA_ENCAP, NFIPSEC_A_SA_TFC,
		NFIPSEC_A_SA_DSCP_SET, NFIPSEC_A_SA_COMP_NAME,
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
						 "the SA is in use: its keys, algorithms, flags and encapsulation never change");
	if (a[NFIPSEC_A_SA_CPU])
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_CPU],
					 -EBUSY,
					 "the SA is in use: its CPU never changes");
	if (u8_differs(a[NFIPSEC_A_SA_MODE], sa->mode))
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_MODE],
					 -EBUSY,
					 "the SA is in use: its mode never changes");
	if (u8_differs(a[NFIPSEC_A_SA_DIR], sa->dir))
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_DIR],
					 -EBUSY,
					 "the SA is in use: its direction never changes");
	if (a[NFIPSEC_A_SA_OWNER] &&
	    nla_strcmp(a[NFIPSEC_A_SA_OWNER], sa->owner))
		return nfipsec_nl_refuse(info->extack, a[NFIPSEC_A_SA_OWNER],
					 -EBUSY,
					 "the SA is in use: its owner never changes");
	if (!src)
		return 0;
	err = nfipsec_nl_addr_get(src, &saddr, &family, info->extack);
	if (err)
		return err;
	if (family != sa->key.family || !nfipsec_addr_equal(&saddr, &sa->saddr))
		return nfipsec_nl_refuse(info->extack, src, -EBUSY,
					 "the SA is in use: its source address never changes");
	return 0;
}
