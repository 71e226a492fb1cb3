// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes that become visible as one. Until then a transaction is a list of
 * objects that no table knows.
 *
 * SAs and the rules of policies carry the number of the generation from which
 * on packets meet them, and of that from which on they do not. So a commit puts
 * all that is new into the tables, for the next generation, and marks all that
 * goes; whatever fails, it takes that back, and nobody has seen it. Then it counts
 * the generation up: that is the moment. A packet that looks takes what belongs
 * to the generation in which it began, and looks again if it ended in another:
 * see nfipsec_spd_lookup() and nfipsec_output(). At last what nobody meets any
 * more is freed.
 */
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "net.h"
#include "transaction.h"

/**
 * nfipsec_transactions_init() - prepare a namespace
 * @nn: the namespace
 *
 * Context: process context.
 */
void nfipsec_transactions_init(struct nfipsec_net *nn)
{
	spin_lock_init(&nn->transactions.lock);
	INIT_LIST_HEAD(&nn->transactions.open);
	nn->transactions.count = 0;
	nn->transactions.steps = 0;
}

/* Under the lock of all. */
static struct nfipsec_transaction *find(const struct nfipsec_transactions *all,
					u32 portid, const struct sock *owner)
{
	struct nfipsec_transaction *tx;

	lockdep_assert_held(&all->lock);
	list_for_each_entry(tx, &all->open, node) {
		if (tx->portid == portid && tx->owner == owner)
			return tx;
	}
	return NULL;
}

/**
 * nfipsec_transaction_begin() - open a transaction
 * @nn: the namespace
 * @portid: of the socket that it belongs to
 * @owner: that socket
 *
 * Context: process context, sleeps.
 * Return: 0; -EBUSY if the socket has one; -ENOSPC if there are too many;
 * -ENOMEM.
 */
int nfipsec_transaction_begin(struct nfipsec_net *nn, u32 portid,
			      const struct sock *owner)
{
	struct nfipsec_transactions *all = &nn->transactions;
	struct nfipsec_transaction *tx;
	int err = 0;

	tx = kzalloc(sizeof(*tx), GFP_KERNEL_ACCOUNT);
	if (!tx)
		return -ENOMEM;
	INIT_LIST_HEAD(&tx->steps);
	tx->portid = portid;
	tx->owner = owner;
	tx->gen = nfipsec_net_gen(nn);

	spin_lock(&all->lock);
	if (find(all, portid, owner)) {
		err = -EBUSY;
	} else if (all->count >= NFIPSEC_TRANSACTIONS_MAX) {
		err = -ENOSPC;
	} else {
		list_add(&tx->node, &all->open);
		WRITE_ONCE(all->count, all->count + 1);
	}
	spin_unlock(&all->lock);
	if (err)
		kfree(tx);
	return err;
}

/* A module that brings a family of its own waits for a commit, whoever it is from. */
static u32 steps_max(const struct nfipsec_net *nn)
{
	return nn->net->user_ns == &init_user_ns ? NFIPSEC_STEPS_MAX :
						   NFIPSEC_STEPS_MAX / 8;
}

/**
 * nfipsec_transaction_add() - let one more change wait
 * @nn: the namespace
 * @portid: of the socket whose transaction it is for
 * @owner: that socket
 * @step: the change; what it owns is the transaction's on success
 *
 * Context: process context, sleeps.
 * Return: 0; -ENOENT if the socket has none open; -ENOSPC if too many changes
 * wait; -ENOMEM.
 */
int nfipsec_transaction_add(struct nfipsec_net *nn, u32 portid,
			    const struct sock *owner,
			    const struct nfipsec_step *step)
{
	struct nfipsec_transactions *all = &nn->transactions;
	struct nfipsec_transaction *tx;
	struct nfipsec_step *copy;
	int err = 0;

	copy = kmemdup(step, sizeof(*step), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return -ENOMEM;

	spin_lock(&all->lock);
	tx = find(all, portid, owner);
	if (!tx) {
		err = -ENOENT;
	} else if (all->steps >= steps_max(nn)) {
		err = -ENOSPC;
	} else {
		list_add_tail(&copy->node, &tx->steps);
		tx->count++;
		all->steps++;
	}
	spin_unlock(&all->lock);
	if (err)
		kfree(copy);
	return err;
}

/* Does it add one? */
static bool is_policy(const struct nfipsec_step *step)
{
	return step->kind == NFIPSEC_STEP_POLICY_NEW ||
	       step->kind == NFIPSEC_STEP_POLICY_UPDATE;
}

/**
 * nfipsec_transaction_take() - a socket has no transaction any more
 * @nn: the namespace
 * @portid: of the socket
 * @owner: the socket
 *
 * What waits in it counts until it is freed, so that no more can wait in those
 * that are being committed either.
 *
 * Context: process context.
 * Return: what was its transaction, the caller's alone, for
 * nfipsec_transaction_free(); or NULL.
 */
struct nfipsec_transaction *nfipsec_transaction_take(struct nfipsec_net *nn,
						     u32 portid,
						     const struct sock *owner)
{
	struct nfipsec_transactions *all = &nn->transactions;
	struct nfipsec_transaction *tx;

	spin_lock(&all->lock);
	tx = find(all, portid, owner);
	if (tx)
		list_del(&tx->node);
	spin_unlock(&all->lock);
	return tx;
}

/**
 * nfipsec_transaction_free() - forget a transaction
 * @nn: the namespace
 * @tx: taken; freed with all that waits in it
 *
 * There may be much: not under a lock that others want.
 *
 * Context: process context, sleeps.
 */
void nfipsec_transaction_free(struct nfipsec_net *nn,
			      struct nfipsec_transaction *tx)
{
	struct nfipsec_transactions *all = &nn->transactions;
	struct nfipsec_step *step, *tmp;

	list_for_each_entry_safe(step, tmp, &tx->steps, node) {
		if (step->kind == NFIPSEC_STEP_SA_NEW && step->sa)
			nfipsec_sa_free(step->sa);
		else if (is_policy(step) && step->pol)
			nfipsec_policy_free(step->pol);
		kfree(step);
		cond_resched();
	}
	spin_lock(&all->lock);
	all->steps -= tx->count;
	WRITE_ONCE(all->count, all->count - 1);
	spin_unlock(&all->lock);
	kfree(tx);
}

static void free_all(struct nfipsec_net *nn, struct list_head *gone)
{
	struct nfipsec_transaction *tx, *tmp;

	list_for_each_entry_safe(tx, tmp, gone, node)
		nfipsec_transaction_free(nn, tx);
}

/**
 * nfipsec_transactions_close() - a netlink socket was closed
 * @nn: its namespace
 * @portid: it had; another socket may have it by now
 *
 * Never waits for nn->lock, see locking.rst: all netlink sockets of the host that
 * are closed might wait too.
 *
 * Context: process context, sleeps.
 */
void nfipsec_transactions_close(struct nfipsec_net *nn, u32 portid)
{
	struct nfipsec_transactions *all = &nn->transactions;
	struct nfipsec_transaction *tx, *tmp;
	LIST_HEAD(gone);

	/* The socket's own would be there since before it was closed. */
	if (!READ_ONCE(all->count))
		return;
	spin_lock(&all->lock);
	list_for_each_entry_safe(tx, tmp, &all->open, node) {
		/* No socket is freed before we have heard that it is closed. */
		if (tx->portid == portid && sock_flag(tx->owner, SOCK_DEAD))
			list_move(&tx->node, &gone);
	}
	spin_unlock(&all->lock);
	free_all(nn, &gone);
}

/**
 * nfipsec_transactions_exit() - abort those that are open
 * @nn: the namespace; no request can reach it any more
 *
 * Context: process context, sleeps.
 */
void nfipsec_transactions_exit(struct nfipsec_net *nn)
{
	struct nfipsec_transactions *all = &nn->transactions;
	LIST_HEAD(gone);

	spin_lock(&all->lock);
	list_splice_init(&all->open, &gone);
	spin_unlock(&all->lock);
	free_all(nn, &gone);
}

static bool is_new_sa(const struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	return sa->born > (u64)atomic64_read(&nn->gen);
}

static bool is_new_policy(const struct nfipsec_net *nn,
			  const struct nfipsec_policy *pol)
{
	return pol->rule[0].born > (u64)atomic64_read(&nn->gen);
}

/* Packets do not meet what is new, so the SA with that key is an old one. */
static int prepare_sa_del(struct nfipsec_net *nn, struct nfipsec_step *step)
{
	struct nfipsec_sa *sa;

	rcu_read_lock();
	sa = nfipsec_sad_lookup(nn, &step->key);
	rcu_read_unlock();
	if (!sa || nfipsec_sa_leaves(sa) || is_new_sa(nn, sa))
		return -ENOENT;
	nfipsec_sad_stage_del(nn, sa);
	step->sa = sa;
	return 0;
}

static int prepare_policy(struct nfipsec_net *nn, struct nfipsec_step *step)
{
	struct nfipsec_policy *pol = step->pol;
	struct nfipsec_policy *old;

	pol->index = nfipsec_spd_new_index(nn);
	old = nfipsec_spd_find(nn, nfipsec_spd_dir(pol->cfg.dir), pol->cfg.sel,
			       pol->cfg.sels);
	step->old = old;
	if (!old)
		return nfipsec_spd_stage_add(nn, pol);
	if (step->kind == NFIPSEC_STEP_POLICY_NEW || is_new_policy(nn, old))
		return -EEXIST;
	return nfipsec_spd_stage_swap(nn, old, pol);
}

static int prepare_policy_del(struct nfipsec_net *nn, struct nfipsec_step *step)
{
	struct nfipsec_policy *old = nfipsec_spd_find_index(nn, step->index);

	if (!old || nfipsec_policy_leaves(old) || is_new_policy(nn, old))
		return -ENOENT;
	nfipsec_spd_stage_del(nn, old);
	step->old = old;
	return 0;
}

/* Afterwards it holds what was before: done again, that undoes it. */
static void exchange_defaults(struct nfipsec_net *nn, struct nfipsec_step *step)
{
	struct nfipsec_settings *set = &step->set;
	u8 in = nn->spd.action[NFIPSEC_SPD_IN];
	u8 out = nn->spd.action[NFIPSEC_SPD_OUT];

	if (set->in >= 0) {
		nfipsec_spd_stage_default(nn, NFIPSEC_SPD_IN, set->in);
		set->in = in;
	}
	if (set->out >= 0) {
		nfipsec_spd_stage_default(nn, NFIPSEC_SPD_OUT, set->out);
		set->out = out;
	}
}

/* Whether weak algorithms are permitted when all is done. */
static bool permits_weak(const struct nfipsec_net *nn,
			 const struct nfipsec_transaction *tx)
{
	const struct nfipsec_step *step;
	bool weak = nn->weak;

	list_for_each_entry(step, &tx->steps, node) {
		if (step->kind == NFIPSEC_STEP_DEFAULT && step->set.weak >= 0)
			weak = step->set.weak;
	}
	return weak;
}

static int prepare(struct nfipsec_net *nn, struct nfipsec_step *step, bool weak)
{
	switch (step->kind) {
	case NFIPSEC_STEP_SA_NEW:
		if (!weak && nfipsec_sa_is_weak(step->sa))
			return -EPERM;
		return nfipsec_sad_stage_add(nn, step->sa);
	case NFIPSEC_STEP_SA_DEL:
		return prepare_sa_del(nn, step);
	case NFIPSEC_STEP_POLICY_NEW:
	case NFIPSEC_STEP_POLICY_UPDATE:
		return prepare_policy(nn, step);
	case NFIPSEC_STEP_POLICY_DEL:
		return prepare_policy_del(nn, step);
	case NFIPSEC_STEP_DEFAULT:
		exchange_defaults(nn, step);
		return 0;
	}
	return -EINVAL;
}

static void undo(struct nfipsec_net *nn, struct nfipsec_step *step)
{
	switch (step->kind) {
	case NFIPSEC_STEP_SA_NEW:
		nfipsec_sad_unstage_add(nn, step->sa);
		break;
	case NFIPSEC_STEP_SA_DEL:
		nfipsec_sad_unstage_del(nn, step->sa);
		break;
	case NFIPSEC_STEP_POLICY_NEW:
	case NFIPSEC_STEP_POLICY_UPDATE:
		if (step->old)
			nfipsec_spd_unstage_swap(nn, step->old, step->pol);
		else
			nfipsec_spd_unstage_add(nn, step->pol);
		break;
	case NFIPSEC_STEP_POLICY_DEL:
		nfipsec_spd_unstage_del(nn, step->old);
		break;
	case NFIPSEC_STEP_DEFAULT:
		exchange_defaults(nn, step);
		break;
	}
}

/**
 * nfipsec_transaction_prepare() - do all of a commit that can fail
 * @nn: the namespace
 * @tx: taken
 * @failed: on error, written: number of the step that failed, from 0
 * @kind: on error, written: what it does
 *
 * Packets notice nothing.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0, or with all as it was: -EEXIST or -ENOENT if what a step adds is
 * there, or not what it takes out; -EPERM if it adds an SA with a weak algorithm,
 * and these are not permitted; or an error of nfipsec_sad_insert() or
 * nfipsec_spd_insert().
 */
int nfipsec_transaction_prepare(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx, u32 *failed,
				enum nfipsec_step_kind *kind)
{
	bool weak = permits_weak(nn, tx);
	struct nfipsec_step *step;
	u32 done = 0;
	int err;

	lockdep_assert_held(&nn->lock);
	list_for_each_entry(step, &tx->steps, node) {
		err = prepare(nn, step, weak);
		if (err)
			goto undo;
		done++;
		cond_resched();
	}
	return 0;

undo:
	*failed = done;
	*kind = step->kind;
	list_for_each_entry_continue_reverse(step, &tx->steps, node) {
		undo(nn, step);
		cond_resched();
	}
	nfipsec_spd_settle(nn);
	return err;
}

static void set_rest(struct nfipsec_net *nn, const struct nfipsec_settings *set)
{
	if (set->weak >= 0)
		WRITE_ONCE(nn->weak, set->weak);
	if (set->audit >= 0)
		WRITE_ONCE(nn->audit, set->audit);
	if (set->acquire_timeout >= 0)
		WRITE_ONCE(nn->acquire_timeout, set->acquire_timeout);
}

/**
 * nfipsec_transaction_switch() - let packets meet what was prepared
 * @nn: the namespace
 * @tx: prepared
 *
 * What it took out is there until nfipsec_transaction_finish().
 *
 * Context: process context under nn->lock.
 */
void nfipsec_transaction_switch(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx)
{
	struct nfipsec_step *step;

	nfipsec_net_changed(nn);
	nfipsec_spd_settle(nn);
	list_for_each_entry(step, &tx->steps, node) {
		if (step->kind == NFIPSEC_STEP_SA_NEW)
			nfipsec_expire_add(nn, step->sa);
		else if (step->kind == NFIPSEC_STEP_DEFAULT)
			set_rest(nn, &step->set);
		cond_resched();
	}
}

/**
 * nfipsec_transaction_finish() - free what a commit took out
 * @nn: the namespace
 * @tx: packets meet it; owns nothing afterwards, for nfipsec_transaction_free()
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_transaction_finish(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx)
{
	struct nfipsec_step *step;

	list_for_each_entry(step, &tx->steps, node) {
		if (step->kind == NFIPSEC_STEP_SA_DEL)
			nfipsec_sad_drop(nn, step->sa);
		else if (step->kind == NFIPSEC_STEP_POLICY_DEL)
			nfipsec_spd_drop(nn, step->old, true);
		else if (is_policy(step) && step->old)
			nfipsec_spd_drop(nn, step->old, false);
		/* The tables own what was added. */
		step->sa = NULL;
		step->pol = NULL;
		cond_resched();
	}
}
