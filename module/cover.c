// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges as prefixes: exactly, by several of them, or by one that is larger.
 */
#include <asm/byteorder.h>
#include <linux/limits.h>
#include <linux/socket.h>

#include "cover.h"

/* An address as a number; one of IPv4 stands at the top. */
struct number {
	u64 high;
	u64 low;
};

static struct number number_of(const union nfipsec_addr *addr)
{
	const __be32 *all = addr->all;

	return (struct number){
		.high = (u64)be32_to_cpu(all[0]) << 32 | be32_to_cpu(all[1]),
		.low = (u64)be32_to_cpu(all[2]) << 32 | be32_to_cpu(all[3]),
	};
}

static void to_addr(union nfipsec_addr *addr, struct number n)
{
	addr->all[0] = cpu_to_be32(n.high >> 32);
	addr->all[1] = cpu_to_be32(n.high & U32_MAX);
	addr->all[2] = cpu_to_be32(n.low >> 32);
	addr->all[3] = cpu_to_be32(n.low & U32_MAX);
}

/* The bits that a prefix leaves open. */
static struct number host_bits(unsigned int plen)
{
	struct number n = {
		.high = plen < 64 ? U64_MAX >> plen : 0,
		.low = plen < 64 ? U64_MAX :
		       plen < 128 ? U64_MAX >> (plen - 64) : 0,
	};

	return n;
}

static struct number last_of(struct number n, unsigned int plen)
{
	struct number host = host_bits(plen);

	n.high |= host.high;
	n.low |= host.low;
	return n;
}

static bool starts_at(struct number n, unsigned int plen)
{
	struct number host = host_bits(plen);

	return !(n.high & host.high) && !(n.low & host.low);
}

static bool above(struct number a, struct number b)
{
	return a.high != b.high ? a.high > b.high : a.low > b.low;
}

static struct number next_to(struct number n)
{
	n.low++;
	n.high += !n.low;
	return n;
}

static unsigned int bits_of(u8 family)
{
	return family == AF_INET ? 32 : 128;
}

/* Highest address, with all bits behind it. */
static struct number end_of(const union nfipsec_addr range[2], u8 family)
{
	return last_of(number_of(&range[1]), bits_of(family));
}

/**
 * nfipsec_cover_range() - the prefixes that a range consists of
 * @range: lowest and highest address
 * @family: AF_INET or AF_INET6
 * @list: room for @max prefixes, in ascending order
 * @max: how many are of use
 *
 * Context: any.
 * Return: how many there are, the fewest possible; 0 if they are more than
 * @max.
 */
unsigned int nfipsec_cover_range(const union nfipsec_addr range[2], u8 family,
				 struct nfipsec_prefix *list, unsigned int max)
{
	struct number at = number_of(&range[0]);
	struct number end = end_of(range, family);
	unsigned int n, plen;

	for (n = 0; n < max; n++) {
		plen = 0;
		while (!starts_at(at, plen) || above(last_of(at, plen), end))
			plen++;
		to_addr(&list[n].addr, at);
		list[n].plen = plen;
		at = last_of(at, plen);
		if (!above(end, at))
			return n + 1;
		at = next_to(at);
	}
	return 0;
}

/**
 * nfipsec_cover_hull() - the longest prefix that a range lies in
 * @range: lowest and highest address
 * @family: AF_INET or AF_INET6
 * @prefix: written whole
 *
 * Context: any.
 */
void nfipsec_cover_hull(const union nfipsec_addr range[2], u8 family,
			struct nfipsec_prefix *prefix)
{
	struct number at = number_of(&range[0]);
	struct number end = end_of(range, family);
	unsigned int plen = bits_of(family);
	struct number host;

	while (above(end, last_of(at, plen)))
		plen--;
	host = host_bits(plen);
	at.high &= ~host.high;
	at.low &= ~host.low;
	to_addr(&prefix->addr, at);
	prefix->plen = plen;
}
