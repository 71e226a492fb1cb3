// SPDX-License-Identifier: GPL-2.0
/* What routers say of a path, and what hosts quote of packets. */
#include <stdlib.h>
#include <string.h>

#include <linux/in.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>

#include "flow.h"
#include "icmp.h"
#include "ktap.h"
#include "path.h"

#define NOW	1000000000ULL

static void learned(void)
{
	static const struct {
		u32 old, mtu;
		bool ipv4;
		u32 want;
	} cases[] = {
		{ 0, 1400, true, 1400 },
		{ 0, 1400, false, 1400 },
		{ 0, 0, true, 576 },
		{ 0, 68, true, 576 },
		{ 0, 575, true, 576 },
		{ 0, 576, true, 576 },
		{ 0, 0, false, 0 },
		{ 0, 1279, false, 0 },
		{ 0, 1280, false, 1280 },
		{ 1400, 1279, false, 1400 },
		{ 0, 65535, true, 65535 },
		{ 0, 65536, true, 65535 },
		{ 0, 0xffffffff, false, 65535 },
		{ 1400, 1300, true, 1300 },
		{ 1400, 1400, true, 1400 },
		{ 1400, 1401, true, 1400 },
		{ 1400, 65536, true, 1400 },
		{ 576, 100, true, 576 },
	};
	unsigned int i;
	u64 path;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		path = 0;
		if (cases[i].old)
			path = nfipsec_path_learn(0, cases[i].old, true, NOW,
						  600);
		path = nfipsec_path_learn(path, cases[i].mtu, cases[i].ipv4,
					  NOW, 600);
		EXPECT(nfipsec_path_mtu(path, NOW) == cases[i].want,
		       "%u, then %u: %u", cases[i].old, cases[i].mtu,
		       nfipsec_path_mtu(path, NOW));
	}
	EXPECT(!nfipsec_path_mtu(0, 0) && !nfipsec_path_mtu(0, NOW),
	       "known from nothing");
}

static void aged(void)
{
	u64 path = nfipsec_path_learn(0, 1400, true, NOW, 60);

	EXPECT(nfipsec_path_mtu(path, NOW + 59) == 1400, "forgotten early");
	EXPECT(!nfipsec_path_mtu(path, NOW + 60), "not forgotten");
	/* refused while it is known, and its time does not change */
	path = nfipsec_path_learn(path, 1450, true, NOW + 50, 60);
	EXPECT(!nfipsec_path_mtu(path, NOW + 60), "kept by a refused one");
	path = nfipsec_path_learn(path, 1450, true, NOW + 60, 60);
	EXPECT(nfipsec_path_mtu(path, NOW + 60) == 1450, "not learned anew");
	EXPECT(!nfipsec_path_learn(0, 1400, true, NOW, 0), "age 0 learns");
	path = nfipsec_path_learn(0, 1400, true, NOW, 0xffffffff);
	EXPECT(nfipsec_path_mtu(path, NOW + 0xfffffffe) == 1400,
	       "the longest age");
}

static void quoted_number(void)
{
	static const struct {
		u64 sent;
		u32 seq;
		bool want;
	} cases[] = {
		{ 0, 0, false }, { 0, 1, false }, { 0, 0xffffffff, false },
		{ 1, 1, true }, { 1, 0, false }, { 1, 2, false },
		{ 100, 100, true }, { 100, 1, true }, { 100, 0, false },
		{ 100, 101, false }, { 100, 0xfffffff0, false },
		{ 1 << 20, 1, true }, { 1 << 20, 0, false },
		{ (1 << 20) + 5, 6, true }, { (1 << 20) + 5, 5, false },
		{ 0x100000002ULL, 2, true }, { 0x100000002ULL, 3, false },
		{ 0x100000002ULL, 0xfffffffe, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(nfipsec_path_quotes(cases[i].sent, cases[i].seq) ==
		       cases[i].want, "%u of %llu", cases[i].seq,
		       cases[i].sent);
}

/* UDP from 10.0.0.1 port 0x1234 to 10.0.0.2 port 0x5678, then an error. */
static const u8 error4[] = {
	0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 9, 9, 9, 9, 10, 0, 0, 1,
	3, 1, 0, 0, 0, 0, 0, 0,
	0x45, 0, 5, 0xdc, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
	0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0,
};

static const u8 error6[] = {
	0x60, 0, 0, 0, 0, 56, 58, 64,
	9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	2, 0, 0, 0, 0, 0, 5, 0,
	0x60, 0, 0, 0, 5, 0, 17, 64,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	0x12, 0x34, 0x56, 0x78, 0, 0, 0, 0,
};

static bool quote(const u8 *b, unsigned int len, unsigned int linear,
		  u8 family, struct nfipsec_flow *flow)
{
	struct sk_buff skb = { .len = len };
	struct nfipsec_l3 l3;
	bool ret;

	skb.linear = linear < len ? linear : len;
	skb.data = malloc(skb.linear ?: 1);
	skb.rest = malloc(len - skb.linear ?: 1);
	memcpy(skb.data, b, skb.linear);
	memcpy(skb.rest, b + skb.linear, len - skb.linear);
	ret = nfipsec_l3_parse(&skb, family, &l3) &&
	      nfipsec_icmp_quote(&skb, &l3, flow);
	free(skb.data);
	free(skb.rest);
	return ret;
}

static void check_error(const u8 *b, unsigned int size, u8 family,
			unsigned int ports)
{
	unsigned int alen = family == AF_INET ? 4 : 16;
	unsigned int src = ports - 2 * alen;
	struct nfipsec_flow flow;
	unsigned int len;
	bool ok;

	for (len = 0; len <= size; len++) {
		ok = quote(b, len, ktap_random_below(size + 1), family, &flow);
		EXPECT(ok == (len >= ports + 4), "cut to %u bytes", len);
		if (!ok)
			continue;
		EXPECT(flow.family == family && flow.proto == 17 &&
		       !flow.opaque, "family or protocol");
		EXPECT(flow.sport == 0x5678 && flow.dport == 0x1234,
		       "ports %x and %x", flow.sport, flow.dport);
		EXPECT(!memcmp(&flow.daddr, b + src, alen) &&
		       !memcmp(&flow.saddr, b + src + alen, alen),
		       "addresses");
	}
}

static void quotes(void)
{
	check_error(error4, sizeof(error4), AF_INET, 48);
	check_error(error6, sizeof(error6), AF_INET6, 88);
}

static void types(void)
{
	struct nfipsec_flow flow;
	u8 p4[sizeof(error4)], p6[sizeof(error6)];
	unsigned int type;
	bool want;

	memcpy(p4, error4, sizeof(p4));
	memcpy(p6, error6, sizeof(p6));
	for (type = 0; type < 256; type++) {
		p4[20] = type;
		p6[40] = type;
		want = type == 3 || type == 4 || type == 5 || type == 11 ||
		       type == 12;
		EXPECT(quote(p4, sizeof(p4), 99, AF_INET, &flow) == want,
		       "ICMP type %u", type);
		EXPECT(quote(p6, sizeof(p6), 99, AF_INET6, &flow) ==
		       (type < 128), "ICMPv6 type %u", type);
	}
	p4[20] = 3;
	p4[9] = 17;
	EXPECT(!quote(p4, sizeof(p4), 99, AF_INET, &flow), "UDP is no error");
	p4[9] = 58;
	EXPECT(!quote(p4, sizeof(p4), 99, AF_INET, &flow), "ICMPv6 in IPv4");
	p4[9] = 1;
	p4[6] = 0x20;
	EXPECT(!quote(p4, sizeof(p4), 99, AF_INET, &flow), "a fragment");
	p4[6] = 0;
	p4[28] = 0x65;
	EXPECT(!quote(p4, sizeof(p4), 99, AF_INET, &flow), "IPv6 quoted");
	p4[28] = 0x45;
	p4[35] = 1;
	EXPECT(quote(p4, sizeof(p4), 99, AF_INET, &flow) && flow.opaque,
	       "a quoted fragment shows no ports");
}

const struct ktap_case path_cases[] = {
	{ "path: learned, never more, within bounds", learned },
	{ "path: forgotten in time", aged },
	{ "path: numbers that can be quoted", quoted_number },
	{ "icmp: quoted flows, at every cut", quotes },
	{ "icmp: which types are errors", types },
	{ }
};
