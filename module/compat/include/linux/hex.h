/* SPDX-License-Identifier: GPL-2.0-only */
/* <linux/hex.h> is a part of <linux/kernel.h> before 6.4. */
#ifndef NFIPSEC_COMPAT_LINUX_HEX_H
#define NFIPSEC_COMPAT_LINUX_HEX_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#include <linux/kernel.h>
#else
#include_next <linux/hex.h>
#endif

#endif
