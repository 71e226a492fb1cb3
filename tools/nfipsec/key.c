// SPDX-License-Identifier: GPL-2.0
/*
 * Keys: where they come from, and that they do not stay. Nothing here shows a
 * key or a part of it in an error, and stdio with its buffers is not used.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "key.h"

/* 0x, the digits, CR LF, and one more to notice what is longer. */
#define TEXT_MAX	(2 + 2 * KEY_MAX + 2 + 1)
/* Digits of the shortest key that there is. */
#define HEX_MIN		32

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* @from where it is, NULL for a word: in a file, its line is named in front. */
static int key_bad(const char *from, const char *what)
{
	return cli_fail(CLI_USAGE, "the key%s%s %s", from ? " from " : "",
			from ? from : "", what);
}

static int too_long(const char *from)
{
	char what[48];

	snprintf(what, sizeof(what), "is too long: at most %d bytes", KEY_MAX);
	return key_bad(from, what);
}

/* @text begins with 0x and is @len long. */
static int key_hex(const char *text, size_t len, const char *from,
		   struct key *key)
{
	size_t i;

	text += 2;
	len -= 2;
	if (len / 2 > KEY_MAX)
		return too_long(from);
	for (i = 0; i < len; i++)
		if (digit(text[i]) < 0)
			return key_bad(from, "has something else than hexadecimal digits behind 0x");
	if (len % 2)
		return key_bad(from, "has an odd number of hexadecimal digits");
	for (i = 0; i < len / 2; i++)
		key->data[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
	key->len = len / 2;
	return CLI_OK;
}

static size_t trim(const char *text, size_t len)
{
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	return len;
}

/* Up to @size bytes; to the end of the line and no further if @line. */
static ssize_t read_all(int fd, char *buf, size_t size, bool line)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, buf + len, line ? 1 : size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += n;
		if (line && buf[len - 1] == '\n')
			break;
	}
	return len;
}

static int key_raw(const char *buf, size_t len, const char *from,
		   struct key *key)
{
	if (len > KEY_MAX)
		return too_long(from);
	memcpy(key->data, buf, len);
	key->len = len;
	return CLI_OK;
}

/* A directory is none, unless its name is as long as a key. */
static bool may_be_key(const char *path)
{
	/* However many. */
	const char *hex = path + strspn(path, "@ ./");

	if (strncmp(hex, "0x", 2))
		return false;
	return !strchr(hex, '/') ||
	       strspn(hex + 2, "0123456789abcdefABCDEF") >= HEX_MIN;
}

/* @ in front of the key itself is too much; it is shown no more than another. */
static int no_file(char *path, int err)
{
	if (!may_be_key(path))
		return cli_fail(CLI_FAILED, "key file %s: %s", path,
				strerror(err));
	explicit_bzero(path, strlen(path));
	return cli_fail(CLI_USAGE, "behind @ is the name of a file, and there is none, but what may be a key: then leave out the @");
}

static int key_file(char *path, struct key *key)
{
	const char *shown = cli_show(path);
	char buf[TEXT_MAX];
	ssize_t len;
	int ret;
	int fd;

	if (keys_find(path, key))
		return CLI_OK;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 && errno == ENOENT && cli.keys_later) {
		key->missing = true;
		return CLI_OK;
	}
	if (fd < 0)
		return no_file(path, errno);
	len = read_all(fd, buf, sizeof(buf), false);
	close(fd);

	if (len < 0)
		ret = cli_fail(CLI_FAILED, "key file %s: %s", shown,
			       strerror(-len));
	else if (!len)
		ret = cli_fail(CLI_USAGE, "key file %s is empty", shown);
	else if (len >= 2 && !memcmp(buf, "0x", 2))
		ret = key_hex(buf, trim(buf, len), shown, key);
	else
		ret = key_raw(buf, len, shown, key);
	explicit_bzero(buf, sizeof(buf));
	return ret;
}

static int key_stdin(struct key *key)
{
	char buf[TEXT_MAX];
	ssize_t len;
	int ret;

	if (cli.stdin_used)
		return cli_fail(CLI_USAGE, "standard input was read as a file, a key cannot come from it: use @FILE");

	len = read_all(STDIN_FILENO, buf, sizeof(buf), true);
	if (len < 0)
		ret = cli_fail(CLI_FAILED, "standard input: %s",
			       strerror(-len));
	else if (!len)
		ret = cli_fail(CLI_USAGE, "standard input ended before the key: give one line of 0x and hexadecimal per key");
	else if (len < 2 || memcmp(buf, "0x", 2))
		ret = cli_fail(CLI_USAGE, "a key line of standard input must begin with 0x: use @/dev/stdin for raw bytes");
	else
		ret = key_hex(buf, trim(buf, len), "standard input", key);
	explicit_bzero(buf, sizeof(buf));
	return ret;
}

/**
 * key_is_word() - whether a word has the form of a key
 * @word: as typed
 *
 * Return: whether it does
 */
bool key_is_word(const char *word)
{
	return !*word || *word == '@' || !strcmp(word, "-") ||
	       !strncmp(word, "0x", 2);
}

/**
 * key_parse() - get a key
 * @word: 0x and hexadecimal; @FILE, or @NAME of one of keys_read(); - for a line
 *	of standard input; or empty.
 *	A key in it is wiped, since everyone can read argv, also behind an @.
 * @key: result, to be wiped by the caller also after a failure
 *
 * Return: enum cli_result
 */
int key_parse(char *word, struct key *key)
{
	int ret;

	key->len = 0;
	if (!*word)
		return CLI_OK;
	if (*word == '@')
		return key_file(word + 1, key);
	if (!strcmp(word, "-"))
		return key_stdin(key);
	if (!strncmp(word, "0x", 2))
		ret = key_hex(word, strlen(word), NULL, key);
	else
		ret = cli_fail(CLI_USAGE, "a key must be 0x and hexadecimal, @FILE, or - for standard input");
	explicit_bzero(word, strlen(word));
	return ret;
}

/**
 * key_wipe() - forget a key
 * @key: key
 */
void key_wipe(struct key *key)
{
	explicit_bzero(key, sizeof(*key));
}
