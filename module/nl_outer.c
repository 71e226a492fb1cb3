// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer header of an SA, and what it does for the confidentiality of traffic
 * flows: from attributes and to attributes.
 */
#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/* Milliseconds from one dummy packet to the next. */
#define DUMMY_MIN	10
#define DUMMY_MAX	86400000

static u8 u8_or(const struct nlattr *attr, u8 value)
{
	return attr ? nla_get_u8(attr) : value;
}

/* A flag and an attribute that say the same must not contradict each other. */
static int merge(struct nlattr **tb, int type, u32 *flags, u32 flag, u8 *value,
		 u8 same, const char *sentence, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[type];

	if (attr)
		*value = nla_get_u8(attr);
	else if (*flags & flag)
		*value = same;
	if (*value == same)
		*flags |= flag;
	else if (*flags & flag)
		return nfipsec_nl_refuse(extack, attr, -EINVAL, sentence);
	return 0;
}

static int label_get(struct nlattr **tb, struct nfipsec_outer *o,
		     struct netlink_ext_ack *extack)
{
	const struct nlattr *value = tb[NFIPSEC_A_OUTER_LABEL_VALUE];

	o->label = u8_or(tb[NFIPSEC_A_OUTER_LABEL], NFIPSEC_LABEL_VALUE);
	if (!value)
		return 0;
	if (o->label != NFIPSEC_LABEL_VALUE)
		return nfipsec_nl_refuse(extack, value, -EINVAL,
					 "outer: a flow label that is copied or hashed has no value");
	o->label_value = nla_get_u32(value);
	if (o->label_value > ntohl(IPV6_FLOWLABEL_MASK))
		return nfipsec_nl_refuse(extack, value, -ERANGE,
					 "outer: a flow label is a number up to 1048575");
	return 0;
}

static int frag_get(struct nlattr **tb, struct nfipsec_outer *o,
		    struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[NFIPSEC_A_OUTER_FRAG];
	u8 usual = o->df == NFIPSEC_DF_SET ? NFIPSEC_FRAG_BEFORE :
					     NFIPSEC_FRAG_AFTER;

	o->frag = u8_or(attr, usual);
	if (o->df == NFIPSEC_DF_SET && o->frag == NFIPSEC_FRAG_AFTER)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "outer: with DF set, packets can only be fragmented before they are sealed");
	return 0;
}

/**
 * nfipsec_nl_outer_get() - read how an SA makes and reads the outer header
 * @nest: attribute set "outer", or NULL
 * @cfg: mode and flags are known; outer and the flags that say a part of the
 *	same are written
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_outer_get(const struct nlattr *nest,
			 struct nfipsec_sa_config *cfg,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_OUTER_MAX + 1] = {};
	struct nfipsec_outer *o = &cfg->outer;
	int err;

	if (nest && cfg->mode != NFIPSEC_MODE_TUNNEL)
		return nfipsec_nl_refuse(extack, nest, -EINVAL,
					 "outer: transport mode has no outer header");
	if (nest) {
		err = nla_parse_nested(tb, NFIPSEC_A_OUTER_MAX, nest,
				       nfipsec_outer_nl_policy, extack);
		if (err)
			return err;
	}
	if (cfg->mode != NFIPSEC_MODE_TUNNEL)
		return 0;

	err = merge(tb, NFIPSEC_A_OUTER_ECN, &cfg->flags,
		    NFIPSEC_SA_FLAG_NOECN, &o->ecn, NFIPSEC_ECN_OFF,
		    "outer: flag noecn says something else", extack);
	if (!err)
		err = merge(tb, NFIPSEC_A_OUTER_DF, &cfg->flags,
			    NFIPSEC_SA_FLAG_NOPMTUDISC, &o->df,
			    NFIPSEC_DF_CLEAR,
			    "outer: flag nopmtudisc says something else",
			    extack);
	if (!err)
		err = label_get(tb, o, extack);
	if (!err)
		err = frag_get(tb, o, extack);
	o->decap_dscp = cfg->flags & NFIPSEC_SA_FLAG_DECAP_DSCP;
	o->dscp_fixed = tb[NFIPSEC_A_OUTER_DSCP];
	o->dscp = u8_or(tb[NFIPSEC_A_OUTER_DSCP], 0);
	o->hop_limit = u8_or(tb[NFIPSEC_A_OUTER_HOP_LIMIT], 0);
	return err;
}

/**
 * nfipsec_nl_outer_put() - write how an SA makes and reads the outer header
 * @skb: message
 * @type: attribute
 * @o: what the SA says
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_outer_put(struct sk_buff *skb, int type,
			 const struct nfipsec_outer *o)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(skb, NFIPSEC_A_OUTER_ECN, o->ecn) ||
	    (o->dscp_fixed &&
	     nla_put_u8(skb, NFIPSEC_A_OUTER_DSCP, o->dscp)) ||
	    nla_put_u8(skb, NFIPSEC_A_OUTER_DF, o->df) ||
	    (o->hop_limit &&
	     nla_put_u8(skb, NFIPSEC_A_OUTER_HOP_LIMIT, o->hop_limit)) ||
	    nla_put_u8(skb, NFIPSEC_A_OUTER_LABEL, o->label) ||
	    (o->label == NFIPSEC_LABEL_VALUE &&
	     nla_put_u32(skb, NFIPSEC_A_OUTER_LABEL_VALUE, o->label_value)) ||
	    nla_put_u8(skb, NFIPSEC_A_OUTER_FRAG, o->frag)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Absent leaves it as it is. */
static int number_get(const struct nlattr *attr, u32 min, u32 max, u32 *value,
		      const char *sentence, struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*value = nla_get_u32(attr);
	if (*value >= min && *value <= max)
		return 0;
	return nfipsec_nl_refuse(extack, attr, -ERANGE, sentence);
}

/**
 * nfipsec_nl_tfc_get() - read what an SA does against traffic analysis
 * @nest: attribute set "tfc", or NULL
 * @cfg: direction is known; tfc is written
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_tfc_get(const struct nlattr *nest, struct nfipsec_sa_config *cfg,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_TFC_MAX + 1];
	int err;

	if (!nest)
		return 0;
	err = nla_parse_nested(tb, NFIPSEC_A_TFC_MAX, nest,
			       nfipsec_tfc_nl_policy, extack);
	if (err)
		return err;
	if (cfg->dir == NFIPSEC_DIR_IN)
		return nfipsec_nl_refuse(extack, nest, -EINVAL,
					 "tfc: an SA for receiving sends nothing that could be padded");
	err = number_get(tb[NFIPSEC_A_TFC_PAD], 1, U16_MAX, &cfg->tfc.pad,
			 "tfc: a payload is padded to 1 to 65535 bytes", extack);
	if (err)
		return err;
	return number_get(tb[NFIPSEC_A_TFC_DUMMY_INTERVAL], DUMMY_MIN,
			  DUMMY_MAX, &cfg->tfc.dummy_interval,
			  "tfc: dummy packets are 10 to 86400000 milliseconds apart",
			  extack);
}

/**
 * nfipsec_nl_tfc_put() - write what an SA does against traffic analysis
 * @skb: message
 * @type: attribute
 * @tfc: what the SA does; if that is nothing, nothing is written
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_tfc_put(struct sk_buff *skb, int type,
		       const struct nfipsec_tfc *tfc)
{
	struct nlattr *nest;

	if (!tfc->pad && !tfc->dummy_interval)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	if ((tfc->pad && nla_put_u32(skb, NFIPSEC_A_TFC_PAD, tfc->pad)) ||
	    (tfc->dummy_interval &&
	     nla_put_u32(skb, NFIPSEC_A_TFC_DUMMY_INTERVAL,
			 tfc->dummy_interval))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
