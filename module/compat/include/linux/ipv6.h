/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Super-packets have no jumbo option any more in 7.0, nor a flag for it. What a
 * multicast router sends itself has one since 6.17.
 */
#ifndef NFIPSEC_COMPAT_LINUX_IPV6_H
#define NFIPSEC_COMPAT_LINUX_IPV6_H

#include_next <linux/ipv6.h>

#ifndef IP6SKB_FAKEJUMBO
#define IP6SKB_FAKEJUMBO	0
#endif

#ifndef IP6SKB_MCROUTE
#define IP6SKB_MCROUTE		0
#endif

#endif
