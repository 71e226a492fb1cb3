/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_MINMAX_H
#define UNIT_LINUX_MINMAX_H

#define min_t(type, a, b)	\
	((type)(a) < (type)(b) ? (type)(a) : (type)(b))

#define min(a, b)	((a) < (b) ? (a) : (b))

#define clamp_t(type, val, lo, hi)			\
	((type)(val) < (type)(lo) ? (type)(lo) :	\
	 (type)(val) > (type)(hi) ? (type)(hi) : (type)(val))

#endif
