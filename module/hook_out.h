/* SPDX-License-Identifier: GPL-2.0-only */
/* The hook that packets meet which leave: see hook.c for where it is. */
#ifndef NFIPSEC_HOOK_OUT_H
#define NFIPSEC_HOOK_OUT_H

struct nf_hook_state;
struct sk_buff;

unsigned int nfipsec_hook_post_routing(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state);

#endif
