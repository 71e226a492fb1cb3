/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a packet went on or was dropped: one list makes the enum, the names and
 * sentences of the statistics, and the map to the kernel's drop reasons.
 */
#ifndef NFIPSEC_REASON_H
#define NFIPSEC_REASON_H

#include <linux/types.h>

/*
 * D(ENUM, "name", core drop reason suffix, "sentence"): a dropped packet.
 * C(ENUM, "name", "sentence"): a counted event that drops nothing.
 * Names are part of the user interface: append, never rename.
 */
#define NFIPSEC_REASONS(D, C)						\
	C(IN_OK, "in_ok",						\
	  "packets received through an SA and accepted")		\
	C(OUT_OK, "out_ok",						\
	  "packets sent through an SA")					\
	C(IN_DUMMY, "in_dummy",						\
	  "dummy packets (next header 59) received through an SA")	\
	D(IN_NO_SA, "in_no_sa", XFRM_POLICY,				\
	  "inbound: no SA with this SPI for an address of this host")	\
	D(IN_SA_STATE, "in_sa_state", XFRM_POLICY,			\
	  "inbound: the SA has no keys yet")	\
	D(IN_TRUNCATED, "in_truncated", PKT_TOO_SMALL,			\
	  "inbound: shorter than its IPsec headers and ICV")	\
	D(IN_ALIGN, "in_align", IP_INHDR,				\
	  "inbound: ciphertext is no multiple of the cipher's block")	\
	D(IN_REPLAY, "in_replay", XFRM_POLICY,				\
	  "inbound: sequence number seen before")			\
	D(IN_REPLAY_OLD, "in_replay_old", XFRM_POLICY,			\
	  "inbound: sequence number left of the anti-replay window")	\
	D(IN_SEQ_ZERO, "in_seq_zero", XFRM_POLICY,			\
	  "inbound: sequence number 0 with anti-replay on")		\
	D(IN_AUTH, "in_auth", XFRM_POLICY,				\
	  "inbound: the ICV is wrong")					\
	D(IN_PAD, "in_pad", IP_INHDR,					\
	  "inbound: pad length exceeds the payload")			\
	D(IN_NEXTHDR, "in_nexthdr", IP_NOPROTO,				\
	  "inbound: next header does not fit the SA's mode")		\
	D(IN_INNER_HDR, "in_inner_hdr", IP_INHDR,			\
	  "inbound: inner IP header is malformed or longer than the packet") \
	D(IN_ECN, "in_ecn", IP_INHDR,					\
	  "inbound: outer CE over an inner header that is not ECN capable") \
	D(IN_SELECTOR, "in_selector", XFRM_POLICY,			\
	  "inbound: inner packet is outside the SA's selector")		\
	D(IN_POLICY, "in_policy", XFRM_POLICY,				\
	  "inbound: no protect policy asks for this SA and inner packet") \
	D(IN_CLEAR, "in_clear", XFRM_POLICY,				\
	  "inbound: in the clear where policy wants protection")	\
	D(IN_DISCARD, "in_discard", XFRM_POLICY,			\
	  "inbound: a discard policy or the default says so")		\
	D(IN_FRAG_OPAQUE, "in_frag_opaque", XFRM_POLICY,		\
	  "inbound: a fragment where policy depends on ports")		\
	D(IN_HEADER, "in_header", IP_INHDR,				\
	  "inbound: IP or transport header malformed or truncated")	\
	D(IN_NOMEM, "in_nomem", NOMEM,					\
	  "inbound: out of memory")					\
	D(IN_CRYPTO, "in_crypto", NOT_SPECIFIED,			\
	  "inbound: the cipher failed for a reason other than the ICV")	\
	D(IN_BACKLOG, "in_backlog", CPU_BACKLOG,			\
	  "inbound: decrypted, but the CPU's receive queue is full")	\
	D(OUT_DISCARD, "out_discard", XFRM_POLICY,			\
	  "outbound: a discard policy or the default says so")		\
	D(OUT_NO_SA, "out_no_sa", XFRM_POLICY,				\
	  "outbound: policy wants protection and no SA fits")		\
	D(OUT_CHANGED, "out_changed", XFRM_POLICY,			\
	  "outbound: policy changed while the packet was held by netfilter") \
	D(OUT_SEQ, "out_seq", XFRM_POLICY,				\
	  "outbound: the SA's sequence numbers are used up")		\
	D(OUT_TOO_BIG, "out_too_big", PKT_TOO_BIG,			\
	  "outbound: does not fit the path MTU, the sender was told")	\
	D(OUT_LENGTH, "out_length", PKT_TOO_BIG,			\
	  "outbound: longer than an IP packet can be once encapsulated") \
	D(OUT_FRAG_OPAQUE, "out_frag_opaque", XFRM_POLICY,		\
	  "outbound: a fragment where policy depends on ports")		\
	D(OUT_FRAG, "out_frag", XFRM_POLICY,				\
	  "outbound: a fragment that only a tunnel can carry")	\
	D(OUT_HEADER, "out_header", IP_INHDR,				\
	  "outbound: IP or transport header malformed or truncated")	\
	D(OUT_NO_ROUTE, "out_no_route", IP_OUTNOROUTES,			\
	  "outbound: no route to the SA's peer")			\
	D(OUT_NOMEM, "out_nomem", NOMEM,				\
	  "outbound: out of memory")					\
	D(OUT_CSUM, "out_csum", SKB_CSUM,				\
	  "outbound: the checksum could not be completed where it would be")	\
	D(OUT_GSO, "out_gso", SKB_GSO_SEG,				\
	  "outbound: a large packet could not be segmented")		\
	D(OUT_CRYPTO, "out_crypto", NOT_SPECIFIED,			\
	  "outbound: the cipher failed")				\
	D(IN_AH_LEN, "in_ah_len", IP_INHDR,				\
	  "inbound: AH whose length is not that of the SA's ICV")	\
	D(IN_AH_OPTION, "in_ah_option", IP_INHDR,			\
	  "inbound: an option or extension header before AH is malformed") \
	D(IN_AH_ROUTE, "in_ah_route", IP_INHDR,				\
	  "inbound: a source route before AH is unfinished or of unknown type") \
	D(IN_AH_LONG, "in_ah_long", IP_INHDR,				\
	  "inbound: more extension headers before AH than are read")	\
	D(OUT_AH_OPTION, "out_ah_option", IP_INHDR,			\
	  "outbound: an option or extension header before AH is malformed") \
	D(OUT_AH_ROUTE, "out_ah_route", IP_INHDR,			\
	  "outbound: a source route before AH is of a type not predictable") \
	D(OUT_AH_LONG, "out_ah_long", IP_INHDR,				\
	  "outbound: more extension headers than can stand before AH")	\
	D(IN_NESTED, "in_nested", XFRM_POLICY,				\
	  "inbound: more SAs one inside the other than are opened")	\
	C(IN_ECN_UNUSED, "in_ecn_unused",				\
	  "packets received with outer ECT(0) over inner ECT(1)")	\
	C(IN_ECN_DANGER, "in_ecn_danger",				\
	  "packets received with an outer ECN field that no tunnel makes") \
	D(IN_ICMP_QUOTE, "in_icmp_quote", XFRM_POLICY,			\
	  "inbound: an ICMP error about a packet that the SA does not carry") \
	D(IN_ENCAP, "in_encap", XFRM_POLICY,				\
	  "inbound: in UDP and the SA has no encapsulation, or the reverse") \
	D(IN_GSO, "in_gso", SKB_GSO_SEG,				\
	  "inbound: a large UDP packet could not be cut to datagrams")	\
	C(IN_KEEPALIVE, "in_keepalive",					\
	  "NAT keepalives received on a port of an SA, and consumed")	\
	C(OUT_KEEPALIVE, "out_keepalive",				\
	  "NAT keepalives sent")					\
	C(OUT_DUMMY, "out_dummy",					\
	  "dummy packets (next header 59) sent through an SA")		\
	C(IN_ESN_RESYNC, "in_esn_resync",				\
	  "lost upper halves of extended sequence numbers found again")	\
	D(IN_PAD_BYTES, "in_pad_bytes", IP_INHDR,			\
	  "inbound: padding is not 1, 2, 3 and so on")			\
	C(AUDIT_LOST, "audit_lost",					\
	  "records not written to the audit log, since there were too many") \
	C(OUT_ACQUIRE, "out_acquire",					\
	  "packets that waited for an SA")				\
	D(OUT_ACQUIRE_FULL, "out_acquire_full", XFRM_POLICY,		\
	  "outbound: no SA fits, and too much waits for SAs already")	\
	D(OUT_ACQUIRE_TIMEOUT, "out_acquire_timeout", XFRM_POLICY,	\
	  "outbound: no SA came while the packet waited for it")	\
	D(OUT_ACQUIRE_GONE, "out_acquire_gone", XFRM_POLICY,		\
	  "outbound: its device went while the packet waited for an SA")	\
	D(IN_EXPIRED, "in_expired", XFRM_POLICY,			\
	  "inbound: the SA's lifetime is used up")			\
	D(OUT_EXPIRED, "out_expired", XFRM_POLICY,			\
	  "outbound: the SA's lifetime is used up")				\
	C(OUT_COMP, "out_comp",						\
	  "packets sent through an SA of IPComp that were compressed")	\
	C(OUT_COMP_NOT, "out_comp_not",					\
	  "packets sent through an SA of IPComp as they were, being small or getting no smaller") \
	C(IN_COMP, "in_comp",						\
	  "packets decompressed by an SA of IPComp")			\
	D(IN_COMP_CPI, "in_comp_cpi", XFRM_POLICY,			\
	  "inbound: IPComp with a CPI that no SA has for an address of this host") \
	D(IN_COMP_NESTED, "in_comp_nested", IP_INHDR,			\
	  "inbound: IPComp once more in what was decompressed")		\
	D(IN_COMP_DATA, "in_comp_data", IP_INHDR,			\
	  "inbound: IPComp data are cut off, malformed or followed by more") \
	D(IN_COMP_LONG, "in_comp_long", PKT_TOO_BIG,			\
	  "inbound: decompressed, longer than an IP packet can be")	\
	D(OUT_SEQ_MAX, "out_seq_max", XFRM_POLICY,			\
	  "outbound: the SA has come to the seq-max it was given")	\
	D(OUT_HIBERNATION, "out_hibernation", XFRM_POLICY,		\
	  "outbound: memory is being saved, with the numbers that are used") \
	D(OUT_REDIRECT, "out_redirect", XFRM_POLICY,			\
	  "outbound: a redirect in the clear about a packet that came protected") \
	D(OUT_NAT, "out_nat", XFRM_POLICY,				\
	  "outbound: NAT has hidden its source from the policy that protects it")

/**
 * enum nfipsec_reason - outcome of a step in the packet path
 * @NFIPSEC_OK: go on with the packet; never counted
 * @NFIPSEC_REASON_MAX: number of reasons, the size of a counter array
 *
 * The others are made from NFIPSEC_REASONS and carry their sentence there.
 */
enum nfipsec_reason {
	NFIPSEC_OK,
	/* private: kernel-doc does not expand it */
#define D(id, name, core, doc) NFIPSEC_##id,
#define C(id, name, doc) NFIPSEC_##id,
	NFIPSEC_REASONS(D, C)
#undef D
#undef C
	/* public: */
	NFIPSEC_REASON_MAX
};

/**
 * struct nfipsec_reason_info - what people are told of a reason
 * @name: counter name, stable
 * @doc: one sentence
 * @core: enum skb_drop_reason to free the packet with
 * @drop: each count is a dropped packet
 */
struct nfipsec_reason_info {
	const char *name;
	const char *doc;
	int core;
	bool drop;
};

/* Indexed by enum nfipsec_reason; entry 0 (NFIPSEC_OK) is empty. */
extern const struct nfipsec_reason_info nfipsec_reasons[NFIPSEC_REASON_MAX];

#endif
