/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_module kernel_nfipsec_module
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_MODULE_H_
#define KERNEL_NFIPSEC_MODULE_H_

#include "kernel_nfipsec_later.h"

typedef struct kernel_nfipsec_module_t kernel_nfipsec_module_t;

/**
 * Notices that the kernel module is loaded, and unloaded.
 */
struct kernel_nfipsec_module_t {

	/**
	 * Destroy a kernel_nfipsec_module_t, after a call that is under way.
	 */
	void (*destroy)(kernel_nfipsec_module_t *this);
};

/**
 * Begin to watch the kernel module, which need not be there.
 *
 * @param cb		what to call in a job some time after it has come or gone, or both;
 *					which of that, it has to find out
 * @param data		for it
 * @return			watcher, NULL if that is not possible, which was logged
 */
kernel_nfipsec_module_t *kernel_nfipsec_module_create(
										kernel_nfipsec_later_cb_t cb,
										void *data);

#endif /** KERNEL_NFIPSEC_MODULE_H_ @}*/
