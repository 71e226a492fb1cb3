/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DEFLATE (RFC 1951) as IPComp uses it (RFC 2394): one packet, no history. On
 * the kernel's zlib, without allocation, in working memory of the CPU.
 */
#ifndef NFIPSEC_DEFLATE_H
#define NFIPSEC_DEFLATE_H

#include <linux/types.h>
#include <linux/zlib.h>

struct netlink_ext_ack;

/* As much as an IP packet has, into one and out of the other. */
#define NFIPSEC_DEFLATE_MAX	65535

/**
 * struct nfipsec_deflate - working memory of one CPU
 * @pack: compressor
 * @unpack: decompressor
 * @in: for input that does not lie in one piece
 * @out: output
 *
 * Valid between nfipsec_deflate_get() and nfipsec_deflate_put(), with bottom
 * halves off. Never used in hard interrupt context.
 */
struct nfipsec_deflate {
	struct z_stream_s pack;
	struct z_stream_s unpack;
	u8 in[NFIPSEC_DEFLATE_MAX];
	u8 out[NFIPSEC_DEFLATE_MAX];
};

/* Sentence for a kernel without it. */
#define NFIPSEC_DEFLATE_LACKS						\
	"this kernel has no zlib for IPComp: CONFIG_ZLIB_DEFLATE and CONFIG_ZLIB_INFLATE"

bool nfipsec_deflate_built(void);
int nfipsec_deflate_hold(struct netlink_ext_ack *extack);
void nfipsec_deflate_release(void);

struct nfipsec_deflate *nfipsec_deflate_get(void);
void nfipsec_deflate_put(void);

int nfipsec_deflate_pack(struct nfipsec_deflate *d, const u8 *data,
			 unsigned int len, unsigned int max);
int nfipsec_deflate_unpack(struct nfipsec_deflate *d, const u8 *data,
			   unsigned int len, unsigned int max);

#endif
