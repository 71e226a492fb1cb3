// SPDX-License-Identifier: GPL-2.0
/* The table of reasons: its names are user interface. */
#include <ctype.h>
#include <string.h>

#include <linux/skbuff.h>

#include "ktap.h"
#include "reason.h"

static const char *const ids[NFIPSEC_REASON_MAX] = {
#define D(id, ...)	\
	[NFIPSEC_##id] = #id,
#define C	D
	NFIPSEC_REASONS(D, C)
#undef D
#undef C
};

static bool starts(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static void ok_is_empty(void)
{
	const struct nfipsec_reason_info *info = &nfipsec_reasons[NFIPSEC_OK];

	EXPECT(NFIPSEC_OK == 0, "NFIPSEC_OK must be 0, steps test it so");
	EXPECT(!info->name && !info->doc && !info->drop, "entry 0 is not empty");
	EXPECT(NFIPSEC_REASON_MAX > 1, "the table is empty");
}

static void names(void)
{
	const char *name, *p;
	int i, j;

	for (i = 1; i < NFIPSEC_REASON_MAX; i++) {
		name = nfipsec_reasons[i].name;
		if (!EXPECT(name && *name, "%s has no name", ids[i]))
			continue;
		for (p = name; *p; p++)
			EXPECT(islower(*p) || isdigit(*p) || *p == '_',
			       "%s: '%c' in a name", name, *p);
		EXPECT(!strcasecmp(name, ids[i]), "%s is named %s", ids[i],
		       name);
		for (j = 1; j < i; j++)
			EXPECT(strcmp(name, nfipsec_reasons[j].name),
			       "%s twice: %d and %d", name, j, i);
	}
}

static void sentences(void)
{
	const struct nfipsec_reason_info *info;
	int i, j;

	for (i = 1; i < NFIPSEC_REASON_MAX; i++) {
		info = &nfipsec_reasons[i];
		if (!EXPECT(info->doc && *info->doc, "%s has no sentence",
			    ids[i]))
			continue;
		EXPECT(info->doc[strlen(info->doc) - 1] != '.' &&
		       !strchr(info->doc, '\n'), "%s: \"%s\"", ids[i],
		       info->doc);
		if (info->drop)
			EXPECT(starts(info->name, "in_") ?
			       starts(info->doc, "inbound: ") :
			       starts(info->doc, "outbound: "),
			       "%s: \"%s\" is of another direction", ids[i],
			       info->doc);
		for (j = 1; j < i; j++)
			EXPECT(strcmp(info->doc, nfipsec_reasons[j].doc) ||
			       starts(info->name, "in_") !=
			       starts(nfipsec_reasons[j].name, "in_"),
			       "%s and %s say the same", ids[j], ids[i]);
	}
}

static void core_reasons(void)
{
	const struct nfipsec_reason_info *info;
	int i;

	for (i = 1; i < NFIPSEC_REASON_MAX; i++) {
		info = &nfipsec_reasons[i];
		if (info->drop)
			EXPECT(info->core != SKB_NOT_DROPPED_YET,
			       "%s drops without core reason", ids[i]);
		else
			EXPECT(info->core == SKB_NOT_DROPPED_YET,
			       "%s does not drop, core reason %d", ids[i],
			       info->core);
	}
}

const struct ktap_case reason_cases[] = {
	{ "reason: 0 is go on", ok_is_empty },
	{ "reason: names are unique, plain and those of the enum", names },
	{ "reason: each has its sentence", sentences },
	{ "reason: a drop has a core drop reason, an event has none",
	  core_reasons },
	{ }
};
