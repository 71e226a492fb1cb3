/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_leftovers kernel_nfipsec_leftovers
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_LEFTOVERS_H_
#define KERNEL_NFIPSEC_LEFTOVERS_H_

#include "kernel_nfipsec_shared.h"

typedef struct kernel_nfipsec_leftovers_t kernel_nfipsec_leftovers_t;

/**
 * SAs and policies that an earlier run of the daemon has left. Those that were
 * not replaced some time after the start are deleted. Until then they stay: a
 * daemon that was killed and is started again has its traffic protected all the
 * time.
 */
struct kernel_nfipsec_leftovers_t {

	/**
	 * Install a policy, in place of what the daemon has for its selector, which
	 * is not of an earlier run from then on.
	 *
	 * @param handle	connection to the kernel module
	 * @param pol		policy
	 * @param index		its number
	 * @return			as nfipsec_policy_update(); -EEXIST if there is a policy
	 *					that is not the daemon's, which was logged
	 */
	int (*install)(kernel_nfipsec_leftovers_t *this, struct nfipsec *handle,
				   const struct nfipsec_policy *pol, uint32_t *index);

	/**
	 * Whether an SA is of an earlier run.
	 *
	 * @param sa		SA as the kernel has it
	 * @return			TRUE if it is
	 */
	bool (*has_sa)(kernel_nfipsec_leftovers_t *this,
				   const struct nfipsec_sa *sa);

	/**
	 * Forget all of them, they have gone with the module.
	 */
	void (*forget)(kernel_nfipsec_leftovers_t *this);

	/**
	 * Destroy a kernel_nfipsec_leftovers_t; what was left is deleted all the
	 * same, if the daemon is still there by then.
	 */
	void (*destroy)(kernel_nfipsec_leftovers_t *this);
};

/**
 * Note what there is, and have it deleted later.
 *
 * @param socket	connection to the kernel module
 */
kernel_nfipsec_leftovers_t *kernel_nfipsec_leftovers_create(
											kernel_nfipsec_socket_t *socket);

#endif /** KERNEL_NFIPSEC_LEFTOVERS_H_ @}*/
