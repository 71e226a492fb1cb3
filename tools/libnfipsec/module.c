// SPDX-License-Identifier: GPL-2.0
/* The module itself: being told that it comes or goes. */
#include <errno.h>
#include <string.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "error.h"

/**
 * nfipsec_module_watch() - begin to be told when the module comes or goes
 * @h: result, for nfipsec_module_read() only; to be closed by nfipsec_close()
 *	also if this fails
 *
 * The module need not be there.
 *
 * Return: 0 or a negative errno
 */
int nfipsec_module_watch(struct nfipsec **h)
{
	uint32_t group;
	int ret;

	ret = nfi_connect(h);
	if (ret)
		return ret;
	ret = nfi_find_ctrl(*h, &group);
	if (ret)
		return ret;
	if (mnl_socket_setsockopt((*h)->nl, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return nfi_fail(*h, -errno, "subscribing to the kernel's families: %s",
				strerror(errno));
	return 0;
}

/* Whether a message of the controller is about the module's family. */
static bool is_ours(const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_NAME)
			return !mnl_attr_validate(a, MNL_TYPE_NUL_STRING) &&
			       !strcmp(mnl_attr_get_str(a),
				       NFIPSEC_FAMILY_NAME);
	}
	return false;
}

static int module_one(const struct nlmsghdr *nlh, nfipsec_module_cb cb,
		      void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type != GENL_ID_CTRL ||
	    mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN ||
	    (genl->cmd != CTRL_CMD_NEWFAMILY &&
	     genl->cmd != CTRL_CMD_DELFAMILY) || !is_ours(nlh))
		return 0;
	return cb(genl->cmd == CTRL_CMD_NEWFAMILY, arg);
}

/**
 * nfipsec_module_read() - wait for the module to come or go
 * @h: handle of nfipsec_module_watch()
 * @cb: called each time that it did
 * @arg: for @cb
 *
 * Returns without a call if something else has come or gone.
 *
 * Return: 0, a negative errno, or what @cb returned if not 0; -EINTR after a
 *	signal; -ENOBUFS if something was lost
 */
int nfipsec_module_read(struct nfipsec *h, nfipsec_module_cb cb, void *arg)
{
	const struct nlmsghdr *nlh;
	int ret = 0;
	ssize_t n;
	int left;

	h->error[0] = '\0';
	n = mnl_socket_recvfrom(h->nl, h->rx, sizeof(h->rx));
	if (n < 0)
		return nfi_fail(h, -errno, "waiting for the kernel module: %s",
				strerror(errno));
	left = n;
	for (nlh = (const void *)h->rx; !ret && mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		ret = module_one(nlh, cb, arg);
	return ret;
}
