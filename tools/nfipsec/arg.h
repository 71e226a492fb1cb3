/* SPDX-License-Identifier: GPL-2.0 */
/* Words of a command line, and tables that say what they mean. */
#ifndef NFIPSEC_ARG_H
#define NFIPSEC_ARG_H

#include "cli.h"

#define OWNER_MAX	15	/* bytes of an owner's name */

/**
 * struct args - the words of a command
 * @argc: number of words
 * @argv: the words; those that hold keys are wiped when they are read
 * @pos: next word
 */
struct args {
	int argc;
	char **argv;
	int pos;
};

struct word;

typedef int (*word_fn)(struct args *a, void *obj, const struct word *w);

/**
 * struct word - a keyword and what follows it
 * @name: keyword
 * @parse: reads what follows into obj, returns enum cli_result
 * @obj: offset of the structure to fill, whose first member is its "has" mask
 * @off: offset of the member in that structure
 * @attr: attribute whose bit to set
 * @max: highest value of a number
 * @again: may be given more than once
 */
struct word {
	const char *name;
	word_fn parse;
	size_t obj;
	size_t off;
	unsigned int attr;
	uint64_t max;
	bool again;
};

/**
 * struct choice - a value with a name
 * @name: a NULL name ends a list
 * @value: value
 */
struct choice {
	const char *name;
	unsigned int value;
};

extern const struct choice choice_mode[];
extern const struct choice choice_dir[];
extern const struct choice choice_state[];

char *args_next(struct args *a);
const char *args_peek(const struct args *a);
char *args_value(struct args *a, const char *word);
int args_end(struct args *a);

int words_parse(struct args *a, const struct word *words, size_t n, void *obj,
		bool greedy);

int number_parse(const char *text, const char *what, uint64_t max,
		 uint64_t *value);
int choice_parse(const char *text, const char *what,
		 const struct choice *choices, unsigned int *value);
const char *choice_name(const struct choice *choices, unsigned int value);
bool choice_known(const struct choice *choices, unsigned int value);
bool choice_bits_known(const struct choice *choices, unsigned int bits);

void has_set(void *obj, unsigned int attr);
bool has_get(const void *obj, unsigned int attr);

size_t text_char(const char *text);
size_t text_control(const char *text);
bool text_is_plain(const char *text);
int text_check(const char *text, const char *what);
const char *text_put_one(FILE *out, const char *text);
void text_put(FILE *out, const char *before, const char *text);
void text_put_word(FILE *out, const char *word);

/* For use in tables. */
int word_set(struct args *a, void *obj, const struct word *w);
int word_u32(struct args *a, void *obj, const struct word *w);
int word_u64(struct args *a, void *obj, const struct word *w);
int word_mode(struct args *a, void *obj, const struct word *w);
int word_dir(struct args *a, void *obj, const struct word *w);
int word_state(struct args *a, void *obj, const struct word *w);
int word_owner(struct args *a, void *obj, const struct word *w);
int word_new_owner(struct args *a, void *obj, const struct word *w);

#endif
