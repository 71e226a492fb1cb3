/* SPDX-License-Identifier: GPL-2.0 */
/* A whole SAD and SPD from a file, and to one. */
#ifndef NFIPSEC_APPLY_H
#define NFIPSEC_APPLY_H

#include "arg.h"
#include "sa.h"

/* How often something is tried, while others change the tables. */
#define APPLY_TRIES	8

/**
 * struct item - an SA or a policy, in the file or in the kernel
 * @key: what says which it is
 * @text: all of it, as describe.h says
 * @line: of the file, 0 of the kernel
 * @in: an SA of the file, with its keys, else NULL
 * @sa: an SA of the kernel, else NULL
 * @words: a policy of the file, as typed, each with its NUL, else NULL
 * @argc: how many
 * @index: a policy of the kernel, else 0
 * @dir: of a policy
 * @priority: likewise
 * @dev_word: of a policy of the kernel: the word for an interface that has no name,
 *	or NULL
 * @dev: index of that
 * @less: of the kernel: @text says less than the module, which is newer
 * @seq: place among those of the kernel
 * @other: of the same key on the other side, or NULL
 * @keep: stays as it is
 */
struct item {
	char *key;
	char *text;
	unsigned int line;
	struct sa_args *in;
	struct nfipsec_sa *sa;
	char *words;
	int argc;
	uint32_t index;
	uint8_t dir;
	uint32_t priority;
	const char *dev_word;
	uint32_t dev;
	bool less;
	size_t seq;
	struct item *other;
	bool keep;
};

/**
 * struct items - a list
 * @item: the items
 * @n: how many
 * @size: room
 */
struct items {
	struct item *item;
	size_t n;
	size_t size;
};

/**
 * struct tables - one side
 * @name: of a file, for errors
 * @sas: SAs, by key
 * @policies: policies, in the order in which they are looked at
 * @def: default actions and so on
 * @torn: of the kernel: they changed while they were read, something may be
 *	missing or there twice
 */
struct tables {
	const char *name;
	struct items sas;
	struct items policies;
	struct nfipsec_default def;
	bool torn;
};

struct item *items_add(struct items *list);
void tables_free(struct tables *t);
int policies_read(struct tables *t, const char *owner);
int tables_read(struct tables *t, const char *owner);
int tables_changed(void);
int file_read(struct tables *t, const char *path, const char *owner);
int file_words(const struct item *item, struct nfipsec_policy *pol);
int plan_make(struct tables *have, struct tables *want);
void plan_default(const struct nfipsec_default *have,
		  struct nfipsec_default *want);

int cmd_apply(struct args *a);
int cmd_save(struct args *a);

#endif
