// SPDX-License-Identifier: GPL-2.0
/* What went wrong, as one sentence. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/netlink.h>

#include "error.h"

/* linux/netlink.h before 6.1 */
#define MISS_TYPE	5
#define MISS_NEST	6

/**
 * struct extack - what the kernel said about a refusal
 * @msg: its sentence, or NULL
 * @off: of the bad attribute in the request, 0 if there is none
 * @miss_type: attribute that is missing, 0 if there is none
 * @cookie: which request of a transaction it is about
 * @has_cookie: there is one
 * @miss_nest: offset of the nest it is missing in, 0 for the request itself
 */
struct extack {
	const char *msg;
	uint32_t off;
	uint32_t miss_type;
	uint32_t miss_nest;
	uint32_t cookie;
	bool has_cookie;
};

/**
 * nfi_fail() - leave a sentence in the handle
 * @h: handle
 * @err: negative errno
 * @fmt: the sentence
 *
 * Return: @err
 */
int nfi_fail(struct nfipsec *h, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->error, sizeof(h->error), fmt, ap);
	va_end(ap);
	return err;
}

static void extack_attr(const struct nlattr *a, struct extack *ack)
{
	const char *data = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);
	uint32_t *to = NULL;

	switch (mnl_attr_get_type(a)) {
	case NLMSGERR_ATTR_MSG:
		if (len && !data[len - 1])
			ack->msg = data;
		return;
	case NLMSGERR_ATTR_OFFS:
		to = &ack->off;
		break;
	case NLMSGERR_ATTR_COOKIE:
		to = &ack->cookie;
		ack->has_cookie = len == sizeof(*to);
		break;
	case MISS_TYPE:
		to = &ack->miss_type;
		break;
	case MISS_NEST:
		to = &ack->miss_nest;
		break;
	}
	if (to && len == sizeof(*to))
		memcpy(to, data, len);
}

static void extack_read(const struct nlmsghdr *nlh, size_t skip,
			struct extack *ack)
{
	const struct nlattr *a;
	int left;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlh->nlmsg_len < skip)
		return;
	a = (const void *)((const char *)nlh + skip);
	for (left = nlh->nlmsg_len - skip; mnl_attr_ok(a, left);
	     a = mnl_attr_next(a)) {
		left -= NLA_ALIGN(a->nla_len);
		extack_attr(a, ack);
	}
}

/* Where the extended ack begins: behind the error, or behind DONE's number. */
static size_t extack_start(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t skip = NLMSG_HDRLEN;

	if (nlh->nlmsg_type == NLMSG_DONE)
		return skip + sizeof(int);
	skip += sizeof(*e);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	return skip;
}

static const char *errno_sentence(int err)
{
	switch (-err) {
	case EPERM:
		return "need CAP_NET_ADMIN in this network namespace's user namespace";
	case EEXIST:
		return "there is one already";
	case ENOENT:
	case ESRCH:
		return "there is no such entry";
	case EOPNOTSUPP:
		return "the loaded kernel module does not know this request: update it";
	}
	return strerror(-err);
}

/**
 * nfi_refused() - turn the kernel's refusal into a sentence
 * @h: handle, the request still in its tx
 * @nlh: NLMSG_ERROR or NLMSG_DONE
 * @set: attributes of the request, may be NULL
 * @err: the negative errno in it
 *
 * Return: @err
 */
int nfi_refused(struct nfipsec *h, const struct nlmsghdr *nlh,
		const struct nfi_set *set, int err)
{
	const struct nlmsghdr *req = (const void *)h->tx;
	const struct nfi_set *in = set;
	struct extack ack = {};
	char path[128] = "";

	extack_read(nlh, extack_start(nlh), &ack);
	h->told = ack.msg;
	if (ack.has_cookie)
		h->blamed = ack.cookie;
	if (ack.off) {
		nfi_attr_path(req, set, ack.off, path, sizeof(path));
	} else if (ack.miss_type) {
		if (ack.miss_nest)
			in = nfi_attr_path(req, set, ack.miss_nest, path,
					   sizeof(path));
		nfi_attr_add(path, sizeof(path), in, ack.miss_type);
	}

	if (!ack.msg && ack.miss_type && path[0])
		return nfi_fail(h, err, "%s is missing", path);
	return nfi_fail(h, err, path[0] ? "%s (%s)" : "%s",
			ack.msg ? ack.msg : errno_sentence(err), path);
}
