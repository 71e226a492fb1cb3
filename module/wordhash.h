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
 * nfipsec_wordhash() - hash words
 * @secret: random, one more than there are words
 * @word: key
 * @n: how many of them
 *
 * Multilinear hashing, which two keys survive with the same value no more often
 * than chance has it, whoever chose them without to know the secret. It takes a
 * third of what SipHash does.
 * Return: the hash.
 */
static __always_inline u32 nfipsec_wordhash(const u64 *secret, const u32 *word,
					    unsigned int n)
{
	return (secret[n] + nfipsec_wordsum(secret, word, n)) >> 32;
}

#endif
