/* SPDX-License-Identifier: GPL-2.0 */
/* The known answers of nfipsec, right and wrong; algorithms by themselves. */
#ifndef SELFTESTS_KAT_H
#define SELFTESTS_KAT_H

#include <linux/types.h>

extern const unsigned int kat_count;

struct nfipsec_crypto;
struct nfipsec_keys;

struct nfipsec_crypto *crypto_new(const struct nfipsec_keys *keys);
void crypto_put(struct nfipsec_crypto *c);
bool kat_test(unsigned int i, char *name, size_t size, const char **skip);

#endif
