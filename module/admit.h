/* SPDX-License-Identifier: GPL-2.0-only */
/* May what came out of SAs come in (RFC 4301 section 5.2, step 4, and 6.2)? */
#ifndef NFIPSEC_ADMIT_H
#define NFIPSEC_ADMIT_H

#include "flow.h"
#include "policy.h"
#include "reason.h"

struct nfipsec_l3;
struct nfipsec_net;
struct nfipsec_policy;
struct sk_buff;

/**
 * struct nfipsec_opened - how a packet came in
 * @chain: SAs it came out of
 * @bytes: what each of them carried
 * @whole: bit N: what came out of the N outermost of them is a packet of its own
 * @between: at N - 1 that packet, where bit N of @whole is set
 * @received: bit N: policy lets that packet in; bit 0 is that it came in at all: see
 *	nfipsec_admit()
 * @met: the policy that said whether the packet may come in, or NULL: see
 *	nfipsec_admit()
 */
struct nfipsec_opened {
	struct nfipsec_chain chain;
	unsigned int bytes[NFIPSEC_TMPL_MAX];
	unsigned int whole;
	struct nfipsec_flow between[NFIPSEC_TMPL_MAX - 1];
	unsigned int received;
	const struct nfipsec_policy *met;
};

enum nfipsec_reason __must_check
nfipsec_admit_selector(const struct nfipsec_sa *sa,
		       const struct nfipsec_flow *flow);
enum nfipsec_reason __must_check
nfipsec_admit(const struct nfipsec_net *nn, struct nfipsec_opened *in,
	      const struct sk_buff *skb, const struct nfipsec_l3 *l3,
	      const struct nfipsec_flow *flow);

#endif
