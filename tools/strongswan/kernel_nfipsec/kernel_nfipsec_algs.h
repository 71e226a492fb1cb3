/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_algs kernel_nfipsec_algs
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_ALGS_H_
#define KERNEL_NFIPSEC_ALGS_H_

#include <nfipsec.h>

#include <kernel/kernel_ipsec.h>

/**
 * Set the algorithms and keys of an SA. Keys are borrowed from the data, not
 * copied.
 *
 * @param data		what the daemon negotiated
 * @param sa		its names, ICV length and keys are set
 * @return			FALSE if there is no such algorithm, which was logged
 */
bool kernel_nfipsec_set_algs(kernel_ipsec_add_sa_t *data,
							 struct nfipsec_sa *sa);

#endif /** KERNEL_NFIPSEC_ALGS_H_ @}*/
