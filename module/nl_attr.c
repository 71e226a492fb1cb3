// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses, templates and owners, from attributes and to attributes.
 */
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "algo.h"
#include "netlink.h"
#include "nl-gen.h"
#include "proto.h"

/**
 * nfipsec_nl_addr_get() - read an address
 * @attr: 4 or 16 bytes
 * @addr: written
 * @family: written
 * @extack: told what is wrong
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nfipsec_nl_addr_get(const struct nlattr *attr, union nfipsec_addr *addr,
			u8 *family, struct netlink_ext_ack *extack)
{
	memset(addr, 0, sizeof(*addr));
	switch (nla_len(attr)) {
	case sizeof(addr->ip):
		*family = AF_INET;
		break;
	case sizeof(addr->in6):
		*family = AF_INET6;
		break;
	default:
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "an address has 4 bytes (IPv4) or 16 bytes (IPv6)");
	}
	memcpy(addr, nla_data(attr), nla_len(attr));
	return 0;
}

static const char *host_check(const union nfipsec_addr *addr, u8 family)
{
	if (nfipsec_addr_is_group(addr, family))
		return "a multicast address can only be the destination of an SA";
	if (family == AF_INET) {
		if (ipv4_is_zeronet(addr->ip))
			return "the unspecified address cannot be an end of an SA";
		if (ipv4_is_lbcast(addr->ip))
			return "the broadcast address cannot be an end of an SA";
		return NULL;
	}
	if (ipv6_addr_any(&addr->in6))
		return "the unspecified address cannot be an end of an SA";
	if (ipv6_addr_v4mapped(&addr->in6))
		return "an IPv4-mapped address cannot be an end of an SA";
	return NULL;
}

/**
 * nfipsec_nl_host_get() - read the address of one end of an SA
 * @attr: 4 or 16 bytes
 * @addr: written
 * @family: written
 * @extack: told what is wrong
 *
 * Context: any.
 * Return: 0; -EINVAL if it is no address, or not that of one host.
 */
int nfipsec_nl_host_get(const struct nlattr *attr, union nfipsec_addr *addr,
			u8 *family, struct netlink_ext_ack *extack)
{
	const char *sentence;
	int err;

	err = nfipsec_nl_addr_get(attr, addr, family, extack);
	if (err)
		return err;
	sentence = host_check(addr, *family);
	return sentence ? nfipsec_nl_refuse(extack, attr, -EINVAL, sentence) :
			  0;
}

/**
 * nfipsec_nl_dst_get() - read the destination of an SA
 * @attr: 4 or 16 bytes
 * @addr: written
 * @family: written
 * @extack: told what is wrong
 *
 * Context: any.
 * Return: 0; -EINVAL if it is no address, or neither that of one host nor that
 * of a group; -EAFNOSUPPORT if it is of IPv6 and this host has none.
 */
int nfipsec_nl_dst_get(const struct nlattr *attr, union nfipsec_addr *addr,
		       u8 *family, struct netlink_ext_ack *extack)
{
	int err;

	err = nfipsec_nl_addr_get(attr, addr, family, extack);
	if (!err && *family == AF_INET6 && !ipv6_mod_enabled())
		err = nfipsec_nl_refuse(extack, attr, -EAFNOSUPPORT,
					"this host was booted without IPv6");
	if (err || nfipsec_addr_is_group(addr, *family))
		return err;
	return nfipsec_nl_host_get(attr, addr, family, extack);
}

/**
 * nfipsec_nl_ends_get() - read the addresses of both ends of an SA
 * @src: 4 or 16 bytes
 * @dst: 4 or 16 bytes
 * @saddr: written, zero for any
 * @daddr: written
 * @family: written, of both
 * @extack: told what is wrong
 *
 * To a group, the source may be any, which is the unspecified address.
 *
 * Context: any.
 * Return: 0; -EINVAL if they are no addresses, or not those of an SA; -EAFNOSUPPORT
 * if they are of IPv6 and this host has none.
 */
int nfipsec_nl_ends_get(const struct nlattr *src, const struct nlattr *dst,
			union nfipsec_addr *saddr, union nfipsec_addr *daddr,
			u8 *family, struct netlink_ext_ack *extack)
{
	u8 src_family;
	int err;

	err = nfipsec_nl_dst_get(dst, daddr, family, extack);
	if (err)
		return err;
	err = nfipsec_nl_addr_get(src, saddr, &src_family, extack);
	if (!err && !(nfipsec_addr_is_any(saddr) &&
		      nfipsec_addr_is_group(daddr, *family)))
		err = nfipsec_nl_host_get(src, saddr, &src_family, extack);
	if (!err && src_family != *family)
		err = nfipsec_nl_refuse(extack, src, -EINVAL,
					"source and destination of an SA are not of one address family");
	return err;
}

/**
 * nfipsec_nl_addr_put() - write an address
 * @skb: message
 * @type: attribute
 * @addr: the address
 * @family: of @addr
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_addr_put(struct sk_buff *skb, int type,
			const union nfipsec_addr *addr, u8 family)
{
	if (family == AF_INET)
		return nla_put(skb, type, sizeof(addr->ip), &addr->ip);
	return nla_put(skb, type, sizeof(addr->in6), &addr->in6);
}

/**
 * nfipsec_nl_proto_get() - read the protocol of an SA or a template
 * @attr: u8, or NULL
 * @proto: written, IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @extack: told what is wrong
 *
 * Context: any.
 * Return: 0 or -EPROTONOSUPPORT.
 */
int nfipsec_nl_proto_get(const struct nlattr *attr, u8 *proto,
			 struct netlink_ext_ack *extack)
{
	*proto = attr ? nla_get_u8(attr) : IPPROTO_ESP;
	if (*proto != IPPROTO_ESP && *proto != IPPROTO_AH &&
	    *proto != IPPROTO_COMP)
		return nfipsec_nl_refuse(extack, attr, -EPROTONOSUPPORT,
					 "the protocol must be ESP (50), AH (51) or IPComp (108), no other is supported");
	return 0;
}

/**
 * nfipsec_nl_spi_get() - read the SPI of an SA, or the CPI of IPComp
 * @attr: be32
 * @proto: of the SA
 * @spi: written, network byte order
 * @extack: told what is wrong
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int nfipsec_nl_spi_get(const struct nlattr *attr, u8 proto, __be32 *spi,
		       struct netlink_ext_ack *extack)
{
	u32 value;

	*spi = nla_get_be32(attr);
	value = ntohl(*spi);
	if (proto != IPPROTO_COMP && value < NFIPSEC_SPI_MIN)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "SPIs 0 to 255 are reserved (RFC 4303 section 2.1)");
	if (proto == IPPROTO_COMP && value != NFIPSEC_CPI_DEFLATE &&
	    (value < NFIPSEC_CPI_MIN || value > U16_MAX))
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "the CPI of IPComp is 2 (DEFLATE) or 256 to 65535 (RFC 3173 section 3.3)");
	return 0;
}

static int tmpl_addrs(struct nlattr **tb, const struct nlattr *nest,
		      struct nfipsec_tmpl *tmpl,
		      struct netlink_ext_ack *extack)
{
	const struct nlattr *src = tb[NFIPSEC_A_TMPL_SRC];
	const struct nlattr *dst = tb[NFIPSEC_A_TMPL_DST];

	if (!src && !dst && tmpl->mode == NFIPSEC_MODE_TRANSPORT)
		return 0;
	if (!src || !dst)
		return nfipsec_nl_missing(extack, nest,
					  src ? NFIPSEC_A_TMPL_DST :
						NFIPSEC_A_TMPL_SRC,
					  "template: src and dst go together, and tunnel and beet mode need them");
	return nfipsec_nl_ends_get(src, dst, &tmpl->saddr, &tmpl->daddr,
				   &tmpl->family, extack);
}

static const struct nfipsec_algo *find_algo(const char *name)
{
	static const enum nfipsec_algo_kind kinds[] = {
		NFIPSEC_AEAD, NFIPSEC_ENC, NFIPSEC_AUTH,
	};
	const struct nfipsec_algo *algo = NULL;
	unsigned int i;

	for (i = 0; !algo && i < ARRAY_SIZE(kinds); i++)
		algo = nfipsec_algo_find(kinds[i], name);
	return algo;
}

static int tmpl_algos(const struct nlattr *nest, struct nfipsec_tmpl *tmpl,
		      struct netlink_ext_ack *extack)
{
	const struct nfipsec_algo *algo;
	const struct nlattr *attr;
	char name[64];
	int rem;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != NFIPSEC_A_TMPL_ALGO)
			continue;
		if (tmpl->algos == NFIPSEC_TMPL_ALGOS)
			return nfipsec_nl_refuse(extack, attr, -E2BIG,
						 "template: 8 algorithms at most");
		if (tmpl->proto == IPPROTO_COMP)
			return nfipsec_nl_refuse(extack, attr, -EINVAL,
						 "template: IPComp has none of these algorithms");
		/* It need not end with a zero. */
		algo = nla_strscpy(name, attr, sizeof(name)) < 0 ?
		       NULL : find_algo(name);
		if (!algo)
			return nfipsec_nl_refuse(extack, attr, -ENOENT,
						 "template: no SA can have this algorithm, its name is not known");
		tmpl->algo[tmpl->algos++] = algo;
	}
	return 0;
}

static int demand_esn(const struct nlattr *attr, struct nfipsec_tmpl *tmpl,
		      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	if (tmpl->proto == IPPROTO_COMP)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "template: IPComp has no sequence numbers");
	tmpl->demand.asked |= NFIPSEC_DEMAND_ESN;
	tmpl->demand.esn = nla_get_u8(attr);
	return 0;
}

/* What else there is to be said of an SA (RFC 4301 section 4.4.1.2). */
static int tmpl_demand(struct nlattr **tb, struct nfipsec_tmpl *tmpl,
		       struct netlink_ext_ack *extack)
{
	const struct nlattr *df = tb[NFIPSEC_A_TMPL_DF];
	const struct nlattr *dscp = tb[NFIPSEC_A_TMPL_DSCP];
	const struct nlattr *copy = tb[NFIPSEC_A_TMPL_DSCP_COPY];
	struct nfipsec_demand *d = &tmpl->demand;

	if (tmpl->mode != NFIPSEC_MODE_TUNNEL && (df || dscp || copy))
		return nfipsec_nl_refuse(extack, df ?: dscp ?: copy, -EINVAL,
					 "template: only tunnel mode has an outer header whose DF and DSCP could be asked for");
	if (dscp && copy)
		return nfipsec_nl_refuse(extack, dscp, -EINVAL,
					 "template: a DSCP is copied or has one value, not both");
	if (df) {
		d->asked |= NFIPSEC_DEMAND_DF;
		d->df = nla_get_u8(df);
	}
	if (dscp || copy)
		d->asked |= NFIPSEC_DEMAND_DSCP;
	if (dscp) {
		d->dscp_fixed = true;
		d->dscp = nla_get_u8(dscp);
	}
	return demand_esn(tb[NFIPSEC_A_TMPL_ESN], tmpl, extack);
}

/**
 * nfipsec_nl_tmpl_get() - read a template
 * @nest: attribute set "tmpl"
 * @tmpl: written whole; makes sense by itself on success
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_tmpl_get(const struct nlattr *nest, struct nfipsec_tmpl *tmpl,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_TMPL_MAX + 1];
	const struct nlattr *spi;
	int err;

	err = nla_parse_nested(tb, NFIPSEC_A_TMPL_MAX, nest,
			       nfipsec_tmpl_nl_policy, extack);
	if (err)
		return err;

	memset(tmpl, 0, sizeof(*tmpl));
	if (!tb[NFIPSEC_A_TMPL_MODE])
		return nfipsec_nl_missing(extack, nest, NFIPSEC_A_TMPL_MODE,
					  "template: needs a mode: transport, tunnel or beet");
	tmpl->mode = nla_get_u8(tb[NFIPSEC_A_TMPL_MODE]);
	err = nfipsec_nl_proto_get(tb[NFIPSEC_A_TMPL_PROTO], &tmpl->proto,
				   extack);
	if (!err)
		err = tmpl_addrs(tb, nest, tmpl, extack);
	if (!err)
		err = tmpl_algos(nest, tmpl, extack);
	if (!err)
		err = tmpl_demand(tb, tmpl, extack);
	if (err)
		return err;

	if (tb[NFIPSEC_A_TMPL_REQID])
		tmpl->reqid = nla_get_u32(tb[NFIPSEC_A_TMPL_REQID]);
	spi = tb[NFIPSEC_A_TMPL_SPI];
	if (!spi || !nla_get_be32(spi))
		return 0;
	return nfipsec_nl_spi_get(spi, tmpl->proto, &tmpl->spi, extack);
}

static int algos_put(struct sk_buff *skb, const struct nfipsec_tmpl *tmpl)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < tmpl->algos; i++)
		err = nla_put_string(skb, NFIPSEC_A_TMPL_ALGO,
				     tmpl->algo[i]->name);
	return err;
}

static int demand_put(struct sk_buff *skb, const struct nfipsec_demand *d)
{
	int err = 0;

	if (d->asked & NFIPSEC_DEMAND_ESN)
		err = nla_put_u8(skb, NFIPSEC_A_TMPL_ESN, d->esn);
	if (!err && (d->asked & NFIPSEC_DEMAND_DF))
		err = nla_put_u8(skb, NFIPSEC_A_TMPL_DF, d->df);
	if (err || !(d->asked & NFIPSEC_DEMAND_DSCP))
		return err;
	return d->dscp_fixed ?
	       nla_put_u8(skb, NFIPSEC_A_TMPL_DSCP, d->dscp) :
	       nla_put_flag(skb, NFIPSEC_A_TMPL_DSCP_COPY);
}

/**
 * nfipsec_nl_tmpl_put() - write a template
 * @skb: message
 * @type: attribute
 * @tmpl: the template
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_tmpl_put(struct sk_buff *skb, int type,
			const struct nfipsec_tmpl *tmpl)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if ((tmpl->family &&
	     (nfipsec_nl_addr_put(skb, NFIPSEC_A_TMPL_SRC, &tmpl->saddr,
				  tmpl->family) ||
	      nfipsec_nl_addr_put(skb, NFIPSEC_A_TMPL_DST, &tmpl->daddr,
				  tmpl->family))) ||
	    nla_put_u8(skb, NFIPSEC_A_TMPL_PROTO, tmpl->proto) ||
	    nla_put_u8(skb, NFIPSEC_A_TMPL_MODE, tmpl->mode) ||
	    nla_put_u32(skb, NFIPSEC_A_TMPL_REQID, tmpl->reqid) ||
	    nla_put_be32(skb, NFIPSEC_A_TMPL_SPI, tmpl->spi) ||
	    algos_put(skb, tmpl) || demand_put(skb, &tmpl->demand)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * nfipsec_nl_owner_get() - read the name of an owner
 * @attr: at most NFIPSEC_OWNER_SIZE - 1 characters, or NULL for none
 * @owner: written, zero behind the name
 *
 * Context: any.
 */
void nfipsec_nl_owner_get(const struct nlattr *attr,
			  char owner[NFIPSEC_OWNER_SIZE])
{
	memset(owner, 0, NFIPSEC_OWNER_SIZE);
	if (attr)
		nla_strscpy(owner, attr, NFIPSEC_OWNER_SIZE);
}

/**
 * nfipsec_nl_owner_put() - write the name of an owner, if there is one
 * @skb: message
 * @type: of the attribute
 * @owner: the name
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_owner_put(struct sk_buff *skb, int type,
			 const char owner[NFIPSEC_OWNER_SIZE])
{
	return *owner ? nla_put_string(skb, type, owner) : 0;
}
