// SPDX-License-Identifier: GPL-2.0-only
/*
 * The algorithm table. Which key sizes an alias stands for is for whoever
 * parses people's words to check; here an alias is one more name of its row.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "algo.h"

static const struct nfipsec_algo algos[] = {
	{
		.name = "rfc4106(gcm(aes))",
		.alias = { "aes-gcm-16", "aesgcm", "aes128gcm16", "aes192gcm16",
			   "aes256gcm16" },
		.kind = NFIPSEC_AEAD,
		.iv = NFIPSEC_IV_SEQ,
		.key_len = { 16, 24, 32 },
		.salt_len = 4,
		.iv_len = 8,
		.block = 1,
		.icv_bits = { 128 },
		.rfc = "RFC 4106",
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
		/* RFC 4868 section 2.1.1 fixes the key, 2.1 the ICV. */
		.name = "hmac(sha256)",
		.alias = { "hmac-sha256", "sha256", "hmacsha256", "sha2_256" },
		.kind = NFIPSEC_AUTH,
		.iv = NFIPSEC_IV_NONE,
		.key_len = { 32 },
		.block = 1,
		.icv_bits = { 128 },
		.rfc = "RFC 4868",
	},
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
