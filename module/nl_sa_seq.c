// SPDX-License-Identifier: GPL-2.0-only
/* What requests say of sequence numbers, and answers. */
#include "expire.h"
#include "net.h"
#include "netlink.h"
#include "nl_sa.h"
#include "sa_check.h"

/* @seq stays what it is if the request says nothing. */
static int number_get(struct genl_info *info, int type, u32 flags, u64 *seq)
{
	const struct nlattr *attr = info->attrs[type];

	if (!attr)
		return 0;
	*seq = nla_get_u64(attr);
	if (*seq > U32_MAX && !(flags & NFIPSEC_SA_FLAG_ESN))
		return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
					 "a sequence number above 4294967295 needs flag esn");
	return 0;
}

/**
 * nfipsec_nl_sa_seq_get() - read the sequence numbers of a new SA
 * @info: request
 * @cfg: with its flags; the numbers are written
 *
 * Context: any.
 * Return: 0 or -ERANGE, and then the requester is told.
 */
int nfipsec_nl_sa_seq_get(struct genl_info *info, struct nfipsec_sa_config *cfg)
{
	const struct nlattr *old = info->attrs[NFIPSEC_A_SA_SEQ_MAX_OLD];

	if (old)
		return nfipsec_nl_refuse(info->extack, old, -EINVAL,
					 "a new SA has no seq-max yet that could be the old one");
	cfg->has_seq_max = info->attrs[NFIPSEC_A_SA_SEQ_MAX];
	return number_get(info, NFIPSEC_A_SA_SEQ_OUT, cfg->flags,
			  &cfg->seq_out) ?:
	       number_get(info, NFIPSEC_A_SA_SEQ_IN, cfg->flags,
			  &cfg->seq_in) ?:
	       number_get(info, NFIPSEC_A_SA_SEQ_MAX, cfg->flags,
			  &cfg->seq_max);
}

/**
 * nfipsec_nl_sa_seq_given() - does a request say anything of them?
 * @info: request
 *
 * Context: any.
 * Return: true if it does.
 */
bool nfipsec_nl_sa_seq_given(const struct genl_info *info)
{
	return info->attrs[NFIPSEC_A_SA_SEQ_OUT] ||
	       info->attrs[NFIPSEC_A_SA_SEQ_IN] ||
	       info->attrs[NFIPSEC_A_SA_SEQ_MAX];
}

static u64 top_of(struct nfipsec_sa *sa)
{
	u64 top;

	spin_lock_bh(&sa->core->replay_lock);
	top = sa->core->replay.top;
	spin_unlock_bh(&sa->core->replay_lock);
	return top;
}

/* A counter that is given, which never goes back. */
static int counter_check(struct genl_info *info, int type,
			 const struct nfipsec_sa *sa, u64 now)
{
	const struct nlattr *attr = info->attrs[type];
	u64 seq;
	int err;

	if (!attr)
		return 0;
	if (sa->comp || (sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER))
		return nfipsec_nl_refuse(info->extack, attr, -EBUSY,
					 "the counters of an SA of IPComp, or with flag seq-rollover, never change");
	err = number_get(info, type, sa->flags, &seq);
	if (err)
		return err;
	if (seq > nfipsec_sa_seq_limit(sa->flags))
		return nfipsec_nl_refuse(info->extack, attr, -ERANGE,
					 "the SA can have no sequence number that large");
	if (seq < now)
		return nfipsec_nl_refuse(info->extack, attr, -EBUSY,
					 "the SA is beyond this sequence number, and never goes back");
	return 0;
}

/* A counter is the SA's own only one way. */
static int dir_check(struct genl_info *info, const struct nfipsec_sa *sa)
{
	const struct nlattr *out = info->attrs[NFIPSEC_A_SA_SEQ_OUT];
	const struct nlattr *in = info->attrs[NFIPSEC_A_SA_SEQ_IN];

	if (out && sa->dir == NFIPSEC_DIR_IN)
		return nfipsec_nl_refuse(info->extack, out, -EINVAL,
					 "the SA is for receiving only, it counts nothing that it sends");
	if (in && sa->dir == NFIPSEC_DIR_OUT)
		return nfipsec_nl_refuse(info->extack, in, -EINVAL,
					 "the SA is for sending only, it counts nothing that it receives");
	return 0;
}

static int max_check(struct genl_info *info, const struct nfipsec_sa *sa)
{
	const struct nlattr *attr = info->attrs[NFIPSEC_A_SA_SEQ_MAX];
	const struct nlattr *old = info->attrs[NFIPSEC_A_SA_SEQ_MAX_OLD];
	u64 max;
	int err;

	if (old && nla_get_u64(old) != (u64)atomic64_read(&sa->core->seq_max))
		return nfipsec_nl_refuse(info->extack, old, -EBUSY,
					 "the SA has another seq-max now, or is another SA");
	if (!attr)
		return 0;
	err = number_get(info, NFIPSEC_A_SA_SEQ_MAX, sa->flags, &max) ?:
	      nfipsec_sa_check_seq_max(sa->key.proto, sa->flags, sa->dir, max,
				       info->extack);
	if (err)
		NL_SET_BAD_ATTR(info->extack, attr);
	return err;
}

/**
 * nfipsec_nl_sa_seq_check() - may the numbers of an SA be changed so?
 * @info: request
 * @sa: mature SA; nothing of it changes yet
 *
 * Context: under nn->lock.
 * Return: 0 or a negative error number, and then the requester is told.
 */
int nfipsec_nl_sa_seq_check(struct genl_info *info, struct nfipsec_sa *sa)
{
	return dir_check(info, sa) ?:
	       counter_check(info, NFIPSEC_A_SA_SEQ_OUT, sa,
			     nfipsec_sa_seq_last(sa)) ?:
	       counter_check(info, NFIPSEC_A_SA_SEQ_IN, sa, top_of(sa)) ?:
	       max_check(info, sa);
}

/**
 * nfipsec_nl_sa_seq_set() - change the numbers of an SA
 * @info: request that nfipsec_nl_sa_seq_check() let pass
 * @nn: the namespace
 * @sa: mature SA, in the SAD
 *
 * The counter first: with the new ceiling no number below it is sent.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_nl_sa_seq_set(struct genl_info *info, struct nfipsec_net *nn,
			   struct nfipsec_sa *sa)
{
	struct nlattr **a = info->attrs;

	if (a[NFIPSEC_A_SA_SEQ_IN]) {
		spin_lock_bh(&sa->core->replay_lock);
		nfipsec_replay_skip(&sa->core->replay,
				    nla_get_u64(a[NFIPSEC_A_SA_SEQ_IN]));
		spin_unlock_bh(&sa->core->replay_lock);
	}
	if (a[NFIPSEC_A_SA_SEQ_OUT])
		nfipsec_sa_seq_skip(sa, nla_get_u64(a[NFIPSEC_A_SA_SEQ_OUT]));
	if (a[NFIPSEC_A_SA_SEQ_MAX])
		nfipsec_expire_set_seq_max(nn, sa,
					   nla_get_u64(a[NFIPSEC_A_SA_SEQ_MAX]));
	else if (a[NFIPSEC_A_SA_SEQ_OUT])
		nfipsec_expire_look(nn, sa, 0);
}

/**
 * nfipsec_nl_sa_seq_put() - answer with the numbers of an SA
 * @skb: answer
 * @sa: mature SA
 *
 * Context: under nn->lock.
 * Return: 0 or -EMSGSIZE.
 */
int nfipsec_nl_sa_seq_put(struct sk_buff *skb, struct nfipsec_sa *sa)
{
	u64 max = atomic64_read(&sa->core->seq_max);
	int err;

	err = nla_put_u32(skb, NFIPSEC_A_SA_REPLAY_WINDOW,
			  sa->core->replay.window) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_SA_SEQ_OUT,
				nfipsec_sa_seq_last(sa), NFIPSEC_A_SA_PAD) ?:
	      nla_put_u64_64bit(skb, NFIPSEC_A_SA_SEQ_IN, top_of(sa),
				NFIPSEC_A_SA_PAD);
	if (err || max == nfipsec_sa_seq_limit(sa->flags))
		return err;
	return nla_put_u64_64bit(skb, NFIPSEC_A_SA_SEQ_MAX, max,
				 NFIPSEC_A_SA_PAD);
}
