// SPDX-License-Identifier: GPL-2.0-only
/*
 * What policies need of packets before they can be judged by them: that they are
 * whole, or that fragments are.
 */
#include <linux/compiler.h>
#include <net/netfilter/ipv4/nf_defrag_ipv4.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "net.h"
#include "selector.h"
#include "spd.h"
#include "spd_needs.h"

/* To match a packet, or to find the SA that is for its ports. */
static bool wants_ports(const struct nfipsec_policy *pol)
{
	return nfipsec_sets_have_ports(pol->cfg.sel, pol->cfg.sels) ||
	       (pol->cfg.dir == NFIPSEC_DIR_OUT &&
		(pol->cfg.pfp & (NFIPSEC_PFP_FLAG_SPORT |
				 NFIPSEC_PFP_FLAG_DPORT)));
}

/*
 * Policies with ports need to see whole packets. Called before such a policy
 * is visible, so that it never meets a fragment that could have been put
 * together.
 */
static int ports_get(struct nfipsec_net *nn, const struct nfipsec_policy *pol)
{
	int err;

	if (!wants_ports(pol))
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

static void ports_put(struct nfipsec_net *nn, const struct nfipsec_policy *pol)
{
	if (!wants_ports(pol))
		return;
	if (--nn->spd.ports)
		return;
	nf_defrag_ipv6_disable(nn->net);
	nf_defrag_ipv4_disable(nn->net);
}

static void meta_add(struct nfipsec_spd *spd, const struct nfipsec_policy *pol,
		     int n)
{
	if (pol->cfg.dir != NFIPSEC_DIR_IN)
		return;
	if (nfipsec_sets_have_mark(pol->cfg.sel, pol->cfg.sels))
		WRITE_ONCE(spd->marks, spd->marks + n);
	if (nfipsec_sets_have_link(pol->cfg.sel, pol->cfg.sels))
		WRITE_ONCE(spd->links, spd->links + n);
}

/**
 * nfipsec_spd_needs_get() - see to what a policy needs
 * @nn: the namespace
 * @pol: policy, not visible to packets yet
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0, or an error of turning defragmentation on.
 */
int nfipsec_spd_needs_get(struct nfipsec_net *nn,
			  const struct nfipsec_policy *pol)
{
	int err = ports_get(nn, pol);

	if (!err)
		meta_add(&nn->spd, pol, 1);
	return err;
}

/**
 * nfipsec_spd_needs_put() - a policy needs it no more
 * @nn: the namespace
 * @pol: policy, out of sight and not freed yet
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_spd_needs_put(struct nfipsec_net *nn,
			   const struct nfipsec_policy *pol)
{
	meta_add(&nn->spd, pol, -1);
	ports_put(nn, pol);
}
