// SPDX-License-Identifier: GPL-2.0
/* Runs the tests and reports in KTAP. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define WORDS_MAX	64

static unsigned int count;
static unsigned int failed;

void text_open(struct text *t)
{
	t->file = open_memstream(&t->buf, &t->len);
	if (!t->file)
		abort();
}

const char *text_close(struct text *t)
{
	fclose(t->file);
	return t->buf;
}

void text_free(struct text *t)
{
	free(t->buf);
}

struct args *args_new(const char *line)
{
	struct args *a = calloc(1, sizeof(*a));
	char *copy = strdup(line);
	char *rest = copy;
	char *word;

	if (!a || !copy)
		abort();
	a->argv = calloc(WORDS_MAX, sizeof(*a->argv));
	while ((word = strsep(&rest, " ")) && a->argc < WORDS_MAX)
		/* each word on its own, so that ASan sees its bounds */
		if (*word)
			a->argv[a->argc++] =
				strdup(strcmp(word, "''") ? word : "");
	free(copy);
	return a;
}

void args_free(struct args *a)
{
	int i;

	for (i = 0; i < a->argc; i++)
		free(a->argv[i]);
	free(a->argv);
	free(a);
}

/* One result; what is behind @fmt explains a failure. */
void ok(bool good, const char *name, const char *fmt, ...)
{
	va_list ap;

	count++;
	printf("%sok %u %s\n", good ? "" : "not ", count, name);
	if (good)
		return;
	failed++;
	fputs("# ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	fputc('\n', stdout);
}

void same(const char *got, const char *want, const char *name)
{
	ok(!strcmp(got, want), name, "got \"%s\", not \"%s\"", got, want);
}

void has(const char *got, const char *want, const char *name)
{
	ok(strstr(got, want) && !strchr(got, '\n'), name,
	   "got \"%s\", without \"%s\"", got, want);
}

int main(void)
{
	cli.out = stdout;
	/* What is written is not lost if a leak ends it. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("KTAP version 1");
	test_numbers();
	test_blocks();
	test_sa();
	test_policy();
	test_keys();
	test_wire();
	test_errors();
	test_batch();
	test_keep();
	test_apply();
	test_transaction();
	test_newer();
	test_pair();
	test_event();
	printf("1..%u\n", count);
	return failed ? 1 : 0;
}
