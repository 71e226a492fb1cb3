// SPDX-License-Identifier: GPL-2.0-only
/*
 * See expire.h.
 *
 * An SA without limits of bytes and packets counts them per CPU, and pays
 * nothing for what others have. One with such limits has one counter of each
 * for all CPUs: they hold exactly, whoever sends at the same time, as the
 * sequence number does, in whose cache line they are. No packet compares times:
 * what is due first in a namespace has a timer, which counts the time that the
 * machine is suspended.
 *
 * Packets delete nothing. They note which SA has to be looked at, and a work
 * item finds out what it has reached, tells it, and deletes it under the
 * config lock as a request would.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

#include "event.h"
#include "expire.h"
#include "net.h"
#include "work.h"

/* Those that packets find to be reached. */
#define HARD_COUNTED	(NFIPSEC_HARD(NFIPSEC_LIMIT_BYTES) |		\
			 NFIPSEC_HARD(NFIPSEC_LIMIT_PACKETS))

static const struct nfipsec_limits none;

static void queue(struct nfipsec_expiry *x)
{
	queue_work(nfipsec_work_queue, &x->work);
}

static enum hrtimer_restart timer_fn(struct hrtimer *timer)
{
	queue(container_of(timer, struct nfipsec_expiry, timer));
	return HRTIMER_NORESTART;
}

static const struct nfipsec_limits *limits_of(const struct nfipsec_net *nn,
					      const struct nfipsec_sa *sa)
{
	const struct nfipsec_sa_limits *l;

	l = rcu_dereference_protected(sa->core->life.limits,
				      lockdep_is_held(&nn->lock));
	return l ? &l->max : &none;
}

static bool earlier(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct nfipsec_life, due_node)->due <
	       rb_entry(b, struct nfipsec_life, due_node)->due;
}

/* First of those that are due, may be in the future; NULL if none ever is. */
static struct nfipsec_sa *first_due(const struct nfipsec_expiry *x)
{
	struct rb_node *node = rb_first_cached(&x->due);

	if (!node)
		return NULL;
	return rb_entry(node, struct nfipsec_sa_core, life.due_node)->sa;
}

static void arm(struct nfipsec_expiry *x)
{
	struct nfipsec_sa *sa = first_due(x);

	if (sa)
		hrtimer_start(&x->timer, ns_to_ktime(sa->core->life.due),
			      HRTIMER_MODE_ABS);
}

static void unschedule(struct nfipsec_expiry *x, struct nfipsec_life *life)
{
	if (RB_EMPTY_NODE(&life->due_node))
		return;
	rb_erase_cached(&life->due_node, &x->due);
	RB_CLEAR_NODE(&life->due_node);
}

/* The timer of one that went may still run: it then finds nothing to do. */
static void schedule_next(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_expiry *x = &nn->sad.expiry;
	struct nfipsec_life *life = &sa->core->life;
	u64 due;

	due = nfipsec_limits_due(limits_of(nn, sa), life->told, life->added,
				 atomic64_read(&life->first_use));
	/* The timer's time has a sign. */
	due = min_t(u64, due, KTIME_MAX);
	if (!RB_EMPTY_NODE(&life->due_node) && due == life->due)
		return;
	unschedule(x, life);
	life->due = due;
	if (due == KTIME_MAX)
		return;
	rb_add_cached(&life->due_node, &x->due, earlier);
	if (first_due(x) == sa)
		arm(x);
}

static u32 reached(const struct nfipsec_net *nn, const struct nfipsec_sa *sa)
{
	const struct nfipsec_limits *l = limits_of(nn, sa);
	const struct nfipsec_life *life = &sa->core->life;
	struct nfipsec_usage used;

	nfipsec_sa_usage(sa, &used);
	return nfipsec_limits_counted(l, used.bytes, used.packets) |
	       nfipsec_limits_timed(l, life->added,
				    atomic64_read(&life->first_use),
				    ktime_get_boottime_ns()) |
	       nfipsec_sa_seq_reached(sa, atomic64_read(&sa->core->seq)) |
	       READ_ONCE(life->over);
}

static void tell(const struct nfipsec_net *nn, const struct nfipsec_sa *sa,
		 u32 set)
{
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < NFIPSEC_LIMITS_ALL; i++)
		if (set & NFIPSEC_SOFT(i))
			nfipsec_event_expire(nn, sa, i, false);
	for (i = 0; i < NFIPSEC_LIMITS_ALL; i++)
		if (set & NFIPSEC_HARD(i))
			nfipsec_event_expire(nn, sa, i, true);
	rcu_read_unlock();
}

/* What an SA has reached is told; it goes, or waits for what is next. */
static void look(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_life *life = &sa->core->life;
	u32 news = reached(nn, sa) & ~life->told;

	life->told |= news;
	if (news & NFIPSEC_HARD_DELETES) {
		/* Packets that have found it already shall not pass either. */
		spin_lock_bh(&nn->sad.expiry.lock);
		WRITE_ONCE(life->over, life->over |
			   (news & NFIPSEC_HARD_DELETES));
		spin_unlock_bh(&nn->sad.expiry.lock);
	}
	tell(nn, sa, news);
	if (news & NFIPSEC_HARD_DELETES)
		nfipsec_sad_remove(nn, sa);
	else
		schedule_next(nn, sa);
}

/*
 * An SA that a packet or a change wants looked at. What it has been told of is
 * not hinted at again; all else is from here on.
 */
static struct nfipsec_sa *next_todo(struct nfipsec_expiry *x)
{
	struct nfipsec_sa_core *core;

	spin_lock_bh(&x->lock);
	core = list_first_entry_or_null(&x->todo, struct nfipsec_sa_core,
					life.todo);
	if (core) {
		list_del_init(&core->life.todo);
		WRITE_ONCE(core->life.hinted, core->life.told);
	}
	spin_unlock_bh(&x->lock);
	/* Who counts from here on sees that, or is counted by reached(). Pairs
	 * with the atomic operations before a hint.
	 */
	smp_mb();
	return core ? core->sa : NULL;
}

static struct nfipsec_sa *next_due(const struct nfipsec_expiry *x)
{
	struct nfipsec_sa *sa = first_due(x);

	return sa && sa->core->life.due <= ktime_get_boottime_ns() ? sa : NULL;
}

/* The lock is for one SA at a time: there may be many, and requests wait. */
static void work_fn(struct work_struct *work)
{
	struct nfipsec_expiry *x = container_of(work, struct nfipsec_expiry,
						work);
	struct nfipsec_net *nn = container_of(x, struct nfipsec_net,
					      sad.expiry);
	struct nfipsec_sa *sa;

	do {
		mutex_lock(&nn->lock);
		sa = next_todo(x) ?: next_due(x);
		if (sa)
			look(nn, sa);
		else
			arm(x);
		mutex_unlock(&nn->lock);
		cond_resched();
	} while (sa);
}

/**
 * nfipsec_expire_init() - prepare a namespace
 * @nn: the namespace, not yet known to any packet
 *
 * Context: process context.
 */
void nfipsec_expire_init(struct nfipsec_net *nn)
{
	struct nfipsec_expiry *x = &nn->sad.expiry;

	x->due = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&x->todo);
	spin_lock_init(&x->lock);
	INIT_WORK(&x->work, work_fn);
	hrtimer_setup(&x->timer, timer_fn, CLOCK_BOOTTIME, HRTIMER_MODE_ABS);
}

/**
 * nfipsec_expire_exit() - look at no SA any more
 * @nn: the namespace; it has no SA, and nobody can add one
 *
 * Context: process context, sleeps; not under nn->lock, which the work takes.
 */
void nfipsec_expire_exit(struct nfipsec_net *nn)
{
	/* Without an SA the work does not start the timer. */
	hrtimer_cancel(&nn->sad.expiry.timer);
	cancel_work_sync(&nn->sad.expiry.work);
}

/**
 * nfipsec_expire_add() - an SA comes into the SAD
 * @nn: the namespace
 * @sa: the SA
 *
 * Context: under nn->lock.
 */
void nfipsec_expire_add(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	lockdep_assert_held(&nn->lock);
	schedule_next(nn, sa);
	/* It may come with no number to send with, and wait for some. */
	if (nfipsec_sa_seq_reached(sa, atomic64_read(&sa->core->seq)) &
	    NFIPSEC_SOFT(NFIPSEC_LIMIT_SEQ_MAX))
		nfipsec_expire_look(nn, sa, 0);
}

/**
 * nfipsec_expire_del() - an SA leaves the SAD
 * @nn: the namespace
 * @sa: the SA; packets may still be at it
 *
 * Context: under nn->lock. It is not looked at afterwards.
 */
void nfipsec_expire_del(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	struct nfipsec_expiry *x = &nn->sad.expiry;

	lockdep_assert_held(&nn->lock);
	unschedule(x, &sa->core->life);
	spin_lock_bh(&x->lock);
	sa->core->life.gone = true;
	list_del_init(&sa->core->life.todo);
	spin_unlock_bh(&x->lock);
}

/* What was told or over is not any more, if it is then told again. */
static void retell(struct nfipsec_net *nn, struct nfipsec_life *life,
		   u32 changed)
{
	life->told &= ~changed;
	spin_lock_bh(&nn->sad.expiry.lock);
	WRITE_ONCE(life->over, life->over & ~changed);
	WRITE_ONCE(life->hinted, life->hinted & ~changed);
	spin_unlock_bh(&nn->sad.expiry.lock);
}

/**
 * nfipsec_expire_set() - give an SA other limits
 * @nn: the namespace
 * @sa: mature SA, in the SAD
 * @limits: from nfipsec_sa_limits_new(), given away; NULL for none
 *
 * A limit that changes is told anew when it is reached, which may be at once.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_expire_set(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			struct nfipsec_sa_limits *limits)
{
	struct nfipsec_life *life = &sa->core->life;
	struct nfipsec_sa_limits *old;
	u32 changed;

	lockdep_assert_held(&nn->lock);
	if (limits && nfipsec_limits_any_counted(&limits->max))
		nfipsec_sa_count_exactly(sa);
	old = rcu_dereference_protected(life->limits,
					lockdep_is_held(&nn->lock));
	changed = nfipsec_limits_changed(old ? &old->max : &none,
					 limits ? &limits->max : &none);
	rcu_assign_pointer(life->limits, limits);
	/* Who still counts by the old ones may find one of these reached: not behind
	 * what follows, where it would be over by a limit that it does not have.
	 */
	if (old && changed & HARD_COUNTED)
		synchronize_rcu();
	retell(nn, life, changed);
	if (old)
		kfree_rcu(old, rcu);
	nfipsec_expire_look(nn, sa, 0);
}

/**
 * nfipsec_expire_set_seq_max() - give an SA another ceiling of its numbers
 * @nn: the namespace
 * @sa: mature SA, in the SAD
 * @max: see nfipsec_sa_seq_set_max()
 *
 * It is told anew when it is near, which may be at once.
 *
 * Context: process context under nn->lock, sleeps.
 */
void nfipsec_expire_set_seq_max(struct nfipsec_net *nn, struct nfipsec_sa *sa,
				u64 max)
{
	lockdep_assert_held(&nn->lock);
	nfipsec_sa_seq_set_max(sa, max);
	retell(nn, &sa->core->life, NFIPSEC_SOFT(NFIPSEC_LIMIT_SEQ_MAX) |
			      NFIPSEC_HARD(NFIPSEC_LIMIT_SEQ_MAX));
	nfipsec_expire_look(nn, sa, 0);
}

/**
 * nfipsec_expire_look() - have an SA looked at
 * @nn: the namespace
 * @sa: the SA
 * @reached: limits that it has reached, as far as is known; for those among
 *	them that delete it, it carries no further packet
 *
 * Context: under rcu_read_lock(), or under nn->lock; any but hard interrupt.
 */
void nfipsec_expire_look(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			 u32 reached)
{
	struct nfipsec_expiry *x = &nn->sad.expiry;
	struct nfipsec_life *life = &sa->core->life;

	spin_lock_bh(&x->lock);
	WRITE_ONCE(life->hinted, life->hinted | reached);
	WRITE_ONCE(life->over, life->over | (reached & NFIPSEC_HARD_DELETES));
	if (!life->gone) {
		if (list_empty(&life->todo))
			list_add_tail(&life->todo, &x->todo);
		queue(x);
	}
	spin_unlock_bh(&x->lock);
}

/* Limits of time of use begin with the first packet. */
static void first_use(struct nfipsec_net *nn, struct nfipsec_sa *sa)
{
	const struct nfipsec_sa_limits *l;

	if (atomic64_cmpxchg(&sa->core->life.first_use, 0, ktime_get_boottime_ns()))
		return;
	l = rcu_dereference(sa->core->life.limits);
	if (l && nfipsec_limits_any_use(&l->max))
		nfipsec_expire_look(nn, sa, 0);
}

/*
 * From counters that all CPUs share. What does not fit is given back: until
 * then it may keep out others that would fit, of an SA that ends with it.
 */
static bool take(struct nfipsec_net *nn, struct nfipsec_sa *sa,
		 unsigned int bytes)
{
	const struct nfipsec_sa_limits *l;
	u64 b, p;
	bool fits;

	b = atomic64_add_return(bytes, &sa->core->used_bytes);
	p = atomic64_inc_return(&sa->core->used_packets);
	l = rcu_dereference(sa->core->life.limits);
	if (!l)
		return true;
	fits = !nfipsec_limits_exceeded(&l->max, b, p);
	if (!fits) {
		atomic64_sub(bytes, &sa->core->used_bytes);
		atomic64_dec(&sa->core->used_packets);
	}
	nfipsec_expire_hint(nn, sa, nfipsec_limits_counted(&l->max, b, p));
	return fits;
}

/**
 * nfipsec_expire_charge() - use up what a packet takes of an SA's life
 * @nn: the namespace
 * @sa: mature SA
 * @bytes: that the algorithm works on
 *
 * Of a packet that comes in, once it is known to be authentic: nobody else
 * shall be able to use the SA up.
 *
 * Context: under rcu_read_lock(), bottom halves off.
 * Return: false if the packet is beyond a hard limit, and must be dropped.
 */
bool nfipsec_expire_charge(struct nfipsec_net *nn, struct nfipsec_sa *sa,
			   unsigned int bytes)
{
	bool exact = READ_ONCE(sa->core->life.exact);

	if (unlikely(READ_ONCE(sa->core->life.over)) ||
	    (exact && !take(nn, sa, bytes)))
		return false;
	if (unlikely(!atomic64_read(&sa->core->life.first_use)))
		first_use(nn, sa);
	nfipsec_sa_count_use(sa, exact ? 0 : bytes, !exact);
	return true;
}
