/* SPDX-License-Identifier: GPL-2.0 */
/* Packets for the tests: bytes, and the shapes a buffer can have. */
#ifndef SELFTESTS_PACKET_H
#define SELFTESTS_PACKET_H

#include <linux/types.h>

struct page;
struct sk_buff;

/* Stands for the outer IP header, which the transform has to leave alone. */
#define OUTER_LEN	20
#define BYTES_MAX	256

struct bytes {
	unsigned int len;
	u8 data[BYTES_MAX];
};

int bytes_set(struct bytes *b, const char *hex);

/**
 * enum packet_shape - how the bytes of a packet lie in memory
 * @SHAPE_LINEAR: one buffer with room at its end
 * @SHAPE_FULL: one buffer without
 * @SHAPE_FRAGS: page fragments of odd sizes
 * @SHAPE_LIST: a list of buffers of odd sizes
 * @SHAPE_LIST_FRAGS: a list of buffers that have page fragments
 * @SHAPE_CHAIN: a list of so many buffers that a scatterlist is too short
 * @SHAPES: number of shapes
 */
enum packet_shape {
	SHAPE_LINEAR,
	SHAPE_FULL,
	SHAPE_FRAGS,
	SHAPE_LIST,
	SHAPE_LIST_FRAGS,
	SHAPE_CHAIN,
	SHAPES
};

extern const char *const shape_names[SHAPES];

/**
 * struct packet - a buffer and its twin
 * @skb: what the transform gets
 * @clone_of: what @skb is a clone of, or NULL
 * @page: has the bytes of all page fragments, @skb's or not any more
 * @before: the packet as it was made
 */
struct packet {
	struct sk_buff *skb;
	struct sk_buff *clone_of;
	struct page *page;
	struct bytes before;
};

int packet_make(struct packet *p, enum packet_shape shape, bool clone,
		unsigned int linear);
void packet_free(struct packet *p);
bool packet_others_intact(const struct packet *p);

#endif
