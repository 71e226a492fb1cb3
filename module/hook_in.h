/* SPDX-License-Identifier: GPL-2.0-only */
/* The hooks that packets meet which come: see hook.c for where they are. */
#ifndef NFIPSEC_HOOK_IN_H
#define NFIPSEC_HOOK_IN_H

struct nf_hook_state;
struct sk_buff;

unsigned int nfipsec_hook_fragments(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state);
unsigned int nfipsec_hook_pre_routing(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state);
unsigned int nfipsec_hook_local_in(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state);
unsigned int nfipsec_hook_forward(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state);

#endif
