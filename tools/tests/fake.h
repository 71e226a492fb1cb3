/* SPDX-License-Identifier: GPL-2.0 */
/* What stands for the kernel in tests of what is sent and answered. */
#ifndef NFIPSEC_TESTS_FAKE_H
#define NFIPSEC_TESTS_FAKE_H

#include "../libnfipsec/internal.h"

/**
 * struct fake - the kernel
 * @request: called for each request of the family; returns what it is answered
 *	with, 0 or a negative errno
 * @calls: how often @request was called with each command
 * @lose: set by @request: there is no memory for the answer
 * @family: number of the family, 0 while the module is not loaded
 * @next: its number once somebody asks for it, 0 if it stays
 * @policies: what a list of policies holds
 * @n: how many
 * @sas: what a list of SAs holds
 * @n_sas: how many
 * @def: the defaults, NULL if they are not told
 * @more: adds to one of these, that of a command, what a newer module would
 * @torn: command whose answers change while they are read
 * @times: how often
 * @groups: there are multicast groups, and nothing comes by one by itself
 * @joined: bits of those that were joined; FAKE_FAMILIES is the number of that of
 *	the kernel's families
 * @wait: called when a program would wait for what comes
 * @stop: what a program waits for first is there at once
 */
struct fake {
	int (*request)(const struct nlmsghdr *nlh, unsigned int cmd);
	unsigned int calls[NFIPSEC_CMD_MAX + 1];
	bool lose;
	uint16_t family;
	uint16_t next;
	const struct nfipsec_policy *policies;
	unsigned int n;
	const struct nfipsec_sa *sas;
	unsigned int n_sas;
	const struct nfipsec_default *def;
	void (*more)(struct nlmsghdr *nlh, unsigned int cmd);
	unsigned int torn;
	unsigned int times;
	bool groups;
	unsigned int joined;
	void (*wait)(void);
	bool stop;
};

#define FAKE_FAMILY	0x30
#define FAKE_FAMILIES	3

extern struct fake fake;

/* Besides what @fake.request returns: another answer, of the module. */
void fake_refuse(const struct nlmsghdr *to, int err);
/* Two events come that nobody knows, and there is no room for others. */
void fake_overrun(void);
/* The module goes; who joined the group of the kernel's families is told. */
void fake_unload(void);

#endif
