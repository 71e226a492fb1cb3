/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_ipsec kernel_nfipsec_ipsec
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_IPSEC_H_
#define KERNEL_NFIPSEC_IPSEC_H_

#include <kernel/kernel_ipsec.h>

typedef struct kernel_nfipsec_ipsec_t kernel_nfipsec_ipsec_t;

/**
 * Implementation of the kernel IPsec interface with the generic netlink family
 * of nfipsec.
 */
struct kernel_nfipsec_ipsec_t {

	/**
	 * Implements kernel_ipsec_t interface.
	 */
	kernel_ipsec_t interface;
};

/**
 * Create the backend.
 *
 * @return			backend; NULL to leave it to the next plugin to provide one
 */
kernel_nfipsec_ipsec_t *kernel_nfipsec_ipsec_create();

#endif /** KERNEL_NFIPSEC_IPSEC_H_ @}*/
