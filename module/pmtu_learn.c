// SPDX-License-Identifier: GPL-2.0-only
/* What routers say of the path MTU of an SA's packets (RFC 4301 section 8.2.1). */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip6_route.h>
#include <net/route.h>
#include <net/sock.h>

#include "flow.h"
#include "net.h"
#include "path.h"
#include "pmtu_learn.h"
#include "proto.h"
#include "sad.h"

/* RFC 792: what an error quotes behind the IP header at least. */
#define QUOTE_MIN	8

/**
 * struct quote - what an ICMP error quotes of a packet
 * @key: as of the SA that would send it
 * @saddr: source address
 * @uh: UDP header in front of ESP, or zero
 * @esp: of ESP
 */
struct quote {
	struct nfipsec_sa_key key;
	union nfipsec_addr saddr;
	struct udphdr uh;
	struct nfipsec_esp_hdr esp;
};

/*
 * What stands at @off, behind the quoted IP header and its extensions. The number
 * of AH lies beyond what a router must quote, and is not asked for.
 */
static bool read_quote(const struct sk_buff *skb, unsigned int off, u8 proto,
		       struct quote *q)
{
	q->key.proto = proto;
	switch (proto) {
	case IPPROTO_AH:
		off += offsetof(struct nfipsec_ah_hdr, spi);
		return !skb_copy_bits(skb, off, &q->key.spi,
				      sizeof(q->key.spi));
	case IPPROTO_UDP:
		if (skb_copy_bits(skb, off, &q->uh, sizeof(q->uh)))
			return false;
		q->key.proto = IPPROTO_ESP;
		off += sizeof(q->uh);
		fallthrough;
	case IPPROTO_ESP:
		if (skb_copy_bits(skb, off, &q->esp, sizeof(q->esp)))
			return false;
		q->key.spi = q->esp.spi;
		return true;
	default:
		return false;
	}
}

/*
 * The SA that sent the packet that is quoted at @off, or NULL. If that was cut to
 * pieces, it is one of these that is quoted; the first has the ESP header.
 */
static struct nfipsec_sa *sender_of(const struct nfipsec_net *nn,
				    const struct sk_buff *skb,
				    unsigned int off, u8 family)
{
	const struct ipv6hdr *ip6 = (struct ipv6hdr *)(skb->data + off);
	const struct iphdr *iph = (struct iphdr *)(skb->data + off);
	struct quote q = { .key.family = family };
	struct nfipsec_sa *sa;
	struct nfipsec_l3 l3;

	if (!nfipsec_l3_parse_at(skb, off, family, &l3) || l3.later ||
	    !read_quote(skb, off + l3.l4_off, l3.proto, &q))
		return NULL;
	if (family == AF_INET) {
		q.saddr.ip = iph->saddr;
		q.key.daddr.ip = iph->daddr;
	} else {
		q.saddr.in6 = ip6->saddr;
		q.key.daddr.in6 = ip6->daddr;
	}
	sa = nfipsec_sad_find_sent(nn, &q.key, &q.saddr);
	if (!sa || sa->dir == NFIPSEC_DIR_IN ||
	    q.uh.source != sa->encap.sport || q.uh.dest != sa->encap.dport ||
	    !(nfipsec_sa_is_shared(sa) ||
	      nfipsec_addr_equal(&sa->saddr, &q.saddr)))
		return NULL;
	if (q.key.proto == IPPROTO_ESP &&
	    !nfipsec_path_quotes(atomic64_read(&sa->core->seq), ntohl(q.esp.seq)))
		return NULL;
	return sa;
}

static void learn(struct nfipsec_sa *sa, u32 mtu, bool ipv4)
{
	u64 old = atomic64_read(&sa->path);

	atomic64_cmpxchg(&sa->path, old,
			 nfipsec_path_learn(old, mtu, ipv4, ktime_get_seconds(),
					    sa->pmtu_age));
}

/**
 * nfipsec_pmtu_learn() - mind what a router says of our ESP and AH packets
 * @nn: namespace
 * @skb: packet for this host, starting with its IP header; its pointers may
 *	change, nothing else does. Stays the caller's.
 * @l3: its layout
 *
 * The stack gives such errors to the protocol's handler, and theirs is XFRM's
 * or none, and UDP's knows no socket that sent them. Anyone may send them (RFC
 * 4301 section 8.2.1): they must quote addresses, ports if there are any, SPI
 * and a recent number of an SA that sends and wants to hear of it. The SA minds
 * it, within bounds, and so does the route, within the kernel's: that is what
 * packets without DF are fragmented by.
 * Context: under rcu_read_lock(), process or softirq.
 */
void nfipsec_pmtu_learn(const struct nfipsec_net *nn, struct sk_buff *skb,
			const struct nfipsec_l3 *l3)
{
	unsigned int quote = l3->l4_off + sizeof(struct icmphdr);
	bool ipv4 = l3->family == AF_INET;
	unsigned int need = quote + QUOTE_MIN +
			    (ipv4 ? sizeof(struct iphdr) :
				    sizeof(struct ipv6hdr));
	const struct icmp6hdr *icmp6;
	const struct icmphdr *icmp;
	struct nfipsec_sa *sa;
	__be32 mtu;

	if (l3->frag || l3->proto != (ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    !pskb_may_pull(skb, need))
		return;
	icmp = (struct icmphdr *)(skb->data + l3->l4_off);
	icmp6 = (struct icmp6hdr *)icmp;
	if (ipv4) {
		if (icmp->type != ICMP_DEST_UNREACH ||
		    icmp->code != ICMP_FRAG_NEEDED)
			return;
		mtu = htonl(ntohs(icmp->un.frag.mtu));
	} else {
		if (icmp6->icmp6_type != ICMPV6_PKT_TOOBIG)
			return;
		mtu = icmp6->icmp6_mtu;
	}
	sa = sender_of(nn, skb, quote, l3->family);
	if (!sa || !sa->pmtu_age ||
	    nf_checksum(skb, NF_INET_LOCAL_IN, l3->l4_off, l3->proto,
			l3->family))
		return;
	learn(sa, ntohl(mtu), ipv4);

	/* These look for the quoted header at skb->data. */
	__skb_pull(skb, quote);
	if (ipv4)
		ipv4_update_pmtu(skb, nn->net, ntohl(mtu), 0,
				 sa->encap.type ? IPPROTO_UDP : sa->key.proto);
	else
		ip6_update_pmtu(skb, nn->net, mtu, 0, 0,
				sock_net_uid(nn->net, NULL));
	__skb_push(skb, quote);
}
