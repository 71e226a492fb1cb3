/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_BITS_H
#define UNIT_LINUX_BITS_H

#define BITS_PER_LONG		__LONG_WIDTH__
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(high, low)	\
	((~0UL << (low)) & (~0UL >> (BITS_PER_LONG - 1 - (high))))

#endif
