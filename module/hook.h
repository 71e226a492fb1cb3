/* SPDX-License-Identifier: GPL-2.0-only */
/* The netfilter hooks. */
#ifndef NFIPSEC_HOOK_H
#define NFIPSEC_HOOK_H

#include <linux/types.h>

struct net;
struct netlink_ext_ack;
struct nfipsec_net;

int __must_check nfipsec_hook_want(struct nfipsec_net *nn,
				   struct netlink_ext_ack *extack);
bool nfipsec_hook_alone(const struct net *net, u8 family);
void nfipsec_hook_unregister_out(struct net *net);
void nfipsec_hook_unregister_in(struct net *net);
void nfipsec_hook_unregister_last(struct net *net);

#endif
