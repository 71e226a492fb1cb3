/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_teller kernel_nfipsec_teller
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_TELLER_H_
#define KERNEL_NFIPSEC_TELLER_H_

#include "kernel_nfipsec_policies.h"
#include "kernel_nfipsec_sas.h"

typedef struct kernel_nfipsec_acquire_t kernel_nfipsec_acquire_t;
typedef struct kernel_nfipsec_teller_t kernel_nfipsec_teller_t;

/**
 * An acquire, without what the daemon does not look at.
 */
struct kernel_nfipsec_acquire_t {
	/** number of the policy */
	uint32_t policy;
	/** reqid of its innermost template */
	uint32_t reqid;
	/** whether the SA is for a CPU */
	bool has_cpu;
	/** that CPU */
	uint32_t cpu;
	/** packet that met the policy */
	struct nfipsec_selector packet;
};

/**
 * Tells the daemon what an event of the kernel module means to it; what it is told
 * it puts into jobs of its own. Not to be called where nothing may be waited for.
 */
struct kernel_nfipsec_teller_t {

	/**
	 * A NAT has a new mapping for a peer.
	 */
	void (*mapping)(kernel_nfipsec_teller_t *this,
					const struct nfipsec_mapping *ev);

	/**
	 * An SA has reached a limit, or after a hard one is gone.
	 */
	void (*expire)(kernel_nfipsec_teller_t *this,
				   const struct nfipsec_expire *ev);

	/**
	 * A packet met a policy for which there is no SA.
	 */
	void (*acquire)(kernel_nfipsec_teller_t *this,
					const kernel_nfipsec_acquire_t *ev);

	/**
	 * Events were lost: look for what they may have been about.
	 */
	void (*resync)(kernel_nfipsec_teller_t *this);

	/**
	 * Destroy a kernel_nfipsec_teller_t.
	 */
	void (*destroy)(kernel_nfipsec_teller_t *this);
};

/**
 * Keep of an acquire what is needed.
 *
 * @param from		as the kernel module told it
 * @param to		what is kept
 * @return			FALSE if it asks for nothing
 */
bool kernel_nfipsec_acquire_from(const struct nfipsec_acquire *from,
								 kernel_nfipsec_acquire_t *to);

/**
 * Create a kernel_nfipsec_teller_t.
 *
 * @param socket	connection to the kernel module, not adopted
 * @param policies	what the daemon has in the SPD, not adopted
 * @param sas		what it has in the SAD, not adopted
 */
kernel_nfipsec_teller_t *kernel_nfipsec_teller_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_policies_t *policies,
										kernel_nfipsec_sas_t *sas);

#endif /** KERNEL_NFIPSEC_TELLER_H_ @}*/
