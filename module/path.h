/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an SA learned of the path to its peer (RFC 4301 section 8.2). Pure
 * logic; compiles in user space too.
 */
#ifndef NFIPSEC_PATH_H
#define NFIPSEC_PATH_H

#include <linux/types.h>

/* Seconds that it is believed, as RFC 1191 section 6.3 has it. */
#define NFIPSEC_PATH_AGE	600

unsigned int nfipsec_path_mtu(u64 path, u64 now);
u64 nfipsec_path_learn(u64 path, u32 mtu, bool ipv4, u64 now, u32 age);
bool nfipsec_path_quotes(u64 sent, u32 seq);

#endif
