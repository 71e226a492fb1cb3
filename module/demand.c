// SPDX-License-Identifier: GPL-2.0-only
/* See demand.h. */
#include "demand.h"

static bool dscp_met(const struct nfipsec_demand *d,
		     const struct nfipsec_outer *o)
{
	return d->dscp_fixed == o->dscp_fixed &&
	       (!d->dscp_fixed || d->dscp == o->dscp);
}

/**
 * nfipsec_demand_met() - is an SA as it must be?
 * @d: what it must be like
 * @flags: the SA's, bits of enum nfipsec_sa_flag
 * @o: how the SA makes outer headers; only looked at if @d asks for that
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_demand_met(const struct nfipsec_demand *d, u32 flags,
			const struct nfipsec_outer *o)
{
	bool esn = flags & NFIPSEC_SA_FLAG_ESN;

	if ((d->asked & NFIPSEC_DEMAND_ESN) && d->esn != esn)
		return false;
	if ((d->asked & NFIPSEC_DEMAND_DF) && d->df != o->df)
		return false;
	return !(d->asked & NFIPSEC_DEMAND_DSCP) || dscp_met(d, o);
}
