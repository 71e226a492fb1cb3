// SPDX-License-Identifier: GPL-2.0
/* The difference of two tables. */
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "apply.h"
#include "describe.h"

static int by_key(const void *a, const void *b)
{
	const struct item *p = a, *q = b;
	int ret = strcmp(p->key, q->key);

	return ret ? ret : (p->line > q->line) - (p->line < q->line);
}

static int by_place(const void *a, const void *b)
{
	const struct item *p = a, *q = b;

	if (p->dir != q->dir)
		return p->dir - q->dir;
	if (p->priority != q->priority)
		return p->priority < q->priority ? -1 : 1;
	return (p->line > q->line) - (p->line < q->line);
}

static void sort(struct items *list, int (*cmp)(const void *, const void *))
{
	if (list->n)
		qsort(list->item, list->n, sizeof(*list->item), cmp);
}

static int no_twins(const struct items *list, const char *name)
{
	const struct item *a;

	for (a = list->item; list->n && a + 1 < list->item + list->n; a++)
		if (!strcmp(a[0].key, a[1].key))
			return cli_fail(CLI_USAGE, "%s lines %u and %u are of the same %s",
					name, a[0].line, a[1].line,
					a->in ? "SA" : "direction and selector");
	return CLI_OK;
}

/* Both by key. */
static void pair(struct items *have, struct items *want)
{
	size_t h = 0, w = 0;
	int cmp;

	while (h < have->n && w < want->n) {
		cmp = strcmp(have->item[h].key, want->item[w].key);
		if (!cmp) {
			have->item[h].other = &want->item[w];
			want->item[w].other = &have->item[h];
		}
		h += cmp <= 0;
		w += cmp >= 0;
	}
}

static const struct nfipsec_sa *sa_of(const struct item *item)
{
	return item->in ? &item->in->sa : item->sa;
}

static int by_spi(const void *a, const void *b)
{
	const struct item *p = a, *q = b;
	uint32_t spi = sa_of(p)->spi, other = sa_of(q)->spi;

	if (spi != other)
		return spi < other ? -1 : 1;
	return (p->line > q->line) - (p->line < q->line);
}

/*
 * Whether what comes may be what goes, under another address or protocol, and its
 * numbers would begin anew with the same key. The algorithm says nothing of that:
 * those that are made of one cipher have one key stream. IPComp has neither keys
 * nor numbers.
 */
static bool may_be(const struct nfipsec_sa *comes,
		   const struct nfipsec_sa *goes)
{
	if (comes->proto == IPPROTO_COMP || goes->proto == IPPROTO_COMP)
		return false;
	return comes->dir == goes->dir || comes->dir == NFIPSEC_DIR_ANY ||
	       goes->dir == NFIPSEC_DIR_ANY;
}

/* Among those from @have on, the first of which has that SPI if one has. */
static bool goes_by_spi(const struct item *have, const struct item *end,
			const struct nfipsec_sa *comes)
{
	for (; have < end && have->sa->spi == comes->spi; have++)
		if (!have->other && may_be(comes, have->sa))
			return true;
	return false;
}

/* Who takes another SPI says that the key is another one. */
static int no_numbers_anew(struct items *have, struct items *want,
			   const char *name)
{
	const struct item *end = have->item + have->n, *from = have->item;
	const struct nfipsec_sa *sa;
	const struct item *item;

	sort(have, by_spi);
	sort(want, by_spi);
	for (item = want->item; item < want->item + want->n; item++) {
		sa = sa_of(item);
		while (from < end && from->sa->spi < sa->spi)
			from++;
		if (!item->other && goes_by_spi(from, end, sa))
			return cli_fail(CLI_FAILED, "%s line %u: the SA that has this SPI would go, and the sequence numbers begin anew, perhaps with its key: see sa move, or give this one another SPI and another key",
					name, item->line);
	}
	sort(want, by_key);
	sort(have, by_key);
	return CLI_OK;
}

static int sas_plan(struct items *have, struct items *want, const char *name)
{
	struct nfipsec_sa sa;
	struct item *item;
	char *text;
	int ret;

	sort(want, by_key);
	sort(have, by_key);
	ret = no_twins(want, name);
	if (ret)
		return ret;
	pair(have, want);
	for (item = want->item; item < want->item + want->n; item++) {
		if (!item->other)
			continue;
		if (item->other->less)
			return cli_fail(CLI_FAILED, "%s line %u: this SA is there, and has something that this command is too old to know: take the command of the module",
					name, item->line);
		sa = item->in->sa;
		describe_fill(&sa, item->other->sa);
		text = describe_sa(&sa);
		if (!text)
			return cli_fail(CLI_FAILED, "out of memory");
		item->keep = !strcmp(text, item->other->text);
		item->other->keep = item->keep;
		free(text);
		/* Its numbers would begin anew, and the key may be the same. */
		if (!item->keep)
			return cli_fail(CLI_FAILED, "%s line %u: this SA is there with other words, and cannot become another while its sequence numbers go on: see sa update, or give it another SPI and another key",
					name, item->line);
	}
	/* Sorted anew: from here, other says nothing but whether there is one. */
	return no_numbers_anew(have, want, name);
}

/* What is added goes behind all that has its priority. */
static void keep_order(struct items *want)
{
	const struct item *before = NULL;
	bool adding = false;
	struct item *item;
	size_t last = 0;

	for (item = want->item; item < want->item + want->n; item++) {
		if (!before || before->dir != item->dir ||
		    before->priority != item->priority) {
			adding = false;
			last = 0;
		}
		before = item;
		if (item->keep && !adding && item->seq > last) {
			last = item->seq;
		} else {
			adding = true;
			item->keep = false;
		}
	}
}

/* Sorted again, items are elsewhere: all that is needed goes into them. */
static int policies_plan(struct items *have, struct items *want,
			 const char *name)
{
	struct item *item;
	int ret;

	sort(want, by_key);
	sort(have, by_key);
	ret = no_twins(want, name);
	if (ret)
		return ret;
	pair(have, want);
	for (item = want->item; item < want->item + want->n; item++) {
		if (!item->other)
			continue;
		/* One that only looks the same may match less. */
		item->keep = !item->other->less &&
			     !strcmp(item->text, item->other->text);
		item->seq = item->other->seq;
	}
	sort(want, by_place);
	keep_order(want);
	sort(want, by_key);
	pair(have, want);
	for (item = have->item; item < have->item + have->n; item++)
		item->keep = item->other && item->other->keep;
	sort(want, by_place);
	return CLI_OK;
}

/**
 * plan_make() - find what must be done
 * @have: what there is
 * @want: what there is to be; afterwards policies are in the order in which to
 *	add them
 *
 * Of both sides what does not keep goes, or comes. Afterwards other says nothing
 * but whether there is one.
 *
 * Return: enum cli_result
 */
int plan_make(struct tables *have, struct tables *want)
{
	int ret;

	ret = sas_plan(&have->sas, &want->sas, want->name);
	return ret ? ret : policies_plan(&have->policies, &want->policies,
					 want->name);
}

static void drop(struct nfipsec_default *want, unsigned int attr, bool same)
{
	if (same)
		want->has &= ~NFIPSEC_HAS(attr);
}

/**
 * plan_default() - find what must be set
 * @have: what is set
 * @want: what is to be set; what is already is taken out
 */
void plan_default(const struct nfipsec_default *have,
		  struct nfipsec_default *want)
{
	drop(want, NFIPSEC_A_DEFAULT_IN, have->in == want->in);
	drop(want, NFIPSEC_A_DEFAULT_OUT, have->out == want->out);
	drop(want, NFIPSEC_A_DEFAULT_WEAK, have->weak == want->weak);
	drop(want, NFIPSEC_A_DEFAULT_AUDIT, have->audit == want->audit);
	drop(want, NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT,
	     have->acquire_timeout == want->acquire_timeout);
}
