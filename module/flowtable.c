// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flowtable forwards the packets of a connection past our hooks, unjudged and in the
 * clear. It takes none that has a helper, since somebody has to see each of its packets;
 * so one that policy has something to say of gets the place for a helper, with none in
 * it, before conntrack has confirmed it. Those that are confirmed already it may have.
 *
 * Conntrack need not be there. A packet with a connection of its keeps it from going.
 */
#include <linux/if_arp.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/netdevice.h>
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

/* It may go at any time: then we are told, and not while it is held here. */
static void conntrack_there(void)
{
	struct nf_conn_help *(*add)(struct nf_conn *ct, gfp_t gfp);

	add = symbol_get(nf_ct_helper_ext_add);
	if (!add)
		return;
	WRITE_ONCE(add_place, add);
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

static void turn(struct nfipsec_flow *flow)
{
	swap(flow->saddr, flow->daddr);
	swap(flow->sport, flow->dport);
}

static bool is_asked(const struct nfipsec_net *nn, unsigned int dir,
		     struct nfipsec_flow *flow, u32 iif, u32 oif)
{
	struct nfipsec_verdict verdict;

	if (!READ_ONCE(nn->spd.active[dir]))
		return false;
	flow->meta.iif = iif;
	flow->meta.oif = oif;
	flow->meta.vrf = l3mdev_master_ifindex_by_index(nn->net, oif ?: iif);
	nfipsec_spd_lookup(nn, dir, flow, &verdict);
	return verdict.opaque || verdict.action != NFIPSEC_ACTION_BYPASS;
}

/*
 * Does policy have something to say of a connection where it comes in, or of its
 * answers? A packet comes with the addresses of conntrack's tuple, and its answer leaves
 * with them; @flow is behind NAT. Flowtables take nothing but what has ports, and GRE.
 */
static bool is_looked_at(const struct nfipsec_net *nn,
			 const struct nf_conn *ct,
			 enum ip_conntrack_info ctinfo,
			 const struct nfipsec_flow *flow)
{
	const struct nf_conntrack_tuple *t = nf_ct_tuple(ct, CTINFO2DIR(ctinfo));
	bool ports = nfipsec_field(flow->family, flow->proto) ==
		     NFIPSEC_FIELD_PORTS;
	u32 iif = flow->meta.iif, oif = flow->meta.oif;
	struct nfipsec_flow came = *flow, answer = *flow;

	if (!ports && flow->proto != IPPROTO_GRE)
		return false;
	if (flow->family == AF_INET) {
		came.saddr.ip = t->src.u3.ip;
		came.daddr.ip = t->dst.u3.ip;
	} else {
		came.saddr.in6 = t->src.u3.in6;
		came.daddr.in6 = t->dst.u3.in6;
	}
	if (ports) {
		came.sport = ntohs(t->src.u.all);
		came.dport = ntohs(t->dst.u.all);
	}
	if (is_asked(nn, NFIPSEC_SPD_IN, &came, iif, 0))
		return true;
	turn(&came);
	turn(&answer);
	return is_asked(nn, NFIPSEC_SPD_OUT, &came, oif, iif) ||
	       is_asked(nn, NFIPSEC_SPD_IN, &answer, oif, 0);
}

/*
 * A flowtable puts the header of a tunnel in front itself, and takes it off, where the
 * device tells it how, as on Linux 7: policy would see neither the packet around a
 * connection's nor where that came from.
 */
static bool by_tunnel(struct net *net, u32 index)
{
	const struct net_device *dev = dev_get_by_index_rcu(net, index);

	return dev &&
	       (dev->type == ARPHRD_TUNNEL || dev->type == ARPHRD_TUNNEL6) &&
	       dev->netdev_ops->ndo_fill_forward_path;
}

/**
 * nfipsec_flowtable_keep_out() - see that no flowtable takes a connection from policy
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
	if (!sealed && !is_looked_at(nn, ct, ctinfo, flow) &&
	    !by_tunnel(nn->net, flow->meta.oif) &&
	    !by_tunnel(nn->net, flow->meta.iif))
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
