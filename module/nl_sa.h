/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request says of an SA.
 */
#ifndef NFIPSEC_NL_SA_H
#define NFIPSEC_NL_SA_H

#include <net/genetlink.h>

#include "sa.h"

struct nfipsec_net;

/* Of IPComp, as in ip-xfrm(8). */
#define NFIPSEC_COMP_NAME	"deflate"

/* From attribute set "sa"; what they write is undefined on error. */
int nfipsec_nl_sa_key_get(struct genl_info *info, struct nfipsec_sa_key *key);
int nfipsec_nl_sa_config_get(struct genl_info *info,
			     struct nfipsec_sa_config *cfg);
int nfipsec_nl_sa_larval_get(struct genl_info *info,
			     struct nfipsec_sa_config *cfg, u32 *min,
			     u32 *max);
int nfipsec_nl_sa_keys_get(struct genl_info *info, u8 proto,
			   struct nfipsec_keys *keys);

/* In the SAD, under the config lock. */
struct nfipsec_sa *nfipsec_nl_sa_find(const struct nfipsec_net *nn,
				      const struct nfipsec_sa_key *key);
int nfipsec_nl_sa_put(struct sk_buff *skb, const struct nfipsec_net *nn,
		      struct nfipsec_sa *sa);
int nfipsec_nl_sa_none(struct genl_info *info);

int nfipsec_nl_sa_same(struct genl_info *info, const struct nfipsec_sa *sa);

/* Why an SA cannot come into the SAD, where it was made before that was known. */
extern const char nfipsec_nl_sa_weak[];

void nfipsec_nl_sa_keys_wipe(struct genl_info *info);

/* Sequence numbers. */
int nfipsec_nl_sa_seq_get(struct genl_info *info,
			  struct nfipsec_sa_config *cfg);
bool nfipsec_nl_sa_seq_given(const struct genl_info *info);
int nfipsec_nl_sa_seq_check(struct genl_info *info, struct nfipsec_sa *sa);
void nfipsec_nl_sa_seq_set(struct genl_info *info, struct nfipsec_net *nn,
			   struct nfipsec_sa *sa);
int nfipsec_nl_sa_seq_put(struct sk_buff *skb, struct nfipsec_sa *sa);

/* Attribute set "outer". */
int nfipsec_nl_outer_get(const struct nlattr *nest,
			 struct nfipsec_sa_config *cfg,
			 struct netlink_ext_ack *extack);
int nfipsec_nl_outer_put(struct sk_buff *skb, int type,
			 const struct nfipsec_outer *o);
int nfipsec_nl_tfc_get(const struct nlattr *nest, struct nfipsec_sa_config *cfg,
		       struct netlink_ext_ack *extack);
int nfipsec_nl_tfc_put(struct sk_buff *skb, int type,
		       const struct nfipsec_tfc *tfc);

/* Attribute set "lifetime", and what was used of it. */
int nfipsec_nl_lifetime_get(const struct nlattr *nest,
			    struct nfipsec_limits *limits,
			    struct netlink_ext_ack *extack);
int nfipsec_nl_lifetime_put(struct sk_buff *skb, int type,
			    const struct nfipsec_limits *limits);
int nfipsec_nl_usage_put(struct sk_buff *skb, const struct nfipsec_usage *used);

/* Attribute set "encap". */
int nfipsec_nl_encap_get(const struct nlattr *nest, u8 family,
			 struct nfipsec_encap *encap,
			 struct netlink_ext_ack *extack);
int nfipsec_nl_encap_put(struct sk_buff *skb, int type,
			 const struct nfipsec_sa *sa);

#endif
