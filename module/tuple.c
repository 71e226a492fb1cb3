// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tuples, and the hash table of the pieces of rules in them.
 *
 * The table grows and shrinks by factors of four: the buckets are linked anew,
 * by the other of their two links, while packets go on by the first. Before
 * that one is written again, those that may still go by it have to be through.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "classify.h"
#include "tuple.h"

/* Slots of the smallest table. */
#define TABLE_MIN	64

/* Shapes of a side of a family that are taken as they come. */
#define SHAPES_FREE	32

/* Slots that are linked anew before others may run. */
#define RESIZE_STEP	1024

/**
 * struct level - a priority that pieces of a tuple have
 * @node: in nfipsec_tuple.levels
 * @priority: the priority
 * @count: how many pieces have it
 */
struct level {
	struct rb_node node;
	u32 priority;
	u32 count;
};

static unsigned int words_of(u8 family)
{
	return family == AF_INET ? 4 : NFIPSEC_KEY_WORDS;
}

static u32 bit_mask(unsigned int plen)
{
	return plen ? U32_MAX << (32 - plen) : 0;
}

static void mask_addr(u32 *mask, unsigned int words, unsigned int plen)
{
	unsigned int i;

	for (i = 0; i < words; i++) {
		mask[i] = bit_mask(min(plen, 32U));
		plen -= min(plen, 32U);
	}
}

static void mask_set(u32 *mask, const struct nfipsec_shape *shape)
{
	unsigned int words = words_of(shape->family);
	unsigned int addr = (words - 2) / 2;

	mask_addr(mask, addr, shape->src);
	mask_addr(mask + addr, addr, shape->dst);
	mask[words - 2] = bit_mask(shape->sport) |
			  bit_mask(shape->dport) >> 16;
	mask[words - 1] = shape->proto ? U8_MAX : 0;
}

/**
 * nfipsec_key_set() - write a flow as words
 * @key: written whole
 * @flow: what a packet shows; or the lowest values of a piece
 *
 * Context: any.
 */
void nfipsec_key_set(struct nfipsec_key *key, const struct nfipsec_flow *flow)
{
	unsigned int i, words = words_of(flow->family);
	unsigned int addr = (words - 2) / 2;

	for (i = 0; i < addr; i++) {
		key->word[i] = be32_to_cpu(flow->saddr.all[i]);
		key->word[addr + i] = be32_to_cpu(flow->daddr.all[i]);
	}
	key->word[words - 2] = (u32)flow->sport << 16 | flow->dport;
	key->word[words - 1] = flow->proto;
	key->words = words;
}

static u32 hash_words(const struct nfipsec_space *space, const u32 *word,
		      unsigned int n)
{
	if (n == 4)
		return hsiphash_4u32(word[0], word[1], word[2], word[3],
				     &space->secret);
	return hsiphash(word, sizeof(*word) * NFIPSEC_KEY_WORDS,
			&space->secret);
}

/* What of @key counts in @tuple. Returns its hash. */
static u32 key_mask(const struct nfipsec_space *space,
		    const struct nfipsec_tuple *tuple,
		    const struct nfipsec_key *key, u32 *word)
{
	unsigned int i;

	for (i = 0; i < key->words; i++)
		word[i] = key->word[i] & tuple->mask[i];
	word[i - 1] |= tuple->id << 8;
	return hash_words(space, word, i);
}

static u32 bucket_hash(const struct nfipsec_space *space,
		       const struct nfipsec_bucket *b)
{
	return hash_words(space, b->key, words_of(b->tuple->shape.family));
}

static bool same_words(const u32 *a, const u32 *b, unsigned int n)
{
	u32 differ = 0;

	while (n-- > 0)
		differ |= a[n] ^ b[n];
	return !differ;
}

/**
 * nfipsec_space_find() - find the pieces of a tuple for a packet
 * @space: where to look
 * @table: its table
 * @tuple: the tuple
 * @key: the packet, of the same family
 *
 * Context: under rcu_read_lock(), or as the writer.
 * Return: the bucket, valid until that ends, or NULL.
 */
const struct nfipsec_bucket *
nfipsec_space_find(const struct nfipsec_space *space,
		   const struct nfipsec_table *table,
		   const struct nfipsec_tuple *tuple,
		   const struct nfipsec_key *key)
{
	const struct nfipsec_bucket *b;
	u32 word[NFIPSEC_KEY_WORDS];
	u32 hash;

	hash = key_mask(space, tuple, key, word);
	b = rcu_dereference_check(table->slot[hash & (table->size - 1)], true);
	while (b) {
		if (b->tuple == tuple && same_words(b->key, word, key->words))
			return b;
		b = rcu_dereference_check(b->next[table->link], true);
	}
	return NULL;
}

/* Writers. */

static struct nfipsec_table *table_of(const struct nfipsec_space *space)
{
	return rcu_dereference_protected(space->table, true);
}

static struct nfipsec_table *table_new(u32 size, u32 link)
{
	struct nfipsec_table *table;

	table = kvzalloc(struct_size(table, slot, size), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->size = size;
	table->link = link;
	return table;
}

/**
 * nfipsec_space_init() - make an empty space
 * @space: written whole
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_space_init(struct nfipsec_space *space)
{
	struct nfipsec_table *table = table_new(TABLE_MIN, 0);
	unsigned int i, side;

	if (!table)
		return -ENOMEM;
	memset(space, 0, sizeof(*space));
	for (i = 0; i < 2; i++) {
		for (side = 0; side < NFIPSEC_SIDES; side++)
			INIT_LIST_HEAD(&space->tuples[i][side]);
	}
	space->resized = get_state_synchronize_rcu();
	get_random_bytes(&space->secret, sizeof(space->secret));
	RCU_INIT_POINTER(space->table, table);
	return 0;
}

/**
 * nfipsec_space_exit() - give up an empty space
 * @space: no reader can come to it any more
 *
 * Context: process context.
 */
void nfipsec_space_exit(struct nfipsec_space *space)
{
	kvfree(table_of(space));
}

static void slot_add(struct nfipsec_table *table, struct nfipsec_bucket *b,
		     u32 hash)
{
	struct nfipsec_bucket __rcu **slot;

	slot = &table->slot[hash & (table->size - 1)];
	RCU_INIT_POINTER(b->next[table->link],
			 rcu_dereference_protected(*slot, true));
	rcu_assign_pointer(*slot, b);
}

static void slot_del(struct nfipsec_table *table, struct nfipsec_bucket *b,
		     u32 hash)
{
	struct nfipsec_bucket __rcu **pos;
	struct nfipsec_bucket *at;

	pos = &table->slot[hash & (table->size - 1)];
	while ((at = rcu_dereference_protected(*pos, true)) != b)
		pos = &at->next[table->link];
	rcu_assign_pointer(*pos,
			   rcu_dereference_protected(b->next[table->link],
						     true));
}

/* Without memory the old one stays: slower, and right all the same. */
static void table_resize(struct nfipsec_space *space, u32 size)
{
	struct nfipsec_table *old = table_of(space);
	struct nfipsec_table *table = table_new(size, !old->link);
	struct nfipsec_bucket *b;
	u32 i;

	if (!table)
		return;
	cond_synchronize_rcu(space->resized);
	for (i = 0; i < old->size; i++) {
		b = rcu_dereference_protected(old->slot[i], true);
		while (b) {
			slot_add(table, b, bucket_hash(space, b));
			b = rcu_dereference_protected(b->next[old->link],
						      true);
		}
		if (!(i % RESIZE_STEP))
			cond_resched();
	}
	rcu_assign_pointer(space->table, table);
	space->resized = get_state_synchronize_rcu();
	kvfree_rcu(old, rcu);
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
	mask_set(tuple->mask, shape);
	tuple->id = ++space->last_id;
	tuple->best = priority;
	tuple->levels = RB_ROOT;
	tuple_link(&space->tuples[family][side], tuple);
	space->count[family][side]++;
	return tuple;
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
}

/* The tuple for a piece; not @exact if it does not have the piece's shape. */
static struct nfipsec_tuple *tuple_get(struct nfipsec_space *space,
				       const struct nfipsec_shape *want,
				       u32 priority, bool *exact)
{
	unsigned int family = want->family == AF_INET6;
	unsigned int side = side_of(want->kind);
	struct list_head *list = &space->tuples[family][side];
	struct nfipsec_shape shape = *want;
	struct nfipsec_tuple *tuple;

	tuple = tuple_find(list, &shape);
	if (!tuple && space->count[family][side] >= SHAPES_FREE) {
		shape_coarsen(&shape);
		if (memcmp(&shape, want, sizeof(shape)))
			*exact = false;
		tuple = tuple_find(list, &shape);
	}
	return tuple ?: tuple_new(space, &shape, priority);
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

/* Where the pointer to @piece is, or shall be. */
static struct nfipsec_piece __rcu **link_of(struct nfipsec_bucket *b,
					    struct nfipsec_piece *piece)
{
	struct rb_node *prev = rb_prev(&piece->node);

	return prev ? &piece_of(prev)->next : &b->first;
}

static void bucket_insert(struct nfipsec_bucket *b, struct nfipsec_piece *piece)
{
	const struct nfipsec_rule *rule = rule_of(piece);
	struct rb_node **pos = &b->pieces.rb_node;
	struct nfipsec_piece __rcu **link;
	struct rb_node *parent = NULL;

	while (*pos) {
		parent = *pos;
		pos = nfipsec_rule_before(rule, rule_of(piece_of(parent))) ?
		      &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&piece->node, parent, pos);
	rb_insert_color(&piece->node, &b->pieces);
	link = link_of(b, piece);
	RCU_INIT_POINTER(piece->next, rcu_dereference_protected(*link, true));
	rcu_assign_pointer(*link, piece);
}

/* Made and linked if there is none. */
static struct nfipsec_bucket *bucket_get(struct nfipsec_space *space,
					 struct nfipsec_tuple *tuple,
					 const struct nfipsec_key *key)
{
	size_t words = key->words * sizeof(*key->word);
	struct nfipsec_table *table = table_of(space);
	struct nfipsec_bucket *b;
	u32 hash;

	b = (struct nfipsec_bucket *)nfipsec_space_find(space, table, tuple,
							key);
	if (b)
		return b;
	b = kzalloc(sizeof(*b) + words, GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->tuple = tuple;
	b->pieces = RB_ROOT;
	hash = key_mask(space, tuple, key, b->key);
	slot_add(table, b, hash);
	if (++space->buckets > table->size)
		table_resize(space, table->size * 4);
	return b;
}

static void bucket_del(struct nfipsec_space *space, struct nfipsec_bucket *b)
{
	struct nfipsec_table *table = table_of(space);

	slot_del(table, b, bucket_hash(space, b));
	kfree_rcu(b, rcu);
	if (--space->buckets < table->size / 16 && table->size > TABLE_MIN)
		table_resize(space, table->size / 4);
}

/* Two pieces may have one key where tuples are coarse. */
static bool has_piece(const struct nfipsec_rule *rule,
		      const struct nfipsec_bucket *b)
{
	const struct nfipsec_piece *piece;

	for (piece = rule->pieces; piece; piece = piece->sibling) {
		if (piece->bucket == b)
			return true;
	}
	return false;
}

static int piece_link(struct nfipsec_rule *rule, struct nfipsec_bucket *b,
		      bool exact)
{
	struct nfipsec_piece *piece;

	if (has_piece(rule, b))
		return 0;
	piece = kzalloc(sizeof(*piece), GFP_KERNEL_ACCOUNT);
	if (!piece)
		return -ENOMEM;
	if (level_get(b->tuple, rule->priority)) {
		kfree(piece);
		return -ENOMEM;
	}
	piece->exact = exact;
	piece->bucket = b;
	piece->sibling = rule->pieces;
	rule->pieces = piece;
	RCU_INIT_POINTER(piece->rule, rule);
	bucket_insert(b, piece);
	return 0;
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

	tuple = tuple_get(space, shape, rule->priority, &exact);
	if (!tuple)
		return -ENOMEM;
	b = bucket_get(space, tuple, key);
	if (b)
		err = piece_link(rule, b, exact);
	if (b && RB_EMPTY_ROOT(&b->pieces))
		bucket_del(space, b);
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
	struct nfipsec_piece *next = rcu_dereference_protected(piece->next,
							       true);
	u32 priority = rule_of(piece)->priority;
	struct nfipsec_bucket *b = piece->bucket;
	struct nfipsec_tuple *tuple = b->tuple;

	rcu_assign_pointer(*link_of(b, piece), next);
	rb_erase(&piece->node, &b->pieces);
	kfree_rcu(piece, rcu);
	if (RB_EMPTY_ROOT(&b->pieces))
		bucket_del(space, b);
	level_put(tuple, priority);
	if (RB_EMPTY_ROOT(&tuple->levels))
		tuple_del(space, tuple);
}
