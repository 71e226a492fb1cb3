/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tc has at a device's ingress had another name before 6.6.
 *
 * alloc_netdev_dummy() since 6.10. Before that such a device is made in memory of
 * its owner, and free_netdev() is for others: the module has none.
 *
 * Packet sockets that are bound to no device are in a list of their namespace since
 * 6.15, before that in one that is out of a module's reach: net_ptype_specific() is
 * then the device's own. Likewise those for all protocols; but from 6.9 on that one
 * list can be reached, see <net/hotdata.h>.
 */
#ifndef NFIPSEC_COMPAT_LINUX_NETDEVICE_H
#define NFIPSEC_COMPAT_LINUX_NETDEVICE_H

#include <linux/version.h>
#include_next <linux/netdevice.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define tcx_ingress	miniq_ingress
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#include <linux/slab.h>

static inline struct net_device *alloc_netdev_dummy(int sizeof_priv)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
}

#define free_netdev(dev)	kfree(dev)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define net_ptype_specific(net, dev)	((void)(net), &(dev)->ptype_specific)
#else
#define net_ptype_specific(net, dev)	((void)(dev), &(net)->ptype_specific)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#define dev_nit_active_rcu(dev)	dev_nit_active((struct net_device *)(dev))
#endif

#endif
