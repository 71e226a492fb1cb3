/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The security policy database of a network namespace (RFC 4301 section
 * 4.4.1): ordered policies, in and out, and the defaults behind them.
 */
#ifndef NFIPSEC_SPD_H
#define NFIPSEC_SPD_H

#include <linux/atomic.h>
#include <linux/rbtree.h>
#include <linux/siphash.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "classify.h"
#include "policy.h"
#include "selector.h"
#include "verdict.h"

struct nfipsec_net;

/* Index of nfipsec_spd's arrays. */
enum {
	NFIPSEC_SPD_IN,
	NFIPSEC_SPD_OUT,
	NFIPSEC_SPD_MAX
};

/**
 * struct nfipsec_spd - the policies
 * @cls: their selector sets, RCU readers; changed under the config lock
 * @places: the policies by priority, then by age, config lock
 * @sets: by hash of their selector sets, config lock
 * @indices: by index, config lock
 * @secret: of that hash
 * @count: policies of each direction, config lock
 * @last_age: last nfipsec_policy.age given out, config lock
 * @last_index: last policy index given out, config lock
 * @ports: policies with a selector that names ports; while it is not zero the
 *	namespace defragments; config lock
 * @marks: inbound policies with a selector that names a mark; while it is not
 *	zero, fragments are put together before they are judged; written under the
 *	config lock, READ_ONCE() readers
 * @links: inbound policies with a selector that names an interface or a VRF; while it
 *	is not zero, fragments that may come in the clear are put together by
 *	themselves; written and read likewise
 * @action: default action, config lock
 * @fallback: the same as packets find it: bit 0 is the action from the state on
 *	that the bits above bit 1 tell, bit 1 that of before
 * @staged: something of the above changes with the next generation, config lock
 * @since: generation from which on packets meet what they meet now, as far as it
 *	is of the above: caches of answers compare it; written under the config lock
 * @active: the direction has policies or a default other than bypass; written
 *	under the config lock, READ_ONCE() readers
 */
struct nfipsec_spd {
	struct nfipsec_classifier cls[NFIPSEC_SPD_MAX];
	struct rb_root places[NFIPSEC_SPD_MAX];
	struct rb_root sets[NFIPSEC_SPD_MAX];
	struct xarray indices;
	siphash_key_t secret;
	u64 last_age;
	u32 count[NFIPSEC_SPD_MAX];
	u32 last_index;
	u32 ports;
	u32 marks;
	u32 links;
	u8 action[NFIPSEC_SPD_MAX];
	atomic64_t fallback[NFIPSEC_SPD_MAX];
	bool staged;
	atomic64_t since;
	bool active[NFIPSEC_SPD_MAX];
};

/**
 * nfipsec_spd_dir() - index of nfipsec_spd's arrays for a direction
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 *
 * Context: any.
 * Return: the index.
 */
static inline unsigned int nfipsec_spd_dir(u8 dir)
{
	return dir == NFIPSEC_DIR_IN ? NFIPSEC_SPD_IN : NFIPSEC_SPD_OUT;
}

/**
 * nfipsec_spd_default() - the default action that a packet meets
 * @spd: of its namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @state: generation that it meets
 *
 * Context: any.
 * Return: NFIPSEC_ACTION_BYPASS or NFIPSEC_ACTION_DISCARD.
 */
static inline u8 nfipsec_spd_default(const struct nfipsec_spd *spd,
				     unsigned int dir, u64 state)
{
	u64 word = atomic64_read(&spd->fallback[dir]);

	return state >= word >> 2 ? word & 1 : word >> 1 & 1;
}

int __must_check nfipsec_spd_init(struct nfipsec_net *nn);
void nfipsec_spd_exit(struct nfipsec_net *nn);
void nfipsec_spd_free(struct nfipsec_net *nn);

/* Reader: under rcu_read_lock(). Does not count a hit. */
void nfipsec_spd_lookup(const struct nfipsec_net *nn, unsigned int dir,
			const struct nfipsec_flow *flow,
			struct nfipsec_verdict *verdict);

/* Writers: under nn->lock. They bump nn->gen. */
int __must_check nfipsec_spd_insert(struct nfipsec_net *nn,
				    struct nfipsec_policy *pol);
int __must_check nfipsec_spd_replace(struct nfipsec_net *nn,
				     struct nfipsec_policy *old,
				     struct nfipsec_policy *new);
void nfipsec_spd_remove(struct nfipsec_net *nn, struct nfipsec_policy *pol);
void nfipsec_spd_flush(struct nfipsec_net *nn, unsigned int dir,
		       const char *owner);
void nfipsec_spd_set_default(struct nfipsec_net *nn, unsigned int dir,
			     u8 action);

/*
 * Parts of a change that becomes visible as a whole, with the next generation,
 * see transaction.c. Under nn->lock, they do not bump nn->gen.
 */
int __must_check nfipsec_spd_stage_add(struct nfipsec_net *nn,
				       struct nfipsec_policy *pol);
void nfipsec_spd_unstage_add(struct nfipsec_net *nn,
			     struct nfipsec_policy *pol);
void nfipsec_spd_stage_del(struct nfipsec_net *nn, struct nfipsec_policy *pol);
void nfipsec_spd_unstage_del(struct nfipsec_net *nn,
			     struct nfipsec_policy *pol);
int __must_check nfipsec_spd_stage_swap(struct nfipsec_net *nn,
					struct nfipsec_policy *old,
					struct nfipsec_policy *new);
void nfipsec_spd_unstage_swap(struct nfipsec_net *nn,
			      struct nfipsec_policy *old,
			      struct nfipsec_policy *new);
void nfipsec_spd_stage_default(struct nfipsec_net *nn, unsigned int dir,
			       u8 action);
void nfipsec_spd_settle(struct nfipsec_net *nn);
void nfipsec_spd_drop(struct nfipsec_net *nn, struct nfipsec_policy *pol,
		      bool deleted);

struct nfipsec_policy *nfipsec_spd_next(const struct nfipsec_net *nn,
					unsigned int dir, u32 priority,
					u64 age);
struct nfipsec_policy *nfipsec_spd_find(const struct nfipsec_net *nn,
					unsigned int dir,
					const struct nfipsec_selector *sel,
					unsigned int sels);
struct nfipsec_policy *nfipsec_spd_find_index(const struct nfipsec_net *nn,
					      u32 index);
u32 nfipsec_spd_new_index(struct nfipsec_net *nn);

#endif
