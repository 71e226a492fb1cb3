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
 * struct look - what the rules say of a packet
 * @hit: those that it matches, and may match
 * @state: the state that they are of
 * @action: the default in it
 */
struct look {
	struct nfipsec_hit hit;
	u64 state;
	u8 action;
};

/* Is all of it of one state? */
static __always_inline bool look_once(const struct nfipsec_net *nn,
				      unsigned int dir,
				      const struct nfipsec_flow *flow,
				      struct look *look)
{
	const struct nfipsec_classifier *cls = &nn->spd.cls[dir];

	look->state = nfipsec_classify(cls, flow, &look->hit);
	look->action = nfipsec_spd_default(&nn->spd, dir, look->state);
	return !nfipsec_classifier_changed(cls, look->state);
}

static noinline __cold void look_held(const struct nfipsec_net *nn,
				      unsigned int dir,
				      const struct nfipsec_flow *flow,
				      struct look *look)
{
	nfipsec_net_gen_hold(nn);
	look_once(nn, dir, flow, look);
	nfipsec_net_gen_release(nn);
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
	struct look look;
	u32 hash;

	if (nfipsec_spd_cache_get(nn, dir, flow, &hash, verdict))
		return;
	if (unlikely(!look_once(nn, dir, flow, &look)))
		look_held(nn, dir, flow, &look);

	verdict->policy = policy_of(look.hit.yes);
	if (verdict->policy)
		nfipsec_policy_prefetch(verdict->policy);
	verdict->opaque = false;
	verdict->hidden = false;
	if (flow->opaque)
		judge_fragment(flow, &look.hit, verdict);
	verdict->action = verdict->policy ? verdict->policy->cfg.action :
					    look.action;
	nfipsec_spd_cache_put(nn, dir, look.state, flow, hash, verdict);
}
