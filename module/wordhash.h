/* SPDX-License-Identifier: GPL-2.0-only */
/* A hash for keys of a few words. */
#ifndef NFIPSEC_WORDHASH_H
#define NFIPSEC_WORDHASH_H

#include <linux/types.h>

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
	u64 sum = secret[n];
	unsigned int i;

	/* Where @n is a constant, there is no loop. */
#pragma GCC unroll 16
	for (i = 0; i < n; i++)
		sum += secret[i] * word[i];
	return sum >> 32;
}

#endif
