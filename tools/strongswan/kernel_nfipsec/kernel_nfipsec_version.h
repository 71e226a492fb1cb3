/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_version kernel_nfipsec_version
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_VERSION_H_
#define KERNEL_NFIPSEC_VERSION_H_

#include <kernel/kernel_ipsec.h>

/**
 * Size of a version with the NUL.
 */
#define KERNEL_NFIPSEC_VERSION_MAX 32

/**
 * Find out the version of the daemon.
 *
 * @param buf		result
 * @param size		of it
 * @return			FALSE if it is not to be found
 */
bool kernel_nfipsec_version_find(char *buf, size_t size);

/**
 * Check that the daemon is of the version this plugin was built for, and log
 * what is wrong otherwise.
 *
 * Structures change their layout from one version to the next, and versions
 * before 6.0.3 load plugins that were built for others.
 *
 * @return			TRUE if it is
 */
bool kernel_nfipsec_version_check();

/**
 * Create a backend that refuses everything, for a daemon of any version.
 *
 * It is there instead of none because then the next plugin would provide one,
 * and traffic would go another way than the administrator chose.
 *
 * @return			backend
 */
kernel_ipsec_t *kernel_nfipsec_refuse_create();

#endif /** KERNEL_NFIPSEC_VERSION_H_ @}*/
