// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of keys of a few words: keys that count up are spread as if they were
 * random, whatever the secret is, and another seed spreads them otherwise.
 */
#include <string.h>

#include <linux/kernel.h>

#include "ktap.h"
#include "wordhash.h"

#define WORDS		10	/* of the key of an SA */
#define KEYS		768
#define BUCKETS		1024
#define SECRETS		3000
#define CHAIN		12	/* of random ones, one in a million is longer */

static u64 secret[WORDS + 1];
static u16 at[2][KEYS];

static void new_secret(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(secret); i++)
		secret[i] = ktap_random();
}

/* SPIs one after the other, in network byte order as in a key. */
static void spread(u16 *to, u32 seed)
{
	u32 word[WORDS] = { 0x0a000001 };
	unsigned int i;

	for (i = 0; i < KEYS; i++) {
		word[8] = __builtin_bswap32(0x1000 + i);
		to[i] = nfipsec_wordhash(secret, word, WORDS, seed) % BUCKETS;
	}
}

static unsigned int longest(const u16 *of)
{
	u16 count[BUCKETS] = {};
	unsigned int i, max = 0;

	for (i = 0; i < KEYS; i++) {
		if (++count[of[i]] > max)
			max = count[of[i]];
	}
	return max;
}

static void test_spread(void)
{
	unsigned int i, n;

	for (i = 0; i < SECRETS; i++) {
		new_secret();
		spread(at[0], i);
		n = longest(at[0]);
		if (!EXPECT(n <= CHAIN, "%u in a bucket, secret %u", n, i))
			break;
	}
}

/* Those that share a bucket do so by one seed, not by the other. */
static void test_seed(void)
{
	unsigned int i, j, one = 0, both = 0, n;

	for (n = 0; n < 20; n++) {
		new_secret();
		spread(at[0], 1);
		spread(at[1], 2);
		for (i = 0; i < KEYS; i++) {
			for (j = 0; j < i; j++) {
				one += at[0][i] == at[0][j];
				both += at[0][i] == at[0][j] &&
					at[1][i] == at[1][j];
			}
		}
	}
	EXPECT(one > 1000, "%u pairs", one);
	EXPECT(both < one / 100, "%u of %u pairs stay together", both, one);
}

const struct ktap_case wordhash_cases[] = {
	{ "wordhash: keys that count up are spread", test_spread },
	{ "wordhash: another seed spreads them otherwise", test_seed },
	{}
};
