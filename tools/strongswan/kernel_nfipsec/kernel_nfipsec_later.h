/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup kernel_nfipsec_later kernel_nfipsec_later
 * @{ @ingroup kernel_nfipsec
 */

#ifndef KERNEL_NFIPSEC_LATER_H_
#define KERNEL_NFIPSEC_LATER_H_

#include <processing/jobs/job.h>

typedef struct kernel_nfipsec_later_t kernel_nfipsec_later_t;

/**
 * Called in a job, one call at a time.
 *
 * @param data		as given to the constructor
 */
typedef void (*kernel_nfipsec_later_cb_t)(void *data);

/**
 * Has something done in a job, for callbacks of the watcher. If all threads of the
 * daemon are busy, the watcher's own thread calls those: one that waited there, for
 * a lock or for another callback to end, could wait for what only that thread does.
 */
struct kernel_nfipsec_later_t {

	/**
	 * Have the callback called soon, once for all calls of this before it
	 * begins. Does not wait.
	 */
	void (*run)(kernel_nfipsec_later_t *this);

	/**
	 * Have the callback called then, once for each call of this. Does not wait.
	 *
	 * @param after		seconds from now
	 */
	void (*run_after)(kernel_nfipsec_later_t *this, uint32_t after);

	/**
	 * Destroy a kernel_nfipsec_later_t, after a call that is under way; none
	 * comes after that. Not from the callback.
	 */
	void (*destroy)(kernel_nfipsec_later_t *this);
};

/**
 * Create a kernel_nfipsec_later_t.
 *
 * @param cb		what to call
 * @param data		for it
 * @param prio		priority of the job
 */
kernel_nfipsec_later_t *kernel_nfipsec_later_create(
										kernel_nfipsec_later_cb_t cb,
										void *data, job_priority_t prio);

#endif /** KERNEL_NFIPSEC_LATER_H_ @}*/
