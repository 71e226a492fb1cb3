// SPDX-License-Identifier: GPL-2.0
/* Events: joining the group, reading what comes, and what has come before. */
#include <errno.h>
#include <linux/genetlink.h>

#include "internal.h"

static int join(struct nfipsec *h, uint32_t group)
{
	h->error[0] = '\0';
	if (!group)
		return nfi_fail(h, -EOPNOTSUPP, "the kernel module tells of no such events: it is older than this command");
	return nfi_join(h, group, "events");
}

/**
 * nfipsec_event_subscribe() - begin to receive events
 * @h: handle, from now on for nfipsec_event_read() only
 *
 * Return: 0 or a negative errno, -EOPNOTSUPP if the module has no events
 */
int nfipsec_event_subscribe(struct nfipsec *h)
{
	return join(h, h->events);
}

/**
 * nfipsec_change_subscribe() - begin to receive changes of SAs and policies
 * @h: handle, from now on for nfipsec_event_read() only
 *
 * Of an SA that ends at a limit only an event tells, see
 * nfipsec_event_subscribe().
 *
 * Return: 0 or a negative errno, -EOPNOTSUPP if the module does not tell them
 */
int nfipsec_change_subscribe(struct nfipsec *h)
{
	return join(h, h->changes);
}

/* The set of an event, and where it goes. NULL: that of a newer kernel. */
static const struct nfi_set *event_set(struct nfipsec_event *ev, void **obj)
{
	switch (ev->cmd) {
	case NFIPSEC_CMD_MAPPING_NTF:
		*obj = &ev->mapping;
		return &nfi_set_mapping;
	case NFIPSEC_CMD_ACQUIRE_NTF:
		*obj = &ev->acquire;
		return &nfi_set_acquire;
	case NFIPSEC_CMD_EXPIRE_NTF:
		*obj = &ev->expire;
		return &nfi_set_expire;
	case NFIPSEC_CMD_SA_CHANGE_NTF:
		*obj = &ev->sa;
		return &nfi_set_sa;
	case NFIPSEC_CMD_POLICY_CHANGE_NTF:
		*obj = &ev->policy;
		return &nfi_set_policy;
	default:
		return NULL;
	}
}

struct event_walk {
	struct nfipsec *h;
	nfipsec_event_cb cb;
	void *arg;
};

static int event_one(const struct nlmsghdr *nlh, void *arg)
{
	const struct event_walk *w = arg;
	struct nfipsec_event ev = {};
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nfi_set *set;
	const void *attrs;
	void *obj;
	size_t len;

	if (nlh->nlmsg_type != w->h->family)
		return 0;
	ev.cmd = genl->cmd;
	attrs = nfi_attrs(nlh, &len);
	set = event_set(&ev, &obj);
	if (!set)
		return 0;
	if (nfi_decode(attrs, len, set, obj))
		return nfi_fail(w->h, -EBADMSG, "an event of the kernel is malformed");
	return w->cb(&ev, w->arg);
}

/**
 * nfipsec_event_read() - wait for events
 * @h: handle that subscribed
 * @cb: called for each that came
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0; -EINTR after a
 *	signal; -ENOBUFS if events were lost
 */
int nfipsec_event_read(struct nfipsec *h, nfipsec_event_cb cb, void *arg)
{
	struct event_walk w = { .h = h, .cb = cb, .arg = arg };

	return nfi_listen(h, "events", event_one, &w);
}

struct acquire_walk {
	nfipsec_acquire_cb cb;
	void *arg;
};

static int acquire_each(const struct nlmsghdr *nlh, void *arg)
{
	const struct acquire_walk *w = arg;
	struct nfipsec_acquire acq = {};
	const void *attrs;
	size_t len;
	int ret;

	attrs = nfi_attrs(nlh, &len);
	ret = nfi_decode(attrs, len, &nfi_set_acquire, &acq);
	return ret ? ret : w->cb(&acq, w->arg);
}

/**
 * nfipsec_acquire_list() - read which SAs packets wait for
 * @h: handle
 * @cb: called for each
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfipsec_acquire_list(struct nfipsec *h, nfipsec_acquire_cb cb, void *arg)
{
	struct acquire_walk w = { .cb = cb, .arg = arg };

	return nfi_dump(h, NFIPSEC_CMD_ACQUIRE_GET, &nfi_set_acquire,
			acquire_each, &w);
}
