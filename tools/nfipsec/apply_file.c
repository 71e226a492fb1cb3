// SPDX-License-Identifier: GPL-2.0
/* A whole SAD and SPD: from a file, and as the kernel has it. */
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "command.h"
#include "describe.h"
#include "policy.h"
#include "selector.h"
#include "state.h"

/**
 * items_add() - one item more
 * @list: where
 *
 * Return: the item, zeroed, until there is another; NULL if out of memory
 */
struct item *items_add(struct items *list)
{
	size_t size = list->size * 2 + 64;
	struct item *item;

	if (list->n == list->size) {
		item = realloc(list->item, size * sizeof(*item));
		if (!item)
			return NULL;
		list->item = item;
		list->size = size;
	}
	item = &list->item[list->n++];
	memset(item, 0, sizeof(*item));
	return item;
}

static void items_free(struct items *list)
{
	struct item *item;

	for (item = list->item; item < list->item + list->n; item++) {
		free(item->key);
		free(item->text);
		free(item->words);
		free(item->sa);
		if (item->in)
			sa_wipe(item->in);
		free(item->in);
	}
	free(list->item);
	memset(list, 0, sizeof(*list));
}

/**
 * tables_free() - forget one side, and its keys
 * @t: tables
 */
void tables_free(struct tables *t)
{
	items_free(&t->sas);
	items_free(&t->policies);
	memset(&t->def, 0, sizeof(t->def));
	t->torn = false;
}

/**
 * struct reader - tables that are being read
 * @t: where to
 * @owner: only what is of that owner, NULL for all
 * @line: of the file
 */
struct reader {
	struct tables *t;
	const char *owner;
	unsigned int line;
};

static int no_memory(void)
{
	return cli_fail(CLI_FAILED, "out of memory");
}

static int kernel_sa(const struct nfipsec_sa *sa, void *arg)
{
	struct reader *r = arg;
	struct item *item;

	/* Somebody has asked for its SPI, and will give it keys. */
	if (sa->state == NFIPSEC_SA_STATE_LARVAL ||
	    (r->owner && strcmp(r->owner, sa->owner)))
		return 0;
	item = items_add(&r->t->sas);
	if (!item)
		return -1;
	item->key = describe_sa_key(sa);
	item->text = describe_sa(sa);
	item->less = !describe_whole_sa(sa);
	item->sa = malloc(sizeof(*sa));
	if (!item->key || !item->text || !item->sa)
		return -1;
	*item->sa = *sa;
	return 0;
}

static void find_nameless(struct item *item, const struct nfipsec_policy *pol)
{
	uint32_t i;

	item->dev_word = meta_nameless(&pol->selector, &item->dev);
	for (i = 0; !item->dev_word && i < pol->selector_more.n; i++)
		item->dev_word = meta_nameless(&pol->selector_more.selector[i],
					       &item->dev);
}

static int kernel_policy(const struct nfipsec_policy *pol, void *arg)
{
	struct reader *r = arg;
	struct item *item;

	if (r->owner && strcmp(r->owner, pol->owner))
		return 0;
	item = items_add(&r->t->policies);
	if (!item)
		return -1;
	item->seq = r->t->policies.n;
	item->index = pol->index;
	item->dir = pol->dir;
	item->priority = pol->priority;
	item->key = describe_policy_key(pol);
	item->text = describe_policy(pol);
	item->less = !describe_whole_policy(pol);
	/* Last: what went before that is in the text as a number. */
	find_nameless(item, pol);
	return item->key && item->text ? 0 : -1;
}

/**
 * policies_read() - what the kernel has, without SAs
 * @t: result, zeroed by the caller; for tables_free(), also after a failure
 * @owner: only what is of that owner, NULL for all
 *
 * As tables_read().
 *
 * Return: enum cli_result
 */
int policies_read(struct tables *t, const char *owner)
{
	struct reader r = { .t = t, .owner = owner };

	if (nfipsec_policy_list(cli.h, kernel_policy, &r) ||
	    nfipsec_default_get(cli.h, &t->def))
		return cli_refused("reading the tables");
	t->torn |= nfipsec_list_torn(cli.h);
	return t->torn ? tables_changed() : CLI_OK;
}

/**
 * tables_read() - what the kernel has
 * @t: result, zeroed by the caller; for tables_free(), also after a failure
 * @owner: only what is of that owner, NULL for all
 *
 * Tables that changed while they were read are none: with @t->torn it fails, and
 * can be tried again. Between SAs and policies they may have changed all the same.
 *
 * Return: enum cli_result
 */
int tables_read(struct tables *t, const char *owner)
{
	struct reader r = { .t = t, .owner = owner };

	if (nfipsec_sa_list(cli.h, kernel_sa, &r))
		return cli_refused("reading the tables");
	/* Each list says it of itself. */
	t->torn = nfipsec_list_torn(cli.h);
	return policies_read(t, owner);
}

/**
 * tables_changed() - fail since they change all the time
 *
 * Return: CLI_FAILED
 */
int tables_changed(void)
{
	return cli_fail(CLI_FAILED, "the tables changed each time they were read: try again");
}

static int owner_set(char *own, void *obj, unsigned int attr,
		     const char *owner)
{
	if (!owner)
		return CLI_OK;
	if (has_get(obj, attr) && strcmp(own, owner))
		return cli_fail(CLI_USAGE, "it is of owner %s, and not %s",
				cli_show(own), cli_show(owner));
	if (text_check(owner, "owner"))
		return CLI_USAGE;
	strcpy(own, owner);
	has_set(obj, attr);
	return CLI_OK;
}

static int file_sa(struct args *a, struct reader *r)
{
	struct item *item = items_add(&r->t->sas);
	struct nfipsec_sa *sa;
	int ret;

	if (!item)
		return no_memory();
	item->line = r->line;
	item->in = calloc(1, sizeof(*item->in));
	if (!item->in)
		return no_memory();
	sa = &item->in->sa;
	ret = sa_parse_config(a, item->in);
	if (!ret)
		ret = sa_check_new(sa);
	if (!ret)
		ret = owner_set(sa->owner, sa, NFIPSEC_A_SA_OWNER, r->owner);
	if (ret)
		return ret;
	item->key = describe_sa_key(sa);
	item->text = describe_sa(sa);
	return item->key && item->text ? CLI_OK : no_memory();
}

static int words_keep(struct item *item, const struct args *a)
{
	size_t len = 0;
	char *to;
	int i;

	for (i = a->pos; i < a->argc; i++)
		len += strlen(a->argv[i]) + 1;
	to = malloc(len + 1);
	if (!to)
		return no_memory();
	item->words = to;
	for (i = a->pos; i < a->argc; i++)
		to = stpcpy(to, a->argv[i]) + 1;
	item->argc = a->argc - a->pos;
	return CLI_OK;
}

static int file_policy(struct args *a, struct reader *r)
{
	struct item *item = items_add(&r->t->policies);
	struct nfipsec_policy pol = {};
	int ret;

	if (!item)
		return no_memory();
	item->line = r->line;
	ret = words_keep(item, a);
	if (!ret)
		ret = policy_parse_config(a, &pol);
	if (!ret)
		ret = owner_set(pol.owner, &pol, NFIPSEC_A_POLICY_OWNER,
				r->owner);
	if (ret)
		return ret;
	item->dir = pol.dir;
	item->priority = pol.priority;
	item->key = describe_policy_key(&pol);
	item->text = describe_policy(&pol);
	return item->key && item->text ? CLI_OK : no_memory();
}

/**
 * file_words() - a policy of a file once more
 * @item: policy that was read before
 * @pol: result, zeroed by the caller
 *
 * One with all it can have is large, and there may be many.
 *
 * Return: enum cli_result
 */
int file_words(const struct item *item, struct nfipsec_policy *pol)
{
	char **argv = calloc(item->argc + 1, sizeof(*argv));
	struct args a = { .argc = item->argc, .argv = argv };
	char *word = item->words;
	int ret;
	int i;

	if (!argv)
		return no_memory();
	for (i = 0; i < item->argc; i++) {
		argv[i] = word;
		word += strlen(word) + 1;
	}
	ret = policy_parse_config(&a, pol);
	free(argv);
	return ret;
}

static int file_default(struct args *a, struct reader *r)
{
	if (r->owner)
		return cli_fail(CLI_USAGE, "defaults are of no owner");
	return default_parse(a, &r->t->def);
}

static bool is_add(const char *verb)
{
	return verb && (!strcmp(verb, "add") || !strcmp(verb, "new"));
}

static int file_line(int argc, char **argv, unsigned int line, void *arg)
{
	struct args a = { .argc = argc, .argv = argv };
	const char *noun = args_next(&a);
	struct reader *r = arg;

	r->line = line;
	if (!strcmp(noun, "default"))
		return file_default(&a, r);
	if (is_add(args_peek(&a)) && !strcmp(noun, "sa")) {
		args_next(&a);
		return file_sa(&a, r);
	}
	if (is_add(args_peek(&a)) && !strcmp(noun, "policy")) {
		args_next(&a);
		return file_policy(&a, r);
	}
	return cli_fail(CLI_USAGE, "a line says what there is to be: sa add, policy add, or default");
}

/**
 * file_read() - what a file says that there is to be
 * @t: result, zeroed by the caller; for tables_free(), also after a failure
 * @path: file, - is standard input
 * @owner: of all of it, or NULL
 *
 * Return: enum cli_result
 */
int file_read(struct tables *t, const char *path, const char *owner)
{
	struct reader r = { .t = t, .owner = owner };

	t->name = strcmp(path, "-") ? cli_show(path) : "standard input";
	return batch_each(path, file_line, &r);
}
