// SPDX-License-Identifier: GPL-2.0
/* Limits of the life of an SA. */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>

#include "ktap.h"
#include "life.h"

#define SEC	1000000000ULL

#define BYTES		NFIPSEC_LIMIT_BYTES
#define PACKETS		NFIPSEC_LIMIT_PACKETS
#define TIME		NFIPSEC_LIMIT_TIME
#define TIME_USE	NFIPSEC_LIMIT_TIME_USE
#define S(limit)	NFIPSEC_SOFT(NFIPSEC_LIMIT_##limit)
#define H(limit)	NFIPSEC_HARD(NFIPSEC_LIMIT_##limit)

static const struct nfipsec_limits none;

static void presence(void)
{
	unsigned int i, hard;

	EXPECT(!nfipsec_limits_any(&none), "none is any");
	EXPECT(!nfipsec_limits_any_counted(&none), "none is counted");
	EXPECT(!nfipsec_limits_any_use(&none), "none is of use");
	for (i = 0; i < 2 * NFIPSEC_LIMITS_SET; i++) {
		struct nfipsec_limits l = none;
		unsigned int kind = i / 2;

		hard = i % 2;
		(hard ? l.hard : l.soft)[kind] = 1ULL << 63;
		EXPECT(nfipsec_limits_any(&l), "%u: not there", i);
		EXPECT(nfipsec_limits_any_counted(&l) ==
		       (kind == BYTES || kind == PACKETS), "%u: counted", i);
		EXPECT(nfipsec_limits_any_use(&l) == (kind == TIME_USE),
		       "%u: use", i);
		EXPECT(nfipsec_limits_changed(&l, &none) ==
		       (hard ? NFIPSEC_HARD(kind) : NFIPSEC_SOFT(kind)),
		       "%u: changed", i);
		EXPECT(!nfipsec_limits_changed(&l, &l), "%u: unchanged", i);
	}
}

static void crossed(void)
{
	struct nfipsec_limits l;
	unsigned int i;

	EXPECT(nfipsec_limits_crossed(&none) == -1, "none");
	for (i = 0; i < NFIPSEC_LIMITS_SET; i++) {
		l = none;
		l.soft[i] = 5;
		EXPECT(nfipsec_limits_crossed(&l) == -1, "%u: soft alone", i);
		l.hard[i] = 5;
		EXPECT(nfipsec_limits_crossed(&l) == -1, "%u: equal", i);
		l.hard[i] = 4;
		EXPECT(nfipsec_limits_crossed(&l) == (int)i, "%u: not seen", i);
		l.soft[i] = 0;
		EXPECT(nfipsec_limits_crossed(&l) == -1, "%u: hard alone", i);
	}
}

static void counted(void)
{
	static const struct {
		u64 bytes, packets;
		u32 want;
		bool over;
	} cases[] = {
		{ 0, 0, 0, false },
		{ 99, 2, 0, false },
		{ 100, 2, S(BYTES), false },
		{ 199, 2, S(BYTES), false },
		{ 200, 2, S(BYTES) | H(BYTES), false },
		{ 201, 2, S(BYTES) | H(BYTES), true },
		{ 99, 3, S(PACKETS), false },
		{ 99, 4, S(PACKETS) | H(PACKETS), false },
		{ 99, 5, S(PACKETS) | H(PACKETS), true },
		{ U64_MAX, 0, S(BYTES) | H(BYTES), true },
		{ 200, 4, S(BYTES) | H(BYTES) | S(PACKETS) | H(PACKETS), false },
	};
	static const struct nfipsec_limits l = {
		.soft = { [BYTES] = 100, [PACKETS] = 3, [TIME] = 1 },
		.hard = { [BYTES] = 200, [PACKETS] = 4, [TIME] = 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT(nfipsec_limits_counted(&l, cases[i].bytes,
					      cases[i].packets) ==
		       cases[i].want, "%u: %x", i,
		       nfipsec_limits_counted(&l, cases[i].bytes,
					      cases[i].packets));
		EXPECT(nfipsec_limits_exceeded(&l, cases[i].bytes,
					       cases[i].packets) ==
		       cases[i].over, "%u: over", i);
	}
	EXPECT(!nfipsec_limits_counted(&none, U64_MAX, U64_MAX), "none");
	EXPECT(!nfipsec_limits_exceeded(&none, U64_MAX, U64_MAX), "none over");
}

static void timed(void)
{
	static const struct nfipsec_limits l = {
		.soft = { [BYTES] = 1, [TIME] = 10, [TIME_USE] = 3 },
		.hard = { [PACKETS] = 1, [TIME] = 20, [TIME_USE] = 7 },
	};
	static const struct {
		u64 used, now;
		u32 want;
	} cases[] = {
		{ 0, 100 * SEC, 0 },
		{ 0, 110 * SEC - 1, 0 },
		{ 0, 110 * SEC, S(TIME) },
		{ 0, 120 * SEC - 1, S(TIME) },
		{ 0, 120 * SEC, S(TIME) | H(TIME) },
		{ 101 * SEC, 104 * SEC - 1, 0 },
		{ 101 * SEC, 104 * SEC, S(TIME_USE) },
		{ 101 * SEC, 108 * SEC, S(TIME_USE) | H(TIME_USE) },
		{ 119 * SEC, 120 * SEC, S(TIME) | H(TIME) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(nfipsec_limits_timed(&l, 100 * SEC, cases[i].used,
					    cases[i].now) == cases[i].want,
		       "%u: %x", i,
		       nfipsec_limits_timed(&l, 100 * SEC, cases[i].used,
					    cases[i].now));
	EXPECT(!nfipsec_limits_timed(&none, 1, 1, U64_MAX - 1), "none");
}

static void due(void)
{
	static const struct nfipsec_limits l = {
		.soft = { [BYTES] = 1, [TIME] = 10, [TIME_USE] = 3 },
		.hard = { [PACKETS] = 1, [TIME] = 20, [TIME_USE] = 7 },
	};
	static const struct {
		u32 told;
		u64 used, want;
	} cases[] = {
		{ 0, 0, 110 * SEC },
		{ S(TIME), 0, 120 * SEC },
		{ S(TIME) | H(TIME), 0, NFIPSEC_NEVER },
		{ 0, 102 * SEC, 105 * SEC },
		{ S(TIME_USE), 102 * SEC, 109 * SEC },
		{ S(TIME_USE) | H(TIME_USE), 102 * SEC, 110 * SEC },
		{ S(BYTES) | H(PACKETS), 109 * SEC, 110 * SEC },
		{ S(TIME), 115 * SEC, 118 * SEC },
	};
	struct nfipsec_limits far = { .hard = { [TIME] = U64_MAX } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(nfipsec_limits_due(&l, cases[i].told, 100 * SEC,
					  cases[i].used) == cases[i].want,
		       "%u: %llu", i,
		       nfipsec_limits_due(&l, cases[i].told, 100 * SEC,
					  cases[i].used));
	EXPECT(nfipsec_limits_due(&none, 0, 1, 1) == NFIPSEC_NEVER, "none");

	/* past the end of the clock */
	EXPECT(nfipsec_limits_due(&far, 0, SEC, 0) == NFIPSEC_NEVER, "far");
	EXPECT(!nfipsec_limits_timed(&far, SEC, 0, U64_MAX - 1), "far reached");
	far.hard[TIME] = U64_MAX / SEC + 2;
	EXPECT(nfipsec_limits_due(&far, 0, SEC, 0) == NFIPSEC_NEVER, "wraps");
	far.hard[TIME] = (U64_MAX - SEC) / SEC;
	EXPECT(nfipsec_limits_due(&far, 0, SEC, 0) ==
	       SEC + (U64_MAX - SEC) / SEC * SEC, "farthest");
	far.hard[TIME]++;
	EXPECT(nfipsec_limits_due(&far, 0, SEC, 0) == NFIPSEC_NEVER,
	       "one farther");
}

/* What is due next is reached then, and nothing is before. */
static void agree(void)
{
	unsigned int i, n;

	for (n = 0; n < 20000; n++) {
		u64 added = 1 + ktap_random_below(100), used = 0, when;
		struct nfipsec_limits l = none;
		u32 told = 0, set;

		for (i = 0; i < NFIPSEC_LIMITS_SET; i++) {
			l.soft[i] = ktap_random_below(3);
			l.hard[i] = ktap_random_below(3);
		}
		if (ktap_random() & 1)
			used = added + ktap_random_below(3 * SEC);
		for (i = 0; i < 5; i++) {
			when = nfipsec_limits_due(&l, told, added, used);
			if (when == NFIPSEC_NEVER)
				break;
			set = nfipsec_limits_timed(&l, added, used, when - 1);
			EXPECT(!(set & ~told), "%u: early", n);
			set = nfipsec_limits_timed(&l, added, used, when);
			EXPECT(set & ~told, "%u: late", n);
			told |= set;
		}
		EXPECT(i < 5, "%u: no end", n);
		EXPECT(nfipsec_limits_timed(&l, added, used, U64_MAX / 2) ==
		       told, "%u: forgotten", n);
	}
}

const struct ktap_case life_cases[] = {
	{ "life: which limits there are", presence },
	{ "life: soft above hard", crossed },
	{ "life: bytes and packets", counted },
	{ "life: times", timed },
	{ "life: what is due", due },
	{ "life: due and reached agree", agree },
	{}
};
