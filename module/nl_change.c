// SPDX-License-Identifier: GPL-2.0-only
/*
 * See nl_change.h. Told under the config lock, so that what comes first was
 * done first.
 */
#include "net.h"
#include "netlink.h"
#include "nl-gen.h"
#include "nl_change.h"
#include "nl_policy.h"
#include "nl_event.h"
#include "nl_sa.h"
#include "sa_move.h"

/**
 * struct change - what is told
 * @what: enum nfipsec_change_kind
 * @sa: SA, or NULL
 * @from: where it was, or NULL
 * @pol: policy, or NULL
 * @of_sas: of a flush: of SAs, else of policies
 * @dir: of a flush of policies, enum nfipsec_dir
 * @owner: of a flush, or NULL
 */
struct change {
	u8 what;
	struct nfipsec_sa *sa;
	const struct nfipsec_sa_place *from;
	const struct nfipsec_policy *pol;
	bool of_sas;
	u8 dir;
	const char *owner;
};

static bool is_of_sa(const struct change *c)
{
	return c->sa || c->of_sas;
}

static int put_from(struct sk_buff *skb, const struct nfipsec_sa_place *from)
{
	struct nlattr *nest;

	if (!from)
		return 0;
	nest = nla_nest_start(skb, NFIPSEC_A_SA_MOVE);
	if (!nest ||
	    nfipsec_nl_addr_put(skb, NFIPSEC_A_MOVE_SRC, &from->saddr,
				from->family) ||
	    nfipsec_nl_addr_put(skb, NFIPSEC_A_MOVE_DST, &from->daddr,
				from->family) ||
	    nla_put_u32(skb, NFIPSEC_A_MOVE_REQID, from->reqid))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_flush(struct sk_buff *skb, const struct change *c)
{
	int type = is_of_sa(c) ? NFIPSEC_A_SA_OWNER : NFIPSEC_A_POLICY_OWNER;

	if (c->dir && nla_put_u8(skb, NFIPSEC_A_POLICY_DIR, c->dir))
		return -EMSGSIZE;
	return c->owner ? nla_put_string(skb, type, c->owner) : 0;
}

static int put_change(struct sk_buff *skb, const struct nfipsec_net *nn,
		      const struct change *c)
{
	int type = is_of_sa(c) ? NFIPSEC_A_SA_CHANGE : NFIPSEC_A_POLICY_CHANGE;

	if (nla_put_u8(skb, type, c->what))
		return -EMSGSIZE;
	if (c->sa)
		return nfipsec_nl_sa_put(skb, nn, c->sa) ?:
		       put_from(skb, c->from);
	if (c->pol)
		return nfipsec_nl_policy_put(skb, c->pol);
	return put_flush(skb, c);
}

/* Returns NULL if it does not fit, or memory is short: @err says which. */
static struct sk_buff *message(const struct nfipsec_net *nn,
			       const struct change *c, size_t size, int *err)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);
	void *hdr;

	*err = -ENOMEM;
	if (!skb)
		return NULL;
	hdr = genlmsg_put(skb, 0, 0, &nfipsec_nl_family, 0,
			  is_of_sa(c) ? NFIPSEC_CMD_SA_CHANGE_NTF :
					NFIPSEC_CMD_POLICY_CHANGE_NTF);
	*err = hdr ? put_change(skb, nn, c) : -EMSGSIZE;
	if (*err) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, hdr);
	return skb;
}

static void tell(const struct nfipsec_net *nn, const struct change *c)
{
	size_t size = NLMSG_DEFAULT_SIZE;
	struct sk_buff *skb;
	int err;

	lockdep_assert_held(&nn->lock);
	if (!genl_has_listeners(&nfipsec_nl_family, nn->net,
				NFIPSEC_NLGRP_CHANGES))
		return;
	do {
		skb = message(nn, c, size, &err);
		size *= 2;
	} while (err == -EMSGSIZE && size <= NFIPSEC_NL_ANSWER_MAX);
	if (skb)
		genlmsg_multicast_netns(&nfipsec_nl_family, nn->net, skb, 0,
					NFIPSEC_NLGRP_CHANGES, GFP_KERNEL);
	else
		genl_set_err(&nfipsec_nl_family, nn->net, 0,
			     NFIPSEC_NLGRP_CHANGES, -ENOBUFS);
}

/**
 * nfipsec_nl_change_sa() - tell of a change of an SA
 * @nn: the namespace
 * @what: what has happened, or happens now if it is deleted
 * @sa: the SA, in the SAD
 * @from: where it was if it has moved, else NULL
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_nl_change_sa(const struct nfipsec_net *nn,
			  enum nfipsec_change_kind what, struct nfipsec_sa *sa,
			  const struct nfipsec_sa_place *from)
{
	tell(nn, &(struct change){ .what = what, .sa = sa, .from = from });
}

/**
 * nfipsec_nl_change_policy() - tell of a change of a policy
 * @nn: the namespace
 * @what: what has happened, or happens now if it is deleted
 * @pol: the policy, in the SPD
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_nl_change_policy(const struct nfipsec_net *nn,
			      enum nfipsec_change_kind what,
			      const struct nfipsec_policy *pol)
{
	tell(nn, &(struct change){ .what = what, .pol = pol });
}

/**
 * nfipsec_nl_flushed_sas() - tell that SAs were flushed
 * @nn: the namespace
 * @owner: only those of that owner, NULL for all
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_nl_flushed_sas(const struct nfipsec_net *nn, const char *owner)
{
	const struct change c = {
		.what = NFIPSEC_CHANGE_KIND_FLUSHED,
		.of_sas = true,
		.owner = owner,
	};

	tell(nn, &c);
}

/**
 * nfipsec_nl_flushed_policies() - tell that policies were flushed
 * @nn: the namespace
 * @dir: enum nfipsec_dir, NFIPSEC_DIR_ANY for both
 * @owner: only those of that owner, NULL for all
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_nl_flushed_policies(const struct nfipsec_net *nn, u8 dir,
				 const char *owner)
{
	const struct change c = {
		.what = NFIPSEC_CHANGE_KIND_FLUSHED,
		.dir = dir,
		.owner = owner,
	};

	tell(nn, &c);
}
