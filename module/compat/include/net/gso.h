/* SPDX-License-Identifier: GPL-2.0-only */
/* <net/gso.h> was a part of <linux/netdevice.h> and <linux/skbuff.h> before 6.5. */
#ifndef NFIPSEC_COMPAT_NET_GSO_H
#define NFIPSEC_COMPAT_NET_GSO_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#else
#include_next <net/gso.h>
#endif

#endif
