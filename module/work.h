/* SPDX-License-Identifier: GPL-2.0-only */
/* Works that may take long: see work.c. */
#ifndef NFIPSEC_WORK_H
#define NFIPSEC_WORK_H

#include <linux/compiler_attributes.h>
#include <linux/workqueue.h>

/* For works that take the config lock of their namespace; there from init to exit. */
extern struct workqueue_struct *nfipsec_work_queue;
/* For those that do not, and that packets wait for; likewise. */
extern struct workqueue_struct *nfipsec_packet_work_queue;

int __must_check nfipsec_work_init(void);
void nfipsec_work_exit(void);

#endif
