/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_events.h"
#include "kernel_nfipsec_later.h"
#include "kernel_nfipsec_teller.h"

#include <errno.h>
#include <poll.h>

#include <daemon.h>
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
	 * What is made of events.
	 */
	kernel_nfipsec_teller_t *teller;

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
		kernel_nfipsec_acquire_t acquire;
	};
} event_t;

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
 * Handle what has come, in that order.
 */
static void handle_all(private_kernel_nfipsec_events_t *this)
{
	event_t *ev;
	bool lost;

	while ((ev = take(this, &lost)) || lost)
	{
		if (!ev)
		{
			this->teller->resync(this->teller);
			continue;
		}
		switch (ev->cmd)
		{
			case NFIPSEC_CMD_MAPPING_NTF:
				this->teller->mapping(this->teller, &ev->mapping);
				break;
			case NFIPSEC_CMD_EXPIRE_NTF:
				this->teller->expire(this->teller, &ev->expire);
				break;
			default:
				this->teller->acquire(this->teller, &ev->acquire);
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
			if (!kernel_nfipsec_acquire_from(&from->acquire, &ev.acquire))
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
	this->teller->destroy(this->teller);
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
	this->teller = kernel_nfipsec_teller_create(socket, policies, sas);
	lib->watcher->add(lib->watcher, nfipsec_fd(this->handle), WATCHER_READ,
					  (watcher_cb_t)readable, this);
	return &this->public;
}
