// SPDX-License-Identifier: GPL-2.0-only
/* Path MTU on the way out (RFC 4301 sections 8.1 and 8.2). */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/dst.h>
#include <net/gso.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/lwtunnel.h>
#include <net/tcp.h>

#include "beet.h"
#include "encap.h"
#include "flow.h"
#include "net.h"
#include "path.h"
#include "pmtu.h"
#include "reinject.h"
#include "sad.h"

/* RFC 5925: TCP-AO. */
#define TCP_OPTION_AO	29
/* RFC 791: every path takes this much. */
#define IPV4_PATH_MIN	68
/*
 * RFC 2675: the header that older kernels put into super-packets of TCP over
 * IPv6 above 64 kB, for their length, and take out when they cut them.
 */
#define JUMBO_HLEN	8

/**
 * nfipsec_pmtu_shared() - does a packet share its route with the ESP packet?
 * @sa: SA
 * @flow: the packet's addresses
 *
 * Of such a route two things are asked: what the path takes, and what a local
 * sender may send on it. The kernel keeps one number. Were the second taken
 * for the first, it would shrink with each packet. So once a local sender was
 * told, the ESP packets do not ask what the route has learned, and local TCP is
 * not told but has its segments cut.
 * Context: any.
 * Return: true if it does.
 */
bool nfipsec_pmtu_shared(const struct nfipsec_sa *sa,
			 const struct nfipsec_flow *flow)
{
	return flow->family == sa->key.family &&
	       nfipsec_addr_equal(&flow->daddr, &sa->key.daddr);
}

/* By peer and not by SA, since the route is the peer's. */
static unsigned int told_bit(const struct nfipsec_sa *sa)
{
	return nfipsec_sad_peer_hash(sa->key.family, &sa->key.daddr) %
	       NFIPSEC_TOLD_BITS;
}

/**
 * nfipsec_pmtu_told() - may a route say what local senders were told?
 * @nn: namespace
 * @sa: SA to whose peer it leads
 *
 * Ask it after the route. A peer that shares its bit with another one only has
 * to find out with a packet of its own what its route knew.
 * Context: any.
 * Return: true if it may.
 */
bool nfipsec_pmtu_told(const struct nfipsec_net *nn,
		       const struct nfipsec_sa *sa)
{
	/* Pairs with nfipsec_pmtu_tell(), which writes the route after it. */
	smp_rmb();
	return unlikely(READ_ONCE(nn->told_any)) &&
	       test_bit(told_bit(sa), nn->told);
}

/* What the route takes by itself: its own MTU, or its device's. */
static unsigned int configured_mtu(const struct dst_entry *dst)
{
	const struct fib6_info *from;
	unsigned int mtu = 0;

	/* Not as the stack asks for what is forwarded: a setting may be against it. */
	if (dst->ops->family == AF_INET) {
		mtu = dst_metric_raw(dst, RTAX_MTU) ?: READ_ONCE(dst->dev->mtu);
		return min(mtu, IP_MAX_MTU) -
		       lwtunnel_headroom(dst->lwtstate, mtu);
	}
	/* What is forwarded goes by what an IPv6 route has learned, too. */
	rcu_read_lock();
	from = rcu_dereference(container_of(dst, struct rt6_info, dst)->from);
	if (from)
		mtu = READ_ONCE(from->fib6_pmtu);
	rcu_read_unlock();
	if (!mtu)
		return ip6_dst_mtu_maybe_forward(dst, true);
	mtu = min_t(unsigned int, mtu, IP6_MAX_MTU);
	return mtu - lwtunnel_headroom(dst->lwtstate, mtu);
}

/*
 * What the route says, unless that may be what local senders were told. What
 * routers say of its packets, an SA remembers itself.
 */
static unsigned int route_mtu(const struct nfipsec_net *nn,
			      const struct nfipsec_sa *sa,
			      const struct dst_entry *dst)
{
	unsigned int mtu = dst_mtu(dst);

	return nfipsec_pmtu_told(nn, sa) ? configured_mtu(dst) : mtu;
}

/* What the SA learned of its path, until that is too long ago; 0 is nothing. */
static unsigned int learned_mtu(const struct nfipsec_sa *sa)
{
	u64 path = atomic64_read(&sa->path);

	return path ? nfipsec_path_mtu(path, ktime_get_seconds()) : 0;
}

static unsigned int path_mtu(const struct nfipsec_net *nn,
			     const struct nfipsec_sa *sa,
			     const struct dst_entry *dst)
{
	return min_not_zero(learned_mtu(sa), route_mtu(nn, sa, dst));
}

/**
 * nfipsec_pmtu_path() - largest packet that the path takes
 * @nn: namespace
 * @chain: SAs that packets go through
 * @sa: the one whose peer they are then sent to
 * @dst: route they take
 *
 * Context: any.
 * Return: bytes, IP header included.
 */
unsigned int nfipsec_pmtu_path(const struct nfipsec_net *nn,
			       const struct nfipsec_chain *chain,
			       const struct nfipsec_sa *sa,
			       const struct dst_entry *dst)
{
	/*
	 * Routers quote the outermost header, and that may be another SA's. Where that
	 * ends, see nfipsec_pmtu_inner().
	 */
	return min_not_zero(path_mtu(nn, sa, dst),
			    learned_mtu(chain->sa[chain->len - 1]));
}

/* Bytes of headers of a packet that what is cut out of it does not have. */
static unsigned int jumbo_hlen(const struct nfipsec_l3 *l3)
{
	if (l3->len || l3->family != AF_INET6 || l3->proto != IPPROTO_TCP ||
	    l3->l4_off != sizeof(struct ipv6hdr) + JUMBO_HLEN)
		return 0;
	return JUMBO_HLEN;
}

/*
 * Bytes of headers in front of that of SA number @i: its own tunnel's, or of
 * transport mode those that the packet has by then.
 */
static unsigned int head_len(const struct nfipsec_chain *chain, unsigned int i,
			     const struct nfipsec_l3 *l3)
{
	const struct nfipsec_sa *sa;
	unsigned int len;

	while (i && chain->sa[i]->mode == NFIPSEC_MODE_TRANSPORT)
		i--;
	sa = chain->sa[i];
	len = nfipsec_encap_overhead(sa, l3);
	return sa->mode == NFIPSEC_MODE_TRANSPORT ? len - jumbo_hlen(l3) : len;
}

/**
 * nfipsec_pmtu_inner() - largest packet that fits the path encapsulated
 * @chain: SAs it will go through
 * @mtu: from nfipsec_pmtu_path()
 * @l3: layout of the packet to be sent
 * @fit: the same, but what fits indeed; may be less than any packet has
 *
 * Context: any.
 * Return: bytes, IP header included; never less than the family's minimum,
 * below which the outer packet is fragmented instead.
 */
unsigned int nfipsec_pmtu_inner(const struct nfipsec_chain *chain,
				unsigned int mtu, const struct nfipsec_l3 *l3,
				unsigned int *fit)
{
	unsigned int min = l3->family == AF_INET ? IPV4_PATH_MIN :
						   IPV6_MIN_MTU;
	unsigned int i, head, learned;

	for (i = chain->len; i-- > 0;) {
		/* Behind the end of those around it routers quote this one's. */
		learned = i + 1 < chain->len ? learned_mtu(chain->sa[i]) : 0;
		/* Of @mtu 0 is that nothing fits. */
		if (learned)
			mtu = min(mtu, learned);
		head = head_len(chain, i, l3);
		mtu = mtu > head ? nfipsec_encap_payload_max(chain->sa[i],
							     mtu - head) : 0;
		if (chain->sa[i]->mode == NFIPSEC_MODE_TRANSPORT)
			mtu += head;
		else if (chain->sa[i]->mode == NFIPSEC_MODE_BEET && mtu)
			mtu += nfipsec_beet_shed(l3);
	}
	*fit = mtu;
	return max(mtu, min);
}

/* In the other modes DF is the packet's own and comes out again behind. */
static bool no_discovery(const struct nfipsec_sa *sa)
{
	return sa->mode == NFIPSEC_MODE_TUNNEL &&
	       sa->outer.df == NFIPSEC_DF_CLEAR;
}

static bool too_big(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
		    unsigned int mtu)
{
	if (!skb_is_gso(skb))
		return skb->len > mtu;
	/* All headers are counted. The kernel itself does not ask of such ones. */
	return !skb_gso_validate_network_len(skb, mtu + jumbo_hlen(l3));
}

/*
 * Who sends datagrams over IPv6 may want to be told instead, whatever path MTU
 * discovery does otherwise (RFC 3542 section 11.2).
 */
static bool forbids_fragments(const struct sock *sk)
{
	return sk && sk_fullsock(sk) && sk->sk_family == AF_INET6 &&
	       sk->sk_protocol != IPPROTO_TCP && inet6_test_bit(DONTFRAG, sk);
}

/**
 * nfipsec_pmtu_fits() - may this packet go on?
 * @sa: SA
 * @skb: packet to be sent, starting with its IP header
 * @l3: its layout
 * @mtu: from nfipsec_pmtu_inner()
 *
 * Context: any.
 * Return: false if it is too big and its sender forbids fragments.
 */
bool nfipsec_pmtu_fits(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		       const struct nfipsec_l3 *l3, unsigned int mtu)
{
	if (!too_big(skb, l3, mtu))
		return true;
	if (skb->ignore_df)
		return l3->family == AF_INET || !forbids_fragments(skb->sk);
	if (l3->family == AF_INET6)
		return false;
	if (no_discovery(sa))
		return true;
	return !(ip_hdr(skb)->frag_off & htons(IP_DF));
}

/**
 * nfipsec_pmtu_df() - does the outer IPv4 header get DF?
 * @sa: SA
 * @skb: packet to be sent, before it is encapsulated
 * @l3: its layout
 * @fit: from nfipsec_pmtu_inner()
 *
 * As the SA says; IPv6 forbids fragments always. A packet that goes on although
 * it is too big must be fragmented outside.
 * Context: any.
 * Return: true for DF.
 */
bool nfipsec_pmtu_df(const struct nfipsec_sa *sa, const struct sk_buff *skb,
		     const struct nfipsec_l3 *l3, unsigned int fit)
{
	bool inner = l3->family == AF_INET6 ||
		     (ip_hdr(skb)->frag_off & htons(IP_DF));

	if (too_big(skb, l3, fit))
		return false;
	return sa->mode == NFIPSEC_MODE_TUNNEL ?
	       nfipsec_outer_df(&sa->outer, inner) : inner;
}

/* RFC 2385 and RFC 5925: a signature covers the segment as it is. */
static bool tcp_is_signed(const struct sk_buff *skb, int off,
			  const struct tcphdr *th)
{
	unsigned int len = th->doff * 4 - sizeof(*th);
	const u8 *opt;
	u8 buf[40];

	opt = skb_header_pointer(skb, off + sizeof(*th), len, buf);
	if (!opt)
		return true;
	while (len > 1 && *opt != TCPOPT_EOL) {
		unsigned int n = *opt == TCPOPT_NOP ? 1 : opt[1];

		if (*opt == TCPOPT_MD5SIG || *opt == TCP_OPTION_AO)
			return true;
		if (!n || n > len)
			return true;
		opt += n;
		len -= n;
	}
	return false;
}

/**
 * nfipsec_pmtu_shrink() - have a local TCP packet cut to what fits
 * @skb: packet that does not fit; stays the caller's, a super-packet on
 *	success
 * @l3: its layout
 * @mtu: what would fit
 *
 * TCP numbers bytes, so it does not mind where they are parted; but for a SYN, which
 * would be there twice, and an urgent pointer, which is counted from its header.
 * Context: process or softirq.
 * Return: NFIPSEC_OK; NFIPSEC_OUT_TOO_BIG if it is not such a packet;
 * NFIPSEC_OUT_NOMEM.
 */
enum nfipsec_reason nfipsec_pmtu_shrink(struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					unsigned int mtu)
{
	int nhoff = skb_network_offset(skb);
	const struct tcphdr *th;
	unsigned int hlen;
	struct tcphdr buf;

	/* skb_iif is only set on what came in from somewhere. */
	if (skb->skb_iif || l3->proto != IPPROTO_TCP || l3->frag ||
	    skb->ip_summed != CHECKSUM_PARTIAL)
		return NFIPSEC_OUT_TOO_BIG;
	th = skb_header_pointer(skb, nhoff + l3->l4_off, sizeof(buf), &buf);
	if (!th || th->doff * 4 < sizeof(*th) || th->syn || th->urg ||
	    tcp_is_signed(skb, nhoff + l3->l4_off, th))
		return NFIPSEC_OUT_TOO_BIG;
	hlen = l3->l4_off + th->doff * 4;
	mtu += jumbo_hlen(l3);
	if (hlen >= mtu || skb->len <= hlen)
		return NFIPSEC_OUT_TOO_BIG;
	/* The clone that waits for its ACK shares the fields set here. */
	if (skb_unclone(skb, GFP_ATOMIC))
		return NFIPSEC_OUT_NOMEM;

	/* What TCP says there of ECN stays. */
	if (!skb_is_gso(skb))
		skb_shinfo(skb)->gso_type |= l3->family == AF_INET ?
					     SKB_GSO_TCPV4 : SKB_GSO_TCPV6;
	skb_shinfo(skb)->gso_size = mtu - hlen;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len - hlen, mtu - hlen);
	return NFIPSEC_OK;
}

/**
 * nfipsec_pmtu_tell() - tell the sender what would fit
 * @nn: namespace
 * @sa: SA
 * @skb: packet that does not fit, with its own route; stays the caller's
 * @l3: its layout
 * @mtu: what would fit
 * @shared: from nfipsec_pmtu_shared()
 *
 * A socket of this host learns it from its route and from the error, a host
 * behind us from the error. Conntrack's view of a translated source address
 * is undone on the way. Nobody is told if the packet's own route is dead.
 * Context: under rcu_read_lock(), process or softirq, outside locks.
 */
void nfipsec_pmtu_tell(struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		       struct sk_buff *skb, const struct nfipsec_l3 *l3,
		       unsigned int mtu, bool shared)
{
	struct net_device *dev;

	/* The stack would take the host's first namespace for this one. */
	if (nfipsec_reinject_is_dead(skb_dst(skb)))
		return;
	/* A sender behind us does not write into our route. */
	if (shared && !skb->skb_iif) {
		set_bit(told_bit(sa), nn->told);
		WRITE_ONCE(nn->told_any, true);
		/* Who reads it from the route knows, see nfipsec_pmtu_told(). */
		smp_wmb();
	}
	if (!skb->skb_iif)
		skb_dst_update_pmtu_no_confirm(skb, mtu);
	/* The way back to who sent it is that of the link, or the VRF, it came by. */
	dev = skb->dev;
	if (skb->skb_iif)
		skb->dev = dev_get_by_index_rcu(nn->net, skb->skb_iif) ?: dev;
	if (l3->family == AF_INET)
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	skb->dev = dev;
}
