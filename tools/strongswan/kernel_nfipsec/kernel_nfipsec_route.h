/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_route kernel_nfipsec_route
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_ROUTE_H_
#define KERNEL_NFIPSEC_ROUTE_H_

#include <networking/host.h>
#include <selectors/traffic_selector.h>

/**
 * The installed route of a policy: it makes this host's own packets take a source
 * address that the policy is for.
 */
typedef struct kernel_nfipsec_route_t kernel_nfipsec_route_t;

/**
 * Have the route that a policy wants now, in place of the one that it had. If
 * there is none to be had, that stays.
 *
 * @param slot		where the policy has its route, NULL there if it has none
 * @param src_ts	what the policy is for
 * @param dst_ts	likewise
 * @param src		addresses of its SA
 * @param dst		likewise
 * @param pass		whether the policy lets pass
 */
void kernel_nfipsec_route_update(kernel_nfipsec_route_t **slot,
								 traffic_selector_t *src_ts,
								 traffic_selector_t *dst_ts,
								 host_t *src, host_t *dst, bool pass);

/**
 * Uninstall the route of a policy, if it has one.
 *
 * @param slot		where the policy has it, NULL there afterwards
 */
void kernel_nfipsec_route_remove(kernel_nfipsec_route_t **slot);

/**
 * Forget a route, which stays installed.
 */
void kernel_nfipsec_route_destroy(kernel_nfipsec_route_t *this);

#endif /** KERNEL_NFIPSEC_ROUTE_H_ @}*/
