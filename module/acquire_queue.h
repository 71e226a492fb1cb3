/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets that wait for an SA. */
#ifndef NFIPSEC_ACQUIRE_QUEUE_H
#define NFIPSEC_ACQUIRE_QUEUE_H

#include <linux/types.h>

#include "policy.h"
#include "reason.h"

struct net_device;
struct nfipsec_acquire_entry;
struct nfipsec_acquires;
struct nfipsec_net;
struct sk_buff;
struct sk_buff_head;

enum nfipsec_reason nfipsec_acquire_hold(struct nfipsec_net *nn,
					 const struct nfipsec_policy *pol,
					 const struct nfipsec_flow *flow,
					 struct sk_buff *skb, s64 gen);
enum nfipsec_reason nfipsec_acquire_would(const struct nfipsec_net *nn,
					  const struct nfipsec_policy *pol,
					  const struct nfipsec_flow *flow,
					  unsigned int truesize, bool *asked);
void nfipsec_acquire_retry(struct nfipsec_acquires *a,
			   struct nfipsec_acquire_entry *e, s64 gen);
void nfipsec_acquire_forsake(struct nfipsec_acquire_entry *e);
void nfipsec_acquire_take(struct nfipsec_acquires *a,
			  struct nfipsec_acquire_entry *e,
			  struct sk_buff_head *list);
void nfipsec_acquire_drop(const struct nfipsec_net *nn,
			  struct sk_buff_head *list,
			  enum nfipsec_reason reason);
void nfipsec_acquire_purge(struct nfipsec_acquires *a,
			   const struct net_device *dev);

#endif
