/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing packets back to the stack: sealed ones out, opened ones in. */
#ifndef NFIPSEC_REINJECT_H
#define NFIPSEC_REINJECT_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <net/dst.h>

struct net;
struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;
struct sock;

struct dst_entry *nfipsec_reinject_route(struct net *net,
					 struct nfipsec_sa *sa);
bool nfipsec_reinject_again(struct net *net, struct sk_buff *skb, u8 family);

/**
 * struct nfipsec_sealed - what the stack has to know of a sealed packet
 * @family: of its outer header
 * @tunnel: that is new, so that nothing of the inner one holds for it
 * @df: it is of IPv4 and has DF
 * @shared: the path MTU of the route may be what was told to local senders,
 *	and is not for this packet; see pmtu.c. Only looked at for IPv4.
 * @path: largest packet that the path takes, 0 is as the route says. Only looked at for
 *	IPv6: routers of IPv4 fragment what has no DF.
 */
struct nfipsec_sealed {
	u8 family;
	bool tunnel;
	bool df;
	bool shared;
	unsigned int path;
};

int nfipsec_reinject_out(struct net *net, struct sock *sk, struct sk_buff *skb,
			 const struct nfipsec_sealed *sealed);
void nfipsec_reinject_back(const struct nfipsec_net *nn, struct sk_buff *skb,
			   u32 iif);
bool nfipsec_reinject_in(const struct nfipsec_net *nn, struct sk_buff *skb,
			 u32 iif);

/**
 * nfipsec_reinject_is_dead() - has the kernel put a route away?
 * @dst: route, of which something was read, or NULL
 *
 * It was deleted, or another took its place. To hold it is no help: its MTU is then
 * that of no device there is, and what is sent by it is discarded without a word.
 * Context: any.
 * Return: true if it must not be used, and what was read may be wrong.
 */
static inline bool nfipsec_reinject_is_dead(const struct dst_entry *dst)
{
	/* It is marked before it gets another device; the kernel has no barrier. */
	smp_rmb();
	return dst && unlikely(READ_ONCE(dst->obsolete) == DST_OBSOLETE_DEAD);
}

#endif
