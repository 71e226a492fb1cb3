/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wire formats and limits of ESP (RFC 4303 section 2). No code.
 */
#ifndef NFIPSEC_PROTO_H
#define NFIPSEC_PROTO_H

#include <linux/build_bug.h>
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

/* Pad length and next header, the end of the encrypted part. */
#define NFIPSEC_ESP_TAIL	2
/* RFC 4303 section 2.4: the ciphertext ends on a 4 byte boundary. */
#define NFIPSEC_ESP_ALIGN	4
#define NFIPSEC_ESP_PAD_MAX	255
/* SPIs below are reserved (RFC 4303 section 2.1). */
#define NFIPSEC_SPI_MIN		256
/* Next header of a dummy packet (RFC 4303 section 2.6). */
#define NFIPSEC_NEXTHDR_DUMMY	59
/* Extension headers walked before a packet is called malformed. */
#define NFIPSEC_EXTHDR_MAX	16

#endif
