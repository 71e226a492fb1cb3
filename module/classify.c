// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tuple space search. Of a rule it matters which bits of a packet it looks at:
 * how many of each address and port, and whether at the protocol. Rules that
 * agree in that have a shape in common, and are a tuple; there a packet can
 * only match what is equal to it in these bits, and a hash table finds that at
 * once, however many there are. A look-up tries the tuples, the best rule of
 * which is better than what it has found: as many as there are shapes, which
 * people have few of, because their policies are made by few templates.
 *
 * Ranges that are no prefix are cut into prefixes: a rule consists of pieces.
 * Pieces of one key stand in packs in the order of the rules, see pack.c. Most of
 * them are exact: their rule matches all that has the key, so the first one
 * decides. If a rule would have too many pieces, a field is taken by one prefix
 * that is too large, and the rule itself must be asked; only such pieces make the
 * look-up go on in the pack. They tell some of the bits of addresses that the
 * key lacks, so that few rules are asked in vain.
 *
 * All that is in memory far apart, and waiting for it is most of what a look-up
 * among many rules costs. So several tuples are tried together for whole packets,
 * step by step: what the next step reads of each is on its way while the others
 * are looked at.
 *
 * Interfaces, VRF and mark are bits of a packet like any others. A shape that
 * looks at one of them has longer keys.
 *
 * Bounds. A rule has at most PORT_PIECES + 2 * ADDR_PIECES = 48 pieces, one or
 * two most of the time. A piece takes a slab object of 64 bytes; its key,
 * unless others have it too, one of 64 (IPv4) or 96 bytes, with interfaces or
 * mark 96 or 128, and up to 9 bytes of the table, or 36 while it grows; if others
 * have the key, 18 to 64 bytes of a pack, and a whole one of 256 at worst, after
 * those around it have gone and there was no memory to make it smaller. Each that
 * comes to others of its key leaves their old pack, 64 to 256 bytes, to be freed
 * a grace period later. There are at most 32 shapes for whole packets of a family,
 * and as many for fragments, beside those of a coarse grid, 64, and of another one
 * for interfaces and marks: who has more of them than that finds more packs
 * instead. One rule brings four of them, and one more for each pair of prefix
 * lengths.
 *
 * A fragment does not show its ports, perhaps not even its protocol, and may
 * match rules for these. Pieces beside those for whole packets stand for that.
 *
 * States. Rules carry the numbers of the states that they belong to, and a
 * look-up takes those of the state that it began in. So any number of changes
 * become visible at once, when its owner counts the state up, and until then any
 * of them can still fail. What is out is out for all states: a look-up that ends in
 * another state than it began in begins again.
 */
#include <linux/minmax.h>
#include <linux/prefetch.h>
#include <linux/rculist.h>

#include "classify.h"
#include "pack.h"
#include "tuple.h"

/* Tuples that are looked at together. */
#define BATCH		16U

static bool is_there(const struct nfipsec_rule *rule, u64 state)
{
	return rule->born <= state &&
	       state < (u64)atomic64_read(&rule->died);
}

static bool is_opaque(const struct nfipsec_rule *rule)
{
	return nfipsec_selector_is_opaque(rule->sel);
}

/* May a packet with the key of a piece match its rule? */
static bool may_match(const struct nfipsec_tell *tell,
		      const struct nfipsec_key *key)
{
	return tell->exact ||
	       nfipsec_key_digest(key, READ_ONCE(tell->src),
				  READ_ONCE(tell->dst)) ==
	       READ_ONCE(tell->digest);
}

/**
 * struct walk - through the pieces of buckets, for a packet
 * @flow: the packet
 * @key: the same
 * @state: that it meets
 */
struct walk {
	const struct nfipsec_flow *flow;
	const struct nfipsec_key *key;
	u64 state;
};

/* Does a whole packet match the rule of a piece? */
static bool matches(const struct walk *walk, const struct nfipsec_tell *tell,
		    const struct nfipsec_rule *rule)
{
	return is_there(rule, walk->state) &&
	       (tell->exact ||
		nfipsec_selector_match(rule->sel, walk->flow) ==
		NFIPSEC_MATCH_YES);
}

/* The first rule of a bucket that a whole packet matches, or @best. */
static const struct nfipsec_rule *
walk_whole(const struct walk *walk, const struct nfipsec_bucket *b,
	   const struct nfipsec_rule *best)
{
	const struct nfipsec_rule *rule;
	struct nfipsec_view v;
	unsigned int i;

	for (nfipsec_view_first(&v, b); v.n; nfipsec_view_next(&v)) {
		for (i = 0; i < v.n; i++) {
			if (best && best->priority < v.tell[i].priority)
				return best;
			if (!may_match(&v.tell[i], walk->key))
				continue;
			rule = rcu_dereference(v.rule[i]);
			if (!rule)
				continue;
			if (best && !nfipsec_rule_before(rule, best))
				return best;
			if (matches(walk, &v.tell[i], rule))
				return rule;
		}
	}
	return best;
}

/* Of the rules of one policy, that one counts which is for what is not seen. */
static bool beats(const struct nfipsec_rule *rule,
		  const struct nfipsec_rule *best)
{
	return !best || nfipsec_rule_before(rule, best) ||
	       (!nfipsec_rule_before(best, rule) && is_opaque(rule));
}

/* What a rule says to a fragment; whether those behind it need not be asked. */
static bool ask_frag(const struct walk *walk, const struct nfipsec_rule *rule,
		     struct nfipsec_hit *hit)
{
	enum nfipsec_match match;

	if (hit->yes && nfipsec_rule_before(hit->yes, rule))
		return true;
	if (!is_there(rule, walk->state))
		return false;
	match = nfipsec_selector_match(rule->sel, walk->flow);
	if (match == NFIPSEC_MATCH_NO)
		return false;
	if (match == NFIPSEC_MATCH_YES && beats(rule, hit->yes))
		hit->yes = rule;
	else if (match == NFIPSEC_MATCH_OPAQUE &&
		 (!hit->may || nfipsec_rule_before(rule, hit->may)))
		hit->may = rule;
	return true;
}

/* What a bucket answers to a fragment is the same for all that it matches. */
static void walk_frag(const struct walk *walk, const struct nfipsec_bucket *b,
		      struct nfipsec_hit *hit)
{
	const struct nfipsec_rule *rule;
	struct nfipsec_view v;
	unsigned int i;

	for (nfipsec_view_first(&v, b); v.n; nfipsec_view_next(&v)) {
		for (i = 0; i < v.n; i++) {
			if (!may_match(&v.tell[i], walk->key))
				continue;
			rule = rcu_dereference(v.rule[i]);
			if (rule && ask_frag(walk, rule, hit))
				return;
		}
	}
}

static bool for_frag(const struct nfipsec_tuple *tuple, bool hidden)
{
	switch (tuple->shape.kind) {
	case NFIPSEC_KIND_PORTS:
		return false;
	case NFIPSEC_KIND_HIDDEN:
	case NFIPSEC_KIND_NOPROTO:
		return hidden;
	default:
		return true;
	}
}

static void look_frag(const struct walk *walk,
		      const struct nfipsec_space *space,
		      const struct nfipsec_table *table,
		      struct nfipsec_hit *hit)
{
	const struct nfipsec_flow *flow = walk->flow;
	bool hidden = nfipsec_proto_hides(flow->family, flow->proto);
	const struct nfipsec_bucket *b;
	struct nfipsec_tuple *tuple;
	struct nfipsec_probe probe;
	unsigned int side;

	for (side = 0; side < NFIPSEC_SIDES; side++) {
		list_for_each_entry_rcu(tuple,
					nfipsec_space_tuples(space,
							     flow->family,
							     side), node) {
			if (!for_frag(tuple, hidden) ||
			    (hit->yes &&
			     hit->yes->priority < READ_ONCE(tuple->best)))
				continue;
			nfipsec_space_probe(space, table, tuple, walk->key,
					    &probe);
			if (!nfipsec_space_may(table, &probe))
				continue;
			b = nfipsec_space_find(table, &probe, walk->key);
			if (b)
				walk_frag(walk, b, hit);
		}
	}
	if (hit->yes && hit->may && !nfipsec_rule_before(hit->may, hit->yes))
		hit->may = NULL;
}

/* In some tuples at a time, so that memory is waited for once. */
static const struct nfipsec_rule *
look_batch(const struct walk *walk, const struct nfipsec_table *table,
	   struct nfipsec_probe *probe, unsigned int n,
	   const struct nfipsec_rule *best)
{
	const struct nfipsec_bucket *b[BATCH], *bucket;
	unsigned int i, may = 0, found = 0;

	for (i = 0; i < n; i++) {
		if (nfipsec_space_may(table, &probe[i]))
			probe[may++] = probe[i];
	}
	for (i = 0; i < may; i++)
		nfipsec_space_ask(table, &probe[i]);
	for (i = 0; i < may; i++) {
		bucket = nfipsec_space_find(table, &probe[i], walk->key);
		if (!bucket)
			continue;
		prefetch(rcu_dereference(bucket->first));
		b[found++] = bucket;
	}
	for (i = 0; i < found; i++) {
		if (!best || best->priority >= READ_ONCE(b[i]->tuple->best))
			best = walk_whole(walk, b[i], best);
	}
	return best;
}

/*
 * What is likely is found in the first few tuples, and those behind them are not
 * looked at: so the first batches are small.
 */
static const struct nfipsec_rule *
look_whole(const struct walk *walk, const struct nfipsec_space *space,
	   const struct nfipsec_table *table)
{
	const struct nfipsec_rule *best = NULL;
	struct nfipsec_probe probe[BATCH];
	unsigned int n = 0, batch = 1;
	struct nfipsec_tuple *tuple;

	list_for_each_entry_rcu(tuple,
				nfipsec_space_tuples(space, walk->flow->family,
						     NFIPSEC_SIDE_WHOLE),
				node) {
		if (best && best->priority < READ_ONCE(tuple->best))
			continue;
		nfipsec_space_probe(space, table, tuple, walk->key,
				    &probe[n++]);
		if (n < batch)
			continue;
		best = look_batch(walk, table, probe, n, best);
		batch = min(2 * batch, BATCH);
		n = 0;
	}
	return look_batch(walk, table, probe, n, best);
}

/**
 * nfipsec_classify() - find the first rule that a packet matches
 * @cls: the rules
 * @flow: the packet
 * @hit: written whole
 *
 * Context: under rcu_read_lock(), until the end of which the rules are valid.
 * Return: the state that is the answer's if nfipsec_classifier_changed() says
 * that it is still that.
 */
u64 nfipsec_classify(const struct nfipsec_classifier *cls,
		     const struct nfipsec_flow *flow, struct nfipsec_hit *hit)
{
	const struct nfipsec_space *space = &cls->space;
	const struct nfipsec_table *table;
	struct nfipsec_key key;
	struct walk walk = {
		.flow = flow,
		.key = &key,
		/* First: all that belongs to the state is there then. */
		.state = atomic64_read_acquire(cls->state),
	};

	table = rcu_dereference(space->table);
	hit->yes = NULL;
	hit->may = NULL;
	nfipsec_key_set(&key, flow);
	if (flow->opaque)
		look_frag(&walk, space, table, hit);
	else
		hit->yes = look_whole(&walk, space, table);
	return walk.state;
}

/**
 * nfipsec_classifier_init() - make a classifier without rules
 * @cls: written whole
 * @state: where the number of its state is; set by the caller, and from now on
 *	only counted up, by the writer
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_classifier_init(struct nfipsec_classifier *cls, atomic64_t *state)
{
	cls->state = state;
	return nfipsec_space_init(&cls->space);
}

/**
 * nfipsec_classifier_exit() - give up a classifier without rules
 * @cls: no packet can come to it any more
 *
 * Context: process context.
 */
void nfipsec_classifier_exit(struct nfipsec_classifier *cls)
{
	nfipsec_space_exit(&cls->space);
}
