/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request says of a policy, and what is told of one.
 */
#ifndef NFIPSEC_NL_POLICY_H
#define NFIPSEC_NL_POLICY_H

#include <net/genetlink.h>

#include "policy.h"

/**
 * struct nfipsec_policy_which - which policy a request means
 * @index: its index, or 0
 * @dir: enum nfipsec_dir, if @index is 0
 * @sel: its selector sets, if @index is 0
 * @sels: how many
 */
struct nfipsec_policy_which {
	u32 index;
	u8 dir;
	const struct nfipsec_selector *sel;
	u8 sels;
};

/*
 * From attribute set "policy". What is written is to be freed, on error too; what
 * was copied from it is not.
 */
int nfipsec_nl_policy_config_get(struct genl_info *info,
				 struct nfipsec_policy_config *cfg);
void nfipsec_nl_policy_config_free(struct nfipsec_policy_config *cfg);
int nfipsec_nl_policy_which_get(struct genl_info *info,
				struct nfipsec_policy_which *which);
void nfipsec_nl_policy_which_free(struct nfipsec_policy_which *which);

int nfipsec_nl_policy_put(struct sk_buff *skb, const struct nfipsec_policy *pol);

#endif
