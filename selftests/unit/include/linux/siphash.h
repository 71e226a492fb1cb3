/* SPDX-License-Identifier: GPL-2.0 */
/* HSipHash as 64-bit kernels have it: SipHash-1-3. */
#ifndef UNIT_LINUX_SIPHASH_H
#define UNIT_LINUX_SIPHASH_H

#include <string.h>

#include <linux/types.h>

typedef struct {
	unsigned long key[2];
} hsiphash_key_t;

struct unit_sip {
	u64 v[4];
};

static inline u64 unit_rol(u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static inline void unit_sip_round(u64 *v)
{
	v[0] += v[1]; v[1] = unit_rol(v[1], 13); v[1] ^= v[0];
	v[0] = unit_rol(v[0], 32);
	v[2] += v[3]; v[3] = unit_rol(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = unit_rol(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = unit_rol(v[1], 17); v[1] ^= v[2];
	v[2] = unit_rol(v[2], 32);
}

static inline u32 hsiphash(const void *data, size_t len,
			   const hsiphash_key_t *key)
{
	u64 v[4] = {
		key->key[0] ^ 0x736f6d6570736575ULL,
		key->key[1] ^ 0x646f72616e646f6dULL,
		key->key[0] ^ 0x6c7967656e657261ULL,
		key->key[1] ^ 0x7465646279746573ULL,
	};
	u64 m, last = (u64)len << 56;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&m, (const char *)data + i, 8);
		v[3] ^= m;
		unit_sip_round(v);
		v[0] ^= m;
	}
	memcpy(&last, (const char *)data + i, len - i);
	v[3] ^= last;
	unit_sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	unit_sip_round(v);
	unit_sip_round(v);
	unit_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline u32 hsiphash_4u32(u32 a, u32 b, u32 c, u32 d,
				const hsiphash_key_t *key)
{
	u32 word[4] = { a, b, c, d };

	return hsiphash(word, sizeof(word), key);
}

#endif
