/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Traffic flow confidentiality (RFC 4303 sections 2.6 and 2.7): packets made
 * longer than they are, and packets that are none.
 */
#ifndef NFIPSEC_TFC_H
#define NFIPSEC_TFC_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_l3;
struct nfipsec_sa;
struct sk_buff;

unsigned int nfipsec_tfc_extra(const struct nfipsec_sa *sa, unsigned int len,
			       u8 nexthdr, unsigned int spare);
enum nfipsec_reason nfipsec_tfc_pad(const struct nfipsec_sa *sa,
				    struct sk_buff *skb, u8 nexthdr,
				    unsigned int spare);
enum nfipsec_reason nfipsec_tfc_cut(struct sk_buff *skb, struct nfipsec_l3 *l3);
struct sk_buff *nfipsec_tfc_dummy(const struct nfipsec_sa *sa);
bool nfipsec_tfc_dummy_grow(const struct nfipsec_sa *sa, struct sk_buff *skb,
			    unsigned int mtu);

#endif
