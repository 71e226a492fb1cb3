// SPDX-License-Identifier: GPL-2.0
/* Events: joining the group, reading what comes. */
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "internal.h"

/**
 * nfipsec_event_subscribe() - begin to receive events
 * @h: handle, from now on for nfipsec_event_read() only
 *
 * Return: 0 or a negative errno, -EOPNOTSUPP if the module has no events
 */
int nfipsec_event_subscribe(struct nfipsec *h)
{
	h->error[0] = '\0';
	if (!h->events)
		return nfi_fail(h, -EOPNOTSUPP, "the kernel module tells of no events: it is older than this command");
	if (mnl_socket_setsockopt(h->nl, NETLINK_ADD_MEMBERSHIP, &h->events,
				  sizeof(h->events)) < 0)
		return nfi_fail(h, -errno, "subscribing to events: %s",
				strerror(errno));
	return 0;
}

/* Events that the library does not know are those of a newer kernel. */
static int event_one(struct nfipsec *h, const struct nlmsghdr *nlh,
		     nfipsec_event_cb cb, void *arg)
{
	struct nfipsec_event ev = {};
	const struct genlmsghdr *genl;
	const void *attrs;
	size_t len;

	if (nlh->nlmsg_type != h->family ||
	    mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
		return 0;
	genl = mnl_nlmsg_get_payload(nlh);
	ev.cmd = genl->cmd;
	attrs = nfi_attrs(nlh, &len);
	if (ev.cmd != NFIPSEC_CMD_MAPPING_NTF)
		return 0;
	if (nfi_decode(attrs, len, &nfi_set_mapping, &ev.mapping))
		return nfi_fail(h, -EBADMSG, "an event of the kernel is malformed");
	return cb(&ev, arg);
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
	const struct nlmsghdr *nlh;
	int ret = 0;
	ssize_t n;
	int left;

	h->error[0] = '\0';
	n = mnl_socket_recvfrom(h->nl, h->rx, sizeof(h->rx));
	if (n < 0)
		return nfi_fail(h, -errno, "waiting for events: %s",
				strerror(errno));
	left = n;
	for (nlh = (const void *)h->rx; !ret && mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		ret = event_one(h, nlh, cb, arg);
	return ret;
}
