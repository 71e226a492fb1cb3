// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that come to a classifier and go from it: a rule is cut into pieces, see
 * classify.c for why and how many.
 */
#include <asm/byteorder.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "classify.h"
#include "cover.h"
#include "tuple.h"
/* Pieces that the addresses of a rule make at most, and with its ports. */
#define ADDR_PIECES	8
#define PORT_PIECES	32

/* Fields that are ranges. */
enum {
	DST,
	SRC,
	DPORT,
	SPORT,
	FIELDS
};

/**
 * struct cut - a field of a rule as prefixes
 * @n: how many
 * @exact: they cover the field, and nothing more
 * @list: ports stand at the top of IPv4 addresses
 * @ports: room for such addresses, too much for the stack
 */
struct cut {
	unsigned int n;
	bool exact;
	struct nfipsec_prefix list[PORT_PIECES];
	union nfipsec_addr ports[NFIPSEC_RANGES_MAX][2];
};

/* @hull is around all of @list, and is the only range if there is no list. */
static void cut_addrs(struct cut *cut, const union nfipsec_addr hull[2],
		      const union nfipsec_addr list[][2], unsigned int n,
		      u8 family, unsigned int max)
{
	unsigned int i, got;

	cut->n = 0;
	cut->exact = true;
	for (i = 0; i < (n ?: 1); i++) {
		got = nfipsec_cover_range(n ? list[i] : hull, family,
					  &cut->list[cut->n], max - cut->n);
		if (!got)
			break;
		cut->n += got;
	}
	if (got)
		return;
	nfipsec_cover_hull(hull, family, cut->list);
	cut->n = 1;
	cut->exact = false;
}

static void port_addrs(union nfipsec_addr addr[2],
		       const struct nfipsec_range *range)
{
	memset(addr, 0, 2 * sizeof(*addr));
	addr[0].ip = cpu_to_be32((u32)range->min << 16);
	addr[1].ip = cpu_to_be32((u32)range->max << 16 | U16_MAX);
}

static void cut_ports(struct cut *cut, const struct nfipsec_range *hull,
		      const struct nfipsec_range *list, unsigned int n,
		      unsigned int max)
{
	union nfipsec_addr addr[2];
	unsigned int i;

	port_addrs(addr, hull);
	for (i = 0; i < n; i++)
		port_addrs(cut->ports[i], &list[i]);
	cut_addrs(cut, addr, cut->ports, n, AF_INET, max);
}

/* What is not one of the first fields gets what the others leave it. */
static void cut_rule(struct cut *cut, const struct nfipsec_selector *sel)
{
	static const struct nfipsec_selector_lists none;
	const struct nfipsec_selector_lists *l = sel->lists ?: &none;
	unsigned int n;

	cut_addrs(&cut[DST], sel->dst, l->dst, l->dsts, sel->family,
		  ADDR_PIECES);
	n = cut[DST].n;
	cut_addrs(&cut[SRC], sel->src, l->src, l->srcs, sel->family,
		  ADDR_PIECES / n);
	n *= cut[SRC].n;
	if (!nfipsec_selector_has_ports(sel))
		return;
	cut_ports(&cut[DPORT], &sel->dport, l->dport, l->dports,
		  PORT_PIECES / n);
	n *= cut[DPORT].n;
	cut_ports(&cut[SPORT], &sel->sport, l->sport, l->sports,
		  PORT_PIECES / n);
}

static u16 port_of(const struct nfipsec_prefix *prefix)
{
	return be32_to_cpu(prefix->addr.ip) >> 16;
}

/* Piece number @i of those that the first @fields make. */
static int add_piece(struct nfipsec_classifier *cls, struct nfipsec_rule *rule,
		     const struct nfipsec_shape *what, const struct cut *cut,
		     unsigned int fields, unsigned int i)
{
	static const struct nfipsec_prefix any;
	const struct nfipsec_prefix *p[FIELDS] = { &any, &any, &any, &any };
	struct nfipsec_flow low = { .family = what->family };
	struct nfipsec_shape shape = *what;
	struct nfipsec_key key;
	unsigned int f;
	bool exact = true;

	for (f = 0; f < fields; f++) {
		p[f] = &cut[f].list[i % cut[f].n];
		i /= cut[f].n;
		exact = exact && cut[f].exact;
	}
	low.saddr = p[SRC]->addr;
	low.daddr = p[DST]->addr;
	low.sport = port_of(p[SPORT]);
	low.dport = port_of(p[DPORT]);
	low.proto = rule->sel->proto;
	low.meta = rule->sel->meta;
	nfipsec_key_set(&key, &low);
	shape.src = p[SRC]->plen;
	shape.dst = p[DST]->plen;
	shape.sport = p[SPORT]->plen;
	shape.dport = p[DPORT]->plen;
	return nfipsec_piece_add(&cls->space, rule, &shape, &key, exact);
}

static u8 meta_bits(const struct nfipsec_meta *meta)
{
	return (meta->iif ? NFIPSEC_SHAPE_IIF : 0) |
	       (meta->oif ? NFIPSEC_SHAPE_OIF : 0) |
	       (meta->vrf ? NFIPSEC_SHAPE_VRF : 0);
}

/* All pieces of a kind, that go by the protocol, or not. */
static int add_kind(struct nfipsec_classifier *cls, struct nfipsec_rule *rule,
		    const struct cut *cut, u8 kind, bool proto)
{
	struct nfipsec_shape shape = {
		.kind = kind,
		.family = rule->sel->family,
		.proto = proto ? 8 : 0,
		.meta = meta_bits(&rule->sel->meta),
		.mark = rule->sel->mask,
	};
	unsigned int fields = kind == NFIPSEC_KIND_PORTS ? FIELDS : DPORT;
	unsigned int f, i, n = 1;
	int err = 0;

	for (f = 0; f < fields; f++)
		n *= cut[f].n;
	for (i = 0; !err && i < n; i++)
		err = add_piece(cls, rule, &shape, cut, fields, i);
	return err;
}

static bool is_noproto(const struct nfipsec_selector *sel)
{
	return sel->family == AF_INET6 && sel->proto == NFIPSEC_PROTO_OPAQUE;
}

static int add_pieces(struct nfipsec_classifier *cls, struct nfipsec_rule *rule,
		      const struct cut *cut)
{
	const struct nfipsec_selector *sel = rule->sel;
	int err;

	if (is_noproto(sel))
		return add_kind(cls, rule, cut, NFIPSEC_KIND_NOPROTO, false);
	if (nfipsec_selector_is_opaque(sel)) {
		err = add_kind(cls, rule, cut, NFIPSEC_KIND_OPAQUE, sel->proto);
	} else if (nfipsec_selector_has_ports(sel)) {
		err = add_kind(cls, rule, cut, NFIPSEC_KIND_PORTS, sel->proto);
		if (!err)
			err = add_kind(cls, rule, cut, NFIPSEC_KIND_MAY,
				       sel->proto);
	} else {
		err = add_kind(cls, rule, cut, NFIPSEC_KIND_PLAIN, sel->proto);
	}
	if (!err && sel->family == AF_INET6 && sel->proto)
		err = add_kind(cls, rule, cut, NFIPSEC_KIND_HIDDEN, false);
	return err;
}

/**
 * nfipsec_rule_add() - add a rule to the next state
 * @cls: where
 * @rule: not in a classifier; from now on until it is out, its selector,
 *	priority and age must not change
 *
 * Packets meet it in the next state. Until then it can be taken out again by
 * nfipsec_rule_del().
 *
 * Context: process context as the writer, sleeps.
 * Return: 0, or -ENOMEM: then the rule is not in. Readers may still be at it:
 * it must be freed as if it had been.
 */
int nfipsec_rule_add(struct nfipsec_classifier *cls, struct nfipsec_rule *rule)
{
	struct cut *cut;
	int err;

	cut = kmalloc_array(FIELDS, sizeof(*cut), GFP_KERNEL);
	if (!cut)
		return -ENOMEM;
	rule->born = atomic64_read(cls->state) + 1;
	atomic64_set(&rule->died, S64_MAX);
	rule->pieces = NULL;
	cut_rule(cut, rule->sel);
	err = add_pieces(cls, rule, cut);
	kfree(cut);
	if (err)
		nfipsec_rule_del(cls, rule);
	return err;
}

/**
 * nfipsec_rule_retire() - leave a rule out of the next state
 * @cls: where it is
 * @rule: the rule
 *
 * Packets meet it until the next state; then nfipsec_rule_del() takes it out.
 * Until then nfipsec_rule_keep() is the way back.
 *
 * Context: as the writer.
 */
void nfipsec_rule_retire(struct nfipsec_classifier *cls,
			 struct nfipsec_rule *rule)
{
	atomic64_set(&rule->died, atomic64_read(cls->state) + 1);
}

/**
 * nfipsec_rule_keep() - not leave a rule out of the next state after all
 * @rule: given to nfipsec_rule_retire(), and there was no next state since
 *
 * Context: as the writer.
 */
void nfipsec_rule_keep(struct nfipsec_rule *rule)
{
	atomic64_set(&rule->died, S64_MAX);
}

/**
 * nfipsec_rule_del() - take a rule out
 * @cls: where it is
 * @rule: packets may still be at it until a grace period has passed
 *
 * For packets a rule goes with the state that it was retired from. Who looks
 * meanwhile in the state before may miss it, and asks again.
 *
 * Context: process context as the writer, sleeps.
 */
void nfipsec_rule_del(struct nfipsec_classifier *cls, struct nfipsec_rule *rule)
{
	struct nfipsec_piece *piece;

	while (rule->pieces) {
		piece = rule->pieces;
		rule->pieces = piece->sibling;
		nfipsec_piece_del(&cls->space, piece);
	}
}
