/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash for keys of a few words. */
#ifndef NFIPSEC_WORDHASH_H
#define NFIPSEC_WORDHASH_H

#include <linux/types.h>

/**
 * nfipsec_wordsum() - add up words, each by its weight
 * @secret: random, one for each word
 * @word: words
 * @n: how many of them; where that is a constant, there is no loop
 *
 * What nfipsec_wordhash() is made of, for who has more to add.
 * Return: the sum.
 */
static __always_inline u64 nfipsec_wordsum(const u64 *secret, const u32 *word,
					   unsigned int n)
{
	unsigned int i;
	u64 sum = 0;

#pragma GCC unroll 16
	for (i = 0; i < n; i++)
		sum += secret[i] * word[i];
	return sum;
}

/**
 * nfipsec_wordmix() - let all bits of a sum count in each bit of the hash
 * @sum: with a secret of its own in it
 * @seed: another one is another hash
 *
 * Keys that count up, as SPIs and ports do, have sums that do so by one step, and
 * lie in a table as even or as uneven as that step has it.
 * Return: the hash.
 */
static __always_inline u32 nfipsec_wordmix(u64 sum, u32 seed)
{
	u32 hash = (sum >> 32) ^ seed;

	hash *= 0x85ebca6b;
	hash ^= hash >> 15;
	hash *= 0xc2b2ae35;
	return hash ^ hash >> 16;
}

/**
 * nfipsec_wordhash() - hash words
 * @secret: random, one more than there are words
 * @word: key
 * @n: how many of them
 * @seed: another one is another hash
 *
 * Multilinear hashing, which two keys survive with the same value no more often
 * than chance has it, whoever chose them without to know the secret; and mixed, as
 * more than two keys matter. It takes a third of what SipHash does.
 * Return: the hash.
 */
static __always_inline u32 nfipsec_wordhash(const u64 *secret, const u32 *word,
					    unsigned int n, u32 seed)
{
	return nfipsec_wordmix(secret[n] + nfipsec_wordsum(secret, word, n),
			       seed);
}

#endif
