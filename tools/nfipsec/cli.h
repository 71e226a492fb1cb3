/* SPDX-License-Identifier: GPL-2.0 */
/* What every command needs: options, one-line failures, the handle. */
#ifndef NFIPSEC_CLI_H
#define NFIPSEC_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "nfipsec.h"

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

/* What commands return and the process exits with. */
enum cli_result {
	CLI_OK,
	CLI_FAILED,	/* the kernel or the system refused */
	CLI_USAGE,	/* the words make no sense */
	CLI_DIFFERS,	/* apply --check: something would change */
};

/**
 * struct cli - options and state of this run
 * @json: print JSON
 * @pretty: with line breaks
 * @explain: stats, say what each counter means
 * @check: apply, change nothing
 * @keys_later: a key that there is not is needed later, if at all
 * @family: AF_INET or AF_INET6 where the words do not tell, 0 if not given
 * @stdin_used: standard input was read as a file: nothing more comes from it
 * @out: where results go
 * @h: handle, NULL until the first command that needs it
 */
struct cli {
	bool json;
	bool pretty;
	bool explain;
	bool check;
	bool keys_later;
	uint8_t family;
	bool stdin_used;
	FILE *out;
	struct nfipsec *h;
};

extern struct cli cli;

int cli_fail(enum cli_result code, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *cli_error(void);
const char *cli_show(const char *word);
int cli_open(void);
int cli_refused(const char *what);
int cli_note_torn(void);
int cli_no_json(const char *what);

#endif
