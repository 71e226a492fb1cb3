/* SPDX-License-Identifier: GPL-2.0-only */
/* What would become of a packet, and why, without there being one. */
#ifndef NFIPSEC_EXPLAIN_H
#define NFIPSEC_EXPLAIN_H

#include <linux/types.h>

#include "layout.h"
#include "reason.h"
#include "spd.h"

struct net;
struct sk_buff;

/* Policies told of, and looked at for that. */
#define NFIPSEC_EXPLAIN_CANDIDATES	16
#define NFIPSEC_EXPLAIN_SCAN		65536

/**
 * struct nfipsec_query - a packet that is asked about
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @flow: what it shows; @flow.opaque is not looked at
 * @len: bytes, IP header included, see nfipsec_query_len_min()
 * @mark: its mark
 * @iif: interface that it came in by, or 0
 * @oif: outbound, the one that routing has to take, or 0
 * @df: its sender forbids fragments
 * @fragment: it is one, and not the first
 */
struct nfipsec_query {
	u8 dir;
	struct nfipsec_flow flow;
	u32 len;
	u32 mark;
	u32 iif;
	u32 oif;
	bool df;
	bool fragment;
};

/**
 * struct nfipsec_candidate - a policy that matches, or may
 * @policy: valid under nn->lock
 * @set: number of the selector set that matches first
 * @may: it depends on what the fragment does not show
 */
struct nfipsec_candidate {
	const struct nfipsec_policy *policy;
	unsigned int set;
	bool may;
};

/**
 * struct nfipsec_explanation - the answer
 * @verdict: as packets get it; its policy is valid under nn->lock
 * @reason: counter that it would count in if it is not let pass or sealed, or
 *	NFIPSEC_OK
 * @acquire: somebody is, or was, asked for the SA that is not there
 * @gathered: fragments are put together first; inbound, none is judged
 * @no_route: outbound, the host has no route for the packet
 * @loopback: it stays within the host, where no policy is asked
 * @chain: the SAs that are there, the innermost first; valid under nn->lock
 * @sized: there is something in all below
 * @layout: on the wire; of the first fragment, if @piece
 * @path: largest packet that the outer path takes
 * @mtu: largest packet that fits into it
 * @piece: length of the first fragment, of those sealed one by one, or 0
 * @fate: enum nfipsec_fate
 * @candidate: policies in their order
 * @candidates: how many
 * @more: there may be more of them
 */
struct nfipsec_explanation {
	struct nfipsec_verdict verdict;
	enum nfipsec_reason reason;
	bool acquire;
	bool gathered;
	bool no_route;
	bool loopback;
	struct nfipsec_chain chain;
	bool sized;
	struct nfipsec_layout layout;
	u32 path;
	u32 mtu;
	u32 piece;
	u8 fate;
	struct nfipsec_candidate candidate[NFIPSEC_EXPLAIN_CANDIDATES];
	unsigned int candidates;
	bool more;
};

u32 nfipsec_query_len_min(const struct nfipsec_query *q);
struct sk_buff *nfipsec_query_packet(const struct nfipsec_query *q);
void nfipsec_explain(struct net *net, const struct nfipsec_query *q,
		     struct sk_buff *skb, struct nfipsec_explanation *ex);

#endif
