/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_sas kernel_nfipsec_sas
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_SAS_H_
#define KERNEL_NFIPSEC_SAS_H_

#include "kernel_nfipsec_shared.h"

typedef struct kernel_nfipsec_sas_t kernel_nfipsec_sas_t;

/**
 * Which SAs the daemon has installed, without their keys.
 */
struct kernel_nfipsec_sas_t {

	/**
	 * Note an SA that was installed.
	 *
	 * @param sa		its destination, protocol, SPI and direction
	 * @param from		destination that it is moved from, NULL if it is new
	 */
	void (*add)(kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
				const struct nfipsec_addr *from);

	/**
	 * Forget an SA.
	 *
	 * @param sa		its destination, protocol and SPI. If an inbound one was
	 *					moved from there, and the daemon takes it to be there
	 *					still, where it is now is set.
	 */
	void (*remove)(kernel_nfipsec_sas_t *this, struct nfipsec_sa *sa);

	/**
	 * Note an SA that the daemon could not install. Some versions delete it all
	 * the same, and then an SA with its key is that of another CHILD_SA, or of
	 * somebody else.
	 *
	 * @param sa		its destination, protocol and SPI
	 * @param dst		the daemon's own object of that destination, by which one
	 *					CHILD_SA is told from another
	 */
	void (*refuse)(kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
				   const host_t *dst);

	/**
	 * Whether an SA is one that was noted by refuse(), and forget that.
	 *
	 * @param sa		its destination, protocol and SPI
	 * @param dst		the daemon's own object of that destination
	 * @return			TRUE if it is
	 */
	bool (*refused)(kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
					const host_t *dst);

	/**
	 * Direction of an SA.
	 *
	 * @param sa		its destination, protocol and SPI
	 * @return			enum nfipsec_dir, NFIPSEC_DIR_ANY if it is not known
	 */
	uint8_t (*dir)(kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa);

	/**
	 * Age of an SA, by the clock that the module has for its limits, which no
	 * step of the time of day changes.
	 *
	 * @param sa		its destination, protocol and SPI
	 * @param age		result in seconds
	 * @return			FALSE if it is not known
	 */
	bool (*age)(kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
				uint64_t *age);

	/**
	 * Whether an SA is one of those.
	 *
	 * @param dst		its destination
	 * @param proto		protocol
	 * @param spi		SPI in host order
	 * @return			TRUE if it is
	 */
	bool (*has)(kernel_nfipsec_sas_t *this, const struct nfipsec_addr *dst,
				uint8_t proto, uint32_t spi);

	/**
	 * Tell the daemon of those that the kernel does not have, and how many.
	 *
	 * @param socket	connection to the kernel module
	 * @param hard		TRUE if they have come to their end, FALSE if others are
	 *					to be negotiated in their place
	 */
	u_int (*missing)(kernel_nfipsec_sas_t *this,
					 kernel_nfipsec_socket_t *socket, bool hard);

	/**
	 * Destroy a kernel_nfipsec_sas_t.
	 */
	void (*destroy)(kernel_nfipsec_sas_t *this);
};

/**
 * Create a kernel_nfipsec_sas_t.
 */
kernel_nfipsec_sas_t *kernel_nfipsec_sas_create();

#endif /** KERNEL_NFIPSEC_SAS_H_ @}*/
