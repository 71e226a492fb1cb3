// SPDX-License-Identifier: GPL-2.0
/* Selectors by what is in no header: interfaces, VRF, mark. */
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/socket.h>

#include "ktap.h"
#include "selector.h"

/* Fields: iif, oif, vrf, mark. */
static const struct row {
	struct nfipsec_meta sel;
	u32 mask;
	struct nfipsec_meta packet;
	bool in;
} rows[] = {
	{ { 0, 0, 0, 0 }, 0, { 1, 2, 3, 4 }, true },
	{ { 0, 0, 0, 0 }, 0, { 0, 0, 0, 0 }, true },
	{ { 1, 0, 0, 0 }, 0, { 1, 2, 3, 4 }, true },
	{ { 1, 0, 0, 0 }, 0, { 2, 1, 1, 1 }, false },
	{ { 1, 0, 0, 0 }, 0, { 0, 1, 1, 1 }, false },
	{ { 0, 2, 0, 0 }, 0, { 1, 2, 3, 4 }, true },
	{ { 0, 2, 0, 0 }, 0, { 2, 0, 2, 2 }, false },
	{ { 0, 0, 3, 0 }, 0, { 1, 2, 3, 4 }, true },
	{ { 0, 0, 3, 0 }, 0, { 3, 3, 0, 3 }, false },
	{ { 1, 2, 3, 4 }, U32_MAX, { 1, 2, 3, 4 }, true },
	{ { 1, 2, 3, 4 }, U32_MAX, { 1, 2, 3, 5 }, false },
	{ { 1, 2, 3, 4 }, U32_MAX, { 1, 2, 4, 4 }, false },
	{ { 0, 0, 0, 4 }, 6, { 0, 0, 0, 0x80000005 }, true },
	{ { 0, 0, 0, 4 }, 6, { 0, 0, 0, 6 }, false },
	{ { 0, 0, 0, 0 }, 0x80000000, { 0, 0, 0, 0x7fffffff }, true },
	{ { 0, 0, 0, 0 }, 0x80000000, { 0, 0, 0, 0x80000000 }, false },
};

static void match(void)
{
	static const u8 families[] = { AF_INET, AF_INET6 };
	struct nfipsec_selector sel;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (j = 0; j < 4; j++) {
			struct nfipsec_flow flow = {
				.family = families[j & 1], .proto = 17,
				.meta = rows[i].packet, .opaque = j & 2,
			};
			bool any = !rows[i].mask && !rows[i].sel.iif &&
				   !rows[i].sel.oif && !rows[i].sel.vrf;

			nfipsec_selector_any(&sel, flow.family);
			sel.meta = rows[i].sel;
			sel.mask = rows[i].mask;
			EXPECT(nfipsec_selector_match(&sel, &flow) ==
			       (rows[i].in ? NFIPSEC_MATCH_YES :
					     NFIPSEC_MATCH_NO),
			       "row %u", i);
			EXPECT(!nfipsec_selector_check(&sel), "row %u: %s", i,
			       nfipsec_selector_check(&sel));
			EXPECT(nfipsec_selector_has_meta(&sel) != any,
			       "row %u: any", i);
		}
	}
}

static void check(void)
{
	static const struct {
		struct nfipsec_meta sel;
		u32 mask;
		bool good;
	} t[] = {
		{ { 0x7fffffff, 0x7fffffff, 0x7fffffff, 0 }, 0, true },
		{ { 0x80000000, 0, 0, 0 }, 0, false },
		{ { 0, 0x80000000, 0, 0 }, 0, false },
		{ { 0, 0, U32_MAX, 0 }, 0, false },
		{ { 0, 0, 0, U32_MAX }, U32_MAX, true },
		{ { 0, 0, 0, 1 }, 0, false },
		{ { 0, 0, 0, 0x80000001 }, 0x80000000, false },
	};
	struct nfipsec_selector sel;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		nfipsec_selector_any(&sel, AF_INET);
		sel.meta = t[i].sel;
		sel.mask = t[i].mask;
		EXPECT(!nfipsec_selector_check(&sel) == t[i].good, "row %u", i);
	}
}

const struct ktap_case meta_cases[] = {
	{ "selector: interfaces, VRF and mark", match },
	{ "selector: interfaces, VRF and mark, senseless ones", check },
	{ }
};
