// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packs. A bucket may have many pieces, most of which are not for a packet, and
 * a line of memory for each would be the most of what it costs to pass them. So
 * what tells that of a piece, 8 bytes, stands beside that of others.
 *
 * The order of pieces is that of the tree in their bucket, and the tree alone: a
 * pack has a run of it. Where a piece comes, the pack is made anew from the run
 * and takes the place of the old one by one pointer, that of the pack before it.
 * A packet may be in the old one when that is not there any more, and goes on to
 * what was behind it, old or new: a piece never changes to what another pack has
 * become. So it meets each piece once and in order, and misses what came since.
 *
 * A piece must be able to go without memory for another pack: its rule is taken
 * out of the pack, which is made anew, if that can be, when a half of it is so
 * empty. A packet misses that rule, too, and learns from the state that it has to
 * look again, see nfipsec_classifier_changed(). Packs that so become small stay
 * it until pieces come there.
 *
 * Where all keys differ a pack has one piece. That is no pack then: the bucket
 * knows the piece itself.
 */
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include "pack.h"
#include "tuple.h"

/* With as many a pack has 256 bytes. */
#define PACK_MAX	14

/**
 * struct run - pieces that are in a pack, or shall be
 * @n: how many
 * @piece: in their order; there may be one too many for a moment
 */
struct run {
	unsigned int n;
	struct nfipsec_piece *piece[PACK_MAX + 1];
};

static struct nfipsec_piece *piece_of(struct rb_node *node)
{
	return rb_entry_safe(node, struct nfipsec_piece, node);
}

static struct nfipsec_piece *prev_of(const struct nfipsec_piece *piece)
{
	return piece_of(rb_prev(&piece->node));
}

static struct nfipsec_piece *next_of(const struct nfipsec_piece *piece)
{
	return piece_of(rb_next(&piece->node));
}

static struct nfipsec_pack *pack_new(unsigned int n, gfp_t gfp)
{
	struct nfipsec_pack *pack;

	pack = kmalloc(sizeof(*pack) +
		       n * (sizeof(*pack->tell) + sizeof(void *)), gfp);
	if (pack)
		pack->n = n;
	return pack;
}

/* All of @pack that the tree has, which may be less than @pack has. */
static void run_get(struct run *run, struct nfipsec_piece *piece,
		    const struct nfipsec_pack *pack)
{
	struct nfipsec_piece *prev;

	while ((prev = prev_of(piece)) && prev->pack == pack)
		piece = prev;
	run->n = 0;
	for (; piece && piece->pack == pack; piece = next_of(piece)) {
		if (WARN_ON_ONCE(run->n == ARRAY_SIZE(run->piece)))
			break;
		run->piece[run->n++] = piece;
	}
}

/* Pieces @from and on become what is in @pack. */
static void run_put(const struct run *run, unsigned int from,
		    struct nfipsec_pack *pack, struct nfipsec_pack *next)
{
	struct nfipsec_rule __rcu **rule = nfipsec_pack_rules(pack);
	struct nfipsec_piece *piece;
	unsigned int i;

	for (i = 0; i < pack->n; i++) {
		piece = run->piece[from + i];
		pack->tell[i] = piece->tell;
		RCU_INIT_POINTER(rule[i],
				 rcu_dereference_protected(piece->rule, true));
		piece->pack = pack;
	}
	RCU_INIT_POINTER(pack->next, next);
}

/* Where the pointer to the pack is, the first piece of which is @piece. */
static struct nfipsec_pack __rcu **link_of(const struct nfipsec_piece *piece)
{
	const struct nfipsec_piece *prev = prev_of(piece);

	return prev ? &prev->pack->next : &piece->bucket->first;
}

static struct nfipsec_pack *behind(const struct nfipsec_pack *pack)
{
	return pack ? rcu_dereference_protected(pack->next, true) : NULL;
}

/* One for all of @run, in the place of @old; NULL if that was a lone piece. */
static int make_one(const struct run *run, struct nfipsec_pack __rcu **link,
		    struct nfipsec_pack *old, gfp_t gfp)
{
	struct nfipsec_pack *pack = pack_new(run->n, gfp);

	if (!pack)
		return -ENOMEM;
	run_put(run, 0, pack, behind(old));
	rcu_assign_pointer(*link, pack);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/* Two halves; but what comes in order, as most does, leaves full ones behind. */
static int make_two(const struct run *run, struct nfipsec_pack __rcu **link,
		    struct nfipsec_pack *old)
{
	bool last = !next_of(run->piece[run->n - 1]);
	unsigned int n = last ? run->n - 1 : run->n / 2;
	struct nfipsec_pack *a = pack_new(n, GFP_KERNEL_ACCOUNT);
	struct nfipsec_pack *b = pack_new(run->n - n, GFP_KERNEL_ACCOUNT);

	if (!a || !b) {
		kfree(a);
		kfree(b);
		return -ENOMEM;
	}
	run_put(run, n, b, behind(old));
	run_put(run, 0, a, b);
	rcu_assign_pointer(*link, a);
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * nfipsec_pack_add() - let packets come to a piece
 * @piece: in the tree of its bucket, with all that it has to tell
 *
 * Context: process context as the writer, sleeps.
 * Return: 0, or -ENOMEM: then they do not.
 */
int nfipsec_pack_add(struct nfipsec_piece *piece)
{
	struct nfipsec_piece *other = prev_of(piece) ?: next_of(piece);
	struct nfipsec_pack __rcu **link;
	struct nfipsec_pack *old;
	struct run run;
	int err;

	piece->pack = NULL;
	if (!other) {
		rcu_assign_pointer(piece->bucket->first,
				   nfipsec_lone_pack(piece));
		return 0;
	}
	old = other->pack;
	piece->pack = old;
	run_get(&run, piece, old);
	link = link_of(run.piece[0]);
	if (run.n > PACK_MAX)
		err = make_two(&run, link, old);
	else
		err = make_one(&run, link, old, GFP_KERNEL_ACCOUNT);
	if (err)
		piece->pack = NULL;
	return err;
}

static unsigned int index_of(const struct nfipsec_piece *piece)
{
	struct nfipsec_rule __rcu **rule = nfipsec_pack_rules(piece->pack);
	unsigned int i;

	for (i = 0; i + 1 < piece->pack->n; i++) {
		if (rcu_access_pointer(rule[i]) ==
		    rcu_access_pointer(piece->rule))
			break;
	}
	return i;
}

static void run_drop(struct run *run, const struct nfipsec_piece *piece)
{
	unsigned int i, n = 0;

	for (i = 0; i < run->n; i++) {
		if (run->piece[i] != piece)
			run->piece[n++] = run->piece[i];
	}
	run->n = n;
}

/* The one piece that its bucket has beside @piece; NULL if it is not one. */
static struct nfipsec_piece *only_other(const struct nfipsec_piece *piece)
{
	struct nfipsec_piece *prev = prev_of(piece);
	struct nfipsec_piece *next = next_of(piece);

	if (prev && (next || prev_of(prev)))
		return NULL;
	if (next && next_of(next))
		return NULL;
	return prev ?: next;
}

/* @other is what is left when @piece goes. */
static void make_lone(struct nfipsec_piece *other, struct nfipsec_piece *piece)
{
	struct nfipsec_pack *pack = other->pack;

	other->pack = NULL;
	rcu_assign_pointer(other->bucket->first, nfipsec_lone_pack(other));
	if (piece->pack != pack)
		kfree_rcu(piece->pack, rcu);
	kfree_rcu(pack, rcu);
}

/**
 * nfipsec_pack_del() - let packets not come to a piece any more
 * @piece: in the tree of its bucket; some may be there until a grace period has
 *	passed
 *
 * Context: process context as the writer, sleeps.
 */
void nfipsec_pack_del(struct nfipsec_piece *piece)
{
	struct nfipsec_pack *pack = piece->pack;
	struct nfipsec_pack __rcu **link;
	struct nfipsec_piece *other;
	struct run run;

	if (!pack) {
		RCU_INIT_POINTER(piece->bucket->first, NULL);
		return;
	}
	other = only_other(piece);
	if (other) {
		make_lone(other, piece);
		return;
	}
	run_get(&run, piece, pack);
	link = link_of(run.piece[0]);
	if (run.n == 1) {
		rcu_assign_pointer(*link, behind(pack));
		kfree_rcu(pack, rcu);
		return;
	}
	RCU_INIT_POINTER(nfipsec_pack_rules(pack)[index_of(piece)], NULL);
	run_drop(&run, piece);
	/* If not now, then when the next one goes, or comes. */
	if (run.n <= pack->n / 2)
		(void)make_one(&run, link, pack, GFP_NOWAIT |
			       __GFP_ACCOUNT | __GFP_NOWARN);
}

static void widen(struct nfipsec_tell *tell)
{
	WRITE_ONCE(tell->src, 0);
	WRITE_ONCE(tell->dst, 0);
	WRITE_ONCE(tell->digest, 0);
}

/**
 * nfipsec_pack_widen() - a piece stands for more than it did
 * @piece: packets may come to it, but do not meet its rule yet
 *
 * Context: as the writer.
 */
void nfipsec_pack_widen(struct nfipsec_piece *piece)
{
	widen(&piece->tell);
	if (piece->pack)
		widen(&piece->pack->tell[index_of(piece)]);
}
