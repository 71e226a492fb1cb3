/* SPDX-License-Identifier: GPL-2.0-only */
/* <net/rps.h> was a part of <linux/netdevice.h> before 6.9. */
#ifndef NFIPSEC_COMPAT_NET_RPS_H
#define NFIPSEC_COMPAT_NET_RPS_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#include <linux/netdevice.h>
#else
#include_next <net/rps.h>
#endif

#endif
