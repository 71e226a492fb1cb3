// SPDX-License-Identifier: GPL-2.0
/* Default actions, counters, and a summary of both. */
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "policy.h"
#include "state.h"

static const struct choice choice_switch[] = {
	{ "off", 0 },
	{ "on", 1 },
	{}
};

static int word_choice(struct args *a, void *obj, const struct word *w,
		       const char *what, const struct choice *choices)
{
	const char *text = args_value(a, w->name);
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, what, choices, &value);
	if (ret)
		return ret;
	*((uint8_t *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_default(struct args *a, void *obj, const struct word *w)
{
	static const struct choice actions[] = {
		{ "bypass", NFIPSEC_ACTION_BYPASS },
		{ "discard", NFIPSEC_ACTION_DISCARD },
		{}
	};

	return word_choice(a, obj, w, "default action", actions);
}

static int word_switch(struct args *a, void *obj, const struct word *w)
{
	char what[32];

	snprintf(what, sizeof(what), "word behind \"%s\"", w->name);
	return word_choice(a, obj, w, what, choice_switch);
}

/**
 * default_parse() - read what is to be set for the namespace
 * @a: words
 * @def: result, zeroed by the caller; empty if there were no words
 *
 * Return: enum cli_result
 */
int default_parse(struct args *a, struct nfipsec_default *def)
{
	static const struct word words[] = {
		{ "in", word_default, 0, offsetof(struct nfipsec_default, in),
		  NFIPSEC_A_DEFAULT_IN, 0, false },
		{ "out", word_default, 0, offsetof(struct nfipsec_default, out),
		  NFIPSEC_A_DEFAULT_OUT, 0, false },
		{ "weak", word_switch, 0,
		  offsetof(struct nfipsec_default, weak),
		  NFIPSEC_A_DEFAULT_WEAK, 0, false },
		{ "audit", word_switch, 0,
		  offsetof(struct nfipsec_default, audit),
		  NFIPSEC_A_DEFAULT_AUDIT, 0, false },
		{ "acquire-timeout", word_u32, 0,
		  offsetof(struct nfipsec_default, acquire_timeout),
		  NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT, 0, false },
	};

	return words_parse(a, words, ARRAY_SIZE(words), def, false);
}

#define DEFAULT_HAS(def, attr)	has_get(def, NFIPSEC_A_DEFAULT_##attr)

/* What an older module does not tell it does not have, and 0 would be a lie. */
static void default_json(struct json_object *o,
			 const struct nfipsec_default *def)
{
	if (DEFAULT_HAS(def, IN))
		json_text(o, "in", choice_name(choice_action, def->in));
	if (DEFAULT_HAS(def, OUT))
		json_text(o, "out", choice_name(choice_action, def->out));
	if (DEFAULT_HAS(def, WEAK))
		json_text(o, "weak", choice_name(choice_switch, def->weak));
	if (DEFAULT_HAS(def, AUDIT))
		json_text(o, "audit", choice_name(choice_switch, def->audit));
	if (DEFAULT_HAS(def, ACQUIRE_TIMEOUT))
		json_number(o, "acquire_timeout", def->acquire_timeout);
}

static void default_print(FILE *out, const struct nfipsec_default *def)
{
	if (DEFAULT_HAS(def, IN))
		fprintf(out, "in %s\n", choice_name(choice_action, def->in));
	if (DEFAULT_HAS(def, OUT))
		fprintf(out, "out %s\n", choice_name(choice_action, def->out));
	if (DEFAULT_HAS(def, WEAK))
		fprintf(out, "weak %s\n",
			choice_name(choice_switch, def->weak));
	if (DEFAULT_HAS(def, AUDIT))
		fprintf(out, "audit %s\n",
			choice_name(choice_switch, def->audit));
	if (DEFAULT_HAS(def, ACQUIRE_TIMEOUT))
		fprintf(out, "acquire-timeout %u\n", def->acquire_timeout);
}

static int default_show(void)
{
	struct nfipsec_default def = {};
	struct json_object *o;

	if (nfipsec_default_get(cli.h, &def))
		return cli_refused("default");
	if (!cli.json) {
		default_print(cli.out, &def);
		return CLI_OK;
	}
	o = json_new();
	default_json(o, &def);
	json_print(o);
	return CLI_OK;
}

/**
 * cmd_default() - default
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_default(struct args *a)
{
	struct nfipsec_default def = {};
	int ret;

	ret = default_parse(a, &def);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (!def.has)
		return default_show();
	return nfipsec_default_set(cli.h, &def) ? cli_refused("default") :
						  CLI_OK;
}

/**
 * struct tally - counters on their way to the output
 * @counters: JSON, name to value; NULL for text
 * @explain: JSON, name to meaning; NULL if not asked for
 * @in: packets accepted
 * @out: packets sent
 * @dropped: sum of the drop counters
 */
struct tally {
	struct json_object *counters;
	struct json_object *explain;
	uint64_t in;
	uint64_t out;
	uint64_t dropped;
};

static bool is_drop(const struct nfipsec_counter *c)
{
	return has_get(c, NFIPSEC_A_COUNTER_DROP);
}

static void stats_json(struct tally *tally, const struct nfipsec_counter *c)
{
	struct json_object *o;

	json_number(tally->counters, c->name, c->value);
	if (!tally->explain)
		return;
	o = json_new();
	json_text(o, "doc", c->doc);
	json_flag(o, "drop", is_drop(c));
	json_child(tally->explain, c->name, o);
}

static int stats_one(const struct nfipsec_counter *c, void *arg)
{
	struct tally *tally = arg;

	if (tally->counters)
		stats_json(tally, c);
	else if (cli.explain)
		fprintf(cli.out, "%-16s %12" PRIu64 "  %s%s\n", c->name,
			c->value, is_drop(c) ? "dropped, " : "", c->doc);
	else
		fprintf(cli.out, "%-16s %12" PRIu64 "\n", c->name, c->value);
	return 0;
}

static void counts_json(struct json_object *o,
			const struct nfipsec_stats *stats)
{
	json_number(o, "sa_count", stats->sa_count);
	json_number(o, "policy_in_count", stats->policy_in_count);
	json_number(o, "policy_out_count", stats->policy_out_count);
}

/**
 * cmd_stats() - stats
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_stats(struct args *a)
{
	struct nfipsec_stats stats = {};
	struct tally tally = {};
	struct json_object *o;
	int ret;

	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (cli.json)
		tally.counters = json_new();
	if (cli.json && cli.explain)
		tally.explain = json_new();
	if (nfipsec_stats_get(cli.h, &stats, stats_one, &tally)) {
		json_object_put(tally.counters);
		json_object_put(tally.explain);
		return cli_refused("stats");
	}
	if (!cli.json)
		return CLI_OK;

	o = json_new();
	counts_json(o, &stats);
	json_number(o, "flow_cache_hits", stats.flow_cache_hits);
	json_number(o, "flow_cache_misses", stats.flow_cache_misses);
	json_child(o, "counters", tally.counters);
	if (tally.explain)
		json_child(o, "explain", tally.explain);
	json_print(o);
	return CLI_OK;
}

static int tally_one(const struct nfipsec_counter *c, void *arg)
{
	struct tally *tally = arg;

	if (is_drop(c))
		tally->dropped += c->value;
	else if (!strcmp(c->name, "in_ok"))
		tally->in = c->value;
	else if (!strcmp(c->name, "out_ok"))
		tally->out = c->value;
	return 0;
}

static void summary_print(const struct nfipsec_stats *stats,
			  const struct nfipsec_default *def,
			  const struct tally *tally)
{
	fprintf(cli.out, "SAs %u, policies in %u out %u, default in %s out %s\n",
		stats->sa_count, stats->policy_in_count,
		stats->policy_out_count, choice_name(choice_action, def->in),
		choice_name(choice_action, def->out));
	fprintf(cli.out, "packets received %" PRIu64 " sent %" PRIu64
		" dropped %" PRIu64 "\n", tally->in, tally->out,
		tally->dropped);
	if (tally->dropped)
		fputs("nfipsec stats --explain tells why packets were dropped\n",
		      cli.out);
}

static void summary_json(const struct nfipsec_stats *stats,
			 const struct nfipsec_default *def,
			 const struct tally *tally)
{
	struct json_object *o = json_new();
	struct json_object *d = json_new();

	counts_json(o, stats);
	default_json(d, def);
	json_child(o, "default", d);
	json_number(o, "received", tally->in);
	json_number(o, "sent", tally->out);
	json_number(o, "dropped", tally->dropped);
	json_print(o);
}

/**
 * cmd_summary() - what is shown without any words
 * @a: words, none
 *
 * Return: enum cli_result
 */
int cmd_summary(struct args *a)
{
	struct nfipsec_stats stats = {};
	struct nfipsec_default def = {};
	struct tally tally = {};
	int ret;

	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_stats_get(cli.h, &stats, tally_one, &tally) ||
	    nfipsec_default_get(cli.h, &def))
		return cli_refused("summary");
	if (cli.json)
		summary_json(&stats, &def, &tally);
	else
		summary_print(&stats, &def, &tally);
	return CLI_OK;
}
