/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_IPV6_H
#define UNIT_LINUX_IPV6_H

#include_next <linux/ipv6.h>

#define ipv6_optlen(p)	(((p)->hdrlen + 1) << 3)
#define ipv6_authlen(p)	(((p)->hdrlen + 2) << 2)

#endif
