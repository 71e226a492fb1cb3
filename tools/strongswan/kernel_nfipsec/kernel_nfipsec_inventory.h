/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_inventory kernel_nfipsec_inventory
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_INVENTORY_H_
#define KERNEL_NFIPSEC_INVENTORY_H_

#include "kernel_nfipsec_shared.h"

#include <collections/array.h>
#include <collections/hashtable.h>

typedef struct kernel_nfipsec_old_sa_t kernel_nfipsec_old_sa_t;
typedef struct kernel_nfipsec_old_policy_t kernel_nfipsec_old_policy_t;
typedef struct kernel_nfipsec_old_group_t kernel_nfipsec_old_group_t;
typedef struct kernel_nfipsec_inventory_t kernel_nfipsec_inventory_t;

/**
 * Of an SA what is needed to find it again. There may be very many.
 */
struct kernel_nfipsec_old_sa_t {
	/** destination */
	struct nfipsec_addr dst;
	/** protocol */
	uint8_t proto;
	/** SPI, host order */
	uint32_t spi;
	/** when it was added, which tells it from another one */
	uint64_t add_time;
};

/**
 * Of a policy likewise. What it says is read again where it is needed.
 */
struct kernel_nfipsec_old_policy_t {
	/** number */
	uint32_t index;
	/** hash of the selector */
	u_int hash;
	/** enum nfipsec_dir */
	uint8_t dir;
	/** whether it is not of an earlier run any more */
	bool replaced;
};

/**
 * SAs of a reqid, and policies that ask for them, none of which are the
 * group's.
 */
struct kernel_nfipsec_old_group_t {
	/** reqid */
	uint32_t reqid;
	/** kernel_nfipsec_old_sa_t* */
	array_t *sas;
	/** kernel_nfipsec_old_policy_t* */
	array_t *policies;
};

/**
 * What the kernel had of the daemon's at some time. Has no lock of its own, its
 * user has one.
 */
struct kernel_nfipsec_inventory_t {

	/**
	 * SAs, kernel_nfipsec_old_sa_t*.
	 */
	array_t *sas;

	/**
	 * The same by destination, protocol and SPI.
	 */
	hashtable_t *by_key;

	/**
	 * Policies, kernel_nfipsec_old_policy_t*, those that were replaced as well.
	 */
	array_t *policies;

	/**
	 * Those that were not, by number.
	 */
	hashtable_t *by_index;

	/**
	 * kernel_nfipsec_old_group_t by reqid.
	 */
	hashtable_t *groups;
};

/**
 * Create an inventory with nothing in it.
 */
kernel_nfipsec_inventory_t *kernel_nfipsec_inventory_create();

/**
 * Destroy an inventory, and all that was noted in it.
 */
void kernel_nfipsec_inventory_destroy(kernel_nfipsec_inventory_t *this);

/**
 * Note the daemon's SAs and policies that there are, as far as the kernel module tells
 * of them; what it does not is logged.
 *
 * @param inventory	inventory
 * @param handle	connection to the kernel module
 */
void kernel_nfipsec_inventory_take(kernel_nfipsec_inventory_t *inventory,
								  struct nfipsec *handle);

/**
 * Whether an SA was noted, and not another one in its place.
 *
 * @param inventory	inventory
 * @param sa		SA as the kernel has it
 * @return			TRUE if it was
 */
bool kernel_nfipsec_inventory_has_sa(kernel_nfipsec_inventory_t *inventory,
									 const struct nfipsec_sa *sa);

/**
 * Note that there is another policy in place of one that was noted, if it was.
 *
 * @param inventory	inventory
 * @param index		number of both
 */
void kernel_nfipsec_inventory_replace(kernel_nfipsec_inventory_t *inventory,
									  uint32_t index);

/**
 * The group of a reqid.
 *
 * @param inventory	inventory
 * @param reqid		the reqid
 * @return			its group, the inventory's; NULL if nothing was noted of
 *					it
 */
kernel_nfipsec_old_group_t *kernel_nfipsec_inventory_group(
										kernel_nfipsec_inventory_t *inventory,
										uint32_t reqid);

/**
 * Put what is in a group into that of another reqid.
 *
 * @param inventory	inventory
 * @param group		group, destroyed
 * @param reqid		the other reqid
 */
void kernel_nfipsec_inventory_rename(kernel_nfipsec_inventory_t *inventory,
									 kernel_nfipsec_old_group_t *group,
									 uint32_t reqid);

/**
 * Read a policy that was noted.
 *
 * @param handle	connection to the kernel module
 * @param old		what was noted
 * @param pol		result
 * @return			FALSE if it is not there, or another one has its number by
 *					now
 */
bool kernel_nfipsec_old_policy_read(struct nfipsec *handle,
									const kernel_nfipsec_old_policy_t *old,
									struct nfipsec_policy *pol);

#endif /** KERNEL_NFIPSEC_INVENTORY_H_ @}*/
