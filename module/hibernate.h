/* SPDX-License-Identifier: GPL-2.0-only */
/* While memory is saved to a disk, no number is given out. */
#ifndef NFIPSEC_HIBERNATE_H
#define NFIPSEC_HIBERNATE_H

#include <linux/init.h>
#include <linux/jump_label.h>

DECLARE_STATIC_KEY_FALSE(nfipsec_saving);

/**
 * nfipsec_hibernates() - is what memory holds what it will hold after a reboot?
 *
 * Sequence numbers that are given out now are not known to be used by who
 * resumes from that, and would be given out again.
 *
 * Context: any; under rcu_read_lock() until the number is not used any more.
 * Return: whether none may be given out.
 */
static inline bool nfipsec_hibernates(void)
{
	return static_branch_unlikely(&nfipsec_saving);
}

int __init nfipsec_hibernate_init(void);
void nfipsec_hibernate_exit(void);

#endif
