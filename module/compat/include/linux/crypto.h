/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.12 a composition is made twice if two ask for it at once whose masks are not
 * the same, whoever they are. The second to be registered is refused, for there is one
 * of that driver's name, and who asked for it learns that there is none. The other one
 * is there then, and so it is asked for again: once for each level, as the same can
 * happen to what it is composed of, and what that is.
 */
#ifndef NFIPSEC_COMPAT_LINUX_CRYPTO_H
#define NFIPSEC_COMPAT_LINUX_CRYPTO_H

#include_next <linux/crypto.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#include <linux/err.h>

#define COMPAT_CRYPTO_LEVELS	3

#define compat_crypto_alloc(alloc, name, type, mask) ({			\
	u32 m = (mask);							\
	int tries = m & CRYPTO_NOLOAD ? 0 : COMPAT_CRYPTO_LEVELS;	\
	typeof((alloc)(name, type, m)) tfm = (alloc)(name, type, m);	\
									\
	while (tfm == ERR_PTR(-ENOENT) && tries--)			\
		tfm = (alloc)(name, type, m);				\
	tfm;								\
})
#endif

#endif
