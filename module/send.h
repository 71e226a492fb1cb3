/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets whose SAs and path are known: see send.c. */
#ifndef NFIPSEC_SEND_H
#define NFIPSEC_SEND_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_l3;
struct nfipsec_outbound;
struct sk_buff;

int nfipsec_send_errno(enum nfipsec_reason reason);
int nfipsec_send_one(const struct nfipsec_outbound *p, struct sk_buff *skb,
		     const struct nfipsec_l3 *layout);
int nfipsec_send(struct nfipsec_outbound *p, struct sk_buff *skb, u8 family,
		 const struct nfipsec_l3 *l3);

#endif
