/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_sad kernel_nfipsec_sad
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_SAD_H_
#define KERNEL_NFIPSEC_SAD_H_

#include "kernel_nfipsec_leftovers.h"

#include <kernel/kernel_ipsec.h>

/**
 * Add an SA, or give the SPI that was reserved for it its keys. Failures are
 * logged.
 *
 * @param leftovers	what an earlier run left, and may be replaced
 * @param handle	connection to the kernel module
 * @param sa		SA
 * @param update	whether its SPI was reserved
 * @return			0 or a negative errno
 */
int kernel_nfipsec_sad_add(kernel_nfipsec_leftovers_t *leftovers,
						   struct nfipsec *handle, struct nfipsec_sa *sa,
						   bool update);

/**
 * Delete an SA. Failures are logged, but for its not being there.
 *
 * @param handle	connection to the kernel module
 * @param key		its destination, protocol and SPI
 * @return			0 or a negative errno
 */
int kernel_nfipsec_sad_del(struct nfipsec *handle,
						   const struct nfipsec_sa *key);

/**
 * Move an SA, and the one of IPComp that it may have; neither of them if that
 * fails, which is logged.
 *
 * @param handle	connection to the kernel module
 * @param id		the SA
 * @param data		where to
 * @param key		as id
 * @param move		as data
 * @return			0 or a negative errno
 */
int kernel_nfipsec_sad_move(struct nfipsec *handle, kernel_ipsec_sa_id_t *id,
							kernel_ipsec_update_sa_t *data,
							const struct nfipsec_sa *key,
							const struct nfipsec_move *move);

#endif /** KERNEL_NFIPSEC_SAD_H_ @}*/
