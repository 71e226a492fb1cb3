/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Known answers: no algorithm of this kernel carries a packet before it has
 * computed what others have published.
 */
#ifndef NFIPSEC_KAT_H
#define NFIPSEC_KAT_H

struct netlink_ext_ack;
struct nfipsec_crypto;

int nfipsec_kat_check(const struct nfipsec_crypto *c,
		      struct netlink_ext_ack *extack);

#endif
