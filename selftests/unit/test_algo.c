// SPDX-License-Identifier: GPL-2.0
/* The algorithm table; its source is included to see the table itself. */
#include "algo.c"

#include <ctype.h>
#include <strings.h>

#include "ktap.h"

#define ROWS	ARRAY_SIZE(algos)
#define ALIASES	ARRAY_SIZE(algos[0].alias)

static unsigned int key_max(const struct nfipsec_algo *a)
{
	unsigned int i, max = 0;

	for (i = 0; i < ARRAY_SIZE(a->key_len); i++)
		if (a->key_len[i] > max)
			max = a->key_len[i];
	return max + a->salt_len;
}

static void limits(void)
{
	const struct nfipsec_algo *a;
	unsigned int i, k;

	for (a = algos; a < algos + ROWS; a++) {
		EXPECT(key_max(a) <= NFIPSEC_KEY_MAX, "%s: key", a->name);
		EXPECT(a->iv_len <= NFIPSEC_IV_MAX, "%s: IV", a->name);
		EXPECT(a->salt_len <= NFIPSEC_SALT_MAX, "%s: salt", a->name);
		for (i = 0; i < ARRAY_SIZE(a->icv_bits); i++)
			EXPECT(a->icv_bits[i] <= 8 * NFIPSEC_ICV_MAX &&
			       a->icv_bits[i] % 8 == 0, "%s: ICV of %u bits",
			       a->name, a->icv_bits[i]);

		/* Every list ends inside its array, key lengths ascend. */
		k = ARRAY_SIZE(a->key_len) - 1;
		EXPECT(!a->key_len[k], "%s: key lengths do not end", a->name);
		EXPECT(!a->icv_bits[ARRAY_SIZE(a->icv_bits) - 1],
		       "%s: ICV lengths do not end", a->name);
		EXPECT(!a->alias[ALIASES - 1], "%s: aliases do not end",
		       a->name);
		for (i = 1; i < k && a->key_len[i]; i++)
			EXPECT(a->key_len[i] > a->key_len[i - 1],
			       "%s: key lengths do not ascend", a->name);
		EXPECT(a->block && !(a->block & (a->block - 1)),
		       "%s: block %u", a->name, a->block);
	}
}

static void kinds(void)
{
	const struct nfipsec_algo *a;

	for (a = algos; a < algos + ROWS; a++) {
		EXPECT(!!a->icv_bits[0] == (a->kind != NFIPSEC_ENC),
		       "%s: ICV does not go with its kind", a->name);
		EXPECT(!!a->iv_len == (a->iv != NFIPSEC_IV_NONE),
		       "%s: IV length and kind of IV disagree", a->name);
		EXPECT(a->iv != NFIPSEC_IV_SEQ || a->iv_len == 8,
		       "%s: IV is the sequence number but not 8 bytes",
		       a->name);
		EXPECT(a->kind != NFIPSEC_AUTH || !a->iv_len,
		       "%s: authentication with IV", a->name);
		EXPECT(!a->salt_len || a->kind == NFIPSEC_AEAD,
		       "%s: salt", a->name);
		EXPECT(!!a->key_len[0] != a->null, "%s: key of the NULL cipher",
		       a->name);
		EXPECT(a->block == 1 || a->iv_len == a->block,
		       "%s: CBC takes an IV of one block", a->name);
		EXPECT(a->rfc && !strncmp(a->rfc, "RFC ", 4), "%s: RFC",
		       a->name);
		EXPECT(a->alias[0], "%s: no name for people", a->name);
	}
}

/* Name @n of a row: 0 is the kernel's, then the aliases. */
static const char *name_of(const struct nfipsec_algo *a, unsigned int n)
{
	return n ? a->alias[n - 1] : a->name;
}

static void names(void)
{
	const struct nfipsec_algo *a, *b;
	const char *name, *other, *p;
	unsigned int n, m;

	for (a = algos; a < algos + ROWS; a++) {
		for (n = 0; n < ALIASES && (name = name_of(a, n)); n++) {
			for (p = name; *p; p++)
				EXPECT(*p > ' ' && *p < 127 && !isupper(*p),
				       "%s: not plain lower case", name);
			EXPECT(strlen(name) < 64, "%s: longer than the API",
			       name);
			for (b = algos; b <= a; b++) {
				for (m = 0; m < ALIASES &&
				     (other = name_of(b, m)); m++) {
					if (a == b && m >= n)
						break;
					EXPECT(a->kind != b->kind ||
					       strcmp(name, other),
					       "%s twice", name);
				}
			}
		}
	}
}

static void find(void)
{
	const struct nfipsec_algo *a, *want;
	unsigned int kind, n;
	const char *name;

	for (a = algos; a < algos + ROWS; a++) {
		for (n = 0; n < ALIASES && (name = name_of(a, n)); n++) {
			for (kind = NFIPSEC_AEAD; kind <= NFIPSEC_AUTH; kind++) {
				want = kind == a->kind ? a : NULL;
				EXPECT(nfipsec_algo_find(kind, name) == want,
				       "%s, kind %u", name, kind);
			}
		}
	}
}

static void find_not(void)
{
	static const char *const bad[] = {
		"", "gcm(aes)", "rfc4106(gcm(aes)", "rfc4106(gcm(aes)))",
		"RFC4106(GCM(AES))", "aes-gcm-1", "aes-gcm-166", "aes ",
		"md5", "hmac(sha1)", "cbc(des)", "nul",
	};
	unsigned int i, kind;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		for (kind = NFIPSEC_AEAD; kind <= NFIPSEC_AUTH; kind++)
			EXPECT(!nfipsec_algo_find(kind, bad[i]),
			       "\"%s\" found, kind %u", bad[i], kind);
}

/* What the RFCs say, written down a second time. */
static const struct {
	enum nfipsec_algo_kind kind;
	const char *name;
	const char *alias;
	unsigned int keys[4];	/* salt included */
	unsigned int icv;
	unsigned int iv_len;
	enum nfipsec_iv_kind iv;
	unsigned int block;
} truth[] = {
	{ NFIPSEC_AEAD, "rfc4106(gcm(aes))", "aes128gcm16", { 20, 28, 36 },
	  128, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc4106(gcm(aes))", "aes256gcm16", { 20, 28, 36 },
	  128, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc7539esp(chacha20,poly1305)", "chacha20poly1305",
	  { 36 }, 128, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_ENC, "cbc(aes)", "aes", { 16, 24, 32 }, 0, 16,
	  NFIPSEC_IV_RANDOM, 16 },
	{ NFIPSEC_ENC, "ecb(cipher_null)", "null", { 0 }, 0, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "hmac(sha256)", "sha256", { 32 }, 128, 0,
	  NFIPSEC_IV_NONE, 1 },
};

static bool listed(const unsigned int *keys, unsigned int len)
{
	unsigned int i;

	if (!keys[0])
		return !len;
	for (i = 0; i < 4 && keys[i]; i++)
		if (keys[i] == len)
			return true;
	return false;
}

static void rows(void)
{
	const struct nfipsec_algo *a;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(truth); i++) {
		a = nfipsec_algo_find(truth[i].kind, truth[i].name);
		if (!EXPECT(a, "%s missing", truth[i].name))
			continue;
		EXPECT(a == nfipsec_algo_find(truth[i].kind, truth[i].alias),
		       "%s is not %s", truth[i].alias, truth[i].name);
		EXPECT(a->iv == truth[i].iv && a->iv_len == truth[i].iv_len,
		       "%s: IV", a->name);
		EXPECT(a->block == truth[i].block, "%s: block", a->name);
		for (n = 0; n <= 300; n++) {
			EXPECT(nfipsec_algo_key_ok(a, n) ==
			       listed(truth[i].keys, n),
			       "%s: key of %u bytes", a->name, n);
			EXPECT(nfipsec_algo_icv_ok(a, n) ==
			       (n && n == truth[i].icv),
			       "%s: ICV of %u bits", a->name, n);
		}
	}
}

const struct ktap_case algo_cases[] = {
	{ "algo: every row fits the limits", limits },
	{ "algo: the fields of a row agree", kinds },
	{ "algo: names and aliases are unique within their kind", names },
	{ "algo: every name and alias is found, by its kind only", find },
	{ "algo: other words are not found", find_not },
	{ "algo: key, ICV, IV and block are those of the RFCs", rows },
	{ }
};
