/* SPDX-License-Identifier: GPL-2.0-only */
/* Drops in the host's audit log (RFC 4301 section 9, RFC 4302 and 4303 4). */
#ifndef NFIPSEC_AUDIT_H
#define NFIPSEC_AUDIT_H

#include "reason.h"

struct nfipsec_net;
struct nfipsec_sa;
struct sk_buff;

void nfipsec_audit_drop(const struct nfipsec_net *nn,
			const struct sk_buff *skb, const struct nfipsec_sa *sa,
			enum nfipsec_reason reason);

#endif
