// SPDX-License-Identifier: GPL-2.0
/* Templates as words, as text and as JSON. */
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "addr.h"
#include "outer.h"
#include "tmpl.h"

#define T(text, fn, member, attr)					\
	{ text, fn, 0, offsetof(struct nfipsec_tmpl, member),		\
	  NFIPSEC_A_TMPL_##attr, 0, false }

#define TMPL_HAS(tmpl, attr)	has_get(tmpl, NFIPSEC_A_TMPL_##attr)

static const struct choice choice_esn[] = {
	{ "no", 0 },
	{ "yes", 1 },
	{}
};

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

static int one_of(struct args *a, void *obj, const struct word *w,
		  const struct choice *choices)
{
	const char *text = args_value(a, w->name);
	unsigned int value;
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = choice_parse(text, w->name, choices, &value);
	if (ret)
		return ret;
	*((uint8_t *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_esn(struct args *a, void *obj, const struct word *w)
{
	return one_of(a, obj, w, choice_esn);
}

static int word_tmpl_df(struct args *a, void *obj, const struct word *w)
{
	return one_of(a, obj, w, choice_df);
}

static int word_tmpl_dscp(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_tmpl *tmpl = obj;
	uint64_t value;
	int ret;

	if (!text)
		return CLI_USAGE;
	if (!strcmp(text, "copy")) {
		has_set(tmpl, NFIPSEC_A_TMPL_DSCP_COPY);
		return CLI_OK;
	}
	ret = number_parse(text, w->name, 63, &value);
	if (ret)
		return ret;
	tmpl->dscp = value;
	has_set(tmpl, NFIPSEC_A_TMPL_DSCP);
	return CLI_OK;
}

/**
 * word_tmpl() - a template follows
 * @a: words
 * @obj: policy
 * @w: the keyword
 *
 * As in ip-xfrm(8) it may be there again, for an SA around the one before.
 *
 * Return: enum cli_result
 */
int word_tmpl(struct args *a, void *obj, const struct word *w)
{
	static const struct word words[] = {
		T("src", word_addr, src, SRC),
		T("dst", word_addr, dst, DST),
		T("proto", word_ipsec, proto, PROTO),
		T("mode", word_mode, mode, MODE),
		T("reqid", word_u32, reqid, REQID),
		T("spi", word_u32, spi, SPI),
		{ "algo", word_algo, 0, 0, 0, 0, true },
		T("esn", word_esn, esn, ESN),
		T("df", word_tmpl_df, df, DF),
		{ "dscp", word_tmpl_dscp, 0, 0, 0, 0, false },
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

/**
 * tmpl_known() - whether there are words for all that it says
 * @tmpl: template
 *
 * What was left out of it the policy says.
 *
 * Return: whether there are
 */
bool tmpl_known(const struct nfipsec_tmpl *tmpl)
{
	return choice_known(choice_mode, tmpl->mode) &&
	       choice_known(choice_esn, tmpl->esn) &&
	       choice_known(choice_df, tmpl->df);
}

/**
 * tmpl_asked_print() - print what else a template asks of an SA
 * @out: where
 * @tmpl: template
 * @before: what stands before each
 */
void tmpl_asked_print(FILE *out, const struct nfipsec_tmpl *tmpl,
		      const char *before)
{
	uint32_t i;

	for (i = 0; i < tmpl->algos.n; i++)
		fprintf(out, "%salgo %s", before, tmpl->algos.name[i]);
	if (TMPL_HAS(tmpl, ESN))
		fprintf(out, "%sesn %s", before,
			choice_name(choice_esn, tmpl->esn));
	if (TMPL_HAS(tmpl, DF))
		fprintf(out, "%sdf %s", before,
			choice_name(choice_df, tmpl->df));
	if (TMPL_HAS(tmpl, DSCP))
		fprintf(out, "%sdscp %u", before, tmpl->dscp);
	if (TMPL_HAS(tmpl, DSCP_COPY))
		fprintf(out, "%sdscp copy", before);
}

/**
 * tmpl_print() - print a template
 * @out: where
 * @tmpl: template
 */
void tmpl_print(FILE *out, const struct nfipsec_tmpl *tmpl)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fputs("\ttmpl", out);
	if (TMPL_HAS(tmpl, SRC))
		fprintf(out, " src %s dst %s",
			addr_text(&tmpl->src, src, sizeof(src)),
			addr_text(&tmpl->dst, dst, sizeof(dst)));
	fprintf(out, "\n\t\tproto %s",
		proto_text(tmpl->proto, proto, sizeof(proto)));
	if (tmpl->spi)
		fprintf(out, " spi 0x%08x", tmpl->spi);
	fprintf(out, " reqid %u mode %s", tmpl->reqid,
		choice_name(choice_mode, tmpl->mode));
	tmpl_asked_print(out, tmpl, "\n\t\t");
	fputc('\n', out);
}

static void asked_json(struct json_object *o, const struct nfipsec_tmpl *tmpl)
{
	if (TMPL_HAS(tmpl, ESN))
		json_flag(o, "esn", tmpl->esn);
	if (TMPL_HAS(tmpl, DF))
		json_text(o, "df", choice_name(choice_df, tmpl->df));
	if (TMPL_HAS(tmpl, DSCP))
		json_number(o, "dscp", tmpl->dscp);
	if (TMPL_HAS(tmpl, DSCP_COPY))
		json_text(o, "dscp", "copy");
}

static struct json_object *tmpl_json(const struct nfipsec_tmpl *tmpl)
{
	struct json_object *o = json_new();
	char text[INET6_ADDRSTRLEN];
	struct json_object *array, *name;
	uint32_t i;

	if (TMPL_HAS(tmpl, SRC)) {
		json_text(o, "src", addr_text(&tmpl->src, text, sizeof(text)));
		json_text(o, "dst", addr_text(&tmpl->dst, text, sizeof(text)));
	}
	json_text(o, "proto", proto_text(tmpl->proto, text, sizeof(text)));
	if (tmpl->spi)
		json_spi(o, tmpl->spi);
	json_number(o, "reqid", tmpl->reqid);
	json_text(o, "mode", choice_name(choice_mode, tmpl->mode));
	asked_json(o, tmpl);
	if (!tmpl->algos.n)
		return o;
	array = json_object_new_array();
	for (i = 0; array && i < tmpl->algos.n; i++) {
		name = json_object_new_string(tmpl->algos.name[i]);
		json_object_array_add(array, name);
	}
	json_child(o, "algos", array);
	return o;
}

/**
 * tmpls_json() - add templates to JSON
 * @o: object
 * @tmpl: templates
 * @n: how many
 *
 * The innermost one is "tmpl", those around it are a list.
 */
void tmpls_json(struct json_object *o, const struct nfipsec_tmpl *tmpl,
		unsigned int n)
{
	struct json_object *array;
	unsigned int i;

	if (n)
		json_child(o, "tmpl", tmpl_json(&tmpl[0]));
	if (n < 2)
		return;
	array = json_object_new_array();
	for (i = 1; array && i < n; i++)
		json_object_array_add(array, tmpl_json(&tmpl[i]));
	json_child(o, "outer_tmpls", array);
}
