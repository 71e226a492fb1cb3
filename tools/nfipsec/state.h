/* SPDX-License-Identifier: GPL-2.0 */
/* Default actions, counters, and a summary of both. */
#ifndef NFIPSEC_STATE_H
#define NFIPSEC_STATE_H

#include "arg.h"

int default_parse(struct args *a, struct nfipsec_default *def);

int cmd_default(struct args *a);
int cmd_stats(struct args *a);
int cmd_summary(struct args *a);

#endif
