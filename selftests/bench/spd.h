/* SPDX-License-Identifier: GPL-2.0 */
/* What spd.c and spd_load.c share. */
#ifndef BENCH_SPD_H
#define BENCH_SPD_H

#include <stdint.h>
#include <time.h>

#define SRC_NET		0x0a000000u	/* 10.0.0.0/8 */
#define DST_NET		0x0b000000u	/* 11.0.0.0/8 */
#define MAX_POLICIES	1000000

/* Addresses and ports in host byte order; 0 is any protocol or port. */
struct policy {
	uint32_t src, dst;
	uint8_t src_plen, dst_plen;
	uint8_t proto;
	uint16_t sport, dport;
	uint32_t priority;
};

/* What became of loading. */
struct load {
	unsigned int done;	/* policies asked for before the limit */
	unsigned int doubles;	/* of them, those that were there already */
	uint64_t ns;
	uint64_t flush_ns;
	int64_t bytes;		/* memory that they took */
};

struct loader;

const struct loader *find_loader(const char *who);
void load(const struct loader *l, unsigned int count, unsigned int limit,
	  struct load *result);
void unload(const struct loader *l, struct load *result);

void set_policy(unsigned int i, struct policy *p);
void die(const char *what) __attribute__((noreturn));

static inline uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

#endif
