// SPDX-License-Identifier: GPL-2.0
/* Keys: forms, limits, and that nothing of them is shown or stays. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "key.h"

static void put_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

static void word_case(const char *word, int want_len, const char *error)
{
	char *copy = strdup(word);
	struct key key;
	char name[64];
	size_t i;
	int ret;

	snprintf(name, sizeof(name), "key '%.30s'", word);
	ret = key_parse(copy, &key);
	if (error)
		has(ret ? cli_error() : "accepted", error, name);
	else
		ok(!ret && key.len == (uint32_t)want_len, name, "%d, %u bytes",
		   ret, key.len);

	if (!strncmp(word, "@0x", 3) ||
	    (*word && *word != '@' && strcmp(word, "-"))) {
		for (i = *word == '@'; i < strlen(word) && !copy[i]; i++)
			;
		snprintf(name, sizeof(name), "key '%.30s' is wiped", word);
		ok(i == strlen(word), name, "byte %zu is not", i);
	}
	key_wipe(&key);
	free(copy);
}

/* Files that there are not. */
static void path_case(const char *word, const char *error)
{
	char *copy = strdup(word);
	struct key key;

	has(key_parse(copy, &key) ? cli_error() : "accepted", error, word);
	ok(!strstr(cli_error(), KEY16), "no key in the error", "%s",
	   cli_error());
	key_wipe(&key);
	free(copy);
}

static void file_cases(const char *dir)
{
	static const struct {
		const char *name;
		const char *data;
		int len;
		int want;
		const char *error;
	} cases[] = {
		{ "hex", "0x0011aaBB", 10, 4, NULL },
		{ "hex-newline", "0x0011aaBB\n", 11, 4, NULL },
		{ "hex-crlf", "0x0011aaBB\r\n", 12, 4, NULL },
		{ "raw", "\x00\n\x80 0x", 6, 6, NULL },
		{ "raw-newline", "secret\n", 7, 7, NULL },
		{ "hex-bad", "0x0011zz\n", 9, 0, "something else than" },
		{ "hex-two", "0x00\n0x11\n", 10, 0, "something else than" },
		{ "hex-odd", "0x001\n", 6, 0, "/hex-odd has an odd number" },
		{ "empty", "", 0, 0, "is empty" },
	};
	char path[256], word[300];
	char big[2 * KEY_MAX + 3];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, cases[i].name);
		put_file(path, cases[i].data, cases[i].len);
		snprintf(word, sizeof(word), "@%s", path);
		word_case(word, cases[i].want, cases[i].error);
		unlink(path);
	}

	snprintf(path, sizeof(path), "%s/big", dir);
	snprintf(word, sizeof(word), "@%s", path);
	memset(big, 'a', sizeof(big));
	put_file(path, big, KEY_MAX);
	word_case(word, KEY_MAX, NULL);
	put_file(path, big, KEY_MAX + 1);
	word_case(word, 0, "too long");
	memcpy(big, "0x", 2);
	put_file(path, big, 2 + 2 * KEY_MAX);
	word_case(word, KEY_MAX, NULL);
	unlink(path);
	word_case(word, 0, "No such file");
	snprintf(word, sizeof(word), "@%s", dir);
	word_case(word, 0, "directory");
}

static void stdin_cases(const char *dir)
{
	static const char lines[] = "0x0102\n0x03\nplain\n0x04";
	char path[256];

	snprintf(path, sizeof(path), "%s/stdin", dir);
	put_file(path, lines, sizeof(lines) - 1);
	if (!freopen(path, "r", stdin))
		abort();
	unlink(path);
	word_case("-", 2, NULL);
	word_case("-", 1, NULL);
	word_case("-", 0, "must begin with 0x");
	word_case("-", 1, NULL);
	word_case("-", 0, "ended before the key");
	cli.stdin_used = true;
	word_case("-", 0, "use @FILE");
	cli.stdin_used = false;
}

void test_keys(void)
{
	char dir[] = "/tmp/nfipsec-test.XXXXXX";
	char big[2 * KEY_MAX + 5];

	if (!mkdtemp(dir))
		abort();
	word_case("", 0, NULL);
	word_case("0x", 0, NULL);
	word_case("0x00", 1, NULL);
	word_case(KEY36, 36, NULL);
	word_case("0x0", 0, "the key has an odd number");
	word_case("0x0g", 0, "the key has something else than");
	word_case("0x00 ", 0, "something else than");
	word_case("secret", 0, "a key must be 0x");
	word_case("deadbeef", 0, "a key must be 0x");
	word_case("@0x001122", 0, "leave out the @");
	word_case("@" KEY36, 0, "leave out the @");
	path_case("@./0xdir/key", "key file ./0xdir/key: No such file");
	path_case("@0xdir/key", "key file 0xdir/key: No such file");
	path_case("@/0xab/0xcd/key", "key file /0xab/0xcd/key: No such file");
	path_case("@./0xkey", "leave out the @");
	path_case("@./" KEY16 "/key", "leave out the @");
	path_case("@" KEY16 "/", "leave out the @");
	memset(big, '1', sizeof(big));
	memcpy(big, "0x", 2);
	big[sizeof(big) - 1] = '\0';
	word_case(big, 0, "the key is too long");
	big[2 + 2 * KEY_MAX] = '\0';
	word_case(big, KEY_MAX, NULL);
	file_cases(dir);
	stdin_cases(dir);
	rmdir(dir);
}
