/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies as those find them that configure: by their place in the order, by
 * index, by selector sets. Packets go another way, see classify.c.
 */
#ifndef NFIPSEC_SPD_INDEX_H
#define NFIPSEC_SPD_INDEX_H

#include "policy.h"
#include "spd.h"

/* All under nn->lock. */
void nfipsec_spd_index_init(struct nfipsec_spd *spd);
void nfipsec_spd_index_exit(struct nfipsec_spd *spd);
int __must_check nfipsec_spd_index_add(struct nfipsec_spd *spd,
				       struct nfipsec_policy *pol);
void nfipsec_spd_index_replace(struct nfipsec_spd *spd,
			       struct nfipsec_policy *old,
			       struct nfipsec_policy *new);
void nfipsec_spd_index_hide(struct nfipsec_spd *spd,
			    struct nfipsec_policy *pol);
void nfipsec_spd_index_show(struct nfipsec_spd *spd,
			    struct nfipsec_policy *pol);
void nfipsec_spd_index_forget(struct nfipsec_spd *spd,
			      const struct nfipsec_policy *pol);
void nfipsec_spd_index_del(struct nfipsec_spd *spd,
			   struct nfipsec_policy *pol);

#endif
