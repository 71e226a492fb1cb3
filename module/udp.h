/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP between IP and ESP (RFC 3948): the header, and what a NAT that changed
 * addresses leaves to be put right in transport mode.
 */
#ifndef NFIPSEC_UDP_H
#define NFIPSEC_UDP_H

#include <linux/udp.h>

#include "reason.h"
#include "sa.h"

struct nfipsec_l3;
struct sk_buff;

/**
 * nfipsec_udp_hlen() - what encapsulation adds to the headers of an SA
 * @sa: SA
 *
 * Context: any.
 * Return: bytes, 0 if the SA has none.
 */
static inline unsigned int nfipsec_udp_hlen(const struct nfipsec_sa *sa)
{
	return sa->encap.type ? sizeof(struct udphdr) : 0;
}

void nfipsec_udp_push(const struct nfipsec_sa *sa, struct sk_buff *skb);
void nfipsec_udp_finish(const struct nfipsec_sa *sa, struct sk_buff *skb);
enum nfipsec_reason nfipsec_udp_mend(const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3);

#endif
