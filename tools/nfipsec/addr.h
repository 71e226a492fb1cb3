/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses, blocks of addresses, ports and protocols as text. */
#ifndef NFIPSEC_ADDR_H
#define NFIPSEC_ADDR_H

#include "arg.h"

/* Two IPv6 addresses, a dash and a NUL. */
#define BLOCK_TEXT_MAX	96
#define PROTO_TEXT_MAX	16

/**
 * struct block - a prefix or a range of addresses
 * @lo: address, or the lowest; family 0 is any address of any family
 * @hi: highest of a range; family 0 if it is no range
 * @plen: prefix length, if it is no range
 */
struct block {
	struct nfipsec_addr lo;
	struct nfipsec_addr hi;
	uint8_t plen;
};

int addr_parse(const char *text, const char *what, struct nfipsec_addr *addr);
const char *addr_text(const struct nfipsec_addr *addr, char *buf, size_t size);
unsigned int addr_bits(uint8_t family);

int block_parse(const char *text, const char *what, struct block *block);
const char *block_text(const struct block *block, char *buf, size_t size);

int ports_parse(const char *text, const char *what, uint16_t *min,
		uint16_t *max);
int proto_parse(const char *text, uint8_t *proto);
const char *proto_text(uint8_t proto, char *buf, size_t size);

int word_addr(struct args *a, void *obj, const struct word *w);
int word_ipsec(struct args *a, void *obj, const struct word *w);

#endif
