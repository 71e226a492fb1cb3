/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The security association database of a network namespace: SAs by key, and
 * by peer for outbound template look-up. Touches no skb.
 */
#ifndef NFIPSEC_SAD_H
#define NFIPSEC_SAD_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>

#include "demand.h"
#include "expire.h"
#include "sa.h"

struct nfipsec_net;
struct netlink_ext_ack;

#define NFIPSEC_SAD_PEER_BITS	8

/**
 * struct nfipsec_sad_peers - the SAs to some peers
 * @sas: by nfipsec_sa.peer_node, newest first; config lock, RCU readers
 * @classed: of these, how many name DSCP values; written under the config lock
 * @pinned: and how many send for one CPU; likewise
 * @comp: and how many nfipsec_sad_find_plain() may find; likewise
 */
struct nfipsec_sad_peers {
	struct hlist_head sas;
	u32 classed;
	u32 pinned;
	u32 comp;
};

/**
 * struct nfipsec_sad_ties - the SAs with a reqid; of those that receive IPComp in
 *	tunnel mode also those without one
 * @mask: chains less one, of which there are a power of two; constant
 * @chain: by hash of family, daddr and reqid, newest first; config lock, RCU
 *	readers
 */
struct nfipsec_sad_ties {
	u32 mask;
	struct hlist_head chain[];
};

/**
 * struct nfipsec_sad - the tables
 * @by_key: all SAs; written under the config lock, read under RCU
 * @by_peer: the same SAs by hash of family and daddr
 * @by_reqid: those that struct nfipsec_sad_ties is about; NULL until there is a first
 *	SA, with a reqid or without. Config lock, RCU readers
 * @newest: nfipsec_life.added of the SA that was put in last, config lock
 * @dummies: SAs that send dummy packets, but for those that dummy.c has in a list of
 *	its own while it serves them; config lock
 * @count: number of SAs, config lock
 * @any: whether there are any, as packets meet it: bit 0 from the generation on
 *	that the bits above bit 1 tell, bit 1 before it
 * @expiry: removes SAs whose time is over
 */
struct nfipsec_sad {
	struct rhashtable by_key;
	struct nfipsec_sad_peers by_peer[1 << NFIPSEC_SAD_PEER_BITS];
	struct nfipsec_sad_ties __rcu *by_reqid;
	u64 newest;
	struct list_head dummies;
	u32 count;
	atomic64_t any;
	struct nfipsec_expiry expiry;
};

/**
 * nfipsec_sad_peers() - the chain of a peer
 * @sad: the tables
 * @peer: nfipsec_sad_peer_hash()
 *
 * Context: any.
 * Return: the chain.
 */
static inline struct nfipsec_sad_peers *
nfipsec_sad_peers(struct nfipsec_sad *sad, u32 peer)
{
	return &sad->by_peer[peer & (BIT(NFIPSEC_SAD_PEER_BITS) - 1)];
}

/**
 * nfipsec_sad_receives_comp() - is it one that nfipsec_sad_find_plain() may find?
 * @sa: SA
 *
 * Context: any.
 * Return: true if it is.
 */
static inline bool nfipsec_sad_receives_comp(const struct nfipsec_sa *sa)
{
	return sa->key.proto == IPPROTO_COMP &&
	       sa->mode == NFIPSEC_MODE_TUNNEL && sa->dir != NFIPSEC_DIR_OUT;
}

/**
 * struct nfipsec_sa_want - what a template asks of an SA
 * @saddr: outer source address
 * @daddr: outer destination address
 * @packet: addresses are the packet's own: those of any source fit too
 * @family: of both
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: enum nfipsec_mode
 * @reqid: 0 is any
 * @spi: network byte order, 0 is any
 * @cpu: on which the packet is, NFIPSEC_CPU_ANY if that is left open; only looked
 *	at by nfipsec_sad_find_out(), as @pfp is
 * @pfp: fields that its selector must have one value for, enum
 *	nfipsec_pfp_flag; only looked at by nfipsec_sad_find_out()
 * @algos: length of @algo, 0 is any
 * @algo: algorithms that it may have
 * @demand: what else it must be like
 */
struct nfipsec_sa_want {
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	bool packet;
	u8 family;
	u8 proto;
	u8 mode;
	u32 reqid;
	__be32 spi;
	u32 cpu;
	u8 pfp;
	u8 algos;
	const struct nfipsec_algo *const *algo;
	struct nfipsec_demand demand;
};

void nfipsec_sad_seed(void);
int nfipsec_sad_init(struct nfipsec_net *nn);
void nfipsec_sad_exit(struct nfipsec_net *nn);
void nfipsec_sad_free(struct nfipsec_net *nn);

/* Readers: under rcu_read_lock(), the result is valid until it ends. */
struct nfipsec_sa *nfipsec_sad_lookup(const struct nfipsec_net *nn,
				      const struct nfipsec_sa_key *key);
u32 nfipsec_sad_peer_hash(u8 family, const union nfipsec_addr *daddr);
const struct hlist_head *
nfipsec_sad_reqid_chain(const struct nfipsec_sad_ties *ties, u32 peer,
			u32 reqid);
struct nfipsec_sa *nfipsec_sad_find_sent(const struct nfipsec_net *nn,
					 struct nfipsec_sa_key *key,
					 const union nfipsec_addr *saddr);
struct nfipsec_sa *nfipsec_sad_find_out(const struct nfipsec_net *nn,
					const struct nfipsec_sa_want *want,
					const struct nfipsec_flow *flow);
struct nfipsec_sa *nfipsec_sad_find_plain(const struct nfipsec_net *nn,
					  const struct nfipsec_flow *flow,
					  u32 reqid);
bool nfipsec_sa_joins(const struct nfipsec_sa *sa,
		      const struct nfipsec_flow *flow);
bool nfipsec_sa_fits(const struct nfipsec_sa *sa,
		     const struct nfipsec_sa_want *want);
bool nfipsec_sa_admits(const struct nfipsec_sa *sa,
		       const struct nfipsec_flow *flow);

/* Writers: under nn->lock. They bump nn->gen. */
int nfipsec_sad_insert(struct nfipsec_net *nn, struct nfipsec_sa *sa);
int nfipsec_sad_replace(struct nfipsec_net *nn, struct nfipsec_sa *old,
			struct nfipsec_sa *new);
int nfipsec_sad_move(struct nfipsec_net *nn, struct nfipsec_sa *old,
		     struct nfipsec_sa *new);
void nfipsec_sad_remove(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_sad_flush(struct nfipsec_net *nn, const char *owner);
void nfipsec_sad_set_reqid(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			   u32 reqid);

/* What they have of sad_peer.c, */
void nfipsec_sad_init_peers(struct nfipsec_sad *sad);
void nfipsec_sad_exit_peers(const struct nfipsec_sad *sad);
void nfipsec_sad_link(struct nfipsec_sad *sad, struct nfipsec_sa *sa);
void nfipsec_sad_unlink(struct nfipsec_sad *sad, struct nfipsec_sa *sa);
void nfipsec_sad_relink(struct nfipsec_sad *sad, struct nfipsec_sa *old,
			struct nfipsec_sa *new);

/* and what that has of sad_reqid.c. */
int __must_check nfipsec_sad_make_chains(struct nfipsec_sad *sad);
void nfipsec_sad_tie(struct nfipsec_sad *sad, struct nfipsec_sa *sa);
void nfipsec_sad_untie(struct nfipsec_sa *sa);
void nfipsec_sad_retie(struct nfipsec_sad *sad, struct nfipsec_sa *old,
		       struct nfipsec_sa *new);
bool nfipsec_sad_is_younger(const struct nfipsec_sa *sa,
			    const struct nfipsec_sa *than);
void nfipsec_sad_link_behind(struct hlist_head *chain, struct hlist_node *node,
			     struct hlist_node *younger);

/*
 * Parts of a change that becomes visible as a whole, with the next generation,
 * see transaction.c. Under nn->lock, they do not bump nn->gen.
 */
int nfipsec_sad_stage_add(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_sad_unstage_add(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_sad_stage_del(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_sad_unstage_del(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_sad_drop(struct nfipsec_net *nn, struct nfipsec_sa *sa);

int nfipsec_sad_alloc_spi(struct nfipsec_net *nn,
			  struct nfipsec_sa_config *cfg, u32 min, u32 max);

#endif
