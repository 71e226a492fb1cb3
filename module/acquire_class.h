/* SPDX-License-Identifier: GPL-2.0-only */
/* Which packets wait for one and the same SA, and what is told of it. */
#ifndef NFIPSEC_ACQUIRE_CLASS_H
#define NFIPSEC_ACQUIRE_CLASS_H

#include "acquire.h"

/**
 * struct nfipsec_acquire_class - what packets that one SA is wanted for have in
 *	common
 * @flow: what tells them from others of the policy, the rest zero
 * @set: which of the policy's selector sets they match: an SA that key management
 *	gets need not be for all of them
 * @cpu: they are on, NFIPSEC_CPU_ANY if the SA is wanted for all
 *
 * Compared and hashed as bytes.
 */
struct nfipsec_acquire_class {
	struct nfipsec_flow flow;
	u32 set;
	u32 cpu;
};

void nfipsec_acquire_classify(struct nfipsec_acquire_class *class,
			      const struct nfipsec_policy *pol,
			      const struct nfipsec_flow *flow, u32 cpu);
void nfipsec_acquire_describe(struct nfipsec_acquire *info,
			      const struct nfipsec_policy *pol,
			      const struct nfipsec_flow *flow, u32 cpu);
bool nfipsec_acquire_seen_to(const struct nfipsec_policy *pol,
			     const struct nfipsec_acquire_class *class);

#endif
