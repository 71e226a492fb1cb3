// SPDX-License-Identifier: GPL-2.0
/* Lines of a whole SAD and SPD, and the difference of two. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "check.h"
#include "command.h"
#include "describe.h"
#include "policy.h"

/* What is written is read as the same, and equal if the words were others. */
static const char * const policies[][2] = {
	{
		"dir out src 10.0.0.0/8 dst 10.1.0.1 action bypass",
		"action bypass dst 10.1.0.1/32 src 10.0.0.0-10.255.255.255 dir out",
	},
	{
		"dir in src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp dport 443,80,90-99 action discard priority 7",
		"dir in src 0.0.0.0/0 dst 0.0.0.0/0 proto tcp dport 80,90-99,443 priority 7 action discard",
	},
	{
		"dir out src 10.0.0.1 dst any sel src fd00::/16 dst any proto udp sport 53 name x owner me action protect tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel reqid 1 algo aes-gcm-16",
		"dir out src fd00::/16 dst ::/0 proto udp sport 53 sel src 10.0.0.1 dst 0.0.0.0/0 owner me name x action protect tmpl src 10.0.0.1 dst 10.0.0.2 proto esp mode tunnel reqid 1 algo rfc4106(gcm(aes))",
	},
	{
		"dir out src 10.3.0.0/16,10.2.0.1-10.2.0.5,10.0.0.0-10.0.255.255 dst 0.0.0.0/0 action bypass",
		"dir out src 10.0.0.0/16,10.3.0.0/16,10.2.0.1-10.2.0.5 dst any action bypass",
	},
	{
		"dir in src fd00::/64 dst any proto tcp sport opaque dport opaque action bypass",
		"dir in src fd00::/64 dst ::/0 proto tcp sport opaque dport opaque action bypass",
	},
	{
		"dir out src 0.0.0.0/0 dst 10.0.0.0/8 flag cpu-acquire action protect tmpl proto ah mode transport reqid 4",
		"dir out src any dst 10.0.0.0/8 action protect flag cpu-acquire tmpl proto ah mode transport reqid 4",
	},
	{
		"dir in src 0.0.0.0/0 dst any proto icmp type 3-8 pfp dst,src action protect tmpl proto ah mode transport reqid 4",
		"dir in src any dst 0.0.0.0/0 proto icmp type 3-8 pfp src,dst action protect tmpl proto ah mode transport reqid 4",
	},
	{
		"dir in src 0.0.0.0/0 dst any proto icmp type 3,11/0,11/2-12/1 action bypass",
		"dir in src any dst 0.0.0.0/0 proto icmp type 11/2-12/1,3/0-255,11/0 action bypass",
	},
	/* host bits, as a prefix and in a list of ranges that touch */
	{
		"dir out src 10.1.2.0/24 dst 0.0.0.0/0 action bypass",
		"dir out src 10.1.2.3/24 dst 10.0.0.0-255.255.255.255,1.2.3.4/1 action bypass",
	},
	{
		"dir in src 255.255.255.252/30,0.0.0.0 dst 10.0.0.1-10.0.0.6 action bypass",
		"dir in src 0.0.0.0,255.255.255.254/31,255.255.255.253,255.255.255.252 dst 10.0.0.5/31,10.0.0.1,10.0.0.2-10.0.0.4,10.0.0.6,10.0.0.3 action bypass",
	},
	{
		"dir in src fd00::1-fd00:0:0:1:: dst any action bypass",
		"dir in src fd00:0:0:1::,fd00::1-fd00::ffff:ffff:ffff:ffff dst any action bypass",
	},
	{
		"dir out src 10.0.0.1 dst any proto tcp dport 80-81,83-99,65535 action bypass",
		"dir out src 10.0.0.1 dst any proto tcp dport 85-99,65535,81,83-90,80,88 action bypass",
	},
	{
		"dir out src 10.0.0.1 dst any proto tcp dport 80 action bypass",
		"dir out src 10.0.0.1 dst any proto tcp sport 9-65535,0-8 dport 80,80 action bypass",
	},
	{
		"dir in src 0.0.0.0/0 dst any proto icmp type 3-4,11/0-7 action bypass",
		"dir in src 0.0.0.0/0 dst any proto icmp type 4,11/3-7,11/0-3,3 action bypass",
	},
	{
		"dir out src 10.0.0.1 dst any mark 0x1 action bypass",
		"dir out src 10.0.0.1 dst any mark 1/0xffffffff action bypass",
	},
};

static char *policy_text(const char *words)
{
	struct args *a = args_new(words);
	struct nfipsec_policy pol = {};
	char *text = NULL;

	if (!policy_parse_config(a, &pol))
		text = describe_policy(&pol);
	args_free(a);
	return text ? text : strdup(cli_error());
}

static const char *behind(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) ? text :
						     text + strlen(start);
}

static void test_policies(void)
{
	char *first, *other, *again;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		first = policy_text(policies[i][0]);
		other = policy_text(policies[i][1]);
		again = policy_text(behind(first, "policy add "));
		same(other, first, "other words for one policy");
		same(again, first, "a policy read again");
		free(first);
		free(other);
		free(again);
	}
}

/* The words of a line, as batch_each() cuts them. */
static int take_policy(int argc, char **argv, unsigned int line, void *arg)
{
	struct args a = { .argc = argc, .argv = argv, .pos = 2 };

	(void)line;
	return policy_parse_config(&a, arg);
}

static int take_sa(int argc, char **argv, unsigned int line, void *arg)
{
	struct args a = { .argc = argc, .argv = argv, .pos = 2 };

	(void)line;
	return sa_parse_config(&a, arg);
}

static void read_line(char *text, batch_fn take, void *obj)
{
	char path[] = "/tmp/nfipsec-apply.XXXXXX";
	int fd = mkstemp(path);
	int ret;

	if (fd < 0 || dprintf(fd, "%s\n", text) < 0)
		abort();
	close(fd);
	ret = batch_each(path, take, obj);
	unlink(path);
	ok(!ret, "a line with a name is read", "%s: %s", text, cli_error());
}

static void named_policy(struct nfipsec_policy *pol, const char *name,
			 const char *owner)
{
	*pol = (struct nfipsec_policy){
		.dir = NFIPSEC_DIR_OUT, .action = NFIPSEC_ACTION_BYPASS,
		.selector.src.family = 2, .names.n = 2,
	};
	has_set(&pol->selector, NFIPSEC_A_SELECTOR_SRC);
	has_set(pol, NFIPSEC_A_POLICY_OWNER);
	strcpy(pol->names.name[0], name);
	strcpy(pol->names.name[1], "behind");
	strcpy(pol->owner, owner);
}

static void names_of_policy(const char *name, const char *owner)
{
	struct nfipsec_policy pol, again = {};
	char *text;

	named_policy(&pol, name, owner);
	text = describe_policy(&pol);
	read_line(text, take_policy, &again);
	same(again.names.name[0], name, "name of a policy");
	same(again.names.name[1], "behind", "the next name");
	same(again.owner, owner, "owner of a policy");
	free(text);
}

static void name_of_sa(const char *owner)
{
	struct sa_args in = {
		.sa.src.family = 2, .sa.dst.family = 2, .sa.proto = 50,
		.sa.spi = 0x1000, .sa.mode = NFIPSEC_MODE_TUNNEL,
		.sa.dir = NFIPSEC_DIR_OUT,
	};
	struct sa_args again = {};
	char *text;

	has_set(&in.sa, NFIPSEC_A_SA_OWNER);
	strcpy(in.sa.owner, owner);
	text = describe_sa(&in.sa);
	read_line(text, take_sa, &again);
	same(again.sa.owner, owner, "owner of an SA");
	free(text);
}

/* Those that a line needs quotes for, or that no line can hold. */
static void test_names(void)
{
	static const char * const names[] = {
		"plain", "", "two words", "two  words", "#no", "a#b", "a\tb",
		"it's", "\"said\"", "\"", "'", "'\"'", "a'b \"c\" d'", " ",
	};
	struct nfipsec_policy pol;
	const char *owner;
	char *text;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		owner = *names[i] ? names[i] : "me";
		names_of_policy(names[i], owner);
		name_of_sa(owner);
	}
	named_policy(&pol, "a\nb'\177\302\2331\303\204\304", "me");
	text = describe_policy(&pol);
	has(text, " name \"a?b'??1\303\204?\" name behind", "a name that no line can hold");
	free(text);
}

static char *sa_text(const char *words)
{
	struct args *a = args_new(words);
	struct sa_args in = {};
	char *text = NULL;

	cli.keys_later = true;
	if (!sa_parse_config(a, &in))
		text = describe_sa(&in.sa);
	cli.keys_later = false;
	args_free(a);
	sa_wipe(&in);
	return text ? text : strdup(cli_error());
}

static void test_sas(void)
{
	static const char * const sas[] = {
		"src 10.0.0.1 dst 10.0.0.2 proto esp spi 0x1001 mode tunnel reqid 1 dir out replay-window 128 flag esn decap-dscp aead aes-gcm-16 "
		KEY20 " 128",
		"src fd00::1 dst fd00::2 proto ah spi 4099 mode transport auth-trunc sha256 @gone 128 sel src fd00::1 dst fd00::2 proto tcp dport 80",
		"src 10.0.0.1 dst 10.0.0.2 proto esp spi 7777 mode tunnel tfc-pad mtu dscp-set ef encap espinudp 4500 4500 0.0.0.0 cpu 1 limit byte-soft 9 limit time-hard 10 owner me enc aes128 "
		KEY16 " auth-trunc sha256 " KEY32 " 128",
		"src 10.0.0.1 dst 10.0.0.2 proto comp spi 300 mode tunnel comp deflate",
		"src 10.0.0.1 dst 239.0.0.1 proto esp spi 300 mode tunnel dummy-interval 7 pmtu-age 3 aead aes-gcm-16 "
		KEY20 " 128",
	};
	char *first, *again;
	size_t i;

	first = sa_text("src ::1 dst ::2 proto comp spi 300 mode tunnel comp deflate limit byte-hard 7");
	again = sa_text("src ::1 dst ::2 proto comp spi 300 mode tunnel comp deflate limit byte-soft 0 limit byte-hard 7 limit time-hard 0");
	same(again, first, "limits of 0");
	free(again);
	again = sa_text("src ::1 dst ::2 proto comp spi 300 mode tunnel comp deflate dscp copy hop-limit default limit byte-hard 7");
	same(again, first, "nothing said of the outer header");
	free(first);
	free(again);
	for (i = 0; i < ARRAY_SIZE(sas); i++) {
		first = sa_text(sas[i]);
		again = sa_text(behind(first, "sa add "));
		ok(!strncmp(first, "sa add ", 7), "an SA as a line", "%s", first);
		same(again, first, "an SA read again");
		ok(!strstr(first, "0x00010203"), "no key in the line", "%s",
		   first);
		free(first);
		free(again);
	}
}

/* What a line does not say, but nothing that it says, is as in the kernel. */
static void test_fill(void)
{
	static const char * const lines[][2] = {
		{ "", "dscp 9 df copy hop-limit 8 flow-label copy frag" },
		{ "flow-label copy", " flow-label copy frag" },
		{ "flow-label 7", " flow-label 0x00007 frag" },
		{ "flow-label 0", " flow-label 0 frag" },
		{ "dscp copy", " dscp copy df copy hop-limit 8 " },
		{ "dscp 0 hop-limit 1", " dscp 0 df copy hop-limit 1 " },
		{ "hop-limit default", " dscp 9 df copy hop-limit default " },
	};
	static const char tunnel[] =
		"src fd00::1 dst fd00::2 proto comp spi 300 mode tunnel comp deflate";
	struct nfipsec_sa have = {
		.outer.label = NFIPSEC_LABEL_COPY, .outer.label_value = 5,
		.outer.dscp = 9, .outer.hop_limit = 8,
	};
	struct sa_args in;
	char words[160], *text;
	struct args *a;
	size_t i;

	has_set(&have, NFIPSEC_A_SA_OUTER);
	has_set(&have.outer, NFIPSEC_A_OUTER_LABEL);
	has_set(&have.outer, NFIPSEC_A_OUTER_DSCP);
	has_set(&have.outer, NFIPSEC_A_OUTER_HOP_LIMIT);
	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(words, sizeof(words), "%s %s", tunnel, lines[i][0]);
		a = args_new(words);
		in = (struct sa_args){};
		if (sa_parse_config(a, &in))
			abort();
		args_free(a);
		describe_fill(&in.sa, &have);
		text = describe_sa(&in.sa);
		has(text, lines[i][1], "outer header of a line");
		free(text);
		sa_wipe(&in);
	}
}

/**
 * struct diff - policies, a letter each, and what becomes of them
 * @have: what there is; a digit before a letter is its priority, from there on
 * @want: what there is to be
 * @goes: of what there is
 * @comes: of what there is to be, in the order of adding
 */
struct diff {
	const char *have;
	const char *want;
	const char *goes;
	const char *comes;
};

static void fill(struct tables *t, const char *letters, bool file)
{
	uint32_t priority = 5;
	struct item *item;
	char buf[32];

	memset(t, 0, sizeof(*t));
	for (; *letters; letters++) {
		if (*letters <= '9') {
			priority = *letters - '0';
			continue;
		}
		item = items_add(&t->policies);
		if (!item)
			abort();
		snprintf(buf, sizeof(buf), "%c", *letters | 0x20);
		item->key = strdup(buf);
		/* Two that differ in the case only have one selector. */
		snprintf(buf, sizeof(buf), "%c%u", *letters, priority);
		item->text = strdup(buf);
		item->priority = priority;
		item->dir = NFIPSEC_DIR_OUT;
		item->seq = file ? 0 : t->policies.n;
		item->line = file ? t->policies.n : 0;
	}
}

static int letter_cmp(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void changed(const struct tables *t, char *out)
{
	size_t i, n = 0;

	for (i = 0; i < t->policies.n; i++)
		if (!t->policies.item[i].keep)
			out[n++] = t->policies.item[i].text[0];
	out[n] = '\0';
}

static void test_plan(void)
{
	static const struct diff diffs[] = {
		{ "", "", "", "" },
		{ "", "ab", "", "ab" },
		{ "ab", "", "ab", "" },
		{ "ab", "ab", "", "" },
		{ "ab", "abc", "", "c" },
		{ "abc", "ac", "b", "" },
		{ "ab", "aB", "b", "B" },
		/* what is added comes behind all of its priority */
		{ "ac", "abc", "c", "bc" },
		{ "abc", "cba", "ab", "ba" },
		{ "bac", "abc", "bc", "bc" },
		{ "1a2b", "2b1a", "", "" },
		{ "1a2c", "1ab2c", "", "b" },
		{ "1a2c", "1a2bc", "c", "bc" },
		{ "1a2b", "1b2a", "ab", "ba" },
	};
	const struct diff *d;
	struct tables have, want;
	char goes[16], comes[16], name[64];
	int ret;

	for (d = diffs; d < diffs + ARRAY_SIZE(diffs); d++) {
		fill(&have, d->have, false);
		fill(&want, d->want, true);
		ret = plan_make(&have, &want);
		changed(&have, goes);
		qsort(goes, strlen(goes), 1, letter_cmp);
		changed(&want, comes);
		snprintf(name, sizeof(name), "from '%s' to '%s'", d->have,
			 d->want);
		ok(!ret && !strcmp(goes, d->goes) && !strcmp(comes, d->comes),
		   name, "%d, goes %s, comes %s", ret, goes, comes);
		tables_free(&have);
		tables_free(&want);
	}
	fill(&have, "", false);
	fill(&want, "abA", true);
	want.name = "a file";
	has(plan_make(&have, &want) ? cli_error() : "accepted",
	    "a file lines 1 and 3",
	    "one policy twice");
	tables_free(&want);
}

/**
 * struct sa_diff - SAs, and whether the numbers of one would begin anew
 * @name: of the test
 * @have: what there is
 * @want: what there is to be
 * @line: of @want that is refused, 0 if none is
 */
struct sa_diff {
	const char *name;
	const char *have[2];
	const char *want[2];
	unsigned int line;
};

#define GCM	"aead aes-gcm-16 " KEY20 " 128"
#define OTHER	"enc aes128ctr " KEY20 " auth-trunc sha256 " KEY32 " 128"
#define SA(dst, proto, spi, more)					\
	"src 10.0.0.1 dst 10.0.0." #dst " proto " #proto " spi " #spi	\
	" mode tunnel " more
#define COMP(dst, spi)	SA(dst, comp, spi, "comp deflate")

static const struct sa_diff sa_diffs[] = {
	{ "the same", { SA(2, esp, 256, GCM) }, { SA(2, esp, 256, GCM) }, 0 },
	{ "other words", { SA(2, esp, 256, GCM) },
	  { SA(2, esp, 256, "reqid 7 " GCM) }, 1 },
	{ "another dst", { SA(2, esp, 256, GCM) },
	  { SA(9, esp, 257, GCM), SA(3, esp, 256, GCM) }, 2 },
	{ "another proto", { SA(2, esp, 256, "aead aes128gmac " KEY20 " 128") },
	  { SA(2, ah, 256, "aead aes128gmac " KEY20 " 128") }, 1 },
	{ "another algorithm", { SA(2, esp, 256, GCM) },
	  { SA(3, esp, 256, OTHER) }, 1 },
	{ "exchanged", { SA(2, esp, 256, GCM), SA(3, esp, 257, GCM) },
	  { SA(3, esp, 256, GCM), SA(2, esp, 257, GCM) }, 1 },
	{ "behind one that stays", { SA(2, esp, 256, GCM), SA(4, esp, 256, GCM) },
	  { SA(2, esp, 256, GCM), SA(3, esp, 256, GCM) }, 2 },
	{ "another direction, which is any", { SA(2, esp, 256, "dir out " GCM) },
	  { SA(3, esp, 256, GCM) }, 1 },
	{ "any direction, and one of them", { SA(2, esp, 256, GCM) },
	  { SA(3, esp, 256, "dir in " GCM) }, 1 },
	{ "the other direction", { SA(2, esp, 256, "dir out " GCM) },
	  { SA(3, esp, 256, "dir in " GCM) }, 0 },
	{ "another SPI", { SA(2, esp, 256, GCM), SA(2, esp, 258, GCM) },
	  { SA(3, esp, 255, GCM), SA(3, esp, 257, GCM) }, 0 },
	{ "beside one that stays", { SA(2, esp, 256, GCM) },
	  { SA(2, esp, 256, GCM), SA(3, esp, 256, GCM) }, 0 },
	{ "gone", { SA(2, esp, 256, GCM), SA(3, esp, 256, GCM) },
	  { SA(3, esp, 256, GCM) }, 0 },
	{ "IPComp", { COMP(2, 2), SA(2, esp, 257, GCM) },
	  { COMP(3, 2), COMP(3, 257) }, 0 },
};

static void file_sa(struct items *list, const char *words)
{
	struct item *item = items_add(list);
	struct args *a = args_new(words);

	item->in = calloc(1, sizeof(*item->in));
	if (!item->in || sa_parse_config(a, item->in))
		abort();
	args_free(a);
	item->key = describe_sa_key(&item->in->sa);
	item->text = describe_sa(&item->in->sa);
	item->line = list->n;
}

/* With what the kernel tells of each. */
static void kernel_sa(struct items *list, const char *words)
{
	struct items one = {};
	struct item *item;

	file_sa(&one, words);
	item = items_add(list);
	item->sa = malloc(sizeof(*item->sa));
	*item->sa = one.item->in->sa;
	has_set(item->sa, NFIPSEC_A_SA_REPLAY_WINDOW);
	has_set(item->sa, NFIPSEC_A_SA_PMTU_AGE);
	item->key = one.item->key;
	item->text = describe_sa(item->sa);
	free(one.item->text);
	sa_wipe(one.item->in);
	free(one.item->in);
	free(one.item);
}

static void test_sa_plan(void)
{
	struct tables have, want;
	const struct sa_diff *d;
	char line[32];
	size_t i;
	int ret;

	for (d = sa_diffs; d < sa_diffs + ARRAY_SIZE(sa_diffs); d++) {
		have = (struct tables){};
		want = (struct tables){ .name = "a file" };
		for (i = 0; i < ARRAY_SIZE(d->have) && d->have[i]; i++)
			kernel_sa(&have.sas, d->have[i]);
		for (i = 0; i < ARRAY_SIZE(d->want) && d->want[i]; i++)
			file_sa(&want.sas, d->want[i]);
		ret = plan_make(&have, &want);
		snprintf(line, sizeof(line), "a file line %u: ", d->line);
		ok(d->line ? ret == CLI_FAILED && strstr(cli_error(), line) :
			     !ret, d->name, "%d, %s", ret, cli_error());
		for (i = 1; !ret && i < want.sas.n; i++)
			ok(strcmp(want.sas.item[i - 1].key,
				  want.sas.item[i].key) < 0,
			   "SAs by key", "%zu", i);
		tables_free(&have);
		tables_free(&want);
	}
}

void test_apply(void)
{
	test_policies();
	test_names();
	test_sas();
	test_fill();
	test_plan();
	test_sa_plan();
}
