/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_route.h"

#include <daemon.h>
#include <utils/debug.h>

/**
 * A route that was installed along with a policy.
 */
struct kernel_nfipsec_route_t {

	/**
	 * Destination.
	 */
	chunk_t dst_net;

	/**
	 * Length of its prefix.
	 */
	uint8_t prefixlen;

	/**
	 * Next hop, NULL if there is none.
	 */
	host_t *gateway;

	/**
	 * Source address of packets of this host.
	 */
	host_t *src_ip;

	/**
	 * Interface, NULL for any.
	 */
	char *if_name;

	/**
	 * Whether it is that of a policy that lets pass.
	 */
	bool pass;
};

/*
 * see header file
 */
void kernel_nfipsec_route_destroy(kernel_nfipsec_route_t *this)
{
	DESTROY_IF(this->gateway);
	DESTROY_IF(this->src_ip);
	chunk_free(&this->dst_net);
	free(this->if_name);
	free(this);
}

/**
 * Compare two hosts that may be NULL, without their ports.
 */
static bool same_host(host_t *a, host_t *b)
{
	return a == b || (a && b && a->ip_equals(a, b));
}

/**
 * Compare two routes.
 */
static bool route_equals(kernel_nfipsec_route_t *a, kernel_nfipsec_route_t *b)
{
	return a->prefixlen == b->prefixlen && a->pass == b->pass &&
		   chunk_equals(a->dst_net, b->dst_net) &&
		   same_host(a->gateway, b->gateway) &&
		   same_host(a->src_ip, b->src_ip) &&
		   (a->if_name == b->if_name ||
			(a->if_name && b->if_name && streq(a->if_name, b->if_name)));
}

/**
 * The route that makes this host's own packets take a source address that the
 * policy is for, or NULL if there is none to be had.
 */
static kernel_nfipsec_route_t *route_create(traffic_selector_t *src_ts,
											traffic_selector_t *dst_ts,
											host_t *src, host_t *dst, bool pass)
{
	kernel_interface_t *kernel = charon->kernel;
	kernel_nfipsec_route_t *route;
	host_t *net, *local;

	INIT(route,
		.pass = pass,
	);
	if (kernel->get_address_by_ts(kernel, src_ts, &route->src_ip,
								  NULL) != SUCCESS)
	{
		if (!pass)
		{
			free(route);
			return NULL;
		}
		/* a shunt for others' traffic */
		route->src_ip = host_create_any(
						src_ts->get_type(src_ts) == TS_IPV4_ADDR_RANGE ? AF_INET
																	   : AF_INET6);
	}
	dst_ts->to_subnet(dst_ts, &net, &route->prefixlen);
	route->dst_net = chunk_clone(net->get_address(net));
	if (!dst->is_anyaddr(dst))
	{
		route->gateway = kernel->get_nexthop(kernel, dst, -1, src,
											 &route->if_name);
	}
	else
	{
		route->gateway = kernel->get_nexthop(kernel, net, route->prefixlen,
											 route->src_ip, &route->if_name);
	}
	net->destroy(net);
	if (!route->if_name)
	{
		local = src->is_anyaddr(src) ? route->src_ip : src;
		if (!kernel->get_interface(kernel, local, &route->if_name) && !pass)
		{
			kernel_nfipsec_route_destroy(route);
			return NULL;
		}
	}
	return route;
}

/*
 * see header file
 */
void kernel_nfipsec_route_remove(kernel_nfipsec_route_t **slot)
{
	kernel_nfipsec_route_t *route = *slot;

	if (!route)
	{
		return;
	}
	if (charon->kernel->del_route(charon->kernel, route->dst_net,
								  route->prefixlen, route->gateway,
								  route->src_ip, route->if_name,
								  route->pass) != SUCCESS)
	{
		DBG1(DBG_KNL, "nfipsec: unable to uninstall a route with source %H",
			 route->src_ip);
	}
	kernel_nfipsec_route_destroy(route);
	*slot = NULL;
}

/*
 * see header file
 */
void kernel_nfipsec_route_update(kernel_nfipsec_route_t **slot,
								 traffic_selector_t *src_ts,
								 traffic_selector_t *dst_ts,
								 host_t *src, host_t *dst, bool pass)
{
	kernel_nfipsec_route_t *route;

	route = route_create(src_ts, dst_ts, src, dst, pass);
	if (!route)
	{
		return;
	}
	if (*slot && route_equals(*slot, route))
	{
		kernel_nfipsec_route_destroy(route);
		return;
	}
	kernel_nfipsec_route_remove(slot);
	DBG2(DBG_KNL, "nfipsec: installing route: %R via %H src %H dev %s",
		 dst_ts, route->gateway, route->src_ip, route->if_name);
	switch (charon->kernel->add_route(charon->kernel, route->dst_net,
									  route->prefixlen, route->gateway,
									  route->src_ip, route->if_name,
									  route->pass))
	{
		case SUCCESS:
			*slot = route;
			return;
		case ALREADY_DONE:
			/* that of somebody else, who will uninstall it */
			break;
		default:
			DBG1(DBG_KNL, "nfipsec: unable to install the route of policy "
				 "%R === %R with source %H", src_ts, dst_ts, route->src_ip);
			break;
	}
	kernel_nfipsec_route_destroy(route);
}
