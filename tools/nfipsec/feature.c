// SPDX-License-Identifier: GPL-2.0
/* The commands features and algo. */
#include <string.h>

#include "feature.h"
#include "json.h"

static const struct choice names[] = {
	{ "ah", NFIPSEC_FEATURE_AH },
	{ "esn", NFIPSEC_FEATURE_ESN },
	{ "iiv", NFIPSEC_FEATURE_IIV },
	{ "ipcomp", NFIPSEC_FEATURE_IPCOMP },
	{ "beet", NFIPSEC_FEATURE_BEET },
	{ "udp-encap", NFIPSEC_FEATURE_UDP_ENCAP },
	{ "tfc", NFIPSEC_FEATURE_TFC },
	{ "multicast", NFIPSEC_FEATURE_MULTICAST },
	{ "lifetime", NFIPSEC_FEATURE_LIFETIME },
	{ "acquire", NFIPSEC_FEATURE_ACQUIRE },
	{ "owner", NFIPSEC_FEATURE_OWNER },
	{ "move", NFIPSEC_FEATURE_MOVE },
	{ "changes", NFIPSEC_FEATURE_CHANGES },
	{ "per-cpu", NFIPSEC_FEATURE_PER_CPU },
	{}
};

static const struct choice uses[] = {
	{ "aead", NFIPSEC_ALGO_USE_AEAD },
	{ "enc", NFIPSEC_ALGO_USE_ENC },
	{ "auth-trunc", NFIPSEC_ALGO_USE_AUTH },
	{ "comp", NFIPSEC_ALGO_USE_COMP },
	{}
};

static const struct choice states[] = {
	{ "unknown", NFIPSEC_ALGO_STATE_UNKNOWN },
	{ "ready", NFIPSEC_ALGO_STATE_READY },
	{ "missing", NFIPSEC_ALGO_STATE_MISSING },
	{}
};

static const struct choice flags[] = {
	{ "iiv", NFIPSEC_ALGO_FLAG_IIV },
	{ "ah", NFIPSEC_ALGO_FLAG_AH },
	{ "weak", NFIPSEC_ALGO_FLAG_WEAK },
	{}
};

static void flags_json(struct json_object *o, const char *name,
		       const struct choice *choices, uint32_t value)
{
	struct json_object *list = json_object_new_array();
	const struct choice *c;

	for (c = choices; c->name; c++)
		if (value & c->value)
			json_object_array_add(list,
					      json_object_new_string(c->name));
	json_child(o, name, list);
}

static void flags_print(const struct choice *choices, uint32_t value)
{
	const struct choice *c;

	for (c = choices; c->name; c++)
		if (value & c->value)
			fprintf(cli.out, " %s", c->name);
}

/**
 * cmd_features() - features
 * @a: words, none
 *
 * Return: enum cli_result
 */
int cmd_features(struct args *a)
{
	struct nfipsec_features f = {};
	struct json_object *o;
	int ret;

	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_features_get(cli.h, false, &f, NULL, NULL))
		return cli_refused("features");
	if (!cli.json) {
		fprintf(cli.out, "version %s\nfeatures", f.version);
		flags_print(names, f.flags);
		fputc('\n', cli.out);
		return CLI_OK;
	}
	o = json_new();
	json_text(o, "version", f.version);
	flags_json(o, "features", names, f.flags);
	json_print(o);
	return CLI_OK;
}

static void lens_print(const char *what, const struct nfipsec_u32_list *list)
{
	uint32_t i;

	for (i = 0; i < list->n; i++)
		fprintf(cli.out, "%s%u", i ? "," : what, list->value[i]);
}

static void algo_print(const struct nfipsec_algo_info *algo)
{
	fprintf(cli.out, "%s %s", choice_name(uses, algo->use), algo->name);
	if (algo->alias[0])
		fprintf(cli.out, " alias %s", algo->alias);
	lens_print(" key ", &algo->key_len);
	if (algo->salt_len)
		fprintf(cli.out, " salt %u", algo->salt_len);
	lens_print(" icv ", &algo->icv_bits);
	flags_print(flags, algo->flags);
	fprintf(cli.out, " %s", choice_name(states, algo->state));
	if (algo->lacks[0])
		fprintf(cli.out, " (%s)", algo->lacks);
	fputc('\n', cli.out);
}

static void lens_json(struct json_object *o, const char *name,
		      const struct nfipsec_u32_list *list)
{
	struct json_object *array = json_object_new_array();
	uint32_t i;

	for (i = 0; i < list->n; i++)
		json_object_array_add(array,
				      json_object_new_int64(list->value[i]));
	json_child(o, name, array);
}

static struct json_object *algo_json(const struct nfipsec_algo_info *algo)
{
	struct json_object *o = json_new();

	json_text(o, "use", choice_name(uses, algo->use));
	json_text(o, "name", algo->name);
	if (algo->alias[0])
		json_text(o, "alias", algo->alias);
	lens_json(o, "key_len", &algo->key_len);
	json_number(o, "salt_len", algo->salt_len);
	lens_json(o, "icv_bits", &algo->icv_bits);
	flags_json(o, "flags", flags, algo->flags);
	json_text(o, "state", choice_name(states, algo->state));
	json_text(o, "rfc", algo->rfc);
	if (algo->lacks[0])
		json_text(o, "lacks", algo->lacks);
	return o;
}

static int algo_one(const struct nfipsec_algo_info *algo, void *arg)
{
	if (cli.json)
		json_list_add(arg, algo_json(algo));
	else
		algo_print(algo);
	return 0;
}

/**
 * cmd_algo_list() - algo list
 * @a: words: load, or none
 *
 * Return: enum cli_result
 */
int cmd_algo_list(struct args *a)
{
	struct json_list list = {};
	bool load = args_peek(a) && !strcmp(args_peek(a), "load");
	int ret;

	if (load)
		args_next(a);
	ret = args_end(a);
	if (!ret)
		ret = cli_open();
	if (ret)
		return ret;
	if (nfipsec_features_get(cli.h, load, NULL, algo_one, &list))
		return cli_refused("algo list");
	if (cli.json)
		json_list_end(&list);
	return CLI_OK;
}
