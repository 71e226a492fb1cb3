/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_policies.h"

#include <errno.h>

#include <daemon.h>
#include <collections/array.h>
#include <collections/hashtable.h>
#include <collections/linked_list.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>
#include <utils/debug.h>

/**
 * Priorities of policies, a lower number is looked at first: classes, and
 * inside of one, less for a selector that says more. The numbers are those of
 * kernel-netlink, since administrators choose theirs by them.
 */
#define PRIO_BASE 200000

/**
 * Priority of the policies for IKE, before all others.
 */
#define PRIO_IKE 32

typedef struct private_kernel_nfipsec_policies_t private_kernel_nfipsec_policies_t;
typedef struct policy_t policy_t;
typedef struct use_t use_t;
typedef struct route_t route_t;

/**
 * Private data of kernel_nfipsec_policies_t.
 */
struct private_kernel_nfipsec_policies_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_policies_t public;

	/**
	 * Connection to the kernel module.
	 */
	kernel_nfipsec_socket_t *socket;

	/**
	 * Policies of an earlier run.
	 */
	kernel_nfipsec_leftovers_t *leftovers;

	/**
	 * Protects what follows, and orders requests; taken before the socket.
	 */
	mutex_t *mutex;

	/**
	 * What is in the SPD for the daemon, policy_t.
	 */
	hashtable_t *policies;

	/**
	 * Sockets of IKE, ike_socket_t.
	 */
	array_t *sockets;

	/**
	 * What IKE may use, ike_t: each socket with each address of this host.
	 */
	linked_list_t *ike;

	/**
	 * Whether policies are in the SPD for all of these, as they are once the
	 * module is there.
	 */
	bool ike_done;

	/**
	 * Hears of other addresses.
	 */
	kernel_listener_t listener;

	/**
	 * Whether to install routes for outbound policies.
	 */
	bool install_routes;
};

/**
 * A socket of IKE, bound to any address.
 */
typedef struct {
	/** address family */
	int family;
	/** UDP port */
	uint16_t port;
} ike_socket_t;

/**
 * A local address and port of IKE.
 */
typedef struct {
	/** address */
	struct nfipsec_addr addr;
	/** UDP port */
	uint16_t port;
	/** whether this host has it */
	bool wanted;
	/** of how many directions the policies are in the SPD */
	int installed;
} ike_t;

/**
 * Directions of these policies.
 */
static const uint8_t ike_dirs[] = { NFIPSEC_DIR_IN, NFIPSEC_DIR_OUT };

/**
 * A route that was installed along with a policy.
 */
struct route_t {

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

/**
 * What makes two policies the same one, compared as bytes.
 */
typedef struct {
	/** selector */
	struct nfipsec_selector selector;
	/** policy_dir_t */
	uint32_t dir;
} policy_key_t;

/**
 * A policy in the SPD.
 */
struct policy_t {

	/**
	 * Identity.
	 */
	policy_key_t key;

	/**
	 * Source and destination.
	 */
	traffic_selector_t *src_ts, *dst_ts;

	/**
	 * What it was added for, use_t, the one that counts first.
	 */
	linked_list_t *uses;

	/**
	 * Installed route, or NULL.
	 */
	route_t *route;

	/**
	 * Its number in the SPD.
	 */
	uint32_t index;

	/**
	 * Packets that had met it when it was last queried.
	 */
	uint64_t packets;

	/**
	 * When it was first seen that there were so many, monotonic.
	 */
	time_t use_time;
};

/**
 * One reason for which a policy is there.
 */
struct use_t {

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
};

/**
 * Destroy a route_t.
 */
static void route_destroy(route_t *this)
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
static bool route_equals(route_t *a, route_t *b)
{
	return a->prefixlen == b->prefixlen && a->pass == b->pass &&
		   chunk_equals(a->dst_net, b->dst_net) &&
		   same_host(a->gateway, b->gateway) &&
		   same_host(a->src_ip, b->src_ip) &&
		   (a->if_name == b->if_name ||
			(a->if_name && b->if_name && streq(a->if_name, b->if_name)));
}

/**
 * Destroy a use_t.
 */
static void use_destroy(use_t *this)
{
	this->src->destroy(this->src);
	this->dst->destroy(this->dst);
	free(this);
}

/**
 * Destroy a policy_t that is not in the table.
 */
static void policy_destroy(policy_t *this)
{
	if (this->route)
	{
		route_destroy(this->route);
	}
	this->uses->destroy_function(this->uses, (void*)use_destroy);
	this->src_ts->destroy(this->src_ts);
	this->dst_ts->destroy(this->dst_ts);
	free(this);
}

/**
 * Hash function of the table.
 */
static u_int policy_hash(policy_key_t *key)
{
	return chunk_hash(chunk_from_thing(*key));
}

/**
 * Comparison function of the table.
 */
static bool policy_equals(policy_key_t *a, policy_key_t *b)
{
	return memeq(a, b, sizeof(*a));
}

/**
 * Look for what nfipsec cannot do.
 */
static bool supported(kernel_ipsec_policy_id_t *id,
					  kernel_ipsec_manage_policy_t *data)
{
	char *what = NULL;

	if (id->mark.value || id->mark.mask)
	{
		what = "a mark";
	}
	else if (id->if_id)
	{
		what = "an interface ID";
	}
	else if (id->interface)
	{
		what = "an interface";
	}
	else if (id->label)
	{
		what = "a security label";
	}
	else if (data && data->type == POLICY_IPSEC &&
			 data->sa->ipcomp.transform != IPCOMP_NONE)
	{
		what = "IPComp";
	}
#ifdef HAVE_HW_OFFLOAD_PACKET
	else if (data && data->hw_offload != HW_OFFLOAD_NO &&
			 data->hw_offload != HW_OFFLOAD_AUTO)
	{
		what = "hardware offload";
	}
#endif
	else if (data && data->manual_prio && data->manual_prio <= PRIO_IKE)
	{
		what = "a priority of those for IKE, up to 32,";
	}
#ifdef CPU_ID_MAX
	else if (data && data->pcpu_acquires)
	{
		what = "acquires per CPU";
	}
#endif
	if (what)
	{
		DBG1(DBG_KNL, "nfipsec: policy %R === %R %N refused: %s is not "
			 "supported", id->src_ts, id->dst_ts, policy_dir_names, id->dir,
			 what);
	}
	return !what;
}

/**
 * Identity of a policy.
 */
static bool set_key(kernel_ipsec_policy_id_t *id, policy_key_t *key)
{
	memset(key, 0, sizeof(*key));
	key->dir = id->dir;
	return kernel_nfipsec_ts2selector(id->src_ts, id->dst_ts, &key->selector);
}

/**
 * Bits of an address that a traffic selector fixes.
 */
static uint32_t ts_prefix(traffic_selector_t *ts)
{
	host_t *net;
	uint8_t plen;

	ts->to_subnet(ts, &net, &plen);
	net->destroy(net);
	return plen;
}

/**
 * Bits of a port that a traffic selector fixes.
 */
static uint32_t ts_port_bits(traffic_selector_t *ts)
{
	uint16_t from = ts->get_from_port(ts), to = ts->get_to_port(ts);
	/* OPAQUE is as one port */
	uint32_t range = from < to ? to - from : 0;
	uint32_t bits = 16;

	while (range)
	{
		range >>= 1;
		bits--;
	}
	return bits;
}

/**
 * Priority of a policy, if the administrator does not give one. In this order:
 * class; bits of both addresses (0 to 256); protocol; bits of both ports (0 to
 * 32); and regular policies before traps.
 */
static uint32_t get_priority(kernel_ipsec_policy_id_t *id,
							 kernel_ipsec_manage_policy_t *data)
{
	uint32_t priority = PRIO_BASE;

	switch (data->prio)
	{
		case POLICY_PRIORITY_FALLBACK:
			priority += PRIO_BASE;
			/* fall-through */
		case POLICY_PRIORITY_ROUTED:
		case POLICY_PRIORITY_DEFAULT:
			priority += PRIO_BASE;
			/* fall-through */
		case POLICY_PRIORITY_PASS:
			break;
	}
	priority -= (ts_prefix(id->src_ts) + ts_prefix(id->dst_ts)) * 512;
	priority -= max(id->src_ts->get_protocol(id->src_ts),
					id->dst_ts->get_protocol(id->dst_ts)) ? 256 : 0;
	priority -= (ts_port_bits(id->src_ts) + ts_port_bits(id->dst_ts)) * 4;
	priority -= data->prio != POLICY_PRIORITY_ROUTED;
	return priority;
}

/**
 * Create a use_t.
 */
static use_t *use_create(kernel_ipsec_policy_id_t *id,
						 kernel_ipsec_manage_policy_t *data)
{
	use_t *this;

	INIT(this,
		.auto_priority = get_priority(id, data),
		.type = data->type,
		.src = data->src->clone(data->src),
		.dst = data->dst->clone(data->dst),
	);
	this->priority = data->manual_prio ?: this->auto_priority;
	if (data->sa)
	{
		this->sa = *data->sa;
	}
	return this;
}

/**
 * Whether two uses are the same one, added and to be deleted.
 */
static bool use_equals(use_t *a, use_t *b)
{
	return a->priority == b->priority && a->auto_priority == b->auto_priority &&
		   a->type == b->type && a->src->ip_equals(a->src, b->src) &&
		   a->dst->ip_equals(a->dst, b->dst) &&
		   ipsec_sa_cfg_equals(&a->sa, &b->sa);
}

/**
 * Whether a use goes before another one that was there before.
 */
static bool use_precedes(use_t *this, use_t *other)
{
	if (this->priority != other->priority)
	{
		return this->priority < other->priority;
	}
	if (this->auto_priority != other->auto_priority)
	{
		return this->auto_priority < other->auto_priority;
	}
	return this->sa.reqid || !other->sa.reqid;
}

/**
 * The use that counts.
 */
static use_t *first_use(policy_t *policy)
{
	use_t *use = NULL;

	policy->uses->get_first(policy->uses, (void**)&use);
	return use;
}

/**
 * The SA that a policy asks for. Inbound, SAs that are being replaced are as
 * good as their successor, and only the reqid says which they are.
 */
static bool set_tmpl(policy_t *policy, use_t *use, struct nfipsec_tmpl *tmpl)
{
	if (!kernel_nfipsec_mode(use->sa.mode, &tmpl->mode))
	{
		return FALSE;
	}
	tmpl->proto = use->sa.ah.use ? IPPROTO_AH : IPPROTO_ESP;
	tmpl->reqid = use->sa.reqid;
	tmpl->has = NFIPSEC_HAS(NFIPSEC_A_TMPL_MODE) |
				NFIPSEC_HAS(NFIPSEC_A_TMPL_PROTO) |
				NFIPSEC_HAS(NFIPSEC_A_TMPL_REQID);
	if (tmpl->mode != NFIPSEC_MODE_TRANSPORT)
	{
		kernel_nfipsec_host2addr(use->src, &tmpl->src);
		kernel_nfipsec_host2addr(use->dst, &tmpl->dst);
		tmpl->has |= NFIPSEC_HAS(NFIPSEC_A_TMPL_SRC) |
					 NFIPSEC_HAS(NFIPSEC_A_TMPL_DST);
	}
	if (policy->key.dir == POLICY_OUT)
	{
		tmpl->spi = ntohl(use->sa.ah.use ? use->sa.ah.spi : use->sa.esp.spi);
		tmpl->has |= tmpl->spi ? NFIPSEC_HAS(NFIPSEC_A_TMPL_SPI) : 0;
	}
	return TRUE;
}

/**
 * Identity of a policy in the SPD.
 */
static void spd_key(policy_t *policy, struct nfipsec_policy *pol)
{
	memset(pol, 0, sizeof(*pol));
	pol->dir = policy->key.dir == POLICY_IN ? NFIPSEC_DIR_IN : NFIPSEC_DIR_OUT;
	pol->selector = policy->key.selector;
	pol->has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR);
}

/**
 * Why a policy could not be installed.
 */
static const char *install_error(struct nfipsec *handle, int err)
{
	return err == -EEXIST ? "there is somebody else's with this selector"
						  : nfipsec_error(handle);
}

/**
 * Install a policy as its first use wants it, in place of what the daemon has for
 * its selector.
 */
static bool spd_install(private_kernel_nfipsec_policies_t *this,
						policy_t *policy)
{
	struct nfipsec_policy pol;
	struct nfipsec *handle;
	use_t *use = first_use(policy);
	int err;

	spd_key(policy, &pol);
	pol.priority = use->priority;
	switch (use->type)
	{
		case POLICY_PASS:
			pol.action = NFIPSEC_ACTION_BYPASS;
			break;
		case POLICY_DROP:
			pol.action = NFIPSEC_ACTION_DISCARD;
			break;
		case POLICY_IPSEC:
			pol.action = NFIPSEC_ACTION_PROTECT;
			pol.tmpls = 1;
			pol.has |= NFIPSEC_HAS(NFIPSEC_A_POLICY_TMPL);
			if (!set_tmpl(policy, use, &pol.tmpl[0]))
			{
				return FALSE;
			}
			break;
	}
	kernel_nfipsec_set_owner(pol.owner);
	pol.has |= NFIPSEC_HAS(NFIPSEC_A_POLICY_PRIORITY) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_ACTION) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_OWNER);

	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FALSE;
	}
	err = this->leftovers->install(this->leftovers, handle, &pol,
								   &policy->index);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to add policy %R === %R %N: %s",
			 policy->src_ts, policy->dst_ts, policy_dir_names, policy->key.dir,
			 install_error(handle, err));
	}
	else
	{	/* it counts from zero */
		policy->packets = 0;
	}
	this->socket->release(this->socket);
	return err == 0;
}

/**
 * Take a policy out of the SPD, FALSE if it may still be there.
 */
static bool spd_remove(private_kernel_nfipsec_policies_t *this,
					   policy_t *policy)
{
	struct nfipsec_policy pol;
	struct nfipsec *handle;
	int err;

	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FALSE;
	}
	spd_key(policy, &pol);
	err = nfipsec_policy_del(handle, &pol);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to delete policy %R === %R %N: %s",
			 policy->src_ts, policy->dst_ts, policy_dir_names, policy->key.dir,
			 nfipsec_error(handle));
	}
	this->socket->release(this->socket);
	return err == 0 || err == -ENOENT;
}

/**
 * The route that makes this host's own packets take a source address that the
 * policy is for, or NULL if there is none to be had.
 */
static route_t *route_create(policy_t *policy, use_t *use)
{
	kernel_interface_t *kernel = charon->kernel;
	host_t *net, *local;
	chunk_t address;
	route_t *route;

	INIT(route,
		.pass = use->type == POLICY_PASS,
	);
	if (kernel->get_address_by_ts(kernel, policy->src_ts, &route->src_ip,
								  NULL) != SUCCESS)
	{
		if (!route->pass)
		{
			free(route);
			return NULL;
		}
		/* a shunt for others' traffic */
		route->src_ip = host_create_any(policy->key.selector.family);
	}
	policy->dst_ts->to_subnet(policy->dst_ts, &net, &route->prefixlen);
	address = net->get_address(net);
	route->dst_net = chunk_clone(address);
	if (!use->dst->is_anyaddr(use->dst))
	{
		route->gateway = kernel->get_nexthop(kernel, use->dst, -1, use->src,
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
		local = use->src->is_anyaddr(use->src) ? route->src_ip : use->src;
		if (!kernel->get_interface(kernel, local, &route->if_name) &&
			!route->pass)
		{
			route_destroy(route);
			return NULL;
		}
	}
	return route;
}

/**
 * Uninstall the route of a policy, if it has one.
 */
static void route_remove(policy_t *policy)
{
	route_t *route = policy->route;

	if (!route)
	{
		return;
	}
	if (charon->kernel->del_route(charon->kernel, route->dst_net,
								  route->prefixlen, route->gateway,
								  route->src_ip, route->if_name,
								  route->pass) != SUCCESS)
	{
		DBG1(DBG_KNL, "nfipsec: unable to uninstall the route of policy "
			 "%R === %R %N", policy->src_ts, policy->dst_ts, policy_dir_names,
			 policy->key.dir);
	}
	route_destroy(route);
	policy->route = NULL;
}

/**
 * Whether the use of a policy that counts wants a route.
 */
static bool wants_route(private_kernel_nfipsec_policies_t *this,
						policy_t *policy, use_t *use)
{
	/* one for each pair of networks, whatever else is selected */
	if (!this->install_routes || policy->key.dir != POLICY_OUT ||
		policy->key.selector.proto ||
		(policy->key.selector.has &
			(NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MIN) |
			 NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MIN))))
	{
		return FALSE;
	}
	return use->type == POLICY_PASS ||
		   (use->type == POLICY_IPSEC && use->sa.mode != MODE_TRANSPORT);
}

/**
 * Have the route that a policy wants now. One that it had stays with uses that
 * want none: those come for a moment while addresses change.
 */
static void route_update(private_kernel_nfipsec_policies_t *this,
						 policy_t *policy)
{
	use_t *use = first_use(policy);
	route_t *route;

	if (!wants_route(this, policy, use))
	{
		return;
	}
	route = route_create(policy, use);
	if (!route)
	{
		return;
	}
	if (policy->route && route_equals(policy->route, route))
	{
		route_destroy(route);
		return;
	}
	route_remove(policy);
	DBG2(DBG_KNL, "nfipsec: installing route: %R via %H src %H dev %s",
		 policy->dst_ts, route->gateway, route->src_ip, route->if_name);
	switch (charon->kernel->add_route(charon->kernel, route->dst_net,
									  route->prefixlen, route->gateway,
									  route->src_ip, route->if_name,
									  route->pass))
	{
		case SUCCESS:
			policy->route = route;
			return;
		case ALREADY_DONE:
			/* that of somebody else, who will uninstall it */
			break;
		default:
			DBG1(DBG_KNL, "nfipsec: unable to install the route of policy "
				 "%R === %R %N with source %H", policy->src_ts, policy->dst_ts,
				 policy_dir_names, policy->key.dir, route->src_ip);
			break;
	}
	route_destroy(route);
}

/**
 * Find a policy, or create one that is not in the table yet.
 */
static policy_t *policy_get(private_kernel_nfipsec_policies_t *this,
							kernel_ipsec_policy_id_t *id, policy_key_t *key)
{
	policy_t *policy;

	policy = this->policies->get(this->policies, key);
	if (!policy)
	{
		INIT(policy,
			.src_ts = id->src_ts->clone(id->src_ts),
			.dst_ts = id->dst_ts->clone(id->dst_ts),
			.uses = linked_list_create(),
		);
		memcpy(&policy->key, key, sizeof(policy->key));
	}
	return policy;
}

/**
 * Put a use where it belongs.
 */
static void insert_use(policy_t *policy, use_t *use)
{
	enumerator_t *enumerator;
	use_t *current;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (use_precedes(use, current))
		{
			break;
		}
	}
	policy->uses->insert_before(policy->uses, enumerator, use);
	enumerator->destroy(enumerator);
}

/**
 * The policy that lets IKE pass in one direction: of this host only, since with
 * any address it would also be for what others send through it.
 */
static void ike_policy(ike_t *ike, uint8_t dir, struct nfipsec_policy *pol)
{
	struct nfipsec_selector *sel = &pol->selector;

	memset(pol, 0, sizeof(*pol));
	pol->dir = dir;
	pol->priority = PRIO_IKE;
	pol->action = NFIPSEC_ACTION_BYPASS;
	kernel_nfipsec_set_owner(pol->owner);
	pol->has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_PRIORITY) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_ACTION) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_OWNER);
	sel->family = ike->addr.family;
	sel->proto = IPPROTO_UDP;
	sel->has = NFIPSEC_HAS(NFIPSEC_A_SELECTOR_FAMILY) |
			   NFIPSEC_HAS(NFIPSEC_A_SELECTOR_PROTO);
	if (dir == NFIPSEC_DIR_OUT)
	{
		sel->src = ike->addr;
		sel->sport_min = sel->sport_max = ike->port;
		sel->has |= NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SRC) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MIN) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MAX);
	}
	else
	{
		sel->dst = ike->addr;
		sel->dport_min = sel->dport_max = ike->port;
		sel->has |= NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DST) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MIN) |
					NFIPSEC_HAS(NFIPSEC_A_SELECTOR_DPORT_MAX);
	}
}

/**
 * Have the policies of an address and port in the SPD.
 */
static bool ike_install(private_kernel_nfipsec_policies_t *this,
						struct nfipsec *handle, ike_t *ike)
{
	struct nfipsec_policy pol;
	uint32_t index;
	int err;

	while (ike->installed < countof(ike_dirs))
	{
		ike_policy(ike, ike_dirs[ike->installed], &pol);
		err = this->leftovers->install(this->leftovers, handle, &pol, &index);
		if (err)
		{
			DBG1(DBG_KNL, "nfipsec: unable to let IKE pass: %s",
				 install_error(handle, err));
			return FALSE;
		}
		ike->installed++;
	}
	return TRUE;
}

/**
 * Take the policies of an address and port out of the SPD.
 */
static void ike_remove(struct nfipsec *handle, ike_t *ike)
{
	struct nfipsec_policy pol;

	while (ike->installed)
	{
		ike_policy(ike, ike_dirs[--ike->installed], &pol);
		nfipsec_policy_del(handle, &pol);
	}
}

/**
 * Note that IKE may use an address and port.
 */
static void ike_want(private_kernel_nfipsec_policies_t *this, host_t *host,
					 uint16_t port)
{
	struct nfipsec_addr addr;
	enumerator_t *enumerator;
	ike_t *ike, *found = NULL;

	kernel_nfipsec_host2addr(host, &addr);
	enumerator = this->ike->create_enumerator(this->ike);
	while (!found && enumerator->enumerate(enumerator, &ike))
	{
		if (ike->port == port && memeq(&ike->addr, &addr, sizeof(addr)))
		{
			found = ike;
		}
	}
	enumerator->destroy(enumerator);
	if (!found)
	{
		INIT(found,
			.addr = addr,
			.port = port,
		);
		this->ike->insert_last(this->ike, found);
	}
	found->wanted = TRUE;
}

/**
 * Look which addresses this host has.
 */
static void ike_look(private_kernel_nfipsec_policies_t *this)
{
	enumerator_t *enumerator;
	ike_socket_t socket;
	host_t *host;
	ike_t *ike;
	int i;

	enumerator = this->ike->create_enumerator(this->ike);
	while (enumerator->enumerate(enumerator, &ike))
	{
		ike->wanted = FALSE;
	}
	enumerator->destroy(enumerator);

	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_ALL);
	while (enumerator->enumerate(enumerator, &host))
	{
		for (i = 0; array_get(this->sockets, i, &socket); i++)
		{
			if (socket.family == host->get_family(host))
			{
				ike_want(this, host, socket.port);
			}
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Have policies for IKE for the addresses that this host has now, and no others.
 */
static bool ike_update(private_kernel_nfipsec_policies_t *this)
{
	enumerator_t *enumerator;
	struct nfipsec *handle;
	ike_t *ike;

	this->ike_done = FALSE;
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return FALSE;
	}
	ike_look(this);
	this->ike_done = TRUE;
	enumerator = this->ike->create_enumerator(this->ike);
	while (enumerator->enumerate(enumerator, &ike))
	{
		if (!ike->wanted)
		{
			ike_remove(handle, ike);
			this->ike->remove_at(this->ike, enumerator);
			free(ike);
		}
		else if (!ike_install(this, handle, ike))
		{
			this->ike_done = FALSE;
		}
	}
	enumerator->destroy(enumerator);
	this->socket->release(this->socket);
	return this->ike_done;
}

/**
 * Addresses have changed.
 */
static job_requeue_t readdress(private_kernel_nfipsec_policies_t *this)
{
	this->mutex->lock(this->mutex);
	ike_update(this);
	this->mutex->unlock(this->mutex);
	return JOB_REQUEUE_NONE;
}

METHOD(kernel_listener_t, roam, bool,
	kernel_listener_t *listener, bool address)
{
	private_kernel_nfipsec_policies_t *this;

	if (address)
	{	/* not under the lock that this is called with */
		this = (void*)((char*)listener -
					   offsetof(private_kernel_nfipsec_policies_t, listener));
		lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create((callback_job_cb_t)readdress, this,
										NULL, NULL));
	}
	return TRUE;
}

METHOD(kernel_nfipsec_policies_t, add, status_t,
	private_kernel_nfipsec_policies_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	status_t status = SUCCESS;
	policy_key_t key;
	policy_t *policy;
	use_t *use;

	if (!supported(id, data))
	{
		return NOT_SUPPORTED;
	}
	if (!set_key(id, &key))
	{
		return FAILED;
	}
	use = use_create(id, data);

	this->mutex->lock(this->mutex);
	if (!this->ike_done)
	{	/* if the module came after the daemon, now or not without a log line */
		ike_update(this);
	}
	policy = policy_get(this, id, &key);
	insert_use(policy, use);
	DBG2(DBG_KNL, "nfipsec: adding policy %R === %R %N [priority %u, uses %d]",
		 id->src_ts, id->dst_ts, policy_dir_names, id->dir, use->priority,
		 policy->uses->get_count(policy->uses));
	if (first_use(policy) == use && !spd_install(this, policy))
	{
		policy->uses->remove(policy->uses, use, NULL);
		use_destroy(use);
		status = FAILED;
	}
	if (policy->uses->get_count(policy->uses))
	{
		this->policies->put(this->policies, &policy->key, policy);
		if (status == SUCCESS)
		{
			route_update(this, policy);
		}
	}
	else
	{	/* never was in the table */
		policy_destroy(policy);
	}
	this->mutex->unlock(this->mutex);
	return status;
}

METHOD(kernel_nfipsec_policies_t, query, status_t,
	private_kernel_nfipsec_policies_t *this, kernel_ipsec_policy_id_t *id,
	time_t *use_time)
{
	struct nfipsec_policy pol;
	struct nfipsec *handle;
	status_t status = NOT_FOUND;
	policy_key_t key;
	policy_t *policy;

	if (!set_key(id, &key))
	{
		return FAILED;
	}
	this->mutex->lock(this->mutex);
	policy = this->policies->get(this->policies, &key);
	handle = policy ? this->socket->get(this->socket) : NULL;
	if (handle)
	{
		spd_key(policy, &pol);
		if (nfipsec_policy_get(handle, &pol, &pol) != 0)
		{
			DBG1(DBG_KNL, "nfipsec: unable to query policy %R === %R %N: %s",
				 id->src_ts, id->dst_ts, policy_dir_names, id->dir,
				 nfipsec_error(handle));
		}
		else
		{	/* the SPD counts packets and not time */
			if (pol.packets != policy->packets)
			{
				policy->packets = pol.packets;
				policy->use_time = time_monotonic(NULL);
			}
			if (use_time)
			{
				*use_time = policy->use_time;
			}
			status = SUCCESS;
		}
		this->socket->release(this->socket);
	}
	this->mutex->unlock(this->mutex);
	return status;
}

/**
 * Forget one use of a policy, that is equal to the given one.
 */
static use_t *remove_use(policy_t *policy, use_t *use)
{
	enumerator_t *enumerator;
	use_t *current, *found = NULL;

	enumerator = policy->uses->create_enumerator(policy->uses);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (use_equals(current, use))
		{
			policy->uses->remove_at(policy->uses, enumerator);
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

METHOD(kernel_nfipsec_policies_t, del, status_t,
	private_kernel_nfipsec_policies_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	use_t *use, *found = NULL, *first;
	status_t status = SUCCESS;
	policy_key_t key;
	policy_t *policy;

	if (!set_key(id, &key))
	{
		return FAILED;
	}
	use = use_create(id, data);

	this->mutex->lock(this->mutex);
	policy = this->policies->get(this->policies, &key);
	if (policy)
	{
		first = first_use(policy);
		found = remove_use(policy, use);
	}
	use_destroy(use);
	if (!found)
	{
		DBG1(DBG_KNL, "nfipsec: deleting policy %R === %R %N failed, not found",
			 id->src_ts, id->dst_ts, policy_dir_names, id->dir);
		this->mutex->unlock(this->mutex);
		return NOT_FOUND;
	}
	DBG2(DBG_KNL, "nfipsec: deleting policy %R === %R %N [priority %u, uses "
		 "%d]", id->src_ts, id->dst_ts, policy_dir_names, id->dir,
		 found->priority, policy->uses->get_count(policy->uses));
	if (!policy->uses->get_count(policy->uses))
	{
		if (spd_remove(this, policy))
		{
			this->policies->remove(this->policies, &policy->key);
			route_remove(policy);
			policy_destroy(policy);
		}
		else
		{	/* it is still there, and can be deleted once more */
			insert_use(policy, found);
			found = NULL;
			status = FAILED;
		}
	}
	else if (found == first)
	{
		if (spd_install(this, policy))
		{
			route_update(this, policy);
		}
		else
		{
			status = FAILED;
		}
	}
	if (found)
	{
		use_destroy(found);
	}
	this->mutex->unlock(this->mutex);
	return status;
}

METHOD(kernel_nfipsec_policies_t, flush, status_t,
	private_kernel_nfipsec_policies_t *this)
{
	enumerator_t *enumerator;
	policy_t *policy;
	status_t status = SUCCESS;

	this->mutex->lock(this->mutex);
	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		if (!spd_remove(this, policy))
		{
			status = FAILED;
			continue;
		}
		this->policies->remove_at(this->policies, enumerator);
		route_remove(policy);
		policy_destroy(policy);
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return status;
}

METHOD(kernel_nfipsec_policies_t, bypass, bool,
	private_kernel_nfipsec_policies_t *this, int family, uint16_t port)
{
	ike_socket_t socket = {
		.family = family,
		.port = port,
	};
	bool done;

	this->mutex->lock(this->mutex);
	array_insert(this->sockets, ARRAY_TAIL, &socket);
	done = ike_update(this);
	this->mutex->unlock(this->mutex);
	return done;
}

METHOD(kernel_nfipsec_policies_t, has, bool,
	private_kernel_nfipsec_policies_t *this, uint32_t index)
{
	enumerator_t *enumerator;
	policy_t *policy;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	enumerator = this->policies->create_enumerator(this->policies);
	while (!found && enumerator->enumerate(enumerator, NULL, &policy))
	{
		found = policy->index == index;
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(kernel_nfipsec_policies_t, destroy, void,
	private_kernel_nfipsec_policies_t *this)
{
	struct nfipsec *handle = NULL;
	enumerator_t *enumerator;
	policy_t *policy;
	ike_t *ike;

	charon->kernel->remove_listener(charon->kernel, &this->listener);
	if (this->ike->get_count(this->ike))
	{
		handle = this->socket->get(this->socket);
	}
	while (this->ike->remove_first(this->ike, (void**)&ike) == SUCCESS)
	{
		if (handle)
		{
			ike_remove(handle, ike);
		}
		free(ike);
	}
	if (handle)
	{
		this->socket->release(this->socket);
	}
	this->ike->destroy(this->ike);
	array_destroy(this->sockets);

	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		policy_destroy(policy);
	}
	enumerator->destroy(enumerator);
	this->policies->destroy(this->policies);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_policies_t *kernel_nfipsec_policies_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_leftovers_t *leftovers)
{
	private_kernel_nfipsec_policies_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.query = _query,
			.del = _del,
			.flush = _flush,
			.bypass = _bypass,
			.has = _has,
			.destroy = _destroy,
		},
		.socket = socket,
		.leftovers = leftovers,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.policies = hashtable_create((hashtable_hash_t)policy_hash,
									 (hashtable_equals_t)policy_equals, 32),
		.sockets = array_create(sizeof(ike_socket_t), 0),
		.ike = linked_list_create(),
		.listener = {
			.roam = _roam,
		},
		.install_routes = lib->settings->get_bool(lib->settings,
							"%s.install_routes", TRUE, lib->ns),
	);

	charon->kernel->add_listener(charon->kernel, &this->listener);
	return &this->public;
}
