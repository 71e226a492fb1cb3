// SPDX-License-Identifier: GPL-2.0-only
/* See admit.h. */
#include <linux/bits.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include <linux/string.h>

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

/*
 * May it come in, by the SPD? The packet must have come through the SAs that policy
 * asks for, no less; and no more, unless what came out of the others was let in for
 * itself, to be put into these by somebody behind a tunnel. @met is set to the policy
 * that says so, or NULL; not counted as met.
 */
static enum nfipsec_reason by_policy(const struct nfipsec_net *nn,
				     const struct nfipsec_opened *in,
				     const struct nfipsec_flow *flow,
				     const struct nfipsec_policy **met)
{
	struct nfipsec_verdict verdict;
	unsigned int outer;

	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, flow, &verdict);
	*met = verdict.policy;
	if (verdict.opaque)
		return NFIPSEC_IN_FRAG_OPAQUE;
	if (!verdict.policy ||
	    !nfipsec_policy_accepts(verdict.policy, &in->chain, flow, &outer) ||
	    !(in->received & BIT(outer)))
		return NFIPSEC_IN_POLICY;
	return NFIPSEC_OK;
}

/* Which of the packets around this one come in for themselves, the outermost first. */
static noinline void ask_between(const struct nfipsec_net *nn,
				 struct nfipsec_opened *in)
{
	const struct nfipsec_chain *chain = &in->chain;
	const struct nfipsec_policy *met;
	struct nfipsec_opened part;
	unsigned int n;

	part.received = BIT(0);
	for (n = 1; n < chain->len; n++) {
		if (!(in->whole & BIT(n)))
			continue;
		part.chain.len = n;
		memcpy(part.chain.sa, chain->sa + chain->len - n,
		       n * sizeof(chain->sa[0]));
		if (!by_policy(nn, &part, &in->between[n - 1], &met))
			part.received |= BIT(n);
	}
	in->received = part.received;
}

/*
 * What came out of the innermost SA, or what an ICMP error quotes. @met is NULL if the
 * SA refuses.
 */
static enum nfipsec_reason allowed(const struct nfipsec_net *nn,
				   const struct nfipsec_opened *in,
				   const struct nfipsec_flow *flow,
				   const struct nfipsec_policy **met)
{
	enum nfipsec_reason reason;

	*met = NULL;
	reason = nfipsec_admit_selector(in->chain.sa[0], flow);
	return reason ?: by_policy(nn, in, flow, met);
}

/* Has policy something to say of the packet, and is it that it may not come? */
static bool policy_refuses(const struct nfipsec_net *nn,
			   const struct nfipsec_opened *in,
			   const struct nfipsec_flow *flow,
			   const struct nfipsec_policy **met)
{
	switch (by_policy(nn, in, flow, met)) {
	case NFIPSEC_OK:
		return false;
	case NFIPSEC_IN_FRAG_OPAQUE:
		return true;
	default:
		return *met;
	}
}

/*
 * What an ICMP error quotes decides about it, or the error by itself, @reason, if it
 * quotes nothing.
 */
static enum nfipsec_reason by_quote(const struct nfipsec_net *nn,
				    const struct nfipsec_opened *in,
				    const struct sk_buff *skb,
				    const struct nfipsec_l3 *l3,
				    const struct nfipsec_flow *flow,
				    enum nfipsec_reason reason,
				    const struct nfipsec_policy **met)
{
	struct nfipsec_flow quote;

	if (!nfipsec_icmp_quote(skb, l3, &quote)) {
		if (reason || !nfipsec_icmp_may_be_error(skb, l3))
			return reason;
		return NFIPSEC_IN_ICMP_QUOTE;
	}
	quote.meta = flow->meta;
	return nfipsec_addr_equal(&quote.daddr, &flow->daddr) &&
	       !allowed(nn, in, &quote, met) ? NFIPSEC_OK :
					       NFIPSEC_IN_ICMP_QUOTE;
}

/**
 * nfipsec_admit() - may what came out of all its SAs come in?
 * @nn: namespace
 * @in: how the packet came in, through one SA at least; @received and @met are written
 * @skb: packet, starting with its IP header; only read, stays the caller's
 * @l3: its layout
 * @flow: its flow
 *
 * RFC 4301 section 5.2, step 4: as its SA and policy say, the latter of the packets
 * around it too. All that is of one state of the tables if they do not change meanwhile.
 *
 * RFC 4301 section 6.2: an ICMP error may be from a router that no selector
 * knows, and must not be about somebody else's traffic. So where the SA says so
 * what it quotes is looked at as well: a packet that its receiver sent, and that
 * the SA may carry an answer to. Where that cannot be told, it is not so. The policy
 * that it has met is its own, or that of what it quotes; it is not counted here.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_admit(const struct nfipsec_net *nn,
				  struct nfipsec_opened *in,
				  const struct sk_buff *skb,
				  const struct nfipsec_l3 *l3,
				  const struct nfipsec_flow *flow)
{
	const struct nfipsec_policy *quoted = NULL;
	enum nfipsec_reason reason;
	bool look;

	in->received = BIT(0);
	if (unlikely(in->whole))
		ask_between(nn, in);
	reason = allowed(nn, in, flow, &in->met);
	look = nfipsec_chain_flags(&in->chain) &
	       (reason ? NFIPSEC_SA_FLAG_ICMP : NFIPSEC_SA_FLAG_ICMP_CHECK);
	if (unlikely(look) && !(reason && policy_refuses(nn, in, flow, &in->met)))
		reason = by_quote(nn, in, skb, l3, flow, reason, &quoted);
	in->met = in->met ?: quoted;
	return reason;
}
