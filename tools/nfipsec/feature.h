/* SPDX-License-Identifier: GPL-2.0 */
/* What the module and the kernel below it can do. */
#ifndef NFIPSEC_FEATURES_H
#define NFIPSEC_FEATURES_H

#include "arg.h"

int cmd_features(struct args *a);
int cmd_algo_list(struct args *a);

#endif
