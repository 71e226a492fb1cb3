// SPDX-License-Identifier: GPL-2.0
/* What would become of a packet. */
#include <string.h>

#include "internal.h"

#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_EXPLAIN_##attr)
#define REQUEST		(HAS(DIR) | HAS(SRC) | HAS(DST) | HAS(PROTO) |	\
			 HAS(SPORT) | HAS(DPORT) | HAS(TYPE) | HAS(CODE) | \
			 HAS(FRAGMENT) | HAS(DONT_FRAGMENT) | HAS(LEN) |	\
			 HAS(DSCP) | HAS(MARK) | HAS(IIF) | HAS(OIF))

/* One more, if there is room: a newer kernel may tell of more. */
static int add(const struct nlattr *a, const struct nfi_set *set, void *list,
	       size_t size, uint32_t *n, uint32_t max)
{
	if (*n == max)
		return 0;
	return nfi_decode(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a),
			  set, (char *)list + size * (*n)++);
}

static int many(const struct nlattr *a, struct nfipsec_explain *ex)
{
	switch (mnl_attr_get_type(a)) {
	case NFIPSEC_A_EXPLAIN_STEP:
		return add(a, &nfi_set_explain_step, ex->step,
			   sizeof(ex->step[0]), &ex->steps, NFIPSEC_TMPLS_MAX);
	case NFIPSEC_A_EXPLAIN_PART:
		return add(a, &nfi_set_explain_part, ex->part,
			   sizeof(ex->part[0]), &ex->parts, NFIPSEC_PARTS_MAX);
	case NFIPSEC_A_EXPLAIN_CANDIDATE:
		return add(a, &nfi_set_explain_candidate, ex->candidate,
			   sizeof(ex->candidate[0]), &ex->candidates,
			   NFIPSEC_CANDIDATES_MAX);
	default:
		return 0;
	}
}

static int explain_read(const struct nlmsghdr *nlh, void *arg)
{
	struct nfipsec_explain *ex = arg;
	const struct nlattr *a;
	size_t len;
	int left;
	int ret;

	memset(ex, 0, sizeof(*ex));
	a = nfi_attrs(nlh, &len);
	ret = nfi_decode(a, len, &nfi_set_explain, ex);
	for (left = len; !ret && mnl_attr_ok(a, left); a = mnl_attr_next(a)) {
		left -= NLA_ALIGN(a->nla_len);
		ret = many(a, ex);
	}
	return ret;
}

/**
 * nfipsec_policy_explain() - ask what would become of a packet
 * @h: handle
 * @packet: dir, src and dst at least; what is for answers is not looked at
 * @ex: result
 *
 * Return: 0 or a negative errno
 */
int nfipsec_policy_explain(struct nfipsec *h,
			   const struct nfipsec_explain *packet,
			   struct nfipsec_explain *ex)
{
	return nfi_call(h, NFIPSEC_CMD_POLICY_EXPLAIN, &nfi_set_explain, packet,
			REQUEST, explain_read, ex);
}
