// SPDX-License-Identifier: GPL-2.0
/* The commands about SAs. */
#include "sa.h"

static int config(struct args *a, bool new, const char *what,
		  int (*call)(struct nfipsec *h, const struct nfipsec_sa *sa))
{
	struct sa_args in = {};
	int ret;

	ret = sa_parse_config(a, &in);
	if (!ret)
		ret = new ? sa_check_new(&in.sa) : sa_check_key(&in.sa);
	if (!ret)
		ret = cli_open();
	if (!ret && call(cli.h, &in.sa))
		ret = cli_refused(what);
	sa_wipe(&in);
	return ret;
}

/**
 * cmd_sa_add() - sa add
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_add(struct args *a)
{
	return config(a, true, "sa add", nfipsec_sa_add);
}

/**
 * cmd_sa_update() - sa update
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_update(struct args *a)
{
	return config(a, false, "sa update", nfipsec_sa_update);
}

/**
 * cmd_sa_del() - sa del
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_del(struct args *a)
{
	struct nfipsec_sa key = {};
	int ret;

	ret = sa_parse_key(a, &key);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_sa_del(cli.h, &key))
		ret = cli_refused("sa del");
	return ret;
}

static void show(const struct nfipsec_sa *sa)
{
	if (cli.json)
		json_print(sa_json(sa));
	else
		sa_print(cli.out, sa);
}

/**
 * cmd_sa_get() - sa get
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_get(struct args *a)
{
	struct nfipsec_sa key = {}, sa = {};
	int ret;

	ret = sa_parse_key(a, &key);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_sa_get(cli.h, &key, &sa))
		ret = cli_refused("sa get");
	if (!ret)
		show(&sa);
	return ret;
}

struct list {
	struct nfipsec_sa filter;
	struct json_list json;
};

static int list_one(const struct nfipsec_sa *sa, void *arg)
{
	struct list *list = arg;

	if (!sa_match(sa, &list->filter))
		return 0;
	if (cli.json)
		json_list_add(&list->json, sa_json(sa));
	else
		sa_print(cli.out, sa);
	return 0;
}

/**
 * cmd_sa_list() - sa list
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_list(struct args *a)
{
	struct list list = {};
	int ret;

	ret = sa_parse_filter(a, &list.filter);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_sa_list(cli.h, list_one, &list))
		return cli_refused("sa list");
	if (cli.json)
		json_list_end(&list.json);
	return cli_note_torn();
}

/**
 * cmd_sa_flush() - sa flush
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_flush(struct args *a)
{
	struct nfipsec_sa filter = {};
	int ret;

	ret = sa_parse_flush(a, &filter);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_sa_flush(cli.h, SA_HAS(&filter, OWNER) ?
				     filter.owner : NULL))
		ret = cli_refused("sa flush");
	return ret;
}

/**
 * cmd_sa_count() - sa count
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_count(struct args *a)
{
	struct nfipsec_stats stats = {};
	struct json_object *o;
	int ret;

	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_stats_get(cli.h, &stats, NULL, NULL))
		return cli_refused("sa count");
	if (!cli.json) {
		fprintf(cli.out, "%u\n", stats.sa_count);
		return CLI_OK;
	}
	o = json_new();
	json_number(o, "sa_count", stats.sa_count);
	json_print(o);
	return CLI_OK;
}

/**
 * cmd_sa_allocspi() - sa allocspi
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_sa_allocspi(struct args *a)
{
	struct nfipsec_sa want = {}, sa = {};
	int ret;

	ret = sa_parse_alloc(a, &want);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_sa_allocspi(cli.h, &want, &sa))
		ret = cli_refused("sa allocspi");
	if (!ret)
		show(&sa);
	return ret;
}
