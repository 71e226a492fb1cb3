/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_sas.h"

#include <errno.h>
#include <netinet/in.h>
#include <time.h>

#include <daemon.h>
#include <collections/array.h>
#include <threading/mutex.h>

/**
 * SAs that may be noted as refused. What versions of the daemon delete, they
 * delete at once; others do not, and the oldest go.
 */
#define REFUSED_MAX 256

typedef struct private_kernel_nfipsec_sas_t private_kernel_nfipsec_sas_t;

/**
 * Private data of kernel_nfipsec_sas_t.
 */
struct private_kernel_nfipsec_sas_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_sas_t public;

	/**
	 * Protects the arrays.
	 */
	mutex_t *mutex;

	/**
	 * SAs, known_t.
	 */
	array_t *sas;

	/**
	 * SAs that were refused, refused_t, the oldest first.
	 */
	array_t *refused;
};

/**
 * An SA that was refused.
 */
typedef struct {
	/** destination */
	struct nfipsec_addr dst;
	/** SPI, host order */
	uint32_t spi;
	/** protocol */
	uint8_t proto;
	/** the daemon's object, is never looked into */
	const host_t *host;
} refused_t;

/**
 * An SA.
 */
typedef struct {
	/** destination */
	struct nfipsec_addr dst;
	/** SPI, host order */
	uint32_t spi;
	/** protocol */
	uint8_t proto;
	/** enum nfipsec_dir */
	uint8_t dir;
	/** where it was moved from, no address if it was not */
	struct nfipsec_addr from;
	/** when it was added, seconds since the system was started */
	uint64_t added;
} known_t;

/**
 * Seconds since the system was started, those in which it slept included.
 */
static uint64_t uptime()
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

/**
 * Find an SA, the newest if it is noted several times, -1 if it is not known. Under
 * the mutex.
 */
static int find(private_kernel_nfipsec_sas_t *this,
				const struct nfipsec_addr *dst, uint8_t proto, uint32_t spi,
				known_t *known)
{
	int i;

	for (i = array_count(this->sas) - 1; i >= 0; i--)
	{
		array_get(this->sas, i, known);
		if (known->spi == spi && known->proto == proto &&
			memeq(&known->dst, dst, sizeof(*dst)))
		{
			break;
		}
	}
	return i;
}

METHOD(kernel_nfipsec_sas_t, add, void,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
	const struct nfipsec_addr *from)
{
	known_t known = {
		.dst = sa->dst,
		.spi = sa->spi,
		.proto = sa->proto,
		.dir = sa->dir,
		.added = uptime(),
	}, old;

	this->mutex->lock(this->mutex);
	if (from)
	{
		known.from = *from;
		if (find(this, from, sa->proto, sa->spi, &old) >= 0)
		{
			known.added = old.added;
		}
	}
	array_insert(this->sas, ARRAY_TAIL, &known);
	this->mutex->unlock(this->mutex);
}

/**
 * Find an inbound SA that was moved from the destination that is given, -1 if
 * there is none. It has to be this one and no other: the same SPI may be that of
 * an outbound SA, which the peer has chosen. Under the mutex.
 */
static int find_moved(private_kernel_nfipsec_sas_t *this,
					  const struct nfipsec_sa *sa, known_t *known)
{
	int i;

	for (i = 0; array_get(this->sas, i, known); i++)
	{
		if (known->spi == sa->spi && known->proto == sa->proto &&
			known->dir == NFIPSEC_DIR_IN &&
			memeq(&known->from, &sa->dst, sizeof(sa->dst)))
		{
			return i;
		}
	}
	return -1;
}

METHOD(kernel_nfipsec_sas_t, remove_, void,
	private_kernel_nfipsec_sas_t *this, struct nfipsec_sa *sa)
{
	known_t known;
	int i;

	this->mutex->lock(this->mutex);
	i = find(this, &sa->dst, sa->proto, sa->spi, &known);
	if (i < 0)
	{
		i = find_moved(this, sa, &known);
	}
	if (i >= 0)
	{
		array_remove(this->sas, i, NULL);
		sa->dst = known.dst;
	}
	this->mutex->unlock(this->mutex);
}

/**
 * Forget a refused SA, FALSE if it was not. Under the mutex.
 */
static bool forget_refused(private_kernel_nfipsec_sas_t *this,
						   const struct nfipsec_sa *sa, const host_t *dst)
{
	refused_t refused;
	int i;

	for (i = 0; array_get(this->refused, i, &refused); i++)
	{
		if (refused.host == dst && refused.spi == sa->spi &&
			refused.proto == sa->proto &&
			memeq(&refused.dst, &sa->dst, sizeof(sa->dst)))
		{
			array_remove(this->refused, i, NULL);
			return TRUE;
		}
	}
	return FALSE;
}

METHOD(kernel_nfipsec_sas_t, refuse, void,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
	const host_t *dst)
{
	refused_t refused = {
		.dst = sa->dst,
		.spi = sa->spi,
		.proto = sa->proto,
		.host = dst,
	};

	this->mutex->lock(this->mutex);
	forget_refused(this, sa, dst);
	if (array_count(this->refused) == REFUSED_MAX)
	{
		array_remove(this->refused, ARRAY_HEAD, NULL);
	}
	array_insert(this->refused, ARRAY_TAIL, &refused);
	this->mutex->unlock(this->mutex);
}

METHOD(kernel_nfipsec_sas_t, refused, bool,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
	const host_t *dst)
{
	bool found;

	this->mutex->lock(this->mutex);
	found = forget_refused(this, sa, dst);
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(kernel_nfipsec_sas_t, dir, uint8_t,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa)
{
	known_t known;
	uint8_t dir = NFIPSEC_DIR_ANY;

	this->mutex->lock(this->mutex);
	if (find(this, &sa->dst, sa->proto, sa->spi, &known) >= 0)
	{
		dir = known.dir;
	}
	this->mutex->unlock(this->mutex);
	return dir;
}

METHOD(kernel_nfipsec_sas_t, age, bool,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_sa *sa,
	uint64_t *age)
{
	known_t known;
	bool found;

	this->mutex->lock(this->mutex);
	found = find(this, &sa->dst, sa->proto, sa->spi, &known) >= 0;
	this->mutex->unlock(this->mutex);
	if (found)
	{
		*age = uptime() - known.added;
	}
	return found;
}

METHOD(kernel_nfipsec_sas_t, has, bool,
	private_kernel_nfipsec_sas_t *this, const struct nfipsec_addr *dst,
	uint8_t proto, uint32_t spi)
{
	known_t known;
	bool found;

	this->mutex->lock(this->mutex);
	found = find(this, dst, proto, spi, &known) >= 0;
	this->mutex->unlock(this->mutex);
	return found;
}

/**
 * Whether the kernel has an SA, TRUE if nobody knows.
 */
static bool is_there(struct nfipsec *handle, const known_t *known)
{
	struct nfipsec_sa sa, key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI),
		.dst = known->dst,
		.proto = known->proto,
		.spi = known->spi,
	};

	return nfipsec_sa_get(handle, &key, &sa) != -ENOENT;
}

/**
 * Tell the daemon of an SA that is not there.
 */
static void tell(const known_t *known, bool hard)
{
	host_t *dst;

	dst = kernel_nfipsec_addr2host(&known->dst, 0);
	if (dst)
	{
		charon->kernel->expire(charon->kernel, known->proto, htonl(known->spi),
							   dst, hard);
		dst->destroy(dst);
	}
}

METHOD(kernel_nfipsec_sas_t, missing, u_int,
	private_kernel_nfipsec_sas_t *this, kernel_nfipsec_socket_t *socket,
	bool hard)
{
	struct nfipsec *handle;
	array_t *gone;
	known_t known;
	u_int count = 0;
	int i;

	handle = socket->get(socket);
	if (!handle)
	{
		return 0;
	}
	gone = array_create(sizeof(known_t), 0);
	this->mutex->lock(this->mutex);
	for (i = 0; array_get(this->sas, i, &known); i++)
	{
		/* a CHILD_SA has one for each direction, and is told of once */
		if ((hard || known.dir == NFIPSEC_DIR_IN) && !is_there(handle, &known))
		{
			array_insert(gone, ARRAY_TAIL, &known);
		}
	}
	this->mutex->unlock(this->mutex);
	socket->release(socket);

	/* without locks that its other requests take */
	while (array_remove(gone, ARRAY_HEAD, &known))
	{
		tell(&known, hard);
		count++;
	}
	array_destroy(gone);
	return count;
}

METHOD(kernel_nfipsec_sas_t, destroy, void,
	private_kernel_nfipsec_sas_t *this)
{
	array_destroy(this->refused);
	array_destroy(this->sas);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_sas_t *kernel_nfipsec_sas_create()
{
	private_kernel_nfipsec_sas_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.remove = _remove_,
			.refuse = _refuse,
			.refused = _refused,
			.dir = _dir,
			.age = _age,
			.has = _has,
			.missing = _missing,
			.destroy = _destroy,
		},
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.sas = array_create(sizeof(known_t), 0),
		.refused = array_create(sizeof(refused_t), 0),
	);

	return &this->public;
}
