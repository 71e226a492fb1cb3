/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests that wait for a commit.
 */
#ifndef NFIPSEC_NL_TRANSACTION_H
#define NFIPSEC_NL_TRANSACTION_H

#include <net/genetlink.h>

#include "transaction.h"

int nfipsec_nl_transaction_init(void);
void nfipsec_nl_transaction_exit(void);

int nfipsec_nl_stage(struct sk_buff *skb, struct genl_info *info,
		     const struct nfipsec_step *step);

#endif
