// SPDX-License-Identifier: GPL-2.0-only
/*
 * A packet's way in (RFC 4301 section 5.2), top to bottom:
 *
 *	hook -> nfipsec_input(), or of ESP that GRO meets nfipsec_input_early()
 *	     ESP or AH for an SA of ours, in UDP if the SA says so:
 *		-> replay check		a hint, without lock
 *		-> esp or ah		ICV, cleartext
 *		-> replay commit	the decision
 *		-> encap		outer headers off
 *		-> inner packet sane, and inside the SA's selector
 *		-> ESP or AH for an SA of ours: once more, a few times
 *		-> IPComp for an SA of ours: decompressed
 *		-> wanted by the policy it meets, through these SAs
 *		-> reinject		received again, tagged
 *	     everything else, and not tagged:
 *		-> policy: may it come in the clear?
 */
#include <linux/bits.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/preempt.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "admit.h"
#include "clear.h"
#include "comp.h"
#include "defrag.h"
#include "drop.h"
#include "encap.h"
#include "expire.h"
#include "flow.h"
#include "input.h"
#include "local.h"
#include "meta.h"
#include "natt.h"
#include "net.h"
#include "noinit.h"
#include "open.h"
#include "pmtu.h"
#include "proto.h"
#include "reinject.h"
#include "tag.h"
#include "udp.h"

/* XFRM has SAs here too: an SPI we do not know may be one of its own. */
static bool xfrm_in_use(const struct net *net)
{
#if IS_ENABLED(CONFIG_XFRM)
	return !list_empty(&net->xfrm.state_all);
#else
	return false;
#endif
}

/* Dummy packets are ESP's; behind AH it is a header with nothing behind it. */
static bool is_dummy(const struct nfipsec_sa *sa, u8 nexthdr)
{
	return sa->key.proto == IPPROTO_ESP && nexthdr == NFIPSEC_NEXTHDR_DUMMY;
}

/* Routing said that the packet is for this host. */
static bool known_local(enum nfipsec_where where)
{
	return where == NFIPSEC_AT_LOCAL_IN || where == NFIPSEC_AT_BRIDGE_IN;
}

/* The SPI, or the CPI as one; false if it is cut off. */
static bool read_spi(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
		     __be32 *spi)
{
	unsigned int off = skb_network_offset(skb) + nfipsec_open_start(l3);
	const __be32 *there;
	const __be16 *cpi;
	__be32 buf;

	if (l3->proto == IPPROTO_COMP) {
		off += offsetof(struct nfipsec_comp_hdr, cpi);
		cpi = skb_header_pointer(skb, off, sizeof(*cpi), &buf);
		if (cpi)
			*spi = htonl(ntohs(*cpi));
		return cpi;
	}
	off += l3->proto == IPPROTO_AH ? offsetof(struct nfipsec_ah_hdr, spi) :
					 offsetof(struct nfipsec_esp_hdr, spi);
	there = skb_header_pointer(skb, off, sizeof(*there), &buf);
	if (there)
		*spi = *there;
	return there;
}

static struct nfipsec_sa *find_sa(const struct nfipsec_net *nn,
				  const struct sk_buff *skb,
				  const struct nfipsec_l3 *l3,
				  const struct nfipsec_flow *flow)
{
	struct nfipsec_sa_key key = {
		.daddr = flow->daddr,
		.family = flow->family,
		.proto = l3->proto == IPPROTO_UDP ? IPPROTO_ESP : l3->proto,
	};
	struct nfipsec_sa *sa;

	if (!read_spi(skb, l3, &key.spi))
		return NULL;
	sa = nfipsec_sad_find_sent(nn, &key, &flow->saddr);
	return sa && sa->dir != NFIPSEC_DIR_OUT ? sa : NULL;
}

/* One SA further in. */
static void opened_add(struct nfipsec_opened *in, struct nfipsec_sa *sa,
		       unsigned int bytes)
{
	struct nfipsec_chain *chain = &in->chain;
	unsigned int i;

	for (i = chain->len; i > 0; i--) {
		chain->sa[i] = chain->sa[i - 1];
		in->bytes[i] = in->bytes[i - 1];
	}
	chain->sa[0] = sa;
	in->bytes[0] = bytes;
	chain->len++;
}

/* As leave_sa(), when open_comp() is through or had nothing to do. */
static enum nfipsec_reason leave_comp(struct nfipsec_net *nn,
				      struct nfipsec_sa *sa,
				      struct sk_buff *skb,
				      struct nfipsec_l3 *l3,
				      struct nfipsec_flow *flow)
{
	if (!nfipsec_expire_charge(nn, sa, skb->len))
		return NFIPSEC_IN_EXPIRED;
	if (sa->mode == NFIPSEC_MODE_TRANSPORT)
		return NFIPSEC_OK;
	/* Of a packet that was not compressed nobody has pulled them yet. */
	if (!pskb_may_pull(skb, l3->l4_off))
		return NFIPSEC_IN_NOMEM;
	skb_set_transport_header(skb, l3->l4_off);
	return nfipsec_encap_pop(sa, skb, l3, l3->proto) ?:
	       nfipsec_open_inner(skb, l3, flow);
}

/*
 * Out of one SA. On success the packet is what was inside, so are its facts; the
 * SA's selector has not been asked yet.
 */
static enum nfipsec_reason leave_sa(struct nfipsec_net *nn,
				    struct nfipsec_sa *sa, struct sk_buff *skb,
				    struct nfipsec_l3 *l3,
				    struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;
	u8 nexthdr;

	if (sa->key.proto == IPPROTO_COMP)
		return leave_comp(nn, sa, skb, l3, flow);
	reason = nfipsec_open(nn, sa, skb, l3, &nexthdr);
	if (!reason && sa->encap.type)
		nfipsec_natt_seen(nn, sa, flow);
	if (!reason && is_dummy(sa, nexthdr))
		reason = NFIPSEC_IN_DUMMY;
	if (!reason)
		reason = nfipsec_encap_pop(sa, skb, l3, nexthdr);
	if (!reason)
		reason = nfipsec_open_inner(skb, l3, flow);
	if (!reason && sa->encap.type && sa->mode == NFIPSEC_MODE_TRANSPORT)
		reason = nfipsec_udp_mend(sa, skb, l3);
	if (!reason && sa->mode == NFIPSEC_MODE_TRANSPORT &&
	    !nfipsec_sa_joins(sa, flow))
		reason = NFIPSEC_IN_SELECTOR;
	return reason;
}

/* Is what came out of another SA for this one? */
static bool is_next(const struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		    const struct nfipsec_flow *flow)
{
	/* As in ipsec(): who is a member of a group is known later, */
	if (nfipsec_to_group(flow))
		return false;
	/* and it may be one to send to somebody behind us. */
	return sa->dir == NFIPSEC_DIR_IN || nfipsec_to_local(nn->net, flow);
}

/*
 * Decompress what came out of @sa. The packet is then as it would have come if
 * it had not been compressed, but for the header of a tunnel, which does not
 * say so: it is about to go.
 */
static enum nfipsec_reason open_comp(const struct nfipsec_net *nn,
				     const struct nfipsec_sa *sa,
				     const struct nfipsec_sa *comp,
				     struct sk_buff *skb,
				     struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow)
{
	bool tunnel = comp->mode == NFIPSEC_MODE_TUNNEL;
	enum nfipsec_reason reason;
	u8 nexthdr;

	reason = nfipsec_comp_unpack(skb, l3, tunnel, &nexthdr);
	if (reason)
		return reason;
	nfipsec_count(nn, NFIPSEC_IN_COMP);
	if (tunnel) {
		l3->proto = nexthdr;
		flow->proto = nexthdr;
		return NFIPSEC_OK;
	}
	skb_set_transport_header(skb, l3->l4_off);
	reason = nfipsec_encap_pop(comp, skb, l3, nexthdr) ?:
		 nfipsec_open_inner(skb, l3, flow);
	if (!reason && sa->encap.type && sa->mode == NFIPSEC_MODE_TRANSPORT)
		reason = nfipsec_udp_mend(sa, skb, l3);
	return reason;
}

/*
 * IPComp came out of @sa. Only there is it looked for: in the clear it is a
 * packet of its protocol, which policy lets in or not.
 */
static enum nfipsec_reason next_comp(const struct nfipsec_net *nn,
				     const struct nfipsec_sa *sa,
				     struct sk_buff *skb,
				     struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow,
				     struct nfipsec_sa **next)
{
	struct nfipsec_sa *comp = find_sa(nn, skb, l3, flow);

	if (comp && (!is_next(nn, comp, flow) ||
		     !nfipsec_sa_joins(comp, flow) ||
		     comp->state != NFIPSEC_SA_STATE_MATURE))
		comp = NULL;
	if (!comp && !nfipsec_to_local(nn->net, flow))
		return NFIPSEC_OK;
	if (sa->key.proto == IPPROTO_COMP)
		return NFIPSEC_IN_COMP_NESTED;
	if (skb->len < l3->l4_off + sizeof(struct nfipsec_comp_hdr))
		return NFIPSEC_IN_COMP_DATA;
	if (!comp)
		return NFIPSEC_IN_COMP_CPI;
	*next = comp;
	return open_comp(nn, sa, comp, skb, l3, flow);
}

/*
 * The SA that what came out of @sa is for, NULL if it is for none. If it is one of
 * IPComp the packet is decompressed then, or was not compressed.
 */
static enum nfipsec_reason next_sa(const struct nfipsec_net *nn,
				   const struct nfipsec_sa *sa,
				   struct sk_buff *skb, struct nfipsec_l3 *l3,
				   struct nfipsec_flow *flow,
				   struct nfipsec_sa **next)
{
	struct nfipsec_sa *found = NULL;

	*next = NULL;
	if (l3->frag)
		return NFIPSEC_OK;
	if (l3->proto == IPPROTO_COMP)
		return next_comp(nn, sa, skb, l3, flow, next);
	if (nfipsec_is_ipsec(l3->proto))
		found = find_sa(nn, skb, l3, flow);
	else if (sa->key.proto != IPPROTO_COMP &&
		 (l3->proto == IPPROTO_IPIP || l3->proto == IPPROTO_IPV6))
		found = nfipsec_sad_find_plain(nn, flow, READ_ONCE(sa->reqid));
	if (found && is_next(nn, found, flow))
		*next = found;
	return NFIPSEC_OK;
}

/*
 * Out of all SAs that the packet is in. @sa is the outermost and in the end the
 * last that was opened, or could not be.
 */
static enum nfipsec_reason leave_sas(struct nfipsec_net *nn,
				     struct nfipsec_sa **sa,
				     struct sk_buff *skb,
				     struct nfipsec_l3 *l3,
				     struct nfipsec_flow *flow,
				     struct nfipsec_opened *in)
{
	enum nfipsec_reason reason;
	struct nfipsec_sa *next;

	in->chain.len = 0;
	in->received = BIT(0);
	for (;;) {
		reason = leave_sa(nn, *sa, skb, l3, flow);
		if (reason)
			return reason;
		opened_add(in, *sa, skb->len);
		reason = next_sa(nn, *sa, skb, l3, flow, &next);
		if (reason || !next)
			return reason;
		if (in->chain.len == NFIPSEC_TMPL_MAX)
			return NFIPSEC_IN_NESTED;
		reason = nfipsec_admit_selector(*sa, flow);
		if (reason)
			return reason;
		/* What IPComp is around is no packet of its own. */
		if (next->key.proto != IPPROTO_COMP &&
		    !nfipsec_admit_policy(nn, in, flow))
			in->received |= BIT(in->chain.len);
		*sa = next;
	}
}

static bool all_there(const struct nfipsec_chain *chain, u64 gen)
{
	unsigned int i;

	for (i = 0; i < chain->len; i++)
		if (!nfipsec_sa_is_there(chain->sa[i], gen))
			return false;
	return true;
}

/*
 * By the policies of one state, in which its SAs are there too. What those of
 * before @gen said of the packets around it does not count then.
 */
static enum nfipsec_reason admit(const struct nfipsec_net *nn, u64 gen,
				 struct nfipsec_opened *in,
				 const struct sk_buff *skb,
				 const struct nfipsec_l3 *l3,
				 const struct nfipsec_flow *flow)
{
	enum nfipsec_reason reason;

	do {
		if (unlikely(nfipsec_net_gen_changed(nn, gen)))
			in->received = BIT(0);
		gen = nfipsec_net_gen(nn);
		reason = all_there(&in->chain, gen) ?
			 nfipsec_admit(nn, in, skb, l3, flow) :
			 NFIPSEC_IN_NO_SA;
	} while (unlikely(nfipsec_net_gen_changed(nn, gen)));
	return reason;
}

/* A packet for one of our SAs: consumed. */
static void input_sa(struct nfipsec_net *nn, struct nfipsec_sa *sa,
		     struct sk_buff *skb, const struct nfipsec_l3 *outer,
		     const struct nfipsec_flow *outer_flow)
{
	struct nfipsec_flow flow = *outer_flow;
	struct nfipsec_l3 l3 = *outer;
	enum nfipsec_reason reason;
	struct nfipsec_opened in nfipsec_noinit;
	bool off = softirq_count();
	unsigned int i;
	u64 gen = nfipsec_net_gen(nn);

	/* The tag's reference counts and the replay lock want it. */
	if (unlikely(!off))
		local_bh_disable();
	reason = leave_sas(nn, &sa, skb, &l3, &flow, &in);
	if (!reason)
		reason = admit(nn, gen, &in, skb, &l3, &flow);

	if (reason) {
		nfipsec_sa_count_drop(sa, reason);
		nfipsec_drop_sa(nn, skb, sa, reason);
	} else if (nfipsec_reinject_in(nn, skb, outer_flow->meta.iif)) {
		for (i = 0; i < in.chain.len; i++)
			nfipsec_sa_count(in.chain.sa[i], in.bytes[i]);
	}
	if (unlikely(!off))
		local_bh_enable();
}

/*
 * ESP or AH, also in UDP. Returns true if the packet is consumed. Sets @settled
 * if it may go on without being judged as clear traffic.
 *
 * An SA that says it is for receiving is served at PRE_ROUTING; one that does
 * not say may also be one for sending to somebody else, whose packets pass
 * through here: it is served where the packet is known to be for this host.
 * So is one to a group: who is a member of it, the stack tells by then.
 */
static bool ipsec(struct nfipsec_net *nn, struct sk_buff *skb,
		  const struct nfipsec_l3 *l3, const struct nfipsec_flow *flow,
		  enum nfipsec_where where, bool *settled)
{
	struct nfipsec_sa *sa;

	sa = find_sa(nn, skb, l3, flow);
	if (sa)
		nfipsec_sa_prefetch(sa, false);
	if (sa && (known_local(where) ||
		   (sa->dir == NFIPSEC_DIR_IN && !nfipsec_to_group(flow)))) {
		input_sa(nn, sa, skb, l3, flow);
		return true;
	}
	if (sa && nfipsec_to_group(flow)) {
		*settled = true;
		return false;
	}
	if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
		return false;

	/* Not for XFRM but for a socket: policy may have something against it. */
	*settled = sa || l3->proto != IPPROTO_UDP || !xfrm_in_use(nn->net);
	if (sa || xfrm_in_use(nn->net) || !nfipsec_sad_any(nn))
		return false;
	nfipsec_drop(nn, skb, NFIPSEC_IN_NO_SA);
	return true;
}

/* Each datagram goes the way it would have gone by itself. Consumes @skb. */
static void split(struct nfipsec_net *nn, struct sk_buff *skb, u8 family,
		  enum nfipsec_where where)
{
	struct sk_buff *seg, *next;

	skb = nfipsec_natt_split(nn, skb);
	skb_list_walk_safe(skb, seg, next) {
		skb_mark_not_on_list(seg);
		if (!nfipsec_input(nn, seg, family, where))
			nfipsec_reinject_back(nn, seg);
	}
}

/* A super-packet for this host: true if it was that, and is consumed. */
static bool taken_apart(struct nfipsec_net *nn, struct sk_buff *skb,
			const struct nfipsec_flow *flow,
			enum nfipsec_where where)
{
	if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
		return false;
	split(nn, skb, flow->family, where);
	return true;
}

/*
 * UDP to a port on which an SA receives. Returns true if the packet is
 * consumed. Sets @settled as ipsec() does.
 */
static bool udp(struct nfipsec_net *nn, struct sk_buff *skb,
		struct nfipsec_l3 *l3, const struct nfipsec_flow *flow,
		enum nfipsec_where where, bool *settled)
{
	if (skb_is_gso(skb))
		return taken_apart(nn, skb, flow, where);
	switch (nfipsec_natt_parse(skb, l3)) {
	case NFIPSEC_NATT_ESP:
		return ipsec(nn, skb, l3, flow, where, settled);
	case NFIPSEC_NATT_KEEPALIVE:
		if (!known_local(where) && !nfipsec_to_local(nn->net, flow))
			return false;
		nfipsec_drop(nn, skb, NFIPSEC_IN_KEEPALIVE);
		return true;
	case NFIPSEC_NATT_OTHER:
		break;
	}
	return false;
}

/*
 * May a packet for this host be one that is looked at there once more? ESP, AH,
 * ICMP errors; IPComp is inside others. Soon seen of most: nothing is parsed.
 */
static bool may_concern(const struct nfipsec_net *nn, const struct sk_buff *skb,
			u8 family)
{
	u8 proto = family == AF_INET ? ip_hdr(skb)->protocol :
				       ipv6_hdr(skb)->nexthdr;

	if (proto == IPPROTO_UDP)
		return READ_ONCE(nn->udpsa.count);
	return proto != IPPROTO_TCP;
}

/*
 * A packet that has to be looked at; @judge: by policy too. Not in nfipsec_input(),
 * which is through with most packets and needs none of this for it.
 */
static noinline bool look(struct nfipsec_net *nn, struct sk_buff *skb,
			  u8 family, enum nfipsec_where where, bool judge)
{
	struct nfipsec_flow flow nfipsec_noinit;
	struct nfipsec_l3 l3 nfipsec_noinit;
	bool settled = false;
	bool learn = false;

	if (!nfipsec_flow_plain(skb, family, &l3, &flow) &&
	    (!nfipsec_l3_parse(skb, family, &l3) ||
	     !nfipsec_flow_parse(skb, &l3, &flow))) {
		if (judge)
			nfipsec_drop(nn, skb, NFIPSEC_IN_HEADER);
		return judge;
	}
	nfipsec_meta_in(skb, family, &flow.meta);

	if (l3.frag && where < NFIPSEC_AT_BRIDGE_IN) {
		if (where != NFIPSEC_AT_FRAGMENTS)
			return false;
		if (nfipsec_clear_gathers(nn, &l3, &flow, judge))
			return nfipsec_defrag(nn, skb, &l3);
	} else if (where == NFIPSEC_AT_FRAGMENTS) {
		return false;
	} else if (!l3.frag && nfipsec_is_ipsec(l3.proto)) {
		/* No device has one, but tc can send here what was to leave. */
		if (skb_is_gso(skb) ?
		    taken_apart(nn, skb, &flow, where) :
		    ipsec(nn, skb, &l3, &flow, where, &settled))
			return true;
	} else if (!l3.frag && l3.proto == IPPROTO_UDP &&
		   nfipsec_udpsa_port(nn, family, htons(flow.dport))) {
		if (udp(nn, skb, &l3, &flow, where, &settled))
			return true;
	} else if (where == NFIPSEC_AT_LOCAL_IN ||
		   where == NFIPSEC_AT_BRIDGE_IN) {
		learn = true;
	}
	if (judge && !settled && nfipsec_clear_drop(nn, skb, &l3, &flow))
		return true;
	if (learn)
		nfipsec_pmtu_learn(nn, skb, &l3);
	return false;
}

/**
 * nfipsec_input() - open or judge a packet that came in
 * @nn: namespace
 * @skb: packet, starting with its IP header, not tagged
 * @family: AF_INET or AF_INET6
 * @where: which hook asks
 *
 * Fragments are judged before they are put together, by what all fragments of
 * a datagram show alike, or are put together among themselves; so one that came
 * in the clear cannot complete one that was protected (RFC 4301 section 7).
 * Context: under rcu_read_lock(), process or softirq.
 * Return: true if the packet is consumed.
 */
bool nfipsec_input(struct nfipsec_net *nn, struct sk_buff *skb, u8 family,
		   enum nfipsec_where where)
{
	bool judge = READ_ONCE(nn->spd.active[NFIPSEC_SPD_IN]);

	if (!judge && !nfipsec_sad_any(nn))
		return false;
	if (where == NFIPSEC_AT_LOCAL_IN) {
		if (!may_concern(nn, skb, family))
			return false;
		judge = false;
	}
	return look(nn, skb, family, where, judge);
}

/* As the stack hands it over. */
static void receive_early(struct sk_buff *skb, u8 family)
{
	if (family == AF_INET) {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	} else {
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		IP6CB(skb)->iif = skb->dev->ifindex;
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	skb->skb_iif = skb->dev->ifindex;
	skb_orphan(skb);
}

/**
 * nfipsec_input_early() - open ESP that the stack has not received yet
 * @nn: namespace
 * @skb: packet, starting with its IP header, the offsets of its headers set; its
 *	control block is another's
 * @family: AF_INET or AF_INET6
 *
 * What nfipsec_input() would do with it at PRE_ROUTING, of most packets of ESP.
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: true if the packet is consumed; else it is as it was.
 */
bool nfipsec_input_early(struct nfipsec_net *nn, struct sk_buff *skb,
			 u8 family)
{
	struct nfipsec_flow flow nfipsec_noinit;
	struct nfipsec_l3 l3 nfipsec_noinit;
	struct nfipsec_sa *sa;

	if (!nfipsec_sad_any(nn) || skb_is_gso(skb))
		return false;
	if (!nfipsec_flow_plain(skb, family, &l3, &flow) &&
	    (family == AF_INET || !nfipsec_l3_parse(skb, family, &l3) ||
	     !nfipsec_flow_parse(skb, &l3, &flow)))
		return false;
	if (l3.proto != IPPROTO_ESP || l3.frag || skb->len < l3.len)
		return false;
	flow.meta = (struct nfipsec_meta){
		.iif = skb->dev->ifindex,
		.mark = skb->mark,
	};
	sa = find_sa(nn, skb, &l3, &flow);
	if (!sa || sa->dir != NFIPSEC_DIR_IN || nfipsec_to_group(&flow))
		return false;
	nfipsec_sa_prefetch(sa, false);
	receive_early(skb, family);
	input_sa(nn, sa, skb, &l3, &flow);
	return true;
}
