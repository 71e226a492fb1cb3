// SPDX-License-Identifier: GPL-2.0-only
/* See life.h. A value reaches a limit when it is as large, not when larger. */
#include <linux/limits.h>
#include <linux/minmax.h>

#include "life.h"

#define NSEC	1000000000ULL

/**
 * nfipsec_limits_any() - is there a limit?
 * @l: limits
 *
 * Context: any.
 * Return: true if there is.
 */
bool nfipsec_limits_any(const struct nfipsec_limits *l)
{
	unsigned int i;

	for (i = 0; i < NFIPSEC_LIMITS_SET; i++)
		if (l->soft[i] || l->hard[i])
			return true;
	return false;
}

/**
 * nfipsec_limits_any_counted() - is there a limit of bytes or of packets?
 * @l: limits
 *
 * Context: any.
 * Return: true if there is.
 */
bool nfipsec_limits_any_counted(const struct nfipsec_limits *l)
{
	unsigned int i;

	for (i = 0; i < NFIPSEC_LIMITS_COUNTED; i++)
		if (l->soft[i] || l->hard[i])
			return true;
	return false;
}

/**
 * nfipsec_limits_any_use() - is there a limit that the first packet starts?
 * @l: limits
 *
 * Context: any.
 * Return: true if there is.
 */
bool nfipsec_limits_any_use(const struct nfipsec_limits *l)
{
	return l->soft[NFIPSEC_LIMIT_TIME_USE] ||
	       l->hard[NFIPSEC_LIMIT_TIME_USE];
}

/**
 * nfipsec_limits_crossed() - is there a soft limit above its hard one?
 * @l: limits
 *
 * Context: any.
 * Return: the first such enum nfipsec_limit, or -1.
 */
int nfipsec_limits_crossed(const struct nfipsec_limits *l)
{
	unsigned int i;

	for (i = 0; i < NFIPSEC_LIMITS_SET; i++)
		if (l->hard[i] && l->soft[i] > l->hard[i])
			return i;
	return -1;
}

/**
 * nfipsec_limits_changed() - which limits are not the same?
 * @a: limits
 * @b: limits
 *
 * Context: any.
 * Return: a set of limits.
 */
u32 nfipsec_limits_changed(const struct nfipsec_limits *a,
			   const struct nfipsec_limits *b)
{
	unsigned int i;
	u32 set = 0;

	for (i = 0; i < NFIPSEC_LIMITS_SET; i++) {
		if (a->soft[i] != b->soft[i])
			set |= NFIPSEC_SOFT(i);
		if (a->hard[i] != b->hard[i])
			set |= NFIPSEC_HARD(i);
	}
	return set;
}

/**
 * nfipsec_limits_exceeded() - is it more than a hard limit permits?
 * @l: limits
 * @bytes: what would be used then
 * @packets: likewise
 *
 * Context: any.
 * Return: true if it is.
 */
bool nfipsec_limits_exceeded(const struct nfipsec_limits *l, u64 bytes,
			     u64 packets)
{
	const u64 *hard = l->hard;

	return (hard[NFIPSEC_LIMIT_BYTES] &&
		bytes > hard[NFIPSEC_LIMIT_BYTES]) ||
	       (hard[NFIPSEC_LIMIT_PACKETS] &&
		packets > hard[NFIPSEC_LIMIT_PACKETS]);
}

static u32 reached(const struct nfipsec_limits *l, unsigned int i, u64 value)
{
	u32 set = 0;

	if (l->soft[i] && value >= l->soft[i])
		set |= NFIPSEC_SOFT(i);
	if (l->hard[i] && value >= l->hard[i])
		set |= NFIPSEC_HARD(i);
	return set;
}

/**
 * nfipsec_limits_counted() - which limits of bytes and packets are reached?
 * @l: limits
 * @bytes: used
 * @packets: used
 *
 * Context: any.
 * Return: a set of limits.
 */
u32 nfipsec_limits_counted(const struct nfipsec_limits *l, u64 bytes,
			   u64 packets)
{
	return reached(l, NFIPSEC_LIMIT_BYTES, bytes) |
	       reached(l, NFIPSEC_LIMIT_PACKETS, packets);
}

/* When @limit seconds after @start are over; never if either is 0. */
static u64 end(u64 start, u64 limit)
{
	if (!start || !limit || limit > NFIPSEC_NEVER / NSEC ||
	    limit * NSEC > NFIPSEC_NEVER - start)
		return NFIPSEC_NEVER;
	return start + limit * NSEC;
}

/**
 * nfipsec_limits_timed() - which limits of time are reached?
 * @l: limits
 * @added: when the SA was added, nanoseconds since boot
 * @used: when its first packet was, 0 if there was none
 * @now: nanoseconds since boot
 *
 * Context: any.
 * Return: a set of limits.
 */
u32 nfipsec_limits_timed(const struct nfipsec_limits *l, u64 added, u64 used,
			 u64 now)
{
	const u64 start[] = {
		[NFIPSEC_LIMIT_TIME] = added,
		[NFIPSEC_LIMIT_TIME_USE] = used,
	};
	unsigned int i;
	u32 set = 0;

	for (i = NFIPSEC_LIMIT_TIME; i <= NFIPSEC_LIMIT_TIME_USE; i++) {
		if (now >= end(start[i], l->soft[i]))
			set |= NFIPSEC_SOFT(i);
		if (now >= end(start[i], l->hard[i]))
			set |= NFIPSEC_HARD(i);
	}
	return set;
}

/**
 * nfipsec_limits_due() - when is the next limit of time reached?
 * @l: limits
 * @told: limits that are done with
 * @added: when the SA was added, nanoseconds since boot
 * @used: when its first packet was, 0 if there was none
 *
 * Context: any.
 * Return: nanoseconds since boot, or NFIPSEC_NEVER.
 */
u64 nfipsec_limits_due(const struct nfipsec_limits *l, u32 told, u64 added,
		       u64 used)
{
	const u64 start[] = {
		[NFIPSEC_LIMIT_TIME] = added,
		[NFIPSEC_LIMIT_TIME_USE] = used,
	};
	u64 due = NFIPSEC_NEVER;
	unsigned int i;

	for (i = NFIPSEC_LIMIT_TIME; i <= NFIPSEC_LIMIT_TIME_USE; i++) {
		if (!(told & NFIPSEC_SOFT(i)))
			due = min(due, end(start[i], l->soft[i]));
		if (!(told & NFIPSEC_HARD(i)))
			due = min(due, end(start[i], l->hard[i]));
	}
	return due;
}
