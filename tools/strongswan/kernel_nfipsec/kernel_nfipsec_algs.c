/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "kernel_nfipsec_algs.h"

#include <crypto/crypters/crypter.h>
#include <crypto/signers/signer.h>
#include <utils/debug.h>

/**
 * A transform of IKEv2 and what the kernel calls it.
 */
typedef struct {
	/** encryption_algorithm_t or integrity_algorithm_t */
	uint16_t ike;
	/** Bits of the ICV, 0 if it has none */
	uint16_t icv_bits;
	/** Name in the kernel's crypto API */
	char *name;
} alg_t;

/**
 * Encryption, those with an ICV are combined mode algorithms.
 */
static const alg_t encryption[] = {
	{ ENCR_AES_GCM_ICV16,		128, "rfc4106(gcm(aes))" },
	{ ENCR_AES_GCM_ICV12,		 96, "rfc4106(gcm(aes))" },
	{ ENCR_AES_GCM_ICV8,		 64, "rfc4106(gcm(aes))" },
	{ ENCR_AES_CCM_ICV16,		128, "rfc4309(ccm(aes))" },
	{ ENCR_AES_CCM_ICV12,		 96, "rfc4309(ccm(aes))" },
	{ ENCR_AES_CCM_ICV8,		 64, "rfc4309(ccm(aes))" },
	{ ENCR_CHACHA20_POLY1305,	128, "rfc7539esp(chacha20,poly1305)" },
	{ ENCR_NULL_AUTH_AES_GMAC,	128, "rfc4543(gcm(aes))" },
	{ ENCR_AES_CBC,				  0, "cbc(aes)" },
	{ ENCR_AES_CTR,				  0, "rfc3686(ctr(aes))" },
	{ ENCR_CAMELLIA_CBC,		  0, "cbc(camellia)" },
	{ ENCR_3DES,				  0, "cbc(des3_ede)" },
	{ ENCR_NULL,				  0, "ecb(cipher_null)" },
};

/**
 * Integrity protection.
 */
static const alg_t integrity[] = {
	{ AUTH_HMAC_SHA2_256_128,	128, "hmac(sha256)" },
	{ AUTH_HMAC_SHA2_384_192,	192, "hmac(sha384)" },
	{ AUTH_HMAC_SHA2_512_256,	256, "hmac(sha512)" },
	{ AUTH_HMAC_SHA1_96,		 96, "hmac(sha1)" },
	{ AUTH_AES_XCBC_96,			 96, "xcbc(aes)" },
	{ AUTH_AES_CMAC_96,			 96, "cmac(aes)" },
};

/**
 * Find an algorithm.
 */
static const alg_t *find(const alg_t *algs, int count, uint16_t ike)
{
	int i;

	for (i = 0; i < count; i++)
	{
		if (algs[i].ike == ike)
		{
			return &algs[i];
		}
	}
	return NULL;
}

/**
 * Set a combined mode algorithm.
 */
static void set_aead(const alg_t *alg, chunk_t key, struct nfipsec_sa *sa)
{
	snprintf(sa->aead_name, sizeof(sa->aead_name), "%s", alg->name);
	sa->aead_key.data = key.ptr;
	sa->aead_key.len = key.len;
	sa->aead_icv_bits = alg->icv_bits;
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_AEAD_NAME) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_AEAD_KEY) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_AEAD_ICV_BITS);
}

/**
 * Set a cipher.
 */
static void set_enc(const alg_t *alg, chunk_t key, struct nfipsec_sa *sa)
{
	snprintf(sa->enc_name, sizeof(sa->enc_name), "%s", alg->name);
	sa->enc_key.data = key.ptr ?: (u_char*)"";
	sa->enc_key.len = key.len;
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_ENC_NAME) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_ENC_KEY);
}

/**
 * Set an authentication algorithm.
 */
static void set_auth(const alg_t *alg, chunk_t key, struct nfipsec_sa *sa)
{
	snprintf(sa->auth_name, sizeof(sa->auth_name), "%s", alg->name);
	sa->auth_key.data = key.ptr;
	sa->auth_key.len = key.len;
	sa->auth_icv_bits = alg->icv_bits;
	sa->has |= NFIPSEC_HAS(NFIPSEC_A_SA_AUTH_NAME) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_AUTH_KEY) |
			   NFIPSEC_HAS(NFIPSEC_A_SA_AUTH_ICV_BITS);
}

/*
 * see header file
 */
bool kernel_nfipsec_set_algs(kernel_ipsec_add_sa_t *data, struct nfipsec_sa *sa)
{
	const alg_t *alg;

	if (data->enc_alg != ENCR_UNDEFINED)
	{
		alg = find(encryption, countof(encryption), data->enc_alg);
		if (!alg)
		{
			DBG1(DBG_KNL, "nfipsec: encryption algorithm %N is not supported",
				 encryption_algorithm_names, data->enc_alg);
			return FALSE;
		}
		if (alg->icv_bits)
		{
			set_aead(alg, data->enc_key, sa);
			return TRUE;
		}
		set_enc(alg, data->enc_key, sa);
	}
	alg = find(integrity, countof(integrity), data->int_alg);
	if (!alg)
	{
		DBG1(DBG_KNL, "nfipsec: integrity algorithm %N is not supported",
			 integrity_algorithm_names, data->int_alg);
		return FALSE;
	}
	set_auth(alg, data->int_key, sa);
	return TRUE;
}
