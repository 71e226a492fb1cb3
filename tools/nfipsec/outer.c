// SPDX-License-Identifier: GPL-2.0
/* The outer header of a tunnel: words and printing. */
#include <string.h>

#include "outer.h"

#define HAS(o, attr)	has_get(o, NFIPSEC_A_OUTER_##attr)

static const struct choice choice_ecn[] = {
	{ "normal", NFIPSEC_ECN_NORMAL },
	{ "compat", NFIPSEC_ECN_COMPAT },
	{ "off", NFIPSEC_ECN_OFF },
	{}
};

const struct choice choice_df[] = {
	{ "copy", NFIPSEC_DF_COPY },
	{ "set", NFIPSEC_DF_SET },
	{ "clear", NFIPSEC_DF_CLEAR },
	{}
};

static const struct choice choice_label[] = {
	{ "copy", NFIPSEC_LABEL_COPY },
	{ "hash", NFIPSEC_LABEL_HASH },
	{}
};

static const struct choice choice_frag[] = {
	{ "after", NFIPSEC_FRAG_AFTER },
	{ "before", NFIPSEC_FRAG_BEFORE },
	{}
};

static int pick(struct args *a, void *obj, const struct word *w,
		const struct choice *choices, uint8_t *to, unsigned int attr)
{
	const char *text = args_value(a, w->name);
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, w->name, choices, &value);
	if (ret)
		return ret;
	*to = value;
	has_set(obj, attr);
	return CLI_OK;
}

/**
 * struct usual - the word for what is so without being said
 * @word: the word
 * @attr: of the word
 */
struct usual {
	const char *word;
	unsigned int attr;
};

/* A number, or the word. */
static int number_or(struct args *a, void *obj, const struct word *w,
		     const struct usual *usual, uint64_t min, uint64_t max,
		     uint8_t *to, unsigned int attr)
{
	const char *text = args_value(a, w->name);
	uint64_t value;
	int ret;

	if (!text)
		return CLI_USAGE;
	if (!strcmp(text, usual->word)) {
		has_set(obj, usual->attr);
		return CLI_OK;
	}
	ret = number_parse(text, w->name, max, &value);
	if (ret)
		return ret;
	if (value < min)
		return cli_fail(CLI_USAGE, "%s is at least %u, or \"%s\"",
				w->name, (unsigned int)min, usual->word);
	*to = value;
	has_set(obj, attr);
	return CLI_OK;
}

/**
 * word_ecn() - what is done with the ECN field follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_ecn(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_outer *o = obj;

	return pick(a, o, w, choice_ecn, &o->ecn, NFIPSEC_A_OUTER_ECN);
}

/**
 * word_dscp() - the outer DSCP follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_dscp(struct args *a, void *obj, const struct word *w)
{
	static const struct usual copy = { "copy", OUTER_DSCP_COPY };
	struct nfipsec_outer *o = obj;

	return number_or(a, o, w, &copy, 0, 63, &o->dscp,
			 NFIPSEC_A_OUTER_DSCP);
}

/**
 * word_df() - where the outer DF bit comes from follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_df(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_outer *o = obj;

	return pick(a, o, w, choice_df, &o->df, NFIPSEC_A_OUTER_DF);
}

/**
 * word_hop_limit() - the outer TTL or hop limit follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_hop_limit(struct args *a, void *obj, const struct word *w)
{
	static const struct usual route = { "default", OUTER_HOPS_DEFAULT };
	struct nfipsec_outer *o = obj;

	return number_or(a, o, w, &route, 1, UINT8_MAX, &o->hop_limit,
			 NFIPSEC_A_OUTER_HOP_LIMIT);
}

/**
 * word_flow_label() - the outer flow label follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_flow_label(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_outer *o = obj;
	const char *text = args_peek(a);
	uint64_t value;
	int ret;

	if (text && (!strcmp(text, "copy") || !strcmp(text, "hash")))
		return pick(a, o, w, choice_label, &o->label,
			    NFIPSEC_A_OUTER_LABEL);
	text = args_value(a, w->name);
	if (!text)
		return CLI_USAGE;
	ret = number_parse(text, "flow label (copy, hash or a number)",
			   0xfffff, &value);
	if (ret)
		return ret;
	o->label_value = value;
	has_set(o, NFIPSEC_A_OUTER_LABEL_VALUE);
	return CLI_OK;
}

/**
 * word_frag() - when packets are fragmented follows
 * @a: words
 * @obj: struct nfipsec_outer
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_frag(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_outer *o = obj;

	return pick(a, o, w, choice_frag, &o->frag, NFIPSEC_A_OUTER_FRAG);
}

/**
 * outer_known() - whether there are words for all that it says
 * @o: outer header
 *
 * What was left out of it the SA says.
 *
 * Return: whether there are
 */
bool outer_known(const struct nfipsec_outer *o)
{
	return choice_known(choice_ecn, o->ecn) &&
	       choice_known(choice_df, o->df) &&
	       (o->label == NFIPSEC_LABEL_VALUE ||
		choice_known(choice_label, o->label)) &&
	       choice_known(choice_frag, o->frag);
}

static const char *number_text(bool given, uint32_t value, const char *usual,
			       char *buf, size_t size)
{
	if (!given)
		return usual;
	snprintf(buf, size, "%u", value);
	return buf;
}

static const char *label_text(const struct nfipsec_outer *o, char *buf,
			      size_t size)
{
	if (o->label != NFIPSEC_LABEL_VALUE)
		return choice_name(choice_label, o->label);
	snprintf(buf, size, o->label_value ? "0x%05x" : "%u", o->label_value);
	return buf;
}

/**
 * outer_print() - print the words
 * @out: where
 * @o: outer header
 */
void outer_print(FILE *out, const struct nfipsec_outer *o)
{
	char dscp[16], hops[16], label[16];

	fprintf(out, "ecn %s dscp %s df %s hop-limit %s flow-label %s frag %s",
		choice_name(choice_ecn, o->ecn),
		number_text(HAS(o, DSCP), o->dscp, "copy", dscp, sizeof(dscp)),
		choice_name(choice_df, o->df),
		number_text(HAS(o, HOP_LIMIT), o->hop_limit, "default", hops,
			    sizeof(hops)),
		label_text(o, label, sizeof(label)),
		choice_name(choice_frag, o->frag));
}

/**
 * outer_json() - the same as JSON
 * @o: outer header
 *
 * Return: object, the caller's
 */
struct json_object *outer_json(const struct nfipsec_outer *o)
{
	struct json_object *j = json_new();
	char buf[16];

	json_text(j, "ecn", choice_name(choice_ecn, o->ecn));
	json_text(j, "dscp", number_text(HAS(o, DSCP), o->dscp, "copy", buf,
					 sizeof(buf)));
	json_text(j, "df", choice_name(choice_df, o->df));
	json_text(j, "hop_limit", number_text(HAS(o, HOP_LIMIT), o->hop_limit,
					      "default", buf, sizeof(buf)));
	json_text(j, "flow_label", label_text(o, buf, sizeof(buf)));
	json_text(j, "frag", choice_name(choice_frag, o->frag));
	return j;
}
