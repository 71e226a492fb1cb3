/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_events.h"
#include "kernel_nfipsec_shared.h"

#include <errno.h>
#include <netinet/in.h>

#include <daemon.h>
#include <processing/watcher.h>
#include <utils/debug.h>

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
	 * A connection of its own, only the watcher's thread reads it.
	 */
	struct nfipsec *handle;
};

/**
 * A NAT has a new mapping for a peer.
 */
static void mapping(const struct nfipsec_mapping *ev)
{
	host_t *dst, *remote;

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
 * One event. What the daemon is told it puts into jobs of its own.
 */
static int event(const struct nfipsec_event *ev, void *arg)
{
	switch (ev->cmd)
	{
		case NFIPSEC_CMD_MAPPING_NTF:
			mapping(&ev->mapping);
			break;
		default:
			break;
	}
	return 0;
}

/**
 * Called by the watcher when there is something to read.
 */
static bool readable(private_kernel_nfipsec_events_t *this, int fd,
					 watcher_event_t why)
{
	int err;

	err = nfipsec_event_read(this->handle, event, NULL);
	switch (err)
	{
		case 0:
		case -EAGAIN:
		case -EINTR:
			return TRUE;
		case -ENOBUFS:
			DBG1(DBG_KNL, "nfipsec: events were lost");
			return TRUE;
		default:
			DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(this->handle));
			return err == -EBADMSG;
	}
}

METHOD(kernel_nfipsec_events_t, destroy, void,
	private_kernel_nfipsec_events_t *this)
{
	lib->watcher->remove(lib->watcher, nfipsec_fd(this->handle));
	nfipsec_close(this->handle);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_events_t *kernel_nfipsec_events_create()
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
	lib->watcher->add(lib->watcher, nfipsec_fd(this->handle), WATCHER_READ,
					  (watcher_cb_t)readable, this);
	return &this->public;
}
