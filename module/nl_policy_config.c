// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attribute set "policy": what a request says of a policy, and what is told.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_meta.h"
#include "nl_policy.h"

static int missing(struct genl_info *info, int type, const char *sentence)
{
	return nfipsec_nl_missing(info->extack, NULL, type, sentence);
}

static int dir_get(struct genl_info *info, u8 *dir)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_DIR];

	if (!attr)
		return missing(info, NFIPSEC_A_POLICY_DIR,
			       "policy needs a direction, in or out");
	*dir = nla_get_u8(attr);
	if (*dir == NFIPSEC_DIR_ANY)
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "a policy is for one direction, in or out");
	return 0;
}

/* One selector set more. */
static int set_get(const struct nlattr *attr, struct nfipsec_selector *sel,
		   u8 *count, struct netlink_ext_ack *extack)
{
	int err;

	if (*count == NFIPSEC_SETS_MAX)
		return nfipsec_nl_refuse(extack, attr, -E2BIG,
					 "a policy has 16 selector sets at most");
	err = nfipsec_nl_selector_get(attr, &sel[*count], extack);
	if (err)
		return err;
	(*count)++;
	if (nfipsec_sets_have(sel, *count - 1, &sel[*count - 1]))
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "two selector sets of the policy are equal");
	return 0;
}

/* Gives what sets_free() takes, on error too. */
static int sets_get(struct genl_info *info,
		    const struct nfipsec_selector **sets, u8 *count)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_SELECTOR];
	bool more = info->attrs[NFIPSEC_A_POLICY_SELECTOR_MORE];
	struct nfipsec_selector *sel;
	int err, rem;

	if (!attr)
		return missing(info, NFIPSEC_A_POLICY_SELECTOR,
			       "policy needs a selector");
	sel = kcalloc(more ? NFIPSEC_SETS_MAX : 1, sizeof(*sel), GFP_KERNEL);
	if (!sel)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	*sets = sel;
	err = set_get(attr, sel, count, info->extack);
	if (err || !more)
		return err;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NFIPSEC_A_POLICY_SELECTOR_MORE)
			continue;
		err = set_get(attr, sel, count, info->extack);
		if (err)
			return err;
	}
	return 0;
}

/* Of a policy that is to be, not of one that is named. */
static int sets_check(struct genl_info *info,
		      const struct nfipsec_policy_config *cfg)
{
	struct net *net = genl_info_net(info);
	const struct nlattr *attr;
	unsigned int i = 1;
	int err, rem;

	err = nfipsec_nl_meta_of_policy(net,
					info->attrs[NFIPSEC_A_POLICY_SELECTOR],
					&cfg->sel[0], cfg->dir, info->extack);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (err || nla_type(attr) != NFIPSEC_A_POLICY_SELECTOR_MORE)
			continue;
		err = nfipsec_nl_meta_of_policy(net, attr, &cfg->sel[i++],
						cfg->dir, info->extack);
	}
	return err;
}

static void sets_free(const struct nfipsec_selector *sel, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		kfree(sel[i].lists);
	kfree(sel);
}

/* They need not end with a zero. */
static int names_get(struct genl_info *info, struct nfipsec_policy_config *cfg)
{
	const struct nlattr *attr;
	unsigned int count = 0;
	size_t size = 0, len;
	char *names;
	int rem;

	if (!info->attrs[NFIPSEC_A_POLICY_NAME])
		return 0;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NFIPSEC_A_POLICY_NAME)
			continue;
		if (count++ == NFIPSEC_NAMES_MAX)
			return nfipsec_nl_refuse(info->extack, attr, -E2BIG,
						 "a policy has 8 names at most");
		size += nla_len(attr) + 1;
	}
	names = kzalloc(size, GFP_KERNEL);
	if (!names)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	cfg->names = names;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NFIPSEC_A_POLICY_NAME)
			continue;
		len = strnlen(nla_data(attr), nla_len(attr));
		memcpy(names + cfg->names_size, nla_data(attr), len);
		cfg->names_size += len + 1;
	}
	return 0;
}

/* Transport mode: the family is that of what is carried. */
static const char *family_sentence(const struct nfipsec_policy_config *cfg)
{
	if (cfg->tmpls)
		return "transport mode: a template has the address family of the one before";
	return "transport mode: template and selector must have one address family";
}

/* One template more, of @cfg. @family is that of the packet it is for. */
static int tmpl_get(const struct nlattr *attr, struct nfipsec_tmpl *tmpl,
		    u8 *family, struct nfipsec_policy_config *cfg,
		    struct netlink_ext_ack *extack)
{
	int err;

	err = nfipsec_nl_tmpl_get(attr, tmpl, extack);
	if (err)
		return err;
	if (tmpl->proto == IPPROTO_COMP && cfg->tmpls)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "what is encrypted gets no smaller: a template of IPComp must be the first");
	if (tmpl->mode == NFIPSEC_MODE_TRANSPORT && tmpl->family &&
	    tmpl->family != *family)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 family_sentence(cfg));
	if (tmpl->family)
		*family = tmpl->family;
	cfg->tmpls++;
	if (cfg->tmpls > 1 && (tmpl->mode == NFIPSEC_MODE_BEET ||
			       cfg->tmpl[0].mode == NFIPSEC_MODE_BEET))
		return nfipsec_nl_refuse(extack, attr, -EOPNOTSUPP,
					 "an SA of BEET mode does not nest: its template must be the only one");
	return 0;
}

/* Of a repeated attribute info->attrs has the last one only. */
static int tmpl_list_get(struct genl_info *info,
			 struct nfipsec_policy_config *cfg)
{
	u8 family = nfipsec_sets_family(cfg->sel, cfg->sels);
	const struct nlattr *attr;
	struct nfipsec_tmpl *tmpl;
	int err, rem;

	tmpl = kmalloc_array(NFIPSEC_TMPL_MAX, sizeof(*tmpl), GFP_KERNEL);
	if (!tmpl)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	cfg->tmpl = tmpl;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NFIPSEC_A_POLICY_TMPL)
			continue;
		if (cfg->tmpls == NFIPSEC_TMPL_MAX)
			return nfipsec_nl_refuse(info->extack, attr, -E2BIG,
						 "a policy has 4 templates at most");
		err = tmpl_get(attr, &tmpl[cfg->tmpls], &family, cfg,
			       info->extack);
		if (err)
			return err;
	}
	return 0;
}

static int tmpls_get(struct genl_info *info, struct nfipsec_policy_config *cfg)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_TMPL];
	int err;

	if (cfg->action != NFIPSEC_ACTION_PROTECT) {
		if (!attr)
			return 0;
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "only a policy with action protect has a template");
	}
	if (!attr)
		return missing(info, NFIPSEC_A_POLICY_TMPL,
			       "a policy with action protect needs a template");
	err = tmpl_list_get(info, cfg);
	if (err)
		return err;
	if (cfg->tmpl[cfg->tmpls - 1].proto == IPPROTO_COMP)
		return nfipsec_nl_refuse(info->extack,
					 info->attrs[NFIPSEC_A_POLICY_TMPL],
					 -EINVAL,
					 "IPComp protects nothing: a template of ESP or AH must follow it");
	if (cfg->pfp && cfg->tmpl[0].proto == IPPROTO_COMP)
		return nfipsec_nl_refuse(info->extack,
					 info->attrs[NFIPSEC_A_POLICY_PFP],
					 -EINVAL,
					 "selectors from packets are those of the SA that protects: pfp does not go with IPComp in front of it");
	return 0;
}

static int pfp_get(struct genl_info *info, struct nfipsec_policy_config *cfg)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_PFP];

	if (!attr)
		return 0;
	cfg->pfp = nla_get_u32(attr);
	if (cfg->pfp && cfg->action != NFIPSEC_ACTION_PROTECT)
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "only a policy with action protect has SAs whose selectors come from packets");
	if ((cfg->pfp & (NFIPSEC_PFP_FLAG_PROTO | NFIPSEC_PFP_FLAG_SPORT |
			 NFIPSEC_PFP_FLAG_DPORT)) &&
	    nfipsec_sets_have_opaque(cfg->sel, cfg->sels))
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "what is opaque in the selector cannot come from packets (RFC 4301 section 4.4.2.2)");
	return 0;
}

static int flags_get(struct genl_info *info, struct nfipsec_policy_config *cfg)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_FLAGS];

	if (!attr)
		return 0;
	cfg->flags = nla_get_u32(attr);
	if ((cfg->flags & NFIPSEC_POLICY_FLAG_CPU_ACQUIRE) &&
	    (cfg->action != NFIPSEC_ACTION_PROTECT ||
	     cfg->dir != NFIPSEC_DIR_OUT))
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "SAs of each CPU are asked for by packets that leave: cpu-acquire needs direction out and action protect");
	return 0;
}

/**
 * nfipsec_nl_policy_config_get() - read what a policy is to be
 * @info: request
 * @cfg: written whole; to be given to nfipsec_nl_policy_config_free()
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_policy_config_get(struct genl_info *info,
				 struct nfipsec_policy_config *cfg)
{
	const struct nlattr *priority = info->attrs[NFIPSEC_A_POLICY_PRIORITY];
	const struct nlattr *action = info->attrs[NFIPSEC_A_POLICY_ACTION];
	int err;

	memset(cfg, 0, sizeof(*cfg));
	err = dir_get(info, &cfg->dir);
	if (!err)
		err = sets_get(info, &cfg->sel, &cfg->sels);
	if (!err)
		err = sets_check(info, cfg);
	if (!err)
		err = names_get(info, cfg);
	if (err)
		return err;
	if (!action)
		return missing(info, NFIPSEC_A_POLICY_ACTION,
			       "policy needs an action: protect, bypass or discard");
	cfg->action = nla_get_u8(action);
	if (priority)
		cfg->priority = nla_get_u32(priority);
	nfipsec_nl_owner_get(info->attrs[NFIPSEC_A_POLICY_OWNER], cfg->owner);
	return pfp_get(info, cfg) ?: flags_get(info, cfg) ?:
	       tmpls_get(info, cfg);
}

/**
 * nfipsec_nl_policy_config_free() - let go of what was read of a policy
 * @cfg: written by nfipsec_nl_policy_config_get()
 *
 * Context: process context.
 */
void nfipsec_nl_policy_config_free(struct nfipsec_policy_config *cfg)
{
	sets_free(cfg->sel, cfg->sels);
	kfree(cfg->tmpl);
	kfree(cfg->names);
}

/**
 * nfipsec_nl_policy_which_get() - read which policy is meant
 * @info: request
 * @which: written whole; to be given to nfipsec_nl_policy_which_free()
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_policy_which_get(struct genl_info *info,
				struct nfipsec_policy_which *which)
{
	const struct nlattr *index = info->attrs[NFIPSEC_A_POLICY_INDEX];
	int err;

	memset(which, 0, sizeof(*which));
	if (!index) {
		err = dir_get(info, &which->dir);
		return err ?: sets_get(info, &which->sel, &which->sels);
	}
	if (info->attrs[NFIPSEC_A_POLICY_DIR] ||
	    info->attrs[NFIPSEC_A_POLICY_SELECTOR] ||
	    info->attrs[NFIPSEC_A_POLICY_SELECTOR_MORE])
		return nfipsec_nl_refuse(info->extack, index, -EINVAL,
					 "a policy is named by its index, or by direction and selector, not by both");
	which->index = nla_get_u32(index);
	if (!which->index)
		return nfipsec_nl_refuse(info->extack, index, -EINVAL,
					 "no policy has index 0");
	return 0;
}

/**
 * nfipsec_nl_policy_which_free() - let go of which policy is meant
 * @which: written by nfipsec_nl_policy_which_get()
 *
 * Context: process context.
 */
void nfipsec_nl_policy_which_free(struct nfipsec_policy_which *which)
{
	sets_free(which->sel, which->sels);
}

static int sets_put(struct sk_buff *skb, const struct nfipsec_policy_config *cfg)
{
	int type = NFIPSEC_A_POLICY_SELECTOR;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < cfg->sels; i++) {
		err = nfipsec_nl_selector_put(skb, type, &cfg->sel[i]);
		type = NFIPSEC_A_POLICY_SELECTOR_MORE;
	}
	return err;
}

static int names_put(struct sk_buff *skb,
		     const struct nfipsec_policy_config *cfg)
{
	unsigned int at;
	int err = 0;

	for (at = 0; !err && at < cfg->names_size;
	     at += strlen(cfg->names + at) + 1)
		err = nla_put_string(skb, NFIPSEC_A_POLICY_NAME,
				     cfg->names + at);
	return err;
}

/**
 * nfipsec_nl_policy_put() - write what is told of a policy
 * @skb: message
 * @pol: the policy
 *
 * Context: under the config lock.
 * Return: 0, or -EMSGSIZE with a part written.
 */
int nfipsec_nl_policy_put(struct sk_buff *skb, const struct nfipsec_policy *pol)
{
	const struct nfipsec_policy_config *cfg = &pol->cfg;
	unsigned int i;
	int err;

	err = nla_put_u32(skb, NFIPSEC_A_POLICY_INDEX, pol->index) ?:
	      nla_put_u8(skb, NFIPSEC_A_POLICY_DIR, cfg->dir) ?:
	      sets_put(skb, cfg) ?:
	      nla_put_u32(skb, NFIPSEC_A_POLICY_PRIORITY, cfg->priority) ?:
	      nla_put_u8(skb, NFIPSEC_A_POLICY_ACTION, cfg->action) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_POLICY_PACKETS,
				nfipsec_policy_hits(pol),
				NFIPSEC_A_POLICY_PAD) ?:
	      nfipsec_nl_owner_put(skb, NFIPSEC_A_POLICY_OWNER, cfg->owner) ?:
	      names_put(skb, cfg);
	if (!err && cfg->pfp)
		err = nla_put_u32(skb, NFIPSEC_A_POLICY_PFP, cfg->pfp);
	if (!err && cfg->flags)
		err = nla_put_u32(skb, NFIPSEC_A_POLICY_FLAGS, cfg->flags);
	for (i = 0; !err && i < cfg->tmpls; i++)
		err = nfipsec_nl_tmpl_put(skb, NFIPSEC_A_POLICY_TMPL,
					  &cfg->tmpl[i]);
	return err;
}
