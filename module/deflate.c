// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEFLATE on the kernel's zlib. The crypto API has it too, but its interface
 * for that was another one in each of the kernels that are supported.
 */
#include <linux/errno.h>
#include <linux/kconfig.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "deflate.h"

/*
 * XFRM decompresses with a window of this size, and where its output lies in
 * several pieces it does not find what is farther back.
 */
#define PACK_WINDOW_BITS	11
/* Others take up to ten times as long for some payloads, with bottom halves off. */
#define PACK_LEVEL		Z_BEST_SPEED
/* Enough for the symbols of a packet; the table to be cleared for each is small. */
#define PACK_MEM_LEVEL		6

static DEFINE_PER_CPU(struct nfipsec_deflate *, memory);
static DEFINE_MUTEX(lock);
/* SAs that hold the memory, @lock */
static unsigned int users;

#define HAVE_ZLIB							\
	(IS_REACHABLE(CONFIG_ZLIB_DEFLATE) && IS_REACHABLE(CONFIG_ZLIB_INFLATE))

#if HAVE_ZLIB
static size_t memory_size(void)
{
	return sizeof(struct nfipsec_deflate) +
	       zlib_deflate_workspacesize(PACK_WINDOW_BITS, PACK_MEM_LEVEL) +
	       zlib_inflate_workspacesize();
}

/* Both without the header and the trailer of zlib's own format. */
static int streams_init(struct nfipsec_deflate *d)
{
	u8 *room = (u8 *)(d + 1);

	d->unpack.workspace = room;
	d->pack.workspace = room + zlib_inflate_workspacesize();
	if (zlib_inflateInit2(&d->unpack, -MAX_WBITS) != Z_OK ||
	    zlib_deflateInit2(&d->pack, PACK_LEVEL, Z_DEFLATED,
			      -PACK_WINDOW_BITS, PACK_MEM_LEVEL,
			      Z_DEFAULT_STRATEGY) != Z_OK)
		return -EINVAL;
	return 0;
}

static int memory_init(struct netlink_ext_ack *extack)
{
	struct nfipsec_deflate *d;
	int cpu, err;

	for_each_possible_cpu(cpu) {
		d = kvzalloc_node(memory_size(), GFP_KERNEL, cpu_to_node(cpu));
		if (!d)
			return -ENOMEM;
		per_cpu(memory, cpu) = d;
		err = streams_init(d);
		if (err)
			return err;
	}
	return 0;
}

static void memory_exit(void)
{
	int cpu;

	/* There are pieces of packets in it. */
	for_each_possible_cpu(cpu) {
		kvfree_sensitive(per_cpu(memory, cpu), memory_size());
		per_cpu(memory, cpu) = NULL;
	}
}

/**
 * nfipsec_deflate_pack() - compress
 * @d: working memory, the result is in @d->out
 * @data: input, may be @d->in
 * @len: bytes of it
 * @max: bytes that the result may have
 *
 * Context: between nfipsec_deflate_get() and nfipsec_deflate_put().
 * Return: bytes of the result, or -ENOSPC if it would have more.
 */
int nfipsec_deflate_pack(struct nfipsec_deflate *d, const u8 *data,
			 unsigned int len, unsigned int max)
{
	struct z_stream_s *s = &d->pack;

	if (zlib_deflateReset(s) != Z_OK)
		return -ENOSPC;
	s->next_in = data;
	s->avail_in = len;
	s->next_out = d->out;
	s->avail_out = max;
	if (zlib_deflate(s, Z_FINISH) != Z_STREAM_END)
		return -ENOSPC;
	return max - s->avail_out;
}

/**
 * nfipsec_deflate_unpack() - decompress
 * @d: working memory, the result is in @d->out
 * @data: input, may be @d->in; anything at all
 * @len: bytes of it, all of which must be used up
 * @max: bytes that the result may have
 *
 * Context: between nfipsec_deflate_get() and nfipsec_deflate_put().
 * Return: bytes of the result; -EMSGSIZE if it would have more; -EBADMSG if
 * the input is malformed, ends too early, or goes on behind its end.
 */
int nfipsec_deflate_unpack(struct nfipsec_deflate *d, const u8 *data,
			   unsigned int len, unsigned int max)
{
	struct z_stream_s *s = &d->unpack;
	int ret;

	if (zlib_inflateReset(s) != Z_OK)
		return -EBADMSG;
	s->next_in = data;
	s->avail_in = len;
	s->next_out = d->out;
	s->avail_out = max;
	ret = zlib_inflate(s, Z_FINISH);
	if (ret == Z_STREAM_END && !s->avail_in)
		return max - s->avail_out;
	return ret != Z_STREAM_END && ret != Z_DATA_ERROR && !s->avail_out ?
	       -EMSGSIZE : -EBADMSG;
}
#else
static int memory_init(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack,
		       NFIPSEC_DEFLATE_LACKS);
	return -EPROTONOSUPPORT;
}

static void memory_exit(void)
{
}

int nfipsec_deflate_pack(struct nfipsec_deflate *d, const u8 *data,
			 unsigned int len, unsigned int max)
{
	return -ENOSPC;
}

int nfipsec_deflate_unpack(struct nfipsec_deflate *d, const u8 *data,
			   unsigned int len, unsigned int max)
{
	return -EBADMSG;
}
#endif

/**
 * nfipsec_deflate_built() - can IPComp be used with this kernel?
 *
 * Context: any.
 * Return: true if so.
 */
bool nfipsec_deflate_built(void)
{
	return HAVE_ZLIB;
}

/**
 * nfipsec_deflate_hold() - have working memory
 * @extack: told what the kernel cannot do
 *
 * For each SA that compresses; the first has to wait for it.
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -EPROTONOSUPPORT if this kernel has no zlib.
 */
int nfipsec_deflate_hold(struct netlink_ext_ack *extack)
{
	int err = 0;

	mutex_lock(&lock);
	if (!users)
		err = memory_init(extack);
	if (err)
		memory_exit();
	else
		users++;
	mutex_unlock(&lock);
	return err;
}

/**
 * nfipsec_deflate_release() - undo nfipsec_deflate_hold()
 *
 * When no packet can come to the SA any more. The last wipes and frees it.
 * Context: process, sleeps.
 */
void nfipsec_deflate_release(void)
{
	mutex_lock(&lock);
	if (!--users)
		memory_exit();
	mutex_unlock(&lock);
}

/**
 * nfipsec_deflate_get() - take this CPU's working memory
 *
 * Does not nest. Turns bottom halves off until nfipsec_deflate_put().
 * Context: process or softirq, on behalf of an SA that holds it.
 * Return: the memory, contents undefined.
 */
struct nfipsec_deflate *nfipsec_deflate_get(void)
	__acquires(memory)
{
	local_bh_disable();
	__acquire(memory);
	return this_cpu_read(memory);
}

/**
 * nfipsec_deflate_put() - give the working memory back
 *
 * Context: the one of nfipsec_deflate_get().
 */
void nfipsec_deflate_put(void)
	__releases(memory)
{
	__release(memory);
	local_bh_enable();
}
