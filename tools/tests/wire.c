// SPDX-License-Identifier: GPL-2.0
/* Messages: bytes as the kernel gets them, malformed answers, refusals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/genetlink.h>

#include "../libnfipsec/error.h"
#include "check.h"

#define HAS(attr)	NFIPSEC_HAS(NFIPSEC_A_SA_##attr)

static void golden(void)
{
	/* len, type, payload, each number as this host has it */
	static const struct {
		uint16_t len, type;
		uint8_t data[8];
	} want[] = {
		{ 8, NFIPSEC_A_SA_DST, { 192, 0, 2, 1 } },
		{ 5, NFIPSEC_A_SA_PROTO, { 50 } },
		{ 8, NFIPSEC_A_SA_SPI, { 0x01, 0x02, 0x03, 0x04 } },
	};
	const struct nfipsec_sa sa = {
		.has = HAS(DST) | HAS(PROTO) | HAS(SPI) | HAS(REQID),
		.dst = { 2, { 192, 0, 2, 1 } },
		.proto = 50,
		.spi = 0x01020304,
		.reqid = 9,
	};
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const struct nlattr *a = mnl_nlmsg_get_payload(nlh);
	size_t i;
	bool good;

	/* reqid is there, but this request does not take it */
	good = !nfi_encode(nlh, sizeof(buf), &nfi_set_sa, &sa,
			   ~HAS(REQID));
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		good = good && a->nla_len == want[i].len &&
		       a->nla_type == want[i].type &&
		       !memcmp(a + 1, want[i].data, want[i].len - 4);
		a = mnl_attr_next(a);
	}
	ok(good && (const char *)a == buf + nlh->nlmsg_len,
	   "an SA's key as bytes", "other bytes");
}

static void too_big(void)
{
	static const uint8_t key[300];
	struct nfipsec_sa sa = {};
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int ret;

	sa.aead_key = (struct nfipsec_key){ key, sizeof(key) };
	sa.has = HAS(AEAD_KEY);
	ret = nfi_encode(nlh, sizeof(buf), &nfi_set_sa, &sa, UINT64_MAX);
	ok(ret == -EMSGSIZE, "a request that does not fit", "%d", ret);
}

static void decode_case(uint16_t type, const void *data, size_t len, int want,
			const char *name)
{
	struct nfipsec_sa sa = {};
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const char *attrs = mnl_nlmsg_get_payload(nlh);
	int ret;

	mnl_attr_put(nlh, type, len, data);
	ret = nfi_decode(attrs, nlh->nlmsg_len - NLMSG_HDRLEN, &nfi_set_sa,
			 &sa);
	ok(ret == want, name, "%d, not %d", ret, want);
}

static void malformed(void)
{
	static const char data[100] = "01234567890123456789";

	decode_case(NFIPSEC_A_SA_REQID, data, 3, -EBADMSG, "short u32");
	decode_case(NFIPSEC_A_SA_REQID, data, 8, -EBADMSG, "long u32");
	decode_case(NFIPSEC_A_SA_SPI, data, 2, -EBADMSG, "short SPI");
	decode_case(NFIPSEC_A_SA_SRC, data, 5, -EBADMSG, "odd address");
	decode_case(NFIPSEC_A_SA_SRC, data, 0, -EBADMSG, "no address");
	decode_case(NFIPSEC_A_SA_SRC, data, 16, 0, "IPv6 address");
	decode_case(NFIPSEC_A_SA_PACKETS, data, 4, -EBADMSG, "short u64");
	decode_case(NFIPSEC_A_SA_AEAD_NAME, data, 100, 0, "name without end");
	decode_case(NFIPSEC_A_SA_AEAD_NAME, data, 0, 0, "empty name");
	decode_case(NFIPSEC_A_SA_SELECTOR, data, 20, -EBADMSG, "odd nest");
	decode_case(NFIPSEC_A_SA_PAD, data, 0, 0, "pad");
	decode_case(1000, data, 3, 0, "attribute of the future");
}

/* Every cut of a good message must be told from it, or at least survive. */
static void every_cut(void)
{
	struct nfipsec_policy pol = {}, out;
	char buf[512];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t len, i;
	char *copy;
	bool good;

	pol.has = UINT64_MAX;
	pol.selector.has = NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SRC) |
			   NFIPSEC_HAS(NFIPSEC_A_SELECTOR_SPORT_MIN);
	pol.selector.src.family = 10;
	pol.tmpls = 1;
	pol.tmpl[0].has = NFIPSEC_HAS(NFIPSEC_A_TMPL_SPI);
	good = !nfi_encode(nlh, sizeof(buf), &nfi_set_policy, &pol, UINT64_MAX);
	len = nlh->nlmsg_len - NLMSG_HDRLEN;
	for (i = 0; i <= len; i++) {
		/* of its own, so that ASan sees a byte read too far */
		copy = malloc(i ? i : 1);
		memcpy(copy, mnl_nlmsg_get_payload(nlh), i);
		memset(&out, 0, sizeof(out));
		nfi_decode(copy, i, &nfi_set_policy, &out);
		free(copy);
	}
	ok(good, "cut messages", "cannot encode");
}

static void random_words(void)
{
	struct nfipsec_policy pol;
	struct nfipsec_sa sa;
	uint32_t *words;
	size_t i, n;

	srandom(1);
	for (n = 0; n < 20000; n++) {
		words = malloc(128);
		for (i = 0; i < 32; i++)
			words[i] = random() & 0x0f1f001f;
		memset(&sa, 0, sizeof(sa));
		memset(&pol, 0, sizeof(pol));
		nfi_decode(words, 128, &nfi_set_sa, &sa);
		nfi_decode(words, 128, &nfi_set_policy, &pol);
		free(words);
	}
	ok(true, "20000 messages of noise", "-");
}

void test_wire(void)
{
	golden();
	too_big();
	malformed();
	every_cut();
	random_words();
}

/* A refusal as the kernel sends it, about the request in @h. */
static void refuse(struct nfipsec *h, int err, uint16_t type,
		   const uint32_t *value, const char *msg, uint16_t type2,
		   uint32_t value2)
{
	char buf[512] __attribute__((aligned(4)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED | NLM_F_ACK_TLVS;
	e->error = err;
	e->msg = *(const struct nlmsghdr *)h->tx;
	if (msg)
		mnl_attr_put_strz(nlh, NLMSGERR_ATTR_MSG, msg);
	if (value)
		mnl_attr_put_u32(nlh, type, *value);
	if (type2)
		mnl_attr_put_u32(nlh, type2, value2);
	nfi_refused(h, nlh, &nfi_set_policy, err);
}

static uint32_t offset(const struct nfipsec *h, const void *p)
{
	return (const char *)p - h->tx;
}

void test_errors(void)
{
	struct nfipsec *h = calloc(1, sizeof(*h));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(h->tx);
	uint32_t dir, sel, plen, missing = NFIPSEC_A_TMPL_MODE;
	struct nlattr *nest;

	mnl_nlmsg_put_extra_header(nlh, GENL_HDRLEN);
	dir = offset(h, mnl_nlmsg_get_payload_tail(nlh));
	mnl_attr_put_u8(nlh, NFIPSEC_A_POLICY_DIR, 0);
	sel = offset(h, mnl_nlmsg_get_payload_tail(nlh));
	nest = mnl_attr_nest_start(nlh, NFIPSEC_A_POLICY_SELECTOR);
	mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_FAMILY, 2);
	plen = offset(h, mnl_nlmsg_get_payload_tail(nlh));
	mnl_attr_put_u8(nlh, NFIPSEC_A_SELECTOR_SRC_PLEN, 99);
	mnl_attr_nest_end(nlh, nest);

	refuse(h, -EINVAL, NLMSGERR_ATTR_OFFS, &dir, "one direction", 0, 0);
	same(nfipsec_error(h), "one direction (dir)", "sentence, attribute");
	refuse(h, -EINVAL, NLMSGERR_ATTR_OFFS, &plen, "too long", 0, 0);
	same(nfipsec_error(h), "too long (selector src-plen)", "nested");
	refuse(h, -EINVAL, NLMSGERR_ATTR_OFFS, &sel, "no sense", 0, 0);
	same(nfipsec_error(h), "no sense (selector)", "a nest itself");
	refuse(h, -EINVAL, NLMSGERR_ATTR_OFFS, &(uint32_t){ 60000 }, "so", 0,
	       0);
	same(nfipsec_error(h), "so", "offset beyond the request");
	refuse(h, -EEXIST, 0, NULL, NULL, 0, 0);
	same(nfipsec_error(h), "there is one already", "no sentence");
	refuse(h, -EPERM, 0, NULL, NULL, 0, 0);
	has(nfipsec_error(h), "CAP_NET_ADMIN", "no permission");
	refuse(h, -EPERM, 0, NULL, "not you", 0, 0);
	same(nfipsec_error(h), "not you", "no permission for a part of it");
	missing = NFIPSEC_A_POLICY_ACTION;
	refuse(h, -EINVAL, 5, &missing, NULL, 0, 0);
	same(nfipsec_error(h), "action is missing", "missing attribute");
	missing = NFIPSEC_A_SELECTOR_DST;
	refuse(h, -EINVAL, 5, &missing, "needs it", 6, sel);
	same(nfipsec_error(h), "needs it (selector dst)", "missing in a nest");
	free(h);
}
