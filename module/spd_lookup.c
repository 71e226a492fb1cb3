// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security policy database as packets see it. See spd.c for changes.
 */
#include "net.h"
#include "spd.h"
#include "spd_cache.h"

static struct nfipsec_policy *policy_of(const struct nfipsec_rule *rule)
{
	return rule ? rule->policy : NULL;
}

static enum nfipsec_match match(const struct nfipsec_policy *pol,
				const struct nfipsec_flow *flow, bool *hidden)
{
	return nfipsec_sets_match(pol->cfg.sel, pol->cfg.sels, flow, hidden);
}

/*
 * Of the policies that a fragment was found to match, or not surely to, the one
 * that counts. They are asked as a whole: of one that is about to go, not all
 * the rules may be there any more.
 */
static void judge_fragment(const struct nfipsec_flow *flow,
			   const struct nfipsec_hit *hit,
			   struct nfipsec_verdict *verdict)
{
	struct nfipsec_policy *may = policy_of(hit->may);

	if (may && match(may, flow, &verdict->hidden) == NFIPSEC_MATCH_YES) {
		verdict->policy = may;
		return;
	}
	verdict->hidden = false;
	if (verdict->policy)
		match(verdict->policy, flow, &verdict->hidden);
	if (may && !verdict->hidden) {
		verdict->policy = may;
		verdict->opaque = true;
	}
}

/**
 * nfipsec_spd_lookup() - what is to be done with a packet?
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @flow: the packet
 * @verdict: the answer
 *
 * The first policy that matches decides. If the packet is a fragment, and the
 * first policy that it may match depends on what it does not show, there is
 * no answer: one of the other fragments would get another one (RFC 4301
 * section 7). Unless the next policy that it does match is there for what
 * cannot be seen (OPAQUE): so it was asked for. Does not count a hit.
 *
 * Context: under rcu_read_lock(); verdict->policy is valid until it ends.
 */
void nfipsec_spd_lookup(const struct nfipsec_net *nn, unsigned int dir,
			const struct nfipsec_flow *flow,
			struct nfipsec_verdict *verdict)
{
	const struct nfipsec_classifier *cls = &nn->spd.cls[dir];
	struct nfipsec_hit hit;
	u64 state;
	u32 hash;
	u8 action;

	if (nfipsec_spd_cache_get(nn, dir, flow, &hash, verdict))
		return;
	do {
		state = nfipsec_classify(cls, flow, &hit);
		action = nfipsec_spd_default(&nn->spd, dir, state);
	} while (unlikely(nfipsec_classifier_changed(cls, state)));

	verdict->policy = policy_of(hit.yes);
	if (verdict->policy)
		nfipsec_policy_prefetch(verdict->policy);
	verdict->opaque = false;
	verdict->hidden = false;
	if (flow->opaque)
		judge_fragment(flow, &hit, verdict);
	verdict->action = verdict->policy ? verdict->policy->cfg.action :
					    action;
	nfipsec_spd_cache_put(nn, dir, state, flow, hash, verdict);
}
