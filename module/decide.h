/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes of a packet that leaves: which policy, which SAs, which route,
 * and whether it fits. Nothing is sent, told or counted here: output.c does that,
 * and explain.c tells what it would do.
 */
#ifndef NFIPSEC_DECIDE_H
#define NFIPSEC_DECIDE_H

#include <linux/types.h>

#include "flow.h"
#include "policy.h"
#include "reason.h"
#include "spd.h"

struct dst_entry;
struct net;
struct nfipsec_net;
struct sk_buff;
struct sock;

/**
 * struct nfipsec_outbound - what is the same for all segments of a packet
 * @net: namespace
 * @nn: nfipsec in it
 * @sk: who sends the packet, or NULL; not its own if that is in a tunnel device's packet
 * @own: it is the packet's own, which alone may hold it: each piece has it then
 * @chain: SAs, valid under the caller's rcu_read_lock()
 * @sa: of these, the one whose outer header the packet leaves with: the
 *	outermost that makes one, or else the last one
 * @dst: route of the ESP packets: a reference if they get another header, in
 *	transport mode the packet's own, valid under the caller's
 *	rcu_read_lock()
 * @given: the packet has that reference by now
 * @path: largest ESP packet that the path takes
 * @mtu: largest packet that fits, or that must be sent in any case
 * @fit: largest packet that fits
 * @shared: the packet itself takes the same route, see pmtu.c
 * @dummy: what is sent is no packet, see dummy.c
 */
struct nfipsec_outbound {
	struct net *net;
	struct nfipsec_net *nn;
	struct sock *sk;
	bool own;
	struct nfipsec_chain chain;
	struct nfipsec_sa *sa;
	struct dst_entry *dst;
	bool given;
	unsigned int path;
	unsigned int mtu;
	unsigned int fit;
	bool shared;
	bool dummy;
};

/**
 * struct nfipsec_decision - what policy says of a packet
 * @l3: its layout
 * @flow: what policy saw of it
 * @verdict: what it said, valid under the caller's rcu_read_lock()
 * @gen: in this state of the tables
 * @waited: the packet has waited for an SA, and is sent by whichever CPU comes to it
 */
struct nfipsec_decision {
	struct nfipsec_l3 l3;
	struct nfipsec_flow flow;
	struct nfipsec_verdict verdict;
	u64 gen;
	bool waited;
};

enum nfipsec_reason nfipsec_decide_policy(const struct nfipsec_net *nn,
					  const struct sk_buff *skb, u8 family,
					  struct nfipsec_l3 *l3,
					  struct nfipsec_flow *flow,
					  struct nfipsec_verdict *verdict);
enum nfipsec_reason nfipsec_decide_chain(struct nfipsec_outbound *p,
					 struct nfipsec_policy *pol,
					 const struct nfipsec_flow *flow);
enum nfipsec_reason nfipsec_decide_path(struct nfipsec_outbound *p,
					const struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					const struct nfipsec_flow *flow);
bool nfipsec_decide_fragments(const struct nfipsec_outbound *p,
			      const struct sk_buff *skb, u8 family);
unsigned int nfipsec_decide_piece(const struct nfipsec_outbound *p,
				  const struct sk_buff *skb, u8 family);

#endif
