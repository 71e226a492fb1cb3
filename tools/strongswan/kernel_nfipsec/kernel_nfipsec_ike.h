/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_ike kernel_nfipsec_ike
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_IKE_H_
#define KERNEL_NFIPSEC_IKE_H_

#include "kernel_nfipsec_leftovers.h"
#include "kernel_nfipsec_shared.h"

typedef struct kernel_nfipsec_ike_t kernel_nfipsec_ike_t;

/**
 * Policies that let IKE pass in the clear, while this is there.
 */
struct kernel_nfipsec_ike_t {

	/**
	 * Let IKE messages pass that are from and to a port of one of this host's
	 * addresses, those that it gets later included.
	 *
	 * @param family	address family
	 * @param port		local UDP port
	 * @return			TRUE if they do
	 */
	bool (*bypass)(kernel_nfipsec_ike_t *this, int family, uint16_t port);

	/**
	 * Install what could not be installed before, if the module came after the
	 * daemon.
	 *
	 * @return			TRUE if all is there
	 */
	bool (*ready)(kernel_nfipsec_ike_t *this);

	/**
	 * Install all of them again, after the module was loaded again.
	 */
	void (*reinstall)(kernel_nfipsec_ike_t *this);

	/**
	 * Destroy a kernel_nfipsec_ike_t, and the policies.
	 */
	void (*destroy)(kernel_nfipsec_ike_t *this);
};

/**
 * Create a kernel_nfipsec_ike_t.
 *
 * @param socket	connection to the kernel module, not adopted
 * @param leftovers	policies of an earlier run, not adopted
 */
kernel_nfipsec_ike_t *kernel_nfipsec_ike_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_leftovers_t *leftovers);

#endif /** KERNEL_NFIPSEC_IKE_H_ @}*/
