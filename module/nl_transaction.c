// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations transaction-begin, -commit and -abort, and how other requests get
 * into a transaction. It belongs to the socket, and goes with it.
 */
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/sched.h>

#include "dummy.h"
#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_change.h"
#include "nl_sa.h"
#include "nl_transaction.h"

static int no_transaction(struct genl_info *info)
{
	return nfipsec_nl_refuse(info->extack, NULL, -ENOENT,
				 "this socket has no transaction open");
}

/* NULL if there is none. */
static struct nfipsec_transaction *take(struct nfipsec_net *nn,
					struct sk_buff *skb,
					const struct genl_info *info)
{
	return nfipsec_transaction_take(nn, info->snd_portid,
					NETLINK_CB(skb).sk);
}

/**
 * nfipsec_nl_stage() - put a request into the transaction of its socket
 * @skb: request
 * @info: the same, parsed
 * @step: what it does; what it owns is the transaction's on success
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_stage(struct sk_buff *skb, struct genl_info *info,
		     const struct nfipsec_step *step)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	int err;

	err = nfipsec_transaction_add(nn, info->snd_portid, NETLINK_CB(skb).sk,
				      step);
	if (err == -ENOENT)
		no_transaction(info);
	else if (err == -ENOSPC)
		nfipsec_nl_refuse(info->extack, NULL, err,
				  "too many requests wait in transactions");
	return nfipsec_nl_error(info->extack, err);
}

/**
 * nfipsec_nl_transaction_begin_doit() - open a transaction
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_transaction_begin_doit(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	int err;

	err = nfipsec_transaction_begin(nn, info->snd_portid,
					NETLINK_CB(skb).sk);
	if (err == -EBUSY)
		nfipsec_nl_refuse(info->extack, NULL, err,
				  "this socket has a transaction open already");
	else if (err == -ENOSPC)
		nfipsec_nl_refuse(info->extack, NULL, err,
				  "too many transactions are open");
	return nfipsec_nl_error(info->extack, err);
}

static int check(const struct nfipsec_net *nn,
		 const struct nfipsec_transaction *tx, struct genl_info *info)
{
	const struct nlattr *count =
		info->attrs[NFIPSEC_A_TRANSACTION_REQUESTS];
	const struct nlattr *unchanged =
		info->attrs[NFIPSEC_A_TRANSACTION_UNCHANGED];

	if (count && nla_get_u32(count) != tx->count)
		return nfipsec_nl_refuse(info->extack, count, -ECANCELED,
					 "not so many requests are in the transaction: some were refused");
	if (unchanged && tx->gen != (u64)atomic64_read(&nn->gen))
		return nfipsec_nl_refuse(info->extack, unchanged, -ESTALE,
					 "the tables have changed since the transaction began");
	return 0;
}

static const char *sentence(enum nfipsec_step_kind kind, int err)
{
	bool sa = kind == NFIPSEC_STEP_SA_NEW || kind == NFIPSEC_STEP_SA_DEL;

	if (err == -EEXIST)
		return sa ? "there is an SA with this destination, protocol and SPI already" :
			    "there is a policy with this direction and selector already";
	if (err == -ENOENT)
		return sa ? "there is no SA with this destination, protocol and SPI" :
			    "there is no policy with this index";
	if (err == -EPERM && sa)
		return nfipsec_nl_sa_weak;
	return NULL;
}

/* The cookie of a refusal says which request of the transaction it is about. */
static int refuse(struct netlink_ext_ack *extack, u32 failed,
		  enum nfipsec_step_kind kind, int err)
{
	const char *text = sentence(kind, err);

	memcpy(extack->cookie, &failed, sizeof(failed));
	extack->cookie_len = sizeof(failed);
	return text ? nfipsec_nl_refuse(extack, NULL, err, text) :
		      nfipsec_nl_error(extack, err);
}

static void tell(const struct nfipsec_net *nn, const struct nfipsec_step *step)
{
	switch (step->kind) {
	case NFIPSEC_STEP_SA_NEW:
		nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_NEW, step->sa,
				     NULL);
		break;
	case NFIPSEC_STEP_SA_DEL:
		nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_DELETED, step->sa,
				     NULL);
		break;
	case NFIPSEC_STEP_POLICY_NEW:
	case NFIPSEC_STEP_POLICY_UPDATE:
		nfipsec_nl_change_policy(nn, step->old ?
					 NFIPSEC_CHANGE_KIND_UPDATED :
					 NFIPSEC_CHANGE_KIND_NEW, step->pol);
		break;
	case NFIPSEC_STEP_POLICY_DEL:
		nfipsec_nl_change_policy(nn, NFIPSEC_CHANGE_KIND_DELETED,
					 step->old);
		break;
	case NFIPSEC_STEP_DEFAULT:
		break;
	}
}

static void finish(struct nfipsec_net *nn, struct nfipsec_transaction *tx)
{
	const struct nfipsec_step *step;

	nfipsec_transaction_switch(nn, tx);
	nfipsec_dummy_kick(nn, NULL);
	list_for_each_entry(step, &tx->steps, node) {
		tell(nn, step);
		cond_resched();
	}
	nfipsec_transaction_finish(nn, tx);
}

/* Under the config lock. */
static int commit(struct nfipsec_net *nn, struct nfipsec_transaction *tx,
		  struct genl_info *info)
{
	enum nfipsec_step_kind kind;
	u32 failed;
	int err;

	err = check(nn, tx, info) ?: nfipsec_hook_want(nn, info->extack);
	if (!err) {
		err = nfipsec_transaction_prepare(nn, tx, &failed, &kind);
		if (err)
			refuse(info->extack, failed, kind, err);
	}
	if (!err)
		finish(nn, tx);
	return err;
}

/**
 * nfipsec_nl_transaction_commit_doit() - let packets meet a transaction
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the tables as they were.
 */
int nfipsec_nl_transaction_commit_doit(struct sk_buff *skb,
				       struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_transaction *tx;
	int err;

	/* However it goes, the socket has none then. */
	tx = take(nn, skb, info);
	if (!tx)
		return no_transaction(info);
	mutex_lock(&nn->lock);
	err = commit(nn, tx, info);
	mutex_unlock(&nn->lock);
	nfipsec_transaction_free(nn, tx);
	return nfipsec_nl_error(info->extack, err);
}

/**
 * nfipsec_nl_transaction_abort_doit() - forget a transaction
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_transaction_abort_doit(struct sk_buff *skb,
				      struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_transaction *tx;

	tx = take(nn, skb, info);
	if (!tx)
		return no_transaction(info);
	nfipsec_transaction_free(nn, tx);
	return 0;
}

static int closed(struct notifier_block *nb, unsigned long event, void *arg)
{
	const struct netlink_notify *n = arg;

	if (event == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC)
		nfipsec_transactions_close(nfipsec_net(n->net), n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = closed,
};

/**
 * nfipsec_nl_transaction_init() - learn of sockets that are closed
 *
 * Context: process context, at module load, before there are requests.
 * Return: 0 or an error of netlink_register_notifier().
 */
int __init nfipsec_nl_transaction_init(void)
{
	return netlink_register_notifier(&notifier);
}

/**
 * nfipsec_nl_transaction_exit() - undo nfipsec_nl_transaction_init()
 *
 * Context: process context, at module unload, when there are no requests any
 * more.
 */
void nfipsec_nl_transaction_exit(void)
{
	netlink_unregister_notifier(&notifier);
}
