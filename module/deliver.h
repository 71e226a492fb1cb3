/* SPDX-License-Identifier: GPL-2.0-only */
/* The queues from which opened packets are received again. */
#ifndef NFIPSEC_DELIVER_H
#define NFIPSEC_DELIVER_H

#include <linux/types.h>

struct nfipsec_net;
struct sk_buff;

int nfipsec_deliver_init(void);
void nfipsec_deliver_exit(void);
int nfipsec_deliver_init_net(struct nfipsec_net *nn);
void nfipsec_deliver_exit_net(struct nfipsec_net *nn);
bool __must_check nfipsec_deliver(const struct nfipsec_net *nn,
				  struct sk_buff *skb);

#endif
