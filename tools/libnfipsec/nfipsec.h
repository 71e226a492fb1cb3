/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libnfipsec: the generic netlink family "nfipsec" as C calls.
 *
 * Every structure mirrors one attribute set of
 * Documentation/netlink/specs/nfipsec.yaml and begins with a mask that says
 * which members hold something: bit NFIPSEC_HAS(NFIPSEC_A_SA_REQID) stands for
 * nfipsec_sa.reqid, and so on. In a request a member whose bit is clear is not
 * sent; in an answer it was not received, and is zero.
 *
 * Integers are in host byte order, SPIs too. Addresses carry their family.
 *
 * Calls return 0 or a negative errno. nfipsec_error() then has one sentence
 * without a newline for the person in front of the machine: what the kernel
 * said, and in parentheses the attribute that it did not like.
 *
 * A handle belongs to the network namespace in which it was opened and is used
 * by one thread at a time. Callbacks must not use the handle they were called
 * from.
 */
#ifndef LIBNFIPSEC_NFIPSEC_H
#define LIBNFIPSEC_NFIPSEC_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/nfipsec.h>

/* Bit of an attribute in the member "has" of its structure. */
#define NFIPSEC_HAS(attr)	(UINT64_C(1) << (attr))
/*
 * Bit of "has" in an answer: the module told something that this library is too old to
 * know, of this structure or of one that it has as a member, and it was left out. It may be
 * what makes a policy match less than its members say. Numbers are not left out: bits
 * and values that are new stand in their members as they came.
 */
#define NFIPSEC_HAS_UNKNOWN	NFIPSEC_HAS(0)

#define NFIPSEC_NAME_MAX	64	/* algorithm or counter, with the NUL */
#define NFIPSEC_DOC_MAX		160	/* sentence of a counter, likewise */
#define NFIPSEC_POLICY_NAME_MAX	256	/* of a policy, likewise */
#define NFIPSEC_TMPLS_MAX	4	/* templates of a policy */
#define NFIPSEC_TMPL_ALGOS	8	/* algorithms of a template */
#define NFIPSEC_LENS_MAX	8	/* lengths of keys or ICVs of an algorithm */
#define NFIPSEC_POLICY_NAMES	8	/* names of a policy */
#define NFIPSEC_PARTS_MAX	40	/* of a packet that is explained */
#define NFIPSEC_CANDIDATES_MAX	16	/* policies, likewise */
#define NFIPSEC_MORE_MAX	15	/* ranges of a field beside the first, and */
					/* selector sets of a policy */

struct nfipsec;

/**
 * struct nfipsec_addr - an address
 * @family: AF_INET or AF_INET6; 0 if there is none
 * @bytes: network byte order, the first 4 for IPv4
 */
struct nfipsec_addr {
	uint8_t family;
	uint8_t bytes[16];
};

/**
 * struct nfipsec_key - key material, request only
 * @data: borrowed for the call; the library wipes its own copies
 * @len: bytes
 */
struct nfipsec_key {
	const void *data;
	uint32_t len;
};

/**
 * struct nfipsec_addr_range - one more range of addresses
 * @has: bits of NFIPSEC_A_ADDR_RANGE_*
 * @addr: address, or the lowest of a range
 * @plen: prefix length of @addr, excludes @end; the whole address if neither is
 *	there
 * @end: highest address
 */
struct nfipsec_addr_range {
	uint64_t has;
	struct nfipsec_addr addr;
	uint8_t plen;
	struct nfipsec_addr end;
};

/**
 * struct nfipsec_port_range - one more range of ports or types
 * @has: bits of NFIPSEC_A_PORT_RANGE_*
 * @low: lowest
 * @high: highest
 */
struct nfipsec_port_range {
	uint64_t has;
	uint16_t low;
	uint16_t high;
};

/**
 * struct nfipsec_addr_list - ranges of addresses beside the first
 * @n: how many
 * @range: the ranges
 */
struct nfipsec_addr_list {
	uint32_t n;
	struct nfipsec_addr_range range[NFIPSEC_MORE_MAX];
};

/**
 * struct nfipsec_port_list - ranges of ports or types beside the first
 * @n: how many
 * @range: the ranges
 */
struct nfipsec_port_list {
	uint32_t n;
	struct nfipsec_port_range range[NFIPSEC_MORE_MAX];
};

/**
 * struct nfipsec_selector - traffic, RFC 4301 section 4.4.1.1
 * @has: bits of NFIPSEC_A_SELECTOR_*; an address that is not there is any
 *	address, a port range that is not there any port
 * @family: AF_INET or AF_INET6, needed if neither @src nor @dst is there
 * @src: source address, or the lowest of a range
 * @src_plen: prefix length of @src, excludes @src_end; the whole address if
 *	neither is there
 * @src_end: highest source address
 * @dst: destination address, or the lowest of a range
 * @dst_plen: as @src_plen
 * @dst_end: highest destination address
 * @proto: next layer protocol, 0 is any
 * @sport_min: lowest source port
 * @sport_max: highest source port
 * @dport_min: lowest destination port
 * @dport_max: highest destination port
 * @type_min: lowest ICMP type and code, 256 times the type plus the code; or
 *	256 times the lowest type of the mobility header
 * @type_max: highest; of the mobility header plus 255
 * @src_more: ranges beside that of @src
 * @dst_more: beside that of @dst
 * @sport_more: beside that of @sport_min
 * @dport_more: beside that of @dport_min
 * @type_more: beside that of @type_min
 * @iif: index of the interface that the packet came in by; this and the
 *	following are for policies
 * @oif: of the interface that it leaves by, with direction out
 * @vrf: of the VRF that it is in
 * @mark: its mark, in the bits of @mark_mask
 * @mark_mask: bits of the mark that count, all of them if it is not there
 */
struct nfipsec_selector {
	uint64_t has;
	uint8_t family;
	struct nfipsec_addr src;
	uint8_t src_plen;
	struct nfipsec_addr src_end;
	struct nfipsec_addr dst;
	uint8_t dst_plen;
	struct nfipsec_addr dst_end;
	uint8_t proto;
	uint16_t sport_min;
	uint16_t sport_max;
	uint16_t dport_min;
	uint16_t dport_max;
	uint16_t type_min;
	uint16_t type_max;
	struct nfipsec_addr_list src_more;
	struct nfipsec_addr_list dst_more;
	struct nfipsec_port_list sport_more;
	struct nfipsec_port_list dport_more;
	struct nfipsec_port_list type_more;
	uint32_t iif;
	uint32_t oif;
	uint32_t vrf;
	uint32_t mark;
	uint32_t mark_mask;
};

/**
 * struct nfipsec_selector_list - selector sets beside the first
 * @n: how many
 * @selector: the sets
 */
struct nfipsec_selector_list {
	uint32_t n;
	struct nfipsec_selector selector[NFIPSEC_MORE_MAX];
};

/**
 * struct nfipsec_title_list - names of a policy
 * @n: how many
 * @name: the names
 */
struct nfipsec_title_list {
	uint32_t n;
	char name[NFIPSEC_POLICY_NAMES][NFIPSEC_POLICY_NAME_MAX];
};

/**
 * struct nfipsec_name_list - names of algorithms
 * @n: how many
 * @name: the names
 */
struct nfipsec_name_list {
	uint32_t n;
	char name[NFIPSEC_TMPL_ALGOS][NFIPSEC_NAME_MAX];
};

/**
 * struct nfipsec_tmpl - an SA that a protect policy asks for
 * @has: bits of NFIPSEC_A_TMPL_*
 * @src: outer source; may be absent in transport mode
 * @dst: outer destination; may be absent in transport mode
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @mode: enum nfipsec_mode
 * @reqid: 0 is any
 * @spi: 0 is any
 * @algos: algorithms that the SA may have, any if there is none
 * @esn: whether the SA must have extended sequence numbers, either if absent
 * @df: enum nfipsec_df that the SA must have, any if absent; tunnel mode only,
 *	as @dscp
 * @dscp: DSCP that the SA must give to outer headers, any if absent; bit
 *	NFIPSEC_A_TMPL_DSCP_COPY of @has: it must copy the inner one
 */
struct nfipsec_tmpl {
	uint64_t has;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint8_t mode;
	uint32_t reqid;
	uint32_t spi;
	struct nfipsec_name_list algos;
	uint8_t esn;
	uint8_t df;
	uint8_t dscp;
};

/**
 * struct nfipsec_outer - outer header of a tunnel, RFC 4301 section 5.1.2
 * @has: bits of NFIPSEC_A_OUTER_*
 * @ecn: enum nfipsec_ecn
 * @dscp: DSCP of the outer header; that of the inner one if absent
 * @df: enum nfipsec_df
 * @hop_limit: TTL or hop limit; that of the route if absent
 * @label: enum nfipsec_label
 * @label_value: flow label, 0 if absent
 * @frag: enum nfipsec_frag
 */
struct nfipsec_outer {
	uint64_t has;
	uint8_t ecn;
	uint8_t dscp;
	uint8_t df;
	uint8_t hop_limit;
	uint8_t label;
	uint32_t label_value;
	uint8_t frag;
};

/**
 * struct nfipsec_encap - UDP between IP and ESP, RFC 3948
 * @has: bits of NFIPSEC_A_ENCAP_*
 * @type: enum nfipsec_encap_type
 * @sport: source port of the SA's packets
 * @dport: their destination port
 * @oa: source address of the peer behind the NAT
 * @keepalive: seconds without a packet until a keepalive is sent, 0 is never
 */
struct nfipsec_encap {
	uint64_t has;
	uint8_t type;
	uint16_t sport;
	uint16_t dport;
	struct nfipsec_addr oa;
	uint32_t keepalive;
};

/**
 * struct nfipsec_tfc - against traffic analysis, RFC 4303 sections 2.6 and 2.7
 * @has: bits of NFIPSEC_A_TFC_*
 * @pad: bytes that payloads are padded to; 65535 is as many as the path takes
 * @dummy_interval: milliseconds from one dummy packet to the next
 */
struct nfipsec_tfc {
	uint64_t has;
	uint32_t pad;
	uint32_t dummy_interval;
};

/**
 * struct nfipsec_lifetime - limits of an SA, RFC 4301 section 4.4.2.1
 * @has: bits of NFIPSEC_A_LIFETIME_*; what is not there is not limited
 * @byte_soft: told when so many bytes are used
 * @byte_hard: end of the SA, not below the soft limit
 * @packet_soft: as @byte_soft
 * @packet_hard: as @byte_hard
 * @time_soft: seconds since the SA was added, or made mature
 * @time_hard: likewise
 * @time_use_soft: seconds since its first packet
 * @time_use_hard: likewise
 */
struct nfipsec_lifetime {
	uint64_t has;
	uint64_t byte_soft;
	uint64_t byte_hard;
	uint64_t packet_soft;
	uint64_t packet_hard;
	uint64_t time_soft;
	uint64_t time_hard;
	uint64_t time_use_soft;
	uint64_t time_use_hard;
};

/**
 * struct nfipsec_move - where an SA is to be
 * @has: bits of NFIPSEC_A_MOVE_*; what is not there stays as it is, and
 *	NFIPSEC_A_MOVE_NO_ENCAP there takes UDP encapsulation away
 * @src: outer source address
 * @dst: outer destination address; of the other family only with @src
 * @encap: UDP encapsulation, replaced as a whole
 * @reqid: ties policies to SAs
 */
struct nfipsec_move {
	uint64_t has;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	struct nfipsec_encap encap;
	uint32_t reqid;
};

/**
 * struct nfipsec_sa - a security association
 * @has: bits of NFIPSEC_A_SA_*
 * @src: outer source address
 * @dst: outer destination address; @dst, @proto and @spi identify the SA
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @spi: security parameters index, of IPComp the CPI
 * @spi_min: lowest SPI, nfipsec_sa_allocspi() only
 * @spi_max: highest SPI, nfipsec_sa_allocspi() only
 * @mode: enum nfipsec_mode
 * @reqid: ties policies to SAs, 0 is none
 * @dir: enum nfipsec_dir
 * @state: enum nfipsec_sa_state, answer only
 * @flags: bits of enum nfipsec_sa_flag
 * @replay_window: packets, 0 is off
 * @seq_out: number of the last packet sent
 * @seq_in: highest number received and authenticated
 * @aead_name: kernel name of the combined algorithm
 * @aead_key: key followed by the salt, request only
 * @aead_icv_bits: length of the ICV
 * @enc_name: kernel name of the cipher
 * @enc_key: request only
 * @auth_name: kernel name of the authentication algorithm
 * @auth_key: request only
 * @auth_icv_bits: length of the ICV
 * @selector: traffic the SA may carry, any if absent
 * @packets: sent or accepted, answer only
 * @bytes: of those packets before encapsulation, answer only
 * @replay_drops: packets refused as replayed or too old, answer only
 * @auth_drops: packets whose ICV was wrong, answer only
 * @add_time: seconds since the epoch, answer only
 * @outer: tunnel mode only
 * @pmtu_age: seconds that an ICMP error about the path is believed, 0 never
 * @pmtu: largest outer packet, if an ICMP error said so, answer only
 * @encap: UDP encapsulation, none if absent
 * @tfc: only of an SA that sends
 * @dscp_set: bit for each DSCP value of packets to send, any if absent
 * @lifetime: limits
 * @used_bytes: that the algorithm worked on, answer only
 * @used_packets: in which these were, answer only
 * @use_time: when the first of them was, seconds since the epoch, answer only
 * @last_used: when the last of them was, likewise
 * @comp_name: algorithm of IPComp, "deflate"
 * @owner: who made it, at most 15 bytes
 * @seq_max: largest sequence number to send with, none if absent
 * @seq_max_old: nfipsec_sa_update() only, refuse unless @seq_max is this
 * @move: where it was, of an event only; to move it, see nfipsec_sa_move()
 * @change: enum nfipsec_change_kind, of an event only
 * @cpu: whose packets it sends, of all CPUs if absent
 */
struct nfipsec_sa {
	uint64_t has;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint32_t spi;
	uint32_t spi_min;
	uint32_t spi_max;
	uint8_t mode;
	uint32_t reqid;
	uint8_t dir;
	uint8_t state;
	uint32_t flags;
	uint32_t replay_window;
	uint64_t seq_out;
	uint64_t seq_in;
	char aead_name[NFIPSEC_NAME_MAX];
	struct nfipsec_key aead_key;
	uint32_t aead_icv_bits;
	char enc_name[NFIPSEC_NAME_MAX];
	struct nfipsec_key enc_key;
	char auth_name[NFIPSEC_NAME_MAX];
	struct nfipsec_key auth_key;
	uint32_t auth_icv_bits;
	struct nfipsec_selector selector;
	uint64_t packets;
	uint64_t bytes;
	uint64_t replay_drops;
	uint64_t auth_drops;
	uint64_t add_time;
	struct nfipsec_outer outer;
	uint32_t pmtu_age;
	uint32_t pmtu;
	struct nfipsec_encap encap;
	struct nfipsec_tfc tfc;
	uint64_t dscp_set;
	struct nfipsec_lifetime lifetime;
	uint64_t used_bytes;
	uint64_t used_packets;
	uint64_t use_time;
	uint64_t last_used;
	char comp_name[NFIPSEC_NAME_MAX];
	char owner[NFIPSEC_NAME_MAX];
	uint64_t seq_max;
	uint64_t seq_max_old;
	struct nfipsec_move move;
	uint8_t change;
	uint32_t cpu;
};

/**
 * struct nfipsec_mapping - a peer was seen at another address or port
 * @has: bits of NFIPSEC_A_MAPPING_*
 * @dst: with @proto and @spi the SA
 * @proto: IPPROTO_ESP
 * @spi: security parameters index
 * @reqid: of the SA
 * @old_src: source address that the SA has, and keeps
 * @old_sport: its UDP source port
 * @new_src: where the packet came from
 * @new_sport: UDP port it came from
 */
struct nfipsec_mapping {
	uint64_t has;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint32_t spi;
	uint32_t reqid;
	struct nfipsec_addr old_src;
	uint16_t old_sport;
	struct nfipsec_addr new_src;
	uint16_t new_sport;
};

/**
 * struct nfipsec_acquire - an SA that packets wait for
 * @has: bits of NFIPSEC_A_ACQUIRE_*
 * @id: grows, never 0
 * @policy: index of the policy that wants it
 * @priority: of the policy
 * @packet: the first packet that met the policy
 * @tmpl: the SAs that the policy asks for, the innermost first, addresses
 *	filled in
 * @tmpls: how many there are
 * @packets: that wait, answer only
 * @cpu: for which the SA is wanted; no packet waits then
 */
struct nfipsec_acquire {
	uint64_t has;
	uint32_t id;
	uint32_t policy;
	uint32_t priority;
	struct nfipsec_selector packet;
	struct nfipsec_tmpl tmpl[NFIPSEC_TMPLS_MAX];
	unsigned int tmpls;
	uint32_t packets;
	uint32_t cpu;
};

/**
 * struct nfipsec_expire - an SA has reached a limit
 * @has: bits of NFIPSEC_A_EXPIRE_*
 * @src: source address of the SA
 * @dst: with @proto and @spi the SA
 * @proto: IPPROTO_ESP or IPPROTO_AH
 * @spi: security parameters index
 * @reqid: of the SA
 * @hard: 1 if it was a hard limit and the SA is deleted, 0 if a soft one; but
 *	an SA without sequence numbers is not deleted, see @limit
 * @limit: enum nfipsec_limit
 * @used_bytes: as in struct nfipsec_sa
 * @used_packets: likewise
 */
struct nfipsec_expire {
	uint64_t has;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint32_t spi;
	uint32_t reqid;
	uint8_t hard;
	uint8_t limit;
	uint64_t used_bytes;
	uint64_t used_packets;
};

/**
 * struct nfipsec_policy - an entry of the SPD
 * @has: bits of NFIPSEC_A_POLICY_*
 * @index: given by the kernel, unique in the namespace
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @selector: which packets
 * @priority: a lower number is looked at first
 * @action: enum nfipsec_action
 * @tmpl: with NFIPSEC_ACTION_PROTECT only, the innermost SA first; each is for
 *	the packet that the one before it makes
 * @tmpls: how many there are
 * @packets: that met the policy, answer only
 * @pfp: enum nfipsec_pfp_flag, NFIPSEC_ACTION_PROTECT only
 * @names: for people and key management, NFIPSEC_A_POLICY_NAME
 * @owner: who made it, at most 15 bytes
 * @selector_more: selector sets beside @selector: what one of them matches meets
 *	the policy
 * @change: enum nfipsec_change_kind, of an event only
 * @flags: enum nfipsec_policy_flag
 */
struct nfipsec_policy {
	uint64_t has;
	uint32_t index;
	uint8_t dir;
	struct nfipsec_selector selector;
	uint32_t priority;
	uint8_t action;
	struct nfipsec_tmpl tmpl[NFIPSEC_TMPLS_MAX];
	unsigned int tmpls;
	uint64_t packets;
	uint32_t pfp;
	struct nfipsec_title_list names;
	char owner[NFIPSEC_NAME_MAX];
	struct nfipsec_selector_list selector_more;
	uint8_t change;
	uint32_t flags;
};

/**
 * struct nfipsec_event - what the kernel tells without having been asked
 * @cmd: NFIPSEC_CMD_*_NTF, which of the members below holds something
 * @mapping: with NFIPSEC_CMD_MAPPING_NTF
 * @acquire: with NFIPSEC_CMD_ACQUIRE_NTF
 * @expire: with NFIPSEC_CMD_EXPIRE_NTF
 * @sa: with NFIPSEC_CMD_SA_CHANGE_NTF; if SAs were flushed, only the owner if
 *	there was one
 * @policy: with NFIPSEC_CMD_POLICY_CHANGE_NTF; likewise, and the direction
 */
struct nfipsec_event {
	uint8_t cmd;
	union {
		struct nfipsec_mapping mapping;
		struct nfipsec_acquire acquire;
		struct nfipsec_expire expire;
		struct nfipsec_sa sa;
		struct nfipsec_policy policy;
	};
};

/**
 * struct nfipsec_default - what is set for the namespace
 * @has: bits of NFIPSEC_A_DEFAULT_*
 * @in: what happens to packets that no policy matches, NFIPSEC_ACTION_BYPASS
 *	or NFIPSEC_ACTION_DISCARD
 * @out: likewise
 * @weak: whether SAs may have weak algorithms, 0 or 1
 * @audit: whether dropped packets are told to the audit log, 0 or 1
 * @acquire_timeout: seconds for which packets wait for an SA
 */
struct nfipsec_default {
	uint64_t has;
	uint8_t in;
	uint8_t out;
	uint8_t weak;
	uint8_t audit;
	uint32_t acquire_timeout;
};

/**
 * struct nfipsec_counter - a counter of the namespace
 * @has: bits of NFIPSEC_A_COUNTER_*; NFIPSEC_A_COUNTER_DROP there means that
 *	each count is a dropped packet
 * @name: stable across versions
 * @value: since the namespace began
 * @doc: what it counts, one sentence
 */
struct nfipsec_counter {
	uint64_t has;
	char name[NFIPSEC_NAME_MAX];
	uint64_t value;
	char doc[NFIPSEC_DOC_MAX];
};

/**
 * struct nfipsec_stats - sizes of the tables, and what is asked of them
 * @has: bits of NFIPSEC_A_STATS_*
 * @sa_count: SAs, larval ones too
 * @policy_in_count: inbound policies
 * @policy_out_count: outbound policies
 * @flow_cache_hits: look-ups of policy that the flow cache has answered
 * @flow_cache_misses: those that it has not, although it is on
 */
struct nfipsec_stats {
	uint64_t has;
	uint32_t sa_count;
	uint32_t policy_in_count;
	uint32_t policy_out_count;
	uint64_t flow_cache_hits;
	uint64_t flow_cache_misses;
};

/**
 * struct nfipsec_u32_list - numbers
 * @n: how many
 * @value: the numbers
 */
struct nfipsec_u32_list {
	uint32_t n;
	uint32_t value[NFIPSEC_LENS_MAX];
};

/**
 * struct nfipsec_algo_info - an algorithm that the module knows
 * @has: bits of NFIPSEC_A_ALGO_*
 * @name: of the kernel's crypto API
 * @alias: one of its other names
 * @use: enum nfipsec_algo_use
 * @key_len: bytes of a key without salt
 * @salt_len: bytes of salt behind the key
 * @icv_bits: lengths of the ICV
 * @flags: bits of enum nfipsec_algo_flag
 * @state: enum nfipsec_algo_state
 * @rfc: where its use is defined
 * @lacks: if it is not ready, what would bring it
 */
struct nfipsec_algo_info {
	uint64_t has;
	char name[NFIPSEC_NAME_MAX];
	char alias[NFIPSEC_NAME_MAX];
	uint8_t use;
	struct nfipsec_u32_list key_len;
	uint32_t salt_len;
	struct nfipsec_u32_list icv_bits;
	uint32_t flags;
	uint8_t state;
	char rfc[NFIPSEC_NAME_MAX];
	char lacks[NFIPSEC_DOC_MAX];
};

/**
 * struct nfipsec_features - what the module can do
 * @has: bits of NFIPSEC_A_FEATURES_*
 * @version: of the module
 * @flags: bits of enum nfipsec_feature
 */
struct nfipsec_features {
	uint64_t has;
	char version[NFIPSEC_NAME_MAX];
	uint32_t flags;
};

/**
 * struct nfipsec_explain_step - an SA that a policy asks for
 * @has: bits of NFIPSEC_A_EXPLAIN_STEP_*; without _SPI there is no such SA, or it
 *	was not looked for
 * @tmpl: what the policy asks for
 * @src: of the SA, as all below
 * @dst: with @proto and @spi the SA
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @spi: security parameters index
 * @mode: enum nfipsec_mode
 * @reqid: of the SA
 */
struct nfipsec_explain_step {
	uint64_t has;
	struct nfipsec_tmpl tmpl;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint32_t spi;
	uint8_t mode;
	uint32_t reqid;
};

/**
 * struct nfipsec_explain_part - a header, or what else a packet is made of
 * @has: bits of NFIPSEC_A_EXPLAIN_PART_*
 * @kind: enum nfipsec_part_kind
 * @len: bytes
 */
struct nfipsec_explain_part {
	uint64_t has;
	uint8_t kind;
	uint32_t len;
};

/**
 * struct nfipsec_explain_candidate - a policy that matches a packet
 * @has: bits of NFIPSEC_A_EXPLAIN_CANDIDATE_*; with _MAY it depends on what a
 *	fragment does not show
 * @index: of the policy
 * @priority: of the policy
 * @action: enum nfipsec_action
 * @set: which of its selector sets matches first, from 0
 */
struct nfipsec_explain_candidate {
	uint64_t has;
	uint32_t index;
	uint32_t priority;
	uint8_t action;
	uint32_t set;
};

/**
 * struct nfipsec_explain - a packet, and what would become of it
 * @has: bits of NFIPSEC_A_EXPLAIN_*: of a request those of the packet, of an
 *	answer those of what becomes of it; _FRAGMENT, _DONT_FRAGMENT, _ACQUIRE,
 *	_GATHERED, _NO_ROUTE, _LOOPBACK, _AT_MOST and _MORE have no member
 * @dir: NFIPSEC_DIR_IN or NFIPSEC_DIR_OUT
 * @src: of the packet, as it is when policy is asked
 * @dst: likewise
 * @proto: next layer protocol
 * @sport: source port
 * @dport: destination port
 * @type: of ICMP or the mobility header
 * @code: of ICMP
 * @len: bytes, IP header included
 * @dscp: 0 to 63
 * @mark: its mark
 * @iif: index of the interface that it came in by
 * @oif: outbound, of the one that its sender is bound to
 * @action: enum nfipsec_action
 * @index: of the policy that decides, if one does
 * @set: which of its selector sets, from 0
 * @reason: counter, if the packet does not go on
 * @reason_doc: what that counts
 * @step: SAs, the innermost first
 * @steps: how many
 * @part: of the packet as it is sent, the outermost header first
 * @parts: how many
 * @wire_len: bytes of all parts
 * @path_mtu: largest packet that the path takes
 * @mtu: largest packet that fits into that once it is sealed
 * @fate: enum nfipsec_fate
 * @piece_len: of the first fragment, with NFIPSEC_FATE_BEFORE
 * @candidate: policies that match, in their order
 * @candidates: how many
 */
struct nfipsec_explain {
	uint64_t has;
	uint8_t dir;
	struct nfipsec_addr src;
	struct nfipsec_addr dst;
	uint8_t proto;
	uint16_t sport;
	uint16_t dport;
	uint8_t type;
	uint8_t code;
	uint32_t len;
	uint8_t dscp;
	uint32_t mark;
	uint32_t iif;
	uint32_t oif;
	uint8_t action;
	uint32_t index;
	uint32_t set;
	char reason[NFIPSEC_NAME_MAX];
	char reason_doc[NFIPSEC_DOC_MAX];
	struct nfipsec_explain_step step[NFIPSEC_TMPLS_MAX];
	uint32_t steps;
	struct nfipsec_explain_part part[NFIPSEC_PARTS_MAX];
	uint32_t parts;
	uint32_t wire_len;
	uint32_t path_mtu;
	uint32_t mtu;
	uint8_t fate;
	uint32_t piece_len;
	struct nfipsec_explain_candidate candidate[NFIPSEC_CANDIDATES_MAX];
	uint32_t candidates;
};

/* A callback ends the walk by a value other than 0, which the call returns. */
typedef int (*nfipsec_sa_cb)(const struct nfipsec_sa *sa, void *arg);
typedef int (*nfipsec_policy_cb)(const struct nfipsec_policy *pol, void *arg);
typedef int (*nfipsec_counter_cb)(const struct nfipsec_counter *c, void *arg);
typedef int (*nfipsec_acquire_cb)(const struct nfipsec_acquire *acq, void *arg);
typedef int (*nfipsec_algo_cb)(const struct nfipsec_algo_info *algo, void *arg);
typedef int (*nfipsec_event_cb)(const struct nfipsec_event *ev, void *arg);

/*
 * nfipsec_open() gives a handle even if it fails, so that nfipsec_error() can
 * tell why, unless it returns -ENOMEM with *h NULL. -ENOENT: the module is not
 * loaded. Close the handle in every case. Requests give -ENODEV if the module is
 * not there any more.
 */
int nfipsec_open(struct nfipsec **h);
void nfipsec_close(struct nfipsec *h);
const char *nfipsec_error(const struct nfipsec *h);
/* To wait with poll() for nfipsec_event_read() to have something. */
int nfipsec_fd(const struct nfipsec *h);

/* Whether the last list changed while it was read, and may be inconsistent. */
bool nfipsec_list_torn(const struct nfipsec *h);

/* @text: an address of either family, no name. -EINVAL if it is none */
int nfipsec_addr_parse(const char *text, struct nfipsec_addr *addr);

int nfipsec_sa_add(struct nfipsec *h, const struct nfipsec_sa *sa);
int nfipsec_sa_update(struct nfipsec *h, const struct nfipsec_sa *sa);
/* @key: dst, proto, spi as they are now. @to: what is to change */
int nfipsec_sa_move(struct nfipsec *h, const struct nfipsec_sa *key,
		    const struct nfipsec_move *to);
int nfipsec_sa_del(struct nfipsec *h, const struct nfipsec_sa *key);
int nfipsec_sa_get(struct nfipsec *h, const struct nfipsec_sa *key,
		   struct nfipsec_sa *sa);
int nfipsec_sa_list(struct nfipsec *h, nfipsec_sa_cb cb, void *arg);
/* @owner: only those of that owner, NULL for all */
int nfipsec_sa_flush(struct nfipsec *h, const char *owner);
/* @want: src, dst, proto, mode, reqid, spi_min, spi_max, owner. @sa: the larval SA. */
int nfipsec_sa_allocspi(struct nfipsec *h, const struct nfipsec_sa *want,
			struct nfipsec_sa *sa);

/* @index: number of the new policy, may be NULL */
int nfipsec_policy_add(struct nfipsec *h, const struct nfipsec_policy *pol,
		       uint32_t *index);
int nfipsec_policy_update(struct nfipsec *h, const struct nfipsec_policy *pol,
			  uint32_t *index);
/* As nfipsec_policy_add(), but replaces one that has the same owner. */
int nfipsec_policy_own(struct nfipsec *h, const struct nfipsec_policy *pol,
		       uint32_t *index);
/* @key: index, or dir and selector, with selector_more in any order */
int nfipsec_policy_del(struct nfipsec *h, const struct nfipsec_policy *key);
int nfipsec_policy_get(struct nfipsec *h, const struct nfipsec_policy *key,
		       struct nfipsec_policy *pol);
int nfipsec_policy_list(struct nfipsec *h, nfipsec_policy_cb cb, void *arg);
/* @dir: one direction, or NFIPSEC_DIR_ANY for both. @owner: as for SAs */
int nfipsec_policy_flush(struct nfipsec *h, uint8_t dir, const char *owner);
/* @packet: dir, src, dst and what else it has. @ex: what would become of it */
int nfipsec_policy_explain(struct nfipsec *h,
			   const struct nfipsec_explain *packet,
			   struct nfipsec_explain *ex);

/*
 * A transaction: changes that become visible as one, or not at all. It belongs
 * to the handle, and nfipsec_close() aborts it. Many requests are sent at once, so
 * that one that is refused may be told by a later call; which one it was says
 * nfipsec_transaction_blamed().
 */
#define NFIPSEC_NO_REQUEST	UINT32_MAX

int nfipsec_transaction_begin(struct nfipsec *h);
int nfipsec_stage_sa_add(struct nfipsec *h, const struct nfipsec_sa *sa);
int nfipsec_stage_sa_del(struct nfipsec *h, const struct nfipsec_sa *key);
int nfipsec_stage_policy_add(struct nfipsec *h,
			     const struct nfipsec_policy *pol);
int nfipsec_stage_policy_del(struct nfipsec *h,
			     const struct nfipsec_policy *key);
int nfipsec_stage_default_set(struct nfipsec *h,
			      const struct nfipsec_default *def);
int nfipsec_transaction_flush(struct nfipsec *h);
int nfipsec_transaction_commit(struct nfipsec *h, bool unchanged);
void nfipsec_transaction_abort(struct nfipsec *h);
uint32_t nfipsec_transaction_blamed(const struct nfipsec *h);

int nfipsec_default_get(struct nfipsec *h, struct nfipsec_default *def);
int nfipsec_default_set(struct nfipsec *h, const struct nfipsec_default *def);

/* @cb: called for each counter, may be NULL; @stats may be NULL */
int nfipsec_stats_get(struct nfipsec *h, struct nfipsec_stats *stats,
		      nfipsec_counter_cb cb, void *arg);

/*
 * @load: modules are loaded to see what algorithms there are; else some may be
 * NFIPSEC_ALGO_STATE_UNKNOWN. @f: may be NULL. @cb: called for each algorithm, may
 * be NULL
 */
int nfipsec_features_get(struct nfipsec *h, bool load,
			 struct nfipsec_features *f, nfipsec_algo_cb cb,
			 void *arg);

/*
 * Events of the namespace. A handle that subscribed is for nfipsec_event_read()
 * alone. That waits for one event or more; -ENOBUFS: some were lost, read on. It is
 * said again when all is read that there was: what is asked then holds.
 */
int nfipsec_event_subscribe(struct nfipsec *h);
/*
 * Changes of SAs and policies by request, alone or with the events: SAs that end
 * at a limit are told of as events only, so who keeps a copy wants both.
 */
int nfipsec_change_subscribe(struct nfipsec *h);
/* Then: -ENODEV when the module is unloaded, where nothing would be told any more. */
int nfipsec_event_watch(struct nfipsec *h);
int nfipsec_event_read(struct nfipsec *h, nfipsec_event_cb cb, void *arg);

/*
 * To be told that the module was loaded, or unloaded with all that was in it. A
 * handle of nfipsec_open() is good again once it is loaded; who subscribed to
 * events opens another one.
 */
typedef int (*nfipsec_module_cb)(bool loaded, void *arg);
int nfipsec_module_watch(struct nfipsec **h);
int nfipsec_module_read(struct nfipsec *h, nfipsec_module_cb cb, void *arg);

/* SAs that are wanted now, for who missed the event. */
int nfipsec_acquire_list(struct nfipsec *h, nfipsec_acquire_cb cb, void *arg);

#endif
