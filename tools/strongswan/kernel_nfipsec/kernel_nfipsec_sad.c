/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_sad.h"
#include "kernel_nfipsec_sa.h"

#include <errno.h>
#include <netinet/in.h>

#include <utils/debug.h>

/**
 * Replace an SA that an earlier run left.
 */
static int replace_leftover(kernel_nfipsec_leftovers_t *leftovers,
							struct nfipsec *handle, struct nfipsec_sa *sa)
{
	struct nfipsec_sa old;

	if (nfipsec_sa_get(handle, sa, &old) != 0 ||
		!leftovers->has_sa(leftovers, &old))
	{
		return -EEXIST;
	}
	DBG1(DBG_KNL, "nfipsec: replacing the SA with SPI %.8x that an earlier run "
		 "left", sa->spi);
	return nfipsec_sa_del(handle, sa) ?: nfipsec_sa_add(handle, sa);
}

/**
 * Add an SA, or give the SPI that was reserved for it its keys.
 */
static int add(kernel_nfipsec_leftovers_t *leftovers,
			   struct nfipsec *handle, struct nfipsec_sa *sa, bool update)
{
	int err = -ENOENT;

	if (update)
	{
		err = nfipsec_sa_update(handle, sa);
	}
	if (err == -ENOENT)
	{	/* also if the reservation has expired */
		err = nfipsec_sa_add(handle, sa);
	}
	if (err == -EEXIST && !update)
	{	/* the peer chose the SPI, and only knows of this SA */
		err = replace_leftover(leftovers, handle, sa);
	}
	return err;
}

/*
 * see header file
 */
int kernel_nfipsec_sad_add(kernel_nfipsec_leftovers_t *leftovers,
						   struct nfipsec *handle, struct nfipsec_sa *sa,
						   bool update)
{
	int err;

	DBG2(DBG_KNL, "nfipsec: adding SA with SPI %.8x and reqid {%u}", sa->spi,
		 sa->reqid);
	err = add(leftovers, handle, sa, update);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to add SA with SPI %.8x: %s", sa->spi,
			 err == -EEXIST ? "there is one with this SPI, which stays"
							: nfipsec_error(handle));
	}
	return err;
}

/*
 * see header file
 */
int kernel_nfipsec_sad_del(struct nfipsec *handle, const struct nfipsec_sa *key)
{
	int err;

	DBG2(DBG_KNL, "nfipsec: deleting SA with SPI %.8x", key->spi);
	err = nfipsec_sa_del(handle, key);
	if (err == -ENODEV)
	{	/* it went with the module */
		err = -ENOENT;
	}
	if (err && err != -ENOENT)
	{
		DBG1(DBG_KNL, "nfipsec: unable to delete SA with SPI %.8x: %s", key->spi,
			 nfipsec_error(handle));
	}
	return err;
}

/**
 * Move the SA of IPComp that an SA may have. What is around it, as UDP, is not
 * its business. What moves it back again is set, nothing if it was not moved.
 */
static int move_comp(struct nfipsec *handle, kernel_ipsec_sa_id_t *id,
					 uint16_t cpi, const struct nfipsec_move *move,
					 struct nfipsec_move *back)
{
	struct nfipsec_move to = *move;
	struct nfipsec_sa key, sa;
	int err;

	memset(back, 0, sizeof(*back));
	to.has &= ~(NFIPSEC_HAS(NFIPSEC_A_MOVE_ENCAP) |
				NFIPSEC_HAS(NFIPSEC_A_MOVE_NO_ENCAP));
	if (!cpi || !to.has)
	{
		return 0;
	}
	kernel_nfipsec_sa_key(id->src, id->dst, IPPROTO_COMP,
						  kernel_nfipsec_cpi2spi(cpi), &key);
	/* nobody else knows the reqid that it had */
	err = nfipsec_sa_get(handle, &key, &sa) ?:
		  nfipsec_sa_move(handle, &key, &to);
	if (!err)
	{
		back->has = NFIPSEC_HAS(NFIPSEC_A_MOVE_SRC) |
					NFIPSEC_HAS(NFIPSEC_A_MOVE_DST) |
					NFIPSEC_HAS(NFIPSEC_A_MOVE_REQID);
		back->src = sa.src;
		back->dst = sa.dst;
		back->reqid = sa.reqid;
	}
	return err;
}

/**
 * Move it back, since the SA around it did not move.
 */
static void move_comp_back(struct nfipsec *handle,
						   kernel_ipsec_update_sa_t *data,
						   const struct nfipsec_move *back)
{
	struct nfipsec_sa key;

	if (!back->has)
	{
		return;
	}
	kernel_nfipsec_sa_key(data->new_src, data->new_dst, IPPROTO_COMP,
						  kernel_nfipsec_cpi2spi(data->cpi), &key);
	if (nfipsec_sa_move(handle, &key, back))
	{
		DBG1(DBG_KNL, "nfipsec: unable to move CPI %.4x back: %s",
			 ntohs(data->cpi), nfipsec_error(handle));
	}
}

/**
 * An SA that receives from any port goes on to do so: which one the peer has for it
 * is not what the daemon knows of the peer.
 */
static void keep_any_port(struct nfipsec *handle, const struct nfipsec_sa *key,
						  struct nfipsec_move *to)
{
	struct nfipsec_sa sa;

	if ((to->has & NFIPSEC_HAS(NFIPSEC_A_MOVE_ENCAP)) &&
		nfipsec_sa_get(handle, key, &sa) == 0 &&
		(sa.has & NFIPSEC_HAS(NFIPSEC_A_SA_ENCAP)) && !sa.encap.sport)
	{
		to->encap.sport = 0;
	}
}

/*
 * see header file
 */
int kernel_nfipsec_sad_move(struct nfipsec *handle, kernel_ipsec_sa_id_t *id,
							kernel_ipsec_update_sa_t *data,
							const struct nfipsec_sa *key,
							const struct nfipsec_move *move)
{
	struct nfipsec_move to = *move, back;
	int err;

	DBG2(DBG_KNL, "nfipsec: moving SA with SPI %.8x from %#H..%#H to %#H..%#H",
		 key->spi, id->src, id->dst, data->new_src, data->new_dst);
	err = move_comp(handle, id, data->cpi, move, &back);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to move CPI %.4x: %s",
			 ntohs(data->cpi), nfipsec_error(handle));
		return err;
	}
	keep_any_port(handle, key, &to);
	err = nfipsec_sa_move(handle, key, &to);
	if (err)
	{
		DBG1(DBG_KNL, "nfipsec: unable to move SA with SPI %.8x: %s", key->spi,
			 nfipsec_error(handle));
		move_comp_back(handle, data, &back);
	}
	return err;
}
