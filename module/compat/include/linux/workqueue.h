/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NFIPSEC_COMPAT_LINUX_WORKQUEUE_H
#define NFIPSEC_COMPAT_LINUX_WORKQUEUE_H

#include_next <linux/workqueue.h>
#include <linux/version.h>

/* The old name goes after Linux 6.17, and is warned of before that. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define system_dfl_wq system_unbound_wq
#endif

#endif
