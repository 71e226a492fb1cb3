/* SPDX-License-Identifier: GPL-2.0-only */
/* What policies need of packets before they can be judged by them. */
#ifndef NFIPSEC_SPD_NEEDS_H
#define NFIPSEC_SPD_NEEDS_H

#include <linux/compiler_attributes.h>

struct nfipsec_net;
struct nfipsec_policy;

int __must_check nfipsec_spd_needs_get(struct nfipsec_net *nn,
				       const struct nfipsec_policy *pol);
void nfipsec_spd_needs_put(struct nfipsec_net *nn,
			   const struct nfipsec_policy *pol);

#endif
