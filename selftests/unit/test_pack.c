// SPDX-License-Identifier: GPL-2.0
/*
 * Packs: pieces come and go, with and without memory, while readers stand at any
 * place in them. What the module frees after a grace period is kept until those
 * have ended that read before, and a reader goes on from where it is. When it is
 * given away to be freed, no reader may come to it any more.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "bucket.h"
#include "classify.h"
#include "ktap.h"
#include "pack.h"
#include "tuple.h"

#define RULES		200
#define READERS		4
#define STEPS		60000
#define MOST		14	/* of a pack */

/* A rule, and when it came and went. */
struct one {
	struct nfipsec_rule rule;
	bool exact;
	u32 added;
	u32 deleted;
};

/* Where it is, and what it met on its way. */
struct reader {
	u64 number;
	u32 since;
	struct nfipsec_view view;
	unsigned int at;
	unsigned int n;
	const struct one *met[4 * RULES];
};

static const struct nfipsec_shape shape = {
	.kind = NFIPSEC_KIND_PLAIN, .family = AF_INET, .src = 8, .dst = 24,
};

static struct nfipsec_space space;
static struct nfipsec_key key;
/* Each that ever was, as readers may be at what has gone; and those that are. */
static struct one all[STEPS];
static struct one *there[RULES];
static unsigned int used;
static struct reader readers[READERS];
static u32 now;
static unsigned int live;
static u64 last_age;

static struct one *one_of(const struct nfipsec_rule *rule)
{
	return container_of(rule, struct one, rule);
}

/* In the midst of a change, whoever begins to read now. */
static void look_for(const void *ptr)
{
	const struct nfipsec_table *table = space.table;
	const struct nfipsec_rule *rule, *prev;
	const struct nfipsec_bucket *b;
	const struct nfipsec_pack *at;
	struct nfipsec_view v;
	unsigned int i, j;

	for (i = 0; i < table->size; i++) {
		for (b = table->slot[i]; b; b = b->next[table->link]) {
			EXPECT(b != ptr, "a bucket that is there is freed");
			EXPECT(!ptr || nfipsec_lone(b->first) != ptr,
			       "a piece that is there is freed");
			at = nfipsec_lone(b->first) ? NULL : b->first;
			prev = NULL;
			nfipsec_view_first(&v, b);
			for (; v.n; at = at->next, nfipsec_view_next(&v)) {
				EXPECT(at != ptr || !ptr,
				       "a pack that is there is freed");
				for (j = 0; j < v.n; j++) {
					rule = v.rule[j];
					if (!rule)
						continue;
					EXPECT(v.tell[j].priority ==
					       rule->priority,
					       "what is told is wrong");
					EXPECT(!prev ||
					       !nfipsec_rule_before(rule, prev),
					       "out of order");
					prev = rule;
				}
				if (!at)
					break;
			}
		}
	}
}

static void add_one(bool in_order)
{
	struct one *one = &all[used++];
	int err;

	one->rule.priority = in_order ? 1000 : ktap_random_below(20);
	/* Some are taken for one, as the sets of a policy are. */
	one->rule.age = in_order ? ++last_age : ktap_random_below(4);
	one->exact = ktap_random_below(2);
	if (!ktap_random_below(4))
		unit_alloc_fail = ktap_random_below(6);
	err = nfipsec_piece_add(&space, &one->rule, &shape, &key, one->exact);
	unit_alloc_fail = -1;
	EXPECT(!err == !!one->rule.pieces, "%d and half of it", err);
	if (err)
		return;
	one->added = ++now;
	there[live++] = one;
}

static void del_one(void)
{
	unsigned int i = ktap_random_below(live);
	struct one *one = there[i];

	there[i] = there[--live];
	one->deleted = ++now;
	/* It need not have memory. */
	if (ktap_random_below(2))
		unit_alloc_fail = UNIT_ALLOC_NONE;
	nfipsec_piece_del(&space, one->rule.pieces);
	unit_alloc_fail = -1;
}

static const struct nfipsec_bucket *bucket(void)
{
	return live ? there[0]->rule.pieces->bucket : NULL;
}

static void begin(struct reader *r)
{
	const struct nfipsec_bucket *b = bucket();

	if (!b)
		return;
	memset(r, 0, sizeof(*r));
	r->number = unit_reader_begin();
	r->since = now;
	nfipsec_view_first(&r->view, b);
}

static bool met(const struct reader *r, const struct one *one)
{
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		if (r->met[i] == one)
			return true;
	}
	return false;
}

/* It has met all that was there all the time. */
static void end(struct reader *r)
{
	unsigned int i;

	for (i = 0; i < live; i++) {
		if (there[i]->added <= r->since)
			EXPECT(met(r, there[i]), "rule %u was missed", i);
	}
	unit_reader_end(r->number);
	r->number = 0;
}

static void step(struct reader *r)
{
	const struct nfipsec_tell *tell;
	const struct nfipsec_rule *rule;
	struct one *one;

	if (r->at == r->view.n) {
		r->at = 0;
		nfipsec_view_next(&r->view);
		if (!r->view.n)
			end(r);
		return;
	}
	tell = &r->view.tell[r->at];
	rule = r->view.rule[r->at++];
	if (!rule)
		return;
	one = one_of(rule);
	EXPECT(!one->deleted || one->deleted > r->since,
	       "gone before it began");
	EXPECT(tell->priority == rule->priority && tell->exact == one->exact,
	       "what is told is of another rule");
	EXPECT(!met(r, one), "twice");
	EXPECT(!r->n || !nfipsec_rule_before(rule, &r->met[r->n - 1]->rule),
	       "out of order");
	if (EXPECT(r->n < ARRAY_SIZE(r->met), "without end"))
		r->met[r->n++] = one;
}

static void read_some(void)
{
	struct reader *r = &readers[ktap_random_below(READERS)];
	unsigned int n = ktap_random_below(64);

	if (!r->number) {
		begin(r);
		return;
	}
	while (r->number && n--)
		step(r);
}

static void read_all(void)
{
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		while (readers[i].number)
			step(&readers[i]);
	}
}

static void start(void)
{
	struct nfipsec_flow flow = { .family = AF_INET };

	memset(all, 0, sizeof(all));
	used = 0;
	memset(readers, 0, sizeof(readers));
	now = 1;
	live = 0;
	flow.saddr.ip = htonl(0x0a000000);
	nfipsec_key_set(&key, &flow);
	if (nfipsec_space_init(&space))
		abort();
	unit_free_hook = look_for;
}

static void stop(void)
{
	read_all();
	while (live)
		nfipsec_piece_del(&space, there[--live]->rule.pieces);
	unit_free_hook = NULL;
	nfipsec_space_exit(&space);
	EXPECT(!unit_alloc_live, "%lu objects are left", unit_alloc_live);
}

/* Most of the time more come than go, then fewer; down to none. */
static void churn(bool in_order)
{
	unsigned int i, tides = 0;
	bool more = true;

	start();
	for (i = 0; i < STEPS; i++) {
		if (live == (more ? RULES : 0)) {
			more = !more;
			tides++;
		}
		if (ktap_random_below(2))
			read_some();
		else if (live < RULES &&
			 (!live || ktap_random_below(10) < (more ? 7 : 3)))
			add_one(in_order);
		else
			del_one();
	}
	EXPECT(tides >= 20, "%u tides", tides);
	stop();
}

static void test_churn(void)
{
	churn(false);
}

static void test_order(void)
{
	churn(true);
}

static unsigned int packs(void)
{
	const struct nfipsec_bucket *b = bucket();
	struct nfipsec_view v;
	unsigned int n = 0;

	if (!b)
		return 0;
	for (nfipsec_view_first(&v, b); v.n; nfipsec_view_next(&v))
		n++;
	return n;
}

static void in_order(unsigned int n)
{
	for (live = 0; live < n; live++) {
		there[live] = &all[live];
		all[live].rule.age = live;
		EXPECT(!nfipsec_piece_add(&space, &all[live].rule, &shape, &key,
					  false), "no memory");
	}
}

/* What comes in order is in as few as can be; what goes leaves small ones. */
static void test_room(void)
{
	unsigned int i, left = 0, want = RULES / MOST + !!(RULES % MOST);

	start();
	in_order(RULES);
	EXPECT(packs() == want, "%u packs instead of %u", packs(), want);
	for (i = 0; i < RULES; i++) {
		if (i % MOST)
			nfipsec_piece_del(&space, all[i].rule.pieces);
		else
			there[left++] = &all[i];
	}
	live = left;
	EXPECT(left == want && packs() == want, "%u packs for %u", packs(),
	       left);
	for (i = 0; i < left; i++)
		EXPECT(there[i]->rule.pieces->pack->n == 1, "%lu in a pack",
		       there[i]->rule.pieces->pack->n);
	stop();
}

/* The last piece of a key is alone again, whichever it is, without memory. */
static void test_alone(void)
{
	unsigned int i, left, n = 2 * MOST;

	for (left = 0; left < n; left += 5) {
		start();
		in_order(n);
		unit_alloc_fail = UNIT_ALLOC_NONE;
		for (i = 0; i < n; i++) {
			if (i != left)
				nfipsec_piece_del(&space, all[i].rule.pieces);
		}
		unit_alloc_fail = -1;
		there[0] = &all[left];
		live = 1;
		EXPECT(nfipsec_lone(bucket()->first) == all[left].rule.pieces &&
		       !all[left].rule.pieces->pack, "%u is not alone", left);
		stop();
	}
}

/* What a piece tells can only become less, wherever it is told. */
static void test_widen(void)
{
	const struct nfipsec_tell *tell;
	struct nfipsec_piece *piece;
	struct nfipsec_view v;
	unsigned int i, n = 0;

	start();
	in_order(3);
	for (i = 0; i < 3; i++) {
		piece = all[i].rule.pieces;
		EXPECT(piece->tell.src == 8 && piece->tell.dst == 24,
		       "not told");
		EXPECT(!nfipsec_piece_add(&space, &all[i].rule, &shape, &key,
					  false), "no memory");
		EXPECT(all[i].rule.pieces == piece && !piece->sibling,
		       "two of one key");
		EXPECT(!piece->tell.src && !piece->tell.dst, "told");
	}
	for (nfipsec_view_first(&v, bucket()); v.n; nfipsec_view_next(&v)) {
		for (i = 0; i < v.n; i++, n++) {
			tell = &v.tell[i];
			EXPECT(!tell->src && !tell->dst && !tell->digest,
			       "%u is told", n);
		}
	}
	EXPECT(n == 3, "%u of 3", n);
	stop();
}

const struct ktap_case pack_cases[] = {
	{ "pack: readers at any place, changes with and without memory",
	  test_churn },
	{ "pack: the same in order", test_order },
	{ "pack: as few as can be", test_room },
	{ "pack: what is left alone", test_alone },
	{ "pack: two pieces of one key", test_widen },
	{}
};
