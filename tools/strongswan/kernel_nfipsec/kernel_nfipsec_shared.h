/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_shared kernel_nfipsec_shared
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_SHARED_H_
#define KERNEL_NFIPSEC_SHARED_H_

#include <nfipsec.h>

#include <ipsec/ipsec_types.h>
#include <networking/host.h>
#include <selectors/traffic_selector.h>

typedef struct kernel_nfipsec_socket_t kernel_nfipsec_socket_t;

/**
 * Connection to the kernel module, for one thread at a time.
 */
struct kernel_nfipsec_socket_t {

	/**
	 * Get the connection for oneself, connecting first if need be. If the
	 * module is not there, requests give -ENODEV.
	 *
	 * @return			handle to be given back with release(), NULL if there is
	 *					none, which was logged
	 */
	struct nfipsec *(*get)(kernel_nfipsec_socket_t *this);

	/**
	 * Give the connection back.
	 */
	void (*release)(kernel_nfipsec_socket_t *this);

	/**
	 * Whether the module is there and answers.
	 *
	 * @return			FALSE if not, which was logged
	 */
	bool (*answers)(kernel_nfipsec_socket_t *this);

	/**
	 * Destroy a kernel_nfipsec_socket_t.
	 */
	void (*destroy)(kernel_nfipsec_socket_t *this);
};

/**
 * Create a kernel_nfipsec_socket_t, not connected yet.
 */
kernel_nfipsec_socket_t *kernel_nfipsec_socket_create();

/**
 * Set the owner of an SA or a policy: the name of the daemon, since charon-nm or
 * charon-cmd may run beside charon-systemd. The first 15 characters of it.
 *
 * @param owner		of NFIPSEC_NAME_MAX bytes
 */
void kernel_nfipsec_set_owner(char *owner);

/**
 * Whether an SA or a policy is the daemon's, of this run or an earlier one.
 *
 * @param owner		its owner
 * @return			TRUE if it is
 */
bool kernel_nfipsec_owns(const char *owner);

/**
 * Convert an address.
 *
 * @param host		address
 * @param addr		result
 */
void kernel_nfipsec_host2addr(host_t *host, struct nfipsec_addr *addr);

/**
 * Convert an address back.
 *
 * @param addr		address
 * @param port		port of the host, 0 if it has none
 * @return			allocated host, NULL if it is no address
 */
host_t *kernel_nfipsec_addr2host(const struct nfipsec_addr *addr,
								 uint16_t port);

/**
 * Convert traffic selectors, without widening them.
 *
 * @param src		source
 * @param dst		destination
 * @param sel		result; members that mean nothing are zero, so that two
 *					can be compared as bytes
 * @return			FALSE if that is not possible, which was logged
 */
bool kernel_nfipsec_ts2selector(traffic_selector_t *src,
								traffic_selector_t *dst,
								struct nfipsec_selector *sel);

/**
 * Convert an IPsec mode.
 *
 * @param mode		mode
 * @param out		result, enum nfipsec_mode
 * @return			FALSE if there is no such mode
 */
bool kernel_nfipsec_mode(ipsec_mode_t mode, uint8_t *out);

#endif /** KERNEL_NFIPSEC_SHARED_H_ @}*/
