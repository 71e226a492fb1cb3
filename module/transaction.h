/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of SAD and SPD that become visible as one.
 */
#ifndef NFIPSEC_TRANSACTION_H
#define NFIPSEC_TRANSACTION_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "sa.h"

struct nfipsec_net;
struct nfipsec_policy;
struct sock;

/*
 * What may be open in a namespace, and what may wait in all of these; an eighth of
 * that if the namespace is not of the host's administrator.
 */
#define NFIPSEC_TRANSACTIONS_MAX	64
#define NFIPSEC_STEPS_MAX		1048576

/* What a step does. */
enum nfipsec_step_kind {
	NFIPSEC_STEP_SA_NEW,
	NFIPSEC_STEP_SA_DEL,
	NFIPSEC_STEP_POLICY_NEW,
	NFIPSEC_STEP_POLICY_UPDATE,
	NFIPSEC_STEP_POLICY_DEL,
	NFIPSEC_STEP_DEFAULT,
};

/**
 * struct nfipsec_settings - what is set for the namespace
 * @in: default action, -1 leaves it as it is
 * @out: likewise
 * @weak: as of struct nfipsec_net, -1 leaves it as it is
 * @audit: likewise
 * @acquire_timeout: likewise
 */
struct nfipsec_settings {
	s8 in;
	s8 out;
	s8 weak;
	s8 audit;
	s32 acquire_timeout;
};

/**
 * struct nfipsec_step - one change
 * @node: in nfipsec_transaction.steps
 * @kind: what it does; says which of the others are used
 * @sa: to add, owned; or that is taken out, while this is committed
 * @pol: to add, owned
 * @old: that is taken out, while this is committed, or NULL
 * @key: of the SA to take out
 * @index: of the policy to take out
 * @set: what to set; what was set before, once that was done
 */
struct nfipsec_step {
	struct list_head node;
	enum nfipsec_step_kind kind;
	union {
		struct nfipsec_sa *sa;
		struct nfipsec_policy *pol;
	};
	union {
		struct nfipsec_policy *old;
		struct nfipsec_sa_key key;
		u32 index;
		struct nfipsec_settings set;
	};
};

/**
 * struct nfipsec_transaction - changes that are to become visible as one
 * @node: in nfipsec_transactions.open, until it is taken
 * @steps: in the order in which they came; under the lock of all, and once it is
 *	taken whoever took it has it alone
 * @count: how many
 * @portid: of the netlink socket that it belongs to
 * @owner: that socket: a port number may be used again before it is known that
 *	the socket is closed; not to be looked at once this is taken
 * @gen: generation of the tables when it began
 */
struct nfipsec_transaction {
	struct list_head node;
	struct list_head steps;
	u32 count;
	u32 portid;
	const struct sock *owner;
	u64 gen;
};

/**
 * struct nfipsec_transactions - those of a namespace
 * @lock: protects what follows, see locking.rst; nothing is waited for under it
 * @open: not taken to be committed or freed yet
 * @count: how many, with those that are taken and not freed yet; READ_ONCE()
 *	readers
 * @steps: how many changes wait in all of these
 */
struct nfipsec_transactions {
	spinlock_t lock;
	struct list_head open;
	u32 count;
	u32 steps;
};

void nfipsec_transactions_init(struct nfipsec_net *nn);
void nfipsec_transactions_exit(struct nfipsec_net *nn);

/* None of these takes nn->lock. */
int nfipsec_transaction_begin(struct nfipsec_net *nn, u32 portid,
			      const struct sock *owner);
int nfipsec_transaction_add(struct nfipsec_net *nn, u32 portid,
			    const struct sock *owner,
			    const struct nfipsec_step *step);
struct nfipsec_transaction *nfipsec_transaction_take(struct nfipsec_net *nn,
						     u32 portid,
						     const struct sock *owner);
void nfipsec_transaction_free(struct nfipsec_net *nn,
			      struct nfipsec_transaction *tx);
void nfipsec_transactions_close(struct nfipsec_net *nn, u32 portid);

/*
 * Commit, under nn->lock, of one that was taken: the first, and if it succeeds the
 * others, without unlocking.
 */
int nfipsec_transaction_prepare(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx, u32 *failed,
				enum nfipsec_step_kind *kind);
void nfipsec_transaction_switch(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx);
void nfipsec_transaction_finish(struct nfipsec_net *nn,
				struct nfipsec_transaction *tx);

#endif
