/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_ASM_BYTEORDER_H
#define UNIT_ASM_BYTEORDER_H

#include_next <asm/byteorder.h>

#define be32_to_cpu	__be32_to_cpu
#define cpu_to_be32	__cpu_to_be32
#define ntohl		__be32_to_cpu
#define htonl		__cpu_to_be32
#define ntohs		__be16_to_cpu
#define htons		__cpu_to_be16

#endif
