/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_spd.h"

#include <errno.h>

#include <utils/debug.h>

/**
 * Install a policy as its first use wants it, in place of what the daemon has for
 * its selector. FALSE if it is not in the SPD, and will not be when the module is
 * loaded.
 */
static bool install(kernel_nfipsec_socket_t *socket,
					kernel_nfipsec_leftovers_t *leftovers,
					kernel_nfipsec_policy_t *policy)
{
	struct nfipsec_policy pol;
	struct nfipsec *handle;
	int err;

	if (policy->protects &&
		kernel_nfipsec_use_moves(kernel_nfipsec_policy_first(policy)))
	{
		return TRUE;
	}
	policy->stale = TRUE;
	if (!kernel_nfipsec_policy_spd(policy, &pol))
	{
		return FALSE;
	}
	handle = socket->get(socket);
	if (!handle)
	{
		return FALSE;
	}
	err = leftovers->install(leftovers, handle, &pol, &policy->index);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to add policy %R === %R %N: %s",
			 policy->src_ts, policy->dst_ts, policy_dir_names, policy->key.dir,
			 nfipsec_error(handle));
	}
	else
	{
		policy->protects = pol.action == NFIPSEC_ACTION_PROTECT;
	}
	socket->release(socket);
	/* without the module, it is installed when that is loaded */
	policy->stale = err && err != -ENODEV;
	return !policy->stale;
}

/*
 * see header file
 */
bool kernel_nfipsec_spd_change(kernel_nfipsec_socket_t *socket,
							   kernel_nfipsec_leftovers_t *leftovers,
							   kernel_nfipsec_policy_t *policy,
							   kernel_nfipsec_use_t *before)
{
	if (before && policy->protects && !policy->stale &&
		kernel_nfipsec_use_is_alike(kernel_nfipsec_policy_first(policy), before))
	{
		return TRUE;
	}
	return install(socket, leftovers, policy);
}

/**
 * Install again the policies that let pass, or all others.
 */
static u_int reinstall_some(kernel_nfipsec_socket_t *socket,
							kernel_nfipsec_leftovers_t *leftovers,
							hashtable_t *policies, bool pass)
{
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;
	u_int count = 0;

	enumerator = policies->create_enumerator(policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		if ((kernel_nfipsec_policy_first(policy)->type == POLICY_PASS) == pass)
		{
			count += install(socket, leftovers, policy);
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

/*
 * see header file
 */
u_int kernel_nfipsec_spd_reinstall(kernel_nfipsec_socket_t *socket,
								   kernel_nfipsec_leftovers_t *leftovers,
								   hashtable_t *policies)
{
	enumerator_t *enumerator;
	kernel_nfipsec_policy_t *policy;
	u_int count;

	/* numbers begin anew, and what had them is gone */
	enumerator = policies->create_enumerator(policies);
	while (enumerator->enumerate(enumerator, NULL, &policy))
	{
		policy->protects = FALSE;
		policy->index = 0;
	}
	enumerator->destroy(enumerator);
	count = reinstall_some(socket, leftovers, policies, FALSE);
	count += reinstall_some(socket, leftovers, policies, TRUE);
	return count;
}

/**
 * Whether a policy is somebody else's, who has made it his since it was installed.
 */
static bool is_others(struct nfipsec *handle, const struct nfipsec_policy *key)
{
	struct nfipsec_policy pol;

	return nfipsec_policy_get(handle, key, &pol) == 0 &&
		   !kernel_nfipsec_owns(pol.owner);
}

/*
 * see header file
 */
bool kernel_nfipsec_spd_remove(kernel_nfipsec_socket_t *socket,
							   kernel_nfipsec_policy_t *policy)
{
	struct nfipsec_policy pol;
	struct nfipsec *handle;
	int err;

	handle = socket->get(socket);
	if (!handle)
	{
		return FALSE;
	}
	kernel_nfipsec_policy_spd_key(policy, &pol);
	if (is_others(handle, &pol))
	{
		DBG1(DBG_KNL, "nfipsec: policy %R === %R %N is of another owner by now "
			 "and stays", policy->src_ts, policy->dst_ts, policy_dir_names,
			 policy->key.dir);
		socket->release(socket);
		return TRUE;
	}
	err = nfipsec_policy_del(handle, &pol);
	if (err == -ENODEV)
	{	/* it went with the module */
		err = 0;
	}
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to delete policy %R === %R %N: %s",
			 policy->src_ts, policy->dst_ts, policy_dir_names, policy->key.dir,
			 nfipsec_error(handle));
	}
	socket->release(socket);
	return err == 0 || err == -ENOENT;
}
