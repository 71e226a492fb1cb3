// SPDX-License-Identifier: GPL-2.0
/*
 * Numbered datagrams both ways between pairs of hosts that are network
 * namespaces of this machine, for as long as something is done to them, and
 * what became of each.
 *
 * usage: stream [every=MS] [grace=MS] [count=N] [refuse=NETNS]...
 *	  NETNS,ADDR[/PORT],NETNS,ADDR[/PORT]...
 *
 * Each pair has a datagram sent every 5 ms, or MS, in both directions, of mixed
 * sizes. Prints "ready" when the first ones are sent. When told to end (SIGTERM),
 * or after N of them, it stops sending, waits for what is still on its way, at
 * most 3 s, or the grace given, and prints for each direction
 *
 *   ADDR ADDR sent N lost N twice N late N wrong N refused N
 *
 * where "twice" came more than once, "late" came behind a later one, "wrong" had
 * other contents or came from another address, and "refused" are attempts to
 * send one that failed and were made again. Lines that begin with "#" tell which
 * were lost, and when, and why the last one was refused. Exit 0: nothing lost,
 * twice or wrong, nor refused but in a NETNS that may; 1: something; 2: usage or
 * set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_PAIRS	64
#define MAX_COUNT	1000000
#define MIN_SIZE	8
#define MAX_SIZE	1200

struct end {
	char *ns;
	char *text;
	struct sockaddr_storage addr;
	socklen_t len;
	int sock;
};

/* What one end sends to the other; times and arrivals by number. */
struct way {
	struct end *from, *to;
	uint32_t sent, arrived, highest;
	unsigned int twice, late, wrong, refused;
	int error;
	uint32_t *sent_ms;
	uint8_t *times;
};

static struct end ends[2 * MAX_PAIRS];
static struct way ways[2 * MAX_PAIRS];
static struct pollfd fds[2 * MAX_PAIRS];
static unsigned int n_ways;
static char *may_refuse[MAX_PAIRS];
static unsigned int n_may_refuse;
static unsigned int every = 5, grace = 3000, count = MAX_COUNT;

static void die(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void die_usage(void)
{
	fputs("usage: stream [every=MS] [grace=MS] [count=N] [refuse=NETNS]...\n"
	      "	      NETNS,ADDR[/PORT],NETNS,ADDR[/PORT]...\n", stderr);
	exit(2);
}

static uint32_t now_ms(void)
{
	static long long start;
	struct timespec ts;
	long long now;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
	if (!start)
		start = now;
	return now - start;
}

static void enter(const char *ns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* open_end - a socket of NS, bound to TEXT, which is ADDR[/PORT] */
static void open_end(struct end *e, char *ns, char *text)
{
	struct sockaddr_in *v4 = (void *)&e->addr;
	struct sockaddr_in6 *v6 = (void *)&e->addr;
	char *port = strchr(text, '/');
	int size = 1 << 20;

	if (port)
		*port++ = 0;
	e->ns = ns;
	e->text = text;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port ? atoi(port) : 0);
		e->len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port ? atoi(port) : 0);
		e->len = sizeof(*v6);
	} else {
		die_usage();
	}
	enter(ns);
	e->sock = socket(e->addr.ss_family,
			 SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (e->sock < 0 || bind(e->sock, (void *)&e->addr, e->len) ||
	    getsockname(e->sock, (void *)&e->addr, &e->len))
		die(text);
	setsockopt(e->sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void add_way(struct end *from, struct end *to)
{
	struct way *w = &ways[n_ways];

	w->from = from;
	w->to = to;
	w->sent_ms = calloc(MAX_COUNT, sizeof(*w->sent_ms));
	w->times = calloc(MAX_COUNT, 1);
	if (!w->sent_ms || !w->times)
		die("memory");
	fds[n_ways].fd = to->sock;
	fds[n_ways].events = POLLIN;
	n_ways++;
}

static void add_pair(char *arg)
{
	struct end *a = &ends[n_ways], *b = &ends[n_ways + 1];
	char *part[4];
	int i;

	if (n_ways == 2 * MAX_PAIRS)
		die_usage();
	for (i = 0; i < 4; i++) {
		part[i] = strsep(&arg, ",");
		if (!part[i])
			die_usage();
	}
	open_end(a, part[0], part[1]);
	open_end(b, part[2], part[3]);
	add_way(a, b);
	add_way(b, a);
}

/* fill - the contents of number N, which tell it; return their size */
static size_t fill(uint8_t *data, uint32_t n)
{
	size_t size = MIN_SIZE + (uint64_t)n * 389 % (MAX_SIZE - MIN_SIZE), i;
	uint32_t be = htonl(n);

	memcpy(data, &be, sizeof(be));
	for (i = sizeof(be); i < size; i++)
		data[i] = n + i;
	return size;
}

static void send_next(struct way *w)
{
	uint8_t data[MAX_SIZE];
	size_t size = fill(data, w->sent);

	if (sendto(w->from->sock, data, size, 0, (void *)&w->to->addr,
		   w->to->len) < 0) {
		w->error = errno;
		w->refused++;
		return;
	}
	w->sent_ms[w->sent++] = now_ms();
}

static bool same(const struct sockaddr_storage *x, const struct end *e)
{
	const struct sockaddr_in *x4 = (void *)x, *e4 = (void *)&e->addr;
	const struct sockaddr_in6 *x6 = (void *)x, *e6 = (void *)&e->addr;

	if (x->ss_family != e->addr.ss_family)
		return false;
	if (x->ss_family == AF_INET)
		return x4->sin_port == e4->sin_port &&
		       x4->sin_addr.s_addr == e4->sin_addr.s_addr;
	return x6->sin6_port == e6->sin6_port &&
	       !memcmp(&x6->sin6_addr, &e6->sin6_addr, sizeof(x6->sin6_addr));
}

static void receive(struct way *w)
{
	uint8_t data[2 * MAX_SIZE], wanted[MAX_SIZE];
	struct sockaddr_storage from;
	socklen_t len;
	ssize_t size;
	uint32_t n;

	for (;;) {
		len = sizeof(from);
		size = recvfrom(w->to->sock, data, sizeof(data), 0,
				(void *)&from, &len);
		if (size < 0 && errno != EAGAIN)
			continue;
		if (size < 0)
			return;
		memcpy(&n, data, sizeof(n));
		n = ntohl(n);
		if (size < MIN_SIZE || n >= w->sent || !same(&from, w->from) ||
		    size != fill(wanted, n) || memcmp(data, wanted, size)) {
			w->wrong++;
			continue;
		}
		if (w->times[n]) {
			w->twice++;
			continue;
		}
		w->times[n] = 1;
		w->arrived++;
		if (n < w->highest)
			w->late++;
		else
			w->highest = n;
	}
}

/* look - at all sockets, for MS at most */
static void look(int ms)
{
	unsigned int i;

	if (poll(fds, n_ways, ms) <= 0)
		return;
	for (i = 0; i < n_ways; i++)
		if (fds[i].revents)
			receive(&ways[i]);
}

static bool all_there(void)
{
	unsigned int i;

	for (i = 0; i < n_ways; i++)
		if (ways[i].arrived < ways[i].sent)
			return false;
	return true;
}

static void show_lost(const struct way *w)
{
	uint32_t n, first;

	for (n = 0; n < w->sent; n++) {
		if (w->times[n])
			continue;
		for (first = n; n + 1 < w->sent && !w->times[n + 1]; n++)
			;
		printf("# %s %s lost %u-%u of %u, sent at %u-%u ms of %u\n",
		       w->from->text, w->to->text, first, n, w->sent,
		       w->sent_ms[first], w->sent_ms[n],
		       w->sent_ms[w->sent - 1]);
	}
}

static bool may(const char *ns)
{
	unsigned int i;

	for (i = 0; i < n_may_refuse; i++)
		if (!strcmp(may_refuse[i], ns))
			return true;
	return false;
}

static bool report(const struct way *w)
{
	uint32_t lost = w->sent - w->arrived;

	if (w->error)
		printf("# %s %s refused: %s\n", w->from->text, w->to->text,
		       strerror(w->error));
	show_lost(w);
	printf("%s %s sent %u lost %u twice %u late %u wrong %u refused %u\n",
	       w->from->text, w->to->text, w->sent, lost, w->twice, w->late,
	       w->wrong, w->refused);
	return !lost && !w->twice && !w->wrong && (!w->refused || may(w->from->ns));
}

/* all_sent - has each way what it was to have, or tried for long enough? */
static bool all_sent(void)
{
	unsigned int i;

	for (i = 0; i < n_ways; i++)
		if (ways[i].sent + ways[i].refused < count)
			return false;
	return true;
}

/* ended - was there a SIGTERM, which is blocked? */
static bool ended(void)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, SIGTERM) == 1;
}

static void stream(void)
{
	uint32_t next = now_ms(), now;
	bool told = false;
	unsigned int i;

	while (!ended()) {
		now = now_ms();
		if (now >= next) {
			for (i = 0; i < n_ways; i++)
				send_next(&ways[i]);
			/* no burst after the machine was busy elsewhere */
			next = now + every;
			if (all_sent())
				break;
		}
		if (!told) {
			puts("ready");
			fflush(stdout);
			told = true;
		}
		look(next > now ? next - now : 0);
	}
	for (next = now_ms() + grace; !all_there() && now_ms() < next; )
		look(20);
	/* a copy may follow */
	look(20);
}

int main(int argc, char **argv)
{
	unsigned int i;
	bool good = true;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "every=", 6))
			every = atoi(argv[i] + 6);
		else if (!strncmp(argv[i], "grace=", 6))
			grace = atoi(argv[i] + 6);
		else if (!strncmp(argv[i], "count=", 6))
			count = atoi(argv[i] + 6);
		else if (!strncmp(argv[i], "refuse=", 7) &&
			 n_may_refuse < MAX_PAIRS)
			may_refuse[n_may_refuse++] = argv[i] + 7;
		else
			add_pair(argv[i]);
	}
	if (!n_ways || !every || !count || count > MAX_COUNT)
		die_usage();
	stream();
	for (i = 0; i < n_ways; i++)
		good &= report(&ways[i]);
	return !good;
}
