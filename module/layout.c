// SPDX-License-Identifier: GPL-2.0-only
/* See layout.h. The sizes are those that packets are made with. */
#include "beet.h"
#include "encap.h"
#include "esp.h"
#include "flow.h"
#include "layout.h"
#include "tfc.h"
#include "udp.h"

static void front(struct nfipsec_layout *l, u8 kind, u32 len)
{
	if (len)
		l->part[--l->first] = (struct nfipsec_part){ kind, len };
}

static void back(struct nfipsec_layout *l, u8 kind, u32 len)
{
	if (len)
		l->part[l->last++] = (struct nfipsec_part){ kind, len };
}

static void front_ip(struct nfipsec_layout *l)
{
	front(l, l->family == AF_INET ? NFIPSEC_PART_KIND_IPV4 :
					NFIPSEC_PART_KIND_IPV6, l->ip);
}

/**
 * nfipsec_layout_begin() - a packet that no SA has carried yet
 * @l: written whole
 * @l3: its layout
 * @len: its length
 *
 * Context: any.
 */
void nfipsec_layout_begin(struct nfipsec_layout *l,
			  const struct nfipsec_l3 *l3, u32 len)
{
	memset(l, 0, sizeof(*l));
	l->first = NFIPSEC_LAYOUT_FRONT;
	l->last = NFIPSEC_LAYOUT_FRONT;
	l->family = l3->family;
	l->proto = l3->proto;
	l->ip = l3->esp_off;
	l->len = len;
	back(l, NFIPSEC_PART_KIND_PAYLOAD, len - l->ip);
}

/* Exchanges the IP header as the mode has it; returns the payload's length. */
static u32 rehouse(struct nfipsec_layout *l, const struct nfipsec_sa *sa,
		   const struct nfipsec_l3 *l3)
{
	u32 payload = l->len - l->ip;

	if (sa->mode == NFIPSEC_MODE_TUNNEL) {
		payload = l->len;
		front_ip(l);
		l->proto = l->family == AF_INET ? IPPROTO_IPIP : IPPROTO_IPV6;
	} else if (sa->mode == NFIPSEC_MODE_BEET) {
		payload = l->len - nfipsec_beet_shed(l3);
	}
	if (nfipsec_sa_rehouses(sa)) {
		l->ip = nfipsec_encap_overhead(sa, l3);
		l->family = sa->key.family;
	}
	return payload;
}

static u32 add_esp(struct nfipsec_layout *l, const struct nfipsec_sa *sa,
		   u32 payload, unsigned int spare)
{
	u32 extra = nfipsec_tfc_extra(sa, payload, l->proto, spare);
	u32 text = nfipsec_esp_text_len(sa->crypto, payload + extra);
	u32 hlen = nfipsec_esp_hlen(sa->crypto);

	back(l, NFIPSEC_PART_KIND_TFC, extra);
	back(l, NFIPSEC_PART_KIND_PAD,
	     text - payload - extra - NFIPSEC_ESP_TAIL);
	back(l, NFIPSEC_PART_KIND_TRAILER, NFIPSEC_ESP_TAIL);
	back(l, NFIPSEC_PART_KIND_ICV, sa->crypto->icv_len);
	front(l, NFIPSEC_PART_KIND_IV, hlen - sizeof(struct nfipsec_esp_hdr));
	front(l, NFIPSEC_PART_KIND_ESP, sizeof(struct nfipsec_esp_hdr));
	front(l, NFIPSEC_PART_KIND_UDP, nfipsec_udp_hlen(sa));
	return text + sa->crypto->icv_len;
}

/**
 * nfipsec_layout_add() - an SA carries it
 * @l: what it is until now
 * @sa: mature SA, each at most once
 * @l3: layout of the packet in the beginning
 * @spare: bytes that may be added to its payload, see nfipsec_tfc_pad()
 *
 * IPComp is taken for one that makes nothing smaller, as the path MTU does.
 * Context: any.
 */
void nfipsec_layout_add(struct nfipsec_layout *l, const struct nfipsec_sa *sa,
			const struct nfipsec_l3 *l3, unsigned int spare)
{
	u32 gap = nfipsec_encap_gap(sa);
	u32 text = rehouse(l, sa, l3);

	if (sa->key.proto == IPPROTO_ESP)
		text = add_esp(l, sa, text, spare);
	else if (sa->key.proto == IPPROTO_AH)
		front(l, NFIPSEC_PART_KIND_AH, gap);
	else
		l->at_most = true;
	if (sa->key.proto != IPPROTO_COMP)
		l->proto = sa->encap.type ? IPPROTO_UDP : sa->key.proto;
	l->len = l->ip + gap + text;
}

/**
 * nfipsec_layout_end() - no more SAs
 * @l: gets its outermost header
 *
 * Context: any.
 */
void nfipsec_layout_end(struct nfipsec_layout *l)
{
	front_ip(l);
}
