/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_leftovers.h"
#include "kernel_nfipsec_inventory.h"

#include <library.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>
#include <utils/debug.h>

/**
 * Seconds that a daemon has to set up again what it had.
 */
#define LEFTOVERS_TIMEOUT 60

/**
 * Is set in the reqids of SAs that are set aside.
 */
#define ASIDE 0x80000000

typedef struct private_kernel_nfipsec_leftovers_t private_kernel_nfipsec_leftovers_t;

/**
 * Private data of kernel_nfipsec_leftovers_t.
 */
struct private_kernel_nfipsec_leftovers_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_leftovers_t public;

	/**
	 * That of the creator and that of the job.
	 */
	refcount_t ref;

	/**
	 * Protects what follows, and what is in the SPD as to it.
	 */
	mutex_t *mutex;

	/**
	 * What is there of an earlier run.
	 */
	kernel_nfipsec_inventory_t *inventory;
};

METHOD(kernel_nfipsec_leftovers_t, destroy, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	if (ref_put(&this->ref))
	{
		kernel_nfipsec_inventory_destroy(this->inventory);
		this->mutex->destroy(this->mutex);
		free(this);
	}
}

/**
 * Whether the policy that another one will replace asks for SAs of the same
 * reqid, so that these are as good for that one.
 */
static bool is_same(private_kernel_nfipsec_leftovers_t *this,
					struct nfipsec *handle, const struct nfipsec_policy *pol)
{
	struct nfipsec_policy old, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			   NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR),
		.dir = pol->dir,
		.selector = pol->selector,
	};

	return nfipsec_policy_get(handle, &key, &old) == 0 &&
		   old.tmpls && old.tmpl[0].reqid == pol->tmpl[0].reqid;
}

/**
 * Have the policies of a group ask for SAs of another reqid, or with 0 of any.
 */
static void change_policies(struct nfipsec *handle,
							kernel_nfipsec_old_group_t *group, uint32_t to)
{
	kernel_nfipsec_old_policy_t *old;
	struct nfipsec_policy pol;
	u_int t;
	int i;

	for (i = 0; array_get(group->policies, i, &old); i++)
	{
		if (!kernel_nfipsec_old_policy_read(handle, old, &pol))
		{
			continue;
		}
		for (t = 0; t < pol.tmpls; t++)
		{
			pol.tmpl[t].reqid = to;
			pol.tmpl[t].has |= NFIPSEC_HAS(NFIPSEC_A_TMPL_REQID);
		}
		nfipsec_policy_update(handle, &pol, NULL);
	}
}

/**
 * Reqids begin anew with each run: give SAs and policies of one that means
 * something else now another one. In between the policies take SAs of both.
 */
static void set_aside(private_kernel_nfipsec_leftovers_t *this,
					  struct nfipsec *handle,
					  kernel_nfipsec_old_group_t *group)
{
	struct nfipsec_sa change = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) | NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI) | NFIPSEC_HAS(NFIPSEC_A_SA_REQID),
		.reqid = group->reqid | ASIDE,
	};
	kernel_nfipsec_old_sa_t *sa;
	int i;

	DBG1(DBG_KNL, "nfipsec: SAs of reqid {%u} that an earlier run left get reqid "
		 "{%u}", group->reqid, change.reqid);
	change_policies(handle, group, 0);
	for (i = 0; array_get(group->sas, i, &sa); i++)
	{
		change.dst = sa->dst;
		change.proto = sa->proto;
		change.spi = sa->spi;
		nfipsec_sa_update(handle, &change);
	}
	change_policies(handle, group, change.reqid);
	if (change.reqid != group->reqid)
	{
		kernel_nfipsec_inventory_rename(this->inventory, group, change.reqid);
	}
}

/**
 * The group whose SAs would be taken for those of a policy, NULL if there is none.
 */
static kernel_nfipsec_old_group_t *mistaken(
									private_kernel_nfipsec_leftovers_t *this,
									struct nfipsec *handle,
									const struct nfipsec_policy *pol)
{
	kernel_nfipsec_old_group_t *group = NULL;

	if (pol->tmpls)
	{
		group = kernel_nfipsec_inventory_group(this->inventory,
											   pol->tmpl[0].reqid);
	}
	if (!group || !array_count(group->sas) || is_same(this, handle, pol))
	{
		return NULL;
	}
	return group;
}

METHOD(kernel_nfipsec_leftovers_t, install, int,
	private_kernel_nfipsec_leftovers_t *this, struct nfipsec *handle,
	const struct nfipsec_policy *pol, uint32_t *index)
{
	kernel_nfipsec_old_group_t *group;
	int err;

	/* or it might be deleted in between: it has the number of what it replaces */
	this->mutex->lock(this->mutex);
	group = mistaken(this, handle, pol);
	if (group)
	{
		set_aside(this, handle, group);
	}
	err = nfipsec_policy_own(handle, pol, index);
	if (!err)
	{
		kernel_nfipsec_inventory_replace(this->inventory, *index);
	}
	this->mutex->unlock(this->mutex);
	return err;
}

METHOD(kernel_nfipsec_leftovers_t, has_sa, bool,
	private_kernel_nfipsec_leftovers_t *this, const struct nfipsec_sa *sa)
{
	bool found;

	this->mutex->lock(this->mutex);
	found = kernel_nfipsec_inventory_has_sa(this->inventory, sa);
	this->mutex->unlock(this->mutex);
	return found;
}

/**
 * Forget all that is noted, and give its memory back. Under the mutex.
 */
static void forget_all(private_kernel_nfipsec_leftovers_t *this)
{
	kernel_nfipsec_inventory_destroy(this->inventory);
	this->inventory = kernel_nfipsec_inventory_create();
}

METHOD(kernel_nfipsec_leftovers_t, forget, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	this->mutex->lock(this->mutex);
	forget_all(this);
	this->mutex->unlock(this->mutex);
}

/**
 * Delete an SA, unless it is another one by now.
 */
static bool delete_sa(struct nfipsec *handle,
					  const kernel_nfipsec_old_sa_t *old)
{
	struct nfipsec_sa sa, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) | NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI),
		.dst = old->dst,
		.proto = old->proto,
		.spi = old->spi,
	};

	return nfipsec_sa_get(handle, &key, &sa) == 0 &&
		   sa.add_time == old->add_time &&
		   nfipsec_sa_del(handle, &key) == 0;
}

/**
 * Delete a policy, unless another one has its number by now.
 */
static bool delete_policy(struct nfipsec *handle,
						  const kernel_nfipsec_old_policy_t *old)
{
	struct nfipsec_policy pol, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX),
		.index = old->index,
	};

	return kernel_nfipsec_old_policy_read(handle, old, &pol) &&
		   nfipsec_policy_del(handle, &key) == 0;
}

/**
 * Delete what was noted. By a connection of its own, since the backend may have
 * gone.
 */
static job_requeue_t clean_up(private_kernel_nfipsec_leftovers_t *this)
{
	kernel_nfipsec_old_policy_t *pol;
	kernel_nfipsec_old_sa_t *sa;
	struct nfipsec *handle;
	job_requeue_t again = JOB_REQUEUE_NONE;
	int i, sas = 0, policies = 0;

	this->mutex->lock(this->mutex);
	if (nfipsec_open(&handle) == 0)
	{
		/* the other way round, traffic would for a moment have to wait for SAs
		 * that nobody negotiates */
		for (i = 0; array_get(this->inventory->policies, i, &pol); i++)
		{
			policies += delete_policy(handle, pol);
		}
		for (i = 0; array_get(this->inventory->sas, i, &sa); i++)
		{
			sas += delete_sa(handle, sa);
		}
		forget_all(this);
		if (sas || policies)
		{
			DBG1(DBG_KNL, "nfipsec: deleted %d SAs and %d policies that an "
				 "earlier run left", sas, policies);
		}
	}
	else if (array_count(this->inventory->policies) ||
			 array_count(this->inventory->sas))
	{
		again = JOB_RESCHEDULE(60);
	}
	nfipsec_close(handle);
	this->mutex->unlock(this->mutex);
	return again;
}

/**
 * Note what there is.
 */
static void look(private_kernel_nfipsec_leftovers_t *this,
				 kernel_nfipsec_socket_t *socket)
{
	struct nfipsec *handle;

	if (!socket->answers(socket))
	{	/* a module that comes later has nothing from before */
		return;
	}
	handle = socket->get(socket);
	if (!handle)
	{
		return;
	}
	kernel_nfipsec_inventory_take(this->inventory, handle);
	socket->release(socket);
}

/*
 * see header file
 */
kernel_nfipsec_leftovers_t *kernel_nfipsec_leftovers_create(
											kernel_nfipsec_socket_t *socket)
{
	private_kernel_nfipsec_leftovers_t *this;
	int sas, policies;
	uint32_t timeout;

	INIT(this,
		.public = {
			.install = _install,
			.has_sa = _has_sa,
			.forget = _forget,
			.destroy = _destroy,
		},
		.ref = 1,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.inventory = kernel_nfipsec_inventory_create(),
	);

	look(this, socket);
	sas = array_count(this->inventory->sas);
	policies = array_count(this->inventory->policies);
	if (sas || policies)
	{
		DBG1(DBG_KNL, "nfipsec: an earlier run left %d SAs and %d policies",
			 sas, policies);
		timeout = lib->settings->get_time(lib->settings,
								"%s.plugins.kernel-nfipsec.leftovers_timeout",
								LEFTOVERS_TIMEOUT, lib->ns);
		if (timeout)
		{
			ref_get(&this->ref);
			lib->scheduler->schedule_job(lib->scheduler,
				(job_t*)callback_job_create((callback_job_cb_t)clean_up, this,
									(callback_job_cleanup_t)destroy, NULL),
				timeout);
		}
	}
	return &this->public;
}
