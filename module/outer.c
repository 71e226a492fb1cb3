// SPDX-License-Identifier: GPL-2.0-only
/* See outer.h. A "tos" is the DSCP in its upper six bits and the ECN field. */
#include "outer.h"

#define ECN_MASK	3
#define LABEL_MASK	0xfffff

/* RFC 3168: the code points of the ECN field. */
enum {
	NOT_ECT,
	ECT_1,
	ECT_0,
	CE,
};

/**
 * struct decap - a cell of RFC 6040, figure 4
 * @ecn: the ECN field of the packet that goes on
 * @reason: NFIPSEC_OK, or what is counted
 */
struct decap {
	u8 ecn;
	enum nfipsec_reason reason;
};

#define OK(ecn)		{ ecn, NFIPSEC_OK }
/* "(!)" in the figure: not used today. */
#define UNUSED(ecn)	{ ecn, NFIPSEC_IN_ECN_UNUSED }
/* "(!!!)": not used and dangerous. */
#define DANGER(ecn)	{ ecn, NFIPSEC_IN_ECN_DANGER }
#define DROP		{ NOT_ECT, NFIPSEC_IN_ECN }

/* By inner, then outer field. */
static const struct decap figure_4[4][4] = {
	[NOT_ECT] = {
		[NOT_ECT] = OK(NOT_ECT),
		[ECT_0] = DANGER(NOT_ECT),
		[ECT_1] = DANGER(NOT_ECT),
		[CE] = DROP,
	},
	[ECT_0] = {
		[NOT_ECT] = OK(ECT_0),
		[ECT_0] = OK(ECT_0),
		[ECT_1] = OK(ECT_1),
		[CE] = OK(CE),
	},
	[ECT_1] = {
		[NOT_ECT] = OK(ECT_1),
		[ECT_0] = UNUSED(ECT_1),
		[ECT_1] = OK(ECT_1),
		[CE] = OK(CE),
	},
	[CE] = {
		[NOT_ECT] = OK(CE),
		[ECT_0] = OK(CE),
		[ECT_1] = DANGER(CE),
		[CE] = OK(CE),
	},
};

/**
 * nfipsec_outer_tos() - DSCP and ECN of a new outer header
 * @o: what the SA says
 * @inner: DSCP and ECN of the packet
 *
 * RFC 6040 figure 3 for the ECN field, RFC 4301 section 5.1.2 for the DSCP.
 * Context: any.
 * Return: DSCP and ECN.
 */
u8 nfipsec_outer_tos(const struct nfipsec_outer *o, u8 inner)
{
	u8 tos = o->dscp_fixed ? o->dscp << 2 : inner & ~ECN_MASK;

	return o->ecn == NFIPSEC_ECN_NORMAL ? tos | (inner & ECN_MASK) : tos;
}

/**
 * nfipsec_outer_inner_tos() - DSCP and ECN of a packet that came out of an SA
 * @o: what the SA says
 * @outer: DSCP and ECN of the outer header
 * @inner: those of the packet; changed to what it goes on with
 *
 * RFC 6040 figure 4, RFC 2983.
 * Context: any.
 * Return: NFIPSEC_OK; NFIPSEC_IN_ECN to drop the packet; NFIPSEC_IN_ECN_UNUSED
 * or NFIPSEC_IN_ECN_DANGER, to be counted while the packet goes on.
 */
enum nfipsec_reason nfipsec_outer_inner_tos(const struct nfipsec_outer *o,
					    u8 outer, u8 *inner)
{
	struct decap d = { *inner & ECN_MASK, NFIPSEC_OK };
	u8 dscp = o->decap_dscp ? outer : *inner;

	if (o->ecn != NFIPSEC_ECN_OFF)
		d = figure_4[*inner & ECN_MASK][outer & ECN_MASK];
	*inner = (dscp & ~ECN_MASK) | d.ecn;
	return d.reason;
}

/**
 * nfipsec_outer_df() - does an outer IPv4 header get DF?
 * @o: what the SA says
 * @inner_df: the packet may not be fragmented: IPv4 with DF, or IPv6
 *
 * Context: any.
 * Return: true for DF.
 */
bool nfipsec_outer_df(const struct nfipsec_outer *o, bool inner_df)
{
	switch (o->df) {
	case NFIPSEC_DF_SET:
		return true;
	case NFIPSEC_DF_CLEAR:
		return false;
	default:
		return inner_df;
	}
}

/**
 * nfipsec_outer_label() - flow label of an outer IPv6 header
 * @o: what the SA says
 * @inner: flow label of the packet, 0 if it is IPv4
 * @hash: of the packet's flow; looked at for NFIPSEC_LABEL_HASH only
 *
 * Context: any.
 * Return: 20 bits, host byte order.
 */
u32 nfipsec_outer_label(const struct nfipsec_outer *o, u32 inner, u32 hash)
{
	switch (o->label) {
	case NFIPSEC_LABEL_COPY:
		return inner & LABEL_MASK;
	case NFIPSEC_LABEL_HASH:
		/* Not the bits that choose queues on this host (RFC 6438). */
		return (hash >> 12 ^ hash) & LABEL_MASK;
	default:
		return o->label_value;
	}
}
