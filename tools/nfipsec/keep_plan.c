// SPDX-License-Identifier: GPL-2.0
/* What is to be written down of an SA, and what it may then do. */
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "keep.h"
#include "sa.h"

/*
 * One less than the kernel has, see enum limit in the netlink specification:
 * there the largest means none, and an SA that is kept shall always have one.
 */
#define LIMIT		((uint64_t)UINT32_MAX - 1)
#define LIMIT_ESN	(UINT64_MAX - (1 << 20) - 1)

static bool same_addr(const struct nfipsec_addr *a,
		      const struct nfipsec_addr *b)
{
	return a->family == b->family &&
	       !memcmp(a->bytes, b->bytes, a->family == AF_INET ? 4 : 16);
}

/**
 * kept_find() - find an SA, or begin to know it
 * @list: SAs
 * @sa: src, dst, proto and spi of it
 *
 * Return: the entry, valid until the next call; NULL if there is no memory
 */
struct kept *kept_find(struct kept_list *list, const struct nfipsec_sa *sa)
{
	struct kept *k;

	for (k = list->sa; k < list->sa + list->len; k++)
		if (k->spi == sa->spi && k->proto == sa->proto &&
		    same_addr(&k->dst, &sa->dst) &&
		    same_addr(&k->src, &sa->src))
			return k;
	k = realloc(list->sa, (list->len + 1) * sizeof(*k));
	if (!k)
		return NULL;
	list->sa = k;
	k += list->len++;
	*k = (struct kept){
		.src = sa->src,
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	return k;
}

/**
 * kept_unsee() - take no SA to be there, before all that are there are looked at
 * @list: SAs
 *
 * What was not there and has nothing on file is forgotten: whatever comes and goes
 * without being kept would stay in the list.
 */
void kept_unsee(struct kept_list *list)
{
	struct kept *k, *to = list->sa;

	for (k = list->sa; k < list->sa + list->len; k++) {
		if (!k->there && !k->out && !k->in)
			continue;
		*to = *k;
		to++->there = false;
	}
	list->len = to - list->sa;
}

/**
 * kept_seen() - note what the kernel says of an SA
 * @k: entry
 * @sa: mature SA
 * @receive: what it receives is kept too
 *
 * One that was kept is kept also if it comes again without a largest number.
 */
void kept_seen(struct kept *k, const struct nfipsec_sa *sa, bool receive)
{
	k->limit = sa->flags & NFIPSEC_SA_FLAG_ESN ? LIMIT_ESN : LIMIT;
	k->sends = sa->dir != NFIPSEC_DIR_IN &&
		   !(sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER) &&
		   (SA_HAS(sa, SEQ_MAX) || k->out);
	k->receives = receive && sa->dir != NFIPSEC_DIR_OUT &&
		      sa->replay_window;
	k->there = k->sends || k->receives;
	k->seq_out = sa->seq_out < k->limit ? sa->seq_out : k->limit;
	k->seq_in = sa->seq_in;
	k->bare = !SA_HAS(sa, SEQ_MAX);
	k->seq_max = k->bare ? 0 : sa->seq_max;
}

/* Numbers are reserved anew when half of them are used. */
static void plan_out(struct kept *k, uint64_t ahead)
{
	uint64_t out = k->out < k->limit ? k->out : k->limit;
	uint64_t from = k->seq_out;

	/* Not the SA that the file was written of, but one added after that: it
	 * must not begin anew. It is the same one if there was no time to
	 * raise its seq-max, and then only numbers are lost.
	 */
	if (k->seq_max < out && from < out)
		from = out;
	k->from = from > k->seq_out ? from : 0;
	k->raise = k->seq_max < k->limit &&
		   (k->seq_max <= from || k->seq_max < out ||
		    k->seq_max - from <= (ahead + 1) / 2);
	if (k->raise)
		from = ahead < k->limit - from ? from + ahead : k->limit;
	if (k->out < k->seq_max)
		k->out = k->seq_max;
	if (k->raise && k->out < from)
		k->out = from;
}

/* The largest number that its SA may have used, under whatever addresses. */
static uint64_t largest(const struct kept_list *list, const struct kept *like)
{
	uint64_t out = like->out;
	const struct kept *k;

	for (k = list->sa; k < list->sa + list->len; k++)
		if (k->spi == like->spi && k->proto == like->proto &&
		    k->out > out && k->out <= like->limit)
			out = k->out;
	return out;
}

/**
 * kept_begin() - let SAs that have come begin behind all that is kept of their SPI
 * @list: SAs, that kept_seen() filled; before kept_plan() looks at one
 *
 * An SA that was moved has numbers under each of its addresses, and may come again
 * with any of them. What has its SPI may be another SA: then only numbers are lost.
 * One that went on has all that is on file of it, and is left as it is.
 *
 * Return: true if the file has to be written before
 */
bool kept_begin(struct kept_list *list)
{
	bool write = false;
	struct kept *k;
	uint64_t out;

	for (k = list->sa; k < list->sa + list->len; k++) {
		if (!k->there || !k->sends || (k->out && k->out <= k->seq_max))
			continue;
		out = largest(list, k);
		write = write || out != k->out;
		k->out = out;
	}
	return write;
}

/**
 * kept_plan() - find out what is to be done about an SA
 * @k: entry, that kept_seen() or keep_read() filled
 * @ahead: numbers to reserve
 *
 * Return: true if the file has to be written before
 */
bool kept_plan(struct kept *k, uint64_t ahead)
{
	uint64_t out = k->out, in = k->in;

	k->from = 0;
	k->raise = false;
	k->behind = false;
	if (!k->there)
		return false;
	if (k->sends)
		plan_out(k, ahead);
	if (k->receives && k->seq_in > k->in)
		k->in = k->seq_in;
	k->behind = k->receives && k->seq_in < k->in;
	return k->out != out || k->in != in;
}
