/* SPDX-License-Identifier: GPL-2.0 */
/* Algorithms by the kernel's names and by people's. */
#ifndef NFIPSEC_CLI_ALGO_H
#define NFIPSEC_CLI_ALGO_H

#include "key.h"

/* What an algorithm is asked for. */
enum algo_use {
	ALGO_AEAD,
	ALGO_ENC,
	ALGO_AUTH,
};

int algo_name(enum algo_use use, const char *word, char *name);
bool algo_iiv(const char *word);
int algo_check_icv(enum algo_use use, const char *word, uint32_t bits);
int algo_check_key(enum algo_use use, const char *word, const struct key *key);
bool algo_keyless(enum algo_use use, const char *word);

#endif
