// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security policy database: ordered policies and the defaults behind them.
 *
 * Changes are made so that a packet is never judged by a state that was never
 * configured: it meets the policies of before a change or of after it.
 */
#include <linux/sched.h>
#include <linux/string.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "net.h"
#include "spd.h"
#include "spd_index.h"

static unsigned int dir_of(const struct nfipsec_policy *pol)
{
	return nfipsec_spd_dir(pol->cfg.dir);
}

/* Packets are only looked at in directions where that can matter. */
static void update_active(struct nfipsec_spd *spd, unsigned int dir)
{
	WRITE_ONCE(spd->active[dir], spd->count[dir] ||
		   spd->action[dir] != NFIPSEC_ACTION_BYPASS);
}

/* Before it is visible, or when it is not any more. */
static void marks_add(struct nfipsec_spd *spd, const struct nfipsec_policy *pol,
		      int n)
{
	if (pol->cfg.dir == NFIPSEC_DIR_IN &&
	    nfipsec_sets_have_mark(pol->cfg.sel, pol->cfg.sels))
		WRITE_ONCE(spd->marks, spd->marks + n);
}

/*
 * Policies with ports need to see whole packets. Called before such a policy
 * is visible, so that it never meets a fragment that could have been put
 * together.
 */
static int ports_get(struct nfipsec_net *nn, const struct nfipsec_policy *pol)
{
	int err;

	if (!nfipsec_sets_have_ports(pol->cfg.sel, pol->cfg.sels))
		return 0;
	if (!nn->spd.ports) {
		err = nf_defrag_ipv4_enable(nn->net);
		if (err)
			return err;
		err = nf_defrag_ipv6_enable(nn->net);
		if (err) {
			nf_defrag_ipv4_disable(nn->net);
			return err;
		}
	}
	nn->spd.ports++;
	return 0;
}

/* Called after the policy is out of sight and before it is freed. */
static void ports_put(struct nfipsec_net *nn, const struct nfipsec_policy *pol)
{
	marks_add(&nn->spd, pol, -1);
	if (!nfipsec_sets_have_ports(pol->cfg.sel, pol->cfg.sels))
		return;
	if (--nn->spd.ports)
		return;
	nf_defrag_ipv6_disable(nn->net);
	nf_defrag_ipv4_disable(nn->net);
}

/**
 * nfipsec_spd_init() - make the SPD of a namespace, without policies
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process context, sleeps.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_spd_init(struct nfipsec_net *nn)
{
	struct nfipsec_spd *spd = &nn->spd;
	unsigned int dir;
	int err;

	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++) {
		spd->count[dir] = 0;
		spd->action[dir] = NFIPSEC_ACTION_BYPASS;
		spd->active[dir] = false;
	}
	spd->last_age = 0;
	spd->ports = 0;
	spd->marks = 0;
	nfipsec_spd_index_init(spd);
	err = nfipsec_classifier_init(&spd->cls[NFIPSEC_SPD_IN]);
	if (err)
		return err;
	err = nfipsec_classifier_init(&spd->cls[NFIPSEC_SPD_OUT]);
	if (err)
		nfipsec_classifier_exit(&spd->cls[NFIPSEC_SPD_IN]);
	return err;
}

/**
 * nfipsec_spd_exit() - take the policies of a namespace away
 * @nn: the namespace; no packet and no request can reach it any more
 *
 * Context: process context, sleeps, takes nn->lock.
 */
void nfipsec_spd_exit(struct nfipsec_net *nn)
{
	unsigned int dir;

	mutex_lock(&nn->lock);
	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++)
		nfipsec_spd_flush(nn, dir, NULL);
	mutex_unlock(&nn->lock);
}

/**
 * nfipsec_spd_free() - give up what is left of the SPD of a namespace
 * @nn: the namespace, after nfipsec_spd_exit(), or before anything was put into
 *	it; nobody looks for policies any more
 *
 * Context: process context.
 */
void nfipsec_spd_free(struct nfipsec_net *nn)
{
	unsigned int dir;

	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++)
		nfipsec_classifier_exit(&nn->spd.cls[dir]);
	nfipsec_spd_index_exit(&nn->spd);
}

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
	u8 action;

	do {
		state = nfipsec_classify(cls, flow, &hit);
		action = READ_ONCE(nn->spd.action[dir]);
	} while (unlikely(nfipsec_classifier_changed(cls, state)));

	verdict->policy = policy_of(hit.yes);
	verdict->opaque = false;
	verdict->hidden = false;
	if (flow->opaque)
		judge_fragment(flow, &hit, verdict);
	verdict->action = verdict->policy ? verdict->policy->cfg.action :
					    action;
}

static void rules_del(struct nfipsec_classifier *cls,
		      struct nfipsec_policy *pol, unsigned int n)
{
	while (n-- > 0)
		nfipsec_rule_del(cls, &pol->rule[n]);
}

/* Packets meet them with the next nfipsec_classifier_commit(). */
static int rules_add(struct nfipsec_classifier *cls, struct nfipsec_policy *pol)
{
	unsigned int i;
	int err;

	for (i = 0; i < pol->cfg.sels; i++) {
		pol->rule[i].age = pol->age;
		err = nfipsec_rule_add(cls, &pol->rule[i]);
		if (err) {
			rules_del(cls, pol, i);
			return err;
		}
	}
	return 0;
}

/* Packets meet them until the next nfipsec_classifier_commit(). */
static void rules_retire(struct nfipsec_classifier *cls,
			 struct nfipsec_policy *pol)
{
	unsigned int i;

	for (i = 0; i < pol->cfg.sels; i++)
		nfipsec_rule_retire(cls, &pol->rule[i]);
}

/* Of equal sets, and the same priority and age. */
static void rules_swap(struct nfipsec_classifier *cls,
		       struct nfipsec_policy *old, struct nfipsec_policy *new)
{
	unsigned int i, j;

	/* Who looks in the state before would not see what came with this. */
	nfipsec_classifier_commit(cls);
	for (i = 0; i < new->cfg.sels; i++) {
		new->rule[i].age = new->age;
		for (j = 0; j < old->cfg.sels; j++) {
			if (nfipsec_selector_equal(&new->cfg.sel[i],
						   &old->cfg.sel[j]))
				nfipsec_rule_swap(&old->rule[j], &new->rule[i]);
		}
	}
}

/**
 * nfipsec_spd_insert() - put a policy into the SPD
 * @nn: the namespace
 * @pol: owned by the SPD on success, still by the caller on error
 *
 * It goes behind all policies of the same priority. Whether another policy
 * has the same selector is for the caller to look: nfipsec_spd_find().
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0, -ENOMEM, or an error of turning defragmentation on. On error the
 * policy must be given to nfipsec_policy_free(), as on any day.
 */
int nfipsec_spd_insert(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);
	struct nfipsec_classifier *cls = &nn->spd.cls[dir];
	int err;

	lockdep_assert_held(&nn->lock);
	err = ports_get(nn, pol);
	if (err)
		return err;
	marks_add(&nn->spd, pol, 1);
	pol->age = ++nn->spd.last_age;
	err = rules_add(cls, pol);
	if (err)
		goto put_ports;
	err = nfipsec_spd_index_add(&nn->spd, pol);
	if (err)
		goto del_rules;
	nfipsec_classifier_commit(cls);
	nn->spd.count[dir]++;
	update_active(&nn->spd, dir);
	nfipsec_net_changed(nn);
	return 0;

del_rules:
	rules_del(cls, pol, pol->cfg.sels);
put_ports:
	ports_put(nn, pol);
	return err;
}

/* Packets do not meet the policy any more. */
static void drop_policy(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	nfipsec_net_changed(nn);
	ports_put(nn, pol);
	nfipsec_policy_free(pol);
}

/* One state has the old one, the next has the new one, far from its place. */
static int reorder(struct nfipsec_net *nn, struct nfipsec_policy *old,
		   struct nfipsec_policy *new)
{
	struct nfipsec_classifier *cls = &nn->spd.cls[dir_of(old)];
	int err;

	new->age = ++nn->spd.last_age;
	err = rules_add(cls, new);
	if (err)
		return err;
	rules_retire(cls, old);
	nfipsec_classifier_commit(cls);
	rules_del(cls, old, old->cfg.sels);
	return 0;
}

/**
 * nfipsec_spd_replace() - put a policy in the place of another
 * @nn: the namespace
 * @old: in the SPD, freed on success
 * @new: same direction and selector sets; owned by the SPD on success, by the
 *	caller on error. Gets the index of @old.
 *
 * If the priority changes, @new goes behind all policies that have it. Every
 * packet meets @old or @new.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0; -EINVAL if direction or selector sets differ; -ENOMEM; or an error
 * of turning defragmentation on.
 */
int nfipsec_spd_replace(struct nfipsec_net *nn, struct nfipsec_policy *old,
			struct nfipsec_policy *new)
{
	int err;

	lockdep_assert_held(&nn->lock);
	if (dir_of(old) != dir_of(new) ||
	    !nfipsec_sets_equal(old->cfg.sel, old->cfg.sels, new->cfg.sel,
				new->cfg.sels))
		return -EINVAL;
	err = ports_get(nn, new);
	if (err)
		return err;
	marks_add(&nn->spd, new, 1);
	new->index = old->index;

	if (new->cfg.priority == old->cfg.priority) {
		new->age = old->age;
		rules_swap(&nn->spd.cls[dir_of(old)], old, new);
	} else {
		err = reorder(nn, old, new);
	}
	if (err) {
		ports_put(nn, new);
		return err;
	}
	nfipsec_spd_index_replace(&nn->spd, old, new);
	drop_policy(nn, old);
	return 0;
}

/* Of a policy whose rules are in no state any more. */
static void policy_remove(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);

	rules_del(&nn->spd.cls[dir], pol, pol->cfg.sels);
	nfipsec_spd_index_del(&nn->spd, pol);
	nn->spd.count[dir]--;
	update_active(&nn->spd, dir);
	drop_policy(nn, pol);
}

/**
 * nfipsec_spd_remove() - take a policy out of the SPD and free it
 * @nn: the namespace
 * @pol: in the SPD
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_remove(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	struct nfipsec_classifier *cls = &nn->spd.cls[dir_of(pol)];

	lockdep_assert_held(&nn->lock);
	rules_retire(cls, pol);
	nfipsec_classifier_commit(cls);
	policy_remove(nn, pol);
}

/* The first one behind @pol that a flush is for, or NULL. */
static struct nfipsec_policy *next_of(const struct nfipsec_net *nn,
				      unsigned int dir,
				      const struct nfipsec_policy *pol,
				      const char *owner)
{
	struct nfipsec_policy *next;

	next = nfipsec_spd_next(nn, dir, pol ? pol->cfg.priority : 0,
				pol ? pol->age : 0);
	while (next && owner && strcmp(next->cfg.owner, owner))
		next = nfipsec_spd_next(nn, dir, next->cfg.priority,
					next->age);
	return next;
}

/**
 * nfipsec_spd_flush() - remove and free all policies of a direction
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @owner: only those of that owner, NULL for all
 *
 * All at once: a packet meets all of them or none.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_flush(struct nfipsec_net *nn, unsigned int dir,
		       const char *owner)
{
	struct nfipsec_classifier *cls = &nn->spd.cls[dir];
	struct nfipsec_policy *pol, *next;

	lockdep_assert_held(&nn->lock);
	pol = next_of(nn, dir, NULL, owner);
	if (!pol)
		return;
	for (next = pol; next; next = next_of(nn, dir, next, owner)) {
		rules_retire(cls, next);
		cond_resched();
	}
	nfipsec_classifier_commit(cls);
	for (; pol; pol = next) {
		next = next_of(nn, dir, pol, owner);
		policy_remove(nn, pol);
		cond_resched();
	}
}

/**
 * nfipsec_spd_set_default() - set what happens if no policy matches
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @action: NFIPSEC_ACTION_BYPASS or NFIPSEC_ACTION_DISCARD
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_set_default(struct nfipsec_net *nn, unsigned int dir,
			     u8 action)
{
	lockdep_assert_held(&nn->lock);
	nfipsec_classifier_commit(&nn->spd.cls[dir]);
	/* Who sees it sees that the state is another. */
	smp_store_release(&nn->spd.action[dir], action);
	update_active(&nn->spd, dir);
	nfipsec_net_changed(nn);
}
