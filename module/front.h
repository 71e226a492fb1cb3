/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in front of ESP in transport mode. ESP does not authenticate it,
 * anybody on the way can put it there, and the stack obeys it once more when the
 * packet is clear text: by a source route it would leave in the clear, and of an
 * option that the stack does not like the packet's source is told, with as much
 * of the text as an ICMP error quotes.
 */
#ifndef NFIPSEC_FRONT_H
#define NFIPSEC_FRONT_H

#include <linux/types.h>

bool nfipsec_front_ipv6_ok(const u8 *hdr, unsigned int len, bool vouched);
void nfipsec_front_ipv4_blank(u8 *hdr, unsigned int len, bool vouched);

#endif
