// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic between two network namespaces of this machine, and how fast it was.
 *
 * usage: traffic udp|rr|tcp NETNS,ADDR NETNS,ADDR [size=N] [ms=N] [flows=N]
 *	  [threads=N] [addrs=N] [imix=1] [tsc=1]
 *
 * udp: a burst of datagrams of SIZE bytes is sent and then received, by one
 *	thread, and so on, so that none is lost but by what is in between, and
 *	the time is all that a packet takes. With more threads, each has FLOWS
 *	of its own and one CPU.
 * rr:	one datagram there, one back.
 * tcp:	FLOWS connections at once, as fast as they go.
 *
 * Prints a line of JSON: "rate" is packets, round trips, or bits a second; the
 * first two by the median time of a burst or round trip, so that what else the
 * machine does now and then does not count.
 * addrs=N: each datagram is to one of N addresses, chosen at random, of which the
 *	one that is given is the first. udp only.
 * imix=1: 7 of 12 datagrams make IP packets of 64 bytes, 4 of 576, one of 1420.
 * tsc=1: by the processor's time stamp counter, of which 10^9 are taken for a second.
 * Exit 0: measured, whatever was lost; 2: usage or set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST		64
#define MAX_FLOWS	64
#define MAX_THREADS	8
#define MAX_SIZE	9000
#define MAX_TIMES	1000000
#define MAX_ADDRS	16777216
#define PORT		7000
#define BLOCK		65536
#define PATIENCE_MS	50	/* until a packet counts as lost */

struct end {
	char *ns;
	struct sockaddr_in addr;
};

/* One way of one flow. */
struct flow {
	int tx, rx;
	unsigned int port;
	uint32_t sent, seen, seed;
};

struct job {
	pthread_t thread;
	unsigned int number;
	uint64_t sent, lost, late;
	uint64_t *times;	/* of each burst or round trip */
	unsigned int count;
};

static const char usage[] =
	"usage: traffic udp|rr|tcp NETNS,ADDR NETNS,ADDR [size=N] [ms=N] [flows=N] [threads=N]\n"
	"               [addrs=N] [imix=1] [tsc=1]\n";

static struct end from, to, any;
static unsigned int size = 64, ms = 300, flows = 1, threads = 1;
static unsigned int addrs, imix, tsc;
static atomic_bool over;
static atomic_ullong tcp_bytes;

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now(void)
{
	struct timespec t;

	if (tsc)
		return __builtin_ia32_rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* The calling thread alone goes there. */
static void enter(const char *ns)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static int socket_at(const struct end *e, int type, unsigned int port)
{
	struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
	struct sockaddr_in addr = e->addr;
	int one = 1, room = 1 << 22, s;

	enter(e->ns);
	addr.sin_port = htons(port);
	s = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	/* Who connects must not get the port of a connection that has just ended. */
	if (s < 0 ||
	    (port && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one))) ||
	    bind(s, (void *)&addr, sizeof(addr)))
		die("socket");
	if (type == SOCK_DGRAM &&
	    (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	     setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	     setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room))))
		die("setsockopt");
	return s;
}

static void connect_to(int s, const struct end *e, unsigned int port)
{
	struct sockaddr_in addr = e->addr;

	addr.sin_port = htons(port);
	if (connect(s, (void *)&addr, sizeof(addr)))
		die("connect");
}

static void open_flow(struct flow *f, unsigned int port)
{
	memset(f, 0, sizeof(*f));
	f->tx = socket_at(&from, SOCK_DGRAM, port);
	f->rx = socket_at(addrs ? &any : &to, SOCK_DGRAM, port);
	f->port = port;
	f->seed = 2463534242;
	if (addrs)
		return;
	connect_to(f->tx, &to, port);
	connect_to(f->rx, &from, port);
}

static void pin(unsigned int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number % sysconf(_SC_NPROCESSORS_ONLN), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static unsigned int size_of(uint32_t number)
{
	/* without the headers of IPv4 and UDP */
	static const unsigned int mix[] = {
		36, 548, 36, 36, 548, 36, 1392, 36, 548, 36, 548, 36
	};

	return imix ? mix[number % (sizeof(mix) / sizeof(*mix))] : size;
}

/* One of the addresses; xorshift, the same ones in every run. */
static void choose(struct flow *f, struct sockaddr_in *addr)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 17;
	f->seed ^= f->seed << 5;
	*addr = to.addr;
	addr->sin_port = htons(f->port);
	addr->sin_addr.s_addr = htonl(ntohl(to.addr.sin_addr.s_addr) +
				      f->seed % addrs);
}

struct burst {
	struct mmsghdr msg[BURST];
	struct iovec iov[BURST];
	struct sockaddr_in addr[BURST];
	uint8_t buf[BURST][MAX_SIZE];
};

static void fill(struct burst *b, struct flow *f)
{
	unsigned int i;

	memset(b->msg, 0, sizeof(b->msg));
	for (i = 0; i < BURST; i++) {
		++f->sent;
		memcpy(b->buf[i], &f->sent, sizeof(f->sent));
		b->iov[i] = (struct iovec){ b->buf[i], size_of(f->sent) };
		b->msg[i].msg_hdr.msg_iov = &b->iov[i];
		b->msg[i].msg_hdr.msg_iovlen = 1;
		if (!addrs)
			continue;
		choose(f, &b->addr[i]);
		b->msg[i].msg_hdr.msg_name = &b->addr[i];
		b->msg[i].msg_hdr.msg_namelen = sizeof(b->addr[i]);
	}
}

/* A burst through one flow: returns packets that did not come. */
static unsigned int burst(struct flow *f, struct job *j, struct burst *b)
{
	unsigned int i, got = 0;
	uint32_t number;
	int n;

	fill(b, f);
	for (i = 0; i < BURST; i += n) {
		n = sendmmsg(f->tx, b->msg + i, BURST - i, 0);
		if (n <= 0)
			die("send");
	}
	for (i = 0; i < BURST; i++)
		b->iov[i].iov_len = MAX_SIZE;
	while (got < BURST) {
		n = recvmmsg(f->rx, b->msg, BURST - got, MSG_WAITFORONE, NULL);
		if (n <= 0)
			break;
		for (i = 0; i < (unsigned int)n; i++) {
			memcpy(&number, b->buf[i], sizeof(number));
			j->late += (int32_t)(number - f->seen) <= 0;
			f->seen = number;
		}
		got += n;
	}
	return BURST - got;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void begin_times(struct job *j)
{
	j->times = calloc(MAX_TIMES, sizeof(*j->times));
	if (!j->times)
		die("memory");
}

/* Returns how often a second what was timed would happen. */
static double end_times(struct job *j)
{
	uint64_t median;

	qsort(j->times, j->count, sizeof(*j->times), by_value);
	median = j->times[j->count / 2];
	free(j->times);
	return 1e9 / median;
}

static void *udp_thread(void *arg)
{
	struct burst *b = calloc(1, sizeof(*b));
	struct flow flow[MAX_FLOWS];
	struct job *j = arg;
	uint64_t start, last, t;
	unsigned int i;

	if (!b)
		die("memory");
	begin_times(j);
	pin(j->number);
	for (i = 0; i < flows; i++)
		open_flow(&flow[i], PORT + j->number * MAX_FLOWS + i);
	/* neighbours, routes, and the CPU's caches, not counted */
	for (i = 0; i < 4 * flows; i++)
		burst(&flow[i % flows], j, b);
	j->late = 0;
	start = now();
	last = start;
	for (i = 0; last - start < ms * 1000000ull && i < MAX_TIMES; i++) {
		j->lost += burst(&flow[i % flows], j, b);
		j->sent += BURST;
		t = now();
		j->times[j->count++] = t - last;
		last = t;
	}
	free(b);
	return NULL;
}

static double run_udp(uint64_t *sent, uint64_t *lost, uint64_t *late)
{
	static struct job job[MAX_THREADS];
	double rate = 0;
	unsigned int i;

	for (i = 0; i < threads; i++) {
		job[i].number = i;
		if (pthread_create(&job[i].thread, NULL, udp_thread, &job[i]))
			die("thread");
	}
	for (i = 0; i < threads; i++) {
		pthread_join(job[i].thread, NULL);
		*sent += job[i].sent;
		*lost += job[i].lost;
		*late += job[i].late;
		rate += BURST * end_times(&job[i]);
	}
	return rate;
}

/* Returns whether it came back. */
static bool round_trip(struct flow *f, uint8_t *buf)
{
	return send(f->tx, buf, size, 0) == size &&
	       recv(f->rx, buf, MAX_SIZE, 0) == size &&
	       send(f->rx, buf, size, 0) == size &&
	       recv(f->tx, buf, MAX_SIZE, 0) == size;
}

static double run_rr(uint64_t *sent, uint64_t *lost)
{
	static uint8_t buf[MAX_SIZE];
	struct job j = { 0 };
	uint64_t start, last, t;
	struct flow flow;
	unsigned int i;

	begin_times(&j);
	open_flow(&flow, PORT);
	for (i = 0; i < 20; i++)
		round_trip(&flow, buf);
	start = now();
	last = start;
	while (last - start < ms * 1000000ull && j.count < MAX_TIMES) {
		*lost += !round_trip(&flow, buf);
		++*sent;
		t = now();
		j.times[j.count++] = t - last;
		last = t;
	}
	return end_times(&j);
}

static void *tcp_send(void *arg)
{
	static const uint8_t block[BLOCK];
	int s = (intptr_t)arg;

	while (!over && send(s, block, sizeof(block), MSG_NOSIGNAL) > 0)
		;
	shutdown(s, SHUT_WR);
	return NULL;
}

static void *tcp_receive(void *arg)
{
	uint8_t *block = malloc(BLOCK);
	int s = (intptr_t)arg;
	ssize_t n;

	while (block && (n = recv(s, block, BLOCK, 0)) > 0)
		tcp_bytes += n;
	free(block);
	return NULL;
}

static void tcp_flow(unsigned int port, pthread_t thread[2])
{
	int listener = socket_at(&to, SOCK_STREAM, port), tx, rx;

	if (listen(listener, 1))
		die("listen");
	tx = socket_at(&from, SOCK_STREAM, 0);
	connect_to(tx, &to, port);
	rx = accept(listener, NULL, NULL);
	if (rx < 0)
		die("accept");
	close(listener);
	if (pthread_create(&thread[0], NULL, tcp_send, (void *)(intptr_t)tx) ||
	    pthread_create(&thread[1], NULL, tcp_receive, (void *)(intptr_t)rx))
		die("thread");
}

static void rest(unsigned int for_ms)
{
	struct timespec t = { for_ms / 1000, for_ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static double run_tcp(uint64_t *sent)
{
	pthread_t thread[MAX_FLOWS][2];
	uint64_t start, first;
	double rate;
	unsigned int i;

	for (i = 0; i < flows; i++)
		tcp_flow(PORT + i, thread[i]);
	/* until the windows are open */
	rest(ms / 3);
	first = tcp_bytes;
	start = now();
	rest(ms);
	*sent = tcp_bytes - first;
	rate = *sent * 8e9 / (now() - start);
	over = true;
	for (i = 0; i < flows; i++) {
		pthread_join(thread[i][0], NULL);
		pthread_join(thread[i][1], NULL);
	}
	return rate;
}

static bool parse_end(char *text, struct end *e)
{
	char *addr = strchr(text, ',');

	if (!addr)
		return false;
	*addr++ = '\0';
	e->ns = text;
	e->addr.sin_family = AF_INET;
	return inet_pton(AF_INET, addr, &e->addr.sin_addr) == 1;
}

int main(int argc, char **argv)
{
	uint64_t sent = 0, lost = 0, late = 0;
	const char *what = argv[1];
	double rate;

	if (argc < 4 || !parse_end(argv[2], &from) || !parse_end(argv[3], &to))
		goto bad;
	for (argv += 4; *argv; argv++)
		if (sscanf(*argv, "size=%u", &size) != 1 &&
		    sscanf(*argv, "ms=%u", &ms) != 1 &&
		    sscanf(*argv, "flows=%u", &flows) != 1 &&
		    sscanf(*argv, "threads=%u", &threads) != 1 &&
		    sscanf(*argv, "addrs=%u", &addrs) != 1 &&
		    sscanf(*argv, "imix=%u", &imix) != 1 &&
		    sscanf(*argv, "tsc=%u", &tsc) != 1)
			goto bad;
	if (size < 4 || size > MAX_SIZE || !flows || flows > MAX_FLOWS ||
	    !threads || threads > MAX_THREADS ||
	    addrs > MAX_ADDRS)
		goto bad;

	any = (struct end){ .ns = to.ns, .addr.sin_family = AF_INET };

	if (!strcmp(what, "udp"))
		rate = run_udp(&sent, &lost, &late);
	else if (!strcmp(what, "rr"))
		rate = run_rr(&sent, &lost);
	else if (!strcmp(what, "tcp"))
		rate = run_tcp(&sent);
	else
		goto bad;
	printf("{\"rate\": %.1f, \"sent\": %llu, \"lost\": %llu, \"late\": %llu}\n",
	       rate, (unsigned long long)sent, (unsigned long long)lost,
	       (unsigned long long)late);
	return 0;
bad:
	fputs(usage, stderr);
	return 2;
}
