// SPDX-License-Identifier: GPL-2.0-only
/* See nat.h. */
#include <linux/skbuff.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>

#include "nat.h"
#include "net.h"
#include "selector.h"
#include "spd.h"

/* Is it the connection of a packet with this flow, here? */
static bool of_flow(const struct nf_conn *ct, const struct net *net,
		    const struct nfipsec_flow *flow)
{
	return !nf_ct_is_template(ct) && nf_ct_l3num(ct) == flow->family &&
	       net_eq(nf_ct_net(ct), net);
}

/**
 * nfipsec_nat_undo() - where was a packet sent?
 * @net: the namespace
 * @skb: packet that came in, behind PRE_ROUTING and before all others that translate
 * @flow: its flow; gets the destination that conntrack saw, and the port
 *
 * Of an answer that is where source NAT had put itself. Conntrack lets no ICMP error
 * belong to a connection that was not sent where the connection's packets were. The
 * source is still its own. Another namespace's conntrack says nothing here.
 * Context: under rcu_read_lock().
 * Return: whether the address is another than the packet has now.
 */
bool nfipsec_nat_undo(const struct net *net, const struct sk_buff *skb,
		      struct nfipsec_flow *flow)
{
	const struct nf_conntrack_tuple *t;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	union nfipsec_addr is = flow->daddr;

	if (!ct || !of_flow(ct, net, flow))
		return false;
	t = nf_ct_tuple(ct, CTINFO2DIR(ctinfo));
	if (flow->proto == t->dst.protonum &&
	    nfipsec_field(flow->family, flow->proto) == NFIPSEC_FIELD_PORTS)
		flow->dport = ntohs(t->dst.u.all);
	if (flow->family == AF_INET) {
		flow->daddr.ip = t->dst.u3.ip;
		return flow->daddr.ip != is.ip;
	}
	flow->daddr.in6 = t->dst.u3.in6;
	return !ipv6_addr_equal(&flow->daddr.in6, &is.in6);
}

/**
 * nfipsec_nat_changed() - is a packet of a connection that NAT changes?
 * @skb: packet
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_nat_changed(const struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	return ct && READ_ONCE(ct->status) & IPS_NAT_MASK;
}

/**
 * nfipsec_nat_hides() - has NAT taken a packet from the policy that protects it?
 * @nn: the namespace
 * @skb: packet at POST_ROUTING behind NAT, which no policy is for as it is
 * @flow: its flow
 *
 * Its source is the one that NAT has given it; where it goes is settled. Conntrack has
 * confirmed a connection behind this hook, so what it has not is the first packet: of those
 * that were there before their policy, nobody asks.
 * Context: under rcu_read_lock().
 * Return: whether a policy would have protected it. To discard what has an address of its
 * own is a way to have none leave untranslated.
 */
bool nfipsec_nat_hides(const struct nfipsec_net *nn, const struct sk_buff *skb,
		       const struct nfipsec_flow *flow)
{
	const struct nf_conntrack_tuple *t;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct nfipsec_verdict verdict;
	struct nfipsec_flow was;

	if (likely(!ct || nf_ct_is_confirmed(ct)) ||
	    !(READ_ONCE(ct->status) & IPS_SRC_NAT) ||
	    !of_flow(ct, nn->net, flow))
		return false;
	was = *flow;
	t = nf_ct_tuple(ct, CTINFO2DIR(ctinfo));
	if (flow->proto == t->dst.protonum &&
	    nfipsec_field(flow->family, flow->proto) == NFIPSEC_FIELD_PORTS)
		was.sport = ntohs(t->src.u.all);
	if (flow->family == AF_INET)
		was.saddr.ip = t->src.u3.ip;
	else
		was.saddr.in6 = t->src.u3.in6;
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, &was, &verdict);
	return verdict.policy && verdict.action == NFIPSEC_ACTION_PROTECT;
}
