// SPDX-License-Identifier: GPL-2.0
/*
 * Unit tests of the module's pure logic in user space.
 *
 *	unit [WORD]	only cases whose name contains WORD
 *
 * UNIT_SEED=N in the environment changes the random numbers.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>

#include "ktap.h"

#define COMPLAINTS_MAX	8

static const struct ktap_case *const suites[] = {
	replay_cases, selector_cases, flow_cases, algo_cases, reason_cases,
	mutable_cases, outer_cases, path_cases, life_cases,
	sets_cases, demand_cases, classify_cases, pack_cases, wordhash_cases,
	meta_cases, flow_cache_cases,
};

static u64 seed = 20260;
static u64 random_state;
static unsigned int complaints;

bool ktap_expect(bool ok, const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (ok || complaints++ >= COMPLAINTS_MAX)
		return ok;

	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	return false;
}

/* splitmix64: any seed will do, 0 too. */
u64 ktap_random(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

u64 ktap_random_below(u64 n)
{
	return ktap_random() % n;
}

static unsigned int run_all(const char *word, bool count_only)
{
	unsigned int i, n = 0, failed = 0;
	const struct ktap_case *c;

	for (i = 0; i < ARRAY_SIZE(suites); i++) {
		for (c = suites[i]; c->name; c++) {
			if (word && !strstr(c->name, word))
				continue;
			n++;
			if (count_only)
				continue;
			complaints = 0;
			random_state = seed;
			c->run();
			if (complaints > COMPLAINTS_MAX)
				printf("# and %u more\n",
				       complaints - COMPLAINTS_MAX);
			printf("%sok %u %s\n", complaints ? "not " : "", n,
			       c->name);
			fflush(stdout);
			failed += !!complaints;
		}
	}
	return count_only ? n : failed;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	const char *env = getenv("UNIT_SEED");
	unsigned int total, failed;

	if (env)
		seed = strtoull(env, NULL, 0);

	total = run_all(word, true);
	printf("KTAP version 1\n1..%u\n# seed %llu\n", total, seed);
	/* A sanitizer that stops the process must not swallow this. */
	fflush(stdout);
	failed = run_all(word, false);
	printf("# Totals: pass:%u fail:%u skip:0\n", total - failed, failed);
	return failed || !total;
}
