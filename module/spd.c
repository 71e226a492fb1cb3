// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security policy database: ordered lists and the defaults behind them.
 *
 * Changes are made so that a packet is never judged by a state that was never
 * configured: it meets the policies of before a change or of after it.
 */
#include <linux/rculist.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "net.h"
#include "spd.h"

static unsigned int dir_of(const struct nfipsec_policy *pol)
{
	return pol->cfg.dir == NFIPSEC_DIR_IN ? NFIPSEC_SPD_IN :
						NFIPSEC_SPD_OUT;
}

/* Packets are only looked at in directions where that can matter. */
static void update_active(struct nfipsec_spd *spd, unsigned int dir)
{
	WRITE_ONCE(spd->active[dir], spd->count[dir] ||
		   spd->action[dir] != NFIPSEC_ACTION_BYPASS);
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

/* Called after the policy is out of the list and before it is freed. */
static void ports_put(struct nfipsec_net *nn, const struct nfipsec_policy *pol)
{
	if (!nfipsec_sets_have_ports(pol->cfg.sel, pol->cfg.sels))
		return;
	if (--nn->spd.ports)
		return;
	nf_defrag_ipv6_disable(nn->net);
	nf_defrag_ipv4_disable(nn->net);
}

/* From the end: policies mostly come in the order of their priority. */
static void link_policy(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	struct list_head *head = &spd->list[dir_of(pol)];
	struct list_head *after = head;
	struct nfipsec_policy *p;

	list_for_each_entry_reverse(p, head, node) {
		if (p->cfg.priority <= pol->cfg.priority) {
			after = &p->node;
			break;
		}
	}
	list_add_rcu(&pol->node, after);
}

/**
 * nfipsec_spd_init() - make the lists of a namespace
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process context.
 */
void nfipsec_spd_init(struct nfipsec_net *nn)
{
	unsigned int dir;

	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++) {
		INIT_LIST_HEAD(&nn->spd.list[dir]);
		nn->spd.count[dir] = 0;
		nn->spd.action[dir] = NFIPSEC_ACTION_BYPASS;
		nn->spd.active[dir] = false;
	}
	nn->spd.last_index = 0;
	nn->spd.ports = 0;
}

/**
 * nfipsec_spd_exit() - take the lists of a namespace away
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
	struct nfipsec_policy *pol, *may = NULL;
	enum nfipsec_match match;
	bool hidden;

	verdict->hidden = false;
	verdict->action = READ_ONCE(nn->spd.action[dir]);
	verdict->policy = NULL;
	list_for_each_entry_rcu(pol, &nn->spd.list[dir], node) {
		match = nfipsec_sets_match(pol->cfg.sel, pol->cfg.sels, flow,
					   &hidden);
		if (match == NFIPSEC_MATCH_NO)
			continue;
		if (match == NFIPSEC_MATCH_OPAQUE) {
			may = may ?: pol;
			continue;
		}
		if (!may || hidden) {
			may = NULL;
			verdict->policy = pol;
			verdict->hidden = hidden;
		}
		break;
	}
	verdict->opaque = may;
	if (may)
		verdict->policy = may;
	if (verdict->policy)
		verdict->action = verdict->policy->cfg.action;
}

/**
 * nfipsec_spd_insert() - put a policy into its list
 * @nn: the namespace
 * @pol: owned by the list on success, still by the caller on error
 *
 * It goes behind all policies of the same priority. Whether another policy
 * has the same selector is for the caller to look: nfipsec_spd_find().
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0, or an error of turning defragmentation on.
 */
int nfipsec_spd_insert(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);
	int err;

	lockdep_assert_held(&nn->lock);
	err = ports_get(nn, pol);
	if (err)
		return err;
	link_policy(&nn->spd, pol);
	nn->spd.count[dir]++;
	update_active(&nn->spd, dir);
	nfipsec_net_changed(nn);
	return 0;
}

/* The policy is out of its list and the list is as it shall be. */
static void drop_policy(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	nfipsec_net_changed(nn);
	ports_put(nn, pol);
	nfipsec_policy_free(pol);
}

/**
 * nfipsec_spd_replace() - put a policy in the place of another
 * @nn: the namespace
 * @old: in a list, freed on success
 * @new: same direction; owned by the list on success, by the caller on error.
 *	Gets the index of @old.
 *
 * If the priority changes, @new goes behind all policies that have it. Every
 * packet meets @old or @new.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0; -EINVAL if the directions differ; or an error of turning
 * defragmentation on.
 */
int nfipsec_spd_replace(struct nfipsec_net *nn, struct nfipsec_policy *old,
			struct nfipsec_policy *new)
{
	int err;

	lockdep_assert_held(&nn->lock);
	if (dir_of(old) != dir_of(new))
		return -EINVAL;
	err = ports_get(nn, new);
	if (err)
		return err;
	new->index = old->index;

	if (new->cfg.priority == old->cfg.priority) {
		list_replace_rcu(&old->node, &new->node);
	} else {
		link_policy(&nn->spd, new);
		/* A reader may be past the place of the new one already: it
		 * must still come by the old one.
		 */
		synchronize_net();
		list_del_rcu(&old->node);
	}
	drop_policy(nn, old);
	return 0;
}

/**
 * nfipsec_spd_remove() - take a policy out of its list and free it
 * @nn: the namespace
 * @pol: in a list
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_remove(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);

	lockdep_assert_held(&nn->lock);
	list_del_rcu(&pol->node);
	nn->spd.count[dir]--;
	update_active(&nn->spd, dir);
	drop_policy(nn, pol);
}

/**
 * nfipsec_spd_flush() - remove and free all policies of a direction
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @owner: only those of that owner, NULL for all
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_flush(struct nfipsec_net *nn, unsigned int dir,
		       const char *owner)
{
	struct nfipsec_policy *pol, *tmp;

	lockdep_assert_held(&nn->lock);
	/* The last one first: when the policy that a packet matches goes, only
	 * the default is left behind it. From the front, the packet would for
	 * a moment meet policies that it was not meant for.
	 */
	list_for_each_entry_safe_reverse(pol, tmp, &nn->spd.list[dir], node)
		if (!owner || !strcmp(pol->cfg.owner, owner))
			nfipsec_spd_remove(nn, pol);
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
	WRITE_ONCE(nn->spd.action[dir], action);
	update_active(&nn->spd, dir);
	nfipsec_net_changed(nn);
}

/**
 * nfipsec_spd_find() - find the policy with certain selector sets
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @sel: selector sets; the policy has the same, in whatever order
 * @sels: how many
 *
 * Context: under nn->lock.
 * Return: the policy, valid as long as the lock is held, or NULL.
 */
struct nfipsec_policy *nfipsec_spd_find(const struct nfipsec_net *nn,
					unsigned int dir,
					const struct nfipsec_selector *sel,
					unsigned int sels)
{
	struct nfipsec_policy *pol;

	lockdep_assert_held(&nn->lock);
	list_for_each_entry(pol, &nn->spd.list[dir], node) {
		if (nfipsec_sets_equal(pol->cfg.sel, pol->cfg.sels, sel, sels))
			return pol;
	}
	return NULL;
}

/**
 * nfipsec_spd_find_index() - find the policy with an index
 * @nn: the namespace
 * @index: its index
 *
 * Context: under nn->lock.
 * Return: the policy, valid as long as the lock is held, or NULL.
 */
struct nfipsec_policy *nfipsec_spd_find_index(const struct nfipsec_net *nn,
					      u32 index)
{
	struct nfipsec_policy *pol;
	unsigned int dir;

	lockdep_assert_held(&nn->lock);
	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++) {
		list_for_each_entry(pol, &nn->spd.list[dir], node) {
			if (pol->index == index)
				return pol;
		}
	}
	return NULL;
}

/**
 * nfipsec_spd_new_index() - choose the index of a new policy
 * @nn: the namespace
 *
 * Numbers are not used again before all others were, so that who deletes by
 * a number learnt earlier does not hit a successor.
 *
 * Context: under nn->lock.
 * Return: an index that no policy of the namespace has, never 0.
 */
u32 nfipsec_spd_new_index(struct nfipsec_net *nn)
{
	u32 index;

	lockdep_assert_held(&nn->lock);
	do {
		index = ++nn->spd.last_index;
	} while (!index || nfipsec_spd_find_index(nn, index));
	return index;
}
