/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that wait for an SA, and who is asked for one. */
#ifndef NFIPSEC_ACQUIRE_H
#define NFIPSEC_ACQUIRE_H

#include <linux/types.h>

#include "policy.h"
#include "reason.h"
#include "selector.h"

struct nfipsec_net;
struct sk_buff;

/* Seconds for which packets wait, until somebody sets another number. */
#define NFIPSEC_ACQUIRE_TIMEOUT	10

/**
 * struct nfipsec_acquire - what user space is told of a missing SA
 * @id: grows, never 0
 * @policy: index of the policy
 * @priority: of the policy
 * @flow: the first packet
 * @cpu: for which CPU, NFIPSEC_CPU_ANY for all
 * @tmpl: those of the policy, addresses filled in
 * @tmpls: how many
 * @packets: that wait now
 */
struct nfipsec_acquire {
	u32 id;
	u32 policy;
	u32 priority;
	struct nfipsec_flow flow;
	u32 cpu;
	struct nfipsec_tmpl tmpl[NFIPSEC_TMPL_MAX];
	u8 tmpls;
	u32 packets;
};

bool nfipsec_acquire_are_of_cpu(const struct nfipsec_chain *chain, u32 cpu);

/**
 * nfipsec_acquire_wishes() - does policy want other SAs for a packet than it has?
 * @pol: the policy
 * @chain: the SAs it has
 * @cpu: it is on
 *
 * Context: under rcu_read_lock().
 * Return: true if it has SAs for all CPUs among them, and wants its CPU's own.
 */
static inline bool nfipsec_acquire_wishes(const struct nfipsec_policy *pol,
					  const struct nfipsec_chain *chain,
					  u32 cpu)
{
	return pol->cfg.flags & NFIPSEC_POLICY_FLAG_CPU_ACQUIRE &&
	       !nfipsec_acquire_are_of_cpu(chain, cpu);
}

int nfipsec_acquire_init(struct nfipsec_net *nn);
void nfipsec_acquire_exit(struct nfipsec_net *nn);

enum nfipsec_reason nfipsec_acquire_hold(struct nfipsec_net *nn,
					 const struct nfipsec_policy *pol,
					 const struct nfipsec_flow *flow,
					 struct sk_buff *skb, s64 gen);
void nfipsec_acquire_wish(struct nfipsec_net *nn,
			  const struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow, s64 gen);
bool nfipsec_acquire_next(const struct nfipsec_net *nn, u32 after,
			  struct nfipsec_acquire *info);

#endif
