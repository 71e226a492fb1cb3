// SPDX-License-Identifier: GPL-2.0
/* Files of lines. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "command.h"

/**
 * struct seen - what the lines of a file were
 * @lines: those with words
 */
struct seen {
	unsigned int lines;
};

static int see(int argc, char **argv, unsigned int line, void *arg)
{
	struct seen *seen = arg;

	(void)argc;
	(void)argv;
	(void)line;
	seen->lines++;
	return CLI_OK;
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
	static const char * const texts[] = {
		"a b\n\0\nc\n", "a b\nc\0 d\n", "\0a b\nc d\n", "a b\nc d\n\0",
	};
	struct seen seen = {};
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		put_file(path, texts[i], 9);
		ret = batch_each(path, see, &seen);
		ok(ret == CLI_USAGE && !seen.lines, "batch: a zero byte",
		   "text %zu: %d, %u lines", i, ret, seen.lines);
		has(cli_error(), "not text", "batch: a zero byte is named");
		has(cli_error(), path, "batch: so is the file");
	}
}

void test_batch(void)
{
	char dir[] = "/tmp/nfipsec-batch.XXXXXX";
	char path[64];

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/lines", dir);
	zero_byte(path);
	unlink(path);
	rmdir(dir);
}
