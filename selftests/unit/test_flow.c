// SPDX-License-Identifier: GPL-2.0
/*
 * Reading packets: made ones whose layout is known, cut at every length and
 * between any two bytes; and random ones. Each piece of a packet is allocated
 * to the byte, so that the sanitizer sees a read beyond it.
 */
#include <stdlib.h>
#include <string.h>

#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "ktap.h"
#include "proto.h"

#define PACKET_MAX	8192

/**
 * struct packet - a made packet and what is true of it
 * @b: its bytes
 * @len: number of them
 * @l3: its layout
 * @flow: its flow
 * @bad: nfipsec_l3_parse() must refuse it
 */
struct packet {
	u8 b[PACKET_MAX];
	unsigned int len;
	struct nfipsec_l3 l3;
	struct nfipsec_flow flow;
	bool bad;
};

static void *piece(const u8 *from, unsigned int len)
{
	void *p = malloc(len);

	if (len && !p)
		abort();
	if (len)
		memcpy(p, from, len);
	return p;
}

/* The first @len bytes of a packet behind @offset others, @linear in front. */
static void skb_make(struct sk_buff *skb, const u8 *b, unsigned int len,
		     unsigned int offset, unsigned int linear)
{
	u8 buf[PACKET_MAX + 64];

	memset(buf, 0xee, offset);
	memcpy(buf + offset, b, len);
	skb->len = offset + len;
	skb->linear = linear < skb->len ? linear : skb->len;
	skb->network_offset = offset;
	skb->gso = false;
	skb->gso_tcp = false;
	skb->data = piece(buf, skb->linear);
	skb->rest = piece(buf + skb->linear, skb->len - skb->linear);
}

static void skb_free(struct sk_buff *skb)
{
	free(skb->data);
	free(skb->rest);
}

static void put16(u8 *b, u16 v)
{
	b[0] = v >> 8;
	b[1] = v;
}

static u8 random_proto(void)
{
	static const u8 protos[] = {
		1, 4, 6, 6, 17, 17, 33, 41, 50, 51, 58, 59, 132, 135, 136, 255,
	};

	return protos[ktap_random_below(ARRAY_SIZE(protos))];
}

static bool with_ports(u8 proto)
{
	static const u8 protos[] = { 6, 17, 33, 132, 136 };

	return memchr(protos, proto, sizeof(protos));
}

/* Of a fragment: more extension headers may follow that say they are the last. */
static bool hides(u8 family, u8 proto)
{
	return family == AF_INET6 && memchr("\0\53\54\63\74\207\213\214",
					    proto, 8);
}

/* As far as ports or types reach; of a mobility header it is the third byte. */
static unsigned int field_len(u8 family, u8 proto)
{
	if (with_ports(proto))
		return 4;
	if (proto == (family == AF_INET ? 1 : 58))
		return 2;
	return family == AF_INET6 && proto == 135 ? 3 : 0;
}

/* Behind the headers: a payload, and the flow that goes with it. */
static void finish(struct packet *p, u8 proto, unsigned int l4)
{
	unsigned int len;

	p->l3.proto = proto;
	p->l3.l4_off = l4;
	p->len = l4 + 4 + ktap_random_below(20);
	p->flow.family = p->l3.family;
	p->flow.proto = proto;
	p->flow.opaque = p->l3.frag &&
			 (p->l3.later || hides(p->l3.family, proto));
	if (p->l3.later)
		return;
	len = field_len(p->l3.family, proto);
	if (len == 2 || len == 4)
		p->flow.sport = p->b[l4] << 8 | p->b[l4 + 1];
	if (len == 4)
		p->flow.dport = p->b[l4 + 2] << 8 | p->b[l4 + 3];
	if (len == 3)
		p->flow.sport = p->b[l4 + 2] << 8;
}

static void random_bytes(struct packet *p)
{
	unsigned int i;

	for (i = 0; i < sizeof(p->b); i++)
		p->b[i] = ktap_random();
}

static void make_ipv4(struct packet *p)
{
	static const u16 frags[] = {
		0, 0x4000, 0x8000, 0x2000, 0x0001, 0x1fff, 0x2123, 0x6000,
		0x2002,
	};
	unsigned int ihl = 5 + ktap_random_below(11);
	u16 frag = frags[ktap_random_below(2) ?
			 ktap_random_below(ARRAY_SIZE(frags)) : 0];
	u8 proto = random_proto();

	memset(&p->l3, 0, sizeof(p->l3));
	memset(&p->flow, 0, sizeof(p->flow));
	p->bad = false;
	p->l3.family = AF_INET;
	p->l3.frag = frag & 0x3fff;
	p->l3.later = frag & 0x1fff;
	p->flow.early = (frag & 0x1fff) == 1;
	p->l3.nexthdr_off = 9;
	p->l3.esp_nexthdr_off = 9;
	p->l3.esp_off = 4 * ihl;
	finish(p, proto, 4 * ihl);

	p->b[0] = 0x40 | ihl;
	/* Super-packets above 64 kB say 0. */
	p->l3.len = ktap_random_below(8) ? p->len : 0;
	put16(p->b + 2, p->l3.len);
	put16(p->b + 6, frag);
	p->b[9] = proto;
	p->flow.dscp = p->b[1] >> 2;
	memcpy(&p->flow.saddr, p->b + 12, 4);
	memcpy(&p->flow.daddr, p->b + 16, 4);
}

/*
 * One extension header at @off; the byte at @nh says what it is. Returns its
 * length.
 */
static unsigned int put_exthdr(struct packet *p, unsigned int off,
			       unsigned int nh)
{
	static const u8 types[] = { 0, 43, 44, 60 };
	/* First, second, last, and the last one possible. */
	static const u16 frags[] = { 0x0001, 0x0009, 0x0008, 0xfff8 };
	u8 type = types[ktap_random_below(4)];
	unsigned int len;
	u16 frag;

	p->b[nh] = type;
	if (type == 44) {
		/* Mostly atomic; bits 1 and 2 are reserved. */
		frag = ktap_random() & 0x0006;
		if (!ktap_random_below(3))
			frag |= frags[ktap_random_below(4)];
		put16(p->b + off + 2, frag);
		p->l3.frag = frag & 0xfff9;
		p->l3.later = frag & 0xfff8;
		return 8;
	}
	p->b[off + 1] = ktap_random_below(8) ? ktap_random_below(4) :
			ktap_random_below(40);
	len = 8 * (p->b[off + 1] + 1);
	if (type != 60) {
		p->l3.esp_off = off + len;
		p->l3.esp_nexthdr_off = off;
	}
	return len;
}

static void make_ipv6(struct packet *p)
{
	unsigned int n = ktap_random_below(8) ? ktap_random_below(5) :
			 NFIPSEC_EXTHDR_MAX - 2 + ktap_random_below(4);
	unsigned int i, off = 40, nh = 6, next;
	u8 proto = random_proto();

	memset(&p->l3, 0, sizeof(p->l3));
	memset(&p->flow, 0, sizeof(p->flow));
	p->l3.family = AF_INET6;
	p->l3.esp_off = 40;
	p->l3.esp_nexthdr_off = 6;
	p->b[0] = 0x60 | (p->b[0] & 0x0f);

	for (i = 0; i < n && !p->l3.frag; i++) {
		next = off + put_exthdr(p, off, nh);
		nh = off;
		off = next;
	}
	p->bad = i > NFIPSEC_EXTHDR_MAX ||
		 (i == NFIPSEC_EXTHDR_MAX && !p->l3.frag);
	p->b[nh] = proto;
	p->l3.nexthdr_off = nh;
	finish(p, proto, off);

	p->l3.len = p->len;
	put16(p->b + 4, p->len - 40);
	p->flow.dscp = (p->b[0] & 15) << 2 | p->b[1] >> 6;
	memcpy(&p->flow.saddr, p->b + 8, 16);
	memcpy(&p->flow.daddr, p->b + 24, 16);
}

static bool l3_equal(const struct nfipsec_l3 *a, const struct nfipsec_l3 *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       a->frag == b->frag && a->later == b->later &&
	       a->nexthdr_off == b->nexthdr_off &&
	       a->l4_off == b->l4_off && a->esp_off == b->esp_off &&
	       a->esp_nexthdr_off == b->esp_nexthdr_off && a->len == b->len;
}

static bool flow_equal(const struct nfipsec_flow *a,
		       const struct nfipsec_flow *b)
{
	return a->family == b->family && a->proto == b->proto &&
	       a->opaque == b->opaque && a->early == b->early &&
	       a->sport == b->sport && a->dport == b->dport &&
	       a->dscp == b->dscp &&
	       nfipsec_addr_equal(&a->saddr, &b->saddr) &&
	       nfipsec_addr_equal(&a->daddr, &b->daddr);
}

/*
 * Whoever reads plain packets may leave a packet to others, and else says what
 * these do: that it is accepted, and as what. What is not in its headers stays.
 */
static bool plain_agrees(const struct sk_buff *skb, u8 family, bool accepted,
			 const struct nfipsec_l3 *l3,
			 const struct nfipsec_flow *flow)
{
	size_t shown = offsetof(struct nfipsec_flow, meta);
	struct nfipsec_flow got, blank;
	struct nfipsec_l3 layout;

	memset(&layout, 0xff, sizeof(layout));
	memset(&got, 0xff, sizeof(got));
	blank = got;
	if (!nfipsec_flow_plain(skb, family, &layout, &got))
		return true;
	return accepted && l3_equal(&layout, l3) && !memcmp(&got, flow, shown) &&
	       !memcmp(&got.meta, &blank.meta, sizeof(got.meta));
}

/* The packet cut to @len bytes: is all seen that is there, and no more? */
static bool try_cut(const struct packet *p, unsigned int len,
		    unsigned int offset, unsigned int linear)
{
	bool want = !p->bad && len >= p->l3.l4_off;
	unsigned int field = field_len(p->l3.family, p->l3.proto);
	struct nfipsec_flow wanted = p->flow;
	struct nfipsec_flow flow;
	struct nfipsec_l3 l3;
	struct sk_buff skb;
	bool got, ok;

	skb_make(&skb, p->b, len, offset, linear);
	got = nfipsec_l3_parse(&skb, p->l3.family, &l3);
	ok = EXPECT(got == want, "%u of %u bytes, payload at %u: %s", len,
		    p->len, p->l3.l4_off, got ? "accepted" : "refused");
	if (ok && got) {
		ok = EXPECT(l3_equal(&l3, &p->l3),
			    "proto %u frag %d nexthdr %u l4 %u esp %u at %u len %u, want %u %d %u %u %u at %u len %u",
			    l3.proto, l3.frag, l3.nexthdr_off, l3.l4_off,
			    l3.esp_off, l3.esp_nexthdr_off, l3.len,
			    p->l3.proto, p->l3.frag, p->l3.nexthdr_off,
			    p->l3.l4_off, p->l3.esp_off,
			    p->l3.esp_nexthdr_off, p->l3.len);
		/* A first fragment need not have it all. */
		if (p->l3.frag && len < p->l3.l4_off + field) {
			wanted.opaque = true;
			wanted.sport = 0;
			wanted.dport = 0;
		}
		want = p->l3.frag || len >= p->l3.l4_off + field;
		got = nfipsec_flow_parse(&skb, &l3, &flow);
		ok &= EXPECT(plain_agrees(&skb, p->l3.family, got, &l3, &flow),
			     "%u of %u bytes: not as a plain packet", len, p->len);
		ok &= EXPECT(got == want, "%u of %u bytes: flow %s", len,
			     p->len, got ? "accepted" : "refused");
		if (ok && got)
			ok = EXPECT(flow_equal(&flow, &wanted),
				    "proto %u opaque %d early %d ports %u %u dscp %u, want %u %d %d %u %u dscp %u",
				    flow.proto, flow.opaque, flow.early,
				    flow.sport, flow.dport, flow.dscp,
				    wanted.proto, wanted.opaque, wanted.early,
				    wanted.sport, wanted.dport, wanted.dscp);
	}
	skb_free(&skb);
	return ok;
}

static void made(void (*make)(struct packet *p), unsigned int packets)
{
	static const unsigned int offsets[] = { 0, 16, 20 };
	unsigned int i, len, offset, good = 0, frag = 0;
	static struct packet p;
	bool ok = true;

	random_bytes(&p);
	for (i = 0; i < packets && ok; i++) {
		make(&p);
		good += !p.bad;
		frag += p.l3.frag;
		offset = offsets[ktap_random_below(3)];
		/* Whole, in one piece, in two, none of it in the first. */
		ok = try_cut(&p, p.len, offset, PACKET_MAX) &&
		     try_cut(&p, p.len, offset, ktap_random_below(p.len)) &&
		     try_cut(&p, p.len, offset, 0);
		for (len = 0; len < p.len && ok; len++)
			ok = try_cut(&p, len, offset, ktap_random_below(2) ?
				     PACKET_MAX : ktap_random_below(p.len));
		EXPECT(ok, "packet %u", i);
	}
	EXPECT(good > packets / 2 && frag > packets / 10,
	       "bad sample: %u good, %u fragments of %u", good, frag, packets);
}

static void made_ipv4(void)
{
	made(make_ipv4, 2000);
}

static void made_ipv6(void)
{
	made(make_ipv6, 1500);
}

static bool parses_as(const u8 *b, unsigned int len, u8 family, bool gso,
		      bool gso_tcp, struct nfipsec_l3 *l3)
{
	struct sk_buff skb;
	bool ret;

	skb_make(&skb, b, len, 0, len);
	skb.gso = gso;
	skb.gso_tcp = gso_tcp;
	ret = nfipsec_l3_parse(&skb, family, l3);
	skb_free(&skb);
	return ret;
}

static bool parses(const u8 *b, unsigned int len, u8 family,
		   struct nfipsec_l3 *l3)
{
	return parses_as(b, len, family, false, false, l3);
}

static void malformed(void)
{
	static struct packet p;
	struct nfipsec_l3 l3;
	unsigned int v;

	make_ipv4(&p);
	for (v = 0; v < 256; v++) {
		p.b[0] = v;
		put16(p.b + 2, 0);
		EXPECT(parses(p.b, 60, AF_INET, &l3) ==
		       (v >> 4 == 4 && (v & 15) >= 5), "IPv4: first byte %#x",
		       v);
		EXPECT(parses(p.b, 60, AF_INET6, &l3) == (v >> 4 == 6),
		       "IPv6: first byte %#x", v);
		/* The next header of that is in the IPv4 source address. */
		p.b[6] = 59;
	}
	p.b[0] = 0x46;
	for (v = 0; v <= 60; v++) {
		put16(p.b + 2, v);
		EXPECT(parses(p.b, 60, AF_INET, &l3) == (!v || v >= 24),
		       "IPv4: header of 24 bytes in a packet of %u", v);
	}

	/* Who says 0: a jumbo payload, else there is none. */
	memset(p.b, 0, sizeof(p.b));
	p.b[0] = 0x60;
	p.b[6] = 59;
	EXPECT(parses(p.b, 48, AF_INET6, &l3) && l3.len == 40,
	       "IPv6: no payload is %u long", l3.len);
	p.b[6] = 0;
	p.b[40] = 59;
	EXPECT(parses(p.b, 48, AF_INET6, &l3) && l3.len == 0,
	       "IPv6: jumbo payload is %u long", l3.len);
	/* Or a super-packet of TCP, whatever is first in it. */
	for (v = 6; v <= 60; v += 54) {
		p.b[6] = v;
		p.b[40] = 6;
		EXPECT(parses_as(p.b, 60, AF_INET6, true, true, &l3) &&
		       l3.len == 0,
		       "IPv6: super-packet behind %u is %u long", v, l3.len);
	}
	p.b[6] = 59;
	EXPECT(parses_as(p.b, 60, AF_INET6, true, false, &l3) && l3.len == 40,
	       "IPv6: super-packet of none in it is %u long", l3.len);
	/* What is none any more may still say of what kind it was. */
	EXPECT(parses_as(p.b, 60, AF_INET6, false, true, &l3) && l3.len == 40,
	       "IPv6: what was a super-packet is %u long", l3.len);
	p.b[40] = 59;

	/* Options of 8 bytes, of which the payload length has room for v. */
	p.b[6] = 60;
	for (v = 1; v < 16; v++) {
		put16(p.b + 4, v);
		EXPECT(parses(p.b, 60, AF_INET6, &l3) == (v >= 8),
		       "IPv6: options of 8 bytes in a payload of %u", v);
	}
}

/* Bytes at random, drawn towards what has a meaning. */
static void random_packet(struct packet *p)
{
	static const u8 like[] = { 0, 43, 44, 60, 17, 6, 50, 51, 1, 0xff };
	unsigned int i;

	p->len = ktap_random_below(ktap_random_below(3) ? 120 : 1500);
	for (i = 0; i < p->len; i++)
		p->b[i] = ktap_random_below(3) ?
			  like[ktap_random_below(ARRAY_SIZE(like))] :
			  ktap_random();
	p->b[0] = ktap_random_below(8) ?
		  (ktap_random_below(2) ? 0x45 : 0x60) : ktap_random();
	/* Too seldom by chance: no fragment. */
	if (!ktap_random_below(4))
		put16(p->b + 6, ktap_random_below(4) << 14);
}

static bool sane(const struct packet *p, const struct nfipsec_l3 *l3)
{
	return l3->l4_off <= p->len && l3->nexthdr_off < l3->l4_off &&
	       p->b[l3->nexthdr_off] == l3->proto &&
	       l3->esp_off <= l3->l4_off &&
	       l3->esp_off >= (l3->family == AF_INET ? 20 : 40) &&
	       l3->esp_nexthdr_off < l3->esp_off &&
	       (l3->esp_off < l3->l4_off ||
		l3->esp_nexthdr_off == l3->nexthdr_off);
}

static void fuzz(void)
{
	unsigned int i, accepted = 0, plain = 0, rounds = 200000;
	struct nfipsec_flow flow[2];
	struct nfipsec_l3 l3[2];
	static struct packet p;
	struct sk_buff skb;
	bool got[2], ok;
	u8 family;
	int k;

	for (i = 0; i < rounds; i++) {
		random_packet(&p);
		family = p.b[0] >> 4 == 4 ? AF_INET : AF_INET6;
		for (k = 0; k < 2; k++) {
			skb_make(&skb, p.b, p.len, k * 16,
				 k ? ktap_random_below(p.len + 1) : p.len);
			got[k] = nfipsec_l3_parse(&skb, family, &l3[k]);
			ok = !got[k] || sane(&p, &l3[k]);
			got[k] = got[k] &&
				 nfipsec_flow_parse(&skb, &l3[k], &flow[k]);
			if (!EXPECT(plain_agrees(&skb, family, got[k], &l3[k],
						 &flow[k]),
				    "round %u: not as a plain packet", i))
				ok = false;
			plain += nfipsec_flow_plain(&skb, family, &(struct nfipsec_l3){},
						    &(struct nfipsec_flow){});
			skb_free(&skb);
			if (!EXPECT(ok, "round %u: offsets make no sense", i))
				return;
		}
		if (!EXPECT(got[0] == got[1] &&
			    (!got[0] || (l3_equal(&l3[0], &l3[1]) &&
					 flow_equal(&flow[0], &flow[1]))),
			    "round %u: depends on how the packet lies", i))
			return;
		accepted += got[0];
	}
	EXPECT(accepted > rounds / 20, "bad sample: %u of %u accepted",
	       accepted, rounds);
	EXPECT(plain > rounds / 100, "bad sample: %u of %u plain", plain,
	       rounds);
}

static bool is_plain(const u8 *b, unsigned int linear)
{
	struct nfipsec_flow flow;
	struct nfipsec_l3 l3;
	struct sk_buff skb;
	bool ret;

	skb_make(&skb, b, 40, 16, 16 + linear);
	ret = nfipsec_flow_plain(&skb, AF_INET, &l3, &flow);
	skb_free(&skb);
	return ret;
}

/* All of the packets that are to be read in one go, and none beside. */
static void plain(void)
{
	u8 b[40] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 17 };
	unsigned int v;

	for (v = 0; v < 256; v++) {
		b[9] = v;
		EXPECT(is_plain(b, 40) == (v == 6 || v == 17 || v == 50),
		       "protocol %u", v);
	}
	b[9] = 17;
	for (v = 0; v < 256; v++) {
		b[0] = v;
		EXPECT(is_plain(b, 40) == (v == 0x45), "first byte %#x", v);
	}
	b[0] = 0x45;
	for (v = 0; v < 16; v++) {
		put16(b + 6, 1U << v);
		EXPECT(is_plain(b, 40) == (v > 13), "bit %u of fragments", v);
	}
	put16(b + 6, 0);
	for (v = 0; v <= 40; v++) {
		put16(b + 2, v);
		EXPECT(is_plain(b, 40) == (v >= 24), "length %u", v);
	}
	for (v = 0; v <= 40; v++)
		EXPECT(is_plain(b, v) == (v >= 24), "%u bytes in one piece", v);
}

/* Of a UDP packet: its end as the IP header has it, payload, length it says. */
static enum nfipsec_natt natt_one(u8 family, const u8 *data, unsigned int len,
				  unsigned int says, unsigned int behind,
				  unsigned int cut, struct nfipsec_l3 *l3)
{
	unsigned int head = family == AF_INET ? 20 : 40;
	unsigned int total = head + 8 + len + behind;
	enum nfipsec_natt got = NFIPSEC_NATT_OTHER;
	unsigned int linear;
	struct sk_buff skb;
	u8 b[256] = { 0 };

	b[0] = family == AF_INET ? 0x45 : 0x60;
	put16(b + (family == AF_INET ? 2 : 4),
	      family == AF_INET ? total : total - head);
	b[family == AF_INET ? 9 : 6] = 17;
	put16(b + head + 4, says);
	memcpy(b + head + 8, data, len);
	for (linear = 0; linear <= total; linear++) {
		enum nfipsec_natt now;

		skb_make(&skb, b, total - cut, 16, linear);
		if (!nfipsec_l3_parse(&skb, family, l3)) {
			skb_free(&skb);
			return NFIPSEC_NATT_OTHER;
		}
		now = nfipsec_natt_parse(&skb, l3);
		skb_free(&skb);
		EXPECT(!linear || now == got, "depends on how the packet lies");
		got = now;
	}
	return got;
}

static void datagrams(void)
{
	static const struct {
		u8 data[8];
		unsigned int len;
		int says, behind, cut;
		enum nfipsec_natt want;
	} cases[] = {
		{ { 0xff }, 1, 0, 0, 0, NFIPSEC_NATT_KEEPALIVE },
		{ { 0xff }, 1, 0, 5, 0, NFIPSEC_NATT_KEEPALIVE },
		{ { 0xfe }, 1, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 0xff, 0xff }, 2, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 0xff }, 1, 0, 0, 1, NFIPSEC_NATT_OTHER },
		{ { 0 }, 0, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 1, 2, 3 }, 3, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 1, 2, 3 }, 3, 0, 1, 0, NFIPSEC_NATT_OTHER },
		{ { 0, 0, 0, 0 }, 4, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 0, 0, 0, 0, 1 }, 5, 0, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 0, 0, 0, 1 }, 4, 0, 0, 0, NFIPSEC_NATT_ESP },
		{ { 1, 0, 0, 0 }, 4, 0, 0, 0, NFIPSEC_NATT_ESP },
		{ { 0, 0, 1, 0, 0, 0, 0 }, 7, 0, 0, 0, NFIPSEC_NATT_ESP },
		{ { 0, 1, 0, 0, 0, 0, 0 }, 7, 0, 9, 0, NFIPSEC_NATT_ESP },
		/* the length is wrong, or not all is there */
		{ { 1, 1, 1, 1, 1 }, 5, 1, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 1, 1, 1, 1, 1 }, 5, -1, 0, 0, NFIPSEC_NATT_ESP },
		{ { 1, 1, 1, 1, 1 }, 5, -6, 0, 0, NFIPSEC_NATT_OTHER },
		{ { 1, 1, 1, 1 }, 4, 0, 0, 1, NFIPSEC_NATT_OTHER },
		{ { 1, 1, 1, 1 }, 4, 0, 0, 5, NFIPSEC_NATT_OTHER },
	};
	static const u8 families[] = { AF_INET, AF_INET6 };
	struct nfipsec_l3 l3;
	unsigned int i, f, says, head;
	int got;

	for (f = 0; f < ARRAY_SIZE(families); f++) {
		head = families[f] == AF_INET ? 20 : 40;
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			says = 8 + cases[i].len + cases[i].says;
			got = natt_one(families[f], cases[i].data,
				       cases[i].len, says, cases[i].behind,
				       cases[i].cut, &l3);
			EXPECT(got == cases[i].want, "case %u is %d", i, got);
			if (got == NFIPSEC_NATT_ESP)
				EXPECT(l3.len == head + says,
				       "case %u ends at %u", i, l3.len);
		}
	}
}

const struct ktap_case flow_cases[] = {
	{ "flow: IPv4 packets, whole and cut", made_ipv4 },
	{ "flow: IPv6 packets, whole and cut", made_ipv6 },
	{ "flow: malformed headers", malformed },
	{ "flow: UDP that may be ESP", datagrams },
	{ "flow: random bytes", fuzz },
	{ "flow: plain packets", plain },
	{ }
};
