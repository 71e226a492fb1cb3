// SPDX-License-Identifier: GPL-2.0-only
/* See acquire_class.h. */
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "acquire_class.h"

/**
 * nfipsec_acquire_classify() - tell which packets an SA would be for
 * @class: written whole
 * @pol: the protect policy that wants one
 * @flow: a packet
 * @cpu: for which CPU, or NFIPSEC_CPU_ANY
 *
 * What tells the SA of one packet from that of another: the selector set, the
 * addresses, if the SA's are those of the packet, and what it has from the packet
 * because the policy says so (RFC 4301 section 4.4.1.2).
 *
 * Context: any.
 */
void nfipsec_acquire_classify(struct nfipsec_acquire_class *class,
			      const struct nfipsec_policy *pol,
			      const struct nfipsec_flow *flow, u32 cpu)
{
	bool ends = !pol->cfg.tmpl[0].family;
	u8 pfp = pol->cfg.pfp;

	/* Holes too. */
	memset(class, 0, sizeof(*class));
	class->cpu = cpu;
	class->set = nfipsec_sets_which(pol->cfg.sel, pol->cfg.sels, flow);
	class->flow.family = flow->family;
	if (ends || pfp & NFIPSEC_PFP_FLAG_SRC)
		class->flow.saddr = flow->saddr;
	if (ends || pfp & NFIPSEC_PFP_FLAG_DST)
		class->flow.daddr = flow->daddr;
	if (pfp & (NFIPSEC_PFP_FLAG_PROTO | NFIPSEC_PFP_FLAG_SPORT |
		   NFIPSEC_PFP_FLAG_DPORT))
		class->flow.proto = flow->proto;
	if (pfp & NFIPSEC_PFP_FLAG_SPORT)
		class->flow.sport = flow->sport;
	if (pfp & NFIPSEC_PFP_FLAG_DPORT)
		class->flow.dport = flow->dport;
}

/**
 * nfipsec_acquire_describe() - fill in what is told of a missing SA
 * @info: written, but for its id and packets
 * @pol: the protect policy that wants one
 * @flow: the first packet
 * @cpu: for which CPU, or NFIPSEC_CPU_ANY
 *
 * Context: any.
 */
void nfipsec_acquire_describe(struct nfipsec_acquire *info,
			      const struct nfipsec_policy *pol,
			      const struct nfipsec_flow *flow, u32 cpu)
{
	union nfipsec_addr saddr = flow->saddr, daddr = flow->daddr;
	u8 family = flow->family;
	struct nfipsec_tmpl *tmpl;

	info->policy = pol->index;
	info->priority = pol->cfg.priority;
	info->flow = *flow;
	info->cpu = cpu;
	for (info->tmpls = 0; info->tmpls < pol->cfg.tmpls; info->tmpls++) {
		tmpl = &info->tmpl[info->tmpls];
		*tmpl = pol->cfg.tmpl[info->tmpls];
		if (!tmpl->family) {
			tmpl->family = family;
			tmpl->saddr = saddr;
			tmpl->daddr = daddr;
		}
		family = tmpl->family;
		saddr = tmpl->saddr;
		daddr = tmpl->daddr;
	}
}

/**
 * nfipsec_acquire_seen_to() - was it seen to a class of packets in this second?
 * @pol: policy with NFIPSEC_POLICY_FLAG_CPU_ACQUIRE
 * @class: of this CPU; from now on it was
 *
 * Classes that share a place say so too seldom, never too often.
 *
 * Context: bottom halves off.
 * Return: whether it was.
 */
bool nfipsec_acquire_seen_to(const struct nfipsec_policy *pol,
			     const struct nfipsec_acquire_class *class)
{
	u32 hash = jhash(class, sizeof(*class), 0);
	time64_t now = ktime_get_seconds();
	struct nfipsec_asked *asked;

	asked = &this_cpu_ptr(pol->cpus)->asked[hash % NFIPSEC_ASKED];
	if (asked->when == now && asked->hash == hash)
		return true;
	asked->when = now;
	asked->hash = hash;
	return false;
}
