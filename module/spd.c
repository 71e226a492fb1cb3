// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security policy database: ordered policies and the defaults behind them.
 *
 * Changes are made so that a packet is never judged by a state that was never
 * configured: it meets the policies of before a change or of after it.
 */
#include <linux/sched.h>
#include <linux/string.h>

#include "net.h"
#include "spd.h"
#include "spd_index.h"
#include "spd_needs.h"

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

/* As above, while packets may still meet the state before. */
static void activate(struct nfipsec_spd *spd, unsigned int dir)
{
	if (!spd->active[dir])
		update_active(spd, dir);
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
		atomic64_set(&spd->fallback[dir], 0);
		spd->active[dir] = false;
	}
	spd->staged = false;
	atomic64_set(&spd->since, 1);
	spd->last_age = 0;
	spd->ports = 0;
	spd->marks = 0;
	spd->links = 0;
	nfipsec_spd_index_init(spd);
	err = nfipsec_classifier_init(&spd->cls[NFIPSEC_SPD_IN], &nn->gen);
	if (err)
		return err;
	err = nfipsec_classifier_init(&spd->cls[NFIPSEC_SPD_OUT], &nn->gen);
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

static void rules_del(struct nfipsec_classifier *cls,
		      struct nfipsec_policy *pol, unsigned int n)
{
	while (n-- > 0)
		nfipsec_rule_del(cls, &pol->rule[n]);
}

/* Packets meet them with the next generation. */
static int rules_add(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	struct nfipsec_classifier *cls = &spd->cls[dir_of(pol)];
	unsigned int i;
	int err;

	spd->staged = true;
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

/* Packets meet them until the next generation. */
static void rules_retire(struct nfipsec_spd *spd, struct nfipsec_policy *pol)
{
	unsigned int i;

	spd->staged = true;
	for (i = 0; i < pol->cfg.sels; i++)
		nfipsec_rule_retire(&spd->cls[dir_of(pol)], &pol->rule[i]);
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
	int err = nfipsec_spd_stage_add(nn, pol);

	if (!err)
		nfipsec_net_changed(nn);
	return err;
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
	err = nfipsec_spd_stage_swap(nn, old, new);
	if (err)
		return err;
	nfipsec_net_changed(nn);
	nfipsec_spd_drop(nn, old, false);
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
	nfipsec_spd_needs_put(nn, pol);
	nfipsec_policy_free(pol);
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
	lockdep_assert_held(&nn->lock);
	nfipsec_spd_stage_del(nn, pol);
	nfipsec_net_changed(nn);
	update_active(&nn->spd, dir_of(pol));
	nfipsec_spd_drop(nn, pol, true);
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
	while (next && owner && strcmp(next->cfg.owner, owner)) {
		next = nfipsec_spd_next(nn, dir, next->cfg.priority,
					next->age);
		cond_resched();
	}
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
	struct nfipsec_policy *pol, *next;

	lockdep_assert_held(&nn->lock);
	pol = next_of(nn, dir, NULL, owner);
	if (!pol)
		return;
	for (next = pol; next; next = next_of(nn, dir, next, owner)) {
		rules_retire(&nn->spd, next);
		cond_resched();
	}
	nfipsec_net_changed(nn);
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
 * What it is already is no change, for which caches would be emptied.
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_set_default(struct nfipsec_net *nn, unsigned int dir,
			     u8 action)
{
	lockdep_assert_held(&nn->lock);
	if (nn->spd.action[dir] == action)
		return;
	nfipsec_spd_stage_default(nn, dir, action);
	nfipsec_net_changed(nn);
	update_active(&nn->spd, dir);
}

/**
 * nfipsec_spd_stage_add() - put a policy into the SPD with the next generation
 * @nn: the namespace
 * @pol: as of nfipsec_spd_insert()
 *
 * Those that configure find it at once.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: as of nfipsec_spd_insert().
 */
int nfipsec_spd_stage_add(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);
	int err;

	lockdep_assert_held(&nn->lock);
	err = nfipsec_spd_needs_get(nn, pol);
	if (err)
		return err;
	pol->age = ++nn->spd.last_age;
	err = rules_add(&nn->spd, pol);
	if (err)
		goto put_needs;
	err = nfipsec_spd_index_add(&nn->spd, pol);
	if (err)
		goto del_rules;
	nn->spd.count[dir]++;
	activate(&nn->spd, dir);
	return 0;

del_rules:
	rules_del(&nn->spd.cls[dir], pol, pol->cfg.sels);
put_needs:
	nfipsec_spd_needs_put(nn, pol);
	return err;
}

/**
 * nfipsec_spd_unstage_add() - undo nfipsec_spd_stage_add()
 * @nn: the namespace
 * @pol: the caller's again
 *
 * Packets are looked at all the same, until all is undone: see
 * nfipsec_spd_settle().
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_unstage_add(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);

	nfipsec_spd_index_del(&nn->spd, pol);
	rules_del(&nn->spd.cls[dir], pol, pol->cfg.sels);
	nfipsec_spd_needs_put(nn, pol);
	nn->spd.count[dir]--;
}

/**
 * nfipsec_spd_stage_del() - take a policy out with the next generation
 * @nn: the namespace
 * @pol: in the SPD; then for nfipsec_spd_drop()
 *
 * Those that configure find it by its index only, see nfipsec_policy_leaves().
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_stage_del(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	unsigned int dir = dir_of(pol);

	lockdep_assert_held(&nn->lock);
	rules_retire(&nn->spd, pol);
	nfipsec_spd_index_hide(&nn->spd, pol);
	nn->spd.count[dir]--;
}

static void rules_keep(struct nfipsec_policy *pol)
{
	unsigned int i;

	for (i = 0; i < pol->cfg.sels; i++)
		nfipsec_rule_keep(&pol->rule[i]);
}

/**
 * nfipsec_spd_unstage_del() - undo nfipsec_spd_stage_del()
 * @nn: the namespace
 * @pol: in the SPD as before
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_unstage_del(struct nfipsec_net *nn, struct nfipsec_policy *pol)
{
	nn->spd.count[dir_of(pol)]++;
	nfipsec_spd_index_show(&nn->spd, pol);
	rules_keep(pol);
}

/**
 * nfipsec_spd_stage_swap() - replace a policy with the next generation
 * @nn: the namespace
 * @old: in the SPD; then for nfipsec_spd_drop()
 * @new: as of nfipsec_spd_replace()
 *
 * Context: process context under nn->lock, sleeps.
 * Return: as of nfipsec_spd_replace(), but that nobody looks at the selector
 * sets.
 */
int nfipsec_spd_stage_swap(struct nfipsec_net *nn, struct nfipsec_policy *old,
			   struct nfipsec_policy *new)
{
	int err;

	lockdep_assert_held(&nn->lock);
	err = nfipsec_spd_needs_get(nn, new);
	if (err)
		return err;
	new->index = old->index;
	new->age = new->cfg.priority == old->cfg.priority ?
		   old->age : ++nn->spd.last_age;
	err = rules_add(&nn->spd, new);
	if (err) {
		nfipsec_spd_needs_put(nn, new);
		return err;
	}
	rules_retire(&nn->spd, old);
	nfipsec_spd_index_replace(&nn->spd, old, new);
	return 0;
}

/**
 * nfipsec_spd_unstage_swap() - undo nfipsec_spd_stage_swap()
 * @nn: the namespace
 * @old: in the SPD as before
 * @new: the caller's again
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_unstage_swap(struct nfipsec_net *nn,
			      struct nfipsec_policy *old,
			      struct nfipsec_policy *new)
{
	nfipsec_spd_index_replace(&nn->spd, new, old);
	rules_keep(old);
	rules_del(&nn->spd.cls[dir_of(new)], new, new->cfg.sels);
	nfipsec_spd_needs_put(nn, new);
}

/**
 * nfipsec_spd_stage_default() - set a default action with the next generation
 * @nn: the namespace
 * @dir: NFIPSEC_SPD_IN or NFIPSEC_SPD_OUT
 * @action: NFIPSEC_ACTION_BYPASS or NFIPSEC_ACTION_DISCARD; what it was before
 *	undoes it
 *
 * Context: under nn->lock.
 */
void nfipsec_spd_stage_default(struct nfipsec_net *nn, unsigned int dir,
			       u8 action)
{
	struct nfipsec_spd *spd = &nn->spd;
	u64 now = atomic64_read(&nn->gen);
	u8 before = nfipsec_spd_default(spd, dir, now);

	BUILD_BUG_ON(NFIPSEC_ACTION_BYPASS > 1 || NFIPSEC_ACTION_DISCARD > 1);
	lockdep_assert_held(&nn->lock);
	spd->staged = true;
	spd->action[dir] = action;
	atomic64_set(&spd->fallback[dir], (now + 1) << 2 | before << 1 | action);
	activate(spd, dir);
}

/**
 * nfipsec_spd_settle() - what was staged has become visible, or was undone
 * @nn: the namespace
 *
 * Until then a direction that packets were looked at in stays so.
 *
 * Context: under nn->lock, after nfipsec_net_changed() or when all is undone.
 */
void nfipsec_spd_settle(struct nfipsec_net *nn)
{
	unsigned int dir;

	nn->spd.staged = false;
	for (dir = 0; dir < NFIPSEC_SPD_MAX; dir++)
		update_active(&nn->spd, dir);
}

/**
 * nfipsec_spd_drop() - free a policy that packets do not meet any more
 * @nn: the namespace
 * @pol: it was staged so, and there is a new generation since
 * @deleted: it has no successor
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_drop(struct nfipsec_net *nn, struct nfipsec_policy *pol,
		      bool deleted)
{
	rules_del(&nn->spd.cls[dir_of(pol)], pol, pol->cfg.sels);
	if (deleted)
		nfipsec_spd_index_forget(&nn->spd, pol);
	nfipsec_spd_needs_put(nn, pol);
	nfipsec_policy_free(pol);
}
