/* SPDX-License-Identifier: GPL-2.0 */
/* The fields of a selector, for those who read words into them and print them. */
#ifndef NFIPSEC_SELECTOR_FIELD_H
#define NFIPSEC_SELECTOR_FIELD_H

#include "selector.h"

#define HAS(sel, attr)	has_get(sel, NFIPSEC_A_SELECTOR_##attr)

/**
 * struct block_refs - where an address block is
 * @lo: lowest address
 * @plen: prefix length
 * @hi: highest address
 * @has: the structure that has them
 * @attr: attribute of @lo; those of @plen and @hi follow on the wire
 */
struct block_refs {
	struct nfipsec_addr *lo;
	uint8_t *plen;
	struct nfipsec_addr *hi;
	void *has;
	unsigned int attr;
};

/* The first block of a side. */
static inline struct block_refs block_first(struct nfipsec_selector *sel,
					    bool dst)
{
	if (dst)
		return (struct block_refs){ &sel->dst, &sel->dst_plen,
			&sel->dst_end, sel, NFIPSEC_A_SELECTOR_DST };
	return (struct block_refs){ &sel->src, &sel->src_plen, &sel->src_end,
		sel, NFIPSEC_A_SELECTOR_SRC };
}

/* One of the others. */
static inline struct block_refs block_more(struct nfipsec_addr_range *r)
{
	return (struct block_refs){ &r->addr, &r->plen, &r->end, r,
		NFIPSEC_A_ADDR_RANGE_ADDR };
}

/* Is a range of ports or types that of what cannot be seen? */
static inline bool range_is_opaque(unsigned int min, unsigned int max)
{
	return min == UINT16_MAX && !max;
}

#endif
