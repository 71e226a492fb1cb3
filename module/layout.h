/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a packet looks like on the wire once SAs have carried it: its headers and
 * what is around the payload, each with its size. Of no packet in particular.
 */
#ifndef NFIPSEC_LAYOUT_H
#define NFIPSEC_LAYOUT_H

#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

#include "policy.h"

struct nfipsec_l3;
struct nfipsec_sa;

/* IP, UDP, ESP and IV for each SA, and the first IP header. */
#define NFIPSEC_LAYOUT_FRONT	(4 * NFIPSEC_TMPL_MAX + 1)
/* The payload; TFC padding, padding, trailer and ICV for each SA. */
#define NFIPSEC_LAYOUT_BACK	(4 * NFIPSEC_TMPL_MAX + 1)

/**
 * struct nfipsec_part - one header, or what else there is
 * @kind: enum nfipsec_part_kind
 * @len: bytes, never 0
 */
struct nfipsec_part {
	u8 kind;
	u32 len;
};

/**
 * struct nfipsec_layout - what a packet is made of
 * @part: as on the wire, from @first to before @last
 * @first: see @part
 * @last: see @part
 * @family: of the outermost IP header so far
 * @proto: what comes behind it
 * @ip: bytes of that header, which has no part until the end
 * @len: bytes in all
 * @at_most: there is IPComp, which may make it shorter
 */
struct nfipsec_layout {
	struct nfipsec_part part[NFIPSEC_LAYOUT_FRONT + NFIPSEC_LAYOUT_BACK];
	unsigned int first;
	unsigned int last;
	u8 family;
	u8 proto;
	u32 ip;
	u32 len;
	bool at_most;
};

void nfipsec_layout_begin(struct nfipsec_layout *l,
			  const struct nfipsec_l3 *l3, u32 len);
void nfipsec_layout_add(struct nfipsec_layout *l, const struct nfipsec_sa *sa,
			const struct nfipsec_l3 *l3, unsigned int spare);
void nfipsec_layout_end(struct nfipsec_layout *l);

#endif
