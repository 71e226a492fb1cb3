// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flowtable of nftables or tc forwards the packets of a connection past our hooks, in
 * the clear. It takes none that has a helper, since somebody has to see each of its
 * packets; so one that is protected gets the place for a helper, with none in it, before
 * conntrack has confirmed it. Those that are confirmed already it may have.
 *
 * Conntrack need not be there. A packet with a connection of its keeps it from going.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/l3mdev.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_extend.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "flowtable.h"
#include "net.h"
#include "selector.h"
#include "spd.h"

/* Of conntrack's, NULL while that is not there. */
static struct nf_conn_help *(*add_place)(struct nf_conn *ct, gfp_t gfp);

static void conntrack_there(void)
{
	WRITE_ONCE(add_place, symbol_get(nf_ct_helper_ext_add));
	/* It may go at any time: then we are told. */
	if (add_place)
		symbol_put(nf_ct_helper_ext_add);
}

static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct module *mod = data;

	if (strcmp(mod->name, "nf_conntrack"))
		return NOTIFY_OK;
	if (event == MODULE_STATE_LIVE)
		conntrack_there();
	else if (event == MODULE_STATE_GOING)
		WRITE_ONCE(add_place, NULL);
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = {
	.notifier_call = module_event,
};

/* Will its answers be protected? By then NAT has given them the addresses of @ct. */
static bool comes_back_sealed(const struct nfipsec_net *nn,
			      const struct nf_conn *ct,
			      enum ip_conntrack_info ctinfo,
			      const struct nfipsec_flow *flow)
{
	const struct nf_conntrack_tuple *t = nf_ct_tuple(ct, CTINFO2DIR(ctinfo));
	struct nfipsec_flow back = {
		.family = flow->family,
		.proto = flow->proto,
		.meta.iif = flow->meta.oif,
		.meta.oif = flow->meta.iif,
		.meta.mark = flow->meta.mark,
	};
	struct nfipsec_verdict verdict;

	if (flow->family == AF_INET) {
		back.saddr.ip = t->dst.u3.ip;
		back.daddr.ip = t->src.u3.ip;
	} else {
		back.saddr.in6 = t->dst.u3.in6;
		back.daddr.in6 = t->src.u3.in6;
	}
	if (nfipsec_field(flow->family, flow->proto) == NFIPSEC_FIELD_PORTS) {
		back.sport = ntohs(t->dst.u.all);
		back.dport = ntohs(t->src.u.all);
	}
	if (back.meta.oif)
		back.meta.vrf = l3mdev_master_ifindex_by_index(nn->net,
							       back.meta.oif);
	nfipsec_spd_lookup(nn, NFIPSEC_SPD_OUT, &back, &verdict);
	return verdict.action == NFIPSEC_ACTION_PROTECT;
}

/**
 * nfipsec_flowtable_keep_out() - see that no flowtable takes a protected connection
 * @nn: the namespace
 * @skb: packet at POST_ROUTING, not confirmed yet if it is the first of its connection
 * @flow: what policy saw of it
 * @sealed: policy wants it protected
 *
 * Context: under rcu_read_lock(), process or softirq.
 * Return: false if memory is short: then it may not begin a connection.
 */
bool nfipsec_flowtable_keep_out(const struct nfipsec_net *nn,
				const struct sk_buff *skb,
				const struct nfipsec_flow *flow, bool sealed)
{
	struct nf_conn_help *(*add)(struct nf_conn *ct, gfp_t gfp);
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (likely(!ct || nf_ct_is_confirmed(ct)))
		return true;
	add = READ_ONCE(add_place);
	if (!add || nf_ct_is_template(ct) || nf_ct_ext_exist(ct, NF_CT_EXT_HELPER))
		return true;
	if (!sealed && !comes_back_sealed(nn, ct, ctinfo, flow))
		return true;
	return add(ct, GFP_ATOMIC);
}

/**
 * nfipsec_flowtable_init() - look out for conntrack
 *
 * Context: process, module init.
 * Return: 0 or an error.
 */
int nfipsec_flowtable_init(void)
{
	int err = register_module_notifier(&module_notifier);

	if (!err)
		conntrack_there();
	return err;
}

/**
 * nfipsec_flowtable_exit() - look no more
 *
 * Context: process; no packet is looked at any more.
 */
void nfipsec_flowtable_exit(void)
{
	unregister_module_notifier(&module_notifier);
}
