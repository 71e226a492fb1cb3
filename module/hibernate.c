// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hibernation: memory is copied, and until the copy is on the disk the host goes
 * on. Programs are frozen meanwhile, what comes from the network and what is sent
 * for it is not. Who resumes has the counters of the copy, so what is counted
 * after it was made is counted again: the IVs of ciphers that count theirs.
 */
#include <linux/notifier.h>
#include <linux/suspend.h>

#include "hibernate.h"

DEFINE_STATIC_KEY_FALSE(nfipsec_hibernation);

/* The host that resumes is told of the end, too. */
static int told(struct notifier_block *nb, unsigned long what, void *data)
{
	if (what == PM_HIBERNATION_PREPARE)
		static_branch_enable(&nfipsec_hibernation);
	else if (what == PM_POST_HIBERNATION)
		static_branch_disable(&nfipsec_hibernation);
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = told };

/**
 * nfipsec_hibernate_init() - look out for hibernation
 *
 * Context: process context, at module load, before there is an SA.
 * Return: 0 or a negative error.
 */
int __init nfipsec_hibernate_init(void)
{
	return register_pm_notifier(&notifier);
}

/**
 * nfipsec_hibernate_exit() - do so no more
 *
 * Context: process context, sleeps, at module unload, after the last SA.
 */
void nfipsec_hibernate_exit(void)
{
	unregister_pm_notifier(&notifier);
}
