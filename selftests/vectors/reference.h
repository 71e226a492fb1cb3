/* SPDX-License-Identifier: GPL-2.0 */
/* Another way to make an ESP packet, with nothing of nfipsec in it. */
#ifndef SELFTESTS_REFERENCE_H
#define SELFTESTS_REFERENCE_H

#include "packet.h"

#define REFERENCE_ICV_LEN	16

/**
 * struct reference - algorithm and key
 * @aead: combined algorithm, or NULL
 * @enc: cipher, or NULL for none or the NULL cipher
 * @key: of the one or the other, with the salt
 * @auth_key: of HMAC-SHA2-256-128, if there is no @aead
 * @iv_len: bytes of explicit IV
 * @esn: extended sequence numbers
 * @seq_hi: high half of the sequence number, if @esn
 */
struct reference {
	const char *aead;
	const char *enc;
	struct bytes key;
	struct bytes auth_key;
	unsigned int iv_len;
	bool esn;
	u32 seq_hi;
};

int reference_seal(const struct reference *r, struct bytes *packet);
int reference_icv(const struct reference *r, struct bytes *packet);

#endif
