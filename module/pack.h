/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pieces of a bucket as packets read them: many in few lines of the
 * processor's caches. See pack.c.
 */
#ifndef NFIPSEC_PACK_H
#define NFIPSEC_PACK_H

#include <linux/compiler.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "tuple.h"

/**
 * struct nfipsec_pack - some pieces of a bucket, one behind the other
 * @rcu: frees it
 * @next: those behind them, RCU readers
 * @n: how many; as wide as the pointers behind @tell are to be aligned
 * @tell: of each, what tells packets that it is not for them; and behind all of
 *	these the rule of each, or NULL if it has gone, see nfipsec_pack_rules()
 *
 * Once packets can come to it, only @next changes, to what takes the place of the
 * pack there; rules go; and nfipsec_pack_widen().
 */
struct nfipsec_pack {
	struct rcu_head rcu;
	struct nfipsec_pack __rcu *next;
	unsigned long n;
	struct nfipsec_tell tell[];
};

static inline struct nfipsec_rule __rcu **
nfipsec_pack_rules(const struct nfipsec_pack *pack)
{
	return (struct nfipsec_rule __rcu **)&pack->tell[pack->n];
}

/**
 * struct nfipsec_view - where a look at the pieces of a bucket is
 * @n: how many are at hand, 0 at the end
 * @tell: of these
 * @rule: of these, an entry may be NULL
 * @next: those behind them
 *
 * The others are of use only if @n is not 0.
 */
struct nfipsec_view {
	unsigned long n;
	const struct nfipsec_tell *tell;
	struct nfipsec_rule __rcu *const *rule;
	const struct nfipsec_pack *next;
};

/**
 * nfipsec_view_next() - go on
 * @view: to those behind what was at hand
 *
 * Context: under rcu_read_lock(), the same as of nfipsec_view_first().
 */
static inline void nfipsec_view_next(struct nfipsec_view *view)
{
	const struct nfipsec_pack *pack = view->next;

	view->n = 0;
	if (!pack)
		return;
	view->n = pack->n;
	view->tell = pack->tell;
	view->rule = nfipsec_pack_rules(pack);
	view->next = rcu_dereference(pack->next);
}

/**
 * nfipsec_view_first() - begin with the first pieces of a bucket
 * @view: written
 * @b: the bucket
 *
 * Context: under rcu_read_lock(), until the end of which all is valid.
 */
static inline void nfipsec_view_first(struct nfipsec_view *view,
				      const struct nfipsec_bucket *b)
{
	const struct nfipsec_piece *piece;

	/* It may be empty, if its last piece goes. */
	view->next = rcu_dereference(b->first);
	piece = nfipsec_lone(view->next);
	if (!piece) {
		nfipsec_view_next(view);
		return;
	}
	view->n = 1;
	view->tell = &piece->tell;
	view->rule = &piece->rule;
	view->next = NULL;
}

/* Writers: one at a time. */
int __must_check nfipsec_pack_add(struct nfipsec_piece *piece);
void nfipsec_pack_del(struct nfipsec_piece *piece);
void nfipsec_pack_widen(struct nfipsec_piece *piece);

#endif
