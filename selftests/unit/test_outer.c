// SPDX-License-Identifier: GPL-2.0
/*
 * Outer headers: the figures of RFC 6040 as they stand there, and what RFC 4301
 * section 5.1.2 lets an administrator choose.
 */
#include <linux/kernel.h>

#include "ktap.h"
#include "outer.h"

/* RFC 3168 section 5. */
#define NOT	0
#define ECT0	2
#define ECT1	1
#define CE	3
#define DROP	0xff

static const u8 fields[] = { NOT, ECT0, ECT1, CE };

/* RFC 6040 figure 3. */
static void encapsulation(void)
{
	static const struct {
		u8 incoming, compat, normal;
	} figure[] = {
		{ NOT, NOT, NOT },
		{ ECT0, NOT, ECT0 },
		{ ECT1, NOT, ECT1 },
		{ CE, NOT, CE },
	};
	struct nfipsec_outer o = {};
	unsigned int i, dscp;
	u8 tos;

	for (dscp = 0; dscp < 64; dscp++) {
		for (i = 0; i < ARRAY_SIZE(figure); i++) {
			tos = dscp << 2 | figure[i].incoming;
			o.ecn = NFIPSEC_ECN_NORMAL;
			EXPECT(nfipsec_outer_tos(&o, tos) ==
			       (dscp << 2 | figure[i].normal),
			       "normal mode, 0x%x", tos);
			o.ecn = NFIPSEC_ECN_COMPAT;
			EXPECT(nfipsec_outer_tos(&o, tos) ==
			       (dscp << 2 | figure[i].compat),
			       "compatibility mode, 0x%x", tos);
			o.ecn = NFIPSEC_ECN_OFF;
			EXPECT(nfipsec_outer_tos(&o, tos) == dscp << 2,
			       "off, 0x%x", tos);
		}
	}
}

struct cell {
	u8 out;
	enum nfipsec_reason reason;
};

/* RFC 6040 figure 4: rows are inner, columns outer, both as in fields[]. */
static const struct cell figure_4[4][4] = {
#define _(out)	{ out, NFIPSEC_OK }
#define U(out)	{ out, NFIPSEC_IN_ECN_UNUSED }	/* (!) */
#define X(out)	{ out, NFIPSEC_IN_ECN_DANGER }	/* (!!!) */
#define D	{ DROP, NFIPSEC_IN_ECN }
	{ _(NOT),  X(NOT),  X(NOT),  D },
	{ _(ECT0), _(ECT0), _(ECT1), _(CE) },
	{ _(ECT1), U(ECT1), _(ECT1), _(CE) },
	{ _(CE),   _(CE),   X(CE),   _(CE) },
#undef _
#undef U
#undef X
#undef D
};

static void cell_case(const struct nfipsec_outer *o, unsigned int in,
		      unsigned int out)
{
	const struct cell *want = &figure_4[in][out];
	u8 inner = 0x28 | fields[in];
	u8 outer = 0xb8 | fields[out];
	u8 dscp = o->decap_dscp ? 0xb8 : 0x28;
	enum nfipsec_reason reason;

	reason = nfipsec_outer_inner_tos(o, outer, &inner);
	EXPECT(reason == want->reason, "inner %u, outer %u: reason %d",
	       fields[in], fields[out], reason);
	if (want->out != DROP)
		EXPECT(inner == (dscp | want->out),
		       "inner %u, outer %u: 0x%x goes on", fields[in],
		       fields[out], inner);
}

static void decapsulation(void)
{
	struct nfipsec_outer o = {};
	unsigned int in, out, i;

	for (i = 0; i < 4; i++) {
		o.ecn = i & 1 ? NFIPSEC_ECN_COMPAT : NFIPSEC_ECN_NORMAL;
		o.decap_dscp = i & 2;
		for (in = 0; in < 4; in++)
			for (out = 0; out < 4; out++)
				cell_case(&o, in, out);
	}
}

static void ignored(void)
{
	struct nfipsec_outer o = { .ecn = NFIPSEC_ECN_OFF };
	unsigned int in, out;
	u8 inner;

	for (in = 0; in < 256; in++) {
		for (out = 0; out < 256; out++) {
			inner = in;
			o.decap_dscp = false;
			EXPECT(!nfipsec_outer_inner_tos(&o, out, &inner) &&
			       inner == in, "0x%x under 0x%x", in, out);
			inner = in;
			o.decap_dscp = true;
			EXPECT(!nfipsec_outer_inner_tos(&o, out, &inner) &&
			       inner == ((out & 0xfc) | (in & 3)),
			       "0x%x under 0x%x, DSCP copied", in, out);
		}
	}
}

static void dscp(void)
{
	struct nfipsec_outer o = { .dscp_fixed = true };
	unsigned int inner;

	for (o.dscp = 0; o.dscp < 64; o.dscp++)
		for (inner = 0; inner < 256; inner++)
			EXPECT(nfipsec_outer_tos(&o, inner) ==
			       (o.dscp << 2 | (inner & 3)),
			       "DSCP %u for 0x%x", o.dscp, inner);
}

static void df(void)
{
	static const struct {
		u8 df;
		bool inner, want;
	} cases[] = {
		{ NFIPSEC_DF_COPY, false, false },
		{ NFIPSEC_DF_COPY, true, true },
		{ NFIPSEC_DF_SET, false, true },
		{ NFIPSEC_DF_SET, true, true },
		{ NFIPSEC_DF_CLEAR, false, false },
		{ NFIPSEC_DF_CLEAR, true, false },
	};
	struct nfipsec_outer o = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		o.df = cases[i].df;
		EXPECT(nfipsec_outer_df(&o, cases[i].inner) == cases[i].want,
		       "case %u", i);
	}
}

static void label(void)
{
	struct nfipsec_outer o = { .label_value = 0x12345 };
	u32 hash = ktap_random();
	u32 bits = 0;
	unsigned int i;

	EXPECT(nfipsec_outer_label(&o, 0xabcde, hash) == 0x12345, "a value");
	o.label = NFIPSEC_LABEL_COPY;
	EXPECT(nfipsec_outer_label(&o, 0xabcde, hash) == 0xabcde, "copied");
	EXPECT(nfipsec_outer_label(&o, 0xfffabcde, hash) == 0xabcde,
	       "more than 20 bits");
	o.label = NFIPSEC_LABEL_HASH;
	EXPECT(nfipsec_outer_label(&o, 1, hash) ==
	       nfipsec_outer_label(&o, 2, hash), "a flow has two of them");
	for (i = 0; i < 1000; i++) {
		u32 got = nfipsec_outer_label(&o, 0, ktap_random());

		EXPECT(got <= 0xfffff, "0x%x has more than 20 bits", got);
		bits |= got;
	}
	EXPECT(bits == 0xfffff, "bits that are never set: 0x%x",
	       bits ^ 0xfffff);
}

const struct ktap_case outer_cases[] = {
	{ "outer: RFC 6040 figure 3, any DSCP", encapsulation },
	{ "outer: RFC 6040 figure 4", decapsulation },
	{ "outer: ECN off", ignored },
	{ "outer: fixed DSCP", dscp },
	{ "outer: DF", df },
	{ "outer: flow label", label },
	{ }
};
