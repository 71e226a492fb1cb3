// SPDX-License-Identifier: GPL-2.0
/* The socket: requests, answers, dumps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>

#include "error.h"

#define DUMP_TRIES	5

/* Not in the libc's headers of every distribution. */
#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

/**
 * struct walk - an answer being received
 * @set: attributes of the request, to name one that is refused
 * @cb: called for each message that carries data
 * @arg: for @cb
 * @torn: a message said that the dump is inconsistent
 * @over: the last message was seen
 */
struct walk {
	const struct nfi_set *set;
	nfi_msg_cb cb;
	void *arg;
	bool torn;
	bool over;
};

/**
 * nfi_attrs() - attributes of a generic netlink message
 * @nlh: message, at least a generic netlink header long
 * @len: result, their length in bytes
 *
 * Return: the first one
 */
const void *nfi_attrs(const struct nlmsghdr *nlh, size_t *len)
{
	*len = mnl_nlmsg_get_payload_len(nlh) - GENL_HDRLEN;
	return mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
}

static struct nlmsghdr *request(struct nfipsec *h, uint16_t type, uint8_t cmd,
				uint8_t version, uint16_t flags)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *nlh;

	h->error[0] = '\0';
	h->told = false;
	nlh = mnl_nlmsg_put_header(h->tx);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++h->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

/**
 * nfi_request() - begin a request somewhere else than in the handle
 * @h: handle
 * @buf: where
 * @cmd: NFIPSEC_CMD_*
 * @flags: NLM_F_*
 *
 * Return: the request
 */
struct nlmsghdr *nfi_request(struct nfipsec *h, void *buf, uint8_t cmd,
			     uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = h->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++h->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = NFIPSEC_FAMILY_VERSION;
	return nlh;
}

static int walk_end(struct nfipsec *h, const struct nlmsghdr *nlh,
		    struct walk *w)
{
	int err = 0;

	w->over = true;
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return err < 0 ? nfi_refused(h, nlh, w->set, err) : 0;
}

static int walk_one(struct nfipsec *h, const struct nlmsghdr *nlh,
		    struct walk *w)
{
	if (nlh->nlmsg_seq != h->seq)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		w->torn = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
	case NLMSG_DONE:
		return walk_end(h, nlh, w);
	case NLMSG_OVERRUN:
		return nfi_fail(h, -ENOBUFS, "lost part of the kernel's answer: try again");
	}
	if (mnl_nlmsg_get_payload_len(nlh) < GENL_HDRLEN)
		return nfi_fail(h, -EBADMSG, "the kernel's answer is malformed");
	return w->cb ? w->cb(nlh, w->arg) : 0;
}

/* Keep the first failure, but read on: the next request needs a clean socket. */
static int walk(struct nfipsec *h, struct walk *w)
{
	const struct nlmsghdr *nlh;
	int first = 0;
	ssize_t n;
	int left;
	int ret;

	while (!w->over) {
		n = mnl_socket_recvfrom(h->nl, h->rx, sizeof(h->rx));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nfi_fail(h, -errno, "reading the kernel's answer: %s",
					strerror(errno));
		left = n;
		for (nlh = (const void *)h->rx; mnl_nlmsg_ok(nlh, left);
		     nlh = mnl_nlmsg_next(nlh, &left)) {
			ret = walk_one(h, nlh, w);
			if (!first)
				first = ret;
			if (first)
				w->cb = NULL;
		}
	}
	return first;
}

static int transact(struct nfipsec *h, const struct nlmsghdr *nlh,
		    struct walk *w)
{
	int ret;

	if (mnl_socket_sendto(h->nl, nlh, nlh->nlmsg_len) < 0)
		ret = nfi_fail(h, -errno, "sending to the kernel: %s",
			       strerror(errno));
	else
		ret = walk(h, w);

	if (ret == -EBADMSG && !h->error[0])
		nfi_fail(h, ret, "the kernel's answer is malformed");
	/* Either may hold keys: an old kernel's error repeats the request. */
	explicit_bzero(h->tx, nlh->nlmsg_len);
	return ret;
}

/**
 * nfi_look_again() - what a refusal says of the module
 * @h: handle
 * @ret: what a request was answered
 *
 * A module that was unloaded and loaded again has another family number, and the
 * kernel knows no family of the old one. The module itself never refuses without
 * a sentence.
 *
 * Return: 0 if the request should be made again, or @ret, -ENODEV if there is no
 * module any more.
 */
int nfi_look_again(struct nfipsec *h, int ret)
{
	if (ret != -ENOENT || h->told)
		return ret;
	ret = nfi_find_family(h);
	return ret == -ENOENT ? -ENODEV : ret;
}

static int call_once(struct nfipsec *h, uint8_t cmd, const struct nfi_set *set,
		     const void *obj, uint64_t mask, nfi_msg_cb cb, void *arg)
{
	struct walk w = { .set = set, .cb = cb, .arg = arg };
	struct nlmsghdr *nlh;

	nlh = request(h, h->family, cmd, NFIPSEC_FAMILY_VERSION, NLM_F_ACK);
	if (!h->family)
		return -ENOENT;
	if (obj && nfi_encode(nlh, sizeof(h->tx), set, obj, mask)) {
		explicit_bzero(h->tx, sizeof(h->tx));
		return nfi_fail(h, -EMSGSIZE, "a key or name is too long for a request");
	}
	return transact(h, nlh, &w);
}

/**
 * nfi_call() - one request, and what is answered
 * @h: handle
 * @cmd: NFIPSEC_CMD_*
 * @set: table of @obj, may be NULL with it
 * @obj: what to send
 * @mask: attributes of @obj that the command takes
 * @cb: called with each answer that carries data, may be NULL
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfi_call(struct nfipsec *h, uint8_t cmd, const struct nfi_set *set,
	     const void *obj, uint64_t mask, nfi_msg_cb cb, void *arg)
{
	int first, ret;

	first = call_once(h, cmd, set, obj, mask, cb, arg);
	ret = nfi_look_again(h, first);
	if (first && !ret)
		ret = call_once(h, cmd, set, obj, mask, cb, arg);
	return ret;
}

/**
 * struct pile - messages of a dump, kept until it is known to be whole
 * @buf: the messages, each aligned
 * @len: bytes used
 * @size: bytes allocated
 */
struct pile {
	char *buf;
	size_t len;
	size_t size;
};

static int pile_add(const struct nlmsghdr *nlh, void *arg)
{
	size_t len = NLMSG_ALIGN(nlh->nlmsg_len);
	struct pile *p = arg;
	size_t size;
	char *buf;

	if (p->size - p->len < len) {
		size = p->size * 2 + NFI_RX_SIZE;
		buf = realloc(p->buf, size);
		if (!buf)
			return -ENOMEM;
		p->buf = buf;
		p->size = size;
	}
	memcpy(p->buf + p->len, nlh, nlh->nlmsg_len);
	p->len += len;
	return 0;
}

static int pile_read(const struct pile *p, nfi_msg_cb cb, void *arg)
{
	const struct nlmsghdr *nlh;
	size_t pos = 0;
	int ret = 0;

	while (!ret && pos < p->len) {
		nlh = (const void *)(p->buf + pos);
		pos += NLMSG_ALIGN(nlh->nlmsg_len);
		ret = cb(nlh, arg);
	}
	return ret;
}

/**
 * nfi_dump() - read a whole table
 * @h: handle
 * @cmd: NFIPSEC_CMD_*
 * @set: attributes of the answers
 * @cb: called with each entry, once
 * @arg: for @cb
 *
 * A dump that changes while it is read starts again, a few times; then it is
 * taken as it is and nfipsec_list_torn() says so.
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfi_dump(struct nfipsec *h, uint8_t cmd, const struct nfi_set *set,
	     nfi_msg_cb cb, void *arg)
{
	struct pile pile = {};
	struct nlmsghdr *nlh;
	int tries = 0;
	int first, ret;
	struct walk w;

	do {
		pile.len = 0;
		w = (struct walk){ .set = set, .cb = pile_add, .arg = &pile };
		nlh = request(h, h->family, cmd, NFIPSEC_FAMILY_VERSION,
			      NLM_F_DUMP);
		first = h->family ? transact(h, nlh, &w) : -ENOENT;
		ret = nfi_look_again(h, first);
	} while (((!ret && (first || w.torn)) || ret == -EAGAIN) &&
		 ++tries < DUMP_TRIES);

	/* A module that comes and goes all the time. */
	if (!ret)
		ret = first;
	h->torn = w.torn;
	if (!ret)
		ret = pile_read(&pile, cb, arg);
	if (ret < 0 && !h->error[0])
		nfi_fail(h, ret, "reading a list: %s", strerror(-ret));
	free(pile.buf);
	return ret;
}

/**
 * struct group - a multicast group that is looked for
 * @name: its name; a NULL name ends a list
 * @id: its number, 0 if there is none
 */
struct group {
	const char *name;
	uint32_t id;
};

/**
 * struct family - a generic netlink family that is looked for
 * @id: its number, 0 if there is none
 * @groups: of its multicast groups, those to look for
 */
struct family {
	uint16_t id;
	struct group *groups;
};

static void group_read(struct family *f, const struct nlattr *group)
{
	const char *name = "";
	const struct nlattr *a;
	struct group *g;
	uint32_t id = 0;

	mnl_attr_for_each_nested(a, group) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_NAME &&
		    !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
			name = mnl_attr_get_str(a);
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GRP_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(id))
			id = mnl_attr_get_u32(a);
	}
	for (g = f->groups; g->name; g++)
		if (!strcmp(g->name, name))
			g->id = id;
}

static int family_read(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *group;
	struct family *f = arg;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(f->id))
			f->id = mnl_attr_get_u16(a);
		if (mnl_attr_get_type(a) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, a)
				group_read(f, group);
	}
	return 0;
}

static int ask_family(struct nfipsec *h, const char *name, struct family *f)
{
	struct walk w = { .cb = family_read, .arg = f };
	struct nlmsghdr *nlh;
	int ret;

	nlh = request(h, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	ret = transact(h, nlh, &w);
	return !ret && !f->id ? -ENOENT : ret;
}

/**
 * nfi_find_family() - look for the kernel module
 * @h: handle, that has not subscribed
 *
 * Return: 0 or a negative errno, -ENOENT if it is not loaded
 */
int nfi_find_family(struct nfipsec *h)
{
	struct group groups[] = {
		{ .name = NFIPSEC_MCGRP_EVENTS },
		{ .name = NFIPSEC_MCGRP_CHANGES },
		{}
	};
	struct family f = { .groups = groups };
	int ret;

	ret = ask_family(h, NFIPSEC_FAMILY_NAME, &f);
	/*
	 * Nothing may go to who gets the number next, and a transaction went with
	 * the module that it was begun with.
	 */
	if (!ret || ret == -ENOENT) {
		if (h->family != f.id)
			nfi_stage_free(h);
		h->family = f.id;
		h->events = groups[0].id;
		h->changes = groups[1].id;
	}
	if (ret == -ENOENT)
		return nfi_fail(h, ret, "the kernel module is not loaded: modprobe nfipsec");
	return ret;
}

/**
 * nfi_find_ctrl() - look for the group that tells of families
 * @h: handle
 * @group: result, its number
 *
 * Return: 0 or a negative errno
 */
int nfi_find_ctrl(struct nfipsec *h, uint32_t *group)
{
	struct group groups[] = { { .name = "notify" }, {} };
	struct family f = { .groups = groups };
	int ret;

	ret = ask_family(h, "nlctrl", &f);
	if (!ret && !groups[0].id)
		return nfi_fail(h, -EOPNOTSUPP, "this kernel does not tell of modules that come and go");
	*group = groups[0].id;
	return ret;
}

/**
 * nfi_connect() - make a handle, whether the kernel module is there or not
 * @h: result, to be closed by nfipsec_close() also if this fails
 *
 * Return: 0 or a negative errno
 */
int nfi_connect(struct nfipsec **h)
{
	int one = 1;
	int fd;

	*h = calloc(1, sizeof(**h));
	if (!*h)
		return -ENOMEM;

	(*h)->nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!(*h)->nl || mnl_socket_bind((*h)->nl, 0, MNL_SOCKET_AUTOPID) < 0)
		return nfi_fail(*h, -errno, "opening a netlink socket: %s",
				strerror(errno));
	/*
	 * Without sentences the library still works, so failures do not matter.
	 * The cap keeps the kernel from sending a refused request, with its
	 * keys, back.
	 */
	fd = mnl_socket_get_fd((*h)->nl);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return 0;
}

/**
 * nfi_join() - have a handle receive what a group is told
 * @h: handle
 * @group: number of the group
 * @what: what that is, for errors
 *
 * Return: 0 or a negative errno
 */
int nfi_join(struct nfipsec *h, uint32_t group, const char *what)
{
	if (mnl_socket_setsockopt(h->nl, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return nfi_fail(h, -errno, "subscribing to %s: %s", what,
				strerror(errno));
	return 0;
}

/**
 * nfi_listen() - wait for what a group is told
 * @h: handle that joined
 * @what: what that is, for errors
 * @cb: called for each message
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfi_listen(struct nfipsec *h, const char *what, nfi_msg_cb cb, void *arg)
{
	const struct nlmsghdr *nlh;
	int ret = 0;
	ssize_t n;
	int left;

	h->error[0] = '\0';
	n = mnl_socket_recvfrom(h->nl, h->rx, sizeof(h->rx));
	if (n < 0)
		return nfi_fail(h, -errno, "waiting for %s: %s", what,
				strerror(errno));
	left = n;
	for (nlh = (const void *)h->rx; !ret && mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left))
		if (mnl_nlmsg_get_payload_len(nlh) >= GENL_HDRLEN)
			ret = cb(nlh, arg);
	return ret;
}

/**
 * nfipsec_open() - connect to the kernel module
 * @h: result, to be closed by nfipsec_close() also if this fails
 *
 * Return: 0 or a negative errno, -ENOENT if the module is not loaded
 */
int nfipsec_open(struct nfipsec **h)
{
	int ret;

	ret = nfi_connect(h);
	return ret ? ret : nfi_find_family(*h);
}

/**
 * nfipsec_close() - free a handle
 * @h: handle, may be NULL
 */
void nfipsec_close(struct nfipsec *h)
{
	if (!h)
		return;
	if (h->nl)
		mnl_socket_close(h->nl);
	nfi_stage_free(h);
	explicit_bzero(h->tx, sizeof(h->tx));
	explicit_bzero(h->rx, sizeof(h->rx));
	free(h);
}

/**
 * nfipsec_fd() - file descriptor of a handle
 * @h: handle that nfipsec_open() succeeded for
 *
 * Return: the descriptor, to wait until there is something to read
 */
int nfipsec_fd(const struct nfipsec *h)
{
	return mnl_socket_get_fd(h->nl);
}

/**
 * nfipsec_error() - sentence of the last failure
 * @h: handle, NULL if nfipsec_open() ran out of memory
 *
 * Return: the sentence, valid until the next call
 */
const char *nfipsec_error(const struct nfipsec *h)
{
	return h ? h->error : "out of memory";
}

/**
 * nfipsec_list_torn() - whether the last list changed while it was read
 * @h: handle
 *
 * Return: true if entries may be missing or shown twice
 */
bool nfipsec_list_torn(const struct nfipsec *h)
{
	return h->torn;
}
