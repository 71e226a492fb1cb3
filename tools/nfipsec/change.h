/* SPDX-License-Identifier: GPL-2.0 */
/* Changes of SAs and policies as they come. */
#ifndef NFIPSEC_CHANGE_H
#define NFIPSEC_CHANGE_H

#include "json.h"

void sa_change_print(FILE *out, const struct nfipsec_sa *sa);
void policy_change_print(FILE *out, const struct nfipsec_policy *pol);
void sa_change_json(struct json_object *o, const struct nfipsec_sa *sa);
void policy_change_json(struct json_object *o,
			const struct nfipsec_policy *pol);

#endif
