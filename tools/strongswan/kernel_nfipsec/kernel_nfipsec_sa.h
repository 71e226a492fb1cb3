/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_sa kernel_nfipsec_sa
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_SA_H_
#define KERNEL_NFIPSEC_SA_H_

#include <nfipsec.h>

#include <kernel/kernel_ipsec.h>

/**
 * Set addresses, protocol and SPI of an SA, and nothing else.
 *
 * @param src		source
 * @param dst		destination
 * @param proto		protocol
 * @param spi		SPI in network order
 * @param sa		result
 */
void kernel_nfipsec_sa_key(host_t *src, host_t *dst, uint8_t proto,
						   uint32_t spi, struct nfipsec_sa *sa);

/**
 * The SPI that stands for the CPI of IPComp.
 *
 * @param cpi		CPI in network order
 * @return			SPI in network order
 */
static inline uint32_t kernel_nfipsec_cpi2spi(uint16_t cpi)
{
	return htonl(ntohs(cpi));
}

/**
 * Look for what nfipsec cannot do.
 *
 * @param id		identity of an SA
 * @param data		the rest of it
 * @return			FALSE if it cannot be installed, which was logged
 */
bool kernel_nfipsec_sa_supported(kernel_ipsec_sa_id_t *id,
								 kernel_ipsec_add_sa_t *data);

/**
 * Whether the SA of ESP or AH has one of IPComp with it, that packets go through
 * first. That has the mode, and the SA around it is of transport mode.
 *
 * @param data		what is added
 * @return			TRUE if it has
 */
bool kernel_nfipsec_sa_has_comp(kernel_ipsec_add_sa_t *data);

/**
 * Set all of an SA of IPComp.
 *
 * @param id		identity of the SA that has it
 * @param data		the rest of that
 * @param sa		result
 * @return			FALSE if it cannot be, which was logged
 */
bool kernel_nfipsec_sa_set_comp(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_add_sa_t *data,
								struct nfipsec_sa *sa);

/**
 * Set all of an SA.
 *
 * @param id		identity of the SA
 * @param data		the rest of it; the keys are borrowed from there
 * @param sa		result
 * @return			FALSE if it cannot be, which was logged
 */
bool kernel_nfipsec_sa_set(kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_add_sa_t *data, struct nfipsec_sa *sa);

/**
 * Set where an SA is to be.
 *
 * @param id		identity of the SA
 * @param data		its new place
 * @param move		result
 * @return			FALSE if it is there already
 */
bool kernel_nfipsec_sa_set_move(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_update_sa_t *data,
								struct nfipsec_move *move);

/**
 * When an SA was used.
 *
 * @param sa		SA as the kernel has it
 * @return			time on the daemon's monotonic clock, 0 if it never was
 */
time_t kernel_nfipsec_sa_use_time(const struct nfipsec_sa *sa);

#endif /** KERNEL_NFIPSEC_SA_H_ @}*/
