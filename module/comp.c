// SPDX-License-Identifier: GPL-2.0-only
/* See comp.h. */
#include <linux/gfp.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/minmax.h>
#include <linux/skbuff.h>
#include <net/ip.h>

#include "comp.h"
#include "deflate.h"
#include "flow.h"
#include "proto.h"

/* RFC 2394 section 3: what is smaller gets no smaller. */
#define THRESHOLD	90

/* Compressed in the working memory; returns 0 if it gets no smaller. */
static int pack(struct nfipsec_deflate *d, const struct sk_buff *skb,
		unsigned int off, unsigned int len)
{
	const u8 *data;
	int n;

	if (len < THRESHOLD || len > sizeof(d->in))
		return 0;
	data = skb_header_pointer(skb, off, len, d->in);
	if (!data)
		return 0;
	n = nfipsec_deflate_pack(d, data, len,
				 len - sizeof(struct nfipsec_comp_hdr) - 1);
	return max(n, 0);
}

/* In the place of the payload, which others may have too. */
static enum nfipsec_reason put_packed(struct sk_buff *skb, unsigned int off,
				      const u8 *data, unsigned int n,
				      const struct nfipsec_comp_hdr *hdr)
{
	unsigned int end = off + sizeof(*hdr) + n;

	/* Nothing has happened yet. */
	if (skb_ensure_writable(skb, end))
		return NFIPSEC_OUT_COMP_NOT;
	if (pskb_trim(skb, end))
		return NFIPSEC_OUT_NOMEM;
	memcpy(skb->data + off, hdr, sizeof(*hdr));
	memcpy(skb->data + off + sizeof(*hdr), data, n);
	return NFIPSEC_OK;
}

/**
 * nfipsec_comp_pack() - compress a payload, if that makes it smaller
 * @skb: packet, starting with its IP header, which is linear and ours to write;
 *	the transport header is where the payload starts. Checksums are complete.
 *	Its pointers change. Stays the caller's, who must drop it on failure.
 * @nexthdr_off: where the byte is that says what the payload is
 * @cpi: of the IPComp header, as an SPI in network byte order
 *
 * RFC 3173 section 2.2: what gets no smaller is sent as it is, without the
 * header. Lengths and the IPv4 checksum are the caller's.
 * Context: process or softirq, on behalf of an SA of IPComp.
 * Return: NFIPSEC_OUT_COMP or NFIPSEC_OUT_COMP_NOT, which drop nothing, or the
 * reason to drop the packet.
 */
enum nfipsec_reason nfipsec_comp_pack(struct sk_buff *skb,
				      unsigned int nexthdr_off, __be32 cpi)
{
	enum nfipsec_reason reason = NFIPSEC_OUT_COMP_NOT;
	unsigned int off = skb_transport_offset(skb);
	struct nfipsec_comp_hdr hdr = {
		.nexthdr = skb->data[nexthdr_off],
		.cpi = htons(ntohl(cpi)),
	};
	struct nfipsec_deflate *d;
	int n;

	d = nfipsec_deflate_get();
	n = pack(d, skb, off, skb->len - off);
	if (n)
		reason = put_packed(skb, off, d->out, n, &hdr);
	nfipsec_deflate_put();
	if (reason)
		return reason;
	skb->data[nexthdr_off] = IPPROTO_COMP;
	return NFIPSEC_OUT_COMP;
}

/* Behind what there is, in pages of its own as far as the buffer ends. */
static enum nfipsec_reason append(struct sk_buff *skb, const u8 *data,
				  unsigned int len)
{
	unsigned int n = min_t(unsigned int, len, skb_tailroom(skb));
	struct page *page;

	skb_put_data(skb, data, n);
	for (data += n, len -= n; len; data += n, len -= n) {
		if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
			return NFIPSEC_IN_NOMEM;
		page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
		if (!page)
			return NFIPSEC_IN_NOMEM;
		n = min_t(unsigned int, len, PAGE_SIZE);
		memcpy(page_address(page), data, n);
		skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, n,
				PAGE_SIZE);
	}
	return NFIPSEC_OK;
}

/* In the place of the payload, which others may have too. */
static enum nfipsec_reason put_unpacked(struct sk_buff *skb, unsigned int off,
					const u8 *data, unsigned int len)
{
	if (skb_unclone(skb, GFP_ATOMIC) || pskb_trim(skb, off))
		return NFIPSEC_IN_NOMEM;
	return append(skb, data, len);
}

static enum nfipsec_reason unpack(struct nfipsec_deflate *d,
				  struct sk_buff *skb, unsigned int off,
				  unsigned int max)
{
	unsigned int start = off + sizeof(struct nfipsec_comp_hdr);
	unsigned int len = skb->len - start;
	const u8 *data;
	int n;

	if (len > sizeof(d->in))
		return NFIPSEC_IN_COMP_DATA;
	data = skb_header_pointer(skb, start, len, d->in);
	if (!data)
		return NFIPSEC_IN_COMP_DATA;
	n = nfipsec_deflate_unpack(d, data, len, max);
	if (n < 0)
		return n == -EMSGSIZE ? NFIPSEC_IN_COMP_LONG :
					NFIPSEC_IN_COMP_DATA;
	return put_unpacked(skb, off, d->out, n);
}

/**
 * nfipsec_comp_unpack() - decompress a payload
 * @skb: packet, starting with its IP header and ending where that says. On
 *	success the IPComp header is gone. Its pointers change. Stays the
 *	caller's, who must drop it on failure.
 * @l3: its layout, with IPComp as next layer
 * @tunnel: the payload is an IP packet, which may be as long as any, though
 *	there is a header in front of it
 * @nexthdr: what the payload is
 *
 * The packet's header says nothing of the payload then; the caller makes it do
 * so, or takes it off. No payload grows beyond what an IP packet can have.
 * Context: process or softirq, on behalf of an SA of IPComp.
 * Return: NFIPSEC_OK, or the reason to drop the packet.
 */
enum nfipsec_reason nfipsec_comp_unpack(struct sk_buff *skb,
					const struct nfipsec_l3 *l3,
					bool tunnel, u8 *nexthdr)
{
	unsigned int max = tunnel ? IP_MAX_MTU : IP_MAX_MTU - l3->l4_off;
	unsigned int off = l3->l4_off;
	const struct nfipsec_comp_hdr *hdr;
	enum nfipsec_reason reason;
	struct nfipsec_deflate *d;

	if (skb->len <= off + sizeof(*hdr))
		return NFIPSEC_IN_COMP_DATA;
	if (!pskb_may_pull(skb, off + sizeof(*hdr)))
		return NFIPSEC_IN_NOMEM;
	hdr = (struct nfipsec_comp_hdr *)(skb->data + off);
	*nexthdr = hdr->nexthdr;

	d = nfipsec_deflate_get();
	reason = unpack(d, skb, off, max);
	nfipsec_deflate_put();
	return reason;
}
