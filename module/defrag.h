/* SPDX-License-Identifier: GPL-2.0-only */
/* Fragments that have to be whole before they are opened or judged. */
#ifndef NFIPSEC_DEFRAG_H
#define NFIPSEC_DEFRAG_H

#include <linux/types.h>

struct nfipsec_l3;
struct nfipsec_net;
struct sk_buff;

bool nfipsec_defrag(const struct nfipsec_net *nn, struct sk_buff *skb,
		    const struct nfipsec_l3 *l3, bool judged, u32 link);

#endif
