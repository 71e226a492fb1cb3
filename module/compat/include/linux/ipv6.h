/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Super-packets have no jumbo option any more in 7.0, nor a flag for it. What a
 * multicast router sends itself has one since 6.17. Flags of IPv6 sockets are bits
 * since 6.7.
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

/* 6.1: bit fields. Of those the one that is asked for. */
#ifndef inet6_test_bit
#define inet6_test_bit(nr, sk)	nfipsec_inet6_has_##nr(sk)

static inline bool nfipsec_inet6_has_DONTFRAG(const struct sock *sk)
{
	return inet6_sk(sk)->dontfrag;
}
#endif

#endif
