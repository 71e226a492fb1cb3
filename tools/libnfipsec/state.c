// SPDX-License-Identifier: GPL-2.0
/* Calls about default actions and counters. */
#include <string.h>

#include "internal.h"

static int default_read(const struct nlmsghdr *nlh, void *arg)
{
	const void *attrs;
	size_t len;

	memset(arg, 0, sizeof(struct nfipsec_default));
	attrs = nfi_attrs(nlh, &len);
	return nfi_decode(attrs, len, &nfi_set_default, arg);
}

/**
 * nfipsec_default_get() - read the default actions
 * @h: handle
 * @def: result
 *
 * Return: 0 or a negative errno
 */
int nfipsec_default_get(struct nfipsec *h, struct nfipsec_default *def)
{
	return nfi_call(h, NFIPSEC_CMD_DEFAULT_GET, NULL, NULL, 0,
			default_read, def);
}

/**
 * nfipsec_default_set() - change default actions
 * @h: handle
 * @def: in, out, weak and audit, at least one of them
 *
 * Return: 0 or a negative errno; all change or none
 */
int nfipsec_default_set(struct nfipsec *h, const struct nfipsec_default *def)
{
	return nfi_call(h, NFIPSEC_CMD_DEFAULT_SET, &nfi_set_default, def,
			UINT64_MAX, NULL, NULL);
}

struct stats_walk {
	struct nfipsec_stats *stats;
	nfipsec_counter_cb cb;
	void *arg;
};

static int counter_read(const struct nlattr *a, const struct stats_walk *w)
{
	struct nfipsec_counter c = {};
	int ret;

	ret = nfi_decode(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
			 &nfi_set_counter, &c);
	return ret ? ret : w->cb(&c, w->arg);
}

static int stats_read(const struct nlmsghdr *nlh, void *arg)
{
	const struct stats_walk *w = arg;
	const struct nlattr *a;
	size_t len;
	int left;
	int ret;

	a = nfi_attrs(nlh, &len);
	ret = nfi_decode(a, len, &nfi_set_stats, w->stats);
	for (left = len; !ret && w->cb && mnl_attr_ok(a, left);
	     a = mnl_attr_next(a)) {
		left -= NLA_ALIGN(a->nla_len);
		if (mnl_attr_get_type(a) == NFIPSEC_A_STATS_COUNTER)
			ret = counter_read(a, w);
	}
	return ret;
}

/**
 * nfipsec_stats_get() - read the counters of the namespace
 * @h: handle
 * @stats: result, sizes of the tables; may be NULL
 * @cb: called for each counter, may be NULL
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfipsec_stats_get(struct nfipsec *h, struct nfipsec_stats *stats,
		      nfipsec_counter_cb cb, void *arg)
{
	struct nfipsec_stats own = {};
	struct stats_walk w = { .stats = &own, .cb = cb, .arg = arg };
	int ret;

	ret = nfi_call(h, NFIPSEC_CMD_STATS_GET, NULL, NULL, 0, stats_read,
		       &w);
	if (!ret && stats)
		*stats = own;
	return ret;
}
