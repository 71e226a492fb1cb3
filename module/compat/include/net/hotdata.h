/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What net_hotdata holds were variables of their own before 6.9.
 *
 * Before 6.15 packet sockets of all namespaces are in one list of it, if they are for
 * all protocols and bound to no device. What is not of a namespace sees all devices.
 */
#ifndef NFIPSEC_COMPAT_NET_HOTDATA_H
#define NFIPSEC_COMPAT_NET_HOTDATA_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#include <linux/netdevice.h>

struct compat_hotdata {
	int max_backlog;
};

#define net_hotdata	(*(const struct compat_hotdata *)&netdev_max_backlog)
#else
#include_next <net/hotdata.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#include <linux/netdevice.h>
#include <linux/rculist.h>
#include <net/net_namespace.h>

static inline bool compat_dev_nit_active_rcu(const struct net_device *dev)
{
	const struct net *net = dev_net(dev);
	const struct packet_type *pt;

	if (!list_empty(&dev->ptype_all))
		return true;
	list_for_each_entry_rcu(pt, &net_hotdata.ptype_all, list)
		if (!pt->af_packet_net || net_eq(pt->af_packet_net, net))
			return true;
	return false;
}

#define dev_nit_active_rcu	compat_dev_nit_active_rcu
#endif
#endif

#endif
