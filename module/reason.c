// SPDX-License-Identifier: GPL-2.0-only
/* The table behind reason.h. */
#include <linux/skbuff.h>

#include "reason.h"

const struct nfipsec_reason_info nfipsec_reasons[NFIPSEC_REASON_MAX] = {
#define D(id, str, why, sentence)			\
	[NFIPSEC_##id] = {				\
		.name = str,				\
		.doc = sentence,			\
		.core = SKB_DROP_REASON_##why,		\
		.drop = true,				\
	},
#define C(id, str, sentence)				\
	[NFIPSEC_##id] = {				\
		.name = str,				\
		.doc = sentence,			\
	},
	NFIPSEC_REASONS(D, C)
#undef D
#undef C
};
