/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFIPSEC_VERDICT_H
#define NFIPSEC_VERDICT_H

#include <linux/types.h>

struct nfipsec_policy;

/**
 * struct nfipsec_verdict - answer of nfipsec_spd_lookup()
 * @action: enum nfipsec_action; unused if @opaque
 * @opaque: the flow is a fragment and the answer depends on its ports
 * @hidden: it matched by a selector for what cannot be seen
 * @policy: the policy that matched, NULL for the default action
 */
struct nfipsec_verdict {
	u8 action;
	bool opaque;
	bool hidden;
	struct nfipsec_policy *policy;
};

#endif
