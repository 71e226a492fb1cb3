// SPDX-License-Identifier: GPL-2.0
/* Calls about policies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_POLICY_##attr)
#define KEY		NFI_POLICY_KEY
#define CONFIG		NFI_POLICY_CONFIG

static int policy_read(const struct nlmsghdr *nlh, void *arg)
{
	struct nfipsec_policy *pol = arg;
	const void *attrs;
	size_t len;

	memset(pol, 0, sizeof(*pol));
	attrs = nfi_attrs(nlh, &len);
	return nfi_decode(attrs, len, &nfi_set_policy, pol);
}

static int policy_set(struct nfipsec *h, uint8_t cmd,
		      const struct nfipsec_policy *pol, uint32_t *index)
{
	struct nfipsec_policy reply = {};
	int ret;

	ret = nfi_call(h, cmd, &nfi_set_policy, pol, CONFIG, policy_read,
		       &reply);
	if (!ret && index)
		*index = reply.index;
	return ret;
}

/**
 * nfipsec_policy_add() - add a policy
 * @h: handle
 * @pol: dir, selector and action at least
 * @index: result, its number; may be NULL
 *
 * Return: 0 or a negative errno, -EEXIST if the direction has one with this
 * selector
 */
int nfipsec_policy_add(struct nfipsec *h, const struct nfipsec_policy *pol,
		       uint32_t *index)
{
	return policy_set(h, NFIPSEC_CMD_POLICY_NEW, pol, index);
}

/**
 * nfipsec_policy_update() - replace the policy with this selector, or add it
 * @h: handle
 * @pol: dir, selector and action at least
 * @index: result, its number; may be NULL
 *
 * Return: 0 or a negative errno
 */
int nfipsec_policy_update(struct nfipsec *h, const struct nfipsec_policy *pol,
			  uint32_t *index)
{
	return policy_set(h, NFIPSEC_CMD_POLICY_UPDATE, pol, index);
}

/**
 * nfipsec_policy_own() - add a policy, or replace the one of the same owner
 * @h: handle
 * @pol: dir, selector and action at least, and owner
 * @index: result, its number; may be NULL
 *
 * For who sets up again what an earlier run has left: no packet finds neither. A
 * policy of another owner stays; unless that one changes hands at this moment,
 * which nothing keeps it from.
 *
 * Return: 0 or a negative errno, -EEXIST if another owner has one with this
 * selector
 */
int nfipsec_policy_own(struct nfipsec *h, const struct nfipsec_policy *pol,
		       uint32_t *index)
{
	const char *owner = pol->has & HAS(OWNER) ? pol->owner : "";
	struct nfipsec_policy old;
	int ret;

	ret = nfipsec_policy_add(h, pol, index);
	if (ret != -EEXIST)
		return ret;
	ret = nfipsec_policy_get(h, pol, &old);
	if (!ret && strcmp(old.owner, owner))
		return nfi_fail(h, -EEXIST, "policy %u of owner '%s' is in the way",
				old.index, old.owner);
	if (ret && ret != -ENOENT)	/* it may have gone meanwhile */
		return ret;
	return nfipsec_policy_update(h, pol, index);
}

/**
 * nfipsec_policy_del() - delete a policy
 * @h: handle
 * @key: index, or dir and selector sets; the rest is not looked at
 *
 * Return: 0 or a negative errno
 */
int nfipsec_policy_del(struct nfipsec *h, const struct nfipsec_policy *key)
{
	return nfi_call(h, NFIPSEC_CMD_POLICY_DEL, &nfi_set_policy, key, KEY,
			NULL, NULL);
}

/**
 * nfipsec_policy_get() - read a policy
 * @h: handle
 * @key: index, or dir and selector sets; the rest is not looked at
 * @pol: result
 *
 * Return: 0 or a negative errno
 */
int nfipsec_policy_get(struct nfipsec *h, const struct nfipsec_policy *key,
		       struct nfipsec_policy *pol)
{
	return nfi_call(h, NFIPSEC_CMD_POLICY_GET, &nfi_set_policy, key, KEY,
			policy_read, pol);
}

struct policy_walk {
	nfipsec_policy_cb cb;
	void *arg;
};

static int policy_each(const struct nlmsghdr *nlh, void *arg)
{
	struct policy_walk *w = arg;
	struct nfipsec_policy pol;
	int ret;

	ret = policy_read(nlh, &pol);
	return ret ? ret : w->cb(&pol, w->arg);
}

/**
 * nfipsec_policy_list() - read all policies, in the order they are looked at
 * @h: handle
 * @cb: called for each
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfipsec_policy_list(struct nfipsec *h, nfipsec_policy_cb cb, void *arg)
{
	struct policy_walk w = { .cb = cb, .arg = arg };

	return nfi_dump(h, NFIPSEC_CMD_POLICY_GET, &nfi_set_policy,
			policy_each, &w);
}

/**
 * nfipsec_policy_flush() - delete all policies
 * @h: handle
 * @dir: of one direction, or NFIPSEC_DIR_ANY for both
 * @owner: only those of that owner, NULL for all
 *
 * Return: 0 or a negative errno
 */
int nfipsec_policy_flush(struct nfipsec *h, uint8_t dir, const char *owner)
{
	struct nfipsec_policy req = { .dir = dir };

	if (dir != NFIPSEC_DIR_ANY)
		req.has = HAS(DIR);
	if (owner) {
		snprintf(req.owner, sizeof(req.owner), "%s", owner);
		req.has |= HAS(OWNER);
	}
	return nfi_call(h, NFIPSEC_CMD_POLICY_FLUSH, &nfi_set_policy, &req,
			HAS(DIR) | HAS(OWNER), NULL, NULL);
}
