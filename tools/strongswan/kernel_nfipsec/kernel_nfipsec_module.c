/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_module.h"
#include "kernel_nfipsec_later.h"

#include <nfipsec.h>

#include <errno.h>

#include <processing/watcher.h>
#include <utils/debug.h>

typedef struct private_kernel_nfipsec_module_t private_kernel_nfipsec_module_t;

/**
 * Private data of kernel_nfipsec_module_t.
 */
struct private_kernel_nfipsec_module_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_module_t public;

	/**
	 * A connection of its own, only the watcher's callback reads it.
	 */
	struct nfipsec *handle;

	/**
	 * What is to be done about it.
	 */
	kernel_nfipsec_later_t *later;
};

/**
 * The module has come or gone.
 */
static int changed(bool loaded, void *arg)
{
	private_kernel_nfipsec_module_t *this = arg;

	this->later->run(this->later);
	return 0;
}

/**
 * Called by the watcher when there is something to read.
 */
static bool readable(private_kernel_nfipsec_module_t *this, int fd,
					 watcher_event_t why)
{
	int err;

	err = nfipsec_module_read(this->handle, changed, this);
	switch (err)
	{
		case 0:
		case -EAGAIN:
		case -EINTR:
			return TRUE;
		case -ENOBUFS:
			/* it may have been unloaded and loaded again */
			this->later->run(this->later);
			return TRUE;
		default:
			DBG1(DBG_KNL, "nfipsec: %s", nfipsec_error(this->handle));
			return err != -EBADF;
	}
}

METHOD(kernel_nfipsec_module_t, destroy, void,
	private_kernel_nfipsec_module_t *this)
{
	lib->watcher->remove(lib->watcher, nfipsec_fd(this->handle));
	this->later->destroy(this->later);
	nfipsec_close(this->handle);
	free(this);
}

/*
 * see header file
 */
kernel_nfipsec_module_t *kernel_nfipsec_module_create(
										kernel_nfipsec_later_cb_t cb,
										void *data)
{
	private_kernel_nfipsec_module_t *this;

	INIT(this,
		.public = {
			.destroy = _destroy,
		},
	);

	if (nfipsec_module_watch(&this->handle) != 0)
	{
		DBG1(DBG_KNL, "nfipsec: not noticed if the kernel module is unloaded: "
			 "%s", nfipsec_error(this->handle));
		nfipsec_close(this->handle);
		free(this);
		return NULL;
	}
	/* of all that the daemon has to do, nothing is more urgent */
	this->later = kernel_nfipsec_later_create(cb, data, JOB_PRIO_CRITICAL);
	lib->watcher->add(lib->watcher, nfipsec_fd(this->handle), WATCHER_READ,
					  (watcher_cb_t)readable, this);
	return &this->public;
}
