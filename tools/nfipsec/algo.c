// SPDX-License-Identifier: GPL-2.0
/*
 * Algorithms by the kernel's names and by people's. The table is the module's
 * own, module/algo.c; a name that is not in it goes to the kernel as it is, so
 * that a newer module can be used.
 */
#include <stdlib.h>
#include <string.h>

#include "../../module/algo.h"
#include "algo.h"

static const enum nfipsec_algo_kind kinds[] = {
	[ALGO_AEAD] = NFIPSEC_AEAD,
	[ALGO_ENC] = NFIPSEC_ENC,
	[ALGO_AUTH] = NFIPSEC_AUTH,
};

/* The row of a name with "iiv" at its end, as in aes128gcm16iiv. */
static const struct nfipsec_algo *find_iiv(const char *word)
{
	size_t len = strlen(word);
	const struct nfipsec_algo *algo;
	char name[NFIPSEC_NAME_MAX];

	if (len <= 3 || len >= sizeof(name) || strcmp(word + len - 3, "iiv"))
		return NULL;
	memcpy(name, word, len - 3);
	name[len - 3] = '\0';
	algo = nfipsec_algo_find(NFIPSEC_AEAD, name);
	/* The kernel's names have no such ending. */
	return algo && algo->iiv && strcmp(algo->name, name) ? algo : NULL;
}

static const struct nfipsec_algo *find(enum algo_use use, const char *word)
{
	const struct nfipsec_algo *algo = nfipsec_algo_find(kinds[use], word);

	return algo || use != ALGO_AEAD ? algo : find_iiv(word);
}

/**
 * algo_iiv() - whether a name asks for an implicit IV, RFC 8750
 * @word: of an aead, as typed
 *
 * Return: whether it does; the SA then needs the flag
 */
bool algo_iiv(const char *word)
{
	return !nfipsec_algo_find(NFIPSEC_AEAD, word) && find_iiv(word);
}

/**
 * algo_name() - the name to send
 * @use: what the algorithm is for
 * @word: as typed
 * @name: result, the kernel's name; NFIPSEC_NAME_MAX
 *
 * Return: enum cli_result
 */
int algo_name(enum algo_use use, const char *word, char *name)
{
	const struct nfipsec_algo *algo = find(use, word);
	const char *why;
	int len;

	why = algo ? NULL : nfipsec_algo_forbidden(kinds[use], word);
	if (why)
		return cli_fail(CLI_USAGE, "%s", why);
	len = snprintf(name, NFIPSEC_NAME_MAX, "%s", algo ? algo->name : word);
	if (len > 0 && len < NFIPSEC_NAME_MAX)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "algorithm names have 1 to %d characters",
			NFIPSEC_NAME_MAX - 1);
}

/* aes128gcm16 and its like name a key size in bits, aes-gcm-16 does not. */
static unsigned int size_in_name(const struct nfipsec_algo *algo,
				 const char *word)
{
	unsigned long number;
	unsigned int i;
	char *end;

	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			continue;
		number = strtoul(word, &end, 10);
		for (i = 0; i < 4 && algo->key_len[i]; i++)
			if (number == 8UL * algo->key_len[i])
				return algo->key_len[i];
		word = end - 1;
	}
	return 0;
}

/* aes128ccm8 and aes-ccm-8 end with the bytes of their ICV. */
static unsigned int icv_in_name(const struct nfipsec_algo *algo,
				const char *word)
{
	const char *last = NULL;
	unsigned long number;
	char *end;

	if (algo->kind != NFIPSEC_AEAD)
		return 0;
	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			continue;
		last = word;
		strtoul(word, &end, 10);
		word = end - 1;
	}
	number = last ? strtoul(last, NULL, 10) : 0;
	return number <= 16 && nfipsec_algo_icv_ok(algo, 8 * number) ?
	       8 * number : 0;
}

static int bad_key(const struct nfipsec_algo *algo, const char *word,
		   unsigned int size, unsigned int len)
{
	char sizes[64] = "no key";
	size_t pos = 0;
	unsigned int i;

	for (i = 0; i < 4 && algo->key_len[i]; i++) {
		if (size && size != algo->key_len[i])
			continue;
		pos += snprintf(sizes + pos, sizeof(sizes) - pos, "%s%u",
				pos ? " or " : "a key of ",
				algo->key_len[i] + algo->salt_len);
	}
	if (!algo->salt_len)
		return cli_fail(CLI_USAGE, "%s takes %s%s, not of %u bytes",
				word, sizes, pos ? " bytes" : "", len);
	return cli_fail(CLI_USAGE, "%s takes %s bytes (the last %u are the salt), not of %u",
			word, sizes, algo->salt_len, len);
}

/**
 * algo_check_key() - whether a key fits a name of people's
 * @use: what the algorithm is for
 * @word: as typed
 * @key: key
 *
 * With the kernel's own name, or one that is not known here, the kernel judges.
 *
 * Return: enum cli_result
 */
int algo_check_key(enum algo_use use, const char *word, const struct key *key)
{
	const struct nfipsec_algo *algo = find(use, word);
	unsigned int size;

	if (!algo || !strcmp(algo->name, word))
		return CLI_OK;
	size = size_in_name(algo, word);
	if (nfipsec_algo_key_ok(algo, key->len) &&
	    (!size || key->len == size + algo->salt_len))
		return CLI_OK;
	return bad_key(algo, word, size, key->len);
}

/**
 * algo_check_icv() - whether the length of an ICV fits a name of people's
 * @use: what the algorithm is for
 * @word: as typed
 * @bits: length
 *
 * Return: enum cli_result
 */
int algo_check_icv(enum algo_use use, const char *word, uint32_t bits)
{
	const struct nfipsec_algo *algo = find(use, word);
	unsigned int want;

	if (!algo || !strcmp(algo->name, word))
		return CLI_OK;
	want = icv_in_name(algo, word);
	if (!want || want == bits)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s has an ICV of %u bits, not of %u", word,
			want, bits);
}

/**
 * algo_keyless() - whether an algorithm is known to take no key
 * @use: what it is for
 * @word: as typed
 *
 * Return: whether it is
 */
bool algo_keyless(enum algo_use use, const char *word)
{
	const struct nfipsec_algo *algo = find(use, word);

	return algo && !algo->key_len[0];
}
