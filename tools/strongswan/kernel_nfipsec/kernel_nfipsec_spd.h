/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_spd kernel_nfipsec_spd
 * @{ @ingroup kernel_nfipsec
 *
 * All of these with the mutex of kernel_nfipsec_policies_t, which protects policies
 * and orders requests; the socket is taken within.
 */

#ifndef KERNEL_NFIPSEC_SPD_H_
#define KERNEL_NFIPSEC_SPD_H_

#include "kernel_nfipsec_leftovers.h"
#include "kernel_nfipsec_policy.h"
#include "kernel_nfipsec_shared.h"

#include <collections/hashtable.h>

/**
 * Install a policy whose first use is another one than before, unless it is in the
 * SPD as it should be. Failures are logged.
 *
 * @param socket	connection to the kernel module
 * @param leftovers	what an earlier run left, and may be replaced
 * @param policy	policy with a use
 * @param before	first use that it had, NULL if none
 * @return			FALSE if it is not in the SPD, and will not be when the module
 *					is loaded
 */
bool kernel_nfipsec_spd_change(kernel_nfipsec_socket_t *socket,
							   kernel_nfipsec_leftovers_t *leftovers,
							   kernel_nfipsec_policy_t *policy,
							   kernel_nfipsec_use_t *before);

/**
 * Install policies again, after the module was loaded again: those that protect
 * and discard first, those that let pass last. Failures are logged.
 *
 * @param socket	connection to the kernel module
 * @param leftovers	what an earlier run left, and may be replaced
 * @param policies	policies with uses, values of the table
 * @return			how many were
 */
u_int kernel_nfipsec_spd_reinstall(kernel_nfipsec_socket_t *socket,
								   kernel_nfipsec_leftovers_t *leftovers,
								   hashtable_t *policies);

/**
 * Take a policy out of the SPD, unless it has another owner by now. Failures are
 * logged.
 *
 * @param socket	connection to the kernel module
 * @param policy	policy
 * @return			FALSE if it may still be there
 */
bool kernel_nfipsec_spd_remove(kernel_nfipsec_socket_t *socket,
							   kernel_nfipsec_policy_t *policy);

#endif /** KERNEL_NFIPSEC_SPD_H_ @}*/
