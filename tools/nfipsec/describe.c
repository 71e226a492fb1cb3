// SPDX-License-Identifier: GPL-2.0
/*
 * SAs and policies as a line of a file that apply reads. Equal objects have equal
 * lines. So may others have, where another program gave a name or owner control
 * characters: they are told as question marks. Keys are not in the lines, nor what
 * changes with each packet.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include "addr.h"
#include "algo.h"
#include "describe.h"
#include "dscp.h"
#include "outer.h"
#include "policy.h"
#include "sa.h"
#include "selector.h"
#include "settle.h"
#include "tmpl.h"

/**
 * struct line - a line that is being written
 * @out: stream
 * @text: the line
 * @len: its length
 */
struct line {
	FILE *out;
	char *text;
	size_t len;
};

static bool line_begin(struct line *l)
{
	l->text = NULL;
	l->out = open_memstream(&l->text, &l->len);
	return l->out;
}

static char *line_end(struct line *l)
{
	if (!fclose(l->out))
		return l->text;
	free(l->text);
	return NULL;
}

/* What is shown in several lines is one here. */
static void join_lines(char *text)
{
	char *from, *to;

	for (from = to = text; *from; from++) {
		if (!strchr(" \t\n", *from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static void put_owner(FILE *out, const char *owner)
{
	fputs(" owner ", out);
	text_put_word(out, owner);
}

static char *selector_line(const struct nfipsec_selector *from)
{
	struct nfipsec_selector sel = *from;
	struct line l;

	selector_settle(&sel);
	if (!line_begin(&l))
		return NULL;
	selector_print(l.out, &sel);
	return line_end(&l);
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In an order of their own: theirs means nothing. */
static bool put_sets(FILE *out, const struct nfipsec_policy *pol)
{
	char *set[NFIPSEC_MORE_MAX + 1];
	uint32_t i, n = 0;
	bool whole = true;

	set[n++] = selector_line(&pol->selector);
	for (i = 0; i < pol->selector_more.n; i++)
		set[n++] = selector_line(&pol->selector_more.selector[i]);
	for (i = 0; i < n; i++)
		whole = whole && set[i];
	if (whole)
		qsort(set, n, sizeof(*set), text_cmp);
	for (i = 0; i < n; i++) {
		if (whole)
			fprintf(out, "%s%s", i ? " sel " : " ", set[i]);
		free(set[i]);
	}
	return whole;
}

/**
 * describe_policy_key() - what says which policy it is
 * @pol: policy
 *
 * Return: text for free(), NULL if out of memory
 */
char *describe_policy_key(const struct nfipsec_policy *pol)
{
	struct line l;
	bool whole;
	char *text;

	if (!line_begin(&l))
		return NULL;
	fprintf(l.out, "policy add dir %s", choice_name(choice_dir, pol->dir));
	whole = put_sets(l.out, pol);
	text = line_end(&l);
	if (whole)
		return text;
	free(text);
	return NULL;
}

/* The kernel tells an algorithm by its own name. */
static void kernel_name(char *name)
{
	static const enum algo_use uses[] = { ALGO_AEAD, ALGO_ENC, ALGO_AUTH };
	char own[NFIPSEC_NAME_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		if (algo_name(uses[i], name, own) || !strcmp(own, name))
			continue;
		strcpy(name, own);
		return;
	}
}

static bool put_tmpl(FILE *out, const struct nfipsec_tmpl *from)
{
	struct nfipsec_tmpl tmpl = *from;
	struct line l;
	char *text;
	uint32_t i;

	for (i = 0; i < tmpl.algos.n; i++)
		kernel_name(tmpl.algos.name[i]);
	if (!line_begin(&l))
		return false;
	tmpl_print(l.out, &tmpl);
	text = line_end(&l);
	if (!text)
		return false;
	join_lines(text);
	fprintf(out, " %s", text);
	free(text);
	return true;
}

static void put_names(FILE *out, const struct nfipsec_title_list *names)
{
	uint32_t i;

	for (i = 0; i < names->n; i++) {
		fputs(" name ", out);
		text_put_word(out, names->name[i]);
	}
}

/**
 * describe_policy() - a policy as a line
 * @pol: policy
 *
 * Return: text for free(), NULL if out of memory
 */
char *describe_policy(const struct nfipsec_policy *pol)
{
	char *key = describe_policy_key(pol);
	const struct choice *c;
	const char *sep = " pfp ";
	bool whole = true;
	struct line l;
	char *text;
	uint32_t i;

	if (!key || !line_begin(&l)) {
		free(key);
		return NULL;
	}
	fprintf(l.out, "%s priority %u", key, pol->priority);
	free(key);
	put_names(l.out, &pol->names);
	for (c = choice_pfp; c->name; c++) {
		if (!(pol->pfp & c->value))
			continue;
		fprintf(l.out, "%s%s", sep, c->name);
		sep = ",";
	}
	for (c = choice_policy_flag; c->name; c++)
		if (pol->flags & c->value)
			fprintf(l.out, " flag %s", c->name);
	if (POLICY_HAS(pol, OWNER))
		put_owner(l.out, pol->owner);
	fprintf(l.out, " action %s", choice_name(choice_action, pol->action));
	for (i = 0; i < pol->tmpls; i++)
		whole = put_tmpl(l.out, &pol->tmpl[i]) && whole;
	text = line_end(&l);
	if (whole)
		return text;
	free(text);
	return NULL;
}

/**
 * describe_whole_policy() - whether the line says all of a policy
 * @pol: policy of the kernel
 *
 * Of one of a newer module it may not. What matches less may match more without.
 *
 * Return: whether it does
 */
bool describe_whole_policy(const struct nfipsec_policy *pol)
{
	unsigned int i;

	if ((pol->has & NFIPSEC_HAS_UNKNOWN) ||
	    !choice_known(choice_dir, pol->dir) ||
	    !choice_known(choice_action, pol->action) ||
	    !choice_bits_known(choice_pfp, pol->pfp) ||
	    !choice_bits_known(choice_policy_flag, pol->flags))
		return false;
	for (i = 0; i < pol->tmpls; i++)
		if (!tmpl_known(&pol->tmpl[i]))
			return false;
	return true;
}

static bool is_group(const struct nfipsec_addr *addr)
{
	return addr->family == AF_INET ? (addr->bytes[0] & 0xf0) == 0xe0 :
					 addr->bytes[0] == 0xff;
}

/**
 * describe_sa_key() - what says which SA it is
 * @sa: SA
 *
 * Return: text for free(), NULL if out of memory
 */
char *describe_sa_key(const struct nfipsec_sa *sa)
{
	char text[INET6_ADDRSTRLEN], proto[PROTO_TEXT_MAX];
	struct line l;

	if (!line_begin(&l))
		return NULL;
	fprintf(l.out, "%s-%s-0x%x", proto_text(sa->proto, proto,
						sizeof(proto)),
		addr_text(&sa->dst, text, sizeof(text)), sa->spi);
	if (is_group(&sa->dst))
		fprintf(l.out, "-%s", addr_text(&sa->src, text, sizeof(text)));
	return line_end(&l);
}

static void put_id(FILE *out, const struct nfipsec_sa *sa)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];

	fprintf(out, "sa add src %s dst %s proto %s spi 0x%x mode %s reqid %u dir %s",
		addr_text(&sa->src, src, sizeof(src)),
		addr_text(&sa->dst, dst, sizeof(dst)),
		proto_text(sa->proto, proto, sizeof(proto)), sa->spi,
		choice_name(choice_mode, sa->mode), sa->reqid,
		choice_name(choice_dir, sa->dir));
	if (SA_HAS(sa, REPLAY_WINDOW))
		fprintf(out, " replay-window %u", sa->replay_window);
	if (SA_HAS(sa, OWNER))
		put_owner(out, sa->owner);
}

static void put_flags(FILE *out, const struct nfipsec_sa *sa)
{
	const struct choice *c;
	const char *word = " flag ";

	for (c = sa_flags; c->name; c++) {
		if (!(sa->flags & c->value))
			continue;
		fprintf(out, "%s%s", word, c->name);
		word = " ";
	}
}

static void put_encap(FILE *out, const struct nfipsec_sa *sa)
{
	const struct nfipsec_encap *e = &sa->encap;
	const char *oa = sa->dst.family == AF_INET6 ? "::" : "0.0.0.0";
	char text[INET6_ADDRSTRLEN];

	if (has_get(e, NFIPSEC_A_ENCAP_OA))
		oa = addr_text(&e->oa, text, sizeof(text));
	fprintf(out, " encap espinudp %u %u %s", e->sport, e->dport, oa);
	if (e->keepalive)
		fprintf(out, " nat-keepalive-interval %u", e->keepalive);
}

/* One of 0 is none, and the kernel tells of none. */
static void put_limits(FILE *out, const struct nfipsec_lifetime *life)
{
	uint64_t limit;
	size_t i;

	for (i = 0; i < SA_LIMITS; i++) {
		limit = *(const uint64_t *)((const char *)life +
					    sa_limits[i].off);
		if (has_get(life, sa_limits[i].attr) && limit)
			fprintf(out, " limit %s %" PRIu64, sa_limits[i].name,
				limit);
	}
}

static void put_rest(FILE *out, const struct nfipsec_sa *sa)
{
	const struct nfipsec_tfc *tfc = &sa->tfc;
	char dscps[DSCP_TEXT_MAX];

	if (SA_HAS(sa, OUTER)) {
		fputc(' ', out);
		outer_print(out, &sa->outer);
	}
	if (SA_HAS(sa, PMTU_AGE))
		fprintf(out, " pmtu-age %u", sa->pmtu_age);
	if (has_get(tfc, NFIPSEC_A_TFC_PAD) && tfc->pad == TFC_PAD_MTU)
		fputs(" tfc-pad mtu", out);
	else if (has_get(tfc, NFIPSEC_A_TFC_PAD))
		fprintf(out, " tfc-pad %u", tfc->pad);
	if (has_get(tfc, NFIPSEC_A_TFC_DUMMY_INTERVAL))
		fprintf(out, " dummy-interval %u", tfc->dummy_interval);
	if (SA_HAS(sa, DSCP_SET))
		fprintf(out, " dscp-set %s",
			dscp_set_text(sa->dscp_set, dscps));
	if (SA_HAS(sa, CPU))
		fprintf(out, " cpu %u", sa->cpu);
	if (SA_HAS(sa, ENCAP))
		put_encap(out, sa);
	if (SA_HAS(sa, LIFETIME))
		put_limits(out, &sa->lifetime);
}

/* The name of a key says which SA's it is. */
static void put_algos(FILE *out, const struct nfipsec_sa *sa, const char *key)
{
	if (SA_HAS(sa, AEAD_NAME))
		fprintf(out, " aead %s @%s-aead %u", sa->aead_name, key,
			sa->aead_icv_bits);
	if (SA_HAS(sa, ENC_NAME) && algo_keyless(ALGO_ENC, sa->enc_name))
		fprintf(out, " enc %s", sa->enc_name);
	else if (SA_HAS(sa, ENC_NAME))
		fprintf(out, " enc %s @%s-enc", sa->enc_name, key);
	if (SA_HAS(sa, AUTH_NAME))
		fprintf(out, " auth-trunc %s @%s-auth %u", sa->auth_name, key,
			sa->auth_icv_bits);
	if (SA_HAS(sa, COMP_NAME))
		fprintf(out, " comp %s", sa->comp_name);
}

/**
 * describe_sa() - an SA as a line
 * @sa: SA
 *
 * Return: text for free(), NULL if out of memory
 */
char *describe_sa(const struct nfipsec_sa *sa)
{
	char *key = describe_sa_key(sa);
	char *sel = SA_HAS(sa, SELECTOR) ? selector_line(&sa->selector) : NULL;
	struct line l;

	if (!key || (SA_HAS(sa, SELECTOR) && !sel) || !line_begin(&l)) {
		free(key);
		free(sel);
		return NULL;
	}
	put_id(l.out, sa);
	put_flags(l.out, sa);
	put_rest(l.out, sa);
	put_algos(l.out, sa, key);
	/* Last: its words go on as long as they can be of a selector. */
	if (sel)
		fprintf(l.out, " sel %s", sel);
	free(key);
	free(sel);
	return line_end(&l);
}

/**
 * describe_whole_sa() - whether the line says all of an SA that it can be added with
 * @sa: SA of the kernel
 *
 * Of one of a newer module it may not.
 *
 * Return: whether it does
 */
bool describe_whole_sa(const struct nfipsec_sa *sa)
{
	return !(sa->has & NFIPSEC_HAS_UNKNOWN) &&
	       choice_known(choice_mode, sa->mode) &&
	       choice_known(choice_dir, sa->dir) &&
	       choice_bits_known(sa_flags, sa->flags) &&
	       (!SA_HAS(sa, OUTER) || outer_known(&sa->outer)) &&
	       (!SA_HAS(sa, ENCAP) ||
		sa->encap.type == NFIPSEC_ENCAP_TYPE_ESPINUDP);
}

/**
 * describe_default() - what is said about defaults, as a line
 * @def: defaults, any of them
 *
 * Return: the line, to be freed; NULL if out of memory
 */
char *describe_default(const struct nfipsec_default *def)
{
	struct line l;

	if (!line_begin(&l))
		return NULL;
	fputs("default", l.out);
	if (has_get(def, NFIPSEC_A_DEFAULT_IN))
		fprintf(l.out, " in %s", choice_name(choice_action, def->in));
	if (has_get(def, NFIPSEC_A_DEFAULT_OUT))
		fprintf(l.out, " out %s", choice_name(choice_action, def->out));
	if (has_get(def, NFIPSEC_A_DEFAULT_WEAK))
		fprintf(l.out, " weak %s", def->weak ? "on" : "off");
	if (has_get(def, NFIPSEC_A_DEFAULT_AUDIT))
		fprintf(l.out, " audit %s", def->audit ? "on" : "off");
	if (has_get(def, NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT))
		fprintf(l.out, " acquire-timeout %u", def->acquire_timeout);
	return line_end(&l);
}

/* A number that is missing is as that of each packet, or of its route. */
static void fill_numbers(struct nfipsec_outer *o,
			 const struct nfipsec_outer *usual)
{
	const uint64_t dscp = NFIPSEC_HAS(NFIPSEC_A_OUTER_DSCP);
	const uint64_t hops = NFIPSEC_HAS(NFIPSEC_A_OUTER_HOP_LIMIT);

	if (!(o->has & (dscp | NFIPSEC_HAS(OUTER_DSCP_COPY)))) {
		o->dscp = usual->dscp;
		o->has |= usual->has & dscp;
	}
	if (!(o->has & (hops | NFIPSEC_HAS(OUTER_HOPS_DEFAULT)))) {
		o->hop_limit = usual->hop_limit;
		o->has |= usual->has & hops;
	}
}

/**
 * describe_fill() - take what an SA as typed does not say from another
 * @sa: SA as typed
 * @from: as the kernel tells it
 *
 * What has a value that is usual, and is not that of an attribute that is
 * missing, and all words about the outer header.
 */
void describe_fill(struct nfipsec_sa *sa, const struct nfipsec_sa *from)
{
	const struct nfipsec_outer *usual = &from->outer;
	struct nfipsec_outer *o = &sa->outer;
	uint64_t given = o->has;

	if (!SA_HAS(sa, REPLAY_WINDOW))
		sa->replay_window = from->replay_window;
	has_set(sa, NFIPSEC_A_SA_REPLAY_WINDOW);
	if (!SA_HAS(sa, PMTU_AGE))
		sa->pmtu_age = from->pmtu_age;
	has_set(sa, NFIPSEC_A_SA_PMTU_AGE);
	if (!SA_HAS(from, OUTER))
		return;
	has_set(sa, NFIPSEC_A_SA_OUTER);
	if (!(given & NFIPSEC_HAS(NFIPSEC_A_OUTER_ECN)))
		o->ecn = usual->ecn;
	if (!(given & NFIPSEC_HAS(NFIPSEC_A_OUTER_DF)))
		o->df = usual->df;
	/* A number has no word in front of it. */
	if (!(given & (NFIPSEC_HAS(NFIPSEC_A_OUTER_LABEL) |
		       NFIPSEC_HAS(NFIPSEC_A_OUTER_LABEL_VALUE)))) {
		o->label = usual->label;
		o->label_value = usual->label_value;
	}
	if (!(given & NFIPSEC_HAS(NFIPSEC_A_OUTER_FRAG)))
		o->frag = usual->frag;
	fill_numbers(o, usual);
	/* The kernel tells both of what has a flag and a word. */
	if (o->ecn == NFIPSEC_ECN_OFF)
		sa->flags |= NFIPSEC_SA_FLAG_NOECN;
	if (o->df == NFIPSEC_DF_CLEAR)
		sa->flags |= NFIPSEC_SA_FLAG_NOPMTUDISC;
}
