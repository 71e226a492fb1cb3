/* SPDX-License-Identifier: GPL-2.0-only */
/* Who takes ESP super-packets apart: see gso.c. */
#ifndef NFIPSEC_GSO_H
#define NFIPSEC_GSO_H

#include <linux/compiler_attributes.h>
#include <linux/skbuff.h>
#include <linux/types.h>

/*
 * What a train is. The first is taken apart in front of the first device there is: it
 * says that its checksum is not known, with which no device takes a super-packet. And
 * IPsec hardware, which has SKB_GSO_ESP, does not have the other type. The second one a
 * veth, say, takes as it is.
 */
#define NFIPSEC_GSO_ESP	(SKB_GSO_ESP | SKB_GSO_FRAGLIST)
#define NFIPSEC_GSO_UDP	(SKB_GSO_UDP_L4 | SKB_GSO_FRAGLIST)

void nfipsec_gso_charge(struct sk_buff *head, struct sk_buff *skb);
bool nfipsec_gso_have(u8 family);
void nfipsec_gso_want(void);
int __must_check nfipsec_gso_init(struct sk_buff *(*gro)(struct list_head *head,
							 struct sk_buff *skb));
void nfipsec_gso_exit(void);

#endif
