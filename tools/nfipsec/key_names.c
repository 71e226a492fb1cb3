// SPDX-License-Identifier: GPL-2.0
/* Keys with names, from a file of their own: lines of a name and of 0x digits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "key.h"

/**
 * struct named - a key with its name
 * @name: its name
 * @key: the key
 * @next: the next one
 */
struct named {
	char *name;
	struct key key;
	struct named *next;
};

static struct named *named;

static const struct named *find(const char *name)
{
	const struct named *n;

	for (n = named; n; n = n->next)
		if (n->name && !strcmp(n->name, name))
			return n;
	return NULL;
}

static int name_line(int argc, char **argv, unsigned int line, void *arg)
{
	struct named *n;
	int ret;

	(void)line;
	(void)arg;
	if (argc != 2 || strncmp(argv[1], "0x", 2))
		return cli_fail(CLI_USAGE, "a line of keys is a name, and 0x and hexadecimal");
	if (find(argv[0]))
		return cli_fail(CLI_USAGE, "there is a key of the name \"%s\" already",
				cli_show(argv[0]));
	n = calloc(1, sizeof(*n));
	if (!n)
		return cli_fail(CLI_FAILED, "out of memory");
	n->next = named;
	named = n;
	ret = key_parse(argv[1], &n->key);
	n->name = strdup(argv[0]);
	return ret || n->name ? ret : cli_fail(CLI_FAILED, "out of memory");
}

/**
 * keys_read() - read keys with names
 * @path: file, for nobody to read but its owner
 *
 * Return: enum cli_result
 */
int keys_read(const char *path)
{
	const char *shown = cli_show(path);
	struct stat st;

	if (!strcmp(path, "-"))
		return cli_fail(CLI_USAGE, "keys come from a file, not from standard input");
	if (stat(path, &st))
		return cli_fail(CLI_FAILED, "%s: %s", shown, strerror(errno));
	if (S_ISREG(st.st_mode) && (st.st_mode & 0077))
		return cli_fail(CLI_FAILED, "%s: others may read or write it: chmod go= %s",
				shown, shown);
	return batch_each(path, name_line, NULL);
}

/**
 * keys_find() - look for a key by its name
 * @name: its name
 * @key: result
 *
 * Return: whether there is one
 */
bool keys_find(const char *name, struct key *key)
{
	const struct named *n = find(name);

	if (n)
		*key = n->key;
	return n;
}

/**
 * keys_free() - forget all keys with names
 */
void keys_free(void)
{
	struct named *n;

	while (named) {
		n = named;
		named = n->next;
		key_wipe(&n->key);
		free(n->name);
		free(n);
	}
}
