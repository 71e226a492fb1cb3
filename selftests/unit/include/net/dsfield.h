/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_NET_DSFIELD_H
#define UNIT_NET_DSFIELD_H

#include <linux/ip.h>
#include <linux/ipv6.h>

static inline u8 ipv4_get_dsfield(const struct iphdr *iph)
{
	return ((const u8 *)iph)[1];
}

static inline u8 ipv6_get_dsfield(const struct ipv6hdr *ip6)
{
	const u8 *b = (const u8 *)ip6;

	return b[0] << 4 | b[1] >> 4;
}

#endif
