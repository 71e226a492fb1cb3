/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec kernel_nfipsec
 * @ingroup cplugins
 *
 * @defgroup kernel_nfipsec_plugin kernel_nfipsec_plugin
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_PLUGIN_H_
#define KERNEL_NFIPSEC_PLUGIN_H_

#include <plugins/plugin.h>

typedef struct kernel_nfipsec_plugin_t kernel_nfipsec_plugin_t;

/**
 * Kernel IPsec backend that uses the nfipsec data plane.
 */
struct kernel_nfipsec_plugin_t {

	/**
	 * Implements plugin interface.
	 */
	plugin_t plugin;
};

#endif /** KERNEL_NFIPSEC_PLUGIN_H_ @}*/
