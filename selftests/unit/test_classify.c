// SPDX-License-Identifier: GPL-2.0
/*
 * The classifier against a slow obvious reference, a sorted list: random
 * policies that overlap as much as they can, random packets, changes between
 * them. UNIT_CLASSIFY=N in the environment makes N comparisons.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "classify.h"
#include "cover.h"
#include "ktap.h"
#include "next_state.h"
#include "pack.h"

#define COMPARISONS	300000
#define POLS_MAX	160
#define SETS_MAX	3

struct pol {
	u32 priority;
	u64 age;
	bool on;
	unsigned int sets;
	struct nfipsec_selector sel[SETS_MAX];
	struct nfipsec_selector_lists lists[SETS_MAX];
	struct nfipsec_rule rule[SETS_MAX];
};

/* What a set of policies is made of. */
struct world {
	const char *name;
	unsigned int pols;	/* about as many at a time */
	unsigned int plens;	/* prefix lengths to choose from, 0 is all */
	bool ranges;		/* of addresses that are no prefix, lists */
	bool one_pair;		/* addresses are always the same prefixes */
	u16 ports;		/* ports are below, or near 65535 */
	unsigned int priorities;
	unsigned int meta;	/* one in so many looks at interfaces or mark */
};

static const struct world *world;
static atomic64_t state;
static struct nfipsec_classifier cls;
static struct pol *pols[POLS_MAX + 2];
static unsigned int count;
static u64 age;

static const u8 protos4[] = { 0, 6, 6, 17, 17, 1, 4, 50, 44, 132 };
static const u8 protos6[] = { 0, 6, 6, 17, 58, 135, 51, 44, 139, 132, 4 };

static u8 any_proto(u8 family)
{
	return family == AF_INET ?
	       protos4[ktap_random_below(ARRAY_SIZE(protos4))] :
	       protos6[ktap_random_below(ARRAY_SIZE(protos6))];
}

/* Bits differ at both ends of an address, so that prefixes of all lengths do. */
static void any_addr(union nfipsec_addr *addr, u8 family)
{
	u64 r = ktap_random();

	memset(addr, 0, sizeof(*addr));
	addr->all[0] = htonl(0x0a000000 | (r & 7) | (r & 0x18) << 5 |
			     (r & 0x60) << 11 | (r >> 7 & 1) << 31);
	if (family == AF_INET6) {
		addr->all[1] = htonl(r >> 8 & 0x00010001);
		addr->all[3] = htonl(r >> 32 & 0x80000003);
	}
}

static unsigned int any_plen(u8 family)
{
	static const u8 few[2][4] = { { 0, 8, 24, 32 }, { 0, 32, 64, 128 } };

	if (world->plens)
		return few[family == AF_INET6][ktap_random_below(world->plens)];
	return ktap_random_below(family == AF_INET ? 33 : 129);
}

static void any_range(union nfipsec_addr range[2], u8 family)
{
	union nfipsec_addr addr;

	if (world->one_pair) {
		memset(&addr, 0, sizeof(addr));
		addr.ip = htonl(0x0a000000);
		nfipsec_selector_prefix(range, family, &addr, 8);
		return;
	}
	any_addr(&range[0], family);
	any_addr(&range[1], family);
	if (!world->ranges || ktap_random_below(2)) {
		addr = range[0];
		nfipsec_selector_prefix(range, family, &addr, any_plen(family));
	} else if (memcmp(&range[0], &range[1], sizeof(addr)) > 0) {
		addr = range[0];
		range[0] = range[1];
		range[1] = addr;
	}
}

static u16 any_port(void)
{
	u16 port = ktap_random_below(world->ports);

	return ktap_random_below(16) ? port : U16_MAX - port;
}

static void any_ports(struct nfipsec_range *range, u8 *n)
{
	unsigned int i, kind = ktap_random_below(8);

	*n = 0;
	if (kind < 2)
		return;
	*n = kind == 3 ? 1 + ktap_random_below(3) : 1;
	for (i = 0; i < *n; i++) {
		u16 a = any_port();
		u16 b = ktap_random_below(2) ? a : any_port();

		range[i].min = a < b ? a : b;
		range[i].max = a < b ? b : a;
	}
	if (kind == 2)
		range[0] = (struct nfipsec_range){ U16_MAX, 0 };
}

/* Few values, so that they meet; the high bits of a mark matter too. */
static void any_meta(struct nfipsec_meta *meta)
{
	u64 r = ktap_random();

	meta->iif = r & 3;
	meta->oif = r >> 2 & 3;
	meta->vrf = r >> 4 & 1 ? 9 : 0;
	meta->mark = (r >> 6 & 3) | (r >> 8 & 1) << 31 | (r >> 9 & 1) << 16;
}

static u32 any_mask(void)
{
	static const u32 masks[] = { 0, 0, U32_MAX, U32_MAX, 3, 0x80000001 };
	unsigned int i = ktap_random_below(ARRAY_SIZE(masks) + 1);

	return i < ARRAY_SIZE(masks) ? masks[i] : (u32)ktap_random();
}

static void try_meta(struct nfipsec_selector *sel)
{
	if (!world->meta || ktap_random_below(world->meta))
		return;
	any_meta(&sel->meta);
	sel->mask = any_mask();
	sel->meta.mark &= sel->mask;
}

static bool try_selector(struct nfipsec_selector *sel,
			 struct nfipsec_selector_lists *lists)
{
	u8 family = ktap_random_below(2) ? AF_INET : AF_INET6;
	unsigned int i;

	nfipsec_selector_any(sel, family);
	memset(lists, 0, sizeof(*lists));
	lists->srcs = world->ranges && !ktap_random_below(4) ? 3 : 1;
	lists->dsts = world->ranges && !ktap_random_below(4) ? 4 : 1;
	for (i = 0; i < lists->srcs; i++)
		any_range(lists->src[i], family);
	for (i = 0; i < lists->dsts; i++)
		any_range(lists->dst[i], family);
	sel->proto = any_proto(family);
	any_ports(lists->sport, &lists->sports);
	any_ports(lists->dport, &lists->dports);
	try_meta(sel);
	return !nfipsec_selector_settle(sel, lists) &&
	       !nfipsec_selector_check(sel);
}

static struct pol *pol_new(void)
{
	struct pol *pol = calloc(1, sizeof(*pol));
	unsigned int i;

	if (!pol)
		abort();
	pol->sets = ktap_random_below(3) ? 1 : 1 + ktap_random_below(SETS_MAX);
	pol->priority = ktap_random_below(world->priorities);
	pol->age = ++age;
	for (i = 0; i < pol->sets; i++) {
		while (!try_selector(&pol->sel[i], &pol->lists[i]))
			;
	}
	return pol;
}

/* A successor of the same selectors. */
static struct pol *pol_like(const struct pol *old)
{
	struct pol *pol = malloc(sizeof(*pol));
	unsigned int i;

	if (!pol)
		abort();
	*pol = *old;
	for (i = 0; i < pol->sets; i++) {
		if (pol->sel[i].lists)
			pol->sel[i].lists = &pol->lists[i];
	}
	return pol;
}

/* Where a packet would be that some selector is for, or anywhere. */
static void any_flow(struct nfipsec_flow *flow)
{
	u8 family = ktap_random_below(2) ? AF_INET : AF_INET6;

	memset(flow, 0, sizeof(*flow));
	any_addr(&flow->saddr, family);
	any_addr(&flow->daddr, family);
	flow->family = family;
	do {
		flow->proto = any_proto(family);
	} while (!flow->proto);
	flow->opaque = !ktap_random_below(3);
	flow->early = flow->opaque && ktap_random_below(2);
	if (!flow->opaque && nfipsec_field(family, flow->proto)) {
		flow->sport = any_port();
		flow->dport = any_port();
	}
	any_meta(&flow->meta);
	if (count && ktap_random_below(2)) {
		const struct pol *pol = pols[ktap_random_below(count)];
		const struct nfipsec_selector *sel =
			&pol->sel[ktap_random_below(pol->sets)];

		if (sel->family != family)
			return;
		flow->saddr = sel->src[ktap_random_below(2)];
		flow->daddr = sel->dst[ktap_random_below(2)];
		if (nfipsec_selector_has_meta(sel) && ktap_random_below(2))
			flow->meta = sel->meta;
	}
}

/* The reference. */

static enum nfipsec_match pol_match(const struct pol *pol,
				    const struct nfipsec_flow *flow,
				    bool *opaque)
{
	enum nfipsec_match match, best = NFIPSEC_MATCH_NO;
	unsigned int i;

	*opaque = false;
	for (i = 0; i < pol->sets; i++) {
		match = nfipsec_selector_match(&pol->sel[i], flow);
		if (match == NFIPSEC_MATCH_YES) {
			best = match;
			if (nfipsec_selector_is_opaque(&pol->sel[i]))
				*opaque = true;
		} else if (match == NFIPSEC_MATCH_OPAQUE &&
			   best == NFIPSEC_MATCH_NO) {
			best = match;
		}
	}
	return best;
}

struct answer {
	const struct pol *pol;
	bool hidden;
	bool opaque;
};

static struct answer reference(const struct nfipsec_flow *flow)
{
	const struct pol *may = NULL;
	unsigned int i;
	bool opaque;

	for (i = 0; i < count; i++) {
		if (!pols[i]->on)
			continue;
		switch (pol_match(pols[i], flow, &opaque)) {
		case NFIPSEC_MATCH_OPAQUE:
			may = may ?: pols[i];
			break;
		case NFIPSEC_MATCH_YES:
			if (may && !opaque)
				return (struct answer){ may, false, true };
			return (struct answer){ pols[i], opaque, false };
		default:
			break;
		}
	}
	return (struct answer){ may, false, may };
}

static const struct pol *pol_of(const struct nfipsec_rule *rule)
{
	unsigned int i, j;

	for (i = 0; rule && i < count; i++) {
		for (j = 0; j < pols[i]->sets; j++) {
			if (rule == &pols[i]->rule[j])
				return pols[i];
		}
	}
	return NULL;
}

static struct answer classified(const struct nfipsec_flow *flow)
{
	struct nfipsec_hit hit;
	bool opaque;

	nfipsec_classify(&cls, flow, &hit);
	opaque = hit.yes && nfipsec_selector_is_opaque(hit.yes->sel);
	if (hit.may && !opaque)
		return (struct answer){ pol_of(hit.may), false, true };
	return (struct answer){ pol_of(hit.yes), opaque, false };
}

static bool compare(unsigned int n)
{
	while (n-- > 0) {
		struct nfipsec_flow flow;
		struct answer a, b;

		any_flow(&flow);
		a = reference(&flow);
		b = classified(&flow);
		if (!EXPECT(a.pol == b.pol && a.opaque == b.opaque &&
			    a.hidden == b.hidden,
			    "%s, %u policies, IPv%d proto %u%s%s %u-%u: %llu instead of %llu",
			    world->name, count, flow.family == AF_INET ? 4 : 6,
			    flow.proto, flow.opaque ? " fragment" : "",
			    flow.early ? " early" : "", flow.sport, flow.dport,
			    b.pol ? b.pol->age : 0, a.pol ? a.pol->age : 0))
			return false;
	}
	return true;
}

/* Changes. */

static bool before(const struct pol *a, const struct pol *b)
{
	return a->priority != b->priority ? a->priority < b->priority :
					    a->age < b->age;
}

static void list_put(struct pol *pol)
{
	unsigned int i = count++;

	for (; i && before(pol, pols[i - 1]); i--)
		pols[i] = pols[i - 1];
	pols[i] = pol;
}

static void list_cut(const struct pol *pol)
{
	unsigned int i = 0;

	while (pols[i] != pol)
		i++;
	for (count--; i < count; i++)
		pols[i] = pols[i + 1];
}

static void rules_del(struct pol *pol, unsigned int n)
{
	while (n-- > 0)
		nfipsec_rule_del(&cls, &pol->rule[n]);
}

/* Not yet seen by packets. */
static int rules_add(struct pol *pol)
{
	unsigned int i;
	int err;

	for (i = 0; i < pol->sets; i++) {
		pol->rule[i].sel = &pol->sel[i];
		pol->rule[i].priority = pol->priority;
		pol->rule[i].age = pol->age;
		err = nfipsec_rule_add(&cls, &pol->rule[i]);
		if (err) {
			rules_del(pol, i);
			return err;
		}
	}
	return 0;
}

static void insert(void)
{
	struct pol *pol = pol_new();

	if (!EXPECT(!rules_add(pol), "no memory")) {
		free(pol);
		return;
	}
	list_put(pol);
	compare(1);
	next_state(&cls);
	pol->on = true;
}

static void drop(struct pol *pol)
{
	rules_del(pol, pol->sets);
	list_cut(pol);
	free(pol);
}

static void retire(struct pol *pol)
{
	unsigned int i;

	for (i = 0; i < pol->sets; i++)
		nfipsec_rule_retire(&cls, &pol->rule[i]);
}

/* Several at once, as a flush does. */
static void retire_some(void)
{
	unsigned int i, n = count;
	struct pol *gone[4];

	if (n < ARRAY_SIZE(gone))
		return;
	for (i = 0; i < ARRAY_SIZE(gone); i++) {
		gone[i] = pols[(i * n) / ARRAY_SIZE(gone)];
		retire(gone[i]);
	}
	compare(2);
	next_state(&cls);
	for (i = 0; i < ARRAY_SIZE(gone); i++)
		gone[i]->on = false;
	compare(2);
	for (i = 0; i < ARRAY_SIZE(gone); i++)
		drop(gone[i]);
}

/* One state has the old one, the next the new one. */
static void replace(struct pol *old, struct pol *pol)
{
	if (!EXPECT(!rules_add(pol), "no memory")) {
		free(pol);
		return;
	}
	list_put(pol);
	retire(old);
	compare(2);
	next_state(&cls);
	old->on = false;
	pol->on = true;
	compare(2);
	drop(old);
}

/* The same, but something else has failed. */
static void take_back(struct pol *old)
{
	struct pol *pol = ktap_random_below(2) ? pol_new() : pol_like(old);
	unsigned int i;

	if (EXPECT(!rules_add(pol), "no memory")) {
		retire(old);
		compare(1);
		for (i = 0; i < old->sets; i++)
			nfipsec_rule_keep(&old->rule[i]);
		rules_del(pol, pol->sets);
		next_state(&cls);
		compare(2);
	}
	free(pol);
}

static void change(void)
{
	struct pol *one = count ? pols[ktap_random_below(count)] : NULL;

	switch (ktap_random_below(16)) {
	case 0:
		retire_some();
		break;
	case 1:
		if (one)
			replace(one, pol_new());
		break;
	case 2:
		if (one)
			replace(one, pol_like(one));
		break;
	case 3:
		if (one)
			take_back(one);
		break;
	default:
		if (count && ktap_random_below(2 * world->pols) < count)
			drop(one);
		else if (count < POLS_MAX)
			insert();
	}
}

static void start(const struct world *w)
{
	world = w;
	count = 0;
	age = 0;
	atomic64_set(&state, 0);
	EXPECT(!unit_alloc_live, "%lu objects left over", unit_alloc_live);
	EXPECT(!nfipsec_classifier_init(&cls, &state), "no memory");
}

static void stop(void)
{
	while (count)
		drop(pols[count - 1]);
	EXPECT(unit_alloc_live == 1, "%lu objects left", unit_alloc_live);
	nfipsec_classifier_exit(&cls);
	EXPECT(!unit_alloc_live, "%lu objects left at the end",
	       unit_alloc_live);
}

static const struct world worlds[] = {
	{ "few prefix lengths", 60, 3, false, false, 4, 1, 0 },
	{ "mixed priorities", 60, 4, false, false, 4, 8, 0 },
	{ "all prefix lengths", 120, 0, false, false, 4, 4, 0 },
	{ "ranges", 40, 4, true, false, 40, 4, 0 },
	{ "ranges, all prefix lengths", 120, 0, true, false, 40000, 3, 0 },
	{ "one prefix pair", 120, 1, false, true, 600, 3, 0 },
	{ "few policies", 4, 2, true, false, 3, 2, 0 },
	{ "interfaces and marks", 100, 2, false, false, 4, 4, 1 },
	{ "interfaces and marks, of some", 100, 0, true, false, 40, 3, 3 },
	{ "marks of one prefix pair", 120, 1, false, true, 3, 3, 1 },
};

static unsigned long comparisons(void)
{
	const char *env = getenv("UNIT_CLASSIFY");

	return env ? strtoul(env, NULL, 0) : COMPARISONS;
}

static void test_reference(void)
{
	unsigned long n = comparisons() / ARRAY_SIZE(worlds);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(worlds); i++) {
		start(&worlds[i]);
		for (j = 0; j < n; j += 10) {
			change();
			if (!compare(10))
				break;
		}
		stop();
	}
}

/* Packs of pieces; what fails may leave one in two, as it does the table. */
static unsigned long packs(void)
{
	const struct nfipsec_table *table = cls.space.table;
	const struct nfipsec_bucket *b;
	struct nfipsec_view v;
	unsigned long n = 0;
	u32 i;

	for (i = 0; i < table->size; i++) {
		for (b = table->slot[i]; b; b = b->next[table->link]) {
			if (nfipsec_lone(b->first))
				continue;
			nfipsec_view_first(&v, b);
			for (; v.n; nfipsec_view_next(&v))
				n++;
		}
	}
	return n;
}

/* Each allocation of a change fails once: all is as it was, and then it goes. */
static void test_memory(void)
{
	unsigned int i, failed, total = 0;

	start(&worlds[4]);
	for (i = 0; i < 400; i++) {
		struct pol *pol = pol_new();
		unsigned long live = unit_alloc_live - packs();

		for (failed = 0;; failed++) {
			unit_alloc_fail = failed;
			if (!rules_add(pol))
				break;
			/* The table may have become another one. */
			EXPECT(unit_alloc_live - packs() == live,
			       "%lu objects instead of %lu",
			       unit_alloc_live - packs(), live);
			if (failed % 8 == 0 && !compare(3))
				break;
		}
		unit_alloc_fail = -1;
		total += failed;
		list_put(pol);
		next_state(&cls);
		pol->on = true;
		compare(10);
		if (count > 60)
			drop(pols[ktap_random_below(count)]);
	}
	EXPECT(total > 4000, "only %u failures", total);
	stop();
	unit_alloc_fail = 0;
	EXPECT(nfipsec_classifier_init(&cls, &state) == -ENOMEM, "there was memory");
}

static void host_add(struct pol *pol, u32 host)
{
	nfipsec_selector_any(&pol->sel[0], AF_INET);
	pol->sel[0].src[0].ip = htonl(host);
	pol->sel[0].src[1].ip = htonl(host);
	pol->sets = 1;
	pol->priority = host & 3;
	EXPECT(!rules_add(pol), "no memory at %u", host);
	next_state(&cls);
}

static void table_is(u32 size, u32 host)
{
	EXPECT(cls.space.table->size == size, "%u: %u slots", host,
	       cls.space.table->size);
}

/* Grows and shrinks, with memory for another table and without. */
static void test_table(void)
{
	static const struct world w = { .name = "distinct hosts" };
	struct nfipsec_flow flow = {
		.family = AF_INET, .proto = IPPROTO_UDP,
	};
	u32 i, n = 1100, wrong = 0;
	struct pol *all = calloc(n, sizeof(*all));
	struct nfipsec_hit hit;

	if (!all)
		abort();
	start(&w);
	for (i = 0; i < n; i++) {
		/* What a rule takes before the table grows. */
		if (i == 1024)
			unit_alloc_fail = 2;
		host_add(&all[i], i);
		table_is(i < 64 ? 64 : i < 256 ? 256 : i < 1025 ? 1024 : 4096,
			 i);
	}
	for (i = 0; i < n; i++) {
		flow.saddr.ip = htonl(i);
		nfipsec_classify(&cls, &flow, &hit);
		wrong += hit.yes != &all[i].rule[0];
		rules_del(&all[i], 1);
		nfipsec_classify(&cls, &flow, &hit);
		wrong += !!hit.yes;
		table_is(n - i > 256 ? 4096 : n - i > 64 ? 1024 :
			 n - i > 16 ? 256 : 64, i);
	}
	EXPECT(!wrong, "%u wrong answers", wrong);
	stop();
	free(all);
}

/* Keys that come and go do not fill the filter. */
static void test_filter(void)
{
	static const struct world w = { .name = "passing hosts" };
	struct pol host = {};
	unsigned int bits = 0, i;

	start(&w);
	for (i = 0; i < 2000; i++) {
		host_add(&host, i * 7919);
		rules_del(&host, 1);
	}
	table_is(64, i);
	for (i = 0; i < 8; i++)
		bits += __builtin_popcountll(cls.space.table->filter[i]);
	EXPECT(bits && bits <= 2 * 64, "%u bits set", bits);
	stop();
}

static struct nfipsec_tuple *tuple_of(const struct nfipsec_rule *rule)
{
	return rule->pieces->bucket->tuple;
}

/* A range of ports that is a prefix of each length leaves shapes for others. */
static void test_wide(void)
{
	static const struct world w = { .name = "wide ranges of ports" };
	static const u16 ports[] = { 0, 1, 2, 100, 40000, 65534, 65535 };
	struct pol wide[6] = {}, host = { .sets = 1, .age = 10 };
	struct nfipsec_flow flow = {
		.family = AF_INET, .proto = IPPROTO_UDP,
	};
	const struct nfipsec_rule *want;
	struct nfipsec_hit hit;
	unsigned int i, j, n;

	start(&w);
	for (i = 0; i < ARRAY_SIZE(wide); i++) {
		nfipsec_selector_any(&wide[i].sel[0], AF_INET);
		wide[i].sel[0].proto = IPPROTO_UDP;
		wide[i].sel[0].dport.min = 1;
		wide[i].sel[0].src[0].ip = htonl(i << 24);
		wide[i].sel[0].src[1].ip = htonl((i << 24) + (1 << i) - 1);
		wide[i].sets = 1;
		EXPECT(!rules_add(&wide[i]), "no memory");
	}
	n = cls.space.count[0][NFIPSEC_SIDE_WHOLE];
	EXPECT(n == 5 * ARRAY_SIZE(wide), "%u shapes", n);
	nfipsec_selector_any(&host.sel[0], AF_INET);
	host.sel[0].dst[0].ip = htonl(1);
	host.sel[0].dst[1].ip = htonl(1);
	EXPECT(!rules_add(&host), "no memory");
	EXPECT(tuple_of(&host.rule[0])->shape.dst == 32 &&
	       host.rule[0].pieces->tell.exact, "no shape is left");
	next_state(&cls);
	for (i = 0; i < ARRAY_SIZE(wide); i++) {
		for (j = 0; j < ARRAY_SIZE(ports); j++) {
			flow.saddr.ip = htonl(i << 24);
			flow.dport = ports[j];
			want = ports[j] ? &wide[i].rule[0] : NULL;
			nfipsec_classify(&cls, &flow, &hit);
			EXPECT(hit.yes == want, "rule %u, port %u", i,
			       ports[j]);
		}
		rules_del(&wide[i], 1);
	}
	rules_del(&host, 1);
	stop();
}

/* What has a mark is found by it, also where there are no shapes left. */
static void test_marks(void)
{
	static const struct world w = { .name = "marks" };
	struct pol plain[40] = {}, marked[300] = {};
	struct nfipsec_flow flow = {
		.family = AF_INET, .proto = IPPROTO_UDP, .meta.oif = 5,
	};
	const struct nfipsec_piece *piece;
	struct nfipsec_hit hit;
	unsigned int i;

	start(&w);
	for (i = 0; i < ARRAY_SIZE(plain); i++) {
		nfipsec_selector_any(&plain[i].sel[0], AF_INET);
		plain[i].sel[0].src[0].ip = htonl(0x0a000000);
		plain[i].sel[0].src[1].ip = htonl(0x0a000000 + (1 << i / 2) - 1);
		if (i & 1)
			plain[i].sel[0].proto = IPPROTO_UDP;
		plain[i].sets = 1;
		plain[i].priority = 1;
		EXPECT(!rules_add(&plain[i]), "no memory");
	}
	for (i = 0; i < ARRAY_SIZE(marked); i++) {
		nfipsec_selector_any(&marked[i].sel[0], AF_INET);
		marked[i].sel[0].src[0].ip = htonl(0x0a000000);
		marked[i].sel[0].src[1].ip = htonl(0x0a0000ff);
		marked[i].sel[0].meta.mark = i;
		marked[i].sel[0].meta.oif = i & 1 ? 5 : 0;
		marked[i].sel[0].mask = U32_MAX;
		marked[i].sets = 1;
		EXPECT(!rules_add(&marked[i]), "no memory");
		piece = marked[i].rule[0].pieces;
		EXPECT(nfipsec_lone(piece->bucket->first) == piece,
		       "mark %u in a list", i);
	}
	next_state(&cls);
	EXPECT(cls.space.count[0][NFIPSEC_SIDE_WHOLE] < 40, "%u shapes",
	       cls.space.count[0][NFIPSEC_SIDE_WHOLE]);
	flow.saddr.ip = htonl(0x0a000007);
	for (i = 0; i < ARRAY_SIZE(marked); i++) {
		flow.meta.mark = i;
		nfipsec_classify(&cls, &flow, &hit);
		EXPECT(hit.yes == &marked[i].rule[0], "mark %u", i);
	}
	for (i = 0; i < ARRAY_SIZE(marked); i++)
		rules_del(&marked[i], 1);
	for (i = 0; i < ARRAY_SIZE(plain); i++)
		rules_del(&plain[i], 1);
	stop();
}

/* Prefixes of a range are next to each other and as few as can be. */
static void test_cover(void)
{
	static const struct {
		u32 min, max;
		unsigned int n, hull;
	} rows[] = {
		{ 0, U32_MAX, 1, 0 },
		{ 0x0a000001, 0x0a000001, 1, 32 },
		{ 0x0a000000, 0x0a00ffff, 1, 16 },
		{ 0x0a000001, 0x0a000002, 2, 30 },
		{ 0x7fffffff, 0x80000000, 2, 0 },
		{ 1, U32_MAX, 32, 0 },
		{ 1, U32_MAX - 1, 62, 0 },
		{ 5, 8, 3, 28 },
	};
	struct nfipsec_prefix list[64], hull;
	union nfipsec_addr range[2] = {}, piece[2];
	unsigned int i, j, n;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 at = rows[i].min;

		range[0].ip = htonl(rows[i].min);
		range[1].ip = htonl(rows[i].max);
		n = nfipsec_cover_range(range, AF_INET, list, 64);
		EXPECT(n == rows[i].n, "row %u: %u prefixes", i, n);
		for (j = 0; j < n; j++) {
			nfipsec_selector_prefix(piece, AF_INET, &list[j].addr,
						list[j].plen);
			EXPECT(ntohl(piece[0].ip) == at, "row %u: gap", i);
			at = (u64)ntohl(piece[1].ip) + 1;
		}
		EXPECT(at == (u64)rows[i].max + 1, "row %u: end", i);
		EXPECT(!nfipsec_cover_range(range, AF_INET, list, n - 1),
		       "row %u: fits in less", i);
		nfipsec_cover_hull(range, AF_INET, &hull);
		EXPECT(hull.plen == rows[i].hull, "row %u: hull %u", i,
		       hull.plen);
		nfipsec_selector_prefix(piece, AF_INET, &range[0], hull.plen);
		EXPECT(nfipsec_addr_equal(&piece[0], &hull.addr),
		       "row %u: hull starts elsewhere", i);
	}
	memset(&range[0], 0, sizeof(range[0]));
	memset(&range[1], 0xff, sizeof(range[1]));
	EXPECT(nfipsec_cover_range(range, AF_INET6, list, 1) == 1 &&
	       !list[0].plen, "all of IPv6");
	range[0].all[3] = htonl(1);
	range[1].all[3] = htonl(U32_MAX - 1);
	range[1].all[0] = 0;
	range[1].all[1] = htonl(1);
	n = nfipsec_cover_range(range, AF_INET6, list, 64);
	EXPECT(!n, "%u prefixes of 126", n);
	nfipsec_cover_hull(range, AF_INET6, &hull);
	EXPECT(hull.plen == 63, "hull %u", hull.plen);
	nfipsec_selector_prefix(piece, AF_INET6, &range[0], hull.plen);
	EXPECT(nfipsec_addr_equal(&piece[0], &hull.addr),
	       "hull starts elsewhere");
}

const struct ktap_case classify_cases[] = {
	{ "classify: ranges as prefixes", test_cover },
	{ "classify: the table grows and shrinks", test_table },
	{ "classify: keys that are gone leave the filter", test_filter },
	{ "classify: one wide range of ports does not take all shapes",
	  test_wide },
	{ "classify: marks are found where no shapes are left", test_marks },
	{ "classify: the answers of a sorted list", test_reference },
	{ "classify: without memory all stays as it was", test_memory },
	{}
};
