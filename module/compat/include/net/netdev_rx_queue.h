/* SPDX-License-Identifier: GPL-2.0-only */
/* <net/netdev_rx_queue.h> was a part of <linux/netdevice.h> before 6.6. */
#ifndef NFIPSEC_COMPAT_NET_NETDEV_RX_QUEUE_H
#define NFIPSEC_COMPAT_NET_NETDEV_RX_QUEUE_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#include <linux/netdevice.h>
#else
#include_next <net/netdev_rx_queue.h>
#endif

#endif
