/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of the IP headers in front of AH is authenticated (RFC 4302 section
 * 3.3.3.1). Pure logic on a copy of the headers.
 */
#ifndef NFIPSEC_MUTABLE_H
#define NFIPSEC_MUTABLE_H

#include <linux/types.h>

int nfipsec_mutable_fix(u8 *hdr, unsigned int len, u8 family, bool arrived);
bool nfipsec_mutable_ipv4_option_stays(u8 type);

#endif
