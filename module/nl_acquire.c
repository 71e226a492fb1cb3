// SPDX-License-Identifier: GPL-2.0-only
/*
 * SAs that are wanted: attributes of the event, and the operation acquire-get,
 * for who was not there to hear it.
 */
#include "acquire.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_acquire.h"

/* A packet as the selector that matches it alone. */
static void packet_selector(struct nfipsec_selector *sel,
			    const struct nfipsec_flow *flow)
{
	nfipsec_selector_any(sel, flow->family);
	sel->src[0] = flow->saddr;
	sel->src[1] = flow->saddr;
	sel->dst[0] = flow->daddr;
	sel->dst[1] = flow->daddr;
	sel->proto = flow->proto;
	sel->meta = flow->meta;
	/* Who never heard of marks is not told of their absence. */
	sel->mask = flow->meta.mark ? U32_MAX : 0;
	if (flow->opaque)
		return;
	switch (nfipsec_field(flow->family, flow->proto)) {
	case NFIPSEC_FIELD_NONE:
		break;
	case NFIPSEC_FIELD_PORTS:
		sel->dport = (struct nfipsec_range){ flow->dport, flow->dport };
		fallthrough;
	case NFIPSEC_FIELD_ICMP:
		sel->sport = (struct nfipsec_range){ flow->sport, flow->sport };
		break;
	case NFIPSEC_FIELD_MH:
		/* It has no code. */
		sel->sport = (struct nfipsec_range){ flow->sport,
						     flow->sport | 0xff };
		break;
	}
}

/**
 * nfipsec_nl_acquire_put() - write what is told of a missing SA
 * @skb: message
 * @info: what it is
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_acquire_put(struct sk_buff *skb,
			   const struct nfipsec_acquire *info)
{
	struct nfipsec_selector sel;
	unsigned int i;
	int err;

	packet_selector(&sel, &info->flow);
	err = nla_put_u32(skb, NFIPSEC_A_ACQUIRE_ID, info->id) ?:
	      nla_put_u32(skb, NFIPSEC_A_ACQUIRE_POLICY, info->policy) ?:
	      nla_put_u32(skb, NFIPSEC_A_ACQUIRE_PRIORITY, info->priority) ?:
	      nfipsec_nl_selector_put(skb, NFIPSEC_A_ACQUIRE_PACKET, &sel);
	if (!err && info->cpu != NFIPSEC_CPU_ANY)
		err = nla_put_u32(skb, NFIPSEC_A_ACQUIRE_CPU, info->cpu);
	for (i = 0; !err && i < info->tmpls; i++)
		err = nfipsec_nl_tmpl_put(skb, NFIPSEC_A_ACQUIRE_TMPL,
					  &info->tmpl[i]);
	return err;
}

/* And how it stands. */
static int put_entry(struct sk_buff *skb, const struct nfipsec_acquire *info)
{
	return nfipsec_nl_acquire_put(skb, info) ?:
	       nla_put_u32(skb, NFIPSEC_A_ACQUIRE_PACKETS, info->packets);
}

/**
 * nfipsec_nl_acquire_get_doit() - answer with an SA that is wanted
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_acquire_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_ACQUIRE_ID];
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct nfipsec_acquire found;
	struct sk_buff *reply;
	void *hdr;
	u32 id;

	if (!attr)
		return nfipsec_nl_missing(info->extack, NULL,
					  NFIPSEC_A_ACQUIRE_ID,
					  "an SA that is wanted is named by its id");
	id = nla_get_u32(attr);
	if (!id || !nfipsec_acquire_next(nn, id - 1, &found) ||
	    found.id != id)
		return nfipsec_nl_refuse(info->extack, attr, -ENOENT,
					 "no SA is wanted that has this id");

	reply = nfipsec_nl_reply_new(info, NLMSG_DEFAULT_SIZE, &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	if (put_entry(reply, &found)) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static int dump_entry(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct nfipsec_acquire *info)
{
	void *hdr;
	int err;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &nfipsec_nl_family, NLM_F_MULTI,
			  NFIPSEC_CMD_ACQUIRE_GET);
	if (!hdr)
		return -EMSGSIZE;
	err = put_entry(skb, info);
	if (err) {
		genlmsg_cancel(skb, hdr);
		return err;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * nfipsec_nl_acquire_get_dumpit() - answer with all SAs that are wanted
 * @skb: message to fill
 * @cb: state of the dump
 *
 * The oldest first. Those that come or go meanwhile may be there or not, all
 * others are there once.
 *
 * Context: process context, sleeps.
 * Return: length of the message, 0 at the end, or a negative error number.
 */
int nfipsec_nl_acquire_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	struct nfipsec_net *nn = nfipsec_net(sock_net(skb->sk));
	struct nfipsec_acquire info;
	u32 *last = (u32 *)cb->ctx;
	int err;

	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN))
		return nfipsec_nl_refuse(cb->extack, NULL, -EINVAL,
					 "a dump takes no attributes, it is of all");
	while (nfipsec_acquire_next(nn, *last, &info)) {
		err = dump_entry(skb, cb, &info);
		if (err)
			return skb->len ?: err;
		*last = info.id;
	}
	return skb->len;
}
