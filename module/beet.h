/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BEET mode (draft-nikander-esp-beet-mode): on the wire like transport mode,
 * between the SA's addresses; the payload belongs to a packet between two
 * other addresses, which are the SA's too and need not be sent.
 */
#ifndef NFIPSEC_BEET_H
#define NFIPSEC_BEET_H

#include "reason.h"
#include "sa.h"

struct nfipsec_l3;
struct sk_buff;

unsigned int nfipsec_beet_shed(const struct nfipsec_l3 *l3);
enum nfipsec_reason nfipsec_beet_push(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3,
				      unsigned int gap, u8 proto, bool df,
				      u8 *nexthdr);
enum nfipsec_reason nfipsec_beet_pop(const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3,
				     unsigned int cut, u8 nexthdr);

#endif
