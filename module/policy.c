// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies: birth, death, and from the template of a policy to an SA.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "net.h"
#include "policy.h"

/**
 * nfipsec_policy_create() - make a policy that is in no list yet
 * @cfg: what it says, copied
 * @index: its number
 *
 * The caller owns it until a list takes it, and gives it up with
 * nfipsec_policy_free().
 *
 * Context: process context, sleeps.
 * Return: the policy, or ERR_PTR(-ENOMEM).
 */
struct nfipsec_policy *
nfipsec_policy_create(const struct nfipsec_policy_config *cfg, u32 index)
{
	struct nfipsec_policy *pol;

	pol = kzalloc(sizeof(*pol), GFP_KERNEL_ACCOUNT);
	if (!pol)
		return ERR_PTR(-ENOMEM);
	pol->hits = alloc_percpu_gfp(u64, GFP_KERNEL_ACCOUNT);
	if (!pol->hits) {
		kfree(pol);
		return ERR_PTR(-ENOMEM);
	}
	pol->index = index;
	pol->cfg = *cfg;
	INIT_LIST_HEAD(&pol->node);
	spin_lock_init(&pol->cache_lock);
	return pol;
}

static void free_rcu(struct rcu_head *rcu)
{
	struct nfipsec_policy *pol = container_of(rcu, struct nfipsec_policy,
						  rcu);

	free_percpu(pol->hits);
	kfree(pol);
}

/**
 * nfipsec_policy_free() - give up a policy that is in no list
 * @pol: not used by the caller afterwards; readers may still be at it
 *
 * Freed after a grace period; nfipsec_sa_barrier() waits for that too.
 *
 * Context: any.
 */
void nfipsec_policy_free(struct nfipsec_policy *pol)
{
	call_rcu(&pol->rcu, free_rcu);
}

/**
 * nfipsec_policy_hits() - packets that met a policy, over all CPUs
 * @pol: the policy
 *
 * Context: any, the policy kept alive by rcu_read_lock() or nn->lock.
 * Return: the number.
 */
u64 nfipsec_policy_hits(const struct nfipsec_policy *pol)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*per_cpu_ptr(pol->hits, cpu));
	return sum;
}

/* Fill in what the template leaves to the packet. */
static void fill_want(struct nfipsec_sa_want *want,
		      const struct nfipsec_tmpl *tmpl,
		      const struct nfipsec_flow *flow)
{
	bool from_packet = !tmpl->family;

	want->saddr = from_packet ? flow->saddr : tmpl->saddr;
	want->daddr = from_packet ? flow->daddr : tmpl->daddr;
	want->packet = from_packet && tmpl->mode == NFIPSEC_MODE_TRANSPORT;
	want->family = from_packet ? flow->family : tmpl->family;
	want->proto = tmpl->proto;
	want->mode = tmpl->mode;
	want->reqid = tmpl->reqid;
	want->spi = tmpl->spi;
}

/*
 * The SA that the template last resolved to, or NULL if there was none; false
 * if something changed since.
 *
 * The cache holds no reference. What makes its SA safe to use:
 *
 * A remover unlinks the SA, then moves the generation on, then starts the
 * grace period; nfipsec_net_changed() is a full barrier on both sides. A
 * refill reads the generation before it looks for an SA. So an SA that is
 * stored with generation g was still in the table when g was current, and its
 * removal, if any, moves the generation beyond g.
 *
 * We are in a read-side section and read generation G of the namespace. With
 * cache_gen == G, the acquire gives us the SA that was stored with G, or with
 * a later generation by a refill that overtakes us. In both cases the removal
 * moves the generation beyond G, so it does that after our read; the grace
 * period it then starts waits for us.
 *
 * The namespace's generation starts at 1, cache_gen at 0: an empty cache is
 * never current.
 */
static bool cache_get(const struct nfipsec_net *nn,
		      const struct nfipsec_policy *pol, struct nfipsec_sa **sa)
{
	s64 gen = atomic64_read(&nn->gen);

	if (atomic64_read_acquire(&pol->cache_gen) != gen)
		return false;
	*sa = READ_ONCE(pol->cache_sa);
	return true;
}

/*
 * Look the SA up and remember it. Look-ups run in parallel; only one newer
 * than what the cache has may be stored, else an SA would stand beside a
 * generation that it did not live to see.
 */
static struct nfipsec_sa *cache_fill(const struct nfipsec_net *nn,
				     struct nfipsec_policy *pol,
				     const struct nfipsec_flow *flow)
{
	/* Before the look-up and ordered with it, see cache_get(). */
	s64 gen = atomic64_read_acquire(&nn->gen);
	struct nfipsec_sa_want want;
	struct nfipsec_sa *sa;

	fill_want(&want, &pol->cfg.tmpl, flow);
	sa = nfipsec_sad_find_out(nn, &want, NULL);
	spin_lock_bh(&pol->cache_lock);
	if (gen > atomic64_read(&pol->cache_gen)) {
		WRITE_ONCE(pol->cache_sa, sa);
		atomic64_set_release(&pol->cache_gen, gen);
	}
	spin_unlock_bh(&pol->cache_lock);
	return sa;
}

/**
 * nfipsec_policy_sa() - find the SA that a policy sends a packet through
 * @nn: the namespace
 * @pol: a protect policy, outbound
 * @flow: the packet
 *
 * If the template names addresses, the newest SA that fits it is the same for
 * all packets and is cached in the policy until a table of the namespace
 * changes. An SA beside it is only looked for if that one has a selector which
 * does not admit the packet.
 *
 * Context: under rcu_read_lock(), bottom halves off or on.
 * Return: a mature SA that admits @flow, valid until rcu_read_unlock(), or
 * NULL if there is none.
 */
struct nfipsec_sa *nfipsec_policy_sa(const struct nfipsec_net *nn,
				     struct nfipsec_policy *pol,
				     const struct nfipsec_flow *flow)
{
	struct nfipsec_sa_want want;
	struct nfipsec_sa *sa;

	if (pol->cfg.tmpl.family) {
		if (!cache_get(nn, pol, &sa))
			sa = cache_fill(nn, pol, flow);
		if (!sa || nfipsec_sa_admits(sa, flow))
			return sa;
	}
	fill_want(&want, &pol->cfg.tmpl, flow);
	return nfipsec_sad_find_out(nn, &want, flow);
}

/**
 * nfipsec_policy_accepts() - did a packet come the way a policy asks for?
 * @pol: the inbound policy that @flow matched
 * @sa: the SA that the packet came out of
 * @flow: the packet, decapsulated
 *
 * Context: under rcu_read_lock(), bottom halves off or on.
 * Return: true if the policy protects and its template fits the SA.
 */
bool nfipsec_policy_accepts(const struct nfipsec_policy *pol,
			    const struct nfipsec_sa *sa,
			    const struct nfipsec_flow *flow)
{
	struct nfipsec_sa_want want;

	if (pol->cfg.action != NFIPSEC_ACTION_PROTECT)
		return false;
	fill_want(&want, &pol->cfg.tmpl, flow);
	return nfipsec_sa_fits(sa, &want);
}
