/* SPDX-License-Identifier: GPL-2.0 */
/* What nfipsec_net_changed() does to a classifier. */
#ifndef NFIPSEC_UNIT_NEXT_STATE_H
#define NFIPSEC_UNIT_NEXT_STATE_H

#include "classify.h"

static inline void next_state(struct nfipsec_classifier *cls)
{
	atomic64_set_release(cls->state, atomic64_read(cls->state) + 1);
}

#endif
