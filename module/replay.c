// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anti-replay window and extended sequence numbers.
 *
 * The ring has at least one word more than the window needs. The word that
 * holds the top may therefore be ahead of the window in its high bits while
 * its low bits and all words behind it are history, and sliding the window is
 * clearing whole words: nothing is ever shifted.
 */
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "replay.h"

/* Without a window, how far behind the top a packet is still recognised. */
#define GUESS_REACH	BIT_ULL(31)

static u32 ring_bits(u32 window)
{
	return window ? roundup_pow_of_two(window + BITS_PER_LONG) : 0;
}

static u32 word_of(const struct nfipsec_replay *r, u64 seq)
{
	return ((u32)seq & r->mask) / BITS_PER_LONG;
}

/**
 * nfipsec_replay_size() - bytes to allocate for a replay window
 * @window: packets, 0 or NFIPSEC_REPLAY_MIN to NFIPSEC_REPLAY_MAX
 *
 * Context: any.
 * Return: size of struct nfipsec_replay with its ring.
 */
size_t nfipsec_replay_size(u32 window)
{
	return sizeof(struct nfipsec_replay) + ring_bits(window) / 8;
}

/**
 * nfipsec_replay_init() - start a replay window
 * @r: zeroed memory of nfipsec_replay_size(@window) bytes, the caller's
 * @window: packets, 0 or NFIPSEC_REPLAY_MIN to NFIPSEC_REPLAY_MAX
 * @esn: sequence numbers are 64 bit
 * @top: highest sequence number authenticated so far, 0 for a new SA; at most
 *	U32_MAX without @esn
 *
 * An SA that goes on where another host or an earlier life of it stopped comes
 * without a record of what is inside its window. All of that counts as seen:
 * a lost late packet is cheap, an accepted replay is not.
 *
 * Context: any; nobody else knows @r yet.
 */
void nfipsec_replay_init(struct nfipsec_replay *r, u32 window, bool esn,
			 u64 top)
{
	r->top = top;
	r->window = window;
	r->mask = window ? ring_bits(window) - 1 : 0;
	r->esn = esn;
	if (!window)
		return;

	memset(r->map, 0xff, ring_bits(window) / 8);
	r->map[word_of(r, top)] = GENMASK(top % BITS_PER_LONG, 0);
}

/**
 * nfipsec_replay_guess() - full sequence number of a received packet
 * @r: the window
 * @seq_lo: sequence number in the ESP header, host byte order
 *
 * RFC 4303 appendix A2.2: with ESN, the number is the lowest one that ends in
 * @seq_lo and is not left of the window. The appendix's two cases, window
 * inside one subspace of 2^32 numbers or across two, are this one rule. There
 * is nothing below 0, so near it the window's left edge is 0; at the other
 * end there is no next subspace, and what cannot be reached is answered with
 * a number left of the window, which nfipsec_replay_check() refuses.
 *
 * A window of 0 packets says nothing about how late a packet may be. The
 * number nearest to the top is taken then.
 *
 * Where a long is 32 bit, the top may be read torn while its low half wraps,
 * once in 2^32 packets; the ICV then refuses that one packet.
 *
 * Context: any, without lock.
 * Return: the 64 bit number the ICV is to be checked with; without ESN that
 * is @seq_lo.
 */
u64 nfipsec_replay_guess(const struct nfipsec_replay *r, u32 seq_lo)
{
	u64 top, behind, bottom, seq;

	if (!r->esn)
		return seq_lo;

	top = READ_ONCE(r->top);
	behind = (r->window ?: GUESS_REACH) - 1;
	bottom = top > behind ? top - behind : 0;
	seq = (bottom & ~(u64)U32_MAX) | seq_lo;
	if (seq < bottom && seq <= U64_MAX - BIT_ULL(32))
		seq += BIT_ULL(32);
	return seq;
}

static enum nfipsec_reason look_up(const struct nfipsec_replay *r, u64 top,
				   u64 seq)
{
	unsigned long word;

	if (!seq)
		return NFIPSEC_IN_SEQ_ZERO;
	if (seq > top)
		return NFIPSEC_OK;
	if (top - seq >= r->window)
		return NFIPSEC_IN_REPLAY_OLD;

	word = READ_ONCE(r->map[word_of(r, seq)]);
	if (word & BIT(seq % BITS_PER_LONG))
		return NFIPSEC_IN_REPLAY;
	return NFIPSEC_OK;
}

/**
 * nfipsec_replay_check() - is a packet worth its ICV check
 * @r: the window
 * @seq: full sequence number, as nfipsec_replay_guess() returned it
 *
 * Only a hint if a commit runs at the same time; nfipsec_replay_commit()
 * decides. Yet a number that is new is never called seen: words are cleared
 * before the top that needs them is published.
 *
 * Context: any, without lock.
 * Return: NFIPSEC_OK, NFIPSEC_IN_SEQ_ZERO, NFIPSEC_IN_REPLAY if seen before,
 * or NFIPSEC_IN_REPLAY_OLD if left of the window. Always NFIPSEC_OK without a
 * window.
 */
enum nfipsec_reason nfipsec_replay_check(const struct nfipsec_replay *r,
					 u64 seq)
{
	u64 top;

	if (!r->window)
		return NFIPSEC_OK;

	top = READ_ONCE(r->top);
	/* Pairs with smp_wmb() in advance(). */
	smp_rmb();
	return look_up(r, top, seq);
}

/* Move the top to @seq, right of it. A jump clears the ring once at most. */
static void advance(struct nfipsec_replay *r, u64 seq)
{
	u32 words = r->window ? (r->mask + 1) / BITS_PER_LONG : 0;
	u64 ahead = seq / BITS_PER_LONG - r->top / BITS_PER_LONG;
	u32 word = word_of(r, r->top);
	u32 i;

	ahead = min_t(u64, ahead, words);
	for (i = 0; i < ahead; i++) {
		word = (word + 1) & (words - 1);
		WRITE_ONCE(r->map[word], 0);
	}
	/* Pairs with smp_rmb() in nfipsec_replay_check(). */
	smp_wmb();
	WRITE_ONCE(r->top, seq);
}

/**
 * nfipsec_replay_commit() - accept a packet whose ICV was right
 * @r: the window
 * @seq: full sequence number the ICV was computed with; at most U32_MAX
 *	without ESN
 *
 * Test and set in one: of two copies of a packet that both passed the check,
 * one is accepted. Without a window every packet is, and the top still moves.
 *
 * Context: any, under the lock of the SA's window.
 * Return: as nfipsec_replay_check(); unless it is NFIPSEC_OK, nothing changed.
 */
enum nfipsec_reason nfipsec_replay_commit(struct nfipsec_replay *r, u64 seq)
{
	enum nfipsec_reason reason;
	u32 word;

	if (r->window) {
		reason = look_up(r, r->top, seq);
		if (reason != NFIPSEC_OK)
			return reason;
	}

	if (seq > r->top)
		advance(r, seq);
	if (READ_ONCE(r->fails))
		WRITE_ONCE(r->fails, 0);

	if (r->window) {
		word = word_of(r, seq);
		WRITE_ONCE(r->map[word],
			   r->map[word] | BIT(seq % BITS_PER_LONG));
	}
	return NFIPSEC_OK;
}

/**
 * nfipsec_replay_skip() - refuse all numbers up to one
 * @r: the window
 * @seq: highest number that counts as seen; at most U32_MAX without ESN
 *
 * As nfipsec_replay_init() for an SA that is in use. The window never goes back.
 *
 * Context: any, under the lock of the SA's window.
 */
void nfipsec_replay_skip(struct nfipsec_replay *r, u64 seq)
{
	u32 words = r->window ? (r->mask + 1) / BITS_PER_LONG : 0;
	u32 i;

	if (seq < r->top)
		return;
	for (i = 0; i < words; i++)
		WRITE_ONCE(r->map[i], ~0UL);
	if (words)
		WRITE_ONCE(r->map[word_of(r, seq)],
			   GENMASK(seq % BITS_PER_LONG, 0));
	/* Pairs with smp_rmb() in nfipsec_replay_check(). */
	smp_wmb();
	WRITE_ONCE(r->top, seq);
}

/**
 * nfipsec_replay_failed() - note that an ICV was wrong
 * @r: the window
 *
 * Context: any, without lock.
 */
void nfipsec_replay_failed(struct nfipsec_replay *r)
{
	u32 fails = READ_ONCE(r->fails);

	/* Not if it began anew meanwhile. */
	if (r->esn && fails < NFIPSEC_RESYNC_TRIGGER)
		cmpxchg(&r->fails, fails, fails + 1);
}

/**
 * nfipsec_replay_resync_due() - is it time to look for another high half?
 * @r: the window
 *
 * RFC 4303 appendix A3.1 and RFC 4302 B3.1: after many packets in a row with a wrong ICV. Each
 * time that it is, the count begins anew, so that somebody who sends bad
 * packets has little more work done for each than their ICV: at most
 * NFIPSEC_RESYNC_TRIES in NFIPSEC_RESYNC_TRIGGER packets.
 * Context: any, without lock.
 * Return: true if the next packet is to be tried with other high halves.
 */
bool nfipsec_replay_resync_due(struct nfipsec_replay *r)
{
	if (READ_ONCE(r->fails) < NFIPSEC_RESYNC_TRIGGER)
		return false;
	/* On one CPU only of those that saw it. */
	return xchg(&r->fails, 0) >= NFIPSEC_RESYNC_TRIGGER;
}

/**
 * nfipsec_replay_next_half() - the next number with the same lower half
 * @seq: changed
 *
 * Only ever upwards (RFC 4303 appendix A3.2): what is below was the window's to
 * refuse.
 * Context: any.
 * Return: false if there is none.
 */
bool nfipsec_replay_next_half(u64 *seq)
{
	if (*seq > U64_MAX - BIT_ULL(32))
		return false;
	*seq += BIT_ULL(32);
	return true;
}
