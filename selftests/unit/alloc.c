// SPDX-License-Identifier: GPL-2.0
/* What linux/slab.h and linux/rbtree.h of these tests promise. */
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

unsigned long unit_alloc_live;
unsigned long unit_alloc_bytes;
long unit_alloc_fail = -1;

/* In front of each object, which is aligned as malloc() has it. */
struct head {
	size_t size;
	size_t unused;
};

/* Sizes of the kernel's slabs; of whole pages above. */
static size_t slab_size(size_t size)
{
	size_t slab = 8;

	if (size > 8192)
		return (size + 4095) & ~4095ul;
	if (size > 64 && size <= 96)
		return 96;
	if (size > 128 && size <= 192)
		return 192;
	while (slab < size)
		slab *= 2;
	return slab;
}

void *kzalloc(size_t size, int gfp)
{
	struct head *head;

	(void)gfp;
	if (unit_alloc_fail == UNIT_ALLOC_NONE ||
	    (unit_alloc_fail >= 0 && !unit_alloc_fail--))
		return NULL;
	head = calloc(1, sizeof(*head) + size);
	if (!head)
		abort();
	head->size = size;
	unit_alloc_live++;
	unit_alloc_bytes += slab_size(size);
	return head + 1;
}

void *kmalloc(size_t size, int gfp)
{
	void *ptr = kzalloc(size, gfp);

	return ptr ? memset(ptr, 0xa5, size) : NULL;
}

void kfree(const void *ptr)
{
	struct head *head;

	if (!ptr)
		return;
	head = (struct head *)ptr - 1;
	unit_alloc_live--;
	unit_alloc_bytes -= slab_size(head->size);
	free(head);
}

#define READERS		8

void (*unit_free_hook)(const void *ptr);

/* What is to be freed, nothing of which is written until then. */
struct later {
	struct later *next;
	const void *ptr;
	u64 when;
};

static struct later *laters;
/* Readers, 0 where there is none. */
static u64 readers[READERS];
/* Counts readers that begin and objects that are to be freed. */
static u64 rcu_time;

/* Has each reader that may be at something of that time ended? */
static bool is_over(u64 when)
{
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		if (readers[i] && readers[i] < when)
			return false;
	}
	return true;
}

static void free_laters(void)
{
	struct later **pos = &laters, *later;

	while ((later = *pos)) {
		if (!is_over(later->when)) {
			pos = &later->next;
			continue;
		}
		*pos = later->next;
		kfree(later->ptr);
		free(later);
	}
}

u64 unit_reader_begin(void)
{
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		if (readers[i])
			continue;
		readers[i] = ++rcu_time;
		return readers[i];
	}
	abort();
}

void unit_reader_end(u64 reader)
{
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		if (readers[i] == reader)
			readers[i] = 0;
	}
	free_laters();
}

void unit_free_rcu(const void *ptr)
{
	struct later *later = malloc(sizeof(*later));

	if (!later)
		abort();
	if (unit_free_hook)
		unit_free_hook(ptr);
	*later = (struct later){ laters, ptr, ++rcu_time };
	laters = later;
	free_laters();
}

static size_t weight(const struct rb_node *node)
{
	return ((size_t)node >> 4) * 0x9e3779b97f4a7c15ULL;
}

static void put_in_place(struct rb_node *old, struct rb_node *node,
			 struct rb_root *root)
{
	struct rb_node *parent = old->rb_parent;

	if (node)
		node->rb_parent = parent;
	if (!parent)
		root->rb_node = node;
	else if (parent->rb_left == old)
		parent->rb_left = node;
	else
		parent->rb_right = node;
}

/* A child takes its parent's place. */
static void rotate_up(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->rb_parent;
	struct rb_node *inner;

	put_in_place(parent, node, root);
	if (parent->rb_left == node) {
		inner = node->rb_right;
		parent->rb_left = inner;
		node->rb_right = parent;
	} else {
		inner = node->rb_left;
		parent->rb_right = inner;
		node->rb_left = parent;
	}
	if (inner)
		inner->rb_parent = parent;
	parent->rb_parent = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	while (node->rb_parent && weight(node->rb_parent) < weight(node))
		rotate_up(node, root);
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *l, *r;

	while ((l = node->rb_left) && (r = node->rb_right))
		rotate_up(weight(l) > weight(r) ? l : r, root);
	put_in_place(node, node->rb_left ?: node->rb_right, root);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_node *at = node->rb_right;

	if (at) {
		while (at->rb_left)
			at = at->rb_left;
		return at;
	}
	while (node->rb_parent && node->rb_parent->rb_right == node)
		node = node->rb_parent;
	return node->rb_parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	struct rb_node *at = node->rb_left;

	if (at) {
		while (at->rb_right)
			at = at->rb_right;
		return at;
	}
	while (node->rb_parent && node->rb_parent->rb_left == node)
		node = node->rb_parent;
	return node->rb_parent;
}
