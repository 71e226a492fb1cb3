// SPDX-License-Identifier: GPL-2.0-only
/* The lifetime of an SA, from attributes and to attributes. */
#include <linux/build_bug.h>
#include <linux/string.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/* Attributes come in the order of enum nfipsec_limit, soft before hard. */
#define SOFT(limit)	(NFIPSEC_A_LIFETIME_BYTE_SOFT + 2 * (limit))
#define HARD(limit)	(NFIPSEC_A_LIFETIME_BYTE_HARD + 2 * (limit))

static_assert(SOFT(NFIPSEC_LIMIT_PACKETS) == NFIPSEC_A_LIFETIME_PACKET_SOFT);
static_assert(SOFT(NFIPSEC_LIMIT_TIME) == NFIPSEC_A_LIFETIME_TIME_SOFT);
static_assert(HARD(NFIPSEC_LIMIT_TIME_USE) ==
	      NFIPSEC_A_LIFETIME_TIME_USE_HARD);

static u64 limit_get(const struct nlattr *attr)
{
	return attr ? nla_get_u64(attr) : 0;
}

/**
 * nfipsec_nl_lifetime_get() - read limits
 * @nest: attribute set "lifetime", or NULL
 * @limits: written whole; makes sense on success
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_lifetime_get(const struct nlattr *nest,
			    struct nfipsec_limits *limits,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_LIFETIME_MAX + 1];
	unsigned int i;
	int err;

	memset(limits, 0, sizeof(*limits));
	if (!nest)
		return 0;
	err = nla_parse_nested(tb, NFIPSEC_A_LIFETIME_MAX, nest,
			       nfipsec_lifetime_nl_policy, extack);
	if (err)
		return err;
	for (i = 0; i < NFIPSEC_LIMITS_SET; i++) {
		limits->soft[i] = limit_get(tb[SOFT(i)]);
		limits->hard[i] = limit_get(tb[HARD(i)]);
	}
	err = nfipsec_limits_crossed(limits);
	if (err < 0)
		return 0;
	return nfipsec_nl_refuse(extack, tb[SOFT(err)], -EINVAL,
				 "lifetime: a soft limit is not above its hard one, the SA would end unannounced");
}

/**
 * nfipsec_nl_lifetime_put() - write the limits of an SA
 * @skb: message
 * @type: attribute
 * @limits: one limit at least
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_lifetime_put(struct sk_buff *skb, int type,
			    const struct nfipsec_limits *limits)
{
	struct nlattr *nest = nla_nest_start(skb, type);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < NFIPSEC_LIMITS_SET; i++) {
		if ((limits->soft[i] &&
		     nla_put_u64_64bit(skb, SOFT(i), limits->soft[i],
				       NFIPSEC_A_LIFETIME_PAD)) ||
		    (limits->hard[i] &&
		     nla_put_u64_64bit(skb, HARD(i), limits->hard[i],
				       NFIPSEC_A_LIFETIME_PAD))) {
			nla_nest_cancel(skb, nest);
			return -EMSGSIZE;
		}
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * nfipsec_nl_usage_put() - write what was used of an SA's life
 * @skb: message, of attribute set "sa"
 * @used: what was used
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_usage_put(struct sk_buff *skb, const struct nfipsec_usage *used)
{
	int err;

	err = nla_put_u64_64bit(skb, NFIPSEC_A_SA_USED_BYTES, used->bytes,
				NFIPSEC_A_SA_PAD) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_SA_USED_PACKETS, used->packets,
				NFIPSEC_A_SA_PAD);
	if (err || !used->first)
		return err;
	return nla_put_u64_64bit(skb, NFIPSEC_A_SA_USE_TIME, used->first,
				 NFIPSEC_A_SA_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_SA_LAST_USED, used->last,
				 NFIPSEC_A_SA_PAD);
}
