// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SAs to a peer, in the order in which packets ask for them. A template that
 * names a reqid finds its own among any number to the same peer, see sad_reqid.c;
 * others walk all that are.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rculist.h>

#include "net.h"
#include "sad.h"

/* Set once, before the first namespace has a table. */
static u32 peer_seed __read_mostly;

/**
 * nfipsec_sad_peer_hash() - hash of a peer
 * @family: AF_INET or AF_INET6
 * @daddr: outer destination
 *
 * Context: any.
 * Return: its lowest NFIPSEC_SAD_PEER_BITS are the number of the chain of
 * nfipsec_sad.by_peer.
 */
u32 nfipsec_sad_peer_hash(u8 family, const union nfipsec_addr *daddr)
{
	return jhash2((__force const u32 *)daddr->all, ARRAY_SIZE(daddr->all),
		      peer_seed ^ family);
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
	for (i = 0; i < ARRAY_SIZE(sad->by_peer); i++) {
		INIT_HLIST_HEAD(&sad->by_peer[i].sas);
		sad->by_peer[i].classed = 0;
		sad->by_peer[i].pinned = 0;
		sad->by_peer[i].comp = 0;
	}
	RCU_INIT_POINTER(sad->by_reqid, NULL);
	sad->newest = 0;
	INIT_LIST_HEAD(&sad->dummies);
}

static bool is_pinned(const struct nfipsec_sa *sa)
{
	return sa->cpu != NFIPSEC_CPU_ANY && sa->dir != NFIPSEC_DIR_IN;
}

static struct nfipsec_sad_peers *peer_chain(struct nfipsec_sad *sad,
					    const struct nfipsec_sa *sa)
{
	return nfipsec_sad_peers(sad, nfipsec_sad_peer_hash(sa->key.family,
							    &sa->key.daddr));
}

/* No two are of the same age, however coarse the clock: that is their order. */
static void set_age(struct nfipsec_sad *sad, struct nfipsec_life *life)
{
	life->added = max(life->added, sad->newest + 1);
	sad->newest = life->added;
}

/* Before packets can come to it, and as long as they can. */
static void count_peer(struct nfipsec_sad_peers *peers,
		       const struct nfipsec_sa *sa, int change)
{
	if (sa->dscp_set)
		WRITE_ONCE(peers->classed, peers->classed + change);
	if (is_pinned(sa))
		WRITE_ONCE(peers->pinned, peers->pinned + change);
	if (nfipsec_sad_receives_comp(sa))
		WRITE_ONCE(peers->comp, peers->comp + change);
}

/**
 * nfipsec_sad_exit_peers() - nothing is in the chains of a namespace any more
 * @sad: its tables, of which all SAs are taken out
 *
 * Context: process.
 */
void nfipsec_sad_exit_peers(const struct nfipsec_sad *sad)
{
	const struct nfipsec_sad_peers *peers;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sad->by_peer); i++) {
		peers = &sad->by_peer[i];
		/* Too little would hide SAs, too much costs for nothing. */
		WARN_ON_ONCE(!hlist_empty(&peers->sas) || peers->classed ||
			     peers->pinned || peers->comp);
	}
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
	struct nfipsec_sad_peers *peers = peer_chain(sad, sa);

	set_age(sad, &sa->core->life);
	count_peer(peers, sa, 1);
	hlist_add_head_rcu(&sa->peer_node, &peers->sas);
	nfipsec_sad_tie(sad, sa);
	if (nfipsec_sa_sends_dummies(sa))
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
	nfipsec_sad_untie(sa);
	count_peer(peer_chain(sad, sa), sa, -1);
	if (nfipsec_sa_sends_dummies(sa))
		list_del(&sa->dummy_node);
}

/* Among those to its new peer an SA is as old as it is. */
static void link_peer_by_age(struct hlist_head *chain, struct nfipsec_sa *new)
{
	struct hlist_node *younger = NULL;
	struct nfipsec_sa *sa;

	hlist_for_each_entry(sa, chain, peer_node) {
		if (!nfipsec_sad_is_younger(sa, new))
			break;
		younger = &sa->peer_node;
	}
	nfipsec_sad_link_behind(chain, &new->peer_node, younger);
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
	struct nfipsec_sad_peers *from = peer_chain(sad, old);
	struct nfipsec_sad_peers *to = peer_chain(sad, new);

	if (from == to) {
		hlist_replace_rcu(&old->peer_node, &new->peer_node);
	} else {
		count_peer(to, new, 1);
		link_peer_by_age(&to->sas, new);
		hlist_del_rcu(&old->peer_node);
		count_peer(from, old, -1);
	}
	nfipsec_sad_retie(sad, old, new);
	if (nfipsec_sa_sends_dummies(old))
		list_replace(&old->dummy_node, &new->dummy_node);
}
