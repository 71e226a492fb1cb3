// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SAs to a peer, in the order in which packets ask for them. A template that
 * names a reqid finds its own among any number to the same peer; others walk all
 * that are.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "net.h"
#include "sad.h"

/* Set once, before the first namespace has a table. */
static u32 peer_seed __read_mostly;

static u32 hash_of(u8 family, const union nfipsec_addr *daddr)
{
	return jhash2((__force const u32 *)daddr->all, ARRAY_SIZE(daddr->all),
		      peer_seed ^ family);
}

/**
 * nfipsec_sad_peer_hash() - which chain of nfipsec_sad.by_peer
 * @family: AF_INET or AF_INET6
 * @daddr: outer destination
 *
 * Context: any.
 * Return: its number.
 */
unsigned int nfipsec_sad_peer_hash(u8 family, const union nfipsec_addr *daddr)
{
	return hash_of(family, daddr) & (BIT(NFIPSEC_SAD_PEER_BITS) - 1);
}

/**
 * nfipsec_sad_reqid_hash() - which chain of nfipsec_sad.by_reqid
 * @family: AF_INET or AF_INET6
 * @daddr: outer destination
 * @reqid: not 0
 *
 * Context: any.
 * Return: its number.
 */
unsigned int nfipsec_sad_reqid_hash(u8 family, const union nfipsec_addr *daddr,
				    u32 reqid)
{
	return jhash_1word(reqid, hash_of(family, daddr)) &
	       (BIT(NFIPSEC_SAD_REQID_BITS) - 1);
}

/**
 * nfipsec_sad_init_peers() - make the chains of a namespace
 * @sad: its tables, not yet known to any packet
 *
 * Context: process.
 */
void nfipsec_sad_init_peers(struct nfipsec_sad *sad)
{
	unsigned int i;

	get_random_once(&peer_seed, sizeof(peer_seed));
	for (i = 0; i < ARRAY_SIZE(sad->by_peer); i++)
		INIT_HLIST_HEAD(&sad->by_peer[i]);
	sad->by_reqid = NULL;
	sad->newest = 0;
	INIT_LIST_HEAD(&sad->dummies);
}

static bool is_pinned(const struct nfipsec_sa *sa)
{
	return sa->cpu != NFIPSEC_CPU_ANY && sa->dir != NFIPSEC_DIR_IN;
}

static bool sends_dummies(const struct nfipsec_sa *sa)
{
	return sa->tfc.dummy_interval && sa->dir != NFIPSEC_DIR_IN;
}

static struct hlist_head *peer_chain(struct nfipsec_sad *sad,
				     const struct nfipsec_sa *sa)
{
	return &sad->by_peer[nfipsec_sad_peer_hash(sa->key.family,
						   &sa->key.daddr)];
}

static struct hlist_head *reqid_chain(struct nfipsec_sad *sad,
				      const struct nfipsec_sa *sa, u32 reqid)
{
	return &sad->by_reqid[nfipsec_sad_reqid_hash(sa->key.family,
						     &sa->key.daddr, reqid)];
}

/**
 * nfipsec_sad_make_chains() - make what is not made before there is an SA
 * @sad: the tables
 *
 * A table of some size, which most namespaces never need.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_sad_make_chains(struct nfipsec_sad *sad)
{
	struct hlist_head *chains;

	if (sad->by_reqid)
		return 0;
	/* All of them empty. */
	chains = kvcalloc(BIT(NFIPSEC_SAD_REQID_BITS), sizeof(*chains),
			  GFP_KERNEL_ACCOUNT);
	if (!chains)
		return -ENOMEM;
	/* Pairs with the READ_ONCE() in nfipsec_sad_find_out(). */
	smp_store_release(&sad->by_reqid, chains);
	return 0;
}

/* The one in use. */
static struct nfipsec_sa_tie *tie_of(struct nfipsec_sa *sa)
{
	return &sa->tie[sa->tied];
}

/* Before readers can come to any of them. */
static void name_ties(struct nfipsec_sa *sa)
{
	sa->tie[0].sa = sa;
	sa->tie[1].sa = sa;
}

/* No two are of the same age, however coarse the clock: that is their order. */
static void set_age(struct nfipsec_sad *sad, struct nfipsec_life *life)
{
	life->added = max(life->added, sad->newest + 1);
	sad->newest = life->added;
}

/**
 * nfipsec_sad_link() - put an SA among those to its peer
 * @sad: the tables, with chains
 * @sa: in none of them
 *
 * Newest first: see nfipsec_sad_find_out().
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_link(struct nfipsec_sad *sad, struct nfipsec_sa *sa)
{
	set_age(sad, &sa->core->life);
	name_ties(sa);
	if (sa->dscp_set)
		WRITE_ONCE(sad->classed, sad->classed + 1);
	if (is_pinned(sa))
		WRITE_ONCE(sad->pinned, sad->pinned + 1);
	hlist_add_head_rcu(&sa->peer_node, peer_chain(sad, sa));
	if (sa->reqid)
		hlist_add_head_rcu(&tie_of(sa)->node,
				   reqid_chain(sad, sa, sa->reqid));
	if (sends_dummies(sa))
		list_add_tail(&sa->dummy_node, &sad->dummies);
}

/**
 * nfipsec_sad_unlink() - take an SA from among those to its peer
 * @sad: the tables
 * @sa: put there by nfipsec_sad_link(); readers may be at it
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_unlink(struct nfipsec_sad *sad, struct nfipsec_sa *sa)
{
	hlist_del_rcu(&sa->peer_node);
	if (sa->reqid)
		hlist_del_rcu(&tie_of(sa)->node);
	if (sa->dscp_set)
		WRITE_ONCE(sad->classed, sad->classed - 1);
	if (is_pinned(sa))
		WRITE_ONCE(sad->pinned, sad->pinned - 1);
	if (sends_dummies(sa))
		list_del(&sa->dummy_node);
}

static bool is_younger(const struct nfipsec_sa *sa, const struct nfipsec_sa *than)
{
	return sa->core->life.added > than->core->life.added;
}

static void link_behind(struct hlist_head *chain, struct hlist_node *node,
			struct hlist_node *younger)
{
	if (younger)
		hlist_add_behind_rcu(node, younger);
	else
		hlist_add_head_rcu(node, chain);
}

/* Among those to its new peer an SA is as old as it is. */
static void link_peer_by_age(struct hlist_head *chain, struct nfipsec_sa *new)
{
	struct hlist_node *younger = NULL;
	struct nfipsec_sa *sa;

	hlist_for_each_entry(sa, chain, peer_node) {
		if (!is_younger(sa, new))
			break;
		younger = &sa->peer_node;
	}
	link_behind(chain, &new->peer_node, younger);
}

static void link_tie_by_age(struct hlist_head *chain, struct nfipsec_sa_tie *new)
{
	struct hlist_node *younger = NULL;
	struct nfipsec_sa_tie *tie;

	hlist_for_each_entry(tie, chain, node) {
		if (!is_younger(tie->sa, new->sa))
			break;
		younger = &tie->node;
	}
	link_behind(chain, &new->node, younger);
}

static void move_tie(struct nfipsec_sad *sad, struct nfipsec_sa *old,
		     struct nfipsec_sa *new)
{
	struct hlist_head *from = NULL, *to = NULL;

	if (old->reqid)
		from = reqid_chain(sad, old, old->reqid);
	if (new->reqid)
		to = reqid_chain(sad, new, new->reqid);
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
	struct nfipsec_sa_tie *old = tie_of(sa);
	u32 was = sa->reqid;

	lockdep_assert_held(&nn->lock);
	if (was == reqid)
		return;
	/* Readers may be at the other tie, and go on by it in the chain it left. */
	if (sa->untied)
		cond_synchronize_rcu(sa->untied_at);
	sa->tied = !sa->tied;
	if (reqid)
		link_tie_by_age(reqid_chain(&nn->sad, sa, reqid), tie_of(sa));
	/* In both chains, and now it is what the other asks for. */
	WRITE_ONCE(sa->reqid, reqid);
	if (was) {
		hlist_del_rcu(&old->node);
		/* Who begins after this does not come to it any more. */
		sa->untied_at = get_state_synchronize_rcu();
		sa->untied = true;
	}
	nfipsec_net_changed(nn);
}

/**
 * nfipsec_sad_relink() - put an SA in the place of another
 * @sad: the tables
 * @old: put there by nfipsec_sad_link()
 * @new: as old, but perhaps to another peer, or with another reqid
 *
 * Who walks a chain in which both are must find one of them: in one step.
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_relink(struct nfipsec_sad *sad, struct nfipsec_sa *old,
			struct nfipsec_sa *new)
{
	name_ties(new);
	if (peer_chain(sad, old) == peer_chain(sad, new)) {
		hlist_replace_rcu(&old->peer_node, &new->peer_node);
	} else {
		link_peer_by_age(peer_chain(sad, new), new);
		hlist_del_rcu(&old->peer_node);
	}
	move_tie(sad, old, new);
	if (sends_dummies(old))
		list_replace(&old->dummy_node, &new->dummy_node);
}
