/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers around ESP and AH (RFC 4301 section 5.1.2): put in front of a packet
 * to be sealed, taken off one that was opened.
 */
#ifndef NFIPSEC_ENCAP_H
#define NFIPSEC_ENCAP_H

#include "reason.h"
#include "sa.h"

struct dst_entry;
struct net;
struct nfipsec_l3;
struct sk_buff;

unsigned int nfipsec_encap_gap(const struct nfipsec_sa *sa);
unsigned int nfipsec_encap_payload_max(const struct nfipsec_sa *sa,
				       unsigned int room);
unsigned int nfipsec_encap_overhead(const struct nfipsec_sa *sa,
				    const struct nfipsec_l3 *l3);
unsigned int nfipsec_encap_nexthdr_off(const struct nfipsec_sa *sa,
				       const struct nfipsec_l3 *l3);
enum nfipsec_reason nfipsec_encap_push(const struct nfipsec_sa *sa,
				       struct sk_buff *skb,
				       const struct dst_entry *dst,
				       const struct nfipsec_l3 *l3, bool df,
				       u8 *nexthdr);
void nfipsec_encap_finish(const struct nfipsec_sa *sa, struct net *net,
			  struct sk_buff *skb);
void nfipsec_encap_complete(struct sk_buff *skb);
enum nfipsec_reason nfipsec_encap_pop(const struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      const struct nfipsec_l3 *l3, u8 nexthdr);

#endif
