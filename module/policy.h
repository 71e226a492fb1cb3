/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy (an entry of the SPD): object, template, and the SA it resolves to.
 */
#ifndef NFIPSEC_POLICY_H
#define NFIPSEC_POLICY_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

#include "sad.h"
#include "selector.h"

struct nfipsec_net;

/**
 * struct nfipsec_tmpl - the SA that a protect policy asks for
 * @saddr: outer source; all zero in transport mode means the packet's
 * @daddr: outer destination; all zero in transport mode means the packet's
 * @family: of both; 0 if they are the packet's
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @mode: enum nfipsec_mode
 * @reqid: 0 is any
 * @spi: network byte order, 0 is any
 */
struct nfipsec_tmpl {
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	u8 family;
	u8 proto;
	u8 mode;
	u32 reqid;
	__be32 spi;
};

/**
 * struct nfipsec_policy_config - a policy as user space describes it
 * @selector: which packets
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @action: enum nfipsec_action
 * @priority: a lower number is looked at first
 * @tmpl: used with NFIPSEC_ACTION_PROTECT
 */
struct nfipsec_policy_config {
	struct nfipsec_selector selector;
	u8 dir;
	u8 action;
	u32 priority;
	struct nfipsec_tmpl tmpl;
};

/**
 * struct nfipsec_policy - an entry of the SPD (RFC 4301 section 4.4.1)
 * @node: in nfipsec_spd.list[], config lock, RCU readers
 * @index: unique in the namespace, never 0, constant
 * @cfg: what it says, constant: an update replaces the policy
 * @hits: packets that met it, per CPU
 * @cache_lock: serialises refills of the two below
 * @cache_sa: newest SA that the template resolved to, or NULL, when the
 *	generation was @cache_gen; only used if that is still the generation
 *	of the namespace
 * @cache_gen: stored after @cache_sa with release order
 * @rcu: frees it
 */
struct nfipsec_policy {
	struct list_head node;
	u32 index;
	struct nfipsec_policy_config cfg;
	u64 __percpu *hits;
	spinlock_t cache_lock;
	struct nfipsec_sa *cache_sa;
	atomic64_t cache_gen;
	struct rcu_head rcu;
};

struct nfipsec_policy *nfipsec_policy_create(const struct nfipsec_policy_config *cfg,
					     u32 index);
void nfipsec_policy_free(struct nfipsec_policy *pol);
u64 nfipsec_policy_hits(const struct nfipsec_policy *pol);

/* Both under rcu_read_lock(), bottom halves off or on. */
struct nfipsec_sa *nfipsec_policy_sa(const struct nfipsec_net *nn,
				     struct nfipsec_policy *pol,
				     const struct nfipsec_flow *flow);
bool nfipsec_policy_accepts(const struct nfipsec_policy *pol,
			    const struct nfipsec_sa *sa,
			    const struct nfipsec_flow *flow);

#endif
