/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Selectors and the flows they match (RFC 4301 section 4.4.1.1). Pure logic:
 * no skb, no table, no allocation; compiles in user space too.
 */
#ifndef NFIPSEC_SELECTOR_H
#define NFIPSEC_SELECTOR_H

#include <linux/types.h>
#include <linux/in.h>
#include <linux/in6.h>

/**
 * union nfipsec_addr - an IPv4 or IPv6 address, network byte order
 * @ip: IPv4; the other 12 bytes are then zero
 * @in6: IPv6
 * @all: either, for comparison and hashing
 *
 * The family stands beside it, never inside.
 */
union nfipsec_addr {
	__be32 ip;
	struct in6_addr in6;
	__be32 all[4];
};

/**
 * enum nfipsec_field - what a selector can look at of a next layer protocol
 * @NFIPSEC_FIELD_NONE: nothing
 * @NFIPSEC_FIELD_PORTS: source and destination port
 * @NFIPSEC_FIELD_ICMP: type and code, as one number: 256 times the type, plus
 *	the code
 * @NFIPSEC_FIELD_MH: type of the mobility header, likewise, with code 0
 *
 * Types stand where the source port does (RFC 4301 section 4.4.1.1).
 */
enum nfipsec_field {
	NFIPSEC_FIELD_NONE,
	NFIPSEC_FIELD_PORTS,
	NFIPSEC_FIELD_ICMP,
	NFIPSEC_FIELD_MH,
};

/**
 * struct nfipsec_meta - what this host knows of a packet, and its headers do not
 * @iif: index of the interface it came in by, 0 if it was made here
 * @oif: index of the interface it leaves by, 0 on the way in
 * @vrf: index of the l3 master device of the interface where it is looked at, 0
 *	if there is none
 * @mark: skb->mark
 */
struct nfipsec_meta {
	u32 iif;
	u32 oif;
	u32 vrf;
	u32 mark;
};

/**
 * struct nfipsec_flow - what a packet shows to the SPD
 * @saddr: source address
 * @daddr: destination address
 * @family: AF_INET or AF_INET6
 * @proto: next layer protocol, behind all IPv6 extension headers
 * @opaque: ports or type (and for IPv6 possibly @proto) cannot be seen: a
 *	fragment, but not a first one that has them all (RFC 4301 section 7)
 * @early: a fragment that starts where the first one has its headers, which it
 *	could be meant to replace (RFC 4301 section 7.2)
 * @sport: source port or type, host byte order; 0 for a protocol without, see
 *	enum nfipsec_field
 * @dport: destination port, host byte order; 0 for a protocol without ports
 * @dscp: 0 to 63; no selector, it chooses among SAs (RFC 4301 section 4.1)
 * @zero: must be zero, so that the whole can be compared, see flow_cache.c
 * @meta: what is not in its headers
 */
struct nfipsec_flow {
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	u8 family;
	u8 proto;
	bool opaque;
	bool early;
	u16 sport;
	u16 dport;
	u8 dscp;
	u8 zero[3];
	struct nfipsec_meta meta;
};

/**
 * struct nfipsec_range - a closed range of ports or types, host byte order
 * @min: lowest
 * @max: highest; 0 to 65535 is any, also for protocols without ports; 65535 to
 *	0 is OPAQUE, as in IKE: only where they cannot be seen
 */
struct nfipsec_range {
	u16 min;
	u16 max;
};

/*
 * Never a next layer protocol of IPv6, and so it stands for one that cannot be
 * seen.
 */
#define NFIPSEC_PROTO_OPAQUE	IPPROTO_FRAGMENT

/* Ranges that one field may have. */
#define NFIPSEC_RANGES_MAX	16

/**
 * struct nfipsec_selector_lists - fields of a selector that are several ranges
 * @src: lowest and highest source addresses
 * @dst: lowest and highest destination addresses
 * @sport: source ports, or types
 * @dport: destination ports
 * @srcs: how many of @src, 0 if there is no list
 * @dsts: of @dst
 * @sports: of @sport
 * @dports: of @dport
 *
 * Each list is sorted, and between two ranges there is something that is
 * outside; what is not used is zero. So what selects the same is the same, and
 * memcmp() compares.
 */
struct nfipsec_selector_lists {
	union nfipsec_addr src[NFIPSEC_RANGES_MAX][2];
	union nfipsec_addr dst[NFIPSEC_RANGES_MAX][2];
	struct nfipsec_range sport[NFIPSEC_RANGES_MAX];
	struct nfipsec_range dport[NFIPSEC_RANGES_MAX];
	u8 srcs;
	u8 dsts;
	u8 sports;
	u8 dports;
};

/**
 * struct nfipsec_selector - closed ranges of every field
 * @src: lowest and highest source address
 * @dst: lowest and highest destination address
 * @sport: lowest and highest source port, or type: see enum nfipsec_field
 * @dport: lowest and highest destination port
 * @meta: interfaces and VRF, 0 is any; the mark, in the bits of @mask
 * @mask: bits of the mark that count, 0 if it may be any
 * @family: AF_INET or AF_INET6
 * @proto: next layer protocol, 0 is any; for IPv6 may be NFIPSEC_PROTO_OPAQUE
 * @zero: must be zero
 * @lists: fields that are several ranges, inside the one that is here; NULL if
 *	there are none. Whose it is, who holds the selector knows.
 *
 * A prefix is stored as the range it covers.
 */
struct nfipsec_selector {
	union nfipsec_addr src[2];
	union nfipsec_addr dst[2];
	struct nfipsec_range sport;
	struct nfipsec_range dport;
	struct nfipsec_meta meta;
	u32 mask;
	u8 family;
	u8 proto;
	u16 zero;
	const struct nfipsec_selector_lists *lists;
};

/**
 * enum nfipsec_match - answer of nfipsec_selector_match()
 * @NFIPSEC_MATCH_NO: the flow is outside
 * @NFIPSEC_MATCH_YES: the flow is inside
 * @NFIPSEC_MATCH_OPAQUE: it depends on ports or a protocol that the packet, a
 *	fragment, does not show
 */
enum nfipsec_match {
	NFIPSEC_MATCH_NO,
	NFIPSEC_MATCH_YES,
	NFIPSEC_MATCH_OPAQUE,
};

enum nfipsec_field nfipsec_field(u8 family, u8 proto);
enum nfipsec_match nfipsec_selector_match(const struct nfipsec_selector *sel,
					  const struct nfipsec_flow *flow);
const char *nfipsec_selector_settle(struct nfipsec_selector *sel,
				    struct nfipsec_selector_lists *lists);
void nfipsec_selector_copy(struct nfipsec_selector *to,
			   const struct nfipsec_selector *from,
			   struct nfipsec_selector_lists *room);
const char *nfipsec_selector_check(const struct nfipsec_selector *sel);
bool nfipsec_selector_equal(const struct nfipsec_selector *a,
			    const struct nfipsec_selector *b);
bool nfipsec_selector_pins(const struct nfipsec_selector *sel, u32 pfp);
bool nfipsec_selector_is_pair(const struct nfipsec_selector *sel);
bool nfipsec_selector_has_ports(const struct nfipsec_selector *sel);
bool nfipsec_selector_is_opaque(const struct nfipsec_selector *sel);
bool nfipsec_selector_has_meta(const struct nfipsec_selector *sel);
enum nfipsec_match nfipsec_sets_match(const struct nfipsec_selector *sel,
				      unsigned int n,
				      const struct nfipsec_flow *flow,
				      bool *hidden);
unsigned int nfipsec_sets_which(const struct nfipsec_selector *sel,
				unsigned int n,
				const struct nfipsec_flow *flow);
bool nfipsec_sets_have(const struct nfipsec_selector *sel, unsigned int n,
		       const struct nfipsec_selector *one);
bool nfipsec_sets_equal(const struct nfipsec_selector *a, unsigned int na,
			const struct nfipsec_selector *b, unsigned int nb);
bool nfipsec_sets_have_ports(const struct nfipsec_selector *sel,
			     unsigned int n);
bool nfipsec_sets_have_mark(const struct nfipsec_selector *sel, unsigned int n);
bool nfipsec_sets_have_link(const struct nfipsec_selector *sel, unsigned int n);
bool nfipsec_sets_have_opaque(const struct nfipsec_selector *sel,
			      unsigned int n);
u8 nfipsec_sets_family(const struct nfipsec_selector *sel, unsigned int n);
bool nfipsec_range_is_any(const struct nfipsec_range *range);
bool nfipsec_range_is_opaque(const struct nfipsec_range *range);
bool nfipsec_proto_hides(u8 family, u8 proto);
void nfipsec_selector_any(struct nfipsec_selector *sel, u8 family);
int nfipsec_selector_prefix(union nfipsec_addr range[2], u8 family,
			    const union nfipsec_addr *addr,
			    unsigned int plen);
int nfipsec_selector_plen(const union nfipsec_addr range[2], u8 family);
int nfipsec_addr_cmp(const union nfipsec_addr *a, const union nfipsec_addr *b,
		     u8 family);
bool nfipsec_addr_equal(const union nfipsec_addr *a,
			const union nfipsec_addr *b);
bool nfipsec_addr_is_any(const union nfipsec_addr *addr);
bool nfipsec_addr_is_group(const union nfipsec_addr *addr, u8 family);

#endif
