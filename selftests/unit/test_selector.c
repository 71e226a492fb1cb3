// SPDX-License-Identifier: GPL-2.0
/* Selectors: a truth table, a naive second opinion, prefixes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/stddef.h>

#include "ktap.h"
#include "selector.h"

#define NO	NFIPSEC_MATCH_NO
#define YES	NFIPSEC_MATCH_YES
#define OPAQUE	NFIPSEC_MATCH_OPAQUE

#define ROUNDS	300000

static const u8 with_ports[] = { 6, 17, 33, 132, 136 };

static bool has_ports(u8 proto)
{
	return memchr(with_ports, proto, sizeof(with_ports));
}

static bool has_codes(u8 family, u8 proto)
{
	return proto == (family == AF_INET ? 1 : 58);
}

static bool has_types(u8 family, u8 proto)
{
	return has_codes(family, proto) ||
	       (family == AF_INET6 && proto == 135);
}

/* Parse or stop: a typo in a table is no test result. */
static u8 addr(union nfipsec_addr *a, const char *text)
{
	u8 family = strchr(text, ':') ? AF_INET6 : AF_INET;

	memset(a, 0, sizeof(*a));
	if (inet_pton(family, text, a) != 1)
		abort();
	return family;
}

/* A selector as in the table below: NULL stands for any. */
struct row {
	const char *src[2];
	const char *dst[2];
	u8 proto;
	struct nfipsec_range sport;
	struct nfipsec_range dport;
};

#define ANY	{ 0, 65535 }

static void build(struct nfipsec_selector *sel, const struct row *row,
		  u8 family)
{
	int i;

	nfipsec_selector_any(sel, family);
	for (i = 0; i < 2; i++) {
		if (row->src[i])
			addr(&sel->src[i], row->src[i]);
		if (row->dst[i])
			addr(&sel->dst[i], row->dst[i]);
	}
	sel->proto = row->proto;
	sel->sport = row->sport;
	sel->dport = row->dport;
}

static const struct row any4 = { .sport = ANY, .dport = ANY };

static const struct row net4 = {
	{ "10.1.0.0", "10.1.255.255" }, { "192.0.2.7", "192.0.2.7" },
	0, ANY, ANY
};

/* No prefix, and a compare in the wrong byte order gets it wrong. */
static const struct row range4 = {
	{ "10.0.0.200", "10.0.1.3" }, { NULL, NULL }, 0, ANY, ANY
};

static const struct row udp4 = { .proto = 17, .sport = ANY, .dport = ANY };

static const struct row web4 = {
	{ NULL, NULL }, { "10.0.0.0", "10.255.255.255" }, 6,
	ANY, { 80, 443 }
};

static const struct row both4 = { {}, {}, 17, { 0, 1023 }, { 53, 53 } };

static const struct row net6 = {
	{ "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff" }, { NULL, NULL },
	0, ANY, ANY
};

static const struct row range6 = {
	{ NULL, NULL }, { "2001:db8::1:ffff:ffff", "2001:db8::3:0:2" },
	0, ANY, ANY
};

static const struct row udp6 = { .proto = 17, .sport = ANY, .dport = ANY };

static const struct row dns6 = { {}, {}, 17, ANY, { 53, 53 } };

static const struct row ah6 = { .proto = 51, .sport = ANY, .dport = ANY };

#define TYPE(type, code)	((type) << 8 | (code))

/* Type 3 with code 4, up to type 5 with code 1: type 4 with any. */
static const struct row icmp4 = {
	.proto = 1, .sport = { TYPE(3, 4), TYPE(5, 1) }, .dport = ANY
};

static const struct row icmp6 = {
	.proto = 58, .sport = { TYPE(1, 0), TYPE(127, 255) }, .dport = ANY
};

static const struct row mh6 = {
	.proto = 135, .sport = { TYPE(5, 0), TYPE(6, 255) }, .dport = ANY
};

#define BLIND	{ 65535, 0 }

/* Only what cannot be seen. */
static const struct row blind4 = { {}, {}, 6, BLIND, BLIND };

static const struct row half4 = { {}, {}, 6, ANY, BLIND };

static const struct row blindicmp4 = { {}, {}, 1, BLIND, ANY };

static const struct row blind6 = { {}, {}, 17, BLIND, ANY };

static const struct row blindmh6 = { {}, {}, 135, BLIND, ANY };

static const struct row proto6 = { .proto = 44, .sport = ANY, .dport = ANY };

/* With IPv4 a number like others. */
static const struct row proto4 = { .proto = 44, .sport = ANY, .dport = ANY };

#define A4	"10.1.2.3", "192.0.2.7"
#define B6	"2001:db8::1", "2001:db8::2:0:0"

/* The numbers in the output count these lines from 1. */
static const struct {
	const struct row *sel;
	const char *src;
	const char *dst;
	u8 proto;
	bool opaque;
	u16 sport;
	u16 dport;
	enum nfipsec_match want;
} truth[] = {
	/* Family */
	/* 1*/	{ &any4, A4, 1, false, 0, 0, YES },
	/* 2*/	{ &any4, B6, 1, false, 0, 0, NO },
	/* 3*/	{ &udp6, A4, 17, false, 0, 0, NO },
	/* Addresses: inside, and one beyond each edge */
	/* 4*/	{ &net4, A4, 17, false, 5, 6, YES },
	/* 5*/	{ &net4, "10.1.0.0", "192.0.2.7", 6, false, 5, 6, YES },
	/* 6*/	{ &net4, "10.1.255.255", "192.0.2.7", 6, false, 5, 6, YES },
	/* 7*/	{ &net4, "10.0.255.255", "192.0.2.7", 6, false, 5, 6, NO },
	/* 8*/	{ &net4, "10.2.0.0", "192.0.2.7", 6, false, 5, 6, NO },
	/* 9*/	{ &net4, "10.1.2.3", "192.0.2.6", 6, false, 5, 6, NO },
	/*10*/	{ &net4, "10.1.2.3", "192.0.2.8", 6, false, 5, 6, NO },
	/*11*/	{ &net4, "192.0.2.7", "10.1.2.3", 6, false, 5, 6, NO },
	/*12*/	{ &range4, "10.0.0.200", "1.1.1.1", 6, false, 0, 0, YES },
	/*13*/	{ &range4, "10.0.0.199", "1.1.1.1", 6, false, 0, 0, NO },
	/*14*/	{ &range4, "10.0.0.255", "1.1.1.1", 6, false, 0, 0, YES },
	/*15*/	{ &range4, "10.0.1.0", "1.1.1.1", 6, false, 0, 0, YES },
	/*16*/	{ &range4, "10.0.1.3", "1.1.1.1", 6, false, 0, 0, YES },
	/*17*/	{ &range4, "10.0.1.4", "1.1.1.1", 6, false, 0, 0, NO },
	/*18*/	{ &net6, B6, 58, false, 0, 0, YES },
	/*19*/	{ &net6, "2001:db8::", "::1", 58, false, 0, 0, YES },
	/*20*/	{ &net6, "2001:db8::ffff:ffff:ffff:ffff", "::1", 58, false,
		  0, 0, YES },
	/*21*/	{ &net6, "2001:db8:0:1::", "::1", 58, false, 0, 0, NO },
	/*22*/	{ &net6, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "::1", 58,
		  false, 0, 0, NO },
	/*23*/	{ &range6, "::1", "2001:db8::1:ffff:ffff", 6, false, 1, 1, YES },
	/*24*/	{ &range6, "::1", "2001:db8::1:ffff:fffe", 6, false, 1, 1, NO },
	/*25*/	{ &range6, "::1", "2001:db8::2:0:9", 6, false, 1, 1, YES },
	/*26*/	{ &range6, "::1", "2001:db8::3:0:2", 6, false, 1, 1, YES },
	/*27*/	{ &range6, "::1", "2001:db8::3:0:3", 6, false, 1, 1, NO },
	/* Protocol and ports */
	/*28*/	{ &udp4, A4, 17, false, 7, 8, YES },
	/*29*/	{ &udp4, A4, 6, false, 7, 8, NO },
	/*30*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, false, 9, 80, YES },
	/*31*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, false, 9, 443, YES },
	/*32*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, false, 9, 79, NO },
	/*33*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, false, 9, 444, NO },
	/*34*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, false, 80, 9, NO },
	/*35*/	{ &web4, "1.2.3.4", "10.0.0.1", 17, false, 9, 80, NO },
	/*36*/	{ &both4, A4, 17, false, 1023, 53, YES },
	/*37*/	{ &both4, A4, 17, false, 1024, 53, NO },
	/*38*/	{ &both4, A4, 17, false, 0, 54, NO },
	/* Fragments: only what depends on ports is open */
	/*39*/	{ &any4, A4, 17, true, 0, 0, YES },
	/*40*/	{ &udp4, A4, 17, true, 0, 0, YES },
	/*41*/	{ &udp4, A4, 6, true, 0, 0, NO },
	/*42*/	{ &web4, "1.2.3.4", "10.0.0.1", 6, true, 0, 0, OPAQUE },
	/*43*/	{ &web4, "1.2.3.4", "11.0.0.1", 6, true, 0, 0, NO },
	/*44*/	{ &web4, "1.2.3.4", "10.0.0.1", 17, true, 0, 0, NO },
	/*45*/	{ &both4, A4, 17, true, 0, 0, OPAQUE },
	/* IPv4 has no extension headers, whatever the number */
	/*46*/	{ &udp4, A4, 60, true, 0, 0, NO },
	/*47*/	{ &udp4, A4, 51, true, 0, 0, NO },
	/* IPv6 has: the protocol of a fragment may be hidden */
	/*48*/	{ &udp6, B6, 17, true, 0, 0, YES },
	/*49*/	{ &udp6, B6, 6, true, 0, 0, NO },
	/*50*/	{ &udp6, B6, 58, true, 0, 0, NO },
	/*51*/	{ &udp6, B6, 0, true, 0, 0, OPAQUE },
	/*52*/	{ &udp6, B6, 43, true, 0, 0, OPAQUE },
	/*53*/	{ &udp6, B6, 44, true, 0, 0, OPAQUE },
	/*54*/	{ &udp6, B6, 51, true, 0, 0, OPAQUE },
	/*55*/	{ &udp6, B6, 60, true, 0, 0, OPAQUE },
	/*56*/	{ &udp6, B6, 135, true, 0, 0, OPAQUE },
	/*57*/	{ &udp6, B6, 139, true, 0, 0, OPAQUE },
	/*58*/	{ &udp6, B6, 140, true, 0, 0, OPAQUE },
	/*59*/	{ &udp6, B6, 59, true, 0, 0, NO },
	/*60*/	{ &udp6, B6, 50, true, 0, 0, NO },
	/*61*/	{ &dns6, B6, 60, true, 0, 0, OPAQUE },
	/*62*/	{ &dns6, B6, 17, true, 0, 0, OPAQUE },
	/*63*/	{ &net6, B6, 60, true, 0, 0, YES },
	/*64*/	{ &ah6, B6, 51, true, 0, 0, YES },
	/* ... but a whole packet hides nothing */
	/*65*/	{ &udp6, B6, 60, false, 0, 0, NO },
	/*66*/	{ &udp6, B6, 51, false, 0, 0, NO },
	/*67*/	{ &ah6, B6, 51, false, 0, 0, YES },
	/* Type and code are one number */
	/*68*/	{ &icmp4, A4, 1, false, TYPE(3, 3), 0, NO },
	/*69*/	{ &icmp4, A4, 1, false, TYPE(3, 4), 0, YES },
	/*70*/	{ &icmp4, A4, 1, false, TYPE(3, 255), 0, YES },
	/*71*/	{ &icmp4, A4, 1, false, TYPE(4, 0), 0, YES },
	/*72*/	{ &icmp4, A4, 1, false, TYPE(4, 200), 0, YES },
	/*73*/	{ &icmp4, A4, 1, false, TYPE(5, 1), 0, YES },
	/*74*/	{ &icmp4, A4, 1, false, TYPE(5, 2), 0, NO },
	/*75*/	{ &icmp4, A4, 1, false, 4, 0, NO },
	/*76*/	{ &icmp4, A4, 1, true, 0, 0, OPAQUE },
	/*77*/	{ &icmp4, A4, 17, false, TYPE(4, 0), 0, NO },
	/*78*/	{ &icmp6, B6, 58, false, TYPE(0, 255), 0, NO },
	/*79*/	{ &icmp6, B6, 58, false, TYPE(1, 0), 0, YES },
	/*80*/	{ &icmp6, B6, 58, false, TYPE(127, 255), 0, YES },
	/*81*/	{ &icmp6, B6, 58, false, TYPE(128, 0), 0, NO },
	/*82*/	{ &icmp6, B6, 58, true, 0, 0, OPAQUE },
	/*83*/	{ &mh6, B6, 135, false, TYPE(4, 0), 0, NO },
	/*84*/	{ &mh6, B6, 135, false, TYPE(5, 0), 0, YES },
	/*85*/	{ &mh6, B6, 135, false, TYPE(6, 0), 0, YES },
	/*86*/	{ &mh6, B6, 135, false, TYPE(7, 0), 0, NO },
	/*87*/	{ &mh6, B6, 135, true, 0, 0, OPAQUE },
	/*88*/	{ &mh6, B6, 60, true, 0, 0, OPAQUE },
	/* OPAQUE: ports that are seen are none, whatever they are */
	/*89*/	{ &blind4, A4, 6, false, 0, 0, NO },
	/*90*/	{ &blind4, A4, 6, false, 65535, 65535, NO },
	/*91*/	{ &blind4, A4, 6, true, 0, 0, YES },
	/*92*/	{ &blind4, A4, 17, true, 0, 0, NO },
	/*93*/	{ &half4, A4, 6, false, 7, 8, NO },
	/*94*/	{ &half4, A4, 6, true, 0, 0, YES },
	/*95*/	{ &blindicmp4, A4, 1, false, TYPE(8, 0), 0, NO },
	/*96*/	{ &blindicmp4, A4, 1, true, 0, 0, YES },
	/*97*/	{ &blind6, B6, 17, false, 7, 8, NO },
	/*98*/	{ &blind6, B6, 17, true, 0, 0, YES },
	/*99*/	{ &blind6, B6, 60, true, 0, 0, OPAQUE },
	/*100*/	{ &blindmh6, B6, 135, false, TYPE(5, 0), 0, NO },
	/*101*/	{ &blindmh6, B6, 135, true, 0, 0, YES },
	/* ... and of a protocol */
	/*102*/	{ &proto6, B6, 17, false, 7, 8, NO },
	/*103*/	{ &proto6, B6, 17, true, 0, 0, NO },
	/*104*/	{ &proto6, B6, 60, true, 0, 0, YES },
	/*105*/	{ &proto6, B6, 44, true, 0, 0, YES },
	/*106*/	{ &proto6, B6, 51, true, 0, 0, YES },
	/*107*/	{ &proto6, B6, 51, false, 0, 0, NO },
	/*108*/	{ &proto4, A4, 44, false, 0, 0, YES },
	/*109*/	{ &proto4, A4, 60, true, 0, 0, NO },
};

static void match_table(void)
{
	struct nfipsec_selector sel;
	struct nfipsec_flow flow;
	enum nfipsec_match got;
	const char *bad;
	unsigned int i;
	u8 family;

	for (i = 0; i < ARRAY_SIZE(truth); i++) {
		const struct row *row = truth[i].sel;

		memset(&flow, 0, sizeof(flow));
		addr(&flow.saddr, truth[i].src);
		flow.family = addr(&flow.daddr, truth[i].dst);
		flow.proto = truth[i].proto;
		flow.opaque = truth[i].opaque;
		flow.sport = truth[i].sport;
		flow.dport = truth[i].dport;
		family = row == &net6 || row == &range6 || row == &udp6 ||
			 row == &dns6 || row == &ah6 || row == &icmp6 ||
			 row == &mh6 || row == &blind6 || row == &blindmh6 ||
			 row == &proto6 ? AF_INET6 : AF_INET;
		build(&sel, row, family);

		bad = nfipsec_selector_check(&sel);
		EXPECT(!bad, "line %u: %s", i + 1, bad);
		got = nfipsec_selector_match(&sel, &flow);
		EXPECT(got == truth[i].want, "line %u: got %d, want %d", i + 1,
		       got, truth[i].want);
	}
}

static bool naive_in(const union nfipsec_addr *r, const union nfipsec_addr *a,
		     u8 family)
{
	size_t n = family == AF_INET ? 4 : 16;

	return memcmp(&r[0], a, n) <= 0 && memcmp(&r[1], a, n) >= 0;
}

static bool naive_opaque(const struct nfipsec_range *r)
{
	return r->min == 65535 && !r->max;
}

static bool naive_hidden(u8 proto)
{
	static const u8 hide[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return memchr(hide, proto, sizeof(hide));
}

static bool naive_port(const struct nfipsec_range *r, u16 port, bool seen)
{
	if (naive_opaque(r))
		return !seen;
	return port >= r->min && port <= r->max;
}

static bool naive_proto(const struct nfipsec_selector *s,
			const struct nfipsec_flow *f, u8 proto)
{
	if (s->family == AF_INET6 && s->proto == 44)
		return f->opaque && naive_hidden(f->proto);
	return !s->proto || s->proto == proto;
}

static bool naive_yes(const struct nfipsec_selector *s,
		      const struct nfipsec_flow *f, u8 proto, u16 sport,
		      u16 dport, bool seen)
{
	return s->family == f->family &&
	       naive_in(s->src, &f->saddr, s->family) &&
	       naive_in(s->dst, &f->daddr, s->family) &&
	       naive_proto(s, f, proto) &&
	       naive_port(&s->sport, sport, seen) &&
	       naive_port(&s->dport, dport, seen);
}

/*
 * A fragment stands for every packet it may be part of: all ports, and all
 * protocols if its own is hidden. If they do not agree, it is opaque. Instead
 * of all ports those around the edges of the selector are tried. One that is
 * early may be meant to be seen.
 */
static enum nfipsec_match naive_match(const struct nfipsec_selector *s,
				      const struct nfipsec_flow *f)
{
	const u16 sports[] = { 0, s->sport.min - 1, s->sport.min, 65535,
			       s->sport.max + 1 };
	const u16 dports[] = { 0, s->dport.min - 1, s->dport.min, 65535,
			       s->dport.max + 1 };
	unsigned int i, j, seen, proto, yes = 0, no = 0;

	if (!f->opaque)
		return naive_yes(s, f, f->proto, f->sport, f->dport, true);

	for (proto = 0; proto < 256; proto++) {
		if (proto != f->proto &&
		    (f->family != AF_INET6 || !naive_hidden(f->proto) ||
		     s->proto == f->proto))
			continue;
		for (i = 0; i < 2 * ARRAY_SIZE(sports); i++)
			for (j = 0; j < ARRAY_SIZE(dports); j++) {
				seen = i & 1;
				if (seen && !f->early)
					continue;
				if (naive_yes(s, f, proto, sports[i / 2],
					      dports[j], seen))
					yes++;
				else
					no++;
			}
	}
	return yes && no ? OPAQUE : yes ? YES : NO;
}

/* Few different words, so that addresses meet and edges are hit. */
static void random_addr(union nfipsec_addr *a, u8 family)
{
	static const u32 words[] = {
		0, 1, 2, 0xff, 0x100, 0x01000000, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff, 0x0a000001, 0x0100000a,
	};
	int i, n = family == AF_INET ? 1 : 4;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < n; i++)
		a->all[i] = htonl(words[ktap_random_below(ARRAY_SIZE(words))]);
	/* Mostly agree on the first words, else the last never matter. */
	if (n == 4 && ktap_random_below(4)) {
		a->all[0] = 0;
		a->all[1] = 0;
	}
}

static u16 random_port(void)
{
	static const u16 ports[] = {
		0, 1, 2, 79, 80, 81, 0x100, 0x1ff, 0x200, 1023, 1024, 0x5000,
		65534, 65535,
	};

	return ports[ktap_random_below(ARRAY_SIZE(ports))];
}

static void random_ports(struct nfipsec_range *r, bool any)
{
	u16 a = random_port(), b = random_port();

	r->min = any ? 0 : a < b ? a : b;
	r->max = any ? 65535 : a < b ? b : a;
	if (!any && !ktap_random_below(4)) {
		r->min = 65535;
		r->max = 0;
	}
}

static void random_range(union nfipsec_addr r[2], u8 family)
{
	union nfipsec_addr t;

	random_addr(&r[0], family);
	random_addr(&r[1], family);
	if (memcmp(&r[0], &r[1], sizeof(t)) > 0) {
		t = r[0];
		r[0] = r[1];
		r[1] = t;
	}
}

static u8 random_proto(void)
{
	static const u8 protos[] = {
		0, 1, 6, 6, 17, 17, 33, 43, 44, 50, 51, 58, 59, 60, 132, 135,
		136, 140,
	};

	return protos[ktap_random_below(ARRAY_SIZE(protos))];
}

static void match_random(void)
{
	unsigned int i, seen[3] = {}, refused = 0;
	enum nfipsec_match got, want;
	struct nfipsec_selector sel;
	struct nfipsec_flow flow;
	bool any;

	for (i = 0; i < ROUNDS; i++) {
		memset(&sel, 0, sizeof(sel));
		sel.family = ktap_random_below(2) ? AF_INET : AF_INET6;
		random_range(sel.src, sel.family);
		random_range(sel.dst, sel.family);
		sel.proto = ktap_random_below(6) ? random_proto() : 0;
		any = !has_ports(sel.proto) || ktap_random_below(2);
		random_ports(&sel.dport, any || ktap_random_below(2));
		any = any && !has_types(sel.family, sel.proto);
		random_ports(&sel.sport, any || ktap_random_below(2));
		if (nfipsec_selector_check(&sel)) {
			refused++;
			continue;
		}

		memset(&flow, 0, sizeof(flow));
		flow.family = ktap_random_below(8) ? sel.family : AF_INET;
		random_addr(&flow.saddr, flow.family);
		random_addr(&flow.daddr, flow.family);
		flow.proto = ktap_random_below(2) ? sel.proto : random_proto();
		flow.opaque = !ktap_random_below(3);
		flow.early = flow.opaque && !ktap_random_below(3);
		if (!flow.opaque) {
			flow.sport = random_port();
			flow.dport = random_port();
		}

		got = nfipsec_selector_match(&sel, &flow);
		want = naive_match(&sel, &flow);
		seen[want]++;
		if (!EXPECT(got == want, "round %u: got %d, want %d", i, got,
			    want))
			break;
	}
	EXPECT(seen[NO] > ROUNDS / 100 && seen[YES] > ROUNDS / 100 &&
	       seen[OPAQUE] > ROUNDS / 1000 && refused < ROUNDS / 2,
	       "bad sample: %u no, %u yes, %u opaque, %u refused", seen[NO],
	       seen[YES], seen[OPAQUE], refused);
}

/* Everything a selector can have wrong, one at a time. */
static void check(void)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	struct nfipsec_selector good, sel;
	unsigned int i, k, proto;
	u8 family;

#define BAD(change, what) do {						\
		sel = good;						\
		change;							\
		EXPECT(nfipsec_selector_check(&sel), "%s accepted", what); \
	} while (0)

	for (k = 0; k < 2; k++) {
		family = families[k];
		nfipsec_selector_any(&good, family);
		EXPECT(!nfipsec_selector_check(&good), "any refused");

		BAD(sel.family = 0, "family 0");
		BAD(sel.family = AF_UNIX, "family unix");
		/* Differ in the last byte that counts only. */
		BAD(sel.src[0] = sel.src[1]; ((u8 *)&sel.src[1])[k ? 15 : 3]--,
		    "source upside down");
		BAD(sel.dst[0] = sel.dst[1]; ((u8 *)&sel.dst[1])[k ? 15 : 3]--,
		    "destination upside down");

		good.proto = 6;
		BAD(sel.sport.min = 2; sel.sport.max = 1, "source ports 2-1");
		BAD(sel.dport.min = 2; sel.dport.max = 1, "dest. ports 2-1");

		for (proto = 0; proto < 256; proto++) {
			bool may = has_ports(proto);

			sel = good;
			sel.proto = proto;
			sel.sport.min = 1;
			EXPECT(!nfipsec_selector_check(&sel) ==
			       (may || has_codes(family, proto)),
			       "source port or type with protocol %u", proto);
			sel.sport.min = 0x300;
			sel.sport.max = 0x5fe;
			EXPECT(!nfipsec_selector_check(&sel) ==
			       (may || has_codes(family, proto)),
			       "code with protocol %u", proto);
			sel.sport.max = 0x5ff;
			EXPECT(!nfipsec_selector_check(&sel) ==
			       (may || has_types(family, proto)),
			       "type with protocol %u", proto);
			sel.sport.min = 0;
			sel.sport.max = 65535;
			sel.dport.max = 65534;
			EXPECT(!nfipsec_selector_check(&sel) == may,
			       "destination port with protocol %u", proto);
			sel.dport.max = 65535;
			may = family == AF_INET || (proto != 43 && proto != 60);
			EXPECT(!nfipsec_selector_check(&sel) == may,
			       "protocol %u", proto);
			sel.sport = (struct nfipsec_range)BLIND;
			EXPECT(!nfipsec_selector_check(&sel) ==
			       (has_ports(proto) || has_types(family, proto)),
			       "opaque with protocol %u", proto);
			sel.dport = (struct nfipsec_range)BLIND;
			EXPECT(!nfipsec_selector_check(&sel) ==
			       has_ports(proto),
			       "opaque destination with protocol %u", proto);
		}
		good.proto = 17;
		good.sport = (struct nfipsec_range)BLIND;
		EXPECT(!nfipsec_selector_check(&good), "opaque and any refused");
		BAD(sel.dport.min = 1, "opaque and a port");
		BAD(sel.sport.min--, "ports 65534-0");
		BAD(sel.sport.max++, "ports 65535-1");
		good.dport = good.sport;
		BAD(sel.sport.min = 1; sel.sport.max = 2, "a port and opaque");
		nfipsec_selector_any(&good, family);
		good.proto = 0;
	}

	nfipsec_selector_any(&good, AF_INET);
	for (i = 4; i < 16; i++) {
		BAD(((u8 *)&sel.src[0])[i] = 1, "long source, low end");
		BAD(((u8 *)&sel.src[1])[i] = 1, "long source, high end");
		BAD(((u8 *)&sel.dst[0])[i] = 1, "long destination, low end");
		BAD(((u8 *)&sel.dst[1])[i] = 1, "long destination, high end");
	}
	sel = good;
	sel.src[0] = sel.src[1];
	sel.dst[1] = sel.dst[0];
	EXPECT(!nfipsec_selector_check(&sel), "single addresses refused");
#undef BAD
}

static void ports_and_any(void)
{
	struct nfipsec_selector sel;
	const char *bytes = (const char *)&sel;

	memset(&sel, 0xaa, sizeof(sel));
	nfipsec_selector_any(&sel, AF_INET6);
	EXPECT(!memchr(bytes, 0xaa, sizeof(sel)), "bytes left over");
	EXPECT(!nfipsec_selector_has_ports(&sel), "any has ports");
	EXPECT(sel.family == AF_INET6 && !sel.proto && !sel.zero, "fields");
	EXPECT(nfipsec_selector_plen(sel.src, AF_INET6) == 0, "source");
	EXPECT(nfipsec_selector_plen(sel.dst, AF_INET6) == 0, "destination");

	sel.sport.min = 1;
	EXPECT(nfipsec_selector_has_ports(&sel), "source 1-65535");
	sel.sport.min = 0;
	sel.sport.max = 65534;
	EXPECT(nfipsec_selector_has_ports(&sel), "source 0-65534");
	sel.sport.max = 65535;
	sel.dport.min = 1;
	EXPECT(nfipsec_selector_has_ports(&sel), "destination 1-65535");
	sel.dport.min = 0;
	sel.dport.max = 0;
	EXPECT(nfipsec_selector_has_ports(&sel), "destination 0-0");

	EXPECT(!nfipsec_selector_is_opaque(&sel), "ports are opaque");
	sel.dport.min = 65535;
	EXPECT(!nfipsec_selector_has_ports(&sel), "opaque destination");
	EXPECT(nfipsec_selector_is_opaque(&sel), "opaque destination");
	sel.sport = sel.dport;
	sel.dport.min = 0;
	sel.dport.max = 65535;
	EXPECT(nfipsec_selector_is_opaque(&sel), "opaque source");
	sel.sport = sel.dport;
	EXPECT(!nfipsec_selector_is_opaque(&sel), "any is opaque");
	sel.proto = 44;
	EXPECT(nfipsec_selector_is_opaque(&sel), "opaque protocol");
	sel.family = AF_INET;
	EXPECT(!nfipsec_selector_is_opaque(&sel), "44 is opaque with IPv4");

	memset(&sel, 0xaa, sizeof(sel));
	nfipsec_selector_any(&sel, AF_INET);
	EXPECT(!memchr(bytes, 0xaa, sizeof(sel)), "bytes left over");
	EXPECT(!nfipsec_selector_check(&sel), "any refused");
}

/* Every single bit counts. */
static void equal(void)
{
	struct nfipsec_selector_lists la, lb;
	struct nfipsec_selector a, b;
	unsigned int bit;

	nfipsec_selector_any(&a, AF_INET);
	b = a;
	EXPECT(nfipsec_selector_equal(&a, &b), "copy differs");
	for (bit = 0; bit < 8 * (offsetof(struct nfipsec_selector, zero) +
				 sizeof(a.zero)); bit++) {
		((u8 *)&b)[bit / 8] ^= 1 << bit % 8;
		EXPECT(!nfipsec_selector_equal(&a, &b), "bit %u", bit);
		if (bit < 8 * sizeof(a.src[0]))
			EXPECT(!nfipsec_addr_equal(&a.src[0], &b.src[0]),
			       "address bit %u", bit);
		b = a;
	}
	EXPECT(nfipsec_addr_equal(&a.src[0], &b.src[0]), "address copy");

	memset(&la, 0, sizeof(la));
	lb = la;
	a.lists = &la;
	EXPECT(!nfipsec_selector_equal(&a, &b), "lists on one side");
	EXPECT(!nfipsec_selector_equal(&b, &a), "lists on the other side");
	b.lists = &lb;
	EXPECT(nfipsec_selector_equal(&a, &b), "lists elsewhere");
	for (bit = 0; bit < 8 * sizeof(la); bit++) {
		((u8 *)&lb)[bit / 8] ^= 1 << bit % 8;
		EXPECT(!nfipsec_selector_equal(&a, &b), "bit %u of the lists",
		       bit);
		lb = la;
	}
}

/* Everything in one byte: a naive set of what is inside. */
static void random_lists(struct nfipsec_selector_lists *l, u8 family,
			 bool set[4][256])
{
	unsigned int field, i, v, n, lo, hi;
	unsigned int last = family == AF_INET ? 3 : 15;

	memset(l, 0, sizeof(*l));
	memset(set, 0, 4 * 256);
	for (field = 0; field < 4; field++) {
		n = ktap_random_below(NFIPSEC_RANGES_MAX + 1);
		for (i = 0; i < n; i++) {
			lo = ktap_random_below(256);
			hi = lo + ktap_random_below(16);
			if (hi > 255)
				hi = 255;
			for (v = lo; v <= hi; v++)
				set[field][v] = true;
			if (field < 2) {
				union nfipsec_addr *r = field ? l->dst[i] :
							l->src[i];

				((u8 *)&r[0])[last] = lo;
				((u8 *)&r[1])[last] = hi;
				/* The carry goes through all bytes. */
				if (hi == 255 && ktap_random_below(2)) {
					memset(&r[1], 255, last + 1);
					((u8 *)&r[1])[0] = 0;
				}
			} else {
				struct nfipsec_range *r = field == 2 ?
					&l->sport[i] : &l->dport[i];

				r->min = lo;
				r->max = hi;
			}
		}
		if (!n)
			memset(set[field], 1, 256);
		*(&l->srcs + field) = n;
	}
}

static bool one_flow(const struct nfipsec_selector *sel, unsigned int last,
		     const unsigned int v[4])
{
	struct nfipsec_flow flow = {
		.family = sel->family, .proto = 17, .sport = v[2],
		.dport = v[3],
	};

	((u8 *)&flow.saddr)[last] = v[0];
	((u8 *)&flow.daddr)[last] = v[1];
	return nfipsec_selector_match(sel, &flow) == YES;
}

/* Of @field, with values of the others that are inside. */
static bool lists_one_field(const struct nfipsec_selector *sel,
			    unsigned int last, bool set[4][256],
			    unsigned int field)
{
	unsigned int v[4], f, k;
	bool ok = true;

	for (f = 0; f < 4; f++) {
		do {
			v[f] = ktap_random_below(256);
		} while (!set[f][v[f]]);
	}
	for (k = 0; k < 256 && ok; k++) {
		v[field] = k;
		ok = EXPECT(one_flow(sel, last, v) == set[field][k],
			    "field %u, value %u", field, k);
	}
	return ok;
}

static void shuffle(struct nfipsec_selector_lists *l)
{
	unsigned int i, j;

	for (i = 1; i < l->srcs; i++) {
		union nfipsec_addr t[2];

		j = ktap_random_below(i + 1);
		memcpy(t, l->src[i], sizeof(t));
		memcpy(l->src[i], l->src[j], sizeof(t));
		memcpy(l->src[j], t, sizeof(t));
	}
	for (i = 1; i < l->dports; i++) {
		struct nfipsec_range t = l->dport[i];

		j = ktap_random_below(i + 1);
		l->dport[i] = l->dport[j];
		l->dport[j] = t;
	}
}

static void fields_of_ranges(void)
{
	unsigned int round, field, kept = 0;
	struct nfipsec_selector_lists l, m, room;
	struct nfipsec_selector a, b;
	static bool set[4][256];
	const char *bad;
	bool ok = true;
	u8 family;

	for (round = 0; round < 3000 && ok; round++) {
		family = round & 1 ? AF_INET : AF_INET6;
		random_lists(&l, family, set);
		m = l;
		shuffle(&m);
		nfipsec_selector_any(&a, family);
		nfipsec_selector_any(&b, family);
		a.proto = 17;
		b.proto = 17;
		bad = nfipsec_selector_settle(&a, &l);
		ok = EXPECT(!bad, "refused: %s", bad);
		bad = nfipsec_selector_settle(&b, &m);
		ok &= EXPECT(!bad, "shuffled, refused: %s", bad);
		bad = nfipsec_selector_check(&a);
		ok &= EXPECT(!bad, "senseless: %s", bad);
		ok &= EXPECT(nfipsec_selector_equal(&a, &b),
			     "round %u: the order matters", round);
		kept += !!a.lists;
		nfipsec_selector_copy(&b, &a, &room);
		ok &= EXPECT(nfipsec_selector_equal(&a, &b) &&
			     b.lists == (a.lists ? &room : NULL),
			     "round %u: copy", round);
		for (field = 0; field < 4 && ok; field++)
			ok = lists_one_field(&b, family == AF_INET ? 3 : 15,
					     set, field);
	}
	EXPECT(kept > 2000, "bad sample: %u lists", kept);
}

static struct nfipsec_selector_lists list_of(u16 a, u16 b, u16 c, u16 d)
{
	struct nfipsec_selector_lists l = {
		.sport = { { a, b }, { c, d } }, .sports = 2,
	};

	return l;
}

/* What meets is one, also where the carry goes into another word. */
static void addrs_meet(void)
{
	static const struct {
		const char *r[4];
		unsigned int left;
	} t[] = {
		{ { "10.0.1.0", "10.0.1.9", "10.0.0.0", "10.0.0.255" }, 0 },
		{ { "10.0.1.1", "10.0.1.9", "10.0.0.0", "10.0.0.255" }, 2 },
		{ { "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.2" }, 0 },
		{ { "fd00::1:0:0", "fd00::1:0:0", "fd00::",
		    "fd00::ffff:ffff" }, 0 },
		{ { "fd00::1:0:1", "fd00::1:0:1", "fd00::",
		    "fd00::ffff:ffff" }, 2 },
		{ { "fd00::", "fd00:0:0:0:ffff:ffff:ffff:ffff", "fd00:0:0:1::",
		    "fd00:0:0:1::" }, 0 },
	};
	struct nfipsec_selector_lists l;
	struct nfipsec_selector sel;
	unsigned int i, k;
	u8 family;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		memset(&l, 0, sizeof(l));
		l.dsts = 2;
		for (k = 0; k < 4; k++)
			family = addr(&l.dst[k / 2][k % 2], t[i].r[k]);
		nfipsec_selector_any(&sel, family);
		EXPECT(!nfipsec_selector_settle(&sel, &l) &&
		       l.dsts == t[i].left && !sel.lists == !t[i].left,
		       "line %u: %u left", i, l.dsts);
	}
}

static void list_edges(void)
{
	static const struct {
		u16 r[4];
		bool bad;
		unsigned int left;
		u16 min, max;
	} t[] = {
		{ { 1, 2, 3, 4 }, false, 0, 1, 4 },
		{ { 1, 2, 4, 5 }, false, 2, 1, 5 },
		{ { 4, 5, 1, 2 }, false, 2, 1, 5 },
		{ { 1, 9, 2, 3 }, false, 0, 1, 9 },
		{ { 0, 9, 10, 65535 }, false, 0, 0, 65535 },
		{ { 65535, 65535, 1, 1 }, false, 2, 1, 65535 },
		{ { 5, 5, 5, 5 }, false, 0, 5, 5 },
		{ { 1, 2, 0, 65535 }, true, 0, 0, 0 },
		{ { 65535, 0, 1, 2 }, true, 0, 0, 0 },
		{ { 1, 2, 4, 3 }, true, 0, 0, 0 },
	};
	struct nfipsec_selector_lists l;
	struct nfipsec_selector sel;
	unsigned int i;
	bool bad;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		nfipsec_selector_any(&sel, AF_INET);
		sel.proto = 6;
		l = list_of(t[i].r[0], t[i].r[1], t[i].r[2], t[i].r[3]);
		bad = nfipsec_selector_settle(&sel, &l);
		if (!EXPECT(bad == t[i].bad, "line %u: refused %d", i, bad) ||
		    bad)
			continue;
		EXPECT(l.sports == t[i].left && !sel.lists == !t[i].left &&
		       sel.sport.min == t[i].min && sel.sport.max == t[i].max,
		       "line %u: %u left, %u-%u", i, l.sports, sel.sport.min,
		       sel.sport.max);
	}

	/* Alone, any and opaque are what they are. */
	for (i = 0; i < 2; i++) {
		nfipsec_selector_any(&sel, AF_INET);
		sel.proto = 6;
		l = list_of(i ? 65535 : 0, i ? 0 : 65535, 0, 0);
		l.sports = 1;
		EXPECT(!nfipsec_selector_settle(&sel, &l) && !sel.lists &&
		       nfipsec_selector_is_opaque(&sel) == i, "alone, %u", i);
	}

	/* From the lowest to the highest, and yet not any. */
	for (i = 0; i < 2; i++) {
		struct nfipsec_flow flow = { .family = AF_INET, .proto = 6 };

		nfipsec_selector_any(&sel, AF_INET);
		l = list_of(0, 9, 11, 65535);
		if (i) {
			memcpy(l.dport, l.sport, sizeof(l.dport));
			memset(l.sport, 0, sizeof(l.sport));
			l.dports = 2;
			l.sports = 0;
		}
		EXPECT(!nfipsec_selector_settle(&sel, &l), "hole refused");
		EXPECT(nfipsec_selector_check(&sel), "ports of any protocol");
		sel.proto = 6;
		EXPECT(!nfipsec_selector_check(&sel), "ports of TCP");
		EXPECT(nfipsec_selector_has_ports(&sel), "no ports");
		flow.sport = 10;
		flow.dport = 10;
		EXPECT(nfipsec_selector_match(&sel, &flow) == NO, "the hole");
		flow.sport = 11;
		flow.dport = 9;
		EXPECT(nfipsec_selector_match(&sel, &flow) == YES, "its edges");
		flow.opaque = true;
		EXPECT(nfipsec_selector_match(&sel, &flow) == OPAQUE,
		       "a fragment");
		*(i ? &sel.sport : &sel.dport) = (struct nfipsec_range)BLIND;
		EXPECT(nfipsec_selector_check(&sel), "a hole and opaque");
	}

	/* Fields that are any leave nothing behind. */
	nfipsec_selector_any(&sel, AF_INET);
	l = list_of(0, 65535, 7, 7);
	l.sports = 0;
	l.srcs = 2;
	addr(&l.src[0][0], "10.0.0.1");
	addr(&l.src[0][1], "10.0.0.1");
	addr(&l.src[1][0], "10.0.0.3");
	addr(&l.src[1][1], "10.0.0.3");
	EXPECT(!nfipsec_selector_settle(&sel, &l) && sel.lists &&
	       !l.sport[0].max && !l.sport[1].max, "left behind");

	/* Of a mobility header, each range is one of types. */
	nfipsec_selector_any(&sel, AF_INET6);
	sel.proto = 135;
	l = list_of(0x100, 0x1ff, 0x300, 0x3ff);
	EXPECT(!nfipsec_selector_settle(&sel, &l) &&
	       !nfipsec_selector_check(&sel), "types refused");
	l = list_of(0x100, 0x17f, 0x300, 0x3ff);
	EXPECT(!nfipsec_selector_settle(&sel, &l) &&
	       nfipsec_selector_check(&sel), "codes accepted");

	/* Any address is no list, nor is a range upside down. */
	nfipsec_selector_any(&sel, AF_INET);
	memset(&l, 0, sizeof(l));
	l.srcs = 2;
	addr(&l.src[0][1], "255.255.255.255");
	addr(&l.src[1][0], "10.0.0.1");
	addr(&l.src[1][1], "10.0.0.1");
	EXPECT(nfipsec_selector_settle(&sel, &l), "any address in a list");
	addr(&l.src[0][1], "1.0.0.0");
	EXPECT(!nfipsec_selector_settle(&sel, &l), "two sources refused");
	EXPECT(!nfipsec_selector_is_pair(&sel), "two sources are one");
	addr(&l.src[0][0], "2.0.0.0");
	EXPECT(nfipsec_selector_settle(&sel, &l), "source upside down");

	/* A fragment may be of a port that is listed. */
	nfipsec_selector_any(&sel, AF_INET);
	sel.proto = 6;
	l = list_of(1, 2, 9, 10);
	nfipsec_selector_settle(&sel, &l);
	EXPECT(nfipsec_selector_match(&sel, &(struct nfipsec_flow){
			.family = AF_INET, .proto = 6, .opaque = true }) ==
	       OPAQUE, "fragment");
}

static bool bit_of(const union nfipsec_addr *a, unsigned int bit)
{
	return ((const u8 *)a)[bit / 8] & (0x80 >> bit % 8);
}

static int naive_plen(const union nfipsec_addr r[2], unsigned int bits)
{
	unsigned int plen = 0, i;

	while (plen < bits && bit_of(&r[0], plen) == bit_of(&r[1], plen))
		plen++;
	for (i = plen; i < bits; i++)
		if (bit_of(&r[0], i) || !bit_of(&r[1], i))
			return -1;
	return plen;
}

static void one_prefix(u8 family, unsigned int bits, unsigned int plen)
{
	union nfipsec_addr r[2], in;
	unsigned int i;
	int got;

	memset(&in, 0, sizeof(in));
	for (i = 0; i < bits / 8; i++)
		((u8 *)&in)[i] = ktap_random();
	memset(r, 0xaa, sizeof(r));
	got = nfipsec_selector_prefix(r, family, &in, plen);
	if (!EXPECT(!got, "/%u: %d", plen, got))
		return;

	for (i = 0; i < 128; i++) {
		bool low = i < plen && bit_of(&in, i);
		bool high = i < plen ? bit_of(&in, i) : i < bits;

		if (!EXPECT(bit_of(&r[0], i) == low && bit_of(&r[1], i) == high,
			    "/%u: bit %u", plen, i))
			return;
	}
	got = nfipsec_selector_plen(r, family);
	EXPECT(got == (int)plen, "/%u came back as %d", plen, got);

	/* In place, from either end. */
	for (i = 0; i < 2; i++) {
		union nfipsec_addr s[2] = { r[0], r[1] };

		nfipsec_selector_prefix(s, family, &s[i], plen);
		EXPECT(!memcmp(s, r, sizeof(r)), "/%u in place, %u", plen, i);
	}

	/* Any bit of either end flipped: mostly no prefix any more. */
	for (i = 0; i < 2 * bits; i++) {
		union nfipsec_addr s[2] = { r[0], r[1] };
		int want;

		((u8 *)&s[i / bits])[i % bits / 8] ^= 0x80 >> i % 8;
		want = naive_plen(s, bits);
		got = nfipsec_selector_plen(s, family);
		EXPECT(got == want, "/%u, bit %u flipped: %d, want %d", plen,
		       i, got, want);
	}
}

static void prefixes(void)
{
	unsigned int plen, n;

	for (n = 0; n < 20; n++) {
		for (plen = 0; plen <= 32; plen++)
			one_prefix(AF_INET, 32, plen);
		for (plen = 0; plen <= 128; plen++)
			one_prefix(AF_INET6, 128, plen);
	}
}

static void prefix_refused(void)
{
	union nfipsec_addr r[2], keep[2], in = {};

	memset(r, 0xaa, sizeof(r));
	memcpy(keep, r, sizeof(r));
	EXPECT(nfipsec_selector_prefix(r, AF_INET, &in, 33) == -EINVAL, "/33");
	EXPECT(nfipsec_selector_prefix(r, AF_INET6, &in, 129) == -EINVAL,
	       "/129");
	EXPECT(nfipsec_selector_prefix(r, AF_INET6, &in, ~0U) == -EINVAL,
	       "/-1");
	EXPECT(nfipsec_selector_prefix(r, AF_UNIX, &in, 0) == -EINVAL,
	       "family");
	EXPECT(!memcmp(r, keep, sizeof(r)), "written though refused");
	EXPECT(nfipsec_selector_plen(r, 0) == -1, "family of plen");
}

static void ranges_no_prefix(void)
{
	static const struct {
		const char *min;
		const char *max;
		int want;
	} t[] = {
		{ "0.0.0.0", "255.255.255.255", 0 },
		{ "10.0.0.0", "10.0.0.255", 24 },
		{ "10.0.0.0", "10.0.0.254", -1 },
		{ "10.0.0.1", "10.0.0.255", -1 },
		{ "10.0.0.1", "10.0.0.2", -1 },
		{ "10.0.0.2", "10.0.0.3", 31 },
		{ "10.0.0.3", "10.0.0.2", -1 },
		{ "10.0.0.0", "10.0.2.255", -1 },
		{ "127.255.255.255", "128.0.0.0", -1 },
		{ "255.255.255.255", "0.0.0.0", -1 },
		{ "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0 },
		{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 32 },
		{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe", -1 },
		{ "2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		  -1 },
		{ "2001:db8::", "2001:db8::ffff:ffff", 96 },
		{ "2001:db8::", "2001:db8:0:0:1::ffff", -1 },
		{ "2001:db8::", "2001:db8::ffff:0:ffff:ffff", -1 },
		{ "::1", "::1", 128 },
	};
	union nfipsec_addr r[2];
	unsigned int i;
	u8 family;
	int got;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		addr(&r[0], t[i].min);
		family = addr(&r[1], t[i].max);
		got = nfipsec_selector_plen(r, family);
		EXPECT(got == t[i].want, "%s-%s: %d, want %d", t[i].min,
		       t[i].max, got, t[i].want);
	}
}

static void pairs(void)
{
	struct nfipsec_selector s;
	union nfipsec_addr a, b;

	memset(&s, 0, sizeof(s));
	nfipsec_selector_any(&s, AF_INET6);
	EXPECT(!nfipsec_selector_is_pair(&s), "any");
	addr(&a, "2001:db8::1");
	addr(&b, "2001:db8::2");
	s.src[0] = a;
	s.src[1] = a;
	EXPECT(!nfipsec_selector_is_pair(&s), "any destination");
	s.dst[0] = a;
	s.dst[1] = b;
	EXPECT(!nfipsec_selector_is_pair(&s), "two destinations");
	s.dst[0] = b;
	EXPECT(nfipsec_selector_is_pair(&s), "two hosts");
	s.src[1] = b;
	EXPECT(!nfipsec_selector_is_pair(&s), "two sources");
	s.src[0] = b;
	EXPECT(nfipsec_selector_is_pair(&s), "one host twice");
	s.sport.min = 1;
	EXPECT(nfipsec_selector_is_pair(&s), "ports do not matter");
}

static void pinned(void)
{
	enum { SRC = 1, DST = 2, PROTO = 4, SPORT = 8, DPORT = 16, ALL = 31 };
	struct nfipsec_selector s;

	nfipsec_selector_any(&s, AF_INET6);
	EXPECT(nfipsec_selector_pins(&s, 0), "nothing asked for");
	for (int bit = 1; bit < ALL; bit <<= 1)
		EXPECT(!nfipsec_selector_pins(&s, bit), "any, flag %d", bit);
	s.src[0] = s.src[1];
	EXPECT(nfipsec_selector_pins(&s, SRC), "source");
	EXPECT(!nfipsec_selector_pins(&s, SRC | DST), "not the destination");
	s.dst[1] = s.dst[0];
	EXPECT(nfipsec_selector_pins(&s, SRC | DST), "destination");
	/* what ESP does not have needs no value */
	s.proto = 50;
	EXPECT(nfipsec_selector_pins(&s, ALL), "ESP");
	s.proto = 58;
	EXPECT(nfipsec_selector_pins(&s, ALL & ~SPORT), "ICMPv6");
	EXPECT(!nfipsec_selector_pins(&s, SPORT), "no type");
	s.sport.min = 0x100;
	s.sport.max = 0x100;
	EXPECT(nfipsec_selector_pins(&s, ALL), "one type");
	s.proto = 17;
	EXPECT(!nfipsec_selector_pins(&s, DPORT), "no destination port");
	s.dport = (struct nfipsec_range)BLIND;
	EXPECT(nfipsec_selector_pins(&s, ALL), "opaque destination port");
	s.sport.max++;
	EXPECT(!nfipsec_selector_pins(&s, SPORT), "two source ports");
}

static void groups(void)
{
	static const struct {
		const char *text;
		bool group;
		bool any;
	} t[] = {
		{ "0.0.0.0", false, true },
		{ "0.0.0.1", false, false },
		{ "223.255.255.255", false, false },
		{ "224.0.0.0", true, false },
		{ "239.255.255.255", true, false },
		{ "240.0.0.0", false, false },
		{ "255.255.255.255", false, false },
		{ "::", false, true },
		{ "::1", false, false },
		{ "e000::", false, false },
		{ "fe80::1", false, false },
		{ "ff02::1", true, false },
		{ "1::", false, false },
	};
	union nfipsec_addr a;
	unsigned int i;
	u8 family;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		family = addr(&a, t[i].text);
		EXPECT(nfipsec_addr_is_group(&a, family) == t[i].group,
		       "group %s", t[i].text);
		EXPECT(nfipsec_addr_is_any(&a) == t[i].any, "any %s",
		       t[i].text);
	}
}

const struct ktap_case selector_cases[] = {
	{ "selector: match, truth table", match_table },
	{ "selector: match, random against a naive one", match_random },
	{ "selector: senseless selectors are refused", check },
	{ "selector: ports and any", ports_and_any },
	{ "selector: equal compares every bit", equal },
	{ "selector: lists of ranges", fields_of_ranges },
	{ "selector: what is a list", list_edges },
	{ "selector: addresses that meet", addrs_meet },
	{ "selector: pairs of hosts", pairs },
	{ "selector: one value for a field", pinned },
	{ "selector: groups and the unspecified address", groups },
	{ "selector: every prefix to a range and back", prefixes },
	{ "selector: impossible prefixes are refused", prefix_refused },
	{ "selector: ranges that are no prefix", ranges_no_prefix },
	{ }
};
