/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet's way out, from POST_ROUTING to the ESP packet. */
#ifndef NFIPSEC_OUTPUT_H
#define NFIPSEC_OUTPUT_H

#include <linux/types.h>

#include "reason.h"

struct net;
struct nfipsec_decision;
struct nfipsec_net;
struct nfipsec_policy;
struct sk_buff;
struct sock;

/**
 * enum nfipsec_out - what POST_ROUTING does with a packet
 * @NFIPSEC_OUT_PASS: leaves it alone
 * @NFIPSEC_OUT_SEAL: gives it to nfipsec_output() after the other hooks
 * @NFIPSEC_OUT_DROP: drops it
 */
enum nfipsec_out {
	NFIPSEC_OUT_PASS,
	NFIPSEC_OUT_SEAL,
	NFIPSEC_OUT_DROP,
};

enum nfipsec_out nfipsec_output_decide(const struct nfipsec_net *nn,
				       const struct sk_buff *skb, u8 family,
				       struct nfipsec_decision *decision,
				       enum nfipsec_reason *reason);
int nfipsec_output_decided(struct net *net, struct sock *sk,
			   struct sk_buff *skb,
			   struct nfipsec_decision *decision);
int nfipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb);
void nfipsec_output_waited(struct net *net, struct sock *sk,
			   struct sk_buff *skb);
const struct nfipsec_policy *nfipsec_output_lacks(const struct nfipsec_net *nn,
						  struct sk_buff *skb);

#endif
