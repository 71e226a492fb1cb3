/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_events kernel_nfipsec_events
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_EVENTS_H_
#define KERNEL_NFIPSEC_EVENTS_H_

#include "kernel_nfipsec_policies.h"
#include "kernel_nfipsec_sas.h"

typedef struct kernel_nfipsec_events_t kernel_nfipsec_events_t;

/**
 * Receives the events of the kernel module and tells the daemon.
 */
struct kernel_nfipsec_events_t {

	/**
	 * Destroy a kernel_nfipsec_events_t.
	 */
	void (*destroy)(kernel_nfipsec_events_t *this);
};

/**
 * Begin to receive events.
 *
 * @param socket	connection to the kernel module, not adopted
 * @param policies	what the daemon has in the SPD, not adopted
 * @param sas		what it has in the SAD, not adopted
 * @return			receiver, NULL if there are none, which was logged
 */
kernel_nfipsec_events_t *kernel_nfipsec_events_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_policies_t *policies,
										kernel_nfipsec_sas_t *sas);

#endif /** KERNEL_NFIPSEC_EVENTS_H_ @}*/
