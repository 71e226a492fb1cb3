// SPDX-License-Identifier: GPL-2.0-only
/*
 * The security association database: the SA to send a packet through.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/prefetch.h>
#include <linux/rculist.h>

#include "net.h"
#include "sad.h"

/* Does an SA have the source that is asked for? */
static bool source_fits(const struct nfipsec_sa *sa,
			const struct nfipsec_sa_want *want)
{
	return nfipsec_addr_equal(&sa->saddr, &want->saddr) ||
	       (want->packet && nfipsec_sa_is_shared(sa));
}

static bool algo_wanted(const struct nfipsec_algo *algo,
			const struct nfipsec_sa_want *want)
{
	unsigned int i;

	for (i = 0; i < want->algos; i++) {
		if (want->algo[i] == algo)
			return true;
	}
	return !algo;
}

/* All that the SA has must be among them. */
static bool algos_fit(const struct nfipsec_sa *sa,
		      const struct nfipsec_sa_want *want)
{
	const struct nfipsec_crypto *c = sa->crypto;

	return !want->algos || (c && algo_wanted(c->aead_algo, want) &&
				algo_wanted(c->enc_algo, want) &&
				algo_wanted(c->auth_algo, want));
}

/**
 * nfipsec_sa_fits() - is this the kind of SA that a template asks for?
 * @sa: the SA
 * @want: the template, addresses filled in
 *
 * Does not look at state, direction and selector.
 *
 * Context: any.
 * Return: true if it is.
 */
bool nfipsec_sa_fits(const struct nfipsec_sa *sa,
		     const struct nfipsec_sa_want *want)
{
	return sa->key.family == want->family &&
	       sa->key.proto == want->proto &&
	       sa->mode == want->mode &&
	       (!want->reqid || want->reqid == READ_ONCE(sa->reqid)) &&
	       (!want->spi || want->spi == sa->key.spi) &&
	       nfipsec_addr_equal(&sa->key.daddr, &want->daddr) &&
	       source_fits(sa, want) && algos_fit(sa, want) &&
	       nfipsec_demand_met(&want->demand, sa->flags, &sa->outer);
}

/**
 * nfipsec_sa_joins() - are a packet's ends those of an SA?
 * @sa: the SA
 * @flow: the packet
 *
 * What transport mode is for, and the ICV does not cover the addresses.
 *
 * Context: any.
 * Return: true if they are.
 */
bool nfipsec_sa_joins(const struct nfipsec_sa *sa,
		      const struct nfipsec_flow *flow)
{
	return flow->family == sa->key.family &&
	       (nfipsec_sa_is_shared(sa) ||
		nfipsec_addr_equal(&flow->saddr, &sa->saddr)) &&
	       nfipsec_addr_equal(&flow->daddr, &sa->key.daddr);
}

/**
 * nfipsec_sa_admits() - may an SA carry a packet?
 * @sa: the SA
 * @flow: the packet
 *
 * A fragment for which it cannot be told is not admitted.
 *
 * Context: under rcu_read_lock().
 * Return: true if the SA has no selector, or one that matches.
 */
bool nfipsec_sa_admits(const struct nfipsec_sa *sa,
		       const struct nfipsec_flow *flow)
{
	const struct nfipsec_sa_rcu_selector *s = rcu_dereference(sa->selector);

	return !s || nfipsec_selector_match(&s->sel, flow) == NFIPSEC_MATCH_YES;
}

/* RFC 4301 section 4.4.1: such an SA is not shared by what differs in them. */
static bool pins(const struct nfipsec_sa *sa, u32 pfp)
{
	const struct nfipsec_sa_rcu_selector *s = rcu_dereference(sa->selector);

	return !pfp || (s && nfipsec_selector_pins(&s->sel, pfp));
}

static bool can_send(const struct nfipsec_sa *sa,
		     const struct nfipsec_sa_want *want, u64 state)
{
	return nfipsec_sa_is_there(sa, state) &&
	       sa->state == NFIPSEC_SA_STATE_MATURE &&
	       sa->dir != NFIPSEC_DIR_IN && nfipsec_sa_fits(sa, want) &&
	       pins(sa, want->pfp);
}

/* Is it one of several, of which @want and @flow do not say which? */
static bool depends(const struct nfipsec_sa *sa,
		    const struct nfipsec_sa_want *want,
		    const struct nfipsec_flow *flow)
{
	return (sa->dscp_set && !flow) ||
	       (sa->cpu != NFIPSEC_CPU_ANY && want->cpu == NFIPSEC_CPU_ANY);
}

/* How much an SA that does not depend is made for a packet; 0 is not at all. */
static unsigned int rank(const struct nfipsec_sa *sa,
			 const struct nfipsec_sa_want *want,
			 const struct nfipsec_flow *flow)
{
	unsigned int rank = 1;

	if (sa->cpu != NFIPSEC_CPU_ANY) {
		if (sa->cpu != want->cpu)
			return 0;
		rank += 1;
	}
	if (sa->dscp_set) {
		if (!(sa->dscp_set & BIT_ULL(flow->dscp)))
			return 0;
		rank += 2;
	}
	return rank;
}

/* No SA to one of these peers has more. */
static unsigned int rank_max(const struct nfipsec_sad_peers *peers)
{
	return 1 + (READ_ONCE(peers->pinned) ? 1 : 0) +
	       (READ_ONCE(peers->classed) ? 2 : 0);
}

/* Those who look do not write to what they find it in. */
static const struct nfipsec_sad_peers *peers_of(const struct nfipsec_net *nn,
						u32 peer)
{
	return nfipsec_sad_peers((struct nfipsec_sad *)&nn->sad, peer);
}

/**
 * struct candidates - a search among the SAs to a peer, the newer ones first
 * @want: which are meant
 * @flow: the packet, or NULL
 * @state: the state it is in
 * @top: rank that none exceeds
 * @best: rank of @found
 * @found: the answer so far
 */
struct candidates {
	const struct nfipsec_sa_want *want;
	const struct nfipsec_flow *flow;
	u64 state;
	unsigned int top;
	unsigned int best;
	struct nfipsec_sa *found;
};

/* What can_send() looks at, while it waits for the first line of it. */
static void prefetch_sa(const struct nfipsec_sa *sa)
{
	prefetch(&sa->crypto);
	prefetch(&sa->saddr);
}

/* Is the answer known with the next one of them? */
static bool settles(struct candidates *c, struct nfipsec_sa *sa)
{
	unsigned int r;

	prefetch_sa(sa);
	if (!can_send(sa, c->want, c->state) ||
	    (c->flow && !nfipsec_sa_admits(sa, c->flow)))
		return false;
	if (depends(sa, c->want, c->flow)) {
		c->found = ERR_PTR(-EAGAIN);
		return true;
	}
	r = rank(sa, c->want, c->flow);
	if (r > c->best) {
		c->best = r;
		c->found = sa;
	}
	return c->best >= c->top;
}

/**
 * nfipsec_sad_find_out() - find an SA to send a packet through
 * @nn: the namespace
 * @want: what the policy asks for
 * @flow: the packet, or NULL to leave it out of account
 *
 * One that names the packet's DSCP goes before one that names none (RFC 4301
 * section 4.4.2.1), and then one of the CPU before one of all; one of another CPU is
 * left to that (RFC 9611). Of several, the newest is taken, so that traffic moves over
 * as soon as a successor stands (RFC 7296 section 2.8).
 *
 * If a transaction is committed meanwhile, an SA may be missed: a caller that
 * cannot do without looks again if the generation is another then.
 *
 * Context: under rcu_read_lock().
 * Return: a mature SA that admits @flow, valid until rcu_read_unlock(), or
 * NULL; ERR_PTR(-EAGAIN) if it depends on the DSCP, without @flow, or on the CPU,
 * without one in @want.
 */
struct nfipsec_sa *nfipsec_sad_find_out(const struct nfipsec_net *nn,
					const struct nfipsec_sa_want *want,
					const struct nfipsec_flow *flow)
{
	struct candidates c = {
		.want = want,
		.flow = flow,
		.state = nfipsec_net_gen(nn),
	};
	u32 hash = nfipsec_sad_peer_hash(want->family, &want->daddr);
	const struct nfipsec_sad_peers *peers = peers_of(nn, hash);
	const struct nfipsec_sad_ties *ties;
	struct nfipsec_sa_tie *tie;
	struct nfipsec_sa *sa;

	/* After the state: what is in it is counted. */
	c.top = rank_max(peers);
	if (want->reqid) {
		ties = rcu_dereference(nn->sad.by_reqid);
		if (!ties)
			return NULL;
		hlist_for_each_entry_rcu(tie,
					 nfipsec_sad_reqid_chain(ties, hash,
								 want->reqid),
					 node)
			if (settles(&c, tie->sa))
				break;
		return c.found;
	}
	hlist_for_each_entry_rcu(sa, &peers->sas, peer_node)
		if (settles(&c, sa))
			break;
	return c.found;
}

static bool was_plain(const struct nfipsec_sa *sa, const struct nfipsec_flow *flow,
		      u64 state)
{
	return nfipsec_sad_receives_comp(sa) &&
	       sa->state == NFIPSEC_SA_STATE_MATURE &&
	       nfipsec_sa_is_there(sa, state) && nfipsec_sa_joins(sa, flow);
}

static struct nfipsec_sa *plain_tied(const struct nfipsec_net *nn,
				     const struct nfipsec_flow *flow, u32 hash,
				     u32 reqid, u64 state)
{
	const struct nfipsec_sad_ties *ties = rcu_dereference(nn->sad.by_reqid);
	struct nfipsec_sa_tie *tie;

	if (!ties)
		return NULL;
	hlist_for_each_entry_rcu(tie, nfipsec_sad_reqid_chain(ties, hash, reqid),
				 node)
		if (READ_ONCE(tie->sa->reqid) == reqid &&
		    was_plain(tie->sa, flow, state))
			return tie->sa;
	return NULL;
}

/*
 * As of a state of the tables. All SAs that come in to this address are to one peer,
 * and whoever has one can send what asks for this: all are walked for an SA without a
 * reqid only, and else those that have the same one or are of IPComp and have none.
 */
static struct nfipsec_sa *find_plain(const struct nfipsec_net *nn,
				     const struct nfipsec_flow *flow,
				     u32 reqid, u64 state)
{
	u32 hash = nfipsec_sad_peer_hash(flow->family, &flow->daddr);
	const struct nfipsec_sad_peers *peers = peers_of(nn, hash);
	struct nfipsec_sa *sa;

	/* After the state: what is in it is counted. */
	if (likely(!READ_ONCE(peers->comp)))
		return NULL;
	sa = plain_tied(nn, flow, hash, reqid, state);
	if (sa)
		return sa;
	/* One may have come from there to here in between, when it got its reqid. */
	if (reqid)
		return plain_tied(nn, flow, hash, 0, state) ?:
		       plain_tied(nn, flow, hash, reqid, state);
	hlist_for_each_entry_rcu(sa, &peers->sas, peer_node)
		if (was_plain(sa, flow, state))
			return sa;
	return NULL;
}

/**
 * nfipsec_sad_find_plain() - find the SA of IPComp that did not compress
 * @nn: the namespace
 * @flow: a packet that carries another, and came out of an SA
 * @reqid: that SA's
 *
 * In tunnel mode, IPComp that is left out leaves one IP packet in another (RFC
 * 3173 section 2.2), with no CPI to find the SA by. Two SAs that were made for one
 * another have one reqid.
 *
 * Context: under rcu_read_lock().
 * Return: an SA between the packet's ends, the newest with @reqid, or else the
 * newest if one of the two has no reqid; valid until rcu_read_unlock(), or NULL.
 */
struct nfipsec_sa *nfipsec_sad_find_plain(const struct nfipsec_net *nn,
					  const struct nfipsec_flow *flow,
					  u32 reqid)
{
	struct nfipsec_sa *sa;
	u64 state;

	state = nfipsec_net_gen(nn);
	sa = find_plain(nn, flow, reqid, state);
	if (unlikely(nfipsec_net_gen_changed(nn, state))) {
		nfipsec_net_gen_hold(nn);
		sa = find_plain(nn, flow, reqid, nfipsec_net_gen(nn));
		nfipsec_net_gen_release(nn);
	}
	return sa;
}
