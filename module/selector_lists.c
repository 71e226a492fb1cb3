// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fields of a selector that are several ranges: from how somebody writes them
 * down to the one form in which they are kept.
 */
#include <asm/byteorder.h>
#include <linux/limits.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "selector.h"

/* Is there nothing between the end of one range and the start of another? */
static bool addr_follows(const union nfipsec_addr *end,
			 const union nfipsec_addr *start, u8 family)
{
	unsigned int i = family == AF_INET ? 1 : 4;
	union nfipsec_addr next = *end;

	while (i-- > 0) {
		next.all[i] = cpu_to_be32(be32_to_cpu(next.all[i]) + 1);
		if (next.all[i])
			break;
	}
	return !nfipsec_addr_cmp(&next, start, family);
}

/* By their lowest address: there are few. */
static void sort_addrs(union nfipsec_addr list[][2], unsigned int n, u8 family)
{
	union nfipsec_addr range[2];
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		memcpy(range, list[i], sizeof(range));
		for (j = i; j && nfipsec_addr_cmp(&list[j - 1][0], &range[0],
						  family) > 0; j--)
			memcpy(list[j], list[j - 1], sizeof(range));
		memcpy(list[j], range, sizeof(range));
	}
}

/* Returns how many are left. */
static unsigned int merge_addrs(union nfipsec_addr list[][2], unsigned int n,
				u8 family)
{
	union nfipsec_addr *last = list[0];
	unsigned int i, left = 1;

	sort_addrs(list, n, family);
	for (i = 1; i < n; i++) {
		if (nfipsec_addr_cmp(&list[i][0], &last[1], family) > 0 &&
		    !addr_follows(&last[1], &list[i][0], family)) {
			last = list[left++];
			memmove(last, list[i], sizeof(list[i]));
		} else if (nfipsec_addr_cmp(&list[i][1], &last[1], family) > 0) {
			last[1] = list[i][1];
		}
	}
	return left;
}

static const char *settle_addrs(union nfipsec_addr hull[2],
				union nfipsec_addr list[][2], u8 *count,
				u8 family)
{
	unsigned int i, n = *count;

	for (i = 0; i < n; i++) {
		if (nfipsec_addr_cmp(&list[i][0], &list[i][1], family) > 0)
			return "selector: range of addresses ends before it starts";
		if (n > 1 && !nfipsec_selector_plen(list[i], family))
			return "selector: any address is no range of a list, it stands alone";
	}
	if (n) {
		n = merge_addrs(list, n, family);
		hull[0] = list[0][0];
		hull[1] = list[n - 1][1];
	}
	if (n == 1)
		n = 0;
	memset(list[n], 0, (NFIPSEC_RANGES_MAX - n) * sizeof(list[0]));
	*count = n;
	return NULL;
}

static void sort_ports(struct nfipsec_range *list, unsigned int n)
{
	struct nfipsec_range range;
	unsigned int i, j;

	for (i = 1; i < n; i++) {
		range = list[i];
		for (j = i; j && list[j - 1].min > range.min; j--)
			list[j] = list[j - 1];
		list[j] = range;
	}
}

static unsigned int merge_ports(struct nfipsec_range *list, unsigned int n)
{
	struct nfipsec_range *last = list;
	unsigned int i, left = 1;

	sort_ports(list, n);
	for (i = 1; i < n; i++) {
		if (list[i].min > last->max + 1) {
			last = &list[left++];
			*last = list[i];
		} else if (list[i].max > last->max) {
			last->max = list[i].max;
		}
	}
	return left;
}

static const char *settle_ports(struct nfipsec_range *hull,
				struct nfipsec_range *list, u8 *count)
{
	unsigned int i, n = *count;

	for (i = 0; n > 1 && i < n; i++) {
		if (nfipsec_range_is_any(&list[i]) || nfipsec_range_is_opaque(&list[i]))
			return "selector: any and opaque are no ranges of a list, they stand alone";
		if (list[i].min > list[i].max)
			return "selector: range of ports or types ends before it starts";
	}
	if (n) {
		n = merge_ports(list, n);
		hull->min = list[0].min;
		hull->max = list[n - 1].max;
	}
	if (n == 1)
		n = 0;
	memset(&list[n], 0, (NFIPSEC_RANGES_MAX - n) * sizeof(*list));
	*count = n;
	return NULL;
}

/**
 * nfipsec_selector_settle() - give a selector its ranges
 * @sel: that of its family that all match, by nfipsec_selector_any()
 * @lists: ranges in any order, none if a field may be anything; IPv4 addresses
 *	have nothing behind them. Brought into the form that it has in a selector.
 *
 * On success @sel points to @lists if there is a field of several ranges.
 *
 * Context: any.
 * Return: NULL, or a constant sentence for people that says what is wrong with
 * the lists. nfipsec_selector_check() looks at the rest.
 */
const char *nfipsec_selector_settle(struct nfipsec_selector *sel,
				    struct nfipsec_selector_lists *lists)
{
	const char *sentence;

	sentence = settle_addrs(sel->src, lists->src, &lists->srcs,
				sel->family);
	if (!sentence)
		sentence = settle_addrs(sel->dst, lists->dst, &lists->dsts,
					sel->family);
	if (!sentence)
		sentence = settle_ports(&sel->sport, lists->sport,
					&lists->sports);
	if (!sentence)
		sentence = settle_ports(&sel->dport, lists->dport,
					&lists->dports);
	if (sentence)
		return sentence;
	if (lists->srcs || lists->dsts || lists->sports || lists->dports)
		sel->lists = lists;
	return NULL;
}

/**
 * nfipsec_selector_copy() - copy a selector with its lists
 * @to: written whole
 * @from: the selector
 * @room: for its lists, if it has some; as long as @to is used
 *
 * Context: any.
 */
void nfipsec_selector_copy(struct nfipsec_selector *to,
			   const struct nfipsec_selector *from,
			   struct nfipsec_selector_lists *room)
{
	*to = *from;
	if (!from->lists)
		return;
	*room = *from->lists;
	to->lists = room;
}
