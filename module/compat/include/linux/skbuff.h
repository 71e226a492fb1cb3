/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFIPSEC_COMPAT_LINUX_SKBUFF_H
#define NFIPSEC_COMPAT_LINUX_SKBUFF_H

#include_next <linux/skbuff.h>

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
/* Before there was memory of devices in packets. */
static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif

#endif
