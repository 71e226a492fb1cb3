/* SPDX-License-Identifier: GPL-2.0-only */
/* See <linux/crypto.h>. */
#ifndef NFIPSEC_COMPAT_CRYPTO_HASH_H
#define NFIPSEC_COMPAT_CRYPTO_HASH_H

#include_next <crypto/hash.h>
#include <linux/crypto.h>

#ifdef compat_crypto_alloc
#define crypto_alloc_ahash(name, type, mask) \
	compat_crypto_alloc(crypto_alloc_ahash, name, type, mask)
#endif

#endif
