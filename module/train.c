// SPDX-License-Identifier: GPL-2.0-only
/*
 * A super-packet of TCP is sealed segment by segment, and what comes of it goes
 * down the stack as one super-packet again, a train: hooks, routing and queues see
 * it once, as they saw that of TCP. It is the first ESP packet, with the others behind
 * it in its list of fragments, and is taken apart where a device gets it: by gso.c, or
 * if it is in UDP by the kernel itself.
 */
#include <linux/in_route.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <linux/user_namespace.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/route.h>

#include "crypto.h"
#include "gso.h"
#include "policy.h"
#include "proto.h"
#include "train.h"

static bool gso = true;
module_param(gso, bool, 0644);
MODULE_PARM_DESC(gso, "Sealed super-packets leave as one (default: on)");

static bool gso_udp;
module_param(gso_udp, bool, 0644);
MODULE_PARM_DESC(gso_udp, "Those in UDP also by devices that pass them on as one (default: off)");

/*
 * Two CPUs that use one SA, each with a train, give them numbers at the same time and
 * send them one after the other: so many packets, twice, are as many as the smallest
 * replay window there is takes (RFC 4303 section 3.4.3), in either order. These two
 * alone: what has numbers between theirs besides, short packets of the other CPU or
 * those of a third, puts the first number of the later that much farther behind.
 */
#define TRAIN_MAX	16
/* More than Ethernet's, a tag's, and those of VXLAN over IPv6. */
#define UDP_HEADROOM	128
/* Those of IP, UDP and ESP of one SA, at most. */
#define HEADERS		(sizeof(struct ipv6hdr) + sizeof(struct udphdr) + \
			 sizeof(struct nfipsec_esp_hdr) + NFIPSEC_IV_MAX)

static bool to_many(const struct nfipsec_sa *sa, const struct dst_entry *dst)
{
	if (sa->key.family == AF_INET6)
		return ipv6_addr_is_multicast(&sa->key.daddr.in6);
	return ((const struct rtable *)dst)->rt_flags &
	       (RTCF_BROADCAST | RTCF_MULTICAST);
}

/* Linux 6.1 would take a train over IPv6 for a datagram to be fragmented. */
static bool all_fragmented(const struct dst_entry *dst)
{
	return dst_feature(dst, RTAX_FEATURE_ALLFRAG);
}

/*
 * In UDP, a device that can pass them on as one does: to a bridge, or out of a virtual
 * machine. Who takes them apart behind it is out of sight, and does not look whether
 * there is room for what was put around them until then. So that is for who knows.
 */
static bool passed_on(const struct net_device *dev)
{
	return net_gso_ok(dev->features, NFIPSEC_GSO_UDP);
}

/*
 * In the namespace of a user who is not the host's, devices say what he likes, and
 * routes and queues of his may have a packet elsewhere, behind our sight.
 */
static bool of_host(const struct dst_entry *dst)
{
	return dev_net(dst->dev)->user_ns == &init_user_ns;
}

/* Is there room for all that is put in front of a list in UDP on this route? */
static bool udp_may_go(const struct dst_entry *dst)
{
	return !dst->lwtstate && of_host(dst) &&
	       (READ_ONCE(gso_udp) || !passed_on(dst->dev));
}

/* Is what is in the outermost IP header under the ICV of AH? */
static bool under_ah(const struct nfipsec_chain *chain)
{
	unsigned int i;

	for (i = chain->len; i-- > 0;) {
		if (chain->sa[i]->key.proto == IPPROTO_AH)
			return true;
		if (nfipsec_sa_rehouses(chain->sa[i]))
			break;
	}
	return false;
}

/**
 * nfipsec_train_start() - begin with none
 * @train: what may go together, written
 * @chain: SAs that they went through
 * @dst: route they will take
 *
 * What AH covers is changed when packets are taken apart: they are numbered anew. A
 * route that puts headers of its own around them, or gives copies to listeners, wants
 * them one by one. UDP over IPv6 has a checksum, which is left to the device.
 * Context: any.
 */
void nfipsec_train_start(struct nfipsec_train *train,
			 const struct nfipsec_chain *chain,
			 const struct dst_entry *dst)
{
	const struct nfipsec_sa *sa = chain->sa[chain->len - 1];
	bool ipv4 = sa->key.family == AF_INET;

	memset(train, 0, sizeof(*train));
	if (sa->key.proto != IPPROTO_ESP || under_ah(chain) || dst->lwtstate ||
	    to_many(sa, dst) || all_fragmented(dst) || !READ_ONCE(gso))
		return;
	if (!sa->encap.type && nfipsec_gso_have(sa->key.family)) {
		train->type = NFIPSEC_GSO_ESP;
	} else if (sa->encap.type && ipv4 && udp_may_go(dst)) {
		train->type = NFIPSEC_GSO_UDP;
		train->hlen = sizeof(struct udphdr);
	}
}

/* None is longer than the head; none but the last is shorter; all are one sender's. */
static bool fits(const struct nfipsec_train *train, const struct sk_buff *skb)
{
	const struct sk_buff *head = train->head;
	unsigned int len = skb->len - skb_transport_offset(skb) - train->hlen;

	if (skb_is_nonlinear(skb) || skb->len > skb_headlen(head) ||
	    head->len + len > IP_MAX_MTU ||
	    skb->sk != head->sk || skb->destructor != head->destructor ||
	    skb_shinfo(head)->gso_segs == TRAIN_MAX)
		return false;
	if (!train->tail)
		return !skb_is_nonlinear(head);
	return train->tail->len == skb_shinfo(head)->gso_size;
}

/*
 * The kernel takes a list apart only if no socket is charged for it; and it puts the
 * headers of links and tunnels that the head got into the headroom of the others, and
 * does not look whether there is some.
 */
static bool fit_for_udp(const struct sk_buff *skb)
{
	return !skb->sk && skb_headroom(skb) >= UDP_HEADROOM;
}

static void put_first(const struct nfipsec_train *train, struct sk_buff *skb)
{
	struct sk_buff *head = train->head;
	struct skb_shared_info *info = skb_shinfo(head);

	info->gso_type = train->type;
	info->gso_segs = 1;
	info->gso_size = head->len - skb_transport_offset(head) - train->hlen;
	info->frag_list = skb;
	/* Else it would be taken apart also for who takes all of it. */
	if (train->type == NFIPSEC_GSO_UDP)
		head->ip_summed = CHECKSUM_UNNECESSARY;
}

/*
 * Its sender wants to be told when it leaves: for that it has to know its socket, which
 * of a list only the head does, and only until that is taken apart.
 */
static bool is_reported(const struct sk_buff *skb)
{
	return skb->sk && skb_shinfo(skb)->tx_flags & SKBTX_ANY_TSTAMP;
}

/**
 * nfipsec_train_join() - put a packet behind those that go together
 * @train: from nfipsec_train_start()
 * @skb: sealed packet of the same super-packet, by the same SAs, starting with its
 *	outer IP header, its transport header that of UDP or ESP; @train's on
 *	success, else the caller's
 * @df: that header has DF
 *
 * Context: any.
 * Return: false if it cannot: @train must leave first, or @skb goes alone.
 */
bool nfipsec_train_join(struct nfipsec_train *train, struct sk_buff *skb, bool df)
{
	struct sk_buff *head = train->head;

	if (!train->type || is_reported(skb) ||
	    (train->type == NFIPSEC_GSO_UDP && !fit_for_udp(skb)))
		return false;
	if (!head) {
		train->head = skb;
		train->df = df;
		return true;
	}
	if (df != train->df || !fits(train, skb))
		return false;

	if (train->tail)
		train->tail->next = skb;
	else
		put_first(train, skb);
	train->tail = skb;

	/* The head has all of this for it. */
	nfipsec_gso_charge(head, skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	skb_metadata_clear(skb);
	skb_pull(skb, skb_transport_offset(skb) + train->hlen);
	skb_shinfo(head)->gso_segs++;
	head->len += skb->len;
	head->data_len += skb->len;
	return true;
}

/**
 * nfipsec_train_room() - headroom that a super-packet's segments shall have
 * @train: from nfipsec_train_start()
 * @dst: route they will take
 *
 * Context: any.
 * Return: bytes in front of the inner IP header.
 */
unsigned int nfipsec_train_room(const struct nfipsec_train *train,
				const struct dst_entry *dst)
{
	return train->type == NFIPSEC_GSO_UDP ? UDP_HEADROOM + HEADERS :
		LL_RESERVED_SPACE(dst->dev) + HEADERS;
}

/**
 * nfipsec_train_leave() - end of those that go together
 * @train: they; none on return
 * @net: namespace, if the outer header is none of the sender's
 *
 * Context: any.
 * Return: one packet, the caller's, or NULL if there is none.
 */
struct sk_buff *nfipsec_train_leave(struct nfipsec_train *train,
				    struct net *net)
{
	struct sk_buff *skb = train->head;

	if (!train->tail)
		goto out;
	/* The kernel gives the head its own length back. */
	if (train->type == NFIPSEC_GSO_UDP)
		udp_hdr(skb)->len = htons(skb->len -
					  skb_transport_offset(skb));
	/*
	 * Taken apart, they are numbered on from the head's. What each got when
	 * it was sealed need not follow that: others were sealed meanwhile.
	 */
	if (net && !train->df && ip_hdr(skb)->version == 4)
		__ip_select_ident(net, ip_hdr(skb), skb_shinfo(skb)->gso_segs);
out:
	train->head = NULL;
	train->tail = NULL;
	return skb;
}

static bool is_udp_train(const struct sk_buff *skb)
{
	return skb_is_gso(skb) && skb_shinfo(skb)->gso_type == NFIPSEC_GSO_UDP;
}

/**
 * nfipsec_train_strayed() - is a train where it may not go as one?
 * @skb: what left, with its route, at POST_ROUTING
 *
 * Rules at LOCAL_OUT may have sent it another way than nfipsec_train_start() knew.
 * Context: any.
 * Return: true if it has to be taken apart before it goes on.
 */
bool nfipsec_train_strayed(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	if (!dst || !skb_is_gso(skb))
		return false;
	switch (skb_shinfo(skb)->gso_type) {
	case NFIPSEC_GSO_UDP:
		return !udp_may_go(dst);
	case NFIPSEC_GSO_ESP:
		return all_fragmented(dst);
	default:
		return false;
	}
}

/**
 * nfipsec_train_same_headers() - have all packets of a train say what the head does
 * @skb: what left, starting with its IP header, when the host's rules are
 *	through with it; stays the caller's
 *
 * Who takes UDP apart sees to addresses and ports, and to nothing else.
 * Context: any.
 */
void nfipsec_train_same_headers(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct sk_buff *seg;
	struct iphdr *own;

	if (!is_udp_train(skb))
		return;
	skb_walk_frags(skb, seg) {
		own = ip_hdr(seg);
		if ((own->tos == iph->tos && own->ttl == iph->ttl &&
		     own->frag_off == iph->frag_off) || skb_shared(seg))
			return;
		own->tos = iph->tos;
		own->ttl = iph->ttl;
		own->frag_off = iph->frag_off;
	}
}
