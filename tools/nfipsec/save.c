// SPDX-License-Identifier: GPL-2.0
/* save: the kernel's tables as a file that apply reads. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "addr.h"
#include "apply.h"
#include "command.h"
#include "describe.h"
#include "policy.h"

static int owner_parse(struct args *a, struct nfipsec_sa *filter)
{
	static const struct word words[] = {
		{ "owner", word_owner, 0, offsetof(struct nfipsec_sa, owner),
		  NFIPSEC_A_SA_OWNER, 0, false },
	};

	return words_parse(a, words, ARRAY_SIZE(words), filter, false);
}

/*
 * One with a largest number comes again with 0: how far it went is not known
 * then, nfipsec keep knows.
 */
static void save_sa(const struct item *item)
{
	fprintf(cli.out, "%s%s\n", item->text,
		SA_HAS(item->sa, SEQ_MAX) ? " seq-max 0" : "");
}

/* A default that an older module does not tell is none of 0, and not in the file. */
static int save_tables(const struct tables *have, bool defaults)
{
	char *def = describe_default(&have->def);
	size_t i;

	if (!def)
		return cli_fail(CLI_FAILED, "out of memory");
	fprintf(cli.out, "%s, whole if its last line is: %s\n", BATCH_BEGIN,
		BATCH_END);
	if (defaults)
		fprintf(cli.out, "%s\n", def);
	free(def);
	for (i = 0; i < have->sas.n; i++)
		save_sa(&have->sas.item[i]);
	for (i = 0; i < have->policies.n; i++)
		fprintf(cli.out, "%s\n", have->policies.item[i].text);
	fprintf(cli.out, "%s\n", BATCH_END);
	return CLI_OK;
}

/* No policy has the index of one that was there before. */
static bool as_before(const struct tables *before, const struct tables *now)
{
	const struct items *a = &before->policies, *b = &now->policies;
	struct nfipsec_default def = now->def;
	size_t i;

	plan_default(&before->def, &def);
	if ((def.has & ~NFIPSEC_HAS_UNKNOWN) || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->item[i].index != b->item[i].index ||
		    strcmp(a->item[i].text, b->item[i].text))
			return false;
	return true;
}

/*
 * SAs are of the moment when they were read, and so are policies and defaults that
 * were the same before and after that.
 */
static int read_moment(struct tables *have, const char *owner)
{
	struct tables before = {};
	int ret;

	ret = policies_read(&before, owner);
	if (!ret)
		ret = tables_read(have, owner);
	have->torn |= before.torn;
	if (!ret && !as_before(&before, have)) {
		have->torn = true;
		ret = tables_changed();
	}
	tables_free(&before);
	return ret;
}

/* A file that lacks something looks like one that does not. */
static int read_whole(struct tables *have, const char *owner)
{
	int tries = 0;
	int ret;

	do {
		tables_free(have);
		ret = read_moment(have, owner);
	} while (ret && have->torn && ++tries < APPLY_TRIES);
	return ret;
}

static int too_old(const char *what)
{
	return cli_fail(CLI_FAILED, "%s something that this command is too old to know, and without it the file would not say what there is: take the command of the module",
			what);
}

static int sa_too_old(const struct nfipsec_sa *sa)
{
	char dst[INET6_ADDRSTRLEN], proto[PROTO_TEXT_MAX], what[128];

	snprintf(what, sizeof(what), "SA dst %s proto %s spi 0x%08x: it has",
		 addr_text(&sa->dst, dst, sizeof(dst)),
		 proto_text(sa->proto, proto, sizeof(proto)), sa->spi);
	return too_old(what);
}

/*
 * Of a newer module there may be more than there are words for. Nobody can tell
 * whether it is what keeps a policy from matching, so what would come back may be
 * wider: what matches leaves in the clear.
 */
static int check_known(const struct tables *have, bool defaults)
{
	const struct item *item;
	char what[64];
	size_t i;

	if (defaults && ((have->def.has & NFIPSEC_HAS_UNKNOWN) ||
			 !choice_known(choice_action, have->def.in) ||
			 !choice_known(choice_action, have->def.out)))
		return too_old("the defaults have");
	for (i = 0; i < have->sas.n; i++)
		if (have->sas.item[i].less)
			return sa_too_old(have->sas.item[i].sa);
	for (i = 0; i < have->policies.n; i++) {
		item = &have->policies.item[i];
		snprintf(what, sizeof(what), "policy index %u: it has",
			 item->index);
		if (item->less)
			return too_old(what);
	}
	return CLI_OK;
}

/*
 * A number is another interface's by the time that it is read again, and what is let
 * through on the one leaves by the other.
 */
static int check_names(const struct tables *have)
{
	const struct items *list = &have->policies;
	const struct item *item;

	for (item = list->item; item < list->item + list->n; item++)
		if (item->dev_word)
			return cli_fail(CLI_FAILED, "policy index %u: its %s is interface %u, which has gone or has a name that no line can hold, and the number may be another's later: delete or replace the policy",
					item->index, item->dev_word, item->dev);
	return CLI_OK;
}

/**
 * cmd_save() - save
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_save(struct args *a)
{
	struct nfipsec_sa filter = {};
	struct tables have = {};
	const char *owner;
	int ret;

	ret = owner_parse(a, &filter);
	if (!ret)
		ret = cli_no_json("save");
	if (!ret)
		ret = cli_open();
	owner = SA_HAS(&filter, OWNER) ? filter.owner : NULL;
	if (!ret)
		ret = read_whole(&have, owner);
	if (!ret)
		ret = check_known(&have, !owner);
	if (!ret)
		ret = check_names(&have);
	if (!ret)
		ret = save_tables(&have, !owner);
	tables_free(&have);
	return ret;
}
