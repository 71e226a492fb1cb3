/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ESP packets that others have published, one with the NULL cipher, which needs
 * no computing, and for algorithms of which nobody has published packets, some
 * made by OpenSSL. check.py reads this file too: keep to one ".field =
 * value," after the other, bytes in HEX().
 *
 * draft-mcgrew-gcm-test-01 does not number its packets; here the AES-GCM ones
 * of section 4 are counted from 1. RFC 3602 has no ICV, so those packets end
 * with the ciphertext.
 */
#ifndef SELFTESTS_VECTORS_H
#define SELFTESTS_VECTORS_H

#include <linux/types.h>

#define HEX(digits) #digits

/**
 * struct vector - a packet and what it is made from
 * @name: where it is from
 * @aead: combined algorithm, or NULL
 * @enc: cipher, or NULL
 * @key: of the one or the other, with the salt
 * @spi: SPI
 * @seq: sequence number, 64 bit if @esn
 * @esn: extended sequence numbers
 * @iv: explicit IV, or NULL
 * @payload: plaintext without padding, or NULL if there is none
 * @nexthdr: next header
 * @packet: from the SPI to the ICV; without ICV for @enc
 */
struct vector {
	const char *name;
	const char *aead;
	const char *enc;
	const char *key;
	u32 spi;
	u64 seq;
	bool esn;
	const char *iv;
	const char *payload;
	u8 nexthdr;
	const char *packet;
};

static const struct vector vectors[] = {
	{
		.name = "RFC 3602 case 5",
		.enc = "cbc(aes)",
		.key = HEX(90d382b4 10eeba7a d938c46c ec1a82bf),
		.spi = 0x4321,
		.seq = 0x1,
		.iv = HEX(e96e8c08 ab465763 fd098d45 dd3ff893),
		.payload = HEX(08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f
			       10111213 14151617 18191a1b 1c1d1e1f 20212223 24252627
			       28292a2b 2c2d2e2f 30313233 34353637),
		.nexthdr = 1,
		.packet = HEX(00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893
			      f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965
			      330013b4 898dc856 a4699e52 3a55db08 0b59ec3a 8e4b7e52
			      775b07d1 db34ed9c 538ab50c 551b874a a269add0 47ad2d59
			      13ac19b7 cfbad4a6),
	},
	{
		.name = "RFC 3602 case 6",
		.enc = "cbc(aes)",
		.key = HEX(90d382b4 10eeba7a d938c46c ec1a82bf),
		.spi = 0x4321,
		.seq = 0x8,
		.iv = HEX(69d08df7 d203329d b093fc49 24e5bd80),
		.payload = HEX(0800b5e8 a80a0500 a69c083d 0b660e00 77777777 77777777
			       77777777),
		.nexthdr = 1,
		.packet = HEX(00004321 00000008 69d08df7 d203329d b093fc49 24e5bd80
			      f5199588 1ec4e0c4 488987ce 742e8109 689bb379 d2d750c0
			      d915dca3 46a89f75),
	},
	{
		.name = "RFC 3602 case 7",
		.enc = "cbc(aes)",
		.key = HEX(01234567 89abcdef 01234567 89abcdef),
		.spi = 0x8765,
		.seq = 0x2,
		.iv = HEX(f4e76524 4f6407ad f13dc138 0f673f37),
		.payload = HEX(45000054 09040000 4001f988 c0a87b03 c0a87bc8 08009f76
			       a90a0100 b49c083d 02a20400 08090a0b 0c0d0e0f 10111213
			       14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b
			       2c2d2e2f 30313233 34353637),
		.nexthdr = 4,
		.packet = HEX(00008765 00000002 f4e76524 4f6407ad f13dc138 0f673f37
			      773b5241 a4c44922 5e4f3ce5 ed611b0c 237ca96c f74a9301
			      3c1b0ea1 a0cf70f8 e4ecaec7 8ac53aad 7a0f022b 859243c6
			      47752e94 a859352b 8a4d4d2d ecd136e5 c177f132 ad3fbfb2
			      201ac990 4c74ee0a 109e0ca1 e4dfe9d5 a100b842 f1c22f0d),
	},
	{
		.name = "RFC 3602 case 8",
		.enc = "cbc(aes)",
		.key = HEX(01234567 89abcdef 01234567 89abcdef),
		.spi = 0x8765,
		.seq = 0x5,
		.iv = HEX(85d47224 b5f3dd5d 2101d4ea 8dffab22),
		.payload = HEX(45000044 090c0000 4001f990 c0a87b03 c0a87bc8 0800d63c
			       aa0a0200 c69c083d a3de0300 ffffffff ffffffff ffffffff
			       ffffffff ffffffff ffffffff ffffffff ffffffff),
		.nexthdr = 4,
		.packet = HEX(00008765 00000005 85d47224 b5f3dd5d 2101d4ea 8dffab22
			      15b92683 819596a8 047232cc 00f7048f e45318e1 1f8a0f62
			      ede3c3fc 61203bb5 0f980a08 c9843fd3 a1b06d5c 07ff9639
			      b7eb7dfb 3512e5de 435e7207 ed971ef3 d2726d9b 5ef6affc
			      6d17a0de cbb13892),
	},
	{
		.name = "RFC 7634 appendix A",
		.aead = "rfc7539esp(chacha20,poly1305)",
		.key = HEX(80818283 84858687 88898a8b 8c8d8e8f 90919293 94959697
			   98999a9b 9c9d9e9f a0a1a2a3),
		.spi = 0x1020304,
		.seq = 0x5,
		.iv = HEX(10111213 14151617),
		.payload = HEX(45000054 a6f20000 4001e778 c6336405 c0000205 08005b7a
			       3a080000 553bec10 00073627 08090a0b 0c0d0e0f 10111213
			       14151617 18191a1b 1c1d1e1f 20212223 24252627 28292a2b
			       2c2d2e2f 30313233 34353637),
		.nexthdr = 4,
		.packet = HEX(01020304 00000005 10111213 14151617 24039428 b97f417e
			      3c13753a 4f05087b 67c352e6 a7fab1b9 82d466ef 407ae5c6
			      14ee8099 d52844eb 61aa95df ab4c02f7 2aa71e7c 4c4f64c9
			      befe2fac c638e8f3 cbec163f ac469b50 2773f6fb 94e664da
			      9165b828 29f641e0 76aaa826 6b7fb0f7 b11b3699 07e1ad43),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 1",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(4c80cdef bb5d10da 906ac73c 3613a634 2e443b68),
		.spi = 0x4321,
		.seq = 0x8765432100000000,
		.esn = true,
		.iv = HEX(4956ed7e 3b244cfe),
		.payload = HEX(45000048 699a0000 80114db7 c0a80102 c0a80101 0a9bf156
			       38d30100 00010000 00000000 045f7369 70045f75 64700373
			       69700963 79626572 63697479 02646b00 00210001),
		.nexthdr = 1,
		.packet = HEX(00004321 00000000 4956ed7e 3b244cfe fecf537e 729d5b07
			      dc30df52 8dd22b76 8d1b9873 6696a6fd 348509fa 13ceac34
			      cfa2436f 14a3f3cf 65925bf1 f4a13c5d 15b21e18 84f5ff62
			      47aeabb7 86b93bce 61bc17d7 68fd9732 45901814 8f6cbe72
			      2fd04796 562dfdb4),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 2",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(feffe992 8665731c 6d6a8f94 67308308 cafebabe),
		.spi = 0xa5f8,
		.seq = 0xa,
		.iv = HEX(facedbad decaf888),
		.payload = HEX(4500003e 698f0000 80114dcc c0a80102 c0a80101 0a980035
			       002a2343 b2d00100 00010000 00000000 03736970 09637962
			       65726369 74790264 6b000001 0001),
		.nexthdr = 1,
		.packet = HEX(0000a5f8 0000000a facedbad decaf888 deb22cd9 b07c72c1
			      6e3a65be eb8df304 a5a5897d 33ae530f 1ba76d5d 114d2a5c
			      3de81827 c10e9a4f 51330d0e ec416642 cfbb85a5 b47e48a4
			      ec3b9ba9 5d918bd1 83b70d3a a8bc6ee4 c309e9d8 5a41ad4a),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 3",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab abbccdde f0011223
			   34455667 78899aab 11223344),
		.spi = 0x4a2cbfe3,
		.seq = 0x2,
		.iv = HEX(01020304 05060708),
		.payload = HEX(45000030 69a64000 80062690 c0a80102 9389155e 0a9e008b
			       2dc57ee0 00000000 70024000 20bf0000 020405b4 01010402),
		.nexthdr = 1,
		.packet = HEX(4a2cbfe3 00000002 01020304 05060708 ff425c9b 724599df
			      7a3bcd51 0194e00d 6a78107f 1b0b1cbf 06efae9d 65a5d763
			      748a6379 85771d34 7f054565 9f14e99d ef842d8e b335f4ee
			      cfdbf831 824b4c49 15956c96),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 4",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(00000000 00000000 00000000 00000000 00000000),
		.spi = 0x0,
		.seq = 0x1,
		.iv = HEX(00000000 00000000),
		.payload = HEX(4500003c 99c50000 8001cb7a 40679318 01010101 0800075c
			       02004400 61626364 65666768 696a6b6c 6d6e6f70 71727374
			       75767761 62636465 66676869),
		.nexthdr = 1,
		.packet = HEX(00000000 00000001 00000000 00000000 4688daf2 f973a392
			      732909c3 31d56d60 f694abaa 414b5e7f f5fdcdff f5e9a284
			      45647649 2719ffb6 4de7d9dc a1e1d894 bc3bd578 73ed4d18
			      1d19d4d5 c8c18af3 f821d496 eeb096e9 8ad2b69e 4799c71d),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 5",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(3de09874 b388e649 1988d0c3 607eae1f 57690e43),
		.spi = 0x42f67e3f,
		.seq = 0x1010101010101010,
		.esn = true,
		.iv = HEX(4e280000 a2fca1a3),
		.payload = HEX(4500003c 99c30000 8001cb7c 40679318 01010101 0800085c
			       02004300 61626364 65666768 696a6b6c 6d6e6f70 71727374
			       75767761 62636465 66676869),
		.nexthdr = 1,
		.packet = HEX(42f67e3f 10101010 4e280000 a2fca1a3 fba2caa4 853cf9f0
			      f22cb10d 86dd83b0 fec75691 cf1a04b0 0d1138ec 9c357917
			      65acbd87 01ad7984 5bf9fe3f ba487bc9 1755e666 2b4c8d0d
			      1f5e2273 9530320a e0d731cc 978ecafa eae88f00 e80d6e48),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 6",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(3de09874 b388e649 1988d0c3 607eae1f 57690e43),
		.spi = 0x42f67e3f,
		.seq = 0x1010101010101010,
		.esn = true,
		.iv = HEX(4e280000 a2fca1a3),
		.payload = HEX(4500001c 42a20000 8001441f 406793b6 e0000002 0a00f5ff),
		.nexthdr = 1,
		.packet = HEX(42f67e3f 10101010 4e280000 a2fca1a3 fba2ca84 5e5df9f0
			      f22c3e6e 86dd831e 1fc65792 cd1af913 0e1379ed 369f071f
			      35e034be 95f112e4 e7d05d35),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 7",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(feffe992 8665731c 6d6a8f94 67308308 feffe992 8665731c
			   cafebabe),
		.spi = 0xa5f8,
		.seq = 0xa,
		.iv = HEX(facedbad decaf888),
		.payload = HEX(45000028 a4ad4000 40067880 0a01038f 0a010612 802306b8
			       cb712602 dd6bb03e 501016d0 7568),
		.nexthdr = 1,
		.packet = HEX(0000a5f8 0000000a facedbad decaf888 a5b1f806 6029aea4
			      0e598b81 22de0242 0938b3ab 33f828e6 87b8858b 5bfbdbd0
			      315b2745 2144cc77 95457b96 52037f53 18027b5b 4cd7a636),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 8",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab decaf888),
		.spi = 0x100,
		.seq = 0x1,
		.esn = true,
		.iv = HEX(cafedeba ceface74),
		.payload = HEX(45000049 33ba0000 7f119106 c3fb1d10 c2b1d326 c02831ce
			       0035dd7b 800302d5 00004e20 001e8c18 d75b81dc 91baa047
			       6b91b924 b280389d 92c963ba c046ec95 9b6266c0 4722b149
			       23),
		.nexthdr = 1,
		.packet = HEX(00000100 00000001 cafedeba ceface74 18a6fd42 f72cbf4a
			      b2a2ea90 1f73d814 e3e7f243 d95412e1 c349c1d2 fbec168f
			      9190feeb af2cb019 84e65863 965d7472 b79da345 e0e78019
			      1f0d2f0e 0f496c22 6f2127b2 7db35724 e7845d68 651f57e6
			      5f354f75 ff170157 69623436),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 9",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab abbccdde f0011223
			   34455667 78899aab 73616c74),
		.spi = 0x17405e67,
		.seq = 0x156f3126dd0db99b,
		.esn = true,
		.iv = HEX(616e6401 69766563),
		.payload = HEX(45080028 732c0000 4006e9f9 0a010612 0a01038f 06b88023
			       dd6bafbe cb712602 50101f64 6d54),
		.nexthdr = 1,
		.packet = HEX(17405e67 dd0db99b 616e6401 69766563 f2d69ecd bd5a0d5b
			      8d5ef38b ad4da58d 1f278fde 98ef6754 9d524a30 18d9a57f
			      f4d3a31c e673119e 451626c2 415771e3 b7eebca6 14c89b35),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 10",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(3de09874 b388e649 1988d0c3 607eae1f 57690e43),
		.spi = 0x42f67e3f,
		.seq = 0x1010101010101010,
		.esn = true,
		.iv = HEX(4e280000 a2fca1a3),
		.payload = HEX(45000049 333e0000 7f119182 c3fb1d10 c2b1d326 c02831ce
			       0035cb45 8003025b 000001e0 001e8c18 d65759d5 2284a035
			       2c71475c 8880391c 764d6e5e e0496b32 5ae270c0 38994939
			       15),
		.nexthdr = 1,
		.packet = HEX(42f67e3f 10101010 4e280000 a2fca1a3 fba2cad1 2fc1f9f0
			      0d3cebf3 05410db8 3d7784b6 07323d22 0f24b0a9 7d541828
			      00cadb0f 68d99ef0 e0c0c89a e9bea888 4e52d65b c1afd074
			      0f742444 747b5b39 ab533163 aad4550e e5160975 cdb608c5
			      76918960 9763b8e1 8caa81e2),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 11",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab abbccdde f0011223
			   34455667 78899aab 73616c74),
		.spi = 0x17405e67,
		.seq = 0x156f3126dd0db99b,
		.esn = true,
		.iv = HEX(616e6401 69766563),
		.payload = HEX(63697363 6f017275 6c657301 74686501 6e657477 65016465
			       66696e65 01746865 74656368 6e6f6c6f 67696573 01746861
			       7477696c 6c016465 66696e65 746f6d6f 72726f77),
		.nexthdr = 1,
		.packet = HEX(17405e67 dd0db99b 616e6401 69766563 d4b7ed86 a1777f2e
			      a13d6973 d324c69e 7b43f826 fb568312 26508beb d2dceb18
			      d0a6df10 e5487df0 74113e14 c641024e 3e6773d9 1a62ee42
			      9b043a10 e3efe6b0 12a49363 412364f8 c0cac587 f249e56b
			      11e24f30 e44ccc76),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 12",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(7d773d00 c144c525 ac619d18 c84a3f47 d9664267),
		.spi = 0x335467ae,
		.seq = 0xffffffff,
		.iv = HEX(43457e91 82443bc6),
		.nexthdr = 1,
		.packet = HEX(335467ae ffffffff 43457e91 82443bc6 437f866b cb3f699f
			      e9b0822b ac961c45 04bef270),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 13",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(abbccdde f0011223 34455667 78899aab decaf888),
		.spi = 0x100,
		.seq = 0x1,
		.esn = true,
		.iv = HEX(cafedeba ceface74),
		.payload = HEX(746f0162 65016f72 016e6f74 01746f01 6265),
		.nexthdr = 1,
		.packet = HEX(00000100 00000001 cafedeba ceface74 29c9fc69 a197d038
			      ccdd14e2 ddfcaa05 43332164 41250352 4303ed3c 6c5f2838
			      43af8c3e),
	},
	{
		.name = "draft-mcgrew-gcm-test-01 case 14",
		.aead = "rfc4106(gcm(aes))",
		.key = HEX(6c656761 6c697a65 6d617269 6a75616e 61616e64 646f6974
			   6265666f 72656961 7475726e),
		.spi = 0x796b6963,
		.seq = 0xffffffffffffffff,
		.esn = true,
		.iv = HEX(33302169 6765746d),
		.payload = HEX(45000030 da3a0000 8001df3b c0a80005 c0a80001 0800c6cd
			       02000700 61626364 65666768 696a6b6c 6d6e6f70 71727374),
		.nexthdr = 1,
		.packet = HEX(796b6963 ffffffff 33302169 6765746d f97ab2aa 356d8edc
			      e17644ac 8c78e25d d24dedbb 29ebf1b6 4a274b39 b49c3a86
			      4cd3d78c a4ae68a3 2b42458f b57dbe82 1dcc63b9 d0937ba2
			      945f6693 68661a32 9fb4c053),
	},
	{
		.name = "AES-CCM (RFC 4309), not published",
		.aead = "rfc4309(ccm(aes))",
		.key = HEX(c74a36ca 3c59ca2d bcf79441 685020ff 7b7763e2 344d0948
			   71023216 055a93b1 a155d2),
		.spi = 0x2001,
		.seq = 0x100,
		.iv = HEX(c0c1c2c3 c4c5c6c7),
		.payload = HEX(45000024 00010000 4011b6f0 c0a80101 c0a80201 0fa01388
			       00100000 616c6c20 726f7773),
		.nexthdr = 4,
		.packet = HEX(00002001 00000100 c0c1c2c3 c4c5c6c7 d28a8505 20a29b80
			      4260c9f3 10a1c068 edf47781 4840b9f3 1e7de0a9 c631d83b
			      bd42efcb 684bd89f e6ac9581 89d9b84b cc9e54e5 e29b1d5c),
	},
	{
		.name = "AES-GMAC (RFC 4543), not published",
		.aead = "rfc4543(gcm(aes))",
		.key = HEX(d14afbc4 1085aad5 a54b483f 80f2ded1 ddcc4101),
		.spi = 0x2002,
		.seq = 0x700000001,
		.esn = true,
		.iv = HEX(c0c1c2c3 c4c5c6c7),
		.payload = HEX(45000024 00010000 4011b6f0 c0a80101 c0a80201 0fa01388
			       00100000 616c6c20 726f7773),
		.nexthdr = 4,
		.packet = HEX(00002002 00000001 c0c1c2c3 c4c5c6c7 45000024 00010000
			      4011b6f0 c0a80101 c0a80201 0fa01388 00100000 616c6c20
			      726f7773 01020204 6fd095ce 25eb8d0d 7604c583 afa6b828),
	},
	{
		.name = "AES-CTR (RFC 3686), not published",
		.enc = "rfc3686(ctr(aes))",
		.key = HEX(4b01eb07 c4d439c8 0fa5653c a767cb9c 4c69d5ba 954603d8
			   a445e4b0 5051c953 a6cb7b39),
		.spi = 0x2003,
		.seq = 0x102,
		.iv = HEX(c0c1c2c3 c4c5c6c7),
		.payload = HEX(45000024 00010000 4011b6f0 c0a80101 c0a80201 0fa01388
			       00100000 616c6c20 726f7773),
		.nexthdr = 4,
		.packet = HEX(00002003 00000102 c0c1c2c3 c4c5c6c7 99c24d8e a8b90496
			      43a8a22e e293bfb4 6efada37 82be6aa9 5c31ee8f e91af7c4
			      2f70672a a006f8be),
	},
	{
		.name = "Camellia (RFC 4312), not published",
		.enc = "cbc(camellia)",
		.key = HEX(29adf324 9435fe2d 3adc9a2e 2c042958 7f02cf42 296ee446
			   66177b55 937cf147),
		.spi = 0x2004,
		.seq = 0x103,
		.iv = HEX(c0c1c2c3 c4c5c6c7 c8c9cacb cccdcecf),
		.payload = HEX(45000024 00010000 4011b6f0 c0a80101 c0a80201 0fa01388
			       00100000 616c6c20 726f7773),
		.nexthdr = 4,
		.packet = HEX(00002004 00000103 c0c1c2c3 c4c5c6c7 c8c9cacb cccdcecf
			      246062fa d6782a89 a532e7f2 ea0a3e41 8202de40 f9b6843f
			      84db2614 9c98b2f7 02126189 8df00aa5 1eafc607 97b5365b),
	},
	{
		.name = "3DES (RFC 2451), not published",
		.enc = "cbc(des3_ede)",
		.key = HEX(cbd376c6 43739237 8853db76 ddfa1b06 01530470 9adacdc3),
		.spi = 0x2005,
		.seq = 0x104,
		.iv = HEX(c0c1c2c3 c4c5c6c7),
		.payload = HEX(45000024 00010000 4011b6f0 c0a80101 c0a80201 0fa01388
			       00100000 616c6c20 726f7773),
		.nexthdr = 4,
		.packet = HEX(00002005 00000104 c0c1c2c3 c4c5c6c7 b6b8e16c 9872933f
			      453ee6d5 081fc1fd e16c57c5 79488e12 5dbf4629 4207bd47
			      24a21c03 9f5106f7),
	},
	{
		.name = "NULL (RFC 2410), not published",
		.enc = "ecb(cipher_null)",
		.spi = 0xa5f8,
		.seq = 0x7,
		.payload = HEX(0800b5e8 a80a0500 a6),
		.nexthdr = 1,
		.packet = HEX(0000a5f8 00000007 0800b5e8 a80a0500 a6010101),
	},
};

#endif
