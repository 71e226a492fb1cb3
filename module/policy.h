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
 * nfipsec_chain_flags() - how the SA is used that the packet is put into first
 * @chain: of one SA at least
 *
 * IPComp is no protection: it and the SA around it are one, and what either of them
 * says is said of both. A packet that was not compressed has not met it.
 * Context: any.
 * Return: bits of enum nfipsec_sa_flag.
 */
static inline u32 nfipsec_chain_flags(const struct nfipsec_chain *chain)
{
	u32 flags = chain->sa[0]->flags;

	if (unlikely(chain->sa[0]->key.proto == IPPROTO_COMP) && chain->len > 1)
		flags |= chain->sa[1]->flags;
	return flags;
}

/**
 * struct nfipsec_tmpl - an SA that a protect policy asks for
 * @family: of @saddr and @daddr; 0 if they are those of the packet, as it comes
 *	out of the SAs further in
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: enum nfipsec_mode
 * @algos: length of @algo, 0 is any
 * @reqid: 0 is any
 * @spi: network byte order, 0 is any
 * @demand: what else the SA must be like
 * @saddr: outer source; all zero in transport mode means the packet's
 * @daddr: outer destination; all zero in transport mode means the packet's
 * @algo: algorithms that the SA may have, the preferred one first; key management
 *	minds the order
 *
 * Most templates name no algorithm: what packets look at is in front of them.
 */
struct nfipsec_tmpl {
	u8 family;
	u8 proto;
	u8 mode;
	u8 algos;
	u32 reqid;
	__be32 spi;
	struct nfipsec_demand demand;
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	const struct nfipsec_algo *algo[NFIPSEC_TMPL_ALGOS];
};

/**
 * struct nfipsec_policy_config - a policy as user space describes it
 * @owner: who asks for it
 * @names: for people and key management, one behind the other, each with its
 *	NUL; or NULL
 * @sel: which packets: selector sets, no two equal, in no order that means
 *	something
 * @tmpl: the innermost one first; NULL if there are none
 * @priority: a lower number is looked at first
 * @sels: how many of @sel, 1 to NFIPSEC_SETS_MAX
 * @tmpls: how many of @tmpl, 1 to NFIPSEC_TMPL_MAX with NFIPSEC_ACTION_PROTECT,
 *	else 0
 * @action: enum nfipsec_action
 * @pfp: fields that the SA of the first template has one value for, that of the
 *	packet: enum nfipsec_pfp_flag
 * @flags: bits of enum nfipsec_policy_flag
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @names_size: of @names, in bytes
 *
 * All from @sels on is for packets, see struct nfipsec_policy.
 */
struct nfipsec_policy_config {
	char owner[NFIPSEC_OWNER_SIZE];
	const char *names;
	const struct nfipsec_selector *sel;
	const struct nfipsec_tmpl *tmpl;
	u32 priority;
	/* Where a line of struct nfipsec_policy begins. */
	u8 sels __aligned(8);
	u8 tmpls;
	u8 action;
	u8 pfp;
	u8 flags;
	u8 dir;
	u16 names_size;
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
	spinlock_t lock;	/* see above */
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
 * @rcu: frees it; nobody follows @same by then
 * @hash: of its selector sets, constant once it is there
 * @age: its place among those of its priority, constant once it is there
 * @cpus: NULL unless @cfg has NFIPSEC_POLICY_FLAG_CPU_ACQUIRE, constant
 * @index: unique in the namespace, never 0, constant
 * @cfg: what it says, constant: an update replaces the policy
 * @hits: packets that met it, per CPU
 * @rule: one for each of its selector sets
 *
 * In the same memory, behind @rule, are as many caches as it has templates, see
 * nfipsec_policy_caches(); the templates; then selector sets, their lists, and
 * names.
 *
 * There may be a million of them, in no cache of the processor: what packets
 * look at is together. Where a pointer has 8 bytes, the first two lines of 64
 * are for those that configure, ask for an SA, or have one for each CPU. The
 * third is for all packets: it has what @cfg has from its sels on, @hits, and all
 * that they need of the first rule. The fourth has, with one selector set, the
 * first cache and the front of the first template: of its lines an outbound
 * packet needs no more than that, if there is an SA for it. An inbound one needs
 * the fifth, with the addresses of that template. The selector set is behind:
 * only packets need it that the classifier is not sure of, and fragments.
 */
struct nfipsec_policy {
	struct rb_node place;
	union {
		struct rb_node same;
		struct rcu_head rcu;
	};
	u64 hash;
	u64 age;
	struct nfipsec_policy_cpu __percpu *cpus;
	u32 index;
	struct nfipsec_policy_config cfg;
	u64 __percpu *hits;
	struct nfipsec_rule rule[];
};

/**
 * nfipsec_policy_caches() - what the templates of a policy last resolved to
 * @pol: the policy
 *
 * Context: any.
 * Return: one for each template, as long as @pol is there. They change, also if it
 * is const.
 */
static inline struct nfipsec_policy_cache *
nfipsec_policy_caches(const struct nfipsec_policy *pol)
{
	return (struct nfipsec_policy_cache *)&pol->rule[pol->cfg.sels];
}

/**
 * nfipsec_policy_tmpls() - the templates of a policy, for packets
 * @pol: the policy
 *
 * Its cfg.tmpl, but that pointer is where packets have nothing else to look at.
 *
 * Context: any.
 * Return: the templates; nothing that may be read if there are none.
 */
static inline const struct nfipsec_tmpl *
nfipsec_policy_tmpls(const struct nfipsec_policy *pol)
{
	return (void *)(nfipsec_policy_caches(pol) + pol->cfg.tmpls);
}

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
 * Of the lines of a policy with one selector set, and of its first template, this
 * is what the classifier has not looked at with the rule. See struct
 * nfipsec_policy.
 *
 * Context: any.
 */
static inline void nfipsec_policy_prefetch(const struct nfipsec_policy *pol)
{
	if (!pol->cfg.tmpls)
		return;
	prefetch(nfipsec_policy_caches(pol));
	prefetch(&nfipsec_policy_tmpls(pol)->daddr);
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
	const struct nfipsec_sa *sa;

	if (!pol->cfg.tmpls)
		return;
	sa = READ_ONCE(nfipsec_policy_caches(pol)->sa);
	if (IS_ERR_OR_NULL(sa))
		return;
	prefetch(sa);
	prefetch(&sa->crypto);
	prefetch(&sa->saddr);
	prefetch(&sa->algorithms);
}

int __must_check nfipsec_policy_init(void);
void nfipsec_policy_exit(void);

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
