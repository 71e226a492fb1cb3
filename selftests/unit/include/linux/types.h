/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's short type names on top of the user-space header. */
#ifndef UNIT_LINUX_TYPES_H
#define UNIT_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef long long s64;
typedef unsigned long long u64;

#endif
