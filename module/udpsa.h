/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SAs with UDP encapsulation: the ports of this host that they receive on, and
 * which of them want keepalives. Touches no skb.
 */
#ifndef NFIPSEC_UDPSA_H
#define NFIPSEC_UDPSA_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct nfipsec_net;
struct nfipsec_sa;

#define NFIPSEC_UDPSA_BITS	6

/**
 * struct nfipsec_udpsa - what a namespace knows of such SAs
 * @ports: ports by hash; written under the config lock, read under RCU
 * @count: ports that are there; config lock, read with READ_ONCE()
 * @keepalive: SAs that want keepalives, config lock
 * @work: sends them, see natt.c
 * @next: jiffies when @work runs, if it is pending; config lock
 */
struct nfipsec_udpsa {
	struct hlist_head ports[1 << NFIPSEC_UDPSA_BITS];
	u32 count;
	struct list_head keepalive;
	struct delayed_work work;
	unsigned long next;
};

void nfipsec_udpsa_init(struct nfipsec_net *nn, work_func_t work);

/* Readers: under rcu_read_lock(). */
bool nfipsec_udpsa_port(const struct nfipsec_net *nn, u8 family, __be16 port);

/* Writers: under nn->lock. */
int nfipsec_udpsa_add(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_udpsa_del(struct nfipsec_net *nn, struct nfipsec_sa *sa);
void nfipsec_udpsa_leave(struct nfipsec_net *nn, const struct nfipsec_sa *sa);
void nfipsec_udpsa_stay(struct nfipsec_net *nn, const struct nfipsec_sa *sa);
void nfipsec_udpsa_arm(struct nfipsec_net *nn, unsigned long when);

#endif
