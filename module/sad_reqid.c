// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SAs with a reqid, by that and their peer. Those that receive IPComp in tunnel mode
 * are there without one, too: what comes in asks for them, and not by walking all that
 * come in to an address.
 *
 * The table grows with the SAs. Each has two ties: one is in the table, and the
 * other is what it is put into the next one by, or into the chain of another
 * reqid, while readers may still walk the old one.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "net.h"
#include "sad.h"

/* Of the first table, 2 kB; and how much larger the next one is. */
#define FIRST_BITS	8
#define GROW_BITS	2
#define GROW		BIT(GROW_BITS)

/* As large as it gets: 8 MB. */
#define LAST_BITS	20

/* SAs for each chain, when it grows. */
#define CROWD		2

/**
 * nfipsec_sad_reqid_chain() - the chain of a peer and a reqid
 * @ties: the table
 * @peer: nfipsec_sad_peer_hash()
 * @reqid: 0 has those that receive IPComp
 *
 * Context: any.
 * Return: the chain.
 */
const struct hlist_head *
nfipsec_sad_reqid_chain(const struct nfipsec_sad_ties *ties, u32 peer,
			u32 reqid)
{
	return &ties->chain[jhash_1word(reqid, peer) & ties->mask];
}

/* The lock is the namespace's, which a table does not know. */
static struct nfipsec_sad_ties *ties_of(struct nfipsec_sad *sad)
{
	return rcu_dereference_protected(sad->by_reqid, true);
}

static u32 hash_of(const struct nfipsec_sa *sa, u32 reqid)
{
	u32 peer = nfipsec_sad_peer_hash(sa->key.family, &sa->key.daddr);

	return jhash_1word(reqid, peer);
}

static struct hlist_head *chain_of(struct nfipsec_sad *sad,
				   const struct nfipsec_sa *sa, u32 reqid)
{
	struct nfipsec_sad_ties *ties = ties_of(sad);

	return &ties->chain[hash_of(sa, reqid) & ties->mask];
}

static struct nfipsec_sad_ties *new_ties(u32 chains, gfp_t more)
{
	struct nfipsec_sad_ties *ties;

	/* All of them empty. */
	ties = kvzalloc(struct_size(ties, chain, chains),
			GFP_KERNEL_ACCOUNT | more);
	if (ties)
		ties->mask = chains - 1;
	return ties;
}

/* Is it in the table, with that reqid? */
static bool is_tied(const struct nfipsec_sa *sa, u32 reqid)
{
	return reqid || nfipsec_sad_receives_comp(sa);
}

/* The one in use. */
static struct nfipsec_sa_tie *tie_of(struct nfipsec_sa *sa)
{
	return &sa->tie[sa->tied];
}

/* The other one is from now on. Waits until no reader is there any more. */
static struct nfipsec_sa_tie *turn_tie(struct nfipsec_sa *sa)
{
	/* They would go on by it in the chain that it left. */
	if (sa->untied)
		cond_synchronize_rcu(sa->untied_at);
	sa->untied = false;
	sa->tied = !sa->tied;
	return tie_of(sa);
}

/**
 * nfipsec_sad_link_behind() - put something at its place in a chain
 * @chain: the chain
 * @node: in none
 * @younger: the one before it in @chain, NULL if it is the first
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_link_behind(struct hlist_head *chain, struct hlist_node *node,
			     struct hlist_node *younger)
{
	if (younger)
		hlist_add_behind_rcu(node, younger);
	else
		hlist_add_head_rcu(node, chain);
}

/*
 * What is in one chain of the smaller table is in some of the larger one, and in
 * these is nothing else: they have its order, by age.
 */
static void split_chain(const struct hlist_head *old, u32 old_mask,
			struct nfipsec_sad_ties *ties)
{
	struct hlist_node *last[GROW] = {};
	struct nfipsec_sa_tie *tie, *turned;
	u32 hash, part;

	hlist_for_each_entry(tie, old, node) {
		hash = hash_of(tie->sa, tie->sa->reqid) & ties->mask;
		part = hash / (old_mask + 1);
		turned = turn_tie(tie->sa);
		nfipsec_sad_link_behind(&ties->chain[hash], &turned->node,
					last[part]);
		last[part] = &turned->node;
	}
}

/* For want of memory the chains become longer instead. */
static void grow(struct nfipsec_sad *sad, struct nfipsec_sad_ties *old)
{
	u32 chains = (old->mask + 1) * GROW;
	struct nfipsec_sad_ties *new;
	u32 i;

	new = new_ties(chains, __GFP_NORETRY | __GFP_NOWARN);
	if (!new)
		return;
	for (i = 0; i <= old->mask; i++) {
		split_chain(&old->chain[i], old->mask, new);
		cond_resched();
	}
	rcu_assign_pointer(sad->by_reqid, new);
	/* The old ties are free for the next time, too. */
	synchronize_rcu();
	kvfree(old);
}

/**
 * nfipsec_sad_make_chains() - have a table for one SA more
 * @sad: the tables
 *
 * There is none before there is an SA: most namespaces never need one.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_sad_make_chains(struct nfipsec_sad *sad)
{
	struct nfipsec_sad_ties *ties = ties_of(sad);

	if (!ties) {
		ties = new_ties(BIT(FIRST_BITS), 0);
		rcu_assign_pointer(sad->by_reqid, ties);
		return ties ? 0 : -ENOMEM;
	}
	if (sad->count / CROWD > ties->mask && ties->mask < BIT(LAST_BITS) - 1)
		grow(sad, ties);
	return 0;
}

/**
 * nfipsec_sad_tie() - put an SA among those with its reqid
 * @sad: the tables, with chains
 * @sa: younger than all that are there
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_tie(struct nfipsec_sad *sad, struct nfipsec_sa *sa)
{
	/* Before readers can come to any of them. */
	sa->tie[0].sa = sa;
	sa->tie[1].sa = sa;
	if (is_tied(sa, sa->reqid))
		hlist_add_head_rcu(&tie_of(sa)->node,
				   chain_of(sad, sa, sa->reqid));
}

/**
 * nfipsec_sad_untie() - take an SA from among those with its reqid
 * @sa: there if it has one, or receives IPComp; readers may be at it. For good
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_untie(struct nfipsec_sa *sa)
{
	if (is_tied(sa, sa->reqid))
		hlist_del_rcu(&tie_of(sa)->node);
}

/**
 * nfipsec_sad_is_younger() - which of two SAs came later?
 * @sa: the one
 * @than: the other
 *
 * Context: under nn->lock.
 * Return: whether @sa did.
 */
bool nfipsec_sad_is_younger(const struct nfipsec_sa *sa,
			    const struct nfipsec_sa *than)
{
	return sa->core->life.added > than->core->life.added;
}

static void link_tie_by_age(struct hlist_head *chain, struct nfipsec_sa_tie *new)
{
	struct hlist_node *younger = NULL;
	struct nfipsec_sa_tie *tie;

	hlist_for_each_entry(tie, chain, node) {
		if (!nfipsec_sad_is_younger(tie->sa, new->sa))
			break;
		younger = &tie->node;
	}
	nfipsec_sad_link_behind(chain, &new->node, younger);
}

/**
 * nfipsec_sad_retie() - put an SA in the place of another, by its reqid
 * @sad: the tables
 * @old: put there by nfipsec_sad_tie()
 * @new: in no chain; as nfipsec_sad_relink() says
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_retie(struct nfipsec_sad *sad, struct nfipsec_sa *old,
		       struct nfipsec_sa *new)
{
	struct hlist_head *from = NULL, *to = NULL;

	new->tie[0].sa = new;
	new->tie[1].sa = new;
	if (is_tied(old, old->reqid))
		from = chain_of(sad, old, old->reqid);
	if (is_tied(new, new->reqid))
		to = chain_of(sad, new, new->reqid);
	if (from && from == to) {
		hlist_replace_rcu(&tie_of(old)->node, &tie_of(new)->node);
		return;
	}
	if (to)
		link_tie_by_age(to, tie_of(new));
	if (from)
		hlist_del_rcu(&tie_of(old)->node);
}

/**
 * nfipsec_sad_set_reqid() - give an SA another reqid
 * @nn: the namespace
 * @sa: in its tables
 * @reqid: 0 is none
 *
 * Who looks for the old one finds it until some moment, who looks for the new one
 * from some moment on, and who looks for any finds it all the time. From the next
 * generation on both moments are over.
 *
 * Two changes of an SA within a grace period wait for its end in between: the
 * second one uses a tie again that readers may be standing on.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_sad_set_reqid(struct nfipsec_net *nn, struct nfipsec_sa *sa, u32 reqid)
{
	struct nfipsec_sa_tie *old = tie_of(sa), *new;
	u32 was = sa->reqid;

	lockdep_assert_held(&nn->lock);
	if (was == reqid)
		return;
	new = turn_tie(sa);
	if (is_tied(sa, reqid))
		link_tie_by_age(chain_of(&nn->sad, sa, reqid), new);
	/* In both chains, and now it is what the other asks for. */
	WRITE_ONCE(sa->reqid, reqid);
	if (is_tied(sa, was)) {
		hlist_del_rcu(&old->node);
		/* Who begins after this does not come to it any more. */
		sa->untied_at = get_state_synchronize_rcu();
		sa->untied = true;
	}
	nfipsec_net_changed(nn);
}
