// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hash table of a classifier: what has one key in one tuple is a bucket.
 *
 * The table grows and shrinks by factors of four: the buckets are linked anew,
 * by the other of their two links, while packets go on by the first. Before
 * that one is written again, those that may still go by it have to be through.
 * Until they are, the table stays as it is; only where it is crowded a change
 * waits for them.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/prefetch.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "bucket.h"
#include "tuple.h"
#include "wordhash.h"

/* Slots of the smallest table. */
#define TABLE_MIN	64

/* Buckets for each slot at which a grace period is waited for. */
#define TABLE_CROWDED	8

/* Slots for each word of the filter, of which a bucket takes two bits. */
#define FILTER_SLOTS	8

/* Slots that are linked anew before others may run. */
#define RESIZE_STEP	1024

/**
 * nfipsec_key_set() - write a flow as words
 * @key: written whole
 * @flow: what a packet shows; or the lowest values of a piece
 *
 * Context: any.
 */
void nfipsec_key_set(struct nfipsec_key *key, const struct nfipsec_flow *flow)
{
	unsigned int i, head = nfipsec_key_head(flow->family);
	unsigned int addr = (head - 2) / 2;

	for (i = 0; i < addr; i++) {
		key->word[i] = be32_to_cpu(flow->saddr.all[i]);
		key->word[addr + i] = be32_to_cpu(flow->daddr.all[i]);
	}
	key->word[head - 2] = (u32)flow->sport << 16 | flow->dport;
	key->word[head - 1] = flow->proto;
	key->word[head] = flow->meta.iif;
	key->word[head + 1] = flow->meta.oif;
	key->word[head + 2] = flow->meta.vrf;
	key->word[head + 3] = flow->meta.mark;
	key->head = head;
}

static u32 digest_addr(const u32 *word, unsigned int words, unsigned int plen)
{
	u32 sum = 0;
	unsigned int i;

	for (i = 0; i < words && plen; i++) {
		sum = (sum + (word[i] & nfipsec_bit_mask(min(plen, 32U)))) *
		      GOLDEN_RATIO_32;
		plen -= min(plen, 32U);
	}
	return sum;
}

/**
 * nfipsec_key_digest() - some bits of addresses as a byte
 * @key: the key
 * @src: how many leading bits of the source count
 * @dst: how many of the destination
 *
 * Context: any.
 * Return: the byte: two keys that have these bits in common have it in common.
 */
u8 nfipsec_key_digest(const struct nfipsec_key *key, unsigned int src,
		      unsigned int dst)
{
	unsigned int addr = (key->head - 2) / 2;
	u32 sum = digest_addr(key->word, addr, src);

	sum = sum * GOLDEN_RATIO_32 + digest_addr(key->word + addr, addr, dst);
	return sum >> 24;
}

/* What of @key counts in @tuple. Returns its hash. */
static u32 key_mask(const struct nfipsec_space *space,
		    const struct nfipsec_tuple *tuple,
		    const struct nfipsec_key *key, u32 *word)
{
	unsigned int i;

	for (i = 0; i < tuple->words; i++)
		word[i] = key->word[i] & tuple->mask[i];
	word[key->head - 1] |= tuple->id << 8;
	return nfipsec_wordhash(space->secret, word, i, 0);
}

static u32 bucket_hash(const struct nfipsec_space *space,
		       const struct nfipsec_bucket *b)
{
	return nfipsec_wordhash(space->secret, b->key, b->tuple->words, 0);
}

/* Is @word, of a bucket of @tuple, what counts there of @key? */
static bool key_equal(const struct nfipsec_tuple *tuple,
		      const struct nfipsec_key *key, const u32 *word)
{
	u32 differ = 0;
	unsigned int i;

	for (i = 0; i < tuple->words; i++)
		differ |= (key->word[i] ^ word[i]) & tuple->mask[i];
	return !differ;
}

/* Most packets match nothing of most tuples, and that is all they need to read. */
static u64 *filter_word(const struct nfipsec_table *table, u32 hash)
{
	return &table->filter[hash & (table->size / FILTER_SLOTS - 1)];
}

static u64 filter_bits(u32 hash)
{
	return 1ULL << (hash >> 26) | 1ULL << (hash >> 20 & 63);
}

static bool filter_has(const struct nfipsec_table *table, u32 hash)
{
	u64 bits = filter_bits(hash);

	return (READ_ONCE(*filter_word(table, hash)) & bits) == bits;
}

/**
 * nfipsec_space_probe() - begin to look for the pieces of a tuple
 * @space: where to look
 * @table: its table
 * @tuple: the tuple
 * @key: the packet, of the same family
 * @probe: written whole, for nfipsec_space_may(), nfipsec_space_ask() and
 *	nfipsec_space_find(), in that order
 *
 * What the next of these reads is asked for, and on its way while others begin.
 *
 * Context: under rcu_read_lock(), or as the writer.
 */
void nfipsec_space_probe(const struct nfipsec_space *space,
			 const struct nfipsec_table *table,
			 const struct nfipsec_tuple *tuple,
			 const struct nfipsec_key *key,
			 struct nfipsec_probe *probe)
{
	u32 word[NFIPSEC_KEY_WORDS];

	probe->tuple = tuple;
	probe->hash = key_mask(space, tuple, key, word);
	prefetch(filter_word(table, probe->hash));
}

/**
 * nfipsec_space_may() - may there be pieces?
 * @table: as of nfipsec_space_probe()
 * @probe: from there
 *
 * Context: as of nfipsec_space_probe().
 * Return: whether it is worth while to look; then more is asked for.
 */
bool nfipsec_space_may(const struct nfipsec_table *table,
		       const struct nfipsec_probe *probe)
{
	if (!filter_has(table, probe->hash))
		return false;
	prefetch(&table->slot[probe->hash & (table->size - 1)]);
	return true;
}

/**
 * nfipsec_space_ask() - ask for the first bucket of a slot
 * @table: as of nfipsec_space_probe()
 * @probe: from there
 *
 * Context: as of nfipsec_space_probe().
 */
void nfipsec_space_ask(const struct nfipsec_table *table,
		       const struct nfipsec_probe *probe)
{
	prefetch(rcu_dereference_check(table->slot[probe->hash &
						   (table->size - 1)], true));
}

/**
 * nfipsec_space_find() - find the pieces of a tuple for a packet
 * @table: as of nfipsec_space_probe()
 * @probe: from there
 * @key: the packet
 *
 * Context: as of nfipsec_space_probe().
 * Return: the bucket, valid until that ends, or NULL.
 */
const struct nfipsec_bucket *
nfipsec_space_find(const struct nfipsec_table *table,
		   const struct nfipsec_probe *probe,
		   const struct nfipsec_key *key)
{
	const struct nfipsec_tuple *tuple = probe->tuple;
	const struct nfipsec_bucket *b;

	b = rcu_dereference_check(table->slot[probe->hash & (table->size - 1)],
				  true);
	while (b) {
		if (b->tuple == tuple && key_equal(tuple, key, b->key))
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

static struct nfipsec_table *table_new(u32 size, u32 link, gfp_t more)
{
	struct nfipsec_table *table;

	table = kvzalloc(struct_size(table, slot, size) +
			 size / FILTER_SLOTS * sizeof(u64),
			 GFP_KERNEL_ACCOUNT | more);
	if (!table)
		return NULL;
	table->filter = (u64 *)&table->slot[size];
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
	struct nfipsec_table *table = table_new(TABLE_MIN, 0, 0);
	unsigned int i, side;

	if (!table)
		return -ENOMEM;
	memset(space, 0, sizeof(*space));
	for (i = 0; i < 2; i++) {
		for (side = 0; side < NFIPSEC_SIDES; side++)
			INIT_LIST_HEAD(&space->tuples[i][side]);
	}
	space->resized = get_state_synchronize_rcu();
	get_random_bytes(space->secret, sizeof(space->secret));
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
	u64 *filter = filter_word(table, hash);
	struct nfipsec_bucket __rcu **slot;

	WRITE_ONCE(*filter, *filter | filter_bits(hash));
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
	table->gone++;
}

/* Without memory the old one stays: slower, and right all the same. */
static void table_resize(struct nfipsec_space *space, u32 size)
{
	struct nfipsec_table *old = table_of(space);
	struct nfipsec_table *table = table_new(size, !old->link,
						__GFP_NORETRY | __GFP_NOWARN);
	struct nfipsec_bucket *b;
	u32 i;

	/* Not asked for at once again, and nothing to wait for. */
	if (!table) {
		space->resized = get_state_synchronize_rcu();
		return;
	}
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
	kvfree_rcu(old, rcu);
	space->resized = get_state_synchronize_rcu();
}

/* Changes wait for a grace period only where slots get crowded. */
static void table_grow(struct nfipsec_space *space)
{
	u32 size = table_of(space)->size;

	if (space->buckets <= size || size > U32_MAX / 4)
		return;
	if (space->buckets / TABLE_CROWDED > size ||
	    poll_state_synchronize_rcu(space->resized))
		table_resize(space, size * 4);
}

/* Or a filter that tells of too many that are gone is made anew. */
static void table_shrink(struct nfipsec_space *space)
{
	const struct nfipsec_table *table = table_of(space);
	bool shrink = table->size > TABLE_MIN &&
		      space->buckets < table->size / 16;

	if ((shrink || table->gone >= table->size) &&
	    poll_state_synchronize_rcu(space->resized))
		table_resize(space, shrink ? table->size / 4 : table->size);
}

/**
 * nfipsec_bucket_get() - find or make the pieces of a tuple that have a key
 * @space: where
 * @tuple: the tuple
 * @key: the key, of the same family
 *
 * Context: process context as the writer, sleeps.
 * Return: the bucket, without pieces if it is new; or NULL without memory.
 */
struct nfipsec_bucket *nfipsec_bucket_get(struct nfipsec_space *space,
					  struct nfipsec_tuple *tuple,
					  const struct nfipsec_key *key)
{
	size_t words = tuple->words * sizeof(*key->word);
	struct nfipsec_table *table = table_of(space);
	struct nfipsec_probe probe;
	struct nfipsec_bucket *b;

	nfipsec_space_probe(space, table, tuple, key, &probe);
	b = (struct nfipsec_bucket *)nfipsec_space_find(table, &probe, key);
	if (b)
		return b;
	b = kzalloc(sizeof(*b) + words, GFP_KERNEL_ACCOUNT);
	if (!b)
		return NULL;
	b->tuple = tuple;
	b->pieces = RB_ROOT;
	key_mask(space, tuple, key, b->key);
	slot_add(table, b, probe.hash);
	space->buckets++;
	table_grow(space);
	return b;
}

/**
 * nfipsec_bucket_del() - take a bucket away
 * @space: where it is
 * @b: without pieces, freed after a grace period
 *
 * Context: process context as the writer, sleeps.
 */
void nfipsec_bucket_del(struct nfipsec_space *space, struct nfipsec_bucket *b)
{
	slot_del(table_of(space), b, bucket_hash(space, b));
	kfree_rcu(b, rcu);
	space->buckets--;
	table_shrink(space);
}
