// SPDX-License-Identifier: GPL-2.0
/* Policies as text and as JSON. */
#include <inttypes.h>

#include "policy.h"
#include "selector.h"
#include "tmpl.h"

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
	const struct choice *c;
	unsigned int i;

	selector_print(out, &pol->selector);
	for (i = 0; i < pol->selector_more.n; i++) {
		fputs("\n\tsel ", out);
		selector_print(out, &pol->selector_more.selector[i]);
	}
	fprintf(out, "\n\tdir %s action %s index %u priority %u",
		choice_name(choice_dir, pol->dir),
		choice_name(choice_action, pol->action), pol->index,
		pol->priority);
	if (pol->pfp)
		fprintf(out, " pfp %s", pfp_text(pol->pfp, pfp, sizeof(pfp)));
	for (c = choice_policy_flag; c->name; c++)
		if (pol->flags & c->value)
			fprintf(out, " flag %s", c->name);
	if (POLICY_HAS(pol, OWNER))
		text_put(out, " owner ", pol->owner);
	for (i = 0; i < pol->names.n; i++)
		text_put(out, "\n\tname ", pol->names.name[i]);
	fputc('\n', out);
	for (i = 0; i < pol->tmpls; i++)
		tmpl_print(out, &pol->tmpl[i]);
	fprintf(out, "\tstats: packets %" PRIu64 "\n", pol->packets);
}

static void sets_json(struct json_object *o,
		      const struct nfipsec_selector_list *more)
{
	struct json_object *array = json_object_new_array();
	uint32_t i;

	for (i = 0; array && i < more->n; i++)
		json_object_array_add(array, selector_json(&more->selector[i]));
	json_child(o, "more_sels", array);
}

/* The first is a text, as when there was but one. */
static void names_json(struct json_object *o,
		       const struct nfipsec_title_list *names)
{
	struct json_object *array;
	uint32_t i;

	json_text(o, "name", names->name[0]);
	if (names->n < 2)
		return;
	array = json_object_new_array();
	for (i = 1; array && i < names->n; i++)
		json_object_array_add(array,
				      json_object_new_string(names->name[i]));
	json_child(o, "more_names", array);
}

static struct json_object *flags_json(uint32_t flags)
{
	struct json_object *array = json_object_new_array();
	const struct choice *c;

	for (c = choice_policy_flag; array && c->name; c++)
		if (flags & c->value)
			json_object_array_add(array,
					      json_object_new_string(c->name));
	return array;
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
	if (pol->selector_more.n)
		sets_json(o, &pol->selector_more);
	json_number(o, "priority", pol->priority);
	if (POLICY_HAS(pol, OWNER))
		json_text(o, "owner", pol->owner);
	json_text(o, "action", choice_name(choice_action, pol->action));
	tmpls_json(o, pol->tmpl, pol->tmpls);
	json_number(o, "packets", pol->packets);
	if (pol->pfp)
		json_text(o, "pfp", pfp_text(pol->pfp, pfp, sizeof(pfp)));
	if (pol->flags)
		json_child(o, "flags", flags_json(pol->flags));
	if (pol->names.n)
		names_json(o, &pol->names);
	return o;
}
