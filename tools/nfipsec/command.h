/* SPDX-License-Identifier: GPL-2.0 */
/* The commands, in one table that also makes the help. */
#ifndef NFIPSEC_COMMAND_H
#define NFIPSEC_COMMAND_H

#include "arg.h"

/* First line of a file that is cut off unless its last line is the other one. */
#define BATCH_BEGIN	"# Written by nfipsec save"
#define BATCH_END	"# end"

/**
 * struct command - a command
 * @noun: first word
 * @verb: second word, NULL if there is none
 * @other: another verb that means the same, or NULL
 * @run: does it
 * @words: what follows, for help
 * @does: what it is for, for help
 */
struct command {
	const char *noun;
	const char *verb;
	const char *other;
	int (*run)(struct args *a);
	const char *words;
	const char *does;
};

extern const struct command commands[];
extern const size_t commands_len;

int command_run(int argc, char **argv, bool batch);
/* Runs a line of a file, its words as of a command line. */
typedef int (*batch_fn)(int argc, char **argv, unsigned int line, void *arg);

int batch_each(const char *path, batch_fn run, void *arg);
int batch_run(const char *path);
void help_print(FILE *out);
int cmd_help(struct args *a);
int cmd_version(struct args *a);

#endif
