// SPDX-License-Identifier: GPL-2.0
/* Policies as words. */
#include <string.h>

#include "policy.h"
#include "selector.h"
#include "tmpl.h"

#define SELECTOR	offsetof(struct nfipsec_policy, selector)

#define P(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_policy, member),		\
	  NFIPSEC_A_POLICY_##attr, 0, false }
#define S(text, fn, member, attr)					\
	SELECTOR_WORD(SELECTOR, text, fn, member, attr)

const struct choice choice_action[] = {
	{ "protect", NFIPSEC_ACTION_PROTECT },
	{ "bypass", NFIPSEC_ACTION_BYPASS },
	{ "discard", NFIPSEC_ACTION_DISCARD },
	{}
};

/* Not a value of the kernel: what ip-xfrm(8) calls allow. */
#define ACTION_ALLOW	255

static int word_action(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_policy *pol = obj;
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	has_set(pol, NFIPSEC_A_POLICY_ACTION);
	if (!strcmp(text, "allow")) {
		pol->action = ACTION_ALLOW;
		return CLI_OK;
	}
	if (!strcmp(text, "block")) {
		pol->action = NFIPSEC_ACTION_DISCARD;
		return CLI_OK;
	}
	ret = choice_parse(text, w->name, choice_action, &value);
	pol->action = value;
	return ret;
}

const struct choice choice_pfp[] = {
	{ "src", NFIPSEC_PFP_FLAG_SRC },
	{ "dst", NFIPSEC_PFP_FLAG_DST },
	{ "proto", NFIPSEC_PFP_FLAG_PROTO },
	{ "sport", NFIPSEC_PFP_FLAG_SPORT },
	{ "dport", NFIPSEC_PFP_FLAG_DPORT },
	{}
};

/* Names of fields with commas between them. */
static int word_pfp(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_policy *pol = obj;
	unsigned int value;
	char buf[16];
	size_t len;
	int ret;

	if (!text)
		return CLI_USAGE;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		snprintf(buf, sizeof(buf), "%.*s",
			 len < sizeof(buf) ? (int)len : 0, text);
		ret = choice_parse(buf, w->name, choice_pfp, &value);
		if (ret)
			return ret;
		pol->pfp |= value;
		if (!text[len])
			break;
	}
	has_set(pol, NFIPSEC_A_POLICY_PFP);
	return CLI_OK;
}

const struct choice choice_policy_flag[] = {
	{ "cpu-acquire", NFIPSEC_POLICY_FLAG_CPU_ACQUIRE },
	{}
};

/* Again for each one. */
static int word_flag(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_policy *pol = obj;
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, w->name, choice_policy_flag, &value);
	if (!ret)
		pol->flags |= value;
	has_set(pol, NFIPSEC_A_POLICY_FLAGS);
	return ret;
}

/* Again for each one. */
static int word_name(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_policy *pol = obj;

	if (!text)
		return CLI_USAGE;
	if (strlen(text) >= NFIPSEC_POLICY_NAME_MAX)
		return cli_fail(CLI_USAGE, "the name is too long: at most %d bytes",
				NFIPSEC_POLICY_NAME_MAX - 1);
	if (pol->names.n == NFIPSEC_POLICY_NAMES)
		return cli_fail(CLI_USAGE, "too many names: a policy has %d at most",
				NFIPSEC_POLICY_NAMES);
	if (text_check(text, w->name))
		return CLI_USAGE;
	strcpy(pol->names.name[pol->names.n++], text);
	has_set(pol, NFIPSEC_A_POLICY_NAME);
	return CLI_OK;
}

/* One selector set more, after the one that needs no word in front of it. */
static int word_sel(struct args *a, void *obj, const struct word *w)
{
	struct nfipsec_policy *pol = obj;
	struct nfipsec_selector_list *more = &pol->selector_more;

	(void)w;
	if (more->n == NFIPSEC_MORE_MAX)
		return cli_fail(CLI_USAGE, "too many selectors: a policy has %d at most",
				NFIPSEC_MORE_MAX + 1);
	has_set(pol, NFIPSEC_A_POLICY_SELECTOR_MORE);
	return selector_words(a, &more->selector[more->n++]);
}

/*
 * The first selector as a whole is there if any of its words was. Up to "tmpl" and
 * "sel", each word has one value.
 */
static bool has_selector(const struct args *a, int start, int end)
{
	static const char * const names[] = { "src", "dst", "proto", "sport",
					      "dport", "type", "code", "iif",
					      "oif", "vrf", "mark" };
	size_t n;
	int i;

	for (i = start; i < end && strcmp(a->argv[i], "tmpl") &&
	     strcmp(a->argv[i], "sel"); i += 2)
		for (n = 0; n < ARRAY_SIZE(names); n++)
			if (!strcmp(a->argv[i], names[n]))
				return true;
	return false;
}

static int finish_action(struct nfipsec_policy *pol)
{
	if (!POLICY_HAS(pol, ACTION))
		return cli_fail(CLI_USAGE, "\"action\" is missing: give action protect, bypass or discard");
	if (pol->action == ACTION_ALLOW)
		pol->action = POLICY_HAS(pol, TMPL) ? NFIPSEC_ACTION_PROTECT :
						      NFIPSEC_ACTION_BYPASS;
	if (pol->action == NFIPSEC_ACTION_PROTECT && !POLICY_HAS(pol, TMPL))
		return cli_fail(CLI_USAGE, "action protect needs a template: add tmpl src A dst A proto esp mode M");
	if (pol->action != NFIPSEC_ACTION_PROTECT && POLICY_HAS(pol, TMPL))
		return cli_fail(CLI_USAGE, "only action protect has a template: leave out tmpl, or say action protect");
	return CLI_OK;
}

/* A set that names no address is of the family of the first one. */
static int finish_selectors(struct nfipsec_policy *pol)
{
	struct nfipsec_selector_list *more = &pol->selector_more;
	uint32_t i;
	int ret;

	ret = selector_finish(&pol->selector, 0);
	for (i = 0; !ret && i < more->n; i++)
		ret = selector_finish(&more->selector[i], pol->selector.family);
	if (!ret)
		has_set(pol, NFIPSEC_A_POLICY_SELECTOR);
	return ret;
}

static int check_dir(const struct nfipsec_policy *pol)
{
	if (!POLICY_HAS(pol, DIR))
		return cli_fail(CLI_USAGE, "\"dir\" is missing: give dir in or dir out");
	if (pol->dir == NFIPSEC_DIR_ANY)
		return cli_fail(CLI_USAGE, "a policy has one direction: give dir in or dir out");
	return CLI_OK;
}

/**
 * policy_parse_config() - read all there is to say about a policy
 * @a: words
 * @pol: result, zeroed by the caller
 *
 * Return: enum cli_result
 */
int policy_parse_config(struct args *a, struct nfipsec_policy *pol)
{
	static const struct word words[] = {
		P("dir", word_dir, dir, DIR),
		S("src", word_block, src, SRC),
		S("dst", word_block, dst, DST),
		S("proto", word_proto, proto, PROTO),
		S("sport", word_ports, sport_min, SPORT_MIN),
		S("dport", word_ports, dport_min, DPORT_MIN),
		S("type", word_types, type_min, TYPE_MIN),
		S("code", word_codes, type_min, TYPE_MAX),
		S("iif", word_dev, iif, IIF),
		S("oif", word_dev, oif, OIF),
		S("vrf", word_dev, vrf, VRF),
		S("mark", word_mark, mark, MARK),
		P("priority", word_u32, priority, PRIORITY),
		P("pfp", word_pfp, pfp, PFP),
		{ "flag", word_flag, 0, 0, 0, 0, true },
		{ "name", word_name, 0, 0, 0, 0, true },
		P("owner", word_new_owner, owner, OWNER),
		{ "action", word_action, 0, 0, 0, 0, false },
		{ "sel", word_sel, 0, 0, 0, 0, true },
		{ "tmpl", word_tmpl, 0, 0, 0, 0, true },
	};
	int start = a->pos;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), pol, false);
	if (!ret)
		ret = check_dir(pol);
	if (!ret && !has_selector(a, start, a->argc))
		ret = cli_fail(CLI_USAGE, "the selector is missing: give src S dst D, any for all addresses");
	if (!ret)
		ret = finish_action(pol);
	return ret ? ret : finish_selectors(pol);
}

/**
 * policy_parse_key() - read what identifies a policy
 * @a: words
 * @key: result, zeroed by the caller; if it has an index and a direction, the
 *	caller makes sure that the two agree
 *
 * Return: enum cli_result
 */
int policy_parse_key(struct args *a, struct nfipsec_policy *key)
{
	static const struct word words[] = {
		P("dir", word_dir, dir, DIR),
		P("index", word_u32, index, INDEX),
		S("src", word_block, src, SRC),
		S("dst", word_block, dst, DST),
		S("proto", word_proto, proto, PROTO),
		S("sport", word_ports, sport_min, SPORT_MIN),
		S("dport", word_ports, dport_min, DPORT_MIN),
		S("type", word_types, type_min, TYPE_MIN),
		S("code", word_codes, type_min, TYPE_MAX),
		S("iif", word_dev, iif, IIF),
		S("oif", word_dev, oif, OIF),
		S("vrf", word_dev, vrf, VRF),
		S("mark", word_mark, mark, MARK),
		{ "sel", word_sel, 0, 0, 0, 0, true },
	};
	int start = a->pos;
	bool selector;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), key, false);
	if (ret)
		return ret;
	selector = has_selector(a, start, a->argc);
	if (POLICY_HAS(key, INDEX) && (selector || key->selector_more.n))
		return cli_fail(CLI_USAGE, "name a policy by its index or by direction and selector, not by both");
	if (POLICY_HAS(key, INDEX))
		return CLI_OK;
	if (!selector)
		return cli_fail(CLI_USAGE, "which policy? give index N, or dir D src S dst D as it was added");
	ret = check_dir(key);
	return ret ? ret : finish_selectors(key);
}

/**
 * policy_parse_filter() - read which policies to list or delete
 * @a: words
 * @filter: result, zeroed by the caller; dir is there if none was given
 *
 * Return: enum cli_result
 */
int policy_parse_filter(struct args *a, struct nfipsec_policy *filter)
{
	static const struct word words[] = {
		P("dir", word_dir, dir, DIR),
		P("owner", word_owner, owner, OWNER),
	};
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), filter, false);
	if (!POLICY_HAS(filter, DIR))
		filter->dir = NFIPSEC_DIR_ANY;
	return ret;
}

/**
 * policy_parse_dir() - read which direction to count
 * @a: words
 * @dir: result, NFIPSEC_DIR_ANY for both
 *
 * Return: enum cli_result
 */
int policy_parse_dir(struct args *a, uint8_t *dir)
{
	static const struct word words[] = { P("dir", word_dir, dir, DIR) };
	struct nfipsec_policy pol = {};
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), &pol, false);
	*dir = POLICY_HAS(&pol, DIR) ? pol.dir : NFIPSEC_DIR_ANY;
	return ret;
}
