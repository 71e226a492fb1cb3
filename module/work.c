// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queues of works that may take long. Those that take the config lock of their
 * namespace have one for themselves: a request may hold that for as long as tables are
 * large, in as many namespaces as users like to have; how many works of one queue wait
 * at a time is limited, and on the kernel's own whoever else uses that would wait behind
 * them. Works that packets wait for have the other. None is bound to a CPU, on which all
 * other work would wait for it.
 */
#include <linux/errno.h>
#include <linux/workqueue.h>

#include "work.h"

struct workqueue_struct *nfipsec_work_queue __read_mostly;
struct workqueue_struct *nfipsec_packet_work_queue __read_mostly;

/**
 * nfipsec_work_init() - have the queues
 *
 * Context: process context, at module load before the first namespace.
 * Return: 0 or -ENOMEM.
 */
int nfipsec_work_init(void)
{
	nfipsec_work_queue = alloc_workqueue("nfipsec_work", WQ_UNBOUND,
					     WQ_UNBOUND_MAX_ACTIVE);
	if (!nfipsec_work_queue)
		return -ENOMEM;
	nfipsec_packet_work_queue = alloc_workqueue("nfipsec_packets",
						    WQ_UNBOUND, 0);
	if (!nfipsec_packet_work_queue) {
		destroy_workqueue(nfipsec_work_queue);
		return -ENOMEM;
	}
	return 0;
}

/**
 * nfipsec_work_exit() - undo nfipsec_work_init()
 *
 * Context: process context, at module unload after the last namespace, whose works have
 * been cancelled.
 */
void nfipsec_work_exit(void)
{
	destroy_workqueue(nfipsec_packet_work_queue);
	destroy_workqueue(nfipsec_work_queue);
}
