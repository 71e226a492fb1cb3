/* SPDX-License-Identifier: GPL-2.0 */
#ifndef UNIT_LINUX_ATOMIC_H
#define UNIT_LINUX_ATOMIC_H

#include <linux/types.h>

typedef struct {
	s64 counter;
} atomic64_t;

#define atomic64_read(a)	__atomic_load_n(&(a)->counter, __ATOMIC_RELAXED)
#define atomic64_set(a, n)	__atomic_store_n(&(a)->counter, n, __ATOMIC_RELAXED)
#define atomic64_read_acquire(a) \
	__atomic_load_n(&(a)->counter, __ATOMIC_ACQUIRE)
#define atomic64_set_release(a, n) \
	__atomic_store_n(&(a)->counter, n, __ATOMIC_RELEASE)
#define xchg(p, n)	__atomic_exchange_n(p, n, __ATOMIC_SEQ_CST)
#define cmpxchg(p, old, n)	__sync_val_compare_and_swap(p, old, n)

#endif
