/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that can be counted, and refused on request: alloc.c. */
#ifndef UNIT_LINUX_SLAB_H
#define UNIT_LINUX_SLAB_H

#include <linux/types.h>

typedef int gfp_t;

#define GFP_KERNEL		0
#define GFP_KERNEL_ACCOUNT	0

/* Objects that were not given back. */
extern unsigned long unit_alloc_live;
/* What they take of slabs. */
extern unsigned long unit_alloc_bytes;
/* After how many more an allocation fails, once; -1 is never; or all fail. */
#define UNIT_ALLOC_NONE		(-2)
extern long unit_alloc_fail;

void *kzalloc(size_t size, int gfp);
/* Not zeroed, and no pointer is valid in there. */
void *kmalloc(size_t size, int gfp);
void kfree(const void *ptr);

#define __GFP_NORETRY		0
#define __GFP_NOWARN		0
#define __GFP_ACCOUNT		0
#define GFP_NOWAIT		0

#define kvzalloc		kzalloc
#define kvfree			kfree
#define kmalloc_array(n, size, gfp)	kzalloc((n) * (size), gfp)

#endif
