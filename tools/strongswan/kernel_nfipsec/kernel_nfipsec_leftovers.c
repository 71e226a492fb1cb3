/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_leftovers.h"

#include <collections/array.h>
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
	 * Protects the arrays, and what is in the SPD as to them.
	 */
	mutex_t *mutex;

	/**
	 * SAs, nfipsec_sa.
	 */
	array_t *sas;

	/**
	 * Policies, nfipsec_policy.
	 */
	array_t *policies;
};

METHOD(kernel_nfipsec_leftovers_t, destroy, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	if (ref_put(&this->ref))
	{
		array_destroy(this->sas);
		array_destroy(this->policies);
		this->mutex->destroy(this->mutex);
		free(this);
	}
}

/**
 * Whether there are SAs of a reqid.
 */
static bool has_reqid(private_kernel_nfipsec_leftovers_t *this, uint32_t reqid)
{
	struct nfipsec_sa sa;
	int i;

	for (i = 0; array_get(this->sas, i, &sa); i++)
	{
		if (sa.reqid == reqid)
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Whether a policy asks for SAs of a reqid.
 */
static bool wants_reqid(const struct nfipsec_policy *pol, uint32_t reqid)
{
	return pol->tmpls && pol->tmpl[0].reqid == reqid;
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
		   wants_reqid(&old, pol->tmpl[0].reqid);
}

/**
 * Have the policies that ask for SAs of a reqid ask for those of another one, or
 * with 0 of any.
 */
static void change_policies(private_kernel_nfipsec_leftovers_t *this,
							struct nfipsec *handle, uint32_t reqid, uint32_t to)
{
	struct nfipsec_policy pol;
	u_int t;
	int i;

	for (i = 0; array_get(this->policies, i, &pol); i++)
	{
		if (!wants_reqid(&pol, reqid))
		{
			continue;
		}
		for (t = 0; t < pol.tmpls; t++)
		{
			pol.tmpl[t].reqid = to;
			pol.tmpl[t].has |= NFIPSEC_HAS(NFIPSEC_A_TMPL_REQID);
		}
		nfipsec_policy_update(handle, &pol, NULL);
		if (to)
		{
			array_remove(this->policies, i, NULL);
			array_insert(this->policies, i, &pol);
		}
	}
}

/**
 * Reqids begin anew with each run: give SAs and policies of one that means
 * something else now another one. In between the policies take SAs of both.
 */
static void set_aside(private_kernel_nfipsec_leftovers_t *this,
					  struct nfipsec *handle, uint32_t reqid)
{
	struct nfipsec_sa sa, change = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) | NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI) | NFIPSEC_HAS(NFIPSEC_A_SA_REQID),
		.reqid = reqid | ASIDE,
	};
	int i;

	DBG1(DBG_KNL, "nfipsec: SAs of reqid {%u} that an earlier run left get reqid "
		 "{%u}", reqid, change.reqid);
	change_policies(this, handle, reqid, 0);
	for (i = 0; array_get(this->sas, i, &sa); i++)
	{
		if (sa.reqid == reqid)
		{
			change.dst = sa.dst;
			change.proto = sa.proto;
			change.spi = sa.spi;
			nfipsec_sa_update(handle, &change);
			sa.reqid = change.reqid;
			array_remove(this->sas, i, NULL);
			array_insert(this->sas, i, &sa);
		}
	}
	change_policies(this, handle, reqid, change.reqid);
}

METHOD(kernel_nfipsec_leftovers_t, install, int,
	private_kernel_nfipsec_leftovers_t *this, struct nfipsec *handle,
	const struct nfipsec_policy *pol, uint32_t *index)
{
	struct nfipsec_policy current;
	int i, err;

	/* or it might be deleted in between: it has the number of what it replaces */
	this->mutex->lock(this->mutex);
	if (pol->tmpls && has_reqid(this, pol->tmpl[0].reqid) &&
		!is_same(this, handle, pol))
	{
		set_aside(this, handle, pol->tmpl[0].reqid);
	}
	err = nfipsec_policy_own(handle, pol, index);
	for (i = 0; !err && array_get(this->policies, i, &current); i++)
	{
		if (current.index == *index)
		{
			array_remove(this->policies, i, NULL);
			break;
		}
	}
	this->mutex->unlock(this->mutex);
	return err;
}

METHOD(kernel_nfipsec_leftovers_t, has_sa, bool,
	private_kernel_nfipsec_leftovers_t *this, const struct nfipsec_sa *sa)
{
	struct nfipsec_sa old;
	bool found = FALSE;
	int i;

	this->mutex->lock(this->mutex);
	for (i = 0; !found && array_get(this->sas, i, &old); i++)
	{
		found = old.spi == sa->spi && old.proto == sa->proto &&
				old.add_time == sa->add_time &&
				memeq(&old.dst, &sa->dst, sizeof(old.dst));
	}
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(kernel_nfipsec_leftovers_t, forget, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	this->mutex->lock(this->mutex);
	while (array_remove(this->policies, ARRAY_HEAD, NULL) ||
		   array_remove(this->sas, ARRAY_HEAD, NULL))
	{
		;
	}
	this->mutex->unlock(this->mutex);
}

/**
 * Note an SA, if it is the daemon's.
 */
static int note_sa(const struct nfipsec_sa *sa, void *arg)
{
	private_kernel_nfipsec_leftovers_t *this = arg;

	if (kernel_nfipsec_owns(sa->owner))
	{
		array_insert(this->sas, ARRAY_TAIL, (void*)sa);
	}
	return 0;
}

/**
 * Note a policy, if it is the daemon's.
 */
static int note_policy(const struct nfipsec_policy *pol, void *arg)
{
	private_kernel_nfipsec_leftovers_t *this = arg;

	if (kernel_nfipsec_owns(pol->owner))
	{
		array_insert(this->policies, ARRAY_TAIL, (void*)pol);
	}
	return 0;
}

/**
 * Delete an SA, unless it is another one by now.
 */
static bool delete_sa(struct nfipsec *handle, struct nfipsec_sa *old)
{
	struct nfipsec_sa sa;

	return nfipsec_sa_get(handle, old, &sa) == 0 &&
		   sa.add_time == old->add_time &&
		   nfipsec_sa_del(handle, old) == 0;
}

/**
 * Delete a policy, unless another one has its number by now.
 */
static bool delete_policy(struct nfipsec *handle,
						  const struct nfipsec_policy *old)
{
	struct nfipsec_policy pol, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX),
		.index = old->index,
	};

	return nfipsec_policy_get(handle, &key, &pol) == 0 &&
		   pol.dir == old->dir && streq(pol.owner, old->owner) &&
		   memeq(&pol.selector, &old->selector, sizeof(pol.selector)) &&
		   nfipsec_policy_del(handle, &key) == 0;
}

/**
 * Delete what was noted. By a connection of its own, since the backend may have
 * gone.
 */
static job_requeue_t clean_up(private_kernel_nfipsec_leftovers_t *this)
{
	struct nfipsec *handle;
	struct nfipsec_sa sa;
	struct nfipsec_policy pol;
	int sas = 0, policies = 0;

	this->mutex->lock(this->mutex);
	if (nfipsec_open(&handle) == 0)
	{
		/* the other way round, traffic would for a moment have to wait for SAs
		 * that nobody negotiates */
		while (array_remove(this->policies, ARRAY_HEAD, &pol))
		{
			policies += delete_policy(handle, &pol);
		}
		while (array_remove(this->sas, ARRAY_HEAD, &sa))
		{
			sas += delete_sa(handle, &sa);
		}
		if (sas || policies)
		{
			DBG1(DBG_KNL, "nfipsec: deleted %d SAs and %d policies that an "
				 "earlier run left", sas, policies);
		}
	}
	nfipsec_close(handle);
	this->mutex->unlock(this->mutex);
	return JOB_REQUEUE_NONE;
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
	if (nfipsec_sa_list(handle, note_sa, this) != 0 ||
		nfipsec_policy_list(handle, note_policy, this) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: unable to look for what an earlier run left: "
			 "%s", nfipsec_error(handle));
	}
	socket->release(socket);
}

/*
 * see header file
 */
kernel_nfipsec_leftovers_t *kernel_nfipsec_leftovers_create(
											kernel_nfipsec_socket_t *socket)
{
	private_kernel_nfipsec_leftovers_t *this;
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
		.sas = array_create(sizeof(struct nfipsec_sa), 0),
		.policies = array_create(sizeof(struct nfipsec_policy), 0),
	);

	look(this, socket);
	if (array_count(this->sas) || array_count(this->policies))
	{
		DBG1(DBG_KNL, "nfipsec: an earlier run left %d SAs and %d policies",
			 array_count(this->sas), array_count(this->policies));
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
