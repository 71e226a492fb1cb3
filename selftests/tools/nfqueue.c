// SPDX-License-Identifier: GPL-2.0
/*
 * A netfilter queue that holds packets and then lets them go.
 *
 * usage: nfqueue NETNS QUEUE HOLD
 *
 * Prints "ready", accepts packets of that queue and prints "held N" for each
 * of the first HOLD ones, which get their verdict only when a line comes on
 * standard input ("accept" or "drop"); later packets are accepted at once.
 * Ends with the end of standard input and prints "total N".
 *
 * usage: nfqueue NETNS QUEUE reverse N
 *
 * Takes super-packets as they are, holds N, and lets the last of these go first and
 * the first last; and so on. What is no N at the end is dropped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_HOLD	1024

static int sock;
static uint16_t queue;
static uint32_t held[MAX_HOLD];
static unsigned int n_held, hold, total;
/* so many leave in the opposite order; 0: all in the order they came */
static unsigned int reverse;

static void die(const char *what)
{
	fprintf(stderr, "nfqueue: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void request(uint16_t type, uint16_t kind, const void *data,
		    uint16_t len)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
		struct nlattr a;
		char data[64];
	} m = { 0 };

	m.a.nla_type = kind;
	m.a.nla_len = NLA_HDRLEN + len;
	memcpy(m.data, data, len);
	m.h.nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type;
	m.h.nlmsg_flags = NLM_F_REQUEST;
	m.h.nlmsg_len = NLMSG_LENGTH(sizeof(m.g)) + NLA_ALIGN(m.a.nla_len);
	m.g.version = NFNETLINK_V0;
	m.g.res_id = htons(queue);
	if (send(sock, &m, m.h.nlmsg_len, 0) < 0)
		die("send");
}

static void verdict(uint32_t id, uint32_t what)
{
	struct nfqnl_msg_verdict_hdr v = {
		.verdict = htonl(what), .id = htonl(id),
	};

	request(NFQNL_MSG_VERDICT, NFQA_VERDICT_HDR, &v, sizeof(v));
}

static void whole_super_packets(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
		struct { struct nlattr a; uint32_t value; } flags, mask;
	} m = {
		.h = { .nlmsg_len = sizeof(m), .nlmsg_flags = NLM_F_REQUEST,
		       .nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG },
		.g = { .version = NFNETLINK_V0, .res_id = htons(queue) },
		.flags = { { sizeof(m.flags), NFQA_CFG_FLAGS },
			   htonl(NFQA_CFG_F_GSO) },
		.mask = { { sizeof(m.mask), NFQA_CFG_MASK },
			  htonl(NFQA_CFG_F_GSO) },
	};

	if (send(sock, &m, sizeof(m), 0) < 0)
		die("send");
}

static void open_queue(const char *ns)
{
	struct nfqnl_msg_config_cmd cmd = {
		.command = NFQNL_CFG_CMD_BIND, .pf = htons(AF_UNSPEC),
	};
	struct nfqnl_msg_config_params par = {
		.copy_range = htonl(64), .copy_mode = NFQNL_COPY_PACKET,
	};
	int fd, room = 8 << 20;
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (sock < 0)
		die("socket");
	/* What does not fit is dropped. */
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		die("SO_RCVBUFFORCE");
	request(NFQNL_MSG_CONFIG, NFQA_CFG_CMD, &cmd, sizeof(cmd));
	request(NFQNL_MSG_CONFIG, NFQA_CFG_PARAMS, &par, sizeof(par));
	if (reverse)
		whole_super_packets();
}

static void release(uint32_t what)
{
	unsigned int i;

	for (i = 0; i < n_held; i++)
		verdict(held[i], what);
	n_held = 0;
}

static void release_last_first(void)
{
	while (n_held)
		verdict(held[--n_held], NF_ACCEPT);
}

static void one_packet(const struct nlmsghdr *h)
{
	const struct nlattr *a = (void *)((char *)NLMSG_DATA(h) +
					  sizeof(struct nfgenmsg));
	const char *end = (const char *)h + h->nlmsg_len;

	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(h);

		errno = -e->error;
		if (e->error)
			die("the kernel refuses");
		return;
	}
	for (; (const char *)a + sizeof(*a) <= end;
	     a = (void *)((char *)a + NLA_ALIGN(a->nla_len))) {
		const struct nfqnl_msg_packet_hdr *p = (const void *)(a + 1);
		uint32_t id;

		if ((a->nla_type & NLA_TYPE_MASK) != NFQA_PACKET_HDR)
			continue;
		id = ntohl(p->packet_id);
		total++;
		if (reverse) {
			held[n_held++] = id;
			if (n_held == reverse)
				release_last_first();
		} else if (total <= hold) {
			held[n_held++] = id;
			printf("held %u\n", n_held);
		} else {
			verdict(id, NF_ACCEPT);
		}
		return;
	}
}

static void packets(void)
{
	static char buf[1 << 16] __attribute__((aligned(8)));
	ssize_t n = recv(sock, buf, sizeof(buf), 0);
	struct nlmsghdr *h = (void *)buf;

	for (; n > 0 && NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n))
		one_packet(h);
}

int main(int argc, char **argv)
{
	struct pollfd p[2];
	char line[64];

	if (argc == 5 && !strcmp(argv[3], "reverse"))
		reverse = atoi(argv[4]);
	else if (argc == 4)
		hold = atoi(argv[3]);
	else
		return 2;
	queue = atoi(argv[2]);
	if (hold > MAX_HOLD || reverse > MAX_HOLD)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_queue(argv[1]);
	puts("ready");
	p[0] = (struct pollfd){ .fd = sock, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = 0, .events = POLLIN };
	for (;;) {
		if (poll(p, 2, -1) < 0)
			die("poll");
		if (p[0].revents)
			packets();
		if (p[1].revents) {
			if (!fgets(line, sizeof(line), stdin))
				break;
			release(*line == 'd' ? NF_DROP : NF_ACCEPT);
			puts("released");
		}
	}
	printf("total %u\n", total);
	return 0;
}
