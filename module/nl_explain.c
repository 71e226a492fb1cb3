// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operation policy-explain. It tells of policies and SAs, and so it needs the
 * right that reading them needs.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/slab.h>
#include <net/ip.h>

#include "explain.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_meta.h"

/* As long as what ping sends. */
#define PING_LEN	64
/* Reserved, so that no selector that names a protocol matches. */
#define NO_PROTO	IPPROTO_RAW
/* 4 steps with all algorithms there can be, 34 parts, 16 candidates. */
#define ANSWER_ROOM	8192

static u8 u8_of(const struct nlattr *attr, u8 otherwise)
{
	return attr ? nla_get_u8(attr) : otherwise;
}

static u16 u16_of(const struct nlattr *attr)
{
	return attr ? nla_get_u16(attr) : 0;
}

static int ends_get(struct genl_info *info, struct nfipsec_query *q)
{
	const struct nlattr *src = info->attrs[NFIPSEC_A_EXPLAIN_SRC];
	const struct nlattr *dst = info->attrs[NFIPSEC_A_EXPLAIN_DST];
	u8 family;
	int err;

	if (!src || !dst)
		return nfipsec_nl_missing(info->extack, NULL,
					  src ? NFIPSEC_A_EXPLAIN_DST :
						NFIPSEC_A_EXPLAIN_SRC,
					  "a packet has a source and a destination address");
	err = nfipsec_nl_addr_get(src, &q->flow.saddr, &q->flow.family,
				  info->extack);
	if (!err)
		err = nfipsec_nl_addr_get(dst, &q->flow.daddr, &family,
					  info->extack);
	if (!err && family != q->flow.family)
		err = nfipsec_nl_refuse(info->extack, dst, -EINVAL,
					"both addresses are of one family");
	return err;
}

static int proto_get(struct genl_info *info, struct nfipsec_query *q)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_EXPLAIN_PROTO];

	q->flow.proto = u8_of(attr, NO_PROTO);
	if (q->flow.family == AF_INET)
		return 0;
	switch (q->flow.proto) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_FRAGMENT:
	case NEXTHDR_DEST:
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "an extension header is no next layer protocol");
	default:
		return 0;
	}
}

/* The first that is there, or NULL. */
static const struct nlattr *either(struct genl_info *info, int a, int b)
{
	return info->attrs[a] ?: info->attrs[b];
}

/* Ports, or type and code, as they stand in a flow. */
static int field_get(struct genl_info *info, struct nfipsec_query *q)
{
	enum nfipsec_field field = nfipsec_field(q->flow.family,
						 q->flow.proto);
	const struct nlattr *ports = either(info, NFIPSEC_A_EXPLAIN_SPORT,
					    NFIPSEC_A_EXPLAIN_DPORT);
	const struct nlattr *types = either(info, NFIPSEC_A_EXPLAIN_TYPE,
					    NFIPSEC_A_EXPLAIN_CODE);
	const struct nlattr *code = info->attrs[NFIPSEC_A_EXPLAIN_CODE];

	if (q->fragment && (ports || types))
		return nfipsec_nl_refuse(info->extack, ports ?: types, -EINVAL,
					 "a fragment that is not the first shows no ports and no type");
	if (ports && field != NFIPSEC_FIELD_PORTS)
		return nfipsec_nl_refuse(info->extack, ports, -EINVAL,
					 "this protocol has no ports");
	if (types && field != NFIPSEC_FIELD_ICMP && field != NFIPSEC_FIELD_MH)
		return nfipsec_nl_refuse(info->extack, types, -EINVAL,
					 "this protocol has no types");
	if (code && field == NFIPSEC_FIELD_MH)
		return nfipsec_nl_refuse(info->extack, code, -EINVAL,
					 "the mobility header has no code");
	q->flow.sport = u16_of(info->attrs[NFIPSEC_A_EXPLAIN_SPORT]);
	q->flow.dport = u16_of(info->attrs[NFIPSEC_A_EXPLAIN_DPORT]);
	if (types)
		q->flow.sport =
			u8_of(info->attrs[NFIPSEC_A_EXPLAIN_TYPE], 0) << 8 |
			u8_of(code, 0);
	return 0;
}

static int len_get(struct genl_info *info, struct nfipsec_query *q)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_EXPLAIN_LEN];
	u32 min = nfipsec_query_len_min(q);

	q->len = attr ? nla_get_u32(attr) :
			PING_LEN + (q->flow.family == AF_INET ?
				    sizeof(struct iphdr) :
				    sizeof(struct ipv6hdr));
	if (q->len > IP_MAX_MTU)
		return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
					 "no IP packet has more than 65535 bytes");
	if (q->len >= min)
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
				 nfipsec_nl_sentence("such a packet has %u bytes at least",
						     min));
}

static int dev_get(struct genl_info *info, const struct nlattr *attr,
		   u32 *index, bool seen)
{
	const struct net_device *dev;
	const char *sentence = NULL;

	*index = attr ? nla_get_u32(attr) : 0;
	if (!attr)
		return 0;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(genl_info_net(info), *index);
	if (!dev)
		sentence = "there is no such interface";
	else if (seen && nfipsec_nl_meta_unseen(dev))
		sentence = "no packet comes by it: name the port's master, or the VRF's member";
	rcu_read_unlock();
	if (!sentence)
		return 0;
	return nfipsec_nl_refuse(info->extack, attr, dev ? -EINVAL : -ENODEV,
				 sentence);
}

static int devs_get(struct genl_info *info, struct nfipsec_query *q)
{
	const struct nlattr *oif = info->attrs[NFIPSEC_A_EXPLAIN_OIF];

	if (oif && q->dir == NFIPSEC_DIR_IN)
		return nfipsec_nl_refuse(info->extack, oif, -EINVAL,
					 "what comes in has no interface yet that it leaves by");
	return dev_get(info, info->attrs[NFIPSEC_A_EXPLAIN_IIF], &q->iif, true) ?:
	       dev_get(info, oif, &q->oif, false);
}

static int query_get(struct genl_info *info, struct nfipsec_query *q)
{
	const struct nlattr *df = info->attrs[NFIPSEC_A_EXPLAIN_DONT_FRAGMENT];
	const struct nlattr *mark = info->attrs[NFIPSEC_A_EXPLAIN_MARK];
	const struct nlattr *dir = info->attrs[NFIPSEC_A_EXPLAIN_DIR];
	int err;

	memset(q, 0, sizeof(*q));
	if (!dir)
		return nfipsec_nl_missing(info->extack, NULL,
					  NFIPSEC_A_EXPLAIN_DIR,
					  "a packet comes in or goes out");
	q->dir = nla_get_u8(dir);
	if (q->dir == NFIPSEC_DIR_ANY)
		return nfipsec_nl_refuse(info->extack, dir, -EINVAL,
					 "a packet comes in or goes out");
	q->fragment = info->attrs[NFIPSEC_A_EXPLAIN_FRAGMENT];
	q->flow.dscp = u8_of(info->attrs[NFIPSEC_A_EXPLAIN_DSCP], 0);
	q->mark = mark ? nla_get_u32(mark) : 0;
	q->df = df;
	err = ends_get(info, q) ?: proto_get(info, q) ?: field_get(info, q) ?:
	      len_get(info, q) ?: devs_get(info, q);
	if (!err && df && q->flow.family == AF_INET6)
		err = nfipsec_nl_refuse(info->extack, df, -EINVAL,
					"IPv6 has no DF, no router fragments it");
	return err;
}

static int put_flag(struct sk_buff *skb, int type, bool flag)
{
	return flag ? nla_put_flag(skb, type) : 0;
}

static int put_verdict(struct sk_buff *skb,
		       const struct nfipsec_explanation *ex)
{
	const struct nfipsec_policy *pol = ex->verdict.policy;
	int err = 0;

	if (!ex->verdict.opaque)
		err = nla_put_u8(skb, NFIPSEC_A_EXPLAIN_ACTION,
				 ex->verdict.action);
	if (!err && pol)
		err = nla_put_u32(skb, NFIPSEC_A_EXPLAIN_INDEX, pol->index);
	if (!err && ex->reason)
		err = nla_put_string(skb, NFIPSEC_A_EXPLAIN_REASON,
				     nfipsec_reasons[ex->reason].name) ?:
		      nla_put_string(skb, NFIPSEC_A_EXPLAIN_REASON_DOC,
				     nfipsec_reasons[ex->reason].doc);
	return err ?: put_flag(skb, NFIPSEC_A_EXPLAIN_ACQUIRE, ex->acquire) ?:
	       put_flag(skb, NFIPSEC_A_EXPLAIN_GATHERED, ex->gathered) ?:
	       put_flag(skb, NFIPSEC_A_EXPLAIN_NO_ROUTE, ex->no_route) ?:
	       put_flag(skb, NFIPSEC_A_EXPLAIN_LOOPBACK, ex->loopback);
}

static int put_sa(struct sk_buff *skb, const struct nfipsec_sa *sa)
{
	return nfipsec_nl_addr_put(skb, NFIPSEC_A_EXPLAIN_STEP_SRC, &sa->saddr,
				   sa->key.family) ?:
	       nfipsec_nl_addr_put(skb, NFIPSEC_A_EXPLAIN_STEP_DST,
				   &sa->key.daddr, sa->key.family) ?:
	       nla_put_u8(skb, NFIPSEC_A_EXPLAIN_STEP_PROTO, sa->key.proto) ?:
	       nla_put_be32(skb, NFIPSEC_A_EXPLAIN_STEP_SPI, sa->key.spi) ?:
	       nla_put_u8(skb, NFIPSEC_A_EXPLAIN_STEP_MODE, sa->mode) ?:
	       nla_put_u32(skb, NFIPSEC_A_EXPLAIN_STEP_REQID,
			   READ_ONCE(sa->reqid));
}

static int put_steps(struct sk_buff *skb, const struct nfipsec_explanation *ex)
{
	const struct nfipsec_policy *pol = ex->verdict.policy;
	struct nlattr *nest;
	unsigned int i;
	int err;

	if (!pol || ex->verdict.opaque)
		return 0;
	for (i = 0; i < pol->cfg.tmpls; i++) {
		nest = nla_nest_start(skb, NFIPSEC_A_EXPLAIN_STEP);
		if (!nest)
			return -EMSGSIZE;
		err = nfipsec_nl_tmpl_put(skb, NFIPSEC_A_EXPLAIN_STEP_TMPL,
					  &pol->cfg.tmpl[i]);
		if (!err && i < ex->chain.len)
			err = put_sa(skb, ex->chain.sa[i]);
		if (err)
			return err;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_part(struct sk_buff *skb, const struct nfipsec_part *part)
{
	struct nlattr *nest = nla_nest_start(skb, NFIPSEC_A_EXPLAIN_PART);

	if (!nest ||
	    nla_put_u8(skb, NFIPSEC_A_EXPLAIN_PART_KIND, part->kind) ||
	    nla_put_u32(skb, NFIPSEC_A_EXPLAIN_PART_LEN, part->len))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_layout(struct sk_buff *skb, const struct nfipsec_explanation *ex)
{
	const struct nfipsec_layout *l = &ex->layout;
	unsigned int i;
	int err;

	if (!ex->sized)
		return 0;
	err = nla_put_u32(skb, NFIPSEC_A_EXPLAIN_WIRE_LEN, l->len) ?:
	      put_flag(skb, NFIPSEC_A_EXPLAIN_AT_MOST, l->at_most) ?:
	      nla_put_u32(skb, NFIPSEC_A_EXPLAIN_PATH_MTU, ex->path) ?:
	      nla_put_u32(skb, NFIPSEC_A_EXPLAIN_MTU, ex->mtu) ?:
	      nla_put_u8(skb, NFIPSEC_A_EXPLAIN_FATE, ex->fate);
	if (!err && ex->piece)
		err = nla_put_u32(skb, NFIPSEC_A_EXPLAIN_PIECE_LEN, ex->piece);
	for (i = l->first; !err && i < l->last; i++)
		err = put_part(skb, &l->part[i]);
	return err;
}

static int put_candidate(struct sk_buff *skb, const struct nfipsec_candidate *c)
{
	struct nlattr *nest = nla_nest_start(skb, NFIPSEC_A_EXPLAIN_CANDIDATE);
	int err;

	if (!nest)
		return -EMSGSIZE;
	err = nla_put_u32(skb, NFIPSEC_A_EXPLAIN_CANDIDATE_INDEX,
			  c->policy->index) ?:
	      nla_put_u32(skb, NFIPSEC_A_EXPLAIN_CANDIDATE_PRIORITY,
			  c->policy->cfg.priority) ?:
	      nla_put_u8(skb, NFIPSEC_A_EXPLAIN_CANDIDATE_ACTION,
			 c->policy->cfg.action);
	if (!err)
		err = c->may ?
		      nla_put_flag(skb, NFIPSEC_A_EXPLAIN_CANDIDATE_MAY) :
		      nla_put_u32(skb, NFIPSEC_A_EXPLAIN_CANDIDATE_SET,
				  c->set);
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

static int put_candidates(struct sk_buff *skb,
			  const struct nfipsec_explanation *ex)
{
	const struct nfipsec_candidate *c = ex->candidate;
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < ex->candidates; i++) {
		/* The set of the policy that decides is told twice. */
		if (c[i].policy == ex->verdict.policy && !c[i].may)
			err = nla_put_u32(skb, NFIPSEC_A_EXPLAIN_SET, c[i].set);
		if (!err)
			err = put_candidate(skb, &c[i]);
	}
	return err ?: put_flag(skb, NFIPSEC_A_EXPLAIN_MORE, ex->more);
}

/* Consumes @reply. It is sent under the lock, as all that name policies and SAs are. */
static int answer(struct genl_info *info, struct nfipsec_query *q,
		  struct nfipsec_explanation *ex, struct sk_buff *reply,
		  void *hdr)
{
	struct net *net = genl_info_net(info);
	struct nfipsec_net *nn = nfipsec_net(net);
	struct sk_buff *skb;
	int err;

	skb = nfipsec_query_packet(q);
	if (!skb) {
		nlmsg_free(reply);
		return -ENOMEM;
	}
	mutex_lock(&nn->lock);
	nfipsec_explain(net, q, skb, ex);
	err = put_verdict(reply, ex) ?: put_steps(reply, ex) ?:
	      put_layout(reply, ex) ?: put_candidates(reply, ex);
	if (err) {
		nlmsg_free(reply);
	} else {
		genlmsg_end(reply, hdr);
		err = genlmsg_reply(reply, info);
	}
	mutex_unlock(&nn->lock);
	return err;
}

/**
 * nfipsec_nl_policy_explain_doit() - answer what would become of a packet
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_policy_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_explanation *ex;
	struct nfipsec_query q;
	struct sk_buff *reply;
	void *hdr;
	int err;

	err = query_get(info, &q);
	if (err)
		return err;
	ex = kmalloc(sizeof(*ex), GFP_KERNEL);
	reply = nfipsec_nl_reply_new(info, ANSWER_ROOM, &hdr);
	if (ex && reply) {
		err = answer(info, &q, ex, reply, hdr);
	} else {
		nlmsg_free(reply);
		err = -ENOMEM;
	}
	kfree(ex);
	return err ? nfipsec_nl_error(info->extack, err) : 0;
}
