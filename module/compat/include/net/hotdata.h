/* SPDX-License-Identifier: GPL-2.0-only */
/* What net_hotdata holds were variables of their own before 6.9. */
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
#endif

#endif
