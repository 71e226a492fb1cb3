// SPDX-License-Identifier: GPL-2.0
/* Calls about SAs. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_SA_##attr)
#define KEY		NFI_SA_KEY
#define CONFIG		NFI_SA_CONFIG
#define ALLOC		(HAS(SRC) | HAS(DST) | HAS(PROTO) | HAS(MODE) |	\
			 HAS(REQID) | HAS(SPI_MIN) | HAS(SPI_MAX) |	\
			 HAS(OWNER))

static int sa_read(const struct nlmsghdr *nlh, void *arg)
{
	struct nfipsec_sa *sa = arg;
	const void *attrs;
	size_t len;

	memset(sa, 0, sizeof(*sa));
	attrs = nfi_attrs(nlh, &len);
	return nfi_decode(attrs, len, &nfi_set_sa, sa);
}

/**
 * nfipsec_sa_add() - add a mature SA
 * @h: handle
 * @sa: src, dst, proto, spi, mode, algorithms and keys at least
 *
 * Return: 0 or a negative errno, -EEXIST if dst, proto and spi are taken
 */
int nfipsec_sa_add(struct nfipsec *h, const struct nfipsec_sa *sa)
{
	return nfi_call(h, NFIPSEC_CMD_SA_NEW, &nfi_set_sa, sa, CONFIG, NULL,
			NULL);
}

/**
 * nfipsec_sa_update() - make a larval SA mature, or change a mature one
 * @h: handle
 * @sa: for a larval SA as for nfipsec_sa_add(); of a mature one only reqid,
 *	selector, lifetime (as a whole) and seq_max can change, and seq_out and
 *	seq_in grow
 *
 * Return: 0 or a negative errno
 */
int nfipsec_sa_update(struct nfipsec *h, const struct nfipsec_sa *sa)
{
	return nfi_call(h, NFIPSEC_CMD_SA_UPDATE, &nfi_set_sa, sa, CONFIG,
			NULL, NULL);
}

/**
 * nfipsec_sa_move() - change where an SA is while it is in use, RFC 4555
 * @h: handle
 * @key: dst, proto, spi as they are now; the rest is not looked at
 * @to: what is to change
 *
 * All else stays as it is, and on error all does. Policies whose templates name
 * the old addresses are the caller's to replace.
 *
 * Return: 0 or a negative errno, -EEXIST if there is another SA with its proto
 * and spi at the new dst
 */
int nfipsec_sa_move(struct nfipsec *h, const struct nfipsec_sa *key,
		    const struct nfipsec_move *to)
{
	struct nfipsec_sa req = *key;

	req.has = (key->has & KEY) | HAS(MOVE);
	req.move = *to;
	return nfi_call(h, NFIPSEC_CMD_SA_MOVE, &nfi_set_sa, &req,
			KEY | HAS(MOVE), NULL, NULL);
}

/**
 * nfipsec_sa_del() - delete an SA
 * @h: handle
 * @key: dst, proto, spi, to a group also src; the rest is not looked at
 *
 * Return: 0 or a negative errno
 */
int nfipsec_sa_del(struct nfipsec *h, const struct nfipsec_sa *key)
{
	return nfi_call(h, NFIPSEC_CMD_SA_DEL, &nfi_set_sa, key, KEY, NULL,
			NULL);
}

/**
 * nfipsec_sa_get() - read an SA
 * @h: handle
 * @key: dst, proto, spi, to a group also src; the rest is not looked at
 * @sa: result
 *
 * Return: 0 or a negative errno
 */
int nfipsec_sa_get(struct nfipsec *h, const struct nfipsec_sa *key,
		   struct nfipsec_sa *sa)
{
	return nfi_call(h, NFIPSEC_CMD_SA_GET, &nfi_set_sa, key, KEY, sa_read,
			sa);
}

struct sa_walk {
	nfipsec_sa_cb cb;
	void *arg;
};

static int sa_each(const struct nlmsghdr *nlh, void *arg)
{
	struct sa_walk *w = arg;
	struct nfipsec_sa sa;
	int ret;

	ret = sa_read(nlh, &sa);
	return ret ? ret : w->cb(&sa, w->arg);
}

/**
 * nfipsec_sa_list() - read all SAs
 * @h: handle
 * @cb: called for each
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfipsec_sa_list(struct nfipsec *h, nfipsec_sa_cb cb, void *arg)
{
	struct sa_walk w = { .cb = cb, .arg = arg };

	return nfi_dump(h, NFIPSEC_CMD_SA_GET, &nfi_set_sa, sa_each, &w);
}

/**
 * nfipsec_sa_flush() - delete all SAs
 * @h: handle
 * @owner: only those of that owner, NULL for all
 *
 * Return: 0 or a negative errno
 */
int nfipsec_sa_flush(struct nfipsec *h, const char *owner)
{
	struct nfipsec_sa req = {};

	if (owner) {
		snprintf(req.owner, sizeof(req.owner), "%s", owner);
		req.has = HAS(OWNER);
	}
	return nfi_call(h, NFIPSEC_CMD_SA_FLUSH, &nfi_set_sa, &req, HAS(OWNER),
			NULL, NULL);
}

/**
 * nfipsec_sa_allocspi() - reserve a free SPI by a larval SA
 * @h: handle
 * @want: src, dst, proto, mode, reqid, spi_min, spi_max, owner
 * @sa: result, the larval SA with its SPI
 *
 * Return: 0 or a negative errno
 */
int nfipsec_sa_allocspi(struct nfipsec *h, const struct nfipsec_sa *want,
			struct nfipsec_sa *sa)
{
	return nfi_call(h, NFIPSEC_CMD_SA_ALLOCSPI, &nfi_set_sa, want, ALLOC,
			sa_read, sa);
}
