// SPDX-License-Identifier: GPL-2.0
/* The commands about policies. */
#include <string.h>

#include "policy.h"

static int config(struct args *a, const char *what,
		  int (*call)(struct nfipsec *h,
			      const struct nfipsec_policy *pol,
			      uint32_t *index))
{
	struct nfipsec_policy pol = {};
	struct json_object *o;
	uint32_t index;
	int ret;

	ret = policy_parse_config(a, &pol);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (call(cli.h, &pol, &index))
		return cli_refused(what);
	if (!cli.json)
		return CLI_OK;
	o = json_new();
	json_number(o, "index", index);
	json_print(o);
	return CLI_OK;
}

/**
 * cmd_policy_add() - policy add
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_add(struct args *a)
{
	return config(a, "policy add", nfipsec_policy_add);
}

/**
 * cmd_policy_update() - policy update
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_update(struct args *a)
{
	return config(a, "policy update", nfipsec_policy_update);
}

/* The kernel takes an index alone; a direction beside it is a safety catch. */
static int key_get(struct args *a, const char *what, struct nfipsec_policy *key)
{
	struct nfipsec_policy pol = {};
	int ret;

	ret = policy_parse_key(a, key);
	if (!ret)
		ret = cli_open();
	if (ret || !POLICY_HAS(key, INDEX) || !POLICY_HAS(key, DIR))
		return ret;

	key->has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX);
	if (nfipsec_policy_get(cli.h, key, &pol))
		return cli_refused(what);
	if (key->dir != NFIPSEC_DIR_ANY && key->dir != pol.dir)
		return cli_fail(CLI_FAILED, "%s: policy %u is of direction %s",
				what, key->index,
				choice_name(choice_dir, pol.dir));
	return CLI_OK;
}

/**
 * cmd_policy_del() - policy del
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_del(struct args *a)
{
	struct nfipsec_policy key = {};
	int ret;

	ret = key_get(a, "policy del", &key);
	if (!ret && nfipsec_policy_del(cli.h, &key))
		ret = cli_refused("policy del");
	return ret;
}

/**
 * cmd_policy_get() - policy get
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_get(struct args *a)
{
	struct nfipsec_policy key = {}, pol = {};
	int ret;

	ret = key_get(a, "policy get", &key);
	if (ret)
		return ret;
	if (nfipsec_policy_get(cli.h, &key, &pol))
		return cli_refused("policy get");
	if (cli.json)
		json_print(policy_json(&pol));
	else
		policy_print(cli.out, &pol);
	return CLI_OK;
}

struct list {
	struct nfipsec_policy filter;
	struct json_list json;
};

static int list_one(const struct nfipsec_policy *pol, void *arg)
{
	struct list *list = arg;

	if (list->filter.dir != NFIPSEC_DIR_ANY && list->filter.dir != pol->dir)
		return 0;
	if (POLICY_HAS(&list->filter, OWNER) &&
	    strcmp(list->filter.owner, pol->owner))
		return 0;
	if (cli.json)
		json_list_add(&list->json, policy_json(pol));
	else
		policy_print(cli.out, pol);
	return 0;
}

/**
 * cmd_policy_list() - policy list
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_list(struct args *a)
{
	struct list list = {};
	int ret;

	ret = policy_parse_filter(a, &list.filter);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_policy_list(cli.h, list_one, &list))
		return cli_refused("policy list");
	if (cli.json)
		json_list_end(&list.json);
	return cli_note_torn();
}

/**
 * cmd_policy_flush() - policy flush
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_flush(struct args *a)
{
	struct nfipsec_policy filter = {};
	int ret;

	ret = policy_parse_filter(a, &filter);
	if (!ret)
		ret = cli_open();
	if (!ret && nfipsec_policy_flush(cli.h, filter.dir,
					 POLICY_HAS(&filter, OWNER) ?
					 filter.owner : NULL))
		ret = cli_refused("policy flush");
	return ret;
}

static void count_print(uint8_t dir, const struct nfipsec_stats *stats)
{
	if (dir == NFIPSEC_DIR_IN)
		fprintf(cli.out, "%u\n", stats->policy_in_count);
	else if (dir == NFIPSEC_DIR_OUT)
		fprintf(cli.out, "%u\n", stats->policy_out_count);
	else
		fprintf(cli.out, "in %u out %u\n", stats->policy_in_count,
			stats->policy_out_count);
}

static void count_json(uint8_t dir, const struct nfipsec_stats *stats)
{
	struct json_object *o = json_new();

	if (dir != NFIPSEC_DIR_OUT)
		json_number(o, "policy_in_count", stats->policy_in_count);
	if (dir != NFIPSEC_DIR_IN)
		json_number(o, "policy_out_count", stats->policy_out_count);
	json_print(o);
}

/**
 * cmd_policy_count() - policy count
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_count(struct args *a)
{
	struct nfipsec_stats stats = {};
	uint8_t dir;
	int ret;

	ret = policy_parse_dir(a, &dir);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_stats_get(cli.h, &stats, NULL, NULL))
		return cli_refused("policy count");
	if (cli.json)
		count_json(dir, &stats);
	else
		count_print(dir, &stats);
	return CLI_OK;
}
