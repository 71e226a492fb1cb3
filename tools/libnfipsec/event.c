// SPDX-License-Identifier: GPL-2.0
/* Events: joining the group, reading what comes, and what has come before. */
#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>

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

static int gone(struct nfipsec *h)
{
	return nfi_fail(h, -ENODEV, "the kernel module was unloaded, and nothing more would be told");
}

/*
 * Is it still the module that the handle subscribed to? One that is loaded again has
 * another number. Asked by another handle, since on this one are events.
 */
static int same_module(struct nfipsec *h, struct nfipsec *other)
{
	int ret = nfi_find_family(other);

	if (ret == -ENOENT || (!ret && other->family != h->family))
		return gone(h);
	return ret ? nfi_fail(h, ret, "%s", nfipsec_error(other)) : 0;
}

/**
 * nfipsec_event_watch() - have events end when the module goes
 * @h: handle that subscribed
 *
 * Its groups go with the module. Without this, nfipsec_event_read() then waits for
 * ever, also after the module was loaded again; with it, it gives -ENODEV, after
 * all that was told before.
 *
 * Return: 0 or a negative errno, -ENODEV if the module is gone already
 */
int nfipsec_event_watch(struct nfipsec *h)
{
	struct nfipsec *other;
	uint32_t group;
	int ret;

	h->error[0] = '\0';
	ret = nfi_connect(&other);
	if (!ret)
		ret = nfi_find_ctrl(other, &group);
	if (ret) {
		nfi_fail(h, ret, "%s", nfipsec_error(other));
	} else {
		ret = nfi_join(h, group, "the kernel's families");
		/* In this order: what goes after the question is told. */
		if (!ret)
			ret = same_module(h, other);
		h->watched = !ret;
	}
	nfipsec_close(other);
	return ret;
}

/* What was lost may have been that the module goes. */
static int look_again(struct nfipsec *h)
{
	struct nfipsec *other;
	int ret = nfi_connect(&other);

	if (ret)
		nfi_fail(h, ret, "%s", nfipsec_error(other));
	else
		ret = same_module(h, other);
	nfipsec_close(other);
	return ret;
}

static bool is_empty(const struct nfipsec *h)
{
	struct pollfd fd = {
		.fd = mnl_socket_get_fd(h->nl),
		.events = POLLIN,
	};

	return poll(&fd, 1, 0) == 0;
}

/**
 * nfi_after_loss() - was something lost, and is all read that there was?
 * @h: handle that subscribed
 * @ret: what nfi_listen() returned
 *
 * The kernel says once that it had no room, and drops what comes without a word until
 * all that there was is read: only then what is asked holds, and so it is said again.
 *
 * Return: -ENOBUFS if so, in either case; -ENODEV if the handle watches the module and
 *	that has gone; else @ret
 */
int nfi_after_loss(struct nfipsec *h, int ret)
{
	if (ret == -ENOBUFS) {
		h->lost = true;
		/* Whatever else it says, it is asked again. */
		return h->watched && look_again(h) == -ENODEV ? -ENODEV : ret;
	}
	if (ret || !h->lost || !is_empty(h))
		return ret;
	/* If nobody can tell, nothing is waited for. */
	h->lost = false;
	ret = h->watched ? look_again(h) : 0;
	return ret ? ret : nfi_fail(h, -ENOBUFS, "events were lost");
}

static bool is_end(const struct nfipsec *h, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;

	if (genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID)
			return mnl_attr_get_payload_len(a) == sizeof(uint16_t) &&
			       mnl_attr_get_u16(a) == h->family;
	}
	return false;
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

	if (nlh->nlmsg_type == GENL_ID_CTRL && is_end(w->h, nlh))
		return gone(w->h);
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
 *	signal; -ENOBUFS if events were lost, and once more when all is read that
 *	there was, until which more may be; -ENODEV if the module went, see
 *	nfipsec_event_watch()
 */
int nfipsec_event_read(struct nfipsec *h, nfipsec_event_cb cb, void *arg)
{
	struct event_walk w = { .h = h, .cb = cb, .arg = arg };

	return nfi_after_loss(h, nfi_listen(h, "events", event_one, &w));
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
