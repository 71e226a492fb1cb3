/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What limits the life of an SA (RFC 4301 section 4.4.2.1). Pure logic;
 * compiles in user space too.
 */
#ifndef NFIPSEC_LIFE_H
#define NFIPSEC_LIFE_H

#include <linux/bits.h>
#include <linux/types.h>
#include <uapi/linux/nfipsec.h>

/* Of enum nfipsec_limit, those that can be set; bytes and packets come first. */
#define NFIPSEC_LIMITS_COUNTED	(NFIPSEC_LIMIT_PACKETS + 1)
#define NFIPSEC_LIMITS_SET	(NFIPSEC_LIMIT_TIME_USE + 1)
#define NFIPSEC_LIMITS_ALL	(NFIPSEC_LIMIT_SEQ_MAX + 1)

/* A set of limits has a bit for each, by enum nfipsec_limit. */
#define NFIPSEC_SOFT(limit)	BIT(limit)
#define NFIPSEC_HARD(limit)	(BIT(limit) << 16)

/* Those at whose end an SA is deleted. */
#define NFIPSEC_HARD_DELETES						\
	(NFIPSEC_HARD(NFIPSEC_LIMIT_BYTES) |				\
	 NFIPSEC_HARD(NFIPSEC_LIMIT_PACKETS) |				\
	 NFIPSEC_HARD(NFIPSEC_LIMIT_TIME) |				\
	 NFIPSEC_HARD(NFIPSEC_LIMIT_TIME_USE))

/* Nanoseconds since boot that never come. */
#define NFIPSEC_NEVER		U64_MAX

/**
 * struct nfipsec_limits - limits by enum nfipsec_limit, bytes, packets, seconds
 * @soft: told when it is reached, 0 is none
 * @hard: end of the SA, not below @soft, 0 is none
 */
struct nfipsec_limits {
	u64 soft[NFIPSEC_LIMITS_SET];
	u64 hard[NFIPSEC_LIMITS_SET];
};

bool nfipsec_limits_any(const struct nfipsec_limits *l);
bool nfipsec_limits_any_counted(const struct nfipsec_limits *l);
bool nfipsec_limits_any_use(const struct nfipsec_limits *l);
int nfipsec_limits_crossed(const struct nfipsec_limits *l);
u32 nfipsec_limits_changed(const struct nfipsec_limits *a,
			   const struct nfipsec_limits *b);
bool nfipsec_limits_exceeded(const struct nfipsec_limits *l, u64 bytes,
			     u64 packets);
u32 nfipsec_limits_counted(const struct nfipsec_limits *l, u64 bytes,
			   u64 packets);
u32 nfipsec_limits_timed(const struct nfipsec_limits *l, u64 added, u64 used,
			 u64 now);
u64 nfipsec_limits_due(const struct nfipsec_limits *l, u32 told, u64 added,
		       u64 used);

#endif
