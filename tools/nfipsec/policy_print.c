// SPDX-License-Identifier: GPL-2.0
/* Policies as text and as JSON. */
#include <inttypes.h>
#include <arpa/inet.h>

#include "policy.h"
#include "selector.h"

#define TMPL_HAS(tmpl, attr)	has_get(tmpl, NFIPSEC_A_TMPL_##attr)

static void tmpl_print(FILE *out, const struct nfipsec_tmpl *tmpl)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	char proto[PROTO_TEXT_MAX];
	uint32_t i;

	fputs("\ttmpl", out);
	if (TMPL_HAS(tmpl, SRC))
		fprintf(out, " src %s dst %s",
			addr_text(&tmpl->src, src, sizeof(src)),
			addr_text(&tmpl->dst, dst, sizeof(dst)));
	fprintf(out, "\n\t\tproto %s",
		proto_text(tmpl->proto, proto, sizeof(proto)));
	if (tmpl->spi)
		fprintf(out, " spi 0x%08x", tmpl->spi);
	fprintf(out, " reqid %u mode %s\n", tmpl->reqid,
		choice_name(choice_mode, tmpl->mode));
	for (i = 0; i < tmpl->algos.n; i++)
		fprintf(out, "\t\talgo %s\n", tmpl->algos.name[i]);
}

#define PFP_TEXT_MAX	64

/* As it is typed; a flag of a newer kernel has no name here. */
static const char *pfp_text(uint32_t pfp, char *buf, size_t size)
{
	const struct choice *c;
	size_t len = 0;

	buf[0] = '\0';
	for (c = choice_pfp; c->name; c++)
		if (pfp & c->value)
			len += snprintf(buf + len, size - len, "%s%s",
					len ? "," : "", c->name);
	return buf;
}

/**
 * policy_print() - print a policy, much as ip-xfrm(8) does
 * @out: where
 * @pol: policy
 */
void policy_print(FILE *out, const struct nfipsec_policy *pol)
{
	char pfp[PFP_TEXT_MAX];
	unsigned int i;

	selector_print(out, &pol->selector);
	fprintf(out, "\n\tdir %s action %s index %u priority %u",
		choice_name(choice_dir, pol->dir),
		choice_name(choice_action, pol->action), pol->index,
		pol->priority);
	if (pol->pfp)
		fprintf(out, " pfp %s", pfp_text(pol->pfp, pfp, sizeof(pfp)));
	if (POLICY_HAS(pol, OWNER))
		fprintf(out, " owner %s", pol->owner);
	if (pol->name[0])
		fprintf(out, "\n\tname %s", pol->name);
	fputc('\n', out);
	for (i = 0; i < pol->tmpls; i++)
		tmpl_print(out, &pol->tmpl[i]);
	fprintf(out, "\tstats: packets %" PRIu64 "\n", pol->packets);
}

static struct json_object *tmpl_json(const struct nfipsec_tmpl *tmpl)
{
	struct json_object *o = json_new();
	char text[INET6_ADDRSTRLEN];
	struct json_object *array, *name;
	uint32_t i;

	if (TMPL_HAS(tmpl, SRC)) {
		json_text(o, "src", addr_text(&tmpl->src, text, sizeof(text)));
		json_text(o, "dst", addr_text(&tmpl->dst, text, sizeof(text)));
	}
	json_text(o, "proto", proto_text(tmpl->proto, text, sizeof(text)));
	if (tmpl->spi)
		json_spi(o, tmpl->spi);
	json_number(o, "reqid", tmpl->reqid);
	json_text(o, "mode", choice_name(choice_mode, tmpl->mode));
	if (!tmpl->algos.n)
		return o;
	array = json_object_new_array();
	for (i = 0; array && i < tmpl->algos.n; i++) {
		name = json_object_new_string(tmpl->algos.name[i]);
		json_object_array_add(array, name);
	}
	json_child(o, "algos", array);
	return o;
}

/**
 * tmpls_json() - add templates to JSON
 * @o: object
 * @tmpl: templates
 * @n: how many
 *
 * The innermost one is "tmpl", those around it are a list.
 */
void tmpls_json(struct json_object *o, const struct nfipsec_tmpl *tmpl,
		unsigned int n)
{
	struct json_object *array;
	unsigned int i;

	if (n)
		json_child(o, "tmpl", tmpl_json(&tmpl[0]));
	if (n < 2)
		return;
	array = json_object_new_array();
	for (i = 1; array && i < n; i++)
		json_object_array_add(array, tmpl_json(&tmpl[i]));
	json_child(o, "outer_tmpls", array);
}

/**
 * policy_json() - a policy as JSON
 * @pol: policy
 *
 * Return: object, the caller's
 */
struct json_object *policy_json(const struct nfipsec_policy *pol)
{
	struct json_object *o = json_new();
	char pfp[PFP_TEXT_MAX];

	json_number(o, "index", pol->index);
	json_text(o, "dir", choice_name(choice_dir, pol->dir));
	json_child(o, "sel", selector_json(&pol->selector));
	json_number(o, "priority", pol->priority);
	if (POLICY_HAS(pol, OWNER))
		json_text(o, "owner", pol->owner);
	json_text(o, "action", choice_name(choice_action, pol->action));
	tmpls_json(o, pol->tmpl, pol->tmpls);
	json_number(o, "packets", pol->packets);
	if (pol->pfp)
		json_text(o, "pfp", pfp_text(pol->pfp, pfp, sizeof(pfp)));
	if (pol->name[0])
		json_text(o, "name", pol->name);
	return o;
}
