// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way out (RFC 4301 section 5.1), top to bottom:
 *
 *	hook -> nfipsec_output_decide()		which policy, what does it say
 *	     -> the other POST_ROUTING hooks	NAT is confirmed, queues run
 *	     -> nfipsec_output()		which policy, which SAs
 *		-> route, path MTU
 *		-> nfipsec_send()
 *		   -> segments, fragments, checksums
 *		   -> seal: encap, esp, ah, comp	for each SA: outer
 *						headers, ciphertext, ICV
 *		   -> train			those of a super-packet together
 *		   -> reinject			the ESP or AH packet leaves
 *
 * What is held between the two look-ups, in a queue to user space say, or for
 * want of an SA in acquire_queue.c, waits in the clear but can only leave through
 * the second.
 */
#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <net/dst.h>
#include <net/ip_tunnels.h>

#include "acquire_queue.h"
#include "acquire_wish.h"
#include "decide.h"
#include "drop.h"
#include "flow.h"
#include "net.h"
#include "output.h"
#include "pmtu.h"
#include "reinject.h"
#include "send.h"

/* Each a look-up, behind which a route may be dead again. */
#define ROUTE_TRIES	4
/*
 * One in the other, as the packet is sent. With a peer that is reached by the tunnel
 * device which the SA protects they would have no end. The kernel, where it has a
 * limit, counts a tunnel twice; it is asked first.
 */
#define DEVICES_MAX	(IP_TUNNEL_RECURSION_LIMIT + 1)

static __always_inline enum nfipsec_reason
ask_policy_once(const struct nfipsec_net *nn, const struct sk_buff *skb,
		u8 family, struct nfipsec_decision *d)
{
	d->gen = nfipsec_net_gen(nn);
	return nfipsec_decide_policy(nn, skb, family, &d->l3, &d->flow,
				     &d->verdict);
}

static noinline __cold enum nfipsec_reason
ask_policy_held(const struct nfipsec_net *nn, const struct sk_buff *skb,
		u8 family, struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	nfipsec_net_gen_hold(nn);
	reason = ask_policy_once(nn, skb, family, d);
	nfipsec_net_gen_release(nn);
	return reason;
}

/* Of an ICMP error several looks: all of them at one state. */
static enum nfipsec_reason ask_policy(const struct nfipsec_net *nn,
				      const struct sk_buff *skb, u8 family,
				      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	reason = ask_policy_once(nn, skb, family, d);
	if (unlikely(nfipsec_net_gen_changed(nn, d->gen)))
		reason = ask_policy_held(nn, skb, family, d);
	return reason;
}

/**
 * nfipsec_output_decide() - what policy does with a packet that leaves
 * @nn: namespace
 * @skb: packet, starting with its IP header; only read
 * @family: AF_INET or AF_INET6
 * @decision: written, for nfipsec_output_decided()
 * @reason: why, for NFIPSEC_OUT_DROP
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: what to do.
 */
enum nfipsec_out nfipsec_output_decide(const struct nfipsec_net *nn,
				       const struct sk_buff *skb, u8 family,
				       struct nfipsec_decision *decision,
				       enum nfipsec_reason *reason)
{
	const struct nfipsec_verdict *verdict = &decision->verdict;

	decision->waited = false;
	*reason = ask_policy(nn, skb, family, decision);
	if (verdict->policy) {
		nfipsec_policy_prefetch_sa(verdict->policy);
		this_cpu_inc(*verdict->policy->hits);
	}
	if (*reason)
		return NFIPSEC_OUT_DROP;
	return verdict->action == NFIPSEC_ACTION_PROTECT ? NFIPSEC_OUT_SEAL :
							   NFIPSEC_OUT_PASS;
}

static __always_inline enum nfipsec_reason
find_sas_once(struct nfipsec_outbound *p, const struct sk_buff *skb, u8 family,
	      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason = NFIPSEC_OK;

	if (nfipsec_net_gen_changed(p->nn, d->gen))
		reason = ask_policy(p->nn, skb, family, d);
	if (!reason && d->verdict.action != NFIPSEC_ACTION_PROTECT)
		reason = NFIPSEC_OUT_CHANGED;
	if (!reason)
		reason = nfipsec_decide_chain(p, d->verdict.policy, &d->flow);
	return reason;
}

static noinline __cold enum nfipsec_reason
find_sas_held(struct nfipsec_outbound *p, const struct sk_buff *skb, u8 family,
	      struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	nfipsec_net_gen_hold(p->nn);
	reason = find_sas_once(p, skb, family, d);
	nfipsec_net_gen_release(p->nn);
	return reason;
}

/* The policy and its SAs, as they are in one state of the tables. */
static enum nfipsec_reason find_sas(struct nfipsec_outbound *p,
				    const struct sk_buff *skb, u8 family,
				    struct nfipsec_decision *d)
{
	enum nfipsec_reason reason;

	reason = find_sas_once(p, skb, family, d);
	if (unlikely(nfipsec_net_gen_changed(p->nn, d->gen)))
		reason = find_sas_held(p, skb, family, d);
	return reason;
}

/* A route, and what is known of it, that was not dead when that was read. */
static enum nfipsec_reason find_route(struct nfipsec_outbound *p,
				      const struct sk_buff *skb,
				      const struct nfipsec_l3 *l3,
				      const struct nfipsec_flow *flow)
{
	unsigned int tries = ROUTE_TRIES;
	enum nfipsec_reason reason;

	do {
		reason = nfipsec_decide_path(p, skb, l3, flow);
		if (reason || !nfipsec_reinject_is_dead(p->dst))
			return reason;
		/* What policy said holds for the device of its own. */
		if (!nfipsec_sa_rehouses(p->sa))
			break;
		dst_release(p->dst);
		p->dst = NULL;
	} while (--tries);
	return NFIPSEC_OUT_NO_ROUTE;
}

static enum nfipsec_reason find_path(struct nfipsec_outbound *p,
				     struct sk_buff *skb,
				     const struct nfipsec_l3 *l3,
				     const struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;

	if (dev_recursion_level() > DEVICES_MAX)
		return NFIPSEC_OUT_NO_ROUTE;
	reason = find_route(p, skb, l3, flow);
	if (reason)
		return reason;
	/*
	 * From there the headers of a super-packet are counted. Of what is forwarded the
	 * stack has left it at the first one behind IPv6's.
	 */
	if (skb_is_gso(skb) && !skb->encapsulation)
		skb_set_transport_header(skb, skb_network_offset(skb) +
					      l3->l4_off);
	if (nfipsec_pmtu_fits(p->sa, skb, l3, p->mtu))
		return NFIPSEC_OK;
	reason = p->shared ? nfipsec_pmtu_shrink(skb, l3, p->mtu) :
			     NFIPSEC_OUT_TOO_BIG;
	if (reason == NFIPSEC_OUT_TOO_BIG)
		nfipsec_pmtu_tell(p->nn, p->sa, skb, l3, p->mtu, p->shared);
	return reason;
}

/**
 * nfipsec_output_decided() - protect a packet and send it
 * @net: namespace
 * @sk: who sends it, as netfilter has it, or NULL; stays the caller's
 * @skb: packet that passed all POST_ROUTING hooks; consumed
 * @d: what nfipsec_output_decide() said of it; looked for again if a table has
 *	changed since
 *
 * Without an SA the packet may wait for one, and then comes to nfipsec_output().
 * Context: process or softirq, under the rcu_read_lock() of @d.
 * Return: 0 or an error for the sender.
 */
int nfipsec_output_decided(struct net *net, struct sock *sk,
			   struct sk_buff *skb, struct nfipsec_decision *d)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	struct nfipsec_outbound p = {
		.net = net, .nn = nfipsec_net_rcu(net), .sk = sk,
		.own = skb->sk == sk,
	};
	bool off = softirq_count();
	enum nfipsec_reason reason;
	int ret;

	if (!off)
		local_bh_disable();
	reason = find_sas(&p, skb, family, d);
	if (!reason)
		reason = find_path(&p, skb, &d->l3, &d->flow);
	if (!reason && !d->waited &&
	    nfipsec_acquire_wishes(d->verdict.policy, &p.chain,
				   smp_processor_id()))
		nfipsec_acquire_wish(p.nn, d->verdict.policy, &d->flow, d->gen);
	/* What waits has no other socket than its own. */
	if (reason == NFIPSEC_OUT_NO_SA && skb->sk != sk)
		skb_orphan(skb);
	if (reason == NFIPSEC_OUT_NO_SA)
		reason = nfipsec_acquire_hold(p.nn, d->verdict.policy, &d->flow,
					      skb, d->gen);

	if (reason == NFIPSEC_OUT_ACQUIRE) {
		ret = 0;
	} else if (reason) {
		nfipsec_drop(p.nn, skb, reason);
		ret = nfipsec_send_errno(reason);
	} else {
		ret = nfipsec_send(&p, skb, family, &d->l3);
	}
	if (p.sa && nfipsec_sa_rehouses(p.sa) && !p.given)
		dst_release(p.dst);
	if (!off)
		local_bh_enable();
	return ret;
}

/* Of what was held its route may have died, and policy depends on the device. */
static void route_again(struct net *net, struct sk_buff *skb)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;

	/* In a tunnel it may do without if it need not be cut, else it is dropped. */
	if (nfipsec_reinject_is_dead(skb_dst(skb)))
		nfipsec_reinject_again(net, skb, family);
}

static int output(struct net *net, struct sock *sk, struct sk_buff *skb,
		  bool waited)
{
	/* No state of the tables has this number. */
	struct nfipsec_decision d = { .gen = 0, .waited = waited };
	int ret;

	rcu_read_lock();
	route_again(net, skb);
	ret = nfipsec_output_decided(net, sk, skb, &d);
	rcu_read_unlock();
	return ret;
}

/**
 * nfipsec_output() - protect a packet and send it
 * @net: namespace
 * @sk: who sends it, as netfilter has it, or NULL; stays the caller's
 * @skb: packet that passed all POST_ROUTING hooks; consumed
 *
 * Looks policy up again: the hooks may have changed the packet or held it
 * while policy changed. And for another route, if its own died meanwhile.
 * Context: process or softirq.
 * Return: 0 or an error for the sender.
 */
int nfipsec_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return output(net, sk, skb, false);
}

/**
 * nfipsec_output_waited() - as nfipsec_output(), of a packet that waited for an SA
 * @net: namespace
 * @sk: who sends it, or NULL; stays the caller's
 * @skb: packet that passed all POST_ROUTING hooks; consumed
 *
 * The CPU is nobody's: no SA is wished for it (RFC 9611).
 * Context: process or softirq.
 */
void nfipsec_output_waited(struct net *net, struct sock *sk,
			   struct sk_buff *skb)
{
	output(net, sk, skb, true);
}

/**
 * nfipsec_output_lacks() - would a packet have to wait for an SA?
 * @nn: namespace
 * @skb: packet that passed all POST_ROUTING hooks; stays the caller's, with another
 *	route if its own is dead
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: the policy that wants the SA, or NULL if nfipsec_output() would send
 * or drop the packet.
 */
const struct nfipsec_policy *nfipsec_output_lacks(const struct nfipsec_net *nn,
						  struct sk_buff *skb)
{
	u8 family = skb->protocol == htons(ETH_P_IPV6) ? AF_INET6 : AF_INET;
	struct nfipsec_verdict verdict;
	struct nfipsec_chain chain;
	struct nfipsec_flow flow;
	struct nfipsec_l3 l3;

	route_again(nn->net, skb);
	if (nfipsec_decide_policy(nn, skb, family, &l3, &flow, &verdict) ||
	    verdict.action != NFIPSEC_ACTION_PROTECT ||
	    nfipsec_policy_chain(nn, verdict.policy, &flow,
				 raw_smp_processor_id(), &chain))
		return NULL;
	return verdict.policy;
}
