// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the SPD: policy-new, policy-update, policy-del, policy-get
 * and policy-flush.
 */
#include <linux/err.h>
#include <linux/rculist.h>

#include "net.h"
#include "netlink.h"
#include "nl-gen.h"

/* How often a dump goes back when the policy it stood at has gone. */
#define DUMP_RETRIES_MAX	64

/**
 * struct policy_cursor - where a dump of policies is
 * @dir: index of nfipsec_spd.list that is being dumped
 * @index: of the last policy that was dumped, 0 if none of @dir was
 * @priority: of that policy
 * @retries: how often the dump went back
 */
struct policy_cursor {
	u32 dir;
	u32 index;
	u32 priority;
	u32 retries;
};

static struct policy_cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct policy_cursor) > sizeof(cb->ctx));
	return (struct policy_cursor *)cb->ctx;
}

static unsigned int list_of(u8 dir)
{
	return dir == NFIPSEC_DIR_IN ? NFIPSEC_SPD_IN : NFIPSEC_SPD_OUT;
}

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

static int selector_get(struct genl_info *info, struct nfipsec_selector *sel)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_SELECTOR];

	if (!attr)
		return missing(info, NFIPSEC_A_POLICY_SELECTOR,
			       "policy needs a selector");
	return nfipsec_nl_selector_get(attr, sel, info->extack);
}

/* Transport mode: the family is that of what is carried. */
static const char *family_sentence(const struct nfipsec_policy_config *cfg)
{
	if (cfg->tmpls)
		return "transport mode: a template has the address family of the one before";
	return "transport mode: template and selector must have one address family";
}

/* One template more. @family is that of the packet it is for. */
static int tmpl_get(const struct nlattr *attr, u8 *family,
		    struct nfipsec_policy_config *cfg,
		    struct netlink_ext_ack *extack)
{
	struct nfipsec_tmpl *tmpl;
	int err;

	if (cfg->tmpls == NFIPSEC_TMPL_MAX)
		return nfipsec_nl_refuse(extack, attr, -E2BIG,
					 "a policy has 4 templates at most");
	tmpl = &cfg->tmpl[cfg->tmpls];
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
static int tmpls_get(struct genl_info *info, struct nfipsec_policy_config *cfg)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_TMPL];
	u8 family = cfg->selector.family;
	int err, rem;

	if (cfg->action != NFIPSEC_ACTION_PROTECT) {
		if (!attr)
			return 0;
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "only a policy with action protect has a template");
	}
	if (!attr)
		return missing(info, NFIPSEC_A_POLICY_TMPL,
			       "a policy with action protect needs a template");
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NFIPSEC_A_POLICY_TMPL)
			continue;
		err = tmpl_get(attr, &family, cfg, info->extack);
		if (err)
			return err;
	}
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
	    nfipsec_selector_is_opaque(&cfg->selector))
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "what is opaque in the selector cannot come from packets (RFC 4301 section 4.4.2.2)");
	return 0;
}

/* @cfg points into the request. */
static int config_get(struct genl_info *info,
		      struct nfipsec_policy_config *cfg)
{
	const struct nlattr *priority = info->attrs[NFIPSEC_A_POLICY_PRIORITY];
	const struct nlattr *action = info->attrs[NFIPSEC_A_POLICY_ACTION];
	const struct nlattr *name = info->attrs[NFIPSEC_A_POLICY_NAME];
	int err;

	memset(cfg, 0, sizeof(*cfg));
	err = dir_get(info, &cfg->dir);
	if (!err)
		err = selector_get(info, &cfg->selector);
	if (err)
		return err;
	if (!action)
		return missing(info, NFIPSEC_A_POLICY_ACTION,
			       "policy needs an action: protect, bypass or discard");
	cfg->action = nla_get_u8(action);
	if (priority)
		cfg->priority = nla_get_u32(priority);
	if (name)
		cfg->name = nla_data(name);
	nfipsec_nl_owner_get(info->attrs[NFIPSEC_A_POLICY_OWNER], cfg->owner);
	err = pfp_get(info, cfg);
	return err ?: tmpls_get(info, cfg);
}

/* Under the config lock. On success the list owns @pol. */
static int policy_link(struct nfipsec_net *nn, struct nfipsec_policy *pol,
		       bool replace, struct netlink_ext_ack *extack)
{
	struct nfipsec_policy *old;

	old = nfipsec_spd_find(nn, list_of(pol->cfg.dir), &pol->cfg.selector);
	if (!old)
		return nfipsec_spd_insert(nn, pol);
	if (replace)
		return nfipsec_spd_replace(nn, old, pol);
	return nfipsec_nl_refuse(extack, NULL, -EEXIST,
				 "there is a policy with this direction and selector already");
}

static int policy_add(struct genl_info *info, bool replace, u32 *index)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_policy_config cfg;
	struct nfipsec_policy *pol;
	int err;

	err = config_get(info, &cfg);
	if (err)
		goto free;

	mutex_lock(&nn->lock);
	pol = nfipsec_policy_create(&cfg, nfipsec_spd_new_index(nn));
	if (IS_ERR(pol)) {
		err = PTR_ERR(pol);
		goto unlock;
	}
	err = policy_link(nn, pol, replace, info->extack);
	if (err)
		nfipsec_policy_free(pol);
	else
		*index = pol->index;
unlock:
	mutex_unlock(&nn->lock);
	if (err == -EEXIST)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[NFIPSEC_A_POLICY_SELECTOR]);
free:
	nfipsec_nl_selector_free(&cfg.selector);
	return err;
}

static int policy_set(struct genl_info *info, bool replace)
{
	struct sk_buff *reply;
	void *hdr;
	u32 index;
	int err;

	/* First, so that nothing can fail once the table has changed. */
	reply = nfipsec_nl_reply_new(info, nla_total_size(sizeof(index)),
				     &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	err = policy_add(info, replace, &index);
	if (err) {
		nlmsg_free(reply);
		return nfipsec_nl_error(info->extack, err);
	}
	nla_put_u32(reply, NFIPSEC_A_POLICY_INDEX, index);
	genlmsg_end(reply, hdr);
	/* A requester without room for the answer has its change all the same. */
	genlmsg_reply(reply, info);
	return 0;
}

/**
 * nfipsec_nl_policy_new_doit() - add a policy
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SPD as it was.
 */
int nfipsec_nl_policy_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return policy_set(info, false);
}

/**
 * nfipsec_nl_policy_update_doit() - replace a policy, or add one
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SPD as it was.
 */
int nfipsec_nl_policy_update_doit(struct sk_buff *skb, struct genl_info *info)
{
	return policy_set(info, true);
}

/**
 * struct policy_which - which policy a request means
 * @index: its index, or 0
 * @dir: enum nfipsec_dir, if @index is 0
 * @selector: its selector, if @index is 0; to be given to
 *	nfipsec_nl_selector_free() once which_get() has read it
 */
struct policy_which {
	u32 index;
	u8 dir;
	struct nfipsec_selector selector;
};

static int which_get(struct genl_info *info, struct policy_which *which)
{
	const struct nlattr *index = info->attrs[NFIPSEC_A_POLICY_INDEX];
	int err;

	memset(which, 0, sizeof(*which));
	if (!index) {
		err = dir_get(info, &which->dir);
		return err ?: selector_get(info, &which->selector);
	}
	if (info->attrs[NFIPSEC_A_POLICY_DIR] ||
	    info->attrs[NFIPSEC_A_POLICY_SELECTOR])
		return nfipsec_nl_refuse(info->extack, index, -EINVAL,
					 "a policy is named by its index, or by direction and selector, not by both");
	which->index = nla_get_u32(index);
	if (!which->index)
		return nfipsec_nl_refuse(info->extack, index, -EINVAL,
					 "no policy has index 0");
	return 0;
}

/* Under the config lock, as long as which the policy is valid. */
static struct nfipsec_policy *policy_find(const struct nfipsec_net *nn,
					  const struct policy_which *which)
{
	if (which->index)
		return nfipsec_spd_find_index(nn, which->index);
	return nfipsec_spd_find(nn, list_of(which->dir), &which->selector);
}

static int no_such_policy(struct genl_info *info)
{
	const struct nlattr *index = info->attrs[NFIPSEC_A_POLICY_INDEX];

	if (index)
		return nfipsec_nl_refuse(info->extack, index, -ENOENT,
					 "there is no policy with this index");
	return nfipsec_nl_refuse(info->extack,
				 info->attrs[NFIPSEC_A_POLICY_SELECTOR],
				 -ENOENT,
				 "there is no policy with this direction and selector");
}

/**
 * nfipsec_nl_policy_del_doit() - delete a policy
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_policy_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_policy *pol;
	struct policy_which which;
	int err;

	err = which_get(info, &which);
	if (err)
		return err;

	mutex_lock(&nn->lock);
	pol = policy_find(nn, &which);
	if (pol)
		nfipsec_spd_remove(nn, pol);
	mutex_unlock(&nn->lock);
	nfipsec_nl_selector_free(&which.selector);
	return pol ? 0 : no_such_policy(info);
}

/**
 * nfipsec_nl_policy_flush_doit() - delete policies of a direction, of an owner
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0.
 */
int nfipsec_nl_policy_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	const struct nlattr *attr = info->attrs[NFIPSEC_A_POLICY_DIR];
	const struct nlattr *of = info->attrs[NFIPSEC_A_POLICY_OWNER];
	u8 dir = attr ? nla_get_u8(attr) : NFIPSEC_DIR_ANY;
	char owner[NFIPSEC_OWNER_SIZE];

	nfipsec_nl_owner_get(of, owner);
	mutex_lock(&nn->lock);
	if (dir != NFIPSEC_DIR_OUT)
		nfipsec_spd_flush(nn, NFIPSEC_SPD_IN, of ? owner : NULL);
	if (dir != NFIPSEC_DIR_IN)
		nfipsec_spd_flush(nn, NFIPSEC_SPD_OUT, of ? owner : NULL);
	mutex_unlock(&nn->lock);
	return 0;
}

/* Under the config lock. */
static int put_policy(struct sk_buff *skb, const struct nfipsec_policy *pol)
{
	const struct nfipsec_policy_config *cfg = &pol->cfg;
	unsigned int i;
	int err;

	err = nla_put_u32(skb, NFIPSEC_A_POLICY_INDEX, pol->index) ?:
	      nla_put_u8(skb, NFIPSEC_A_POLICY_DIR, cfg->dir) ?:
	      nfipsec_nl_selector_put(skb, NFIPSEC_A_POLICY_SELECTOR,
				      &cfg->selector) ?:
	      nla_put_u32(skb, NFIPSEC_A_POLICY_PRIORITY, cfg->priority) ?:
	      nla_put_u8(skb, NFIPSEC_A_POLICY_ACTION, cfg->action) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_POLICY_PACKETS,
				nfipsec_policy_hits(pol),
				NFIPSEC_A_POLICY_PAD) ?:
	      nfipsec_nl_owner_put(skb, NFIPSEC_A_POLICY_OWNER, cfg->owner);
	if (!err && cfg->pfp)
		err = nla_put_u32(skb, NFIPSEC_A_POLICY_PFP, cfg->pfp);
	if (!err && cfg->name)
		err = nla_put_string(skb, NFIPSEC_A_POLICY_NAME, cfg->name);
	for (i = 0; !err && i < cfg->tmpls; i++)
		err = nfipsec_nl_tmpl_put(skb, NFIPSEC_A_POLICY_TMPL,
					  &cfg->tmpl[i]);
	return err;
}

/**
 * nfipsec_nl_policy_get_doit() - answer with a policy
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_policy *pol;
	struct policy_which which;
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = which_get(info, &which);
	if (err)
		return err;
	reply = nfipsec_nl_reply_new(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply) {
		nfipsec_nl_selector_free(&which.selector);
		return nfipsec_nl_error(info->extack, -ENOMEM);
	}

	mutex_lock(&nn->lock);
	pol = policy_find(nn, &which);
	err = pol ? put_policy(reply, pol) : no_such_policy(info);
	mutex_unlock(&nn->lock);
	nfipsec_nl_selector_free(&which.selector);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int dump_policy(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct nfipsec_policy *pol)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &nfipsec_nl_family, NLM_F_MULTI,
			  NFIPSEC_CMD_POLICY_GET);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	err = put_policy(skb, pol);
	if (err) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/*
 * Where to go on: behind the policy that was dumped last. If it has gone, or
 * has another priority now, where that priority begins: some policies are then
 * dumped twice, but none is left out. Gives the list head if nothing is left.
 */
static struct list_head *dump_from(struct list_head *list,
				   const struct policy_cursor *cur, bool *lost)
{
	struct list_head *from = NULL;
	struct nfipsec_policy *pol;

	*lost = false;
	if (!cur->index)
		return list->next;
	list_for_each_entry(pol, list, node) {
		if (pol->cfg.priority < cur->priority)
			continue;
		if (pol->cfg.priority > cur->priority) {
			from = from ?: &pol->node;
			break;
		}
		if (pol->index == cur->index)
			return pol->node.next;
		from = from ?: &pol->node;
	}
	*lost = true;
	return from ?: list;
}

static int dump_list(struct sk_buff *skb, struct netlink_callback *cb,
		     struct nfipsec_net *nn, struct policy_cursor *cur)
{
	struct list_head *list = &nn->spd.list[cur->dir];
	struct nfipsec_policy *pol;
	struct list_head *pos;
	bool lost;
	int err;

	pos = dump_from(list, cur, &lost);
	if (lost && ++cur->retries > DUMP_RETRIES_MAX)
		return nfipsec_nl_refuse(cb->extack, NULL, -EAGAIN,
					 "policies go faster than they can be listed, ask again");
	for (; pos != list; pos = pos->next) {
		pol = list_entry(pos, struct nfipsec_policy, node);
		err = dump_policy(skb, cb, pol);
		if (err)
			return err;
		cur->index = pol->index;
		cur->priority = pol->cfg.priority;
	}
	return 0;
}

/**
 * nfipsec_nl_policy_get_dumpit() - answer with all policies
 * @skb: message to fill
 * @cb: state of the dump
 *
 * Inbound ones first, each direction in the order of look-up. If policies came
 * or went meanwhile, NLM_F_DUMP_INTR says so.
 *
 * Context: process context, sleeps.
 * Return: length of the message, 0 at the end, or a negative error number.
 */
int nfipsec_nl_policy_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb)
{
	struct nfipsec_net *nn = nfipsec_net(sock_net(skb->sk));
	struct policy_cursor *cur = cursor_of(cb);
	int err;

	mutex_lock(&nn->lock);
	err = nfipsec_nl_dump_begin(cb, atomic64_read(&nn->gen));
	while (!err && cur->dir < NFIPSEC_SPD_MAX) {
		err = dump_list(skb, cb, nn, cur);
		if (!err) {
			cur->dir++;
			cur->index = 0;
		}
	}
	mutex_unlock(&nn->lock);
	if (err == -EMSGSIZE && skb->len)
		return skb->len;
	return err ?: skb->len;
}
