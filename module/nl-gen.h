/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/nfipsec.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_NFIPSEC_GEN_H
#define _LINUX_NFIPSEC_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/nfipsec.h>

/* Common nested types */
extern const struct nla_policy nfipsec_addr_range_nl_policy[NFIPSEC_A_ADDR_RANGE_END + 1];
extern const struct nla_policy nfipsec_encap_nl_policy[NFIPSEC_A_ENCAP_KEEPALIVE + 1];
extern const struct nla_policy nfipsec_lifetime_nl_policy[NFIPSEC_A_LIFETIME_TIME_USE_HARD + 1];
extern const struct nla_policy nfipsec_move_nl_policy[NFIPSEC_A_MOVE_REQID + 1];
extern const struct nla_policy nfipsec_outer_nl_policy[NFIPSEC_A_OUTER_FRAG + 1];
extern const struct nla_policy nfipsec_port_range_nl_policy[NFIPSEC_A_PORT_RANGE_HIGH + 1];
extern const struct nla_policy nfipsec_selector_nl_policy[NFIPSEC_A_SELECTOR_MARK_MASK + 1];
extern const struct nla_policy nfipsec_tfc_nl_policy[NFIPSEC_A_TFC_DUMMY_INTERVAL + 1];
extern const struct nla_policy nfipsec_tmpl_nl_policy[NFIPSEC_A_TMPL_DSCP_COPY + 1];

extern const struct nla_policy nfipsec_sa_new_nl_policy[NFIPSEC_A_SA_CPU + 1];

extern const struct nla_policy nfipsec_sa_update_nl_policy[NFIPSEC_A_SA_CPU + 1];

extern const struct nla_policy nfipsec_sa_del_nl_policy[NFIPSEC_A_SA_TRANSACTION + 1];

extern const struct nla_policy nfipsec_sa_get_nl_policy[NFIPSEC_A_SA_SPI + 1];

extern const struct nla_policy nfipsec_sa_flush_nl_policy[NFIPSEC_A_SA_OWNER + 1];

extern const struct nla_policy nfipsec_sa_allocspi_nl_policy[NFIPSEC_A_SA_OWNER + 1];

extern const struct nla_policy nfipsec_policy_new_nl_policy[NFIPSEC_A_POLICY_FLAGS + 1];

extern const struct nla_policy nfipsec_policy_update_nl_policy[NFIPSEC_A_POLICY_FLAGS + 1];

extern const struct nla_policy nfipsec_policy_del_nl_policy[NFIPSEC_A_POLICY_TRANSACTION + 1];

extern const struct nla_policy nfipsec_policy_get_nl_policy[NFIPSEC_A_POLICY_SELECTOR_MORE + 1];

extern const struct nla_policy nfipsec_policy_flush_nl_policy[NFIPSEC_A_POLICY_OWNER + 1];

extern const struct nla_policy nfipsec_default_get_nl_policy[NFIPSEC_A_DEFAULT_PAD + 1];

extern const struct nla_policy nfipsec_default_set_nl_policy[NFIPSEC_A_DEFAULT_TRANSACTION + 1];

extern const struct nla_policy nfipsec_stats_get_nl_policy[NFIPSEC_A_STATS_PAD + 1];

extern const struct nla_policy nfipsec_acquire_get_nl_policy[NFIPSEC_A_ACQUIRE_ID + 1];

extern const struct nla_policy nfipsec_sa_move_nl_policy[NFIPSEC_A_SA_MOVE + 1];

extern const struct nla_policy nfipsec_features_get_nl_policy[NFIPSEC_A_FEATURES_LOAD + 1];

extern const struct nla_policy nfipsec_policy_explain_nl_policy[NFIPSEC_A_EXPLAIN_OIF + 1];

extern const struct nla_policy nfipsec_transaction_begin_nl_policy[NFIPSEC_A_TRANSACTION_PAD + 1];

extern const struct nla_policy nfipsec_transaction_commit_nl_policy[NFIPSEC_A_TRANSACTION_UNCHANGED + 1];

extern const struct nla_policy nfipsec_transaction_abort_nl_policy[NFIPSEC_A_TRANSACTION_PAD + 1];

/* Ops table for nfipsec */
extern const struct genl_ops nfipsec_nl_ops[21];

int nfipsec_nl_sa_new_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_sa_update_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_sa_del_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_sa_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_sa_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int nfipsec_nl_sa_flush_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_sa_allocspi_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_new_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_update_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_del_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int nfipsec_nl_policy_flush_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_default_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_default_set_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_acquire_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_acquire_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int nfipsec_nl_sa_move_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_features_get_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_policy_explain_doit(struct sk_buff *skb, struct genl_info *info);
int nfipsec_nl_transaction_begin_doit(struct sk_buff *skb,
				      struct genl_info *info);
int nfipsec_nl_transaction_commit_doit(struct sk_buff *skb,
				       struct genl_info *info);
int nfipsec_nl_transaction_abort_doit(struct sk_buff *skb,
				      struct genl_info *info);

enum {
	NFIPSEC_NLGRP_EVENTS,
	NFIPSEC_NLGRP_CHANGES,
};

#endif /* _LINUX_NFIPSEC_GEN_H */
