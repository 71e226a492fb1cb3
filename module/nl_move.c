// SPDX-License-Identifier: GPL-2.0-only
/* The operation sa-move. */
#include <linux/err.h>

#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_change.h"
#include "nl_sa.h"
#include "sa_move.h"

/* Not one address of each family. */
static int ends_get(struct nlattr **tb, struct nfipsec_sa_place *to,
		    struct netlink_ext_ack *extack)
{
	const struct nlattr *src = tb[NFIPSEC_A_MOVE_SRC];
	const struct nlattr *dst = tb[NFIPSEC_A_MOVE_DST];
	u8 family = to->family;
	int err = 0;

	if (dst)
		err = nfipsec_nl_dst_get(dst, &to->daddr, &to->family, extack);
	if (!err && src)
		err = nfipsec_nl_host_get(src, &to->saddr, &family, extack);
	if (!err && family != to->family)
		err = nfipsec_nl_refuse(extack, src ?: dst, -EINVAL,
					"source and destination of an SA are not of one address family: to move it to the other one, give both");
	return err;
}

static int encap_get(struct nlattr **tb, const struct nfipsec_sa *sa,
		     struct nfipsec_sa_place *to,
		     struct netlink_ext_ack *extack)
{
	const struct nlattr *none = tb[NFIPSEC_A_MOVE_NO_ENCAP];
	const struct nlattr *encap = tb[NFIPSEC_A_MOVE_ENCAP];

	if (none && encap)
		return nfipsec_nl_refuse(extack, none, -EINVAL,
					 "encapsulation can be given or taken away, not both");
	if (none || encap)
		memset(&to->encap, 0, sizeof(to->encap));
	if (encap)
		return nfipsec_nl_encap_get(encap, to->family, &to->encap,
					    extack);
	if (to->encap.has_oa && to->family != sa->key.family)
		return nfipsec_nl_refuse(extack, tb[NFIPSEC_A_MOVE_DST],
					 -EINVAL,
					 "the peer's original address is of the other address family: give the encapsulation anew");
	return 0;
}

static int place_get(const struct nlattr *nest, const struct nfipsec_sa *sa,
		     struct nfipsec_sa_place *to,
		     struct netlink_ext_ack *extack)
{
	struct nlattr *tb[NFIPSEC_A_MOVE_MAX + 1];
	int err;

	err = nla_parse_nested(tb, NFIPSEC_A_MOVE_MAX, nest,
			       nfipsec_move_nl_policy, extack);
	if (err)
		return err;
	if (!nla_len(nest))
		return nfipsec_nl_refuse(extack, nest, -EINVAL,
					 "move needs something to change: src, dst, encap, no-encap or reqid");
	*to = (struct nfipsec_sa_place){
		.saddr = sa->saddr,
		.daddr = sa->key.daddr,
		.family = sa->key.family,
		.reqid = sa->reqid,
		.encap = sa->encap,
	};
	err = ends_get(tb, to, extack) ?: encap_get(tb, sa, to, extack);
	if (!err && tb[NFIPSEC_A_MOVE_REQID])
		to->reqid = nla_get_u32(tb[NFIPSEC_A_MOVE_REQID]);
	return err;
}

static int relocate(struct nfipsec_net *nn, struct nfipsec_sa *sa,
		    const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	const struct nfipsec_sa_place from = {
		.saddr = sa->saddr,
		.daddr = sa->key.daddr,
		.family = sa->key.family,
		.reqid = sa->reqid,
	};
	struct nfipsec_sa_place to;
	struct nfipsec_sa *new;
	int err;

	if (sa->state != NFIPSEC_SA_STATE_MATURE)
		return nfipsec_nl_refuse(extack, NULL, -EINVAL,
					 "the SA is larval, nothing of it can move: delete it, and reserve an SPI at the other address");
	err = place_get(nest, sa, &to, extack);
	if (err)
		return err;
	new = nfipsec_sa_moved(sa, &to, extack);
	if (IS_ERR(new)) {
		if (PTR_ERR(new) == -EINVAL)
			NL_SET_BAD_ATTR(extack, nest);
		return PTR_ERR(new);
	}
	err = nfipsec_sad_move(nn, sa, new);
	if (err)
		nfipsec_sa_free(new);
	else
		nfipsec_nl_change_sa(nn, NFIPSEC_CHANGE_KIND_MOVED, new, &from);
	if (err == -EEXIST)
		nfipsec_nl_refuse(extack, nest, err,
				  "where the SA is to go there is one with this protocol and SPI already");
	return err;
}

/**
 * nfipsec_nl_sa_move_doit() - change where an SA is
 * @skb: request
 * @info: the same, parsed
 *
 * RFC 4555 section 3.5.
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with the SAD as it was.
 */
int nfipsec_nl_sa_move_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *nest = info->attrs[NFIPSEC_A_SA_MOVE];
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_sa_key key;
	struct nfipsec_sa *sa;
	int err;

	err = nfipsec_nl_sa_key_get(info, &key);
	if (!err && !nest)
		err = nfipsec_nl_missing(info->extack, NULL, NFIPSEC_A_SA_MOVE,
					 "where is the SA to be?");
	if (err)
		return err;

	mutex_lock(&nn->lock);
	sa = nfipsec_nl_sa_find(nn, &key);
	err = sa ? relocate(nn, sa, nest, info->extack) :
		   nfipsec_nl_sa_none(info);
	mutex_unlock(&nn->lock);
	return nfipsec_nl_error(info->extack, err);
}
