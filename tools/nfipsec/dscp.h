/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of DSCP values, by which an SA is chosen. */
#ifndef NFIPSEC_DSCP_H
#define NFIPSEC_DSCP_H

#include "arg.h"
#include "json.h"

/* Every second value by itself is the longest. */
#define DSCP_TEXT_MAX	128

int word_dscp_set(struct args *a, void *obj, const struct word *w);
const char *dscp_set_text(uint64_t set, char buf[DSCP_TEXT_MAX]);
struct json_object *dscp_set_json(uint64_t set);

#endif
