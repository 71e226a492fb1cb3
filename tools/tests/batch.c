// SPDX-License-Identifier: GPL-2.0
/* Files of lines, and the one standard input that there is. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "command.h"

/**
 * struct seen - what the lines of a file were
 * @lines: those with words
 * @file: another file, to be read at each line; or NULL
 */
struct seen {
	unsigned int lines;
	const char *file;
};

static int see(int argc, char **argv, unsigned int line, void *arg)
{
	struct seen *seen = arg;
	struct seen inner = {};

	(void)argc;
	(void)argv;
	(void)line;
	seen->lines++;
	return seen->file ? batch_each(seen->file, see, &inner) : CLI_OK;
}

static void put_file(const char *path, const char *data, size_t len)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(data, 1, len, f) != len || fclose(f))
		abort();
}

/* What is behind it is not to be left out in silence. */
static void zero_byte(const char *path)
{
#define TEXT(s)	{ s, sizeof(s) - 1 }
	static const struct {
		const char *data;
		size_t len;
	} texts[] = {
		TEXT("a b\n\0\nc\n"), TEXT("a b\nc\0 d\n"),
		TEXT("\0a b\nc d\n"), TEXT("a b\nc d\n\0"),
	};
#undef TEXT
	struct seen seen = {};
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		put_file(path, texts[i].data, texts[i].len);
		ret = batch_each(path, see, &seen);
		ok(ret == CLI_USAGE && !seen.lines, "batch: a zero byte",
		   "text %zu: %d, %u lines", i, ret, seen.lines);
		has(cli_error(), "not text", "batch: a zero byte is named");
		has(cli_error(), path, "batch: so is the file");
	}
}

/* Wherever it is cut, as far as it can be seen by what is left. */
static void cut_short(const char *path)
{
	static const char text[] =
		BATCH_BEGIN ", whole\na b\nc\n" BATCH_END "\n";
	static const char * const whole[] = {
		text, BATCH_BEGIN "\n" BATCH_END "\n",
		BATCH_BEGIN "\r\na\r\n" BATCH_END "\r\n",
		BATCH_BEGIN "\na\n" BATCH_END "\t\n\n", "a\n" BATCH_BEGIN "\nb\n",
		"", "a\n", BATCH_END "\na\n",
		"\357\273\277" BATCH_BEGIN "\na\n" BATCH_END "\n",
	};
	static const char * const other[] = {
		BATCH_BEGIN "\na\nb " BATCH_END, BATCH_BEGIN BATCH_END,
		BATCH_BEGIN "\na\n" BATCH_END "\nb\n",
		BATCH_BEGIN "\na\n" BATCH_END "s\n",
		"\357\273\277" BATCH_BEGIN "\na\n",
	};
	struct seen seen = {};
	size_t i, len;

	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		put_file(path, whole[i], strlen(whole[i]));
		ok(!batch_each(path, see, &seen), "batch: whole",
		   "text %zu: %s", i, cli_error());
	}
	seen.lines = 0;
	for (len = strlen(BATCH_BEGIN); len < strlen(text) - 1; len++) {
		put_file(path, text, len);
		ok(batch_each(path, see, &seen) == CLI_USAGE && !seen.lines,
		   "batch: cut off", "%zu bytes", len);
		has(cli_error(), "cut off", "batch: it says so");
	}
	for (i = 0; i < ARRAY_SIZE(other); i++) {
		put_file(path, other[i], strlen(other[i]));
		ok(batch_each(path, see, &seen) == CLI_USAGE && !seen.lines,
		   "batch: no end", "text %zu", i);
	}
}

static void input_is(const char *path, const char *text)
{
	put_file(path, text, strlen(text));
	if (!freopen(path, "r", stdin))
		abort();
	cli.stdin_used = false;
}

/* At its end it looks like a file without lines. */
static void input_once(const char *dir, const char *path)
{
	struct seen seen = { .file = "-" };
	char other[64];
	int ret;

	input_is(path, "a\nb\n");
	ret = batch_each("-", see, &seen);
	ok(ret == CLI_USAGE && seen.lines == 1,
	   "batch: standard input within itself", "%d, %u lines", ret,
	   seen.lines);
	has(cli_error(), "standard input line 1: standard input was read",
	    "batch: it says so");

	snprintf(other, sizeof(other), "%s/other", dir);
	put_file(other, "c\n", 2);
	input_is(path, "a\nb\n");
	seen = (struct seen){ .file = other };
	ret = batch_each("-", see, &seen);
	ok(!ret && seen.lines == 2 && cli.stdin_used,
	   "batch: a file within standard input", "%d, %u lines, %d", ret,
	   seen.lines, cli.stdin_used);

	input_is(path, "a\n");
	put_file(other, "c\nd\n", 4);
	seen = (struct seen){ .file = "-" };
	ret = batch_each(other, see, &seen);
	ok(ret == CLI_USAGE && seen.lines == 2,
	   "batch: standard input twice within a file", "%d, %u lines", ret,
	   seen.lines);
	cli.stdin_used = false;
	unlink(other);
}

static void input_is_pipe(const char *text)
{
	int fd[2];

	if (pipe(fd) || write(fd[1], text, strlen(text)) < 0 ||
	    dup2(fd[0], STDIN_FILENO) < 0)
		abort();
	close(fd[0]);
	close(fd[1]);
	cli.stdin_used = false;
}

/* Names of it are as good as the dash. */
static void input_by_name(const char *path)
{
	static const char * const names[][2] = {
		{ "-", "/dev/stdin" }, { "/dev/stdin", "-" },
		{ "/dev/stdin", "/proc/self/fd/0" },
	};
	struct seen seen;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		input_is_pipe("a\nb\n");
		seen = (struct seen){ .file = names[i][1] };
		ret = batch_each(names[i][0], see, &seen);
		ok(ret == CLI_USAGE && seen.lines == 1,
		   "batch: standard input by its names", "%s, %s: %d, %u lines",
		   names[i][0], names[i][1], ret, seen.lines);
		has(cli_error(), "standard input was read",
		    "batch: the names are known");
	}

	/* What is whole each time it is opened may be. */
	input_is("/dev/null", "");
	put_file(path, "a\nb\n", 4);
	seen = (struct seen){ .file = "/dev/null" };
	ret = batch_each(path, see, &seen);
	ok(!ret && seen.lines == 2 && !cli.stdin_used,
	   "batch: a device that is standard input too", "%d, %u lines", ret,
	   seen.lines);
	input_is(path, "a\n");
	seen = (struct seen){ .file = path };
	put_file(path, "a\nb\n", 4);
	ret = batch_each(path, see, &seen);
	ok(!ret && seen.lines == 2 && !cli.stdin_used,
	   "batch: a file that is standard input too", "%d, %u lines", ret,
	   seen.lines);
}

void test_batch(void)
{
	char dir[] = "/tmp/nfipsec-batch.XXXXXX";
	char path[64];

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/lines", dir);
	zero_byte(path);
	cut_short(path);
	input_once(dir, path);
	input_by_name(path);
	unlink(path);
	rmdir(dir);
}
