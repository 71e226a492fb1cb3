// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security association database: finding SAs, by key and by peer.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/once.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/rhashtable.h>

#include "net.h"
#include "sad.h"
#include "udpsa.h"

/* Keys are hashed and compared as bytes, so no byte may be undefined. */
static_assert(sizeof(struct nfipsec_sa_key) ==
	      2 * sizeof(union nfipsec_addr) + sizeof(__be32) + 2 + sizeof(u16));

static const struct rhashtable_params by_key_params = {
	.head_offset = offsetof(struct nfipsec_sa, node),
	.key_offset = offsetof(struct nfipsec_sa, key),
	.key_len = sizeof(struct nfipsec_sa_key),
	.automatic_shrinking = true,
};

/* Set once, before the first namespace has a table. */
static u32 peer_seed __read_mostly;

static unsigned int peer_hash(u8 family, const union nfipsec_addr *daddr)
{
	u32 hash;

	hash = jhash2((__force const u32 *)daddr->all, ARRAY_SIZE(daddr->all),
		      peer_seed ^ family);
	return hash & (BIT(NFIPSEC_SAD_PEER_BITS) - 1);
}

/*
 * rhashtable's readers take a table that is not const, though they do not
 * write to it.
 */
static struct rhashtable *by_key(const struct nfipsec_net *nn)
{
	return (struct rhashtable *)&nn->sad.by_key;
}

/**
 * nfipsec_sad_init() - make the tables of a namespace
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_sad_init(struct nfipsec_net *nn)
{
	struct nfipsec_sad *sad = &nn->sad;
	unsigned int i;

	get_random_once(&peer_seed, sizeof(peer_seed));
	for (i = 0; i < ARRAY_SIZE(sad->by_peer); i++)
		INIT_HLIST_HEAD(&sad->by_peer[i]);
	INIT_LIST_HEAD(&sad->dummies);
	sad->count = 0;
	nfipsec_expire_init(nn);
	return rhashtable_init(&sad->by_key, &by_key_params);
}

/**
 * nfipsec_sad_exit() - take the tables of a namespace away
 * @nn: the namespace; no packet and no request can reach it any more
 *
 * SAs go to nfipsec_sa_free(). They hold routes of the namespace, so the
 * caller waits for nfipsec_sa_barrier() before it lets the namespace go.
 *
 * Context: process context, sleeps, takes nn->lock. A grace period has passed
 * since the hooks were removed.
 */
void nfipsec_sad_exit(struct nfipsec_net *nn)
{
	mutex_lock(&nn->lock);
	nfipsec_sad_flush(nn, NULL);
	mutex_unlock(&nn->lock);
	nfipsec_expire_exit(nn);
	rhashtable_destroy(&nn->sad.by_key);
}

/**
 * nfipsec_sad_lookup() - find the SA with a key
 * @nn: the namespace
 * @key: what it must equal, byte for byte
 *
 * The SA may be larval or for the other direction: the caller looks.
 *
 * Context: under rcu_read_lock(), or under nn->lock within it.
 * Return: the SA, valid until rcu_read_unlock(), or NULL.
 */
struct nfipsec_sa *nfipsec_sad_lookup(const struct nfipsec_net *nn,
				      const struct nfipsec_sa_key *key)
{
	return rhashtable_lookup(by_key(nn), key, by_key_params);
}

/**
 * nfipsec_sad_find_sent() - find the SA that a packet was sent through
 * @nn: the namespace
 * @key: destination, SPI and protocol, its source zero; to a group, that is
 *	written
 * @saddr: source of the packet
 *
 * To a group, that of the sender before one of any sender (RFC 4301 section
 * 4.1).
 *
 * Context: under rcu_read_lock().
 * Return: the SA, valid until rcu_read_unlock(), or NULL.
 */
struct nfipsec_sa *nfipsec_sad_find_sent(const struct nfipsec_net *nn,
					 struct nfipsec_sa_key *key,
					 const union nfipsec_addr *saddr)
{
	struct nfipsec_sa *sa;

	if (nfipsec_addr_is_group(&key->daddr, key->family)) {
		key->saddr = *saddr;
		sa = nfipsec_sad_lookup(nn, key);
		if (sa)
			return sa;
		memset(&key->saddr, 0, sizeof(key->saddr));
	}
	return nfipsec_sad_lookup(nn, key);
}

/* Does an SA have the source that is asked for? */
static bool source_fits(const struct nfipsec_sa *sa,
			const struct nfipsec_sa_want *want)
{
	return nfipsec_addr_equal(&sa->saddr, &want->saddr) ||
	       (want->packet && nfipsec_sa_is_shared(sa));
}

static bool algo_wanted(const struct nfipsec_algo *algo,
			const struct nfipsec_sa_want *want)
{
	unsigned int i;

	for (i = 0; i < want->algos; i++) {
		if (want->algo[i] == algo)
			return true;
	}
	return !algo;
}

/* All that the SA has must be among them. */
static bool algos_fit(const struct nfipsec_sa *sa,
		      const struct nfipsec_sa_want *want)
{
	const struct nfipsec_crypto *c = sa->crypto;

	return !want->algos || (c && algo_wanted(c->aead_algo, want) &&
				algo_wanted(c->enc_algo, want) &&
				algo_wanted(c->auth_algo, want));
}

/**
 * nfipsec_sa_fits() - is this the kind of SA that a template asks for?
 * @sa: the SA
 * @want: the template, addresses filled in
 *
 * Does not look at state, direction and selector.
 *
 * Context: any.
 * Return: true if it is.
 */
bool nfipsec_sa_fits(const struct nfipsec_sa *sa,
		     const struct nfipsec_sa_want *want)
{
	return sa->key.family == want->family &&
	       sa->key.proto == want->proto &&
	       sa->mode == want->mode &&
	       (!want->reqid || want->reqid == READ_ONCE(sa->reqid)) &&
	       (!want->spi || want->spi == sa->key.spi) &&
	       nfipsec_addr_equal(&sa->key.daddr, &want->daddr) &&
	       source_fits(sa, want) && algos_fit(sa, want) &&
	       nfipsec_demand_met(&want->demand, sa->flags, &sa->outer);
}

/**
 * nfipsec_sa_joins() - are a packet's ends those of an SA?
 * @sa: the SA
 * @flow: the packet
 *
 * What transport mode is for, and the ICV does not cover the addresses.
 *
 * Context: any.
 * Return: true if they are.
 */
bool nfipsec_sa_joins(const struct nfipsec_sa *sa,
		      const struct nfipsec_flow *flow)
{
	return flow->family == sa->key.family &&
	       (nfipsec_sa_is_shared(sa) ||
		nfipsec_addr_equal(&flow->saddr, &sa->saddr)) &&
	       nfipsec_addr_equal(&flow->daddr, &sa->key.daddr);
}

/**
 * nfipsec_sa_admits() - may an SA carry a packet?
 * @sa: the SA
 * @flow: the packet
 *
 * A fragment for which it cannot be told is not admitted.
 *
 * Context: under rcu_read_lock().
 * Return: true if the SA has no selector, or one that matches.
 */
bool nfipsec_sa_admits(const struct nfipsec_sa *sa,
		       const struct nfipsec_flow *flow)
{
	const struct nfipsec_sa_rcu_selector *s = rcu_dereference(sa->selector);

	return !s || nfipsec_selector_match(&s->sel, flow) == NFIPSEC_MATCH_YES;
}

/* RFC 4301 section 4.4.1: such an SA is not shared by what differs in them. */
static bool pins(const struct nfipsec_sa *sa, u32 pfp)
{
	const struct nfipsec_sa_rcu_selector *s = rcu_dereference(sa->selector);

	return !pfp || (s && nfipsec_selector_pins(&s->sel, pfp));
}

static bool can_send(const struct nfipsec_sa *sa,
		     const struct nfipsec_sa_want *want)
{
	return sa->state == NFIPSEC_SA_STATE_MATURE &&
	       sa->dir != NFIPSEC_DIR_IN && nfipsec_sa_fits(sa, want) &&
	       pins(sa, want->pfp);
}

/**
 * nfipsec_sad_find_out() - find an SA to send a packet through
 * @nn: the namespace
 * @want: what the policy asks for
 * @flow: the packet, or NULL to leave it out of account
 *
 * One that names the packet's DSCP goes before one that names none (RFC 4301
 * section 4.4.2.1). Of several, the newest is taken, so that traffic moves over
 * as soon as a successor stands (RFC 7296 section 2.8).
 *
 * Context: under rcu_read_lock().
 * Return: a mature SA that admits @flow, valid until rcu_read_unlock(), or
 * NULL; without @flow, ERR_PTR(-EAGAIN) if it depends on the DSCP.
 */
struct nfipsec_sa *nfipsec_sad_find_out(const struct nfipsec_net *nn,
					const struct nfipsec_sa_want *want,
					const struct nfipsec_flow *flow)
{
	unsigned int hash = peer_hash(want->family, &want->daddr);
	bool classed = READ_ONCE(nn->sad.classed);
	struct nfipsec_sa *sa, *plain = NULL;

	hlist_for_each_entry_rcu(sa, &nn->sad.by_peer[hash], peer_node) {
		if (!can_send(sa, want) ||
		    (flow && !nfipsec_sa_admits(sa, flow)))
			continue;
		if (sa->dscp_set) {
			if (!flow)
				return ERR_PTR(-EAGAIN);
			if (sa->dscp_set & BIT_ULL(flow->dscp))
				return sa;
			continue;
		}
		if (!plain)
			plain = sa;
		if (!classed)
			break;
	}
	return plain;
}

/**
 * nfipsec_sad_find_plain() - find the SA of IPComp that did not compress
 * @nn: the namespace
 * @flow: a packet that carries another, and came out of an SA
 * @reqid: that SA's
 *
 * In tunnel mode, IPComp that is left out leaves one IP packet in another (RFC
 * 3173 section 2.2), with no CPI to find the SA by. Two SAs that were made for one
 * another have one reqid.
 *
 * Context: under rcu_read_lock().
 * Return: an SA between the packet's ends, the newest with @reqid, or else the
 * newest if one of the two has no reqid; valid until rcu_read_unlock(), or NULL.
 */
struct nfipsec_sa *nfipsec_sad_find_plain(const struct nfipsec_net *nn,
					  const struct nfipsec_flow *flow,
					  u32 reqid)
{
	unsigned int hash = peer_hash(flow->family, &flow->daddr);
	struct nfipsec_sa *found = NULL;
	struct nfipsec_sa *sa;
	u32 id;

	hlist_for_each_entry_rcu(sa, &nn->sad.by_peer[hash], peer_node) {
		if (sa->key.proto != IPPROTO_COMP ||
		    sa->mode != NFIPSEC_MODE_TUNNEL ||
		    sa->state != NFIPSEC_SA_STATE_MATURE ||
		    sa->dir == NFIPSEC_DIR_OUT || !nfipsec_sa_joins(sa, flow))
			continue;
		id = READ_ONCE(sa->reqid);
		if (id == reqid)
			return sa;
		if (!found && (!id || !reqid))
			found = sa;
	}
	return found;
}

static bool sends_dummies(const struct nfipsec_sa *sa)
{
	return sa->tfc.dummy_interval && sa->dir != NFIPSEC_DIR_IN;
}

/* Newest first: see nfipsec_sad_find_out(). */
static void link_peer(struct nfipsec_sad *sad, struct nfipsec_sa *sa)
{
	unsigned int hash = peer_hash(sa->key.family, &sa->key.daddr);

	if (sa->dscp_set)
		WRITE_ONCE(sad->classed, sad->classed + 1);
	hlist_add_head_rcu(&sa->peer_node, &sad->by_peer[hash]);
	if (sends_dummies(sa))
		list_add_tail(&sa->dummy_node, &sad->dummies);
}

static void unlink_peer(struct nfipsec_sad *sad, struct nfipsec_sa *sa)
{
	hlist_del_rcu(&sa->peer_node);
	if (sa->dscp_set)
		WRITE_ONCE(sad->classed, sad->classed - 1);
	if (sends_dummies(sa))
		list_del(&sa->dummy_node);
}

/**
 * nfipsec_sad_insert() - put an SA into the tables
 * @nn: the namespace
 * @sa: owned by the tables on success, still by the caller on error
 *
 * Context: process context under nn->lock.
 * Return: 0; -EEXIST if there is an SA with this key; -ENOMEM, or -E2BIG if
 * the table is full.
 */
int nfipsec_sad_insert(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_sad *sad = &nn->sad;
	int err;

	lockdep_assert_held(&nn->lock);
	err = nfipsec_udpsa_add(nn, sa);
	if (err)
		return err;
	err = rhashtable_lookup_insert_fast(&sad->by_key, &sa->node,
					    by_key_params);
	if (err) {
		nfipsec_udpsa_del(nn, sa);
		return err;
	}
	link_peer(sad, sa);
	sad->count++;
	nfipsec_net_changed(nn);
	nfipsec_expire_add(nn, sa);
	return 0;
}

/**
 * nfipsec_sad_replace() - put an SA in the place of another
 * @nn: the namespace
 * @old: in the tables, freed on success
 * @new: same key; owned by the tables on success, by the caller on error
 *
 * A packet finds the one or the other by key. Among the SAs to the same peer
 * @new counts as the newest.
 *
 * Context: process context under nn->lock.
 * Return: 0; -EINVAL if the keys differ; -ENOENT if @old is in no table;
 * -ENOMEM.
 */
int nfipsec_sad_replace(struct nfipsec_net *nn, struct nfipsec_sa *old,
			struct nfipsec_sa *new)
{
	int err;

	lockdep_assert_held(&nn->lock);
	if (memcmp(&old->key, &new->key, sizeof(old->key)))
		return -EINVAL;
	err = nfipsec_udpsa_add(nn, new);
	if (err)
		return err;
	err = rhashtable_replace_fast(&nn->sad.by_key, &old->node, &new->node,
				      by_key_params);
	if (err) {
		nfipsec_udpsa_del(nn, new);
		return err;
	}
	nfipsec_udpsa_del(nn, old);
	link_peer(&nn->sad, new);
	unlink_peer(&nn->sad, old);
	nfipsec_expire_del(nn, old);
	nfipsec_net_changed(nn);
	nfipsec_expire_add(nn, new);
	nfipsec_sa_free(old);
	return 0;
}

/* Among those to its new peer an SA is as old as it is. */
static void link_peer_by_age(struct nfipsec_sad *sad, struct nfipsec_sa *new)
{
	unsigned int hash = peer_hash(new->key.family, &new->key.daddr);
	struct nfipsec_sa *sa, *younger = NULL;

	hlist_for_each_entry(sa, &sad->by_peer[hash], peer_node) {
		if (sa->core->life.added <= new->core->life.added)
			break;
		younger = sa;
	}
	if (younger)
		hlist_add_behind_rcu(&new->peer_node, &younger->peer_node);
	else
		hlist_add_head_rcu(&new->peer_node, &sad->by_peer[hash]);
}

/* Who walks a chain in which both are must find one of them: in one step. */
static void move_peer(struct nfipsec_sad *sad, struct nfipsec_sa *old,
		      struct nfipsec_sa *new)
{
	if (peer_hash(old->key.family, &old->key.daddr) ==
	    peer_hash(new->key.family, &new->key.daddr)) {
		hlist_replace_rcu(&old->peer_node, &new->peer_node);
	} else {
		link_peer_by_age(sad, new);
		hlist_del_rcu(&old->peer_node);
	}
	if (sends_dummies(old))
		list_replace(&old->dummy_node, &new->dummy_node);
}

static int move_key(struct nfipsec_sad *sad, struct nfipsec_sa *old,
		    struct nfipsec_sa *new)
{
	int err;

	if (!memcmp(&old->key, &new->key, sizeof(old->key)))
		return rhashtable_replace_fast(&sad->by_key, &old->node,
					       &new->node, by_key_params);
	err = rhashtable_lookup_insert_fast(&sad->by_key, &new->node,
					    by_key_params);
	if (!err)
		rhashtable_remove_fast(&sad->by_key, &old->node,
				       by_key_params);
	return err;
}

/**
 * nfipsec_sad_move() - move an SA
 * @nn: the namespace
 * @old: in the tables, freed on success
 * @new: from nfipsec_sa_moved(); owned by the tables on success, by the caller
 *	on error
 *
 * A packet finds the one or the other. What they share goes on with @new, also
 * for the packets that are still at @old.
 *
 * Context: process context under nn->lock.
 * Return: 0; -EEXIST if there is an SA with the new key; -ENOMEM, or -E2BIG if
 * the table is full.
 */
int nfipsec_sad_move(struct nfipsec_net *nn, struct nfipsec_sa *old,
		     struct nfipsec_sa *new)
{
	int err;

	lockdep_assert_held(&nn->lock);
	err = nfipsec_udpsa_add(nn, new);
	if (err)
		return err;
	err = move_key(&nn->sad, old, new);
	if (err) {
		nfipsec_udpsa_del(nn, new);
		return err;
	}
	move_peer(&nn->sad, old, new);
	nfipsec_udpsa_del(nn, old);
	new->core->sa = new;
	new->borrowed = false;
	old->borrowed = true;
	nfipsec_net_changed(nn);
	nfipsec_sa_free(old);
	return 0;
}

/**
 * nfipsec_sad_remove() - take an SA out of the tables and free it
 * @nn: the namespace
 * @sa: in the tables
 *
 * Context: process context under nn->lock.
 */
void nfipsec_sad_remove(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	lockdep_assert_held(&nn->lock);
	rhashtable_remove_fast(&nn->sad.by_key, &sa->node, by_key_params);
	unlink_peer(&nn->sad, sa);
	nfipsec_udpsa_del(nn, sa);
	nfipsec_expire_del(nn, sa);
	nn->sad.count--;
	nfipsec_net_changed(nn);
	nfipsec_sa_free(sa);
}

/**
 * nfipsec_sad_flush() - remove and free all SAs
 * @nn: the namespace
 * @owner: only those of that owner, NULL for all
 *
 * Context: process context under nn->lock.
 */
void nfipsec_sad_flush(struct nfipsec_net *nn, const char *owner)
{
	struct hlist_node *tmp;
	struct nfipsec_sa *sa;
	unsigned int i;

	lockdep_assert_held(&nn->lock);
	for (i = 0; i < ARRAY_SIZE(nn->sad.by_peer); i++) {
		hlist_for_each_entry_safe(sa, tmp, &nn->sad.by_peer[i],
					  peer_node)
			if (!owner || !strcmp(sa->owner, owner))
				nfipsec_sad_remove(nn, sa);
	}
}
