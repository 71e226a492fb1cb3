// SPDX-License-Identifier: GPL-2.0
/* What a selector asks for beside headers: interfaces, VRF, mark. */
#include <ctype.h>
#include <string.h>
#include <net/if.h>

#include "selector.h"

#define HAS(sel, attr)	has_get(sel, NFIPSEC_A_SELECTOR_##attr)

#define MARK_TEXT_MAX	24

/* The kernel leaves out what stands behind a colon, which no name has. */
static unsigned int dev_find(const char *name)
{
	return strchr(name, ':') ? 0 : if_nametoindex(name);
}

/* A number is for what has gone since, and is shown by that. */
static int dev_parse(const char *text, const char *what, uint32_t *index)
{
	uint64_t value = dev_find(text);

	if (!value && isdigit((unsigned char)*text)) {
		int ret = number_parse(text, what, INT32_MAX, &value);

		if (ret)
			return ret;
	}
	if (!value)
		return cli_fail(CLI_USAGE, "%s: there is no interface %s here: see ip link",
				what, cli_show(text));
	*index = value;
	return CLI_OK;
}

/**
 * word_dev() - an interface or a VRF follows
 * @a: words
 * @obj: selector
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_dev(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name);
	int ret;

	if (!text)
		return CLI_USAGE;
	ret = dev_parse(text, w->name, (uint32_t *)((char *)obj + w->off));
	if (!ret)
		has_set(obj, w->attr);
	return ret;
}

/**
 * word_mark() - a mark follows, perhaps with its mask
 * @a: words
 * @obj: selector
 * @w: the keyword
 *
 * Return: enum cli_result
 */
int word_mark(struct args *a, void *obj, const struct word *w)
{
	const char *text = args_value(a, w->name), *slash;
	struct nfipsec_selector *sel = obj;
	char value[MARK_TEXT_MAX];
	uint64_t mark, mask;
	size_t len;
	int ret;

	if (!text)
		return CLI_USAGE;
	slash = strchr(text, '/');
	len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof(value))
		return cli_fail(CLI_USAGE, "%s is no number: too long", w->name);
	memcpy(value, text, len);
	value[len] = '\0';
	ret = number_parse(value, w->name, UINT32_MAX, &mark);
	if (ret)
		return ret;
	sel->mark = mark;
	has_set(sel, w->attr);
	if (!slash)
		return CLI_OK;
	ret = number_parse(slash + 1, "mask of the mark", UINT32_MAX, &mask);
	if (ret)
		return ret;
	sel->mark_mask = mask;
	has_set(sel, NFIPSEC_A_SELECTOR_MARK_MASK);
	return CLI_OK;
}

/* By the number also if no line can hold the name. */
static const char *dev_text(uint32_t index, char buf[IF_NAMESIZE])
{
	if (!if_indextoname(index, buf) || !text_is_plain(buf))
		snprintf(buf, IF_NAMESIZE, "%u", index);
	return buf;
}

/**
 * meta_nameless() - find an interface that has no name, or none that a line can hold
 * @sel: selector
 * @index: result, its index
 *
 * Return: the word that asks for it, or NULL
 */
const char *meta_nameless(const struct nfipsec_selector *sel, uint32_t *index)
{
	const struct {
		const char *word;
		unsigned int attr;
		uint32_t index;
	} devs[] = {
		{ "iif", NFIPSEC_A_SELECTOR_IIF, sel->iif },
		{ "oif", NFIPSEC_A_SELECTOR_OIF, sel->oif },
		{ "vrf", NFIPSEC_A_SELECTOR_VRF, sel->vrf },
	};
	char buf[IF_NAMESIZE];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		*index = devs[i].index;
		if (has_get(sel, devs[i].attr) &&
		    !(if_indextoname(*index, buf) && text_is_plain(buf)))
			return devs[i].word;
	}
	return NULL;
}

static void dev_print(FILE *out, const char *before, uint32_t index)
{
	char buf[IF_NAMESIZE];

	fputs(before, out);
	text_put_word(out, dev_text(index, buf));
}

/**
 * meta_print() - print what a selector asks for beside headers
 * @out: where
 * @sel: selector
 */
void meta_print(FILE *out, const struct nfipsec_selector *sel)
{
	if (HAS(sel, IIF))
		dev_print(out, " iif ", sel->iif);
	if (HAS(sel, OIF))
		dev_print(out, " oif ", sel->oif);
	if (HAS(sel, VRF))
		dev_print(out, " vrf ", sel->vrf);
	if (HAS(sel, MARK))
		fprintf(out, " mark 0x%x", sel->mark);
	if (HAS(sel, MARK_MASK))
		fprintf(out, "/0x%x", sel->mark_mask);
}

/**
 * meta_json() - the same as JSON
 * @o: object of the selector
 * @sel: selector
 */
void meta_json(struct json_object *o, const struct nfipsec_selector *sel)
{
	char buf[IF_NAMESIZE];

	if (HAS(sel, IIF))
		json_text(o, "iif", dev_text(sel->iif, buf));
	if (HAS(sel, OIF))
		json_text(o, "oif", dev_text(sel->oif, buf));
	if (HAS(sel, VRF))
		json_text(o, "vrf", dev_text(sel->vrf, buf));
	if (HAS(sel, MARK))
		json_number(o, "mark", sel->mark);
	if (HAS(sel, MARK_MASK))
		json_number(o, "mark_mask", sel->mark_mask);
}
