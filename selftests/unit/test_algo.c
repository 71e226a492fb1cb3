// SPDX-License-Identifier: GPL-2.0
/*
 * The algorithm table and the known answers; their source is included to see
 * the tables themselves.
 */
#include "algo.c"
#include "kat_vectors.h"

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
		EXPECT(!!a->salt_len == (a->iv == NFIPSEC_IV_SEQ),
		       "%s: salt goes with an IV that counts", a->name);
		EXPECT(!a->iiv || (a->kind == NFIPSEC_AEAD &&
				   a->iv == NFIPSEC_IV_SEQ),
		       "%s: implicit IV", a->name);
		/* RFC 4543 section 4 is the only RFC that has one. */
		EXPECT(a->ah == !strcmp(a->name, "rfc4543(gcm(aes))"),
		       "%s: combined mode for AH", a->name);
		EXPECT(!a->icv96 || !nfipsec_algo_icv_ok(a, 96),
		       "%s: refuses and takes 96 bits", a->name);
		EXPECT(!!a->lacks != a->null, "%s: what brings it", a->name);
		EXPECT(!a->lacks || strstr(a->lacks, "CONFIG_CRYPTO_"),
		       "%s: what brings it: %s", a->name, a->lacks);
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
		"md5", "hmac(md5)", "cbc(des)", "des", "nul", "aes128gcm16iiv",
		"sha256_96", "cbc(blowfish)", "ctr(aes)", "gcm", "aes128gcm",
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
	unsigned int icv[4];
	unsigned int iv_len;
	enum nfipsec_iv_kind iv;
	unsigned int block;
} truth[] = {
	{ NFIPSEC_AEAD, "rfc4106(gcm(aes))", "aes128gcm16", { 20, 28, 36 },
	  { 64, 96, 128 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc4106(gcm(aes))", "aes256gcm8", { 20, 28, 36 },
	  { 64, 96, 128 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc4309(ccm(aes))", "aes128ccm8", { 19, 27, 35 },
	  { 64, 96, 128 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc7539esp(chacha20,poly1305)", "chacha20poly1305",
	  { 36 }, { 128 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_AEAD, "rfc4543(gcm(aes))", "aes128gmac", { 20, 28, 36 },
	  { 128 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_ENC, "cbc(aes)", "aes", { 16, 24, 32 }, { 0 }, 16,
	  NFIPSEC_IV_RANDOM, 16 },
	{ NFIPSEC_ENC, "rfc3686(ctr(aes))", "aes192ctr", { 20, 28, 36 },
	  { 0 }, 8, NFIPSEC_IV_SEQ, 1 },
	{ NFIPSEC_ENC, "cbc(camellia)", "camellia256", { 16, 24, 32 }, { 0 },
	  16, NFIPSEC_IV_RANDOM, 16 },
	{ NFIPSEC_ENC, "cbc(des3_ede)", "3des", { 24 }, { 0 }, 8,
	  NFIPSEC_IV_RANDOM, 8 },
	{ NFIPSEC_ENC, "ecb(cipher_null)", "null", { 0 }, { 0 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "hmac(sha1)", "sha1", { 20 }, { 96 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "hmac(sha256)", "sha256", { 32 }, { 128 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "hmac(sha384)", "sha384", { 48 }, { 192 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "hmac(sha512)", "sha512", { 64 }, { 256 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "xcbc(aes)", "aesxcbc", { 16 }, { 96 }, 0,
	  NFIPSEC_IV_NONE, 1 },
	{ NFIPSEC_AUTH, "cmac(aes)", "aescmac", { 16 }, { 96 }, 0,
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
			       (n && listed(truth[i].icv, n)),
			       "%s: ICV of %u bits", a->name, n);
		}
	}
}

/* RFC 8221: what should not be used is marked, and nothing else. */
static void weak_rows(void)
{
	const struct nfipsec_algo *a;

	for (a = algos; a < algos + ROWS; a++)
		EXPECT(a->weak == !strcmp(a->name, "cbc(des3_ede)"),
		       "%s: weak", a->name);
}

/* RFC 8750 section 1. */
static void implicit_iv(void)
{
	const struct nfipsec_algo *a;

	for (a = algos; a < algos + ROWS; a++)
		EXPECT(a->iiv == (!strcmp(a->name, "rfc4106(gcm(aes))") ||
				  !strcmp(a->name, "rfc4309(ccm(aes))") ||
				  !strcmp(a->name,
					  "rfc7539esp(chacha20,poly1305)")),
		       "%s: implicit IV", a->name);
}

static void never(void)
{
	static const struct {
		enum nfipsec_algo_kind kind;
		const char *name;
		const char *says;
	} want[] = {
		{ NFIPSEC_ENC, "cbc(des)", "DES is broken" },
		{ NFIPSEC_ENC, "blowfish", "Blowfish" },
		{ NFIPSEC_AUTH, "hmac(md5)", "MD5 is broken" },
		{ NFIPSEC_AUTH, "digest_null", "without authentication" },
		{ NFIPSEC_AUTH, "sha256_96", "96 bits" },
	};
	const char *why;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		why = nfipsec_algo_forbidden(want[i].kind, want[i].name);
		EXPECT(why && strstr(why, want[i].says) &&
		       strstr(why, "RFC 8221"), "%s: %s", want[i].name, why);
	}
	EXPECT(!nfipsec_algo_forbidden(NFIPSEC_ENC, "null"), "NULL cipher");
	EXPECT(!nfipsec_algo_forbidden(NFIPSEC_AEAD, "cbc(des)"), "kind");
	for (i = 0; i < ARRAY_SIZE(forbidden); i++)
		EXPECT(!nfipsec_algo_find(forbidden[i].kind,
					  forbidden[i].name),
		       "%s is in both tables", forbidden[i].name);
}

/* Bytes in the digits of a vector, -1 if they are none. */
static int hex_len(const char *hex)
{
	int n = 0;

	for (; hex && *hex; hex++)
		if (isxdigit(*hex))
			n++;
		else if (*hex != ' ')
			return -1;
	return n % 2 ? -1 : n / 2;
}

static void check_vector(const struct nfipsec_kat_vector *v)
{
	const struct nfipsec_algo *a = nfipsec_algo_find(v->kind, v->name);
	int text = hex_len(v->text), result = hex_len(v->result);

	if (!EXPECT(a, "%s: vector without a row", v->name))
		return;
	EXPECT(nfipsec_algo_key_ok(a, hex_len(v->key)), "%s: key", a->name);
	EXPECT(hex_len(v->iv) == a->iv_len, "%s: IV", a->name);
	EXPECT(text > 0 && text <= NFIPSEC_KAT_MAX, "%s: text", a->name);
	EXPECT(result <= NFIPSEC_KAT_MAX, "%s: result", a->name);
	switch (v->kind) {
	case NFIPSEC_AEAD:
		EXPECT(hex_len(v->aad) == 8 || hex_len(v->aad) == 12,
		       "%s: SPI and sequence number", a->name);
		EXPECT(nfipsec_algo_icv_ok(a, 8 * (result - text)),
		       "%s: ICV", a->name);
		break;
	case NFIPSEC_ENC:
		EXPECT(result == text && text % a->block == 0,
		       "%s: ciphertext", a->name);
		EXPECT(a->block == 1 || text >= 2 * a->block,
		       "%s: fewer than two blocks", a->name);
		break;
	case NFIPSEC_AUTH:
		EXPECT(nfipsec_algo_icv_ok(a, 8 * result), "%s: ICV", a->name);
		break;
	}
}

static void known_answers(void)
{
	const struct nfipsec_algo *a;
	unsigned int i;
	bool found;

	for (i = 0; i < ARRAY_SIZE(kat_vectors); i++)
		check_vector(&kat_vectors[i]);
	for (a = algos; a < algos + ROWS; a++) {
		for (i = 0, found = a->null; i < ARRAY_SIZE(kat_vectors); i++)
			found |= a->kind == kat_vectors[i].kind &&
				 !strcmp(a->name, kat_vectors[i].name);
		EXPECT(found, "%s: no answer is known", a->name);
	}
}

const struct ktap_case algo_cases[] = {
	{ "algo: every row fits the limits", limits },
	{ "algo: the fields of a row agree", kinds },
	{ "algo: names and aliases are unique within their kind", names },
	{ "algo: every name and alias is found, by its kind only", find },
	{ "algo: other words are not found", find_not },
	{ "algo: key, ICV, IV and block are those of the RFCs", rows },
	{ "algo: what RFC 8221 says should not be used is weak", weak_rows },
	{ "algo: what RFC 8750 names has an implicit IV", implicit_iv },
	{ "algo: what RFC 8221 forbids is refused with the reason", never },
	{ "algo: each row has a known answer that fits it", known_answers },
	{ }
};
