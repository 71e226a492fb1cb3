// SPDX-License-Identifier: GPL-2.0-only
/* See front.h. */
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "front.h"
#include "mutable.h"

/* RFC 8200 section 4.2: who does not know the option tells its sender. */
#define TLV_TELLS	0x80
#define TLV_PAD1	0
/* Extension headers are of such units (RFC 8200 section 4). */
#define EXTHDR_UNIT	8

/* Those that the stack knows go by the same bit: it likes none of them here. */
static bool tlvs_ok(const u8 *opt, const u8 *end)
{
	unsigned int len;

	for (; opt < end; opt += len) {
		len = 1;
		if (*opt == TLV_PAD1)
			continue;
		if (*opt & TLV_TELLS || end - opt < 2 ||
		    opt[1] > end - opt - 2)
			return false;
		len = 2 + opt[1];
	}
	return true;
}

/* @ext is @len bytes long, as it says. */
static bool exthdr_ok(u8 type, const u8 *ext, unsigned int len, bool first)
{
	const struct ipv6_rt_hdr *rt = (const struct ipv6_rt_hdr *)ext;

	switch (type) {
	case IPPROTO_HOPOPTS:
		/* Elsewhere it is a protocol that the stack does not know. */
		return first && tlvs_ok(ext + 2, ext + len);
	case IPPROTO_DSTOPTS:
		return tlvs_ok(ext + 2, ext + len);
	case IPPROTO_ROUTING:
		return !rt->segments_left;
	default:
		return false;
	}
}

/**
 * nfipsec_front_ipv6_ok() - may the stack obey these headers with clear text?
 * @hdr: IPv6 header and extension headers, up to ESP
 * @len: bytes of them
 * @vouched: AH has authenticated them, but for fragment headers
 *
 * Padding, options that who does not know them passes over, source routes that
 * are at their end and the fragment header of a whole datagram may be there.
 * Context: any.
 * Return: whether it may.
 */
bool nfipsec_front_ipv6_ok(const u8 *hdr, unsigned int len, bool vouched)
{
	u8 type = ((const struct ipv6hdr *)hdr)->nexthdr;
	unsigned int off = sizeof(struct ipv6hdr);
	bool fragment = false;
	unsigned int n;

	while (off < len) {
		const u8 *ext = hdr + off;

		if (len - off < EXTHDR_UNIT)
			return false;
		if (type == IPPROTO_FRAGMENT) {
			/* The stack takes offence at a second one. */
			if (fragment)
				return false;
			fragment = true;
			n = EXTHDR_UNIT;
		} else {
			n = (ext[1] + 1) * EXTHDR_UNIT;
			if (n > len - off)
				return false;
			if (!vouched &&
			    !exthdr_ok(type, ext, n, off == sizeof(struct ipv6hdr)))
				return false;
		}
		type = *ext;
		off += n;
	}
	return true;
}

/**
 * nfipsec_front_ipv4_blank() - make no-operations of the options
 * @hdr: IPv4 header with its options, changed in place; its checksum is the
 *	caller's
 * @len: bytes of it
 * @vouched: AH has authenticated those that do not change on the way: they stay
 *
 * Those that routers read they have read.
 * Context: any.
 */
void nfipsec_front_ipv4_blank(u8 *hdr, unsigned int len, bool vouched)
{
	u8 *opt = hdr + sizeof(struct iphdr), *end = hdr + len;
	unsigned int n;

	for (; opt < end; opt += n) {
		n = 1;
		if (vouched && *opt == IPOPT_END)
			return;
		if (*opt == IPOPT_NOOP)
			continue;
		if (!vouched || end - opt < 2 || opt[1] < 2 ||
		    opt[1] > end - opt) {
			memset(opt, IPOPT_NOOP, end - opt);
			return;
		}
		n = opt[1];
		if (!nfipsec_mutable_ipv4_option_stays(*opt))
			memset(opt, IPOPT_NOOP, n);
	}
}
