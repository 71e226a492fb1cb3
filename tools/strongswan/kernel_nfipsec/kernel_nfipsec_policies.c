/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_policies.h"
#include "kernel_nfipsec_ike.h"
#include "kernel_nfipsec_policy.h"
#include "kernel_nfipsec_spd.h"

#include <daemon.h>
#include <collections/array.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>
#include <utils/debug.h>

typedef struct private_kernel_nfipsec_policies_t private_kernel_nfipsec_policies_t;

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
	 * Policies that let IKE pass.
	 */
	kernel_nfipsec_ike_t *ike;

	/**
	 * Protects what follows, and orders requests; taken before the socket.
	 */
	mutex_t *mutex;

	/**
	 * What is in the SPD for the daemon, kernel_nfipsec_policy_t.
	 */
	hashtable_t *policies;

	/**
	 * Reqids of SAs that move just now, uint32_t, for each use that is there for
	 * that.
	 */
	array_t *moving;

	/**
	 * Whether to install routes for outbound policies.
	 */
	bool install_routes;
};

/**
 * Hash function of the table.
 */
static u_int policy_hash(kernel_nfipsec_policy_key_t *key)
{
	return chunk_hash(chunk_from_thing(*key));
}

/**
 * Comparison function of the table.
 */
static bool policy_equals(kernel_nfipsec_policy_key_t *a,
						  kernel_nfipsec_policy_key_t *b)
{
	return memeq(a, b, sizeof(*a));
}

/**
 * Position of the reqid of an SA that moves, -1 if it does not.
 */
static int find_moving(private_kernel_nfipsec_policies_t *this, uint32_t reqid)
{
	uint32_t current;
	int i;

	for (i = 0; array_get(this->moving, i, &current); i++)
	{
		if (current == reqid)
		{
			return i;
		}
	}
	return -1;
}

/**
 * Whether the use of a policy that counts wants a route.
 */
static bool wants_route(private_kernel_nfipsec_policies_t *this,
						kernel_nfipsec_policy_t *policy,
						kernel_nfipsec_use_t *use)
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
						 kernel_nfipsec_policy_t *policy)
{
	kernel_nfipsec_use_t *use = kernel_nfipsec_policy_first(policy);

	if (wants_route(this, policy, use))
	{
		kernel_nfipsec_route_update(&policy->route, policy->src_ts,
									policy->dst_ts, use->src, use->dst,
									use->type == POLICY_PASS);
	}
}

METHOD(kernel_nfipsec_policies_t, add, status_t,
	private_kernel_nfipsec_policies_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	status_t status = SUCCESS;
	kernel_nfipsec_policy_key_t key;
	kernel_nfipsec_policy_t *policy;
	kernel_nfipsec_use_t *use, *before;
	char *lacks;

	lacks = kernel_nfipsec_policy_lacks(id, data);
	if (lacks)
	{
		DBG1(DBG_KNL, "nfipsec: policy %R === %R %N refused: %s is not "
			 "supported", id->src_ts, id->dst_ts, policy_dir_names, id->dir,
			 lacks);
		return NOT_SUPPORTED;
	}
	if (!kernel_nfipsec_policy_key(id, &key))
	{
		return FAILED;
	}
	use = kernel_nfipsec_use_create(id, data);

	this->mutex->lock(this->mutex);
	/* if the module came after the daemon, now or not without a log line */
	this->ike->ready(this->ike);
	policy = this->policies->get(this->policies, &key) ?:
			 kernel_nfipsec_policy_create(id, &key);
	before = kernel_nfipsec_policy_first(policy);
	kernel_nfipsec_policy_insert(policy, use);
	if (kernel_nfipsec_use_moves(use))
	{
		array_insert(this->moving, ARRAY_TAIL, &use->sa.reqid);
	}
	DBG2(DBG_KNL, "nfipsec: adding policy %R === %R %N [priority %u, uses %d]",
		 id->src_ts, id->dst_ts, policy_dir_names, id->dir, use->priority,
		 policy->uses->get_count(policy->uses));
	if (kernel_nfipsec_policy_first(policy) == use &&
		!kernel_nfipsec_spd_change(this->socket, this->leftovers, policy,
								   before))
	{
		status = FAILED;
	}
	/* of a policy that is there, the use stays: the daemon may go on and delete
	 * the one before, and the policy must not go with that. Not of a shunt that
	 * lets pass, which it forgets, and never deletes */
	if (status != SUCCESS && (!before || use->type == POLICY_PASS))
	{
		policy->uses->remove(policy->uses, use, NULL);
		if (kernel_nfipsec_use_moves(use))
		{
			array_remove(this->moving, ARRAY_TAIL, NULL);
		}
		kernel_nfipsec_use_destroy(use);
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
		kernel_nfipsec_policy_destroy(policy);
	}
	this->mutex->unlock(this->mutex);
	return status;
}

/**
 * Have in the SPD what a policy is without a use that was taken out of it, the
 * first one or another. Without any, the policy goes. Where the SPD did not take
 * what the first one wants, that is tried again.
 */
static status_t without_use(private_kernel_nfipsec_policies_t *this,
							kernel_nfipsec_policy_t *policy,
							kernel_nfipsec_use_t *use, bool first)
{
	status_t status = SUCCESS;
	bool change = first || policy->stale;

	if (!policy->uses->get_count(policy->uses))
	{
		if (!kernel_nfipsec_spd_remove(this->socket, policy))
		{	/* it is still there, and can be deleted once more */
			kernel_nfipsec_policy_insert(policy, use);
			return FAILED;
		}
		this->policies->remove(this->policies, &policy->key);
		kernel_nfipsec_route_remove(&policy->route);
		kernel_nfipsec_policy_destroy(policy);
	}
	else if (change && !kernel_nfipsec_spd_change(this->socket, this->leftovers,
												  policy, use))
	{
		status = FAILED;
	}
	else if (change)
	{
		route_update(this, policy);
	}
	kernel_nfipsec_use_destroy(use);
	return status;
}

/**
 * The SAs of a reqid have moved: forget the uses that stayed until then.
 */
static void moved(private_kernel_nfipsec_policies_t *this, uint32_t reqid)
{
	linked_list_t *policies;
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;
	kernel_nfipsec_use_t *use, *first;

	policies = linked_list_create();
	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		policies->insert_last(policies, policy);
	}
	enumerator->destroy(enumerator);
	while (policies->remove_first(policies, (void**)&policy) == SUCCESS)
	{
		first = kernel_nfipsec_policy_first(policy);
		use = kernel_nfipsec_policy_take_gone(policy, reqid);
		if (use)
		{
			without_use(this, policy, use, use == first);
		}
	}
	policies->destroy(policies);
}

/**
 * Delete a use that was taken out of its policy.
 */
static status_t delete_use(private_kernel_nfipsec_policies_t *this,
						   kernel_nfipsec_policy_t *policy,
						   kernel_nfipsec_use_t *use, bool first)
{
	uint32_t reqid = use->sa.reqid;
	int pos = find_moving(this, reqid);
	status_t status;

	if (!kernel_nfipsec_use_moves(use))
	{
		if (pos >= 0 && !policy->uses->get_count(policy->uses))
		{	/* what comes out of the SAs meanwhile needs it */
			use->gone = TRUE;
			kernel_nfipsec_policy_insert(policy, use);
			return SUCCESS;
		}
		return without_use(this, policy, use, first);
	}
	if (pos >= 0)
	{
		array_remove(this->moving, pos, NULL);
	}
	status = without_use(this, policy, use, first);
	if (find_moving(this, reqid) < 0)
	{
		moved(this, reqid);
	}
	return status;
}

METHOD(kernel_nfipsec_policies_t, del, status_t,
	private_kernel_nfipsec_policies_t *this, kernel_ipsec_policy_id_t *id,
	kernel_ipsec_manage_policy_t *data)
{
	kernel_nfipsec_use_t *use, *found = NULL, *first;
	status_t status = NOT_FOUND;
	kernel_nfipsec_policy_key_t key;
	kernel_nfipsec_policy_t *policy;

	if (kernel_nfipsec_policy_lacks(id, data))
	{	/* it was refused, one that is equal but for that is another's */
		return NOT_FOUND;
	}
	if (!kernel_nfipsec_policy_key(id, &key))
	{
		return FAILED;
	}
	use = kernel_nfipsec_use_create(id, data);

	this->mutex->lock(this->mutex);
	policy = this->policies->get(this->policies, &key);
	if (policy)
	{
		first = kernel_nfipsec_policy_first(policy);
		found = kernel_nfipsec_policy_remove(policy, use);
	}
	kernel_nfipsec_use_destroy(use);
	if (found)
	{
		DBG2(DBG_KNL, "nfipsec: deleting policy %R === %R %N [priority %u, uses "
			 "%d]", id->src_ts, id->dst_ts, policy_dir_names, id->dir,
			 found->priority, policy->uses->get_count(policy->uses));
		status = delete_use(this, policy, found, found == first);
	}
	else
	{
		DBG1(DBG_KNL, "nfipsec: deleting policy %R === %R %N failed, not found",
			 id->src_ts, id->dst_ts, policy_dir_names, id->dir);
	}
	this->mutex->unlock(this->mutex);
	return status;
}

METHOD(kernel_nfipsec_policies_t, flush, status_t,
	private_kernel_nfipsec_policies_t *this)
{
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;
	status_t status = SUCCESS;

	this->mutex->lock(this->mutex);
	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		if (!kernel_nfipsec_spd_remove(this->socket, policy))
		{
			status = FAILED;
			continue;
		}
		this->policies->remove_at(this->policies, enumerator);
		kernel_nfipsec_route_remove(&policy->route);
		kernel_nfipsec_policy_destroy(policy);
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return status;
}

METHOD(kernel_nfipsec_policies_t, reinstall, u_int,
	private_kernel_nfipsec_policies_t *this)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = kernel_nfipsec_spd_reinstall(this->socket, this->leftovers,
										 this->policies);
	this->ike->reinstall(this->ike);
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(kernel_nfipsec_policies_t, lacks, bool,
	private_kernel_nfipsec_policies_t *this, uint32_t index, array_t *sas,
	bool *per_cpu)
{
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;
	kernel_nfipsec_use_t *use;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		use = kernel_nfipsec_policy_first(policy);
		if (policy->index == index && use->type == POLICY_IPSEC)
		{
			/* packets wait for what it should be */
			if (policy->stale &&
				kernel_nfipsec_spd_change(this->socket, this->leftovers, policy,
										  NULL))
			{
				route_update(this, policy);
			}
			kernel_nfipsec_policy_sas(policy, sas);
			*per_cpu = use->per_cpu;
			found = TRUE;
			break;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(kernel_nfipsec_policies_t, bypass, bool,
	private_kernel_nfipsec_policies_t *this, int family, uint16_t port)
{
	return this->ike->bypass(this->ike, family, port);
}

METHOD(kernel_nfipsec_policies_t, destroy, void,
	private_kernel_nfipsec_policies_t *this)
{
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;

	this->ike->destroy(this->ike);

	enumerator = this->policies->create_enumerator(this->policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		kernel_nfipsec_policy_destroy(policy);
	}
	enumerator->destroy(enumerator);
	this->policies->destroy(this->policies);
	array_destroy(this->moving);
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
			.del = _del,
			.flush = _flush,
			.bypass = _bypass,
			.reinstall = _reinstall,
			.lacks = _lacks,
			.destroy = _destroy,
		},
		.socket = socket,
		.leftovers = leftovers,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.policies = hashtable_create((hashtable_hash_t)policy_hash,
									 (hashtable_equals_t)policy_equals, 32),
		.moving = array_create(sizeof(uint32_t), 0),
		.ike = kernel_nfipsec_ike_create(socket, leftovers),
		.install_routes = lib->settings->get_bool(lib->settings,
							"%s.install_routes", TRUE, lib->ns),
	);

	return &this->public;
}

