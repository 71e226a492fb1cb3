/* SPDX-License-Identifier: GPL-2.0-only */
/* SAs that are only asked for: no packet waits for them. */
#ifndef NFIPSEC_ACQUIRE_WISH_H
#define NFIPSEC_ACQUIRE_WISH_H

#include <linux/types.h>

#include "policy.h"

struct nfipsec_acquire_entry;
struct nfipsec_acquires;
struct nfipsec_net;

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

void nfipsec_acquire_wish(struct nfipsec_net *nn,
			  const struct nfipsec_policy *pol,
			  const struct nfipsec_flow *flow, s64 gen);
bool nfipsec_acquire_granted(struct nfipsec_acquires *a,
			     struct nfipsec_acquire_entry *e, s64 gen);

#endif
