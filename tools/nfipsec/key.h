/* SPDX-License-Identifier: GPL-2.0 */
/* Keys: where they come from, and that they do not stay. */
#ifndef NFIPSEC_KEY_H
#define NFIPSEC_KEY_H

#include "cli.h"

#define KEY_MAX		256

/**
 * struct key - key material
 * @len: bytes
 * @missing: there is none under that name, see cli.keys_later
 * @data: the bytes; key_wipe() when done
 */
struct key {
	uint32_t len;
	bool missing;
	uint8_t data[KEY_MAX];
};

bool key_is_word(const char *word);
int key_parse(char *word, struct key *key);
int keys_read(const char *path);
void keys_free(void);
bool keys_find(const char *name, struct key *key);
void key_wipe(struct key *key);

#endif
