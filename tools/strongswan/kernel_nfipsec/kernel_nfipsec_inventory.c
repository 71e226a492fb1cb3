/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_inventory.h"

#include <library.h>

/**
 * Hash function of SAs.
 */
static u_int sa_hash(const kernel_nfipsec_old_sa_t *sa)
{
	return chunk_hash(chunk_from_thing(sa->spi));
}

/**
 * Comparison function of SAs.
 */
static bool sa_equals(const kernel_nfipsec_old_sa_t *a,
					  const kernel_nfipsec_old_sa_t *b)
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

/*
 * see header file
 */
kernel_nfipsec_inventory_t *kernel_nfipsec_inventory_create()
{
	kernel_nfipsec_inventory_t *this;

	INIT(this,
		.sas = array_create(0, 0),
		.by_key = hashtable_create((hashtable_hash_t)sa_hash,
								   (hashtable_equals_t)sa_equals, 32),
		.policies = array_create(0, 0),
		.by_index = hashtable_create((hashtable_hash_t)number_hash,
									 (hashtable_equals_t)number_equals, 32),
		.groups = hashtable_create((hashtable_hash_t)number_hash,
								   (hashtable_equals_t)number_equals, 32),
	);
	return this;
}

/**
 * Free a group.
 */
static void group_destroy(kernel_nfipsec_old_group_t *group)
{
	array_destroy(group->sas);
	array_destroy(group->policies);
	free(group);
}

/*
 * see header file
 */
void kernel_nfipsec_inventory_destroy(kernel_nfipsec_inventory_t *this)
{
	kernel_nfipsec_old_group_t *group;
	enumerator_t *enumerator;

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
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_old_group_t *kernel_nfipsec_inventory_group(
										kernel_nfipsec_inventory_t *this,
										uint32_t reqid)
{
	return this->groups->get(this->groups, &reqid);
}

/**
 * The group of a reqid, which is made if there is none.
 */
static kernel_nfipsec_old_group_t *group_get(
										kernel_nfipsec_inventory_t *this,
										uint32_t reqid)
{
	kernel_nfipsec_old_group_t *group;

	group = kernel_nfipsec_inventory_group(this, reqid);
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

/*
 * see header file
 */
void kernel_nfipsec_inventory_rename(kernel_nfipsec_inventory_t *this,
									 kernel_nfipsec_old_group_t *group,
									 uint32_t reqid)
{
	kernel_nfipsec_old_group_t *to = group_get(this, reqid);
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

/*
 * see header file
 */
bool kernel_nfipsec_old_policy_read(struct nfipsec *handle,
									const kernel_nfipsec_old_policy_t *old,
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

/*
 * see header file
 */
bool kernel_nfipsec_inventory_has_sa(kernel_nfipsec_inventory_t *this,
									 const struct nfipsec_sa *sa)
{
	kernel_nfipsec_old_sa_t *old, key = {
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};

	old = this->by_key->get(this->by_key, &key);
	return old && old->add_time == sa->add_time;
}

/*
 * see header file
 */
void kernel_nfipsec_inventory_replace(kernel_nfipsec_inventory_t *this,
									  uint32_t index)
{
	kernel_nfipsec_old_policy_t *old;

	old = this->by_index->remove(this->by_index, &index);
	if (old)
	{
		old->replaced = TRUE;
	}
}

/**
 * Note an SA, if it is the daemon's.
 */
static int note_sa(const struct nfipsec_sa *sa, void *arg)
{
	kernel_nfipsec_inventory_t *this = arg;
	kernel_nfipsec_old_group_t *group;
	kernel_nfipsec_old_sa_t *old;

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
	kernel_nfipsec_inventory_t *this = arg;
	kernel_nfipsec_old_group_t *group;
	kernel_nfipsec_old_policy_t *old;

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

/*
 * see header file
 */
void kernel_nfipsec_inventory_take(kernel_nfipsec_inventory_t *this,
								   struct nfipsec *handle)
{
	if (nfipsec_sa_list(handle, note_sa, this) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: unable to look for SAs that an earlier run left: "
			 "%s", nfipsec_error(handle));
	}
	/* those that nobody has noted would stay, and drop what they apply to */
	if (nfipsec_policy_list(handle, note_policy, this) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: unable to look for policies that an earlier run "
			 "left: %s", nfipsec_error(handle));
	}
}
