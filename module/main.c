// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfipsec: IPsec for Linux beside net/xfrm. Life of the module and of its part
 * in each network namespace; nothing else.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "acquire.h"
#include "deliver.h"
#include "dummy.h"
#include "flowtable.h"
#include "gro.h"
#include "gso.h"
#include "hibernate.h"
#include "hook.h"
#include "natt.h"
#include "net.h"
#include "netlink.h"
#include "policy.h"
#include "sa.h"
#include "spd_cache.h"
#include "tag.h"
#include "work.h"

#ifdef CONFIG_PREEMPT_RT
#error "the working memory per CPU needs bottom halves that do not preempt"
#endif

unsigned int nfipsec_net_id;

static atomic64_t last_id;

static int __net_init net_init(struct net *net)
{
	struct nfipsec_net *nn = nfipsec_net(net);
	unsigned int i;
	int err;

	nn->net = net;
	nn->id = atomic64_inc_return(&last_id);
	mutex_init(&nn->lock);
	/* A cache that was never filled has generation 0. */
	atomic64_set(&nn->gen, 1);
	spin_lock_init(&nn->gen_lock);
	for (i = 0; i < ARRAY_SIZE(nn->route_locks); i++)
		spin_lock_init(&nn->route_locks[i]);
	err = nfipsec_spd_init(nn);
	if (err)
		return err;
	nfipsec_transactions_init(nn);
	nfipsec_natt_init(nn);
	nfipsec_dummy_init(nn);

	err = -ENOMEM;
	nn->counters = alloc_percpu(struct nfipsec_counters);
	if (!nn->counters)
		goto free_spd;
	err = nfipsec_tag_init(nn);
	if (err)
		goto free_counters;
	err = nfipsec_sad_init(nn);
	if (err)
		goto free_tag;
	err = nfipsec_acquire_init(nn);
	if (err)
		goto free_sad;
	err = nfipsec_deliver_init_net(nn);
	if (err)
		goto free_acquire;
	return 0;

free_acquire:
	nfipsec_acquire_exit(nn);
free_sad:
	nfipsec_sad_exit(nn);
	nfipsec_sad_free(nn);
free_tag:
	nfipsec_tag_exit(nn);
free_counters:
	free_percpu(nn->counters);
free_spd:
	nfipsec_spd_free(nn);
	return err;
}

/*
 * The devices of a namespace that goes away are gone before this runs, so
 * that nothing is forwarded in the clear while its hooks go.
 */
static void __net_exit net_exit(struct net *net)
{
	nfipsec_hook_unregister_out(net);
}

static void __net_exit net_exit_batch(struct list_head *list)
{
	struct net *net;

	synchronize_rcu();
	list_for_each_entry(net, list, exit_list)
		nfipsec_hook_unregister_in(net);
	synchronize_rcu();
	list_for_each_entry(net, list, exit_list)
		nfipsec_hook_unregister_last(net);
	/* No hook runs any more when this returns. */
	synchronize_rcu();
	list_for_each_entry(net, list, exit_list) {
		struct nfipsec_net *nn = nfipsec_net(net);

		nfipsec_deliver_exit_net(nn);
		nfipsec_natt_exit(nn);
		nfipsec_dummy_exit(nn);
		nfipsec_transactions_exit(nn);
		nfipsec_spd_exit(nn);
		nfipsec_sad_exit(nn);
		/* What changes a table has it look: nothing does any more. */
		nfipsec_acquire_exit(nn);
	}
	/* SAs hold routes of the namespace: they go before it does. */
	nfipsec_sa_barrier();
	list_for_each_entry(net, list, exit_list) {
		struct nfipsec_net *nn = nfipsec_net(net);

		nfipsec_tag_exit(nn);
		nfipsec_sad_free(nn);
		nfipsec_spd_free(nn);
		free_percpu(nn->counters);
		mutex_destroy(&nn->lock);
	}
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.exit = net_exit,
	.exit_batch = net_exit_batch,
	.id = &nfipsec_net_id,
	.size = sizeof(struct nfipsec_net),
};

static int __init nfipsec_init(void)
{
	int err;

	nfipsec_sad_seed();
	err = nfipsec_work_init();
	if (err)
		return err;
	err = nfipsec_scratch_init();
	if (err)
		goto exit_work;
	err = nfipsec_spd_cache_init();
	if (err)
		goto exit_scratch;
	err = nfipsec_deliver_init();
	if (err)
		goto exit_cache;
	err = nfipsec_sa_init();
	if (err)
		goto exit_deliver;
	err = nfipsec_policy_init();
	if (err)
		goto exit_sa;
	err = nfipsec_gso_init(nfipsec_gro_receive);
	if (err)
		goto exit_policy;
	err = nfipsec_flowtable_init();
	if (err)
		goto exit_gso;
	err = nfipsec_hibernate_init();
	if (err)
		goto exit_flowtable;
	err = register_pernet_subsys(&net_ops);
	if (err)
		goto exit_hibernate;
	err = nfipsec_netlink_init();
	if (err)
		goto exit_net;
	return 0;

exit_net:
	unregister_pernet_subsys(&net_ops);
exit_hibernate:
	nfipsec_hibernate_exit();
exit_flowtable:
	nfipsec_flowtable_exit();
exit_gso:
	nfipsec_gso_exit();
exit_policy:
	nfipsec_policy_exit();
exit_sa:
	nfipsec_sa_exit();
exit_deliver:
	nfipsec_deliver_exit();
exit_cache:
	nfipsec_spd_cache_exit();
exit_scratch:
	nfipsec_scratch_exit();
exit_work:
	nfipsec_work_exit();
	return err;
}

static void __exit nfipsec_exit(void)
{
	nfipsec_netlink_exit();
	unregister_pernet_subsys(&net_ops);
	nfipsec_hibernate_exit();
	nfipsec_flowtable_exit();
	nfipsec_gso_exit();
	nfipsec_policy_exit();
	nfipsec_sa_exit();
	nfipsec_deliver_exit();
	nfipsec_spd_cache_exit();
	nfipsec_scratch_exit();
	nfipsec_work_exit();
}

module_init(nfipsec_init);
module_exit(nfipsec_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("IPsec data plane: ESP with its own SAD and SPD");
MODULE_AUTHOR("The nfipsec developers");
MODULE_VERSION("0.1");
MODULE_ALIAS_GENL_FAMILY("nfipsec");
