// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several selectors that stand for one: the "selector sets" of an SPD entry
 * (RFC 4301 section 4.4.1.2). The order in which they are written means nothing.
 */
#include <linux/socket.h>

#include "selector.h"

/**
 * nfipsec_sets_match() - does a flow lie inside one of several selectors?
 * @sel: the selectors
 * @n: how many
 * @flow: what the packet shows
 * @hidden: written; one that the flow lies inside is there for what cannot be
 *	seen, see nfipsec_selector_is_opaque()
 *
 * If the flow surely lies inside one, what it does not show of others does not
 * matter.
 *
 * Context: any.
 * Return: see enum nfipsec_match.
 */
enum nfipsec_match nfipsec_sets_match(const struct nfipsec_selector *sel,
				      unsigned int n,
				      const struct nfipsec_flow *flow,
				      bool *hidden)
{
	enum nfipsec_match match, all = NFIPSEC_MATCH_NO;
	unsigned int i;

	*hidden = false;
	for (i = 0; i < n; i++) {
		match = nfipsec_selector_match(&sel[i], flow);
		if (match == NFIPSEC_MATCH_NO)
			continue;
		if (!flow->opaque)
			return match;
		if (match == NFIPSEC_MATCH_YES &&
		    nfipsec_selector_is_opaque(&sel[i]))
			*hidden = true;
		if (all != NFIPSEC_MATCH_YES)
			all = match;
	}
	return all;
}

/**
 * nfipsec_sets_which() - inside which of several selectors does a flow lie?
 * @sel: the selectors
 * @n: how many
 * @flow: what the packet shows
 *
 * Context: any.
 * Return: the number of the first, or @n if it surely lies inside none.
 */
unsigned int nfipsec_sets_which(const struct nfipsec_selector *sel,
				unsigned int n,
				const struct nfipsec_flow *flow)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (nfipsec_selector_match(&sel[i], flow) == NFIPSEC_MATCH_YES)
			break;
	}
	return i;
}

/**
 * nfipsec_sets_have() - is a selector one of several?
 * @sel: the selectors
 * @n: how many
 * @one: the selector
 *
 * Context: any.
 * Return: whether one of them is equal.
 */
bool nfipsec_sets_have(const struct nfipsec_selector *sel, unsigned int n,
		       const struct nfipsec_selector *one)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (nfipsec_selector_equal(&sel[i], one))
			return true;
	}
	return false;
}

/**
 * nfipsec_sets_equal() - are several selectors the same as several others?
 * @a: the ones, no two equal
 * @na: how many
 * @b: the others, no two equal
 * @nb: how many
 *
 * Context: any.
 * Return: whether there is an equal one for each of them.
 */
bool nfipsec_sets_equal(const struct nfipsec_selector *a, unsigned int na,
			const struct nfipsec_selector *b, unsigned int nb)
{
	unsigned int i;

	if (na != nb)
		return false;
	for (i = 0; i < na; i++) {
		if (!nfipsec_sets_have(b, nb, &a[i]))
			return false;
	}
	return true;
}

/**
 * nfipsec_sets_have_ports() - does one of several ask for ports or types?
 * @sel: the selectors
 * @n: how many
 *
 * Context: any.
 * Return: see nfipsec_selector_has_ports().
 */
bool nfipsec_sets_have_ports(const struct nfipsec_selector *sel, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (nfipsec_selector_has_ports(&sel[i]))
			return true;
	}
	return false;
}

/**
 * nfipsec_sets_have_mark() - does one of several ask for a mark?
 * @sel: the selectors
 * @n: how many
 *
 * Context: any.
 * Return: whether the mark matters to one of them.
 */
bool nfipsec_sets_have_mark(const struct nfipsec_selector *sel, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (sel[i].mask)
			return true;
	}
	return false;
}

/**
 * nfipsec_sets_have_link() - does one of several ask for where a packet came from?
 * @sel: the selectors
 * @n: how many
 *
 * Context: any.
 * Return: whether the interface or the VRF matters to one of them.
 */
bool nfipsec_sets_have_link(const struct nfipsec_selector *sel, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (sel[i].meta.iif || sel[i].meta.vrf)
			return true;
	}
	return false;
}

/**
 * nfipsec_sets_have_opaque() - is one of several for what cannot be seen?
 * @sel: the selectors
 * @n: how many
 *
 * Context: any.
 * Return: see nfipsec_selector_is_opaque().
 */
bool nfipsec_sets_have_opaque(const struct nfipsec_selector *sel,
			      unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (nfipsec_selector_is_opaque(&sel[i]))
			return true;
	}
	return false;
}

/**
 * nfipsec_sets_family() - the address family of several selectors
 * @sel: the selectors
 * @n: how many
 *
 * Context: any.
 * Return: AF_INET or AF_INET6, or AF_UNSPEC if there are some of each.
 */
u8 nfipsec_sets_family(const struct nfipsec_selector *sel, unsigned int n)
{
	unsigned int i;

	for (i = 1; i < n; i++) {
		if (sel[i].family != sel[0].family)
			return AF_UNSPEC;
	}
	return sel[0].family;
}
