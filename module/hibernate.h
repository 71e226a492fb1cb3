/* SPDX-License-Identifier: GPL-2.0-only */
/* While memory is saved to a disk, no number is given out. */
#ifndef NFIPSEC_HIBERNATE_H
#define NFIPSEC_HIBERNATE_H

#include <linux/freezer.h>
#include <linux/init.h>
#include <linux/jump_label.h>

#ifdef CONFIG_HIBERNATION

DECLARE_STATIC_KEY_FALSE(nfipsec_hibernation);

/**
 * nfipsec_hibernates() - may memory be what a host will resume from?
 *
 * From when programs are frozen, which is long before memory is copied, and not
 * before: until then files are synced, and their server may be behind an SA.
 *
 * Context: any.
 * Return: whether no sequence number may be given out.
 */
static inline bool nfipsec_hibernates(void)
{
	return static_branch_unlikely(&nfipsec_hibernation) &&
	       static_branch_unlikely(&freezer_active);
}

int __init nfipsec_hibernate_init(void);
void nfipsec_hibernate_exit(void);

#else

static inline bool nfipsec_hibernates(void)
{
	return false;
}

static inline int nfipsec_hibernate_init(void)
{
	return 0;
}

static inline void nfipsec_hibernate_exit(void)
{
}

#endif

#endif
