/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_RANDOM_H
#define UNIT_LINUX_RANDOM_H

#include <linux/types.h>

/* The same in every run; and no two words of it alike. */
static inline void get_random_bytes(void *buf, size_t len)
{
	unsigned char *at = buf;
	u64 state = 88172645463325252ULL;

	while (len-- > 0) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		*at++ = state >> 32;
	}
}

#endif
