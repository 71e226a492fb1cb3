/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LIBNFIPSEC_ERROR_H
#define LIBNFIPSEC_ERROR_H

#include "internal.h"

int nfi_refused(struct nfipsec *h, const struct nlmsghdr *nlh,
		const struct nfi_set *set, int err);

#endif
