/* SPDX-License-Identifier: GPL-2.0-only */
/* What a multicast router sends itself is routed as multicast since 6.17. */
#ifndef NFIPSEC_COMPAT_NET_IP_H
#define NFIPSEC_COMPAT_NET_IP_H

#include_next <net/ip.h>

#ifndef IPSKB_MCROUTE
#define IPSKB_MCROUTE		0
#endif

#endif
