/* SPDX-License-Identifier: GPL-2.0-only */
/* Dummy packets at a rate (RFC 4303 section 2.6). */
#ifndef NFIPSEC_DUMMY_H
#define NFIPSEC_DUMMY_H

struct nfipsec_net;
struct nfipsec_sa;

void nfipsec_dummy_init(struct nfipsec_net *nn);
void nfipsec_dummy_exit(struct nfipsec_net *nn);
void nfipsec_dummy_kick(struct nfipsec_net *nn, const struct nfipsec_sa *sa);

#endif
