/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tunnels have a limit of their own for how many may be one in the other since 7.0,
 * and stable kernels have got it. Before, each counted once and not twice.
 */
#ifndef NFIPSEC_COMPAT_NET_IP_TUNNELS_H
#define NFIPSEC_COMPAT_NET_IP_TUNNELS_H

#include_next <net/ip_tunnels.h>

#ifndef IP_TUNNEL_RECURSION_LIMIT
#define IP_TUNNEL_RECURSION_LIMIT	3
#endif

#endif
