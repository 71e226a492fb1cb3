/* SPDX-License-Identifier: GPL-2.0-only */
/* What is asked of an SA as a whole before there is one. */
#ifndef NFIPSEC_SA_CHECK_H
#define NFIPSEC_SA_CHECK_H

#include <linux/types.h>

struct netlink_ext_ack;
struct nfipsec_crypto;
struct nfipsec_sa_config;
struct nfipsec_selector;

int nfipsec_sa_check_seq_max(u8 proto, u32 flags, u8 dir, u64 max,
			     struct netlink_ext_ack *extack);
int nfipsec_sa_check(const struct nfipsec_sa_config *cfg,
		     struct netlink_ext_ack *extack);
int nfipsec_sa_check_crypto(const struct nfipsec_sa_config *cfg,
			    const struct nfipsec_crypto *crypto,
			    struct netlink_ext_ack *extack);
int nfipsec_sa_check_selector(const struct nfipsec_selector *sel, u8 mode,
			      u8 family, struct netlink_ext_ack *extack);

#endif
