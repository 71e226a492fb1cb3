// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted of an SA: its packets, and what they used of its life.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "sa.h"

/**
 * nfipsec_sa_count() - count a packet that was sent or accepted
 * @sa: the SA
 * @bytes: its length before encapsulation
 *
 * Context: bottom halves off.
 */
void nfipsec_sa_count(struct nfipsec_sa *sa, unsigned int bytes)
{
	struct nfipsec_sa_stats *stats = this_cpu_ptr(sa->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->packets);
	u64_stats_add(&stats->bytes, bytes);
	u64_stats_update_end(&stats->syncp);
}

/**
 * nfipsec_sa_count_drop() - count a drop that an SA keeps account of
 * @sa: the SA
 * @reason: why; reasons without a counter in the SA are ignored
 *
 * Context: bottom halves off.
 */
void nfipsec_sa_count_drop(struct nfipsec_sa *sa, enum nfipsec_reason reason)
{
	struct nfipsec_sa_stats *stats = this_cpu_ptr(sa->stats);

	u64_stats_update_begin(&stats->syncp);
	switch (reason) {
	case NFIPSEC_IN_REPLAY:
	case NFIPSEC_IN_REPLAY_OLD:
		u64_stats_inc(&stats->replay);
		break;
	case NFIPSEC_IN_AUTH:
		u64_stats_inc(&stats->auth);
		break;
	default:
		break;
	}
	u64_stats_update_end(&stats->syncp);
}

/**
 * nfipsec_sa_stats_sum() - counters of an SA over all CPUs
 * @sa: the SA
 * @packets: sent or accepted
 * @bytes: of those packets, before encapsulation
 * @replay: dropped as replayed or too old
 * @auth: dropped because the ICV was wrong
 *
 * Context: any, the SA kept alive by rcu_read_lock() or nn->lock.
 */
void nfipsec_sa_stats_sum(const struct nfipsec_sa *sa, u64 *packets,
			  u64 *bytes, u64 *replay, u64 *auth)
{
	int cpu;

	*packets = 0;
	*bytes = 0;
	*replay = 0;
	*auth = 0;
	for_each_possible_cpu(cpu) {
		const struct nfipsec_sa_stats *s = per_cpu_ptr(sa->stats, cpu);
		u64 p, b, r, a;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			p = u64_stats_read(&s->packets);
			b = u64_stats_read(&s->bytes);
			r = u64_stats_read(&s->replay);
			a = u64_stats_read(&s->auth);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		*packets += p;
		*bytes += b;
		*replay += r;
		*auth += a;
	}
}

/**
 * nfipsec_sa_count_use() - note that a packet used an SA
 * @sa: the SA
 * @bytes: that the algorithm works on, 0 if the SA counts them by itself
 * @packets: 1, or likewise 0
 *
 * Context: bottom halves off.
 */
void nfipsec_sa_count_use(struct nfipsec_sa *sa, unsigned int bytes,
			  unsigned int packets)
{
	struct nfipsec_sa_stats *stats = this_cpu_ptr(sa->stats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->used_bytes, bytes);
	u64_stats_add(&stats->used_packets, packets);
	u64_stats_set(&stats->last_used, ktime_get_coarse_boottime_ns());
	u64_stats_update_end(&stats->syncp);
}

/*
 * When by the clock as it is now, in seconds since the epoch. It may have been set
 * since, and each CPU has a last use of its own: so that is kept as time since boot.
 */
static u64 by_the_clock(u64 boottime)
{
	ktime_t mono = ktime_sub(ns_to_ktime(boottime),
				 ktime_mono_to_any(0, TK_OFFS_BOOT));
	s64 seconds = ktime_divns(ktime_mono_to_real(mono), NSEC_PER_SEC);

	/* 0 is never */
	return max(seconds, 1LL);
}

/* What was counted per CPU, and the last use. */
static void sum_use(const struct nfipsec_sa *sa, struct nfipsec_usage *used)
{
	int cpu;

	memset(used, 0, sizeof(*used));
	for_each_possible_cpu(cpu) {
		const struct nfipsec_sa_stats *s = per_cpu_ptr(sa->stats, cpu);
		unsigned int start;
		u64 b, p, l;

		do {
			start = u64_stats_fetch_begin(&s->syncp);
			b = u64_stats_read(&s->used_bytes);
			p = u64_stats_read(&s->used_packets);
			l = u64_stats_read(&s->last_used);
		} while (u64_stats_fetch_retry(&s->syncp, start));
		used->bytes += b;
		used->packets += p;
		used->last = max(used->last, l);
	}
	if (used->last)
		used->last = by_the_clock(used->last);
}

/**
 * nfipsec_sa_count_exactly() - count what is used for all CPUs together
 * @sa: mature SA, in the SAD
 *
 * From what was counted so far.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_sa_count_exactly(struct nfipsec_sa *sa)
{
	struct nfipsec_usage used;

	if (sa->core->life.exact)
		return;
	WRITE_ONCE(sa->core->life.exact, true);
	/* Until nobody counts per CPU any more. */
	synchronize_rcu();
	sum_use(sa, &used);
	atomic64_add(used.bytes, &sa->core->used_bytes);
	atomic64_add(used.packets, &sa->core->used_packets);
}

/**
 * nfipsec_sa_usage() - what was used of an SA's life
 * @sa: the SA
 * @used: written whole
 *
 * Context: under nn->lock.
 */
void nfipsec_sa_usage(const struct nfipsec_sa *sa, struct nfipsec_usage *used)
{
	u64 first = atomic64_read(&sa->core->life.first_use);

	sum_use(sa, used);
	if (sa->core->life.exact) {
		used->bytes = atomic64_read(&sa->core->used_bytes);
		used->packets = atomic64_read(&sa->core->used_packets);
	}
	if (first)
		used->first = by_the_clock(first);
}
