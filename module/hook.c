// SPDX-License-Identifier: GPL-2.0-only
/*
 * The netfilter hooks: where they are, in which order with others, and for how long.
 */
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <net/net_namespace.h>

#include "hook.h"
#include "hook_in.h"
#include "hook_out.h"
#include "net.h"

/* Fragments are judged before conntrack's defragmentation at -400. */
#define PRI_FRAGMENTS	(NF_IP_PRI_CONNTRACK_DEFRAG - 10)
/* Behind the raw table, before conntrack: it shall see the inner packet. */
#define PRI_IN		(NF_IP_PRI_RAW + 10)
#define PRI_EARLY	(NF_IP_PRI_FIRST + 10)
/* Behind source NAT, so that policy sees what would be on the wire. */
#define PRI_OUT		(NF_IP_PRI_NAT_SRC + 100)

#define HOOK(fn, family, num, pri) {	\
	.hook = fn,			\
	.pf = family,			\
	.hooknum = num,			\
	.priority = pri,		\
}

static const struct nf_hook_ops hooks_in[] = {
	HOOK(nfipsec_hook_fragments, NFPROTO_IPV4, NF_INET_PRE_ROUTING,
	     PRI_FRAGMENTS),
	HOOK(nfipsec_hook_fragments, NFPROTO_IPV6, NF_INET_PRE_ROUTING,
	     PRI_FRAGMENTS),
	HOOK(nfipsec_hook_pre_routing, NFPROTO_IPV4, NF_INET_PRE_ROUTING,
	     PRI_IN),
	HOOK(nfipsec_hook_pre_routing, NFPROTO_IPV6, NF_INET_PRE_ROUTING,
	     PRI_IN),
	HOOK(nfipsec_hook_local_in, NFPROTO_IPV4, NF_INET_LOCAL_IN, PRI_EARLY),
	HOOK(nfipsec_hook_local_in, NFPROTO_IPV6, NF_INET_LOCAL_IN, PRI_EARLY),
};

/* Also of packets that come in. Any would do: see nfipsec_hook_unregister_last(). */
static const struct nf_hook_ops hooks_last[] = {
	HOOK(nfipsec_hook_forward, NFPROTO_IPV4, NF_INET_FORWARD, PRI_EARLY),
	HOOK(nfipsec_hook_forward, NFPROTO_IPV6, NF_INET_FORWARD, PRI_EARLY),
};

static const struct nf_hook_ops hooks_out[] = {
	HOOK(nfipsec_hook_post_routing, NFPROTO_IPV4, NF_INET_POST_ROUTING,
	     PRI_OUT),
	HOOK(nfipsec_hook_post_routing, NFPROTO_IPV6, NF_INET_POST_ROUTING,
	     PRI_OUT),
};

static int hook_up(struct net *net, const struct nf_hook_ops *hooks,
		   unsigned int n, struct netlink_ext_ack *extack)
{
	int err = nf_register_net_hooks(net, hooks, n);

	if (err == -E2BIG)
		NL_SET_ERR_MSG(extack,
			       "other netfilter hooks, as chains of nftables, are as many as netfilter allows in a place where nfipsec looks at packets");
	return err;
}

/**
 * nfipsec_hook_want() - look at a namespace's packets from now on
 * @nn: the namespace, to which an SA, a policy or a default is about to be added
 * @extack: told if there is no place for the hooks, may be NULL
 *
 * Before that nothing would come of the looks, and packets of namespaces that never
 * have any shall not pay for them. They are not taken back before the namespace
 * ends: what waits in a queue to user space may come back to them. Packets that
 * have begun to go through hooks, and would not meet these any more, are through
 * when it returns.
 * Context: process context under nn->lock, sleeps.
 * Return: 0; or an error, and then nothing may be added: -ENOMEM, or -E2BIG if
 * others have as many hooks in a place as netfilter allows.
 */
int nfipsec_hook_want(struct nfipsec_net *nn, struct netlink_ext_ack *extack)
{
	int err;

	lockdep_assert_held(&nn->lock);
	if (nn->hooked)
		return 0;
	err = hook_up(nn->net, hooks_in, ARRAY_SIZE(hooks_in), extack);
	if (err)
		return err;
	err = hook_up(nn->net, hooks_last, ARRAY_SIZE(hooks_last), extack);
	if (err)
		goto take_in;
	err = hook_up(nn->net, hooks_out, ARRAY_SIZE(hooks_out), extack);
	if (err)
		goto take_last;
	synchronize_net();
	nn->hooked = true;
	return 0;

take_last:
	nf_unregister_net_hooks(nn->net, hooks_last, ARRAY_SIZE(hooks_last));
take_in:
	nf_unregister_net_hooks(nn->net, hooks_in, ARRAY_SIZE(hooks_in));
	return err;
}

/**
 * nfipsec_hook_alone() - does nobody else look at packets that come in?
 * @net: the namespace
 * @family: of the packets, AF_INET or AF_INET6
 *
 * Context: under rcu_read_lock().
 * Return: true if the only hooks at PRE_ROUTING are ours.
 */
bool nfipsec_hook_alone(const struct net *net, u8 family)
{
	const struct nf_hook_entries *e;

	if (family == AF_INET)
		e = rcu_dereference(net->nf.hooks_ipv4[NF_INET_PRE_ROUTING]);
	else
		e = rcu_dereference(net->nf.hooks_ipv6[NF_INET_PRE_ROUTING]);
	return e && e->num_hook_entries == 2 &&
	       e->hooks[0].hook == nfipsec_hook_fragments &&
	       e->hooks[1].hook == nfipsec_hook_pre_routing;
}

/**
 * nfipsec_hook_unregister_out() - look at no further packet that leaves
 * @net: namespace
 *
 * Hooks may still run until a grace period is over, and hand packets to a
 * queue to user space that would give them back to nfipsec_output().
 * Context: process; no request can reach the namespace any more.
 */
void nfipsec_hook_unregister_out(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_out, ARRAY_SIZE(hooks_out));
}

/**
 * nfipsec_hook_unregister_in() - look at few further packets that come in
 * @net: namespace, a grace period after nfipsec_hook_unregister_out()
 *
 * With each hook that goes, netfilter drops the packets that queues to user
 * space hold: here those that hooks have handed to one after they had gone.
 * Hooks may still run until a grace period is over.
 * Context: process.
 */
void nfipsec_hook_unregister_in(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_in, ARRAY_SIZE(hooks_in));
}

/**
 * nfipsec_hook_unregister_last() - look at no further packet at all
 * @net: namespace, a grace period after nfipsec_hook_unregister_in()
 *
 * Packets for which there was a verdict just then were in no queue. Each has gone
 * on within that grace period, but maybe to another queue, by a rule behind our
 * hooks or by the verdict itself: those are dropped here. What a verdict takes
 * from queue to queue for the whole of both grace periods is not found.
 * Hooks may still run until a grace period is over.
 * Context: process.
 */
void nfipsec_hook_unregister_last(struct net *net)
{
	if (nfipsec_net(net)->hooked)
		nf_unregister_net_hooks(net, hooks_last,
					ARRAY_SIZE(hooks_last));
}
