/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The outer IP header of tunnel mode (RFC 4301 section 5.1.2): made for a
 * packet that is sent, read and taken off one that was opened.
 */
#ifndef NFIPSEC_TUNNEL_H
#define NFIPSEC_TUNNEL_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "reason.h"
#include "sa.h"

struct dst_entry;
struct nfipsec_l3;
struct sk_buff;

/**
 * nfipsec_tunnel_hlen() - bytes of the outer IP header
 * @sa: SA of tunnel mode
 */
static inline unsigned int nfipsec_tunnel_hlen(const struct nfipsec_sa *sa)
{
	return sa->key.family == AF_INET ? sizeof(struct iphdr) :
					   sizeof(struct ipv6hdr);
}

void nfipsec_tunnel_push(const struct nfipsec_sa *sa, struct sk_buff *skb,
			 const struct dst_entry *dst,
			 const struct nfipsec_l3 *l3, unsigned int gap,
			 u8 proto, bool df);
enum nfipsec_reason nfipsec_tunnel_pop(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct nfipsec_l3 *l3,
				       unsigned int cut, u8 nexthdr);

#endif
