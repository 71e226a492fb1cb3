// SPDX-License-Identifier: GPL-2.0
/*
 * What a set of policies costs: to load, to keep, to look up.
 *
 * usage: spd SET COUNT [rounds=N] [ms=N] [limit=S] WHO...
 *
 * SET is one of pairs, ports, nested, short, mixed; see set_policy(). WHO is
 * nfipsec or xfrm; the network namespace of that name gets COUNT policies out
 * that bypass, and the namespace "none" has no policy. Then in each of N rounds
 * a datagram after another is sent for MS milliseconds in each namespace, each
 * for a policy chosen at random, and not on a connected socket, so that each has
 * a look-up of its own. Then the same with few of these packets, again and again:
 * without nfipsec's flow cache, and with it, in which they have room. They end in
 * a dummy device. What matches no policy is to be discarded there: that as many
 * arrive at the device as were sent is the proof that each has met a policy.
 * Loading ends after S seconds.
 *
 * Prints one line of JSON for each namespace. Exit 0: all measured; 1: a packet
 * did not arrive; 2: usage or set-up.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spd.h"

#define TARGETS		65536	/* packets that are sent in turn */
#define FEW		64	/* of them, if there are to be few flows */
#define FLOW_CACHE	"/sys/module/nfipsec/parameters/flow_cache"
#define RUN_PACKETS	16
#define RUN_NS		500000	/* a run is no longer than this or a packet */
#define MAX_RUNS	100000
#define MAX_ROUNDS	101
#define BASE_SPORT	20000
#define SPORT_STEP	50000	/* policies of one source port, set "ports" */
#define MAX_SPORTS	32

static const char usage[] =
	"usage: spd SET COUNT [rounds=N] [ms=N] [limit=S] WHO...\n";

/* A packet. */
struct target {
	uint32_t src, dst;
	uint16_t sport, dport;
};

struct contender {
	const char *ns;
	const struct loader *loader;
	int sock[MAX_SPORTS];
	struct load load;
	double ns_per[MAX_ROUNDS];
	double few_ns_per[MAX_ROUNDS];
	double cached_ns_per[MAX_ROUNDS];
};

static uint64_t random_state = 88172645463325252ull;

/* xorshift64: the same numbers in each run */
static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* splitmix64: what is random about policy i */
static uint64_t hash(uint64_t i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15ull;
	i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9ull;
	i = (i ^ (i >> 27)) * 0x94d049bb133111ebull;
	return i ^ (i >> 31);
}

void die(const char *what)
{
	fprintf(stderr, "spd: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint32_t mask(unsigned int plen)
{
	return plen ? ~0u << (32 - plen) : 0;
}

/* Each address has its own pair of hosts. */
static void set_pairs(unsigned int i, struct policy *p)
{
	p->src = SRC_NET + i;
	p->dst = DST_NET + i;
	p->src_plen = 32;
	p->dst_plen = 32;
}

/* One pair of prefixes, and UDP by its ports. */
static void set_ports(unsigned int i, struct policy *p)
{
	p->src_plen = 8;
	p->dst_plen = 8;
	p->proto = IPPROTO_UDP;
	p->sport = BASE_SPORT + i / SPORT_STEP;
	p->dport = 1 + i % SPORT_STEP;
}

/* The prefixes of a binary tree below the /8, the longer ones first. */
static void set_nested(unsigned int i, struct policy *p)
{
	unsigned int depth = 31 - __builtin_clz(i + 1);
	uint32_t path = i + 1 - (1u << depth);

	p->src_plen = 8;
	p->dst_plen = 8 + depth;
	p->dst = DST_NET | (depth ? path << (24 - depth) : 0);
	p->priority = 100 - p->dst_plen;
}

/* Every pair of a /16 and a /20. */
static void set_short(unsigned int i, struct policy *p)
{
	p->src = SRC_NET | (i & 0xff) << 16;
	p->dst = DST_NET | (i >> 8) << 12;
	p->src_plen = 16;
	p->dst_plen = 20;
}

/*
 * Hosts, prefixes of all lengths, with and without protocol and port, in random
 * order. A part of them is covered by others.
 */
static void set_mixed(unsigned int i, struct policy *p)
{
	uint64_t h = hash(i);

	p->src_plen = h & 3 ? 8 + (h >> 2) % 25 : 32;
	p->dst_plen = h & 0x300 ? 16 + (h >> 10) % 17 : 32;
	p->src = (SRC_NET | (h >> 16 & 0xffffff)) & mask(p->src_plen);
	p->dst = (DST_NET | (hash(h) & 0xffffff)) & mask(p->dst_plen);
	if (h >> 40 & 1)
		p->proto = IPPROTO_UDP;
	if ((h >> 40 & 3) == 3)
		p->dport = 1 + (h >> 42) % 60000;
	p->priority = 1 + (h >> 52) % 1000;
}

static const struct set {
	const char *name;
	void (*policy)(unsigned int i, struct policy *p);
} sets[] = {
	{ "pairs", set_pairs },
	{ "ports", set_ports },
	{ "nested", set_nested },
	{ "short", set_short },
	{ "mixed", set_mixed },
};

static const struct set *set;

void set_policy(unsigned int i, struct policy *p)
{
	*p = (struct policy){ .src = SRC_NET, .dst = DST_NET, .priority = 100 };
	set->policy(i, p);
}

/* A packet that policy i matches, though others before it may as well. */
static void make_target(unsigned int i, struct target *t)
{
	struct policy p;

	set_policy(i, &p);
	t->src = p.src | (next_random() & ~mask(p.src_plen));
	t->dst = p.dst | (next_random() & ~mask(p.dst_plen));
	/* these two are no hosts' */
	if (!(t->dst & 0xffffff) && p.dst_plen < 32)
		t->dst++;
	t->sport = p.sport ? p.sport : BASE_SPORT;
	t->dport = p.dport ? p.dport : 9;
}

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

/* Packets that the device has taken, of the namespace we are in. */
static uint64_t arrived(void)
{
	unsigned long long n[16];
	char line[512];
	bool found = false;
	FILE *f;

	f = fopen("/proc/thread-self/net/dev", "r");
	if (!f)
		die("/proc/thread-self/net/dev");
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, " dummy0: %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
			       &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6],
			       &n[7], &n[8], &n[9]) == 10;
	fclose(f);
	if (!found) {
		errno = ENODEV;
		die("dummy0");
	}
	return n[9];
}

static void open_sockets(struct contender *c)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int size = 1 << 22;
	unsigned int i;

	enter(c->ns);
	for (i = 0; i < MAX_SPORTS; i++) {
		addr.sin_port = htons(BASE_SPORT + i);
		c->sock[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (c->sock[i] < 0 ||
		    setsockopt(c->sock[i], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			       sizeof(size)) ||
		    bind(c->sock[i], (void *)&addr, sizeof(addr)))
			die("socket");
	}
}

static bool send_one(struct contender *c, const struct target *t)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(t->dport),
		.sin_addr.s_addr = htonl(t->dst),
	};
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = { 0 };
	struct iovec iov = { .iov_base = "nfipsec", .iov_len = 8 };
	struct msghdr msg = {
		.msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	struct in_pktinfo *info = (void *)CMSG_DATA(cmsg);

	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(*info));
	info->ipi_spec_dst.s_addr = htonl(t->src);
	return sendmsg(c->sock[t->sport - BASE_SPORT], &msg, 0) == 8;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns nanoseconds per packet, of a short run of them. */
static double run_of(struct contender *c, const struct target *t, unsigned int of,
		     uint64_t *sent)
{
	static unsigned int at;
	uint64_t start = now(), ns;
	unsigned int n = 0;

	do {
		if (!send_one(c, &t[at++ % of])) {
			fprintf(stderr, "spd: %s: not sent: %s\n", c->ns,
				strerror(errno));
			exit(1);
		}
		n++;
		ns = now() - start;
	} while (n < RUN_PACKETS && ns < RUN_NS);
	*sent += n;
	return (double)ns / n;
}

/*
 * Returns nanoseconds per packet: the median of many runs so short that what
 * else the machine does falls between most of them.
 */
static double round_of(struct contender *c, const struct target *t,
		       unsigned int of, unsigned int ms)
{
	static double run[MAX_RUNS];
	uint64_t before, start, sent = 0;
	unsigned int n = 0;

	enter(c->ns);
	before = arrived();
	start = now();
	while (n < MAX_RUNS && now() - start < ms * 1000000ull)
		run[n++] = run_of(c, t, of, &sent);
	if (arrived() - before != sent) {
		fprintf(stderr, "spd: %s: of %llu packets %llu came out\n", c->ns,
			(unsigned long long)sent,
			(unsigned long long)(arrived() - before));
		exit(1);
	}
	qsort(run, n, sizeof(*run), by_value);
	return run[n / 2];
}

static bool has_cache(const struct contender *c)
{
	return !strcmp(c->ns, "nfipsec");
}

static void flow_cache(bool on)
{
	FILE *f = fopen(FLOW_CACHE, "w");

	if (!f || fputs(on ? "Y" : "N", f) < 0 || fclose(f))
		die(FLOW_CACHE);
}

static void print_ns(const char *name, const double *ns, unsigned int rounds)
{
	unsigned int i;

	printf(", \"%s\": [", name);
	for (i = 0; i < rounds; i++)
		printf("%s%.1f", i ? ", " : "", ns[i]);
	printf("]");
}

static void print(const struct contender *c, unsigned int count,
		  unsigned int rounds)
{
	printf("{\"set\": \"%s\", \"policies\": %u, \"who\": \"%s\"", set->name,
	       count, c->ns);
	if (c->loader)
		printf(", \"loaded\": %u, \"doubles\": %u, \"load_s\": %.4f, \"flush_s\": %.4f, \"bytes\": %lld",
		       c->load.done, c->load.doubles, c->load.ns / 1e9,
		       c->load.flush_ns / 1e9, (long long)c->load.bytes);
	print_ns("ns", c->ns_per, rounds);
	print_ns("few_ns", c->few_ns_per, rounds);
	print_ns("cached_ns", c->cached_ns_per, has_cache(c) ? rounds : 0);
	printf("}\n");
	fflush(stdout);
}

static void one_round(struct contender *c, const struct target *t, unsigned int r,
		      unsigned int ms)
{
	if (has_cache(c))
		flow_cache(false);
	c->ns_per[r] = round_of(c, t, TARGETS, ms);
	c->few_ns_per[r] = round_of(c, t, FEW, ms);
	if (!has_cache(c))
		return;
	flow_cache(true);
	c->cached_ns_per[r] = round_of(c, t, FEW, ms);
}

static void measure(struct contender *c, unsigned int n, unsigned int count,
		    unsigned int rounds, unsigned int ms)
{
	struct target *t = calloc(TARGETS, sizeof(*t));
	unsigned int i, r;

	if (!t)
		die("targets");
	for (i = 0; i < TARGETS; i++)
		make_target(next_random() % count, &t[i]);
	for (i = 0; i < n; i++) {
		open_sockets(&c[i]);
		/* a first time, not counted: caches, and the neighbour */
		round_of(&c[i], t, TARGETS, ms / 4);
	}
	for (r = 0; r < rounds; r++)
		for (i = 0; i < n; i++)
			one_round(&c[i], t, r, ms);
	free(t);
}

int main(int argc, char **argv)
{
	unsigned int count, rounds = 9, ms = 40, limit = 20, n = 1, all = 1, i;
	struct contender c[4] = { { .ns = "none" } };

	if (argc < 3)
		goto bad;
	for (i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		if (!strcmp(sets[i].name, argv[1]))
			set = &sets[i];
	count = atoi(argv[2]);
	if (!set || count < 1 || count > MAX_POLICIES)
		goto bad;
	for (argv += 3; *argv; argv++) {
		if (sscanf(*argv, "rounds=%u", &rounds) == 1 ||
		    sscanf(*argv, "ms=%u", &ms) == 1 ||
		    sscanf(*argv, "limit=%u", &limit) == 1)
			continue;
		if (all == 3)
			goto bad;
		c[all].ns = *argv;
		c[all].loader = find_loader(*argv);
		if (!c[all++].loader)
			goto bad;
	}
	if (rounds < 1 || rounds > MAX_ROUNDS)
		goto bad;

	for (i = 1; i < all; i++) {
		enter(c[i].ns);
		load(c[i].loader, count, limit, &c[i].load);
	}
	/* those that have not come to an end are not measured, and come last */
	for (i = 1; i < all; i++)
		if (c[i].load.done == count && n++ != i) {
			struct contender tmp = c[i];

			c[i] = c[n - 1];
			c[n - 1] = tmp;
		}
	measure(c, n, count, rounds, ms);
	for (i = 1; i < all; i++) {
		enter(c[i].ns);
		unload(c[i].loader, &c[i].load);
	}
	for (i = 0; i < all; i++)
		print(&c[i], count, i < n ? rounds : 0);
	return 0;
bad:
	fputs(usage, stderr);
	return 2;
}
