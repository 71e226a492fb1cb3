// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's end of a socket: these go before those of libmnl and libc. Who
 * would wait for ever is told so.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/genetlink.h>

#include "fake.h"

#define ANSWERS_MAX	4096
#define OBJECT_SIZE	4096

struct fake fake;

/* Answers, each a message of its own, from the first that was not read. */
static struct nlmsghdr *answers[ANSWERS_MAX];
static unsigned int first, end;
/* One more was to be there, and is told as the kernel tells it: first. */
static bool lost;

static struct nlmsghdr *answer(const struct nlmsghdr *to, uint16_t type,
			       size_t size)
{
	struct nlmsghdr *nlh = calloc(1, size);

	if (!nlh || end == ANSWERS_MAX)
		abort();
	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = type;
	nlh->nlmsg_seq = to->nlmsg_seq;
	answers[end++] = nlh;
	return nlh;
}

static uint16_t torn(const struct nlmsghdr *to)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(to);

	if (!fake.times || genl->cmd != fake.torn)
		return 0;
	fake.times--;
	return NLM_F_DUMP_INTR;
}

static void answer_error(const struct nlmsghdr *to, uint16_t type, int err,
			 bool told)
{
	struct nlmsghdr *nlh;
	struct nlmsgerr *e;

	if (fake.lose) {
		fake.lose = false;
		lost = true;
		return;
	}
	nlh = answer(to, type, 256);
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = err;
	e->msg = *to;
	if (type == NLMSG_DONE)
		nlh->nlmsg_flags |= torn(to);
	if (!err || !told)
		return;
	nlh->nlmsg_flags |= NLM_F_CAPPED | NLM_F_ACK_TLVS;
	mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, "refused");
}

void fake_refuse(const struct nlmsghdr *to, int err)
{
	answer_error(to, NLMSG_ERROR, err, true);
}

/* Of whatever family was asked for. */
static void put_groups(struct nlmsghdr *nlh)
{
	static const char * const names[] = {
		NFIPSEC_MCGRP_EVENTS, NFIPSEC_MCGRP_CHANGES, "notify",
	};
	struct nlattr *all, *one;
	unsigned int i;

	all = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	for (i = 0; i < MNL_ARRAY_SIZE(names); i++) {
		one = mnl_attr_nest_start(nlh, i + 1);
		mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, names[i]);
		mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, i + 1);
		mnl_attr_nest_end(nlh, one);
	}
	mnl_attr_nest_end(nlh, all);
}

static void answer_family(const struct nlmsghdr *to)
{
	struct nlmsghdr *nlh = answer(to, GENL_ID_CTRL, 256);

	mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, fake.family);
	if (fake.groups)
		put_groups(nlh);
}

static void answer_object(const struct nlmsghdr *to, unsigned int cmd,
			  const struct nfi_set *set, const void *obj)
{
	struct nlmsghdr *nlh = answer(to, fake.family, OBJECT_SIZE);

	mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
	if (nfi_encode(nlh, OBJECT_SIZE, set, obj, UINT64_MAX))
		abort();
	if (fake.more)
		fake.more(nlh, cmd);
}

static void answer_get(const struct nlmsghdr *to, unsigned int cmd)
{
	unsigned int i;

	for (i = 0; cmd == NFIPSEC_CMD_POLICY_GET && i < fake.n; i++)
		answer_object(to, cmd, &nfi_set_policy, &fake.policies[i]);
	for (i = 0; cmd == NFIPSEC_CMD_SA_GET && i < fake.n_sas; i++)
		answer_object(to, cmd, &nfi_set_sa, &fake.sas[i]);
	if (cmd == NFIPSEC_CMD_DEFAULT_GET && fake.def)
		answer_object(to, cmd, &nfi_set_default, fake.def);
}

void fake_unload(void)
{
	const struct nlmsghdr nobody = {};
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	if (fake.family && (fake.joined & 1 << FAKE_FAMILIES)) {
		nlh = answer(&nobody, GENL_ID_CTRL, 256);
		genl = mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
		genl->cmd = CTRL_CMD_DELFAMILY;
		mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, fake.family);
	}
	fake.family = 0;
}

void fake_overrun(void)
{
	const struct nlmsghdr nobody = {};
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		nlh = answer(&nobody, fake.family, 256);
		genl = mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
		genl->cmd = UINT8_MAX;
	}
	lost = true;
}

/* The module says why; the kernel does not. */
static int take(const struct nlmsghdr *nlh, bool *told)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	int err = 0;

	/* As to no family at all: it is of the socket, and means nothing. */
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
		return 0;
	if (nlh->nlmsg_type == GENL_ID_CTRL) {
		if (fake.next)
			fake.family = fake.next;
		if (!fake.family)
			return -ENOENT;
		answer_family(nlh);
		return 0;
	}
	if (nlh->nlmsg_type != fake.family)
		return -ENOENT;
	*told = true;
	fake.calls[genl->cmd]++;
	if (fake.request)
		err = fake.request(nlh, genl->cmd);
	if (!err)
		answer_get(nlh, genl->cmd);
	return err;
}

static void answer_all(const struct nlmsghdr *nlh)
{
	bool dump = (nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	bool told = false;
	int err;

	err = take(nlh, &told);
	if (dump && told)
		answer_error(nlh, NLMSG_DONE, err, told);
	else if (err || (nlh->nlmsg_flags & NLM_F_ACK))
		answer_error(nlh, NLMSG_ERROR, err, told);
}

ssize_t mnl_socket_sendto(const struct mnl_socket *nl, const void *buf,
			  size_t len)
{
	const struct nlmsghdr *nlh = buf;
	int left = len;

	(void)nl;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
		answer_all(nlh);
	return len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t size)
{
	struct nlmsghdr *nlh;
	size_t len;

	(void)nl;
	if (lost || first == end) {
		errno = lost ? ENOBUFS : EDEADLK;
		lost = false;
		return -1;
	}
	nlh = answers[first++];
	if (first == end) {
		first = 0;
		end = 0;
	}
	len = nlh->nlmsg_len;
	if (len > size)
		abort();
	memcpy(buf, nlh, len);
	free(nlh);
	return len;
}

int mnl_socket_setsockopt(const struct mnl_socket *nl, int type, void *buf,
			  socklen_t len)
{
	if (fake.groups && type == NETLINK_ADD_MEMBERSHIP) {
		fake.joined |= 1 << *(const int *)buf;
		return 0;
	}
	return setsockopt(mnl_socket_get_fd(nl), SOL_NETLINK, type, buf, len);
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	if (timeout < 0 && fake.wait)
		fake.wait();
	fds->revents = fake.stop || lost || first != end ? POLLIN : 0;
	return n && fds->revents;
}
