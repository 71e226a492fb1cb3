/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_policies kernel_nfipsec_policies
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_POLICIES_H_
#define KERNEL_NFIPSEC_POLICIES_H_

#include "kernel_nfipsec_leftovers.h"
#include "kernel_nfipsec_shared.h"

#include <collections/array.h>
#include <kernel/kernel_ipsec.h>

typedef struct kernel_nfipsec_policies_t kernel_nfipsec_policies_t;

/**
 * The policies that the daemon has installed.
 *
 * The daemon adds the same selectors several times: for a trap, for the
 * CHILD_SA, for the one that replaces it. The SPD has one policy for a selector,
 * that of the highest priority, the newest one of those that are equal.
 */
struct kernel_nfipsec_policies_t {

	/**
	 * As kernel_ipsec_t.add_policy(), directions in and out only.
	 */
	status_t (*add)(kernel_nfipsec_policies_t *this,
					kernel_ipsec_policy_id_t *id,
					kernel_ipsec_manage_policy_t *data);

	/**
	 * As kernel_ipsec_t.del_policy(), directions in and out only.
	 */
	status_t (*del)(kernel_nfipsec_policies_t *this,
					kernel_ipsec_policy_id_t *id,
					kernel_ipsec_manage_policy_t *data);

	/**
	 * As kernel_ipsec_t.flush_policies().
	 */
	status_t (*flush)(kernel_nfipsec_policies_t *this);

	/**
	 * Let IKE messages pass in the clear that are from and to a port of one of
	 * this host's addresses, those that it gets later included.
	 *
	 * @param family	address family
	 * @param port		local UDP port
	 * @return			TRUE if they do
	 */
	bool (*bypass)(kernel_nfipsec_policies_t *this, int family, uint16_t port);

	/**
	 * Install all policies again, after the module was loaded again: those that
	 * protect and discard first, then those that bypass() asked for.
	 *
	 * @return			how many there are of the former
	 */
	u_int (*reinstall)(kernel_nfipsec_policies_t *this);

	/**
	 * Look which SAs a policy is for that lacks one in the kernel. If the SPD did
	 * not take what it should be, that is tried again first.
	 *
	 * @param index		number of the policy in the SPD
	 * @param sas		protocol, destination and SPI of each SA that the daemon
	 *					takes to be there is added, struct nfipsec_sa
	 * @param per_cpu	set to whether the policy is for SAs of several CPUs, of
	 *					which each is as good as another
	 * @return			FALSE if it is no policy of the daemon's, or one whose SA
	 *					moves just now
	 */
	bool (*lacks)(kernel_nfipsec_policies_t *this, uint32_t index, array_t *sas,
				  bool *per_cpu);

	/**
	 * Destroy a kernel_nfipsec_policies_t, and what bypass() installed.
	 */
	void (*destroy)(kernel_nfipsec_policies_t *this);
};

/**
 * Create a kernel_nfipsec_policies_t.
 *
 * @param socket	connection to the kernel module, not adopted
 * @param leftovers	policies of an earlier run, not adopted
 */
kernel_nfipsec_policies_t *kernel_nfipsec_policies_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_leftovers_t *leftovers);

#endif /** KERNEL_NFIPSEC_POLICIES_H_ @}*/
