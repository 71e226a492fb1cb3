/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is freed after a grace period: when the readers that a test has begun before
 * have ended, at once if there are none.
 */
#ifndef UNIT_LINUX_RCUPDATE_H
#define UNIT_LINUX_RCUPDATE_H

#include <linux/compiler.h>
#include <linux/slab.h>

#define __rcu

struct rcu_head {
	void *next;
	void (*func)(struct rcu_head *head);
};

#define rcu_dereference(p)		__atomic_load_n(&(p), __ATOMIC_ACQUIRE)
#define rcu_access_pointer(p)		__atomic_load_n(&(p), __ATOMIC_RELAXED)
#define rcu_dereference_check(p, c)	rcu_dereference(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), v, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)		((p) = (v))

/* Readers of a test, each with a number. */
u64 unit_reader_begin(void);
void unit_reader_end(u64 reader);
/* Called with what is to be freed, if set: no reader may come to it any more. */
extern void (*unit_free_hook)(const void *ptr);
void unit_free_rcu(const void *ptr);

#define kfree_rcu(p, head)		unit_free_rcu(p)
#define kvfree_rcu(p, head)		unit_free_rcu(p)

static inline unsigned long get_state_synchronize_rcu(void)
{
	return 0;
}

static inline bool poll_state_synchronize_rcu(unsigned long cookie)
{
	return !cookie;
}

static inline void cond_synchronize_rcu(unsigned long cookie)
{
	(void)cookie;
}

#endif
