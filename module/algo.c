// SPDX-License-Identifier: GPL-2.0-only
/*
 * The algorithm table. Which key sizes an alias stands for is for whoever
 * parses people's words to check; here an alias is one more name of its row.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "algo.h"

#define LACKS(what, module, config)					\
	"this kernel has no " what ": it is in module " module		\
	", which CONFIG_" config " builds"

static const struct nfipsec_algo algos[] = {
	{
		.name = "rfc4106(gcm(aes))",
		.alias = { "aes-gcm-16", "aes-gcm-12", "aes-gcm-8", "aesgcm",
			   "aes128gcm16", "aes192gcm16", "aes256gcm16",
			   "aes128gcm12", "aes192gcm12", "aes256gcm12",
			   "aes128gcm8", "aes192gcm8", "aes256gcm8" },
		.kind = NFIPSEC_AEAD,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 16, 24, 32 },
		.salt_len = 4,
		.iv_len = 8,
		.block = 1,
		.icv_bits = { 64, 96, 128 },
		.rfc = "RFC 4106",
		.lacks = LACKS("AES-GCM", "gcm", "CRYPTO_GCM"),
		.iiv = true,
	},
	{
		/* The salt is shorter than that of others: section 4. */
		.name = "rfc4309(ccm(aes))",
		.alias = { "aes-ccm-16", "aes-ccm-12", "aes-ccm-8", "aesccm",
			   "aes128ccm16", "aes192ccm16", "aes256ccm16",
			   "aes128ccm12", "aes192ccm12", "aes256ccm12",
			   "aes128ccm8", "aes192ccm8", "aes256ccm8" },
		.kind = NFIPSEC_AEAD,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 16, 24, 32 },
		.salt_len = 3,
		.iv_len = 8,
		.block = 1,
		.icv_bits = { 64, 96, 128 },
		.rfc = "RFC 4309",
		.lacks = LACKS("AES-CCM", "ccm", "CRYPTO_CCM"),
		.iiv = true,
	},
	{
		.name = "rfc7539esp(chacha20,poly1305)",
		.alias = { "chacha20poly1305", "chapoly" },
		.kind = NFIPSEC_AEAD,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 32 },
		.salt_len = 4,
		.iv_len = 8,
		.block = 1,
		.icv_bits = { 128 },
		.rfc = "RFC 7634",
		.lacks = LACKS("ChaCha20-Poly1305", "chacha20poly1305",
			       "CRYPTO_CHACHA20POLY1305"),
		.iiv = true,
	},
	{
		/* Nothing is encrypted; for all else it is AES-GCM. */
		.name = "rfc4543(gcm(aes))",
		.alias = { "aes-gmac", "aesgmac", "aes128gmac", "aes192gmac",
			   "aes256gmac" },
		.kind = NFIPSEC_AEAD,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 16, 24, 32 },
		.salt_len = 4,
		.iv_len = 8,
		.block = 1,
		.icv_bits = { 128 },
		.rfc = "RFC 4543",
		.lacks = LACKS("AES-GMAC", "gcm", "CRYPTO_GCM"),
		.whole = "gcm(aes)",
		.ah = true,
	},
	{
		.name = "cbc(aes)",
		.alias = { "aes-cbc", "aes", "aescbc", "aes128", "aes192",
			   "aes256" },
		.kind = NFIPSEC_ENC,
		.iv = NFIPSEC_IV_RANDOM,
		.key_len = { 16, 24, 32 },
		.iv_len = 16,
		.block = 16,
		.rfc = "RFC 3602",
		.lacks = LACKS("AES-CBC", "cbc", "CRYPTO_CBC"),
	},
	{
		.name = "rfc3686(ctr(aes))",
		.alias = { "aes-ctr", "aesctr", "aes128ctr", "aes192ctr",
			   "aes256ctr" },
		.kind = NFIPSEC_ENC,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 16, 24, 32 },
		.salt_len = 4,
		.iv_len = 8,
		.block = 1,
		.rfc = "RFC 3686",
		.lacks = LACKS("AES-CTR", "ctr", "CRYPTO_CTR"),
	},
	{
		.name = "cbc(camellia)",
		.alias = { "camellia-cbc", "camellia", "camellia128",
			   "camellia192", "camellia256" },
		.kind = NFIPSEC_ENC,
		.iv = NFIPSEC_IV_RANDOM,
		.key_len = { 16, 24, 32 },
		.iv_len = 16,
		.block = 16,
		.rfc = "RFC 4312",
		.lacks = LACKS("Camellia", "camellia_generic",
			       "CRYPTO_CAMELLIA"),
	},
	{
		/* SHOULD NOT, and blocks too short for much traffic. */
		.name = "cbc(des3_ede)",
		.alias = { "3des-cbc", "3des", "des3_ede" },
		.kind = NFIPSEC_ENC,
		.iv = NFIPSEC_IV_RANDOM,
		.key_len = { 24 },
		.iv_len = 8,
		.block = 8,
		.rfc = "RFC 2451",
		.lacks = LACKS("3DES", "des_generic", "CRYPTO_DES"),
		.weak = true,
	},
	{
		.name = "ecb(cipher_null)",
		.alias = { "null", "cipher_null" },
		.kind = NFIPSEC_ENC,
		.iv = NFIPSEC_IV_NONE,
		.block = 1,
		.rfc = "RFC 2410",
		.null = true,
	},
	{
		.name = "hmac(sha1)",
		.alias = { "hmac-sha1", "sha1", "hmacsha1" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 20 },
		.block = 1,
		.icv_bits = { 96 },
		.rfc = "RFC 2404",
		.lacks = LACKS("HMAC-SHA-1", "sha1", "CRYPTO_SHA1"),
	},
	{
		/* RFC 4868 section 2.1.1 fixes the key, 2.1 the ICV. */
		.name = "hmac(sha256)",
		.alias = { "hmac-sha256", "sha256", "hmacsha256", "sha2_256" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 32 },
		.block = 1,
		.icv_bits = { 128 },
		.rfc = "RFC 4868",
		.lacks = LACKS("HMAC-SHA2-256", "sha256", "CRYPTO_SHA256"),
		.icv96 = "HMAC-SHA2-256 has an ICV of 128 bits; 96 is an old mistake (RFC 8221 section 6)",
	},
	{
		.name = "hmac(sha384)",
		.alias = { "hmac-sha384", "sha384", "hmacsha384", "sha2_384" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 48 },
		.block = 1,
		.icv_bits = { 192 },
		.rfc = "RFC 4868",
		.lacks = LACKS("HMAC-SHA2-384", "sha512", "CRYPTO_SHA512"),
	},
	{
		.name = "hmac(sha512)",
		.alias = { "hmac-sha512", "sha512", "hmacsha512", "sha2_512" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 64 },
		.block = 1,
		.icv_bits = { 256 },
		.rfc = "RFC 4868",
		.lacks = LACKS("HMAC-SHA2-512", "sha512", "CRYPTO_SHA512"),
	},
	{
		.name = "xcbc(aes)",
		.alias = { "aes-xcbc-96", "aesxcbc" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 16 },
		.block = 1,
		.icv_bits = { 96 },
		.rfc = "RFC 3566",
		.lacks = LACKS("AES-XCBC", "xcbc", "CRYPTO_XCBC"),
	},
	{
		.name = "cmac(aes)",
		.alias = { "aes-cmac-96", "aescmac" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 16 },
		.block = 1,
		.icv_bits = { 96 },
		.rfc = "RFC 4494",
		.lacks = LACKS("AES-CMAC", "cmac", "CRYPTO_CMAC"),
	},
};

#define DES		"DES is broken and must not be used (RFC 8221 section 5)"
#define BLOWFISH	"Blowfish must not be used (RFC 8221 section 5)"
#define IDEA		"IDEA must not be used (RFC 8221 section 5)"
#define NO_AUTH		"ESP without authentication must not be used (RFC 8221 section 6)"
#define MD5		"MD5 is broken and must not be used (RFC 8221 section 6)"
#define DES_MAC		"DES-MAC is broken and must not be used (RFC 8221 section 6)"

/*
 * What RFC 8221 says must not be used, so that the refusal can say why: names
 * of the kernel's, then people's.
 */
static const struct {
	enum nfipsec_algo_kind kind;
	const char *name;
	const char *why;
} forbidden[] = {
	{ NFIPSEC_ENC, "cbc(des)", DES },
	{ NFIPSEC_ENC, "des", DES },
	{ NFIPSEC_ENC, "des-cbc", DES },
	{ NFIPSEC_ENC, "des_iv32", DES },
	{ NFIPSEC_ENC, "des_iv64", DES },
	{ NFIPSEC_ENC, "cbc(blowfish)", BLOWFISH },
	{ NFIPSEC_ENC, "blowfish", BLOWFISH },
	{ NFIPSEC_ENC, "blowfish-cbc", BLOWFISH },
	{ NFIPSEC_ENC, "blowfish128", BLOWFISH },
	{ NFIPSEC_ENC, "blowfish192", BLOWFISH },
	{ NFIPSEC_ENC, "blowfish256", BLOWFISH },
	{ NFIPSEC_ENC, "cbc(idea)", IDEA },
	{ NFIPSEC_ENC, "idea", IDEA },
	{ NFIPSEC_ENC, "3idea", IDEA },
	{ NFIPSEC_AUTH, "digest_null", NO_AUTH },
	{ NFIPSEC_AUTH, "null", NO_AUTH },
	{ NFIPSEC_AUTH, "none", NO_AUTH },
	{ NFIPSEC_AUTH, "hmac(md5)", MD5 },
	{ NFIPSEC_AUTH, "md5", MD5 },
	{ NFIPSEC_AUTH, "md5_128", MD5 },
	{ NFIPSEC_AUTH, "hmac-md5", MD5 },
	{ NFIPSEC_AUTH, "hmacmd5", MD5 },
	{ NFIPSEC_AUTH, "kpdk-md5", MD5 },
	{ NFIPSEC_AUTH, "cbcmac(des)", DES_MAC },
	{ NFIPSEC_AUTH, "des-mac", DES_MAC },
	{ NFIPSEC_AUTH, "sha256_96",
	  "HMAC-SHA2-256 cut to 96 bits is an old mistake, use 128 (RFC 8221 section 6)" },
};

static bool has_name(const struct nfipsec_algo *algo, const char *name)
{
	unsigned int i;

	if (!strcmp(algo->name, name))
		return true;
	for (i = 0; i < ARRAY_SIZE(algo->alias) && algo->alias[i]; i++)
		if (!strcmp(algo->alias[i], name))
			return true;
	return false;
}

/**
 * nfipsec_algo_row() - go through the table
 * @i: from 0
 *
 * Context: any.
 * Return: a row of the table, constant and never freed, or NULL at its end.
 */
const struct nfipsec_algo *nfipsec_algo_row(unsigned int i)
{
	return i < ARRAY_SIZE(algos) ? &algos[i] : NULL;
}

/**
 * nfipsec_algo_find() - look an algorithm up
 * @kind: what it is to be used for
 * @name: the kernel's name or an alias, lower case
 *
 * Context: any.
 * Return: a row of the table, constant and never freed, or NULL.
 */
const struct nfipsec_algo *nfipsec_algo_find(enum nfipsec_algo_kind kind,
					     const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algos); i++)
		if (algos[i].kind == kind && has_name(&algos[i], name))
			return &algos[i];
	return NULL;
}

/**
 * nfipsec_algo_forbidden() - why an algorithm is not in the table
 * @kind: what it was to be used for
 * @name: the kernel's name or people's, lower case
 *
 * Context: any.
 * Return: a constant sentence, or NULL if there is no rule against it.
 */
const char *nfipsec_algo_forbidden(enum nfipsec_algo_kind kind,
				   const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(forbidden); i++)
		if (forbidden[i].kind == kind &&
		    !strcmp(forbidden[i].name, name))
			return forbidden[i].why;
	return NULL;
}

/**
 * nfipsec_algo_key_ok() - is this a key length of the algorithm
 * @algo: a row of the table
 * @len: bytes as configured, the salt included
 *
 * Context: any.
 * Return: whether it is; for an algorithm without key only 0 is.
 */
bool nfipsec_algo_key_ok(const struct nfipsec_algo *algo, unsigned int len)
{
	unsigned int i;

	if (!algo->key_len[0])
		return !len;
	for (i = 0; i < ARRAY_SIZE(algo->key_len) && algo->key_len[i]; i++)
		if (len == algo->key_len[i] + algo->salt_len)
			return true;
	return false;
}

/**
 * nfipsec_algo_icv_ok() - is this an ICV length of the algorithm
 * @algo: a row of the table
 * @bits: length in bits
 *
 * Context: any.
 * Return: whether it is; an algorithm that only encrypts has none.
 */
bool nfipsec_algo_icv_ok(const struct nfipsec_algo *algo, unsigned int bits)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(algo->icv_bits) && algo->icv_bits[i]; i++)
		if (bits == algo->icv_bits[i])
			return true;
	return false;
}
