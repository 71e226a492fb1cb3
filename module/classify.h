/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of many rules is the first that matches a packet?
 */
#ifndef NFIPSEC_CLASSIFY_H
#define NFIPSEC_CLASSIFY_H

#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "selector.h"
#include "tuple.h"

struct nfipsec_policy;

/**
 * struct nfipsec_rule - a selector with a place in the order
 * @sel: what it matches; the caller's, until a grace period after the rule is
 *	out
 * @policy: whose it is, not looked at here
 * @priority: a lower number comes first
 * @age: and then a lower one here. Rules that have both in common are taken for
 *	one
 * @born: state from which on it is there
 * @died: state from which on it is gone
 * @pieces: where it is, writers only
 *
 * The caller embeds it, sets the first four, and frees it a grace period after
 * it is out.
 */
struct nfipsec_rule {
	const struct nfipsec_selector *sel;
	struct nfipsec_policy *policy;
	u32 priority;
	u64 age;
	u64 born;
	atomic64_t died;
	struct nfipsec_piece *pieces;
};

/**
 * nfipsec_rule_before() - is one rule looked at before another?
 * @a: the one
 * @b: the other
 *
 * Context: any.
 * Return: whether it is; of two that are taken for one, none is.
 */
static inline bool nfipsec_rule_before(const struct nfipsec_rule *a,
				       const struct nfipsec_rule *b)
{
	return a->priority != b->priority ? a->priority < b->priority :
					    a->age < b->age;
}

/**
 * struct nfipsec_classifier - rules
 * @space: where their pieces are
 * @state: number of the state that packets meet; the caller's, who may share it
 *	between what shall change at once, and counts it up for other reasons too:
 *	with a full barrier behind it, before he takes something out
 */
struct nfipsec_classifier {
	struct nfipsec_space space;
	atomic64_t *state;
};

/**
 * struct nfipsec_hit - answer of nfipsec_classify()
 * @yes: the first rule that matches, or NULL
 * @may: the first before it that may match, depending on what a fragment does
 *	not show, or NULL
 */
struct nfipsec_hit {
	const struct nfipsec_rule *yes;
	const struct nfipsec_rule *may;
};

/* Reader: under rcu_read_lock(). */
u64 nfipsec_classify(const struct nfipsec_classifier *cls,
		     const struct nfipsec_flow *flow, struct nfipsec_hit *hit);

/**
 * nfipsec_classifier_changed() - is there another state since?
 * @cls: the rules
 * @state: what nfipsec_classify() returned
 *
 * If not, its answer is that of the state as a whole; if there is, it may have
 * missed a rule that is out since, or seen one that has taken its place.
 *
 * Context: as nfipsec_classify(), after it.
 * Return: whether to ask again.
 */
static inline bool
nfipsec_classifier_changed(const struct nfipsec_classifier *cls, u64 state)
{
	/* After the look. Pairs with the full barrier behind the count of the next
	 * state, before which nothing is taken out of this one.
	 */
	smp_rmb();
	return (u64)atomic64_read(cls->state) != state;
}

/* Writers: one at a time. */
int __must_check nfipsec_classifier_init(struct nfipsec_classifier *cls,
					 atomic64_t *state);
void nfipsec_classifier_exit(struct nfipsec_classifier *cls);
int __must_check nfipsec_rule_add(struct nfipsec_classifier *cls,
				  struct nfipsec_rule *rule);
void nfipsec_rule_retire(struct nfipsec_classifier *cls,
			 struct nfipsec_rule *rule);
void nfipsec_rule_keep(struct nfipsec_rule *rule);
void nfipsec_rule_del(struct nfipsec_classifier *cls,
		      struct nfipsec_rule *rule);

#endif
