/* SPDX-License-Identifier: GPL-2.0 */
/* The outer header of a tunnel: words and printing. */
#ifndef NFIPSEC_OUTER_H
#define NFIPSEC_OUTER_H

#include "arg.h"
#include "json.h"

/* Row of a table of words, for a struct nfipsec_outer at @base. */
#define OUTER_WORD(base, text, fn)	{ text, fn, base, 0, 0, 0, false }

extern const struct choice choice_df[];

int word_ecn(struct args *a, void *obj, const struct word *w);
int word_dscp(struct args *a, void *obj, const struct word *w);
int word_df(struct args *a, void *obj, const struct word *w);
int word_hop_limit(struct args *a, void *obj, const struct word *w);
int word_flow_label(struct args *a, void *obj, const struct word *w);
int word_frag(struct args *a, void *obj, const struct word *w);

void outer_print(FILE *out, const struct nfipsec_outer *o);
struct json_object *outer_json(const struct nfipsec_outer *o);

#endif
