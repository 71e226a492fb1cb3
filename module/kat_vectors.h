/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the algorithms are known to compute; included by kat.c alone. Digits are
 * hexadecimal. Each row of the algorithm table but the NULL cipher has at least
 * one vector here, one with two blocks if it works in blocks, and one for each
 * key size or ICV length that it computes in another way.
 *
 * selftests/vectors/check.py reads this file too: keep to one
 * ".field = value," after the other.
 */
#ifndef NFIPSEC_KAT_VECTORS_H
#define NFIPSEC_KAT_VECTORS_H

#include "algo.h"

#define HEX(digits) #digits

/* Bytes of text with ICV in a vector. */
#define NFIPSEC_KAT_MAX		128

/**
 * struct nfipsec_kat_vector - a known answer
 * @kind: with @name, the row of the table
 * @name: the kernel's name
 * @key: key, salt included
 * @iv: IV as in a packet, or NULL
 * @aad: SPI and sequence number of an AEAD, or NULL
 * @text: plaintext, or what is authenticated
 * @result: ciphertext, with ICV for an AEAD; or the ICV
 */
struct nfipsec_kat_vector {
	enum nfipsec_algo_kind kind;
	const char *name;
	const char *key;
	const char *iv;
	const char *aad;
	const char *text;
	const char *result;
};

static const struct nfipsec_kat_vector kat_vectors[] = {
	/* draft-mcgrew-gcm-test-01 section 4: 128, 192, 256 bits */
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab decaf888),
		.iv = HEX(cafedeba ceface74),
		.aad = HEX(00000100 00000000 00000001),
		.text = HEX(746f0162 65016f72 016e6f74 01746f01 62650001),
		.result = HEX(29c9fc69 a197d038 ccdd14e2 ddfcaa05 43332164
			      41250352 4303ed3c 6c5f2838 43af8c3e),
	},
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4106(gcm(aes))",
		.key = HEX(feffe992 8665731c 6d6a8f94 67308308 feffe992
			   8665731c cafebabe),
		.iv = HEX(facedbad decaf888),
		.aad = HEX(0000a5f8 0000000a),
		.text = HEX(45000028 a4ad4000 40067880 0a01038f 0a010612
			    802306b8 cb712602 dd6bb03e 501016d0 75680001),
		.result = HEX(a5b1f806 6029aea4 0e598b81 22de0242 0938b3ab
			      33f828e6 87b8858b 5bfbdbd0 315b2745 2144cc77
			      95457b96 52037f53 18027b5b 4cd7a636),
	},
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab abbccdde
			   f0011223 34455667 78899aab 73616c74),
		.iv = HEX(616e6401 69766563),
		.aad = HEX(17405e67 156f3126 dd0db99b),
		.text = HEX(45080028 732c0000 4006e9f9 0a010612 0a01038f
			    06b88023 dd6bafbe cb712602 50101f64 6d540001),
		.result = HEX(f2d69ecd bd5a0d5b 8d5ef38b ad4da58d 1f278fde
			      98ef6754 9d524a30 18d9a57f f4d3a31c e673119e
			      451626c2 415771e3 b7eebca6 14c89b35),
	},
	/* RFC 4309 has none for its nonce of 11 bytes; these are from OpenSSL */
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4309(ccm(aes))",
		.key = HEX(40414243 44454647 48494a4b 4c4d4e4f a0a1a2),
		.iv = HEX(b0b1b2b3 b4b5b6b7),
		.aad = HEX(00001001 00000007),
		.text = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637),
		.result = HEX(9d436fae 4bcfba2c e30380f0 5da4c38e b5d9be29
			      2d2c95c4 69a938de 2af17255),
	},
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4309(ccm(aes))",
		.key = HEX(40414243 44454647 48494a4b 4c4d4e4f 50515253
			   54555657 a0a1a2),
		.iv = HEX(b0b1b2b3 b4b5b6b7),
		.aad = HEX(00001001 00000007),
		.text = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637),
		.result = HEX(b6e7036b d1ffda3a eda3e978 37a94031 ff80304f
			      67b3c83e db36d038 c201b13b f6cf47de),
	},
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4309(ccm(aes))",
		.key = HEX(40414243 44454647 48494a4b 4c4d4e4f 50515253
			   54555657 58595a5b 5c5d5e5f a0a1a2),
		.iv = HEX(b0b1b2b3 b4b5b6b7),
		.aad = HEX(00001001 00000007),
		.text = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637),
		.result = HEX(09c0f4a4 e52ee620 1ebff5b1 ea182ff4 2049b2e4
			      eb8db4e6 aa52df87 6c31b7aa c1bd0a4a 2d1038d2),
	},
	/* RFC 7634 appendix A */
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc7539esp(chacha20,poly1305)",
		.key = HEX(80818283 84858687 88898a8b 8c8d8e8f 90919293
			   94959697 98999a9b 9c9d9e9f a0a1a2a3),
		.iv = HEX(10111213 14151617),
		.aad = HEX(01020304 00000005),
		.text = HEX(45000054 a6f20000 4001e778 c6336405 c0000205
			    08005b7a 3a080000 553bec10 00073627 08090a0b
			    0c0d0e0f 10111213 14151617 18191a1b 1c1d1e1f
			    20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637 01020204),
		.result = HEX(24039428 b97f417e 3c13753a 4f05087b 67c352e6
			      a7fab1b9 82d466ef 407ae5c6 14ee8099 d52844eb
			      61aa95df ab4c02f7 2aa71e7c 4c4f64c9 befe2fac
			      c638e8f3 cbec163f ac469b50 2773f6fb 94e664da
			      9165b828 29f641e0 76aaa826 6b7fb0f7 b11b3699
			      07e1ad43),
	},
	/* RFC 4543 has none for ESP; these are from OpenSSL */
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4543(gcm(aes))",
		.key = HEX(40414243 44454647 48494a4b 4c4d4e4f a0a1a2a3),
		.iv = HEX(b0b1b2b3 b4b5b6b7),
		.aad = HEX(00001001 00000007),
		.text = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637),
		.result = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			      34353637 aa482f7d c7c5b62b 52ecd4e7 d99c3f60),
	},
	{
		.kind = NFIPSEC_AEAD,
		.name = "rfc4543(gcm(aes))",
		.key = HEX(40414243 44454647 48494a4b 4c4d4e4f 50515253
			   54555657 58595a5b 5c5d5e5f a0a1a2a3),
		.iv = HEX(b0b1b2b3 b4b5b6b7),
		.aad = HEX(00001001 00000002 00000007),
		.text = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			    34353637),
		.result = HEX(20212223 24252627 28292a2b 2c2d2e2f 30313233
			      34353637 7b8f0d3b f826146a 0a03c41f 75aa8f93),
	},
	/* RFC 3602 section 4 case 2 */
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(aes)",
		.key = HEX(c286696d 887c9aa0 611bbb3e 2025a45a),
		.iv = HEX(562e1799 6d093d28 ddb3ba69 5a2e6f58),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213
			    14151617 18191a1b 1c1d1e1f),
		.result = HEX(d296cd94 c2cccf8a 3a863028 b5e1dc0a 7586602d
			      253cfff9 1b8266be a6d61ab1),
	},
	/* NIST SP 800-38A F.2.3 and F.2.5, the first two blocks */
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(aes)",
		.key = HEX(8e73b0f7 da0e6452 c810f32b 809079e5 62f8ead2
			   522c6b7b),
		.iv = HEX(00010203 04050607 08090a0b 0c0d0e0f),
		.text = HEX(6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57
			    1e03ac9c 9eb76fac 45af8e51),
		.result = HEX(4f021db2 43bc633d 7178183a 9fa071e8 b4d9ada9
			      ad7dedf4 e5e73876 3f69145a),
	},
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(aes)",
		.key = HEX(603deb10 15ca71be 2b73aef0 857d7781 1f352c07
			   3b6108d7 2d9810a3 0914dff4),
		.iv = HEX(00010203 04050607 08090a0b 0c0d0e0f),
		.text = HEX(6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57
			    1e03ac9c 9eb76fac 45af8e51),
		.result = HEX(f58c4c04 d6e5f1ba 779eabfb 5f7bfbd6 9cfc4e96
			      7edb808d 679f777b c6702c7d),
	},
	/* RFC 3686 section 6 #2, #5, #8 */
	{
		.kind = NFIPSEC_ENC,
		.name = "rfc3686(ctr(aes))",
		.key = HEX(7e240678 17fae0d7 43d6ce1f 32539163 006cb6db),
		.iv = HEX(c0543b59 da48d90b),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213
			    14151617 18191a1b 1c1d1e1f),
		.result = HEX(5104a106 168a72d9 790d41ee 8edad388 eb2e1efc
			      46da57c8 fce630df 9141be28),
	},
	{
		.kind = NFIPSEC_ENC,
		.name = "rfc3686(ctr(aes))",
		.key = HEX(7c5cb240 1b3dc33c 19e73408 19e0f69c 678c3db8
			   e6f6a91a 0096b03b),
		.iv = HEX(020c6ead c2cb500d),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213
			    14151617 18191a1b 1c1d1e1f),
		.result = HEX(453243fc 609b2332 7edfaafa 7131cd9f 8490701c
			      5ad4a79c fc1fe0ff 42f4fb00),
	},
	{
		.kind = NFIPSEC_ENC,
		.name = "rfc3686(ctr(aes))",
		.key = HEX(f6d66d6b d52d59bb 07963658 79eff886 c66dd51a
			   5b6a9974 4b50590c 87a23884 00faac24),
		.iv = HEX(c1585ef1 5a43d875),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213
			    14151617 18191a1b 1c1d1e1f),
		.result = HEX(f05e231b 3894612c 49ee000b 804eb2a9 b8306b50
			      8f839d6a 5530831d 9344af1c),
	},
	/* RFC 3713 appendix A, its block twice: IV and text are chosen to give it */
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(camellia)",
		.key = HEX(01234567 89abcdef fedcba98 76543210),
		.iv = HEX(01234567 89abcdef fedcba98 76543210),
		.text = HEX(00000000 00000000 00000000 00000000 6644745f
			    dd3da49c f68bbcce 3ebe8c53),
		.result = HEX(67673138 54966973 08570656 48eabe43 67673138
			      54966973 08570656 48eabe43),
	},
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(camellia)",
		.key = HEX(01234567 89abcdef fedcba98 76543210 00112233
			   44556677),
		.iv = HEX(01234567 89abcdef fedcba98 76543210),
		.text = HEX(00000000 00000000 00000000 00000000 b5ba7166
			    3a425b17 b039747f a1cf3ba9),
		.result = HEX(b4993401 b3e996f8 4ee5cee7 d79b09b9 b4993401
			      b3e996f8 4ee5cee7 d79b09b9),
	},
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(camellia)",
		.key = HEX(01234567 89abcdef fedcba98 76543210 00112233
			   44556677 8899aabb ccddeeff),
		.iv = HEX(01234567 89abcdef fedcba98 76543210),
		.text = HEX(00000000 00000000 00000000 00000000 9bef661a
			    76bd1a83 de33c609 e86e4719),
		.result = HEX(9acc237d ff16d76c 20ef7c91 9e3a7509 9acc237d
			      ff16d76c 20ef7c91 9e3a7509),
	},
	/* NIST SP 800-67 appendix B.1: IV and text are chosen to give its blocks */
	{
		.kind = NFIPSEC_ENC,
		.name = "cbc(des3_ede)",
		.key = HEX(01234567 89abcdef 23456789 abcdef01 456789ab
			   cdef0123),
		.iv = HEX(54686520 71756663),
		.text = HEX(00000000 00000000 c3069ffe 8a4ceb7f aa8d64a1
			    78500296),
		.result = HEX(a826fd8c e53b855f cce21c81 12256fe6 68d5c05d
			      d9b6b900),
	},
	/* RFC 2202 case 1 of HMAC-SHA-1 */
	{
		.kind = NFIPSEC_AUTH,
		.name = "hmac(sha1)",
		.key = HEX(0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b),
		.text = HEX(48692054 68657265),
		.result = HEX(b6173186 55057264 e28bc0b6),
	},
	/* RFC 4868 AUTH256-1, AUTH384-1, AUTH512-1 */
	{
		.kind = NFIPSEC_AUTH,
		.name = "hmac(sha256)",
		.key = HEX(0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b 0b0b0b0b 0b0b0b0b),
		.text = HEX(48692054 68657265),
		.result = HEX(198a607e b44bfbc6 9903a0f1 cf2bbdc5),
	},
	{
		.kind = NFIPSEC_AUTH,
		.name = "hmac(sha384)",
		.key = HEX(0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b 0b0b0b0b),
		.text = HEX(48692054 68657265),
		.result = HEX(b6a8d563 6f5c6a72 24f9977d cf7ee6c7 fb6d0c48
			      cbdee973),
	},
	{
		.kind = NFIPSEC_AUTH,
		.name = "hmac(sha512)",
		.key = HEX(0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b 0b0b0b0b
			   0b0b0b0b),
		.text = HEX(48692054 68657265),
		.result = HEX(637edc6e 01dce7e6 742a9945 1aae82df 23da3e92
			      439e590e 43e761b3 3e910fb8),
	},
	/* RFC 3566 section 4.6 #4 and #5: they end in two ways */
	{
		.kind = NFIPSEC_AUTH,
		.name = "xcbc(aes)",
		.key = HEX(00010203 04050607 08090a0b 0c0d0e0f),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213),
		.result = HEX(47f51b45 64966215 b8985c63),
	},
	{
		.kind = NFIPSEC_AUTH,
		.name = "xcbc(aes)",
		.key = HEX(00010203 04050607 08090a0b 0c0d0e0f),
		.text = HEX(00010203 04050607 08090a0b 0c0d0e0f 10111213
			    14151617 18191a1b 1c1d1e1f),
		.result = HEX(f54f0ec8 d2b9f3d3 6807734b),
	},
	/* RFC 4494 section 5 #3 and #2, likewise */
	{
		.kind = NFIPSEC_AUTH,
		.name = "cmac(aes)",
		.key = HEX(2b7e1516 28aed2a6 abf71588 09cf4f3c),
		.text = HEX(6bc1bee2 2e409f96 e93d7e11 7393172a ae2d8a57
			    1e03ac9c 9eb76fac 45af8e51 30c81c46 a35ce411),
		.result = HEX(dfa66747 de9ae630 30ca3261),
	},
	{
		.kind = NFIPSEC_AUTH,
		.name = "cmac(aes)",
		.key = HEX(2b7e1516 28aed2a6 abf71588 09cf4f3c),
		.text = HEX(6bc1bee2 2e409f96 e93d7e11 7393172a),
		.result = HEX(070a16b4 6b4d4144 f79bdd9d),
	},
};

#endif
