// SPDX-License-Identifier: GPL-2.0-only
/*
 * See spd_index.h. Each way takes no more than O(log n): a tree by place, an
 * xarray by index, and a tree by a hash of the selector sets, which knows no
 * order of them.
 */
#include <linux/random.h>
#include <linux/stddef.h>

#include "net.h"
#include "spd_index.h"

static unsigned int dir_of(const struct nfipsec_policy *pol)
{
	return nfipsec_spd_dir(pol->cfg.dir);
}

static struct nfipsec_policy *by_place(struct rb_node *node)
{
	return rb_entry_safe(node, struct nfipsec_policy, place);
}

static struct nfipsec_policy *by_sets(struct rb_node *node)
{
	return rb_entry_safe(node, struct nfipsec_policy, same);
}

/* Is it at a place, or before it? */
static bool not_behind(const struct nfipsec_policy *pol, u32 priority, u64 age)
{
	return pol->cfg.priority != priority ? pol->cfg.priority < priority :
					       pol->age <= age;
}

static void place_add(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	struct rb_root *root = &spd->places[dir_of(pol)];
	struct rb_node **pos = &root->rb_node;
	struct rb_node *parent = NULL;

	while (*pos) {
		parent = *pos;
		pos = not_behind(by_place(parent), pol->cfg.priority,
				 pol->age) ?
		      &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&pol->place, parent, pos);
	rb_insert_color(&pol->place, root);
}

static u64 set_hash(const struct nfipsec_spd *spd,
		    const struct nfipsec_selector *sel)
{
	u64 hash = siphash(sel, offsetofend(struct nfipsec_selector, zero),
			   &spd->secret);

	if (!sel->lists)
		return hash;
	return siphash_2u64(hash, siphash(sel->lists, sizeof(*sel->lists),
					  &spd->secret), &spd->secret);
}

/* The order of sets means nothing; which lists are of which set does. */
static u64 sets_hash(const struct nfipsec_spd *spd,
		     const struct nfipsec_selector *sel, unsigned int sels)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < sels; i++)
		sum += set_hash(spd, &sel[i]);
	return sum;
}

static void sets_add(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	struct rb_root *root = &spd->sets[dir_of(pol)];
	struct rb_node **pos = &root->rb_node;
	struct rb_node *parent = NULL;

	pol->hash = sets_hash(spd, pol->cfg.sel, pol->cfg.sels);
	while (*pos) {
		parent = *pos;
		pos = by_sets(parent)->hash <= pol->hash ? &parent->rb_right :
							   &parent->rb_left;
	}
	rb_link_node(&pol->same, parent, pos);
	rb_insert_color(&pol->same, root);
}

/**
 * nfipsec_spd_index_init() - make the ways to policies
 * @spd: written in part
 *
 * Context: process context.
 */
void nfipsec_spd_index_init(struct nfipsec_spd *spd)
{
	unsigned int dir;

	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++) {
		spd->places[dir] = RB_ROOT;
		spd->sets[dir] = RB_ROOT;
	}
	xa_init_flags(&spd->indices, XA_FLAGS_ACCOUNT);
	get_random_bytes(&spd->secret, sizeof(spd->secret));
	spd->last_index = 0;
}

/**
 * nfipsec_spd_index_exit() - give up the ways to policies
 * @spd: there are none any more
 *
 * Context: process context.
 */
void nfipsec_spd_index_exit(struct nfipsec_spd *spd)
{
	xa_destroy(&spd->indices);
}

/**
 * nfipsec_spd_index_add() - let a policy be found
 * @spd: where
 * @pol: with its age
 *
 * Context: under nn->lock, sleeps.
 * Return: 0 or -ENOMEM, with nothing changed.
 */
int nfipsec_spd_index_add(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	int err = xa_insert(&spd->indices, pol->index, pol,
			    GFP_KERNEL_ACCOUNT);

	if (err)
		return err;
	place_add(spd, pol);
	sets_add(spd, pol);
	return 0;
}

/**
 * nfipsec_spd_index_replace() - let a policy be found in place of another
 * @spd: where
 * @old: not found any more
 * @new: with its age, and the index of @old
 *
 * Context: under nn->lock, sleeps.
 */
void nfipsec_spd_index_replace(struct nfipsec_spd *spd,
			       struct nfipsec_policy *old,
			       struct nfipsec_policy *new)
{
	rb_erase(&old->place, &spd->places[dir_of(old)]);
	rb_erase(&old->same, &spd->sets[dir_of(old)]);
	/* There is an entry: this needs no memory. */
	xa_store(&spd->indices, new->index, new, GFP_KERNEL_ACCOUNT);
	place_add(spd, new);
	sets_add(spd, new);
}

/**
 * nfipsec_spd_index_hide() - let a policy be found by its index only
 * @spd: where it is
 * @pol: the policy
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_index_hide(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	rb_erase(&pol->place, &spd->places[dir_of(pol)]);
	rb_erase(&pol->same, &spd->sets[dir_of(pol)]);
}

/**
 * nfipsec_spd_index_show() - undo nfipsec_spd_index_hide()
 * @spd: where it is
 * @pol: the policy
 *
 * Context: under nn->lock. Needs no memory.
 */
void nfipsec_spd_index_show(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	place_add(spd, pol);
	sets_add(spd, pol);
}

/**
 * nfipsec_spd_index_forget() - take what nfipsec_spd_index_hide() leaves
 * @spd: where it is
 * @pol: the policy
 *
 * Context: under nn->lock, sleeps.
 */
void nfipsec_spd_index_forget(struct nfipsec_spd *spd,
			      const struct nfipsec_policy *pol)
{
	xa_erase(&spd->indices, pol->index);
}

/**
 * nfipsec_spd_index_del() - let a policy not be found any more
 * @spd: where it is
 * @pol: the policy
 *
 * Context: under nn->lock, sleeps.
 */
void nfipsec_spd_index_del(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	nfipsec_spd_index_hide(spd, pol);
	nfipsec_spd_index_forget(spd, pol);
}

/**
 * nfipsec_spd_next() - find the policy behind a place in the order
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @priority: of the policy at the place, whether there still is one or not
 * @age: the same; 0 is in front of all of the priority
 *
 * Context: under nn->lock.
 * Return: the policy, valid as long as the lock is held, or NULL.
 */
struct nfipsec_policy *nfipsec_spd_next(const struct nfipsec_net *nn,
					unsigned int dir, u32 priority,
					u64 age)
{
	struct rb_node *node = nn->spd.places[dir].rb_node;
	struct rb_node *found = NULL;

	lockdep_assert_held(&nn->lock);
	while (node) {
		if (not_behind(by_place(node), priority, age)) {
			node = node->rb_right;
		} else {
			found = node;
			node = node->rb_left;
		}
	}
	return by_place(found);
}

/**
 * nfipsec_spd_find() - find the policy with certain selector sets
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @sel: selector sets; the policy has the same, in whatever order
 * @sels: how many
 *
 * Context: under nn->lock.
 * Return: the policy, valid as long as the lock is held, or NULL.
 */
struct nfipsec_policy *nfipsec_spd_find(const struct nfipsec_net *nn,
					unsigned int dir,
					const struct nfipsec_selector *sel,
					unsigned int sels)
{
	u64 hash = sets_hash(&nn->spd, sel, sels);
	struct rb_node *node = nn->spd.sets[dir].rb_node;
	struct rb_node *first = NULL;
	struct nfipsec_policy *pol;

	lockdep_assert_held(&nn->lock);
	while (node) {
		if (by_sets(node)->hash < hash) {
			node = node->rb_right;
		} else {
			first = node;
			node = node->rb_left;
		}
	}
	for (pol = by_sets(first); pol && pol->hash == hash;
	     pol = by_sets(rb_next(&pol->same))) {
		if (nfipsec_sets_equal(pol->cfg.sel, pol->cfg.sels, sel, sels))
			return pol;
	}
	return NULL;
}

/**
 * nfipsec_spd_find_index() - find the policy with an index
 * @nn: the namespace
 * @index: its index
 *
 * Context: under nn->lock.
 * Return: the policy, valid as long as the lock is held, or NULL.
 */
struct nfipsec_policy *nfipsec_spd_find_index(const struct nfipsec_net *nn,
					      u32 index)
{
	lockdep_assert_held(&nn->lock);
	return xa_load((struct xarray *)&nn->spd.indices, index);
}

/**
 * nfipsec_spd_new_index() - choose the index of a new policy
 * @nn: the namespace
 *
 * Numbers are not used again before all others were, so that who deletes by
 * a number learnt earlier does not hit a successor.
 *
 * Context: under nn->lock.
 * Return: an index that no policy of the namespace has, never 0.
 */
u32 nfipsec_spd_new_index(struct nfipsec_net *nn)
{
	u32 index;

	lockdep_assert_held(&nn->lock);
	do {
		index = ++nn->spd.last_index;
	} while (!index || nfipsec_spd_find_index(nn, index));
	return index;
}
