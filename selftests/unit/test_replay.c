// SPDX-License-Identifier: GPL-2.0
/*
 * The anti-replay window: truth tables, every edge of every window, and a
 * naive second opinion that keeps the numbers themselves.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/limits.h>

#include "ktap.h"
#include "replay.h"

#define OK	NFIPSEC_OK
#define SEEN	NFIPSEC_IN_REPLAY
#define OLD	NFIPSEC_IN_REPLAY_OLD
#define ZERO	NFIPSEC_IN_SEQ_ZERO

#define M32	0xffffffffULL
#define G32	0x100000000ULL

static const u32 windows[] = { 32, 33, 63, 64, 65, 1000, 1024, 65535, 65536 };

static const char *word(enum nfipsec_reason reason)
{
	return reason == OK ? "ok" : reason == SEEN ? "seen" :
	       reason == OLD ? "old" : reason == ZERO ? "zero" : "nonsense";
}

static struct nfipsec_replay *start(u32 window, bool esn, u64 top)
{
	struct nfipsec_replay *r = calloc(1, nfipsec_replay_size(window));

	if (!r)
		abort();
	nfipsec_replay_init(r, window, esn, top);
	return r;
}

/* A window whose top is @top and that has seen no other number. */
static struct nfipsec_replay *start_empty(u32 window, bool esn, u64 top)
{
	struct nfipsec_replay *r = start(window, esn, 0);

	if (top)
		nfipsec_replay_commit(r, top);
	return r;
}

/*
 * One packet: as the data path does it, and what has to hold around it.
 * Returns false after a complaint.
 */
static bool step(struct nfipsec_replay *r, u64 seq, enum nfipsec_reason want)
{
	enum nfipsec_reason got;
	u64 top = r->top;

	got = nfipsec_replay_check(r, seq);
	if (!EXPECT(got == want, "window %u top %#llx: check %#llx is %s, want %s",
		    r->window, top, seq, word(got), word(want)))
		return false;
	got = nfipsec_replay_commit(r, seq);
	if (!EXPECT(got == want, "window %u top %#llx: commit %#llx is %s, want %s",
		    r->window, top, seq, word(got), word(want)))
		return false;
	if (want == OK && seq > top)
		top = seq;
	return EXPECT(r->top == top, "window %u: top is %#llx, want %#llx",
		      r->window, r->top, top);
}

/* Truth table: numbers from a new SA on, seen in this order. */

struct line {
	u64 seq;
	enum nfipsec_reason want;
};

static const struct line t32[] = {
	/* 1*/	{ 0, ZERO }, { 1, OK }, { 1, SEEN }, { 0, ZERO }, { 3, OK },
	/* 6*/	{ 2, OK }, { 2, SEEN }, { 3, SEEN }, { 32, OK }, { 1, SEEN },
	/*11*/	{ 4, OK }, { 33, OK }, { 1, OLD }, { 2, SEEN }, { 0, ZERO },
	/*16*/	{ 34, OK }, { 2, OLD }, { 3, SEEN }, { 5, OK }, { 64, OK },
	/*21*/	{ 32, OLD }, { 33, SEEN }, { 35, OK }, { 63, OK }, { 65, OK },
	/*26*/	{ 96, OK }, { 64, OLD }, { 65, SEEN }, { 66, OK }, { 129, OK },
	/*31*/	{ 97, OLD }, { 98, OK }, { 128, OK }, { 96, OLD },
	/*35*/	{ 129 + 128, OK }, { 129 + 127, OK }, { 129, OLD },
	/*38*/	{ 226, OK }, { 225, OLD }, { 10000, OK }, { 9969, OK },
	/*42*/	{ 9968, OLD }, { 9999, OK }, { 9999, SEEN }, { 10000, SEEN },
	/*46*/	{ 0x7fffffff, OK }, { 0x80000000, OK }, { 0x80000000, SEEN },
	/*49*/	{ 0x7fffffff, SEEN }, { 0x7fffffe1, OK }, { 0x7fffffe0, OLD },
	/*52*/	{ 0xfffffffe, OK }, { M32, OK }, { M32, SEEN }, { 1, OLD },
	/*56*/	{ 0xfffffffe, SEEN }, { 0xffffffe0, OK }, { 0xffffffdf, OLD },
	/*59*/	{ 0, ZERO },
};

static const struct line t64[] = {
	/* 1*/	{ 64, OK }, { 1, OK }, { 65, OK }, { 1, OLD }, { 2, OK },
	/* 6*/	{ 63, OK }, { 64, SEEN }, { 128, OK }, { 64, OLD }, { 65, SEEN },
	/*11*/	{ 66, OK }, { 127, OK }, { 191, OK }, { 127, OLD },
	/*15*/	{ 128, SEEN }, { 129, OK }, { 192, OK }, { 128, OLD },
	/*19*/	{ 129, SEEN }, { 193, OK }, { 320, OK }, { 256, OLD },
	/*23*/	{ 257, OK }, { 319, OK }, { 319, SEEN },
};

static const struct line t1000[] = {
	/* 1*/	{ 1000, OK }, { 1, OK }, { 1, SEEN }, { 1001, OK }, { 1, OLD },
	/* 6*/	{ 2, OK }, { 999, OK }, { 2000, OK }, { 1000, OLD },
	/*10*/	{ 1001, SEEN }, { 1002, OK }, { 1999, OK }, { 4048, OK },
	/*14*/	{ 3048, OLD }, { 3049, OK }, { 4047, OK }, { 4047, SEEN },
	/*18*/	{ 2000, OLD },
};

static const struct {
	u32 window;
	const struct line *line;
	unsigned int lines;
} tables[] = {
	{ 32, t32, ARRAY_SIZE(t32) },
	{ 64, t64, ARRAY_SIZE(t64) },
	{ 1000, t1000, ARRAY_SIZE(t1000) },
};

static void truth_table(void)
{
	struct nfipsec_replay *r;
	unsigned int i, n, esn;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (esn = 0; esn < 2; esn++) {
			r = start(tables[i].window, esn, 0);
			for (n = 0; n < tables[i].lines; n++) {
				ok = step(r, tables[i].line[n].seq,
					  tables[i].line[n].want);
				EXPECT(ok, "table %u line %u esn %u", i, n + 1,
				       esn);
			}
			free(r);
		}
	}
}

/*
 * Every edge of a window of w numbers in a ring of b bits whose top was t:
 * number t + w * .w + b * .b + .n.
 */
static const struct {
	int w;
	int b;
	s64 n;
	enum nfipsec_reason want;
} edges[] = {
	/* The top and both sides of the left edge */
	/* 1*/	{ 0, 0, 0, SEEN },
	/* 2*/	{ 0, 0, -1, OK },
	/* 3*/	{ 0, 0, -1, SEEN },
	/* 4*/	{ -1, 0, 1, OK },
	/* 5*/	{ -1, 0, 1, SEEN },
	/* 6*/	{ -1, 0, 0, OLD },
	/* 7*/	{ -1, 0, -1, OLD },
	/* 8*/	{ 0, -1, 0, OLD },
	/* One on: one falls out */
	/* 9*/	{ 0, 0, 1, OK },
	/*10*/	{ 0, 0, 1, SEEN },
	/*11*/	{ -1, 0, 1, OLD },
	/*12*/	{ -1, 0, 2, OK },
	/*13*/	{ -1, 0, 2, SEEN },
	/* A jump of the window less one: the old top is the last inside */
	/*14*/	{ 1, 0, 0, OK },
	/*15*/	{ 0, 0, 1, SEEN },
	/*16*/	{ 0, 0, 0, OLD },
	/*17*/	{ 0, 0, 2, OK },
	/*18*/	{ 1, 0, -1, OK },
	/* A jump of the window: nothing old inside */
	/*19*/	{ 2, 0, 0, OK },
	/*20*/	{ 1, 0, 0, OLD },
	/*21*/	{ 1, 0, 1, OK },
	/*22*/	{ 1, 0, 1, SEEN },
	/* A jump of the ring and one: bits of the lap before must be gone */
	/*23*/	{ 2, 1, 1, OK },
	/*24*/	{ 2, 1, 1, SEEN },
	/*25*/	{ 2, 1, 0, OK },
	/*26*/	{ 2, 1, 0, SEEN },
	/*27*/	{ 1, 1, 2, OK },
	/*28*/	{ 1, 1, 1, OLD },
	/* A jump of the ring: the top's own bit */
	/*29*/	{ 2, 2, 1, OK },
	/*30*/	{ 2, 2, 1, SEEN },
	/*31*/	{ 2, 2, 0, OK },
	/*32*/	{ 2, 1, 1, OLD },
	/* Two rings less one */
	/*33*/	{ 2, 4, 0, OK },
	/*34*/	{ 2, 4, -1, OK },
	/*35*/	{ 1, 4, 1, OK },
	/*36*/	{ 1, 4, 0, OLD },
	/* 2^31 */
	/*37*/	{ 2, 4, 0x80000000LL, OK },
	/*38*/	{ 2, 4, 0x7fffffffLL, OK },
	/*39*/	{ 1, 4, 0x80000001LL, OK },
	/*40*/	{ 1, 4, 0x80000000LL, OLD },
	/*41*/	{ 2, 4, 0, OLD },
	/* 2^32 - 1 */
	/*42*/	{ 2, 4, 0x17fffffffLL, OK },
	/*43*/	{ 2, 4, 0x17ffffffeLL, OK },
	/*44*/	{ 1, 4, 0x180000000LL, OK },
	/*45*/	{ 1, 4, 0x17fffffffLL, OLD },
	/*46*/	{ 2, 4, 0x80000000LL, OLD },
	/* 2^32 and more */
	/*47*/	{ 2, 4, 0x27fffffffLL, OK },
	/*48*/	{ 2, 4, 0x17fffffffLL, OLD },
	/*49*/	{ 2, 4, 0x27ffffffeLL, OK },
	/*50*/	{ 2, 4, 1LL << 40, OK },
	/*51*/	{ 2, 4, (1LL << 40) - 1, OK },
	/*52*/	{ 1, 4, (1LL << 40) + 1, OK },
	/*53*/	{ 1, 4, 1LL << 40, OLD },
};

static void edges_from(u32 window, bool esn, u64 top)
{
	struct nfipsec_replay *r = start_empty(window, esn, top);
	u64 max = esn ? U64_MAX : U32_MAX;
	enum nfipsec_reason want;
	unsigned int i;
	__int128 seq;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		seq = (__int128)top + (__int128)edges[i].w * window +
		      (__int128)edges[i].b * (r->mask + 1) + edges[i].n;
		/* There is nothing below 0, and nothing after the end. */
		if (seq < 0)
			continue;
		if (seq > max)
			break;
		want = seq ? edges[i].want : ZERO;
		if (!step(r, seq, want)) {
			EXPECT(false, "window %u esn %d from top %#llx, line %u",
			       window, esn, top, i + 1);
			break;
		}
	}
	free(r);
}

static void edges_all(void)
{
	unsigned int i, k, esn;
	u64 w, ring;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		w = windows[i];
		ring = 8 * (nfipsec_replay_size(w) - nfipsec_replay_size(0));
		const u64 tops[] = {
			0, 1, 2, 31, 32, 33, 63, 64, 65, 127, 128, w - 1, w,
			w + 1, ring - 1, ring, ring + 1, 2 * ring + 5, 1000000,
			0x7fffffff, 0x80000000, M32 - ring, M32 - w, M32 - 1,
			M32,
			/* With ESN only */
			G32, G32 + 1, G32 + w - 2, G32 + w - 1, G32 + w,
			5 * G32 - 1, 5 * G32 + ring, 1ULL << 63,
			U64_MAX - (1ULL << 41), U64_MAX - 6 * ring,
			U64_MAX - 3 * w, U64_MAX - w, U64_MAX - 1, U64_MAX,
		};

		for (esn = 0; esn < 2; esn++)
			for (k = 0; k < ARRAY_SIZE(tops); k++)
				if (esn || tops[k] <= U32_MAX)
					edges_from(w, esn, tops[k]);
	}
}

/* Every number of a window once forwards, once backwards, once more. */
static void whole_window(void)
{
	struct nfipsec_replay *r;
	u32 w, k;
	int i;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		w = windows[i];
		r = start(w, false, 0);
		for (k = 1; k <= 3 * w && step(r, k, OK); k++)
			;
		for (k = 0; k < w && step(r, 3 * w - k, SEEN); k++)
			;
		step(r, 2 * w, OLD);
		free(r);

		r = start_empty(w, true, 3 * w);
		for (k = 1; k < w && step(r, 3 * w - k, OK); k++)
			;
		for (k = 0; k < w && step(r, 3 * w - k, SEEN); k++)
			;
		step(r, 2 * w, OLD);
		free(r);
	}
}

/* An SA that goes on elsewhere: what may have been seen is seen. */
static void handed_over(void)
{
	static const u64 tops[] = {
		0, 1, 31, 63, 64, 65, 1000, 123456, M32 - 1, G32 - 1, G32,
		G32 + 7, 77 * G32 + 63, U64_MAX - 200000,
	};
	struct nfipsec_replay *r;
	unsigned int i, k;
	u64 top, d;
	u32 w;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		for (k = 0; k < ARRAY_SIZE(tops); k++) {
			w = windows[i];
			top = tops[k];
			r = start(w, true, top);
			for (d = 0; d < w && d <= top; d++)
				if (!step(r, top - d, top - d ? SEEN : ZERO))
					break;
			if (top > w)
				step(r, top - w, OLD);
			/* Nothing to the right is. */
			step(r, top + 2, OK);
			for (d = 1; d <= 2 * w; d++)
				if (!step(r, top + d, d == 2 ? SEEN : OK))
					break;
			free(r);
		}
	}
}

static void no_window(void)
{
	static const u64 seq[] = { 0, 1, 1, 5, 2, M32, 3, 0, M32 };
	struct nfipsec_replay *r;
	unsigned int i, esn;
	u64 top;

	for (esn = 0; esn < 2; esn++) {
		r = start(0, esn, 0);
		for (i = 0, top = 0; i < ARRAY_SIZE(seq); i++) {
			step(r, seq[i], OK);
			if (seq[i] > top)
				top = seq[i];
			EXPECT(r->top == top, "line %u: top %#llx, want %#llx",
			       i + 1, r->top, top);
		}
		free(r);
	}
	r = start(0, true, U64_MAX - 1);
	step(r, U64_MAX, OK);
	step(r, U64_MAX, OK);
	step(r, 1, OK);
	free(r);
}

static void sizes(void)
{
	struct nfipsec_replay *r;
	unsigned int i;
	u64 bits;

	EXPECT(nfipsec_replay_size(0) == sizeof(*r), "window 0: %zu bytes",
	       nfipsec_replay_size(0));
	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		r = start(windows[i], false, 0);
		bits = (u64)r->mask + 1;
		EXPECT(!(bits & r->mask), "window %u: ring of %llu bits",
		       r->window, bits);
		EXPECT(bits >= r->window + BITS_PER_LONG &&
		       bits < 2 * (r->window + BITS_PER_LONG),
		       "window %u: ring of %llu bits", r->window, bits);
		EXPECT(nfipsec_replay_size(r->window) ==
		       sizeof(*r) + bits / 8, "window %u: %zu bytes",
		       r->window, nfipsec_replay_size(r->window));
		free(r);
	}
}

/* Extended sequence numbers: which number a low half stands for. */

static const struct {
	u32 window;
	u64 top;
	u32 lo;
	u64 want;
} guesses[] = {
	/* Start: there is no subspace below the first */
	/* 1*/	{ 64, 0, 0, 0 },
	/* 2*/	{ 64, 0, 1, 1 },
	/* 3*/	{ 64, 0, M32, M32 },
	/* 4*/	{ 64, 1, M32, M32 },
	/* 5*/	{ 64, 62, M32, M32 },
	/* 6*/	{ 64, 63, 0, 0 },
	/* 7*/	{ 64, 63, M32, M32 },
	/* 8*/	{ 64, 64, 1, 1 },
	/* 9*/	{ 64, 64, 0, G32 },
	/*10*/	{ 64, 65, 1, G32 + 1 },
	/* Window inside one subspace: top_lo >= W - 1 */
	/*11*/	{ 64, 1000, 937, 937 },
	/*12*/	{ 64, 1000, 936, G32 + 936 },
	/*13*/	{ 64, 1000, 1001, 1001 },
	/*14*/	{ 64, 1000, M32, M32 },
	/*15*/	{ 64, M32, M32, M32 },
	/*16*/	{ 64, M32, 0, G32 },
	/*17*/	{ 64, M32, M32 - 63, M32 - 63 },
	/*18*/	{ 64, M32, M32 - 64, G32 + M32 - 64 },
	/*19*/	{ 64, 7 * G32 + 63, 0, 7 * G32 },
	/*20*/	{ 64, 7 * G32 + 63, M32, 7 * G32 + M32 },
	/*21*/	{ 64, 7 * G32 + 64, 0, 8 * G32 },
	/*22*/	{ 64, 7 * G32 + 64, 1, 7 * G32 + 1 },
	/* Window across two subspaces: top_lo < W - 1 */
	/*23*/	{ 64, 7 * G32 + 62, M32, 7 * G32 - 1 },
	/*24*/	{ 64, 7 * G32 + 62, M32 - 1, 7 * G32 + M32 - 1 },
	/*25*/	{ 64, 7 * G32 + 62, 0, 7 * G32 },
	/*26*/	{ 64, 7 * G32 + 62, 63, 7 * G32 + 63 },
	/*27*/	{ 64, 7 * G32, M32 - 62, 7 * G32 - 63 },
	/*28*/	{ 64, 7 * G32, M32 - 63, 7 * G32 + M32 - 63 },
	/*29*/	{ 64, 7 * G32, 0, 7 * G32 },
	/*30*/	{ 64, 7 * G32, 0x80000000, 7 * G32 + 0x80000000 },
	/*31*/	{ 64, G32, M32, M32 },
	/* Largest, smallest and odd windows */
	/*32*/	{ 65536, 3 * G32 + 65534, M32, 3 * G32 - 1 },
	/*33*/	{ 65536, 3 * G32 + 65535, M32, 3 * G32 + M32 },
	/*34*/	{ 65536, 3 * G32 + 65535, 0, 3 * G32 },
	/*35*/	{ 65536, 3 * G32 + 65536, 0, 4 * G32 },
	/*36*/	{ 32, 3 * G32 + 30, M32, 3 * G32 - 1 },
	/*37*/	{ 32, 3 * G32 + 31, M32, 3 * G32 + M32 },
	/*38*/	{ 1000, 3 * G32 + 998, M32, 3 * G32 - 1 },
	/*39*/	{ 1000, 3 * G32 + 999, M32, 3 * G32 + M32 },
	/* The end: no subspace above the last */
	/*40*/	{ 64, U64_MAX, M32, U64_MAX },
	/*41*/	{ 64, U64_MAX, M32 - 63, U64_MAX - 63 },
	/*42*/	{ 64, U64_MAX, M32 - 64, U64_MAX - 64 },
	/*43*/	{ 64, U64_MAX, 0, U64_MAX - M32 },
	/*44*/	{ 64, U64_MAX - M32, M32, U64_MAX - M32 - 1 },
	/*45*/	{ 64, U64_MAX - M32, 0, U64_MAX - M32 },
	/*46*/	{ 64, U64_MAX - M32, 5, U64_MAX - M32 + 5 },
	/*47*/	{ 64, U64_MAX - M32 - 1, 5, U64_MAX - M32 + 5 },
	/* No window: the nearest */
	/*48*/	{ 0, 0, M32, M32 },
	/*49*/	{ 0, G32, M32, M32 },
	/*50*/	{ 0, G32 + 9, 8, G32 + 8 },
	/*51*/	{ 0, 2 * G32, 0x80000001, G32 + 0x80000001 },
	/*52*/	{ 0, 2 * G32, 0x80000000, 2 * G32 + 0x80000000 },
	/*53*/	{ 0, 2 * G32 + M32, 0, 3 * G32 },
	/*54*/	{ 0, 2 * G32 + M32, 0x7ffffffe, 3 * G32 + 0x7ffffffe },
	/*55*/	{ 0, U64_MAX, 0, U64_MAX - M32 },
};

static void guess_table(void)
{
	struct nfipsec_replay *r;
	unsigned int i;
	u64 got;

	for (i = 0; i < ARRAY_SIZE(guesses); i++) {
		r = start(guesses[i].window, true, guesses[i].top);
		got = nfipsec_replay_guess(r, guesses[i].lo);
		EXPECT(got == guesses[i].want, "line %u: %#llx, want %#llx",
		       i + 1, got, guesses[i].want);
		free(r);

		r = start(guesses[i].window, false, (u32)guesses[i].top);
		got = nfipsec_replay_guess(r, guesses[i].lo);
		EXPECT(got == guesses[i].lo, "line %u without ESN: %#llx",
		       i + 1, got);
		free(r);
	}
}

/* The wrap of the low half as packets meet it: low halves, full numbers. */
static const struct {
	u32 lo;
	u64 seq;
	enum nfipsec_reason want;
} wrap[] = {
	/* 1*/	{ 0xfffffff0, 0xfffffff0, OK },
	/* 2*/	{ 0xfffffffe, 0xfffffffe, OK },
	/* 3*/	{ 0, G32, OK },
	/* 4*/	{ 0, G32, SEEN },
	/* 5*/	{ 0xffffffff, 0xffffffff, OK },
	/* 6*/	{ 0xfffffffe, 0xfffffffe, SEEN },
	/* 7*/	{ 0xffffffef, 0xffffffef, OK },
	/* 8*/	{ 1, G32 + 1, OK },
	/* 9*/	{ 30, G32 + 30, OK },
	/*10*/	{ 0xffffffff, 0xffffffff, SEEN },
	/*11*/	{ 0xfffffffe, G32 + 0xfffffffe, OK },
	/*12*/	{ 0, 2 * G32, OK },
	/*13*/	{ 31, 2 * G32 + 31, OK },
	/*14*/	{ 0, 2 * G32, SEEN },
	/*15*/	{ 32, 2 * G32 + 32, OK },
	/*16*/	{ 0, 3 * G32, OK },
};

static void guess_wrap(void)
{
	struct nfipsec_replay *r = start(32, true, 0);
	unsigned int i;
	u64 got;
	bool ok;

	for (i = 0; i < ARRAY_SIZE(wrap); i++) {
		got = nfipsec_replay_guess(r, wrap[i].lo);
		EXPECT(got == wrap[i].seq, "line %u: guess %#llx, want %#llx",
		       i + 1, got, wrap[i].seq);
		ok = step(r, wrap[i].seq, wrap[i].want);
		EXPECT(ok, "line %u", i + 1);
	}
	free(r);
}

/* What cannot be reached any more is refused, never taken for number 0. */
static void guess_at_the_end(void)
{
	struct nfipsec_replay *r;
	unsigned int i, k;
	u32 lo, w;
	u64 seq;

	for (i = 0; i < ARRAY_SIZE(windows); i++) {
		w = windows[i];
		r = start(w, true, U64_MAX);
		for (k = 0; k < 100000; k++) {
			lo = k < 8 ? k : ktap_random();
			if (lo > U32_MAX - w)
				continue;
			seq = nfipsec_replay_guess(r, lo);
			if (!EXPECT(nfipsec_replay_check(r, seq) == OLD,
				    "window %u: %#x taken for %#llx", w, lo,
				    seq))
				break;
		}
		free(r);
	}
}

/* RFC 4303 appendix A2.2 word by word; the ends of the space left out. */
static u64 rfc_guess(u32 w, u64 top, u32 lo)
{
	u32 tl = top, th = top >> 32;
	u32 edge = tl - w + 1;

	if (tl >= w - 1)
		th += lo >= edge ? 0 : 1;
	else if (th)
		th -= lo >= edge ? 1 : 0;
	return ((u64)th << 32) | lo;
}

/* The numbers themselves, those left of the window forgotten. */
struct naive {
	u32 window;
	u64 top;
	unsigned int n;
	u64 seen[2 * 65536];
};

static void naive_forget(struct naive *m)
{
	unsigned int i, kept = 0;

	for (i = 0; i < m->n; i++)
		if (m->top - m->seen[i] < m->window)
			m->seen[kept++] = m->seen[i];
	m->n = kept;
}

static enum nfipsec_reason naive_take(struct naive *m, u64 seq)
{
	unsigned int i;

	if (!seq)
		return ZERO;
	if (seq < m->top && m->top - seq >= m->window)
		return OLD;
	for (i = m->n; i-- > 0;)
		if (m->seen[i] == seq)
			return SEEN;
	if (seq > m->top)
		m->top = seq;
	if (m->n == ARRAY_SIZE(m->seen))
		naive_forget(m);
	m->seen[m->n++] = seq;
	return OK;
}

static u64 up(u64 seq, u64 by, u64 max)
{
	return by > max - seq ? max : seq + by;
}

static u64 down(u64 seq, u64 by)
{
	return by > seq ? 0 : seq - by;
}

/* Mostly what a network does, often an edge, now and then a leap. */
static u64 random_seq(const struct naive *m, u64 ring, u64 max)
{
	u64 w = m->window, top = m->top, small = ktap_random_below(3);

	switch (ktap_random_below(24)) {
	case 0 ... 6:
		return up(top, 1 + small, max);
	case 7 ... 10:
		return down(top, ktap_random_below(w + 2));
	case 11 ... 12:
		return down(top, w - 1 + small);
	case 13:
		return up(top, ktap_random_below(w), max);
	case 14:
		return up(top, w - 1 + small, max);
	case 15:
		return up(top, ring - 1 + small, max);
	case 16 ... 18:
		return m->n ? m->seen[ktap_random_below(m->n)] : 1;
	case 19:
		return down(top, w + ktap_random_below(ring));
	case 20:
		return down(top, ktap_random_below(64));
	case 21:
		return small;
	case 22:
		return ktap_random_below(40) ? top :
		       up(top, 1ULL << ktap_random_below(34), max);
	default:
		return ktap_random() % (top ?: 1);
	}
}

static u64 random_top(u32 w, bool esn)
{
	u64 near = ktap_random_below(3ULL * w);

	if (!esn)
		return ktap_random_below(3) ? near : U32_MAX - 5000 - near;
	switch (ktap_random_below(5)) {
	case 0:
		return near;
	case 1:
		return G32 * (1 + ktap_random_below(5)) - near;
	case 2:
		return U64_MAX - 5000 - near;
	case 3:
		return U64_MAX - G32 - near;
	default:
		return ktap_random();
	}
}

static unsigned int random_run(struct naive *m, u32 w, bool esn,
			       unsigned int steps, unsigned int count[])
{
	u64 max = esn ? U64_MAX : U32_MAX;
	u64 seq, guess, top = random_top(w, esn);
	struct nfipsec_replay *r = start_empty(w, esn, top);
	enum nfipsec_reason want;
	unsigned int i;
	bool ok = true;

	m->window = w;
	m->top = top;
	m->n = 0;
	if (top)
		m->seen[m->n++] = top;

	for (i = 0; i < steps && ok; i++) {
		seq = random_seq(m, r->mask + 1ULL, max);
		guess = nfipsec_replay_guess(r, seq);
		if (!esn)
			ok = EXPECT(guess == seq, "guess without ESN");
		else if (m->top >> 32 != U32_MAX)
			ok = EXPECT(guess == rfc_guess(w, m->top, seq),
				    "window %u top %#llx: %#x is %#llx", w,
				    m->top, (u32)seq, guess);
		/* All from the left edge to 2^32 - 1 beyond it is reached. */
		if (seq >= down(m->top, w - 1) &&
		    seq - down(m->top, w - 1) <= M32)
			ok &= EXPECT(guess == seq,
				     "window %u top %#llx: %#llx is %#llx", w,
				     m->top, seq, guess);
		want = naive_take(m, seq);
		count[want]++;
		ok &= step(r, seq, want);
	}
	EXPECT(ok, "window %u esn %d, started at %#llx, step %u", w, esn, top,
	       i);
	free(r);
	return i;
}

static void random_runs(void)
{
	unsigned int i, esn, run, count[NFIPSEC_REASON_MAX] = {}, steps = 0;
	struct naive *m = malloc(sizeof(*m));

	if (!m)
		abort();
	for (i = 0; i < ARRAY_SIZE(windows); i++)
		for (esn = 0; esn < 2; esn++)
			for (run = 0; run < 24; run++)
				steps += random_run(m, windows[i], esn, 3000,
						    count);
	free(m);
	EXPECT(count[OK] > steps / 10 && count[SEEN] > steps / 10 &&
	       count[OLD] > steps / 20 && count[ZERO] > steps / 200,
	       "bad sample: of %u steps %u ok, %u seen, %u old, %u zero",
	       steps, count[OK], count[SEEN], count[OLD], count[ZERO]);
}

/* RFC 4303 appendix A3. */
static void resync_trigger(void)
{
	struct nfipsec_replay *r = calloc(1, nfipsec_replay_size(64));
	unsigned int i, round;

	nfipsec_replay_init(r, 64, true, 5);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < NFIPSEC_RESYNC_TRIGGER; i++) {
			EXPECT(!nfipsec_replay_resync_due(r),
			       "due after %u in round %u", i, round);
			nfipsec_replay_failed(r);
		}
		EXPECT(nfipsec_replay_resync_due(r), "not due, round %u",
		       round);
	}
	/* an authentic packet between them */
	for (i = 0; i < 100 * NFIPSEC_RESYNC_TRIGGER; i++) {
		if (i % (NFIPSEC_RESYNC_TRIGGER - 1) == 0)
			nfipsec_replay_commit(r, 6 + i);
		nfipsec_replay_failed(r);
		EXPECT(!nfipsec_replay_resync_due(r), "due after %u", i);
	}
	/* a packet that the window refuses is none of them */
	nfipsec_replay_commit(r, 1 << 20);
	for (i = 0; i < NFIPSEC_RESYNC_TRIGGER; i++) {
		nfipsec_replay_failed(r);
		nfipsec_replay_commit(r, 1 << 20);
	}
	EXPECT(nfipsec_replay_resync_due(r), "a replay has reset the count");
	free(r);

	r = calloc(1, nfipsec_replay_size(64));
	nfipsec_replay_init(r, 64, false, 5);
	for (i = 0; i < 2 * NFIPSEC_RESYNC_TRIGGER; i++)
		nfipsec_replay_failed(r);
	EXPECT(!nfipsec_replay_resync_due(r), "due without ESN");
	free(r);
}

#define MEETINGS	2000

/* What another CPU does between two instructions of this one, and did. */
static struct {
	struct nfipsec_replay *r;
	unsigned long packets, due, meetings;
} other;

static void ask(int sig __attribute__((unused)))
{
	other.due += nfipsec_replay_resync_due(other.r);
	other.meetings++;
}

static void fail_until_due(int sig __attribute__((unused)))
{
	while (!nfipsec_replay_resync_due(other.r)) {
		nfipsec_replay_failed(other.r);
		other.packets++;
	}
	other.due++;
	other.meetings++;
}

static struct nfipsec_replay *meet(void (*handler)(int sig))
{
	const struct itimerval often = { { 0, 50 }, { 0, 50 } };

	memset(&other, 0, sizeof(other));
	other.r = start(64, true, 5);
	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &often, NULL);
	return other.r;
}

static bool met(void)
{
	const struct itimerval never = { 0 };

	if (READ_ONCE(other.meetings) < MEETINGS)
		return false;
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	return true;
}

/* It is due no more often than both together have seen packets for. */
static void resync_cpus(void)
{
	unsigned long packets = 0, due = 0;
	struct nfipsec_replay *r;

	for (r = meet(ask); !met(); packets += NFIPSEC_RESYNC_TRIGGER) {
		r->fails = NFIPSEC_RESYNC_TRIGGER;
		due += nfipsec_replay_resync_due(r);
	}
	due += other.due;
	EXPECT(due <= packets / NFIPSEC_RESYNC_TRIGGER,
	       "both ask: due %lu times in %lu packets", due, packets);
	free(r);

	due = 0;
	packets = 0;
	for (r = meet(fail_until_due); !met(); packets++) {
		nfipsec_replay_failed(r);
		due += nfipsec_replay_resync_due(r);
	}
	due += other.due;
	packets += other.packets;
	EXPECT(due <= packets / NFIPSEC_RESYNC_TRIGGER,
	       "both fail: due %lu times in %lu packets", due, packets);
	free(r);
}

static void resync_halves(void)
{
	u64 seq = 7, n;

	for (n = 1; n <= 100; n++) {
		EXPECT(nfipsec_replay_next_half(&seq), "ends at %llu", n);
		EXPECT(seq == (n << 32 | 7), "half %llu: 0x%llx", n, seq);
	}
	seq = 0xffffffff00000000ULL;
	EXPECT(!nfipsec_replay_next_half(&seq) &&
	       seq == 0xffffffff00000000ULL, "a half behind the last");
	seq = 0xfffffffeffffffffULL;
	EXPECT(nfipsec_replay_next_half(&seq) && seq == U64_MAX,
	       "the last half");
}

/* An SA that is told where to go on: what is behind, and what is ahead. */
static void skip_to(u32 window, u64 to)
{
	struct nfipsec_replay *r = start(window, true, 0);
	bool good;
	u64 n;

	good = nfipsec_replay_commit(r, 70) == OK;
	nfipsec_replay_skip(r, to);
	good &= r->top == to;
	for (n = to; n && window && n + 2 * window > to; n--)
		good &= nfipsec_replay_commit(r, n) != OK;
	for (n = to + 2; n <= to + 200; n += 2)
		good &= nfipsec_replay_commit(r, n) == OK;
	for (n = to + 199; n > to + 170; n -= 2)
		good &= nfipsec_replay_commit(r, n) == OK;
	nfipsec_replay_skip(r, to + 100);
	good &= r->top == to + 200;
	EXPECT(good, "window %u, to %llu", window, (unsigned long long)to);
	free(r);
}

static void skipped(void)
{
	static const u64 to[] = { 70, 71, 127, 128, 129, 1000, 100000, G32 + 5 };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(windows); i++)
		for (j = 0; j < ARRAY_SIZE(to); j++)
			skip_to(windows[i], to[j]);
	/* Without a window only the top moves. */
	skip_to(0, 1000);
}

const struct ktap_case replay_cases[] = {
	{ "replay: truth tables", truth_table },
	{ "replay: every edge of every window", edges_all },
	{ "replay: each number of a window once", whole_window },
	{ "replay: going on with a given top", handed_over },
	{ "replay: told where to go on", skipped },
	{ "replay: no window, no check", no_window },
	{ "replay: size of the ring", sizes },
	{ "replay: ESN guess, truth table", guess_table },
	{ "replay: ESN across the wrap of the low half", guess_wrap },
	{ "replay: ESN at the end of the space", guess_at_the_end },
	{ "replay: random against a naive one", random_runs },
	{ "replay: resynchronisation, when", resync_trigger },
	{ "replay: resynchronisation, on two CPUs", resync_cpus },
	{ "replay: resynchronisation, how far", resync_halves },
	{ }
};
