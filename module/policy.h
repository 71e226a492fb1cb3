/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy (an entry of the SPD): object, templates, and the SAs they resolve
 * to.
 */
#ifndef NFIPSEC_POLICY_H
#define NFIPSEC_POLICY_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/prefetch.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

#include "classify.h"
#include "sad.h"
#include "selector.h"

struct nfipsec_net;

/* SAs that one packet may be put through, one into another. */
#define NFIPSEC_TMPL_MAX	4

/* Selector sets of a policy, and its names. */
#define NFIPSEC_SETS_MAX	16
#define NFIPSEC_NAMES_MAX	8

/* Algorithms that a template may name. */
#define NFIPSEC_TMPL_ALGOS	8

/**
 * struct nfipsec_chain - the SAs of a packet
 * @sa: the innermost one first: what is sealed first and opened last
 * @len: how many, 0 to NFIPSEC_TMPL_MAX
 *
 * Valid until rcu_read_unlock().
 */
struct nfipsec_chain {
	struct nfipsec_sa *sa[NFIPSEC_TMPL_MAX];
	unsigned int len;
};

/**
 * struct nfipsec_tmpl - an SA that a protect policy asks for
 * @saddr: outer source; all zero in transport mode means the packet's
 * @daddr: outer destination; all zero in transport mode means the packet's
 * @family: of both; 0 if they are those of the packet, as it comes out of the
 *	SAs further in
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: enum nfipsec_mode
 * @reqid: 0 is any
 * @spi: network byte order, 0 is any
 * @algos: length of @algo, 0 is any
 * @algo: algorithms that the SA may have, the preferred one first; key management
 *	minds the order
 * @demand: what else the SA must be like
 */
struct nfipsec_tmpl {
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	u8 family;
	u8 proto;
	u8 mode;
	u32 reqid;
	__be32 spi;
	u8 algos;
	const struct nfipsec_algo *algo[NFIPSEC_TMPL_ALGOS];
	struct nfipsec_demand demand;
};

/**
 * struct nfipsec_policy_config - a policy as user space describes it
 * @sel: which packets: selector sets, no two equal, in no order that means
 *	something
 * @sels: how many, 1 to NFIPSEC_SETS_MAX
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @action: enum nfipsec_action
 * @priority: a lower number is looked at first
 * @tmpl: used with NFIPSEC_ACTION_PROTECT, the innermost one first
 * @tmpls: how many, 1 to NFIPSEC_TMPL_MAX with NFIPSEC_ACTION_PROTECT, else 0
 * @pfp: fields that the SA of the first template has one value for, that of the
 *	packet: enum nfipsec_pfp_flag
 * @flags: bits of enum nfipsec_policy_flag
 * @names: for people and key management, one behind the other, each with its
 *	NUL; or NULL
 * @names_size: of @names, in bytes
 * @owner: who asks for it
 */
struct nfipsec_policy_config {
	const struct nfipsec_selector *sel;
	u8 sels;
	u8 dir;
	u8 action;
	u32 priority;
	struct nfipsec_tmpl tmpl[NFIPSEC_TMPL_MAX];
	u8 tmpls;
	u8 pfp;
	u8 flags;
	u16 names_size;
	const char *names;
	char owner[NFIPSEC_OWNER_SIZE];
};

/**
 * struct nfipsec_policy_cache - what a template last resolved to
 * @lock: serialises refills of the two below
 * @sa: newest SA that the template resolved to, or NULL, when the generation
 *	was @gen; only used if that is still the generation of the namespace.
 *	ERR_PTR(-EAGAIN) if it depends on the packet
 * @gen: stored after @sa with release order
 */
struct nfipsec_policy_cache {
	spinlock_t lock;
	struct nfipsec_sa *sa;
	atomic64_t gen;
};

/* Classes of packets that it is remembered for whether an SA was asked for. */
#define NFIPSEC_ASKED		4

/**
 * struct nfipsec_asked - when it was last seen to a class of packets
 * @when: seconds since boot
 * @hash: of the class
 */
struct nfipsec_asked {
	time64_t when;
	u32 hash;
};

/**
 * struct nfipsec_policy_cpu - what a policy knows that wants SAs of each CPU
 * @asked: by hash of the class, the CPU's own, bottom halves off
 * @cache: for each template, for packets on this CPU
 */
struct nfipsec_policy_cpu {
	struct nfipsec_asked asked[NFIPSEC_ASKED];
	struct nfipsec_policy_cache cache[NFIPSEC_TMPL_MAX];
};

/**
 * struct nfipsec_policy - an entry of the SPD (RFC 4301 section 4.4.1)
 * @place: in nfipsec_spd.places, config lock
 * @same: in nfipsec_spd.sets, config lock
 * @hash: of its selector sets, constant once it is there
 * @age: its place among those of its priority, constant once it is there
 * @index: unique in the namespace, never 0, constant
 * @cfg: what it says, constant: an update replaces the policy
 * @rule: one for each of its selector sets
 * @hits: packets that met it, per CPU
 * @cache: for each template
 * @cpus: NULL unless @cfg has NFIPSEC_POLICY_FLAG_CPU_ACQUIRE, constant
 * @rcu: frees it
 */
struct nfipsec_policy {
	struct rb_node place;
	struct rb_node same;
	u64 hash;
	u64 age;
	u32 index;
	struct nfipsec_policy_config cfg;
	struct nfipsec_rule *rule;
	u64 __percpu *hits;
	struct nfipsec_policy_cache cache[NFIPSEC_TMPL_MAX];
	struct nfipsec_policy_cpu __percpu *cpus;
	struct rcu_head rcu;
};

/**
 * nfipsec_policy_leaves() - does a policy go with the next generation?
 * @pol: in the SPD
 *
 * Context: under nn->lock.
 * Return: whether it does; false outside of a transaction.
 */
static inline bool nfipsec_policy_leaves(const struct nfipsec_policy *pol)
{
	return atomic64_read(&pol->rule[0].died) != S64_MAX;
}

/**
 * nfipsec_policy_prefetch() - ask for what a packet will need of a policy
 * @pol: that it meets
 *
 * It is spread over it, and in no cache if there are many: so that it is waited
 * for at once.
 *
 * Context: any.
 */
static inline void nfipsec_policy_prefetch(const struct nfipsec_policy *pol)
{
	prefetch(&pol->hits);
	prefetch(&pol->cfg.tmpls);
	prefetch(&pol->cfg.tmpl[0].reqid);
	prefetch(&pol->cfg.tmpl[0].demand);
}

/**
 * nfipsec_policy_prefetch_sa() - ask for the SA that a packet may be sent through
 * @pol: that it meets, outbound
 *
 * The one that the policy knows. If that is gone, or no SA at all, nothing comes of
 * it: who only asks for memory need not know that it is there.
 *
 * Context: any.
 */
static inline void nfipsec_policy_prefetch_sa(const struct nfipsec_policy *pol)
{
	const struct nfipsec_sa *sa = READ_ONCE(pol->cache[0].sa);

	if (IS_ERR_OR_NULL(sa))
		return;
	prefetch(sa);
	prefetch(&sa->crypto);
	prefetch(&sa->saddr);
	prefetch(&sa->algorithms);
}

struct nfipsec_policy *nfipsec_policy_create(const struct nfipsec_policy_config *cfg,
					     u32 index);
void nfipsec_policy_free(struct nfipsec_policy *pol);
u64 nfipsec_policy_hits(const struct nfipsec_policy *pol);

/* Both under rcu_read_lock(), bottom halves off or on. */
bool nfipsec_policy_chain(const struct nfipsec_net *nn,
			  struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow, u32 cpu,
			  struct nfipsec_chain *chain);
bool nfipsec_policy_accepts(const struct nfipsec_policy *pol,
			    const struct nfipsec_chain *chain,
			    const struct nfipsec_flow *flow,
			    unsigned int *outer);

#endif
