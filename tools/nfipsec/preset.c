// SPDX-License-Identifier: GPL-2.0
/*
 * What a host needs in the clear where packets are discarded by default (RFC
 * 4301 section 4.4.1), under names. Each name stands for a few bypass policies
 * in the words of "policy add".
 */
#include <stdlib.h>
#include <string.h>

#include "policy.h"

#define PRIORITY_DEFAULT	32	/* where strongSwan has its own for IKE */
#define LINES_MAX		8
#define WORDS_MAX		32

#define V4	"src 0.0.0.0/0 dst any "
#define V6	"src ::/0 dst any "

struct preset {
	const char *name;
	const char *lines[LINES_MAX];
};

static const struct preset presets[] = {
	{ "ike", {
		"dir out " V4 "proto udp sport 500,4500",
		"dir in " V4 "proto udp dport 500,4500",
		"dir out " V6 "proto udp sport 500,4500",
		"dir in " V6 "proto udp dport 500,4500",
	} },
	/* Router and neighbour solicitation, advertisement, redirect. */
	{ "nd", {
		"dir out " V6 "proto ipv6-icmp type 133-137",
		"dir in " V6 "proto ipv6-icmp type 133-137",
	} },
	/* Who is a member of which group, where switches listen. */
	{ "mld", {
		"dir out " V6 "proto ipv6-icmp type 130-132,143",
		"dir in " V6 "proto ipv6-icmp type 130-132,143",
	} },
	{ "igmp", {
		"dir out src any dst 224.0.0.0/4 proto 2",
		"dir in src any dst 224.0.0.0/4 proto 2",
	} },
	/* As a client. */
	{ "dhcp", {
		"dir out " V4 "proto udp sport 68 dport 67",
		"dir in " V4 "proto udp sport 67 dport 68",
		"dir out " V6 "proto udp sport 546 dport 547",
		"dir in src fe80::/10 dst any proto udp sport 547 dport 546",
	} },
};

static const struct preset *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(presets); i++)
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	return NULL;
}

static int no_preset(const char *name)
{
	char known[128] = "";
	size_t len = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(presets); i++)
		len += snprintf(known + len, sizeof(known) - len, " %s",
				presets[i].name);
	return cli_fail(CLI_USAGE, "unknown preset \"%s\", use one of:%s",
			cli_show(name), known);
}

/**
 * preset_policy() - one of the policies that a preset stands for
 * @name: of the preset
 * @n: which of them
 * @pol: result, zeroed by the caller; without priority and owner
 *
 * Return: enum cli_result, after cli_fail() if it is not CLI_OK; CLI_OK with
 * nothing in @pol if the preset has no more
 */
int preset_policy(const char *name, unsigned int n, struct nfipsec_policy *pol)
{
	const struct preset *preset = find(name);
	char label[32], *words[WORDS_MAX], *line, *save, *word;
	struct args a = { .argv = words };
	int ret;

	if (!preset)
		return no_preset(name);
	if (n >= LINES_MAX || !preset->lines[n])
		return CLI_OK;
	line = strdup(preset->lines[n]);
	if (!line)
		return cli_fail(CLI_FAILED, "no memory");
	for (word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save))
		words[a.argc++] = word;
	snprintf(label, sizeof(label), "preset %s", name);
	words[a.argc++] = "name";
	words[a.argc++] = label;
	words[a.argc++] = "action";
	words[a.argc++] = "bypass";
	ret = policy_parse_config(&a, pol);
	free(line);
	return ret;
}

/**
 * struct added - policies to take away again if another cannot be added
 * @index: of those that this command has added
 * @n: how many
 */
struct added {
	uint32_t index[ARRAY_SIZE(presets) * LINES_MAX];
	unsigned int n;
};

static void undo(const struct added *added)
{
	struct nfipsec_policy key = {};
	unsigned int i;

	has_set(&key, NFIPSEC_A_POLICY_INDEX);
	for (i = added->n; i-- > 0; ) {
		key.index = added->index[i];
		nfipsec_policy_del(cli.h, &key);
	}
}

/* As policy add shows each of them. */
static void show(const struct added *added)
{
	struct json_list list = {};
	struct json_object *o;
	unsigned int i;

	for (i = 0; i < added->n; i++) {
		o = json_new();
		json_number(o, "index", added->index[i]);
		json_list_add(&list, o);
	}
	json_list_end(&list);
}

/* Is what is there instead as good? */
static bool is_bypass(const struct nfipsec_policy *key)
{
	struct nfipsec_policy pol = {};

	return !nfipsec_policy_get(cli.h, key, &pol) &&
	       pol.action == NFIPSEC_ACTION_BYPASS;
}

static int add(const char *name, const struct nfipsec_policy *common,
	       struct added *added)
{
	struct nfipsec_policy pol, key;
	unsigned int n;
	int ret;

	for (n = 0;; n++) {
		memset(&pol, 0, sizeof(pol));
		ret = preset_policy(name, n, &pol);
		if (ret || !pol.has)
			return ret;
		key = pol;
		key.has = NFIPSEC_HAS(NFIPSEC_A_POLICY_DIR) |
			  NFIPSEC_HAS(NFIPSEC_A_POLICY_SELECTOR);
		pol.has |= common->has;
		pol.priority = common->priority;
		memcpy(pol.owner, common->owner, sizeof(pol.owner));
		ret = nfipsec_policy_add(cli.h, &pol,
					 &added->index[added->n]);
		if (!ret) {
			added->n++;
			continue;
		}
		ret = cli_refused("policy preset");
		if (!is_bypass(&key))
			return ret;
	}
}

/* All of them, before the first is added. */
static int names_check(const struct args *names)
{
	int i;

	if (!names->argc)
		return cli_fail(CLI_USAGE, "the name of a preset is missing");
	for (i = 0; i < names->argc; i++)
		if (!find(names->argv[i]))
			return no_preset(names->argv[i]);
	return CLI_OK;
}

static int words(struct args *a, struct nfipsec_policy *common)
{
	static const struct word words[] = {
		{ "priority", word_u32, 0,
		  offsetof(struct nfipsec_policy, priority),
		  NFIPSEC_A_POLICY_PRIORITY, 0, false },
		{ "owner", word_new_owner, 0,
		  offsetof(struct nfipsec_policy, owner),
		  NFIPSEC_A_POLICY_OWNER, 0, false },
	};

	common->priority = PRIORITY_DEFAULT;
	has_set(common, NFIPSEC_A_POLICY_PRIORITY);
	return words_parse(a, words, ARRAY_SIZE(words), common, false);
}

/* Names come first, behind them words of policies. */
static struct args names_of(struct args *a)
{
	struct args names = { .argv = a->argv + a->pos };
	const char *word;

	while ((word = args_peek(a)) && strcmp(word, "priority") &&
	       strcmp(word, "owner")) {
		args_next(a);
		names.argc++;
	}
	return names;
}

/**
 * cmd_policy_preset() - policy preset
 * @a: words
 *
 * All of the policies are added or none. Those that are there already are left.
 *
 * Return: enum cli_result
 */
int cmd_policy_preset(struct args *a)
{
	struct nfipsec_policy common = {};
	struct args names = names_of(a);
	struct added added = {};
	int ret, i;

	ret = names_check(&names);
	if (!ret)
		ret = words(a, &common);
	if (!ret)
		ret = cli_open();
	for (i = 0; !ret && i < names.argc; i++)
		ret = add(names.argv[i], &common, &added);
	if (ret)
		undo(&added);
	else if (cli.json)
		show(&added);
	return ret;
}
