/* SPDX-License-Identifier: GPL-2.0-only */
/* The one place where a packet is dropped: counted, traced, freed. */
#ifndef NFIPSEC_DROP_H
#define NFIPSEC_DROP_H

#include "reason.h"

struct nfipsec_net;
struct sk_buff;

void nfipsec_drop(const struct nfipsec_net *nn, struct sk_buff *skb,
		  enum nfipsec_reason reason);

#endif
