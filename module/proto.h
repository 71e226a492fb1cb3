/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wire formats and limits of ESP (RFC 4303 section 2), also in UDP (RFC 3948
 * section 2), AH (RFC 4302 section 2) and IPComp (RFC 3173 section 3). No code.
 */
#ifndef NFIPSEC_PROTO_H
#define NFIPSEC_PROTO_H

#include <linux/build_bug.h>
#include <linux/in.h>
#include <linux/types.h>

/**
 * struct nfipsec_esp_hdr - the clear head of an ESP packet, before the IV
 * @spi: security parameters index
 * @seq: low 32 bits of the sequence number
 */
struct nfipsec_esp_hdr {
	__be32 spi;
	__be32 seq;
};

static_assert(sizeof(struct nfipsec_esp_hdr) == 8);

/**
 * struct nfipsec_beet_hdr - in front of IPv4 options in BEET mode
 * @nexthdr: what comes behind the options
 * @hdrlen: with the padding, the options and these four bytes are @hdrlen + 1
 *	times 8 bytes long
 * @padlen: no-operation options between this and the options, 0 or 4
 * @reserved: zero, ignored on receipt
 */
struct nfipsec_beet_hdr {
	u8 nexthdr;
	u8 hdrlen;
	u8 padlen;
	u8 reserved;
};

static_assert(sizeof(struct nfipsec_beet_hdr) == 4);

/**
 * struct nfipsec_ah_hdr - an authentication header, before the ICV
 * @nexthdr: what comes behind it
 * @hdrlen: length in units of 4 bytes, ICV and padding included, less 2
 * @reserved: sent as zero
 * @spi: security parameters index
 * @seq: low 32 bits of the sequence number
 */
struct nfipsec_ah_hdr {
	__u8 nexthdr;
	__u8 hdrlen;
	__be16 reserved;
	__be32 spi;
	__be32 seq;
};

static_assert(sizeof(struct nfipsec_ah_hdr) == 12);

/**
 * struct nfipsec_comp_hdr - in front of a compressed payload
 * @nexthdr: what the payload is
 * @flags: zero, ignored on receipt
 * @cpi: compression parameter index
 */
struct nfipsec_comp_hdr {
	__u8 nexthdr;
	__u8 flags;
	__be16 cpi;
};

static_assert(sizeof(struct nfipsec_comp_hdr) == 4);

/* Pad length and next header, the end of the encrypted part. */
#define NFIPSEC_ESP_TAIL	2
/* RFC 4303 section 2.4: the ciphertext ends on a 4 byte boundary. */
#define NFIPSEC_ESP_ALIGN	4
#define NFIPSEC_ESP_PAD_MAX	255
/* All there is in a NAT keepalive (RFC 3948 section 2.3). */
#define NFIPSEC_NATT_KEEPALIVE_BYTE	0xff
/* SPIs below are reserved (RFC 4303 section 2.1). */
#define NFIPSEC_SPI_MIN		256
/* CPI that means DEFLATE wherever it stands (RFC 3173 section 3.3). */
#define NFIPSEC_CPI_DEFLATE	2
/* CPIs below are reserved, those that are negotiated end here. */
#define NFIPSEC_CPI_MIN		256
#define NFIPSEC_CPI_NEGOTIATED	61439
/* Next header of a dummy packet (RFC 4303 section 2.6). */
#define NFIPSEC_NEXTHDR_DUMMY	59
/* Next header that stands for struct nfipsec_beet_hdr. */
#define NFIPSEC_NEXTHDR_BEET	94
/* Extension headers walked before a packet is called malformed. */
#define NFIPSEC_EXTHDR_MAX	16

/**
 * nfipsec_is_ipsec() - is it a protocol that seals?
 * @proto: next header
 *
 * Context: any.
 * Return: true of ESP and AH.
 */
static inline bool nfipsec_is_ipsec(__u8 proto)
{
	return proto == IPPROTO_ESP || proto == IPPROTO_AH;
}

#endif
