// SPDX-License-Identifier: GPL-2.0
/* What the module and the kernel below it can do. */
#include "internal.h"

#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_FEATURES_##attr)

struct walk {
	struct nfipsec_features *f;
	nfipsec_algo_cb cb;
	void *arg;
};

static int algo_read(const struct nlattr *a, const struct walk *w)
{
	struct nfipsec_algo_info algo = {};
	int ret;

	ret = nfi_decode(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
			 &nfi_set_algo, &algo);
	return ret ? ret : w->cb(&algo, w->arg);
}

static int features_read(const struct nlmsghdr *nlh, void *arg)
{
	const struct walk *w = arg;
	const struct nlattr *a;
	size_t len;
	int left;
	int ret;

	a = nfi_attrs(nlh, &len);
	ret = nfi_decode(a, len, &nfi_set_features, w->f);
	for (left = len; !ret && w->cb && mnl_attr_ok(a, left);
	     a = mnl_attr_next(a)) {
		left -= NLA_ALIGN(a->nla_len);
		if (mnl_attr_get_type(a) == NFIPSEC_A_FEATURES_ALGO)
			ret = algo_read(a, w);
	}
	return ret;
}

/**
 * nfipsec_features_get() - read what the module can do
 * @h: handle
 * @load: load modules to find out what algorithms there are
 * @f: result, may be NULL
 * @cb: called for each algorithm, may be NULL
 * @arg: for @cb
 *
 * Return: 0, a negative errno, or what @cb returned if not 0
 */
int nfipsec_features_get(struct nfipsec *h, bool load,
			 struct nfipsec_features *f, nfipsec_algo_cb cb,
			 void *arg)
{
	struct nfipsec_features own = { .has = load ? HAS(LOAD) : 0 };
	struct nfipsec_features got = {};
	struct walk w = { .f = &got, .cb = cb, .arg = arg };
	int ret;

	ret = nfi_call(h, NFIPSEC_CMD_FEATURES_GET, &nfi_set_features, &own,
		       HAS(LOAD), features_read, &w);
	if (!ret && f)
		*f = got;
	return ret;
}
