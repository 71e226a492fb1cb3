/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_PREFETCH_H
#define _LINUX_PREFETCH_H

#define prefetch(p)	__builtin_prefetch(p)

#endif
