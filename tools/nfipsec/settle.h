/* SPDX-License-Identifier: GPL-2.0 */
/* Selectors in the form in which the kernel tells of them. */
#ifndef NFIPSEC_SETTLE_H
#define NFIPSEC_SETTLE_H

#include "arg.h"

void selector_settle(struct nfipsec_selector *sel);

#endif
