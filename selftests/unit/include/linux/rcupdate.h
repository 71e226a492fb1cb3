/* SPDX-License-Identifier: GPL-2.0 */
/* Nobody reads while something is freed, so grace periods take no time. */
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
#define rcu_dereference_check(p, c)	rcu_dereference(p)
#define rcu_dereference_protected(p, c)	(p)
#define rcu_assign_pointer(p, v)	__atomic_store_n(&(p), v, __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v)		((p) = (v))

#define kfree_rcu(p, head)		kfree(p)
#define kvfree_rcu(p, head)		kvfree(p)

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
