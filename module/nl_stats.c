// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on counters and on what is set for the namespace: stats-get,
 * default-get and default-set.
 */
#include <linux/cpumask.h>
#include <linux/string.h>

#include "hook.h"
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_transaction.h"
#include "reason.h"

/*
 * A counter is written by its CPU alone. Where 64 bits are not read in one go
 * a sum may be off while it is being read, and is right the next time.
 */
static u64 counter_sum(const u64 __percpu *counter)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return sum;
}

static size_t stats_size(void)
{
	size_t size = 3 * nla_total_size(sizeof(u32)) +
		      2 * nla_total_size_64bit(sizeof(u64));
	int r;

	for (r = NFIPSEC_OK + 1; r < NFIPSEC_REASON_MAX; r++) {
		const struct nfipsec_reason_info *info = &nfipsec_reasons[r];

		size += nla_total_size(0) +
			nla_total_size(strlen(info->name) + 1) +
			nla_total_size_64bit(sizeof(u64)) +
			nla_total_size(strlen(info->doc) + 1) +
			nla_total_size(0);
	}
	return size;
}

static int put_counter(struct sk_buff *skb, const struct nfipsec_net *nn,
		       enum nfipsec_reason r)
{
	const struct nfipsec_reason_info *info = &nfipsec_reasons[r];
	struct nlattr *nest;
	int err;

	nest = nla_nest_start(skb, NFIPSEC_A_STATS_COUNTER);
	if (!nest)
		return -EMSGSIZE;
	err = nla_put_string(skb, NFIPSEC_A_COUNTER_NAME, info->name) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_COUNTER_VALUE,
				counter_sum(&nn->counters->n[r]),
				NFIPSEC_A_COUNTER_PAD) ?:
	      nla_put_string(skb, NFIPSEC_A_COUNTER_DOC, info->doc);
	if (!err && info->drop)
		err = nla_put_flag(skb, NFIPSEC_A_COUNTER_DROP);
	if (err)
		return err;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_counts(struct sk_buff *skb, struct nfipsec_net *nn)
{
	u32 sas, in, out;

	mutex_lock(&nn->lock);
	sas = nn->sad.count;
	in = nn->spd.count[NFIPSEC_SPD_IN];
	out = nn->spd.count[NFIPSEC_SPD_OUT];
	mutex_unlock(&nn->lock);
	return nla_put_u32(skb, NFIPSEC_A_STATS_SA_COUNT, sas) ?:
	       nla_put_u32(skb, NFIPSEC_A_STATS_POLICY_IN_COUNT, in) ?:
	       nla_put_u32(skb, NFIPSEC_A_STATS_POLICY_OUT_COUNT, out);
}

static int put_flow_cache(struct sk_buff *skb, const struct nfipsec_net *nn)
{
	return nla_put_u64_64bit(skb, NFIPSEC_A_STATS_FLOW_CACHE_HITS,
				 counter_sum(&nn->counters->flow_cache_hits),
				 NFIPSEC_A_STATS_PAD) ?:
	       nla_put_u64_64bit(skb, NFIPSEC_A_STATS_FLOW_CACHE_MISSES,
				 counter_sum(&nn->counters->flow_cache_misses),
				 NFIPSEC_A_STATS_PAD);
}

/**
 * nfipsec_nl_stats_get_doit() - answer with all counters
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct sk_buff *reply;
	void *hdr;
	int err;
	int r;

	reply = nfipsec_nl_reply_new(info, stats_size(), &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);
	err = put_counts(reply, nn) ?: put_flow_cache(reply, nn);
	for (r = NFIPSEC_OK + 1; !err && r < NFIPSEC_REASON_MAX; r++)
		err = put_counter(reply, nn, r);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/**
 * nfipsec_nl_default_get_doit() - answer with the namespace's settings
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number.
 */
int nfipsec_nl_default_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	struct sk_buff *reply;
	u8 in, out, weak, audit;
	u32 timeout;
	void *hdr;
	int err;

	reply = nfipsec_nl_reply_new(info, 4 * nla_total_size(sizeof(u8)) +
				     nla_total_size(sizeof(u32)), &hdr);
	if (!reply)
		return nfipsec_nl_error(info->extack, -ENOMEM);

	mutex_lock(&nn->lock);
	in = nn->spd.action[NFIPSEC_SPD_IN];
	out = nn->spd.action[NFIPSEC_SPD_OUT];
	weak = nn->weak;
	audit = nn->audit;
	timeout = nn->acquire_timeout;
	mutex_unlock(&nn->lock);
	err = nla_put_u8(reply, NFIPSEC_A_DEFAULT_IN, in) ?:
	      nla_put_u8(reply, NFIPSEC_A_DEFAULT_OUT, out) ?:
	      nla_put_u8(reply, NFIPSEC_A_DEFAULT_WEAK, weak) ?:
	      nla_put_u8(reply, NFIPSEC_A_DEFAULT_AUDIT, audit) ?:
	      nla_put_u32(reply, NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT, timeout);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

/* @attr may be NULL. */
static int default_check(struct genl_info *info, const struct nlattr *attr)
{
	if (attr && nla_get_u8(attr) == NFIPSEC_ACTION_PROTECT)
		return nfipsec_nl_refuse(info->extack, attr, -EINVAL,
					 "a default is bypass or discard; only a policy can say how to protect");
	return 0;
}

/*
 * The log is the host's, and so is the right to have it written to. @attr may
 * be NULL.
 */
static int audit_check(struct genl_info *info, const struct sk_buff *skb,
		       const struct nlattr *attr)
{
	if (!attr)
		return 0;
	if (!IS_ENABLED(CONFIG_AUDIT) && nla_get_u8(attr))
		return nfipsec_nl_refuse(info->extack, attr, -EOPNOTSUPP,
					 "this kernel has no audit log (CONFIG_AUDIT)");
	if (!netlink_capable(skb, CAP_AUDIT_CONTROL))
		return nfipsec_nl_refuse(info->extack, attr, -EPERM,
					 "audit records go to the host's log: it takes CAP_AUDIT_CONTROL of the host to turn them on or off");
	return 0;
}

static s8 get_u8(const struct nlattr *attr)
{
	return attr ? nla_get_u8(attr) : -1;
}

static int stage(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *timeout =
		info->attrs[NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT];
	struct nfipsec_step step = {
		.kind = NFIPSEC_STEP_DEFAULT,
		.set = {
			.in = get_u8(info->attrs[NFIPSEC_A_DEFAULT_IN]),
			.out = get_u8(info->attrs[NFIPSEC_A_DEFAULT_OUT]),
			.weak = get_u8(info->attrs[NFIPSEC_A_DEFAULT_WEAK]),
			.audit = get_u8(info->attrs[NFIPSEC_A_DEFAULT_AUDIT]),
			.acquire_timeout = timeout ? nla_get_u32(timeout) : -1,
		},
	};

	return nfipsec_nl_stage(skb, info, &step);
}

static bool discards(const struct nlattr *action)
{
	return action && nla_get_u8(action) != NFIPSEC_ACTION_BYPASS;
}

/**
 * nfipsec_nl_default_set_doit() - set default actions, whether weak algorithms
 * may be used, whether drops are audited, or how long packets wait for an SA
 * @skb: request
 * @info: the same, parsed
 *
 * Context: process context, sleeps.
 * Return: 0 or a negative error number, with all as it was.
 */
int nfipsec_nl_default_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nfipsec_net *nn = nfipsec_net(genl_info_net(info));
	const struct nlattr *audit = info->attrs[NFIPSEC_A_DEFAULT_AUDIT];
	const struct nlattr *weak = info->attrs[NFIPSEC_A_DEFAULT_WEAK];
	const struct nlattr *out = info->attrs[NFIPSEC_A_DEFAULT_OUT];
	const struct nlattr *in = info->attrs[NFIPSEC_A_DEFAULT_IN];
	const struct nlattr *timeout =
		info->attrs[NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT];
	int err;

	if (!in && !out && !weak && !audit && !timeout)
		return nfipsec_nl_missing(info->extack, NULL,
					  NFIPSEC_A_DEFAULT_IN,
					  "default needs an action for in, for out, or for both, or weak or audit on or off, or acquire-timeout");
	err = default_check(info, in);
	if (!err)
		err = default_check(info, out);
	if (!err)
		err = audit_check(info, skb, audit);
	if (err)
		return err;

	if (info->attrs[NFIPSEC_A_DEFAULT_TRANSACTION])
		return stage(skb, info);
	mutex_lock(&nn->lock);
	/* A default that lets all pass needs no look at packets. */
	if (discards(in) || discards(out))
		err = nfipsec_hook_want(nn, info->extack);
	if (err)
		goto unlock;
	if (in)
		nfipsec_spd_set_default(nn, NFIPSEC_SPD_IN, nla_get_u8(in));
	if (out)
		nfipsec_spd_set_default(nn, NFIPSEC_SPD_OUT, nla_get_u8(out));
	if (weak)
		WRITE_ONCE(nn->weak, nla_get_u8(weak));
	if (audit)
		WRITE_ONCE(nn->audit, nla_get_u8(audit));
	if (timeout)
		WRITE_ONCE(nn->acquire_timeout, nla_get_u32(timeout));
unlock:
	mutex_unlock(&nn->lock);
	return nfipsec_nl_error(info->extack, err);
}
