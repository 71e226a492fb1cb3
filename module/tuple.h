/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a classifier: tuples, and one hash table of the pieces of
 * rules in all of them. See classify.c for what it is good for.
 */
#ifndef NFIPSEC_TUPLE_H
#define NFIPSEC_TUPLE_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "selector.h"

struct nfipsec_pack;
struct nfipsec_rule;

/* Words of a key: two addresses, ports, protocol; and interfaces, VRF, mark. */
#define NFIPSEC_KEY_META	4
#define NFIPSEC_KEY_WORDS	(10 + NFIPSEC_KEY_META)

/**
 * enum nfipsec_kind - for which packets a piece of a rule is
 * @NFIPSEC_KIND_PLAIN: all of its key, fragments too: the rule is for any ports
 * @NFIPSEC_KIND_PORTS: those that show their ports
 * @NFIPSEC_KIND_OPAQUE: fragments: the rule is for what cannot be seen
 * @NFIPSEC_KIND_MAY: fragments, which the rule may match, or not
 * @NFIPSEC_KIND_HIDDEN: fragments of a protocol that cannot be told, which the
 *	rule may match
 * @NFIPSEC_KIND_NOPROTO: the same, and it is what the rule is for
 */
enum nfipsec_kind {
	NFIPSEC_KIND_PLAIN,
	NFIPSEC_KIND_PORTS,
	NFIPSEC_KIND_OPAQUE,
	NFIPSEC_KIND_MAY,
	NFIPSEC_KIND_HIDDEN,
	NFIPSEC_KIND_NOPROTO,
};

/**
 * enum nfipsec_side - lists of tuples
 * @NFIPSEC_SIDE_WHOLE: of the kinds that whole packets meet
 * @NFIPSEC_SIDE_FRAG: of those that fragments alone meet
 * @NFIPSEC_SIDES: how many
 */
enum nfipsec_side {
	NFIPSEC_SIDE_WHOLE,
	NFIPSEC_SIDE_FRAG,
	NFIPSEC_SIDES
};

/* Bits of nfipsec_shape.meta */
#define NFIPSEC_SHAPE_IIF	1
#define NFIPSEC_SHAPE_OIF	2
#define NFIPSEC_SHAPE_VRF	4

/**
 * struct nfipsec_shape - what pieces of a tuple have in common
 * @kind: enum nfipsec_kind
 * @family: AF_INET or AF_INET6
 * @src: prefix length of the source
 * @dst: of the destination
 * @sport: how many leading bits of the source port count
 * @dport: of the destination port
 * @proto: 8 if the protocol counts, or 0
 * @meta: which of interfaces and VRF count
 * @mark: which bits of the mark count
 */
struct nfipsec_shape {
	u8 kind;
	u8 family;
	u8 src;
	u8 dst;
	u8 sport;
	u8 dport;
	u8 proto;
	u8 meta;
	u32 mark;
};

/**
 * struct nfipsec_tuple - pieces of one shape
 * @node: in nfipsec_space.tuples, RCU readers
 * @shape: what they have in common
 * @best: lowest priority of them; raised after one has gone, lowered before one
 *	comes, so never too high for who looks for what is there; READ_ONCE()
 * @words: how many words of a key count at all
 * @mask: which bits of them
 * @id: tells its keys from those of others, in the word of the protocol
 * @levels: their priorities, writers only
 * @rcu: frees it
 */
struct nfipsec_tuple {
	struct list_head node;
	struct nfipsec_shape shape;
	u32 best;
	u32 words;
	u32 mask[NFIPSEC_KEY_WORDS];
	u32 id;
	struct rb_root levels;
	struct rcu_head rcu;
};

/**
 * struct nfipsec_tell - what a packet reads first of a piece
 * @priority: the rule's
 * @src: how many leading bits of its source a packet for it has in common
 * @dst: of its destination
 * @digest: of these, see nfipsec_key_digest()
 * @exact: that need not be asked: the rule matches all that has the key; else the
 *	rule must be asked as well
 *
 * @src, @dst and @digest may change before packets meet the rule, READ_ONCE().
 */
struct nfipsec_tell {
	u32 priority;
	u8 src;
	u8 dst;
	u8 digest;
	bool exact;
};

/**
 * struct nfipsec_piece - a part of a rule that has one key
 * @node: in nfipsec_bucket.pieces, writers only
 * @rcu: frees it
 * @rule: whose it is
 * @bucket: where it is, writers only
 * @pack: in which of its packs, NULL if it is the only piece, writers only
 * @sibling: next piece of the rule, writers only
 * @tell: what it tells packets; a pack has its own copy of that and of @rule
 *
 * That is a line of the processor's caches.
 */
struct nfipsec_piece {
	union {
		struct rb_node node;
		struct rcu_head rcu;
	};
	struct nfipsec_rule __rcu *rule;
	struct nfipsec_bucket *bucket;
	struct nfipsec_pack *pack;
	struct nfipsec_piece *sibling;
	struct nfipsec_tell tell;
};

/**
 * struct nfipsec_bucket - all pieces of one key
 * @next: the one behind it in its slot, in the table in use and the one before
 * @tuple: whose it is
 * @first: the pieces in packs, the first in the order of look-up; or, tagged, the
 *	one piece that there is: only for nfipsec_view_first(), and to be asked for
 * @pieces: in that order, writers only
 * @rcu: frees it
 * @key: the words that count in its tuple
 */
struct nfipsec_bucket {
	struct nfipsec_bucket __rcu *next[2];
	struct nfipsec_tuple *tuple;
	struct nfipsec_pack __rcu *first;
	union {
		struct rb_root pieces;
		struct rcu_head rcu;
	};
	u32 key[];
};

/* Of nfipsec_bucket.first: it is a piece. */
#define NFIPSEC_LONE	1UL

/* The one piece of a bucket as its first pack. */
static inline struct nfipsec_pack *
nfipsec_lone_pack(const struct nfipsec_piece *piece)
{
	return (struct nfipsec_pack *)((unsigned long)piece | NFIPSEC_LONE);
}

/* The one piece, or NULL if it is a pack. */
static inline const struct nfipsec_piece *
nfipsec_lone(const struct nfipsec_pack *first)
{
	unsigned long word = (unsigned long)first;

	return word & NFIPSEC_LONE ? (void *)(word & ~NFIPSEC_LONE) : NULL;
}

/**
 * struct nfipsec_table - slots of buckets
 * @rcu: frees it
 * @size: how many, a power of two
 * @link: which nfipsec_bucket.next it goes by
 * @gone: buckets taken away since it was made, of which @filter still tells;
 *	writers only
 * @filter: behind the slots, a word for some of them, with two bits set for each
 *	bucket: who finds one of these not set need not look for it. READ_ONCE()
 * @slot: first bucket
 */
struct nfipsec_table {
	struct rcu_head rcu;
	u32 size;
	u32 link;
	u32 gone;
	u64 *filter;
	struct nfipsec_bucket __rcu *slot[];
};

/**
 * struct nfipsec_space - tuples and the table of them all
 * @tuples: first those of IPv4, then of IPv6; each by @best when it was made
 * @count: length of each list
 * @table: the table in use
 * @buckets: how many are in it
 * @resized: cookie of the grace period behind the last change of @table
 * @secret: of the hash
 * @last_id: last nfipsec_tuple.id given out
 */
struct nfipsec_space {
	struct list_head tuples[2][NFIPSEC_SIDES];
	u32 count[2][NFIPSEC_SIDES];
	struct nfipsec_table __rcu *table;
	u32 buckets;
	unsigned long resized;
	u64 secret[NFIPSEC_KEY_WORDS + 1];
	u32 last_id;
};

/**
 * struct nfipsec_key - a flow as words, host byte order
 * @head: how many words are those of headers
 * @word: source, destination, ports, protocol; then interface in and out, VRF,
 *	mark
 */
struct nfipsec_key {
	unsigned int head;
	u32 word[NFIPSEC_KEY_WORDS];
};

/**
 * struct nfipsec_probe - a look-up in a tuple
 * @tuple: the tuple
 * @hash: of what counts there of a packet
 */
struct nfipsec_probe {
	const struct nfipsec_tuple *tuple;
	u32 hash;
};

int nfipsec_space_init(struct nfipsec_space *space);
void nfipsec_space_exit(struct nfipsec_space *space);
void nfipsec_key_set(struct nfipsec_key *key, const struct nfipsec_flow *flow);
u8 nfipsec_key_digest(const struct nfipsec_key *key, unsigned int src,
		      unsigned int dst);
int nfipsec_piece_add(struct nfipsec_space *space, struct nfipsec_rule *rule,
		      const struct nfipsec_shape *shape,
		      const struct nfipsec_key *key, bool exact);
void nfipsec_piece_del(struct nfipsec_space *space,
		       struct nfipsec_piece *piece);
void nfipsec_space_probe(const struct nfipsec_space *space,
			 const struct nfipsec_table *table,
			 const struct nfipsec_tuple *tuple,
			 const struct nfipsec_key *key,
			 struct nfipsec_probe *probe);
bool nfipsec_space_may(const struct nfipsec_table *table,
		       const struct nfipsec_probe *probe);
void nfipsec_space_ask(const struct nfipsec_table *table,
		       const struct nfipsec_probe *probe);
const struct nfipsec_bucket *
nfipsec_space_find(const struct nfipsec_table *table,
		   const struct nfipsec_probe *probe,
		   const struct nfipsec_key *key);

/* The list of tuples of a family. */
static inline const struct list_head *
nfipsec_space_tuples(const struct nfipsec_space *space, u8 family,
		     enum nfipsec_side side)
{
	return &space->tuples[family == AF_INET6][side];
}

#endif
