/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading packets: where the next layer starts, and the flow a packet belongs
 * to. Every read is bounds-checked; nothing is written or pulled.
 */
#ifndef NFIPSEC_FLOW_H
#define NFIPSEC_FLOW_H

#include <linux/types.h>

#include "selector.h"

struct sk_buff;

/**
 * struct nfipsec_l3 - layout of an IP packet
 * @family: AF_INET or AF_INET6
 * @proto: next layer protocol behind all extension headers
 * @frag: a fragment, also the first; for IPv6 not an atomic one (RFC 6946)
 * @later: a fragment, and not the first
 * @nexthdr_off: where the byte is that says @proto, from the network header
 * @l4_off: where the next layer starts, from the network header
 * @esp_off: where ESP or AH goes in transport mode, from the network header: behind
 *	IPv4 options, or behind the IPv6 headers that routers read (RFC 4303
 *	section 3.1.1)
 * @esp_nexthdr_off: where the byte is that says what starts at @esp_off
 * @len: length the header claims, headers included; 0 if it does not say, as
 *	super-packets above 64 kB do
 */
struct nfipsec_l3 {
	u8 family;
	u8 proto;
	bool frag;
	bool later;
	u16 nexthdr_off;
	u16 l4_off;
	u16 esp_off;
	u16 esp_nexthdr_off;
	u32 len;
};

/**
 * enum nfipsec_natt - what a UDP datagram to a port of an SA is
 * @NFIPSEC_NATT_OTHER: for the stack, an IKE message for instance
 * @NFIPSEC_NATT_ESP: ESP with some SPI
 * @NFIPSEC_NATT_KEEPALIVE: keeps a mapping alive and says nothing
 */
enum nfipsec_natt {
	NFIPSEC_NATT_OTHER,
	NFIPSEC_NATT_ESP,
	NFIPSEC_NATT_KEEPALIVE,
};

bool nfipsec_l3_parse(const struct sk_buff *skb, u8 family,
		      struct nfipsec_l3 *l3);
bool nfipsec_l3_hides_fragment(const struct sk_buff *skb,
			       const struct nfipsec_l3 *l3);
bool nfipsec_flow_parse(const struct sk_buff *skb, const struct nfipsec_l3 *l3,
			struct nfipsec_flow *flow);
bool nfipsec_flow_plain(const struct sk_buff *skb, u8 family,
			struct nfipsec_l3 *l3, struct nfipsec_flow *flow);
bool nfipsec_l3_parse_at(const struct sk_buff *skb, int nhoff, u8 family,
			 struct nfipsec_l3 *l3);
bool nfipsec_flow_parse_at(const struct sk_buff *skb, int nhoff,
			   const struct nfipsec_l3 *l3,
			   struct nfipsec_flow *flow);
enum nfipsec_natt nfipsec_natt_parse(const struct sk_buff *skb,
				     struct nfipsec_l3 *l3);

#endif
