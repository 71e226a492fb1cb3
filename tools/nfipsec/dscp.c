// SPDX-License-Identifier: GPL-2.0
/* See dscp.h. */
#include <string.h>

#include "dscp.h"

#define DSCP_MAX	63

/* Names of RFC 2474, 2597, 3246, 5865 and 8622, as in tc(8) and nft(8). */
static const struct choice names[] = {
	{ "df", 0 }, { "be", 0 }, { "le", 1 },
	{ "cs0", 0 }, { "cs1", 8 }, { "cs2", 16 }, { "cs3", 24 },
	{ "cs4", 32 }, { "cs5", 40 }, { "cs6", 48 }, { "cs7", 56 },
	{ "af11", 10 }, { "af12", 12 }, { "af13", 14 },
	{ "af21", 18 }, { "af22", 20 }, { "af23", 22 },
	{ "af31", 26 }, { "af32", 28 }, { "af33", 30 },
	{ "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	{ "va", 44 }, { "ef", 46 },
	{}
};

static int value_parse(const char *text, unsigned int *value)
{
	const struct choice *c;
	uint64_t number;
	int ret;

	for (c = names; c->name; c++) {
		if (!strcmp(c->name, text)) {
			*value = c->value;
			return CLI_OK;
		}
	}
	ret = number_parse(text, "DSCP", DSCP_MAX, &number);
	*value = ret ? 0 : number;
	return ret;
}

/* N, or N-N; no name has a hyphen. */
static int part_parse(char *text, uint64_t *set)
{
	char *hyphen = strchr(text, '-');
	unsigned int min, max;
	int ret;

	if (hyphen)
		*hyphen = '\0';
	ret = value_parse(text, &min);
	max = min;
	if (!ret && hyphen)
		ret = value_parse(hyphen + 1, &max);
	if (ret)
		return ret;
	if (max < min)
		return cli_fail(CLI_USAGE, "range of DSCP values from %u to %u: it ends before it starts",
				min, max);
	for (; min <= max; min++)
		*set |= UINT64_C(1) << min;
	return CLI_OK;
}

/**
 * word_dscp_set() - values follow: names, numbers and ranges, with commas
 * @a: words
 * @obj: has the member
 * @w: its place
 *
 * Return: enum cli_result
 */
int word_dscp_set(struct args *a, void *obj, const struct word *w)
{
	char *text = args_value(a, w->name), *part;
	uint64_t *set = (uint64_t *)((char *)obj + w->off);
	int ret;

	if (!text)
		return CLI_USAGE;
	while ((part = strsep(&text, ","))) {
		ret = part_parse(part, set);
		if (ret)
			return ret;
	}
	has_set(obj, w->attr);
	return CLI_OK;
}

/**
 * dscp_set_text() - a set in words
 * @set: bit for each value
 * @buf: where to
 *
 * Return: @buf
 */
const char *dscp_set_text(uint64_t set, char buf[DSCP_TEXT_MAX])
{
	unsigned int min, max;
	size_t pos = 0;

	buf[0] = '\0';
	for (min = 0; min <= DSCP_MAX; min = max + 1) {
		max = min;
		if (!(set >> min & 1))
			continue;
		while (max < DSCP_MAX && set >> (max + 1) & 1)
			max++;
		pos += snprintf(buf + pos, DSCP_TEXT_MAX - pos,
				max > min ? "%s%u-%u" : "%s%u",
				pos ? "," : "", min, max);
	}
	return buf;
}

/**
 * dscp_set_json() - a set as JSON
 * @set: bit for each value
 *
 * Return: array of the values, the caller's
 */
struct json_object *dscp_set_json(uint64_t set)
{
	struct json_object *array = json_object_new_array();
	unsigned int i;

	for (i = 0; array && i <= DSCP_MAX; i++)
		if (set >> i & 1)
			json_object_array_add(array, json_object_new_int(i));
	return array;
}
