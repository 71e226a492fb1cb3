/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_UNALIGNED_H
#define UNIT_LINUX_UNALIGNED_H

#include <string.h>

#define get_unaligned(p)	({			\
	__typeof__(*(p) + 0) value;			\
	memcpy(&value, (const void *)(p), sizeof(value));	\
	value;						\
})

#endif
