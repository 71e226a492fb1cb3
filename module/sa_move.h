/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An SA that moves: other addresses, ports, encapsulation or reqid, and all
 * else as it was (RFC 4555 section 3.5).
 */
#ifndef NFIPSEC_SA_MOVE_H
#define NFIPSEC_SA_MOVE_H

#include <linux/types.h>

#include "sa.h"

struct netlink_ext_ack;

/**
 * struct nfipsec_sa_place - where an SA is
 * @saddr: outer source address
 * @daddr: outer destination address
 * @family: of both, AF_INET or AF_INET6
 * @reqid: ties policies to it
 * @encap: UDP encapsulation
 */
struct nfipsec_sa_place {
	union nfipsec_addr saddr;
	union nfipsec_addr daddr;
	u8 family;
	u32 reqid;
	struct nfipsec_encap encap;
};

struct nfipsec_sa *nfipsec_sa_moved(const struct nfipsec_sa *sa,
				    const struct nfipsec_sa_place *to,
				    struct netlink_ext_ack *extack);

#endif
