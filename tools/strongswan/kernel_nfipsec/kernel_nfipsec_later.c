/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_later.h"

#include <library.h>
#include <processing/jobs/callback_job.h>
#include <processing/scheduler.h>
#include <threading/mutex.h>

typedef struct private_kernel_nfipsec_later_t private_kernel_nfipsec_later_t;

/**
 * Private data of kernel_nfipsec_later_t.
 */
struct private_kernel_nfipsec_later_t {

	/**
	 * Public interface.
	 */
	kernel_nfipsec_later_t public;

	/**
	 * That of the creator and those of jobs.
	 */
	refcount_t ref;

	/**
	 * Whether there is a job that has not begun to call.
	 */
	bool pending;

	/**
	 * Held during a call, never by run().
	 */
	mutex_t *mutex;

	/**
	 * What to call, NULL once nobody wants that any more.
	 */
	kernel_nfipsec_later_cb_t cb;

	/**
	 * For that.
	 */
	void *data;

	/**
	 * Priority of jobs.
	 */
	job_priority_t prio;
};

/**
 * Give a reference back.
 */
static void put(private_kernel_nfipsec_later_t *this)
{
	if (ref_put(&this->ref))
	{
		this->mutex->destroy(this->mutex);
		free(this);
	}
}

/**
 * The job. Whatever asks for it from here on wants another one.
 */
static job_requeue_t call(private_kernel_nfipsec_later_t *this)
{
	this->mutex->lock(this->mutex);
	cas_bool(&this->pending, TRUE, FALSE);
	if (this->cb)
	{
		this->cb(this->data);
	}
	this->mutex->unlock(this->mutex);
	return JOB_REQUEUE_NONE;
}

/**
 * A job that calls.
 */
static job_t *create_job(private_kernel_nfipsec_later_t *this)
{
	ref_get(&this->ref);
	return (job_t*)callback_job_create_with_prio((callback_job_cb_t)call, this,
									(callback_job_cleanup_t)put, NULL,
									this->prio);
}

METHOD(kernel_nfipsec_later_t, run, void,
	private_kernel_nfipsec_later_t *this)
{
	if (cas_bool(&this->pending, FALSE, TRUE))
	{
		lib->processor->queue_job(lib->processor, create_job(this));
	}
}

METHOD(kernel_nfipsec_later_t, run_after, void,
	private_kernel_nfipsec_later_t *this, uint32_t after)
{
	lib->scheduler->schedule_job(lib->scheduler, create_job(this), after);
}

METHOD(kernel_nfipsec_later_t, destroy, void,
	private_kernel_nfipsec_later_t *this)
{
	this->mutex->lock(this->mutex);
	this->cb = NULL;
	this->mutex->unlock(this->mutex);
	put(this);
}

/*
 * see header file
 */
kernel_nfipsec_later_t *kernel_nfipsec_later_create(
										kernel_nfipsec_later_cb_t cb,
										void *data, job_priority_t prio)
{
	private_kernel_nfipsec_later_t *this;

	INIT(this,
		.public = {
			.run = _run,
			.run_after = _run_after,
			.destroy = _destroy,
		},
		.ref = 1,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.cb = cb,
		.data = data,
		.prio = prio,
	);

	return &this->public;
}
