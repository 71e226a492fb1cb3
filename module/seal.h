/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet and the SAs that it goes through: see seal.c. */
#ifndef NFIPSEC_SEAL_H
#define NFIPSEC_SEAL_H

#include <linux/types.h>

#include "reason.h"

struct nfipsec_chain;
struct nfipsec_l3;
struct nfipsec_outbound;
struct nfipsec_sa;
struct sk_buff;

enum nfipsec_reason nfipsec_seal_checksum(struct sk_buff *skb);
enum nfipsec_reason nfipsec_seal_ask(const struct nfipsec_chain *chain,
				     unsigned int first,
				     const struct nfipsec_sa **at);
enum nfipsec_reason nfipsec_seal(const struct nfipsec_outbound *p,
				 struct sk_buff *skb, struct nfipsec_l3 *l3,
				 bool df, const struct nfipsec_sa **at);

#endif
