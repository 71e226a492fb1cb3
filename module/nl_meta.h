/* SPDX-License-Identifier: GPL-2.0-only */
/* Interfaces, VRF and mark of a selector, from and to attributes. */
#ifndef NFIPSEC_NL_META_H
#define NFIPSEC_NL_META_H

#include <linux/types.h>

struct net;
struct net_device;
struct netlink_ext_ack;
struct nfipsec_selector;
struct nlattr;
struct sk_buff;

int nfipsec_nl_meta_get(struct nlattr **tb, struct nfipsec_selector *sel,
			struct netlink_ext_ack *extack);
int nfipsec_nl_meta_put(struct sk_buff *skb,
			const struct nfipsec_selector *sel);
const char *nfipsec_nl_meta_unseen(const struct net_device *dev);
int nfipsec_nl_meta_of_policy(struct net *net, const struct nlattr *nest,
			      const struct nfipsec_selector *sel, u8 dir,
			      struct netlink_ext_ack *extack);
int nfipsec_nl_meta_of_sa(const struct nlattr *nest,
			  const struct nfipsec_selector *sel,
			  struct netlink_ext_ack *extack);

#endif
