// SPDX-License-Identifier: GPL-2.0
/* Options, one command or a batch of them, exit status. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "command.h"

enum {
	OPT_EXPLAIN = 256,
	OPT_CHECK,
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "pretty", no_argument, NULL, 'p' },
	{ "batch", required_argument, NULL, 'b' },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{}
};

/**
 * struct mode - what the options ask for besides the output's form
 * @batch: file of commands
 * @run: command in place of the words
 */
struct mode {
	const char *batch;
	int (*run)(struct args *a);
};

static bool is_option(int c)
{
	const struct option *o;

	for (o = long_options; o->name; o++)
		if (o->val == c)
			return true;
	return false;
}

/*
 * A letter of several in a word is told by optopt, and then @word may be another
 * one; a long option is in @word, and in optopt if it has a value too much.
 */
static int bad_option(const char *word)
{
	if (!optopt)
		return cli_fail(CLI_USAGE, "unknown option \"%s\": try nfipsec help",
				cli_show(word));
	/* Not the value, whatever it is. */
	if (is_option(optopt))
		return cli_fail(CLI_USAGE, "\"%.*s\" has a value, and takes none",
				(int)strcspn(word, "="), word);
	return cli_fail(CLI_USAGE, "unknown option \"-%c\": try nfipsec help",
			optopt);
}

static int apply_option(int c, const char *word, struct mode *mode)
{
	switch (c) {
	case 'j':
		cli.json = true;
		return CLI_OK;
	case 'p':
		cli.pretty = true;
		return CLI_OK;
	case '4':
		cli.family = AF_INET;
		return CLI_OK;
	case '6':
		cli.family = AF_INET6;
		return CLI_OK;
	case 'b':
		mode->batch = optarg;
		return CLI_OK;
	case OPT_EXPLAIN:
		cli.explain = true;
		return CLI_OK;
	case OPT_CHECK:
		cli.check = true;
		return CLI_OK;
	case 'h':
		mode->run = cmd_help;
		return CLI_OK;
	case 'V':
		mode->run = cmd_version;
		return CLI_OK;
	case ':':
		return cli_fail(CLI_USAGE, "a value must follow \"%s\"", word);
	}
	return bad_option(word);
}

static int run(int argc, char **argv)
{
	struct args none = {};
	struct mode mode = {};
	int ret;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":jp46b:hV", long_options,
				NULL)) != -1) {
		ret = apply_option(c, argv[optind - 1], &mode);
		if (ret)
			return ret;
	}
	argc -= optind;
	argv += optind;

	if (mode.run)
		return mode.run(&none);
	if (!mode.batch)
		return command_run(argc, argv, false);
	if (argc)
		return cli_fail(CLI_USAGE, "a command on the command line and --batch exclude each other");
	return batch_run(mode.batch);
}

/* What is opened later is neither input nor output, whatever was closed before us. */
static void fill_standard(void)
{
	int fd;

	do
		/* not to write to: output that goes nowhere is an error */
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* A core dump would hold keys. Who takes them by a pipe is sent them without limit. */
static void keep_no_core(void)
{
	const struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	int ret;

	fill_standard();
	keep_no_core();
	cli.out = stdout;
	ret = run(argc, argv);
	if (ret && ret != CLI_DIFFERS)
		fprintf(stderr, "nfipsec: %s\n", cli_error());
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "nfipsec: writing the output: %s\n",
			strerror(errno));
		ret = ret ? ret : CLI_FAILED;
	}
	nfipsec_close(cli.h);
	return ret;
}
