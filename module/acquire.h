/* SPDX-License-Identifier: GPL-2.0-only */
/* SAs that are wanted, and who is asked for them. */
#ifndef NFIPSEC_ACQUIRE_H
#define NFIPSEC_ACQUIRE_H

#include <linux/types.h>

#include "policy.h"
#include "selector.h"

struct nfipsec_net;

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

int nfipsec_acquire_init(struct nfipsec_net *nn);
void nfipsec_acquire_exit(struct nfipsec_net *nn);
bool nfipsec_acquire_next(const struct nfipsec_net *nn, u32 after,
			  struct nfipsec_acquire *info);

#endif
