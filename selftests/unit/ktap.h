/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The little that unit tests need: cases, expectations, KTAP, reproducible
 * random numbers.
 */
#ifndef UNIT_KTAP_H
#define UNIT_KTAP_H

#include <linux/types.h>

/**
 * struct ktap_case - one line of the result
 * @name: suite and case, "replay: ..."
 * @run: fails by a failed EXPECT()
 */
struct ktap_case {
	const char *name;
	void (*run)(void);
};

/* Each ends with an entry without name. */
extern const struct ktap_case replay_cases[];
extern const struct ktap_case selector_cases[];
extern const struct ktap_case flow_cases[];
extern const struct ktap_case algo_cases[];
extern const struct ktap_case reason_cases[];
extern const struct ktap_case mutable_cases[];
extern const struct ktap_case outer_cases[];
extern const struct ktap_case path_cases[];
extern const struct ktap_case life_cases[];
extern const struct ktap_case sets_cases[];
extern const struct ktap_case demand_cases[];
extern const struct ktap_case classify_cases[];
extern const struct ktap_case pack_cases[];
extern const struct ktap_case wordhash_cases[];
extern const struct ktap_case meta_cases[];
extern const struct ktap_case flow_cache_cases[];

bool ktap_expect(bool ok, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Is false, and the case fails with the message, unless @cond holds. */
#define EXPECT(cond, ...) \
	ktap_expect(cond, __FILE__, __LINE__, __VA_ARGS__)

/* Pseudo-random; every case starts again at the seed. */
u64 ktap_random(void);
/* 0 to @n - 1. */
u64 ktap_random_below(u64 n);

#endif
