// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security association database: SAs come and go, and are found by their key.
 */
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/rculist.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/unaligned.h>

#include "net.h"
#include "sad.h"
#include "udpsa.h"
#include "wordhash.h"

/* Keys are hashed and compared as bytes, so no byte may be undefined. */
static_assert(sizeof(struct nfipsec_sa_key) ==
	      2 * sizeof(union nfipsec_addr) + sizeof(__be32) + 2 + sizeof(u16));

#define KEY_WORDS	(sizeof(struct nfipsec_sa_key) / sizeof(u32))
static_assert(sizeof(struct nfipsec_sa_key) % sizeof(u64) == 0);

/* One more than a key has words. */
static u64 secret[KEY_WORDS + 1] __ro_after_init;

/* Each packet that comes in is looked for: a third of what jhash() takes. */
static inline u32 key_hash(const void *data, u32 len, u32 seed)
{
	return nfipsec_wordhash(secret, data, KEY_WORDS, seed);
}

/* As memcmp() does, but for the order, without a call and a loop. */
static inline int key_differs(struct rhashtable_compare_arg *arg,
			      const void *obj)
{
	const u64 *x = (const u64 *)&((const struct nfipsec_sa *)obj)->key;
	const u64 *y = arg->key;
	unsigned int i;
	u64 diff = 0;

#pragma GCC unroll 8
	for (i = 0; i < sizeof(struct nfipsec_sa_key) / sizeof(u64); i++)
		diff |= get_unaligned(&x[i]) ^ get_unaligned(&y[i]);
	return !!diff;
}

static const struct rhashtable_params by_key_params = {
	.head_offset = offsetof(struct nfipsec_sa, node),
	.key_offset = offsetof(struct nfipsec_sa, key),
	.key_len = sizeof(struct nfipsec_sa_key),
	.hashfn = key_hash,
	.obj_cmpfn = key_differs,
	.automatic_shrinking = true,
};

/*
 * rhashtable's readers take a table that is not const, though they do not
 * write to it.
 */
static struct rhashtable *by_key(const struct nfipsec_net *nn)
{
	return (struct rhashtable *)&nn->sad.by_key;
}

/**
 * nfipsec_sad_seed() - choose how keys are hashed
 *
 * Context: process context, at module load before the first namespace.
 */
void __init nfipsec_sad_seed(void)
{
	get_random_bytes(secret, sizeof(secret));
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

	nfipsec_sad_init_peers(sad);
	sad->count = 0;
	atomic64_set(&sad->any, 0);
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
	nfipsec_sad_exit_peers(&nn->sad);
	nfipsec_expire_exit(nn);
	rhashtable_destroy(&nn->sad.by_key);
}

/**
 * nfipsec_sad_free() - free what held packets may have looked at until now
 * @nn: the namespace, of which nfipsec_sad_exit() and nfipsec_acquire_exit() are done
 *
 * Context: process.
 */
void nfipsec_sad_free(struct nfipsec_net *nn)
{
	kvfree(rcu_dereference_protected(nn->sad.by_reqid, true));
	RCU_INIT_POINTER(nn->sad.by_reqid, NULL);
}

/* Is the answer of one state? */
static __always_inline bool lookup_once(const struct nfipsec_net *nn,
					const struct nfipsec_sa_key *key,
					struct nfipsec_sa **found)
{
	u64 state = nfipsec_net_gen(nn);
	struct nfipsec_sa *sa;

	sa = rhashtable_lookup(by_key(nn), key, by_key_params);
	/* Who takes its place is in the table a little later. */
	if (unlikely(sa && !nfipsec_sa_is_there(sa, state))) {
		/* Pairs with nfipsec_sad_stage_add(). */
		sa = smp_load_acquire(&sa->heir);
	}
	*found = sa;
	if (likely(sa && nfipsec_sa_is_there(sa, state)))
		return true;
	*found = NULL;
	return !nfipsec_net_gen_changed(nn, state);
}

static noinline __cold struct nfipsec_sa *
lookup_held(const struct nfipsec_net *nn, const struct nfipsec_sa_key *key)
{
	struct nfipsec_sa *sa;

	nfipsec_net_gen_hold(nn);
	lookup_once(nn, key, &sa);
	nfipsec_net_gen_release(nn);
	return sa;
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
	struct nfipsec_sa *sa;

	if (likely(lookup_once(nn, key, &sa)))
		return sa;
	return lookup_held(nn, key);
}

/* The two looks may be at two states. */
static struct nfipsec_sa *find_to_group(const struct nfipsec_net *nn,
					struct nfipsec_sa_key *key,
					const union nfipsec_addr *saddr)
{
	struct nfipsec_sa *sa;

	key->saddr = *saddr;
	sa = nfipsec_sad_lookup(nn, key);
	if (sa)
		return sa;
	memset(&key->saddr, 0, sizeof(key->saddr));
	return nfipsec_sad_lookup(nn, key);
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
	u64 state;

	if (!nfipsec_addr_is_group(&key->daddr, key->family))
		return nfipsec_sad_lookup(nn, key);
	state = nfipsec_net_gen(nn);
	sa = find_to_group(nn, key, saddr);
	if (unlikely(nfipsec_net_gen_changed(nn, state))) {
		nfipsec_net_gen_hold(nn);
		sa = find_to_group(nn, key, saddr);
		nfipsec_net_gen_release(nn);
	}
	return sa;
}

/* Packets meet that there is one, or none, with the next generation. */
static void count(struct nfipsec_net *nn, int change)
{
	struct nfipsec_sad *sad = &nn->sad;
	u64 next = atomic64_read(&nn->gen) + 1;
	u64 before = nfipsec_sad_any(nn) ? 2 : 0;

	sad->count += change;
	atomic64_set(&sad->any, next << 2 | before | (sad->count ? 1 : 0));
}

/* As it is, whatever packets meet. */
static struct nfipsec_sa *find_key(struct nfipsec_net *nn,
				   const struct nfipsec_sa_key *key)
{
	return rhashtable_lookup_fast(&nn->sad.by_key, key, by_key_params);
}

/**
 * nfipsec_sad_stage_add() - put an SA into the tables with the next generation
 * @nn: the namespace
 * @sa: as of nfipsec_sad_insert(); then for nfipsec_expire_add(), once packets
 *	can meet it
 *
 * Context: process context under nn->lock.
 * Return: as of nfipsec_sad_insert(); an SA with the key that leaves is none.
 */
int nfipsec_sad_stage_add(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_sad *sad = &nn->sad;
	struct nfipsec_sa *old;
	int err;

	lockdep_assert_held(&nn->lock);
	old = find_key(nn, &sa->key);
	if (old && (!nfipsec_sa_leaves(old) || old->heir))
		return -EEXIST;
	err = nfipsec_sad_make_chains(sad) ?: nfipsec_udpsa_add(nn, sa);
	if (err)
		return err;
	sa->born = atomic64_read(&nn->gen) + 1;
	/* Its life begins now, however long it has waited. */
	sa->core->life.added = ktime_get_boottime_ns();
	sa->add_time = ktime_get_real_seconds();
	if (old) {
		/* Pairs with nfipsec_sad_lookup(). */
		smp_store_release(&old->heir, sa);
	} else {
		err = rhashtable_lookup_insert_fast(&sad->by_key, &sa->node,
						    by_key_params);
	}
	if (err) {
		nfipsec_udpsa_del(nn, sa);
		return err;
	}
	nfipsec_sad_link(sad, sa);
	count(nn, 1);
	return 0;
}

/**
 * nfipsec_sad_unstage_add() - undo nfipsec_sad_stage_add()
 * @nn: the namespace
 * @sa: the caller's again, for nfipsec_sa_free()
 *
 * Context: process context under nn->lock.
 */
void nfipsec_sad_unstage_add(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_sa *old = find_key(nn, &sa->key);

	if (old == sa)
		rhashtable_remove_fast(&nn->sad.by_key, &sa->node,
				       by_key_params);
	else
		WRITE_ONCE(old->heir, NULL);
	nfipsec_sad_unlink(&nn->sad, sa);
	nfipsec_udpsa_del(nn, sa);
	count(nn, -1);
}

/**
 * nfipsec_sad_stage_del() - take an SA out with the next generation
 * @nn: the namespace
 * @sa: in the tables; then for nfipsec_sad_drop()
 *
 * Context: under nn->lock.
 */
void nfipsec_sad_stage_del(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	lockdep_assert_held(&nn->lock);
	atomic64_set(&sa->died, atomic64_read(&nn->gen) + 1);
	nfipsec_udpsa_leave(nn, sa);
	count(nn, -1);
}

/**
 * nfipsec_sad_unstage_del() - undo nfipsec_sad_stage_del()
 * @nn: the namespace
 * @sa: in the tables as before; has no heir
 *
 * Context: under nn->lock, in the same generation.
 */
void nfipsec_sad_unstage_del(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	nfipsec_udpsa_stay(nn, sa);
	atomic64_set(&sa->died, S64_MAX);
	count(nn, 1);
}

/**
 * nfipsec_sad_drop() - free an SA that packets do not meet any more
 * @nn: the namespace
 * @sa: it was staged so, and there is a new generation since
 *
 * Context: process context under nn->lock.
 */
void nfipsec_sad_drop(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	lockdep_assert_held(&nn->lock);
	if (sa->heir)
		rhashtable_replace_fast(&nn->sad.by_key, &sa->node,
					&sa->heir->node, by_key_params);
	else
		rhashtable_remove_fast(&nn->sad.by_key, &sa->node,
				       by_key_params);
	nfipsec_sad_unlink(&nn->sad, sa);
	nfipsec_udpsa_del(nn, sa);
	nfipsec_expire_del(nn, sa);
	nfipsec_sa_free(sa);
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
	int err = nfipsec_sad_stage_add(nn, sa);

	if (err)
		return err;
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
	nfipsec_sad_link(&nn->sad, new);
	nfipsec_sad_unlink(&nn->sad, old);
	nfipsec_expire_del(nn, old);
	nfipsec_net_changed(nn);
	nfipsec_expire_add(nn, new);
	nfipsec_sa_free(old);
	return 0;
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
	nfipsec_sad_relink(&nn->sad, old, new);
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
	nfipsec_sad_stage_del(nn, sa);
	nfipsec_net_changed(nn);
	nfipsec_sad_drop(nn, sa);
}

/**
 * nfipsec_sad_flush() - remove and free all SAs
 * @nn: the namespace
 * @owner: only those of that owner, NULL for all
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_sad_flush(struct nfipsec_net *nn, const char *owner)
{
	struct hlist_node *tmp;
	struct nfipsec_sa *sa;
	unsigned int i;

	lockdep_assert_held(&nn->lock);
	for (i = 0; i < ARRAY_SIZE(nn->sad.by_peer); i++) {
		hlist_for_each_entry_safe(sa, tmp, &nn->sad.by_peer[i].sas,
					  peer_node) {
			if (!owner || !strcmp(sa->owner, owner))
				nfipsec_sad_remove(nn, sa);
			/* There may be a million; the lock is a mutex. */
			cond_resched();
		}
	}
}
