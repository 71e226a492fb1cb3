/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_leftovers.h"

#include <collections/array.h>
#include <collections/hashtable.h>
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
 * Of an SA what is needed to find it again. There may be very many.
 */
typedef struct {
	/** destination */
	struct nfipsec_addr dst;
	/** protocol */
	uint8_t proto;
	/** SPI, host order */
	uint32_t spi;
	/** when it was added, which tells it from another one */
	uint64_t add_time;
} old_sa_t;

/**
 * Of a policy likewise. What it says is read again where it is needed.
 */
typedef struct {
	/** number */
	uint32_t index;
	/** hash of the selector */
	u_int hash;
	/** enum nfipsec_dir */
	uint8_t dir;
	/** whether it is not of an earlier run any more */
	bool replaced;
} old_policy_t;

/**
 * SAs of a reqid, and policies that ask for them, none of which are the group's.
 */
typedef struct {
	/** reqid */
	uint32_t reqid;
	/** old_sa_t* */
	array_t *sas;
	/** old_policy_t* */
	array_t *policies;
} group_t;

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
	 * SAs, old_sa_t*.
	 */
	array_t *sas;

	/**
	 * The same by destination, protocol and SPI.
	 */
	hashtable_t *by_key;

	/**
	 * Policies, old_policy_t*, those that were replaced as well.
	 */
	array_t *policies;

	/**
	 * Those that were not, by number.
	 */
	hashtable_t *by_index;

	/**
	 * group_t by reqid.
	 */
	hashtable_t *groups;
};

/**
 * Hash function of SAs.
 */
static u_int sa_hash(const old_sa_t *sa)
{
	return chunk_hash(chunk_from_thing(sa->spi));
}

/**
 * Comparison function of SAs.
 */
static bool sa_equals(const old_sa_t *a, const old_sa_t *b)
{
	return a->spi == b->spi && a->proto == b->proto &&
		   memeq(&a->dst, &b->dst, sizeof(a->dst));
}

/**
 * Hash function of numbers.
 */
static u_int number_hash(const uint32_t *number)
{
	return chunk_hash(chunk_from_thing(*number));
}

/**
 * Comparison function of numbers.
 */
static bool number_equals(const uint32_t *a, const uint32_t *b)
{
	return *a == *b;
}

/**
 * Begin with nothing.
 */
static void create_empty(private_kernel_nfipsec_leftovers_t *this)
{
	this->sas = array_create(0, 0);
	this->policies = array_create(0, 0);
	this->by_key = hashtable_create((hashtable_hash_t)sa_hash,
									(hashtable_equals_t)sa_equals, 32);
	this->by_index = hashtable_create((hashtable_hash_t)number_hash,
									  (hashtable_equals_t)number_equals, 32);
	this->groups = hashtable_create((hashtable_hash_t)number_hash,
									(hashtable_equals_t)number_equals, 32);
}

/**
 * Free a group.
 */
static void group_destroy(group_t *group)
{
	array_destroy(group->sas);
	array_destroy(group->policies);
	free(group);
}

/**
 * Free all that is noted.
 */
static void destroy_all(private_kernel_nfipsec_leftovers_t *this)
{
	enumerator_t *enumerator;
	group_t *group;

	enumerator = this->groups->create_enumerator(this->groups);
	while (enumerator->enumerate(enumerator, NULL, &group))
	{
		group_destroy(group);
	}
	enumerator->destroy(enumerator);
	this->groups->destroy(this->groups);
	this->by_index->destroy(this->by_index);
	this->by_key->destroy(this->by_key);
	array_destroy_function(this->policies, (void*)free, NULL);
	array_destroy_function(this->sas, (void*)free, NULL);
}

METHOD(kernel_nfipsec_leftovers_t, destroy, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	if (ref_put(&this->ref))
	{
		destroy_all(this);
		this->mutex->destroy(this->mutex);
		free(this);
	}
}

/**
 * The group of a reqid, which is made if there is none.
 */
static group_t *group_get(private_kernel_nfipsec_leftovers_t *this,
						  uint32_t reqid)
{
	group_t *group;

	group = this->groups->get(this->groups, &reqid);
	if (!group)
	{
		INIT(group,
			.reqid = reqid,
			.sas = array_create(0, 0),
			.policies = array_create(0, 0),
		);
		this->groups->put(this->groups, &group->reqid, group);
	}
	return group;
}

/**
 * Put what is in a group into that of another reqid.
 */
static void group_rename(private_kernel_nfipsec_leftovers_t *this,
						 group_t *group, uint32_t reqid)
{
	group_t *to = group_get(this, reqid);
	void *item;

	while (array_remove(group->sas, ARRAY_TAIL, &item))
	{
		array_insert(to->sas, ARRAY_TAIL, item);
	}
	while (array_remove(group->policies, ARRAY_TAIL, &item))
	{
		array_insert(to->policies, ARRAY_TAIL, item);
	}
	this->groups->remove(this->groups, &group->reqid);
	group_destroy(group);
}

/**
 * Hash of what a policy is for.
 */
static u_int selector_hash(const struct nfipsec_policy *pol)
{
	return chunk_hash(chunk_from_thing(pol->selector));
}

/**
 * Read a policy. FALSE if it is not there, or another one has its number by now.
 */
static bool read_policy(struct nfipsec *handle, const old_policy_t *old,
						struct nfipsec_policy *pol)
{
	struct nfipsec_policy key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX),
		.index = old->index,
	};

	return !old->replaced && nfipsec_policy_get(handle, &key, pol) == 0 &&
		   pol->dir == old->dir && kernel_nfipsec_owns(pol->owner) &&
		   selector_hash(pol) == old->hash;
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
static void change_policies(struct nfipsec *handle, group_t *group, uint32_t to)
{
	struct nfipsec_policy pol;
	old_policy_t *old;
	u_int t;
	int i;

	for (i = 0; array_get(group->policies, i, &old); i++)
	{
		if (!read_policy(handle, old, &pol))
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
					  struct nfipsec *handle, group_t *group)
{
	struct nfipsec_sa change = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) | NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI) | NFIPSEC_HAS(NFIPSEC_A_SA_REQID),
		.reqid = group->reqid | ASIDE,
	};
	old_sa_t *sa;
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
		group_rename(this, group, change.reqid);
	}
}

/**
 * The group whose SAs would be taken for those of a policy, NULL if there is none.
 */
static group_t *mistaken(private_kernel_nfipsec_leftovers_t *this,
						 struct nfipsec *handle,
						 const struct nfipsec_policy *pol)
{
	group_t *group = NULL;

	if (pol->tmpls)
	{
		group = this->groups->get(this->groups, &pol->tmpl[0].reqid);
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
	old_policy_t *old;
	group_t *group;
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
		old = this->by_index->remove(this->by_index, index);
		if (old)
		{
			old->replaced = TRUE;
		}
	}
	this->mutex->unlock(this->mutex);
	return err;
}

METHOD(kernel_nfipsec_leftovers_t, has_sa, bool,
	private_kernel_nfipsec_leftovers_t *this, const struct nfipsec_sa *sa)
{
	old_sa_t *old, key = {
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	bool found;

	this->mutex->lock(this->mutex);
	old = this->by_key->get(this->by_key, &key);
	found = old && old->add_time == sa->add_time;
	this->mutex->unlock(this->mutex);
	return found;
}

/**
 * Forget all that is noted, and give its memory back. Under the mutex.
 */
static void forget_all(private_kernel_nfipsec_leftovers_t *this)
{
	destroy_all(this);
	create_empty(this);
}

METHOD(kernel_nfipsec_leftovers_t, forget, void,
	private_kernel_nfipsec_leftovers_t *this)
{
	this->mutex->lock(this->mutex);
	forget_all(this);
	this->mutex->unlock(this->mutex);
}

/**
 * Note an SA, if it is the daemon's.
 */
static int note_sa(const struct nfipsec_sa *sa, void *arg)
{
	private_kernel_nfipsec_leftovers_t *this = arg;
	group_t *group;
	old_sa_t *old;

	if (kernel_nfipsec_owns(sa->owner))
	{
		INIT(old,
			.dst = sa->dst,
			.proto = sa->proto,
			.spi = sa->spi,
			.add_time = sa->add_time,
		);
		array_insert(this->sas, ARRAY_TAIL, old);
		this->by_key->put(this->by_key, old, old);
		group = group_get(this, sa->reqid);
		array_insert(group->sas, ARRAY_TAIL, old);
	}
	return 0;
}

/**
 * Note a policy, if it is the daemon's.
 */
static int note_policy(const struct nfipsec_policy *pol, void *arg)
{
	private_kernel_nfipsec_leftovers_t *this = arg;
	group_t *group;
	old_policy_t *old;

	if (kernel_nfipsec_owns(pol->owner))
	{
		INIT(old,
			.index = pol->index,
			.hash = selector_hash(pol),
			.dir = pol->dir,
		);
		array_insert(this->policies, ARRAY_TAIL, old);
		this->by_index->put(this->by_index, &old->index, old);
		if (pol->tmpls)
		{
			group = group_get(this, pol->tmpl[0].reqid);
			array_insert(group->policies, ARRAY_TAIL, old);
		}
	}
	return 0;
}

/**
 * Delete an SA, unless it is another one by now.
 */
static bool delete_sa(struct nfipsec *handle, const old_sa_t *old)
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
static bool delete_policy(struct nfipsec *handle, const old_policy_t *old)
{
	struct nfipsec_policy pol, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX),
		.index = old->index,
	};

	return read_policy(handle, old, &pol) &&
		   nfipsec_policy_del(handle, &key) == 0;
}

/**
 * Delete what was noted. By a connection of its own, since the backend may have
 * gone.
 */
static job_requeue_t clean_up(private_kernel_nfipsec_leftovers_t *this)
{
	struct nfipsec *handle;
	old_sa_t *sa;
	old_policy_t *pol;
	int i, sas = 0, policies = 0;

	this->mutex->lock(this->mutex);
	if (nfipsec_open(&handle) == 0)
	{
		/* the other way round, traffic would for a moment have to wait for SAs
		 * that nobody negotiates */
		for (i = 0; array_get(this->policies, i, &pol); i++)
		{
			policies += delete_policy(handle, pol);
		}
		for (i = 0; array_get(this->sas, i, &sa); i++)
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
	);

	create_empty(this);
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
