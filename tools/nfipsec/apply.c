// SPDX-License-Identifier: GPL-2.0
/* apply: have the kernel's tables be what a file says, all at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "describe.h"
#include "json.h"
#include "policy.h"

enum {
	OPT_OWNER,
	OPT_EMPTY,
};

/**
 * struct apply - what is asked for
 * @has: bits of OPT_*
 * @file: to read, - is standard input
 * @keys: file of keys, or NULL
 * @owner: only what is of that owner, or NULL
 * @want: what the file says
 * @lines: of the requests of a transaction
 * @n: how many
 * @retry: the tables have changed since they were read
 */
struct apply {
	uint64_t has;
	const char *file;
	const char *keys;
	char owner[OWNER_MAX + 1];
	struct tables want;
	unsigned int *lines;
	size_t n;
	bool retry;
};

/*
 * A failure of the library, with the line of the request that it is about. One
 * that has no line deletes: that there is nothing to delete is as a change that
 * the commit finds.
 */
static int refused(struct apply *x, int err)
{
	uint32_t blamed = nfipsec_transaction_blamed(cli.h);

	if (blamed < x->n && x->lines[blamed])
		return cli_fail(CLI_FAILED, "%s line %u: %s", x->want.name,
				x->lines[blamed], nfipsec_error(cli.h));
	x->retry = err == -ESTALE || (err == -ENOENT && blamed < x->n);
	return cli_refused("apply");
}

static void note(struct apply *x, unsigned int line)
{
	x->lines[x->n++] = line;
}

static int stage_dels(struct apply *x, const struct tables *have)
{
	struct nfipsec_policy key;
	const struct item *item;
	size_t i;
	int ret;

	for (i = 0; i < have->policies.n; i++) {
		item = &have->policies.item[i];
		if (item->keep)
			continue;
		key.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX);
		key.index = item->index;
		note(x, 0);
		ret = nfipsec_stage_policy_del(cli.h, &key);
		if (ret)
			return refused(x, ret);
	}
	for (i = 0; i < have->sas.n; i++) {
		item = &have->sas.item[i];
		if (item->keep)
			continue;
		note(x, 0);
		ret = nfipsec_stage_sa_del(cli.h, item->sa);
		if (ret)
			return refused(x, ret);
	}
	return CLI_OK;
}

static int stage_sas(struct apply *x)
{
	const struct item *item;
	size_t i;
	int ret;

	for (i = 0; i < x->want.sas.n; i++) {
		item = &x->want.sas.item[i];
		if (item->keep)
			continue;
		if (item->in->aead.missing || item->in->enc.missing ||
		    item->in->auth.missing)
			return cli_fail(CLI_FAILED, "%s line %u: there is no such key, neither among those of keys nor as a file",
					x->want.name, item->line);
		note(x, item->line);
		ret = nfipsec_stage_sa_add(cli.h, &item->in->sa);
		if (ret)
			return refused(x, ret);
	}
	return CLI_OK;
}

static int stage_policies(struct apply *x)
{
	struct nfipsec_policy *pol = malloc(sizeof(*pol));
	const struct item *item;
	int ret = CLI_OK;
	int err = 0;
	size_t i;

	if (!pol)
		return cli_fail(CLI_FAILED, "out of memory");
	for (i = 0; !ret && i < x->want.policies.n; i++) {
		item = &x->want.policies.item[i];
		if (item->keep)
			continue;
		memset(pol, 0, sizeof(*pol));
		ret = file_words(item, pol);
		if (x->owner[0]) {
			strcpy(pol->owner, x->owner);
			has_set(pol, NFIPSEC_A_POLICY_OWNER);
		}
		note(x, item->line);
		if (!ret)
			err = nfipsec_stage_policy_add(cli.h, pol);
		if (err)
			ret = refused(x, err);
	}
	free(pol);
	return ret;
}

static int stage_all(struct apply *x, const struct tables *have,
		     const struct nfipsec_default *def)
{
	int err = 0;
	int ret;

	free(x->lines);
	x->n = 0;
	x->lines = calloc(have->sas.n + have->policies.n + x->want.sas.n +
			  x->want.policies.n + 1, sizeof(*x->lines));
	if (!x->lines)
		return cli_fail(CLI_FAILED, "out of memory");
	ret = stage_dels(x, have);
	if (!ret)
		ret = stage_sas(x);
	if (!ret)
		ret = stage_policies(x);
	if (!ret && def->has) {
		note(x, 0);
		err = nfipsec_stage_default_set(cli.h, def);
	}
	if (!ret && !err)
		err = nfipsec_transaction_flush(cli.h);
	return err ? refused(x, err) : ret;
}

static const struct choice signs[] = {
	{ "deleted", '-' },
	{ "new", '+' },
	{ "replaced", '~' },
	{}
};

static void show_line(struct json_list *json, char sign, const char *line)
{
	struct json_object *o;

	if (!cli.json) {
		fprintf(cli.out, "%c %s\n", sign, line);
		return;
	}
	o = json_new();
	json_text(o, "change", choice_name(signs, sign));
	json_text(o, "line", line);
	json_list_add(json, o);
}

static size_t show(struct json_list *json, const struct items *list, char sign)
{
	const struct item *item;
	size_t n = 0;

	for (item = list->item; item < list->item + list->n; item++) {
		if (item->keep || (sign == '-' && item->other))
			continue;
		show_line(json, item->other ? '~' : sign, item->text);
		n++;
	}
	return n;
}

/* The kernel has looked at each request, and forgets them. */
static int check(const struct apply *x, const struct tables *have,
		 const struct nfipsec_default *def)
{
	char *text = describe_default(def);
	struct json_list json = {};
	size_t n = 0;

	nfipsec_transaction_abort(cli.h);
	if (!text)
		return cli_fail(CLI_FAILED, "out of memory");
	n += show(&json, &have->sas, '-');
	n += show(&json, &have->policies, '-');
	n += show(&json, &x->want.sas, '+');
	n += show(&json, &x->want.policies, '+');
	if (def->has) {
		show_line(&json, '~', text);
		n++;
	}
	free(text);
	if (cli.json)
		json_list_end(&json);
	return n ? CLI_DIFFERS : CLI_OK;
}

static int commit(struct apply *x)
{
	int ret = nfipsec_transaction_commit(cli.h, true);

	return ret ? refused(x, ret) : CLI_OK;
}

/*
 * What failed or was cut off says that there is to be nothing, and then all
 * leaves in the clear where the default is bypass. At boot it would, where there is
 * nothing to delete.
 */
static int check_empty(const struct apply *x, const struct tables *have)
{
	if (x->want.sas.n || x->want.policies.n || has_get(x, OPT_EMPTY))
		return CLI_OK;
	if (!have->sas.n && !have->policies.n)
		return x->want.def.has ? CLI_OK :
		       cli_fail(CLI_USAGE, "%s says nothing: say \"empty\" if there are to be neither SAs nor policies",
				x->want.name);
	return cli_fail(CLI_USAGE, "%s has neither SAs nor policies, and what there is would be deleted, %zu SAs and %zu policies: say \"empty\" if that is meant",
			x->want.name, have->sas.n, have->policies.n);
}

/* Within the transaction: it is refused if what is read here is not true then. */
static int run(struct apply *x, struct tables *have)
{
	struct nfipsec_default def = x->want.def;
	int ret;

	ret = tables_read(have, x->owner[0] ? x->owner : NULL);
	x->retry = have->torn;
	if (!ret)
		ret = check_empty(x, have);
	if (!ret)
		ret = plan_make(have, &x->want);
	if (ret)
		return ret;
	plan_default(&have->def, &def);
	ret = stage_all(x, have, &def);
	if (ret)
		return ret;
	return cli.check ? check(x, have, &def) : commit(x);
}

static void forget_plan(struct items *list)
{
	struct item *item;

	for (item = list->item; item < list->item + list->n; item++) {
		item->other = NULL;
		item->keep = false;
	}
}

static int try(struct apply *x)
{
	struct tables have = {};
	int ret;

	x->retry = false;
	forget_plan(&x->want.sas);
	forget_plan(&x->want.policies);
	if (nfipsec_transaction_begin(cli.h))
		return cli_refused("apply");
	ret = run(x, &have);
	if (ret)
		nfipsec_transaction_abort(cli.h);
	tables_free(&have);
	return ret;
}

static int word_text(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);

	if (!text)
		return CLI_USAGE;
	*(const char **)((char *)obj + w->off) = text;
	return CLI_OK;
}

static int parse(struct args *a, struct apply *x)
{
	static const struct word words[] = {
		{ "keys", word_text, 0, offsetof(struct apply, keys), 0, 0,
		  false },
		{ "owner", word_owner, 0, offsetof(struct apply, owner),
		  OPT_OWNER, 0, false },
		{ "empty", word_set, 0, 0, OPT_EMPTY, 0, false },
	};

	x->file = args_next(a);
	if (!x->file)
		return cli_fail(CLI_USAGE, "which file? - is standard input");
	return words_parse(a, words, ARRAY_SIZE(words), x, false);
}

/**
 * cmd_apply() - apply
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_apply(struct args *a)
{
	struct apply x = {};
	int tries = 0;
	int ret;

	ret = parse(a, &x);
	if (!ret && x.keys)
		ret = keys_read(x.keys);
	if (!ret) {
		cli.keys_later = true;
		ret = file_read(&x.want, x.file, x.owner[0] ? x.owner : NULL);
		cli.keys_later = false;
	}
	if (!ret)
		ret = cli_open();
	while (!ret) {
		ret = try(&x);
		if (!x.retry || ++tries == APPLY_TRIES)
			break;
		ret = CLI_OK;
	}
	tables_free(&x.want);
	free(x.lines);
	keys_free();
	return ret;
}
