// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tuples, and the pieces of rules in them.
 */
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "bucket.h"
#include "classify.h"
#include "pack.h"
#include "tuple.h"

/* Shapes of a side of a family that are taken as they come. */
#define SHAPES_FREE	32

/* Of these, those that one rule may be the first to have. */
#define SHAPES_RULE	4

/**
 * struct level - a priority that pieces of a tuple have
 * @node: in nfipsec_tuple.levels
 * @priority: the priority
 * @count: how many pieces have it
 *
 * For writers: nfipsec_tuple.best is what readers go by.
 */
struct level {
	struct rb_node node;
	u32 priority;
	u32 count;
};

static bool has_meta(const struct nfipsec_shape *shape)
{
	return shape->meta || shape->mark;
}

static u32 all_if(bool cond)
{
	return cond ? U32_MAX : 0;
}

static void mask_addr(u32 *mask, unsigned int words, unsigned int plen)
{
	unsigned int i;

	for (i = 0; i < words; i++) {
		mask[i] = nfipsec_bit_mask(min(plen, 32U));
		plen -= min(plen, 32U);
	}
}

/* Few rules look beyond headers: keys of the others end there. */
static void mask_set(struct nfipsec_tuple *tuple,
		     const struct nfipsec_shape *shape)
{
	unsigned int head = nfipsec_key_head(shape->family);
	unsigned int addr = (head - 2) / 2;
	u32 *mask = tuple->mask;

	mask_addr(mask, addr, shape->src);
	mask_addr(mask + addr, addr, shape->dst);
	mask[head - 2] = nfipsec_bit_mask(shape->sport) |
			 nfipsec_bit_mask(shape->dport) >> 16;
	mask[head - 1] = shape->proto ? U8_MAX : 0;
	mask[head] = all_if(shape->meta & NFIPSEC_SHAPE_IIF);
	mask[head + 1] = all_if(shape->meta & NFIPSEC_SHAPE_OIF);
	mask[head + 2] = all_if(shape->meta & NFIPSEC_SHAPE_VRF);
	mask[head + 3] = shape->mark;
	tuple->words = has_meta(shape) ? head + NFIPSEC_KEY_META : head;
}

static unsigned int side_of(u8 kind)
{
	return kind == NFIPSEC_KIND_PLAIN || kind == NFIPSEC_KIND_PORTS ?
	       NFIPSEC_SIDE_WHOLE : NFIPSEC_SIDE_FRAG;
}

static struct nfipsec_tuple *tuple_find(const struct list_head *list,
					const struct nfipsec_shape *shape)
{
	struct nfipsec_tuple *tuple;

	list_for_each_entry(tuple, list, node) {
		if (!memcmp(&tuple->shape, shape, sizeof(*shape)))
			return tuple;
	}
	return NULL;
}

/* Where it is tried early if its first rule is an early one. */
static void tuple_link(struct list_head *list, struct nfipsec_tuple *tuple)
{
	struct nfipsec_tuple *pos;

	list_for_each_entry(pos, list, node) {
		if (pos->best > tuple->best)
			break;
	}
	list_add_tail_rcu(&tuple->node, &pos->node);
}

static struct nfipsec_tuple *tuple_new(struct nfipsec_space *space,
				       const struct nfipsec_shape *shape,
				       u32 priority)
{
	unsigned int family = shape->family == AF_INET6;
	unsigned int side = side_of(shape->kind);
	struct nfipsec_tuple *tuple;

	tuple = kzalloc(sizeof(*tuple), GFP_KERNEL_ACCOUNT);
	if (!tuple)
		return NULL;
	tuple->shape = *shape;
	mask_set(tuple, shape);
	tuple->id = ++space->last_id;
	tuple->best = priority;
	tuple->levels = RB_ROOT;
	tuple_link(&space->tuples[family][side], tuple);
	space->count[family][side]++;
	return tuple;
}

/*
 * The whole mark tells most; of a part of it there are too many to choose from.
 * It or the interfaces make up for the rest of the headers.
 */
static void shape_coarsen_meta(struct nfipsec_shape *shape)
{
	unsigned int plen = shape->family == AF_INET ? 16 : 32;

	if (shape->mark == U32_MAX)
		shape->meta = 0;
	else
		shape->mark = 0;
	if (!has_meta(shape))
		return;
	shape->src = shape->src < plen ? 0 : plen;
	shape->dst = shape->dst < plen ? 0 : plen;
	shape->dport = 0;
}

/* Shorter prefixes, of a few lengths, and of the ports the destination's. */
static void shape_coarsen(struct nfipsec_shape *shape)
{
	if (shape->family == AF_INET) {
		shape->src = min(shape->src & ~7, 24);
		shape->dst = min(shape->dst & ~7, 24);
	} else {
		shape->src = shape->src >= 48 ? min(shape->src & ~15, 64) :
						shape->src & 32;
		shape->dst = shape->dst >= 48 ? min(shape->dst & ~15, 64) :
						shape->dst & 32;
	}
	shape->sport = 0;
	shape->dport &= 16;
	if (has_meta(shape))
		shape_coarsen_meta(shape);
}

/* Has a rule pieces of as many shapes of a kind as it may bring? */
static bool has_shapes(const struct nfipsec_rule *rule, u8 kind)
{
	const struct nfipsec_tuple *seen[SHAPES_RULE];
	const struct nfipsec_tuple *tuple;
	const struct nfipsec_piece *piece;
	unsigned int i, n = 0;

	for (piece = rule->pieces; piece; piece = piece->sibling) {
		tuple = piece->bucket->tuple;
		for (i = 0; i < n && seen[i] != tuple; i++)
			;
		if (i < n || tuple->shape.kind != kind)
			continue;
		seen[n++] = tuple;
		if (n == SHAPES_RULE)
			return true;
	}
	return false;
}

/*
 * The tuple for a piece; not @exact if it does not have the piece's shape. A
 * wide range of ports is a prefix of each length: one rule with such must not
 * use up what there is for others, and is found by its addresses.
 */
static struct nfipsec_tuple *tuple_get(struct nfipsec_space *space,
				       const struct nfipsec_rule *rule,
				       const struct nfipsec_shape *want,
				       bool *exact)
{
	unsigned int family = want->family == AF_INET6;
	unsigned int side = side_of(want->kind);
	struct list_head *list = &space->tuples[family][side];
	bool full = space->count[family][side] >= SHAPES_FREE;
	struct nfipsec_shape shape = *want;
	struct nfipsec_tuple *tuple;

	tuple = tuple_find(list, &shape);
	if (!tuple && (full || has_shapes(rule, want->kind))) {
		shape.sport = 0;
		shape.dport = 0;
		tuple = tuple_find(list, &shape);
		if (!tuple && (full || !memcmp(&shape, want, sizeof(shape)))) {
			shape = *want;
			shape_coarsen(&shape);
			tuple = tuple_find(list, &shape);
		}
		if (memcmp(&shape, want, sizeof(shape)))
			*exact = false;
	}
	return tuple ?: tuple_new(space, &shape, rule->priority);
}

static struct level *level_of(struct rb_node *node)
{
	return rb_entry(node, struct level, node);
}

static void best_set(struct nfipsec_tuple *tuple)
{
	WRITE_ONCE(tuple->best, level_of(rb_first(&tuple->levels))->priority);
}

/* One piece more has @priority. */
static int level_get(struct nfipsec_tuple *tuple, u32 priority)
{
	struct rb_node **pos = &tuple->levels.rb_node;
	struct rb_node *parent = NULL;
	struct level *level;

	while (*pos) {
		parent = *pos;
		level = level_of(parent);
		if (level->priority == priority) {
			level->count++;
			return 0;
		}
		pos = priority < level->priority ? &parent->rb_left :
						   &parent->rb_right;
	}
	level = kzalloc(sizeof(*level), GFP_KERNEL_ACCOUNT);
	if (!level)
		return -ENOMEM;
	level->priority = priority;
	level->count = 1;
	rb_link_node(&level->node, parent, pos);
	rb_insert_color(&level->node, &tuple->levels);
	best_set(tuple);
	return 0;
}

/* Its last piece has gone. */
static void tuple_del(struct nfipsec_space *space, struct nfipsec_tuple *tuple)
{
	unsigned int family = tuple->shape.family == AF_INET6;

	space->count[family][side_of(tuple->shape.kind)]--;
	list_del_rcu(&tuple->node);
	kfree_rcu(tuple, rcu);
}

static void level_put(struct nfipsec_tuple *tuple, u32 priority)
{
	struct rb_node *node = tuple->levels.rb_node;
	struct level *level;

	while ((level = level_of(node))->priority != priority)
		node = priority < level->priority ? node->rb_left :
						    node->rb_right;
	if (--level->count)
		return;
	rb_erase(&level->node, &tuple->levels);
	kfree(level);
	if (!RB_EMPTY_ROOT(&tuple->levels))
		best_set(tuple);
}

static struct nfipsec_piece *piece_of(struct rb_node *node)
{
	return rb_entry(node, struct nfipsec_piece, node);
}

static const struct nfipsec_rule *rule_of(const struct nfipsec_piece *piece)
{
	return rcu_dereference_protected(piece->rule, true);
}

/* In the order of rules; -ENOMEM: it is not in. */
static int bucket_insert(struct nfipsec_bucket *b, struct nfipsec_piece *piece)
{
	const struct nfipsec_rule *rule = rule_of(piece);
	struct rb_node **pos = &b->pieces.rb_node;
	struct rb_node *parent = NULL;
	int err;

	while (*pos) {
		parent = *pos;
		pos = nfipsec_rule_before(rule, rule_of(piece_of(parent))) ?
		      &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&piece->node, parent, pos);
	rb_insert_color(&piece->node, &b->pieces);
	err = nfipsec_pack_add(piece);
	if (err)
		rb_erase(&piece->node, &b->pieces);
	return err;
}

static struct nfipsec_piece *find_piece(const struct nfipsec_rule *rule,
					const struct nfipsec_bucket *b)
{
	struct nfipsec_piece *piece;

	for (piece = rule->pieces; piece; piece = piece->sibling) {
		if (piece->bucket == b)
			break;
	}
	return piece;
}

static void tell_set(struct nfipsec_tell *tell, u32 priority,
		     const struct nfipsec_shape *shape,
		     const struct nfipsec_key *key, bool exact)
{
	tell->priority = priority;
	tell->src = shape->src;
	tell->dst = shape->dst;
	tell->digest = nfipsec_key_digest(key, shape->src, shape->dst);
	tell->exact = exact;
}

static int piece_link(struct nfipsec_rule *rule, struct nfipsec_bucket *b,
		      const struct nfipsec_shape *shape,
		      const struct nfipsec_key *key, bool exact)
{
	struct nfipsec_piece *piece = find_piece(rule, b);

	/* Two pieces may have one key where tuples are coarse. */
	if (piece) {
		nfipsec_pack_widen(piece);
		return 0;
	}
	piece = kzalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		return -ENOMEM;
	tell_set(&piece->tell, rule->priority, shape, key, exact);
	piece->bucket = b;
	RCU_INIT_POINTER(piece->rule, rule);
	if (level_get(b->tuple, rule->priority))
		goto free;
	if (bucket_insert(b, piece))
		goto put;
	piece->sibling = rule->pieces;
	rule->pieces = piece;
	return 0;
put:
	level_put(b->tuple, rule->priority);
free:
	kfree(piece);
	return -ENOMEM;
}

/**
 * nfipsec_piece_add() - put a part of a rule where packets find it
 * @space: where
 * @rule: the rule, which gets it at the head of its pieces
 * @shape: its shape
 * @key: its lowest values
 * @exact: the rule matches all that it stands for
 *
 * Context: process context as the writer, sleeps.
 * Return: 0, or -ENOMEM, with nothing changed.
 */
int nfipsec_piece_add(struct nfipsec_space *space, struct nfipsec_rule *rule,
		      const struct nfipsec_shape *shape,
		      const struct nfipsec_key *key, bool exact)
{
	struct nfipsec_tuple *tuple;
	struct nfipsec_bucket *b;
	int err = -ENOMEM;

	tuple = tuple_get(space, rule, shape, &exact);
	if (!tuple)
		return -ENOMEM;
	b = nfipsec_bucket_get(space, tuple, key);
	if (b)
		err = piece_link(rule, b, shape, key, exact);
	if (b && RB_EMPTY_ROOT(&b->pieces))
		nfipsec_bucket_del(space, b);
	if (RB_EMPTY_ROOT(&tuple->levels))
		tuple_del(space, tuple);
	return err;
}

/**
 * nfipsec_piece_del() - take a part of a rule away
 * @space: where it is
 * @piece: freed after a grace period; no piece of its rule any more
 *
 * Context: process context as the writer, sleeps.
 */
void nfipsec_piece_del(struct nfipsec_space *space,
		       struct nfipsec_piece *piece)
{
	u32 priority = rule_of(piece)->priority;
	struct nfipsec_bucket *b = piece->bucket;
	struct nfipsec_tuple *tuple = b->tuple;

	nfipsec_pack_del(piece);
	rb_erase(&piece->node, &b->pieces);
	kfree_rcu(piece, rcu);
	if (RB_EMPTY_ROOT(&b->pieces))
		nfipsec_bucket_del(space, b);
	level_put(tuple, priority);
	if (RB_EMPTY_ROOT(&tuple->levels))
		tuple_del(space, tuple);
}
