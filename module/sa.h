/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A security association: object and life, no table.
 */
#ifndef NFIPSEC_SA_H
#define NFIPSEC_SA_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/prefetch.h>
#include <linux/rbtree_types.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/dst_cache.h>
#include <uapi/linux/nfipsec.h>

#include "crypto.h"
#include "life.h"
#include "outer.h"
#include "replay.h"
#include "selector.h"

struct net;
struct netlink_ext_ack;

/* Name of who made an SA or policy, with the NUL; empty is nobody. */
#define NFIPSEC_OWNER_SIZE	16

/* Of an SA that is for packets on all CPUs, and where a CPU is not known. */
#define NFIPSEC_CPU_ANY		U32_MAX

/* Seconds a larval SA lives (RFC 4301 leaves it open; XFRM users know 165). */
#define NFIPSEC_LARVAL_LIFE	165

/*
 * Room between the last sequence number an ESN SA may use and the point where
 * its counter would wrap: more than there can be senders that have taken a
 * number and not yet found it too large. See nfipsec_sa_seq_next().
 */
#define NFIPSEC_SEQ_GUARD	BIT_ULL(20)

/**
 * struct nfipsec_sa_key - what identifies an SA in the SAD
 * @daddr: outer destination address
 * @saddr: outer source address, if @daddr is a group and the SA that of one
 *	sender; else zero
 * @spi: network byte order; of IPComp, the CPI
 * @family: of @daddr, AF_INET or AF_INET6
 * @proto: IPPROTO_ESP, IPPROTO_AH or IPPROTO_COMP
 * @zero: must be zero, the key is hashed as bytes
 */
struct nfipsec_sa_key {
	union nfipsec_addr daddr;
	union nfipsec_addr saddr;
	__be32 spi;
	u8 family;
	u8 proto;
	u16 zero;
};

/**
 * struct nfipsec_encap - UDP between IP and ESP (RFC 3948)
 * @type: enum nfipsec_encap_type, or 0 for none, and then all else is 0 too
 * @has_oa: @oa is given
 * @sport: source port of the SA's packets, network byte order
 * @dport: their destination port, network byte order
 * @keepalive: seconds without a packet until a keepalive is sent, 0 is never
 * @oa: source address of the peer behind the NAT, family of the SA
 */
struct nfipsec_encap {
	u8 type;
	bool has_oa;
	__be16 sport;
	__be16 dport;
	u32 keepalive;
	union nfipsec_addr oa;
};

/**
 * struct nfipsec_mapping - what a NAT makes of a peer
 * @addr: address, family of the SA
 * @port: UDP port, network byte order; 0 if there is none
 */
struct nfipsec_mapping {
	union nfipsec_addr addr;
	__be16 port;
};

/**
 * struct nfipsec_tfc - traffic flow confidentiality of an SA that sends
 * @pad: bytes that a payload has at least, as far as the path takes them
 * @dummy_interval: milliseconds from one dummy packet to the next, 0 is none
 */
struct nfipsec_tfc {
	u32 pad;
	u32 dummy_interval;
};

/**
 * struct nfipsec_sa_config - an SA as user space describes it
 * @key: destination, SPI, protocol
 * @saddr: outer source address, family of @key; zero is any, to a group
 * @mode: enum nfipsec_mode
 * @dir: enum nfipsec_dir
 * @state: enum nfipsec_sa_state; a larval SA uses nothing below but @reqid
 *	and @limits
 * @reqid: ties policies to SAs, 0 is none
 * @flags: bits of enum nfipsec_sa_flag
 * @replay_window: packets
 * @seq_out: last sequence number sent
 * @seq_in: highest sequence number received
 * @has_seq_max: @seq_max is given
 * @seq_max: largest sequence number to send with
 * @has_selector: @selector is given
 * @selector: traffic the SA may carry
 * @keys: algorithms and keys, borrowed for the call
 * @outer: outer header of tunnel mode; agrees with @flags
 * @pmtu_age: seconds to believe what routers say of the path, 0 is not at all
 * @encap: UDP encapsulation
 * @tfc: traffic flow confidentiality
 * @dscp_set: bit for each DSCP value of packets to send, 0 is any
 * @cpu: of packets to send, or NFIPSEC_CPU_ANY
 * @limits: of its life, a larval SA's too
 * @owner: who asks for it
 *
 * Values were checked one by one when they were read from netlink;
 * nfipsec_sa_create() checks how they fit together.
 */
struct nfipsec_sa_config {
	struct nfipsec_sa_key key;
	union nfipsec_addr saddr;
	u8 mode;
	u8 dir;
	u8 state;
	u32 reqid;
	u32 flags;
	u32 replay_window;
	u64 seq_out;
	u64 seq_in;
	bool has_seq_max;
	u64 seq_max;
	bool has_selector;
	struct nfipsec_selector selector;
	struct nfipsec_keys keys;
	struct nfipsec_outer outer;
	u32 pmtu_age;
	struct nfipsec_encap encap;
	struct nfipsec_tfc tfc;
	u64 dscp_set;
	u32 cpu;
	struct nfipsec_limits limits;
	char owner[NFIPSEC_OWNER_SIZE];
};

/**
 * struct nfipsec_sa_stats - counters of an SA on one CPU
 * @packets: sent or accepted
 * @bytes: of those packets, before encapsulation
 * @replay: dropped as replayed or too old
 * @auth: dropped because the ICV was wrong
 * @used_bytes: what was used of the SA's life, see nfipsec_expire_charge()
 * @used_packets: likewise
 * @last_used: nanoseconds since boot, to a tick, 0 is never
 * @syncp: guards the others; written with bottom halves off
 */
struct nfipsec_sa_stats {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t replay;
	u64_stats_t auth;
	u64_stats_t used_bytes;
	u64_stats_t used_packets;
	u64_stats_t last_used;
	struct u64_stats_sync syncp;
} ____cacheline_aligned_in_smp;

/**
 * struct nfipsec_sa_rcu_selector - selector that can be replaced
 * @rcu: for kfree_rcu()
 * @sel: the selector
 */
struct nfipsec_sa_rcu_selector {
	struct rcu_head rcu;
	struct nfipsec_selector sel;
};

/**
 * struct nfipsec_usage - what was used of an SA's life
 * @bytes: that the algorithm worked on
 * @packets: in which these were
 * @first: when the first was, seconds since the epoch, 0 is never
 * @last: when the last was, likewise
 */
struct nfipsec_usage {
	u64 bytes;
	u64 packets;
	u64 first;
	u64 last;
};

/**
 * struct nfipsec_sa_limits - limits that can be replaced
 * @rcu: for kfree_rcu()
 * @max: the limits
 */
struct nfipsec_sa_limits {
	struct rcu_head rcu;
	struct nfipsec_limits max;
};

/**
 * struct nfipsec_life - how long an SA is to live, and how far it has come
 * @limits: NULL is none; config lock, RCU readers
 * @exact: the SA counts what is used by itself and not per CPU; becomes true
 *	and stays so, under the config lock
 * @hinted: limits whose end nfipsec_expire_hint() need not be told;
 *	nfipsec_expiry.lock, READ_ONCE() readers
 * @over: hard limits that are reached: no packet may pass any more;
 *	nfipsec_expiry.lock, READ_ONCE() readers
 * @told: limits whose end user space was told, config lock
 * @first_use: nanoseconds since boot, 0 is never; written once
 * @added: nanoseconds since boot, of each SA in the tables of a namespace another;
 *	constant once it is there
 * @due_node: in nfipsec_expiry.due, config lock
 * @due: nanoseconds since boot of the next limit of time, config lock
 * @todo: in nfipsec_expiry.todo, nfipsec_expiry.lock
 * @gone: is in no table any more, nfipsec_expiry.lock
 */
struct nfipsec_life {
	struct nfipsec_sa_limits __rcu *limits;
	bool exact;
	u32 hinted;
	u32 over;
	u32 told;
	atomic64_t first_use;
	u64 added;
	struct rb_node due_node;
	u64 due;
	struct list_head todo;
	bool gone;
};

/**
 * struct nfipsec_sa_core - what stays of an SA that moves
 * @seq_max: largest sequence number to send with; config lock, lockless readers
 * @seq_mark: number from which on nfipsec_sa_seq_reached() has something to
 *	say; likewise
 * @seq_soft: number from which on @seq_max is near; likewise
 * @life: its limits, and what was used of them
 * @sa: the SA as of now, config lock
 * @seq: last sequence number sent, RFC 4303 section 3.3.3
 * @used_bytes: that the algorithm worked on, if @life says so
 * @used_packets: in which these were
 * @replay_lock: protects the SA's anti-replay state and what it was told of its
 *	peer
 * @replay: anti-replay state, of a mature SA only; @replay_lock. Its ring is
 *	behind it
 *
 * All that changes with each packet: an SA that moves becomes another object,
 * and packets may still be at the one that it was. Both count here.
 *
 * Among many SAs each packet finds all of this in no cache: what it needs is in
 * one line of them for either way, and one more for what it changes.
 */
struct nfipsec_sa_core {
	atomic64_t seq_max;
	atomic64_t seq_mark;
	atomic64_t seq_soft;
	struct nfipsec_life life;
	struct nfipsec_sa *sa;

	atomic64_t seq ____cacheline_aligned_in_smp;
	atomic64_t used_bytes;
	atomic64_t used_packets;

	spinlock_t replay_lock ____cacheline_aligned_in_smp;
	struct nfipsec_replay replay;
};

/**
 * struct nfipsec_sa_tie - a place in a chain of struct nfipsec_sad_ties
 * @node: config lock, RCU readers
 * @sa: whose it is, constant
 */
struct nfipsec_sa_tie {
	struct hlist_node node;
	struct nfipsec_sa *sa;
};

/**
 * struct nfipsec_sa - a security association (RFC 4301 section 4.4.2)
 * @node: in nfipsec_sad.by_key, config lock
 * @key: identity, constant
 * @born: generation from which on packets find it, constant once it is there
 * @died: generation from which on they do not; config lock, lockless readers
 * @crypto: algorithms and keys, constant, NULL while larval and of IPComp
 * @core: what changes with each packet, constant
 * @stats: counters per CPU
 * @selector: traffic it may carry, NULL is any; in BEET mode never NULL and
 *	one address each, those of the packets inside; config lock, RCU readers
 * @mode: enum nfipsec_mode, constant
 * @dir: enum nfipsec_dir, constant
 * @state: enum nfipsec_sa_state, constant: a larval SA is replaced, not changed
 * @comp: of IPComp, and holds what that needs, constant
 * @flags: bits of enum nfipsec_sa_flag, constant
 * @reqid: written under the config lock by nfipsec_sad_set_reqid() alone once it is in
 *	the tables, read with READ_ONCE()
 * @outer: how the outer header is made and read, constant
 * @encap: UDP encapsulation, constant
 * @saddr: outer source address, zero is any, constant
 * @tfc: traffic flow confidentiality, constant
 * @dst_cache: route to the peer per CPU, bottom halves off; empty for good of an
 *	SA that does not send
 * @path: what was learned of the path to the peer, see path.c; a learner that
 *	loses a race against another loses what it learned
 * @algorithms: what @crypto points to
 * @peer_node: in a chain of nfipsec_sad.by_peer, config lock, RCU readers
 * @tie: its place in a chain of nfipsec_sad.by_reqid, if it has one, likewise; of the
 *	two that with number @tied, the other is for when the reqid changes
 * @tied: config lock
 * @untied: one of @tie was taken out of a chain; config lock
 * @borrowed: @core, and what is behind the pointers here but for routes, is
 *	another SA's, which this one became or is to be made of; config lock
 * @pmtu_age: as in struct nfipsec_sa_config, constant
 * @untied_at: when the last one was, for cond_synchronize_rcu(); config lock
 * @heir: has the same key and is born when this one dies, or NULL; as @died
 * @dscp_set: bit for each DSCP value of packets to send, 0 is any, constant
 * @dummy_node: in nfipsec_sad.dummies, or dummy.c's list of the round, if @tfc says
 *	so; config lock
 * @dummy_due: jiffies of the next dummy packet, the work item's alone
 * @add_time: seconds since the epoch
 * @keepalive_node: in nfipsec_udpsa.keepalive, config lock
 * @last_sent: jiffies, with keepalives only; written and read whole
 * @rwork: frees it after a grace period, in process context
 * @cpu: of packets to send, or NFIPSEC_CPU_ANY, constant (RFC 9611)
 * @owner: who asked for it, constant
 * @moved: where the peer was last seen, if it is not where @saddr and @encap
 *	say, and user space was told; @core->replay_lock, its port read
 *	without
 * @moved_next: jiffies, all 64 bits, from which on user space may be told of another
 *	place, and a while later of the same one again; @core->replay_lock
 *
 * What packets look at comes first: among many SAs it is in no cache, and each
 * line of it is waited for.
 *
 * The data path finds SAs under RCU and takes no reference; the SA stays
 * valid until rcu_read_unlock(). nfipsec_sa_free() may only be called once the
 * SA is in no table.
 *
 * Where it is, its addresses, ports and encapsulation, is constant too. To move
 * it (RFC 4555) is to put another one into the tables in its place, see
 * sa_move.c. So a packet meets it before or after, and never between.
 */
struct nfipsec_sa {
	struct rhash_head node;
	struct nfipsec_sa_key key;
	u64 born;
	atomic64_t died;
	/* Another line of 64 bytes: what each packet asks. */
	struct nfipsec_crypto *crypto;
	struct nfipsec_sa_core *core;
	struct nfipsec_sa_stats __percpu *stats;
	struct nfipsec_sa_rcu_selector __rcu *selector;
	u8 mode;
	u8 dir;
	u8 state;
	bool comp;
	u32 flags;
	u32 reqid;
	struct nfipsec_outer outer;
	/* And what only those ask that are sent, or in UDP. */
	struct nfipsec_encap encap;
	union nfipsec_addr saddr;
	struct nfipsec_tfc tfc;
	struct dst_cache dst_cache;
	atomic64_t path;
	struct nfipsec_crypto algorithms;

	struct hlist_node peer_node;
	struct nfipsec_sa_tie tie[2];
	u8 tied;
	bool untied;
	bool borrowed;
	u32 pmtu_age;
	unsigned long untied_at;
	struct nfipsec_sa *heir;
	u64 dscp_set;
	struct list_head dummy_node;
	unsigned long dummy_due;
	time64_t add_time;
	struct list_head keepalive_node;
	unsigned long last_sent;
	struct rcu_work rwork;
	u32 cpu;
	char owner[NFIPSEC_OWNER_SIZE];
	struct nfipsec_mapping moved;
	u64 moved_next;
} ____cacheline_aligned_in_smp;

/* Of an algorithm's memory, what to ask for: a tfm, round keys, some powers. */
#define NFIPSEC_SA_AHEAD	12

/**
 * nfipsec_sa_prefetch() - ask for what a packet will need of an SA
 * @sa: SA that it will be sent or received through
 * @out: it is sent
 *
 * All of it is behind pointers of the SA, in other pages, and in no cache if there
 * are many SAs. So that it is waited for at once, and while other things are done. What
 * other CPUs change too is not asked for to be changed: they might want it before.
 *
 * Context: any; on another CPU than the packet's, it is for nothing.
 */
static inline void nfipsec_sa_prefetch(const struct nfipsec_sa *sa, bool out)
{
	const struct nfipsec_sa_core *core = sa->core;
	const void *tfm = sa->algorithms.aead;
	unsigned int i;

	prefetch(core);
	if (out) {
		prefetch(&core->seq);
		prefetch(raw_cpu_ptr((u8 __percpu *)sa->dst_cache.cache));
	} else {
		prefetch(&core->replay_lock);
	}
	prefetchw(raw_cpu_ptr(sa->stats));
	if (!tfm)
		return;
#pragma GCC unroll 12
	for (i = 0; i < NFIPSEC_SA_AHEAD; i++)
		prefetch(tfm + i * SMP_CACHE_BYTES);
}

/**
 * nfipsec_sa_rehouses() - does a packet get another IP header?
 * @sa: SA
 *
 * Between the SA's addresses: the packet's own may be others, and so may its
 * family and its route. In transport mode it keeps its header.
 */
static inline bool nfipsec_sa_rehouses(const struct nfipsec_sa *sa)
{
	return sa->mode != NFIPSEC_MODE_TRANSPORT;
}

/**
 * nfipsec_sa_sends_dummies() - does an SA send dummy packets by itself?
 * @sa: SA
 */
static inline bool nfipsec_sa_sends_dummies(const struct nfipsec_sa *sa)
{
	return sa->tfc.dummy_interval && sa->dir != NFIPSEC_DIR_IN;
}

/**
 * nfipsec_sa_is_shared() - do many send through one SA?
 * @sa: SA
 *
 * To a group, from any source (RFC 4301 section 4.1). Each counts by itself.
 */
static inline bool nfipsec_sa_is_shared(const struct nfipsec_sa *sa)
{
	return nfipsec_addr_is_any(&sa->saddr);
}

/**
 * nfipsec_sa_seq_limit() - largest sequence number that an SA may use
 * @flags: of the SA
 *
 * Context: any.
 */
static inline u64 nfipsec_sa_seq_limit(u32 flags)
{
	return flags & NFIPSEC_SA_FLAG_ESN ? U64_MAX - NFIPSEC_SEQ_GUARD :
					     U32_MAX;
}

/**
 * nfipsec_sa_seq_last() - number of the last packet sent
 * @sa: a mature SA
 *
 * Context: any.
 */
static inline u64 nfipsec_sa_seq_last(const struct nfipsec_sa *sa)
{
	u64 seq = atomic64_read(&sa->core->seq);

	if (sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER)
		return (u32)seq;
	/* It may be a little beyond, see nfipsec_sa_seq_next(). */
	return min(seq, nfipsec_sa_seq_limit(sa->flags));
}

/**
 * nfipsec_sa_sent() - note that a packet was sent
 * @sa: the SA
 *
 * Context: any.
 */
static inline void nfipsec_sa_sent(struct nfipsec_sa *sa)
{
	unsigned long now = jiffies;

	/* Many CPUs may come here in one tick: do not take the line away. */
	if (sa->encap.keepalive && READ_ONCE(sa->last_sent) != now)
		WRITE_ONCE(sa->last_sent, now);
}

/**
 * nfipsec_sa_is_there() - does a packet meet an SA?
 * @sa: the SA
 * @gen: generation of the tables that the packet meets
 *
 * Context: any.
 * Return: whether it does.
 */
static inline bool nfipsec_sa_is_there(const struct nfipsec_sa *sa, u64 gen)
{
	return sa->born <= gen && gen < (u64)atomic64_read(&sa->died);
}

/**
 * nfipsec_sa_is_weak() - is an algorithm weak?
 * @sa: SA
 *
 * Context: any.
 * Return: whether one of its algorithms is.
 */
static inline bool nfipsec_sa_is_weak(const struct nfipsec_sa *sa)
{
	const struct nfipsec_crypto *c = sa->crypto;

	return c && ((c->aead_algo && c->aead_algo->weak) ||
		     (c->enc_algo && c->enc_algo->weak) ||
		     (c->auth_algo && c->auth_algo->weak));
}

/**
 * nfipsec_sa_leaves() - does an SA go with the next generation?
 * @sa: in the SAD
 *
 * Context: under nn->lock.
 * Return: whether it does; false outside of a transaction.
 */
static inline bool nfipsec_sa_leaves(const struct nfipsec_sa *sa)
{
	return atomic64_read(&sa->died) != S64_MAX;
}

int nfipsec_sa_init(void);
void nfipsec_sa_exit(void);
void nfipsec_sa_barrier(void);

struct nfipsec_sa *nfipsec_sa_create(const struct nfipsec_sa_config *cfg,
				     struct netlink_ext_ack *extack);
void nfipsec_sa_free(struct nfipsec_sa *sa);
struct nfipsec_sa *nfipsec_sa_alloc(void);
void nfipsec_sa_dispose(struct nfipsec_sa *sa);
int nfipsec_sa_init_routes(struct nfipsec_sa *sa);
int nfipsec_sa_set_selector(struct nfipsec_sa *sa,
			    const struct nfipsec_selector *sel,
			    struct netlink_ext_ack *extack);
struct nfipsec_sa_limits *
nfipsec_sa_limits_new(const struct nfipsec_limits *limits);
void nfipsec_sa_seq_init(struct nfipsec_sa *sa,
			 const struct nfipsec_sa_config *cfg);
enum nfipsec_reason nfipsec_sa_seq_next(struct nfipsec_sa *sa, u64 *seq);
enum nfipsec_reason nfipsec_sa_seq_left(const struct nfipsec_sa *sa);
u32 nfipsec_sa_seq_reached(const struct nfipsec_sa *sa, u64 seq);
void nfipsec_sa_seq_set_max(struct nfipsec_sa *sa, u64 max);
void nfipsec_sa_seq_skip(struct nfipsec_sa *sa, u64 seq);
void nfipsec_sa_count(struct nfipsec_sa *sa, unsigned int bytes);
void nfipsec_sa_count_drop(struct nfipsec_sa *sa, enum nfipsec_reason reason);
void nfipsec_sa_stats_sum(const struct nfipsec_sa *sa, u64 *packets,
			  u64 *bytes, u64 *replay, u64 *auth);
void nfipsec_sa_count_use(struct nfipsec_sa *sa, unsigned int bytes,
			  unsigned int packets);
void nfipsec_sa_count_exactly(struct nfipsec_sa *sa);
void nfipsec_sa_usage(const struct nfipsec_sa *sa, struct nfipsec_usage *used);

#endif
