// SPDX-License-Identifier: GPL-2.0-only
/* UDP encapsulation of an SA, from attributes and to attributes. */
#include <linux/string.h>

#include "netlink.h"
#include "nl-gen.h"
#include "nl_sa.h"

/* Port 0 as the source is any, see nfipsec_sa_check(). */
static int port_get(const struct nlattr *nest, const struct nlattr *attr,
		    int type, __be16 *port, struct netlink_ext_ack *extack)
{
	if (!attr)
		return nfipsec_nl_missing(extack, nest, type,
					  "encapsulation: needs type, sport and dport");
	*port = htons(nla_get_u16(attr));
	if (!*port && type != NFIPSEC_A_ENCAP_SPORT)
		return nfipsec_nl_refuse(extack, attr, -EINVAL,
					 "encapsulation: there is no UDP port 0");
	return 0;
}

static int oa_get(const struct nlattr *attr, struct nfipsec_encap *encap,
		  u8 family, struct netlink_ext_ack *extack)
{
	u8 its_family;
	int err;

	err = nfipsec_nl_host_get(attr, &encap->oa, &its_family, extack);
	if (!err && its_family != family)
		err = nfipsec_nl_refuse(extack, attr, -EINVAL,
					"encapsulation: the peer's original address is not of the SA's address family");
	encap->has_oa = !err;
	return err;
}

/**
 * nfipsec_nl_encap_get() - read an encapsulation
 * @nest: attribute set "encap"
 * @family: of the SA
 * @encap: zeroed by the caller; makes sense on success
 * @extack: told what is wrong
 *
 * Context: process context.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_encap_get(const struct nlattr *nest, u8 family,
			 struct nfipsec_encap *encap,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_ENCAP_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NFIPSEC_A_ENCAP_MAX, nest,
			       nfipsec_encap_nl_policy, extack);
	if (err)
		return err;
	if (!tb[NFIPSEC_A_ENCAP_TYPE])
		return nfipsec_nl_missing(extack, nest, NFIPSEC_A_ENCAP_TYPE,
					  "encapsulation: needs type, sport and dport");
	encap->type = nla_get_u8(tb[NFIPSEC_A_ENCAP_TYPE]);
	err = port_get(nest, tb[NFIPSEC_A_ENCAP_SPORT], NFIPSEC_A_ENCAP_SPORT,
		       &encap->sport, extack);
	if (!err)
		err = port_get(nest, tb[NFIPSEC_A_ENCAP_DPORT],
			       NFIPSEC_A_ENCAP_DPORT, &encap->dport, extack);
	if (!err && tb[NFIPSEC_A_ENCAP_OA])
		err = oa_get(tb[NFIPSEC_A_ENCAP_OA], encap, family, extack);
	if (!err && tb[NFIPSEC_A_ENCAP_KEEPALIVE])
		encap->keepalive = nla_get_u32(tb[NFIPSEC_A_ENCAP_KEEPALIVE]);
	return err;
}

/**
 * nfipsec_nl_encap_put() - write the encapsulation of an SA
 * @skb: message
 * @type: attribute
 * @sa: the SA, with encapsulation
 *
 * Context: any.
 * Return: 0, or -EMSGSIZE with the message as it was.
 */
int nfipsec_nl_encap_put(struct sk_buff *skb, int type,
			 const struct nfipsec_sa *sa)
{
	const struct nfipsec_encap *encap = &sa->encap;
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(skb, NFIPSEC_A_ENCAP_TYPE, encap->type) ||
	    nla_put_u16(skb, NFIPSEC_A_ENCAP_SPORT, ntohs(encap->sport)) ||
	    nla_put_u16(skb, NFIPSEC_A_ENCAP_DPORT, ntohs(encap->dport)) ||
	    (encap->has_oa &&
	     nfipsec_nl_addr_put(skb, NFIPSEC_A_ENCAP_OA, &encap->oa,
				 sa->key.family)) ||
	    (encap->keepalive &&
	     nla_put_u32(skb, NFIPSEC_A_ENCAP_KEEPALIVE, encap->keepalive))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}
