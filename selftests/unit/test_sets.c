// SPDX-License-Identifier: GPL-2.0
/* Several selectors that stand for one. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>

#include "ktap.h"
#include "selector.h"

#define NO	NFIPSEC_MATCH_NO
#define YES	NFIPSEC_MATCH_YES
#define OPAQUE	NFIPSEC_MATCH_OPAQUE

static void swap_sets(struct nfipsec_selector *a, struct nfipsec_selector *b)
{
	struct nfipsec_selector c = *a;

	*a = *b;
	*b = c;
}

/* TCP to a port, or to ports that cannot be seen. */
static struct nfipsec_selector tcp(u8 family, u16 min, u16 max)
{
	struct nfipsec_selector sel;

	nfipsec_selector_any(&sel, family);
	sel.proto = IPPROTO_TCP;
	sel.dport.min = min;
	sel.dport.max = max;
	return sel;
}

static struct nfipsec_flow packet(u8 family, u16 dport)
{
	struct nfipsec_flow flow = {
		.family = family, .proto = IPPROTO_TCP, .dport = dport,
	};

	return flow;
}

static struct nfipsec_flow fragment(u8 family)
{
	struct nfipsec_flow flow = packet(family, 0);

	flow.opaque = true;
	return flow;
}

static void one(const char *what, const struct nfipsec_selector *sel,
		unsigned int n, struct nfipsec_flow flow,
		enum nfipsec_match want, bool want_hidden)
{
	enum nfipsec_match got;
	bool hidden = !want_hidden;

	got = nfipsec_sets_match(sel, n, &flow, &hidden);
	EXPECT(got == want, "%s: %d, not %d", what, got, want);
	EXPECT(hidden == want_hidden, "%s: hidden %d", what, hidden);
}

static void match(void)
{
	const struct nfipsec_selector sel[] = {
		tcp(AF_INET, 80, 80), tcp(AF_INET, 443, 443),
		tcp(AF_INET6, 80, 80),
	};
	struct nfipsec_flow flow;
	unsigned int i;

	one("first", sel, 3, packet(AF_INET, 80), YES, false);
	one("second", sel, 3, packet(AF_INET, 443), YES, false);
	one("third", sel, 3, packet(AF_INET6, 80), YES, false);
	one("none", sel, 3, packet(AF_INET6, 443), NO, false);
	for (i = 0; i < 3; i++) {
		flow = packet(sel[i].family, sel[i].dport.min);
		EXPECT(nfipsec_sets_which(sel, 3, &flow) == i, "which %u", i);
	}
	EXPECT(nfipsec_sets_which(sel, 2, &flow) == 2, "which of none");
	flow = fragment(AF_INET);
	EXPECT(nfipsec_sets_which(sel, 3, &flow) == 3, "which, not shown");
	one("not the third", sel, 2, packet(AF_INET6, 80), NO, false);
	one("fragment", sel, 3, fragment(AF_INET), OPAQUE, false);
	one("fragment of the third alone", sel, 3, fragment(AF_INET6), OPAQUE,
	    false);
	one("fragment of none", sel, 2, fragment(AF_INET6), NO, false);
}

/* Whatever the order: a fragment that is surely of one is of all. */
static void match_fragments(void)
{
	struct nfipsec_selector sel[3] = {
		tcp(AF_INET, 80, 80), tcp(AF_INET, 0, U16_MAX),
		tcp(AF_INET, U16_MAX, 0),
	};
	struct nfipsec_flow early = fragment(AF_INET);

	early.early = true;
	one("port, any", sel, 2, fragment(AF_INET), YES, false);
	one("any, opaque", sel + 1, 2, fragment(AF_INET), YES, true);
	one("port, any, opaque", sel, 3, fragment(AF_INET), YES, true);
	one("early, port, any, opaque", sel, 3, early, YES, false);
	one("whole, port, any, opaque", sel, 3, packet(AF_INET, 80), YES,
	    false);
	swap_sets(&sel[0], &sel[2]);
	one("opaque, any, port", sel, 3, fragment(AF_INET), YES, true);
	one("early, opaque, any, port", sel, 3, early, YES, false);
	swap_sets(&sel[1], &sel[2]);
	one("opaque, port", sel, 2, fragment(AF_INET), YES, true);
	one("early, opaque, port", sel, 2, early, OPAQUE, false);
	one("whole, opaque, port", sel, 2, packet(AF_INET, 80), YES, false);
	one("whole, opaque, other port", sel, 2, packet(AF_INET, 81), NO,
	    false);
	swap_sets(&sel[0], &sel[1]);
	one("port, opaque", sel, 2, fragment(AF_INET), YES, true);
}

/* The order is nothing, all else is. */
static void equal(void)
{
	const struct nfipsec_selector a[] = {
		tcp(AF_INET, 80, 80), tcp(AF_INET, 443, 443),
		tcp(AF_INET6, 80, 80),
	};
	const struct nfipsec_selector b[] = { a[2], a[0], a[1] };
	struct nfipsec_selector c[] = { a[0], a[1], a[2] };
	struct nfipsec_selector_lists lists = {};

	EXPECT(nfipsec_sets_equal(a, 3, b, 3), "in another order");
	EXPECT(nfipsec_sets_equal(a, 1, a, 1), "one");
	EXPECT(!nfipsec_sets_equal(a, 2, b, 2), "one other");
	EXPECT(!nfipsec_sets_equal(a, 2, c, 3), "the one has less");
	EXPECT(!nfipsec_sets_equal(a, 3, c, 2), "the other has less");
	EXPECT(!nfipsec_sets_have(a, 2, &a[2]), "has what is behind it");
	EXPECT(nfipsec_sets_have(a, 3, &a[2]), "has not the last");
	c[2].dport.max++;
	EXPECT(!nfipsec_sets_equal(a, 3, c, 3), "one port more");
	c[2].dport.max--;
	c[2].lists = &lists;
	EXPECT(!nfipsec_sets_equal(a, 3, c, 3), "lists");
}

static void about(void)
{
	struct nfipsec_selector sel[] = {
		tcp(AF_INET, 0, U16_MAX), tcp(AF_INET, 0, U16_MAX),
		tcp(AF_INET, U16_MAX, 0),
	};

	EXPECT(nfipsec_sets_family(sel, 3) == AF_INET, "family");
	EXPECT(!nfipsec_sets_have_opaque(sel, 2), "opaque behind the last");
	EXPECT(nfipsec_sets_have_opaque(sel, 3), "the last is opaque");
	EXPECT(!nfipsec_sets_have_ports(sel, 3), "no ports");
	sel[2].dport.min = 1;
	sel[2].dport.max = 2;
	EXPECT(!nfipsec_sets_have_ports(sel, 2), "ports behind the last");
	EXPECT(nfipsec_sets_have_ports(sel, 3), "the last has ports");
	sel[2].family = AF_INET6;
	EXPECT(nfipsec_sets_family(sel, 3) == AF_UNSPEC, "two families");
	EXPECT(nfipsec_sets_family(sel + 2, 1) == AF_INET6, "one of one");
}

const struct ktap_case sets_cases[] = {
	{ "selector: sets, any one matches", match },
	{ "selector: sets, fragments", match_fragments },
	{ "selector: sets, equal in any order", equal },
	{ "selector: sets, what is said of all", about },
	{}
};
