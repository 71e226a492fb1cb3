// SPDX-License-Identifier: GPL-2.0
/* The module itself: being told that it comes or goes. */
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
	return ret ? ret : nfi_join(*h, group, "the kernel's families");
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

struct module_walk {
	nfipsec_module_cb cb;
	void *arg;
};

static int module_one(const struct nlmsghdr *nlh, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct module_walk *w = arg;

	if (nlh->nlmsg_type != GENL_ID_CTRL ||
	    (genl->cmd != CTRL_CMD_NEWFAMILY &&
	     genl->cmd != CTRL_CMD_DELFAMILY) || !is_ours(nlh))
		return 0;
	return w->cb(genl->cmd == CTRL_CMD_NEWFAMILY, w->arg);
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
 *	signal; -ENOBUFS if something was lost, and once more when all is read that
 *	there was, until which more may be
 */
int nfipsec_module_read(struct nfipsec *h, nfipsec_module_cb cb, void *arg)
{
	struct module_walk w = { .cb = cb, .arg = arg };

	return nfi_after_loss(h, nfi_listen(h, "the kernel module", module_one, &w));
}
