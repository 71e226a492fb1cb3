// SPDX-License-Identifier: GPL-2.0
/* The commands, in one table that also makes the help. */
#include <string.h>

#include "acquire.h"
#include "apply.h"
#include "command.h"
#include "keep.h"
#include "feature.h"
#include "monitor.h"
#include "policy.h"
#include "sa.h"
#include "state.h"

#define SA_WORDS							\
	"src A dst A proto esp|ah|comp spi N mode tunnel|transport|beet\n"	\
	"[reqid N] [replay-window N] [esn] [flag FLAG...] [dir in|out]\n" \
	"[owner NAME]\n"						\
	"[sel SELECTOR] [seq-out N] [seq-in N] [seq-max N]\n"			\
	"[ecn normal|compat|off] [dscp copy|N] [df copy|set|clear]\n"	\
	"[hop-limit default|N] [flow-label copy|hash|N] [frag before|after]\n" \
	"[pmtu-age SECONDS] [tfc-pad mtu|N] [dummy-interval MS]\n"	\
	"[dscp-set N|N-N|ef|af11|cs1|...[,...]] [cpu N]\n"		\
	"[limit {byte|packet|time|time-use}-{soft|hard} N]...\n"		\
	"[encap espinudp SPORT DPORT OADDR [nat-keepalive-interval SECONDS]]\n" \
	"aead NAME KEY ICVBITS | enc NAME KEY auth-trunc NAME KEY ICVBITS\n" \
	"proto ah: auth-trunc NAME KEY ICVBITS | aead gmac KEY ICVBITS;\n" \
	"proto comp: comp deflate"
#define SA_KEY		"[src A] dst A proto esp|ah|comp spi N"
#define MOVE_WORDS							\
	SA_KEY " to\n"							\
	"[src A] [dst A] [reqid N]\n"					\
	"[encap none|espinudp SPORT DPORT OADDR [nat-keepalive-interval SECONDS]]"
#define POLICY_WORDS							\
	"dir in|out SELECTOR [sel SELECTOR]... [priority N] [name STRING]...\n" \
	"[pfp FIELD,...] [flag cpu-acquire] [owner NAME]\n"		\
	"action protect|bypass|discard\n"				\
	"[tmpl [src A dst A] proto esp|ah|comp mode M [reqid N] [spi N]\n" \
	"      [level required|use] [algo NAME]... [esn yes|no]\n"	\
	"      [df copy|set|clear] [dscp N|copy]]..."
#define POLICY_KEY	"index N | dir in|out SELECTOR [sel SELECTOR]..."
#define EXPLAIN_WORDS							\
	"in|out src A dst A [proto P] [sport N] [dport N] [type N [code N]]\n" \
	"[len N] [df] [fragment] [dscp N] [mark N] [iif DEV] [oif DEV]"

/* The first verb of a noun is what the noun alone means. */
const struct command commands[] = {
	{ "sa", "list", "show", cmd_sa_list,
	  "[src A] [dst A] [proto P] [spi N] [reqid N] [mode M] [dir D] [state S] [owner NAME]",
	  "show SAs, never their keys" },
	{ "sa", "add", "new", cmd_sa_add, SA_WORDS, "add an SA" },
	{ "sa", "update", NULL, cmd_sa_update, SA_WORDS,
	  "give a larval SA its keys, or change reqid, sel, limit, seq-* of a mature one" },
	{ "sa", "move", NULL, cmd_sa_move, MOVE_WORDS,
	  "change where an SA is while it is in use" },
	{ "sa", "get", NULL, cmd_sa_get, SA_KEY, "show one SA" },
	{ "sa", "del", "delete", cmd_sa_del, SA_KEY, "delete one SA" },
	{ "sa", "flush", NULL, cmd_sa_flush, "[owner NAME]",
	  "delete all SAs, or those of one owner" },
	{ "sa", "count", NULL, cmd_sa_count, NULL, "number of SAs" },
	{ "sa", "allocspi", NULL, cmd_sa_allocspi,
	  "src A dst A proto esp|ah|comp [mode M] [reqid N] min N max N [owner NAME]",
	  "reserve a free SPI by a larval SA" },
	{ "policy", "list", "show", cmd_policy_list,
	  "[dir in|out] [owner NAME]",
	  "show policies in the order they are looked at" },
	{ "policy", "add", "new", cmd_policy_add, POLICY_WORDS,
	  "add a policy" },
	{ "policy", "update", NULL, cmd_policy_update, POLICY_WORDS,
	  "replace the policy with this direction and selector, or add it" },
	{ "policy", "get", NULL, cmd_policy_get, POLICY_KEY,
	  "show one policy" },
	{ "policy", "del", "delete", cmd_policy_del, POLICY_KEY,
	  "delete one policy" },
	{ "policy", "flush", NULL, cmd_policy_flush,
	  "[dir in|out] [owner NAME]",
	  "delete all policies, or those of one owner" },
	{ "policy", "count", NULL, cmd_policy_count, "[dir in|out]",
	  "number of policies" },
	{ "policy", "preset", NULL, cmd_policy_preset,
	  "{ike|nd|mld|igmp|dhcp}... [priority N] [owner NAME]",
	  "let pass in the clear what a host needs" },
	{ "policy", "explain", NULL, cmd_policy_explain, EXPLAIN_WORDS,
	  "tell what would become of a packet, and why" },
	{ "default", NULL, NULL, cmd_default,
	  "[in bypass|discard] [out bypass|discard] [weak on|off] [audit on|off]\n"
	  "[acquire-timeout SECONDS]",
	  "show or set what no policy matches, weak algorithms, audit" },
	{ "apply", NULL, NULL, cmd_apply,
	  "FILE [keys FILE] [owner NAME] [empty] [--check]",
	  "have SAs, policies and defaults be what a file says, all at once" },
	{ "save", NULL, NULL, cmd_save, "[owner NAME]",
	  "write them as apply reads them, without keys" },
	{ "stats", NULL, NULL, cmd_stats, "[--explain]",
	  "show the counters, and what they mean" },
	{ "acquire", "list", "show", cmd_acquire_list, NULL,
	  "show for which SAs packets wait" },
	{ "monitor", NULL, NULL, cmd_monitor, "[events|changes|all]",
	  "show events, or changes of SAs and policies, as they come" },
	{ "keep", NULL, NULL, cmd_keep,
	  "FILE [new] [seq-in] [owner NAME] [ahead N] [interval SECONDS]",
	  "keep the sequence numbers of SAs with seq-max over a crash" },
	{ "features", NULL, NULL, cmd_features, NULL,
	  "show the module's version and what it can do" },
	{ "algo", "list", "show", cmd_algo_list, "[load]",
	  "show algorithms, and what this kernel has of them" },
	{ "help", NULL, NULL, cmd_help,
	  "[sa|policy|default|stats|acquire|monitor|keep|features|algo|apply|save|selector|key]",
	  "tell more" },
	{ "version", NULL, NULL, cmd_version, NULL, "show the version" },
};

const size_t commands_len = ARRAY_SIZE(commands);

static bool verb_is(const struct command *c, const char *verb)
{
	return !strcmp(c->verb, verb) || (c->other && !strcmp(c->other, verb));
}

static int verb_unknown(const char *noun, const char *verb)
{
	char known[128] = "";
	size_t len = 0;
	size_t i;

	for (i = 0; i < commands_len && len < sizeof(known); i++)
		if (!strcmp(commands[i].noun, noun))
			len += snprintf(known + len, sizeof(known) - len,
					" %s", commands[i].verb);
	return cli_fail(CLI_USAGE, "unknown word \"%s\" behind \"%s\", use one of:%s",
			cli_show(verb), noun, known);
}

/* A noun alone means its first verb. */
static int find(struct args *a, const struct command **found)
{
	const char *noun = args_next(a);
	const char *verb = args_peek(a);
	bool known = false;
	size_t i;

	for (i = 0; i < commands_len; i++) {
		*found = &commands[i];
		if (strcmp(commands[i].noun, noun))
			continue;
		known = true;
		if (!commands[i].verb || !verb)
			return CLI_OK;
		if (verb_is(&commands[i], verb)) {
			args_next(a);
			return CLI_OK;
		}
	}
	if (known)
		return verb_unknown(noun, verb);
	return cli_fail(CLI_USAGE, "unknown command \"%s\": try nfipsec help",
			cli_show(noun));
}

/* As its words say; those of a file are those of other commands. */
static bool has_selector(const struct command *c)
{
	return c->run == cmd_apply ||
	       (c->words && strstr(c->words, "SELECTOR"));
}

static int check_options(const struct command *c, bool batch)
{
	if (cli.check && c->run != cmd_apply)
		return cli_fail(CLI_USAGE, "--check goes with apply only");
	if (cli.explain && c->run != cmd_stats)
		return cli_fail(CLI_USAGE, "--explain goes with stats only");
	/* Of a batch, they are for the lines that have selectors. */
	if (cli.family && !batch && !has_selector(c))
		return cli_fail(CLI_USAGE, "-4 and -6 go with commands that have a selector only");
	return CLI_OK;
}

/**
 * command_run() - run one command
 * @argc: number of words
 * @argv: the words, without options; keys in them are wiped
 * @batch: options were given for all commands of a batch
 *
 * Return: enum cli_result, after cli_fail() if it is not CLI_OK
 */
int command_run(int argc, char **argv, bool batch)
{
	static const struct command summary = { .run = cmd_summary };
	struct args a = { .argc = argc, .argv = argv };
	const struct command *c = &summary;
	int ret = CLI_OK;

	if (argc)
		ret = find(&a, &c);
	if (!ret)
		ret = check_options(c, batch);
	return ret ? ret : c->run(&a);
}
