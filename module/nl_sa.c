// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the SAD: sa-new, sa-update, sa-del, sa-get, sa-flush and
 * sa-allocspi.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "dummy.h"
#include "expire.h"
#include "gso.h"
#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_change.h"
#include "nl_meta.h"
#include "nl_sa.h"
#include "nl_transaction.h"
#include "proto.h"

const char nfipsec_nl_sa_weak[] =
	"an algorithm of the SA is weak (RFC 8221): default weak on allows it";

/**
 * nfipsec_nl_sa_find() - find an SA to answer with, or to change
 * @nn: the namespace
 * @key: which
 *
 * Context: under nn->lock, as long as which the SA is valid.
 * Return: the SA, or NULL.
 */
struct nfipsec_sa *nfipsec_nl_sa_find(const struct nfipsec_net *nn,
				      const struct nfipsec_sa_key *key)
{
	struct nfipsec_sa *sa;

	lockdep_assert_held(&nn->lock);
	rcu_read_lock();
	sa = nfipsec_sad_lookup(nn, key);
	rcu_read_unlock();
	return sa;
}

/**
 * nfipsec_nl_sa_none() - say that there is no such SA
 * @info: the request
 *
 * Context: any.
 * Return: -ENOENT.
 */
int nfipsec_nl_sa_none(struct genl_info *info)
{
	return nfipsec_nl_refuse(info->extack, info->attrs[NFIPSEC_A_SA_SPI],
				 -ENOENT,
				 "there is no SA with this destination, protocol and SPI");
}

/* On success the message is sent, on error it is freed. */
static int send_sa(struct genl_info *info, const struct nfipsec_net *nn,
		   struct nfipsec_sa *sa, struct sk_buff *skb, void *hdr)
{
	int err = nfipsec_nl_sa_put(skb, nn, sa);

	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int insert(struct nfipsec_net *nn, struct nfipsec_sa *sa,
		  struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&nn->lock);
	/* It was permitted when the request came, and is it still? */
	if (!nn->weak && nfipsec_sa_is_weak(sa))
		err = nfipsec_nl_refuse(extack, NULL, -EPERM,
					nfipsec_nl_sa_weak);
	else
		err = nfipsec_hook_want(nn, extack) ?:
		      nfipsec_sad_insert(nn, sa);
	if (!err) {
		nfipsec_dummy_kick(nn, sa);
		nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_NEW, sa, NULL);
	}
	mutex_unlock(&nn->lock);
	return err;
}

/**
 * nfipsec_nl_sa_new_doit() - add a mature SA
 * @skb: request; key material in it is wiped
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SAD as it was.
 */
int nfipsec_nl_sa_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_config cfg;
	struct nfipsec_sa *sa;
	int err;

	err = nfipsec_nl_sa_config_get(info, &cfg);
	if (err)
		goto out;
	sa = nfipsec_sa_create(&cfg, info->extack);
	if (IS_ERR(sa)) {
		err = PTR_ERR(sa);
		goto out;
	}

	if (info->attrs[NFIPSEC_A_SA_TRANSACTION])
		err = nfipsec_nl_stage(skb, info, &(struct nfipsec_step){
			.kind = NFIPSEC_STEP_SA_NEW, .sa = sa });
	else
		err = insert(nn, sa, info->extack);
	if (err)
		nfipsec_sa_free(sa);
	else
		nfipsec_gso_want();
	if (err == -EEXIST)
		nfipsec_nl_refuse(info->extack, info->attrs[NFIPSEC_A_SA_SPI],
				  err,
				  "there is an SA with this destination, protocol and SPI already");
out:
	nfipsec_nl_selector_free(&cfg.selector);
	nfipsec_nl_sa_keys_wipe(info);
	return nfipsec_nl_error(info->extack, err);
}

/* Keys for an SA that has only its SPI so far. */
static int mature(struct genl_info *info, struct nfipsec_net *nn,
		  struct nfipsec_sa *old)
{
	struct nfipsec_sa_config cfg;
	struct nfipsec_sa *sa;
	int err;

	sa = NULL;
	err = nfipsec_nl_sa_config_get(info, &cfg);
	if (!info->attrs[NFIPSEC_A_SA_OWNER])
		memcpy(cfg.owner, old->owner, sizeof(cfg.owner));
	if (!err)
		sa = nfipsec_sa_create(&cfg, info->extack);
	nfipsec_nl_selector_free(&cfg.selector);
	if (err)
		return err;
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	err = nfipsec_sad_replace(nn, old, sa);
	if (err) {
		nfipsec_sa_free(sa);
		return err;
	}
	nfipsec_gso_want();
	nfipsec_dummy_kick(nn, sa);
	nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_UPDATED, sa, NULL);
	return 0;
}

/* NULL if there is no limit. */
static int limits_get(const struct nlattr *attr,
		      struct nfipsec_sa_limits **limits,
		      struct netlink_ext_ack *extack)
{
	struct nfipsec_limits max;
	int err;

	*limits = NULL;
	err = nfipsec_nl_lifetime_get(attr, &max, extack);
	if (err || !nfipsec_limits_any(&max))
		return err;
	*limits = nfipsec_sa_limits_new(&max);
	return *limits ? 0 : -ENOMEM;
}

static int selector_change(struct genl_info *info, struct nfipsec_sa *sa,
			   const struct nlattr *attr)
{
	struct nfipsec_selector sel;
	int err;

	err = nfipsec_nl_selector_get(attr, &sel, info->extack);
	if (err)
		return err;
	err = nfipsec_nl_meta_of_sa(attr, &sel, info->extack) ?:
	      nfipsec_sa_set_selector(sa, &sel, info->extack);
	nfipsec_nl_selector_free(&sel);
	if (err == -EINVAL)
		NL_SET_BAD_ATTR(info->extack, attr);
	return err;
}

/* New reqid, selector, limits or numbers for an SA that is in use. */
static int change(struct genl_info *info, struct nfipsec_net *nn,
		  struct nfipsec_sa *sa)
{
	const struct nlattr *selector = info->attrs[NFIPSEC_A_SA_SELECTOR];
	const struct nlattr *lifetime = info->attrs[NFIPSEC_A_SA_LIFETIME];
	const struct nlattr *reqid = info->attrs[NFIPSEC_A_SA_REQID];
	struct nfipsec_sa_limits *limits;
	int err;

	err = nfipsec_nl_sa_same(info, sa);
	if (err)
		return err;
	if (!selector && !reqid && !lifetime && !nfipsec_nl_sa_seq_given(info))
		return nfipsec_nl_refuse(info->extack, NULL, -EINVAL,
					 "of a mature SA reqid, selector, lifetime and sequence numbers can be changed, and none is given");
	err = nfipsec_nl_sa_seq_check(info, sa);
	if (err)
		return err;
	err = limits_get(lifetime, &limits, info->extack);
	if (err)
		return err;
	if (selector) {
		err = selector_change(info, sa, selector);
		if (err) {
			kfree(limits);
			return err;
		}
	}
	/* From here on nothing fails. */
	if (reqid)
		nfipsec_sad_set_reqid(nn, sa, nla_get_u32(reqid));
	if (lifetime)
		nfipsec_expire_set(nn, sa, limits);
	nfipsec_nl_sa_seq_set(info, nn, sa);
	if (selector || lifetime)
		nfipsec_net_changed(nn);
	nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_UPDATED, sa, NULL);
	return 0;
}

/**
 * nfipsec_nl_sa_update_doit() - make a larval SA mature, or change an SA
 * @skb: request; key material in it is wiped
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SAD as it was.
 */
int nfipsec_nl_sa_update_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_key key;
	struct nfipsec_sa *sa;
	int err;

	err = nfipsec_nl_sa_key_get(info, &key);
	if (!err && info->attrs[NFIPSEC_A_SA_TRANSACTION])
		err = nfipsec_nl_refuse(info->extack,
					info->attrs[NFIPSEC_A_SA_TRANSACTION],
					-EOPNOTSUPP,
					"an SA is not changed in a transaction, but deleted, and one with another key added");
	if (err)
		goto out;

	mutex_lock(&nn->lock);
	sa = nfipsec_nl_sa_find(nn, &key);
	if (!sa)
		err = nfipsec_nl_sa_none(info);
	else if (sa->state == NFIPSEC_SA_STATE_LARVAL)
		err = mature(info, nn, sa);
	else
		err = change(info, nn, sa);
	mutex_unlock(&nn->lock);
out:
	nfipsec_nl_sa_keys_wipe(info);
	return nfipsec_nl_error(info->extack, err);
}

/**
 * nfipsec_nl_sa_del_doit() - delete an SA
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_sa_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_key key;
	struct nfipsec_sa *sa;
	int err;

	err = nfipsec_nl_sa_key_get(info, &key);
	if (err)
		return err;
	if (info->attrs[NFIPSEC_A_SA_TRANSACTION])
		return nfipsec_nl_stage(skb, info, &(struct nfipsec_step){
			.kind = NFIPSEC_STEP_SA_DEL, .key = key });

	mutex_lock(&nn->lock);
	sa = nfipsec_nl_sa_find(nn, &key);
	if (sa) {
		nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_DELETED, sa, NULL);
		nfipsec_sad_remove(nn, sa);
	}
	mutex_unlock(&nn->lock);
	return sa ? 0 : nfipsec_nl_sa_none(info);
}

/**
 * nfipsec_nl_sa_flush_doit() - delete all SAs, or those of an owner
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0.
 */
int nfipsec_nl_sa_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_OWNER];
	char owner[NFIPSEC_OWNER_SIZE];

	nfipsec_nl_owner_get(attr, owner);
	mutex_lock(&nn->lock);
	nfipsec_sad_flush(nn, attr ? owner : NULL);
	nfipsec_nl_flushed_sas(nn, attr ? owner : NULL);
	mutex_unlock(&nn->lock);
	return 0;
}

/**
 * nfipsec_nl_sa_get_doit() - answer with an SA
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_sa_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_key key;
	struct sk_buff *reply;
	struct nfipsec_sa *sa;
	void *hdr;
	int err;

	err = nfipsec_nl_sa_key_get(info, &key);
	if (err)
		return err;
	reply = nfipsec_nl_reply_new(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);

	mutex_lock(&nn->lock);
	sa = nfipsec_nl_sa_find(nn, &key);
	if (sa) {
		err = send_sa(info, nn, sa, reply, hdr);
	} else {
		nlmsg_free(reply);
		err = nfipsec_nl_sa_none(info);
	}
	mutex_unlock(&nn->lock);
	return err;
}

/**
 * nfipsec_nl_sa_allocspi_doit() - reserve an SPI and answer with its larval SA
 * @skb: request
 * @info: the same, parsed
 *
 * An SPI that the requester cannot be told of is given back.
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SAD as it was.
 */
int nfipsec_nl_sa_allocspi_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_config cfg;
	struct sk_buff *reply;
	struct nfipsec_sa *sa;
	u32 min, max;
	void *hdr;
	int err;

	err = nfipsec_nl_sa_larval_get(info, &cfg, &min, &max);
	if (err)
		return err;
	reply = nfipsec_nl_reply_new(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);

	mutex_lock(&nn->lock);
	err = nfipsec_hook_want(nn, info->extack) ?:
	      nfipsec_sad_alloc_spi(nn, &cfg, min, max);
	if (err) {
		nlmsg_free(reply);
	} else {
		sa = nfipsec_nl_sa_find(nn, &cfg.key);
		err = send_sa(info, nn, sa, reply, hdr);
		if (err)
			nfipsec_sad_remove(nn, sa);
		else
			nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_NEW, sa,
					     NULL);
	}
	mutex_unlock(&nn->lock);
	if (err == -ENOSPC)
		nfipsec_nl_refuse(info->extack, NULL, err,
				  "no free SPI was found in this range");
	return nfipsec_nl_error(info->extack, err);
}
