// SPDX-License-Identifier: GPL-2.0-only
/*
 * See sa_move.h. An SA that moves becomes another object with the same core: keys,
 * sequence number, window, counters and limits are the same memory, so that
 * nothing of them has to be copied while packets are at it. Which of the two a
 * packet has found says where it goes, and all of that is constant.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "sa.h"
#include "sa_check.h"
#include "sa_move.h"

/* To a group there are many at one end. */
static int check_hosts(const struct nfipsec_sa *sa,
		       const struct nfipsec_sa_place *to,
		       struct netlink_ext_ack *extack)
{
	if (nfipsec_addr_is_group(&sa->key.daddr, sa->key.family) ||
	    nfipsec_addr_is_group(&to->daddr, to->family)) {
		NL_SET_ERR_MSG(extack,
			       "SAs move between hosts, not to or from a group (RFC 4555)");
		return -EINVAL;
	}
	return 0;
}

/* As for a new SA there: its other values were good and are again. */
static int check(const struct nfipsec_sa *sa,
		 const struct nfipsec_sa_place *to,
		 struct netlink_ext_ack *extack)
{
	/* The lock is the namespace's, which an SA does not know. */
	const struct nfipsec_sa_rcu_selector *s =
		rcu_dereference_protected(sa->selector, true);
	struct nfipsec_sa_config cfg = {
		.key = sa->key,
		.saddr = to->saddr,
		.mode = sa->mode,
		.dir = sa->dir,
		.state = sa->state,
		.flags = sa->flags,
		.replay_window = sa->core->replay.window,
		.encap = to->encap,
		.tfc = sa->tfc,
		.dscp_set = sa->dscp_set,
		.has_selector = s,
	};

	cfg.key.daddr = to->daddr;
	cfg.key.family = to->family;
	if (s)
		cfg.selector = s->sel;
	return check_hosts(sa, to, extack) ?: nfipsec_sa_check(&cfg, extack);
}

/**
 * nfipsec_sa_moved() - make the SA that another one is to become
 * @sa: mature SA, in a table
 * @to: where it is to be
 * @extack: told what is wrong
 *
 * What was learned of the path and of where the peer was seen was learned
 * elsewhere, and is forgotten.
 *
 * Context: under nn->lock, sleeps.
 * Return: an SA for nfipsec_sad_move(), or for nfipsec_sa_free(), which leaves
 * @sa as it is; or ERR_PTR(): -ENOMEM, or -EINVAL if an SA like this cannot be
 * there.
 */
struct nfipsec_sa *nfipsec_sa_moved(const struct nfipsec_sa *sa,
				    const struct nfipsec_sa_place *to,
				    struct netlink_ext_ack *extack)
{
	struct nfipsec_sa *new;
	int err;

	err = check(sa, to, extack);
	if (err)
		return ERR_PTR(err);
	new = nfipsec_sa_alloc();
	if (!new)
		return ERR_PTR(-ENOMEM);
	spin_lock_bh(&sa->core->replay_lock);
	/* What else packets write is set anew below, the rest is constant. */
	data_race(memcpy(new, sa, sizeof(*new)));
	spin_unlock_bh(&sa->core->replay_lock);
	new->borrowed = true;
	if (new->crypto)
		new->crypto = &new->algorithms;
	new->key.daddr = to->daddr;
	new->key.family = to->family;
	new->saddr = to->saddr;
	new->encap = to->encap;
	new->reqid = to->reqid;
	atomic64_set(&new->path, 0);
	new->last_sent = jiffies;
	/* But user space is not told of it any sooner. */
	memset(&new->moved, 0, sizeof(new->moved));
	/* Those are the tables' or not yet there. */
	memset(&new->node, 0, sizeof(new->node));
	INIT_HLIST_NODE(&new->peer_node);
	memset(&new->tie, 0, sizeof(new->tie));
	new->tied = 0;
	new->untied = false;
	INIT_LIST_HEAD(&new->dummy_node);
	INIT_LIST_HEAD(&new->keepalive_node);
	memset(&new->dst_cache, 0, sizeof(new->dst_cache));
	err = nfipsec_sa_init_routes(new);
	if (err) {
		nfipsec_sa_dispose(new);
		return ERR_PTR(err);
	}
	return new;
}
