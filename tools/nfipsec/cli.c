// SPDX-License-Identifier: GPL-2.0
/* Failures as one line, and the handle. */
#include <stdarg.h>
#include <string.h>

#include "cli.h"

/* A word this long that looks like a number may be a misplaced key, */
#define SHOW_HEX_MAX	18
/* and so many digits are of no number, be it decimal. */
#define SHOW_DIGITS_MAX	20

struct cli cli;

static char error[640];

/**
 * cli_fail() - keep the sentence that tells why
 * @code: exit status
 * @fmt: the sentence, without newline
 *
 * Return: @code
 */
int cli_fail(enum cli_result code, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	vsnprintf(error, sizeof(error), fmt, ap);
	va_end(ap);

	/* An error is one line, whatever was typed. */
	for (p = error; *p; p++)
		if ((unsigned char)*p < ' ' || *p == '\177')
			*p = '?';
	return code;
}

/**
 * cli_error() - the sentence of the last cli_fail()
 *
 * Return: the sentence
 */
const char *cli_error(void)
{
	return error;
}

/**
 * cli_show() - a word as it may be shown in an error
 * @word: as typed
 *
 * Return: @word, or a stand-in for what may be a key in the wrong place
 */
const char *cli_show(const char *word)
{
	const char *p = word + strspn(word, "@-");
	size_t len;

	/* One with a wrong digit too; but a file can be called almost anything. */
	if (!strncmp(p, "0x", 2) && strlen(p) > SHOW_HEX_MAX)
		return "0x...";
	for (; *p; p += len) {
		len = strspn(p, "0123456789abcdefABCDEF");
		if (len > SHOW_DIGITS_MAX)
			return "0x...";
		len += !len;
	}
	return word;
}

/**
 * cli_open() - connect to the kernel module, once
 *
 * Return: CLI_OK or CLI_FAILED
 */
int cli_open(void)
{
	if (cli.h)
		return CLI_OK;
	if (!nfipsec_open(&cli.h))
		return CLI_OK;

	cli_fail(CLI_FAILED, "%s", nfipsec_error(cli.h));
	nfipsec_close(cli.h);
	cli.h = NULL;
	return CLI_FAILED;
}

/**
 * cli_refused() - pass on why the kernel refused
 * @what: the command
 *
 * Return: CLI_FAILED
 */
int cli_refused(const char *what)
{
	return cli_fail(CLI_FAILED, "%s: %s", what, nfipsec_error(cli.h));
}

/**
 * cli_note_torn() - warn if the list just printed changed while it was read
 *
 * Return: CLI_OK
 */
int cli_note_torn(void)
{
	if (nfipsec_list_torn(cli.h))
		fputs("nfipsec: the table changed while it was read: list again for a consistent view\n",
		      stderr);
	return CLI_OK;
}

/**
 * cli_no_json() - refuse to print text where JSON is asked for
 * @what: the command, which knows text only
 *
 * Return: CLI_OK or CLI_USAGE
 */
int cli_no_json(const char *what)
{
	if (!cli.json)
		return CLI_OK;
	return cli_fail(CLI_USAGE, "%s prints no JSON: leave out -j", what);
}
