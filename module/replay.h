/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Anti-replay window and extended sequence numbers (RFC 4303 section 3.4.3,
 * appendix A; the bitmap is a ring as in RFC 6479). Pure logic: locking is the
 * caller's; compiles in user space too.
 */
#ifndef NFIPSEC_REPLAY_H
#define NFIPSEC_REPLAY_H

#include <linux/types.h>

#include "reason.h"

#define NFIPSEC_REPLAY_MIN	32
#define NFIPSEC_REPLAY_MAX	65536
#define NFIPSEC_REPLAY_DEFAULT	1024

/* Wrong ICVs in a row before high halves are tried, and how many are. */
#define NFIPSEC_RESYNC_TRIGGER	16
#define NFIPSEC_RESYNC_TRIES	16

/**
 * struct nfipsec_replay - receive window of one SA
 * @top: highest sequence number authenticated, 64 bit also without ESN;
 *	written only by nfipsec_replay_commit() and nfipsec_replay_skip()
 * @window: packets, 0 (no check) or NFIPSEC_REPLAY_MIN to NFIPSEC_REPLAY_MAX
 * @mask: ring size in bits minus one; the ring is larger than the window by
 *	at least one word
 * @fails: packets in a row whose ICV was wrong; written without lock, of two
 *	that are counted at once one may be lost, which only delays what it triggers
 * @esn: sequence numbers are 64 bit
 * @map: the ring, bit (seq & @mask) is sequence number seq
 *
 * nfipsec_replay_check() may run against a concurrent commit and is then only
 * a hint; nfipsec_replay_commit() decides and needs the SA's replay lock.
 */
struct nfipsec_replay {
	u64 top;
	u32 window;
	u32 mask;
	u32 fails;
	bool esn;
	unsigned long map[];
};

/* Bytes to allocate for a window; the memory must be zeroed before init. */
size_t nfipsec_replay_size(u32 window);
void nfipsec_replay_init(struct nfipsec_replay *r, u32 window, bool esn,
			 u64 top);
u64 nfipsec_replay_guess(const struct nfipsec_replay *r, u32 seq_lo);
enum nfipsec_reason nfipsec_replay_check(const struct nfipsec_replay *r,
					 u64 seq);
enum nfipsec_reason nfipsec_replay_commit(struct nfipsec_replay *r, u64 seq);
void nfipsec_replay_skip(struct nfipsec_replay *r, u64 seq);
void nfipsec_replay_failed(struct nfipsec_replay *r);
bool nfipsec_replay_resync_due(struct nfipsec_replay *r);
bool nfipsec_replay_next_half(u64 *seq);

#endif
