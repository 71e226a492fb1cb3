// SPDX-License-Identifier: GPL-2.0-only
/* See defrag.h. */
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "clear.h"
#include "defrag.h"
#include "drop.h"
#include "flow.h"
#include "net.h"
#include "proto.h"

/*
 * Beyond the users of enum ip6_defrag_users, and with each link below what no index
 * of one has: fragments meet only ours.
 */
#define DEFRAG6_USER	0xfe666970
#define DEFRAG6_LINK	BIT(31)
/*
 * Those for whom a router says nothing of fragments that lack others: of bridges
 * in the last of conntrack's zones. Links are few.
 */
#define DEFRAG4_USER	__IP_DEFRAG_CONNTRACK_BRIDGE_IN
#define DEFRAG4_LINKS	0x4000

/* It frees what it cannot use. */
static bool gather_ipv4(const struct nfipsec_net *nn, struct sk_buff *skb,
			bool judged, u32 link)
{
	u32 user = DEFRAG4_USER - judged;
	int err;

	if (link)
		user = DEFRAG4_USER - 2 - link % DEFRAG4_LINKS;
	local_bh_disable();
	err = ip_defrag(nn->net, skb, user);
	local_bh_enable();
	if (!err) {
		skb->ignore_df = 1;
		return false;
	}
	if (err != -EINPROGRESS)
		nfipsec_count(nn, err == -ENOMEM ? NFIPSEC_IN_NOMEM :
						   NFIPSEC_IN_HEADER);
	return true;
}

/*
 * Whole, it is for an SA, or not judged either: but to a group it may be, and for this
 * host where nobody has SAs. For others it has been.
 */
static bool left_to_stack(const struct nfipsec_net *nn,
			  const struct sk_buff *skb,
			  const struct nfipsec_l3 *l3, bool judged)
{
	return nfipsec_is_ipsec(l3->proto) &&
	       !ipv4_is_multicast(ip_hdr(skb)->daddr) &&
	       (judged || nfipsec_clear_never(nn));
}

/**
 * nfipsec_defrag() - put fragments together
 * @nn: namespace
 * @skb: fragment, starting with its IP header
 * @l3: its layout
 * @judged: policy lets this fragment come in the clear
 * @link: if not 0, only with those of this index of an interface; not if @judged
 *
 * IPv4 puts those of ESP and AH for this host together before LOCAL_IN, which is where
 * they are looked at if somebody has SAs; IPv6 only behind it, out of our sight, so that
 * it is done here, in queues of our own. So are those to a group, which are judged like
 * other packets unless there is an SA, which only the first one tells. Those of UDP too:
 * whether they are to be judged as clear traffic is known when they are whole. And all
 * that policy judges by what only the whole datagram shows (RFC 4301 section 7.4); of
 * IPv6 whatever is judged for this host, since what a fragment says of its protocol is
 * not what it is put together by. Only what came in the clear gets here, and so what came
 * in the clear completes nothing that was protected; nor does what was not judged yet
 * complete what was.
 * Context: under rcu_read_lock(), process or softirq.
 * Return: true if @skb is consumed; if not, it is the whole datagram, or it is
 * left to the stack.
 */
bool nfipsec_defrag(const struct nfipsec_net *nn, struct sk_buff *skb,
		    const struct nfipsec_l3 *l3, bool judged, u32 link)
{
	struct nfipsec_l3 whole;
	int err;

	if (l3->family == AF_INET)
		return !left_to_stack(nn, skb, l3, judged) &&
		       gather_ipv4(nn, skb, judged, link);
	err = nf_ct_frag6_gather(nn->net, skb, link ? DEFRAG6_LINK | link :
						      DEFRAG6_USER + judged);
	/* It also lets pass what it does not take for a fragment. */
	if (!err && nfipsec_l3_parse(skb, AF_INET6, &whole) && !whole.frag)
		return false;
	if (err != -EINPROGRESS)
		nfipsec_drop(nn, skb, err == -ENOMEM ? NFIPSEC_IN_NOMEM :
						       NFIPSEC_IN_HEADER);
	return true;
}
