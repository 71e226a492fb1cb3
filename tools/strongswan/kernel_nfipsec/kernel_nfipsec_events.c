/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_events.h"
#include "kernel_nfipsec_later.h"
#include "kernel_nfipsec_shared.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>

#include <daemon.h>
#include <collections/array.h>
#include <collections/linked_list.h>
#include <processing/watcher.h>
#include <threading/mutex.h>
#include <utils/debug.h>

/**
 * Events that may wait to be handled. Of more, as of those that a full socket does
 * not take, it is looked for what they told.
 */
#define WAITING_MAX 1024

typedef struct private_kernel_nfipsec_events_t private_kernel_nfipsec_events_t;

/**
 * Private data of kernel_nfipsec_events_t.
 */
struct private_kernel_nfipsec_events_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_events_t public;

	/**
	 * For requests.
	 */
	kernel_nfipsec_socket_t *socket;

	/**
	 * What the daemon has in the SPD.
	 */
	kernel_nfipsec_policies_t *policies;

	/**
	 * What it has in the SAD.
	 */
	kernel_nfipsec_sas_t *sas;

	/**
	 * A connection of its own, only the watcher's callback reads it.
	 */
	struct nfipsec *handle;

	/**
	 * Whether its socket was full, and has not been read empty since; for that
	 * callback too.
	 */
	bool full;

	/**
	 * Handles what was read.
	 */
	kernel_nfipsec_later_t *later;

	/**
	 * Protects what follows. Nothing else is waited for while it is held, since
	 * the watcher's thread takes it.
	 */
	mutex_t *mutex;

	/**
	 * What was read, event_t, the oldest first.
	 */
	linked_list_t *waiting;

	/**
	 * Whether events were lost.
	 */
	bool lost;
};

/**
 * An acquire, without what the daemon does not look at.
 */
typedef struct {
	/** number of the policy */
	uint32_t policy;
	/** reqid of its innermost template */
	uint32_t reqid;
	/** whether the SA is for a CPU */
	bool has_cpu;
	/** that CPU */
	uint32_t cpu;
	/** packet that met the policy */
	struct nfipsec_selector packet;
} acquire_t;

/**
 * An event that waits.
 */
typedef struct {
	/** NFIPSEC_CMD_*_NTF */
	uint8_t cmd;
	union {
		/** with NFIPSEC_CMD_MAPPING_NTF */
		struct nfipsec_mapping mapping;
		/** with NFIPSEC_CMD_EXPIRE_NTF */
		struct nfipsec_expire expire;
		/** with NFIPSEC_CMD_ACQUIRE_NTF */
		acquire_t acquire;
	};
} event_t;

/**
 * A NAT has a new mapping for a peer.
 */
static void mapping(const struct nfipsec_mapping *ev)
{
	host_t *dst, *remote;

	if (!ev->old_sport)
	{	/* a port that the peer has made up is not where its daemon is */
		return;
	}
	dst = kernel_nfipsec_addr2host(&ev->dst, 0);
	remote = kernel_nfipsec_addr2host(&ev->new_src, ev->new_sport);
	if (dst && remote)
	{
		charon->kernel->mapping(charon->kernel, ev->proto, htonl(ev->spi), dst,
								remote);
	}
	DESTROY_IF(dst);
	DESTROY_IF(remote);
}

/**
 * An SA has reached a limit, or after a hard one is gone. Of those of others, the
 * daemon knows nothing.
 */
static void expire(private_kernel_nfipsec_events_t *this,
				   const struct nfipsec_expire *ev)
{
	host_t *dst;

	if (!this->sas->has(this->sas, &ev->dst, ev->proto, ev->spi))
	{
		return;
	}
	dst = kernel_nfipsec_addr2host(&ev->dst, 0);
	if (dst)
	{
		charon->kernel->expire(charon->kernel, ev->proto, htonl(ev->spi), dst,
							   ev->hard);
		dst->destroy(dst);
	}
}

/**
 * One end of a packet, as IKEv2 is told it. A type is told of both ends, as a
 * port.
 */
static traffic_selector_t *packet_ts(const struct nfipsec_selector *packet,
									 const struct nfipsec_addr *addr, int attr,
									 uint16_t port)
{
	uint16_t from = 0, to = 65535;
	host_t *host;

	host = kernel_nfipsec_addr2host(addr, 0);
	if (!host)
	{
		return NULL;
	}
	if (packet->has & NFIPSEC_HAS(attr))
	{
		from = to = port;
	}
	else if (packet->has & NFIPSEC_HAS(NFIPSEC_A_SELECTOR_TYPE_MIN))
	{
		from = packet->type_min;
		to = packet->type_max;
	}
	return traffic_selector_create_from_subnet(host,
									addr->family == AF_INET ? 32 : 128,
									packet->proto, from, to);
}

/**
 * Whether the kernel has an SA, as it may by now. TRUE if nobody knows. What it is
 * is set to nothing unless it was read.
 */
static bool is_there(private_kernel_nfipsec_events_t *this,
					 const struct nfipsec_sa *sa, struct nfipsec_sa *found)
{
	struct nfipsec_sa key = {
		.has = NFIPSEC_HAS(NFIPSEC_A_SA_DST) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_PROTO) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_SPI),
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	struct nfipsec *handle;
	int err;

	memset(found, 0, sizeof(*found));
	handle = this->socket->get(this->socket);
	if (!handle)
	{
		return TRUE;
	}
	err = nfipsec_sa_get(handle, &key, found);
	if (err)
	{
		memset(found, 0, sizeof(*found));
	}
	this->socket->release(this->socket);
	return err != -ENOENT;
}

/**
 * Whether an SA is for the CPU that one is wanted for, or for all as wanted.
 */
static bool is_for(const struct nfipsec_sa *sa, const acquire_t *ev)
{
	bool some = sa->has & NFIPSEC_HAS(NFIPSEC_A_SA_CPU);

	return sa->has && some == ev->has_cpu && (!some || sa->cpu == ev->cpu);
}

/**
 * Whether there is no SA to negotiate: one of those that the daemon has negotiated
 * is what is wanted, or the kernel does not have it any more. That one is replaced.
 */
static bool has_one(private_kernel_nfipsec_events_t *this,
					const acquire_t *ev, array_t *sas)
{
	struct nfipsec_sa sa, found;
	int i;

	for (i = 0; array_get(sas, i, &sa); i++)
	{
		struct nfipsec_expire gone = {
			.dst = sa.dst,
			.proto = sa.proto,
			.spi = sa.spi,
		};

		if (!is_there(this, &sa, &found))
		{
			expire(this, &gone);
			return TRUE;
		}
		if (is_for(&found, ev))
		{	/* it has moved since, or was added */
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Have the daemon negotiate an SA, for the CPU of a packet or for all.
 */
static void negotiate(const acquire_t *ev)
{
	const struct nfipsec_selector *packet = &ev->packet;
	kernel_acquire_data_t data = {
#ifdef CPU_ID_MAX
		.cpu = ev->has_cpu ? ev->cpu : CPU_ID_MAX,
#endif
	};

	data.src = packet_ts(packet, &packet->src,
						 NFIPSEC_A_SELECTOR_SPORT_MIN, packet->sport_min);
	data.dst = packet_ts(packet, &packet->dst,
						 NFIPSEC_A_SELECTOR_DPORT_MIN, packet->dport_min);
	charon->kernel->acquire(charon->kernel, ev->reqid, &data);
	DESTROY_IF(data.src);
	DESTROY_IF(data.dst);
}

/**
 * A packet met a policy for which there is no SA. If it is not the daemon's, its
 * reqid may be the same as one of the daemon's all the same. If the daemon has
 * negotiated an SA for it, that has gone without its doing, and is replaced.
 */
static void acquire(private_kernel_nfipsec_events_t *this, const acquire_t *ev)
{
	bool per_cpu = FALSE;
	array_t *sas;

	sas = array_create(sizeof(struct nfipsec_sa), 0);
	/* of SAs of several CPUs one more may be wanted */
	if (this->policies->lacks(this->policies, ev->policy, sas, &per_cpu) &&
		!has_one(this, ev, sas) && (per_cpu || !array_count(sas)))
	{
		negotiate(ev);
	}
	array_destroy(sas);
}

/**
 * Keep of an acquire what is needed. FALSE if it asks for nothing.
 */
static bool shorten(const struct nfipsec_acquire *from, acquire_t *to)
{
	if (!from->tmpls)
	{
		return FALSE;
	}
	to->policy = from->policy;
	to->reqid = from->tmpl[0].reqid;
	to->has_cpu = from->has & NFIPSEC_HAS(NFIPSEC_A_ACQUIRE_CPU);
	to->cpu = from->cpu;
	to->packet = from->packet;
	return TRUE;
}

/**
 * An SA that packets wait for, of a list of all.
 */
static int acquire_again(const struct nfipsec_acquire *ev, void *arg)
{
	acquire_t acq;

	if (shorten(ev, &acq))
	{
		acquire(arg, &acq);
	}
	return 0;
}

/**
 * Whether a limit was reached.
 */
static bool reached(uint64_t limit, uint64_t value)
{
	return limit && value >= limit;
}

/**
 * The last sequence number of an SA that sends, 0 if there is none.
 */
static uint64_t seq_limit(const struct nfipsec_sa *sa)
{
	if (sa->dir != NFIPSEC_DIR_OUT ||
		(sa->flags & NFIPSEC_SA_FLAG_SEQ_ROLLOVER))
	{
		return 0;
	}
	return sa->flags & NFIPSEC_SA_FLAG_ESN ? UINT64_MAX - (1 << 20)
										   : UINT32_MAX;
}

/**
 * Tell of an SA again that has reached a soft limit, or has no sequence numbers
 * any more. One at a hard limit is not there.
 */
static int expire_again(const struct nfipsec_sa *sa, void *arg)
{
	private_kernel_nfipsec_events_t *this = arg;
	const struct nfipsec_lifetime *l = &sa->lifetime;
	struct nfipsec_expire ev = {
		.dst = sa->dst,
		.proto = sa->proto,
		.spi = sa->spi,
	};
	uint64_t seq = seq_limit(sa), age = 0;

	if (!this->sas->age(this->sas, sa, &age))
	{	/* nor is it told of it */
		return 0;
	}
	ev.hard = reached(seq, sa->seq_out);
	if (ev.hard || reached(seq / 16 * 15, sa->seq_out) ||
		reached(l->byte_soft, sa->used_bytes) ||
		reached(l->packet_soft, sa->used_packets) ||
		reached(l->time_soft, age))
	{
		expire(this, &ev);
	}
	return 0;
}

/**
 * After events were lost, look for what they may have been about. The daemon
 * ignores what it knows. Of a peer's new mapping the module tells again with the
 * next one.
 */
static void resync(private_kernel_nfipsec_events_t *this)
{
	struct nfipsec *handle;

	DBG1(DBG_KNL, "nfipsec: events were lost, looking for what they told");
	if (nfipsec_open(&handle) != 0 ||
		nfipsec_acquire_list(handle, acquire_again, this) != 0 ||
		nfipsec_sa_list(handle, expire_again, this) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(handle));
	}
	nfipsec_close(handle);
	this->sas->missing(this->sas, this->socket, TRUE);
}

/**
 * Take what comes next: an event, or NULL and whether events were lost.
 */
static event_t *take(private_kernel_nfipsec_events_t *this, bool *lost)
{
	event_t *ev = NULL;

	*lost = FALSE;
	this->mutex->lock(this->mutex);
	if (this->waiting->remove_first(this->waiting, (void**)&ev) != SUCCESS)
	{
		*lost = this->lost;
		this->lost = FALSE;
	}
	this->mutex->unlock(this->mutex);
	return ev;
}

/**
 * Handle what has come, in that order. What the daemon is told it puts into jobs of
 * its own.
 */
static void handle_all(private_kernel_nfipsec_events_t *this)
{
	event_t *ev;
	bool lost;

	while ((ev = take(this, &lost)) || lost)
	{
		if (!ev)
		{
			resync(this);
			continue;
		}
		switch (ev->cmd)
		{
			case NFIPSEC_CMD_MAPPING_NTF:
				mapping(&ev->mapping);
				break;
			case NFIPSEC_CMD_EXPIRE_NTF:
				expire(this, &ev->expire);
				break;
			default:
				acquire(this, &ev->acquire);
				break;
		}
		free(ev);
	}
}

/**
 * Have an event handled, NULL for those that were lost.
 */
static void put(private_kernel_nfipsec_events_t *this, const event_t *ev)
{
	event_t *copy;

	this->mutex->lock(this->mutex);
	if (ev && this->waiting->get_count(this->waiting) < WAITING_MAX)
	{
		copy = malloc_thing(event_t);
		*copy = *ev;
		this->waiting->insert_last(this->waiting, copy);
	}
	else
	{
		this->lost = TRUE;
	}
	this->mutex->unlock(this->mutex);
	this->later->run(this->later);
}

/**
 * One event, in the watcher's callback.
 */
static int event(const struct nfipsec_event *from, void *arg)
{
	event_t ev = {
		.cmd = from->cmd,
	};

	switch (from->cmd)
	{
		case NFIPSEC_CMD_MAPPING_NTF:
			ev.mapping = from->mapping;
			break;
		case NFIPSEC_CMD_EXPIRE_NTF:
			ev.expire = from->expire;
			break;
		case NFIPSEC_CMD_ACQUIRE_NTF:
			if (!shorten(&from->acquire, &ev.acquire))
			{
				return 0;
			}
			break;
		default:
			return 0;
	}
	put(arg, &ev);
	return 0;
}

/**
 * Whether nothing is to be read.
 */
static bool is_empty(int fd)
{
	struct pollfd pfd = {
		.fd = fd,
		.events = POLLIN,
	};

	/* it is not told of a signal where there is something */
	return poll(&pfd, 1, 0) <= 0;
}

/**
 * Called by the watcher when there is something to read. That may be its own
 * thread, so nothing is waited for here that another thread does: one that adds a
 * policy has its mutex while the watcher reads what kernel-netlink was answered.
 */
static bool readable(private_kernel_nfipsec_events_t *this, int fd,
					 watcher_event_t why)
{
	int err;

	err = nfipsec_event_read(this->handle, event, this);
	/* the kernel says once that it had no room, and drops what comes until all is
	 * read that there was: only then nothing is missed by looking */
	this->full |= err == -ENOBUFS;
	if (this->full && is_empty(fd))
	{
		this->full = FALSE;
		put(this, NULL);
	}
	switch (err)
	{
		case 0:
		case -EAGAIN:
		case -EINTR:
		case -ENOBUFS:
			return TRUE;
		default:
			DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(this->handle));
			/* nobody would begin to watch it again */
			return err != -EBADF;
	}
}

METHOD(kernel_nfipsec_events_t, destroy, void,
	private_kernel_nfipsec_events_t *this)
{
	lib->watcher->remove(lib->watcher, nfipsec_fd(this->handle));
	this->later->destroy(this->later);
	this->waiting->destroy_function(this->waiting, free);
	this->mutex->destroy(this->mutex);
	nfipsec_close(this->handle);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_events_t *kernel_nfipsec_events_create(
										kernel_nfipsec_socket_t *socket,
										kernel_nfipsec_policies_t *policies,
										kernel_nfipsec_sas_t *sas)
{
	private_kernel_nfipsec_events_t *this;

	INIT(this,
		.public = {
			.destroy = _destroy,
		},
		.socket = socket,
		.policies = policies,
		.sas = sas,
	);

	if (nfipsec_open(&this->handle) != 0 ||
		nfipsec_event_subscribe(this->handle) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: no events: %s", nfipsec_error(this->handle));
		nfipsec_close(this->handle);
		free(this);
		return NULL;
	}
	this->later = kernel_nfipsec_later_create(
									(kernel_nfipsec_later_cb_t)handle_all, this,
									JOB_PRIO_HIGH);
	this->mutex = mutex_create(MUTEX_TYPE_DEFAULT);
	this->waiting = linked_list_create();
	lib->watcher->add(lib->watcher, nfipsec_fd(this->handle), WATCHER_READ,
					  (watcher_cb_t)readable, this);
	return &this->public;
}
