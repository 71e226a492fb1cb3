// SPDX-License-Identifier: GPL-2.0
/*
 * Selectors in the form in which the kernel tells of them, whatever way they were
 * written: without host bits, ranges sorted and those that touch merged, a range
 * that is a prefix as one, and nothing of what may be anything.
 */
#include <stdlib.h>
#include <string.h>

#include "selector_field.h"
#include "settle.h"

#define MAX_RANGES	(NFIPSEC_MORE_MAX + 1)
#define ADDR_BYTES	sizeof(((struct nfipsec_addr *)0)->bytes)

/**
 * struct span - addresses from one to another, zeros behind those of IPv4
 * @lo: lowest
 * @hi: highest
 */
struct span {
	uint8_t lo[ADDR_BYTES];
	uint8_t hi[ADDR_BYTES];
};

static int span_cmp(const void *a, const void *b)
{
	const struct span *p = a, *q = b;

	return memcmp(p->lo, q->lo, sizeof(p->lo));
}

static struct span span_of(const struct block_refs *r)
{
	unsigned int bits = addr_bits(r->lo->family);
	unsigned int i = bits;
	struct span s;

	memcpy(s.lo, r->lo->bytes, sizeof(s.lo));
	memcpy(s.hi, r->lo->bytes, sizeof(s.hi));
	if (has_get(r->has, r->attr + 2))
		memcpy(s.hi, r->hi->bytes, sizeof(s.hi));
	else if (has_get(r->has, r->attr + 1))
		i = *r->plen;
	for (; i < bits; i++) {
		s.lo[i / 8] &= ~(0x80 >> i % 8);
		s.hi[i / 8] |= 0x80 >> i % 8;
	}
	return s;
}

/* Length of the prefix that it is, or -1. */
static int span_plen(const struct span *s, int bits)
{
	int plen = 0;
	int i;

	while (plen < bits &&
	       !((s->lo[plen / 8] ^ s->hi[plen / 8]) & (0x80 >> plen % 8)))
		plen++;
	for (i = plen; i < bits; i++)
		if (s->lo[i / 8] & (0x80 >> i % 8) ||
		    !(s->hi[i / 8] & (0x80 >> i % 8)))
			return -1;
	return plen;
}

/* Is there nothing between the end of one and the start of another? */
static bool span_touches(const struct span *s, const struct span *next,
			 int bits)
{
	uint8_t addr[ADDR_BYTES];
	int i = bits / 8;

	if (memcmp(next->lo, s->hi, sizeof(s->hi)) <= 0)
		return true;
	memcpy(addr, s->hi, sizeof(addr));
	while (i-- > 0 && !++addr[i])
		;
	return !memcmp(addr, next->lo, sizeof(addr));
}

/* Returns how many are left. */
static size_t spans_merge(struct span *all, size_t n, int bits)
{
	struct span *last = all;
	size_t i;

	qsort(all, n, sizeof(*all), span_cmp);
	for (i = 1; i < n; i++) {
		if (!span_touches(last, &all[i], bits))
			*++last = all[i];
		else if (memcmp(all[i].hi, last->hi, sizeof(last->hi)) > 0)
			memcpy(last->hi, all[i].hi, sizeof(last->hi));
	}
	return last - all + 1;
}

static void span_put(const struct block_refs *r, const struct span *s,
		     uint8_t family)
{
	int plen = span_plen(s, addr_bits(family));
	uint64_t *has = r->has;

	*has &= ~(NFIPSEC_HAS(r->attr) | NFIPSEC_HAS(r->attr + 1) |
		  NFIPSEC_HAS(r->attr + 2));
	if (!plen)
		return;
	has_set(has, r->attr);
	r->lo->family = family;
	memcpy(r->lo->bytes, s->lo, sizeof(s->lo));
	if (plen > 0) {
		*r->plen = plen;
		has_set(has, r->attr + 1);
	} else {
		r->hi->family = family;
		memcpy(r->hi->bytes, s->hi, sizeof(s->hi));
		has_set(has, r->attr + 2);
	}
}

static void settle_side(struct nfipsec_selector *sel, bool dst)
{
	struct nfipsec_addr_list *more = dst ? &sel->dst_more : &sel->src_more;
	struct block_refs first = block_first(sel, dst), refs;
	struct span all[MAX_RANGES];
	uint8_t family = first.lo->family;
	size_t i, n = 0;

	if (!has_get(sel, first.attr))
		return;
	all[n++] = span_of(&first);
	for (i = 0; i < more->n; i++) {
		refs = block_more(&more->range[i]);
		all[n++] = span_of(&refs);
	}
	n = spans_merge(all, n, addr_bits(family));
	span_put(&first, all, family);
	for (i = 1; i < n; i++) {
		refs = block_more(&more->range[i - 1]);
		span_put(&refs, &all[i], family);
	}
	more->n = n - 1;
}

static int port_cmp(const void *a, const void *b)
{
	const struct nfipsec_port_range *p = a, *q = b;

	return p->low - q->low;
}

static size_t ports_merge(struct nfipsec_port_range *all, size_t n)
{
	struct nfipsec_port_range *last = all;
	size_t i;

	qsort(all, n, sizeof(*all), port_cmp);
	for (i = 1; i < n; i++) {
		if (all[i].low > last->high + 1)
			*++last = all[i];
		else if (all[i].high > last->high)
			last->high = all[i].high;
	}
	return last - all + 1;
}

/* What is opaque stands alone, and stays as it is. */
static void settle_ports(struct nfipsec_selector *sel, unsigned int attr,
			 uint16_t *min, uint16_t *max,
			 struct nfipsec_port_list *more)
{
	struct nfipsec_port_range all[MAX_RANGES] = {
		{ .low = *min, .high = *max },
	};
	size_t n;

	if (!has_get(sel, attr))
		return;
	memcpy(all + 1, more->range, more->n * sizeof(*all));
	n = ports_merge(all, more->n + 1);
	*min = all->low;
	*max = all->high;
	more->n = n - 1;
	memcpy(more->range, all + 1, more->n * sizeof(*all));
	if (n == 1 && !*min && *max == UINT16_MAX)
		sel->has &= ~(NFIPSEC_HAS(attr) | NFIPSEC_HAS(attr + 1));
}

/**
 * selector_settle() - bring a selector into the form that the kernel gives it
 * @sel: selector that was read, from words or from the kernel; what the kernel
 *	would refuse may become anything
 *
 * Two that are the same to the kernel are equal afterwards, but for what no bit
 * of @has says is there.
 */
void selector_settle(struct nfipsec_selector *sel)
{
	settle_side(sel, false);
	settle_side(sel, true);
	settle_ports(sel, NFIPSEC_A_SELECTOR_SPORT_MIN, &sel->sport_min,
		     &sel->sport_max, &sel->sport_more);
	settle_ports(sel, NFIPSEC_A_SELECTOR_DPORT_MIN, &sel->dport_min,
		     &sel->dport_max, &sel->dport_more);
	settle_ports(sel, NFIPSEC_A_SELECTOR_TYPE_MIN, &sel->type_min,
		     &sel->type_max, &sel->type_more);
	if (sel->mark_mask == UINT32_MAX)
		sel->has &= ~NFIPSEC_HAS(NFIPSEC_A_SELECTOR_MARK_MASK);
}
