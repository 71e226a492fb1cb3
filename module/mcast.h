/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets to a group and to all: the copies for listeners on this host, which
 * policy about what leaves does not concern.
 */
#ifndef NFIPSEC_MCAST_H
#define NFIPSEC_MCAST_H

#include <linux/types.h>

struct nf_hook_state;
struct sk_buff;

bool nfipsec_mcast_is_copy(const struct sk_buff *skb,
			   const struct nf_hook_state *state);
bool nfipsec_mcast_ends_here(const struct sk_buff *skb,
			     const struct nf_hook_state *state);
void nfipsec_mcast_make_copy(const struct sk_buff *skb,
			     const struct nf_hook_state *state);

#endif
