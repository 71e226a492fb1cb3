/* SPDX-License-Identifier: GPL-2.0-only */
/* Sealed packets that go down the stack together: see train.c. */
#ifndef NFIPSEC_TRAIN_H
#define NFIPSEC_TRAIN_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

struct dst_entry;
struct net;
struct nfipsec_chain;
struct sk_buff;

/**
 * struct nfipsec_train - sealed packets of one super-packet, on their way together
 * @head: the first of them, which carries the others; NULL if there is none
 * @tail: the last of the others, NULL if there are none
 * @type: SKB_GSO_* of what they are together; 0 if they go one by one
 * @hlen: bytes of a packet's transport header that only the head has in front of
 *	what the others have too
 * @df: the head's outer IPv4 header has DF
 */
struct nfipsec_train {
	struct sk_buff *head;
	struct sk_buff *tail;
	unsigned int type;
	unsigned int hlen;
	bool df;
};

void nfipsec_train_start(struct nfipsec_train *train,
			 const struct nfipsec_chain *chain,
			 const struct dst_entry *dst);
unsigned int nfipsec_train_room(const struct nfipsec_train *train,
				const struct dst_entry *dst);
bool __must_check nfipsec_train_join(struct nfipsec_train *train,
				     struct sk_buff *skb, bool df);
struct sk_buff *nfipsec_train_leave(struct nfipsec_train *train,
				    struct net *net);
bool nfipsec_train_strayed(const struct sk_buff *skb);
void nfipsec_train_same_headers(struct sk_buff *skb);

#endif
