// SPDX-License-Identifier: GPL-2.0
/*
 * Traffic between two hosts that are network namespaces of this machine, from
 * one process with sockets in both, and a look at the wires in between.
 *
 * usage: probe A=NETNS,ADDR B=NETNS,ADDR [wire=NETNS,DEV,esp|natt|clear|any]... ACTION...
 *
 *   ping=SIZES	   ICMP echo with each payload size, A asks
 *   udp=SIZES	   a datagram of each size from A to B and back
 *   nodf=SIZES	   the same, IPv4 packets may be fragmented on the way
 *   pmtu=MIN-MAX  A finds out the path MTU, which lies in that range, with
 *		   datagrams that must not be fragmented
 *   tcp=BYTES[,write|sendfile|zerocopy|splice]	that much both ways at once
 *   flood=COUNT   datagrams of mixed sizes from A to B, all must arrive
 *   forever	   datagrams both ways as fast as it goes, lost or not
 *   swap	   A and B change places for what follows
 *   text	   what follows carries contents that can be compressed
 *
 * SIZES is like 0-20,56,1400. Contents are compared. A wire is looked at for
 * frames that its host sends: "esp" refuses anything but ESP, ARP and
 * neighbour discovery, "ah" the same with AH, "natt" the same of ESP in UDP to
 * port 4500, "clear" refuses ESP, "any" only counts.
 * Exit 0: all arrived and the wires are as wanted; 1: not; 2: usage or set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SIZE	65507
#define MAX_WIRES	8
#define TRIES		8
/* A prime, so that no power of two of misplaced bytes goes unseen. */
#define PATTERN		1048573
#define FLOOD_BATCH	64

struct end {
	char ns[64];
	char text[64];
	struct sockaddr_storage addr;
	socklen_t len;
};

enum want { WANT_ESP, WANT_AH, WANT_NATT, WANT_CLEAR, WANT_ANY };

struct wire {
	char name[96];
	enum want want;
	int esp;
	int clear;
};

static struct end ends[2];
static struct end *a = &ends[0], *b = &ends[1];
static struct wire wires[MAX_WIRES];
static unsigned int n_wires;
static unsigned char *pattern;
static int pattern_fd;
static int slow = 1;
static bool failed;

static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("probe: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	failed = true;
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int sock_in(const char *ns, int domain, int type, int proto)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("%s: %s", path, strerror(errno));
	close(fd);
	fd = socket(domain, type | SOCK_CLOEXEC, proto);
	if (fd < 0)
		die("socket in %s: %s", ns, strerror(errno));
	return fd;
}

static bool same_addr(const struct sockaddr_storage *x,
		      const struct sockaddr_storage *y)
{
	if (x->ss_family == AF_INET)
		return ((struct sockaddr_in *)x)->sin_addr.s_addr ==
		       ((struct sockaddr_in *)y)->sin_addr.s_addr;
	return !memcmp(&((struct sockaddr_in6 *)x)->sin6_addr,
		       &((struct sockaddr_in6 *)y)->sin6_addr, 16);
}

static void bind_end(int fd, struct end *e, struct sockaddr_storage *bound)
{
	socklen_t len = sizeof(*bound);

	if (bind(fd, (struct sockaddr *)&e->addr, e->len))
		die("bind %s: %s", e->text, strerror(errno));
	if (getsockname(fd, (struct sockaddr *)bound, &len))
		die("getsockname: %s", strerror(errno));
}

static bool wait_in(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0 && (p.revents & POLLIN);
}

/* The first tries are short: a packet may be lost to learn the path MTU. */
static int try_ms(int try)
{
	return slow * (try < 2 ? 150 : 1000);
}

static void parse_end(struct end *e, const char *s)
{
	const char *comma = strchr(s, ',');
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&e->addr;
	struct sockaddr_in *in = (struct sockaddr_in *)&e->addr;

	if (!comma)
		die("'%s' is not NETNS,ADDR", s);
	snprintf(e->ns, sizeof(e->ns), "%.*s", (int)(comma - s), s);
	snprintf(e->text, sizeof(e->text), "%s", comma + 1);
	if (inet_pton(AF_INET, e->text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		e->len = sizeof(*in);
	} else if (inet_pton(AF_INET6, e->text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		e->len = sizeof(*in6);
	} else {
		die("'%s' is no address", e->text);
	}
}

/*
 * Frames sent by this host, ESP ones or those that are neither ESP nor ARP,
 * neighbour discovery or multicast listener reports. With IPPROTO_AH as @proto
 * it is AH instead of ESP; with IPPROTO_UDP, UDP to port 4500, or a fragment of
 * UDP that shows no port.
 */
static int sniffer(const char *ns, const char *dev, bool esp, uint32_t proto)
{
	uint32_t yes_esp = esp ? 1 : 0, yes_clear = esp ? 0 : 0xffff;
	bool natt = proto == IPPROTO_UDP;
	struct sock_filter code_natt[] = {
		/* 0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 SKF_AD_OFF + SKF_AD_PKTTYPE),
		/* 1 */ BPF_JUMP(BPF_JMP | BPF_JEQ, PACKET_OUTGOING, 0, 22),
		/* 2 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		/* 3 */ BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IP, 0, 6),
		/* 4 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		/* 5 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_UDP, 0, 17),
		/* 6 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
		/* 7 */ BPF_JUMP(BPF_JMP | BPF_JSET, IP_OFFMASK, 14, 0),
		/* 8 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 36),
		/* 9 */ BPF_JUMP(BPF_JMP | BPF_JEQ, 4500, 12, 13),
		/* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IPV6, 0, 13),
		/* 11 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		/* 12 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_UDP, 7, 0),
		/* 13 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_HOPOPTS, 10, 0),
		/* 14 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_FRAGMENT, 3, 0),
		/* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_ICMPV6, 0, 7),
		/* 16 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		/* 17 */ BPF_JUMP(BPF_JMP | BPF_JGE, ND_ROUTER_SOLICIT, 6, 5),
		/* 18 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		/* 19 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_UDP, 2, 3),
		/* 20 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 56),
		/* 21 */ BPF_JUMP(BPF_JMP | BPF_JEQ, 4500, 0, 1),
		/* 22 */ BPF_STMT(BPF_RET | BPF_K, yes_esp),
		/* 23 */ BPF_STMT(BPF_RET | BPF_K, yes_clear),
		/* 24 */ BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter code_esp[] = {
		/* 0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 SKF_AD_OFF + SKF_AD_PKTTYPE),
		/* 1 */ BPF_JUMP(BPF_JMP | BPF_JEQ, PACKET_OUTGOING, 0, 16),
		/* 2 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		/* 3 */ BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IP, 0, 2),
		/* 4 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		/* 5 */ BPF_JUMP(BPF_JMP | BPF_JEQ, proto, 10, 11),
		/* 6 */ BPF_JUMP(BPF_JMP | BPF_JEQ, ETH_P_IPV6, 0, 11),
		/* 7 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
		/* 8 */ BPF_JUMP(BPF_JMP | BPF_JEQ, proto, 7, 0),
		/* 9 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_HOPOPTS, 8, 0),
		/* 10 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_FRAGMENT, 3, 0),
		/* 11 */ BPF_JUMP(BPF_JMP | BPF_JEQ, IPPROTO_ICMPV6, 0, 5),
		/* 12 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		/* 13 */ BPF_JUMP(BPF_JMP | BPF_JGE, ND_ROUTER_SOLICIT, 4, 3),
		/* 14 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),
		/* 15 */ BPF_JUMP(BPF_JMP | BPF_JEQ, proto, 0, 1),
		/* 16 */ BPF_STMT(BPF_RET | BPF_K, yes_esp),
		/* 17 */ BPF_STMT(BPF_RET | BPF_K, yes_clear),
		/* 18 */ BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog prog = {
		.len = natt ? sizeof(code_natt) / sizeof(code_natt[0]) :
			      sizeof(code_esp) / sizeof(code_esp[0]),
		.filter = natt ? code_natt : code_esp,
	};
	struct sockaddr_ll ll = { .sll_family = AF_PACKET };
	int fd = sock_in(ns, AF_PACKET, SOCK_RAW, 0);

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		die("SO_ATTACH_FILTER: %s", strerror(errno));
	ll.sll_protocol = htons(ETH_P_ALL);
	ll.sll_ifindex = if_nametoindex(dev);
	if (!ll.sll_ifindex || bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die("%s in %s: %s", dev, ns, strerror(errno));
	return fd;
}

static void parse_wire(char *s)
{
	char *ns = strtok(s, ","), *dev = strtok(NULL, ",");
	char *want = strtok(NULL, ",");
	struct wire *w = &wires[n_wires];
	uint32_t proto = IPPROTO_ESP;

	if (!want || n_wires == MAX_WIRES)
		die("a wire is NETNS,DEV,esp|ah|natt|clear|any, at most %d",
		    MAX_WIRES);
	w->want = !strcmp(want, "esp") ? WANT_ESP :
		  !strcmp(want, "ah") ? WANT_AH :
		  !strcmp(want, "natt") ? WANT_NATT :
		  !strcmp(want, "clear") ? WANT_CLEAR : WANT_ANY;
	snprintf(w->name, sizeof(w->name), "%s of %s", dev, ns);
	if (w->want == WANT_AH)
		proto = IPPROTO_AH;
	else if (w->want == WANT_NATT)
		proto = IPPROTO_UDP;
	w->esp = sniffer(ns, dev, true, proto);
	w->clear = sniffer(ns, dev, false, proto);
	n_wires++;
}

static unsigned int seen(int fd)
{
	struct tpacket_stats st = { 0 };
	socklen_t len = sizeof(st);

	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len))
		die("PACKET_STATISTICS: %s", strerror(errno));
	return st.tp_packets;
}

static void check_wire(const struct wire *w)
{
	unsigned int esp = seen(w->esp), clear = seen(w->clear);
	bool sealed = w->want == WANT_ESP || w->want == WANT_AH ||
		      w->want == WANT_NATT;
	unsigned char frame[96];
	ssize_t n, i;

	printf("# wire %s: %u esp, %u clear\n", w->name, esp, clear);
	if (w->want == WANT_CLEAR && esp)
		fail("wire %s: %u ESP packets", w->name, esp);
	if (w->want == WANT_CLEAR && !clear)
		fail("wire %s: nothing in the clear", w->name);
	if (sealed && !esp)
		fail("wire %s: no %s packet", w->name,
		     w->want == WANT_AH ? "AH" : "ESP");
	if (!sealed || !clear)
		return;
	fail("wire %s: %u frames in the clear, the first:", w->name, clear);
	n = recv(w->clear, frame, sizeof(frame), MSG_DONTWAIT);
	for (i = 0; i < n; i++)
		printf("%02x%s", frame[i], i % 16 == 15 ? "\n" : " ");
	putchar('\n');
}

static bool next_size(const char **s, long *cur, long *end, long *step)
{
	char *p;

	if (*cur + *step <= *end) {
		*cur += *step;
		return true;
	}
	if (!**s)
		return false;
	*cur = *end = strtol(*s, &p, 10);
	*step = 1;
	if (*p == '-')
		*end = strtol(p + 1, &p, 10);
	if (*p == '/')
		*step = strtol(p + 1, &p, 10);
	if (*p == ',')
		p++;
	else if (*p)
		die("bad sizes at '%s'", p);
	*s = p;
	if (*cur < 0 || *end > MAX_SIZE || *step < 1)
		die("bad sizes");
	return true;
}

#define for_each_size(text, size)					\
	for (long _end = -1, _step = 1, _go = ((size) = 0, 1);		\
	     _go && next_size(&(text), &(size), &_end, &_step);)

static void fill(unsigned char *buf, long size, unsigned int seed)
{
	memcpy(buf, pattern + (size * 7 + seed * 131) % (PATTERN - MAX_SIZE),
	       size);
}

static void drain(int fd)
{
	char c[16];

	while (recv(fd, c, sizeof(c), MSG_DONTWAIT) >= 0 ||
	       (errno != EAGAIN && errno != EINTR))
		;
}

static uint16_t ip_sum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	if (len)
		sum += *(const uint8_t *)p;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Did the answer to this request arrive in time? */
static bool echo_back(int fd, bool v6, const unsigned char *req, size_t len,
		      int ms)
{
	static unsigned char buf[MAX_SIZE + 256];
	long long until = now_ms() + ms;

	for (;;) {
		struct sockaddr_storage from = { 0 };
		socklen_t flen = sizeof(from);
		unsigned char *p = buf;
		long long left = until - now_ms();
		ssize_t n;

		if (left < 0 || !wait_in(fd, left))
			return false;
		n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &flen);
		if (n < 0)
			continue;
		if (!v6) {
			n -= (buf[0] & 15) * 4;
			p += (buf[0] & 15) * 4;
		}
		if (n < 8 || p[0] != (v6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) ||
		    memcmp(p + 4, req + 4, 4) || !same_addr(&from, &b->addr))
			continue;
		if ((size_t)n != len || memcmp(p + 8, req + 8, len - 8)) {
			fail("ping %s size %zu: answer has %zd bytes or other content",
			     b->text, len - 8, n - 8);
		}
		return true;
	}
}

static void do_ping(const char *sizes)
{
	static unsigned char req[MAX_SIZE + 8];
	bool v6 = b->addr.ss_family == AF_INET6;
	struct sockaddr_storage bound;
	static uint16_t seq;
	long size;
	int fd;

	fd = sock_in(a->ns, v6 ? AF_INET6 : AF_INET, SOCK_RAW,
		     v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	bind_end(fd, a, &bound);
	for_each_size(sizes, size) {
		int try, err = 0;

		if (size > MAX_SIZE - 8)
			die("ping of %ld bytes", size);
		for (try = 0; try < TRIES; try++) {
			memset(req, 0, 8);
			req[0] = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
			req[4] = getpid() >> 8;
			req[5] = getpid();
			req[6] = ++seq >> 8;
			req[7] = seq;
			fill(req + 8, size, seq);
			if (!v6) {
				uint16_t sum = ip_sum(req, size + 8);

				memcpy(req + 2, &sum, 2);
			}
			if (sendto(fd, req, size + 8, 0,
				   (struct sockaddr *)&b->addr, b->len) < 0) {
				err = errno;
				if (err == EMSGSIZE)
					continue;
				break;
			}
			if (echo_back(fd, v6, req, size + 8, try_ms(try)))
				break;
		}
		if (try == TRIES || (err && err != EMSGSIZE))
			fail("ping %s > %s size %ld: no answer%s%s", a->text,
			     b->text, size, err ? ", " : "",
			     err ? strerror(err) : "");
		if (failed)
			break;
	}
	close(fd);
}

/* Is it the datagram of a try before, which came after its time? */
static bool is_late(const unsigned char *got, ssize_t n, long size, int try)
{
	static unsigned char old[MAX_SIZE];

	if (n != size)
		return false;
	while (try--) {
		fill(old, size, try);
		if (!memcmp(got, old, size))
			return true;
	}
	return false;
}

static bool udp_hop(int from, int to, unsigned char *buf, long size, int try,
		    const char *who, int *err)
{
	static unsigned char got[MAX_SIZE + 16];
	ssize_t n;

	fill(buf, size, try);
	if (send(from, buf, size, 0) < 0) {
		*err = errno;
		return false;
	}
	do {
		if (!wait_in(to, try_ms(try)))
			return false;
		n = recv(to, got, sizeof(got), MSG_DONTWAIT);
		if (n < 0) {
			*err = errno;
			return false;
		}
		if (n == size && !memcmp(got, buf, size))
			return true;
	} while (is_late(got, n, size, try));
	fail("udp %s size %ld: %zd bytes or other content came",
	     who, size, n);
	return true;
}

static void udp_pair(int fd[2])
{
	struct sockaddr_storage sa, sb;
	int big = 8 << 20;

	fd[0] = sock_in(a->ns, a->addr.ss_family, SOCK_DGRAM, 0);
	bind_end(fd[0], a, &sa);
	fd[1] = sock_in(b->ns, b->addr.ss_family, SOCK_DGRAM, 0);
	bind_end(fd[1], b, &sb);
	setsockopt(fd[1], SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(fd[0], SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	if (connect(fd[0], (struct sockaddr *)&sb, b->len) ||
	    connect(fd[1], (struct sockaddr *)&sa, a->len))
		die("connect: %s", strerror(errno));
}

static void pmtu_discovery(int fd, int how)
{
	bool v6 = a->addr.ss_family == AF_INET6;

	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
		       v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
		       &how, sizeof(how)))
		die("MTU_DISCOVER: %s", strerror(errno));
}

static void do_udp(const char *sizes, int discovery)
{
	static unsigned char buf[MAX_SIZE];
	long size;
	int fd[2];

	udp_pair(fd);
	pmtu_discovery(fd[0], discovery);
	pmtu_discovery(fd[1], discovery);
	for_each_size(sizes, size) {
		int try, err = 0;

		for (try = 0; try < TRIES && !failed; try++) {
			drain(fd[0]);
			drain(fd[1]);
			if (udp_hop(fd[0], fd[1], buf, size, try, "there", &err) &&
			    udp_hop(fd[1], fd[0], buf, size, try, "back", &err))
				break;
		}
		if (try == TRIES)
			fail("udp %s > %s > size %ld: lost%s%s", a->text, b->text,
			     size, err ? ", " : "", err ? strerror(err) : "");
		if (failed)
			break;
	}
	close(fd[0]);
	close(fd[1]);
}

static void do_pmtu(const char *range)
{
	bool v6 = a->addr.ss_family == AF_INET6;
	int fd[2], mtu = 0, try, err = 0, min, max, head = v6 ? 48 : 28;
	static unsigned char buf[MAX_SIZE];
	socklen_t len = sizeof(mtu);

	if (sscanf(range, "%d-%d", &min, &max) != 2)
		die("pmtu takes MIN-MAX");
	udp_pair(fd);
	pmtu_discovery(fd[0], IP_PMTUDISC_DO);
	for (try = 0; try < TRIES; try++) {
		drain(fd[0]);
		err = 0;
		if (send(fd[0], buf, 1500 - head, 0) < 0)
			err = errno;
		else
			wait_in(fd[0], try_ms(try));
		getsockopt(fd[0], v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			   v6 ? IPV6_MTU : IP_MTU, &mtu, &len);
		if (err == EMSGSIZE && mtu < 1500)
			break;
	}
	printf("# pmtu: %d\n", mtu);
	if (mtu < min || mtu > max) {
		fail("pmtu %s > %s: %d is not within %s", a->text, b->text, mtu,
		     range);
		goto out;
	}
	drain(fd[1]);
	if (!udp_hop(fd[0], fd[1], buf, mtu - head, 2, "at the path MTU", &err))
		fail("pmtu %s > %s: %d bytes do not arrive: %s", a->text,
		     b->text, mtu, strerror(err));
	if (send(fd[0], buf, mtu - head + 1, 0) >= 0 || errno != EMSGSIZE)
		fail("pmtu %s > %s: %d bytes were sent", a->text, b->text,
		     mtu + 1);
out:
	close(fd[0]);
	close(fd[1]);
}

/*
 * Sizes walk through all of 0 to 1400 in an order that mixes them. Each
 * datagram of four bytes or more carries its number.
 */
static long flood_size(unsigned long i)
{
	return i * 677 % 1401;
}

static bool flood_batch(int fd[2], unsigned long first, unsigned int n)
{
	static unsigned char buf[2048];
	unsigned char was[FLOOD_BATCH] = { 0 };
	unsigned long i;
	uint32_t num;

	for (i = first; i < first + n; i++) {
		fill(buf, flood_size(i), i);
		num = i;
		if (flood_size(i) >= 4)
			memcpy(buf, &num, 4);
		if (send(fd[0], buf, flood_size(i), 0) < 0)
			fail("flood: packet %lu: %s", i, strerror(errno));
	}
	for (i = first; i < first + n && !failed; i++) {
		static unsigned char got[2048];
		unsigned long j = first;
		ssize_t len;

		if (!wait_in(fd[1], slow * 5000)) {
			fail("flood: of packets %lu to %lu %lu are lost", first,
			     first + n - 1, first + n - i);
			return false;
		}
		len = recv(fd[1], got, sizeof(got), MSG_DONTWAIT);
		if (len >= 4) {
			memcpy(&num, got, 4);
			j = num;
		} else {
			while (j < first + n && (flood_size(j) != len ||
						 was[j - first]))
				j++;
		}
		if (len < 0 || j < first || j >= first + n || was[j - first]++ ||
		    len != flood_size(j)) {
			fail("flood: packet %lu of %zd bytes was not sent", j, len);
			return false;
		}
		fill(buf, len, j);
		if (len > 4 && memcmp(got + 4, buf + 4, len - 4))
			fail("flood: packet %lu has other content", j);
	}
	return !failed;
}

static void do_flood(const char *arg)
{
	unsigned long count = strtoul(arg, NULL, 10), i;
	long long start = now_ms();
	int fd[2];

	udp_pair(fd);
	for (i = 0; i < count && !failed; i += FLOOD_BATCH)
		if (!flood_batch(fd, i, count - i < FLOOD_BATCH ?
				 count - i : FLOOD_BATCH))
			break;
	if (wait_in(fd[1], 0))
		fail("flood: more came than was sent");
	printf("# flood: %lu packets in %lld ms\n", i < count ? i : count,
	       now_ms() - start);
	close(fd[0]);
	close(fd[1]);
}

static void do_forever(void)
{
	static unsigned char buf[1400];
	unsigned long i;
	int fd[2];

	udp_pair(fd);
	for (i = 0;; i++) {
		send(fd[i & 1], buf, flood_size(i), MSG_DONTWAIT);
		while (recv(fd[~i & 1], buf, sizeof(buf), MSG_DONTWAIT) >= 0)
			;
	}
}

enum how { HOW_WRITE, HOW_SENDFILE, HOW_ZEROCOPY, HOW_SPLICE };

struct stream {
	int fd;
	int pipe[2];
	size_t piped;
	size_t sent;
	size_t got;
	bool shut;
};

static ssize_t stream_splice(struct stream *s, off_t *at, size_t room)
{
	ssize_t n;

	if (!s->piped) {
		n = splice(pattern_fd, at, s->pipe[1], NULL, room,
			   SPLICE_F_NONBLOCK);
		if (n <= 0)
			return n;
		s->piped = n;
	}
	n = splice(s->pipe[0], NULL, s->fd, NULL, s->piped,
		   SPLICE_F_NONBLOCK | SPLICE_F_MORE);
	if (n > 0)
		s->piped -= n;
	return n;
}

static ssize_t stream_send(struct stream *s, size_t total, enum how how)
{
	size_t in = s->sent % PATTERN, room = PATTERN - in;
	off_t at = in + s->piped;

	if (room > total - s->sent)
		room = total - s->sent;
	if (room > 65536)
		room = 65536;
	switch (how) {
	case HOW_SENDFILE:
		return sendfile(s->fd, pattern_fd, &at, room);
	case HOW_SPLICE:
		return stream_splice(s, &at, room);
	case HOW_ZEROCOPY:
		return send(s->fd, pattern + in, room,
			    MSG_ZEROCOPY | MSG_NOSIGNAL);
	default:
		return send(s->fd, pattern + in, room, MSG_NOSIGNAL);
	}
}

static bool stream_recv(struct stream *s, const char *who)
{
	static unsigned char buf[65536];
	size_t in = s->got % PATTERN, room = PATTERN - in;
	ssize_t n;

	n = recv(s->fd, buf, room < sizeof(buf) ? room : sizeof(buf), 0);
	if (n < 0)
		return errno == EAGAIN;
	if (!n)
		return true;
	if (memcmp(buf, pattern + in, n)) {
		fail("tcp %s: other content after byte %zu", who, s->got);
		return false;
	}
	s->got += n;
	return true;
}

static void read_errqueue(int fd)
{
	char control[256];
	struct msghdr m = { .msg_control = control };

	do
		m.msg_controllen = sizeof(control);
	while (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
}

/* One end's turn after poll() said what it can do. */
static bool stream_turn(struct stream *s, short ev, size_t total, enum how how,
			const char *who)
{
	ssize_t n;

	if (ev & POLLERR)
		read_errqueue(s->fd);
	if ((ev & (POLLIN | POLLHUP)) && !stream_recv(s, who)) {
		if (!failed)
			fail("tcp %s: %s at byte %zu", who, strerror(errno),
			     s->got);
		return false;
	}
	if (!(ev & POLLOUT) || s->sent >= total)
		return true;
	n = stream_send(s, total, how);
	if (n > 0) {
		s->sent += n;
	} else if (n < 0 && errno != EAGAIN && errno != ENOBUFS) {
		fail("tcp %s: send: %s", who, strerror(errno));
		return false;
	}
	return true;
}

static void stream_open(struct stream *s, enum how how)
{
	int on = 1;

	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	if (how == HOW_ZEROCOPY &&
	    setsockopt(s->fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)))
		die("SO_ZEROCOPY: %s", strerror(errno));
	if (pipe2(s->pipe, O_NONBLOCK))
		die("pipe: %s", strerror(errno));
}

static void stream_close(struct stream *s)
{
	close(s->fd);
	close(s->pipe[0]);
	close(s->pipe[1]);
}

static bool tcp_connect(struct stream s[2])
{
	struct sockaddr_storage sa, sb;
	int lis, err = 0;
	socklen_t len = sizeof(err);
	struct pollfd p;

	lis = sock_in(b->ns, b->addr.ss_family, SOCK_STREAM, 0);
	bind_end(lis, b, &sb);
	if (listen(lis, 1))
		die("listen: %s", strerror(errno));
	s[0].fd = sock_in(a->ns, a->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	bind_end(s[0].fd, a, &sa);
	if (connect(s[0].fd, (struct sockaddr *)&sb, b->len) &&
	    errno != EINPROGRESS) {
		fail("tcp: connect: %s", strerror(errno));
		return false;
	}
	p = (struct pollfd){ .fd = s[0].fd, .events = POLLOUT };
	poll(&p, 1, slow * 10000);
	getsockopt(s[0].fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!(p.revents & POLLOUT) || err || !wait_in(lis, slow * 10000)) {
		fail("tcp %s > %s: no connection%s%s", a->text, b->text,
		     err ? ", " : "", err ? strerror(err) : "");
		close(lis);
		return false;
	}
	s[1].fd = accept(lis, NULL, NULL);
	close(lis);
	return s[1].fd >= 0;
}

static enum how parse_how(const char *s)
{
	static const char * const names[] = {
		[HOW_WRITE] = "write", [HOW_SENDFILE] = "sendfile",
		[HOW_ZEROCOPY] = "zerocopy", [HOW_SPLICE] = "splice",
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(s, names[i]))
			return i;
	die("unknown way to send '%s'", s);
	return 0;
}

static void do_tcp(const char *arg)
{
	size_t total = strtoul(arg, NULL, 10);
	const char *comma = strchr(arg, ',');
	enum how how = comma ? parse_how(comma + 1) : HOW_WRITE;
	struct stream s[2] = { { 0 } };
	long long start = now_ms(), last = start;
	size_t before = 0;

	if (!tcp_connect(s))
		return;
	stream_open(&s[0], how);
	stream_open(&s[1], how);
	while ((s[0].got < total || s[1].got < total) && !failed) {
		struct pollfd p[2];
		int i;

		for (i = 0; i < 2; i++) {
			p[i].fd = s[i].fd;
			p[i].events = s[i].sent < total ? POLLIN | POLLOUT : POLLIN;
		}
		poll(p, 2, 1000);
		for (i = 0; i < 2; i++)
			if (!stream_turn(&s[i], p[i].revents, total, how,
					 i ? "at B" : "at A"))
				break;
		if (s[0].got + s[1].got != before)
			last = now_ms();
		before = s[0].got + s[1].got;
		if (now_ms() - last > slow * 15000)
			fail("tcp %s - %s: stalled, of %zu bytes %zu and %zu came",
			     a->text, b->text, total, s[0].got, s[1].got);
	}
	printf("# tcp: %zu bytes each way in %lld ms\n", total, now_ms() - start);
	stream_close(&s[0]);
	stream_close(&s[1]);
}

static void make_pattern(void)
{
	uint64_t x = 88172645463325252ULL;
	size_t i;

	pattern_fd = memfd_create("pattern", MFD_CLOEXEC);
	if (pattern_fd < 0 || ftruncate(pattern_fd, PATTERN))
		die("memfd: %s", strerror(errno));
	pattern = mmap(NULL, PATTERN, PROT_READ | PROT_WRITE, MAP_SHARED,
		       pattern_fd, 0);
	if (pattern == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (i = 0; i < PATTERN; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = x >> 32;
	}
}

/* Three bits of each byte are left. */
static void make_text(void)
{
	size_t i;

	for (i = 0; i < PATTERN; i++)
		pattern[i] = 'a' + (pattern[i] & 7);
}

static void act(char *arg)
{
	char *val = strchr(arg, '=');

	if (!strcmp(arg, "swap")) {
		struct end *t = a;

		a = b;
		b = t;
		return;
	}
	if (!strcmp(arg, "text")) {
		make_text();
		return;
	}
	if (!strcmp(arg, "forever"))
		do_forever();
	if (!val)
		die("what is '%s'?", arg);
	*val++ = 0;
	if (!strcmp(arg, "A"))
		parse_end(a, val);
	else if (!strcmp(arg, "B"))
		parse_end(b, val);
	else if (!strcmp(arg, "wire"))
		parse_wire(val);
	else if (!strcmp(arg, "ping"))
		do_ping(val);
	else if (!strcmp(arg, "udp"))
		do_udp(val, IP_PMTUDISC_WANT);
	else if (!strcmp(arg, "nodf"))
		do_udp(val, IP_PMTUDISC_DONT);
	else if (!strcmp(arg, "pmtu"))
		do_pmtu(val);
	else if (!strcmp(arg, "tcp"))
		do_tcp(val);
	else if (!strcmp(arg, "flood"))
		do_flood(val);
	else
		die("what is '%s'?", arg);
}

int main(int argc, char **argv)
{
	const char *env = getenv("NFIPSEC_TEST_SLOW");
	unsigned int w;
	int i;

	if (env && atoi(env) > 0)
		slow = atoi(env);
	make_pattern();
	for (i = 1; i < argc && !failed; i++)
		act(argv[i]);
	for (w = 0; w < n_wires; w++)
		check_wire(&wires[w]);
	return failed;
}
