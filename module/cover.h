/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges as prefixes, for tables that know prefixes only. Pure logic.
 */
#ifndef NFIPSEC_COVER_H
#define NFIPSEC_COVER_H

#include <linux/types.h>

#include "selector.h"

/**
 * struct nfipsec_prefix - a prefix
 * @addr: its lowest address
 * @plen: how many bits of it count
 */
struct nfipsec_prefix {
	union nfipsec_addr addr;
	u8 plen;
};

unsigned int nfipsec_cover_range(const union nfipsec_addr range[2], u8 family,
				 struct nfipsec_prefix *list, unsigned int max);
void nfipsec_cover_hull(const union nfipsec_addr range[2], u8 family,
			struct nfipsec_prefix *prefix);

#endif
