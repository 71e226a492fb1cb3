// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the SPD: policy-new, policy-update, policy-del, policy-get
 * and policy-flush.
 */
#include <linux/err.h>

#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_policy.h"
#include "nl_change.h"
#include "nl_transaction.h"

/**
 * struct policy_cursor - where a dump of policies is: at the last one dumped
 * @age: its age, 0 if none of @dir was dumped
 * @priority: its priority
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT, the direction that is being dumped
 */
struct policy_cursor {
	u64 age;
	u32 priority;
	u32 dir;
};

static struct policy_cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct policy_cursor) > sizeof(cb->ctx));
	return (struct policy_cursor *)cb->ctx;
}

/* Under the config lock. On success the list owns @pol. */
static int policy_link(struct nfipsec_net *nn, struct nfipsec_policy *pol,
		       bool replace, struct netlink_ext_ack *extack)
{
	struct nfipsec_policy *old;
	int err;

	old = nfipsec_spd_find(nn, nfipsec_spd_dir(pol->cfg.dir), pol->cfg.sel,
			       pol->cfg.sels);
	if (old && !replace)
		return nfipsec_nl_refuse(extack, NULL, -EEXIST,
					 "there is a policy with this direction and selector already");
	err = old ? nfipsec_spd_replace(nn, old, pol) :
		    nfipsec_spd_insert(nn, pol);
	if (!err)
		nfipsec_nl_change_policy(nn, old ? NFIPSEC_CHANGE_KIND_UPDATED :
						   NFIPSEC_CHANGE_KIND_NEW,
					 pol);
	return err;
}

/* Under the config lock: who is told of changes too gets both in their order. */
static void send_index(struct genl_info *info, u32 index, struct sk_buff *reply,
		       void *hdr)
{
	nla_put_u32(reply, NFIPSEC_A_POLICY_INDEX, index);
	genlmsg_end(reply, hdr);
	/* A requester without room for the answer has its change all the same. */
	genlmsg_reply(reply, info);
}

/* On success the answer is sent, on error it is freed. */
static int policy_add(struct genl_info *info, bool replace,
		      struct sk_buff *reply, void *hdr)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_policy_config cfg;
	struct nfipsec_policy *pol;
	int err;

	err = nfipsec_nl_policy_config_get(info, &cfg);
	if (err)
		goto free;

	mutex_lock(&nn->lock);
	pol = nfipsec_policy_create(&cfg, nfipsec_spd_new_index(nn));
	if (IS_ERR(pol)) {
		err = PTR_ERR(pol);
		goto unlock;
	}
	err = nfipsec_hook_want(nn, info->extack) ?:
	      policy_link(nn, pol, replace, info->extack);
	if (err)
		nfipsec_policy_free(pol);
	else
		send_index(info, pol->index, reply, hdr);
unlock:
	mutex_unlock(&nn->lock);
	if (err == -EEXIST)
		NL_SET_BAD_ATTR(info->extack,
				info->attrs[NFIPSEC_A_POLICY_SELECTOR]);
free:
	nfipsec_nl_policy_config_free(&cfg);
	if (err)
		nlmsg_free(reply);
	return nfipsec_nl_error(info->extack, err);
}

/* It gets its index when the transaction is committed. */
static int policy_stage(struct sk_buff *skb, struct genl_info *info,
			bool replace)
{
	struct nfipsec_step step = {
		.kind = replace ? NFIPSEC_STEP_POLICY_UPDATE :
				  NFIPSEC_STEP_POLICY_NEW,
	};
	struct nfipsec_policy_config cfg;
	int err;

	err = nfipsec_nl_policy_config_get(info, &cfg);
	if (err)
		goto free;
	step.pol = nfipsec_policy_create(&cfg, 0);
	if (IS_ERR(step.pol)) {
		err = PTR_ERR(step.pol);
		goto free;
	}
	err = nfipsec_nl_stage(skb, info, &step);
	if (err)
		nfipsec_policy_free(step.pol);
free:
	nfipsec_nl_policy_config_free(&cfg);
	return nfipsec_nl_error(info->extack, err);
}

static int policy_set(struct sk_buff *skb, struct genl_info *info, bool replace)
{
	struct sk_buff *reply;
	void *hdr;

	if (info->attrs[NFIPSEC_A_POLICY_TRANSACTION])
		return policy_stage(skb, info, replace);
	/* First, so that nothing can fail once the table has changed. */
	reply = nfipsec_nl_reply_new(info, nla_total_size(sizeof(u32)), &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	return policy_add(info, replace, reply, hdr);
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
	return policy_set(skb, info, false);
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
	return policy_set(skb, info, true);
}

/* Under the config lock, as long as which the policy is valid. */
static struct nfipsec_policy *
policy_find(const struct nfipsec_net *nn,
	    const struct nfipsec_policy_which *which)
{
	if (which->index)
		return nfipsec_spd_find_index(nn, which->index);
	return nfipsec_spd_find(nn, nfipsec_spd_dir(which->dir), which->sel,
				which->sels);
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

/* One that is there now: its index does not change while it is. */
static int policy_stage_del(struct sk_buff *skb, struct genl_info *info,
			    const struct nfipsec_policy_which *which)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_step step = { .kind = NFIPSEC_STEP_POLICY_DEL };
	const struct nfipsec_policy *pol;

	mutex_lock(&nn->lock);
	pol = policy_find(nn, which);
	if (pol)
		step.index = pol->index;
	mutex_unlock(&nn->lock);
	return pol ? nfipsec_nl_stage(skb, info, &step) : no_such_policy(info);
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
	struct nfipsec_policy_which which;
	int err;

	err = nfipsec_nl_policy_which_get(info, &which);
	if (err)
		goto free;

	if (info->attrs[NFIPSEC_A_POLICY_TRANSACTION]) {
		err = policy_stage_del(skb, info, &which);
		goto free;
	}
	mutex_lock(&nn->lock);
	pol = policy_find(nn, &which);
	if (pol) {
		nfipsec_nl_change_policy(nn, NFIPSEC_CHANGE_KIND_DELETED, pol);
		nfipsec_spd_remove(nn, pol);
	}
	mutex_unlock(&nn->lock);
	if (!pol)
		err = no_such_policy(info);
free:
	nfipsec_nl_policy_which_free(&which);
	return err;
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
	nfipsec_nl_flushed_policies(nn, dir, of ? owner : NULL);
	mutex_unlock(&nn->lock);
	return 0;
}

static int answer(struct genl_info *info,
		  const struct nfipsec_policy_which *which, size_t room)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_policy *pol;
	struct sk_buff *reply;
	void *hdr;
	int err;

	reply = nfipsec_nl_reply_new(info, room, &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);

	mutex_lock(&nn->lock);
	pol = policy_find(nn, which);
	err = pol ? nfipsec_nl_policy_put(reply, pol) : no_such_policy(info);
	if (err) {
		nlmsg_free(reply);
	} else {
		/* As in send_index(). */
		genlmsg_end(reply, hdr);
		err = genlmsg_reply(reply, info);
	}
	mutex_unlock(&nn->lock);
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
	struct nfipsec_policy_which which;
	size_t room = NLMSG_DEFAULT_SIZE;
	int err;

	err = nfipsec_nl_policy_which_get(info, &which);
	if (!err)
		err = answer(info, &which, room);
	while (err == -EMSGSIZE && room < NFIPSEC_NL_ANSWER_MAX) {
		room *= 2;
		err = answer(info, &which, room);
	}
	nfipsec_nl_policy_which_free(&which);
	return err;
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
	err = nfipsec_nl_policy_put(skb, pol);
	if (err) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/*
 * A policy that a whole message has no room for gets a larger one, for itself:
 * who reads needs no larger buffer for the others.
 */
static int dump_alone(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct nfipsec_policy *pol)
{
	int err;

	err = pskb_expand_head(skb, 0, NFIPSEC_NL_ANSWER_MAX, GFP_KERNEL);
	return err ?: dump_policy(skb, cb, pol);
}

/*
 * One goes on behind the place of the policy that was dumped last, whether that
 * is still there or not. One that got another priority meanwhile is dumped
 * again, or left out, as NLM_F_DUMP_INTR tells.
 */
static int dump_dir(struct sk_buff *skb, struct netlink_callback *cb,
		    struct nfipsec_net *nn, struct policy_cursor *cur)
{
	struct nfipsec_policy *pol;
	bool alone;
	int err;

	while ((pol = nfipsec_spd_next(nn, cur->dir, cur->priority,
				       cur->age))) {
		err = dump_policy(skb, cb, pol);
		alone = err == -EMSGSIZE && !skb->len;
		if (alone)
			err = dump_alone(skb, cb, pol);
		if (err)
			return err;
		cur->age = pol->age;
		cur->priority = pol->cfg.priority;
		if (alone)
			return -EMSGSIZE;
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
		err = dump_dir(skb, cb, nn, cur);
		if (!err) {
			cur->dir++;
			cur->age = 0;
			cur->priority = 0;
		}
	}
	mutex_unlock(&nn->lock);
	if (err == -EMSGSIZE && skb->len)
		return skb->len;
	return err ?: skb->len;
}
