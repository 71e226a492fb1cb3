/* SPDX-License-Identifier: GPL-2.0-only */
/* What policy may ask of a packet that is in none of its headers. */
#ifndef NFIPSEC_META_H
#define NFIPSEC_META_H

#include <linux/types.h>

struct nfipsec_meta;
struct sk_buff;

void nfipsec_meta_in(const struct sk_buff *skb, u8 family,
		     struct nfipsec_meta *meta);
void nfipsec_meta_out(const struct sk_buff *skb, u8 family,
		      struct nfipsec_meta *meta);

#endif
