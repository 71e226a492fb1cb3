// SPDX-License-Identifier: GPL-2.0
/* Packets for the tests: bytes, and the shapes a buffer can have. */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/string.h>

#include "packet.h"

#define HEADROOM	64
/* more than padding and ICV can take */
#define TAILROOM	128
/* where the bytes start in the page, so that nothing is aligned there */
#define PAGE_SHIFTED	3

const char *const shape_names[SHAPES] = {
	[SHAPE_LINEAR] = "linear",
	[SHAPE_FULL] = "linear without room",
	[SHAPE_FRAGS] = "page fragments",
	[SHAPE_LIST] = "list",
	[SHAPE_LIST_FRAGS] = "list of page fragments",
	[SHAPE_CHAIN] = "long list",
};

/* The kernel has this too, in a header that is not the same in all kernels. */
static int digit(char c)
{
	if (isdigit(c))
		return c - '0';
	return isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/**
 * bytes_set() - decode hexadecimal digits
 * @b: gets the bytes
 * @hex: digits in pairs, spaces between some; NULL is no byte
 *
 * Return: 0 or -EINVAL.
 */
int bytes_set(struct bytes *b, const char *hex)
{
	b->len = 0;
	while (hex && *hex) {
		if (isspace(*hex)) {
			hex++;
			continue;
		}
		if (b->len == sizeof(b->data) || digit(hex[0]) < 0 ||
		    digit(hex[1]) < 0)
			return -EINVAL;
		b->data[b->len++] = digit(hex[0]) << 4 | digit(hex[1]);
		hex += 2;
	}
	return 0;
}

/* A buffer with one piece of memory for @len bytes and @room behind them. */
static struct sk_buff *buffer_make(const u8 *data, unsigned int len,
				   unsigned int room)
{
	struct sk_buff *skb;

	skb = alloc_skb(HEADROOM + len + room, GFP_KERNEL);
	if (!skb)
		return NULL;
	/* the allocator gives more than it was asked for */
	skb_reserve(skb, skb_tailroom(skb) - len - room);
	skb_put_data(skb, data, len);
	return skb;
}

static void add_frags(struct sk_buff *skb, struct page *page, unsigned int off,
		      unsigned int len, unsigned int step)
{
	unsigned int i;

	for (i = 0; len; i++) {
		unsigned int n = min(step, len);

		get_page(page);
		skb_add_rx_frag(skb, i, page, PAGE_SHIFTED + off, n, n);
		off += n;
		len -= n;
	}
}

static int add_list(struct packet *p, enum packet_shape shape, unsigned int off,
		    unsigned int len, unsigned int step)
{
	struct sk_buff **next = &skb_shinfo(p->skb)->frag_list;

	while (len) {
		unsigned int n = min(step, len);
		struct sk_buff *skb;

		if (shape == SHAPE_LIST_FRAGS) {
			skb = buffer_make(NULL, 0, 0);
			if (skb)
				add_frags(skb, p->page, off, n, n / 3 | 1);
		} else {
			skb = buffer_make(p->before.data + off, n, 0);
		}
		if (!skb)
			return -ENOMEM;
		*next = skb;
		next = &skb->next;
		p->skb->len += n;
		p->skb->data_len += n;
		p->skb->truesize += skb->truesize;
		off += n;
		len -= n;
	}
	return 0;
}

static int make_page(struct packet *p)
{
	p->page = alloc_page(GFP_KERNEL);
	if (!p->page)
		return -ENOMEM;
	memcpy(page_address(p->page) + PAGE_SHIFTED, p->before.data,
	       p->before.len);
	return 0;
}

static int add_rest(struct packet *p, enum packet_shape shape, unsigned int off,
		    unsigned int len)
{
	switch (shape) {
	case SHAPE_FRAGS:
		add_frags(p->skb, p->page, off, len, len / 5 | 1);
		return 0;
	case SHAPE_LIST:
	case SHAPE_LIST_FRAGS:
		return add_list(p, shape, off, len, len / 3 | 1);
	case SHAPE_CHAIN:
		return add_list(p, shape, off, len, 1);
	default:
		return 0;
	}
}

/**
 * packet_make() - make a packet
 * @p: @p->before has its bytes, starting with the outer header; the rest is
 *	filled in
 * @shape: how they lie in memory
 * @clone: @p->skb becomes a clone, which shares all of them
 * @linear: bytes that lie in the head whatever the shape
 *
 * Return: 0 or -ENOMEM; packet_free() has to be called in any case.
 */
int packet_make(struct packet *p, enum packet_shape shape, bool clone,
		unsigned int linear)
{
	unsigned int head = min(linear, p->before.len);
	int err;

	p->skb = NULL;
	p->clone_of = NULL;
	p->page = NULL;
	if (shape == SHAPE_LINEAR || shape == SHAPE_FULL)
		head = p->before.len;
	if (shape == SHAPE_FRAGS || shape == SHAPE_LIST_FRAGS) {
		err = make_page(p);
		if (err)
			return err;
	}

	p->skb = buffer_make(p->before.data, head,
			     shape == SHAPE_LINEAR ? TAILROOM : 0);
	if (!p->skb)
		return -ENOMEM;
	err = add_rest(p, shape, head, p->before.len - head);
	if (err)
		return err;
	skb_reset_network_header(p->skb);
	skb_set_transport_header(p->skb, OUTER_LEN);

	if (clone) {
		p->clone_of = p->skb;
		p->skb = skb_clone(p->clone_of, GFP_KERNEL);
		if (!p->skb)
			return -ENOMEM;
	}
	return 0;
}

/**
 * packet_free() - free what packet_make() made
 * @p: packet
 */
void packet_free(struct packet *p)
{
	kfree_skb(p->skb);
	kfree_skb(p->clone_of);
	if (p->page)
		put_page(p->page);
}

/**
 * packet_others_intact() - is what others may look at as it was
 * @p: packet, after the transform
 *
 * Return: whether the buffer that was cloned and the page that the fragments
 * were of have the bytes they had.
 */
bool packet_others_intact(const struct packet *p)
{
	u8 now[BYTES_MAX];

	if (p->page && memcmp(page_address(p->page) + PAGE_SHIFTED,
			      p->before.data, p->before.len))
		return false;
	if (!p->clone_of)
		return true;
	return p->clone_of->len == p->before.len &&
	       skb_transport_offset(p->clone_of) == OUTER_LEN &&
	       !skb_copy_bits(p->clone_of, 0, now, p->before.len) &&
	       !memcmp(now, p->before.data, p->before.len);
}
