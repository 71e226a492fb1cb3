/* SPDX-License-Identifier: GPL-2.0 */
/* The known answers of nfipsec, right and wrong. */
#ifndef SELFTESTS_KAT_H
#define SELFTESTS_KAT_H

#include <linux/types.h>

extern const unsigned int kat_count;

bool kat_test(unsigned int i, char *name, size_t size, const char **skip);

#endif
