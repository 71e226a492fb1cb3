/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nfipsec.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_NFIPSEC_H
#define _UAPI_LINUX_NFIPSEC_H

#define NFIPSEC_FAMILY_NAME	"nfipsec"
#define NFIPSEC_FAMILY_VERSION	1

/**
 * enum nfipsec_dir - Direction of a policy or of an SA.
 * @NFIPSEC_DIR_ANY: An SA that may serve either direction, not valid for a
 *   policy.
 */
enum nfipsec_dir {
	NFIPSEC_DIR_ANY,
	NFIPSEC_DIR_IN,
	NFIPSEC_DIR_OUT,
};

/**
 * enum nfipsec_mode - IPsec mode, RFC 4301 section 4.1.
 * @NFIPSEC_MODE_BEET: Bound end-to-end tunnel: like transport mode on the
 *   wire, between the SA's addresses; the packets inside are between the two
 *   addresses of its selector.
 */
enum nfipsec_mode {
	NFIPSEC_MODE_TRANSPORT,
	NFIPSEC_MODE_TUNNEL,
	NFIPSEC_MODE_BEET,
};

/**
 * enum nfipsec_action - What a policy does with a packet, RFC 4301 section
 *   4.4.1.
 */
enum nfipsec_action {
	NFIPSEC_ACTION_BYPASS,
	NFIPSEC_ACTION_DISCARD,
	NFIPSEC_ACTION_PROTECT,
};

/**
 * enum nfipsec_sa_state
 * @NFIPSEC_SA_STATE_LARVAL: Only its SPI is reserved, it has no keys and
 *   carries no packet.
 */
enum nfipsec_sa_state {
	NFIPSEC_SA_STATE_LARVAL,
	NFIPSEC_SA_STATE_MATURE,
};

/**
 * enum nfipsec_sa_flag
 * @NFIPSEC_SA_FLAG_ESN: 64 bit extended sequence numbers, RFC 4304.
 * @NFIPSEC_SA_FLAG_NOECN: Tunnel mode, do not propagate ECN between outer and
 *   inner header.
 * @NFIPSEC_SA_FLAG_DECAP_DSCP: Tunnel mode, copy the outer DSCP to the inner
 *   header on receipt.
 * @NFIPSEC_SA_FLAG_NOPMTUDISC: Tunnel mode over IPv4, clear DF in the outer
 *   header.
 * @NFIPSEC_SA_FLAG_IIV: Implicit IV, RFC 8750: none is in the packet, it is
 *   the sequence number. AES-GCM, AES-CCM and ChaCha20-Poly1305 only.
 * @NFIPSEC_SA_FLAG_ALIGN8: AH over IPv4, send a header that is a multiple of 8
 *   bytes, where RFC 4302 asks for 4 and XFRM without its flag align4 takes no
 *   other.
 * @NFIPSEC_SA_FLAG_ICMP: Carry an ICMP error that no policy or selector allows
 *   if they allow the packet that it quotes, with source and destination
 *   exchanged; RFC 4301 section 6.2.
 * @NFIPSEC_SA_FLAG_ICMP_CHECK: Refuse an ICMP error received through the SA
 *   unless they allow the packet that it quotes, with source and destination
 *   exchanged.
 * @NFIPSEC_SA_FLAG_CHECK_PAD: Refuse received packets whose padding is not 1,
 *   2, 3 and so on; RFC 4303 section 2.4.
 * @NFIPSEC_SA_FLAG_SEQ_ROLLOVER: After sequence number 4294967295 comes 0,
 *   where the SA else stops; RFC 4301 section 4.4.2.1. Only without
 *   anti-replay and ESN, and with an algorithm whose IV is not made of the
 *   number.
 */
enum nfipsec_sa_flag {
	NFIPSEC_SA_FLAG_ESN = 1,
	NFIPSEC_SA_FLAG_NOECN = 2,
	NFIPSEC_SA_FLAG_DECAP_DSCP = 4,
	NFIPSEC_SA_FLAG_NOPMTUDISC = 8,
	NFIPSEC_SA_FLAG_IIV = 16,
	NFIPSEC_SA_FLAG_ALIGN8 = 32,
	NFIPSEC_SA_FLAG_ICMP = 64,
	NFIPSEC_SA_FLAG_ICMP_CHECK = 128,
	NFIPSEC_SA_FLAG_CHECK_PAD = 256,
	NFIPSEC_SA_FLAG_SEQ_ROLLOVER = 512,
};

/**
 * enum nfipsec_ecn - What a tunnel does with the ECN field, RFC 6040.
 * @NFIPSEC_ECN_NORMAL: Copied to the outer header; on receipt, figure 4 of the
 *   RFC.
 * @NFIPSEC_ECN_COMPAT: Outer header not ECN capable; on receipt, figure 4 of
 *   the RFC.
 * @NFIPSEC_ECN_OFF: As flag noecn, outer header not ECN capable and ignored on
 *   receipt.
 */
enum nfipsec_ecn {
	NFIPSEC_ECN_NORMAL,
	NFIPSEC_ECN_COMPAT,
	NFIPSEC_ECN_OFF,
};

/**
 * enum nfipsec_df - What becomes of DF in an outer IPv4 header, RFC 4301
 *   section 8.1.
 * @NFIPSEC_DF_COPY: As in the inner header; set for an inner IPv6 packet.
 * @NFIPSEC_DF_CLEAR: As flag nopmtudisc.
 */
enum nfipsec_df {
	NFIPSEC_DF_COPY,
	NFIPSEC_DF_SET,
	NFIPSEC_DF_CLEAR,
};

/**
 * enum nfipsec_label - Where the flow label of an outer IPv6 header comes
 *   from.
 * @NFIPSEC_LABEL_VALUE: It is label-value.
 * @NFIPSEC_LABEL_COPY: From an inner IPv6 header; 0 for an inner IPv4 packet.
 * @NFIPSEC_LABEL_HASH: A keyed hash of the inner addresses, protocol and
 *   ports.
 */
enum nfipsec_label {
	NFIPSEC_LABEL_VALUE,
	NFIPSEC_LABEL_COPY,
	NFIPSEC_LABEL_HASH,
};

/**
 * enum nfipsec_frag - When an IPv4 packet is fragmented that does not fit the
 *   path and has DF clear, RFC 4301 section 8.2.1.
 * @NFIPSEC_FRAG_AFTER: After it was sealed, the receiver puts it together
 *   first.
 * @NFIPSEC_FRAG_BEFORE: Before it is sealed, the fragments travel through the
 *   tunnel.
 */
enum nfipsec_frag {
	NFIPSEC_FRAG_AFTER,
	NFIPSEC_FRAG_BEFORE,
};

/**
 * enum nfipsec_encap_type - What stands between IP and ESP, numbered as in
 *   linux/udp.h.
 * @NFIPSEC_ENCAP_TYPE_ESPINUDP: A UDP header, RFC 3948.
 */
enum nfipsec_encap_type {
	NFIPSEC_ENCAP_TYPE_ESPINUDP = 2,
};

/**
 * enum nfipsec_limit - What limits the life of an SA.
 * @NFIPSEC_LIMIT_BYTES: Those that the algorithm works on, see used-bytes of
 *   an SA.
 * @NFIPSEC_LIMIT_TIME: Since the SA was added, or made mature.
 * @NFIPSEC_LIMIT_TIME_USE: Since the first packet.
 * @NFIPSEC_LIMIT_SEQ: Sequence numbers to send with. No attribute sets it, it
 *   is 2^32 - 1 or with flag esn 2^64 - 2^20 - 1; soft is 15/16 of that. With
 *   flag seq-rollover there is none.
 * @NFIPSEC_LIMIT_SEQ_MAX: The seq-max that the SA was given; soft is half of
 *   what it left.
 */
enum nfipsec_limit {
	NFIPSEC_LIMIT_BYTES,
	NFIPSEC_LIMIT_PACKETS,
	NFIPSEC_LIMIT_TIME,
	NFIPSEC_LIMIT_TIME_USE,
	NFIPSEC_LIMIT_SEQ,
	NFIPSEC_LIMIT_SEQ_MAX,
};

/**
 * enum nfipsec_pfp_flag - Fields whose value an SA has from a packet and not
 *   from the policy, RFC 4301 section 4.4.1.
 * @NFIPSEC_PFP_FLAG_SRC: Source address.
 * @NFIPSEC_PFP_FLAG_DST: Destination address.
 * @NFIPSEC_PFP_FLAG_PROTO: Next layer protocol.
 * @NFIPSEC_PFP_FLAG_SPORT: Source port, or the type of ICMP or the mobility
 *   header.
 * @NFIPSEC_PFP_FLAG_DPORT: Destination port.
 */
enum nfipsec_pfp_flag {
	NFIPSEC_PFP_FLAG_SRC = 1,
	NFIPSEC_PFP_FLAG_DST = 2,
	NFIPSEC_PFP_FLAG_PROTO = 4,
	NFIPSEC_PFP_FLAG_SPORT = 8,
	NFIPSEC_PFP_FLAG_DPORT = 16,
};

/**
 * enum nfipsec_change_kind - What has changed in the SAD or the SPD.
 * @NFIPSEC_CHANGE_KIND_DELETED: By request; of an SA that has reached a limit
 *   expire-ntf tells.
 * @NFIPSEC_CHANGE_KIND_MOVED: Of an SA, by sa-move.
 * @NFIPSEC_CHANGE_KIND_FLUSHED: All, or those of an owner, and of policies
 *   those of a direction.
 */
enum nfipsec_change_kind {
	NFIPSEC_CHANGE_KIND_NEW,
	NFIPSEC_CHANGE_KIND_UPDATED,
	NFIPSEC_CHANGE_KIND_DELETED,
	NFIPSEC_CHANGE_KIND_MOVED,
	NFIPSEC_CHANGE_KIND_FLUSHED,
};

/**
 * enum nfipsec_feature - What the module can do, for who must work with
 *   several versions of it.
 * @NFIPSEC_FEATURE_ESN: Extended sequence numbers.
 * @NFIPSEC_FEATURE_IIV: Implicit IVs, RFC 8750.
 * @NFIPSEC_FEATURE_IPCOMP: Not with a kernel that has no zlib.
 * @NFIPSEC_FEATURE_TFC: Padding and dummy packets.
 * @NFIPSEC_FEATURE_MOVE: sa-move.
 * @NFIPSEC_FEATURE_CHANGES: The group of that name.
 */
enum nfipsec_feature {
	NFIPSEC_FEATURE_AH = 1,
	NFIPSEC_FEATURE_ESN = 2,
	NFIPSEC_FEATURE_IIV = 4,
	NFIPSEC_FEATURE_IPCOMP = 8,
	NFIPSEC_FEATURE_BEET = 16,
	NFIPSEC_FEATURE_UDP_ENCAP = 32,
	NFIPSEC_FEATURE_TFC = 64,
	NFIPSEC_FEATURE_MULTICAST = 128,
	NFIPSEC_FEATURE_LIFETIME = 256,
	NFIPSEC_FEATURE_ACQUIRE = 512,
	NFIPSEC_FEATURE_OWNER = 1024,
	NFIPSEC_FEATURE_MOVE = 2048,
	NFIPSEC_FEATURE_CHANGES = 4096,
};

/**
 * enum nfipsec_algo_use - What an algorithm is for.
 * @NFIPSEC_ALGO_USE_AEAD: Encrypts and authenticates; with flag ah it is for
 *   AH too.
 */
enum nfipsec_algo_use {
	NFIPSEC_ALGO_USE_AEAD,
	NFIPSEC_ALGO_USE_ENC,
	NFIPSEC_ALGO_USE_AUTH,
	NFIPSEC_ALGO_USE_COMP,
};

/**
 * enum nfipsec_algo_state
 * @NFIPSEC_ALGO_STATE_UNKNOWN: Not in the kernel as it is; a module may bring
 *   it, see lacks.
 * @NFIPSEC_ALGO_STATE_MISSING: A module was looked for, and there is none.
 */
enum nfipsec_algo_state {
	NFIPSEC_ALGO_STATE_UNKNOWN,
	NFIPSEC_ALGO_STATE_READY,
	NFIPSEC_ALGO_STATE_MISSING,
};

/**
 * enum nfipsec_algo_flag
 * @NFIPSEC_ALGO_FLAG_IIV: Flag iiv of an SA goes with it.
 * @NFIPSEC_ALGO_FLAG_AH: AH may use it, also if it is an AEAD.
 * @NFIPSEC_ALGO_FLAG_WEAK: Taken only where weak is set.
 */
enum nfipsec_algo_flag {
	NFIPSEC_ALGO_FLAG_IIV = 1,
	NFIPSEC_ALGO_FLAG_AH = 2,
	NFIPSEC_ALGO_FLAG_WEAK = 4,
};

enum {
	NFIPSEC_A_ADDR_RANGE_ADDR = 1,
	NFIPSEC_A_ADDR_RANGE_PLEN,
	NFIPSEC_A_ADDR_RANGE_END,

	__NFIPSEC_A_ADDR_RANGE_MAX,
	NFIPSEC_A_ADDR_RANGE_MAX = (__NFIPSEC_A_ADDR_RANGE_MAX - 1)
};

enum {
	NFIPSEC_A_PORT_RANGE_LOW = 1,
	NFIPSEC_A_PORT_RANGE_HIGH,

	__NFIPSEC_A_PORT_RANGE_MAX,
	NFIPSEC_A_PORT_RANGE_MAX = (__NFIPSEC_A_PORT_RANGE_MAX - 1)
};

enum {
	NFIPSEC_A_SELECTOR_FAMILY = 1,
	NFIPSEC_A_SELECTOR_SRC,
	NFIPSEC_A_SELECTOR_SRC_PLEN,
	NFIPSEC_A_SELECTOR_SRC_END,
	NFIPSEC_A_SELECTOR_DST,
	NFIPSEC_A_SELECTOR_DST_PLEN,
	NFIPSEC_A_SELECTOR_DST_END,
	NFIPSEC_A_SELECTOR_PROTO,
	NFIPSEC_A_SELECTOR_SPORT_MIN,
	NFIPSEC_A_SELECTOR_SPORT_MAX,
	NFIPSEC_A_SELECTOR_DPORT_MIN,
	NFIPSEC_A_SELECTOR_DPORT_MAX,
	NFIPSEC_A_SELECTOR_TYPE_MIN,
	NFIPSEC_A_SELECTOR_TYPE_MAX,
	NFIPSEC_A_SELECTOR_SRC_MORE,
	NFIPSEC_A_SELECTOR_DST_MORE,
	NFIPSEC_A_SELECTOR_SPORT_MORE,
	NFIPSEC_A_SELECTOR_DPORT_MORE,
	NFIPSEC_A_SELECTOR_TYPE_MORE,

	__NFIPSEC_A_SELECTOR_MAX,
	NFIPSEC_A_SELECTOR_MAX = (__NFIPSEC_A_SELECTOR_MAX - 1)
};

enum {
	NFIPSEC_A_TMPL_SRC = 1,
	NFIPSEC_A_TMPL_DST,
	NFIPSEC_A_TMPL_PROTO,
	NFIPSEC_A_TMPL_MODE,
	NFIPSEC_A_TMPL_REQID,
	NFIPSEC_A_TMPL_SPI,
	NFIPSEC_A_TMPL_ALGO,
	NFIPSEC_A_TMPL_ESN,
	NFIPSEC_A_TMPL_DF,
	NFIPSEC_A_TMPL_DSCP,
	NFIPSEC_A_TMPL_DSCP_COPY,

	__NFIPSEC_A_TMPL_MAX,
	NFIPSEC_A_TMPL_MAX = (__NFIPSEC_A_TMPL_MAX - 1)
};

enum {
	NFIPSEC_A_OUTER_ECN = 1,
	NFIPSEC_A_OUTER_DSCP,
	NFIPSEC_A_OUTER_DF,
	NFIPSEC_A_OUTER_HOP_LIMIT,
	NFIPSEC_A_OUTER_LABEL,
	NFIPSEC_A_OUTER_LABEL_VALUE,
	NFIPSEC_A_OUTER_FRAG,

	__NFIPSEC_A_OUTER_MAX,
	NFIPSEC_A_OUTER_MAX = (__NFIPSEC_A_OUTER_MAX - 1)
};

enum {
	NFIPSEC_A_ENCAP_TYPE = 1,
	NFIPSEC_A_ENCAP_SPORT,
	NFIPSEC_A_ENCAP_DPORT,
	NFIPSEC_A_ENCAP_OA,
	NFIPSEC_A_ENCAP_KEEPALIVE,

	__NFIPSEC_A_ENCAP_MAX,
	NFIPSEC_A_ENCAP_MAX = (__NFIPSEC_A_ENCAP_MAX - 1)
};

enum {
	NFIPSEC_A_TFC_PAD = 1,
	NFIPSEC_A_TFC_DUMMY_INTERVAL,

	__NFIPSEC_A_TFC_MAX,
	NFIPSEC_A_TFC_MAX = (__NFIPSEC_A_TFC_MAX - 1)
};

enum {
	NFIPSEC_A_LIFETIME_PAD = 1,
	NFIPSEC_A_LIFETIME_BYTE_SOFT,
	NFIPSEC_A_LIFETIME_BYTE_HARD,
	NFIPSEC_A_LIFETIME_PACKET_SOFT,
	NFIPSEC_A_LIFETIME_PACKET_HARD,
	NFIPSEC_A_LIFETIME_TIME_SOFT,
	NFIPSEC_A_LIFETIME_TIME_HARD,
	NFIPSEC_A_LIFETIME_TIME_USE_SOFT,
	NFIPSEC_A_LIFETIME_TIME_USE_HARD,

	__NFIPSEC_A_LIFETIME_MAX,
	NFIPSEC_A_LIFETIME_MAX = (__NFIPSEC_A_LIFETIME_MAX - 1)
};

enum {
	NFIPSEC_A_MOVE_SRC = 1,
	NFIPSEC_A_MOVE_DST,
	NFIPSEC_A_MOVE_ENCAP,
	NFIPSEC_A_MOVE_NO_ENCAP,
	NFIPSEC_A_MOVE_REQID,

	__NFIPSEC_A_MOVE_MAX,
	NFIPSEC_A_MOVE_MAX = (__NFIPSEC_A_MOVE_MAX - 1)
};

enum {
	NFIPSEC_A_SA_PAD = 1,
	NFIPSEC_A_SA_SRC,
	NFIPSEC_A_SA_DST,
	NFIPSEC_A_SA_PROTO,
	NFIPSEC_A_SA_SPI,
	NFIPSEC_A_SA_SPI_MIN,
	NFIPSEC_A_SA_SPI_MAX,
	NFIPSEC_A_SA_MODE,
	NFIPSEC_A_SA_REQID,
	NFIPSEC_A_SA_DIR,
	NFIPSEC_A_SA_STATE,
	NFIPSEC_A_SA_FLAGS,
	NFIPSEC_A_SA_REPLAY_WINDOW,
	NFIPSEC_A_SA_SEQ_OUT,
	NFIPSEC_A_SA_SEQ_IN,
	NFIPSEC_A_SA_AEAD_NAME,
	NFIPSEC_A_SA_AEAD_KEY,
	NFIPSEC_A_SA_AEAD_ICV_BITS,
	NFIPSEC_A_SA_ENC_NAME,
	NFIPSEC_A_SA_ENC_KEY,
	NFIPSEC_A_SA_AUTH_NAME,
	NFIPSEC_A_SA_AUTH_KEY,
	NFIPSEC_A_SA_AUTH_ICV_BITS,
	NFIPSEC_A_SA_SELECTOR,
	NFIPSEC_A_SA_PACKETS,
	NFIPSEC_A_SA_BYTES,
	NFIPSEC_A_SA_REPLAY_DROPS,
	NFIPSEC_A_SA_AUTH_DROPS,
	NFIPSEC_A_SA_ADD_TIME,
	NFIPSEC_A_SA_OUTER,
	NFIPSEC_A_SA_PMTU_AGE,
	NFIPSEC_A_SA_PMTU,
	NFIPSEC_A_SA_ENCAP,
	NFIPSEC_A_SA_TFC,
	NFIPSEC_A_SA_DSCP_SET,
	NFIPSEC_A_SA_LIFETIME,
	NFIPSEC_A_SA_USED_BYTES,
	NFIPSEC_A_SA_USED_PACKETS,
	NFIPSEC_A_SA_USE_TIME,
	NFIPSEC_A_SA_LAST_USED,
	NFIPSEC_A_SA_COMP_NAME,
	NFIPSEC_A_SA_OWNER,
	NFIPSEC_A_SA_SEQ_MAX,
	NFIPSEC_A_SA_SEQ_MAX_OLD,
	NFIPSEC_A_SA_MOVE,
	NFIPSEC_A_SA_CHANGE,

	__NFIPSEC_A_SA_MAX,
	NFIPSEC_A_SA_MAX = (__NFIPSEC_A_SA_MAX - 1)
};

enum {
	NFIPSEC_A_MAPPING_DST = 1,
	NFIPSEC_A_MAPPING_PROTO,
	NFIPSEC_A_MAPPING_SPI,
	NFIPSEC_A_MAPPING_REQID,
	NFIPSEC_A_MAPPING_OLD_SRC,
	NFIPSEC_A_MAPPING_OLD_SPORT,
	NFIPSEC_A_MAPPING_NEW_SRC,
	NFIPSEC_A_MAPPING_NEW_SPORT,

	__NFIPSEC_A_MAPPING_MAX,
	NFIPSEC_A_MAPPING_MAX = (__NFIPSEC_A_MAPPING_MAX - 1)
};

enum {
	NFIPSEC_A_EXPIRE_PAD = 1,
	NFIPSEC_A_EXPIRE_SRC,
	NFIPSEC_A_EXPIRE_DST,
	NFIPSEC_A_EXPIRE_PROTO,
	NFIPSEC_A_EXPIRE_SPI,
	NFIPSEC_A_EXPIRE_REQID,
	NFIPSEC_A_EXPIRE_HARD,
	NFIPSEC_A_EXPIRE_LIMIT,
	NFIPSEC_A_EXPIRE_USED_BYTES,
	NFIPSEC_A_EXPIRE_USED_PACKETS,

	__NFIPSEC_A_EXPIRE_MAX,
	NFIPSEC_A_EXPIRE_MAX = (__NFIPSEC_A_EXPIRE_MAX - 1)
};

enum {
	NFIPSEC_A_POLICY_PAD = 1,
	NFIPSEC_A_POLICY_INDEX,
	NFIPSEC_A_POLICY_DIR,
	NFIPSEC_A_POLICY_SELECTOR,
	NFIPSEC_A_POLICY_PRIORITY,
	NFIPSEC_A_POLICY_ACTION,
	NFIPSEC_A_POLICY_TMPL,
	NFIPSEC_A_POLICY_PACKETS,
	NFIPSEC_A_POLICY_PFP,
	NFIPSEC_A_POLICY_NAME,
	NFIPSEC_A_POLICY_OWNER,
	NFIPSEC_A_POLICY_SELECTOR_MORE,
	NFIPSEC_A_POLICY_CHANGE,

	__NFIPSEC_A_POLICY_MAX,
	NFIPSEC_A_POLICY_MAX = (__NFIPSEC_A_POLICY_MAX - 1)
};

enum {
	NFIPSEC_A_DEFAULT_IN = 1,
	NFIPSEC_A_DEFAULT_OUT,
	NFIPSEC_A_DEFAULT_PAD,
	NFIPSEC_A_DEFAULT_WEAK,
	NFIPSEC_A_DEFAULT_AUDIT,
	NFIPSEC_A_DEFAULT_ACQUIRE_TIMEOUT,

	__NFIPSEC_A_DEFAULT_MAX,
	NFIPSEC_A_DEFAULT_MAX = (__NFIPSEC_A_DEFAULT_MAX - 1)
};

enum {
	NFIPSEC_A_COUNTER_PAD = 1,
	NFIPSEC_A_COUNTER_NAME,
	NFIPSEC_A_COUNTER_VALUE,
	NFIPSEC_A_COUNTER_DOC,
	NFIPSEC_A_COUNTER_DROP,

	__NFIPSEC_A_COUNTER_MAX,
	NFIPSEC_A_COUNTER_MAX = (__NFIPSEC_A_COUNTER_MAX - 1)
};

enum {
	NFIPSEC_A_STATS_COUNTER = 1,
	NFIPSEC_A_STATS_SA_COUNT,
	NFIPSEC_A_STATS_POLICY_IN_COUNT,
	NFIPSEC_A_STATS_POLICY_OUT_COUNT,
	NFIPSEC_A_STATS_PAD,

	__NFIPSEC_A_STATS_MAX,
	NFIPSEC_A_STATS_MAX = (__NFIPSEC_A_STATS_MAX - 1)
};

enum {
	NFIPSEC_A_ACQUIRE_ID = 1,
	NFIPSEC_A_ACQUIRE_POLICY,
	NFIPSEC_A_ACQUIRE_PRIORITY,
	NFIPSEC_A_ACQUIRE_PACKET,
	NFIPSEC_A_ACQUIRE_TMPL,
	NFIPSEC_A_ACQUIRE_PACKETS,

	__NFIPSEC_A_ACQUIRE_MAX,
	NFIPSEC_A_ACQUIRE_MAX = (__NFIPSEC_A_ACQUIRE_MAX - 1)
};

enum {
	NFIPSEC_A_ALGO_NAME = 1,
	NFIPSEC_A_ALGO_ALIAS,
	NFIPSEC_A_ALGO_USE,
	NFIPSEC_A_ALGO_KEY_LEN,
	NFIPSEC_A_ALGO_SALT_LEN,
	NFIPSEC_A_ALGO_ICV_BITS,
	NFIPSEC_A_ALGO_FLAGS,
	NFIPSEC_A_ALGO_STATE,
	NFIPSEC_A_ALGO_RFC,
	NFIPSEC_A_ALGO_LACKS,

	__NFIPSEC_A_ALGO_MAX,
	NFIPSEC_A_ALGO_MAX = (__NFIPSEC_A_ALGO_MAX - 1)
};

enum {
	NFIPSEC_A_FEATURES_VERSION = 1,
	NFIPSEC_A_FEATURES_FLAGS,
	NFIPSEC_A_FEATURES_LOAD,
	NFIPSEC_A_FEATURES_ALGO,

	__NFIPSEC_A_FEATURES_MAX,
	NFIPSEC_A_FEATURES_MAX = (__NFIPSEC_A_FEATURES_MAX - 1)
};

enum {
	NFIPSEC_CMD_SA_NEW = 1,
	NFIPSEC_CMD_SA_UPDATE,
	NFIPSEC_CMD_SA_DEL,
	NFIPSEC_CMD_SA_GET,
	NFIPSEC_CMD_SA_FLUSH,
	NFIPSEC_CMD_SA_ALLOCSPI,
	NFIPSEC_CMD_POLICY_NEW,
	NFIPSEC_CMD_POLICY_UPDATE,
	NFIPSEC_CMD_POLICY_DEL,
	NFIPSEC_CMD_POLICY_GET,
	NFIPSEC_CMD_POLICY_FLUSH,
	NFIPSEC_CMD_DEFAULT_GET,
	NFIPSEC_CMD_DEFAULT_SET,
	NFIPSEC_CMD_STATS_GET,
	NFIPSEC_CMD_MAPPING_NTF,
	NFIPSEC_CMD_ACQUIRE_NTF,
	NFIPSEC_CMD_ACQUIRE_GET,
	NFIPSEC_CMD_EXPIRE_NTF,
	NFIPSEC_CMD_SA_MOVE,
	NFIPSEC_CMD_SA_CHANGE_NTF,
	NFIPSEC_CMD_POLICY_CHANGE_NTF,
	NFIPSEC_CMD_FEATURES_GET,

	__NFIPSEC_CMD_MAX,
	NFIPSEC_CMD_MAX = (__NFIPSEC_CMD_MAX - 1)
};

#define NFIPSEC_MCGRP_EVENTS	"events"
#define NFIPSEC_MCGRP_CHANGES	"changes"

#endif /* _UAPI_LINUX_NFIPSEC_H */
