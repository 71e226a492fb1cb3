// SPDX-License-Identifier: GPL-2.0-only
/*
 * See path.h. A path is one number, so that it is read and written whole: the
 * second from which on it means nothing any more, and below that in 16 bits
 * the largest packet. 0 is nothing known.
 */
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "path.h"

/*
 * Nobody proves who he is who sends an ICMP error: below what every host takes (RFC
 * 1122) he has no say, and old routers have none. Below what every IPv6 path takes (RFC
 * 8200) such a message is to be discarded (RFC 8201 section 4).
 */
#define FLOOR_IPV4	576
#define FLOOR_IPV6	1280

/* As many packets as may be under way until an error comes back. */
#define QUOTE_REACH	BIT_ULL(20)

/**
 * nfipsec_path_mtu() - what a path takes
 * @path: what was learned
 * @now: seconds since boot
 *
 * Context: any.
 * Return: bytes of the outer packet, 0 if that is not known or too long ago.
 */
unsigned int nfipsec_path_mtu(u64 path, u64 now)
{
	return path >> 16 > now ? path & 0xffff : 0;
}

/**
 * nfipsec_path_learn() - hear what a router says
 * @path: what was learned before
 * @mtu: largest packet, outer header included, that it forwards
 * @ipv4: the outer header is IPv4
 * @now: seconds since boot
 * @age: seconds to believe it, 0 is not at all
 *
 * A path only ever becomes smaller, until its time is over.
 * Context: any.
 * Return: what is known now.
 */
u64 nfipsec_path_learn(u64 path, u32 mtu, bool ipv4, u64 now, u32 age)
{
	u32 old = nfipsec_path_mtu(path, now);

	if (!ipv4 && mtu < FLOOR_IPV6)
		return path;
	mtu = clamp_t(u32, mtu, FLOOR_IPV4, 0xffff);
	if (!age || (old && mtu > old))
		return path;
	return (now + age) << 16 | mtu;
}

/**
 * nfipsec_path_quotes() - can an error be about a packet of an SA?
 * @sent: last sequence number of the SA
 * @seq: lower half of the one that the error quotes
 *
 * Addresses can be known and an SPI seen; which number is under way, only
 * somebody on the path knows. Who guesses needs some 4096 errors to hit one of
 * QUOTE_REACH.
 * Context: any.
 * Return: true if that number was sent, and not long ago.
 */
bool nfipsec_path_quotes(u64 sent, u32 seq)
{
	u32 behind = (u32)sent - seq;

	return behind < min(sent, QUOTE_REACH);
}
