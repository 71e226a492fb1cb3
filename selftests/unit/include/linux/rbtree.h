/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's interface of ordered trees. These are treaps: a node is below
 * those whose mixed address is greater.
 */
#ifndef UNIT_LINUX_RBTREE_H
#define UNIT_LINUX_RBTREE_H

#include <linux/kernel.h>
#include <linux/types.h>

struct rb_node {
	struct rb_node *rb_parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT				((struct rb_root){ NULL })
#define RB_EMPTY_ROOT(root)		(!(root)->rb_node)
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) \
	({ \
		typeof(ptr) node_ = (ptr); \
		node_ ? rb_entry(node_, type, member) : NULL; \
	})

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif
