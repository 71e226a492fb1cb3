/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tuples of a classifier need of its hash table.
 */
#ifndef NFIPSEC_BUCKET_H
#define NFIPSEC_BUCKET_H

#include <linux/limits.h>
#include <linux/socket.h>
#include <linux/types.h>

#include "tuple.h"

/* Words of a family's key that are of headers. */
static inline unsigned int nfipsec_key_head(u8 family)
{
	return family == AF_INET ? 4 : NFIPSEC_KEY_WORDS - NFIPSEC_KEY_META;
}

/* The leading bits of a word. */
static inline u32 nfipsec_bit_mask(unsigned int plen)
{
	return plen ? U32_MAX << (32 - plen) : 0;
}

/* Writers: one at a time. */
struct nfipsec_bucket *nfipsec_bucket_get(struct nfipsec_space *space,
					  struct nfipsec_tuple *tuple,
					  const struct nfipsec_key *key);
void nfipsec_bucket_del(struct nfipsec_space *space, struct nfipsec_bucket *b);

#endif
