/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The algorithms of ESP and AH: one table, a further algorithm is one row. Pure
 * logic: allocates nothing; compiles in user space too.
 */
#ifndef NFIPSEC_ALGO_H
#define NFIPSEC_ALGO_H

#include <linux/types.h>

#define NFIPSEC_KEY_MAX		128	/* bytes, salt included */
#define NFIPSEC_IV_MAX		16
#define NFIPSEC_ICV_MAX		32
#define NFIPSEC_SALT_MAX	4

/**
 * enum nfipsec_algo_kind - what an algorithm is for
 * @NFIPSEC_AEAD: combined mode, encrypts and authenticates
 * @NFIPSEC_ENC: encrypts only, needs one of NFIPSEC_AUTH beside it
 * @NFIPSEC_AUTH: authenticates only
 */
enum nfipsec_algo_kind {
	NFIPSEC_AEAD,
	NFIPSEC_ENC,
	NFIPSEC_AUTH,
};

/**
 * enum nfipsec_iv_kind - how the IV of a sent packet is made
 * @NFIPSEC_IV_NONE: there is none
 * @NFIPSEC_IV_SEQ: of the 64 bit sequence number, never repeats (RFC 4106 3.1)
 * @NFIPSEC_IV_RANDOM: unpredictable (RFC 3602 section 3)
 * @NFIPSEC_IV_IMPLICIT: the 64 bit sequence number, and not in the packet (RFC
 *	8750); of an SA, no row has it
 */
enum nfipsec_iv_kind {
	NFIPSEC_IV_NONE,
	NFIPSEC_IV_SEQ,
	NFIPSEC_IV_RANDOM,
	NFIPSEC_IV_IMPLICIT,
};

/* The longest list of names, and its end. */
#define NFIPSEC_ALIAS_MAX	14

/**
 * struct nfipsec_algo - a row of the table; all sizes in bytes unless said
 * @name: the kernel crypto API's name, as in ip-xfrm(8)
 * @alias: people's names, the first is the one to print, NULL-terminated
 * @kind: what it is for
 * @iv: how the IV is made
 * @key_len: permitted key lengths without salt, ascending, 0-terminated; all
 *	zero means no key
 * @salt_len: salt that follows the key
 * @iv_len: explicit IV in the packet
 * @block: cipher block, 1 for a stream; ESP aligns to 4 at least
 * @icv_bits: permitted ICV lengths in bits, 0-terminated
 * @rfc: where its use in ESP, and AH, is defined
 * @lacks: sentence for a kernel without it, says what brings it; NULL if there
 *	is nothing to bring
 * @icv96: sentence that refuses an ICV of 96 bits, or NULL
 * @whole: the AEAD that does it if all is given to it as what is authenticated
 *	only, and the salt as a part of the IV; or NULL
 * @iiv: it may do without the IV in the packet (RFC 8750 section 1)
 * @ah: combined mode, but fit for AH: encrypts nothing, authenticates all
 * @weak: only where an administrator allows it
 * @null: the NULL cipher, no transform at all
 */
struct nfipsec_algo {
	const char *name;
	const char *alias[NFIPSEC_ALIAS_MAX];
	enum nfipsec_algo_kind kind;
	enum nfipsec_iv_kind iv;
	u8 key_len[4];
	u8 salt_len;
	u8 iv_len;
	u8 block;
	u16 icv_bits[4];
	const char *rfc;
	const char *lacks;
	const char *icv96;
	const char *whole;
	bool iiv;
	bool ah;
	bool weak;
	bool null;
};

const struct nfipsec_algo *nfipsec_algo_row(unsigned int i);
const struct nfipsec_algo *nfipsec_algo_find(enum nfipsec_algo_kind kind,
					     const char *name);
const char *nfipsec_algo_forbidden(enum nfipsec_algo_kind kind,
				   const char *name);
bool nfipsec_algo_key_ok(const struct nfipsec_algo *algo, unsigned int len);
bool nfipsec_algo_icv_ok(const struct nfipsec_algo *algo, unsigned int bits);

#endif
