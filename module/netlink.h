/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The generic netlink family "nfipsec": what its operations share. The
 * protocol is Documentation/netlink/specs/nfipsec.yaml, from which nl-gen.c
 * and nl-gen.h are made.
 */
#ifndef NFIPSEC_NETLINK_H
#define NFIPSEC_NETLINK_H

#include <linux/types.h>
#include <net/genetlink.h>

#include "policy.h"
#include "selector.h"

extern struct genl_family nfipsec_nl_family;

int nfipsec_netlink_init(void);
void nfipsec_netlink_exit(void);

/*
 * Refusals. A sentence must be constant: it is read when the operation has
 * returned.
 */
int nfipsec_nl_refuse(struct netlink_ext_ack *extack,
		      const struct nlattr *attr, int err,
		      const char *sentence);
int nfipsec_nl_missing(struct netlink_ext_ack *extack,
		       const struct nlattr *nest, int type,
		       const char *sentence);
int nfipsec_nl_error(struct netlink_ext_ack *extack, int err);
const char *nfipsec_nl_sentence(const char *fmt, ...) __printf(1, 2);

/* From attributes. What they write is undefined on error. */
int nfipsec_nl_addr_get(const struct nlattr *attr, union nfipsec_addr *addr,
			u8 *family, struct netlink_ext_ack *extack);
int nfipsec_nl_host_get(const struct nlattr *attr, union nfipsec_addr *addr,
			u8 *family, struct netlink_ext_ack *extack);
int nfipsec_nl_dst_get(const struct nlattr *attr, union nfipsec_addr *addr,
		       u8 *family, struct netlink_ext_ack *extack);
int nfipsec_nl_ends_get(const struct nlattr *src, const struct nlattr *dst,
			union nfipsec_addr *saddr, union nfipsec_addr *daddr,
			u8 *family, struct netlink_ext_ack *extack);
int nfipsec_nl_proto_get(const struct nlattr *attr, u8 *proto,
			 struct netlink_ext_ack *extack);
int nfipsec_nl_spi_get(const struct nlattr *attr, u8 proto, __be32 *spi,
		       struct netlink_ext_ack *extack);
int nfipsec_nl_selector_get(const struct nlattr *nest,
			    struct nfipsec_selector *sel,
			    struct netlink_ext_ack *extack);
void nfipsec_nl_selector_free(struct nfipsec_selector *sel);
int nfipsec_nl_tmpl_get(const struct nlattr *nest, struct nfipsec_tmpl *tmpl,
			struct netlink_ext_ack *extack);

/* What an answer with one object at all its limits may come to, and more. */
#define NFIPSEC_NL_ANSWER_MAX	65536

/* To attributes. */
int nfipsec_nl_addr_put(struct sk_buff *skb, int type,
			const union nfipsec_addr *addr, u8 family);
int nfipsec_nl_selector_put(struct sk_buff *skb, int type,
			    const struct nfipsec_selector *sel);
int nfipsec_nl_tmpl_put(struct sk_buff *skb, int type,
			const struct nfipsec_tmpl *tmpl);

void nfipsec_nl_owner_get(const struct nlattr *attr,
			  char owner[NFIPSEC_OWNER_SIZE]);
int nfipsec_nl_owner_put(struct sk_buff *skb, int type,
			 const char owner[NFIPSEC_OWNER_SIZE]);

/* Answers. */
struct sk_buff *nfipsec_nl_reply_new(struct genl_info *info, size_t size,
				     void **hdr);
int nfipsec_nl_dump_begin(struct netlink_callback *cb, u64 gen);

#endif
