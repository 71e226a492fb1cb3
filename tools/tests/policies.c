// SPDX-License-Identifier: GPL-2.0
/* Policies, as objects.c has SAs. */
#include <stdlib.h>
#include <string.h>

#include "../libnfipsec/internal.h"
#include "check.h"
#include "policy.h"
#include "selector.h"

#define SEL	"src 10.0.0.0/8 dst 10.1.0.0/16 "
#define TRANSPORT(proto, reqid)						\
	"tmpl proto " #proto " mode transport reqid " #reqid " "
#define TMPL	"tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel"

#define SELS5								\
	"sel src 10.0.0.1 sel src 10.0.0.2 sel src 10.0.0.3 sel src 10.0.0.4 " \
	"sel dst 10.0.0.5 "
#define SELS5_TEXT							\
	"\tsel src 10.0.0.1/32 dst 0.0.0.0/0\n"				\
	"\tsel src 10.0.0.2/32 dst 0.0.0.0/0\n"				\
	"\tsel src 10.0.0.3/32 dst 0.0.0.0/0\n"				\
	"\tsel src 10.0.0.4/32 dst 0.0.0.0/0\n"				\
	"\tsel src 0.0.0.0/0 dst 10.0.0.5/32\n"

static const struct object_case policies[] = {
	{ "dir out " SEL "action protect " TMPL,
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto tcp dport 80 action protect " TMPL " reqid 5 spi 0x200 priority 9",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp dport 80\n"
	  "\tdir in action protect index 0 priority 9\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n"
	  "\t\tproto esp spi 0x00000200 reqid 5 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action protect tmpl proto esp mode transport",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl\n\t\tproto esp reqid 0 mode transport\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action protect " TRANSPORT(esp, 1) TRANSPORT(ah, 2) TMPL,
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl\n\t\tproto esp reqid 1 mode transport\n"
	  "\ttmpl\n\t\tproto ah reqid 2 mode transport\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "action protect " TRANSPORT(comp, 0) "level use "
	  TRANSPORT(esp, 1) "level required",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir in action protect index 0 priority 0\n"
	  "\ttmpl\n\t\tproto comp reqid 0 mode transport\n"
	  "\ttmpl\n\t\tproto esp reqid 1 mode transport\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "action protect tmpl proto esp mode transport level use",
	  "other SAs are always required", true },
	{ "dir in " SEL "action protect tmpl level use proto comp mode transport",
	  "behind that word", true },
	{ "dir in " SEL "action protect tmpl proto comp mode transport level some",
	  "unknown level", true },
	{ "dir out src 0.0.0.0/0 dst any action discard priority 4294967295",
	  "src 0.0.0.0/0 dst 0.0.0.0/0\n"
	  "\tdir out action discard index 0 priority 4294967295\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action block",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action discard index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action allow",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action allow " TMPL,
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src 10.0.0.0/8 dst any proto icmp type 3 code 4 action bypass",
	  "src 10.0.0.0/8 dst 0.0.0.0/0 proto icmp type 3 code 4\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src ::/0 dst any proto icmpv6 type 1-4 action bypass",
	  "src ::/0 dst ::/0 proto ipv6-icmp type 1-4\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 3-5 code 4-1 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 3-5 code 4-1\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src ::/0 dst any proto mh type 5 code any action bypass",
	  "src ::/0 dst ::/0 proto mh type 5\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type any action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src 10.0.0.0/8,192.0.2.1,192.0.2.4-192.0.2.9 dst 10.1.0.0/16,10.3.0.0/16 proto tcp sport 1-10,80 dport 7,9,11-65535 action bypass",
	  "src 10.0.0.0/8,192.0.2.1/32,192.0.2.4-192.0.2.9 dst 10.1.0.0/16,10.3.0.0/16 proto tcp sport 1-10,80 dport 7,9,11-65535\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 3,11-12 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 3,11-12\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 3,11/0,12/1-4,13/250-15/0x10 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 3,11/0,12/1-4,13/250-15/16\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 3/4,11/0-255,12/0-13/255 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 3/4,11,12-13\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 3/1-4 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 3 code 1-4\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto icmp type 0/1-255/255 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto icmp type 0/1-255/255\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "pfp dst,sport name \"a.example\" action protect " TMPL,
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0 pfp dst,sport\n"
	  "\tname \"a.example\"\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action protect " TMPL " algo aes128gcm16 algo null reqid 3",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 3 mode tunnel\n"
	  "\t\talgo aes128gcm16\n\t\talgo null\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action protect " TMPL " algo a algo b algo c algo d algo e algo f algo g algo h algo i",
	  "8 at most", true },
	{ "dir out " SEL "action protect " TMPL " algo " X64,
	  "too long", true },
	{ "dir out " SEL "flag cpu-acquire action protect " TMPL,
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0 flag cpu-acquire\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "flag icmp action protect " TMPL,
	  "use one of: cpu-acquire", true },
	{ "dir out " SEL "pfp dst,port action protect " TMPL,
	  "use one of: src dst proto sport dport", true },
	{ "dir out " SEL "pfp src, action protect " TMPL, "use one of", true },
	{ "dir out " SEL "name " X64 X64 X64 X64 " action protect " TMPL,
	  "at most 255 bytes", true },
	{ "dir in src 10.0.0.1, dst any action bypass", "is no list", true },
	{ "dir in src ,10.0.0.1 dst any action bypass", "is no list", true },
	{ "dir in src 10.0.0.1,,10.0.0.2 dst any action bypass", "is no list",
	  true },
	{ "dir in src 10.0.0.1,any dst any action bypass", "stand alone", true },
	{ "dir in src 10.0.0.1,::1 dst any action bypass", "one address family",
	  true },
	{ "dir in " SEL "proto tcp sport 1,opaque action bypass", "stand alone",
	  true },
	{ "dir in " SEL "proto tcp sport 1,3-2 action bypass", "upside down",
	  true },
	{ "dir in " SEL "proto tcp sport 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17 action bypass",
	  "16 ranges at most", true },
	{ "dir in " SEL "proto icmp type 3,4 code 1 action bypass",
	  "follows \"type\"", true },
	{ "dir in " SEL "proto tcp sport opaque dport opaque action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp sport opaque dport opaque\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src ::/0 dst any proto opaque action discard",
	  "src ::/0 dst ::/0 proto opaque\n"
	  "\tdir in action discard index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in src ::/0 dst any proto mh type opaque action discard",
	  "src ::/0 dst ::/0 proto mh type opaque\n"
	  "\tdir in action discard index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto 44 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16 proto 44\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "proto opaque action bypass", "needs IPv6", true },
	{ "dir in " SEL "proto icmp type opaque code 1 action bypass",
	  "follows \"type\"", true },
	{ "dir in " SEL "proto icmp type 256 action bypass", "too large", true },
	{ "dir in " SEL "proto icmp type 3 code 1-256 action bypass",
	  "too large", true },
	{ "dir in " SEL "proto icmp type 3/4 code 4 action bypass",
	  "follows \"type\"", true },
	{ "dir in " SEL "proto icmp type 3/0-255 code any action bypass",
	  "follows \"type\"", true },
	{ "dir in " SEL "proto icmp type 3,11/256 action bypass",
	  "code 256 is too large", true },
	{ "dir in " SEL "proto icmp type 256/1 action bypass",
	  "type 256 is too large", true },
	{ "dir in " SEL "proto icmp type 3/4-256/1 action bypass",
	  "256 is too large", true },
	{ "dir in " SEL "proto icmp type 3/4-5/256 action bypass",
	  "code 256 is too large", true },
	{ "dir in " SEL "proto icmp type 3/4-1 action bypass", "upside down",
	  true },
	{ "dir in " SEL "proto icmp type 3,5/1-4/2 action bypass",
	  "upside down", true },
	{ "dir in " SEL "proto icmp type 3-5/1 action bypass",
	  "write TYPE/CODE, TYPE/CODE-CODE or TYPE/CODE-TYPE/CODE", true },
	{ "dir in " SEL "proto icmp type 3/4/5 action bypass",
	  "write TYPE/CODE", true },
	{ "dir in " SEL "proto icmp type 3/1-4/5/6 action bypass",
	  "no number", true },
	{ "dir in " SEL "proto icmp type 3/ action bypass", "no number", true },
	{ "dir in " SEL "proto icmp type /3 action bypass", "no number", true },
	{ "dir in " SEL "proto icmp type 3/any action bypass", "no number",
	  true },
	{ "dir in " SEL "proto icmp type 3/" X64 " action bypass", "too long",
	  true },
	{ "dir in " SEL "proto icmp type 1,0/0-255/255 action bypass",
	  "stand alone", true },
	{ "dir in " SEL "proto tcp dport 3/4 action bypass", "no number",
	  true },
	{ "dir in " SEL "proto icmp type 4-3 action bypass", "upside down",
	  true },
	{ "dir in " SEL "proto icmp type 4 code 2-1 action bypass",
	  "upside down", true },
	{ "dir in " SEL "proto icmp code 4 action bypass", "follows \"type\"",
	  true },
	{ "dir in " SEL "proto icmp type x action bypass", "no number", true },
	{ "", "\"dir\" is missing", true },
	{ SEL "action bypass", "\"dir\" is missing", true },
	{ "dir any " SEL "action bypass", "one direction", true },
	{ "dir fwd " SEL "action bypass", "use one of: in out", true },
	{ "dir in action bypass", "the selector is missing", true },
	{ "dir in action protect " TMPL, "the selector is missing", true },
	{ "dir in src any dst any action bypass", "no address family", true },
	{ "dir in " SEL, "\"action\" is missing", true },
	{ "dir in " SEL "action drop", "use one of: protect bypass discard",
	  true },
	{ "dir in " SEL "action protect", "needs a template", true },
	{ "dir in " SEL "action bypass " TMPL, "leave out tmpl", true },
	{ "dir in " SEL "action protect " TMPL " " TMPL " " TMPL " " TMPL " "
	  TMPL, "too many templates", true },
	{ "dir in " SEL "action protect tmpl proto esp mode tunnel",
	  "outside transport mode an SA has its own", true },
	{ "dir in " SEL "action protect tmpl proto esp mode beet",
	  "outside transport mode an SA has its own", true },
	{ "dir in " SEL "action protect tmpl src 192.0.2.1 proto esp mode tunnel",
	  "\"dst\" is missing behind \"tmpl\"", true },
	{ "dir in " SEL "action protect tmpl src 192.0.2.1 dst ::1 proto esp mode tunnel",
	  "one address family", true },
	{ "dir in " SEL "action protect tmpl src 192.0.2.1 dst 192.0.2.2 mode tunnel",
	  "\"proto\" is missing", true },
	{ "dir in " SEL "action protect tmpl src 192.0.2.1 dst 192.0.2.2 proto esp",
	  "\"mode\" is missing", true },
	{ "dir in src 10.0.0.0/8 dst ::/0 action bypass",
	  "one address family", true },
	{ "dir in " SEL "sel src any dst any proto tcp dport 80,443 sel src ::/0 dst any proto icmpv6 type 1-4 action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tsel src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp dport 80,443\n"
	  "\tsel src ::/0 dst ::/0 proto ipv6-icmp type 1-4\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL SELS5 SELS5 SELS5 "action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n" SELS5_TEXT SELS5_TEXT SELS5_TEXT
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL SELS5 SELS5 SELS5 "sel src 10.0.0.7 action bypass",
	  "16 at most", true },
	{ "dir in sel " SEL "action bypass", "the selector is missing", true },
	{ "dir in name sel owner tmpl " SEL "action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir in action bypass index 0 priority 0 owner tmpl\n\tname sel\n"
	  "\tstats: packets 0\n", false },
	{ "dir in name src action bypass", "the selector is missing", true },
	{ "dir in " SEL "sel action bypass", "a selector must follow", true },
	{ "dir in " SEL "sel src 10.0.0.1 dst ::1 action bypass",
	  "one address family", true },
	{ "dir in " SEL "name first name second action bypass",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir in action bypass index 0 priority 0\n"
	  "\tname first\n\tname second\n"
	  "\tstats: packets 0\n", false },
	{ "dir in " SEL "name 1 name 2 name 3 name 4 name 5 name 6 name 7 name 8 name 9 action bypass",
	  "8 at most", true },
	{ "dir out " SEL "action protect " TMPL " esn yes df set dscp 46 "
	  TMPL " esn no df copy dscp copy",
	  "src 10.0.0.0/8 dst 10.1.0.0/16\n"
	  "\tdir out action protect index 0 priority 0\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\t\tesn yes\n\t\tdf set\n\t\tdscp 46\n"
	  "\ttmpl src 192.0.2.1 dst 192.0.2.2\n\t\tproto esp reqid 0 mode tunnel\n"
	  "\t\tesn no\n\t\tdf copy\n\t\tdscp copy\n"
	  "\tstats: packets 0\n", false },
	{ "dir out " SEL "action protect " TMPL " esn maybe", "esn", true },
	{ "dir out " SEL "action protect " TMPL " df 1", "df", true },
	{ "dir out " SEL "action protect " TMPL " dscp 64", "dscp", true },
	{ "dir in " SEL "index 5 action bypass", "unknown word \"index\"",
	  true },
};

static void policy_case(const struct object_case *c)
{
	struct args *a = args_new(c->words);
	struct nfipsec_policy in = {}, pol = {};
	struct text text;
	char name[192];
	int ret;

	snprintf(name, sizeof(name), "policy %.180s", c->words);
	ret = policy_parse_config(a, &in);
	if (c->bad || ret) {
		has(ret == CLI_USAGE ? cli_error() : "accepted", c->want, name);
	} else {
		reread(&nfi_set_policy, &in, &pol, name);
		text_open(&text);
		policy_print(text.file, &pol);
		same(text_close(&text), c->want, name);
		text_free(&text);
	}
	args_free(a);
}

static void policy_key_cases(void)
{
	static const struct object_case cases[] = {
		{ "index 5", "accepted", false },
		{ "dir in index 5", "accepted", false },
		{ "dir in " SEL, "accepted", false },
		{ "dir in " SEL "sel src ::1", "accepted", false },
		{ "index 5 sel src ::1", "not by both", true },
		{ "dir in sel src ::1", "which policy?", true },
		{ "", "which policy?", true },
		{ "dir in", "which policy?", true },
		{ SEL, "\"dir\" is missing", true },
		{ "index 5 " SEL, "not by both", true },
		{ "index -5", "no number", true },
	};
	struct nfipsec_policy key;
	const char *got;
	struct args *a;
	char name[96];
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(&key, 0, sizeof(key));
		a = args_new(cases[i].words);
		snprintf(name, sizeof(name), "policy get %s", cases[i].words);
		ret = policy_parse_key(a, &key);
		got = "accepted";
		if (ret)
			got = cli_error();
		has(got, cases[i].want, name);
		args_free(a);
	}
}

/* As the kernel tells them: the first range, and the others. */
static void types_set(struct nfipsec_selector *sel, const uint16_t ends[][2],
		      unsigned int n)
{
	struct nfipsec_port_range *r;
	unsigned int i;

	*sel = (struct nfipsec_selector){
		.family = 2, .proto = 1,
		.type_min = ends[0][0], .type_max = ends[0][1],
	};
	has_set(sel, NFIPSEC_A_SELECTOR_FAMILY);
	has_set(sel, NFIPSEC_A_SELECTOR_PROTO);
	has_set(sel, NFIPSEC_A_SELECTOR_TYPE_MIN);
	has_set(sel, NFIPSEC_A_SELECTOR_TYPE_MAX);
	for (i = 1; i < n; i++) {
		has_set(sel, NFIPSEC_A_SELECTOR_TYPE_MORE);
		r = &sel->type_more.range[sel->type_more.n++];
		r->low = ends[i][0];
		r->high = ends[i][1];
		has_set(r, NFIPSEC_A_PORT_RANGE_LOW);
		has_set(r, NFIPSEC_A_PORT_RANGE_HIGH);
	}
}

/* Is what is printed read as the same? */
static bool types_reread(const uint16_t ends[][2], unsigned int n)
{
	struct nfipsec_selector sel, again = {};
	struct text text;
	struct args *a;
	bool good;

	types_set(&sel, ends, n);
	text_open(&text);
	selector_print(text.file, &sel);
	a = args_new(text_close(&text));
	good = !selector_words(a, &again) && !args_end(a) &&
	       again.type_min == sel.type_min &&
	       again.type_max == sel.type_max &&
	       again.type_more.n == sel.type_more.n &&
	       !memcmp(again.type_more.range, sel.type_more.range,
		       sizeof(sel.type_more.range));
	if (!good)
		printf("# %s\n", text.buf);
	args_free(a);
	text_free(&text);
	return good;
}

/* All sets of one or two ranges that begin and end at @at. */
static void types_round_trip(void)
{
	static const uint16_t at[] = {
		0x0000, 0x0001, 0x00fe, 0x00ff, 0x0100, 0x0300, 0x0304, 0x03ff,
		0x0b00, 0x0b01, 0x0bfe, 0x0bff, 0x0c00, 0xfeff, 0xff00, 0xfffe,
		0xffff,
	};
	const size_t n = ARRAY_SIZE(at);
	size_t four, i, j, k, l, bad = 0;

	for (four = 0; four < n * n * n * n; four++) {
		i = four / n / n / n;
		j = four / n / n % n;
		k = four / n % n;
		l = four % n;
		const uint16_t ends[2][2] = {
			{ at[i], at[j] }, { at[k], at[l] },
		};

		if (i <= j && j < k && k <= l)
			bad += !types_reread(ends, 2);
		/* all that there are is none, as the kernel tells it */
		else if (i <= j && j - i < n - 1 && !k && !l)
			bad += !types_reread(ends, 1);
	}
	ok(!bad, "types and codes are read as they are printed", "%zu not",
	   bad);
}

/* Also where a program reads them. */
static void types_json(void)
{
	static const struct {
		uint16_t ends[2][2];
		unsigned int n;
		const char *want;
	} cases[] = {
		{ { { 0x0304, 0x0304 }, { 0x0b00, 0x0bff } }, 2,
		  "\"type\":\"3/4,11\"}" },
		{ { { 0x0300, 0x03ff }, { 0x0b00, 0x0b00 } }, 2,
		  "\"type\":\"3,11/0\"}" },
		{ { { 0x0300, 0x04ff } }, 1, "\"type_min\":3,\"type_max\":4}" },
		{ { { 0x0001, 0xffff } }, 1,
		  "\"type_min\":0,\"type_max\":255,\"code_min\":1,\"code_max\":255}" },
	};
	struct nfipsec_selector sel;
	struct json_object *o;
	const char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		types_set(&sel, cases[i].ends, cases[i].n);
		o = selector_json(&sel);
		text = json_object_to_json_string_ext(o,
						      JSON_C_TO_STRING_NOSLASHESCAPE);
		has(text, cases[i].want, "types and codes as JSON");
		json_object_put(o);
	}
}

/* What a preset stands for must be good words. */
static void preset_cases(void)
{
	static const struct {
		const char *name;
		unsigned int n;
	} cases[] = {
		{ "ike", 4 }, { "nd", 2 }, { "mld", 2 }, { "igmp", 2 },
		{ "dhcp", 4 },
	};
	struct nfipsec_policy pol;
	char name[64];
	unsigned int i, n;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		for (n = 0;; n++) {
			memset(&pol, 0, sizeof(pol));
			ret = preset_policy(cases[i].name, n, &pol);
			if (ret || !pol.has)
				break;
			if (pol.action != NFIPSEC_ACTION_BYPASS)
				break;
		}
		snprintf(name, sizeof(name), "preset %s", cases[i].name);
		ok(!ret && n == cases[i].n, name, "%u, %d, %s", n, ret,
		   cli_error());
	}
}

void test_policy(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(policies); i++)
		policy_case(&policies[i]);
	policy_key_cases();
	types_round_trip();
	types_json();
	preset_cases();
}
