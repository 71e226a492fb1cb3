// SPDX-License-Identifier: GPL-2.0-only
/* The security association database: SPIs that are free. */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "net.h"
#include "sad.h"

/* RFC 4303 section 2.1: smaller ones are reserved. */
#define SPI_MIN		256

/* How hard to look for a free SPI: at random, then one by one. */
#define SPI_RANDOM_TRIES	32
#define SPI_WALK_MAX		65536

static bool spi_is_free(struct nfipsec_net *nn, struct nfipsec_sa_key *key,
			u32 spi)
{
	bool taken;

	key->spi = htonl(spi);
	rcu_read_lock();
	taken = nfipsec_sad_lookup(nn, key);
	rcu_read_unlock();
	return !taken;
}

/*
 * Set key->spi to one that is free. At random, because an SPI that can be
 * guessed helps whoever wants to inject packets or follow a host; the walk is
 * for ranges that are small or nearly full, and is bounded because it holds
 * the config lock.
 */
static int choose_spi(struct nfipsec_net *nn, struct nfipsec_sa_key *key,
		      u32 lo, u32 hi)
{
	u32 count = hi - lo + 1;	/* fits, lo is at least SPI_MIN */
	u32 walk = min_t(u32, count, SPI_WALK_MAX);
	u32 off = 0;
	u32 i;

	for (i = 0; i < SPI_RANDOM_TRIES; i++) {
		off = get_random_u32_below(count);
		if (spi_is_free(nn, key, lo + off))
			return 0;
	}
	for (i = 0; i < walk; i++) {
		if (++off >= count)
			off = 0;
		if (spi_is_free(nn, key, lo + off))
			return 0;
		cond_resched();
	}
	return -ENOSPC;
}

/**
 * nfipsec_sad_alloc_spi() - reserve an SPI by a larval SA
 * @nn: the namespace
 * @cfg: the SA to be; key.spi and state are set here
 * @min: lowest SPI wanted, host byte order, at least 256
 * @max: highest SPI wanted, host byte order
 *
 * The caller finds the larval SA under @cfg->key, as long as it holds the
 * lock. It goes away after NFIPSEC_LARVAL_LIFE seconds.
 *
 * Context: process context under nn->lock, sleeps.
 * Return: 0; -EINVAL if the range is empty or touches reserved SPIs; -ENOSPC
 * if no free SPI was found; an error of nfipsec_sa_create() or
 * nfipsec_sad_insert().
 */
int nfipsec_sad_alloc_spi(struct nfipsec_net *nn,
			  struct nfipsec_sa_config *cfg, u32 min, u32 max)
{
	struct nfipsec_sa *sa;
	int err;

	lockdep_assert_held(&nn->lock);
	if (min < SPI_MIN || max < min)
		return -EINVAL;
	err = choose_spi(nn, &cfg->key, min, max);
	if (err)
		return err;

	cfg->state = NFIPSEC_SA_STATE_LARVAL;
	cfg->limits.hard[NFIPSEC_LIMIT_TIME] = NFIPSEC_LARVAL_LIFE;
	sa = nfipsec_sa_create(cfg, NULL);
	if (IS_ERR(sa))
		return PTR_ERR(sa);
	err = nfipsec_sad_insert(nn, sa);
	if (err)
		nfipsec_sa_free(sa);
	return err;
}
