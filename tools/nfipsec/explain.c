// SPDX-License-Identifier: GPL-2.0
/* The command policy explain. */
#include <arpa/inet.h>
#include <string.h>

#include "addr.h"
#include "policy.h"
#include "selector.h"
#include "tmpl.h"

#define HAS(obj, attr)	has_get(obj, NFIPSEC_A_EXPLAIN_##attr)
#define MAY(c)		HAS(c, CANDIDATE_MAY)
#define WHY_MAX		160

static const struct choice kinds[] = {
	{ "ipv4", NFIPSEC_PART_KIND_IPV4 },
	{ "ipv6", NFIPSEC_PART_KIND_IPV6 },
	{ "udp", NFIPSEC_PART_KIND_UDP },
	{ "esp", NFIPSEC_PART_KIND_ESP },
	{ "iv", NFIPSEC_PART_KIND_IV },
	{ "ah", NFIPSEC_PART_KIND_AH },
	{ "payload", NFIPSEC_PART_KIND_PAYLOAD },
	{ "tfc", NFIPSEC_PART_KIND_TFC },
	{ "pad", NFIPSEC_PART_KIND_PAD },
	{ "trailer", NFIPSEC_PART_KIND_TRAILER },
	{ "icv", NFIPSEC_PART_KIND_ICV },
	{}
};

/* For programs, and for people. */
static const struct choice fates[] = {
	{ "fits", NFIPSEC_FATE_FITS },
	{ "before", NFIPSEC_FATE_BEFORE },
	{ "after", NFIPSEC_FATE_AFTER },
	{ "too-big", NFIPSEC_FATE_TOO_BIG },
	{}
};

static const struct choice fate_texts[] = {
	{ "fits", NFIPSEC_FATE_FITS },
	{ "fragmented before it is sealed", NFIPSEC_FATE_BEFORE },
	{ "fragmented after it is sealed", NFIPSEC_FATE_AFTER },
	{ "too big, the sender is told by ICMP", NFIPSEC_FATE_TOO_BIG },
	{}
};

static int number(struct args *a, const struct word *w, uint64_t max,
		  uint64_t *value)
{
	const char *text = args_value(a, w->name);

	return text ? number_parse(text, w->name, max, value) : CLI_USAGE;
}

static int word_u8(struct args *a, void *obj, const struct word *w)
{
	uint64_t value;
	int ret = number(a, w, w->max ? w->max : UINT8_MAX, &value);

	if (ret)
		return ret;
	*((uint8_t *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_u16(struct args *a, void *obj, const struct word *w)
{
	uint64_t value;
	int ret = number(a, w, UINT16_MAX, &value);

	if (ret)
		return ret;
	*(uint16_t *)((char *)obj + w->off) = value;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_flag(struct args *a, void *obj, const struct word *w)
{
	(void)a;
	has_set(obj, w->attr);
	return CLI_OK;
}

static int word_next(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	struct nfipsec_explain *p = obj;

	if (!text)
		return CLI_USAGE;
	has_set(p, w->attr);
	return proto_parse(text, &p->proto);
}

#define E(text, fn, member, bit, highest)				\
	{ text, fn, 0, offsetof(struct nfipsec_explain, member),	\
	  NFIPSEC_A_EXPLAIN_##bit, highest, false }

static int parse(struct args *a, struct nfipsec_explain *p)
{
	static const struct word words[] = {
		E("src", word_addr, src, SRC, 0),
		E("dst", word_addr, dst, DST, 0),
		E("proto", word_next, proto, PROTO, 0),
		E("sport", word_u16, sport, SPORT, 0),
		E("dport", word_u16, dport, DPORT, 0),
		E("type", word_u8, type, TYPE, 0),
		E("code", word_u8, code, CODE, 0),
		E("len", word_u32, len, LEN, 65535),
		E("df", word_flag, has, DONT_FRAGMENT, 0),
		E("fragment", word_flag, has, FRAGMENT, 0),
		E("dscp", word_u8, dscp, DSCP, 63),
		E("mark", word_u32, mark, MARK, 0),
		E("iif", word_dev, iif, IIF, 0),
		E("oif", word_dev, oif, OIF, 0),
	};
	const char *dir = args_next(a);
	int ret;

	if (!dir || (strcmp(dir, "in") && strcmp(dir, "out")))
		return cli_fail(CLI_USAGE, "which way does the packet go? give in or out behind explain");
	p->dir = strcmp(dir, "in") ? NFIPSEC_DIR_OUT : NFIPSEC_DIR_IN;
	has_set(p, NFIPSEC_A_EXPLAIN_DIR);
	ret = words_parse(a, words, ARRAY_SIZE(words), p, false);
	if (!ret && !(HAS(p, SRC) && HAS(p, DST)))
		ret = cli_fail(CLI_USAGE, "a packet has two addresses: give src A dst A");
	return ret;
}

/* Where the policy that decides stands among the candidates, or behind them. */
static unsigned int winner(const struct nfipsec_explain *ex)
{
	unsigned int i;

	for (i = 0; i < ex->candidates; i++)
		if (HAS(ex, INDEX) && ex->candidate[i].index == ex->index)
			break;
	return i;
}

/* Why it is this policy, or none. */
static void why(const struct nfipsec_explain *ex, char text[WHY_MAX])
{
	unsigned int at = winner(ex);
	const struct nfipsec_explain_candidate *c = &ex->candidate[at], *next;

	next = at + 1 < ex->candidates ? c + 1 : NULL;
	if (HAS(ex, GATHERED) && !HAS(ex, ACTION) && !HAS(ex, INDEX))
		snprintf(text, WHY_MAX, "fragments are put together first");
	else if (!HAS(ex, INDEX))
		snprintf(text, WHY_MAX, "no policy matches");
	else if (!HAS(ex, ACTION))
		snprintf(text, WHY_MAX,
			 "it depends on what the fragment does not show");
	else if (at && at < ex->candidates && MAY(c - 1))
		snprintf(text, WHY_MAX, "policy %u may match, but this one is for what cannot be seen",
			 c[-1].index);
	else if (at == ex->candidates || (!next && HAS(ex, MORE)))
		snprintf(text, WHY_MAX, "the first that matches");
	else if (!next)
		snprintf(text, WHY_MAX, "no other policy matches");
	else if (next->priority == c->priority)
		snprintf(text, WHY_MAX, "older than policy %u of the same priority",
			 next->index);
	else
		snprintf(text, WHY_MAX, "priority %u before %u of policy %u",
			 c->priority, next->priority, next->index);
}

static void print_verdict(const struct nfipsec_explain *ex)
{
	char text[WHY_MAX];

	if (HAS(ex, GATHERED))
		fputs("gathered: fragments are put together first, and then looked at\n",
		      cli.out);
	if (HAS(ex, GATHERED) && !HAS(ex, ACTION) && !HAS(ex, INDEX))
		return;
	why(ex, text);
	fprintf(cli.out, "%s by ", HAS(ex, ACTION) ?
		choice_name(choice_action, ex->action) : "no answer");
	if (HAS(ex, INDEX))
		fprintf(cli.out, "policy %u", ex->index);
	else
		fputs("default", cli.out);
	if (HAS(ex, SET) && ex->set)
		fprintf(cli.out, " sel %u", ex->set + 1);
	fprintf(cli.out, ": %s\n", text);
	if (HAS(ex, REASON))
		fprintf(cli.out, "\t%s: %s\n", ex->reason, ex->reason_doc);
	if (HAS(ex, ACQUIRE))
		fputs("\tacquire: key management is asked for an SA\n",
		      cli.out);
	if (HAS(ex, NO_ROUTE))
		fputs("\tno-route: the host has no route for it, it never gets here\n",
		      cli.out);
	if (HAS(ex, LOOPBACK))
		fputs("\tloopback: it stays within the host, no policy is asked\n",
		      cli.out);
}

/* What there is to say of a step without an SA. */
static const char *lacking(const struct nfipsec_explain *ex, unsigned int i,
			   bool out)
{
	bool lacks = !strcmp(ex->reason, "out_no_sa") ||
		     !strcmp(ex->reason, "out_acquire") ||
		     !strcmp(ex->reason, "out_acquire_full");

	if (!out)
		return "must come by";
	/* The first one is why the others were not looked for. */
	if (lacks && (!i || HAS(&ex->step[i - 1], STEP_SPI)))
		return "no sa for";
	return "not looked for";
}

static void print_step(const struct nfipsec_explain_step *s, const char *lack)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	if (!HAS(s, STEP_SPI)) {
		fprintf(cli.out, "\t%s\n", lack);
		tmpl_print(cli.out, &s->tmpl);
		return;
	}
	fprintf(cli.out, "\tsa src %s dst %s proto %s spi 0x%08x reqid %u mode %s\n",
		addr_text(&s->src, src, sizeof(src)),
		addr_text(&s->dst, dst, sizeof(dst)),
		proto_text(s->proto, proto, sizeof(proto)), s->spi, s->reqid,
		choice_name(choice_mode, s->mode));
}

static void print_wire(const struct nfipsec_explain *ex)
{
	unsigned int i;

	if (!HAS(ex, WIRE_LEN))
		return;
	fprintf(cli.out, "\twire %s%u:", HAS(ex, AT_MOST) ? "at most " : "",
		ex->wire_len);
	for (i = 0; i < ex->parts; i++)
		fprintf(cli.out, "%s %s %u", i ? "," : "",
			choice_name(kinds, ex->part[i].kind), ex->part[i].len);
	fprintf(cli.out, "\n\tmtu %u of path mtu %u: %s", ex->mtu,
		ex->path_mtu, choice_name(fate_texts, ex->fate));
	if (HAS(ex, PIECE_LEN))
		fprintf(cli.out, ", the first fragment is %u and on the wire as above",
			ex->piece_len);
	fputc('\n', cli.out);
}

/* With its selector, unless it is gone by now. */
static void print_candidate(const struct nfipsec_explain_candidate *c,
			    const char *what)
{
	struct nfipsec_policy key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_INDEX), .index = c->index,
	}, pol = {};
	const struct nfipsec_selector *sel = &pol.selector;

	fprintf(cli.out, "%s policy %u priority %u action %s", what, c->index,
		c->priority, choice_name(choice_action, c->action));
	if (!nfipsec_policy_get(cli.h, &key, &pol)) {
		if (HAS(c, CANDIDATE_SET) && c->set &&
		    c->set <= pol.selector_more.n)
			sel = &pol.selector_more.selector[c->set - 1];
		fputc(' ', cli.out);
		selector_print(cli.out, sel);
	}
	fputc('\n', cli.out);
}

static const char *rank(unsigned int i, unsigned int at, bool may)
{
	if (i == at)
		return "decides";
	if (may)
		return "may match";
	return i > at ? "shadowed" : "matches";
}

static void print(const struct nfipsec_explain *ex, bool out)
{
	unsigned int i, at = winner(ex);

	print_verdict(ex);
	for (i = 0; i < ex->steps; i++)
		print_step(&ex->step[i], lacking(ex, i, out));
	print_wire(ex);
	for (i = 0; i < ex->candidates; i++)
		print_candidate(&ex->candidate[i],
				rank(i, at, MAY(&ex->candidate[i])));
	if (HAS(ex, MORE))
		fputs("more may match\n", cli.out);
}

static struct json_object *step_json(const struct nfipsec_explain_step *s)
{
	char text[INET6_ADDRSTRLEN];
	struct json_object *o = json_new();

	tmpls_json(o, &s->tmpl, 1);
	if (!HAS(s, STEP_SPI))
		return o;
	json_text(o, "src", addr_text(&s->src, text, sizeof(text)));
	json_text(o, "dst", addr_text(&s->dst, text, sizeof(text)));
	json_text(o, "proto", proto_text(s->proto, text, sizeof(text)));
	json_spi(o, s->spi);
	json_text(o, "mode", choice_name(choice_mode, s->mode));
	json_number(o, "reqid", s->reqid);
	return o;
}

static struct json_object *part_json(const struct nfipsec_explain_part *p)
{
	struct json_object *o = json_new();

	json_text(o, "kind", choice_name(kinds, p->kind));
	json_number(o, "len", p->len);
	return o;
}

static struct json_object *
candidate_json(const struct nfipsec_explain_candidate *c)
{
	struct json_object *o = json_new();

	json_number(o, "index", c->index);
	json_number(o, "priority", c->priority);
	json_text(o, "action", choice_name(choice_action, c->action));
	if (HAS(c, CANDIDATE_SET))
		json_number(o, "set", c->set);
	json_flag(o, "may", MAY(c));
	return o;
}

static void lists_json(struct json_object *o, const struct nfipsec_explain *ex)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < ex->steps; i++)
		json_object_array_add(list, step_json(&ex->step[i]));
	json_child(o, "sas", list);
	list = json_object_new_array();
	for (i = 0; i < ex->parts; i++)
		json_object_array_add(list, part_json(&ex->part[i]));
	json_child(o, "parts", list);
	list = json_object_new_array();
	for (i = 0; i < ex->candidates; i++)
		json_object_array_add(list, candidate_json(&ex->candidate[i]));
	json_child(o, "candidates", list);
}

static void sizes_json(struct json_object *o, const struct nfipsec_explain *ex)
{
	json_number(o, "wire_len", ex->wire_len);
	json_flag(o, "at_most", HAS(ex, AT_MOST));
	json_number(o, "path_mtu", ex->path_mtu);
	json_number(o, "mtu", ex->mtu);
	json_text(o, "fate", choice_name(fates, ex->fate));
	if (HAS(ex, PIECE_LEN))
		json_number(o, "piece_len", ex->piece_len);
}

static struct json_object *explain_json(const struct nfipsec_explain *ex)
{
	struct json_object *o = json_new();
	char text[WHY_MAX];

	if (HAS(ex, ACTION))
		json_text(o, "action", choice_name(choice_action, ex->action));
	if (HAS(ex, INDEX))
		json_number(o, "index", ex->index);
	if (HAS(ex, SET))
		json_number(o, "set", ex->set);
	why(ex, text);
	json_text(o, "why", text);
	if (HAS(ex, REASON)) {
		json_text(o, "reason", ex->reason);
		json_text(o, "reason_doc", ex->reason_doc);
	}
	json_flag(o, "acquire", HAS(ex, ACQUIRE));
	json_flag(o, "gathered", HAS(ex, GATHERED));
	json_flag(o, "no_route", HAS(ex, NO_ROUTE));
	json_flag(o, "loopback", HAS(ex, LOOPBACK));
	if (HAS(ex, WIRE_LEN))
		sizes_json(o, ex);
	lists_json(o, ex);
	json_flag(o, "more", HAS(ex, MORE));
	return o;
}

/**
 * cmd_policy_explain() - policy explain
 * @a: words
 *
 * Return: enum cli_result
 */
int cmd_policy_explain(struct args *a)
{
	struct nfipsec_explain packet = {}, ex = {};
	int ret;

	ret = parse(a, &packet);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_policy_explain(cli.h, &packet, &ex))
		return cli_refused("policy explain");
	if (cli.json)
		json_print(explain_json(&ex));
	else
		print(&ex, packet.dir == NFIPSEC_DIR_OUT);
	return CLI_OK;
}
