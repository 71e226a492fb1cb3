/* SPDX-License-Identifier: GPL-2.0-only */
/* ESP where GRO meets it: see gro.c. */
#ifndef NFIPSEC_GRO_H
#define NFIPSEC_GRO_H

struct list_head;
struct sk_buff;

#ifdef CONFIG_XFRM_OFFLOAD
struct sk_buff *nfipsec_gro_receive(struct list_head *head, struct sk_buff *skb);
#else
#define nfipsec_gro_receive	NULL
#endif

#endif
