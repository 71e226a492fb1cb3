// SPDX-License-Identifier: GPL-2.0
/* Policies as words. */
#include <string.h>
#include <netinet/in.h>

#include "policy.h"
#include "selector.h"

#define SELECTOR	offsetof(struct nfipsec_policy, selector)

#define P(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_policy, member),		\
	  NFIPSEC_A_POLICY_##attr, 0, false }
#define T(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_tmpl, member),		\
	  NFIPSEC_A_TMPL_##attr, 0, false }

#define S(text, fn, member, attr)					\
	SELECTOR_WORD(SELECTOR, text, fn, member, attr)

#define TMPL_HAS(tmpl, attr)	has_get(tmpl, NFIPSEC_A_TMPL_##attr)

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

static int word_name(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_policy *pol = obj;

	if (!text)
		return CLI_USAGE;
	if (strlen(text) >= sizeof(pol->name))
		return cli_fail(CLI_USAGE, "the name is too long: at most %zu bytes",
				sizeof(pol->name) - 1);
	strcpy(pol->name, text);
	has_set(pol, NFIPSEC_A_POLICY_NAME);
	return CLI_OK;
}

/* Again for each one; the kernel knows the names. */
static int word_algo(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_tmpl *tmpl = obj;

	if (!text)
		return CLI_USAGE;
	if (strlen(text) >= NFIPSEC_NAME_MAX)
		return cli_fail(CLI_USAGE, "the name of an algorithm is too long");
	if (tmpl->algos.n == NFIPSEC_TMPL_ALGOS)
		return cli_fail(CLI_USAGE, "too many algorithms: a template has %d at most",
				NFIPSEC_TMPL_ALGOS);
	has_set(tmpl, NFIPSEC_A_TMPL_ALGO);
	strcpy(tmpl->algos.name[tmpl->algos.n++], text);
	return CLI_OK;
}

/*
 * As in ip-xfrm(8). Small packets come without IPComp whatever is said; that one
 * comes without ESP or AH is not to be had.
 */
static int word_level(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_tmpl *tmpl = obj;

	if (!text)
		return CLI_USAGE;
	if (!strcmp(text, "required"))
		return CLI_OK;
	if (strcmp(text, "use"))
		return cli_fail(CLI_USAGE, "unknown level \"%s\": use required, or of proto comp use",
				cli_show(text));
	if (!TMPL_HAS(tmpl, PROTO) || tmpl->proto != IPPROTO_COMP)
		return cli_fail(CLI_USAGE, "level use is for a template of proto comp, behind that word: other SAs are always required");
	return CLI_OK;
}

static int tmpl_check(const struct nfipsec_tmpl *tmpl)
{
	if (!TMPL_HAS(tmpl, PROTO))
		return cli_fail(CLI_USAGE, "\"proto\" is missing behind \"tmpl\"");
	if (!TMPL_HAS(tmpl, MODE))
		return cli_fail(CLI_USAGE, "\"mode\" is missing behind \"tmpl\"");
	if (TMPL_HAS(tmpl, SRC) != TMPL_HAS(tmpl, DST))
		return cli_fail(CLI_USAGE, "\"%s\" is missing behind \"tmpl\"",
				TMPL_HAS(tmpl, SRC) ? "dst" : "src");
	if (!TMPL_HAS(tmpl, SRC) && tmpl->mode != NFIPSEC_MODE_TRANSPORT)
		return cli_fail(CLI_USAGE, "\"src\" and \"dst\" are missing behind \"tmpl\": outside transport mode an SA has its own");
	if (tmpl->src.family != tmpl->dst.family)
		return cli_fail(CLI_USAGE, "src and dst of a template have one address family, not two");
	return CLI_OK;
}

/* As in ip-xfrm(8) it may be there again, for an SA around the one before. */
static int word_tmpl(struct args *a, void *obj, const struct word *w)
{
	static const struct word words[] = {
		T("src", word_addr, src, SRC),
		T("dst", word_addr, dst, DST),
		T("proto", word_ipsec, proto, PROTO),
		T("mode", word_mode, mode, MODE),
		T("reqid", word_u32, reqid, REQID),
		T("spi", word_u32, spi, SPI),
		{ "algo", word_algo, 0, 0, 0, 0, true },
		{ "level", word_level, 0, 0, 0, 0, false },
	};
	struct nfipsec_policy *pol = obj;
	struct nfipsec_tmpl *tmpl;
	int ret;

	(void)w;
	if (pol->tmpls == NFIPSEC_TMPLS_MAX)
		return cli_fail(CLI_USAGE, "too many templates: a policy has %d at most",
				NFIPSEC_TMPLS_MAX);
	has_set(pol, NFIPSEC_A_POLICY_TMPL);
	tmpl = &pol->tmpl[pol->tmpls++];
	ret = words_parse(a, words, ARRAY_SIZE(words), tmpl, true);
	return ret ? ret : tmpl_check(tmpl);
}

/* The selector as a whole is there if any of its words was. */
static bool has_selector(const struct args *a, int start, int end)
{
	static const char * const names[] = { "src", "dst", "proto", "sport",
					      "dport", "type", "code" };
	size_t n;
	int i;

	for (i = start; i < end && strcmp(a->argv[i], "tmpl"); i++)
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
		P("priority", word_u32, priority, PRIORITY),
		P("pfp", word_pfp, pfp, PFP),
		P("name", word_name, name, NAME),
		P("owner", word_owner, owner, OWNER),
		{ "action", word_action, 0, 0, 0, 0, false },
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
	if (!ret)
		ret = selector_finish(&pol->selector, 0);
	if (!ret)
		has_set(pol, NFIPSEC_A_POLICY_SELECTOR);
	return ret;
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
	};
	int start = a->pos;
	bool selector;
	int ret;

	ret = words_parse(a, words, ARRAY_SIZE(words), key, false);
	if (ret)
		return ret;
	selector = has_selector(a, start, a->argc);
	if (POLICY_HAS(key, INDEX) && selector)
		return cli_fail(CLI_USAGE, "name a policy by its index or by direction and selector, not by both");
	if (POLICY_HAS(key, INDEX))
		return CLI_OK;
	if (!selector)
		return cli_fail(CLI_USAGE, "which policy? give index N, or dir D src S dst D as it was added");
	ret = check_dir(key);
	if (!ret)
		ret = selector_finish(&key->selector, 0);
	if (!ret)
		has_set(key, NFIPSEC_A_POLICY_SELECTOR);
	return ret;
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
