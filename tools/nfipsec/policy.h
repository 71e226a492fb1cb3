/* SPDX-License-Identifier: GPL-2.0 */
/* Policies: words, printing, commands. */
#ifndef NFIPSEC_POLICY_H
#define NFIPSEC_POLICY_H

#include "arg.h"
#include "json.h"

#define POLICY_HAS(pol, attr)	has_get(pol, NFIPSEC_A_POLICY_##attr)

extern const struct choice choice_action[];
extern const struct choice choice_pfp[];
extern const struct choice choice_policy_flag[];

int policy_parse_config(struct args *a, struct nfipsec_policy *pol);
int policy_parse_key(struct args *a, struct nfipsec_policy *key);
int policy_parse_filter(struct args *a, struct nfipsec_policy *filter);
int policy_parse_dir(struct args *a, uint8_t *dir);
int preset_policy(const char *name, unsigned int n, struct nfipsec_policy *pol);

void policy_print(FILE *out, const struct nfipsec_policy *pol);
struct json_object *policy_json(const struct nfipsec_policy *pol);

int cmd_policy_add(struct args *a);
int cmd_policy_update(struct args *a);
int cmd_policy_del(struct args *a);
int cmd_policy_get(struct args *a);
int cmd_policy_list(struct args *a);
int cmd_policy_flush(struct args *a);
int cmd_policy_count(struct args *a);
int cmd_policy_preset(struct args *a);
int cmd_policy_explain(struct args *a);

#endif
