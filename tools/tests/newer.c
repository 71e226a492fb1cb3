// SPDX-License-Identifier: GPL-2.0
/*
 * A module that is newer than the tools: what they do not know of it they do not
 * write down as if they did. Or older: nor what it does not know.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "apply.h"
#include "check.h"
#include "fake.h"
#include "state.h"

#define P(attr)		NFIPSEC_A_POLICY_##attr
#define S(attr)		NFIPSEC_A_SELECTOR_##attr
#define T(attr)		NFIPSEC_A_TMPL_##attr
#define NEW(set)	(NFIPSEC_A_##set##_MAX + 1)

/**
 * struct told - an attribute of a policy, and whether all of it is known
 * @name: of the test
 * @in: nests that it is in, the outermost first, then 0
 * @attr: its number
 * @times: how often it is there
 * @len: bytes that it has, all of them letters
 * @known: whether it is
 */
struct told {
	const char *name;
	uint16_t in[3];
	uint16_t attr;
	unsigned int times;
	size_t len;
	bool known;
};

static const struct told tolds[] = {
	{ "nothing", {}, 0, 0, 0, true },
	{ "padding", {}, P(PAD), 1, 0, true },
	{ "a new attribute", {}, NEW(POLICY), 1, 4, false },
	{ "one of a selector", { P(SELECTOR) }, NEW(SELECTOR), 1, 4, false },
	{ "one of a range", { P(SELECTOR), S(SRC_MORE) }, NEW(ADDR_RANGE), 1, 4,
	  false },
	{ "one of another selector", { P(SELECTOR_MORE) }, NEW(SELECTOR), 1, 4,
	  false },
	{ "one of a range of that", { P(SELECTOR_MORE), S(DPORT_MORE) },
	  NEW(PORT_RANGE), 1, 4, false },
	{ "one of a template", { P(TMPL) }, NEW(TMPL), 1, 4, false },
	{ "all ranges", { P(SELECTOR) }, S(DST_MORE), NFIPSEC_MORE_MAX, 0, true },
	{ "a range too many", { P(SELECTOR) }, S(DST_MORE), NFIPSEC_MORE_MAX + 1,
	  0, false },
	{ "all selectors", {}, P(SELECTOR_MORE), NFIPSEC_MORE_MAX, 0, true },
	{ "a selector too many", {}, P(SELECTOR_MORE), NFIPSEC_MORE_MAX + 1, 0,
	  false },
	{ "all templates", {}, P(TMPL), NFIPSEC_TMPLS_MAX, 0, true },
	{ "a template too many", {}, P(TMPL), NFIPSEC_TMPLS_MAX + 1, 0, false },
	{ "all algorithms", { P(TMPL) }, T(ALGO), NFIPSEC_TMPL_ALGOS, 3, true },
	{ "an algorithm too many", { P(TMPL) }, T(ALGO), NFIPSEC_TMPL_ALGOS + 1,
	  3, false },
	{ "a long algorithm", { P(TMPL) }, T(ALGO), 1, NFIPSEC_NAME_MAX - 1,
	  true },
	{ "one that is too long", { P(TMPL) }, T(ALGO), 1, NFIPSEC_NAME_MAX,
	  false },
	{ "all names", {}, P(NAME), NFIPSEC_POLICY_NAMES, 3, true },
	{ "a name too many", {}, P(NAME), NFIPSEC_POLICY_NAMES + 1, 3, false },
	{ "a name that is too long", {}, P(NAME), 1, NFIPSEC_POLICY_NAME_MAX,
	  false },
	{ "an owner that is too long", {}, P(OWNER), 1, NFIPSEC_NAME_MAX, false },
};

static void put_told(struct nlmsghdr *nlh, const struct told *t,
		     const uint16_t *in)
{
	char text[NFIPSEC_POLICY_NAME_MAX];
	struct nlattr *nest;
	unsigned int i;

	if (*in) {
		nest = mnl_attr_nest_start(nlh, *in);
		put_told(nlh, t, in + 1);
		mnl_attr_nest_end(nlh, nest);
		return;
	}
	memset(text, 'x', sizeof(text));
	for (i = 0; i < t->times; i++)
		mnl_attr_put(nlh, t->attr, t->len, text);
}

static void decode_case(const struct told *t)
{
	struct nfipsec_policy pol = {};
	char buf[4096];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	bool left_out;
	int ret;

	mnl_attr_put_u8(nlh, P(DIR), NFIPSEC_DIR_IN);
	put_told(nlh, t, t->in);
	/* Behind it all is read as before. */
	mnl_attr_put_u32(nlh, P(PRIORITY), 7);
	ret = nfi_decode(mnl_nlmsg_get_payload(nlh),
			 mnl_nlmsg_get_payload_len(nlh), &nfi_set_policy, &pol);
	left_out = pol.has & NFIPSEC_HAS_UNKNOWN;
	ok(!ret && left_out == !t->known && pol.priority == 7 &&
	   has_get(&pol, P(DIR)), t->name, "%d, %s, priority %u", ret,
	   left_out ? "left out" : "all", pol.priority);
}

static const struct nfipsec_policy base_policy = {
	.has = NFIPSEC_HAS(P(INDEX)) | NFIPSEC_HAS(P(DIR)) |
	       NFIPSEC_HAS(P(SELECTOR)) | NFIPSEC_HAS(P(ACTION)) |
	       NFIPSEC_HAS(P(TMPL)) | NFIPSEC_HAS(P(PFP)) |
	       NFIPSEC_HAS(P(OWNER)) | NFIPSEC_HAS(P(FLAGS)),
	.index = 8, .dir = NFIPSEC_DIR_OUT, .owner = "me",
	.selector = {
		.has = NFIPSEC_HAS(S(DST)),
		.dst = { AF_INET, { 192, 0, 2, 2 } },
	},
	.action = NFIPSEC_ACTION_PROTECT, .tmpls = 1,
	.tmpl[0] = {
		.has = NFIPSEC_HAS(T(PROTO)) | NFIPSEC_HAS(T(MODE)) |
		       NFIPSEC_HAS(T(ESN)) | NFIPSEC_HAS(T(DF)),
		.proto = IPPROTO_AH, .mode = NFIPSEC_MODE_TRANSPORT,
	},
};

#define A(attr)		NFIPSEC_A_SA_##attr
static const struct nfipsec_sa base_sa = {
	.has = NFIPSEC_HAS(A(SRC)) | NFIPSEC_HAS(A(DST)) |
	       NFIPSEC_HAS(A(PROTO)) | NFIPSEC_HAS(A(SPI)) |
	       NFIPSEC_HAS(A(MODE)) | NFIPSEC_HAS(A(DIR)) |
	       NFIPSEC_HAS(A(STATE)) | NFIPSEC_HAS(A(FLAGS)) |
	       NFIPSEC_HAS(A(OUTER)) | NFIPSEC_HAS(A(COMP_NAME)) |
	       NFIPSEC_HAS(A(OWNER)) | NFIPSEC_HAS(A(REPLAY_WINDOW)) |
	       NFIPSEC_HAS(A(PMTU_AGE)),
	.src = { AF_INET, { 192, 0, 2, 1 } },
	.dst = { AF_INET, { 192, 0, 2, 2 } },
	.proto = IPPROTO_COMP, .spi = 300, .mode = NFIPSEC_MODE_TUNNEL,
	.state = NFIPSEC_SA_STATE_MATURE, .comp_name = "deflate",
	.owner = "me",
	.outer.has = NFIPSEC_HAS(NFIPSEC_A_OUTER_ECN) |
		     NFIPSEC_HAS(NFIPSEC_A_OUTER_DF) |
		     NFIPSEC_HAS(NFIPSEC_A_OUTER_LABEL) |
		     NFIPSEC_HAS(NFIPSEC_A_OUTER_FRAG),
	.encap.has = NFIPSEC_HAS(NFIPSEC_A_ENCAP_TYPE),
};

/**
 * struct newer - what a module tells, and what save says of it
 * @name: of the test
 * @want: a part of the error, NULL if there is none
 * @cmd: to the answer of which it belongs
 * @attr: an attribute that is added, or 0
 * @has: of the object, a bit more
 * @off: offset of a member of the object that has another value, or 0
 * @size: its bytes, 1 or 4
 * @value: the value
 * @words: of save
 */
struct newer {
	const char *name;
	const char *want;
	unsigned int cmd;
	uint16_t attr;
	uint64_t has;
	size_t off;
	size_t size;
	uint32_t value;
	const char *words;
};

#define OLD_POLICY	"policy index 8: it has something that this command is too old"
#define OLD_SA		"SA dst 192.0.2.2 proto comp spi 0x0000012c: it has something"
#define OLD_DEFAULT	"the defaults have something"
#define ATTR(of, n)	.cmd = NFIPSEC_CMD_##of##_GET, .attr = n
#define POLICY(m, bytes, to)						\
	.cmd = NFIPSEC_CMD_POLICY_GET, .size = bytes, .value = to,	\
	.off = offsetof(struct nfipsec_policy, m)
#define SA(m, bytes, to)						\
	.cmd = NFIPSEC_CMD_SA_GET, .size = bytes, .value = to,		\
	.off = offsetof(struct nfipsec_sa, m)
#define DEFAULT(m, bytes, to)						\
	.cmd = NFIPSEC_CMD_DEFAULT_GET, .size = bytes, .value = to,	\
	.off = offsetof(struct nfipsec_default, m)

static const struct newer newer[] = {
	{ .name = "nothing" },
	{ .name = "a policy's attribute", ATTR(POLICY, NEW(POLICY)),
	  .want = OLD_POLICY },
	{ .name = "its padding", ATTR(POLICY, P(PAD)) },
	{ .name = "its pfp", POLICY(pfp, 4, 1 << 5), .want = OLD_POLICY },
	{ .name = "all known of its pfp", POLICY(pfp, 4, 0x1f) },
	{ .name = "its flag", POLICY(flags, 4, 1U << 31), .want = OLD_POLICY },
	{ .name = "its action", POLICY(action, 1, 99), .want = OLD_POLICY },
	{ .name = "its direction", POLICY(dir, 1, 99), .want = OLD_POLICY },
	{ .name = "its template's mode", POLICY(tmpl[0].mode, 1, 99),
	  .want = OLD_POLICY },
	{ .name = "its template's df", POLICY(tmpl[0].df, 1, 99),
	  .want = OLD_POLICY },
	{ .name = "its template's esn", POLICY(tmpl[0].esn, 1, 99),
	  .want = OLD_POLICY },
	{ .name = "another owner's policy", POLICY(flags, 4, 1U << 31),
	  .words = "owner you" },
	{ .name = "an SA's attribute", ATTR(SA, NEW(SA)), .want = OLD_SA },
	{ .name = "its padding", ATTR(SA, A(PAD)) },
	{ .name = "its flag", SA(flags, 4, 1U << 31), .want = OLD_SA },
	{ .name = "its mode", SA(mode, 1, 99), .want = OLD_SA },
	{ .name = "its direction", SA(dir, 1, 99), .want = OLD_SA },
	{ .name = "its ecn", SA(outer.ecn, 1, 99), .want = OLD_SA },
	{ .name = "its df", SA(outer.df, 1, 99), .want = OLD_SA },
	{ .name = "its flow label", SA(outer.label, 1, 99), .want = OLD_SA },
	{ .name = "its frag", SA(outer.frag, 1, 99), .want = OLD_SA },
	{ .name = "its encap", SA(encap.type, 1, 99),
	  .has = NFIPSEC_HAS(A(ENCAP)), .want = OLD_SA },
	{ .name = "an encap that is known",
	  SA(encap.type, 1, NFIPSEC_ENCAP_TYPE_ESPINUDP),
	  .has = NFIPSEC_HAS(A(ENCAP)) },
	{ .name = "another owner's SA", SA(mode, 1, 99), .words = "owner you" },
	{ .name = "a default", ATTR(DEFAULT, NEW(DEFAULT)),
	  .want = OLD_DEFAULT },
	{ .name = "its value", DEFAULT(out, 1, 99), .want = OLD_DEFAULT },
	{ .name = "a default that is nobody's", ATTR(DEFAULT, NEW(DEFAULT)),
	  .words = "owner me" },
};

static struct nfipsec_policy policy;
static struct nfipsec_sa sa;
static struct nfipsec_default def;
static const struct newer *now;

static void add_attr(struct nlmsghdr *nlh, unsigned int cmd)
{
	if (now->attr && cmd == now->cmd)
		mnl_attr_put_u32(nlh, now->attr, 7);
}

static void set_member(void *obj, const struct newer *n)
{
	char *p = obj;

	*(uint64_t *)obj |= n->has;
	if (n->size == 1)
		*(uint8_t *)(p + n->off) = n->value;
	else if (n->size == 4)
		*(uint32_t *)(p + n->off) = n->value;
}

static void tell(const struct newer *n)
{
	now = n;
	policy = base_policy;
	sa = base_sa;
	def = (struct nfipsec_default){
		.has = NFIPSEC_HAS(NFIPSEC_A_DEFAULT_IN) |
		       NFIPSEC_HAS(NFIPSEC_A_DEFAULT_OUT),
	};
	if (n->cmd == NFIPSEC_CMD_POLICY_GET)
		set_member(&policy, n);
	else if (n->cmd == NFIPSEC_CMD_SA_GET)
		set_member(&sa, n);
	else if (n->cmd == NFIPSEC_CMD_DEFAULT_GET)
		set_member(&def, n);
	fake = (struct fake){
		.family = FAKE_FAMILY, .policies = &policy, .n = 1,
		.sas = &sa, .n_sas = 1, .def = &def, .more = add_attr,
	};
}

static void save_case(const struct newer *n)
{
	struct args *a = args_new(n->words ?: "");
	FILE *out = cli.out;
	struct text text;
	char name[80];
	int ret;

	tell(n);
	text_open(&text);
	cli.out = text.file;
	ret = cmd_save(a);
	cli.out = out;
	text_close(&text);
	snprintf(name, sizeof(name), "save: newer: %s", n->name);
	ok(ret == (n->want ? CLI_FAILED : CLI_OK) && !text.len == !!n->want,
	   name, "%d, %s, wrote \"%s\"", ret, cli_error(), text.buf);
	if (n->want && ret)
		has(cli_error(), n->want, name);
	text_free(&text);
	args_free(a);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

#define COMP	"proto comp spi 300 mode tunnel comp deflate"

/* A file that has what the module has, as far as can be seen. */
static void apply_case(const struct newer *n, int status, unsigned int replaced)
{
	static const char lines[] =
		"policy add dir out dst 192.0.2.2 owner me action protect tmpl proto ah mode transport esn no df copy\n"
		"sa add src 192.0.2.1 dst 192.0.2.2 " COMP " owner me\n";
	char path[] = "/tmp/nfipsec-newer.XXXXXX";
	struct args a = { .argc = 1, .argv = (char *[]){ path } };
	unsigned int *calls = fake.calls;
	int fd = mkstemp(path);
	char name[80];
	int ret;

	if (fd < 0 || dprintf(fd, "%s", lines) < 0)
		abort();
	close(fd);
	tell(n);
	ret = cmd_apply(&a);
	unlink(path);
	snprintf(name, sizeof(name), "apply: newer: %s", n->name);
	ok(ret == status && calls[NFIPSEC_CMD_POLICY_DEL] == replaced &&
	   calls[NFIPSEC_CMD_POLICY_NEW] == replaced &&
	   !calls[NFIPSEC_CMD_SA_NEW] && !calls[NFIPSEC_CMD_SA_DEL], name,
	   "%d, %s, %u policies deleted", ret, cli_error(),
	   calls[NFIPSEC_CMD_POLICY_DEL]);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

/* A module that has no more defaults than what becomes of packets. */
static void older_case(int (*cmd)(struct args *a), bool json, const char *want,
		       const char *name)
{
	static const struct nfipsec_default two = {
		.has = NFIPSEC_HAS(NFIPSEC_A_DEFAULT_IN) |
		       NFIPSEC_HAS(NFIPSEC_A_DEFAULT_OUT),
		.in = NFIPSEC_ACTION_BYPASS, .out = NFIPSEC_ACTION_DISCARD,
	};
	FILE *out = cli.out;
	struct args a = {};
	struct text text;
	int ret;

	fake = (struct fake){ .family = FAKE_FAMILY, .def = &two };
	text_open(&text);
	cli.out = text.file;
	cli.json = json;
	ret = cmd(&a);
	cli.json = false;
	cli.out = out;
	text_close(&text);
	ok(!ret && strstr(text.buf, want) && !strstr(text.buf, "weak") &&
	   !strstr(text.buf, "audit") && !strstr(text.buf, "acquire"), name,
	   "%d, %s, \"%s\"", ret, cli_error(), text.buf);
	text_free(&text);
	nfipsec_close(cli.h);
	cli.h = NULL;
}

void test_newer(void)
{
	static const struct newer none = { .name = "nothing" };
	static const struct newer one_policy = {
		.name = "a policy", ATTR(POLICY, NEW(POLICY)),
	};
	static const struct newer one_sa = {
		.name = "an SA", ATTR(SA, NEW(SA)),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tolds); i++)
		decode_case(&tolds[i]);
	for (i = 0; i < ARRAY_SIZE(newer); i++)
		save_case(&newer[i]);
	apply_case(&none, CLI_OK, 0);
	apply_case(&one_policy, CLI_OK, 1);
	apply_case(&one_sa, CLI_FAILED, 0);
	has(cli_error(), "line 2: this SA is there, and has something",
	    "apply: newer: which SA");
	older_case(cmd_save, false, "\ndefault in bypass out discard\n",
		   "save: older");
	older_case(cmd_default, false, "in bypass\nout discard\n",
		   "default: older");
	older_case(cmd_default, true, "{\"in\":\"bypass\",\"out\":\"discard\"}",
		   "default: older, as JSON");
	older_case(cmd_summary, true,
		   "\"default\":{\"in\":\"bypass\",\"out\":\"discard\"}",
		   "summary: older, as JSON");
}
