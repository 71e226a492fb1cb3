// SPDX-License-Identifier: GPL-2.0
/*
 * What the classifier costs: time of a look-up among few rules and among many,
 * time to load them, memory. Nothing is asserted.
 *
 *	bench_classify [MAX [SET]]	up to MAX rules, a million if not given, of
 *					sets with SET in their name
 *
 * "hot" are look-ups of 256 packets again and again, as flows are; "cold" ones
 * of packets of all rules in turn, most of which the CPU's caches do not have;
 * "cached" is to find the former in the flow cache instead, as far as it has room.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "classify.h"
#include "flow_cache.h"
#include "next_state.h"

#define HOT		256
#define LOOKUPS		1000000

struct entry {
	struct nfipsec_rule rule;
	struct nfipsec_selector sel;
};

/* Rule @i, and a packet for it. */
typedef void (*make_fn)(struct entry *e, struct nfipsec_flow *flow, u32 i);

/* A bijection, so that neighbours are not next to each other. */
static u32 mix(u32 i)
{
	return i * 2654435761u;
}

static void net4(union nfipsec_addr range[2], union nfipsec_addr *addr, u32 ip,
		 unsigned int plen)
{
	addr->ip = htonl(ip);
	nfipsec_selector_prefix(range, AF_INET, addr, plen);
}

static void make_pair(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	net4(e->sel.src, &flow->saddr, 0x0a000000 + (mix(i) & 0xffff), 32);
	net4(e->sel.dst, &flow->daddr, mix(i), 32);
}

static void make_pair6(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	flow->family = AF_INET6;
	nfipsec_selector_any(&e->sel, AF_INET6);
	flow->saddr.all[0] = htonl(0x20010db8);
	flow->daddr.all[0] = htonl(0x20010db8);
	flow->saddr.all[3] = htonl(mix(i) & 0xffff);
	flow->daddr.all[3] = htonl(mix(i));
	nfipsec_selector_prefix(e->sel.src, AF_INET6, &flow->saddr, 128);
	nfipsec_selector_prefix(e->sel.dst, AF_INET6, &flow->daddr, 128);
}

static void make_ports(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	net4(e->sel.src, &flow->saddr, 0x0a000001, 24);
	net4(e->sel.dst, &flow->daddr, 0x0a000101, 24);
	e->sel.proto = flow->proto;
	flow->sport = mix(i) >> 16;
	flow->dport = mix(i);
	e->sel.sport = (struct nfipsec_range){ flow->sport, flow->sport };
	e->sel.dport = (struct nfipsec_range){ flow->dport, flow->dport };
}

static void make_ranges(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	u16 len = mix(i) >> 8 & 0xff;

	make_ports(e, flow, i);
	e->sel.sport = (struct nfipsec_range){ 0, U16_MAX };
	if (e->sel.dport.max < U16_MAX - len)
		e->sel.dport.max += len;
}

/* Longer prefixes first, as key management has it. */
static void make_nested(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	unsigned int plen = 8 + i % 4 * 8;

	net4(e->sel.dst, &flow->daddr, mix(i / 4) | 1, plen);
	e->rule.priority = 32 - plen;
}

static void make_nested_all(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	unsigned int plen = 8 + i % 25;

	net4(e->sel.dst, &flow->daddr, mix(i / 25) | 1, plen);
	e->rule.priority = 32 - plen;
}

static void make_short(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	net4(e->sel.dst, &flow->daddr, mix(i), 32);
}

static void make_addr_ranges(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	u32 at = mix(i) & ~0xff;

	net4(e->sel.dst, &flow->daddr, at + 20, 32);
	e->sel.dst[0].ip = htonl(at + 5);
	e->sel.dst[1].ip = htonl(at + 200);
}

static void make_mixture(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	static const make_fn all[] = {
		make_pair, make_ports, make_nested, make_short,
		make_addr_ranges, make_pair, make_pair6, make_short,
	};

	all[i % ARRAY_SIZE(all)](e, flow, i / ARRAY_SIZE(all));
	e->rule.priority = mix(i) % 16;
}

static u64 scramble(u64 i)
{
	i = (i + 1) * 0x9e3779b97f4a7c15ULL;
	i = (i ^ (i >> 30)) * 0xbf58476d1ce4e5b9ULL;
	i = (i ^ (i >> 27)) * 0x94d049bb133111ebULL;
	return i ^ (i >> 31);
}

/* The set "mixed" of bench-spd: prefixes of all lengths, in no order. */
static void make_random(struct entry *e, struct nfipsec_flow *flow, u32 i)
{
	u64 h = scramble(i), host = scramble(h + 1);
	unsigned int src = h & 3 ? 8 + (h >> 2) % 25 : 32;
	unsigned int dst = h & 0x300 ? 16 + (h >> 10) % 17 : 32;

	net4(e->sel.src, &flow->saddr, 0x0a000000 | (h >> 16 & 0xffffff), src);
	net4(e->sel.dst, &flow->daddr, 0x0b000000 | (host & 0xffffff), dst);
	flow->dport = 9;
	if (h >> 40 & 1)
		e->sel.proto = IPPROTO_UDP;
	if ((h >> 40 & 3) == 3) {
		flow->dport = 1 + (h >> 42) % 60000;
		e->sel.dport = (struct nfipsec_range){ flow->dport,
						       flow->dport };
	}
	e->rule.priority = 1 + (h >> 52) % 1000;
}

static const struct {
	const char *name;
	make_fn make;
} sets[] = {
	{ "distinct /32 pairs", make_pair },
	{ "distinct /128 pairs", make_pair6 },
	{ "one pair, ports", make_ports },
	{ "one pair, port ranges", make_ranges },
	{ "nested, 4 lengths", make_nested },
	{ "nested, 25 lengths", make_nested_all },
	{ "0.0.0.0/0 to /32", make_short },
	{ "address ranges", make_addr_ranges },
	{ "mixture", make_mixture },
	{ "random prefixes", make_random },
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Nanoseconds of one. */
static double look_up(const struct nfipsec_classifier *cls,
		      const struct nfipsec_flow *flow, u32 n)
{
	unsigned long found = 0, i;
	struct nfipsec_hit hit;
	double start;
	u32 at = 0;

	for (i = 0; i < n && i < HOT; i++)
		nfipsec_classify(cls, &flow[i], &hit);
	start = seconds();
	for (i = 0; i < LOOKUPS; i++) {
		nfipsec_classify(cls, &flow[at], &hit);
		found += !!hit.yes;
		at = at + 1 < n ? at + 1 : 0;
	}
	if (found != LOOKUPS)
		printf("# %lu not found\n", LOOKUPS - found);
	return (seconds() - start) * 1e9 / LOOKUPS;
}

static const hsiphash_key_t secret = { { 1, 2 } };

/* Nanoseconds of one. */
static double look_up_cached(const struct nfipsec_flow *flow, u32 n)
{
	struct nfipsec_flow_cache *cache = aligned_alloc(64, sizeof(*cache));
	struct nfipsec_verdict verdict = {};
	unsigned long found = 0, i;
	double start;
	u32 at = 0;

	if (!cache)
		abort();
	memset(cache, 0, sizeof(*cache));
	for (i = 0; i < n; i++)
		nfipsec_flow_cache_store(cache, hsiphash(&flow[i],
							 sizeof(*flow),
							 &secret), 1, 1,
					 &flow[i], &verdict);
	start = seconds();
	for (i = 0; i < LOOKUPS; i++) {
		found += !!nfipsec_flow_cache_find(cache,
						   hsiphash(&flow[at],
							    sizeof(*flow),
							    &secret), 1, 1,
						   &flow[at]);
		at = at + 1 < n ? at + 1 : 0;
	}
	if (found < LOOKUPS / 10 * 9)
		printf("# %lu not found\n", LOOKUPS - found);
	free(cache);
	return (seconds() - start) * 1e9 / LOOKUPS;
}

static void bench(unsigned int set, u32 n)
{
	struct nfipsec_flow *flow = calloc(n, sizeof(*flow));
	struct entry *e = calloc(n, sizeof(*e));
	struct nfipsec_classifier cls;
	atomic64_t state = {};
	double start, load, hot;
	u32 i;

	if (!flow || !e || nfipsec_classifier_init(&cls, &state))
		abort();
	for (i = 0; i < n; i++) {
		flow[i].family = AF_INET;
		flow[i].proto = IPPROTO_UDP;
		nfipsec_selector_any(&e[i].sel, AF_INET);
		e[i].rule.sel = &e[i].sel;
		e[i].rule.age = i;
		sets[set].make(&e[i], &flow[i], i);
	}
	start = seconds();
	for (i = 0; i < n; i++) {
		if (nfipsec_rule_add(&cls, &e[i].rule))
			abort();
		next_state(&cls);
	}
	load = seconds() - start;
	hot = look_up(&cls, flow, n < HOT ? n : HOT);
	printf("%-22s %8u %8.0f %8.0f %8.0f %10.3f %8lu\n", sets[set].name, n,
	       hot, look_up(&cls, flow, n),
	       look_up_cached(flow, n < HOT ? n : HOT), load,
	       unit_alloc_bytes / n + sizeof(struct nfipsec_rule));
	fflush(stdout);
	for (i = 0; i < n; i++)
		nfipsec_rule_del(&cls, &e[i].rule);
	nfipsec_classifier_exit(&cls);
	free(flow);
	free(e);
}

int main(int argc, char **argv)
{
	static const u32 counts[] = { 1, 100, 10000, 100000, 1000000 };
	u32 max = argc > 1 ? strtoul(argv[1], NULL, 0) : U32_MAX;
	const char *set = argc > 2 ? argv[2] : "";
	unsigned int i, j;

	printf("%-22s %8s %8s %8s %8s %10s %8s\n", "rules", "number", "hot ns",
	       "cold ns", "cached", "load s", "bytes");
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		if (!strstr(sets[i].name, set))
			continue;
		for (j = 0; j < ARRAY_SIZE(counts) && counts[j] <= max; j++)
			bench(i, counts[j]);
	}
	return 0;
}
