// SPDX-License-Identifier: GPL-2.0
/*
 * Loading policies as fast as the kernel takes them: as many messages in a
 * system call as fit, and one answer for them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/genetlink.h>
#include <linux/xfrm.h>

#include <libmnl/libmnl.h>
#include <linux/nfipsec.h>

#include "spd.h"

#define BATCH_SIZE	65536
#define MESSAGE_MAX	1024	/* more than any message here has */
#define ANSWER_MAX	1024
#define ANSWERS		128	/* read by one call */

/* How one contender is told. The messages' type may have to be asked for. */
struct loader {
	const char *who;
	int bus;
	void (*open)(struct mnl_socket *nl);
	void (*add)(struct nlmsghdr *nlh, const struct policy *p);
	void (*flush)(struct nlmsghdr *nlh);
	void (*deny)(struct nlmsghdr *nlh);
};

static uint16_t family;

static struct nlmsghdr *genl(struct nlmsghdr *nlh, uint8_t cmd)
{
	struct genlmsghdr *g;

	nlh->nlmsg_type = family;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = cmd;
	g->version = NFIPSEC_FAMILY_VERSION;
	return nlh;
}

static int family_attr(const struct nlattr *attr, void *arg)
{
	(void)arg;
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int family_cb(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_attr, arg);
}

static void nfipsec_open(struct mnl_socket *nl)
{
	char buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *g;
	ssize_t n;

	nlh->nlmsg_type = GENL_ID_CTRL;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->cmd = CTRL_CMD_GETFAMILY;
	g->version = 1;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, NFIPSEC_FAMILY_NAME);
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die("genetlink");
	n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
	if (n < 0 || mnl_cb_run(buf, n, 0, 0, family_cb, NULL) < 0 || !family)
		die("no nfipsec");
}

static void nfipsec_add(struct nlmsghdr *nlh, const struct policy *p)
{
	uint32_t src = htonl(p->src), dst = htonl(p->dst);
	struct nlattr *nest;

	genl(nlh, NFIPSEC_CMD_POLICY_NEW);
	mnl_attr_put_u8(nlh, NFIPSEC_A_POLICY_DIR, NFIPSEC_DIR_OUT);
	nest = mnl_attr_nest_start(nlh, NFIPSEC_A_POLICY_SELECTOR);
	mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_FAMILY, AF_INET);
	mnl_attr_put(nlh, NFIPSEC_A_SELECTOR_SRC, sizeof(src), &src);
	mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_SRC_PLEN, p->src_plen);
	mnl_attr_put(nlh, NFIPSEC_A_SELECTOR_DST, sizeof(dst), &dst);
	mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_DST_PLEN, p->dst_plen);
	if (p->proto)
		mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_PROTO, p->proto);
	if (p->sport) {
		mnl_attr_put_u16(nlh, NFIPSEC_A_SELECTOR_SPORT_MIN, p->sport);
		mnl_attr_put_u16(nlh, NFIPSEC_A_SELECTOR_SPORT_MAX, p->sport);
	}
	if (p->dport) {
		mnl_attr_put_u16(nlh, NFIPSEC_A_SELECTOR_DPORT_MIN, p->dport);
		mnl_attr_put_u16(nlh, NFIPSEC_A_SELECTOR_DPORT_MAX, p->dport);
	}
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_u32(nlh, NFIPSEC_A_POLICY_PRIORITY, p->priority);
	mnl_attr_put_u8(nlh, NFIPSEC_A_POLICY_ACTION, NFIPSEC_ACTION_BYPASS);
}

static void nfipsec_flush(struct nlmsghdr *nlh)
{
	genl(nlh, NFIPSEC_CMD_POLICY_FLUSH);
}

static void nfipsec_deny(struct nlmsghdr *nlh)
{
	genl(nlh, NFIPSEC_CMD_DEFAULT_SET);
	mnl_attr_put_u8(nlh, NFIPSEC_A_DEFAULT_OUT, NFIPSEC_ACTION_DISCARD);
}

static void xfrm_add(struct nlmsghdr *nlh, const struct policy *p)
{
	struct xfrm_userpolicy_info *x;

	nlh->nlmsg_type = XFRM_MSG_NEWPOLICY;
	x = mnl_nlmsg_put_extra_header(nlh, sizeof(*x));
	x->sel.family = AF_INET;
	x->sel.saddr.a4 = htonl(p->src);
	x->sel.daddr.a4 = htonl(p->dst);
	x->sel.prefixlen_s = p->src_plen;
	x->sel.prefixlen_d = p->dst_plen;
	x->sel.proto = p->proto;
	x->sel.sport = htons(p->sport);
	x->sel.sport_mask = p->sport ? 0xffff : 0;
	x->sel.dport = htons(p->dport);
	x->sel.dport_mask = p->dport ? 0xffff : 0;
	x->lft.soft_byte_limit = XFRM_INF;
	x->lft.hard_byte_limit = XFRM_INF;
	x->lft.soft_packet_limit = XFRM_INF;
	x->lft.hard_packet_limit = XFRM_INF;
	x->priority = p->priority;
	x->dir = XFRM_POLICY_OUT;
	x->action = XFRM_POLICY_ALLOW;
}

static void xfrm_flush(struct nlmsghdr *nlh)
{
	nlh->nlmsg_type = XFRM_MSG_FLUSHPOLICY;
}

static void xfrm_deny(struct nlmsghdr *nlh)
{
	struct xfrm_userpolicy_default *x;

	nlh->nlmsg_type = XFRM_MSG_SETDEFAULT;
	x = mnl_nlmsg_put_extra_header(nlh, sizeof(*x));
	x->in = XFRM_USERPOLICY_ACCEPT;
	x->fwd = XFRM_USERPOLICY_ACCEPT;
	x->out = XFRM_USERPOLICY_BLOCK;
}

static const struct loader loaders[] = {
	{ "nfipsec", NETLINK_GENERIC, nfipsec_open, nfipsec_add, nfipsec_flush,
	  nfipsec_deny },
	{ "xfrm", NETLINK_XFRM, NULL, xfrm_add, xfrm_flush, xfrm_deny },
};

const struct loader *find_loader(const char *who)
{
	unsigned int i;

	for (i = 0; i < sizeof(loaders) / sizeof(*loaders); i++)
		if (!strcmp(loaders[i].who, who))
			return &loaders[i];
	return NULL;
}

static struct mnl_socket *connect_to(const struct loader *l)
{
	struct mnl_socket *nl = mnl_socket_open(l->bus);
	int one = 1, room = 1 << 24;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink");
	/* answers without the request in them */
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &one, sizeof(one));
	/* an answer for each message, if all are refused */
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &room,
		   sizeof(room));
	if (l->open)
		l->open(nl);
	return nl;
}

static int sentence_attr(const struct nlattr *attr, void *arg)
{
	(void)arg;
	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
		fprintf(stderr, "spd: %s\n", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* What the kernel says about a refusal, behind the header that was refused. */
static void tell(const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(struct nlmsgerr), sentence_attr, NULL);
}

/* One answer of the kernel. Is it that to the last message? */
static bool is_last(const char *answer, int left, uint32_t last,
		    unsigned int *doubles)
{
	const struct nlmsghdr *nlh = (const void *)answer;
	const struct nlmsgerr *err;
	bool over = false;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type != NLMSG_ERROR)
			continue;
		err = mnl_nlmsg_get_payload(nlh);
		over |= nlh->nlmsg_seq == last;
		if (err->error == -EEXIST && doubles) {
			++*doubles;
		} else if (err->error) {
			tell(nlh);
			errno = -err->error;
			die("refused");
		}
	}
	return over;
}

/*
 * Send what is in the buffer and wait for the answer to its last message. nfipsec
 * answers each with the policy's index: they are read many at a time.
 */
static void commit(struct mnl_socket *nl, const char *buf, size_t len,
		   uint32_t last, unsigned int *doubles)
{
	static char answer[ANSWERS][ANSWER_MAX]
		__attribute__((aligned(NLMSG_ALIGNTO)));
	struct mmsghdr msgs[ANSWERS] = {};
	struct iovec iov[ANSWERS];
	bool over = false;
	int i, n;

	for (i = 0; i < ANSWERS; i++) {
		iov[i] = (struct iovec){ answer[i], sizeof(answer[i]) };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	if (mnl_socket_sendto(nl, buf, len) < 0)
		die("sending to the kernel");
	while (!over) {
		n = recvmmsg(mnl_socket_get_fd(nl), msgs, ANSWERS,
			     MSG_WAITFORONE, NULL);
		if (n < 0)
			die("reading the kernel's answers");
		for (i = 0; i < n; i++)
			over |= is_last(answer[i], msgs[i].msg_len, last,
					doubles);
	}
}

static struct nlmsghdr *begin(char *at, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(at);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	return nlh;
}

static void request(struct mnl_socket *nl, void (*put)(struct nlmsghdr *nlh))
{
	char buf[MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = begin(buf, 1);

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	put(nlh);
	commit(nl, buf, nlh->nlmsg_len, 1, NULL);
}

/* Memory in use, in bytes, of the whole machine. */
static int64_t memory(void)
{
	long long kb = 0;
	char line[128];
	FILE *f;

	/* what the kernel could give back at once is not in use */
	f = fopen("/proc/sys/vm/drop_caches", "w");
	if (f) {
		fputs("3\n", f);
		fclose(f);
	}
	f = fopen("/proc/meminfo", "r");
	if (!f)
		die("/proc/meminfo");
	while (fgets(line, sizeof(line), f) && sscanf(line, "MemFree: %lld", &kb) != 1)
		;
	fclose(f);
	return -kb * 1024;
}

void load(const struct loader *l, unsigned int count, unsigned int limit,
	  struct load *result)
{
	struct mnl_socket *nl = connect_to(l);
	static char buf[BATCH_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int64_t before = memory();
	struct nlmsghdr *nlh;
	struct policy p;
	uint64_t start;
	size_t len;

	request(nl, l->deny);
	start = now();
	while (result->done < count && now() - start < limit * 1000000000ull) {
		len = 0;
		do {
			nlh = begin(buf + len, result->done + 1);
			set_policy(result->done++, &p);
			l->add(nlh, &p);
			len += nlh->nlmsg_len;
		} while (result->done < count && len + MESSAGE_MAX <= sizeof(buf));
		nlh->nlmsg_flags |= NLM_F_ACK;
		commit(nl, buf, len, nlh->nlmsg_seq, &result->doubles);
	}
	result->ns = now() - start;
	result->bytes = memory() - before;
	mnl_socket_close(nl);
}

void unload(const struct loader *l, struct load *result)
{
	struct mnl_socket *nl = connect_to(l);
	uint64_t start = now();

	request(nl, l->flush);
	result->flush_ns = now() - start;
	mnl_socket_close(nl);
}
