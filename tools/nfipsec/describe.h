/* SPDX-License-Identifier: GPL-2.0 */
/* SAs and policies as a line of a file that apply reads. */
#ifndef NFIPSEC_DESCRIBE_H
#define NFIPSEC_DESCRIBE_H

#include "cli.h"

char *describe_sa(const struct nfipsec_sa *sa);
char *describe_sa_key(const struct nfipsec_sa *sa);
char *describe_policy(const struct nfipsec_policy *pol);
char *describe_policy_key(const struct nfipsec_policy *pol);
bool describe_whole_sa(const struct nfipsec_sa *sa);
bool describe_whole_policy(const struct nfipsec_policy *pol);
char *describe_default(const struct nfipsec_default *def);
void describe_fill(struct nfipsec_sa *sa, const struct nfipsec_sa *from);

#endif
