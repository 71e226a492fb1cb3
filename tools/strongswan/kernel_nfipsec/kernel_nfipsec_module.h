/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_module kernel_nfipsec_module
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_MODULE_H_
#define KERNEL_NFIPSEC_MODULE_H_

#include <library.h>

typedef struct kernel_nfipsec_module_t kernel_nfipsec_module_t;

/**
 * Called by a thread of the watcher, one call at a time.
 *
 * @param data		as given to the constructor
 * @param loaded	TRUE if the module was loaded, FALSE if it was unloaded
 */
typedef void (*kernel_nfipsec_module_cb_t)(void *data, bool loaded);

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
 * @param cb		what to call
 * @param data		for it
 * @return			watcher, NULL if that is not possible, which was logged
 */
kernel_nfipsec_module_t *kernel_nfipsec_module_create(
										kernel_nfipsec_module_cb_t cb,
										void *data);

#endif /** KERNEL_NFIPSEC_MODULE_H_ @}*/
