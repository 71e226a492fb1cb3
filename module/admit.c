// SPDX-License-Identifier: GPL-2.0-only
/* See admit.h. */
#include <linux/bits.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>

#include "admit.h"
#include "flow.h"
#include "icmp.h"
#include "net.h"

/**
 * nfipsec_admit_selector() - may an SA carry it?
 * @sa: SA
 * @flow: what is asked about
 *
 * RFC 4301 section 5.2, step 4. An SA without a selector carries all.
 * Context: under rcu_read_lock().
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_admit_selector(const struct nfipsec_sa *sa,
					   const struct nfipsec_flow *flow)
{
	const struct nfipsec_sa_rcu_selector *s;

	s = rcu_dereference(sa->selector);
	if (s) {
		switch (nfipsec_selector_match(&s->sel, flow)) {
		case NFIPSEC_MATCH_YES:
			break;
		case NFIPSEC_MATCH_OPAQUE:
			return NFIPSEC_IN_FRAG_OPAQUE;
		case NFIPSEC_MATCH_NO:
			return NFIPSEC_IN_SELECTOR;
		}
	}
	return NFIPSEC_OK;
}

/**
 * nfipsec_admit_policy() - may it come in, by the SPD?
 * @nn: namespace
 * @in: how the packet came in
 * @flow: what is asked about
 *
 * RFC 4301 section 5.2, step 4. The packet must have come through the SAs that
 * policy asks for, no less; and no more, unless what came out of the others was
 * let in for itself, to be put into these by somebody behind a tunnel.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_admit_policy(const struct nfipsec_net *nn,
					 const struct nfipsec_opened *in,
					 const struct nfipsec_flow *flow)
{
	struct nfipsec_verdict verdict;
	unsigned int outer;

	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, flow, &verdict);
	if (verdict.policy)
		this_cpu_inc(*verdict.policy->hits);
	if (verdict.opaque)
		return NFIPSEC_IN_FRAG_OPAQUE;
	if (!verdict.policy ||
	    !nfipsec_policy_accepts(verdict.policy, &in->chain, flow, &outer) ||
	    !(in->received & BIT(outer)))
		return NFIPSEC_IN_POLICY;
	return NFIPSEC_OK;
}

/* What came out of the innermost SA, or what an ICMP error quotes. */
static enum nfipsec_reason allowed(const struct nfipsec_net *nn,
				   const struct nfipsec_opened *in,
				   const struct nfipsec_flow *flow)
{
	return nfipsec_admit_selector(in->chain.sa[0], flow) ?:
	       nfipsec_admit_policy(nn, in, flow);
}

/* Has policy something to say of the packet, and is it that it may not come? */
static bool policy_refuses(const struct nfipsec_net *nn,
			   const struct nfipsec_opened *in,
			   const struct nfipsec_flow *flow)
{
	struct nfipsec_verdict verdict;

	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, flow, &verdict);
	return verdict.opaque ||
	       (verdict.policy && nfipsec_admit_policy(nn, in, flow));
}

/**
 * nfipsec_admit() - may what came out of all its SAs come in?
 * @nn: namespace
 * @in: how the packet came in, through one SA at least
 * @skb: packet, starting with its IP header; only read, stays the caller's
 * @l3: its layout
 * @flow: its flow
 *
 * RFC 4301 section 6.2: an ICMP error may be from a router that no selector
 * knows, and must not be about somebody else's traffic. So where the SA says so
 * what it quotes is looked at as well: a packet that its receiver sent, and that
 * the SA may carry an answer to. Where that cannot be told, it is not so.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_admit(const struct nfipsec_net *nn,
				  const struct nfipsec_opened *in,
				  const struct sk_buff *skb,
				  const struct nfipsec_l3 *l3,
				  const struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;
	struct nfipsec_flow quote;
	bool look;

	reason = allowed(nn, in, flow);
	look = nfipsec_chain_flags(&in->chain) &
	       (reason ? NFIPSEC_SA_FLAG_ICMP : NFIPSEC_SA_FLAG_ICMP_CHECK);
	if (!look || (reason && policy_refuses(nn, in, flow)))
		return reason;
	if (!nfipsec_icmp_quote(skb, l3, &quote)) {
		if (reason || !nfipsec_icmp_may_be_error(skb, l3))
			return reason;
		return NFIPSEC_IN_ICMP_QUOTE;
	}
	quote.meta = flow->meta;
	return nfipsec_addr_equal(&quote.daddr, &flow->daddr) &&
	       !allowed(nn, in, &quote) ? NFIPSEC_OK : NFIPSEC_IN_ICMP_QUOTE;
}
