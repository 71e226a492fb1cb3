// SPDX-License-Identifier: GPL-2.0
/*
 * Commands from a file, one a line. Lines may hold keys, so the file is read
 * into one buffer that is wiped, and not through stdio.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "command.h"

#define WORDS_MAX	512
#define BOM		"\xef\xbb\xbf"

struct text {
	char *buf;
	size_t len;
	size_t size;
};

/* realloc() would leave a copy behind. */
static bool text_grow(struct text *t)
{
	size_t size = t->size * 2 + 65536;
	char *buf = malloc(size);

	if (!buf)
		return false;
	if (t->len)
		memcpy(buf, t->buf, t->len);
	if (t->buf)
		explicit_bzero(t->buf, t->size);
	free(t->buf);
	t->buf = buf;
	t->size = size;
	return true;
}

static int text_read(int fd, struct text *t)
{
	ssize_t n;

	for (;;) {
		if (t->size - t->len < 2 && !text_grow(t))
			return -ENOMEM;
		n = read(fd, t->buf + t->len, t->size - t->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		t->len += n;
	}
	t->buf[t->len] = '\0';
	return 0;
}

static void text_free(struct text *t)
{
	if (t->buf)
		explicit_bzero(t->buf, t->size);
	free(t->buf);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cut the next word out of @line, with quotes as in a shell but no escapes. */
static int cut_word(char **line, char **word)
{
	char *from = *line, *to = *line;
	char quote = 0;

	*word = from;
	for (; *from && (quote || !is_blank(*from)); from++) {
		if (quote && *from == quote)
			quote = 0;
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else
			*to++ = *from;
	}
	if (quote)
		return cli_fail(CLI_USAGE, "a quote is not closed");
	*line = *from ? from + 1 : from;
	*to = '\0';
	return CLI_OK;
}

static int split(char *line, char **words, int *n)
{
	int ret;

	for (*n = 0;; (*n)++) {
		while (is_blank(*line))
			line++;
		if (!*line || *line == '#')
			return CLI_OK;
		if (*n == WORDS_MAX)
			return cli_fail(CLI_USAGE, "more than %d words",
					WORDS_MAX);
		ret = cut_word(&line, &words[*n]);
		if (ret)
			return ret;
	}
}

static int run_line(char *line, unsigned int number, batch_fn run, void *arg)
{
	char *words[WORDS_MAX];
	int ret;
	int n;

	ret = split(line, words, &n);
	if (ret || !n)
		return ret;
	return run(n, words, number, arg);
}

/*
 * A pipe whose writer failed and a disk that was full end a file anywhere, and
 * what is missing then looks like what there is not to be.
 */
static bool is_cut(const char *text)
{
	const size_t end = strlen(BATCH_END);
	size_t len = strlen(text);

	if (strncmp(text, BATCH_BEGIN, strlen(BATCH_BEGIN)))
		return false;
	while (is_blank(text[len - 1]) || text[len - 1] == '\n')
		len--;
	return text[len - end - 1] != '\n' ||
	       memcmp(text + len - end, BATCH_END, end);
}

static int run_lines(const struct text *text, const char *name, batch_fn run,
		     void *arg)
{
	unsigned int number = 0;
	char *rest = text->buf;
	char sentence[640];
	char *line;
	int ret;

	/* Lines are strings, and what is behind it would not be seen. */
	if (memchr(text->buf, '\0', text->len))
		return cli_fail(CLI_USAGE, "%s: not text: there is a byte in it that is zero",
				name);
	/* Some editors put a byte order mark there, though UTF-8 has no order. */
	if (!strncmp(rest, BOM, strlen(BOM)))
		rest += strlen(BOM);
	if (is_cut(rest))
		return cli_fail(CLI_USAGE, "%s: cut off: it was written by nfipsec save, and its last line is not \"%s\"",
				name, BATCH_END);
	while ((line = strsep(&rest, "\n"))) {
		number++;
		ret = run_line(line, number, run, arg);
		if (ret) {
			snprintf(sentence, sizeof(sentence), "%s", cli_error());
			return cli_fail(ret, "%s line %u: %s", name, number,
					sentence);
		}
	}
	return CLI_OK;
}

/*
 * By any of its names. What is whole each time it is opened does not matter, nor
 * what has nothing in it.
 */
static bool is_input(const char *path)
{
	struct stat file, input;

	if (!strcmp(path, "-"))
		return true;
	if (stat(path, &file) || fstat(STDIN_FILENO, &input) ||
	    file.st_dev != input.st_dev || file.st_ino != input.st_ino)
		return false;
	return S_ISFIFO(input.st_mode) || isatty(STDIN_FILENO);
}

/**
 * batch_each() - read the lines of a file, up to the first that fails
 * @path: file, - is standard input
 * @run: called with the words of each line that has any
 * @arg: for @run
 *
 * Standard input is read as a file once at most.
 *
 * Return: enum cli_result of the last line
 */
int batch_each(const char *path, batch_fn run, void *arg)
{
	bool input = is_input(path);
	struct text text = {};
	int fd = STDIN_FILENO;
	int ret;

	/* It is at its end then: as a file that says nothing, and is read. */
	if (input && cli.stdin_used)
		return cli_fail(CLI_USAGE, "standard input was read to its end already: give a file");
	if (input)
		cli.stdin_used = true;
	else
		fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = fd < 0 ? -errno : text_read(fd, &text);
	if (fd > STDIN_FILENO)
		close(fd);

	if (ret)
		ret = cli_fail(CLI_FAILED, "%s: %s", cli_show(path),
			       strerror(-ret));
	else
		ret = run_lines(&text, input ? "standard input" :
				cli_show(path), run, arg);
	text_free(&text);
	return ret;
}

static int run_command(int argc, char **argv, unsigned int line, void *arg)
{
	(void)line;
	(void)arg;
	return command_run(argc, argv, true);
}

/**
 * batch_run() - run the commands of a file, up to the first that fails
 * @path: file, - is standard input
 *
 * Return: enum cli_result of the last command
 */
int batch_run(const char *path)
{
	return batch_each(path, run_command, NULL);
}
