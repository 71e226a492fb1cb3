// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sequence numbers that an SA sends with (RFC 4303 section 3.3.3).
 *
 * An SA may have a ceiling, beyond which no number is given out: whoever has
 * written down that all up to there may be used raises it. After a crash the SA
 * goes on behind what was written down, and no number is used twice. Only an SA
 * with a ceiling, or around another one, has its counter looked at before a number is
 * taken.
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "hibernate.h"
#include "sa.h"

/* Where somebody is to be told of the end of all numbers. */
static u64 soft_limit(u64 limit)
{
	return limit - limit / 16;
}

/* And of the ceiling: in the middle of what it leaves. */
static void set_max(struct nfipsec_sa *sa, u64 seq, u64 max)
{
	u64 limit = nfipsec_sa_seq_limit(sa->flags);
	u64 soft = seq < max ? seq + (max - seq) / 2 : 0;

	if (max == limit)
		soft = limit;
	atomic64_set(&sa->core->seq_max, max);
	atomic64_set(&sa->core->seq_soft, soft);
	atomic64_set(&sa->core->seq_mark, min(soft, soft_limit(limit)));
}

/**
 * nfipsec_sa_seq_init() - begin to count
 * @sa: an SA that nobody else knows, with its flags
 * @cfg: what it is to be
 *
 * Context: any.
 */
void nfipsec_sa_seq_init(struct nfipsec_sa *sa,
			 const struct nfipsec_sa_config *cfg)
{
	atomic64_set(&sa->core->seq, cfg->seq_out);
	set_max(sa, cfg->seq_out, cfg->has_seq_max ? cfg->seq_max :
					nfipsec_sa_seq_limit(sa->flags));
}

/**
 * nfipsec_sa_seq_next() - take the next sequence number
 * @sa: a mature SA
 * @seq: the number, 64 bit also without ESN; if there is none, the largest
 *	that there is
 *
 * No number is ever given out twice. IVs of counter-based ciphers are made of it,
 * for which a second use gives away the key stream and the authentication key.
 * Only with NFIPSEC_SA_FLAG_SEQ_ROLLOVER, which goes with no such cipher, it is
 * 0 after U32_MAX.
 *
 * Context: any; under rcu_read_lock() to be sure of the ceiling, see
 * nfipsec_sa_seq_set_max().
 * Return: NFIPSEC_OK, NFIPSEC_OUT_SEQ if the SA has used up its numbers (RFC
 * 4303 section 3.3.3), or NFIPSEC_OUT_SEQ_MAX if it must not go on yet.
 */
enum nfipsec_reason nfipsec_sa_seq_next(struct nfipsec_sa *sa, u64 *seq)
{
	u64 limit = nfipsec_sa_seq_limit(sa->flags);
	u64 max = atomic64_read(&sa->core->seq_max);
	u64 next;

	*seq = max;
	/* Who waits shall not use up numbers. They cannot be taken back: the
	 * ceiling may rise meanwhile, and another sender get the next one.
	 */
	if (unlikely(max < limit) && (u64)atomic64_read(&sa->core->seq) >= max)
		return NFIPSEC_OUT_SEQ_MAX;

	next = atomic64_inc_return(&sa->core->seq);
	if (likely(next <= max)) {
		*seq = next;
		return NFIPSEC_OK;
	}
	if (sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER) {
		*seq = lower_32_bits(next);
		return NFIPSEC_OK;
	}
	/* Others took the last ones since the look: a number is lost, at most
	 * one for each CPU.
	 */
	if (max < limit)
		return NFIPSEC_OUT_SEQ_MAX;

	/* Once past the limit, the counter only ever takes values from the
	 * limit upwards: senders add one, and each of them comes here and
	 * takes it back. To wrap, NFIPSEC_SEQ_GUARD of them would have to stand
	 * between the increment above and this line at once.
	 */
	atomic64_set(&sa->core->seq, limit);
	return NFIPSEC_OUT_SEQ;
}

/**
 * nfipsec_sa_seq_left() - would an SA have a number for the next packet?
 * @sa: a mature SA
 *
 * Takes none.
 *
 * Context: any.
 * Return: what nfipsec_sa_seq_next() would now; NFIPSEC_OUT_HIBERNATION while nobody may
 * call that.
 */
enum nfipsec_reason nfipsec_sa_seq_left(const struct nfipsec_sa *sa)
{
	u64 limit = nfipsec_sa_seq_limit(sa->flags);
	u64 max = atomic64_read(&sa->core->seq_max);

	if (nfipsec_hibernates())
		return NFIPSEC_OUT_HIBERNATION;
	if ((u64)atomic64_read(&sa->core->seq) < max)
		return NFIPSEC_OK;
	if (max < limit)
		return NFIPSEC_OUT_SEQ_MAX;
	return sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER ? NFIPSEC_OK :
							  NFIPSEC_OUT_SEQ;
}

/**
 * nfipsec_sa_seq_reached() - is an SA near the end of its sequence numbers?
 * @sa: the SA
 * @seq: last number that was sent
 *
 * Who replaces it needs some time: a sixteenth of 2^32 lasts half a minute at
 * ten million packets a second. Who raises its ceiling has half of what that
 * left.
 *
 * Context: any.
 * Return: a set of limits, see life.h; with the hard one if none is left.
 */
u32 nfipsec_sa_seq_reached(const struct nfipsec_sa *sa, u64 seq)
{
	u64 limit, max;
	u32 set = 0;

	if (likely(seq < (u64)atomic64_read(&sa->core->seq_mark)) ||
	    (sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER))
		return 0;

	limit = nfipsec_sa_seq_limit(sa->flags);
	if (seq >= soft_limit(limit))
		set |= NFIPSEC_SOFT(NFIPSEC_LIMIT_SEQ);
	if (seq >= limit)
		set |= NFIPSEC_HARD(NFIPSEC_LIMIT_SEQ);
	max = atomic64_read(&sa->core->seq_max);
	if (max < limit && seq >= (u64)atomic64_read(&sa->core->seq_soft))
		set |= NFIPSEC_SOFT(NFIPSEC_LIMIT_SEQ_MAX);
	if (max < limit && seq >= max)
		set |= NFIPSEC_HARD(NFIPSEC_LIMIT_SEQ_MAX);
	return set;
}

/**
 * nfipsec_sa_seq_set_max() - give an SA another ceiling
 * @sa: a mature SA, in the SAD
 * @max: largest number that it may send with, nfipsec_sa_seq_limit() for none
 *
 * Also one below what was sent already: it then sends nothing.
 *
 * Context: process context under nn->lock, sleeps. No number above @max is
 * given out after this returns.
 */
void nfipsec_sa_seq_set_max(struct nfipsec_sa *sa, u64 max)
{
	u64 old = atomic64_read(&sa->core->seq_max);

	set_max(sa, atomic64_read(&sa->core->seq), max);
	if (max < old)
		synchronize_rcu();
}

/**
 * nfipsec_sa_seq_skip() - go on behind a sequence number
 * @sa: a mature SA without NFIPSEC_SA_FLAG_SEQ_ROLLOVER
 * @seq: all numbers up to this count as sent, at most nfipsec_sa_seq_limit()
 *
 * Context: any. The counter never goes back. Fully ordered: who sees a ceiling
 * that is set afterwards takes a number behind @seq.
 */
void nfipsec_sa_seq_skip(struct nfipsec_sa *sa, u64 seq)
{
	s64 old = atomic64_read(&sa->core->seq);

	while ((u64)old < seq)
		if (atomic64_try_cmpxchg(&sa->core->seq, &old, seq))
			return;
}
