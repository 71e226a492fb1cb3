/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finding the high half of a sequence number again (RFC 4303 appendix A3, RFC
 * 4302 appendix B3).
 */
#ifndef NFIPSEC_RESYNC_H
#define NFIPSEC_RESYNC_H

#include <linux/types.h>

struct nfipsec_sa;
struct sk_buff;

u64 nfipsec_resync(struct nfipsec_sa *sa, const struct sk_buff *skb, u64 seq);

#endif
