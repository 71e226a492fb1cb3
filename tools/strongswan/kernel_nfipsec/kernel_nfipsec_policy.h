/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_policy kernel_nfipsec_policy
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_POLICY_H_
#define KERNEL_NFIPSEC_POLICY_H_

#include "kernel_nfipsec_route.h"
#include "kernel_nfipsec_shared.h"

#include <collections/array.h>
#include <collections/linked_list.h>
#include <kernel/kernel_ipsec.h>

/**
 * Priority of the policies for IKE, before all others.
 */
#define KERNEL_NFIPSEC_PRIO_IKE 32

typedef struct kernel_nfipsec_policy_key_t kernel_nfipsec_policy_key_t;
typedef struct kernel_nfipsec_policy_t kernel_nfipsec_policy_t;
typedef struct kernel_nfipsec_use_t kernel_nfipsec_use_t;

/**
 * What makes two policies the same one, compared as bytes.
 */
struct kernel_nfipsec_policy_key_t {
	/** selector */
	struct nfipsec_selector selector;
	/** policy_dir_t */
	uint32_t dir;
};

/**
 * A policy in the SPD.
 */
struct kernel_nfipsec_policy_t {

	/**
	 * Identity.
	 */
	kernel_nfipsec_policy_key_t key;

	/**
	 * Source and destination.
	 */
	traffic_selector_t *src_ts, *dst_ts;

	/**
	 * What it was added for, kernel_nfipsec_use_t, the one that counts first.
	 */
	linked_list_t *uses;

	/**
	 * Installed route, or NULL.
	 */
	kernel_nfipsec_route_t *route;

	/**
	 * Its number in the SPD.
	 */
	uint32_t index;

	/**
	 * Whether what is in the SPD has packets protected.
	 */
	bool protects;

	/**
	 * Whether what is in the SPD is not what the use that counts wants.
	 */
	bool stale;
};

/**
 * One reason for which a policy is there.
 */
struct kernel_nfipsec_use_t {

	/**
	 * Priority, a lower number counts first.
	 */
	uint32_t priority;

	/**
	 * Priority that it would have without the administrator's choice.
	 */
	uint32_t auto_priority;

	/**
	 * Type.
	 */
	policy_type_t type;

	/**
	 * Addresses of the SA.
	 */
	host_t *src, *dst;

	/**
	 * The SA.
	 */
	ipsec_sa_cfg_t sa;

	/**
	 * Whether the SA is one of several, for all CPUs or for one, so that the
	 * policy is not for this one alone.
	 */
	bool per_cpu;

	/**
	 * Set if it was deleted, while its SA moves to other addresses: it stays
	 * until that is over.
	 */
	bool gone;
};

/**
 * Look for what nfipsec cannot do.
 *
 * @param id		identity of a policy
 * @param data		the rest of it
 * @return			what is asked for and not supported, NULL if all is
 */
char *kernel_nfipsec_policy_lacks(kernel_ipsec_policy_id_t *id,
								  kernel_ipsec_manage_policy_t *data);

/**
 * Identity of a policy, without the part that is logged.
 *
 * @param id		identity
 * @param key		result
 * @return			FALSE if there is none, which was logged
 */
bool kernel_nfipsec_policy_key(kernel_ipsec_policy_id_t *id,
							   kernel_nfipsec_policy_key_t *key);

/**
 * Create a use of a policy.
 *
 * @param id		identity of the policy
 * @param data		what it is added for
 */
kernel_nfipsec_use_t *kernel_nfipsec_use_create(kernel_ipsec_policy_id_t *id,
										kernel_ipsec_manage_policy_t *data);

/**
 * Destroy a use that no policy has.
 */
void kernel_nfipsec_use_destroy(kernel_nfipsec_use_t *this);

/**
 * Set protocol, destination and SPI of the SA that a use is for.
 *
 * @param use		use
 * @param sa		result, an SPI of zero if it is not negotiated yet
 */
void kernel_nfipsec_use_sa(kernel_nfipsec_use_t *use, struct nfipsec_sa *sa);

/**
 * Whether a policy is the same in the SPD for either of two uses, since their SAs
 * are of several CPUs.
 *
 * @param use		use
 * @param other		use of the same policy
 * @return			TRUE if it is
 */
bool kernel_nfipsec_use_is_alike(kernel_nfipsec_use_t *use,
								 kernel_nfipsec_use_t *other);

/**
 * Whether a use is there for the moment in which an SA moves to other addresses:
 * the daemon has packets dropped then. If they are protected they may as well
 * wait, by the policy that is in the SPD already.
 *
 * @param use		use
 * @return			TRUE if it is
 */
bool kernel_nfipsec_use_moves(kernel_nfipsec_use_t *use);

/**
 * Create a policy without uses.
 *
 * @param id		identity, cloned
 * @param key		the same
 */
kernel_nfipsec_policy_t *kernel_nfipsec_policy_create(
										kernel_ipsec_policy_id_t *id,
										kernel_nfipsec_policy_key_t *key);

/**
 * Destroy a policy and its uses. Its route stays installed.
 */
void kernel_nfipsec_policy_destroy(kernel_nfipsec_policy_t *this);

/**
 * The use that counts.
 *
 * @param policy	policy
 * @return			the use, NULL if there is none
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_first(
										kernel_nfipsec_policy_t *policy);

/**
 * Which SAs the use that counts is for, or if these are of several CPUs, all such
 * uses.
 *
 * @param policy	policy
 * @param sas		protocol, destination and SPI of each that is negotiated are
 *					added, struct nfipsec_sa
 */
void kernel_nfipsec_policy_sas(kernel_nfipsec_policy_t *policy, array_t *sas);

/**
 * Put a use where it belongs.
 *
 * @param policy	policy
 * @param use		use, adopted
 */
void kernel_nfipsec_policy_insert(kernel_nfipsec_policy_t *policy,
								  kernel_nfipsec_use_t *use);

/**
 * Forget one use of a policy, that is equal to the given one.
 *
 * @param policy	policy
 * @param use		use
 * @return			what was forgotten, the caller's; NULL if there is none
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_remove(
										kernel_nfipsec_policy_t *policy,
										kernel_nfipsec_use_t *use);

/**
 * Take a use out of a policy that is gone, of the SAs of a reqid.
 *
 * @param policy	policy
 * @param reqid		the reqid
 * @return			use, the caller's; NULL if there is none
 */
kernel_nfipsec_use_t *kernel_nfipsec_policy_take_gone(
										kernel_nfipsec_policy_t *policy,
										uint32_t reqid);

/**
 * Identity of a policy in the SPD.
 *
 * @param policy	policy
 * @param pol		result
 */
void kernel_nfipsec_policy_spd_key(kernel_nfipsec_policy_t *policy,
								   struct nfipsec_policy *pol);

/**
 * What is in the SPD for the use that counts.
 *
 * @param policy	policy with a use
 * @param pol		result
 * @return			FALSE if it cannot be, which was logged
 */
bool kernel_nfipsec_policy_spd(kernel_nfipsec_policy_t *policy,
							   struct nfipsec_policy *pol);

#endif /** KERNEL_NFIPSEC_POLICY_H_ @}*/
