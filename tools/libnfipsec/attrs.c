// SPDX-License-Identifier: GPL-2.0
/* What attributes there are of which structure: tables for codec.c. */
#include "internal.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SET(id)		{ .field = id##_fields, .len = ARRAY_SIZE(id##_fields) }

#define F(set, type, attr, knd, member)					\
	[NFIPSEC_A_##set##_##attr] = {					\
		.name = #member, .kind = NFI_##knd,			\
		.off = offsetof(struct nfipsec_##type, member),		\
	}
#define N(set, type, attr, member)					\
	[NFIPSEC_A_##set##_##attr] = {					\
		.name = #member, .kind = NFI_NEST,			\
		.off = offsetof(struct nfipsec_##type, member),		\
		.nest = &nfi_set_##member,				\
	}

static const struct nfi_field addr_range_fields[] = {
	F(ADDR_RANGE, addr_range, ADDR, ADDR, addr),
	F(ADDR_RANGE, addr_range, PLEN, U8, plen),
	F(ADDR_RANGE, addr_range, END, ADDR, end),
};

const struct nfi_set nfi_set_addr_range = SET(addr_range);

static const struct nfi_field port_range_fields[] = {
	F(PORT_RANGE, port_range, LOW, U16, low),
	F(PORT_RANGE, port_range, HIGH, U16, high),
};

const struct nfi_set nfi_set_port_range = SET(port_range);

#define L(attr, what, member)						\
	[NFIPSEC_A_SELECTOR_##attr] = {					\
		.name = #member, .kind = NFI_LIST,			\
		.off = offsetof(struct nfipsec_selector, member),	\
		.nest = &nfi_set_##what##_range,			\
		.first = offsetof(struct nfipsec_##what##_list, range),	\
		.size = sizeof(struct nfipsec_##what##_range),		\
	}
#define TMPLS(set, type)						\
	[NFIPSEC_A_##set##_TMPL] = {					\
		.name = "tmpl", .kind = NFI_TMPLS,			\
		.off = offsetof(struct nfipsec_##type, tmpl),		\
		.nest = &nfi_set_tmpl,					\
	}

#define S(attr, knd, member)	F(SELECTOR, selector, attr, knd, member)
static const struct nfi_field selector_fields[] = {
	S(FAMILY, U8, family),
	S(SRC, ADDR, src),
	S(SRC_PLEN, U8, src_plen),
	S(SRC_END, ADDR, src_end),
	S(DST, ADDR, dst),
	S(DST_PLEN, U8, dst_plen),
	S(DST_END, ADDR, dst_end),
	S(PROTO, U8, proto),
	S(SPORT_MIN, U16, sport_min),
	S(SPORT_MAX, U16, sport_max),
	S(DPORT_MIN, U16, dport_min),
	S(DPORT_MAX, U16, dport_max),
	S(TYPE_MIN, U16, type_min),
	S(TYPE_MAX, U16, type_max),
	L(SRC_MORE, addr, src_more),
	L(DST_MORE, addr, dst_more),
	L(SPORT_MORE, port, sport_more),
	L(DPORT_MORE, port, dport_more),
	L(TYPE_MORE, port, type_more),
	S(IIF, U32, iif),
	S(OIF, U32, oif),
	S(VRF, U32, vrf),
	S(MARK, U32, mark),
	S(MARK_MASK, U32, mark_mask),
};

#undef L

#undef S
const struct nfi_set nfi_set_selector = SET(selector);

#define T(attr, knd, member)	F(TMPL, tmpl, attr, knd, member)
static const struct nfi_field tmpl_fields[] = {
	T(SRC, ADDR, src),
	T(DST, ADDR, dst),
	T(PROTO, U8, proto),
	T(MODE, U8, mode),
	T(REQID, U32, reqid),
	T(SPI, BE32, spi),
	[NFIPSEC_A_TMPL_ALGO] = {
		.name = "algo", .kind = NFI_NAMES,
		.off = offsetof(struct nfipsec_tmpl, algos),
	},
	T(ESN, U8, esn),
	T(DF, U8, df),
	T(DSCP, U8, dscp),
	[NFIPSEC_A_TMPL_DSCP_COPY] = { .name = "dscp-copy", .kind = NFI_FLAG },
};

#undef T
const struct nfi_set nfi_set_tmpl = SET(tmpl);

#define O(attr, knd, member)	F(OUTER, outer, attr, knd, member)
static const struct nfi_field outer_fields[] = {
	O(ECN, U8, ecn),
	O(DSCP, U8, dscp),
	O(DF, U8, df),
	O(HOP_LIMIT, U8, hop_limit),
	O(LABEL, U8, label),
	O(LABEL_VALUE, U32, label_value),
	O(FRAG, U8, frag),
};

#undef O
const struct nfi_set nfi_set_outer = SET(outer);

#define E(attr, knd, member)	F(ENCAP, encap, attr, knd, member)
static const struct nfi_field encap_fields[] = {
	E(TYPE, U8, type),
	E(SPORT, U16, sport),
	E(DPORT, U16, dport),
	E(OA, ADDR, oa),
	E(KEEPALIVE, U32, keepalive),
};

#undef E
const struct nfi_set nfi_set_encap = SET(encap);

static const struct nfi_field tfc_fields[] = {
	F(TFC, tfc, PAD, U32, pad),
	F(TFC, tfc, DUMMY_INTERVAL, U32, dummy_interval),
};

const struct nfi_set nfi_set_tfc = SET(tfc);

#define L(attr, member)	F(LIFETIME, lifetime, attr, U64, member)
static const struct nfi_field lifetime_fields[] = {
	L(BYTE_SOFT, byte_soft),
	L(BYTE_HARD, byte_hard),
	L(PACKET_SOFT, packet_soft),
	L(PACKET_HARD, packet_hard),
	L(TIME_SOFT, time_soft),
	L(TIME_HARD, time_hard),
	L(TIME_USE_SOFT, time_use_soft),
	L(TIME_USE_HARD, time_use_hard),
};

#undef L
const struct nfi_set nfi_set_lifetime = SET(lifetime);

static const struct nfi_field move_fields[] = {
	F(MOVE, move, SRC, ADDR, src),
	F(MOVE, move, DST, ADDR, dst),
	N(MOVE, move, ENCAP, encap),
	[NFIPSEC_A_MOVE_NO_ENCAP] = { .name = "no-encap", .kind = NFI_FLAG },
	F(MOVE, move, REQID, U32, reqid),
};

const struct nfi_set nfi_set_move = SET(move);

#define A(attr, knd, member)	F(SA, sa, attr, knd, member)
static const struct nfi_field sa_fields[] = {
	A(SRC, ADDR, src),
	A(DST, ADDR, dst),
	A(PROTO, U8, proto),
	A(SPI, BE32, spi),
	A(SPI_MIN, U32, spi_min),
	A(SPI_MAX, U32, spi_max),
	A(MODE, U8, mode),
	A(REQID, U32, reqid),
	A(DIR, U8, dir),
	A(STATE, U8, state),
	A(FLAGS, U32, flags),
	A(REPLAY_WINDOW, U32, replay_window),
	A(SEQ_OUT, U64, seq_out),
	A(SEQ_IN, U64, seq_in),
	A(AEAD_NAME, NAME, aead_name),
	A(AEAD_KEY, KEY, aead_key),
	A(AEAD_ICV_BITS, U32, aead_icv_bits),
	A(ENC_NAME, NAME, enc_name),
	A(ENC_KEY, KEY, enc_key),
	A(AUTH_NAME, NAME, auth_name),
	A(AUTH_KEY, KEY, auth_key),
	A(AUTH_ICV_BITS, U32, auth_icv_bits),
	N(SA, sa, SELECTOR, selector),
	A(PACKETS, U64, packets),
	A(BYTES, U64, bytes),
	A(REPLAY_DROPS, U64, replay_drops),
	A(AUTH_DROPS, U64, auth_drops),
	A(ADD_TIME, U64, add_time),
	N(SA, sa, OUTER, outer),
	A(PMTU_AGE, U32, pmtu_age),
	A(PMTU, U32, pmtu),
	N(SA, sa, ENCAP, encap),
	N(SA, sa, TFC, tfc),
	A(DSCP_SET, U64, dscp_set),
	N(SA, sa, LIFETIME, lifetime),
	A(USED_BYTES, U64, used_bytes),
	A(USED_PACKETS, U64, used_packets),
	A(USE_TIME, U64, use_time),
	A(LAST_USED, U64, last_used),
	A(COMP_NAME, NAME, comp_name),
	A(OWNER, NAME, owner),
	A(SEQ_MAX, U64, seq_max),
	A(SEQ_MAX_OLD, U64, seq_max_old),
	N(SA, sa, MOVE, move),
	A(CHANGE, U8, change),
	[NFIPSEC_A_SA_TRANSACTION] = { .name = "transaction", .kind = NFI_FLAG },
	A(CPU, U32, cpu),
};

#undef A
const struct nfi_set nfi_set_sa = SET(sa);

#define M(attr, knd, member)	F(MAPPING, mapping, attr, knd, member)
static const struct nfi_field mapping_fields[] = {
	M(DST, ADDR, dst),
	M(PROTO, U8, proto),
	M(SPI, BE32, spi),
	M(REQID, U32, reqid),
	M(OLD_SRC, ADDR, old_src),
	M(OLD_SPORT, U16, old_sport),
	M(NEW_SRC, ADDR, new_src),
	M(NEW_SPORT, U16, new_sport),
};

#undef M
const struct nfi_set nfi_set_mapping = SET(mapping);

#define Q(attr, knd, member)	F(ACQUIRE, acquire, attr, knd, member)
static const struct nfi_field acquire_fields[] = {
	Q(ID, U32, id),
	Q(POLICY, U32, policy),
	Q(PRIORITY, U32, priority),
	[NFIPSEC_A_ACQUIRE_PACKET] = {
		.name = "packet", .kind = NFI_NEST,
		.off = offsetof(struct nfipsec_acquire, packet),
		.nest = &nfi_set_selector,
	},
	TMPLS(ACQUIRE, acquire),
	Q(PACKETS, U32, packets),
	Q(CPU, U32, cpu),
};

#undef Q
const struct nfi_set nfi_set_acquire = SET(acquire);

#define X(attr, knd, member)	F(EXPIRE, expire, attr, knd, member)
static const struct nfi_field expire_fields[] = {
	X(SRC, ADDR, src),
	X(DST, ADDR, dst),
	X(PROTO, U8, proto),
	X(SPI, BE32, spi),
	X(REQID, U32, reqid),
	X(HARD, U8, hard),
	X(LIMIT, U8, limit),
	X(USED_BYTES, U64, used_bytes),
	X(USED_PACKETS, U64, used_packets),
};

#undef X
const struct nfi_set nfi_set_expire = SET(expire);

#define P(attr, knd, member)	F(POLICY, policy, attr, knd, member)
static const struct nfi_field policy_fields[] = {
	P(INDEX, U32, index),
	P(DIR, U8, dir),
	N(POLICY, policy, SELECTOR, selector),
	P(PRIORITY, U32, priority),
	P(ACTION, U8, action),
	TMPLS(POLICY, policy),
	P(PACKETS, U64, packets),
	P(PFP, U32, pfp),
	[NFIPSEC_A_POLICY_NAME] = {
		.name = "name", .kind = NFI_TITLES,
		.off = offsetof(struct nfipsec_policy, names),
	},
	P(OWNER, NAME, owner),
	[NFIPSEC_A_POLICY_SELECTOR_MORE] = {
		.name = "selector_more", .kind = NFI_LIST,
		.off = offsetof(struct nfipsec_policy, selector_more),
		.nest = &nfi_set_selector,
		.first = offsetof(struct nfipsec_selector_list, selector),
		.size = sizeof(struct nfipsec_selector),
	},
	P(CHANGE, U8, change),
	[NFIPSEC_A_POLICY_TRANSACTION] = { .name = "transaction", .kind = NFI_FLAG },
	P(FLAGS, U32, flags),
};

#undef P
const struct nfi_set nfi_set_policy = SET(policy);

static const struct nfi_field default_fields[] = {
	F(DEFAULT, default, IN, U8, in),
	F(DEFAULT, default, OUT, U8, out),
	F(DEFAULT, default, WEAK, U8, weak),
	F(DEFAULT, default, AUDIT, U8, audit),
	F(DEFAULT, default, ACQUIRE_TIMEOUT, U32, acquire_timeout),
	[NFIPSEC_A_DEFAULT_TRANSACTION] = { .name = "transaction", .kind = NFI_FLAG },
};

const struct nfi_set nfi_set_default = SET(default);

static const struct nfi_field transaction_fields[] = {
	F(TRANSACTION, transaction, REQUESTS, U32, requests),
	[NFIPSEC_A_TRANSACTION_UNCHANGED] = {
		.name = "unchanged", .kind = NFI_FLAG,
	},
};

const struct nfi_set nfi_set_transaction = SET(transaction);

static const struct nfi_field counter_fields[] = {
	F(COUNTER, counter, NAME, NAME, name),
	F(COUNTER, counter, VALUE, U64, value),
	F(COUNTER, counter, DOC, DOC, doc),
	[NFIPSEC_A_COUNTER_DROP] = { .name = "drop", .kind = NFI_FLAG },
};

const struct nfi_set nfi_set_counter = SET(counter);

static const struct nfi_field stats_fields[] = {
	[NFIPSEC_A_STATS_COUNTER] = {
		.name = "counter", .kind = NFI_MANY, .nest = &nfi_set_counter,
	},
	F(STATS, stats, SA_COUNT, U32, sa_count),
	F(STATS, stats, POLICY_IN_COUNT, U32, policy_in_count),
	F(STATS, stats, POLICY_OUT_COUNT, U32, policy_out_count),
	F(STATS, stats, FLOW_CACHE_HITS, U64, flow_cache_hits),
	F(STATS, stats, FLOW_CACHE_MISSES, U64, flow_cache_misses),
};

const struct nfi_set nfi_set_stats = SET(stats);

#define G(attr, knd, member)	F(ALGO, algo_info, attr, knd, member)
static const struct nfi_field algo_fields[] = {
	G(NAME, NAME, name),
	G(ALIAS, NAME, alias),
	G(USE, U8, use),
	G(KEY_LEN, U32S, key_len),
	G(SALT_LEN, U32, salt_len),
	G(ICV_BITS, U32S, icv_bits),
	G(FLAGS, U32, flags),
	G(STATE, U8, state),
	G(RFC, NAME, rfc),
	G(LACKS, DOC, lacks),
};

#undef G
const struct nfi_set nfi_set_algo = SET(algo);

static const struct nfi_field features_fields[] = {
	F(FEATURES, features, VERSION, NAME, version),
	F(FEATURES, features, FLAGS, U32, flags),
	[NFIPSEC_A_FEATURES_LOAD] = { .name = "load", .kind = NFI_FLAG },
	[NFIPSEC_A_FEATURES_ALGO] = {
		.name = "algo", .kind = NFI_MANY, .nest = &nfi_set_algo,
	},
};

const struct nfi_set nfi_set_features = SET(features);

#define E(attr, knd, member)						\
	F(EXPLAIN_STEP, explain_step, attr, knd, member)
static const struct nfi_field explain_step_fields[] = {
	N(EXPLAIN_STEP, explain_step, TMPL, tmpl),
	E(SRC, ADDR, src),
	E(DST, ADDR, dst),
	E(PROTO, U8, proto),
	E(SPI, BE32, spi),
	E(MODE, U8, mode),
	E(REQID, U32, reqid),
};

#undef E
const struct nfi_set nfi_set_explain_step = SET(explain_step);

static const struct nfi_field explain_part_fields[] = {
	F(EXPLAIN_PART, explain_part, KIND, U8, kind),
	F(EXPLAIN_PART, explain_part, LEN, U32, len),
};

const struct nfi_set nfi_set_explain_part = SET(explain_part);

#define E(attr, knd, member)						\
	F(EXPLAIN_CANDIDATE, explain_candidate, attr, knd, member)
static const struct nfi_field explain_candidate_fields[] = {
	E(INDEX, U32, index),
	E(PRIORITY, U32, priority),
	E(ACTION, U8, action),
	E(SET, U32, set),
	[NFIPSEC_A_EXPLAIN_CANDIDATE_MAY] = { .name = "may", .kind = NFI_FLAG },
};

#undef E
const struct nfi_set nfi_set_explain_candidate = SET(explain_candidate);

#define E(attr, knd, member)	F(EXPLAIN, explain, attr, knd, member)
#define B(attr, text)							\
	[NFIPSEC_A_EXPLAIN_##attr] = { .name = text, .kind = NFI_FLAG }
#define M(attr, text, set)						\
	[NFIPSEC_A_EXPLAIN_##attr] = {					\
		.name = text, .kind = NFI_MANY, .nest = &nfi_set_##set,	\
	}
static const struct nfi_field explain_fields[] = {
	E(DIR, U8, dir),
	E(SRC, ADDR, src),
	E(DST, ADDR, dst),
	E(PROTO, U8, proto),
	E(SPORT, U16, sport),
	E(DPORT, U16, dport),
	E(TYPE, U8, type),
	E(CODE, U8, code),
	B(FRAGMENT, "fragment"),
	B(DONT_FRAGMENT, "dont-fragment"),
	E(LEN, U32, len),
	E(DSCP, U8, dscp),
	E(MARK, U32, mark),
	E(IIF, U32, iif),
	E(OIF, U32, oif),
	E(ACTION, U8, action),
	E(INDEX, U32, index),
	E(SET, U32, set),
	E(REASON, NAME, reason),
	E(REASON_DOC, DOC, reason_doc),
	B(ACQUIRE, "acquire"),
	B(GATHERED, "gathered"),
	B(NO_ROUTE, "no-route"),
	B(LOOPBACK, "loopback"),
	M(STEP, "step", explain_step),
	M(PART, "part", explain_part),
	E(WIRE_LEN, U32, wire_len),
	B(AT_MOST, "at-most"),
	E(PATH_MTU, U32, path_mtu),
	E(MTU, U32, mtu),
	E(FATE, U8, fate),
	E(PIECE_LEN, U32, piece_len),
	M(CANDIDATE, "candidate", explain_candidate),
	B(MORE, "more"),
};

#undef E
#undef B
#undef M
const struct nfi_set nfi_set_explain = SET(explain);
