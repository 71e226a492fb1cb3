/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of the tables, told to who keeps a copy of them.
 */
#ifndef NFIPSEC_NL_CHANGE_H
#define NFIPSEC_NL_CHANGE_H

#include <uapi/linux/nfipsec.h>

struct nfipsec_net;
struct nfipsec_policy;
struct nfipsec_sa;
struct nfipsec_sa_place;

void nfipsec_nl_change_sa(const struct nfipsec_net *nn,
			  enum nfipsec_change_kind what, struct nfipsec_sa *sa,
			  const struct nfipsec_sa_place *from);
void nfipsec_nl_change_policy(const struct nfipsec_net *nn,
			      enum nfipsec_change_kind what,
			      const struct nfipsec_policy *pol);
void nfipsec_nl_flushed_sas(const struct nfipsec_net *nn, const char *owner);
void nfipsec_nl_flushed_policies(const struct nfipsec_net *nn, u8 dir,
				 const char *owner);

#endif
