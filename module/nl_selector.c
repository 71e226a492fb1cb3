// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selectors, from attributes and to attributes (RFC 4301 section 4.4.1.1).
 */
#include <linux/in.h>
#include <linux/slab.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_meta.h"

/**
 * struct end_types - attributes that say one end of a selector
 * @addr: the only or the lowest address
 * @plen: prefix length
 * @end: highest address
 * @more: nests of further ranges
 */
struct end_types {
	int addr;
	int plen;
	int end;
	int more;
};

static const struct end_types src_types = {
	NFIPSEC_A_SELECTOR_SRC,
	NFIPSEC_A_SELECTOR_SRC_PLEN,
	NFIPSEC_A_SELECTOR_SRC_END,
	NFIPSEC_A_SELECTOR_SRC_MORE,
};

static const struct end_types dst_types = {
	NFIPSEC_A_SELECTOR_DST,
	NFIPSEC_A_SELECTOR_DST_PLEN,
	NFIPSEC_A_SELECTOR_DST_END,
	NFIPSEC_A_SELECTOR_DST_MORE,
};

static const struct end_types more_types = {
	.addr = NFIPSEC_A_ADDR_RANGE_ADDR,
	.plen = NFIPSEC_A_ADDR_RANGE_PLEN,
	.end = NFIPSEC_A_ADDR_RANGE_END,
};

/**
 * struct port_types - attributes that say ports or types of a selector
 * @min: lowest
 * @max: highest
 * @more: nests of further ranges
 */
struct port_types {
	int min;
	int max;
	int more;
};

static const struct port_types sport_types = {
	NFIPSEC_A_SELECTOR_SPORT_MIN,
	NFIPSEC_A_SELECTOR_SPORT_MAX,
	NFIPSEC_A_SELECTOR_SPORT_MORE,
};

static const struct port_types dport_types = {
	NFIPSEC_A_SELECTOR_DPORT_MIN,
	NFIPSEC_A_SELECTOR_DPORT_MAX,
	NFIPSEC_A_SELECTOR_DPORT_MORE,
};

static const struct port_types type_types = {
	NFIPSEC_A_SELECTOR_TYPE_MIN,
	NFIPSEC_A_SELECTOR_TYPE_MAX,
	NFIPSEC_A_SELECTOR_TYPE_MORE,
};

/* The family that is named, or else that of the first address. */
static int selector_family(struct nlattr **tb, const struct nlattr *nest,
			   u8 *family, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr = tb[NFIPSEC_A_SELECTOR_FAMILY];
	union nfipsec_addr addr;

	if (attr) {
		*family = nla_get_u8(attr);
		if (*family == AF_INET || *family == AF_INET6)
			return 0;
		return nfipsec_nl_refuse(extack, attr, -EAFNOSUPPORT,
					 "selector: address family is neither IPv4 nor IPv6");
	}
	attr = tb[src_types.addr] ?: tb[dst_types.addr];
	if (!attr)
		return nfipsec_nl_missing(extack, nest,
					  NFIPSEC_A_SELECTOR_FAMILY,
					  "selector: needs an address, or else an address family");
	return nfipsec_nl_addr_get(attr, &addr, family, extack);
}

static int range_addr(const struct nlattr *attr, union nfipsec_addr *addr,
		      u8 family, struct netlink_ext_ack *extack)
{
	u8 its_family;
	int err;

	err = nfipsec_nl_addr_get(attr, addr, &its_family, extack);
	if (!err && its_family != family)
		err = nfipsec_nl_refuse(extack, attr, -EINVAL,
					"selector: addresses are not of one family");
	return err;
}

static int range_get(struct nlattr **tb, const struct end_types *types,
		     union nfipsec_addr range[2], u8 family,
		     struct netlink_ext_ack *extack)
{
	const struct nlattr *addr = tb[types->addr];
	const struct nlattr *plen = tb[types->plen];
	const struct nlattr *end = tb[types->end];
	unsigned int bits;
	int err;

	if (!addr && !plen && !end)
		return 0;
	if (!addr)
		return nfipsec_nl_refuse(extack, plen ?: end, -EINVAL,
					 "selector: a prefix length or a range end needs its address");
	if (plen && end)
		return nfipsec_nl_refuse(extack, plen, -EINVAL,
					 "selector: a prefix length and a range end exclude each other");
	err = range_addr(addr, &range[0], family, extack);
	if (err)
		return err;
	if (end)
		return range_addr(end, &range[1], family, extack);

	bits = nla_len(addr) * BITS_PER_BYTE;
	err = nfipsec_selector_prefix(range, family, &range[0],
				      plen ? nla_get_u8(plen) : bits);
	if (err)
		return nfipsec_nl_refuse(extack, plen, err,
					 "selector: prefix is longer than the address");
	return 0;
}

/* Room for one more in a list. */
static int list_room(const struct nlattr *attr, const struct nlattr *first,
		     u8 count, struct netlink_ext_ack *extack)
{
	if (!first)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "selector: further ranges need a first one");
	if (count == NFIPSEC_RANGES_MAX)
		return nfipsec_nl_refuse(extack, attr, -E2BIG,
					 "selector: a field has 16 ranges at most");
	return 0;
}

static int more_addrs(const struct nlattr *attr, union nfipsec_addr range[2],
		      u8 family, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_ADDR_RANGE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NFIPSEC_A_ADDR_RANGE_MAX, attr,
			       nfipsec_addr_range_nl_policy, extack);
	if (err)
		return err;
	if (!tb[NFIPSEC_A_ADDR_RANGE_ADDR])
		return nfipsec_nl_missing(extack, attr,
					  NFIPSEC_A_ADDR_RANGE_ADDR,
					  "selector: a range needs an address");
	return range_get(tb, &more_types, range, family, extack);
}

static int addrs_get(const struct nlattr *nest, struct nlattr **tb,
		     const struct end_types *types,
		     union nfipsec_addr list[][2], u8 *count, u8 family,
		     struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, rem;

	err = range_get(tb, types, list[0], family, extack);
	if (err)
		return err;
	*count = !!tb[types->addr];
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != types->more)
			continue;
		err = list_room(attr, tb[types->addr], *count, extack);
		if (!err)
			err = more_addrs(attr, list[*count], family, extack);
		if (err)
			return err;
		(*count)++;
	}
	return 0;
}

static int port_get(const struct nlattr *min, const struct nlattr *max,
		    struct nfipsec_range *ports,
		    struct netlink_ext_ack *extack)
{
	if (!min && !max)
		return 0;
	if (!min || !max)
		return nfipsec_nl_refuse(extack, min ?: max, -EINVAL,
					 "selector: the lowest and the highest port or type go together");
	ports->min = nla_get_u16(min);
	ports->max = nla_get_u16(max);
	return 0;
}

static int more_ports(const struct nlattr *attr, struct nfipsec_range *ports,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_PORT_RANGE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NFIPSEC_A_PORT_RANGE_MAX, attr,
			       nfipsec_port_range_nl_policy, extack);
	if (err)
		return err;
	if (!tb[NFIPSEC_A_PORT_RANGE_LOW])
		return nfipsec_nl_missing(extack, attr,
					  NFIPSEC_A_PORT_RANGE_LOW,
					  "selector: a range needs a lowest and a highest value");
	return port_get(tb[NFIPSEC_A_PORT_RANGE_LOW],
			tb[NFIPSEC_A_PORT_RANGE_HIGH], ports, extack);
}

static int ports_get(const struct nlattr *nest, struct nlattr **tb,
		     const struct port_types *types, struct nfipsec_range *list,
		     u8 *count, struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int err, rem;

	err = port_get(tb[types->min], tb[types->max], &list[0], extack);
	if (err)
		return err;
	*count = !!tb[types->min];
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != types->more)
			continue;
		err = list_room(attr, tb[types->min], *count, extack);
		if (!err)
			err = more_ports(attr, &list[*count], extack);
		if (err)
			return err;
		(*count)++;
	}
	return 0;
}

static bool has_types(const struct nfipsec_selector *sel)
{
	enum nfipsec_field field = nfipsec_field(sel->family, sel->proto);

	return field == NFIPSEC_FIELD_ICMP || field == NFIPSEC_FIELD_MH;
}

static bool list_any(const struct nfipsec_range *list, u8 count)
{
	return !count || (count == 1 && nfipsec_range_is_any(&list[0]));
}

/* Of the next layer, which the selector has by now. */
static int fields_get(const struct nlattr *nest, struct nlattr **tb,
		      const struct nfipsec_selector *sel,
		      struct nfipsec_selector_lists *lists,
		      struct netlink_ext_ack *extack)
{
	const struct nlattr *type = tb[type_types.min] ?: tb[type_types.max] ?:
				    tb[type_types.more];
	int err;

	err = ports_get(nest, tb, &sport_types, lists->sport, &lists->sports,
			extack);
	if (!err)
		err = ports_get(nest, tb, &dport_types, lists->dport,
				&lists->dports, extack);
	if (err)
		return err;
	if (type && !has_types(sel))
		return nfipsec_nl_refuse(extack, type, -EINVAL,
					 "selector: types need protocol ICMP with IPv4, ICMPv6 or the mobility header with IPv6");
	if (!has_types(sel))
		return 0;
	if (!list_any(lists->sport, lists->sports) ||
	    !list_any(lists->dport, lists->dports))
		return nfipsec_nl_refuse(extack, tb[sport_types.min] ?:
						 tb[dport_types.min],
					 -EINVAL,
					 "selector: this protocol has types and no ports");
	return ports_get(nest, tb, &type_types, lists->sport, &lists->sports,
			 extack);
}

static int ranges_get(const struct nlattr *nest, struct nlattr **tb,
		      struct nfipsec_selector *sel,
		      struct nfipsec_selector_lists *lists,
		      struct netlink_ext_ack *extack)
{
	const char *sentence;
	int err;

	err = addrs_get(nest, tb, &src_types, lists->src, &lists->srcs,
			sel->family, extack);
	if (!err)
		err = addrs_get(nest, tb, &dst_types, lists->dst, &lists->dsts,
				sel->family, extack);
	if (!err)
		err = fields_get(nest, tb, sel, lists, extack);
	if (err)
		return err;

	sentence = nfipsec_selector_settle(sel, lists);
	if (!sentence)
		sentence = nfipsec_selector_check(sel);
	return sentence ? nfipsec_nl_refuse(extack, nest, -EINVAL, sentence) :
			  0;
}

/**
 * nfipsec_nl_selector_get() - read a selector
 * @nest: attribute set "selector"
 * @sel: written whole; makes sense on success, and is then to be given to
 *	nfipsec_nl_selector_free()
 * @extack: told what is wrong
 *
 * Host bits of a prefix are ignored, as ip-xfrm(8) users are used to.
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_selector_get(const struct nlattr *nest,
			    struct nfipsec_selector *sel,
			    struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_SELECTOR_MAX + 1];
	struct nfipsec_selector_lists *lists;
	u8 family;
	int err;

	sel->lists = NULL;
	err = nla_parse_nested(tb, NFIPSEC_A_SELECTOR_MAX, nest,
			       nfipsec_selector_nl_policy, extack);
	if (err)
		return err;
	err = selector_family(tb, nest, &family, extack);
	if (err)
		return err;
	nfipsec_selector_any(sel, family);
	if (tb[NFIPSEC_A_SELECTOR_PROTO])
		sel->proto = nla_get_u8(tb[NFIPSEC_A_SELECTOR_PROTO]);
	err = nfipsec_nl_meta_get(tb, sel, extack);
	if (err)
		return err;

	lists = kzalloc(sizeof(*lists), GFP_KERNEL);
	if (!lists)
		return nfipsec_nl_error(extack, -ENOMEM);
	err = ranges_get(nest, tb, sel, lists, extack);
	if (err)
		sel->lists = NULL;
	if (!sel->lists)
		kfree(lists);
	return err;
}

/**
 * nfipsec_nl_selector_free() - let go of what a selector was read into
 * @sel: written by nfipsec_nl_selector_get(), or zeroed; not what was copied
 *	from it
 *
 * Context: process context.
 */
void nfipsec_nl_selector_free(struct nfipsec_selector *sel)
{
	kfree(sel->lists);
	sel->lists = NULL;
}

/* A range that is the whole family is left out. */
static int range_put(struct sk_buff *skb, const struct end_types *types,
		     const union nfipsec_addr range[2], u8 family)
{
	int plen = nfipsec_selector_plen(range, family);
	int err;

	if (!plen)
		return 0;
	err = nfipsec_nl_addr_put(skb, types->addr, &range[0], family);
	if (err)
		return err;
	if (plen > 0)
		return nla_put_u8(skb, types->plen, plen);
	return nfipsec_nl_addr_put(skb, types->end, &range[1], family);
}

static int addrs_put(struct sk_buff *skb, const struct end_types *types,
		     const union nfipsec_addr hull[2],
		     const union nfipsec_addr list[][2], unsigned int n,
		     u8 family)
{
	struct nlattr *nest;
	unsigned int i;
	int err;

	err = range_put(skb, types, n ? list[0] : hull, family);
	for (i = 1; !err && i < n; i++) {
		nest = nla_nest_start(skb, types->more);
		if (!nest)
			return -EMSGSIZE;
		err = range_put(skb, &more_types, list[i], family);
		nla_nest_end(skb, nest);
	}
	return err;
}

static int port_put(struct sk_buff *skb, int min, int max,
		    const struct nfipsec_range *ports)
{
	if (nfipsec_range_is_any(ports))
		return 0;
	return nla_put_u16(skb, min, ports->min) ?:
	       nla_put_u16(skb, max, ports->max);
}

static int ports_put(struct sk_buff *skb, const struct port_types *types,
		     const struct nfipsec_range *hull,
		     const struct nfipsec_range *list, unsigned int n)
{
	struct nlattr *nest;
	unsigned int i;
	int err;

	err = port_put(skb, types->min, types->max, n ? &list[0] : hull);
	for (i = 1; !err && i < n; i++) {
		nest = nla_nest_start(skb, types->more);
		if (!nest)
			return -EMSGSIZE;
		err = port_put(skb, NFIPSEC_A_PORT_RANGE_LOW,
			       NFIPSEC_A_PORT_RANGE_HIGH, &list[i]);
		nla_nest_end(skb, nest);
	}
	return err;
}

static int ranges_put(struct sk_buff *skb, const struct nfipsec_selector *sel)
{
	static const struct nfipsec_selector_lists none;
	const struct nfipsec_selector_lists *l = sel->lists ?: &none;

	return addrs_put(skb, &src_types, sel->src, l->src, l->srcs,
			 sel->family) ?:
	       addrs_put(skb, &dst_types, sel->dst, l->dst, l->dsts,
			 sel->family) ?:
	       ports_put(skb, has_types(sel) ? &type_types : &sport_types,
			 &sel->sport, l->sport, l->sports) ?:
	       ports_put(skb, &dport_types, &sel->dport, l->dport, l->dports);
}

/**
 * nfipsec_nl_selector_put() - write a selector
 * @skb: message
 * @type: attribute
 * @sel: the selector
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_selector_put(struct sk_buff *skb, int type,
			    const struct nfipsec_selector *sel)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(skb, NFIPSEC_A_SELECTOR_FAMILY, sel->family) ||
	    ranges_put(skb, sel) ||
	    (sel->proto &&
	     nla_put_u8(skb, NFIPSEC_A_SELECTOR_PROTO, sel->proto)) ||
	    nfipsec_nl_meta_put(skb, sel)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
