// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses, and the ranges that prefixes are.
 */
#include <asm/byteorder.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "selector.h"

static unsigned int family_bits(u8 family)
{
	switch (family) {
	case AF_INET:
		return 32;
	case AF_INET6:
		return 128;
	default:
		return 0;
	}
}

/* Word @i of the netmask of a prefix. */
static __be32 mask_word(unsigned int i, unsigned int plen)
{
	if (plen >= 32 * (i + 1))
		return cpu_to_be32(U32_MAX);
	if (plen <= 32 * i)
		return 0;
	return cpu_to_be32(U32_MAX << (32 * (i + 1) - plen));
}

/**
 * nfipsec_selector_prefix() - the range that a prefix covers
 * @range: lowest and highest address, written on success
 * @family: AF_INET or AF_INET6
 * @addr: an address inside; its host bits do not matter; may be in @range
 * @plen: prefix length
 *
 * Context: any.
 * Return: 0, or -EINVAL if the family is unknown or the prefix longer than an
 * address.
 */
int nfipsec_selector_prefix(union nfipsec_addr range[2], u8 family,
			    const union nfipsec_addr *addr, unsigned int plen)
{
	unsigned int i, bits = family_bits(family);
	union nfipsec_addr min = {}, max = {};

	if (!bits || plen > bits)
		return -EINVAL;

	for (i = 0; i < bits / 32; i++) {
		__be32 mask = mask_word(i, plen);

		min.all[i] = addr->all[i] & mask;
		max.all[i] = addr->all[i] | ~mask;
	}
	range[0] = min;
	range[1] = max;
	return 0;
}

/**
 * nfipsec_selector_plen() - the prefix that a range is, if it is one
 * @range: lowest and highest address
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 * Return: the prefix length, or -1 if the range is no prefix.
 */
int nfipsec_selector_plen(const union nfipsec_addr range[2], u8 family)
{
	unsigned int i, bits = family_bits(family);
	unsigned int plen = 0;

	if (!bits)
		return -1;

	/* As long as the ends agree; from there on all zeros, all ones. */
	for (i = 0; i < bits / 32; i++) {
		u32 min = be32_to_cpu(range[0].all[i]);
		u32 max = be32_to_cpu(range[1].all[i]);
		u32 host = min ^ max;

		if (plen < 32 * i) {
			if (min != 0 || max != U32_MAX)
				return -1;
			continue;
		}
		if ((host & (host + 1)) || (min & host))
			return -1;
		plen += 32 - fls(host);
	}
	return plen;
}

/**
 * nfipsec_addr_equal() - are two addresses of the same family equal
 * @a: one
 * @b: the other
 *
 * Context: any.
 * Return: whether they are.
 */
bool nfipsec_addr_equal(const union nfipsec_addr *a,
			const union nfipsec_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/**
 * nfipsec_addr_is_any() - is it the unspecified address?
 * @addr: address of either family
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_addr_is_any(const union nfipsec_addr *addr)
{
	return !(addr->all[0] | addr->all[1] | addr->all[2] | addr->all[3]);
}

/**
 * nfipsec_addr_is_group() - is it a multicast address?
 * @addr: the address
 * @family: AF_INET or AF_INET6
 *
 * Context: any.
 * Return: whether it is.
 */
bool nfipsec_addr_is_group(const union nfipsec_addr *addr, u8 family)
{
	u8 first = addr->in6.s6_addr[0];

	return family == AF_INET ? first >> 4 == 0xe : first == 0xff;
}
