// SPDX-License-Identifier: GPL-2.0-only
/* See clear.h. */
#include <linux/percpu.h>
#include <linux/skbuff.h>

#include "clear.h"
#include "drop.h"
#include "flow.h"
#include "local.h"
#include "net.h"
#include "proto.h"

/**
 * nfipsec_clear_judge() - may it come in the clear?
 * @nn: namespace
 * @l3: its layout
 * @flow: its flow; of a fragment, only what all of the datagram show is left
 * @verdict: what policy says, written
 *
 * What a later fragment of IPv6 says of its protocol is the sender's free
 * choice: nobody reads it, and so it does not keep the fragment from completing
 * a datagram of another protocol. Counts no hit.
 * Context: under rcu_read_lock().
 * Return: NFIPSEC_OK, or the reason to drop it.
 */
enum nfipsec_reason nfipsec_clear_judge(const struct nfipsec_net *nn,
					const struct nfipsec_l3 *l3,
					struct nfipsec_flow *flow,
					struct nfipsec_verdict *verdict)
{
	/* One answer for all fragments of a datagram, also for the first. */
	flow->opaque = l3->frag;
	if (l3->later && l3->family == AF_INET6)
		flow->proto = IPPROTO_FRAGMENT;
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, flow, verdict);
	if (verdict->opaque)
		return NFIPSEC_IN_FRAG_OPAQUE;
	if (verdict->action == NFIPSEC_ACTION_PROTECT)
		return NFIPSEC_IN_CLEAR;
	if (verdict->action == NFIPSEC_ACTION_DISCARD)
		return NFIPSEC_IN_DISCARD;
	return NFIPSEC_OK;
}

/**
 * nfipsec_clear_drop() - drop it unless policy lets it
 * @nn: namespace
 * @skb: packet, starting with its IP header; consumed if it is dropped
 * @l3: its layout
 * @flow: its flow, see nfipsec_clear_judge()
 * @why: what it is dropped for then; NFIPSEC_OK for what policy says
 *
 * Context: under rcu_read_lock().
 * Return: whether it is dropped.
 */
bool nfipsec_clear_drop(const struct nfipsec_net *nn, struct sk_buff *skb,
			const struct nfipsec_l3 *l3, struct nfipsec_flow *flow,
			enum nfipsec_reason why)
{
	struct nfipsec_verdict verdict;
	enum nfipsec_reason reason;

	reason = nfipsec_clear_judge(nn, l3, flow, &verdict);
	if (verdict.policy)
		this_cpu_inc(*verdict.policy->hits);
	if (reason)
		nfipsec_drop(nn, skb, why ?: reason);
	return reason;
}

/* UDP only where it may be ESP, which only the first fragment would tell. */
static bool may_be_ipsec(const struct nfipsec_net *nn,
			 const struct nfipsec_l3 *l3)
{
	return nfipsec_is_ipsec(l3->proto) ||
	       (l3->proto == IPPROTO_UDP && READ_ONCE(nn->udpsa.count));
}

/*
 * Does what policy has to say depend on what only the whole datagram shows? The
 * same for all its fragments, so that all are gathered or none: of IPv6 they
 * need not even agree in their protocol.
 */
static bool undecided(const struct nfipsec_net *nn,
		      const struct nfipsec_flow *flow)
{
	struct nfipsec_verdict verdict;
	struct nfipsec_flow any = *flow;

	any.opaque = true;
	any.early = false;
	if (any.family == AF_INET6)
		any.proto = NFIPSEC_PROTO_OPAQUE;
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_IN, &any, &verdict);
	/* What may come because it shows nothing shows all once it is whole. */
	return verdict.opaque ||
	       (verdict.hidden && verdict.action == NFIPSEC_ACTION_BYPASS);
}

/*
 * Rules that set marks are behind the place where fragments are judged. ESP and
 * AH of IPv4 for another host are never put together.
 */
static bool wants_mark(const struct nfipsec_net *nn,
		       const struct nfipsec_l3 *l3)
{
	return READ_ONCE(nn->spd.marks) &&
	       (l3->family == AF_INET6 || (l3->proto != IPPROTO_ESP &&
					   l3->proto != IPPROTO_AH));
}

/**
 * nfipsec_clear_never() - is ESP or AH for this host never judged as clear traffic?
 * @nn: namespace
 *
 * Where there is an SA, or XFRM has one, it is for one of them or is dropped.
 * Context: under rcu_read_lock().
 * Return: whether that is so.
 */
bool nfipsec_clear_never(const struct nfipsec_net *nn)
{
	return nfipsec_sad_any(nn) || nfipsec_xfrm_in_use(nn->net);
}

/**
 * nfipsec_clear_gathers() - must a fragment be put together with its others?
 * @nn: namespace
 * @l3: its layout
 * @flow: its flow
 * @judge: policy has a say
 *
 * RFC 4301 section 7.4: before it is looked at any further.
 * Context: under rcu_read_lock().
 * Return: the same for all fragments of a datagram that come by one interface;
 * of others, policy may have other things to say of each.
 */
bool nfipsec_clear_gathers(const struct nfipsec_net *nn,
			   const struct nfipsec_l3 *l3,
			   const struct nfipsec_flow *flow, bool judge)
{
	/* Whether it is judged, its SPI tells, and that only the first one has. */
	if (nfipsec_is_ipsec(l3->proto) && nfipsec_to_group(flow))
		return true;
	if ((may_be_ipsec(nn, l3) || (judge && l3->family == AF_INET6)) &&
	    nfipsec_to_local(nn->net, flow))
		return true;
	return judge && (wants_mark(nn, l3) || undecided(nn, flow));
}

/**
 * nfipsec_clear_link() - with those of which interface may a fragment be put together?
 * @nn: namespace
 * @l3: its layout
 * @link: index of the one that it came by
 *
 * Of one that is judged when it is whole, by policies that ask where it came from. What
 * is ESP or AH then is not judged where somebody has SAs, and may come by several.
 * Context: under rcu_read_lock().
 * Return: @link, or 0 for any.
 */
u32 nfipsec_clear_link(const struct nfipsec_net *nn,
		       const struct nfipsec_l3 *l3, u32 link)
{
	if (nfipsec_is_ipsec(l3->proto) && nfipsec_clear_never(nn))
		return 0;
	return READ_ONCE(nn->spd.links) || READ_ONCE(nn->spd.marks) ? link : 0;
}

/**
 * nfipsec_clear_apart() - must fragments that policy lets go on without others?
 * @nn: namespace
 *
 * What may come in the clear by one interface, and protected by another, the stack
 * would put together.
 * Context: any.
 * Return: whether they are to be put together by themselves.
 */
bool nfipsec_clear_apart(const struct nfipsec_net *nn)
{
	return READ_ONCE(nn->spd.links);
}
