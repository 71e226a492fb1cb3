// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selectors: closed ranges, and whether a flow lies inside.
 */
#include <asm/byteorder.h>
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <uapi/linux/nfipsec.h>

#include "selector.h"

/* IPv6 extension headers that uapi/linux/in6.h has no name for. */
#define IPPROTO_EXT_HIP		139	/* RFC 7401 */
#define IPPROTO_EXT_SHIM6	140	/* RFC 5533 */

/* Compared as bytes: a hole would make equal selectors differ. */
#define COMPARED	(4 * sizeof(union nfipsec_addr) +	\
			 2 * sizeof(struct nfipsec_range) +	\
			 5 * sizeof(u32) + 4)
static_assert(offsetof(struct nfipsec_selector, zero) + sizeof(u16) ==
	      COMPARED);
static_assert(sizeof(struct nfipsec_selector_lists) ==
	      NFIPSEC_RANGES_MAX * (4 * sizeof(union nfipsec_addr) +
				    2 * sizeof(struct nfipsec_range)) + 4);

/**
 * nfipsec_addr_cmp() - which of two addresses is the lower one?
 * @a: one
 * @b: the other
 * @family: of both, AF_INET or AF_INET6
 *
 * Context: any.
 * Return: below, above or at 0, as memcmp() has it.
 */
int nfipsec_addr_cmp(const union nfipsec_addr *a, const union nfipsec_addr *b,
		     u8 family)
{
	unsigned int i, words = family == AF_INET ? 1 : 4;

	for (i = 0; i < words; i++) {
		u32 x = be32_to_cpu(a->all[i]);
		u32 y = be32_to_cpu(b->all[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static bool addr_in(const union nfipsec_addr range[2],
		    const union nfipsec_addr *addr, u8 family)
{
	return nfipsec_addr_cmp(&range[0], addr, family) <= 0 &&
	       nfipsec_addr_cmp(addr, &range[1], family) <= 0;
}

/* No list is all of the one range. */
static bool addr_listed(const union nfipsec_addr list[][2], unsigned int n,
			const union nfipsec_addr *addr, u8 family)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (addr_in(list[i], addr, family))
			return true;
	}
	return !n;
}

static bool port_in(const struct nfipsec_range *range, u16 port)
{
	return range->min <= port && port <= range->max;
}

static bool port_listed(const struct nfipsec_range *list, unsigned int n,
			u16 port)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (port_in(&list[i], port))
			return true;
	}
	return !n;
}

/**
 * nfipsec_range_is_any() - is every port or type inside, seen or not?
 * @range: ports or types
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_range_is_any(const struct nfipsec_range *range)
{
	return range->min == 0 && range->max == U16_MAX;
}

/**
 * nfipsec_range_is_opaque() - is it only what cannot be seen?
 * @range: ports or types
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_range_is_opaque(const struct nfipsec_range *range)
{
	return range->min == U16_MAX && range->max == 0;
}

/* A list may go from the lowest to the highest, and has a hole all the same. */
static bool sport_any(const struct nfipsec_selector *sel)
{
	return nfipsec_range_is_any(&sel->sport) &&
	       !(sel->lists && sel->lists->sports);
}

static bool dport_any(const struct nfipsec_selector *sel)
{
	return nfipsec_range_is_any(&sel->dport) &&
	       !(sel->lists && sel->lists->dports);
}

static bool sport_narrow(const struct nfipsec_selector *sel)
{
	return !sport_any(sel) && !nfipsec_range_is_opaque(&sel->sport);
}

static bool dport_narrow(const struct nfipsec_selector *sel)
{
	return !dport_any(sel) && !nfipsec_range_is_opaque(&sel->dport);
}

static bool proto_opaque(const struct nfipsec_selector *sel)
{
	return sel->family == AF_INET6 && sel->proto == NFIPSEC_PROTO_OPAQUE;
}

/**
 * nfipsec_field() - what can a selector look at of a next layer protocol?
 * @family: AF_INET or AF_INET6
 * @proto: next layer protocol
 *
 * Context: any.
 * Return: see enum nfipsec_field.
 */
enum nfipsec_field nfipsec_field(u8 family, u8 proto)
{
	bool ipv6 = family == AF_INET6;

	switch (proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		return NFIPSEC_FIELD_PORTS;
	case IPPROTO_ICMP:
		return ipv6 ? NFIPSEC_FIELD_NONE : NFIPSEC_FIELD_ICMP;
	case IPPROTO_ICMPV6:
		return ipv6 ? NFIPSEC_FIELD_ICMP : NFIPSEC_FIELD_NONE;
	case IPPROTO_MH:
		return ipv6 ? NFIPSEC_FIELD_MH : NFIPSEC_FIELD_NONE;
	default:
		return NFIPSEC_FIELD_NONE;
	}
}

/* Headers that nfipsec_l3_parse() walks over: never a next layer protocol. */
static bool proto_walked(u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_DSTOPTS;
}

/**
 * nfipsec_proto_hides() - may there be another protocol behind this one?
 * @family: AF_INET or AF_INET6
 * @proto: what the header before a fragment's payload says
 *
 * Behind the fragment header of IPv6 there may be further extension headers,
 * and only the first fragment has them all. Hence for every fragment the
 * protocol is what the fragment header says, which may be one of these.
 *
 * Context: any.
 * Return: true if the next layer protocol cannot be told.
 */
bool nfipsec_proto_hides(u8 family, u8 proto)
{
	if (family != AF_INET6)
		return false;

	switch (proto) {
	case IPPROTO_AH:
	case IPPROTO_MH:
	case IPPROTO_EXT_HIP:
	case IPPROTO_EXT_SHIM6:
		return true;
	default:
		return proto_walked(proto);
	}
}

static enum nfipsec_match yes_or_no(bool yes)
{
	return yes ? NFIPSEC_MATCH_YES : NFIPSEC_MATCH_NO;
}

static enum nfipsec_match proto_match(const struct nfipsec_selector *sel,
				      const struct nfipsec_flow *flow)
{
	bool hidden = flow->opaque &&
		      nfipsec_proto_hides(flow->family, flow->proto);

	if (proto_opaque(sel))
		return yes_or_no(hidden);
	if (!sel->proto || sel->proto == flow->proto)
		return NFIPSEC_MATCH_YES;
	return hidden ? NFIPSEC_MATCH_OPAQUE : NFIPSEC_MATCH_NO;
}

/* OPAQUE is what cannot be seen, unless it may undo what was seen. */
static enum nfipsec_match field_match(const struct nfipsec_range *range,
				      const struct nfipsec_flow *flow, u16 port)
{
	if (!flow->opaque)
		return yes_or_no(port_in(range, port));
	return nfipsec_range_is_opaque(range) && !flow->early ? NFIPSEC_MATCH_YES :
						     NFIPSEC_MATCH_OPAQUE;
}

/* Of two that must hold. */
static enum nfipsec_match both(enum nfipsec_match a, enum nfipsec_match b)
{
	if (a == NFIPSEC_MATCH_NO || b == NFIPSEC_MATCH_NO)
		return NFIPSEC_MATCH_NO;
	return a == NFIPSEC_MATCH_YES ? b : a;
}

static bool addrs_listed(const struct nfipsec_selector *sel,
			 const struct nfipsec_flow *flow)
{
	const struct nfipsec_selector_lists *l = sel->lists;

	return addr_listed(l->src, l->srcs, &flow->saddr, sel->family) &&
	       addr_listed(l->dst, l->dsts, &flow->daddr, sel->family);
}

static bool ports_listed(const struct nfipsec_selector *sel,
			 const struct nfipsec_flow *flow)
{
	const struct nfipsec_selector_lists *l = sel->lists;

	return port_listed(l->sport, l->sports, flow->sport) &&
	       port_listed(l->dport, l->dports, flow->dport);
}

/* Zero is any interface, and any VRF or none. */
static bool index_in(u32 wanted, u32 index)
{
	return !wanted || wanted == index;
}

static bool meta_in(const struct nfipsec_selector *sel,
		    const struct nfipsec_meta *meta)
{
	return index_in(sel->meta.iif, meta->iif) &&
	       index_in(sel->meta.oif, meta->oif) &&
	       index_in(sel->meta.vrf, meta->vrf) &&
	       (meta->mark & sel->mask) == sel->meta.mark;
}

/**
 * nfipsec_selector_match() - does a flow lie inside a selector
 * @sel: a selector that nfipsec_selector_check() has no objection to
 * @flow: what the packet shows
 *
 * What cannot match whatever the hidden fields are is a plain no: a fragment
 * of another protocol is not held up by policies for ports.
 *
 * Context: any.
 * Return: see enum nfipsec_match.
 */
enum nfipsec_match nfipsec_selector_match(const struct nfipsec_selector *sel,
					  const struct nfipsec_flow *flow)
{
	enum nfipsec_match proto, match;

	if (sel->family != flow->family ||
	    !addr_in(sel->src, &flow->saddr, sel->family) ||
	    !addr_in(sel->dst, &flow->daddr, sel->family) ||
	    !meta_in(sel, &flow->meta) ||
	    (sel->lists && !addrs_listed(sel, flow)))
		return NFIPSEC_MATCH_NO;

	proto = proto_match(sel, flow);
	if (proto == NFIPSEC_MATCH_NO)
		return proto;
	match = NFIPSEC_MATCH_YES;
	if (!sport_any(sel))
		match = field_match(&sel->sport, flow, flow->sport);
	if (!dport_any(sel))
		match = both(match,
			     field_match(&sel->dport, flow, flow->dport));
	if (sel->lists && !flow->opaque && !ports_listed(sel, flow))
		return NFIPSEC_MATCH_NO;
	return both(proto, match);
}

static bool upper_zero(const union nfipsec_addr *addr)
{
	return !(addr->all[1] | addr->all[2] | addr->all[3]);
}

static bool range_clean(const union nfipsec_addr range[2], u8 family)
{
	return family != AF_INET ||
	       (upper_zero(&range[0]) && upper_zero(&range[1]));
}

static bool codes_any(const struct nfipsec_range *types)
{
	return nfipsec_range_is_opaque(types) ||
	       (!(types->min & 0xff) && (types->max & 0xff) == 0xff);
}

static bool all_codes_any(const struct nfipsec_selector *sel)
{
	unsigned int i, n = sel->lists ? sel->lists->sports : 0;

	for (i = 0; i < n; i++) {
		if (!codes_any(&sel->lists->sport[i]))
			return false;
	}
	return codes_any(&sel->sport);
}

static bool range_backwards(const struct nfipsec_range *range)
{
	return range->min > range->max && !nfipsec_range_is_opaque(range);
}

/* What is restricted must be there. */
static const char *field_check(const struct nfipsec_selector *sel)
{
	enum nfipsec_field field = nfipsec_field(sel->family, sel->proto);

	if (field == NFIPSEC_FIELD_MH && !all_codes_any(sel))
		return "selector: types of a mobility header are from 256 * T to 256 * T + 255";
	if ((nfipsec_range_is_opaque(&sel->sport) && dport_narrow(sel)) ||
	    (nfipsec_range_is_opaque(&sel->dport) && sport_narrow(sel)))
		return "selector: where one port is opaque the other is too: say opaque, or any";
	if (field == NFIPSEC_FIELD_PORTS ||
	    (dport_any(sel) &&
	     (sport_any(sel) || field != NFIPSEC_FIELD_NONE)))
		return NULL;
	return "selector: ports need protocol TCP, UDP, UDP-Lite, SCTP or DCCP";
}

static bool no_index(u32 index)
{
	return index > S32_MAX;
}

static const char *meta_check(const struct nfipsec_selector *sel)
{
	if (no_index(sel->meta.iif) || no_index(sel->meta.oif) ||
	    no_index(sel->meta.vrf))
		return "selector: no interface has an index above 2147483647";
	if (sel->meta.mark & ~sel->mask)
		return "selector: the mark has bits outside its mask";
	return NULL;
}

/**
 * nfipsec_selector_check() - does a selector make sense
 * @sel: the selector
 *
 * Context: any.
 * Return: NULL if it does, else a constant sentence for people that says what
 * is wrong.
 */
const char *nfipsec_selector_check(const struct nfipsec_selector *sel)
{
	if (sel->family != AF_INET && sel->family != AF_INET6)
		return "selector: address family is neither IPv4 nor IPv6";
	if (!range_clean(sel->src, sel->family))
		return "selector: source is longer than an IPv4 address";
	if (!range_clean(sel->dst, sel->family))
		return "selector: destination is longer than an IPv4 address";
	if (nfipsec_addr_cmp(&sel->src[0], &sel->src[1], sel->family) > 0)
		return "selector: source range ends before it starts";
	if (nfipsec_addr_cmp(&sel->dst[0], &sel->dst[1], sel->family) > 0)
		return "selector: destination range ends before it starts";
	if (range_backwards(&sel->sport))
		return "selector: range of source ports or types ends before it starts";
	if (range_backwards(&sel->dport))
		return "selector: destination port range ends before it starts";
	if (sel->family == AF_INET6 && sel->proto && proto_walked(sel->proto) &&
	    !proto_opaque(sel))
		return "selector: protocol is an IPv6 extension header, no next layer";
	return meta_check(sel) ?: field_check(sel);
}

/**
 * nfipsec_selector_is_pair() - does a selector name two hosts?
 * @sel: the selector
 *
 * Context: any.
 * Return: whether it has one source and one destination address.
 */
bool nfipsec_selector_is_pair(const struct nfipsec_selector *sel)
{
	return !nfipsec_addr_cmp(&sel->src[0], &sel->src[1], sel->family) &&
	       !nfipsec_addr_cmp(&sel->dst[0], &sel->dst[1], sel->family);
}

/*
 * What cannot be seen is a value too. A type of the mobility header is all that
 * has it in the high byte.
 */
static bool one_value(const struct nfipsec_range *range,
		      enum nfipsec_field field)
{
	unsigned int shift = field == NFIPSEC_FIELD_MH ? 8 : 0;

	return range->min >> shift == range->max >> shift ||
	       nfipsec_range_is_opaque(range);
}

/**
 * nfipsec_selector_pins() - does a selector have one value for some fields?
 * @sel: the selector
 * @pfp: the fields, enum nfipsec_pfp_flag
 *
 * What the protocol does not have needs none.
 *
 * Context: any.
 * Return: whether it has.
 */
bool nfipsec_selector_pins(const struct nfipsec_selector *sel, u32 pfp)
{
	enum nfipsec_field field = nfipsec_field(sel->family, sel->proto);

	if ((pfp & NFIPSEC_PFP_FLAG_SRC) &&
	    nfipsec_addr_cmp(&sel->src[0], &sel->src[1], sel->family))
		return false;
	if ((pfp & NFIPSEC_PFP_FLAG_DST) &&
	    nfipsec_addr_cmp(&sel->dst[0], &sel->dst[1], sel->family))
		return false;
	if (!sel->proto)
		return !(pfp & (NFIPSEC_PFP_FLAG_PROTO |
				NFIPSEC_PFP_FLAG_SPORT |
				NFIPSEC_PFP_FLAG_DPORT));
	if ((pfp & NFIPSEC_PFP_FLAG_SPORT) && field != NFIPSEC_FIELD_NONE &&
	    !one_value(&sel->sport, field))
		return false;
	return !(pfp & NFIPSEC_PFP_FLAG_DPORT) ||
	       field != NFIPSEC_FIELD_PORTS || one_value(&sel->dport, field);
}

/**
 * nfipsec_selector_equal() - are two selectors the same
 * @a: one
 * @b: the other
 *
 * Context: any.
 * Return: whether all their fields are equal.
 */
bool nfipsec_selector_equal(const struct nfipsec_selector *a,
			    const struct nfipsec_selector *b)
{
	if (memcmp(a, b, COMPARED) || !a->lists != !b->lists)
		return false;
	return !a->lists || !memcmp(a->lists, b->lists, sizeof(*a->lists));
}

/**
 * nfipsec_selector_has_ports() - does a selector ask for certain ports or types
 * @sel: the selector
 *
 * Context: any.
 * Return: false if each of them may be any, or is one that cannot be seen.
 */
bool nfipsec_selector_has_ports(const struct nfipsec_selector *sel)
{
	return sport_narrow(sel) || dport_narrow(sel);
}

/**
 * nfipsec_selector_is_opaque() - is a selector for what cannot be seen?
 * @sel: the selector
 *
 * Context: any.
 * Return: true if it says so of the protocol, a port or the type.
 */
bool nfipsec_selector_is_opaque(const struct nfipsec_selector *sel)
{
	return proto_opaque(sel) || nfipsec_range_is_opaque(&sel->sport) ||
	       nfipsec_range_is_opaque(&sel->dport);
}

/**
 * nfipsec_selector_has_meta() - does a selector ask for what no header says?
 * @sel: the selector
 *
 * Context: any.
 * Return: whether an interface, the VRF or the mark matters to it.
 */
bool nfipsec_selector_has_meta(const struct nfipsec_selector *sel)
{
	return sel->meta.iif || sel->meta.oif || sel->meta.vrf || sel->mask;
}

/**
 * nfipsec_selector_any() - make the selector that all of a family match
 * @sel: written whole
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 */
void nfipsec_selector_any(struct nfipsec_selector *sel, u8 family)
{
	static const union nfipsec_addr zero;

	memset(sel, 0, sizeof(*sel));
	nfipsec_selector_prefix(sel->src, family, &zero, 0);
	nfipsec_selector_prefix(sel->dst, family, &zero, 0);
	sel->sport.max = U16_MAX;
	sel->dport.max = U16_MAX;
	sel->family = family;
}
