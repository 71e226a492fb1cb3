// SPDX-License-Identifier: GPL-2.0
/* What an SPD entry says of how its SAs work. */
#include <string.h>

#include <linux/kernel.h>

#include "demand.h"
#include "ktap.h"

/* All SAs there are, against all that can be asked. */
static void met(void)
{
	static const struct nfipsec_outer outer[] = {
		{ .df = NFIPSEC_DF_COPY },
		{ .df = NFIPSEC_DF_SET, .dscp = 10, .dscp_fixed = true },
		{ .df = NFIPSEC_DF_CLEAR, .dscp = 0, .dscp_fixed = true },
	};
	unsigned int asked, flags, i, j;
	struct nfipsec_demand d;
	bool want;

	for (i = 0; i < 3 * 2; i++) {
		for (j = 0; j < 3 * 2 * 8; j++) {
			flags = i / 3 ? NFIPSEC_SA_FLAG_ESN : 0;
			asked = j / 6;
			d = (struct nfipsec_demand){
				.asked = asked,
				.esn = j / 3 % 2,
				.df = outer[j % 3].df,
				.dscp_fixed = outer[j % 3].dscp_fixed,
				.dscp = outer[j % 3].dscp,
			};
			want = (!(asked & NFIPSEC_DEMAND_ESN) ||
				i / 3 == j / 3 % 2) &&
			       (!(asked & (NFIPSEC_DEMAND_DF |
					   NFIPSEC_DEMAND_DSCP)) ||
				i % 3 == j % 3);
			EXPECT(nfipsec_demand_met(&d, flags, &outer[i % 3]) ==
			       want, "SA %u, asked %u", i, j);
		}
	}
}

/* Other flags are not ESN; what is copied has no value. */
static void met_edges(void)
{
	struct nfipsec_demand d = { .asked = NFIPSEC_DEMAND_ESN, .esn = true };
	struct nfipsec_outer o = {};

	EXPECT(!nfipsec_demand_met(&d, ~NFIPSEC_SA_FLAG_ESN, &o), "flags");
	d = (struct nfipsec_demand){
		.asked = NFIPSEC_DEMAND_DSCP, .dscp = 3,
	};
	EXPECT(nfipsec_demand_met(&d, 0, &o), "copied, with a value");
	d.dscp_fixed = true;
	EXPECT(!nfipsec_demand_met(&d, 0, &o), "a value, copied");
	o.dscp_fixed = true;
	EXPECT(!nfipsec_demand_met(&d, 0, &o), "another value");
	o.dscp = 3;
	EXPECT(nfipsec_demand_met(&d, 0, &o), "the value");
	d.asked = 0;
	d.dscp = 4;
	EXPECT(nfipsec_demand_met(&d, 0, &o), "nothing is asked");
}

const struct ktap_case demand_cases[] = {
	{ "demand: what SAs are like", met },
	{ "demand: edges", met_edges },
	{}
};
